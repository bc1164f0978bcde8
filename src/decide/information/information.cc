#include "decide/information/information.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace maxopt {
namespace {

/// Middles of nine equally likely parts of the standard normal, scaled so that their variance is
/// one: cutting the tails off would make every trial look better than it is.
std::vector<double> Errors() {
  // Quantiles of (i + .5) / 9, i = 5..8; the others are their mirror images and 0.
  constexpr double kUpper[] = {0.2822161470625082, 0.5894557978497785, 0.9674215661017014,
                               1.5932188180230502};
  std::vector<double> out{0};
  double square = 0;
  for (const double z : kUpper) {
    out.push_back(z);
    out.push_back(-z);
    square += 2 * z * z;
  }
  const double scale = std::sqrt(static_cast<double>(out.size()) / square);
  for (double& z : out) z *= scale;
  return out;
}

bool Finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
}

}  // namespace

Result<TrialWorth> ValueOfTrial(const TrialQuestion& question) {
  const std::size_t n = question.effect.size();
  if (n == 0) return Fail(Errc::kInvalidArgument, "a trial's value needs draws of its effect");
  if (!Finite(question.effect)) {
    return Fail(Errc::kInvalidArgument, "effect: a draw is not a number");
  }
  if (!std::isfinite(question.error_sd) || question.error_sd <= 0) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("error_sd is {}; it must be above 0", question.error_sd));
  }
  for (std::size_t a = 0; a < question.gains.size(); ++a) {
    if (question.gains[a].size() != n || !Finite(question.gains[a])) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("gains[{}] needs one number for each of the {} draws", a, n));
    }
  }
  const auto count = static_cast<double>(n);
  TrialWorth worth;
  for (const auto& gains : question.gains) {
    worth.without =
        std::max(worth.without, std::accumulate(gains.begin(), gains.end(), 0.0) / count);
  }
  for (std::size_t i = 0; i < n; ++i) {
    double best = 0;
    for (const auto& gains : question.gains) best = std::max(best, gains[i]);
    worth.perfect += best / count;
  }
  const std::vector<double> errors = Errors();
  std::vector<double> weights(n);
  for (std::size_t truth = 0; truth < n; ++truth) {
    for (const double error : errors) {
      // In units of the error: the exponent is at most 0, and 0 for the true world without error.
      const double answer = question.effect[truth] / question.error_sd + error;
      double nearest = 1e300;
      for (std::size_t i = 0; i < n; ++i) {
        const double off = answer - question.effect[i] / question.error_sd;
        weights[i] = 0.5 * off * off;
        nearest = std::min(nearest, weights[i]);
      }
      double sum = 0;
      for (double& weight : weights) sum += weight = std::exp(nearest - weight);
      double best = 0;
      for (const auto& gains : question.gains) {
        best = std::max(
            best, std::inner_product(weights.begin(), weights.end(), gains.begin(), 0.0) / sum);
      }
      worth.with += best / count / static_cast<double>(errors.size());
    }
  }
  // The quadrature is not exactly a mixture of the prior: what is left of that is no value.
  worth.with = std::clamp(worth.with, worth.without, std::max(worth.without, worth.perfect));
  return worth;
}

}  // namespace maxopt
