// experiments: propose, start, stop, show, measure, books.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/families.h"
#include "app/cli/open.h"
#include "app/trials/trials.h"

namespace maxopt {

using nlohmann::ordered_json;

namespace {

/// The one client of the home where none is named.
Result<std::string> ClientOf(Home& home, const std::string& wanted) {
  if (!wanted.empty()) {
    MAXOPT_TRY(const Client client, home.store().GetClient(wanted));
    return client.name;
  }
  MAXOPT_TRY(const std::vector<Client> clients, home.store().Clients());
  if (clients.size() == 1) return clients.front().name;
  return Fail(Errc::kInvalidArgument, clients.empty() ? "there is no client yet; maxopt connect"
                                                      : "which client? --client");
}

/// Of whom the experiment is.
Result<std::string> OwnerOf(Home& home, const std::string& id, const std::string& wanted) {
  if (!wanted.empty()) return ClientOf(home, wanted);
  MAXOPT_TRY(const std::vector<Client> clients, home.store().Clients());
  for (const Client& client : clients) {
    MAXOPT_TRY(const std::vector<Trial> trials, TrialsOf(home.store(), client.name));
    for (const Trial& trial : trials) {
      if (trial.id == id) return client.name;
    }
  }
  return Fail(Errc::kNotFound, fmt::format("there is no experiment \"{}\"; maxopt experiments "
                                           "propose looks for some",
                                           id));
}

void Print(const CommandContext& context, const Trial& trial) {
  fmt::print("{}{}", context.json ? TrialJson(trial) : TrialText(trial), context.json ? "\n" : "");
}

}  // namespace

Result<int> ExperimentsProposeCommand(const CommandContext& context,
                                      const ExperimentArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::string client, ClientOf(*home, arguments.client));
  MAXOPT_TRY(const Client who, home->store().GetClient(client));
  MAXOPT_TRY(const std::optional<Policy> policy, home->PolicyOf(client));
  TrialOptions options;
  options.horizon_days = arguments.horizon_days;
  options.gross_margin = arguments.gross_margin;
  options.all = arguments.all;
  MAXOPT_TRY(const TrialProposals proposals,
             ProposeTrials(TrialsWorldOf(*home), client, policy ? &*policy : nullptr, options));
  fmt::print("{}{}",
             context.json ? ProposalsJson(proposals) : ProposalsText(proposals, who.currency),
             context.json ? "\n" : "");
  return proposals.trials.empty() ? kExitOk : kExitPending;
}

Result<int> ExperimentsStartCommand(const CommandContext& context,
                                    const ExperimentArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::string client, OwnerOf(*home, arguments.id, arguments.client));
  MAXOPT_TRY(const std::optional<Policy> policy, home->PolicyOf(client));
  MAXOPT_TRY(const Trial trial, StartTrial(TrialsWorldOf(*home), client, arguments.id, arguments.by,
                                           policy ? &*policy : nullptr));
  Print(context, trial);
  return trial.state == TrialState::kRunning ? kExitOk : kExitPending;
}

Result<int> ExperimentsStopCommand(const CommandContext& context,
                                   const ExperimentArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::string client, OwnerOf(*home, arguments.id, arguments.client));
  MAXOPT_TRY(const std::optional<Policy> policy, home->PolicyOf(client));
  MAXOPT_TRY(const Trial trial, StopTrial(TrialsWorldOf(*home), client, arguments.id, arguments.by,
                                          policy ? &*policy : nullptr));
  Print(context, trial);
  return trial.state == TrialState::kEnding ? kExitPending : kExitOk;
}

Result<int> ExperimentsShowCommand(const CommandContext& context,
                                   const ExperimentArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::string client, OwnerOf(*home, arguments.id, arguments.client));
  MAXOPT_TRY(const std::vector<Trial> trials, TrialsOf(home->store(), client));
  for (const Trial& trial : trials) {
    if (trial.id == arguments.id) Print(context, trial);
  }
  return kExitOk;
}

Result<int> ExperimentsMeasureCommand(const CommandContext& context,
                                      const ExperimentArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::string client, ClientOf(*home, arguments.client));
  MAXOPT_TRY(const TrialRound round, AdvanceTrialsOf(*home, client));
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"client", client},
                                    {"done", round.done},
                                    {"waiting", round.waiting},
                                    {"problems", round.problems}}
                           .dump(2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    for (const std::string& one : round.done) fmt::print("{}\n", one);
    for (const std::string& one : round.waiting) fmt::print("waiting: {}\n", one);
    for (const std::string& one : round.problems) fmt::print("problem: {}\n", one);
    if (round.done.empty() && round.waiting.empty() && round.problems.empty()) {
      fmt::print("no experiment is under way\n");
    }
  }
  if (!round.problems.empty()) return kExitError;
  return round.waiting.empty() ? kExitOk : kExitPending;
}

Result<int> ExperimentsBooksCommand(const CommandContext& context,
                                    const ExperimentArguments& arguments) {
  MAXOPT_TRY(const std::string csv, ReadWholeFile(arguments.file));
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::string client, ClientOf(*home, arguments.client));
  const std::string name = arguments.file.substr(arguments.file.find_last_of('/') + 1);
  MAXOPT_TRY(const int rows, SavePlaceBooks(home->store(), client, name, csv, home->clock().Now()));
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"client", client}, {"rows", rows}}.dump(2));
  } else {
    fmt::print("{} days of places of client \"{}\" are kept\n", rows, client);
  }
  return kExitOk;
}

void AddExperimentsCommands(CLI::App& app, const CommandContext& context,
                            std::function<Result<int>()>& run) {
  auto* experiments_command =
      app.add_subcommand("experiments", "planned comparisons and trials, what they lock and found");
  experiments_command->require_subcommand(0, 1);
  const auto client = std::make_shared<std::string>();
  experiments_command->add_option("client,--client", *client, "only this one");
  experiments_command->callback([&run, &context, client, experiments_command] {
    if (experiments_command->get_subcommands().empty()) {
      run = [&context, client] { return ExperimentsCommand(context, *client); };
    }
  });
  const auto experiment = std::make_shared<ExperimentArguments>();
  const auto experiment_command = [&](const char* name, const char* help, auto function) {
    auto* sub = experiments_command->add_subcommand(name, help);
    sub->callback([&run, &context, experiment, function] {
      run = [&context, experiment, function] { return function(context, *experiment); };
    });
    return sub;
  };
  auto* experiment_propose =
      experiment_command("propose", "what is worth measuring: design, cost and value of each",
                         ExperimentsProposeCommand);
  experiment_propose->add_option("client", experiment->client, "may be left out when there is one");
  experiment_propose
      ->add_option("--horizon", experiment->horizon_days, "days an answer is acted on")
      ->check(CLI::Range(1, 730))
      ->capture_default_str();
  experiment_propose->add_option("--margin", experiment->gross_margin, "gross margin of revenue")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
  experiment_propose->add_flag("--all", experiment->all, "also channels whose data can tell");
  for (auto* sub :
       {experiment_command("start", "lock what it moves and propose its first plan",
                           ExperimentsStartCommand),
        experiment_command("stop", "put back what it changed", ExperimentsStopCommand)}) {
    sub->add_option("id", experiment->id, "as propose names it")->required();
    sub->add_option("--by", experiment->by, "who says so")->required();
    sub->add_option("--client", experiment->client, "whose");
  }
  auto* experiment_show = experiment_command("show", "one trial whole", ExperimentsShowCommand);
  experiment_show->add_option("id", experiment->id, "as propose names it")->required();
  experiment_show->add_option("--client", experiment->client, "whose");
  auto* experiment_measure = experiment_command(
      "measure", "one round, as the job experiments runs it: switch, end, put back, read",
      ExperimentsMeasureCommand);
  experiment_measure->add_option("client", experiment->client, "may be left out when there is one");
  auto* experiment_books = experiment_command(
      "books", "keep the client's books by place (CSV day,place,revenue)", ExperimentsBooksCommand);
  experiment_books->add_option("file", experiment->file, "CSV")->required();
  experiment_books->add_option("--client", experiment->client, "whose");
}

}  // namespace maxopt
