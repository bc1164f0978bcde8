#include <fmt/core.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "measure/anomaly/anomaly.h"

namespace maxopt {
namespace {

// Errors of the special functions come back as numbers, which are then bounded.
using Quiet = boost::math::policies::policy<
    boost::math::policies::domain_error<boost::math::policies::ignore_error>,
    boost::math::policies::pole_error<boost::math::policies::ignore_error>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::evaluation_error<boost::math::policies::ignore_error>,
    boost::math::policies::promote_double<false>>;

constexpr double kLevelHalfLifeDays = 14;     // two weeks: the platforms' own learning horizon
constexpr double kSeasonHalfLifeDays = 56;    // eight visits of a weekday
constexpr double kSeasonPrior = 2;            // points' worth of "no season"
constexpr double kDispersionPrior = 0.02;     // 14 % from day to day before anything is known ...
constexpr double kDispersionPriorPoints = 7;  // ... worth a week of points
constexpr double kHolidayPrior = 0.1;         // variance of a holiday's factor
constexpr double kFar = 4;                    // standard deviations
constexpr int kMoved = 4;                     // points in a row that make a new level
constexpr double kDriftGain = 0.2;            // an EWMA chart of Roberts 1959
constexpr int kExactTerms = 500;

bool IsRatio(AdMeasure m) { return m != AdMeasure::kCount && m != AdMeasure::kMoney; }
bool IsMoney(AdMeasure m) { return m == AdMeasure::kMoney || m == AdMeasure::kMoneyPerUnit; }
double Chance(double p) { return std::isfinite(p) ? std::clamp(p, 0.0, 1.0) : 1.0; }

/// P(X <= x) of the beta-binomial with n trials; x from -1 to n. Sums from the nearer end.
double BetaBinomialAtMost(double x, double n, double a, double b) {
  if (x < 0) return 0;
  if (x >= n) return 1;
  if (x > n - 1 - x) return 1 - BetaBinomialAtMost(n - 1 - x, n, b, a);
  if (x <= kExactTerms) {
    double term =
        std::exp(std::lgamma(n + b) + std::lgamma(a + b) - std::lgamma(n + a + b) - std::lgamma(b));
    double sum = term;
    for (double i = 0; i < x; ++i) {
      term *= (n - i) / (i + 1) * (a + i) / (n - i - 1 + b);
      sum += term;
    }
    return Chance(sum);
  }
  // A beta of the same mean and variance, half a count further.
  const double r = a / (a + b);
  const double variance = r * (1 - r) * (1 + (n - 1) / (a + b + 1)) / n;
  const double size = r * (1 - r) / variance - 1;
  return Chance(boost::math::ibeta(r * size, (1 - r) * size, (x + 0.5) / n, Quiet()));
}

std::unexpected<Error> Wrong(std::string_view field, double value, std::string_view range) {
  return Fail(Errc::kInvalidArgument, fmt::format("{} is {}; it must be {}", field, value, range));
}

}  // namespace

std::string_view AdMeasureName(AdMeasure measure) {
  switch (measure) {
    case AdMeasure::kCount:
      return "count";
    case AdMeasure::kMoney:
      return "money";
    case AdMeasure::kProportion:
      return "proportion";
    case AdMeasure::kCountPerUnit:
      return "count_per_unit";
    case AdMeasure::kMoneyPerUnit:
      return "money_per_unit";
  }
  Bug();
}

Result<void> AdSeries::Check(const AdPoint& p) const {
  if (p.hour < 0 || p.hour > 23) return Wrong("hour", p.hour, "0 to 23");
  if (p.weekday < 0 || p.weekday > 6) return Wrong("weekday", p.weekday, "0 (Monday) to 6");
  if (p.missing) return {};
  if (!(p.value >= 0) || p.value > 1e15) return Wrong("value", p.value, "0 to 1e15");
  if (!(p.maturity > 0) || p.maturity > 1) return Wrong("maturity", p.maturity, "in (0, 1]");
  if (!IsRatio(options_.measure)) return {};
  if (!(p.denominator >= 0) || p.denominator > 1e15) {
    return Wrong("denominator", p.denominator, "0 to 1e15");
  }
  if (options_.measure == AdMeasure::kProportion && p.value > p.denominator) {
    return Wrong("value", p.value, fmt::format("at most its denominator, {}", p.denominator));
  }
  return {};
}

double AdSeries::Factor(const Cell& cell) const {
  // The prior is worth so many average points of the level.
  const double prior = kSeasonPrior * (weight_ > 0 ? sum_value_ / weight_ : 0);
  const double factor = (cell.seen + prior) / (cell.expected + prior);
  return std::isfinite(factor) ? std::max(factor, 1e-3) : 1.0;
}

AdSeries::Forecast AdSeries::Expect(const AdPoint& p) const {
  Forecast f;
  const double exposure = IsRatio(options_.measure) ? p.denominator : 1.0;
  const Cell& weekday = weekdays_[static_cast<std::size_t>(p.weekday)];
  const Cell& hour = hours_[static_cast<std::size_t>(p.hour)];
  double factor = Factor(weekday);
  double visits = weekday.visits;
  if (options_.hourly) factor *= Factor(hour), visits = std::min(visits, hour.visits);
  if (p.holiday) factor *= Factor(holidays_);
  f.exposure = exposure * p.maturity * factor;
  // Half a count is added, so that a series of zeros still has a rate (Jeffreys).
  const double seen = sum_value_ + (IsMoney(options_.measure) ? 0.0 : 0.5);
  f.mean = sum_exposure_ > 0 ? seen / sum_exposure_ * f.exposure : 0;
  double k = (excess_ + kDispersionPrior * kDispersionPriorPoints) /
             (excess_scale_ + kDispersionPriorPoints);
  k = std::clamp(k, 1e-5, 4.0);
  if (options_.measure == AdMeasure::kProportion) {
    f.mean = std::min(f.mean, 0.999 * exposure);
    f.chance = f.mean * (1 - f.mean / std::max(exposure, 1e-300));
  } else if (!IsMoney(options_.measure)) {
    f.chance = f.mean;
  } else if (weight_ > 0 && exposure > 0 && IsRatio(options_.measure)) {
    k *= std::max(1.0, sum_denominator_ / weight_ / exposure);
  }
  // Level and factor are estimates of so many points; what is still to mature is a guess.
  const double own = k + (f.mean > 0 ? f.chance / (f.mean * f.mean) : 0);
  const double unknown = k / (weight_ + 1) + k / (visits + kSeasonPrior);
  const double immature = 0.25 * (1 - p.maturity) * (1 - p.maturity);
  const double level =
      weight_ > 0 && sum_value_ > 0 && !IsMoney(options_.measure) ? 1 / (sum_value_ + 0.5) : 0;
  // A holiday may be a third more or less until it was seen, and each is a little different.
  const double holiday = p.holiday ? kHolidayPrior / (holidays_.visits + 1) : 0;
  f.k = k + std::min(unknown + level, own) + immature + holiday;
  return f;
}

double AdSeries::Upper(const AdPoint& p, const Forecast& f) const {
  if (p.value <= 0) return 1;
  const double x = p.value;
  if (IsMoney(options_.measure)) {
    return Chance(boost::math::gamma_q(1 / f.k, x / (f.mean * f.k), Quiet()));
  }
  if (options_.measure == AdMeasure::kProportion) {
    const double n = std::round(p.denominator);
    const double r = f.mean / p.denominator;
    const double rho = std::min(f.k * r / (1 - r), 0.999);
    const double size = 1 / rho - 1;
    return 1 - BetaBinomialAtMost(std::floor(x) - 1, n, r * size, (1 - r) * size);
  }
  return Chance(boost::math::ibeta(x, 1 / f.k, f.mean * f.k / (1 + f.mean * f.k), Quiet()));
}

double AdSeries::Lower(const AdPoint& p, const Forecast& f) const {
  const double x = p.value;
  if (IsMoney(options_.measure)) {
    // A gamma never gives zero; nothing at all is as likely as a hundredth of the mean.
    return Chance(boost::math::gamma_p(1 / f.k, std::max(x / f.mean, 0.01) / f.k, Quiet()));
  }
  if (options_.measure == AdMeasure::kProportion) {
    const double n = std::round(p.denominator);
    const double r = f.mean / p.denominator;
    const double rho = std::min(f.k * r / (1 - r), 0.999);
    const double size = 1 / rho - 1;
    return BetaBinomialAtMost(std::ceil(x), n, r * size, (1 - r) * size);
  }
  return Chance(boost::math::ibetac(x + 1, 1 / f.k, f.mean * f.k / (1 + f.mean * f.k), Quiet()));
}

Result<Judgement> AdSeries::Judge(const AdPoint& p) const {
  MAXOPT_CHECK(Check(p));
  Judgement j;
  const bool ratio = IsRatio(options_.measure);
  if (p.missing || (ratio && p.denominator <= 0)) return j;
  const double unit = ratio ? p.denominator : 1.0;
  j.observed = p.value / unit;
  if (points_ < (options_.hourly ? 72 : 14)) return j;
  const Forecast f = Expect(p);
  j.judged = true;
  j.expected = f.mean / unit;
  if (!(f.mean > 0)) {
    // Money where there never was any: the rule of succession says how likely a first time is.
    if (p.value > 0) {
      j.p_value = 1.0 / (points_ + 2);
      j.direction = Direction::kUp;
      j.kind = AnomalyKind::kSpike;
      j.magnitude = p.value;
    }
    return j;
  }
  const double variance = f.Variance();
  if (options_.measure == AdMeasure::kProportion) {
    const double r = j.expected;
    const double size = std::max(r * (1 - r) * unit * unit / variance - 1, 1e-6);
    j.low95 = boost::math::ibeta_inv(r * size, (1 - r) * size, 0.025, Quiet());
    j.high95 = boost::math::ibeta_inv(r * size, (1 - r) * size, 0.975, Quiet());
  } else {
    const double shape = f.mean * f.mean / variance;
    j.low95 = boost::math::gamma_p_inv(shape, 0.025, Quiet()) * variance / f.mean / unit;
    j.high95 = boost::math::gamma_p_inv(shape, 0.975, Quiet()) * variance / f.mean / unit;
  }
  const double upper = Upper(p, f);
  const double lower = Lower(p, f);
  j.p_value = std::min(1.0, 2 * std::min(upper, lower));
  j.deviation = p.value / f.mean - 1;
  j.magnitude = std::abs(p.value - f.mean);
  j.direction = p.value > f.mean   ? Direction::kUp
                : p.value < f.mean ? Direction::kDown
                                   : Direction::kNone;
  const bool up = j.direction == Direction::kUp;
  const double drift_limit = 3 * std::sqrt(kDriftGain / (2 - kDriftGain));
  if (p.value == 0) {
    j.kind = AnomalyKind::kZero;
  } else if (j.p_value < 0.05 && (up ? run_ >= 2 : run_ <= -2)) {
    j.kind = AnomalyKind::kLevelShift;
  } else if (run_ == 0 && (up ? drift_ > drift_limit : drift_ < -drift_limit)) {
    j.kind = AnomalyKind::kTrendBreak;
  } else {
    j.kind = up ? AnomalyKind::kSpike : AnomalyKind::kDip;
  }
  return j;
}

Result<void> AdSeries::Learn(const AdPoint& p) {
  MAXOPT_CHECK(Check(p));
  if (last_ && p.at <= *last_) {
    return Fail(Errc::kInvalidArgument, fmt::format("{} is not after {}; learn in order of time",
                                                    PrintInstant(p.at), PrintInstant(*last_)));
  }
  last_ = p.at;
  const bool ratio = IsRatio(options_.measure);
  if (p.missing || (ratio && p.denominator <= 0)) return {};
  const double per_day = options_.hourly ? 24 : 1;
  const Forecast f = Expect(p);
  double kept = p.value;
  const bool known = points_ >= 7 * per_day && f.mean > 0;
  if (known) {
    const double variance = f.Variance();
    const double sd = std::sqrt(variance);
    const double low = Lower(p, f);
    const double high = Upper(p, f);
    const int side = high < 0.025 ? 1 : low < 0.025 ? -1 : 0;
    if (side == 0 || (side > 0) != (run_ > 0) || run_ == 0) run_value_ = run_exposure_ = 0;
    run_ = side == 0 ? 0 : (run_ != 0 && (side > 0) == (run_ > 0) ? run_ + side : side);
    if (side != 0) run_value_ += p.value, run_exposure_ += f.exposure;
    kept = std::clamp(p.value, std::max(0.0, f.mean - kFar * sd), f.mean + kFar * sd);
    const double error = kept - f.mean;
    drift_ += kDriftGain * (std::clamp(error / sd, -3.0, 3.0) - drift_);
    // Moments: E (x - m)^2 = chance + k m^2; points count by how much they tell about k.
    const double tells = f.mean / (f.mean + 1 / std::max(f.k, 1e-3));
    const double forget = std::exp2(-1 / (2 * kLevelHalfLifeDays * per_day));
    const double usual = ratio && IsMoney(options_.measure) && weight_ > 0 && p.denominator > 0
                             ? std::max(1.0, sum_denominator_ / weight_ / p.denominator)
                             : 1.0;
    const double w = IsMoney(options_.measure) ? 1.0 : tells;
    excess_ = forget * excess_ + w * (error * error - f.chance) / (f.mean * f.mean) / usual;
    excess_scale_ = forget * excess_scale_ + w;
  }
  const double level_forget = std::exp2(-1 / (kLevelHalfLifeDays * per_day));
  const double season_forget = std::exp2(-1 / (kSeasonHalfLifeDays * per_day));
  const double exposure = f.exposure > 0 ? f.exposure : (ratio ? p.denominator : 1.0) * p.maturity;
  if (known) {
    const auto take = [&](Cell& cell) {
      cell.seen += kept;
      cell.expected += f.mean / Factor(cell);
      cell.visits += 1;
    };
    const auto forget = [&](Cell& cell) {
      cell.seen *= season_forget, cell.expected *= season_forget, cell.visits *= season_forget;
    };
    for (Cell& cell : weekdays_) forget(cell);
    if (options_.hourly) {
      for (Cell& cell : hours_) forget(cell);
      take(hours_[static_cast<std::size_t>(p.hour)]);
    }
    take(weekdays_[static_cast<std::size_t>(p.weekday)]);
    if (p.holiday) take(holidays_);
  }
  sum_value_ = level_forget * sum_value_ + kept;
  sum_exposure_ = level_forget * sum_exposure_ + exposure;
  sum_denominator_ = level_forget * sum_denominator_ + (ratio ? p.denominator : 1.0);
  weight_ = level_forget * weight_ + 1;
  if (std::abs(run_) >= kMoved && run_exposure_ > 0) {
    // The new level is what these points say; they weigh as many points as they are.
    const double points = std::abs(run_);
    const double share = points / weight_;
    sum_value_ = run_value_, sum_exposure_ = run_exposure_;
    sum_denominator_ *= share;
    weight_ = points;
    run_ = 0, run_value_ = run_exposure_ = 0, drift_ = 0;
  }
  ++points_;
  return {};
}

}  // namespace maxopt
