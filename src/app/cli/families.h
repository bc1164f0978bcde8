#pragma once
#include <functional>

#include "app/cli/commands.h"

namespace CLI {
class App;
}

/// Families of commands that add themselves to the command line. What is asked for is put into
/// `run`; all that is handed over outlives the parsing.
namespace maxopt {

/// users, keys, link
void AddAccessCommands(CLI::App& app, const CommandContext& context,
                       std::function<Result<int>()>& run);
/// alerts
void AddAlertsCommands(CLI::App& app, const CommandContext& context,
                       std::function<Result<int>()>& run);
/// cycle
void AddCycleCommands(CLI::App& app, const CommandContext& context,
                      std::function<Result<int>()>& run);
/// experiments
void AddExperimentsCommands(CLI::App& app, const CommandContext& context,
                            std::function<Result<int>()>& run);
/// lab
void AddLabCommands(CLI::App& app, std::function<Result<int>()>& run);
/// tactics, memory and campaigns
void AddMemoryCommands(CLI::App& app, const CommandContext& context,
                       std::function<Result<int>()>& run);
/// team
void AddTeamCommands(CLI::App& app, const CommandContext& context,
                     std::function<Result<int>()>& run);

}  // namespace maxopt
