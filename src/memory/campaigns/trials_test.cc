#include "memory/campaigns/trials.h"

#include <gtest/gtest.h>

#include <cmath>

namespace maxopt {
namespace {

const Instant kNow{std::chrono::seconds(1'790'000'000)};

TEST(StoredTrials, AreKeptReplacedAndForgotten) {
  const auto store = std::move(*CampaignStore::Open(":memory:"));
  ASSERT_TRUE(SaveTrial(*store, {"a/1", "A", "proposed", "{\"n\":1}", kNow}));
  ASSERT_TRUE(SaveTrial(*store, {"a/2", "A", "running", "{}", kNow}));
  ASSERT_TRUE(SaveTrial(*store, {"b/1", "B'; DROP TABLE trial", "proposed", "{}", kNow}));
  ASSERT_TRUE(
      SaveTrial(*store, {"a/1", "A", "proposed", "{\"n\":2}", kNow + std::chrono::seconds(1)}));
  const auto all = StoredTrials(*store, "A");
  ASSERT_TRUE(all) << all.error().what;
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].body, "{\"n\":2}");
  EXPECT_EQ((*all)[0].at, kNow + std::chrono::seconds(1));
  EXPECT_EQ(StoredTrials(*store, "A", "running")->size(), 1u);
  ASSERT_TRUE(DropTrials(*store, "A", "proposed"));
  EXPECT_EQ(StoredTrials(*store, "A")->size(), 1u);
  EXPECT_EQ(StoredTrials(*store, "B'; DROP TABLE trial")->size(), 1u);
}

TEST(StoredTrials, AnIdBelongsToOneClient) {
  const auto store = std::move(*CampaignStore::Open(":memory:"));
  ASSERT_TRUE(SaveTrial(*store, {"x", "A", "running", "{}", kNow}));
  const auto other = SaveTrial(*store, {"x", "B", "running", "{}", kNow});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::kConflict);
  EXPECT_EQ(StoredTrials(*store, "A")->size(), 1u);
  EXPECT_TRUE(StoredTrials(*store, "B")->empty());
}

TEST(FinishedLifts, AreToldOldestFirstWithWhatTheyBelongTo) {
  const auto store = std::move(*CampaignStore::Open(":memory:"));
  const Day day = *ParseDay("2026-03-01");
  const auto later = day + std::chrono::days(30);
  ASSERT_TRUE(SaveLift(*store, {"t2", "A", "meta/social", later, later, 10.5, 2.25, 7.0}));
  ASSERT_TRUE(SaveLift(*store, {"t1", "A", "meta/social", day, later, -3, 1}));
  ASSERT_TRUE(SaveLift(*store, {"t1", "A", "meta/social", day, later, -4, 1}));
  EXPECT_FALSE(SaveLift(*store, {"t3", "A", "x", day, later, 1, 0}));
  EXPECT_FALSE(SaveLift(*store, {"t3", "A", "x", day, later, std::nan(""), 1}));
  const auto lifts = FinishedLifts(*store, "A");
  ASSERT_TRUE(lifts) << lifts.error().what;
  ASSERT_EQ(lifts->size(), 2u);
  EXPECT_EQ((*lifts)[0].trial, "t1");
  EXPECT_EQ((*lifts)[0].revenue, -4);
  EXPECT_FALSE((*lifts)[0].spend);
  EXPECT_EQ((*lifts)[1].spend, 7.0);
  EXPECT_EQ((*lifts)[1].first, later);
  EXPECT_TRUE(FinishedLifts(*store, "B")->empty());
}

}  // namespace
}  // namespace maxopt
