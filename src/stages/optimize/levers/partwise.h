#pragma once
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decide/parts/parts.h"
#include "stages/optimize/levers/campaigns.h"

/// What the levers share that stop parts of campaigns: hours of the week, countries, people.
namespace maxopt::levers {

/// As far as a change of hours or places is foretold: a month, over which it can be scored.
inline constexpr int kHorizonDays = 28;

struct PartCampaign {
  const LeverAccount* account = nullptr;
  const Entity* campaign = nullptr;
  CampaignKpi kpi;
  CampaignSums sums;
  PartsOf parts;
  double unit_value = 0;  ///< account currency per unit of what is judged
  std::set<Day> days;     ///< that were looked at
};

/// A campaign ready for its rows; nullopt: it is not judged, and the notes say why where a person
/// would wonder (it harvests, an experiment, money that is saved with nothing to measure it by).
/// Campaigns that are off, or spent nothing on these days, are no surprise.
std::optional<PartCampaign> CampaignToJudge(const LeverState& state, const LeverAccount& account,
                                            const Entity& campaign, const CampaignSums* sums,
                                            const std::set<Day>& days,
                                            std::vector<std::string>& notes);

/// A campaign with the parts of one breakdown.
struct CutCampaign {
  PartCampaign campaign;
  PartsOf by_click{};                       ///< the same parts, PartRow::cost in clicks
  std::vector<std::string> names;           ///< by part, ascending
  std::vector<double> impressions, clicks;  ///< by part, over the days
};
struct CutQuestion {
  Breakdown breakdown;
  std::string_view dimension;  ///< of the facts: "country", "age_gender"
  /// Which part a segment of the breakdown belongs to; nullopt: none.
  std::function<std::optional<std::string>(const std::string& segment)> part_of;
  /// Why a campaign is not cut so, for the notes; empty: it is.
  std::function<std::string(const Entity& campaign)> refusal;
};
/// The account's campaigns that are to be judged and have two parts or more. None, and a note,
/// where too few days of the breakdown are ripe. Errors: our own memory's.
Result<std::vector<CutCampaign>> CampaignsByPart(const LeverWorld& world, const LeverState& state,
                                                 const LeverAccount& account,
                                                 const CutQuestion& question,
                                                 std::vector<std::string>& notes);

/// The options of JudgeParts under this client's policy.
PartsOptions PartsOptionsOf(const LeverState& state);

/// Value, interval and prediction of stopping what the report stops, as far as one object has
/// `share` of the campaign.
void SetEffect(const LeverState& state, const PartCampaign& of, const PartsReport& report,
               double share, Opportunity& opportunity);

/// What the change rests on.
nlohmann::json EvidenceOf(const PartCampaign& of, const PartsReport& report);
/// "cost 40.00 EUR a day for 1.2 conversions a day, 33.33 EUR each (90 %: 25.00 to 48.00); the rest
/// pays 12.50 EUR each" for conversions; return on spend for revenue.
std::string CostSentence(const PartCampaign& of, const PartsReport& report);
/// What becomes of the money, and what that brings.
std::string GainSentence(const PartCampaign& of, const PartsReport& report);

}  // namespace maxopt::levers
