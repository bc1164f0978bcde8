#pragma once
#include <cstdint>
#include <vector>

namespace maxopt {

/// A whole plan within bounds: amounts by channel and period, their sums by period and by channel,
/// and their sum. Bounds are whole, low <= high.
struct PlanBounds {
  struct Range {
    std::int64_t low, high;
  };
  std::vector<std::vector<Range>> cells;  ///< [channel][period]
  std::vector<Range> channels, periods;
  std::int64_t total;
};

struct WholePlan {
  std::vector<std::vector<std::int64_t>> amounts;  ///< [channel][period]
  /// What the bounds are apart by; 0: `amounts` keeps them all.
  std::int64_t missing;
};

/// Maximum flow (Dinic 1970) from periods to channels, with lower bounds; such networks have whole
/// solutions wherever they have any (Hoffman 1960).
WholePlan FindWholePlan(const PlanBounds& bounds);

}  // namespace maxopt
