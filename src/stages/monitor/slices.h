#pragma once
#include <vector>

#include "clock/clock.h"
#include "connect/platform.h"
#include "memory/facts/facts.h"
#include "stages/monitor/monitor.h"

namespace maxopt {

/// One report to ask for.
struct Chunk {
  Level level = Level::kCampaign;
  Grain grain = Grain::kDay;
  Breakdown breakdown = Breakdown::kNone;
  Day from;
  Day to;
  friend bool operator==(const Chunk&, const Chunk&) = default;
};

struct ChunkPlan {
  std::vector<Chunk> chunks;  ///< in the order of reading
  int fresh = 0;              ///< slices that are due and known freshly enough
};

/// What a round reads of one account, most important first. Pure. `known`: of the days from
/// today - max(restatement_days, backfill_days) on.
ChunkPlan PlanChunks(const Capabilities& can, const MonitorOptions& options, const Zone& zone,
                     Instant now, const std::vector<SliceInfo>& known);

/// The breakdowns of days that were restated after they were cut. Pure. `known`: after a round.
std::vector<Chunk> PlanRestatedCuts(const Capabilities& can, Day today,
                                    const std::vector<SliceInfo>& known);

}  // namespace maxopt
