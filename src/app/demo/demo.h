#pragma once
#include <cstdint>
#include <string>

#include "result/result.h"

namespace maxopt {

namespace sim {
class World;
}

/// connections.yaml for the accounts of a listening world.
Result<std::string> ConnectionsYaml(sim::World& world);

struct DemoOptions {
  std::string home;      ///< a folder for the demo's own home; emptied first when a demo made it
  std::string examples;  ///< folder with the four documents and policy.yaml
  std::uint64_t seed = 1;
  int days = 60;  ///< to live through after the launch
  int history_days = 365;
  bool keep = false;     ///< leave the servers running at the end, until interrupted
  bool optimize = true;  ///< false: launch and watch only
};

/// The closed loop on simulated platforms, over real sockets: a client with a year of history, a
/// campaign launched from documents on three platforms, watched hour by hour, optimised daily,
/// reported; beside it the same world, same seed, in which the split was left as it was planned.
/// Prints progress and result. 0, or an error.
Result<int> RunDemo(const DemoOptions& options);

}  // namespace maxopt
