#include "app/render/render.h"

#include <nlohmann/json.hpp>

#include "domain/json.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

ordered_json MatrixArray(const std::vector<MatrixRow>& matrix) {
  ordered_json out = ordered_json::array();
  for (const MatrixRow& row : matrix) {
    out.push_back({{"document", row.document},
                   {"field", row.field},
                   {"place", row.place},
                   {"value", row.value},
                   {"package", row.package},
                   {"outcome", OutcomeName(row.outcome)},
                   {"how", row.how}});
  }
  return out;
}

ordered_json ExposureJson(const std::vector<Exposure>& exposures) {
  ordered_json out = ordered_json::array();
  for (const Exposure& e : exposures) {
    out.push_back({{"currency", e.worst_day.currency().name()},
                   {"daily_budgets", PrintDecimal(e.daily_budgets)},
                   {"worst_day", PrintDecimal(e.worst_day)}});
  }
  return out;
}

ordered_json IntervalOf(const Opportunity& o) {
  return {{"mean", o.value}, {"low90", o.value_low90}, {"high90", o.value_high90}};
}

}  // namespace

std::string PlanJson(const Plan& plan) {
  ordered_json out{{"id", plan.id},
                   {"client", plan.client},
                   {"title", plan.title},
                   {"status", PlanStatusName(plan.status)},
                   {"created_at", PrintInstant(plan.created_at)},
                   {"created_by", plan.created_by},
                   {"content_hash", ContentHash(plan)}};
  if (plan.approval) {
    out["approval"] = {{"by", plan.approval->by},
                       {"at", PrintInstant(plan.approval->at)},
                       {"expires_at", PrintInstant(plan.approval->expires_at)}};
  }
  if (!plan.executed_by.empty()) out["executed_by"] = plan.executed_by;
  if (!plan.undoes.empty()) out["undoes"] = plan.undoes;
  ordered_json changes = ordered_json::array();
  for (const Change& change : plan.changes) {
    changes.push_back(ordered_json::parse(ToJson(change)));
    if (changes.back().contains("after") && changes.back()["after"].contains("content")) {
      changes.back()["after"]["content"] = "(file bytes not shown)";
    }
  }
  out["changes"] = std::move(changes);
  if (plan.prediction) out["prediction"] = ordered_json::parse(ToJson(*plan.prediction));
  out["exposure"] = {{"before", ExposureJson(plan.exposure_before)},
                     {"after", ExposureJson(plan.exposure_after)}};
  ordered_json findings = ordered_json::array();
  for (const GuardFinding& f : plan.findings) {
    findings.push_back(
        {{"guard", f.guard}, {"blocks", f.blocks}, {"what", f.what}, {"fix", f.fix}});
  }
  out["findings"] = std::move(findings);
  out["notes"] = plan.notes;
  if (!plan.matrix.empty()) out["matrix"] = MatrixArray(plan.matrix);
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

std::string MatrixJson(const std::vector<MatrixRow>& matrix) {
  return MatrixArray(matrix).dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

std::string ApplyJson(const std::string& plan_id, const ApplyReport& report) {
  ordered_json lines = ordered_json::array();
  for (const auto& line : report.lines) {
    lines.push_back({{"address", line.address},
                     {"state", ChangeStateName(line.state)},
                     {"id", line.id},
                     {"how", line.how}});
  }
  ordered_json after = ordered_json::array();
  for (const GuardFinding& f : report.after_findings) {
    after.push_back({{"guard", f.guard}, {"what", f.what}, {"fix", f.fix}});
  }
  return ordered_json{{"plan", plan_id},
                      {"status", PlanStatusName(report.status)},
                      {"sent", report.sent},
                      {"changes", std::move(lines)},
                      {"after_findings", std::move(after)}}
      .dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

std::string OptimizeJson(const OptimizeRun& run) {
  ordered_json items = ordered_json::array();
  for (const RoundItem& item : run.round.items) {
    const Opportunity& o = item.opportunity;
    items.push_back(
        {{"lever", item.lever},
         {"address", o.change.address},
         {"account", PrintAccount(o.change.account)},
         {"reason", ReasonName(o.change.reason)},
         {"why", o.change.why},
         {"currency", item.currency.name()},
         {"value_per_day", IntervalOf(o)},
         {"worth", item.worth},
         {"learning", {{"days", o.learning_days}, {"cost_per_day", o.learning_cost}}},
         {"waits", item.wait.empty() ? ordered_json(nullptr) : ordered_json(item.wait)}});
  }
  ordered_json plans = ordered_json::array();
  for (const Plan& plan : run.plans) plans.push_back(ordered_json::parse(PlanJson(plan)));
  ordered_json acted = ordered_json::array();
  for (const Acted& each : run.acted) {
    acted.push_back(
        {{"plan", each.plan}, {"status", PlanStatusName(each.status)}, {"why", each.why}});
  }
  const auto maybe = [](const std::string& text) {
    return text.empty() ? ordered_json(nullptr) : ordered_json(text);
  };
  return ordered_json{{"client", run.client},
                      {"cycle", maybe(run.cycle)},
                      {"budgets", maybe(run.budgets)},
                      {"no_budgets", maybe(run.no_budgets)},
                      {"items", items},
                      {"plans", plans},
                      {"acted", acted},
                      {"notes", run.notes},
                      {"problems", run.problems}}
      .dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace maxopt
