#include "app/serve/source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "app/serve/serve.h"

namespace maxopt {
namespace {

using namespace std::chrono_literals;

constexpr const char* kFirefox =
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
Instant Noon() { return *ParseInstant("2026-03-01T12:00:00Z"); }

TEST(TokenBucketTest, SaysWhenToComeAgain) {
  TokenBucket bucket(2, 4, Noon());
  EXPECT_EQ(bucket.Take(4, Noon()), std::nullopt);
  EXPECT_EQ(bucket.Take(1, Noon()), 1);  // half a second, rounded up
  EXPECT_EQ(bucket.Take(4, Noon()), 2);
  EXPECT_EQ(bucket.Take(3, Noon() + 1s), 1);
  EXPECT_EQ(bucket.Take(2, Noon() + 1s), std::nullopt);
  EXPECT_EQ(bucket.Take(100, Noon() + 3s), std::nullopt);  // larger than the bucket, which is full
  EXPECT_EQ(bucket.Take(1, Noon()), 1);                    // a clock that goes back fills nothing
  EXPECT_TRUE(bucket.FullAt(Noon() + 1h));
}

TEST(SourceTest, AnAddressOrTheNetworkOfOnePerson) {
  EXPECT_EQ(SourceOf("203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(SourceOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2");
  EXPECT_EQ(SourceOf("2001:db8:1:2::5"), "2001:db8:1:2");
  EXPECT_EQ(SourceOf("2001:db8::5"), "2001:db8:0:0");
  EXPECT_EQ(SourceOf("::1"), "0:0:0:0");
  EXPECT_EQ(SourceOf("::ffff:203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(SourceOf(""), "");
}

TEST(SourceTest, ForwardedAddressesAreBelievedOfProxiesOnly) {
  http::Request request;
  request.peer = "198.51.100.1";
  request.headers = {{"X-Forwarded-For", "10.0.0.9, 203.0.113.7 , 127.0.0.1"}};
  EXPECT_EQ(AddressOf(request, {}), "198.51.100.1");
  EXPECT_EQ(AddressOf(request, {"127.0.0.1"}), "198.51.100.1");
  request.peer = "127.0.0.1";
  EXPECT_EQ(AddressOf(request, {"127.0.0.1"}), "203.0.113.7");
  request.headers.clear();
  EXPECT_EQ(AddressOf(request, {"127.0.0.1"}), "127.0.0.1");
}

TEST(BotTest, WhatRequestsSayOfThemselves) {
  const std::pair<http::Headers, std::string_view> cases[] = {
      {{{"User-Agent", kFirefox}}, ""},
      {{{"User-Agent", "Mozilla/5.0 (Linux; Android 13; CUBOT X70) Chrome/128.0 Mobile"}}, ""},
      {{{"User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}},
       "crawler"},
      {{{"User-Agent", "AdsBot-Google (+http://www.google.com/adsbot.html)"}}, "crawler"},
      {{{"User-Agent", "facebookexternalhit/1.1"}}, "crawler"},
      {{{"User-Agent", "curl/7.88.1"}}, "crawler"},
      {{{"User-Agent", "Mozilla/5.0 (X11; Linux) HeadlessChrome/128.0"}}, "headless"},
      {{{"User-Agent", kFirefox}, {"Sec-Purpose", "prefetch;prerender"}}, "prefetch"},
      {{{"User-Agent", kFirefox}, {"X-Moz", "prefetch"}}, "prefetch"},
      {{{"User-Agent", ""}}, "crawler"},
      {{}, "crawler"},
  };
  for (const auto& [headers, want] : cases) {
    EXPECT_EQ(BotOf(headers), want) << (headers.empty() ? "" : headers[0].second);
  }
}

TEST(TokenBucketTest, EdgesOfTimeAndSize) {
  TokenBucket slow(1, 1, Noon());
  EXPECT_EQ(slow.Take(1, Noon()), std::nullopt);
  EXPECT_FALSE(slow.FullAt(Noon()));
  EXPECT_EQ(slow.Take(1, Noon() + 999ms), 1);  // a moment too early; asking costs nothing
  EXPECT_EQ(slow.Take(1, Noon() + 1s), std::nullopt);
  EXPECT_EQ(slow.Take(1, Noon() + 24h), std::nullopt);  // a day fills it once, not 86,400 times
  EXPECT_EQ(slow.Take(1, Noon() + 24h), 1);
  EXPECT_TRUE(slow.FullAt(Noon() + 24h + 1s));
}

TEST(SourceTest, SpellingsOfOneAddressAreOneSource) {
  EXPECT_EQ(SourceOf("2001:DB8:1:2::5"), SourceOf("2001:0db8:0001:0002:0:0:0:9"));
  EXPECT_EQ(SourceOf("::FFFF:203.0.113.7"), SourceOf("203.0.113.7"));
  EXPECT_NE(SourceOf("2001:db8:1:2::5"), SourceOf("2001:db8:1:3::5"));
  // What is no address is its own source, not somebody else's.
  EXPECT_NE(SourceOf("nonsense"), SourceOf("203.0.113.7"));
}

TEST(SourceTest, ForwardedNonsenseIsNobodyElsesAddress) {
  http::Request request;
  request.peer = "127.0.0.1";
  const std::vector<std::string> proxies = {"127.0.0.1", "127.0.0.2"};
  // Every hop is a proxy of ours: the visitor is not named, the neighbour is.
  request.headers = {{"X-Forwarded-For", "127.0.0.2, 127.0.0.1"}};
  EXPECT_EQ(AddressOf(request, proxies), "127.0.0.1");
  request.headers = {{"X-Forwarded-For", ""}};
  EXPECT_EQ(AddressOf(request, proxies), "127.0.0.1");
  request.headers = {{"X-Forwarded-For", " , ,"}};
  EXPECT_EQ(AddressOf(request, proxies), "127.0.0.1");
}

class SourcesOfCollectorTest : public testing::Test {
 protected:
  SourcesOfCollectorTest() {
    char name[] = "/tmp/maxopt-sources-XXXXXX";
    folder_ = ::mkdtemp(name);
    store_ = *EventStore::Open(folder_ + "/events");
    TrackingConfig config;
    config.sites = {{.site = "shop",
                     .client = "Alpenglow",
                     .origins = {"https://shop.example"},
                     .address_events_per_second = 1,
                     .address_burst = 3,
                     .page_views_per_minute = 2}};
    handler_ = MakeCollector(config, *store_, clock_);
  }
  ~SourcesOfCollectorTest() override { std::filesystem::remove_all(folder_); }
  http::Response Send(const std::string& id, const std::string& peer,
                      const std::string& agent = kFirefox) {
    http::Request request{.method = "POST",
                          .url = "/e",
                          .headers = {{"Origin", "https://shop.example"}, {"User-Agent", agent}},
                          .body = R"({"site":"shop","events":[{"id":")" + id +
                                  R"(","event":"page_view","consent":"granted"}]})"};
    request.peer = peer;
    return http::Settle(handler_(request));
  }

  std::string folder_;
  VirtualClock clock_{Noon()};
  std::unique_ptr<EventStore> store_;
  http::Handler handler_;
};

TEST_F(SourcesOfCollectorTest, EachAddressHasItsOwnLimit) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Send("a" + std::to_string(i), "203.0.113.7").status, 200);
  const http::Response wait = Send("a3", "203.0.113.7");
  EXPECT_EQ(wait.status, 429);
  EXPECT_EQ(http::FindHeader(wait.headers, "retry-after"), "1");
  EXPECT_EQ(Send("b0", "203.0.113.8").status, 200);
  clock_.AdvanceTo(Noon() + 1s);
  EXPECT_EQ(Send("a3", "203.0.113.7").status, 200);
}

TEST_F(SourcesOfCollectorTest, BotsAreKeptApartAndCounted) {
  EXPECT_EQ(Send("x", "203.0.113.7", "Googlebot/2.1").status, 200);
  EXPECT_EQ(Send("x", "203.0.113.8").status, 200);  // the same id, of a person
  EXPECT_EQ(Send("y", "203.0.113.8").status, 200);
  EXPECT_EQ(Send("z", "203.0.113.8").status, 200);  // the third page of a minute
  const auto people = store_->List(0, 10);
  ASSERT_TRUE(people);
  ASSERT_EQ(people->size(), 2u);
  EXPECT_EQ((*people)[0].user_agent, kFirefox);
  const auto bots = store_->List(0, 10, EventKind::kBot);
  ASSERT_TRUE(bots);
  ASSERT_EQ(bots->size(), 2u);
  EXPECT_EQ((*bots)[0].bot, "crawler");
  EXPECT_EQ((*bots)[1].bot, "rate");
  const auto counts = store_->Counts();
  ASSERT_TRUE(counts);
  ASSERT_EQ(counts->size(), 3u);
  std::int64_t all = 0;
  for (const EventCount& row : *counts) all += row.count;
  EXPECT_EQ(all, 4);
}

}  // namespace
}  // namespace maxopt
