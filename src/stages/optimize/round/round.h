#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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
/// Moves in other currencies are converted; one without a rate leaves nothing of the amounts, since
/// what is left is not known.
/// Errors: our own memory's.
Result<ChangeBudget> BudgetOfToday(CampaignStore& store, const std::string& client,
                                   const Policy* policy, const LeverState& state);

/// The same with the worst day of each platform over an average daily budget.
Result<ChangeBudget> BudgetOfToday(CampaignStore& store, const std::string& client,
                                   const Policy* policy, Instant now,
                                   const std::map<Platform, int>& overdelivery_bp,
                                   const FxRates& rates);

struct RoundItem {
  std::string lever;
  Opportunity opportunity;
  double worth = 0;  ///< over the budget's horizon, the client's currency: see Priority
  std::string wait;  ///< why it waits; empty: it is in a plan
  Currency currency = kNoCurrency;  ///< of the opportunity's value: its account's
};

struct Round {
  std::vector<RoundItem> items;  ///< chosen first, most worth first
  /// Drafts: one for each reason, so that each kind is scored alone; what needs a second signal
  /// and has none apart, marked so that no policy approves it.
  std::vector<Plan> plans;
};

/// What one lever found, with what a round must know of where it stands.
struct RoundCandidate {
  std::string lever;
  Opportunity opportunity;
  std::string campaign;  ///< platform id of the campaign that it is or lies in
};
/// All that a round is made of, as plain values: what can be kept and decided again.
struct RoundInput {
  std::string client;
  Currency currency = kNoCurrency;           ///< the client's
  std::map<Platform, int> overdelivery_bp;   ///< worst day over an average daily budget
  std::map<AccountId, Currency> currencies;  ///< of the accounts that could be read
  FxRates rates{};                           ///< of the day
  std::vector<RoundCandidate> candidates;
  /// Drafts that go first: a person's rules, budgets. Their objects and their moves count.
  std::vector<Plan> before;
};
/// Units of the client's currency for one of the candidate's account. kInvalidArgument: no rate.
Result<double> ClientRate(const RoundInput& input, const RoundCandidate& candidate);
RoundInput RoundInputOf(const LeverState& state, std::span<const LeverReport> reports,
                        std::vector<Plan> before);

/// What a candidate is worth, and why it cannot be done whatever the day still holds.
struct RoundVerdict {
  double worth = 0;                 ///< as Prioritize reckons it, the client's currency
  std::optional<Money> worst_move;  ///< of a daily budget, over-delivery included; of the limits'
  std::string wait;                 ///< empty: it may be chosen
};
/// One for each candidate, compared in the client's currency; moves in that of the day's limits.
/// What has no rate waits. So does what touches an object of a plan that goes first, and what a
/// language model proposed without a prediction of our own. Pure.
std::vector<RoundVerdict> EvaluateRound(const RoundInput& input, const ChangeBudget& budget);
/// Ranks what does not wait and makes drafts of what is chosen. `verdicts`: one a candidate. Pure.
Round SelectRound(const RoundInput& input, std::span<const RoundVerdict> verdicts,
                  const ChangeBudget& budget);

/// Both over what the levers found. `before`: a plan of budgets that is proposed first, or null.
/// Pure.
Round ComposeRound(const LeverState& state, std::span<const LeverReport> reports,
                   const ChangeBudget& budget, const Plan* before);

/// JSON of the input, as domain/json.h says of its own; an opportunity whose numbers are not finite
/// cannot be written and must not be in it.
std::string ToJson(const RoundInput& input);
Result<RoundInput> RoundInputFromJson(std::string_view json);
/// A draft: client, title, who made it, changes, notes, prediction. What the door adds is not in
/// it.
std::string DraftJson(const Plan& plan);
Result<Plan> DraftFromJson(std::string_view json);

}  // namespace maxopt
