#pragma once
#include <expected>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api/api.h"
#include "app/home/home.h"

/// What the parts of the API share: the table of routes and what a handler gets and gives.
namespace maxopt::api {

using nlohmann::ordered_json;

/// An error as it is answered.
struct ApiError {
  int status = 500;
  std::string code;     ///< "not_found"
  std::string what;     ///< one sentence
  std::string where{};  ///< "/content_hash" in the body, "query from", "header X-CSRF-Token"
  std::string fix{};    ///< what the asker can do, where `what` does not say it
  std::optional<int> retry_after_s{};

  ApiError(int status_in, std::string code_in, std::string what_in, std::string where_in = "",
           std::string fix_in = "")
      : status(status_in),
        code(std::move(code_in)),
        what(std::move(what_in)),
        where(std::move(where_in)),
        fix(std::move(fix_in)) {}
  /// A failure of the product or of a platform: what a platform forbids is no login of ours, so it
  /// is 502.
  ApiError(const Error& error);  // NOLINT(google-explicit-constructor): so MAXOPT_TRY passes it on
};
using Answer = std::expected<http::Response, ApiError>;

struct Context;

/// What a handler gets: all of it was checked.
struct Call {
  Context& context;
  const http::Request& request;
  std::map<std::string, std::string, std::less<>> path;  ///< decoded: "client" -> "Alpenglow"
  std::vector<std::pair<std::string, std::string>> query;
  nlohmann::json body;  ///< of a route with a schema
  std::string text;     ///< of a route that takes text
  Identity who;         ///< empty user on routes without login
  std::string session;  ///< secret of the session; empty with a key
  std::string peer;
  Instant now{};  ///< the product's time

  const std::string& client() const { return path.find("client")->second; }
  /// First value, or "".
  std::string Query(std::string_view name) const;
  /// How the ledger names who asks: "anna (api)".
  std::string by() const { return who.user + " (api)"; }
  /// The home, held until the call ends.
  Result<Home*> home();
  std::shared_ptr<Home> held{};
};
using HandlerFunction = Answer (*)(Call&);

struct Parameter {
  std::string_view name;
  std::string_view what;
  std::string_view schema = R"({"type":"string"})";
};

/// kMessage: JSON that the handler judges itself, as its sender signed it.
enum class Body { kNone, kJson, kText, kMessage };

/// One route, as data.
struct Route {
  std::string_view id;       ///< "approve_plan": operationId
  std::string_view method;   ///< "GET"
  std::string_view pattern;  ///< "/api/v1/clients/{client}/plans/{plan}/approve"
  std::string_view what;     ///< one sentence
  std::optional<Role> role;  ///< least role; nullopt: no login is needed
  HandlerFunction handler;
  std::vector<Parameter> query{};
  Body body = Body::kNone;
  std::string_view request{};  ///< JSON Schema of the body
  std::string_view answer{};   ///< JSON Schema of what 200 answers; empty: not JSON
  std::string_view answer_type = "application/json";
  bool all_clients = false;  ///< tells of every client: only for who sees all of them
  bool slow = false;         ///< may take minutes: done beside the quick ones
  bool free_query = false;   ///< the handler judges the parameters itself
  bool login = false;        ///< begins or ends a session: no CSRF token, no Idempotency-Key
  bool is_signed = false;    ///< its sender signs it: no login, and its id is its Idempotency-Key

  bool writes() const { return method != "GET"; }
  bool of_client() const { return pattern.find("{client}") != std::string_view::npos; }
};
/// Every route, in the order of the document.
std::span<const Route> Routes();

/// What a method and a path lead to.
struct Match {
  const Route* route = nullptr;  ///< nullptr: see `allow`
  std::map<std::string, std::string, std::less<>> path;
  std::string allow;  ///< methods that the path has; empty: there is no such path
};
/// `path` as in the request line, percent-encoded. Segments that are empty, "." or "..", that
/// decode to control characters or to no UTF-8 match nothing. HEAD is GET.
Match FindRoute(std::string_view method, std::string_view path);

/// The body as JSON: an object of at most 32 levels, no key twice, nothing after it; then against
/// the schema, which names the place. Unknown fields are refused where the schema says so (all of
/// ours do).
std::expected<nlohmann::json, ApiError> ReadBody(std::string_view text, std::string_view schema);

// --- answers ------------------------------------------------------------------------------------

http::Response Json(int status, const ordered_json& body);
http::Response JsonText(int status, std::string body);
http::Response ErrorResponse(const ApiError& error);
inline std::unexpected<ApiError> Refuse(int status, std::string code, std::string what,
                                        std::string where = "", std::string fix = "") {
  return std::unexpected(
      ApiError(status, std::move(code), std::move(what), std::move(where), std::move(fix)));
}

/// What is counted for /metrics. Thread-safe.
class Counters {
 public:
  Counters();
  ~Counters();
  void Count(std::string_view route, int status, double seconds);
  /// Prometheus text format 0.0.4: its own part.
  std::string Text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// How often each user asks questions in words. Thread-safe.
class Questions {
 public:
  Questions();
  ~Questions();
  /// Seconds to wait; nullopt: go on.
  std::optional<int> Take(const std::string& who);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What all calls share.
struct Context {
  ApiWorld world;
  ApiConfig config;
  std::string secret;  ///< signs cursors
  Counters counters;
  Questions questions{};
  Questions webhooks{};  ///< messages of members who sign, at the pace of questions
};

// --- handlers, by file --------------------------------------------------------------------------

// session.cc
Answer GetSession(Call& call);
Answer PostSession(Call& call);
Answer DeleteSession(Call& call);
Answer ListUsers(Call& call);
Answer AddUser(Call& call);
Answer ChangeUser(Call& call);
Answer RemoveUser(Call& call);
Answer ListKeys(Call& call);
Answer AddKey(Call& call);
Answer RevokeKey(Call& call);
Answer ListAudit(Call& call);
// look.cc
Answer Health(Call& call);
Answer OpenApi(Call& call);
Answer ListClients(Call& call);
Answer Live(Call& call);
Answer Status(Call& call);
Answer Metrics(Call& call);
// read.cc
Answer ListViews(Call& call);
Answer GetView(Call& call);
Answer GetPlan(Call& call);
Answer GetRules(Call& call);
Answer GetPolicy(Call& call);
Answer GetDocument(Call& call);
Answer GetMedia(Call& call);
// reports.cc
Answer ListReports(Call& call);
Answer MakeOneReport(Call& call);
Answer GetReportForm(Call& call);
// ask.cc
Answer AskQuestions(Call& call);
// inbox.cc
Answer PostInbox(Call& call);
Answer PostTeamWebhook(Call& call);
// act.cc
Answer ApprovePlan(Call& call);
Answer RejectPlan(Call& call);
Answer ApplyPlan(Call& call);
Answer UndoPlan(Call& call);
Answer AcknowledgeAlert(Call& call);
Answer SilenceAlert(Call& call);
Answer FeedbackAlert(Call& call);
Answer UsualScenarios(Call& call);
Answer AskScenarios(Call& call);
Answer ProposeScenario(Call& call);
Answer OptimizeClient(Call& call);
Answer PutRules(Call& call);
Answer PutPolicy(Call& call);
/// Where the policy of a client stands, or would: what is not there yet gets a name of its own.
Result<std::string> PolicyPath(Home& home, const std::string& client);
Answer RunJob(Call& call);
Answer Halt(Call& call);

}  // namespace maxopt::api
