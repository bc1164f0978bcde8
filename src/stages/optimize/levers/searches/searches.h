#pragma once
#include "stages/optimize/levers/levers.h"

namespace maxopt {

/// Searches to leave out and searches to buy as keywords of their own, for search campaigns of
/// accounts whose platform tells searches (decide/searches judges them). A campaign gets its
/// negative keywords and an ad group its keywords in one change each, with all words that are
/// added. Searches that lose and yet convert are proposed only where there is nothing else to leave
/// out, and then need a person's eyes: nobody but the platform tells conversions by search.
///
/// The facts tell searches by campaign and without the match type or the keyword that met them; in
/// which ad group one ran is concluded from the keywords.
Result<LeverReport> SearchLever(const LeverWorld& world, const LeverState& state);

}  // namespace maxopt
