// optimize: the optimiser's day, budgets and every lever.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/optimize/optimize.h"

namespace maxopt {

using nlohmann::ordered_json;

namespace {

std::string OptimizeText(const OptimizeRun& run) {
  std::string out = run.budgets ? "Budgets. " + run.budgets->why + "\n"
                                : fmt::format("Budgets were not looked at: {}.\n", run.no_budgets);
  int opportunities = 0;
  for (const LeverReport& report : run.levers) {
    opportunities += static_cast<int>(report.opportunities.size());
  }
  out +=
      fmt::format("\n{} levers found {} things worth looking at", run.levers.size(), opportunities);
  out += run.round.items.empty() ? ".\n" : ", most worth first:\n";
  for (const RoundItem& item : run.round.items) {
    const Opportunity& o = item.opportunity;
    out += fmt::format("  {} {:<10} {:>10.2f} a day (90 %: {:.2f} to {:.2f})  {}\n      {}\n",
                       item.wait.empty() ? "+" : "-", item.lever, o.value, o.value_low90,
                       o.value_high90, o.change.address, o.change.why);
    if (!item.wait.empty()) out += fmt::format("      waits: {}\n", item.wait);
  }
  for (const LeverReport& report : run.levers) {
    for (const std::string& note : report.notes) {
      out += fmt::format("note ({}): {}\n", report.lever, note);
    }
  }
  for (const std::string& note : run.notes) out += fmt::format("note: {}\n", note);
  for (const std::string& problem : run.problems) out += fmt::format("problem: {}\n", problem);
  for (const Acted& acted : run.acted) {
    out += fmt::format("{} is {}{}{}\n", acted.plan, PlanStatusName(acted.status),
                       acted.why.empty() ? "" : ": ", acted.why);
  }
  return out;
}

}  // namespace

Result<int> OptimizeCommand(const CommandContext& context, const OptimizeArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::string client, OnlyClient(*home, arguments.client));
  OptimizeOptions options;
  options.levers = arguments.levers;
  options.days = arguments.days;
  options.propose = arguments.propose;
  options.act = arguments.act;
  options.tactics = !arguments.no_tactics;
  MAXOPT_TRY(const OptimizeRun run, Optimize(*home, client, options));
  const bool stored = options.propose || options.act;
  if (context.json) {
    fmt::print("{}\n", OptimizeJson(run));
  } else {
    fmt::print("{}", OptimizeText(run));
    for (const Plan& plan : run.plans) {
      if (stored) fmt::print("\n{}", PlanText(plan));
      if (stored && !options.act && plan.status == PlanStatus::kGuarded) {
        fmt::print("Next: maxopt approve {} --by YOUR-NAME\n", plan.id);
      }
    }
    if (!stored && !run.plans.empty()) {
      fmt::print("\nNothing was stored. Next: maxopt optimize {} --propose\n", client);
    }
  }
  if (!run.problems.empty()) return kExitError;
  return run.plans.empty() ? kExitOk : kExitPending;
}

Result<int> LeversCommand(const CommandContext& context) {
  ordered_json levers = ordered_json::array();
  for (const NamedLever& lever : AllLevers()) {
    levers.push_back({{"lever", lever.name}, {"what", lever.what}});
    if (!context.json) fmt::print("{:<12} {}\n", lever.name, lever.what);
  }
  if (context.json) fmt::print("{}\n", levers.dump(2));
  return kExitOk;
}

}  // namespace maxopt
