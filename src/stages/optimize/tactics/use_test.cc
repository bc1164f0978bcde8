#include "stages/optimize/tactics/use.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "memory/campaigns/tactics.h"
#include "stages/optimize/levers/world_for_test.h"

namespace maxopt::levers {
namespace {

constexpr double kZ90 = 1.6448536269514722;

class UseTacticsTest : public LeverTest {
 protected:
  /// An account with one search campaign that brought 20 conversions and 100 EUR spend a day.
  LeverState StateOf() {
    const AccountId account{Platform::kGoogleAds, "1"};
    LeverState state;
    state.client = *store_->GetClient("A");
    state.now = clock_.Now();
    LeverAccount one{};
    one.tree.info = {account, "Google", kEur, "UTC", "active"};
    one.tree.entities = {Campaign(
        "7", {{"objective", std::string("sales")}, {"channel_type", std::string("search")}})};
    one.today = Zone::Utc().DayOf(state.now);
    one.first = one.today - std::chrono::days(40);
    one.last = one.today - std::chrono::days(3);
    MetricReport report{
        {account, Level::kCampaign, Grain::kDay, Breakdown::kNone, one.first, one.last},
        "",
        {},
        true,
        ""};
    for (Day day = one.first; day <= one.last; day += std::chrono::days(1)) {
      report.rows.push_back(
          {day, std::nullopt, "7", "", "", "", Eur(100), 1000, 100, 20.0, Eur(400), std::nullopt});
    }
    EXPECT_TRUE(facts_->Load(report, state.now, "test"));
    one.Index();
    state.accounts.push_back(std::move(one));
    return state;
  }

  /// A negative keyword that is foretold to bring `mean` +- `sd` conversions a day, 20 EUR each.
  static std::vector<LeverReport> Found(double mean, double sd) {
    Opportunity o;
    o.change.account = {Platform::kGoogleAds, "1"};
    o.change.level = Level::kCampaign;
    o.change.id = "7";
    o.change.address = "campaign/7";
    o.change.reason = Reason::kKeyword;
    o.change.after["negative_keywords"] = std::vector<std::string>{"phrase:jobs"};
    o.change.evidence = R"({"words":3})";
    o.change.prediction = Prediction{"conversions", mean, mean - kZ90 * sd, mean + kZ90 * sd, 28};
    o.value = 20 * mean;
    o.value_low90 = 20 * (mean - kZ90 * sd), o.value_high90 = 20 * (mean + kZ90 * sd);
    return {{"searches", {o}, {}, {}}};
  }

  TacticKnowledge Known() {
    return *TacticKnowledge::Open({store_.get(), facts_.get(), &clock_, nullptr}, "A");
  }

  /// Nothing but this one is known: the library is retired.
  void OnlyThis(double mean, double sd) {
    for (Tactic tactic : TacticLibrary()) {
      tactic.retired_at = clock_.Now() - std::chrono::hours(1);
      ASSERT_TRUE(SaveTactic(*store_, tactic));
    }
    if (sd <= 0) return;
    Tactic tactic;
    tactic.id = "ours";
    tactic.title = "Negatives";
    tactic.problem = "Waste.";
    tactic.action = "Leave out.";
    tactic.source = "anna";
    tactic.basis = "practice";
    tactic.context.Add("platform", "google_ads");
    tactic.context.Add("channel", "search");
    tactic.context.Add("objective", "sales");
    tactic.context.Add("lever", "keyword");
    tactic.context.Add("problem", "search_waste");
    tactic.effect = TacticEffect{mean, mean - kZ90 * sd, mean + kZ90 * sd};
    ASSERT_TRUE(SaveTactic(*store_, tactic));
  }
};

TEST_F(UseTacticsTest, AWeakPredictionIsDrawnByPrecision) {
  OnlyThis(0.05, 0.05);
  const LeverState state = StateOf();
  auto reports = Found(4, 3);
  const auto use = UseTactics(Known(), *facts_, state, reports, nullptr);
  ASSERT_TRUE(use) << use.error().what;
  EXPECT_EQ(use->looked_at, 1);
  EXPECT_EQ(use->moved, 1);
  const Opportunity& o = reports[0].opportunities[0];
  const auto evidence = nlohmann::json::parse(o.change.evidence);
  // By hand from what it says: base 20 a day; its own 4 +- 3 with 20 times the prior.
  EXPECT_NEAR(evidence["tactics_prior"]["base"].get<double>(), 20, 1e-9);
  EXPECT_NEAR(evidence["tactics_prior"]["mean"].get<double>(), 0.05, 1e-9);
  const double s = 20 * evidence["tactics_prior"]["sd"].get<double>();
  const double want = (4 / 9.0 + 1 / (s * s)) / (1 / 9.0 + 1 / (s * s));
  EXPECT_NEAR(o.change.prediction->mean, want, 1e-9);
  EXPECT_LT(o.change.prediction->mean, 3);
  EXPECT_GT(o.change.prediction->mean, 1);
  EXPECT_LT(o.change.prediction->high90 - o.change.prediction->low90, 2 * kZ90 * 3);
  EXPECT_NEAR(o.value, 20 * want, 1e-9);
  ASSERT_EQ(evidence["tactics"].size(), 1u);
  EXPECT_EQ(evidence["tactics"][0]["id"], "ours");
  EXPECT_EQ(evidence["tactics"][0]["grade"], "prior");
  EXPECT_EQ(evidence["words"], 3);
}

TEST_F(UseTacticsTest, ASharpPredictionIsHardlyMoved) {
  OnlyThis(0.05, 0.05);
  const LeverState state = StateOf();
  auto reports = Found(4, 0.05);
  ASSERT_TRUE(UseTactics(Known(), *facts_, state, reports, nullptr));
  EXPECT_NEAR(reports[0].opportunities[0].change.prediction->mean, 4, 0.01);
}

TEST_F(UseTacticsTest, WithoutTacticsNothingChangesAtAll) {
  OnlyThis(0, 0);
  const LeverState state = StateOf();
  auto reports = Found(4, 3);
  const auto before = Found(4, 3);
  const auto use = UseTactics(Known(), *facts_, state, reports, nullptr);
  ASSERT_TRUE(use) << use.error().what;
  EXPECT_EQ(use->moved, 0);
  const Opportunity& o = reports[0].opportunities[0];
  const Opportunity& was = before[0].opportunities[0];
  EXPECT_EQ(o.change.evidence, was.change.evidence);
  EXPECT_EQ(o.change.prediction->mean, was.change.prediction->mean);
  EXPECT_EQ(o.change.prediction->low90, was.change.prediction->low90);
  EXPECT_EQ(o.value, was.value);
}

TEST_F(UseTacticsTest, WhatForetellsASavingOrNothingIsLeftAlone) {
  const LeverState state = StateOf();
  auto saving = Found(-1, 3);
  auto silent = Found(4, 3);
  silent[0].opportunities[0].change.prediction.reset();
  auto elsewhere = Found(4, 3);
  elsewhere[0].opportunities[0].change.id = "999";
  auto certain = Found(4, 0);  // no spread: nothing to weigh
  for (auto* reports : {&saving, &silent, &elsewhere, &certain}) {
    const auto use = UseTactics(Known(), *facts_, state, *reports, nullptr);
    ASSERT_TRUE(use) << use.error().what;
    EXPECT_EQ(use->moved, 0);
    EXPECT_EQ((*reports)[0].opportunities[0].change.evidence, R"({"words":3})");
  }
}

TEST_F(UseTacticsTest, TheLibraryOfTheProductSpeaks) {
  const LeverState state = StateOf();
  auto reports = Found(4, 3);
  const auto use = UseTactics(Known(), *facts_, state, reports, nullptr);
  ASSERT_TRUE(use) << use.error().what;
  EXPECT_EQ(use->moved, 1);
  const auto evidence = nlohmann::json::parse(reports[0].opportunities[0].change.evidence);
  bool negatives = false;
  for (const auto& voice : evidence["tactics"]) {
    negatives = negatives || voice["id"] == "google-search-negatives";
    EXPECT_EQ(voice["grade"], "prior");
  }
  EXPECT_TRUE(negatives);
}

}  // namespace
}  // namespace maxopt::levers
