#include "domain/tactic.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

Tactic Good() {
  Tactic tactic;
  tactic.id = "meta-creative-refresh";
  tactic.title = "Fresh creatives";
  tactic.source = "library";
  tactic.problem = "CTR falls while frequency rises.";
  tactic.action = "New pictures.";
  tactic.context.Add("platform", "meta");
  tactic.context.Add("problem", "creative_fatigue");
  tactic.context.gap = KpiGap{"cpa", 0.3};
  tactic.effect = TacticEffect{0.1, -0.05, 0.3};
  tactic.basis = "practice";
  tactic.said = {
      "Anzeigenm\xC3\xBC"
      "digkeit"};
  tactic.created_at = *ParseInstant("2026-11-01T00:00:00Z");
  tactic.expires_at = *ParseInstant("2027-11-01T00:00:00Z");
  return tactic;
}

TEST(Tactic, IsReadAsItWasWritten) {
  const auto read = TacticFromJson(ToJson(Good()));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(*read, Good());
  EXPECT_EQ(ToJson(*read), ToJson(Good()));
}

TEST(Tactic, AWordIsAddedOnce) {
  TacticContext context;
  context.Add("platform", "meta");
  context.Add("platform", "meta");
  EXPECT_EQ(context.facets.at("platform").size(), 1u);
  EXPECT_TRUE(context.Has("platform", "meta"));
  EXPECT_FALSE(context.Has("lever", "bid"));
}

TEST(Tactic, WhatIsWrongIsNamed) {
  struct Case {
    void (*spoil)(Tactic&);
    std::string_view said;
  };
  const Case cases[] = {
      {[](Tactic& t) { t.id = "Big Id"; }, "an id is"},
      {[](Tactic& t) { t.title.clear(); }, "title is missing"},
      {[](Tactic& t) { t.context.facets["colour"] = {"red"}; }, "known are platform"},
      {[](Tactic& t) { t.context.facets["problem"] = {"bad"}; }, "known are attribution_inflated"},
      {[](Tactic& t) { t.context.facets["industry"] = {"Ski & Co"}; }, "a-z, 0-9"},
      {[](Tactic& t) { t.effect->mean = 0.5; }, "within its 90 % interval"},
      {[](Tactic& t) {
         t.effect = TacticEffect{-1.2, -1.5, 0};
       },
       "lose more than there is"},
      {[](Tactic& t) { t.basis.clear(); }, "basis"},
      {[](Tactic& t) { t.context.gap->kpi = "C P A"; }, "KPI gap"},
  };
  for (const Case& c : cases) {
    Tactic tactic = Good();
    c.spoil(tactic);
    const auto checked = CheckTactic(tactic);
    ASSERT_FALSE(checked) << c.said;
    EXPECT_NE(checked.error().what.find(c.said), std::string::npos) << checked.error().what;
  }
}

TEST(Tactic, ReadingTakesNothingElse) {
  for (const char* text :
       {"", "[]", "{}", R"({"grade":"prior","colour":"red"})", R"({"grade":"sure"})",
        R"({"grade":"prior","id":7})", R"({"grade":"prior","created_at":"yesterday"})"}) {
    EXPECT_FALSE(TacticFromJson(text)) << text;
  }
}

TEST(Tactic, BandsAndSeasonsHaveEdges) {
  EXPECT_EQ(SpendBand(0), "under_100");
  EXPECT_EQ(SpendBand(100), "100_1000");
  EXPECT_EQ(SpendBand(9'999.99), "1000_10000");
  EXPECT_EQ(SpendBand(10'000), "over_10000");
  const auto season = [](const char* day) { return SeasonOf(*ParseDay(day)); };
  EXPECT_EQ(season("2026-11-14"), "autumn");
  EXPECT_EQ(season("2026-11-15"), "black_friday");
  EXPECT_EQ(season("2026-12-25"), "christmas");
  EXPECT_EQ(season("2026-12-26"), "january");
  EXPECT_EQ(season("2026-02-28"), "january");
  EXPECT_EQ(season("2026-06-01"), "summer");
}

}  // namespace
}  // namespace maxopt
