#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/change.h"
#include "domain/fx.h"
#include "money/money.h"
#include "result/result.h"

namespace maxopt {

/// How far Max goes of its own accord. Stopping what is unsafe is allowed in every mode.
enum class PolicyMode {
  kObserve,    ///< automatic plans are refused
  kRecommend,  ///< they are proposed; a person approves each
  kAct,        ///< those of `auto_approve` within the envelope need no person
};
std::string_view PolicyModeName(PolicyMode mode);  ///< "observe", "recommend", "act"

/// What a policy may forbid altogether, whoever asks; pausing what is unsafe is always possible.
enum class Operation {
  kCreate,
  kActivate,
  kPause,
  kRemove,
  kRaiseBudget,
  kCutBudget,
  kBid,        ///< bids, bid strategies and their targets
  kTargeting,  ///< who, where and when
  kCreative,   ///< what ads say and show
  kOther,
};
std::string_view OperationName(Operation operation);  ///< "create", ..., "raise_budget", "bid"
Result<Operation> FindOperation(std::string_view name);
/// What a change does, each once; never empty.
std::vector<Operation> OperationsOf(const Change& change);

/// What automatic plans may move without a person: amounts of daily budget, each counted as the
/// worst day of its platform (over-delivery). Absent: no limit but the caps.
struct Envelope {
  std::optional<Money> per_change;
  std::optional<Money> per_day;      ///< all accounts, within 24 hours
  std::optional<Money> per_account;  ///< one account, within 24 hours
  std::optional<int> changes_per_day;
};

/// What one kind of change (Reason) may do alone, by its record: see decide/autonomy.
struct Autonomy {
  bool may_act = true;
  double scale = 1;  ///< of the envelope's amounts, in (0, 1]
  std::string why;   ///< one sentence with its numbers
};

/// Places that are kept without advertising all the time, by turns, so that what the advertising
/// brings is always being measured: decide/experiments, RotatingHoldout.
struct HoldoutSetting {
  int share_bp = 500;  ///< of the advertising that may rest at once, in (0, 5'000]
  int turn_days = 28;  ///< four weeks, so that every weekday weighs the same in a turn
};

/// What a client allows. Without one nothing is written (fail closed).
struct Policy {
  std::string client;
  Currency currency;
  /// Most that all accounts together may spend on the worst day, over-delivery included.
  Money worst_day_cap;
  /// The same for one platform, where stated.
  std::map<Platform, Money> platform_caps;
  /// Largest move of one budget in one change, up or down. 2'000 = 20 %.
  int step_max_bp = 2'000;
  /// Rest of an object between two budget changes of ours.
  int cooldown_hours = 20;
  /// Automatic plans are refused when the newest facts are older than this.
  int data_age_max_hours = 36;
  /// Reasons whose plans need no person, within the steps and caps above. Empty: all need one.
  std::vector<Reason> auto_approve;
  /// How long an approval may wait for its apply.
  int approval_hours = 24;
  /// Whoever approves is neither who made the plan nor who applies it.
  bool two_people = false;
  /// An approval is asked again when the worst day moved by more than this since. 1'000 = 10 %.
  int exposure_drift_max_bp = 1'000;
  /// A campaign that spends, or may spend, more than this many times its plan is paused first and
  /// told of after. 30'000 = 3 times; 0: it is only told of.
  int tripwire_bp = 30'000;
  PolicyMode mode = PolicyMode::kAct;
  Envelope envelope{};
  std::vector<Operation> blocked_operations{};
  /// The envelope grows with the measured record of each kind of change, and ends where it errs
  /// (decide/autonomy). False: the envelope is as written whatever was measured.
  bool earned_autonomy = true;
  std::optional<HoldoutSetting> holdout{};  ///< absent: no place rests but in a started experiment
  /// A day is decided on once this share of its final conversions is known. 9'500 = 95 %: the rest
  /// is below the luck of 400 conversions.
  int known_least_bp = 9'500;
  /// What is known of tactics moves what changes are predicted to bring (stages/optimize/tactics).
  bool use_tactics = true;
  /// Whether other clients may learn from what was measured here: relative effects only, pooled
  /// with those of at least two further clients, never a name, an amount or a day.
  bool share_results = true;
  /// A rate of exchange that is older is told of, and no automatic plan that it converts passes
  /// without a person.
  int rate_age_max_days = kRateAgeMaxDays;
};

}  // namespace maxopt
