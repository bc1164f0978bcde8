#include "app/rules/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace maxopt {

RulesWorld RulesWorldOf(Home& home) {
  const OptimizeWorld world = home.optimize_world();
  return {world.store, world.facts, world.clock, world.reader};
}

Result<std::vector<RulesFile>> RulesFiles(const Home& home) {
  std::error_code error;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(home.folder(), error)) {
    const std::string name = entry.path().filename();
    const bool ours =
        name == "rules.yaml" || (name.starts_with("rules-") && name.ends_with(".yaml"));
    if (ours) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<RulesFile> out;
  for (const std::string& path : paths) {
    MAXOPT_TRY(const std::string text, ReadWholeFile(path));
    MAXOPT_TRY(RuleSet set, ReadRules(text, path));
    for (const RulesFile& other : out) {
      if (other.set.client != set.client) continue;
      return Fail(Errc::kInvalidArgument, fmt::format("client \"{}\" has rules in {} and in {}",
                                                      set.client, other.path, path));
    }
    out.push_back({path, std::move(set)});
  }
  return out;
}

Result<std::optional<RulesFile>> RulesOf(const Home& home, const std::string& client) {
  MAXOPT_TRY(std::vector<RulesFile> files, RulesFiles(home));
  for (RulesFile& file : files) {
    if (file.set.client == client) return std::optional(std::move(file));
  }
  return std::optional<RulesFile>();
}

Result<RulesRound> RunRulesOf(Home& home, const std::string& client, bool propose) {
  MAXOPT_TRY(std::optional<RulesFile> file, RulesOf(home, client));
  if (!file) {
    return Fail(
        Errc::kNotFound,
        fmt::format("there are no rules of client \"{}\" in {}; maxopt rules template shows "
                    "a file to begin with",
                    client, home.folder()));
  }
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client));
  if (propose && !policy) {
    return Fail(Errc::kRefused, fmt::format("client \"{}\" has no policy file, so nothing is "
                                            "proposed; maxopt init writes one to edit",
                                            client));
  }
  MAXOPT_TRY(RulesRun run, RunRules(RulesWorldOf(home), file->set, policy ? &*policy : nullptr));
  RulesRound round{std::move(*file), std::move(run)};
  if (!propose) return round;
  for (Plan& plan : round.run.plans) {
    MAXOPT_TRY(plan, home.door().Propose(std::move(plan), &*policy));
  }
  MAXOPT_TRY(const AlertConfig config, home.Alerting());
  const NotifyWires wires = MakeNotifyWires();
  MAXOPT_TRY(const AlertRound alerts,
             RaiseAlerts(home.alerting_world(config, wires), round.run.conditions, round.run.looks,
                         round.run.scopes, home.clock().Now()));
  round.alerts_opened = static_cast<int>(alerts.opened.size());
  round.alerts_resolved = static_cast<int>(alerts.resolved.size());
  for (const std::string& note : alerts.notes) round.run.notes.push_back(note);
  return round;
}

}  // namespace maxopt
