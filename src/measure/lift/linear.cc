#include "measure/lift/linear.h"

#include <algorithm>
#include <cmath>

namespace maxopt::lift {

using Eigen::Index;
using Eigen::MatrixXd;

namespace {

/// to -= factor * from
void Subtract(double* to, const double* from, double factor, Index n) {
  for (Index i = 0; i < n; ++i) to[i] -= factor * from[i];
}
double Dot(const double* a, const double* b, Index n) {
  // Four sums at once: additions need not wait for each other.
  double s[4] = {0, 0, 0, 0};
  Index i = 0;
  for (; i + 4 <= n; i += 4) {
    for (Index k = 0; k < 4; ++k) s[k] += a[i + k] * b[i + k];
  }
  for (; i < n; ++i) s[0] += a[i] * b[i];
  return (s[0] + s[1]) + (s[2] + s[3]);
}

}  // namespace

MatrixXd Product(const MatrixXd& a, const MatrixXd& b) {
  MatrixXd out = MatrixXd::Zero(a.rows(), b.cols());
  for (Index j = 0; j < b.cols(); ++j) {
    for (Index k = 0; k < a.cols(); ++k) {
      if (b(k, j) != 0)
        Subtract(&out.data()[j * a.rows()], &a.data()[k * a.rows()], -b(k, j), a.rows());
    }
  }
  return out;
}

MatrixXd Cross(const MatrixXd& a, const MatrixXd& b) {
  MatrixXd out(a.cols(), b.cols());
  for (Index j = 0; j < b.cols(); ++j) {
    for (Index i = 0; i < a.cols(); ++i) {
      out(i, j) = Dot(&a.data()[i * a.rows()], &b.data()[j * b.rows()], a.rows());
    }
  }
  return out;
}

Cholesky::Cholesky(const MatrixXd& matrix) : lower_(matrix) {
  const Index n = lower_.rows();
  double* const l = lower_.data();
  for (Index j = 0; j < n; ++j) {
    const double least = 1e-14 * std::max(matrix(j, j), 1e-290);
    const double pivot = std::sqrt(std::max(l[j * n + j], least));
    l[j * n + j] = pivot;
    for (Index i = j + 1; i < n; ++i) l[j * n + i] /= pivot;
    for (Index k = j + 1; k < n; ++k) {
      Subtract(&l[k * n + k], &l[j * n + k], l[j * n + k], n - k);
    }
  }
}

MatrixXd Cholesky::Solve(const MatrixXd& right) const {
  MatrixXd out = right;
  const Index n = lower_.rows();
  const double* const l = lower_.data();
  for (Index c = 0; c < out.cols(); ++c) {
    double* const x = &out.data()[c * n];
    for (Index j = 0; j < n; ++j) {
      x[j] /= l[j * n + j];
      Subtract(x + j + 1, &l[j * n + j] + 1, x[j], n - j - 1);
    }
    for (Index j = n - 1; j >= 0; --j) {
      x[j] = (x[j] - Dot(&l[j * n + j] + 1, x + j + 1, n - j - 1)) / l[j * n + j];
    }
  }
  return out;
}

double Cholesky::LogDeterminant() const {
  double sum = 0;
  for (Index j = 0; j < lower_.rows(); ++j) sum += 2 * std::log(lower_(j, j));
  return sum;
}

}  // namespace maxopt::lift
