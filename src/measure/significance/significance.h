#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "result/result.h"

/// Is the difference between two arms more than luck? Everywhere `a` is the control, `b` the
/// treatment, and an effect is b against a. Pure and thread-safe; the same input gives the same
/// bits.
///
/// Errors   kInvalidArgument, naming the field ("a.n"): a count below 0 or above 2^53, more
///          successes than trials, a standard deviation below 0, a number that is not finite, a
///          rate outside what the method allows, and data that cannot answer (no observations, no
///          variance at all). No p-value is ever made from no data.
/// Tails    p-values are computed as upper tails, so they are right to about 12 digits down to
///          1e-300; smaller ones become 0.
/// Docs     docs/significance.md has the formulas beside their sources.
namespace maxopt {

enum class Alternative { kTwoSided, kGreater, kLess };  ///< kGreater: b above a

struct TestSetting {
  double alpha = 0.05;  ///< 1 - level of the intervals, in (0, 1)
  /// Of the p-value. Intervals are two-sided at every alternative.
  Alternative alternative = Alternative::kTwoSided;
};

struct ConfidenceInterval {
  double low;
  double high;
};

/// `x` successes in `n` trials.
struct Trials {
  std::int64_t n = 0;
  std::int64_t x = 0;
};
/// `sd` with n - 1 in its denominator.
struct Sample {
  std::int64_t n = 0;
  double mean = 0;
  double sd = 0;
};
/// Per unit (user, session, day) a numerator and a denominator: spend and conversions of a CPA,
/// revenue and spend of a ROAS, clicks and impressions of a CTR per user.
struct RatioSample {
  std::int64_t n = 0;
  double mean = 0, sd = 0;          ///< of the numerator
  double mean_den = 0, sd_den = 0;  ///< of the denominator; its mean above 0
  double cov = 0;                   ///< of the two, n - 1 in its denominator
};
/// A sample with the same units' values before the experiment began.
struct PreSample {
  Sample sample;
  double pre_mean = 0, pre_sd = 0;
  double cov = 0;  ///< of before and during
};

struct ProportionTest {
  double z, p_value, diff;
  ConfidenceInterval wald;      ///< of the difference, variances not pooled
  ConfidenceInterval newcombe;  ///< of the difference, from two Wilson intervals
};
/// z test of two proportions. `pooled`: the variance of z is the one under equal rates.
/// Source   Newcombe 1998, Interval estimation for the difference between independent proportions:
///          comparison of eleven methods, Statistics in Medicine 17, methods 1 and 10
Result<ProportionTest> TwoProportions(Trials a, Trials b, bool pooled, TestSetting setting);

enum class ProportionMethod { kWilson, kClopperPearson, kJeffreys, kAgrestiCoull };
/// "wilson", "clopper_pearson", "jeffreys", "agresti_coull"; the error lists them.
Result<ProportionMethod> FindProportionMethod(std::string_view name);
/// Interval of one proportion. Jeffreys: quantiles of Beta(x + 1/2, n - x + 1/2), without the
/// adjustment at x = 0 and x = n. Agresti-Coull: cut to [0, 1].
/// Source   Brown, Cai, DasGupta 2001, Interval estimation for a binomial proportion, Statistical
///          Science 16(2)
Result<ConfidenceInterval> ProportionInterval(Trials trials, ProportionMethod method, double alpha);

struct MeanTest {
  double t, df, p_value, diff;
  ConfidenceInterval ci;
};
/// Two means with unequal variances; degrees of freedom of Welch and Satterthwaite.
/// Source   Welch 1947, The generalization of "Student's" problem..., Biometrika 34
Result<MeanTest> Welch(const Sample& a, const Sample& b, TestSetting setting);

/// An arm as a mean of n units and the variance of one unit: what lift needs of it.
struct Moments {
  std::int64_t n = 0;
  double mean = 0;
  double variance = 0;
};
Result<Moments> MomentsOf(std::string_view arm, const Sample& sample);
/// Variance of a Bernoulli unit, p (1 - p).
Result<Moments> MomentsOf(std::string_view arm, const Trials& trials);
/// Mean m/d and the variance of one unit of it by the delta method,
///   var_m/d^2 - 2 cov m/d^3 + var_d m^2/d^4.
/// Source   Deng, Knoblich, Lu 2018, Applying the delta method in metric analytics, KDD, eq. 7
Result<Moments> MomentsOf(std::string_view arm, const RatioSample& sample);

struct LiftTest {
  double lift;  ///< b/a - 1
  double se, df, p_value;
  ConfidenceInterval ci;
};
/// Relative difference by the delta method,
///   se^2 = var_b/(n_b a^2) + var_a b^2/(n_a a^4),
/// judged against Student's t with Welch's degrees of freedom, as GrowthBook's engine does (for
/// large samples: against the normal). The mean of a must be above 0.
/// Source   Deng, Knoblich, Lu 2018, section 3
Result<LiftTest> RelativeLift(const Moments& a, const Moments& b, TestSetting setting);

struct CupedTest {
  MeanTest test;
  double theta;               ///< slope of "during" on "before"
  double variance_reduction;  ///< 1 - variance of the difference after / before the adjustment
};
/// Welch's test of means adjusted by what the units did before: y - theta (x - mean x), with theta
/// = cov(x, y)/var(x) over the units of both arms together. Source   Deng, Xu, Kohavi, Walker 2013,
/// Improving the sensitivity of online controlled
///          experiments by utilizing pre-experiment data, WSDM
Result<CupedTest> Cuped(const PreSample& a, const PreSample& b, TestSetting setting);

struct SequentialTest {
  double lift;
  double se;  ///< at this n, as in LiftTest
  ConfidenceInterval ci;
  double p_value;
};
/// Relative difference with an interval that holds at every look at once: with probability
/// 1 - alpha no look ever shows an interval without the truth (asymptotically). With n = n_a + n_b,
/// s^2 = se^2 n:
///   rho^2 = (-2 ln alpha + ln(1 - 2 ln alpha)) / tuning_n
///   ci    = lift -+ s sqrt(2 (n rho^2 + 1)/(n rho)^2 ln(sqrt(n rho^2 + 1)/alpha))
///   p     = min(1, sqrt(n rho^2 + 1) exp(-rho^2 n lift^2 / (2 se^2 (n rho^2 + 1))))
/// tuning_n: the total of both arms at which the interval is to be tightest, > 0.
/// Source   Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2023, Time-uniform central limit theory
///          and asymptotic confidence sequences (arXiv 2103.06476v7), eqs. 9, 155, 161
Result<SequentialTest> SequentialLift(const Moments& a, const Moments& b, double tuning_n,
                                      double alpha);

/// rho of the two-sided normal mixture that is (nearly) tightest at intrinsic time v_opt > 0:
///   rho = v_opt / (2 ln(1/alpha) + ln(1 + 2 ln(1/alpha)))
/// The exact optimum is v_opt / (-W(-alpha^2/e) - 1) with the lower branch of Lambert's W; this is
/// the authors' approximation of it, which their confseq library uses, and the bound differs from
/// the best by less than one part in a thousand.
/// Source   Howard, Ramdas, McAuliffe, Sekhon 2021, Time-uniform, nonparametric, nonasymptotic
///          confidence sequences, Annals of Statistics 49(2), section 3.5
Result<double> MixtureRho(double v_opt, double alpha);
/// Two-sided normal mixture boundary of a sum at intrinsic time v >= 0:
///   sqrt((v + rho) ln((v + rho)/(rho alpha^2)))
/// Source   ibid., eq. 14
Result<double> MixtureBound(double v, double rho, double alpha);

struct BetaPrior {
  double alpha = 1, beta = 1;  ///< both above 0
};
struct BayesTest {
  double prob_b_better;     ///< P(rate b > rate a)
  double expected_loss_a;   ///< E max(b - a, 0): what choosing a loses on average
  double expected_loss_b;   ///< E max(a - b, 0)
  double lift_mean;         ///< E(b/a) - 1; infinite where the posterior of a is that wide
  ConfidenceInterval lift;  ///< of b/a - 1, equal tails, 1 - alpha
};
/// Two rates with Beta posteriors, by quadrature (no simulation), to about 11 digits at any counts.
/// Source   the integrals are Stucchio 2015, Bayesian A/B testing at VWO, sections 3 and 4;
///          beta_pair.h says how they are computed
Result<BayesTest> BayesBinomial(Trials a, Trials b, BetaPrior prior, double alpha);

struct ChiSquareTest {
  double chi2, df, p_value;
};
/// Sample ratio mismatch: observed counts against the split that was asked for. `weights` need not
/// sum to 1; all above 0.
/// Source   Fabijan et al. 2019, Diagnosing sample ratio mismatch in online controlled experiments
Result<ChiSquareTest> SampleRatio(std::span<const std::int64_t> counts,
                                  std::span<const double> weights);
/// Pearson's test of independence of a table of counts. `yates`: with the continuity correction,
/// for 2 x 2 only.
Result<ChiSquareTest> ChiSquare(const std::vector<std::vector<std::int64_t>>& table, bool yates);

enum class Adjustment { kBenjaminiHochberg, kHolm, kBenjaminiYekutieli, kBonferroni };
/// "bh", "holm", "by", "bonferroni"; the error lists them.
Result<Adjustment> FindAdjustment(std::string_view name);
/// Adjusted p-values in the order given; at most 1. bh and by control the share of false
/// discoveries, holm and bonferroni the chance of any.
/// Source   Benjamini, Hochberg 1995; Holm 1979; Benjamini, Yekutieli 2001
Result<std::vector<double>> AdjustPValues(std::span<const double> p_values, Adjustment kind);

// ---- how much data ----

struct ErrorRates {
  double alpha = 0.05;  ///< chance of a false alarm, two-sided, in (0, 1)
  double power = 0.8;   ///< chance of finding a difference that is there, in (0, 1)
};

/// Observations (clicks for a CVR, impressions for a CTR) each of two equal arms needs so that a
/// relative difference `mde_relative` from the rate `baseline` is found.
///   p2 = p1 (1 + mde),  p = (p1 + p2) / 2
///   n  = (z[1-alpha/2] sqrt(2 p (1-p)) + z[power] sqrt(p1 (1-p1) + p2 (1-p2)))^2 / (p2 - p1)^2
/// rounded up. R's power.prop.test has the same before rounding.
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

/// The same formula without rounding and for one-sided tests (their alpha is not halved).
Result<double> ProportionSample(double p_a, double p_b, double power, TestSetting setting);
/// Power of n observations an arm, n > 0: the formula above solved for it.
Result<double> ProportionPower(double p_a, double p_b, double n, TestSetting setting);
/// The rate above p_a that n observations an arm find with this power; an error when none below 1.
Result<double> ProportionDetectable(double p_a, double n, double power, TestSetting setting);

/// Power of Student's t test for two means `diff` apart with n each, n >= 2 (need not be whole),
/// by the noncentral t; a two-sided test counts both tails, as statsmodels' TTestIndPower and R's
/// power.t.test(strict = TRUE) do. One-sided: in the direction of the alternative.
Result<double> MeanPower(double diff, double sd, double n, TestSetting setting);
/// n an arm, not rounded, >= 2; an error when more than 1e15 would be needed.
Result<double> MeanSample(double diff, double sd, double power, TestSetting setting);
/// The difference above 0 that n an arm find with this power.
Result<double> MeanDetectable(double sd, double n, double power, TestSetting setting);

// ---- many at once ----

/// One column an input; all of the same length. Rows that cannot be answered get NaN in every
/// output, never a number.
struct ProportionColumns {
  std::span<const double> n_a, x_a, n_b, x_b;
};
struct MeanColumns {
  std::span<const double> n_a, mean_a, sd_a, n_b, mean_b, sd_b;
};
struct TestColumns {
  std::span<double> statistic, p_value, diff, low, high;
};
/// As TwoProportions with pooled variance in z and the Wald interval, two-sided. Errors:
/// columns of different lengths, alpha out of range.
Result<> TwoProportionsMany(const ProportionColumns& in, double alpha, const TestColumns& out);
/// As Welch, two-sided. From 1000 degrees of freedom on, the tail and the quantile of Student's t
/// come from expansions in 1/df, which agree with the exact ones to 1e-11 (relative); below, and
/// where the tail is under 1e-40, from the exact ones.
Result<> WelchMany(const MeanColumns& in, double alpha, const TestColumns& out);

}  // namespace maxopt
