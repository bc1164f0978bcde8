#include "apply/apply.h"

#include <gtest/gtest.h>

#include "apply/door_for_test.h"

namespace maxopt {
namespace {

TEST_F(DoorTest, CreatesATreePausedAndVerifiesIt) {
  const std::string id = Approved(Launch());
  const auto report = door_.Apply(id, "ben", &policy_);
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->status, PlanStatus::kVerified);
  EXPECT_EQ(report->sent, 3);
  EXPECT_EQ(fake_->objects.at("101").parent_id, "100");
  EXPECT_EQ(fake_->objects.at("102").parent_id, "101");
  for (const auto& [key, entity] : fake_->objects) {
    EXPECT_EQ(TextField(entity.fields, "status"), kPaused);
  }
  // Applied again it sends nothing.
  EXPECT_EQ(door_.Apply(id, "ben", &policy_)->sent, 0);
  EXPECT_EQ(fake_->writes, 3);
}

TEST_F(DoorTest, ALostAnswerIsFoundByItsMarkerAndNothingIsMadeTwice) {
  fake_->fates = {Fate::kDoneAnswerLost, Fate::kDoneAnswerLost, Fate::kDoneAnswerLost};
  const std::string id = Approved(Launch());
  const auto report = door_.Apply(id, "ben", &policy_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, PlanStatus::kVerified);
  EXPECT_EQ(report->sent, 3);
  EXPECT_EQ(fake_->objects.size(), 3u);
  EXPECT_NE(report->lines[0].how.find("found by its marker"), std::string::npos);
}

TEST_F(DoorTest, OneMissedReadBackDoesNotMakeASecondObject) {
  fake_->fates = {Fate::kDoneAnswerLost};
  fake_->blind_reads = 1;  // absent in the first list after the create, present in the second
  const auto report = door_.Apply(Approved(Launch()), "ben", &policy_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, PlanStatus::kVerified);
  EXPECT_EQ(fake_->objects.size(), 3u);
}

TEST_F(DoorTest, WhatNeverArrivedIsSentAgainAfterTwoLooks) {
  fake_->fates = {Fate::kLostBeforeArriving};
  const std::string id = Approved(Launch());
  const auto report = door_.Apply(id, "ben", &policy_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, PlanStatus::kVerified);
  EXPECT_EQ(report->sent, 4);
  EXPECT_EQ(fake_->objects.size(), 3u);
  bool looked = false;
  const auto journal = store_->Journal(id + "/1");
  for (const JournalEntry& line : *journal) {
    looked = looked || line.how.find("read-backs find no object") != std::string::npos;
  }
  EXPECT_TRUE(looked);
}

TEST_F(DoorTest, ATwinThatThePlatformMadeIsTakenAwayAgain) {
  fake_->fates = {Fate::kDoneTwice};
  const auto report = door_.Apply(Approved(Launch()), "ben", &policy_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, PlanStatus::kVerified);
  EXPECT_NE(report->lines[0].how.find("had made it twice"), std::string::npos)
      << report->lines[0].how;
  int left = 0;
  for (const auto& [id, entity] : fake_->objects) {
    if (entity.level == Level::kCampaign && TextField(entity.fields, "status") != kRemoved) ++left;
  }
  EXPECT_EQ(left, 1);
}

TEST_F(DoorTest, AThrottledWriteIsSentAgainUpToTheLimit) {
  fake_->fates = std::vector<Fate>(5, Fate::kThrottled);
  const auto report = door_.Apply(Approved(Launch()), "ben", &policy_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, PlanStatus::kFailed);
  EXPECT_EQ(fake_->writes, 3);  // max_sends of the first change; its children wait
}

TEST_F(DoorTest, ARefusedChangeIsFailedAndResumesWhenItsCauseIsGone) {
  fake_->fates = {Fate::kDone, Fate::kRefused};
  const std::string id = Approved(Launch());
  EXPECT_EQ(door_.Apply(id, "ben", &policy_)->status, PlanStatus::kFailed);
  const auto again = door_.Apply(id, "ben", &policy_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, PlanStatus::kVerified);
  EXPECT_EQ(fake_->objects.size(), 3u);
}

TEST_F(DoorTest, NothingIsAppliedUnapprovedOrHalted) {
  const auto plan = door_.Propose(Launch(), &policy_);
  ASSERT_TRUE(plan);
  EXPECT_EQ(door_.Apply(plan->id, "ben", &policy_).error().code, Errc::kRefused);
  EXPECT_TRUE(door_.Approve(plan->id, "anna", ContentHash(*plan), &policy_));
  halted_ = true;
  EXPECT_EQ(door_.Apply(plan->id, "ben", &policy_).error().code, Errc::kRefused);
  EXPECT_EQ(fake_->writes, 0);
}

TEST_F(DoorTest, WithoutAPolicyOnlyStoppingIsAllowed) {
  const auto plan = door_.Propose(Launch(), nullptr);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->status, PlanStatus::kBlocked);
  LaunchAll();
  Plan pause = Budget(Eur(100), Eur(100), Reason::kManual);
  pause.changes[0].before = {{"status", std::string(kActive)}};
  pause.changes[0].after = {{"status", std::string(kPaused)}};
  EXPECT_EQ(door_.Propose(pause, nullptr)->status, PlanStatus::kGuarded);
}

TEST_F(DoorTest, TheCapIsJudgedOnTheWorstDayOnceActivated) {
  policy_.worst_day_cap = Eur(124);  // 100 a day, 125 on Meta's worst day
  const auto plan = door_.Propose(Launch(), &policy_);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->status, PlanStatus::kBlocked);
  ASSERT_EQ(plan->exposure_after.size(), 1u);
  EXPECT_EQ(plan->exposure_after[0].worst_day, Eur(125));
  policy_.worst_day_cap = Eur(125);
  EXPECT_EQ(door_.Propose(Launch(), &policy_)->status, PlanStatus::kGuarded);
}

TEST_F(DoorTest, ACapInAnotherCurrencyNeedsARate) {
  const Currency chf = *FindCurrency("CHF");
  policy_.currency = chf;
  policy_.worst_day_cap = Money::Micros(100'000'000, chf);
  const auto without = door_.Propose(Launch(), &policy_);
  ASSERT_TRUE(without);
  EXPECT_EQ(without->status, PlanStatus::kBlocked);
  Door::World world = World();
  world.rates = [chf](Day day) {
    return Result<FxRates>(FxRates({{day, kEur, chf, "0.80", "bank.csv"}}, day));
  };
  Door door(std::move(world));
  // 125 EUR on the worst day are 100 CHF.
  EXPECT_EQ(door.Propose(Launch(), &policy_)->status, PlanStatus::kGuarded);
  policy_.worst_day_cap = Money::Micros(99'999'999, chf);
  EXPECT_EQ(door.Propose(Launch(), &policy_)->status, PlanStatus::kBlocked);
  // Rates that cannot be read are not known.
  world = World();
  world.rates = [](Day) { return Result<FxRates>(Fail(Errc::kLocal, "the disk is full")); };
  Door blind(std::move(world));
  policy_.worst_day_cap = Money::Micros(100'000'000, chf);
  EXPECT_EQ(blind.Propose(Launch(), &policy_)->status, PlanStatus::kBlocked);
}

TEST_F(DoorTest, AutomaticStepsAreBoundedRestedAndNeedFreshFacts) {
  LaunchAll();
  EXPECT_EQ(door_.Propose(Budget(Eur(100), Eur(121), Reason::kReallocate), &policy_)->status,
            PlanStatus::kBlocked);
  const auto plan = door_.Propose(Budget(Eur(100), Eur(120), Reason::kReallocate), &policy_);
  ASSERT_EQ(plan->status, PlanStatus::kGuarded);
  EXPECT_TRUE(Door::MayApproveItself(*plan, policy_));
  ASSERT_TRUE(door_.Approve(plan->id, "policy", ContentHash(*plan), &policy_));
  ASSERT_EQ(door_.Apply(plan->id, "ben", &policy_)->status, PlanStatus::kVerified);
  const auto soon = door_.Propose(Budget(Eur(120), Eur(121), Reason::kReallocate), &policy_);
  ASSERT_EQ(soon->status, PlanStatus::kBlocked);
  EXPECT_EQ(soon->findings[0].guard, "cooldown");
  clock_.AdvanceTo(clock_.Now() + std::chrono::hours(48));
  const auto stale = door_.Propose(Budget(Eur(120), Eur(121), Reason::kReallocate), &policy_);
  ASSERT_EQ(stale->status, PlanStatus::kBlocked);
  EXPECT_EQ(stale->findings[0].guard, "stale_data");
  learnt_at_ = clock_.Now();
  EXPECT_EQ(door_.Propose(Budget(Eur(120), Eur(121), Reason::kReallocate), &policy_)->status,
            PlanStatus::kGuarded);
}

TEST_F(DoorTest, APauseThatNeedsASecondSignalNeedsAPerson) {
  LaunchAll();
  policy_.auto_approve = {Reason::kRule};
  Plan pause = Budget(Eur(100), Eur(100), Reason::kRule);
  pause.changes[0].before = {{"status", std::string(kActive)}};
  pause.changes[0].after = {{"status", std::string(kPaused)}};
  pause.changes[0].evidence = R"({"clicks":900})";
  EXPECT_TRUE(Door::MayApproveItself(*door_.Propose(pause, &policy_), policy_));
  pause.changes[0].evidence = R"({"clicks":900,"needs_second_signal":"it converts"})";
  const auto plan = door_.Propose(pause, &policy_);
  ASSERT_EQ(plan->status, PlanStatus::kGuarded);
  EXPECT_FALSE(Door::MayApproveItself(*plan, policy_));
}

TEST_F(DoorTest, WhatALanguageModelProposedNeedsAPersonWhateverThePolicyLists) {
  LaunchAll();
  policy_.auto_approve.assign(AllReasons().begin(), AllReasons().end());
  const auto own = door_.Propose(Budget(Eur(100), Eur(110), Reason::kReallocate), &policy_);
  ASSERT_TRUE(own) << own.error().what;
  EXPECT_TRUE(Door::MayApproveItself(*own, policy_));
  const auto plan = door_.Propose(Budget(Eur(100), Eur(110), Reason::kModel), &policy_);
  ASSERT_TRUE(plan) << plan.error().what;
  ASSERT_EQ(plan->status, PlanStatus::kGuarded);
  EXPECT_FALSE(Door::MayApproveItself(*plan, policy_));
  EXPECT_EQ(door_.Approve(plan->id, std::string(Door::kByPolicy), ContentHash(*plan), &policy_)
                .error()
                .code,
            Errc::kRefused);
  EXPECT_TRUE(door_.Approve(plan->id, "anna", ContentHash(*plan), &policy_));
  // Guards hold for it as for any change that nobody asked for.
  const auto large = door_.Propose(Budget(Eur(100), Eur(150), Reason::kModel), &policy_);
  ASSERT_TRUE(large) << large.error().what;
  EXPECT_EQ(large->status, PlanStatus::kBlocked);
}

TEST_F(DoorTest, TheEnvelopeIsCountedOverPlansAndAskedAgainAtTheApply) {
  LaunchAll();
  policy_.cooldown_hours = 0;
  policy_.envelope.per_day = Eur(50);  // half of it without a record: 25 is a move of 20 on Meta
  policy_.earned_autonomy = false;
  const auto first = door_.Propose(Budget(Eur(100), Eur(120), Reason::kReallocate), &policy_);
  ASSERT_TRUE(Door::MayApproveItself(*first, policy_));
  const std::string by(Door::kByPolicy);
  ASSERT_TRUE(door_.Approve(first->id, by, ContentHash(*first), &policy_));
  ASSERT_EQ(door_.Apply(first->id, "ben", &policy_)->status, PlanStatus::kVerified);
  // 25 of 50 are used. 120 -> 140 is another 25, and then nothing is left for 140 -> 142.
  const auto second = door_.Propose(Budget(Eur(120), Eur(140), Reason::kReallocate), &policy_);
  ASSERT_TRUE(Door::MayApproveItself(*second, policy_));
  ASSERT_TRUE(door_.Approve(second->id, by, ContentHash(*second), &policy_));
  policy_.envelope.per_day = Eur(40);
  const auto refused = door_.Apply(second->id, "ben", &policy_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("needs a person by now"), std::string::npos)
      << refused.error().what;
  const auto third = door_.Propose(Budget(Eur(120), Eur(139), Reason::kReallocate), &policy_);
  EXPECT_EQ(third->status, PlanStatus::kGuarded);
  EXPECT_FALSE(Door::MayApproveItself(*third, policy_));
  EXPECT_EQ(door_.Approve(third->id, by, ContentHash(*third), &policy_).error().code,
            Errc::kRefused);
  EXPECT_TRUE(door_.Approve(third->id, "anna", ContentHash(*third), &policy_));
}

TEST_F(DoorTest, AChangeMadeByAPersonMeanwhileIsNotOverwritten) {
  LaunchAll();
  const std::string id = Approved(Budget(Eur(100), Eur(110), Reason::kManual));
  fake_->objects["100"].fields["daily_budget"] = Eur(80);
  const int writes = fake_->writes;
  const auto report = door_.Apply(id, "ben", &policy_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::kRefused);
  EXPECT_NE(report.error().what.find("spring: daily_budget is 80.00 EUR, wanted 100.00 EUR"),
            std::string::npos)
      << report.error().what;
  EXPECT_EQ(fake_->writes, writes);
}

TEST_F(DoorTest, UndoOfALaunchRemovesItsRootAndOfABudgetRestoresIt) {
  const std::string launch = LaunchAll();
  const std::string budget = Approved(Budget(Eur(100), Eur(110), Reason::kManual));
  ASSERT_EQ(door_.Apply(budget, "ben", &policy_)->status, PlanStatus::kVerified);
  const auto back = door_.Undo(budget, "anna", &policy_);
  ASSERT_TRUE(back) << back.error().what;
  ASSERT_TRUE(door_.Approve(back->id, "anna", ContentHash(*back), &policy_));
  ASSERT_EQ(door_.Apply(back->id, "ben", &policy_)->status, PlanStatus::kVerified);
  EXPECT_EQ(fake_->objects["100"].fields["daily_budget"], FieldValue(Eur(100)));
  const auto undo = door_.Undo(launch, "anna", &policy_);
  ASSERT_TRUE(undo);
  ASSERT_EQ(undo->changes.size(), 1u);
  ASSERT_TRUE(door_.Approve(undo->id, "anna", ContentHash(*undo), &policy_));
  ASSERT_EQ(door_.Apply(undo->id, "ben", &policy_)->status, PlanStatus::kVerified);
  EXPECT_EQ(TextField(fake_->objects["100"].fields, "status"), kRemoved);
}

TEST_F(DoorTest, CurrencyAndUnknownFieldsAreBlocked) {
  Plan plan = Launch();
  plan.changes[0].after["daily_budget"] = Money::Micros(1'000'000, kJpy);
  EXPECT_EQ(door_.Propose(plan, &policy_)->findings[0].guard, "currency");
  plan = Launch();
  plan.changes[0].after["dailyBudget"] = Eur(5);
  EXPECT_EQ(door_.Propose(plan, &policy_)->findings[0].guard, "field");
}

}  // namespace
}  // namespace maxopt
