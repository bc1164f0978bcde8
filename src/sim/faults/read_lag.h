#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "clock/clock.h"
#include "http/http.h"

/// Reads that lag behind writes, as replicated platforms have them.
namespace maxopt::sim {

struct ReadLagOptions {
  std::chrono::seconds lag{10};  ///< how long after a write reads may not know of it
  double ghost_chance = 0.3;     ///< that an object just made is missing from lists meanwhile
  double stale_chance = 0.3;     ///< that a read asked before the write is answered as before it
};

/// For a while after a write, (ghosts) what it made is missing from lists, and (stale reads) a read
/// that was asked before it gets its old answer again. A new object is recognised by the marker in
/// its name. Writes themselves are always seen by the platform: a name is taken at once.
/// Thread-safe. The same seed and order of requests: the same lag.
class ReadLag {
 public:
  ReadLag(const Clock& clock, std::uint64_t seed, ReadLagOptions options)
      : clock_(clock), seed_(seed), options_(options) {}
  http::Response Handle(const http::Request& request, const http::Handler& handler);
  /// From now on every read is up to date.
  void Stop();

 private:
  struct Answer {
    Instant at;
    http::Response response;
  };
  void SeeWrite(const http::Request& request, Instant now);
  void HideGhosts(http::Response& response, Instant now) const;
  double Draw();

  const Clock& clock_;
  const std::uint64_t seed_;
  const ReadLagOptions options_;
  mutable std::mutex mutex_;
  bool stopped_ = false;
  std::uint64_t draws_ = 0;
  Instant last_write_{};
  std::map<std::string, Instant> ghosts_;  ///< marker -> until when it is not seen
  std::map<std::string, Answer> answers_;  ///< by request
};

/// The handler as seen through the lag, which must outlive it.
http::Handler WithReadLag(http::Handler handler, ReadLag& lag);

}  // namespace maxopt::sim
