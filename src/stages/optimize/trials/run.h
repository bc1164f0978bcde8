#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stages/optimize/trials/trials.h"

/// How plans of trials go through the door, and what they are made of.
namespace maxopt::trials {

/// Where the newest plan of a step stands.
struct Passage {
  enum class State { kThrough, kWaiting, kRejected, kProblem } state = State::kWaiting;
  Instant at{};      ///< kThrough: when it was applied
  std::string plan;  ///< empty: there was nothing to change
  std::string say;   ///< one sentence
};

/// The accounts of a client as they are now, each read once.
class LiveTrees {
 public:
  LiveTrees(const TrialsWorld& world) : world_(world) {}
  Result<const AccountTree*> Of(const AccountId& account);
  void Forget() { trees_.clear(); }

 private:
  const TrialsWorld& world_;
  std::map<AccountId, AccountTree> trees_;
};

/// The value of a move's field; an absent list is an empty one. nullopt: absent.
std::optional<FieldValue> LiveValue(const Entity& entity, const std::string& field);

enum class Side { kBase, kOn, kOff };

/// What would have to be changed for the moves to be on `side`. What somebody else set to a value
/// that is none of the trial's is left alone and told in `disturbed`; so is what is gone.
Result<std::vector<Change>> ChangesTo(LiveTrees& trees, const Trial& trial, Side side,
                                      const std::string& step, std::vector<std::string>& disturbed);

/// Proposes the step's plan once, lets it pass where the policy does, goes on with what was cut
/// off. The trial remembers the plan (and is kept) before anything is approved. Open plans of
/// earlier steps are rejected: their time is over.
Result<Passage> Pass(const TrialsWorld& world, Trial& trial, const std::string& step,
                     std::vector<Change> changes, const Policy* policy);

/// Rejects the trial's open plan, if there is one.
Result<> RejectOpen(const TrialsWorld& world, const Trial& trial);

/// What the experiment keeps still, in the store of experiments.
Result<> Lock(const TrialsWorld& world, const Trial& trial, const std::string& status, Day first,
              Day last);

/// One round of one trial.
Result<> Advance(const TrialsWorld& world, const Client& client, Trial& trial, const Policy* policy,
                 TrialRound& round);
/// The rotating holdout that the policy asks for; puts places back where it asks no more.
Result<> AdvanceRotation(const TrialsWorld& world, const Client& client, const Policy* policy,
                         TrialRound& round);
/// Comparisons of the documents.
Result<> AdvanceComparisons(const TrialsWorld& world, const Client& client, const Policy* policy,
                            TrialRound& round);

/// Writes a reading into the ledger, the trial and, where it bears it, the lifts; tells the team.
Result<> Finish(const TrialsWorld& world, Trial& trial, TrialReading reading);

}  // namespace maxopt::trials
