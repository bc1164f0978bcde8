#pragma once
#include <functional>
#include <string>
#include <vector>

#include "app/home/home.h"
#include "stages/monitor/conversions/conversions.h"

/// Conversions sent on to the platforms, as tracking.yaml of a home asks for.
namespace maxopt {

/// Where the outbox of a home is.
std::string ConversionOutboxPath(const Home& home);

/// One round for each route of send_conversions of `client` (of all when empty); nothing when there
/// is none. A platform's trouble is the `problem` of its route and keeps no other from its round;
/// `stopping` is asked before each. kRefused while the home is halted; other errors are our own
/// memory's.
Result<std::vector<SentConversions>> TellConversions(Home& home, const std::string& client,
                                                     const std::function<bool()>& stopping = {});

}  // namespace maxopt
