#pragma once
#include <array>
#include <span>
#include <vector>

#include "result/result.h"

/// How good predictions were: promised effects beside measured ones. Pure.
///
/// A prediction is a normal distribution through its mean and 90 % interval. What is measured has
/// an error of its own, so it is judged against the predictive distribution of the measurement,
///   N(mean, ((high90 - low90) / 2z)^2 + measured_sd^2),  z = 1.6449,
/// else a perfect forecaster with noisy measurements would look overconfident. The other side of
/// that: where measurements are poor, coverage says little; `resolution` tells how little.
namespace maxopt {

struct ScoredPrediction {
  double mean = 0, low90 = 0, high90 = 0;  ///< low90 <= mean <= high90
  double measured = 0;
  double measured_sd = 0;  ///< standard error of the measurement, >= 0
};

/// A share with its 90 % interval (Wilson 1927).
struct Share {
  double at = 0, low = 0, high = 1;
};

struct Calibration {
  int count = 0;
  Share cover50, cover90;  ///< measured within the central interval of the predictive distribution
  /// Reliability diagram: the share of measurements below the predictive quantile at `level`; the
  /// diagonal is perfect.
  struct Level {
    double level;
    Share below;
  };
  std::array<Level, 9> reliability;  ///< 0.1, 0.2, ..., 0.9
  /// Mean continuous ranked probability score of the predictive distributions, in units of the
  /// effect, lower is better, and of a forecaster who always says "nothing will happen" with the
  /// same spread. Source: Gneiting, Raftery 2007, eq. 21.
  double crps = 0, crps_of_nothing = 0;
  /// Sum measured over sum promised (means). The promise is a number that was said, so the 90 %
  /// interval is that of the measured sum, by the predictive variances; where the promises sum to
  /// nothing `realised` is NaN and the interval infinite.
  double realised = 0, realised_low = 0, realised_high = 0;
  /// Mean share of the predictive variance that is the prediction's own: near 1 the measurements
  /// are sharp, near 0 nothing could be refuted.
  double resolution = 0;
  int harmful = 0;  ///< measured below zero by more than 1.6449 of its standard errors
};

/// Independent of the order. Errors kInvalidArgument: none, a number that is not finite, an
/// interval that does not hold its mean, a negative standard error, or no width at all (prediction
/// and measurement both certain).
Result<Calibration> Calibrate(std::span<const ScoredPrediction> outcomes);

/// Wilson's interval of a binomial share at 90 %; n > 0.
Share WilsonShare(int count, int n);

}  // namespace maxopt
