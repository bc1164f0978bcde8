// The requirements as two tables of an SQLite database in memory, open to one SELECT.
#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>

#include "memory/platforms/platforms.h"

namespace maxopt {
namespace {

/// A SELECT over a few thousand lines needs thousands of steps; a recursive one may never end.
constexpr int kStepsAtOnce = 100'000;
constexpr int kRoundsMax = 500;
constexpr std::size_t kAnswerBytesMax = 32u << 20;
constexpr int kValueBytesMax = 1 << 20;

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct CloseStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, CloseStatement>;

std::unexpected<Error> Bad(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

Result<Statement> Prepare(sqlite3* db, std::string_view sql, std::string_view* rest) {
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &raw, &tail);
  Statement statement(raw);
  if (code != SQLITE_OK) return Bad(sqlite3_errmsg(db));
  if (rest != nullptr) *rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
  return statement;
}

void Bind(sqlite3_stmt* statement, int at, std::string_view text) {
  sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

Result<> Fill(sqlite3* db, const PlatformSpecs& specs,
              const std::vector<LearnedConstraint>& learned) {
  constexpr const char* kTables =
      "BEGIN; CREATE TABLE specs(platform TEXT, section TEXT, key TEXT, value TEXT, source TEXT, "
      "date TEXT);"
      "CREATE TABLE constraints(platform TEXT, code TEXT, level TEXT, field TEXT, value TEXT, "
      "message TEXT, seen INTEGER, passed INTEGER, confidence REAL, first_at TEXT, last_at TEXT, "
      "expires_at TEXT);";
  if (sqlite3_exec(db, kTables, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Fail(Errc::kLocal, sqlite3_errmsg(db));
  }
  MAXOPT_TRY(const Statement line, Prepare(db, "INSERT INTO specs VALUES(?,?,?,?,?,?)", nullptr));
  for (const Requirement& r : specs.Flat()) {
    sqlite3_reset(line.get());
    int at = 0;
    for (const std::string_view text :
         {PlatformName(r.platform), std::string_view(r.section), std::string_view(r.key),
          std::string_view(r.value), std::string_view(r.source), std::string_view(r.date)}) {
      Bind(line.get(), ++at, text);
    }
    if (sqlite3_step(line.get()) != SQLITE_DONE) return Fail(Errc::kLocal, sqlite3_errmsg(db));
  }
  MAXOPT_TRY(const Statement row,
             Prepare(db, "INSERT INTO constraints VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", nullptr));
  for (const LearnedConstraint& c : learned) {
    sqlite3_reset(row.get());
    int at = 0;
    for (const std::string_view text :
         {PlatformName(c.platform), std::string_view(c.code), std::string_view(c.level),
          std::string_view(c.field), std::string_view(c.value), std::string_view(c.message)}) {
      Bind(row.get(), ++at, text);
    }
    sqlite3_bind_int(row.get(), ++at, c.seen);
    sqlite3_bind_int(row.get(), ++at, c.passed);
    sqlite3_bind_double(row.get(), ++at, c.confidence());
    for (const Instant when : {c.first_at, c.last_at, c.expires_at}) {
      Bind(row.get(), ++at, PrintInstant(when));
    }
    if (sqlite3_step(row.get()) != SQLITE_DONE) return Fail(Errc::kLocal, sqlite3_errmsg(db));
  }
  if (sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Fail(Errc::kLocal, sqlite3_errmsg(db));
  }
  return {};
}

/// Reading and nothing else: no writes, no PRAGMA, no ATTACH, no functions that reach files.
int OnlyReading(void*, int action, const char*, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION: {
      const std::string_view name = second == nullptr ? "" : second;
      return name == "load_extension" || name == "fts3_tokenizer" ? SQLITE_DENY : SQLITE_OK;
    }
    default:
      return SQLITE_DENY;
  }
}

int CountRounds(void* rounds) { return ++*static_cast<int*>(rounds) > kRoundsMax ? 1 : 0; }

void AddCell(std::string& csv, std::string_view cell) {
  if (cell.find_first_of(",\"\r\n") == std::string_view::npos) {
    csv += cell;
    return;
  }
  csv += '"';
  for (const char c : cell) {
    if (c == '"') csv += '"';
    csv += c;
  }
  csv += '"';
}

bool OnlySpace(std::string_view text) {
  return text.find_first_not_of(" \t\r\n;") == std::string_view::npos;
}

}  // namespace

Result<std::string> QuerySpecs(const PlatformSpecs& specs,
                               const std::vector<LearnedConstraint>& learned,
                               const std::string& sql) {
  constexpr std::string_view kHow =
      "give a single SELECT over specs(platform, section, key, value, source, date) or "
      "constraints(platform, code, level, field, value, message, seen, passed, confidence, "
      "first_at, last_at, expires_at)";
  if (sql.size() > static_cast<std::size_t>(kValueBytesMax)) return Bad("the SQL is too long");
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(":memory:", &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  const Database db(raw);
  if (opened != SQLITE_OK) return Fail(Errc::kLocal, "SQLite cannot open a database in memory");
  MAXOPT_CHECK(Fill(raw, specs, learned));
  sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, kValueBytesMax);
  sqlite3_set_authorizer(raw, OnlyReading, nullptr);
  int rounds = 0;
  sqlite3_progress_handler(raw, kStepsAtOnce, CountRounds, &rounds);

  std::string_view rest;
  auto statement = Prepare(raw, sql, &rest);
  if (!statement) return Bad(fmt::format("{}; {}", statement.error().what, kHow));
  sqlite3_stmt* select = statement->get();
  if (select == nullptr) return Bad(fmt::format("the SQL is empty; {}", kHow));
  if (!OnlySpace(rest)) return Bad(fmt::format("there is more than one statement; {}", kHow));
  const int columns = sqlite3_column_count(select);
  if (columns == 0 || sqlite3_stmt_readonly(select) == 0 || sqlite3_stmt_isexplain(select) != 0) {
    return Bad(fmt::format("that is no SELECT; {}", kHow));
  }
  std::string csv;
  for (int i = 0; i < columns; ++i) {
    if (i > 0) csv += ',';
    AddCell(csv, sqlite3_column_name(select, i));
  }
  csv += '\n';
  for (;;) {
    const int step = sqlite3_step(select);
    if (step == SQLITE_DONE) return csv;
    if (step == SQLITE_INTERRUPT) return Bad("the SELECT takes too long; make it smaller");
    if (step != SQLITE_ROW) return Bad(fmt::format("{}; {}", sqlite3_errmsg(raw), kHow));
    for (int i = 0; i < columns; ++i) {
      if (i > 0) csv += ',';
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(select, i));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(select, i));
      if (text != nullptr) AddCell(csv, {text, size});
    }
    // A line without a cell would be no line.
    if (columns == 1 && csv.ends_with('\n')) csv += "\"\"";
    csv += '\n';
    if (csv.size() > kAnswerBytesMax) return Bad("the answer is too long; make it smaller");
  }
}

}  // namespace maxopt
