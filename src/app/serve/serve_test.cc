#include "app/serve/serve.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace maxopt {
namespace {

using nlohmann::json;

constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";

constexpr const char* kBrowser =
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

class CollectorTest : public testing::Test {
 protected:
  CollectorTest() {
    char name[] = "/tmp/maxopt-serve-XXXXXX";
    folder_ = ::mkdtemp(name);
    store_ = *EventStore::Open(folder_ + "/events");
    TrackingConfig config;
    config.sites = {{.site = "shop",
                     .client = "Alpenglow",
                     .origins = {"https://alpenglow.example"},
                     .secret = kSecret},
                    {.site = "outlet",
                     .client = "Alpenglow",
                     .origins = {"https://outlet.example"},
                     .events_per_second = 2,
                     .burst = 4}};
    handler_ = [collector = MakeCollector(config, *store_, clock_)](const http::Request& request) {
      return http::Settle(collector(request));
    };
  }
  ~CollectorTest() override { std::filesystem::remove_all(folder_); }

  static json Event(const std::string& id) {
    return {{"id", id},
            {"event", "purchase"},
            {"at", "2026-03-01T11:59:58Z"},
            {"url", "https://alpenglow.example/thanks?gclid=secret#x"},
            {"visitor", "0123456789abcdef"},
            {"consent", "granted"},
            {"utm", {{"utm_source", "google"}, {"utm_campaign", "spring"}}},
            {"click_ids", {{"gclid", "abc"}}},
            {"value", "129.90"},
            {"currency", "EUR"}};
  }
  static std::string Batch(const json& event, const std::string& site = "shop") {
    return json{{"site", site}, {"events", json::array({event})}}.dump();
  }
  http::Response Post(const std::string& body,
                      const std::string& origin = "https://alpenglow.example") {
    http::Request request{.method = "POST", .url = "/e", .body = body};
    request.headers = {{"User-Agent", kBrowser}};
    if (!origin.empty()) request.headers.emplace_back("Origin", origin);
    return handler_(request);
  }
  http::Response Get(const std::string& url, const std::string& referrer = "") {
    http::Request request{.url = url, .headers = {{"User-Agent", kBrowser}}};
    if (!referrer.empty()) request.headers.emplace_back("Referer", referrer);
    return handler_(request);
  }
  http::Response Signed(const std::string& body, const std::string& timestamp,
                        const std::string& signature, const std::string& site = "shop") {
    return handler_({.method = "POST",
                     .url = "/s2s",
                     .headers = {{"X-Maxopt-Site", site},
                                 {"X-Maxopt-Timestamp", timestamp},
                                 {"X-Maxopt-Signature", signature}},
                     .body = body});
  }
  std::vector<TrackedEvent> Kept() { return *store_->List(0, 1000); }

  std::string folder_;
  VirtualClock clock_{*ParseInstant("2026-03-01T12:00:00Z")};
  std::unique_ptr<EventStore> store_;
  http::Handler handler_;
};

TEST_F(CollectorTest, KeepsAnEventOfTheTagOnce) {
  const http::Response first = Post(Batch(Event("order-1")));
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(json::parse(first.body), (json{{"stored", 1}, {"duplicates", 0}}));
  EXPECT_EQ(http::FindHeader(first.headers, "access-control-allow-origin"),
            "https://alpenglow.example");
  EXPECT_EQ(json::parse(Post(Batch(Event("order-1"))).body),
            (json{{"stored", 0}, {"duplicates", 1}}));
  const auto kept = Kept();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].client, "Alpenglow");
  EXPECT_EQ(kept[0].via, "tag");
  EXPECT_EQ(kept[0].url, "https://alpenglow.example/thanks");  // what the query held is not kept
  EXPECT_EQ(kept[0].click_ids.at("gclid"), "abc");
  EXPECT_EQ(kept[0].value, *ParseMoney("129.90", kEur));
  EXPECT_EQ(kept[0].received_at, clock_.Now());
}

TEST_F(CollectorTest, StrictAboutEveryMember) {
  struct Case {
    const char* member;
    json value;  // null: taken out
    const char* what;
  };
  const Case cases[] = {
      {"colour", "red", "unknown members: colour; known are"},
      {"id", json(), "id is missing"},
      {"id", "", "id must have 1 to 100"},
      {"id", std::string(101, 'x'), "id must have 1 to 100"},
      {"id", 7, "id must be a text"},
      {"id", "a\nb", "control characters"},
      {"event", json(), "event must be a word"},
      {"event", "Purchase!", "event must be a word"},
      {"at", "yesterday", "at"},
      {"url", "javascript:alert(1)", "url must be an http"},
      {"utm", json::array(), "utm must be an object"},
      {"utm", {{"gclid", "x"}}, "utm: \"gclid\" is not known"},
      {"utm", {{"utm_source", 5}}, "utm_source must be a text"},
      {"click_ids", {{"utm_source", "x"}}, "click_ids: \"utm_source\" is not known"},
      {"value", 129.9, "value must be a text"},
      {"value", "1e3", "1e3"},
      {"value", "-5.00", "below zero"},
      {"value", json(), "value and currency go together"},
      {"currency", json(), "value and currency go together"},
      {"currency", "eur", "eur"},
      {"currency", "XXX", "XXX"},
      {"consent", json(), "consent must be"},
      {"consent", "yes", "consent must be"},
      {"consent", "denied", "consent is denied, so visitor"},
      {"email", "nobody", "email is no address"},
      {"phone", "030 1234567", "international"},
      {"phone", "call me", "phone is no number"},
  };
  for (const Case& c : cases) {
    json event = Event("order-1");
    if (c.value.is_null()) {
      event.erase(c.member);
    } else {
      event[c.member] = c.value;
    }
    const http::Response answer = Post(Batch(event));
    EXPECT_EQ(answer.status, 400) << c.member;
    const std::string error = json::parse(answer.body)["error"];
    EXPECT_NE(error.find(c.what), std::string::npos) << error;
    EXPECT_TRUE(error.starts_with("events[0]: ")) << error;
  }
  for (const std::string body :
       {"", "{", "[]", "{}", R"({"site":"shop"})", R"({"site":"shop","events":[]})",
        R"({"site":"shop","events":{}})", R"({"site":"shop","events":[1]})",
        R"({"site":"shop","site":"shop","events":[]})", R"({"site":"shop","events":[],"x":1})",
        R"({"site":"none","events":[{}]})", R"({"site":7,"events":[{}]})", "\xff\xfe"}) {
    EXPECT_EQ(Post(body).status, 400) << body;
  }
  EXPECT_EQ(Post(std::string(70'000, ' ')).status, 400);
  json many = json::array();
  for (int i = 0; i < 51; ++i) many.push_back(Event(std::to_string(i)));
  EXPECT_EQ(Post(json{{"site", "shop"}, {"events", many}}.dump()).status, 400);
  // One bad event, and none of the batch is kept.
  json mixed = json::array({Event("good"), Event("bad")});
  mixed[1]["event"] = "?";
  const http::Response answer = Post(json{{"site", "shop"}, {"events", mixed}}.dump());
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("events[1]"), std::string::npos);
  EXPECT_TRUE(Kept().empty());
}

TEST_F(CollectorTest, WithoutConsentThereIsNoIdentifier) {
  const json anonymous = {{"id", "v1"},
                          {"event", "page_view"},
                          {"consent", "denied"},
                          {"utm", {{"utm_source", "google"}}}};
  EXPECT_EQ(Post(Batch(anonymous)).status, 200);
  for (const auto& [member, value] :
       std::vector<std::pair<std::string, json>>{{"visitor", "0123456789abcdef"},
                                                 {"click_ids", {{"gclid", "x"}}},
                                                 {"email", "a@b.example"},
                                                 {"phone", "+49 30 1234567"}}) {
    json event = anonymous;
    event["id"] = "v2";
    event[member] = value;
    EXPECT_EQ(Post(Batch(event)).status, 400) << member;
  }
  ASSERT_EQ(Kept().size(), 1u);
  EXPECT_FALSE(Kept()[0].consent);
}

TEST_F(CollectorTest, OnlyTheSitesOwnPagesMaySend) {
  for (const char* origin : {"", "null", "https://evil.example", "http://alpenglow.example",
                             "https://alpenglow.example.evil.example", "https://outlet.example"}) {
    const http::Response answer = Post(Batch(Event("x")), origin);
    EXPECT_EQ(answer.status, 403) << origin;
  }
  http::Request preflight{.method = "OPTIONS", .url = "/e"};
  preflight.headers = {{"Origin", "https://outlet.example"}};
  const http::Response allowed = handler_(preflight);
  EXPECT_EQ(allowed.status, 204);
  EXPECT_EQ(http::FindHeader(allowed.headers, "access-control-allow-origin"),
            "https://outlet.example");
  preflight.headers = {{"Origin", "https://evil.example"}};
  EXPECT_EQ(handler_(preflight).status, 403);
  EXPECT_EQ(http::FindHeader(handler_(preflight).headers, "access-control-allow-origin"),
            std::nullopt);
  EXPECT_TRUE(Kept().empty());
}

TEST_F(CollectorTest, ThePixelTakesOneEvent) {
  const http::Response pixel =
      Get("/c?site=shop&event=page_view&id=p1&consent=granted&utm_source=google&gclid=abc",
          "https://alpenglow.example/trails");
  EXPECT_EQ(pixel.status, 200) << pixel.body;
  EXPECT_EQ(pixel.body.size(), 43u);
  EXPECT_TRUE(pixel.body.starts_with("GIF89a"));
  EXPECT_EQ(http::FindHeader(pixel.headers, "content-type"), "image/gif");
  EXPECT_EQ(Get("/c?d=" + http::PercentEncode(Batch(Event("p2")))).status, 200);
  const auto kept = Kept();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].via, "pixel");
  EXPECT_EQ(kept[0].click_ids.at("gclid"), "abc");
  EXPECT_EQ(
      Get("/c?site=shop&event=page_view&id=p3&consent=granted", "https://evil.example/").status,
      403);
  for (const char* bad :
       {"/c", "/c?site=shop", "/c?site=shop&event=page_view&id=1&consent=granted&email=a@b.example",
        "/c?site=shop&event=page_view&id=1&id=2&consent=granted", "/c?d={}&x=1",
        "/c?site=shop&event=page_view&id=1&consent=granted&colour=red"}) {
    EXPECT_EQ(Get(bad).status, 400) << bad;
  }
  EXPECT_EQ(Kept().size(), 2u);
}

TEST_F(CollectorTest, SignedEvents) {
  // printf %s '1772366400.{}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
  EXPECT_EQ(SignEvents(kSecret, "1772366400", "{}"),
            "30148bda9ed2a3f6035064b182e2b4efa79e628f4d66050e60409db5e70f3ee0");

  json event = Event("order-1");
  event["value"] = "-129.90";  // a refund
  event["email"] = " Anna@Example.COM ";
  event["phone"] = "0049 (30) 123-4567";
  const std::string body = Batch(event);
  const std::string now = "1772366400";  // 2026-03-01T12:00:00Z
  const std::string signature = SignEvents(kSecret, now, body);
  const http::Response answer = Signed(body, now, signature);
  EXPECT_EQ(answer.status, 200) << answer.body;
  const auto kept = Kept();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].via, "s2s");
  EXPECT_EQ(kept[0].value, *ParseMoney("-129.90", kEur));
  // printf %s anna@example.com | sha256sum, and of +49301234567 and 49301234567.
  EXPECT_EQ(kept[0].hashed.at("email"),
            "f7d54c22dda5b1780276601cd005909b70543fc4a6ba72d735b4cb9bbb611f01");
  EXPECT_EQ(kept[0].hashed.at("phone_e164"),
            "74bd805bcc47f8603082430ca056311389e38b74fcdfbc32bcb5c6a9269ff3bf");
  EXPECT_EQ(kept[0].hashed.at("phone_digits"),
            "2f9fbc550b12cbc0e6242384cc472bd1e4f058a8b773f189f7acb86d202655ce");

  // Sent again as it was, within the window: known, so nothing happens twice.
  EXPECT_EQ(json::parse(Signed(body, now, signature).body),
            (json{{"stored", 0}, {"duplicates", 1}}));
}

TEST_F(CollectorTest, WrongOldAndReplayedSignatures) {
  const std::string body = Batch(Event("order-1"));
  const std::string now = "1772366400";
  const std::string good = SignEvents(kSecret, now, body);
  std::string flipped = good;
  flipped[0] = flipped[0] == '0' ? '1' : '0';
  EXPECT_EQ(Signed(body, now, flipped).status, 401);
  EXPECT_EQ(Signed(body, now, "").status, 401);
  EXPECT_EQ(Signed(body, now, good.substr(0, 63)).status, 401);
  EXPECT_EQ(Signed(body + " ", now, good).status, 401);
  EXPECT_EQ(Signed(body, "1772366401", good).status, 401);
  EXPECT_EQ(Signed(body, now, good, "outlet").status, 401);  // it has no secret
  EXPECT_EQ(Signed(body, now, good, "none").status, 401);
  EXPECT_EQ(Signed(body, now, SignEvents("", now, body), "outlet").status, 401);
  // Well signed, for another time.
  for (const char* time : {"1772366099", "1772366701", "0", "-1", "", "now", "1772366400.5",
                           "9223372036854775807", "99999999999999999999"}) {
    EXPECT_EQ(Signed(body, time, SignEvents(kSecret, time, body)).status, 401) << time;
  }
  for (const char* time : {"1772366100", "1772366700"}) {
    EXPECT_EQ(Signed(body, time, SignEvents(kSecret, time, body)).status, 200) << time;
  }
  // What was sent five minutes ago cannot be sent again.
  clock_.AdvanceTo(clock_.Now() + std::chrono::seconds(301));
  EXPECT_EQ(Signed(body, now, good).status, 401);
  // A site cannot speak for another one.
  const std::string other = Batch(Event("x"), "outlet");
  EXPECT_EQ(Signed(other, "1772366700", SignEvents(kSecret, "1772366700", other)).status, 400);
  EXPECT_EQ(Kept().size(), 1u);
}

TEST_F(CollectorTest, TooManyEventsOfOneSiteWait) {
  const auto send = [&](const std::string& id) {
    return Post(Batch(Event(id), "outlet"), "https://outlet.example").status;
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(send(std::to_string(i)), 200);
  EXPECT_EQ(send("5"), 429);
  EXPECT_EQ(Post(Batch(Event("a"))).status, 200);  // another site has its own
  clock_.AdvanceTo(clock_.Now() + std::chrono::milliseconds(500));
  EXPECT_EQ(send("5"), 200);
  EXPECT_EQ(send("6"), 429);
  clock_.AdvanceTo(clock_.Now() + std::chrono::hours(24 * 365));
  for (int i = 10; i < 14; ++i) EXPECT_EQ(send(std::to_string(i)), 200);
  EXPECT_EQ(send("14"), 429);
}

TEST_F(CollectorTest, TheTagIsTheFileAndSmall) {
  const http::Response tag = Get("/tag.js");
  EXPECT_EQ(tag.status, 200);
  std::ifstream file(std::string(MAXOPT_SOURCE_DIR) + "/web/tag.js");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(tag.body, text.str());
  EXPECT_LT(tag.body.size(), 4608u);
  EXPECT_EQ(Get("/healthz").status, 200);
  EXPECT_EQ(Get("/nothing").status, 404);
  EXPECT_EQ(Get("/s2s").status, 405);
  // The tag and the collector know the same click ids.
  for (const char* id : {"gclid", "gbraid", "wbraid", "dclid", "fbclid", "ttclid", "msclkid",
                         "li_fat_id", "epik", "sccid", "rdt_cid", "twclid", "maas"}) {
    EXPECT_NE(tag.body.find(id), std::string::npos) << id;
  }
}

TEST(TrackingConfigTest, ReadsWhatTheTemplateShows) {
  EXPECT_TRUE(ParseTrackingConfig(TrackingConfigTemplate(), "tracking.yaml"));
  const auto config = ParseTrackingConfig(
      "maxopt: tracking/1\nsites:\n  - site: shop\n    client: Alpenglow\n"
      "    origins: [https://alpenglow.example, 'http://127.0.0.1:8085']\n"
      "    secret: 0123456789abcdef0123456789abcdef\n    burst: 7\n"
      "origin_map: {https://alpenglow.example: 'http://127.0.0.1:8085'}\nallow_private: true\n",
      "tracking.yaml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->sites[0].burst, 7);
  EXPECT_EQ(config->sites[0].origins[1], "http://127.0.0.1:8085");
  EXPECT_EQ(config->origin_map.at("https://alpenglow.example"), "http://127.0.0.1:8085");
  EXPECT_TRUE(config->allow_private);
}

TEST(TrackingConfigTest, ReadsWhatIsSentOnAndWhatTheCanaryVisits) {
  const auto config = ParseTrackingConfig(
      "maxopt: tracking/1\nsites:\n  - site: shop\n    client: Alpenglow\n"
      "    origins: [https://alpenglow.example]\n"
      "    canary: [https://alpenglow.example/trails]\n"
      "send_conversions:\n"
      "  - {client: Alpenglow, account: meta/880011223344, to: '998877', test_code: TEST1,\n"
      "     events: {purchase: Purchase}}\n"
      "  - {client: Alpenglow, account: google_ads/1234567890, events: {purchase: '987654'}}\n",
      "tracking.yaml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->sites[0].canary, std::vector<std::string>{"https://alpenglow.example/trails"});
  ASSERT_EQ(config->send_conversions.size(), 2U);
  EXPECT_EQ(config->send_conversions[0].to, "998877");
  EXPECT_EQ(config->send_conversions[0].test_code, "TEST1");
  EXPECT_EQ(config->send_conversions[1].events.at("purchase"), "987654");
  EXPECT_EQ(config->send_conversions[1].test_code, "");
}

TEST(TrackingConfigTest, NamesTheLineThatIsWrong) {
  const std::string head = "maxopt: tracking/1\n";
  const std::string site =
      "sites:\n  - site: shop\n    client: A\n    origins: [https://a.example]\n";
  const std::pair<std::string, std::string> cases[] = {
      {"", "mapping"},
      {"sites: []", "maxopt is missing"},
      {"maxopt: tracking/2\nsites: []", "t.yaml:1: maxopt must be"},
      {head, "sites must be a list"},
      {head + "sites: []\nsend_conversions: none", "send_conversions must be a list"},
      {site + "    canary: [trails]\nmaxopt: tracking/1\n", "a page of canary"},
      {site + "    canary: https://a.example\nmaxopt: tracking/1\n", "canary must be a list"},
      {head + "sites: []\nstes: []", "t.yaml:3: \"stes\" is not known; known are"},
      {head + "sites:\n  - site: Shop\n    client: A\n    origins: [https://a.example]",
       "t.yaml:3"},
      {head + "sites:\n  - site: shop\n    client: A\n", "origins must be"},
      {head + "sites:\n  - site: shop\n    client: A\n    origins: [https://a.example/]\n",
       "t.yaml:5"},
      {head + "sites:\n  - site: shop\n    client: A\n    origins: [a.example]\n", "is no origin"},
      {head + site + "    secret: short\n", "at least 32"},
      {head + site + "    burst: 0\n", "whole number"},
      {head + site + "    burst: 1.5\n", "whole number"},
      {head + site + "  - site: shop\n    client: B\n    origins: [https://b.example]\n", "twice"},
      {head + "sites: []\norigin_map: [a]", "origin_map"},
      {head + "sites: []\norigin_map: {https://a.example: 127.0.0.1}", "is no origin"},
      {head + "sites: []\nallow_private: maybe", "true or false"},
      {head + "a: &a [x]\nb: [*a, *a]", "anchors"},
      {head + "sites: [", "t.yaml:"},
  };
  for (const auto& [yaml, what] : cases) {
    const auto config = ParseTrackingConfig(yaml, "t.yaml");
    ASSERT_FALSE(config) << yaml;
    EXPECT_NE(config.error().what.find(what), std::string::npos) << config.error().what;
  }
}

}  // namespace
}  // namespace maxopt
