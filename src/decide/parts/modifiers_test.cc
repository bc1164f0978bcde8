#include "decide/parts/modifiers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace maxopt {
namespace {

/// Phones: 60 of 90 EUR a day, 1.8 of 6.5 conversions; a click there brings 0.4 of the whole's.
ModifierCase Phones() {
  ModifierCase one;
  one.weight = {.part = 0,
                .exposure = 42'000,
                .value = 126,
                .ratio = 0.4,
                .low = 0.35,
                .high = 0.45,
                .p_adjusted = 0,
                .differs = true};
  one.spend = 60;
  one.value = 1.8;
  one.rest_spend = 30;
  one.rest_value = 4.7;
  one.rest_counts = 329;
  return one;
}

ModifierMove Moved(const ModifierCase& one) {
  const auto move = MoveModifier(one);
  EXPECT_TRUE(move) << move.error().what;
  return move ? *move : ModifierMove{};
}

// Wanted is 0.4; a step is 0.2. At 0.8 of the bid come 0.8 of the clicks for 0.64 of the money:
// 0.36 conversions less, and 21.60 EUR, of which the rest makes half of 4.7 / 30 each: 1.692.
TEST(Modifiers, OneStepTowardsTheWorthOfAClick) {
  const ModifierMove move = Moved(Phones());
  ASSERT_TRUE(move.any()) << move.why_not;
  EXPECT_EQ(move.wanted_bp, 4'000);
  EXPECT_EQ(move.to_bp, 8'000);
  EXPECT_NEAR(move.value_change, -0.36, 1e-9);
  EXPECT_NEAR(move.spend_change, -21.6, 1e-9);
  EXPECT_NEAR(move.gain.mean, 1.332, 1e-9);
  EXPECT_GT(move.gain.low90, 0);
  EXPECT_NEAR(move.gain.mean - move.gain.low90, move.gain.high90 - move.gain.mean, 1e-12);
}

TEST(Modifiers, SavedMoneyIsWorthWhatTheTargetSays) {
  ModifierCase one = Phones();
  one.refills = false;
  one.worth = 1.0 / 20;  // a conversion may cost 20
  EXPECT_NEAR(Moved(one).gain.mean, -0.36 + 21.6 / 20, 1e-9);
  // A conversion may cost 100: 33 each is cheap, whatever the others cost.
  one.worth = 1.0 / 100;
  EXPECT_FALSE(Moved(one).any());
}

TEST(Modifiers, UpAsDown) {
  ModifierCase one = Phones();
  one.weight.ratio = 2.8;
  one.weight.low = 2.5;
  one.weight.high = 3.1;
  one.spend = 20;
  one.value = 4;
  one.rest_spend = 70;
  one.rest_value = 2.5;
  const ModifierMove move = Moved(one);
  EXPECT_EQ(move.to_bp, 12'000);
  EXPECT_NEAR(move.spend_change, 8.8, 1e-9);
  EXPECT_NEAR(move.gain.mean, 0.8 - 8.8 * 0.5 * 2.5 / 70, 1e-9);
}

TEST(Modifiers, BoundsStepsAndWhatIsThereAlready) {
  struct Case {
    const char* what;
    std::int64_t present;
    double ratio;
    std::int64_t step;
    std::int64_t want;  ///< the present one: not moved
  };
  for (const Case& c :
       {Case{"a step from where it is", 5'000, 0.1, 2'000, 4'000},
        Case{"the whole way is less than a step", 4'500, 0.4, 2'000, 4'000},
        Case{"it is there", 4'000, 0.4, 2'000, 4'000},
        Case{"less than 2 %", 4'050, 0.4, 2'000, 4'050},
        Case{"not below the platform's least", 1'100, 0.01, 2'000, 1'000},
        Case{"at the least", 1'000, 0.01, 2'000, 1'000},
        Case{"left out by somebody", 0, 0.4, 2'000, 0},
        Case{"a small step is rounded towards where it is", 10'000, 0.4, 250, 9'800},
        Case{"whole percents", 3'333, 0.1, 2'000, 2'700}}) {
    ModifierCase one = Phones();
    one.present_bp = c.present;
    one.weight.ratio = c.ratio;
    one.weight.low = 0.9 * c.ratio;
    one.weight.high = 1.1 * c.ratio;
    one.step_max_bp = c.step;
    const ModifierMove move = Moved(one);
    EXPECT_EQ(move.to_bp, c.want) << c.what << ": " << move.why_not;
    EXPECT_EQ(move.any(), c.want != c.present) << c.what;
  }
}

// Clicks that are worth less and cost less by as much: money brings the same as in the rest.
TEST(Modifiers, WhatMoneyDoesNotSayIsNotDone) {
  ModifierCase one = Phones();
  one.value = 9.4;
  EXPECT_NE(Moved(one).why_not.find("not certain"), std::string::npos);
}

TEST(Modifiers, MoneysShareMultipliesWhatIsThere) {
  ModifierCase one = Phones();
  one.relative = true;
  one.present_bp = 5'000;
  EXPECT_EQ(Moved(one).wanted_bp, 2'000);
  EXPECT_EQ(Moved(one).to_bp, 4'000);
}

TEST(Modifiers, NonsenseIsRefused) {
  const auto refused = [](auto change) {
    ModifierCase one = Phones();
    change(one);
    const auto move = MoveModifier(one);
    return !move && move.error().code == Errc::kInvalidArgument;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(refused([&](ModifierCase& c) { c.weight.ratio = nan; }));
  EXPECT_TRUE(refused([&](ModifierCase& c) { c.value = INFINITY; }));
  EXPECT_TRUE(refused([](ModifierCase& c) { c.spend = 0; }));
  EXPECT_TRUE(refused([](ModifierCase& c) { c.rest_spend = 0; }));
  EXPECT_TRUE(refused([](ModifierCase& c) { c.present_bp = -1; }));
  EXPECT_TRUE(refused([](ModifierCase& c) { c.min_bp = 0; }));
  EXPECT_TRUE(refused([](ModifierCase& c) { c.max_bp = 500; }));
  EXPECT_TRUE(refused([](ModifierCase& c) { c.step_max_bp = 10'000; }));
  EXPECT_TRUE(refused([](ModifierCase& c) { c.refills = false; }));
}

}  // namespace
}  // namespace maxopt
