#pragma once
#include <span>
#include <vector>

#include "measure/response/response.h"

/// The curves and carry-overs that a channel may have.
namespace maxopt::response {

/// How a day's spend is spread over the periods from its own on. Weights sum to 1.
struct Kernel {
  double decay;                 ///< geometric when `weights` is empty
  std::vector<double> weights;  ///< by lag in periods
  double carried;               ///< 1 - weight of lag 0
  double lag_days;              ///< mean
};

/// `few` for histories of many channels.
std::vector<Kernel> Kernels(int period_days, bool few);
std::vector<ResponseShape> Shapes(bool few);
/// Prior weight of each shape: families are equally likely, and so are the members of one.
std::vector<double> ShapePriors(std::span<const ResponseShape> shapes);

/// The spend in effect, by period. Before the first period the spend was `before` all along.
std::vector<double> Carry(std::span<const double> spend, const Kernel& kernel, double before);

}  // namespace maxopt::response
