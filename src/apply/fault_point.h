#pragma once
#include <string_view>

namespace maxopt {

/// A place where a test may kill the process as a power cut would (SIGKILL, no destructors):
/// MAXOPT_KILL_AT="sent:2" kills at the second passing of FaultPoint("sent"); "any:7" at the
/// seventh passing of any point. Without the variable it does nothing.
void FaultPoint(std::string_view name);

}  // namespace maxopt
