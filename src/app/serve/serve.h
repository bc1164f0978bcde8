#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "http/http.h"
#include "memory/events/events.h"
#include "result/result.h"
#include "stages/monitor/conversions/conversions.h"

/// The collector: serves the first-party tag and takes events from it and from clients' servers.
///
///   GET  /tag.js    the tag (web/tag.js)
///   POST /e         {"site": "shop", "events": [{...}]} from the tag, as text/plain or JSON
///   GET  /c         one event as a picture: ?d=<the same JSON>, or ?site=shop&event=page_view&...
///   POST /s2s       the same JSON from the client's server, signed
///   GET  /healthz   {"status":"ok"}
///
/// An event: id, event, consent ("granted" | "denied") are required; at (RFC 3339), url, referrer,
/// visitor, utm {utm_source: ...}, click_ids {gclid: ...}, browser_ids {fbp, fbc, ttp}, value
/// (decimal text) with currency, email, phone, and user_agent from servers. A batch is taken whole
/// or not at all; 200 answers {"stored":n,"duplicates":n}, and then the events are on disk. 400
/// names what is wrong, 401 is a bad signature, 403 a strange origin, 429 too many and 503 a full
/// disk, both with Retry-After. Bots are answered like people and kept apart.
namespace maxopt {

/// One client's website.
struct TrackedSite {
  std::string site;                  ///< data-site of the tag
  std::string client;                ///< as in connections.yaml
  std::vector<std::string> origins;  ///< "https://alpenglow.example": whose pages may send events
  std::string secret{};              ///< of /s2s, at least 32 characters; empty: no such events
  int events_per_second = 100;       ///< of the whole site: browsers, and as many from its server
  int burst = 1000;
  int address_events_per_second = 10;  ///< of one address; servers that sign have no such limit
  int address_burst = 100;
  int page_views_per_minute = 120;  ///< of one browser; above it, it is taken for a machine
  /// Pages that the canary visits; empty: landing pages of the client's own ads, or the front page.
  std::vector<std::string> canary{};
};

/// tracking.yaml of a home.
struct TrackingConfig {
  std::vector<TrackedSite> sites;
  /// Where origins really are, for simulators and staging: landing checks and the browser use it.
  std::map<std::string, std::string> origin_map{};
  bool allow_private = false;                       ///< landing pages may be on private addresses
  std::vector<std::string> trusted_proxies{};       ///< addresses whose X-Forwarded-For is believed
  std::vector<ConversionRoute> send_conversions{};  ///< none: nothing is sent to any platform
  std::string collector{};  ///< this collector as pages see it: "https://t.alpenglow.example"
};
/// kInvalidArgument with file and line.
Result<TrackingConfig> ParseTrackingConfig(const std::string& yaml, const std::string& file);
/// tracking.yaml of a home; without one nothing is collected, mapped or sent.
Result<TrackingConfig> ReadTrackingConfig(const std::string& home);
/// A file to begin with, commented.
std::string TrackingConfigTemplate();

/// Hex of HMAC-SHA256(secret, timestamp + "." + body): what X-Maxopt-Signature must be, with the
/// same Unix seconds in X-Maxopt-Timestamp and the site in X-Maxopt-Site.
std::string SignEvents(std::string_view secret, std::string_view timestamp, std::string_view body);
/// How far a signed request's timestamp may be from our clock. A copy of a request that comes
/// within it is counted as duplicates, since its events are known.
inline constexpr std::chrono::seconds kReplayWindow{300};

/// Thread-safe. `store` and `clock` must outlive the handler. Events are answered later
/// (http::Response::later), when the store has them; the rest at once.
http::Handler MakeCollector(TrackingConfig config, EventStore& store, const Clock& clock);

/// The tag as it is served.
std::string_view TagScript();

}  // namespace maxopt
