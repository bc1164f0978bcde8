#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "result/result.h"

/// What a bid or a target should be, from the value of a further unit of spend.
///
/// Near where an object is now, value = k * spend^e. A bid (or a target cost) that is higher buys
/// more at a higher average cost: average cost ~ spend^(1 - e). A further unit of spend brings
///   m = e * value / spend     in units of what it is worth
/// and the best average cost is m times the present one, because there e * value = spend. So the
/// bid moves by the factor m, as far as a step may go, and not towards the target that the average
/// should meet: where returns diminish, an average on target is a margin far beyond it.
///
/// Where the budget stops the object before the day is over, a higher bid only makes the same money
/// buy less. Delivered a share d of what it could, its bid may fall by d^(1 - e) until it just
/// spends its budget; by a factor f above that the same money brings value / f.
///
/// e is estimated from weeks whose spend differed: value ~ quasi-Poisson with
///   log(value / demand) = a + e * log(spend / demand)
/// demand is what was to be had (impressions, shown or not): weeks of more demand bring more of
/// both, and say nothing of e. Without it there is no own estimate: spend that follows demand would
/// make every e look like 1. Estimates are drawn together over all objects (partial pooling) and
/// towards the prior.
/// Source  McCullagh, Nelder 1989 (quasi-Poisson); DerSimonian, Laird 1986 (variance between);
///         Efron, Morris 1975. The marginal rule: Varian 2009, Online Ad Auctions, AER 99(2):
///         incremental cost per click is what a bid is weighed by, not the average.
namespace maxopt {

struct BidWeek {
  double spend = 0;              ///< > 0
  double value = 0;              ///< conversions, or revenue; >= 0
  std::optional<double> demand;  ///< impressions that were to be had; > 0
};
struct BidSeries {
  std::vector<BidWeek> weeks;
  double unit = 1;  ///< variance of the value per unit of it, as in decide/parts
};

struct ElasticityPrior {
  /// Half-way of the concave shapes that measure/response tries (0.15 to 0.85 and up to 1).
  double mean = 0.6;
  double sd = 0.2;
  double between = 0.1;  ///< least standard deviation between objects
  /// Of what no week tells: competitors who bid more make spend and value move another way.
  double own_sd_least = 0.1;
  int weeks_least = 6;
};
struct Elasticity {
  double mean = 0, sd = 0;            ///< of a normal distribution, cut to [0.05, 0.98]
  std::optional<double> own, own_sd;  ///< from its own weeks alone; absent: they cannot tell
  int weeks = 0;                      ///< that its own estimate rests on
  /// False where no object's weeks told anything: only the prior speaks. Then decisions take every
  /// elasticity from 0.15 to 0.98 as likely as any other (what measure/response tries and up).
  bool told = true;
};
/// In the order of the series. kInvalidArgument: a number out of range.
Result<std::vector<Elasticity>> FitElasticities(std::span<const BidSeries> series,
                                                const ElasticityPrior& prior = {});

struct BidCase {
  double spend = 0;   ///< a day
  double value = 0;   ///< a day
  double counts = 0;  ///< conversions (dispersion taken off) that `value` rests on, in all
  double worth = 0;   ///< money per unit of value
  Elasticity elasticity;
  bool can_grow = true;       ///< there is more to be had, and money for it
  double spend_max = 0;       ///< a day; 0: no limit
  double lost_to_budget = 0;  ///< share of what could be delivered; in [0, 1)
  double step_max = 0.2;      ///< largest move of the bid
};

struct BidOptions {
  double confidence = 0.95;    ///< posterior chance that the margin is on that side
  double step_least = 0.02;    ///< a smaller move is not worth a change
  double counts_least = 10;    ///< relative standard deviation of a third
  double lost_least = 0.1;     ///< of lost_to_budget, before a bid is lowered for it
  double spend_ratio_max = 2;  ///< beyond twice or below half of the spend lies extrapolation
};

enum class BidVerdict { kLoosen, kTighten, kTightenToBudget, kKeep };

struct BidRange {
  double mean = 0, low90 = 0, high90 = 0;
};

struct BidDecision {
  BidVerdict verdict = BidVerdict::kKeep;
  double factor = 1;        ///< of the bid or target cost; above 1 buys more
  BidRange margin;          ///< money's worth that a further unit of money brings
  BidRange gain;            ///< money a day: worth of the value won or lost, less the spend
  BidRange value_change;    ///< a day
  double spend_change = 0;  ///< a day, mean
  std::string why_not;      ///< with kKeep
};

/// Pure; the same in, the same out: the posterior is a grid of quantiles. kInvalidArgument: a
/// number out of range.
Result<BidDecision> DecideBid(const BidCase& bid, const BidOptions& options = {});

}  // namespace maxopt
