#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clock/clock.h"
#include "result/result.h"

/// Anomalies, early trends and creative fatigue in series of numbers. Four tools:
///   Detector      one series of any kind and grain, streaming; knows nothing but its past
///   AdSeries      one metric of an advertiser: a count, money or a ratio with its denominator;
///                 knows about maturity and holidays; ScanFamily() judges many at one time
///   DetectTrend   slow drift, before a single day is unusual
///   DetectFatigue an ad that wears out, against the other ads of its ad group
/// All is pure and deterministic: no clock, no I/O, no randomness. Objects are values of one
/// thread; different objects may be used in different threads.
namespace maxopt {

enum class AnomalyKind {
  kNone,
  kSpike,       // one or few points above what was expected
  kDip,         // ... below
  kLevelShift,  // the level moved and stays
  kTrendBreak,  // the slope is another one
  kVariance,    // the noise is another one
  kFlat,        // what used to move stands still
  kZero,        // nothing at all, where something was expected
};
/// "none", "spike", "dip", "level_shift", "trend_break", "variance", "flat", "zero"
std::string_view AnomalyKindName(AnomalyKind kind);

enum class Direction { kNone, kUp, kDown };
/// "none", "up", "down"
std::string_view DirectionName(Direction direction);

// ---------------------------------------------------------------------------- one series

/// Defaults follow from what a person puts up with, not from any data set; docs/anomalies.md.
/// Values that are not above 0 make a detector that hardly ever alerts.
struct DetectorOptions {
  /// False alerts a month that a series without anomalies may raise, in expectation.
  double false_alerts_per_month = 0.5;
  /// However coarse the grain, a point is news only below this chance: three standard deviations.
  double p_value_max = 0.0027;
};

struct Verdict {
  double score = 0;    ///< in [0, 1]; >= 0.5: rare enough for an alert; in an incident below 0.5
  bool alert = false;  ///< an incident begins here; once an incident
  bool in_incident = false;
  bool warm = false;                 ///< false: too little is known for an alert
  std::optional<double> expected{};  ///< before the point was seen; absent: nothing known yet
  double p_value = 1;                ///< of a point at least as odd, given the series' own past
  AnomalyKind kind = AnomalyKind::kNone;  ///< only when score >= 0.5 or in an incident
  Direction direction = Direction::kNone;
};

/// Streaming detector for one series of any grain from a minute to weeks; the grain and the season
/// (time of day, day of week) are learnt from the data. What it says of a point depends on that
/// point and the ones before it, never on later ones.
///
/// Idea: nine simple forecasters (season none, day or week, times three speeds of the level) are
/// run at once and the one with the smallest recent error is believed. Six statistics of the error
/// are watched: the one-step error, the spread of it, the distance from the level of the last week
/// (four weeks of daily data), and that distance averaged over about an hour, a quarter of a day
/// and a day (3, 7 and 14 days). Each is compared with its own past: beyond its 99 % quantile the
/// tail is a generalised Pareto distribution fitted to the excesses (Siffer et al., KDD 2017), so
/// noise that is autocorrelated or has heavy tails raises its own bar. A run of equal values longer
/// than any before is judged by how often values repeat. Errors are clipped before they are learnt
/// from (Huber 1964), so an anomaly does not poison the model; an incident that lasts for more than
/// a day (a week of daily data) is adopted as the new normal without a second alert.
///
/// Alerts begin after three days and 100 points (28 points of daily data); a series shorter than 17
/// points is not scored. Time a point: about half a microsecond; memory: 50 kB at most.
///
/// Affine invariance: a*x+b with a > 0 gets the same verdicts up to rounding, expected aside, as
/// long as |b| is below 1e6 times the series' own spread.
class Detector {
 public:
  explicit Detector(DetectorOptions options = {});
  ~Detector();
  Detector(Detector&&) noexcept;
  Detector& operator=(Detector&&) noexcept;

  /// One observation. A value that is absent or not finite is a missing observation: it is not
  /// judged and changes nothing. `holiday`: the caller knows the day to be a holiday; it is judged
  /// as an ordinary day or as a Sunday, whichever fits better, and not learnt as a season.
  /// Times rise. A step back by up to an hour, at a grain of an hour or finer, is a clock put back
  /// (local stamps in autumn) and taken as the next observation. Errors kInvalidArgument: other
  /// steps back or a repeated time; nothing has changed then.
  Result<Verdict> Step(Instant at, std::optional<double> value, bool holiday = false);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// ---------------------------------------------------------------------------- series of ads

/// What a series counts, which decides how its chance is reckoned.
enum class AdMeasure {
  kCount,         // impressions, clicks, conversions
  kMoney,         // spend, revenue: amounts in one currency, >= 0
  kProportion,    // numerator out of denominator: CTR, CVR
  kCountPerUnit,  // count over an exposure: conversions per spend (its inverse is CPA), frequency
  kMoneyPerUnit,  // money over an exposure: CPC, CPM, ROAS
};
std::string_view AdMeasureName(AdMeasure measure);

/// One hour or one day of a series.
struct AdPoint {
  Instant at;              ///< begin of the hour or day
  int hour = 0;            ///< of the day on the account's clock, 0..23; 0 for days
  int weekday = 0;         ///< on the account's clock, 0 = Monday .. 6 = Sunday
  double value = 0;        ///< the count, the amount or the numerator; >= 0
  double denominator = 1;  ///< of ratios: > 0 to be judged; else ignored
  double maturity = 1;     ///< share of the final value expected to be known yet, in (0, 1]
  bool holiday = false;
  bool missing = false;  ///< no observation: nothing is learnt, nothing is judged
};

struct AdSeriesOptions {
  bool hourly = false;  ///< else daily
  AdMeasure measure = AdMeasure::kCount;
};

struct Judgement {
  bool judged = false;  ///< false: missing, no denominator, or too little history; the rest is idle
  double observed = 0;  ///< value, or value / denominator
  double expected = 0;  ///< in the unit of `observed`, at this maturity
  double low95 = 0;     ///< 95 % interval of `observed` when nothing is wrong
  double high95 = 0;
  double p_value = 1;  ///< two-sided
  Direction direction = Direction::kNone;
  AnomalyKind kind = AnomalyKind::kNone;  ///< what it would be called if it is news
  /// observed / expected - 1; 0.25 is 25 % above. Absent where nothing was expected.
  std::optional<double> deviation{};
  double magnitude = 0;  ///< |observed - expected| times the denominator: in the unit of `value`
};

/// Model of one series: level (half forgotten after 14 days) times factors of the hour of day, the
/// day of week and holidays (half forgotten after 56 days, shrunk to 1), and an overdispersion k
/// learnt from its own past:
///   kCount, kCountPerUnit   negative binomial, variance m + k m^2
///   kProportion             beta-binomial of the same variance, m (1 - r) + k m^2
///   kMoney, kMoneyPerUnit   gamma, variance k m^2; k grows as the exposure falls below the usual
/// The interval is of a gamma (a beta for proportions) of the same mean and variance.
/// Judge and Learn are apart so that a day can be judged on each day of its maturing and learnt
/// once.
class AdSeries {
 public:
  explicit AdSeries(AdSeriesOptions options) : options_(options) {}

  /// What to think of a point, from what has been learnt before. Changes nothing. Not judged before
  /// 14 days (72 hours) have been learnt. Errors kInvalidArgument: a field out of its range
  /// (named).
  Result<Judgement> Judge(const AdPoint& point) const;
  /// Takes a point in. A value further out than four standard deviations counts as one at four;
  /// after four points in a row beyond p = .05 on the same side, the level is taken as moved to
  /// where they are. Errors as Judge; also a time that does not rise.
  Result<void> Learn(const AdPoint& point);
  int points() const { return points_; }

 private:
  struct Forecast {
    double mean = 0;      // of value, at this exposure and maturity
    double exposure = 0;  // times maturity and factors: what the level is per
    double chance = 0;    // variance without overdispersion
    double k = 0;         // variance = chance + k mean^2
    double Variance() const { return chance + k * mean * mean; }
  };
  struct Cell {
    double seen = 0, expected = 0, visits = 0;
  };
  Result<void> Check(const AdPoint& point) const;
  Forecast Expect(const AdPoint& point) const;
  double Factor(const Cell& cell) const;
  double Upper(const AdPoint& point, const Forecast& f) const;  // P(X >= point.value)
  double Lower(const AdPoint& point, const Forecast& f) const;  // P(X <= point.value)

  AdSeriesOptions options_;
  int points_ = 0;
  std::optional<Instant> last_{};
  double sum_value_ = 0, sum_exposure_ = 0, weight_ = 0;
  double sum_denominator_ = 0;
  Cell hours_[24], weekdays_[7], holidays_;
  double excess_ = 0, excess_scale_ = 0;  // k = excess / scale
  double drift_ = 0;                      // exponential mean of standardised errors
  int run_ = 0;                           // points in a row beyond p = .05; negative below
  double run_value_ = 0, run_exposure_ = 0;
};

// ---------------------------------------------------------------------------- many at one time

/// What people made of former findings, as a weight on the p-values of a series (weights above 1
/// make it more sensitive). Bounded: no series is silenced, none shouts. Each answer moves the
/// weight by a factor of 2^(1/2).
class Feedback {
 public:
  static constexpr double kLowest = 1.0 / 16;
  static constexpr double kHighest = 4.0;
  void Add(std::string_view key, bool useful);
  double Weight(std::string_view key) const;  ///< 1 where nothing was said
  /// To be stored and taken up again: key and sum of answers (useful +1, not useful -1, bounded).
  std::vector<std::pair<std::string, int>> answers() const;
  static Feedback FromAnswers(const std::vector<std::pair<std::string, int>>& answers);

 private:
  std::vector<std::pair<std::string, int>> answers_;  // sorted by key
};

struct ScanOptions {
  /// Share of false ones among the findings of one scan, in expectation, in (0, 1).
  double false_discovery_rate = 0.05;
  /// Scans a month that pass without a false finding but this many, in expectation, when nothing
  /// is wrong anywhere. With `scans_per_month` it lowers the rate of a scan that is done often.
  double false_scans_per_month = 1;
  double scans_per_month = 30.44;  ///< 730.5 for an hourly one
  double deviation_min = 0.1;      ///< smaller relative deviations are not worth a person's time
};

struct Candidate {
  std::string_view key;  ///< of the series, unique in the scan
  Judgement judgement;
};
struct Finding {
  std::size_t candidate;  ///< index into the candidates
  double q_value;         ///< smallest false discovery rate at which it is a finding
};
/// Which of a family of series are news now. Benjamini-Hochberg (1995) over all that were judged,
/// with p-values divided by their weights (Genovese, Roeder, Wasserman 2006; weights are scaled to
/// average 1, which keeps the rate). Valid for series that are independent or positively dependent
/// (Benjamini, Yekutieli 2001), as metrics of one market are. When nothing is wrong, the chance of
/// any finding in one scan is at most the rate, which is the smaller of `false_discovery_rate` and
/// false_scans_per_month / scans_per_month. Findings come most surprising first.
/// Errors kInvalidArgument: options out of range.
Result<std::vector<Finding>> ScanFamily(std::span<const Candidate> candidates,
                                        const Feedback& feedback, const ScanOptions& options);

// ---------------------------------------------------------------------------- early trends

struct TrendOptions {
  int period = 7;  ///< of a season to be taken out; 1: none
  double p_value_max = 0.01;
  double change_min = 0.1;  ///< relative change over the window that is worth a word
  bool logarithm = true;    ///< judge relative change; values must then be > 0 (others: missing)
};
struct Trend {
  bool judged = false;  ///< false: fewer than 8 usable points, or all equal
  bool found = false;
  Direction direction = Direction::kNone;
  double slope = 0;  ///< per step: relative (0.02 = 2 % a step) with `logarithm`, else absolute
  double slope_low95 = 0, slope_high95 = 0;
  double change = 0;   ///< over the whole window, relative or absolute alike
  double p_value = 1;  ///< two-sided
  int points = 0;
};
/// Monotone drift over a window of equally spaced values (14 to 28 days of CPA, say). Mann-Kendall;
/// with a season and two periods of values, only values of the same phase are compared (seasonal
/// Kendall: Hirsch, Slack, Smith 1982). The variance is corrected for autocorrelation by the
/// effective sample size of the detrended values (Yue, Wang 2004), lag 1. Slope by Theil and Sen
/// over the same pairs, its interval by Sen 1968.
/// Errors kInvalidArgument: period < 1, rates out of range, more than 2,000 values.
Result<Trend> DetectTrend(std::span<const std::optional<double>> values,
                          const TrendOptions& options);

// ---------------------------------------------------------------------------- creative fatigue

/// One day of one ad and of the other ads of its ad group together (without this one).
struct FatigueDay {
  double impressions = 0, responses = 0;  ///< clicks for CTR; or clicks and conversions for CVR
  double peers_impressions = 0, peers_responses = 0;
  std::optional<double> frequency{};  ///< cumulative, as the platform reports it, when it does
};
struct FatigueOptions {
  double p_value_max = 0.01;
  double decline_min = 0.15;  ///< relative decline since the start that is worth a word
  double responses_min = 50;  ///< expected responses of the ad over the window
  int days_min = 7;           ///< days with impressions
};
struct Fatigue {
  bool judged = false;  ///< false: less evidence than the options ask for; `why` says which
  bool found = false;
  double decline = 0;  ///< from first to last day, relative to the peers: 0.3 = 30 % lost
  double decline_low95 = 0, decline_high95 = 0;
  double per_doubling = 0;  ///< relative change of the rate when impressions (frequency) double
  double p_value = 1;       ///< one-sided: of a decline
  std::string why;
};
/// Does the response rate of an ad fall as it has been shown more, against its peers? Regression
/// of log(rate / peers' rate) on log2 of the cumulative impressions (of the frequency where every
/// day has it), quasi-Poisson, so overdispersion widens the interval. Peers with fewer than 20
/// responses in the window are taken as constant. Errors kInvalidArgument: negative or not
/// finite numbers, more responses than impressions.
/// Source   McCullagh, Nelder, Generalized Linear Models, 2nd ed., ch. 6 and 9
Result<Fatigue> DetectFatigue(std::span<const FatigueDay> days, const FatigueOptions& options);

}  // namespace maxopt
