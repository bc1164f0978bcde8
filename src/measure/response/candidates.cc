#include "measure/response/candidates.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace maxopt {

using Family = ResponseShape::Family;

double ResponseShape::At(double x) const {
  if (x <= 0) return 0;
  switch (family) {
    case Family::kPower:
      return std::pow(x, a);
    case Family::kLog:
      return std::log1p(x / k) / std::log1p(1 / k);
    case Family::kExponential:
      return std::expm1(-x / k) / std::expm1(-1 / k);
    case Family::kHill: {
      const double ka = std::pow(k, a);
      const double xa = std::pow(x, a);
      return xa / (xa + ka) * (1 + ka);
    }
  }
  Bug();
}

double ResponseShape::SlopeAt(double x) const {
  // At 0 some slopes are infinite: the slope a thousandth up stands for them.
  x = std::max(x, 1e-3);
  switch (family) {
    case Family::kPower:
      return a * std::pow(x, a - 1);
    case Family::kLog:
      return 1 / (k + x) / std::log1p(1 / k);
    case Family::kExponential:
      return -std::exp(-x / k) / k / std::expm1(-1 / k);
    case Family::kHill: {
      const double ka = std::pow(k, a);
      const double xa = std::pow(x, a);
      return a * xa * ka / (x * (xa + ka) * (xa + ka)) * (1 + ka);
    }
  }
  Bug();
}

double ResponseDraw::At(double spend) const { return scale * shape.At(spend / reference); }
double ResponseDraw::MarginalAt(double spend) const {
  return scale / reference * shape.SlopeAt(spend / reference);
}

}  // namespace maxopt

namespace maxopt::response {
namespace {

Kernel Geometric(double decay_day, int period_days) {
  const double decay = std::pow(decay_day, period_days);
  return {decay, {}, decay, decay_day / (1 - decay_day)};
}

/// Rises to its height after some days and falls again: lags of a negative binomial of size 3.
Kernel Delayed(double mean_days, int period_days) {
  const double p = 3 / (3 + mean_days);
  Kernel kernel{0, {}, 0, 0};
  double left = 1;
  for (int lag = 0; left > 0.002 && lag < 400; ++lag) {
    const double w = (lag + 2) * (lag + 1) / 2.0 * std::pow(p, 3) * std::pow(1 - p, lag);
    const auto period = static_cast<std::size_t>(lag / period_days);
    if (kernel.weights.size() <= period) kernel.weights.push_back(0);
    kernel.weights[period] += w;
    kernel.lag_days += w * lag;
    left -= w;
  }
  for (double& w : kernel.weights) w /= 1 - left;
  kernel.carried = 1 - kernel.weights[0];
  return kernel;
}

}  // namespace

std::vector<Kernel> Kernels(int period_days, bool few) {
  std::vector<Kernel> kernels;
  // Mean lags of 0 to 24 days, about evenly in their logarithm.
  for (const double decay :
       few ? std::vector{0.0, 0.5, 0.8, 0.93} : std::vector{0.0, 0.3, 0.55, 0.75, 0.88, 0.96}) {
    kernels.push_back(Geometric(decay, period_days));
  }
  for (const double mean : few ? std::vector{6.0} : std::vector{4.0, 11.0}) {
    kernels.push_back(Delayed(mean, period_days));
  }
  return kernels;
}

std::vector<ResponseShape> Shapes(bool few) {
  using enum ResponseShape::Family;
  if (few) {
    return {{kPower, 1, 0.3},        {kPower, 1, 0.6},       {kPower, 1, 0.85}, {kLog, 0.5, 1},
            {kExponential, 0.35, 1}, {kExponential, 0.9, 1}, {kHill, 0.3, 1},   {kHill, 1, 1},
            {kHill, 0.6, 2},         {kHill, 1.2, 2}};
  }
  return {{kPower, 1, 0.15},      {kPower, 1, 0.35},      {kPower, 1, 0.6}, {kPower, 1, 0.85},
          {kLog, 0.15, 1},        {kLog, 0.6, 1},         {kLog, 2, 1},     {kExponential, 0.3, 1},
          {kExponential, 0.6, 1}, {kExponential, 1.3, 1}, {kHill, 0.2, 1},  {kHill, 0.6, 1},
          {kHill, 1.8, 1},        {kHill, 0.5, 2},        {kHill, 1, 2},    {kHill, 1.7, 2},
          {kHill, 0.8, 4},        {kHill, 1.3, 4}};
}

std::vector<double> ShapePriors(std::span<const ResponseShape> shapes) {
  // S-shapes count as a family of their own.
  const auto kind = [](const ResponseShape& s) {
    return static_cast<int>(s.family) + (s.family == ResponseShape::Family::kHill && s.a > 1);
  };
  std::map<int, double> members;
  for (const auto& shape : shapes) members[kind(shape)] += 1;
  std::vector<double> priors;
  for (const auto& shape : shapes) {
    priors.push_back(1 / (members[kind(shape)] * static_cast<double>(members.size())));
  }
  return priors;
}

std::vector<double> Carry(std::span<const double> spend, const Kernel& kernel, double before) {
  std::vector<double> out(spend.size());
  if (kernel.weights.empty()) {
    double carried = before;
    for (std::size_t t = 0; t < spend.size(); ++t) {
      carried = (1 - kernel.decay) * spend[t] + kernel.decay * carried;
      out[t] = carried;
    }
    return out;
  }
  for (std::size_t t = 0; t < spend.size(); ++t) {
    for (std::size_t lag = 0; lag < kernel.weights.size(); ++lag) {
      out[t] += kernel.weights[lag] * (lag <= t ? spend[t - lag] : before);
    }
  }
  return out;
}

}  // namespace maxopt::response
