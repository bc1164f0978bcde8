#pragma once
#include <Eigen/Core>
#include <vector>

/// How the difference between what happened and what the controls foretell wanders by itself: the
/// noise model that all intervals of panels rest on.
///
///   gap = Z b + s u,   u ~ N(0, K),   K of a shape as in shapes.h
///
/// b has a flat prior, log s too, each unit its own; the shape of K is shared between units and
/// averaged over a grid by its restricted likelihood (Harville 1977, JASA 72).
namespace maxopt::lift {

struct GapUnit {
  Eigen::VectorXd gap;  ///< [day]: first `pre` days before the test, then the days to be judged
  Eigen::MatrixXd z;    ///< [day, column], the first column 1
};
struct GapResult {
  double effect = 0;    ///< mean over the judged days
  double variance = 0;  ///< of the effect's error
};
struct NoiseSummary {
  double rho = 0;  ///< posterior means
  double white = 0;
  double drift = 0;  ///< probability of a wandering level or slope
};

/// Judges all units by one posterior of K. The first is the treated one, whose days after `pre` are
/// not looked at for the noise; the others are pretended ones, whose are. `krige`: the effect is
/// against the best linear prediction under K; otherwise against the least squares line in Z, and
/// only its variance comes from K.
std::vector<GapResult> JudgeGaps(const std::vector<GapUnit>& units, Eigen::Index pre, bool krige,
                                 NoiseSummary* summary);

}  // namespace maxopt::lift
