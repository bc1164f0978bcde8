#include "domain/view.h"

#include <gtest/gtest.h>

#include <cmath>

namespace maxopt {
namespace {

View Example() {
  View view;
  view.name = "campaigns";
  view.title = "Campaigns";
  view.client = "Alpenglow";
  view.as_of = *ParseInstant("2026-04-30T09:00:00Z");
  view.from = *ParseDay("2026-04-01");
  view.to = *ParseDay("2026-04-29");
  view.columns = {{"campaign", "Campaign"},
                  {"spend", "Spend", CellKind::kMoney, Truth::kClaimed},
                  {"ctr", "CTR", CellKind::kRatio, Truth::kClaimed, "", "", 1},
                  {"gain", "Gain", CellKind::kEstimate, Truth::kIncremental, "EUR/day"}};
  view.rows = {{.key = "1",
                .cells = {std::string("<b>"), Money::Micros(12'340'000, kEur), 0.034,
                          Estimated{1, 0.5, 2, 0.9}},
                .known = 0.93},
               {.key = "2", .cells = {std::string("none"), {}, {}, {}}}};
  return view;
}

TEST(View, JsonKeepsUnitsAndAbsence) {
  const View view = Example();
  ASSERT_EQ(Objection(view), "");
  const std::string json = ToJson(view);
  EXPECT_NE(json.find(R"("cells":["<b>",{"amount":"12.34","currency":"EUR"},0.034,)"
                      R"({"value":1.0,"low":0.5,"high":2.0,"level":0.9}],"known":0.93)"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("cells":["none",null,null,null],"known":null)"), std::string::npos);
  EXPECT_NE(json.find(R"("from":"2026-04-01","to":"2026-04-29")"), std::string::npos);
  EXPECT_EQ(json, ToJson(view));
}

TEST(View, BrokenTextBecomesAReplacementCharacter) {
  View view = Example();
  view.rows[0].cells[0] = std::string("a\xff");
  EXPECT_NE(ToJson(view).find("a\xef\xbf\xbd"), std::string::npos);
}

TEST(View, ObjectionNamesThePlace) {
  View view = Example();
  view.rows[1].cells.pop_back();
  EXPECT_EQ(Objection(view), "view campaigns, row 2: 3 cells for 4 columns");
  view = Example();
  view.rows[0].cells[1] = 12.34;
  EXPECT_EQ(Objection(view), "view campaigns, row 1: spend is not of the column's kind, money");
  view = Example();
  view.rows[0].cells[2] = std::nan("");
  EXPECT_EQ(Objection(view), "view campaigns, row 1: ctr is not a finite number");
  view = Example();
  view.rows[0].cells[3] = Estimated{3, 0.5, 2, 0.9};
  EXPECT_EQ(Objection(view), "view campaigns, row 1: gain lies outside its own interval");
  view = Example();
  view.rows[1].key = "1";
  EXPECT_EQ(Objection(view), "view campaigns: row key \"1\" is there twice or empty");
  view = Example();
  view.rows[0].known = 0;
  EXPECT_EQ(Objection(view), "view campaigns, row 1: known is not in (0, 1]");
  view = Example();
  view.totals = std::vector<ViewCell>{};
  EXPECT_EQ(Objection(view), "view campaigns, totals: 0 cells for 4 columns");
}

TEST(View, CellsInPrint) {
  const View view = Example();
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < 4; ++i) {
    shown.push_back(PrintCell(view.rows[0].cells[i], view.columns[i]));
  }
  EXPECT_EQ(shown,
            (std::vector<std::string>{"<b>", "12.34 EUR", "3.4 %", "1.00 (0.50 to 2.00) EUR/day"}));
  EXPECT_EQ(PrintCell(view.rows[1].cells[1], view.columns[1]), "–");
}

}  // namespace
}  // namespace maxopt
