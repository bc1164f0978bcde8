#pragma once
#include <vector>

#include "domain/alert.h"
#include "stages/monitor/detect/views.h"

/// Delivery judged from what the same clock hours of the last four weeks brought. Pure.
namespace maxopt {

struct DeliveryOptions {
  int comparable_days = 28;  ///< four of each weekday
  int comparables_min = 7;   ///< fewer: the campaign is too new to be judged
  /// Zero impressions are news when at the lowest rate of the comparable hours they had a chance
  /// below this (Poisson): 10'000 looks at a healthy campaign give one false alarm.
  double zero_chance = 1e-4;
  /// Delivery has collapsed when a window brought less than this part of the lowest comparable one.
  double collapse = 0.4;
  int tripwire_bp = 30'000;  ///< of the policy: spend over plan that stops a campaign
  /// What a campaign without hours of its own may spend before the tripwire judges its rate.
  double tripwire_floor = 0.25;  ///< of its planned day
};

/// zero_spend, delivery and runaway conditions of every campaign that should deliver. What is
/// paused, not started or ended is silent. A condition "runaway" of tier critical asks for a pause:
/// its proposal says so.
std::vector<Condition> JudgeDelivery(const AccountView& account, const DeliveryOptions& options);

}  // namespace maxopt
