#pragma once
#include "app/home/home.h"
#include "stages/monitor/attribution/observed.h"

namespace maxopt {

/// ObserveAttribution on a home: its events (none where none were collected) and its campaigns, led
/// back to by the ids and names in the links of visits, as set-up writes them.
Result<AttributionView> AttributionOf(Home& home, const ObservedOptions& options);

}  // namespace maxopt
