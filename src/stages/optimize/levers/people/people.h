#pragma once
#include <string>
#include <string_view>

#include "stages/optimize/levers/levers.h"

namespace maxopt {

/// People and placements that lose beyond doubt within their campaign (decide/parts) are left out
/// of its ad groups, one change each:
///   ages        age_min, age_max: the youngest or the oldest brackets; no platform leaves out a
///               middle
///   genders     genders, where one of them loses
///   placements  placements, Meta only: what loses is taken out of the list; where there is none
///               (automatic), the list is made of the others that were seen
///   audiences   from audiences to excluded_audiences; an ad group's only one is a person's to
///   judge
/// What platforms tell by campaign cannot be seen by ad group, so all ad groups of the campaign
/// change alike. Campaigns that harvest, and ages and genders of housing, employment and credit
/// (special_categories), are left alone. One of the four at a time: they are the same money.
/// Nothing is added here: what does better than its like goes to Olivia as "audience_refinements",
/// once in two weeks, to look for more people like them.
Result<LeverReport> PeopleLever(const LeverWorld& world, const LeverState& state);

/// Meta's word for a placement in an ad set, from the words of its reports: "instagram/feed" ->
/// "instagram:stream"; empty: it has none that is known.
std::string MetaPlacementOf(std::string_view segment);

}  // namespace maxopt
