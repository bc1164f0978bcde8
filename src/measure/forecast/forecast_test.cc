#include "measure/forecast/forecast.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace maxopt {
namespace {

using Values = std::vector<std::optional<double>>;

class Noise {
 public:
  explicit Noise(std::uint64_t seed) : engine_(seed) {}
  double Uniform() { return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53; }
  double Normal() {
    return std::sqrt(-2 * std::log(Uniform())) * std::cos(6.283185307179586 * Uniform());
  }

 private:
  std::mt19937_64 engine_;
};

TEST(Forecast, AConstantIsContinuedWithoutDoubt) {
  const Values five(12, 5.0);
  const auto f = ForecastSeries(five, 3, {});
  ASSERT_TRUE(f) << f.error().what;
  for (const ForecastPoint& p : f->points) {
    EXPECT_DOUBLE_EQ(p.mean, 5);
    EXPECT_DOUBLE_EQ(p.low95, 5);
    EXPECT_DOUBLE_EQ(p.high95, 5);
  }
}

TEST(Forecast, APureWeekIsRepeated) {
  Values week;
  for (int i = 0; i < 35; ++i) week.push_back(10.0 + (i % 7));
  const auto f = ForecastSeries(week, 7, {.periods = {7}});
  ASSERT_TRUE(f);
  for (int h = 0; h < 7; ++h)
    EXPECT_NEAR(f->points[static_cast<std::size_t>(h)].mean, 10 + h, 0.05);
}

TEST(Forecast, AnOutlierMovesNothingAndALevelShiftDoes) {
  Noise noise(3);
  Values calm;
  for (int i = 0; i < 60; ++i) calm.push_back(100 + noise.Normal());
  Values spiked = calm;
  spiked[57] = 1'000;
  const double plain = ForecastSeries(calm, 1, {})->points[0].mean;
  EXPECT_NEAR(ForecastSeries(spiked, 1, {})->points[0].mean, plain, 12);
  Values shifted = calm;
  for (std::size_t i = 40; i < 60; ++i) *shifted[i] += 50;
  EXPECT_NEAR(ForecastSeries(shifted, 1, {})->points[0].mean, 150, 5);
}

TEST(Forecast, GapsMoveNothing) {
  Values holes;
  for (int i = 0; i < 56; ++i) {
    holes.push_back(i % 7 == 3 && i < 30 ? std::nullopt : std::optional(20.0 + 5 * (i % 7)));
  }
  const auto f = ForecastSeries(holes, 7, {.periods = {7}});
  ASSERT_TRUE(f);
  EXPECT_NEAR(f->points[3].mean, 35, 2);
}

TEST(Forecast, WhatWasNeverNegativeStaysSo) {
  Noise noise(5);
  Values counts;
  for (int i = 0; i < 80; ++i)
    counts.push_back(std::max(0.0, std::floor(1 + 1.5 * noise.Normal())));
  const auto f = ForecastSeries(counts, 30, {.periods = {7}});
  ASSERT_TRUE(f);
  for (const ForecastPoint& p : f->points) {
    EXPECT_GE(p.low95, 0);
    EXPECT_LE(p.low95, p.low80);
    EXPECT_LE(p.low80, p.mean);
    EXPECT_LE(p.mean, p.high80);
    EXPECT_LE(p.high80, p.high95);
  }
}

TEST(Forecast, SameArgumentsSameNumbers) {
  Noise noise(8);
  Values walk{100.0};
  while (walk.size() < 50) walk.push_back(*walk.back() + noise.Normal());
  const auto a = ForecastSeries(walk, 5, {.seed = 4});
  const auto b = ForecastSeries(walk, 5, {.seed = 4});
  for (std::size_t h = 0; h < 5; ++h) EXPECT_EQ(a->points[h].high95, b->points[h].high95);
}

TEST(Forecast, NonsenseIsRefused) {
  const Values ok{1.0, 2.0, 3.0};
  EXPECT_TRUE(ForecastSeries(ok, 2, {}));
  EXPECT_FALSE(ForecastSeries(ok, 0, {}));
  EXPECT_FALSE(ForecastSeries(ok, 100'001, {}));
  EXPECT_FALSE(ForecastSeries(ok, 1, {.periods = {1}}));
  EXPECT_FALSE(ForecastSeries(ok, 1, {.periods = {7, 7}}));
  EXPECT_FALSE(ForecastSeries(ok, 1, {.paths = 1}));
  EXPECT_FALSE(ForecastSeries(Values{1.0, std::nullopt, 2.0}, 1, {}));
  EXPECT_FALSE(ForecastSeries(Values{1.0, 2.0, NAN}, 1, {}));
  EXPECT_FALSE(ForecastSeries(Values{1.0, 2.0, HUGE_VAL}, 1, {}));
}

/// One simulated series and its continuation.
struct Simulated {
  Values history;
  std::vector<double> future;
};

Simulated Seasonal(std::uint64_t seed, int n, int horizon) {
  Noise noise(seed);
  Simulated out;
  double level = 200;
  for (int t = 0; t < n + horizon; ++t) {
    level += 2 * noise.Normal();
    const double y = level + 30 * std::sin(6.283185307179586 * t / 7) + 8 * noise.Normal();
    if (t < n) {
      out.history.push_back(y);
    } else {
      out.future.push_back(y);
    }
  }
  return out;
}

/// A stationary AR(1), which no model here is: what matters is that the intervals are honest.
Simulated Autoregressive(std::uint64_t seed, int n, int horizon) {
  Noise noise(seed);
  Simulated out;
  double x = 0;
  for (int t = 0; t < n + horizon; ++t) {
    x = 0.6 * x + noise.Normal();
    (t < n ? out.history.emplace_back(50 + 5 * x).value() : out.future.emplace_back(50 + 5 * x));
  }
  return out;
}

/// Positive, with noise in proportion and a day's outlier now and then.
Simulated Multiplicative(std::uint64_t seed, int n, int horizon) {
  Noise noise(seed);
  Simulated out;
  for (int t = 0; t < n + horizon; ++t) {
    double y =
        std::exp(4 + 0.004 * t + 0.3 * std::cos(6.283185307179586 * t / 7) + 0.15 * noise.Normal());
    if (noise.Uniform() < 0.02 && t < n) y *= 4;
    (t < n ? out.history.emplace_back(y).value() : out.future.emplace_back(y));
  }
  return out;
}

struct Covered {
  double in80 = 0, in95 = 0;
};

template <class Make>
Covered Coverage(Make make, int series, int n, int horizon) {
  Covered out;
  for (int i = 0; i < series; ++i) {
    const Simulated s = make(static_cast<std::uint64_t>(1'000 + i), n, horizon);
    const auto f = ForecastSeries(s.history, horizon, {.periods = {7}, .paths = 400});
    EXPECT_TRUE(f);
    for (std::size_t h = 0; h < s.future.size(); ++h) {
      const double share = 1.0 / series / horizon;
      if (f->points[h].low80 <= s.future[h] && s.future[h] <= f->points[h].high80)
        out.in80 += share;
      if (f->points[h].low95 <= s.future[h] && s.future[h] <= f->points[h].high95)
        out.in95 += share;
    }
  }
  return out;
}

/// Errors within one series go together, so that a series counts as one observation and a bit: the
/// tolerance is three binomial standard deviations of 200 series, 3 sqrt(.8 .2 / 200) = .085 and
/// 3 sqrt(.95 .05 / 200) = .046.
template <class Make>
void ExpectCoverage(Make make, int n, int horizon) {
  const Covered c = Coverage(make, 200, n, horizon);
  EXPECT_NEAR(c.in80, 0.80, 0.085);
  EXPECT_NEAR(c.in95, 0.95, 0.046);
  testing::Test::RecordProperty("in80", std::to_string(c.in80));
  testing::Test::RecordProperty("in95", std::to_string(c.in95));
}

TEST(Forecast, IntervalsCoverSeasonalSeries) { ExpectCoverage(Seasonal, 84, 14); }
TEST(Forecast, IntervalsCoverShortHistories) { ExpectCoverage(Seasonal, 21, 7); }
TEST(Forecast, IntervalsCoverSeriesOfAnotherKind) { ExpectCoverage(Autoregressive, 60, 7); }
TEST(Forecast, IntervalsCoverSeriesWithOutliers) { ExpectCoverage(Multiplicative, 84, 14); }

TEST(TimeGrid, HoursDaysWeeksAndMonths) {
  const auto grid = [](std::initializer_list<const char*> times) {
    std::vector<TimedValue> values;
    for (const char* t : times) values.push_back({*ParseLocal(t), 1.0});
    return MakeTimeGrid(std::move(values));
  };
  const auto hours = grid({"2026-03-01 00:00:00", "2026-03-01 01:00:00", "2026-03-01 02:00:00",
                           "2026-03-01 04:00:00", "2026-03-01 05:00:00"});
  ASSERT_TRUE(hours);
  EXPECT_EQ(hours->values.size(), 6u);
  EXPECT_FALSE(hours->values[3]);
  EXPECT_EQ(PrintLocal(hours->At(6)), "2026-03-01 06:00:00");
  EXPECT_EQ(hours->Periods(), (std::vector<int>{24, 168}));
  const auto months = grid(
      {"2026-01-31 00:00:00", "2026-02-28 00:00:00", "2026-03-31 00:00:00", "2026-05-31 00:00:00"});
  ASSERT_TRUE(months);
  EXPECT_EQ(months->months, 1);
  EXPECT_EQ(months->values.size(), 5u);
  EXPECT_EQ(PrintLocal(months->At(5)), "2026-06-30 00:00:00");
  EXPECT_EQ(months->Periods(), std::vector<int>{12});
  EXPECT_FALSE(grid({"2026-01-01 00:00:00", "2026-01-01 00:00:00"}));
  EXPECT_FALSE(grid({"2026-01-01 00:00:00", "2026-01-01 00:00:01", "2036-01-01 00:00:00"}));
}

TEST(TimeGrid, TheRepeatedHourIsOneStep) {
  const LocalTime two = *ParseLocal("2026-10-25 02:00:00");
  const auto grid = MakeTimeGrid(
      {{two - std::chrono::hours(1), 1}, {two, 2}, {two, 4}, {two + std::chrono::hours(1), 5}});
  ASSERT_TRUE(grid);
  ASSERT_EQ(grid->values.size(), 4u - 1);
  EXPECT_DOUBLE_EQ(*grid->values[1], 3);
}

}  // namespace
}  // namespace maxopt
