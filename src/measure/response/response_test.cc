#include "measure/response/response.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace maxopt {
namespace {

using Family = ResponseShape::Family;

/// A world with known truth: channels of a Michaelis-Menten response, weekdays, trend and noise.
struct World {
  ResponseData data;
  std::vector<double> roas;  // over the whole history
};

constexpr double kTop[] = {900, 400, 700};
constexpr double kHalf[] = {150, 80, 40};
constexpr double kDecay[] = {0.3, 0.5, 0.0};

World MakeWorld(std::uint64_t seed, int days, double noise, std::size_t channels = 2) {
  World world;
  std::mt19937_64 engine(seed);
  const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1.0p-53; };
  std::vector<double> level(channels, 100), carried(channels, 100), effect(channels),
      spent(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    world.data.channels.push_back({std::string(1, static_cast<char>('a' + c)), {}});
  }
  for (int t = 0; t < days; ++t) {
    double revenue = 2'000 + 150 * (t % 7) + 0.5 * t;
    for (std::size_t c = 0; c < channels; ++c) {
      const std::size_t kind = c % 3;
      if (t % 14 == static_cast<int>(5 * c % 14)) level[c] = 40 + 160 * uniform();
      const double spend = level[c] * (0.9 + 0.2 * uniform());
      world.data.channels[c].spend.push_back(spend);
      carried[c] = (1 - kDecay[kind]) * spend + kDecay[kind] * carried[c];
      const double now = kTop[kind] * carried[c] / (carried[c] + kHalf[kind]);
      effect[c] += now, spent[c] += spend, revenue += now;
    }
    double normal = -6;
    for (int i = 0; i < 12; ++i) normal += uniform();
    world.data.revenue.push_back(revenue + noise * normal);
  }
  for (std::size_t c = 0; c < channels; ++c) world.roas.push_back(effect[c] / spent[c]);
  return world;
}

TEST(ResponseShape, ByHand) {
  const ResponseShape hill{Family::kHill, 0.5, 1};
  EXPECT_DOUBLE_EQ(hill.At(1), 1);
  EXPECT_DOUBLE_EQ(hill.At(0.5), 0.75);  // half of the asymptote 1.5
  EXPECT_DOUBLE_EQ(hill.At(0), 0);
  EXPECT_NEAR(hill.SlopeAt(0.5), 0.75, 1e-12);  // 1.5 k / (k + x)^2 = 0.75 / 1
  const ResponseShape log{Family::kLog, 1, 1};
  EXPECT_DOUBLE_EQ(log.At(3), 2);  // ln 4 / ln 2
  const ResponseShape power{Family::kPower, 1, 0.5};
  EXPECT_DOUBLE_EQ(power.At(4), 2);
  const ResponseShape exponential{Family::kExponential, 1 / std::log(2.0), 1};
  EXPECT_NEAR(exponential.At(2), 1.5, 1e-12);  // (1 - 1/4) / (1 - 1/2)
  for (const auto& shape : {hill, log, power, exponential, ResponseShape{Family::kHill, 1, 3}}) {
    for (const double x : {0.2, 1.0, 2.5}) {
      const double h = 1e-6;
      EXPECT_NEAR(shape.SlopeAt(x), (shape.At(x + h) - shape.At(x - h)) / (2 * h), 1e-6);
    }
  }
}

TEST(ResponseDraw, HasTheUnitOfMoney) {
  const ResponseDraw draw{{Family::kHill, 0.5, 1}, 300, 200, 0, 0};
  EXPECT_DOUBLE_EQ(draw.At(200), 300);
  EXPECT_NEAR(draw.MarginalAt(100), 300.0 / 200 * 0.75, 1e-12);
}

TEST(Summarize, QuantilesOfAKnownRow) {
  std::vector<double> values;
  for (int i = 100; i >= 0; --i) values.push_back(i);
  const Interval all = Summarize(values);
  EXPECT_DOUBLE_EQ(all.mean, 50);
  EXPECT_DOUBLE_EQ(all.low50, 25);
  EXPECT_DOUBLE_EQ(all.high50, 75);
  EXPECT_DOUBLE_EQ(all.low90, 5);
  EXPECT_DOUBLE_EQ(all.high90, 95);
  EXPECT_EQ(Summarize({}).mean, 0);
}

TEST(FitResponse, FindsTheReturnsWithinItsIntervals) {
  int covered = 0, asked = 0, identified = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const World world = MakeWorld(seed, 365, 60, 3);
    const auto fit = FitResponse(world.data, {.warm_up = 200, .sweeps = 600, .draws = 200});
    ASSERT_TRUE(fit) << fit.error().what;
    for (std::size_t c = 0; c < 3; ++c) {
      const Interval roas = Summarize(fit->channels[c].roas);
      ++asked;
      covered += roas.low90 <= world.roas[c] && world.roas[c] <= roas.high90 ? 1 : 0;
      identified += fit->channels[c].identified ? 1 : 0;
      EXPECT_NEAR(roas.mean, world.roas[c], 0.6 * world.roas[c]);
    }
    // Curves are averaged over what is plausible, so that a little of them is left over.
    EXPECT_LT(std::abs(fit->innovation_autocorrelation), 0.3);
  }
  EXPECT_EQ(asked, 24);
  EXPECT_GE(covered, 18);  // 90 % intervals: 18 of 24 or more in 99.8 % of runs
  EXPECT_GE(identified, 12);
}

TEST(FitResponse, SpendThatNeverMovesIsNotIdentified) {
  World world = MakeWorld(3, 200, 60);
  for (double& spend : world.data.channels[0].spend) spend = 100;
  const auto fit = FitResponse(world.data);
  ASSERT_TRUE(fit);
  EXPECT_FALSE(fit->channels[0].identified);
}

TEST(FitResponse, SpendsThatMoveTogetherAreNotIdentified) {
  World world = MakeWorld(3, 365, 60);
  world.data.channels.push_back({"twin", world.data.channels[0].spend});
  const auto fit = FitResponse(world.data);
  ASSERT_TRUE(fit);
  const Interval own = Summarize(fit->channels[0].roas);
  const auto alone = FitResponse(MakeWorld(3, 365, 60).data);
  ASSERT_TRUE(alone);
  const Interval before = Summarize(alone->channels[0].roas);
  EXPECT_GT((own.high90 - own.low90) / own.mean, (before.high90 - before.low90) / before.mean);
}

TEST(FitResponse, DemandThatBuysSearchIsNotTakenForItsEffect) {
  // Spend follows demand day by day and does nothing. The correlation is perfect.
  World world = MakeWorld(4, 365, 40);
  std::mt19937_64 engine(9);
  const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1.0p-53; };
  std::vector<double> spend;
  for (double& revenue : world.data.revenue) {
    const double demand = 1 + 0.4 * (uniform() - 0.5);
    revenue += 3'000 * (demand - 1);
    spend.push_back(100 * demand);
  }
  world.data.channels.push_back({"search", spend});
  const auto fit = FitResponse(world.data);
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->demand_following, std::vector<std::string>{"search"});
  // Least squares would say 30, and be sure of it.
  const Interval roas = Summarize(fit->channels[2].roas);
  EXPECT_LT(roas.mean, 20);
  EXPECT_LT(roas.low90, 0.7 * roas.high90);
}

TEST(FitResponse, AnExperimentSettlesIt) {
  World world = MakeWorld(5, 200, 60);
  for (double& spend : world.data.channels[0].spend) spend = 100;
  const auto before = FitResponse(world.data);
  double spent = 0;
  for (int t = 100; t < 130; ++t) spent += 100;
  world.data.lifts.push_back({"a", 100, 129, 1.5 * spent, 0.1 * spent, spent});
  const auto after = FitResponse(world.data);
  ASSERT_TRUE(before && after);
  const Interval roas = Summarize(after->channels[0].roas);
  EXPECT_NEAR(roas.mean, 1.5, 0.25);
  EXPECT_LT(roas.low90, 1.5);
  EXPECT_GT(roas.high90, 1.5);
  const Interval prior = Summarize(before->channels[0].roas);
  EXPECT_LT(roas.high90 - roas.low90, 0.5 * (prior.high90 - prior.low90));
  EXPECT_TRUE(after->channels[0].identified);
}

TEST(FitResponse, AControlTakesItsPart) {
  World world = MakeWorld(6, 300, 30);
  std::vector<double> promotion(300, 0.0), orders(300);
  for (std::size_t t = 0; t < 300; ++t) {
    if (t % 40 < 4) promotion[t] = 1, world.data.revenue[t] += 1'500;
    orders[t] = world.data.revenue[t] / 50;
  }
  const auto blind = FitResponse(world.data);
  world.data.controls = {{"promotion", promotion}, {"orders", orders}};
  const auto told = FitResponse(world.data);
  ASSERT_TRUE(blind && told);
  EXPECT_LT(told->residual_sd, 0.5 * blind->residual_sd);
  // Orders are the outcome under another name: to hold them still would explain everything away.
  EXPECT_EQ(told->ignored_controls, std::vector<std::string>{"orders"});
}

TEST(FitResponse, ForetellsWhatItHasNotSeen) {
  const World world = MakeWorld(7, 300, 60);
  const auto fit =
      FitResponse(world.data, {.warm_up = 100, .sweeps = 300, .draws = 100, .holdout = true});
  ASSERT_TRUE(fit && fit->holdout);
  EXPECT_EQ(fit->holdout->periods, 60u);
  EXPECT_LT(fit->holdout->mape, 0.05);
  EXPECT_GT(fit->holdout->coverage90, 0.7);
  // What is held out is not looked at: the blind fit says the same whatever comes there.
  World other = world;
  for (std::size_t t = 250; t < 300; ++t) other.data.revenue[t] += 40 * (t % 2 == 0 ? 1 : -1);
  const auto again =
      FitResponse(other.data, {.warm_up = 100, .sweeps = 300, .draws = 100, .holdout = true});
  ASSERT_TRUE(again && again->holdout);
  EXPECT_GT(again->holdout->mape, fit->holdout->mape);
}

TEST(FitResponse, WeeksAreUnderstood) {
  const World days = MakeWorld(8, 728, 60);
  World weeks;
  weeks.data.period_days = 7;
  weeks.data.channels = {{"a", {}}, {"b", {}}};
  for (std::size_t w = 0; w < 104; ++w) {
    double revenue = 0, spend[2] = {0, 0};
    for (std::size_t t = 7 * w; t < 7 * w + 7; ++t) {
      revenue += days.data.revenue[t];
      for (std::size_t c = 0; c < 2; ++c) spend[c] += days.data.channels[c].spend[t];
    }
    weeks.data.revenue.push_back(revenue);
    for (std::size_t c = 0; c < 2; ++c) weeks.data.channels[c].spend.push_back(spend[c]);
  }
  const auto fit = FitResponse(weeks.data);
  ASSERT_TRUE(fit) << fit.error().what;
  for (std::size_t c = 0; c < 2; ++c) {
    const Interval roas = Summarize(fit->channels[c].roas);
    EXPECT_LT(roas.low90, days.roas[c]);
    EXPECT_GT(roas.high90, days.roas[c]);
    EXPECT_LT(roas.mean, 2 * days.roas[c]);
  }
}

TEST(FitResponse, TheUnitOfMoneyDoesNotMatter) {
  const World world = MakeWorld(9, 150, 60);
  World yen = world;
  for (auto& channel : yen.data.channels) {
    for (double& x : channel.spend) x *= 128;
  }
  for (double& x : yen.data.revenue) x *= 128;
  const auto a = FitResponse(world.data), b = FitResponse(yen.data);
  ASSERT_TRUE(a && b);
  for (std::size_t c = 0; c < 2; ++c) {
    EXPECT_NEAR(Summarize(a->channels[c].roas).mean, Summarize(b->channels[c].roas).mean, 1e-6);
  }
}

TEST(FitResponse, SameSeedSameNumbers) {
  const World world = MakeWorld(5, 120, 60);
  const ResponseOptions options{.seed = 7, .warm_up = 100, .sweeps = 200, .draws = 50};
  const auto one = FitResponse(world.data, options);
  const auto two = FitResponse(world.data, options);
  ASSERT_TRUE(one && two);
  for (std::size_t i = 0; i < one->channels[0].draws.size(); ++i) {
    EXPECT_EQ(one->channels[0].draws[i].scale, two->channels[0].draws[i].scale);
  }
}

TEST(FitResponse, AChannelWithoutSpendIsLeftOutNotGuessed) {
  World world = MakeWorld(5, 120, 60);
  world.data.channels.push_back({"idle", std::vector<double>(120, 0.0)});
  const auto fit = FitResponse(world.data);
  ASSERT_TRUE(fit);
  EXPECT_FALSE(fit->channels[2].identified);
  EXPECT_EQ(fit->channels[2].RevenueAt(100).mean, 0);
  EXPECT_TRUE(fit->channels[2].roas.empty());
}

TEST(FitResponse, RefusesNonsense) {
  const World world = MakeWorld(1, 60, 60);
  const auto refused = [](const ResponseData& data, const ResponseOptions& options = {}) {
    const auto fit = FitResponse(data, options);
    return !fit && fit.error().code == Errc::kInvalidArgument;
  };
  EXPECT_FALSE(refused(world.data));
  ResponseData data = world.data;
  data.revenue[3] = std::nan("");
  EXPECT_TRUE(refused(data));
  data = world.data;
  data.channels[1].spend.pop_back();
  EXPECT_TRUE(refused(data));
  data = world.data;
  data.channels[1].spend[4] = -1;
  EXPECT_TRUE(refused(data));
  data = world.data;
  data.controls = {{"holiday", {1, 2}}};
  EXPECT_TRUE(refused(data));
  data = world.data;
  data.lifts = {{"nobody", 1, 5, 10, 1}};
  EXPECT_TRUE(refused(data));
  data.lifts = {{"a", 50, 70, 10, 1}};
  EXPECT_TRUE(refused(data));
  data.lifts = {{"a", 1, 5, 10, 0}};
  EXPECT_TRUE(refused(data));
  EXPECT_TRUE(refused(world.data, {.window = std::pair<std::size_t, std::size_t>{50, 60}}));
  EXPECT_TRUE(refused(MakeWorld(1, 20, 60).data));
  EXPECT_TRUE(refused({}));
}

}  // namespace
}  // namespace maxopt
