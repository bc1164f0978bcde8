// Lift of one series: Bayesian structural time series, averaged over models.
#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "measure/lift/lift.h"
#include "measure/lift/linear.h"
#include "measure/lift/shapes.h"

namespace maxopt {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t kPreMin = 10;
/// Up to so many blocks (covariates and the season) every subset is tried; above, they are sampled.
constexpr std::size_t kEnumerated = 7;
constexpr int kSweeps = 1'500, kWarmUp = 300;
/// Covariates expected to matter, a priori: the default of the bsts package (Scott).
constexpr double kExpectedSize = 3;
/// Models with less of the posterior than this change nothing that can be seen.
constexpr double kLeastWeight = 1e-3;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::unexpected<Error> Wrong(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

/// Columns that come and go together: one covariate, or a season.
struct Block {
  std::vector<Index> columns;
  double log_odds;  ///< a priori, in against out
};

/// Which blocks are in.
using Subset = std::vector<bool>;

struct Problem {
  VectorXd y;  ///< before the test
  MatrixXd x;  ///< [step, column], test included, centred and scaled before the test
  Index pre = 0, days = 0;
  std::vector<Block> blocks;
};

/// What one shape of the noise makes of the data before the test: cross products of whitened
/// columns, the constant taken out.
struct Whitened {
  MatrixXd cross;  ///< [column, column]
  VectorXd with;   ///< [column], with y
  double total = 0;
  double constant = 0;  ///< log terms that do not depend on the subset
};

Whitened Whiten(const Problem& problem, const lift::Shape& shape) {
  const lift::Whitener whiten(shape, problem.pre);
  VectorXd one = whiten(VectorXd::Ones(problem.pre));
  const double size = one.squaredNorm();
  VectorXd y = whiten(problem.y);
  y -= one * (one.dot(y) / size);
  MatrixXd x(problem.pre, problem.x.cols());
  for (Index c = 0; c < x.cols(); ++c) {
    x.col(c) = whiten(problem.x.col(c).head(problem.pre));
    x.col(c) -= one * (one.dot(x.col(c)) / size);
  }
  Whitened out;
  out.cross = lift::Cross(x, x);
  out.with = lift::Cross(x, y);
  out.total = y.squaredNorm();
  out.constant = shape.log_prior - (whiten.LogDeterminant(problem.pre) + std::log(size)) / 2;
  return out;
}

std::vector<Index> ColumnsOf(const Problem& problem, const Subset& subset) {
  std::vector<Index> out;
  for (std::size_t b = 0; b < subset.size(); ++b) {
    if (subset[b]) {
      out.insert(out.end(), problem.blocks[b].columns.begin(), problem.blocks[b].columns.end());
    }
  }
  return out;
}

struct Regression {
  std::vector<Index> columns;
  lift::Cholesky factor;
  VectorXd slope;
  double rss = 0;
  double log_posterior = 0;
};

/// Slopes under Zellner's prior with the weight of one step (unit information), s and the constant
/// with flat priors, integrated out (George, McCulloch 1997, Statistica Sinica 7).
Regression Regress(const Problem& problem, const Whitened& data, const Subset& subset) {
  Regression out;
  out.columns = ColumnsOf(problem, subset);
  const Index q = static_cast<Index>(out.columns.size());
  const double n = static_cast<double>(problem.pre), g = n, shrink = g / (1 + g);
  out.slope = VectorXd::Zero(q);
  double explained = 0;
  if (q > 0) {
    MatrixXd cross(q, q);
    VectorXd with(q);
    for (Index a = 0; a < q; ++a) {
      with(a) = data.with(out.columns[static_cast<std::size_t>(a)]);
      for (Index b = 0; b < q; ++b) {
        cross(a, b) = data.cross(out.columns[static_cast<std::size_t>(a)],
                                 out.columns[static_cast<std::size_t>(b)]);
      }
    }
    // Covariates that are copies of each other share their slope.
    cross.diagonal().array() *= 1 + 1e-9;
    cross.diagonal().array() += 1e-12;
    out.factor = lift::Cholesky(cross);
    const VectorXd least_squares = out.factor.Solve(with);
    out.slope = shrink * least_squares;
    explained = shrink * with.dot(least_squares);
  }
  out.rss = std::max(data.total - explained, 1e-20 * data.total + 1e-300);
  out.log_posterior = data.constant - static_cast<double>(q) / 2 * std::log(1 + g) -
                      (n - 1) / 2 * std::log(out.rss);
  for (std::size_t b = 0; b < subset.size(); ++b) {
    if (subset[b]) out.log_posterior += problem.blocks[b].log_odds;
  }
  return out;
}

struct Model {
  std::size_t shape;
  Subset subset;
  double weight;
};

void Normalise(std::vector<Model>& models) {
  double kept = 0;
  std::erase_if(models, [](const Model& m) { return m.weight < kLeastWeight; });
  for (const Model& m : models) kept += m.weight;
  for (Model& m : models) m.weight /= kept;
}

/// All subsets with all shapes, each with its posterior probability.
std::vector<Model> Enumerate(const Problem& problem, const std::vector<Whitened>& data) {
  std::vector<Model> models;
  double top = -kInfinity;
  for (std::size_t s = 0; s < data.size(); ++s) {
    for (std::size_t bits = 0; bits < std::size_t{1} << problem.blocks.size(); ++bits) {
      Subset subset(problem.blocks.size());
      for (std::size_t b = 0; b < subset.size(); ++b) subset[b] = (bits >> b & 1) != 0;
      const double log_posterior = Regress(problem, data[s], subset).log_posterior;
      top = std::max(top, log_posterior);
      models.push_back({s, std::move(subset), log_posterior});
    }
  }
  double total = 0;
  for (Model& m : models) total += m.weight = std::exp(m.weight - top);
  for (Model& m : models) m.weight /= total;
  Normalise(models);
  return models;
}

/// Gibbs steps over blocks in and out and over shapes.
std::vector<Model> Sample(const Problem& problem, const std::vector<Whitened>& data,
                          std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform;
  Subset subset(problem.blocks.size(), false);
  std::size_t shape = 0;
  std::map<std::pair<std::size_t, Subset>, int> visits;
  for (int sweep = -kWarmUp; sweep < kSweeps; ++sweep) {
    std::vector<double> logs(data.size());
    for (std::size_t s = 0; s < data.size(); ++s) {
      logs[s] = Regress(problem, data[s], subset).log_posterior;
    }
    const double top = *std::max_element(logs.begin(), logs.end());
    double total = 0;
    for (double& value : logs) total += value = std::exp(value - top);
    double left = uniform(random) * total;
    for (shape = 0; shape + 1 < logs.size() && left >= logs[shape]; ++shape) left -= logs[shape];
    double now = Regress(problem, data[shape], subset).log_posterior;
    for (std::size_t b = 0; b < subset.size(); ++b) {
      subset[b] = !subset[b];
      const double other = Regress(problem, data[shape], subset).log_posterior;
      if (uniform(random) < 1 / (1 + std::exp(now - other))) {
        now = other;
      } else {
        subset[b] = !subset[b];
      }
    }
    if (sweep >= 0) ++visits[{shape, subset}];
  }
  std::vector<Model> models;
  for (const auto& [key, count] : visits) {
    models.push_back({key.first, key.second, static_cast<double>(count) / kSweeps});
  }
  Normalise(models);
  return models;
}

/// A weighted mean of Student distributions with the same degrees of freedom.
struct Mixture {
  struct Part {
    double weight, mean, spread;
  };
  std::vector<Part> parts;
  double df = 1;

  double Mean() const {
    double sum = 0;
    for (const Part& p : parts) sum += p.weight * p.mean;
    return sum;
  }
  /// Of the Student distribution with the mixture's variance: exact quantiles of every step would
  /// take longer than everything else.
  double Spread() const {
    const double mean = Mean();
    double sum = 0;
    for (const Part& p : parts) {
      sum += p.weight * (p.spread * p.spread + (p.mean - mean) * (p.mean - mean));
    }
    return std::sqrt(sum);
  }
  double Below(double x) const {
    const boost::math::students_t t(df);
    double sum = 0;
    for (const Part& p : parts) sum += p.weight * boost::math::cdf(t, (x - p.mean) / p.spread);
    return sum;
  }
  double Quantile(double probability) const {
    const boost::math::students_t t(df);
    const double q = boost::math::quantile(t, probability);
    double low = kInfinity, high = -kInfinity;
    for (const Part& p : parts) {
      low = std::min(low, p.mean + q * p.spread);
      high = std::max(high, p.mean + q * p.spread);
    }
    for (int i = 0; i < 200 && high - low > 1e-14 * (std::abs(low) + std::abs(high)); ++i) {
      const double middle = low + (high - low) / 2;
      (Below(middle) < probability ? low : high) = middle;
    }
    return low + (high - low) / 2;
  }
};

Result<Problem> Prepare(const LiftSeries& series) {
  const std::size_t days = series.y.size();
  if (series.from < kPreMin) {
    return Wrong(fmt::format("from: {} steps before the test; at least {} are needed", series.from,
                             kPreMin));
  }
  if (series.from >= days) {
    return Wrong(
        fmt::format("from: {} leaves no step of the test; the series has {}", series.from, days));
  }
  Problem out;
  out.pre = static_cast<Index>(series.from);
  out.days = static_cast<Index>(days);
  std::vector<VectorXd> columns;
  const double covariates = static_cast<double>(series.covariates.size());
  const double odds = covariates > 0 ? std::min(0.5, kExpectedSize / covariates) : 0.5;
  for (const LiftSeries::Covariate& covariate : series.covariates) {
    if (covariate.values.size() != days) {
      return Wrong(
          fmt::format("covariate \"{}\": one value for each step is needed", covariate.name));
    }
    VectorXd column(out.days);
    for (std::size_t i = 0; i < days; ++i) {
      if (!std::isfinite(covariate.values[i])) {
        return Wrong(fmt::format("covariate \"{}\": must be finite", covariate.name));
      }
      column(static_cast<Index>(i)) = covariate.values[i];
    }
    column.array() -= column.head(out.pre).mean();
    const double spread =
        std::sqrt(column.head(out.pre).squaredNorm() / static_cast<double>(out.pre));
    // One that stood still before the test cannot be learnt from.
    if (spread > 1e-12 * column.cwiseAbs().maxCoeff())
      column /= spread;
    else
      column.setZero();
    out.blocks.push_back({{static_cast<Index>(columns.size())}, std::log(odds / (1 - odds))});
    columns.push_back(std::move(column));
  }
  const Index season = series.season;
  if (season >= 2 && out.pre >= 3 * season) {
    Block block{{}, 0};
    for (Index c = 0; c + 1 < season; ++c) {
      VectorXd column(out.days);
      for (Index t = 0; t < out.days; ++t) {
        column(t) = (t % season == c ? 1.0 : 0.0) - (t % season == season - 1 ? 1.0 : 0.0);
      }
      block.columns.push_back(static_cast<Index>(columns.size()));
      columns.push_back(std::move(column));
    }
    out.blocks.push_back(std::move(block));
  }
  out.x.resize(out.days, static_cast<Index>(columns.size()));
  for (std::size_t c = 0; c < columns.size(); ++c) out.x.col(static_cast<Index>(c)) = columns[c];
  out.y.resize(out.days);
  for (std::size_t i = 0; i < days; ++i) {
    if (!std::isfinite(series.y[i])) return Wrong("y: must be finite");
    out.y(static_cast<Index>(i)) = series.y[i];
  }
  return out;
}

}  // namespace

namespace {

Result<SeriesAnswer> Judge(const LiftSeries& series, const SeriesSetting& setting) {
  if (!(setting.level >= 0.5 && setting.level <= 0.999)) {
    return Wrong("level: must be between .5 and .999");
  }
  MAXOPT_TRY(Problem problem, Prepare(series));
  const Index pre = problem.pre, judged = problem.days - pre;
  const VectorXd after = problem.y.tail(judged);
  const VectorXd y = problem.y.head(pre);
  // In units of its own spread, so that no constant below depends on the currency.
  const double mean = y.mean();
  double scale = std::sqrt((y.array() - mean).square().mean());
  if (!(scale > 0)) scale = std::max(std::abs(mean), 1.0) * 1e-12;
  problem.y = (y.array() - mean) / scale;

  const std::vector<lift::Shape> shapes = lift::Shapes(static_cast<double>(problem.days), true);
  std::vector<Whitened> data;
  for (const lift::Shape& shape : shapes) data.push_back(Whiten(problem, shape));
  std::vector<Model> models = problem.blocks.size() <= kEnumerated
                                  ? Enumerate(problem, data)
                                  : Sample(problem, data, setting.seed);

  std::vector<double> inclusion(problem.blocks.size(), 0);
  VectorXd slopes = VectorXd::Zero(problem.x.cols());
  const double df = static_cast<double>(pre - 1);
  Mixture sum{{}, df};
  std::vector<Mixture> steps(static_cast<std::size_t>(judged), Mixture{{}, df});
  std::size_t top = 0;
  for (std::size_t m = 1; m < models.size(); ++m) {
    if (models[m].weight > models[top].weight) top = m;
  }
  VectorXd errors;
  for (std::size_t s = 0; s < shapes.size(); ++s) {
    if (std::none_of(models.begin(), models.end(), [&](const Model& m) { return m.shape == s; })) {
      continue;
    }
    const MatrixXd k = lift::Covariance(shapes[s], problem.days);
    const MatrixXd k_after = k.topRightCorner(pre, judged);
    const lift::Cholesky factor(k.topLeftCorner(pre, pre));
    const MatrixXd carry = factor.Solve(k_after);  // [before, after]
    const MatrixXd noise = k.bottomRightCorner(judged, judged) - lift::Cross(k_after, carry);
    const VectorXd one = VectorXd::Ones(pre);
    const VectorXd k_one = factor.Solve(one);
    const double size = one.dot(k_one);
    for (std::size_t m = 0; m < models.size(); ++m) {
      const Model& model = models[m];
      if (model.shape != s) continue;
      const Regression fit = Regress(problem, data[s], model.subset);
      const Index q = static_cast<Index>(fit.columns.size());
      MatrixXd x(problem.days, q);
      for (Index c = 0; c < q; ++c) {
        const Index column = fit.columns[static_cast<std::size_t>(c)];
        x.col(c) = problem.x.col(column);
        slopes(column) += model.weight * fit.slope(c);
      }
      for (std::size_t b = 0; b < inclusion.size(); ++b) {
        if (model.subset[b]) inclusion[b] += model.weight;
      }
      const VectorXd rest = problem.y - lift::Product(x.topRows(pre), fit.slope);
      const double constant = k_one.dot(rest) / size;
      const VectorXd centred = rest.array() - constant;
      const VectorXd path =
          (lift::Product(x.bottomRows(judged), fit.slope) + lift::Cross(carry, centred)).array() +
          constant;
      // What is not known of the constant and of the slopes, as it shows after the test began.
      const VectorXd short_one = VectorXd::Ones(judged) - lift::Cross(carry, one);
      MatrixXd covariance = noise + lift::Product(short_one, short_one.transpose()) / size;
      if (q > 0) {
        MatrixXd moved = x.bottomRows(judged) - lift::Cross(carry, x.topRows(pre));
        moved -= lift::Product(short_one, lift::Cross(k_one, x.topRows(pre))) / size;
        const double g = static_cast<double>(pre);
        covariance += g / (1 + g) * lift::Product(moved, fit.factor.Solve(moved.transpose()));
      }
      const double variance = fit.rss / df;
      const double total = std::sqrt(std::max(variance * covariance.sum(), 1e-30));
      sum.parts.push_back({model.weight, path.sum(), total});
      for (Index t = 0; t < judged; ++t) {
        steps[static_cast<std::size_t>(t)].parts.push_back(
            {model.weight, path(t), std::sqrt(std::max(variance * covariance(t, t), 1e-30))});
      }
      if (m == top) {
        const lift::Whitener whiten(shapes[s], pre);
        errors = whiten(centred).cwiseProduct(whiten.Spread());
      }
    }
  }

  SeriesAnswer answer;
  const double n = static_cast<double>(judged), tail = (1 - setting.level) / 2;
  const double seen = after.sum();
  const auto back = [&](double total) { return total * scale + n * mean; };
  const double expected = back(sum.Mean());
  const double effect = seen - expected;
  const double low = seen - back(sum.Quantile(1 - tail)), high = seen - back(sum.Quantile(tail));
  const double below = sum.Below((seen - n * mean) / scale);
  answer.p_value = std::min(1.0, 2 * std::min(below, 1 - below));
  answer.incremental = {effect, low, high};
  answer.att = {effect / n, low / n, high / n};
  const auto relative = [&](double e) {
    return seen - e > 0 ? e / (seen - e) : (e > 0 ? kInfinity : -kInfinity);
  };
  answer.lift = {relative(effect), relative(low), relative(high)};
  const double wide =
      boost::math::quantile(boost::math::complement(boost::math::students_t(df), tail));
  for (const Mixture& step : steps) {
    const double middle = step.Mean() * scale + mean, half = wide * step.Spread() * scale;
    answer.counterfactual.push_back({middle, middle - half, middle + half});
  }
  for (std::size_t c = 0; c < series.covariates.size(); ++c) {
    const std::vector<double>& values = series.covariates[c].values;
    const Eigen::Map<const VectorXd> column(values.data(), pre);
    const double spread = std::sqrt((column.array() - column.mean()).square().mean());
    answer.inclusion.emplace_back(series.covariates[c].name, inclusion[c]);
    answer.slopes.emplace_back(series.covariates[c].name,
                               spread > 0 ? slopes(static_cast<Index>(c)) * scale / spread : 0);
  }
  if (problem.blocks.size() > series.covariates.size())
    answer.season_probability = inclusion.back();
  answer.pre_fit.days = static_cast<int>(pre);
  answer.pre_fit.rmse = scale * std::sqrt(errors.squaredNorm() / static_cast<double>(pre));
  answer.pre_fit.r_squared = 1 - errors.squaredNorm() / std::max(problem.y.squaredNorm(), 1e-300);
  answer.pre_fit.mape = mean != 0 ? scale * errors.cwiseAbs().mean() / std::abs(mean) : 0;
  answer.pre_fit.autocorrelation =
      errors.squaredNorm() > 0
          ? errors.head(pre - 1).dot(errors.tail(pre - 1)) / errors.squaredNorm()
          : 0;
  answer.pre_fit.weekday_pattern = answer.season_probability > 0.5;
  return answer;
}

}  // namespace

Result<SeriesAnswer> MeasureSeries(const LiftSeries& series, const SeriesSetting& setting) {
  MAXOPT_TRY(SeriesAnswer answer, Judge(series, setting));
  if (!setting.placebo) return answer;
  // Windows as long as the test, or a quarter of what went before it, one before the other.
  const std::size_t length = std::min(series.y.size() - series.from, series.from / 4);
  for (std::size_t end = series.from;
       length > 0 && end >= length + std::max(kPreMin, series.from / 2) &&
       answer.placebo_windows < 4;
       end -= length) {
    LiftSeries part = series;
    part.from = end - length;
    part.y.resize(end);
    for (LiftSeries::Covariate& covariate : part.covariates) covariate.values.resize(end);
    MAXOPT_TRY(const SeriesAnswer pretended, Judge(part, setting));
    ++answer.placebo_windows;
    answer.placebo_outside += pretended.p_value < 1 - setting.level ? 1 : 0;
  }
  return answer;
}

}  // namespace maxopt
