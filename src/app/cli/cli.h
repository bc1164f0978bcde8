#pragma once

namespace maxopt {

/// Parses the command line and runs it. Exit codes: 0 nothing wrong (for plan: no change), 1 error,
/// 2 changes pending.
int RunCommandLine(int argc, char** argv);

}  // namespace maxopt
