#pragma once
#include <vector>

#include "domain/alert.h"
#include "stages/monitor/detect/views.h"

/// Whether an account can be read, and how old its facts are. Pure.
namespace maxopt {

struct FreshnessOptions {
  /// Hourly reading that failed twice in a row is told; half a day of it pages: a day's decisions
  /// and the tripwire would rest on old numbers.
  std::chrono::hours warn{3};
  std::chrono::hours critical{12};
};

/// credential: the platform refuses who we are, told at once. data_quality with kpi "freshness":
/// the facts are old, with the last problem as evidence.
std::vector<Condition> JudgeFreshness(const AccountView& account, Instant now,
                                      const FreshnessOptions& options = {});

}  // namespace maxopt
