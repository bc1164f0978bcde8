#include "app/insights/insights.h"

#include <algorithm>

#include "memory/campaigns/alerts.h"
#include "stages/optimize/outputs/outputs.h"

namespace maxopt {
namespace {

using std::chrono::days;

bool Waits(const Plan& plan) {
  return plan.status == PlanStatus::kGuarded || plan.status == PlanStatus::kApproved;
}

}  // namespace

Result<std::vector<Message>> TellInsights(Home& home, const std::string& client) {
  OptimizeState state;
  state.client = client;
  state.now = home.clock().Now();
  MAXOPT_TRY(const Client who, home.store().GetClient(client));
  state.currency = who.currency;
  MAXOPT_TRY(const Zone zone, Zone::Find(who.zone));
  state.day = zone.DayOf(state.now);
  MAXOPT_TRY(state.plans, home.store().Plans(std::nullopt, kAllPlans));
  std::erase_if(state.plans, [&](const Plan& plan) {
    return plan.client != client || (plan.created_at < state.now - days(7) && !Waits(plan));
  });
  MAXOPT_TRY(state.outcomes, Outcomes(home.store(), client));
  std::erase_if(state.outcomes,
                [&](const ScoredOutcome& outcome) { return outcome.at < state.now - days(28); });
  SegmentSearch search;
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client));
  if (policy) search.known_least = policy->known_least_bp / 1e4;
  MAXOPT_TRY(state.segments,
             SearchSegments(home.store(), home.facts(), home.clock(), client, search));
  AlertQuery query;
  query.client = client;
  MAXOPT_TRY(std::vector<AlertEntry> alerts, Alerts(home.store(), query));
  for (AlertEntry& entry : alerts) {
    if (entry.alert.condition.detector == "fatigue")
      state.fatigue.push_back(std::move(entry.alert));
  }
  std::vector<Message> sent;
  for (Message& message : OptimizeMessages(state)) {
    MAXOPT_TRY(Message kept, home.store().SaveMessage(std::move(message)));
    sent.push_back(std::move(kept));
  }
  return sent;
}

}  // namespace maxopt
