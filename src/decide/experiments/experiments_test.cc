#include "decide/experiments/experiments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

namespace maxopt {
namespace {

GeoPanel History(std::uint64_t seed, int geos, int days) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> common;
  for (int t = 0; t < days; ++t) common.push_back(.1 * normal(random) + .2 * (t % 7 == 0));
  GeoPanel panel;
  for (int t = 0; t < days; ++t) {
    panel.days.push_back(t);
    panel.periods.push_back(TestPeriod::kPre);
  }
  for (int g = 0; g < geos; ++g) {
    GeoPanel::Geo geo;
    geo.name = "geo " + std::to_string(g);
    // The last geo goes its own way.
    const double noise = g + 1 == geos ? .5 : .05;
    for (int t = 0; t < days; ++t) {
      geo.sales.emplace_back(
          100 * (g + 1) * std::exp(common[static_cast<std::size_t>(t)] + noise * normal(random)));
      geo.spend.emplace_back(10.0 * (g + 1));
    }
    panel.geos.push_back(geo);
  }
  return panel;
}

TEST(GeoDesign, ChoosesPlacesThatGoWithTheOthers) {
  const auto answer = DesignGeoTest(History(1, 10, 120), {.test_days = 21, .effect = .08});
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_TRUE(answer->enough);
  EXPECT_GE(answer->best.power, .8);
  EXPECT_LE(answer->best.mde, .08);
  EXPECT_EQ(std::count(answer->best.geos.begin(), answer->best.geos.end(), "geo 9"), 0);
  // One place after the other: the cheapest that is enough.
  for (const GeoDesign& option : answer->options) {
    if (option.power >= .8) {
      EXPECT_GE(option.cost, answer->best.cost);
    }
    EXPECT_GT(option.se, 0);
    EXPECT_GT(option.mde, 0);
  }
  // Spend is a tenth of sales' base, sales a little above it: 21 days.
  ASSERT_TRUE(answer->best.spend);
  EXPECT_NEAR(answer->best.cost / *answer->best.spend, .08 * 10, .15);
}

TEST(GeoDesign, PowerGrowsWithEffectAndOrderChangesNothing) {
  GeoPanel history = History(2, 8, 90);
  double before = 0;
  for (const double effect : {.01, .03, .1, -.2}) {
    const auto answer = DesignGeoTest(history, {.test_days = 14, .effect = effect});
    ASSERT_TRUE(answer);
    EXPECT_GE(answer->options[0].power, before);
    before = answer->options[0].power;
  }
  const auto a = DesignGeoTest(history, {.test_days = 14, .effect = .05});
  std::reverse(history.geos.begin(), history.geos.end());
  const auto b = DesignGeoTest(history, {.test_days = 14, .effect = .05});
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->best.geos, b->best.geos);
  EXPECT_EQ(a->best.mde, b->best.mde);
}

// The promise kept: a test with the promised smallest effect is found about as often as promised.
TEST(GeoDesign, FindsItsSmallestEffectAsOftenAsItSays) {
  int found = 0, tests = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    GeoPanel whole = History(seed, 8, 111), history = whole;
    history.days.resize(90), history.periods.resize(90);
    for (GeoPanel::Geo& geo : history.geos) geo.sales.resize(90), geo.spend.resize(90);
    const auto design = DesignGeoTest(history, {.test_days = 21, .effect = .05});
    ASSERT_TRUE(design);
    for (std::size_t t = 90; t < 111; ++t) whole.periods[t] = TestPeriod::kTest;
    for (GeoPanel::Geo& geo : whole.geos) {
      geo.treated = std::count(design->best.geos.begin(), design->best.geos.end(), geo.name) > 0;
      if (!geo.treated) continue;
      for (std::size_t t = 90; t < 111; ++t) *geo.sales[t] *= 1 + design->best.mde;
    }
    const auto lift = MeasureLift(whole);
    ASSERT_TRUE(lift);
    found += lift->p_value < .05 ? 1 : 0;
    ++tests;
  }
  // 80 % of 40, give or take three standard errors.
  EXPECT_GE(found, 24) << tests;
}

TEST(GeoDesign, ErrorsNameWhatIsWrong) {
  EXPECT_NE(DesignGeoTest(History(1, 2, 60), {}).error().what.find("2 geos"), std::string::npos);
  EXPECT_NE(DesignGeoTest(History(1, 5, 40), {}).error().what.find("40 days"), std::string::npos);
  EXPECT_NE(
      DesignGeoTest(History(1, 5, 60), {.test_days = 7, .effect = 0}).error().what.find("effect"),
      std::string::npos);
}

TEST(RotatingHoldout, EveryPlaceHasItsTurnAndTheShareHolds) {
  std::vector<HoldoutGeo> geos;
  for (int g = 0; g < 23; ++g) geos.push_back({"g" + std::to_string(g), 10.0 + g});
  geos.push_back({"capital", 1000});
  const HoldoutPolicy policy{.share_max = .1, .turn_days = 14, .key = "client 1"};
  const double total = std::accumulate(
      geos.begin(), geos.end(), 0.0, [](double sum, const HoldoutGeo& g) { return sum + g.size; });
  std::map<std::string, int> held;
  for (std::int64_t day = 0; day < 14 * 400; day += 14) {
    const auto turn = RotatingHoldout(geos, policy, day + 3);
    ASSERT_TRUE(turn);
    EXPECT_EQ(turn->first_day, day);
    EXPECT_EQ(turn->last_day, day + 13);
    EXPECT_EQ(turn->never, std::vector<std::string>{"capital"});
    EXPECT_FALSE(turn->geos.empty());
    double size = 0;
    for (const std::string& name : turn->geos) {
      ++held[name];
      size += 10 + std::stod(name.substr(1));
    }
    EXPECT_LE(size, .1 * total * (1 + 1e-9));
  }
  int least = 1'000'000, most = 0;
  for (const auto& [name, count] : held)
    least = std::min(least, count), most = std::max(most, count);
  EXPECT_EQ(held.size(), 23u);
  EXPECT_LE(most - least, 1);  // cycles are whole
  std::vector<HoldoutGeo> turned(geos.rbegin(), geos.rend());
  EXPECT_EQ(RotatingHoldout(geos, policy, 100)->geos, RotatingHoldout(turned, policy, 100)->geos);
  HoldoutPolicy other = policy;
  other.key = "client 2";
  bool differs = false;
  for (std::int64_t day = 0; day < 140; day += 14) {
    differs = differs ||
              RotatingHoldout(geos, policy, day)->geos != RotatingHoldout(geos, other, day)->geos;
  }
  EXPECT_TRUE(differs);
  EXPECT_FALSE(RotatingHoldout(geos, {.share_max = .7}, 0));
  EXPECT_FALSE(RotatingHoldout(geos, policy, -1));
}

TEST(Switchback, BalancedOverTheWeek) {
  const auto on = SwitchbackSchedule({.blocks = 28, .round = 7, .key = "a"});
  ASSERT_TRUE(on);
  ASSERT_EQ(on->size(), 28u);
  for (std::size_t b = 0; b < 28; ++b) {
    const std::size_t partner = b % 14 < 7 ? b + 7 : b - 7;
    EXPECT_NE((*on)[b], (*on)[partner]);
  }
  EXPECT_NE(*on, *SwitchbackSchedule({.blocks = 28, .round = 7, .key = "b"}));
  EXPECT_EQ(SwitchbackSchedule({.blocks = 17, .round = 7, .key = "b"})->size(), 17u);
  EXPECT_FALSE(SwitchbackSchedule({.blocks = 0}));
}

}  // namespace
}  // namespace maxopt
