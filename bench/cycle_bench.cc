// One whole decision: facts to KPIs, segments, response curves, budgets and a guarded, stored plan,
// over many campaigns, each step with its seconds.
//
//   cycle_bench [--campaigns N] [--ads N] [--days N] [--dir DIR]
//
// The world: one client, three accounts on three platforms, N campaigns with a daily budget each,
// N ads shared evenly, N days with orders every day. Facts are loaded first, which is not part of
// the decision and has its own line. The reference is one plain sum of spend by ad over the same
// rows in the same run: what reading the facts once costs at the least.
#include <fmt/format.h>
#include <sys/resource.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "decide/guardrails/guardrails.h"
#include "memory/campaigns/campaigns.h"
#include "memory/facts/facts.h"
#include "stages/optimize/optimize.h"
#include "stages/optimize/segments/segments.h"

namespace maxopt {
namespace {

using std::chrono::days;

constexpr int kAccounts = 3;
const Day kToday = *ParseDay("2026-03-01");

template <class T>
T Must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "cycle_bench: {}\n", result.error().what);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Clocked {
  double wall = 0, cpu = 0;
};
Clocked total;

template <class Work>
void Step(const char* name, bool counts, Work work) {
  const double cpu = CpuSeconds();
  const auto begin = std::chrono::steady_clock::now();
  const std::string said = work();
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double used = CpuSeconds() - cpu;
  if (counts) total.wall += wall, total.cpu += used;
  fmt::print("{:34} {:8.2f} s wall {:8.2f} s CPU   {}\n", name, wall, used, said);
  std::fflush(stdout);
}

/// Deterministic and cheap; in [0, 1).
double Luck(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1.0p-53;
}

Money Eur(double units) {
  return Money::Micros(static_cast<std::int64_t>(std::llround(units * 100)) * 10'000, kEur);
}

struct World {
  int campaigns, ads, days;

  AccountId Account(int a) const {
    constexpr Platform kPlatforms[] = {Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok};
    return {kPlatforms[a], std::to_string(1'000'000'000 + a)};
  }
  AccountInfo Info(int a) const {
    return {Account(a), fmt::format("account {}", a), kEur, "UTC", "active"};
  }
  std::string Campaign(int c) const { return std::to_string(17'000'000'000 + c); }
  double Budget(int c) const { return 20 + 80 * Luck(static_cast<std::uint64_t>(c) * 7919 + 1); }
  /// Budgets change every ten days or so, each campaign on its own days.
  double Spend(int c, int day) const {
    const auto block = static_cast<std::uint64_t>((day + 3 * c) / 10);
    return Budget(c) * (0.6 + 0.8 * Luck(static_cast<std::uint64_t>(c) << 20 | block));
  }
  double Revenue(int day) const {
    double sum = 20'000 + 2'000 * Luck(static_cast<std::uint64_t>(day) + 77);
    for (int c = 0; c < campaigns; ++c) {
      const double half = 2 * Budget(c);
      const double most = 200 + 300 * Luck(static_cast<std::uint64_t>(c) * 31 + 5);
      const double spend = Spend(c, day);
      sum += most * spend / (spend + half);
    }
    return sum;
  }
  MetricReport Report(int a, int from, int to, Level level) const {
    MetricReport report{.query = {.account = Account(a),
                                  .level = level,
                                  .grain = Grain::kDay,
                                  .breakdown = Breakdown::kNone,
                                  .from = kToday - std::chrono::days(days - from),
                                  .to = kToday - std::chrono::days(days - to)},
                        .attribution_window = "30d_click",
                        .rows = {},
                        .complete = true,
                        .incomplete_why = ""};
    const int per = level == Level::kAd ? ads / campaigns : 1;
    for (int d = from; d <= to; ++d) {
      for (int c = a; c < campaigns; c += kAccounts) {
        // An ad's part to the cent, so that ads sum to their campaign.
        const double part = std::floor(Spend(c, d) / (ads / campaigns) * 100) / 100;
        for (int i = 0; i < per; ++i) {
          const double spend = level == Level::kAd ? part : part * (ads / campaigns);
          const auto scale = static_cast<std::int64_t>(level == Level::kAd ? 1 : ads / campaigns);
          report.rows.push_back(
              {.day = kToday - std::chrono::days(days - d),
               .hour = std::nullopt,
               .campaign_id = Campaign(c),
               .ad_group_id = level == Level::kAd ? Campaign(c) + "1" : "",
               .ad_id = level == Level::kAd ? fmt::format("{}{:04}", Campaign(c), i) : "",
               .segment = "",
               .spend = Eur(spend),
               .impressions = 400 * scale,
               .clicks = 8 * scale,
               .conversions_claimed = 0.2 * static_cast<double>(scale),
               .revenue_claimed = Eur(2 * spend),
               .impression_share = {}});
        }
      }
    }
    return report;
  }
};

/// The campaigns of one account as its platform would tell them.
class Reader final : public PlatformReader {
 public:
  Reader(const World& world, int a) : info_(world.Info(a)) {
    can_.platform = info_.account.platform;
    can_.minor_units = MinorUnits::kIso4217;
    can_.daily_overdelivery_bp = 20'000;
    for (int c = a; c < world.campaigns; c += kAccounts) {
      tree_.push_back({Level::kCampaign,
                       world.Campaign(c),
                       "",
                       "",
                       {{"name", fmt::format("campaign {}", c)},
                        {"status", std::string(kActive)},
                        {"daily_budget", Eur(world.Budget(c))}}});
    }
  }
  const Capabilities& capabilities() const override { return can_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector{info_};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override {
    return AccountTree{info_, tree_};
  }
  Result<MetricReport> ReadMetrics(const MetricQuery& query, http::Deadline) override {
    return MetricReport{query, "", {}, true, ""};
  }
  Result<std::vector<Entity>> Find(const FindQuery&, http::Deadline) override { return tree_; }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) override {
    return std::vector<HistoryEvent>{};
  }

 private:
  AccountInfo info_;
  Capabilities can_{};
  std::vector<Entity> tree_;
};

void Run(const World& world, const std::string& dir) {
  const Instant now = Zone::Utc().Begin(kToday) + std::chrono::hours(6);
  VirtualClock clock(now);
  auto store = Must(CampaignStore::Open(dir + "/maxopt.db"));
  auto facts = Must(FactStore::Open(dir + "/facts.duckdb"));
  Must(store->SaveClient({"A", kEur, "UTC"}));
  for (int a = 0; a < kAccounts; ++a) Must(store->SaveAccount({"A", world.Info(a)}));
  fmt::print("{} campaigns, {} ads, {} days\n", world.campaigns, world.ads, world.days);
  Step("load (not part of it)", false, [&] {
    std::int64_t rows = 0;
    std::vector<KpiRow> orders;
    for (int d = 0; d < world.days; ++d) {
      orders.push_back({"A", kToday - days(world.days - d), kEur, 900, Eur(world.Revenue(d))});
    }
    Must(facts->LoadKpi(orders, now, "bench"));
    for (int a = 0; a < kAccounts; ++a) {
      std::vector<Entity> names;
      for (int c = a; c < world.campaigns; c += kAccounts) {
        names.push_back({Level::kCampaign,
                         world.Campaign(c),
                         "",
                         "",
                         {{"name", fmt::format("campaign {}", c)}}});
      }
      Must(facts->LoadEntities(world.Info(a), names, now));
      for (const Level level : {Level::kCampaign, Level::kAd}) {
        for (int d = 0; d < world.days; d += 15) {
          const auto loaded = facts->Load(
              world.Report(a, d, std::min(world.days - 1, d + 14), level), now, "bench");
          rows += Must(loaded).rows;
        }
      }
    }
    return fmt::format("{} rows", rows);
  });
  FactQuery by_ad;
  by_ad.measures = {"spend", "impressions", "clicks", "conversions", "revenue", "cpa", "roas"};
  by_ad.dimensions = {"platform", "campaign", "ad"};
  by_ad.from = kToday - days(world.days);
  by_ad.to = kToday - days(1);
  FactQuery plain = by_ad;
  plain.measures = {"spend"};
  plain.dimensions = {"ad"};
  Step("reference: sums of spend by ad", false,
       [&] { return fmt::format("{} ads", Must(facts->Query(plain)).rows.size()); });
  Step("KPIs by ad", true,
       [&] { return fmt::format("{} rows", Must(facts->Query(by_ad)).rows.size()); });
  Step("segments", true, [&] {
    const auto report = Must(SearchSegments(*store, *facts, clock, "A", {.cuts = {"campaign"}}));
    return fmt::format("{} judged, {} findings", report.judged, report.findings.size());
  });
  Policy policy{"A", kEur, Eur(1'000'000), {}, 1'500, 20, 36, {}};
  const OptimizeWorld optimize{store.get(), facts.get(), &clock,
                               [&](const AccountId& id) -> Result<std::shared_ptr<PlatformReader>> {
                                 for (int a = 0; a < kAccounts; ++a) {
                                   if (world.Account(a) == id)
                                     return std::make_shared<Reader>(world, a);
                                 }
                                 return Fail(Errc::kNotFound, "no such account");
                               },
                               [](std::string_view) { return std::string(); }};
  std::optional<Plan> plan;
  Step("curves, budgets, draft", true, [&] {
    Recommendation got = Must(Recommend(optimize, "A", &policy));
    plan = std::move(got.plan);
    return fmt::format("{} channels, {} changes", got.channels.size(),
                       plan ? plan->changes.size() : 0);
  });
  Step("guards and stored plan", true, [&]() -> std::string {
    if (!plan) return "nothing to do";
    std::vector<AccountTree> trees;
    GuardContext context;
    for (int a = 0; a < kAccounts; ++a) {
      Reader reader(world, a);
      trees.push_back(
          Must(reader.ReadAccount(world.Account(a), http::After(std::chrono::seconds(1)))));
      context.overdelivery_bp[world.Account(a).platform] = 20'000;
    }
    context.live = trees;
    context.facts_learnt_at = context.now = now;
    const GuardVerdict verdict = JudgePlan(*plan, &policy, context);
    plan->changes = SafeOrder(std::move(plan->changes));
    plan->status = verdict.blocked() ? PlanStatus::kBlocked : PlanStatus::kGuarded;
    plan->findings = verdict.findings;
    plan->created_at = now;
    const Plan stored = Must(store->SavePlan(std::move(*plan)));
    return fmt::format("{} is {}", stored.id, PlanStatusName(stored.status));
  });
  fmt::print("{:34} {:8.2f} s wall {:8.2f} s CPU\n", "the decision", total.wall, total.cpu);
}

}  // namespace
}  // namespace maxopt

int main(int argc, char** argv) {
  maxopt::World world{1'000, 100'000, 90};
  std::string dir = (std::filesystem::temp_directory_path() / "maxopt-cycle-bench").string();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--campaigns") world.campaigns = std::atoi(argv[i + 1]);
    if (flag == "--ads") world.ads = std::atoi(argv[i + 1]);
    if (flag == "--days") world.days = std::atoi(argv[i + 1]);
    if (flag == "--dir") dir = argv[i + 1];
  }
  if (world.campaigns < 3 || world.ads < world.campaigns || world.days < 30) {
    fmt::print(stderr, "cycle_bench: at least 3 campaigns, an ad each, 30 days\n");
    return 1;
  }
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  maxopt::Run(world, dir);
  std::filesystem::remove_all(dir);
}
