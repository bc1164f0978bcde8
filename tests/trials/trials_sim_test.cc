// A switchback lived through in the simulator: started on a campaign with a past, switched by the
// daily round through the platform's own protocol, put back, read on the shop's books and held
// against the truth of the market, which the product cannot see.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <set>

#include "app/demo/demo.h"
#include "app/trials/trials.h"
#include "memory/campaigns/ledger.h"
#include "sim/world/world.h"
#include "stages/optimize/trials/record.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr int kHistory = 90;

TEST(TrialsInTheSimulator, ASwitchbackFindsWhatTheMarketHides) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("maxopt_trials_{}", ::getpid());
  fs::remove_all(folder);
  sim::WorldOptions options;
  options.seed = 5;
  const Day launch = *ParseDay("2026-05-01");
  options.first_day = launch - days(kHistory);
  auto made = sim::World::Make(options);
  ASSERT_TRUE(made) << made.error().what;
  sim::World& world = **made;
  sim::HistoryOptions past;
  past.days = kHistory;
  const auto history = sim::LiveThroughHistory(world, past);
  ASSERT_TRUE(history) << history.error().what;
  ASSERT_TRUE(world.Listen({}));
  ASSERT_TRUE(Home::Init(folder));
  const auto connections = ConnectionsYaml(world);
  ASSERT_TRUE(connections);
  ASSERT_TRUE(WriteWholeFile(folder / "connections.yaml", *connections));
  ASSERT_TRUE(WriteWholeFile(folder / "policy.yaml",
                             "maxopt: policy/1\nclient: Alpenglow\ncurrency: EUR\n"
                             "worst_day_cap: 20000\nmode: act\nauto_approve: [experiment]\n"));
  {
    const std::shared_ptr<Clock> clock(std::shared_ptr<void>(), &world.clock());
    auto opened = Home::Open(folder, clock);
    ASSERT_TRUE(opened) << opened.error().what;
    Home& home = **opened;
    const auto connected = home.Connect();
    ASSERT_TRUE(connected) << connected.error().what;
    const std::string client = past.client;
    const auto campaign =
        std::find_if(history->campaigns.begin(), history->campaigns.end(), [](const auto& c) {
          return c.account.platform == Platform::kMeta && c.channel == "social-prospecting";
        });
    ASSERT_NE(campaign, history->campaigns.end());

    const Zone zone = *Zone::Find(options.shop_zone);
    Day today = zone.DayOf(world.clock().Now());
    const auto book = [&](Day from, Day to) {
      std::vector<KpiRow> rows;
      for (const sim::ShopDay& day : world.market().Shop(from, to)) {
        rows.push_back(
            {client, day.day, kEur, day.orders, Money::Micros(day.revenue_micros, kEur)});
      }
      const auto loaded = home.facts().LoadKpi(rows, home.clock().Now(), "the shop");
      EXPECT_TRUE(loaded) << loaded.error().what;
    };
    book(today - days(kHistory), today - days(1));

    Trial trial;
    trial.id = "alpenglow/prospecting-pause";
    trial.client = client;
    trial.channel = "meta/social-prospecting";
    trial.title = "meta/social-prospecting: paused by blocks";
    trial.why = "to be known";
    trial.source = "books";
    trial.block_days = 2;
    trial.burn_in_days = 1;
    for (int i = 0; i < 14; ++i) trial.schedule.push_back(i % 4 == 1 || i % 4 == 2);
    trial.design.days = 28;
    trial.proposed_at = home.clock().Now();
    trial.moves = {{campaign->account, Level::kCampaign, campaign->campaign_id,
                    campaign->campaign_id, "campaign/" + campaign->campaign_id, campaign->name,
                    "status", FieldValue(std::string(kActive)), FieldValue(std::string(kActive)),
                    FieldValue(std::string(kPaused))}};
    ASSERT_TRUE(trials::Keep(home.store(), trial, home.clock().Now()));

    // Automatic plans want fresh facts.
    const auto look = [&] {
      MonitorOptions monitor;
      monitor.depth = MonitorDepth::kHour;
      const auto report = Monitor(home.monitor_world(), client, monitor);
      EXPECT_TRUE(report) << report.error().what;
    };
    look();
    const auto policy = home.PolicyOf(client);
    ASSERT_TRUE(policy && *policy);
    const auto started = StartTrial(TrialsWorldOf(home), client, trial.id, "anna", &**policy);
    ASSERT_TRUE(started) << started.error().what;
    ASSERT_EQ(started->state, TrialState::kRunning) << TrialText(*started);
    const auto read = [&] { return *trials::Find(home.store(), client, trial.id); };
    for (int i = 0; i < 40 && read().open(); ++i) {
      today += days(1);
      world.AdvanceTo(zone.Begin(today) + minutes(10));
      book(today - days(3), today - days(1));
      look();
      const auto round = AdvanceTrialsOf(home, client);
      ASSERT_TRUE(round) << round.error().what;
      EXPECT_TRUE(round->problems.empty()) << round->problems.front();
    }
    const Trial over = read();
    ASSERT_EQ(over.state, TrialState::kMeasured) << TrialText(over);
    const TrialReading& reading = over.readings.at(0);
    ASSERT_TRUE(reading.daily);

    // As it was found.
    const auto trees = home.ReadTrees({campaign->account});
    ASSERT_TRUE(trees);
    for (const Entity& entity : trees->at(campaign->account).entities) {
      if (entity.id != campaign->campaign_id) continue;
      EXPECT_EQ(TextField(entity.fields, "status"), kActive);
    }

    // Truth: what its days on brought above its days off, the first of each block left out.
    double on = 0, off = 0;
    int days_on = 0, days_off = 0;
    for (const sim::TruthDay& day : world.market().Truth(reading.first, reading.last)) {
      if (day.platform != Platform::kMeta || day.audience != campaign->audience) continue;
      const auto index = (day.day - reading.first).count();
      if (index % trial.block_days < trial.burn_in_days) continue;
      if (trial.schedule[static_cast<std::size_t>(index / trial.block_days)]) {
        on += day.revenue_incremental;
        ++days_on;
      } else {
        off += day.revenue_incremental;
        ++days_off;
      }
    }
    ASSERT_EQ(days_on, 7);  // seven blocks on, the second day of each
    const double truth = on / days_on - off / std::max(1, days_off);
    const double se = (reading.daily->high - reading.daily->low) / (2 * 2.2);
    fmt::print("{}\ntruth {:.0f} a day\n", TrialText(over), truth);
    EXPECT_GT(truth, 0);
    EXPECT_NEAR(reading.daily->value, truth, 3.5 * se);
    EXPECT_EQ(FinishedLifts(home.store(), client)->size(), 1u);
    EXPECT_GE(Ledger(home.store(), {client, "done", "", 1000})->size(), 6u);
    EXPECT_TRUE(CheckLedger(home.store(), "")->broken.empty());
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace maxopt
