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
