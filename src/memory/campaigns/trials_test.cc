#include "memory/campaigns/trials.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace maxopt
