#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "domain/alert.h"
#include "domain/entity.h"

/// The live cache: what campaigns do now and which alerts are open, in memory, for dashboards and
/// the API. It is derived: whatever is lost is made again from facts and store.
namespace maxopt {

/// Now, of one campaign: its account's today so far, as last learnt.
struct LiveMetrics {
  std::string client;
  AccountId account;
  std::string account_name;
  std::string campaign_id;
  std::string campaign;  ///< name
  Day day;               ///< in the account's zone
  Money spend;
  std::optional<std::int64_t> impressions, clicks;
  std::optional<double> conversions;  ///< claimed by the platform
  std::optional<Money> revenue;       ///< claimed by the platform
  Instant as_of{};                    ///< when this was learnt from the platform
  /// Part of the day's final conversions that are known by now, in [0, 1]; absent when not
  /// modelled.
  std::optional<double> maturity;
};
/// "metrics/google_ads/123/77": the key of a campaign's entry; without campaign the scope of an
/// account, which its entries' keys begin with.
std::string LiveKey(const AccountId& account, const std::string& campaign_id);
/// "alerts/" and "alerts/a-20261122-0001".
std::string LiveAlertKey(const std::string& alert_id);
std::string ToJson(const LiveMetrics& metrics);
/// The alert without its long parts: id, tier, state, title, subject, kpi, actual, expected, times.
std::string LiveAlertJson(const Alert& alert);

/// One thing that is shown.
struct LiveEntry {
  std::string key;
  std::string json;          ///< compact
  std::int64_t version = 0;  ///< of the cache when it became so; given by the cache
};

/// A place in the history of a cache. A cache that began anew (restart, a Redis that lost its data)
/// has another epoch. As text ("5f3a...-17") it is the ETag and the Last-Event-ID.
struct LiveVersion {
  std::string epoch;
  std::int64_t number = 0;
  friend bool operator==(const LiveVersion&, const LiveVersion&) = default;
};
std::string PrintLiveVersion(const LiveVersion& version);
/// nullopt: not one of ours.
std::optional<LiveVersion> ParseLiveVersion(std::string_view text);

/// The whole, as of one version; never changes.
struct LiveSnapshot {
  LiveVersion version;
  std::vector<std::shared_ptr<const LiveEntry>> entries;  ///< by key
  /// nullptr when there is none.
  const LiveEntry* Find(std::string_view key) const;
};

/// What became of things since a version: the newest of each, oldest change first.
struct LiveChanges {
  LiveVersion version;  ///< after them
  std::vector<std::shared_ptr<const LiveEntry>> changed;
  std::vector<std::string> removed;
  bool reload = false;  ///< the reader's version is of another epoch or too far back: read all
};

/// Thread-safe; many readers, few writers. Errors: kUnavailable when the cache is another process
/// (Redis) that cannot be reached; it is tried again at the next call.
class LiveCache {
 public:
  virtual ~LiveCache() = default;
  /// Makes the entries whose keys begin with `scope` equal to these. What is equal already keeps
  /// its version, so only real changes are told. kInvalidArgument: a key outside of the scope.
  virtual Result<> Replace(const std::string& scope, const std::vector<LiveEntry>& entries) = 0;
  virtual Result<std::shared_ptr<const LiveSnapshot>> Read() = 0;
  virtual Result<LiveChanges> ChangesSince(const LiveVersion& since) = 0;
};

/// Removals that are remembered: a reader that is further behind must reload.
inline constexpr std::size_t kLiveRemovedMax = 4096;

/// In this process: a reader takes a shared pointer; writers copy and swap.
std::unique_ptr<LiveCache> MakeLiveCache();

struct RedisOptions {
  std::string host = "127.0.0.1";
  int port = 6379;
  std::string password{};
  std::string prefix = "maxopt:live";  ///< of its keys: one for each home
  std::chrono::milliseconds timeout{2000};
};
/// The same in Redis, shared by processes. Connects at the first call.
std::unique_ptr<LiveCache> MakeRedisLiveCache(RedisOptions options);
/// "redis://[:password@]host[:port][/prefix]"
Result<RedisOptions> ParseRedisUrl(std::string_view url);

}  // namespace maxopt
