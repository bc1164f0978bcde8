#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "result/result.h"

/// Which parts of a campaign (hours of the week, countries) lose money beyond doubt, and what is
/// gained by stopping them?
///
/// A part brings value at a rate: value per unit of cost. The model of what it brought is
///   value ~ unit * dispersion * Poisson(rate * cost / (unit * dispersion))
/// with rates drawn around a common one (empirical Bayes, by moments), so that parts which do not
/// really differ are shrunk to what they belong to. Hours are drawn two ways,
///   rate[day, hour] = rate * day_effect * hour_effect * own,
/// each effect a Gamma around 1 whose variance is estimated; the expectation of an hour is made
/// without its own numbers. The dispersion is Pearson's, over single days, so that conversions that
/// come in clumps count for less (McCullagh, Nelder 1989, ch. 9.2: quasi-likelihood).
///
/// A part loses when its rate is below what its money would earn otherwise:
///   refills    the money goes to the rest of the campaign, where a further unit earns `marginal`
///              of what one earns on average there
///   otherwise  the money is saved, and is worth `worth` of value a unit
/// and it is beyond doubt when
///   1. a test against that bound of the part, or of a block of parts that it is in (hours: the
///      hour, and spans of 4 and of 6 hours, of all days, of working days, of weekends; the
///      weekday), stands after adjusting over
///      all blocks of all campaigns at once (Benjamini, Hochberg 1995),
///   2. the posterior chance of being above the bound, averaged by cost over the parts that are
///      stopped, the surest first, stays below `doubt` (for a single one below three times it), and
///   3. the gain of stopping all of them together is above 0 at the lower end of its 90 % interval;
///      the most doubtful are left out until it is.
/// Source  Efron, Morris 1975 (shrinkage); Gelman, Hill, Yajima 2012 (pooling against multiplicity)
namespace maxopt {

/// Hours of a week: part = 24 * day + hour, Monday 0.
inline constexpr std::size_t kHoursOfWeek = 168;

/// What one part cost and brought on one day. Several rows of one part and day are summed.
struct PartRow {
  std::size_t part = 0;
  int day = 0;       ///< any numbering
  double cost = 0;   ///< >= 0
  double value = 0;  ///< >= 0: conversions, or revenue
};

struct PartsOf {
  std::size_t parts = 0;  ///< at least 1; with `hours` kHoursOfWeek
  bool hours = false;     ///< the parts are the hours of a week
  std::vector<PartRow> rows;
  /// Variance of the value per unit of it, before dispersion: 1 for counts; for revenue the mean of
  /// the squared order values over the mean order value.
  double unit = 1;
  bool refills = true;
  std::optional<double>
      worth;  ///< value per cost at which money breaks even; needed without refill
};

struct PartsOptions {
  double false_discoveries = 0.05;  ///< of the blocks that are told, over all campaigns
  double doubt = 0.05;
  /// Between the constant return of a campaign that its budget throttles (1) and the concave
  /// responses that measure/response tries (elasticities from 0.15 to 0.85).
  double marginal = 0.75;
  double marginal_sd = 0.12;
  /// Least value in units that the bound leads to expect of a block: the usual least count of a
  /// chi-square cell (Cochran 1954).
  double least_expected = 5;
  int least_days = 21;  ///< each weekday three times
  /// Most of the campaign's cost that is stopped at once.
  double cost_share_max = 0.2;
};

enum class PartVerdict { kStop, kKeep, kLater };

struct PartView {
  std::size_t part = 0;
  double cost = 0, value = 0;                ///< of all days
  double rate = 0, low = 0, high = 0;        ///< shrunk; ends of the 90 % interval
  double chance_fine = 1;                    ///< posterior chance of a rate above the bound
  double p_adjusted = 1;                     ///< smallest of the blocks that it is in
  PartVerdict verdict = PartVerdict::kKeep;  ///< kLater: loses as well, but enough is stopped now
};

/// Per day, in units of cost or of value.
struct PartsGain {
  double mean = 0, low90 = 0, high90 = 0;
};

struct PartsReport {
  std::vector<PartView> parts;  ///< by number, all of them
  int days = 0;
  double dispersion = 1;
  double bound = 0;          ///< value per cost below which a part loses
  double rest_rate = 0;      ///< of what stays
  double cost_freed = 0;     ///< a day
  double value_lost = 0;     ///< a day, shrunk
  double claimed_share = 0;  ///< of the value, that the stopped parts brought by their own numbers
  PartsGain gain;            ///< of value a day; saved money counts at `worth`
  bool any = false;          ///< something is stopped
  std::string why_not;       ///< where nothing is
};

/// What a part is worth against the whole of its campaign.
struct PartWeight {
  std::size_t part = 0;
  double exposure = 0, value = 0;       ///< of all days
  double ratio = 1, low = 1, high = 1;  ///< of value per exposure to the whole's, shrunk; 90 %
  double p_adjusted = 1;
  bool differs = false;  ///< beyond luck, either way
};

struct WeightsReport {
  std::vector<PartWeight> parts;  ///< by number, all of them
  int days = 0;
  double dispersion = 1;
  double rate = 0;      ///< value per exposure of the whole
  std::string why_not;  ///< where none differs
};

/// Which parts are worth more or less than their like, and how much: what bids are multiplied by.
/// PartRow::cost is the exposure, in clicks where a bid is for a click. The model is the one above;
/// a part differs when
///   1. a two-sided test of it against the rest stands after adjusting over all parts of all
///      campaigns at once (Benjamini, Hochberg 1995), and
///   2. the 90 % interval of its shrunk ratio leaves out 1.
/// Parts of hours are not weighed. Errors as JudgeParts'.
Result<std::vector<WeightsReport>> WeighParts(std::span<const PartsOf> campaigns,
                                              const PartsOptions& options = {});

/// One report a campaign, in their order; independent of the order of rows.
/// Errors kInvalidArgument: a part out of range, a negative or not finite number, `hours` without
/// 168 parts, no refill and no worth, options out of range.
Result<std::vector<PartsReport>> JudgeParts(std::span<const PartsOf> campaigns,
                                            const PartsOptions& options = {});

}  // namespace maxopt
