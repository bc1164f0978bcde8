#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/change.h"

namespace maxopt {

/// draft -> guarded -> approved -> applying -> applied -> verified -> scored. A guard that says no
/// leaves it kBlocked; a person may reject it; what could not be finished is kFailed and may be
/// applied again, which goes on where it stopped.
enum class PlanStatus {
  kDraft,
  kBlocked,
  kGuarded,
  kApproved,
  kRejected,
  kApplying,
  kFailed,
  kApplied,
  kVerified,
  kScored,
};
std::string_view PlanStatusName(PlanStatus status);
Result<PlanStatus> FindPlanStatus(std::string_view name);

/// Where one change of a plan stands. The three outcomes of a write are kConfirmed, kFailed and
/// kUnknown; kUnknown is durable and is read back before anything is sent again.
enum class ChangeState {
  kPlanned,
  kIntent,     ///< about to be sent: written before the call
  kSent,       ///< handed to the connector; no answer recorded yet
  kUnknown,    ///< may or may not have happened
  kConfirmed,  ///< happened, exactly once; the platform's id is known
  kVerified,   ///< read back and equal to what was approved
  kFailed,     ///< did not happen, or read back different; the journal says which
};
std::string_view ChangeStateName(ChangeState state);
Result<ChangeState> FindChangeState(std::string_view name);

/// Most that could be spent in one day: sum of the daily budgets that are on, times the platform's
/// over-delivery. Of the accounts that a plan touches, one currency.
struct Exposure {
  Money daily_budgets;
  Money worst_day;
  friend bool operator==(const Exposure&, const Exposure&) = default;
};

/// One guard's answer about a plan. `fix` says what a person can do.
struct GuardFinding {
  std::string guard;  ///< "daily_cap", "step", "policy_missing", "stale_data", ...
  bool blocks;        ///< false: a note for the person who approves
  std::string what;   ///< with the numbers
  std::string fix;
};

/// A stored value: the only thing that is ever applied.
struct Plan {
  std::string id;  ///< "p-20261122-0001"
  std::string client;
  std::string title;
  PlanStatus status = PlanStatus::kDraft;
  Instant created_at{};
  std::string created_by;  ///< "optimizer", "anna@agency.example"
  std::vector<Change> changes;
  std::vector<Exposure> exposure_before;  ///< one per currency
  std::vector<Exposure> exposure_after;
  std::vector<GuardFinding> findings;
  std::vector<std::string> notes;  ///< translated or refused fields, one sentence each
  std::string approved_by;
  std::optional<Instant> approved_at;
  std::string undoes;  ///< id of the plan that this one is the inverse of
};

/// SHA-256 over client, title and changes in canonical JSON: what an approval is bound to.
std::string ContentHash(const Plan& plan);

/// The inverse of an update: before and after swapped. Of a create: status "removed". `id` is the
/// platform's id of the object. kInvalidArgument when the inverse is not known.
Result<Change> InverseOf(const Change& change, const std::string& id, const std::string& new_key);

}  // namespace maxopt
