#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "measure/response/response.h"
#include "result/result.h"

namespace maxopt {

/// What the next budgets are to be decided from, beside the fit. Amounts are daily, in the currency
/// of the data; vectors by campaign, in the order of `fit.channels`.
struct ReallocationProblem {
  std::vector<double> home;  ///< the split to fall back on: what was spent before we steered
  std::vector<double>
      present;  ///< operating point: budgets of the last steps, variation averaged out
  /// Spend over budget lately; below 0.8 more budget would not be spent. 1 when not known.
  std::vector<double> delivery;
  double total = 0;      ///< to be spent a day
  double total_max = 0;  ///< never above it; >= total
  bool may_underspend = false;
  double gross_margin = 1;      ///< of revenue, (0, 1]
  int days_left = 0;            ///< until the end of the horizon, this step included
  int step_days = 7;            ///< that the budgets hold
  std::int64_t step_index = 0;  ///< running number of this step: decides the sign of the variation
  int block = 1;                ///< steps in a row that keep one sign of the variation
  double revenue_noise = 0;     ///< standard deviation of a day's revenue that nothing explains
  int minor_per_unit = 100;
};

/// Steps in a row with the same variation: about a week and a half, since effects last for days and
/// ups and downs that follow too fast cancel before they are seen.
int StepsOfBlock(int step_days);

/// Where the loop stands, beside the history itself. Amounts are daily.
struct LoopPosition {
  std::size_t horizon_start = 0;  ///< row of the history at which we began to steer; its size
                                  ///< when the first step is due
  std::vector<double> current_budget{};  ///< in effect now; by channel of the data
  int days_left = 0;
  int step_days = 7;
  double total = 0;
  double total_max = 0;
  bool may_underspend = false;
  double gross_margin = 1;
};
/// Reads home, operating point and delivery off the history: home is the spend of the twelve weeks
/// before we steered; the operating point the mean of the last whole pair of blocks,
/// in which opposite variations cancel; home before there is one. Errors as Reallocate.
Result<ReallocationProblem> ProblemOf(const ResponseData& data, const ResponseFit& fit,
                                      const LoopPosition& position);

struct ReallocationOptions {
  /// Price of a standard deviation of the gain over home. 0.5: a gain whose chance of being a loss
  /// is above about a third is not worth having.
  double risk_aversion = 0.5;
  /// Spread of the logarithm of what a campaign's return may be in the time ahead against what it
  /// was: competitors, creatives and prices change.
  double drift = 0.2;
  /// Relative standard deviation of what the shape of the curves may be wrong by, all together, in
  /// the gains that are stated: their draws alone are too sure of it (docs/reallocation.md). What
  /// is decided does not hang on it.
  double gain_doubt = 0.5;
  double step_max = 0.3;      ///< relative change of the operating point in one step, fully known
  double home_low = 0.15;     ///< never below this part of home ...
  double home_high = 4;       ///< ... nor above this multiple
  double explore_max = 0.35;  ///< relative size of the deliberate variation
};

struct ReallocationShare {
  std::string id;
  std::int64_t minor;  ///< the budget, a day
  double aim;          ///< operating point, before the variation
  double explore;      ///< relative deliberate deviation from the aim, signed
  Interval marginal;   ///< incremental revenue of a further unit at the present point
  bool identified;
  std::string binding;  ///< what holds it: "step", "home range", "delivery", ""
};

struct Reallocation {
  std::vector<ReallocationShare> shares;  ///< in the order of the fit
  std::int64_t total_minor;
  Interval gain;           ///< revenue a day of the aim over home, at steady state
  double gain_confidence;  ///< share of the posterior in which the aim earns more than home
  double spend_change;     ///< budget a day of the aim less home's: not 0 where it underspends
  Interval profit_gain;    ///< as `gain`: gross_margin times it, less spend_change
  Interval step_gain;      ///< of the aim over the present point
  double explore_cost;     ///< expected profit a day given up for the variation
  double stake;            ///< what knowing everything would add, profit a day
};

/// One step of the closed loop. Maximises expected profit (gross_margin times revenue, less spend)
/// over the posterior, less risk_aversion times the standard deviation of its difference to home:
/// staying at home is free of risk, so what is not known is not moved. Steps are limited around the
/// operating point, more tightly where the marginal return is uncertain. Around the aim, budgets
/// are varied on purpose in opposite pairs of steps and half of the money up, half down, as much
/// as what is learnt is worth over the days that are left and no more; nothing in the last part of
/// the horizon. Sums to the total to the minor unit (or below it, where underspending is allowed
/// and the posterior is sure that the last money loses). Pure, deterministic, independent of the
/// campaigns' order. Errors kInvalidArgument: lengths differ, no campaign, amounts negative or not
/// finite, total above total_max or below one minor unit.
Result<Reallocation> Reallocate(const ReallocationProblem& problem, const ResponseFit& fit,
                                const ReallocationOptions& options = {});

struct MoveEffect {
  Interval revenue;   ///< a day, at steady state
  double confidence;  ///< share of the posterior in which it is above 0
};
/// What budgets `to` earn over budgets `from` (daily, in the order of the fit), with the same
/// allowances for drift and shape. Errors as Reallocate.
Result<MoveEffect> PredictMove(const ReallocationProblem& problem, const ResponseFit& fit,
                               const std::vector<double>& from, const std::vector<double>& to,
                               const ReallocationOptions& options = {});

}  // namespace maxopt
