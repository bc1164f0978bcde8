#pragma once
#include <span>

#include "result/result.h"

/// Several measurements of one kind of effect, pooled: what the effect is on average, how much it
/// differs from place to place, and what it will be in the next place. Pure and thread-safe.
namespace maxopt {

/// One measurement: an effect, and the square of its standard error. `similarity` in (0, 1] is how
/// much it speaks of the case in hand: as a power of its likelihood, so that 0.5 counts as half the
/// data (power prior: Ibrahim, Chen 2000, Power prior distributions for regression models).
struct PooledStudy {
  double effect = 0;
  double variance = 0;  ///< > 0
  double similarity = 1;
};

struct PoolOptions {
  double level = 0.9;  ///< of the intervals, in (0, 1)
  /// Least variance between places, whatever the estimate says: with two or three studies it is
  /// mostly estimated as 0, which nobody believes.
  double tau2_least = 0;
  /// The Hartung-Knapp interval is never narrower than the plain one (Röver, Knapp, Friede 2015,
  /// Hartung-Knapp-Sidik-Jonkman approach and its modification).
  bool never_narrower = true;
};

struct Pooled {
  double mean = 0;
  double se = 0;             ///< Hartung-Knapp; with one study the plain one
  double low = 0, high = 0;  ///< of the mean: Student's t with `df` degrees
  double df = 0;    ///< effective number of studies less one; 0: one study, normal interval
  double tau2 = 0;  ///< variance between places
  double q = 0;     ///< Cochran's, weighted by similarity
  double i2 = 0;    ///< share of the spread that chance does not explain, [0, 1)
  /// Standard deviation of the effect in one further place: sqrt(tau2 + se^2), and its interval
  /// (Higgins, Thompson, Spiegelhalter 2009, A re-evaluation of random-effects meta-analysis; t
  /// with one degree less than the mean's, at least one).
  double next_sd = 0, next_low = 0, next_high = 0;
};

/// Random effects: y_i ~ N(mu, v_i + tau2).
///   tau2   = max(tau2_least, (Q - (sum a_i v_i - sum a_i^2 v_i / sum a_i))
///                            / (sum a_i - sum a_i^2 / sum a_i)),   a_i = s_i / v_i
///   mu     = sum w_i y_i / sum w_i,                                w_i = s_i / (v_i + tau2)
///   se^2   = sum w_i (y_i - mu)^2 / ((n - 1) sum w_i),             n = (sum s_i)^2 / sum s_i^2
/// With all s_i = 1 this is DerSimonian and Laird (1986, Meta-analysis in clinical trials; with
/// other weights a_i: DerSimonian, Kacker 2007) with the interval of Hartung and Knapp (2001).
/// The order of the studies does not matter.
/// Errors   kInvalidArgument: no study, a number that is not finite, a variance not above 0, a
///          similarity outside (0, 1], a level outside (0, 1), tau2_least below 0
Result<Pooled> PoolRandomEffects(std::span<const PooledStudy> studies,
                                 const PoolOptions& options = {});

/// Two independent opinions of one quantity, weighed by their precision.
struct Opinion {
  double mean = 0;
  double sd = 0;  ///< > 0
};
/// mean = (a/sd_a^2 + b/sd_b^2) / (1/sd_a^2 + 1/sd_b^2); sd^-2 = sd_a^-2 + sd_b^-2.
/// Errors   kInvalidArgument: a number that is not finite, an sd not above 0
Result<Opinion> Combine(const Opinion& a, const Opinion& b);

}  // namespace maxopt
