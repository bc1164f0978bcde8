#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/policy.h"
#include "stages/setup/compile/compile.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt {

/// What keeps a plan from being made (kFail), is shown (kWarn), or is worth knowing (kNote).
enum class Severity { kFail, kWarn, kNote };
std::string_view SeverityName(Severity severity);

/// kNotChecked is not a pass: what it needs (files, live state, a browser) was not at hand.
enum class CheckStatus { kPass, kWarn, kFail, kNotApplicable, kNotChecked };
std::string_view CheckStatusName(CheckStatus status);

/// When a checklist is run.
enum class CheckPhase { kBeforeLaunch, kHour1, kHour24, kOnDemand };
std::string_view CheckPhaseName(CheckPhase phase);

/// All that checks may look at. Pointers may be null: then what needs them is kNotChecked.
struct CheckContext {
  const CampaignDocuments* documents;
  const PlatformSpecs* specs;
  const Desired* desired;
  const std::vector<ClientAccount>* accounts;
  const Policy* policy;
  const LiveState* live;
  const std::vector<LandingEvidence>* landing;
  const std::vector<LearnedConstraint>* learned;
  Day today{};
  CheckPhase phase = CheckPhase::kBeforeLaunch;
  /// Also the checks that follow from platforms which this product does not write to.
  bool every_platform = false;
};

/// One check of the registry, as data.
struct CheckInfo {
  std::string id;      ///< "budget.sum"
  std::string family;  ///< setup | tracking | creative | targeting | budget | policy | naming
  Severity severity;   ///< of its failure
  std::optional<Platform> platform;  ///< of one platform only
  std::string question;              ///< "Do the packages' budgets add up to the brief's total?"
  std::string fix;                   ///< what to do when it fails, in general
  std::string source = {};           ///< where the rule was read and when; of platforms' rules
};
/// All checks, at least 120; ids are unique. Those generated from the platform requirements are
/// made from the specs that came with the program.
std::span<const CheckInfo> CheckRegistry();

struct CheckResult {
  std::string check;
  std::string family;
  Severity severity;
  CheckStatus status;
  std::string package;        ///< empty: of the whole campaign
  std::vector<Place> places;  ///< both, where two documents contradict each other
  std::string evidence;       ///< what was seen, with the numbers
  std::string fix;
};

struct Checklist {
  CheckPhase phase;
  Day day{};
  std::vector<CheckResult> results;
  /// 0 to 100: weight of what passed over the weight of what was judged (fail counts 3, warn 1 by
  /// severity; not applicable and not checked are left out, the latter is told beside the score).
  /// nullopt when nothing could be judged.
  std::optional<int> score;
  int passed = 0, warned = 0, failed = 0, not_applicable = 0, not_checked = 0;
};

/// Runs every check of the registry over every package. Pure; order is the registry's.
Checklist RunChecks(const CheckContext& context);
/// True when something keeps a plan from being made.
bool Blocks(const Checklist& checklist);

/// Ads that are judged by themselves, before or without a plan.
struct LintInput {
  /// Of which only the creatives must be there. Ads that run in packages of the media plan are
  /// judged as what they are there.
  const CampaignDocuments* documents;
  /// Judged for these; empty: those of the media plan, and without one those that this product
  /// writes to. An ad without picture or video is a search ad where a platform has such.
  std::vector<Platform> platforms;
  const PlatformSpecs* specs;
};
struct LintFinding {
  std::string rule;  ///< id of the check: "google_ads.review.punctuation"
  Severity severity;
  std::string package;        ///< of the media plan, or the platform; empty: of the whole library
  std::vector<Place> places;  ///< as the documents have them
  std::string evidence;       ///< which ad, which text, what in it
  std::string suggestion, source;
};
struct LintReport {
  int ads = 0, rules = 0;
  std::vector<Platform> platforms;
  std::vector<LintFinding> findings;   ///< what fails first, then in the order of the rules
  std::vector<std::string> by_person;  ///< rules that no program can judge, with their platform
};
/// The rules about texts and files of the same registry that is run before a launch. Pure.
LintReport LintAds(const LintInput& input);
std::string LintJson(const LintReport& report);

/// For people: what is wrong first, by family and package, each with its places and what to do;
/// passes are counted, and listed only when `verbose`.
std::string ChecklistMarkdown(const Checklist& checklist, bool verbose = false);
/// For programs: schemas/checklist.schema.json. All results, members sorted.
std::string ChecklistJson(const Checklist& checklist);
/// docs/checks.md: every check of the registry.
std::string RegistryMarkdown();

}  // namespace maxopt
