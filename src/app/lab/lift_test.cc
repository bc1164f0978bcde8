#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "app/lab/lab.h"
#include "clock/clock.h"

namespace maxopt::lab {
namespace {

using nlohmann::json;

/// Six geos, 70 days; a and b sell 20 % more from day 56 on, and cost 10 a day more.
std::vector<std::string> Rows(bool labelled) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  std::vector<std::string> rows;
  for (int t = 0; t < 70; ++t) {
    const std::string day = PrintDay(Day(std::chrono::days(20'000 + t)));
    const double common = 1 + .1 * normal(random);
    for (int g = 0; g < 6; ++g) {
      const bool on = g < 2 && t >= 56;
      std::ostringstream row;
      row.precision(12);
      row << day << ",geo " << static_cast<char>('a' + g) << ","
          << 100 * (g + 1) * common * (1 + .02 * normal(random)) * (on ? 1.2 : 1) << ","
          << (on ? 10 : 0);
      if (labelled) row << (g < 2 ? ",treatment," : ",control,") << (t < 56 ? "pre" : "test");
      rows.push_back(row.str());
    }
  }
  return rows;
}
std::string Csv(const std::string& header, const std::vector<std::string>& rows) {
  std::string out = header + "\n";
  for (const std::string& row : rows) out += row + "\n";
  return out;
}
LiftArguments Flags() {
  LiftArguments arguments;
  arguments.panel = "panel.csv";
  arguments.treated = "geo a, geo b";
  arguments.start = PrintDay(Day(std::chrono::days(20'056)));
  arguments.end = PrintDay(Day(std::chrono::days(20'069)));
  return arguments;
}

TEST(LabLift, FlagsAndColumnsSayTheSame) {
  const std::string plain = Csv("date,geo,sales,spend", Rows(false));
  const auto flags = AnswerLift(Flags(), plain, "panel.csv");
  ASSERT_TRUE(flags) << flags.error().what;
  LiftArguments columns;
  columns.panel = "panel.csv";
  const auto labelled = AnswerLift(columns, Csv("day,geo,y,spend,group,period", Rows(true)), "p");
  ASSERT_TRUE(labelled) << labelled.error().what;
  EXPECT_EQ(*flags, *labelled);

  const json out = json::parse(*flags);
  for (const char* name :
       {"att", "att_low", "att_high", "lift", "lift_low", "lift_high", "incremental", "p_value",
        "iroas", "iroas_low", "iroas_high", "method", "weights", "pre_fit", "placebo"}) {
    ASSERT_TRUE(out.contains(name)) << name;
  }
  EXPECT_LT(out["lift_low"], .2);
  EXPECT_GT(out["lift_high"], .2);
  EXPECT_LT(out["p_value"], .05);
  // 28 rows of treated geos and test days.
  EXPECT_NEAR(out["incremental"].get<double>(), 28 * out["att"].get<double>(), 1e-6);
  EXPECT_NEAR(out["iroas"].get<double>(), out["incremental"].get<double>() / 280, 1e-6);
  EXPECT_EQ(out["weights"].size(), 4u);

  // Neither the order of rows nor of columns matters.
  std::vector<std::string> rows = Rows(false);
  std::reverse(rows.begin(), rows.end());
  EXPECT_EQ(*flags, *AnswerLift(Flags(), Csv("date,geo,sales,spend", rows), "p"));
}

TEST(LabLift, ATestThatGoesOnIsSaidToBeReadEarly) {
  const std::string panel = Csv("date,geo,sales,spend", Rows(false));
  LiftArguments longer = Flags();
  longer.end = PrintDay(Day(std::chrono::days(20'079)));
  const json whole = json::parse(*AnswerLift(Flags(), panel, "p"));
  const json early = json::parse(*AnswerLift(longer, panel, "p"));
  EXPECT_TRUE(whole["notes"].empty());
  EXPECT_EQ(early["att"], whole["att"]);
  ASSERT_EQ(early["notes"].size(), 1u);
  EXPECT_EQ(early["notes"][0],
            "the test ends on 2024-12-22, the data on 2024-12-12: what is told is of the days "
            "until then");
}

TEST(LabLift, NoSpendNoReturn) {
  std::vector<std::string> rows = Rows(false);
  for (std::string& row : rows) row = row.substr(0, row.rfind(','));
  for (const char* method : {"auto", "synthetic_control", "did", "tbr"}) {
    LiftArguments arguments = Flags();
    arguments.method = method;
    const auto answer = AnswerLift(arguments, Csv("day,geo,sales", rows), "p");
    ASSERT_TRUE(answer) << answer.error().what;
    const json out = json::parse(*answer);
    EXPECT_TRUE(out["iroas"].is_null());
    if (arguments.method != "auto") {
      EXPECT_EQ(out["method"], method);
    }
  }
}

TEST(LabLift, ErrorsNameFileLineAndField) {
  const auto what = [](LiftArguments arguments, const std::string& text) {
    const auto answer = AnswerLift(arguments, text, "f.csv");
    return answer ? std::string("answered") : answer.error().what;
  };
  std::vector<std::string> rows = Rows(false);
  const std::string header = "day,geo,sales,spend";
  EXPECT_EQ(what(Flags(), "day,geo\n1,a\n"), "f.csv, line 1: a column sales or y is needed");
  rows[1] = rows[1].substr(0, 17) + "many,0";
  EXPECT_NE(what(Flags(), Csv(header, rows)).find("f.csv, line 3, sales: "), std::string::npos);
  rows[1] = rows[0];
  EXPECT_NE(what(Flags(), Csv(header, rows)).find("line 3, geo: \"geo a\" has this day in line 2"),
            std::string::npos)
      << what(Flags(), Csv(header, rows));
  rows[1] = "yesterday,geo b,1,1";
  EXPECT_NE(what(Flags(), Csv(header, rows)).find("line 3, day: "), std::string::npos);
  LiftArguments stranger = Flags();
  stranger.treated = "geo a,geo z";
  EXPECT_NE(what(stranger, Csv(header, Rows(false))).find("no geo \"geo z\""), std::string::npos);
  LiftArguments unknown = Flags();
  unknown.method = "magic";
  EXPECT_NE(what(unknown, Csv(header, Rows(false))).find("synthetic_control, did, tbr"),
            std::string::npos);
  LiftArguments backwards = Flags();
  std::swap(backwards.start, backwards.end);
  EXPECT_NE(what(backwards, Csv(header, Rows(false))).find("--end lies before"), std::string::npos);
  std::vector<std::string> labelled = Rows(true);
  labelled[7] = labelled[7].substr(0, labelled[7].rfind(',')) + ",later";
  LiftArguments columns;
  columns.panel = "p";
  EXPECT_NE(what(columns, Csv("day,geo,sales,spend,group,period", labelled)).find("line 9, period"),
            std::string::npos);
}

TEST(LabLift, SeriesByRowAndByDay) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::string rows = "y,x\n", days = "x,date,y\n";
  for (int t = 0; t < 100; ++t) {
    const double x = 100 + normal(random), y = 1.2 * x + normal(random) + (t >= 70 ? 5 : 0);
    rows += std::to_string(y) + "," + std::to_string(x) + "\n";
    days += std::to_string(x) + "," + PrintDay(Day(std::chrono::days(20'000 + t))) + "," +
            std::to_string(y) + "\n";
  }
  LiftArguments arguments;
  arguments.series = "s.csv";
  arguments.from = "70";
  const auto by_row = AnswerLift(arguments, rows, "s.csv");
  ASSERT_TRUE(by_row) << by_row.error().what;
  const json out = json::parse(*by_row);
  EXPECT_NEAR(out["att"].get<double>(), 5, 1);
  EXPECT_LT(out["att_low"], 5);
  EXPECT_GT(out["att_high"], 5);
  EXPECT_EQ(out["counterfactual"].size(), 30u);
  EXPECT_GT(out["inclusion"]["x"], .99);
  EXPECT_EQ(*by_row, *AnswerLift(arguments, days, "s.csv"));
  arguments.from = PrintDay(Day(std::chrono::days(20'070)));
  EXPECT_EQ(*by_row, *AnswerLift(arguments, days, "s.csv"));
  EXPECT_FALSE(AnswerLift(arguments, rows, "s.csv"));
  arguments.from = "3";
  EXPECT_NE(AnswerLift(arguments, rows, "s.csv").error().what.find("3 steps before the test"),
            std::string::npos);
}

TEST(LabLift, Design) {
  LiftArguments arguments;
  arguments.design = "d.csv";
  arguments.test_days = 14;
  arguments.effect = .1;
  const auto answer = AnswerLift(arguments, Csv("day,geo,sales,spend", Rows(false)), "d.csv");
  ASSERT_TRUE(answer) << answer.error().what;
  const json out = json::parse(*answer);
  EXPECT_FALSE(out["holdout"]["geos"].empty());
  EXPECT_GT(out["mde"], 0);
  EXPECT_GT(out["power"], 0);
  EXPECT_GT(out["cost"], 0);
  EXPECT_EQ(out["options"].size(), 3u);
  arguments.test_days = 0;
  EXPECT_FALSE(AnswerLift(arguments, Csv("day,geo,sales,spend", Rows(false)), "d.csv"));
}

}  // namespace
}  // namespace maxopt::lab
