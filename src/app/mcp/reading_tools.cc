// Tools that read what is no view, and the one that waits for a person's approval.
#include <fmt/format.h>

#include "app/cycle/cycle.h"
#include "app/mcp/tool.h"
#include "app/scenario/scenario.h"
#include "memory/campaigns/alerts.h"

namespace maxopt::agent_tools {
namespace {

const Json kText = {{"type", "string"}};
const Json kObjects = {{"type", "array"}, {"items", {{"type", "object"}}}};

Result<std::vector<Client>> SeenClients(Home& home, const mcp::Principal& principal) {
  MAXOPT_TRY(std::vector<Client> clients, home.store().Clients());
  std::erase_if(clients, [&](const Client& client) { return !principal.Sees(client.name); });
  return clients;
}

Tool ListClients(const UseHome& use) {
  Tool tool;
  tool.name = "list_clients";
  tool.title = "Clients";
  tool.description = std::string("The clients that you may see.") + kUntrusted;
  tool.input_schema = ObjectSchema(Json::object(), {});
  const Json client = ObjectSchema({{"client", kText}, {"currency", kText}, {"zone", kText}},
                                   {"client", "currency", "zone"});
  tool.output_schema =
      ObjectSchema({{"clients", {{"type", "array"}, {"items", client}}}}, {"clients"});
  tool.run = [use](Call& call) {
    return With(use, [&](Home& home) -> Result<Json> {
      MAXOPT_TRY(const std::vector<Client> clients, SeenClients(home, call.principal()));
      Json list = Json::array();
      for (const Client& one : clients) {
        list.push_back(
            {{"client", one.name}, {"currency", one.currency.name()}, {"zone", one.zone}});
      }
      return Json{{"clients", std::move(list)}};
    });
  };
  return tool;
}

Tool GetPlanTool(const UseHome& use, const AgentToolsOptions& options) {
  Tool tool;
  tool.name = "get_plan";
  tool.title = "Plan";
  tool.description =
      std::string(
          "One plan whole: each change with before, after, reason and predicted effect, what "
          "the guards said, and what comes next.") +
      kUntrusted;
  tool.input_schema =
      ObjectSchema({{"client", ClientSchema()}, {"plan", StringSchema("its id, p-...", 60)}},
                   {"client", "plan"});
  tool.output_schema = PlanSchema();
  const std::string dashboard = options.dashboard;
  tool.run = ForClient(use, [dashboard](Home& home, const Client& client, Call& call) -> Reply {
    MAXOPT_TRY(const Plan plan, SeenPlan(home, client, TextAt(call.arguments(), "plan")));
    return PlanJson(plan, dashboard);
  });
  return tool;
}

Tool GetDiagnosis(const UseHome& use) {
  Tool tool;
  tool.name = "get_diagnosis";
  tool.title = "Diagnosis";
  tool.description =
      std::string("One alert with its diagnosis: what moved, where, why, and what Max proposes.") +
      kUntrusted;
  tool.input_schema =
      ObjectSchema({{"client", ClientSchema()},
                    {"alert", StringSchema("its id, a-..., as list_alerts shows it", 60)}},
                   {"client", "alert"});
  tool.output_schema = {{"type", "object"}};
  tool.run = ForClient(use, [](Home& home, const Client& client, Call& call) -> Reply {
    const std::string id = TextAt(call.arguments(), "alert");
    const Result<AlertEntry> entry = GetAlert(home.store(), id);
    if (!entry && entry.error().code != Errc::kNotFound) return std::unexpected(entry.error());
    if (!entry || entry->alert.condition.client != client.name) {
      return Fail(Errc::kNotFound,
                  fmt::format("client \"{}\" has no alert \"{}\"; list_alerts shows them",
                              client.name, id));
    }
    return Json::parse(ToJson(*entry));
  });
  return tool;
}

/// The scenarios that the arguments ask for; each part is one.
Result<std::vector<Scenario>> Asked(const Json& arguments, Currency currency) {
  std::vector<Scenario> out;
  const auto add = [&](std::string name) -> Scenario& {
    Scenario& scenario = out.emplace_back();
    scenario.name = std::move(name);
    return scenario;
  };
  for (const std::string& text : TextsAt(arguments, "budgets")) {
    const auto read = ReadTotal(text, currency, add("budget " + text));
    if (!read) return FailWithin("budgets", read.error());
    Scenario best = out.back();
    best.name += ", best split";
    best.split = Scenario::Split::kBest;
    out.push_back(std::move(best));
  }
  for (const std::string& id : TextsAt(arguments, "off")) add(id + " off").off = {id};
  if (const auto set = arguments.find("set"); set != arguments.end() && !set->empty()) {
    Scenario& scenario = add("as set");
    for (const auto& [channel, amount] : set->items()) {
      const auto money = ReadAmount(amount.get<std::string>(), channel, currency);
      if (!money) return FailWithin("set." + channel, money.error());
      scenario.set.emplace(channel, *money);
    }
  }
  for (const std::string& text : TextsAt(arguments, "targets")) {
    const auto target = ReadTarget(text);
    if (!target) return FailWithin("targets", target.error());
    add("target " + text).target = *target;
  }
  if (arguments.value("best_split", false)) {
    Scenario& best = add("best split");
    best.keep_total = true;
    best.split = Scenario::Split::kBest;
  }
  return out;
}

Tool AskScenario(const UseHome& use) {
  Tool tool;
  tool.name = "ask_scenario";
  tool.title = "Scenario";
  tool.description =
      std::string(
          "What if: budgets up, down or set, channels off, the best split, a target for the "
          "return. Answers incremental revenue with intervals beside the present. Without any "
          "question the usual ones are answered. Writes nothing; takes some seconds.") +
      kUntrusted;
  Json set = {{"type", "object"},
              {"description",
               "daily budget by channel, exact decimal text in the channel's currency: "
               "{\"meta/social\": \"120.00\"}"},
              {"additionalProperties", {{"type", "string"}, {"maxLength", 40}}},
              {"maxProperties", 100}};
  tool.input_schema = ObjectSchema(
      {{"client", ClientSchema()},
       {"budgets",
        StringsSchema("totals of all channels a day: \"-20%\", \"+10%\" or \"1200.50\"")},
       {"off", StringsSchema("channels to switch off, each a scenario of its own")},
       {"set", std::move(set)},
       {"targets", StringsSchema("\"marginal_roas=2\", \"average_cpa=25\"")},
       {"best_split",
        {{"type", "boolean"}, {"description", "the best split of the present total"}}},
       {"gross_margin",
        {{"type", "number"},
         {"exclusiveMinimum", 0},
         {"maximum", 1},
         {"description",
          "part of revenue that is left before media; without it no profit is shown"}}}},
      {"client"});
  tool.output_schema = {{"type", "object"},
                        {"properties",
                         {{"client", kText},
                          {"currency", kText},
                          {"scenarios", kObjects},
                          {"notes", {{"type", "array"}, {"items", kText}}}}},
                        {"required", {"client", "currency", "scenarios", "notes"}}};
  tool.run = ForClient(use, [](Home& home, const Client& client, Call& call) -> Reply {
    const Json& arguments = call.arguments();
    MAXOPT_TRY(std::vector<Scenario> scenarios, Asked(arguments, client.currency));
    MAXOPT_TRY(WhatIfOptions options, WhatIfOptionsOf(home, client.name));
    if (arguments.contains("gross_margin")) {
      options.gross_margin = arguments["gross_margin"].get<double>();
    }
    call.Progress(0, 2, "reading the history and fitting the response");
    MAXOPT_TRY(const WhatIf what_if, ReadWhatIf(home.optimize_world(), client.name, options));
    if (call.cancelled()) return Fail(Errc::kUnavailable, "cancelled");
    if (scenarios.empty()) scenarios = UsualScenarios(what_if.problem);
    call.Progress(1, 2, "comparing the scenarios");
    MAXOPT_TRY(const ScenarioReport report, CompareScenarios(what_if.problem, scenarios));
    return Json::parse(ScenarioJson(client, what_if, report));
  });
  return tool;
}

Json RunJson(const OptimizeRun& run, const std::string& dashboard) {
  Json items = Json::array();
  for (const RoundItem& item : run.round.items) {
    const Opportunity& o = item.opportunity;
    items.push_back({{"lever", item.lever},
                     {"address", o.change.address},
                     {"account", PrintAccount(o.change.account)},
                     {"reason", ReasonName(o.change.reason)},
                     {"why", o.change.why},
                     {"currency", item.currency.name()},
                     {"value_per_day",
                      {{"mean", o.value}, {"low90", o.value_low90}, {"high90", o.value_high90}}},
                     {"waits", item.wait.empty() ? Json(nullptr) : Json(item.wait)}});
  }
  Json plans = Json::array();
  for (const Plan& plan : run.plans) plans.push_back(PlanJson(plan, dashboard));
  const auto maybe = [](const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
  };
  return {{"client", run.client},
          {"cycle", maybe(run.cycle)},
          {"budgets", maybe(run.budgets)},
          {"no_budgets", maybe(run.no_budgets)},
          {"items", std::move(items)},
          {"plans", std::move(plans)},
          {"notes", run.notes},
          {"problems", run.problems}};
}

Json RunSchema() {
  const Json texts = {{"type", "array"}, {"items", kText}};
  const Json maybe = {{"type", Json::array({"string", "null"})}};
  return ObjectSchema({{"client", kText},
                       {"cycle", maybe},
                       {"budgets", maybe},
                       {"no_budgets", maybe},
                       {"items", kObjects},
                       {"plans", kObjects},
                       {"notes", texts},
                       {"problems", texts}},
                      {"client", "items", "plans", "notes", "problems"});
}

/// `propose` stores the plans; the other only looks.
Tool OptimizeTool(const UseHome& use, const AgentToolsOptions& options, bool propose) {
  Tool tool;
  tool.name = propose ? "optimize_propose" : "optimize_preview";
  tool.title = propose ? "Propose improvements" : "Preview improvements";
  tool.description =
      std::string(
          propose ? "One round of the optimiser over budgets and every lever; what is worth doing "
                    "becomes plans that wait for a person's approval. Nothing is applied. Earlier "
                    "plans of the optimiser that nobody decided on are withdrawn."
                  : "What the optimiser would propose now: budgets and every lever, most worth "
                    "first. Nothing is stored.") +
      kUntrusted;
  Json levers = StringsSchema("levers to look at; left out: all");
  std::string known = "budgets";
  for (const NamedLever& lever : AllLevers()) known += fmt::format(", {}", lever.name);
  levers["description"] = "levers to look at, of: " + known + "; left out: all";
  tool.input_schema = ObjectSchema(
      {{"client", ClientSchema()},
       {"levers", std::move(levers)},
       {"days",
        {{"type", "integer"}, {"minimum", 1}, {"maximum", 400}, {"description", "how far back"}}}},
      {"client"});
  tool.output_schema = RunSchema();
  tool.read_only = !propose;
  tool.writes = propose;
  tool.idempotent = !propose;
  tool.open_world = true;  // it reads the platforms
  const std::string dashboard = options.dashboard;
  tool.run =
      ForClient(use, [propose, dashboard](Home& home, const Client& client, Call& call) -> Reply {
        const Json& arguments = call.arguments();
        OptimizeOptions wanted;
        wanted.levers = TextsAt(arguments, "levers");
        wanted.days = arguments.value("days", wanted.days);
        call.Progress(0, 1, "looking at budgets and levers");
        MAXOPT_TRY(const OptimizeRun run,
                   propose ? ProposeRound(home, client.name, wanted, call.principal().name, false)
                           : Optimize(home, client.name, wanted));
        return RunJson(run, dashboard);
      });
  return tool;
}

/// An approval is a person's: the tool shows where to give it, and answers when it is given or
/// refused. It approves nothing itself, whatever the client answers.
Tool AwaitApproval(const UseHome& use, const AgentToolsOptions& options) {
  Tool tool;
  tool.name = "await_approval";
  tool.title = "Ask a person to approve";
  tool.description =
      std::string(
          "Shows a person the page where a plan is approved or refused, and answers with how "
          "it stands then. The approval itself is given there, in the person's own session; "
          "this tool cannot give it. Clients that cannot open a page get how the plan stands "
          "now.") +
      kUntrusted;
  tool.input_schema =
      ObjectSchema({{"client", ClientSchema()}, {"plan", StringSchema("its id, p-...", 60)}},
                   {"client", "plan"});
  tool.output_schema = PlanSchema();
  tool.run = [use, dashboard = options.dashboard](Call& call) -> Outcome<ToolResult> {
    MAXOPT_TRY(const std::shared_ptr<Home> home, use());
    MAXOPT_TRY(const Client client,
               SeenClient(*home, call.principal(), TextAt(call.arguments(), "client")));
    MAXOPT_TRY(const Plan plan, SeenPlan(*home, client, TextAt(call.arguments(), "plan")));
    const Json& capabilities = call.client_capabilities();
    const bool opens = capabilities.contains("elicitation") &&
                       capabilities["elicitation"].is_object() &&
                       capabilities["elicitation"].contains("url");
    if (plan.status == PlanStatus::kGuarded && opens && !call.answers().contains("approval")) {
      return mcp::Needs{
          {{"approval",
            "elicitation/create",
            {{"mode", "url"},
             {"message", fmt::format("Plan {} waits for your approval. Open it, look at every "
                                     "change, and approve or refuse it there.",
                                     plan.id)},
             {"url", PlanLink(plan, dashboard)},
             {"elicitationId", plan.id}}}},
          plan.id};
    }
    ToolResult result;
    result.structured = PlanJson(plan, dashboard);
    return result;
  };
  return tool;
}

}  // namespace

void AddReadingTools(mcp::Registry& registry, const UseHome& use,
                     const AgentToolsOptions& options) {
  registry.tools.insert(registry.tools.begin(), ListClients(use));
  registry.tools.push_back(GetDiagnosis(use));
  registry.tools.push_back(GetPlanTool(use, options));
  registry.tools.push_back(AskScenario(use));
  registry.tools.push_back(OptimizeTool(use, options, false));
  registry.tools.push_back(AwaitApproval(use, options));
  if (options.writes) registry.tools.push_back(OptimizeTool(use, options, true));
}

}  // namespace maxopt::agent_tools
