#include "decide/allocator/curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace maxopt {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Name {
  std::string_view name;
  ResponseCurve::Family family;
};
constexpr Name kNames[] = {{"hill", ResponseCurve::Family::kHill},
                           {"log", ResponseCurve::Family::kLog},
                           {"power", ResponseCurve::Family::kPower},
                           {"exponential", ResponseCurve::Family::kExponential},
                           {"lognormal_cdf", ResponseCurve::Family::kLogNormalCdf},
                           {"piecewise", ResponseCurve::Family::kPiecewise}};

/// Slope of the piece that begins (`after`) or ends at x.
double PieceSlope(const std::vector<std::pair<double, double>>& points, double x, bool after) {
  const auto next =
      after ? std::upper_bound(points.begin(), points.end(), x,
                               [](double at, const auto& point) { return at < point.first; })
            : std::lower_bound(points.begin(), points.end(), x,
                               [](const auto& point, double at) { return point.first < at; });
  if (next == points.begin() || next == points.end()) return 0;
  const auto& before = *std::prev(next);
  return (next->second - before.second) / (next->first - before.first);
}

}  // namespace

double ResponseCurve::At(double x) const {
  switch (family) {
    case Family::kHill: {
      const double z = x + carried;
      return z <= 0 ? 0 : c / (1 + std::pow(k / z, a));
    }
    case Family::kLog:
      return c * std::log1p(x / k);
    case Family::kPower:
      return c * std::pow(x, a);
    case Family::kExponential:
      return -c * std::expm1(-x / k);
    case Family::kLogNormalCdf:
      return x <= 0 ? 0 : 0.5 * c * std::erfc(-std::log(x / k) / a / std::numbers::sqrt2);
    case Family::kPiecewise: {
      const auto next =
          std::upper_bound(points.begin(), points.end(), x,
                           [](double at, const auto& point) { return at < point.first; });
      if (next == points.begin()) return points.front().second;
      const auto& before = *std::prev(next);
      if (next == points.end()) return before.second;
      const double part = (x - before.first) / (next->first - before.first);
      return before.second + part * (next->second - before.second);
    }
  }
  Bug();
}

double ResponseCurve::SlopeAfter(double x) const {
  switch (family) {
    case Family::kHill: {
      const double z = x + carried;
      if (z <= 0) return a > 1 ? 0 : a == 1 ? c / k : c > 0 ? kInfinity : 0;
      const double w = std::pow(k / z, a);
      return std::isinf(w) ? 0 : c * a * w / (z * (1 + w) * (1 + w));
    }
    case Family::kLog:
      return c / (k + x);
    case Family::kPower:
      if (x <= 0) return a > 1 || c == 0 ? 0 : a == 1 ? c : kInfinity;
      return c * a * std::pow(x, a - 1);
    case Family::kExponential:
      return c / k * std::exp(-x / k);
    case Family::kLogNormalCdf: {
      if (x <= 0) return 0;
      const double v = std::log(x / k) / a;
      return c / (a * x) * std::exp(-0.5 * v * v) / std::sqrt(2 * std::numbers::pi);
    }
    case Family::kPiecewise:
      return PieceSlope(points, x, true);
  }
  Bug();
}

double ResponseCurve::SlopeBefore(double x) const {
  return family == Family::kPiecewise ? PieceSlope(points, x, false) : SlopeAfter(x);
}

double ResponseCurve::Curvature(double x) const {
  switch (family) {
    case Family::kHill: {
      const double z = x + carried;
      if (a == 1) return -2 * c * k / ((z + k) * (z + k) * (z + k));
      const double w = std::pow(k / z, a);
      const double turn = std::isinf(w) ? a - 1 : 2 * a * w / (1 + w) - a - 1;
      return SlopeAfter(x) * turn / z;
    }
    case Family::kLog:
      return -c / ((k + x) * (k + x));
    case Family::kPower:
      return c * a * (a - 1) * std::pow(x, a - 2);
    case Family::kExponential:
      return -c / (k * k) * std::exp(-x / k);
    case Family::kLogNormalCdf:
      return SlopeAfter(x) * (-1 - std::log(x / k) / (a * a)) / x;
    case Family::kPiecewise:
      return 0;
  }
  Bug();
}

double ResponseCurve::Inflection() const {
  switch (family) {
    case Family::kHill:
      return a <= 1 ? 0 : std::max(0.0, k * std::pow((a - 1) / (a + 1), 1 / a) - carried);
    case Family::kPower:
      return a <= 1 ? 0 : kInfinity;
    case Family::kLogNormalCdf:
      return k * std::exp(-a * a);
    case Family::kLog:
    case Family::kExponential:
    case Family::kPiecewise:
      return 0;
  }
  Bug();
}

Result<> ResponseCurve::Check() const {
  const auto fail = [](std::string_view what, double is) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}; it is {}", what, is));
  };
  if (family == Family::kPiecewise) {
    if (points.empty()) return Fail(Errc::kInvalidArgument, "points has none");
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto& [x, y] = points[i];
      if (!std::isfinite(x) || !std::isfinite(y) || x < 0) {
        return fail("points must be finite and not below x = 0", x);
      }
      if (i > 0 && !(x > points[i - 1].first)) return fail("points must rise in x", x);
      if (i > 0 && y < points[i - 1].second) return fail("points must not fall in y", y);
    }
    return {};
  }
  if (!(c >= 0) || !std::isfinite(c)) return fail("c must be a number >= 0", c);
  if (family != Family::kPower && (!(k > 0) || !std::isfinite(k))) {
    return fail("k must be a number > 0", k);
  }
  const bool has_a =
      family == Family::kHill || family == Family::kPower || family == Family::kLogNormalCdf;
  if (has_a && (!(a > 0) || !std::isfinite(a))) return fail("a must be a number > 0", a);
  if (!(carried >= 0) || !std::isfinite(carried)) {
    return fail("carried must be a number >= 0", carried);
  }
  return {};
}

Result<ResponseCurve::Family> FindCurveFamily(std::string_view name) {
  std::string known;
  for (const Name& entry : kNames) {
    if (entry.name == name) return entry.family;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  return Fail(Errc::kInvalidArgument, fmt::format("family \"{}\" is none of {}", name, known));
}

}  // namespace maxopt
