#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/entity.h"

namespace maxopt {

enum class Grain { kDay, kHour };
std::string_view GrainName(Grain grain);

/// Further cut of a metric row. kNone is the whole; rows of one breakdown sum to it, or to less
/// where a platform withholds some or the cut covers a part only (keywords of search campaigns,
/// audiences that a campaign names). kCreative is what was shown, whatever ads show it.
enum class Breakdown {
  kNone,
  kDevice,
  kCountry,
  kPlacement,
  kAgeGender,
  kKeyword,
  kSearchTerm,
  kAudience,
  kCreative,
};
std::string_view BreakdownName(Breakdown breakdown);
Result<Breakdown> FindBreakdown(std::string_view name);

/// One fact as a platform claims it. Absent is absent: never 0 for "not reported".
struct MetricRow {
  Day day;                  ///< account zone
  std::optional<int> hour;  ///< 0..23 on the account's clock; only with Grain::kHour
  std::string campaign_id;  ///< empty above that level
  std::string ad_group_id;
  std::string ad_id;
  std::string segment;  ///< value of the breakdown: "mobile", "DE", "25-34/female"; "" if none
  Money spend;
  std::optional<std::int64_t> impressions;
  std::optional<std::int64_t> clicks;
  std::optional<double> conversions_claimed;  ///< Google's may be fractional
  std::optional<Money> revenue_claimed;       ///< conversion value, account currency
  std::optional<double> impression_share;     ///< [0, 1], of the impressions that were to be had
  /// Shares of them that were lost for want of budget and of ad rank; [0, 1]. A platform may tell
  /// bounds only ("over 90 %"), so the three need not sum to 1.
  std::optional<double> lost_to_budget{};
  std::optional<double> lost_to_rank{};
};

/// What to read: whole account days, one level, one breakdown.
struct MetricQuery {
  AccountId account;
  Level level = Level::kCampaign;
  Grain grain = Grain::kDay;
  Breakdown breakdown = Breakdown::kNone;
  Day from;  ///< inclusive, account zone
  Day to;    ///< inclusive
};

/// The answer: all rows of every day of the query, or explicitly incomplete. A day without rows
/// had no delivery as far as the platform tells.
struct MetricReport {
  MetricQuery query;
  std::string attribution_window;  ///< of the claimed conversions: "30d_click", "7d_click+1d_view"
  std::vector<MetricRow> rows;
  bool complete = true;
  std::string incomplete_why;  ///< set when !complete; such a report is never loaded as a whole
};

/// One entry of a platform's change history.
struct HistoryEvent {
  Instant at;
  Level level;
  std::string id;
  std::string actor;        ///< e-mail or name as the platform tells
  bool ours;                ///< made through the API (true) or by a person/the platform (false)
  std::string client_type;  ///< the platform's own word
  std::string operation;    ///< create | update | remove
  std::vector<std::string> changed_fields;
  std::string detail;  ///< JSON text of old and new values, as the platform gives them
};

}  // namespace maxopt
