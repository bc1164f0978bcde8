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

/// What became of one field of one document on its way to a platform. Nothing is dropped silently.
enum class Outcome {
  kRealised,    ///< set on the platform (or kept by Max, where it is Max's to act on) as written
  kTranslated,  ///< expressed otherwise; `how` says how
  kRefused,     ///< cannot be expressed there; `how` says why
};
std::string_view OutcomeName(Outcome outcome);
Result<Outcome> FindOutcome(std::string_view name);
struct MatrixRow {
  std::string document;  ///< brief | media_plan | creatives | buys
  std::string field;     ///< "packages.search-brand.pacing"
  std::string place;     ///< "media_plan.xlsx, sheet Media plan, cell F3"
  std::string value;
  std::string package;  ///< for which package; empty: for all
  Outcome outcome = Outcome::kRealised;
  std::string how;  ///< one sentence
};

/// An approval: bound to what was shown, once, for a while, at that exposure.
struct Approval {
  std::string by;
  std::string content_hash;
  Instant at{};
  Instant expires_at{};
  std::optional<Instant> used_at;  ///< when an apply took it
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
  std::vector<MatrixRow> matrix;   ///< set-up plans only
  /// Of all changes together: what the plan is scored against. Absent: nothing was promised.
  std::optional<Prediction> prediction;
  std::optional<Approval> approval;
  std::string executed_by;  ///< who began to apply it
  std::string undoes;       ///< id of the plan that this one is the inverse of
};

/// SHA-256 over what the plan does: client and changes in canonical JSON without their explaining
/// texts (why, evidence, prediction) and without the title, which may be reworded after an
/// approval. What an approval is bound to.
std::string ContentHash(const Plan& plan);

/// The inverse of an update: before and after swapped. Of a create: status "removed". `id` is the
/// platform's id of the object. kInvalidArgument when the inverse is not known.
Result<Change> InverseOf(const Change& change, const std::string& id, const std::string& new_key);

}  // namespace maxopt
