#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "domain/entity.h"
#include "domain/metric.h"
#include "http/http.h"
#include "result/result.h"

namespace maxopt {

/// A cut that is not read of a platform, and why: because it has no such report, or none that would
/// mean the same.
struct NotOffered {
  Breakdown breakdown;
  std::string why;  ///< one sentence, naming what to use instead where there is something
};

/// By which parts of a campaign bids can be multiplied (domain/bid_modifiers.h), and how far.
struct BidModifierSupport {
  std::vector<std::string_view> by{};  ///< "country", "device", "location"; empty: none
  std::int64_t min_bp = 0;             ///< 1'000: 0.1
  std::int64_t max_bp = 0;
  std::string why_not{};  ///< one sentence where there are none
};

/// What a connector can do, as data. What is not listed is not offered to people either.
struct Capabilities {
  Platform platform;
  std::vector<Level> metric_levels;
  std::vector<Breakdown> breakdowns;      ///< with Grain::kDay at campaign level
  std::vector<Level> hour_levels;         ///< levels that have Grain::kHour
  int restatement_days;                   ///< how long past days keep changing
  std::string attribution_window;         ///< of the conversions it reads
  Level budget_level;                     ///< where a budget lives by default
  MinorUnits minor_units;                 ///< table that budgets must be whole units of
  int daily_overdelivery_bp;              ///< worst day over an average daily budget: 20000 = 2x
  bool native_idempotency;                ///< creates carry a key that the platform honours
  std::vector<NotOffered> not_offered{};  ///< so that a missing cut is told, not guessed at
  BidModifierSupport bid_modifiers{};
};

/// Which objects to read back: by our marker in their name, or by platform ids. Exactly one is set.
struct FindQuery {
  AccountId account;
  Level level = Level::kCampaign;
  std::string marker;
  std::vector<std::string> ids;
};

struct HistoryQuery {
  AccountId account;
  Instant from;
  Instant to;
};

/// One ad platform, seen like every other, reading side. Thread-safe. Never retries and never
/// sleeps: the transport it is given does that (connect/retry). Every answer is checked: an error
/// inside a 200, HTML, an empty or truncated body is an error, never zero rows; short, duplicated
/// and looping pages end in a complete set or in an explicit "incomplete".
class PlatformReader {
 public:
  virtual ~PlatformReader() = default;
  virtual const Capabilities& capabilities() const = 0;
  /// Accounts the credentials reach.
  virtual Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) = 0;
  /// Campaigns, ad groups and ads that are not removed, with review state.
  virtual Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) = 0;
  virtual Result<MetricReport> ReadMetrics(const MetricQuery&, http::Deadline) = 0;
  /// Zero, one or (our worst case) more objects; removed ones are included.
  virtual Result<std::vector<Entity>> Find(const FindQuery&, http::Deadline) = 0;
  /// Oldest first. As far back as the platform keeps it.
  virtual Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) = 0;
};

}  // namespace maxopt
