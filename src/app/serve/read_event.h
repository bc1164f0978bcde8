#pragma once
// Inside of the collector: events as they are told, judged and normalised.
#include <string>
#include <string_view>
#include <vector>

#include "app/serve/serve.h"

namespace maxopt {

/// What is the same for every event of one request.
struct Telling {
  std::string_view via;         ///< tag | pixel | s2s
  Instant now{};                ///< received_at
  std::string_view user_agent;  ///< of the request; kept with consent, not for s2s
};

/// A batch {"site": ..., "events": [...]}: its site first, so that the caller can judge who tells
/// before anything else is read. Borrows `body` until Events is done. Not thread-safe, and one at a
/// time in a thread.
class BatchReader {
 public:
  /// kInvalidArgument: not JSON, unknown or doubled members.
  static Result<BatchReader> Read(std::string_view body);
  /// kInvalidArgument when it is no text.
  Result<std::string> SiteName() const;
  /// kInvalidArgument unless there are 1 to `most`.
  Result<std::size_t> Count(std::size_t most) const;
  /// All of them, or kInvalidArgument with the first that is wrong: "events[3]: ...".
  Result<std::vector<TrackedEvent>> Events(const TrackedSite& site, const Telling& telling) const;

 private:
  BatchReader() = default;
};

/// "utm_" and letters.
bool IsUtm(std::string_view name);

}  // namespace maxopt
