#include "stages/monitor/conversions/conversions.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "connect/google_ads/google_ads.h"
#include "connect/meta/meta.h"
#include "connect/tiktok/tiktok.h"
#include "domain/digest.h"
#include "sim/server/conversions.h"

namespace maxopt {
namespace {

using namespace std::chrono_literals;

struct Case {
  Platform platform;
  const char* to;
  const char* word;
  const char* click_id;
};
const Case kCases[] = {{Platform::kMeta, "998877", "Purchase", "fbclid"},
                       {Platform::kTikTok, "C123", "CompletePayment", "ttclid"},
                       {Platform::kGoogleAds, "", "987654", "gclid"}};

class ConversionsTest : public testing::TestWithParam<int> {
 protected:
  ConversionsTest() {
    char name[] = "/tmp/maxopt-conversions-XXXXXX";
    folder_ = ::mkdtemp(name);
    events_ = *EventStore::Open(folder_ + "/events");
    outbox_ = *ConversionOutbox::Open(folder_ + "/conversions.db");
    wire_ =
        http::MakeLoopbackTransport({{"http://platform.sim", [this](const http::Request& request) {
                                        return Answer(request);
                                      }}});
    Connection connection;
    connection.account = {Which().platform, "42"};
    connection.base_url = "http://platform.sim";
    connection.settings = {{"data_manager_url", "http://platform.sim"}};
    connection.secrets = {{"access_token", "good"}};
    connection.calls_per_second = 1000;
    const auto made = Which().platform == Platform::kMeta
                          ? MakeMetaConversions(connection, Which().to, wire_, clock_)
                      : Which().platform == Platform::kTikTok
                          ? MakeTikTokConversions(connection, Which().to, wire_, clock_)
                          : MakeGoogleConversions(connection, wire_, clock_);
    EXPECT_TRUE(made) << made.error().what;
    sender_ = *made;
    route_ = {"Alpenglow", connection.account, Which().to, {{"purchase", Which().word}}};
  }
  ~ConversionsTest() override { std::filesystem::remove_all(folder_); }
  static const Case& Which() { return kCases[GetParam()]; }

  http::Response Answer(const http::Request& request) {
    ++calls_;
    if (lose_request_) return {.status = http::kNotReceived};
    http::Response response;
    if (const auto pixel = sim::ConversionReceiver::MetaPixelOf(request)) {
      response = receiver_.Meta(*pixel, request);
    } else if (sim::ConversionReceiver::IsTikTok(request)) {
      response = receiver_.TikTok(request, [](const std::string& code) { return code == "C123"; });
    } else if (sim::ConversionReceiver::IsGoogle(request)) {
      response = receiver_.Google(request);
    } else {
      response.status = 404;
    }
    if (lose_answer_) return {.status = http::kNoAnswer};
    return response;
  }

  TrackedEvent Purchase(const std::string& id) const {
    TrackedEvent event;
    event.site = "shop", event.client = "Alpenglow", event.name = "purchase", event.id = id;
    event.via = "tag";
    event.received_at = clock_->Now();
    event.at = clock_->Now() - 2s;
    event.url = "https://alpenglow.example/thanks";
    event.user_agent = "Mozilla/5.0";
    event.consent = true;
    event.visitor = "v1";
    event.click_ids = {{Which().click_id, "abc"}};
    event.value = *ParseMoney("129.90", kEur);
    event.hashed = {{"email", Sha256Hex("anna@example.com")},
                    {"phone_e164", Sha256Hex("+4930123456")},
                    {"phone_digits", Sha256Hex("4930123456")}};
    return event;
  }
  SentConversions Round() {
    const auto sent = SendConversions(route_, *events_, *outbox_, *sender_, *clock_);
    EXPECT_TRUE(sent) << sent.error().what;
    return sent.value_or(SentConversions{});
  }
  /// Google's processing takes its time.
  SentConversions RoundAndCheck() {
    SentConversions first = Round();
    clock_->AdvanceTo(clock_->Now() + 2min);
    const SentConversions second = Round();
    first.done += second.done;
    return first;
  }
  std::int64_t Counted() const {
    std::int64_t sum = 0;
    for (const auto& count : receiver_.Counts()) sum += count.counted;
    return sum;
  }
  std::int64_t Duplicates() const {
    std::int64_t sum = 0;
    for (const auto& count : receiver_.Counts()) sum += count.duplicates;
    return sum;
  }

  std::string folder_;
  std::shared_ptr<VirtualClock> clock_ =
      std::make_shared<VirtualClock>(*ParseInstant("2026-09-01T12:00:00Z"));
  sim::ConversionReceiver receiver_{*clock_};
  std::unique_ptr<EventStore> events_;
  std::unique_ptr<ConversionOutbox> outbox_;
  std::shared_ptr<http::Transport> wire_;
  std::shared_ptr<ConversionSender> sender_;
  ConversionRoute route_;
  bool lose_request_ = false, lose_answer_ = false;
  int calls_ = 0;
};

TEST_P(ConversionsTest, EachIsSentOnce) {
  ASSERT_TRUE(events_->Append({Purchase("1"), Purchase("2"), Purchase("3")}));
  const SentConversions sent = RoundAndCheck();
  EXPECT_EQ(sent.problem, "");
  EXPECT_EQ(sent.added, 3);
  EXPECT_EQ(sent.done, 3);
  EXPECT_EQ(Counted(), 3);
  const int calls = calls_;
  EXPECT_EQ(Round().added, 0);
  EXPECT_EQ(calls_, calls);
  EXPECT_EQ(Counted(), 3);
  EXPECT_EQ(Duplicates(), 0);
}

TEST_P(ConversionsTest, ARehearsalIsJudgedAndCountsNothing) {
  Conversion conversion;
  conversion.event = Which().word;
  conversion.id = "probe-1";
  conversion.at = clock_->Now();
  conversion.value = *ParseMoney("1.00", kEur);
  conversion.url = "https://alpenglow.example/";
  conversion.user_agent = "maxopt-canary/1";
  conversion.click_ids = {{Which().click_id, "abc"}};
  const auto deadline = http::After(std::chrono::seconds(5));
  const bool needs_code = Which().platform != Platform::kGoogleAds;
  const auto taken = sender_->Rehearse(conversion, needs_code ? "TEST1" : "", deadline);
  EXPECT_TRUE(taken) << taken.error().what;
  EXPECT_EQ(Counted(), 0);
  std::int64_t rehearsed = 0;
  for (const auto& count : receiver_.Counts()) rehearsed += count.rehearsed;
  EXPECT_EQ(rehearsed, 1);
  // The same conversion, then in earnest, is none that was told before.
  EXPECT_TRUE(sender_->Send({&conversion, 1}, deadline).front());
  EXPECT_EQ(Counted(), 1);
  EXPECT_EQ(Duplicates(), 0);
  // What the platform would not take is refused in a rehearsal too.
  conversion.at = clock_->Now() + 2h;
  EXPECT_FALSE(sender_->Rehearse(conversion, "TEST1", deadline));
  if (needs_code) {
    conversion.at = clock_->Now();
    const auto bare = sender_->Rehearse(conversion, "", deadline);
    ASSERT_FALSE(bare);
    EXPECT_EQ(bare.error().code, Errc::kInvalidArgument);
    EXPECT_EQ(Counted(), 1);
  }
}

// failures.md: replaying the whole outbox twice leaves the platform's counts unchanged.
TEST_P(ConversionsTest, ReplayingTheOutboxTwiceChangesNoCount) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(events_->Append({Purchase(std::to_string(i))}));
  }
  RoundAndCheck();
  ASSERT_EQ(Counted(), 20);
  for (int replay = 0; replay < 2; ++replay) {
    auto items = *outbox_->In(DestinationOf(route_), SendState::kDone, 100);
    ASSERT_EQ(items.size(), 20u);
    for (OutboxItem& item : items) item.state = SendState::kPending;
    ASSERT_TRUE(outbox_->Settle(items));
    RoundAndCheck();
    EXPECT_EQ(Counted(), 20);
  }
  EXPECT_EQ(Duplicates(), 40);
}

TEST_P(ConversionsTest, WithoutConsentNothingIsSent) {
  TrackedEvent denied = Purchase("1");
  denied.consent = false;
  denied.visitor.clear(), denied.click_ids.clear(), denied.hashed.clear();
  TrackedEvent probe = Purchase("2");
  probe.probe = true;
  TrackedEvent bot = Purchase("3");
  bot.bot = "crawler";
  TrackedEvent stranger = Purchase("4");
  stranger.client = "Other";
  ASSERT_TRUE(events_->Append({denied, probe, bot, stranger}));
  const SentConversions sent = Round();
  EXPECT_EQ(sent.added, 1);
  EXPECT_EQ(sent.withheld, 1);
  EXPECT_EQ(calls_, 0);
  const auto counts = *outbox_->Counts();
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0].state, SendState::kRefused);
  EXPECT_EQ(counts[0].why, "no consent");
}

TEST_P(ConversionsTest, ALostAnswerIsSentAgainAndCountsOnce) {
  ASSERT_TRUE(events_->Append({Purchase("1"), Purchase("2")}));
  lose_answer_ = true;
  const SentConversions lost = Round();
  EXPECT_NE(lost.problem, "");
  EXPECT_EQ(Counted(), 2);
  EXPECT_EQ(outbox_->In(DestinationOf(route_), SendState::kUnknown, 10)->size(), 2u);
  lose_answer_ = false;
  clock_->AdvanceTo(clock_->Now() + 1h);
  const SentConversions again = RoundAndCheck();
  EXPECT_EQ(again.done, 2) << again.problem;
  EXPECT_EQ(Counted(), 2);
  EXPECT_EQ(Duplicates(), 2);
}

// Past the platform's window a copy would count again, so a person decides.
TEST_P(ConversionsTest, AnUnansweredCallIsNotRepeatedPastTheWindow) {
  ASSERT_TRUE(events_->Append({Purchase("1")}));
  lose_answer_ = true;
  Round();
  lose_answer_ = false;
  clock_->AdvanceTo(clock_->Now() + 49h);
  const SentConversions late = RoundAndCheck();
  const bool always = !sender_->rules().deduplicates;
  EXPECT_EQ(late.done, always ? 1 : 0);
  EXPECT_EQ(late.unknown, always ? 0 : 1);
  EXPECT_EQ(Counted(), 1);
}

TEST_P(ConversionsTest, OneThatIsWrongDoesNotHoldTheOthers) {
  std::vector<TrackedEvent> list;
  for (int i = 0; i < 7; ++i) list.push_back(Purchase(std::to_string(i)));
  list[4].hashed["email"] = "anna@example.com";  // nobody's digest: the platform refuses it
  ASSERT_TRUE(events_->Append(list));
  const SentConversions sent = RoundAndCheck();
  EXPECT_EQ(sent.done, 6) << sent.problem;
  EXPECT_EQ(sent.refused, 1);
  EXPECT_EQ(Counted(), 6);
  const auto refused = *outbox_->In(DestinationOf(route_), SendState::kRefused, 10);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].id, "4");
  EXPECT_NE(refused[0].why.find("SHA-256"), std::string::npos) << refused[0].why;
}

TEST_P(ConversionsTest, WhatCannotBeTakenIsSaidAndNotSent) {
  TrackedEvent old = Purchase("old");
  old.at = clock_->Now() - std::chrono::hours(24 * 100);
  TrackedEvent refund = Purchase("refund");
  refund.via = "s2s";
  refund.value = *ParseMoney("-129.90", kEur);
  TrackedEvent nobody = Purchase("nobody");
  nobody.click_ids.clear(), nobody.hashed.clear(), nobody.visitor.clear();
  ASSERT_TRUE(events_->Append({old, refund, nobody}));
  EXPECT_EQ(Round().refused, 3);
  EXPECT_EQ(calls_, 0);
}

TEST_P(ConversionsTest, BothTellingsMakeOneConversion) {
  TrackedEvent browser = Purchase("1");
  browser.hashed.clear();
  browser.visitor.clear();
  TrackedEvent server = Purchase("1");
  server.via = "s2s";
  server.click_ids.clear();
  ASSERT_TRUE(events_->Append({browser}));
  ASSERT_TRUE(events_->Append({server}));
  EXPECT_EQ(RoundAndCheck().done, 1);
  EXPECT_EQ(Counted(), 1);
}

TEST_P(ConversionsTest, AnUnreachablePlatformLosesNothing) {
  ASSERT_TRUE(events_->Append({Purchase("1")}));
  lose_request_ = true;
  const SentConversions down = Round();
  EXPECT_NE(down.problem, "");
  EXPECT_EQ(down.waiting, 1);
  lose_request_ = false;
  EXPECT_EQ(RoundAndCheck().done, 1);
  EXPECT_EQ(Counted(), 1);
}

INSTANTIATE_TEST_SUITE_P(Platforms, ConversionsTest, testing::Values(0, 1, 2), [](const auto& one) {
  return std::string(PlatformName(kCases[one.param].platform));
});

}  // namespace
}  // namespace maxopt
