#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "measure/lift/lift.h"
#include "result/result.h"

/// Which places, and when, to keep without an action (or to give it alone), so that its lift can be
/// measured. Pure and thread-safe; the same input gives the same bits, whatever the order of geos.
/// Docs     docs/lift.md
namespace maxopt {

struct GeoDesignQuestion {
  int test_days = 28;
  double effect = 0.05;  ///< relative, that the test is to find; not 0
  double level = 0.95;   ///< of the interval that has to leave out 0
  double power = 0.8;    ///< chance to find the effect, the usual convention (Cohen 1988)
};

/// One choice of places.
struct GeoDesign {
  std::vector<std::string> geos;  ///< held out (or treated alone), by name; the rest are controls
  double sales_share;             ///< their part of all sales
  double se;     ///< of the relative lift after such a test, from pretended tests in the history
  double power;  ///< chance that the interval leaves out 0 when the effect is as asked
  double mde;    ///< smallest relative effect that is found with the power asked
  double cost;   ///< |effect| times their expected sales over the test: what a holdout forgoes
  std::optional<double> spend;  ///< their expected spend over the test: what a holdout saves
};
struct GeoDesignAnswer {
  /// The cheapest that has the power asked; where none has, the one with most power.
  GeoDesign best;
  bool enough;                        ///< best.power >= the power asked
  std::vector<GeoDesign> options;     ///< the best found of each number of geos, fewest first
  int windows;                        ///< pretended tests that each `se` rests on
  std::vector<std::string> left_out;  ///< geos without data on every day, or without sales
};
/// Matched markets: sets of geos whose sales went with those of the others in the past. Sets are
/// drawn by size strata and improved by exchanges on how far windows as long as the test strayed
/// from what the controls foretold, in the older part of the history; the best of each size are
/// judged by MeasureLift on pretended tests at its end. `history` has no treated geo; its periods
/// are not looked at. Errors   kInvalidArgument: fewer than 3 geos, fewer days than 28 or than
/// twice test_days, no effect Source   Vaver, Koehler 2011, Measuring Ad Effectiveness Using Geo
/// Experiments; Au 2018, A Time-
///          Based Regression Matched Markets Approach for Designing Geo Experiments
Result<GeoDesignAnswer> DesignGeoTest(const GeoPanel& history, const GeoDesignQuestion& question);

struct HoldoutGeo {
  std::string name;
  double size;  ///< sales (or spend) of late, >= 0
};
struct HoldoutPolicy {
  double share_max = 0.1;  ///< of all sizes that may be held out at once, (0, .5]
  int turn_days = 28;      ///< for how long a place is held out
  std::string key{};       ///< of the client and action: other keys, other order
};
struct HoldoutTurn {
  std::vector<std::string> geos;  ///< held out on the day, by name; may be empty
  std::int64_t turn;              ///< number of the turn, from 0 at day 0
  std::int64_t first_day, last_day;
  std::vector<std::string> never;  ///< too large for the share: never held out
};
/// Who is held out on `day` (days of any epoch, from 0). Places are ordered by a hash of key, cycle
/// and name, and dealt into turns that never hold more than share_max; when each has had its turn,
/// a new cycle begins in another order. Errors   kInvalidArgument: share, days or sizes out of
/// range
Result<HoldoutTurn> RotatingHoldout(std::span<const HoldoutGeo> geos, const HoldoutPolicy& policy,
                                    std::int64_t day);

struct SwitchbackPlan {
  int blocks = 28;
  /// Blocks after which the clock is at the same place again (7 for days, 84 for two hours): on and
  /// off are balanced between the same places of two such rounds.
  int round = 7;
  std::string key{};
};
/// On (true) or off by block. Blocks at the same place of two neighbouring rounds get one of each,
/// which is which by hash; a last round without a partner is drawn block by block.
/// Errors   kInvalidArgument: blocks or round below 1
Result<std::vector<bool>> SwitchbackSchedule(const SwitchbackPlan& plan);

}  // namespace maxopt
