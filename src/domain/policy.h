#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/change.h"
#include "money/money.h"

namespace maxopt {

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
};

}  // namespace maxopt
