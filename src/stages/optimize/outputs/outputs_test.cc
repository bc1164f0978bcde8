#include "stages/optimize/outputs/outputs.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "json/schema_for_test.h"

namespace maxopt {
namespace {

using nlohmann::json;

std::string Problems(const std::string& kind, const json& document) {
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/schemas/" + kind + ".schema.json");
  std::ostringstream text;
  text << in.rdbuf();
  return SchemaProblems(json::parse(text.str()), document);
}

Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }

Plan Move(const std::string& id, PlanStatus status) {
  Plan plan;
  plan.id = id;
  plan.client = "Alpenglow";
  plan.title = "move budget to google_ads/search";
  plan.status = status;
  plan.prediction = Prediction{"revenue", 40, 5, 75, 7, kEur};
  Change change;
  change.account = {Platform::kGoogleAds, "1"};
  change.address = "spring/search|x";
  change.reason = Reason::kReallocate;
  change.before = {{"daily_budget", Eur(100)}};
  change.after = {{"daily_budget", Eur(115)}};
  change.why = "a further EUR brings 1.40 <b>here</b>";
  plan.changes = {change};
  return plan;
}

SegmentFinding Finding(const std::string& cut, SegmentVerdict verdict) {
  SegmentFinding finding{cut, "EUR", {{"platform", "meta"}, {cut, "a|b"}}, {}, cut + " tells"};
  finding.segment.verdict = verdict;
  finding.segment.stake = verdict == SegmentVerdict::kAbove ? 120 : -120;
  return finding;
}

OptimizeState State() {
  OptimizeState state;
  state.client = "Alpenglow";
  state.now = *ParseInstant("2026-11-22T10:00:00Z");
  state.day = *ParseDay("2026-11-22");
  state.plans = {Move("p-2", PlanStatus::kGuarded), Move("p-1", PlanStatus::kVerified),
                 Move("p-0", PlanStatus::kRejected)};
  state.plans[0].findings = {{"step", true, "the step is too large", "smaller"}};
  state.currency = kEur;
  state.outcomes = {{"p-1", "reallocate", "revenue", "one series", 40, 5, 75, 31, 22, state.now}};
  state.segments.findings = {Finding("search_term", SegmentVerdict::kBelow),
                             Finding("audience", SegmentVerdict::kAbove),
                             Finding("creative", SegmentVerdict::kAbove)};
  Alert tired;
  tired.id = "a-7";
  tired.condition.detector = "fatigue";
  tired.condition.name = "Dawn";
  tired.condition.title = "Dawn tires: CTR falls 4 % a week";
  state.fatigue = {tired};
  return state;
}

const Message& Of(const std::vector<Message>& all, const std::string& to, const std::string& kind) {
  const auto at = std::find_if(all.begin(), all.end(),
                               [&](const Message& m) { return m.to == to && m.kind == kind; });
  EXPECT_NE(at, all.end()) << to << " " << kind;
  return *at;
}

TEST(OptimizeMessages, GoToWhoeverNeedsThemAndFollowTheirSchemas) {
  for (const OptimizeState& state : {State(), OptimizeState{"Empty", {}, {}, {}, {}, {}, {}}}) {
    const std::vector<Message> all = OptimizeMessages(state);
    ASSERT_EQ(all.size(), 5u);
    for (const Message& message : all) {
      EXPECT_EQ(Problems(message.kind, json::parse(message.json)), "") << message.kind;
      EXPECT_FALSE(message.markdown.empty());
      EXPECT_EQ(message.client, state.client);
    }
  }
}

TEST(OptimizeMessages, RecommendedDoneAndMeasuredAreToldApart) {
  const auto all = OptimizeMessages(State());
  const json report = json::parse(Of(all, "carlos", "optimization_report").json);
  ASSERT_EQ(report["recommended"].size(), 1u);
  EXPECT_EQ(report["recommended"][0]["plan"], "p-2");
  EXPECT_EQ(report["recommended"][0]["blocked_by"], "the step is too large");
  ASSERT_EQ(report["done"].size(), 1u);
  EXPECT_EQ(report["done"][0]["plan"], "p-1");
  EXPECT_EQ(report["measured"][0]["measured"]["mean"], 31);
  const json moves = json::parse(Of(all, "zara", "budget_reallocation").json)["moves"];
  ASSERT_EQ(moves.size(), 2u);  // what was rejected moves nothing
  EXPECT_EQ(moves[0]["from"], "100.00");
  EXPECT_EQ(moves[0]["to"], "115.00");
  const std::string& text = Of(all, "james", "budget_reallocation").markdown;
  EXPECT_NE(text.find("spring/search\\|x"), std::string::npos) << text;
  EXPECT_EQ(Of(all, "carlos", "optimization_report").markdown.find("<b>"), std::string::npos);
}

TEST(OptimizeMessages, FindingsGoWithWhatToDo) {
  const auto all = OptimizeMessages(State());
  const json olivia = json::parse(Of(all, "olivia", "audience_refinements").json)["findings"];
  ASSERT_EQ(olivia.size(), 2u);
  EXPECT_EQ(olivia[0]["suggestion"], "add it as a negative keyword");
  EXPECT_EQ(olivia[1]["suggestion"], "target it, or look for more like it");
  const json lucas = json::parse(Of(all, "lucas", "creative_insights").json);
  ASSERT_EQ(lucas["findings"].size(), 1u);
  EXPECT_EQ(lucas["variations_wanted"][0]["name"], "Dawn");
}

}  // namespace
}  // namespace maxopt
