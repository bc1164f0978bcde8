#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/alert.h"
#include "memory/events/events.h"
#include "memory/facts/facts.h"

/// Whether what is measured can be believed: is the tracking broken, or the campaign bad? The
/// judgements are pure; Look reads what they need.
namespace maxopt {

/// P(X <= seen) when `before` events were seen over an exposure (clicks, visits) of
/// `exposure_before`, and the rate has not changed: the negative binomial that a Poisson count with
/// a rate known only from those `before` follows (Gamma posterior with Jeffreys' prior, shape
/// before + 1/2). `dispersion` >= 1 divides both counts first: a variance so many times Poisson's.
/// In [0, 1]; 1 without any exposure. Source: Gelman et al., Bayesian Data Analysis, 2.6.
double ChanceOfSoFew(std::int64_t seen, double exposure, std::int64_t before,
                     double exposure_before, double dispersion = 1);

/// Counts beside their denominator, before and now, of one campaign or one site.
struct Beside {
  std::string name;
  double exposure_before = 0;  ///< clicks, over the comparison days
  std::int64_t seen_before = 0;
  double exposure_now = 0;
  std::int64_t seen_now = 0;
};

/// Below this chance a drop is news. Thousands of signals looked at hourly are some 10^5 looks a
/// week, of which one may be wrong for a signal that is only degraded.
inline constexpr double kDegradedBelow = 1e-5;
/// A drop below this share of what was expected is no campaign's bad day, when all fall at once.
inline constexpr double kOutageShare = 0.1;
inline constexpr double kDropShare = 0.5;
/// Under so many expected, nothing can be told: even seeing none has a chance above one in a
/// hundred and fifty.
inline constexpr double kExpectedMin = 5;

/// Conversions against clicks. Broken: nearly none are left in every campaign that should have had
/// some, and clicks go on; or they are far below while the shop's own orders are not. A drop that
/// the orders share, or that some campaigns do not have, is performance and leaves the signal ok,
/// with the reason. `orders` is the client's own count beside the clicks; nullopt without books.
SignalHealth JudgeConversions(SignalHealth signal, const std::vector<Beside>& campaigns,
                              const std::optional<Beside>& orders, double dispersion);

/// Visits (page views with the campaign's utm_id or utm_campaign) against clicks that were paid
/// for. Broken: no visit of a campaign that had some arrives any more; degraded: far fewer than
/// before, or none ever, which may be links without parameters.
SignalHealth JudgeVisits(SignalHealth signal, const std::vector<Beside>& campaigns);

/// Visits whose utm names no known campaign, and utm values that are none: macros that were not
/// filled in, spaces, upper case, a source and medium that none had before. `seen` counts page
/// views by utm_source, utm_medium, utm_campaign.
struct UtmSeen {
  std::string source, medium, campaign;
  bool known = false;  ///< utm_id or utm_campaign is a campaign's of ours
  std::int64_t before = 0, now = 0;
};
SignalHealth JudgeUtm(SignalHealth signal, const std::vector<UtmSeen>& seen);

/// Purchases told by the browser only, by the server only, and by both: the share of both against
/// the share before. Degraded when one side went silent or ids no longer meet.
struct Tellers {
  std::int64_t browser_only = 0, server_only = 0, both = 0;
  std::int64_t all() const { return browser_only + server_only + both; }
};
SignalHealth JudgeMatch(SignalHealth signal, const Tellers& before, const Tellers& now);

/// The canary's way, in order; the first step that failed says what is broken.
struct CanaryStep {
  std::string name;            ///< "landing", "parameters", "tag", "collector", "platform"
  std::optional<bool> passed;  ///< nullopt: not tried
  std::string what;
};
/// Degraded by the first flight that fails, broken by a second one in a row: one page view lost on
/// the way is no outage. `before` is the signal as it was kept; nullopt: there was none.
SignalHealth JudgeCanary(SignalHealth signal, const std::vector<CanaryStep>& steps,
                         const std::optional<SignalHealth>& before);

/// Everything that can be judged of a client from what is stored, seen from `now`: one signal
/// "conversions ACCOUNT" for each account, and for each site with events "visits SITE",
/// "utm SITE" and "match SITE". The last two days are compared with the fourteen before them.
/// Errors: those of the stores.
struct TrackingWorld {
  FactStore* facts;
  EventStore* events;  ///< nullptr: no collector ran, so nothing is said of sites
};
Result<std::vector<SignalHealth>> LookAtTracking(const TrackingWorld& world,
                                                 const std::string& client,
                                                 const std::vector<AccountInfo>& accounts,
                                                 Instant now);

/// Why automated decisions of these accounts are frozen; nullopt: they are not. Frozen by a signal
/// that is broken and concerns one of them, or all of the client.
std::optional<std::string> FrozenBy(const std::vector<SignalHealth>& signals,
                                    const std::vector<AccountId>& accounts);

}  // namespace maxopt
