#include "decide/autonomy/autonomy.h"

#include <fmt/format.h>

#include <algorithm>

namespace maxopt {

Autonomy EarnedAutonomy(const std::optional<Calibration>& record,
                        const AutonomySettings& settings) {
  if (!record || record->count == 0) {
    return {true, settings.start,
            fmt::format("no prediction was measured yet: {:.0f} % of the envelope",
                        100 * settings.start)};
  }
  const Calibration& r = *record;
  if (r.cover90.high < settings.cover_floor) {
    return {false, settings.start,
            fmt::format("its 90 % intervals held {:.0f} % of {} measured effects, surely less than "
                        "{:.0f} %",
                        100 * r.cover90.at, r.count, 100 * settings.cover_floor)};
  }
  if (r.realised_high < 0) {
    return {false, settings.start,
            fmt::format("{} measured effects sum to {:.0f} % of what was promised (90 %: {:.0f} to "
                        "{:.0f})",
                        r.count, 100 * r.realised, 100 * r.realised_low, 100 * r.realised_high)};
  }
  const double proven = std::clamp(r.count * r.resolution / settings.whole_after, 0.0, 1.0);
  double scale = settings.start + (1 - settings.start) * proven;
  std::string errs;
  if (r.cover90.at < settings.cover_floor) {
    scale /= 2;
    errs += fmt::format("; halved: the 90 % intervals held only {:.0f} %", 100 * r.cover90.at);
  }
  if (r.realised_high < 0.5) {
    scale /= 2;
    errs +=
        fmt::format("; halved: at most {:.0f} % of what was promised came", 100 * r.realised_high);
  }
  return {true, scale,
          fmt::format("{} measured, worth {:.1f} sharp ones of {:.0f}: {:.0f} % of the envelope{}",
                      r.count, r.count * r.resolution, settings.whole_after, 100 * scale, errs)};
}

}  // namespace maxopt
