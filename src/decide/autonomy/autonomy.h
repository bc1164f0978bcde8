#pragma once
#include <optional>

#include "domain/policy.h"
#include "measure/calibration/calibration.h"

/// What one kind of change may do alone, by how its predictions turned out. Pure.
namespace maxopt {

/// Ours; none is fitted to data. A change of them is a change of policy.
struct AutonomySettings {
  double start = 0.25;  ///< share of the envelope without a record
  /// Sharp measurements (count times resolution, see Calibration) after which a good record has
  /// earned the whole envelope.
  double whole_after = 20;
  /// 90 % intervals that surely hold less often than this are overconfident: nothing is done alone.
  double cover_floor = 0.85;
};

/// Grows from `start` to 1 with sharp measurements. Halved while intervals held less often than
/// `cover_floor`, and while at most half of what was promised can have come true. Nothing may be
/// done alone when the intervals are overconfident beyond doubt (the 90 % interval of their
/// coverage lies below the floor) or what was promised surely did not come (that of realised over
/// promised lies below 0).
Autonomy EarnedAutonomy(const std::optional<Calibration>& record,
                        const AutonomySettings& settings = {});

}  // namespace maxopt
