// scenario: what-ifs side by side.
#include <fmt/core.h>

#include <charconv>

#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/scenario/scenario.h"
#include "stages/optimize/scenario/what_if.h"

namespace maxopt {

namespace {

std::string Range(const Interval& v) {
  return fmt::format("{:.0f} ({:.0f} to {:.0f})", v.mean, v.low90, v.high90);
}
std::string SignedRange(const Interval& v) {
  return fmt::format("{:+.0f} ({:+.0f} to {:+.0f})", v.mean, v.low90, v.high90);
}
/// A column takes as many characters as its widest text; the first is left, the others right.
void PrintColumns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i == 0 ? fmt::format("{:<{}}", row[i], widths[i])
                     : fmt::format("  {:>{}}", row[i], widths[i]);
    }
    fmt::print("{}\n", line);
  }
}

void PrintText(const WhatIf& what_if, const ScenarioReport& report, std::string_view currency) {
  const ScenarioAnswer& now = report.answers.front();
  const bool margin = now.profit.has_value();
  fmt::print(
      "What if, {} a day, from {} to {}; incremental, 90 % intervals. Changes are against the\n"
      "present in the same plausible worlds.\n\n",
      currency, PrintDay(what_if.first), PrintDay(what_if.last));
  std::vector<std::vector<std::string>> rows;
  rows.push_back({"scenario", "budget", "spend", "revenue", "ROAS", "a further unit",
                  margin ? "change of profit" : "change of revenue", "better"});
  for (const ScenarioAnswer& a : report.answers) {
    if (!a.error.empty()) {
      rows.push_back({Clean(a.name), "cannot be"});
      continue;
    }
    const bool present = &a == &now;
    rows.push_back({Clean(a.name), PrintDecimal(a.budget), fmt::format("{:.0f}", a.spend),
                    Range(a.revenue), a.roas ? fmt::format("{:.2f}", a.roas->mean) : "-",
                    a.marginal ? fmt::format("{:.2f} ({:.2f} to {:.2f})", a.marginal->mean,
                                             a.marginal->low90, a.marginal->high90)
                               : "-",
                    present ? "" : SignedRange(margin ? *a.profit_change : a.revenue_change),
                    a.better  ? fmt::format("{:.0f} %", 100 * *a.better)
                    : present ? ""
                              : "-"});
  }
  PrintColumns(rows);
  for (const ScenarioAnswer& a : report.answers) {
    fmt::print("\n{}\n", Clean(a.name));
    if (!a.error.empty()) {
      fmt::print("  {}\n", Clean(a.error));
      continue;
    }
    if (a.lambda) fmt::print("  the last unit brings {:.2f}\n", *a.lambda);
    std::vector<std::vector<std::string>> shares;
    for (std::size_t c = 0; c < a.shares.size(); ++c) {
      const ScenarioShare& s = a.shares[c];
      const ScenarioShare& was = now.shares[c];
      // Rows of another currency say so; what they bring is in the client's, as all figures.
      const bool own = s.budget.currency() == a.budget.currency();
      const std::string budget = own ? PrintDecimal(s.budget) : PrintMoney(s.budget);
      shares.push_back(
          {"  " + Clean(s.id),
           s.budget == was.budget ? budget : PrintDecimal(was.budget) + " -> " + budget,
           s.revenue ? Range(*s.revenue) : "unknown",
           s.marginal ? fmt::format("{:.2f} a further unit", s.marginal->mean) : "",
           s.binding.empty() ? "" : "held: " + s.binding});
    }
    PrintColumns(shares);
    for (const std::string& note : a.notes) fmt::print("  note: {}\n", Clean(note));
  }
  fmt::print("\n");
  for (const std::string& note : report.notes) fmt::print("note: {}\n", Clean(note));
  for (const std::string& note : what_if.notes) fmt::print("note: {}\n", Clean(note));
}

/// The scenarios of the flags: each flag is one.
Result<std::vector<Scenario>> Asked(const ScenarioArguments& arguments, Currency currency) {
  std::vector<Scenario> out;
  const auto add = [&](std::string name) -> Scenario& {
    Scenario& scenario = out.emplace_back();
    scenario.name = std::move(name);
    return scenario;
  };
  for (const std::string& text : arguments.budgets) {
    const auto read = ReadTotal(text, currency, add("budget " + text));
    if (!read) return FailWithin("--budget", read.error());
    Scenario best = out.back();
    best.name += ", best split";
    best.split = Scenario::Split::kBest;
    out.push_back(std::move(best));
  }
  for (const std::string& id : arguments.off) add(id + " off").off = {id};
  for (const std::string& text : arguments.set) {
    const std::size_t at = text.rfind('=');
    if (at == std::string::npos) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("--set \"{}\": write it as CHANNEL=AMOUNT", text));
    }
    const auto money =
        ReadAmount(std::string_view(text).substr(at + 1), text.substr(0, at), currency);
    if (!money) return FailWithin("--set", money.error());
    add(text.substr(0, at) + " at " + text.substr(at + 1)).set.emplace(text.substr(0, at), *money);
  }
  for (const std::string& text : arguments.targets) {
    const auto target = ReadTarget(text);
    if (!target) return FailWithin("--target", target.error());
    add("target " + text).target = *target;
  }
  if (arguments.best) {
    Scenario& best = add("best split");
    best.keep_total = true;
    best.split = Scenario::Split::kBest;
  }
  if (arguments.equal) {
    Scenario& equal = add("equal split");
    equal.keep_total = true;
    equal.split = Scenario::Split::kEqual;
  }
  return out;
}

}  // namespace

Result<int> ScenarioCommand(const CommandContext& context, const ScenarioArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Client client, home->store().GetClient(arguments.client));
  MAXOPT_TRY(std::vector<Scenario> scenarios, Asked(arguments, client.currency));
  MAXOPT_TRY(WhatIfOptions options, WhatIfOptionsOf(*home, client.name));
  if (!arguments.file.empty()) {
    MAXOPT_TRY(const std::string text, ReadWholeFile(arguments.file));
    MAXOPT_TRY(ScenarioFile file, ParseScenarioFile(text, arguments.file, client.currency));
    options.gross_margin = file.gross_margin;
    for (Scenario& scenario : file.scenarios) scenarios.push_back(std::move(scenario));
  }
  if (arguments.margin) options.gross_margin = arguments.margin;
  if (options.gross_margin && !(*options.gross_margin > 0 && *options.gross_margin <= 1)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("--margin is {}; it must be above 0 and at most 1: the part of revenue "
                            "that is left before media",
                            *options.gross_margin));
  }
  MAXOPT_TRY(const WhatIf what_if, ReadWhatIf(home->optimize_world(), client.name, options));
  if (scenarios.empty()) scenarios = UsualScenarios(what_if.problem);
  MAXOPT_TRY(const ScenarioReport report, CompareScenarios(what_if.problem, scenarios));
  if (!context.json) {
    PrintText(what_if, report, client.currency.name());
    return kExitOk;
  }
  fmt::print("{}\n", ScenarioJson(client, what_if, report));
  return kExitOk;
}

}  // namespace maxopt
