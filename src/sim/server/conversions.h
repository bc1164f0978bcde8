#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "clock/clock.h"
#include "http/http.h"

/// The ends where platforms take conversions, strict as theirs: every member is known and of its
/// form, personal data are SHA-256 in lower-case hex, times lie in the platform's window, and what
/// is told twice counts once.
///
///   Meta    POST /{version}/{pixel}/events           form: data=<JSON>; or JSON
///   TikTok  POST /open_api/{version}/event/track/
///   Google  POST /v1/events:ingest, GET /v1/requestStatus:retrieve?requestId=
namespace maxopt::sim {

/// Thread-safe. Tokens and whether a pixel exists are the asking server's to judge.
class ConversionReceiver {
 public:
  explicit ConversionReceiver(const Clock& clock) : clock_(clock) {}

  /// The answers, each to a request that is for such an end.
  http::Response Meta(const std::string& pixel, const http::Request& request);
  http::Response TikTok(const http::Request& request,
                        const std::function<bool(const std::string& pixel_code)>& known);
  http::Response Google(const http::Request& request);
  /// The pixel when the URL is "/v26.0/123/events".
  static std::optional<std::string> MetaPixelOf(const http::Request& request);
  static bool IsTikTok(const http::Request& request);
  static bool IsGoogle(const http::Request& request);

  /// What counts at a destination (pixel, conversion action) for an event's word.
  struct Count {
    std::string destination, event;
    std::int64_t counted = 0;     ///< each id once
    std::int64_t duplicates = 0;  ///< told again and not counted
    std::int64_t rehearsed = 0;   ///< with a test code or validateOnly: judged, not counted
  };
  std::vector<Count> Counts() const;

 private:
  void Take(const std::string& destination, const std::string& event, const std::string& id,
            std::optional<std::chrono::hours> window);
  void Rehearsed(const std::string& destination, const std::string& event);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, std::string>, Instant> seen_;  // the last telling
  std::map<std::pair<std::string, std::string>, Count> counts_;
  std::map<std::string, Instant> requests_;  // of Google, by requestId
};

}  // namespace maxopt::sim
