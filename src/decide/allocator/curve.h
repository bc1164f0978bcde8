#pragma once
#include <string_view>
#include <utility>
#include <vector>

#include "result/result.h"

namespace maxopt {

/// Response to a budget x >= 0, never falling:
///   kHill          c / (1 + (k / (x + carried))^a)    S-shaped for a > 1
///   kLog           c ln(1 + x / k)
///   kPower         c x^a                              convex for a > 1
///   kExponential   c (1 - e^(-x / k))
///   kLogNormalCdf  c Phi(ln(x / k) / a)               S-shaped
///   kPiecewise     straight between `points`, level outside of them
/// c >= 0; k, a > 0; carried >= 0. `points`: at least one, x rising, y not falling.
struct ResponseCurve {
  enum class Family { kHill, kLog, kPower, kExponential, kLogNormalCdf, kPiecewise };
  Family family = Family::kLog;
  double c = 0, k = 1, a = 1, carried = 0;
  std::vector<std::pair<double, double>> points{};

  double At(double x) const;
  /// Of the next unit and of the last one: they differ at the corners of kPiecewise only. May be
  /// infinite at 0.
  double SlopeAfter(double x) const;
  double SlopeBefore(double x) const;
  /// Second derivative, for x > 0 (kHill: x + carried > 0); 0 for kPiecewise.
  double Curvature(double x) const;
  /// From here on the curve is concave; infinity where it never is. kPiecewise: not asked.
  double Inflection() const;
  /// kInvalidArgument names the parameter.
  Result<> Check() const;
};

Result<ResponseCurve::Family> FindCurveFamily(std::string_view name);  ///< "hill", "log", ...

}  // namespace maxopt
