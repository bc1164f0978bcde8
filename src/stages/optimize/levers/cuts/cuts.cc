#include "stages/optimize/levers/cuts/cuts.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

namespace maxopt {
namespace {

/// What was taken back is of days before these.
double Amount(const FactCell& cell) { return std::max(0.0, cell.Amount()); }

}  // namespace

Result<std::vector<CutSums>> SumDays(FactStore& facts, const LeverAccount& account,
                                     const std::set<Day>& days, Level level, std::string_view cut) {
  std::map<std::tuple<std::string, std::string, std::string, std::string>, CutSums> sums;
  // One question for each run of days: one in all, mostly.
  for (auto at = days.begin(); at != days.end(); ++at) {
    const Day from = *at;
    while (std::next(at) != days.end() && *std::next(at) == *at + std::chrono::days(1)) ++at;
    const Day to = *at;
    FactQuery query;
    query.measures = {"spend", "impressions", "clicks", "conversions", "revenue"};
    query.dimensions = {"campaign"};
    if (level == Level::kAdGroup || level == Level::kAd) query.dimensions.emplace_back("ad_group");
    if (level == Level::kAd) query.dimensions.emplace_back("ad");
    if (!cut.empty()) query.dimensions.emplace_back(cut);
    query.filters = {{"account", {PrintAccount(account.tree.info.account)}}};
    query.from = from;
    query.to = to;
    MAXOPT_TRY(const FactTable table, facts.Query(query));
    for (const auto& row : table.rows) {
      const auto cell = [&](std::string_view name) -> const FactCell& {
        return row[table.Column(name)];
      };
      CutSums part;
      part.campaign = cell("campaign_id").text;
      if (part.campaign.empty() || part.campaign == kUnattributed) continue;
      if (level == Level::kAdGroup || level == Level::kAd) {
        part.ad_group = cell("ad_group_id").text;
      }
      if (level == Level::kAd) part.ad = cell("ad_id").text;
      if (!cut.empty()) part.segment = cell(cut).text;
      CutSums& sum = sums.try_emplace({part.campaign, part.ad_group, part.ad, part.segment}, part)
                         .first->second;
      sum.spend += Amount(cell("spend"));
      sum.impressions += Amount(cell("impressions"));
      sum.clicks += Amount(cell("clicks"));
      sum.conversions += Amount(cell("conversions"));
      sum.revenue += Amount(cell("revenue"));
      sum.counted = sum.counted || cell("conversions").kind != FactCell::Kind::kAbsent;
    }
  }
  std::vector<CutSums> out;
  out.reserve(sums.size());
  for (auto& [key, sum] : sums) out.push_back(std::move(sum));
  return out;
}

std::optional<double> CostMax(const LeverState& state, const LeverAccount& account,
                              const Entity& campaign, const CutSums& whole) {
  if (const auto at = state.targets.find(state.AddressOf(account, campaign));
      at != state.targets.end()) {
    if (const auto cpa = at->second.find("cpa"); cpa != at->second.end() && cpa->second > 0) {
      return cpa->second;
    }
    const auto roas = at->second.find("roas");
    if (roas != at->second.end() && roas->second > 0 && whole.conversions > 0 &&
        whole.revenue > 0) {
      return whole.revenue / whole.conversions / roas->second;
    }
  }
  if (const Money* target = MoneyField(campaign.fields, "target_cpa")) {
    return static_cast<double>(target->micros()) / 1e6;
  }
  return std::nullopt;
}

std::string NotOfferedWhy(const LeverAccount& account, std::string_view cut) {
  for (const NotOffered& none : account.can.not_offered) {
    if (BreakdownName(none.breakdown) == cut) return none.why;
  }
  return {};
}

Change UpdateOf(const LeverState& state, const LeverAccount& account, const Entity& entity,
                Reason reason) {
  Change change;
  change.account = account.tree.info.account;
  change.level = entity.level;
  change.address = state.AddressOf(account, entity);
  change.id = entity.id;
  change.reason = reason;
  return change;
}

std::string NameOf(const Entity& entity) {
  return fmt::format("{} \"{}\"", LevelName(entity.level),
                     WithoutMarker(TextField(entity.fields, "name")));
}

}  // namespace maxopt
