#pragma once
#include <string>

#include "app/cli/commands.h"

namespace maxopt {

struct CanaryArguments {
  std::string target;  ///< a client, or a URL as an ad would have it
  bool no_browser = false, no_platforms = false;
};
/// Flies canaries: of a client, whose signals are kept, or to a URL, which only shows. 1 when a
/// step failed.
Result<int> TrackingCanaryCommand(const CommandContext& context, const CanaryArguments& arguments);

}  // namespace maxopt
