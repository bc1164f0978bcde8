#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace maxopt {

/// How a run of the program ended.
struct Ended {
  int code = -1;    ///< exit code, or -1
  int signal = 0;   ///< that killed it
  std::string out;  ///< standard output
  std::string err;  ///< standard error
  /// Both, for what a person would see.
  std::string all() const { return out + err; }
};

/// Runs maxopt --home HOME with arguments and environment, as a shell would, and waits for it.
/// Spawned, not forked: threads of servers in the test may hold the allocator's lock at a fork.
Ended RunMaxopt(const std::filesystem::path& home, const std::vector<std::string>& arguments,
                const std::map<std::string, std::string>& environment);

}  // namespace maxopt
