#pragma once
#include <cstdint>

#include "result/result.h"

namespace maxopt {

struct ErrorRates {
  double alpha = 0.05;  ///< chance of a false alarm, two-sided, in (0, 1)
  double power = 0.8;   ///< chance of finding a difference that is there, in (0, 1)
};

/// Observations (clicks for a CVR, impressions for a CTR) each of two equal arms needs so that a
/// relative difference `mde_relative` from the rate `baseline` is found.
///   p2 = p1 (1 + mde),  p = (p1 + p2) / 2
///   n  = (z[1-alpha/2] sqrt(2 p (1-p)) + z[power] sqrt(p1 (1-p1) + p2 (1-p2)))^2 / (p2 - p1)^2
/// rounded up.
/// Errors   kInvalidArgument: baseline or baseline (1 + mde) not in (0, 1), mde 0, rates out of
///          range, or a sample beyond 64 bits
/// Source   Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 3rd ed., eq. 4.14
Result<std::int64_t> SamplePerArm(double baseline, double mde_relative, ErrorRates rates);

/// Place-days each of two equal groups of places needs so that a relative difference of the mean is
/// found, from the KPI's coefficient of variation (standard deviation / mean) per place and day:
///   n = 2 (z[1-alpha/2] + z[power])^2 (cv / mde)^2
/// rounded up. Errors as above; cv must be above 0.
/// Source   the normal approximation of the two-sample test of means, ibid.
Result<std::int64_t> PlaceDaysPerArm(double coefficient_of_variation, double mde_relative,
                                     ErrorRates rates);

}  // namespace maxopt
