#pragma once
#include <string>
#include <vector>

#include "stages/optimize/levers/levers.h"
#include "stages/optimize/optimize.h"
#include "stages/tactics/knowledge.h"

/// Predictions of levers and budgets, drawn to what like tactics brought.
namespace maxopt {

struct TacticsUse {
  int looked_at = 0;  ///< predictions
  int moved = 0;      ///< of these, drawn to a prior
  std::vector<std::string> notes;
};

struct UseTacticsOptions {
  int tactics = 8;     ///< asked for, for each prediction
  double alike = 0.3;  ///< least likeness of a tactic that may speak; ours
  int base_days = 28;  ///< over which what the touched object brings is counted
};

/// For each opportunity with a prediction of more conversions or revenue: tactics of the same kind
/// of change, platform and objective are pooled (decide/tactics) to a relative effect m +- s. With
/// b, what the touched campaign or ad group brought a day by the same count, the prior is
/// N(b m, (b s)^2); it is combined with the lever's own N(mean, sd^2), each by its precision. A
/// prediction from much data is hardly moved; one from little is drawn to what others saw. The
/// opportunity's value moves in proportion. The change's evidence tells it:
///
///   "tactics": [{"id","grade","similarity","weight","mean","low90","high90"}, ...]
///   "tactics_prior": {"mean","sd" (relative),"measured","base","own":{...},"context":{...}}
///
/// What foretells a saving and no gain (mean below 0) is left as it is, as is everything of which
/// nothing is known: then nothing at all is changed. `budgets` may be null; of it the plan's
/// prediction is moved.
/// Errors: the facts' and the embedder's.
Result<TacticsUse> UseTactics(const TacticKnowledge& knowledge, FactStore& facts,
                              const LeverState& state, std::vector<LeverReport>& reports,
                              Recommendation* budgets, const UseTacticsOptions& options = {});

}  // namespace maxopt
