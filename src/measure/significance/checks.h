#pragma once
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <string_view>

#include "measure/significance/significance.h"

/// What every method refuses in the same words.
namespace maxopt::significance {

/// Above this, doubles cannot tell neighbouring counts apart.
inline constexpr std::int64_t kMaxCount = std::int64_t{1} << 53;

inline Result<> CheckAlpha(double alpha) {
  if (alpha > 0 && alpha < 1) return {};
  return Fail(Errc::kInvalidArgument,
              fmt::format("alpha is {}; it must be between 0 and 1", alpha));
}
inline Result<> CheckPower(double power) {
  if (power > 0 && power < 1) return {};
  return Fail(Errc::kInvalidArgument,
              fmt::format("power is {}; it must be between 0 and 1", power));
}
inline Result<> CheckFinite(std::string_view arm, std::string_view field, double value) {
  if (std::isfinite(value)) return {};
  return Fail(Errc::kInvalidArgument,
              fmt::format("{}.{} is {}; it must be a number", arm, field, value));
}
inline Result<> CheckSpread(std::string_view arm, std::string_view field, double value) {
  if (std::isfinite(value) && value >= 0) return {};
  return Fail(Errc::kInvalidArgument,
              fmt::format("{}.{} is {}; it must be a number, 0 or more", arm, field, value));
}
/// At least `least` observations.
inline Result<> CheckCount(std::string_view arm, std::int64_t n, std::int64_t least) {
  const std::string_view dot = arm.empty() ? "" : ".";
  if (n < least) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}{}n is {}; at least {} observation{} needed", arm, dot, n, least,
                            least == 1 ? " is" : "s are"));
  }
  if (n > kMaxCount) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}{}n is {}; above 2^53", arm, dot, n));
  }
  return {};
}
inline Result<> CheckTrials(std::string_view arm, const Trials& trials) {
  MAXOPT_CHECK(CheckCount(arm, trials.n, 1));
  if (trials.x < 0 || trials.x > trials.n) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}{}x is {}; it must lie between 0 and n, which is {}", arm,
                            arm.empty() ? "" : ".", trials.x, trials.n));
  }
  return {};
}

/// z with upper tail `tail`; exact for tails that 1 - tail would round away.
double NormalUpperQuantile(double tail);
/// P(Z > z).
double NormalUpperTail(double z);
/// P(T > t) and the t with upper tail `tail`.
double StudentUpperTail(double t, double df);
double StudentUpperQuantile(double tail, double df);
/// p-value of a statistic whose null distribution is symmetric, from its upper tail function.
template <class UpperTail>
double PValue(double statistic, Alternative alternative, const UpperTail& upper_tail) {
  switch (alternative) {
    case Alternative::kTwoSided: {
      const double p = 2 * upper_tail(std::abs(statistic));
      return p < 1 ? p : 1;
    }
    case Alternative::kGreater:
      return upper_tail(statistic);
    case Alternative::kLess:
      return upper_tail(-statistic);
  }
  Bug();
}

}  // namespace maxopt::significance
