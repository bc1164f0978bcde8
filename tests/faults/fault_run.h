#pragma once
#include <cstdint>
#include <string>
#include <vector>

/// One campaign on three platforms is set up, activated and undone while the network, the
/// platforms, other people and our own process fail at random; afterwards the promises are checked
/// against the platforms' own truth:
///
///   no duplicate       no mark is carried by two objects that are not removed
///   no orphan          every object with a mark is in our memory, and the other way round
///   no unapproved spend  nothing was on before the activation was approved
///   no wrong unit      what is live is what was asked for, amount by amount
///   nobody overwritten a field that a person changed keeps the person's value
///   undone             after undo the live trees are those from before, byte for byte
///
/// Everything is in process and under a virtual clock: the same seed runs the same.
namespace maxopt::faults {

struct Outcome {
  std::uint64_t seed = 0;
  std::vector<std::string> violations;  ///< empty: every promise was kept
  int requests = 0;
  int faults = 0;   ///< injected on the wire
  int crashes = 0;  ///< of our process, in the middle of a call
  int edits = 0;    ///< by people on the platforms
  int rounds = 0;   ///< applies until everything was done
};

/// Runs one seed. `verbose` tells every step on standard error.
Outcome RunSeed(std::uint64_t seed, bool verbose = false);

}  // namespace maxopt::faults
