#include "decide/bandit/bandit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "decide/bandit/market_for_test.h"

namespace maxopt {
namespace {

using namespace bandit_market;  // NOLINT: the markets are this test's subject

// Two Gamma rates: P(first > second) is that of a Beta, P(X > 1/2 scaled). With equal means and
// shapes it is 1/2; with shapes 30 and 30 and means 2 : 1 it is F(2) of the F distribution with
// 60 and 60 degrees of freedom = 0.99596 (R, pf(2, 60, 60)).
TEST(ChanceOfBest, TwoGammas) {
  const RatePosterior same[] = {{0.02, 50}, {0.02, 50}};
  EXPECT_NEAR(ChanceOfBest(same)[0], 0.5, 1e-12);
  const RatePosterior two[] = {{2, 30}, {1, 30}};
  EXPECT_NEAR(ChanceOfBest(two)[0], 0.99596, 5e-4);
  const RatePosterior weak[] = {{2, 1}, {1, 1}};  // exponential: P = 2/3
  EXPECT_NEAR(ChanceOfBest(weak)[0], 2.0 / 3, 3e-3);
}

TEST(ChanceOfBest, SumsToOneAndDoesNotDependOnOrder) {
  std::vector<RatePosterior> arms;
  for (int i = 0; i < 40; ++i) arms.push_back({0.01 + 0.0005 * i, std::pow(10.0, i % 6)});
  auto chance = ChanceOfBest(arms);
  EXPECT_NEAR(std::accumulate(chance.begin(), chance.end(), 0.0), 1, 1e-12);
  std::reverse(arms.begin(), arms.end());
  const auto turned = ChanceOfBest(arms);
  for (std::size_t i = 0; i < arms.size(); ++i) EXPECT_NEAR(turned[i], chance[39 - i], 1e-9);
  EXPECT_EQ(ChanceOfBest(std::vector<RatePosterior>{{1, 1}}), std::vector<double>{1});
  EXPECT_TRUE(ChanceOfBest({}).empty());
}

// Draws follow the integrals: 40,000 draws, five standard errors.
TEST(ThompsonSampler, DrawsAsOftenAsItsChance) {
  const std::vector<RatePosterior> arms = {{0.02, 40}, {0.022, 20}, {0.018, 60}, {0.01, 3}};
  const auto chance = ChanceOfBest(arms);
  ThompsonSampler sampler(arms, 1);
  std::vector<int> count(4, 0);
  for (int i = 0; i < 40000; ++i) ++count[sampler.Draw()];
  for (std::size_t a = 0; a < 4; ++a) {
    EXPECT_NEAR(count[a] / 40000.0, chance[a], 5 * std::sqrt(0.25 / 40000)) << a;
  }
  ThompsonSampler again(arms, 1), other(arms, 1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(again.Draw(), other.Draw());
}

// An immature period is not a failure. Half of the conversions come a period late; the new arm has
// only its young period, in which it did as well as the old one at that age.
TEST(Bandit, ImmaturePeriodsDoNotLookLikeFailure) {
  Bandit bandit = Bandit::Make(2, 1, 3, {}).value();
  std::vector<BanditFeedback> late;
  for (int t = 1; t <= 40; ++t) {
    std::vector<BanditFeedback> feedback = late;
    late.clear();
    const std::size_t arm = t > 39 ? 1 : 0;
    feedback.push_back({t - 1, 0, arm, 10000, 100});
    late.push_back({t - 1, 0, arm, 0, 100});
    ASSERT_TRUE(bandit.Learn(t, feedback));
  }
  EXPECT_NEAR(bandit.MaturityAt(1), 0.5, 0.02);
  EXPECT_NEAR(bandit.Posterior(0, 1).mean, 0.02, 0.0015);
  EXPECT_NEAR(bandit.Posterior(0, 0).mean, 0.02, 0.0005);
}

// A fifth of what was reported is taken back a period later: the young look too good.
TEST(Bandit, RestatementDownwards) {
  Bandit bandit = Bandit::Make(1, 1, 3, {}).value();
  for (int t = 1; t <= 60; ++t) {
    std::vector<BanditFeedback> feedback = {{t - 1, 0, 0, 10000, 100}};
    if (t > 1) feedback.push_back({t - 2, 0, 0, 0, -20});
    ASSERT_TRUE(bandit.Learn(t, feedback));
  }
  EXPECT_NEAR(bandit.MaturityAt(1), 1.25, 0.03);
  EXPECT_NEAR(bandit.Posterior(0, 0).mean, 0.008, 0.0003);
}

TEST(Bandit, FloorsCapsAndAvailability) {
  BanditOptions options;
  options.floor = 0.05;
  options.cap = 0.6;
  Bandit bandit = Bandit::Make(4, 1, 0, options).value();
  const std::vector<BanditFeedback> feedback = {
      {0, 0, 0, 100000, 3000}, {0, 0, 1, 100000, 1000}, {0, 0, 2, 100000, 900}, {0, 0, 3, 100, 1}};
  ASSERT_TRUE(bandit.Learn(1, feedback));
  const auto all = bandit.Shares({true, true, true, true}).value()[0];
  EXPECT_NEAR(all[0], 0.6, 1e-9);
  EXPECT_NEAR(std::accumulate(all.begin(), all.end(), 0.0), 1, 1e-12);
  for (const double s : all) EXPECT_GE(s, 0.05 - 1e-12);
  const auto two = bandit.Shares({true, false, true, false}).value()[0];
  EXPECT_EQ(two[1], 0);
  EXPECT_EQ(two[3], 0);
  EXPECT_NEAR(two[0] + two[2], 1, 1e-12);
  const auto none = bandit.Shares({false, false, false, false}).value()[0];
  EXPECT_EQ(std::accumulate(none.begin(), none.end(), 0.0), 0);
  EXPECT_FALSE(bandit.Shares({true}));
}

TEST(Bandit, NonsenseIsRefusedAndChangesNothing) {
  EXPECT_FALSE(Bandit::Make(0, 1, 1, {}));
  EXPECT_FALSE(Bandit::Make(1, 0, 1, {}));
  EXPECT_FALSE(Bandit::Make(1, 1, -1, {}));
  BanditOptions crossed;
  crossed.floor = 0.5;
  crossed.cap = 0.2;
  EXPECT_FALSE(Bandit::Make(2, 1, 1, crossed));
  Bandit bandit = Bandit::Make(2, 1, 2, {}).value();
  ASSERT_TRUE(bandit.Learn(1, {}));
  const auto before = bandit.Posterior(0, 0);
  for (const BanditFeedback& bad :
       {BanditFeedback{5, 0, 0, 1, 1}, BanditFeedback{1, 1, 0, 1, 1}, BanditFeedback{1, 0, 2, 1, 1},
        BanditFeedback{1, 0, 0, std::nan(""), 1}}) {
    const std::vector<BanditFeedback> list = {{1, 0, 0, 1000, 500}, bad};
    EXPECT_FALSE(bandit.Learn(2, list));
  }
  EXPECT_FALSE(bandit.Learn(1, {}));
  EXPECT_EQ(bandit.Posterior(0, 0).mean, before.mean);
}

// Regret in the markets, on seeds that chose nothing. The bounds stand well below what
// bench/bandit_bench prints for 100 seeds.
TEST(Bandit, EarnsInEveryMarket) {
  for (const auto& [name, family] : kFamilies) {
    double ours = 0;
    double steady = 0;
    constexpr int kSeeds = 4;
    for (int i = 0; i < kSeeds; ++i) {
      const auto seed = static_cast<std::uint64_t>(1001 + i);
      const Market m = MakeMarket(family, seed);
      Ours policy(m, {});
      BanditOptions options;
      options.adapt_to_drift = false;
      Ours without(m, options);
      ours += Play(m, policy, seed).gain() / kSeeds;
      steady += Play(m, without, seed).gain() / kSeeds;
    }
    if (family == Family::kIdentical) {
      EXPECT_EQ(ours, 0);
    } else if (family == Family::kDrift) {
      EXPECT_GT(ours, 0.55) << name;
    } else {
      EXPECT_GT(ours, 0.75) << name;
      EXPECT_GT(ours, steady - 0.1) << name;  // looking for drift costs little where there is none
    }
  }
}

// By hand: two impressions with propensity 1/2; the target always chooses the first kind.
TEST(OffPolicy, ByHand) {
  const std::vector<LoggedChoice> log = {{.reward = 1, .propensity = 0.5, .target = 1},
                                         {.reward = 0, .propensity = 0.5, .target = 0},
                                         {.reward = 1, .propensity = 0.25, .target = 1},
                                         {.reward = 0, .propensity = 0.5, .target = 1}};
  EXPECT_NEAR(EvaluateOffPolicy(log, OffPolicyMethod::kIps)->value, (2 + 4) / 4.0, 1e-12);
  EXPECT_NEAR(EvaluateOffPolicy(log, OffPolicyMethod::kSnips)->value, 6.0 / 8, 1e-12);
  EXPECT_NEAR(EvaluateOffPolicy(log, OffPolicyMethod::kIps)->effective_sample, 64.0 / 24, 1e-12);
  EXPECT_FALSE(EvaluateOffPolicy({}, OffPolicyMethod::kIps));
  EXPECT_FALSE(EvaluateOffPolicy(std::vector<LoggedChoice>{{.count = 9, .propensity = 0}},
                                 OffPolicyMethod::kIps));
  EXPECT_FALSE(EvaluateOffPolicy(
      std::vector<LoggedChoice>{{.count = 9, .reward = 1, .propensity = 1, .target = 0}},
      OffPolicyMethod::kSnips));
}

// Logs of a policy with shares .7/.2/.1, a target with .1/.2/.7: the 95 % intervals hold the truth
// in about 95 % of 400 logs; a good model makes the doubly robust one the narrowest.
TEST(OffPolicy, Covers) {
  const double rate[] = {0.05, 0.08, 0.11}, logged[] = {0.7, 0.2, 0.1}, target[] = {0.1, 0.2, 0.7};
  const double truth = 0.1 * 0.05 + 0.2 * 0.08 + 0.7 * 0.11;
  Draws draws(5);
  int covered[3] = {0, 0, 0};
  double width[3] = {0, 0, 0};
  for (int run = 0; run < 400; ++run) {
    std::vector<LoggedChoice> log;
    for (int a = 0; a < 3; ++a) {
      const int n = static_cast<int>(20000 * logged[a]);
      log.push_back({.count = static_cast<double>(n),
                     .reward = draws.Binomial(n, rate[a]) / static_cast<double>(n),
                     .propensity = logged[a],
                     .target = target[a],
                     .predicted = rate[a],
                     .predicted_target = truth});
    }
    int k = 0;
    for (const auto method :
         {OffPolicyMethod::kIps, OffPolicyMethod::kSnips, OffPolicyMethod::kDoublyRobust}) {
      const auto v = EvaluateOffPolicy(log, method).value();
      covered[k] += v.low <= truth && truth <= v.high;
      width[k++] += v.high - v.low;
    }
  }
  for (const int c : covered) EXPECT_GE(c, 368);
  EXPECT_LE(covered[2], 392);
  EXPECT_LT(width[2], width[0]);
}

}  // namespace
}  // namespace maxopt
