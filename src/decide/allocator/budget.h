#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "decide/allocator/curve.h"
#include "result/result.h"

namespace maxopt {

/// One budget split over channels with response curves. Amounts are currency units; the answer is
/// in whole minor units.
struct BudgetProblem {
  struct Channel {
    std::string id;  ///< unique; ties go by it
    ResponseCurve curve;
    double min = 0;
    double max = std::numeric_limits<double>::infinity();
  };
  /// Channels whose budgets together stay within bounds. No channel is in two groups.
  struct Group {
    std::string name;
    std::vector<std::size_t> channels;
    double min = 0;
    double max = std::numeric_limits<double>::infinity();
  };
  /// What the money has to return, so that a part of the budget may stay unspent: every further
  /// unit at least `value` (kMarginal), or all of it together (kAverage, response over spend).
  struct Target {
    enum class Kind { kMarginal, kAverage } kind = Kind::kMarginal;
    double value = 0;
  };
  double budget = 0;
  std::vector<Channel> channels;
  std::vector<Group> groups{};
  std::optional<Target> target{};
  int decimals = 2;  ///< of the minor unit, 0..6
};

struct BudgetAnswer {
  std::vector<std::int64_t> minor;  ///< by channel; sums to the budget exactly, or to `sum`
  std::int64_t sum = 0;
  double response = 0;           ///< of the answer, on the curves as they are
  double lambda = 0;             ///< price of the budget: what one more unit of it would bring
  std::vector<double> marginal;  ///< what one more unit for this channel would bring
  /// Why a channel is not moved further: "min", "max", "group NAME min", "group NAME max", or ""
  /// where its marginal return is the price.
  std::vector<std::string> binding;
  double bound = 0;         ///< no split within the bounds brings more
  double gap = 0;           ///< (bound - response) / |bound|, >= 0
  double kkt_residual = 0;  ///< largest relative breach of "marginal return = price": below
  int branches = 0;         ///< nodes that were looked at to close the gap
};

/// Largest total response with sum of budgets = budget (the minor unit exactly), bounds and groups
/// kept.
///
/// Every curve is replaced by its upper concave envelope between its bounds: a straight line to the
/// tangent point, then the curve. On envelopes the Lagrangian dual is solved for the price of the
/// budget, by Newton's method on its logarithm within a bracket; a group whose bound binds has a
/// price of its own (Everett 1963, "Generalized Lagrange multiplier method"; the envelope bound of
/// Udell & Boyd 2013, "Maximizing a sum of sigmoids"). The dual's value is `bound`. Where curves
/// are concave nothing is left to close but the rounding to minor units. A budget that ends inside
/// a straight line is branched on (below it or above it), best bound first, while nodes are left:
/// as many as make 20 million curve evaluations, at most 400, so the same input gives the same
/// answer.
/// kkt_residual: by which part of its price the worst channel breaches "one minor unit more brings
/// no more than the price, one less costs no less", on the envelopes; a channel at its maximum has
/// no unit more, at its minimum none less. 0.001: some unit is a thousandth of the price misplaced.
/// The answer does not depend on the order of the channels: sums are taken in fixed point.
/// Time: about n x 10 curve evaluations; 100,000 concave channels in some 50 ms on two cores.
/// kInvalidArgument: no channels, an id twice, bounds or curves that are none, a channel in two
/// groups, a budget that is no whole number of minor units; bounds that cannot hold the budget:
/// which, and by how much.
Result<BudgetAnswer> SplitBudget(const BudgetProblem& problem);

}  // namespace maxopt
