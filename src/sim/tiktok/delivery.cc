#include <algorithm>
#include <set>

#include "sim/tiktok/state.h"

namespace maxopt::sim::tiktok {
namespace {

/// Digest of what people see: the same creative has the same quality and tires the same way.
std::string CreativeKey(const Json& fields) {
  std::string seen;
  for (const char* name : {"ad_text", "image_ids", "video_id", "landing_page_url"}) {
    if (fields.contains(name)) seen += PrintExactJson(fields.at(name));
    seen += '\n';
  }
  return seen;
}

Audience AudienceOf(const Object& campaign, const Object& group) {
  const auto ids = group.fields.find("audience_ids");
  if (ids != group.fields.end() && !ids->empty()) return Audience::kRetargeting;
  if (TextOr(campaign.fields, "objective_type", "") == "VIDEO_VIEWS") return Audience::kVideo;
  return Audience::kProspecting;
}

std::vector<std::string> Countries(const Object& group) {
  std::vector<std::string> codes;
  for (const Json& id : group.fields.value("location_ids", Json::array())) {
    for (const Region& region : Regions()) {
      const bool named = id.is_string() && id.get_ref<const std::string&>() == region.location_id;
      if (named && std::find(codes.begin(), codes.end(), region.code) == codes.end()) {
        codes.emplace_back(region.code);
      }
    }
  }
  return codes;
}

/// Whether any half of the hour is one that the ad group may run in: 336 digits, Monday first; all
/// 0 and all 1 mean always.
bool MayRun(const Object& group, Instant hour_begins, const Zone& zone) {
  constexpr std::size_t kSlotsPerDay = 48;
  const std::string week = TextOr(group.fields, "dayparting", "");
  if (week.find('1') == std::string::npos) return true;
  const LocalTime local = zone.LocalOf(hour_begins);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::weekday weekday{std::chrono::local_days(day.time_since_epoch())};
  const auto hour = std::chrono::floor<std::chrono::hours>(local - day).count();
  const std::size_t slot =
      (weekday.iso_encoding() - 1) * kSlotsPerDay + static_cast<std::size_t>(hour) * 2;
  return week[slot] == '1' || week[slot + 1] == '1';
}

/// Puts the object's budget into the unit, by its mode.
void PutBudget(const Object& owner, Currency currency, BudgetUnit& unit) {
  const auto money = JsonMoney(owner.fields.value("budget", Json(0)), currency);
  if (!money || money->zero()) return;
  const std::string mode = TextOr(owner.fields, "budget_mode", "");
  if (mode == "BUDGET_MODE_TOTAL") {
    unit.lifetime_budget = *money;
  } else if (mode != "BUDGET_MODE_INFINITE") {
    unit.daily_budget = *money;
  }
}

}  // namespace

std::vector<BudgetUnit> Account::Deliverable(Instant hour_begins) {
  const std::scoped_lock lock(mutex);
  const AccountSetup& setup = served.setup;
  std::map<std::string, std::vector<DeliverableAd>> ads_of_group;
  for (const auto& [ad_id, ad] : ads) {
    if (SecondaryStatus(*this, ad, hour_begins) != "AD_STATUS_DELIVERY_OK") continue;
    ads_of_group[ad.parent_id].push_back({ad_id, ad.parent_id, CreativeKey(ad.fields)});
  }
  std::map<std::string, std::vector<BudgetUnit>> groups_of_campaign;
  for (auto& [group_id, deliverable] : ads_of_group) {
    const Object& group = ad_groups.at(group_id);
    if (!MayRun(group, hour_begins, setup.zone)) continue;
    const Object& campaign = campaigns.at(group.campaign_id);
    BudgetUnit unit;
    unit.campaign_id = campaign.id;
    unit.ad_group_id = group_id;
    unit.audience = AudienceOf(campaign, group);
    unit.countries = Countries(group);
    unit.ads = std::move(deliverable);
    if (TextOr(group.fields, "schedule_type", "") == "SCHEDULE_START_END") {
      const auto end = UtcTime(group.fields.value("schedule_end_time", Json()), "");
      if (end) unit.last_day = setup.zone.DayOf(*end - std::chrono::microseconds(1));
    }
    PutBudget(group, setup.currency, unit);
    groups_of_campaign[campaign.id].push_back(std::move(unit));
  }
  std::vector<BudgetUnit> units;
  for (auto& [campaign_id, groups] : groups_of_campaign) {
    const Object& campaign = campaigns.at(campaign_id);
    if (!BudgetOptimized(campaign)) {
      // A campaign budget without optimisation is a cap over its ad groups' own budgets: they
      // shrink in proportion when they would exceed it.
      BudgetUnit cap;
      PutBudget(campaign, setup.currency, cap);
      Money sum = Money::Zero(setup.currency);
      for (const BudgetUnit& unit : groups) {
        if (unit.daily_budget) sum += *unit.daily_budget;
      }
      for (BudgetUnit& unit : groups) {
        if (cap.daily_budget && unit.daily_budget && sum > *cap.daily_budget) {
          __extension__ using Wide = __int128;
          const Wide share = static_cast<Wide>(unit.daily_budget->micros()) *
                             cap.daily_budget->micros() / sum.micros();
          unit.daily_budget = Money::Micros(static_cast<std::int64_t>(share), setup.currency);
        }
        units.push_back(std::move(unit));
      }
      continue;
    }
    BudgetUnit whole;
    whole.campaign_id = campaign_id;
    PutBudget(campaign, setup.currency, whole);
    std::set<std::string> countries;
    bool all_retargeting = true;
    for (BudgetUnit& unit : groups) {
      all_retargeting = all_retargeting && unit.audience == Audience::kRetargeting;
      countries.insert(unit.countries.begin(), unit.countries.end());
      if (unit.last_day && (!whole.last_day || *unit.last_day > *whole.last_day)) {
        whole.last_day = unit.last_day;
      }
      for (DeliverableAd& ad : unit.ads) whole.ads.push_back(std::move(ad));
    }
    whole.audience = all_retargeting ? Audience::kRetargeting : groups.front().audience;
    if (!all_retargeting && whole.audience == Audience::kRetargeting) {
      whole.audience = Audience::kProspecting;
    }
    whole.countries.assign(countries.begin(), countries.end());
    units.push_back(std::move(whole));
  }
  return units;
}

}  // namespace maxopt::sim::tiktok
