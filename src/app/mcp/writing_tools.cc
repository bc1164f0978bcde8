// Tools that write: plans that wait for an approval, and notes on alerts. None of them applies
// anything, and the only approval among them is the one that the client's policy gives.
#include <fmt/format.h>

#include "app/mcp/tool.h"
#include "app/scenario/scenario.h"
#include "memory/campaigns/alerts.h"

namespace maxopt::agent_tools {
namespace {

const Json kText = {{"type", "string"}};

Tool Writing(const char* name, const char* title, const std::string& description) {
  Tool tool;
  tool.name = name;
  tool.title = title;
  tool.description = description;
  tool.read_only = false;
  tool.writes = true;
  tool.idempotent = false;
  return tool;
}

Tool ProposeBudgetsTool(const UseHome& use, const AgentToolsOptions& options) {
  Tool tool = Writing(
      "propose_scenario_budgets", "Propose budgets",
      std::string(
          "Makes a plan of daily budgets by channel, as a scenario chose them. It waits for a "
          "person's approval; nothing is applied. Policy caps and steps hold.") +
          kUntrusted);
  tool.open_world = true;
  tool.input_schema = ObjectSchema(
      {{"client", ClientSchema()},
       {"budgets",
        {{"type", "object"},
         {"description",
          "daily budget by channel, exact decimal text: {\"meta/social\": \"120.00\"}"},
         {"additionalProperties", {{"type", "string"}, {"maxLength", 40}}},
         {"minProperties", 1},
         {"maxProperties", 100}}}},
      {"client", "budgets"});
  tool.output_schema = PlanSchema();
  const std::string dashboard = options.dashboard;
  tool.run = ForClient(use, [dashboard](Home& home, const Client& client, Call& call) -> Reply {
    const Json& arguments = call.arguments();
    std::map<std::string, std::string> budgets;
    for (const auto& [channel, amount] : arguments["budgets"].items()) {
      budgets.emplace(channel, amount.get<std::string>());
    }
    MAXOPT_TRY(const Plan plan, ProposeBudgets(home, client.name, budgets, By(call.principal())));
    return PlanJson(plan, dashboard);
  });
  return tool;
}

Tool UndoPropose(const UseHome& use, const AgentToolsOptions& options) {
  Tool tool = Writing(
      "undo_propose", "Propose an undo",
      std::string("Makes the inverse of a plan that was applied, as a new plan that waits for "
                  "a person's approval. What someone changed since is left as it is and named "
                  "in the notes.") +
          kUntrusted);
  tool.open_world = true;
  tool.input_schema = ObjectSchema(
      {{"client", ClientSchema()},
       {"plan", StringSchema("id of the plan to undo, p-...", 60)},
       {"only", StringsSchema("addresses to undo, \"spring/social\", or one field of one, "
                              "\"spring/social#daily_budget\"; left out: everything")}},
      {"client", "plan"});
  tool.output_schema = PlanSchema();
  const std::string dashboard = options.dashboard;
  tool.run = ForClient(use, [dashboard](Home& home, const Client& client, Call& call) -> Reply {
    MAXOPT_TRY(const Plan done, SeenPlan(home, client, TextAt(call.arguments(), "plan")));
    MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client.name));
    UndoOptions wanted;
    wanted.only = TextsAt(call.arguments(), "only");
    MAXOPT_TRY(const Plan plan, home.door().Undo(done.id, By(call.principal()),
                                                 policy ? &*policy : nullptr, wanted));
    return PlanJson(plan, dashboard);
  });
  return tool;
}

Tool ApproveWithinPolicy(const UseHome& use, const AgentToolsOptions& options) {
  Tool tool = Writing(
      "approve_within_policy", "Approve within the policy",
      std::string(
          "Approves a plan in the name of the client's policy, where the policy lets this plan "
          "pass without a person; otherwise it says why a person is needed. Applies nothing.") +
          kUntrusted);
  tool.input_schema = ObjectSchema(
      {{"client", ClientSchema()},
       {"plan", StringSchema("its id, p-...", 60)},
       {"content_hash", StringSchema("of the plan as get_plan showed it: what is approved", 80)}},
      {"client", "plan", "content_hash"});
  tool.output_schema = PlanSchema();
  const std::string dashboard = options.dashboard;
  tool.run = ForClient(use, [dashboard](Home& home, const Client& client, Call& call) -> Reply {
    MAXOPT_TRY(const Plan plan, SeenPlan(home, client, TextAt(call.arguments(), "plan")));
    MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client.name));
    if (plan.status != PlanStatus::kGuarded) {
      return Fail(Errc::kConflict, fmt::format("plan {} is {}, so it waits for no approval",
                                               plan.id, PlanStatusName(plan.status)));
    }
    if (!policy || !Door::MayApproveItself(plan, *policy)) {
      return Fail(Errc::kRefused,
                  fmt::format("the policy of {} does not let plan {} pass without a person; "
                              "await_approval shows where one approves it",
                              client.name, plan.id));
    }
    MAXOPT_CHECK(home.door().Approve(plan.id, std::string(Door::kByPolicy),
                                     TextAt(call.arguments(), "content_hash"), &*policy));
    MAXOPT_TRY(const Plan approved, home.store().GetPlan(plan.id));
    return PlanJson(approved, dashboard);
  });
  return tool;
}

Result<AlertEntry> SeenAlert(Home& home, const Client& client, const std::string& id) {
  Result<AlertEntry> entry = GetAlert(home.store(), id);
  if (entry && entry->alert.condition.client == client.name) return entry;
  if (!entry && entry.error().code != Errc::kNotFound) return entry;
  return Fail(
      Errc::kNotFound,
      fmt::format("client \"{}\" has no alert \"{}\"; list_alerts shows them", client.name, id));
}

Tool AlertAcknowledge(const UseHome& use) {
  Tool tool =
      Writing("alert_acknowledge", "Acknowledge an alert",
              "Says that an alert is taken care of: it is not told again until it is worse or "
              "over.");
  tool.input_schema =
      ObjectSchema({{"client", ClientSchema()}, {"alert", StringSchema("its id, a-...", 60)}},
                   {"client", "alert"});
  tool.output_schema =
      ObjectSchema({{"alert", kText}, {"acknowledged_by", kText}}, {"alert", "acknowledged_by"});
  tool.run = ForClient(use, [](Home& home, const Client& client, Call& call) -> Reply {
    MAXOPT_TRY(const AlertEntry entry, SeenAlert(home, client, TextAt(call.arguments(), "alert")));
    const std::string by = By(call.principal());
    MAXOPT_CHECK(AcknowledgeAlert(home.store(), entry.alert.id, by, home.clock().Now()));
    return Json{{"alert", entry.alert.id}, {"acknowledged_by", by}};
  });
  return tool;
}

Tool AlertFeedbackTool(const UseHome& use) {
  Tool tool = Writing("alert_feedback", "Say whether an alert was useful",
                      "Whether an alert was worth it, and why; it tunes how soon such an alert is "
                      "raised.");
  tool.idempotent = true;
  tool.input_schema = ObjectSchema({{"client", ClientSchema()},
                                    {"alert", StringSchema("its id, a-...", 60)},
                                    {"useful", {{"type", "boolean"}}},
                                    {"why", StringSchema("one sentence", 400)}},
                                   {"client", "alert", "useful"});
  tool.output_schema =
      ObjectSchema({{"alert", kText}, {"useful", {{"type", "boolean"}}}}, {"alert", "useful"});
  tool.run = ForClient(use, [](Home& home, const Client& client, Call& call) -> Reply {
    MAXOPT_TRY(const AlertEntry entry, SeenAlert(home, client, TextAt(call.arguments(), "alert")));
    const bool useful = call.arguments()["useful"].get<bool>();
    MAXOPT_CHECK(SaveAlertFeedback(home.store(), entry.alert.id, By(call.principal()), useful,
                                   TextAt(call.arguments(), "why"), home.clock().Now()));
    return Json{{"alert", entry.alert.id}, {"useful", useful}};
  });
  return tool;
}

}  // namespace

void AddWritingTools(mcp::Registry& registry, const UseHome& use,
                     const AgentToolsOptions& options) {
  registry.tools.push_back(ProposeBudgetsTool(use, options));
  registry.tools.push_back(UndoPropose(use, options));
  registry.tools.push_back(ApproveWithinPolicy(use, options));
  registry.tools.push_back(AlertAcknowledge(use));
  registry.tools.push_back(AlertFeedbackTool(use));
}

}  // namespace maxopt::agent_tools
