#pragma once
#include "stages/optimize/levers/levers.h"

namespace maxopt {

/// Proposes the field "dayparts" where hours of the week lose beyond doubt (decide/parts): those
/// hours are taken out of what the object runs in now, never any put in. Hours are the account's.
///
/// Judged by campaign, on the platform's claims by hour: within one campaign they are biased alike.
/// Campaigns that harvest are left alone. Objects: Google campaigns; TikTok ad groups, all active
/// ones of the campaign alike; Meta ad sets with a budget for their lifetime (Meta keeps hours for
/// no other). Where hours lose and the platform cannot express it, the notes say so. An object
/// whose hours we changed in the last two weeks rests.
/// Prediction: conversions or revenue a day, of the money freed and spent in the other hours; where
/// the campaign does not spend its budget, the money is saved, and the prediction is what is lost.
Result<LeverReport> HourLever(const LeverWorld& world, const LeverState& state);

}  // namespace maxopt
