#pragma once
#include "app/cli/commands.h"
#include "app/home/home.h"

namespace maxopt {

/// After a plan of a set-up was applied: moves its experiments and tells the teammates how it
/// stands. What cannot be told is said, and is no failure of the apply.
void AfterApply(const CommandContext& context, Home& home, const Plan& plan);

}  // namespace maxopt
