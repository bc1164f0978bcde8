#include "memory/campaigns/alerts.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Instant kNow = *ParseInstant("2026-11-22T10:00:00Z");

AlertEntry Entry(const std::string& id, const std::string& campaign) {
  AlertEntry entry;
  entry.alert.id = id;
  entry.alert.condition.client = "Alpenglow";
  entry.alert.condition.detector = "kpi";
  entry.alert.condition.kpi = "cpa";
  entry.alert.condition.account = AccountId{Platform::kMeta, "42"};
  entry.alert.condition.level = Level::kCampaign;
  entry.alert.condition.object_id = campaign;
  entry.alert.condition.at_stake = Money::Micros(120'000'000, kEur);
  entry.alert.opened_at = entry.alert.last_true_at = kNow;
  entry.group = "Alpenglow|meta/42/campaign/" + campaign;
  entry.told["chat"] = {kNow, kNow, AlertTier::kWarning};
  return entry;
}

QueuedNotification Queued(const std::string& group, Instant at,
                          Notification::Kind kind = Notification::Kind::kFiring) {
  QueuedNotification queued;
  Notification& n = queued.notification;
  n.channel = "chat";
  n.group = group;
  n.at = queued.next_at = at;
  n.kind = kind;
  n.client = "Alpenglow";
  n.firing = {"a-20261122-0001"};
  n.key = n.channel + "|" + group + "|" + PrintInstant(at);
  queued.content = "what \"is\" said\n";
  return queued;
}

class AlertStoreTest : public testing::Test {
 protected:
  std::unique_ptr<CampaignStore> store_ = *CampaignStore::Open(":memory:");
};

TEST_F(AlertStoreTest, KeepsARoundAndReadsItBack) {
  ASSERT_TRUE(SaveAlertRound(*store_, {Entry("a-20261122-0001", "77")}, {Queued("g", kNow)}));
  const auto live = LiveAlerts(*store_);
  ASSERT_TRUE(live) << live.error().what;
  ASSERT_EQ(live->size(), 1u);
  EXPECT_EQ(ToJson(live->front()), ToJson(Entry("a-20261122-0001", "77")));
  EXPECT_EQ(*NextAlertNumber(*store_, kNow), 2);
  EXPECT_EQ(*NextAlertNumber(*store_, kNow + std::chrono::days(1)), 1);
  const auto told = GroupsTold(*store_, kNow - minutes(1));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->at({"chat", "g"}), kNow);
  EXPECT_TRUE(GroupsTold(*store_, kNow + seconds(1))->empty());
  EXPECT_EQ(Notifications(*store_, {.alert = "a-20261122-0001", .client = "", .state = ""})->size(),
            1u);
  EXPECT_TRUE(
      Notifications(*store_, {.alert = "a-20261122-000", .client = "", .state = ""})->empty());
}

TEST_F(AlertStoreTest, AFingerprintIsOpenOnce) {
  ASSERT_TRUE(SaveAlertRound(*store_, {Entry("a-20261122-0001", "77")}, {}));
  // The round that would open it twice is not kept at all.
  EXPECT_FALSE(SaveAlertRound(*store_, {Entry("a-20261122-0002", "77")}, {Queued("g", kNow)}));
  EXPECT_TRUE(Notifications(*store_, {})->empty());
  AlertEntry over = Entry("a-20261122-0001", "77");
  over.alert.open = false;
  over.alert.resolved_at = kNow;
  ASSERT_TRUE(SaveAlertRound(*store_, {Entry("a-20261122-0002", "77"), over}, {}));
  EXPECT_EQ(LiveAlerts(*store_)->size(), 2u) << "one open, one whose end is to be told";
  over.told["chat"].resolved = true;
  ASSERT_TRUE(SaveAlertRound(*store_, {over}, {}));
  EXPECT_EQ(LiveAlerts(*store_)->size(), 1u);
  EXPECT_EQ(Alerts(*store_, {.client = "Alpenglow"})->size(), 1u);
  EXPECT_EQ(Alerts(*store_, {.client = "", .all = true})->size(), 2u);
}

TEST_F(AlertStoreTest, OutboxClaimsInTheOrderOfItsGroup) {
  ASSERT_TRUE(SaveAlertRound(*store_, {},
                             {Queued("g", kNow), Queued("g", kNow + minutes(5)),
                              Queued("h", kNow + minutes(1)), Queued("late", kNow + minutes(60))}));
  const Instant later = kNow + minutes(10);
  auto claimed = ClaimNotifications(*store_, later, minutes(2), 10);
  ASSERT_TRUE(claimed) << claimed.error().what;
  ASSERT_EQ(claimed->size(), 2u);
  EXPECT_EQ(claimed->at(0).notification.at, kNow);
  EXPECT_EQ(claimed->at(0).content, "what \"is\" said\n");
  EXPECT_EQ(claimed->at(0).attempts, 1);
  EXPECT_TRUE(ClaimNotifications(*store_, later, minutes(2), 10)->empty()) << "they are taken";
  ASSERT_TRUE(SettleNotification(*store_, claimed->at(0).notification.key, "sent", "ok", later));
  EXPECT_EQ(
      SettleNotification(*store_, claimed->at(0).notification.key, "sent", "", later).error().code,
      Errc::kConflict);
  claimed = ClaimNotifications(*store_, later, minutes(2), 10);
  ASSERT_EQ(claimed->size(), 1u);
  EXPECT_EQ(claimed->at(0).notification.at, kNow + minutes(5));
}

TEST_F(AlertStoreTest, WhoDiedWhileSendingLeavesTheOutcomeOpen) {
  ASSERT_TRUE(SaveAlertRound(*store_, {}, {Queued("g", kNow)}));
  EXPECT_FALSE(ClaimNotifications(*store_, kNow, minutes(2), 10)->at(0).uncertain);
  EXPECT_TRUE(ClaimNotifications(*store_, kNow + minutes(1), minutes(2), 10)->empty());
  const auto again = ClaimNotifications(*store_, kNow + minutes(3), minutes(2), 10);
  ASSERT_EQ(again->size(), 1u);
  EXPECT_TRUE(again->at(0).uncertain);
  EXPECT_EQ(again->at(0).attempts, 2);
  // What surely did not arrive is tried again without that doubt of its own, but keeps the old one.
  ASSERT_TRUE(SettleNotification(*store_, again->at(0).notification.key, "pending", "refused",
                                 kNow + minutes(4)));
  EXPECT_TRUE(ClaimNotifications(*store_, kNow + minutes(4), minutes(2), 10)->at(0).uncertain);
}

TEST_F(AlertStoreTest, RepeatsThatPiledUpAreSuperseded) {
  using Kind = Notification::Kind;
  ASSERT_TRUE(SaveAlertRound(*store_, {},
                             {Queued("g", kNow), Queued("g", kNow + minutes(10), Kind::kRepeat),
                              Queued("g", kNow + minutes(20), Kind::kRepeat),
                              Queued("g", kNow + minutes(30), Kind::kRepeat)}));
  std::vector<Notification::Kind> sent;
  for (int i = 0; i < 10; ++i) {
    const auto claimed = ClaimNotifications(*store_, kNow + minutes(60), minutes(2), 10);
    for (const QueuedNotification& queued : *claimed) {
      sent.push_back(queued.notification.kind);
      ASSERT_TRUE(SettleNotification(*store_, queued.notification.key, "sent", "", kNow));
    }
  }
  EXPECT_EQ(sent, (std::vector{Kind::kFiring, Kind::kRepeat}));
  EXPECT_EQ(Notifications(*store_, {.alert = "", .client = "", .state = "superseded"})->size(), 2u);
}

TEST_F(AlertStoreTest, AcknowledgesOnceAndOnlyWhatIsOpen) {
  ASSERT_TRUE(SaveAlertRound(*store_, {Entry("a-20261122-0001", "77")}, {}));
  ASSERT_TRUE(AcknowledgeAlert(*store_, "a-20261122-0001", "Maya", kNow));
  EXPECT_EQ(GetAlert(*store_, "a-20261122-0001")->acknowledged_by, "Maya");
  const auto twice = AcknowledgeAlert(*store_, "a-20261122-0001", "Ben", kNow);
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().what.find("Maya"), std::string::npos);
  EXPECT_EQ(AcknowledgeAlert(*store_, "nonsense", "Ben", kNow).error().code, Errc::kNotFound);
}

TEST_F(AlertStoreTest, SilencesBeginAndEnd) {
  EXPECT_FALSE(SaveSilence(*store_, {0, "", "colour=red", kNow, kNow + minutes(1), "Maya", ""}));
  EXPECT_FALSE(SaveSilence(*store_, {0, "", "", kNow, kNow, "Maya", ""}));
  const auto kept =
      SaveSilence(*store_, {0, "Alpenglow", "kpi=cpa", kNow, kNow + minutes(60), "Maya", "why"});
  ASSERT_TRUE(kept) << kept.error().what;
  ASSERT_EQ(Silences(*store_, kNow, false)->size(), 1u);
  EXPECT_EQ(Silences(*store_, kNow, false)->at(0).why, "why");
  ASSERT_TRUE(EndSilence(*store_, kept->id, kNow + minutes(5)));
  EXPECT_FALSE(EndSilence(*store_, kept->id, kNow + minutes(6)));
  EXPECT_TRUE(Silences(*store_, kNow + minutes(5), false)->empty());
  EXPECT_EQ(Silences(*store_, kNow + minutes(5), true)->size(), 1u);
}

TEST_F(AlertStoreTest, FeedbackCountsOnePersonOnce) {
  ASSERT_TRUE(SaveAlertRound(*store_,
                             {Entry("a-20261122-0001", "77"), Entry("a-20261122-0002", "78")}, {}));
  ASSERT_TRUE(SaveAlertFeedback(*store_, "a-20261122-0001", "Maya", true, "", kNow));
  ASSERT_TRUE(SaveAlertFeedback(*store_, "a-20261122-0001", "Maya", false, "launch", kNow));
  ASSERT_TRUE(SaveAlertFeedback(*store_, "a-20261122-0001", "Ben", true, "", kNow));
  ASSERT_TRUE(SaveAlertFeedback(*store_, "a-20261122-0002", "Ben", true, "", kNow));
  EXPECT_FALSE(SaveAlertFeedback(*store_, "a-20261122-0003", "Ben", true, "", kNow));
  const auto counts = AlertFeedbackCounts(*store_, "Alpenglow");
  ASSERT_TRUE(counts) << counts.error().what;
  ASSERT_EQ(counts->size(), 2u);
  EXPECT_EQ(counts->at(0).fingerprint, "Alpenglow|kpi|meta/42/campaign/77|cpa|");
  EXPECT_EQ(counts->at(0).useful, 1);
  EXPECT_EQ(counts->at(0).not_useful, 1);
  EXPECT_EQ(counts->at(0).whys, std::vector<std::string>{"launch"});
  EXPECT_TRUE(AlertFeedbackCounts(*store_, "Other")->empty());
}

}  // namespace
}  // namespace maxopt
