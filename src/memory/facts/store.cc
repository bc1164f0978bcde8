#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "memory/facts/duck.h"
#include "memory/facts/facts.h"
#include "memory/facts/query.h"
#include "memory/facts/schema.h"
#include "memory/facts/timeline.h"

namespace maxopt {
namespace facts {
namespace {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
/// Text -> its integer key, as far as this process has met it.
using Dictionary = std::unordered_map<std::string, std::int32_t, TextHash, std::equal_to<>>;

struct AccountEntry {
  std::int32_t account_key;
  std::int32_t object_key;
  std::optional<Currency> currency;
  Dictionary objects[3];  ///< campaigns, ad groups, ads; all that the file has
};
int DictionaryOf(Level level) {
  return level == Level::kCampaign ? 0 : level == Level::kAdGroup ? 1 : 2;
}
constexpr Level kObjectLevels[] = {Level::kCampaign, Level::kAdGroup, Level::kAd};

struct RowKeys {
  std::int32_t campaign = 0;
  std::int32_t ad_group = 0;
  std::int32_t ad = 0;
  std::int32_t segment = 0;
};

/// Digest of a slice's rows in any order: the sum of the rows' digests.
struct Digest {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
};
std::uint64_t Stir(std::uint64_t state, std::uint64_t value, std::uint64_t odd) {
  state = (state ^ value) * odd;
  state ^= state >> 32;
  state *= 0xD6E8FEB86659FD93u;
  return state ^ state >> 29;
}
Digest DigestOf(const MetricRow& row, const RowKeys& keys) {
  const auto pair = [](std::int32_t high, std::int32_t low) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(high)) << 32 |
           static_cast<std::uint32_t>(low);
  };
  // -0.0 and 0.0 are the same number.
  const auto bits = [](double number) { return std::bit_cast<std::uint64_t>(number + 0.0); };
  const std::uint64_t present =
      (row.impressions ? 1u : 0u) | (row.clicks ? 2u : 0u) | (row.conversions_claimed ? 4u : 0u) |
      (row.revenue_claimed ? 8u : 0u) | (row.impression_share ? 16u : 0u) |
      (row.lost_to_budget ? 32u : 0u) | (row.lost_to_rank ? 64u : 0u) |
      static_cast<std::uint64_t>(row.hour.value_or(31)) << 8;
  const std::uint64_t words[] = {
      pair(keys.campaign, keys.ad_group),
      pair(keys.ad, keys.segment),
      present,
      static_cast<std::uint64_t>(row.spend.micros()),
      static_cast<std::uint64_t>(row.impressions.value_or(0)),
      static_cast<std::uint64_t>(row.clicks.value_or(0)),
      bits(row.conversions_claimed.value_or(0)),
      static_cast<std::uint64_t>(row.revenue_claimed ? row.revenue_claimed->micros() : 0),
      bits(row.impression_share.value_or(0)),
  };
  Digest digest{0x9E3779B97F4A7C15u, 0xC2B2AE3D27D4EB4Fu};
  const auto add = [&digest](std::uint64_t word) {
    digest.a = Stir(digest.a, word, 0xFF51AFD7ED558CCDu);
    digest.b = Stir(digest.b, word, 0xC4CEB9FE1A85EC53u);
  };
  for (const std::uint64_t word : words) add(word);
  // Only where told: the digest of a row without them is what it was before they were kept.
  if (row.lost_to_budget) add(bits(*row.lost_to_budget));
  if (row.lost_to_rank) add(bits(*row.lost_to_rank));
  return digest;
}

std::unexpected<Error> RefuseRow(const MetricReport& report, std::size_t index, std::string why) {
  const MetricRow& row = report.rows[index];
  return Fail(
      Errc::kInvalidArgument,
      fmt::format("row {} of the {} report of {} ({}{}{}{}): {}; nothing was loaded", index + 1,
                  LevelName(report.query.level), PrintAccount(report.query.account),
                  PrintDay(row.day), row.campaign_id.empty() ? "" : ", campaign " + row.campaign_id,
                  row.ad_group_id.empty() ? "" : ", ad group " + row.ad_group_id,
                  row.ad_id.empty() ? "" : ", ad " + row.ad_id, why));
}

/// Everything that can be said against a report without the database. Returns its currency, if it
/// has any rows.
Result<std::optional<Currency>> CheckReport(const MetricReport& report) {
  const MetricQuery& query = report.query;
  const std::string account = PrintAccount(query.account);
  if (!report.complete) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the report of {} is incomplete ({}) and was not loaded, a part would "
                            "pass for the whole; read it again",
                            account, report.incomplete_why));
  }
  if (query.account.id.empty()) {
    return Fail(Errc::kInvalidArgument, "a report without an account id cannot be loaded");
  }
  if (query.level == Level::kAsset) {
    return Fail(Errc::kInvalidArgument,
                "assets have no facts; levels are account, campaign, ad_group, ad");
  }
  if (query.from > query.to || query.from < kFirstDay || query.to > kLastDay) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the report of {} is about the days from {} to {}, which are not days "
                            "of a report",
                            account, query.from.time_since_epoch().count(),
                            query.to.time_since_epoch().count()));
  }
  const bool wants_campaign = query.level == Level::kCampaign;
  const bool wants_ad_group = query.level == Level::kAdGroup;
  const bool wants_ad = query.level == Level::kAd;
  std::optional<Currency> currency;
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const MetricRow& row = report.rows[i];
    if (row.day < query.from || row.day > query.to) {
      // PrintDay is for days of four-digit years only.
      if (row.day < kFirstDay || row.day > kLastDay) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("row {} of the report of {} is of a day that no report can hold",
                                i + 1, account));
      }
      return RefuseRow(report, i,
                       fmt::format("outside the report's days {} to {}", PrintDay(query.from),
                                   PrintDay(query.to)));
    }
    if (row.hour.has_value() != (query.grain == Grain::kHour)) {
      return RefuseRow(report, i, row.hour ? "an hour in a report by day" : "no hour");
    }
    if (row.hour && (*row.hour < 0 || *row.hour > 23)) {
      return RefuseRow(report, i, fmt::format("hour {} is not on the clock", *row.hour));
    }
    if ((wants_campaign && row.campaign_id.empty()) ||
        (wants_ad_group && row.ad_group_id.empty()) || (wants_ad && row.ad_id.empty())) {
      return RefuseRow(report, i, fmt::format("no {} id", LevelName(query.level)));
    }
    if ((!wants_ad && !row.ad_id.empty()) ||
        (!wants_ad && !wants_ad_group && !row.ad_group_id.empty()) ||
        (query.level == Level::kAccount && !row.campaign_id.empty())) {
      return RefuseRow(report, i, "an id below the level of the report");
    }
    if (query.breakdown == Breakdown::kNone && !row.segment.empty()) {
      return RefuseRow(report, i,
                       fmt::format("segment \"{}\" in a report without breakdown", row.segment));
    }
    if (!currency) currency = row.spend.currency();
    if (row.spend.currency() != *currency ||
        (row.revenue_claimed && row.revenue_claimed->currency() != *currency)) {
      const Currency other = row.spend.currency() != *currency ? row.spend.currency()
                                                               : row.revenue_claimed->currency();
      return RefuseRow(report, i,
                       fmt::format("currency {} after {}, an account has one currency",
                                   other.name(), currency->name()));
    }
    if (row.impressions.value_or(0) < 0 || row.clicks.value_or(0) < 0) {
      return RefuseRow(report, i, "a count below zero");
    }
    if (!std::isfinite(row.conversions_claimed.value_or(0))) {
      return RefuseRow(report, i, "conversions that are not a number");
    }
    for (const auto& share : {row.impression_share, row.lost_to_budget, row.lost_to_rank}) {
      if (share && !(*share >= 0 && *share <= 1)) {
        return RefuseRow(report, i, "an impression share outside [0, 1]");
      }
    }
  }
  return currency;
}

Result<Currency> CurrencyFromFile(std::string_view code) {
  if (code == kNoCurrency.name()) return kNoCurrency;
  return FindCurrency(code);
}

/// One day's KPI of a client: what each currency brought.
using KpiState = std::vector<std::tuple<std::string, std::int64_t, std::int64_t>>;

class DuckFactStore final : public FactStore {
 public:
  DuckFactStore(std::unique_ptr<Database> database, std::unique_ptr<Connection> writer)
      : database_(std::move(database)), writer_(std::move(writer)) {}

  Result<LoadSummary> Load(const MetricReport& report, Instant learnt_at,
                           const std::string& source) override {
    MAXOPT_TRY(const std::optional<Currency> currency, CheckReport(report));
    return Write([&] { return LoadLocked(report, currency, learnt_at, source); });
  }
  Result<> LoadEntities(const AccountInfo& account, const std::vector<Entity>& entities,
                        Instant learnt_at) override {
    return Write([&] { return LoadEntitiesLocked(account, entities, learnt_at); });
  }
  Result<LoadSummary> LoadKpi(const std::vector<KpiRow>& rows, Instant learnt_at,
                              const std::string& source) override {
    return Write([&] { return LoadKpiLocked(rows, learnt_at, source); });
  }
  Result<std::vector<KpiRow>> Kpi(const std::string& client, Day from, Day to,
                                  std::optional<Instant> as_of) override;
  Result<LoadSummary> LoadFx(const std::vector<FxRate>& rates, Instant learnt_at,
                             const std::string& source) override {
    return Write([&] { return LoadFxLocked(rates, learnt_at, source); });
  }
  Result<std::vector<FxRate>> Fx(Day from, Day to, std::optional<Instant> as_of) override;
  Result<FactTable> Query(const FactQuery& query) override;
  Result<std::string> Sql(const FactQuery& query) override;
  Result<std::vector<ClaimWindow>> ClaimWindows(Day from, Day to) override;
  Result<std::vector<Freshness>> Freshest() override;
  Result<std::vector<SliceInfo>> Slices(const AccountId& account, Day from, Day to, bool with_spend,
                                        std::optional<Instant> as_of) override;
  Result<> NoteTrouble(const MetricQuery& query, Instant at, const std::string& why) override {
    return Write([&] { return NoteTroubleLocked(query, at, why); });
  }
  Result<std::vector<GrowthState>> Growth(const AccountId& account, Day from, Day to) override;
  Result<bool> FirstTime(const AccountId& account, const std::string& what, Instant at) override {
    return Write([&] { return FirstTimeLocked(account, what, at); });
  }
  Result<> SaveQuality(const std::vector<DayQuality>& days) override {
    return Write([&] { return SaveQualityLocked(days); });
  }
  Result<std::vector<DayQuality>> Quality(const AccountId& account, Day from, Day to) override;

 private:
  /// The last key given out in each table.
  struct Counters {
    std::int64_t account = 0;
    std::int64_t object = 0;
    std::int64_t segment = 0;
    std::int64_t slice = 0;
    std::int64_t load = 0;
  };
  /// Dictionary entries of the running load that are not in the file yet.
  struct Additions {
    struct Object {
      std::int32_t key;
      std::int32_t account_key;
      Level level;
      std::string id;
    };
    std::vector<Object> objects;
    std::vector<std::pair<std::int32_t, std::string>> segments;
  };

  /// One load at a time. After a failure nothing of it is in the file, and nothing may stay in
  /// memory: the dictionaries are read again.
  template <class Work>
  auto Write(Work work) -> decltype(work()) {
    const std::lock_guard lock(write_mutex_);
    if (!ready_) MAXOPT_CHECK(ReadCounters());
    ready_ = false;
    auto done = work();
    additions_ = {};
    if (done) {
      ready_ = true;
    } else {
      accounts_.clear();
      segments_.clear();
      segments_read_ = false;
    }
    return done;
  }
  Result<> ReadCounters();
  Result<AccountEntry*> FindOrAddAccount(const AccountId& id, std::optional<Currency> currency,
                                         const std::string& zone);
  Result<> ReadObjects(AccountEntry& entry);
  Result<std::int32_t> ObjectKey(AccountEntry& entry, Level level, const std::string& id);
  Result<std::int32_t> SegmentKey(const std::string& segment);
  Result<> WriteAdditions();

  Result<LoadSummary> LoadLocked(const MetricReport& report, std::optional<Currency> currency,
                                 Instant learnt_at, const std::string& source);
  Result<> LoadEntitiesLocked(const AccountInfo& account, const std::vector<Entity>& entities,
                              Instant learnt_at);
  Result<LoadSummary> LoadKpiLocked(const std::vector<KpiRow>& rows, Instant learnt_at,
                                    const std::string& source);

  Result<LoadSummary> LoadFxLocked(const std::vector<FxRate>& rates, Instant learnt_at,
                                   const std::string& source);

  static Result<> CheckRates(Connection& connection, const Question& question,
                             const Choice& choice);
  Result<> NoteTroubleLocked(const MetricQuery& query, Instant at, const std::string& why);
  Result<bool> FirstTimeLocked(const AccountId& account, const std::string& what, Instant at);
  Result<> SaveQualityLocked(const std::vector<DayQuality>& days);
  /// Keys never change, so each is asked for once.
  Result<std::optional<std::int64_t>> KeyOf(Connection& connection, const AccountId& id);

  static Result<Choice> Choose(Connection& connection, const Question& question);

  std::unique_ptr<Database> database_;
  std::mutex keys_mutex_;
  std::map<AccountId, std::int64_t> keys_;  ///< guarded by keys_mutex_
  std::mutex write_mutex_;                  ///< guards all below
  std::unique_ptr<Connection> writer_;
  bool ready_ = false;
  Counters counters_;
  Additions additions_;
  std::map<AccountId, AccountEntry> accounts_;
  Dictionary segments_;
  bool segments_read_ = false;
};

Result<> DuckFactStore::ReadCounters() {
  MAXOPT_TRY(Rows rows, writer_->Ask("SELECT (SELECT coalesce(max(account_key), 0) FROM accounts),"
                                     " (SELECT coalesce(max(object_key), 0) FROM objects),"
                                     " (SELECT coalesce(max(segment_key), 0) FROM segments),"
                                     " (SELECT coalesce(max(slice_id), 0) FROM slices),"
                                     " (SELECT coalesce(max(load_id), 0) FROM loads)"));
  if (!rows.Next()) Bug();
  counters_ = {rows.Int(0), rows.Int(1), rows.Int(2), rows.Int(3), rows.Int(4)};
  return {};
}

Result<AccountEntry*> DuckFactStore::FindOrAddAccount(const AccountId& id,
                                                      std::optional<Currency> currency,
                                                      const std::string& zone) {
  auto found = accounts_.find(id);
  if (found == accounts_.end()) {
    MAXOPT_TRY(Rows rows,
               writer_->Ask(fmt::format("SELECT account_key, object_key, currency FROM accounts "
                                        "WHERE platform = {} AND account_id = {}",
                                        Quote(PlatformName(id.platform)), Quote(id.id))));
    AccountEntry entry{};
    if (rows.Next()) {
      entry.account_key = static_cast<std::int32_t>(rows.Int(0));
      entry.object_key = static_cast<std::int32_t>(rows.Int(1));
      if (!rows.IsNull(2)) {
        MAXOPT_TRY(entry.currency, CurrencyFromFile(rows.Text(2)));
      }
      MAXOPT_CHECK(ReadObjects(entry));
    } else {
      if (!IsUtf8(id.id)) {
        return Fail(Errc::kInvalidArgument, "an account id is not UTF-8 text");
      }
      entry.account_key = static_cast<std::int32_t>(++counters_.account);
      entry.object_key = static_cast<std::int32_t>(++counters_.object);
      additions_.objects.push_back({entry.object_key, entry.account_key, Level::kAccount, id.id});
      MAXOPT_CHECK(writer_->Do(
          fmt::format("INSERT INTO accounts VALUES ({}, {}, {}, {}, NULL, NULL)", entry.account_key,
                      entry.object_key, Quote(PlatformName(id.platform)), Quote(id.id))));
    }
    found = accounts_.emplace(id, std::move(entry)).first;
  }
  AccountEntry& entry = found->second;
  if (currency && entry.currency && *currency != *entry.currency) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("account {} has its facts in {} and now comes in {}: an account has "
                            "one currency; nothing was loaded",
                            PrintAccount(id), entry.currency->name(), currency->name()));
  }
  if (currency && !entry.currency) {
    entry.currency = currency;
    MAXOPT_CHECK(writer_->Do(fmt::format("UPDATE accounts SET currency = {} WHERE account_key = {}",
                                         Quote(currency->name()), entry.account_key)));
  }
  if (!zone.empty()) {
    MAXOPT_CHECK(writer_->Do(
        fmt::format("UPDATE accounts SET zone = {0} WHERE account_key = {1} AND zone IS DISTINCT "
                    "FROM {0}",
                    Quote(zone), entry.account_key)));
  }
  return &entry;
}

Result<> DuckFactStore::ReadObjects(AccountEntry& entry) {
  MAXOPT_TRY(Rows rows, writer_->Ask(fmt::format("SELECT object_key, level, id FROM objects WHERE "
                                                 "account_key = {} AND level <> 'account'",
                                                 entry.account_key)));
  while (rows.Next()) {
    MAXOPT_TRY(const Level level, FindLevel(rows.Text(1)));
    entry.objects[DictionaryOf(level)].emplace(rows.Text(2),
                                               static_cast<std::int32_t>(rows.Int(0)));
  }
  return {};
}

Result<std::int32_t> DuckFactStore::ObjectKey(AccountEntry& entry, Level level,
                                              const std::string& id) {
  Dictionary& dictionary = entry.objects[DictionaryOf(level)];
  if (const auto found = dictionary.find(id); found != dictionary.end()) return found->second;
  if (!IsUtf8(id)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("a {} id is not UTF-8 text; nothing was loaded", LevelName(level)));
  }
  const auto key = static_cast<std::int32_t>(++counters_.object);
  additions_.objects.push_back({key, entry.account_key, level, id});
  dictionary.emplace(id, key);
  return key;
}

Result<std::int32_t> DuckFactStore::SegmentKey(const std::string& segment) {
  if (segment.empty()) return 0;
  if (!segments_read_) {
    MAXOPT_TRY(Rows rows, writer_->Ask("SELECT segment_key, segment FROM segments"));
    while (rows.Next()) {
      segments_.emplace(rows.Text(1), static_cast<std::int32_t>(rows.Int(0)));
    }
    segments_read_ = true;
  }
  if (const auto found = segments_.find(segment); found != segments_.end()) return found->second;
  if (!IsUtf8(segment)) {
    return Fail(Errc::kInvalidArgument, "a segment is not UTF-8 text; nothing was loaded");
  }
  const auto key = static_cast<std::int32_t>(++counters_.segment);
  additions_.segments.emplace_back(key, segment);
  segments_.emplace(segment, key);
  return key;
}

Result<> DuckFactStore::WriteAdditions() {
  if (!additions_.objects.empty()) {
    Appender objects(*writer_, "objects");
    for (const auto& object : additions_.objects) {
      objects.Put(std::int64_t{object.key})
          .Put(std::int64_t{object.account_key})
          .Put(LevelName(object.level))
          .Put(object.id)
          .EndRow();
    }
    MAXOPT_CHECK(objects.Close());
  }
  if (!additions_.segments.empty()) {
    Appender segments(*writer_, "segments");
    for (const auto& [key, segment] : additions_.segments) {
      segments.Put(std::int64_t{key}).Put(segment).EndRow();
    }
    MAXOPT_CHECK(segments.Close());
  }
  return {};
}

Result<LoadSummary> DuckFactStore::LoadLocked(const MetricReport& report,
                                              std::optional<Currency> currency, Instant learnt_at,
                                              const std::string& source) {
  const MetricQuery& query = report.query;
  if (!IsUtf8(report.attribution_window) || !IsUtf8(source)) {
    return Fail(Errc::kInvalidArgument,
                "the attribution window or the source is not UTF-8 text; nothing was loaded");
  }
  MAXOPT_TRY(Transaction transaction, Transaction::Begin(*writer_));
  MAXOPT_TRY(AccountEntry * account, FindOrAddAccount(query.account, currency, ""));
  const std::int64_t load_id = ++counters_.load;

  // Rows by day, with their keys.
  const std::size_t row_count = report.rows.size();
  const auto day_count = static_cast<std::size_t>((query.to - query.from).count() + 1);
  const auto day_index = [&](Day day) {
    return static_cast<std::size_t>((day - query.from).count());
  };
  struct DayPart {
    std::size_t rows = 0;
    Digest digest;
    std::size_t begin = 0;  ///< of its rows in `order`
  };
  std::vector<DayPart> days(day_count);
  std::vector<RowKeys> keys(row_count);
  const MetricRow* before = nullptr;
  for (std::size_t i = 0; i < row_count; ++i) {
    const MetricRow& row = report.rows[i];
    // Neighbours mostly share their parents. A parent that the report does not name is the
    // account's own unknown one, with the id "".
    if (before && before->campaign_id == row.campaign_id) {
      keys[i].campaign = keys[i - 1].campaign;
    } else if (query.level != Level::kAccount) {
      MAXOPT_TRY(keys[i].campaign, ObjectKey(*account, Level::kCampaign, row.campaign_id));
    }
    if (before && before->ad_group_id == row.ad_group_id) {
      keys[i].ad_group = keys[i - 1].ad_group;
    } else if (query.level == Level::kAdGroup || query.level == Level::kAd) {
      MAXOPT_TRY(keys[i].ad_group, ObjectKey(*account, Level::kAdGroup, row.ad_group_id));
    }
    if (query.level == Level::kAd) {
      MAXOPT_TRY(keys[i].ad, ObjectKey(*account, Level::kAd, row.ad_id));
    }
    MAXOPT_TRY(keys[i].segment, SegmentKey(row.segment));
    before = &row;
    DayPart& day = days[day_index(row.day)];
    const Digest digest = DigestOf(row, keys[i]);
    day.digest.a += digest.a;
    day.digest.b += digest.b;
    ++day.rows;
  }
  std::vector<std::size_t> order(row_count);
  {
    std::size_t begin = 0;
    for (DayPart& day : days) {
      day.begin = begin;
      begin += day.rows;
    }
    std::vector<std::size_t> next(day_count);
    for (std::size_t i = 0; i < row_count; ++i) {
      const std::size_t d = day_index(report.rows[i].day);
      order[days[d].begin + next[d]++] = i;
    }
  }

  // What is known of these days already.
  const std::string same_kind =
      fmt::format("account_key = {} AND level = {} AND grain = {} AND breakdown = {}",
                  account->account_key, Quote(LevelName(query.level)),
                  Quote(GrainName(query.grain)), Quote(BreakdownName(query.breakdown)));
  struct Content {
    std::int64_t load_id;
    std::string hash;
    std::int64_t rows;
    std::string window;
  };
  std::map<std::int64_t, Content> contents;  // by slice_id
  std::vector<std::vector<Span>> spans(day_count);
  {
    MAXOPT_TRY(Rows rows,
               writer_->Ask(fmt::format(
                   "SELECT day, slice_id, learnt_at, superseded_at, load_id, content_hash, rows, "
                   "attribution_window FROM slices WHERE {} AND day BETWEEN {} AND {} ORDER BY "
                   "day, learnt_at",
                   same_kind, DayLiteral(query.from), DayLiteral(query.to))));
    while (rows.Next()) {
      std::optional<Instant> to;
      if (!rows.IsNull(3)) to = rows.InstantAt(3);
      spans[day_index(rows.DayAt(0))].push_back({rows.Int(1), rows.InstantAt(2), to});
      contents[rows.Int(1)] = {rows.Int(4), std::string(rows.Text(5)), rows.Int(6),
                               std::string(rows.Text(7))};
    }
  }
  std::vector<std::vector<Instant>> seen_later(day_count);
  {
    MAXOPT_TRY(
        Rows rows,
        writer_->Ask(fmt::format(
            "SELECT greatest(day_from, {1}), least(day_to, {2}), learnt_at FROM loads WHERE "
            "{0} AND day_from <= {2} AND day_to >= {1} AND learnt_at > {3}",
            same_kind, DayLiteral(query.from), DayLiteral(query.to), InstantLiteral(learnt_at))));
    while (rows.Next()) {
      for (Day day = rows.DayAt(0); day <= rows.DayAt(1); day += std::chrono::days(1)) {
        seen_later[day_index(day)].push_back(rows.InstantAt(2));
      }
    }
  }

  // Each day's new history, and which days bring rows that are not stored yet.
  LoadSummary summary;
  std::vector<std::size_t> days_to_store;
  std::vector<std::int64_t> stored_as(day_count, 0);
  std::vector<std::size_t> days_changed;
  std::vector<std::string> days_to_drop;
  std::vector<std::string> contents_lost;
  for (std::size_t d = 0; d < day_count; ++d) {
    const std::string hash = fmt::format("{:016x}{:016x}", days[d].digest.a, days[d].digest.b);
    std::optional<std::int64_t> known;
    for (const Span& span : spans[d]) {
      const Content& content = contents[span.content];
      if (content.hash == hash && content.rows == static_cast<std::int64_t>(days[d].rows) &&
          content.window == report.attribution_window) {
        known = span.content;
      }
    }
    const std::optional<std::int64_t> then = ContentAt(spans[d], learnt_at);
    if (spans[d].empty()) {
      ++summary.slices_new;
    } else if (known && known == then.value_or(spans[d].front().content)) {
      ++summary.slices_unchanged;
    } else {
      ++summary.slices_restated;
    }
    if (!known) {
      known = ++counters_.slice;
      contents[*known] = {load_id, hash, static_cast<std::int64_t>(days[d].rows),
                          report.attribution_window};
      stored_as[d] = *known;
      if (days[d].rows > 0) days_to_store.push_back(d);
    }
    std::vector<Span> observed = Observe(spans[d], seen_later[d], learnt_at, *known);
    if (observed == spans[d]) continue;
    days_changed.push_back(d);
    const Day day = query.from + std::chrono::days(static_cast<int>(d));
    if (!spans[d].empty()) days_to_drop.push_back(DayLiteral(day));
    for (const Span& span : spans[d]) {
      if (std::ranges::find(observed, span.content, &Span::content) == observed.end()) {
        contents_lost.push_back(fmt::format("{}", span.content));
      }
    }
    spans[d] = std::move(observed);
  }

  MAXOPT_CHECK(WriteAdditions());
  if (!days_to_drop.empty()) {
    MAXOPT_CHECK(writer_->Do(fmt::format("DELETE FROM slices WHERE {} AND day IN ({})", same_kind,
                                         fmt::join(days_to_drop, ", "))));
  }
  // Two loads of the same instant: only the later one's rows can ever be asked for.
  if (!contents_lost.empty()) {
    MAXOPT_CHECK(writer_->Do(
        fmt::format("DELETE FROM metrics WHERE slice_id IN ({})", fmt::join(contents_lost, ", "))));
  }
  {
    Appender loads(*writer_, "loads");
    loads.Put(load_id)
        .Put(std::int64_t{account->account_key})
        .Put(LevelName(query.level))
        .Put(GrainName(query.grain))
        .Put(BreakdownName(query.breakdown))
        .Put(query.from)
        .Put(query.to)
        .Put(learnt_at)
        .Put(report.attribution_window)
        .Put(source)
        .Put(static_cast<std::int64_t>(row_count))
        .EndRow();
    MAXOPT_CHECK(loads.Close());
  }
  if (!days_changed.empty()) {
    Appender slices(*writer_, "slices");
    for (const std::size_t d : days_changed) {
      for (const Span& span : spans[d]) {
        const Content& content = contents[span.content];
        slices.Put(span.content)
            .Put(content.load_id)
            .Put(std::int64_t{account->account_key})
            .Put(LevelName(query.level))
            .Put(GrainName(query.grain))
            .Put(BreakdownName(query.breakdown))
            .Put(query.from + std::chrono::days(static_cast<int>(d)))
            .Put(span.from)
            .Put(span.to)
            .Put(content.hash)
            .Put(content.rows)
            .Put(content.window)
            .EndRow();
      }
    }
    MAXOPT_CHECK(slices.Close());
  }
  if (!days_to_store.empty()) {
    Appender metrics(*writer_, "metrics");
    for (const std::size_t d : days_to_store) {
      for (std::size_t k = days[d].begin; k < days[d].begin + days[d].rows; ++k) {
        const std::size_t i = order[k];
        const MetricRow& row = report.rows[i];
        metrics.Put(stored_as[d]).Put(row.day);
        if (row.hour) {
          metrics.Put(std::int64_t{*row.hour});
        } else {
          metrics.PutNull();
        }
        metrics.Put(std::int64_t{keys[i].campaign})
            .Put(std::int64_t{keys[i].ad_group})
            .Put(std::int64_t{keys[i].ad})
            .Put(std::int64_t{keys[i].segment})
            .Put(row.spend.micros())
            .Put(row.impressions)
            .Put(row.clicks)
            .Put(row.conversions_claimed);
        if (row.revenue_claimed) {
          metrics.Put(row.revenue_claimed->micros());
        } else {
          metrics.PutNull();
        }
        metrics.Put(row.impression_share).Put(row.lost_to_budget).Put(row.lost_to_rank).EndRow();
      }
      summary.rows += static_cast<std::int64_t>(days[d].rows);
    }
    MAXOPT_CHECK(metrics.Close());
  }
  MAXOPT_CHECK(transaction.Commit());
  return summary;
}

Result<> DuckFactStore::LoadEntitiesLocked(const AccountInfo& info,
                                           const std::vector<Entity>& entities, Instant learnt_at) {
  if (info.account.id.empty()) {
    return Fail(Errc::kInvalidArgument, "names without an account id cannot be loaded");
  }
  if (!IsUtf8(info.name) || !IsUtf8(info.zone)) {
    return Fail(Errc::kInvalidArgument, fmt::format("the name or zone of account {} is not UTF-8 "
                                                    "text",
                                                    PrintAccount(info.account)));
  }
  MAXOPT_TRY(Transaction transaction, Transaction::Begin(*writer_));
  MAXOPT_TRY(AccountEntry * account, FindOrAddAccount(info.account, info.currency, info.zone));

  using State = std::tuple<std::string, std::int32_t, std::string>;  // name, parent, URL
  std::map<std::int32_t, State> now;
  if (!info.name.empty()) now[account->object_key] = {info.name, 0, ""};
  for (const Entity& entity : entities) {
    // Pictures, videos, pixels and conversion actions have no facts.
    if (entity.level == Level::kAsset || entity.level == Level::kConversion) continue;
    if (entity.level == Level::kAccount || entity.id.empty()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("an object of account {} at level {} has no id; no names were loaded",
                              PrintAccount(info.account), LevelName(entity.level)));
    }
    const std::string name = TextField(entity.fields, "name");
    if (!IsUtf8(name)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("the name of {} {} of account {} is not UTF-8 text; no names were "
                              "loaded",
                              LevelName(entity.level), entity.id, PrintAccount(info.account)));
    }
    MAXOPT_TRY(const std::int32_t key, ObjectKey(*account, entity.level, entity.id));
    std::int32_t parent = 0;
    if (entity.parent_id.empty()) {
      // Of a campaign, or not told.
    } else if (entity.level == Level::kAdGroup) {
      MAXOPT_TRY(parent, ObjectKey(*account, Level::kCampaign, entity.parent_id));
    } else if (entity.level == Level::kAd) {
      MAXOPT_TRY(parent, ObjectKey(*account, Level::kAdGroup, entity.parent_id));
    }
    std::string url = TextField(entity.fields, "landing_url");
    if (const std::string tags = TextField(entity.fields, "url_tags");
        !url.empty() && !tags.empty()) {
      const std::size_t fragment = std::min(url.find('#'), url.size());
      url.insert(fragment, (url.find('?') < fragment ? "&" : "?") + tags);
    }
    if (!IsUtf8(url)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("the landing page of {} {} of account {} is not UTF-8 text; no names "
                              "were loaded",
                              LevelName(entity.level), entity.id, PrintAccount(info.account)));
    }
    now[key] = {name, parent, std::move(url)};
  }

  struct History {
    std::vector<State> states;  // Span::content is the place in it
    std::vector<Span> spans;
    std::int64_t StateKey(const State& state) {
      const auto found = std::ranges::find(states, state);
      if (found != states.end()) return found - states.begin();
      states.push_back(state);
      return static_cast<std::int64_t>(states.size()) - 1;
    }
  };
  std::map<std::int32_t, History> histories;
  {
    MAXOPT_TRY(Rows rows,
               writer_->Ask(fmt::format(
                   "SELECT object_key, coalesce(name, ''), parent_key, learnt_at, "
                   "superseded_at, coalesce(url, '') FROM entities WHERE account_key = {} ORDER BY "
                   "object_key, learnt_at",
                   account->account_key)));
    while (rows.Next()) {
      const auto key = static_cast<std::int32_t>(rows.Int(0));
      if (!now.contains(key)) continue;
      History& history = histories[key];
      std::optional<Instant> to;
      if (!rows.IsNull(4)) to = rows.InstantAt(4);
      history.spans.push_back(
          {history.StateKey({std::string(rows.Text(1)), static_cast<std::int32_t>(rows.Int(2)),
                             std::string(rows.Text(5))}),
           rows.InstantAt(3), to});
    }
  }
  std::vector<Instant> seen_later;
  {
    MAXOPT_TRY(Rows rows,
               writer_->Ask(fmt::format("SELECT learnt_at FROM entity_loads WHERE "
                                        "account_key = {} AND learnt_at > {}",
                                        account->account_key, InstantLiteral(learnt_at))));
    while (rows.Next()) seen_later.push_back(rows.InstantAt(0));
  }

  std::vector<std::int32_t> changed;
  std::vector<std::int32_t> to_drop;
  for (const auto& [key, state] : now) {
    History& history = histories[key];
    std::vector<Span> observed =
        Observe(history.spans, seen_later, learnt_at, history.StateKey(state));
    if (observed == history.spans) continue;
    changed.push_back(key);
    if (!history.spans.empty()) to_drop.push_back(key);
    history.spans = std::move(observed);
  }
  MAXOPT_CHECK(WriteAdditions());
  if (!to_drop.empty()) {
    MAXOPT_CHECK(writer_->Do(
        fmt::format("DELETE FROM entities WHERE object_key IN ({})", fmt::join(to_drop, ", "))));
  }
  if (!changed.empty()) {
    Appender rows(*writer_, "entities");
    for (const std::int32_t key : changed) {
      const History& history = histories[key];
      for (const Span& span : history.spans) {
        const auto& [name, parent, url] = history.states[static_cast<std::size_t>(span.content)];
        rows.Put(std::int64_t{key}).Put(std::int64_t{account->account_key});
        if (name.empty()) {
          rows.PutNull();
        } else {
          rows.Put(name);
        }
        rows.Put(std::int64_t{parent}).Put(span.from).Put(span.to);
        if (url.empty()) {
          rows.PutNull();
        } else {
          rows.Put(url);
        }
        rows.EndRow();
      }
    }
    MAXOPT_CHECK(rows.Close());
  }
  MAXOPT_CHECK(writer_->Do(fmt::format("INSERT INTO entity_loads VALUES ({}, {})",
                                       account->account_key, InstantLiteral(learnt_at))));
  return transaction.Commit();
}

Result<LoadSummary> DuckFactStore::LoadKpiLocked(const std::vector<KpiRow>& rows, Instant learnt_at,
                                                 const std::string& source) {
  if (!IsUtf8(source)) {
    return Fail(Errc::kInvalidArgument, "the source of the KPI is not UTF-8 text");
  }
  std::map<std::string, std::map<Day, KpiState>> clients;
  for (const KpiRow& row : rows) {
    if (row.client.empty() || !IsUtf8(row.client) || row.day < kFirstDay || row.day > kLastDay) {
      return Fail(Errc::kInvalidArgument,
                  "a KPI row has no client, or one that is not UTF-8 text, or no possible day; no "
                  "KPI was loaded");
    }
    const auto refuse = [&](std::string why) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("KPI of client {} on {}: {}; no KPI was loaded", row.client,
                              PrintDay(row.day), why));
    };
    if (row.revenue.currency() != row.currency) {
      return refuse(fmt::format("currency {} and revenue in {}", row.currency.name(),
                                row.revenue.currency().name()));
    }
    KpiState& state = clients[row.client][row.day];
    std::string currency(row.currency.name());
    if (std::ranges::any_of(state, [&](const auto& o) { return std::get<0>(o) == currency; })) {
      return refuse("two rows in " + currency);
    }
    state.emplace_back(std::move(currency), row.orders, row.revenue.micros());
    std::ranges::sort(state);
  }

  MAXOPT_TRY(Transaction transaction, Transaction::Begin(*writer_));
  LoadSummary summary;
  for (const auto& [client, days] : clients) {
    const Day first = days.begin()->first;
    const Day last = days.rbegin()->first;
    const std::string of_client = fmt::format("client = {}", Quote(client));
    struct History {
      std::vector<KpiState> states;
      std::vector<Span> spans;
    };
    std::map<Day, History> histories;
    {
      MAXOPT_TRY(Rows known, writer_->Ask(fmt::format(
                                 "SELECT day, learnt_at, superseded_at, currency, orders, "
                                 "revenue_micros FROM kpi WHERE {} AND day BETWEEN {} AND {} ORDER "
                                 "BY day, learnt_at, currency",
                                 of_client, DayLiteral(first), DayLiteral(last))));
      while (known.Next()) {
        if (!days.contains(known.DayAt(0))) continue;
        History& history = histories[known.DayAt(0)];
        if (history.spans.empty() || history.spans.back().from != known.InstantAt(1)) {
          std::optional<Instant> to;
          if (!known.IsNull(2)) to = known.InstantAt(2);
          history.spans.push_back(
              {static_cast<std::int64_t>(history.states.size()), known.InstantAt(1), to});
          history.states.emplace_back();
        }
        history.states.back().emplace_back(std::string(known.Text(3)), known.Int(4), known.Int(5));
      }
    }
    std::map<Day, std::vector<Instant>> seen_later;
    {
      MAXOPT_TRY(Rows seen,
                 writer_->Ask(fmt::format(
                     "SELECT greatest(day_from, {1}), least(day_to, {2}), learnt_at "
                     "FROM kpi_loads WHERE {0} AND day_from <= {2} AND day_to >= {1} "
                     "AND learnt_at > {3}",
                     of_client, DayLiteral(first), DayLiteral(last), InstantLiteral(learnt_at))));
      while (seen.Next()) {
        for (Day day = seen.DayAt(0); day <= seen.DayAt(1); day += std::chrono::days(1)) {
          seen_later[day].push_back(seen.InstantAt(2));
        }
      }
    }
    std::vector<std::string> to_drop;
    std::vector<Day> changed;
    for (const auto& [day, state] : days) {
      History& history = histories[day];
      // The same state may stand there twice, before and after another one: the same content.
      for (Span& span : history.spans) {
        const auto& mine = history.states[static_cast<std::size_t>(span.content)];
        span.content = std::ranges::find(history.states, mine) - history.states.begin();
      }
      const auto found = std::ranges::find(history.states, state);
      const std::int64_t content = found - history.states.begin();
      if (history.spans.empty()) {
        ++summary.slices_new;
      } else if (found != history.states.end() &&
                 content ==
                     ContentAt(history.spans, learnt_at).value_or(history.spans[0].content)) {
        ++summary.slices_unchanged;
      } else {
        ++summary.slices_restated;
      }
      if (found == history.states.end()) {
        summary.rows += static_cast<std::int64_t>(state.size());
        history.states.push_back(state);
      }
      std::vector<Span> observed = Observe(history.spans, seen_later[day], learnt_at, content);
      if (observed == history.spans) continue;
      changed.push_back(day);
      if (!history.spans.empty()) to_drop.push_back(DayLiteral(day));
      history.spans = std::move(observed);
    }
    if (!to_drop.empty()) {
      MAXOPT_CHECK(writer_->Do(fmt::format("DELETE FROM kpi WHERE {} AND day IN ({})", of_client,
                                           fmt::join(to_drop, ", "))));
    }
    Appender kpi(*writer_, "kpi");
    for (const Day day : changed) {
      const History& history = histories[day];
      for (const Span& span : history.spans) {
        for (const auto& [currency, orders, revenue] :
             history.states[static_cast<std::size_t>(span.content)]) {
          kpi.Put(client).Put(day).Put(currency).Put(orders).Put(revenue);
          kpi.Put(span.from).Put(span.to).EndRow();
        }
      }
    }
    MAXOPT_CHECK(kpi.Close());
    // The journal speaks of runs of days, mostly one: a day between two runs was not looked at.
    Appender loads(*writer_, "kpi_loads");
    for (auto day = days.begin(); day != days.end();) {
      const Day run_first = day->first;
      Day run_last = run_first;
      std::int64_t run_rows = 0;
      for (; day != days.end() && day->first <= run_last + std::chrono::days(1); ++day) {
        run_last = day->first;
        run_rows += static_cast<std::int64_t>(day->second.size());
      }
      loads.Put(client).Put(run_first).Put(run_last).Put(learnt_at).Put(source).Put(run_rows);
      loads.EndRow();
    }
    MAXOPT_CHECK(loads.Close());
  }
  MAXOPT_CHECK(transaction.Commit());
  return summary;
}

Result<std::vector<KpiRow>> DuckFactStore::Kpi(const std::string& client, Day from, Day to,
                                               std::optional<Instant> as_of) {
  std::vector<KpiRow> kpi;
  if (!IsUtf8(client) || from > to || to < kFirstDay || from > kLastDay) return kpi;
  const std::string known =
      as_of ? fmt::format("learnt_at <= {0} AND (superseded_at IS NULL OR superseded_at > {0})",
                          InstantLiteral(*as_of))
            : std::string("superseded_at IS NULL");
  MAXOPT_TRY(const std::unique_ptr<Connection> connection, database_->Connect());
  MAXOPT_TRY(Rows rows,
             connection->Ask(fmt::format(
                 "SELECT day, currency, orders, revenue_micros FROM kpi WHERE client = {} AND day "
                 "BETWEEN {} AND {} AND {} ORDER BY day, currency",
                 Quote(client), DayLiteral(std::max(from, kFirstDay)),
                 DayLiteral(std::min(to, kLastDay)), known)));
  while (rows.Next()) {
    MAXOPT_TRY(const Currency currency, CurrencyFromFile(rows.Text(1)));
    kpi.push_back(
        {client, rows.DayAt(0), currency, rows.Int(2), Money::Micros(rows.Int(3), currency)});
  }
  return kpi;
}

/// A rate is held with 12 decimals and at most a million, so that an amount times a rate stays
/// within 128 bits with room for every sum that Money can hold.
constexpr std::int64_t kRateOne = 1'000'000'000'000;

Result<std::int64_t> RateOf(const FxRate& rate) {
  const auto value = ParseRate(rate);
  if (!value) return Fail(Errc::kInvalidArgument, value.error().what + "; no rate was loaded");
  return value->num * (kRateOne / value->den);
}

Result<LoadSummary> DuckFactStore::LoadFxLocked(const std::vector<FxRate>& rates, Instant learnt_at,
                                                const std::string& source) {
  using Pair = std::tuple<Day, std::string, std::string>;
  struct Given {
    std::string text;
    std::int64_t value;
    std::string source;
  };
  std::map<Pair, Given> now;
  for (const FxRate& rate : rates) {
    MAXOPT_TRY(const std::int64_t value, RateOf(rate));
    if (rate.from == rate.to || rate.day < kFirstDay || rate.day > kLastDay) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("the rate {} to {} of {}: two different currencies and a day from "
                              "1970 on are needed; no rate was loaded",
                              rate.from.name(), rate.to.name(), PrintDay(rate.day)));
    }
    const Pair pair{rate.day, rate.from.name(), rate.to.name()};
    if (!IsUtf8(rate.source)) return Fail(Errc::kInvalidArgument, "a source is not UTF-8 text");
    const auto [at, added] =
        now.try_emplace(pair, Given{rate.rate, value, rate.source.empty() ? source : rate.source});
    if (!added && at->second.value != value) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("the rate {} to {} of {} is given as {} and as {}; no rate was loaded",
                      rate.from.name(), rate.to.name(), PrintDay(rate.day), at->second.text,
                      rate.rate));
    }
  }
  if (!IsUtf8(source)) return Fail(Errc::kInvalidArgument, "the source is not UTF-8 text");
  LoadSummary summary;
  if (now.empty()) return summary;
  MAXOPT_TRY(Transaction transaction, Transaction::Begin(*writer_));
  std::map<Pair, std::int64_t> known;
  {
    MAXOPT_TRY(Rows rows, writer_->Ask(fmt::format(
                              "SELECT day, from_currency, to_currency, rate_e12, learnt_at FROM fx "
                              "WHERE superseded_at IS NULL AND day BETWEEN {} AND {}",
                              DayLiteral(std::get<0>(now.begin()->first)),
                              DayLiteral(std::get<0>(now.rbegin()->first)))));
    while (rows.Next()) {
      const Pair pair{rows.DayAt(0), std::string(rows.Text(1)), std::string(rows.Text(2))};
      if (!now.contains(pair)) continue;
      if (rows.InstantAt(4) > learnt_at) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("the rate {} to {} of {} was learnt at {}, after these; rates are "
                                "loaded in the order in which they are learnt",
                                std::get<1>(pair), std::get<2>(pair), PrintDay(std::get<0>(pair)),
                                PrintInstant(rows.InstantAt(4))));
      }
      known[pair] = rows.Int(3);
    }
  }
  Appender fx(*writer_, "fx");
  std::vector<std::string> superseded;
  for (const auto& [pair, rate] : now) {
    const auto found = known.find(pair);
    if (found != known.end() && found->second == rate.value) {
      ++summary.slices_unchanged;
      continue;
    }
    ++(found == known.end() ? summary.slices_new : summary.slices_restated);
    ++summary.rows;
    const auto& [day, from, to] = pair;
    if (found != known.end()) {
      superseded.push_back(fmt::format("({}, {}, {})", DayLiteral(day), Quote(from), Quote(to)));
    }
    fx.Put(day).Put(from).Put(to).Put(rate.text).Put(rate.value).Put(rate.source).Put(learnt_at);
    fx.PutNull().EndRow();
  }
  // The old lines end before the new ones are there.
  if (!superseded.empty()) {
    MAXOPT_CHECK(writer_->Do(fmt::format(
        "UPDATE fx SET superseded_at = {} WHERE superseded_at IS NULL AND (day, from_currency, "
        "to_currency) IN ({})",
        InstantLiteral(learnt_at), fmt::join(superseded, ", "))));
  }
  MAXOPT_CHECK(fx.Close());
  MAXOPT_CHECK(transaction.Commit());
  return summary;
}

Result<std::vector<FxRate>> DuckFactStore::Fx(Day from, Day to, std::optional<Instant> as_of) {
  std::vector<FxRate> rates;
  if (from > to || to < kFirstDay || from > kLastDay) return rates;
  const std::string known =
      as_of ? fmt::format("learnt_at <= {0} AND (superseded_at IS NULL OR superseded_at > {0})",
                          InstantLiteral(*as_of))
            : std::string("superseded_at IS NULL");
  MAXOPT_TRY(const std::unique_ptr<Connection> connection, database_->Connect());
  MAXOPT_TRY(
      Rows rows,
      connection->Ask(fmt::format(
          "SELECT day, from_currency, to_currency, rate, source FROM fx WHERE day BETWEEN "
          "{} AND {} AND {} ORDER BY day, from_currency, to_currency",
          DayLiteral(std::max(from, kFirstDay)), DayLiteral(std::min(to, kLastDay)), known)));
  while (rows.Next()) {
    MAXOPT_TRY(const Currency base, CurrencyFromFile(rows.Text(1)));
    MAXOPT_TRY(const Currency quote, CurrencyFromFile(rows.Text(2)));
    rates.push_back(
        {rows.DayAt(0), base, quote, std::string(rows.Text(3)), std::string(rows.Text(4))});
  }
  return rates;
}

Result<> DuckFactStore::CheckRates(Connection& connection, const Question& question,
                                   const Choice& choice) {
  if (!question.convert_to) return {};
  MAXOPT_TRY(Rows rows, connection.Ask(MissingRatesSql(question, choice)));
  if (!rows.Next()) return {};
  const std::int64_t missing = rows.Int(2);
  return Fail(
      Errc::kNotFound,
      rows.Text(1).empty()
          ? fmt::format("account {} has money on {} and no currency; it cannot be converted",
                        rows.Text(3), PrintDay(rows.DayAt(0)))
          : fmt::format("no rate {} to {} of {} is known{}; load one with maxopt fx import, or ask "
                        "without converting, which shows the currencies apart",
                        rows.Text(1), question.convert_to->name(), PrintDay(rows.DayAt(0)),
                        missing > 1 ? fmt::format(" ({} rates are missing)", missing) : ""));
}

Result<Choice> DuckFactStore::Choose(Connection& connection, const Question& question) {
  MAXOPT_TRY(Rows rows, connection.Ask(KnownDaysSql(question)));
  std::vector<KnownDays> known;
  while (rows.Next()) {
    known.push_back({rows.Int(0), std::string(rows.Text(1)), std::string(rows.Text(2)),
                     std::string(rows.Text(3)), std::string(rows.Text(4)),
                     static_cast<std::uint32_t>(rows.Int(5)), rows.Int(6)});
  }
  return ChooseSlices(question, known);
}

Result<std::string> DuckFactStore::Sql(const FactQuery& query) {
  MAXOPT_TRY(const Question question, CheckQuery(query));
  MAXOPT_TRY(const std::unique_ptr<Connection> connection, database_->Connect());
  MAXOPT_TRY(const Choice choice, Choose(*connection, question));
  MAXOPT_CHECK(CheckRates(*connection, question, choice));
  return AnswerSql(question, choice);
}

Result<FactTable> DuckFactStore::Query(const FactQuery& query) {
  MAXOPT_TRY(const Question question, CheckQuery(query));
  MAXOPT_TRY(const std::unique_ptr<Connection> connection, database_->Connect());
  // Both statements see the same state of the file.
  MAXOPT_TRY(const Transaction transaction, Transaction::Begin(*connection));
  MAXOPT_TRY(Choice choice, Choose(*connection, question));
  MAXOPT_CHECK(CheckRates(*connection, question, choice));

  FactTable table;
  const std::vector<Column> columns = question.Columns();
  int currency_column = -1;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    table.columns.push_back(columns[i].name);
    if (columns[i].name == "currency") currency_column = static_cast<int>(i);
  }
  table.notes = std::move(choice.notes);
  MAXOPT_TRY(Rows rows, connection->Ask(AnswerSql(question, choice)));
  while (rows.Next()) {
    std::optional<Currency> currency;
    if (currency_column >= 0 && !rows.IsNull(currency_column)) {
      MAXOPT_TRY(currency, CurrencyFromFile(rows.Text(currency_column)));
    }
    std::vector<FactCell>& row = table.rows.emplace_back(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const int column = static_cast<int>(i);
      FactCell& cell = row[i];
      if (rows.IsNull(column)) continue;
      cell.kind = columns[i].kind;
      switch (cell.kind) {
        case FactCell::Kind::kAbsent:
          Bug();
        case FactCell::Kind::kInteger:
        case FactCell::Kind::kMoney: {
          const std::optional<std::int64_t> exact = rows.Exact(column);
          if (!exact) {
            return Fail(Errc::kInvalidArgument,
                        fmt::format("a sum of {} is beyond 64 bits; ask for fewer days or more "
                                    "dimensions, and look for a wrong amount in the facts",
                                    columns[i].name));
          }
          cell.integer = *exact;
          if (cell.kind == FactCell::Kind::kMoney) {
            if (!currency) Bug();
            cell.text = PrintDecimal(Money::Micros(*exact, *currency));
          }
          break;
        }
        case FactCell::Kind::kReal:
          cell.real = rows.Real(column);
          break;
        case FactCell::Kind::kText:
          cell.text = rows.Text(column);
          break;
      }
    }
  }
  if (table.rows.empty()) {
    table.notes.push_back("nothing is known that answers this; that is not the same as zero");
  }
  return table;
}

Result<std::vector<ClaimWindow>> DuckFactStore::ClaimWindows(Day from, Day to) {
  std::vector<ClaimWindow> windows;
  if (from > to || to < kFirstDay || from > kLastDay) return windows;
  MAXOPT_TRY(const std::unique_ptr<Connection> connection, database_->Connect());
  MAXOPT_TRY(
      Rows rows,
      connection->Ask(fmt::format(
          "SELECT DISTINCT a.platform, a.account_id, s.attribution_window FROM slices s JOIN "
          "accounts a ON a.account_key = s.account_key WHERE s.superseded_at IS NULL AND "
          "s.attribution_window <> '' AND s.day BETWEEN {} AND {} ORDER BY 1, 2, 3",
          DayLiteral(std::max(from, kFirstDay)), DayLiteral(std::min(to, kLastDay)))));
  while (rows.Next()) {
    MAXOPT_TRY(const Platform platform, FindPlatform(rows.Text(0)));
    windows.push_back({{platform, std::string(rows.Text(1))}, std::string(rows.Text(2))});
  }
  return windows;
}

Result<std::vector<FactStore::Freshness>> DuckFactStore::Freshest() {
  MAXOPT_TRY(const std::unique_ptr<Connection> connection, database_->Connect());
  MAXOPT_TRY(Rows rows,
             connection->Ask("SELECT a.platform, a.account_id, l.learnt_at, s.day FROM accounts a "
                             "JOIN (SELECT account_key, max(learnt_at) AS learnt_at FROM loads "
                             "GROUP BY account_key) l ON l.account_key = a.account_key "
                             "JOIN (SELECT account_key, max(day) AS day FROM slices WHERE "
                             "superseded_at IS NULL GROUP BY account_key) s "
                             "ON s.account_key = a.account_key ORDER BY a.platform, a.account_id"));
  std::vector<Freshness> freshest;
  while (rows.Next()) {
    MAXOPT_TRY(const Platform platform, FindPlatform(rows.Text(0)));
    freshest.push_back({{platform, std::string(rows.Text(1))}, rows.InstantAt(2), rows.DayAt(3)});
  }
  return freshest;
}

Result<std::optional<std::int64_t>> DuckFactStore::KeyOf(Connection& connection,
                                                         const AccountId& id) {
  const std::lock_guard lock(keys_mutex_);
  if (const auto known = keys_.find(id); known != keys_.end()) return known->second;
  MAXOPT_TRY(Rows rows,
             connection.Ask(fmt::format("SELECT account_key FROM accounts WHERE platform = {} AND "
                                        "account_id = {}",
                                        Quote(PlatformName(id.platform)), Quote(id.id))));
  if (!rows.Next()) return std::nullopt;
  return keys_.emplace(id, rows.Int(0)).first->second;
}

Result<std::vector<SliceInfo>> DuckFactStore::Slices(const AccountId& account, Day from, Day to,
                                                     bool with_spend,
                                                     std::optional<Instant> as_of) {
  std::vector<SliceInfo> slices;
  from = std::max(from, kFirstDay);
  to = std::min(to, kLastDay);
  if (from > to || !IsUtf8(account.id)) return slices;
  MAXOPT_TRY(const std::unique_ptr<Connection> connection, database_->Connect());
  MAXOPT_TRY(const Transaction transaction, Transaction::Begin(*connection));
  MAXOPT_TRY(const auto key, KeyOf(*connection, account));
  if (!key) return slices;
  using Key = std::tuple<Day, std::string, std::string, std::string>;
  std::map<Key, SliceInfo> found;
  const auto at = [&](Rows& rows) -> Result<SliceInfo*> {
    SliceInfo info{};
    MAXOPT_TRY(info.level, FindLevel(rows.Text(0)));
    info.grain = rows.Text(1) == GrainName(Grain::kHour) ? Grain::kHour : Grain::kDay;
    MAXOPT_TRY(info.breakdown, FindBreakdown(rows.Text(2)));
    info.day = rows.DayAt(3);
    Key place{info.day, std::string(rows.Text(0)), std::string(rows.Text(1)),
              std::string(rows.Text(2))};
    return &found.try_emplace(std::move(place), std::move(info)).first->second;
  };
  // A reading or an attempt is of a range of days; each of them counts.
  const auto by_day = [&](std::string_view table, std::string_view at_column,
                          std::string_view value) {
    return fmt::format(
        "SELECT level, grain, breakdown, CAST(unnest(generate_series(CAST(greatest(day_from, {0}) "
        "AS TIMESTAMP), CAST(least(day_to, {1}) AS TIMESTAMP), INTERVAL 1 DAY)) AS DATE) AS d, {4} "
        "FROM {2} WHERE account_key = {3} AND day_from <= {1} AND day_to >= {0}{5}",
        DayLiteral(from), DayLiteral(to), table, *key, value,
        as_of ? fmt::format(" AND {} <= {}", at_column, InstantLiteral(*as_of)) : "");
  };
  {
    MAXOPT_TRY(Rows rows, connection->Ask(fmt::format(
                              "SELECT level, grain, breakdown, d, max(learnt_at) FROM ({}) GROUP "
                              "BY ALL",
                              by_day("loads", "learnt_at", "learnt_at"))));
    while (rows.Next()) {
      MAXOPT_TRY(SliceInfo * info, at(rows));
      info->read_at = rows.InstantAt(4);
    }
  }
  {
    MAXOPT_TRY(Rows rows, connection->Ask(fmt::format(
                              "SELECT level, grain, breakdown, d, max(tried_at), arg_max(why, "
                              "tried_at) FROM ({}) GROUP BY ALL",
                              by_day("troubles", "tried_at", "tried_at, why"))));
    while (rows.Next()) {
      MAXOPT_TRY(SliceInfo * info, at(rows));
      if (info->read_at && *info->read_at >= rows.InstantAt(4)) continue;
      info->tried_at = rows.InstantAt(4);
      info->trouble = rows.Text(5);
    }
  }
  const std::string held =
      as_of
          ? fmt::format("s.learnt_at <= {0} AND (s.superseded_at IS NULL OR s.superseded_at > {0})",
                        InstantLiteral(*as_of))
          : std::string("s.superseded_at IS NULL");
  const std::string current = fmt::format("s.account_key = {} AND {} AND s.day BETWEEN {} AND {}",
                                          *key, held, DayLiteral(from), DayLiteral(to));
  {
    MAXOPT_TRY(Rows rows, connection->Ask(fmt::format(
                              "SELECT s.level, s.grain, s.breakdown, s.day, s.learnt_at FROM "
                              "slices s WHERE {}",
                              current)));
    while (rows.Next()) {
      MAXOPT_TRY(SliceInfo * info, at(rows));
      info->changed_at = rows.InstantAt(4);
      if (!info->read_at) info->read_at = info->changed_at;
    }
  }
  if (with_spend) {
    MAXOPT_TRY(Rows rows,
               connection->Ask(fmt::format(
                   "SELECT s.level, s.grain, s.breakdown, s.day, coalesce(o.id, ''), "
                   "sum(m.spend_micros) FROM slices s JOIN metrics m ON m.slice_id = s.slice_id "
                   "LEFT JOIN objects o ON o.object_key = m.campaign_key WHERE {} AND s.grain = "
                   "'day' AND m.hour IS NULL AND m.day BETWEEN {} AND {} GROUP BY ALL",
                   current, DayLiteral(from), DayLiteral(to))));
    while (rows.Next()) {
      MAXOPT_TRY(SliceInfo * info, at(rows));
      if (const auto spend = rows.Exact(5)) info->spend[std::string(rows.Text(4))] += *spend;
    }
  }
  for (auto& [place, info] : found) slices.push_back(std::move(info));
  return slices;
}

Result<> DuckFactStore::NoteTroubleLocked(const MetricQuery& query, Instant at,
                                          const std::string& why) {
  if (query.account.id.empty() || query.from > query.to || query.from < kFirstDay ||
      query.to > kLastDay || !IsUtf8(why)) {
    return Fail(Errc::kInvalidArgument, "a trouble of no possible account, days or text");
  }
  MAXOPT_TRY(Transaction transaction, Transaction::Begin(*writer_));
  MAXOPT_TRY(AccountEntry * account, FindOrAddAccount(query.account, std::nullopt, ""));
  MAXOPT_CHECK(WriteAdditions());
  const std::string kind =
      fmt::format("account_key = {} AND level = {} AND grain = {} AND breakdown = {}",
                  account->account_key, Quote(LevelName(query.level)),
                  Quote(GrainName(query.grain)), Quote(BreakdownName(query.breakdown)));
  // A repeated failure of the same days is one that lasts.
  MAXOPT_CHECK(
      writer_->Do(fmt::format("DELETE FROM troubles WHERE {} AND day_from >= {} AND day_to <= {}",
                              kind, DayLiteral(query.from), DayLiteral(query.to))));
  MAXOPT_CHECK(writer_->Do(
      fmt::format("INSERT INTO troubles VALUES ({}, {}, {}, {}, {}, {}, {}, {})",
                  account->account_key, Quote(LevelName(query.level)),
                  Quote(GrainName(query.grain)), Quote(BreakdownName(query.breakdown)),
                  DayLiteral(query.from), DayLiteral(query.to), InstantLiteral(at), Quote(why))));
  return transaction.Commit();
}

Result<std::vector<GrowthState>> DuckFactStore::Growth(const AccountId& account, Day from, Day to) {
  std::vector<GrowthState> states;
  from = std::max(from, kFirstDay);
  to = std::min(to, kLastDay);
  if (from > to || !IsUtf8(account.id)) return states;
  MAXOPT_TRY(const std::unique_ptr<Connection> connection, database_->Connect());
  MAXOPT_TRY(const auto key, KeyOf(*connection, account));
  if (!key) return states;
  MAXOPT_TRY(Rows rows,
             connection->Ask(fmt::format(
                 "SELECT s.day, s.learnt_at, coalesce(m.conversions, 0) FROM slices s LEFT JOIN "
                 "(SELECT slice_id, sum(conversions) AS conversions FROM metrics WHERE day BETWEEN "
                 "{1} AND {2} GROUP BY slice_id) m ON m.slice_id = s.slice_id WHERE s.account_key "
                 "= {0} AND s.level = 'campaign' AND s.grain = 'day' AND s.breakdown = 'none' AND "
                 "s.day BETWEEN {1} AND {2} ORDER BY s.day, s.learnt_at",
                 *key, DayLiteral(from), DayLiteral(to))));
  while (rows.Next()) states.push_back({rows.DayAt(0), rows.InstantAt(1), rows.Real(2)});
  return states;
}

Result<bool> DuckFactStore::FirstTimeLocked(const AccountId& id, const std::string& what,
                                            Instant at) {
  if (id.id.empty() || !IsUtf8(what)) {
    return Fail(Errc::kInvalidArgument, "something to tell of no account, or not UTF-8 text");
  }
  MAXOPT_TRY(Transaction transaction, Transaction::Begin(*writer_));
  MAXOPT_TRY(AccountEntry * account, FindOrAddAccount(id, std::nullopt, ""));
  MAXOPT_CHECK(WriteAdditions());
  {
    MAXOPT_TRY(Rows rows,
               writer_->Ask(fmt::format("SELECT 1 FROM told WHERE account_key = {} AND what = {}",
                                        account->account_key, Quote(what))));
    if (rows.Next()) {
      MAXOPT_CHECK(transaction.Commit());
      return false;
    }
  }
  MAXOPT_CHECK(writer_->Do(fmt::format("INSERT INTO told VALUES ({}, {}, {})", account->account_key,
                                       Quote(what), InstantLiteral(at))));
  MAXOPT_CHECK(transaction.Commit());
  return true;
}

Result<> DuckFactStore::SaveQualityLocked(const std::vector<DayQuality>& days) {
  if (days.empty()) return {};
  MAXOPT_TRY(Transaction transaction, Transaction::Begin(*writer_));
  std::vector<std::pair<std::int64_t, const DayQuality*>> rows;
  std::map<std::int64_t, std::vector<std::string>> to_drop;
  for (const DayQuality& day : days) {
    if (day.account.id.empty() || day.day < kFirstDay || day.day > kLastDay) {
      return Fail(Errc::kInvalidArgument, "a judgement of no possible account or day");
    }
    MAXOPT_TRY(AccountEntry * account, FindOrAddAccount(day.account, std::nullopt, ""));
    rows.emplace_back(account->account_key, &day);
    to_drop[account->account_key].push_back(DayLiteral(day.day));
  }
  MAXOPT_CHECK(WriteAdditions());
  for (const auto& [key, list] : to_drop) {
    MAXOPT_CHECK(writer_->Do(fmt::format(
        "DELETE FROM quality WHERE account_key = {} AND day IN ({})", key, fmt::join(list, ", "))));
  }
  Appender table(*writer_, "quality");
  for (const auto& [key, day] : rows) {
    table.Put(key).Put(day->day).Put(day->judged_at);
    for (const QualityAspect* aspect :
         {&day->completeness, &day->freshness, &day->reconciliation, &day->maturity}) {
      table.Put(QualityStateName(aspect->state)).Put(std::string_view(aspect->why));
    }
    table.Put(day->share_known).Put(day->read_at).Put(day->unattributed_micros).EndRow();
  }
  MAXOPT_CHECK(table.Close());
  return transaction.Commit();
}

Result<std::vector<DayQuality>> DuckFactStore::Quality(const AccountId& account, Day from, Day to) {
  std::vector<DayQuality> days;
  from = std::max(from, kFirstDay);
  to = std::min(to, kLastDay);
  if (from > to || !IsUtf8(account.id)) return days;
  MAXOPT_TRY(const std::unique_ptr<Connection> connection, database_->Connect());
  MAXOPT_TRY(const auto key, KeyOf(*connection, account));
  if (!key) return days;
  MAXOPT_TRY(Rows rows, connection->Ask(fmt::format(
                            "SELECT day, judged_at, completeness, completeness_why, freshness, "
                            "freshness_why, reconciliation, reconciliation_why, maturity, "
                            "maturity_why, share_known, read_at, unattributed_micros FROM quality "
                            "WHERE account_key = {} AND day BETWEEN {} AND {} ORDER BY day",
                            *key, DayLiteral(from), DayLiteral(to))));
  const auto aspect = [&rows](int column) {
    QualityAspect out;
    for (const QualityState state :
         {QualityState::kOk, QualityState::kPending, QualityState::kDegraded, QualityState::kBad}) {
      if (rows.Text(column) == QualityStateName(state)) out.state = state;
    }
    out.why = rows.Text(column + 1);
    return out;
  };
  while (rows.Next()) {
    DayQuality day{};
    day.account = account;
    day.day = rows.DayAt(0);
    day.judged_at = rows.InstantAt(1);
    day.completeness = aspect(2);
    day.freshness = aspect(4);
    day.reconciliation = aspect(6);
    day.maturity = aspect(8);
    if (!rows.IsNull(10)) day.share_known = rows.Real(10);
    if (!rows.IsNull(11)) day.read_at = rows.InstantAt(11);
    if (!rows.IsNull(12)) day.unattributed_micros = rows.Int(12);
    days.push_back(std::move(day));
  }
  return days;
}

}  // namespace
}  // namespace facts

std::string_view QualityStateName(QualityState state) {
  switch (state) {
    case QualityState::kOk:
      return "ok";
    case QualityState::kPending:
      return "pending";
    case QualityState::kDegraded:
      return "degraded";
    case QualityState::kBad:
      return "bad";
    case QualityState::kUnknown:
      return "unknown";
  }
  Bug();
}

Result<std::unique_ptr<FactStore>> FactStore::Open(const std::string& path) {
  MAXOPT_TRY(std::unique_ptr<facts::Database> database, facts::Database::Open(path));
  MAXOPT_TRY(std::unique_ptr<facts::Connection> writer, database->Connect());
  MAXOPT_CHECK(facts::MigrateSchema(*writer));
  return std::make_unique<facts::DuckFactStore>(std::move(database), std::move(writer));
}

}  // namespace maxopt
