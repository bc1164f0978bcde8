#pragma once
#include "app/cli/commands.h"
#include "app/views/views.h"

namespace maxopt {

/// What the options of `view` and `export` ask for.
Result<ViewQuery> ViewQueryOf(const ViewArguments& arguments);

}  // namespace maxopt
