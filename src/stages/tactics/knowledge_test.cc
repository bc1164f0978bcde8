#include "stages/tactics/knowledge.h"

#include <gtest/gtest.h>

#include "memory/campaigns/ledger.h"
#include "memory/campaigns/tactics.h"

namespace maxopt {
namespace {

using std::chrono::days;

const Currency kEur = *FindCurrency("EUR");
const AccountId kMeta{Platform::kMeta, "42"};

class Knowledge : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = std::move(*CampaignStore::Open(":memory:"));
    facts_ = std::move(*FactStore::Open(":memory:"));
    for (const char* name : {"Alpenglow", "Nordlicht", "Seewind", "Bergfest"}) {
      ASSERT_TRUE(store_->SaveClient({name, kEur, "UTC"}));
    }
    ASSERT_TRUE(
        store_->SaveAccount({"Alpenglow", {kMeta, "Alpenglow Meta", kEur, "UTC", "active"}}));
  }

  /// 28 days of books at 1,000 a day, and two campaigns that spend 30 and 70 a day, before `first`.
  void Books(Day first) {
    std::vector<KpiRow> kpi;
    MetricReport report{
        {kMeta, Level::kCampaign, Grain::kDay, Breakdown::kNone, {}, {}}, "", {}, true, ""};
    report.query.from = first - days(40);
    report.query.to = first + days(10);
    for (Day day = report.query.from; day <= report.query.to; day += days(1)) {
      kpi.push_back({"Alpenglow", day, kEur, 10, Money::Micros(1'000'000'000, kEur)});
      for (const auto& [id, spend] : {std::pair{"1", 30}, std::pair{"2", 70}}) {
        report.rows.push_back({day, std::nullopt, id, "", "", "",
                               Money::Micros(spend * 1'000'000LL, kEur), 100, 10, 1.0, std::nullopt,
                               std::nullopt});
      }
    }
    ASSERT_TRUE(facts_->LoadKpi(kpi, clock_->Now(), "test"));
    const auto loaded = facts_->Load(report, clock_->Now(), "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
  }

  /// A plan on campaign 1 that was applied on the day before `first` and measured.
  void Measured(Day first, double effect, double sd) {
    Plan plan;
    plan.client = "Alpenglow";
    plan.title = "bid";
    plan.status = PlanStatus::kGuarded;
    plan.created_at = Zone::Utc().Begin(first - days(1));
    plan.created_by = "optimizer";
    Change change;
    change.account = kMeta;
    change.id = "1";
    change.address = "spring/social";
    change.before["daily_budget"] = Money::Micros(30'000'000, kEur);
    change.after["daily_budget"] = Money::Micros(33'000'000, kEur);
    change.reason = Reason::kBid;
    change.why = "test";
    change.evidence = R"({"tactics_prior":{"context":{"problem":["cpa_high","nonsense"]}}})";
    plan.changes = {change};
    plan.prediction = Prediction{"revenue", 10, 0, 20, 7};
    const auto saved = store_->SavePlan(plan);
    ASSERT_TRUE(saved) << saved.error().what;
    const Instant at = Zone::Utc().Begin(first - days(1)) + std::chrono::hours(8);
    ASSERT_TRUE(store_->ApprovePlan(
        saved->id, {"anna", ContentHash(*saved), at, at + std::chrono::hours(24), std::nullopt}));
    ASSERT_TRUE(store_->UseApproval(saved->id, "anna", at));
    ScoredOutcome outcome{saved->id, "bid", "revenue", "one series", 10,
                          0,         20,    effect,    sd,           clock_->Now()};
    outcome.first = first;
    outcome.last = first + days(6);
    ASSERT_TRUE(SaveOutcome(*store_, "Alpenglow", outcome));
  }

  TacticsWorld World() { return {store_.get(), facts_.get(), clock_.get(), nullptr}; }

  std::unique_ptr<CampaignStore> store_;
  std::unique_ptr<FactStore> facts_;
  std::shared_ptr<VirtualClock> clock_ =
      std::make_shared<VirtualClock>(*ParseInstant("2026-11-23T08:00:00Z"));
};

TEST_F(Knowledge, ALineOfTheLedgerBecomesARelativeMeasurementOnce) {
  const Day first = *ParseDay("2026-10-10");
  Books(first);
  Measured(first, 30, 15);
  const auto report = LearnTactics(World(), "Alpenglow", true, {});
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->measurements, 1) << (report->skipped.empty() ? "" : report->skipped[0]);
  ASSERT_EQ(report->learnt.size(), 1u);
  // 30 a day of the 30 % of 1,000 that campaign 1 stands for by its money: 10 %, error 5 %.
  const auto kept = MeasurementsOf(*store_, "alpenglow/bid-meta");
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->size(), 1u);
  EXPECT_NEAR((*kept)[0].lift, 0.1, 1e-9);
  EXPECT_NEAR((*kept)[0].se, 0.05, 1e-9);
  EXPECT_EQ((*kept)[0].first, first);
  EXPECT_FALSE((*kept)[0].experiment);
  const auto tactic = GetTactic(*store_, "alpenglow/bid-meta");
  ASSERT_TRUE(tactic);
  EXPECT_EQ(tactic->grade, TacticGrade::kObserving);
  EXPECT_TRUE(tactic->context.Has("problem", "cpa_high"));
  EXPECT_FALSE(tactic->context.Has("problem", "nonsense"));
  EXPECT_TRUE(tactic->context.Has("spend", "under_100"));
  const auto again = LearnTactics(World(), "Alpenglow", true, {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->measurements, 0);
  EXPECT_TRUE(again->learnt.empty());
  EXPECT_EQ(*GetTactic(*store_, "alpenglow/bid-meta"), *tactic);
}

TEST_F(Knowledge, WhatCannotBeRelatedIsSaid) {
  Measured(*ParseDay("2026-10-10"), 30, 15);  // no books
  const auto report = LearnTactics(World(), "Alpenglow", true, {});
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->measurements, 0);
  ASSERT_EQ(report->skipped.size(), 1u);
  EXPECT_NE(report->skipped[0].find("books"), std::string::npos);
  EXPECT_EQ(LearnTactics(World(), "Nobody", true, {}).error().code, Errc::kNotFound);
}

TrialOutcome Trial(const std::string& source, Day first, double lift) {
  TrialOutcome out;
  out.source = source;
  out.context.Add("lever", "rotate");
  out.context.Add("platform", "meta");
  out.first = first, out.last = first + days(13);
  out.lift = lift, out.se = 0.02;
  out.by_lot = true;
  out.method = "comparison";
  return out;
}

TEST_F(Knowledge, OthersSeeNumbersOnlyInCompanyAndOnlyIfShared) {
  const Day day = *ParseDay("2026-10-01");
  const auto seen = [&](const std::string& client) -> std::optional<Tactic> {
    const auto visible = VisibleTactics(*store_, client, clock_->Now());
    EXPECT_TRUE(visible);
    for (const RetrievedTactic& each : *visible) {
      if (each.tactic.id != "measured/rotate-meta") continue;
      EXPECT_TRUE(each.measurements.empty());
      return each.tactic;
    }
    return std::nullopt;
  };
  for (const char* client : {"Alpenglow", "Nordlicht"}) {
    const std::vector trials{Trial("trial/a", day, 0.2)};
    ASSERT_TRUE(LearnTactics(World(), client, true, trials));
  }
  EXPECT_FALSE(seen("Bergfest"));  // two: each would know the other
  const std::vector trials{Trial("trial/a", day, 0.3)};
  ASSERT_TRUE(LearnTactics(World(), "Seewind", true, trials));
  const auto agency = seen("Bergfest");
  ASSERT_TRUE(agency);
  EXPECT_EQ(agency->windows, 3);
  EXPECT_EQ(agency->experiments, 3);
  ASSERT_TRUE(agency->effect);
  EXPECT_EQ(ToJson(*agency).find("Alpenglow"), std::string::npos);
  EXPECT_EQ(ToJson(*agency).find("2026-10"), std::string::npos);
  // One of the three sees two others, which are too few to hide in.
  EXPECT_FALSE(seen("Alpenglow"));
  // Nordlicht's policy no longer shares.
  const auto withdrawn = LearnTactics(World(), "Nordlicht", false, {});
  ASSERT_TRUE(withdrawn);
  EXPECT_EQ(withdrawn->withdrawn, 1);
  EXPECT_FALSE(seen("Bergfest"));
  // Nobody sees another's own tactic.
  const auto visible = VisibleTactics(*store_, "Bergfest", clock_->Now());
  for (const RetrievedTactic& each : *visible) EXPECT_TRUE(each.tactic.client.empty());
}

TEST_F(Knowledge, FindsWhatFitsAndLeavesOutWhatIsRetired) {
  const auto knowledge = TacticKnowledge::Open(World(), "Alpenglow");
  ASSERT_TRUE(knowledge) << knowledge.error().what;
  const TacticText question{{}, {{"search terms that never convert", 1}}};
  const auto found = knowledge->Find(question, {.platform = "google_ads"}, 3);
  ASSERT_TRUE(found) << found.error().what;
  ASSERT_EQ(found->size(), 3u);
  EXPECT_EQ((*found)[0].tactic.id, "google-search-negatives");
  Tactic retired = (*found)[0].tactic;
  retired.retired_at = clock_->Now();
  retired.retired_why = "not here";
  ASSERT_TRUE(SaveTactic(*store_, retired));
  const auto after = TacticKnowledge::Open(World(), "Alpenglow");
  const auto without = after->Find(question, {}, 3);
  ASSERT_TRUE(without);
  for (const RetrievedTactic& each : *without) {
    EXPECT_NE(each.tactic.id, "google-search-negatives");
  }
}

TEST_F(Knowledge, WhatIsLikeNothingIsSaid) {
  const auto knowledge = TacticKnowledge::Open(World(), "Alpenglow");
  ASSERT_TRUE(knowledge);
  const auto alike = [&](const std::string& text) {
    const auto found = knowledge->Find({{}, {{text, 1}}}, {}, 5);
    EXPECT_TRUE(found) << found.error().what;
    return knowledge->IsAlike(*found);
  };
  EXPECT_TRUE(alike("click rate falls, frequency rises"));
  EXPECT_TRUE(alike("Die Leute können unsere Facebook-Bilder nicht mehr sehen"));
  EXPECT_FALSE(alike("banana bread recipe"));
  EXPECT_FALSE(alike("qwrt zxcv"));
  EXPECT_FALSE(knowledge->IsAlike({}));
}

}  // namespace
}  // namespace maxopt
