#include "measure/pooling/pooling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace maxopt {
namespace {

/// The 13 trials of the BCG vaccine (Colditz et al. 1994): log risk ratio from the counts of people
/// with and without tuberculosis, vaccinated and not, as metafor's dat.bcg has them.
std::vector<PooledStudy> Bcg() {
  const double counts[13][4] = {
      {4, 119, 11, 128},       {6, 300, 29, 274},        {3, 228, 11, 209},
      {62, 13536, 248, 12619}, {33, 5036, 47, 5761},     {180, 1361, 372, 1079},
      {8, 2537, 10, 619},      {505, 87886, 499, 87892}, {29, 7470, 45, 7232},
      {17, 1699, 65, 1600},    {186, 50448, 141, 27197}, {5, 2493, 3, 2338},
      {27, 16886, 29, 17825}};
  std::vector<PooledStudy> out;
  for (const auto& [a, b, c, d] : counts) {
    out.push_back(
        {std::log(a / (a + b) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d), 1});
  }
  return out;
}

TEST(PoolRandomEffects, DerSimonianLairdAsMetafor) {
  // rma(yi, vi, data = dat, method = "DL") of metafor: -0.7141, 95 % -1.0644 to -0.3638, Q
  // 152.2330, tau^2 0.3088, I^2 92.12 %. Its interval is the normal one, so only Q, tau^2, I^2 and
  // the mean are compared; the Hartung-Knapp error from the same weights is worked out apart:
  // 0.180697.
  const auto pooled = PoolRandomEffects(Bcg(), {.level = 0.95});
  ASSERT_TRUE(pooled) << pooled.error().what;
  EXPECT_NEAR(pooled->q, 152.2330, 5e-5);
  EXPECT_NEAR(pooled->tau2, 0.3088, 5e-5);
  EXPECT_NEAR(pooled->i2, 0.9212, 5e-5);
  EXPECT_NEAR(pooled->mean, -0.7141, 5e-5);
  EXPECT_NEAR(pooled->df, 12, 1e-9);
  EXPECT_NEAR(pooled->se, 0.18069662833554748, 1e-9);
  // t with 12 degrees at 97.5 %: 2.178813.
  EXPECT_NEAR(pooled->low, pooled->mean - 2.178813 * pooled->se, 1e-6);
  EXPECT_NEAR(pooled->high, pooled->mean + 2.178813 * pooled->se, 1e-6);
  // t with 11 degrees: 2.200985.
  EXPECT_NEAR(pooled->next_sd, std::sqrt(0.30876026 + 0.18069663 * 0.18069663), 1e-6);
  EXPECT_NEAR(pooled->next_high - pooled->mean, 2.200985 * pooled->next_sd, 1e-5);
}

TEST(PoolRandomEffects, TwoByHand) {
  // v = 1 each, y = 0 and 4: Q = 8, tau2 = (8 - 1) / (2 - 1) = 7, w = 1/8, mean 2, se^2 =
  // (4 + 4) / 8 / (1/4) = 4; the plain one is 4 as well.
  const std::vector<PooledStudy> studies{{0, 1}, {4, 1}};
  const auto pooled = PoolRandomEffects(studies, {.level = 0.5});
  ASSERT_TRUE(pooled);
  EXPECT_NEAR(pooled->q, 8, 1e-12);
  EXPECT_NEAR(pooled->tau2, 7, 1e-12);
  EXPECT_NEAR(pooled->mean, 2, 1e-12);
  EXPECT_NEAR(pooled->se, 2, 1e-12);
  // t with one degree (Cauchy) at 75 %: 1.
  EXPECT_NEAR(pooled->low, 0, 1e-9);
  EXPECT_NEAR(pooled->high, 4, 1e-9);
  EXPECT_NEAR(pooled->i2, 7.0 / 8, 1e-12);
}

TEST(PoolRandomEffects, ThoseThatAgreeByChanceAreNotBelievedMoreThanTheirErrors) {
  const std::vector<PooledStudy> studies{{1, 0.04}, {1, 0.04}, {1, 0.04}, {1, 0.04}};
  const auto plain = PoolRandomEffects(studies, {.never_narrower = false});
  const auto safe = PoolRandomEffects(studies);
  ASSERT_TRUE(plain && safe);
  EXPECT_NEAR(plain->se, 0, 1e-12);
  EXPECT_NEAR(safe->se, 0.1, 1e-12);
  EXPECT_EQ(safe->tau2, 0);
}

TEST(PoolRandomEffects, OneStudyIsItselfWithTheLeastVarianceBetweenPlaces) {
  const std::vector<PooledStudy> one{{0.1, 0.0009}};
  const auto pooled = PoolRandomEffects(one, {.tau2_least = 0.0016});
  ASSERT_TRUE(pooled);
  EXPECT_NEAR(pooled->mean, 0.1, 1e-12);
  EXPECT_NEAR(pooled->se, 0.05, 1e-12);
  EXPECT_NEAR(pooled->high, 0.1 + 1.6448536269514722 * 0.05, 1e-9);
  EXPECT_NEAR(pooled->next_sd, std::sqrt(0.0016 + 0.0025), 1e-12);
}

TEST(PoolRandomEffects, SimilarityIsHowMuchOfItCounts) {
  // Half the similarity is a quarter of the pull here: 1/1 against 0.5/2.
  const std::vector<PooledStudy> studies{{0, 1, 1}, {5, 2, 0.5}};
  const auto pooled = PoolRandomEffects(studies, {.tau2_least = 0});
  ASSERT_TRUE(pooled);
  // a = 1, 0.25; fixed mean 1; Q = 1 + 0.25 * 16 = 5; expected = 1.5 - (1 + 0.125) / 1.25 = 0.6;
  // scale = 1.25 - 1.0625 / 1.25 = 0.4; tau2 = 4.4 / 0.4 = 11; w = 1/12, 0.5/13.
  EXPECT_NEAR(pooled->q, 5, 1e-12);
  EXPECT_NEAR(pooled->tau2, 11, 1e-12);
  EXPECT_NEAR(pooled->mean, 5 * (0.5 / 13) / (1.0 / 12 + 0.5 / 13), 1e-12);
  EXPECT_NEAR(pooled->df, 1.5 * 1.5 / 1.25 - 1, 1e-12);
}

TEST(PoolRandomEffects, OrderDoesNotMatterToTheLastBit) {
  auto studies = Bcg();
  const auto a = PoolRandomEffects(studies);
  std::reverse(studies.begin(), studies.end());
  const auto b = PoolRandomEffects(studies);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->mean, b->mean);
  EXPECT_EQ(a->se, b->se);
  EXPECT_EQ(a->tau2, b->tau2);
}

TEST(PoolRandomEffects, RefusesNonsense) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<PooledStudy> cases[] = {{},         {{nan, 1}},  {{1, 0}},      {{1, -1}},
                                            {{1, nan}}, {{1, 1, 0}}, {{1, 1, 1.5}}, {{1, 1, nan}}};
  for (const auto& studies : cases) {
    const auto pooled = PoolRandomEffects(studies);
    ASSERT_FALSE(pooled);
    EXPECT_EQ(pooled.error().code, Errc::kInvalidArgument);
  }
  const std::vector<PooledStudy> good{{1, 1}};
  EXPECT_FALSE(PoolRandomEffects(good, {.level = 1}));
  EXPECT_FALSE(PoolRandomEffects(good, {.tau2_least = -1}));
}

TEST(Combine, WeighsByPrecision) {
  const auto both = Combine({10, 2}, {20, 1});
  ASSERT_TRUE(both);
  EXPECT_NEAR(both->mean, (10 * 0.25 + 20) / 1.25, 1e-12);
  EXPECT_NEAR(both->sd, std::sqrt(0.8), 1e-12);
  EXPECT_FALSE(Combine({0, 0}, {1, 1}));
  EXPECT_FALSE(Combine({0, 1}, {std::numeric_limits<double>::infinity(), 1}));
}

}  // namespace
}  // namespace maxopt
