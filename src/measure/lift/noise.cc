#include "measure/lift/noise.h"

#include <algorithm>
#include <cmath>

#include "measure/lift/linear.h"
#include "measure/lift/shapes.h"

namespace maxopt::lift {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Pretended units weigh at most as much as so many: they share controls, and no two places have
/// quite the same noise.
constexpr double kPooledMax = 6;
/// Shapes of K with less of the posterior than this change nothing that can be seen.
constexpr double kLeastWeight = 0.01;

struct Fitted {
  double log_likelihood;
  double variance;  ///< s^2
};

Fitted Fit(const VectorXd& gap, const MatrixXd& z, double log_determinant) {
  const Index n = gap.size(), p = z.cols();
  const Cholesky solver(Cross(z, z));
  const VectorXd slope = solver.Solve(Cross(z, gap));
  // A gap that is nothing at all (noise-free data) must not become log 0.
  const double rss = std::max((gap - Product(z, slope)).squaredNorm(), 1e-300);
  const double df = static_cast<double>(n - p);
  return {-0.5 * (log_determinant + solver.LogDeterminant() + df * std::log(rss)), rss / df};
}

}  // namespace

std::vector<GapResult> JudgeGaps(const std::vector<GapUnit>& units, Index pre, bool krige,
                                 NoiseSummary* summary) {
  const std::size_t n = units.size();
  const Index days = units[0].gap.size(), judged = days - pre;
  const std::vector<Shape> shapes = Shapes(static_cast<double>(days), false);
  // Units of their own size, so that sums of logarithms do not lose digits.
  std::vector<double> size(n);
  for (std::size_t u = 0; u < n; ++u) {
    const VectorXd centred = units[u].gap.head(pre).array() - units[u].gap.head(pre).mean();
    size[u] = std::sqrt(centred.squaredNorm() / static_cast<double>(pre));
    if (!(size[u] > 0)) size[u] = 1e-150;
  }
  const double temper = n > 1 ? std::min(1.0, kPooledMax / static_cast<double>(n - 1)) : 0;
  std::vector<double> logs(shapes.size());
  std::vector<std::vector<double>> variances(shapes.size(), std::vector<double>(n));
  for (std::size_t s = 0; s < shapes.size(); ++s) {
    const Whitener whiten(shapes[s], days);
    const double whole = whiten.LogDeterminant(days), head = whiten.LogDeterminant(pre);
    logs[s] = shapes[s].log_prior;
    for (std::size_t u = 0; u < n; ++u) {
      const VectorXd gap = whiten(units[u].gap / size[u]);
      MatrixXd z(days, units[u].z.cols());
      for (Index c = 0; c < z.cols(); ++c) z.col(c) = whiten(units[u].z.col(c));
      const Fitted before = Fit(gap.head(pre), z.topRows(pre), head);
      variances[s][u] = before.variance * size[u] * size[u];
      if (u == 0) {
        logs[s] += before.log_likelihood;
      } else {
        logs[s] += temper * Fit(gap, z, whole).log_likelihood;
      }
    }
  }
  const double top = *std::max_element(logs.begin(), logs.end());
  double total = 0;
  for (double& value : logs) {
    value = std::exp(value - top);
    total += value;
  }
  double kept = 0;
  for (double& value : logs) {
    value /= total;
    if (value < kLeastWeight) value = 0;
    kept += value;
  }
  std::vector<GapResult> results(n);
  std::vector<double> second(n, 0);
  for (std::size_t s = 0; s < shapes.size(); ++s) {
    if (logs[s] == 0) continue;
    const double weight = logs[s] / kept;
    if (summary) {
      summary->rho += weight * shapes[s].rho;
      summary->white += weight * shapes[s].white;
      summary->drift += weight * (shapes[s].kappa > 0 || shapes[s].tau > 0 ? 1 : 0);
    }
    const MatrixXd k = Covariance(shapes[s], days);
    const double mean_weight = 1 / static_cast<double>(judged);
    // Covariances of the mean of the judged days: with each day before, and its own.
    const VectorXd with = k.topRightCorner(pre, judged).rowwise().sum() * mean_weight;
    const double own = k.bottomRightCorner(judged, judged).sum() * mean_weight * mean_weight;
    const MatrixXd k_pre = k.topLeftCorner(pre, pre);
    Cholesky factor;
    VectorXd k_with;
    if (krige) {
      factor = Cholesky(k_pre);
      k_with = factor.Solve(with);
    }
    for (std::size_t u = 0; u < n; ++u) {
      const MatrixXd z = units[u].z.topRows(pre);
      const VectorXd z_mean = units[u].z.bottomRows(judged).colwise().mean().transpose();
      VectorXd line;  // weights of the days before in the prediction
      double variance = 0;
      if (krige) {
        const MatrixXd k_z = factor.Solve(z);
        const VectorXd short_of = z_mean - Cross(z, k_with);
        line = k_with + Product(k_z, Cholesky(Cross(z, k_z)).Solve(short_of));
      } else {
        line = Product(z, Cholesky(Cross(z, z)).Solve(z_mean));
      }
      variance = own - 2 * line.dot(with) + Cross(line, Product(k_pre, line))(0, 0);
      const double effect = units[u].gap.tail(judged).mean() - line.dot(units[u].gap.head(pre));
      results[u].effect += weight * effect;
      results[u].variance += weight * variance * variances[s][u];
      second[u] += weight * effect * effect;
    }
  }
  // The variance of a mixture: within the shapes and between them.
  for (std::size_t u = 0; u < n; ++u) {
    results[u].variance += std::max(0.0, second[u] - results[u].effect * results[u].effect);
  }
  return results;
}

}  // namespace maxopt::lift
