#include "stages/monitor/review/review.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/market/market.h"

namespace maxopt {
namespace {

using std::chrono::hours;

const AccountId kAccount{Platform::kMeta, "880011223344"};
Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }
Instant At(std::string_view text) { return *ParseInstant(text); }

/// One campaign, one ad group, one ad with `headline`, all on; its review is the simulated
/// market's, as the simulated Meta tells it.
class World {
 public:
  AccountTree tree{{kAccount, "Shop", kEur, "Europe/Berlin", "active"}, {}};
  std::vector<ReviewState> before;
  std::map<std::string, Money> spend;

  World() {
    tree.entities = {{Level::kCampaign, "1", "", "", {{"name", "Spring"}, {"status", "active"}}},
                     {Level::kAdGroup, "2", "1", "1", {{"name", "Core"}, {"status", "active"}}},
                     {Level::kAd, "3", "2", "1", {{"name", "Ad one"}, {"status", "active"}}}};
  }
  Fields& ad() { return tree.entities[2].fields; }
  void Write(const std::string& headline, Instant at) {
    ad()["headlines"] = std::vector<std::string>{headline};
    ad()["created_at"] = PrintInstant(at);
    submitted_ = at;
  }
  ReviewFindings Look(Instant now, bool from_market = true) {
    if (from_market) {
      const auto review = sim::ReviewOf(ListField(ad(), "headlines")[0], submitted_, now);
      ad()["review_status"] = std::string(review.status);
      ad().erase("review_reasons");
      if (review.status == "rejected") {
        ad()["review_reasons"] = std::vector<std::string>{
            review.reason + ": Your ad may go against our advertising standards: \"" +
            review.evidence + "\"."};
      }
    }
    ReviewFindings found =
        JudgeReviews({"Shop", &tree, before, spend, now}, PlatformSpecs::BuiltIn());
    before = found.states;
    return found;
  }

 private:
  Instant submitted_{};
};

TEST(Review, FromPendingToRejectedToApprovedToLimited) {
  World world;
  const Instant start = At("2026-03-02T08:00:00Z");
  world.Write("Miracle cure for tired feet", start);
  world.spend.emplace("3", Eur(12));

  // Just written: in review, and nobody is told.
  ReviewFindings found = world.Look(start + hours(1) / 2);
  EXPECT_TRUE(found.conditions.empty());
  EXPECT_TRUE(found.events.empty());
  EXPECT_EQ(world.before.back().state, "pending");

  found = world.Look(start + hours(8));
  ASSERT_EQ(found.events.size(), 1u);
  EXPECT_EQ(found.events[0].was, "pending");
  EXPECT_EQ(found.events[0].now.state, "rejected");
  EXPECT_NE(found.events[0].now.reason.find("MISLEADING_CONTENT"), std::string::npos);
  const auto body = nlohmann::json::parse(found.events[0].json);
  EXPECT_EQ(body.at("spend_at_risk"), "12.00 EUR");
  EXPECT_NE(body.at("fix").get<std::string>().find(
                "take \"miracle cure\" out of \"Miracle cure for tired feet\""),
            std::string::npos);
  ASSERT_EQ(found.conditions.size(), 1u);
  const Condition c = found.conditions[0];
  EXPECT_EQ(c.detector, "review");
  EXPECT_EQ(c.tier, AlertTier::kWarning);
  EXPECT_EQ(c.at_stake, Eur(12));
  EXPECT_EQ(c.since, start + hours(8));
  // Told again as the same trouble, without a second event.
  found = world.Look(start + hours(9));
  EXPECT_TRUE(found.events.empty());
  ASSERT_EQ(found.conditions.size(), 1u);
  EXPECT_EQ(Fingerprint(found.conditions[0]), Fingerprint(c));
  EXPECT_EQ(found.conditions[0].since, start + hours(8));

  world.Write("Kind to tired feet", start + hours(10));
  found = world.Look(start + hours(10) + std::chrono::minutes(5));
  EXPECT_EQ(found.events.at(0).now.state, "pending");
  EXPECT_TRUE(found.conditions.empty());
  found = world.Look(start + hours(20));
  EXPECT_EQ(found.events.at(0).was, "pending");
  EXPECT_EQ(found.events.at(0).now.state, "approved");
  EXPECT_TRUE(found.conditions.empty());

  world.ad()["review_status"] = std::string("limited");
  world.ad()["review_reasons"] = std::vector<std::string>{"health: shown to adults only"};
  found = world.Look(start + hours(30), false);
  EXPECT_EQ(found.events.at(0).now.state, "limited");
  EXPECT_EQ(found.conditions.at(0).tier, AlertTier::kWarning);  // it spends
  world.spend.clear();
  EXPECT_EQ(world.Look(start + hours(31), false).conditions.at(0).tier, AlertTier::kInfo);
}

TEST(Review, PendingIsNewsOnlyWhenItTakesLongerThanUsual) {
  World world;
  world.ad()["review_status"] = std::string("pending");
  world.ad()["created_at"] = std::string("2026-03-02T08:00:00Z");
  EXPECT_TRUE(world.Look(At("2026-03-03T08:00:00Z"), false).conditions.empty());
  const auto late = world.Look(At("2026-03-03T09:00:01Z"), false);
  ASSERT_EQ(late.conditions.size(), 1u);
  EXPECT_NE(late.conditions[0].title.find("25 hours, 24 are usual"), std::string::npos);
  // Google counts working days: from Friday noon to Monday morning it is not late.
  world.tree.info.account.platform = Platform::kGoogleAds;
  world.before.clear();
  world.ad()["created_at"] = std::string("2026-03-06T12:00:00Z");
  EXPECT_TRUE(world.Look(At("2026-03-09T11:00:00Z"), false).conditions.empty());
  EXPECT_EQ(world.Look(At("2026-03-09T13:00:01Z"), false).conditions.size(), 1u);
}

TEST(Review, WhatIsOffIsNoAlarmButAnEvent) {
  World world;
  world.tree.entities[0].fields["status"] = std::string("paused");
  world.ad()["review_status"] = std::string("rejected");
  const auto found = world.Look(At("2026-03-02T08:00:00Z"), false);
  EXPECT_TRUE(found.conditions.empty());
  EXPECT_EQ(found.events.size(), 1u);
  world.ad()["status"] = std::string("removed");
  EXPECT_TRUE(world.Look(At("2026-03-02T09:00:00Z"), false).events.empty());
}

TEST(Review, ASuspendedAccountIsCritical) {
  World world;
  world.spend = {{"3", Eur(30)}, {"4", Eur(12)}};
  world.tree.info.status = "disabled";
  const auto found = world.Look(At("2026-03-02T08:00:00Z"), false);
  ASSERT_EQ(found.conditions.size(), 1u);
  EXPECT_EQ(found.conditions[0].tier, AlertTier::kCritical);
  EXPECT_EQ(found.conditions[0].level, Level::kAccount);
  EXPECT_EQ(found.conditions[0].at_stake, Eur(42));
}

TEST(Review, WordsOfEachPlatform) {
  EXPECT_EQ(ReviewStateOf(Platform::kGoogleAds, "DISAPPROVED"), "rejected");
  EXPECT_EQ(ReviewStateOf(Platform::kGoogleAds, "AREA_OF_INTEREST_ONLY"), "limited");
  EXPECT_EQ(ReviewStateOf(Platform::kMeta, "PENDING_REVIEW"), "pending");
  EXPECT_EQ(ReviewStateOf(Platform::kTikTok, "AD_STATUS_AUDIT_DENY"), "rejected");
  EXPECT_EQ(ReviewStateOf(Platform::kTikTok, "PART_AVAILABLE"), "limited");
  EXPECT_EQ(ReviewStateOf(Platform::kReddit, "approved"), "approved");
  EXPECT_EQ(ReviewStateOf(Platform::kMeta, "AD_STATUS_AUDIT"), "");
  EXPECT_EQ(ReviewStateOf(Platform::kMeta, ""), "");
}

TEST(Review, AWordThatIsNewIsKeptAndNoAlarm) {
  World world;
  world.ad()["review_status"] = std::string("QUANTUM_REVIEW");
  const auto found = world.Look(At("2026-03-02T08:00:00Z"), false);
  EXPECT_EQ(found.states.back().state, "quantum_review");
  EXPECT_TRUE(found.conditions.empty());
}

TEST(Review, StatesAndEventsAreKept) {
  const auto store = std::move(*CampaignStore::Open(":memory:"));
  World world;
  world.ad()["review_status"] = std::string("rejected");
  const Instant now = At("2026-03-02T08:00:00Z");
  const auto found = world.Look(now, false);
  ASSERT_TRUE(SaveReviews(*store, found.states, found.events, now));
  const auto states = Reviews(*store, kAccount);
  ASSERT_TRUE(states);
  ASSERT_EQ(states->size(), 2u);  // the account and its ad
  const auto events = ReviewEvents(*store, kAccount, 10);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ((*events)[0].now.state, "rejected");
}

}  // namespace
}  // namespace maxopt
