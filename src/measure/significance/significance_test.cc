#include "measure/significance/significance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace maxopt {
namespace {

const double kNan = std::nan("");

// Newcombe 1998, Statistics in Medicine 17: 873-890, table II, methods 1 (Wald) and 10.
TEST(TwoProportions, NewcombesTable) {
  struct Case {
    Trials first, second;
    double wald_low, wald_high, low, high;
  };
  for (const Case& c : {Case{{70, 56}, {80, 48}, 0.0575, 0.3425, 0.0524, 0.3339},
                        {{10, 9}, {10, 3}, 0.2605, 0.9395, 0.1705, 0.8090},
                        {{7, 6}, {7, 2}, 0.1481, 0.9947, 0.0582, 0.8062},
                        {{56, 5}, {29, 0}, 0.0146, 0.1640, -0.0381, 0.1926},
                        {{10, 0}, {20, 0}, 0, 0, -0.1611, 0.2775},
                        {{10, 10}, {20, 0}, 1, 1, 0.6791, 1}}) {
    const auto t = TwoProportions(c.second, c.first, true, {});
    if (c.first.x + c.second.x == 0) {  // no successes: an interval there is, a test there is not
      EXPECT_FALSE(t);
      continue;
    }
    ASSERT_TRUE(t) << t.error().what;
    EXPECT_NEAR(t->wald.low, c.wald_low, 5e-5);
    EXPECT_NEAR(t->wald.high, c.wald_high, 5e-5);
    EXPECT_NEAR(t->newcombe.low, c.low, 5.1e-5);
    EXPECT_NEAR(t->newcombe.high, c.high, 5.1e-5);
  }
}

// The square of the pooled z is Pearson's chi-square of the same table.
TEST(TwoProportions, SquareIsChiSquare) {
  const auto z = TwoProportions({1000, 100}, {1200, 150}, true, {}).value();
  const auto chi = ChiSquare({{100, 900}, {150, 1050}}, false).value();
  EXPECT_NEAR(z.z * z.z, chi.chi2, 1e-11);
  EXPECT_NEAR(z.p_value, chi.p_value, 1e-13);
}

TEST(TwoProportions, OneSided) {
  const auto both = TwoProportions({1000, 100}, {1000, 120}, true, {}).value();
  const auto more =
      TwoProportions({1000, 100}, {1000, 120}, true, {.alternative = Alternative::kGreater})
          .value();
  const auto less =
      TwoProportions({1000, 100}, {1000, 120}, true, {.alternative = Alternative::kLess}).value();
  EXPECT_NEAR(more.p_value, both.p_value / 2, 1e-15);
  EXPECT_NEAR(more.p_value + less.p_value, 1, 1e-15);
}

// The p-value of that z by mpmath with 40 digits.
TEST(TwoProportions, TinyPValuesAndHugeCounts) {
  const auto tiny = TwoProportions({1'000'000, 100'000}, {1'000'000, 115'600}, true, {}).value();
  EXPECT_NEAR(tiny.z, 35.56879158, 1e-8);
  EXPECT_NEAR(tiny.p_value / 4.25695744966e-277, 1, 1e-9);
  const std::int64_t n = 1'000'000'000'000;
  const auto huge = TwoProportions({n, n / 1000}, {n, n / 1000 + 300'000}, true, {}).value();
  EXPECT_NEAR(huge.diff, 3e-7, 1e-18);
  EXPECT_NEAR(huge.z, 6.7113, 1e-3);
  EXPECT_GT(huge.newcombe.low, 2.12e-7);
  EXPECT_LT(huge.newcombe.high, 3.88e-7);
}

TEST(TwoProportions, NothingFromNothing) {
  for (const auto& [a, b] : {std::pair<Trials, Trials>{{0, 0}, {10, 1}},
                             {{10, 1}, {0, 0}},
                             {{10, 11}, {10, 1}},
                             {{10, -1}, {10, 1}},
                             {{-10, 0}, {10, 1}},
                             {{10, 0}, {10, 0}},
                             {{10, 10}, {10, 10}},
                             {{(std::int64_t{1} << 53) + 2, 5}, {10, 1}}}) {
    const auto t = TwoProportions(a, b, true, {});
    ASSERT_FALSE(t) << a.n << " " << a.x;
    EXPECT_EQ(t.error().code, Errc::kInvalidArgument);
  }
  EXPECT_FALSE(TwoProportions({10, 0}, {10, 10}, false, {}));  // unpooled: no variance
  EXPECT_TRUE(TwoProportions({10, 0}, {10, 10}, true, {}));
  for (const double alpha : {0.0, 1.0, -0.1, kNan}) {
    EXPECT_FALSE(TwoProportions({10, 1}, {10, 2}, true, {.alpha = alpha}));
  }
  EXPECT_NE(TwoProportions({10, 11}, {10, 1}, true, {}).error().what.find("a.x"),
            std::string::npos);
}

// Newcombe 1998, Two-sided confidence intervals for the single proportion, table I; the Jeffreys
// and Agresti-Coull ends by statsmodels 0.13.5.
TEST(ProportionInterval, PublishedEnds) {
  const auto ends = [](Trials t, ProportionMethod m) {
    return ProportionInterval(t, m, 0.05).value();
  };
  using enum ProportionMethod;
  EXPECT_NEAR(ends({263, 81}, kWilson).low, 0.2553, 5e-5);
  EXPECT_NEAR(ends({263, 81}, kWilson).high, 0.3662, 5e-5);
  EXPECT_NEAR(ends({263, 81}, kClopperPearson).low, 0.2527, 5e-5);
  EXPECT_NEAR(ends({263, 81}, kClopperPearson).high, 0.3676, 5e-5);
  EXPECT_NEAR(ends({148, 15}, kWilson).low, 0.0624, 5e-5);
  EXPECT_NEAR(ends({148, 15}, kWilson).high, 0.1605, 5e-5);
  EXPECT_NEAR(ends({20, 0}, kWilson).high, 0.1611, 5e-5);
  EXPECT_EQ(ends({20, 0}, kWilson).low, 0);
  EXPECT_EQ(ends({20, 20}, kWilson).high, 1);
  // By hand: nothing in 20 gives an upper end of 1 - 0.025^(1/20).
  EXPECT_NEAR(ends({20, 0}, kClopperPearson).high, 1 - std::pow(0.025, 0.05), 1e-14);
  EXPECT_EQ(ends({20, 0}, kClopperPearson).low, 0);
  EXPECT_EQ(ends({20, 20}, kClopperPearson).high, 1);
  EXPECT_EQ(ends({3, 0}, kAgrestiCoull).low, 0);
}

// The share of intervals without the truth, by the exact binomial sum: Clopper-Pearson never
// misses more than alpha, Wilson and Jeffreys about alpha (Brown, Cai, DasGupta 2001, figure 5).
TEST(ProportionInterval, Coverage) {
  const auto missed = [](ProportionMethod method, double p) {
    double sum = 0;
    double mass = std::pow(1 - p, 50);  // P(x = 0)
    for (std::int64_t x = 0; x <= 50; ++x) {
      const auto ends = ProportionInterval({50, x}, method, 0.05).value();
      if (p < ends.low || p > ends.high) sum += mass;
      mass *= static_cast<double>(50 - x) / static_cast<double>(x + 1) * p / (1 - p);
    }
    return sum;
  };
  double wilson = 0;
  for (int i = 1; i < 100; ++i) {
    const double p = i / 100.0;
    EXPECT_LE(missed(ProportionMethod::kClopperPearson, p), 0.05) << p;
    wilson += missed(ProportionMethod::kWilson, p) / 99;
  }
  EXPECT_NEAR(wilson, 0.05, 0.005);
}

// R, t.test(extra ~ group, data = sleep): t = -1.8608, df = 17.776, p = 0.07939, interval
// -3.3654832 to 0.2054832 (of group 1 less group 2).
TEST(Welch, RsSleepData) {
  const auto t = Welch({10, 2.33, 2.002249}, {10, 0.75, 1.789010}, {}).value();
  EXPECT_NEAR(t.t, -1.8608, 5e-5);
  EXPECT_NEAR(t.df, 17.776, 5e-4);
  EXPECT_NEAR(t.p_value, 0.07939, 5e-6);
  EXPECT_NEAR(t.ci.low, -3.3654832, 1e-6);
  EXPECT_NEAR(t.ci.high, 0.2054832, 1e-6);
}

TEST(Welch, ScaleMovesNothingButTheDifference) {
  const auto t = Welch({30, 5, 2}, {50, 6, 3}, {}).value();
  for (const double scale : {1e-140, 1e-9, 1e9, 1e140}) {
    const auto scaled = Welch({30, 5 * scale, 2 * scale}, {50, 6 * scale, 3 * scale}, {}).value();
    EXPECT_NEAR(scaled.t, t.t, 1e-12);
    EXPECT_NEAR(scaled.df, t.df, 1e-10);
    EXPECT_NEAR(scaled.ci.high / scale, t.ci.high, 1e-12);
  }
}

TEST(Welch, Nonsense) {
  EXPECT_FALSE(Welch({1, 5, 2}, {50, 6, 3}, {}));
  EXPECT_FALSE(Welch({30, 5, -2}, {50, 6, 3}, {}));
  EXPECT_FALSE(Welch({30, kNan, 2}, {50, 6, 3}, {}));
  EXPECT_FALSE(Welch({30, 5, 0}, {50, 6, 0}, {}));
  EXPECT_TRUE(Welch({30, 5, 0}, {50, 6, 1}, {}));
}

// gbstats, tests/frequentist/test_tests.py: 14 of 28 against 16 of 30.
TEST(RelativeLift, GrowthBooksCase) {
  const auto rates = RelativeLift(MomentsOf("a", Trials{28, 14}).value(),
                                  MomentsOf("b", Trials{30, 16}).value(), {})
                         .value();
  EXPECT_NEAR(rates.lift, 0.06667, 5e-6);
  EXPECT_NEAR(rates.se, 0.2717, 5e-5);
  EXPECT_NEAR(rates.p_value, 0.80707, 5e-6);
  EXPECT_NEAR(rates.ci.low, -0.47767, 5e-6);
  EXPECT_NEAR(rates.ci.high, 0.61101, 5e-6);
}

// By hand: ratio 0.5, unit variance (1 - 2 (.5)(.5) + .25)/16 = 0.046875.
TEST(RelativeLift, RatioByTheDeltaMethod) {
  const Moments m = MomentsOf("a", RatioSample{500, 2, 1, 4, 1, 0.5}).value();
  EXPECT_NEAR(m.mean, 0.5, 1e-15);
  EXPECT_NEAR(m.variance, 0.046875, 1e-15);
  // A denominator that never varies leaves the numerator's own variance.
  const Moments plain = MomentsOf("a", RatioSample{500, 2, 1, 4, 0, 0}).value();
  EXPECT_NEAR(plain.variance, 1.0 / 16, 1e-15);
  EXPECT_FALSE(MomentsOf("a", RatioSample{500, 2, 1, 4, 1, 1.1}));
  EXPECT_FALSE(MomentsOf("a", RatioSample{500, 2, 1, 0, 1, 0.5}));
  EXPECT_FALSE(RelativeLift({10, 0, 1}, {10, 1, 1}, {}));
  EXPECT_FALSE(RelativeLift({10, -1, 1}, {10, 1, 1}, {}));
}

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : bits_(seed) {}
  double Uniform() { return (static_cast<double>(bits_() >> 11) + 0.5) * 0x1p-53; }
  double Normal() {
    return std::sqrt(-2 * std::log(Uniform())) * std::cos(6.283185307179586 * Uniform());
  }

 private:
  std::mt19937_64 bits_;
};

/// Of units (x, y) drawn together.
PreSample Drawn(Draws& draws, int n, double effect) {
  double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  for (int i = 0; i < n; ++i) {
    const double before = draws.Normal();
    const double during = 0.8 * before + 0.6 * draws.Normal() + effect;
    x += before;
    y += during;
    xx += before * before;
    yy += during * during;
    xy += before * during;
  }
  const auto cov = [&](double sum, double u, double v) { return (sum - u * v / n) / (n - 1); };
  return {{n, y / n, std::sqrt(cov(yy, y, y))}, x / n, std::sqrt(cov(xx, x, x)), cov(xy, x, y)};
}

// A correlation of 0.8 takes 0.64 of the variance away; the interval keeps its level.
TEST(Cuped, ReducesVarianceAndCovers) {
  Draws draws(7);
  int covered = 0;
  double reduction = 0;
  for (int run = 0; run < 1000; ++run) {
    const auto t = Cuped(Drawn(draws, 200, 0), Drawn(draws, 300, 0.1), {}).value();
    covered += t.test.ci.low <= 0.1 && 0.1 <= t.test.ci.high;
    reduction += t.variance_reduction / 1000;
  }
  EXPECT_NEAR(reduction, 0.64, 0.01);
  EXPECT_GE(covered, 930);
  EXPECT_LE(covered, 970);
  // Nothing varied before: Welch's test as it is.
  const PreSample a{{50, 3, 1}, 0, 0, 0};
  const PreSample b{{50, 3.5, 1}, 0, 0, 0};
  EXPECT_EQ(Cuped(a, b, {})->test.t, Welch(a.sample, b.sample, {})->t);
  EXPECT_NEAR(Cuped(a, b, {})->variance_reduction, 0, 1e-15);
}

// gbstats, tests/frequentist/test_tests.py, TestSequentialTTest.
TEST(SequentialLift, GrowthBooksCases) {
  const auto t = SequentialLift(MomentsOf("a", Trials{3000, 1396}).value(),
                                MomentsOf("b", Trials{3461, 2422}).value(), 5000, 0.05)
                     .value();
  EXPECT_NEAR(t.lift, 0.50386, 5e-6);
  EXPECT_NEAR(t.se, 0.03386, 5e-6);
  EXPECT_NEAR(t.ci.low, 0.40098, 5e-6);
  EXPECT_NEAR(t.ci.high, 0.60675, 5e-6);
  const auto variance = [](double sum, double squares, double n) {
    return (squares - sum * sum / n) / (n - 1);
  };
  const auto means =
      SequentialLift({3000, 1396.87 / 3000, variance(1396.87, 52377.9767, 3000)},
                     {3461, 2422.7 / 3461, variance(2422.7, 134698.29, 3461)}, 1000, 0.05)
          .value();
  EXPECT_NEAR(means.lift, 0.50336, 5e-6);
  EXPECT_NEAR(means.ci.low, -0.55844, 5e-6);
  EXPECT_NEAR(means.ci.high, 1.56516, 5e-6);
  EXPECT_EQ(means.p_value, 1);
}

// No effect, 60 looks each: an interval that excludes 0 at any of them in at most alpha of the
// runs (3 standard errors of 600 runs allowed); a fixed test would stray far more often.
TEST(SequentialLift, ManyLooksKeepTheLevel) {
  Draws draws(11);
  int strayed = 0;
  int fixed_strayed = 0;
  for (int run = 0; run < 600; ++run) {
    double sum[2] = {0, 0}, squares[2] = {0, 0};
    bool out = false;
    bool fixed_out = false;
    for (int look = 1; look <= 60; ++look) {
      for (int i = 0; i < 50; ++i) {
        for (int arm = 0; arm < 2; ++arm) {
          const double y = 10 + 3 * draws.Normal();
          sum[arm] += y;
          squares[arm] += y * y;
        }
      }
      const int n = 50 * look;
      const auto moments = [&](int arm) {
        return Moments{n, sum[arm] / n, (squares[arm] - sum[arm] * sum[arm] / n) / (n - 1)};
      };
      const auto t = SequentialLift(moments(0), moments(1), 3000, 0.05).value();
      const auto fixed = RelativeLift(moments(0), moments(1), {}).value();
      out = out || t.ci.low > 0 || t.ci.high < 0;
      fixed_out = fixed_out || fixed.p_value < 0.05;
      EXPECT_EQ(t.p_value<0.05, t.ci.low> 0 || t.ci.high < 0);
    }
    strayed += out;
    fixed_strayed += fixed_out;
  }
  EXPECT_LE(strayed, 46);
  EXPECT_GE(fixed_strayed, 120);
}

// confseq, test/uniform_boundaries_unittest.cpp: rho 12.60056, bound 30.35209.
TEST(MixtureBound, ConfseqsCase) {
  const double rho = MixtureRho(100, 0.05).value();
  EXPECT_NEAR(rho, 12.60056, 1e-5);
  EXPECT_NEAR(MixtureBound(100, rho, 0.05).value(), 30.35209, 1e-5);
  // Near the least bound there is at v = 100.
  for (const double other : {rho * 0.5, rho * 0.9, rho * 1.1, rho * 2}) {
    EXPECT_GT(MixtureBound(100, other, 0.05).value(), 30.35209 * 0.999);
  }
  EXPECT_FALSE(MixtureBound(-1, 1, 0.05));
  EXPECT_FALSE(MixtureBound(1, 0, 0.05));
  EXPECT_FALSE(MixtureRho(kNan, 0.05));
}

// By hand: Beta(1, 2) against Beta(2, 1). P(b > a) = int 2p (1 - (1 - p)^2) dp = 5/6;
// E max(a - b, 0) = int p^2 (1 - p)^2 dp = 1/30; E(b - a) = 1/3.
TEST(BayesBinomial, ByHand) {
  const auto t = BayesBinomial({1, 0}, {1, 1}, {}, 0.05).value();
  EXPECT_NEAR(t.prob_b_better, 5.0 / 6, 1e-13);
  EXPECT_NEAR(t.expected_loss_b, 1.0 / 30, 1e-13);
  EXPECT_NEAR(t.expected_loss_a, 11.0 / 30, 1e-13);
  EXPECT_TRUE(std::isinf(t.lift_mean));  // E 1/a of a Beta(1, 2)
  const auto same = BayesBinomial({100, 10}, {100, 10}, {}, 0.05).value();
  EXPECT_NEAR(same.prob_b_better, 0.5, 1e-13);
  EXPECT_NEAR((1 + same.lift.low) * (1 + same.lift.high), 1, 1e-12);  // ln(b/a) is symmetric
}

// By the finite sums for whole parameters (Evan Miller, Formulas for Bayesian A/B testing; Stucchio
// 2015), summed with 30 digits; the ends of the interval by adaptive quadrature.
TEST(BayesBinomial, ClosedForms) {
  const auto t = BayesBinomial({20, 0}, {30, 3}, {}, 0.05).value();
  EXPECT_NEAR(t.prob_b_better, 0.883775048481, 1e-12);
  EXPECT_NEAR(t.expected_loss_a, 0.0844296935029, 1e-13);
  EXPECT_NEAR(t.expected_loss_b, 0.00488423895749, 1e-14);
  EXPECT_NEAR(t.lift.low, -0.511758264587, 1e-11);
  EXPECT_NEAR(t.lift.high, 102.479040294, 1e-8);
  const auto tiny = BayesBinomial({3000, 600}, {3000, 20}, {}, 0.05).value();
  EXPECT_NEAR(tiny.prob_b_better / 6.18198325674e-164, 1, 1e-10);
  EXPECT_NEAR(tiny.expected_loss_a / 1.97277892046e-167, 1, 1e-10);
}

// At 10^12 trials the posteriors are normal to 6 digits: Phi((.001001 - .001)/se).
TEST(BayesBinomial, HugeCounts) {
  const std::int64_t n = 1'000'000'000'000;
  const auto t = BayesBinomial({n, n / 1000}, {n, n / 1000 + 100'000}, {}, 0.05).value();
  const double z = 1e-7 / std::sqrt(2 * 1e-3 * 0.999 / 1e12);
  EXPECT_NEAR(t.prob_b_better, 0.5 * std::erfc(-z / std::sqrt(2)), 1e-5);
  EXPECT_NEAR(t.lift_mean, 1e-4, 2e-9);
}

TEST(BayesBinomial, Properties) {
  Draws draws(3);
  for (int i = 0; i < 60; ++i) {
    const auto count = [&](double top) {
      return static_cast<std::int64_t>(std::pow(top, draws.Uniform()));
    };
    Trials a{count(1e7), 0};
    Trials b{count(1e7), 0};
    a.x = std::min(a.n, count(static_cast<double>(a.n) + 1) - (i % 3 == 0));
    b.x = std::min(b.n, count(static_cast<double>(b.n) + 1));
    const BetaPrior prior{draws.Uniform() * 3 + 0.01, draws.Uniform() * 3 + 0.01};
    const auto t = BayesBinomial(a, b, prior, 0.05).value();
    const auto turned = BayesBinomial(b, a, prior, 0.05).value();
    EXPECT_NEAR(t.prob_b_better + turned.prob_b_better, 1, 1e-10) << a.n << " " << a.x;
    EXPECT_NEAR(t.expected_loss_a, turned.expected_loss_b, 1e-10 * (1 + t.expected_loss_a));
    const auto mean = [&](Trials x) {
      return (static_cast<double>(x.x) + prior.alpha) /
             (static_cast<double>(x.n) + prior.alpha + prior.beta);
    };
    EXPECT_NEAR(t.expected_loss_a - t.expected_loss_b, mean(b) - mean(a), 1e-10);
    EXPECT_NEAR(std::log1p(t.lift.low), -std::log1p(turned.lift.high),
                1e-7 * (1 + std::abs(std::log1p(t.lift.low))));
    EXPECT_LT(t.lift.low, t.lift.high);
  }
  EXPECT_FALSE(BayesBinomial({0, 0}, {10, 1}, {}, 0.05));
  EXPECT_FALSE(BayesBinomial({10, 1}, {10, 1}, {0, 1}, 0.05));
  EXPECT_FALSE(BayesBinomial({10, 1}, {10, 1}, {1, kNan}, 0.05));
}

// R, prop.test(c(83, 90, 129, 70), c(86, 93, 136, 82)): X-squared = 12.6, df = 3, p = 0.005585.
TEST(ChiSquare, RsSmokers) {
  const auto t = ChiSquare({{83, 90, 129, 70}, {3, 3, 7, 12}}, false).value();
  EXPECT_NEAR(t.chi2, 12.6, 5e-2);
  EXPECT_EQ(t.df, 3);
  EXPECT_NEAR(t.p_value, 0.005585, 5e-7);
  EXPECT_FALSE(ChiSquare({{1, 2}, {0, 0}}, false));
  EXPECT_FALSE(ChiSquare({{1, 0}, {2, 0}}, false));
  EXPECT_FALSE(ChiSquare({{1, 2}}, false));
  EXPECT_FALSE(ChiSquare({{1, 2}, {1}}, false));
  EXPECT_FALSE(ChiSquare({{1, 2, 3}, {1, 2, 3}}, true));
}

// By hand: 821 588 and 815 482 users (Kohavi, Tang, Xu 2020, chapter 3) asked for as halves:
// chi2 = 6106^2 / 1 637 070 = 22.77, p = 1.8e-6.
TEST(SampleRatio, Kohavi) {
  const std::int64_t counts[] = {821'588, 815'482};
  const double weights[] = {50, 50};
  const auto t = SampleRatio(counts, weights).value();
  EXPECT_NEAR(t.chi2, 22.7743, 1e-3);
  EXPECT_NEAR(t.p_value, 1.82e-6, 1e-8);
  const std::int64_t none[] = {0, 0};
  EXPECT_FALSE(SampleRatio(none, weights));
  EXPECT_FALSE(SampleRatio(counts, std::span(weights).first(1)));
}

// R, p.adjust(c(.01, .02, .03, .04, .05), method): by hand.
TEST(AdjustPValues, ByHand) {
  const double p[] = {0.01, 0.04, 0.03, 0.05, 0.02};
  const auto is = [&](Adjustment kind, std::vector<double> want) {
    const auto got = AdjustPValues(p, kind).value();
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-12) << i;
  };
  is(Adjustment::kBenjaminiHochberg, {0.05, 0.05, 0.05, 0.05, 0.05});
  is(Adjustment::kHolm, {0.05, 0.09, 0.09, 0.09, 0.08});
  is(Adjustment::kBonferroni, {0.05, 0.2, 0.15, 0.25, 0.1});
  const double h = 1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4 + 1.0 / 5;
  is(Adjustment::kBenjaminiYekutieli, std::vector<double>(5, 0.05 * h));
  const double bad[] = {0.1, kNan};
  EXPECT_FALSE(AdjustPValues(bad, Adjustment::kHolm));
  EXPECT_FALSE(AdjustPValues({}, Adjustment::kHolm));
  EXPECT_FALSE(FindAdjustment("BH"));
}

TEST(Many, AgreesWithOneByOne) {
  Draws draws(5);
  constexpr std::size_t kRows = 4000;
  std::vector<double> n_a(kRows), m_a(kRows), s_a(kRows), n_b(kRows), m_b(kRows), s_b(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    n_a[i] = std::floor(std::pow(10, 1 + 6 * draws.Uniform()));
    n_b[i] = std::floor(std::pow(10, 1 + 6 * draws.Uniform()));
    s_a[i] = 0.5 + draws.Uniform();
    s_b[i] = 0.5 + draws.Uniform();
    m_a[i] = 3;
    m_b[i] = 3 + 12 * (draws.Uniform() - 0.5) * std::sqrt(1 / n_a[i] + 1 / n_b[i]);
  }
  s_a[0] = -1;
  n_a[1] = kNan;
  m_b[2] = std::numeric_limits<double>::infinity();
  std::vector<double> t(kRows), p(kRows), d(kRows), low(kRows), high(kRows);
  for (const double alpha : {0.05, 0.001}) {
    ASSERT_TRUE(WelchMany({n_a, m_a, s_a, n_b, m_b, s_b}, alpha, {t, p, d, low, high}));
    for (std::size_t i = 0; i < kRows; ++i) {
      if (i < 3) {
        EXPECT_TRUE(std::isnan(p[i]) && std::isnan(t[i]) && std::isnan(low[i]));
        continue;
      }
      const auto one = Welch({static_cast<std::int64_t>(n_a[i]), m_a[i], s_a[i]},
                             {static_cast<std::int64_t>(n_b[i]), m_b[i], s_b[i]}, {.alpha = alpha})
                           .value();
      EXPECT_NEAR(t[i], one.t, 1e-12 * (1 + std::abs(one.t)));
      EXPECT_NEAR(p[i] / one.p_value, 1, 1e-10) << one.df << " " << one.t;
      EXPECT_NEAR(low[i], one.ci.low, 1e-11);
      EXPECT_NEAR(high[i], one.ci.high, 1e-11);
    }
  }
  std::vector<double> x_a(kRows), x_b(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    x_a[i] = std::floor(n_a[i] * draws.Uniform());
    x_b[i] = std::floor(n_b[i] * x_a[i] / n_a[i]);
  }
  n_a[1] = 0;
  x_b[3] = n_b[3] + 1;
  ASSERT_TRUE(TwoProportionsMany({n_a, x_a, n_b, x_b}, 0.05, {t, p, d, low, high}));
  EXPECT_TRUE(std::isnan(p[1]));
  EXPECT_TRUE(std::isnan(p[3]));
  for (std::size_t i = 4; i < kRows; ++i) {
    const auto one = TwoProportions(
        {static_cast<std::int64_t>(n_a[i]), static_cast<std::int64_t>(x_a[i])},
        {static_cast<std::int64_t>(n_b[i]), static_cast<std::int64_t>(x_b[i])}, true, {});
    if (!one) {
      EXPECT_TRUE(std::isnan(p[i]));
      continue;
    }
    EXPECT_NEAR(t[i], one->z, 1e-9 * (1 + std::abs(one->z)));
    EXPECT_NEAR(low[i], one->wald.low, 1e-12);
  }
  EXPECT_FALSE(
      TwoProportionsMany({std::span(n_a).first(1), x_a, n_b, x_b}, 0.05, {t, p, d, low, high}));
}

}  // namespace
}  // namespace maxopt
