#pragma once
#include "stages/optimize/levers/levers.h"

namespace maxopt {

/// Proposes bids and targets (bid, target_cpa, target_roas_bp) where the margin says so
/// (decide/bids): loosened where a further unit of spend is worth more than itself and there is
/// more to be had, tightened where it is worth less, or where the budget stops the object and the
/// same money would buy more at a lower bid. The margin is measured against the target of the
/// documents (cpa or roas); a campaign without one is left alone, because nothing says what its
/// conversions are worth.
///
/// Judged on the last 28 judged days, only such as lie behind the last change of ours to that very
/// field, at least 14. One change an object; where a campaign sets the target, its ad groups have
/// none of their own. Bids that the campaign's strategy ignores are not touched. Left alone:
/// campaigns that harvest, objects that learn, targets that do not bind (the object pays much less
/// or more than it was told to).
Result<LeverReport> BidLever(const LeverWorld& world, const LeverState& state);

}  // namespace maxopt
