#pragma once
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "measure/response/response.h"

namespace maxopt {

/// Fits a response model; FitResponse, or what remembers it.
using FitFunction =
    std::function<Result<ResponseFit>(const ResponseData& data, const ResponseOptions& options)>;

/// Remembers the newest fits. A fit is a pure function of its data and options and takes seconds,
/// so it is known again by all of them, to the bit: whatever is written to the memories makes other
/// data, and nothing has to be thrown away. Who asks for a fit that another thread is making waits
/// for it. Holds at most `most` fits, about a megabyte each. Thread-safe.
class RememberedFits {
 public:
  explicit RememberedFits(FitFunction fit = FitResponse, std::size_t most = 8)
      : fit_(std::move(fit)), most_(most) {}
  Result<ResponseFit> operator()(const ResponseData& data, const ResponseOptions& options);

 private:
  struct Entry;
  FitFunction fit_;
  std::size_t most_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Entry>> entries_;  ///< the one asked for last first; by mutex_
};

}  // namespace maxopt
