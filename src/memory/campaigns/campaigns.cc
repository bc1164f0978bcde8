#include "memory/campaigns/campaigns.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>

#include "domain/json.h"

namespace maxopt {
namespace {

using nlohmann::json;

// Migration n brings the schema from version n to n + 1. Never edit one that has shipped: append.
const char* const kMigrations[] = {
    R"sql(
CREATE TABLE client (name TEXT PRIMARY KEY, currency TEXT NOT NULL, zone TEXT NOT NULL);
CREATE TABLE account (platform TEXT NOT NULL, id TEXT NOT NULL, client TEXT NOT NULL REFERENCES client,
  name TEXT NOT NULL, currency TEXT NOT NULL, zone TEXT NOT NULL, status TEXT NOT NULL,
  PRIMARY KEY (platform, id));
CREATE TABLE document (id INTEGER PRIMARY KEY, client TEXT NOT NULL, kind TEXT NOT NULL,
  name TEXT NOT NULL, content TEXT NOT NULL, received_at TEXT NOT NULL);
CREATE TABLE plan (id TEXT PRIMARY KEY, client TEXT NOT NULL, title TEXT NOT NULL,
  status TEXT NOT NULL, created_at TEXT NOT NULL, created_by TEXT NOT NULL,
  exposure TEXT NOT NULL, findings TEXT NOT NULL, notes TEXT NOT NULL, content_hash TEXT NOT NULL,
  approved_by TEXT NOT NULL DEFAULT '', approved_at TEXT NOT NULL DEFAULT '',
  undoes TEXT NOT NULL DEFAULT '');
CREATE INDEX plan_by_status ON plan (status, id);
CREATE TABLE change (key TEXT PRIMARY KEY, plan_id TEXT NOT NULL REFERENCES plan, n INTEGER NOT NULL,
  body TEXT NOT NULL, state TEXT NOT NULL, object_id TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 0, how TEXT NOT NULL DEFAULT '');
CREATE INDEX change_by_plan ON change (plan_id, n);
CREATE TABLE journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, change_key TEXT NOT NULL REFERENCES change,
  at TEXT NOT NULL, state TEXT NOT NULL, how TEXT NOT NULL, object_id TEXT NOT NULL);
CREATE INDEX journal_by_change ON journal (change_key, seq);
CREATE TABLE object (platform TEXT NOT NULL, account TEXT NOT NULL, address TEXT NOT NULL,
  level TEXT NOT NULL, id TEXT NOT NULL, parent_address TEXT NOT NULL, change_key TEXT NOT NULL,
  last_applied TEXT NOT NULL, PRIMARY KEY (platform, account, address));
)sql",
};
constexpr int kVersion = static_cast<int>(std::size(kMigrations));

Result<Instant> Time(const std::string& text) { return ParseInstant(text); }

std::string ExposureJson(const Plan& plan) {
  const auto list = [](const std::vector<Exposure>& exposures) {
    json out = json::array();
    for (const Exposure& e : exposures) {
      out.push_back({{"currency", e.worst_day.currency().name()},
                     {"daily_budgets", PrintDecimal(e.daily_budgets)},
                     {"worst_day", PrintDecimal(e.worst_day)}});
    }
    return out;
  };
  return json{{"before", list(plan.exposure_before)}, {"after", list(plan.exposure_after)}}.dump();
}

Result<std::vector<Exposure>> ExposureFrom(const json& list) {
  std::vector<Exposure> out;
  for (const json& e : list) {
    MAXOPT_TRY(const Currency currency, FindCurrency(e.at("currency").get<std::string>()));
    MAXOPT_TRY(const Money budgets, ParseMoney(e.at("daily_budgets").get<std::string>(), currency));
    MAXOPT_TRY(const Money worst, ParseMoney(e.at("worst_day").get<std::string>(), currency));
    out.push_back({budgets, worst});
  }
  return out;
}

std::string FindingsJson(const std::vector<GuardFinding>& findings) {
  json out = json::array();
  for (const GuardFinding& f : findings) {
    out.push_back({{"guard", f.guard}, {"blocks", f.blocks}, {"what", f.what}, {"fix", f.fix}});
  }
  return out.dump();
}

/// An exclusive lock on <path>.lock for the life of the store: one process writes.
class FileLock {
 public:
  static Result<FileLock> Take(const std::string& path) {
    FileLock lock;
    if (path == ":memory:") return lock;
    const std::string name = path + ".lock";
    lock.fd_ = ::open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (lock.fd_ < 0) return Fail(Errc::kLocal, fmt::format("{} cannot be opened", name));
    // A process that was just killed releases its lock a moment later than its parent knows.
    for (int tries = 0; ::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0; ++tries) {
      if (tries == 100) {
        return Fail(Errc::kLocal,
                    fmt::format("{} is in use by another maxopt process; one at a time may write. "
                                "Stop it, or use another --home",
                                path));
      }
      ::usleep(20'000);
    }
    return lock;
  }
  FileLock() = default;
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  int fd_ = -1;
};

class SqliteStore final : public CampaignStore {
 public:
  static Result<std::unique_ptr<CampaignStore>> Open(const std::string& path) {
    MAXOPT_TRY(FileLock lock, FileLock::Take(path));
    auto store = std::make_unique<SqliteStore>();
    store->path_ = path;
    store->lock_ = std::move(lock);
    MAXOPT_CHECK(store->Do([&](soci::session& sql) -> Result<> {
      sql.open(soci::sqlite3, "dbname=" + path + " timeout=5");
      for (const char* pragma : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
                                 "PRAGMA foreign_keys=ON", "PRAGMA trusted_schema=OFF"}) {
        sql << pragma;
      }
      int version = 0;
      sql << "PRAGMA user_version", soci::into(version);
      if (version > kVersion) {
        return Fail(Errc::kLocal,
                    fmt::format("{} was written by a newer maxopt (schema {}, this one knows {})",
                                path, version, kVersion));
      }
      for (; version < kVersion; ++version) {
        soci::transaction transaction(sql);
        Script(sql, kMigrations[version]);
        sql << fmt::format("PRAGMA user_version={}", version + 1);
        transaction.commit();
      }
      return {};
    }));
    return std::unique_ptr<CampaignStore>(std::move(store));
  }

  Result<> SaveClient(const Client& client) override {
    return Do([&](soci::session& sql) -> Result<> {
      const std::string currency(client.currency.name());
      sql << "INSERT INTO client (name, currency, zone) VALUES (:n, :c, :z) "
             "ON CONFLICT (name) DO UPDATE SET currency = excluded.currency, zone = excluded.zone",
          soci::use(client.name), soci::use(currency), soci::use(client.zone);
      return {};
    });
  }

  Result<std::vector<Client>> Clients() override {
    return Do([&](soci::session& sql) -> Result<std::vector<Client>> {
      std::vector<Client> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT name, currency, zone FROM client ORDER BY name");
      for (const soci::row& row : rows) {
        MAXOPT_TRY(const Currency currency, FindCurrency(row.get<std::string>(1)));
        out.push_back({row.get<std::string>(0), currency, row.get<std::string>(2)});
      }
      return out;
    });
  }

  Result<Client> GetClient(const std::string& name) override {
    MAXOPT_TRY(const std::vector<Client> clients, Clients());
    std::string known;
    for (const Client& client : clients) {
      if (client.name == name) return client;
      known += (known.empty() ? "" : ", ") + client.name;
    }
    return Fail(Errc::kNotFound, fmt::format("client \"{}\" is not known; known are: {}", name,
                                             known.empty() ? "none" : known));
  }

  Result<> SaveAccount(const ClientAccount& account) override {
    return Do([&](soci::session& sql) -> Result<> {
      const std::string platform(PlatformName(account.info.account.platform));
      const std::string currency(account.info.currency.name());
      std::string owner;
      soci::indicator found = soci::i_null;
      sql << "SELECT client FROM account WHERE platform = :p AND id = :i", soci::use(platform),
          soci::use(account.info.account.id), soci::into(owner, found);
      if (sql.got_data() && owner != account.client) {
        return Fail(Errc::kConflict,
                    fmt::format("account {} belongs to client \"{}\", not \"{}\"",
                                PrintAccount(account.info.account), owner, account.client));
      }
      sql << "INSERT INTO account (platform, id, client, name, currency, zone, status) "
             "VALUES (:p, :i, :c, :n, :cur, :z, :s) ON CONFLICT (platform, id) DO UPDATE SET "
             "name = excluded.name, currency = excluded.currency, zone = excluded.zone, "
             "status = excluded.status",
          soci::use(platform), soci::use(account.info.account.id), soci::use(account.client),
          soci::use(account.info.name), soci::use(currency), soci::use(account.info.zone),
          soci::use(account.info.status);
      return {};
    });
  }

  Result<std::vector<ClientAccount>> Accounts() override {
    return Do([&](soci::session& sql) -> Result<std::vector<ClientAccount>> {
      std::vector<ClientAccount> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT client, platform, id, name, currency, zone, status FROM account "
                          "ORDER BY platform, id");
      for (const soci::row& row : rows) {
        MAXOPT_TRY(const Platform platform, FindPlatform(row.get<std::string>(1)));
        MAXOPT_TRY(const Currency currency, FindCurrency(row.get<std::string>(4)));
        out.push_back({row.get<std::string>(0),
                       {{platform, row.get<std::string>(2)},
                        row.get<std::string>(3),
                        currency,
                        row.get<std::string>(5),
                        row.get<std::string>(6)}});
      }
      return out;
    });
  }

  Result<> SaveDocument(const Document& document) override {
    return Do([&](soci::session& sql) -> Result<> {
      const std::string at = PrintInstant(document.received_at);
      sql << "INSERT INTO document (client, kind, name, content, received_at) "
             "VALUES (:c, :k, :n, :t, :r)",
          soci::use(document.client), soci::use(document.kind), soci::use(document.name),
          soci::use(document.content), soci::use(at);
      return {};
    });
  }

  Result<std::vector<Document>> Documents(const std::string& client,
                                          const std::string& kind) override {
    return Do([&](soci::session& sql) -> Result<std::vector<Document>> {
      std::vector<Document> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT client, kind, name, content, received_at FROM document "
                          "WHERE client = :c AND kind = :k ORDER BY id DESC",
           soci::use(client), soci::use(kind));
      for (const soci::row& row : rows) {
        MAXOPT_TRY(const Instant at, Time(row.get<std::string>(4)));
        out.push_back({row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2),
                       row.get<std::string>(3), at});
      }
      return out;
    });
  }

  Result<Plan> SavePlan(Plan plan) override {
    return Do([&](soci::session& sql) -> Result<Plan> {
      soci::transaction transaction(sql);
      const std::string created = PrintInstant(plan.created_at);
      const std::string prefix =
          "p-" + created.substr(0, 4) + created.substr(5, 2) + created.substr(8, 2) + "-";
      int count = 0;
      const std::string like = prefix + "%";
      sql << "SELECT count(*) FROM plan WHERE id LIKE :l", soci::use(like), soci::into(count);
      plan.id = fmt::format("{}{:04}", prefix, count + 1);
      for (std::size_t n = 0; n < plan.changes.size(); ++n) {
        if (plan.changes[n].key.empty()) plan.changes[n].key = fmt::format("{}/{}", plan.id, n + 1);
      }
      const std::string status(PlanStatusName(plan.status));
      const std::string exposure = ExposureJson(plan);
      const std::string findings = FindingsJson(plan.findings);
      const std::string notes = json(plan.notes).dump();
      const std::string hash = ContentHash(plan);
      sql << "INSERT INTO plan (id, client, title, status, created_at, created_by, exposure, "
             "findings, notes, content_hash, undoes) "
             "VALUES (:i, :c, :t, :s, :ca, :cb, :e, :f, :n, :h, :u)",
          soci::use(plan.id), soci::use(plan.client), soci::use(plan.title), soci::use(status),
          soci::use(created), soci::use(plan.created_by), soci::use(exposure), soci::use(findings),
          soci::use(notes), soci::use(hash), soci::use(plan.undoes);
      for (std::size_t n = 0; n < plan.changes.size(); ++n) {
        const std::string body = ToJson(plan.changes[n]);
        const int position = static_cast<int>(n);
        const std::string state(ChangeStateName(ChangeState::kPlanned));
        sql << "INSERT INTO change (key, plan_id, n, body, state) VALUES (:k, :p, :n, :b, :s)",
            soci::use(plan.changes[n].key), soci::use(plan.id), soci::use(position),
            soci::use(body), soci::use(state);
      }
      transaction.commit();
      return plan;
    });
  }

  Result<Plan> GetPlan(const std::string& id) override {
    return Do([&](soci::session& sql) -> Result<Plan> { return ReadPlan(sql, id); });
  }

  Result<std::vector<Plan>> Plans(std::optional<PlanStatus> status, int limit) override {
    return Do([&](soci::session& sql) -> Result<std::vector<Plan>> {
      const std::string wanted = status ? std::string(PlanStatusName(*status)) : "";
      std::vector<std::string> ids;
      const soci::rowset<std::string> rows =
          (sql.prepare << "SELECT id FROM plan WHERE :s = '' OR status = :s ORDER BY id DESC "
                          "LIMIT :l",
           soci::use(wanted, "s"), soci::use(limit, "l"));
      for (const std::string& id : rows) ids.push_back(id);
      std::vector<Plan> out;
      for (const std::string& id : ids) {
        MAXOPT_TRY(Plan plan, ReadPlan(sql, id));
        out.push_back(std::move(plan));
      }
      return out;
    });
  }

  Result<> MovePlan(const std::string& id, PlanStatus from, PlanStatus to) override {
    return Do([&](soci::session& sql) -> Result<> {
      const std::string old_status(PlanStatusName(from));
      const std::string new_status(PlanStatusName(to));
      soci::statement update = (sql.prepare << "UPDATE plan SET status = :n WHERE id = :i AND "
                                               "status = :o",
                                soci::use(new_status), soci::use(id), soci::use(old_status));
      update.execute(true);
      if (update.get_affected_rows() != 1) return NotInStatus(sql, id, old_status);
      return {};
    });
  }

  Result<> ApprovePlan(const std::string& id, const std::string& by, Instant at,
                       const std::string& content_hash) override {
    return Do([&](soci::session& sql) -> Result<> {
      MAXOPT_TRY(const Plan plan, ReadPlan(sql, id));
      if (ContentHash(plan) != content_hash) {
        return Fail(Errc::kConflict,
                    fmt::format("plan {} is not what was shown for approval; show it again", id));
      }
      const std::string when = PrintInstant(at);
      soci::statement update =
          (sql.prepare << "UPDATE plan SET status = 'approved', approved_by = :b, approved_at = :a "
                          "WHERE id = :i AND status = 'guarded'",
           soci::use(by), soci::use(when), soci::use(id));
      update.execute(true);
      if (update.get_affected_rows() != 1) return NotInStatus(sql, id, "guarded");
      return {};
    });
  }

  Result<std::vector<ChangeStatus>> Changes(const std::string& plan_id) override {
    return Do([&](soci::session& sql) -> Result<std::vector<ChangeStatus>> {
      std::vector<ChangeStatus> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT body, state, object_id, attempts, how FROM change "
                          "WHERE plan_id = :p ORDER BY n",
           soci::use(plan_id));
      for (const soci::row& row : rows) {
        ChangeStatus status;
        MAXOPT_TRY(status.change, ChangeFromJson(row.get<std::string>(0)));
        MAXOPT_TRY(status.state, FindChangeState(row.get<std::string>(1)));
        status.id = row.get<std::string>(2);
        status.attempts = row.get<int>(3);
        status.how = row.get<std::string>(4);
        out.push_back(std::move(status));
      }
      return out;
    });
  }

  Result<> Record(const JournalEntry& entry) override {
    return Do([&](soci::session& sql) -> Result<> {
      soci::transaction transaction(sql);
      const std::string state(ChangeStateName(entry.state));
      const std::string at = PrintInstant(entry.at);
      const int sent = entry.state == ChangeState::kSent ? 1 : 0;
      soci::statement update =
          (sql.prepare << "UPDATE change SET state = :s, how = :h, attempts = attempts + :a, "
                          "object_id = CASE WHEN :o = '' THEN object_id ELSE :o END WHERE key = :k",
           soci::use(state, "s"), soci::use(entry.how, "h"), soci::use(sent, "a"),
           soci::use(entry.id, "o"), soci::use(entry.change_key, "k"));
      update.execute(true);
      if (update.get_affected_rows() != 1) {
        return Fail(Errc::kNotFound, fmt::format("change {} is not known", entry.change_key));
      }
      sql << "INSERT INTO journal (change_key, at, state, how, object_id) "
             "VALUES (:k, :a, :s, :h, :o)",
          soci::use(entry.change_key), soci::use(at), soci::use(state), soci::use(entry.how),
          soci::use(entry.id);
      if (entry.state == ChangeState::kConfirmed) {
        MAXOPT_CHECK(RecordObject(sql, entry));
      }
      transaction.commit();
      return {};
    });
  }

  Result<std::vector<JournalEntry>> Journal(const std::string& change_key) override {
    return Do([&](soci::session& sql) -> Result<std::vector<JournalEntry>> {
      std::vector<JournalEntry> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT seq, change_key, at, state, how, object_id FROM journal "
                          "WHERE change_key = :k ORDER BY seq",
           soci::use(change_key));
      for (const soci::row& row : rows) {
        JournalEntry entry;
        entry.seq = row.get<int>(0);
        entry.change_key = row.get<std::string>(1);
        MAXOPT_TRY(entry.at, Time(row.get<std::string>(2)));
        MAXOPT_TRY(entry.state, FindChangeState(row.get<std::string>(3)));
        entry.how = row.get<std::string>(4);
        entry.id = row.get<std::string>(5);
        out.push_back(std::move(entry));
      }
      return out;
    });
  }

  Result<std::optional<OwnedObject>> FindObject(const AccountId& account,
                                                const std::string& address) override {
    return Do([&](soci::session& sql) -> Result<std::optional<OwnedObject>> {
      MAXOPT_TRY(std::vector<OwnedObject> found, ReadObjects(sql, account, address));
      if (found.empty()) return std::nullopt;
      return std::move(found.front());
    });
  }

  Result<std::vector<OwnedObject>> Objects(const AccountId& account) override {
    return Do([&](soci::session& sql) { return ReadObjects(sql, account, ""); });
  }

 private:
  /// Runs one unit of work under the lock; whatever SQLite throws becomes an error that names the
  /// file. An exception leaves no open transaction: soci::transaction rolls back.
  template <class Work>
  auto Do(Work work) -> decltype(work(std::declval<soci::session&>())) {
    const std::lock_guard guard(mutex_);
    try {
      return work(sql_);
    } catch (const std::exception& e) {
      return Fail(Errc::kLocal, fmt::format("{}: {}", path_, e.what()));
    }
  }

  static void Script(soci::session& sql, const std::string& script) {
    std::size_t begin = 0;
    while (true) {
      const std::size_t end = script.find(';', begin);
      if (end == std::string::npos) return;
      sql << script.substr(begin, end - begin);
      begin = end + 1;
    }
  }

  static std::unexpected<Error> NotInStatus(soci::session& sql, const std::string& id,
                                            std::string_view wanted) {
    std::string status;
    sql << "SELECT status FROM plan WHERE id = :i", soci::use(id), soci::into(status);
    if (!sql.got_data()) return Fail(Errc::kNotFound, fmt::format("plan {} is not known", id));
    return Fail(Errc::kConflict, fmt::format("plan {} is {}, not {}", id, status, wanted));
  }

  static Result<Plan> ReadPlan(soci::session& sql, const std::string& id) {
    Plan plan;
    std::string status, created, exposure, findings, notes, hash, approved_by, approved_at;
    sql << "SELECT id, client, title, status, created_at, created_by, exposure, findings, notes, "
           "content_hash, approved_by, approved_at, undoes FROM plan WHERE id = :i",
        soci::use(id), soci::into(plan.id), soci::into(plan.client), soci::into(plan.title),
        soci::into(status), soci::into(created), soci::into(plan.created_by), soci::into(exposure),
        soci::into(findings), soci::into(notes), soci::into(hash), soci::into(approved_by),
        soci::into(approved_at), soci::into(plan.undoes);
    if (!sql.got_data()) return Fail(Errc::kNotFound, fmt::format("plan \"{}\" is not known", id));
    MAXOPT_TRY(plan.status, FindPlanStatus(status));
    MAXOPT_TRY(plan.created_at, Time(created));
    if (!approved_at.empty()) {
      MAXOPT_TRY(const Instant at, Time(approved_at));
      plan.approval = Approval{approved_by, hash, at, {}, std::nullopt};
    }
    const json exposures = json::parse(exposure);
    MAXOPT_TRY(plan.exposure_before, ExposureFrom(exposures.at("before")));
    MAXOPT_TRY(plan.exposure_after, ExposureFrom(exposures.at("after")));
    for (const json& f : json::parse(findings)) {
      plan.findings.push_back({f.at("guard").get<std::string>(), f.at("blocks").get<bool>(),
                               f.at("what").get<std::string>(), f.at("fix").get<std::string>()});
    }
    plan.notes = json::parse(notes).get<std::vector<std::string>>();
    const soci::rowset<std::string> bodies =
        (sql.prepare << "SELECT body FROM change WHERE plan_id = :p ORDER BY n", soci::use(id));
    for (const std::string& body : bodies) {
      MAXOPT_TRY(Change change, ChangeFromJson(body));
      plan.changes.push_back(std::move(change));
    }
    return plan;
  }

  static Result<> RecordObject(soci::session& sql, const JournalEntry& entry) {
    std::string body;
    sql << "SELECT body FROM change WHERE key = :k", soci::use(entry.change_key), soci::into(body);
    MAXOPT_TRY(const Change change, ChangeFromJson(body));
    MAXOPT_TRY(const std::vector<OwnedObject> known,
               ReadObjects(sql, change.account, change.address));
    Fields applied = known.empty() ? Fields{} : known.front().last_applied;
    for (const auto& [name, value] : change.after) {
      if (name != "content") applied.insert_or_assign(name, value);  // file bytes are not memory
    }
    const std::string platform(PlatformName(change.account.platform));
    const std::string level(LevelName(change.level));
    const std::string fields = ToJson(applied);
    const std::string creator = change.action == ChangeAction::kCreate ? change.key : "";
    sql << "INSERT INTO object (platform, account, address, level, id, parent_address, change_key, "
           "last_applied) VALUES (:p, :a, :ad, :l, :i, :pa, :k, :f) ON CONFLICT (platform, "
           "account, address) DO UPDATE SET last_applied = excluded.last_applied, "
           "id = excluded.id, change_key = CASE WHEN excluded.change_key = '' THEN change_key "
           "ELSE excluded.change_key END",
        soci::use(platform), soci::use(change.account.id), soci::use(change.address),
        soci::use(level), soci::use(entry.id), soci::use(change.parent_address), soci::use(creator),
        soci::use(fields);
    return {};
  }

  static Result<std::vector<OwnedObject>> ReadObjects(soci::session& sql, const AccountId& account,
                                                      const std::string& address) {
    const std::string platform(PlatformName(account.platform));
    std::vector<OwnedObject> out;
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT address, level, id, parent_address, change_key, last_applied "
                        "FROM object WHERE platform = :p AND account = :a AND (:ad = '' OR "
                        "address = :ad) ORDER BY rowid",
         soci::use(platform, "p"), soci::use(account.id, "a"), soci::use(address, "ad"));
    for (const soci::row& row : rows) {
      OwnedObject object;
      object.account = account;
      object.address = row.get<std::string>(0);
      MAXOPT_TRY(object.level, FindLevel(row.get<std::string>(1)));
      object.id = row.get<std::string>(2);
      object.parent_address = row.get<std::string>(3);
      object.change_key = row.get<std::string>(4);
      MAXOPT_TRY(object.last_applied, FieldsFromJson(row.get<std::string>(5)));
      out.push_back(std::move(object));
    }
    return out;
  }

  std::string path_;
  FileLock lock_;
  std::mutex mutex_;
  soci::session sql_;
};

}  // namespace

Result<std::unique_ptr<CampaignStore>> CampaignStore::Open(const std::string& path) {
  return SqliteStore::Open(path);
}

}  // namespace maxopt
