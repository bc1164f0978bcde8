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

constexpr std::string_view kInboxOut =
    R"({"type":"object","additionalProperties":false,
"required":["number","state","repeat","receipt_id","receipt"],"properties":{
"number":{"type":"integer"},"state":{"type":"string"},"repeat":{"type":"boolean"},
"receipt_id":{"type":"string"},"receipt":{"type":["object","null"]}}})";
constexpr std::string_view kViewsOut =
    R"({"type":"object","additionalProperties":false,"required":["views","common"],"properties":{
"common":{"type":"array","items":{"type":"object"}},"views":{"type":"array","items":{
"type":"object","additionalProperties":false,
"required":["name","title","what","needs_client","common","parameters"],"properties":{
"name":{"type":"string"},"title":{"type":"string"},"what":{"type":"string"},
"needs_client":{"type":"boolean"},"common":{"type":"string"},"parameters":{"type":"array",
"items":{"type":"object","additionalProperties":false,"required":["name","what","values"],
"properties":{"name":{"type":"string"},"what":{"type":"string"},"values":{"type":"string"}}}}}}}}})";
/// As ToJson(View) of domain/view.h writes it.
constexpr std::string_view kViewOut =
    R"({"type":"object","additionalProperties":false,"required":["view","title","client","as_of",
"from","to","columns","rows","totals","freshness","notes","next"],"properties":{
"view":{"type":"string"},"title":{"type":"string"},"client":{"type":"string"},
"as_of":{"type":"string"},"from":{"type":["string","null"]},"to":{"type":["string","null"]},
"columns":{"type":"array","items":{"type":"object","additionalProperties":false,
"required":["name","title","kind","truth","unit","help","better","group"],"properties":{
"name":{"type":"string"},"title":{"type":"string"},"kind":{"type":"string","enum":["text","count",
"real","ratio","money","estimate","day","instant","flag"]},"truth":{"type":"string","enum":["none",
"claimed","observed","incremental","plan"]},"unit":{"type":"string"},"help":{"type":"string"},
"better":{"type":"integer"},"group":{"type":"string"}}}},
"rows":{"type":"array","items":{"type":"object","additionalProperties":false,
"required":["key","cells","known","link","parent","tone"],"properties":{
"key":{"type":"string","minLength":1},"cells":{"type":"array"},"known":{"type":["number","null"]},
"link":{"type":"string"},"parent":{"type":"string"},"tone":{"type":"string"}}}},
"totals":{"type":["array","null"]},"freshness":{"type":"array","items":{"type":"object"}},
"notes":{"type":"array","items":{"type":"string"}},"next":{"type":"string"}}})";
constexpr std::string_view kPlanOut =
    R"({"type":"object","required":["id","client","title","status","created_at","created_by",
"content_hash","changes","exposure","findings","notes","journal"],"properties":{
"id":{"type":"string"},"client":{"type":"string"},"content_hash":{"type":"string"},
"status":{"type":"string"},"changes":{"type":"array","items":{"type":"object"}},
"findings":{"type":"array","items":{"type":"object"}},
"journal":{"type":"array","items":{"type":"object"}}}})";
constexpr std::string_view kAskIn =
    R"({"type":"object","additionalProperties":false,"required":["question"],"properties":{
"question":{"type":"string","minLength":1,"maxLength":500},"model":{"type":"boolean"}}})";
constexpr std::string_view kAskOut =
    R"({"type":"object","additionalProperties":false,"required":["id","client","question","kind",
"by","lines","sources","notes","can","tools"],"properties":{"id":{"type":"string"},
"client":{"type":"string"},"question":{"type":"string"},"kind":{"type":"string","enum":["why",
"value","rank","changes","pacing","next","done","trouble","unknown"]},
"by":{"type":"string","enum":["rules","model"]},
"lines":{"type":"array","items":{"type":"string"}},"sources":{"type":"array","items":{
"type":"object","additionalProperties":false,"required":["line","text","where","label","link"],
"properties":{"line":{"type":"integer"},"text":{"type":"string"},"where":{"type":"string"},
"label":{"type":"string"},"link":{"type":"string"}}}},
"notes":{"type":"array","items":{"type":"string"}},"can":{"type":"array","items":{"type":"string"}},
"tools":{"type":"array","items":{"type":"object","additionalProperties":false,
"required":["tool","arguments","refused"],"properties":{"tool":{"type":"string"},
"arguments":{"type":"string"},"refused":{"type":["string","null"]}}}}}})";
constexpr std::string_view kApproveIn =
    R"({"type":"object","additionalProperties":false,"required":["content_hash"],"properties":{
"content_hash":{"type":"string","pattern":"^[0-9a-f]{64}$"}}})";
constexpr std::string_view kWhyIn =
    R"({"type":"object","additionalProperties":false,"properties":{
"why":{"type":"string","maxLength":2000}}})";
constexpr std::string_view kOnlyIn =
    R"({"type":"object","additionalProperties":false,"properties":{"only":{"type":"array",
"items":{"type":"string","minLength":1,"maxLength":500},"minItems":1,"maxItems":1000}}})";
constexpr std::string_view kApplyOut =
    R"({"type":"object","additionalProperties":false,
"required":["plan","status","sent","changes","after_findings"],"properties":{
"plan":{"type":"string"},"status":{"type":"string"},"sent":{"type":"integer"},
"changes":{"type":"array","items":{"type":"object"}},
"after_findings":{"type":"array","items":{"type":"object"}}}})";
constexpr std::string_view kNewPlanOut =
    R"({"type":"object","additionalProperties":false,"required":["id","plan"],"properties":{
"id":{"type":"string"},"plan":{"type":"object"}}})";
constexpr std::string_view kSilenceIn =
    R"({"type":"object","additionalProperties":false,"properties":{
"hours":{"type":"integer","minimum":1,"maximum":8760},"until":{"type":"string","maxLength":40},
"match":{"type":"string","maxLength":1000},"why":{"type":"string","maxLength":2000}}})";
constexpr std::string_view kFeedbackIn =
    R"({"type":"object","additionalProperties":false,"required":["useful"],"properties":{
"useful":{"type":"boolean"},"why":{"type":"string","maxLength":2000},
"note":{"type":"string","maxLength":2000}}})";
constexpr std::string_view kScenariosIn =
    R"({"type":"object","additionalProperties":false,"required":["maxopt","scenarios"],
"properties":{"maxopt":{"type":"string"},"margin":{},
"scenarios":{"type":"array","maxItems":50,"items":{"type":"object"}}}})";
constexpr std::string_view kScenariosOut =
    R"({"type":"object","required":["client","currency","from","to","gross_margin",
"revenue_per_order","settle_days","scenarios","notes"],"properties":{
"scenarios":{"type":"array","items":{"type":"object","required":["name"]}}}})";
constexpr std::string_view kBudgetsIn =
    R"({"type":"object","additionalProperties":false,"required":["budgets"],"properties":{
"budgets":{"type":"object","minProperties":1,"maxProperties":200,
"additionalProperties":{"type":"string","pattern":"^[0-9]{1,13}([.][0-9]{1,6})?$"}}}})";
constexpr std::string_view kOptimizeIn =
    R"({"type":"object","additionalProperties":false,"properties":{
"levers":{"type":"array","items":{"type":"string","maxLength":50},"maxItems":50},
"days":{"type":"integer","minimum":14,"maximum":730},"propose":{"type":"boolean"}}})";
constexpr std::string_view kOptimizeOut =
    R"({"type":"object","required":["client","items","plans","notes","problems"]})";
constexpr std::string_view kSettingsOut =
    R"({"type":"object","additionalProperties":false,"required":["file","sha256","kept"],
"properties":{"file":{"type":"string"},"sha256":{"type":"string"},"kept":{"type":"string"}}})";
constexpr std::string_view kHaltIn =
    R"({"type":"object","additionalProperties":false,"required":["halted"],"properties":{
"halted":{"type":"boolean"}}})";
constexpr std::string_view kAnyObject = R"({"type":"object"})";

constexpr std::string_view kReportIn =
    R"({"type":"object","additionalProperties":false,"properties":{
"kind":{"type":"string","maxLength":40},"template":{"type":"string","maxLength":40},
"audience":{"type":"string","maxLength":40},"language":{"type":"string","maxLength":10},
"campaign_type":{"type":"string","maxLength":40},"from":{"type":"string","maxLength":10},
"to":{"type":"string","maxLength":10},"as_of":{"type":"string","maxLength":40}}})";
#define REPORT_OUT                                                                                \
  R"({"type":"object","additionalProperties":false,"required":["id","client","kind","audience",)" \
  R"("language","title","from","to","as_of","made_at","by","template","software","sha256"],)"     \
  R"("properties":{"id":{"type":"string"},"client":{"type":"string"},"kind":{"type":"string"},)"  \
  R"("audience":{"type":"string"},"language":{"type":"string"},"title":{"type":"string"},)"       \
  R"("from":{"type":"string"},"to":{"type":"string"},"as_of":{"type":"string"},)"                 \
  R"("made_at":{"type":"string"},"by":{"type":"string"},"template":{"type":"string"},)"           \
  R"("software":{"type":"string"},"sha256":{"type":"string"}}})"

#define CLIENT V1 "/clients/{client}"

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
  // --- views ---
  r.push_back({.id = "list_views",
               .method = "GET",
               .pattern = V1 "/views",
               .what = "Every view and its parameters.",
               .role = Role::kViewer,
               .handler = ListViews,
               .answer = kViewsOut});
  const auto view = [&r](std::string_view id, std::string_view pattern, std::string_view what) {
    r.push_back({.id = id,
                 .method = "GET",
                 .pattern = pattern,
                 .what = what,
                 .role = Role::kViewer,
                 .handler = GetView,
                 .query = {{"from", "first day, of the accounts"},
                           {"to", "last day"},
                           {"compare", "previous, year or plan"},
                           {"by", "dimensions: a,b"},
                           {"metrics", "metrics: a,b"},
                           {"as_of", "what was known then: an instant"},
                           {"sort", "a column, or -column"},
                           {"limit", "rows of a page"},
                           {"cursor", "next of the page before"},
                           {"form", "csv, jsonl, xlsx or parquet: a file"}},
                 .answer = kViewOut,
                 .free_query = true});
  };
  view("view", V1 "/views/{view}", "A view across the clients that I may see.");
  view("client_view", CLIENT "/views/{view}",
       "A view of one client: typed cells; filter.DIMENSION=a,b and the view's own parameters.");
  // --- plans ---
  r.push_back({.id = "get_plan",
               .method = "GET",
               .pattern = CLIENT "/plans/{plan}",
               .what = "A whole plan, with the content hash that an approval needs.",
               .role = Role::kViewer,
               .handler = GetPlan,
               .answer = kPlanOut});
  r.push_back({.id = "approve_plan",
               .method = "POST",
               .pattern = CLIENT "/plans/{plan}/approve",
               .what = "Approves the content that was shown, for one apply.",
               .role = Role::kApprover,
               .handler = ApprovePlan,
               .body = Body::kJson,
               .request = kApproveIn,
               .answer = kOneText});
  r.push_back({.id = "reject_plan",
               .method = "POST",
               .pattern = CLIENT "/plans/{plan}/reject",
               .what = "Says no to a plan.",
               .role = Role::kApprover,
               .handler = RejectPlan,
               .body = Body::kJson,
               .request = kWhyIn,
               .answer = kOneText});
  r.push_back({.id = "apply_plan",
               .method = "POST",
               .pattern = CLIENT "/plans/{plan}/apply",
               .what = "Sends an approved plan, or goes on with one that was cut off.",
               .role = Role::kApprover,
               .handler = ApplyPlan,
               .body = Body::kJson,
               .request = NOTHING,
               .answer = kApplyOut,
               .slow = true});
  r.push_back({.id = "undo_plan",
               .method = "POST",
               .pattern = CLIENT "/plans/{plan}/undo",
               .what = "Proposes the inverse of what a plan did, whole or in part.",
               .role = Role::kApprover,
               .handler = UndoPlan,
               .body = Body::kJson,
               .request = kOnlyIn,
               .answer = kNewPlanOut,
               .slow = true});
  // --- alerts ---
  r.push_back({.id = "acknowledge_alert",
               .method = "POST",
               .pattern = CLIENT "/alerts/{alert}/acknowledge",
               .what = "I take care of it.",
               .role = Role::kOperator,
               .handler = AcknowledgeAlert,
               .body = Body::kJson,
               .request = NOTHING,
               .answer = kAnyObject});
  r.push_back({.id = "silence_alert",
               .method = "POST",
               .pattern = CLIENT "/alerts/{alert}/silence",
               .what = "Tells nobody of it, or of what `match` takes, for a while.",
               .role = Role::kOperator,
               .handler = SilenceAlert,
               .body = Body::kJson,
               .request = kSilenceIn,
               .answer = kAnyObject});
  r.push_back({.id = "feedback_alert",
               .method = "POST",
               .pattern = CLIENT "/alerts/{alert}/feedback",
               .what = "Whether it was worth it: tunes how soon such an alert is raised.",
               .role = Role::kOperator,
               .handler = FeedbackAlert,
               .body = Body::kJson,
               .request = kFeedbackIn,
               .answer = kAnyObject});
  // --- questions in words ---
  r.push_back({.id = "ask",
               .method = "POST",
               .pattern = CLIENT "/ask",
               .what = "Answers a question in words, each number with its source (docs/ask.md).",
               .role = Role::kViewer,
               .handler = AskQuestions,
               .body = Body::kJson,
               .request = kAskIn,
               .answer = kAskOut,
               .slow = true});
  // --- scenarios and the optimiser ---
  r.push_back({.id = "usual_scenarios",
               .method = "GET",
               .pattern = CLIENT "/scenarios",
               .what = "The usual what-ifs, side by side.",
               .role = Role::kViewer,
               .handler = UsualScenarios,
               .answer = kScenariosOut,
               .slow = true});
  r.push_back({.id = "ask_scenarios",
               .method = "POST",
               .pattern = CLIENT "/scenarios",
               .what = "What-ifs as maxopt scenario --file takes them (docs/scenarios.md).",
               .role = Role::kOperator,
               .handler = AskScenarios,
               .body = Body::kJson,
               .request = kScenariosIn,
               .answer = kScenariosOut,
               .slow = true});
  r.push_back({.id = "propose_scenario",
               .method = "POST",
               .pattern = CLIENT "/scenarios/plan",
               .what = "Proposes daily budgets by channel as a plan, with its prediction.",
               .role = Role::kOperator,
               .handler = ProposeScenario,
               .body = Body::kJson,
               .request = kBudgetsIn,
               .answer = kNewPlanOut,
               .slow = true});
  r.push_back({.id = "optimize",
               .method = "POST",
               .pattern = CLIENT "/optimize",
               .what = "One round of the optimiser; with propose its plans are stored.",
               .role = Role::kOperator,
               .handler = OptimizeClient,
               .body = Body::kJson,
               .request = kOptimizeIn,
               .answer = kOptimizeOut,
               .slow = true});
  // --- settings of a client ---
  r.push_back({.id = "get_rules",
               .method = "GET",
               .pattern = CLIENT "/rules",
               .what = "The rules, as text.",
               .role = Role::kViewer,
               .handler = GetRules,
               .answer_type = "text/yaml"});
  r.push_back({.id = "put_rules",
               .method = "PUT",
               .pattern = CLIENT "/rules",
               .what = "Replaces the rules, checked; the old ones are kept.",
               .role = Role::kAdmin,
               .handler = PutRules,
               .body = Body::kText,
               .answer = kSettingsOut});
  r.push_back({.id = "get_policy",
               .method = "GET",
               .pattern = CLIENT "/policy",
               .what = "The policy, as text.",
               .role = Role::kViewer,
               .handler = GetPolicy,
               .answer_type = "text/yaml"});
  r.push_back({.id = "put_policy",
               .method = "PUT",
               .pattern = CLIENT "/policy",
               .what = "Replaces the policy, checked; the old one is kept.",
               .role = Role::kAdmin,
               .handler = PutPolicy,
               .body = Body::kText,
               .answer = kSettingsOut});
  r.push_back({.id = "post_inbox",
               .method = "POST",
               .pattern = CLIENT "/inbox",
               .what = "A message of a teammate (schemas/message.schema.json): a document, a "
                       "question, an answer. What is refused is kept with the reason.",
               .role = Role::kOperator,
               .handler = PostInbox,
               .body = Body::kMessage,
               .request = R"({"type":"object","required":["maxopt","id","from","client","kind"]})",
               .answer = kInboxOut,
               .slow = true});
  r.push_back({.id = "post_team_webhook",
               .method = "POST",
               .pattern = "/api/v1/team/{member}/inbox",
               .what = "The same from a member whom team.yaml lets in by a signature alone "
                       "(webhook_in), without an API key.",
               .role = std::nullopt,
               .handler = PostTeamWebhook,
               .body = Body::kMessage,
               .request = R"({"type":"object","required":["maxopt","id","from","client","kind"]})",
               .answer = kInboxOut,
               .slow = true,
               .is_signed = true});
  r.push_back({.id = "get_document",
               .method = "GET",
               .pattern = CLIENT "/documents/{name*}",
               .what = "A document that a teammate handed over.",
               .role = Role::kViewer,
               .handler = GetDocument,
               .answer_type = "text/plain"});
  r.push_back({.id = "get_media",
               .method = "GET",
               .pattern = CLIENT "/media/{name*}",
               .what = "A picture or video of a campaign: campaign/file.",
               .role = Role::kViewer,
               .handler = GetMedia,
               .answer_type = "image/*"});
  // --- reports ---
  r.push_back({.id = "list_reports",
               .method = "GET",
               .pattern = CLIENT "/reports",
               .what = "The archive's reports, newest first.",
               .role = Role::kViewer,
               .handler = ListReports,
               .answer = R"({"type":"object","additionalProperties":false,"required":["reports"],)"
                         R"("properties":{"reports":{"type":"array","items":)" REPORT_OUT "}}}"});
  r.push_back({.id = "make_report",
               .method = "POST",
               .pattern = CLIENT "/reports",
               .what = "Makes a report and archives it; what is left out is the template's.",
               .role = Role::kOperator,
               .handler = MakeOneReport,
               .body = Body::kJson,
               .request = kReportIn,
               .answer = REPORT_OUT,
               .slow = true});
  r.push_back({.id = "get_report",
               .method = "GET",
               .pattern = CLIENT "/reports/{report}/{form}",
               .what = "A report as html, pdf, xlsx, csv, json, md or eml.",
               .role = Role::kViewer,
               .handler = GetReportForm,
               .answer_type = "text/html",
               .slow = true});
  // --- jobs ---
  r.push_back({.id = "run_job",
               .method = "POST",
               .pattern = V1 "/jobs/{key}/run",
               .what = "Makes a job due now.",
               .role = Role::kAdmin,
               .handler = RunJob,
               .body = Body::kJson,
               .request = NOTHING,
               .answer = kAnyObject,
               .all_clients = true});
  r.push_back({.id = "halt",
               .method = "POST",
               .pattern = V1 "/halt",
               .what = "Lets nothing but pauses and cuts out, or ends that.",
               .role = Role::kAdmin,
               .handler = Halt,
               .body = Body::kJson,
               .request = kHaltIn,
               .answer = kAnyObject,
               .all_clients = true});
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
  r.push_back({.id = "metrics",
               .method = "GET",
               .pattern = "/metrics",
               .what = "For Prometheus: requests, jobs, accounts, alerts.",
               .role = Role::kViewer,
               .handler = Metrics,
               .answer_type = "text/plain; version=0.0.4",
               .all_clients = true});
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
