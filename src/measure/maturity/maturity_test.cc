#include "measure/maturity/maturity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace maxopt {
namespace {

TEST(Maturity, ThePriorIsThePublishedDelay) {
  const auto prior = DelayPrior(30);
  ASSERT_EQ(prior.size(), 31u);
  EXPECT_EQ(prior.back(), 1);
  // Before the cut at 30 days: 0.5 after a day and 0.87 after fourteen; the cut divides both alike.
  EXPECT_NEAR(prior[1] / prior[14], 0.5 / 0.87, 1e-12);
  for (std::size_t i = 1; i < prior.size(); ++i) EXPECT_GT(prior[i], prior[i - 1]);
}

TEST(Maturity, ALadderByHand) {
  // Two whole days: 40 -> 80 -> 100 and 60 -> 120 -> 150; a young one that is known at age 0 and 1.
  // Growths: (80+120+20)/(40+60+10) = 2 and (100+150)/(80+120) = 1.25. A prior of the same growth
  // changes nothing, whatever its weight.
  const std::vector<DayGrowth> days = {{{40, 80, 100}}, {{60, 120, 150}}, {{10, 20}}};
  const std::vector<double> prior = {0.4, 0.8, 1};
  const auto maturity = EstimateMaturity(days, prior, 1000);
  ASSERT_TRUE(maturity);
  EXPECT_NEAR(maturity->At(0), 0.4, 1e-12);
  EXPECT_NEAR(maturity->At(1), 0.8, 1e-12);
  EXPECT_EQ(maturity->At(2), 1);
  EXPECT_EQ(maturity->At(99), 1);
  EXPECT_EQ(maturity->At(-1), 0);
  EXPECT_NEAR(maturity->evidence, 250, 1e-9);
}

TEST(Maturity, ThePriorFadesAsTheAccountTells) {
  const std::vector<double> prior = {0.5, 1};
  // 50 conversions of prior double; 150 of the account's do not grow: (100+150)/(50+150) = 1.25.
  const std::vector<DayGrowth> days = {{{150, 150}}};
  EXPECT_NEAR(EstimateMaturity(days, prior, 100)->At(0), 1 / 1.25, 1e-12);
  EXPECT_NEAR(EstimateMaturity({}, prior, 100)->At(0), 0.5, 1e-12);
}

TEST(Maturity, WhatIsTakenBackIsAboveOne) {
  const std::vector<double> prior = {1, 1};
  const std::vector<DayGrowth> days = {{{1000, 800}}};
  const auto maturity = EstimateMaturity(days, prior, 0.001);
  EXPECT_NEAR(maturity->At(0), 1.25, 1e-3);
  // To nothing: bounded.
  const std::vector<DayGrowth> gone = {{{1000, 0}}};
  EXPECT_LE(EstimateMaturity(gone, prior, 0.001)->At(0), 100.001);
}

TEST(Maturity, NonsenseIsRefused) {
  const std::vector<double> prior = {0.5, 1};
  EXPECT_FALSE(EstimateMaturity({}, {}, 1));
  EXPECT_FALSE(EstimateMaturity({}, prior, 0));
  const std::vector<DayGrowth> nan = {{{1, std::numeric_limits<double>::quiet_NaN()}}};
  EXPECT_FALSE(EstimateMaturity(nan, prior, 1));
  const std::vector<DayGrowth> negative = {{{-1, 2}}};
  EXPECT_FALSE(EstimateMaturity(negative, prior, 1));
  EXPECT_EQ(DelayPrior(-3).size(), 2u);
}

}  // namespace
}  // namespace maxopt
