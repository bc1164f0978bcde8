#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "domain/entity.h"

namespace maxopt {

/// The one thing that differs between the arms. A geo holdout keeps places without advertising; a
/// switchback turns the campaigns of its one arm off (or down) and on again by blocks of days.
enum class ExperimentVariable { kCreative, kAudience, kBid, kGeoHoldout, kSwitchback };
std::string_view ExperimentVariableName(ExperimentVariable variable);
Result<ExperimentVariable> FindExperimentVariable(std::string_view name);

/// One arm: the objects (ads, ad groups, campaigns) or, for a geo holdout, the places it is made
/// of.
struct ExperimentArm {
  std::string name;
  std::vector<std::string> addresses;  ///< ours: "spring-trails/social-prospecting/outdoor"
  std::vector<std::string> places;     ///< geo holdout only: platform location ids or countries
  int share_bp = 0;  ///< of the budget or audience; the arms' shares sum to 10'000
};

/// A planned comparison. Until `end` what its arms are made of is locked: no budget, bid, status or
/// targeting of it moves, except by a person who says so or to stop what is unsafe.
struct Experiment {
  std::string id;  ///< "spring-trails/headline"
  std::string client;
  std::string name;
  std::string hypothesis;
  ExperimentVariable variable = ExperimentVariable::kCreative;
  std::string kpi;  ///< "ctr", "cvr", "conversions", ...
  std::vector<ExperimentArm> arms;
  Day start{};
  Day end{};
  double baseline = 0;      ///< the KPI's expected value in the control arm
  double mde_relative = 0;  ///< smallest relative difference worth finding: 0.1 = 10 %
  double alpha = 0.05;      ///< two-sided
  double power = 0.8;
  std::int64_t sample_per_arm = 0;  ///< observations needed, from the power calculation
  std::string status = "planned";   ///< planned | running | ended | stopped
};

/// An object that an experiment keeps still.
struct ExperimentLock {
  AccountId account;
  std::string id;       ///< the platform's id
  std::string address;  ///< ours
  std::string experiment;
  Day until{};  ///< last locked day
};

}  // namespace maxopt
