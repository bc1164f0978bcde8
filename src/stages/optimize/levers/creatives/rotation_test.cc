#include "stages/optimize/levers/creatives/rotation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace maxopt {
namespace {

/// Ads that are on, all learnt at once: 40 days ago, so that nothing is still to come.
RotationInput Known(const std::vector<std::pair<double, double>>& shown_converted) {
  RotationInput input;
  input.learn_delay = false;
  RotationStep step{100, {}};
  for (std::size_t i = 0; i < shown_converted.size(); ++i) {
    const auto& [shown, converted] = shown_converted[i];
    RotationAd ad;
    ad.id = std::to_string(i);
    ad.on = true;
    ad.spend = shown / 100;
    ad.impressions = shown;
    ad.clicks = shown / 50;
    ad.conversions = converted;
    input.ads.push_back(ad);
    step.feedback.push_back({60, 0, i, shown, converted});
  }
  input.steps.push_back(std::move(step));
  return input;
}

TEST(Rotation, PausesWhatCannotBeTheBest) {
  const auto advice = JudgeRotation(Known({{60'000, 300}, {60'000, 320}, {60'000, 60}}));
  ASSERT_TRUE(advice) << advice.error().what;
  ASSERT_EQ(advice->moves.size(), 1u);
  EXPECT_EQ(advice->moves[0].ad, 2u);
  EXPECT_FALSE(advice->moves[0].on);
  EXPECT_EQ(advice->best, 1u);
  EXPECT_LT(advice->arms[2].chance_best, 0.01);
  EXPECT_NEAR(advice->arms[0].chance_best + advice->arms[1].chance_best, 1, 0.01);
  // Shares are of those that stay.
  EXPECT_EQ(advice->arms[2].share, 0);
  EXPECT_NEAR(advice->arms[0].share + advice->arms[1].share, 1, 1e-9);
  EXPECT_NEAR(advice->arms[0].served, 1.0 / 3, 1e-9);
  // Its click rate is that of the others: no second signal.
  EXPECT_EQ(advice->moves[0].second_signal, "");
}

TEST(Rotation, TheSecondSignalIsTheClickRate) {
  RotationInput input = Known({{60'000, 300}, {60'000, 320}, {60'000, 60}});
  input.ads[2].clicks = 600;  // 1 % against 2 %
  const auto advice = JudgeRotation(input);
  ASSERT_EQ(advice->moves.size(), 1u);
  EXPECT_NE(advice->moves[0].second_signal.find("1.00 %"), std::string::npos)
      << advice->moves[0].second_signal;
}

TEST(Rotation, TwoAlwaysStay) {
  auto advice = JudgeRotation(Known({{60'000, 300}, {60'000, 60}}));
  ASSERT_TRUE(advice);
  EXPECT_TRUE(advice->moves.empty());
  ASSERT_EQ(advice->notes.size(), 1u);
  EXPECT_NE(advice->notes[0].find("2 ads are the least"), std::string::npos);
  // The worse of two losers goes.
  advice = JudgeRotation(Known({{60'000, 300}, {60'000, 60}, {60'000, 30}}));
  ASSERT_EQ(advice->moves.size(), 1u);
  EXPECT_EQ(advice->moves[0].ad, 2u);
  EXPECT_EQ(JudgeRotation(Known({{60'000, 300}}))->moves.size(), 0u);
}

TEST(Rotation, OneThatIsCheapStays) {
  // Half the conversions an impression, at a third of the price.
  RotationInput input = Known({{60'000, 300}, {60'000, 320}, {60'000, 150}});
  input.ads[2].spend = 200;
  const auto advice = JudgeRotation(input);
  EXPECT_TRUE(advice->moves.empty());
  ASSERT_EQ(advice->notes.size(), 1u);
  EXPECT_NE(advice->notes[0].find("costs no more"), std::string::npos);
}

TEST(Rotation, NothingIsPausedWhereAllAreAlike) {
  int paused = 0;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    std::poisson_distribution<int> draw(120);
    std::vector<std::pair<double, double>> ads;
    for (int i = 0; i < 4; ++i) ads.emplace_back(30'000, draw(random));
    paused += static_cast<int>(JudgeRotation(Known(ads))->moves.size());
  }
  EXPECT_LE(paused, 4);  // one in a hundred and less
}

/// Two ads from day 0 on and a third, as good, from day 36: 10,000 impressions a day each and 50
/// conversions, of which a tenth is known the day after and another tenth each day that follows.
TEST(Rotation, ConversionsThatAreStillToComeAreNotMissed) {
  RotationInput input;
  input.window = 10;
  for (std::size_t i = 0; i < 3; ++i) {
    RotationAd ad;
    ad.id = std::to_string(i);
    ad.on = true;
    ad.spend = i == 2 ? 400 : 4'000;
    ad.impressions = i == 2 ? 40'000 : 400'000;
    ad.conversions = i == 2 ? 50 : 1'900;
    input.ads.push_back(ad);
  }
  double young = 0;
  for (std::int64_t now = 1; now <= 40; ++now) {
    RotationStep step{now, {}};
    for (std::int64_t day = std::max<std::int64_t>(0, now - 10); day < now; ++day) {
      for (std::size_t i = 0; i < 3; ++i) {
        if (i == 2 && day < 36) continue;
        step.feedback.push_back({day, 0, i, day == now - 1 ? 10'000.0 : 0.0, 5});
        if (i == 2) young += 5;
      }
    }
    input.steps.push_back(std::move(step));
  }
  EXPECT_EQ(young, 5 * (4 + 3 + 2 + 1));  // 50 of 200: a quarter of the others' rate as it stands
  const auto advice = JudgeRotation(input);
  ASSERT_TRUE(advice) << advice.error().what;
  EXPECT_TRUE(advice->moves.empty()) << advice->moves[0].why;
  EXPECT_GT(advice->arms[2].rate.mean, 0.8 * advice->arms[0].rate.mean);
}

TEST(Rotation, TiredOnesGoWhenTheyAreNotTheBest) {
  RotationInput input = Known({{60'000, 300}, {60'000, 330}, {60'000, 290}});
  input.ads[2].tired = true;
  auto advice = JudgeRotation(input);
  ASSERT_EQ(advice->moves.size(), 1u);
  EXPECT_TRUE(advice->moves[0].tired);
  EXPECT_NE(advice->moves[0].second_signal, "");

  input.ads[2].tired = false;
  input.ads[1].tired = true;  // the best
  advice = JudgeRotation(input);
  EXPECT_TRUE(advice->moves.empty());
  EXPECT_EQ(advice->notes.size(), 1u);
}

TEST(Rotation, ASpareTakesThePlaceOfATiredOne) {
  RotationInput input = Known({{60'000, 300}, {60'000, 330}, {0, 0}, {0, 0}});
  for (std::size_t i : {2UZ, 3UZ}) {
    input.ads[i].on = false;
    input.ads[i].spare = true;
    input.ads[i].spend = input.ads[i].clicks = 0;
  }
  // Two are on: a third is worth trying, one at a time.
  auto advice = JudgeRotation(input);
  ASSERT_EQ(advice->moves.size(), 1u);
  EXPECT_TRUE(advice->moves[0].on);
  EXPECT_EQ(advice->moves[0].ad, 2u);
  EXPECT_GT(advice->arms[2].share, 0);
  EXPECT_EQ(advice->arms[3].share, 0);

  // One that tires waits for its successor to be on, so that there are never fewer than two.
  input.ads[0].tired = true;
  advice = JudgeRotation(input);
  ASSERT_EQ(advice->moves.size(), 1u);
  EXPECT_TRUE(advice->moves[0].on);
  ASSERT_EQ(advice->notes.size(), 1u);
  EXPECT_NE(advice->notes[0].find("until a successor is on"), std::string::npos);
  input.ads[2].on = true;
  input.ads[2].spare = false;
  advice = JudgeRotation(input);
  ASSERT_EQ(advice->moves.size(), 2u);
  EXPECT_EQ(advice->moves[0].ad, 0u);
  EXPECT_FALSE(advice->moves[0].on);
  EXPECT_EQ(advice->moves[1].ad, 3u);
  EXPECT_FALSE(JudgeRotation({}));
}

std::vector<ShareArm> Arms(const RotationInput& input, std::int64_t budget) {
  std::vector<ShareArm> arms;
  for (const RotationAd& ad : input.ads) {
    arms.push_back({ad.id, budget, ad.spend, ad.impressions, ad.conversions});
  }
  return arms;
}

TEST(Shares, BudgetsMoveToTheBetterOnes) {
  const RotationInput input = Known({{60'000, 400}, {60'000, 300}, {60'000, 100}});
  const auto advice = JudgeShares(input, Arms(input, 33'330'000), 2'000, 10'000);
  ASSERT_TRUE(advice) << advice.error().what;
  EXPECT_EQ(advice->why_not, "");
  EXPECT_GT(advice->budget_micros[0], 33'330'000);
  EXPECT_LT(advice->budget_micros[2], 33'330'000);
  const auto sum =
      std::accumulate(advice->budget_micros.begin(), advice->budget_micros.end(), std::int64_t{0});
  EXPECT_LE(sum, 3 * 33'330'000);
  EXPECT_GE(sum, 3 * 33'330'000 - 3 * 10'000);
  for (const std::int64_t micros : advice->budget_micros) {
    EXPECT_EQ(micros % 10'000, 0);
    EXPECT_LE(std::abs(micros - 33'330'000), 33'330'000 / 5);
  }
  EXPECT_GT(advice->gain, 0);
}

TEST(Shares, StayWhereNothingDiffers) {
  int moved = 0;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    std::poisson_distribution<int> draw(120);
    std::vector<std::pair<double, double>> ads;
    for (int i = 0; i < 4; ++i) ads.emplace_back(30'000, draw(random));
    const RotationInput input = Known(ads);
    const auto advice = JudgeShares(input, Arms(input, 50'000'000), 2'000, 10'000);
    ASSERT_TRUE(advice);
    moved += advice->why_not.empty();
    const auto sum = std::accumulate(advice->budget_micros.begin(), advice->budget_micros.end(),
                                     std::int64_t{0});
    EXPECT_LE(sum, 200'000'000);
  }
  EXPECT_LE(moved, 10);
}

TEST(Shares, Nonsense) {
  const RotationInput input = Known({{60'000, 400}, {0, 0}});
  EXPECT_NE(JudgeShares(input, Arms(input, 50'000'000), 2'000, 10'000)->why_not, "");
  EXPECT_NE(JudgeShares(input, Arms(input, 0), 2'000, 10'000)->why_not, "");
  EXPECT_FALSE(JudgeShares(input, {}, 2'000, 10'000));
  EXPECT_FALSE(JudgeShares(input, Arms(input, 1), 20'000, 10'000));
  // In yen a minor unit is a whole one; nothing is left to move of a budget of one.
  const RotationInput two = Known({{60'000, 400}, {60'000, 100}});
  const auto yen = JudgeShares(two, Arms(two, 1'000'000), 2'000, 1'000'000);
  ASSERT_TRUE(yen);
  EXPECT_EQ(yen->budget_micros, (std::vector<std::int64_t>{1'000'000, 1'000'000}));
}

}  // namespace
}  // namespace maxopt
