#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "result/result.h"

/// What an action really brought: places that got it against places that did not, one series
/// against what it would have done, hours switched on and off. Pure and thread-safe; the same input
/// gives the same bits, whatever the order of geos and days, and other units of money or counts
/// give the same answer in those units.
///
/// Errors   kInvalidArgument, naming the geo, day or field.
/// Docs     docs/lift.md: the methods with their sources, and how often the intervals hold.
namespace maxopt {

/// Part of the experiment that a day belongs to.
enum class TestPeriod {
  kPre,       ///< before the test; what normal is gets learnt here
  kTest,      ///< treatment is on in the treated geos
  kCooldown,  ///< treatment is off again, its late effects still arrive
  kOutside,   ///< not looked at
};

struct GeoPanel {
  struct Geo {
    std::string name;
    bool treated = false;
    std::vector<std::optional<double>> sales;  ///< by day; absent: not known (never 0)
    std::vector<std::optional<double>> spend;  ///< by day, or empty when there is no spend
  };
  std::vector<Geo> geos;
  std::vector<std::int64_t> days;  ///< ascending, in days of any epoch; one step or multiples of it
  std::vector<TestPeriod> periods;  ///< by day
};

enum class LiftMethod { kAuto, kSyntheticControl, kDid, kTbr };
/// "auto", "synthetic_control", "did", "tbr"; the error lists them.
Result<LiftMethod> FindLiftMethod(std::string_view name);
std::string_view LiftMethodName(LiftMethod method);

struct LiftSetting {
  LiftMethod method = LiftMethod::kAuto;
  double level = 0.95;  ///< of the intervals, in [.5, .999]
};

/// A number with its interval; an end that has no bound is infinite.
struct Estimate {
  double value;
  double low, high;
};

struct LiftAnswer {
  /// Sales per treated geo and test day that would not have been without the treatment. Late
  /// effects in the cooldown are counted to the test days that caused them.
  Estimate att;
  Estimate lift;          ///< att over what a test day would have been without; .05 is 5 %
  Estimate incremental;   ///< sum over treated geos, test and cooldown days
  double counterfactual;  ///< sales per treated geo on a test day without the treatment
  double p_value;         ///< below 1 - level exactly when the intervals leave out 0
  /// Incremental sales per incremental spend; absent without a spend column, and where spend did
  /// not change.
  std::optional<Estimate> iroas;
  double incremental_spend = 0;  ///< treated geos, test and cooldown; meaning only with iroas
  LiftMethod method;             ///< never kAuto
  std::string variant;           ///< which form of the method, and who chose it, in words
  std::vector<std::pair<std::string, double>> weights;  ///< control geo, weight; by name
  std::string weights_of;                               ///< what the weights multiply, in words

  struct PreFit {
    int days = 0;                  ///< before the test
    double r_squared = 0;          ///< of days that did not help to fit them
    double rmse = 0;               ///< the same, sales per treated geo and day
    double mape = 0;               ///< the same, relative to the mean
    double autocorrelation = 0;    ///< of lag 1 of those errors
    bool weekday_pattern = false;  ///< the difference to the controls has a week of its own
  } pre_fit;

  struct Placebo {
    int geos = 0;  ///< control geos that were treated in pretence, same days, same method
    /// Spread of their pretended effects over what the noise model said (1: as said); absent
    /// without such geos.
    std::optional<double> spread;
    /// Share of these and the true test with a standardised effect as large: (1 + k) / (1 + geos).
    std::optional<double> p_space;
    int windows = 0;  ///< pretended tests before the true one
    /// Moving-block permutation over the days, (1 + k) / (1 + windows).
    std::optional<double> p_time;
    double inflation = 1;  ///< by what the intervals were widened or narrowed after the placebos
  } placebo;

  std::vector<std::string> notes;  ///< what was left out or decided, for people
};

/// Lift of the treated geos. Needs 10 days before the test, one day of test, a control geo, and
/// sales in the treated geos before the test. A control geo that lacks days is left out (a note
/// says so); a treated one is an error.
Result<LiftAnswer> MeasureLift(const GeoPanel& panel, const LiftSetting& setting = {});

/// One series with what else is known of its days.
struct LiftSeries {
  std::vector<double> y;  ///< evenly spaced, oldest first
  struct Covariate {
    std::string name;
    std::vector<double> values;  ///< as long as y; must not be touched by the treatment
  };
  std::vector<Covariate> covariates;
  std::size_t from = 0;  ///< index of the first day of the test; all from here on are the test
  int season = 7;        ///< steps of a season that is tried; 0: none
};
struct SeriesSetting {
  double level = 0.95;
  std::uint64_t seed = 1;
  bool placebo = true;  ///< also judge pretended tests before the true one: five times the work
};
struct SeriesAnswer {
  Estimate att;          ///< average effect per step of the test
  Estimate lift;         ///< relative to the counterfactual
  Estimate incremental;  ///< sum
  double p_value;
  std::vector<std::pair<std::string, double>>
      inclusion;                                       ///< covariate, probability that it belongs
  std::vector<std::pair<std::string, double>> slopes;  ///< covariate, mean slope, 0 where left out
  double season_probability = 0;
  LiftAnswer::PreFit pre_fit;  ///< one-step errors within the pre-period
  /// Pretended tests that end where the true one begins, and how many of their intervals leave out
  /// 0: of honest ones one in twenty.
  int placebo_windows = 0, placebo_outside = 0;
  std::vector<Estimate> counterfactual;  ///< by step of the test, each by itself
};
/// Bayesian structural time series: regression with spike and slab, season, level that wanders or
/// reverts, noise; averaged over which of them the days before the test support. Needs 10 steps
/// before.
Result<SeriesAnswer> MeasureSeries(const LiftSeries& series, const SeriesSetting& setting = {});

/// One block of a switchback: the whole market switched on or off for some steps.
struct SwitchbackBlock {
  bool on;
  std::vector<double> y;  ///< by step (hour, day), in order
};
struct SwitchbackAnswer {
  double effect;  ///< mean of y per step, on against off
  double low, high;
  double p_value;        ///< below 1 - level exactly when the interval leaves out 0
  double p_permutation;  ///< of re-drawn assignments; needs no distribution, coarse with few blocks
  std::optional<double> lift;  ///< effect over the mean when off; absent where that is not above 0
  int blocks_on, blocks_off;
};
/// Difference of block means after `burn_in` steps at the head of each block, where what went
/// before still works, are thrown away. Blocks are the units: Welch's t over them. Needs two blocks
/// of each kind that are longer than the burn-in.
/// Source   Bojinov, Simchi-Levi, Zhao 2023, Design and Analysis of Switchback Experiments,
///          Management Science 69(7)
Result<SwitchbackAnswer> MeasureSwitchback(std::span<const SwitchbackBlock> blocks, int burn_in,
                                           double level = 0.95, std::uint64_t seed = 1);

}  // namespace maxopt
