#include "app/canary/canary.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "stages/setup/tracking/tracking.h"

namespace maxopt {
namespace {

constexpr const char* kTagged =
    "<html><head><title>Trail shoes</title>"
    "<script async src='https://t.alpenglow.example/tag.js' data-site=shop></script></head>"
    "<body><h1>Trail shoes</h1></body></html>";
constexpr const char* kVisit =
    "https://alpenglow.example/trails?utm_source=google&utm_campaign=spring&gclid=test-click";

/// Takes or refuses rehearsals, and remembers them.
class FakeSender final : public ConversionSender {
 public:
  const ConversionRules& rules() const override { return rules_; }
  std::optional<std::string> Objection(const Conversion&, Instant) const override { return {}; }
  std::vector<Result<ConversionAccepted>> Send(std::span<const Conversion> conversions,
                                               http::Deadline) override {
    ++sent;
    return ForAll(conversions.size(), ConversionAccepted{});
  }
  Result<ConversionAccepted> Rehearse(const Conversion& conversion, const std::string& code,
                                      http::Deadline) override {
    rehearsed.push_back(conversion);
    codes.push_back(code);
    if (refuses) return Fail(Errc::kInvalidArgument, "the pixel is not yours");
    return ConversionAccepted{};
  }
  Result<std::optional<bool>> Check(const std::string&, http::Deadline) override {
    return std::optional(true);
  }
  int sent = 0;
  bool refuses = false;
  std::vector<Conversion> rehearsed;
  std::vector<std::string> codes;

 private:
  const ConversionRules rules_{1, std::chrono::hours(1), std::nullopt};
};

class CanaryTest : public testing::Test {
 protected:
  CanaryTest() {
    char name[] = "/tmp/maxopt-canary-XXXXXX";
    folder_ = ::mkdtemp(name);
    events_ = *EventStore::Open(folder_ + "/events");
    config_.collector = "https://t.alpenglow.example";
    config_.sites = {
        {.site = "shop", .client = "Alpenglow", .origins = {"https://alpenglow.example"}}};
    page_ = [](const http::Request&) {
      return http::Response{.headers = {{"Content-Type", "text/html"}}, .body = kTagged};
    };
  }
  ~CanaryTest() override { std::filesystem::remove_all(folder_); }

  CanaryFlight Fly(const std::string& visit = kVisit) {
    const CanaryWorld world{
        .config = &config_,
        .events = has_store_ ? events_.get() : nullptr,
        .clock = &clock_,
        .pages = http::MakeLoopbackTransport(
            {{"https://alpenglow.example", [this](const http::Request& r) { return page_(r); }}}),
        .wire = http::MakeLoopbackTransport(
            {{"https://t.alpenglow.example",
              [this,
               collector = MakeCollector(config_, *events_, clock_)](const http::Request& request) {
                return collector_down_ ? http::Response{.status = 502, .body = "bad gateway"}
                                       : http::Settle(collector(request));
              }}}),
        .sender = has_sender_
        ? [this](const ConversionRoute&) -> Result<std::shared_ptr<ConversionSender>> {
          return sender_;
        }
        : decltype(CanaryWorld::sender)(),
        .browser = false,
        .resolve = [](const std::string&) -> Result<std::vector<std::string>> {
          return std::vector<std::string>{"93.184.216.34"};
        }};
    const auto flight = FlyCanary(world, visit);
    EXPECT_TRUE(flight.has_value());
    return flight ? *flight : CanaryFlight{};
  }
  static std::optional<bool> Passed(const CanaryFlight& flight, const std::string& name) {
    const auto step = std::ranges::find(flight.steps, name, &CanaryStep::name);
    EXPECT_NE(step, flight.steps.end()) << name;
    return step == flight.steps.end() ? std::nullopt : step->passed;
  }
  static std::string What(const CanaryFlight& flight, const std::string& name) {
    const auto step = std::ranges::find(flight.steps, name, &CanaryStep::name);
    return step == flight.steps.end() ? "" : step->what;
  }
  void Route(Platform platform, const std::string& code) {
    config_.send_conversions = {{.client = "Alpenglow",
                                 .account = {platform, "880011223344"},
                                 .to = "998877",
                                 .events = {{"purchase", "Purchase"}},
                                 .test_code = code}};
    has_sender_ = true;
  }

  std::string folder_;
  VirtualClock clock_{*ParseInstant("2026-03-01T12:00:00Z")};
  std::unique_ptr<EventStore> events_;
  TrackingConfig config_;
  http::Handler page_;
  std::shared_ptr<FakeSender> sender_ = std::make_shared<FakeSender>();
  bool has_store_ = true, has_sender_ = false, collector_down_ = false;
};

TEST_F(CanaryTest, FliesFromTheLinkToTheTestEnd) {
  Route(Platform::kMeta, "TEST1");
  const CanaryFlight flight = Fly();
  EXPECT_EQ(flight.site, "shop");
  EXPECT_EQ(flight.client, "Alpenglow");
  const std::vector<std::string> well = {"landing",
                                         "parameters",
                                         "click id",
                                         "tag",
                                         "collector",
                                         "duplicates",
                                         "platform meta/880011223344 998877"};
  for (const std::string& step : well) {
    EXPECT_EQ(Passed(flight, step), true) << step << ": " << What(flight, step);
  }
  EXPECT_EQ(Passed(flight, "browser"), std::nullopt);
  // What it left is a probe, with what the link carried, once.
  const auto kept = events_->List(0, 10);
  ASSERT_TRUE(kept && kept->size() == 1);
  const TrackedEvent& event = kept->front();
  EXPECT_TRUE(event.probe);
  EXPECT_EQ(event.click_ids.at("gclid"), "test-click");
  EXPECT_EQ(event.utm.at("utm_campaign"), "spring");
  // And the platform only judged it: with the click id of its own.
  ASSERT_EQ(sender_->rehearsed.size(), 1U);
  EXPECT_EQ(sender_->sent, 0);
  EXPECT_EQ(sender_->codes.front(), "TEST1");
  EXPECT_EQ(sender_->rehearsed.front().event, "Purchase");
  EXPECT_TRUE(sender_->rehearsed.front().click_ids.contains("fbclid"));
}

TEST_F(CanaryTest, ARedirectThatDropsTheClickIdIsNamed) {
  page_ = [](const http::Request& request) {
    if (request.url.find("gclid") == std::string::npos) {
      return http::Response{.headers = {{"Content-Type", "text/html"}}, .body = kTagged};
    }
    return http::Response{
        .status = 301,
        .headers = {{"Location", "/en/trails?utm_source=google&utm_campaign=autumn"}}};
  };
  const CanaryFlight flight = Fly();
  EXPECT_EQ(flight.hops.size(), 2U);
  EXPECT_EQ(Passed(flight, "landing"), true);
  EXPECT_EQ(Passed(flight, "parameters"), false);
  EXPECT_NE(What(flight, "parameters").find("utm_campaign is \"autumn\", it was \"spring\""),
            std::string::npos);
  EXPECT_EQ(Passed(flight, "click id"), false);
  EXPECT_NE(What(flight, "click id").find("gclid is missing"), std::string::npos);
  EXPECT_EQ(Passed(flight, "collector"), true);  // the collector is not to blame
}

TEST_F(CanaryTest, APageThatIsGoneSaysNothingOfWhatComesBehindIt) {
  page_ = [](const http::Request&) { return http::Response{.status = 404, .body = "gone"}; };
  const CanaryFlight flight = Fly();
  EXPECT_EQ(Passed(flight, "landing"), false);
  EXPECT_EQ(Passed(flight, "parameters"), std::nullopt);
  EXPECT_EQ(Passed(flight, "tag"), std::nullopt);
  EXPECT_EQ(Passed(flight, "collector"), true);
  EXPECT_EQ(flight.site, "shop");
}

TEST_F(CanaryTest, APageWithoutTheTag) {
  page_ = [](const http::Request&) {
    return http::Response{.headers = {{"Content-Type", "text/html"}},
                          .body = "<html><title>Shoes</title><body><h1>Shoes</h1></body></html>"};
  };
  const CanaryFlight flight = Fly();
  EXPECT_EQ(Passed(flight, "tag"), false);
  EXPECT_EQ(Passed(flight, "browser"), std::nullopt);
}

TEST_F(CanaryTest, ACollectorThatIsAwayOrAnothers) {
  collector_down_ = true;
  CanaryFlight flight = Fly();
  EXPECT_EQ(Passed(flight, "collector"), false);
  EXPECT_NE(What(flight, "collector").find("502"), std::string::npos);
  EXPECT_EQ(Passed(flight, "duplicates"), std::nullopt);
  collector_down_ = false;
  has_store_ = false;
  flight = Fly();
  EXPECT_EQ(Passed(flight, "collector"), false);
  EXPECT_NE(What(flight, "collector").find("another home"), std::string::npos);
  config_.collector.clear();
  flight = Fly();
  EXPECT_EQ(Passed(flight, "collector"), std::nullopt);
}

TEST_F(CanaryTest, AVisitToASiteThatIsNotKnown) {
  config_.sites.front().origins = {"https://elsewhere.example"};
  const CanaryFlight flight = Fly();
  EXPECT_EQ(flight.site, "");
  EXPECT_EQ(Passed(flight, "landing"), true);
  EXPECT_EQ(Passed(flight, "collector"), std::nullopt);
  EXPECT_NE(What(flight, "collector").find("https://alpenglow.example"), std::string::npos);
  EXPECT_TRUE(events_->List(0, 10)->empty());
}

TEST_F(CanaryTest, PlatformsAreAskedOnlyWhereTheyCountNothing) {
  const std::string meta = "platform meta/880011223344 998877";
  Route(Platform::kMeta, "");  // without a code Meta would count it
  EXPECT_EQ(Passed(Fly(), meta), std::nullopt);
  EXPECT_TRUE(sender_->rehearsed.empty());
  Route(Platform::kMeta, "TEST1");
  has_sender_ = false;  // halted
  EXPECT_EQ(Passed(Fly(), meta), std::nullopt);
  has_sender_ = true;
  sender_->refuses = true;
  const CanaryFlight refused = Fly();
  EXPECT_EQ(Passed(refused, meta), false);
  EXPECT_EQ(What(refused, meta), "the pixel is not yours");
  sender_->refuses = false;
  Route(Platform::kGoogleAds, "");  // judges without a code
  EXPECT_EQ(Passed(Fly(), "platform google_ads/880011223344 998877"), true);
  // Another client's route is none of this flight's.
  config_.send_conversions.front().client = "Basecamp";
  EXPECT_EQ(Passed(Fly(), "platform"), std::nullopt);
  EXPECT_EQ(sender_->rehearsed.size(), 2U);
}

TEST_F(CanaryTest, AVisitWithoutMarksProvesNothing) {
  const CanaryFlight flight = Fly("https://alpenglow.example/trails");
  EXPECT_EQ(Passed(flight, "parameters"), false);
  EXPECT_EQ(What(flight, "parameters"), "the visit has none");
  EXPECT_NE(AsAdVisit("https://alpenglow.example/trails")->find("gclid="), std::string::npos);
  EXPECT_EQ(*AsAdVisit(kVisit), kVisit);
  EXPECT_FALSE(AsAdVisit("no address"));
}

}  // namespace
}  // namespace maxopt
