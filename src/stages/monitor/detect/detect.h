#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apply/apply.h"
#include "decide/alerting/alerting.h"
#include "domain/alert.h"
#include "domain/policy.h"
#include "stages/monitor/detect/anomalies.h"
#include "stages/monitor/detect/views.h"

/// One look of all detectors at one client or all: what is wrong now. What runs away is paused
/// before anybody is told (F1).
namespace maxopt {

/// A detector that needs more than the views: pacing, reviews, tracking, data quality, sunsets.
struct DetectorSource {
  std::vector<std::string> detectors;  ///< the words it may say, for what was looked at
  std::function<Result<std::vector<Condition>>(const std::string& client)> look;
};

struct DetectWorld {
  ViewWorld view;
  Door* door = nullptr;  ///< nullptr: nothing is paused, only told
  std::function<Result<std::optional<Policy>>(const std::string& client)> policy;
  AnomalyWatch* anomalies = nullptr;  ///< nullptr: anomalies, trends and fatigue are not looked for
  std::vector<DetectorSource> others;
};

struct Detection {
  std::vector<AccountView> accounts;
  std::vector<Condition> conditions;
  std::vector<Look> looks;  ///< what was looked at; the rest is neither confirmed nor over
  AlertScopes scopes;
  std::vector<std::string> problems;  ///< detectors that could not look, and why
};

/// `client` empty: all clients. Errors: only our own memory's. A platform that is down costs its
/// account's detectors, no other's.
Result<Detection> Detect(const DetectWorld& world, const std::string& client,
                         const Feedback& feedback);

}  // namespace maxopt
