// attribution, overlap, experiments, ledger, calibration, segments: whose truth, and what was
// learnt.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/attribution/attribution.h"
#include "app/trials/trials.h"
#include "app/views/sources.h"
#include "app/views/themes.h"
#include "decide/autonomy/autonomy.h"
#include "memory/campaigns/ledger.h"
#include "memory/campaigns/trials.h"
#include "stages/optimize/segments/segments.h"

namespace maxopt::views {
namespace {

using nlohmann::json;

/// One currency's amount; absent of none or several.
ViewCell OneCurrency(const std::map<Currency, Money>& sums) {
  return sums.size() == 1 ? ViewCell(sums.begin()->second) : ViewCell();
}

ViewCell Interval(double value, double low, double high, double level) {
  if (!std::isfinite(value) || !std::isfinite(low) || !std::isfinite(high)) return {};
  return Estimated{value, std::min(low, value), std::max(high, value), level};
}

Result<AttributionView> Observe(Frame& frame) {
  MAXOPT_CHECK(frame.Period(28));
  if (frame.query.as_of) {
    return Fail(Errc::kInvalidArgument,
                "attribution is of what is known now; claims of another time are in campaigns");
  }
  ObservedOptions options;
  options.client = frame.clients.front().name;
  options.from = *frame.view.from;
  options.to = *frame.view.to;
  MAXOPT_TRY(options.model, FindAttributionModel(frame.Extra("model", "last")));
  return AttributionOf(frame.home, options);
}

}  // namespace

Result<View> AttributionPage(Frame& frame) {
  MAXOPT_TRY(const AttributionView seen, Observe(frame));
  const Client& client = frame.clients.front();
  View& view = frame.view;
  view.columns = {
      Text("name", "Campaign or source"),
      Text("platform", "Platform"),
      Text("account", "Account"),
      Text("id", "Id"),
      Of(CellKind::kMoney, "spend", "Spend", "", Truth::kClaimed),
      Of(CellKind::kReal, "claimed_conversions", "Conversions, claimed",
         "By the platform under its own window.", Truth::kClaimed, 1),
      Of(CellKind::kMoney, "claimed_value", "Value, claimed", "", Truth::kClaimed, 1),
      Text("window", "Window", "Of the claim."),
      Of(CellKind::kReal, "claimed_roas", "ROAS, claimed", "", Truth::kClaimed, 1),
      Of(CellKind::kReal, "observed_conversions", "Conversions, observed",
         "Our own events, each conversion once, split by the model.", Truth::kObserved, 1),
      Of(CellKind::kMoney, "observed_value", "Value, observed", "", Truth::kObserved, 1),
      Of(CellKind::kReal, "observed_roas", "ROAS, observed", "", Truth::kObserved, 1),
      Of(CellKind::kEstimate, "incremental_roas", "ROAS, incremental",
         "Revenue that would not be without the spend, by spend: of the channel's newest "
         "experiment.",
         Truth::kIncremental, 1),
      Text("incremental_from", "From", "The experiment that measured it."),
  };
  // The newest experiment of each channel.
  MAXOPT_TRY(const std::vector<FinishedLift> lifts, FinishedLifts(frame.home.store(), client.name));
  std::map<std::string, const FinishedLift*> newest;
  for (const FinishedLift& lift : lifts) newest[lift.channel] = &lift;
  const auto channel_of = frame.home.optimize_world().channel_of;
  const auto ratio = [](const ViewCell& value, const ViewCell& spend) -> ViewCell {
    const auto* a = std::get_if<Money>(&value);
    const auto* b = std::get_if<Money>(&spend);
    if (a == nullptr || b == nullptr || a->currency() != b->currency() || b->micros() <= 0) {
      return {};
    }
    return static_cast<double>(a->micros()) / static_cast<double>(b->micros());
  };
  int unnamed = 0;
  for (const AttributionRow& row : seen.rows) {
    ViewRow out;
    const std::string account =
        row.platform && !row.account_id.empty()
            ? fmt::format("{}/{}", PlatformName(*row.platform), row.account_id)
            : "";
    out.key = !row.campaign_id.empty() ? account + "/campaign/" + row.campaign_id
                                       : fmt::format("source/{}/{}", ++unnamed, row.name);
    const ViewCell spend = Maybe(row.spend), claimed = Maybe(row.claimed_value);
    const ViewCell observed = seen.observed ? OneCurrency(row.observed_value) : ViewCell();
    out.cells = {TextCell(WithoutMarker(row.name)),
                 row.platform ? ViewCell(std::string(PlatformName(*row.platform))) : ViewCell(),
                 TextCell(account),
                 TextCell(row.campaign_id),
                 spend,
                 row.claimed_conversions ? RealCell(*row.claimed_conversions) : ViewCell(),
                 claimed,
                 TextCell(row.claim_window),
                 ratio(claimed, spend),
                 seen.observed ? RealCell(row.observed_conversions) : ViewCell(),
                 observed,
                 ratio(observed, spend)};
    const FinishedLift* lift = nullptr;
    if (row.platform) {
      const std::string channel =
          fmt::format("{}/{}", PlatformName(*row.platform), channel_of(row.name));
      const auto at = newest.find(channel);
      if (at != newest.end()) lift = at->second;
    }
    if (lift != nullptr && lift->spend && *lift->spend > 0) {
      constexpr double k90 = 1.6448536269514722;
      out.cells.push_back(Interval(lift->revenue / *lift->spend,
                                   (lift->revenue - k90 * lift->se) / *lift->spend,
                                   (lift->revenue + k90 * lift->se) / *lift->spend, 0.9));
      out.cells.emplace_back(
          fmt::format("{}, {} to {}", lift->trial, PrintDay(lift->first), PrintDay(lift->last)));
    } else {
      out.cells.emplace_back();
      out.cells.emplace_back();
    }
    view.rows.push_back(std::move(out));
  }
  frame.Note("Claimed, observed and incremental are three truths and are never added together.");
  if (seen.claimed_conversions && seen.observed) {
    frame.Note(fmt::format(
        "The platforms together claim {:.1f} conversions; {} were observed, each once, {} with a "
        "path.",
        *seen.claimed_conversions, seen.conversions, seen.with_path));
  }
  if (seen.shop_orders) {
    frame.Note(fmt::format("The client's books know {} orders in these days.", *seen.shop_orders));
  }
  for (const std::string& note : seen.notes) frame.Note(note);
  return view;
}

Result<View> OverlapPage(Frame& frame) {
  MAXOPT_TRY(const AttributionView seen, Observe(frame));
  View& view = frame.view;
  view.columns = {
      Text("name", "Platforms"),
      Of(CellKind::kCount, "platforms", "How many"),
      Of(CellKind::kCount, "orders", "Orders",
         "On whose paths click ids of all of them were seen within the lookback.",
         Truth::kObserved),
      Of(CellKind::kMoney, "value", "Value", "", Truth::kObserved),
      Of(CellKind::kRatio, "share", "Share of observed", "Of all observed conversions.",
         Truth::kObserved),
  };
  for (const SharedOrders& shared : seen.shared) {
    std::vector<std::string_view> names;
    for (const Platform platform : shared.platforms) names.push_back(PlatformName(platform));
    ViewRow row;
    row.key = fmt::format("{}", fmt::join(names, "+"));
    row.cells = {
        row.key, static_cast<std::int64_t>(names.size()), shared.orders, OneCurrency(shared.value),
        seen.conversions > 0
            ? RealCell(static_cast<double>(shared.orders) / static_cast<double>(seen.conversions))
            : ViewCell()};
    view.rows.push_back(std::move(row));
  }
  if (seen.claimed_per_observed) {
    frame.Note(fmt::format("{:.2f} conversions are claimed for each that was observed.",
                           *seen.claimed_per_observed));
  }
  if (seen.claimed_per_order) {
    frame.Note(fmt::format("{:.2f} conversions are claimed for each order of the books.",
                           *seen.claimed_per_order));
  }
  for (const std::string& note : seen.notes) frame.Note(note);
  return view;
}

Result<View> ExperimentsView(Frame& frame) {
  View& view = frame.view;
  view.columns = {
      Text("name", "Experiment"),
      Text("client", "Client"),
      Text("kind", "Kind"),
      Text("state", "State"),
      Text("hypothesis", "Hypothesis, or why"),
      Text("variable", "What differs"),
      Text("kpi", "KPI"),
      Text("arms", "Arms"),
      Of(CellKind::kDay, "start", "First day"),
      Of(CellKind::kDay, "end", "Last day"),
      Of(CellKind::kEstimate, "expected", "Expected effect a day", "", Truth::kIncremental, 1,
         "a day"),
      Of(CellKind::kReal, "mde", "Smallest effect found",
         "With 80 % power at 95 %: a day, or relative for comparisons."),
      Of(CellKind::kRatio, "power", "Power", "To find the expected effect."),
      Of(CellKind::kReal, "cost", "Cost", "Expected, over the trial."),
      Of(CellKind::kReal, "worth", "Worth", "Expected gain of deciding with the answer."),
      Of(CellKind::kEstimate, "measured", "Measured effect a day", "95 % interval.",
         Truth::kIncremental, 1, "a day"),
      Text("grade", "Evidence", "none, weak, moderate, strong"),
      Text("conclusion", "Conclusion"),
      Of(CellKind::kCount, "sample_per_arm", "Sample of an arm"),
  };
  for (const Client& client : frame.clients) {
    MAXOPT_TRY(const std::vector<Experiment> experiments,
               frame.home.store().Experiments(client.name));
    for (const Experiment& e : experiments) {
      ViewRow row;
      row.key = "experiment/" + client.name + "/" + e.id;
      std::vector<std::string> arms;
      for (const ExperimentArm& arm : e.arms) {
        arms.push_back(fmt::format("{} ({:g} %)", arm.name, arm.share_bp / 100.0));
      }
      row.cells = {TextCell(e.name),
                   client.name,
                   std::string("comparison"),
                   TextCell(e.status),
                   TextCell(e.hypothesis),
                   std::string(ExperimentVariableName(e.variable)),
                   TextCell(e.kpi),
                   TextCell(fmt::format("{}", fmt::join(arms, ", "))),
                   e.start,
                   e.end,
                   ViewCell(),
                   RealCell(e.mde_relative),
                   RealCell(e.power),
                   ViewCell(),
                   ViewCell(),
                   ViewCell(),
                   ViewCell(),
                   ViewCell(),
                   e.sample_per_arm};
      row.tone = e.status == "running" ? "watch" : "";
      view.rows.push_back(std::move(row));
    }
    MAXOPT_TRY(const std::vector<Trial> trials, TrialsOf(frame.home.store(), client.name));
    for (const Trial& t : trials) {
      if (t.proposed_at > frame.now) continue;
      ViewRow row;
      row.key = "trial/" + t.id;
      const TrialReading* last = t.readings.empty() ? nullptr : &t.readings.back();
      row.cells = {
          TextCell(t.title.empty() ? t.id : t.title),
          client.name,
          std::string(TrialKindName(t.kind)),
          std::string(TrialStateName(t.state)),
          TextCell(t.why),
          TextCell(t.variable.empty() ? t.channel : t.variable),
          last != nullptr ? TextCell(last->kpi) : ViewCell(),
          TextCell(fmt::format("{}", fmt::join(t.places, ", "))),
          t.start,
          t.end,
          Interval(t.design.effect, t.design.effect_low90, t.design.effect_high90, 0.9),
          RealCell(t.design.mde),
          RealCell(t.design.power),
          RealCell(t.design.cost),
          RealCell(t.design.worth),
          last != nullptr && last->daily
              ? Interval(last->daily->value, last->daily->low, last->daily->high, 0.95)
              : ViewCell(),
          last != nullptr ? ViewCell(std::string(EvidenceGradeName(last->grade))) : ViewCell(),
          last != nullptr ? TextCell(last->conclusion) : ViewCell(),
          ViewCell()};
      row.tone = t.open() ? "watch" : "";
      view.rows.push_back(std::move(row));
    }
  }
  return view;
}

namespace {

/// One sentence of a line of the ledger.
std::string Sentence(const LedgerEntry& entry) {
  const json body = json::parse(entry.body, nullptr, false);
  if (!body.is_object()) return entry.body;
  const auto text = [&](const char* name) {
    return body.contains(name) && body[name].is_string() ? body[name].get<std::string>()
                                                         : std::string();
  };
  if (entry.event == "proposed") return text("title");
  if (entry.event == "approved") return "until " + text("expires_at");
  if (entry.event == "done") {
    return fmt::format("{} {}: {}", text("change"), text("state"), text("how"));
  }
  if (entry.event == "rejected") return text("why");
  if (entry.event == "measured") return text("kpi") + " by " + text("method");
  return "";
}

}  // namespace

Result<View> LedgerView(Frame& frame) {
  View& view = frame.view;
  view.columns = {Of(CellKind::kCount, "seq", "Line"),
                  Of(CellKind::kInstant, "at", "At"),
                  Text("client", "Client"),
                  Text("event", "Event"),
                  Text("subject", "Of"),
                  Text("by", "By"),
                  Text("what", "What"),
                  Text("hash", "Digest", "Of the line and of all before it.")};
  LedgerQuery query;
  query.client = frame.query.client;
  query.event = frame.Extra("event");
  query.subject = frame.Extra("plan");
  query.limit = 10'000;
  MAXOPT_TRY(std::vector<LedgerEntry> entries, Ledger(frame.home.store(), query));
  std::ranges::reverse(entries);
  for (const LedgerEntry& entry : entries) {
    if (!frame.Sees(entry.client) || entry.at > frame.now) continue;
    const json body = json::parse(entry.body, nullptr, false);
    ViewRow row;
    row.key = std::to_string(entry.seq);
    if (entry.subject.starts_with("p-")) row.link = "plan:" + entry.subject;
    if (entry.subject.starts_with("c-")) row.link = "cycle:" + entry.subject;
    row.cells = {entry.seq,
                 entry.at,
                 TextCell(entry.client),
                 TextCell(entry.event),
                 TextCell(entry.subject),
                 body.is_object() && body.contains("by") && body["by"].is_string()
                     ? TextCell(body["by"].get<std::string>())
                     : ViewCell(),
                 TextCell(Sentence(entry)),
                 TextCell(entry.hash)};
    view.rows.push_back(std::move(row));
  }
  if (entries.size() == static_cast<std::size_t>(query.limit)) {
    frame.Note(fmt::format("The newest {} lines; older ones: maxopt ledger.", query.limit));
  }
  return view;
}

Result<View> CalibrationView(Frame& frame) {
  View& view = frame.view;
  const std::string rows = frame.Extra("rows", "kinds");
  if (rows == "outcomes") {
    view.columns = {
        Text("plan", "Plan"),
        Text("client", "Client"),
        Text("kind", "Kind"),
        Text("kpi", "KPI"),
        Text("method", "Method"),
        Of(CellKind::kEstimate, "predicted", "Predicted a day", "", Truth::kIncremental, 0,
           "a day"),
        Of(CellKind::kEstimate, "measured", "Measured a day", "90 % interval of the measurement.",
           Truth::kIncremental, 1, "a day"),
        Of(CellKind::kFlag, "within", "Within", "The measurement lies in the predicted interval."),
        Of(CellKind::kInstant, "at", "Measured at")};
  } else {
    view.columns = {
        Text("kind", "Kind"),
        Text("client", "Client"),
        Of(CellKind::kCount, "count", "Measured"),
        Of(CellKind::kCount, "harmful", "Harmful", "Surely below zero.", Truth::kNone, -1),
        Of(CellKind::kEstimate, "cover50", "50 % intervals held", "Share; 0.5 is perfect."),
        Of(CellKind::kEstimate, "cover90", "90 % intervals held", "Share; 0.9 is perfect."),
        Of(CellKind::kEstimate, "realised", "Came of what was promised", "Sum by sum.",
           Truth::kIncremental, 1),
        Of(CellKind::kReal, "crps", "CRPS", "Lower is better.", Truth::kNone, -1),
        Of(CellKind::kReal, "crps_of_nothing", "CRPS of \"nothing happens\""),
        Of(CellKind::kRatio, "resolution", "Resolution",
           "Near 1 the measurements are sharp; near 0 nothing could be refuted."),
        Of(CellKind::kFlag, "may_act", "May act alone"),
        Of(CellKind::kRatio, "envelope", "Share of the envelope"),
        Text("why", "Why")};
  }
  for (const Client& client : frame.clients) {
    MAXOPT_TRY(const std::vector<ScoredOutcome> outcomes,
               Outcomes(frame.home.store(), client.name));
    std::map<std::string, std::vector<ScoredPrediction>> kinds;
    for (const ScoredOutcome& o : outcomes) {
      if (o.at > frame.now) continue;
      kinds[o.kind].push_back({o.predicted, o.low90, o.high90, o.measured, o.measured_sd});
      if (rows != "outcomes") continue;
      constexpr double k90 = 1.6448536269514722;
      ViewRow row;
      row.key = client.name + "/" + o.plan + "/" + o.kind;
      row.link = "plan:" + o.plan;
      row.cells = {o.plan,
                   client.name,
                   TextCell(o.kind),
                   TextCell(o.kpi),
                   TextCell(o.method),
                   Interval(o.predicted, o.low90, o.high90, 0.9),
                   Interval(o.measured, o.measured - k90 * o.measured_sd,
                            o.measured + k90 * o.measured_sd, 0.9),
                   o.measured >= o.low90 && o.measured <= o.high90,
                   o.at};
      view.rows.push_back(std::move(row));
    }
    if (rows == "outcomes") continue;
    for (const auto& [kind, record] : kinds) {
      MAXOPT_TRY(const Calibration c, Calibrate(record));
      const Autonomy earned = EarnedAutonomy(c);
      ViewRow row;
      row.key = client.name + "/" + kind;
      row.tone = earned.may_act ? "good" : "watch";
      row.cells = {kind,
                   client.name,
                   static_cast<std::int64_t>(c.count),
                   static_cast<std::int64_t>(c.harmful),
                   Interval(c.cover50.at, c.cover50.low, c.cover50.high, 0.9),
                   Interval(c.cover90.at, c.cover90.low, c.cover90.high, 0.9),
                   Interval(c.realised, c.realised_low, c.realised_high, 0.9),
                   RealCell(c.crps),
                   RealCell(c.crps_of_nothing),
                   RealCell(c.resolution),
                   earned.may_act,
                   RealCell(earned.scale),
                   TextCell(earned.why)};
      view.rows.push_back(std::move(row));
    }
  }
  if (view.rows.empty()) frame.Note("No prediction was measured yet.");
  return view;
}

Result<View> SegmentsView(Frame& frame) {
  const Client& client = frame.clients.front();
  SegmentSearch search;
  MAXOPT_TRY(search.kpi, FindSegmentKpi(frame.Extra("kpi", "cpa")));
  View& view = frame.view;
  view.columns = {
      Text("name", "Segment"),
      Text("cut", "Cut"),
      Text("verdict", "Against its like", "above or below"),
      Of(CellKind::kEstimate, "rate", "Rate", "Pulled towards its like; 90 % interval.",
         Truth::kClaimed, 1),
      Of(CellKind::kReal, "reference", "Rate of its like", "", Truth::kClaimed),
      Of(CellKind::kEstimate, "stake", "At stake", "Money, over the days looked at.",
         Truth::kClaimed),
      Text("currency", "Currency"),
      Of(CellKind::kReal, "p_adjusted", "p, adjusted", "Benjamini and Hochberg, by cut."),
      Text("what", "What"),
  };
  if (frame.query.as_of) {
    return Fail(Errc::kInvalidArgument, "segments are searched in what is known now");
  }
  const auto found = SearchSegments(frame.home.store(), frame.home.facts(), frame.home.clock(),
                                    client.name, search);
  if (!found) {
    if (found.error().code == Errc::kLocal) return Fail(found.error());
    frame.Note("Segments cannot be told: " + found.error().what);
    return view;
  }
  view.from = found->from;
  view.to = found->to;
  int number = 0;
  for (const SegmentFinding& finding : found->findings) {
    const Segment& s = finding.segment;
    const bool above = s.verdict == SegmentVerdict::kAbove;
    std::vector<std::string> path;
    for (const auto& [dimension, name] : finding.path) path.push_back(WithoutMarker(name));
    ViewRow row;
    row.key = fmt::format("{}/{}", finding.cut, ++number);
    row.tone = above ? "good" : "watch";
    row.cells = {TextCell(fmt::format("{}", fmt::join(path, " > "))),
                 finding.cut,
                 std::string(above ? "above" : "below"),
                 Interval(s.rate, s.low, s.high, 0.9),
                 RealCell(s.reference),
                 Interval(s.stake, s.stake_low, s.stake_high, 0.9),
                 TextCell(finding.currency),
                 RealCell(s.p_adjusted),
                 TextCell(finding.what)};
    view.rows.push_back(std::move(row));
  }
  frame.Note(fmt::format("{} segments had enough evidence to be judged.", found->judged));
  frame.Note(
      "By what the platforms claim: campaigns that harvest look best here; money between campaigns "
      "moves by marginal return.");
  for (const std::string& note : found->notes) frame.Note(note);
  return view;
}

}  // namespace maxopt::views
