// Logging in and out; users, keys, the audit.
#include <fmt/format.h>

#include <algorithm>

#include "app/api/route.h"

namespace maxopt::api {
namespace {

ordered_json ScopeJson(const ClientScope& scope) {
  return scope ? ordered_json(*scope) : ordered_json(nullptr);
}
ordered_json TimeJson(const std::optional<Instant>& at) {
  return at ? ordered_json(PrintInstant(*at)) : ordered_json(nullptr);
}

ordered_json UserJson(const User& user) {
  return {{"name", user.name},
          {"role", RoleName(user.role)},
          {"clients", ScopeJson(user.clients)},
          {"locale", user.locale},
          {"has_password", user.has_password},
          {"created_at", PrintInstant(user.created_at)}};
}

ordered_json KeyJson(const ApiKey& key) {
  return {{"prefix", key.prefix},
          {"user", key.user},
          {"what", key.what},
          {"role", RoleName(key.role)},
          {"clients", ScopeJson(key.clients)},
          {"created_at", PrintInstant(key.created_at)},
          {"expires_at", TimeJson(key.expires_at)},
          {"revoked_at", TimeJson(key.revoked_at)},
          {"used_at", TimeJson(key.used_at)}};
}

/// Names of the clients that the asker sees, of those there are.
Result<std::vector<std::string>> ClientsOf(Call& call, const ClientScope& scope) {
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const std::vector<Client> all, home->store().Clients());
  std::vector<std::string> out;
  for (const Client& client : all) {
    if (Sees(scope, client.name)) out.push_back(client.name);
  }
  return out;
}

Answer SessionAnswer(Call& call, const Identity& who, const std::string& secret) {
  // A home that is busy delays no login: the page asks for the clients when it needs them.
  const auto clients = ClientsOf(call, who.clients);
  return Json(200, {{"user", who.user},
                    {"role", RoleName(who.role)},
                    {"locale", who.locale},
                    {"clients", clients ? ordered_json(*clients) : ordered_json::array()},
                    {"all_clients", !who.clients},
                    {"csrf", secret.empty() ? "" : CsrfToken(secret)},
                    {"version", call.context.world.version},
                    {"now", PrintInstant(call.now)}});
}

/// Cookies are for this host only, and never seen by scripts or other sites.
std::string SetCookie(const Context& context, const std::string& value, bool end) {
  const bool secure = context.config.tls() || context.config.behind_proxy;
  return fmt::format("maxopt_session={}; Path=/; HttpOnly; SameSite=Strict{}{}", value,
                     secure ? "; Secure" : "", end ? "; Max-Age=0" : "");
}

ClientScope ScopeOf(const nlohmann::json& body) {
  if (!body.contains("clients") || body["clients"].is_null()) return std::nullopt;
  return body["clients"].get<std::vector<std::string>>();
}

/// Rights are nobody's to give who lacks them.
std::expected<void, ApiError> MayGive(const Call& call, Role role, const ClientScope& clients) {
  const bool all =
      std::all_of(clients ? clients->begin() : std::vector<std::string>::const_iterator{},
                  clients ? clients->end() : std::vector<std::string>::const_iterator{},
                  [&](const std::string& client) { return Sees(call.who.clients, client); });
  if (role > call.who.role || (call.who.clients && (!clients || !all))) {
    return Refuse(403, "forbidden", "nobody gives more rights than he has", "/clients");
  }
  return {};
}

}  // namespace

Answer GetSession(Call& call) { return SessionAnswer(call, call.who, call.session); }

Answer PostSession(Call& call) {
  UserStore& users = *call.context.world.users;
  const Instant now = call.context.world.wall->Now();
  const bool link = call.body.contains("link");
  if (link == (call.body.contains("name") || call.body.contains("password")) ||
      (!link && !(call.body.contains("name") && call.body.contains("password")))) {
    return Refuse(400, "invalid_argument", "send name and password, or link", "/");
  }
  const Result<std::string> user =
      link ? users.UseLink(call.body["link"].get<std::string>(), now)
           : users.CheckPassword(call.body["name"].get<std::string>(),
                                 call.body["password"].get<std::string>(), call.peer, now);
  if (!user) {
    ApiError error(user.error());
    if (user.error().code == Errc::kUnauthenticated) error.status = 401;
    if (user.error().code == Errc::kRateLimited) error.status = 429;
    error.fix = error.status == 429 ? "wait, then try again" : "";
    return std::unexpected(std::move(error));
  }
  // Never the session that was there before: it could be someone else's choice (fixation).
  MAXOPT_TRY(const std::string secret, users.BeginSession(*user, now));
  MAXOPT_TRY(call.who, users.OfSession(secret, call.context.config.sessions, now));
  (void)users.Prune(call.context.config.sessions, now);
  Answer answer = SessionAnswer(call, call.who, secret);
  if (answer) answer->headers.emplace_back("Set-Cookie", SetCookie(call.context, secret, false));
  return answer;
}

Answer DeleteSession(Call& call) {
  if (!call.session.empty()) MAXOPT_CHECK(call.context.world.users->EndSession(call.session));
  http::Response response = Json(200, {{"ended", true}});
  response.headers.emplace_back("Set-Cookie", SetCookie(call.context, "", true));
  return response;
}

// --- users --------------------------------------------------------------------------------------

Answer ListUsers(Call& call) {
  MAXOPT_TRY(const std::vector<User> users, call.context.world.users->Users());
  ordered_json list = ordered_json::array();
  for (const User& user : users) list.push_back(UserJson(user));
  return Json(200, {{"users", list}});
}

Answer AddUser(Call& call) {
  UserStore& users = *call.context.world.users;
  User user;
  user.name = call.body["name"].get<std::string>();
  MAXOPT_TRY(user.role, FindRole(call.body["role"].get<std::string>()));
  user.clients = ScopeOf(call.body);
  user.locale = call.body.value("locale", "");
  user.created_at = call.context.world.wall->Now();
  if (auto may = MayGive(call, user.role, user.clients); !may) return std::unexpected(may.error());
  MAXOPT_CHECK(users.AddUser(user));
  if (call.body.contains("password")) {
    const auto set = users.SetPassword(user.name, call.body["password"].get<std::string>());
    if (!set) {
      (void)users.RemoveUser(user.name);
      return std::unexpected(ApiError(set.error()));
    }
  }
  MAXOPT_TRY(user, users.GetUser(user.name));
  return Json(201, UserJson(user));
}

Answer ChangeUser(Call& call) {
  UserStore& users = *call.context.world.users;
  MAXOPT_TRY(User user, users.GetUser(call.path.find("user")->second));
  if (call.body.contains("role")) {
    MAXOPT_TRY(user.role, FindRole(call.body["role"].get<std::string>()));
  }
  if (call.body.contains("clients")) user.clients = ScopeOf(call.body);
  if (call.body.contains("locale")) user.locale = call.body["locale"].get<std::string>();
  if (auto may = MayGive(call, user.role, user.clients); !may) return std::unexpected(may.error());
  MAXOPT_CHECK(users.ChangeUser(user));
  if (call.body.contains("password")) {
    MAXOPT_CHECK(users.SetPassword(user.name, call.body["password"].get<std::string>()));
  }
  MAXOPT_TRY(user, users.GetUser(user.name));
  return Json(200, UserJson(user));
}

Answer RemoveUser(Call& call) {
  const std::string& name = call.path.find("user")->second;
  MAXOPT_CHECK(call.context.world.users->RemoveUser(name));
  return Json(200, {{"removed", name}});
}

// --- keys ---------------------------------------------------------------------------------------

Answer ListKeys(Call& call) {
  MAXOPT_TRY(const std::vector<ApiKey> keys, call.context.world.users->Keys());
  ordered_json list = ordered_json::array();
  for (const ApiKey& key : keys) list.push_back(KeyJson(key));
  return Json(200, {{"keys", list}});
}

Answer AddKey(Call& call) {
  ApiKey key;
  key.user = call.body.value("user", call.who.user);
  key.what = call.body["what"].get<std::string>();
  MAXOPT_TRY(key.role, FindRole(call.body["role"].get<std::string>()));
  key.clients = ScopeOf(call.body);
  const Instant now = call.context.world.wall->Now();
  key.expires_at = now + std::chrono::days(call.body.value("days", 90));
  if (auto may = MayGive(call, key.role, key.clients); !may) return std::unexpected(may.error());
  MAXOPT_TRY(const UserStore::NewKey made, call.context.world.users->AddKey(key, now));
  ordered_json body = KeyJson(made.key);
  body["secret"] = made.secret;
  return Json(201, body);
}

Answer RevokeKey(Call& call) {
  const std::string& prefix = call.path.find("key")->second;
  MAXOPT_CHECK(call.context.world.users->RevokeKey(prefix, call.context.world.wall->Now()));
  return Json(200, {{"revoked", prefix}});
}

Answer ListAudit(Call& call) {
  const std::string text = call.Query("before");
  std::int64_t before = 0;
  if (!text.empty()) {
    if (text.size() > 15 ||
        !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return Refuse(400, "invalid_argument", "before is the number of a line", "query before");
    }
    before = std::stoll(text);
  }
  MAXOPT_TRY(const std::vector<AuditLine> lines, call.context.world.users->AuditLines(before, 200));
  ordered_json list = ordered_json::array();
  for (const AuditLine& line : lines) {
    list.push_back({{"seq", line.seq},
                    {"at", PrintInstant(line.at)},
                    {"user", line.user},
                    {"key", line.key},
                    {"peer", line.peer},
                    {"method", line.method},
                    {"path", line.path},
                    {"status", line.status},
                    {"what", line.what}});
  }
  return Json(200, {{"lines", list}});
}

}  // namespace maxopt::api
