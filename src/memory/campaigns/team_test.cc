#include "memory/campaigns/team.h"

#include <gtest/gtest.h>

#include "domain/digest.h"

namespace maxopt {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const Instant kNoon = *ParseInstant("2026-11-23T12:00:00Z");

InboxRow Came(const std::string& sender, const std::string& id, const std::string& content) {
  InboxRow row;
  row.sender = sender;
  row.id = id;
  row.client = "Alpenglow";
  row.kind = "question";
  row.about = "spring";
  row.correlation = "c-" + id;
  row.via = "api";
  row.received_at = kNoon;
  row.digest = Sha256Hex(content);
  row.content = content;
  return row;
}

Message Told(const std::string& to, const std::string& kind) {
  Message message;
  message.client = "Alpenglow";
  message.to = to;
  message.kind = kind;
  message.title = "t";
  message.json = "{}";
  message.markdown = "m";
  message.created_at = kNoon;
  return message;
}

class TeamStoreTest : public testing::Test {
 protected:
  std::unique_ptr<CampaignStore> store_ = *CampaignStore::Open(":memory:");
};

TEST_F(TeamStoreTest, AnIdOfASenderIsOneMessage) {
  const auto first = AddToInbox(*store_, Came("james", "x-1", "a"));
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_TRUE(first->is_new);
  EXPECT_GT(first->row.seq, 0);
  const auto again = AddToInbox(*store_, Came("james", "x-1", "a"));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->row.seq, first->row.seq);
  EXPECT_EQ(GetInboxRow(*store_, first->row.seq)->repeats, 1);
  // The same id for something else is not a repeat, and is not taken for one.
  const auto other = AddToInbox(*store_, Came("james", "x-1", "b"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::kConflict);
  EXPECT_TRUE(AddToInbox(*store_, Came("zara", "x-1", "b"))->is_new);
  // What is refused is kept each time, beside what is taken.
  InboxRow refused = Came("james", "x-1", "c");
  refused.state = "refused";
  refused.why = "no";
  EXPECT_TRUE(AddToInbox(*store_, refused)->is_new);
  EXPECT_TRUE(AddToInbox(*store_, refused)->is_new);
  EXPECT_EQ(Inbox(*store_, {.state = "refused"})->size(), 2u);
  const auto rows = Inbox(*store_, {.sender = "james", .open = true});
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].content, "a");
  EXPECT_EQ((*rows)[0].correlation, "c-x-1");
  EXPECT_EQ(Inbox(*store_, {.client = "Borealis"})->size(), 0u);
  EXPECT_EQ(GetInboxRow(*store_, 999).error().code, Errc::kNotFound);
}

TEST_F(TeamStoreTest, AnAnswerAndItsRowAreOneStep) {
  const long long seq = AddToInbox(*store_, Came("james", "x-1", "a"))->row.seq;
  MessageThread thread;
  thread.correlation = "c-x-1";
  thread.in_reply_to = "x-1";
  const auto sent =
      SaveThreaded(*store_, Told("james", "receipt"), thread, {seq, "new", "open", ""}, kNoon);
  ASSERT_TRUE(sent) << sent.error().what;
  EXPECT_EQ(sent->id, "m-20261123-0001");
  EXPECT_EQ(GetInboxRow(*store_, seq)->state, "open");
  EXPECT_EQ(GetInboxRow(*store_, seq)->answer, sent->id);
  EXPECT_FALSE(GetInboxRow(*store_, seq)->closed_at);
  // Somebody else was quicker: nothing is sent twice.
  const auto late =
      SaveThreaded(*store_, Told("james", "receipt"), thread, {seq, "new", "open", ""}, kNoon);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kConflict);
  EXPECT_EQ(store_->Messages("james", 10)->size(), 1u);
  ASSERT_TRUE(MoveInbox(*store_, {seq, "open", "done", ""}, kNoon + hours(1)));
  EXPECT_EQ(GetInboxRow(*store_, seq)->closed_at, kNoon + hours(1));
  EXPECT_EQ(SentMessages(*store_, {.id = sent->id})->at(0).thread.in_reply_to, "x-1");
}

TEST_F(TeamStoreTest, DeliveriesAreTakenUnderALeaseAndSettledOnce) {
  const std::string id = store_->SaveMessage(Told("james", "media_activation"))->id;
  const auto waiting = UndeliveredMessages(*store_, 10);
  ASSERT_TRUE(waiting) << waiting.error().what;
  ASSERT_EQ(waiting->size(), 1u);
  DeliveryRow row{
      .message = id, .member = "james", .channel = "folder", .queued_at = kNoon, .next_at = kNoon};
  DeliveryRow later = row;
  later.channel = "mail";
  later.next_at = kNoon + hours(1);
  ASSERT_TRUE(QueueDeliveries(*store_, {row, later}));
  ASSERT_TRUE(QueueDeliveries(*store_, {row, later}));
  EXPECT_TRUE(UndeliveredMessages(*store_, 10)->empty());
  auto claimed = ClaimDeliveries(*store_, kNoon, seconds(120), 10);
  ASSERT_TRUE(claimed) << claimed.error().what;
  ASSERT_EQ(claimed->size(), 1u);
  EXPECT_EQ(claimed->front().attempts, 1);
  // Another sender leaves it alone until the lease has passed: this one may have died.
  EXPECT_TRUE(ClaimDeliveries(*store_, kNoon + seconds(119), seconds(120), 10)->empty());
  claimed = ClaimDeliveries(*store_, kNoon + seconds(120), seconds(120), 10);
  ASSERT_EQ(claimed->size(), 1u);
  EXPECT_EQ(claimed->front().attempts, 2);
  DeliveryRow done = claimed->front();
  done.state = "sent";
  done.how = "in the folder";
  ASSERT_TRUE(SettleDelivery(*store_, done, kNoon + seconds(121)));
  EXPECT_EQ(SettleDelivery(*store_, done, kNoon).error().code, Errc::kConflict);
  EXPECT_TRUE(ClaimDeliveries(*store_, kNoon + seconds(600), seconds(120), 10)->empty());

  EXPECT_EQ(SentMessages(*store_, {.unread = true})->size(), 1u);
  ASSERT_TRUE(MarkRead(*store_, id, "james", "said so", kNoon + hours(2)));
  EXPECT_TRUE(SentMessages(*store_, {.unread = true})->empty());
  const auto sent = SentMessages(*store_, {.to = "james"});
  ASSERT_EQ(sent->at(0).deliveries.size(), 2u);
  for (const DeliveryRow& each : sent->at(0).deliveries) EXPECT_EQ(each.state, "read");
  EXPECT_EQ(MarkRead(*store_, id, "zara", "", kNoon).error().code, Errc::kNotFound);
  // What was never queued can be read as well: it was fetched.
  const std::string fetched = store_->SaveMessage(Told("zara", "media_efficiency"))->id;
  ASSERT_TRUE(MarkRead(*store_, fetched, "zara", "fetched", kNoon));
  EXPECT_TRUE(UndeliveredMessages(*store_, 10)->empty());
}

TEST_F(TeamStoreTest, AQuestionIsAnsweredOnce) {
  MessageThread thread;
  thread.due_at = kNoon + hours(48);
  const auto asked = SaveThreaded(*store_, Told("maya", "question"), thread, {}, kNoon);
  ASSERT_TRUE(asked) << asked.error().what;
  EXPECT_EQ(AnswerThread(*store_, asked->id, "ben", "a-1", kNoon).error().code, Errc::kNotFound);
  ASSERT_TRUE(AnswerThread(*store_, asked->id, "maya", "a-1", kNoon + hours(1)));
  ASSERT_TRUE(AnswerThread(*store_, asked->id, "maya", "a-2", kNoon + hours(2)));
  const auto sent = SentMessages(*store_, {.id = asked->id});
  EXPECT_EQ(sent->at(0).thread.answered_by, "a-1");
  EXPECT_EQ(sent->at(0).thread.answered_at, kNoon + hours(1));
  EXPECT_EQ(sent->at(0).thread.due_at, kNoon + hours(48));
}

}  // namespace
}  // namespace maxopt
