#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/entity.h"
#include "domain/metric.h"
#include "result/result.h"

namespace maxopt {

/// A day of the client's own books (observed truth), as learnt at some time.
struct KpiRow {
  std::string client;
  Day day;
  Currency currency;
  std::int64_t orders;
  Money revenue;
};

/// What a load did. A slice is one (account, level, grain, breakdown, day): it is replaced whole,
/// so that rows which a platform takes back disappear; the old state stays readable with as_of.
struct LoadSummary {
  std::int64_t rows = 0;
  std::int64_t slices_new = 0;
  std::int64_t slices_restated = 0;
  std::int64_t slices_unchanged = 0;  ///< same content as before: noted, not stored again
};

/// One condition: dimension in (values), or not in.
struct FactFilter {
  std::string dimension;
  std::vector<std::string> values;
  bool exclude = false;
};

/// A question to the facts.
/// measures   spend impressions clicks conversions revenue | ctr cpc cpm cvr cpa roas (sums
/// divided) dimensions platform account campaign ad_group ad device country placement age_gender
/// keyword
///            search_term currency (always added when a money measure is asked for)
/// grain      none | hour | day | week (Monday) | month: adds "period" to every row
struct FactQuery {
  std::vector<std::string> measures;
  std::vector<std::string> dimensions;
  std::vector<FactFilter> filters;
  std::optional<Day> from;
  std::optional<Day> to;
  std::string grain = "none";
  std::optional<Instant> as_of;  ///< what was known then; nullopt: now
  std::optional<Level> level;    ///< nullopt: the level the dimensions need, campaign at least
};

/// One cell: absent (no data), a number, or text. Money is exact decimal text.
struct FactCell {
  enum class Kind { kAbsent, kInteger, kReal, kMoney, kText } kind = Kind::kAbsent;
  std::int64_t integer = 0;  ///< kInteger; micros for kMoney
  double real = 0;
  std::string text;  ///< kText; decimal text for kMoney
};
struct FactTable {
  std::vector<std::string> columns;         ///< "platform", "campaign_id", "campaign", "spend", ...
  std::vector<std::vector<FactCell>> rows;  ///< ordered by the dimensions
  std::vector<std::string> notes;           ///< what a reader must know (mixed levels, no data)
};

/// The columnar memory: DuckDB, one file that any notebook opens. Bitemporal: every row has the day
/// (or hour) it is about and the time it was learnt. Thread-safe.
class FactStore {
 public:
  /// Creates the file and its schema, or migrates it. ":memory:" for tests.
  static Result<std::unique_ptr<FactStore>> Open(const std::string& path);
  virtual ~FactStore() = default;

  /// Loads a complete report as one transaction, set-based. Refuses an incomplete one
  /// (kInvalidArgument), rows outside the query's days, and two currencies in one account.
  /// `source`: where from, for people ("google_ads api", "import facebook_ads_kag.csv").
  virtual Result<LoadSummary> Load(const MetricReport& report, Instant learnt_at,
                                   const std::string& source) = 0;
  /// Names and parents of the objects, so that queries can show them. Bitemporal too.
  virtual Result<> LoadEntities(const AccountInfo& account, const std::vector<Entity>& entities,
                                Instant learnt_at) = 0;
  virtual Result<LoadSummary> LoadKpi(const std::vector<KpiRow>& rows, Instant learnt_at,
                                      const std::string& source) = 0;
  virtual Result<std::vector<KpiRow>> Kpi(const std::string& client, Day from, Day to,
                                          std::optional<Instant> as_of) = 0;
  virtual Result<FactTable> Query(const FactQuery& query) = 0;
  /// The SQL that Query would run, for `--explain` and for the benchmark.
  virtual Result<std::string> Sql(const FactQuery& query) = 0;
  /// Newest learnt_at and newest day of an account, if any.
  struct Freshness {
    AccountId account;
    Instant learnt_at;
    Day last_day;
  };
  virtual Result<std::vector<Freshness>> Freshest() = 0;
};

}  // namespace maxopt
