#include "memory/events/events.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

namespace maxopt {
namespace {

constexpr const char* kSchema = R"sql(
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  site TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, client TEXT NOT NULL, via TEXT NOT NULL,
  received_at TEXT NOT NULL, at TEXT, url TEXT NOT NULL, referrer TEXT NOT NULL,
  visitor TEXT NOT NULL, consent INTEGER NOT NULL, utm TEXT NOT NULL, campaign TEXT NOT NULL,
  click_ids TEXT NOT NULL, value_micros INTEGER, currency TEXT, hashed TEXT NOT NULL,
  probe INTEGER NOT NULL,
  UNIQUE (site, name, id));
PRAGMA user_version = 1;
)sql";
constexpr int kVersion = 1;
constexpr const char* kColumns =
    "site, name, id, client, via, received_at, at, url, referrer, visitor, consent, utm, campaign, "
    "click_ids, value_micros, currency, hashed, probe";

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

class WriterLock {
 public:
  static Result<WriterLock> Take(const std::string& path) {
    const std::string name = path + ".lock";
    WriterLock lock;
    lock.fd_ = ::open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (lock.fd_ < 0) return Fail(Errc::kLocal, fmt::format("{} cannot be opened", name));
    // A process that was just killed releases its lock a moment later than its parent knows.
    for (int tries = 0; ::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0; ++tries) {
      if (tries == 100) {
        return Fail(Errc::kLocal,
                    fmt::format("{} is written by another maxopt serve; stop it first", path));
      }
      ::usleep(20'000);
    }
    return lock;
  }
  WriterLock() = default;
  WriterLock(WriterLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  WriterLock& operator=(WriterLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~WriterLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  int fd_ = -1;
};

std::string MapText(const std::map<std::string, std::string>& map) {
  return nlohmann::json(map).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
std::map<std::string, std::string> MapFrom(const std::string& text) {
  std::map<std::string, std::string> map;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return map;
  for (const auto& [name, value] : json.items()) {
    if (value.is_string()) map[name] = value.get<std::string>();
  }
  return map;
}

class SqliteEventStore final : public EventStore {
 public:
  SqliteEventStore(std::string path, Database database, WriterLock lock, bool writes)
      : path_(std::move(path)),
        lock_(std::move(lock)),
        database_(std::move(database)),
        writes_(writes) {}

  /// The first of several callers writes for all that wait, in one transaction: one flush a group.
  Result<Appended> Append(const std::vector<TrackedEvent>& events) override {
    if (!writes_) return Fail(Errc::kLocal, path_ + " was opened for reading");
    Job job{&events, {}, false};
    std::unique_lock lock(queue_mutex_);
    queue_.push_back(&job);
    while (!job.done && leading_) turn_.wait(lock);
    if (!job.done) {
      leading_ = true;
      std::vector<Job*> group;
      group.swap(queue_);
      lock.unlock();
      WriteGroup(group);
      lock.lock();
      for (Job* written : group) written->done = true;
      leading_ = false;
      turn_.notify_all();
    }
    return std::move(job.result);
  }

  Result<std::optional<TrackedEvent>> Find(const std::string& site, const std::string& name,
                                           const std::string& id) override {
    const std::lock_guard lock(database_mutex_);
    MAXOPT_TRY(const Statement statement,
               Prepare(fmt::format("SELECT {} FROM event WHERE site = ? AND name = ? AND id = ?",
                                   kColumns)));
    BindText(statement, 1, site);
    BindText(statement, 2, name);
    BindText(statement, 3, id);
    MAXOPT_TRY(const std::vector<TrackedEvent> found, ReadAll(statement));
    if (found.empty()) return std::optional<TrackedEvent>();
    return std::optional(found.front());
  }

  Result<std::vector<TrackedEvent>> List(std::int64_t after, int limit) override {
    const std::lock_guard lock(database_mutex_);
    MAXOPT_TRY(
        const Statement statement,
        Prepare(fmt::format("SELECT {} FROM event ORDER BY seq LIMIT ? OFFSET ?", kColumns)));
    sqlite3_bind_int(statement.get(), 1, limit);
    sqlite3_bind_int64(statement.get(), 2, after);
    return ReadAll(statement);
  }

  Result<std::vector<EventCount>> Counts() override {
    const std::lock_guard lock(database_mutex_);
    MAXOPT_TRY(const Statement statement,
               Prepare("SELECT site, name, campaign, via, probe, currency, COUNT(*), "
                       "SUM(click_ids <> '{}'), SUM(consent), SUM(value_micros / 1000000), "
                       "SUM(value_micros % 1000000), MAX(received_at) "
                       "FROM event GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6"));
    std::vector<EventCount> counts;
    int code = sqlite3_step(statement.get());
    for (; code == SQLITE_ROW; code = sqlite3_step(statement.get())) {
      EventCount row;
      row.site = Text(statement, 0), row.name = Text(statement, 1);
      row.campaign = Text(statement, 2), row.via = Text(statement, 3);
      row.probe = sqlite3_column_int(statement.get(), 4) != 0;
      const bool same = !counts.empty() && counts.back().site == row.site &&
                        counts.back().name == row.name && counts.back().campaign == row.campaign &&
                        counts.back().via == row.via && counts.back().probe == row.probe;
      if (!same) counts.push_back(row);
      EventCount& into = counts.back();
      into.count += sqlite3_column_int64(statement.get(), 6);
      into.with_click_id += sqlite3_column_int64(statement.get(), 7);
      into.with_consent += sqlite3_column_int64(statement.get(), 8);
      if (const std::string code_text = Text(statement, 5); !code_text.empty()) {
        MAXOPT_TRY(const Currency currency, FindCurrency(code_text));
        // In two parts: forged events must not make SQLite's sum overflow, which is an error there.
        std::int64_t micros = 0;
        const bool too_much =
            __builtin_mul_overflow(sqlite3_column_int64(statement.get(), 9), 1'000'000, &micros) ||
            __builtin_add_overflow(micros, sqlite3_column_int64(statement.get(), 10), &micros);
        if (!too_much) into.value.insert_or_assign(currency, Money::Micros(micros, currency));
      }
      MAXOPT_TRY(const Instant last, ParseInstant(Text(statement, 11)));
      into.last_at = std::max(into.last_at, last);
    }
    if (code != SQLITE_DONE) return Broken();
    return counts;
  }

 private:
  struct Job {
    const std::vector<TrackedEvent>* events;
    Result<Appended> result;
    bool done;
  };

  std::unexpected<Error> Broken() const {
    return Fail(Errc::kLocal, fmt::format("{}: {}", path_, sqlite3_errmsg(database_.get())));
  }
  Result<> Execute(const char* sql) {
    if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return Broken();
    return {};
  }
  Result<Statement> Prepare(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
      return Broken();
    }
    return Statement(statement);
  }
  static void BindText(const Statement& statement, int at, const std::string& text) {
    sqlite3_bind_text(statement.get(), at, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
  }
  static std::string Text(const Statement& statement, int at) {
    const auto* text = sqlite3_column_text(statement.get(), at);
    return text ? std::string(reinterpret_cast<const char*>(text),
                              static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), at)))
                : std::string();
  }

  /// Each job has a savepoint: what goes wrong with one does not undo the others.
  void WriteGroup(const std::vector<Job*>& group) {
    const std::lock_guard lock(database_mutex_);
    const auto all = [&](const Error& error) {
      for (Job* job : group) job->result = std::unexpected(error);
    };
    if (auto begun = Execute("BEGIN IMMEDIATE"); !begun) return all(begun.error());
    for (Job* job : group) {
      if (auto saved = Execute("SAVEPOINT job"); !saved) {
        job->result = std::unexpected(saved.error());
        continue;
      }
      job->result = Insert(*job->events);
      if (!job->result) (void)Execute("ROLLBACK TO job");
      (void)Execute("RELEASE job");
    }
    if (auto committed = Execute("COMMIT"); !committed) {
      (void)Execute("ROLLBACK");
      all(committed.error());
    }
  }

  Result<Appended> Insert(const std::vector<TrackedEvent>& events) {
    MAXOPT_TRY(const Statement statement,
               Prepare(fmt::format("INSERT INTO event ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                   "?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                                   kColumns)));
    Appended appended;
    for (const TrackedEvent& event : events) {
      sqlite3_reset(statement.get());
      sqlite3_clear_bindings(statement.get());
      int at = 0;
      for (const std::string* text :
           {&event.site, &event.name, &event.id, &event.client, &event.via}) {
        BindText(statement, ++at, *text);
      }
      BindText(statement, ++at, PrintInstant(event.received_at));
      ++at;
      if (event.at) BindText(statement, at, PrintInstant(*event.at));
      for (const std::string* text : {&event.url, &event.referrer, &event.visitor}) {
        BindText(statement, ++at, *text);
      }
      sqlite3_bind_int(statement.get(), ++at, event.consent ? 1 : 0);
      BindText(statement, ++at, MapText(event.utm));
      const auto campaign = event.utm.find("utm_campaign");
      BindText(statement, ++at, campaign == event.utm.end() ? "" : campaign->second);
      BindText(statement, ++at, MapText(event.click_ids));
      at += 2;
      if (event.value) {
        sqlite3_bind_int64(statement.get(), at - 1, event.value->micros());
        BindText(statement, at, std::string(event.value->currency().name()));
      }
      BindText(statement, ++at, MapText(event.hashed));
      sqlite3_bind_int(statement.get(), ++at, event.probe ? 1 : 0);
      if (sqlite3_step(statement.get()) != SQLITE_DONE) return Broken();
      ++(sqlite3_changes(database_.get()) == 1 ? appended.stored : appended.duplicates);
    }
    return appended;
  }

  Result<std::vector<TrackedEvent>> ReadAll(const Statement& statement) {
    std::vector<TrackedEvent> events;
    int code = sqlite3_step(statement.get());
    for (; code == SQLITE_ROW; code = sqlite3_step(statement.get())) {
      TrackedEvent event;
      int at = 0;
      for (std::string* text : {&event.site, &event.name, &event.id, &event.client, &event.via}) {
        *text = Text(statement, at++);
      }
      MAXOPT_TRY(event.received_at, ParseInstant(Text(statement, at++)));
      if (const std::string told = Text(statement, at++); !told.empty()) {
        MAXOPT_TRY(event.at, ParseInstant(told));
      }
      for (std::string* text : {&event.url, &event.referrer, &event.visitor}) {
        *text = Text(statement, at++);
      }
      event.consent = sqlite3_column_int(statement.get(), at++) != 0;
      event.utm = MapFrom(Text(statement, at++));
      ++at;  // the campaign is in utm
      event.click_ids = MapFrom(Text(statement, at++));
      const std::int64_t micros = sqlite3_column_int64(statement.get(), at++);
      if (const std::string word = Text(statement, at++); !word.empty()) {
        MAXOPT_TRY(const Currency currency, FindCurrency(word));
        event.value = Money::Micros(micros, currency);
      }
      event.hashed = MapFrom(Text(statement, at++));
      event.probe = sqlite3_column_int(statement.get(), at++) != 0;
      events.push_back(std::move(event));
    }
    if (code != SQLITE_DONE) return Broken();
    return events;
  }

  const std::string path_;
  const WriterLock lock_;
  std::mutex database_mutex_;
  const Database database_;  // guarded by database_mutex_
  const bool writes_;

  std::mutex queue_mutex_;
  std::condition_variable turn_;
  std::vector<Job*> queue_;  // guarded by queue_mutex_
  bool leading_ = false;     // guarded by queue_mutex_
};

Result<Database> OpenFile(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_FULLMUTEX, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) {
    return Fail(Errc::kLocal, fmt::format("{} cannot be opened: {}", path,
                                          raw ? sqlite3_errmsg(raw) : "out of memory"));
  }
  sqlite3_busy_timeout(raw, 5'000);
  return database;
}

Result<int> VersionOf(const std::string& path, sqlite3* database) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &raw, nullptr);
  const Statement statement(raw);
  if (code != SQLITE_OK || sqlite3_step(raw) != SQLITE_ROW) {
    return Fail(Errc::kLocal, fmt::format("{}: {}", path, sqlite3_errmsg(database)));
  }
  const int version = sqlite3_column_int(raw, 0);
  if (version > kVersion) {
    return Fail(Errc::kLocal, fmt::format("{} was written by a newer maxopt; use that one", path));
  }
  return version;
}

}  // namespace

Result<std::unique_ptr<EventStore>> EventStore::Open(const std::string& path) {
  MAXOPT_TRY(WriterLock lock, WriterLock::Take(path));
  MAXOPT_TRY(Database database, OpenFile(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  MAXOPT_TRY(const int version, VersionOf(path, database.get()));
  const std::string sql = std::string("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;") +
                          (version < kVersion ? std::string("BEGIN;") + kSchema + "COMMIT;" : "");
  if (sqlite3_exec(database.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Fail(Errc::kLocal, fmt::format("{}: {}", path, sqlite3_errmsg(database.get())));
  }
  return std::make_unique<SqliteEventStore>(path, std::move(database), std::move(lock), true);
}

Result<std::unique_ptr<EventStore>> EventStore::OpenToRead(const std::string& path) {
  if (!std::filesystem::exists(path)) {
    return Fail(Errc::kNotFound, fmt::format("{} is not there; maxopt serve makes it", path));
  }
  MAXOPT_TRY(Database database, OpenFile(path, SQLITE_OPEN_READONLY));
  MAXOPT_CHECK(VersionOf(path, database.get()));
  return std::make_unique<SqliteEventStore>(path, std::move(database), WriterLock(), false);
}

}  // namespace maxopt
