#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include "measure/significance/checks.h"
#include "measure/significance/significance.h"

namespace maxopt {
namespace {

using namespace significance;  // of this folder only

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
/// Degrees of freedom from which the expansions in 1/df serve.
constexpr double kManyDf = 1000;

/// z with the normal tail that Student's t with df degrees has beyond t: G. W. Hill's expansion
/// (Algorithm 395, Comm. ACM 13, 1970) with its later terms.
double NormalOf(double t, double df) {
  const double a = df - 0.5;
  const double b = 48 * a * a;
  const double z2 = a * std::log1p(t * t / df);
  const double z = std::sqrt(z2);
  return z + ((z2 + 3) * z) / b -
         (((4 * z2 + 33) * z2 + 240) * z2 + 855) * z / (10 * b * (b + 100 + 0.8 * z2 * z2));
}

/// Quantile of Student's t from the normal one: Fisher and Cornish's expansion, Abramowitz and
/// Stegun 26.7.5 with the term in df^-4.
class StudentQuantile {
 public:
  explicit StudentQuantile(double z) : z_(z) {
    const double x = z * z;
    terms_ = {z * (x + 1) / 4, z * ((5 * x + 16) * x + 3) / 96,
              z * (((3 * x + 19) * x + 17) * x - 15) / 384,
              z * ((((79 * x + 776) * x + 1482) * x - 1920) * x - 945) / 92160};
  }
  double At(double df) const {
    const double y = 1 / df;
    return z_ + y * (terms_[0] + y * (terms_[1] + y * (terms_[2] + y * terms_[3])));
  }

 private:
  double z_;
  std::array<double, 4> terms_{};
};

template <class... Spans>
bool SameLength(std::size_t n, const Spans&... spans) {
  return ((spans.size() == n) && ...);
}

bool CountIn(double n) { return n >= 0 && n <= 0x1p53; }  // false for NaN as well

}  // namespace

Result<> TwoProportionsMany(const ProportionColumns& in, double alpha, const TestColumns& out) {
  MAXOPT_CHECK(CheckAlpha(alpha));
  const std::size_t rows = in.n_a.size();
  if (!SameLength(rows, in.x_a, in.n_b, in.x_b, out.statistic, out.p_value, out.diff, out.low,
                  out.high)) {
    return Fail(Errc::kInvalidArgument, "the columns are of different lengths");
  }
  const double z_alpha = NormalUpperQuantile(alpha / 2);
  for (std::size_t i = 0; i < rows; ++i) {
    const double n_a = in.n_a[i];
    const double n_b = in.n_b[i];
    const double x_a = in.x_a[i];
    const double x_b = in.x_b[i];
    const double p_a = x_a / n_a;
    const double p_b = x_b / n_b;
    const double p = (x_a + x_b) / (n_a + n_b);
    const double variance = p * (1 - p) * (1 / n_a + 1 / n_b);
    const bool sound = CountIn(n_a) && CountIn(n_b) && x_a >= 0 && x_b >= 0 && x_a <= n_a &&
                       x_b <= n_b && variance > 0;
    const double diff = p_b - p_a;
    const double half = z_alpha * std::sqrt(p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b);
    const double z = sound ? diff / std::sqrt(variance) : kNan;
    out.statistic[i] = z;
    out.p_value[i] = std::erfc(std::abs(z) / std::numbers::sqrt2);
    out.diff[i] = sound ? diff : kNan;
    out.low[i] = sound ? diff - half : kNan;
    out.high[i] = sound ? diff + half : kNan;
  }
  return {};
}

Result<> WelchMany(const MeanColumns& in, double alpha, const TestColumns& out) {
  MAXOPT_CHECK(CheckAlpha(alpha));
  const std::size_t rows = in.n_a.size();
  if (!SameLength(rows, in.mean_a, in.sd_a, in.n_b, in.mean_b, in.sd_b, out.statistic, out.p_value,
                  out.diff, out.low, out.high)) {
    return Fail(Errc::kInvalidArgument, "the columns are of different lengths");
  }
  const double z_alpha = NormalUpperQuantile(alpha / 2);
  const StudentQuantile quantile(z_alpha);
  for (std::size_t i = 0; i < rows; ++i) {
    const double n_a = in.n_a[i];
    const double n_b = in.n_b[i];
    const double variance_a = in.sd_a[i] * in.sd_a[i] / n_a;
    const double variance_b = in.sd_b[i] * in.sd_b[i] / n_b;
    const double variance = variance_a + variance_b;
    const double diff = in.mean_b[i] - in.mean_a[i];
    const bool sound = CountIn(n_a) && CountIn(n_b) && n_a >= 2 && n_b >= 2 && in.sd_a[i] >= 0 &&
                       in.sd_b[i] >= 0 && variance > 0 && std::isfinite(variance) &&
                       std::isfinite(diff);
    if (!sound) {
      out.statistic[i] = out.p_value[i] = out.diff[i] = out.low[i] = out.high[i] = kNan;
      continue;
    }
    const double share_a = variance_a / variance;
    const double share_b = variance_b / variance;
    const double df = 1 / (share_a * share_a / (n_a - 1) + share_b * share_b / (n_b - 1));
    const double se = std::sqrt(variance);
    const double t = diff / se;
    // |z| < 13 keeps the tail above 1e-40 and z^2 small beside the degrees of freedom. The
    // quantile's terms stay small for the levels people use; beyond z = 5 the exact one serves.
    double p = -1;
    if (df >= kManyDf) {
      const double z = NormalOf(std::abs(t), df);
      if (z < 13) p = std::erfc(z / std::numbers::sqrt2);
    }
    if (p < 0) p = 2 * StudentUpperTail(std::abs(t), df);
    const double half =
        (df >= kManyDf && z_alpha < 5 ? quantile.At(df) : StudentUpperQuantile(alpha / 2, df)) * se;
    out.statistic[i] = t;
    out.p_value[i] = p;
    out.diff[i] = diff;
    out.low[i] = diff - half;
    out.high[i] = diff + half;
  }
  return {};
}

}  // namespace maxopt
