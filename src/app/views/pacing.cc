// pacing, marginals: where money lands and what a further unit of it would bring.
#include <fmt/format.h>

#include <algorithm>

#include "app/scenario/scenario.h"
#include "app/views/remembered.h"
#include "app/views/sources.h"
#include "app/views/themes.h"
#include "stages/monitor/pacing/campaign_pace.h"
#include "stages/optimize/scenario/what_if.h"

namespace maxopt::views {
namespace {

Money Floored(Money money) {
  const auto minor = FloorToMinor(money, MinorUnits::kIso4217);
  return minor ? *minor : money;
}

ViewCell Interval90Cell(const Interval& interval) {
  if (!std::isfinite(interval.mean) || !std::isfinite(interval.low90) ||
      !std::isfinite(interval.high90)) {
    return {};
  }
  // The mean of a skewed posterior may lie beyond its quantile.
  return Estimated{interval.mean, std::min(interval.low90, interval.mean),
                   std::max(interval.high90, interval.mean), 0.9};
}

}  // namespace

Result<View> PacingView(Frame& frame) {
  View& view = frame.view;
  view.columns = {
      Text("name", "Campaign"),
      Text("client", "Client"),
      Text("platform", "Platform"),
      Text("account", "Account"),
      Text("state", "Pace", "Where it lands: on plan, over, under; or why that is not known."),
      Of(CellKind::kDay, "first", "First day"),
      Of(CellKind::kDay, "last", "Last day"),
      Of(CellKind::kFlag, "month", "By the month", "It has no end: the calendar month is judged."),
      Of(CellKind::kCount, "days_left", "Days left"),
      Of(CellKind::kMoney, "plan", "Plan", "What the flight is to spend.", Truth::kPlanned),
      Of(CellKind::kMoney, "spent", "Spent", "Of the flight, as known.", Truth::kClaimed),
      Of(CellKind::kRatio, "spent_share", "Spent by plan"),
      Of(CellKind::kRatio, "time_share", "Time gone", "Days gone by days of the flight."),
      Of(CellKind::kMoney, "landing", "Landing", "Median of where the flight's spend lands.",
         Truth::kClaimed),
      Of(CellKind::kMoney, "landing_low", "Landing, low", "5 % land below it.", Truth::kClaimed),
      Of(CellKind::kMoney, "landing_high", "Landing, high", "5 % land above it.", Truth::kClaimed),
      Of(CellKind::kRatio, "p_over", "Chance over", "Of landing above plan by more than 5 %."),
      Of(CellKind::kRatio, "p_under", "Chance under", "Of landing below plan by more than 5 %."),
      Of(CellKind::kMoney, "today_spent", "Today, spent", "", Truth::kClaimed),
      Of(CellKind::kMoney, "today_expected", "Today, expected by now", "", Truth::kPlanned),
      Of(CellKind::kMoney, "today_cap", "Today, at most", "What the platform may spend today."),
      Of(CellKind::kRatio, "utilisation", "Utilisation",
         "Spend by what the budget allowed: near 1 the budget limits, well below it demand does."),
      Of(CellKind::kMoney, "budget", "Daily budget", "", Truth::kPlanned),
      Of(CellKind::kMoney, "suggested", "Suggested budget", "That lands the flight on its plan.",
         Truth::kPlanned),
      Text("why", "Why"),
  };
  if (frame.query.as_of) {
    return Fail(Errc::kInvalidArgument,
                "pacing is judged on what is known now; series and campaigns show what was known "
                "at another time");
  }
  for (const Client& client : frame.clients) {
    MAXOPT_TRY(const std::optional<Policy> policy, frame.home.PolicyOf(client.name));
    MonitorWorld world = frame.home.monitor_world();
    MAXOPT_TRY(world.reader, RememberedReaders(frame));
    MAXOPT_TRY(const PacingReport report, LookAtPace(world, client.name, policy));
    for (const CampaignPace& pace : report.campaigns) {
      const ClientAccount* account = frame.Account(pace.account);
      if (account == nullptr) continue;
      const PaceVerdict& v = pace.verdict;
      ViewRow row;
      row.key = ObjectKey(pace.account, Level::kCampaign, pace.campaign_id);
      row.link =
          fmt::format("view:campaigns?by=ad_group&filter.campaign={}", Encode(pace.campaign_id));
      row.tone = v.state == PaceState::kOver     ? "bad"
                 : v.state == PaceState::kUnder  ? "watch"
                 : v.state == PaceState::kOnPlan ? "good"
                                                 : "";
      std::string why;
      for (const std::string& sentence : v.why) why += (why.empty() ? "" : " ") + sentence;
      std::optional<double> spent_share;
      if (v.plan.micros() > 0) {
        spent_share = static_cast<double>(v.spent.micros()) / static_cast<double>(v.plan.micros());
      }
      std::optional<double> time_share;
      if (v.days_total > 0) {
        time_share =
            std::clamp(static_cast<double>(v.days_total - v.days_left) / v.days_total, 0.0, 1.0);
      }
      row.cells = {TextCell(pace.name),
                   pace.client,
                   std::string(PlatformName(pace.account.platform)),
                   TextCell(account->info.name),
                   std::string(PaceStateName(v.state)),
                   pace.first,
                   pace.last,
                   pace.month,
                   static_cast<std::int64_t>(std::max(0, v.days_left)),
                   v.plan,
                   v.spent,
                   Maybe(spent_share),
                   Maybe(time_share),
                   v.landing ? ViewCell(Floored(v.landing->at[3])) : ViewCell(),
                   v.landing ? ViewCell(Floored(v.landing->at.front())) : ViewCell(),
                   v.landing ? ViewCell(Floored(v.landing->at.back())) : ViewCell(),
                   Maybe(v.p_over),
                   Maybe(v.p_under),
                   v.today ? Maybe(v.today->spent) : ViewCell(),
                   v.today ? ViewCell(Floored(v.today->expected_so_far)) : ViewCell(),
                   v.today ? ViewCell(Floored(v.today->cap)) : ViewCell(),
                   Maybe(v.utilisation),
                   v.suggestion ? ViewCell(v.suggestion->from) : ViewCell(),
                   v.suggestion ? ViewCell(v.suggestion->to) : ViewCell(),
                   TextCell(why)};
      view.rows.push_back(std::move(row));
    }
    for (const std::string& problem : report.problems) frame.Note(problem);
  }
  frame.Note("Status and budgets are as last seen; nothing was asked of a platform for this page.");
  return view;
}

Result<View> Marginals(Frame& frame) {
  if (frame.query.as_of) {
    return Fail(Errc::kInvalidArgument, "marginal returns are of what is known now, without as_of");
  }
  OptimizeWorld world = frame.home.optimize_world();
  MAXOPT_TRY(world.reader, RememberedReaders(frame));
  const Client& client = frame.clients.front();
  const std::string unit = fmt::format("{}/day", client.currency.name());
  View& view = frame.view;
  view.columns = {
      Text("name", "Channel"),
      Of(CellKind::kMoney, "budget", "Daily budget", "As last seen.", Truth::kPlanned),
      Of(CellKind::kReal, "spend", "Spend a day", "Mean of the last 7 days.", Truth::kClaimed, 0,
         unit),
      Of(CellKind::kEstimate, "revenue", "Incremental revenue a day",
         "Modelled from the client's own books: it would be lost without the spend.",
         Truth::kIncremental, 1, unit),
      Of(CellKind::kEstimate, "roas", "Incremental ROAS", "Of all its spend.", Truth::kIncremental,
         1),
      Of(CellKind::kEstimate, "marginal", "Marginal return",
         "Incremental revenue of a further unit of spend.", Truth::kIncremental, 1),
      Text("binding", "Held by", "What keeps its budget where it is."),
      Of(CellKind::kFlag, "identified", "Told by data",
         "False: the data tell little, the interval is mostly assumption."),
      Of(CellKind::kRatio, "beyond_tried", "Beyond what was tried",
         "By how much of its spend, where the curve is a guess."),
  };
  MAXOPT_TRY(const WhatIfOptions options, WhatIfOptionsOf(frame.home, client.name));
  const auto what_if = ReadWhatIf(world, client.name, options);
  if (!what_if) {
    // Without books or budgets there is no response to tell of; that is an answer, not a failure.
    if (what_if.error().code != Errc::kRefused && what_if.error().code != Errc::kInvalidArgument) {
      return Fail(what_if.error());
    }
    frame.Note("Marginal returns are not known: " + what_if.error().what);
    return view;
  }
  view.from = what_if->first;
  view.to = what_if->last;
  MAXOPT_TRY(const ScenarioReport report, CompareScenarios(what_if->problem, {}));
  if (report.answers.empty()) Bug();
  for (const ScenarioShare& share : report.answers.front().shares) {
    ViewRow row;
    row.key = "channel/" + share.id;
    row.cells = {share.id,
                 share.budget,
                 RealCell(share.spend),
                 share.revenue ? Interval90Cell(*share.revenue) : ViewCell(),
                 share.roas ? Interval90Cell(*share.roas) : ViewCell(),
                 share.marginal ? Interval90Cell(*share.marginal) : ViewCell(),
                 TextCell(share.binding),
                 share.identified,
                 RealCell(share.beyond)};
    view.rows.push_back(std::move(row));
  }
  for (const std::string& note : report.notes) frame.Note(note);
  for (const std::string& note : what_if->notes) frame.Note(note);
  frame.Note("Budgets are as last seen; nothing was asked of a platform for this page.");
  return view;
}

}  // namespace maxopt::views
