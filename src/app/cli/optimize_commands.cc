// optimize: the optimiser's day, budgets and every lever.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/cycle/cycle.h"

namespace maxopt {

using nlohmann::ordered_json;

namespace {

std::string OptimizeText(const OptimizeRun& run) {
  std::string out = run.no_budgets.empty()
                        ? "Budgets. " + run.budgets + "\n"
                        : fmt::format("Budgets were not looked at: {}.\n", run.no_budgets);
  out += fmt::format("\nThe levers found {} things worth looking at", run.round.items.size());
  out += run.round.items.empty() ? ".\n" : ", most worth first:\n";
  for (const RoundItem& item : run.round.items) {
    const Opportunity& o = item.opportunity;
    out += fmt::format("  {} {:<10} {:>10.2f} {} a day (90 %: {:.2f} to {:.2f})  {}\n      {}\n",
                       item.wait.empty() ? "+" : "-", item.lever, o.value, item.currency.name(),
                       o.value_low90, o.value_high90, o.change.address, o.change.why);
    if (!item.wait.empty()) out += fmt::format("      waits: {}\n", item.wait);
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
  options.tactics = !arguments.no_tactics;
  const bool stored = arguments.propose || arguments.act;
  MAXOPT_TRY(const OptimizeRun run,
             stored ? ProposeRound(*home, client, options, Person(""), arguments.act)
                    : Optimize(*home, client, options));
  if (context.json) {
    fmt::print("{}\n", OptimizeJson(run));
  } else {
    fmt::print("{}", OptimizeText(run));
    for (const Plan& plan : run.plans) {
      if (stored) fmt::print("\n{}", PlanText(plan));
      if (stored && !arguments.act && plan.status == PlanStatus::kGuarded) {
        fmt::print("Next: maxopt approve {} --by YOUR-NAME\n", plan.id);
      }
    }
    if (stored) {
      fmt::print("Decided in {}. How and why: maxopt cycle show {}\n", run.cycle, run.cycle);
    } else if (!run.plans.empty()) {
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
