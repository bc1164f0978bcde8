#include "memory/facts/archive.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "memory/facts/duck.h"
#include "memory/facts/facts.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using namespace facts;

/// The tables in the order in which they are written, each with the rows of a scope: `{account}` a
/// condition on account_key, `{object}`, `{slice}`, `{client}` likewise.
struct TableSpec {
  std::string_view name;
  std::string_view where;
  std::string_view order;
};
constexpr TableSpec kTables[] = {
    {"accounts", "t.account_key IN (SELECT account_key FROM scope_accounts)", "account_key"},
    {"objects", "t.object_key IN (SELECT object_key FROM scope_objects)", "object_key"},
    {"entities", "t.object_key IN (SELECT object_key FROM scope_objects)",
     "object_key, learnt_at, name"},
    {"entity_loads", "t.account_key IN (SELECT account_key FROM scope_accounts)",
     "account_key, learnt_at"},
    {"slices", "t.slice_id IN (SELECT slice_id FROM scope_slices)", "slice_id, learnt_at"},
    {"loads",
     "t.load_id IN (SELECT load_id FROM f.slices WHERE slice_id IN (SELECT slice_id FROM "
     "scope_slices))",
     "load_id"},
    {"metrics", "t.slice_id IN (SELECT slice_id FROM scope_slices) AND {metric}",
     "slice_id, day, hour, campaign_key, ad_group_key, ad_key, segment_key"},
    {"segments",
     "t.segment_key IN (SELECT segment_key FROM f.metrics t WHERE slice_id IN (SELECT slice_id "
     "FROM scope_slices) AND {metric})",
     "segment_key"},
    {"troubles", "t.account_key IN (SELECT account_key FROM scope_accounts)",
     "account_key, level, grain, breakdown, day_from, day_to, tried_at"},
    {"quality", "t.account_key IN (SELECT account_key FROM scope_accounts)", "account_key, day"},
    {"told", "t.account_key IN (SELECT account_key FROM scope_accounts)",
     "account_key, first_at, what"},
    {"kpi_loads", "t.client = {client}", "learnt_at, day_from, day_to"},
    {"kpi", "t.client = {client}", "day, currency, learnt_at"},
    {"fx", "true", "day, from_currency, to_currency, learnt_at"},
};

std::string Replace(std::string text, std::string_view mark, const std::string& by) {
  for (std::size_t at = text.find(mark); at != std::string::npos;
       at = text.find(mark, at + by.size())) {
    text.replace(at, mark.size(), by);
  }
  return text;
}

/// A database in memory that may touch the folder and the facts' file, the facts attached as `f`.
struct Attached {
  std::unique_ptr<Database> database;
  std::unique_ptr<Connection> connection;
};
Result<Attached> Attach(const std::string& facts, const std::string& folder, bool write) {
  std::error_code error;
  if (!fs::exists(facts, error)) {
    return Fail(Errc::kNotFound, fmt::format("{} is not there: no facts were read yet", facts));
  }
  Attached out;
  MAXOPT_TRY(out.database, Database::OpenBeside(fs::absolute(folder).string(),
                                                {fs::absolute(facts).string(),
                                                 fs::absolute(facts).string() + ".wal"}));
  MAXOPT_TRY(out.connection, out.database->Connect());
  MAXOPT_CHECK(out.connection->Do(fmt::format(
      "ATTACH {} AS f{}", Quote(fs::absolute(facts).string()), write ? "" : " (READ_ONLY)")));
  return out;
}

Result<std::int64_t> Count(Connection& connection, const std::string& of) {
  MAXOPT_TRY(Rows rows, connection.Ask("SELECT count(*) FROM " + of));
  if (!rows.Next()) Bug();
  return rows.Int(0);
}

}  // namespace

Result<std::vector<ArchivedTable>> ArchiveFacts(const std::string& facts, const std::string& folder,
                                                const FactArchiveScope& scope) {
  MAXOPT_TRY(const Attached at, Attach(facts, folder, false));
  Connection& connection = *at.connection;
  std::vector<std::string> accounts = {"false"}, campaigns = {"false"};
  for (const AccountId& account : scope.accounts) {
    accounts.push_back(fmt::format("(platform = {} AND account_id = {})",
                                   Quote(PlatformName(account.platform)), Quote(account.id)));
  }
  for (const auto& [account, id] : scope.campaigns) {
    campaigns.push_back(fmt::format(
        "(a.platform = {} AND a.account_id = {} AND o.level = 'campaign' AND o.id = {})",
        Quote(PlatformName(account.platform)), Quote(account.id), Quote(id)));
  }
  MAXOPT_CHECK(connection.Do(fmt::format(
      "CREATE TEMP TABLE scope_accounts AS SELECT account_key, object_key FROM f.accounts WHERE {}",
      fmt::join(accounts, " OR "))));
  std::string metric = "true";
  if (scope.campaigns.empty()) {
    MAXOPT_CHECK(connection.Do(
        "CREATE TEMP TABLE scope_objects AS SELECT object_key FROM f.objects WHERE account_key IN "
        "(SELECT account_key FROM scope_accounts);"
        "CREATE TEMP TABLE scope_slices AS SELECT slice_id FROM f.slices WHERE account_key IN "
        "(SELECT account_key FROM scope_accounts)"));
  } else {
    metric = "t.campaign_key IN (SELECT object_key FROM scope_campaigns)";
    MAXOPT_CHECK(connection.Do(fmt::format(
        "CREATE TEMP TABLE scope_campaigns AS SELECT o.object_key FROM f.objects o JOIN f.accounts "
        "a ON a.account_key = o.account_key WHERE {};"
        "CREATE TEMP TABLE scope_slices AS SELECT DISTINCT slice_id FROM f.metrics t WHERE {};"
        "CREATE TEMP TABLE scope_objects AS SELECT object_key FROM scope_campaigns UNION SELECT "
        "object_key FROM scope_accounts UNION SELECT ad_group_key FROM f.metrics t WHERE {} UNION "
        "SELECT ad_key FROM f.metrics t WHERE {} UNION SELECT object_key FROM f.entities WHERE "
        "parent_key IN (SELECT object_key FROM scope_campaigns) UNION SELECT e.object_key FROM "
        "f.entities e JOIN f.entities g ON g.object_key = e.parent_key WHERE g.parent_key IN "
        "(SELECT object_key FROM scope_campaigns)",
        fmt::join(campaigns, " OR "), metric, metric, metric)));
  }
  std::vector<ArchivedTable> out;
  for (const TableSpec& spec : kTables) {
    std::string where = Replace(std::string(spec.where), "{metric}", metric);
    where = Replace(std::move(where), "{client}", Quote(scope.client));
    ArchivedTable table{std::string(spec.name), fmt::format("facts-{}.parquet", spec.name), 0};
    const std::string from = fmt::format("f.{} t WHERE {}", spec.name, where);
    MAXOPT_TRY(table.rows, Count(connection, from));
    const std::string file = (fs::absolute(folder) / table.file).string();
    MAXOPT_CHECK(connection.Do(fmt::format(
        "COPY (SELECT t.* FROM {} ORDER BY {}) TO {} (FORMAT parquet, COMPRESSION zstd)", from,
        spec.order, Quote(file))));
    out.push_back(std::move(table));
  }
  return out;
}

Result<> RestoreFacts(const std::string& facts, const std::string& folder,
                      const std::vector<ArchivedTable>& tables) {
  {
    // Makes the file and its schema, or brings an older one up to date.
    MAXOPT_TRY(const auto made, FactStore::Open(facts));
    MAXOPT_TRY(const auto known, made->Freshest());
    if (!known.empty()) {
      return Fail(Errc::kConflict,
                  fmt::format("{} holds facts already; restore into an empty home", facts));
    }
  }
  MAXOPT_TRY(const Attached at, Attach(facts, folder, true));
  Connection& connection = *at.connection;
  MAXOPT_TRY(Transaction transaction, Transaction::Begin(connection));
  std::set<std::string> seen;
  for (const ArchivedTable& table : tables) {
    const auto spec = std::ranges::find(kTables, std::string_view(table.table), &TableSpec::name);
    if (spec == std::end(kTables) || !seen.insert(table.table).second ||
        table.file.find('/') != std::string::npos) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} is no table of facts (or there twice)", table.table));
    }
    const std::string file = (fs::absolute(folder) / table.file).string();
    // What every file of facts has from its beginning is not loaded twice.
    const std::string_view key = table.table == "objects"    ? "object_key"
                                 : table.table == "segments" ? "segment_key"
                                                             : "";
    const std::string unless =
        key.empty() ? ""
                    : fmt::format(" WHERE {0} NOT IN (SELECT {0} FROM f.{1})", key, table.table);
    const auto loaded =
        connection.Do(fmt::format("INSERT INTO f.{0} BY NAME SELECT * FROM read_parquet({1}){2}",
                                  table.table, Quote(file), unless));
    if (!loaded) {
      return Fail(Errc::kInvalidArgument, fmt::format("{}: cannot be loaded as {}: {}", table.file,
                                                      table.table, loaded.error().what));
    }
  }
  return transaction.Commit();
}

Result<std::vector<ArchivedTable>> ExportReports(const std::string& facts,
                                                 const std::string& folder,
                                                 const std::vector<AccountId>& accounts) {
  MAXOPT_TRY(const Attached at, Attach(facts, folder, false));
  Connection& connection = *at.connection;
  MAXOPT_CHECK(connection.Do("USE f"));
  std::vector<std::string> ids;
  for (const AccountId& account : accounts) ids.push_back(Quote(account.id));
  if (ids.empty()) ids.emplace_back("''");
  std::vector<ArchivedTable> out;
  for (const char* name : {"account", "campaign", "ad_group", "ad", "keyword", "search", "url",
                           "monthly_campaign_country", "monthly_campaign_region"}) {
    ArchivedTable table{fmt::format("ad_reporting__{}_report", name), "", 0};
    table.file = table.table + ".parquet";
    const std::string from =
        fmt::format("{} t WHERE account_id IN ({})", table.table, fmt::join(ids, ", "));
    MAXOPT_TRY(table.rows, Count(connection, from));
    MAXOPT_CHECK(connection.Do(
        fmt::format("COPY (SELECT * FROM {} ORDER BY ALL) TO {} (FORMAT parquet, COMPRESSION zstd)",
                    from, Quote((fs::absolute(folder) / table.file).string()))));
    out.push_back(std::move(table));
  }
  return out;
}

Result<SqlAnswer> AskFactsSql(const std::string& facts, const std::string& sql,
                              const SqlLimits& limits) {
  std::error_code error;
  if (!fs::exists(facts, error)) {
    return Fail(Errc::kLocal, fmt::format("{} is not there: no facts were read yet", facts));
  }
  auto database = Database::OpenToRead(facts);
  if (!database) {
    return Fail(Errc::kLocal,
                fmt::format("{}; if maxopt serve or worker runs here, ask again when it rests",
                            database.error().what));
  }
  MAXOPT_TRY(const std::unique_ptr<Connection> connection, (*database)->Connect());

  // What is asked, by DuckDB's own parser: one statement, and a question.
  duckdb_extracted_statements statements = nullptr;
  const idx_t count = duckdb_extract_statements(connection->get(), sql.c_str(), &statements);
  const char* said = count == 0 ? duckdb_extract_statements_error(statements) : nullptr;
  std::string wrong = said != nullptr ? std::string(said) : std::string();
  if (count == 0 && wrong.empty()) wrong = "there is no statement";
  if (count > 1) wrong = "one statement at a time";
  if (count == 1) {
    duckdb_prepared_statement prepared = nullptr;
    if (duckdb_prepare_extracted_statement(connection->get(), statements, 0, &prepared) ==
        DuckDBError) {
      wrong = duckdb_prepare_error(prepared);
    } else if (duckdb_prepared_statement_type(prepared) != DUCKDB_STATEMENT_TYPE_SELECT) {
      wrong = "only questions are answered: SELECT, WITH, DESCRIBE, SHOW TABLES, SUMMARIZE";
    } else if (duckdb_nparams(prepared) > 0) {
      wrong = "it has parameters; write their values";
    }
    duckdb_destroy_prepare(&prepared);
  }
  duckdb_destroy_extracted(&statements);
  if (!wrong.empty()) return Fail(Errc::kInvalidArgument, "the SQL cannot be run: " + wrong);

  // Whoever asks for all of a large table gets an error and not a full memory.
  std::string question = sql;
  while (!question.empty() &&
         std::string_view("; \t\r\n").find(question.back()) != std::string_view::npos) {
    question.pop_back();
  }
  question = fmt::format("SELECT * FROM (\n{}\n) LIMIT {}", question, limits.rows + 1);

  std::mutex mutex;
  std::condition_variable done;
  bool ended = false;
  bool late = false;
  std::thread watch([&] {
    std::unique_lock lock(mutex);
    if (!done.wait_for(lock, std::chrono::seconds(limits.seconds), [&] { return ended; })) {
      late = true;
      // Asked again until it has heard: an interruption between two steps is not kept.
      while (!ended) {
        duckdb_interrupt(connection->get());
        done.wait_for(lock, std::chrono::milliseconds(20), [&] { return ended; });
      }
    }
  });
  duckdb_result result;
  const duckdb_state state = duckdb_query(connection->get(), question.c_str(), &result);
  {
    const std::lock_guard lock(mutex);
    ended = true;
  }
  done.notify_all();
  watch.join();
  if (state == DuckDBError) {
    const char* text = duckdb_result_error(&result);
    std::string what = text != nullptr ? text : "no reason given";
    duckdb_destroy_result(&result);
    if (late) {
      return Fail(
          Errc::kUnavailable,
          fmt::format("it took longer than {} s; ask for fewer days or columns", limits.seconds));
    }
    return Fail(Errc::kInvalidArgument, "the SQL cannot be run: " + what);
  }
  SqlAnswer answer;
  const idx_t columns = duckdb_column_count(&result);
  const idx_t rows = duckdb_row_count(&result);
  if (rows > static_cast<idx_t>(limits.rows)) {
    duckdb_destroy_result(&result);
    return Fail(Errc::kInvalidArgument,
                fmt::format("the answer has more than {} rows; add LIMIT, or sum up", limits.rows));
  }
  for (idx_t c = 0; c < columns; ++c) {
    answer.columns.emplace_back(duckdb_column_name(&result, c));
    duckdb_logical_type type = duckdb_column_logical_type(&result, c);
    switch (duckdb_get_type_id(type)) {
      case DUCKDB_TYPE_BOOLEAN:
        answer.types.emplace_back("boolean");
        break;
      case DUCKDB_TYPE_TINYINT:
      case DUCKDB_TYPE_SMALLINT:
      case DUCKDB_TYPE_INTEGER:
      case DUCKDB_TYPE_BIGINT:
      case DUCKDB_TYPE_UTINYINT:
      case DUCKDB_TYPE_USMALLINT:
      case DUCKDB_TYPE_UINTEGER:
      case DUCKDB_TYPE_UBIGINT:
      case DUCKDB_TYPE_HUGEINT:
        answer.types.emplace_back("integer");
        break;
      case DUCKDB_TYPE_FLOAT:
      case DUCKDB_TYPE_DOUBLE:
      case DUCKDB_TYPE_DECIMAL:
        answer.types.emplace_back("number");
        break;
      default:
        answer.types.emplace_back("text");
        break;
    }
    duckdb_destroy_logical_type(&type);
  }
  for (idx_t r = 0; r < rows; ++r) {
    auto& row = answer.rows.emplace_back();
    for (idx_t c = 0; c < columns; ++c) {
      if (duckdb_value_is_null(&result, c, r)) {
        row.emplace_back();
        continue;
      }
      char* text = duckdb_value_varchar(&result, c, r);
      row.emplace_back(text != nullptr ? std::optional<std::string>(text) : std::nullopt);
      duckdb_free(text);
    }
  }
  duckdb_destroy_result(&result);
  return answer;
}

}  // namespace maxopt
