#pragma once
#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/google_ads/errors.h"
#include "sim/google_ads/gaql.h"
#include "sim/google_ads/schema.h"
#include "sim/google_ads/store.h"

/// GAQL against the account: binding names to fields, then running over objects and reports.
namespace maxopt::sim::google_ads {

enum class Source { kResource, kMetrics, kSegments };
/// One field of a query.
struct Column {
  Source source = Source::kResource;
  const ResourceDef* resource = nullptr;  ///< with kResource
  std::vector<const FieldDef*> path;      ///< below the resource, metrics or segments
  std::string gaql;                       ///< "campaign.network_settings.target_google_search"
  const FieldDef& leaf() const { return *path.back(); }
  friend bool operator==(const Column& a, const Column& b) { return a.gaql == b.gaql; }
};
struct BoundCondition {
  Column column;
  Operator op;  ///< DURING is a BETWEEN by now
  std::vector<std::string> values;
};
struct BoundQuery {
  const ResourceDef* from = nullptr;
  std::vector<Column> select;
  std::vector<BoundCondition> where;
  std::vector<std::pair<Column, bool>> order_by;  ///< true: descending
  std::optional<std::int64_t> limit;
  bool omit_unselected_resource_names = false;
  bool with_metrics = false;  ///< metrics or segments take part
  bool with_states = false;   ///< serving states or review take part
  std::optional<Day> first;   ///< of the days to report, account zone; nullopt: from the beginning
  std::optional<Day> last;
  std::vector<Breakdown> breakdowns;  ///< that segments and views ask of the market
  /// Resources whose fields take part, in the order met.
  std::vector<const ResourceDef*> resources;
  bool Uses(std::string_view resource) const;
};

/// search_term_view and the like, whose rows are parts of an ad's hours: the market's rows by
/// device are cut, whatever else is asked, so that all cuts agree.
bool IsCutView(std::string_view resource);

struct Viewpoint {
  const Account* account;  ///< only its id, zone and name are looked at while binding
  bool manager;
  Instant now;
};
std::expected<BoundQuery, AdsError> Bind(const Query& query, const Viewpoint& viewpoint);

/// What the market reported for the query: one list per entry of `breakdowns` (or one plain list).
using Reports = std::vector<std::vector<ReportRow>>;

struct QueryResult {
  std::vector<nlohmann::json> rows;
  std::size_t total = 0;   ///< rows before LIMIT
  nlohmann::json summary;  ///< metrics over all rows before LIMIT; null without metrics
  std::string field_mask;
};
/// `clients`: the accounts that customer_client lists, the viewpoint's own first.
QueryResult Run(const BoundQuery& query, const Viewpoint& viewpoint,
                const std::vector<const Account*>& clients, const Reports& reports);

/// Customer as a query shows it.
nlohmann::json CustomerJson(const Account& account, bool manager);

}  // namespace maxopt::sim::google_ads
