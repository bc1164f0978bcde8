#include "stages/monitor/pacing/campaign_pace.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

using std::chrono::days;

const AccountId kAccount{Platform::kMeta, "880011223344"};
Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }

class Live final : public PlatformReader {
 public:
  AccountTree tree{{kAccount, "Shop", kEur, "UTC", "active"}, {}};
  bool down = false;
  Live() {
    capabilities_.platform = Platform::kMeta;
    capabilities_.daily_overdelivery_bp = 12'500;
    capabilities_.minor_units = MinorUnits::kMeta;
  }
  const Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector<AccountInfo>{};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override {
    if (down) return Fail(Errc::kUnavailable, "down");
    return tree;
  }
  Result<MetricReport> ReadMetrics(const MetricQuery&, http::Deadline) override {
    return Fail(Errc::kUnavailable, "not asked");
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

class CampaignPaceTest : public testing::Test {
 protected:
  CampaignPaceTest() {
    EXPECT_TRUE(store_->SaveClient({"A", kEur, "UTC"}));
    EXPECT_TRUE(store_->SaveAccount({"A", live_->tree.info}));
    live_->tree.entities = {
        {Level::kCampaign,
         "1",
         "",
         "",
         {{"name", "Own budget"},
          {"status", "active"},
          {"daily_budget", Eur(100)},
          {"start_at", "2026-04-01 00:00:00"},
          {"end_at", "2026-05-01 00:00:00"}}},
        {Level::kCampaign, "2", "", "", {{"name", "Groups"}, {"status", "active"}}},
        {Level::kAdGroup,
         "21",
         "2",
         "2",
         {{"name", "a"}, {"status", "active"}, {"daily_budget", Eur(30)}}},
        {Level::kAdGroup,
         "22",
         "2",
         "2",
         {{"name", "b"}, {"status", "active"}, {"daily_budget", Eur(20)}}},
        {Level::kAdGroup,
         "23",
         "2",
         "2",
         {{"name", "c"}, {"status", "paused"}, {"daily_budget", Eur(500)}}},
        {Level::kCampaign,
         "3",
         "",
         "",
         {{"name", "Paused"}, {"status", "paused"}, {"daily_budget", Eur(10)}}}};
  }
  void Load(const std::string& campaign_1, const std::string& campaign_2, Instant learnt) {
    MetricReport report{{kAccount, Level::kCampaign, Grain::kDay, Breakdown::kNone,
                         *ParseDay("2026-04-01"), *ParseDay("2026-04-15")},
                        "7d_click",
                        {},
                        true,
                        ""};
    for (Day day = report.query.from; day <= report.query.to; day += days(1)) {
      for (const auto& [id, spend] : {std::pair("1", campaign_1), std::pair("2", campaign_2)}) {
        report.rows.push_back(
            {day, {}, id, "", "", "", *ParseMoney(spend, kEur), 1, 1, {}, {}, {}});
      }
    }
    const auto loaded = facts_->Load(report, learnt, "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
  }
  Result<PacingReport> Look() {
    return LookAtPace(
        {store_.get(), facts_.get(), &clock_,
         [this](const AccountId&) -> Result<std::shared_ptr<PlatformReader>> { return live_; }},
        "A", std::nullopt);
  }
  VirtualClock clock_{*ParseInstant("2026-04-16T00:30:00Z")};
  std::shared_ptr<Live> live_ = std::make_shared<Live>();
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
};

TEST_F(CampaignPaceTest, OneVerdictACampaign) {
  Load("100", "20", *ParseInstant("2026-04-16T00:10:00Z"));
  const auto report = Look();
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_TRUE(report->problems.empty());
  ASSERT_EQ(report->campaigns.size(), 3u);
  const CampaignPace& own = report->campaigns[0];
  EXPECT_EQ(own.verdict.state, PaceState::kOnPlan);
  EXPECT_EQ(own.verdict.plan, Eur(3'000));
  EXPECT_EQ(own.verdict.spent, Eur(1'500));
  EXPECT_EQ(PrintDay(own.last), "2026-04-30");
  EXPECT_FALSE(own.month);
  // Two running ad groups own 50 a day; 20 are spent, which demand limits.
  const CampaignPace& groups = report->campaigns[1];
  EXPECT_TRUE(groups.month);
  EXPECT_EQ(groups.verdict.plan, Eur(1'500));
  EXPECT_EQ(groups.verdict.state, PaceState::kUnder);
  EXPECT_EQ(report->campaigns[2].verdict.state, PaceState::kOnHold);
  ASSERT_EQ(report->conditions.size(), 1u);
  EXPECT_EQ(report->conditions[0].detector, "pacing");
  EXPECT_EQ(report->conditions[0].object_id, "2");
  EXPECT_EQ(report->conditions[0].direction, "below");
}

TEST_F(CampaignPaceTest, RestatedDownwardIsJudgedAsItIsNow) {
  Load("130", "50", *ParseInstant("2026-04-13T00:00:00Z"));
  Load("100", "50", *ParseInstant("2026-04-16T00:10:00Z"));
  const auto report = Look();
  ASSERT_TRUE(report);
  const PaceVerdict& v = report->campaigns[0].verdict;
  EXPECT_EQ(v.spent, Eur(1'500));
  EXPECT_EQ(v.state, PaceState::kOnPlan);
  EXPECT_NE(v.why[0].find("restated"), std::string::npos);
}

TEST_F(CampaignPaceTest, ABudgetThatTheMediaPlanFixesIsJudgedByThePlan) {
  Load("100", "20", *ParseInstant("2026-04-16T00:10:00Z"));
  ASSERT_TRUE(store_->SaveObject({"spring/own", kAccount, Level::kCampaign, "1", "", "", {}}));
  ASSERT_TRUE(store_->SaveObject({"spring/groups", kAccount, Level::kCampaign, "2", "", "", {}}));
  // 100 a day land at 3,000; the plan has 4,000. Of the second campaign it says no total.
  const PlannedFlight flight{*ParseDay("2026-04-01"), *ParseDay("2026-04-30"), Eur(4'000)};
  ASSERT_TRUE(SaveFixedBudgets(*store_, "A", "spring",
                               {{"spring/own", flight}, {"spring/groups", {}}}, clock_.Now()));
  auto report = Look();
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->campaigns[0].verdict.plan, Eur(4'000));
  EXPECT_EQ(report->campaigns[0].verdict.state, PaceState::kUnder);
  EXPECT_EQ(report->campaigns[1].verdict.plan, Eur(1'500));
  // A plan in another currency is no amount to compare with.
  const Money dollars = *ParseMoney("4000", kUsd);
  ASSERT_TRUE(SaveFixedBudgets(*store_, "A", "spring",
                               {{"spring/own", PlannedFlight{flight.first, flight.last, dollars}}},
                               clock_.Now()));
  report = Look();
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->campaigns[0].verdict.plan, Eur(3'000));
  EXPECT_NE(report->campaigns[0].verdict.why.back().find("4000.00 USD"), std::string::npos);
}

TEST_F(CampaignPaceTest, SaysWhatImpressionShareIsLostTo) {
  MetricReport report{{kAccount, Level::kCampaign, Grain::kDay, Breakdown::kNone,
                       *ParseDay("2026-04-01"), *ParseDay("2026-04-15")},
                      "7d_click",
                      {},
                      true,
                      ""};
  for (Day day = report.query.from; day <= report.query.to; day += days(1)) {
    report.rows.push_back({day, {}, "1", "", "", "", Eur(100), 600, 6, {}, {}, {}});
    report.rows.back().impression_share = 0.6;
    report.rows.back().lost_to_budget = 0.3;
    report.rows.back().lost_to_rank = 0.1;
  }
  ASSERT_TRUE(facts_->Load(report, *ParseInstant("2026-04-16T00:10:00Z"), "test"));
  const auto pace = Look();
  ASSERT_TRUE(pace) << pace.error().what;
  const auto& headroom = pace->campaigns[0].verdict.headroom;
  ASSERT_TRUE(headroom);
  EXPECT_NEAR(headroom->won, 0.6, 1e-9);
  // 100 a day won 60 % of what was there; the 30 % lost to budget cost as much apiece: 50 a day.
  EXPECT_EQ(headroom->more_for_budget, Eur(50));
  EXPECT_FALSE(pace->campaigns[1].verdict.headroom);
}

TEST_F(CampaignPaceTest, WithoutFactsThereIsNoVerdict) {
  const auto report = Look();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->campaigns[0].verdict.state, PaceState::kNoHistory);
  EXPECT_TRUE(report->conditions.empty());
}

TEST_F(CampaignPaceTest, AnAccountThatIsDownIsAProblem) {
  live_->down = true;
  const auto report = Look();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->campaigns.empty());
  EXPECT_EQ(report->problems.size(), 1u);
}

}  // namespace
}  // namespace maxopt
