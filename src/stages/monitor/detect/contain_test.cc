#include "stages/monitor/detect/contain.h"

#include "apply/door_for_test.h"

namespace maxopt {
namespace {

class ContainTest : public DoorTest {
 protected:
  static Condition Runaway(const std::string& id) {
    Condition c;
    c.client = "Alpenglow";
    c.detector = "runaway";
    c.account = kAccount;
    c.level = Level::kCampaign;
    c.object_id = id;
    c.kpi = "spend";
    c.tier = AlertTier::kCritical;
    c.title = "it spends ten times its plan";
    return c;
  }
  std::string StatusOf(const std::string& id) {
    return TextField(fake_->objects.at(id).fields, "status");
  }
};

TEST_F(ContainTest, F1WhatRunsAwayIsPausedFirstAndThenTold) {
  const std::string id = Theirs(Eur(900));
  const std::string other = Theirs(Eur(10));
  Condition drift = Runaway(other);
  drift.detector = "drift";
  std::vector<Condition> conditions{Runaway(id), drift};
  Contain(door_, &policy_, {}, conditions);
  EXPECT_EQ(StatusOf(id), kPaused);
  EXPECT_EQ(StatusOf(other), kActive) << "other detectors pause nothing";
  ASSERT_EQ(conditions[0].evidence.size(), 1u);
  EXPECT_TRUE(conditions[0].evidence[0].starts_with("paused by plan p-"))
      << conditions[0].evidence[0];
  EXPECT_TRUE(conditions[1].evidence.empty());

  // The plan is one like any other: who, why, and it can be undone.
  const auto plans = store_->Plans(std::nullopt, 10);
  ASSERT_TRUE(plans);
  ASSERT_EQ(plans->size(), 1u);
  EXPECT_EQ(plans->front().status, PlanStatus::kVerified);
  EXPECT_EQ(plans->front().changes.at(0).reason, Reason::kPause);
  EXPECT_EQ(plans->front().changes.at(0).why, "it spends ten times its plan");
  EXPECT_EQ(plans->front().approval->by, "tripwire of the policy");
}

TEST_F(ContainTest, WithoutAPolicyOrWithTheTripwireOffItIsOnlyTold) {
  const std::string id = Theirs(Eur(900));
  std::vector<Condition> conditions{Runaway(id)};
  Contain(door_, nullptr, {}, conditions);
  EXPECT_EQ(conditions[0].evidence,
            std::vector<std::string>{"not paused: the client has no policy"});
  Policy off = policy_;
  off.tripwire_bp = 0;
  conditions = {Runaway(id)};
  Contain(door_, &off, {}, conditions);
  EXPECT_EQ(conditions[0].evidence,
            std::vector<std::string>{"not paused: tripwire_percent of the policy is 0"});
  EXPECT_EQ(StatusOf(id), kActive);
  EXPECT_EQ(fake_->writes, 0);
}

TEST_F(ContainTest, WhatWeOwnKeepsItsAddressAndTwoRunawaysAreOnePlan) {
  const std::string one = Theirs(Eur(900));
  const std::string two = Theirs(Eur(800));
  OwnedObject owned;
  owned.address = "spring/search";
  owned.account = kAccount;
  owned.level = Level::kCampaign;
  owned.id = one;
  owned.last_applied = {{"status", std::string(kActive)}};
  ASSERT_TRUE(store_->SaveObject(owned));
  std::vector<Condition> conditions{Runaway(one), Runaway(two)};
  Contain(door_, &policy_, {{one, "spring/search"}}, conditions);
  EXPECT_EQ(StatusOf(one), kPaused);
  EXPECT_EQ(StatusOf(two), kPaused);
  const auto plans = store_->Plans(std::nullopt, 10);
  ASSERT_TRUE(plans);
  EXPECT_EQ(plans->size(), 1u);
  const auto object = store_->FindObject(kAccount, "spring/search");
  ASSERT_TRUE(object);
  ASSERT_TRUE(*object);
  EXPECT_EQ(TextField((*object)->last_applied, "status"), kPaused) << "our own doing, not drift";
}

TEST_F(ContainTest, APlatformThatDoesNotAnswerIsSaid) {
  const std::string id = Theirs(Eur(900));
  fake_->unreachable = true;
  std::vector<Condition> conditions{Runaway(id)};
  Contain(door_, &policy_, {}, conditions);
  ASSERT_EQ(conditions[0].evidence.size(), 1u);
  EXPECT_TRUE(conditions[0].evidence[0].starts_with("not paused: ")) << conditions[0].evidence[0];
}

}  // namespace
}  // namespace maxopt
