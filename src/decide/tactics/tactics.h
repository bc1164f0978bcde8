#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "domain/tactic.h"
#include "measure/pooling/pooling.h"

/// What measurements make of a tactic, and what tactics make of a prediction. Pure, thread-safe.
namespace maxopt {

struct TacticOptions {
  /// Older windows say little: platforms, bidding and prices have changed. Two years hold each
  /// season twice; ours.
  int window_age_max_days = 730;
  /// What a comparison of before with after may be off by whatever its standard error, relative:
  /// seasons, competitors and what else was changed do not shrink with more days. Ours; that
  /// comparisons without a control can be far off is shown by Gordon et al. 2019, A Comparison of
  /// Approaches to Advertising Measurement.
  double before_after_bias = 0.05;
  /// Least standard deviation of a tactic's effect from account to account; ours.
  double between_accounts = 0.05;
};

/// Windows that are not the same days of the same client: of those that overlap an experiment is
/// kept before a comparison of before with after, then the sharper one. By client and day.
std::vector<TacticMeasurement> IndependentWindows(std::span<const TacticMeasurement> measurements);

struct TacticVerdict {
  TacticGrade grade = TacticGrade::kObserving;
  std::optional<TacticEffect> effect{};  ///< pooled; absent without a window
  int windows = 0, experiments = 0, clients = 0;
  std::string why;  ///< one sentence with its numbers
};
/// The grade that measurements earn, from independent windows that are not too old at `today`:
///   observing     fewer than two windows, or two whose pooled effect is within its error of 0
///   candidate     two or more, and the pooled effect is above 0 by more than its standard error
///   validated     its 90 % interval (Hartung-Knapp) is above 0, and one of the windows is an
///                 experiment or there are four: an experiment counts for more than before/after
///   contradicted  two or more, and it is below 0 by more than its standard error
/// The same measurements give the same grade in whatever order they came.
TacticVerdict JudgeTactic(std::span<const TacticMeasurement> measurements, Day today,
                          const TacticOptions& options = {});

/// A tactic that is like the case in hand.
struct RetrievedTactic {
  Tactic tactic;
  std::vector<TacticMeasurement> measurements;  ///< those that the asker may see
  double similarity = 0;                        ///< (0, 1]
};

struct TacticVoice {
  std::string id, title;
  TacticGrade grade = TacticGrade::kPrior;
  double similarity = 0;
  double weight = 0;  ///< share of the pooled mean, [0, 1]
  TacticEffect effect;
};
struct LiftPrior {
  Opinion relative;  ///< of a further case: mean and standard deviation of the relative change
  double tau2 = 0;   ///< between cases
  int measured = 0;  ///< independent windows behind it; 0: the library alone
  std::vector<TacticVoice> voices;  ///< heaviest first
};
/// What tactics that were tried in like cases let expect of this one. Each measured window is a
/// study, weighted by similarity. The library's entries are together one study, however many were
/// found: they are one reading of the trade, not independent trials. It is their linear pool
/// (mixture: the mean of means; the mean of variances and the variance of means; Stone 1961, The
/// opinion pool). Contradicted and observed ones speak as well. nullopt: none of them has an
/// effect.
std::optional<LiftPrior> PoolTactics(std::span<const RetrievedTactic> tactics, Day today,
                                     const TacticOptions& options = {});

}  // namespace maxopt
