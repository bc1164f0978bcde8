#include "measure/significance/significance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <numeric>
#include <string>
#include <utility>

#include "measure/significance/beta_pair.h"
#include "measure/significance/checks.h"

namespace maxopt {
namespace significance {

double NormalUpperQuantile(double tail) {
  return std::numbers::sqrt2 * boost::math::erfc_inv(2 * tail);
}
double NormalUpperTail(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }
double StudentUpperTail(double t, double df) {
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  return boost::math::cdf(boost::math::complement(boost::math::students_t(df), t));
}
double StudentUpperQuantile(double tail, double df) {
  return boost::math::quantile(boost::math::complement(boost::math::students_t(df), tail));
}

}  // namespace significance

namespace {

using namespace significance;  // of this folder only

double Count(std::int64_t n) { return static_cast<double>(n); }

/// Wilson's interval; the lower end from the product of the two ends, x^2/(n (n + z^2)), because
/// the difference of centre and width has no digits left when x is small beside n.
ConfidenceInterval Wilson(const Trials& trials, double z) {
  const double n = Count(trials.n);
  const double x = Count(trials.x);
  const double z2 = z * z;
  const double half = z * std::sqrt(x * (Count(trials.n - trials.x) / n) + z2 / 4);
  const double high = (x + z2 / 2 + half) / (n + z2);
  return {x / n * (x / (n + z2)) / high, trials.x == trials.n ? 1 : high};
}

Result<> CheckArm(std::string_view arm, const Sample& s) {
  MAXOPT_CHECK(CheckCount(arm, s.n, 2));
  MAXOPT_CHECK(CheckFinite(arm, "mean", s.mean));
  return CheckSpread(arm, "sd", s.sd);
}

/// |cov| <= sd1 sd2, with room for the rounding of printed inputs.
Result<> CheckCovariance(std::string_view arm, double cov, double sd1, double sd2) {
  MAXOPT_CHECK(CheckFinite(arm, "cov", cov));
  if (std::abs(cov) <= sd1 * sd2 * (1 + 1e-6)) return {};
  return Fail(Errc::kInvalidArgument,
              fmt::format("{}.cov is {}; with these standard deviations it cannot be beyond {}",
                          arm, cov, sd1 * sd2));
}

struct Difference {
  double se, df;
};
/// Variances are of the mean of each arm.
Result<Difference> WelchDifference(double variance_a, std::int64_t n_a, double variance_b,
                                   std::int64_t n_b) {
  const double sum = variance_a + variance_b;
  if (!(sum > 0)) {
    return Fail(Errc::kInvalidArgument,
                "a.sd and b.sd leave no variance at all; nothing tells luck from effect");
  }
  if (!std::isfinite(sum)) return Fail(Errc::kInvalidArgument, "a.sd or b.sd is too large");
  // In shares of the sum, so that no square overflows or vanishes.
  const double a = variance_a / sum;
  const double b = variance_b / sum;
  return Difference{std::sqrt(sum), 1 / (a * a / Count(n_a - 1) + b * b / Count(n_b - 1))};
}

Result<MeanTest> TestOfMeans(double diff, const Difference& d, TestSetting setting) {
  MeanTest out{};
  out.t = diff / d.se;
  out.df = d.df;
  out.diff = diff;
  out.p_value =
      PValue(out.t, setting.alternative, [&](double t) { return StudentUpperTail(t, d.df); });
  const double half = StudentUpperQuantile(setting.alpha / 2, d.df) * d.se;
  out.ci = {diff - half, diff + half};
  if (!std::isfinite(out.t) || !std::isfinite(half)) {
    return Fail(Errc::kInvalidArgument, "a.mean, b.mean and the sds are too far apart in size");
  }
  return out;
}

struct Lift {
  double lift, se, df;
};
Result<> CheckMoments(std::string_view arm, const Moments& m) {
  MAXOPT_CHECK(CheckCount(arm, m.n, 2));
  MAXOPT_CHECK(CheckFinite(arm, "mean", m.mean));
  return CheckSpread(arm, "variance", m.variance);
}
Result<Lift> LiftOf(const Moments& a, const Moments& b) {
  MAXOPT_CHECK(CheckMoments("a", a));
  MAXOPT_CHECK(CheckMoments("b", b));
  if (!(a.mean > 0)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("a.mean is {}; a relative difference needs a control above 0", a.mean));
  }
  MAXOPT_TRY(const Difference d,
             WelchDifference(a.variance / Count(a.n), a.n, b.variance / Count(b.n), b.n));
  const double ratio = b.mean / a.mean;
  const double variance =
      (b.variance / Count(b.n) + a.variance / Count(a.n) * ratio * ratio) / a.mean / a.mean;
  if (!(variance > 0) || !std::isfinite(variance)) {
    return Fail(Errc::kInvalidArgument, "a.mean is too small beside the variances for a lift");
  }
  return Lift{(b.mean - a.mean) / a.mean, std::sqrt(variance), d.df};
}

}  // namespace

Result<ProportionTest> TwoProportions(Trials a, Trials b, bool pooled, TestSetting setting) {
  MAXOPT_CHECK(CheckAlpha(setting.alpha));
  MAXOPT_CHECK(CheckTrials("a", a));
  MAXOPT_CHECK(CheckTrials("b", b));
  const double n_a = Count(a.n);
  const double n_b = Count(b.n);
  const double p_a = Count(a.x) / n_a;
  const double p_b = Count(b.x) / n_b;
  const double apart = p_a * (Count(a.n - a.x) / n_a) / n_a + p_b * (Count(b.n - b.x) / n_b) / n_b;
  const double x = Count(a.x) + Count(b.x);
  const double n = n_a + n_b;
  const double together = x / n * ((n - x) / n) * (1 / n_a + 1 / n_b);
  const double variance = pooled ? together : apart;
  if (!(variance > 0)) {
    return Fail(Errc::kInvalidArgument,
                x == 0   ? "a.x and b.x are both 0; there is no variance to judge a difference by"
                : x == n ? "a.x and b.x are all of a.n and b.n; there is no variance to judge a "
                           "difference by"
                         : "a.x and b.x are none and all; only the pooled test can judge that");
  }
  ProportionTest out{};
  // The difference of the rates over a common denominator, so that near rates keep their digits.
  out.diff = static_cast<double>((static_cast<long double>(b.x) * static_cast<long double>(a.n) -
                                  static_cast<long double>(a.x) * static_cast<long double>(b.n)) /
                                 static_cast<long double>(a.n) / static_cast<long double>(b.n));
  out.z = out.diff / std::sqrt(variance);
  out.p_value = PValue(out.z, setting.alternative, NormalUpperTail);
  const double z = NormalUpperQuantile(setting.alpha / 2);
  const double half = z * std::sqrt(apart);
  out.wald = {out.diff - half, out.diff + half};
  const ConfidenceInterval in_a = Wilson(a, z);
  const ConfidenceInterval in_b = Wilson(b, z);
  out.newcombe = {out.diff - std::hypot(p_b - in_b.low, in_a.high - p_a),
                  out.diff + std::hypot(in_b.high - p_b, p_a - in_a.low)};
  return out;
}

namespace {
constexpr std::pair<std::string_view, ProportionMethod> kProportionMethods[] = {
    {"wilson", ProportionMethod::kWilson},
    {"clopper_pearson", ProportionMethod::kClopperPearson},
    {"jeffreys", ProportionMethod::kJeffreys},
    {"agresti_coull", ProportionMethod::kAgrestiCoull}};
constexpr std::pair<std::string_view, Adjustment> kAdjustments[] = {
    {"bh", Adjustment::kBenjaminiHochberg},
    {"holm", Adjustment::kHolm},
    {"by", Adjustment::kBenjaminiYekutieli},
    {"bonferroni", Adjustment::kBonferroni}};

template <class T, std::size_t N>
Result<T> Find(const std::pair<std::string_view, T> (&list)[N], std::string_view name) {
  std::string known;
  for (const auto& [word, value] : list) {
    if (word == name) return value;
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  return Fail(Errc::kInvalidArgument, fmt::format("kind \"{}\" is not one of {}", name, known));
}
}  // namespace

Result<ProportionMethod> FindProportionMethod(std::string_view name) {
  return Find(kProportionMethods, name);
}
Result<Adjustment> FindAdjustment(std::string_view name) { return Find(kAdjustments, name); }

Result<ConfidenceInterval> ProportionInterval(Trials trials, ProportionMethod method,
                                              double alpha) {
  MAXOPT_CHECK(CheckAlpha(alpha));
  MAXOPT_CHECK(CheckTrials("", trials));
  const double n = Count(trials.n);
  const double x = Count(trials.x);
  const double rest = Count(trials.n - trials.x);
  const auto beta_low = [&](double a, double b) { return boost::math::ibeta_inv(a, b, alpha / 2); };
  const auto beta_high = [&](double a, double b) {
    return boost::math::ibetac_inv(a, b, alpha / 2);
  };
  switch (method) {
    case ProportionMethod::kWilson:
      return Wilson(trials, NormalUpperQuantile(alpha / 2));
    case ProportionMethod::kClopperPearson:
      return ConfidenceInterval{trials.x == 0 ? 0 : beta_low(x, rest + 1),
                                trials.x == trials.n ? 1 : beta_high(x + 1, rest)};
    case ProportionMethod::kJeffreys:
      return ConfidenceInterval{beta_low(x + 0.5, rest + 0.5), beta_high(x + 0.5, rest + 0.5)};
    case ProportionMethod::kAgrestiCoull: {
      const double z = NormalUpperQuantile(alpha / 2);
      const double more = n + z * z;
      const double p = (x + z * z / 2) / more;
      const double half = z * std::sqrt(p * ((rest + z * z / 2) / more) / more);
      return ConfidenceInterval{std::max(p - half, 0.0), std::min(p + half, 1.0)};
    }
  }
  Bug();
}

Result<MeanTest> Welch(const Sample& a, const Sample& b, TestSetting setting) {
  MAXOPT_CHECK(CheckAlpha(setting.alpha));
  MAXOPT_CHECK(CheckArm("a", a));
  MAXOPT_CHECK(CheckArm("b", b));
  MAXOPT_TRY(const Difference d,
             WelchDifference(a.sd / Count(a.n) * a.sd, a.n, b.sd / Count(b.n) * b.sd, b.n));
  return TestOfMeans(b.mean - a.mean, d, setting);
}

Result<Moments> MomentsOf(std::string_view arm, const Sample& sample) {
  MAXOPT_CHECK(CheckArm(arm, sample));
  return Moments{sample.n, sample.mean, sample.sd * sample.sd};
}

Result<Moments> MomentsOf(std::string_view arm, const Trials& trials) {
  MAXOPT_CHECK(CheckTrials(arm, trials));
  const double n = Count(trials.n);
  const double p = Count(trials.x) / n;
  return Moments{trials.n, p, p * (Count(trials.n - trials.x) / n)};
}

Result<Moments> MomentsOf(std::string_view arm, const RatioSample& s) {
  MAXOPT_CHECK(CheckArm(arm, {s.n, s.mean, s.sd}));
  MAXOPT_CHECK(CheckFinite(arm, "mean_den", s.mean_den));
  MAXOPT_CHECK(CheckSpread(arm, "sd_den", s.sd_den));
  MAXOPT_CHECK(CheckCovariance(arm, s.cov, s.sd, s.sd_den));
  if (!(s.mean_den > 0)) {
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("{}.mean_den is {}; a ratio needs a denominator above 0", arm, s.mean_den));
  }
  const double ratio = s.mean / s.mean_den;
  const double variance = (s.sd * s.sd - 2 * ratio * s.cov + ratio * ratio * s.sd_den * s.sd_den) /
                          s.mean_den / s.mean_den;
  // A covariance at its very limit may leave a rounding error below 0.
  return Moments{s.n, ratio, std::max(variance, 0.0)};
}

Result<LiftTest> RelativeLift(const Moments& a, const Moments& b, TestSetting setting) {
  MAXOPT_CHECK(CheckAlpha(setting.alpha));
  MAXOPT_TRY(const Lift lift, LiftOf(a, b));
  const double p = PValue(lift.lift / lift.se, setting.alternative,
                          [&](double t) { return StudentUpperTail(t, lift.df); });
  const double half = StudentUpperQuantile(setting.alpha / 2, lift.df) * lift.se;
  return LiftTest{lift.lift, lift.se, lift.df, p, {lift.lift - half, lift.lift + half}};
}

Result<CupedTest> Cuped(const PreSample& a, const PreSample& b, TestSetting setting) {
  MAXOPT_CHECK(CheckAlpha(setting.alpha));
  for (const auto& [name, arm] : {std::pair{std::string_view("a"), &a}, {"b", &b}}) {
    MAXOPT_CHECK(CheckArm(name, arm->sample));
    MAXOPT_CHECK(CheckFinite(name, "pre_mean", arm->pre_mean));
    MAXOPT_CHECK(CheckSpread(name, "pre_sd", arm->pre_sd));
    MAXOPT_CHECK(CheckCovariance(name, arm->cov, arm->sample.sd, arm->pre_sd));
  }
  const double n_a = Count(a.sample.n);
  const double n_b = Count(b.sample.n);
  // Sums of squares over the units of both arms together: within, and between the arms.
  const double between = n_a / (n_a + n_b) * n_b;
  const double pre_diff = b.pre_mean - a.pre_mean;
  const double diff = b.sample.mean - a.sample.mean;
  const double xx = (n_a - 1) * a.pre_sd * a.pre_sd + (n_b - 1) * b.pre_sd * b.pre_sd +
                    between * pre_diff * pre_diff;
  const double xy = (n_a - 1) * a.cov + (n_b - 1) * b.cov + between * pre_diff * diff;
  const double theta =
      xx > 0 ? xy / xx : 0;  // without variance before there is nothing to adjust by
  const auto variance = [&](const PreSample& arm) {
    const double unit = arm.sample.sd * arm.sample.sd + theta * theta * arm.pre_sd * arm.pre_sd -
                        2 * theta * arm.cov;
    return std::max(unit, 0.0) / Count(arm.sample.n);
  };
  MAXOPT_TRY(const Difference d, WelchDifference(variance(a), a.sample.n, variance(b), b.sample.n));
  MAXOPT_TRY(const MeanTest test, TestOfMeans(diff - theta * pre_diff, d, setting));
  const double before = a.sample.sd * a.sample.sd / n_a + b.sample.sd * b.sample.sd / n_b;
  return CupedTest{test, theta, 1 - d.se * d.se / before};
}

Result<SequentialTest> SequentialLift(const Moments& a, const Moments& b, double tuning_n,
                                      double alpha) {
  MAXOPT_CHECK(CheckAlpha(alpha));
  if (!(tuning_n > 0) || !std::isfinite(tuning_n)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("tuning_n is {}; it must be a number above 0", tuning_n));
  }
  MAXOPT_TRY(const Lift lift, LiftOf(a, b));
  const double n = Count(a.n) + Count(b.n);
  const double log_alpha = std::log(alpha);
  const double rho2 = (-2 * log_alpha + std::log1p(-2 * log_alpha)) / tuning_n;
  const double grown = n * rho2 + 1;
  const double half =
      lift.se * std::sqrt(2 * grown / (n * rho2) * (0.5 * std::log(grown) - log_alpha));
  const double t = lift.lift / lift.se;
  const double log_p = 0.5 * std::log(grown) - n * rho2 * t * t / (2 * grown);
  return SequentialTest{
      lift.lift, lift.se, {lift.lift - half, lift.lift + half}, std::min(1.0, std::exp(log_p))};
}

Result<double> MixtureRho(double v_opt, double alpha) {
  MAXOPT_CHECK(CheckAlpha(alpha));
  if (!(v_opt > 0) || !std::isfinite(v_opt)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("v_opt is {}; it must be a number above 0", v_opt));
  }
  const double twice = -2 * std::log(alpha);
  return v_opt / (twice + std::log1p(twice));
}

Result<double> MixtureBound(double v, double rho, double alpha) {
  MAXOPT_CHECK(CheckAlpha(alpha));
  if (!(v >= 0) || !std::isfinite(v)) {
    return Fail(Errc::kInvalidArgument, fmt::format("v is {}; it must be a number, 0 or more", v));
  }
  if (!(rho > 0) || !std::isfinite(rho)) {
    return Fail(Errc::kInvalidArgument, fmt::format("rho is {}; it must be a number above 0", rho));
  }
  return std::sqrt((v + rho) * (std::log1p(v / rho) - 2 * std::log(alpha)));
}

Result<BayesTest> BayesBinomial(Trials a, Trials b, BetaPrior prior, double alpha) {
  MAXOPT_CHECK(CheckAlpha(alpha));
  // Without trials the prior would be the answer; that is no evidence.
  MAXOPT_CHECK(CheckTrials("a", a));
  MAXOPT_CHECK(CheckTrials("b", b));
  for (const auto& [name, value] :
       {std::pair{std::string_view("alpha"), prior.alpha}, {"beta", prior.beta}}) {
    if (!(value >= 1e-6) || !(value <= 1e15)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("prior.{} is {}; it must lie between 1e-6 and 1e15", name, value));
    }
  }
  const auto posterior = [&](const Trials& t) {
    return BetaShape{prior.alpha + Count(t.x), prior.beta + Count(t.n - t.x)};
  };
  const BetaShape in_a = posterior(a);
  const BetaShape in_b = posterior(b);
  const BetaComparison compared = CompareBetas(in_a, in_b);
  BayesTest out{};
  out.prob_b_better = compared.prob_b_better;
  out.expected_loss_a = compared.loss_a;
  out.expected_loss_b = compared.loss_b;
  if (in_a.a > 1) {
    // E b E(1/a) - 1 = (b.a/(b.a + b.b)) ((a.a + a.b - 1)/(a.a - 1)) - 1 over one denominator.
    const long double n_a = static_cast<long double>(in_a.a) + in_a.b - 1;
    const long double n_b = static_cast<long double>(in_b.a) + in_b.b;
    const long double x_a = static_cast<long double>(in_a.a) - 1;
    out.lift_mean = static_cast<double>((in_b.a * n_a - n_b * x_a) / (n_b * x_a));
  } else {
    out.lift_mean = std::numeric_limits<double>::infinity();
  }
  out.lift = {std::expm1(RatioLogQuantile(in_a, in_b, alpha / 2)),
              std::expm1(RatioLogQuantile(in_a, in_b, 1 - alpha / 2))};
  return out;
}

namespace {
ChiSquareTest UpperChiSquare(double chi2, double df) {
  return {chi2, df, boost::math::gamma_q(df / 2, chi2 / 2)};
}
}  // namespace

Result<ChiSquareTest> SampleRatio(std::span<const std::int64_t> counts,
                                  std::span<const double> weights) {
  if (counts.size() < 2 || counts.size() != weights.size()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} counts and {} weights; as many of each, at least 2, are needed",
                            counts.size(), weights.size()));
  }
  long double n = 0;
  double weight = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] < 0 || counts[i] > kMaxCount) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("counts[{}] is {}; it must lie between 0 and 2^53", i, counts[i]));
    }
    if (!(weights[i] > 0) || !std::isfinite(weights[i])) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("weights[{}] is {}; it must be a number above 0", i, weights[i]));
    }
    n += static_cast<long double>(counts[i]);
    weight += weights[i];
  }
  if (n == 0) return Fail(Errc::kInvalidArgument, "counts are all 0; nothing was observed");
  if (!std::isfinite(weight)) return Fail(Errc::kInvalidArgument, "weights are too large");
  double chi2 = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const long double expected = n * static_cast<long double>(weights[i] / weight);
    const long double off = static_cast<long double>(counts[i]) - expected;
    chi2 += static_cast<double>(off * off / expected);
  }
  return UpperChiSquare(chi2, Count(static_cast<std::int64_t>(counts.size()) - 1));
}

Result<ChiSquareTest> ChiSquare(const std::vector<std::vector<std::int64_t>>& table, bool yates) {
  if (table.size() < 2 || table.front().size() < 2) {
    return Fail(Errc::kInvalidArgument, "table needs at least 2 rows and 2 columns");
  }
  const std::size_t columns = table.front().size();
  std::vector<long double> row(table.size()), column(columns);
  long double n = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].size() != columns) {
      return Fail(Errc::kInvalidArgument, fmt::format("table[{}] has {} columns, table[0] has {}",
                                                      i, table[i].size(), columns));
    }
    for (std::size_t j = 0; j < columns; ++j) {
      if (table[i][j] < 0 || table[i][j] > kMaxCount) {
        return Fail(
            Errc::kInvalidArgument,
            fmt::format("table[{}][{}] is {}; it must lie between 0 and 2^53", i, j, table[i][j]));
      }
      const auto count = static_cast<long double>(table[i][j]);
      row[i] += count;
      column[j] += count;
      n += count;
    }
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == 0) return Fail(Errc::kInvalidArgument, fmt::format("table[{}] is all 0", i));
  }
  for (std::size_t j = 0; j < columns; ++j) {
    if (column[j] == 0) {
      return Fail(Errc::kInvalidArgument, fmt::format("column {} of table is all 0", j));
    }
  }
  if (yates && (row.size() != 2 || columns != 2)) {
    return Fail(Errc::kInvalidArgument, "correction is for tables of 2 x 2 only");
  }
  double chi2 = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      const long double expected = row[i] * column[j] / n;
      long double off = std::abs(static_cast<long double>(table[i][j]) - expected);
      // As in R and SciPy the correction never turns a difference into its opposite.
      if (yates) off -= std::min(off, 0.5L);
      chi2 += static_cast<double>(off * off / expected);
    }
  }
  return UpperChiSquare(chi2, static_cast<double>((row.size() - 1) * (columns - 1)));
}

Result<std::vector<double>> AdjustPValues(std::span<const double> p_values, Adjustment kind) {
  const std::size_t n = p_values.size();
  if (n == 0) return Fail(Errc::kInvalidArgument, "p_values is empty");
  for (std::size_t i = 0; i < n; ++i) {
    if (!(p_values[i] >= 0 && p_values[i] <= 1)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("p_values[{}] is {}; it must lie between 0 and 1", i, p_values[i]));
    }
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return p_values[i] < p_values[j]; });
  const auto m = static_cast<double>(n);
  double harmonic = 0;
  for (std::size_t i = n; i > 0; --i) harmonic += 1 / static_cast<double>(i);
  std::vector<double> out(n);
  double edge = kind == Adjustment::kHolm ? 0 : 1;
  switch (kind) {
    case Adjustment::kBonferroni:
      for (std::size_t i = 0; i < n; ++i) out[i] = std::min(1.0, m * p_values[i]);
      break;
    case Adjustment::kHolm:
      for (std::size_t k = 0; k < n; ++k) {
        edge = std::max(edge, std::min(1.0, (m - static_cast<double>(k)) * p_values[order[k]]));
        out[order[k]] = edge;
      }
      break;
    case Adjustment::kBenjaminiHochberg:
    case Adjustment::kBenjaminiYekutieli: {
      const double factor = kind == Adjustment::kBenjaminiYekutieli ? harmonic : 1;
      for (std::size_t k = n; k-- > 0;) {
        edge = std::min(edge, factor * m / static_cast<double>(k + 1) * p_values[order[k]]);
        out[order[k]] = edge;
      }
      break;
    }
  }
  return out;
}

}  // namespace maxopt
