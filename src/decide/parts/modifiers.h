#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "decide/parts/parts.h"
#include "result/result.h"

/// How far should the bids of one part of a campaign be moved, and what does that bring?
///
/// Where a bid is for a click, a part is bid on at its worth when
///   modifier = value per click of the part / value per click of the whole,
/// whatever the clicks cost: in an auction of second prices the bid is what the last click costs,
/// so that money brings the same everywhere (Vickrey 1961; "bid what it is worth").
///
/// A bid that is r times as high wins r^k times the clicks and pays r^(k+1) times the money. k = 1
/// where the highest bid of the others lies anywhere with the same chance; 0.5 to 2 are taken as
/// the ends of a 90 % interval. A further unit of money then brings e = k / (k+1) of what one
/// brings on average, in the part as in the rest. The gain of a move is
///   value (r^k - 1) - spend (r^(k+1) - 1) * price
/// with the price of money e times what it earns in the rest (it comes from there, or goes there),
/// or, where it is saved, what it is worth.
namespace maxopt {

struct ModifierCase {
  std::int64_t present_bp = 10'000;
  PartWeight weight;      ///< its value per click against the whole's
  bool relative = false;  ///< `weight` is of value per money, which the present modifier is in:
                          ///< the wanted one is the present times the ratio
  double spend = 0;       ///< a day, of the part
  double value = 0;       ///< a day, of the part, shrunk as its weight is
  double rest_spend = 0;  ///< a day, of the rest of the campaign
  double rest_value = 0;
  double rest_counts = 0;  ///< independent counts behind rest_value
  bool refills = true;
  std::optional<double> worth;  ///< value per money; needed without refill
  std::int64_t min_bp = 1'000;  ///< of the platform
  std::int64_t max_bp = 100'000;
  std::int64_t step_max_bp = 2'000;  ///< of the present one
};

struct ModifierMove {
  std::int64_t wanted_bp = 0;  ///< before bounds and step
  std::int64_t to_bp = 0;      ///< whole percents; the present one where nothing is to be done
  PartsGain gain;              ///< of value a day; saved money counts at `worth`
  double spend_change = 0;     ///< of the part, a day
  double value_change = 0;     ///< of the part, a day
  std::string why_not;         ///< where nothing is to be done
  bool any() const { return why_not.empty(); }
};

/// The move of one part that differs: towards the wanted one, at most a step, and where the whole
/// of it is not a gain at the lower end of 90 %, half or a quarter. Moves below 2 % are not worth
/// a change; what is at 0 was left out by somebody and stays so.
/// Errors kInvalidArgument: a negative or not finite number, bounds or step out of range, a part
/// without spend, no refill and no worth.
Result<ModifierMove> MoveModifier(const ModifierCase& part);

}  // namespace maxopt
