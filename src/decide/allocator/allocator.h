#pragma once
#include <functional>
#include <string>
#include <vector>

#include "money/money.h"
#include "result/result.h"

namespace maxopt {

struct AllocationChannel {
  std::string id;
  Money min;  ///< >= 0
  Money max;  ///< >= min
  Money current;
  /// Expected response to a daily budget, in currency units; any shape, S-shapes allowed.
  std::function<double(double)> response;
};

struct Allocation {
  struct Share {
    std::string id;
    Money budget;
    double marginal;      ///< response per further unit at `budget`
    std::string binding;  ///< "min", "max" or "" : why it is not moved further
  };
  std::vector<Share> shares;  ///< in the order of the problem
  double response;            ///< of the allocation
  double response_now;        ///< of the current budgets
  double lambda;              ///< response of the last unit of money: the common marginal return
  double gap;                 ///< upper bound on the relative distance to the optimum
};

/// Splits `total` exactly (to the minor unit of `table`) so that expected response is largest:
/// SplitBudget of budget.h on each response as 400 straight pieces between its bounds. Pure;
/// independent of the channels' order. Errors kInvalidArgument: no channel, bounds that do not hold
/// `total` (named, with the sums), currencies that differ, a response that is not finite.
Result<Allocation> Allocate(const std::vector<AllocationChannel>& channels, Money total,
                            MinorUnits table);

}  // namespace maxopt
