#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "stages/monitor/tracking/tracking.h"

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

const AccountInfo kMeta{{Platform::kMeta, "42"}, "Alpenglow", kEur, "Europe/Berlin", "active"};
constexpr int kDays = 16;  ///< fourteen to compare with, and the two that are judged

/// Sixteen days of one campaign, "7", up to now, and a shop.
class LookTest : public testing::Test {
 protected:
  LookTest() {
    char name[] = "/tmp/maxopt-look-XXXXXX";
    folder_ = ::mkdtemp(name);
    facts_ = *FactStore::Open(":memory:");
    events_ = *EventStore::Open(folder_ + "/events");
  }
  ~LookTest() override {
    events_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// Clicks and conversions of each day, the last is today.
  void Facts(std::int64_t clicks, double conversions, double conversions_now) {
    const Day today = zone_.DayOf(now_);
    std::vector<MetricRow> rows;
    for (int age = kDays - 1; age >= 0; --age) {
      rows.push_back({today - days(age),
                      {},
                      "7",
                      {},
                      {},
                      {},
                      Money::Micros(10'000'000, kEur),
                      clicks * 50,
                      clicks,
                      age < 2 ? conversions_now : conversions,
                      Money::Micros(50'000'000, kEur),
                      {}});
    }
    const auto loaded = facts_->Load({{kMeta.account, Level::kCampaign, Grain::kDay,
                                       Breakdown::kNone, rows.front().day, rows.back().day},
                                      "7d_click+1d_view",
                                      rows,
                                      true,
                                      ""},
                                     now_, "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
  }
  TrackedEvent Event(const std::string& event, int age, const std::string& via = "tag") {
    TrackedEvent e;
    e.site = "shop", e.client = "Alpenglow", e.name = event, e.via = via;
    e.id = event + std::to_string(++number_);
    e.received_at = now_ - days(age) - hours(1);
    return e;
  }
  TrackedEvent Visit(int age, const std::string& id = "7", const std::string& campaign = "spring") {
    TrackedEvent e = Event("page_view", age);
    e.utm = {{"utm_source", "facebook"}, {"utm_medium", "paid_social"}, {"utm_campaign", campaign}};
    if (!id.empty()) e.utm["utm_id"] = id;
    return e;
  }
  std::map<std::string, SignalHealth> Look(bool with_events = true) {
    const auto signals = LookAtTracking({facts_.get(), with_events ? events_.get() : nullptr},
                                        "Alpenglow", {kMeta}, now_);
    EXPECT_TRUE(signals.has_value());
    std::map<std::string, SignalHealth> by_name;
    for (const SignalHealth& signal : signals.value_or(std::vector<SignalHealth>())) {
      EXPECT_EQ(signal.client, "Alpenglow");
      EXPECT_EQ(signal.seen_at, now_);
      by_name[signal.name] = signal;
    }
    return by_name;
  }

  const Instant now_ = *ParseInstant("2026-03-20T11:00:00Z");
  const Zone zone_ = *Zone::Find("Europe/Berlin");
  std::string folder_;
  std::unique_ptr<FactStore> facts_;
  std::unique_ptr<EventStore> events_;
  int number_ = 0;
};

TEST_F(LookTest, WithoutFactsAndEventsNothingIsKnown) {
  const auto signals = Look(false);
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(signals.at("conversions meta/42").state, SignalState::kUnknown);
  EXPECT_EQ(Look().size(), 1U);  // a collector that was never told anything has no site
  const auto nowhere = LookAtTracking({facts_.get(), nullptr}, "Alpenglow",
                                      {{kMeta.account, "", kEur, "Mars/Olympus", "active"}}, now_);
  EXPECT_FALSE(nowhere.has_value());
}

TEST_F(LookTest, ConversionsGoneWhileClicksGoOn) {
  Facts(500, 20, 0);
  const SignalHealth broken = Look(false).at("conversions meta/42");
  EXPECT_EQ(broken.state, SignalState::kBroken) << broken.why;
  EXPECT_EQ(broken.accounts, std::vector<AccountId>{kMeta.account});
}

TEST_F(LookTest, HalfOfTwoYoungDaysIsAsExpected) {
  Facts(500, 20, 10);  // what platforms report late is not lost
  EXPECT_EQ(Look(false).at("conversions meta/42").state, SignalState::kOk);
}

TEST_F(LookTest, VisitsThatStopAreTold) {
  Facts(500, 20, 20);
  std::vector<TrackedEvent> visits;
  for (int age = 2; age < kDays; ++age) {
    for (int i = 0; i < 30; ++i) visits.push_back(Visit(age));
  }
  ASSERT_TRUE(events_->Append(visits));
  EXPECT_EQ(Look().at("visits shop").state, SignalState::kBroken);
  visits.clear();
  for (int i = 0; i < 60; ++i) visits.push_back(Visit(i % 2));
  ASSERT_TRUE(events_->Append(visits));
  const auto signals = Look();
  EXPECT_EQ(signals.at("visits shop").state, SignalState::kOk) << signals.at("visits shop").why;
  EXPECT_EQ(signals.at("utm shop").state, SignalState::kOk) << signals.at("utm shop").why;
}

TEST_F(LookTest, ProbesOthersAndWhatIsOldDoNotCount) {
  Facts(500, 20, 20);
  std::vector<TrackedEvent> visits;
  for (int age = 2; age < kDays; ++age) {
    for (int i = 0; i < 30; ++i) visits.push_back(Visit(age));
  }
  for (int i = 0; i < 60; ++i) {
    TrackedEvent probe = Visit(0), other = Visit(0), old = Visit(kDays + 1);
    probe.probe = true;
    other.client = "Basecamp";
    visits.insert(visits.end(), {probe, other, old});
  }
  ASSERT_TRUE(events_->Append(visits));
  EXPECT_EQ(Look().at("visits shop").state, SignalState::kBroken);  // of people there is none now
}

TEST_F(LookTest, VisitsOfNoKnownCampaign) {
  Facts(500, 20, 20);
  std::vector<TrackedEvent> visits;
  for (int age = 2; age < kDays; ++age) {
    for (int i = 0; i < 30; ++i) visits.push_back(Visit(age));
  }
  for (int i = 0; i < 40; ++i) visits.push_back(Visit(0));
  for (int i = 0; i < 20; ++i) visits.push_back(Visit(0, "", "ghost"));
  ASSERT_TRUE(events_->Append(visits));
  const SignalHealth utm = Look().at("utm shop");
  EXPECT_EQ(utm.state, SignalState::kDegraded) << utm.why;
  EXPECT_TRUE(std::ranges::any_of(utm.evidence, [](const std::string& sentence) {
    return sentence.find("ghost") != std::string::npos;
  }));
}

TEST_F(LookTest, PurchasesToldByBothSides) {
  std::vector<TrackedEvent> firsts;
  for (int age = 0; age < kDays; ++age) {
    for (int i = 0; i < 12; ++i) firsts.push_back(Event("purchase", age));
  }
  ASSERT_TRUE(events_->Append(firsts));
  std::vector<TrackedEvent> seconds = firsts;
  for (TrackedEvent& second : seconds) {
    second.via = "s2s";
    second.received_at += minutes(1);
  }
  // Of the last two days none meets: the server tells ids of its own.
  for (std::size_t i = 0; i < 24; ++i) seconds[i].id = "server" + std::to_string(i);
  ASSERT_TRUE(events_->Append(seconds));
  const SignalHealth match = Look().at("match shop");
  EXPECT_EQ(match.state, SignalState::kDegraded) << match.why;
  EXPECT_NE(match.why.find("ids may differ"), std::string::npos) << match.why;
}

TEST_F(LookTest, TheSameLookTwiceSaysTheSame) {
  Facts(500, 20, 0);
  ASSERT_TRUE(events_->Append({Visit(0), Visit(3)}));
  const auto first = Look(), second = Look();
  ASSERT_EQ(first.size(), second.size());
  for (const auto& [name, signal] : first) {
    EXPECT_EQ(second.at(name).state, signal.state) << name;
    EXPECT_EQ(second.at(name).why, signal.why) << name;
    EXPECT_EQ(second.at(name).evidence, signal.evidence) << name;
  }
}

}  // namespace
}  // namespace maxopt
