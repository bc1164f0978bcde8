#include "memory/campaigns/archive.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "memory/campaigns/database.h"

namespace maxopt {
namespace {

/// A table and which of its rows belong to a client, or to a campaign of it. `{plans}` is a
/// condition on a plan's id.
struct TableSpec {
  std::string_view name;
  std::string_view of_client;
  std::string_view of_campaign;  ///< empty: as of the client
  std::string_view order;
};
constexpr TableSpec kTables[] = {
    {"client", "name = :c", "", "name"},
    {"account", "client = :c", "", "platform, id"},
    {"document", "client = :c", "client = :c AND (name LIKE {slug/} OR name = {slug})", "id"},
    {"plan", "client = :c", "id IN ({plans})", "id"},
    {"change", "plan_id IN ({plans})", "", "plan_id, n"},
    {"journal", "change_key IN (SELECT key FROM change WHERE plan_id IN ({plans}))", "", "seq"},
    {"object", "{accounts}", "{accounts} AND address LIKE {slug/}", "platform, account, address"},
    {"message", "client = :c", "client = :c AND (about LIKE {slug%} OR about IN ({plans}))", "id"},
    {"message_thread", "message IN (SELECT id FROM message WHERE client = :c)", "", "message"},
    {"delivery", "message IN (SELECT id FROM message WHERE client = :c)", "",
     "message, member, channel"},
    {"inbox", "client = :c", "client = :c AND about = {slug}", "seq"},
    {"checklist", "client = :c", "client = :c AND campaign = {slug}", "id"},
    {"experiment", "client = :c", "client = :c AND id LIKE {slug/}", "id"},
    {"watch", "client = :c", "client = :c AND address LIKE {slug/}", "id"},
    {"alert", "client = :c", "", "id"},
    {"notification", "client = :c", "", "key"},
    {"silence", "client = :c", "", "id"},
    {"alert_feedback", "alert_id IN (SELECT id FROM alert WHERE client = :c)", "", "alert_id, by"},
    {"review", "{accounts}", "", "platform, account, level, id"},
    {"review_event", "{accounts}", "", "id"},
    {"signal", "client = :c", "", "name"},
    {"sighting", "{accounts}", "{accounts} AND campaign IN ({ids})", "platform, account, campaign"},
    {"ledger", "client = :c", "client = :c AND subject IN ({plans})", "seq"},
    {"trial", "client = :c", "", "id"},
    {"lift", "client = :c", "", "trial, first_day"},
    {"report", "client = :c", "", "id"},
    {"report_form", "id IN (SELECT id FROM report WHERE client = :c)", "", "id, form"},
};

std::string Quote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\0') continue;
    out += c == '\'' ? std::string("''") : std::string(1, c);
  }
  return out + "'";
}

/// For LIKE: % and _ of the text stand for themselves.
std::string Like(std::string_view text, std::string_view rest) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return Quote(out + std::string(rest)) + " ESCAPE '\\'";
}

std::string Replace(std::string text, std::string_view mark, const std::string& by) {
  for (std::size_t at = text.find(mark); at != std::string::npos;
       at = text.find(mark, at + by.size())) {
    text.replace(at, mark.size(), by);
  }
  return text;
}

std::vector<std::string> ColumnsOf(soci::session& sql, std::string_view table) {
  std::vector<std::string> out;
  const soci::rowset<soci::row> rows =
      (sql.prepare << fmt::format("SELECT name FROM pragma_table_info({})", Quote(table)));
  for (const soci::row& row : rows) out.push_back(row.get<std::string>(0));
  return out;
}

}  // namespace

Result<std::vector<ArchivedRows>> ArchiveRows(CampaignStore& store, const RowArchiveScope& scope) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<ArchivedRows>> {
    std::vector<std::string> accounts = {"0"}, ids;
    for (const AccountId& account : scope.accounts) {
      accounts.push_back(fmt::format("(platform = {} AND account = {})",
                                     Quote(PlatformName(account.platform)), Quote(account.id)));
    }
    for (const std::string& id : scope.campaign_ids) ids.push_back(Quote(id));
    const bool campaign = !scope.campaign.empty();
    std::string plans = "SELECT id FROM plan WHERE client = :c";
    if (campaign) {
      plans = fmt::format(
          "SELECT id FROM plan WHERE client = :c AND id IN (SELECT plan_id FROM change WHERE "
          "json_extract(body, '$.address') LIKE {} OR json_extract(body, '$.id') IN ({}))",
          Like(scope.campaign, "/%"), fmt::join(ids, ", "));
    }
    std::vector<ArchivedRows> out;
    for (const TableSpec& spec : kTables) {
      std::string where(campaign && !spec.of_campaign.empty() ? spec.of_campaign : spec.of_client);
      where = Replace(std::move(where), "{plans}", plans);
      where =
          Replace(std::move(where), "{accounts}", fmt::format("({})", fmt::join(accounts, " OR ")));
      where = Replace(std::move(where), "{ids}", fmt::format("{}", fmt::join(ids, ", ")));
      where = Replace(std::move(where), "{slug/}", Like(scope.campaign, "/%"));
      where = Replace(std::move(where), "{slug%}", Like(scope.campaign, "%"));
      where = Replace(std::move(where), "{slug}", Quote(scope.campaign));
      where = Replace(std::move(where), ":c", Quote(scope.client));
      std::vector<std::string> members;
      for (const std::string& column : ColumnsOf(sql, spec.name)) {
        members.push_back(fmt::format("{}, \"{}\"", Quote(column), column));
      }
      ArchivedRows table{std::string(spec.name), 0, ""};
      const soci::rowset<std::string> rows =
          (sql.prepare << fmt::format("SELECT json_object({}) FROM \"{}\" WHERE {} ORDER BY {}",
                                      fmt::join(members, ", "), spec.name, where, spec.order));
      for (const std::string& row : rows) {
        table.jsonl += row;
        table.jsonl += '\n';
        ++table.rows;
      }
      out.push_back(std::move(table));
    }
    return out;
  });
}

Result<> RestoreRows(CampaignStore& store, const std::vector<ArchivedRows>& tables) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    int clients = 0;
    sql << "SELECT count(*) FROM client", soci::into(clients);
    if (clients > 0) {
      return Fail(Errc::kConflict, "the home knows a client already; restore into an empty home");
    }
    soci::transaction transaction(sql);
    std::set<std::string> seen;
    // Rows that others refer to come first, in whatever order they are given.
    std::vector<ArchivedRows> ordered = tables;
    std::ranges::stable_sort(ordered, {}, [](const ArchivedRows& table) {
      return std::ranges::find(kTables, std::string_view(table.table), &TableSpec::name) - kTables;
    });
    for (const ArchivedRows& table : ordered) {
      const auto spec = std::ranges::find(kTables, std::string_view(table.table), &TableSpec::name);
      if (spec == std::end(kTables) || !seen.insert(table.table).second) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("{} is no table of an archive (or there twice)", table.table));
      }
      std::vector<std::string> names, values;
      for (const std::string& column : ColumnsOf(sql, spec->name)) {
        names.push_back(fmt::format("\"{}\"", column));
        values.push_back(fmt::format("json_extract(:j, '$.\"{}\"')", column));
      }
      std::size_t at = 0;
      std::int64_t line = 0;
      while (at < table.jsonl.size()) {
        const std::size_t end = std::min(table.jsonl.find('\n', at), table.jsonl.size());
        const std::string row = table.jsonl.substr(at, end - at);
        at = end + 1;
        ++line;
        if (row.empty()) continue;
        try {
          // The row once, its members by number: a statement has one value.
          sql << fmt::format("INSERT INTO \"{}\" ({}) SELECT {} FROM (SELECT :j AS j)", spec->name,
                             fmt::join(names, ", "),
                             Replace(fmt::format("{}", fmt::join(values, ", ")), ":j", "j")),
              soci::use(row);
        } catch (const std::exception& e) {
          return Fail(Errc::kInvalidArgument, fmt::format("{}, line {}: cannot be loaded: {}",
                                                          table.table, line, e.what()));
        }
      }
    }
    transaction.commit();
    return {};
  });
}

}  // namespace maxopt
