#pragma once
#include <string>
#include <vector>

#include "domain/entity.h"

namespace maxopt {

/// What of a campaign has no name here, "channel_type hotel_ads", "objective fame": it is kept as
/// the platform says it. Empty: all is known.
std::vector<std::string> UnknownWords(const Entity& campaign);

}  // namespace maxopt
