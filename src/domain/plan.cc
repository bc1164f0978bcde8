#include "domain/plan.h"

#include <fmt/format.h>

#include "domain/digest.h"
#include "domain/json.h"

namespace maxopt {
namespace {

template <class E>
struct Word {
  E value;
  std::string_view name;
};
constexpr Word<PlanStatus> kPlanStatuses[] = {
    {PlanStatus::kDraft, "draft"},       {PlanStatus::kBlocked, "blocked"},
    {PlanStatus::kGuarded, "guarded"},   {PlanStatus::kApproved, "approved"},
    {PlanStatus::kRejected, "rejected"}, {PlanStatus::kApplying, "applying"},
    {PlanStatus::kFailed, "failed"},     {PlanStatus::kApplied, "applied"},
    {PlanStatus::kVerified, "verified"}, {PlanStatus::kScored, "scored"},
};
constexpr Word<ChangeState> kChangeStates[] = {
    {ChangeState::kPlanned, "planned"},     {ChangeState::kIntent, "intent"},
    {ChangeState::kSent, "sent"},           {ChangeState::kUnknown, "unknown"},
    {ChangeState::kConfirmed, "confirmed"}, {ChangeState::kVerified, "verified"},
    {ChangeState::kFailed, "failed"},
};

constexpr Word<Outcome> kOutcomes[] = {{Outcome::kRealised, "realised"},
                                       {Outcome::kTranslated, "translated"},
                                       {Outcome::kRefused, "refused"}};

template <class E, std::size_t N>
std::string_view NameOf(const Word<E> (&words)[N], E value) {
  for (const auto& word : words) {
    if (word.value == value) return word.name;
  }
  Bug();
}

template <class E, std::size_t N>
Result<E> ValueOf(const Word<E> (&words)[N], std::string_view name, std::string_view what) {
  std::string known;
  for (const auto& word : words) {
    if (word.name == name) return word.value;
    known += (known.empty() ? "" : ", ") + std::string(word.name);
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("{} \"{}\" is not known; known are {}", what, name, known));
}

}  // namespace

std::string_view PlanStatusName(PlanStatus status) { return NameOf(kPlanStatuses, status); }
Result<PlanStatus> FindPlanStatus(std::string_view name) {
  return ValueOf(kPlanStatuses, name, "plan status");
}
std::string_view ChangeStateName(ChangeState state) { return NameOf(kChangeStates, state); }
Result<ChangeState> FindChangeState(std::string_view name) {
  return ValueOf(kChangeStates, name, "change state");
}

std::string_view OutcomeName(Outcome outcome) { return NameOf(kOutcomes, outcome); }
Result<Outcome> FindOutcome(std::string_view name) { return ValueOf(kOutcomes, name, "outcome"); }

std::string ContentHash(const Plan& plan) {
  // The length in front makes the joined text unambiguous.
  std::string text = fmt::format("{}:{}", plan.client.size(), plan.client);
  for (Change change : plan.changes) {
    change.why.clear();
    change.evidence.clear();
    change.prediction.reset();
    text += ToJson(change) + "\n";
  }
  return Sha256Hex(text);
}

Result<Change> InverseOf(const Change& change, const std::string& id, const std::string& new_key) {
  Change inverse = change;
  inverse.key = new_key;
  inverse.action = ChangeAction::kUpdate;
  inverse.id = id;
  inverse.reason = Reason::kUndo;
  inverse.why = "undo of " + change.key;
  inverse.prediction.reset();
  inverse.links.clear();
  inverse.forced.clear();
  if (change.action == ChangeAction::kCreate) {
    if (change.level == Level::kAsset) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}: an uploaded file stays in the account's library; it costs "
                              "nothing and other ads may use it",
                              change.address));
    }
    inverse.before = {{"status", std::string(kPaused)}};
    inverse.after = {{"status", std::string(kRemoved)}};
    return inverse;
  }
  for (const auto& [name, value] : change.after) {
    if (!change.before.contains(name)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}: the value of \"{}\" before change {} is not known",
                              change.address, name, change.key));
    }
    if (name == "status" && value == FieldValue(std::string(kRemoved))) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}: a removed object cannot be brought back", change.address));
    }
  }
  inverse.before = change.after;
  inverse.after = change.before;
  return inverse;
}

}  // namespace maxopt
