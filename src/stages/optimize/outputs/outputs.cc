#include "stages/optimize/outputs/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "domain/json.h"
#include "domain/message_text.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

bool Open(const Plan& plan) {
  return plan.status == PlanStatus::kGuarded || plan.status == PlanStatus::kBlocked ||
         plan.status == PlanStatus::kApproved;
}

ordered_json PredictionJson(const std::optional<Prediction>& p) {
  if (!p) return nullptr;
  return ordered_json::parse(ToJson(*p));
}
std::string PredictionText(const std::optional<Prediction>& p) {
  return p ? EffectText(*p) : "nothing promised";
}

class Writer {
 public:
  explicit Writer(const OptimizeState& state)
      : state_(state), daily_{state.client, state.day, state.now} {}

  Message Report() const {
    ordered_json json = daily_.Head("optimization_report");
    std::string text = Title("Optimisation");
    ordered_json recommended = ordered_json::array(), done = recommended, measured = recommended;
    std::string open = "## Recommended\n\n", taken = "\n## Done\n\n";
    for (const Plan& plan : state_.plans) {
      const bool mine = std::any_of(plan.changes.begin(), plan.changes.end(),
                                    [](const Change& c) { return IsAutomatic(c.reason); });
      if (!mine || plan.status == PlanStatus::kRejected || plan.status == PlanStatus::kDraft) {
        continue;
      }
      ordered_json why = ordered_json::array();
      std::string lines;
      for (const Change& change : plan.changes) {
        why.push_back({{"address", change.address},
                       {"reason", ReasonName(change.reason)},
                       {"why", change.why}});
        lines +=
            fmt::format("  - {}: {}\n", MarkdownText(change.address), MarkdownText(change.why));
      }
      ordered_json row{{"plan", plan.id},
                       {"title", plan.title},
                       {"status", PlanStatusName(plan.status)},
                       {"prediction", PredictionJson(plan.prediction)},
                       {"changes", why}};
      std::string blocked;
      for (const GuardFinding& finding : plan.findings) {
        if (finding.blocks && blocked.empty()) blocked = finding.what;
      }
      row["blocked_by"] = blocked;
      const std::string line =
          fmt::format("- **{}** {} ({}): {}{}\n{}", plan.id, MarkdownText(plan.title),
                      PlanStatusName(plan.status), PredictionText(plan.prediction),
                      blocked.empty() ? "" : "; blocked: " + MarkdownText(blocked), lines);
      if (Open(plan)) {
        recommended.push_back(std::move(row));
        open += line;
      } else {
        row["by"] = plan.executed_by;
        row["approved_by"] = plan.approval ? plan.approval->by : "";
        done.push_back(std::move(row));
        taken += line;
      }
    }
    if (recommended.empty()) open += "Nothing waits for an approval.\n";
    if (done.empty()) taken += "Nothing was changed by optimisation.\n";
    std::string brought = "\n## What it brought\n\n";
    if (state_.outcomes.empty()) brought += "No effect was measured in the last four weeks.\n";
    for (const ScoredOutcome& o : state_.outcomes) {
      measured.push_back(
          {{"plan", o.plan},
           {"kind", o.kind},
           {"kpi", o.kpi},
           {"promised", {{"mean", o.predicted}, {"low90", o.low90}, {"high90", o.high90}}},
           {"measured", {{"mean", o.measured}, {"sd", o.measured_sd}}},
           {"method", o.method}});
      if (o.kpi == "revenue" && state_.currency) {
        measured.back()["currency"] = state_.currency->name();
      }
      brought += fmt::format(
          "- {} ({}): promised {:+.2f} {} a day (90 %: {:+.2f} to {:+.2f}), measured {:+.2f} +- "
          "{:.2f}\n",
          o.plan, o.kind, o.predicted, KpiUnit(o.kpi, state_.currency), o.low90, o.high90,
          o.measured, o.measured_sd);
    }
    json["recommended"] = recommended;
    json["done"] = done;
    json["measured"] = measured;
    return daily_.Make("carlos", "optimization_report", "Optimisation", json,
                       text + open + taken + brought);
  }

  Message Reallocation(const char* to) const {
    ordered_json json = daily_.Head("budget_reallocation");
    std::string text = Title("Budgets");
    ordered_json moves = ordered_json::array();
    text += "| Plan | Status | Where | From | To | Predicted |\n|---|---|---|---|---|---|\n";
    for (const Plan& plan : state_.plans) {
      if (plan.status == PlanStatus::kRejected || plan.status == PlanStatus::kDraft) continue;
      for (const Change& change : plan.changes) {
        const Money* before = MoneyField(change.before, "daily_budget");
        const Money* after = MoneyField(change.after, "daily_budget");
        if (!before || !after || !IsAutomatic(change.reason)) continue;
        moves.push_back({{"plan", plan.id},
                         {"status", PlanStatusName(plan.status)},
                         {"account", PrintAccount(change.account)},
                         {"address", change.address},
                         {"currency", after->currency().name()},
                         {"from", PrintDecimal(*before)},
                         {"to", PrintDecimal(*after)},
                         {"why", change.why},
                         {"prediction", PredictionJson(change.prediction)}});
        text +=
            fmt::format("| {} | {} | {} | {} | {} | {} |\n", plan.id, PlanStatusName(plan.status),
                        MarkdownText(change.address), PrintMoney(*before), PrintMoney(*after),
                        PredictionText(change.prediction));
      }
    }
    if (moves.empty()) text += "\nNo budget was moved or is to be moved.\n";
    json["moves"] = moves;
    return daily_.Make(to, "budget_reallocation", "Budgets", json, text);
  }

  Message Creatives() const {
    ordered_json json = daily_.Head("creative_insights");
    std::string text = Title("Creatives");
    json["findings"] = Findings({"creative", "campaign"}, text);
    ordered_json requests = ordered_json::array();
    text += "\n## New variations asked for\n\n";
    for (const Alert& alert : state_.fatigue) {
      requests.push_back(
          {{"alert", alert.id},
           {"account",
            alert.condition.account ? PrintAccount(*alert.condition.account) : std::string()},
           {"object", alert.condition.object_id},
           {"name", alert.condition.name},
           {"why", alert.condition.title}});
      text += fmt::format("- {}: {}\n", MarkdownText(alert.condition.name),
                          MarkdownText(alert.condition.title));
    }
    if (requests.empty()) text += "No creative tires.\n";
    json["variations_wanted"] = requests;
    return daily_.Make("lucas", "creative_insights", "Creatives", json, text);
  }

  Message Audiences() const {
    ordered_json json = daily_.Head("audience_refinements");
    std::string text = Title("Audiences, places, words and hours");
    json["findings"] = Findings({"audience", "age_gender", "country", "device", "placement",
                                 "keyword", "search_term", "hour"},
                                text);
    return daily_.Make("olivia", "audience_refinements", "Audience refinements", json, text);
  }

 private:
  /// What a person would do about a finding; the effect is the money at stake, were it all moved.
  static const char* Suggestion(const SegmentFinding& finding) {
    const bool above = finding.segment.verdict == SegmentVerdict::kAbove;
    if (finding.cut == "search_term") {
      return above ? "add it as a keyword" : "add it as a negative keyword";
    }
    if (finding.cut == "audience" || finding.cut == "age_gender") {
      return above ? "target it, or look for more like it" : "exclude it";
    }
    if (finding.cut == "creative" || finding.cut == "campaign") {
      return above ? "make variations of it" : "replace it";
    }
    return above ? "bid more for it" : "bid less for it, or exclude it";
  }

  ordered_json Findings(const std::set<std::string>& cuts, std::string& text) const {
    ordered_json out = ordered_json::array();
    text += fmt::format(
        "Days {} to {}. Compared with their like, shrunk towards it, false "
        "discoveries held at one in ten.\n\n",
        PrintDay(state_.segments.from), PrintDay(state_.segments.to));
    for (const SegmentFinding& finding : state_.segments.findings) {
      if (!cuts.contains(finding.cut)) continue;
      const Segment& s = finding.segment;
      ordered_json path = ordered_json::array();
      for (const auto& [dimension, name] : finding.path) {
        path.push_back({{"dimension", dimension}, {"name", name}});
      }
      out.push_back(
          {{"cut", finding.cut},
           {"path", path},
           {"verdict", s.verdict == SegmentVerdict::kAbove ? "above" : "below"},
           {"currency", finding.currency},
           {"stake", {{"mean", s.stake}, {"low90", s.stake_low}, {"high90", s.stake_high}}},
           {"what", finding.what},
           {"suggestion", Suggestion(finding)}});
      text += fmt::format("- **{}** {}: {}\n", finding.cut, MarkdownText(finding.what),
                          Suggestion(finding));
    }
    if (out.empty()) text += "Nothing differs from its like beyond luck.\n";
    return out;
  }

  std::string Title(const char* title) const {
    return fmt::format("# {}: {}\n\nAs of {}.\n\n", title, MarkdownText(state_.client),
                       PrintInstant(state_.now));
  }

  const OptimizeState& state_;
  const DailyMessages daily_;
};

}  // namespace

std::vector<Message> OptimizeMessages(const OptimizeState& state) {
  const Writer writer(state);
  return {writer.Report(), writer.Reallocation("james"), writer.Reallocation("zara"),
          writer.Creatives(), writer.Audiences()};
}

}  // namespace maxopt
