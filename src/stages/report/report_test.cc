#include "stages/report/report.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

const AccountId kMeta{Platform::kMeta, "2"};

class ReportTest : public testing::Test {
 protected:
  ReportTest() {
    EXPECT_TRUE(store_->SaveClient({"A", kEur, "UTC"}));
    EXPECT_TRUE(store_->SaveAccount({"A", {kMeta, "m", kEur, "UTC", "active"}}));
  }
  Result<Report> Write() {
    ReportOptions options;
    options.client = "A";
    options.from = *ParseDay("2026-03-02");
    options.to = *ParseDay("2026-03-08");
    options.now = *ParseInstant("2026-03-10T00:00:00Z");
    return WriteReport(*store_, *facts_, options);
  }
  void Load(const std::string& campaign_name) {
    const Day day = *ParseDay("2026-03-03");
    const MetricReport report{
        {kMeta, Level::kCampaign, Grain::kDay, Breakdown::kNone, day, day},
        "7d_click+1d_view",
        {{day, std::nullopt, "11", "", "", "", Money::Micros(1'234'560'000, kEur), 10'000, 100, 4.0,
          Money::Micros(2'469'120'000, kEur), std::nullopt}},
        true,
        ""};
    const Instant at = *ParseInstant("2026-03-09T00:00:00Z");
    ASSERT_TRUE(facts_->Load(report, at, "test"));
    ASSERT_TRUE(facts_->LoadEntities({kMeta, "m", kEur, "UTC", "active"},
                                     {{Level::kCampaign, "11", "", "", {{"name", campaign_name}}}},
                                     at));
  }
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
};

TEST_F(ReportTest, ShowsTheNumbersAsTheyAre) {
  Load("A | social | Spring");
  const auto report = Write();
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_NE(report->markdown.find("1\u202f234.56 EUR"), std::string::npos);
  EXPECT_NE(report->markdown.find("| CTR | 1.00 % |"), std::string::npos);
  EXPECT_NE(report->markdown.find("| ROAS the platforms claim | 2.00 |"), std::string::npos);
  EXPECT_NE(report->html.find("1\u202f234.56 EUR"), std::string::npos);
  EXPECT_NE(report->html.find("<svg"), std::string::npos);
}

TEST_F(ReportTest, ObservedRevenueIsDividedOnlyWhenEveryDayIsKnown) {
  Load("A | social | Spring");
  const Instant at = *ParseInstant("2026-03-09T00:00:00Z");
  const auto load = [&](int first, int last) {
    std::vector<KpiRow> rows;
    for (int day = first; day <= last; ++day) {
      rows.push_back({"A", *ParseDay("2026-03-01") + std::chrono::days(day - 1), kEur, 10,
                      Money::Micros(1'234'560'000, kEur)});
    }
    ASSERT_TRUE(facts_->LoadKpi(rows, at, "test"));
  };
  load(2, 7);
  const auto some = Write();
  ASSERT_TRUE(some);
  EXPECT_EQ(some->markdown.find("Observed revenue over spend"), std::string::npos);
  EXPECT_NE(some->markdown.find("of 6 of the 7 days only"), std::string::npos);
  load(8, 8);
  const auto all = Write();  // seven days of 1,234.56 over a spend of 1,234.56
  ASSERT_TRUE(all);
  EXPECT_NE(all->markdown.find("| Observed revenue over spend, all sources | 7.00 |"),
            std::string::npos);
}

TEST_F(ReportTest, HostileNamesStayText) {
  Load("<script>alert(1)</script> ![x](file:///etc/passwd) <iframe src=file:///etc/passwd>");
  const auto report = Write();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->html.find("<script"), std::string::npos);
  EXPECT_EQ(report->html.find("<iframe"), std::string::npos);
  EXPECT_EQ(report->html.find("<img"), std::string::npos);
  EXPECT_NE(report->html.find("&lt;script"), std::string::npos);
}

TEST_F(ReportTest, NoDataIsSaidNotZero) {
  const auto report = Write();
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_NE(report->markdown.find("No delivery was reported"), std::string::npos);
  EXPECT_NE(report->markdown.find("No orders of the client were imported"), std::string::npos);
}

TEST_F(ReportTest, RefusesAnEmptyPeriodAndAnUnknownClient) {
  ReportOptions options;
  options.client = "A";
  options.from = *ParseDay("2026-03-08");
  options.to = *ParseDay("2026-03-02");
  EXPECT_FALSE(WriteReport(*store_, *facts_, options));
  options.to = options.from;
  options.client = "Nobody";
  EXPECT_EQ(WriteReport(*store_, *facts_, options).error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace maxopt
