#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "result/result.h"

/// Credit for conversions, given to the channels on the paths that led to them. This is what was
/// *observed*: who was on the path. It does not say what a channel *caused*; only an experiment
/// does (docs/attribution.md).
///
/// A path is the touches before a conversion, oldest first; a channel may stand there more than
/// once. It counts `conversions` conversions of together `value`, and `null_conversions` journeys
/// that took the same path and ended without one.
///
/// The models. c is the number of conversions of a path of n touches; value is given like c.
///   last, first   all to that touch
///   linear        c / n to every touch
///   time_decay    to each touch in proportion to 2^(-age / half_life). Where only the order is
///                 known, the age of a touch is the number of touches after it
///   position      0.4 to the first, 0.4 to the last, 0.2 in equal parts to those between; halves
///                 with two touches, all with one ("U-shaped", as Google Analytics had it)
///   shapley       Shapley value of the game in which a set S of channels earns the conversions of
///                 all paths that need no channel outside S. A path counts as the set of its
///                 channels, so neither order nor repetition matters. That game is a sum of
///                 unanimity games, of which the value is known in closed form: c / |set| to each
///                 channel of the path's set. So it is exact for any number of channels, without
///                 the 2^n sums. Null conversions do not enter.
///                 Source: Zhao, Mahboobi, Bagheri 2018, Shapley Value Methods for Attribution
///                 Modeling in Online Advertising, section 3 (the simplified computation)
///   markov:K      removal effect in a Markov chain of order K (markov is markov:1).
///                 States: start, the last min(K, touches so far) touches, conversion, null.
///                 A path of weight w = conversions + null_conversions adds w to each step between
///                 its states and from start; its last state leads on to conversion with weight
///                 conversions and to null with null_conversions. Probabilities are shares of what
///                 leaves a state. A channel after itself is a step like any other; at order 1
///                 that changes nothing, because a loop only delays.
///                 Removal of a channel: whoever comes to it goes to null.
///                   effect = 1 - P(conversion without the channel) / P(conversion)
///                 and credit = total * effect / sum of effects. For value, a conversion out of a
///                 state is worth the mean value of those seen there, and the effect is
///                 1 - E(value without the channel) / E(value).
///                 Computed by linear equations, never by simulation.
///                 Sources: Anderl, Becker, von Wangenheim, Schumann 2016, Mapping the customer
///                 journey, IJRM 33(3); the removal effect with the removed channel leading to
///                 null, and value by state, as in the R package ChannelAttribution (Altomare,
///                 Loris), which estimates the same numbers by simulation. For the question itself:
///                 Shao, Li 2011, Data-driven Multi-touch Attribution Models, KDD.
///
/// Totals: credits add up to the input's total of conversions and of value; the last bits that
/// rounding leaves over go to the channel with the largest credit (the first by name among equals).
namespace maxopt {

struct AttributionModel {
  enum class Kind { kLast, kFirst, kLinear, kTimeDecay, kPosition, kMarkov, kShapley };
  Kind kind = Kind::kLast;
  int order = 1;  ///< of markov, 1..kMarkovOrderMax
  /// In the unit of the ages: touches, where only the order is known. 1: each touch counts half of
  /// the one after it, the usual form for ordered paths. With times in days use kHalfLifeDays.
  double half_life = 1;
};
inline constexpr int kMarkovOrderMax = 16;
/// Google Analytics' half-life of its time decay model.
inline constexpr double kHalfLifeDays = 7;

/// "last", "first", "linear", "time_decay", "position", "markov", "markov:3", "shapley".
/// kInvalidArgument lists them.
Result<AttributionModel> FindAttributionModel(std::string_view name);
std::string AttributionModelName(const AttributionModel& model);

/// How often a path was taken. All >= 0 and finite; value only with conversions. May be fractional.
struct PathCounts {
  double conversions = 0;
  double value = 0;  ///< of all the conversions together
  double null_conversions = 0;
};

struct ChannelCredit {
  std::string channel;
  double conversions = 0;
  double value = 0;
  double removal_effect = 0;  ///< of markov, on conversions, in [0, 1]; else 0
};

/// Takes paths one by one and keeps only sums: memory is in the number of channels, for markov of
/// distinct steps between states. Not thread-safe; const members may be called at the same time.
class Attribution {
 public:
  /// `model` as FindAttributionModel gives it; a half-life must be above 0 and finite, the order in
  /// range: anything else is our bug.
  explicit Attribution(const AttributionModel& model);
  ~Attribution();
  Attribution(Attribution&&) noexcept;
  Attribution& operator=(Attribution&&) noexcept;

  /// The number of a channel: 0, 1, ... in order of first mention. A name is bytes, taken as it is.
  int Channel(std::string_view name);

  /// One path. `touches` are numbers of Channel(), oldest first. `ages`, for time_decay, is empty
  /// or has one number >= 0 for each touch in the unit of the half-life. kInvalidArgument: no
  /// touches, a count that is negative or not finite, value without conversions, ages that do not
  /// fit. What was refused changed nothing.
  Result<> Add(std::span<const int> touches, const PathCounts& counts,
               std::span<const double> ages = {});

  /// By name (bytes); every channel that was mentioned, also those without credit.
  /// kInvalidArgument: the sums are beyond what a double holds.
  Result<std::vector<ChannelCredit>> Credits() const;
  /// Sums of what was added.
  PathCounts totals() const;
  std::int64_t paths() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Adds every row of a CSV file: a header with the columns path, conversions, conversion_value and
/// null_conversions in any order (others are ignored), a path as "a > b > c" (blanks around a name
/// do not count), fields quoted as RFC 4180 has it. Empty lines are skipped.
/// kInvalidArgument names the line and the column. One pass, nothing kept of the text.
Result<> ReadPathsCsv(std::string_view csv, Attribution& into);

/// `total` in parts proportional to `weights`, exact to the last unit: each part is rounded down,
/// and what is left goes, one unit each, to the largest fractions (the earlier among equals).
/// weights: finite, >= 0, at least one above 0; anything else is our bug. total may be negative.
std::vector<std::int64_t> SplitExactly(std::int64_t total, std::span<const double> weights);

}  // namespace maxopt
