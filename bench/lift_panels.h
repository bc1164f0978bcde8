#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "measure/lift/lift.h"

/// Panels of geos as advertisers have them, from a seed, with an effect whose true size is known.
namespace maxopt::bench {

enum class LiftFamily {
  kPlain,   // common level, week and noise
  kWeek,    // a week of its own in each geo
  kShocks,  // common shocks that geos feel to different degrees
  kTrends,  // a slope of its own in each geo
  kMemory,  // noise with memory of .5 to .8
  kHeavy,   // Student noise with 3 degrees of freedom
  kSizes,   // geos a hundred times larger than others
  kCounts,  // few sales a day, many days with none
  kLate,    // effect that builds up and lasts into a cooldown
  kFew,     // 4 to 6 geos, one treated
  kAll,     // everything at once
};
inline constexpr std::array kLiftFamilies = {
    LiftFamily::kPlain,  LiftFamily::kWeek,  LiftFamily::kShocks, LiftFamily::kTrends,
    LiftFamily::kMemory, LiftFamily::kHeavy, LiftFamily::kSizes,  LiftFamily::kCounts,
    LiftFamily::kLate,   LiftFamily::kFew,   LiftFamily::kAll};
inline constexpr std::array<std::string_view, 11> kLiftFamilyNames = {
    "plain", "own weeks", "shocks", "trends", "memory", "heavy tails",
    "sizes", "counts",    "late",   "few",    "all"};

struct LiftCase {
  GeoPanel panel;
  double att = 0;    ///< true: per treated geo and test day, what came in the cooldown included
  double lift = 0;   ///< att over the untreated mean of a test day
  double base = 0;   ///< sales per treated geo and test day without the treatment
  double iroas = 0;  ///< where there is spend
  bool has_spend = false;
};

/// `effect` false: the same panel with nothing done to it.
inline LiftCase MakeLiftCase(std::uint64_t seed, LiftFamily family, bool effect) {
  std::mt19937_64 random(seed * 1000003 + static_cast<std::uint64_t>(family));
  std::normal_distribution<double> normal;
  const auto uniform = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  const auto whole = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  const bool all = family == LiftFamily::kAll;
  const auto is = [&](LiftFamily f) { return family == f || all; };

  int geos = static_cast<int>(std::lround(std::exp(uniform(std::log(4.0), std::log(60.0)))));
  if (family == LiftFamily::kFew) geos = whole(4, 6);
  int treated = std::max(1, static_cast<int>(std::lround(geos * uniform(0.05, 0.5))));
  if (family == LiftFamily::kFew) treated = 1;
  const int pre = whole(28, 180), test = whole(7, 60);
  const bool late = family == LiftFamily::kLate || (all && whole(0, 1) == 1);
  const int cooldown = late ? whole(7, 14) : 0;
  const int days = pre + test + cooldown;
  double memory = uniform(0, 0.6);
  if (is(LiftFamily::kMemory)) memory = uniform(0.5, 0.8);
  const bool heavy = is(LiftFamily::kHeavy);
  const double size_spread = is(LiftFamily::kSizes) ? 1.4 : 0.5;
  const double week_size = uniform(0, 0.3);
  const double own_week = is(LiftFamily::kWeek) ? uniform(0.05, 0.2) : 0;
  const double slope_spread = is(LiftFamily::kTrends) ? uniform(0.05, 0.3) : 0;  // over the panel
  const double load_spread = is(LiftFamily::kShocks) ? 0.4 : 0;
  const double shock_size = is(LiftFamily::kShocks) ? uniform(0.05, 0.2) : uniform(0, 0.1);
  const double noise = uniform(0.03, 0.15);
  const bool counts = is(LiftFamily::kCounts);

  std::array<double, 7> week{};
  for (double& w : week) w = week_size * normal(random);
  std::vector<double> common(static_cast<std::size_t>(days));
  double state = normal(random) * shock_size;
  const double trend = uniform(-0.2, 0.3);
  for (int t = 0; t < days; ++t) {
    state = 0.8 * state + 0.6 * shock_size * normal(random);
    double holiday = whole(0, 39) == 0 ? 2 * shock_size * normal(random) : 0;
    common[static_cast<std::size_t>(t)] = state + holiday + trend * t / days;
  }
  // 2 to 20 %, up or down.
  const double size = uniform(0.02, 0.2) * (whole(0, 4) == 0 ? -1 : 1) * (effect ? 1 : 0);
  const double carry = late ? uniform(0.5, 0.8) : 0;
  LiftCase out;
  out.has_spend = whole(0, 1) == 1;
  const bool spent_before = whole(0, 1) == 1;

  for (int t = 0; t < days; ++t) {
    out.panel.days.push_back(19000 + t);
    out.panel.periods.push_back(t < pre          ? TestPeriod::kPre
                                : t < pre + test ? TestPeriod::kTest
                                                 : TestPeriod::kCooldown);
  }
  std::vector<int> order(static_cast<std::size_t>(geos));
  for (int g = 0; g < geos; ++g) order[static_cast<std::size_t>(g)] = g;
  std::shuffle(order.begin(), order.end(), random);
  double gained = 0, base_sum = 0, extra_spend = 0;
  for (int g = 0; g < geos; ++g) {
    GeoPanel::Geo geo;
    geo.name = "g" + std::to_string(g);
    geo.treated = order[static_cast<std::size_t>(g)] < treated;
    const double level = (counts ? 8.0 : 5000.0) * std::exp(size_spread * normal(random));
    const double load = std::max(0.0, 1 + load_spread * normal(random));
    const double slope = slope_spread * normal(random);
    const double own = noise * std::exp(0.3 * normal(random));
    std::array<double, 7> own_days{};
    for (double& w : own_days) w = own_week * normal(random);
    double u = normal(random);
    double late_effect = 0;
    const double own_size = size * (1 + 0.2 * normal(random));
    std::student_t_distribution<double> student(3);
    for (int t = 0; t < days; ++t) {
      const double shock = heavy ? student(random) / std::numbers::sqrt3 : normal(random);
      u = memory * u + std::sqrt(1 - memory * memory) * shock;
      const std::size_t d = static_cast<std::size_t>((19000 + t) % 7);
      const double expected =
          level * std::exp(load * common[static_cast<std::size_t>(t)] + week[d] + own_days[d] +
                           slope * t / days + own * std::clamp(u, -8.0, 8.0));
      const bool on = geo.treated && t >= pre && t < pre + test;
      late_effect = carry * late_effect + (1 - carry) * (on ? own_size : 0);
      double sales = expected, more = late_effect * expected;
      if (counts) {
        sales = std::poisson_distribution<int>(std::min(expected, 1e6))(random);
        const double change = std::abs(more);
        double moved = change > 0 ? std::poisson_distribution<int>(change)(random) : 0;
        if (more < 0) moved = -std::min(moved, sales);
        more = moved;
      }
      if (geo.treated && t >= pre) {
        gained += more;
        if (t < pre + test) base_sum += sales;
      }
      geo.sales.emplace_back(sales + more);
      if (out.has_spend) {
        double spend = spent_before ? level * 0.05 * (1 + 0.05 * normal(random)) : 0;
        if (on) {
          const double extra = level * 0.05;
          extra_spend += extra;
          spend += extra;
        }
        geo.spend.emplace_back(spend);
      }
    }
    out.panel.geos.push_back(std::move(geo));
  }
  out.att = gained / (treated * test);
  out.base = base_sum / (treated * test);
  out.lift = base_sum > 0 ? gained / base_sum : 0;
  out.iroas = extra_spend > 0 ? gained / extra_spend : 0;
  return out;
}

inline constexpr std::array<std::string_view, 5> kLiftSeriesNames = {
    "covariates", "memory", "wandering level", "week and trend", "no covariate"};

struct LiftSeriesCase {
  LiftSeries series;
  double att = 0;   ///< true, per step
  double base = 0;  ///< mean of y without the treatment
};
/// One series of a family of kLiftSeriesNames with an effect of 2 to 20 %, or none.
inline LiftSeriesCase MakeLiftSeriesCase(std::uint64_t seed, std::size_t family, bool effect) {
  std::mt19937_64 random(seed * 7919 + family);
  std::normal_distribution<double> normal;
  const auto uniform = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  const auto whole = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  const int pre = whole(28, 180), test = whole(7, 60), days = pre + test;
  LiftSeriesCase out;
  out.series.from = static_cast<std::size_t>(pre);
  const int covariates = family == 4 ? 0 : whole(1, 6);
  const double noise = uniform(0.03, 0.15), loading = uniform(0.05, 0.2);
  const double memory = family == 1 ? uniform(0.4, 0.9) : 0;
  const double wander = family == 2 ? noise * uniform(0.1, 0.4) : 0;
  const double trend = family == 3 ? uniform(-0.3, 0.3) : 0;
  std::array<double, 7> week{};
  for (double& w : week) w = family >= 3 ? 0.15 * normal(random) : 0;
  for (int c = 0; c < covariates; ++c) {
    out.series.covariates.push_back({"x" + std::to_string(c), {}});
  }
  const double size = uniform(0.02, 0.2) * (effect ? 1 : 0);
  double u = normal(random), level = 0, sum = 0, gained = 0;
  std::vector<double> x(static_cast<std::size_t>(covariates), 0);
  for (int t = 0; t < days; ++t) {
    for (int c = 0; c < covariates; ++c) {
      double& value = x[static_cast<std::size_t>(c)];
      value = 0.7 * value + 0.71 * normal(random);
      out.series.covariates[static_cast<std::size_t>(c)].values.push_back(50 + 10 * value);
    }
    u = memory * u + std::sqrt(1 - memory * memory) * normal(random);
    level += wander * normal(random);
    // The first covariate matters, and the second half as much; the others are idle.
    const double moved =
        (covariates > 0 ? loading * x[0] : 0) + (covariates > 1 ? loading / 2 * x[1] : 0);
    const double y = 1000 * (1 + moved + noise * u + level + trend * t / days +
                             week[static_cast<std::size_t>(t % 7)]);
    const double more = t >= pre ? size * y : 0;
    out.series.y.push_back(y + more);
    if (t >= pre) sum += y, gained += more;
  }
  out.att = gained / test;
  out.base = sum / test;
  return out;
}

}  // namespace maxopt::bench
