#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "result/result.h"

namespace maxopt {

/// Daily history of one client: what was spent in each channel, and what the client's own books say
/// came in. All vectors have one entry per day, oldest first, the same days.
struct ResponseData {
  struct Channel {
    std::string id;
    std::vector<double> spend;  ///< currency units a day; 0 when off
    double claimed_roas = 0;    ///< revenue the platform claims over spend; 0: it claims nothing
    /// Share of the claim that is believed to be incremental before looking at the data; (0, 1].
    double claim_trust = 0.5;
  };
  std::vector<Channel> channels;
  std::vector<double> revenue;  ///< currency units a day, observed, all sources
  int first_weekday = 0;        ///< of day 0: 0 = Monday ... 6 = Sunday
};

struct ResponseOptions {
  std::uint64_t seed = 1;
  int warm_up = 1'500;  ///< sweeps thrown away
  int sweeps = 3'000;   ///< sweeps kept, thinned to `draws`
  int draws = 300;
};

/// One plausible world: a channel's steady response to x a day is
///   beta * x^a / (x^a + k^a)     [revenue a day]
/// of the spend carried over geometrically: z[t] = (1 - decay) * spend[t] + decay * z[t-1].
struct ResponseDraw {
  double beta, k, a, decay;
  double At(double spend_per_day) const;          ///< revenue a day at a steady spend
  double MarginalAt(double spend_per_day) const;  ///< revenue per further unit of spend
};

struct Interval90 {
  double mean, low, high;
};

struct ChannelResponse {
  std::string id;
  std::vector<ResponseDraw> draws;  ///< equally likely; draw i of all channels belong together
  double spend_mean;                ///< of the days with spend
  /// False when the data narrow the prior too little to tell (spend hardly varied, or moved only
  /// together with others'): the interval is then mostly assumption, and an experiment is due.
  bool identified;
  Interval90 RevenueAt(double spend_per_day) const;
  Interval90 MarginalAt(double spend_per_day) const;
};

struct ResponseFit {
  std::vector<ChannelResponse> channels;
  double residual_sd;               ///< revenue a day, after weekday, season, trend and media
  double residual_autocorrelation;  ///< of lag 1, before it was taken out
  double r_squared;                 ///< in sample, of the day-to-day variation
};

/// Media response with uncertainty, from observational history, the platforms' claims used only as
/// a weak prior. Controls: level, trend, weekday, two yearly harmonics, all with flat priors and
/// integrated out; autocorrelated noise is prewhitened (Cochrane-Orcutt). Per channel beta, k, a
/// and decay are sampled by Metropolis within Gibbs; the noise scale by its conjugate update.
/// Priors (defaults of this product, wide on purpose, not tuned on any data set): the return at the
/// mean spend is log-normal around claim_trust of the claimed one (around 1 without), with sd 0.9
/// of the logarithm; k log-normal around 1.5x the mean spend, sd 0.7; a log-normal around 1, sd
/// 0.25; decay Beta(2, 3). Deterministic: the same data and options give the same bytes. Errors
/// kInvalidArgument: lengths differ, fewer than 56 days, a number not finite or negative Source Jin
/// et al. 2017, Bayesian Methods for Media Mix Modeling with Carryover and Shape Effects
Result<ResponseFit> FitResponse(const ResponseData& data, const ResponseOptions& options = {});

}  // namespace maxopt
