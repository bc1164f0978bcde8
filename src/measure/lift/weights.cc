#include "measure/lift/weights.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "measure/lift/linear.h"

namespace maxopt::lift {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

VectorXd SimplexLeastSquares(const MatrixXd& q_in, const VectorXd& c, bool dense) {
  const Index n = c.size();
  MatrixXd q = q_in;
  const double scale = std::max(q.diagonal().maxCoeff(), 1e-300);
  q.diagonal().array() += 1e-10 * scale;
  VectorXd w = VectorXd::Zero(n);
  std::vector<Index> active;  // the weights that are free to move
  /// The best weights of the active ones if they could be negative, and the price of their sum.
  const auto solve = [&](double& of_sum) {
    const Index p = static_cast<Index>(active.size());
    MatrixXd part(p, p);
    MatrixXd right(p, 2);
    for (Index a = 0; a < p; ++a) {
      for (Index b = 0; b < p; ++b) {
        part(a, b) = q(active[static_cast<std::size_t>(a)], active[static_cast<std::size_t>(b)]);
      }
      right(a, 0) = c(active[static_cast<std::size_t>(a)]);
      right(a, 1) = 1;
    }
    const MatrixXd solved = Cholesky(part).Solve(right);
    of_sum = (solved.col(0).sum() - 1) / solved.col(1).sum();
    return VectorXd(solved.col(0) - of_sum * solved.col(1));
  };
  double price = 0;
  if (dense) {
    // All at first; whoever would be negative goes, many at a time. Who went too early comes back
    // below.
    for (Index i = 0; i < n; ++i) active.push_back(i);
    for (;;) {
      const VectorXd target = solve(price);
      std::vector<Index> stays;
      for (Index a = 0; a < target.size(); ++a) {
        if (target(a) > 0) stays.push_back(active[static_cast<std::size_t>(a)]);
      }
      if (stays.size() == active.size()) {
        for (Index a = 0; a < target.size(); ++a)
          w(active[static_cast<std::size_t>(a)]) = target(a);
        break;
      }
      active = std::move(stays);
    }
  } else {
    Index best = 0;
    for (Index i = 1; i < n; ++i) {
      if (q(i, i) / 2 - c(i) < q(best, best) / 2 - c(best)) best = i;
    }
    w(best) = 1;
    active.push_back(best);
  }
  const double tolerance = 1e-12 * std::max(scale, c.cwiseAbs().maxCoeff());
  for (Index round = 0; round < 20 * n + 20; ++round) {
    const VectorXd target = solve(price);
    const Index p = target.size();
    // As far towards the target as the bounds allow.
    double step = 1;
    Index hit = -1;
    for (Index a = 0; a < p; ++a) {
      const double from = w(active[static_cast<std::size_t>(a)]);
      if (target(a) < 0 && from - target(a) > 0) {
        const double reach = from / (from - target(a));
        if (reach < step) step = reach, hit = a;
      }
    }
    for (Index a = 0; a < p; ++a) {
      double& value = w(active[static_cast<std::size_t>(a)]);
      value += step * (target(a) - value);
    }
    if (hit >= 0) {
      w(active[static_cast<std::size_t>(hit)]) = 0;
      active.erase(active.begin() + hit);
      continue;
    }
    const VectorXd slope = (Product(q, w) - c).array() + price;
    Index enter = -1;
    for (Index i = 0; i < n; ++i) {
      if (w(i) > 0 || slope(i) >= -tolerance) continue;
      if (std::find(active.begin(), active.end(), i) != active.end()) continue;
      if (enter < 0 || slope(i) < slope(enter)) enter = i;
    }
    if (enter < 0) break;
    active.insert(std::lower_bound(active.begin(), active.end(), enter), enter);
  }
  w = w.cwiseMax(0);
  return w / w.sum();
}

}  // namespace maxopt::lift
