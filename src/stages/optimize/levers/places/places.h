#pragma once
#include "stages/optimize/levers/levers.h"

namespace maxopt {

/// Proposes fewer "countries" where one loses beyond doubt (decide/parts): judged by campaign, on
/// what the platform claims by country. Objects: Google campaigns; Meta and TikTok ad groups that
/// name the country. Never the last country of an object: that would be a pause. Where a country
/// loses and is not named (a campaign of regions, of the whole world) or the platform has no
/// writer, the notes say so.
///
/// Campaigns that harvest are left alone, and all places while a geo experiment of the client
/// runs. Countries differ in consent and in how conversions are claimed, which the evidence says;
/// what brings more than a tenth of the campaign's claims needs a second signal.
Result<LeverReport> PlaceLever(const LeverWorld& world, const LeverState& state);

}  // namespace maxopt
