#include "stages/working_memory/working_memory.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "memory/campaigns/competitors_for_test.h"
#include "memory/campaigns/ledger.h"

namespace maxopt {
namespace {

using std::chrono::days;

const Currency kEur = *FindCurrency("EUR");
const AccountId kMeta{Platform::kMeta, "42"};
const AccountId kGoogle{Platform::kGoogleAds, "7"};

class Memory : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = std::move(*CampaignStore::Open(":memory:"));
    facts_ = std::move(*FactStore::Open(":memory:"));
    ASSERT_TRUE(store_->SaveClient({"Alpenglow", kEur, "UTC"}));
    for (const AccountId& id : {kMeta, kGoogle}) {
      ASSERT_TRUE(store_->SaveAccount({"Alpenglow", {id, "x", kEur, "UTC", "active"}}));
    }
  }

  /// `days_long` days of one campaign: spend a day, 10 clicks of 100 impressions, conversions, 50
  /// EUR each.
  void Ran(const AccountId& account, const char* id, Day first, int days_long, int spend,
           double conversions) {
    MetricReport report{{account, Level::kCampaign, Grain::kDay, Breakdown::kNone, first,
                         first + days(days_long - 1)},
                        "",
                        {},
                        true,
                        ""};
    for (int i = 0; i < days_long; ++i) {
      report.rows.push_back({first + days(i), std::nullopt, id, "", "", "",
                             Money::Micros(spend * 1'000'000LL, kEur), 100, 10, conversions,
                             Money::Micros(static_cast<std::int64_t>(conversions * 50e6), kEur),
                             std::nullopt});
    }
    const auto loaded = facts_->Load(report, clock_->Now(), "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
  }
  void Ours(const AccountId& account, const char* id, const char* objective, const char* channel) {
    ASSERT_TRUE(store_->SaveObject({std::string("c/") + id,
                                    account,
                                    Level::kCampaign,
                                    id,
                                    "",
                                    "",
                                    {{"name", std::string(id)},
                                     {"objective", std::string(objective)},
                                     {"channel_type", std::string(channel)}}}));
  }
  Result<std::vector<PastCampaign>> Similar(const CampaignQuestion& question) {
    return SimilarCampaigns(*store_, *facts_, question, Zone::Utc().DayOf(clock_->Now()));
  }
  TacticsWorld World() { return {store_.get(), facts_.get(), clock_.get(), nullptr}; }

  std::unique_ptr<CampaignStore> store_;
  std::unique_ptr<FactStore> facts_;
  std::shared_ptr<VirtualClock> clock_ =
      std::make_shared<VirtualClock>(*ParseInstant("2026-11-23T08:00:00Z"));
};

TEST_F(Memory, CampaignsAreFoundByWhatTheyWereAndWhen) {
  Ran(kMeta, "1", *ParseDay("2026-06-01"), 30, 50, 1);
  Ran(kMeta, "2", *ParseDay("2026-11-01"), 20, 50, 2);
  Ran(kGoogle, "3", *ParseDay("2026-11-01"), 20, 200, 10);
  Ours(kMeta, "1", "sales", "social");
  Ours(kMeta, "2", "leads", "social");
  Ours(kGoogle, "3", "sales", "search");
  CampaignQuestion question;
  question.client = "Alpenglow";
  question.platform = "meta";
  question.objective = "sales";
  const auto found = Similar(question);
  ASSERT_TRUE(found) << found.error().what;
  ASSERT_EQ(found->size(), 3u);
  EXPECT_EQ((*found)[0].id, "1");
  // Weights: platform 2, objective 1. 1 is both, 2 only the platform, 3 only the objective.
  EXPECT_NEAR((*found)[0].likeness, 1, 1e-12);
  EXPECT_NEAR((*found)[1].likeness, 2.0 / 3, 1e-12);
  EXPECT_NEAR((*found)[2].likeness, 1.0 / 3, 1e-12);
  EXPECT_NEAR((*found)[0].spend, 1500, 1e-9);
  EXPECT_NEAR(*(*found)[0].Kpi("cpa"), 50, 1e-9);
  EXPECT_NEAR(*(*found)[0].Kpi("ctr"), 0.1, 1e-9);

  CampaignQuestion autumn;
  autumn.from = *ParseDay("2026-11-01");
  autumn.kpi = "cpa";
  const auto late = Similar(autumn);
  ASSERT_TRUE(late);
  ASSERT_EQ(late->size(), 2u);
  EXPECT_EQ((*late)[0].id, "3");  // 20 a conversion against 25
  EXPECT_NEAR((*late)[0].likeness, 1, 1e-12);
  EXPECT_EQ((*late)[0].last, *ParseDay("2026-11-23"));
}

TEST_F(Memory, QuestionsThatMeanNothingAreRefused) {
  const auto code = [&](auto change) {
    CampaignQuestion question;
    change(question);
    const auto found = Similar(question);
    return found ? Errc::kLocal : found.error().code;
  };
  EXPECT_EQ(code([](auto& q) { q.platform = "myspace"; }), Errc::kInvalidArgument);
  EXPECT_EQ(code([](auto& q) { q.kpi = "happiness"; }), Errc::kInvalidArgument);
  EXPECT_EQ(code([](auto& q) { q.limit = 0; }), Errc::kInvalidArgument);
  EXPECT_EQ(code([](auto& q) { q.client = "Nobody"; }), Errc::kNotFound);
  EXPECT_EQ(code([](auto& q) {
              q.from = *ParseDay("2026-02-02");
              q.to = *ParseDay("2026-01-01");
            }),
            Errc::kInvalidArgument);
  EXPECT_FALSE(PastCampaign{}.Kpi("cpa"));
  EXPECT_FALSE(PastCampaign{}.Kpi("happiness"));
}

TEST_F(Memory, EveryStageRemembersWhatTheWorkflowLists) {
  Ran(kMeta, "1", *ParseDay("2026-10-01"), 50, 50, 1);
  const std::map<Stage, std::vector<std::string>> want = {
      {Stage::kSetup,
       {"Campaign brief", "Creative assets", "Media plan", "Buying details",
        "Historical campaign performance", "Platform-specific implementation requirements",
        "Technical specifications for each channel"}},
      {Stage::kMonitor,
       {"Real-time performance metrics", "Platform notifications", "Tracking issues",
        "Expected performance benchmarks", "Typical performance patterns",
        "Previous campaign issues and solutions"}},
      {Stage::kOptimize,
       {"Current performance metrics", "Optimization opportunities", "Budget allocation",
        "Competitive intelligence", "Optimization tactics that worked for similar campaigns",
        "Performance patterns by channel", "Audience response to similar messaging"}},
      {Stage::kReport,
       {"Key performance highlights", "Variances from plan", "Optimization results",
        "Previous reporting frameworks", "Client preferences", "Industry benchmarks",
        "Historical campaign comparisons"}}};
  for (const auto& [stage, names] : want) {
    const auto memory = AssembleMemory(World(), "Alpenglow", stage);
    ASSERT_TRUE(memory) << memory.error().what;
    std::vector<std::string> got;
    for (const Remembered& part : memory->parts) {
      got.push_back(part.name);
      // What is empty says why.
      if (part.items == "[]") {
        EXPECT_FALSE(part.why.empty()) << part.name;
      }
    }
    EXPECT_EQ(got, names) << StageName(stage);
    EXPECT_EQ(ToJson(*memory), ToJson(*AssembleMemory(World(), "Alpenglow", stage)));
  }
  const auto optimize = AssembleMemory(World(), "Alpenglow", Stage::kOptimize);
  const auto items = nlohmann::json::parse(optimize->parts[2].items);
  ASSERT_EQ(items.size(), 1u);
  // 16 to 22 November; it ran until 19 November.
  EXPECT_NEAR(items[0]["spend_a_day"].get<double>(), 4 * 50 / 7.0, 1e-9);
  EXPECT_FALSE(nlohmann::json::parse(optimize->parts[4].items).empty());
  EXPECT_EQ(AssembleMemory(World(), "Nobody", Stage::kSetup).error().code, Errc::kNotFound);
  EXPECT_FALSE(FindStage("party"));
}

TEST_F(Memory, WhatCompetitorsDoIsSeenWhereOptimisationDecides) {
  const auto keep = [&](const std::string& id, const std::string& observed,
                        const std::string& competitor, const std::string& state) {
    SendCompetitorMove(
        *store_, id, clock_->Now(), observed,
        {{"competitor", competitor}, {"what", "auction"}, {"text", "bids on the brand"}}, state);
  };
  const auto part = [&]() -> Remembered {
    const auto memory = AssembleMemory(World(), "Alpenglow", Stage::kOptimize);
    for (const Remembered& each : memory->parts) {
      if (each.name == "Competitive intelligence") return each;
    }
    return {};
  };
  EXPECT_EQ(part().why, "nobody has sent any");
  const Day today = Zone::Utc().DayOf(clock_->Now());
  keep("ci-old", PrintDay(today - std::chrono::days(40)), "Ridgeline", "done");
  EXPECT_EQ(part().why, "what was sent is no longer valid");
  keep("ci-bad", PrintDay(today), "Hostile", "refused");
  keep("ci-1", PrintDay(today - std::chrono::days(2)), "Borealis", "done");
  const auto items = nlohmann::json::parse(part().items);
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0]["competitor"], "Borealis");
  EXPECT_EQ(items[0]["from"], "maya");
  EXPECT_TRUE(part().working);
  EXPECT_EQ(part().from, "inbox");
}

TEST_F(Memory, WhatWasRememberedIsKeptWithTheDecision) {
  const auto memory = AssembleMemory(World(), "Alpenglow", Stage::kMonitor);
  ASSERT_TRUE(memory);
  const auto kept = Remember(*store_, *memory, "a-1");
  ASSERT_TRUE(kept) << kept.error().what;
  const auto found = Recollections(*store_, "a-1", "", 5);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].body, ToJson(*memory));
  const auto lines = Ledger(*store_, {"Alpenglow", "remembered", "a-1", 5});
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_NE((*lines)[0].body.find((*found)[0].digest), std::string::npos);
}

}  // namespace
}  // namespace maxopt
