#include "measure/calibration/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <tuple>

namespace maxopt {
namespace {

constexpr double kZ90 = 1.6448536269514722;  // standard normal quantile at 0.95
constexpr double kZ50 = 0.6744897501960817;  // at 0.75

/// Standard normal quantiles at 0.1, ..., 0.9.
constexpr std::array<double, 9> kLevelZ{
    -1.2815515655446004, -0.8416212335729143, -0.5244005127080409, -0.2533471031357997, 0.0,
    0.2533471031357997,  0.5244005127080409,  0.8416212335729143,  1.2815515655446004};

double Phi(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double Density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi); }

/// Of N(mean, sd^2) at `seen`.
double Crps(double mean, double sd, double seen) {
  const double z = (seen - mean) / sd;
  return sd * (z * (2 * Phi(z) - 1) + 2 * Density(z) - std::numbers::inv_sqrtpi);
}

}  // namespace

Share WilsonShare(int count, int n) {
  const double p = static_cast<double>(count) / n;
  const double z2 = kZ90 * kZ90 / n;
  const double middle = (p + z2 / 2) / (1 + z2);
  const double half = kZ90 / (1 + z2) * std::sqrt(p * (1 - p) / n + z2 / (4 * n));
  return {p, std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

Result<Calibration> Calibrate(std::span<const ScoredPrediction> outcomes) {
  if (outcomes.empty()) return Fail(Errc::kInvalidArgument, "no prediction was measured yet");
  Calibration out;
  out.count = static_cast<int>(outcomes.size());
  int within50 = 0, within90 = 0;
  std::array<int, 9> below{};
  // Sums in a fixed order, so that the rows' order does not show in the last digits.
  std::vector<ScoredPrediction> sorted(outcomes.begin(), outcomes.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::tie(a.mean, a.measured, a.low90, a.high90, a.measured_sd) <
           std::tie(b.mean, b.measured, b.low90, b.high90, b.measured_sd);
  });
  double promised = 0, got = 0, variance = 0;
  for (const ScoredPrediction& o : sorted) {
    for (const double x : {o.mean, o.low90, o.high90, o.measured, o.measured_sd}) {
      if (!std::isfinite(x)) {
        return Fail(Errc::kInvalidArgument, "a prediction or measurement is not a finite number");
      }
    }
    const double own = (o.high90 - o.low90) / (2 * kZ90);
    const double sd = std::hypot(own, o.measured_sd);
    if (o.low90 > o.mean || o.mean > o.high90 || o.measured_sd < 0 || !(sd > 0)) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("a prediction of {} in [{}, {}], measured {} with an error of {}: the "
                      "interval must hold the mean, and one of the two be uncertain",
                      o.mean, o.low90, o.high90, o.measured, o.measured_sd));
    }
    const double z = (o.measured - o.mean) / sd;
    if (std::abs(z) <= kZ50) ++within50;
    if (std::abs(z) <= kZ90) ++within90;
    for (std::size_t i = 0; i < below.size(); ++i) {
      if (z <= kLevelZ[i]) ++below[i];
    }
    if (o.measured < -kZ90 * o.measured_sd) ++out.harmful;
    out.crps += Crps(o.mean, sd, o.measured) / out.count;
    out.crps_of_nothing += Crps(0, sd, o.measured) / out.count;
    out.resolution += own * own / (sd * sd) / out.count;
    promised += o.mean;
    got += o.measured;
    variance += sd * sd;
  }
  out.cover50 = WilsonShare(within50, out.count);
  out.cover90 = WilsonShare(within90, out.count);
  for (std::size_t i = 0; i < below.size(); ++i) {
    out.reliability[i] = {0.1 * static_cast<double>(i + 1), WilsonShare(below[i], out.count)};
  }
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (promised == 0) {
    out.realised = std::numeric_limits<double>::quiet_NaN();
    out.realised_low = -kInfinite;
    out.realised_high = kInfinite;
  } else {
    const double half = kZ90 * std::sqrt(variance) / std::abs(promised);
    out.realised = got / promised;
    out.realised_low = out.realised - half;
    out.realised_high = out.realised + half;
  }
  return out;
}

}  // namespace maxopt
