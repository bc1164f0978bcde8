#include "stages/monitor/detect/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "domain/change.h"
#include "stages/monitor/pacing/campaign_pace.h"

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;

/// Words of effective_status under which an object may run, or may as soon as its parts do.
bool MayRun(const Fields& fields) {
  if (TextField(fields, "status") != kActive) return false;
  const std::string effective = TextField(fields, "effective_status");
  return effective.empty() || effective == "active" || effective == "limited" ||
         effective == "other" || effective == "parent_paused";
}

/// "" when the flight of these fields is on; else "not started" or "ended".
std::string OffFlight(const Fields& fields, LocalTime now) {
  if (const auto start = ParseLocal(TextField(fields, "start_at")); start && now < *start) {
    return "not started";
  }
  if (const auto end = ParseLocal(TextField(fields, "end_at")); end && now >= *end) return "ended";
  return "";
}

/// Sets what the tree says of one campaign.
void Describe(const AccountTree& tree, const Entity& campaign, LocalTime now, CampaignView& view) {
  view.name = WithoutMarker(TextField(campaign.fields, "name"));
  if (const Money* budget = MoneyField(campaign.fields, "daily_budget")) {
    view.daily_budget = *budget;
  }
  const std::string status = TextField(campaign.fields, "status");
  if (status != kActive) {
    view.why_not = status;
    return;
  }
  if (!MayRun(campaign.fields)) {
    view.why_not = TextField(campaign.fields, "effective_status");
    return;
  }
  view.why_not = OffFlight(campaign.fields, now);
  if (!view.why_not.empty()) return;

  std::string why = "no ad group is on";
  for (const Entity& group : tree.entities) {
    if (group.level != Level::kAdGroup || group.campaign_id != campaign.id) continue;
    if (!MayRun(group.fields)) continue;
    if (const std::string off = OffFlight(group.fields, now); !off.empty()) {
      why = off;
      continue;
    }
    const bool ad = std::any_of(tree.entities.begin(), tree.entities.end(), [&](const Entity& e) {
      if (e.level != Level::kAd || e.parent_id != group.id || !MayRun(e.fields)) return false;
      const std::string review = TextField(e.fields, "review_status");
      return review.empty() || review == "approved" || review == "limited";
    });
    if (!ad) {
      if (!view.delivers) why = "no ad may run";
      continue;
    }
    view.delivers = true;
    if (const Money* budget = MoneyField(group.fields, "daily_budget")) {
      view.daily_budget = view.daily_budget ? *view.daily_budget + *budget : *budget;
    }
  }
  if (!view.delivers) view.why_not = why;
}

/// What we last applied as daily budget of the campaign or of its ad groups.
std::optional<Money> PlannedDaily(const AccountView& account, const Entity& campaign) {
  std::optional<Money> planned;
  const auto add = [&](Level level, const std::string& id) {
    const auto owned = account.owned.find(fmt::format("{}/{}", LevelName(level), id));
    if (owned == account.owned.end()) return;
    if (const Money* budget = MoneyField(owned->second.last_applied, "daily_budget")) {
      planned = planned ? *planned + *budget : *budget;
    }
  };
  add(Level::kCampaign, campaign.id);
  for (const Entity& group : account.tree.entities) {
    if (group.level == Level::kAdGroup && group.campaign_id == campaign.id &&
        TextField(group.fields, "status") == kActive) {
      add(Level::kAdGroup, group.id);
    }
  }
  return planned;
}

/// Tells the sightings of this look, and takes from them what changed.
Result<> See(CampaignStore& store, AccountView& account, Instant now) {
  std::vector<Sighting> seen;
  for (const CampaignView& campaign : account.campaigns) {
    Sighting& s = seen.emplace_back();
    s.account = account.info.account;
    s.campaign_id = campaign.id;
    s.name = campaign.name;
    s.state = campaign.delivers ? "delivers" : campaign.why_not;
    s.daily_budget = campaign.daily_budget;
  }
  MAXOPT_TRY(const std::vector<Sighting> all, SeeCampaigns(store, account.info, seen, now));
  for (const Sighting& s : all) {
    if (s.state == "removed") account.removed.push_back(s);
    for (CampaignView& campaign : account.campaigns) {
      if (campaign.id != s.campaign_id) continue;
      campaign.was = s.was;
      if (!s.was.empty()) campaign.since = s.since;
      campaign.budget_was = s.budget_was;
      if (s.budget_was) campaign.budget_since = s.budget_since;
    }
  }
  return {};
}

Result<> ReadHours(FactStore& facts, std::vector<AccountView>& accounts) {
  // One question for all accounts: their hours lie in the same few row groups.
  FactQuery query;
  query.measures = {"spend", "impressions", "clicks", "conversions", "revenue"};
  query.dimensions = {"account", "campaign"};
  query.grain = "hour";
  query.level = Level::kCampaign;
  FactFilter filter{"account", {}};
  std::map<std::string, AccountView*> by_id;
  for (AccountView& account : accounts) {
    if (!account.problem.empty()) continue;
    filter.values.push_back(PrintAccount(account.info.account));
    by_id[account.info.account.id] = &account;
    query.from = query.from ? std::min(*query.from, account.first_day) : account.first_day;
    const Day last = account.first_day + days(account.days - 1);
    query.to = query.to ? std::max(*query.to, last) : last;
  }
  if (filter.values.empty()) return {};
  query.filters.push_back(std::move(filter));
  MAXOPT_TRY(const FactTable table, facts.Query(query));
  const std::size_t period = table.Column("period"), account_id = table.Column("account_id"),
                    campaign_id = table.Column("campaign_id"), spend = table.Column("spend"),
                    impressions = table.Column("impressions"), clicks = table.Column("clicks"),
                    conversions = table.Column("conversions"), revenue = table.Column("revenue");
  std::map<std::pair<const AccountView*, std::string>, CampaignView*> campaigns;
  for (AccountView& account : accounts) {
    for (CampaignView& campaign : account.campaigns) campaigns[{&account, campaign.id}] = &campaign;
  }
  for (const std::vector<FactCell>& row : table.rows) {
    const auto account = by_id.find(row[account_id].text);
    if (account == by_id.end()) continue;
    const std::string& text = row[period].text;  // "2026-11-22 15:00:00"
    const auto day = ParseDay(std::string_view(text).substr(0, 10));
    int hour = 0;
    if (!day || text.size() < 13 ||
        std::from_chars(text.data() + 11, text.data() + 13, hour).ec != std::errc()) {
      Bug();  // FactQuery promises this form
    }
    const auto index = (*day - account->second->first_day).count() * 24 + hour;
    if (index < 0 || index >= account->second->days * 24) continue;
    account->second->hours_known =
        std::max(account->second->hours_known, static_cast<int>(index) + 1);
    const auto campaign = campaigns.find({account->second, row[campaign_id].text});
    if (campaign == campaigns.end()) continue;  // removed since: nothing is expected of it
    HourSum& sum = campaign->second->hours[static_cast<std::size_t>(index)];
    sum.any = true;
    sum.spend_micros += row[spend].integer;
    sum.impressions += row[impressions].integer;
    sum.clicks += row[clicks].integer;
    sum.conversions += row[conversions].Number();
    sum.revenue_micros += row[revenue].integer;
  }
  return {};
}

}  // namespace

HourSum CampaignView::Sum(int first_hour, int hours_count) const {
  HourSum sum;
  for (int h = std::max(first_hour, 0); h < first_hour + hours_count; ++h) {
    if (static_cast<std::size_t>(h) >= hours.size()) break;
    const HourSum& hour = hours[static_cast<std::size_t>(h)];
    sum.any = sum.any || hour.any;
    sum.spend_micros += hour.spend_micros;
    sum.impressions += hour.impressions;
    sum.clicks += hour.clicks;
    sum.conversions += hour.conversions;
    sum.revenue_micros += hour.revenue_micros;
  }
  return sum;
}

std::vector<bool> UsedUp(const AccountView& account, const CampaignView& campaign) {
  // Platforms stop a little short of a budget. A month of 30 days comes to 0.987 of Google's 30.4
  // and is not used up; only one of 31 is.
  constexpr double kOfDay = 0.95, kOfWeek = 0.95, kOfMonth = 0.99;
  std::vector<bool> used(campaign.hours.size(), false);
  if (!campaign.daily_budget || campaign.daily_budget->micros() <= 0) return used;
  const auto budget = static_cast<double>(campaign.daily_budget->micros());
  const DeliveryRules& rules = account.delivery;
  double day = 0, week = 0, month = 0;
  bool whole_week = false, whole_month = false;  // seen from their first day on
  for (std::size_t h = 0; h < used.size(); ++h) {
    if (h % 24 == 0) {
      const Day date = account.first_day + days(static_cast<int>(h / 24));
      const std::chrono::weekday weekday{date};
      day = 0;
      if ((rules.week_from_sunday ? weekday.c_encoding() : weekday.iso_encoding() - 1) == 0) {
        week = 0;
        whole_week = true;
      }
      if (std::chrono::year_month_day(date).day() == std::chrono::day(1)) {
        month = 0;
        whole_month = true;
      }
    }
    const auto spent = static_cast<double>(campaign.hours[h].spend_micros);
    day += spent;
    week += spent;
    month += spent;
    used[h] =
        day >= kOfDay * budget ||
        (whole_week && rules.week_days > 0 && week >= kOfWeek * rules.week_days * budget) ||
        (whole_month && rules.month_days > 0 && month >= kOfMonth * rules.month_days * budget);
  }
  return used;
}

Instant AccountView::BeginOf(int index) const {
  const Day day = first_day + std::chrono::days(index / 24);
  return zone->ToInstant(LocalTime(day) + hours(index % 24));
}

int AccountView::IndexAfter(Instant at) const {
  const LocalTime local = zone->LocalOf(at);
  const auto index = std::chrono::ceil<hours>(local - LocalTime(first_day)).count();
  return static_cast<int>(std::clamp<std::int64_t>(index, 0, std::int64_t{days} * 24));
}

Result<std::vector<AccountView>> ReadViews(const ViewWorld& world, const std::string& client,
                                           int day_count, int lag_hours) {
  MAXOPT_TRY(const std::vector<ClientAccount> known, world.store->Accounts());
  MAXOPT_TRY(const std::vector<FactStore::Freshness> fresh, world.facts->Freshest());
  const Instant now = world.clock->Now();
  std::vector<AccountView> accounts;
  for (const ClientAccount& entry : known) {
    if (!client.empty() && entry.client != client) continue;
    AccountView& account = accounts.emplace_back();
    account.client = entry.client;
    account.info = entry.info;
    const auto zone = Zone::Find(entry.info.zone);
    const auto reader = world.reader(entry.info.account);
    if (!zone || !reader) {
      account.problem = !zone ? zone.error().what : reader.error().what;
      account.problem_code = !zone ? zone.error().code : reader.error().code;
      continue;
    }
    for (const auto& freshness : fresh) {
      if (freshness.account == entry.info.account) account.learnt_at = freshness.learnt_at;
    }
    auto tree = (*reader)->ReadAccount(entry.info.account, http::After(std::chrono::seconds(60)));
    if (!tree) {
      account.problem = tree.error().what;
      account.problem_code = tree.error().code;
      continue;
    }
    account.zone = *zone;
    account.tree = std::move(*tree);
    account.overdelivery_bp = (*reader)->capabilities().daily_overdelivery_bp;
    account.delivery = RulesOf((*reader)->capabilities());
    account.days = day_count;
    account.first_day = zone->DayOf(now) - days(day_count - 1);
    MAXOPT_TRY(const std::vector<OwnedObject> objects, world.store->Objects(entry.info.account));
    for (const OwnedObject& object : objects) {
      account.owned.emplace(fmt::format("{}/{}", LevelName(object.level), object.id), object);
    }
    for (const Entity& entity : account.tree.entities) {
      if (entity.level != Level::kCampaign) continue;
      CampaignView& view = account.campaigns.emplace_back();
      view.id = entity.id;
      view.hours.resize(static_cast<std::size_t>(day_count) * 24);
      Describe(account.tree, entity, zone->LocalOf(now), view);
      const auto owned = account.owned.find("campaign/" + entity.id);
      if (owned != account.owned.end()) view.address = owned->second.address;
      view.planned_daily = PlannedDaily(account, entity);
    }
    MAXOPT_CHECK(See(*world.store, account, now));
  }
  MAXOPT_CHECK(ReadHours(*world.facts, accounts));
  for (AccountView& account : accounts) {
    if (!account.problem.empty() || !account.learnt_at) continue;
    const LocalTime told = account.zone->LocalOf(*account.learnt_at - hours(lag_hours));
    const auto by_lag = std::chrono::duration_cast<hours>(told - LocalTime(account.first_day));
    account.hours_known = std::max(account.hours_known, static_cast<int>(by_lag.count()));
    // The hour that is running is reported in part only.
    const LocalTime local = account.zone->LocalOf(std::min(now, *account.learnt_at));
    const auto closed = std::chrono::duration_cast<hours>(local - LocalTime(account.first_day));
    account.hours_known = std::clamp(account.hours_known, 0,
                                     std::min(static_cast<int>(closed.count()), day_count * 24));
  }
  return accounts;
}

}  // namespace maxopt
