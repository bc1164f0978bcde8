#pragma once
#include <cstdint>

#include "result/result.h"

/// A simulated year in which Max meets 20 situations again and again, with what it learnt at hand
/// or without: what the knowledge base is worth where it has something to learn, by the product's
/// own parts (index, search, pooling, combination, grades).
///
/// The world, by seed. A situation is a platform, a channel, an objective and a problem; four kinds
/// of change fit it. What a kind of change brings for a problem is N(0, 0.08^2) relative, plus
/// N(0, 0.03^2) by platform, plus N(0, 0.05^2) each time. Each time the levers' own prediction is
/// the truth of that time with a standard error of `own_se`; the change that is worth most (mean
/// less half a standard deviation, as decide/priority has it) is made, or none where none is worth
/// anything. Eight weeks later it is measured with a standard error of 0.06, before against after.
/// With knowledge each prediction is combined with what like measured tactics let expect, as the
/// optimiser does (stages/optimize/tactics). The library has no part in it: the world is drawn
/// without regard to the trade, so that the trade could only mislead.
namespace maxopt::year {

struct Options {
  std::uint64_t seed = 1;
  bool knowledge = true;
  int weeks = 52;
  int a_week = 5;  ///< situations met in a week: each of the 20 about every fourth week
  double own_se = 0.10;
};

struct Outcome {
  int decisions = 0;
  double gain = 0;          ///< mean relative effect of a decision; 0 where nothing was changed
  double best = 0;          ///< of who knows the kinds of change by heart (not each time's luck)
  double good = 0;          ///< share of decisions within 0.02 of the best kind of change
  double quarters[4] = {};  ///< the same by quarter of the year
  /// The first week from which on two thirds of the decisions of the rest of the year were good,
  /// with a quarter of it left at least; the year's length where there is none.
  int weeks_to_good = 0;
};

/// The same options give the same outcome. Errors: none of a sound program.
Result<Outcome> Live(const Options& options);

}  // namespace maxopt::year
