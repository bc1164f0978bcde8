#include "stages/optimize/segments/segments.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

using std::chrono::days;

const AccountId kAccount{Platform::kMeta, "42"};
Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }

class SegmentsTest : public testing::Test {
 protected:
  SegmentsTest() {
    EXPECT_TRUE(store_->SaveClient({"A", kEur, "UTC"}));
    EXPECT_TRUE(store_->SaveAccount({"A", {kAccount, "Shop", kEur, "UTC", "active"}}));
  }
  /// 28 days of two devices in one campaign: 100 a day each, conversions a day as given.
  void Load(double mobile, double desktop) {
    MetricReport report{
        {kAccount, Level::kCampaign, Grain::kDay, Breakdown::kDevice, first_, first_ + days(27)},
        "7d_click",
        {},
        true,
        ""};
    for (Day day = report.query.from; day <= report.query.to; day += days(1)) {
      for (const auto& [device, conversions] :
           {std::pair("mobile", mobile), std::pair("desktop", desktop)}) {
        MetricRow row{day, {}, "1", "", "", device, Eur(100), 5'000, 100, {}, {}, {}};
        row.conversions_claimed = conversions;
        row.revenue_claimed = Eur(static_cast<std::int64_t>(50 * conversions));
        report.rows.push_back(std::move(row));
      }
    }
    const auto loaded = facts_->Load(report, clock_.Now(), "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
  }
  Result<SegmentReport> Run(SegmentSearch search) {
    search.cuts = {"device"};
    return SearchSegments(*store_, *facts_, clock_, "A", search);
  }
  const Day first_ = *ParseDay("2026-04-01");
  VirtualClock clock_{*ParseInstant("2026-04-29T12:00:00Z")};
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
};

TEST_F(SegmentsTest, FindsTheDeviceThatCostsTwiceAsMuch) {
  Load(8, 4);
  const auto report = Run({});
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(PrintDay(report->from), "2026-04-01");
  EXPECT_EQ(PrintDay(report->to), "2026-04-28");
  ASSERT_FALSE(report->findings.empty());
  const auto desktop =
      std::find_if(report->findings.begin(), report->findings.end(), [](const SegmentFinding& f) {
        return f.path.back() == std::pair<std::string, std::string>("device", "desktop") &&
               f.path.size() == 3;
      });
  ASSERT_NE(desktop, report->findings.end());
  const Segment& s = desktop->segment;
  EXPECT_EQ(s.verdict, SegmentVerdict::kBelow);
  // 112 conversions for 2,800 against 224: at most shrunk a little towards it.
  EXPECT_NEAR(s.rate_raw, 0.04, 1e-9);
  EXPECT_NEAR(s.reference, 0.08, 0.001);  // drawn a little to the whole
  EXPECT_GT(s.rate, 0.039);
  EXPECT_LT(s.rate, 0.06);
  // A conversion costs 5,600 / 336 on average; at most 112 of them are missing.
  EXPECT_LT(s.stake, 0);
  EXPECT_GT(s.stake, -112 * 5'600.0 / 336 - 1e-6);
  EXPECT_NE(desktop->what.find("CPA EUR "), std::string::npos) << desktop->what;
}

TEST_F(SegmentsTest, WhatDoesNotDifferIsNoFinding) {
  Load(6, 6);
  SegmentSearch search;
  for (const SegmentKpi kpi :
       {SegmentKpi::kConversions, SegmentKpi::kRevenue, SegmentKpi::kClicks}) {
    search.kpi = kpi;
    const auto report = Run(search);
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_TRUE(report->findings.empty()) << report->findings[0].what;
    EXPECT_GT(report->judged, 0);
  }
}

TEST_F(SegmentsTest, DaysThatAreStillComingInAreLeftOut) {
  Load(8, 4);
  DayQuality young;
  young.account = kAccount;
  young.day = first_ + days(25);
  young.share_known = 0.6;
  ASSERT_TRUE(facts_->SaveQuality({young}));
  const auto report = Run({});
  ASSERT_TRUE(report);
  EXPECT_EQ(PrintDay(report->to), "2026-04-25");
  EXPECT_FALSE(report->notes.empty());
}

TEST_F(SegmentsTest, Nonsense) {
  SegmentSearch search;
  search.days = 3;
  EXPECT_EQ(Run(search).error().code, Errc::kInvalidArgument);
  search.days = 28;
  search.cuts = {"weather"};
  const auto unknown = SearchSegments(*store_, *facts_, clock_, "A", search);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().what.find("there are campaign"), std::string::npos);
  EXPECT_FALSE(SearchSegments(*store_, *facts_, clock_, "B", {}));
  const auto empty = Run({});
  ASSERT_TRUE(empty) << empty.error().what;
  EXPECT_TRUE(empty->findings.empty());
  EXPECT_EQ(empty->notes.size(), 1u);
}

}  // namespace
}  // namespace maxopt
