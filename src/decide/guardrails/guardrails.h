#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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
  /// Accounts in the plan that are another client's: nothing is written there, not even a pause.
  std::vector<AccountId> foreign_accounts{};
  /// When the newest facts of the accounts in the plan were learnt; nullopt: never.
  std::optional<Instant> facts_learnt_at;
  /// Automatic changes of the last 24 hours that were sent.
  struct Moved {
    AccountId account;
    Money worst_day;  ///< size of the move of a daily budget, over-delivery included
  };
  std::vector<Moved> moved_today;
  int automatic_changes_today = 0;
  /// What each kind of change has earned by its record; one that is missing has no record.
  std::map<Reason, Autonomy> autonomy;
  /// What running experiments keep still.
  std::vector<ExperimentLock> locks;
  /// Rates of exchange of today; amounts in another currency than the policy's need one.
  FxRates rates{};
  Instant now{};
};

struct GuardVerdict {
  std::vector<Exposure> before;  ///< one per currency
  std::vector<Exposure> after;   ///< as if everything the plan creates were switched on
  std::vector<GuardFinding> findings;
  bool blocked() const;
};

/// Judges a plan on the state after it, on the worst day that the platforms' over-delivery allows.
/// Pure. No policy blocks everything except pausing. Caps and envelope are compared in the policy's
/// currency: amounts of other currencies are converted, rounded up. Without a rate a plan that may
/// spend more is blocked (currency), and an automatic one is beyond the envelope; likewise with a
/// rate older than the policy's limit, which is told of.
/// Guards: policy_missing, account, field, currency, daily_cap, platform_cap, step, cooldown,
/// stale_data, unread_account, created_active, budget_owner, experiment_lock, forced, mode,
/// blocked_operation, envelope, record.
///
/// mode: an automatic plan where the policy only observes blocks; where it recommends, a note.
/// blocked_operation: what the policy forbids, whoever asks.
/// envelope, record: never block; what an automatic plan goes beyond the policy's envelope, as
/// scaled by the record of its kind of change, so that a person has to approve it.
///
/// budget_owner: a campaign and an ad group below it would both own a budget.
/// experiment_lock: what an experiment keeps still, and what is below it, is changed only by a
/// person who forces it (manual or undo, Change::forced) or to stop what is unsafe (pause, lowering
/// only); activation is the start of the experiment and passes. An automatic change may not touch
/// what is above it either: the campaign's budget is the arms' allocation.
/// forced: never blocks; names each field that would overwrite somebody else's.
GuardVerdict JudgePlan(const Plan& plan, const Policy* policy, const GuardContext& context);

/// True when a plan with this verdict may pass without a person, as far as mode, envelope and
/// record are concerned.
bool WithinEnvelope(std::span<const GuardFinding> findings);

/// What exposures of several currencies come to on the worst day; nullopt where a rate is missing.
std::optional<Money> WorstDayIn(Currency currency, std::span<const Exposure> exposures,
                                const FxRates& rates);

/// What a move of a daily budget is worth on the platform's worst day; nullopt: no such move, or
/// its size or the platform's factor is not known.
std::optional<Money> WorstMove(const Change& change,
                               const std::map<Platform, int>& overdelivery_bp);

/// Order in which changes are sent: what only lowers spend first, then what cannot spend (creates,
/// which are paused, and neutral updates), then what raises it; but never a child before its
/// parent, nor what links to an object before that object, nor two changes of one object swapped.
/// So every prefix stays under what was spendable before or under a cap that the whole respects, as
/// long as an object has one change in a plan. Within these rules the plan's own order is kept.
std::vector<Change> SafeOrder(std::vector<Change> changes);

/// True for a change that can only lower spend: status to paused or removed, a budget cut, a lower
/// bid, bid modifiers of which none is raised.
bool OnlyLowersSpend(const Change& change);

/// The lock on an object, by its platform id or by an address at or below the locked one; nullptr:
/// none. `id` and `address` may be empty.
const ExperimentLock* LockOn(std::span<const ExperimentLock> locks, const AccountId& account,
                             std::string_view id, std::string_view address);

/// The lock on an object or on anything below it, by address: what an automatic budget change of a
/// whole campaign must leave alone.
const ExperimentLock* LockWithin(std::span<const ExperimentLock> locks, const AccountId& account,
                                 std::string_view id, std::string_view address);

}  // namespace maxopt
