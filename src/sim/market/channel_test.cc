#include "sim/market/channel.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/market/random.h"

namespace maxopt::sim {
namespace {

TEST(Curve, HandWorkedValues) {
  EXPECT_DOUBLE_EQ((Curve{Family::kHill, 100, 50, 1}(50)), 50);
  EXPECT_DOUBLE_EQ((Curve{Family::kHill, 100, 50, 2}(100)), 80);  // 100 / (1 + 1/4)
  EXPECT_NEAR((Curve{Family::kLog, 10, 5, 0}(5)), 6.931471805599453, 1e-12);
  EXPECT_DOUBLE_EQ((Curve{Family::kPower, 3, 1, 0.5}(16)), 12);
  EXPECT_NEAR((Curve{Family::kExponential, 10, 4, 0}(4)), 6.321205588285577, 1e-12);
  EXPECT_DOUBLE_EQ((Curve{Family::kLognormalCdf, 10, 7, 1.2}(7)), 5);
}

TEST(Curve, NothingComesOfNothing) {
  for (const Family family :
       {Family::kHill, Family::kLog, Family::kPower, Family::kExponential, Family::kLognormalCdf}) {
    const Curve curve{family, 10, 5, 1.5};
    EXPECT_EQ(curve(0), 0) << FamilyName(family);
    EXPECT_EQ(curve(-1), 0) << FamilyName(family);
    EXPECT_EQ(curve(std::nan("")), 0) << FamilyName(family);
  }
}

TEST(Lag, HoursIsTheInverseOfWithin) {
  const Lag lag{0.6, 2.5};
  for (const double u : {0.01, 0.3, 0.59}) {
    const double hours = lag.Hours(u);
    EXPECT_LT(hours, 13);
    EXPECT_NEAR(-0.6 * std::expm1(-hours / 3), u, 1e-12);
  }
  EXPECT_EQ(lag.Hours(1 - 1e-9), kLagHoursMax);
  EXPECT_EQ(lag.Within(kLagHoursMax), 1);
  // Most orders come within three days.
  EXPECT_NEAR(lag.Within(72), 0.6 + 0.4 * (1 - std::exp(-1.2)), 1e-9);
}

TEST(Channel, SeedsDifferAndStayInRange) {
  std::map<Family, int> families;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Channel channel = DrawChannel(seed, Platform::kMeta, Audience::kProspecting, 1);
    ++families[channel.curve.family];
    EXPECT_GE(channel.decay, 0.15);
    EXPECT_LE(channel.decay, 0.40);
    EXPECT_NEAR(channel.Steady(channel.reference_spend), channel.reference_revenue, 1e-6);
    EXPECT_LT(channel.Steady(100), channel.Steady(900));
  }
  EXPECT_EQ(families.size(), 5u);
  for (const auto& [family, count] : families) EXPECT_GT(count, 30) << FamilyName(family);
}

TEST(Channel, YenMarketHasTheSizesOfAnEuroMarket) {
  const Channel euro = DrawChannel(7, Platform::kTikTok, Audience::kProspecting, 1);
  const Channel yen = DrawChannel(7, Platform::kTikTok, Audience::kProspecting, 160);
  EXPECT_NEAR(yen.Steady(160 * 300.0), 160 * euro.Steady(300), 1e-6 * yen.Steady(160 * 300.0));
}

TEST(Random, QuantilesAgainstTables) {
  EXPECT_NEAR(NormalQuantile(0.975), 1.959963984540054, 1e-8);
  EXPECT_NEAR(NormalQuantile(0.001), -3.090232306167813, 1e-8);
  EXPECT_NEAR(NormalCdf(1.0), 0.8413447460685429, 1e-12);
  // Poisson(2): P(0) = .135, P(<=1) = .406, P(<=2) = .677
  EXPECT_EQ(PoissonQuantile(2, 0.13), 0);
  EXPECT_EQ(PoissonQuantile(2, 0.14), 1);
  EXPECT_EQ(PoissonQuantile(2, 0.41), 2);
  EXPECT_EQ(PoissonQuantile(2, 0.68), 3);
  EXPECT_EQ(PoissonQuantile(0, 0.99), 0);
  EXPECT_EQ(PoissonQuantile(-1, 0.99), 0);
  EXPECT_EQ(PoissonQuantile(400, 0.5), 400);
  EXPECT_EQ(BinomialQuantile(3, 0.9, 0.999999), 3);
  EXPECT_EQ(BinomialQuantile(1000, 1, 0.1), 1000);
  EXPECT_EQ(BinomialQuantile(0, 0.5, 0.5), 0);
}

TEST(Random, MoreMeanIsNeverFewerForTheSameLuck) {
  for (const double u : {0.001, 0.2, 0.5, 0.9, 0.9999}) {
    std::int64_t before = 0;
    for (double mean = 0.1; mean < 29; mean += 0.1) {
      const std::int64_t now = PoissonQuantile(mean, u);
      EXPECT_GE(now, before);
      before = now;
    }
  }
}

TEST(Random, MeanAndVarianceOfTheDraws) {
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 20'000;
  for (int i = 0; i < kDraws; ++i) {
    const auto n =
        static_cast<double>(PoissonQuantile(4.5, Random(3, Draw::kOrders, 99, i).Uniform()));
    sum += n;
    squares += n * n;
  }
  const double mean = sum / kDraws;
  EXPECT_NEAR(mean, 4.5, 0.06);
  EXPECT_NEAR(squares / kDraws - mean * mean, 4.5, 0.2);
}

TEST(Random, SharesSumToTheWholeAndRespectWeights) {
  const std::int64_t weights[] = {38, 22, 0, 18, 22};
  for (std::int64_t total = 0; total < 120; ++total) {
    for (std::int64_t offset = 0; offset < 100; offset += 7) {
      std::int64_t sum = 0;
      std::int64_t before = 0;
      for (const std::int64_t weight : weights) {
        const std::int64_t share = ShareOf(total, before, weight, 100, offset);
        EXPECT_GE(share, 0);
        if (weight == 0) {
          EXPECT_EQ(share, 0);
        }
        if (total <= 100) {
          EXPECT_LE(share, weight);
        }
        sum += share;
        before += weight;
      }
      EXPECT_EQ(sum, total);
    }
  }
}

TEST(Conditions, CalendarWithoutLuck) {
  using namespace std::chrono;
  const Conditions conditions(5, 0);
  const Day friday{local_days(2025y / November / 28)};  // Black Friday
  EXPECT_GT(conditions.Demand(friday), 1.2 * conditions.Demand(friday - days(7)));
  const Day christmas{local_days(2025y / December / 25)};
  EXPECT_LT(conditions.Demand(christmas), 0.9 * conditions.Demand(christmas - days(7)));
  EXPECT_EQ(conditions.Price(Day{local_days(2025y / June / 10)}, Platform::kMeta), 1);
  EXPECT_EQ(conditions.Price(friday, Platform::kMeta), 1.25);
  // Days before 1970 are days as well.
  EXPECT_GT(conditions.Demand(Day{local_days(1960y / March / 1)}), 0);
}

}  // namespace
}  // namespace maxopt::sim
