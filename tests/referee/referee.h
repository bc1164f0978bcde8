#pragma once
#include <string>
#include <vector>

/// Runs one of the official SDKs, as a Node program beside this file, against a server of ours.
namespace maxopt::referee {

struct Verdict {
  int exit_code;       ///< -1: could not be started
  std::string output;  ///< what it printed, errors included
};

/// `script` is a file of tests/referee ("meta.cjs"). Blocks until it ends.
Verdict Run(const std::string& script, const std::vector<std::string>& arguments);

}  // namespace maxopt::referee
