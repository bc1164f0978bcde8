#include "stages/monitor/detect/contain.h"

#include <fmt/format.h>

namespace maxopt {
namespace {

constexpr const char* kApprover = "tripwire of the policy";

Plan PauseOf(const std::string& client, const AccountId& account,
             const std::map<std::string, std::string>& addresses,
             const std::vector<Condition*>& conditions) {
  Plan plan;
  plan.client = client;
  plan.title = fmt::format("pause what runs away on {}", PrintAccount(account));
  plan.created_by = kContainedBy;
  for (const Condition* condition : conditions) {
    Change change;
    change.account = account;
    change.level = condition->level;
    change.id = condition->object_id;
    const auto ours = addresses.find(condition->object_id);
    change.address = ours != addresses.end()
                         ? ours->second
                         : fmt::format("{}/{}", LevelName(condition->level), condition->object_id);
    change.before = {{"status", std::string(kActive)}};
    change.after = {{"status", std::string(kPaused)}};
    change.reason = Reason::kPause;
    change.why = condition->title;
    change.evidence = ToJson(*condition);
    plan.changes.push_back(std::move(change));
  }
  return plan;
}

/// One sentence: what became of it.
std::string Pause(Door& door, const Policy& policy, Plan draft) {
  const auto plan = door.Propose(std::move(draft), &policy);
  if (!plan) return "not paused: " + plan.error().what;
  if (plan->status == PlanStatus::kBlocked) {
    std::string why;
    for (const GuardFinding& finding : plan->findings) {
      if (finding.blocks) why += (why.empty() ? "" : "; ") + finding.what;
    }
    return fmt::format("not paused: plan {} is blocked: {}", plan->id, why);
  }
  const auto approved = door.Approve(plan->id, kApprover, ContentHash(*plan), &policy);
  if (!approved) return "not paused: " + approved.error().what;
  const auto report = door.Apply(plan->id, kContainedBy, &policy);
  if (!report) return fmt::format("not paused: plan {}: {}", plan->id, report.error().what);
  if (report->status == PlanStatus::kVerified) {
    return fmt::format("paused by plan {} and read back as paused; maxopt undo {} switches it on",
                       plan->id, plan->id);
  }
  return fmt::format("plan {} to pause it is {}: look at the campaign on the platform", plan->id,
                     PlanStatusName(report->status));
}

}  // namespace

void Contain(Door& door, const Policy* policy, const std::map<std::string, std::string>& addresses,
             std::vector<Condition>& conditions) {
  std::map<AccountId, std::vector<Condition*>> runaways;
  for (Condition& condition : conditions) {
    if (condition.detector != "runaway" || !condition.account || condition.object_id.empty()) {
      continue;
    }
    if (policy && policy->tripwire_bp > 0) {
      runaways[*condition.account].push_back(&condition);
    } else {
      condition.evidence.push_back(policy ? "not paused: tripwire_percent of the policy is 0"
                                          : "not paused: the client has no policy");
    }
  }
  for (auto& [account, of_account] : runaways) {
    const std::string what =
        Pause(door, *policy, PauseOf(of_account.front()->client, account, addresses, of_account));
    for (Condition* condition : of_account) {
      condition->evidence.push_back(what);
      condition->proposal = what;
    }
  }
}

}  // namespace maxopt
