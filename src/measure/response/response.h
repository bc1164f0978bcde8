#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "result/result.h"

namespace maxopt {

/// History of one client: what was spent in each channel (or campaign), what the platforms claim of
/// it, and what the client's own books say came in. All vectors have one entry per period (a day,
/// or a week), oldest first, the same periods, without gaps.
struct ResponseData {
  struct Channel {
    std::string id;
    std::vector<double> spend;  ///< currency units a period; 0 when off
    /// Revenue the platform claims, by period; NaN where it says nothing; empty: never anything.
    /// Recent periods may be immature; see ResponseOptions::immature_days.
    std::vector<double> claimed{};
    /// The channel is known to reach people who were about to buy anyway (brand search,
    /// retargeting): its claims are believed less before the data are looked at.
    bool harvesting = false;
  };
  /// A further number of the client's by period: a promotion, a holiday, a price, the weather.
  struct Control {
    std::string name;
    std::vector<double> values;
  };
  /// What an experiment measured: revenue of [first, last] that would be lost without the channel.
  struct Lift {
    std::string channel;
    std::size_t first;  ///< periods
    std::size_t last;   ///< inclusive
    double revenue;     ///< lift over the whole time
    double se;          ///< its standard error, > 0
    /// Spend that the lift belongs to; absent: all of the channel's in that time.
    std::optional<double> spend{};
  };
  std::vector<Channel> channels;
  std::vector<double> revenue;  ///< currency units a period, observed, all sources
  std::vector<Control> controls{};
  std::vector<Lift> lifts{};
  /// Of the first period. Absent: the periods are numbers; weeks and years still have their length,
  /// but there are no holidays.
  std::optional<std::chrono::sys_days> first_day{};
  int period_days = 1;  ///< 1 or 7
  /// First period from which budgets were set by us and not by anyone who foresaw demand: from
  /// there on, how spend moves from week to week is taken as an experiment. Absent: never.
  std::optional<std::size_t> steered_from{};
};

struct ResponseOptions {
  std::uint64_t seed = 1;
  int warm_up = 300;  ///< sweeps thrown away
  int sweeps = 900;   ///< sweeps kept, thinned to `draws`
  int draws = 300;
  int immature_days = 21;  ///< claims of the last days are not looked at
  bool holdout = false;    ///< fit a second time without the last fifth and predict it
  /// Periods over which `roas` and `marginal` are taken; absent: all.
  std::optional<std::pair<std::size_t, std::size_t>> window{};
};

/// Shapes of a steady response, scaled to 1 at x = 1:
///   power       x^a
///   log         ln(1 + x/k) / ln(1 + 1/k)
///   exponential (1 - e^(-x/k)) / (1 - e^(-1/k))
///   hill        x^a / (x^a + k^a) * (1 + k^a)        S-shaped when a > 1
struct ResponseShape {
  enum class Family { kPower, kLog, kExponential, kHill } family;
  double k;
  double a;
  double At(double x) const;
  double SlopeAt(double x) const;
};

/// One plausible world: a channel's response to the same spend every period,
///   scale * shape(x / reference)     [revenue a period]
struct ResponseDraw {
  ResponseShape shape;
  double scale;                   ///< revenue a period at the reference
  double reference;               ///< spend a period, > 0
  double carried;                 ///< share of the effect that comes after the period of the spend
  double lag_days;                ///< mean time from spend to effect
  double At(double spend) const;  ///< revenue a period at a steady spend
  double MarginalAt(double spend) const;  ///< revenue per further unit of steady spend
};

struct Interval {
  double mean, low50, high50, low90, high90;
};
/// Mean and central intervals of equally likely values, which are sorted on the way; all 0 of none.
Interval Summarize(std::vector<double> values);

struct Interval90 {
  double mean, low, high;
};

struct ChannelResponse {
  std::string id;
  std::vector<ResponseDraw> draws;  ///< equally likely; draw i of all channels belong together
  double spend_mean;                ///< of the periods with spend
  double spend_max;                 ///< highest that was tried; beyond it the curve is a guess
  /// False when the data narrow the prior too little to tell (spend hardly varied, or moved only
  /// together with others'): the interval is then mostly assumption, and an experiment is due.
  bool identified;
  double spend = 0;                ///< in the window
  std::vector<double> roas{};      ///< by draw: revenue of the window that would be lost without
                                   ///< the channel, over its spend; empty without spend
  std::vector<double> marginal{};  ///< by draw: the same of the last part of the spend
  Interval90 RevenueAt(double spend_per_period) const;
  Interval90 MarginalAt(double spend_per_period) const;
};

/// How well the last fifth was foretold by a fit that had not seen it.
struct ResponseHoldout {
  std::size_t periods;
  double mape;        ///< mean |error| over mean revenue
  double naive_mape;  ///< of the same periods by the mean of the last 28 days before and weekday
  double coverage90;  ///< share of periods within their 90 % interval
};

struct ResponseFit {
  std::vector<ChannelResponse> channels;  ///< in the order of the data
  double residual_sd;               ///< revenue a period, after the baseline and media, unexplained
  double residual_autocorrelation;  ///< of lag 1, as modelled
  double innovation_autocorrelation;  ///< of lag 1, after it was taken out; near 0 when all is well
  double excess_kurtosis;             ///< of what is left; heavy tails are weighted down
  double r_squared;                   ///< in sample, of all variation
  bool media_scales_with_demand;      ///< media effects go with the season, by evidence
  std::vector<std::string> demand_following;  ///< channels whose daily spend follows demand
  std::vector<std::string> ignored_controls;  ///< constant, or another name of the outcome
  std::optional<ResponseHoldout> holdout{};
};

/// Fewer periods than these tell nothing of seasons and carry-over: FitResponse refuses them.
constexpr std::size_t LeastPeriods(int period_days) { return period_days == 1 ? 28 : 20; }

/// Media response with uncertainty, from observational history.
///
/// Baseline: level, trend, a slow random walk, weekday, yearly harmonics, holidays (with dates) and
/// the controls, all linear with Gaussian priors and integrated out exactly. Noise is
/// autocorrelated and heavy-tailed (Student weights). The walk's size and the autocorrelation are
/// those of the largest marginal likelihood. Media: each channel's carry-over and shape are one of
/// a list of candidates (geometric and delayed kernels; power, log, exponential and Hill shapes,
/// S-shaped ones among them), averaged by their evidence; its size has a log-normal prior pooled
/// over all channels with a second, lower mode for channels that mostly harvest. Platform claims
/// enter twice and weakly: as a regressor of that prior, whose slope is learnt by pooling, and by
/// how claims move with spend, as a hint of the shape. A daily spend that follows the demand of the
/// day is found and its daily part is not used. Sampling is by Gibbs over the candidates and a
/// random lattice of sizes, on sufficient statistics, so that its cost does not grow with the
/// history.
///
/// Deterministic: the same data and options give the same bytes; scaling money changes nothing but
/// the unit. Pure and thread-safe.
/// Errors kInvalidArgument: lengths differ, fewer than 28 periods (of weeks: 20), no spend at all,
/// a number not finite, negative spend, an experiment of an unknown channel or outside the history.
/// Sources: Jin et al. 2017, Bayesian Methods for Media Mix Modeling with Carryover and Shape
/// Effects; Chan and Perry 2017, Challenges and Opportunities in Media Mix Modeling (seasonal
/// confounding); Zhang et al. 2023, Media Mix Model Calibration With Bayesian Priors.
Result<ResponseFit> FitResponse(const ResponseData& data, const ResponseOptions& options = {});

}  // namespace maxopt
