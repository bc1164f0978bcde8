#pragma once
#include <vector>

#include "memory/campaigns/trials.h"
#include "stages/optimize/history.h"

namespace maxopt {

/// Finished experiments as the response model takes them: those whose days lie within `history` and
/// whose channel has spend there. FinishedLifts(store, client) reads them.
std::vector<ResponseData::Lift> LiftsWithin(const std::vector<FinishedLift>& lifts,
                                            const ClientHistory& history);

}  // namespace maxopt
