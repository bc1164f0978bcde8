#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/platform.h"
#include "decide/alerting/alerting.h"
#include "decide/rules/rules.h"
#include "domain/plan.h"
#include "domain/policy.h"
#include "memory/campaigns/campaigns.h"
#include "memory/facts/facts.h"

/// A client's rules over what Max knows: proposals, never writes. The language is docs/rules.md.
namespace maxopt {

/// kInvalidArgument with file and line. Refused before anything is built of it: anchors and aliases
/// (small files that grow huge), more than 64 levels, more than 8 MiB, a second document.
Result<RuleSet> ReadRules(std::string_view yaml, const std::string& file);
/// A commented file to begin with; it proposes nothing.
std::string RulesTemplate();

struct RulesWorld {
  CampaignStore* store;
  FactStore* facts;
  Clock* clock;
  std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)> reader;
};

struct RulesRun {
  RuleFacts facts;
  RuleVerdict verdict;
  /// Drafts for the one door, one at most of each kind: what rules may propose as it is, and pauses
  /// of what converts, which another signal has to confirm. Never empty of changes.
  std::vector<Plan> plans;
  /// What rules with notify say now, with the looks and scopes that RaiseAlerts needs. An open
  /// alert of a rule that could not be judged is told again: unknown ends nothing.
  std::vector<Condition> conditions;
  std::vector<Look> looks;
  AlertScopes scopes;
  std::vector<std::string> notes;  ///< accounts that could not be read, levels that are mixed
};

/// Judges the rules on the client's accounts as they are now. An account that cannot be read is
/// held, the others go on. Without a policy drafts are made all the same; the door refuses them.
/// Errors: kNotFound for a client that is not known; our own memory's.
Result<RulesRun> RunRules(const RulesWorld& world, const RuleSet& set, const Policy* policy);

/// For people and for programs.
std::string RulesText(const RuleSet& set, const RulesRun& run);
std::string RulesJson(const RuleSet& set, const RulesRun& run);

struct BacktestOptions {
  Day from{};
  Day to{};
  int hour = 8;  ///< of the client's clock, at which the rules are run each day
};

/// What came of the days after a firing, as it is known now. Absent while a day of them is not over
/// or not known.
struct BacktestOutcome {
  int days = 0;
  bool known = false;
  bool mature = false;  ///< its conversions will hardly change
  std::string why{};    ///< not known, or not mature
  Money spend = Money::Zero(kNoCurrency);
  std::optional<double> conversions{};
  std::optional<Money> revenue{};
};

struct BacktestFiring {
  Day day{};
  Instant at{};
  std::string rule, action, why;
  AccountId account;
  Level level{};
  std::string id, name;
  bool notice = false;
  bool needs_second_signal = false;
  std::vector<BacktestOutcome> outcomes{};  ///< of the 7 and 14 days after
};

struct Backtest {
  std::vector<BacktestFiring> firings;  ///< in order of time
  struct Count {
    std::string rule;
    int proposed = 0, noticed = 0, suppressed = 0, undecided = 0;
  };
  std::vector<Count> counts;                         ///< by rule, in order of the file
  std::vector<std::pair<std::string, int>> reasons;  ///< why nothing came of it, most often first
  std::vector<std::string> notes;                    ///< what a reader must know of this back-test
};

/// Runs the rules at `hour` of each day on the facts as they were known then, with the settings
/// that our own plans tell of that time. What was only learnt later is used for the outcomes alone.
/// A rule's own earlier firings of the back-test count for cooldowns and caps, and what it paused
/// stays paused; the market does not answer to them. kInvalidArgument: from after to, more than 366
/// days, or days that are not over.
Result<Backtest> BacktestRules(const RulesWorld& world, const RuleSet& set, const Policy* policy,
                               const BacktestOptions& options);
std::string BacktestText(const Backtest& backtest);
std::string BacktestJson(const Backtest& backtest);

}  // namespace maxopt
