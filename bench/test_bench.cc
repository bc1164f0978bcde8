// Two-sample tests a second: the columns of measure/significance beside a plain loop that calls the
// distributions of Boost.Math once a test, in the same run and on the same rows.
#include <fmt/core.h>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "measure/significance/significance.h"

namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

struct Output {
  explicit Output(std::size_t n) : statistic(n), p(n), diff(n), low(n), high(n) {}
  maxopt::TestColumns columns() { return {statistic, p, diff, low, high}; }
  double Sum() const {
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) sum += p[i] + low[i] + high[i];
    return sum;
  }
  std::vector<double> statistic, p, diff, low, high;
};

void Line(const char* name, std::size_t n, double seconds, double sum) {
  fmt::print("{:<58} {:>12.0f} tests/s  {:>8.1f} ns each  (sum {:.6g})\n", name,
             static_cast<double>(n) / seconds, seconds / static_cast<double>(n) * 1e9, sum);
}

}  // namespace

int main() {
  namespace bm = boost::math;
  constexpr std::size_t kRows = 1'000'000;
  std::mt19937_64 bits(1);
  const auto uniform = [&] { return static_cast<double>(bits() >> 11) * 0x1p-53; };
  std::vector<double> n_a(kRows), x_a(kRows), n_b(kRows), x_b(kRows), mean_a(kRows), sd_a(kRows),
      mean_b(kRows), sd_b(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    n_a[i] = std::floor(1000 + 100'000 * uniform());
    n_b[i] = std::floor(1000 + 100'000 * uniform());
    x_a[i] = std::floor(n_a[i] * 0.04 * (0.9 + 0.2 * uniform())) + 1;
    x_b[i] = std::floor(n_b[i] * 0.04 * (0.9 + 0.2 * uniform())) + 1;
    mean_a[i] = 10 + 0.1 * uniform();
    mean_b[i] = 10 + 0.1 * uniform();
    sd_a[i] = 3 + uniform();
    sd_b[i] = 3 + uniform();
  }
  Output out(kRows);
  const double alpha = 0.05;
  auto start = Clock::now();
  if (!maxopt::TwoProportionsMany({n_a, x_a, n_b, x_b}, alpha, out.columns())) return 1;
  Line("two proportions, columns", kRows, Seconds(start), out.Sum());
  start = Clock::now();
  for (std::size_t i = 0; i < kRows; ++i) {
    const double p_a = x_a[i] / n_a[i], p_b = x_b[i] / n_b[i];
    const double p = (x_a[i] + x_b[i]) / (n_a[i] + n_b[i]);
    const double z = (p_b - p_a) / std::sqrt(p * (1 - p) * (1 / n_a[i] + 1 / n_b[i]));
    const bm::normal normal;
    out.p[i] = 2 * bm::cdf(bm::complement(normal, std::abs(z)));
    const double half = bm::quantile(bm::complement(normal, alpha / 2)) *
                        std::sqrt(p_a * (1 - p_a) / n_a[i] + p_b * (1 - p_b) / n_b[i]);
    out.low[i] = p_b - p_a - half;
    out.high[i] = p_b - p_a + half;
  }
  Line("two proportions, Boost.Math once a test", kRows, Seconds(start), out.Sum());
  start = Clock::now();
  if (!maxopt::WelchMany({n_a, mean_a, sd_a, n_b, mean_b, sd_b}, alpha, out.columns())) return 1;
  Line("Welch, columns", kRows, Seconds(start), out.Sum());
  constexpr std::size_t kFew = 50'000;
  start = Clock::now();
  for (std::size_t i = 0; i < kFew; ++i) {
    const double v_a = sd_a[i] * sd_a[i] / n_a[i], v_b = sd_b[i] * sd_b[i] / n_b[i];
    const double se = std::sqrt(v_a + v_b), diff = mean_b[i] - mean_a[i];
    const double df =
        (v_a + v_b) * (v_a + v_b) / (v_a * v_a / (n_a[i] - 1) + v_b * v_b / (n_b[i] - 1));
    const bm::students_t student(df);
    out.p[i] = 2 * bm::cdf(bm::complement(student, std::abs(diff / se)));
    const double half = bm::quantile(bm::complement(student, alpha / 2)) * se;
    out.low[i] = diff - half;
    out.high[i] = diff + half;
  }
  Line("Welch, Boost.Math once a test (50,000 of the rows)", kFew, Seconds(start), out.Sum());
  start = Clock::now();
  double sum = 0;
  for (std::size_t i = 0; i < kFew; ++i) {
    const maxopt::Moments a{static_cast<std::int64_t>(n_a[i]), mean_a[i], sd_a[i] * sd_a[i]};
    const maxopt::Moments b{static_cast<std::int64_t>(n_b[i]), mean_b[i], sd_b[i] * sd_b[i]};
    sum += maxopt::SequentialLift(a, b, 5000, alpha)->p_value;
  }
  Line("always-valid lift, one call a test", kFew, Seconds(start), sum);
  constexpr std::size_t kBayes = 500;
  start = Clock::now();
  sum = 0;
  for (std::size_t i = 0; i < kBayes; ++i) {
    const auto t = maxopt::BayesBinomial(
        {static_cast<std::int64_t>(n_a[i]), static_cast<std::int64_t>(x_a[i])},
        {static_cast<std::int64_t>(n_b[i]), static_cast<std::int64_t>(x_b[i])}, {}, alpha);
    sum += t->prob_b_better;
  }
  Line("Bayesian comparison with losses and interval, exact", kBayes, Seconds(start), sum);
  return 0;
}
