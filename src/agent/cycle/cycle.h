#pragma once
#include <array>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "result/result.h"

/// The decision cycle: goal, planning, evaluation, selection, execution, learning, as one state
/// machine that is kept after every half step, so that it is visible, goes on after a cut, and can
/// be decided again later from what it saw.
///
/// Each step has two halves. `see` looks at the world, or acts on it; what it gives back is kept
/// before anything is made of it. `decide` is a plain function of that and of what earlier steps
/// saw and came to: no clock, no store, nothing to capture. So what a cycle decided follows from
/// what it kept, and a replay is `decide` again over the same bytes. Source   Sumers et al. 2024,
/// Cognitive Architectures for Language Agents (the decision cycle) Docs     docs/cycle.md
namespace maxopt {

enum class CycleStep { kGoal, kPlanning, kEvaluation, kSelection, kExecution, kLearning };
inline constexpr std::size_t kCycleSteps = 6;
std::string_view CycleStepName(CycleStep step);  ///< "goal", "planning", ...

enum class CycleState {
  kRunning,    ///< or cut off: which of the two only its process knows
  kStopped,    ///< a step could not be done, `problem` says why; it may be gone on with
  kDone,       ///< all six
  kAbandoned,  ///< will not be gone on with; `problem` says why
};
std::string_view CycleStateName(CycleState state);  ///< "running", ...
Result<CycleState> FindCycleState(std::string_view name);

/// A step that was begun. Kept when it begins, with what it saw, and with what it came to.
struct StepRecord {
  Instant began_at{};
  std::optional<Instant> ended_at{};
  int attempts = 0;    ///< times that `see` was begun
  std::string input;   ///< what it saw: JSON object, canonical; empty: not yet
  std::string output;  ///< what it came to: likewise
};

struct Cycle {
  std::string id;     ///< "c-20261122-0001"; empty until it is first kept
  std::string stage;  ///< "setup", "monitor", "optimize", "report"
  int version = 1;    ///< of the stage's steps
  std::string client;
  std::string asked;  ///< JSON object, canonical: what was asked for
  Instant at{};       ///< when it began: the time that all of it is decided at
  CycleState state = CycleState::kRunning;
  std::string problem;
  std::vector<StepRecord> steps;  ///< in order; only the last may be unfinished
};

/// What a step is given.
class CycleView {
 public:
  CycleView(const Cycle& cycle, const nlohmann::json& asked) : cycle_(cycle), asked_(asked) {}
  const std::string& id() const { return cycle_.id; }
  const std::string& client() const { return cycle_.client; }
  Instant at() const { return cycle_.at; }
  const nlohmann::json& asked() const { return asked_; }
  /// What an earlier step came to, and what it saw. Requires that it was done.
  const nlohmann::json& Of(CycleStep step) const;
  const nlohmann::json& Saw(CycleStep step) const;
  void Put(CycleStep step, const nlohmann::json* input, const nlohmann::json* output);

 private:
  const Cycle& cycle_;
  const nlohmann::json& asked_;
  std::array<const nlohmann::json*, kCycleSteps> inputs_{}, outputs_{};
};

struct CycleWork {
  /// `again`: an earlier try was cut off, and may have got anywhere: what it did must be looked for
  /// before it is done. An object of finite numbers.
  std::function<Result<nlohmann::json>(const CycleView& cycle, bool again)> see;
  /// An object; its "says" is a list of sentences for people, and what a step is known by.
  Result<nlohmann::json> (*decide)(const CycleView& cycle, const nlohmann::json& seen) = nullptr;
};

/// What a stage of the workflow does in each step.
struct CycleStage {
  std::string name;
  int version = 1;  ///< raised when a decide function may come to something else
  std::array<CycleWork, kCycleSteps> steps;
};

struct CycleWorld {
  Clock* clock;
  /// Keeps the cycle durably before it returns, or knows why it need not be kept yet; one that has
  /// no id is given one. An error ends the run as it stands.
  std::function<Result<>(Cycle&)> keep;
};

/// Goes on from wherever the cycle stands to its end; one that is done is left as it is. After an
/// error of a step the cycle is kept as kStopped with the problem, and may be run again.
/// Errors: the step's, with its name; keep's; kConflict for another stage, another version of it,
/// or an abandoned cycle; kRefused where what was kept is not what it was.
Result<> RunCycle(Cycle& cycle, const CycleStage& stage, const CycleWorld& world);

/// What replay found of a step.
struct ReplayedStep {
  CycleStep step = CycleStep::kGoal;
  bool same = true;
  std::string place;      ///< JSON pointer of the first difference; empty: the whole
  std::string kept, now;  ///< there; "(nothing)": a member that is not there
};
struct CycleReplay {
  bool same = true;
  std::vector<ReplayedStep> steps;  ///< those that were finished
  std::string why;                  ///< where not the same: one sentence
};
/// Decides every finished step again, from its kept input and the kept outputs of those before.
/// `see` is not called: nothing is read or done. Errors: kConflict for another stage; kRefused
/// where what was kept is not what it was.
Result<CycleReplay> ReplayCycle(const Cycle& cycle, const CycleStage& stage);

/// Chain of SHA-256 over what was asked and each step's input and output; "" before the first step
/// saw anything. The same head: the same cycle.
std::string HeadOf(const Cycle& cycle);

/// Canonical JSON, with the digest of every input and output and the chain. Reading takes exactly
/// that: kInvalidArgument names the place of what is missing, unknown or of another kind; kRefused
/// says which step is not as it was kept.
std::string ToJson(const Cycle& cycle);
Result<Cycle> CycleFromJson(std::string_view json);

/// The trace for people: each step with what it says, when, and its digest.
std::string CycleText(const Cycle& cycle);

}  // namespace maxopt
