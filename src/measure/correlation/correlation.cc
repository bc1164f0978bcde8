#include "measure/correlation/correlation.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <numeric>

namespace maxopt {
namespace {

using Values = std::vector<std::optional<double>>;

double TwoSided(double z) { return 2 * boost::math::cdf(boost::math::normal(), -std::abs(z)); }

Values Differences(const Values& values, int season) {
  Values out(values.size());
  const auto lag = static_cast<std::size_t>(season);
  for (std::size_t t = lag; t < values.size(); ++t) {
    if (values[t] && values[t - lag]) out[t] = *values[t] - *values[t - lag];
  }
  return out;
}

int Known(const Values& values) {
  return static_cast<int>(
      std::ranges::count_if(values, [](const auto& v) { return v.has_value(); }));
}

/// Residuals of an autoregression fitted by least squares over the days whose past is known; the
/// order is the one of the smallest AIC over the same days. Absent where the past is not known.
Values Whiten(const Values& values, int order_max) {
  std::vector<std::size_t> rows;
  const auto most = static_cast<std::size_t>(order_max);
  for (std::size_t t = most; t < values.size(); ++t) {
    bool whole = values[t].has_value();
    for (std::size_t k = 1; k <= most; ++k) whole = whole && values[t - k].has_value();
    if (whole) rows.push_back(t);
  }
  const auto n = static_cast<Eigen::Index>(rows.size());
  Eigen::VectorXd best;
  double best_aic = 0;
  int best_order = -1;
  for (int order = 0; order <= order_max && n > 3 * (order_max + 1); ++order) {
    Eigen::MatrixXd x(n, order + 1);
    Eigen::VectorXd y(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      const std::size_t t = rows[static_cast<std::size_t>(i)];
      y(i) = *values[t];
      x(i, 0) = 1;
      for (int k = 1; k <= order; ++k) x(i, k) = *values[t - static_cast<std::size_t>(k)];
    }
    const Eigen::VectorXd beta = x.colPivHouseholderQr().solve(y);
    const double rss = (y - x * beta).squaredNorm();
    const double aic =
        static_cast<double>(n) * std::log(std::max(rss, 1e-300) / static_cast<double>(n)) +
        2 * (order + 1);
    if (best_order >= 0 && aic >= best_aic) continue;
    best = beta;
    best_aic = aic;
    best_order = order;
  }
  Values out(values.size());
  if (best_order < 0) return out;
  for (std::size_t t = static_cast<std::size_t>(best_order); t < values.size(); ++t) {
    if (!values[t]) continue;
    double expected = best(0);
    bool whole = true;
    for (int k = 1; k <= best_order && whole; ++k) {
      const auto& past = values[t - static_cast<std::size_t>(k)];
      whole = past.has_value();
      if (whole) expected += best(k) * *past;
    }
    if (whole) out[t] = *values[t] - expected;
  }
  return out;
}

/// Without a straight trend and the mean of each day of the season. Differences by the season would
/// leave a moving average that no autoregression of this length can take out.
Values Deseason(const Values& values, int season) {
  const auto n = static_cast<Eigen::Index>(Known(values));
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(n, season + 1);
  Eigen::VectorXd y(n);
  Eigen::Index row = 0;
  for (std::size_t t = 0; t < values.size(); ++t) {
    if (!values[t]) continue;
    x(row, static_cast<Eigen::Index>(t % static_cast<std::size_t>(season))) = 1;
    x(row, season) = static_cast<double>(t) / static_cast<double>(values.size());
    y(row++) = *values[t];
  }
  const Eigen::VectorXd rest = y - x * x.colPivHouseholderQr().solve(y);
  Values out(values.size());
  row = 0;
  for (std::size_t t = 0; t < values.size(); ++t) {
    if (values[t]) out[t] = rest(row++);
  }
  return out;
}

Values Surprises(const Values& values, const CorrelationOptions& options) {
  return Whiten(Deseason(values, options.season_days), options.season_days);
}

/// Autocorrelations at lags 1..lag_max, over the pairs of days that are known.
std::vector<double> Autocorrelations(const Values& values, int lag_max) {
  double mean = 0;
  double variance = 0;
  const int known = Known(values);
  for (const auto& value : values) mean += value.value_or(0) / known;
  for (const auto& value : values) {
    if (value) variance += (*value - mean) * (*value - mean);
  }
  std::vector<double> all;
  for (std::size_t lag = 1; lag <= static_cast<std::size_t>(lag_max); ++lag) {
    double sum = 0;
    for (std::size_t t = lag; t < values.size(); ++t) {
      if (values[t] && values[t - lag]) sum += (*values[t] - mean) * (*values[t - lag] - mean);
    }
    all.push_back(variance > 0 ? sum / variance : 0);
  }
  return all;
}

double MedianOf(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}
/// Median, and 1.4826 times the median distance from it: the spread of a normal sample.
std::pair<double, double> RobustSpread(const std::vector<double>& values) {
  const double center = MedianOf(values);
  std::vector<double> away;
  for (const double value : values) away.push_back(std::abs(value - center));
  return {center, 1.4826 * MedianOf(std::move(away))};
}

/// Why a series cannot be judged; empty: it can.
std::string Lacking(const DailySeries& series, const CorrelationOptions& options) {
  const int known = Known(series.values);
  if (known < options.days_min) {
    return fmt::format("{}: {} days are known, {} are needed", series.name, known,
                       options.days_min);
  }
  double low = INFINITY;
  double high = -INFINITY;
  for (const auto& value : series.values) {
    if (value) low = std::min(low, *value), high = std::max(high, *value);
  }
  if (!(high > low) || !std::isfinite(high - low)) return series.name + ": it never changes";
  return {};
}

}  // namespace

std::vector<double> AdjustHolm(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  std::vector<double> adjusted(p_values.size());
  double before = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    before = std::max(before, static_cast<double>(order.size() - i) * p_values[order[i]]);
    adjusted[order[i]] = std::min(1., before);
  }
  return adjusted;
}

Judged<LeadLag> LeadsAndLags(std::span<const DailySeries> series,
                             const CorrelationOptions& options) {
  Judged<LeadLag> judged;
  std::vector<const DailySeries*> fit;
  std::vector<Values> surprises;
  for (const DailySeries& one : series) {
    if (std::string why = Lacking(one, options); !why.empty()) {
      judged.not_judged.push_back(std::move(why));
      continue;
    }
    fit.push_back(&one);
    surprises.push_back(Surprises(one.values, options));
  }
  std::vector<LeadLag> all;  // every lag of every pair
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t a = 0; a < fit.size(); ++a) {
    for (std::size_t b = a + 1; b < fit.size(); ++b) {
      const std::size_t begin = all.size();
      // What whitening left: never taken as more evidence than the days are.
      const std::vector<double> ra = Autocorrelations(surprises[a], 2 * options.season_days);
      const std::vector<double> rb = Autocorrelations(surprises[b], 2 * options.season_days);
      const double inflation =
          std::max(1., 1 + 2 * std::inner_product(ra.begin(), ra.end(), rb.begin(), 0.));
      for (int lag = -options.lag_days_max; lag <= options.lag_days_max; ++lag) {
        std::vector<double> x, y;
        for (std::size_t t = 0; t < surprises[a].size(); ++t) {
          const auto u = static_cast<std::ptrdiff_t>(t) + lag;
          if (u < 0 || u >= static_cast<std::ptrdiff_t>(surprises[b].size())) continue;
          const auto& value = surprises[b][static_cast<std::size_t>(u)];
          if (!surprises[a][t] || !value) continue;
          x.push_back(*surprises[a][t]);
          y.push_back(*value);
        }
        const auto n = static_cast<Eigen::Index>(x.size());
        if (static_cast<int>(n) < options.days_min - 3 * options.season_days || n < 8) continue;
        const Eigen::ArrayXd vx = Eigen::Map<Eigen::ArrayXd>(x.data(), n);
        const Eigen::ArrayXd vy = Eigen::Map<Eigen::ArrayXd>(y.data(), n);
        const Eigen::ArrayXd dx = vx - vx.mean();
        const Eigen::ArrayXd dy = vy - vy.mean();
        const double scale = std::sqrt(dx.square().sum() * dy.square().sum());
        if (!(scale > 0)) continue;
        LeadLag one;
        one.first = fit[a]->name;
        one.second = fit[b]->name;
        one.lag_days = lag;
        one.days = static_cast<int>(n);
        one.r = std::clamp((dx * dy).sum() / scale, -1., 1.);
        const double z = std::atanh(std::clamp(one.r, -1 + 1e-12, 1 - 1e-12));
        const double se = std::sqrt(inflation / (static_cast<double>(n) - 3));
        one.p_value = TwoSided(z / se);
        one.r_low = std::tanh(z - 1.959963984540054 * se);
        one.r_high = std::tanh(z + 1.959963984540054 * se);
        all.push_back(one);
      }
      if (all.size() == begin) {
        judged.not_judged.push_back(
            fmt::format("{} and {}: too few days are known of both", fit[a]->name, fit[b]->name));
      } else {
        pairs.emplace_back(begin, all.size());
      }
    }
  }
  std::vector<double> p;
  for (const LeadLag& one : all) p.push_back(one.p_value);
  const std::vector<double> adjusted = AdjustHolm(p);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].p_adjusted = adjusted[i];
    all[i].significant = adjusted[i] < options.alpha;
  }
  for (const auto& [begin, end] : pairs) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto to = all.begin() + static_cast<std::ptrdiff_t>(end);
    judged.findings.push_back(*std::ranges::min_element(from, to, {}, &LeadLag::p_value));
  }
  return judged;
}

SharedShocks FindSharedShocks(std::span<const DailySeries> series,
                              const CorrelationOptions& options) {
  SharedShocks shocks;
  std::vector<Values> z;
  std::size_t length = 0;
  for (const DailySeries& one : series) {
    if (std::string why = Lacking(one, options); !why.empty()) {
      shocks.not_judged.push_back(std::move(why));
      continue;
    }
    Values values = Surprises(one.values, options);
    std::vector<double> known;
    for (const auto& value : values) {
      if (value) known.push_back(*value);
    }
    const auto [center, spread] = RobustSpread(known);
    if (!(spread > 0)) {
      shocks.not_judged.push_back(one.name + ": its changes are mostly none");
      continue;
    }
    for (auto& value : values) {
      if (value) value = (*value - center) / spread;
    }
    length = std::max(length, values.size());
    z.push_back(std::move(values));
  }
  if (z.size() < 3) {
    shocks.not_judged.push_back(
        fmt::format("shared shocks need three series with enough days; there are {}", z.size()));
    return shocks;
  }
  std::vector<SharedShock> days;
  std::vector<double> means;
  std::vector<std::size_t> whole;  // days on which all are known
  for (std::size_t t = 0; t < length; ++t) {
    SharedShock day;
    day.day = static_cast<int>(t);
    double sum = 0;
    for (const Values& values : z) {
      if (t >= values.size() || !values[t]) continue;
      ++day.series;
      sum += *values[t];
    }
    if (day.series == static_cast<int>(z.size())) whole.push_back(t);
    if (day.series < 3) continue;
    const double mean = sum / day.series;
    for (const Values& values : z) {
      if (t < values.size() && values[t]) day.same_way += *values[t] * (mean < 0 ? -1 : 1) > 1;
    }
    day.z = mean;
    means.push_back(mean);
    days.push_back(day);
  }
  const auto [center, spread] = RobustSpread(means);
  if (!(spread > 0)) return shocks;
  std::vector<double> p;
  for (SharedShock& day : days) {
    day.z = (day.z - center) / spread;
    p.push_back(TwoSided(day.z));
  }
  const std::vector<double> adjusted = AdjustHolm(p);
  for (std::size_t i = 0; i < days.size(); ++i) {
    days[i].p_adjusted = adjusted[i];
    if (adjusted[i] < options.alpha && 3 * days[i].same_way >= 2 * days[i].series) {
      shocks.days.push_back(days[i]);
    }
  }
  if (static_cast<int>(whole.size()) >= options.days_min - 3 * options.season_days) {
    const auto m = static_cast<Eigen::Index>(z.size());
    Eigen::MatrixXd matrix(static_cast<Eigen::Index>(whole.size()), m);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (std::size_t k = 0; k < z.size(); ++k) {
        matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(k)) = *z[k][whole[i]];
      }
    }
    matrix.rowwise() -= matrix.colwise().mean().eval();
    const Eigen::VectorXd norms = matrix.colwise().norm();
    if ((norms.array() > 0).all()) {
      for (Eigen::Index k = 0; k < m; ++k) matrix.col(k) /= norms(k);
      const Eigen::MatrixXd correlation = matrix.transpose() * matrix;
      const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(correlation);
      shocks.factor_share = solver.eigenvalues().maxCoeff() / static_cast<double>(m);
    }
  }
  return shocks;
}

Judged<Cannibalisation> FindCannibalisation(std::span<const PlatformDays> platforms,
                                            const DailySeries& demand,
                                            const CorrelationOptions& options) {
  constexpr double kSpreadMin = 0.05;
  Judged<Cannibalisation> judged;
  const auto logs = [&](const Values& values) {
    Values out(values.size());
    for (std::size_t t = 0; t < values.size(); ++t) {
      if (values[t] && *values[t] > 0) out[t] = std::log(*values[t]);
    }
    return Differences(out, options.season_days);
  };
  const Values all = logs(demand.values);
  std::vector<double> p;
  for (const PlatformDays& spender : platforms) {
    const Values x = logs(spender.spend.values);
    for (const PlatformDays& loser : platforms) {
      if (&spender == &loser) continue;
      const Values own = logs(loser.spend.values);
      const Values y = logs(loser.results.values);
      std::vector<std::size_t> rows;
      for (std::size_t t = 0; t < std::min({x.size(), own.size(), y.size(), all.size()}); ++t) {
        if (x[t] && own[t] && y[t] && all[t]) rows.push_back(t);
      }
      const std::string pair =
          fmt::format("spend of {} and results of {}", spender.spend.name, loser.spend.name);
      const auto n = static_cast<Eigen::Index>(rows.size());
      if (static_cast<int>(n) < options.days_min - options.season_days) {
        judged.not_judged.push_back(fmt::format(
            "{}: {} days have spend and results on both, demand, and the same a week before; {} "
            "are needed",
            pair, n, options.days_min - options.season_days));
        continue;
      }
      Eigen::MatrixXd design(n, 4);
      Eigen::VectorXd target(n);
      for (Eigen::Index i = 0; i < n; ++i) {
        const std::size_t t = rows[static_cast<std::size_t>(i)];
        design.row(i) << 1, *x[t], *own[t], *all[t];
        target(i) = *y[t];
      }
      const Eigen::VectorXd spend = design.col(1).array() - design.col(1).mean();
      if (spend.norm() / std::sqrt(static_cast<double>(n)) < kSpreadMin) {
        judged.not_judged.push_back(pair + ": the spend hardly varied from week to week");
        continue;
      }
      const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> solver(design);
      if (solver.rank() < 4) {
        judged.not_judged.push_back(pair +
                                    ": spend and demand move as one and cannot be told apart");
        continue;
      }
      const Eigen::VectorXd beta = solver.solve(target);
      const Eigen::VectorXd residual = target - design * beta;
      const Eigen::MatrixXd bread = (design.transpose() * design).inverse();
      Eigen::MatrixXd meat = Eigen::MatrixXd::Zero(4, 4);
      for (int lag = 0; lag <= options.season_days; ++lag) {
        const double weight = 1 - static_cast<double>(lag) / (options.season_days + 1);
        Eigen::MatrixXd part = Eigen::MatrixXd::Zero(4, 4);
        // Lags are days, not rows: a day that is left out must not bring two others together.
        for (Eigen::Index i = 0, k = 0; i < n; ++i) {
          const std::size_t t = rows[static_cast<std::size_t>(i)];
          while (k < i && rows[static_cast<std::size_t>(k)] + static_cast<std::size_t>(lag) < t)
            ++k;
          if (rows[static_cast<std::size_t>(k)] + static_cast<std::size_t>(lag) != t) continue;
          part += residual(i) * residual(k) * design.row(i).transpose() * design.row(k);
        }
        meat += lag == 0 ? part : weight * (part + part.transpose());
      }
      const double small = static_cast<double>(n) / static_cast<double>(n - 4);
      const double variance = small * (bread * meat * bread)(1, 1);
      if (!(variance > 0)) {
        judged.not_judged.push_back(pair + ": no error can be given for it");
        continue;
      }
      const double se = std::sqrt(variance);
      const boost::math::students_t student(static_cast<double>(n - 4));
      const double reach = boost::math::quantile(student, 0.975) * se;
      Cannibalisation one;
      one.spender = spender.spend.name;
      one.loser = loser.spend.name;
      one.elasticity = beta(1);
      one.low = beta(1) - reach;
      one.high = beta(1) + reach;
      one.days = static_cast<int>(n);
      p.push_back(boost::math::cdf(student, beta(1) / se));
      judged.findings.push_back(one);
    }
  }
  const std::vector<double> adjusted = AdjustHolm(p);
  for (std::size_t i = 0; i < adjusted.size(); ++i) {
    judged.findings[i].p_adjusted = adjusted[i];
    judged.findings[i].significant = adjusted[i] < options.alpha;
  }
  return judged;
}

Judged<CreativeRate> RateCreatives(std::span<const CreativeCell> cells, double alpha) {
  struct Sum {
    double trials = 0, successes = 0;
    double rate() const { return successes / trials; }
  };
  std::map<std::string, Sum> creatives, placements;
  std::map<std::pair<std::string, std::string>, Sum> sums;
  Sum all;
  Judged<CreativeRate> judged;
  for (const CreativeCell& cell : cells) {
    if (cell.trials <= 0 || !(cell.successes >= 0)) continue;
    const auto trials = static_cast<double>(cell.trials);
    const double successes = std::min(cell.successes, trials);
    for (Sum* sum : {&creatives[cell.creative], &placements[cell.placement],
                     &sums[{cell.creative, cell.placement}], &all}) {
      sum->trials += trials;
      sum->successes += successes;
    }
  }
  if (creatives.size() < 2 || placements.size() < 2 || !(all.successes > 0)) {
    judged.not_judged.push_back(
        fmt::format("two creatives and two placements with successes are needed; there are {} and "
                    "{}, with {:g} successes",
                    creatives.size(), placements.size(), all.successes));
    return judged;
  }
  double scatter = 0;
  double spare = 0;
  for (const auto& [key, sum] : sums) {
    CreativeRate one;
    one.creative = key.first;
    one.placement = key.second;
    one.trials = static_cast<std::int64_t>(sum.trials);
    one.successes = sum.successes;
    one.rate = sum.rate();
    one.expected = std::min(
        creatives[key.first].rate() * placements[key.second].rate() / all.rate(), 1 - 1e-9);
    one.enough = one.expected * sum.trials >= kSuccessesMin;
    const double variance = sum.trials * one.expected * (1 - one.expected);
    if (one.enough && variance > 0) {
      const double away = sum.successes - sum.trials * one.expected;
      scatter += away * away / variance - 1;
      spare += sum.trials - 1;
    }
    judged.findings.push_back(std::move(one));
  }
  // The margins were fitted to the same cells.
  scatter += static_cast<double>(creatives.size() + placements.size() - 1);
  const double correlation = spare > 0 ? std::clamp(scatter / spare, 0., 0.5) : 0;
  constexpr double kCertain = 1e12;  // weight of the expectation where cells scatter like counts
  const double weight = correlation > 0 ? std::min(1 / correlation - 1, kCertain) : kCertain;
  const auto judged_cells = std::ranges::count_if(judged.findings, &CreativeRate::enough);
  const double tail = alpha / 2 / static_cast<double>(std::max<std::ptrdiff_t>(judged_cells, 1));
  int few = 0;
  for (CreativeRate& one : judged.findings) {
    const auto trials = static_cast<double>(one.trials);
    const double a = one.successes + weight * one.expected;
    const double b = trials - one.successes + weight * (1 - one.expected);
    one.shrunk = one.low = one.high = a / (a + b);
    few += !one.enough;
    if (weight < kCertain && a > 0 && b > 0) {
      const boost::math::beta_distribution<double> posterior(a, b);
      one.low = boost::math::quantile(posterior, tail);
      one.high = boost::math::quantile(boost::math::complement(posterior, tail));
      if (one.enough && one.low > one.expected) one.verdict = 1;
      if (one.enough && one.high < one.expected) one.verdict = -1;
    }
  }
  if (few > 0) {
    judged.not_judged.push_back(fmt::format(
        "{} of {} cells have fewer than {:g} successes to expect: no claim is made of them", few,
        judged.findings.size(), kSuccessesMin));
  }
  return judged;
}

}  // namespace maxopt
