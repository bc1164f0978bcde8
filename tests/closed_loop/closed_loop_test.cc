// The release gate of F36: an optimiser that does worse than leaving things alone, or than an equal
// split, is not shipped. Here a slice that runs in seconds; bench/reallocate_bench runs all of it.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "closed_loop/loop.h"

namespace maxopt::loop {
namespace {

double T(const std::vector<double>& v) {
  const auto n = static_cast<double>(v.size());
  const double mean = std::accumulate(v.begin(), v.end(), 0.0) / n;
  double square = 0;
  for (const double x : v) square += (x - mean) * (x - mean);
  return mean / std::sqrt(square / (n - 1) / n);
}

TEST(ClosedLoop, F36TheOptimiserIsNotWorseThanHoldingOrThanAnEqualSplit) {
  std::vector<double> over_hold, over_equal;
  for (const Family family :
       {Family::kConcave, Family::kHarvesting, Family::kLongCarry, Family::kSparse}) {
    // Eight weekly steps: long enough to do harm.
    const WorldOptions options{.family = family, .seed = 3001, .horizon_days = 56};
    World product(options), equal(options);
    const double hold = product.IncrementalOf(product.home());
    const double got = Play(product, ProductPolicy());
    // A world's eight weeks may go against a sound decision; a twentieth lost is harm.
    EXPECT_GT(got, 0.95 * hold) << FamilyName(family);
    over_hold.push_back(got / hold - 1);
    over_equal.push_back(got / hold - Play(equal, EqualPolicy()) / hold);
  }
  EXPECT_GT(T(over_hold), 0);
  EXPECT_GT(T(over_equal), -2);
}

TEST(World, SameSeedSameWorldAndTruthAddsUp) {
  const WorldOptions options{.family = Family::kHalo, .seed = 5, .horizon_days = 28};
  World a(options), b(options);
  EXPECT_EQ(a.revenue(), b.revenue());
  // Holding by steps is holding at once.
  const double at_once = a.IncrementalOf(a.home());
  for (int step = 0; step < 4; ++step) a.Advance(a.home(), 7);
  EXPECT_NEAR(a.Incremental(), at_once, 1e-6 * at_once);
  // The best static split is not beaten by the one it started from.
  EXPECT_GE(b.Steady(b.BestStatic()), b.Steady(b.home()) * 0.999);
}

TEST(World, ClaimsAreImmatureAtTheEndAndTooHighForHarvesters) {
  World world({.family = Family::kHarvesting, .seed = 2, .horizon_days = 28});
  const auto before = world.Claims();
  const std::size_t last = before[0].size() - 1;
  world.Advance(world.home(), 14);
  const auto after = world.Claims();
  EXPECT_GT(after[0][last], 1.5 * before[0][last]);
  const int from = world.history_days() - 100, to = world.history_days() - 30;
  double claimed = 0, spent = 0;
  for (int t = from; t < to; ++t) {
    claimed += after[0][static_cast<std::size_t>(t)];
    spent += world.spend()[0][static_cast<std::size_t>(t)];
  }
  EXPECT_GT(claimed / spent, 2 * world.TrueRoas(0, from, to));
}

}  // namespace
}  // namespace maxopt::loop
