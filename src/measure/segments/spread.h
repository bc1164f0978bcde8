#pragma once
#include <span>
#include <utility>

namespace maxopt {

/// Relative variance of rates around what is expected of them, beyond Poisson's: what empirical
/// Bayes shrinks by. By moments, each cell (its count, and the count that is expected of it)
/// weighed by its information at the last estimate, `rounds` times from 0.1 on: between campaigns
/// of one account rates commonly differ by a third. Cells that expect nothing are not looked at; 0
/// where none is left. Pure and thread-safe.
double RelativeVariance(std::span<const std::pair<double, double>> counts_and_expected, int rounds);

}  // namespace maxopt
