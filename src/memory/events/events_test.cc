#include "memory/events/events.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
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

TEST_F(EventStoreTest, TheOtherSidesTellingIsKeptApart) {
  const auto store = EventStore::Open(Path());
  ASSERT_TRUE(store);
  TrackedEvent server = Purchase("order-1");
  server.via = "s2s";
  ASSERT_TRUE((*store)->Append({Purchase("order-1"), Purchase("order-2")}));
  for (int i = 0; i < 2; ++i) {
    const auto again = (*store)->Append({server});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->stored, 0);
    EXPECT_EQ(again->duplicates, 1);
  }
  EXPECT_EQ((*store)->List(0, 10)->size(), 2u);
  const auto seconds = (*store)->List(0, 10, EventKind::kSecond);
  ASSERT_TRUE(seconds);
  ASSERT_EQ(seconds->size(), 1u);
  EXPECT_EQ(seconds->front().via, "s2s");
  EXPECT_EQ(seconds->front().seq, 1);
  const auto counts = (*store)->Counts();
  ASSERT_TRUE(counts);
  ASSERT_EQ(counts->size(), 1u);
  EXPECT_EQ(counts->front().count, 2);
  EXPECT_EQ(counts->front().told_twice, 1);
}

TEST_F(EventStoreTest, ManySegmentsAreOneLog) {
  const EventStore::Options small{.first_segment_bytes = 4096, .max_segment_bytes = 8192};
  for (int round = 0; round < 3; ++round) {
    const auto store = EventStore::Open(Path(), small);
    ASSERT_TRUE(store) << store.error().what;
    for (int i = 0; i < 100; ++i) {
      const auto appended = (*store)->Append({Purchase(std::to_string(i + round * 50))});
      ASSERT_TRUE(appended) << appended.error().what;
      EXPECT_EQ(appended->duplicates, round > 0 && i < 50 ? 1 : 0);
    }
  }
  const auto reader = EventStore::OpenToRead(Path());
  ASSERT_TRUE(reader);
  std::int64_t after = 0;
  for (int i = 0; i < 200; ++i) {
    const auto one = (*reader)->List(after, 1);
    ASSERT_TRUE(one && one->size() == 1);
    EXPECT_EQ(one->front().id, std::to_string(i));
    after = one->front().seq;
    EXPECT_EQ(after, i + 1);
  }
  EXPECT_TRUE((*reader)->List(after, 1)->empty());
  EXPECT_GT(std::distance(std::filesystem::directory_iterator(Path()), {}), 5);
}

// What a cut of power leaves behind the last flush is no event, and what is before it stays.
TEST_F(EventStoreTest, ATornTailIsCutOff) {
  for (const bool far : {false, true}) {
    { ASSERT_TRUE((*EventStore::Open(Path()))->Append({Purchase(far ? "2" : "1")})); }
    std::string last;
    for (const auto& entry : std::filesystem::directory_iterator(Path())) {
      const std::string file = entry.path().string();
      if (file.ends_with(".log")) last = std::max(last, file);
    }
    // Right behind the end, or some pages later with zeros between.
    std::fstream file(last, std::ios::in | std::ios::out | std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(file)), {});
    const std::size_t end = bytes.find_last_not_of('\0') + 1;
    file.clear();
    file.seekp(static_cast<std::streamoff>(far ? end + 9000 : end + 8));
    file << "torn bytes of a frame that was never flushed";
    file.close();
    const auto store = EventStore::Open(Path());
    ASSERT_TRUE(store) << store.error().what;
    EXPECT_EQ((*store)->List(0, 10)->size(), far ? 2u : 1u);
    EXPECT_EQ((*store)->Append({Purchase(far ? "2" : "1")})->duplicates, 1);
  }
  // Damage in front of later segments is no torn write: nothing is opened over it.
  {
    const auto store =
        EventStore::Open(Path(), {.first_segment_bytes = 4096, .max_segment_bytes = 4096});
    for (int i = 10; i < 60; ++i) ASSERT_TRUE((*store)->Append({Purchase(std::to_string(i))}));
  }
  std::fstream first(Path() + "/00000001.log", std::ios::in | std::ios::out | std::ios::binary);
  first.seekp(60);
  first << "damage";
  first.close();
  const auto damaged = EventStore::Open(Path());
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().what.find("damaged at byte 16"), std::string::npos)
      << damaged.error().what;
}

TEST_F(EventStoreTest, TakesOverTheFirstVersion) {
  sqlite3* old = nullptr;
  ASSERT_EQ(sqlite3_open((Path() + ".db").c_str(), &old), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(old,
                   "CREATE TABLE event (seq INTEGER PRIMARY KEY, site, name, id, client, via, "
                   "received_at, at, url, referrer, visitor, consent, utm, campaign, click_ids, "
                   "value_micros, currency, hashed, probe);"
                   "INSERT INTO event VALUES (1, 'shop', 'purchase', 'o-1', 'Alpenglow', 's2s', "
                   "'2026-03-01T12:00:00Z', NULL, '', '', 'v', 1, '{\"utm_source\":\"google\"}', "
                   "'', '{}', 129900000, 'EUR', '{}', 0);",
                   nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(old);
  for (int i = 0; i < 2; ++i) {
    const auto store = EventStore::Open(Path());
    ASSERT_TRUE(store) << store.error().what;
    const auto list = (*store)->List(0, 10);
    ASSERT_TRUE(list);
    ASSERT_EQ(list->size(), 1u);
    EXPECT_EQ(list->front().id, "o-1");
    EXPECT_EQ(list->front().value, *ParseMoney("129.90", kEur));
    EXPECT_EQ(list->front().utm.at("utm_source"), "google");
  }
  EXPECT_TRUE(std::filesystem::exists(Path() + ".db.imported"));
}

}  // namespace
}  // namespace maxopt
