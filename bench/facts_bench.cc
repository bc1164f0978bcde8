// Facts loaded per second and a 28-day KPI roll-up by campaign, each beside the same work typed
// straight into DuckDB in the same run.
//
//   facts_bench [--rows N] [--repeat N] [--dir DIR]
//
// The world: ten accounts on three platforms, 400 days, ten ads in each campaign; rows/4000 ads an
// account. The last 28 days come twice, as platforms restate them: the first state stays in the
// file as superseded, and the roll-up has to leave it out.
//
// The references:
//   append        the same rows through DuckDB's appender into one flat table with text ids
//   insert-select the flat table's rows copied into another with one INSERT INTO ... SELECT: no
//   rows
//                 to read, no ids to look up; both cores
//   flat          SQL over the flat table, which has a superseded_at on every row
//   same tables   SQL as one would type it over copies of the store's own file, one for each
//                 statement: a statement that shares a file finds the caches warm
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>
#include <vector>

#include "memory/facts/duck.h"
#include "memory/facts/facts.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using Seconds = std::chrono::duration<double>;

constexpr int kAccounts = 10;
constexpr int kDays = 400;
constexpr int kAdsPerCampaign = 10;
constexpr int kAdsPerAdGroup = 5;
constexpr int kRestatedDays = 28;
constexpr int kDaysPerReport = 20;
constexpr Day kFirst{std::chrono::days(20'000)};
constexpr Instant kLearnt{std::chrono::days(20'500)};
constexpr Instant kRestated{std::chrono::days(20'501)};

template <class T>
T Must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "facts_bench: {}\n", result.error().what);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// Seconds on the wall and of all cores together. On a machine with other work the second is the
/// one to compare: waiting for a core is not in it.
struct Cost {
  double wall_s = 0;
  double cpu_s = 0;
  Cost& operator+=(const Cost& other) {
    wall_s += other.wall_s;
    cpu_s += other.cpu_s;
    return *this;
  }
};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

template <class Work>
Cost Time(Work work) {
  const double cpu = CpuSeconds();
  const auto begin = std::chrono::steady_clock::now();
  work();
  return {Seconds(std::chrono::steady_clock::now() - begin).count(), CpuSeconds() - cpu};
}

Cost Median(const std::vector<Cost>& costs) {
  const auto median = [&](double Cost::*of) {
    std::vector<double> values;
    for (const Cost& cost : costs) values.push_back(cost.*of);
    std::ranges::sort(values);
    return values[values.size() / 2];
  };
  return {median(&Cost::wall_s), median(&Cost::cpu_s)};
}

/// Deterministic and cheap; the same for the same ad and day.
std::uint64_t Noise(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

struct World {
  int ads_per_account;

  AccountId Account(int a) const {
    constexpr Platform kPlatforms[] = {Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok};
    return {kPlatforms[a % 3], std::to_string(1'000'000'000 + a)};
  }
  std::string Campaign(int a, int ad) const {
    return std::to_string(17'000'000'000 + a * 1'000'000 + ad / kAdsPerCampaign);
  }
  int campaigns() const { return (ads_per_account + kAdsPerCampaign - 1) / kAdsPerCampaign; }

  MetricReport Report(int a, int from, int days, bool restated) const {
    MetricReport report{.query = {.account = Account(a),
                                  .level = Level::kAd,
                                  .grain = Grain::kDay,
                                  .breakdown = Breakdown::kNone,
                                  .from = kFirst + std::chrono::days(from),
                                  .to = kFirst + std::chrono::days(from + days - 1)},
                        .attribution_window = "30d_click",
                        .rows = {},
                        .complete = true,
                        .incomplete_why = ""};
    report.rows.reserve(static_cast<std::size_t>(days) * static_cast<std::size_t>(ads_per_account));
    for (int d = from; d < from + days; ++d) {
      for (int ad = 0; ad < ads_per_account; ++ad) {
        const std::uint64_t noise =
            Noise(static_cast<std::uint64_t>(d) << 40 | static_cast<std::uint64_t>(a) << 32 |
                  static_cast<std::uint64_t>(ad));
        const auto clicks = static_cast<std::int64_t>(noise % 50);
        report.rows.push_back(
            {.day = kFirst + std::chrono::days(d),
             .hour = std::nullopt,
             .campaign_id = Campaign(a, ad),
             .ad_group_id = std::to_string(150'000'000'000 + a * 1'000'000 + ad / kAdsPerAdGroup),
             .ad_id = std::to_string(700'000'000'000 + a * 1'000'000 + ad),
             .segment = "",
             .spend = Money::Micros(clicks * 430'000, kEur),
             .impressions = clicks * 40 + static_cast<std::int64_t>(noise >> 32 & 63),
             .clicks = clicks,
             .conversions_claimed = static_cast<double>(clicks / 10) + (restated ? 0.5 : 0.0),
             .revenue_claimed = Money::Micros(clicks / 10 * 35'000'000, kEur),
             .impression_share = std::nullopt});
      }
    }
    return report;
  }

  /// Every report in the order in which it is pulled: days ascending, then the restatement.
  template <class Take>
  void EachReport(Take take) const {
    for (int d = 0; d < kDays; d += kDaysPerReport) {
      for (int a = 0; a < kAccounts; ++a) take(Report(a, d, kDaysPerReport, false), false);
    }
    for (int a = 0; a < kAccounts; ++a) {
      take(Report(a, kDays - kRestatedDays, kRestatedDays, true), true);
    }
  }
};

/// The rows through the appender, one commit for each report, as the store does.
Cost AppendFlat(const World& world, facts::Connection& connection) {
  Must(connection.Do(
      "CREATE TABLE flat (platform VARCHAR, account_id VARCHAR, campaign_id VARCHAR, ad_group_id "
      "VARCHAR, ad_id VARCHAR, day DATE, currency VARCHAR, spend_micros BIGINT, impressions "
      "BIGINT, clicks BIGINT, conversions DOUBLE, revenue_micros BIGINT, impression_share DOUBLE, "
      "learnt_at TIMESTAMP, superseded_at TIMESTAMP)"));
  Cost cost;
  world.EachReport([&](const MetricReport& report, bool restated) {
    cost += Time([&] {
      Must(connection.Do("BEGIN"));
      facts::Appender flat(connection, "flat");
      const std::string_view platform = PlatformName(report.query.account.platform);
      for (const MetricRow& row : report.rows) {
        flat.Put(platform).Put(report.query.account.id).Put(row.campaign_id).Put(row.ad_group_id);
        flat.Put(row.ad_id).Put(row.day).Put(row.spend.currency().name()).Put(row.spend.micros());
        flat.Put(row.impressions).Put(row.clicks).Put(row.conversions_claimed);
        flat.Put(row.revenue_claimed->micros()).PutNull().Put(restated ? kRestated : kLearnt);
        if (!restated && row.day >= kFirst + std::chrono::days(kDays - kRestatedDays)) {
          flat.Put(kRestated);
        } else {
          flat.PutNull();
        }
        flat.EndRow();
      }
      Must(flat.Close());
      Must(connection.Do("COMMIT"));
    });
  });
  return cost;
}

struct Totals {
  std::int64_t rows = 0;
  std::int64_t spend_micros = 0;
  std::int64_t clicks = 0;
  double conversions = 0;
  friend bool operator==(const Totals&, const Totals&) = default;
};

/// A typed statement that gives id, name, currency, spend, impressions, clicks, conversions,
/// revenue, ctr, cpc, roas; every cell is fetched.
Totals Typed(facts::Connection& connection, const std::string& sql) {
  Totals totals;
  facts::Rows rows = Must(connection.Ask(sql));
  std::size_t text_bytes = 0;
  double ratios = 0;
  while (rows.Next()) {
    ++totals.rows;
    for (int c = 0; c < 3; ++c) text_bytes += rows.IsNull(c) ? 0 : rows.Text(c).size();
    totals.spend_micros += rows.Exact(3).value();
    totals.clicks += rows.Exact(5).value();
    totals.conversions += rows.Real(6);
    for (int c = 8; c < 11; ++c) ratios += rows.IsNull(c) ? 0 : rows.Real(c);
  }
  if (text_bytes == 0 || ratios < 0) std::exit(1);
  return totals;
}

Totals Asked(FactStore& store, const FactQuery& query) {
  Totals totals;
  const FactTable table = Must(store.Query(query));
  for (const auto& row : table.rows) {
    ++totals.rows;
    totals.spend_micros += row[3].integer;
    totals.clicks += row[5].integer;
    totals.conversions += row[6].real;
  }
  return totals;
}

int Main(int argc, char** argv) {
  std::int64_t rows = 20'000'000;
  int repeat = 25;
  fs::path parent = fs::temp_directory_path();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    const std::string_view value = argv[i + 1];
    if (flag == "--rows") {
      std::from_chars(value.begin(), value.end(), rows);
    } else if (flag == "--repeat") {
      std::from_chars(value.begin(), value.end(), repeat);
    } else if (flag == "--dir") {
      parent = value;
    } else {
      fmt::print(stderr, "facts_bench: unknown {}; known are --rows --repeat --dir\n", flag);
      return 1;
    }
  }
  const World world{static_cast<int>(std::max<std::int64_t>(1, rows / (kAccounts * kDays)))};
  // A folder of our own, because it is removed at the end.
  const fs::path dir = parent / fmt::format("facts_bench_{}", getpid());
  if (!fs::create_directories(dir)) {
    fmt::print(stderr, "facts_bench: {} is there already\n", dir.string());
    return 1;
  }
  const std::string file = (dir / "facts.duckdb").string();
  const std::string copies[] = {(dir / "copy1.duckdb").string(), (dir / "copy2.duckdb").string()};
  const std::string flat_file = (dir / "flat.duckdb").string();

  // (1) Loading.
  std::int64_t loaded = 0;
  Cost load;
  {
    const auto store = Must(FactStore::Open(file));
    for (int a = 0; a < kAccounts; ++a) {
      std::vector<Entity> campaigns;
      for (int c = 0; c < world.campaigns(); ++c) {
        campaigns.push_back({Level::kCampaign,
                             world.Campaign(a, c * kAdsPerCampaign),
                             "",
                             "",
                             {{"name", fmt::format("Campaign {} of account {}", c, a)}}});
      }
      Must(store->LoadEntities({world.Account(a), "Shop", kEur, "Europe/Berlin", "active"},
                               campaigns, kLearnt));
    }
    world.EachReport([&](const MetricReport& report, bool restated) {
      load += Time([&] {
        loaded += Must(store->Load(report, restated ? kRestated : kLearnt, "bench")).rows;
      });
    });
  }
  for (const std::string& copy : copies) fs::copy_file(file, copy);
  const auto flat = Must(facts::Database::Open(flat_file));
  const auto flat_sql = Must(flat->Connect());
  const Cost append = AppendFlat(world, *flat_sql);
  Must(flat_sql->Do("CREATE TABLE second AS FROM flat LIMIT 0"));
  const Cost insert = Time([&] { Must(flat_sql->Do("INSERT INTO second SELECT * FROM flat")); });
  Must(flat_sql->Do("DROP TABLE second; CHECKPOINT"));

  fmt::print("{} facts, {} of them superseded; {} threads\n\n", loaded,
             std::int64_t{world.ads_per_account} * kAccounts * kRestatedDays,
             std::thread::hardware_concurrency());
  fmt::print(
      "| load | seconds | CPU seconds | facts per second | store / reference | in CPU "
      "|\n|---|---:|---:|---:|---:|---:|\n");
  const auto load_line = [&](const char* what, const Cost& cost) {
    fmt::print("| {} | {:.1f} | {:.1f} | {:.0f} | {:.2f} | {:.2f} |\n", what, cost.wall_s,
               cost.cpu_s, static_cast<double>(loaded) / cost.wall_s, load.wall_s / cost.wall_s,
               load.cpu_s / cost.cpu_s);
  };
  load_line("FactStore::Load", load);
  load_line("append: appender into a flat table", append);
  load_line("insert-select: flat table into another", insert);
  std::fflush(stdout);

  // (2) The roll-up, interleaved.
  const auto store = Must(FactStore::Open(file));
  const auto same = Must(facts::Database::Open(copies[0]));
  const auto same_sql = Must(same->Connect());
  const auto expert = Must(facts::Database::Open(copies[1]));
  const auto expert_sql = Must(expert->Connect());
  FactQuery query;
  query.measures = {"spend",   "impressions", "clicks", "conversions",
                    "revenue", "ctr",         "cpc",    "roas"};
  query.dimensions = {"campaign"};
  query.from = kFirst + std::chrono::days(kDays - 28);
  query.to = kFirst + std::chrono::days(kDays - 1);
  const std::string sums =
      "sum(spend_micros), sum(impressions), sum(clicks), sum(conversions), sum(revenue_micros), "
      "sum(clicks) / nullif(sum(impressions), 0), sum(spend_micros) / nullif(sum(clicks), 0), "
      "sum(revenue_micros) / nullif(sum(spend_micros), 0)";
  const std::string days = fmt::format("day BETWEEN {} AND {}", facts::DayLiteral(*query.from),
                                       facts::DayLiteral(*query.to));
  const std::string typed_same = fmt::format(
      "SELECT o.id, e.name, a.currency, {} FROM metrics m JOIN slices s ON s.slice_id = m.slice_id "
      "JOIN accounts a ON a.account_key = s.account_key JOIN objects o ON o.object_key = "
      "m.campaign_key LEFT JOIN entities e ON e.object_key = o.object_key AND e.superseded_at IS "
      "NULL WHERE m.{} AND s.superseded_at IS NULL AND s.level = 'ad' AND s.grain = 'day' AND "
      "s.breakdown = 'none' GROUP BY ALL ORDER BY ALL",
      sums, days);
  const std::string typed_flat = fmt::format(
      "SELECT campaign_id, account_id, currency, {} FROM flat WHERE {} AND superseded_at IS NULL "
      "GROUP BY ALL ORDER BY ALL",
      sums, days);
  // The sums and joins alone that an expert would type, knowing what the builder knows.
  const std::string typed_expert = fmt::format(
      "WITH t AS (SELECT m.campaign_key, s.account_key, sum(spend_micros) AS spend, "
      "sum(impressions) AS i, sum(clicks) AS c, sum(conversions) AS v, sum(revenue_micros) AS r "
      "FROM metrics m JOIN slices s ON s.slice_id = m.slice_id WHERE m.{0} AND s.{0} AND "
      "s.superseded_at IS NULL AND s.level = 'ad' AND s.grain = 'day' AND s.breakdown = 'none' "
      "GROUP BY ALL) SELECT o.id, e.name, a.currency, t.spend, i, c, v, r, c / nullif(i, 0), "
      "t.spend / nullif(c, 0), r / nullif(t.spend, 0) FROM t JOIN accounts a USING (account_key) "
      "JOIN objects o ON o.object_key = t.campaign_key LEFT JOIN entities e ON e.object_key = "
      "t.campaign_key AND e.superseded_at IS NULL ORDER BY ALL",
      days);
  std::vector<Cost> store_costs, same_costs, expert_costs, flat_costs;
  for (int i = -2; i < repeat; ++i) {  // two rounds to warm up
    Totals a, b, c, d;
    const Cost s = Time([&] { a = Asked(*store, query); });
    const Cost t = Time([&] { b = Typed(*same_sql, typed_same); });
    const Cost x = Time([&] { c = Typed(*expert_sql, typed_expert); });
    const Cost f = Time([&] { d = Typed(*flat_sql, typed_flat); });
    if (a != b || a != c || a != d || a.rows != std::int64_t{kAccounts} * world.campaigns()) {
      fmt::print(stderr, "facts_bench: the answers differ: {} {} {} {} rows, spend {} {} {} {}\n",
                 a.rows, b.rows, c.rows, d.rows, a.spend_micros, b.spend_micros, c.spend_micros,
                 d.spend_micros);
      return 1;
    }
    if (i < 0) continue;
    store_costs.push_back(s);
    same_costs.push_back(t);
    expert_costs.push_back(x);
    flat_costs.push_back(f);
  }
  fmt::print(
      "\n| 28-day roll-up by campaign ({} campaigns, medians of {}) | ms | CPU ms | store / "
      "reference | in CPU |\n|---|---:|---:|---:|---:|\n",
      kAccounts * world.campaigns(), repeat);
  const Cost ours = Median(store_costs);
  const auto query_line = [&](const char* what, const std::vector<Cost>& costs) {
    const Cost cost = Median(costs);
    fmt::print("| {} | {:.1f} | {:.1f} | {:.2f} | {:.2f} |\n", what, cost.wall_s * 1000,
               cost.cpu_s * 1000, ours.wall_s / cost.wall_s, ours.cpu_s / cost.cpu_s);
  };
  query_line("FactStore::Query", store_costs);
  query_line("same tables: joins, then GROUP BY ALL", same_costs);
  query_line("same tables: sums by key first, then names", expert_costs);
  query_line("flat table with text ids", flat_costs);
  fs::remove_all(dir);
  return 0;
}

}  // namespace
}  // namespace maxopt

int main(int argc, char** argv) { return maxopt::Main(argc, argv); }
