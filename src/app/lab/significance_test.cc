#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "app/lab/lab.h"

namespace maxopt::lab {
namespace {

using nlohmann::json;

json Answers(const std::string& text) {
  const auto out = AnswerTests(text);
  EXPECT_TRUE(out) << out.error().what;
  return json::parse(*out);
}

TEST(LabTest, AnswersInOrderWithTheirIds) {
  const json out = Answers(R"([
    {"id": "x", "method": "two_proportion", "a": {"n": 70, "x": 56}, "b": {"n": 80, "x": 48}},
    {"id": 7, "method": "proportion_interval", "n": 263, "x": 81, "kind": "wilson"},
    {"method": "multiple", "p_values": [0.01, 0.04], "kind": "bonferroni"}])");
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0]["id"], "x");
  EXPECT_NEAR(out[0]["newcombe_low"].get<double>(), -0.3339, 5e-5);
  EXPECT_EQ(out[1]["id"], 7);
  EXPECT_NEAR(out[1]["low"].get<double>(), 0.2553, 5e-5);
  EXPECT_TRUE(out[2]["id"].is_null());
  EXPECT_EQ(out[2]["adjusted"], json({0.02, 0.08}));
}

TEST(LabTest, TwelveDigits) {
  const std::string out =
      *AnswerTests(R"([{"id":1,"method":"sequential_mean_bound","v":100,"v_opt":100}])");
  EXPECT_EQ(out, "[\n  {\"id\": 1, \"bound\": 30.3520899038, \"rho\": 12.6005609793}\n]\n");
}

TEST(LabTest, AnErrorNamesTheFieldAndTheOthersAreAnswered) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"method":"two_proportion","a":{"n":0,"x":0},"b":{"n":9,"x":1}})", "a.n is 0"},
      {R"({"method":"two_proportion","a":{"n":9,"x":10},"b":{"n":9,"x":1}})", "a.x is 10"},
      {R"({"method":"two_proportion","a":{"n":9,"x":1.5},"b":{"n":9,"x":1}})", "a.x is 1.5"},
      {R"({"method":"two_proportion","a":{"n":9,"x":"1"},"b":{"n":9,"x":1}})", "a.x is \"1\""},
      {R"({"method":"two_proportion","b":{"n":9,"x":1}})", "a is missing"},
      {R"({"method":"two_proportion","a":[],"b":{"n":9,"x":1}})", "a is []"},
      {R"({"method":"welch","a":{"n":9,"mean":NaN,"sd":1},"b":{"n":9,"mean":1,"sd":1}})",
       "a.mean is \"NaN\""},
      {R"({"method":"welch","a":{"n":9,"mean":1,"sd":-1},"b":{"n":9,"mean":1,"sd":1}})",
       "a.sd is -1"},
      {R"({"method":"welch","a":{"n":9,"mean":-Infinity,"sd":1},"b":{"n":9,"mean":1,"sd":1}})",
       "a.mean"},
      {R"({"method":"welch","a":{"n":1e400,"mean":1,"sd":1},"b":{"n":9,"mean":1,"sd":1}})", "a.n"},
      {R"({"method":"chi2","table":[[1,2],[3]]})", "table[1]"},
      {R"({"method":"srm","counts":[1,-2],"weights":[1,1]})", "counts[1]"},
      {R"({"method":"multiple","p_values":[0.1,2],"kind":"bh"})", "p_values[1]"},
      {R"({"method":"multiple","p_values":[0.1],"kind":"fdr"})", "bh, holm, by, bonferroni"},
      {R"({"method":"two_proportion","a":{"n":9,"x":1},"b":{"n":9,"x":2},"alternative":"up"})",
       "alternative \"up\""},
      {R"({"method":"two_proportion","a":{"n":9,"x":1},"b":{"n":9,"x":2},"alpha":1})", "alpha"},
      {R"({"method":"relative_lift","a":{"n":9,"mean":1,"sd":1,"mean_den":1,"sd_den":1,"cov":0},
           "b":{"n":9,"mean":1,"sd":1}})",
       "b.mean_den is missing"},
      {R"({"method":"power_two_proportion","p_a":0.1,"p_b":0.2,"n":10,"power":0.8})",
       "n and power"},
      {R"({"method":"power_two_proportion","p_a":0.1})", "a difference"},
      {R"({"method":"guess"})", "two_proportion"},
      {R"({})", "method is missing"},
      {R"("text")", "not an object"},
  };
  for (const auto& [text, wanted] : cases) {
    const json out =
        Answers(std::string("[") + text +
                R"(,{"id":"NaN \" Infinity","method":"multiple","p_values":[0.5],"kind":"bh"}])");
    ASSERT_EQ(out.size(), 2u) << text;
    ASSERT_TRUE(out[0].contains("error")) << text;
    EXPECT_EQ(out[0].size(), 2u) << text;
    EXPECT_NE(out[0]["error"].get<std::string>().find(wanted), std::string::npos) << out[0];
    EXPECT_EQ(out[1]["adjusted"], json({0.5}));
    EXPECT_EQ(out[1]["id"], "NaN \" Infinity");
  }
}

TEST(LabTest, WhatIsNoArrayIsRefusedAsAWhole) {
  for (const char* text : {"", "[", "{}", "3", "[{\"id\":1,}]", "[] []", "\"", "[\"\\"}) {
    EXPECT_FALSE(AnswerTests(text)) << text;
  }
  EXPECT_EQ(*AnswerTests("[]"), "[]\n");
  EXPECT_FALSE(Tests({"/nonexistent/cases.json", ""}));
}

}  // namespace
}  // namespace maxopt::lab
