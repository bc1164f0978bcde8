#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "decide/allocator/curve.h"
#include "result/result.h"

namespace maxopt {

/// One budget over channels and periods (weeks), with effects that carry over. Amounts are currency
/// units; the answer is in whole minor units.
///
/// Stock of a channel: s[t] = carry x s[t-1] + (1 - carry) x spend[t], so that the stock of a
/// steady spend is that spend (geometric adstock: Jin et al. 2017, Bayesian Methods for Media Mix
/// Modeling with Carryover and Shape Effects). Response of a period: season[t] x curve(s[t]).
struct PeriodsProblem {
  struct Bounds {
    double min = 0;
    double max = std::numeric_limits<double>::infinity();
  };
  struct Channel {
    std::string id;       ///< unique; ties go by it
    ResponseCurve curve;  ///< response of a period to a steady spend a period; not kPiecewise
    double carry = 0;     ///< of the stock into the next period, [0, 1)
    double before = 0;    ///< stock when the first period begins, >= 0
    std::vector<double> season{};  ///< factor by period, >= 0; empty: 1
    std::vector<bool> on{};        ///< flights, by period; empty: always. Off: no spend
    std::vector<Bounds> bounds{};  ///< by period; empty: none. Where the channel is off: not asked
    /// What was spent in the first periods, which is history and stays as it is: pacing. Channels
    /// may know different numbers of periods.
    std::vector<double> spent{};
    Bounds total{};  ///< over all periods, with what is spent
  };
  int periods = 0;    ///< 1..520
  double budget = 0;  ///< of all periods, with what is spent
  std::vector<Channel> channels;
  /// Of all channels together, by period; empty: none. Not asked of periods that are history in
  /// every channel.
  std::vector<Bounds> period_bounds{};
  /// What the last periods leave behind.
  enum class End {
    kCut,     ///< counts for nothing: spend moves away from the end
    kRunOut,  ///< counts as if no spend followed, at the channel's mean season; what is counted
              ///< ends where a millionth of the stock is left, or after 200 periods
  } end = End::kRunOut;
  int decimals = 2;  ///< of the minor unit, 0..6
};

struct PeriodsAnswer {
  std::vector<std::vector<std::int64_t>> minor;  ///< [channel][period]; sums to the budget exactly
  std::int64_t sum = 0;
  double response = 0;  ///< within the periods and, with kRunOut, after them
  double after = 0;     ///< the part of it that comes after them; kCut: 0
  /// What one more unit of the budget would bring.
  double lambda = 0;
  /// What one more unit of a bound of a period or a channel's total would bring beside that: above
  /// 0 where a max binds, below 0 where a min does, 0 where none does.
  std::vector<double> period_price, channel_price;
  std::vector<std::vector<double>> marginal;  ///< [channel][period] of one more unit there
  /// Why not more or less there: "spent", "off", "min", "max", "period max", "period min",
  /// "channel max", "channel min", or "" where the marginal return is the price.
  std::vector<std::vector<std::string>> binding;
  double bound = 0;  ///< no plan within the bounds brings more
  double gap = 0;    ///< (bound - response) / |bound|, >= 0
};

/// Largest total response with sum of spends = budget (the minor unit exactly), every bound kept.
///
/// For concave curves this is a concave problem in all spends together. It is solved by a
/// primal-dual interior-point method (Boyd and Vandenberghe 2004, Convex Optimization, ch. 11),
/// whose linear systems fall apart by channel but for one row a bound. The certificate does not
/// trust it: at its point x the response lies below its tangent, response(x) + gradient . (y - x),
/// and the most that the tangent reaches within the bounds is bounded by the prices of budget,
/// periods and channels (the Frank-Wolfe gap, Jaggi 2013, by weak duality of its linear program);
/// whatever the prices are, no plan brings more than `bound`. Whole minor units come from a flow
/// through periods and channels, which has a whole solution beside every fractional one; the same
/// flow finds bounds that cannot hold together. S-shaped curves are solved on their concave
/// envelopes, the bound of which holds; then money is moved between channels and periods on the
/// curves as they are while that helps, and `gap` says what may be left.
///
/// Pure, deterministic, independent of the channels' order. Time grows with channels x periods^3.
/// kInvalidArgument: no channel or period, an id twice, vectors of other lengths, curves or numbers
/// that are none, kPiecewise; bounds that cannot hold: which, and by how much.
Result<PeriodsAnswer> PlanPeriods(const PeriodsProblem& problem);

}  // namespace maxopt
