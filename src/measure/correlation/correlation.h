#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// How the performance of platforms moves together: who leads whom, days that shook all of them,
/// one platform's spend going with another's loss, and creatives that do better in one placement
/// than the rest of the numbers say. All of it is association with its evidence beside it; cause is
/// for experiments. Nothing is said without the data it needs: what could not be judged is named
/// with the reason.
namespace maxopt {

/// Values of consecutive days, all series of a call beginning on the same one. Absent: not known.
struct DailySeries {
  std::string name;
  std::vector<std::optional<double>> values;
};

struct CorrelationOptions {
  double alpha = 0.05;  ///< chance of any false claim among all that one call makes
  int lag_days_max = 7;
  int season_days = 7;  ///< the week of ads and shops
  /// Eight weeks: with fewer a correlation must be above .4 to be told from none at all these lags.
  int days_min = 56;
};

/// Findings, and what was left out for want of data, in words.
template <class T>
struct Judged {
  std::vector<T> findings;
  std::vector<std::string> not_judged;
};

/// A pair of series at the lag where they agree most.
struct LeadLag {
  std::string first, second;
  int lag_days = 0;  ///< above 0: first comes before second by so many days; below 0: after
  double r = 0, r_low = 0, r_high = 0;  ///< correlation of the surprises, with its 95 % interval
  int days = 0;                         ///< pairs of days that it rests on
  double p_value = 1;                   ///< of this lag alone
  double p_adjusted = 1;                ///< for all lags of all pairs (Holm)
  bool significant = false;             ///< p_adjusted < alpha
};
/// Every pair once. From each series a straight trend and the means of the days of the season are
/// taken out, then it is whitened by an autoregression of its own (order by AIC, at most a season),
/// so that trend, week and inertia make no correlation. Between two independent series the
/// correlation of such residuals has variance 1 / n at each lag; the test is Fisher's
/// z = atanh(r) sqrt((n - 3) / b) with b = max(1, 1 + 2 sum ra[k] rb[k]) for what autocorrelation
/// is left in both (Bartlett), k up to two seasons. Source   Haugh 1976, Checking the Independence
/// of Two Covariance-Stationary Time Series, JASA
///          71(354); Box, Jenkins, Reinsel, Time Series Analysis, ch. 12 (prewhitening); Holm 1979
Judged<LeadLag> LeadsAndLags(std::span<const DailySeries> series,
                             const CorrelationOptions& options);

/// A day on which the series together moved as they hardly ever do.
struct SharedShock {
  int day = 0;       ///< index
  double z = 0;      ///< mean surprise of the series over its own usual spread; below 0: down
  int same_way = 0;  ///< series that moved that way by more than one of their own spreads
  int series = 0;    ///< known on that day
  double p_adjusted = 1;
};
struct SharedShocks {
  std::vector<SharedShock> days;       ///< significant ones, by day
  std::optional<double> factor_share;  ///< of all surprises' variance, that one common factor
                                       ///< takes; 1 / series: nothing in common
  std::vector<std::string> not_judged;
};
/// Needs three series. Surprises are whitened as above and put over their robust spread (1.4826
/// MAD); the mean of a day is put over the robust spread of such means, so that what always moves
/// together is no shock. At least two thirds of the series must have moved that way. Holm over
/// days.
SharedShocks FindSharedShocks(std::span<const DailySeries> series,
                              const CorrelationOptions& options);

struct PlatformDays {
  DailySeries spend;  ///< name: the platform
  DailySeries
      results;  ///< conversions or revenue, observed rather than claimed where there is both
};
/// Spend on one platform against results of another, with the demand of all held fixed.
struct Cannibalisation {
  std::string spender, loser;
  double elasticity =
      0;  ///< 1 % more spend on the spender goes with so many % of the loser's results
  double low = 0, high = 0;  ///< 95 % interval
  int days = 0;
  double p_adjusted = 1;  ///< one-sided (elasticity < 0), for all pairs (Holm)
  bool significant = false;
};
/// Every ordered pair. Least squares of the week-on-week change of log results of the loser on
/// those of both platforms' log spend and of log demand (the shop's own total), with standard
/// errors that allow for autocorrelation over a season (Newey, West 1987). A day with a 0 has no
/// logarithm and is left out. Not judged: too few days, spend that hardly varied (spread of its
/// change below 5 %).
Judged<Cannibalisation> FindCannibalisation(std::span<const PlatformDays> platforms,
                                            const DailySeries& demand,
                                            const CorrelationOptions& options);

/// What one creative did in one placement: `successes` of `trials` (clicks of impressions,
/// conversions of clicks).
struct CreativeCell {
  std::string creative, placement;
  std::int64_t trials = 0;
  double successes = 0;  ///< may be fractional; above trials is taken as trials
};
struct CreativeRate {
  std::string creative, placement;
  std::int64_t trials = 0;
  double successes = 0;
  double rate = 0;           ///< successes / trials
  double expected = 0;       ///< from the creative and the placement each by itself
  double shrunk = 0;         ///< between both, as far as the cell's own evidence goes
  double low = 0, high = 0;  ///< of the shrunken rate, simultaneous over all cells
  bool enough = false;       ///< at least kSuccessesMin are expected: below, no claim is made
  int verdict = 0;           ///< 1 better here than expected, -1 worse, 0 not told apart
};
inline constexpr double kSuccessesMin = 5;  ///< the usual least expectation of a counted cell
/// Sums divided, never means of rates. Expected: creative's rate times placement's rate over the
/// rate of all. Cells vary around it with a Beta distribution whose weight is estimated from how
/// much more they scatter than counts do (moments); where they do not, all are as expected. Source
/// Kleinman 1973, Proportions with Extraneous Variance, JASA 68(341)
Judged<CreativeRate> RateCreatives(std::span<const CreativeCell> cells, double alpha = 0.05);

/// Holm's adjustment: p-values that hold for the whole family. In the order given.
std::vector<double> AdjustHolm(std::span<const double> p_values);

}  // namespace maxopt
