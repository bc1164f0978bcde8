#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/entity.h"
#include "domain/fx.h"
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

/// The attribution window under which an account's conversions are claimed: "7d_click+1d_view".
struct ClaimWindow {
  AccountId account;
  std::string window;
};

/// What a load did. A slice is one (account, level, grain, breakdown, day): it is replaced whole,
/// so that rows which a platform takes back disappear; the old state stays readable with as_of.
/// A report that was learnt earlier but arrives later is put where it belongs; of two that were
/// learnt at the same instant the later arrival is kept.
struct LoadSummary {
  std::int64_t rows = 0;  ///< stored: those of the slices whose content was not known yet
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
///            divided; absent where the denominator is 0 or absent). cpc, cpm and cpa are money,
///            rounded to the micro. impression_share lost_to_budget lost_to_rank: in [0, 1], over
///            the days and objects of which a platform tells them, each weighed by the impressions
///            that were to be had (shown / share).
/// dimensions platform account campaign ad_group ad device country placement age_gender keyword
///            search_term audience creative currency (always added when money is asked for: spend
///            revenue cpc cpm cpa roas). campaign gives "campaign_id" and "campaign", its name as
///            known as_of; account, ad_group and ad likewise.
/// filters    on any dimension, by id or by name; account also as "google_ads/123"
/// grain      none | hour | day | week (Monday) | month: adds "period" to every row, first: the
///            first day, "2026-11-01", or "2026-11-22 15:00:00" on the account's clock
/// level      Two levels are never added. Of each account the level that the dimensions need is
///            read, at least campaign (some campaigns have no ads); where the account has none in
///            these days, the next deeper one that it has; account level only where no deeper one
///            is known. Day slices are read for day and coarser, hour slices only for accounts
///            without usable day slices, and for hour grain. Days known only otherwise are told
///            in the notes.
/// convert_to Every account's money in this currency, each day at its own rate (the account's day;
///            as known as_of). Sums are exact and rounded once, at the end: to the micro, half away
///            from zero. Where only the opposite pair is known its inverse is taken, rounded to 12
///            decimals. A day with money and no rate is kNotFound, naming day and pair: never 1.
///            A filter on currency speaks of the accounts' own.
struct FactQuery {
  std::vector<std::string> measures;
  std::vector<std::string> dimensions;
  std::vector<FactFilter> filters;
  std::optional<Day> from;
  std::optional<Day> to;
  std::string grain = "none";
  std::optional<Instant> as_of;  ///< what was known then; nullopt: now
  std::optional<Level> level;    ///< nullopt: the level the dimensions need, campaign at least
  std::optional<Currency> convert_to{};  ///< nullopt: currencies stay apart
};

/// One cell: absent (no data), a number, or text. Money is exact decimal text.
struct FactCell {
  enum class Kind { kAbsent, kInteger, kReal, kMoney, kText } kind = Kind::kAbsent;
  std::int64_t integer = 0;  ///< kInteger; micros for kMoney
  double real = 0;
  std::string text;  ///< kText; decimal text for kMoney
  /// Counts and measures of whatever kind; 0 where absent.
  double Number() const { return kind == Kind::kReal ? real : static_cast<double>(integer); }
  /// The same, with money in whole units: for models, never for books.
  double Amount() const { return kind == Kind::kMoney ? Number() / 1e6 : Number(); }
};
struct FactTable {
  std::vector<std::string> columns;         ///< "platform", "campaign_id", "campaign", "spend", ...
  std::vector<std::vector<FactCell>> rows;  ///< ordered by the dimensions
  std::vector<std::string> notes;           ///< what a reader must know (mixed levels, no data)
  /// Place of a column that was asked for; a Bug where it was not.
  std::size_t Column(std::string_view name) const;
};

/// Campaign id of the row that a collector adds for what an account spent in no campaign that was
/// read (deleted objects, campaign kinds that a report leaves out): totals stay whole and say so.
inline constexpr std::string_view kUnattributed = "(not in any campaign read)";

/// Segment of the row that a collector adds to a campaign's day in a cut by keyword, search term or
/// audience: what the platform tells of none of them (searches that few typed, campaigns without
/// keywords, people in no audience). With it such a cut sums to the campaign.
inline constexpr std::string_view kNoneTold = "(none told)";

/// What is known of one slice by day: when it was read, and what it says.
struct SliceInfo {
  Level level = Level::kCampaign;
  Grain grain = Grain::kDay;
  Breakdown breakdown = Breakdown::kNone;
  Day day;
  std::optional<Instant> read_at;     ///< newest complete reading; absent: never
  std::optional<Instant> changed_at;  ///< when its present content was first seen
  std::optional<Instant> tried_at;    ///< newest attempt that failed after `read_at`
  std::string trouble;                ///< what became of that attempt
  /// Micros by campaign id ("" at account level), if asked for; empty for slices by hour.
  std::map<std::string, std::int64_t> spend;
};

/// The conversions of a day as they became known: one state a change.
struct GrowthState {
  Day day;
  Instant learnt_at;
  double conversions = 0;
};

/// How far one account's day can be trusted: see quality.h, which judges it.
enum class QualityState { kOk, kPending, kDegraded, kBad, kUnknown };
std::string_view QualityStateName(QualityState state);  ///< "ok", "pending", ...
struct QualityAspect {
  QualityState state = QualityState::kUnknown;
  std::string why;  ///< one sentence; empty with kOk
};
struct DayQuality {
  AccountId account;
  Day day;
  QualityAspect completeness;         ///< all slices that are read of this account are there
  QualityAspect freshness;            ///< they were read when the day was over, and lately
  QualityAspect reconciliation;       ///< account = campaigns = ads, and breakdowns, within 0.1 %
  QualityAspect maturity;             ///< what the platform will still restate
  std::optional<double> share_known;  ///< of the day's final conversions, estimated
  std::optional<Instant> read_at;     ///< of the campaigns by day
  /// Spend of the account in no campaign that was read; absent where the two were not both read,
  /// and while the day runs (they were read one after the other).
  std::optional<std::int64_t> unattributed_micros;
  Instant judged_at{};
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
  /// Rates of exchange: all of them or none. A rate that is known otherwise is replaced from
  /// `learnt_at` on; that must not be before the known one's. In the summary a slice is a rate.
  virtual Result<LoadSummary> LoadFx(const std::vector<FxRate>& rates, Instant learnt_at,
                                     const std::string& source) = 0;
  /// By day and pair.
  virtual Result<std::vector<FxRate>> Fx(Day from, Day to, std::optional<Instant> as_of) = 0;
  virtual Result<FactTable> Query(const FactQuery& query) = 0;
  /// The SQL that Query would run, for `--explain` and for the benchmark.
  virtual Result<std::string> Sql(const FactQuery& query) = 0;
  /// Every slice of these days that was ever read or tried, ordered by day and kind. An account
  /// that is not known has none. `spend` of them is read only where it is asked for: it is most of
  /// the work. `as_of`: what had been read and tried by then, and said so then; nullopt: now. A
  /// failed attempt is forgotten when the same days are tried again, so older ones are not told.
  virtual Result<std::vector<SliceInfo>> Slices(const AccountId& account, Day from, Day to,
                                                bool with_spend,
                                                std::optional<Instant> as_of = std::nullopt) = 0;
  /// Writes down that a reading failed or was put off, so that the days are known to lack it. A
  /// later complete reading ends it.
  virtual Result<> NoteTrouble(const MetricQuery& query, Instant at, const std::string& why) = 0;
  /// Conversions by day of campaigns, as they became known; ordered by day and time.
  virtual Result<std::vector<GrowthState>> Growth(const AccountId& account, Day from, Day to) = 0;
  /// True the first time that this is said of the account, whatever process asks.
  virtual Result<bool> FirstTime(const AccountId& account, const std::string& what, Instant at) = 0;
  /// Keeps a judgement of each day (replacing the one before).
  virtual Result<> SaveQuality(const std::vector<DayQuality>& days) = 0;
  virtual Result<std::vector<DayQuality>> Quality(const AccountId& account, Day from, Day to) = 0;
  /// The windows of what is known now of these days, by account; several where they changed.
  virtual Result<std::vector<ClaimWindow>> ClaimWindows(Day from, Day to) = 0;
  /// Newest learnt_at and newest day of an account, if any.
  struct Freshness {
    AccountId account;
    Instant learnt_at;
    Day last_day;
  };
  virtual Result<std::vector<Freshness>> Freshest() = 0;
};

}  // namespace maxopt
