// tactics, cycles, cycle: what is known of what works, and how stages came to their decisions.
#include "memory/tactics/tactics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/cycle/cycle.h"
#include "app/views/sources.h"
#include "app/views/themes.h"
#include "domain/digest.h"
#include "memory/campaigns/cycles.h"
#include "stages/tactics/knowledge.h"

namespace maxopt::views {
namespace {

constexpr double kZ90 = 1.6448536269514722;

/// What the asker may see of tactics, by id. Who sees all clients and asks of none has the agency's
/// look, everything in full.
Result<std::vector<RetrievedTactic>> SeenTactics(const Frame& frame) {
  CampaignStore& store = frame.home.store();
  const auto& may_see = frame.query.clients;
  if (!may_see && frame.query.client.empty()) return VisibleTactics(store, "", frame.now);
  std::map<std::string, RetrievedTactic> by_id;
  for (const Client& client : frame.clients) {
    MAXOPT_TRY(std::vector<RetrievedTactic> seen,
               VisibleTactics(store, client.name, frame.now,
                              may_see ? *may_see : std::vector<std::string>{}));
    for (RetrievedTactic& each : seen) by_id.insert_or_assign(each.tactic.id, std::move(each));
  }
  std::vector<RetrievedTactic> out;
  for (auto& [id, each] : by_id) out.push_back(std::move(each));
  return out;
}

/// Those that the question of the query leaves over; most alike first where it has words.
Result<std::vector<RetrievedTactic>> AskedTactics(Frame& frame) {
  MAXOPT_TRY(std::vector<RetrievedTactic> known, SeenTactics(frame));
  TacticContext words;
  for (const char* facet : {"platform", "problem", "lever"}) {
    if (const std::string word = frame.Extra(facet); !word.empty()) words.facets[facet] = {word};
  }
  MAXOPT_CHECK(CheckTacticContext(words));
  const std::string grade = frame.Extra("grade");
  const bool all = frame.Extra("show", "current") == "all";
  std::erase_if(known, [&](const RetrievedTactic& each) {
    const Tactic& t = each.tactic;
    const bool over = t.retired_at || (t.expires_at && *t.expires_at <= frame.now);
    if ((over && !all) || (!grade.empty() && grade != TacticGradeName(t.grade))) return true;
    return std::ranges::any_of(words.facets, [&](const auto& asked) {
      const auto has = t.context.facets.find(asked.first);
      // One of no platform fits every platform; one of no problem is no answer to a problem.
      if (has == t.context.facets.end() || has->second.empty()) return asked.first != "platform";
      return !t.context.Has(asked.first, asked.second.front());
    });
  });
  const std::string like = frame.Extra("like");
  if (like.empty() || known.empty()) {
    // What was measured comes before what is only said.
    std::ranges::stable_sort(known, std::greater(), [](const RetrievedTactic& each) {
      return each.tactic.grade != TacticGrade::kPrior;
    });
    return known;
  }
  std::vector<Tactic> tactics;
  for (const RetrievedTactic& each : known) tactics.push_back(each.tactic);
  // Pages ask nobody: an endpoint that tactics.yaml may name is for the command line.
  static const std::shared_ptr<const Embedder> local = MakeHashEmbedder();
  MAXOPT_TRY(const auto index, TacticIndex::Build(std::move(tactics), local));
  MAXOPT_TRY(const std::vector<TacticHit> hits,
             index->Search({{}, {{like, 1}}}, {}, static_cast<int>(known.size())));
  std::vector<RetrievedTactic> out;
  for (const TacticHit& hit : hits) {
    out.push_back(known[hit.at]);
    out.back().similarity = std::min(1.0, hit.similarity);
  }
  frame.Note("Likeness is that of the local embedder.");
  return out;
}

ViewCell FacetCell(const TacticContext& context, std::string_view facet) {
  const auto at = context.facets.find(facet);
  return at == context.facets.end() ? ViewCell()
                                    : TextCell(fmt::format("{}", fmt::join(at->second, ", ")));
}

ViewCell PercentCell(double mean, double low, double high) {
  if (!std::isfinite(mean) || !std::isfinite(low) || !std::isfinite(high)) return {};
  return Estimated{100 * mean, 100 * std::min(low, mean), 100 * std::max(high, mean), 0.9};
}

}  // namespace

Result<View> TacticsView(Frame& frame) {
  View& view = frame.view;
  view.columns = {
      Text("title", "Tactic", "Below it the windows in which it was measured."),
      Text("grade", "Grade",
           "prior: knowledge of the trade, not measured by us; observing, candidate, validated, "
           "contradicted: by what was measured."),
      Of(CellKind::kRatio, "likeness", "Likeness", "To what is asked for."),
      Of(CellKind::kEstimate, "effect", "Effect",
         "Relative change of what is got for the same spend; 90 % interval.", Truth::kNone, 1, "%"),
      Of(CellKind::kCount, "windows", "Windows", "Independent ones that were measured."),
      Of(CellKind::kCount, "experiments", "Experiments", "Of the windows."),
      Text("problem", "Problem"),
      Text("lever", "Lever", "Reason of the changes that do it."),
      Text("platform", "Platforms", "None: any."),
      Text("channel", "Channels"),
      Text("objective", "Objectives"),
      Text("context", "Further context"),
      Text("scope", "Known from",
           "library: what travels in the program; agency: people's, or several clients' pooled "
           "without names; client: its own."),
      Text("client", "Client"),
      Text("seen", "What is seen"),
      Text("action", "What to do"),
      Text("why", "Why it works"),
      Text("avoid", "When not to"),
      Text("measure", "How to measure it"),
      Text("basis", "Basis", "Where the size of the effect comes from."),
      Of(CellKind::kDay, "from", "First day", "Of a measured window."),
      Of(CellKind::kDay, "to", "Last day"),
      Of(CellKind::kInstant, "expires_at", "Expires"),
      Of(CellKind::kInstant, "retired_at", "Retired"),
      Text("retired_why", "Retired, why"),
      Text("source", "Source"),
      Text("id", "Id"),
  };
  const auto row_of = [&](std::string key) -> ViewRow& {
    ViewRow& row = view.rows.emplace_back();
    row.key = std::move(key);
    row.cells.resize(view.columns.size());
    return row;
  };
  MAXOPT_TRY(const std::vector<RetrievedTactic> tactics, AskedTactics(frame));
  for (const RetrievedTactic& known : tactics) {
    const Tactic& t = known.tactic;
    const std::string_view scope = t.source == "library" ? "library"
                                   : t.client.empty()    ? "agency"
                                                         : "client";
    ViewRow& row = row_of(t.id);
    row.link = "tactic:" + Encode(t.id);
    row.tone = t.grade == TacticGrade::kValidated      ? "good"
               : t.grade == TacticGrade::kContradicted ? "bad"
                                                       : "";
    const auto put = [&](ViewRow& of, std::string_view column, ViewCell cell) {
      of.cells[*view.Find(column)] = std::move(cell);
    };
    put(row, "title", TextCell(t.title));
    put(row, "grade", std::string(TacticGradeName(t.grade)));
    if (known.similarity > 0) put(row, "likeness", known.similarity);
    if (t.effect)
      put(row, "effect", PercentCell(t.effect->mean, t.effect->low90, t.effect->high90));
    put(row, "windows", static_cast<std::int64_t>(t.windows));
    put(row, "experiments", static_cast<std::int64_t>(t.experiments));
    std::vector<std::string> further;
    for (const auto& [facet, words] : t.context.facets) {
      if (view.Find(facet)) {
        put(row, facet, FacetCell(t.context, facet));
      } else if (!words.empty()) {
        further.push_back(fmt::format("{}: {}", facet, fmt::join(words, ", ")));
      }
    }
    if (t.context.gap) {
      further.push_back(fmt::format("{} {:+.0f} % off target", t.context.gap->kpi,
                                    100 * t.context.gap->relative));
    }
    put(row, "context", TextCell(fmt::format("{}", fmt::join(further, "; "))));
    put(row, "scope", std::string(scope));
    put(row, "client", TextCell(t.client));
    put(row, "seen", TextCell(t.problem));
    put(row, "action", TextCell(t.action));
    put(row, "why", TextCell(t.why));
    put(row, "avoid", TextCell(t.avoid));
    put(row, "measure", TextCell(t.measure));
    put(row, "basis", TextCell(t.basis));
    put(row, "expires_at", Maybe(t.expires_at));
    put(row, "retired_at", Maybe(t.retired_at));
    put(row, "retired_why", TextCell(t.retired_why));
    put(row, "source", TextCell(t.source));
    put(row, "id", t.id);
    for (const TacticMeasurement& m : known.measurements) {
      if (!frame.Sees(m.client)) continue;
      ViewRow& window = row_of(t.id + "#" + m.source);
      window.parent = t.id;
      put(window, "title", TextCell(m.method));
      put(window, "effect", PercentCell(m.lift, m.lift - kZ90 * m.se, m.lift + kZ90 * m.se));
      put(window, "experiments", static_cast<std::int64_t>(m.experiment ? 1 : 0));
      put(window, "scope", std::string("client"));
      put(window, "client", m.client);
      put(window, "from", m.first);
      put(window, "to", m.last);
      put(window, "source", TextCell(m.source));
    }
  }
  frame.Note(
      "The grade prior is knowledge of the trade: nothing of it was measured by us. Of other "
      "clients only pooled effects of at least three are shown, of those that share them.");
  if (frame.query.as_of) frame.Note("Tactics are as they are known now.");
  return view;
}

Result<View> CyclesView(Frame& frame) {
  View& view = frame.view;
  view.columns = {Text("id", "Cycle"),
                  Text("stage", "Stage"),
                  Text("client", "Client"),
                  Text("state", "State",
                       "running (or cut off), stopped (may be gone on with), done, abandoned"),
                  Of(CellKind::kInstant, "began_at", "Began", "The time it is decided at."),
                  Of(CellKind::kInstant, "updated_at", "Last step")};
  MAXOPT_TRY(const std::vector<StoredCycle> cycles,
             Cycles(frame.home.store(), {.client = frame.query.client,
                                         .stage = frame.Extra("stage"),
                                         .state = frame.Extra("state"),
                                         .limit = kAllRows,
                                         .bodies = false}));
  for (const StoredCycle& cycle : cycles) {
    if (!frame.Sees(cycle.client) || cycle.began_at > frame.now) continue;
    ViewRow& row = view.rows.emplace_back();
    row.key = cycle.id;
    row.link = "cycle:" + cycle.id;
    row.tone = cycle.state == "stopped" ? "bad" : cycle.state == "abandoned" ? "watch" : "";
    row.cells = {cycle.id,    cycle.stage,    cycle.client,
                 cycle.state, cycle.began_at, cycle.updated_at};
  }
  if (frame.query.as_of) frame.Note("The state of each cycle is today's.");
  return view;
}

Result<View> CycleTrace(Frame& frame) {
  const std::string id = frame.Extra("id");
  if (id.empty()) return Fail(Errc::kInvalidArgument, "which cycle? Say id=c-...");
  const auto stored = FindCycle(frame.home.store(), id);
  if (!stored && stored.error().code != Errc::kNotFound) return Fail(stored.error());
  if (!stored || !frame.Sees(stored->client)) {
    return Fail(Errc::kNotFound, fmt::format("there is no cycle \"{}\"", id));
  }
  MAXOPT_TRY(const Cycle cycle, CycleFromJson(stored->body));
  if (cycle.id != id || cycle.client != stored->client) {
    return Fail(Errc::kRefused, fmt::format("cycle {} holds another cycle's content", id));
  }
  View& view = frame.view;
  view.title =
      frame.query.client.empty() ? fmt::format("{} of {}", cycle.stage, cycle.client) : cycle.stage;
  view.columns = {
      Text("step", "Step"),
      Text("state", "State"),
      Text("says", "What it came to", "A sentence a line."),
      Of(CellKind::kInstant, "began_at", "Began"),
      Of(CellKind::kInstant, "ended_at", "Ended"),
      Of(CellKind::kCount, "attempts", "Tries", "Times that it began to look.", Truth::kNone, -1),
      Text("saw", "Saw", "Digest of what it looked at."),
      Text("decided", "Decided", "Digest of what it came to.")};
  for (std::size_t i = 0; i < kCycleSteps; ++i) {
    ViewRow& row = view.rows.emplace_back();
    row.key = std::string(CycleStepName(static_cast<CycleStep>(i)));
    row.cells.resize(view.columns.size());
    row.cells[0] = row.key;
    if (i >= cycle.steps.size()) {
      row.cells[1] = std::string("not begun");
      continue;
    }
    const StepRecord& step = cycle.steps[i];
    const bool done = !step.output.empty();
    row.cells[1] = std::string(done ? "done" : "not finished");
    row.tone = done ? "" : "watch";
    const nlohmann::json output = nlohmann::json::parse(step.output, nullptr, false);
    std::vector<std::string> says;
    if (output.is_object() && output.contains("says") && output["says"].is_array()) {
      for (const nlohmann::json& line : output["says"]) {
        if (line.is_string()) says.push_back(line.get<std::string>());
      }
    }
    row.cells[2] = TextCell(fmt::format("{}", fmt::join(says, "\n")));
    row.cells[3] = step.began_at;
    row.cells[4] = Maybe(step.ended_at);
    row.cells[5] = static_cast<std::int64_t>(step.attempts);
    if (!step.input.empty()) row.cells[6] = Sha256Hex(step.input);
    if (done) row.cells[7] = Sha256Hex(step.output);
  }
  frame.Note(fmt::format("{}, {}, decided as of {}.", cycle.id, CycleStateName(cycle.state),
                         PrintInstant(cycle.at)));
  if (!cycle.problem.empty()) frame.Note(cycle.problem);
  if (cycle.asked != "{}" && !cycle.asked.empty()) frame.Note("Asked for: " + cycle.asked);
  if (const std::string head = HeadOf(cycle); !head.empty()) {
    frame.Note(fmt::format("Head {}. maxopt cycle replay {} decides it again from what it saw.",
                           head, cycle.id));
  }
  return view;
}

}  // namespace maxopt::views
