#pragma once
#include <cstdint>
#include <vector>

#include "result/result.h"

/// What comparisons ask of measure/significance. Apart from the rest because its Interval and that
/// of measure/response are two types of one name.
namespace maxopt::trials {

struct RateArm {
  std::int64_t n = 0, x = 0;
};
struct RateLift {
  double lift, low, high, p_value;
};
/// b against a, relative, with an interval that holds at every look. Errors: as SequentialLift.
Result<RateLift> CompareRates(const RateArm& a, const RateArm& b, double tuning_n, double alpha);
/// p-value of the split against the one asked for.
Result<double> SplitMismatch(const std::vector<std::int64_t>& counts,
                             const std::vector<double>& weights);
/// Observations an arm.
Result<std::int64_t> RateSample(double baseline, double mde_relative, double alpha, double power);

}  // namespace maxopt::trials
