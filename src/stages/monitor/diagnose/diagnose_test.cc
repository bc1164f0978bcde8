#include "stages/monitor/diagnose/diagnose.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "memory/campaigns/competitors_for_test.h"

namespace maxopt {
namespace {

using std::chrono::days;

const AccountInfo kAccount{{Platform::kMeta, "42"}, "Alpenglow", kEur, "Europe/Berlin", "active"};

/// One campaign, "7", with the same clicks every day and conversions as each test says.
class DiagnoseTest : public testing::Test {
 protected:
  DiagnoseTest() {
    store_ = *CampaignStore::Open(":memory:");
    facts_ = *FactStore::Open(":memory:");
    EXPECT_TRUE(store_->SaveClient({"Alpenglow", kEur, "Europe/Berlin"}));
    EXPECT_TRUE(store_->SaveAccount({"Alpenglow", kAccount}));
  }

  void Load(Day from, Day to, double conversions) {
    std::vector<MetricRow> rows;
    for (Day day = from; day <= to; day += days(1)) {
      rows.push_back({day,
                      {},
                      "7",
                      {},
                      {},
                      {},
                      Money::Micros(100'000'000, kEur),
                      10'000,
                      200,
                      conversions,
                      Money::Micros(400'000'000, kEur),
                      {}});
    }
    const auto loaded =
        facts_->Load({{kAccount.account, Level::kCampaign, Grain::kDay, Breakdown::kNone, from, to},
                      "7d_click+1d_view",
                      rows,
                      true,
                      ""},
                     now_, "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
  }
  /// What is said of a cause whose name begins so.
  Diagnosis::Cause Cause(const std::string& begins) {
    Condition condition;
    condition.client = "Alpenglow";
    condition.detector = "anomaly";
    condition.account = kAccount.account;
    condition.level = Level::kCampaign;
    condition.object_id = "7";
    condition.kpi = "conversions";
    condition.since = now_ - days(2);
    const auto diagnosis =
        DiagnoseCondition({store_.get(), facts_.get(), {}, nullptr}, condition, now_);
    EXPECT_TRUE(diagnosis && *diagnosis);
    if (!diagnosis || !*diagnosis) return {};
    const auto& causes = (*diagnosis)->causes;
    const auto found = std::ranges::find_if(
        causes, [&](const Diagnosis::Cause& c) { return c.what.starts_with(begins); });
    EXPECT_NE(found, causes.end()) << begins;
    return found == causes.end() ? Diagnosis::Cause{} : *found;
  }

  Instant now_ = *ParseInstant("2026-11-19T11:00:00Z");  // a Thursday
  std::unique_ptr<CampaignStore> store_;
  std::unique_ptr<FactStore> facts_;
};

TEST_F(DiagnoseTest, WithoutAYearAndAHolidayTheSeasonIsNotChecked) {
  Load(*ParseDay("2026-10-15"), *ParseDay("2026-11-16"), 10);
  Load(*ParseDay("2026-11-17"), *ParseDay("2026-11-18"), 4);
  EXPECT_EQ(Cause("season").verdict, Diagnosis::Verdict::kNotChecked);
}

TEST_F(DiagnoseTest, AYearAgoTheSameDaysFellToo) {
  Load(*ParseDay("2025-10-15"), *ParseDay("2025-11-17"), 10);
  Load(*ParseDay("2025-11-18"), *ParseDay("2025-11-19"), 4);  // 364 days before
  Load(*ParseDay("2026-10-15"), *ParseDay("2026-11-16"), 10);
  Load(*ParseDay("2026-11-17"), *ParseDay("2026-11-18"), 4);
  const Diagnosis::Cause season = Cause("season");
  EXPECT_EQ(season.verdict, Diagnosis::Verdict::kLikely) << season.evidence;
}

TEST_F(DiagnoseTest, AYearAgoTheyDidNot) {
  Load(*ParseDay("2025-10-15"), *ParseDay("2025-11-19"), 10);
  Load(*ParseDay("2026-10-15"), *ParseDay("2026-11-16"), 10);
  Load(*ParseDay("2026-11-17"), *ParseDay("2026-11-18"), 4);
  const Diagnosis::Cause season = Cause("season");
  EXPECT_EQ(season.verdict, Diagnosis::Verdict::kRuledOut) << season.evidence;
}

TEST_F(DiagnoseTest, AHolidayIsNamed) {
  now_ = *ParseInstant("2026-12-27T11:00:00Z");
  Load(*ParseDay("2026-11-20"), *ParseDay("2026-12-24"), 10);
  Load(*ParseDay("2026-12-25"), *ParseDay("2026-12-26"), 4);
  const Diagnosis::Cause season = Cause("season");
  EXPECT_EQ(season.verdict, Diagnosis::Verdict::kPossible);
  EXPECT_NE(season.evidence.find("2026-12-25 is Christmas Day (DE)"), std::string::npos)
      << season.evidence;
}

TEST_F(DiagnoseTest, ACompetitorsMoveIsNamedWhereAndWhenItWas) {
  Load(*ParseDay("2026-10-15"), *ParseDay("2026-11-16"), 10);
  Load(*ParseDay("2026-11-17"), *ParseDay("2026-11-18"), 4);
  EXPECT_EQ(Cause("a competitor").evidence, "nobody has sent competitive intelligence");
  const auto sent = [&](const std::string& id, const std::string& day, nlohmann::json finding) {
    finding["competitor"] = "Ridgeline";
    finding["confidence"] = "high";
    finding["source"] = "price watch";
    SendCompetitorMove(*store_, id, now_ - days(1), day, finding);
  };
  // Of another platform, another market, or long ago: no candidate, and that is said.
  sent("ci-1", "2026-11-15", {{"what", "offer"}, {"direction", "new"}, {"platform", "google_ads"}});
  sent("ci-2", "2026-11-15", {{"what", "offer"}, {"direction", "new"}, {"country", "US"}});
  sent("ci-3", "2026-10-20", {{"what", "offer"}, {"direction", "new"}, {"platform", "meta"}});
  EXPECT_EQ(Cause("a competitor").evidence, "what was sent names no move here in these days");
  // Conversions per click fell from 5 % to 2 %: possible, and no more than that.
  sent("ci-4", "2026-11-15",
       {{"what", "offer"}, {"direction", "new"}, {"platform", "meta"}, {"country", "DE"}});
  const Diagnosis::Cause cause = Cause("a competitor");
  EXPECT_EQ(cause.verdict, Diagnosis::Verdict::kPossible);
  EXPECT_EQ(cause.evidence,
            "2026-11-15: Ridgeline, offer new on meta in DE (high, price watch; ci-4 from maya); "
            "here cvr -60 %");
  // The price of impressions did not move: an auction that got dearer is ruled out here.
  sent("ci-5", "2026-11-14", {{"what", "auction"}, {"direction", "up"}, {"platform", "meta"}});
  EXPECT_NE(Cause("a competitor").evidence.find("ci-5"), std::string::npos);
}

}  // namespace
}  // namespace maxopt
