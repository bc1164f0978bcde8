#include "measure/power/power.h"

#include <gtest/gtest.h>

#include <cmath>

namespace maxopt {
namespace {

// By hand: p1 = 0.1, p2 = 0.12, p = 0.11; 1.959964 * sqrt(2 * 0.11 * 0.89) = 0.867277;
// 0.841621 * sqrt(0.09 + 0.1056) = 0.372219; sum 1.239496, squared 1.536350, / 0.0004 = 3840.9.
TEST(Power, TwoProportions) {
  EXPECT_EQ(SamplePerArm(0.10, 0.20, {}).value(), 3841);
  // Symmetric: a fall from 0.12 to 0.10 needs the same.
  EXPECT_EQ(SamplePerArm(0.12, -1.0 / 6, {}).value(), 3841);
}

// By hand: 2 * (1.959964 + 0.841621)^2 * (0.5 / 0.1)^2 = 2 * 7.848880 * 25 = 392.4.
TEST(Power, PlaceDays) { EXPECT_EQ(PlaceDaysPerArm(0.5, 0.1, {}).value(), 393); }

TEST(Power, MorePowerAndLessAlphaNeedMore) {
  const auto base = SamplePerArm(0.02, 0.1, {}).value();
  EXPECT_GT(SamplePerArm(0.02, 0.1, {.alpha = 0.05, .power = 0.9}).value(), base);
  EXPECT_GT(SamplePerArm(0.02, 0.1, {.alpha = 0.01, .power = 0.8}).value(), base);
  EXPECT_GT(SamplePerArm(0.02, 0.05, {}).value(), base);
}

TEST(Power, NonsenseIsRefused) {
  for (const auto& [baseline, mde] : {std::pair{0.0, 0.1},
                                      {1.0, 0.1},
                                      {-0.1, 0.1},
                                      {0.5, 0.0},
                                      {0.5, 1.0},  // 0.5 (1 + 1) = 1 is no rate
                                      {std::nan(""), 0.1},
                                      {0.5, std::nan("")}}) {
    const auto n = SamplePerArm(baseline, mde, {});
    ASSERT_FALSE(n) << baseline << " " << mde;
    EXPECT_EQ(n.error().code, Errc::kInvalidArgument);
  }
  EXPECT_FALSE(SamplePerArm(0.1, 0.1, {.alpha = 0, .power = 0.8}));
  EXPECT_FALSE(SamplePerArm(0.1, 0.1, {.alpha = 0.05, .power = 1}));
  EXPECT_FALSE(SamplePerArm(0.1, 1e-12, {.alpha = 1e-9, .power = 0.8}) &&
               SamplePerArm(1e-12, 1e-9, {}));
  EXPECT_FALSE(PlaceDaysPerArm(0, 0.1, {}));
}

}  // namespace
}  // namespace maxopt
