#pragma once
#include <Eigen/Core>
#include <vector>

/// Shapes that the covariance of noise over days may have, and what is computed of one.
///
///   K[i,j] = (1 - white) rho^|i-j| + white [i = j] + kappa^2 min(i, j) + tau^2 i j
///
/// noise with memory, noise without, a level that wanders, a slope of its own.
namespace maxopt::lift {

struct Shape {
  double rho, white, kappa, tau;
  double log_prior;  ///< up to a constant
};

/// The grid that noise models average over. Drifts are in units of the noise's spread over the
/// whole time, so that days or weeks, long and short panels are treated alike. `wandering`: a level
/// of a single series may wander much further than a difference between places does.
std::vector<Shape> Shapes(double days, bool wandering);

Eigen::MatrixXd Covariance(const Shape& shape, Eigen::Index days);

/// Turns series with covariance K into white ones, one day after the other: a Kalman filter over
/// the memory, the level and the slope. Its gains do not depend on the series.
class Whitener {
 public:
  Whitener(const Shape& shape, Eigen::Index days);
  template <class Column>
  Eigen::VectorXd operator()(const Column& series) const {
    Eigen::VectorXd out(series.size());
    double memory = 0, level = 0, slope = 0;
    for (Eigen::Index t = 0; t < series.size(); ++t) {
      const double surprise = series(t) - memory - level;
      out(t) = surprise / spread_(t);
      memory = rho_ * (memory + gain_(0, t) * surprise);
      const double now = slope + gain_(2, t) * surprise;
      level += gain_(1, t) * surprise + now;
      slope = now;
    }
    return out;
  }
  /// Standard deviation of each day given those before.
  const Eigen::VectorXd& Spread() const { return spread_; }
  /// log |K| of the first `days` days.
  double LogDeterminant(Eigen::Index days) const {
    return 2 * spread_.head(days).array().log().sum();
  }

 private:
  double rho_;
  Eigen::Matrix3Xd gain_;
  Eigen::VectorXd spread_;
};

}  // namespace maxopt::lift
