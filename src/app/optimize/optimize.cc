#include "app/optimize/optimize.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/optimize/proposals.h"
#include "app/tactics/tactics.h"
#include "apply/apply.h"
#include "memory/campaigns/ledger.h"
#include "stages/optimize/competitors.h"
#include "stages/optimize/levers/bids/bids.h"
#include "stages/optimize/levers/creatives/creatives.h"
#include "stages/optimize/levers/devices/devices.h"
#include "stages/optimize/levers/hours/hours.h"
#include "stages/optimize/levers/people/people.h"
#include "stages/optimize/levers/places/places.h"
#include "stages/optimize/levers/searches/searches.h"

namespace maxopt {

namespace {

constexpr std::string_view kPlanner = "optimizer";
constexpr std::string_view kBudgets = "budgets";

constexpr NamedLever kLevers[] = {
    {"bids", "bids and targets by what a further unit brings", BidLever},
    {"hours", "hours of the week that lose", HourLever},
    {"places", "countries that lose, bids by what a country is worth", PlaceLever},
    {"devices", "bids by what a device is worth", DeviceLever},
    {"people", "ages, genders, placements and audiences that lose", PeopleLever},
    {"searches", "negative keywords and keywords from what people searched", SearchLever},
    {"creatives", "ads that lose or tire, spares, budgets between like ad groups", CreativeLever},
};

}  // namespace

bool Wanted(const OptimizeOptions& options, std::string_view name) {
  return options.levers.empty() ||
         std::find(options.levers.begin(), options.levers.end(), name) != options.levers.end();
}

LeverWorld LeverWorldOf(Home& home) {
  const OptimizeWorld world = home.optimize_world();
  return {world.store, world.facts, world.clock, world.reader};
}

std::span<const NamedLever> AllLevers() { return kLevers; }

Result<> CheckLevers(const std::vector<std::string>& names) {
  std::vector<std::string_view> known = {kBudgets, kModelLever};
  for (const NamedLever& lever : kLevers) known.push_back(lever.name);
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return Fail(Errc::kInvalidArgument, fmt::format("there is no lever \"{}\"; known are {}", name,
                                                    fmt::join(known, ", ")));
  }
  return {};
}

Result<> MayPropose(const std::string& client, const Policy* policy) {
  if (policy == nullptr) {
    return Fail(Errc::kRefused, fmt::format("client \"{}\" has no policy file, so nothing is "
                                            "proposed; maxopt init writes one to edit",
                                            client));
  }
  if (policy->mode == PolicyMode::kObserve) {
    return Fail(Errc::kRefused, fmt::format("the policy of client \"{}\" only observes (mode: "
                                            "observe), so nothing is proposed",
                                            client));
  }
  return {};
}

Result<std::vector<std::string>> WithdrawUndecided(Home& home, const std::string& client,
                                                   std::optional<Reason> only) {
  MAXOPT_TRY(const std::vector<Plan> plans, home.store().Plans(PlanStatus::kGuarded, kAllPlans));
  std::vector<std::string> out;
  for (const Plan& plan : plans) {
    if (plan.client != client || plan.created_by != kPlanner) continue;
    if (only && !std::ranges::all_of(
                    plan.changes, [&](const Change& change) { return change.reason == *only; })) {
      continue;
    }
    MAXOPT_CHECK(RejectPlan(home.store(), plan.id, std::string(kPlanner),
                            "nobody decided on it, and it is looked at anew", home.clock().Now()));
    out.push_back(fmt::format("{} of {} was withdrawn: nobody decided on it", plan.id,
                              PrintInstant(plan.created_at)));
  }
  return out;
}

Result<Opportunities> FindOpportunities(Home& home, const std::string& client, const Policy* policy,
                                        const OptimizeOptions& options) {
  MAXOPT_CHECK(CheckLevers(options.levers));
  Opportunities out;
  const LeverWorld world = LeverWorldOf(home);
  MAXOPT_TRY(out.state, ReadLeverState(world, client, policy, options.days));
  out.notes = out.state.notes;
  MAXOPT_TRY(const std::vector<std::string> rivals,
             CompetitorNotes(home.store(), home.facts(), client, home.clock().Now()));
  out.notes.insert(out.notes.end(), rivals.begin(), rivals.end());
  if (!Wanted(options, kBudgets)) {
    out.no_budgets = "they were not asked for";
  } else if (auto budgets = Recommend(home.optimize_world(), client, policy); budgets) {
    out.budgets = std::move(*budgets);
    out.notes.insert(out.notes.end(), out.budgets->notes.begin(), out.budgets->notes.end());
  } else {
    out.no_budgets = budgets.error().what;
  }
  for (const NamedLever& lever : kLevers) {
    if (!Wanted(options, lever.name)) continue;
    auto report = lever.run(world, out.state);
    if (!report) {
      out.problems.push_back(fmt::format("{}: {}", lever.name, report.error().what));
      continue;
    }
    out.levers.push_back(std::move(*report));
  }
  if (!options.tactics || (policy != nullptr && !policy->use_tactics)) return out;
  const auto use = [&]() -> Result<TacticsUse> {
    MAXOPT_TRY(const TacticsWorld tactics, TacticsWorldOf(home));
    MAXOPT_TRY(const TacticKnowledge knowledge, TacticKnowledge::Open(tactics, client));
    return UseTactics(knowledge, home.facts(), out.state, out.levers,
                      out.budgets ? &*out.budgets : nullptr);
  }();
  if (!use) {
    out.problems.push_back("tactics: " + use.error().what);
    return out;
  }
  out.tactics = *use;
  out.notes.insert(out.notes.end(), use->notes.begin(), use->notes.end());
  if (use->moved > 0) {
    out.notes.push_back(fmt::format(
        "{} of {} predictions were drawn to what like tactics brought (--no-tactics leaves them "
        "alone)",
        use->moved, use->looked_at));
  }
  return out;
}

Result<OptimizeRun> Optimize(Home& home, const std::string& client,
                             const OptimizeOptions& options) {
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client));
  const Policy* rules = policy ? &*policy : nullptr;
  MAXOPT_TRY(Opportunities found, FindOpportunities(home, client, rules, options));
  OptimizeRun run;
  run.client = client;
  if (found.budgets) run.budgets = found.budgets->why;
  run.no_budgets = std::move(found.no_budgets);
  run.notes = std::move(found.notes);
  run.problems = std::move(found.problems);
  for (const LeverReport& report : found.levers) {
    for (const std::string& note : report.notes) run.notes.push_back(report.lever + ": " + note);
  }
  const Plan* first = found.budgets && found.budgets->plan ? &*found.budgets->plan : nullptr;
  MAXOPT_TRY(const ChangeBudget budget, BudgetOfToday(home.store(), client, rules, found.state));
  run.round = ComposeRound(found.state, found.levers, budget, first);
  if (first != nullptr) run.plans.push_back(*first);
  run.plans.insert(run.plans.end(), run.round.plans.begin(), run.round.plans.end());
  return run;
}

Result<std::vector<Acted>> ActAlone(Home& home, std::span<const Plan> plans, const Policy& policy) {
  std::vector<Acted> out;
  for (const Plan& plan : plans) {
    Acted acted{plan.id, plan.status, ""};
    if (plan.status != PlanStatus::kGuarded) {
      acted.why = "a guard holds it";
      for (const GuardFinding& finding : plan.findings) {
        if (finding.blocks) acted.why = finding.what;
      }
    } else if (!Door::MayApproveItself(plan, policy)) {
      acted.why = "a person has to approve it";
    } else if (const auto approved = home.door().Approve(plan.id, std::string(Door::kByPolicy),
                                                         ContentHash(plan), &policy);
               !approved) {
      acted.why = approved.error().what;
    } else if (const auto report = home.door().Apply(plan.id, std::string(kPlanner), &policy);
               !report) {
      acted.status = PlanStatus::kApproved;
      acted.why = report.error().what;
    } else {
      acted.status = report->status;
    }
    out.push_back(std::move(acted));
  }
  return out;
}

}  // namespace maxopt
