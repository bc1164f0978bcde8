#include "measure/segments/spread.h"

#include <algorithm>

namespace maxopt {

double RelativeVariance(std::span<const std::pair<double, double>> counts_and_expected,
                        int rounds) {
  double variance = 0.1;
  for (int round = 0; round < rounds; ++round) {
    double sum = 0, weight = 0;
    for (const auto& [count, expected] : counts_and_expected) {
      if (!(expected > 0)) continue;
      const double u = 1 / (1 / expected + variance);
      const double off = (count - expected) / expected;
      sum += u * u * (off * off - 1 / expected);
      weight += u * u;
    }
    if (!(weight > 0)) return 0;
    variance = std::max(sum / weight, 0.0);
  }
  return variance;
}

}  // namespace maxopt
