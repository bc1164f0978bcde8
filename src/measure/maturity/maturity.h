#pragma once
#include <span>
#include <vector>

#include "result/result.h"

namespace maxopt {

/// What was known of one past day's conversions at the ends of the days after it: known[a] is the
/// count as known `a` days after the day itself, a = 0, 1, ... Counts may fall (platforms take
/// conversions back). Shorter for younger days.
struct DayGrowth {
  std::vector<double> known;
};

/// How much of its final count a day has when it is `a` days old.
struct Maturity {
  std::vector<double> share;  ///< [age], 0 < share; 1 from the last age on; above 1: will shrink
  double evidence = 0;        ///< conversions of the account's own that the estimate rests on
  /// Share at an age; ages beyond the last are 1.
  double At(int age) const;
};

/// Share of conversions that are known `age` days after the click, before an account has told
/// anything of itself. 35 % come within the hour, half within a day, all but 13 % within two weeks,
/// the rest within 30 days: O. Chapelle, "Modeling Delayed Feedback in Display Advertising" (KDD
/// 2014, section 2, Criteo's logs); between these points the missing share falls by a constant
/// factor a day. `ages` is the number of days that the platform restates, 1..120.
std::vector<double> DelayPrior(int ages);

/// The chain ladder of claims reserving (T. Mack, 1993), with a prior: the growth from one age to
/// the next is the ratio of the sums over all days that are known at both, to which the prior adds
/// `prior_weight` conversions that grow as the prior says. The share at an age is the reciprocal of
/// the product of all growth that follows it. Pure.
/// days          in any order; negative and not finite counts are refused
/// prior         [age], rising to 1, as DelayPrior gives it; not empty
/// prior_weight  conversions, > 0. 50: with fewer the counts of single days are mostly luck
///               (a standard deviation of 14 %).
Result<Maturity> EstimateMaturity(std::span<const DayGrowth> days, std::span<const double> prior,
                                  double prior_weight = 50);

}  // namespace maxopt
