// What is done for a client, through the same rooms as the command line: the door, alerts,
// scenarios, the optimiser, rules and policy, jobs, the halt. Every line of the ledger names who.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "app/api/route.h"
#include "app/cycle/cycle.h"
#include "app/render/render.h"
#include "app/rules/rules.h"
#include "app/scenario/scenario.h"
#include "domain/digest.h"
#include "memory/campaigns/alerts.h"
#include "memory/campaigns/ledger.h"
#include "stages/setup/policy/policy.h"

namespace maxopt::api {
namespace {

namespace fs = std::filesystem;

/// The plan, if it is this client's: another's is as one that is not there.
std::expected<Plan, ApiError> PlanOf(Call& call) {
  const auto home = call.home();
  if (!home) return std::unexpected(ApiError(home.error()));
  const std::string& id = call.path.find("plan")->second;
  auto plan = (*home)->store().GetPlan(id);
  if (plan && plan->client == call.client()) return *std::move(plan);
  if (!plan && plan.error().code != Errc::kNotFound) return std::unexpected(ApiError(plan.error()));
  return Refuse(404, "not_found", fmt::format("{} has no plan {}", call.client(), id), "path plan");
}

std::expected<void, ApiError> AlertIsClients(Call& call) {
  const auto home = call.home();
  if (!home) return std::unexpected(ApiError(home.error()));
  const std::string& id = call.path.find("alert")->second;
  const auto alert = GetAlert((*home)->store(), id);
  if (alert && alert->alert.condition.client == call.client()) return {};
  if (!alert && alert.error().code != Errc::kNotFound) {
    return std::unexpected(ApiError(alert.error()));
  }
  return Refuse(404, "not_found", fmt::format("{} has no alert {}", call.client(), id),
                "path alert");
}

/// Settings of a client are money's: who changed which text to which stands in the ledger.
Result<> Note(Call& call, Home& home, const char* event, const ordered_json& body) {
  LedgerEntry entry;
  entry.at = call.now;
  entry.client = call.path.contains("client") ? call.client() : "";
  entry.event = event;
  entry.subject = event;
  entry.body = body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  MAXOPT_CHECK(AppendLedger(home.store(), std::move(entry)));
  return {};
}

std::string FileTime(Instant at) {
  std::string out = PrintInstant(at);
  std::erase_if(out, [](char c) { return c == ':' || c == '-'; });
  return out;
}

/// Writes a checked text of settings; the one before is kept under history/.
Answer Keep(Call& call, Home& home, const char* what, const std::string& path) {
  std::string before;
  if (fs::exists(path)) {
    MAXOPT_TRY(before, ReadWholeFile(path));
  }
  const std::string was = before.empty() ? "" : Sha256Hex(before);
  if (const auto wanted = http::FindHeader(call.request.headers, "If-Match")) {
    if (wanted->find(was.empty() ? "none" : was.substr(0, 32)) == std::string_view::npos) {
      return Refuse(412, "conflict", "somebody changed it since you read it", "header If-Match",
                    "read it again, and put your change into that");
    }
  }
  std::string kept;
  if (!before.empty()) {
    const std::string folder = home.PathOf("history");
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
      return std::unexpected(ApiError(Error{Errc::kLocal, folder + ": " + error.message()}));
    ::chmod(folder.c_str(), 0700);
    kept = fs::path(path).stem().string() + "-" + FileTime(call.now) + "-" + was.substr(0, 8) +
           ".yaml";
    MAXOPT_CHECK(WriteWholeFile(folder + "/" + kept, before));
  }
  MAXOPT_CHECK(WriteWholeFile(path, call.text));
  ::chmod(path.c_str(), 0600);
  const std::string is = Sha256Hex(call.text);
  MAXOPT_CHECK(Note(call, home, what,
                    {{"by", call.by()}, {"sha256", is}, {"was_sha256", was}, {"kept", kept}}));
  http::Response response =
      Json(200, {{"file", fs::path(path).filename().string()}, {"sha256", is}, {"kept", kept}});
  response.headers.emplace_back("ETag", '"' + is.substr(0, 32) + '"');
  return response;
}

}  // namespace

// --- plans --------------------------------------------------------------------------------------

Answer ApprovePlan(Call& call) {
  auto plan = PlanOf(call);
  if (!plan) return std::unexpected(std::move(plan).error());
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const std::optional<Policy> policy, home->PolicyOf(plan->client));
  MAXOPT_CHECK(home->door().Approve(plan->id, call.by(),
                                    call.body["content_hash"].get<std::string>(),
                                    policy ? &*policy : nullptr));
  MAXOPT_TRY(const Plan approved, home->store().GetPlan(plan->id));
  return Json(200, {{"plan", plan->id},
                    {"status", PlanStatusName(approved.status)},
                    {"by", approved.approval->by},
                    {"expires_at", PrintInstant(approved.approval->expires_at)}});
}

Answer RejectPlan(Call& call) {
  auto plan = PlanOf(call);
  if (!plan) return std::unexpected(std::move(plan).error());
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_CHECK(
      maxopt::RejectPlan(home->store(), plan->id, call.by(), call.body.value("why", ""), call.now));
  return Json(200, {{"plan", plan->id}, {"status", "rejected"}});
}

Answer ApplyPlan(Call& call) {
  auto plan = PlanOf(call);
  if (!plan) return std::unexpected(std::move(plan).error());
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const std::optional<Policy> policy, home->PolicyOf(plan->client));
  MAXOPT_TRY(const ApplyReport report,
             home->door().Apply(plan->id, call.by(), policy ? &*policy : nullptr));
  if (report.sent > 0 && call.context.world.after_apply) {
    call.context.world.after_apply(*home, *plan);
  }
  return JsonText(200, ApplyJson(plan->id, report));
}

Answer UndoPlan(Call& call) {
  auto plan = PlanOf(call);
  if (!plan) return std::unexpected(std::move(plan).error());
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const std::optional<Policy> policy, home->PolicyOf(plan->client));
  UndoOptions options;
  if (call.body.contains("only")) options.only = call.body["only"].get<std::vector<std::string>>();
  MAXOPT_TRY(const Plan undo,
             home->door().Undo(plan->id, call.by(), policy ? &*policy : nullptr, options));
  return Json(201, {{"id", undo.id}, {"plan", ordered_json::parse(PlanJson(undo))}});
}

// --- alerts -------------------------------------------------------------------------------------

Answer AcknowledgeAlert(Call& call) {
  if (auto is = AlertIsClients(call); !is) return std::unexpected(is.error());
  MAXOPT_TRY(Home* const home, call.home());
  const std::string& id = call.path.find("alert")->second;
  MAXOPT_CHECK(maxopt::AcknowledgeAlert(home->store(), id, call.by(), call.now));
  return Json(200, {{"id", id}, {"acknowledged_by", call.by()}});
}

Answer SilenceAlert(Call& call) {
  if (auto is = AlertIsClients(call); !is) return std::unexpected(is.error());
  MAXOPT_TRY(Home* const home, call.home());
  const std::string& id = call.path.find("alert")->second;
  MAXOPT_TRY(const AlertEntry entry, GetAlert(home->store(), id));
  if (call.body.contains("hours") == call.body.contains("until")) {
    return Refuse(400, "invalid_argument", "say either hours or until", "/hours");
  }
  Silence silence;
  silence.client = call.client();
  // The same trouble comes back under another id, so a silence is of what it is about.
  silence.matcher = call.body.value("match", "alert=" + id);
  silence.by = call.by();
  silence.why = call.body.value("why", "");
  silence.from = call.now;
  if (call.body.contains("until")) {
    MAXOPT_TRY(silence.until, ParseInstant(call.body["until"].get<std::string>()));
  } else {
    silence.until = call.now + std::chrono::hours(call.body["hours"].get<int>());
  }
  MAXOPT_TRY(silence, SaveSilence(home->store(), silence));
  return Json(
      201,
      {{"id", silence.id}, {"match", silence.matcher}, {"until", PrintInstant(silence.until)}});
}

Answer FeedbackAlert(Call& call) {
  if (auto is = AlertIsClients(call); !is) return std::unexpected(is.error());
  MAXOPT_TRY(Home* const home, call.home());
  const std::string& id = call.path.find("alert")->second;
  std::string why = call.body.value("why", "");
  if (why.empty()) why = call.body.value("note", "");
  MAXOPT_CHECK(SaveAlertFeedback(home->store(), id, call.by(), call.body["useful"].get<bool>(), why,
                                 call.now));
  return Json(200, {{"id", id}, {"useful", call.body["useful"].get<bool>()}});
}

// --- scenarios and the optimiser ----------------------------------------------------------------

namespace {

Answer Scenarios(Call& call, const std::string& file) {
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const Client client, home->store().GetClient(call.client()));
  MAXOPT_TRY(WhatIfOptions options, WhatIfOptionsOf(*home, client.name));
  std::vector<Scenario> scenarios;
  if (!file.empty()) {
    MAXOPT_TRY(ScenarioFile read, ParseScenarioFile(file, "body", client.currency));
    options.gross_margin = read.gross_margin;
    scenarios = std::move(read.scenarios);
  }
  MAXOPT_TRY(const WhatIf what_if, ReadWhatIf(home->optimize_world(), client.name, options));
  if (scenarios.empty()) scenarios = maxopt::UsualScenarios(what_if.problem);
  MAXOPT_TRY(const ScenarioReport report, CompareScenarios(what_if.problem, scenarios));
  return JsonText(200, ScenarioJson(client, what_if, report));
}

}  // namespace

Answer UsualScenarios(Call& call) { return Scenarios(call, ""); }

// JSON is YAML, so the file's own reader judges it, with its names and places.
Answer AskScenarios(Call& call) { return Scenarios(call, call.body.dump(1)); }

Answer ProposeScenario(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(
      const Plan plan,
      ProposeBudgets(*home, call.client(),
                     call.body["budgets"].get<std::map<std::string, std::string>>(), call.by()));
  return Json(201, {{"id", plan.id}, {"plan", ordered_json::parse(PlanJson(plan))}});
}

Answer OptimizeClient(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  OptimizeOptions options;
  if (call.body.contains("levers")) {
    options.levers = call.body["levers"].get<std::vector<std::string>>();
  }
  options.days = call.body.value("days", options.days);
  const bool propose = call.body.value("propose", false);
  MAXOPT_TRY(const OptimizeRun run,
             propose ? ProposeRound(*home, call.client(), options, call.by(), false)
                     : Optimize(*home, call.client(), options));
  if (propose) {
    std::vector<std::string> plans;
    for (const Plan& plan : run.plans) plans.push_back(plan.id);
    MAXOPT_CHECK(
        Note(call, *home, "asked", {{"by", call.by()}, {"what", "optimize"}, {"plans", plans}}));
  }
  return JsonText(200, OptimizeJson(run));
}

// --- rules and policy ---------------------------------------------------------------------------

Result<std::string> PolicyPath(Home& home, const std::string& client) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(home.folder(), error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("policy") || !name.ends_with(".yaml")) continue;
    MAXOPT_TRY(const std::string text, ReadWholeFile(entry.path()));
    // A file that cannot be read is nobody's; who owns the home repairs it.
    const auto policy = ParsePolicy(text, entry.path());
    if (policy && policy->client == client) return entry.path().string();
  }
  return home.PathOf("policy-" + Sha256Hex(client).substr(0, 12) + ".yaml");
}

Answer PutPolicy(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const Client client, home->store().GetClient(call.client()));
  MAXOPT_TRY(const Policy policy, ParsePolicy(call.text, "policy"));
  if (policy.client != client.name) {
    return Refuse(400, "invalid_argument",
                  fmt::format("this is the policy of \"{}\"", policy.client), "client",
                  "write client: " + client.name);
  }
  MAXOPT_TRY(const std::string path, PolicyPath(*home, client.name));
  return Keep(call, *home, "policy", path);
}

Answer PutRules(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const Client client, home->store().GetClient(call.client()));
  MAXOPT_TRY(const RuleSet set, ReadRules(call.text, "rules"));
  if (set.client != client.name || set.currency != client.currency) {
    return Refuse(
        400, "invalid_argument",
        fmt::format("these are the rules of \"{}\" in {}", set.client, set.currency.name()),
        "client",
        fmt::format("write client: {} and currency: {}", client.name, client.currency.name()));
  }
  MAXOPT_TRY(const std::optional<RulesFile> known, RulesOf(*home, client.name));
  return Keep(call, *home, "rules",
              known ? known->path
                    : home->PathOf("rules-" + Sha256Hex(client.name).substr(0, 12) + ".yaml"));
}

// --- jobs and the halt --------------------------------------------------------------------------

Answer RunJob(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  const std::string& key = call.path.find("key")->second;
  MAXOPT_TRY(const int moved, RunJobNow(home->store(), key, call.now));
  if (moved == 0) {
    return Refuse(404, "not_found", fmt::format("no job is called \"{}\"", key), "path key",
                  "GET /api/v1/status lists them");
  }
  return Json(200, {{"jobs", moved}});
}

Answer Halt(Call& call) {
  const bool on = call.body["halted"].get<bool>();
  // Without the home, as the command line does it: it must work while a job holds it for long.
  const std::string path = call.context.world.folder + "/halt";
  if (on) {
    MAXOPT_CHECK(WriteWholeFile(path, "halted by " + call.by() + "\n"));
  } else {
    std::error_code error;
    fs::remove(path, error);
    if (error) return std::unexpected(ApiError(Error{Errc::kLocal, path + ": " + error.message()}));
  }
  return Json(200, {{"halted", on}});
}

}  // namespace maxopt::api
