#pragma once
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "clock/clock.h"

/// Series as advertisers have them, from a seed, with anomalies planted where the maker says.
namespace maxopt::bench {

enum class Planted {
  kNothing,
  kLevelShift,    // times 1.8 or 0.5, to the end
  kSpike,         // times 3 for two hours, or one day
  kDip,           // times 0.25 for six hours, or two days
  kZero,          // nothing for six hours, or two days
  kTrendBreak,    // 4 % a day more or less from here on, compounding
  kSeasonChange,  // the day's curve moves by eight hours, or the week's by three days; to the end
  kVariance,      // the noise is four times as wide for five days (two weeks of days)
};
inline constexpr Planted kAllPlanted[] = {
    Planted::kLevelShift, Planted::kSpike,        Planted::kDip,     Planted::kZero,
    Planted::kTrendBreak, Planted::kSeasonChange, Planted::kVariance};
inline std::string_view PlantedName(Planted planted) {
  switch (planted) {
    case Planted::kNothing:
      return "nothing";
    case Planted::kLevelShift:
      return "level shift";
    case Planted::kSpike:
      return "spike";
    case Planted::kDip:
      return "dip";
    case Planted::kZero:
      return "zero";
    case Planted::kTrendBreak:
      return "trend break";
    case Planted::kSeasonChange:
      return "season change";
    case Planted::kVariance:
      return "variance";
  }
  return "";
}

enum class Metric { kImpressions, kClicks, kConversions, kSpend, kCtr, kCpc };
inline constexpr Metric kAllMetrics[] = {Metric::kImpressions, Metric::kClicks,
                                         Metric::kConversions, Metric::kSpend,
                                         Metric::kCtr,         Metric::kCpc};

struct MadePoint {
  Instant at;
  std::optional<double> value;  // absent: no denominator
  double numerator = 0;
  double denominator = 1;
  bool holiday = false;
};
struct MadeSeries {
  std::vector<MadePoint> points;  // hours that are missing are left out
  bool hourly = true;
  Metric metric = Metric::kImpressions;
  Planted planted = Planted::kNothing;
  Instant from{};  // of the anomaly
  Instant to{};    // until when an alert counts as having found it
};

/// One series: `days` days from a Monday in winter; the anomaly begins on a random hour (day) in
/// the second half, at least 14 days before the end. Level: 200 to 20,000 impressions an hour, CTR
/// 1 to 5 %, CVR 2 to 6 %, CPC 0.2 to 2. Day curve with an amplitude of 30 to 80 %, weekend factor
/// 0.5 to 1.3, trend of up to 1 % a day, noise log-normal with sd 5 to 20 % and autocorrelation 0
/// to .6, counts Poisson around it, 2 % of the hours missing, three holidays at 0.5 to 0.8.
inline MadeSeries MakeSeries(std::uint64_t seed, bool hourly, int days, Metric metric,
                             Planted planted) {
  std::mt19937_64 random(seed * 0x9E3779B97F4A7C15ULL + 12345);
  std::normal_distribution<double> normal;
  const auto uniform = [&](double low, double high) {
    return low + (high - low) * (static_cast<double>(random() >> 11) * 0x1.0p-53);
  };
  const auto poisson = [&](double mean) -> double {
    if (mean <= 0) return 0;
    if (mean > 1e6) return std::max(0.0, std::round(mean + std::sqrt(mean) * normal(random)));
    return static_cast<double>(std::poisson_distribution<long long>(mean)(random));
  };
  MadeSeries made;
  made.hourly = hourly;
  made.metric = metric;
  made.planted = planted;
  const int per_day = hourly ? 24 : 1;
  const double level = std::exp(uniform(std::log(200.0), std::log(20'000.0))) * (hourly ? 1 : 24);
  const double ctr = uniform(0.01, 0.05);
  const double cvr = uniform(0.02, 0.06);
  const double cpc = uniform(0.2, 2.0);
  const double amplitude = uniform(0.3, 0.8);
  const double weekend = uniform(0.5, 1.3);
  const double trend = uniform(-0.01, 0.01);
  const double noise = uniform(0.05, 0.2);
  const double memory = uniform(0, 0.6);
  const double peak_hour = uniform(12, 21);
  const int holidays[3] = {20, days / 2, days - 10};
  const double holiday_factor = uniform(0.5, 0.8);
  const int n = days * per_day;
  const int begin = static_cast<int>(uniform(0.5 * n, n - 14.0 * per_day));
  const bool up = uniform(0, 1) < 0.5;
  int length = n;  // to the end
  if (planted == Planted::kSpike) length = hourly ? 2 : 1;
  if (planted == Planted::kDip || planted == Planted::kZero) length = hourly ? 6 : 2;
  if (planted == Planted::kVariance) length = hourly ? 120 : 14;
  // How long an alert is of use: what lasts is to be found within three days (ten of a trend).
  int useful = std::min(length, 3 * per_day);
  if (!hourly) useful = std::min(length, 7);
  if (planted == Planted::kTrendBreak) useful = (hourly ? 10 : 14) * per_day;
  if (planted == Planted::kVariance) useful = length;

  const Instant first = std::chrono::sys_days(std::chrono::year(2026) / 1 / 5);
  const auto at_of = [&](int i) {
    return first + (hourly ? std::chrono::hours(i) : std::chrono::hours(24 * i));
  };
  made.from = at_of(begin);
  made.to = at_of(begin + useful);
  double carried = 0;
  for (int i = 0; i < n; ++i) {
    const bool inside = planted != Planted::kNothing && i >= begin && i < begin + length;
    const int day = i / per_day;
    double hour = hourly ? i % per_day : 12;
    int weekday = day % 7;
    if (inside && planted == Planted::kSeasonChange) {
      hour = std::fmod(hour + 8, 24);
      if (!hourly) weekday = (weekday + 3) % 7;
    }
    double size = level * std::pow(1 + trend, day);
    if (hourly) size *= 1 + amplitude * std::cos((hour - peak_hour) / 24 * 2 * M_PI);
    if (weekday >= 5) size *= weekend;
    MadePoint point;
    point.at = at_of(i);
    for (const int h : holidays) point.holiday = point.holiday || h == day;
    if (point.holiday) size *= holiday_factor;
    carried = memory * carried + std::sqrt(1 - memory * memory) * normal(random);
    double sd = noise;
    if (inside && planted == Planted::kVariance) sd *= 4;
    const double shock = std::exp(sd * carried - 0.5 * sd * sd);
    double factor = 1;  // of the anomaly, on the metric itself
    if (inside) {
      if (planted == Planted::kLevelShift) factor = up ? 1.8 : 0.5;
      if (planted == Planted::kSpike) factor = 3;
      if (planted == Planted::kDip) factor = 0.25;
      if (planted == Planted::kZero) factor = 0;
      if (planted == Planted::kTrendBreak) {
        factor = std::pow(up ? 1.04 : 0.96, static_cast<double>(i - begin) / per_day);
      }
    }
    // A ratio takes shock and anomaly itself; its denominator goes on.
    const bool ratio = metric == Metric::kCtr || metric == Metric::kCpc;
    const double own = ratio ? std::exp(0.5 * noise * normal(random)) : 1.0;
    const double impressions = poisson(size * (ratio ? std::exp(noise * carried) : shock * factor));
    const double clicks =
        poisson(impressions * ctr *
                (metric == Metric::kCtr
                     ? factor * own * (inside && planted == Planted::kVariance ? shock : 1.0)
                     : 1.0));
    const double spend =
        clicks * cpc *
        (metric == Metric::kCpc
             ? factor * own * (inside && planted == Planted::kVariance ? shock : 1.0)
             : 1.0) *
        std::exp(0.05 * normal(random));
    const double conversions = poisson(impressions * ctr * cvr);
    if (uniform(0, 1) < (hourly ? 0.02 : 0.01)) continue;  // missing
    switch (metric) {
      case Metric::kImpressions:
        point.value = point.numerator = impressions;
        break;
      case Metric::kClicks:
        point.value = point.numerator = clicks;
        break;
      case Metric::kConversions:
        point.value = point.numerator = conversions;
        break;
      case Metric::kSpend:
        point.value = point.numerator = spend;
        break;
      case Metric::kCtr:
        point.numerator = clicks, point.denominator = impressions;
        if (impressions > 0) point.value = clicks / impressions;
        break;
      case Metric::kCpc:
        point.numerator = spend, point.denominator = clicks;
        if (clicks > 0) point.value = spend / clicks;
        break;
    }
    made.points.push_back(point);
  }
  return made;
}

}  // namespace maxopt::bench
