// overview: every client and account at a glance.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "app/views/metrics.h"
#include "app/views/sources.h"
#include "app/views/themes.h"
#include "decide/pacing/pacing.h"
#include "memory/campaigns/alerts.h"
#include "memory/campaigns/signals.h"

namespace maxopt::views {
namespace {

using std::chrono::days;

/// As far back as the pacing model looks (stages/monitor/pacing).
constexpr days kHistory{56};

struct Month {
  Day first, last;
};
Month MonthAround(Day day) {
  const std::chrono::year_month_day date{day};
  return {Day(std::chrono::local_days(date.year() / date.month() / 1)),
          Day(std::chrono::local_days(date.year() / date.month() / std::chrono::last))};
}

/// What one account (or all of one client in one currency) did by day.
struct Spent {
  bool any = false;
  bool mixed = false;
  std::optional<Currency> currency;
  std::map<Day, Sums> days;
  Sums month;
  std::optional<Money> today, of_month;
  void Add(Day day, const Sums& sums) {
    any = true;
    if (currency && sums.currency && *currency != *sums.currency) mixed = true;
    if (!currency) currency = sums.currency;
    days[day].Add(sums);
  }
};

struct Landing {
  std::optional<Money> mean, low, high;
  std::string state;
};

/// Where the month lands. A flight of the calendar month whose budget is the plan or, without one,
/// what the last week spent.
Landing LandMonth(const Zone& zone, Instant now, std::optional<Instant> learnt, const Month& month,
                  const Spent& spent, const std::optional<Money>& plan) {
  Landing out;
  if (spent.mixed || !spent.currency || (plan && plan->currency() != *spent.currency)) return out;
  const Day today = zone.DayOf(now);
  PaceInput in;
  in.zone = zone;
  in.first = month.first;
  in.last = month.last;
  in.now = now;
  in.known_until = learnt;
  in.plan = plan;
  // No platform's rule caps the sum of many campaigns' days: ten times the mean is no bound.
  in.rules.day_bp = 100'000;
  std::int64_t week = 0;
  int known = 0;
  for (const auto& [day, sums] : spent.days) {
    if (!sums.spend || *sums.spend < 0 || day > today) continue;
    in.days.push_back({day, Money::Micros(*sums.spend, *spent.currency), std::nullopt});
    if (day >= today - days(7) && day < today) {
      week += *sums.spend;
      ++known;
    }
  }
  if (known == 0 || week <= 0) return out;
  in.budgets = {{Instant{}, Money::Micros(week / known, *spent.currency)}};
  const auto verdict = JudgePace(in, {});
  if (!verdict || !verdict->landing) return out;
  // A forecast is no amount to the millionth.
  const auto floored = [](Money money) {
    const auto minor = FloorToMinor(money, MinorUnits::kIso4217);
    return minor ? *minor : money;
  };
  out.mean = floored(verdict->landing->mean);
  out.low = floored(verdict->landing->at.front());
  out.high = floored(verdict->landing->at.back());
  if (plan) out.state = PaceStateName(verdict->state);
  return out;
}

/// The KPI that the brief calls primary, against its target, over the days of the month so far.
struct Kpi {
  std::string name, unit;
  std::optional<double> actual, target;
  int better = 0;
};
Kpi KpiOf(const std::vector<PlannedSetup>& setups, Day today, const Sums& month) {
  for (const PlannedSetup& setup : setups) {
    if (today < setup.first || today > setup.last) continue;
    for (const KpiTarget& kpi : setup.kpis) {
      if (kpi.importance != "primary") continue;
      Kpi out;
      out.name = kpi.metric;
      for (const Metric& metric : Metrics()) {
        if (metric.name != kpi.metric) continue;
        out.better = metric.better;
        const ViewCell cell = month.Cell(metric);
        if (const auto* money = std::get_if<Money>(&cell)) {
          out.actual = static_cast<double>(money->micros()) / 1e6;
          out.unit = money->currency().name();
        } else if (const auto* real = std::get_if<double>(&cell)) {
          out.actual = *real;
        } else if (const auto* count = std::get_if<std::int64_t>(&cell)) {
          out.actual = static_cast<double>(*count);
        }
      }
      double target = 0;
      const char* end = kpi.target.data() + kpi.target.size();
      if (std::from_chars(kpi.target.data(), end, target).ptr == end) out.target = target;
      return out;
    }
  }
  return {};
}

struct Health {
  std::int64_t alerts = 0, critical = 0, waiting = 0;
  std::string tracking;
};

}  // namespace

Result<View> Overview(Frame& frame) {
  View& view = frame.view;
  view.columns = {
      Text("name", "Name"),
      Text("level", "Level"),
      Text("client", "Client"),
      Text("platform", "Platform"),
      Of(CellKind::kMoney, "spend_today", "Spend today", "So far, as last read.", Truth::kClaimed),
      Of(CellKind::kMoney, "spend_month", "Spend this month", "The calendar month so far.",
         Truth::kClaimed),
      Of(CellKind::kMoney, "plan_month", "Plan of the month",
         "The briefs' budgets, spread evenly over their days.", Truth::kPlanned),
      Of(CellKind::kMoney, "plan_to_date", "Plan to date", "Of it, up to and with today.",
         Truth::kPlanned),
      Of(CellKind::kRatio, "spend_to_plan", "Spend by plan to date", "", Truth::kNone),
      Of(CellKind::kMoney, "forecast_month", "Forecast of the month",
         "Mean of where the month's spend lands.", Truth::kClaimed),
      Of(CellKind::kMoney, "forecast_low", "Forecast, low", "5 % land below it.", Truth::kClaimed),
      Of(CellKind::kMoney, "forecast_high", "Forecast, high", "5 % land above it.",
         Truth::kClaimed),
      Text("pace", "Pace", "Where the forecast lands against the plan."),
      Of(CellKind::kReal, "conversions_month", "Conversions this month",
         "Claimed by the platforms.", Truth::kClaimed, 1),
      Of(CellKind::kMoney, "cpa_month", "CPA this month", "Spend by claimed conversions.",
         Truth::kClaimed, -1),
      Of(CellKind::kReal, "roas_month", "ROAS this month", "Claimed revenue by spend.",
         Truth::kClaimed, 1),
      Text("kpi", "KPI", "The brief's primary one."),
      Of(CellKind::kReal, "kpi_actual", "KPI, actual", "This month, of the platforms' claims.",
         Truth::kClaimed),
      Of(CellKind::kReal, "kpi_target", "KPI, target", "", Truth::kPlanned),
      Text("kpi_unit", "KPI, unit", "The currency where it is money."),
      Of(CellKind::kRatio, "kpi_off", "KPI, off target", "Actual by target, less 1."),
      Of(CellKind::kCount, "alerts", "Open alerts", "", Truth::kNone, -1),
      Of(CellKind::kCount, "critical", "Critical alerts", "", Truth::kNone, -1),
      Of(CellKind::kCount, "plans_waiting", "Plans waiting",
         "Guarded, for somebody to approve; or approved and not applied.", Truth::kNone, -1),
      Text("freshness", "Data", "The worst of the accounts'."),
      Of(CellKind::kInstant, "learnt_at", "Last read", "The oldest of the accounts'."),
      Text("tracking", "Tracking", "The worst signal."),
      Text("halted", "Halted", "Nothing but pauses is sent while it is set."),
  };
  frame.view.from = MonthAround(frame.today).first;
  frame.view.to = frame.today;
  MAXOPT_TRY(const std::vector<ViewFreshness> freshness, Freshness(frame));
  MAXOPT_TRY(const KnownShares known, KnownShares::Read(frame));

  // One question for all: what each account did by day.
  Ask ask;
  ask.grain = "day";
  ask.from = std::min(MonthAround(frame.today).first, frame.today) - kHistory;
  ask.to = frame.today + days(1);  // a zone east of the frame's may be a day ahead
  MAXOPT_TRY(const std::vector<Found> found, AskFacts(frame, ask));
  std::map<AccountId, Spent> by_account;
  std::map<std::string, Spent> by_client;
  for (const Found& row : found) {
    const auto day = ParseDay(row.period);
    if (!day) Bug();
    by_account[row.account->info.account].Add(*day, row.sums);
    by_client[row.account->client].Add(*day, row.sums);
  }

  std::map<std::string, Health> health;  // by client, and by account
  {
    AlertQuery query;
    query.client = frame.query.client;
    query.all = frame.query.as_of.has_value();
    MAXOPT_TRY(const std::vector<AlertEntry> alerts, Alerts(frame.home.store(), query));
    for (const AlertEntry& entry : alerts) {
      const Alert& alert = entry.alert;
      if (!frame.Sees(alert.condition.client) || alert.opened_at > frame.now) continue;
      if (alert.resolved_at ? *alert.resolved_at <= frame.now : !alert.open) continue;
      std::vector<std::string> of = {"client/" + alert.condition.client};
      if (alert.condition.account) of.push_back(PrintAccount(*alert.condition.account));
      for (const std::string& key : of) {
        ++health[key].alerts;
        if (alert.tier == AlertTier::kCritical) ++health[key].critical;
      }
    }
    for (const PlanStatus waits : {PlanStatus::kGuarded, PlanStatus::kApproved}) {
      MAXOPT_TRY(const std::vector<Plan> plans, frame.home.store().Plans(waits, kAllRows));
      for (const Plan& plan : plans) {
        if (plan.created_at <= frame.now) ++health["client/" + plan.client].waiting;
      }
    }
    MAXOPT_TRY(const std::vector<SignalHealth> signals,
               Signals(frame.home.store(), frame.query.client));
    const auto rank = [](std::string_view state) {
      return state == "broken" ? 3 : state == "degraded" ? 2 : state == "unknown" ? 1 : 0;
    };
    for (const SignalHealth& signal : signals) {
      std::string& worst = health["client/" + signal.client].tracking;
      const std::string_view state = SignalStateName(signal.state);
      if (worst.empty() || rank(state) > rank(worst)) worst = state;
    }
  }
  const bool halted = frame.home.halted();

  const auto fresh_of = [&](const ClientAccount& account) {
    return std::ranges::find(freshness, PrintAccount(account.info.account),
                             &ViewFreshness::account);
  };
  const auto freshness_rank = [](std::string_view state) {
    return state == "failed" ? 3 : state == "never" ? 2 : state == "late" ? 1 : 0;
  };
  const auto row_of = [&](Spent& spent, const Zone& zone, const std::optional<Money>& plan_month,
                          const std::optional<Money>& plan_to_date, std::optional<Instant> learnt,
                          const Kpi* kpi, std::vector<ViewCell>& cells) {
    const Day today = zone.DayOf(frame.now);
    const Month month = MonthAround(today);
    for (const auto& [day, sums] : spent.days) {
      if (day >= month.first && day <= today) spent.month.Add(sums);
    }
    const auto money = [&](const std::optional<std::int64_t>& micros) -> std::optional<Money> {
      if (!micros || spent.mixed || !spent.currency) return std::nullopt;
      return Money::Micros(*micros, *spent.currency);
    };
    const auto at = spent.days.find(today);
    spent.today = at == spent.days.end() ? std::nullopt : money(at->second.spend);
    spent.of_month = money(spent.month.spend);
    const Landing landing = LandMonth(zone, frame.now, learnt, month, spent, plan_month);
    std::optional<double> to_plan;
    if (spent.of_month && plan_to_date && plan_to_date->micros() > 0 &&
        plan_to_date->currency() == spent.of_month->currency()) {
      to_plan = static_cast<double>(spent.of_month->micros()) /
                static_cast<double>(plan_to_date->micros());
    }
    cells.push_back(Maybe(spent.today));
    cells.push_back(Maybe(spent.of_month));
    cells.push_back(Maybe(plan_month));
    cells.push_back(Maybe(plan_to_date));
    cells.push_back(Maybe(to_plan));
    cells.push_back(Maybe(landing.mean));
    cells.push_back(Maybe(landing.low));
    cells.push_back(Maybe(landing.high));
    cells.push_back(TextCell(landing.state));
    for (const char* name : {"conversions", "cpa", "roas"}) {
      for (const Metric& metric : Metrics()) {
        if (metric.name == name) cells.push_back(spent.month.Cell(metric));
      }
    }
    const Kpi none;
    const Kpi& shown = kpi != nullptr ? *kpi : none;
    cells.push_back(TextCell(shown.name));
    cells.push_back(Maybe(shown.actual));
    cells.push_back(Maybe(shown.target));
    cells.push_back(TextCell(shown.unit));
    const bool comparable = shown.actual && shown.target && *shown.target > 0;
    cells.push_back(comparable ? RealCell(*shown.actual / *shown.target - 1) : ViewCell());
    return landing.state;
  };

  Sums total_today, total_month;
  for (const Client& client : frame.clients) {
    const auto found_zone = Zone::Find(client.zone);
    const Zone zone = found_zone ? *found_zone : Zone::Utc();
    const Day today = zone.DayOf(frame.now);
    const Month month = MonthAround(today);
    MAXOPT_TRY(const std::vector<PlannedSetup> setups, PlannedSetups(frame, client.name));
    std::optional<Money> plan_month, plan_to_date;
    bool plans_mixed = false;
    for (const PlannedSetup& setup : setups) {
      if (setup.last < month.first || setup.first > month.last) continue;
      const Money whole = PlannedIn(setup.total, setup.first, setup.last, month.first, month.last);
      const Money so_far = PlannedIn(setup.total, setup.first, setup.last, month.first, today);
      plans_mixed = plans_mixed || (plan_month && plan_month->currency() != whole.currency());
      if (plans_mixed) continue;
      plan_month = plan_month ? *plan_month + whole : whole;
      plan_to_date = plan_to_date ? *plan_to_date + so_far : so_far;
    }
    if (plans_mixed) {
      plan_month.reset();
      plan_to_date.reset();
      frame.Note(client.name + ": its briefs are in several currencies, so they have no one plan.");
    }
    std::vector<const ClientAccount*> own;
    std::string worst;
    std::optional<Instant> oldest;
    bool all_read = true;
    for (const ClientAccount& account : frame.accounts) {
      if (account.client != client.name) continue;
      own.push_back(&account);
      const auto fresh = fresh_of(account);
      if (worst.empty() || freshness_rank(fresh->state) > freshness_rank(worst)) {
        worst = fresh->state;
      }
      all_read = all_read && fresh->learnt_at.has_value();
      if (fresh->learnt_at && (!oldest || *fresh->learnt_at < *oldest)) oldest = fresh->learnt_at;
    }
    if (!all_read) oldest.reset();
    Spent& spent = by_client[client.name];
    if (spent.mixed) {
      frame.Note(client.name +
                 ": its accounts are of several currencies; ask for one currency to have them "
                 "converted.");
    }
    Sums month_sums;
    for (const auto& [day, sums] : spent.days) {
      if (day >= month.first && day <= today) month_sums.Add(sums);
    }
    const Kpi kpi = KpiOf(setups, today, month_sums);
    const std::string key = "client/" + client.name;
    ViewRow row;
    row.key = key;
    row.link = "view:campaigns?filter.client=" + Encode(client.name);
    row.known = known.Of(own);
    row.cells = {client.name, std::string("client"), client.name, ViewCell()};
    const std::string pace = row_of(spent, zone, plan_month, plan_to_date, oldest, &kpi, row.cells);
    const Health& h = health[key];
    row.cells.emplace_back(h.alerts);
    row.cells.emplace_back(h.critical);
    row.cells.emplace_back(h.waiting);
    row.cells.push_back(TextCell(worst));
    row.cells.push_back(Maybe(oldest));
    row.cells.push_back(TextCell(h.tracking));
    row.cells.push_back(TextCell(halted ? "halted" : ""));
    const bool bad =
        h.critical > 0 || worst == "failed" || worst == "never" || h.tracking == "broken" || halted;
    const bool watch = h.alerts > 0 || h.waiting > 0 || worst == "late" ||
                       h.tracking == "degraded" || pace == "over" || pace == "under";
    row.tone = bad ? "bad" : watch ? "watch" : own.empty() ? "" : "good";
    view.rows.push_back(std::move(row));
    if (spent.today) {
      Sums sums;
      sums.currency = spent.currency;
      sums.spend = spent.today->micros();
      total_today.Add(sums);
    } else if (spent.mixed) {
      total_today.mixed = true;
    }
    month_sums.mixed = month_sums.mixed || spent.mixed;
    total_month.Add(month_sums);

    for (const ClientAccount* account : own) {
      const auto account_zone = Zone::Find(account->info.zone);
      const auto fresh = fresh_of(*account);
      ViewRow below;
      below.key = PrintAccount(account->info.account);
      below.parent = key;
      below.link = "view:campaigns?filter.account=" + Encode(below.key);
      below.known = known.Of(*account);
      below.cells = {TextCell(account->info.name), std::string("account"), client.name,
                     std::string(PlatformName(account->info.account.platform))};
      Spent& of = by_account[account->info.account];
      row_of(of, account_zone ? *account_zone : Zone::Utc(), std::nullopt, std::nullopt,
             fresh->learnt_at, nullptr, below.cells);
      const Health& account_health = health[below.key];
      below.cells.emplace_back(account_health.alerts);
      below.cells.emplace_back(account_health.critical);
      below.cells.emplace_back();
      below.cells.emplace_back(fresh->state);
      below.cells.push_back(Maybe(fresh->learnt_at));
      below.cells.emplace_back();
      below.cells.emplace_back();
      below.tone =
          account_health.critical > 0 || fresh->state == "failed" || fresh->state == "never" ? "bad"
          : account_health.alerts > 0 || fresh->state == "late" ? "watch"
                                                                : "good";
      view.rows.push_back(std::move(below));
    }
  }
  if (!view.rows.empty()) {
    std::vector<ViewCell> totals(view.columns.size());
    const auto put = [&](std::string_view column, std::string_view metric, const Sums& sums) {
      for (const Metric& m : Metrics()) {
        if (m.name == metric) totals[*view.Find(column)] = sums.Cell(m);
      }
    };
    put("spend_today", "spend", total_today);
    put("spend_month", "spend", total_month);
    put("conversions_month", "conversions", total_month);
    put("cpa_month", "cpa", total_month);
    put("roas_month", "roas", total_month);
    if (total_month.mixed || total_today.mixed) {
      frame.Note(
          "The clients are of several currencies, so money has no total; ask for one currency to "
          "have it converted.");
    }
    std::int64_t alerts = 0, critical = 0, waiting = 0;
    for (const Client& client : frame.clients) {
      const Health& h = health["client/" + client.name];
      alerts += h.alerts;
      critical += h.critical;
      waiting += h.waiting;
    }
    totals[*view.Find("alerts")] = alerts;
    totals[*view.Find("critical")] = critical;
    totals[*view.Find("plans_waiting")] = waiting;
    view.totals = std::move(totals);
  }
  MAXOPT_CHECK(NoteWindows(frame));
  return view;
}

}  // namespace maxopt::views
