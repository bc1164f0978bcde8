#pragma once
#include <Eigen/Core>

namespace maxopt::lift {

/// The exact minimum of 1/2 w'Qw - c'w over the simplex (w >= 0, sum w = 1) by a primal active set:
/// Karush-Kuhn-Tucker conditions hold to rounding. Q symmetric, positive semidefinite; a tiny ridge
/// makes ties definite. `dense` starts from equal weights rather than from one corner: faster where
/// most weights stay above 0.
Eigen::VectorXd SimplexLeastSquares(const Eigen::MatrixXd& q, const Eigen::VectorXd& c, bool dense);

}  // namespace maxopt::lift
