#pragma once
// Only src/apply may include this header (tests/layers_test.cc): it is the one door to a platform.
#include <span>
#include <vector>

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
  /// Sends changes of one account, one level and one action, of which none needs another, in one
  /// call where the platform can. Answers one result a change, in their order, each with the
  /// promise of Apply: what a call that was lost, or an answer that cannot be mapped to its items,
  /// may have done is kUnknownOutcome for every change it carried. The default sends them one by
  /// one.
  virtual std::vector<Result<Applied>> ApplyBatch(std::span<const Change> changes,
                                                  http::Deadline deadline) {
    std::vector<Result<Applied>> out;
    out.reserve(changes.size());
    for (const Change& change : changes) out.push_back(Apply(change, deadline));
    return out;
  }
  /// Most changes that one ApplyBatch call carries; 1: it has no batch.
  virtual int batch_max() const { return 1; }
  /// Asks the platform to check the change without writing it, where it can; {} where it cannot.
  virtual Result<> Validate(const Change& change, http::Deadline) = 0;
};

/// A connector is one object with both faces.
struct Connector {
  std::shared_ptr<PlatformReader> reader;
  std::shared_ptr<PlatformWriter> writer;
};

}  // namespace maxopt
