#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "domain/fx.h"
#include "money/money.h"
#include "result/result.h"

namespace maxopt {

/// What one minor unit of an account's currency costs in micros of another: num / den, exactly.
struct UnitPrice {
  __extension__ using Wide = __int128;
  Wide num = 1, den = 1;
  /// Of so many units, >= 0, rounded up to the micro.
  Wide Cost(Wide minor) const { return (minor * num + den - 1) / den; }
  /// The most units that so many micros, >= 0, pay for.
  Wide Bought(Wide micros) const { return micros * den / num; }
  double real() const { return static_cast<double>(num) / static_cast<double>(den); }
};
/// kInvalidArgument for a currency that the table does not know.
Result<UnitPrice> PriceOfUnit(const Exchange& exchange, MinorUnits table);

/// One share of a total, to be given in whole minor units of its account's currency.
struct WholePart {
  std::string id;  ///< unique; ties go by it
  UnitPrice price;
  std::int64_t low = 0, high = 0;  ///< minor units, 0 <= low <= high
  std::int64_t wanted = 0;         ///< micros of the total's currency
};

/// Minor units by part: what is wanted rounded down, within its bounds, and what that leaves of
/// `total` (micros) given out one unit each where it is worth most for its price, while it fits.
/// What then remains is less than the price of a unit of any part below its `high`. Units are taken
/// back where bounds cost more than the total, as far as the bounds let them.
/// `worth`: response per unit of the total's currency of moving a part from `at` by `step`, both
/// units of the total's currency; `step` is one minor unit's price, below 0 when it is taken.
std::vector<std::int64_t> WholeUnits(
    const std::vector<WholePart>& parts, std::int64_t total,
    const std::function<double(std::size_t part, double at, double step)>& worth);

}  // namespace maxopt
