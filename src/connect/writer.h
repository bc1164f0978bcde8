#pragma once
// Only src/apply may include this header (tests/layers_test.cc): it is the one door to a platform.
#include "connect/platform.h"
#include "domain/change.h"

namespace maxopt {

/// The writing side of a platform. Thread-safe.
class PlatformWriter {
 public:
  virtual ~PlatformWriter() = default;
  /// Sends one change, once. Errors: kUnknownOutcome when it may have happened (time-out, lost
  /// answer, 5xx after sending, answer that cannot be read): Find before anything else. Every other
  /// error means that nothing was written.
  virtual Result<Applied> Apply(const Change& change, http::Deadline) = 0;
  /// Asks the platform to check the change without writing it, where it can; {} where it cannot.
  virtual Result<> Validate(const Change& change, http::Deadline) = 0;
};

/// A connector is one object with both faces.
struct Connector {
  std::shared_ptr<PlatformReader> reader;
  std::shared_ptr<PlatformWriter> writer;
};

}  // namespace maxopt
