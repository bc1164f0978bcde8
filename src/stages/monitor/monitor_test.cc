#include "stages/monitor/monitor.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

using std::chrono::days;

const AccountId kMeta{Platform::kMeta, "2"};

/// Answers each query with one row a day, or as told.
class Scripted final : public PlatformReader {
 public:
  std::vector<MetricQuery> asked;
  bool down = false;
  bool incomplete = false;
  Currency currency = kEur;

  Scripted() {
    capabilities_.platform = Platform::kMeta;
    capabilities_.restatement_days = 28;
    capabilities_.hour_levels = {Level::kCampaign};
    capabilities_.breakdowns = {Breakdown::kDevice};
  }
  const Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector<AccountInfo>{};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override {
    return AccountTree{{kMeta, "m", currency, "UTC", "active"}, {}};
  }
  Result<MetricReport> ReadMetrics(const MetricQuery& query, http::Deadline) override {
    if (down) return Fail(Errc::kUnavailable, "down");
    asked.push_back(query);
    MetricReport report{query, "7d_click", {}, !incomplete, incomplete ? "page 2 is missing" : ""};
    for (Day day = query.from; day <= query.to; day += days(1)) {
      MetricRow row{day, {}, "1", "", "", "", Money::Micros(1'000'000, kEur), 1, 1, {}, {}, {}};
      if (query.grain == Grain::kHour) row.hour = 3;
      if (query.level == Level::kAd) row.ad_group_id = "2", row.ad_id = "3";
      if (query.breakdown != Breakdown::kNone) row.segment = "mobile";
      report.rows.push_back(row);
    }
    return report;
  }
  Result<std::vector<Entity>> Find(const FindQuery&, http::Deadline) override {
    return std::vector<Entity>{};
  }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) override {
    return std::vector<HistoryEvent>{};
  }

 private:
  Capabilities capabilities_{};
};

class MonitorTest : public testing::Test {
 protected:
  MonitorTest() {
    EXPECT_TRUE(store_->SaveClient({"A", kEur, "UTC"}));
    EXPECT_TRUE(store_->SaveAccount({"A", {kMeta, "m", kEur, "UTC", "active"}}));
  }
  Result<MonitorReport> Run(MonitorDepth depth) {
    return Monitor(
        {store_.get(), facts_.get(), &clock_,
         [this](const AccountId&) -> Result<std::shared_ptr<PlatformReader>> { return platform_; }},
        "A", {.depth = depth});
  }
  std::string Spend() {
    FactQuery query;
    query.measures = {"spend"};
    const auto table = facts_->Query(query);
    return table && !table->rows.empty() ? table->rows[0].back().text : "none";
  }
  VirtualClock clock_{*ParseInstant("2026-03-29T12:00:00Z")};
  std::shared_ptr<Scripted> platform_ = std::make_shared<Scripted>();
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
};

TEST_F(MonitorTest, TheDailyRoundReadsTheWholeRestatementWindow) {
  const auto report = Run(MonitorDepth::kDay);
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_TRUE(report->complete());
  // Today and yesterday first, then the week, then the rest of the 28 days.
  EXPECT_EQ(platform_->asked[0].from, *ParseDay("2026-03-28"));
  EXPECT_EQ(platform_->asked[0].to, *ParseDay("2026-03-29"));
  EXPECT_EQ(platform_->asked.back().from, *ParseDay("2026-03-01"));
  EXPECT_EQ(report->accounts[0].reports, 11);  // 4, 3 and 3 kinds of slices, and past hours
  EXPECT_EQ(Spend(), "29.00");  // 29 days once: levels, hours and breakdowns are not added up
  const auto again = Run(MonitorDepth::kDay);
  EXPECT_EQ(again->accounts[0].loaded.slices_new, 0);
  EXPECT_EQ(again->accounts[0].loaded.slices_restated, 0);
  EXPECT_EQ(again->accounts[0].reports, 0);  // all of it is a moment old
  EXPECT_EQ(again->accounts[0].fresh, 29 + 29 + 2 + 28);
}

TEST_F(MonitorTest, TheHourlyRoundIsShort) {
  ASSERT_TRUE(Run(MonitorDepth::kHour));
  EXPECT_EQ(platform_->asked.size(), 2u);
  EXPECT_EQ(platform_->asked[0].from, *ParseDay("2026-03-28"));
}

TEST_F(MonitorTest, WhatIsDownOrIncompleteIsAProblemAndNotLoaded) {
  platform_->incomplete = true;
  const auto partial = Run(MonitorDepth::kDay);
  ASSERT_TRUE(partial);
  EXPECT_FALSE(partial->complete());
  EXPECT_NE(partial->accounts[0].problems[0].find("page 2 is missing"), std::string::npos);
  EXPECT_EQ(Spend(), "none");
  platform_->down = true;
  EXPECT_FALSE(Run(MonitorDepth::kDay)->complete());
}

TEST_F(MonitorTest, AnotherCurrencyStopsTheReading) {
  platform_->currency = kUsd;
  const auto report = Run(MonitorDepth::kDay);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->complete());
  EXPECT_TRUE(platform_->asked.empty());
}

}  // namespace
}  // namespace maxopt
