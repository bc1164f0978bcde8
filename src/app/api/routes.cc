// The table of routes.
#include "app/api/route.h"

namespace maxopt::api {
namespace {

#define V1 "/api/v1"

// Parts of schemas.
#define CLIENTS_IN \
  R"({"type":["array","null"],"items":{"type":"string","minLength":1,"maxLength":200},"maxItems":1000})"
#define ROLE R"({"type":"string","enum":["viewer","operator","approver","admin"]})"
#define TIME R"({"type":"string"})"
#define TIME_OR_NULL R"({"type":["string","null"]})"
#define CLIENTS_OUT R"({"type":["array","null"],"items":{"type":"string"}})"
#define USER_OUT                                                                                   \
  R"({"type":"object","required":["name","role","clients","locale","has_password","created_at"],)" \
  R"("additionalProperties":false,"properties":{"name":{"type":"string"},"role":)" ROLE            \
  R"(,"clients":)" CLIENTS_OUT                                                                     \
  R"(,"locale":{"type":"string"},"has_password":{"type":"boolean"},"created_at":)" TIME "}}"
#define KEY_FIELDS                                                                               \
  R"("prefix":{"type":"string"},"user":{"type":"string"},"what":{"type":"string"},"role":)" ROLE \
  R"(,"clients":)" CLIENTS_OUT R"(,"created_at":)" TIME R"(,"expires_at":)" TIME_OR_NULL         \
  R"(,"revoked_at":)" TIME_OR_NULL R"(,"used_at":)" TIME_OR_NULL
#define KEY_NAMES \
  R"("prefix","user","what","role","clients","created_at","expires_at","revoked_at","used_at")"
#define NOTHING R"({"type":"object","additionalProperties":false,"properties":{}})"

constexpr std::string_view kSessionOut =
    R"({"type":"object","additionalProperties":false,
"required":["user","role","locale","clients","all_clients","csrf","version","now"],
"properties":{"user":{"type":"string"},"role":)" ROLE R"(,"locale":{"type":"string"},
"clients":{"type":"array","items":{"type":"string"}},"all_clients":{"type":"boolean"},
"csrf":{"type":"string"},"version":{"type":"string"},"now":)" TIME "}}";
constexpr std::string_view kSessionIn =
    R"({"type":"object","additionalProperties":false,"properties":{
"name":{"type":"string","maxLength":64},"password":{"type":"string","maxLength":128},
"link":{"type":"string","maxLength":64}}})";
constexpr std::string_view kClientsOut =
    R"({"type":"object","additionalProperties":false,"required":["clients","halted"],"properties":{
"halted":{"type":"boolean"},"clients":{"type":"array","items":{"type":"object",
"additionalProperties":false,"required":["name","currency","zone","accounts"],"properties":{
"name":{"type":"string"},"currency":{"type":"string"},"zone":{"type":"string"},
"accounts":{"type":"array","items":{"type":"object","additionalProperties":false,
"required":["account","platform","name","currency","zone","status"],"properties":{
"account":{"type":"string"},"platform":{"type":"string"},"name":{"type":"string"},
"currency":{"type":"string"},"zone":{"type":"string"},"status":{"type":"string"}}}}}}}}})";
constexpr std::string_view kUserIn =
    R"({"type":"object","additionalProperties":false,"required":["name","role"],"properties":{
"name":{"type":"string","maxLength":64},"role":)" ROLE R"(,"clients":)" CLIENTS_IN
    R"(,"locale":{"type":"string","maxLength":35},"password":{"type":"string","maxLength":128}}})";
constexpr std::string_view kUserChange =
    R"({"type":"object","additionalProperties":false,"properties":{"role":)" ROLE
    R"(,"clients":)" CLIENTS_IN
    R"(,"locale":{"type":"string","maxLength":35},"password":{"type":"string","maxLength":128}}})";
constexpr std::string_view kKeyIn =
    R"({"type":"object","additionalProperties":false,"required":["what","role"],"properties":{
"user":{"type":"string","maxLength":64},"what":{"type":"string","minLength":1,"maxLength":200},
"role":)" ROLE R"(,"clients":)" CLIENTS_IN
    R"(,"days":{"type":"integer","minimum":1,"maximum":3650}}})";
constexpr std::string_view kLiveOut =
    R"({"type":"object","additionalProperties":false,"required":["version","entries"],
"properties":{"version":{"type":"string"},"entries":{"type":"object"}}})";
constexpr std::string_view kStatusOut =
    R"({"type":"object","required":["now","jobs","calls"],"properties":{"now":)" TIME
    R"(,"jobs":{"type":"array","items":{"type":"object"}},
"calls":{"type":"array","items":{"type":"object"}}}})";
constexpr std::string_view kAuditOut =
    R"({"type":"object","additionalProperties":false,"required":["lines"],"properties":{"lines":
{"type":"array","items":{"type":"object","additionalProperties":false,
"required":["seq","at","user","key","peer","method","path","status","what"],"properties":{
"seq":{"type":"integer"},"at":{"type":"string"},"user":{"type":"string"},"key":{"type":"string"},
"peer":{"type":"string"},"method":{"type":"string"},"path":{"type":"string"},
"status":{"type":"integer"},"what":{"type":"string"}}}}}})";

constexpr std::string_view kOneText =
    R"({"type":"object","additionalProperties":{"type":["string","boolean"]}})";

std::vector<Route> Make() {
  std::vector<Route> r;
  // --- session ---
  r.push_back({.id = "get_session",
               .method = "GET",
               .pattern = V1 "/session",
               .what = "Who I am, and the token that writes need.",
               .role = Role::kViewer,
               .handler = GetSession,
               .answer = kSessionOut});
  r.push_back({.id = "begin_session",
               .method = "POST",
               .pattern = V1 "/session",
               .what = "Logs in by name and password, or by a one-time link; sets the cookie.",
               .role = std::nullopt,
               .handler = PostSession,
               .body = Body::kJson,
               .request = kSessionIn,
               .answer = kSessionOut,
               .login = true});
  r.push_back({.id = "end_session",
               .method = "DELETE",
               .pattern = V1 "/session",
               .what = "Logs out.",
               .role = Role::kViewer,
               .handler = DeleteSession,
               .answer = kOneText,
               .login = true});
  // --- what there is ---
  r.push_back({.id = "list_clients",
               .method = "GET",
               .pattern = V1 "/clients",
               .what = "The clients that I may see, and their accounts.",
               .role = Role::kViewer,
               .handler = ListClients,
               .answer = kClientsOut});
  r.push_back({.id = "live",
               .method = "GET",
               .pattern = V1 "/live",
               .what = "What campaigns do now, and which alerts are open.",
               .role = Role::kViewer,
               .handler = Live,
               .answer = kLiveOut});
  r.push_back({.id = "live_stream",
               .method = "GET",
               .pattern = V1 "/live/stream",
               .what = "The same as server-sent events: snapshot, then each change.",
               .role = Role::kViewer,
               .handler = Live,
               .answer_type = "text/event-stream"});
  r.push_back({.id = "status",
               .method = "GET",
               .pattern = V1 "/status",
               .what = "The jobs, and the calls made to platforms.",
               .role = Role::kViewer,
               .handler = Status,
               .answer = kStatusOut});
  // --- users and keys ---
  r.push_back({.id = "list_users",
               .method = "GET",
               .pattern = V1 "/users",
               .what = "Every user.",
               .role = Role::kAdmin,
               .handler = ListUsers,
               .answer = R"({"type":"object","additionalProperties":false,"required":["users"],)"
                         R"("properties":{"users":{"type":"array","items":)" USER_OUT "}}}",
               .all_clients = true});
  r.push_back({.id = "add_user",
               .method = "POST",
               .pattern = V1 "/users",
               .what = "Adds a user; clients null or left out: all of them.",
               .role = Role::kAdmin,
               .handler = AddUser,
               .body = Body::kJson,
               .request = kUserIn,
               .answer = USER_OUT,
               .all_clients = true});
  r.push_back({.id = "change_user",
               .method = "PATCH",
               .pattern = V1 "/users/{user}",
               .what = "Changes what is said of a user; a new password ends his sessions.",
               .role = Role::kAdmin,
               .handler = ChangeUser,
               .body = Body::kJson,
               .request = kUserChange,
               .answer = USER_OUT,
               .all_clients = true});
  r.push_back({.id = "remove_user",
               .method = "DELETE",
               .pattern = V1 "/users/{user}",
               .what = "Removes a user with sessions and keys.",
               .role = Role::kAdmin,
               .handler = RemoveUser,
               .answer = kOneText,
               .all_clients = true});
  r.push_back({.id = "list_keys",
               .method = "GET",
               .pattern = V1 "/keys",
               .what = "Every API key, without secrets.",
               .role = Role::kAdmin,
               .handler = ListKeys,
               .answer = R"({"type":"object","additionalProperties":false,"required":["keys"],)"
                         R"("properties":{"keys":{"type":"array","items":{"type":"object",)"
                         R"("additionalProperties":false,"required":[)" KEY_NAMES
                         R"(],"properties":{)" KEY_FIELDS "}}}}}",
               .all_clients = true});
  r.push_back({.id = "add_key",
               .method = "POST",
               .pattern = V1 "/keys",
               .what = "Makes an API key; its secret is in this answer and never again.",
               .role = Role::kAdmin,
               .handler = AddKey,
               .body = Body::kJson,
               .request = kKeyIn,
               .answer = R"({"type":"object","additionalProperties":false,"required":[)" KEY_NAMES
                         R"(,"secret"],"properties":{)" KEY_FIELDS
                         R"(,"secret":{"type":["string","null"]}}})",
               .all_clients = true});
  r.push_back({.id = "revoke_key",
               .method = "DELETE",
               .pattern = V1 "/keys/{key}",
               .what = "Revokes an API key, by its prefix.",
               .role = Role::kAdmin,
               .handler = RevokeKey,
               .answer = kOneText,
               .all_clients = true});
  r.push_back({.id = "list_audit",
               .method = "GET",
               .pattern = V1 "/audit",
               .what = "Who asked for which write, from where, and what came; newest first.",
               .role = Role::kAdmin,
               .handler = ListAudit,
               .query = {{"before", "number of a line: those before it"}},
               .answer = kAuditOut,
               .all_clients = true});
  // --- of the server ---
  r.push_back({.id = "health",
               .method = "GET",
               .pattern = "/healthz",
               .what = "Whether it answers.",
               .role = std::nullopt,
               .handler = Health,
               .answer = kOneText});
  r.push_back({.id = "openapi",
               .method = "GET",
               .pattern = "/openapi.json",
               .what = "This document.",
               .role = std::nullopt,
               .handler = OpenApi,
               .answer = R"({"type":"object","required":["openapi","info","paths"]})"});
  return r;
}

}  // namespace

std::span<const Route> Routes() {
  static const std::vector<Route> routes = Make();
  return routes;
}

}  // namespace maxopt::api
