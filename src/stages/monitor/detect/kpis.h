#pragma once
#include <string>
#include <vector>

#include "domain/alert.h"
#include "domain/watch.h"
#include "stages/monitor/detect/views.h"

/// KPIs against their targets, in the tiers that set-up or the brief gave each campaign. Pure.
namespace maxopt {

/// What a campaign did over the days that are judged.
struct KpiSums {
  Day from{}, to{};
  std::int64_t spend_micros = 0;
  std::int64_t impressions = 0;
  std::int64_t clicks = 0;
  double conversions = 0;
  std::int64_t revenue_micros = 0;
};

/// One watched KPI against its target: a ratio of sums (cpa, roas, ctr, cvr, cpc, cpm). It is told
/// when it is off by more than the watch's percentage and the counts behind it could hardly (2.5 %
/// one-sided) have come from a campaign on target: clicks and conversions as Poisson counts,
/// revenue with twice their variance, as order values vary about as much as their number. nullopt:
/// within bounds, not enough counts, not a ratio, or no target (its own past is the anomaly
/// detector's).
std::optional<Condition> JudgeKpi(const Watch& watch, const AccountView& account,
                                  const CampaignView& campaign, const KpiSums& sums);

}  // namespace maxopt
