#pragma once
#include <Eigen/Dense>
#include <string>
#include <vector>

#include "measure/response/response.h"

/// What revenue would be without media, and the noise around it: a linear Gaussian model whose
/// coefficients are integrated out.
namespace maxopt::response {

/// Columns of the baseline by period and the prior standard deviation of their coefficients, in
/// units of mean revenue.
struct Baseline {
  Eigen::MatrixXd columns;
  Eigen::VectorXd sd;
  Eigen::Index walk_first = 0, walk_count = 0;  ///< columns of the slow walk, sd for a step of 1
  std::vector<Eigen::Index> seasonal;           ///< columns that say how strong demand is at a time
  std::vector<std::string> ignored_controls;
  void Add(const Eigen::VectorXd& column, double prior_sd);
};
Baseline MakeBaseline(const ResponseData& data);

/// Autocorrelation and weights of the noise.
struct Noise {
  double rho = 0;
  double walk = 0;          ///< standard deviation of a period's step of the walk
  double variance = 1;      ///< of the innovations
  Eigen::VectorXd weights;  ///< by period, 1 for an innovation of ordinary size
};

/// Takes lag-1 autocorrelation out and weights: w[t] (v[t] - rho v[t-1]).
Eigen::MatrixXd Whiten(const Eigen::MatrixXd& v, const Noise& noise);

/// The inner product in which the baseline is integrated out: <a, b> = a' M b with M the inverse of
/// (noise + baseline) in units of the noise's variance.
class Marginal {
 public:
  Marginal(const Baseline& baseline, const Noise& noise);
  /// Both halves of the product of columns: <a, b> = a.white' b.white - a.low' b.low
  struct Half {
    Eigen::MatrixXd white, low;
  };
  Half Of(const Eigen::MatrixXd& columns) const;
  static Eigen::MatrixXd Product(const Half& a, const Half& b) {
    return a.white.transpose() * b.white - a.low.transpose() * b.low;
  }
  double log_determinant() const { return log_determinant_; }  ///< of M
  /// Expected coefficients of the baseline for what media leave over.
  Eigen::VectorXd Coefficients(const Half& rest) const;
  /// What is not known of the baseline itself, by period: variance of its expected value.
  Eigen::VectorXd Uncertainty(const Baseline& baseline) const;

 private:
  const Noise& noise_;
  Eigen::MatrixXd white_;
  Eigen::LLT<Eigen::MatrixXd> factor_;
  double log_determinant_ = 0;
};

/// Noise of the largest marginal likelihood for `y`, what media may explain being part of
/// `baseline`. The last `held` periods are not looked at, and old ones count less: returns drift.
Noise FitNoise(Baseline& baseline, const Eigen::VectorXd& y, int period_days, Eigen::Index held);
/// How much a period counts by its age, newest last; next to nothing for those that are held.
Eigen::VectorXd AgeWeights(Eigen::Index size, int period_days, Eigen::Index held);
void SetWalk(Baseline& baseline, double step);

}  // namespace maxopt::response
