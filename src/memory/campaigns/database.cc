#include "memory/campaigns/database.h"

#include <fcntl.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <string_view>

namespace maxopt {
namespace {

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
    // Approvals that expire and are used once; what set-up keeps; what refusals teach.
    // change.budget_of is the platform id of the object whose budget the change moves.
    R"sql(
ALTER TABLE plan ADD COLUMN matrix TEXT NOT NULL DEFAULT '[]';
ALTER TABLE plan ADD COLUMN approved_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE plan ADD COLUMN approval_expires_at TEXT NOT NULL DEFAULT '';
ALTER TABLE plan ADD COLUMN approval_used_at TEXT NOT NULL DEFAULT '';
ALTER TABLE plan ADD COLUMN executed_by TEXT NOT NULL DEFAULT '';
UPDATE plan SET approved_hash = content_hash, approval_expires_at = approved_at
  WHERE approved_at <> '';
UPDATE plan SET approval_used_at = approved_at
  WHERE approved_at <> '' AND status NOT IN ('approved', 'rejected');
ALTER TABLE change ADD COLUMN budget_of TEXT NOT NULL DEFAULT '';
UPDATE change SET budget_of = json_extract(body, '$.id')
  WHERE json_extract(body, '$.action') = 'update' AND
  (json_type(body, '$.after.daily_budget') IS NOT NULL OR
   json_type(body, '$.after.lifetime_budget') IS NOT NULL);
CREATE INDEX change_by_budget ON change (budget_of) WHERE budget_of <> '';
CREATE TABLE message (id TEXT PRIMARY KEY, client TEXT NOT NULL, recipient TEXT NOT NULL,
  kind TEXT NOT NULL, title TEXT NOT NULL, about TEXT NOT NULL, json TEXT NOT NULL,
  markdown TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX message_by_recipient ON message (recipient, id);
CREATE TABLE checklist (id INTEGER PRIMARY KEY, client TEXT NOT NULL, campaign TEXT NOT NULL,
  phase TEXT NOT NULL, at TEXT NOT NULL, score INTEGER, body TEXT NOT NULL);
CREATE INDEX checklist_by_campaign ON checklist (client, campaign, id);
CREATE TABLE experiment (id TEXT PRIMARY KEY, client TEXT NOT NULL, status TEXT NOT NULL,
  first_day TEXT NOT NULL, last_day TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX experiment_by_client ON experiment (client, id);
CREATE TABLE watch (id INTEGER PRIMARY KEY, client TEXT NOT NULL, address TEXT NOT NULL,
  kpi TEXT NOT NULL, importance TEXT NOT NULL, target TEXT NOT NULL, direction TEXT NOT NULL,
  interval_minutes INTEGER NOT NULL, warn_percent INTEGER NOT NULL,
  critical_percent INTEGER NOT NULL);
CREATE INDEX watch_by_client ON watch (client, address);
CREATE TABLE learned_constraint (platform TEXT NOT NULL, code TEXT NOT NULL, level TEXT NOT NULL,
  field TEXT NOT NULL, value TEXT NOT NULL, message TEXT NOT NULL, seen INTEGER NOT NULL,
  passed INTEGER NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL,
  expires_at TEXT NOT NULL, PRIMARY KEY (platform, code, level, field, value));
)sql",
    // What running leaves behind: jobs, alerts, reviews, the health of tracking signals.
    R"sql(
CREATE TABLE job (key TEXT PRIMARY KEY, kind TEXT NOT NULL, client TEXT NOT NULL,
  account TEXT NOT NULL, schedule TEXT NOT NULL, zone TEXT NOT NULL, importance TEXT NOT NULL,
  due_at TEXT NOT NULL, lease_owner TEXT NOT NULL DEFAULT '', lease_until TEXT NOT NULL DEFAULT '',
  started_at TEXT NOT NULL DEFAULT '', ended_at TEXT NOT NULL DEFAULT '',
  succeeded_at TEXT NOT NULL DEFAULT '', outcome TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '', failures INTEGER NOT NULL DEFAULT 0,
  progress TEXT NOT NULL DEFAULT '');
CREATE INDEX job_by_due ON job (due_at);
CREATE TABLE job_run (id INTEGER PRIMARY KEY, key TEXT NOT NULL, due_at TEXT NOT NULL,
  started_at TEXT NOT NULL, ended_at TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX job_run_by_key ON job_run (key, id);
CREATE TABLE call_budget (account TEXT NOT NULL, period TEXT NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY (account, period));
CREATE TABLE alert (id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, client TEXT NOT NULL,
  state TEXT NOT NULL, tier TEXT NOT NULL, opened_at TEXT NOT NULL, last_true_at TEXT NOT NULL,
  resolved_at TEXT NOT NULL DEFAULT '', body TEXT NOT NULL);
CREATE UNIQUE INDEX alert_open ON alert (fingerprint) WHERE state = 'open';
CREATE INDEX alert_by_client ON alert (client, id);
CREATE TABLE notification (key TEXT PRIMARY KEY, channel TEXT NOT NULL, kind TEXT NOT NULL,
  client TEXT NOT NULL, alerts TEXT NOT NULL, at TEXT NOT NULL, state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, next_at TEXT NOT NULL DEFAULT '',
  how TEXT NOT NULL DEFAULT '', body TEXT NOT NULL);
CREATE INDEX notification_by_state ON notification (state, next_at);
CREATE TABLE silence (id INTEGER PRIMARY KEY, client TEXT NOT NULL, matcher TEXT NOT NULL,
  from_at TEXT NOT NULL, until_at TEXT NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL);
CREATE TABLE alert_feedback (alert_id TEXT NOT NULL, by TEXT NOT NULL, useful INTEGER NOT NULL,
  at TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY (alert_id, by));
CREATE TABLE review (platform TEXT NOT NULL, account TEXT NOT NULL, level TEXT NOT NULL,
  id TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
  since TEXT NOT NULL, seen_at TEXT NOT NULL, PRIMARY KEY (platform, account, level, id));
CREATE TABLE review_event (id INTEGER PRIMARY KEY, platform TEXT NOT NULL, account TEXT NOT NULL,
  level TEXT NOT NULL, object TEXT NOT NULL, name TEXT NOT NULL, was TEXT NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX review_event_by_object ON review_event (platform, account, object, id);
CREATE TABLE signal (client TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
  since TEXT NOT NULL, seen_at TEXT NOT NULL, why TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (client, name));
)sql",
    // How each campaign was when it was last looked at, so that a change between two looks is seen.
    R"sql(
CREATE TABLE sighting (platform TEXT NOT NULL, account TEXT NOT NULL, campaign TEXT NOT NULL,
  name TEXT NOT NULL, state TEXT NOT NULL, since TEXT NOT NULL, was TEXT NOT NULL,
  budget_micros INTEGER NOT NULL, budget_since TEXT NOT NULL, budget_was_micros INTEGER NOT NULL,
  first_at TEXT NOT NULL, seen_at TEXT NOT NULL, PRIMARY KEY (platform, account, campaign));
)sql",
    // A run that failed or was put off keeps the time it is for, beside when it is tried next.
    R"sql(
ALTER TABLE job ADD COLUMN retry_at TEXT NOT NULL DEFAULT '';
)sql",
    // The decision ledger. Corrections are further lines.
    R"sql(
ALTER TABLE plan ADD COLUMN prediction TEXT NOT NULL DEFAULT '';
CREATE TABLE ledger (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, client TEXT NOT NULL,
  event TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, previous TEXT NOT NULL,
  hash TEXT NOT NULL);
CREATE INDEX ledger_by_subject ON ledger (subject, seq);
CREATE INDEX ledger_by_client ON ledger (client, event, seq);
CREATE TRIGGER ledger_keeps_lines BEFORE UPDATE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_loses_none BEFORE DELETE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
)sql",
    // Experiments on the running account, from proposal to reading.
    R"sql(
CREATE TABLE trial (id TEXT PRIMARY KEY, client TEXT NOT NULL, state TEXT NOT NULL,
  at TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX trial_by_client ON trial (client, id);
CREATE TABLE lift (trial TEXT NOT NULL, client TEXT NOT NULL, channel TEXT NOT NULL,
  first_day TEXT NOT NULL, last_day TEXT NOT NULL, revenue REAL NOT NULL, se REAL NOT NULL,
  spend REAL, PRIMARY KEY (trial, first_day));
)sql",
    // Reports that were made, and the hash of each form that was rendered. Neither ever changes.
    R"sql(
CREATE TABLE report (id TEXT PRIMARY KEY, client TEXT NOT NULL, kind TEXT NOT NULL,
  audience TEXT NOT NULL, language TEXT NOT NULL, title TEXT NOT NULL, first_day TEXT NOT NULL,
  last_day TEXT NOT NULL, as_of TEXT NOT NULL, made_at TEXT NOT NULL, by TEXT NOT NULL,
  template TEXT NOT NULL, software TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX report_by_client ON report (client, made_at);
CREATE TABLE report_form (id TEXT NOT NULL REFERENCES report, form TEXT NOT NULL,
  sha256 TEXT NOT NULL, software TEXT NOT NULL, PRIMARY KEY (id, form));
CREATE TRIGGER report_is_kept BEFORE UPDATE ON report
  BEGIN SELECT RAISE(ABORT, 'a report never changes'); END;
CREATE TRIGGER report_is_not_lost BEFORE DELETE ON report
  BEGIN SELECT RAISE(ABORT, 'a report is never deleted'); END;
)sql",
    // Tactics with what was measured of them, and what was remembered for each decision.
    R"sql(
CREATE TABLE tactic (id TEXT PRIMARY KEY, client TEXT NOT NULL, grade TEXT NOT NULL,
  source TEXT NOT NULL, updated_at TEXT NOT NULL, expires_at TEXT NOT NULL DEFAULT '',
  retired_at TEXT NOT NULL DEFAULT '', body TEXT NOT NULL);
CREATE INDEX tactic_by_client ON tactic (client, id);
CREATE TABLE tactic_measurement (tactic TEXT NOT NULL REFERENCES tactic, source TEXT NOT NULL,
  client TEXT NOT NULL, first_day TEXT NOT NULL, last_day TEXT NOT NULL, lift REAL NOT NULL,
  se REAL NOT NULL, experiment INTEGER NOT NULL, method TEXT NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (tactic, source));
CREATE INDEX tactic_measurement_by_client ON tactic_measurement (client, source);
CREATE TABLE recollection (about TEXT NOT NULL, stage TEXT NOT NULL, client TEXT NOT NULL,
  at TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (about, stage, digest));
CREATE INDEX recollection_by_client ON recollection (client, at);
CREATE TABLE remembered (digest TEXT PRIMARY KEY, body TEXT NOT NULL);
)sql",
    // Tasks that other agents gave (A2A): each with the message that began it, so that the same
    // message again is the same task.
    R"sql(
CREATE TABLE agent_task (id TEXT PRIMARY KEY, context TEXT NOT NULL, asker TEXT NOT NULL,
  message TEXT NOT NULL, state TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
  body TEXT NOT NULL, UNIQUE (asker, message));
CREATE INDEX agent_task_by_asker ON agent_task (asker, updated_at);
)sql",
    // Decision cycles, each as far as it got.
    R"sql(
CREATE TABLE cycle (id TEXT PRIMARY KEY, client TEXT NOT NULL, stage TEXT NOT NULL,
  state TEXT NOT NULL, began_at TEXT NOT NULL, updated_at TEXT NOT NULL, revision INTEGER NOT NULL,
  body TEXT NOT NULL);
CREATE INDEX cycle_by_client ON cycle (client, began_at);
)sql",
    // What teammates sent, and how what Max sent them is delivered. An id of a sender is one
    // message; what was refused is kept every time it came.
    R"sql(
CREATE TABLE inbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, sender TEXT NOT NULL, id TEXT NOT NULL,
  client TEXT NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL, title TEXT NOT NULL,
  correlation TEXT NOT NULL, in_reply_to TEXT NOT NULL, via TEXT NOT NULL, by TEXT NOT NULL,
  state TEXT NOT NULL, why TEXT NOT NULL, received_at TEXT NOT NULL, due_at TEXT NOT NULL,
  closed_at TEXT NOT NULL, digest TEXT NOT NULL, content TEXT NOT NULL, repeats INTEGER NOT NULL,
  answer TEXT NOT NULL);
CREATE UNIQUE INDEX inbox_once ON inbox (sender, id) WHERE state <> 'refused';
CREATE INDEX inbox_by_client ON inbox (client, kind, seq);
CREATE TABLE message_thread (message TEXT PRIMARY KEY REFERENCES message, correlation TEXT NOT NULL,
  in_reply_to TEXT NOT NULL, due_at TEXT NOT NULL, answered_by TEXT NOT NULL DEFAULT '',
  answered_at TEXT NOT NULL DEFAULT '');
CREATE TABLE delivery (message TEXT NOT NULL REFERENCES message, member TEXT NOT NULL,
  channel TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, queued_at TEXT NOT NULL,
  next_at TEXT NOT NULL, settled_at TEXT NOT NULL, how TEXT NOT NULL,
  PRIMARY KEY (message, member, channel));
CREATE INDEX delivery_by_due ON delivery (next_at) WHERE state IN ('pending', 'unknown', 'sending');
)sql",
};
constexpr int kVersion = static_cast<int>(std::size(kMigrations));

/// How long to wait for another process: long enough for a job of `maxopt serve`, which holds the
/// home only while one runs. MAXOPT_LOCK_WAIT (seconds) says otherwise.
std::chrono::seconds LockWait() {
  constexpr std::chrono::seconds kWait{30};
  const char* text = std::getenv("MAXOPT_LOCK_WAIT");
  if (!text || !*text) return kWait;
  int seconds = 0;
  const std::string_view view(text);
  const auto [end, code] = std::from_chars(view.data(), view.data() + view.size(), seconds);
  const bool good = code == std::errc() && end == view.data() + view.size() && seconds >= 0;
  return good ? std::chrono::seconds(seconds) : kWait;
}

/// Takes <path>.lock for this process; -1 for a database in memory. The file tells whose it is.
Result<int> TakeLock(const std::string& path) {
  if (path == ":memory:") return -1;
  const std::string name = path + ".lock";
  const int fd = ::open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return Fail(Errc::kLocal, fmt::format("{} cannot be opened", name));
  const auto begin = std::chrono::steady_clock::now();
  const std::chrono::seconds wait = LockWait();
  bool told = false;
  // Who waits says so by a shared lock beside, so that a process that keeps the home open between
  // its tasks (SharedHome) lets go.
  int waiting = -1;
  const auto stop_waiting = [&waiting] {
    if (waiting >= 0) ::close(waiting);
  };
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (waiting < 0) {
      waiting = ::open((path + ".waiting").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    }
    if (waiting >= 0) (void)::flock(waiting, LOCK_SH | LOCK_NB);
    const auto waited = std::chrono::steady_clock::now() - begin;
    char holder[24] = {};
    const ssize_t read = ::pread(fd, holder, sizeof holder - 1, 0);
    const std::string by = read > 0 ? fmt::format(" (process {})", holder) : std::string();
    if (waited >= wait) {
      stop_waiting();
      ::close(fd);
      return Fail(Errc::kLocal,
                  fmt::format("{} is in use by another maxopt process{}; one at a time may write. "
                              "It was waited for {} s. Stop it, or use another --home",
                              path, by, wait.count()));
    }
    if (!told && waited >= std::chrono::seconds(2)) {
      fmt::print(stderr, "maxopt: waiting for another maxopt process{} to let go of {}\n", by,
                 path);
      told = true;
    }
    ::usleep(20'000);
  }
  stop_waiting();
  const std::string self = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, self.data(), self.size(), 0) != static_cast<ssize_t>(self.size())) {
    // Only words for a message are lost.
  }
  return fd;
}

/// A statement ends with its line; a semicolon within a line is of a trigger's body.
void Script(soci::session& sql, const std::string& script) {
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = script.find(";\n", begin);
    if (end == std::string::npos) return;
    sql << script.substr(begin, end - begin);
    begin = end + 1;
  }
}

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  std::unique_ptr<Database> database(new Database(path));
  MAXOPT_TRY(database->lock_, TakeLock(path));
  MAXOPT_CHECK(database->Do([&](soci::session& sql) -> Result<> {
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
  return database;
}

Database::~Database() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace maxopt
