// How long the levers of bids, hours and places take on an account of many campaigns, from stored
// facts to proposals. levers_bench [campaigns] [ads a campaign]
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "stages/optimize/levers/bids/bids.h"
#include "stages/optimize/levers/hours/hours.h"
#include "stages/optimize/levers/places/places.h"

namespace maxopt {
namespace {

using std::chrono::days;
using Seconds = std::chrono::duration<double>;

class Tree final : public PlatformReader {
 public:
  Tree(AccountTree tree) : tree_(std::move(tree)) { can_.platform = Platform::kGoogleAds; }
  const Capabilities& capabilities() const override { return can_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector<AccountInfo>{tree_.info};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override { return tree_; }
  Result<MetricReport> ReadMetrics(const MetricQuery& q, http::Deadline) override {
    return MetricReport{q, "", {}, true, ""};
  }
  Result<std::vector<Entity>> Find(const FindQuery&, http::Deadline) override {
    return std::vector<Entity>{};
  }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) override {
    return std::vector<HistoryEvent>{};
  }

 private:
  AccountTree tree_;
  Capabilities can_{};
};

Money Eur(double units) { return Money::Micros(static_cast<std::int64_t>(units * 1e6), kEur); }

template <class Run>
void Time(const char* what, const Run& run) {
  const auto begin = std::chrono::steady_clock::now();
  const auto report = run();
  const double took = Seconds(std::chrono::steady_clock::now() - begin).count();
  if (!report) {
    fmt::print("{}: {}\n", what, report.error().what);
    std::exit(1);
  }
  fmt::print("{:8} {:7.2f} s  {} proposals, {} notes\n", what, took, report->opportunities.size(),
             report->notes.size());
}

int Main(int campaigns, int ads) {
  constexpr int kDays = 63;
  const Day today = *ParseDay("2026-03-15");
  const Instant now = Zone::Utc().Begin(today) + std::chrono::hours(8);
  VirtualClock clock(now);
  auto store = *CampaignStore::Open(":memory:");
  auto facts = *FactStore::Open(":memory:");
  const AccountInfo info{{Platform::kGoogleAds, "42"}, "Shop", kEur, "UTC", "active"};
  if (!store->SaveClient({"A", kEur, "UTC"}) || !store->SaveAccount({"A", info})) return 1;
  AccountTree tree{info, {}};
  std::vector<Watch> watches;
  for (int c = 1; c <= campaigns; ++c) {
    const std::string id = std::to_string(c);
    tree.entities.push_back({Level::kCampaign,
                             id,
                             "",
                             "",
                             {{"name", "Campaign " + id},
                              {"status", std::string(kActive)},
                              {"bid_strategy", std::string("target_cpa")},
                              {"target_cpa", Eur(20)},
                              {"daily_budget", Eur(250)},
                              {"countries", std::vector<std::string>{"DE", "AT", "CH"}}}});
    watches.push_back({"A", "campaign/" + id, "cpa", "primary", "25", "above"});
    for (int a = 0; a < ads; ++a) {
      const std::string ad = fmt::format("{}{:04}", c, a);
      if (a % 10 == 0) {
        tree.entities.push_back(
            {Level::kAdGroup, ad + "9", id, id, {{"name", ad}, {"status", std::string(kActive)}}});
      }
      tree.entities.push_back({Level::kAd,
                               ad,
                               tree.entities[tree.entities.size() - 1 - a % 10].id,
                               id,
                               {{"name", ad}, {"status", std::string(kActive)}}});
    }
  }
  if (!store->SaveWatches("A", "campaign", watches)) return 1;

  std::mt19937_64 random(1);
  const auto begin = std::chrono::steady_clock::now();
  std::int64_t rows = 0;
  // A week at a time, as reports come.
  for (Day from = today - days(kDays); from < today; from += days(7)) {
    const Day to = from + days(6);
    MetricReport whole{{info.account, Level::kCampaign, Grain::kDay, Breakdown::kNone, from, to},
                       "",
                       {},
                       true,
                       ""};
    MetricReport hours = whole, countries = whole;
    hours.query.grain = Grain::kHour;
    countries.query.breakdown = Breakdown::kCountry;
    for (Day day = from; day <= to; day += days(1)) {
      for (int c = 1; c <= campaigns; ++c) {
        const std::string id = std::to_string(c);
        double sum = 0;
        for (int hour = 0; hour < 24; ++hour) {
          const bool night = c % 10 == 0 && hour < 4;
          const double n = std::poisson_distribution<int>(night ? 0.1 : 0.5)(random);
          sum += n;
          hours.rows.push_back({day, hour, id, "", "", "", Eur(10), 1'000, 20, n, {}, {}});
        }
        for (const char* country : {"DE", "AT", "CH"}) {
          countries.rows.push_back(
              {day, {}, id, "", "", country, Eur(80), 8'000, 160, sum / 3, {}, {}});
        }
        whole.rows.push_back({day, {}, id, "", "", "", Eur(240), 24'000, 480, sum, {}, 0.5});
      }
    }
    for (const MetricReport* report : {&whole, &hours, &countries}) {
      rows += static_cast<std::int64_t>(report->rows.size());
      const auto loaded = facts->Load(*report, now - std::chrono::hours(2), "bench");
      if (!loaded) {
        fmt::print("{}\n", loaded.error().what);
        return 1;
      }
    }
  }
  fmt::print("{} campaigns, {} objects, {} rows of {} days, loaded in {:.1f} s\n", campaigns,
             tree.entities.size(), rows, kDays,
             Seconds(std::chrono::steady_clock::now() - begin).count());

  const auto reader = std::make_shared<Tree>(std::move(tree));
  const LeverWorld world{
      store.get(), facts.get(), &clock,
      [&](const AccountId&) -> Result<std::shared_ptr<PlatformReader>> { return reader; }};
  const auto read_begin = std::chrono::steady_clock::now();
  const auto state = ReadLeverState(world, "A", nullptr, kDays);
  if (!state) return 1;
  fmt::print("{:8} {:7.2f} s\n", "state",
             Seconds(std::chrono::steady_clock::now() - read_begin).count());
  Time("bids", [&] { return BidLever(world, *state); });
  Time("hours", [&] { return HourLever(world, *state); });
  Time("places", [&] { return PlaceLever(world, *state); });
  return 0;
}

}  // namespace
}  // namespace maxopt

int main(int argc, char** argv) {
  return maxopt::Main(argc > 1 ? std::atoi(argv[1]) : 1'000, argc > 2 ? std::atoi(argv[2]) : 100);
}
