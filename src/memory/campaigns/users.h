#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "result/result.h"

/// Who may use the HTTP API, and what became of their writes. Kept in a file of its own
/// (access.db, mode 0600) beside the campaign memory, so that a login waits for no job and `maxopt
/// users` works while `maxopt serve` runs. Secrets are kept as digests only: passwords by Argon2id
/// (RFC 9106, libsodium's interactive limits), tokens of 256 random bits by SHA-256.
namespace maxopt {

/// Each may do what the ones before it may.
enum class Role {
  kViewer,    ///< reads
  kOperator,  ///< acknowledges, silences, proposes plans, makes reports
  kApprover,  ///< approves, rejects, applies, undoes
  kAdmin,     ///< users, keys, policy, rules, jobs, halt
};
std::string_view RoleName(Role role);  ///< "viewer", ...
/// kInvalidArgument lists the roles.
Result<Role> FindRole(std::string_view name);

/// Clients that someone may see: nullopt is all of them, also those to come.
using ClientScope = std::optional<std::vector<std::string>>;
bool Sees(const ClientScope& scope, std::string_view client);
/// What both see.
ClientScope Narrowed(const ClientScope& a, const ClientScope& b);

struct User {
  std::string name;  ///< [a-z0-9][a-z0-9._@-]{0,63}
  Role role = Role::kViewer;
  ClientScope clients{};
  std::string locale;  ///< "de-DE"; empty: the browser's
  bool has_password = false;
  Instant created_at{};
};

/// An API key without its secret.
struct ApiKey {
  std::string prefix;  ///< "mk_3fa91c04": what the key begins with, and its name in lists
  std::string user;    ///< whose it is: it never may more than this user
  std::string what;    ///< what it is for, in its owner's words
  Role role = Role::kViewer;
  ClientScope clients{};
  Instant created_at{};
  std::optional<Instant> expires_at{}, revoked_at{}, used_at{};
};

/// Who asks, after every check: role and clients are what he may with this session or key now.
struct Identity {
  std::string user;
  std::string key;  ///< prefix of the API key; empty: a session
  Role role = Role::kViewer;
  ClientScope clients{};
  std::string locale;
};

struct SessionLimits {
  std::chrono::seconds idle{std::chrono::hours(8)};        ///< a working day without a request
  std::chrono::seconds absolute{std::chrono::hours(168)};  ///< after a week one logs in again
};

/// What is kept of a write that was asked for with an idempotency key, for 24 hours.
struct KeptAnswer {
  int status = 0;
  std::string content_type, body;
};

/// A line of the audit: a write, and how it ended.
struct AuditLine {
  std::int64_t seq = 0;
  Instant at{};
  std::string user, key;  ///< empty: nobody was recognised
  std::string peer;       ///< IP address
  std::string method, path;
  int status = 0;
  std::string what;  ///< the error's code, "replayed", or empty
};

/// Thread-safe; several processes may have it open. Errors: kLocal with the file's name.
class UserStore {
 public:
  /// Creates or migrates the file (numbered migrations).
  static Result<std::unique_ptr<UserStore>> Open(const std::string& path);
  /// access.db of a home.
  static std::string PathIn(const std::string& home) { return home + "/access.db"; }
  virtual ~UserStore() = default;

  // --- users ---
  virtual Result<std::vector<User>> Users() = 0;
  virtual Result<User> GetUser(const std::string& name) = 0;
  /// kConflict when the name is taken; kInvalidArgument for a name that is none.
  virtual Result<> AddUser(const User& user) = 0;
  /// Role, clients and locale. A demotion works at once, on open sessions and keys as well.
  /// kRefused when it would leave no admin.
  virtual Result<> ChangeUser(const User& user) = 0;
  /// 12 to 128 characters; ends the user's sessions.
  virtual Result<> SetPassword(const std::string& name, const std::string& password) = 0;
  /// With sessions, links and keys. kRefused for the last admin.
  virtual Result<> RemoveUser(const std::string& name) = 0;

  // --- coming in ---
  /// The user's name. kUnauthenticated in the same words, and after the same work, for a wrong
  /// name, a wrong password and a user without one. After some failures of a name (5) or of a peer
  /// (20) kRateLimited with retry_after_s: twice as long after each further one, 15 minutes at
  /// most, without looking at the password. A success forgets the name's failures.
  virtual Result<std::string> CheckPassword(const std::string& name, const std::string& password,
                                            const std::string& peer, Instant now) = 0;
  /// A secret that logs `user` in once, until `expires_at`.
  virtual Result<std::string> MakeLink(const std::string& user, Instant now,
                                       Instant expires_at) = 0;
  /// The user's name; kUnauthenticated when it is unknown, used or expired.
  virtual Result<std::string> UseLink(const std::string& secret, Instant now) = 0;
  /// The session's secret.
  virtual Result<std::string> BeginSession(const std::string& user, Instant now) = 0;
  virtual Result<> EndSession(const std::string& secret) = 0;
  /// kUnauthenticated when unknown or over. Counts as use.
  virtual Result<Identity> OfSession(const std::string& secret, const SessionLimits& limits,
                                     Instant now) = 0;

  // --- keys ---
  struct NewKey {
    ApiKey key;
    std::string secret;  ///< the whole key, shown this once
  };
  /// `key.prefix` is given here. kInvalidArgument: no such user, more than the user's own role, or
  /// an expiry in the past.
  virtual Result<NewKey> AddKey(ApiKey key, Instant now) = 0;
  virtual Result<std::vector<ApiKey>> Keys() = 0;
  /// kNotFound; revoking twice is the same as once.
  virtual Result<> RevokeKey(const std::string& prefix, Instant now) = 0;
  /// kUnauthenticated when unknown, expired or revoked. Counts as use.
  virtual Result<Identity> OfKey(const std::string& secret, Instant now) = 0;

  // --- writes ---
  /// Begins a write under a key of the asker's choice; `request` is a digest of route and body.
  /// A value: the same was asked and answered; answer that again. nullopt: it is the caller's to
  /// do, and to end with FinishWrite or AbandonWrite. kConflict with retry_after_s: the same is
  /// under way. kInvalidArgument: the key was used for something else. kUnknownOutcome: an earlier
  /// try was cut off, so whether it happened must be looked at.
  virtual Result<std::optional<KeptAnswer>> BeginWrite(const std::string& user,
                                                       const std::string& key,
                                                       const std::string& request, Instant now) = 0;
  virtual Result<> FinishWrite(const std::string& user, const std::string& key,
                               const KeptAnswer& answer) = 0;
  /// Nothing happened: the key is free again.
  virtual Result<> AbandonWrite(const std::string& user, const std::string& key) = 0;
  virtual Result<> Audit(const AuditLine& line) = 0;
  /// Newest first, before line `before` (0: from the newest).
  virtual Result<std::vector<AuditLine>> AuditLines(std::int64_t before, int limit) = 0;

  /// 32 random bytes in hex, made once for this home: signs what clients hand back (cursors).
  virtual Result<std::string> Secret() = 0;
  /// Forgets what is over: sessions, links, answers older than a day, old failures.
  virtual Result<> Prune(const SessionLimits& limits, Instant now) = 0;
};

/// The token that a page must send with each write of a session: bound to the session, and useless
/// without it.
std::string CsrfToken(std::string_view session_secret);
/// In constant time for equal lengths.
bool SameSecret(std::string_view a, std::string_view b);
/// 256 random bits, base64url (43 characters).
std::string RandomToken();

}  // namespace maxopt
