#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/fx.h"
#include "measure/response/response.h"
#include "money/money.h"
#include "result/result.h"

namespace maxopt {

/// A channel as it stands, and what is known of its response. Amounts a day.
struct ScenarioChannel {
  std::string id;  ///< unique; ties go by it
  Money budget;    ///< live now, its account's currency, whole minor units
  /// Spend over budget lately, (0, 1]. Below 0.8 demand and not the budget limits the channel: a
  /// budget above `budget` x `delivery` would not be spent.
  double delivery = 1;
  /// Spend that nearly all days were above, units of the problem's currency; 0: it was off.
  double tried_low = 0;
  double tried_high = 0;   ///< spend up to which the curve is known, likewise
  bool identified = true;  ///< false: the data tell little of it; its interval is mostly assumption
  std::string lock{};      ///< why it may not be moved by us; empty: it may
  /// Equally likely; draw i of all channels belong together. Empty: nothing is known of it, and no
  /// scenario's figures contain what it brings.
  std::vector<ResponseDraw> draws{};
  Exchange exchange{};  ///< from `budget`'s currency to the problem's, where they differ
  MinorUnits table = MinorUnits::kIso4217;
};

struct ScenarioProblem {
  std::vector<ScenarioChannel> channels;  ///< at least one
  Currency currency = kNoCurrency;        ///< the client's; kNoCurrency: that of the first channel
  /// Of revenue, before media, (0, 1]. Absent: profit is not known and not shown.
  std::optional<double> gross_margin{};
  /// What an order brings, for targets by CPA and to show CPA. Absent: neither.
  std::optional<double> revenue_per_order{};
};

/// A question: what if. Applied in this order: `off` and `set`, then the total, which is split over
/// the other channels. What is locked or unknown stays at its present budget unless `off` or `set`
/// name it.
struct Scenario {
  enum class Split {
    kProportional,  ///< as the present budgets are to each other
    kBest,          ///< where the expected incremental revenue is highest
    kEqual,         ///< the same for each
  };
  struct Bounds {
    std::optional<Money> min, max;
  };
  struct Target {
    enum class Kind { kMarginalRoas, kAverageRoas, kMarginalCpa, kAverageCpa } kind;
    double value;  ///< > 0; ROAS incremental revenue per spend, CPA spend per incremental order
  };
  std::string name;
  std::vector<std::string> off{};
  /// In the channel's currency, or in the problem's: then rounded down to a whole minor unit.
  std::map<std::string, Money> set{};
  /// Of all channels, in the problem's currency. Absent with `total_change_bp` absent: the present
  /// total, less what `off` frees and `set` changes (`keep_total` false), or the present total
  /// (true).
  std::optional<Money> total{};
  std::optional<int> total_change_bp{};  ///< of the present total: -2000 is 20 % less
  bool keep_total = false;
  Split split = Split::kProportional;
  /// Spends as much as meets it, on the best split, up to the total, where one is given, and no
  /// further than what was tried, where none is.
  std::optional<Target> target{};
  std::map<std::string, Bounds> bounds{};  ///< of kBest and `target`; currencies as in `set`
  /// kBest and `target` keep to budgets that were tried (`tried_high`, or the present one if that
  /// is more) as far as the total lets them; true: they do not.
  bool beyond_tried = false;
};

struct ScenarioShare {
  std::string id{};
  Money budget = Money::Zero(kNoCurrency);     ///< its account's currency, whole minor units
  Money converted = Money::Zero(kNoCurrency);  ///< the problem's, rounded up to the micro
  double rate = 1;                             ///< units of the problem's for one of its own
  double spend = 0;  ///< what of it would be spent, expected; the problem's currency
  /// By the draws; absent where nothing is known of the channel.
  std::optional<Interval> revenue{}, roas{}, marginal{};
  /// What holds it: "off", "set", "locked", "unknown" (no draws, so it is left alone), "min",
  /// "max", "tried" (the most that was tried), "demand" (would not spend more); "" where only the
  /// total holds it.
  std::string binding{};
  double beyond = 0;   ///< by which part its spend is above what was tried: 0.25 is a quarter more
  bool below = false;  ///< its spend is below what was tried
  bool identified = true;
};

/// The answer to one scenario. Figures are a day, at a steady state: once the effects of earlier
/// spend have settled.
struct ScenarioAnswer {
  std::string name{};
  /// Why it cannot be answered, and by how much bounds miss; the rest is then empty.
  std::string error{};
  Money budget = Money::Zero(kNoCurrency);  ///< sum of the shares' `converted`
  double spend = 0;
  Interval revenue{};                  ///< incremental: it would be lost without the spend
  std::optional<Interval> profit{};    ///< gross margin x revenue - spend
  std::optional<Interval> roas{};      ///< revenue over spend; absent without spend
  std::optional<Interval> cpa{};       ///< spend over orders
  std::optional<Interval> marginal{};  ///< of a further unit, split as the spend is
  /// Against the present, in the same draws: what both do not know cancels.
  double spend_change = 0;
  Interval revenue_change{};
  std::optional<Interval> profit_change{};
  /// Share of the draws in which profit is above the present's. Without a margin: in which revenue
  /// is, given only where the spend is the present's within 1 %, since more revenue for more money
  /// is no gain yet. Absent for the present itself.
  std::optional<double> better{};
  std::optional<double> lambda{};  ///< kBest, target: what the last unit of the total brings
  std::optional<double> gap{};     ///< kBest, target: no split is better by more than this part
  std::vector<ScenarioShare> shares{};  ///< in the order of the problem
  std::vector<std::string> notes{};     ///< what the figures rest on that no data have shown
};

struct ScenarioReport {
  std::vector<ScenarioAnswer> answers{};  ///< the present first, then in the order asked
  int settle_days = 0;  ///< after so many days nine tenths of a change are there, in the mean draw
  std::vector<std::string> notes{};  ///< of all of them
};

/// Answers what-ifs side by side from the posterior draws of the response, the same draws in each,
/// so that a difference has its own, narrower interval. The best split maximises expected revenue
/// by SplitBudget on the mean of the draws as straight pieces, which around the answer are 0.1 %
/// apart; a target's too.
/// Budgets are exact in minor units, in every scenario. Where channels are of several currencies,
/// all figures and totals are in the problem's, budgets are whole minor units of each channel's own
/// (WholeUnits), and what of a total that leaves is a note. Pure, deterministic, independent of the
/// channels' order. Bounds that cannot hold a total are that scenario's `error`; channels of `off`,
/// `set` and `bounds` that are not there likewise.
/// Errors kInvalidArgument: no channel, an id twice, a currency without an exchange, negative
/// budgets or
/// such that are no whole minor units, unequal numbers of draws, a margin outside (0, 1].
Result<ScenarioReport> CompareScenarios(const ScenarioProblem& problem,
                                        const std::vector<Scenario>& scenarios);

/// The usual questions of a client: 20 % less and more in proportion and at best, the best and the
/// equal split of the present total, each channel off (the `off_max` with the largest budgets), and
/// with a margin the spend beyond which a further unit costs more than it earns.
std::vector<Scenario> UsualScenarios(const ScenarioProblem& problem, std::size_t off_max = 8);

}  // namespace maxopt
