#include "decide/allocator/allocator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace maxopt {
namespace {

Money Eur(double units) {
  return Money::Micros(static_cast<std::int64_t>(std::llround(units * 100)) * 10'000, kEur);
}
double Units(Money money) { return static_cast<double>(money.micros()) / 1e6; }

AllocationChannel Log(std::string id, double c, double k, double min, double max, double current) {
  return {std::move(id), Eur(min), Eur(max), Eur(current),
          [c, k](double x) { return c * std::log1p(x / k); }};
}

TEST(Allocate, TwoLogCurvesByHand) {
  // c ln(1 + x/k): the slope is c / (k + x). Equal slopes with c 2:1 and k = 10 both:
  // (10 + x) = 2 (10 + y), x + y = 100  ->  x = 70, y = 30; slope 200/80 = 100/40 = 2.5.
  const auto got = Allocate({Log("a", 200, 10, 0, 100, 50), Log("b", 100, 10, 0, 100, 50)},
                            Eur(100), MinorUnits::kIso4217);
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_NEAR(Units(got->shares[0].budget), 70, 0.3);
  EXPECT_NEAR(got->lambda, 2.5, 0.02);
  EXPECT_EQ(got->shares[0].budget + got->shares[1].budget, Eur(100));
  EXPECT_LT(got->gap, 1e-5);
  EXPECT_GT(got->response, got->response_now);
}

TEST(Allocate, BoundsBindAndAreNamed) {
  const auto got = Allocate({Log("a", 200, 10, 0, 60, 50), Log("b", 100, 10, 0, 100, 50)}, Eur(100),
                            MinorUnits::kIso4217);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->shares[0].budget, Eur(60));
  EXPECT_EQ(got->shares[0].binding, "max");
  EXPECT_EQ(got->shares[1].binding, "");
}

TEST(Allocate, SumIsExactInTheMinorUnitWhateverTheTotal) {
  for (int cents = 10'000; cents < 10'200; ++cents) {
    const Money total = Money::Micros(cents * 10'000LL, kEur);
    const auto got =
        Allocate({Log("a", 3, 7, 10, 90, 50), Log("b", 2, 5, 5, 90, 50), Log("c", 1, 3, 0, 90, 0)},
                 total, MinorUnits::kIso4217);
    ASSERT_TRUE(got) << got.error().what;
    Money sum = Money::Zero(kEur);
    for (const auto& share : got->shares) sum += share.budget;
    EXPECT_EQ(sum, total);
  }
}

TEST(Allocate, OrderOfChannelsDoesNotMatter) {
  std::vector<AllocationChannel> channels{Log("a", 3, 7, 0, 90, 30), Log("b", 3, 7, 0, 90, 30),
                                          Log("c", 1, 3, 0, 90, 40)};
  const auto one = Allocate(channels, Eur(100), MinorUnits::kIso4217);
  std::reverse(channels.begin(), channels.end());
  const auto two = Allocate(channels, Eur(100), MinorUnits::kIso4217);
  ASSERT_TRUE(one && two);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(one->shares[i].budget, two->shares[2 - i].budget);
  }
}

TEST(Allocate, AnSShapeGetsAllOrLittleAndTheGapIsToldTruly) {
  const auto s_shape = [](double x) { return 100 / (1 + std::pow(50 / std::max(x, 1e-9), 4)); };
  const std::vector<AllocationChannel> channels{{"s", Eur(0), Eur(100), Eur(50), s_shape},
                                                {"t", Eur(0), Eur(100), Eur(50), s_shape}};
  const auto got = Allocate(channels, Eur(100), MinorUnits::kIso4217);
  ASSERT_TRUE(got);
  // The best split found by brute force over cents.
  double best = 0;
  for (int cents = 0; cents <= 10'000; ++cents) {
    best = std::max(best, s_shape(cents / 100.0) + s_shape(100 - cents / 100.0));
  }
  EXPECT_GE(got->response * (1 + got->gap) + 1e-9, best);
}

TEST(Allocate, RefusesWhatCannotBe) {
  const auto too_much = Allocate({Log("a", 1, 1, 0, 10, 5)}, Eur(11), MinorUnits::kIso4217);
  ASSERT_FALSE(too_much);
  EXPECT_NE(too_much.error().what.find(
                "the maxima come to 10.00, the budget is 11.00: 1.00 cannot be placed"),
            std::string::npos);
  EXPECT_FALSE(Allocate({}, Eur(1), MinorUnits::kIso4217));
  EXPECT_FALSE(Allocate({{"n", Eur(0), Eur(9), Eur(1), [](double) { return std::nan(""); }}},
                        Eur(5), MinorUnits::kIso4217));
  EXPECT_FALSE(
      Allocate({Log("a", 1, 1, 0, 10, 5)}, Money::Micros(5'000'000, kUsd), MinorUnits::kIso4217));
}

}  // namespace
}  // namespace maxopt
