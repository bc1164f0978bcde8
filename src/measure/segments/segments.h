#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "result/result.h"

/// Which parts of a campaign do better or worse than the whole they belong to, beyond luck?
///
/// Rows are counted up a tree for each cut: channel > campaign > creative, or device alone, or
/// hour. A segment's rate is its numerator over its denominator (conversions over spend, revenue
/// over spend, clicks over impressions). The model, level by level from the top:
///   numerator ~ unit * Poisson(rate * denominator / unit)
///   rate ~ Gamma with the mean of the parent's other children and a relative variance t^2
/// t^2 is estimated once a level from how far the segments stray (empirical Bayes, by moments), so
/// where segments do not differ they are shrunk to their parent entirely, and winners shrink before
/// they are believed (the winner's curse). A segment is a finding when
///   1. it has enough evidence,
///   2. the test of it against its reference, adjusted over all segments of all cuts at once
///      (Benjamini, Hochberg 1995), is below `false_discoveries`, and
///   3. so is the mean posterior chance of having the sign wrong, over all findings up to it.
/// Source   Efron, Morris 1975 (shrinkage); Stephens 2017, False discovery rates: a new deal
///          (the sign); Gelman, Hill, Yajima 2012 (pooling against multiplicity)
namespace maxopt {

struct SegmentRow {
  std::vector<std::string> keys;  ///< one a dimension, in the same order in all rows
  double denominator = 0;         ///< >= 0: spend, impressions, clicks
  double numerator = 0;           ///< >= 0: conversions, revenue, clicks
};

struct SegmentOptions {
  /// Each a path of dimensions, from the top: {{0, 1, 2}, {3}} is channel > campaign > creative,
  /// and device by itself.
  std::vector<std::vector<std::size_t>> cuts;
  /// Variance of the numerator per unit of it: 1 for counts; for revenue the mean of the squared
  /// order values over the mean order value.
  double unit = 1;
  /// Judged against this rate in place of the parent's other children.
  std::optional<double> target;
  /// Worth of one unit of the numerator in money.
  double value = 1;
  /// Least numerator, in units, that the reference leads to expect. 5 is the usual least count of a
  /// chi-square cell (Cochran 1954).
  double least_expected = 5;
  double false_discoveries = 0.1;  ///< in (0, 1)
};

enum class SegmentVerdict { kAbove, kBelow, kNotTold, kTooLittle, kOnlyChild };

struct Segment {
  std::size_t cut = 0;
  std::vector<std::string> path;  ///< of the keys down to it
  double denominator = 0, numerator = 0;
  double rate_raw = 0;                 ///< numerator / denominator
  double rate = 0, low = 0, high = 0;  ///< shrunk; the ends of the 90 % interval
  double reference = 0;                ///< rate of the parent's other children, or the target
  double prob_above = 0;               ///< posterior chance of a rate above the reference
  double p_value = 1, p_adjusted = 1;
  /// (rate - reference) * denominator * value: what it brought beyond the reference; negative: what
  /// it cost. With the ends of the 90 % interval.
  double stake = 0, stake_low = 0, stake_high = 0;
  SegmentVerdict verdict = SegmentVerdict::kNotTold;
};

/// All segments: findings first, by money at stake, then the others by the size of their stake.
/// Independent of the order of rows. Errors kInvalidArgument: no cut, a dimension that is not
/// there, rows of different widths, a negative or not finite number, options out of range.
Result<std::vector<Segment>> FindSegments(std::span<const SegmentRow> rows,
                                          const SegmentOptions& options);

}  // namespace maxopt
