#pragma once
#include <memory>

#include "app/cli/commands.h"
#include "app/home/home.h"

namespace maxopt {

/// The home with the product's time: the machine's, or MAXOPT_CLOCK's (a URL of a simulated world).
Result<std::unique_ptr<Home>> OpenHome(const CommandContext& context);

}  // namespace maxopt
