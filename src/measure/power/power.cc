#include "measure/power/power.h"

#include <fmt/format.h>

#include <boost/math/distributions/normal.hpp>
#include <cmath>

namespace maxopt {
namespace {

struct Quantiles {
  double alpha;
  double power;
};

Result<Quantiles> Of(double mde_relative, ErrorRates rates) {
  const auto inside = [](double x) { return x > 0 && x < 1; };  // false for NaN as well
  if (!inside(rates.alpha) || !inside(rates.power)) {
    return Fail(Errc::kInvalidArgument, fmt::format("alpha {} and power {} must be between 0 and 1",
                                                    rates.alpha, rates.power));
  }
  if (!std::isfinite(mde_relative) || mde_relative == 0) {
    return Fail(Errc::kInvalidArgument,
                "the smallest difference worth finding must be a number other than 0");
  }
  const boost::math::normal normal;
  return Quantiles{boost::math::quantile(normal, 1 - rates.alpha / 2),
                   boost::math::quantile(normal, rates.power)};
}

Result<std::int64_t> RoundedUp(double n) {
  if (!(n < 9e18)) return Fail(Errc::kInvalidArgument, "no sample is large enough for this");
  return static_cast<std::int64_t>(std::ceil(n));
}

}  // namespace

Result<std::int64_t> SamplePerArm(double baseline, double mde_relative, ErrorRates rates) {
  MAXOPT_TRY(const Quantiles z, Of(mde_relative, rates));
  const double p1 = baseline;
  const double p2 = baseline * (1 + mde_relative);
  if (!(p1 > 0 && p1 < 1 && p2 > 0 && p2 < 1)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the rates {} and {} must both be between 0 and 1", p1, p2));
  }
  const double p = (p1 + p2) / 2;
  const double root =
      z.alpha * std::sqrt(2 * p * (1 - p)) + z.power * std::sqrt(p1 * (1 - p1) + p2 * (1 - p2));
  return RoundedUp(root * root / ((p2 - p1) * (p2 - p1)));
}

Result<std::int64_t> PlaceDaysPerArm(double coefficient_of_variation, double mde_relative,
                                     ErrorRates rates) {
  MAXOPT_TRY(const Quantiles z, Of(mde_relative, rates));
  if (!(coefficient_of_variation > 0) || !std::isfinite(coefficient_of_variation)) {
    return Fail(Errc::kInvalidArgument, "the coefficient of variation must be above 0");
  }
  const double ratio = (z.alpha + z.power) * coefficient_of_variation / mde_relative;
  return RoundedUp(2 * ratio * ratio);
}

}  // namespace maxopt
