#include "measure/lift/shapes.h"

#include <cmath>

namespace maxopt::lift {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::vector<Shape> Shapes(double days, bool wandering) {
  struct Memory {
    double rho, white, weight;
  };
  const std::vector<Memory> memories = {
      {0, 0, 1.5},  {.2, 0, 1},  {.4, 0, 1},   {.6, 0, 1},    {.75, 0, .7},  {.87, 0, .5},
      {.95, 0, .3}, {.6, .5, 1}, {.8, .5, .7}, {.93, .5, .5}, {.93, .8, .5},
  };
  struct Drift {
    double level, slope, weight;
  };
  std::vector<Drift> drifts = {{0, 0, 6},   {.7, 0, 1}, {2, 0, 1},   {0, .5, 1},
                               {0, 1.5, 1}, {0, 4, 1},  {.7, 1.5, 1}};
  if (wandering) drifts.insert(drifts.end(), {{6, 0, 1}, {20, 0, 1}});
  std::vector<Shape> shapes;
  for (const Memory& m : memories) {
    for (const Drift& d : drifts) {
      shapes.push_back({m.rho, m.white, d.level / std::sqrt(days), d.slope / days,
                        std::log(m.weight * d.weight)});
    }
  }
  return shapes;
}

Whitener::Whitener(const Shape& shape, Eigen::Index days)
    : rho_(shape.rho), gain_(3, days), spread_(days) {
  Eigen::Matrix3d p = Eigen::Matrix3d::Zero();
  p(0, 0) = 1 - shape.white;
  p(2, 2) = shape.tau * shape.tau;
  Eigen::Matrix3d move = Eigen::Matrix3d::Zero();
  move << rho_, 0, 0, 0, 1, 1, 0, 0, 1;
  for (Eigen::Index t = 0; t < days; ++t) {
    const Eigen::Vector3d seen = p.col(0) + p.col(1);
    const double f = seen(0) + seen(1) + shape.white;
    spread_(t) = std::sqrt(f);
    const Eigen::Vector3d gain = seen / f;
    gain_.col(t) = gain;
    p -= gain * seen.transpose();
    p = move * p * move.transpose();
    p(0, 0) += (1 - shape.white) * (1 - rho_ * rho_);
    p(1, 1) += shape.kappa * shape.kappa;
  }
}

MatrixXd Covariance(const Shape& shape, Index days) {
  MatrixXd k(days, days);
  VectorXd power(days);
  for (Index i = 0; i < days; ++i) {
    power(i) = (1 - shape.white) * (i == 0 ? 1 : std::pow(shape.rho, static_cast<double>(i)));
  }
  const double level = shape.kappa * shape.kappa, slope = shape.tau * shape.tau;
  for (Index i = 0; i < days; ++i) {
    for (Index j = 0; j <= i; ++j) {
      k(i, j) = power(i - j) + level * static_cast<double>(j) +
                slope * static_cast<double>(i) * static_cast<double>(j);
      k(j, i) = k(i, j);
    }
    k(i, i) += shape.white;
  }
  return k;
}

}  // namespace maxopt::lift
