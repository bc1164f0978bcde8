// lab: one piece of measure or decide on plain files; src/app/lab/ has one .cc for each.
#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "app/cli/families.h"
#include "app/lab/lab.h"

namespace maxopt {

void AddLabCommands(CLI::App& app, std::function<Result<int>()>& run) {
  auto* family = app.add_subcommand("lab", "the pure core on plain files, without accounts");
  family->require_subcommand(1);
  const auto add = [&]<class Arguments>(const char* name, const char* help,
                                        Result<int> (*function)(const Arguments&)) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command = family->add_subcommand(name, help);
    // It keeps the arguments as long as the command line is there.
    command->callback([&run, arguments, function] {
      run = [arguments, function] { return function(*arguments); };
    });
    return std::pair(command, arguments.get());
  };
  const auto [anomalies_command, anomalies] =
      add("anomalies", "score every timestamp,value CSV below a folder", lab::Anomalies);
  anomalies_command->add_option("--in", anomalies->in, "folder of *.csv, read with its subfolders")
      ->required();
  anomalies_command
      ->add_option("--out", anomalies->out, "folder for the same paths with anomaly_score,alert")
      ->required();
  const auto [forecast_command, forecast] =
      add("forecast", "continue a timestamp,value CSV", lab::ForecastFile);
  forecast_command->add_option("--series", forecast->series, "CSV with columns timestamp,value")
      ->required();
  forecast_command->add_option("--horizon", forecast->horizon, "steps ahead")->required();
  forecast_command->add_option("--out", forecast->out, "file to write; standard output without");
  forecast_command->add_option("--seed", forecast->seed, "of the simulated futures");
  const auto [attribution_command, attribution] =
      add("attribution", "give the channels on paths credit for conversions", lab::Attribute);
  attribution_command
      ->add_option("--paths", attribution->paths,
                   "CSV path,conversions,conversion_value,null_conversions; a path as \"a > b\"")
      ->required();
  attribution_command
      ->add_option("--model", attribution->model,
                   "last, first, linear, time_decay, position, markov, markov:K or shapley")
      ->required();
  attribution_command
      ->add_option("--half-life", attribution->half_life, "of time_decay, in touches")
      ->check(CLI::Range(0.001, 1e6))
      ->capture_default_str();
  attribution_command->add_option("--out", attribution->out, "file (default: standard output)");
  const auto [tests_command, tests] =
      add("test", "answer a JSON array of statistical tests", lab::Tests);
  tests_command->add_option("--in", tests->in, "JSON array of cases (docs/significance.md)")
      ->required();
  tests_command->add_option("--out", tests->out, "file (default: standard output)");
  const auto [allocate_command, allocate] =
      add("allocate", "split a budget over response curves, with certificate", lab::AllocateFile);
  allocate_command->add_option("--problem", allocate->problem, "JSON (docs/allocation.md)")
      ->required();
  allocate_command->add_option("--out", allocate->out, "file (default: standard output)");
  const auto [bandit_command, bandit] =
      add("bandit", "shares for arms from JSON lines, a line out for a line in", lab::RunBandit);
  bandit_command->add_option("--in", bandit->in, "file of JSON lines (default: standard input)");
  bandit_command->add_option("--out", bandit->out, "file (default: standard output)");
  bandit_command->add_option("--policy", bandit->policy, "thompson, top_two or ab")
      ->capture_default_str();
  bandit_command->add_option("--floor", bandit->floor, "least share of an available arm");
  bandit_command->add_option("--cap", bandit->cap, "largest share of an arm");
  const auto [lift_command, lift] =
      add("lift", "what a test brought, by places or in one series; or its design", lab::LiftFile);
  lift_command->add_option("--panel", lift->panel, "CSV day|date,geo,sales|y[,spend,group,period]");
  lift_command->add_option("--treated", lift->treated, "geos that were treated: a,b");
  lift_command->add_option("--start", lift->start, "first day of the test");
  lift_command->add_option("--end", lift->end, "last day of the test");
  lift_command->add_option("--method", lift->method, "auto, synthetic_control, did or tbr")
      ->capture_default_str();
  lift_command->add_option("--cooldown", lift->cooldown, "days after it that still count");
  lift_command->add_option("--level", lift->level, "of the intervals")->capture_default_str();
  lift_command->add_option("--series", lift->series, "CSV y and covariates, one row a step");
  lift_command->add_option("--from", lift->from, "first step of the test: row from 0, or day");
  lift_command->add_option("--design", lift->design, "CSV as --panel, without a test");
  lift_command->add_option("--test-days", lift->test_days, "length of the test to design");
  lift_command->add_option("--effect", lift->effect, "relative effect it is to find: .05 is 5 %");
  lift_command->add_option("--out", lift->out, "file (default: standard output)");
  lift_command->add_option("--seed", lift->seed, "of the sampler for many covariates");
  const auto [response_command, response] =
      add("response", "what each campaign brings, from history alone", lab::Response);
  const auto [reallocate_command, reallocate] =
      add("reallocate", "budgets of the next step, from history to decision", lab::ReallocateFile);
  response_command->add_option("--campaigns", response->campaigns, "CSV day,campaign,spend,...")
      ->required();
  response_command->add_option("--kpi", response->kpi, "CSV day,revenue and controls")->required();
  response_command->add_option("--experiments", response->experiments,
                               "CSV campaign,start,end,lift_revenue,se");
  response_command->add_option("--window", response->window, "first:last day to answer for");
  response_command->add_option("--out", response->out, "file (default: standard output)");
  response_command->add_option("--seed", response->seed, "of the posterior draws");
  reallocate_command->add_option("--campaigns", reallocate->campaigns, "CSV day,campaign,spend,...")
      ->required();
  reallocate_command->add_option("--kpi", reallocate->kpi, "CSV day,revenue and controls")
      ->required();
  reallocate_command->add_option("--context", reallocate->context, "JSON: totals and horizon")
      ->required();
  reallocate_command->add_option("--out", reallocate->out, "CSV campaign,budget")->required();
  reallocate_command->add_option("--seed", reallocate->seed, "of the posterior draws");
}

}  // namespace maxopt
