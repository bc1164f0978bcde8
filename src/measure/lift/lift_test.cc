#include "measure/lift/lift.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "bench/lift_panels.h"
#include "measure/lift/linear.h"
#include "measure/lift/weights.h"

namespace maxopt {
namespace {

/// Days 0, 1, ... with the last `test` of them the test; the first geo is treated.
GeoPanel PanelOf(const std::vector<std::vector<double>>& geos, std::size_t test) {
  GeoPanel panel;
  const std::size_t days = geos[0].size();
  for (std::size_t t = 0; t < days; ++t) {
    panel.days.push_back(static_cast<std::int64_t>(t));
    panel.periods.push_back(t + test < days ? TestPeriod::kPre : TestPeriod::kTest);
  }
  for (std::size_t g = 0; g < geos.size(); ++g) {
    GeoPanel::Geo geo;
    geo.name = std::string(1, static_cast<char>('a' + g));
    geo.treated = g == 0;
    geo.sales.assign(geos[g].begin(), geos[g].end());
    panel.geos.push_back(geo);
  }
  return panel;
}

// By hand: treated 10 before, 16 after; controls (20 + 30) / 2 = 25 before, 27 after: 6 - 2 = 4.
TEST(LiftDid, TwoByTwoByHand) {
  const std::vector<double> wiggle = {.3, -.2, .1, -.4, .2, .1, -.3, .2, -.1, .1, .2, -.2};
  std::vector<std::vector<double>> geos(3);
  for (std::size_t t = 0; t < 18; ++t) {
    const bool after = t >= 12;
    const double w = after ? 0 : wiggle[t];
    geos[0].push_back((after ? 16 : 10) + w);
    geos[1].push_back((after ? 21 : 20) + w * .5);
    geos[2].push_back((after ? 33 : 30) - w);
  }
  const auto answer = MeasureLift(PanelOf(geos, 6), {.method = LiftMethod::kDid});
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_NEAR(answer->att.value, 4, 1e-12);  // the wiggles sum to 0
  EXPECT_NEAR(answer->incremental.value, 24, 1e-11);
  EXPECT_NEAR(answer->lift.value, 4.0 / 12, 1e-12);  // 16 - 4 without
  EXPECT_NEAR(answer->counterfactual, 12, 1e-12);
  EXPECT_LT(answer->att.low, 4);
  EXPECT_GT(answer->att.high, 4);
  EXPECT_EQ(answer->weights[0].second, .5);
  EXPECT_FALSE(answer->iroas);
}

// Kerman, Wang, Vaver 2017: the counterfactual is the line fitted before the test. x = 1..10,
// y = 3 + 2x with errors +-1 that leave the least squares line as it is.
TEST(LiftTbr, LineByHand) {
  std::vector<std::vector<double>> geos(2);
  const double errors[] = {1, -1, -1, 1, 0, 0, 1, -1, -1, 1};  // sums to 0, and against x to 0
  for (int t = 0; t < 10; ++t) {
    geos[1].push_back(t + 1);
    geos[0].push_back(3 + 2 * (t + 1) + errors[t]);
  }
  for (const double x : {4.0, 6.0, 8.0}) {
    geos[1].push_back(x);
    geos[0].push_back(3 + 2 * x + 5);
  }
  const auto answer = MeasureLift(PanelOf(geos, 3), {.method = LiftMethod::kTbr});
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_NEAR(answer->att.value, 5, 1e-9);
  EXPECT_NEAR(answer->counterfactual, 15, 1e-9);
  EXPECT_NEAR(answer->lift.value, 1.0 / 3, 1e-9);
  EXPECT_NEAR(answer->weights[0].second, 2, 1e-9);
  EXPECT_EQ(answer->placebo.geos, 0);  // one control has no other to be compared with
  EXPECT_FALSE(answer->placebo.p_space);
}

// Abadie, Diamond, Hainmueller 2010: a treated place that is a mixture of donors is found exactly.
TEST(LiftSyntheticControl, FindsAMixture) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<std::vector<double>> geos(5);
  for (int t = 0; t < 60; ++t) {
    for (std::size_t g = 1; g < 5; ++g) {
      geos[g].push_back(100.0 * static_cast<double>(g) + 10 * normal(random));
    }
    geos[0].push_back(.6 * geos[1].back() + .4 * geos[3].back() + (t >= 50 ? 7 : 0));
  }
  const auto answer = MeasureLift(PanelOf(geos, 10), {.method = LiftMethod::kSyntheticControl});
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_NEAR(answer->weights[0].second, .6, 1e-6);
  EXPECT_NEAR(answer->weights[1].second, 0, 1e-6);
  EXPECT_NEAR(answer->weights[2].second, .4, 1e-6);
  EXPECT_NEAR(answer->weights[3].second, 0, 1e-6);
  EXPECT_NEAR(answer->att.value, 7, 1e-4);
  EXPECT_LT(answer->p_value, 1e-6);
}

// Optimality of the quadratic program on random problems: no weight can give to another.
TEST(LiftWeights, KarushKuhnTucker) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  for (int round = 0; round < 200; ++round) {
    const Eigen::Index n = 1 + static_cast<Eigen::Index>(random() % 20);
    const Eigen::Index rows = 1 + static_cast<Eigen::Index>(random() % 30);
    Eigen::MatrixXd x(rows, n);
    Eigen::VectorXd y(rows);
    for (Eigen::Index i = 0; i < rows; ++i) {
      y(i) = normal(random);
      for (Eigen::Index j = 0; j < n; ++j) x(i, j) = normal(random);
    }
    const Eigen::MatrixXd q = lift::Cross(x, x);
    const Eigen::VectorXd c = lift::Cross(x, y);
    const Eigen::VectorXd w = lift::SimplexLeastSquares(q, c, round % 2 == 0);
    EXPECT_NEAR(w.sum(), 1, 1e-12);
    EXPECT_GE(w.minCoeff(), 0);
    const Eigen::VectorXd slope = lift::Product(q, w) - c;
    // Where there is weight the slope is the least of all.
    for (Eigen::Index j = 0; j < n; ++j) {
      if (w(j) > 1e-9) {
        EXPECT_NEAR(slope(j), slope.minCoeff(), 1e-6 * (1 + q.diagonal().maxCoeff()));
      }
    }
  }
}

TEST(Lift, OrderAndUnitsChangeNothing) {
  for (const LiftMethod method :
       {LiftMethod::kAuto, LiftMethod::kSyntheticControl, LiftMethod::kDid, LiftMethod::kTbr}) {
    const GeoPanel panel = bench::MakeLiftCase(3, bench::LiftFamily::kPlain, true).panel;
    GeoPanel turned = panel;
    std::reverse(turned.geos.begin(), turned.geos.end());
    const auto a = MeasureLift(panel, {.method = method}),
               b = MeasureLift(turned, {.method = method});
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->att.value, b->att.value);
    EXPECT_EQ(a->att.low, b->att.low);
    EXPECT_EQ(a->weights, b->weights);
    GeoPanel cents = panel;
    for (GeoPanel::Geo& geo : cents.geos) {
      for (auto& value : geo.sales) *value *= 100;
    }
    const auto c = MeasureLift(cents, {.method = method});
    ASSERT_TRUE(c);
    EXPECT_NEAR(c->att.low, 100 * a->att.low, 1e-6 * std::abs(100 * a->att.low));
    EXPECT_NEAR(c->lift.high, a->lift.high, 1e-8);
    EXPECT_NEAR(c->p_value, a->p_value, 1e-8);
  }
}

/// Smaller than bench/lift_eval, the same panels: auto on two of each family, one with an effect,
/// the other methods on one.
TEST(Lift, IntervalsHoldAtTheirLevel) {
  int covered = 0, panels = 0;
  for (const LiftMethod method :
       {LiftMethod::kAuto, LiftMethod::kSyntheticControl, LiftMethod::kDid, LiftMethod::kTbr}) {
    for (std::uint64_t seed = 101; seed <= (method == LiftMethod::kAuto ? 102u : 101u); ++seed) {
      for (const bench::LiftFamily family : bench::kLiftFamilies) {
        const bench::LiftCase c = bench::MakeLiftCase(seed, family, seed % 2 == 0);
        const auto answer = MeasureLift(c.panel, {.method = method});
        ASSERT_TRUE(answer) << answer.error().what;
        covered += answer->att.low <= c.att && c.att <= answer->att.high ? 1 : 0;
        EXPECT_EQ(answer->p_value<0.05, answer->att.low> 0 || answer->att.high < 0);
        EXPECT_EQ(answer->p_value<0.05, answer->lift.low> 0 || answer->lift.high < 0);
        ++panels;
      }
    }
  }
  // Of 55 at 95 %, 46 or fewer have a chance below one in a thousand.
  EXPECT_EQ(panels, 55);
  EXPECT_GE(covered, 47);
}

TEST(Lift, ReturnOnSpendByHand) {
  std::vector<std::vector<double>> geos(3);
  for (int t = 0; t < 24; ++t) {
    const double w = t % 2 == 0 ? 1 : -1;
    geos[0].push_back(100 + w + (t >= 20 ? 30 : 0));
    geos[1].push_back(200 + w);
    geos[2].push_back(50 - w);
  }
  GeoPanel panel = PanelOf(geos, 4);
  for (GeoPanel::Geo& geo : panel.geos) {
    for (int t = 0; t < 24; ++t) geo.spend.emplace_back(geo.treated && t >= 20 ? 10.0 : 0.0);
  }
  const auto answer = MeasureLift(panel, {.method = LiftMethod::kDid});
  ASSERT_TRUE(answer && answer->iroas);
  EXPECT_NEAR(answer->incremental_spend, 40, 1e-12);
  EXPECT_NEAR(answer->iroas->value, 3, 1e-9);
  EXPECT_NEAR(answer->iroas->low, answer->incremental.low / 40, 1e-9);
}

TEST(Lift, ErrorsNameWhatIsWrong) {
  const auto what = [](const GeoPanel& panel) {
    const auto answer = MeasureLift(panel);
    return answer ? std::string("answered") : answer.error().what;
  };
  GeoPanel alone = PanelOf({std::vector<double>(30, 1.0)}, 5);
  EXPECT_NE(what(alone).find("no control geo"), std::string::npos);
  GeoPanel none = PanelOf({std::vector<double>(30, 1.0), std::vector<double>(30, 1.0)}, 5);
  none.geos[0].treated = false;
  EXPECT_EQ(what(none), "no treated geo");
  GeoPanel brief = PanelOf({std::vector<double>(12, 1.0), std::vector<double>(12, 1.0)}, 5);
  EXPECT_NE(what(brief).find("7 days before the test"), std::string::npos);
  GeoPanel gap = PanelOf({std::vector<double>(30, 1.0), std::vector<double>(30, 1.0)}, 5);
  gap.geos[0].sales[3].reset();
  EXPECT_NE(what(gap).find("treated geo \"a\" has no sales on day 3"), std::string::npos);
  GeoPanel zero = PanelOf({std::vector<double>(30, 0.0), std::vector<double>(30, 1.0)}, 5);
  EXPECT_NE(what(zero).find("sold nothing"), std::string::npos);
}

TEST(Lift, ControlsWithoutDataAreToldAndLeftOut) {
  GeoPanel panel = bench::MakeLiftCase(5, bench::LiftFamily::kPlain, true).panel;
  const auto control = std::find_if(panel.geos.begin(), panel.geos.end(),
                                    [](const GeoPanel::Geo& geo) { return !geo.treated; });
  control->sales[1].reset();
  const auto answer = MeasureLift(panel);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->notes.size(), 1u);
  EXPECT_NE(answer->notes[0].find(control->name), std::string::npos);
}

// Noise-free data: what is known exactly has an interval of no width, and nothing breaks.
TEST(Lift, WithoutNoise) {
  std::vector<std::vector<double>> geos(4);
  for (int t = 0; t < 40; ++t) {
    for (std::size_t g = 0; g < 4; ++g) {
      geos[g].push_back(10.0 * static_cast<double>(g + 1) + (g == 0 && t >= 30 ? 2 : 0));
    }
  }
  for (const LiftMethod method :
       {LiftMethod::kAuto, LiftMethod::kSyntheticControl, LiftMethod::kDid, LiftMethod::kTbr}) {
    const auto answer = MeasureLift(PanelOf(geos, 10), {.method = method});
    ASSERT_TRUE(answer);
    EXPECT_NEAR(answer->att.value, 2, 1e-9) << LiftMethodName(method);
    EXPECT_LT(answer->att.high - answer->att.low, 1e-6);
    EXPECT_LT(answer->p_value, 0.05);
  }
}

LiftSeries SeriesOf(std::uint64_t seed, std::size_t days, std::size_t from, double effect) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  LiftSeries series;
  series.from = from;
  series.covariates = {{"x", {}}, {"idle", {}}};
  for (std::size_t t = 0; t < days; ++t) {
    const double x = 100 + 5 * normal(random);
    series.covariates[0].values.push_back(x);
    series.covariates[1].values.push_back(normal(random));
    series.y.push_back(20 + 1.2 * x + normal(random) + (t >= from ? effect : 0));
  }
  return series;
}

// With white noise and one covariate the posterior is a linear regression's: slope about the truth,
// the effect's spread sigma sqrt(n (1 + n / pre)) for the sum of n steps.
TEST(LiftSeries, RegressionWithOneTrueCovariate) {
  const auto answer = MeasureSeries(SeriesOf(1, 130, 100, 4));
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_NEAR(answer->att.value, 4, 3 * std::sqrt((1 + .3) / 30));
  const double half = (answer->att.high - answer->att.low) / 2;
  EXPECT_GT(half, 1.5 * std::sqrt((1 + .3) / 30));
  // Wider than the regression's 2, since a drift cannot be ruled out; but not at a loss.
  EXPECT_LT(half, 6 * std::sqrt((1 + .3) / 30));
  EXPECT_GT(answer->inclusion[0].second, .999);
  EXPECT_LT(answer->inclusion[1].second, .5);
  EXPECT_NEAR(answer->slopes[0].second, 1.2, .1);
  EXPECT_LT(answer->p_value, 1e-4);
  EXPECT_EQ(answer->counterfactual.size(), 30u);
}

TEST(LiftSeries, UnitsChangeNothing) {
  LiftSeries series = SeriesOf(2, 90, 70, 0);
  const auto a = MeasureSeries(series);
  for (double& value : series.y) value *= 1000;
  for (double& value : series.covariates[0].values) value = value / 7 + 3;
  const auto b = MeasureSeries(series);
  ASSERT_TRUE(a && b);
  EXPECT_NEAR(b->att.low, 1000 * a->att.low, 1e-6 * std::abs(1000 * a->att.low) + 1e-6);
  EXPECT_NEAR(b->p_value, a->p_value, 1e-7);
}

TEST(LiftSeries, ManyCovariatesAreSampledBySeed) {
  LiftSeries series = SeriesOf(4, 120, 90, 5);
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal;
  for (int c = 0; c < 15; ++c) {
    auto& covariate = series.covariates.emplace_back();
    covariate.name = "c" + std::to_string(c);
    for (std::size_t t = 0; t < series.y.size(); ++t) covariate.values.push_back(normal(random));
  }
  const auto a = MeasureSeries(series), b = MeasureSeries(series);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->att.low, b->att.low);
  EXPECT_GT(a->inclusion[0].second, .99);
  EXPECT_LT(a->att.low, 5);
  EXPECT_GT(a->att.high, 5);
}

TEST(LiftSeries, ErrorsNameWhatIsWrong) {
  LiftSeries series = SeriesOf(1, 30, 5, 0);
  EXPECT_NE(MeasureSeries(series).error().what.find("5 steps before"), std::string::npos);
  series.from = 30;
  EXPECT_NE(MeasureSeries(series).error().what.find("no step of the test"), std::string::npos);
  series.from = 20;
  series.covariates[0].values.pop_back();
  EXPECT_NE(MeasureSeries(series).error().what.find("covariate \"x\""), std::string::npos);
}

// By hand: block means after one step of burn-in: on 12, 14; off 10, 8. Effect 13 - 9 = 4, each
// variance 2 / 2 = 1, se sqrt 2, 2 degrees of freedom: t = 2.8284, p = .1056.
TEST(LiftSwitchback, WelchOfBlocksByHand) {
  const std::vector<SwitchbackBlock> blocks = {{true, {90, 12, 12}},
                                               {false, {80, 11, 9}},
                                               {true, {0, 13, 15}},
                                               {false, {5, 8, 8}},
                                               {true, {7}}};  // nothing left after the burn-in
  const auto answer = MeasureSwitchback(blocks, 1);
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_NEAR(answer->effect, 4, 1e-12);
  EXPECT_EQ(answer->blocks_on, 2);
  EXPECT_NEAR(answer->p_value, .10557, 1e-5);
  EXPECT_NEAR(answer->high, 4 + 4.302653 * std::sqrt(2.0), 1e-5);
  EXPECT_NEAR(*answer->lift, 4.0 / 9, 1e-12);
  // Of the six ways to deal two on and two off, two are as far apart.
  EXPECT_NEAR(answer->p_permutation, 1.0 / 3, .03);
  EXPECT_FALSE(MeasureSwitchback(blocks, 3));
}

}  // namespace
}  // namespace maxopt
