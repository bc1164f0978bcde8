#pragma once
#include <vector>

#include "result/result.h"

/// Whether knowing is worth its price. Pure and thread-safe.
namespace maxopt {

/// What a trial measures, and what could be done with the answer. All vectors are by draw of one
/// posterior: draw i is one plausible world, all equally likely.
struct TrialQuestion {
  std::vector<double> effect;  ///< what the trial would find in world i, without its error
  double error_sd = 0;         ///< of the trial's answer, same unit; > 0
  /// By action, by draw: what the action gains there over leaving things as they are, a day.
  std::vector<std::vector<double>> gains;
};

struct TrialWorth {
  double without = 0;  ///< expected gain of the best action as things are known now; 0: leave it
  double with = 0;     ///< the same when the trial's answer is waited for; never below `without`
  double value() const { return with - without; }
  double perfect = 0;  ///< of an answer without error: no trial is worth more than this - without
};

/// Value of sample information by preposterior analysis: each world in turn is taken as the true
/// one, the trial's answer is its effect plus a normal error (by quadrature over nine equally
/// likely errors), every world is weighed anew by that answer, and the best action is chosen then.
/// Leaving things as they are is always among the actions and gains 0.
/// Errors   kInvalidArgument: no draws, lengths differ, a number not finite, error_sd not above 0
/// Source   Raiffa, Schlaifer 1961, Applied Statistical Decision Theory, chapters 4 and 5
Result<TrialWorth> ValueOfTrial(const TrialQuestion& question);

}  // namespace maxopt
