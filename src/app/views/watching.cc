// alerts, alert, quality, tracking: what is wrong, why, and how far the data can be trusted.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "app/views/sources.h"
#include "app/views/themes.h"
#include "memory/campaigns/alerts.h"
#include "memory/campaigns/signals.h"
#include "memory/facts/quality.h"

namespace maxopt::views {
namespace {

using std::chrono::days;

/// As it stood at `now`.
std::string StateOf(const AlertEntry& entry, Instant now) {
  const Alert& alert = entry.alert;
  if (alert.resolved_at && *alert.resolved_at <= now) return "over";
  if (entry.acknowledged_at && *entry.acknowledged_at <= now) return "acknowledged";
  if (!entry.inhibited_by.empty()) return "explained";
  if (entry.silenced_by != 0) return "silenced";
  return "open";
}

std::string ToneOf(AlertTier tier, std::string_view state) {
  if (state == "over") return "";
  switch (tier) {
    case AlertTier::kInfo:
      return "";
    case AlertTier::kWarning:
      return "watch";
    case AlertTier::kCritical:
      return "bad";
  }
  Bug();
}

std::string ToneOf(QualityState state) {
  switch (state) {
    case QualityState::kOk:
      return "good";
    case QualityState::kPending:
    case QualityState::kUnknown:
      return "";
    case QualityState::kDegraded:
      return "watch";
    case QualityState::kBad:
      return "bad";
  }
  Bug();
}

}  // namespace

Result<View> AlertsView(Frame& frame) {
  View& view = frame.view;
  view.columns = {
      Text("title", "What"),
      Text("tier", "Tier", "critical pages a person, a warning is sent, info is looked at"),
      Text("state", "State"),
      Text("client", "Client"),
      Text("account", "Account"),
      Text("name", "Object"),
      Text("level", "Level"),
      Text("detector", "Detector"),
      Text("kpi", "KPI"),
      Text("actual", "Actual"),
      Text("expected", "Expected"),
      Of(CellKind::kRatio, "deviation", "Deviation", "Actual by expected, less 1."),
      Of(CellKind::kMoney, "at_stake", "At stake a day", "Money a day that it concerns."),
      Of(CellKind::kInstant, "since", "Since", "First true, as far as the data tell."),
      Of(CellKind::kInstant, "opened_at", "Opened"),
      Of(CellKind::kInstant, "resolved_at", "Over since"),
      Text("acknowledged_by", "Taken by"),
      Text("cause", "Likely cause", "The diagnosis's first."),
      Text("proposal", "What Max would do"),
      Of(CellKind::kCount, "reopened", "Came back", "Times it was over for a short while only."),
      Text("fingerprint", "Fingerprint", "Equal for the same trouble at another time."),
  };
  const std::string wanted = frame.Extra("state", "open");
  AlertQuery query;
  query.client = frame.query.client;
  query.all = wanted == "all" || frame.query.as_of.has_value();
  MAXOPT_TRY(const std::vector<AlertEntry> alerts, Alerts(frame.home.store(), query));
  for (const AlertEntry& entry : alerts) {
    const Alert& alert = entry.alert;
    const Condition& c = alert.condition;
    if (!frame.Sees(c.client) || alert.opened_at > frame.now) continue;
    const std::string state = StateOf(entry, frame.now);
    if (wanted != "all" && state == "over") continue;
    const auto filtered = [&](const char* name, std::string_view value) {
      const auto at = frame.query.filters.find(name);
      return at != frame.query.filters.end() &&
             std::ranges::find(at->second, value) == at->second.end();
    };
    const std::string account = c.account ? PrintAccount(*c.account) : "";
    if (filtered("detector", c.detector) || filtered("tier", AlertTierName(alert.tier)) ||
        filtered("account", account) || filtered("level", LevelName(c.level)) ||
        filtered("state", state)) {
      continue;
    }
    ViewRow row;
    row.key = alert.id;
    row.link = "view:alert?id=" + Encode(alert.id);
    row.tone = ToneOf(alert.tier, state);
    std::string cause;
    if (alert.diagnosis && !alert.diagnosis->causes.empty() &&
        alert.diagnosis->causes.front().verdict == Diagnosis::Verdict::kLikely) {
      cause = alert.diagnosis->causes.front().what;
    }
    const bool over = alert.resolved_at && *alert.resolved_at <= frame.now;
    row.cells = {TextCell(c.title),
                 std::string(AlertTierName(alert.tier)),
                 state,
                 TextCell(c.client),
                 TextCell(account),
                 TextCell(WithoutMarker(c.name)),
                 std::string(LevelName(c.level)),
                 TextCell(c.detector),
                 TextCell(c.kpi),
                 TextCell(c.actual),
                 TextCell(c.expected),
                 c.deviation ? RealCell(*c.deviation) : ViewCell(),
                 Maybe(c.at_stake),
                 c.since,
                 alert.opened_at,
                 over ? Maybe(alert.resolved_at) : ViewCell(),
                 TextCell(entry.acknowledged_by),
                 TextCell(cause),
                 TextCell(c.proposal),
                 static_cast<std::int64_t>(alert.reopened),
                 TextCell(Fingerprint(c))};
    view.rows.push_back(std::move(row));
  }
  for (const auto& [name, values] : frame.query.filters) {
    if (name != "client" && name != "detector" && name != "tier" && name != "account" &&
        name != "level" && name != "state") {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("alerts cannot be filtered by {}; known are client, detector, tier, "
                              "account, level, state",
                              name));
    }
  }
  return view;
}

Result<View> AlertView(Frame& frame) {
  const std::string id = frame.Extra("id");
  if (id.empty()) return Fail(Errc::kInvalidArgument, "which alert? Say id=a-...");
  const auto not_there = [&] {
    return Fail(Errc::kNotFound, fmt::format("there is no alert \"{}\"", id));
  };
  const auto found = GetAlert(frame.home.store(), id);
  if (!found && found.error().code != Errc::kNotFound) return Fail(found.error());
  if (!found || !frame.Sees(found->alert.condition.client)) return not_there();
  const AlertEntry& entry = *found;
  const Alert& alert = entry.alert;
  const Condition& c = alert.condition;
  View& view = frame.view;
  view.title = c.title.empty() ? "Alert" : c.title;
  view.columns = {
      Text("section", "Part", "about, evidence, factor, segment, cause, told"),
      Text("what", "What"),
      Text("value", "Value"),
      Of(CellKind::kReal, "before", "Before"),
      Of(CellKind::kReal, "after", "After"),
      Of(CellKind::kRatio, "share", "Share of the change"),
      Of(CellKind::kReal, "surprise", "Surprise",
         "Divergence between its expected and actual share of the total."),
      Text("verdict", "Verdict", "likely, possible, ruled out, not checked"),
      Text("evidence", "Evidence"),
      Of(CellKind::kMoney, "money", "Money"),
      Of(CellKind::kInstant, "at", "At"),
  };
  int number = 0;
  const auto add = [&](std::string_view section, std::string_view what) -> ViewRow& {
    ViewRow row;
    row.key = fmt::format("{}/{}", section, ++number);
    row.cells.resize(view.columns.size());
    row.cells[0] = std::string(section);
    row.cells[1] = TextCell(what);
    view.rows.push_back(std::move(row));
    return view.rows.back();
  };
  const auto about = [&](std::string_view what, ViewCell value, std::size_t column = 2) {
    if (std::holds_alternative<std::monostate>(value)) return;
    add("about", what).cells[column] = std::move(value);
  };
  about("id", alert.id);
  about("state", StateOf(entry, frame.now));
  about("tier", std::string(AlertTierName(alert.tier)));
  about("client", TextCell(c.client));
  about("object", TextCell(WithoutMarker(c.name)));
  about("subject", TextCell(SubjectOf(c)));
  about("detector", TextCell(c.detector));
  about("kpi", TextCell(c.kpi));
  about("actual", TextCell(c.actual));
  about("expected", TextCell(c.expected));
  if (c.deviation) about("deviation", TextCell(fmt::format("{:+.1f} %", 100 * *c.deviation)));
  about("at stake a day", Maybe(c.at_stake), 9);
  about("since", c.since, 10);
  about("opened", alert.opened_at, 10);
  about("last true", alert.last_true_at, 10);
  about("over since", Maybe(alert.resolved_at), 10);
  about("taken by", TextCell(entry.acknowledged_by));
  about("explained by", TextCell(entry.inhibited_by));
  about("what Max would do", TextCell(c.proposal));
  for (const std::string& sentence : c.evidence) add("evidence", sentence);
  if (alert.diagnosis) {
    const Diagnosis& d = *alert.diagnosis;
    for (const Diagnosis::Factor& factor : d.factors) {
      ViewRow& row = add("factor", factor.name);
      if (factor.before) row.cells[3] = RealCell(*factor.before);
      if (factor.after) row.cells[4] = RealCell(*factor.after);
      row.cells[5] = RealCell(factor.share);
    }
    for (const Diagnosis::Segment& segment : d.segments) {
      ViewRow& row = add("segment", fmt::format("{}: {}", segment.dimension, segment.element));
      row.cells[5] = RealCell(segment.share);
      row.cells[6] = RealCell(segment.surprise);
    }
    for (const Diagnosis::Cause& cause : d.causes) {
      ViewRow& row = add("cause", cause.what);
      row.cells[7] = std::string(VerdictName(cause.verdict));
      row.cells[8] = TextCell(cause.evidence);
      if (cause.verdict == Diagnosis::Verdict::kLikely) row.tone = "watch";
    }
    if (!d.proposal.empty()) add("proposal", d.proposal);
  } else {
    frame.Note("It has no diagnosis: there was nothing to compare, or none was made yet.");
  }
  NotificationQuery query;
  query.alert = id;
  MAXOPT_TRY(const std::vector<QueuedNotification> told, Notifications(frame.home.store(), query));
  for (const QueuedNotification& queued : told) {
    ViewRow& row = add("told", queued.notification.channel);
    row.cells[2] = TextCell(queued.state);
    row.cells[8] = TextCell(queued.how);
    row.cells[10] = queued.notification.at;
  }
  return view;
}

Result<View> QualityView(Frame& frame) {
  View& view = frame.view;
  view.columns = {
      Text("account", "Account"),
      Text("name", "Name"),
      Text("client", "Client"),
      Of(CellKind::kDay, "day", "Day"),
      Text("completeness", "Completeness", "All slices that are read of this account are there."),
      Text("freshness", "Freshness", "They were read when the day was over, and lately."),
      Text("reconciliation", "Reconciliation", "Account, campaigns, ads and cuts agree."),
      Text("maturity", "Maturity", "What the platform will still restate."),
      Of(CellKind::kRatio, "share_known", "Known", "Of the day's final conversions, estimated."),
      Of(CellKind::kMoney, "unattributed", "Not in any campaign read",
         "Spend of the account in no campaign that was read.", Truth::kClaimed, -1),
      Of(CellKind::kInstant, "read_at", "Read"),
      Text("why", "Why"),
  };
  MAXOPT_CHECK(frame.Period(8));
  if (!frame.query.to && !frame.query.from) {
    view.to = frame.today;
    view.from = frame.today - days(7);
  }
  for (const ClientAccount& account : frame.accounts) {
    const auto zone = Zone::Find(account.info.zone);
    if (!zone) {
      frame.Note(fmt::format("{}: {}", PrintAccount(account.info.account), zone.error().what));
      continue;
    }
    const Day to = std::min(*view.to, zone->DayOf(frame.now));
    if (to < *view.from) continue;
    MAXOPT_TRY(
        const std::vector<SliceInfo> slices,
        frame.home.facts().Slices(account.info.account, *view.from, to, true, frame.query.as_of));
    MAXOPT_TRY(std::vector<GrowthState> growth,
               frame.home.facts().Growth(account.info.account, *view.from - days(60), to));
    std::erase_if(growth, [&](const GrowthState& state) { return state.learnt_at > frame.now; });
    for (const DayQuality& day :
         JudgeDays(account.info, *zone, *view.from, to, slices, growth, frame.now)) {
      ViewRow row;
      const std::string name = PrintAccount(account.info.account);
      row.key = fmt::format("{}/{}", name, PrintDay(day.day));
      std::vector<std::string> whys;
      std::string tone = "good";
      for (const QualityAspect* aspect : {&day.completeness, &day.freshness, &day.reconciliation}) {
        if (!aspect->why.empty()) whys.push_back(aspect->why);
        const std::string own = ToneOf(aspect->state);
        if (own == "bad" || (own == "watch" && tone == "good")) tone = own;
      }
      row.tone = tone;
      row.cells = {name,
                   TextCell(account.info.name),
                   account.client,
                   day.day,
                   std::string(QualityStateName(day.completeness.state)),
                   std::string(QualityStateName(day.freshness.state)),
                   std::string(QualityStateName(day.reconciliation.state)),
                   std::string(QualityStateName(day.maturity.state)),
                   day.share_known ? RealCell(*day.share_known) : ViewCell(),
                   day.unattributed_micros
                       ? ViewCell(Money::Micros(*day.unattributed_micros, account.info.currency))
                       : ViewCell(),
                   Maybe(day.read_at),
                   TextCell(fmt::format("{}", fmt::join(whys, " ")))};
      view.rows.push_back(std::move(row));
    }
  }
  return view;
}

Result<View> TrackingView(Frame& frame) {
  View& view = frame.view;
  view.columns = {Text("name", "Signal"),
                  Text("client", "Client"),
                  Text("state", "State", "broken freezes automated decisions of the client"),
                  Of(CellKind::kInstant, "since", "Since"),
                  Of(CellKind::kInstant, "seen_at", "Looked at"),
                  Text("why", "Why"),
                  Text("evidence", "Evidence"),
                  Text("accounts", "Accounts", "That it concerns; none: all of the client.")};
  MAXOPT_TRY(const std::vector<SignalHealth> signals,
             Signals(frame.home.store(), frame.query.client));
  for (const SignalHealth& signal : signals) {
    if (!frame.Sees(signal.client)) continue;
    ViewRow row;
    row.key = signal.client + "/" + signal.name;
    row.tone = signal.state == SignalState::kBroken     ? "bad"
               : signal.state == SignalState::kDegraded ? "watch"
               : signal.state == SignalState::kOk       ? "good"
                                                        : "";
    std::vector<std::string> accounts;
    for (const AccountId& account : signal.accounts) accounts.push_back(PrintAccount(account));
    row.cells = {TextCell(signal.name),
                 TextCell(signal.client),
                 std::string(SignalStateName(signal.state)),
                 signal.since,
                 signal.seen_at,
                 TextCell(signal.why),
                 TextCell(fmt::format("{}", fmt::join(signal.evidence, " "))),
                 TextCell(fmt::format("{}", fmt::join(accounts, ", ")))};
    view.rows.push_back(std::move(row));
  }
  if (view.rows.empty()) {
    frame.Note("No signal was looked at yet; maxopt serve, or maxopt tracking status, looks.");
  }
  if (frame.query.as_of) frame.Note("Signals are as last seen, not as of then.");
  return view;
}

}  // namespace maxopt::views
