#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/entity.h"
#include "http/http.h"
#include "result/result.h"

/// Faults on the wire around any platform server: what networks, proxies and overloaded platforms
/// do to honest requests.
namespace maxopt::sim {

enum class Fault {
  kDropRequest,        // the connection breaks before the server acts
  kDropResponse,       // ... after it acted
  kSlow,               // acts, and answers after FaultPlan::delay
  kServerError,        // 5xx, and it acted
  kServerErrorBefore,  // 5xx, and it did not act
  kHtml,               // acts; the answer is a proxy's HTML page with status 200
  kEmptyBody,          // acts; status as it was, no body
  kTruncatedBody,      // acts; the first half of the body
  kThrottle,           // does not act; "too many calls" as the platform says it
  kTokenExpired,       // does not act; the platform's answer to a token that has run out
  kDuplicate,          // acts twice, as when a proxy sends again; the second answer
  // Of reads only; other requests are answered as they should be.
  kShortPage,          // a page with half of its rows; Meta's next page has the rest
  kDupPage,            // the page before once more
  kCursorLoop,         // the next page is this one
  kMissingNext,        // more pages, and nothing says so
  kNewEnum,            // kinds of campaigns and goals that nobody has heard of
  kAsyncStuck,         // Meta's report: 99 %, for as long as it hits
  kAsyncFailed,        // Meta's report: failed
  kErrorIn200,         // does not act; the platform's error with status 200
  kTruncatedGzip,      // acts; the beginning of a compressed answer
  kThrottleLowHeader,  // as kThrottle, with headers that tell of hardly any use
  kGrantRefused,       // the token endpoint alone: "invalid_grant"; for good with times = 0
  kVersionSunset,      // does not act; this version of the API has ended
};
std::string_view FaultName(Fault fault);  ///< "drop_req", "5xx_applied", ...
/// kInvalidArgument lists the known names.
Result<Fault> FindFault(std::string_view name);

/// A scripted fault: hits the nth matching request (1: the next) and the ones after it, `times` in
/// all. Requests are counted from when the rule is added. A request that several rules match is
/// counted by all and hit by the first.
struct FaultRule {
  Fault fault;
  std::string method{};  ///< "POST"; empty: any
  std::string path{};    ///< part of the URL's path and query; empty: any
  int nth = 1;
  int times = 1;  ///< 0: for ever
};

/// Chance of each fault per request. Scripted rules come first.
using FaultChances = std::map<Fault, double>;
/// A random subset of the faults, each at its usual chance: every seed shows other combinations,
/// and no loud fault hides the quiet ones.
FaultChances Swarm(std::uint64_t seed);
/// The same of what goes wrong with reports: paging, envelopes, throttles, the network.
FaultChances ReportSwarm(std::uint64_t seed);

/// What goes wrong, for one server. Thread-safe. The same rules, seed and order of requests: the
/// same faults.
class FaultPlan {
 public:
  /// `dialect` decides the shapes of errors.
  explicit FaultPlan(Platform dialect) : dialect_(dialect) {}

  void Add(FaultRule rule);
  void SetRandom(std::uint64_t seed, FaultChances chances);
  void SetDelay(std::chrono::milliseconds delay);
  /// No more faults; what was injected stays in the record.
  void Clear();

  struct Injected {
    Fault fault;
    std::string method;
    std::string url;
  };
  std::vector<Injected> injected() const;
  Platform dialect() const { return dialect_; }
  std::chrono::milliseconds delay() const;

  /// The answer to the last read of the same path, for kDupPage. For WithFaults.
  http::Response Before(const http::Request& request, http::Response now);

  /// Whether any rule or chance is kDupPage, so that pages have to be kept.
  bool keeps_pages() const;

  /// Counts the request and says what happens to it. For WithFaults.
  std::optional<Fault> Next(const http::Request& request);

 private:
  struct Counted {
    FaultRule rule;
    int seen = 0;
  };
  const Platform dialect_;
  mutable std::mutex mutex_;
  std::vector<Counted> rules_;
  FaultChances chances_;
  std::uint64_t seed_ = 0;
  std::uint64_t requests_ = 0;
  std::chrono::milliseconds delay_{200};
  std::vector<Injected> injected_;
  std::string last_path_;  ///< of the last read that went through Before
  http::Response last_read_{};
};

/// The handler with the plan's faults around it. The plan must outlive it.
http::Handler WithFaults(http::Handler handler, FaultPlan& plan);

}  // namespace maxopt::sim
