#include "app/cli/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "domain/json.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

}  // namespace

std::string Clean(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return out;
}

namespace {

/// Width in columns, near enough: code points.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

/// At most `most` bytes, cut between characters.
std::string Cut(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

/// A value on one line.
std::string Show(const FieldValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return Clean(Cut(text ? *text : ShowValue(value), 90));
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
    out += fmt::format(
        "    {} {:<9} {}{}\n", Sign(change), LevelName(change.level), Clean(change.address),
        change.action == ChangeAction::kCreate && TextField(change.after, "status") == kPaused
            ? "  (created paused)"
            : "");
    out += FieldLines(change);
    if (!change.why.empty() && change.reason != Reason::kLaunch) {
      out += fmt::format("        why                {}\n", Clean(change.why));
    }
    if (change.prediction) {
      out += fmt::format("        predicted          {}\n", EffectText(*change.prediction));
    }
  }
  if (plan.prediction) {
    out += fmt::format("  The whole is to bring {}, judged over {} days\n",
                       EffectText(*plan.prediction), plan.prediction->horizon_days);
  }
  out += fmt::format("  Most that can be spent on the worst day: {} -> {}\n",
                     ExposureText(plan.exposure_before), ExposureText(plan.exposure_after));
  if (!plan.matrix.empty()) out += MatrixText(plan.matrix, false);
  for (const std::string& note : plan.notes) out += fmt::format("  note: {}\n", Clean(note));
  for (const GuardFinding& finding : plan.findings) {
    out += fmt::format("  {} [{}] {}\n      {}\n", finding.blocks ? "BLOCKED" : "look at",
                       finding.guard, Clean(finding.what), Clean(finding.fix));
  }
  return out;
}

std::string MatrixText(const std::vector<MatrixRow>& matrix, bool all) {
  std::map<Outcome, int> counts;
  for (const MatrixRow& row : matrix) ++counts[row.outcome];
  std::string out = fmt::format(
      "  Of the documents: {} fields realised, {} translated, {} refused\n",
      counts[Outcome::kRealised], counts[Outcome::kTranslated], counts[Outcome::kRefused]);
  for (const Outcome outcome : {Outcome::kRefused, Outcome::kTranslated, Outcome::kRealised}) {
    if (outcome == Outcome::kRealised && !all) continue;
    for (const MatrixRow& row : matrix) {
      if (row.outcome != outcome) continue;
      out +=
          fmt::format("    {:<10} {}{} = {}  ({})\n               {}\n", OutcomeName(outcome),
                      row.package.empty() ? "" : "[" + Clean(row.package) + "] ", Clean(row.field),
                      Clean(Cut(row.value, 60)), Clean(row.place), Clean(row.how));
    }
  }
  return out;
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
    out += fmt::format(
        "{:<34} {:>12} {:>12} {:>10} {:>9.2f} {:>8.2f} ({:.2f} to {:.2f}){}{}{}{}\n", view.id,
        PrintDecimal(view.budget), PrintDecimal(view.proposed), PrintDecimal(view.spend_per_day),
        view.claimed_roas, view.marginal.mean, view.marginal.low, view.marginal.high,
        view.identified ? "" : "  data tell little",
        std::abs(view.explore) > 0.01 ? fmt::format("  varied by {:+.0f} %", 100 * view.explore)
                                      : "",
        view.binding.empty() ? "" : "  held by: " + view.binding,
        view.budget.currency() == recommendation.currency
            ? ""
            : fmt::format("  in {}", view.budget.currency().name()));
  }
  if (!recommendation.channels.empty()) {
    out += fmt::format("{:<34} {:>12} {:>12}  {}\n", "total",
                       PrintDecimal(recommendation.budget_total),
                       PrintDecimal(recommendation.proposed_total), recommendation.currency.name());
  }
  for (const std::string& note : recommendation.notes) out += "note: " + note + "\n";
  return out;
}

std::string RecommendationJson(const Recommendation& recommendation) {
  ordered_json channels = ordered_json::array();
  for (const ChannelView& view : recommendation.channels) {
    channels.push_back({{"channel", view.id},
                        {"currency", view.budget.currency().name()},
                        {"budget", PrintDecimal(view.budget)},
                        {"proposed", PrintDecimal(view.proposed)},
                        {"rate", view.rate},
                        {"spend_per_day", PrintDecimal(view.spend_per_day)},
                        {"claimed_roas", view.claimed_roas},
                        {"incremental_revenue_per_day", IntervalJson(view.revenue)},
                        {"marginal_roas", IntervalJson(view.marginal)},
                        {"identified", view.identified},
                        {"home", PrintDecimal(view.home)},
                        {"explore", view.explore},
                        {"binding", view.binding}});
  }
  ordered_json out{{"why", recommendation.why},
                   {"currency", recommendation.currency.name()},
                   {"budget_total", PrintDecimal(recommendation.budget_total)},
                   {"proposed_total", PrintDecimal(recommendation.proposed_total)},
                   {"notes", recommendation.notes},
                   {"gain_per_day", IntervalJson(recommendation.gain)},
                   {"confidence", recommendation.confidence},
                   {"gain_over_home_per_day", IntervalJson(recommendation.gain_over_home)},
                   {"explore_cost_per_day", recommendation.explore_cost},
                   {"stake_per_day", recommendation.stake},
                   {"days_used", recommendation.days_used},
                   {"channels", std::move(channels)}};
  if (recommendation.plan) out["plan"] = ordered_json::parse(PlanJson(*recommendation.plan));
  return out.dump(2);
}

}  // namespace maxopt
