#pragma once
#include <optional>
#include <string>
#include <vector>

#include "app/home/home.h"
#include "stages/optimize/rules/rules.h"

/// The rules of a home: rules.yaml, rules-<anything>.yaml, one file per client.
namespace maxopt {

RulesWorld RulesWorldOf(Home& home);

struct RulesFile {
  std::string path;
  RuleSet set;
};
/// Every file of rules in the home, by name. The first that cannot be read is the error: with its
/// line. kInvalidArgument: two files of one client.
Result<std::vector<RulesFile>> RulesFiles(const Home& home);
/// The client's; nullopt: there is none.
Result<std::optional<RulesFile>> RulesOf(const Home& home, const std::string& client);

/// One run. With `propose` the drafts go through the door, where they wait for an approval (nothing
/// here approves or applies), and what rules notify of becomes alerts; without, nothing is stored.
/// Refused like every automatic change: kRefused to propose without a policy.
struct RulesRound {
  RulesFile file;
  RulesRun run;           ///< its plans as the door stored them
  int alerts_opened = 0;  ///< with propose
  int alerts_resolved = 0;
};
Result<RulesRound> RunRulesOf(Home& home, const std::string& client, bool propose);

}  // namespace maxopt
