#include "stages/optimize/levers/campaigns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "memory/facts/quality.h"

namespace maxopt::levers {
namespace {

using std::chrono::days;

/// As DataQuality has it: a season of days whose growth was seen.
constexpr int kGrowthDays = 90;

std::optional<double> RealAt(const FactTable& table, const std::vector<FactCell>& row,
                             std::string_view name) {
  const FactCell& cell = row[table.Column(name)];
  if (cell.kind == FactCell::Kind::kAbsent) return std::nullopt;
  return cell.Amount();
}

}  // namespace

std::string HarvestNote(const Entity& campaign) {
  return fmt::format(
      "campaign \"{}\" is left alone: by its name it reaches people who were about to buy, where "
      "the platform's claims say little; an experiment would tell",
      WithoutMarker(TextField(campaign.fields, "name")));
}

double Units(const Money& money) { return static_cast<double>(money.micros()) / 1e6; }

Money MoneyOf(double units, Currency currency) {
  return Money::Micros(std::llround(units * 1e6), currency);
}

Result<std::set<Day>> JudgedDaysOf(const LeverWorld& world, const LeverState& state,
                                   const LeverAccount& account, Grain grain, Breakdown breakdown) {
  std::set<Day> out;
  if (account.last < account.first) return out;
  const AccountInfo& info = account.tree.info;
  MAXOPT_TRY(const Zone zone, Zone::Find(info.zone));
  MAXOPT_TRY(const std::vector<SliceInfo> all,
             world.facts->Slices(info.account, account.first, account.last, false));
  // The same judgement as of whole days, with the cut's reading in place of the day's own.
  std::vector<SliceInfo> slices;
  for (const SliceInfo& slice : all) {
    if (slice.level != Level::kCampaign || slice.grain != grain || slice.breakdown != breakdown) {
      continue;
    }
    slices.push_back(slice);
    slices.back().grain = Grain::kDay;
    slices.back().breakdown = Breakdown::kNone;
  }
  MAXOPT_TRY(const std::vector<GrowthState> growth,
             world.facts->Growth(info.account, account.today - days(kGrowthDays),
                                 account.today - days(1)));
  const auto judged = JudgeDays(info, zone, account.first, account.last, slices, growth, state.now);
  const double least = state.known_least();
  for (const DayQuality& day : judged) {
    if (!account.Judged(day.day) || !day.read_at || !day.share_known) continue;
    if (*day.share_known >= least && *day.share_known <= 1 / least) {
      out.insert(day.day);
    }
  }
  return out;
}

std::optional<double> CampaignKpi::Worth() const {
  if (!target) return std::nullopt;
  return revenue ? *target : 1 / *target;
}

std::string BidField(const LeverAccount& account, const Entity& campaign, const Entity& object) {
  const std::string own = TextField(object.fields, "bid_strategy");
  const std::string strategy = own.empty() ? TextField(campaign.fields, "bid_strategy") : own;
  if (object.fields.contains("target_cpa") && strategy != "maximize_conversions") {
    return "target_cpa";
  }
  if (object.fields.contains("target_roas_bp")) return "target_roas_bp";
  if (!object.fields.contains("bid")) return "";
  // Google keeps ad groups' bids beside a strategy that ignores them.
  const bool google = account.tree.info.account.platform == Platform::kGoogleAds;
  return (google && strategy != "manual_cpc") || strategy == "lowest_cost" ? "" : "bid";
}

CampaignKpi KpiOf(const LeverState& state, const LeverAccount& account, const Entity& campaign) {
  CampaignKpi out;
  const auto targets = state.targets.find(state.AddressOf(account, campaign));
  if (targets == state.targets.end()) return out;
  const auto get = [&](const char* kpi) -> std::optional<double> {
    const auto at = targets->second.find(kpi);
    return at == targets->second.end() ? std::nullopt : std::optional(at->second);
  };
  // A campaign that bids for value is measured by it where both are named.
  const auto cpa = get("cpa"), roas = get("roas");
  const bool for_value = campaign.fields.contains("target_roas_bp") ||
                         TextField(campaign.fields, "bid_strategy") == "maximize_value";
  if (roas && (!cpa || for_value)) return {true, roas};
  if (cpa) return {false, cpa};
  return out;
}

Result<std::map<std::string, CampaignSums>> SumsOf(const LeverWorld& world,
                                                   const LeverAccount& account,
                                                   const std::set<Day>& days) {
  std::map<std::string, CampaignSums> out;
  if (days.empty()) return out;
  FactQuery query;
  query.measures = {"spend",       "conversions",    "revenue",
                    "impressions", "lost_to_budget", "lost_to_rank"};
  query.dimensions = {"campaign"};
  query.filters = {{"account", {PrintAccount(account.tree.info.account)}, false}};
  query.from = *days.begin();
  query.to = *days.rbegin();
  query.grain = "day";
  MAXOPT_TRY(const FactTable table, world.facts->Query(query));
  if (table.rows.empty()) return out;
  struct Share {
    double lost = 0, weight = 0;
    void Add(const std::optional<double>& share, double of) {
      if (!share || !(of > 0)) return;
      lost += *share * of;
      weight += of;
    }
    std::optional<double> Mean() const {
      return weight > 0 ? std::optional(lost / weight) : std::nullopt;
    }
  };
  std::map<std::string, std::pair<Share, Share>> shares;
  const std::size_t period = table.Column("period"), id = table.Column("campaign_id");
  for (const auto& row : table.rows) {
    MAXOPT_TRY(const Day day, ParseDay(row[period].text));
    if (!days.contains(day)) continue;
    CampaignSums& sums = out[row[id].text];
    sums.spend += RealAt(table, row, "spend").value_or(0);
    sums.conversions += RealAt(table, row, "conversions").value_or(0);
    const auto revenue = RealAt(table, row, "revenue");
    sums.revenue += revenue.value_or(0);
    sums.has_revenue = sums.has_revenue || (revenue && *revenue > 0);
    const double shown = RealAt(table, row, "impressions").value_or(0);
    auto& [budget, rank] = shares[row[id].text];
    budget.Add(RealAt(table, row, "lost_to_budget"), shown);
    rank.Add(RealAt(table, row, "lost_to_rank"), shown);
  }
  for (auto& [campaign, sums] : out) {
    sums.days = static_cast<int>(days.size());
    sums.lost_to_budget = shares[campaign].first.Mean();
    sums.lost_to_rank = shares[campaign].second.Mean();
  }
  return out;
}

std::optional<Money> DailyBudget(const LeverAccount& account, const Entity& campaign) {
  if (const Money* own = MoneyField(campaign.fields, "daily_budget")) return *own;
  std::optional<Money> sum;
  for (const Entity* group : ActiveGroups(account, campaign)) {
    const Money* budget = MoneyField(group->fields, "daily_budget");
    if (budget == nullptr) return std::nullopt;
    sum = sum ? *sum + *budget : *budget;
  }
  return sum;
}

bool Refills(const LeverAccount& account, const Entity& campaign, const CampaignSums& sums) {
  if (campaign.fields.contains("lifetime_budget")) return true;
  if (sums.lost_to_budget.value_or(0) >= 0.1) return true;
  const std::optional<Money> budget = DailyBudget(account, campaign);
  if (!budget) {
    const auto groups = ActiveGroups(account, campaign);
    return !groups.empty() && std::all_of(groups.begin(), groups.end(), [](const Entity* group) {
      return group->fields.contains("lifetime_budget");
    });
  }
  return sums.days > 0 && sums.spend / sums.days >= 0.8 * Units(*budget);
}

std::vector<const Entity*> CampaignsOf(const LeverAccount& account) {
  std::vector<const Entity*> out;
  for (const Entity& entity : account.tree.entities) {
    if (entity.level == Level::kCampaign) out.push_back(&entity);
  }
  std::sort(out.begin(), out.end(), [](const Entity* a, const Entity* b) { return a->id < b->id; });
  return out;
}

std::vector<const Entity*> ActiveGroups(const LeverAccount& account, const Entity& campaign) {
  std::vector<const Entity*> out;
  for (const Entity* entity : account.Below(campaign)) {
    if (entity->level == Level::kAdGroup && TextField(entity->fields, "status") == kActive) {
      out.push_back(entity);
    }
  }
  std::sort(out.begin(), out.end(), [](const Entity* a, const Entity* b) { return a->id < b->id; });
  return out;
}

Result<std::vector<double>> SharesOf(const LeverWorld& world, const LeverAccount& account,
                                     const Entity& campaign,
                                     const std::vector<const Entity*>& groups) {
  std::vector<double> out(groups.size(),
                          1.0 / static_cast<double>(std::max<std::size_t>(groups.size(), 1)));
  if (groups.size() < 2) return out;
  FactQuery query;
  query.measures = {"spend"};
  query.dimensions = {"campaign", "ad_group"};
  query.filters = {{"account", {PrintAccount(account.tree.info.account)}, false}};
  query.from = account.first;
  query.to = account.last;
  MAXOPT_TRY(const FactTable table, world.facts->Query(query));
  std::map<std::string, double> spend;
  if (!table.rows.empty()) {
    const std::size_t of = table.Column("campaign_id"), id = table.Column("ad_group_id");
    for (const auto& row : table.rows) {
      if (row[of].text == campaign.id) {
        spend[row[id].text] += RealAt(table, row, "spend").value_or(0);
      }
    }
  }
  double sum = 0;
  for (const Entity* group : groups) sum += spend[group->id];
  if (!(sum > 0)) return out;
  for (std::size_t i = 0; i < groups.size(); ++i) out[i] = spend[groups[i]->id] / sum;
  return out;
}

Learning LearningOf(const Entity& object, const Entity& campaign, double conversions_a_day,
                    double value_a_day, double odds) {
  constexpr double kConversions = 50, kLoss = 0.24;
  const std::string own = TextField(object.fields, "bid_strategy");
  const std::string strategy = own.empty() ? TextField(campaign.fields, "bid_strategy") : own;
  if (strategy == "manual_cpc") return {};
  const double wait = conversions_a_day > 0 ? kConversions / conversions_a_day : 14;
  return {odds * kLoss * std::max(value_a_day, 0.0),
          static_cast<int>(std::clamp(std::ceil(wait), 3.0, 14.0))};
}

}  // namespace maxopt::levers
