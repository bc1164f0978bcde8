#include "memory/campaigns/signals.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

Instant At(const char* text) { return *ParseInstant(text); }

TEST(Signals, SinceMovesOnlyWithTheState) {
  const auto store = CampaignStore::Open(":memory:");
  ASSERT_TRUE(store) << store.error().what;
  SignalHealth signal{"Alpenglow",
                      "events shop",
                      SignalState::kBroken,
                      At("2026-11-22T09:00:00Z"),
                      At("2026-11-22T10:00:00Z"),
                      "no purchase",
                      {"0 of 31 expected"},
                      {{Platform::kMeta, "88"}}};
  ASSERT_TRUE(SaveSignals(**store, {signal}));
  signal.since = signal.seen_at = At("2026-11-22T11:00:00Z");
  signal.why = "still none";
  ASSERT_TRUE(SaveSignals(**store, {signal}));
  auto read = Signals(**store, "Alpenglow");
  ASSERT_TRUE(read) << read.error().what;
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ(read->front().since, At("2026-11-22T09:00:00Z"));
  EXPECT_EQ(read->front().why, "still none");
  ASSERT_EQ(read->front().accounts.size(), 1u);
  EXPECT_EQ(read->front().accounts[0].id, "88");

  signal.state = SignalState::kOk;
  ASSERT_TRUE(SaveSignals(**store, {signal}));
  read = Signals(**store, "");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->front().since, At("2026-11-22T11:00:00Z"));
  EXPECT_TRUE(Signals(**store, "Other")->empty());
}

TEST(Reviews, StatesAreKeptAndEventsAppended) {
  const auto store = CampaignStore::Open(":memory:");
  ASSERT_TRUE(store) << store.error().what;
  const AccountId account{Platform::kMeta, "88"};
  ReviewState ad{account, Level::kAd, "5", "Ridge", "pending", "", At("2026-11-22T09:00:00Z")};
  ASSERT_TRUE(SaveReviews(**store, {ad}, {}, ad.since));
  ad.state = "rejected";
  ad.reason = "MISLEADING_CONTENT";
  ad.since = At("2026-11-22T12:00:00Z");
  ASSERT_TRUE(SaveReviews(**store, {ad}, {{ad, "pending", ad.since, "{}"}}, ad.since));
  const auto states = Reviews(**store, account);
  ASSERT_TRUE(states) << states.error().what;
  ASSERT_EQ(states->size(), 1u);
  EXPECT_EQ(states->front().state, "rejected");
  EXPECT_EQ(states->front().since, ad.since);
  const auto events = ReviewEvents(**store, account, 10);
  ASSERT_TRUE(events) << events.error().what;
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->front().was, "pending");
  EXPECT_EQ(events->front().now.reason, "MISLEADING_CONTENT");
  EXPECT_TRUE(Reviews(**store, {Platform::kGoogleAds, "88"})->empty());
}

}  // namespace
}  // namespace maxopt
