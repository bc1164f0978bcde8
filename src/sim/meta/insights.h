#pragma once
#include <functional>
#include <string>
#include <vector>

#include "sim/market/market.h"
#include "sim/meta/filter.h"
#include "sim/meta/model.h"

namespace maxopt::sim::meta {

/// Inclusive days.
struct DayRange {
  Day since;
  Day until;
};

/// Parameters of one insights question, checked.
struct InsightsQuery {
  Level level = Level::kAccount;
  std::string node_id;  ///< campaign, ad set or ad that it is about; empty: the account
  Level node_level = Level::kAccount;
  std::vector<std::string> fields;
  std::vector<DayRange> periods;  ///< what each row is about, in order; may overlap
  std::vector<std::string> breakdowns;
  std::vector<std::string> windows;  ///< asked for beside the default
  std::vector<Filter> filters;
  std::vector<std::string> sort;
  std::vector<std::string> summary;
  Breakdown market_breakdown = Breakdown::kNone;
};
Graph<InsightsQuery> ReadInsightsQuery(const Params& params, const Account& account,
                                       Level node_level, const std::string& node_id, Instant now);

struct InsightsAnswer {
  std::vector<Json> rows;
  Json summary;  ///< null: not asked for
};
using FetchRows = std::function<std::vector<ReportRow>(DayRange, Breakdown)>;
/// Sums the market's rows into Meta's. Every metric is text; a period without delivery has no row.
/// At campaign, ad set and ad level the rows of deleted and archived objects are left out unless
/// the filter asks for an effective_status; the account's own row has them, as on Meta.
Graph<InsightsAnswer> BuildInsights(const InsightsQuery& query, const Account& account,
                                    const FetchRows& fetch, Instant now);

/// Rounds to so many decimals, half away from zero, and drops zeros at the end: as Meta prints.
std::string PrintRatio(std::int64_t numerator, std::int64_t denominator, int decimals);

}  // namespace maxopt::sim::meta
