#include "decide/reallocation/reallocation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace maxopt {
namespace {

using Family = ResponseShape::Family;

/// A campaign whose response is scale * sqrt(x / 100), with a scale for each plausible world.
ChannelResponse Root(std::string id, std::vector<double> scales) {
  ChannelResponse out{std::move(id), {}, 100, 200, true};
  for (const double scale : scales) {
    out.draws.push_back({{Family::kPower, 1, 0.5}, scale, 100, 0.2, 1});
  }
  return out;
}
ResponseFit Fit(std::vector<ChannelResponse> channels) {
  ResponseFit fit{};
  fit.channels = std::move(channels);
  return fit;
}
ReallocationProblem Problem(std::size_t count, double each) {
  ReallocationProblem out;
  out.home.assign(count, each);
  out.present.assign(count, each);
  out.delivery.assign(count, 1);
  out.total = out.total_max = each * static_cast<double>(count);
  out.days_left = 7;
  out.revenue_noise = 50;
  return out;
}
std::int64_t Sum(const Reallocation& move) {
  std::int64_t sum = 0;
  for (const auto& share : move.shares) sum += share.minor;
  return sum;
}
/// Returns that do not drift: what is known is known.
const ReallocationOptions kStill{.drift = 0, .gain_doubt = 0};
std::vector<double> Sure(double scale) { return std::vector<double>(40, scale); }
/// Between low and high, evenly; `turn` makes campaigns independent of each other.
std::vector<double> Between(double low, double high, std::size_t turn) {
  std::vector<double> out;
  for (std::size_t i = 0; i < 40; ++i) {
    out.push_back(low + (high - low) * static_cast<double>((i * turn) % 41) / 40);
  }
  return out;
}

TEST(Reallocate, WalksToTheOptimumThatIsKnown) {
  // Of 2 sqrt(x) and sqrt(y) the best split is 4 : 1.
  const ResponseFit fit = Fit({Root("a", Sure(400)), Root("b", Sure(200))});
  ReallocationProblem problem = Problem(2, 100);
  for (int step = 0; step < 12; ++step) {
    const auto move = Reallocate(problem, fit, kStill);
    ASSERT_TRUE(move) << move.error().what;
    EXPECT_EQ(Sum(*move), 20'000);
    for (std::size_t c = 0; c < 2; ++c) {
      const double to = static_cast<double>(move->shares[c].minor) / 100;
      EXPECT_LE(to, problem.present[c] * 1.3 + 0.02);
      EXPECT_GE(to, problem.present[c] * 0.7 - 0.02);
      problem.present[c] = to;
    }
  }
  EXPECT_NEAR(problem.present[0], 160, 2);
  EXPECT_NEAR(problem.present[1], 40, 2);
  const auto last = Reallocate(problem, fit, kStill);
  ASSERT_TRUE(last);
  // 400 sqrt(1.6) + 200 sqrt(.4) - 600
  EXPECT_NEAR(last->gain.mean, 32.46, 0.3);
  EXPECT_EQ(last->gain_confidence, 1);
}

TEST(Reallocate, StandsStillWhereTheEvidenceIsEven) {
  // Each may be the better one: the mean difference is nothing, the spread is large.
  const ResponseFit fit = Fit({Root("a", Between(100, 500, 7)), Root("b", Between(100, 500, 11))});
  const auto move = Reallocate(Problem(2, 100), fit);
  ASSERT_TRUE(move);
  EXPECT_NEAR(move->shares[0].aim, 100, 5);
  EXPECT_GT(move->stake, 0);
}

TEST(Reallocate, TheLessIsKnownTheLessIsMoved) {
  ReallocationProblem problem = Problem(2, 100);
  const auto sure = Reallocate(problem, Fit({Root("a", Sure(400)), Root("b", Sure(200))}), kStill);
  const auto unsure =
      Reallocate(problem, Fit({Root("a", Between(0, 800, 7)), Root("b", Between(0, 400, 11))}));
  ASSERT_TRUE(sure && unsure);
  EXPECT_GT(sure->shares[0].aim, 125);
  EXPECT_LT(unsure->shares[0].aim, sure->shares[0].aim - 5);
}

TEST(Reallocate, VariesInOppositePairsAndOnlyWhileItPays) {
  std::vector<ChannelResponse> channels;
  for (int c = 0; c < 6; ++c) {
    channels.push_back(
        Root("c" + std::to_string(c), Between(100, 500, 3 + 2 * static_cast<std::size_t>(c))));
  }
  const ResponseFit fit = Fit(channels);
  ReallocationProblem problem = Problem(6, 100);
  problem.days_left = 26 * 7;
  problem.step_index = 4;
  const auto up = Reallocate(problem, fit, kStill);
  problem.step_index = 5;
  const auto down = Reallocate(problem, fit, kStill);
  ASSERT_TRUE(up && down);
  double most = 0, balance = 0;
  for (std::size_t c = 0; c < 6; ++c) {
    EXPECT_NEAR(up->shares[c].explore, -down->shares[c].explore, 0.12);
    most = std::max(most, std::abs(up->shares[c].explore));
    balance += up->shares[c].explore * up->shares[c].aim;
  }
  EXPECT_GT(most, 0.1);
  EXPECT_NEAR(balance, 0, 1e-6);
  EXPECT_EQ(Sum(*up), 60'000);
  EXPECT_GT(up->explore_cost, 0);
  problem.days_left = 14;
  const auto late = Reallocate(problem, fit, kStill);
  ASSERT_TRUE(late);
  for (const auto& share : late->shares) EXPECT_EQ(share.explore, 0);
  // Nothing to learn, nothing to vary.
  problem.days_left = 26 * 7;
  std::vector<ChannelResponse> known;
  for (int c = 0; c < 6; ++c) known.push_back(Root("c" + std::to_string(c), Sure(300)));
  const auto sure = Reallocate(problem, Fit(known), kStill);
  ASSERT_TRUE(sure);
  for (const auto& share : sure->shares) EXPECT_EQ(share.explore, 0);
}

TEST(Reallocate, WhatIsNotSpentIsNotGivenMore) {
  ReallocationProblem problem = Problem(2, 100);
  problem.delivery[0] = 0.5;
  const auto move = Reallocate(problem, Fit({Root("a", Sure(900)), Root("b", Sure(200))}));
  ASSERT_TRUE(move);
  EXPECT_LE(move->shares[0].minor, 10'000);
}

TEST(Reallocate, LeavesMoneyUnspentOnlyWhenAllowedAndLost) {
  // A further unit brings 300 / (2 * 100) = 1.5 in revenue, at a margin of 0.4 a loss.
  const ResponseFit fit = Fit({Root("a", Sure(300)), Root("b", Sure(300))});
  ReallocationProblem problem = Problem(2, 100);
  problem.gross_margin = 0.4;
  const auto bound = Reallocate(problem, fit, kStill);
  problem.may_underspend = true;
  const auto free = Reallocate(problem, fit, kStill);
  problem.gross_margin = 0.9;
  const auto worth = Reallocate(problem, fit, kStill);
  ASSERT_TRUE(bound && free && worth);
  EXPECT_EQ(Sum(*bound), 20'000);
  EXPECT_LT(Sum(*free), 19'000);
  EXPECT_GT(Sum(*free), 13'000);
  // Less revenue, and more of it left: a x spends 100 - x less of each and loses
  // 300 (1 - sqrt(x / 100)) of revenue, of which 0.4 were left.
  const double x = free->shares[0].aim;
  EXPECT_NEAR(free->spend_change, 2 * (x - 100), 1e-6);
  EXPECT_NEAR(free->gain.mean, 600 * (std::sqrt(x / 100) - 1), 1e-6);
  EXPECT_NEAR(free->profit_gain.mean, 240 * (std::sqrt(x / 100) - 1) + 2 * (100 - x), 1e-6);
  EXPECT_LT(free->gain.mean, 0);
  EXPECT_GT(free->profit_gain.mean, 0);
  EXPECT_NEAR(bound->spend_change, 0, 1e-9);
  EXPECT_EQ(Sum(*worth), 20'000);
}

TEST(Reallocate, TheOrderDoesNotMatter) {
  std::vector<ChannelResponse> channels;
  for (int c = 0; c < 7; ++c) {
    channels.push_back(Root("c" + std::to_string(c),
                            Between(50, 100.0 * (c + 2), 5 + 2 * static_cast<std::size_t>(c))));
  }
  ReallocationProblem problem = Problem(7, 100);
  problem.days_left = 100;
  for (std::size_t c = 0; c < 7; ++c)
    problem.home[c] = problem.present[c] = 30.0 + 20 * static_cast<double>(c);
  problem.total = problem.total_max = 777.77;
  const auto one = Reallocate(problem, Fit(channels));
  std::reverse(channels.begin(), channels.end());
  std::reverse(problem.home.begin(), problem.home.end());
  std::reverse(problem.present.begin(), problem.present.end());
  const auto other = Reallocate(problem, Fit(channels));
  ASSERT_TRUE(one && other);
  EXPECT_EQ(Sum(*one), 77'777);
  for (std::size_t c = 0; c < 7; ++c) {
    EXPECT_EQ(one->shares[c].id, other->shares[6 - c].id);
    EXPECT_EQ(one->shares[c].minor, other->shares[6 - c].minor);
  }
}

TEST(Reallocate, OneCampaignGetsItAll) {
  const auto move = Reallocate(Problem(1, 123.45), Fit({Root("only", Between(1, 9, 7))}));
  ASSERT_TRUE(move);
  EXPECT_EQ(move->shares[0].minor, 12'345);
}

TEST(Reallocate, RefusesNonsense) {
  const ResponseFit fit = Fit({Root("a", Sure(3)), Root("b", Sure(2))});
  const auto refused = [&](ReallocationProblem problem) {
    const auto move = Reallocate(problem, fit, kStill);
    return !move && move.error().code == Errc::kInvalidArgument;
  };
  EXPECT_FALSE(refused(Problem(2, 100)));
  EXPECT_TRUE(refused(Problem(3, 100)));
  ReallocationProblem problem = Problem(2, 100);
  problem.present[1] = -1;
  EXPECT_TRUE(refused(problem));
  problem = Problem(2, 100);
  problem.total_max = 150;
  EXPECT_TRUE(refused(problem));
  problem = Problem(2, 100);
  problem.total = problem.total_max = 0.001;
  EXPECT_TRUE(refused(problem));
  problem = Problem(2, 100);
  problem.gross_margin = 0;
  EXPECT_TRUE(refused(problem));
  problem = Problem(2, 100);
  problem.total = std::nan("");
  EXPECT_TRUE(refused(problem));
  EXPECT_FALSE(Reallocate(Problem(0, 100), Fit({})));
}

TEST(ProblemOf, ReadsTheOperatingPointOffTheHistory) {
  ResponseData data;
  data.channels = {{"a", {}}, {"b", {}}};
  for (int t = 0; t < 128; ++t) {
    // Twelve weeks at 100 and 50, then steps of a week at +20 and -20, -10 and +10.
    const bool steered = t >= 100;
    const double sign = (t - 100) / 7 % 2 == 0 ? 1 : -1;
    data.channels[0].spend.push_back(steered ? 120 + 20 * sign : 100);
    data.channels[1].spend.push_back(steered ? 30 - 10 * sign : 50);
    data.revenue.push_back(1000);
  }
  ResponseFit fit = Fit({Root("a", Sure(1)), Root("b", Sure(1))});
  fit.residual_sd = 70;
  const LoopPosition position{.horizon_start = 100,
                              .current_budget = {100, 80},
                              .days_left = 70,
                              .total = 150,
                              .total_max = 150};
  const auto problem = ProblemOf(data, fit, position);
  ASSERT_TRUE(problem) << problem.error().what;
  EXPECT_DOUBLE_EQ(problem->home[0], 100);
  EXPECT_DOUBLE_EQ(problem->home[1], 50);
  EXPECT_DOUBLE_EQ(problem->present[0], 120);
  EXPECT_DOUBLE_EQ(problem->present[1], 30);
  EXPECT_EQ(problem->step_index, 4);
  EXPECT_EQ(problem->revenue_noise, 70);
  EXPECT_DOUBLE_EQ(problem->delivery[0], 1);
  EXPECT_LT(problem->delivery[1], 0.7);  // 40 of 80 spent, while the other spends all
  LoopPosition none = position;
  none.current_budget.pop_back();
  EXPECT_FALSE(ProblemOf(data, fit, none));
}

}  // namespace
}  // namespace maxopt
