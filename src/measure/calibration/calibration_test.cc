#include "measure/calibration/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace maxopt {
namespace {

constexpr double kZ90 = 1.6448536269514722;

ScoredPrediction Normal(double mean, double sd, double measured, double error) {
  return {mean, mean - kZ90 * sd, mean + kZ90 * sd, measured, error};
}

TEST(Calibrate, OneByHand) {
  // Predictive N(10, 3^2 + 4^2 = 5^2), seen 10: z = 0. CRPS of a standard normal at its mean is
  // (sqrt(2) - 1) / sqrt(pi) = 0.233695 (Gneiting, Raftery 2007, eq. 21 at z = 0); five times that.
  const auto c = Calibrate(std::vector{Normal(10, 3, 10, 4)});
  ASSERT_TRUE(c) << c.error().what;
  EXPECT_EQ(c->count, 1);
  EXPECT_DOUBLE_EQ(c->cover50.at, 1);
  EXPECT_NEAR(c->crps, 5 * 0.2336949772, 1e-8);
  EXPECT_NEAR(c->resolution, 9.0 / 25, 1e-12);
  EXPECT_NEAR(c->realised, 1, 1e-12);
  EXPECT_NEAR(c->realised_low, 1 - kZ90 * 5 / 10, 1e-9);
  // At z = 2 a forecast of nothing scores z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi) = 1.45279.
  EXPECT_NEAR(c->crps_of_nothing, 5 * 1.452791, 1e-4);
  EXPECT_EQ(c->harmful, 0);
}

TEST(Calibrate, WilsonByHand) {
  // 81 of 263 (Newcombe 1998's example), at 90 %: z^2 / n = 0.010287, middle 0.309940, half
  // 0.046626.
  const Share s = WilsonShare(81, 263);
  EXPECT_NEAR(s.at, 0.30799, 1e-5);
  EXPECT_NEAR(s.low, 0.263314, 1e-6);
  EXPECT_NEAR(s.high, 0.356566, 1e-6);
  EXPECT_EQ(WilsonShare(0, 5).low, 0);
  EXPECT_EQ(WilsonShare(5, 5).high, 1);
}

TEST(Calibrate, APerfectForecasterCoversAndAnOverconfidentOneIsFound) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  std::vector<ScoredPrediction> good, bold, boaster;
  for (int i = 0; i < 4'000; ++i) {
    const double truth = 20 * normal(random);
    const double mean = truth + 5 * normal(random), measured = truth + 3 * normal(random);
    good.push_back(Normal(mean, 5, measured, 3));
    bold.push_back(Normal(mean, 1, measured, 3));
    const double gain = 10 + normal(random);
    boaster.push_back(Normal(2 * gain, 12, gain + 3 * normal(random), 3));
  }
  const auto well = Calibrate(good), badly = Calibrate(bold), half = Calibrate(boaster);
  ASSERT_TRUE(well && badly && half);
  // Three binomial standard errors at n = 4,000.
  EXPECT_NEAR(well->cover50.at, 0.5, 0.024);
  EXPECT_NEAR(well->cover90.at, 0.9, 0.0143);
  for (const auto& level : well->reliability) EXPECT_NEAR(level.below.at, level.level, 0.024);
  EXPECT_LT(badly->cover90.high, 0.8);
  EXPECT_LT(well->crps, badly->crps);
  EXPECT_LT(well->crps, well->crps_of_nothing);
  EXPECT_NEAR(half->realised, 0.5, 0.02);
  EXPECT_LT(half->realised_high, 0.6);
}

TEST(Calibrate, OrderAndScale) {
  std::vector<ScoredPrediction> some{Normal(3, 2, 5, 1), Normal(-1, 1, -4, 1), Normal(9, 4, 2, 2)};
  const auto a = Calibrate(some);
  std::reverse(some.begin(), some.end());
  const auto b = Calibrate(some);
  for (ScoredPrediction& o : some) {
    for (double* x : {&o.mean, &o.low90, &o.high90, &o.measured, &o.measured_sd}) *x *= 100;
  }
  const auto c = Calibrate(some);
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(a->crps, b->crps);
  EXPECT_NEAR(c->crps, 100 * a->crps, 1e-9);
  EXPECT_NEAR(c->realised, a->realised, 1e-12);
  EXPECT_EQ(c->cover90.at, a->cover90.at);
  EXPECT_EQ(a->harmful, 1);
}

TEST(Calibrate, Nonsense) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(Calibrate({}));
  EXPECT_FALSE(Calibrate(std::vector{Normal(nan, 1, 1, 1)}));
  EXPECT_FALSE(Calibrate(std::vector{ScoredPrediction{5, 6, 7, 1, 1}}));
  EXPECT_FALSE(Calibrate(std::vector{ScoredPrediction{5, 4, 7, 1, -1}}));
  EXPECT_FALSE(Calibrate(std::vector{ScoredPrediction{5, 5, 5, 1, 0}}));
  const auto nothing = Calibrate(std::vector{Normal(0, 1, 1, 1)});
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(std::isnan(nothing->realised));
  EXPECT_TRUE(std::isinf(nothing->realised_high));
}

}  // namespace
}  // namespace maxopt
