#include "decide/information/information.h"

#include <gtest/gtest.h>

#include <cmath>

namespace maxopt {
namespace {

TEST(ValueOfTrial, TwoWorldsByHand) {
  // One action gains 10 in one world and loses 8 in the other: taken blindly it gains 1 on average.
  // Known for sure, it is taken in the first world only: 5.
  TrialQuestion question{{0, 100}, 0.001, {{-8, 10}}};
  const auto sharp = ValueOfTrial(question);
  ASSERT_TRUE(sharp) << sharp.error().what;
  EXPECT_DOUBLE_EQ(sharp->without, 1);
  EXPECT_DOUBLE_EQ(sharp->perfect, 5);
  EXPECT_NEAR(sharp->with, 5, 1e-9);
  EXPECT_NEAR(sharp->value(), 4, 1e-9);
  // An error a thousand times the difference tells nothing.
  question.error_sd = 1e5;
  const auto blunt = ValueOfTrial(question);
  EXPECT_NEAR(blunt->value(), 0, 0.02);
  // Between them: normal answers one and a half errors apart; the exact value by integration of
  // max(0, 5 phi(x - d) - 4 phi(x)) over x, d = 1.5, is 2.983.
  question.error_sd = 100 / 1.5;
  const auto between = ValueOfTrial(question);
  EXPECT_NEAR(between->with, 2.983, 0.12);
}

TEST(ValueOfTrial, WorthNothingWhereNoAnswerChangesWhatIsDone) {
  // Good in both worlds: done with and without the answer.
  const auto sure = ValueOfTrial({{0, 10, 20}, 1, {{1, 2, 3}}});
  EXPECT_NEAR(sure->value(), 0, 1e-12);
  EXPECT_NEAR(sure->without, 2, 1e-12);
  // Bad in both: left alone.
  const auto never = ValueOfTrial({{0, 10, 20}, 1, {{-1, -2, -3}}});
  EXPECT_EQ(never->with, 0);
  // Nothing could be done.
  EXPECT_EQ(ValueOfTrial({{1, 2}, 1, {}})->value(), 0);
}

TEST(ValueOfTrial, GrowsAsTheErrorShrinksAndStaysWithinThePerfect) {
  std::vector<double> effect;
  std::vector<double> up;
  std::vector<double> down;
  for (int i = 0; i < 60; ++i) {
    effect.push_back(i);
    up.push_back(i - 30);
    down.push_back(25 - i);
  }
  double last = 1e9;
  for (const double error : {1.0, 4.0, 16.0, 64.0, 256.0}) {
    const auto worth = ValueOfTrial({effect, error, {up, down}});
    ASSERT_TRUE(worth);
    EXPECT_LE(worth->with, worth->perfect + 1e-12);
    EXPECT_LE(worth->value(), last + 1e-9) << error;
    EXPECT_GE(worth->value(), 0);
    last = worth->value();
  }
  // Another unit of the answer changes nothing.
  std::vector<double> scaled = effect;
  for (double& x : scaled) x *= 1e6;
  EXPECT_NEAR(ValueOfTrial({effect, 4, {up, down}})->with,
              ValueOfTrial({scaled, 4e6, {up, down}})->with, 1e-9);
}

TEST(ValueOfTrial, RefusesNonsense) {
  EXPECT_FALSE(ValueOfTrial({{}, 1, {}}));
  EXPECT_FALSE(ValueOfTrial({{1}, 0, {}}));
  EXPECT_FALSE(ValueOfTrial({{1}, std::nan(""), {}}));
  EXPECT_FALSE(ValueOfTrial({{1, 2}, 1, {{1}}}));
  EXPECT_FALSE(ValueOfTrial({{1, INFINITY}, 1, {{1, 2}}}));
  EXPECT_FALSE(ValueOfTrial({{1, 2}, 1, {{1, std::nan("")}}}));
}

}  // namespace
}  // namespace maxopt
