#pragma once
// Inside of the collector: who sends, how much, and whether it is a person.
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "clock/clock.h"
#include "http/http.h"

namespace maxopt {

/// So many at once, refilled by the second. Not thread-safe.
class TokenBucket {
 public:
  /// per_second and burst at least 1.
  TokenBucket(int per_second, int burst, Instant now);
  /// nullopt: taken. Otherwise the seconds, rounded up, after which there is enough.
  std::optional<int> Take(std::int64_t count, Instant now);
  bool FullAt(Instant now) const;

 private:
  std::int64_t LeftAt(Instant now) const;
  std::int64_t per_second_;
  std::int64_t burst_micro_;
  std::int64_t left_micro_;
  Instant filled_at_;
};

/// A bucket for every source of a site. A source is an IPv4 address, or the /64 of an IPv6 one,
/// which is what one person gets. Addresses are held in memory only, and only while their bucket
/// is not full; when more than kSourcesMax are, new ones share one bucket. Thread-safe.
class SourceBuckets {
 public:
  static constexpr std::size_t kSourcesMax = 100'000;
  std::optional<int> Take(std::string_view site, std::string_view address, std::int64_t count,
                          int per_second, int burst, Instant now);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, TokenBucket> buckets_;  // guarded by mutex_
};

/// Page views in a minute of one browser at one address: more than people make is a machine.
/// Thread-safe.
class PageRate {
 public:
  /// Counts `pages` and says whether there were more than `most` in the minute that began with the
  /// first of them.
  bool IsTooFast(std::string_view address, std::string_view browser, int pages, int most,
                 Instant now);

 private:
  struct Minute {
    Instant began{};
    int pages = 0;
  };
  std::mutex mutex_;
  std::unordered_map<std::size_t, Minute> minutes_;  // guarded by mutex_; by hash, no address kept
};

/// "203.0.113.7", or "2001:db8:1:2" of 2001:db8:1:2::5.
std::string SourceOf(std::string_view address);
/// The address that a request came from: the peer, or, when the peer is one of `proxies`, the last
/// of X-Forwarded-For that is none.
std::string AddressOf(const http::Request& request, const std::vector<std::string>& proxies);

/// Why a request is not taken for a person's, from what it says itself: "prefetch" (Sec-Purpose,
/// Purpose, X-Moz, X-Purpose), "headless" or "crawler" (User-Agent; without one as well). Empty:
/// nothing speaks against a person.
std::string_view BotOf(const http::Headers& headers);

}  // namespace maxopt
