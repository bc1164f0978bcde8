#pragma once
#include <functional>

#include "app/cli/commands.h"

namespace CLI {
class App;
}

namespace maxopt {

/// Adds team. What is asked for is put into `run`; all three outlive the parsing.
void AddTeamCommands(CLI::App& app, const CommandContext& context,
                     std::function<Result<int>()>& run);

}  // namespace maxopt
