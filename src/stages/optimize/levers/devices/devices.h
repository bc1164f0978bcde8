#pragma once
#include "stages/optimize/levers/levers.h"

namespace maxopt {

/// Proposes "bid_modifiers" by device where one is worth more or less than its like beyond luck
/// (decide/parts): judged by campaign, on what the platform claims by device. Towards its value
/// per click over the campaign's, a step of the policy at a time (decide/parts/modifiers.h), where
/// bids are set by hand; under Google's target_cpa, which multiplies the target of a device,
/// towards what its money brings. Other strategies bid by device themselves, and Meta and TikTok
/// multiply no bids: the notes say so. A device that somebody left out (0) stays out, and none is
/// left out here: what is begun on one device may be bought on another.
///
/// Campaigns that harvest are left alone.
Result<LeverReport> DeviceLever(const LeverWorld& world, const LeverState& state);

}  // namespace maxopt
