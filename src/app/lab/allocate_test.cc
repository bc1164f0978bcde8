#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/lab/lab.h"

namespace maxopt::lab {
namespace {

std::string Wrong(const char* text) {
  const auto answer = AnswerAllocation(text);
  return answer ? "fine" : answer.error().what;
}

TEST(LabAllocate, TwoLogCurvesByHand) {
  const auto answer = AnswerAllocation(R"({"budget": 100, "sense": "maximize", "channels": [
    {"id": "b", "curve": {"family": "log", "c": 100, "k": 10}, "min": 0, "max": 100, "current": 50},
    {"id": "a", "curve": {"family": "log", "c": 200, "k": 10}, "min": 0, "max": 60}]})");
  ASSERT_TRUE(answer) << answer.error().what;
  const auto json = nlohmann::json::parse(*answer);
  EXPECT_EQ(json["allocation"], nlohmann::json::parse(R"({"a": 60.0, "b": 40.0})"));
  EXPECT_EQ(json["binding"], nlohmann::json::parse(R"([{"id": "a", "constraint": "max"}])"));
  EXPECT_NEAR(json["lambda"].get<double>(), 2, 1e-3);  // 100 / (10 + 40)
  EXPECT_NEAR(json["marginal"]["a"].get<double>(), 200.0 / 70, 1e-9);
  EXPECT_EQ(json["sum"].get<double>(), 100);
  EXPECT_LT(json["gap"].get<double>(), 1e-9);
  EXPECT_NE(answer->find("\"a\": 60.00"), std::string::npos);
}

TEST(LabAllocate, EveryFamilyGroupsTargetsAndWholeYen) {
  const auto answer = AnswerAllocation(R"({"budget": 900, "currency": "JPY", "channels": [
    {"id": "hill", "curve": {"family": "hill", "c": 500, "k": 90, "a": 2, "carried": 5}},
    {"id": "power", "curve": {"family": "power", "c": 30, "a": 0.5}},
    {"id": "exp", "curve": {"family": "exponential", "c": 400, "k": 200}},
    {"id": "cdf", "curve": {"family": "lognormal_cdf", "c": 300, "k": 50, "a": 0.7}},
    {"id": "pieces", "curve": {"family": "piecewise", "points": [[0, 0], [100, 150], [400, 200]]}},
    {"id": 7, "curve": [[0, 0], [10, 100]]}],
    "groups": [{"ids": ["exp", "pieces"], "max": 250}]})");
  ASSERT_TRUE(answer) << answer.error().what;
  const auto json = nlohmann::json::parse(*answer);
  EXPECT_EQ(json["sum"], 900);
  EXPECT_EQ(json["allocation"]["7"], 10);  // ten a unit, then nothing
  EXPECT_EQ(json["allocation"]["exp"].get<int>() + json["allocation"]["pieces"].get<int>(), 250);
  EXPECT_EQ(json["allocation"]["pieces"], 100);
  EXPECT_LT(json["gap"].get<double>(), 1e-3);
  const auto little = AnswerAllocation(R"({"budget": 900, "target": {"marginal": 100},
    "channels": [{"id": "a", "curve": {"family": "log", "c": 1, "k": 1}}]})");
  ASSERT_TRUE(little);
  EXPECT_EQ(nlohmann::json::parse(*little)["sum"], 0);
}

TEST(LabAllocate, PeriodsWithCarryOverByHand) {
  // See periods_test.cc: y = .44 x.
  const auto answer = AnswerAllocation(R"({"budget": 144, "periods": 2, "end": "cut", "channels": [
    {"id": "a", "curve": {"family": "power", "c": 1, "a": 0.5}, "carry": 0.2}]})");
  ASSERT_TRUE(answer) << answer.error().what;
  const auto json = nlohmann::json::parse(*answer);
  EXPECT_EQ(json["allocation"], nlohmann::json::parse(R"({"a": [100.0, 44.0]})"));
  EXPECT_LT(json["gap"].get<double>(), 1e-9);
  EXPECT_EQ(json["after"], 0);
  EXPECT_NE(answer->find("\"sum\": 144.00"), std::string::npos);
  const auto all =
      AnswerAllocation(R"({"budget": 900, "currency": "JPY", "periods": 3, "channels": [
    {"id": "b", "curve": {"family": "log", "c": 100, "k": 50}, "season": [1, 2, 1], "min": 10,
     "on": [true, true, true], "before": 20, "spent": [90], "total": {"max": 500}},
    {"id": "a", "curve": {"family": "hill", "c": 500, "k": 90, "a": 1}, "carry": 0.5,
     "bounds": [{}, {"max": 100}, {"min": 5}]}], "period_bounds": [{}, {"max": 300}, {}]})");
  ASSERT_TRUE(all) << all.error().what;
  const auto parsed = nlohmann::json::parse(*all);
  EXPECT_EQ(parsed["allocation"]["b"][0], 90);
  EXPECT_EQ(parsed["binding"]["b"][0], "spent");
  EXPECT_LE(parsed["allocation"]["a"][1].get<int>(), 100);
  EXPECT_EQ(parsed["sum"], 900);
  EXPECT_GT(parsed["after"].get<double>(), 0);
  EXPECT_EQ(Wrong(R"({"budget": 1, "periods": "x", "channels": []})"),
            "periods: must be a whole number");
  EXPECT_NE(Wrong(R"({"budget": 1, "periods": 2, "end": "later", "channels": []})").find("end"),
            std::string::npos);
  EXPECT_NE(Wrong(R"({"budget": 1, "periods": 2, "target": {"marginal": 1}, "channels": []})")
                .find("not known together with periods"),
            std::string::npos);
  EXPECT_NE(Wrong(R"({"budget": 1, "periods": 2, "channels": [
    {"id": "a", "curve": {"family": "log", "c": 1, "k": 1}, "on": [1, 0]}]})")
                .find("channels[0].on: must be an array of true and false"),
            std::string::npos);
}

TEST(LabAllocate, WhatIsWrongIsNamedWithItsPlace) {
  EXPECT_NE(Wrong("{").find("no JSON"), std::string::npos);
  EXPECT_EQ(Wrong("[]"), "the problem: must be an object");
  EXPECT_EQ(Wrong(R"({"channels": []})"), "problem.budget: is missing; a number is needed");
  EXPECT_EQ(Wrong(R"({"budget": "1", "channels": []})"), "problem.budget: must be a number");
  EXPECT_EQ(Wrong(R"({"budget": 1, "channels": []})"), "no channel to give money to");
  EXPECT_NE(Wrong(R"({"budget": 1, "channels": [{"id": "a", "curve": {"family": "cubic"}}]})")
                .find("channels[0].curve: family \"cubic\" is none of hill, log"),
            std::string::npos);
  EXPECT_EQ(
      Wrong(R"({"budget": 1, "channels": [{"id": "a", "curve": {"family": "log", "c": 1}}]})"),
      "channels[0].curve.k: is missing; a number is needed");
  EXPECT_NE(Wrong(R"({"budget": 1, "sense": "minimize", "channels": []})").find("sense"),
            std::string::npos);
  EXPECT_NE(Wrong(R"({"budget": 1, "groups": [{"ids": ["x"]}], "channels": [
    {"id": "a", "curve": {"family": "log", "c": 1, "k": 1}}]})")
                .find("groups[0].ids: \"x\" is no channel"),
            std::string::npos);
}

}  // namespace
}  // namespace maxopt::lab
