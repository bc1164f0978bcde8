#include "stages/optimize/score/score.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;

const AccountId kAccount{Platform::kMeta, "42"};

class ScorePlansTest : public testing::Test {
 protected:
  ScorePlansTest() { EXPECT_TRUE(store_->SaveClient({"A", kEur, "UTC"})); }

  /// Books of 100 a day with a week and noise of 2, `effect` more from `from` on.
  void Books(Day begin, Day end, Day from, double effect, const std::vector<Day>& gaps = {}) {
    std::mt19937_64 random(3);
    std::normal_distribution<double> noise(0, 2);
    std::vector<KpiRow> rows;
    for (Day day = begin; day <= end; day += days(1)) {
      const auto weekday = static_cast<double>(day.time_since_epoch().count() % 7);
      const double week = 10 * std::sin(2 * 3.14159265 * weekday / 7);
      const double revenue = 100 + week + noise(random) + (day >= from ? effect : 0);
      if (std::find(gaps.begin(), gaps.end(), day) != gaps.end()) continue;
      rows.push_back(
          {"A", day, kEur, 10, Money::Micros(static_cast<std::int64_t>(revenue * 1e6), kEur)});
    }
    const auto loaded = facts_->LoadKpi(rows, clock_.Now(), "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
  }
  std::string AppliedPlan(Instant at, double mean) {
    Plan plan;
    plan.client = "A";
    plan.title = "move";
    plan.status = PlanStatus::kGuarded;
    plan.created_at = at;
    plan.created_by = "optimizer";
    plan.prediction = Prediction{"revenue", mean, mean - 8, mean + 8, 7};
    Change change;
    change.account = kAccount;
    change.address = "spring/social";
    change.id = "7";
    change.reason = Reason::kReallocate;
    change.before = {{"daily_budget", Money::Micros(100'000'000, kEur)}};
    change.after = {{"daily_budget", Money::Micros(110'000'000, kEur)}};
    plan.changes = {change};
    plan = *store_->SavePlan(plan);
    EXPECT_TRUE(store_->ApprovePlan(plan.id,
                                    {"anna", ContentHash(plan), at, at + hours(24), std::nullopt}));
    EXPECT_TRUE(store_->UseApproval(plan.id, "ben", at));
    EXPECT_TRUE(store_->MovePlan(plan.id, PlanStatus::kApplying, PlanStatus::kVerified));
    return plan.id;
  }
  Result<ScoreReport> Score() { return ScorePlans({store_.get(), facts_.get(), &clock_}, "A"); }
  const Day applied_ = *ParseDay("2026-05-10");
  VirtualClock clock_{*ParseInstant("2026-05-25T12:00:00Z")};
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
};

TEST_F(ScorePlansTest, MeasuresWhatThePlanBroughtOnce) {
  Books(applied_ - days(90), applied_ + days(14), applied_ + days(1), 20);
  const std::string id = AppliedPlan(*ParseInstant("2026-05-10T09:00:00Z"), 15);
  const auto report = Score();
  ASSERT_TRUE(report) << report.error().what;
  ASSERT_EQ(report->scored.size(), 1u) << (report->not_yet.empty() ? "" : report->not_yet[0]);
  const ScoredOutcome& o = report->scored[0];
  EXPECT_EQ(o.plan, id);
  EXPECT_EQ(o.kind, "reallocate");
  // The truth is 20 a day; a mean of seven days with a noise of 2 is known to about 1.
  EXPECT_NEAR(o.measured, 20, 4);
  EXPECT_GT(o.measured_sd, 0.5);
  EXPECT_LT(o.measured_sd, 4);
  EXPECT_EQ(store_->GetPlan(id)->status, PlanStatus::kScored);
  EXPECT_EQ(Outcomes(*store_, "A")->size(), 1u);
  EXPECT_TRUE(Score()->scored.empty());
  EXPECT_EQ(Outcomes(*store_, "A")->size(), 1u);
}

TEST_F(ScorePlansTest, AnotherPlanEndsTheDaysAlone) {
  Books(applied_ - days(90), applied_ + days(14), applied_ + days(1), 20);
  AppliedPlan(*ParseInstant("2026-05-10T09:00:00Z"), 15);
  AppliedPlan(*ParseInstant("2026-05-12T09:00:00Z"), 15);  // one day after the first whole one
  const auto report = Score();
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->scored.size(), 1u);
  ASSERT_EQ(report->not_yet.size(), 1u);
  EXPECT_NE(report->not_yet[0].find("cannot be told from plan"), std::string::npos);
}

TEST_F(ScorePlansTest, OrdersInAnotherCurrencyAreConvertedOrWaitedFor) {
  Books(applied_ - days(90), applied_ + days(14), applied_ + days(1), 10);
  // Beside them a Swiss shop of 50 CHF a day, 60 since the plan: 8 EUR more at 0.80.
  const Currency chf = *FindCurrency("CHF");
  std::vector<KpiRow> rows;
  const auto books = facts_->Kpi("A", applied_ - days(90), applied_ + days(14), {});
  for (const KpiRow& row : *books) {
    rows.push_back(row);
    const std::int64_t swiss = row.day > applied_ ? 60 : 50;
    rows.push_back({"A", row.day, chf, 5, Money::Micros(swiss * 1'000'000, chf)});
  }
  ASSERT_TRUE(facts_->LoadKpi(rows, clock_.Now(), "test"));
  AppliedPlan(*ParseInstant("2026-05-10T09:00:00Z"), 15);
  auto report = Score();
  ASSERT_TRUE(report) << report.error().what;
  ASSERT_EQ(report->not_yet.size(), 1u);
  EXPECT_NE(report->not_yet[0].find("there is no rate from CHF to EUR"), std::string::npos)
      << report->not_yet[0];
  ASSERT_TRUE(facts_->LoadFx({{applied_, chf, kEur, "0.80"}}, clock_.Now(), "bank.csv"));
  report = Score();
  ASSERT_TRUE(report) << report.error().what;
  ASSERT_EQ(report->scored.size(), 1u);
  EXPECT_NEAR(report->scored[0].measured, 18, 4);
}

TEST_F(ScorePlansTest, WaitsForTheHorizonAndTheBooks) {
  Books(applied_ - days(90), applied_ + days(14), applied_ + days(1), 0, {applied_ + days(3)});
  AppliedPlan(*ParseInstant("2026-05-10T09:00:00Z"), 15);
  auto report = Score();
  ASSERT_TRUE(report);
  ASSERT_EQ(report->not_yet.size(), 1u);
  EXPECT_NE(report->not_yet[0].find("books lack 2026-05-13"), std::string::npos)
      << report->not_yet[0];
  AppliedPlan(*ParseInstant("2026-05-23T09:00:00Z"), 15);
  report = Score();
  ASSERT_EQ(report->not_yet.size(), 2u);
  EXPECT_NE(report->not_yet[1].find("is measured from 2026-06-02 on"), std::string::npos)
      << report->not_yet[1];
}

TEST_F(ScorePlansTest, AShortHistoryIsSaid) {
  Books(applied_ - days(5), applied_ + days(14), applied_ + days(1), 0);
  AppliedPlan(*ParseInstant("2026-05-10T09:00:00Z"), 15);
  const auto report = Score();
  ASSERT_TRUE(report);
  ASSERT_EQ(report->not_yet.size(), 1u);
  EXPECT_NE(report->not_yet[0].find("6 days without a gap"), std::string::npos)
      << report->not_yet[0];
}

}  // namespace
}  // namespace maxopt
