#include "app/serve/orders.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "domain/digest.h"

namespace maxopt {
namespace {

const TrackedSite kSite{.site = "shop", .client = "Alpenglow", .origins = {}};
Instant Now() { return *ParseInstant("2026-03-02T12:00:00Z"); }
Result<OrdersFile> Read(const std::string& csv) {
  return ReadOrders(csv, kSite, *Zone::Find("Europe/Berlin"), "", Now());
}

TEST(OrdersTest, RowsBecomePurchases) {
  const auto file = Read(
      "Order ID;Time;Value;Currency;Consent;Email;gclid;utm_campaign;Colour\n"
      "o-1;2026-03-01 23:30:00;129.90;EUR;granted; Anna@Example.com ;abc;spring;red\n"
      "o-2;2026-03-01T23:30:00Z;-20;EUR;;;;;\n");
  ASSERT_TRUE(file) << file.error().what;
  ASSERT_EQ(file->events.size(), 2u);
  const TrackedEvent& first = file->events[0];
  EXPECT_EQ(first.id, "o-1");
  EXPECT_EQ(first.via, "import");
  EXPECT_EQ(*first.at, *ParseInstant("2026-03-01T22:30:00Z"));  // Berlin's winter clock
  EXPECT_EQ(first.value, *ParseMoney("129.90", kEur));
  EXPECT_EQ(first.click_ids.at("gclid"), "abc");
  EXPECT_EQ(first.utm.at("utm_campaign"), "spring");
  EXPECT_EQ(first.hashed.at("email"), Sha256Hex("anna@example.com"));
  EXPECT_FALSE(file->events[1].consent);
  EXPECT_EQ(file->ignored, std::vector<std::string>{"colour"});
}

TEST(OrdersTest, SaysWhatIsWrongAndWhere) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "empty"},
      {"order_id,value\n1,2\n", "need a column \"time\""},
      {"order_id,order_id,time,value\n", "stands twice"},
      {"order_id,time,value,currency\no,2026-03-01T00:00:00Z,1\n", "line 2: 3 cells"},
      {"order_id,time,value,currency\n,2026-03-01T00:00:00Z,1,EUR\n", "line 2: "},
      {"order_id,time,value,currency\no,soon,1,EUR\n", "line 2, time"},
      {"order_id,time,value,currency\no,2026-03-01T00:00:00Z,,EUR\n", "a time and a value"},
      {"order_id,time,value,currency\no,2026-03-01T00:00:00Z,1,XXX\n", "XXX"},
      {"order_id,time,value,currency,email\no,2026-03-01T00:00:00Z,1,EUR,a@b.example\n",
       "consent is denied, so email"},
  };
  for (const auto& [csv, what] : cases) {
    const auto file = Read(csv);
    ASSERT_FALSE(file) << csv;
    EXPECT_NE(file.error().what.find(what), std::string::npos) << file.error().what;
  }
  EXPECT_TRUE(IsOrdersFile("order_id,time,value\n"));
  EXPECT_FALSE(IsOrdersFile("day,orders,revenue\n"));
  EXPECT_FALSE(IsOrdersFile(""));
}

TEST(OrdersTest, EachOrderOnceInTheDaysOfTheBooks) {
  char name[] = "/tmp/maxopt-orders-XXXXXX";
  const std::string folder = ::mkdtemp(name);
  {
    const auto store = EventStore::Open(folder);
    ASSERT_TRUE(store);
    // 23:30 in Berlin is the first of March; 00:30 is the second.
    const auto file = Read(
        "order_id,time,value,currency\no-1,2026-03-01 23:30:00,100,EUR\n"
        "o-2,2026-03-02 00:30:00,50,EUR\no-3,2026-03-01 10:00:00,-20,EUR\n");
    ASSERT_TRUE(file) << file.error().what;
    TrackedEvent browser = file->events[0];  // the tag told it first, and says less
    browser.via = "tag";
    browser.value = *ParseMoney("1", kEur);
    ASSERT_TRUE((*store)->Append({browser}));
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE((*store)->Append(file->events));
      const auto days =
          OrdersByDay(**store, "Alpenglow", *Zone::Find("Europe/Berlin"), file->events);
      ASSERT_TRUE(days) << days.error().what;
      ASSERT_EQ(days->size(), 2u);
      EXPECT_EQ((*days)[0].day, *ParseDay("2026-03-01"));
      EXPECT_EQ((*days)[0].orders, 1);
      EXPECT_EQ((*days)[0].revenue, *ParseMoney("80", kEur));
      EXPECT_EQ((*days)[1].orders, 1);
      EXPECT_EQ((*days)[1].revenue, *ParseMoney("50", kEur));
    }
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace maxopt
