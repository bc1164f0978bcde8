#include "memory/campaigns/tactics.h"

#include <gtest/gtest.h>

#include <limits>

#include "memory/campaigns/ledger.h"

namespace maxopt {
namespace {

const Instant kNow = *ParseInstant("2026-11-23T08:00:00Z");

Tactic Named(const std::string& id, const std::string& client) {
  Tactic tactic;
  tactic.id = id;
  tactic.client = client;
  tactic.title = "Bids by what a further unit brings";
  tactic.source = "ledger";
  tactic.problem = "The next unit of spend costs more than it brings.";
  tactic.action = "Lower the target.";
  tactic.grade = TacticGrade::kObserving;
  tactic.updated_at = kNow;
  return tactic;
}

TacticMeasurement Measured(const std::string& source, const std::string& client) {
  return {source,       client, *ParseDay("2026-11-01"), *ParseDay("2026-11-14"), 0.1, 0.05, true,
          "switchback", kNow};
}

class TacticRows : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = CampaignStore::Open(":memory:");
    ASSERT_TRUE(opened) << opened.error().what;
    store_ = std::move(*opened);
  }
  std::unique_ptr<CampaignStore> store_;
};

TEST_F(TacticRows, AreKeptByOwner) {
  ASSERT_TRUE(SaveTactic(*store_, Named("alpenglow/bid", "Alpenglow")));
  ASSERT_TRUE(SaveTactic(*store_, Named("agency/bid", "")));
  const auto read = GetTactic(*store_, "alpenglow/bid");
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(*read, Named("alpenglow/bid", "Alpenglow"));
  EXPECT_EQ(StoredTactics(*store_, std::nullopt)->size(), 2u);
  EXPECT_EQ(StoredTactics(*store_, "")->size(), 1u);
  EXPECT_EQ(StoredTactics(*store_, "Nordlicht")->size(), 0u);
  EXPECT_EQ(GetTactic(*store_, "none").error().code, Errc::kNotFound);
  EXPECT_EQ(SaveTactic(*store_, Named("alpenglow/bid", "Nordlicht")).error().code, Errc::kConflict);
  Tactic empty = Named("x", "");
  empty.title.clear();
  EXPECT_EQ(SaveTactic(*store_, empty).error().code, Errc::kInvalidArgument);
}

TEST_F(TacticRows, AMeasurementIsKeptOnce) {
  ASSERT_TRUE(SaveTactic(*store_, Named("agency/bid", "")));
  EXPECT_TRUE(*AddMeasurement(*store_, "agency/bid", Measured("ledger/7", "Alpenglow")));
  TacticMeasurement again = Measured("ledger/7", "Alpenglow");
  again.lift = 9;
  EXPECT_FALSE(*AddMeasurement(*store_, "agency/bid", again));
  const auto kept = MeasurementsOf(*store_, "agency/bid");
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->size(), 1u);
  EXPECT_EQ((*kept)[0], Measured("ledger/7", "Alpenglow"));
  EXPECT_EQ(AddMeasurement(*store_, "none", Measured("a", "b")).error().code, Errc::kNotFound);
  for (const double se : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    TacticMeasurement bad = Measured("a", "b");
    bad.se = se;
    EXPECT_EQ(AddMeasurement(*store_, "agency/bid", bad).error().code, Errc::kInvalidArgument);
  }
}

TEST_F(TacticRows, AClientTakesItsMeasurementsBack) {
  ASSERT_TRUE(SaveTactic(*store_, Named("agency/bid", "")));
  ASSERT_TRUE(SaveTactic(*store_, Named("alpenglow/bid", "Alpenglow")));
  ASSERT_TRUE(AddMeasurement(*store_, "agency/bid", Measured("1", "Alpenglow")));
  ASSERT_TRUE(AddMeasurement(*store_, "agency/bid", Measured("2", "Nordlicht")));
  ASSERT_TRUE(AddMeasurement(*store_, "alpenglow/bid", Measured("1", "Alpenglow")));
  EXPECT_EQ(*WithdrawMeasurements(*store_, "Alpenglow"), 1);
  EXPECT_EQ(MeasurementsOf(*store_, "agency/bid")->size(), 1u);
  EXPECT_EQ(MeasurementsOf(*store_, "alpenglow/bid")->size(), 1u);
  EXPECT_EQ(*WithdrawMeasurements(*store_, "Alpenglow"), 0);
}

TEST_F(TacticRows, WhatWasRememberedHasItsLineInTheLedger) {
  const Recollection given{"p-1", "optimize", "Alpenglow", kNow, "", R"({"a":1})"};
  const auto kept = SaveRecollection(*store_, given);
  ASSERT_TRUE(kept) << kept.error().what;
  EXPECT_EQ(kept->digest.size(), 64u);
  ASSERT_TRUE(SaveRecollection(*store_, given));  // the same again: nothing
  ASSERT_TRUE(SaveRecollection(*store_, {"p-2", "optimize", "Alpenglow", kNow, "", R"({"a":1})"}));
  const auto of = Recollections(*store_, "p-1", "", 10);
  ASSERT_TRUE(of);
  ASSERT_EQ(of->size(), 1u);
  EXPECT_EQ((*of)[0].body, given.body);
  EXPECT_EQ((*of)[0].digest, kept->digest);
  EXPECT_EQ(Recollections(*store_, "", "Alpenglow", 10)->size(), 2u);
  EXPECT_EQ(Recollections(*store_, "p-1", "Nordlicht", 10)->size(), 0u);
  const auto lines = Ledger(*store_, {"Alpenglow", "remembered", {}, 10});
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 2u);
  EXPECT_NE((*lines)[0].body.find(kept->digest), std::string::npos);
  EXPECT_TRUE(CheckLedger(*store_, "")->broken.empty());
}

}  // namespace
}  // namespace maxopt
