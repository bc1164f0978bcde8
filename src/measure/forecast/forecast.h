#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "result/result.h"

namespace maxopt {

/// One step ahead: the mean and the bounds within which the value lies with 80 and 95 %.
struct ForecastPoint {
  double mean;
  double low80, high80;
  double low95, high95;
};

struct ForecastSettings {
  /// Lengths of the seasons in steps, shortest first: {7} for days, {24, 168} for hours. A season
  /// of which fewer than two rounds are known is left out. Each >= 2.
  std::vector<int> periods{};
  int paths = 1000;  ///< simulated futures, 100 to 100'000
  std::uint64_t seed = 1;
};

struct Forecast {
  std::vector<ForecastPoint> points;  ///< [horizon]
  std::string method;  ///< in words: "exponential smoothing, seasons 24 and 168, damped trend"
};

/// Forecast of an evenly spaced series by exponential smoothing in error-correction form, with any
/// number of additive seasons and a damped trend:
///   y[t] = level + phi slope + sum season_k + e[t];  level += phi slope + alpha e;
///   slope = phi slope + alpha beta e;  season_k[t mod p_k] += gamma_k (1 - alpha) e
/// on the values, their roots or their logarithms, whichever makes the spread even (Guerrero 1993).
/// Errors beyond three robust standard deviations are cut off before they move the state, unless
/// they persist (an outlier moves nothing, a level shift does). Which seasons, trend and
/// parameters: by the error of forecasts from origins within the history; naive and seasonal naive
/// compete and win where nothing beats them. Two models about as good are averaged. Intervals:
/// quantiles of simulated futures with resampled residuals, widened by how far the forecasts from
/// origins within the history missed what the model thought, and by Student's t for short
/// histories. Where no value of the history is negative, no bound is.
///
/// values   oldest first, any unit; nullopt: not known (a gap, which moves nothing)
/// horizon  1..100'000 steps
/// Errors   kInvalidArgument: fewer than 3 known values, a value that is not finite, a setting out
///          of range
/// Pure: same arguments, same bytes. Only the newest 4'000 values (or 8 rounds of the longest
/// season where that is more) are looked at.
/// Source   Hyndman, Koehler, Ord, Snyder 2008, Forecasting with Exponential Smoothing; Taylor 2003
///          (two seasons); Gelper, Fried, Croux 2010 (robust updates)
Result<Forecast> ForecastSeries(std::span<const std::optional<double>> values, int horizon,
                                const ForecastSettings& settings);

/// A series on an even grid of wall-clock times.
struct TimeGrid {
  LocalTime first{};
  std::chrono::seconds step{};  ///< 0: calendar months, see `months`
  int months = 0;               ///< steps of 1, 3 or 12 months
  std::vector<std::optional<double>> values;
  /// Time of step i; beyond the history too.
  LocalTime At(std::int64_t i) const;
  /// Seasons that a series of this grain may have: a day and a week for steps below a day, a week
  /// for days, a year for weeks, months and quarters.
  std::vector<int> Periods() const;
};

struct TimedValue {
  LocalTime time;
  double value;
};

/// Puts values on the grid of their most frequent distance; steps without a value are gaps. Two
/// values for one time (the hour that a clock set back repeats) are averaged. kInvalidArgument:
/// fewer than 3 values, times that are no even grid (more than a tenth of them beside it), or a
/// grid with more than 20 steps for each value.
Result<TimeGrid> MakeTimeGrid(std::vector<TimedValue> values);

}  // namespace maxopt
