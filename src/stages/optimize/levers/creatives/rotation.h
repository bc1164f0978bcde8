#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "decide/bandit/bandit.h"
#include "result/result.h"

/// Which ads of one ad group to stop and which to try, and how the money of like ad groups is best
/// shared. Pure; what came when is learnt by decide/bandit, so days whose conversions are still to
/// come look young and not bad.
namespace maxopt {

/// What became known before a period (a day) was decided; arms are places in the list of ads.
struct RotationStep {
  std::int64_t period = 0;
  std::vector<BanditFeedback> feedback;
};

struct RotationAd {
  std::string id;
  bool on = false;     ///< switched on and not refused
  bool spare = false;  ///< never shown, ours, approved: may be switched on
  bool tired = false;  ///< an open alert says so
  /// Of the judged days, for costs and for the second signal.
  double spend = 0, impressions = 0, clicks = 0, conversions = 0;
};

struct RotationInput {
  std::vector<RotationAd> ads;      ///< ids rise
  std::vector<RotationStep> steps;  ///< periods rise
  int window = 7;                   ///< days in which conversions still come
  /// False where all days were learnt at once, so that nothing tells how they grew.
  bool learn_delay = true;
};

struct RotationOptions {
  double chance_min = 0.01;  ///< below it an ad is the best beyond doubt not
  /// It must also be worse by a tenth of the best's rate, with a chance of 99 %: an ad as good as
  /// the best costs nothing and keeps the audience from tiring.
  double worse_by = 0.1;
  std::size_t on_min = 2;     ///< that stay on, whatever is found
  std::size_t on_wanted = 3;  ///< spares are tried up to it: Google Ads takes three responsive
                              ///< search ads an ad group
};

struct RotationArm {
  double chance_best = 0;  ///< among those that are on; 0 for others
  double share = 0;        ///< the bandit's, of the next period, after the moves
  double served = 0;       ///< share of the impressions of the judged days
  RatePosterior rate;      ///< conversions an impression
  double rate_low90 = 0, rate_high90 = 0;
};

struct RotationMove {
  std::size_t ad = 0;
  bool on = false;     ///< switched on; false: paused
  bool tired = false;  ///< paused because it tires, not because it loses
  std::string why;     ///< what speaks for it, with numbers
  /// For one that converts: whether its click rate agrees, with its numbers; empty: it does not.
  std::string second_signal;
};

struct RotationAdvice {
  std::vector<RotationArm> arms;  ///< one an ad
  std::vector<RotationMove> moves;
  std::vector<std::string> notes;  ///< what stands out and is left
  std::size_t best = 0;            ///< place of the ad that is most likely the best
};

/// Errors kInvalidArgument: no ads; the bandit's.
Result<RotationAdvice> JudgeRotation(const RotationInput& input,
                                     const RotationOptions& options = {});

/// An ad group with a budget of its own.
struct ShareArm {
  std::string id;
  std::int64_t budget_micros = 0;
  double spend = 0, impressions = 0, conversions = 0;  ///< of the judged days
};
struct ShareAdvice {
  std::vector<std::int64_t> budget_micros;  ///< one an arm; their sum never grows
  std::vector<double> shares;               ///< the bandit's
  std::vector<RatePosterior> rates;         ///< conversions an impression
  double gain = 0, gain_sd = 0;             ///< conversions a day; 0: nothing moves
  std::string why_not;                      ///< why nothing moves
};
/// Moves budgets towards the bandit's shares, each by `step_bp` at most, in whole multiples of
/// `unit_micros`, and only where the move gains with a chance of 99 % and by a hundredth: rates are
/// taken to hold for the money that moves, which a step keeps nearly true.
/// `ads` of the input are the arms. Errors kInvalidArgument.
Result<ShareAdvice> JudgeShares(const RotationInput& input, const std::vector<ShareArm>& arms,
                                int step_bp, std::int64_t unit_micros);

}  // namespace maxopt
