#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "decide/priority/priority.h"
#include "domain/plan.h"
#include "domain/policy.h"
#include "memory/campaigns/campaigns.h"
#include "stages/optimize/levers/levers.h"

/// A day's work of the optimiser: of all that the levers found, what is proposed today.
namespace maxopt {

/// What the client's envelope still holds today, from the automatic changes that were sent in the
/// last 24 hours. Without a policy, or an envelope in it, nothing is limited; amounts as the policy
/// has them, before what the record scales them by.
/// Errors: our own memory's.
Result<ChangeBudget> BudgetOfToday(CampaignStore& store, const std::string& client,
                                   const Policy* policy, const LeverState& state);

struct RoundItem {
  std::string lever;
  Opportunity opportunity;
  double worth = 0;  ///< over the budget's horizon, account currency: see Priority
  std::string wait;  ///< why it waits; empty: it is in a plan
};

struct Round {
  std::vector<RoundItem> items;  ///< chosen first, most worth first
  /// Drafts: one for each reason, so that each kind is scored alone; what needs a second signal
  /// and has none apart, marked so that no policy approves it.
  std::vector<Plan> plans;
};

/// Ranks everything the levers found and makes drafts of what is chosen. `before`: a plan of
/// budgets that is proposed first; its objects and its moves count. What is in another currency
/// than the client's waits: values in two currencies are not compared. Pure.
Round ComposeRound(const LeverState& state, std::span<const LeverReport> reports,
                   const ChangeBudget& budget, const Plan* before);

}  // namespace maxopt
