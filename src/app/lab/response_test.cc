#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>

#include "app/lab/lab.h"

namespace maxopt::lab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class ResponseFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              (std::string("lab_response_") +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }
  std::string Read(const std::string& name) const {
    std::ifstream in(Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  /// Two campaigns over 140 days: revenue 1000 + 8 sqrt(spend of a) + 2 sqrt(spend of b).
  void WriteHistory(const std::function<std::string(int)>& day, const std::string& column = "day",
                    bool backwards = false, int days = 140) {
    std::mt19937_64 engine(3);
    const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1.0p-53; };
    std::vector<std::string> rows;
    std::string kpi = column + ",revenue,promo\n";
    double level[2] = {100, 60};
    for (int t = 0; t < days; ++t) {
      if (t % 7 == 0) level[0] = 50 + 100 * uniform(), level[1] = 30 + 60 * uniform();
      const double promo = t % 30 < 3 ? 1 : 0;
      double revenue = 1000 + 300 * promo + 20 * (uniform() - 0.5);
      const double factor[2] = {40, 8};
      for (int c = 0; c < 2; ++c) {
        revenue += factor[c] * std::sqrt(level[c]);
        rows.push_back(day(t) + (c == 0 ? ",\"a, the first\"," : ",b,") + std::to_string(level[c]) +
                       "," + std::to_string(level[c] * 3) + "\n");
      }
      kpi += day(t) + "," + std::to_string(revenue) + "," + std::to_string(promo) + "\n";
    }
    if (backwards) std::reverse(rows.begin(), rows.end());
    std::string campaigns = column + ",campaign,spend,platform_revenue\n";
    for (const auto& row : rows) campaigns += row;
    Write("campaigns.csv", campaigns);
    Write("kpi.csv", kpi);
  }
  static std::string Number(int t) { return std::to_string(t); }

  Result<int> Respond(const std::string& window = "", const std::string& experiments = "") {
    return Response({.campaigns = Path("campaigns.csv"),
                     .kpi = Path("kpi.csv"),
                     .experiments = experiments,
                     .window = window,
                     .out = Path("out.json")});
  }
  Result<int> Move(const json& context) {
    Write("context.json", context.dump());
    testing::internal::CaptureStdout();
    auto done = ReallocateFile({.campaigns = Path("campaigns.csv"),
                                .kpi = Path("kpi.csv"),
                                .context = Path("context.json"),
                                .out = Path("budget.csv")});
    said_ = testing::internal::GetCapturedStdout();
    return done;
  }
  json Context() const {
    return {{"campaigns", {"a, the first", "b"}},
            {"next_day", 140},
            {"horizon_day", 0},
            {"horizon_days", 182},
            {"decision_days", 7},
            {"daily_total_budget", 160.5},
            {"max_daily_total", 176.0},
            {"may_underspend", false},
            {"gross_margin", 0.5},
            {"kpi", "revenue"},
            {"current_budget", {{"a, the first", 100.5}, {"b", 60}}},
            {"something_else", {1, 2}}};
  }

  fs::path folder_;
  std::string said_;
};

TEST_F(ResponseFiles, AnswersEveryCampaignWithIntervals) {
  WriteHistory(Number);
  const auto done = Respond("70:139");
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(*done, 0);
  const json out = json::parse(Read("out.json"));
  ASSERT_EQ(out["campaigns"].size(), 2u);
  const json& a = out["campaigns"]["a, the first"];
  for (const char* part : {"roas", "marginal_roas", "share"}) {
    const json& i = a[part];
    EXPECT_LE(i["low90"], i["low50"]);
    EXPECT_LE(i["low50"], i["high50"]);
    EXPECT_LE(i["high50"], i["high90"]);
    EXPECT_GT(i["mean"], 0);
  }
  // 40 sqrt(x) over x at about 100 is 4, of the last unit half of that.
  EXPECT_NEAR(a["roas"]["mean"], 4, 2.5);
  EXPECT_GT(a["roas"]["mean"], a["marginal_roas"]["mean"]);
  EXPECT_GT(a["roas"]["mean"], out["campaigns"]["b"]["roas"]["mean"]);
  EXPECT_TRUE(a["identified"].is_boolean());
  EXPECT_GT(a["curve"]["points"].size(), 5u);
  EXPECT_EQ(a["curve"]["points"][0]["mean"], 0);
  EXPECT_TRUE(a["carryover"].contains("mean_lag_days"));
  EXPECT_EQ(out["fit"]["holdout"]["rows"], 28);
  EXPECT_EQ(out["fit"]["window"], (json{"70", "139"}));
  const std::string once = Read("out.json");
  ASSERT_TRUE(Respond("70:139"));
  EXPECT_EQ(Read("out.json"), once);
}

TEST_F(ResponseFiles, DatesAndWeeksAndOrderOfRows) {
  const auto date = [](int t) {
    const std::chrono::year_month_day d(std::chrono::sys_days(std::chrono::year(2024) / 1 / 1) +
                                        std::chrono::days(t));
    char text[16];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(d.year()),
                  static_cast<unsigned>(d.month()), static_cast<unsigned>(d.day()));
    return std::string(text);
  };
  WriteHistory(date, "date");
  ASSERT_TRUE(Respond("2024-03-01:2024-04-30")) << Respond("2024-03-01:2024-04-30").error().what;
  const std::string straight = Read("out.json");
  EXPECT_EQ(json::parse(straight)["fit"]["window"], (json{"2024-03-01", "2024-04-30"}));
  WriteHistory(date, "date", true);
  ASSERT_TRUE(Respond("2024-03-01:2024-04-30"));
  EXPECT_EQ(Read("out.json"), straight);
  WriteHistory(Number, "week");
  ASSERT_TRUE(Respond());
  EXPECT_EQ(json::parse(Read("out.json"))["campaigns"]["b"]["curve"]["per"], "week");
}

TEST_F(ResponseFiles, AnExperimentNarrowsIt) {
  WriteHistory(Number);
  ASSERT_TRUE(Respond());
  const json before = json::parse(Read("out.json"))["campaigns"]["b"]["roas"];
  const std::string file =
      Write("experiments.csv", "campaign,start,end,lift_revenue,se,spend\nb,70,97,1700,60,\n");
  const auto done = Respond("", file);
  ASSERT_TRUE(done) << done.error().what;
  const json after = json::parse(Read("out.json"))["campaigns"]["b"]["roas"];
  const auto width = [](const json& i) {
    return i["high90"].get<double>() - i["low90"].get<double>();
  };
  EXPECT_LT(width(after), width(before));
}

TEST_F(ResponseFiles, BadInputIsNamedByFileLineAndField) {
  WriteHistory(Number);
  const std::string campaigns = Read("campaigns.csv"), kpi = Read("kpi.csv");
  const auto said = [&](const std::string& window = "", const std::string& experiments = "") {
    const auto done = Respond(window, experiments);
    return done ? std::string("nothing") : done.error().what;
  };
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos ? testing::AssertionSuccess()
                                                : testing::AssertionFailure() << text;
  };
  Write("campaigns.csv", campaigns + "139,b,-4,1\n");
  EXPECT_TRUE(has(said(), "campaigns.csv, line 282, spend"));
  Write("campaigns.csv", campaigns + "139,b,4\n");
  EXPECT_TRUE(has(said(), "campaigns.csv, line 282"));
  Write("campaigns.csv", campaigns + "yesterday,b,4,1\n");
  EXPECT_TRUE(has(said(), "line 282, day"));
  Write("campaigns.csv", "day,campaign\n1,a\n");
  EXPECT_TRUE(has(said(), "no column spend"));
  Write("campaigns.csv", campaigns);
  Write("kpi.csv", kpi + "142,5,0\n");
  EXPECT_TRUE(has(said(), "140 is missing before 142"));
  Write("kpi.csv", kpi + "140,much,0\n");
  EXPECT_TRUE(has(said(), "kpi.csv, line 142, revenue"));
  Write("kpi.csv", kpi + "139,5,0\n");
  EXPECT_TRUE(has(said(), "comes twice"));
  Write("kpi.csv", kpi);
  EXPECT_TRUE(has(said("5-9"), "no colon"));
  EXPECT_TRUE(has(said("500:600"), "no row"));
  EXPECT_TRUE(has(said("", Path("none.csv")), "No such file"));
  const std::string file =
      Write("experiments.csv", "campaign,start,end,lift_revenue,se\nb,5,9,10,0\n");
  EXPECT_TRUE(has(said("", file), "experiments.csv, line 2, se"));
  EXPECT_EQ(said(), "nothing");
}

TEST_F(ResponseFiles, BudgetsSumToTheCentAndNameEveryCampaign) {
  WriteHistory(Number);
  const auto done = Move(Context());
  ASSERT_TRUE(done) << done.error().what;
  const std::string budgets = Read("budget.csv");
  std::istringstream in(budgets);
  std::string header, a, b, end;
  std::getline(in, header), std::getline(in, a), std::getline(in, b), std::getline(in, end);
  EXPECT_EQ(header, "campaign,budget");
  ASSERT_TRUE(a.starts_with("\"a, the first\","));
  ASSERT_TRUE(b.starts_with("b,"));
  EXPECT_TRUE(end.empty());
  const double first = std::stod(a.substr(15)), second = std::stod(b.substr(2));
  EXPECT_NEAR(first + second, 160.5, 1e-9);
  EXPECT_GT(first, 60);
  EXPECT_GT(second, 10);
  const json why = json::parse(said_);
  EXPECT_EQ(why["why"].size(), 4u);
  EXPECT_EQ(why["days_left"], 182);
  EXPECT_TRUE(why["gain"].contains("low90"));
  const std::string once = said_;
  ASSERT_TRUE(Move(Context()));
  EXPECT_EQ(said_, once);
  EXPECT_EQ(Read("budget.csv"), budgets);
}

TEST_F(ResponseFiles, LessSpentIsToldAsProfit) {
  WriteHistory(Number);
  json context = Context();
  context["may_underspend"] = true;
  context["gross_margin"] = 0.05;  // 40 sqrt(x) at 100 earns 2 a unit, of which a twentieth is left
  ASSERT_TRUE(Move(context));
  const json out = json::parse(said_);
  const double less = -out["spend_change"].get<double>();
  EXPECT_GT(less, 10);
  EXPECT_LT(out["gain"]["mean"], 0);
  EXPECT_NEAR(out["profit_gain"]["mean"].get<double>(),
              0.05 * out["gain"]["mean"].get<double>() + less, 1e-6);
  EXPECT_GT(out["profit_gain"]["low90"], 0);
  ASSERT_EQ(out["why"].size(), 5u);
  EXPECT_TRUE(out["why"][4].get<std::string>().starts_with("that spends ")) << out["why"][4];
}

TEST_F(ResponseFiles, AFolderIsNoFile) {
  WriteHistory(Number);
  const std::string folder = folder_.string();
  const auto said = [&](const Result<int>& done) {
    return done ? std::string("nothing") : done.error().what;
  };
  const std::string wanted = folder + ": Is a directory";
  EXPECT_EQ(said(Tests({folder, ""})), wanted);
  EXPECT_EQ(said(AllocateFile({folder, ""})), wanted);
  LiftArguments lift;
  lift.series = folder;
  EXPECT_EQ(said(LiftFile(lift)), wanted);
  EXPECT_EQ(said(ForecastFile({.series = folder, .horizon = 2, .out = ""})), wanted);
  ResponseArguments response;
  response.campaigns = Path("campaigns.csv");
  response.kpi = folder;
  EXPECT_EQ(said(Response(response)), wanted);
  EXPECT_EQ(said(ReallocateFile({.campaigns = Path("campaigns.csv"),
                                 .kpi = Path("kpi.csv"),
                                 .context = folder,
                                 .out = Path("budget.csv")})),
            wanted);
  // To be written to, neither.
  EXPECT_EQ(said(ForecastFile({.series = Write("s.csv", "timestamp,value\n1,1\n2,2\n3,3\n4,4\n"),
                               .horizon = 2,
                               .out = folder})),
            wanted);
}

TEST_F(ResponseFiles, ReadsWhereTheHorizonStands) {
  WriteHistory(Number);
  const auto left = [&](const json& horizon_day) {
    json context = Context();
    context["horizon_day"] = horizon_day;
    const auto done = Move(context);
    return done ? json::parse(said_)["days_left"].get<int>() : -1;
  };
  EXPECT_EQ(left(42), 140);   // days that have passed
  EXPECT_EQ(left(140), 182);  // the first day
  EXPECT_EQ(left(200), 60);   // the last day
  EXPECT_EQ(left(nullptr), 182);
}

TEST_F(ResponseFiles, ACampaignWithoutHistoryKeepsItsBudget) {
  WriteHistory(Number);
  json context = Context();
  context["campaigns"].push_back("new");
  context["current_budget"]["new"] = 10;
  context["daily_total_budget"] = 170.5;
  const auto done = Move(context);
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_NE(Read("budget.csv").find("new,10.00"), std::string::npos) << Read("budget.csv");
}

TEST_F(ResponseFiles, ATooShortHistoryKeepsTheBudgets) {
  WriteHistory(Number, "day", false, 27);
  json context = Context();
  context["next_day"] = 27;
  const auto done = Move(context);
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(Read("budget.csv"), "campaign,budget\n\"a, the first\",100.50\nb,60.00\n");
  const json out = json::parse(said_);
  EXPECT_EQ(out["why"].size(), 1u);
  EXPECT_EQ(out["why"][0],
            "27 rows are too few to learn from, 28 are needed: the budgets stay in the proportion "
            "that they have");
  EXPECT_TRUE(out["gain"].is_null());
}

TEST_F(ResponseFiles, AWrongContextIsNamedByField) {
  WriteHistory(Number);
  const auto said = [&](const char* field, const json& value) {
    json context = Context();
    context[field] = value;
    const auto done = Move(context);
    return done ? std::string("nothing") : done.error().what;
  };
  for (const auto& [field, value] :
       std::initializer_list<std::pair<const char*, json>>{{"daily_total_budget", -1},
                                                           {"daily_total_budget", 1e300},
                                                           {"max_daily_total", 0},
                                                           {"gross_margin", 3},
                                                           {"decision_days", 0},
                                                           {"may_underspend", "yes"},
                                                           {"current_budget", {{"b", "x"}}},
                                                           {"campaigns", "b"},
                                                           {"next_day", "soon"}}) {
    EXPECT_NE(said(field, value).find(field), std::string::npos) << field << said(field, value);
  }
  EXPECT_NE(said("kpi", "orders").find("no column orders"), std::string::npos);
}

}  // namespace
}  // namespace maxopt::lab
