#include "decide/rules/metrics.h"

#include <algorithm>

namespace maxopt {
namespace rules {
namespace {

using enum RuleMetric;
// metric, name, unit, setting, sum, bounds, conversions, target
constexpr Info kCatalogue[] = {
    {kSpend, "spend", Unit::kMoney, false, true, false, false, false},
    {kImpressions, "impressions", Unit::kCount, false, true, true, false, false},
    {kClicks, "clicks", Unit::kCount, false, true, true, false, false},
    {kConversions, "conversions", Unit::kCount, false, true, true, true, false},
    {kRevenue, "revenue", Unit::kMoney, false, true, true, true, false},
    {kCtr, "ctr", Unit::kShare, false, false, true, false, true},
    {kCpc, "cpc", Unit::kMoney, false, false, true, false, true},
    {kCpm, "cpm", Unit::kMoney, false, false, true, false, true},
    {kCvr, "cvr", Unit::kShare, false, false, true, true, true},
    {kCpa, "cpa", Unit::kMoney, false, false, true, true, true},
    {kRoas, "roas", Unit::kFactor, false, false, true, true, true},
    {kImpressionShare, "impression_share", Unit::kShare, false, false, false, false, false},
    {kLostToBudget, "lost_to_budget", Unit::kShare, false, false, false, false, false},
    {kLostToRank, "lost_to_rank", Unit::kShare, false, false, false, false, false},
    {kDaysDelivered, "days_delivered", Unit::kCount, false, true, false, false, false},
    {kBudget, "budget", Unit::kMoney, true, false, false, false, false},
    {kBid, "bid", Unit::kMoney, true, false, false, false, false},
    {kTargetCpa, "target_cpa", Unit::kMoney, true, false, false, false, false},
    {kTargetRoas, "target_roas", Unit::kFactor, true, false, false, false, false},
};

}  // namespace

std::span<const Info> Catalogue() { return kCatalogue; }

const Info& InfoOf(RuleMetric metric) {
  for (const Info& info : kCatalogue) {
    if (info.metric == metric) return info;
  }
  Bug();
}

const Info* Find(std::string_view name) {
  const auto* found = std::find_if(std::begin(kCatalogue), std::end(kCatalogue),
                                   [&](const Info& info) { return info.name == name; });
  return found == std::end(kCatalogue) ? nullptr : found;
}

}  // namespace rules

std::string_view RuleMetricName(RuleMetric metric) { return rules::InfoOf(metric).name; }

}  // namespace maxopt
