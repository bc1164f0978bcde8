#include "monitor_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace maxopt::monitoring {
namespace {

/// One client on three platforms for eight days, the whole product in between: somebody pauses a
/// campaign, later sets ten times a budget. The sixty days of docs/monitoring.md in small.
TEST(MonitorRun, WhatIsPlantedIsFoundAndTheStoreIsThePlatformsTruth) {
  Options options;
  options.accounts = 3;
  options.history_days = 35;
  options.days = 8;
  options.every_hours = 6;
  options.plants_per_client = 2;
  options.folder = testing::TempDir() + "monitor_run";
  const Outcome outcome = monitoring::Run(options);
  EXPECT_TRUE(outcome.errors.empty()) << outcome.errors.front();
  EXPECT_TRUE(outcome.differences.empty()) << outcome.differences.front();
  EXPECT_GE(outcome.slices_compared, 38);  // five campaigns, eight closed days, one paused
  ASSERT_EQ(outcome.plants.size(), 2u);
  for (const Plant& plant : outcome.plants) {
    ASSERT_TRUE(plant.found) << plant.kind;
    EXPECT_LE(*plant.found - plant.from, std::chrono::hours(12)) << plant.kind;
  }
  EXPECT_TRUE(std::ranges::any_of(outcome.alerts,
                                  [](const ToldAlert& a) { return a.detector == "runaway"; }));
  for (const ToldAlert& alert : outcome.alerts) {
    EXPECT_FALSE(alert.false_alert) << alert.title;
  }
  std::filesystem::remove_all(options.folder);
}

}  // namespace
}  // namespace maxopt::monitoring
