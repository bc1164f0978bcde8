// cycle: the decision cycle of a stage, its trace, and its replay.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/families.h"
#include "app/cli/open.h"
#include "app/cycle/cycle.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

struct CycleArguments {
  CycleRequest request;
  std::string id, client, stage, state;
  int limit = 50;
};

std::string DumpCycle(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

/// kExitPending where a plan waits for a person; kExitError where the cycle stopped.
int ShowRun(const CommandContext& context, const CycleRun& run) {
  if (context.json) {
    ordered_json out{{"cycle", ordered_json::parse(ToJson(run.cycle))},
                     {"head", HeadOf(run.cycle)},
                     {"went_on", run.went_on},
                     {"notes", run.notes}};
    fmt::print("{}\n", DumpCycle(out));
  } else {
    for (const std::string& note : run.notes) fmt::print("note: {}\n", note);
    if (run.went_on) fmt::print("It was cut off before, and is gone on with.\n");
    fmt::print("{}", CycleText(run.cycle));
    if (run.stopped) {
      fmt::print("Stopped. Next: maxopt cycle resume {}\n", run.cycle.id);
    } else {
      fmt::print("Again from what it saw: maxopt cycle replay {}\n", run.cycle.id);
    }
  }
  if (run.stopped) return kExitError;
  const auto execution = static_cast<std::size_t>(CycleStep::kExecution);
  if (run.cycle.steps.size() <= execution) return kExitOk;
  const auto done = ordered_json::parse(run.cycle.steps[execution].input, nullptr, false);
  bool waits = done.is_object() && done.value("status", "") == "guarded";
  if (done.is_object() && done.contains("plans") && done["plans"].is_array()) {
    for (const ordered_json& plan : done["plans"]) {
      waits = waits || (plan.is_object() && plan.value("status", "") == "guarded");
    }
  }
  return waits ? kExitPending : kExitOk;
}

Result<int> CycleRunCommand(const CommandContext& context, CycleArguments arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(arguments.request.client, OnlyClient(*home, arguments.request.client));
  arguments.request.by = Person(arguments.request.by);
  MAXOPT_TRY(const CycleRun run, RunStageCycle(*home, arguments.request));
  return ShowRun(context, run);
}

Result<int> CycleResumeCommand(const CommandContext& context, const CycleArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const CycleRun run, ResumeStageCycle(*home, arguments.id));
  return ShowRun(context, run);
}

Result<int> CycleListCommand(const CommandContext& context, const CycleArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  if (!arguments.state.empty()) MAXOPT_CHECK(FindCycleState(arguments.state));
  MAXOPT_TRY(const std::vector<StoredCycle> rows,
             Cycles(home->store(), {.client = arguments.client,
                                    .stage = arguments.stage,
                                    .state = arguments.state,
                                    .limit = arguments.limit}));
  ordered_json out = ordered_json::array();
  for (const StoredCycle& row : rows) {
    const auto cycle = CycleFromJson(row.body);
    std::string at;
    if (!cycle) {
      at = cycle.error().what;
    } else if (!cycle->steps.empty()) {
      at = CycleStepName(static_cast<CycleStep>(cycle->steps.size() - 1));
    }
    out.push_back({{"id", row.id},
                   {"stage", row.stage},
                   {"client", row.client},
                   {"state", row.state},
                   {"step", at},
                   {"began_at", PrintInstant(row.began_at)},
                   {"updated_at", PrintInstant(row.updated_at)},
                   {"problem", cycle ? cycle->problem : ""}});
    if (context.json) continue;
    fmt::print("{}  {:<8}  {:<9}  {:<10}  {}  {}\n", row.id, row.stage, row.state, at,
               PrintInstant(row.began_at), row.client);
    if (cycle && !cycle->problem.empty()) fmt::print("    {}\n", cycle->problem);
  }
  if (context.json) {
    fmt::print("{}\n", DumpCycle(out));
  } else if (rows.empty()) {
    fmt::print("no cycle was run; maxopt cycle run STAGE CLIENT runs one\n");
  }
  return kExitOk;
}

Result<int> CycleShowCommand(const CommandContext& context, const CycleArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Cycle cycle, ReadCycle(home->store(), arguments.id));
  if (context.json) {
    fmt::print("{}\n", DumpCycle(ordered_json::parse(ToJson(cycle))));
  } else {
    fmt::print("{}", CycleText(cycle));
  }
  return kExitOk;
}

Result<int> CycleReplayCommand(const CommandContext& context, const CycleArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const CycleReplay replay, ReplayStageCycle(*home, arguments.id));
  ordered_json steps = ordered_json::array();
  for (const ReplayedStep& step : replay.steps) {
    ordered_json one{{"step", CycleStepName(step.step)}, {"same", step.same}};
    if (!step.same) {
      one["place"] = step.place;
      one["kept"] = step.kept;
      one["now"] = step.now;
    }
    steps.push_back(std::move(one));
    if (context.json) continue;
    fmt::print("{:<11} {}\n", CycleStepName(step.step),
               step.same ? "the same, byte for byte" : "OTHER");
  }
  if (context.json) {
    fmt::print("{}\n", DumpCycle(ordered_json{{"id", arguments.id},
                                              {"same", replay.same},
                                              {"why", replay.why},
                                              {"steps", std::move(steps)}}));
  } else if (!replay.same) {
    fmt::print("{}\n", replay.why);
  } else if (replay.steps.empty()) {
    fmt::print("no step was finished\n");
  }
  return replay.same ? kExitOk : kExitError;
}

}  // namespace

void AddCycleCommands(CLI::App& app, const CommandContext& context,
                      std::function<Result<int>()>& run) {
  const auto arguments = std::make_shared<CycleArguments>();
  CycleRequest& request = arguments->request;
  auto* cycle = app.add_subcommand("cycle",
                                   "goal, planning, evaluation, selection, execution, learning: "
                                   "decide as one cycle that is kept and can be replayed");
  cycle->require_subcommand(1);

  auto* one = cycle->add_subcommand("run", "one cycle of a stage of the workflow");
  one->add_option("stage", request.stage, "setup, monitor, optimize or report")->required();
  one->add_option("client", request.client, "may be left out when there is one");
  one->add_flag("--dry-run", request.dry, "decide, and propose, raise and make nothing");
  one->add_flag("--act", request.act, "optimize: apply what the policy lets pass without a person");
  one->add_option("--lever", request.levers, "optimize: only these; maxopt levers lists them")
      ->allow_extra_args(false);
  one->add_option("--days", request.days, "optimize: how far back levers look")
      ->check(CLI::Range(14, 400));
  one->add_flag_callback(
      "--no-tactics", [arguments] { arguments->request.tactics = false; },
      "optimize: predictions as the levers make them");
  one->add_option("--documents", request.documents, "setup: a folder, or the files");
  one->add_option("--kind", request.report.kind, "report: its kind")->capture_default_str();
  one->add_option("--audience", request.report.audience,
                  "report: executive client operator auditor");
  one->add_option("--language", request.report.language, "report: en, de");
  one->add_option("--by", request.by, "who asks (the system's user)");
  one->callback([&context, &run, arguments] {
    run = [&context, arguments] { return CycleRunCommand(context, *arguments); };
  });

  auto* resume = cycle->add_subcommand("resume", "go on with one that was cut off or stopped");
  resume->add_option("id", arguments->id, "maxopt cycle list")->required();
  resume->callback([&context, &run, arguments] {
    run = [&context, arguments] { return CycleResumeCommand(context, *arguments); };
  });

  auto* list = cycle->add_subcommand("list", "those that were run, newest first");
  list->add_option("--client", arguments->client, "only this one");
  list->add_option("--stage", arguments->stage, "only this one");
  list->add_option("--state", arguments->state, "running, stopped, done or abandoned");
  list->add_option("--limit", arguments->limit, "at most so many")->check(CLI::Range(1, 10'000));
  list->callback([&context, &run, arguments] {
    run = [&context, arguments] { return CycleListCommand(context, *arguments); };
  });

  auto* show = cycle->add_subcommand("show", "its trace: what each step saw and came to");
  show->add_option("id", arguments->id, "maxopt cycle list")->required();
  show->callback([&context, &run, arguments] {
    run = [&context, arguments] { return CycleShowCommand(context, *arguments); };
  });

  auto* replay = cycle->add_subcommand("replay", "decide again from what it saw, and compare");
  replay->add_option("id", arguments->id, "maxopt cycle list")->required();
  replay->callback([&context, &run, arguments] {
    run = [&context, arguments] { return CycleReplayCommand(context, *arguments); };
  });
}

}  // namespace maxopt
