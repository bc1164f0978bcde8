#include "memory/campaigns/users.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <mutex>
#include <nlohmann/json.hpp>

#include "domain/digest.h"

namespace maxopt {
namespace {

using std::chrono::seconds;

// Migration n brings the schema from version n to n + 1. Never edit one that has shipped: append.
const char* const kMigrations[] = {
    R"sql(
CREATE TABLE user (name TEXT PRIMARY KEY, role TEXT NOT NULL, clients TEXT NOT NULL,
  locale TEXT NOT NULL, password TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL);
CREATE TABLE session (digest TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES user
  ON DELETE CASCADE, created_at TEXT NOT NULL, seen_at TEXT NOT NULL);
CREATE TABLE link (digest TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES user ON DELETE CASCADE,
  expires_at TEXT NOT NULL);
CREATE TABLE api_key (prefix TEXT PRIMARY KEY, digest TEXT NOT NULL, user TEXT NOT NULL
  REFERENCES user ON DELETE CASCADE, what TEXT NOT NULL, role TEXT NOT NULL, clients TEXT NOT NULL,
  created_at TEXT NOT NULL, expires_at TEXT NOT NULL DEFAULT '',
  revoked_at TEXT NOT NULL DEFAULT '', used_at TEXT NOT NULL DEFAULT '');
CREATE TABLE failure (who TEXT PRIMARY KEY, count INTEGER NOT NULL, at TEXT NOT NULL);
CREATE TABLE write_request (user TEXT NOT NULL, key TEXT NOT NULL, request TEXT NOT NULL,
  at TEXT NOT NULL, process TEXT NOT NULL, status INTEGER NOT NULL DEFAULT 0,
  content_type TEXT NOT NULL DEFAULT '', body TEXT NOT NULL DEFAULT '', PRIMARY KEY (user, key));
CREATE INDEX write_request_by_time ON write_request (at);
CREATE TABLE audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, user TEXT NOT NULL,
  key TEXT NOT NULL, peer TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
  status INTEGER NOT NULL, what TEXT NOT NULL);
CREATE TABLE secret (name TEXT PRIMARY KEY, value TEXT NOT NULL);
)sql",
};
constexpr int kVersion = static_cast<int>(std::size(kMigrations));

// OWASP's Authentication Cheat Sheet asks for lengths, not for kinds of characters.
constexpr std::size_t kPasswordMin = 12, kPasswordMax = 128;
constexpr int kFailuresOfName = 5, kFailuresOfPeer = 20;
constexpr int kWaitMaxSeconds = 900;
constexpr auto kFailuresForgotten = std::chrono::hours(24);
constexpr auto kAnswersKept = std::chrono::hours(24);
/// How exactly a use is remembered: a write to the disk for each request would slow all down.
constexpr auto kUseNoted = std::chrono::minutes(1);

constexpr std::string_view kClientsAll = "*";

std::string PrintScope(const ClientScope& scope) {
  return scope
             ? nlohmann::json(*scope).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
             : std::string(kClientsAll);
}
ClientScope ParseScope(const std::string& text) {
  if (text == kClientsAll) return std::nullopt;
  std::vector<std::string> out;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_array()) {
    for (const auto& one : json) {
      if (one.is_string()) out.push_back(one.get<std::string>());
    }
  }
  return out;  // what cannot be read opens nothing
}

std::string TimeText(const std::optional<Instant>& at) { return at ? PrintInstant(*at) : ""; }
std::optional<Instant> TimeOf(const std::string& text) {
  const auto at = ParseInstant(text);
  return at ? std::optional(*at) : std::nullopt;
}

std::string TokenDigest(std::string_view secret) {
  return Sha256Hex(std::string("maxopt token/1:") + std::string(secret));
}

bool IsName(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > 64 || !plain(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return plain(c) || c == '.' || c == '_' || c == '@' || c == '-';
  });
}

Error Unauthenticated(std::string what) { return {Errc::kUnauthenticated, std::move(what)}; }

/// Memory-hard work, one at a time: many logins at once must not take the machine's memory.
std::mutex& HashMutex() {
  static std::mutex mutex;
  return mutex;
}
Result<std::string> HashPassword(const std::string& password) {
  const std::lock_guard lock(HashMutex());
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (::crypto_pwhash_str_alg(
          out.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
          crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Fail(Errc::kLocal, "there is not enough memory (64 MiB) to hash a password");
  }
  return std::string(out.data());
}
bool VerifyPassword(const std::string& hash, const std::string& password) {
  const std::lock_guard lock(HashMutex());
  return ::crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

class Store final : public UserStore {
 public:
  explicit Store(std::string path) : path_(std::move(path)), process_(RandomToken()) {}

  template <class Work>
  auto Do(Work work) -> decltype(work(std::declval<soci::session&>())) {
    const std::lock_guard guard(mutex_);
    try {
      return work(sql_);
    } catch (const std::exception& e) {
      return Fail(Errc::kLocal, fmt::format("{}: {}", path_, e.what()));
    }
  }

  Result<> OpenFile() {
    return Do([&](soci::session& sql) -> Result<> {
      sql.open(soci::sqlite3, "dbname=" + path_ + " timeout=10");
      ::chmod(path_.c_str(), 0600);
      // Several processes write, so no WAL (database.h); a rollback journal is safe for that.
      for (const char* pragma : {"PRAGMA journal_mode=TRUNCATE", "PRAGMA synchronous=FULL",
                                 "PRAGMA foreign_keys=ON", "PRAGMA trusted_schema=OFF"}) {
        sql << pragma;
      }
      // Immediate: of two processes that open it at once, one migrates.
      sql << "BEGIN IMMEDIATE";
      int version = 0;
      sql << "PRAGMA user_version", soci::into(version);
      if (version > kVersion) {
        sql << "ROLLBACK";
        return Fail(Errc::kLocal,
                    fmt::format("{} was written by a newer maxopt (schema {}, this one knows {})",
                                path_, version, kVersion));
      }
      for (; version < kVersion; ++version) {
        const std::string script = kMigrations[version];
        for (std::size_t begin = 0, end = 0; (end = script.find(";\n", begin)) != std::string::npos;
             begin = end + 1) {
          sql << script.substr(begin, end - begin);
        }
        sql << fmt::format("PRAGMA user_version={}", version + 1);
      }
      sql << "COMMIT";
      return {};
    });
  }

  // --- users ---

  Result<std::vector<User>> Users() override {
    return Do([&](soci::session& sql) -> Result<std::vector<User>> {
      std::vector<User> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT name, role, clients, locale, "
                          "CAST(password <> '' AS TEXT), created_at FROM user ORDER BY name");
      for (const soci::row& row : rows) {
        MAXOPT_TRY(User user, UserOf(row));
        out.push_back(std::move(user));
      }
      return out;
    });
  }

  Result<User> GetUser(const std::string& name) override {
    return Do([&](soci::session& sql) -> Result<User> { return Find(sql, name); });
  }

  Result<> AddUser(const User& user) override {
    if (!IsName(user.name)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("\"{}\" is no user name: 1 to 64 of a-z 0-9 . _ @ -, beginning with "
                              "a letter or digit",
                              user.name));
    }
    return Do([&](soci::session& sql) -> Result<> {
      soci::transaction transaction(sql);
      if (Find(sql, user.name)) {
        return Fail(Errc::kConflict, fmt::format("there is a user \"{}\" already", user.name));
      }
      const std::string role(RoleName(user.role));
      const std::string clients = PrintScope(user.clients);
      const std::string at = PrintInstant(user.created_at);
      sql << "INSERT INTO user (name, role, clients, locale, created_at) "
             "VALUES (:n, :r, :c, :l, :a)",
          soci::use(user.name), soci::use(role), soci::use(clients), soci::use(user.locale),
          soci::use(at);
      transaction.commit();
      return {};
    });
  }

  Result<> ChangeUser(const User& user) override {
    return Do([&](soci::session& sql) -> Result<> {
      soci::transaction transaction(sql);
      MAXOPT_TRY(const User was, Find(sql, user.name));
      if (was.role == Role::kAdmin && user.role != Role::kAdmin) {
        MAXOPT_CHECK(OtherAdmin(sql, user.name));
      }
      const std::string role(RoleName(user.role));
      const std::string clients = PrintScope(user.clients);
      sql << "UPDATE user SET role = :r, clients = :c, locale = :l WHERE name = :n",
          soci::use(role), soci::use(clients), soci::use(user.locale), soci::use(user.name);
      transaction.commit();
      return {};
    });
  }

  Result<> SetPassword(const std::string& name, const std::string& password) override {
    if (password.size() < kPasswordMin || password.size() > kPasswordMax) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("a password has {} to {} characters; a few words make a good one",
                              kPasswordMin, kPasswordMax));
    }
    MAXOPT_CHECK(GetUser(name));
    MAXOPT_TRY(const std::string hash, HashPassword(password));
    return Do([&](soci::session& sql) -> Result<> {
      soci::transaction transaction(sql);
      sql << "UPDATE user SET password = :p WHERE name = :n", soci::use(hash), soci::use(name);
      sql << "DELETE FROM session WHERE user = :n", soci::use(name);
      sql << "DELETE FROM link WHERE user = :n", soci::use(name);
      transaction.commit();
      return {};
    });
  }

  Result<> RemoveUser(const std::string& name) override {
    return Do([&](soci::session& sql) -> Result<> {
      soci::transaction transaction(sql);
      MAXOPT_TRY(const User was, Find(sql, name));
      if (was.role == Role::kAdmin) MAXOPT_CHECK(OtherAdmin(sql, name));
      sql << "DELETE FROM user WHERE name = :n", soci::use(name);
      transaction.commit();
      return {};
    });
  }

  // --- coming in ---

  Result<std::string> CheckPassword(const std::string& name, const std::string& password,
                                    const std::string& peer, Instant now) override {
    const std::string by_name = "name:" + name.substr(0, 64), by_peer = "peer:" + peer;
    // Counted before the work, so that many tries at once are counted as many.
    MAXOPT_TRY(const std::string hash, Do([&](soci::session& sql) -> Result<std::string> {
                 soci::transaction transaction(sql);
                 MAXOPT_CHECK(MayTry(sql, by_name, kFailuresOfName, now));
                 if (!peer.empty()) MAXOPT_CHECK(MayTry(sql, by_peer, kFailuresOfPeer, now));
                 CountFailure(sql, by_name, now);
                 if (!peer.empty()) CountFailure(sql, by_peer, now);
                 std::string found;
                 soci::indicator there = soci::i_null;
                 sql << "SELECT password FROM user WHERE name = :n", soci::into(found, there),
                     soci::use(name);
                 if (!sql.got_data()) found.clear();
                 transaction.commit();
                 return found;
               }));
    bool good = false;
    if (hash.empty() || password.size() > kPasswordMax) {
      MAXOPT_CHECK(NobodysHash());
      (void)VerifyPassword(nobody_, password.substr(0, kPasswordMax));
    } else {
      good = VerifyPassword(hash, password);
    }
    if (!good) return Fail(Unauthenticated("name or password is wrong"));
    return Do([&](soci::session& sql) -> Result<std::string> {
      soci::transaction transaction(sql);
      sql << "DELETE FROM failure WHERE who = :w", soci::use(by_name);
      // A good try was no failure of the peer; its earlier ones stay.
      sql << "UPDATE failure SET count = count - 1 WHERE who = :w AND count > 0",
          soci::use(by_peer);
      transaction.commit();
      return name;
    });
  }

  Result<std::string> MakeLink(const std::string& user, Instant, Instant expires_at) override {
    MAXOPT_CHECK(GetUser(user));
    const std::string secret = RandomToken(), digest = TokenDigest(secret);
    const std::string expires = PrintInstant(expires_at);
    return Do([&](soci::session& sql) -> Result<std::string> {
      sql << "INSERT INTO link (digest, user, expires_at) VALUES (:d, :u, :e)", soci::use(digest),
          soci::use(user), soci::use(expires);
      return secret;
    });
  }

  Result<std::string> UseLink(const std::string& secret, Instant now) override {
    const std::string digest = TokenDigest(secret);
    return Do([&](soci::session& sql) -> Result<std::string> {
      soci::transaction transaction(sql);
      std::string user, expires;
      sql << "SELECT user, expires_at FROM link WHERE digest = :d", soci::into(user),
          soci::into(expires), soci::use(digest);
      const bool there = sql.got_data();
      sql << "DELETE FROM link WHERE digest = :d", soci::use(digest);
      transaction.commit();
      const auto until = TimeOf(expires);
      if (!there || !until || *until <= now) {
        return Fail(Unauthenticated(
            "this link was used, has expired or is none; maxopt link makes a new one"));
      }
      return user;
    });
  }

  Result<std::string> BeginSession(const std::string& user, Instant now) override {
    const std::string secret = RandomToken(), digest = TokenDigest(secret);
    const std::string at = PrintInstant(now);
    return Do([&](soci::session& sql) -> Result<std::string> {
      soci::transaction transaction(sql);
      MAXOPT_CHECK(Find(sql, user));
      sql << "INSERT INTO session (digest, user, created_at, seen_at) VALUES (:d, :u, :a, :a2)",
          soci::use(digest), soci::use(user), soci::use(at), soci::use(at);
      transaction.commit();
      return secret;
    });
  }

  Result<> EndSession(const std::string& secret) override {
    const std::string digest = TokenDigest(secret);
    return Do([&](soci::session& sql) -> Result<> {
      sql << "DELETE FROM session WHERE digest = :d", soci::use(digest);
      return {};
    });
  }

  Result<Identity> OfSession(const std::string& secret, const SessionLimits& limits,
                             Instant now) override {
    const std::string digest = TokenDigest(secret);
    return Do([&](soci::session& sql) -> Result<Identity> {
      std::string name, created, seen;
      sql << "SELECT user, created_at, seen_at FROM session WHERE digest = :d", soci::into(name),
          soci::into(created), soci::into(seen), soci::use(digest);
      if (!sql.got_data()) return Fail(Unauthenticated("you are not logged in"));
      const auto began = TimeOf(created), last = TimeOf(seen);
      if (!began || !last || now - *began >= limits.absolute || now - *last >= limits.idle) {
        sql << "DELETE FROM session WHERE digest = :d", soci::use(digest);
        return Fail(Unauthenticated("the session is over; log in again"));
      }
      MAXOPT_TRY(const User user, Find(sql, name));
      if (now - *last >= kUseNoted) {
        const std::string at = PrintInstant(now);
        sql << "UPDATE session SET seen_at = :a WHERE digest = :d", soci::use(at),
            soci::use(digest);
      }
      return Identity{user.name, "", user.role, user.clients, user.locale};
    });
  }

  // --- keys ---

  Result<NewKey> AddKey(ApiKey key, Instant now) override {
    if (key.expires_at && *key.expires_at <= now) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("the key would have expired at {}", PrintInstant(*key.expires_at)));
    }
    key.created_at = now;
    key.revoked_at = key.used_at = std::nullopt;
    std::array<unsigned char, 4> bytes{};
    ::randombytes_buf(bytes.data(), bytes.size());
    key.prefix = fmt::format("mk_{:02x}", fmt::join(bytes, ""));
    const std::string secret = key.prefix + "_" + RandomToken();
    const std::string digest = TokenDigest(secret), role(RoleName(key.role));
    const std::string clients = PrintScope(key.clients), at = PrintInstant(now);
    const std::string expires = TimeText(key.expires_at);
    return Do([&](soci::session& sql) -> Result<NewKey> {
      soci::transaction transaction(sql);
      MAXOPT_TRY(const User user, Find(sql, key.user));
      if (key.role > user.role) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("{} is {}: a key of this user cannot be {}", user.name,
                                RoleName(user.role), RoleName(key.role)));
      }
      sql << "INSERT INTO api_key (prefix, digest, user, what, role, clients, created_at, "
             "expires_at) VALUES (:p, :d, :u, :w, :r, :c, :a, :e)",
          soci::use(key.prefix), soci::use(digest), soci::use(key.user), soci::use(key.what),
          soci::use(role), soci::use(clients), soci::use(at), soci::use(expires);
      transaction.commit();
      return NewKey{key, secret};
    });
  }

  Result<std::vector<ApiKey>> Keys() override {
    return Do([&](soci::session& sql) -> Result<std::vector<ApiKey>> {
      std::vector<ApiKey> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT prefix, user, what, role, clients, created_at, expires_at, "
                          "revoked_at, used_at FROM api_key ORDER BY created_at, prefix");
      for (const soci::row& row : rows) {
        ApiKey key;
        key.prefix = row.get<std::string>(0);
        key.user = row.get<std::string>(1);
        key.what = row.get<std::string>(2);
        MAXOPT_TRY(key.role, FindRole(row.get<std::string>(3)));
        key.clients = ParseScope(row.get<std::string>(4));
        MAXOPT_TRY(key.created_at, ParseInstant(row.get<std::string>(5)));
        key.expires_at = TimeOf(row.get<std::string>(6));
        key.revoked_at = TimeOf(row.get<std::string>(7));
        key.used_at = TimeOf(row.get<std::string>(8));
        out.push_back(std::move(key));
      }
      return out;
    });
  }

  Result<> RevokeKey(const std::string& prefix, Instant now) override {
    const std::string at = PrintInstant(now);
    return Do([&](soci::session& sql) -> Result<> {
      soci::transaction transaction(sql);
      int there = 0;
      sql << "SELECT count(*) FROM api_key WHERE prefix = :p", soci::into(there), soci::use(prefix);
      if (there == 0) return Fail(Errc::kNotFound, fmt::format("there is no key {}", prefix));
      sql << "UPDATE api_key SET revoked_at = :a WHERE prefix = :p AND revoked_at = ''",
          soci::use(at), soci::use(prefix);
      transaction.commit();
      return {};
    });
  }

  Result<Identity> OfKey(const std::string& secret, Instant now) override {
    const std::string digest = TokenDigest(secret);
    // "mk_" and eight hexadecimal digits.
    const std::string prefix = secret.substr(0, 11);
    return Do([&](soci::session& sql) -> Result<Identity> {
      std::string kept, name, role_name, clients, expires, revoked, used;
      sql << "SELECT digest, user, role, clients, expires_at, revoked_at, used_at FROM api_key "
             "WHERE prefix = :p",
          soci::into(kept), soci::into(name), soci::into(role_name), soci::into(clients),
          soci::into(expires), soci::into(revoked), soci::into(used), soci::use(prefix);
      if (!sql.got_data() || !SameSecret(kept, digest)) {
        return Fail(Unauthenticated("this API key is not known"));
      }
      if (!revoked.empty()) return Fail(Unauthenticated("this API key was revoked"));
      if (!expires.empty()) {
        const auto until = TimeOf(expires);
        if (!until || *until <= now) return Fail(Unauthenticated("this API key has expired"));
      }
      MAXOPT_TRY(const User user, Find(sql, name));
      MAXOPT_TRY(const Role role, FindRole(role_name));
      const auto last = TimeOf(used);
      if (!last || now - *last >= kUseNoted) {
        const std::string at = PrintInstant(now);
        sql << "UPDATE api_key SET used_at = :a WHERE prefix = :p", soci::use(at),
            soci::use(prefix);
      }
      return Identity{user.name, prefix, std::min(role, user.role),
                      Narrowed(ParseScope(clients), user.clients), user.locale};
    });
  }

  // --- writes ---

  Result<std::optional<KeptAnswer>> BeginWrite(const std::string& user, const std::string& key,
                                               const std::string& request, Instant now) override {
    const std::string at = PrintInstant(now);
    const std::string old = PrintInstant(now - kAnswersKept);
    return Do([&](soci::session& sql) -> Result<std::optional<KeptAnswer>> {
      sql << "BEGIN IMMEDIATE";
      try {
        sql << "DELETE FROM write_request WHERE user = :u AND key = :k AND at < :o",
            soci::use(user), soci::use(key), soci::use(old);
        std::string known, process;
        KeptAnswer answer;
        sql << "SELECT request, process, status, content_type, body FROM write_request "
               "WHERE user = :u AND key = :k",
            soci::into(known), soci::into(process), soci::into(answer.status),
            soci::into(answer.content_type), soci::into(answer.body), soci::use(user),
            soci::use(key);
        if (!sql.got_data()) {
          sql << "INSERT INTO write_request (user, key, request, at, process) "
                 "VALUES (:u, :k, :r, :a, :p)",
              soci::use(user), soci::use(key), soci::use(request), soci::use(at),
              soci::use(process_);
          sql << "COMMIT";
          return std::nullopt;
        }
        sql << "COMMIT";
        if (known != request) {
          return Fail(Errc::kInvalidArgument,
                      "this Idempotency-Key was used for another request within 24 hours; each "
                      "write needs its own");
        }
        if (answer.status != 0) return answer;
        if (process == process_) {
          Error error{Errc::kConflict, "the same request is under way; ask again for its answer"};
          error.retry_after_s = 1;
          return Fail(std::move(error));
        }
        return Fail(Errc::kUnknownOutcome,
                    "this request was cut off when maxopt stopped; look whether it happened, then "
                    "ask with a new Idempotency-Key");
      } catch (...) {
        sql << "ROLLBACK";
        throw;
      }
    });
  }

  Result<> FinishWrite(const std::string& user, const std::string& key,
                       const KeptAnswer& answer) override {
    return Do([&](soci::session& sql) -> Result<> {
      sql << "UPDATE write_request SET status = :s, content_type = :t, body = :b "
             "WHERE user = :u AND key = :k AND status = 0",
          soci::use(answer.status), soci::use(answer.content_type), soci::use(answer.body),
          soci::use(user), soci::use(key);
      return {};
    });
  }

  Result<> AbandonWrite(const std::string& user, const std::string& key) override {
    return Do([&](soci::session& sql) -> Result<> {
      sql << "DELETE FROM write_request WHERE user = :u AND key = :k AND status = 0",
          soci::use(user), soci::use(key);
      return {};
    });
  }

  Result<> Audit(const AuditLine& line) override {
    const std::string at = PrintInstant(line.at);
    return Do([&](soci::session& sql) -> Result<> {
      sql << "INSERT INTO audit (at, user, key, peer, method, path, status, what) "
             "VALUES (:a, :u, :k, :p, :m, :pa, :s, :w)",
          soci::use(at), soci::use(line.user), soci::use(line.key), soci::use(line.peer),
          soci::use(line.method), soci::use(line.path), soci::use(line.status),
          soci::use(line.what);
      return {};
    });
  }

  Result<std::vector<AuditLine>> AuditLines(std::int64_t before, int limit) override {
    const std::string below = std::to_string(before > 0 ? before : INT64_MAX);
    return Do([&](soci::session& sql) -> Result<std::vector<AuditLine>> {
      std::vector<AuditLine> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT CAST(seq AS TEXT), at, user, key, peer, method, path, status, "
                          "what FROM audit WHERE seq < CAST(:b AS INTEGER) "
                          "ORDER BY seq DESC LIMIT :l",
           soci::use(below), soci::use(limit));
      for (const soci::row& row : rows) {
        AuditLine line;
        line.seq = std::stoll(row.get<std::string>(0));
        MAXOPT_TRY(line.at, ParseInstant(row.get<std::string>(1)));
        line.user = row.get<std::string>(2);
        line.key = row.get<std::string>(3);
        line.peer = row.get<std::string>(4);
        line.method = row.get<std::string>(5);
        line.path = row.get<std::string>(6);
        line.status = row.get<int>(7);
        line.what = row.get<std::string>(8);
        out.push_back(std::move(line));
      }
      return out;
    });
  }

  Result<std::string> Secret() override {
    const std::string fresh = RandomToken();
    return Do([&](soci::session& sql) -> Result<std::string> {
      sql << "INSERT OR IGNORE INTO secret (name, value) VALUES ('cursor', :v)", soci::use(fresh);
      std::string kept;
      sql << "SELECT value FROM secret WHERE name = 'cursor'", soci::into(kept);
      return kept;
    });
  }

  Result<> Prune(const SessionLimits& limits, Instant now) override {
    const std::string at = PrintInstant(now);
    const std::string idle = PrintInstant(now - limits.idle);
    const std::string old = PrintInstant(now - limits.absolute);
    const std::string answers = PrintInstant(now - kAnswersKept);
    const std::string failures = PrintInstant(now - kFailuresForgotten);
    return Do([&](soci::session& sql) -> Result<> {
      soci::transaction transaction(sql);
      sql << "DELETE FROM session WHERE seen_at < :i OR created_at < :o", soci::use(idle),
          soci::use(old);
      sql << "DELETE FROM link WHERE expires_at < :n", soci::use(at);
      sql << "DELETE FROM write_request WHERE at < :a", soci::use(answers);
      sql << "DELETE FROM failure WHERE at < :f", soci::use(failures);
      transaction.commit();
      return {};
    });
  }

 private:
  static Result<User> UserOf(const soci::row& row) {
    User user;
    user.name = row.get<std::string>(0);
    MAXOPT_TRY(user.role, FindRole(row.get<std::string>(1)));
    user.clients = ParseScope(row.get<std::string>(2));
    user.locale = row.get<std::string>(3);
    user.has_password = row.get<std::string>(4) == "1";
    MAXOPT_TRY(user.created_at, ParseInstant(row.get<std::string>(5)));
    return user;
  }

  static Result<User> Find(soci::session& sql, const std::string& name) {
    User user;
    std::string role, clients, created;
    int password = 0;
    sql << "SELECT name, role, clients, locale, password <> '', created_at FROM user "
           "WHERE name = :n",
        soci::into(user.name), soci::into(role), soci::into(clients), soci::into(user.locale),
        soci::into(password), soci::into(created), soci::use(name);
    if (!sql.got_data()) {
      return Fail(Errc::kNotFound,
                  fmt::format("there is no user \"{}\"; maxopt users list shows them", name));
    }
    MAXOPT_TRY(user.role, FindRole(role));
    user.clients = ParseScope(clients);
    user.has_password = password != 0;
    MAXOPT_TRY(user.created_at, ParseInstant(created));
    return user;
  }

  static Result<> OtherAdmin(soci::session& sql, const std::string& name) {
    int others = 0;
    sql << "SELECT count(*) FROM user WHERE role = 'admin' AND name <> :n", soci::into(others),
        soci::use(name);
    if (others > 0) return {};
    return Fail(Errc::kRefused, fmt::format("{} is the last admin; make another one first", name));
  }

  static Result<> MayTry(soci::session& sql, const std::string& who, int free, Instant now) {
    int count = 0;
    std::string at_text;
    sql << "SELECT count, at FROM failure WHERE who = :w", soci::into(count), soci::into(at_text),
        soci::use(who);
    if (!sql.got_data() || count < free) return {};
    const auto at = TimeOf(at_text);
    if (!at || now - *at >= kFailuresForgotten) return {};
    const int wait = std::min(kWaitMaxSeconds, 1 << std::min(count - free, 12));
    const auto left = std::chrono::ceil<seconds>(*at + seconds(wait) - now).count();
    if (left <= 0) return {};
    Error error{Errc::kRateLimited, fmt::format("too many logins failed; try again in {} s", left)};
    error.retry_after_s = static_cast<int>(left);
    return Fail(std::move(error));
  }
  static void CountFailure(soci::session& sql, const std::string& who, Instant now) {
    const std::string at = PrintInstant(now), old = PrintInstant(now - kFailuresForgotten);
    sql << "DELETE FROM failure WHERE who = :w AND at < :o", soci::use(who), soci::use(old);
    sql << "INSERT INTO failure (who, count, at) VALUES (:w, 1, :a) "
           "ON CONFLICT (who) DO UPDATE SET count = count + 1, at = excluded.at",
        soci::use(who), soci::use(at);
  }

  /// The hash that a login of an unknown name is checked against, for the same work.
  Result<> NobodysHash() {
    const std::lock_guard lock(nobody_mutex_);
    if (!nobody_.empty()) return {};
    MAXOPT_TRY(nobody_, HashPassword(RandomToken()));
    return {};
  }

  const std::string path_;
  const std::string process_;  ///< this opening: writes of others that have no answer were cut off
  std::mutex mutex_;
  soci::session sql_;  // guarded by mutex_
  std::mutex nobody_mutex_;
  std::string nobody_;  // set once, under nobody_mutex_
};

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kViewer:
      return "viewer";
    case Role::kOperator:
      return "operator";
    case Role::kApprover:
      return "approver";
    case Role::kAdmin:
      return "admin";
  }
  Bug();
}

Result<Role> FindRole(std::string_view name) {
  for (const Role role : {Role::kViewer, Role::kOperator, Role::kApprover, Role::kAdmin}) {
    if (RoleName(role) == name) return role;
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("\"{}\" is no role; roles are viewer, operator, approver, admin", name));
}

bool Sees(const ClientScope& scope, std::string_view client) {
  return !scope || std::find(scope->begin(), scope->end(), client) != scope->end();
}

ClientScope Narrowed(const ClientScope& a, const ClientScope& b) {
  if (!a) return b;
  if (!b) return a;
  std::vector<std::string> both;
  for (const std::string& client : *a) {
    if (Sees(b, client)) both.push_back(client);
  }
  return both;
}

Result<std::unique_ptr<UserStore>> UserStore::Open(const std::string& path) {
  if (::sodium_init() < 0) return Fail(Errc::kLocal, "this machine gives no random numbers");
  auto store = std::make_unique<Store>(path);
  MAXOPT_CHECK(store->OpenFile());
  return store;
}

std::string CsrfToken(std::string_view session_secret) {
  return Sha256Hex("maxopt csrf/1:" + std::string(session_secret));
}

bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.empty() || ::sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

std::string RandomToken() {
  std::array<unsigned char, 32> bytes{};
  ::randombytes_buf(bytes.data(), bytes.size());
  std::array<char, sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING)> out{};
  ::sodium_bin2base64(out.data(), out.size(), bytes.data(), bytes.size(),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return out.data();
}

}  // namespace maxopt
