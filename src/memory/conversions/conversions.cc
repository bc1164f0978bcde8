#include "memory/conversions/conversions.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <mutex>

namespace maxopt {

std::string_view SendStateName(SendState state) {
  switch (state) {
    case SendState::kPending:
      return "pending";
    case SendState::kUnknown:
      return "unknown";
    case SendState::kSent:
      return "sent";
    case SendState::kDone:
      return "done";
    case SendState::kRefused:
      return "refused";
  }
  Bug();
}

namespace {

constexpr const char* kSchema = R"sql(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS conversion (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  destination TEXT NOT NULL, site TEXT NOT NULL, event TEXT NOT NULL, id TEXT NOT NULL,
  state INTEGER NOT NULL, why TEXT NOT NULL, request_id TEXT NOT NULL, first_sent_at TEXT,
  attempts INTEGER NOT NULL, UNIQUE (destination, site, event, id));
CREATE INDEX IF NOT EXISTS conversion_state ON conversion (destination, state, n);
CREATE TABLE IF NOT EXISTS read_to (destination TEXT PRIMARY KEY, seq INTEGER NOT NULL);
)sql";

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};

/// A statement with its values bound in order.
class Query {
 public:
  Query(sqlite3* database, const char* sql) : database_(database) {
    ready_ = sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr) == SQLITE_OK;
  }
  ~Query() { sqlite3_finalize(statement_); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query& Bind(std::string_view text) {
    sqlite3_bind_text(statement_, ++at_, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }
  Query& Bind(std::int64_t number) {
    sqlite3_bind_int64(statement_, ++at_, number);
    return *this;
  }
  Query& BindNull() {
    sqlite3_bind_null(statement_, ++at_);
    return *this;
  }
  /// True: a row is there.
  Result<bool> Step() {
    const int code = ready_ ? sqlite3_step(statement_) : SQLITE_ERROR;
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return Fail(Errc::kLocal,
                fmt::format("the outbox of conversions: {}", sqlite3_errmsg(database_)));
  }
  void Again() {
    sqlite3_reset(statement_);
    at_ = 0;
  }
  std::string Text(int at) const {
    const auto* text = sqlite3_column_text(statement_, at);
    return text ? reinterpret_cast<const char*>(text) : "";
  }
  std::int64_t Number(int at) const { return sqlite3_column_int64(statement_, at); }

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
  bool ready_ = false;
  int at_ = 0;
};

class SqliteOutbox final : public ConversionOutbox {
 public:
  explicit SqliteOutbox(std::unique_ptr<sqlite3, CloseDatabase> database)
      : database_(std::move(database)) {}

  Result<std::int64_t> ReadTo(const std::string& destination) override {
    const std::lock_guard lock(mutex_);
    Query query(database_.get(), "SELECT seq FROM read_to WHERE destination = ?");
    MAXOPT_TRY(const bool found, query.Bind(destination).Step());
    return found ? query.Number(0) : std::int64_t{0};
  }

  Result<> Add(const std::string& destination, const std::vector<OutboxItem>& items,
               std::int64_t read_to) override {
    return InTransaction([&]() -> Result<> {
      Query insert(database_.get(),
                   "INSERT INTO conversion (destination, site, event, id, state, why, request_id, "
                   "attempts) VALUES (?, ?, ?, ?, ?, ?, '', 0) ON CONFLICT DO NOTHING");
      for (const OutboxItem& item : items) {
        insert.Again();
        insert.Bind(item.destination).Bind(item.site).Bind(item.event).Bind(item.id);
        insert.Bind(static_cast<std::int64_t>(item.state)).Bind(item.why);
        MAXOPT_CHECK(insert.Step());
      }
      Query moved(database_.get(),
                  "INSERT INTO read_to VALUES (?, ?) ON CONFLICT (destination) DO UPDATE SET "
                  "seq = excluded.seq");
      MAXOPT_CHECK(moved.Bind(destination).Bind(read_to).Step());
      return {};
    });
  }

  Result<std::vector<OutboxItem>> In(const std::string& destination, SendState state,
                                     int limit) override {
    const std::lock_guard lock(mutex_);
    Query query(database_.get(),
                "SELECT site, event, id, why, request_id, first_sent_at, attempts FROM conversion "
                "WHERE destination = ? AND state = ? ORDER BY n LIMIT ?");
    query.Bind(destination).Bind(static_cast<std::int64_t>(state)).Bind(std::int64_t{limit});
    std::vector<OutboxItem> items;
    for (;;) {
      MAXOPT_TRY(const bool more, query.Step());
      if (!more) return items;
      OutboxItem& item = items.emplace_back();
      item.destination = destination;
      item.site = query.Text(0), item.event = query.Text(1), item.id = query.Text(2);
      item.state = state;
      item.why = query.Text(3), item.request_id = query.Text(4);
      if (const std::string at = query.Text(5); !at.empty()) {
        MAXOPT_TRY(item.first_sent_at, ParseInstant(at));
      }
      item.attempts = static_cast<int>(query.Number(6));
    }
  }

  Result<> Begin(const std::vector<OutboxItem>& items, Instant now) override {
    return InTransaction([&]() -> Result<> {
      Query update(database_.get(),
                   "UPDATE conversion SET state = ?, attempts = attempts + 1, "
                   "why = 'a call was begun and not answered', "
                   "first_sent_at = COALESCE(first_sent_at, ?) "
                   "WHERE destination = ? AND site = ? AND event = ? AND id = ?");
      for (const OutboxItem& item : items) {
        update.Again();
        update.Bind(static_cast<std::int64_t>(SendState::kUnknown)).Bind(PrintInstant(now));
        update.Bind(item.destination).Bind(item.site).Bind(item.event).Bind(item.id);
        MAXOPT_CHECK(update.Step());
      }
      return {};
    });
  }

  Result<> Settle(const std::vector<OutboxItem>& items) override {
    return InTransaction([&]() -> Result<> {
      Query update(database_.get(),
                   "UPDATE conversion SET state = ?, why = ?, request_id = ? "
                   "WHERE destination = ? AND site = ? AND event = ? AND id = ?");
      for (const OutboxItem& item : items) {
        update.Again();
        update.Bind(static_cast<std::int64_t>(item.state)).Bind(item.why).Bind(item.request_id);
        update.Bind(item.destination).Bind(item.site).Bind(item.event).Bind(item.id);
        MAXOPT_CHECK(update.Step());
      }
      return {};
    });
  }

  Result<std::vector<Count>> Counts() override {
    const std::lock_guard lock(mutex_);
    Query query(database_.get(),
                "SELECT destination, event, state, CASE WHEN state IN (1, 4) THEN why ELSE '' END, "
                "COUNT(*) FROM conversion GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4");
    std::vector<Count> counts;
    for (;;) {
      MAXOPT_TRY(const bool more, query.Step());
      if (!more) return counts;
      counts.push_back({query.Text(0), query.Text(1), static_cast<SendState>(query.Number(2)),
                        query.Text(3), query.Number(4)});
    }
  }

 private:
  template <class Work>
  Result<> InTransaction(Work work) {
    const std::lock_guard lock(mutex_);
    const auto run = [&](const char* sql) { return Query(database_.get(), sql).Step(); };
    MAXOPT_CHECK(run("BEGIN IMMEDIATE"));
    Result<> done = work();
    if (done) {
      if (auto committed = run("COMMIT"); !committed) done = std::unexpected(committed.error());
    }
    if (!done) (void)run("ROLLBACK");
    return done;
  }

  std::mutex mutex_;
  const std::unique_ptr<sqlite3, CloseDatabase> database_;
};

}  // namespace

Result<std::unique_ptr<ConversionOutbox>> ConversionOutbox::Open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  std::unique_ptr<sqlite3, CloseDatabase> database(raw);
  if (raw) sqlite3_busy_timeout(raw, 5'000);
  if (code != SQLITE_OK || sqlite3_exec(raw, kSchema, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Fail(Errc::kLocal, fmt::format("{} cannot be opened: {}", path,
                                          raw ? sqlite3_errmsg(raw) : "out of memory"));
  }
  return std::make_unique<SqliteOutbox>(std::move(database));
}

}  // namespace maxopt
