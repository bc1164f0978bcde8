#pragma once
#include <cstdint>
#include <string_view>

/// The market's own randomness: every draw is a function of what it is about (seed, purpose,
/// entity, hour) and of nothing that was drawn before it. So neither the order of accounts nor
/// another campaign changes anyone's luck, and two policies on one seed meet the same luck.
namespace maxopt::sim {

/// What a draw is for. Two draws never share a purpose, an entity and a time.
enum class Draw : std::uint64_t {
  kChannel = 1,
  kSeason,
  kPromotion,
  kCompetitors,
  kDemandOfDay,
  kResponseOfDay,
  kBaselineOrders,
  kBaselineValues,
  kDeliveryOfDay,
  kAdShare,
  kImpressions,
  kClicks,
  kOrders,
  kOrderDetails,
  kClaims,
  kClaimDetails,
  kCredit,
  kCreative,
  kSegments,
};

/// 64-bit digest of a text (FNV-1a, then mixed): the same on every machine.
std::uint64_t HashText(std::string_view text);
/// Digest of two digests; order matters.
std::uint64_t Combine(std::uint64_t a, std::uint64_t b);

/// SplitMix64 from a key.
class Random {
 public:
  Random(std::uint64_t seed, Draw purpose, std::uint64_t entity, std::int64_t time);
  std::uint64_t Bits();
  /// In (0, 1), never an end of it.
  double Uniform();
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  double Normal();

 private:
  std::uint64_t state_;
};

/// Inverse of the standard normal distribution, |error| < 1.2e-9; 0 < p < 1.
/// Source: P. Acklam's rational approximation (2003).
double NormalQuantile(double p);
/// Standard normal distribution function.
double NormalCdf(double z);

/// Poisson by inversion of one uniform, so that a larger mean never gives a smaller count for the
/// same luck. Above a mean of 30 by the normal with Cornish-Fisher's first correction.
std::int64_t PoissonQuantile(double mean, double uniform);
/// Binomial, approximated in the same way; never above n.
std::int64_t BinomialQuantile(std::int64_t n, double p, double uniform);

/// Cuts `total` along cumulative weights, exactly: the share of (before, before + weight] out of
/// `weights`. Shares of all parts sum to total, none is negative, and a part of weight 0 gets 0.
/// `offset` in [0, weights) decides who gets the remainders, so that a single unit does not always
/// fall to the same part. Whenever total <= weights, no share is above its weight.
std::int64_t ShareOf(std::int64_t total, std::int64_t before, std::int64_t weight,
                     std::int64_t weights, std::int64_t offset);

}  // namespace maxopt::sim
