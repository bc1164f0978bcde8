#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>

#include "measure/significance/checks.h"
#include "measure/significance/significance.h"

namespace maxopt {
namespace {

using namespace significance;  // of this folder only

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

namespace {

double TailOf(TestSetting setting) {
  return setting.alternative == Alternative::kTwoSided ? setting.alpha / 2 : setting.alpha;
}

Result<> CheckRates(double p_a, double p_b, TestSetting setting) {
  MAXOPT_CHECK(CheckAlpha(setting.alpha));
  for (const auto& [name, p] : {std::pair{"p_a", p_a}, {"p_b", p_b}}) {
    if (!(p > 0 && p < 1)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} is {}; it must be between 0 and 1", name, p));
    }
  }
  if (setting.alternative == Alternative::kGreater && !(p_b > p_a)) {
    return Fail(Errc::kInvalidArgument, "p_b must be above p_a for the alternative \"greater\"");
  }
  if (setting.alternative == Alternative::kLess && !(p_b < p_a)) {
    return Fail(Errc::kInvalidArgument, "p_b must be below p_a for the alternative \"less\"");
  }
  return {};
}

Result<> CheckPositive(std::string_view name, double value, double least) {
  if (value >= least && value > 0 && value <= 1e15) return {};
  return Fail(Errc::kInvalidArgument,
              fmt::format("{} is {}; it must lie between {} and 1e15", name, value, least));
}

struct Spreads {
  double same, apart;  // of the difference under equal rates and under these, times sqrt(n)
};
Spreads SpreadsOf(double p_a, double p_b) {
  const double p = (p_a + p_b) / 2;
  return {std::sqrt(2 * p * (1 - p)), std::sqrt(p_a * (1 - p_a) + p_b * (1 - p_b))};
}

/// Power of the t test at `n` an arm for a standardised difference in its direction, >= 0.
double PowerOfT(double effect, double n, TestSetting setting) {
  const double tail = TailOf(setting);
  const bool both = setting.alternative == Alternative::kTwoSided;
  const double shift = effect * std::sqrt(n / 2);
  const double df = 2 * n - 2;
  // From here on the noncentral t and the shifted normal differ by less than 1e-7, and the series
  // of the former become long. So they do where the power is 1 to all digits.
  if (df > 1e7 || shift > 38) {
    const double z = NormalUpperQuantile(tail);
    return NormalUpperTail(z - shift) + (both ? NormalUpperTail(z + shift) : 0);
  }
  const double t = StudentUpperQuantile(tail, df);
  const boost::math::non_central_t_distribution<double> shifted(df, shift);
  const double above = boost::math::cdf(boost::math::complement(shifted, t));
  return std::clamp(above + (both ? boost::math::cdf(shifted, -t) : 0), 0.0, 1.0);
}

/// The argument at which a rising function passes `wanted`, bracketed from `low` (where it is
/// below) by doubling up to `limit`; negative when it is not passed there.
template <class F>
double Passing(const F& rising, double wanted, double low, double limit) {
  double high = low;
  do {
    if (high >= limit) return -1;
    low = high;
    high = std::min(2 * high, limit);
  } while (rising(high) < wanted);
  std::uintmax_t steps = 200;
  const auto found =
      boost::math::tools::toms748_solve([&](double x) { return rising(x) - wanted; }, low, high,
                                        boost::math::tools::eps_tolerance<double>(46), steps);
  return (found.first + found.second) / 2;
}

Result<double> EffectOf(double diff, double sd, TestSetting setting) {
  MAXOPT_CHECK(CheckAlpha(setting.alpha));
  if (!(sd > 0) || !std::isfinite(sd)) {
    return Fail(Errc::kInvalidArgument, fmt::format("sd is {}; it must be a number above 0", sd));
  }
  if (!std::isfinite(diff) || diff == 0) {
    return Fail(Errc::kInvalidArgument,
                "the difference of the means must be a number other than 0");
  }
  if (setting.alternative == Alternative::kGreater && diff < 0) {
    return Fail(Errc::kInvalidArgument,
                "the difference is below 0, the alternative is \"greater\"");
  }
  if (setting.alternative == Alternative::kLess && diff > 0) {
    return Fail(Errc::kInvalidArgument, "the difference is above 0, the alternative is \"less\"");
  }
  return std::abs(diff / sd);
}

}  // namespace

Result<double> ProportionSample(double p_a, double p_b, double power, TestSetting setting) {
  MAXOPT_CHECK(CheckRates(p_a, p_b, setting));
  MAXOPT_CHECK(CheckPower(power));
  if (p_a == p_b) {
    return Fail(Errc::kInvalidArgument, "p_a and p_b are the same; no sample finds no difference");
  }
  const Spreads s = SpreadsOf(p_a, p_b);
  // NormalUpperQuantile(1 - power) would lose the digits of a power near 1; by symmetry this does
  // not.
  const double root =
      NormalUpperQuantile(TailOf(setting)) * s.same - NormalUpperQuantile(power) * s.apart;
  const double n = root / (p_b - p_a) * (root / (p_b - p_a));
  if (!(root > 0)) {
    return Fail(Errc::kInvalidArgument, "power is below what no data at all would have");
  }
  return n;
}

Result<double> ProportionPower(double p_a, double p_b, double n, TestSetting setting) {
  MAXOPT_CHECK(CheckRates(p_a, p_b, setting));
  MAXOPT_CHECK(CheckPositive("n", n, 1));
  const Spreads s = SpreadsOf(p_a, p_b);
  return NormalUpperTail(
      (NormalUpperQuantile(TailOf(setting)) * s.same - std::sqrt(n) * std::abs(p_b - p_a)) /
      s.apart);
}

Result<double> ProportionDetectable(double p_a, double n, double power, TestSetting setting) {
  if (!(p_a > 0 && p_a < 1)) {
    return Fail(Errc::kInvalidArgument, fmt::format("p_a is {}; it must be between 0 and 1", p_a));
  }
  if (setting.alternative == Alternative::kLess) {
    return Fail(Errc::kInvalidArgument, "the detectable rate is the one above p_a, not below it");
  }
  MAXOPT_CHECK(CheckAlpha(setting.alpha));
  MAXOPT_CHECK(CheckPower(power));
  MAXOPT_CHECK(CheckPositive("n", n, 1));
  const auto power_of = [&](double rise) {
    const Spreads s = SpreadsOf(p_a, p_a + rise);
    return NormalUpperTail((NormalUpperQuantile(TailOf(setting)) * s.same - std::sqrt(n) * rise) /
                           s.apart);
  };
  const double room = (1 - p_a) * (1 - 1e-12);
  const double rise = Passing(power_of, power, room * 0x1p-60, room);
  if (rise < 0) {
    return Fail(Errc::kInvalidArgument, fmt::format("n of {} finds no rate below 1", n));
  }
  return p_a + rise;
}

Result<double> MeanPower(double diff, double sd, double n, TestSetting setting) {
  MAXOPT_TRY(const double effect, EffectOf(diff, sd, setting));
  MAXOPT_CHECK(CheckPositive("n", n, 2));
  return PowerOfT(effect, n, setting);
}

Result<double> MeanSample(double diff, double sd, double power, TestSetting setting) {
  MAXOPT_TRY(const double effect, EffectOf(diff, sd, setting));
  MAXOPT_CHECK(CheckPower(power));
  const auto power_of = [&](double n) { return PowerOfT(effect, n, setting); };
  if (power_of(2) >= power) return 2;
  const double n = Passing(power_of, power, 2, 1e15);
  if (n < 0) return Fail(Errc::kInvalidArgument, "no sample is large enough for this");
  return n;
}

Result<double> MeanDetectable(double sd, double n, double power, TestSetting setting) {
  TestSetting upward = setting;
  if (setting.alternative == Alternative::kLess) upward.alternative = Alternative::kGreater;
  MAXOPT_TRY(const double unit, EffectOf(1, sd, upward));
  MAXOPT_CHECK(CheckPower(power));
  MAXOPT_CHECK(CheckPositive("n", n, 2));
  const auto power_of = [&](double effect) { return PowerOfT(effect, n, upward); };
  const double effect = Passing(power_of, power, 1e-12 / std::sqrt(n), 1e6);
  if (effect < 0) {
    return Fail(Errc::kInvalidArgument, "power is below what no difference at all would have");
  }
  return effect / unit;
}

}  // namespace maxopt
