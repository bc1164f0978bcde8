#include <gtest/gtest.h>

#include <cmath>

#include "measure/significance/significance.h"

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

// R: power.prop.test(n = 50, p1 = .50, p2 = .75) gives 0.740, power.prop.test(p1 = .50, p2 = .75,
// power = .90) gives 76.7 (the examples of its help page).
TEST(Power, RsProportions) {
  EXPECT_NEAR(ProportionPower(0.5, 0.75, 50, {}).value(), 0.7401659, 1e-6);
  EXPECT_NEAR(ProportionSample(0.5, 0.75, 0.9, {}).value(), 76.7, 0.05);
  EXPECT_EQ(std::ceil(ProportionSample(0.1, 0.12, 0.8, {}).value()),
            static_cast<double>(SamplePerArm(0.1, 0.2, {}).value()));
  // What is detectable is found with that power.
  const double rate = ProportionDetectable(0.1, 3000, 0.8, {}).value();
  EXPECT_NEAR(ProportionPower(0.1, rate, 3000, {}).value(), 0.8, 1e-10);
  EXPECT_FALSE(ProportionDetectable(0.9, 3, 0.8, {}));
  EXPECT_FALSE(ProportionSample(0.1, 0.1, 0.8, {}));
  EXPECT_FALSE(ProportionSample(0.1, 1, 0.8, {}));
  EXPECT_FALSE(ProportionPower(0.1, 0.2, 0, {}));
  EXPECT_FALSE(ProportionSample(0.1, 0.2, 0.8, {.alternative = Alternative::kLess}));
  EXPECT_LT(ProportionSample(0.1, 0.2, 0.8, {.alternative = Alternative::kGreater}).value(),
            ProportionSample(0.1, 0.2, 0.8, {}).value());
}

// R: power.t.test(n = 20, delta = 1, sd = 1) gives 0.8689528, power.t.test(power = .90, delta = 1)
// gives 22.02110 (the examples of its help page).
TEST(Power, RsMeans) {
  EXPECT_NEAR(MeanPower(1, 1, 20, {}).value(), 0.8689528, 1e-6);
  EXPECT_NEAR(MeanSample(1, 1, 0.9, {}).value(), 22.02110, 1e-4);
  EXPECT_NEAR(MeanDetectable(2, 22.02110, 0.9, {}).value(), 2, 1e-5);
  // Beyond 1e7 degrees of freedom the normal takes over, without a step.
  const double n = MeanSample(0.001, 1, 0.8, {}).value();
  EXPECT_NEAR(n, 2 * 1e6 * std::pow(1.959963985 + 0.841621234, 2), 1e-5 * n);
  EXPECT_NEAR(MeanPower(0.001, 1, 5'000'000, {}).value(),
              MeanPower(0.001, 1, 5'000'002, {}).value(), 1e-6);
  EXPECT_FALSE(MeanSample(0, 1, 0.9, {}));
  EXPECT_FALSE(MeanSample(1, 0, 0.9, {}));
  EXPECT_FALSE(MeanPower(1, 1, 1, {}));
  EXPECT_FALSE(MeanSample(1e-12, 1, 0.9, {}));
}

}  // namespace
}  // namespace maxopt
