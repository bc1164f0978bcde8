#include "decide/allocator/budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace maxopt {
namespace {

using Family = ResponseCurve::Family;

BudgetProblem::Channel Make(std::string id, Family family, double c, double k, double a, double min,
                            double max) {
  return {std::move(id), {family, c, k, a, 0, {}}, min, max};
}
BudgetProblem::Channel Log(std::string id, double c, double k, double min = 0, double max = 1e9) {
  return Make(std::move(id), Family::kLog, c, k, 1, min, max);
}
BudgetProblem::Channel Hill(std::string id, double c, double k, double a, double max = 1e9) {
  return Make(std::move(id), Family::kHill, c, k, a, 0, max);
}

/// A channel of any family with parameters of every size.
BudgetProblem::Channel Any(int i, std::mt19937_64& random, bool concave) {
  std::uniform_real_distribution<double> u(0, 1);
  const double k = std::exp(6 * u(random));
  const double c = k * std::exp(2 * u(random));
  switch (random() % (concave ? 4 : 6)) {
    case 0:
      return Make(std::to_string(i), Family::kLog, c, k, 1, 0, 1e9);
    case 1:
      return Make(std::to_string(i), Family::kExponential, c, k, 1, 0, 1e9);
    case 2:
      return Make(std::to_string(i), Family::kPower, c / 10, 1, 0.2 + 0.6 * u(random), 0, 1e9);
    case 3:
      return Make(std::to_string(i), Family::kHill, c, k, 0.4 + 0.6 * u(random), 0, 1e9);
    case 4:
      return Make(std::to_string(i), Family::kHill, c, k, 1.2 + 3 * u(random), 0, 1e9);
    default:
      return Make(std::to_string(i), Family::kLogNormalCdf, c, k, 0.3 + u(random), 0, 1e9);
  }
}

std::int64_t Sum(const BudgetAnswer& answer) {
  std::int64_t sum = 0;
  for (const std::int64_t minor : answer.minor) sum += minor;
  return sum;
}

TEST(ResponseCurve, CurvatureIsTheSlopeOfTheSlope) {
  for (const Family family :
       {Family::kHill, Family::kLog, Family::kPower, Family::kExponential, Family::kLogNormalCdf}) {
    for (const double a : {0.6, 1.0, 2.5}) {
      const ResponseCurve f{family, 70, 30, a, 0, {}};
      for (const double x : {3.0, 30.0, 200.0}) {
        const double h = 1e-4 * x;
        EXPECT_NEAR(f.Curvature(x), (f.SlopeAfter(x + h) - f.SlopeAfter(x - h)) / (2 * h),
                    1e-5 * (std::abs(f.Curvature(x)) + f.SlopeAfter(x) / x))
            << static_cast<int>(family) << " " << a << " " << x;
      }
    }
  }
  EXPECT_DOUBLE_EQ(ResponseCurve({Family::kHill, 70, 30, 1, 0, {}}).Curvature(0), -140.0 / 900);
}

TEST(SplitBudget, TwoLogCurvesByHand) {
  // Slopes c / (k + x): 200 / (10 + x) = 100 / (10 + y), x + y = 100: x = 70, y = 30, slope 2.5.
  const auto got = SplitBudget({100, {Log("a", 200, 10), Log("b", 100, 10)}});
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(got->minor, (std::vector<std::int64_t>{7000, 3000}));
  EXPECT_NEAR(got->lambda, 2.5, 1e-4);
  EXPECT_NEAR(got->marginal[0], 2.5, 1e-9);
  EXPECT_NEAR(got->response, 200 * std::log(8) + 100 * std::log(4), 1e-9);
  EXPECT_LT(got->gap, 1e-12);
  EXPECT_LT(got->kkt_residual, 1e-4);
  EXPECT_EQ(got->binding, (std::vector<std::string>{"", ""}));
}

TEST(SplitBudget, EqualHillsShareEqually) {
  // One of two curves alike: x each; slope c k / (x + k)^2 for a = 1.
  const auto got =
      SplitBudget({60, {Hill("a", 90, 10, 1), Hill("b", 90, 10, 1), Hill("c", 90, 10, 1)}});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->minor, (std::vector<std::int64_t>{2000, 2000, 2000}));
  EXPECT_NEAR(got->lambda, 90 * 10 / 900.0, 1e-6);
}

TEST(SplitBudget, BoundsBindAndAreNamedAndPriced) {
  const auto got =
      SplitBudget({100, {Log("a", 200, 10, 0, 60), Log("b", 100, 10, 0), Log("c", 1, 10, 5)}});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->minor, (std::vector<std::int64_t>{6000, 3500, 500}));
  EXPECT_EQ(got->binding, (std::vector<std::string>{"max", "", "min"}));
  EXPECT_NEAR(got->lambda, 100.0 / 45, 1e-3);
  EXPECT_LT(got->kkt_residual, 1e-3);
}

TEST(SplitBudget, AGroupHasAPriceOfItsOwn) {
  // Without the group a gets 70; its group may have 40, which a and c share by their own slopes.
  BudgetProblem problem{100, {Log("a", 200, 10), Log("b", 100, 10), Log("c", 200, 10)}};
  problem.groups = {{"social", {0, 2}, 0, 40}};
  const auto got = SplitBudget(problem);
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(got->minor, (std::vector<std::int64_t>{2000, 6000, 2000}));
  EXPECT_EQ(got->binding, (std::vector<std::string>{"group social max", "", "group social max"}));
  EXPECT_NEAR(got->lambda, 100.0 / 70, 1e-4);
  EXPECT_LT(got->gap, 1e-10);
  EXPECT_LT(got->kkt_residual, 1e-3);
  problem.groups = {{"", {1}, 90, 95}};
  const auto floor = SplitBudget(problem);
  ASSERT_TRUE(floor);
  EXPECT_EQ(floor->minor, (std::vector<std::int64_t>{500, 9000, 500}));
  EXPECT_EQ(floor->binding[1], "group 1 min");
}

TEST(SplitBudget, TargetsLeaveMoneyUnspent) {
  // 200 / (10 + x) >= 4 at x <= 40; 100 / (10 + y) >= 4 at y <= 15.
  BudgetProblem problem{100, {Log("a", 200, 10), Log("b", 100, 10)}};
  problem.target = {BudgetProblem::Target::Kind::kMarginal, 4};
  const auto marginal = SplitBudget(problem);
  ASSERT_TRUE(marginal) << marginal.error().what;
  EXPECT_EQ(marginal->minor, (std::vector<std::int64_t>{4000, 1500}));
  EXPECT_NEAR(marginal->lambda, 4, 1e-9);
  problem.target->value = 2;  // not reached: all is spent
  EXPECT_EQ(SplitBudget(problem)->sum, 10'000);
  problem.target = {BudgetProblem::Target::Kind::kAverage, 6};
  const auto average = SplitBudget(problem);
  ASSERT_TRUE(average);
  EXPECT_GE(average->response / (static_cast<double>(average->sum) / 100), 6 - 1e-9);
  problem.budget = static_cast<double>(average->sum + 1) / 100;
  problem.target.reset();
  const auto more = SplitBudget(problem);
  EXPECT_LT(more->response / problem.budget, 6);
  problem.target = {BudgetProblem::Target::Kind::kAverage, 1e6};
  EXPECT_EQ(SplitBudget(problem)->sum, 0);  // nothing returns that much, so nothing is spent
  problem.channels[0].min = 1;
  EXPECT_NE(SplitBudget(problem).error().what.find("no budget from 1.00 to"), std::string::npos);
}

TEST(SplitBudget, ConcaveProblemsHaveNoGapAndExactSums) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 60; ++round) {
    BudgetProblem problem;
    const int n = 1 + static_cast<int>(random() % 40);
    for (int i = 0; i < n; ++i) problem.channels.push_back(Any(i, random, true));
    problem.budget = static_cast<double>(random() % 10'000'000) / 100;
    const auto got = SplitBudget(problem);
    ASSERT_TRUE(got) << got.error().what;
    EXPECT_EQ(Sum(*got), std::llround(problem.budget * 100));
    EXPECT_LT(got->gap, 1e-9) << round;
    // No cent is better elsewhere.
    for (std::size_t i = 0; i < problem.channels.size(); ++i) {
      const auto& f = problem.channels[i].curve;
      const double x = static_cast<double>(got->minor[i]) / 100;
      const double up = f.At(x + 0.01) - f.At(x);
      for (std::size_t k = 0; k < problem.channels.size(); ++k) {
        if (got->minor[k] == 0) continue;
        const auto& h = problem.channels[k].curve;
        const double y = static_cast<double>(got->minor[k]) / 100;
        EXPECT_LE(up, (h.At(y) - h.At(y - 0.01)) * (1 + 1e-4) + 1e-9) << round;
      }
    }
  }
}

TEST(SplitBudget, SShapesAgainstEverySplit) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 40; ++round) {
    BudgetProblem problem;
    problem.decimals = 0;
    problem.budget = 60;
    for (int i = 0; i < 3; ++i) {
      std::uniform_real_distribution<double> u(0, 1);
      problem.channels.push_back(Make(std::to_string(i),
                                      random() % 2 ? Family::kHill : Family::kLogNormalCdf,
                                      50 + 100 * u(random), 5 + 40 * u(random),
                                      random() % 2 ? 1.5 + 4 * u(random) : 0.2 + u(random), 0, 60));
    }
    double best = 0;
    for (int x = 0; x <= 60; ++x) {
      for (int y = 0; x + y <= 60; ++y) {
        best = std::max(best, problem.channels[0].curve.At(x) + problem.channels[1].curve.At(y) +
                                  problem.channels[2].curve.At(60 - x - y));
      }
    }
    const auto got = SplitBudget(problem);
    ASSERT_TRUE(got);
    EXPECT_LE(got->response, best * (1 + 1e-12));
    EXPECT_GE(got->bound, best * (1 - 1e-12)) << round;
    EXPECT_GE(got->response, best * (1 - 2e-3)) << round << " " << got->branches;
  }
}

TEST(SplitBudget, TheOrderAndTheScaleDoNotMatter) {
  std::mt19937_64 random(11);
  BudgetProblem problem;
  for (int i = 0; i < 300; ++i) problem.channels.push_back(Any(i, random, false));
  problem.budget = 54'321.09;
  const auto one = SplitBudget(problem);
  ASSERT_TRUE(one) << one.error().what;
  BudgetProblem turned = problem;
  std::shuffle(turned.channels.begin(), turned.channels.end(), random);
  const auto two = SplitBudget(turned);
  ASSERT_TRUE(two);
  EXPECT_EQ(one->response, two->response);
  EXPECT_EQ(one->lambda, two->lambda);
  for (std::size_t i = 0; i < turned.channels.size(); ++i) {
    EXPECT_EQ(two->minor[i],
              one->minor[static_cast<std::size_t>(std::stoi(turned.channels[i].id))]);
  }
  // Twice the response is the same split.
  BudgetProblem doubled = problem;
  for (auto& channel : doubled.channels) channel.curve.c *= 2;
  const auto twice = SplitBudget(doubled);
  EXPECT_NEAR(twice->response, 2 * one->response, 1e-9 * one->response);
  EXPECT_NEAR(twice->lambda, 2 * one->lambda, 1e-6 * one->lambda);
}

TEST(SplitBudget, MoreMoneyNeverBringsLess) {
  std::mt19937_64 random(13);
  BudgetProblem problem;
  for (int i = 0; i < 12; ++i) problem.channels.push_back(Any(i, random, true));
  double last = 0, price = 1e300;
  for (int units = 100; units < 20'000; units += 700) {
    problem.budget = units;
    const auto got = SplitBudget(problem);
    ASSERT_TRUE(got);
    EXPECT_GE(got->response, last);
    EXPECT_LE(got->lambda, price * (1 + 1e-6));
    last = got->response;
    price = got->lambda;
  }
}

TEST(SplitBudget, PiecesAndFlatCurves) {
  BudgetProblem problem{10, {}};
  problem.channels.push_back({"p", {Family::kPiecewise, 0, 1, 1, 0, {{0, 0}, {4, 8}, {10, 11}}}});
  problem.channels.push_back({"q", {Family::kPiecewise, 0, 1, 1, 0, {{0, 0}, {5, 5}, {10, 5}}}});
  const auto got = SplitBudget(problem);
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(got->minor, (std::vector<std::int64_t>{500, 500}));  // 4 at 2, then 5 at 1, then .5
  EXPECT_DOUBLE_EQ(got->response, 8 + 0.5 + 5);
  EXPECT_NEAR(got->lambda, 0.5, 1e-12);
  // Money that brings nothing anywhere is still placed, and its price is nothing.
  const auto flat = SplitBudget({9.99, {Log("a", 0, 1), Log("b", 0, 1)}});
  ASSERT_TRUE(flat);
  EXPECT_EQ(flat->sum, 999);
  EXPECT_NEAR(flat->lambda, 0, 1e-200);
}

TEST(SplitBudget, WhatCannotBeIsNamed) {
  const auto what = [](const BudgetProblem& problem) {
    const auto got = SplitBudget(problem);
    return got ? std::string("fine") : got.error().what;
  };
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(what({10, {}}), "no channel to give money to");
  EXPECT_NE(what({10, {Log("a", 1, 1, 8), Log("b", 1, 1, 4)}})
                .find("come to 12.00, the budget is "
                      "10.00: 2.00 too much"),
            std::string::npos);
  EXPECT_NE(what({10, {Log("a", 1, 1, 0, 3)}}).find("7.00 cannot be placed"), std::string::npos);
  EXPECT_NE(what({10, {Log("a", 1, 1), Log("a", 1, 1)}}).find("twice"), std::string::npos);
  EXPECT_NE(what({10, {Log("a", 1, 0)}}).find("channel a: curve: k must be a number > 0"),
            std::string::npos);
  EXPECT_NE(what({10, {Log("a", std::nan(""), 1)}}).find("c must be"), std::string::npos);
  EXPECT_NE(what({10, {Log("a", 1, 1, 5, 4)}}).find("hold nothing"), std::string::npos);
  EXPECT_NE(what({10.001, {Log("a", 1, 1)}}).find("not a whole number"), std::string::npos);
  EXPECT_NE(what({infinity, {Log("a", 1, 1)}}).find("beyond"), std::string::npos);
  EXPECT_NE(what({-1, {Log("a", 1, 1)}}).find(">= 0"), std::string::npos);
  BudgetProblem problem{10, {Log("a", 1, 1, 6), Log("b", 1, 1, 0, 2), Log("c", 1, 1)}};
  problem.groups = {{"g", {0, 1}, 0, 5}};
  EXPECT_NE(what(problem).find("group g come to 6.00, its max is 5.00: 1.00 too much"),
            std::string::npos);
  problem.groups = {{"g", {1}, 3, 5}};
  EXPECT_NE(what(problem).find("must have 3.00 and its channels take at most 2.00"),
            std::string::npos);
  problem.groups = {{"g", {0, 1}}, {"h", {1, 2}}};
  EXPECT_NE(what(problem).find("channel b is in the groups g and h"), std::string::npos);
}

}  // namespace
}  // namespace maxopt
