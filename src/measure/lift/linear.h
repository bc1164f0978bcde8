#pragma once
#include <Eigen/Core>

/// Products and solutions that are compiled once: instantiated in every file, Eigen's own would
/// take minutes of the sanitised build.
namespace maxopt::lift {

/// a b
Eigen::MatrixXd Product(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b);
/// a' b
Eigen::MatrixXd Cross(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b);

/// Cholesky factor of a symmetric positive definite matrix. A pivot that rounding has taken to 0 or
/// below (columns that are copies of each other) is lifted to a hair of the diagonal.
class Cholesky {
 public:
  Cholesky() = default;
  explicit Cholesky(const Eigen::MatrixXd& matrix);
  Eigen::MatrixXd Solve(const Eigen::MatrixXd& right) const;
  double LogDeterminant() const;

 private:
  Eigen::MatrixXd lower_;
};

}  // namespace maxopt::lift
