// How long the pages' data take: a made home of N campaigns in ten accounts, 28 days each, and the
// views that a dashboard opens first. Prints the median of several runs.
//   views_bench [CAMPAIGNS] [RUNS]
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <vector>

#include "app/views/views.h"
#include "stages/report/forms/forms.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;

constexpr int kAccounts = 10;

bool Check(const Result<>& done) {
  if (!done) fmt::print(stderr, "{}\n", done.error().what);
  return done.has_value();
}

bool Make(Home& home, int campaigns, Day first, Day last, Instant at) {
  std::mt19937_64 random(1);
  if (!Check(home.store().SaveClient({"Bench", kEur, "Europe/Berlin"}))) return false;
  for (int a = 0; a < kAccounts; ++a) {
    const AccountInfo info{
        {a % 2 == 0 ? Platform::kGoogleAds : Platform::kMeta, std::to_string(1'000'000 + a)},
        fmt::format("Account {}", a),
        kEur,
        "Europe/Berlin",
        "active"};
    if (!Check(home.store().SaveAccount({"Bench", info}))) return false;
    MetricReport report{};
    report.query.account = info.account;
    report.query.from = first;
    report.query.to = last;
    report.attribution_window = "30d_click";
    std::vector<Entity> entities;
    for (int c = a; c < campaigns; c += kAccounts) {
      Entity campaign{};
      campaign.level = Level::kCampaign;
      campaign.id = std::to_string(20'000'000 + c);
      campaign.fields["name"] = fmt::format("Campaign {} of account {}", c, a);
      for (Day day = first; day <= last; day += days(1)) {
        const auto clicks = static_cast<std::int64_t>(random() % 500);
        report.rows.push_back({.day = day,
                               .hour = std::nullopt,
                               .campaign_id = campaign.id,
                               .ad_group_id = "",
                               .ad_id = "",
                               .segment = "",
                               .spend = Money::Micros(clicks * 430'000, kEur),
                               .impressions = clicks * 40,
                               .clicks = clicks,
                               .conversions_claimed = static_cast<double>(clicks) / 30,
                               .revenue_claimed = Money::Micros(clicks * 2'000'000, kEur),
                               .impression_share = std::nullopt});
      }
      entities.push_back(std::move(campaign));
    }
    const auto loaded = home.facts().Load(report, at, "bench");
    if (!loaded) {
      fmt::print(stderr, "{}\n", loaded.error().what);
      return false;
    }
    if (!Check(home.facts().LoadEntities(info, entities, at))) return false;
  }
  return true;
}

int Run(int campaigns, int runs) {
  std::string folder = (fs::temp_directory_path() / "maxopt-views-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const Instant now = *ParseInstant("2026-03-29T12:00:00Z");
  const auto clock = std::make_shared<VirtualClock>(now);
  int code = 1;
  {
    auto home = Home::Open(folder, clock);
    if (home && Make(**home, campaigns, *ParseDay("2026-03-01"), *ParseDay("2026-03-28"),
                     now - std::chrono::hours(1))) {
      code = 0;
      struct Case {
        const char* what;
        ViewQuery query;
      };
      ViewQuery page;
      page.view = "campaigns";
      page.sort = "-spend";
      page.limit = 100;
      ViewQuery compared = page;
      compared.compare = "previous";
      ViewQuery whole;
      whole.view = "campaigns";
      ViewQuery series;
      series.view = "series";
      ViewQuery overview;
      overview.view = "overview";
      for (const Case& one :
           {Case{"overview", overview}, Case{"series by day", series},
            Case{"campaigns, 100 with most spend", page},
            Case{"the same beside the period before", compared}, Case{"campaigns, all", whole}}) {
        std::vector<double> ms;
        std::size_t rows = 0, bytes = 0;
        for (int run = 0; run < runs; ++run) {
          const auto begin = std::chrono::steady_clock::now();
          const auto view = MakeView(**home, one.query);
          if (!view) {
            fmt::print(stderr, "{}: {}\n", one.what, view.error().what);
            return 1;
          }
          const std::string json = ToJson(*view);
          ms.push_back(
              std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
                  .count());
          rows = view->rows.size();
          bytes = json.size();
        }
        std::ranges::sort(ms);
        fmt::print("{:<36} {:>6} campaigns {:>6} rows {:>9} bytes of JSON  median {:>8.1f} ms\n",
                   one.what, campaigns, rows, bytes, ms[ms.size() / 2]);
      }
    } else if (!home) {
      fmt::print(stderr, "{}\n", home.error().what);
    }
  }
  fs::remove_all(folder);
  return code;
}

}  // namespace
}  // namespace maxopt

int main(int argc, char** argv) {
  const int campaigns = argc > 1 ? std::atoi(argv[1]) : 10'000;
  const int runs = argc > 2 ? std::atoi(argv[2]) : 5;
  if (campaigns < 1 || runs < 1) {
    fmt::print(stderr, "views_bench [CAMPAIGNS] [RUNS]\n");
    return 1;
  }
  return maxopt::Run(campaigns, runs);
}
