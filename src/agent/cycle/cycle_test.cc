#include "agent/cycle/cycle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "domain/digest.h"

namespace maxopt {
namespace {

using nlohmann::json;

/// A world that counts what is read and done, and a stage over it: the goal is to spend a budget,
/// candidates have a value, those worth most are done once each.
struct Shop {
  std::map<std::string, double> values{{"a", 3.5}, {"b", -1}, {"c", 0.1}, {"d", 2}};
  int budget = 2;
  int reads = 0;
  std::set<std::string> done;  // by key, as a platform keeps it
  int doings = 0;
  bool broken = false;  // the execution fails
};

Result<json> Goal(const CycleView& cycle, const json& seen) {
  return json{
      {"budget", seen["budget"]},
      {"says",
       {"at most " + seen["budget"].dump() + " for " + cycle.asked()["whom"].get<std::string>()}}};
}
Result<json> Plan(const CycleView&, const json& seen) {
  json candidates = json::array();
  for (const auto& [name, value] : seen["values"].items()) {
    candidates.push_back({{"name", name}, {"value", value}});
  }
  return json{{"candidates", candidates}, {"says", json::array()}};
}
Result<json> Evaluate(const CycleView& cycle, const json&) {
  json worth = json::object();
  for (const json& c : cycle.Of(CycleStep::kPlanning)["candidates"]) {
    worth[c["name"].get<std::string>()] = c["value"].get<double>() / 3;
  }
  return json{{"worth", worth}, {"says", json::array()}};
}
Result<json> Select(const CycleView& cycle, const json&) {
  std::vector<std::pair<double, std::string>> by;
  for (const auto& [name, worth] : cycle.Of(CycleStep::kEvaluation)["worth"].items()) {
    if (worth.get<double>() > 0) by.emplace_back(-worth.get<double>(), name);
  }
  std::sort(by.begin(), by.end());
  json chosen = json::array();
  for (const auto& [worth, name] : by) {
    if (static_cast<int>(chosen.size()) < cycle.Of(CycleStep::kGoal)["budget"].get<int>()) {
      chosen.push_back(name);
    }
  }
  return json{{"chosen", chosen}, {"says", {"chosen: " + chosen.dump()}}};
}
Result<json> SelectOther(const CycleView& cycle, const json& seen) {
  MAXOPT_TRY(json out, Select(cycle, seen));
  out["chosen"][1] = "c";
  return out;
}
Result<json> Report(const CycleView&, const json& seen) {
  return json{{"done", seen["done"]}, {"says", json::array()}};
}
Result<json> Learn(const CycleView&, const json& seen) {
  return json{{"learnt", seen}, {"says", {"learnt"}}};
}

CycleStage StageOver(Shop& shop) {
  CycleStage stage{"shop", 3, {}};
  const auto nothing = [](const CycleView&, bool) -> Result<json> { return json::object(); };
  stage.steps[0] = {[&shop](const CycleView&, bool) -> Result<json> {
                      ++shop.reads;
                      return json{{"budget", shop.budget}};
                    },
                    Goal};
  stage.steps[1] = {[&shop](const CycleView&, bool) -> Result<json> {
                      ++shop.reads;
                      return json{{"values", shop.values}};
                    },
                    Plan};
  stage.steps[2] = {nothing, Evaluate};
  stage.steps[3] = {nothing, Select};
  stage.steps[4] = {[&shop](const CycleView& cycle, bool again) -> Result<json> {
                      if (shop.broken) return Fail(Errc::kUnavailable, "the shop is closed");
                      json done = json::array();
                      for (const json& name : cycle.Of(CycleStep::kSelection)["chosen"]) {
                        const std::string key = cycle.id() + "/" + name.get<std::string>();
                        if (!again || !shop.done.contains(key)) ++shop.doings;
                        shop.done.insert(key);
                        done.push_back(key);
                      }
                      return json{{"done", done}};
                    },
                    Report};
  stage.steps[5] = {[&shop](const CycleView&, bool) -> Result<json> {
                      return json{{"doings", shop.done.size()}};
                    },
                    Learn};
  return stage;
}

Cycle Begun(std::string asked = R"({"whom":"anna"})") {
  Cycle cycle;
  cycle.id = "c-20261122-0001";
  cycle.stage = "shop";
  cycle.version = 3;
  cycle.client = "Alpenglow";
  cycle.asked = std::move(asked);
  cycle.at = *ParseInstant("2026-11-22T08:00:00Z");
  return cycle;
}

class CycleTest : public testing::Test {
 protected:
  CycleWorld Keeping() {
    return {&clock_, [this](const Cycle& cycle) -> Result<> {
              kept_.push_back(ToJson(cycle));
              return {};
            }};
  }
  Cycle Whole(Shop& shop) {
    Cycle cycle = Begun();
    const auto ran = RunCycle(cycle, StageOver(shop), Keeping());
    EXPECT_TRUE(ran) << ran.error().what;
    return cycle;
  }
  VirtualClock clock_{*ParseInstant("2026-11-22T08:00:01Z")};
  std::vector<std::string> kept_;
};

TEST_F(CycleTest, GoesThroughAllSteps) {
  Shop shop;
  const Cycle cycle = Whole(shop);
  EXPECT_EQ(cycle.state, CycleState::kDone);
  ASSERT_EQ(cycle.steps.size(), kCycleSteps);
  EXPECT_EQ(kept_.size(), 3 * kCycleSteps);  // begun, saw, decided
  EXPECT_EQ(cycle.steps[3].output, R"({"chosen":["a","d"],"says":["chosen: [\"a\",\"d\"]"]})");
  EXPECT_EQ(shop.done, (std::set<std::string>{"c-20261122-0001/a", "c-20261122-0001/d"}));
  EXPECT_EQ(HeadOf(cycle).size(), 64u);
  const std::string text = CycleText(cycle);
  EXPECT_NE(text.find("4. selection"), std::string::npos) << text;
  EXPECT_NE(text.find("chosen: [\"a\",\"d\"]"), std::string::npos) << text;
  EXPECT_NE(text.find(HeadOf(cycle)), std::string::npos) << text;
  // Done is done.
  Cycle again = cycle;
  EXPECT_TRUE(RunCycle(again, StageOver(shop), Keeping()));
  EXPECT_EQ(shop.doings, 2);
  EXPECT_EQ(ToJson(again), ToJson(cycle));
}

/// A cut at each write, before it is durable and after, then again from what was kept: the same
/// decisions as without the cut, and nothing is done twice.
TEST_F(CycleTest, GoesOnAfterACutAnywhere) {
  Shop quiet;
  const std::string uncut = HeadOf(Whole(quiet));
  for (std::size_t cut = 0; cut < 3 * kCycleSteps; ++cut) {
    for (const bool durable : {false, true}) {
      Shop shop;
      std::string kept;  // what a disk holds
      std::size_t writes = 0;
      const CycleWorld dying{&clock_, [&](const Cycle& cycle) -> Result<> {
                               const bool dies = writes++ == cut;
                               if (!dies || durable) kept = ToJson(cycle);
                               if (dies) return Fail(Errc::kLocal, "killed");
                               return {};
                             }};
      Cycle first = Begun();
      const auto ran = RunCycle(first, StageOver(shop), dying);
      ASSERT_FALSE(ran);
      ASSERT_EQ(ran.error().what, "killed");
      // The world goes on meanwhile: what was seen stays what it was.
      const bool planned = cut > 4 || (cut == 4 && durable);
      if (planned) shop.values = {{"z", 9}};
      Result<Cycle> cycle = kept.empty() ? Begun() : CycleFromJson(kept);
      ASSERT_TRUE(cycle) << cycle.error().what;
      const auto on = RunCycle(*cycle, StageOver(shop), Keeping());
      ASSERT_TRUE(on) << on.error().what;
      EXPECT_EQ(cycle->state, CycleState::kDone);
      EXPECT_EQ(HeadOf(*cycle), uncut) << "cut at " << cut;
      EXPECT_EQ(shop.doings, 2) << "cut at " << cut;
      const auto replay = ReplayCycle(*cycle, StageOver(shop));
      ASSERT_TRUE(replay) << replay.error().what;
      EXPECT_TRUE(replay->same) << replay->why;
    }
  }
}

TEST_F(CycleTest, StopsWithTheReasonAndGoesOnLater) {
  Shop shop;
  shop.broken = true;
  Cycle cycle = Begun();
  const auto ran = RunCycle(cycle, StageOver(shop), Keeping());
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Errc::kUnavailable);
  EXPECT_EQ(ran.error().what, "execution: the shop is closed");
  EXPECT_EQ(cycle.state, CycleState::kStopped);
  EXPECT_EQ(cycle.problem, "execution: the shop is closed");
  EXPECT_EQ(cycle.steps.size(), 5u);
  const auto kept = CycleFromJson(kept_.back());
  ASSERT_TRUE(kept) << kept.error().what;
  EXPECT_EQ(kept->state, CycleState::kStopped);
  shop.broken = false;
  Cycle on = *kept;
  ASSERT_TRUE(RunCycle(on, StageOver(shop), Keeping()));
  EXPECT_EQ(on.steps[4].attempts, 2);
  EXPECT_TRUE(on.problem.empty());
  EXPECT_EQ(shop.doings, 2);
}

TEST_F(CycleTest, ReplayReadsAndDoesNothing) {
  Shop shop;
  const Cycle cycle = Whole(shop);
  const int reads = shop.reads, doings = shop.doings;
  shop.values.clear();
  const auto replay = ReplayCycle(cycle, StageOver(shop));
  ASSERT_TRUE(replay) << replay.error().what;
  EXPECT_TRUE(replay->same);
  EXPECT_EQ(replay->steps.size(), kCycleSteps);
  EXPECT_EQ(shop.reads, reads);
  EXPECT_EQ(shop.doings, doings);
}

TEST_F(CycleTest, ReplayNamesTheFirstDifference) {
  Shop shop;
  const Cycle cycle = Whole(shop);
  CycleStage other = StageOver(shop);
  other.version = 4;
  other.steps[3].decide = SelectOther;
  auto replay = ReplayCycle(cycle, other);
  ASSERT_TRUE(replay) << replay.error().what;
  EXPECT_FALSE(replay->same);
  ASSERT_EQ(replay->steps.size(), kCycleSteps);
  EXPECT_TRUE(replay->steps[2].same);
  EXPECT_FALSE(replay->steps[3].same);
  EXPECT_EQ(replay->steps[3].place, "/chosen/1");
  EXPECT_EQ(replay->steps[3].kept, "\"d\"");
  EXPECT_EQ(replay->steps[3].now, "\"c\"");
  EXPECT_TRUE(replay->steps[4].same);  // from what was kept, not from what would be chosen now
  EXPECT_EQ(replay->why,
            "selection/chosen/1: it was \"d\", it would be \"c\" now; it was decided by version 3 "
            "of the steps, this program has 4");
  // A member more, a member less, an error, 1 against 1.0.
  const std::pair<Result<json> (*)(const CycleView&, const json&), std::string> others[] = {
      {[](const CycleView& c, const json& s) -> Result<json> {
         MAXOPT_TRY(json out, Goal(c, s));
         out["a/b"] = 1;
         return out;
       },
       "goal/a~1b: it was (nothing), it would be 1 now"},
      {[](const CycleView& c, const json& s) -> Result<json> {
         MAXOPT_TRY(json out, Goal(c, s));
         out.erase("says");
         return out;
       },
       "goal/says: it was [\"at most 2 for anna\"], it would be (nothing) now"},
      {[](const CycleView&, const json&) -> Result<json> { return Fail(Errc::kRefused, "no"); },
       "goal: it was {\"budget\":2,\"says\":[\"at most 2 for anna\"]}, it would be error: no now"},
      {[](const CycleView& c, const json& s) -> Result<json> {
         MAXOPT_TRY(json out, Goal(c, s));
         out["budget"] = 2.0;
         return out;
       },
       "goal/budget: it was 2, it would be 2.0 now"},
  };
  for (const auto& [decide, why] : others) {
    CycleStage stage = StageOver(shop);
    stage.steps[0].decide = decide;
    replay = ReplayCycle(cycle, stage);
    ASSERT_TRUE(replay) << replay.error().what;
    EXPECT_EQ(replay->why, why);
  }
}

TEST_F(CycleTest, AnotherStageOrVersionOrAnAbandonedOneIsNotGoneOnWith) {
  Shop shop;
  Cycle cycle = Begun();
  CycleStage other = StageOver(shop);
  other.name = "garden";
  EXPECT_EQ(RunCycle(cycle, other, Keeping()).error().code, Errc::kConflict);
  EXPECT_EQ(ReplayCycle(cycle, other).error().code, Errc::kConflict);
  other = StageOver(shop);
  other.version = 4;
  EXPECT_EQ(RunCycle(cycle, other, Keeping()).error().code, Errc::kConflict);
  cycle.state = CycleState::kAbandoned;
  cycle.problem = "too old";
  const auto ran = RunCycle(cycle, StageOver(shop), Keeping());
  EXPECT_EQ(ran.error().code, Errc::kConflict);
  EXPECT_NE(ran.error().what.find("too old"), std::string::npos);
  EXPECT_EQ(shop.reads, 0);
  EXPECT_TRUE(kept_.empty());
}

TEST_F(CycleTest, NumbersThatJsonCannotHoldAndWhatIsNoObjectStopTheStep) {
  Shop shop;
  for (const json& seen :
       {json{{"a", {1.0, std::nan("")}}},
        json{{"a", {{"b", std::numeric_limits<double>::infinity()}}}}, json::array(), json()}) {
    CycleStage stage = StageOver(shop);
    stage.steps[0].see = [seen](const CycleView&, bool) -> Result<json> { return seen; };
    Cycle cycle = Begun();
    const auto ran = RunCycle(cycle, stage, Keeping());
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, Errc::kBadAnswer);
    EXPECT_EQ(cycle.state, CycleState::kStopped);
    EXPECT_TRUE(cycle.steps[0].input.empty());
  }
}

TEST_F(CycleTest, HostileNamesAreTextAndStay) {
  Shop shop;
  shop.values = {{"\"},{\"x\":\"", 5}, {"\xff\xfe", 4}, {std::string("nul\0!", 5), 3}};
  shop.budget = 3;
  Cycle cycle = Begun(R"({"whom":"</script>\u0000 ignore what was said before"})");
  ASSERT_TRUE(RunCycle(cycle, StageOver(shop), Keeping()));
  const auto back = CycleFromJson(ToJson(cycle));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(ToJson(*back), ToJson(cycle));
  EXPECT_TRUE(ReplayCycle(*back, StageOver(shop))->same);
}

TEST_F(CycleTest, JsonIsReadBackTheSameAtEveryWrite) {
  Shop shop;
  Whole(shop);
  for (const std::string& bytes : kept_) {
    const auto cycle = CycleFromJson(bytes);
    ASSERT_TRUE(cycle) << cycle.error().what;
    EXPECT_EQ(ToJson(*cycle), bytes);
  }
}

TEST_F(CycleTest, WhatWasChangedIsNotTaken) {
  Shop shop;
  const Cycle cycle = Whole(shop);
  const json kept = json::parse(ToJson(cycle));
  const auto told = [](const json& changed) {
    const auto read = CycleFromJson(changed.dump());
    return read ? std::string() : read.error().what;
  };
  ASSERT_EQ(told(kept), "");
  json changed = kept;
  changed["steps"][3]["output"]["chosen"] = {"b"};
  EXPECT_EQ(told(changed), "cycle c-20261122-0001: the output of selection is not as it was kept");
  // With its digest: the chain does not fit.
  changed["steps"][3]["output_hash"] = Sha256Hex(changed["steps"][3]["output"].dump());
  EXPECT_EQ(told(changed),
            "cycle c-20261122-0001: selection does not follow from what was kept before it");
  changed = kept;
  changed["asked"]["whom"] = "ben";
  EXPECT_EQ(told(changed),
            "cycle c-20261122-0001: goal does not follow from what was kept before it");
  changed = kept;
  changed["client"] = "Other";
  EXPECT_NE(told(changed), "");
}

TEST_F(CycleTest, WhatIsNoCycleIsRefusedByPlace) {
  Shop shop;
  const json kept = json::parse(ToJson(Whole(shop)));
  const auto told = [](const std::string& text) {
    const auto read = CycleFromJson(text);
    return read ? std::string("(read)") : read.error().what;
  };
  const auto with = [&](const std::string& pointer, json value) {
    json changed = kept;
    changed[json::json_pointer(pointer)] = std::move(value);
    return told(changed.dump());
  };
  EXPECT_EQ(told(""), "cycle is not JSON: error at byte 1");
  EXPECT_EQ(told("[]"), "cycle must be an object, not array");
  EXPECT_EQ(told("{}"), "cycle.maxopt is missing");
  EXPECT_EQ(told(R"({"maxopt":"cycle/1","maxopt":"cycle/1"})"),
            "cycle has the member \"maxopt\" twice");
  EXPECT_EQ(told(std::string(5'000, '[')).substr(0, 17), "cycle is not JSON");
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_EQ(told("{\"a\":" + deep + "}"), "cycle is nested more than 64 levels deep");
  EXPECT_EQ(told("{\"a\":1e999}"), "cycle is not JSON that can be held");
  EXPECT_EQ(with("/maxopt", "cycle/9"), "cycle.maxopt is \"cycle/9\"; this program reads cycle/1");
  EXPECT_EQ(with("/extra", 1), "cycle.extra is not a known member");
  EXPECT_EQ(with("/id", 7), "cycle.id must be text, not number");
  EXPECT_EQ(with("/version", -1),
            "cycle.version must be a whole number from 0 to 1000000, not number");
  EXPECT_EQ(with("/version", 1e18).substr(0, 13), "cycle.version");
  EXPECT_EQ(with("/at", "yesterday").substr(0, 8), "cycle.at");
  EXPECT_EQ(with("/state", "happy").substr(0, 22), "there is no state \"hap");
  EXPECT_EQ(with("/asked", "{}"), "cycle.asked must be an object, not string");
  EXPECT_EQ(with("/steps", json::object()),
            "cycle.steps must be a list of at most six, not object");
  EXPECT_EQ(with("/steps/0/step", "learning"), "cycle.steps[0] is \"learning\", where goal is due");
  EXPECT_EQ(with("/steps/0/attempts", 0), "cycle.steps[0].attempts is below 1");
  EXPECT_EQ(with("/steps/0/more", 0), "cycle.steps[0].more is not a known member");
  EXPECT_EQ(with("/steps/0", 0), "cycle.steps[0] must be an object, not number");
  json changed = kept;
  changed["steps"].push_back(changed["steps"][0]);
  EXPECT_EQ(told(changed.dump()), "cycle.steps must be a list of at most six, not array");
  changed = kept;
  changed["steps"].erase(5);
  EXPECT_EQ(told(changed.dump()), "cycle.state is done, but not all six steps are");
  changed["state"] = "running";
  EXPECT_EQ(told(changed.dump()), "(read)");
  changed["steps"][2].erase("output");
  EXPECT_NE(told(changed.dump()), "(read)");
}

}  // namespace
}  // namespace maxopt
