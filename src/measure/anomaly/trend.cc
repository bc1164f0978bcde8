#include <fmt/core.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <numeric>

#include "measure/anomaly/anomaly.h"

namespace maxopt {
namespace {

constexpr std::size_t kMostValues = 2000;
constexpr int kFewestValues = 8;
constexpr double kZ975 = 1.959963984540054;

double TwoSidedNormal(double z) { return std::erfc(std::abs(z) / std::sqrt(2.0)); }

/// P(T > t) of Student's t.
double UpperT(double t, double freedom) {
  const double tail = 0.5 * boost::math::ibeta(freedom / 2, 0.5, freedom / (freedom + t * t));
  return t > 0 ? tail : 1 - tail;
}
/// The t with P(T > t) = q, q below one half.
double TQuantile(double q, double freedom) {
  const double x = boost::math::ibeta_inv(freedom / 2, 0.5, 2 * q);
  return std::sqrt(freedom * (1 - x) / x);
}

double MedianOf(std::vector<double>& values) {
  const std::size_t n = values.size();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(n / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (n % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

}  // namespace

Result<Trend> DetectTrend(std::span<const std::optional<double>> values,
                          const TrendOptions& options) {
  if (options.period < 1) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("period is {}; it must be at least 1", options.period));
  }
  if (!(options.p_value_max > 0 && options.p_value_max < 1) || !(options.change_min >= 0)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("p_value_max is {} and change_min {}; they must be in (0, 1) and 0 or "
                            "above",
                            options.p_value_max, options.change_min));
  }
  if (values.size() > kMostValues) {
    return Fail(Errc::kInvalidArgument, fmt::format("{} values; a trend is judged over at most {}",
                                                    values.size(), kMostValues));
  }
  std::vector<std::pair<std::size_t, double>> points;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i] || !std::isfinite(*values[i])) continue;
    if (!options.logarithm) {
      points.emplace_back(i, *values[i]);
    } else if (*values[i] > 0) {
      points.emplace_back(i, std::log(*values[i]));
    }
  }
  Trend trend;
  trend.points = static_cast<int>(points.size());
  if (trend.points < kFewestValues) return trend;
  const auto wanted = static_cast<std::size_t>(options.period);
  const std::size_t period = values.size() >= 2 * wanted ? wanted : 1;

  double s = 0;
  std::vector<double> slopes;
  for (std::size_t j = 1; j < points.size(); ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      const std::size_t apart = points[j].first - points[i].first;
      if (apart % period != 0) continue;
      const double rise = points[j].second - points[i].second;
      s += rise > 0 ? 1 : rise < 0 ? -1 : 0;
      slopes.push_back(rise / static_cast<double>(apart));
    }
  }
  // Variance of S, phase by phase, with the correction for ties (Kendall 1975).
  const auto part = [](double n) { return n * (n - 1) * (2 * n + 5) / 18; };
  double variance = 0;
  for (std::size_t phase = 0; phase < period; ++phase) {
    std::vector<double> same;
    for (const auto& [at, x] : points) {
      if (at % period == phase) same.push_back(x);
    }
    variance += part(static_cast<double>(same.size()));
    std::sort(same.begin(), same.end());
    for (std::size_t i = 0; i < same.size();) {
      std::size_t j = i;
      while (j < same.size() && same[j] == same[i]) ++j;
      variance -= part(static_cast<double>(j - i));
      i = j;
    }
  }
  if (slopes.empty() || variance <= 0) return trend;
  const double slope = MedianOf(slopes);

  // Autocorrelation of what is left without trend and season, lag 1.
  std::vector<double> rest;
  for (const auto& [at, x] : points) rest.push_back(x - slope * static_cast<double>(at));
  for (std::size_t phase = 0; phase < period; ++phase) {
    std::vector<double> same;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (points[i].first % period == phase) same.push_back(rest[i]);
    }
    if (same.empty()) continue;
    const double middle = MedianOf(same);
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (points[i].first % period == phase) rest[i] -= middle;
    }
  }
  double product = 0;
  double square = 0;
  double size = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    size += points[i].second * points[i].second;
    square += rest[i] * rest[i];
    if (i > 0 && points[i].first == points[i - 1].first + 1) product += rest[i] * rest[i - 1];
  }
  const auto n = static_cast<double>(rest.size());
  // Short windows show too little of it: Kendall's bias, (1 + 3 rho) / n, is added back.
  // What is left of a straight line is rounding.
  double rho = 0;
  if (square > 1e-24 * size) {
    rho = product / square;
    rho = std::clamp(rho + (1 + 3 * rho) / n, 0.0, 0.9);
  }
  double inflation = 1;
  double power = rho;
  for (double lag = 1; lag < n && power > 1e-6; ++lag, power *= rho) {
    inflation += 2 * (1 - lag / n) * power;
  }
  variance *= inflation;
  const double sd = std::sqrt(variance);
  const double z = s > 0 ? (s - 1) / sd : s < 0 ? (s + 1) / sd : 0;

  std::sort(slopes.begin(), slopes.end());
  const auto pairs = static_cast<double>(slopes.size());
  const auto rank = [&](double r) {
    return slopes[static_cast<std::size_t>(std::clamp(std::round(r), 1.0, pairs)) - 1];
  };
  const double low = rank((pairs - kZ975 * sd) / 2);
  const double high = rank((pairs + kZ975 * sd) / 2 + 1);
  const auto shown = [&](double x) { return options.logarithm ? std::expm1(x) : x; };
  trend.judged = true;
  trend.slope = shown(slope);
  trend.slope_low95 = shown(low);
  trend.slope_high95 = shown(high);
  trend.change = shown(slope * static_cast<double>(points.back().first - points.front().first));
  trend.p_value = std::min(1.0, TwoSidedNormal(z));
  trend.direction = slope > 0 ? Direction::kUp : slope < 0 ? Direction::kDown : Direction::kNone;
  trend.found = trend.p_value <= options.p_value_max && slope * s > 0 &&
                std::abs(trend.change) >= options.change_min;
  return trend;
}

Result<Fatigue> DetectFatigue(std::span<const FatigueDay> days, const FatigueOptions& options) {
  if (!(options.p_value_max > 0 && options.p_value_max < 1) ||
      !(options.decline_min >= 0 && options.decline_min < 1) || !(options.responses_min >= 0)) {
    return Fail(Errc::kInvalidArgument,
                "p_value_max must be in (0, 1), decline_min in [0, 1), responses_min 0 or above");
  }
  double peers_shown = 0;
  double peers_answered = 0;
  bool frequencies = true;
  for (std::size_t i = 0; i < days.size(); ++i) {
    const FatigueDay& d = days[i];
    const auto pair = [](double shown, double answered) {
      return std::isfinite(shown) && answered >= 0 && answered <= shown;
    };
    if (!pair(d.impressions, d.responses) || !pair(d.peers_impressions, d.peers_responses)) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("day {}: responses must be 0 to impressions, of the ad ({} of {}) and "
                      "of its peers ({} of {})",
                      i, d.responses, d.impressions, d.peers_responses, d.peers_impressions));
    }
    if (d.frequency && !(std::isfinite(*d.frequency) && *d.frequency >= 1)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("day {}: frequency is {}; it must be 1 or above", i, *d.frequency));
    }
    peers_shown += d.peers_impressions;
    peers_answered += d.peers_responses;
    if (d.impressions > 0) frequencies = frequencies && d.frequency.has_value();
  }
  struct Row {
    double x, offset, y;
  };
  const bool against_peers = peers_answered >= 20;
  const double peers_rate = against_peers ? peers_answered / peers_shown : 1;
  const double prior = against_peers ? 20 / peers_rate : 0;  // 20 responses of the usual rate
  std::vector<Row> rows;
  double shown = 0;
  double answered = 0;
  for (const FatigueDay& d : days) {
    if (d.impressions <= 0) continue;
    // The middle of the day stands for it.
    const double x = frequencies ? std::log2(*d.frequency) : std::log2(shown + 0.5 * d.impressions);
    shown += d.impressions;
    answered += d.responses;
    const double rate =
        against_peers ? (d.peers_responses + 20) / (d.peers_impressions + prior) : 1.0;
    rows.push_back({x, d.impressions * rate, d.responses});
  }
  Fatigue fatigue;
  if (static_cast<int>(rows.size()) < std::max(options.days_min, 3)) {
    fatigue.why = fmt::format("{} days with impressions; {} are needed", rows.size(),
                              std::max(options.days_min, 3));
    return fatigue;
  }
  if (answered < options.responses_min || answered <= 0) {
    fatigue.why = fmt::format("{} responses; {} are needed", answered, options.responses_min);
    return fatigue;
  }
  double centre = 0;
  for (const Row& r : rows) centre += r.x / static_cast<double>(rows.size());
  double spread = 0;
  for (Row& r : rows) r.x -= centre, spread = std::max(spread, std::abs(r.x));
  if (spread < 0.1) {
    fatigue.why = "it has been shown about equally often on all days";
    return fatigue;
  }
  // Newton's method on the Poisson likelihood, which is concave; the slope starts at none.
  double offsets = 0;
  for (const Row& r : rows) offsets += r.offset;
  double a = std::log(answered / offsets);
  double b = 0;
  double saa = 0;
  double sab = 0;
  double sbb = 0;
  for (int round = 0; round < 50; ++round) {
    double ga = 0;
    double gb = 0;
    saa = sab = sbb = 0;
    for (const Row& r : rows) {
      const double mean = r.offset * std::exp(std::clamp(a + b * r.x, -50.0, 50.0));
      ga += r.y - mean, gb += (r.y - mean) * r.x;
      saa += mean, sab += mean * r.x, sbb += mean * r.x * r.x;
    }
    const double determinant = saa * sbb - sab * sab;
    if (!(determinant > 0)) break;
    const double da = std::clamp((sbb * ga - sab * gb) / determinant, -1.0, 1.0);
    const double db = std::clamp((saa * gb - sab * ga) / determinant, -1.0, 1.0);
    a += da, b += db;
    if (std::abs(da) + std::abs(db) < 1e-12) break;
  }
  const double determinant = saa * sbb - sab * sab;
  if (!(determinant > 0)) {
    fatigue.why = "nearly all impressions fell on one day";
    return fatigue;
  }
  double pearson = 0;
  for (const Row& r : rows) {
    const double mean = r.offset * std::exp(std::clamp(a + b * r.x, -50.0, 50.0));
    pearson += (r.y - mean) * (r.y - mean) / std::max(mean, 1e-9);
  }
  const double freedom = static_cast<double>(rows.size()) - 2;
  const double se = std::sqrt(std::max(1.0, pearson / freedom) * saa / determinant);
  const double t = TQuantile(0.025, freedom);
  const double reach = rows.back().x - rows.front().x;
  const auto lost = [&](double slope) { return -std::expm1(slope * reach); };
  fatigue.judged = true;
  fatigue.per_doubling = std::expm1(b);
  fatigue.decline = lost(b);
  fatigue.decline_low95 = std::min(lost(b + t * se), lost(b - t * se));
  fatigue.decline_high95 = std::max(lost(b + t * se), lost(b - t * se));
  fatigue.p_value = UpperT(-b / se, freedom);
  fatigue.found = fatigue.p_value <= options.p_value_max && fatigue.decline >= options.decline_min;
  fatigue.why = against_peers ? "against the other ads of its ad group"
                              : "against itself: its ad group has too few other responses";
  return fatigue;
}

}  // namespace maxopt
