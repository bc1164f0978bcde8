#include "measure/response/response.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace maxopt {
namespace {

/// A world with known truth: two channels of Hill response, weekdays, trend and noise.
struct World {
  ResponseData data;
  ResponseDraw truth[2];
};

World MakeWorld(std::uint64_t seed, int days, double noise) {
  World world;
  world.truth[0] = {900, 150, 1.0, 0.3};
  world.truth[1] = {400, 80, 1.0, 0.5};
  std::mt19937_64 engine(seed);
  const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1.0p-53; };
  world.data.channels = {{"a", {}, 4.0}, {"b", {}, 1.0}};
  double level[2] = {100, 100};
  double carried[2] = {100, 100};
  for (int t = 0; t < days; ++t) {
    double revenue = 2'000 + 150 * (t % 7) + 0.5 * t;
    for (std::size_t c = 0; c < 2; ++c) {
      if (t % 14 == static_cast<int>(7 * c)) level[c] = 40 + 160 * uniform();
      const double spend = level[c] * (0.9 + 0.2 * uniform());
      world.data.channels[c].spend.push_back(spend);
      carried[c] = (1 - world.truth[c].decay) * spend + world.truth[c].decay * carried[c];
      revenue += world.truth[c].At(carried[c]);
    }
    double normal = -6;
    for (int i = 0; i < 12; ++i) normal += uniform();
    world.data.revenue.push_back(revenue + noise * normal);
  }
  return world;
}

TEST(ResponseDraw, HillByHand) {
  const ResponseDraw draw{100, 50, 1, 0};
  EXPECT_DOUBLE_EQ(draw.At(50), 50);  // half of beta at k
  EXPECT_DOUBLE_EQ(draw.At(0), 0);
  EXPECT_NEAR(draw.MarginalAt(50), 0.5, 1e-12);  // beta k / (k + x)^2 = 5000 / 10000
}

TEST(FitResponse, FindsTheReturnsWithinItsIntervals) {
  int covered = 0;
  int asked = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const World world = MakeWorld(seed, 365, 60);
    const auto fit = FitResponse(world.data, {.seed = 1, .warm_up = 600, .sweeps = 1'200});
    ASSERT_TRUE(fit) << fit.error().what;
    for (std::size_t c = 0; c < 2; ++c) {
      const Interval90 revenue = fit->channels[c].RevenueAt(100);
      const double truth = world.truth[c].At(100);
      ++asked;
      covered += revenue.low <= truth && truth <= revenue.high ? 1 : 0;
      EXPECT_TRUE(fit->channels[c].identified);
      EXPECT_NEAR(revenue.mean, truth, 0.5 * truth);
    }
  }
  EXPECT_GE(covered, 12) << "of " << asked;  // 90 % intervals: 12 of 16 or more in 98 % of runs
}

TEST(FitResponse, SpendThatNeverMovesIsNotIdentified) {
  World world = MakeWorld(3, 200, 60);
  for (double& spend : world.data.channels[0].spend) spend = 100;
  const auto fit = FitResponse(world.data, {.seed = 1, .warm_up = 400, .sweeps = 800});
  ASSERT_TRUE(fit);
  EXPECT_FALSE(fit->channels[0].identified);
}

TEST(FitResponse, SameSeedSameNumbers) {
  const World world = MakeWorld(5, 120, 60);
  const ResponseOptions options{.seed = 7, .warm_up = 100, .sweeps = 200, .draws = 50};
  const auto one = FitResponse(world.data, options);
  const auto two = FitResponse(world.data, options);
  ASSERT_TRUE(one && two);
  for (std::size_t i = 0; i < one->channels[0].draws.size(); ++i) {
    EXPECT_EQ(one->channels[0].draws[i].beta, two->channels[0].draws[i].beta);
  }
}

TEST(FitResponse, AChannelWithoutSpendIsLeftOutNotGuessed) {
  World world = MakeWorld(5, 120, 60);
  world.data.channels.push_back({"idle", std::vector<double>(120, 0.0), 0});
  const auto fit = FitResponse(world.data, {.seed = 7, .warm_up = 100, .sweeps = 200, .draws = 50});
  ASSERT_TRUE(fit);
  EXPECT_FALSE(fit->channels[2].identified);
  EXPECT_EQ(fit->channels[2].RevenueAt(100).mean, 0);
}

TEST(FitResponse, RefusesNonsense) {
  World world = MakeWorld(1, 60, 60);
  world.data.revenue[3] = std::nan("");
  EXPECT_FALSE(FitResponse(world.data));
  world = MakeWorld(1, 60, 60);
  world.data.channels[1].spend.pop_back();
  EXPECT_FALSE(FitResponse(world.data));
  EXPECT_FALSE(FitResponse(MakeWorld(1, 30, 60).data));
  EXPECT_FALSE(FitResponse({}));
}

}  // namespace
}  // namespace maxopt
