// Undo, orphans, what platforms say beforehand, and what their refusals teach.
#include <gtest/gtest.h>

#include "apply/door_for_test.h"

namespace maxopt {
namespace {

class UndoTest : public DoorTest {
 protected:
  std::vector<Entity> Tree() {
    return fake_->ReadAccount(kAccount, http::After(std::chrono::seconds(1)))->entities;
  }
  /// Approves and applies what Undo planned.
  void Carry(const Result<Plan>& undo) {
    ASSERT_TRUE(undo) << undo.error().what;
    ASSERT_EQ(undo->status, PlanStatus::kGuarded)
        << (undo->findings.empty() ? "" : undo->findings[0].what);
    ASSERT_TRUE(door_.Approve(undo->id, "cleo", ContentHash(*undo), &policy_));
    EXPECT_EQ(Apply(undo->id).status, PlanStatus::kVerified);
  }
  static bool Notes(const Plan& plan, std::string_view text) {
    return std::any_of(plan.notes.begin(), plan.notes.end(), [&](const std::string& note) {
      return note.find(text) != std::string::npos;
    });
  }
  std::string Activate() {
    Change change = Update("spring", "100", {{"status", std::string(kPaused)}},
                           {{"status", std::string(kActive)}}, Reason::kActivate);
    return Approved(Updates({change}));
  }
};

TEST_F(UndoTest, CreationAndActivationGoBackToTheTreeAsItWasInEitherOrder) {
  for (const bool activation_first : {true, false}) {
    fake_->objects.clear();
    fake_->next_id = 100;
    store_ = std::move(*CampaignStore::Open(":memory:"));
    Register(*store_);
    Door door(World());
    fake_->next_id = 50;
    Theirs(Eur(10));
    fake_->next_id = 100;
    const std::vector<Entity> before = Tree();
    const auto run = [&](const Plan& plan) {
      ASSERT_TRUE(door.Approve(plan.id, "cleo", ContentHash(plan), &policy_));
      EXPECT_EQ(door.Apply(plan.id, "ben", &policy_)->status, PlanStatus::kVerified);
    };
    const Plan launch = *door.Propose(Launch(), &policy_);
    run(launch);
    const Plan activation =
        *door.Propose(Updates({Update("spring", "100", {{"status", std::string(kPaused)}},
                                      {{"status", std::string(kActive)}}, Reason::kActivate)}),
                      &policy_);
    run(activation);
    if (activation_first) {
      const auto off = door.Undo(activation.id, "anna", &policy_);
      ASSERT_TRUE(off) << off.error().what;
      run(*off);
    }
    const auto gone = door.Undo(launch.id, "anna", &policy_);
    ASSERT_TRUE(gone) << gone.error().what;
    EXPECT_EQ(gone->changes.size(), 1u);  // what is below goes with the campaign
    run(*gone);
    EXPECT_EQ(Tree(), before);
    EXPECT_TRUE(door.Orphans("Alpenglow")->empty());
    EXPECT_EQ(door.Undo(launch.id, "anna", &policy_).error().code, Errc::kInvalidArgument);
  }
}

TEST_F(UndoTest, OnlyWhatIsNamed) {
  const std::string a = Theirs(Eur(50));
  const std::string b = Theirs(Eur(50));
  Change both = Budget(a, Eur(50), Eur(60));
  both.before["name"] = std::string("theirs");
  both.after["name"] = std::string("ours");
  const std::string id = Approved(Updates({both, Budget(b, Eur(50), Eur(60))}));
  ASSERT_EQ(Apply(id).status, PlanStatus::kVerified);
  EXPECT_EQ(door_.Undo(id, "anna", &policy_, {{"campaign/999"}, false}).error().code,
            Errc::kNotFound);
  EXPECT_EQ(door_.Undo(id, "anna", &policy_, {{"campaign/" + b + "#name"}, false}).error().code,
            Errc::kNotFound);
  const auto field = door_.Undo(id, "anna", &policy_, {{"campaign/" + a + "#name"}, false});
  ASSERT_TRUE(field) << field.error().what;
  ASSERT_EQ(field->changes.size(), 1u);
  EXPECT_EQ(field->changes[0].after, (Fields{{"name", std::string("theirs")}}));
  Carry(door_.Undo(id, "anna", &policy_, {{"campaign/" + b}, false}));
  EXPECT_EQ(fake_->objects[b].fields["daily_budget"], FieldValue(Eur(50)));
  EXPECT_EQ(fake_->objects[a].fields["daily_budget"], FieldValue(Eur(60)));
}

TEST_F(UndoTest, OnlyAChildOfALaunch) {
  const std::string id = LaunchAll();
  Carry(door_.Undo(id, "anna", &policy_, {{"spring/core/v1"}, false}));
  EXPECT_EQ(Tree().size(), 2u);
}

TEST_F(UndoTest, WhatSomeoneChangedSinceIsNamedWithBothValuesUnlessForced) {
  const std::string a = Theirs(Eur(50));
  const std::string b = Theirs(Eur(50));
  const std::string id =
      Approved(Updates({Budget(a, Eur(50), Eur(60)), Budget(b, Eur(50), Eur(60))}));
  ASSERT_EQ(Apply(id).status, PlanStatus::kVerified);
  fake_->Edit(a, "daily_budget", Eur(70));
  const auto undo = door_.Undo(id, "anna", &policy_);
  ASSERT_TRUE(undo) << undo.error().what;
  ASSERT_EQ(undo->changes.size(), 1u);
  EXPECT_EQ(undo->changes[0].id, b);
  EXPECT_TRUE(Notes(*undo, "daily_budget is 70.00 EUR, the plan set 60.00 EUR"));
  const auto forced = door_.Undo(id, "anna", &policy_, {{"campaign/" + a}, true});
  ASSERT_TRUE(forced) << forced.error().what;
  EXPECT_EQ(forced->changes[0].forced, std::vector<std::string>{"daily_budget"});
  EXPECT_FALSE(Door::MayApproveItself(*forced, policy_));
  Carry(forced);
  EXPECT_EQ(fake_->objects[a].fields["daily_budget"], FieldValue(Eur(50)));
}

TEST_F(UndoTest, WhatHoldsSomeonesWorkStays) {
  const std::string id = LaunchAll();
  fake_->Edit("102", "name", std::string("a person's better name"));
  const auto changed = door_.Undo(id, "anna", &policy_);
  ASSERT_FALSE(changed);  // the ad, and with it what is above it
  EXPECT_NE(changed.error().what.find("a person's better name"), std::string::npos)
      << changed.error().what;
  EXPECT_NE(changed.error().what.find("spring is not undone"), std::string::npos);
  fake_->Edit(
      "102", "name", *[&]() -> std::optional<FieldValue> {
        return FieldValue(WithMarker("spring/core/v1", store_->GetPlan(id)->changes[2].key));
      }());
  const std::string added =
      fake_->Add({Level::kAd,
                  "",
                  "101",
                  "100",
                  {{"name", std::string("theirs")}, {"status", std::string(kPaused)}}});
  const auto held = door_.Undo(id, "anna", &policy_, {{"spring"}, false});
  ASSERT_TRUE(held) << held.error().what;
  ASSERT_EQ(held->changes.size(), 1u);
  EXPECT_EQ(held->changes[0].address, "spring/core/v1");
  EXPECT_TRUE(Notes(*held, "ad " + added + " \"theirs\" below it is not ours"));
  Carry(door_.Undo(id, "anna", &policy_, {{}, true}));
  EXPECT_TRUE(Tree().empty());
}

TEST_F(UndoTest, FilesAndPixelsStayAndAreNamed) {
  const std::string id = Approved(LaunchAllKinds());
  ASSERT_EQ(Apply(id).status, PlanStatus::kVerified);
  const auto undo = door_.Undo(id, "anna", &policy_);
  ASSERT_TRUE(undo) << undo.error().what;
  EXPECT_EQ(undo->changes.size(), 1u);
  EXPECT_TRUE(Notes(*undo, "spring/pixel: a pixel cannot be removed"));
  EXPECT_TRUE(Notes(*undo, "spring/picture: an uploaded file stays"));
}

TEST_F(UndoTest, OrphansOfEachKind) {
  const std::string id = LaunchAll();
  EXPECT_TRUE(door_.Orphans("Alpenglow")->empty());
  const std::string key = store_->GetPlan(id)->changes[0].key;
  const auto named = [](const std::string& name) {
    return Entity{Level::kCampaign, "", "", "", {{"name", name}, {"status", std::string(kPaused)}}};
  };
  const std::string twin = fake_->Add(named(WithMarker("spring", key)));
  const std::string foreign = fake_->Add(named(WithMarker("spring", "another home/1")));
  fake_->Add(named("nobody's"));
  fake_->objects.erase("102");
  const auto orphans = door_.Orphans("Alpenglow");
  ASSERT_TRUE(orphans) << orphans.error().what;
  ASSERT_EQ(orphans->size(), 3u);
  EXPECT_EQ((*orphans)[0].kind, Orphan::Kind::kNotInState);
  EXPECT_EQ((*orphans)[0].id, twin);
  EXPECT_NE((*orphans)[0].what.find(key), std::string::npos);
  EXPECT_EQ((*orphans)[1].kind, Orphan::Kind::kForeignMarker);
  EXPECT_EQ((*orphans)[1].id, foreign);
  EXPECT_EQ((*orphans)[2].kind, Orphan::Kind::kGone);
  EXPECT_EQ((*orphans)[2].address, "spring/core/v1");
  fake_->unreachable = true;
  EXPECT_FALSE(door_.Orphans("Alpenglow"));  // half a look is not a clean one
}

TEST_F(UndoTest, PlatformsAreAskedBeforehandWithinALimit) {
  fake_->validate = [](const Change& change) -> Result<> {
    if (change.address != "spring") return {};
    return std::unexpected(
        Error{Errc::kInvalidArgument, "field \"objective\" is missing", "100/1885", {}});
  };
  const auto refused = door_.Propose(Launch(), &policy_);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, PlanStatus::kBlocked);
  EXPECT_EQ(refused->findings[0].guard, "platform_check");
  EXPECT_NE(refused->findings[0].what.find("[100/1885]"), std::string::npos);
  EXPECT_EQ(fake_->checks, 1);  // the children's parents do not exist yet
  fake_->validate = [](const Change&) -> Result<> {
    return Fail(Errc::kUnavailable, "come back later");
  };
  EXPECT_EQ(door_.Propose(Launch(), &policy_)->status, PlanStatus::kGuarded);
  Plan many = Updates({});
  for (int i = 0; i < 60; ++i) {
    many.changes.push_back(Create("c" + std::to_string(i), Level::kCampaign, ""));
    many.changes.back().after["daily_budget"] = Eur(1);
  }
  fake_->checks = 0;
  fake_->validate = {};
  const auto limited = door_.Propose(many, &policy_);
  EXPECT_EQ(fake_->checks, 40);
  EXPECT_NE(limited->findings[0].what.find("20 are beyond the limit"), std::string::npos);
}

TEST_F(UndoTest, RefusalsTeachAndSuccessesAreCounted) {
  fake_->refusal = {
      Errc::kInvalidArgument, "field \"daily_budget\" is below the minimum", "100/1885272", {}};
  fake_->fates = {Fate::kRefused};
  const std::string id = Approved(Updates({Create("spring", Level::kCampaign, "")}));
  EXPECT_EQ(Apply(id).status, PlanStatus::kFailed);
  auto known = store_->Constraints(clock_.Now());
  ASSERT_EQ(known->size(), 1u);
  EXPECT_EQ((*known)[0].code, "100/1885272");
  EXPECT_EQ((*known)[0].level, "campaign");
  EXPECT_EQ((*known)[0].field, "daily_budget");
  EXPECT_EQ((*known)[0].value, "100.00 EUR");
  EXPECT_EQ((*known)[0].seen, 1);
  EXPECT_EQ((*known)[0].expires_at, (*known)[0].last_at + std::chrono::hours(24 * 90));
  EXPECT_EQ(Apply(id).status, PlanStatus::kVerified);  // the same value, and it goes through
  known = store_->Constraints(clock_.Now());
  EXPECT_EQ((*known)[0].passed, 1);
  // Another value says nothing about it, and our own checks are no news.
  Change other = Create("autumn", Level::kCampaign, "");
  other.after["daily_budget"] = Eur(5);
  EXPECT_EQ(Apply(Approved(Updates({other}))).status, PlanStatus::kVerified);
  fake_->refusal = {Errc::kInvalidArgument, "field \"bid\" cannot be expressed", "", {}};
  fake_->fates = std::vector<Fate>(static_cast<std::size_t>(fake_->writes), Fate::kDone);
  fake_->fates.push_back(Fate::kRefused);
  Change third = Create("winter", Level::kCampaign, "");
  third.after["daily_budget"] = Eur(5);
  EXPECT_EQ(Apply(Approved(Updates({third}))).status, PlanStatus::kFailed);
  known = store_->Constraints(clock_.Now());
  ASSERT_EQ(known->size(), 1u);
  EXPECT_EQ((*known)[0].passed, 1);
}

TEST_F(UndoTest, ARunningExperimentHoldsItsArmsThroughTheDoor) {
  LaunchAll();
  Experiment experiment;
  experiment.id = "spring/x";
  experiment.client = "Alpenglow";
  experiment.arms = {{"a", {"spring/core"}, {}, 10'000}};
  const Day today = Zone::Find("Europe/Berlin")->DayOf(clock_.Now());
  experiment.start = today;
  experiment.end = today + std::chrono::days(7);
  ASSERT_TRUE(store_->SaveExperiment(experiment));  // planned, and its first day is here
  Change change = Update("spring/core", "101", {}, {{"age_min", std::int64_t{25}}});
  change.level = Level::kAdGroup;
  const auto locked = door_.Propose(Updates({change}), &policy_);
  ASSERT_TRUE(locked);
  ASSERT_EQ(locked->status, PlanStatus::kBlocked);
  EXPECT_EQ(locked->findings[0].guard, "experiment_lock");
  change.forced = {"age_min"};
  EXPECT_EQ(door_.Propose(Updates({change}), &policy_)->status, PlanStatus::kGuarded);
  experiment.start = today + std::chrono::days(1);
  ASSERT_TRUE(store_->SaveExperiment(experiment));
  change.forced = {};
  EXPECT_EQ(door_.Propose(Updates({change}), &policy_)->status, PlanStatus::kGuarded);
}

}  // namespace
}  // namespace maxopt
