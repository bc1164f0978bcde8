#pragma once
#include "decide/alerting/alerting.h"

/// Inside of this folder only.
namespace maxopt {

bool Matches(const AlertMatcher& matcher, const AlertEntry& entry);

}  // namespace maxopt
