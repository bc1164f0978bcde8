#include "stages/optimize/trials/rates.h"

#include "measure/significance/significance.h"

namespace maxopt::trials {

Result<RateLift> CompareRates(const RateArm& a, const RateArm& b, double tuning_n, double alpha) {
  MAXOPT_TRY(const Moments of_a, MomentsOf("a", maxopt::Trials{a.n, a.x}));
  MAXOPT_TRY(const Moments of_b, MomentsOf("b", maxopt::Trials{b.n, b.x}));
  MAXOPT_TRY(const SequentialTest test, SequentialLift(of_a, of_b, tuning_n, alpha));
  return RateLift{test.lift, test.ci.low, test.ci.high, test.p_value};
}

Result<double> SplitMismatch(const std::vector<std::int64_t>& counts,
                             const std::vector<double>& weights) {
  MAXOPT_TRY(const ChiSquareTest test, SampleRatio(counts, weights));
  return test.p_value;
}

Result<std::int64_t> RateSample(double baseline, double mde_relative, double alpha, double power) {
  return SamplePerArm(baseline, mde_relative, {alpha, power});
}

}  // namespace maxopt::trials
