#include "app/cli/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "domain/json.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

/// Control characters of names from outside must not reach a terminal.
std::string Clean(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return out;
}

/// Width in columns, near enough: code points.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Show(const FieldValue& value) {
  struct Visitor {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(const std::string& text) const {
      return text.size() > 90 ? text.substr(0, 87) + "..." : text;
    }
    std::string operator()(const Money& money) const { return PrintMoney(money); }
    std::string operator()(const std::vector<std::string>& list) const {
      std::string joined = fmt::format("{}", fmt::join(list, ", "));
      if (joined.size() > 90)
        joined = fmt::format("{} entries: {}...", list.size(), joined.substr(0, 70));
      return joined.empty() ? "(none)" : joined;
    }
  };
  return Clean(std::visit(Visitor{}, value));
}

char Sign(const Change& change) {
  if (change.action == ChangeAction::kCreate) return '+';
  const std::string status = TextField(change.after, "status");
  return status == kPaused || status == kRemoved ? '-' : '~';
}

std::string FieldLines(const Change& change) {
  std::string out;
  for (const auto& [name, value] : change.after) {
    if (name == "content" || (name == "status" && change.action == ChangeAction::kCreate)) continue;
    const auto before = change.before.find(name);
    out += before == change.before.end()
               ? fmt::format("        {:<18} {}\n", name, Show(value))
               : fmt::format("        {:<18} {} -> {}\n", name, Show(before->second), Show(value));
  }
  return out;
}

std::string ExposureText(const std::vector<Exposure>& exposures) {
  if (exposures.empty()) return "nothing";
  std::vector<std::string> parts;
  for (const Exposure& e : exposures) parts.push_back(PrintMoney(e.worst_day));
  return fmt::format("{}", fmt::join(parts, " + "));
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

ordered_json IntervalJson(const Interval90& interval) {
  return {{"mean", interval.mean}, {"low90", interval.low}, {"high90", interval.high}};
}

}  // namespace

std::string PlanText(const Plan& plan) {
  std::string out = fmt::format("Plan {}  {}  ({}, client {})\n", plan.id, Clean(plan.title),
                                PlanStatusName(plan.status), Clean(plan.client));
  AccountId account{};
  bool first = true;
  for (const Change& change : plan.changes) {
    if (first || change.account != account) {
      account = change.account;
      first = false;
      out += fmt::format("  {}\n", PrintAccount(account));
    }
    out += fmt::format("    {} {:<9} {}{}\n", Sign(change), LevelName(change.level),
                       Clean(change.address),
                       change.action == ChangeAction::kCreate && change.level != Level::kAsset
                           ? "  (created paused)"
                           : "");
    out += FieldLines(change);
    if (!change.why.empty() && change.reason != Reason::kLaunch) {
      out += fmt::format("        why                {}\n", Clean(change.why));
    }
    if (change.prediction) {
      out += fmt::format("        predicted          {:+.2f} {} a day (90 %: {:+.2f} to {:+.2f})\n",
                         change.prediction->mean, change.prediction->kpi, change.prediction->low90,
                         change.prediction->high90);
    }
  }
  out += fmt::format("  Most that can be spent on the worst day: {} -> {}\n",
                     ExposureText(plan.exposure_before), ExposureText(plan.exposure_after));
  for (const std::string& note : plan.notes) out += fmt::format("  note: {}\n", Clean(note));
  for (const GuardFinding& finding : plan.findings) {
    out += fmt::format("  {} [{}] {}\n      {}\n", finding.blocks ? "BLOCKED" : "look at",
                       finding.guard, Clean(finding.what), Clean(finding.fix));
  }
  return out;
}

std::string PlanJson(const Plan& plan) {
  ordered_json out{{"id", plan.id},
                   {"client", plan.client},
                   {"title", plan.title},
                   {"status", PlanStatusName(plan.status)},
                   {"created_at", PrintInstant(plan.created_at)},
                   {"created_by", plan.created_by},
                   {"content_hash", ContentHash(plan)}};
  ordered_json changes = ordered_json::array();
  for (const Change& change : plan.changes) {
    changes.push_back(ordered_json::parse(ToJson(change)));
    if (changes.back().contains("after") && changes.back()["after"].contains("content")) {
      changes.back()["after"]["content"] = "(file bytes not shown)";
    }
  }
  out["changes"] = std::move(changes);
  out["exposure"] = {{"before", ExposureJson(plan.exposure_before)},
                     {"after", ExposureJson(plan.exposure_after)}};
  ordered_json findings = ordered_json::array();
  for (const GuardFinding& f : plan.findings) {
    findings.push_back(
        {{"guard", f.guard}, {"blocks", f.blocks}, {"what", f.what}, {"fix", f.fix}});
  }
  out["findings"] = std::move(findings);
  out["notes"] = plan.notes;
  return out.dump(2);
}

std::string FindingsText(const std::vector<Finding>& findings) {
  std::string out;
  int fails = 0;
  int warns = 0;
  for (const Finding& finding : findings) {
    out += fmt::format("{:<5} {:<28} {}\n      {}\n      -> {}\n", SeverityName(finding.severity),
                       finding.check, PrintPlace(finding.place), Clean(finding.what),
                       Clean(finding.fix));
    fails += finding.severity == Severity::kFail ? 1 : 0;
    warns += finding.severity == Severity::kWarn ? 1 : 0;
  }
  return out + fmt::format("{} to correct, {} to look at\n", fails, warns);
}

std::string FindingsJson(const std::vector<Finding>& findings) {
  ordered_json out = ordered_json::array();
  for (const Finding& finding : findings) {
    out.push_back({{"check", finding.check},
                   {"severity", SeverityName(finding.severity)},
                   {"file", finding.place.file},
                   {"line", finding.place.line},
                   {"what", finding.what},
                   {"fix", finding.fix}});
  }
  return ordered_json{{"findings", std::move(out)}}.dump(2);
}

std::string ApplyText(const std::string& plan_id, const ApplyReport& report) {
  std::string out;
  for (const auto& line : report.lines) {
    out +=
        fmt::format("  {:<9} {}{}\n            {}\n", ChangeStateName(line.state),
                    Clean(line.address), line.id.empty() ? "" : "  id " + line.id, Clean(line.how));
  }
  for (const GuardFinding& finding : report.after_findings) {
    out += fmt::format("  AFTER THE PLAN [{}] {}\n      {}\n", finding.guard, Clean(finding.what),
                       Clean(finding.fix));
  }
  out += fmt::format("Plan {} is {}; {} writes were sent in this run.\n", plan_id,
                     PlanStatusName(report.status), report.sent);
  if (report.status == PlanStatus::kApplying) {
    out += fmt::format(
        "Something is still unknown: run maxopt apply {} again; it reads back first "
        "and makes nothing twice.\n",
        plan_id);
  }
  return out;
}

std::string OrphanText(const Orphan& orphan) {
  return fmt::format("{:<14} {:<24} {:<9} {:<16} {}\n      {}\n", OrphanKindName(orphan.kind),
                     PrintAccount(orphan.account), LevelName(orphan.level), orphan.id,
                     Clean(orphan.name), Clean(orphan.what));
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
      .dump(2);
}

std::string TableText(const FactTable& table) {
  std::vector<std::vector<std::string>> cells;
  std::vector<bool> numeric(table.columns.size(), true);
  for (const auto& row : table.rows) {
    std::vector<std::string> line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const FactCell& cell = row[i];
      switch (cell.kind) {
        case FactCell::Kind::kAbsent:
          line.emplace_back("-");
          break;
        case FactCell::Kind::kInteger:
          line.push_back(std::to_string(cell.integer));
          break;
        case FactCell::Kind::kReal:
          line.push_back(fmt::format("{:.6g}", cell.real));
          break;
        case FactCell::Kind::kMoney:
          line.push_back(cell.text);
          break;
        case FactCell::Kind::kText:
          line.push_back(Clean(cell.text));
          numeric[i] = false;
          break;
      }
    }
    cells.push_back(std::move(line));
  }
  std::vector<std::size_t> widths;
  for (const std::string& column : table.columns) widths.push_back(Width(column));
  for (const auto& line : cells) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], Width(line[i]));
  }
  const auto render = [&](const std::vector<std::string>& line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string pad(widths[i] - Width(line[i]), ' ');
      out += (i == 0 ? "" : "  ") + (numeric[i] ? pad + line[i] : line[i] + pad);
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out + "\n";
  };
  std::string out = render(table.columns);
  for (const auto& line : cells) out += render(line);
  for (const std::string& note : table.notes) out += "note: " + note + "\n";
  return out;
}

std::string RecommendationText(const Recommendation& recommendation) {
  std::string out = recommendation.why + "\n\n";
  out += fmt::format("{:<34} {:>12} {:>12} {:>10} {:>9} {:>24}\n", "channel", "budget", "proposed",
                     "spent/day", "claimed", "a further unit brings");
  for (const ChannelView& view : recommendation.channels) {
    out += fmt::format("{:<34} {:>12} {:>12} {:>10} {:>9.2f} {:>8.2f} ({:.2f} to {:.2f}){}{}{}\n",
                       view.id, PrintDecimal(view.budget), PrintDecimal(view.proposed),
                       PrintDecimal(view.spend_per_day), view.claimed_roas, view.marginal.mean,
                       view.marginal.low, view.marginal.high,
                       view.identified ? "" : "  data tell little",
                       view.demand_limited ? "  does not spend its budget" : "",
                       view.binding.empty() ? "" : "  held by its " + view.binding);
  }
  return out;
}

std::string RecommendationJson(const Recommendation& recommendation) {
  ordered_json channels = ordered_json::array();
  for (const ChannelView& view : recommendation.channels) {
    channels.push_back({{"channel", view.id},
                        {"currency", view.budget.currency().name()},
                        {"budget", PrintDecimal(view.budget)},
                        {"proposed", PrintDecimal(view.proposed)},
                        {"spend_per_day", PrintDecimal(view.spend_per_day)},
                        {"claimed_roas", view.claimed_roas},
                        {"incremental_revenue_per_day", IntervalJson(view.revenue)},
                        {"marginal_roas", IntervalJson(view.marginal)},
                        {"identified", view.identified},
                        {"demand_limited", view.demand_limited},
                        {"binding", view.binding}});
  }
  ordered_json out{{"why", recommendation.why},
                   {"gain_per_day", IntervalJson(recommendation.gain)},
                   {"confidence", recommendation.confidence},
                   {"lambda", recommendation.lambda},
                   {"days_used", recommendation.days_used},
                   {"channels", std::move(channels)}};
  if (recommendation.plan) out["plan"] = ordered_json::parse(PlanJson(*recommendation.plan));
  return out.dump(2);
}

}  // namespace maxopt
