#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

#include "result/result.h"

/// Shares of the next period's impressions for creatives or audiences ("arms"), learnt from
/// conversions that arrive late, are taken back, drift, and differ by segment. docs/bandits.md has
/// the model and what was measured.
///
/// Pure and deterministic: no draw is made for shares, they are integrals. Not thread-safe; one
/// Bandit a problem.
namespace maxopt {

/// What became known of one cell: increments, booked on the period of the impression. Conversions
/// below 0 take earlier ones back.
struct BanditFeedback {
  std::int64_t period = 0;
  std::size_t segment = 0;
  std::size_t arm = 0;
  double impressions = 0;
  double conversions = 0;
};

enum class BanditPolicy {
  kThompson,  ///< shares follow the square of the probability that an arm is the best
  kTopTwo,    ///< that probability, halved with the best of the others: learns more, earns less
  kEven,      ///< a plain A/B test
};
/// "thompson", "top_two", "ab"; the error lists them.
Result<BanditPolicy> FindBanditPolicy(std::string_view name);

struct BanditOptions {
  BanditPolicy policy = BanditPolicy::kThompson;
  double floor = 0;  ///< least share of an available arm; at most 1 / arms available
  double cap = 1;    ///< largest share; at least 1 / arms available, or it does not bind
  /// Parts of the model that a test or a comparison can switch off.
  bool learn_delay = true, adapt_to_drift = true, adapt_to_season = true, pool_segments = true;
};

/// A Gamma posterior of a rate.
struct RatePosterior {
  double mean = 0;   ///< > 0
  double shape = 0;  ///< > 0; the relative variance is 1 / shape
};

/// P(arm is the best) for independent posteriors, by quadrature. Each Gamma is taken as the cube of
/// a normal (Wilson, Hilferty 1931), which is right to some 1e-3 from shape 1 on. Sums to 1.
std::vector<double> ChanceOfBest(std::span<const RatePosterior> arms);

/// Single decisions: draws a rate for each arm and returns the arm with the largest, on the same
/// scale of cube roots, with a ziggurat and xoshiro256++. For servers that decide by impression.
class ThompsonSampler {
 public:
  ThompsonSampler(std::span<const RatePosterior> arms, std::uint64_t seed);
  std::size_t Draw();

 private:
  double Normal();
  std::uint64_t Bits();
  std::vector<double> mean_, sd_;
  std::array<std::uint64_t, 4> state_{};
};

class Bandit {
 public:
  /// `window`: periods after its impression in which a conversion may still arrive, 0..1000.
  /// Errors kInvalidArgument: no arm, no segment, a window out of range, options out of range.
  static Result<Bandit> Make(std::size_t arms, std::size_t segments, int window,
                             const BanditOptions& options);

  /// What is known before period `period` is decided. Periods rise from call to call; feedback is
  /// of this period or earlier ones. Errors kInvalidArgument leave the bandit as it was.
  Result<> Learn(std::int64_t period, std::span<const BanditFeedback> feedback);

  /// [segment][arm] shares of the next period; arms that are not available have 0, the others sum
  /// to 1. They are the propensities to log. All 0 when no arm is available.
  /// Errors kInvalidArgument: `available` is not one flag an arm.
  Result<std::vector<std::vector<double>>> Shares(const std::vector<bool>& available) const;

  RatePosterior Posterior(std::size_t segment, std::size_t arm) const;
  /// Share of a period's conversions that are known `age` periods after it; 1 when it is over.
  double MaturityAt(std::int64_t age) const;
  /// Weight of each speed of forgetting, of kHalfLives; sums to 1.
  std::span<const double> ForgettingWeights() const { return speed_weight_; }
  /// Periods after which evidence counts half; 0: never forgets.
  static constexpr std::array<double, 6> kHalfLives = {0, 100, 40, 16, 7, 3};

 private:
  static constexpr std::size_t kSpeeds = kHalfLives.size();
  struct Cell {
    double impressions = 0, conversions = 0;
    double arrived = 0;  ///< conversions that came with the present line
  };
  struct Period {
    std::int64_t period = 0;
    double season = 1;
    std::vector<Cell> cells;  ///< [segment * arms + arm]
  };
  struct Sums {
    double exposure = 0, conversions = 0;
  };

  Bandit(std::size_t arms, std::size_t segments, int window, const BanditOptions& options);
  Period& At(std::int64_t period);
  void LearnDelay();
  void WeighSpeeds();
  void LearnSeason();
  void Retire();
  void Pool(std::size_t speed);
  void Mix();

  std::size_t arms_, segments_;
  std::int64_t window_;
  BanditOptions options_;
  bool started_ = false;
  std::int64_t now_ = 0;
  std::deque<Period> open_;                        ///< within the window, oldest first
  std::vector<std::array<Sums, kSpeeds>> closed_;  ///< [cell], already faded to now_
  std::vector<double> arrivals_, known_;           ///< [age], for the chain ladder
  std::vector<double> maturity_;                   ///< [age]
  double season_cross_ = 0, season_base_ = 0;
  std::array<double, kSpeeds> speed_weight_{};
  std::vector<std::array<RatePosterior, kSpeeds>> by_speed_;  ///< [cell]
  std::vector<RatePosterior> mixed_;                          ///< [cell]
};

// ---- what another policy would have earned, from logged propensities ----

/// One logged impression or a group of equal ones.
struct LoggedChoice {
  double count = 1;             ///< impressions, > 0
  double reward = 0;            ///< mean reward of them (conversions per impression)
  double propensity = 0;        ///< with which the logged arm was chosen, in (0, 1]
  double target = 0;            ///< with which the other policy chooses that arm, in [0, 1]
  double predicted = 0;         ///< model's reward of the logged arm; for the doubly robust one
  double predicted_target = 0;  ///< model's mean reward under the other policy
};
enum class OffPolicyMethod { kIps, kSnips, kDoublyRobust };
struct PolicyValue {
  double value;             ///< mean reward an impression
  double se;                ///< from the influence function
  double low, high;         ///< 95 %, normal
  double effective_sample;  ///< (sum of weights)^2 / sum of squared weights
};
/// With w = target/propensity:
///   ips    mean of w r                      (Horvitz, Thompson 1952)
///   snips  sum of w r / sum of w            (Swaminathan, Joachims 2015)
///   dr     mean of q_target + w (r - q)     (Dudik, Langford, Li 2011)
/// A group's rewards are taken as 0 or 1 for the variance where its mean lies in [0, 1].
/// Errors kInvalidArgument: fewer than two impressions, a propensity of 0 or beyond 1, a number
/// that is not finite; for snips no weight at all.
Result<PolicyValue> EvaluateOffPolicy(std::span<const LoggedChoice> log, OffPolicyMethod method);

}  // namespace maxopt
