// rules: check, run, backtest, template.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/rules/rules.h"

namespace maxopt {

using nlohmann::ordered_json;

namespace {

Result<std::string> ClientOf(Home& home, const std::string& wanted) {
  if (!wanted.empty()) {
    MAXOPT_TRY(const Client client, home.store().GetClient(wanted));
    return client.name;
  }
  MAXOPT_TRY(const std::vector<RulesFile> files, RulesFiles(home));
  if (files.size() == 1) return files.front().set.client;
  return Fail(Errc::kInvalidArgument,
              files.empty() ? fmt::format("there are no rules in {}; maxopt rules template shows a "
                                          "file to begin with",
                                          home.folder())
                            : std::string("which client? --client; there are several rules files"));
}

}  // namespace

Result<int> RulesTemplateCommand() {
  fmt::print("{}", RulesTemplate());
  return kExitOk;
}

Result<int> RulesCheckCommand(const CommandContext& context, const std::string& file) {
  std::vector<RulesFile> files;
  if (!file.empty()) {
    MAXOPT_TRY(const std::string text, ReadWholeFile(file));
    MAXOPT_TRY(RuleSet set, ReadRules(text, file));
    files.push_back({file, std::move(set)});
  } else {
    MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
    MAXOPT_TRY(files, RulesFiles(*home));
    if (files.empty()) {
      return Fail(Errc::kNotFound, fmt::format("there are no rules in {}; maxopt rules template "
                                               "shows a file to begin with",
                                               home->folder()));
    }
    for (const RulesFile& each : files) {
      const auto client = home->store().GetClient(each.set.client);
      if (!client) return FailWithin(each.path, client.error());
      if (client->currency != each.set.currency) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("{}: the rules are in {}, client \"{}\" is in {}", each.path,
                                each.set.currency.name(), client->name, client->currency.name()));
      }
    }
  }
  ordered_json out = ordered_json::array();
  for (const RulesFile& each : files) {
    out.push_back({{"file", each.path},
                   {"client", each.set.client},
                   {"rules", each.set.rules.size()},
                   {"days_needed", each.set.days_needed()}});
    if (context.json) continue;
    fmt::print("{}: {} rules of client \"{}\", nothing wrong; they look back {} days\n", each.path,
               each.set.rules.size(), each.set.client, each.set.days_needed());
  }
  if (context.json) fmt::print("{}\n", out.dump(2));
  return kExitOk;
}

Result<int> RulesRunCommand(const CommandContext& context, const std::string& client,
                            bool propose) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::string name, ClientOf(*home, client));
  MAXOPT_TRY(const RulesRound round, RunRulesOf(*home, name, propose));
  if (context.json) {
    fmt::print("{}\n", RulesJson(round.file.set, round.run));
  } else {
    fmt::print("{}", RulesText(round.file.set, round.run));
    for (const Plan& plan : round.run.plans) {
      if (propose) fmt::print("\n{}", PlanText(plan));
      if (propose && plan.status == PlanStatus::kGuarded) {
        fmt::print("Next: maxopt approve {} --by YOUR-NAME\n", plan.id);
      }
    }
    if (propose) {
      fmt::print("{} alerts opened, {} resolved\n", round.alerts_opened, round.alerts_resolved);
    } else if (!round.run.verdict.changes.empty() || !round.run.verdict.notices.empty()) {
      fmt::print("\nNothing was stored. Next: maxopt rules run --propose\n");
    }
  }
  return round.run.plans.empty() ? kExitOk : kExitPending;
}

Result<int> RulesBacktestCommand(const CommandContext& context,
                                 const RulesBacktestArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  std::optional<RulesFile> file;
  std::string name = arguments.client;
  if (!arguments.file.empty()) {
    MAXOPT_TRY(const std::string text, ReadWholeFile(arguments.file));
    MAXOPT_TRY(RuleSet set, ReadRules(text, arguments.file));
    if (!name.empty() && name != set.client) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} is of client \"{}\"", arguments.file, set.client));
    }
    name = set.client;
    file = RulesFile{arguments.file, std::move(set)};
  } else {
    MAXOPT_TRY(name, ClientOf(*home, name));
    MAXOPT_TRY(file, RulesOf(*home, name));
    if (!file) {
      return Fail(Errc::kNotFound, fmt::format("there are no rules of client \"{}\"", name));
    }
  }
  BacktestOptions options;
  options.hour = arguments.hour;
  auto from = ParseDay(arguments.from);
  if (!from) return FailWithin("--from", from.error());
  auto to = ParseDay(arguments.to);
  if (!to) return FailWithin("--to", to.error());
  options.from = *from;
  options.to = *to;
  MAXOPT_TRY(const std::optional<Policy> policy, home->PolicyOf(name));
  MAXOPT_TRY(const Backtest backtest,
             BacktestRules(RulesWorldOf(*home), file->set, policy ? &*policy : nullptr, options));
  fmt::print("{}{}", context.json ? BacktestJson(backtest) : BacktestText(backtest),
             context.json ? "\n" : "");
  return kExitOk;
}

}  // namespace maxopt
