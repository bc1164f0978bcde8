#include "stages/monitor/pacing/campaign_pace.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "memory/campaigns/sightings.h"

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;

/// As far back as the model looks.
constexpr days kHistory{56};
/// Hours tell the shape of a day; four weeks have every weekday four times.
constexpr days kHourHistory{28};

struct Row {
  std::string campaign, period;
  Money spend;
};

Result<std::vector<Row>> SpendOf(FactStore& facts, const AccountInfo& info, const char* grain,
                                 Day from, Day to, std::optional<Instant> as_of) {
  FactQuery query;
  query.measures = {"spend"};
  query.dimensions = {"campaign"};
  query.filters = {{"account", {PrintAccount(info.account)}}};
  query.from = from;
  query.to = to;
  query.grain = grain;
  query.as_of = as_of;
  MAXOPT_TRY(const FactTable table, facts.Query(query));
  std::vector<Row> rows;
  if (table.rows.empty()) return rows;
  const std::size_t id = table.Column("campaign_id"), period = table.Column("period"),
                    spend = table.Column("spend");
  for (const auto& row : table.rows) {
    if (row[spend].kind != FactCell::Kind::kMoney) continue;
    rows.push_back(
        {row[id].text, row[period].text, Money::Micros(row[spend].integer, info.currency)});
  }
  return rows;
}

/// Of the last seven closed days, by campaign; only where the platform tells how much of them the
/// budget cost.
Result<std::map<std::string, ImpressionShare>> SharesOf(FactStore& facts, const AccountInfo& info,
                                                        Day today) {
  FactQuery query;
  query.measures = {"impression_share", "lost_to_budget", "lost_to_rank"};
  query.dimensions = {"campaign"};
  query.filters = {{"account", {PrintAccount(info.account)}}};
  query.from = today - days(7);
  query.to = today - days(1);
  MAXOPT_TRY(const FactTable table, facts.Query(query));
  std::map<std::string, ImpressionShare> shares;
  if (table.rows.empty()) return shares;
  const std::size_t id = table.Column("campaign_id"), won = table.Column("impression_share"),
                    budget = table.Column("lost_to_budget"), rank = table.Column("lost_to_rank");
  const auto share = [](const FactCell& cell) -> std::optional<double> {
    if (cell.kind == FactCell::Kind::kAbsent) return std::nullopt;
    return std::clamp(cell.Number(), 0.0, 1.0);
  };
  for (const auto& row : table.rows) {
    if (const auto told = share(row[won])) {
      shares[row[id].text] = {*told, share(row[budget]), share(row[rank])};
    }
  }
  return shares;
}

bool On(const Entity& entity) {
  if (TextField(entity.fields, "status") != kActive) return false;
  const std::string effective = TextField(entity.fields, "effective_status");
  return effective != "paused" && effective != "removed";
}

std::optional<Day> DayField(const Fields& fields, std::string_view name) {
  const std::string text = TextField(fields, name);
  if (text.empty()) return std::nullopt;
  if (const auto time = ParseLocal(text)) {
    Day day = std::chrono::floor<days>(*time);
    // A flight that ends at midnight does not have the day that begins then.
    if (name == "end_at" && *time == LocalTime(day)) day -= days(1);
    return day;
  }
  if (const auto day = ParseDay(text.substr(0, 10))) return *day;
  return std::nullopt;
}

class Account {
 public:
  Account(const MonitorWorld& world, const ClientAccount& account,
          const std::optional<Policy>& policy, PacingReport& out)
      : world_(world), client_(account.client), policy_(policy), out_(out) {}

  Result<> Run(const AccountTree& tree, const Capabilities& capabilities) {
    const auto zone = Zone::Find(tree.info.zone);
    if (!zone) {
      out_.problems.push_back(
          fmt::format("{}: {}", PrintAccount(tree.info.account), zone.error().what));
      return {};
    }
    const Instant now = world_.clock->Now();
    const Day today = zone->DayOf(now);
    MAXOPT_TRY(const std::vector<FactStore::Freshness> fresh, world_.facts->Freshest());
    std::optional<Instant> learnt;
    for (const FactStore::Freshness& f : fresh) {
      if (f.account == tree.info.account) learnt = f.learnt_at;
    }
    MAXOPT_TRY(const std::vector<Sighting> seen, Sightings(*world_.store, tree.info));
    MAXOPT_TRY(const auto ours, world_.store->LastBudgetChanges(client_));
    MAXOPT_TRY(const auto planned, PlannedFlights(tree.info.account));
    MAXOPT_TRY(const auto shares, SharesOf(*world_.facts, tree.info, today));

    // A flight may be older than the model's window; what it spent since its begin is needed whole.
    Day from = today - kHistory;
    for (const Entity& entity : tree.entities) {
      if (entity.level != Level::kCampaign) continue;
      if (const auto start = DayField(entity.fields, "start_at")) {
        from = std::min(from, std::max(*start, today - days(3'000)));
      }
      if (const auto at = planned.find(entity.id); at != planned.end()) {
        from = std::min(from, std::max(at->second.first, today - days(3'000)));
      }
    }
    MAXOPT_TRY(const auto day_rows,
               SpendOf(*world_.facts, tree.info, "day", from, today, std::nullopt));
    // What was known three days ago shows what has been restated since.
    MAXOPT_TRY(const auto old_rows,
               SpendOf(*world_.facts, tree.info, "day", from, today - days(4), now - days(3)));
    MAXOPT_TRY(const auto hour_rows, SpendOf(*world_.facts, tree.info, "hour", today - kHourHistory,
                                             today, std::nullopt));
    std::map<std::string, std::map<Day, Money>> spend, before;
    for (const Row& row : day_rows) {
      if (const auto day = ParseDay(row.period.substr(0, 10))) {
        spend[row.campaign].insert_or_assign(*day, row.spend);
      }
    }
    for (const Row& row : old_rows) {
      if (const auto day = ParseDay(row.period.substr(0, 10))) {
        before[row.campaign].insert_or_assign(*day, row.spend);
      }
    }
    std::map<std::string, std::vector<HourSpend>> by_hour;
    for (const Row& row : hour_rows) {
      if (const auto time = ParseLocal(row.period)) {
        const Day day = std::chrono::floor<days>(*time);
        by_hour[row.campaign].push_back(
            {day, static_cast<int>((*time - LocalTime(day)) / hours(1)), row.spend});
      }
    }

    for (const Entity& campaign : tree.entities) {
      if (campaign.level != Level::kCampaign) continue;
      if (TextField(campaign.fields, "status") == kRemoved) continue;
      PaceInput in;
      in.zone = *zone;
      in.now = now;
      in.known_until = learnt;
      in.rules = RulesOf(capabilities);
      if (!Budget(tree, campaign, in)) continue;
      FlightDays flight = Flight(campaign, today);
      std::string other_plan;
      if (const auto at = planned.find(campaign.id); at != planned.end()) {
        const PlannedFlight& plan = at->second;
        if (plan.total.currency() != in.budgets.front().amount.currency()) {
          other_plan = fmt::format(
              "The media plan gives it {}, another currency than the account's: judged by its "
              "budget.",
              PrintMoney(plan.total));
        } else {
          flight = {plan.first, plan.last, false};
          in.plan = plan.total;
        }
      }
      in.first = flight.first;
      in.last = flight.last;
      in.status = On(campaign) ? FlightStatus::kOn : FlightStatus::kOff;
      BudgetBefore(campaign.id, seen, ours, in);
      const auto& dayparts = ListField(campaign.fields, "dayparts");
      if (!dayparts.empty()) {
        if (const auto parsed = ParseDayparts(dayparts)) in.dayparts = *parsed;
      }
      for (const auto& [day, amount] : spend[campaign.id]) {
        if (amount.negative()) continue;  // a credit is no spend of that day
        DaySpend entry{day, amount, std::nullopt};
        const auto& old = before[campaign.id];
        if (const auto at = old.find(day);
            at != old.end() && at->second != amount && !at->second.negative()) {
          entry.first_reported = at->second;
        }
        in.days.push_back(std::move(entry));
      }
      FillQuietDays(day_rows, today, in);
      in.hours = by_hour[campaign.id];
      std::erase_if(in.hours, [](const HourSpend& h) { return h.spend.negative(); });
      if (const auto at = shares.find(campaign.id); at != shares.end()) in.share = at->second;
      PaceSettings settings;
      settings.minor_units = capabilities.minor_units;
      if (policy_ && policy_->client == client_) settings.step_max_bp = policy_->step_max_bp;
      const std::string name = WithoutMarker(TextField(campaign.fields, "name"));
      auto verdict = JudgePace(in, settings);
      if (!verdict) {
        out_.problems.push_back(fmt::format("campaign {}: {}", name, verdict.error().what));
        continue;
      }
      if (!other_plan.empty()) verdict->why.push_back(std::move(other_plan));
      out_.campaigns.push_back({client_, tree.info.account, campaign.id, name, flight.first,
                                flight.last, flight.month, std::move(*verdict)});
      Tell(out_.campaigns.back(), now);
    }
    return {};
  }

 private:
  /// What the media plan fixes, by campaign id. Where the optimiser may move money the budget is
  /// the plan.
  Result<std::map<std::string, PlannedFlight>> PlannedFlights(const AccountId& account) {
    std::map<std::string, PlannedFlight> out;
    MAXOPT_TRY(const FixedBudgetMap fixed, FixedBudgets(*world_.store, client_));
    if (fixed.empty()) return out;
    MAXOPT_TRY(const std::vector<OwnedObject> owned, world_.store->Objects(account));
    for (const OwnedObject& object : owned) {
      if (object.level != Level::kCampaign) continue;
      const auto at = fixed.find(object.address);
      if (at != fixed.end() && at->second && at->second->first <= at->second->last) {
        out.emplace(object.id, *at->second);
      }
    }
    return out;
  }

  /// The campaign's own budget, or that of its running ad groups together. False: it has none.
  static bool Budget(const AccountTree& tree, const Entity& campaign, PaceInput& in) {
    const auto take = [&](const Entity& entity) {
      const Money* lifetime = MoneyField(entity.fields, "lifetime_budget");
      const Money* daily = MoneyField(entity.fields, "daily_budget");
      const Money* amount = lifetime != nullptr ? lifetime : daily;
      if (amount == nullptr) return false;
      const BudgetKind kind = lifetime != nullptr ? BudgetKind::kLifetime : BudgetKind::kDaily;
      if (in.budgets.empty()) {
        in.kind = kind;
        in.budgets.push_back({Instant{}, *amount});
      } else if (in.kind == kind && in.budgets[0].amount.currency() == amount->currency()) {
        in.budgets[0].amount += *amount;
      }
      return true;
    };
    if (take(campaign)) return true;
    for (const Entity& group : tree.entities) {
      if (group.level == Level::kAdGroup && group.campaign_id == campaign.id && On(group)) {
        take(group);
      }
    }
    return !in.budgets.empty();
  }

  struct FlightDays {
    Day first, last;
    bool month;
  };
  static FlightDays Flight(const Entity& campaign, Day today) {
    const auto start = DayField(campaign.fields, "start_at");
    const auto end = DayField(campaign.fields, "end_at");
    if (start && end && *start <= *end) return {*start, *end, false};
    const std::chrono::year_month_day date{today};
    const Day month(std::chrono::local_days(date.year() / date.month() / 1));
    const Day month_end(std::chrono::local_days(date.year() / date.month() / std::chrono::last));
    const Day first = std::max(month, start.value_or(month));
    const Day last = end.value_or(std::max(month_end, first));
    return {std::min(first, last), last, !end};
  }

  static void BudgetBefore(const std::string& id, const std::vector<Sighting>& seen,
                           const std::map<std::string, Instant>& ours, PaceInput& in) {
    for (const Sighting& s : seen) {
      if (s.campaign_id != id || !s.budget_was || in.kind != BudgetKind::kDaily) continue;
      const Money now = in.budgets.back().amount;
      if (s.budget_was->currency() != now.currency() || s.daily_budget != now) continue;
      // Our own write is known to the second, a look sees it later.
      Instant at = s.budget_since;
      if (const auto own = ours.find(id); own != ours.end() && own->second < at) {
        if (at - own->second < hours(6)) at = own->second;
      }
      in.budgets = {{Instant{}, *s.budget_was}, {at, now}};
    }
  }

  /// The platform leaves days without delivery out. Where it told of other campaigns on a day, or
  /// of this one before and after, its silence about this one is a zero that is known.
  static void FillQuietDays(const std::vector<Row>& rows, Day today, PaceInput& in) {
    if (in.days.empty()) return;
    std::map<Day, bool> told;
    for (const Row& row : rows) {
      if (const auto day = ParseDay(row.period.substr(0, 10))) told[*day] = true;
    }
    const Day first = in.days.front().day;
    std::map<Day, bool> own;
    for (const DaySpend& day : in.days) own[day.day] = true;
    for (const auto& [day, yes] : told) {
      if (day > first && day < today && !own.contains(day)) {
        in.days.push_back({day, Money::Zero(in.budgets.front().amount.currency()), std::nullopt});
      }
    }
  }

  void Tell(const CampaignPace& pace, Instant now) {
    const PaceVerdict& v = pace.verdict;
    if (Silent(v.state)) return;
    const bool over = v.state == PaceState::kOver;
    Condition c{.client = client_, .detector = "pacing", .account = pace.account, .title = {}};
    c.level = Level::kCampaign;
    c.object_id = pace.campaign_id;
    c.name = pace.name;
    c.kpi = "spend";
    c.direction = over ? "above" : "below";
    // A forecast is no amount to the millionth; a campaign without an end has a calendar month in
    // place of a plan that somebody made, so it is only noted.
    const auto shown = FloorToMinor(v.landing->at[3], MinorUnits::kIso4217);
    c.actual = PrintMoney(shown ? *shown : v.landing->at[3]);
    c.expected = PrintMoney(v.plan);
    if (pace.month) c.tier = AlertTier::kInfo;
    if (!v.plan.zero()) {
      c.deviation =
          static_cast<double>(v.landing->at[3].micros()) / static_cast<double>(v.plan.micros()) - 1;
    }
    c.title =
        fmt::format("{} lands at {}, {} its plan of {} ({:.0f} % probable)", pace.name, c.actual,
                    over ? "above" : "below", c.expected, 100 * (over ? *v.p_over : *v.p_under));
    if (v.today) c.at_stake = v.today->expected_day;
    c.since = now;
    c.evidence = v.why;
    if (v.suggestion) {
      c.proposal = fmt::format("set the budget from {} to {}: {}", PrintMoney(v.suggestion->from),
                               PrintMoney(v.suggestion->to), v.suggestion->why);
    }
    out_.conditions.push_back(std::move(c));
  }

  const MonitorWorld& world_;
  const std::string& client_;
  const std::optional<Policy>& policy_;
  PacingReport& out_;
};

}  // namespace

DeliveryRules RulesOf(const Capabilities& capabilities) {
  DeliveryRules rules{.day_bp = std::max(10'000, capabilities.daily_overdelivery_bp)};
  if (capabilities.platform == Platform::kGoogleAds) rules.month_days = 30.4;
  if (capabilities.platform == Platform::kMeta || capabilities.platform == Platform::kTikTok) {
    rules.week_days = 7;
  }
  return rules;
}

Result<PacingReport> LookAtPace(const MonitorWorld& world, const std::string& client,
                                const std::optional<Policy>& policy) {
  PacingReport out;
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, world.store->Accounts());
  for (const ClientAccount& account : accounts) {
    if (!client.empty() && account.client != client) continue;
    const AccountId& id = account.info.account;
    const auto reader = world.reader(id);
    if (!reader) {
      out.problems.push_back(fmt::format("{}: {}", PrintAccount(id), reader.error().what));
      continue;
    }
    const auto tree = (*reader)->ReadAccount(id, http::After(std::chrono::seconds(120)));
    if (!tree) {
      out.problems.push_back(fmt::format("{}: {}", PrintAccount(id), tree.error().what));
      continue;
    }
    MAXOPT_CHECK(Account(world, account, policy, out).Run(*tree, (*reader)->capabilities()));
  }
  return out;
}

}  // namespace maxopt
