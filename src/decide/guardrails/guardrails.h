#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "domain/experiment.h"
#include "domain/plan.h"
#include "domain/policy.h"

namespace maxopt {

/// What the guards look at, besides the plan.
struct GuardContext {
  /// Live trees of every account of the client that could be read.
  std::span<const AccountTree> live;
  /// Accounts of the client whose tree could not be read: their exposure is unknown.
  std::vector<std::string> unread_accounts;
  /// Worst day over an average daily budget, by platform: 20'000 = 2x. A missing platform blocks.
  std::map<Platform, int> overdelivery_bp;
  /// When each object (by platform id) last had a budget change of ours.
  std::map<std::string, Instant> last_budget_change;
  /// When the newest facts of the accounts in the plan were learnt; nullopt: never.
  std::optional<Instant> facts_learnt_at;
  /// What running experiments keep still.
  std::vector<ExperimentLock> locks;
  Instant now{};
};

struct GuardVerdict {
  std::vector<Exposure> before;  ///< one per currency
  std::vector<Exposure> after;   ///< as if everything the plan creates were switched on
  std::vector<GuardFinding> findings;
  bool blocked() const;
};

/// Judges a plan on the state after it, in account currency, on the worst day that the platforms'
/// over-delivery allows. Pure. No policy blocks everything except pausing.
/// Guards: policy_missing, account, field, currency, daily_cap, platform_cap, step, cooldown,
/// stale_data, unread_account, created_active, experiment_lock, forced.
GuardVerdict JudgePlan(const Plan& plan, const Policy* policy, const GuardContext& context);

/// Order in which changes are sent so that every prefix of them stays under a cap that the whole
/// respects: pauses and cuts first, then the rest in the plan's order (parents before children).
std::vector<Change> SafeOrder(std::vector<Change> changes);

/// True for a change that can only lower spend: status to paused or removed, a budget cut.
bool OnlyLowersSpend(const Change& change);

}  // namespace maxopt
