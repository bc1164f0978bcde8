#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/home/home.h"
#include "stages/optimize/levers/levers.h"
#include "stages/optimize/optimize.h"
#include "stages/optimize/round/round.h"
#include "stages/optimize/tactics/use.h"

/// The optimiser's round: budgets and every lever, ranked. Looking proposes nothing; what is
/// proposed goes through the decision cycle (app/cycle), so that it can be read and replayed.
namespace maxopt {

LeverWorld LeverWorldOf(Home& home);

struct NamedLever {
  std::string_view name;  ///< "searches"
  std::string_view what;  ///< one line for people
  Lever run;
};
/// Every lever that the product has.
std::span<const NamedLever> AllLevers();
/// kInvalidArgument for a name that is neither "budgets" nor "model" (a language model's proposals,
/// of a cycle) nor of AllLevers(); it names those.
Result<> CheckLevers(const std::vector<std::string>& names);

struct OptimizeOptions {
  std::vector<std::string> levers;  ///< as CheckLevers knows them; empty: all
  int days = 90;                    ///< how far back levers look
  bool tactics = true;  ///< draw predictions to what like tactics brought (policy: use_tactics)
};

/// Whether the lever is among those that are asked for.
bool Wanted(const OptimizeOptions& options, std::string_view name);

/// What became of a plan that the policy let pass without a person.
struct Acted {
  std::string plan;
  PlanStatus status = PlanStatus::kGuarded;
  std::string why;  ///< of one that was not applied; empty otherwise
};

struct OptimizeRun {
  std::string client;
  std::string cycle;       ///< the decision cycle that proposed; empty: nothing was stored
  std::string budgets;     ///< what was found of them; empty: no_budgets says why
  std::string no_budgets;  ///< why budgets were not looked at; empty: they were
  Round round;
  std::vector<Plan> plans;  ///< as stored by the cycle, else drafts; budgets first
  std::vector<Acted> acted;
  std::vector<std::string> notes, problems;  ///< a lever's note begins with its name
};

/// What there is to choose from. `state` points at the policy that it was made with.
struct Opportunities {
  LeverState state;
  std::optional<Recommendation> budgets;
  std::string no_budgets;  ///< why budgets were not looked at; empty: they were
  std::vector<LeverReport> levers;
  TacticsUse tactics;
  std::vector<std::string> notes, problems;
};
/// Budgets and levers, with predictions drawn to what tactics brought. Reads only. Errors:
/// kInvalidArgument for a lever, kNotFound for the client; our own memory's.
Result<Opportunities> FindOpportunities(Home& home, const std::string& client, const Policy* policy,
                                        const OptimizeOptions& options);
/// kRefused without a policy or where it only observes.
Result<> MayPropose(const std::string& client, const Policy* policy);
/// Own earlier plans that nobody decided on, as what they rest on is older: what was withdrawn, a
/// sentence each. With `only`, those alone whose changes all have that reason.
Result<std::vector<std::string>> WithdrawUndecided(Home& home, const std::string& client,
                                                   std::optional<Reason> only = std::nullopt);

/// One round as it would be now: reads only. Errors: kNotFound for the client, kInvalidArgument for
/// a lever; our own memory's. What one lever or the budgets cannot do is a problem of the run and
/// holds nothing else.
Result<OptimizeRun> Optimize(Home& home, const std::string& client, const OptimizeOptions& options);

/// Approves in the policy's name and applies those of the plans that may pass without a person, in
/// order. The others are told with the reason.
Result<std::vector<Acted>> ActAlone(Home& home, std::span<const Plan> plans, const Policy& policy);

}  // namespace maxopt
