#include "measure/response/baseline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace maxopt::response {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using std::chrono::days;
using std::chrono::sys_days;

// Prior standard deviations, as shares of mean revenue: wide against what shops see, narrow enough
// that a short history does not buy freedom.
constexpr double kLevelSd = 3;
constexpr double kTrendSd = 0.6;
constexpr double kWeekdaySd = 0.4;
constexpr double kYearSd = 0.3;
constexpr double kHolidaySd = 0.4;
constexpr double kControlSd = 0.3;
/// Degrees of freedom of the noise: heavy tails, close to the usual robust choice of 4 to 6.
constexpr double kStudent = 5;

sys_days Easter(std::chrono::year year) {  // Meeus, Jones and Butcher (Nature 1876)
  const int y = static_cast<int>(year);
  const int a = y % 19, b = y / 100, c = y % 100, d = b / 4, e = b % 4;
  const int f = (b + 8) / 25, g = (b - f + 1) / 3, h = (19 * a + b - d - g + 15) % 30;
  const int i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
  const int m = (a + 11 * h + 22 * l) / 451;
  const int month = (h + l - 7 * m + 114) / 31, day = (h + l - 7 * m + 114) % 31 + 1;
  return sys_days(year / month / day);
}

/// The times of the year at which western shops sell unlike themselves, and no harmonic follows.
std::array<bool, 5> Holidays(sys_days day) {
  const std::chrono::year_month_day date(day);
  const auto year = date.year();
  const unsigned month = static_cast<unsigned>(date.month());
  const unsigned in_month = static_cast<unsigned>(date.day());
  const sys_days thanksgiving = sys_days(year / std::chrono::November / std::chrono::Thursday[4]);
  const auto since_easter = (day - Easter(year)).count();
  return {day >= thanksgiving && day <= thanksgiving + days(4),
          month == 12 && in_month >= 8 && in_month <= 21,
          month == 12 && in_month >= 24 && in_month <= 26,
          (month == 12 && in_month == 31) || (month == 1 && in_month <= 2),
          since_easter >= -2 && since_easter <= 1};
}

/// Numbers that come after the sale, or are the sale under another name: to hold them still would
/// hold still what media do.
bool IsOutcome(std::string_view name) {
  constexpr std::string_view kWords[] = {
      "order",   "conversion", "purchase", "transaction", "customer", "session", "visit",  "lead",
      "revenue", "sales",      "profit",   "units",       "click",    "signup",  "basket", "aov"};
  return std::any_of(std::begin(kWords), std::end(kWords), [&](std::string_view word) {
    return name.find(word) != std::string_view::npos &&
           name.find("competitor") == std::string_view::npos;
  });
}

double DifferenceCorrelation(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t t = 1; t < a.size(); ++t) {
    const double x = a[t] - a[t - 1], y = b[t] - b[t - 1];
    ab += x * y, aa += x * x, bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

/// A day of last year counts six tenths of today's: what it says may no longer be so.
constexpr double kHalfLifeDays = 500;
/// Weight of a period that is not looked at: nothing, but not a zero that has no logarithm.
constexpr double kUnseen = 1e-9;

/// Products of the whitened columns and y: all that the evidence of a walk and a variance needs.
struct Moments {
  MatrixXd columns;
  VectorXd target;
  double square, log_weights;
  Moments(const Baseline& baseline, const VectorXd& y, const Noise& noise) {
    const MatrixXd white = Whiten(baseline.columns, noise);
    const VectorXd white_y = Whiten(y, noise);
    columns = MatrixXd::Zero(white.cols(), white.cols());
    columns.selfadjointView<Eigen::Lower>().rankUpdate(white.transpose());
    target = white.transpose() * white_y;
    square = white_y.squaredNorm();
    log_weights = std::log1p(-noise.rho * noise.rho) + noise.weights.array().log().sum();
  }
};

double LogEvidence(const Baseline& baseline, const Moments& moments, double n, Noise& noise) {
  double value = 0;
  // The variance and the ridge depend on each other; a few rounds settle both.
  for (int round = 0; round < 3; ++round) {
    MatrixXd precision =
        baseline.sd.asDiagonal() * moments.columns * baseline.sd.asDiagonal() / noise.variance;
    precision.diagonal().array() += 1;
    const Eigen::LLT<MatrixXd> factor(precision);
    const VectorXd low =
        factor.matrixL().solve(baseline.sd.asDiagonal() * moments.target) / noise.variance;
    const double square = moments.square - noise.variance * low.squaredNorm();
    const double log_determinant =
        moments.log_weights - 2 * factor.matrixLLT().diagonal().array().log().sum();
    value = -0.5 * (n * std::log(noise.variance) - log_determinant + square / noise.variance);
    noise.variance = std::max(square / n, 1e-12);
  }
  return value;
}

}  // namespace

void Baseline::Add(const VectorXd& column, double prior_sd) {
  columns.conservativeResize(column.size(), columns.cols() + 1);
  columns.col(columns.cols() - 1) = column;
  sd.conservativeResize(sd.size() + 1);
  sd(sd.size() - 1) = prior_sd;
}

Baseline MakeBaseline(const ResponseData& data) {
  const auto size = static_cast<Index>(data.revenue.size());
  const auto length = static_cast<double>(size);
  const double span_days = length * data.period_days;
  Baseline out;
  out.columns.resize(size, 0);
  VectorXd column = VectorXd::Ones(size);
  out.Add(column, kLevelSd);
  for (Index t = 0; t < size; ++t) column(t) = (static_cast<double>(t) + 0.5) / length - 0.5;
  out.Add(column, kTrendSd);
  if (data.period_days == 1) {
    for (Index d = 0; d < 7; ++d) {
      for (Index t = 0; t < size; ++t) column(t) = t % 7 == d ? 1 : 0;
      out.seasonal.push_back(out.columns.cols());
      out.Add(column, kWeekdaySd);
    }
  }
  // Most of a year is needed to tell a season from a trend.
  const int harmonics = span_days >= 540 ? 4 : span_days >= 300 ? 2 : 0;
  for (int h = 1; h <= harmonics; ++h) {
    for (const bool sine : {true, false}) {
      for (Index t = 0; t < size; ++t) {
        const double angle =
            2 * std::numbers::pi * h * static_cast<double>(t) * data.period_days / 365.25;
        column(t) = sine ? std::sin(angle) : std::cos(angle);
      }
      out.seasonal.push_back(out.columns.cols());
      out.Add(column, kYearSd / h);
    }
  }
  if (data.first_day) {
    std::array<VectorXd, 5> holidays;
    for (auto& holiday : holidays) holiday = VectorXd::Zero(size);
    for (Index t = 0; t < size; ++t) {
      for (int d = 0; d < data.period_days; ++d) {
        const auto at = Holidays(*data.first_day + days(t * data.period_days + d));
        for (std::size_t i = 0; i < at.size(); ++i) {
          holidays[i](t) += at[i] ? 1.0 / data.period_days : 0;
        }
      }
    }
    for (const auto& holiday : holidays) {
      if (holiday.maxCoeff() <= 0) continue;
      out.seasonal.push_back(out.columns.cols());
      out.Add(holiday, kHolidaySd);
    }
  }
  for (const auto& control : data.controls) {
    const Eigen::Map<const VectorXd> values(control.values.data(), size);
    const double sd = std::sqrt((values.array() - values.mean()).square().mean());
    if (!(sd > 1e-12 * (1 + std::abs(values.mean()))) || IsOutcome(control.name) ||
        DifferenceCorrelation(control.values, data.revenue) > 0.9) {
      out.ignored_controls.push_back(control.name);
      continue;
    }
    column = (values.array() - values.mean()) / sd;
    out.Add(column, kControlSd);
  }
  // A random walk by its Karhunen-Loeve terms, down to about six weeks: what is faster is left to
  // the autocorrelated noise.
  const auto terms = static_cast<Index>(std::clamp(span_days / 21.0, 2.0, 40.0));
  out.walk_first = out.columns.cols();
  out.walk_count = terms;
  for (Index j = 1; j <= terms; ++j) {
    const double frequency = (static_cast<double>(j) - 0.5) * std::numbers::pi;
    for (Index t = 0; t < size; ++t) {
      column(t) = std::numbers::sqrt2 *
                  std::sin(frequency * (static_cast<double>(t) + 0.5) / length) *
                  std::sqrt(length) / frequency;
    }
    out.Add(column, 0);
  }
  return out;
}

void SetWalk(Baseline& baseline, double step) {
  baseline.sd.segment(baseline.walk_first, baseline.walk_count).setConstant(step);
}

MatrixXd Whiten(const MatrixXd& v, const Noise& noise) {
  MatrixXd out = v;
  out.row(0) *= std::sqrt(1 - noise.rho * noise.rho);
  out.bottomRows(v.rows() - 1) -= noise.rho * v.topRows(v.rows() - 1);
  for (Index t = 0; t < out.rows(); ++t) out.row(t) *= std::sqrt(noise.weights(t));
  return out;
}

Marginal::Marginal(const Baseline& baseline, const Noise& noise)
    : noise_(noise),
      white_(Whiten(baseline.columns * baseline.sd.asDiagonal(), noise) /
             std::sqrt(noise.variance)) {
  // With unit priors the precision is I + Z'Z; its determinant is that of the whole covariance.
  MatrixXd precision = MatrixXd::Identity(white_.cols(), white_.cols());
  precision.selfadjointView<Eigen::Lower>().rankUpdate(white_.transpose());
  factor_.compute(precision.selfadjointView<Eigen::Lower>());
  log_determinant_ = std::log1p(-noise.rho * noise.rho) + noise.weights.array().log().sum() -
                     2 * factor_.matrixLLT().diagonal().array().log().sum();
}

Marginal::Half Marginal::Of(const MatrixXd& columns) const {
  Half half{Whiten(columns, noise_), {}};
  half.low = factor_.matrixL().solve(white_.transpose() * half.white);
  return half;
}

VectorXd Marginal::Coefficients(const Half& rest) const {
  return factor_.matrixU().solve(rest.low.col(0)) / std::sqrt(noise_.variance);
}

VectorXd Marginal::Uncertainty(const Baseline& baseline) const {
  const MatrixXd rows = (baseline.columns * baseline.sd.asDiagonal()).transpose();
  return factor_.matrixL().solve(rows).colwise().squaredNorm().transpose();
}

VectorXd AgeWeights(Index size, int period_days, Index held) {
  VectorXd out(size);
  for (Index t = 0; t < size; ++t) {
    const auto age = static_cast<double>((size - held - 1 - t) * period_days);
    out(t) = t < size - held ? std::exp2(-age / kHalfLifeDays) : kUnseen;
  }
  return out;
}

Noise FitNoise(Baseline& baseline, const VectorXd& y, int period_days, Index held) {
  Noise best;
  const VectorXd ages = AgeWeights(y.size(), period_days, held);
  best.weights = ages;
  const auto seen = y.head(y.size() - held).array();
  best.variance = std::max(1e-12, (seen - seen.mean()).square().mean() / 2);
  double best_value = -std::numeric_limits<double>::infinity();
  const double scale = std::sqrt(period_days);
  const auto search = [&](std::initializer_list<double> rhos, std::initializer_list<double> walks) {
    const Noise start = best;
    for (const double rho : rhos) {
      Noise of_rho = start;
      of_rho.rho = rho;
      const Moments moments(baseline, y, of_rho);
      for (const double walk : walks) {
        Noise noise = of_rho;
        noise.walk = walk * scale;
        SetWalk(baseline, noise.walk);
        const double value =
            LogEvidence(baseline, moments, static_cast<double>(y.size() - held), noise);
        if (value <= best_value) continue;
        best_value = value;
        best = noise;
      }
    }
    SetWalk(baseline, best.walk);
  };
  search({0, 0.25, 0.5, 0.75}, {0.0005, 0.002, 0.006, 0.015});
  for (int round = 0; round < 2; ++round) {
    // Student weights by expectation maximisation, the innovations given the coefficients.
    for (int i = 0; i < 3; ++i) {
      const Marginal marginal(baseline, best);
      const auto half = marginal.Of(y);
      const VectorXd coefficients = marginal.Coefficients(half);
      Noise plain = best;
      plain.weights.setOnes();
      const VectorXd left =
          Whiten(y - baseline.columns * (baseline.sd.asDiagonal() * coefficients), plain);
      for (Index t = 0; t < y.size() - held; ++t) {
        best.weights(t) =
            ages(t) * (kStudent + 1) / (kStudent + ages(t) * left(t) * left(t) / best.variance);
      }
      best.variance = std::max(
          1e-12, Marginal::Product(half, half)(0, 0) / static_cast<double>(y.size() - held));
    }
    if (round == 1) break;
    best_value = -std::numeric_limits<double>::infinity();
    search({std::max(0.0, best.rho - 0.12), best.rho, std::min(0.9, best.rho + 0.12)},
           {best.walk / scale / 1.8, best.walk / scale, best.walk / scale * 1.8});
  }
  return best;
}

}  // namespace maxopt::response
