#pragma once
#include <functional>
#include <string_view>

namespace maxopt {

/// A place where a test may kill the process as a power cut would (SIGKILL, no destructors):
/// MAXOPT_KILL_AT="sent:2" kills at the second passing of FaultPoint("sent"); "any:7" at the
/// seventh passing of any point. MAXOPT_KILL_WITH names another signal: INT, TERM. Without the
/// variable it does nothing.
void FaultPoint(std::string_view name);

/// For tests in one process: called at every point in place of the above; what it throws leaves
/// through the apply, which keeps no promise in destructors. Empty: as before. Not thread-safe.
void SetFaultHook(std::function<void(std::string_view)> hook);

}  // namespace maxopt
