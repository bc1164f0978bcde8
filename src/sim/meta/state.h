#pragma once
#include <map>
#include <string>
#include <vector>

#include "sim/market/market.h"
#include "sim/meta/model.h"

/// What Meta derives from what was written, the time and review: effective status, issues, and what
/// may deliver.
namespace maxopt::sim::meta {

/// Review of an ad's present creative.
Review ReviewOfAd(const Object& ad, const Account& account, Instant now);
/// When review decided, if it has.
std::optional<Instant> ReviewDecidedAt(const Object& ad, const Account& account, Instant now);

/// ACTIVE, PAUSED, CAMPAIGN_PAUSED, ADSET_PAUSED, PENDING_REVIEW, DISAPPROVED, WITH_ISSUES,
/// ARCHIVED, DELETED; for kinds without delivery the status itself. An ad's review shows before
/// that it is paused, because review goes on while everything is paused.
std::string EffectiveStatus(const Object& object, const Account& account, Instant now);
/// Words that EffectiveStatus and filters know for the kind, space-separated.
std::string_view EffectiveStatuses(Kind kind);

/// {"global":{policy:text}} of a rejected ad; null otherwise.
Json ReviewFeedback(const Object& ad, const Account& account, Instant now);
/// Issues of an ad, or of an ad set or campaign all of whose ads are disapproved; null when none.
Json IssuesInfo(const Object& object, const Account& account, Instant now);

/// Remembers which submissions are approved, since that never changes.
using ApprovedAds = std::map<std::string, Instant>;
/// Budget units that deliver in the hour, in order of their ids.
std::vector<BudgetUnit> DeliverableUnits(const Account& account, Instant hour_begins,
                                         ApprovedAds* approved);

}  // namespace maxopt::sim::meta
