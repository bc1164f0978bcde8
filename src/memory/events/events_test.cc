#include "memory/events/events.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <thread>

namespace maxopt {
namespace {

class EventStoreTest : public testing::Test {
 protected:
  EventStoreTest() {
    char name[] = "/tmp/maxopt-events-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~EventStoreTest() override { std::filesystem::remove_all(folder_); }
  std::string Path() const { return folder_ + "/events"; }

  std::string folder_;
};

TrackedEvent Purchase(const std::string& id) {
  TrackedEvent event{
      .site = "shop", .client = "Alpenglow", .name = "purchase", .id = id, .via = "tag"};
  event.received_at = *ParseInstant("2026-03-01T12:00:00Z");
  event.at = *ParseInstant("2026-03-01T11:59:58.5Z");
  event.url = "https://alpenglow.example/thanks";
  event.visitor = "0123456789abcdef";
  event.consent = true;
  event.utm = {{"utm_source", "google"}, {"utm_campaign", "spring"}};
  event.click_ids = {{"gclid", "abc\"'\n"}};
  event.value = *ParseMoney("129.90", kEur);
  event.hashed = {{"email", std::string(64, 'a')}};
  return event;
}

TEST_F(EventStoreTest, KeepsWhatItWasTold) {
  const auto store = EventStore::Open(Path());
  ASSERT_TRUE(store) << store.error().what;
  const TrackedEvent told = Purchase("order-1");
  ASSERT_TRUE((*store)->Append({told}));
  const auto found = (*store)->Find("shop", "purchase", "order-1");
  ASSERT_TRUE(found && *found);
  const TrackedEvent& kept = **found;
  EXPECT_EQ(kept.client, "Alpenglow");
  EXPECT_EQ(kept.via, "tag");
  EXPECT_EQ(kept.received_at, told.received_at);
  EXPECT_EQ(kept.at, told.at);
  EXPECT_EQ(kept.url, told.url);
  EXPECT_EQ(kept.visitor, told.visitor);
  EXPECT_TRUE(kept.consent);
  EXPECT_EQ(kept.utm, told.utm);
  EXPECT_EQ(kept.click_ids, told.click_ids);
  EXPECT_EQ(kept.value, told.value);
  EXPECT_EQ(kept.hashed, told.hashed);
  EXPECT_FALSE(kept.probe);
  const auto absent = (*store)->Find("shop", "purchase", "order-2");
  ASSERT_TRUE(absent);
  EXPECT_FALSE(*absent);
}

TEST_F(EventStoreTest, TheSameEventIsKeptOnce) {
  const auto store = EventStore::Open(Path());
  ASSERT_TRUE(store);
  TrackedEvent second = Purchase("order-1");
  second.via = "s2s";
  second.value = *ParseMoney("1.00", kEur);
  const auto appended = (*store)->Append({Purchase("order-1"), second, Purchase("order-2")});
  ASSERT_TRUE(appended);
  EXPECT_EQ(appended->stored, 2);
  EXPECT_EQ(appended->duplicates, 1);
  // The same number under another name, and on another site, is another event.
  TrackedEvent checkout = Purchase("order-1");
  checkout.name = "begin_checkout";
  checkout.value.reset();
  TrackedEvent elsewhere = Purchase("order-1");
  elsewhere.site = "outlet";
  const auto more = (*store)->Append({checkout, elsewhere, second});
  ASSERT_TRUE(more);
  EXPECT_EQ(more->stored, 2);
  EXPECT_EQ(more->duplicates, 1);
  const auto counts = (*store)->Counts();
  ASSERT_TRUE(counts);
  ASSERT_EQ(counts->size(), 3u);
  EXPECT_EQ((*counts)[1].site, "shop");
  EXPECT_EQ((*counts)[1].name, "begin_checkout");
  EXPECT_TRUE((*counts)[1].value.empty());
  EXPECT_EQ((*counts)[2].name, "purchase");
  EXPECT_EQ((*counts)[2].campaign, "spring");
  EXPECT_EQ((*counts)[2].count, 2);
  EXPECT_EQ((*counts)[2].with_click_id, 2);
  EXPECT_EQ((*counts)[2].with_consent, 2);
  EXPECT_EQ((*counts)[2].value.at(kEur), *ParseMoney("259.80", kEur));
}

TEST_F(EventStoreTest, ForgedAmountsDoNotBreakTheCount) {
  const auto store = EventStore::Open(Path());
  ASSERT_TRUE(store);
  TrackedEvent much = Purchase("1");
  much.value = Money::Micros(INT64_MAX, kEur);
  TrackedEvent more = much;
  more.id = "2";
  ASSERT_TRUE((*store)->Append({much}));
  const auto one = (*store)->Counts();
  ASSERT_TRUE(one);
  EXPECT_EQ(one->at(0).value.at(kEur), *much.value);
  ASSERT_TRUE((*store)->Append({more}));
  const auto two = (*store)->Counts();
  ASSERT_TRUE(two) << two.error().what;
  EXPECT_EQ(two->at(0).count, 2);
  EXPECT_TRUE(two->at(0).value.empty());
}

TEST_F(EventStoreTest, OneWriterManyReaders) {
  const auto writer = EventStore::Open(Path());
  ASSERT_TRUE(writer);
  const auto reader = EventStore::OpenToRead(Path());
  ASSERT_TRUE(reader) << reader.error().what;
  ASSERT_TRUE((*writer)->Append({Purchase("1"), Purchase("2"), Purchase("3")}));
  const auto list = (*reader)->List(1, 1);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 1u);
  EXPECT_EQ(list->front().id, "2");
  EXPECT_FALSE((*reader)->Append({Purchase("4")}));
  const auto second = EventStore::Open(Path());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().what.find("another maxopt serve"), std::string::npos);
  const auto nothing = EventStore::OpenToRead(folder_ + "/none");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Errc::kNotFound);
}

TEST_F(EventStoreTest, ThreadsShareTheStore) {
  {
    const auto store = EventStore::Open(Path());
    ASSERT_TRUE(store);
    std::vector<std::thread> threads;
    std::atomic<int> stored = 0;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 25; ++i) {
          // Every event is told by two threads.
          const auto appended =
              (*store)->Append({Purchase(std::to_string(t / 2) + "-" + std::to_string(i))});
          if (appended) stored += appended->stored;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(stored, 100);
  }
  const auto again = EventStore::Open(Path());
  ASSERT_TRUE(again);
  const auto list = (*again)->List(0, 1000);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 100u);
}

}  // namespace
}  // namespace maxopt
