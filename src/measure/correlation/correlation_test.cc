#include "measure/correlation/correlation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace maxopt {
namespace {

/// A series of ads: a level, a week, inertia, and what is added to it.
DailySeries Ads(const std::string& name, std::mt19937_64& random, std::size_t days,
                const std::vector<double>& added = {}, double inertia = 0.6) {
  std::normal_distribution<double> noise;
  DailySeries series{name, {}};
  double state = 0;
  for (std::size_t t = 0; t < days; ++t) {
    state = inertia * state + noise(random) + (t < added.size() ? added[t] : 0);
    series.values.emplace_back(100 + 10 * std::sin(static_cast<double>(t % 7)) +
                               0.1 * static_cast<double>(t) + state);
  }
  return series;
}

TEST(Correlation, HolmByHand) {
  const std::vector<double> adjusted = AdjustHolm(std::vector<double>{.01, .04, .03, .005});
  EXPECT_DOUBLE_EQ(adjusted[0], .03);
  EXPECT_DOUBLE_EQ(adjusted[1], .06);
  EXPECT_DOUBLE_EQ(adjusted[2], .06);
  EXPECT_DOUBLE_EQ(adjusted[3], .02);
  EXPECT_TRUE(AdjustHolm({}).empty());
}

TEST(Correlation, FindsWhoLeadsAndByHowMuch) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise;
  std::vector<double> cause(120), effect(120);
  for (std::size_t t = 0; t < 120; ++t) {
    cause[t] = 2 * noise(random);
    if (t >= 3) effect[t] = cause[t - 3];
  }
  const std::vector<DailySeries> series = {Ads("video", random, 120, cause),
                                           Ads("search", random, 120, effect)};
  const auto judged = LeadsAndLags(series, {});
  ASSERT_EQ(judged.findings.size(), 1U);
  const LeadLag& found = judged.findings[0];
  EXPECT_EQ(found.lag_days, 3);
  EXPECT_TRUE(found.significant);
  EXPECT_GT(found.r_low, .3);
  EXPECT_LT(found.r_low, found.r);
  // The other way round it is the same, from the other side.
  const auto turned = LeadsAndLags(std::vector{series[1], series[0]}, {});
  EXPECT_EQ(turned.findings[0].lag_days, -3);
  EXPECT_NEAR(turned.findings[0].r, found.r, 1e-12);
}

// Two independent series with the same week, a trend and much inertia correlate strongly as they
// are. Whitened and corrected, calls with any false claim stay near alpha: 3 pairs x 15 lags each.
TEST(Correlation, IndependentSeriesAreRarelyCalledRelated) {
  int claims = 0;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<DailySeries> series;
    for (const char* name : {"a", "b", "c"}) series.push_back(Ads(name, random, 100, {}, .9));
    const auto judged = LeadsAndLags(series, {});
    claims += std::ranges::any_of(judged.findings, &LeadLag::significant);
  }
  EXPECT_LE(claims, 12);  // 5 expected; 3.2 standard deviations
}

TEST(Correlation, TooLittleDataIsNamedNotJudged) {
  std::mt19937_64 random(2);
  std::vector<DailySeries> series = {Ads("long", random, 100),
                                     Ads("short", random, 30),
                                     {"flat", std::vector<std::optional<double>>(100, 5.)}};
  const auto judged = LeadsAndLags(series, {});
  EXPECT_TRUE(judged.findings.empty());
  ASSERT_EQ(judged.not_judged.size(), 2U);
  EXPECT_EQ(judged.not_judged[0], "short: 30 days are known, 56 are needed");
  EXPECT_TRUE(LeadsAndLags({}, {}).findings.empty());
  // Long enough, but never known together.
  DailySeries early = Ads("early", random, 140), late = Ads("late", random, 140);
  for (std::size_t t = 0; t < 70; ++t) early.values[t + 70].reset(), late.values[t].reset();
  const auto apart = LeadsAndLags(std::vector{early, late}, {});
  EXPECT_TRUE(apart.findings.empty());
  EXPECT_EQ(apart.not_judged.size(), 1U);
}

TEST(Correlation, ASharedShockIsFoundAndOneSeriesAloneIsNone) {
  std::mt19937_64 random(3);
  std::vector<DailySeries> series;
  for (const char* name : {"google", "meta", "tiktok", "shop"}) {
    std::vector<double> added(120);
    added[80] = -9;
    if (series.empty()) added[60] = 12;
    series.push_back(Ads(name, random, 120, added));
  }
  const SharedShocks shocks = FindSharedShocks(series, {});
  ASSERT_FALSE(shocks.days.empty());
  EXPECT_EQ(shocks.days[0].day, 80);
  EXPECT_LT(shocks.days[0].z, -3);
  EXPECT_GE(shocks.days[0].same_way, 3);
  for (const SharedShock& day : shocks.days) EXPECT_NE(day.day, 60);
  ASSERT_TRUE(shocks.factor_share);
  EXPECT_GT(*shocks.factor_share, .25);
  EXPECT_LT(*shocks.factor_share, 1);
  const SharedShocks few = FindSharedShocks(std::span(series).first(2), {});
  EXPECT_TRUE(few.days.empty());
  EXPECT_FALSE(few.not_judged.empty());
}

/// Two platforms and a shop; spend on "a" takes `taken` per cent of b's results for each per cent.
std::pair<std::vector<PlatformDays>, DailySeries> Market(unsigned seed, double taken,
                                                         std::size_t days = 120) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise;
  std::vector<PlatformDays> platforms(2);
  platforms[0].spend.name = "a", platforms[1].spend.name = "b";
  DailySeries demand{"shop", {}};
  for (std::size_t t = 0; t < days; ++t) {
    const double mood = .1 * noise(random) + .2 * std::sin(static_cast<double>(t % 7));
    const double spend_a = .2 * noise(random) + mood;  // spend follows demand, which confounds
    const double spend_b = .2 * noise(random) + mood;
    platforms[0].spend.values.emplace_back(100 * std::exp(spend_a));
    platforms[1].spend.values.emplace_back(100 * std::exp(spend_b));
    platforms[0].results.values.emplace_back(20 *
                                             std::exp(.3 * spend_a + mood + .05 * noise(random)));
    platforms[1].results.values.emplace_back(
        20 * std::exp(.3 * spend_b - taken * spend_a + mood + .05 * noise(random)));
    demand.values.emplace_back(100 * std::exp(mood + .005 * noise(random)));
  }
  return {platforms, demand};
}

TEST(Correlation, CannibalisationIsFoundGivenDemand) {
  const auto [platforms, demand] = Market(4, .4);
  const auto judged = FindCannibalisation(platforms, demand, {});
  ASSERT_EQ(judged.findings.size(), 2U);
  const Cannibalisation& found = judged.findings[0];
  EXPECT_EQ(found.spender, "a");
  EXPECT_EQ(found.loser, "b");
  EXPECT_TRUE(found.significant);
  EXPECT_LT(found.low, -.4);
  EXPECT_GT(found.high, -.4);
  EXPECT_FALSE(judged.findings[1].significant);
}

TEST(Correlation, NoCannibalisationWithoutOneAndNoneWithoutData) {
  int claims = 0;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    const auto [platforms, demand] = Market(seed, 0);
    for (const auto& one : FindCannibalisation(platforms, demand, {}).findings)
      claims += one.significant;
  }
  // 10 expected; autocorrelation-robust errors of 113 days are a little small.
  EXPECT_LE(claims, 30);
  const auto [few, demand] = Market(1, .4, 40);
  EXPECT_TRUE(FindCannibalisation(few, demand, {}).findings.empty());
  auto [still, shop] = Market(1, .4);
  for (auto& value : still[0].spend.values) value = 100;
  const auto judged = FindCannibalisation(still, shop, {});
  EXPECT_EQ(judged.findings.size(), 0U);  // the other way round the loser's own spend stands still
  EXPECT_EQ(judged.not_judged.size(), 2U);
}

TEST(Creatives, RatesAreSumsDividedAndShrunk) {
  // Two creatives and two placements that only multiply: everything is as expected.
  const auto plain = RateCreatives(std::vector<CreativeCell>{{"blue", "feed", 10'000, 200},
                                                             {"blue", "story", 10'000, 100},
                                                             {"red", "feed", 10'000, 400},
                                                             {"red", "story", 10'000, 200}});
  ASSERT_EQ(plain.findings.size(), 4U);
  EXPECT_EQ(plain.findings[0].creative, "blue");
  EXPECT_DOUBLE_EQ(plain.findings[0].rate, .02);
  // .015 x .03 / .0225
  EXPECT_NEAR(plain.findings[0].expected, .02, 1e-12);
  for (const CreativeRate& one : plain.findings) {
    EXPECT_EQ(one.verdict, 0);
    EXPECT_NEAR(one.shrunk, one.expected, 1e-9);
  }
}

TEST(Creatives, ACreativeThatWorksInOnePlacementIsTold) {
  const auto judged = RateCreatives(std::vector<CreativeCell>{{"blue", "feed", 100'000, 3'000},
                                                              {"blue", "story", 100'000, 1'000},
                                                              {"red", "feed", 100'000, 1'000},
                                                              {"red", "story", 100'000, 3'000},
                                                              {"green", "feed", 20, 2}});
  const auto& blue_feed = judged.findings[0];
  EXPECT_EQ(blue_feed.verdict, 1);
  EXPECT_EQ(judged.findings[1].verdict, -1);
  EXPECT_GT(blue_feed.shrunk, blue_feed.expected);
  EXPECT_LE(blue_feed.shrunk, blue_feed.rate);
  // Two of twenty is no claim, and its rate is drawn to what is expected.
  const auto& green = judged.findings[2];
  EXPECT_EQ(green.creative, "green");
  EXPECT_FALSE(green.enough);
  EXPECT_EQ(green.verdict, 0);
  EXPECT_EQ(judged.not_judged.size(), 1U);
}

TEST(Creatives, NothingToCompareIsNotJudged) {
  EXPECT_TRUE(RateCreatives({}).findings.empty());
  EXPECT_EQ(RateCreatives(std::vector<CreativeCell>{{"a", "x", 1000, 10}}).not_judged.size(), 1U);
  EXPECT_TRUE(RateCreatives(std::vector<CreativeCell>{
                                {"a", "x", 10, 0}, {"b", "y", 10, 0}, {"b", "x", -4, 1}})
                  .findings.empty());
}

}  // namespace
}  // namespace maxopt
