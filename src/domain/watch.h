#pragma once
#include <string>

#include "domain/entity.h"

namespace maxopt {

/// What is watched on one campaign, how often, and how far the KPI may be off before somebody is
/// told. Configured at set-up; read by monitoring and by the dashboards.
struct Watch {
  std::string client;
  std::string address;     ///< ours, of a campaign: "spring-trails/search-brand"
  std::string kpi;         ///< "spend", "cpa", "roas", "ctr", "tracking", "review", ...
  std::string importance;  ///< primary | secondary | guard
  std::string target;      ///< decimal text in the KPI's unit; empty: its own past
  std::string direction;   ///< above | below | both: on which side of the target it is bad
  int interval_minutes = 60;
  int warn_percent = 0;      ///< off the target by this much: a warning
  int critical_percent = 0;  ///< ... an alert that pages
};

}  // namespace maxopt
