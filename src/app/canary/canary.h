#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/home/home.h"
#include "app/serve/serve.h"
#include "connect/conversions.h"
#include "memory/events/events.h"
#include "stages/monitor/tracking/tracking.h"

/// The canary: one visit that is nobody's, from the link of an ad to the platform's test end. What
/// it leaves in the event store is marked as a probe, so nothing counts it and nothing sends it on.
namespace maxopt {

/// What a flight needs; everything outlives it.
struct CanaryWorld {
  const TrackingConfig* config;
  EventStore* events;  ///< nullptr: no collector ever ran here
  const Clock* clock;
  std::shared_ptr<http::Transport> pages;  ///< MakeLandingTransport
  std::shared_ptr<http::Transport> wire;   ///< to our own collector
  /// Of a route of send_conversions; unset: nothing goes to any platform, and the step says so.
  std::function<Result<std::shared_ptr<ConversionSender>>(const ConversionRoute&)> sender{};
  bool browser = true;  ///< false: no browser is tried
  ResolveHost resolve = SystemResolve;
};

struct CanaryFlight {
  std::string url;           ///< with parameters and a test click id, as an ad would send people
  std::string site, client;  ///< of tracking.yaml, by where the visit ended; "" when it is no site
  std::vector<std::string> hops;
  std::vector<CanaryStep> steps;
};

/// One flight; `visit` carries utm parameters and a click id (ExampleVisit). The steps, in order,
/// each with what was seen:
///   landing      the page answers, through its redirects, and is no error page in disguise
///   parameters   the utm parameters are there at the end
///   click id     the click id is
///   tag          the page has the first-party tag
///   browser      a headless browser loaded it, and its page view is in the store with the visit's
///                parameters (and, when the page has consent from the start, its click id); not
///                tried without a browser
///   collector    an event told as the tag tells it, with consent, is in the store with its click
///   id duplicates   the same told again is not stored again platform X   the connector's rehearsal
///   of a conversion with that click id was taken, for each
///                route of the site's client
/// What cannot be reached is a failed step, not an error. Errors are the event store's.
Result<CanaryFlight> FlyCanary(const CanaryWorld& world, const std::string& visit);

/// Pages that a client's canaries visit, as ads would send people there: those of tracking.yaml,
/// else landing pages of the client's own ads with the ads' parameters (three at most), else the
/// front page of each of its sites. Empty: the client has no site.
Result<std::vector<std::string>> CanaryVisits(Home& home, const TrackingConfig& config,
                                              const std::string& client);
/// The URL as an ad would have it; one that carries utm parameters is left as it is.
Result<std::string> AsAdVisit(const std::string& url);

/// Flies to each, keeps one signal "canary SITE" for each site, judged over all its flights, and
/// returns the flights. A visit that ends at no site of tracking.yaml keeps no signal.
struct CanaryReport {
  std::vector<CanaryFlight> flights;
  std::vector<SignalHealth> signals;
};
struct CanaryOptions {
  bool browser = true;
  bool platforms = true;             ///< false: nothing goes to any platform
  bool keep = true;                  ///< false: the signals are judged and not kept
  std::function<bool()> stopping{};  ///< true: no further flight
};
Result<CanaryReport> RunCanaries(Home& home, const std::vector<std::string>& visits,
                                 const CanaryOptions& options);

}  // namespace maxopt
