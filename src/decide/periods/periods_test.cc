#include "decide/periods/periods.h"

#include <gtest/gtest.h>
#include <nlopt.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "decide/periods/flow.h"

namespace maxopt {
namespace {

using Family = ResponseCurve::Family;
using End = PeriodsProblem::End;
using Minor = std::vector<std::vector<std::int64_t>>;

PeriodsProblem::Channel Make(std::string id, Family family, double c, double k, double a,
                             double carry = 0) {
  PeriodsProblem::Channel channel;
  channel.id = std::move(id);
  channel.curve = {family, c, k, a, 0, {}};
  channel.carry = carry;
  return channel;
}
PeriodsProblem::Channel Log(std::string id, double c, double k, double carry = 0) {
  return Make(std::move(id), Family::kLog, c, k, 1, carry);
}
PeriodsProblem Problem(int periods, double budget, std::vector<PeriodsProblem::Channel> channels) {
  PeriodsProblem problem;
  problem.periods = periods;
  problem.budget = budget;
  problem.channels = std::move(channels);
  return problem;
}

/// The response by its definition.
double Response(const PeriodsProblem& problem, const std::vector<std::vector<double>>& spend) {
  double sum = 0;
  for (std::size_t c = 0; c < problem.channels.size(); ++c) {
    const auto& channel = problem.channels[c];
    double stock = channel.before, mean = 0;
    for (int t = 0; t < problem.periods; ++t) {
      const auto at = static_cast<std::size_t>(t);
      const double season = channel.season.empty() ? 1 : channel.season[at];
      mean += season / problem.periods;
      stock = channel.carry * stock + (1 - channel.carry) * spend[c][at];
      sum += season * channel.curve.At(stock);
    }
    if (problem.end == End::kCut || channel.carry == 0) continue;
    const int after = static_cast<int>(std::ceil(std::log(1e-6) / std::log(channel.carry)));
    for (int t = 0; t < std::min(after, 200); ++t) {
      stock *= channel.carry;
      sum += mean * channel.curve.At(stock);
    }
  }
  return sum;
}
double Response(const PeriodsProblem& problem, const Minor& minor) {
  std::vector<std::vector<double>> spend;
  for (const auto& cells : minor) {
    spend.emplace_back();
    for (const auto cell : cells) {
      spend.back().push_back(static_cast<double>(cell) * std::pow(10.0, -problem.decimals));
    }
  }
  return Response(problem, spend);
}
std::int64_t Sum(const Minor& minor) {
  std::int64_t sum = 0;
  for (const auto& cells : minor) {
    for (const auto cell : cells) sum += cell;
  }
  return sum;
}

TEST(PlanPeriods, OnePeriodIsASplitByHand) {
  // 200 / (10 + x) = 100 / (10 + y), x + y = 100: 70 and 30 at a slope of 2.5.
  const auto got = PlanPeriods(Problem(1, 100, {Log("a", 200, 10), Log("b", 100, 10)}));
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(got->minor, (Minor{{7000}, {3000}}));
  EXPECT_NEAR(got->lambda, 2.5, 1e-6);
  EXPECT_NEAR(got->response, 200 * std::log(8) + 100 * std::log(4), 1e-9);
  EXPECT_LT(got->gap, 1e-9);
  EXPECT_EQ(got->after, 0);
  EXPECT_NEAR(got->marginal[1][0], 2.5, 1e-6);
  EXPECT_EQ(got->binding[0][0], "");
}

TEST(PlanPeriods, ASeasonByHand) {
  // 2 / (10 + x) = 1 / (10 + y), x + y = 100.
  PeriodsProblem problem = Problem(2, 100, {Log("a", 50, 10)});
  problem.channels[0].season = {2, 1};
  const auto got = PlanPeriods(problem);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->minor, (Minor{{7000, 3000}}));
  problem.channels[0].season = {2, 0};  // nothing is to be had in the second
  EXPECT_EQ(PlanPeriods(problem)->minor, (Minor{{10000, 0}}));
}

TEST(PlanPeriods, CarryOverByHand) {
  // Stocks .8 x and .16 x + .8 y; the slopes of sqrt are equal where the second is .64 of the
  // first: y = .44 x.
  PeriodsProblem problem = Problem(2, 144, {Make("a", Family::kPower, 1, 1, 0.5, 0.2)});
  problem.end = End::kCut;
  const auto got = PlanPeriods(problem);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->minor, (Minor{{10000, 4400}}));
  EXPECT_NEAR(got->lambda, 0.4 / std::sqrt(51.2), 1e-8);
  EXPECT_LT(got->gap, 1e-9);
  // With half of it carried the end takes nothing: what is spent then is half lost.
  problem.channels[0].carry = 0.5;
  const auto front = PlanPeriods(problem);
  EXPECT_EQ(front->minor, (Minor{{14400, 0}}));
  EXPECT_EQ(front->binding[0][1], "min");
  // It is not lost where what runs out counts: then less is spent early, and the part after the
  // periods is told.
  problem.end = End::kRunOut;
  const auto run = PlanPeriods(problem);
  EXPECT_GT(run->minor[0][1], 3'000);
  EXPECT_GT(run->after, 0);
  EXPECT_LT(run->gap, 1e-9);
  EXPECT_NEAR(run->response, Response(problem, run->minor), 1e-9);
  // What was spent before weighs on the first period: less is spent there.
  problem.channels[0].before = 100;
  EXPECT_LT(PlanPeriods(problem)->minor[0][0], run->minor[0][0]);
}

TEST(PlanPeriods, BoundsFlightsAndTotalsArePricedAndNamed) {
  PeriodsProblem problem = Problem(3, 300, {Log("a", 200, 10), Log("b", 200, 10)});
  problem.channels[0].on = {true, false, true};
  problem.period_bounds = {{0, 40}, {0, 1e9}, {0, 1e9}};
  problem.channels[1].total = {0, 150};
  const auto got = PlanPeriods(problem);
  ASSERT_TRUE(got) << got.error().what;
  // Period 1 has 40, 20 each; b has 150 in all, so 130 for periods 2 and 3; a takes the rest.
  EXPECT_EQ(got->minor[0][1], 0);
  EXPECT_EQ(got->binding[0][1], "off");
  EXPECT_EQ(got->minor[0][0] + got->minor[1][0], 4000);
  EXPECT_EQ(got->minor[1][0] + got->minor[1][1] + got->minor[1][2], 15000);
  EXPECT_GT(got->period_price[0], 0);
  EXPECT_EQ(got->period_price[1], 0);
  EXPECT_GT(got->channel_price[1], 0);
  EXPECT_EQ(got->binding[0][0], "period max");
  EXPECT_EQ(got->binding[1][2], "channel max");
  EXPECT_LT(got->gap, 1e-7);
  // Prices add up to what a further unit brings.
  EXPECT_NEAR(got->marginal[1][0], got->lambda + got->period_price[0] + got->channel_price[1],
              5e-3);
  EXPECT_NEAR(got->marginal[1][2], got->lambda + got->channel_price[1], 5e-3);
  problem.channels[1].bounds = {{0, 1e9}, {90, 95}, {0, 1e9}};
  const auto bounded = PlanPeriods(problem);
  ASSERT_TRUE(bounded);
  EXPECT_EQ(bounded->minor[1][1], 9000);
  EXPECT_EQ(bounded->binding[1][1], "min");
}

TEST(PlanPeriods, WhatIsSpentStaysAndTheRestIsPaced) {
  PeriodsProblem problem = Problem(4, 400, {Log("a", 100, 20), Log("b", 100, 20)});
  problem.channels[0].spent = {90.5, 10};
  problem.channels[1].spent = {60};
  problem.period_bounds = {{0, 100}, {0, 200}, {0, 200}, {0, 200}};  // the first is history
  const auto got = PlanPeriods(problem);
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(got->minor[0][0], 9050);
  EXPECT_EQ(got->binding[0][1], "spent");
  EXPECT_EQ(got->sum, 40'000);
  // 239.50 are left for five cells alike.
  for (const std::int64_t cell : {got->minor[0][2], got->minor[0][3], got->minor[1][1]}) {
    EXPECT_NEAR(static_cast<double>(cell), 4790, 1);
  }
  problem.budget = 160;
  EXPECT_NE(PlanPeriods(problem).error().what.find(
                "160.50 is spent already, the budget is 160.00: 0.50 too much"),
            std::string::npos);
}

/// A problem whose plans can all be looked at.
PeriodsProblem Tiny(std::mt19937_64& random, bool concave) {
  std::uniform_real_distribution<double> u(0, 1);
  PeriodsProblem problem;
  problem.periods = 2 + static_cast<int>(random() % 2);
  problem.decimals = 0;
  problem.budget = 8 + static_cast<double>(random() % 5);
  problem.end = random() % 2 ? End::kCut : End::kRunOut;
  for (int c = 0; c < 2; ++c) {
    const Family families[] = {Family::kLog, Family::kPower, Family::kExponential, Family::kHill,
                               Family::kLogNormalCdf};
    const Family family = concave ? families[random() % 4] : families[3 + random() % 2];
    const double a = family == Family::kLogNormalCdf ? 0.3 + u(random)
                     : concave                       ? 0.4 + 0.6 * u(random)
                                                     : 1.5 + 2 * u(random);
    // One draw a statement: compilers evaluate arguments in orders of their own.
    const double scale = 5 + 20 * u(random);
    const double half = 1 + 6 * u(random);
    const double carry = 0.7 * u(random);
    problem.channels.push_back(Make(std::string(1, static_cast<char>('a' + c)), family, scale, half,
                                    std::min(a, family == Family::kPower ? 0.8 : a), carry));
    auto& channel = problem.channels.back();
    channel.before = 3 * u(random);
    for (int t = 0; t < problem.periods; ++t) {
      channel.season.push_back(0.5 + u(random));
      const double least = random() % 4 == 0 ? 1.0 : 0.0;
      channel.bounds.push_back({least, 3.0 + static_cast<double>(random() % 6)});
    }
    if (random() % 3 == 0) channel.total.max = 8;
  }
  if (random() % 3 == 0) {
    problem.period_bounds.assign(static_cast<std::size_t>(problem.periods), {1, 9});
  }
  return problem;
}

/// Best of all whole plans; -1 where there is none.
double Best(const PeriodsProblem& problem) {
  const auto periods = static_cast<std::size_t>(problem.periods);
  std::vector<std::vector<double>> spend(2, std::vector<double>(periods, 0));
  double best = -1;
  const std::function<void(std::size_t, double)> fill = [&](std::size_t at, double left) {
    if (at == 2 * periods) {
      if (left != 0) return;
      for (std::size_t c = 0; c < 2; ++c) {
        double sum = 0;
        for (const double x : spend[c]) sum += x;
        if (sum > problem.channels[c].total.max) return;
      }
      for (std::size_t t = 0; t < periods && !problem.period_bounds.empty(); ++t) {
        const double sum = spend[0][t] + spend[1][t];
        if (sum < problem.period_bounds[t].min || sum > problem.period_bounds[t].max) return;
      }
      best = std::max(best, Response(problem, spend));
      return;
    }
    const std::size_t c = at / periods, t = at % periods;
    const auto& bounds = problem.channels[c].bounds[t];
    for (double x = bounds.min; x <= std::min(bounds.max, left); ++x) {
      spend[c][t] = x;
      fill(at + 1, left - x);
    }
    spend[c][t] = 0;
  };
  fill(0, problem.budget);
  return best;
}

TEST(PlanPeriods, AgainstEveryPlanOfTinyProblems) {
  // A unit is a tenth of these budgets: what whole units and bounds of periods and channels at once
  // leave on the table is far more here than where a unit is a cent.
  std::mt19937_64 random(3);
  int solved = 0, bent = 0, short_of_it = 0;
  double lost = 0;
  for (int round = 0; round < 150; ++round) {
    const bool concave = round % 3 != 0;
    PeriodsProblem problem = Tiny(random, concave);
    if (concave) {
      for (auto& channel : problem.channels) {
        if (channel.curve.family == Family::kHill) channel.curve.a = std::min(1.0, channel.curve.a);
      }
    }
    const double best = Best(problem);
    const auto got = PlanPeriods(problem);
    if (best < 0) {
      ASSERT_FALSE(got) << round;
      EXPECT_NE(got.error().what.find("infeasible"), std::string::npos) << got.error().what;
      continue;
    }
    ASSERT_TRUE(got) << round << got.error().what;
    ++solved;
    EXPECT_EQ(Sum(got->minor), std::llround(problem.budget));
    EXPECT_NEAR(got->response, Response(problem, got->minor), 1e-9 * best);
    EXPECT_LE(got->response, best * (1 + 1e-12)) << round;
    EXPECT_GE(got->bound, best * (1 - 1e-9)) << round;
    const double missing = 1 - got->response / best;
    if (concave) {
      EXPECT_LE(missing, 0.02) << round;
    } else {
      ++bent, lost += missing, short_of_it += missing > 0.01;
    }
  }
  EXPECT_GT(solved, 100);
  // Where curves bend upward first the best plan is not promised, a bound on what is missing is.
  EXPECT_LE(lost, 0.005 * bent);
  EXPECT_LE(short_of_it, bent / 10);
}

struct Nlopt {
  const PeriodsProblem* problem;
};
double NloptObjective(unsigned n, const double* x, double* gradient, void* data) {
  const auto& problem = *static_cast<Nlopt*>(data)->problem;
  const auto periods = static_cast<std::size_t>(problem.periods);
  std::vector<std::vector<double>> spend;
  for (std::size_t c = 0; c < problem.channels.size(); ++c) {
    spend.emplace_back(x + c * periods, x + (c + 1) * periods);
  }
  const double value = Response(problem, spend);
  for (unsigned i = 0; gradient && i < n; ++i) {
    auto moved = spend;
    double& cell = moved[i / periods][i % periods];
    const double h = 1e-6 * (1 + cell);
    cell += h;
    const double up = Response(problem, moved);
    cell -= std::min(2 * h, cell);
    gradient[i] = (up - Response(problem, moved)) / (x[i] + h - cell);
  }
  return value;
}
double NloptSum(unsigned n, const double* x, double* gradient, void* data) {
  double sum = -static_cast<Nlopt*>(data)->problem->budget;
  for (unsigned i = 0; i < n; ++i) {
    sum += x[i];
    if (gradient) gradient[i] = 1;
  }
  return sum;
}

TEST(PlanPeriods, AgainstAGeneralSolver) {
  std::mt19937_64 random(9);
  std::uniform_real_distribution<double> u(0, 1);
  for (int round = 0; round < 8; ++round) {
    PeriodsProblem problem = Problem(6, 1'000 + 2'000 * std::round(u(random)), {});
    problem.end = round % 2 ? End::kCut : End::kRunOut;
    for (int c = 0; c < 3; ++c) {
      const Family families[] = {Family::kLog, Family::kExponential, Family::kHill};
      problem.channels.push_back(Make(std::to_string(c), families[c], 100 + 500 * u(random),
                                      30 + 100 * u(random), 1, 0.8 * u(random)));
      for (int t = 0; t < 6; ++t) problem.channels.back().season.push_back(0.5 + u(random));
    }
    const auto got = PlanPeriods(problem);
    ASSERT_TRUE(got);
    EXPECT_LT(got->gap, 1e-8) << round;
    Nlopt data{&problem};
    nlopt_opt solver = nlopt_create(NLOPT_LD_SLSQP, 18);
    nlopt_set_lower_bounds1(solver, 0);
    nlopt_set_upper_bounds1(solver, problem.budget);
    nlopt_set_max_objective(solver, NloptObjective, &data);
    nlopt_add_equality_constraint(solver, NloptSum, &data, 1e-9);
    nlopt_set_ftol_rel(solver, 1e-13);
    nlopt_set_maxeval(solver, 2'000);
    std::vector<double> x(18, problem.budget / 18);
    double best = 0;
    nlopt_optimize(solver, x.data(), &best);
    nlopt_destroy(solver);
    // Its sum may miss the budget by 1e-9.
    EXPECT_GE(got->response, best * (1 - 1e-8)) << round;
    EXPECT_NEAR(got->response, best, 1e-4 * best) << round;
    EXPECT_GE(got->bound, best * (1 - 1e-8)) << round;
  }
}

TEST(PlanPeriods, AYearOfTwelveChannelsIsClosed) {
  std::mt19937_64 random(21);
  std::uniform_real_distribution<double> u(0, 1);
  PeriodsProblem problem = Problem(52, 500'000, {});
  for (int c = 0; c < 12; ++c) {
    problem.channels.push_back(Make(std::to_string(c), c % 2 ? Family::kHill : Family::kPower,
                                    2'000 + 5'000 * u(random), c % 2 ? 800 : 1, c % 2 ? 0.9 : 0.5,
                                    0.8 * u(random)));
    auto& channel = problem.channels.back();
    if (c % 2 == 0) channel.curve.c /= 30;
    for (int t = 0; t < 52; ++t) {
      channel.season.push_back(1 + 0.4 * std::sin(t / 8.0));
      channel.bounds.push_back({t < 4 ? 100.0 : 0.0, 3'000});
      channel.on.push_back(c != 3 || (t >= 10 && t < 30));
    }
    channel.total = {5'000, 80'000};
    if (c == 3) channel.bounds.assign(52, {0, 3'000});
  }
  problem.period_bounds.assign(52, {5'000, 14'000});
  const auto got = PlanPeriods(problem);
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(Sum(got->minor), 50'000'000);
  EXPECT_LT(got->gap, 1e-6);
  for (std::size_t t = 0; t < 52; ++t) {
    std::int64_t sum = 0;
    for (std::size_t c = 0; c < 12; ++c) sum += got->minor[c][t];
    EXPECT_GE(sum, 500'000);
    EXPECT_LE(sum, 1'400'000);
  }
}

TEST(PlanPeriods, TheOrderAndTheScaleDoNotMatterAndMoreNeverBringsLess) {
  PeriodsProblem problem =
      Problem(5, 777.77,
              {Log("c", 90, 20, 0.3), Make("a", Family::kPower, 30, 1, 0.4, 0.6),
               Make("b", Family::kHill, 200, 50, 2.5, 0.2)});
  problem.period_bounds.assign(5, {50, 300});
  const auto one = PlanPeriods(problem);
  ASSERT_TRUE(one) << one.error().what;
  PeriodsProblem turned = problem;
  std::reverse(turned.channels.begin(), turned.channels.end());
  const auto two = PlanPeriods(turned);
  ASSERT_TRUE(two);
  EXPECT_EQ(one->response, two->response);
  EXPECT_EQ(one->bound, two->bound);
  for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(one->minor[c], two->minor[2 - c]);
  PeriodsProblem doubled = problem;
  for (auto& channel : doubled.channels) channel.curve.c *= 2;
  const auto twice = PlanPeriods(doubled);
  EXPECT_NEAR(twice->response, 2 * one->response, 1e-6 * one->response);
  EXPECT_NEAR(twice->lambda, 2 * one->lambda, 1e-6 * one->lambda);
  problem.channels.pop_back();  // concave from here on
  problem.period_bounds.clear();
  double last = 0, price = 1e300;
  for (double budget = 0; budget <= 2'000; budget += 125) {
    problem.budget = budget;
    const auto got = PlanPeriods(problem);
    ASSERT_TRUE(got) << budget;
    EXPECT_EQ(got->sum, std::llround(100 * budget));
    EXPECT_GE(got->response, last);
    if (budget > 0) {
      EXPECT_LE(got->lambda, price * (1 + 1e-6)) << budget;
      EXPECT_LT(got->gap, 1e-8) << budget;
      price = got->lambda;
    }
    last = got->response;
  }
}

TEST(PlanPeriods, WhatCannotBeIsNamedByHowMuch) {
  const auto what = [](const PeriodsProblem& problem) {
    const auto got = PlanPeriods(problem);
    return got ? std::string("fine") : got.error().what;
  };
  const auto says = [&](const PeriodsProblem& problem, const std::string& part) {
    EXPECT_NE(what(problem).find(part), std::string::npos) << what(problem);
  };
  says(Problem(2, 10, {}), "no channel");
  says(Problem(0, 10, {Log("a", 1, 1)}), "periods are 1 to 520");
  says(Problem(2, 10.001, {Log("a", 1, 1)}), "not a whole number");
  says(Problem(2, -1, {Log("a", 1, 1)}), ">= 0");
  says(Problem(2, 10, {Log("a", 1, 1), Log("a", 1, 1)}), "twice");
  says(Problem(2, 10, {Log("a", 1, 0)}), "k must be a number > 0");
  says(Problem(2, 10, {Log("a", 1, 1, 1)}), "carry is 1");
  PeriodsProblem problem = Problem(2, 10, {Log("a", 1, 1), Log("b", 1, 1)});
  problem.channels[0].curve.family = Family::kPiecewise;
  problem.channels[0].curve.points = {{0, 0}};
  says(problem, "piecewise");
  problem = Problem(2, 10, {Log("a", 1, 1), Log("b", 1, 1)});
  problem.channels[0].season = {1};
  says(problem, "season has 1 entries, there are 2 periods");
  problem.channels[0].season = {1, -1};
  says(problem, "must be a number >= 0");
  problem.channels[0].season.clear();
  problem.period_bounds = {{0, 4}, {0, 3}};
  says(problem, "the budget must have 10.00 and its periods take at most 7.00: 3.00 cannot");
  problem.period_bounds = {{6, 20}, {7, 20}};
  says(problem, "the minima of its periods come to 13.00, its max is 10.00: 3.00 too much");
  problem.period_bounds.clear();
  problem.channels[0].total = {8, 9};
  problem.channels[0].on = {false, false};
  says(problem, "channel a must have 8.00 and its periods take at most 0.00: 8.00 cannot");
  problem.channels[0].on = {true, false};
  problem.period_bounds = {{0, 5}, {0, 20}};  // a needs 8 in period 1, which may have 5
  says(problem, "not all of them together: 3.00");
  problem.channels[0].bounds = {{5, 4}, {0, 1}};
  says(problem, "channel a in period 1: bounds 5 to 4 hold nothing");
}

TEST(FindWholePlan, KeepsEveryBoundOrSaysByHowMuchItCannot) {
  PlanBounds bounds;
  bounds.cells = {{{0, 5}, {2, 5}}, {{0, 5}, {0, 5}}};
  bounds.channels = {{3, 6}, {0, 9}};
  bounds.periods = {{4, 4}, {0, 9}};
  bounds.total = 9;
  const WholePlan plan = FindWholePlan(bounds);
  EXPECT_EQ(plan.missing, 0);
  EXPECT_EQ(plan.amounts[0][0] + plan.amounts[1][0], 4);
  EXPECT_EQ(plan.amounts[0][1] + plan.amounts[1][1], 5);
  EXPECT_GE(plan.amounts[0][1], 2);
  EXPECT_GE(plan.amounts[0][0] + plan.amounts[0][1], 3);
  bounds.total = 20;
  EXPECT_GT(FindWholePlan(bounds).missing, 0);
}

}  // namespace
}  // namespace maxopt
