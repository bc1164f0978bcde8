#pragma once
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "measure/segments/segments.h"
#include "memory/campaigns/campaigns.h"
#include "memory/facts/facts.h"

/// Which campaigns, creatives, audiences, devices, places and hours of a client do better or worse
/// than what they belong to, beyond luck, ranked by the money at stake.
namespace maxopt {

/// What is compared. All are claims of the platforms.
enum class SegmentKpi {
  kConversions,  ///< conversions per spend (one over CPA)
  kRevenue,      ///< revenue per spend (ROAS)
  kClicks,       ///< clicks per impression (CTR)
};
std::string_view SegmentKpiName(SegmentKpi kpi);  ///< "cpa", "roas", "ctr"
Result<SegmentKpi> FindSegmentKpi(std::string_view name);

struct SegmentSearch {
  SegmentKpi kpi = SegmentKpi::kConversions;
  int days = 28;                   ///< 7 to 400
  std::vector<std::string> cuts;   ///< empty: every one that the facts hold
  double false_discoveries = 0.1;  ///< of each cut's findings
  double known_least = 0.95;       ///< a day counts once this share of its conversions is known
};

struct SegmentFinding {
  std::string cut;       ///< "device", "search_term", ...
  std::string currency;  ///< of spend, stakes and, for roas, revenue
  std::vector<std::pair<std::string, std::string>> path;  ///< dimension and name, from the top
  Segment segment;   ///< kAbove or kBelow; stakes in money: conversions and clicks at their cost
  std::string what;  ///< one sentence with its numbers
};

struct SegmentReport {
  Day from{}, to{};                      ///< days judged, in each account's zone
  std::vector<SegmentFinding> findings;  ///< by money at stake
  int judged = 0;                        ///< segments with enough evidence, all cuts
  std::vector<std::string> notes;        ///< cuts without facts, days left out
};

/// Cuts: campaign (platform > campaign > ad group > ad), device, country, placement, age_gender,
/// keyword, search_term, audience, creative, hour; each of the latter within its campaign, because
/// campaigns differ in whom they meet. What platforms claim is no effect: campaigns that harvest
/// (brand search, retargeting) look best, so money between campaigns is moved by their marginal
/// return (Recommend), not by this. Currencies are never added. Days whose conversions are still
/// coming in are left out.
/// Errors: kInvalidArgument for a cut or number out of range; our own memory's.
Result<SegmentReport> SearchSegments(CampaignStore& store, FactStore& facts, Clock& clock,
                                     const std::string& client, const SegmentSearch& search);

}  // namespace maxopt
