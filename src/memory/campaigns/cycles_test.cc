#include "memory/campaigns/cycles.h"

#include <gtest/gtest.h>

#include "memory/campaigns/ledger.h"

namespace maxopt {
namespace {

class CycleStoreTest : public testing::Test {
 protected:
  Result<StoredCycle> Add(const std::string& client, const std::string& stage,
                          const std::string& at) {
    StoredCycle cycle;
    cycle.client = client, cycle.stage = stage, cycle.state = "running";
    cycle.began_at = cycle.updated_at = *ParseInstant(at);
    return AddCycle(*store_, cycle,
                    [](const std::string& id) { return "{\"id\":\"" + id + "\"}"; });
  }
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
};

TEST_F(CycleStoreTest, GivesNumbersOfTheDay) {
  const auto first = Add("A", "optimize", "2026-11-22T08:00:00Z");
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_EQ(first->id, "c-20261122-0001");
  EXPECT_EQ(first->body, R"({"id":"c-20261122-0001"})");
  EXPECT_EQ(Add("B", "report", "2026-11-22T09:00:00Z")->id, "c-20261122-0002");
  EXPECT_EQ(Add("A", "optimize", "2026-11-23T00:00:00Z")->id, "c-20261123-0001");
  const auto found = FindCycle(*store_, "c-20261122-0002");
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->client, "B");
  EXPECT_EQ(found->began_at, *ParseInstant("2026-11-22T09:00:00Z"));
  EXPECT_EQ(FindCycle(*store_, "c-1").error().code, Errc::kNotFound);
}

TEST_F(CycleStoreTest, OneGoesOnWithIt) {
  StoredCycle mine = *Add("A", "optimize", "2026-11-22T08:00:00Z");
  StoredCycle theirs = mine;
  mine.body = R"({"n":2})";
  ASSERT_TRUE(KeepCycle(*store_, mine));
  EXPECT_EQ(mine.revision, 2);
  theirs.body = R"({"n":3})";
  const auto late = KeepCycle(*store_, theirs);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kConflict);
  EXPECT_EQ(FindCycle(*store_, mine.id)->body, R"({"n":2})");
  StoredCycle nobody = mine;
  nobody.id = "c-20261122-0009";
  EXPECT_EQ(KeepCycle(*store_, nobody).error().code, Errc::kNotFound);
}

TEST_F(CycleStoreTest, TheEndIsOneLineOfTheLedgerAndFinal) {
  StoredCycle cycle = *Add("A", "optimize", "2026-11-22T08:00:00Z");
  cycle.state = "done";
  cycle.updated_at = *ParseInstant("2026-11-22T08:01:00Z");
  ASSERT_TRUE(KeepCycle(*store_, cycle, R"({"head":"ab"})"));
  const auto lines = Ledger(*store_, {"", "cycle", ""});
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_EQ((*lines)[0].subject, cycle.id);
  EXPECT_EQ((*lines)[0].client, "A");
  EXPECT_EQ((*lines)[0].body, R"({"head":"ab"})");
  EXPECT_EQ(CheckLedger(*store_, "")->broken, "");
  const auto again = KeepCycle(*store_, cycle, R"({"head":"cd"})");
  EXPECT_EQ(again.error().code, Errc::kConflict);
  EXPECT_EQ(Ledger(*store_, {"", "cycle", ""})->size(), 1u);
}

TEST_F(CycleStoreTest, ListsNewestFirstAndNarrows) {
  Add("A", "optimize", "2026-11-22T08:00:00Z");
  Add("A", "report", "2026-11-22T09:00:00Z");
  StoredCycle ended = *Add("B", "optimize", "2026-11-22T10:00:00Z");
  ended.state = "done";
  ASSERT_TRUE(KeepCycle(*store_, ended));
  const auto ids = [&](const CycleQuery& query) {
    std::string out;
    const auto cycles = Cycles(*store_, query);
    EXPECT_TRUE(cycles);
    for (const StoredCycle& cycle : *cycles) out += cycle.id.substr(11) + " ";
    return out;
  };
  EXPECT_EQ(ids({}), "0003 0002 0001 ");
  EXPECT_EQ(ids({.client = "A"}), "0002 0001 ");
  EXPECT_EQ(ids({.stage = "optimize"}), "0003 0001 ");
  EXPECT_EQ(ids({.state = "done"}), "0003 ");
  EXPECT_EQ(ids({.limit = 1}), "0003 ");
  EXPECT_EQ(ids({.client = "nobody' OR 1=1 --"}), "");
  EXPECT_EQ(Cycles(*store_, {.limit = 1, .bodies = false})->front().body, "");
}

TEST_F(CycleStoreTest, ForgetsWhatEndedBeforeAndNothingElse) {
  const auto add = [&](const char* at, const char* state) {
    StoredCycle cycle = *Add("A", "optimize", at);
    cycle.state = state;
    cycle.updated_at = *ParseInstant(at);
    ASSERT_TRUE(KeepCycle(*store_, cycle, R"({"head":"ab"})"));
  };
  add("2026-08-01T08:00:00Z", "done");
  add("2026-08-01T08:00:00Z", "running");
  add("2026-08-01T08:00:00Z", "stopped");
  add("2026-08-02T08:00:00Z", "abandoned");
  add("2026-08-03T08:00:00Z", "done");
  const auto gone = ForgetCycles(*store_, *ParseInstant("2026-08-03T08:00:00Z"));
  ASSERT_TRUE(gone) << gone.error().what;
  EXPECT_EQ(*gone, 2);
  const auto left = Cycles(*store_, {});
  ASSERT_TRUE(left);
  std::string states;
  for (const StoredCycle& cycle : *left) states += cycle.state + " ";
  EXPECT_EQ(states, "done stopped running ");
  EXPECT_EQ(Ledger(*store_, {"", "cycle", ""})->size(), 5u);
  EXPECT_EQ(*ForgetCycles(*store_, *ParseInstant("2026-08-03T08:00:00Z")), 0);
}

}  // namespace
}  // namespace maxopt
