#include "sim/market/random.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace maxopt::sim {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ull;

/// The finaliser of SplitMix64: every input bit reaches every output bit.
std::uint64_t Mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

}  // namespace

std::uint64_t HashText(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ull;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  }
  return Mix(hash + kGolden);
}

std::uint64_t Combine(std::uint64_t a, std::uint64_t b) { return Mix(Mix(a + kGolden) + b); }

Random::Random(std::uint64_t seed, Draw purpose, std::uint64_t entity, std::int64_t time)
    : state_(Combine(Combine(Combine(seed, static_cast<std::uint64_t>(purpose)), entity),
                     static_cast<std::uint64_t>(time))) {}

std::uint64_t Random::Bits() {
  state_ += kGolden;
  return Mix(state_);
}

double Random::Uniform() { return (static_cast<double>(Bits() >> 11) + 0.5) * 0x1.0p-53; }

double Random::Normal() { return NormalQuantile(Uniform()); }

double NormalQuantile(double p) {
  static constexpr double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,
                                 -2.759285104469687e+02, 1.383577518672690e+02,
                                 -3.066479806614716e+01, 2.506628277459239e+00};
  static constexpr double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,
                                 -1.556989798598866e+02, 6.680131188771972e+01,
                                 -1.328068155288572e+01};
  static constexpr double c[] = {-7.784894002430293e-03, -3.223964580411365e-01,
                                 -2.400758277161838e+00, -2.549732539343734e+00,
                                 4.374664141464968e+00,  2.938163982698783e+00};
  static constexpr double d[] = {7.784695709041462e-03, 3.224671290700398e-01,
                                 2.445134137142996e+00, 3.754408661907416e+00};
  constexpr double kTail = 0.02425;
  if (p < kTail || p > 1 - kTail) {
    const double q = std::sqrt(-2 * std::log(p < kTail ? p : 1 - p));
    const double z = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
                     ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    return p < kTail ? z : -z;
  }
  const double q = p - 0.5;
  const double r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
         (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

double NormalCdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

std::int64_t PoissonQuantile(double mean, double uniform) {
  if (!(mean > 0)) return 0;
  if (mean > 30) {
    const double z = NormalQuantile(uniform);
    const double count = mean + std::sqrt(mean) * z + (z * z - 1) / 6;
    return std::max<std::int64_t>(0, std::llround(count));
  }
  double probability = std::exp(-mean);
  double below = probability;
  std::int64_t count = 0;
  // At a mean of 30 the chance of 200 or more is under 1e-80: the bound only guards the loop
  // against a uniform that rounding lets `below` never reach.
  while (uniform > below && count < 200) {
    ++count;
    probability *= mean / static_cast<double>(count);
    below += probability;
  }
  return count;
}

std::int64_t BinomialQuantile(std::int64_t n, double p, double uniform) {
  const double mean = static_cast<double>(n) * p;
  if (n <= 0 || !(p > 0)) return 0;
  if (p >= 1) return n;
  if (mean <= 30) return std::min(n, PoissonQuantile(mean, uniform));
  const double count = mean + std::sqrt(mean * (1 - p)) * NormalQuantile(uniform);
  return std::clamp<std::int64_t>(std::llround(count), 0, n);
}

std::int64_t ShareOf(std::int64_t total, std::int64_t before, std::int64_t weight,
                     std::int64_t weights, std::int64_t offset) {
  if (weights <= 0) return 0;
  __extension__ using Wide = __int128;
  const auto reached = [&](std::int64_t upto) {
    return static_cast<std::int64_t>((static_cast<Wide>(total) * upto + offset) / weights);
  };
  return reached(before + weight) - reached(before);
}

}  // namespace maxopt::sim
