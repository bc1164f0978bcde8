#pragma once
#include "stages/optimize/levers/levers.h"

namespace maxopt {

/// Proposes fewer "countries" where one loses beyond doubt (decide/parts): judged by campaign, on
/// what the platform claims by country. Objects: Google campaigns; Meta and TikTok ad groups that
/// name the country. Never the last country of an object: that would be a pause. Where a country
/// loses and is not named (a campaign of regions, of the whole world) or the platform has no
/// writer, the notes say so.
///
/// Where bids are set by hand and the platform multiplies them by country (Google), a country that
/// is worth more or less than its like beyond luck is bid on by what it is worth instead
/// (decide/parts/modifiers.h): "bid_modifiers" towards its value per click over the campaign's, a
/// step at a time. Taken out is then only what is worth less than the lowest modifier. Under other
/// strategies modifiers would be ignored; the notes say which country that concerns.
///
/// Campaigns that harvest are left alone, and all places while a geo experiment of the client
/// runs. Countries differ in consent and in how conversions are claimed, which the evidence says;
/// what brings more than a tenth of the campaign's claims needs a second signal.
Result<LeverReport> PlaceLever(const LeverWorld& world, const LeverState& state);

}  // namespace maxopt
