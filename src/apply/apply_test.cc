#include "apply/apply.h"

#include <gtest/gtest.h>

#include <map>

#include "connect/writer.h"

namespace maxopt {
namespace {

const AccountId kAccount{Platform::kMeta, "42"};

Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }

/// What the fake does with one write: whether it happens, and what it answers.
enum class Fate { kDone, kDoneAnswerLost, kLostBeforeArriving, kRefused, kThrottled, kDoneTwice };

/// A platform in memory with a scripted fate for each write and a lag for each read after it.
class FakePlatform final : public PlatformReader, public PlatformWriter {
 public:
  std::vector<Fate> fates;  // of the writes in order; kDone after the last
  int blind_reads = 0;      // Find misses new objects this many times after each write
  std::map<std::string, Entity> objects;
  int writes = 0;
  int next_id = 100;

  const Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector<AccountInfo>{info_};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override {
    AccountTree tree{info_, {}};
    for (const auto& [id, entity] : objects) tree.entities.push_back(entity);
    return tree;
  }
  Result<MetricReport> ReadMetrics(const MetricQuery& query, http::Deadline) override {
    return MetricReport{query, "", {}, true, ""};
  }
  Result<std::vector<Entity>> Find(const FindQuery& query, http::Deadline) override {
    std::vector<Entity> found;
    if (blind_ > 0 && !query.marker.empty()) {
      --blind_;
      return found;
    }
    for (const auto& [id, entity] : objects) {
      const bool by_id = !query.ids.empty() && query.ids.front() == id;
      const bool by_marker =
          !query.marker.empty() && TextField(entity.fields, "name").ends_with(query.marker);
      if (entity.level == query.level && (by_id || by_marker)) found.push_back(entity);
    }
    return found;
  }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) override {
    return std::vector<HistoryEvent>{};
  }
  Result<> Validate(const Change&, http::Deadline) override { return {}; }
  Result<Applied> Apply(const Change& change, http::Deadline) override {
    const Fate fate = static_cast<std::size_t>(writes) < fates.size()
                          ? fates[static_cast<std::size_t>(writes)]
                          : Fate::kDone;
    ++writes;
    blind_ = blind_reads;
    switch (fate) {
      case Fate::kDone:
        return Applied{Do(change), "r"};
      case Fate::kDoneTwice:
        Do(change);
        [[fallthrough]];
      case Fate::kDoneAnswerLost:
        Do(change);
        return Fail(Errc::kUnknownOutcome, "timed out");
      case Fate::kLostBeforeArriving:
        return Fail(Errc::kUnknownOutcome, "connection reset");
      case Fate::kRefused:
        return Fail(Errc::kInvalidArgument, "budget too low");
      case Fate::kThrottled:
        return Fail(Errc::kRateLimited, "slow down");
    }
    Bug();
  }

 private:
  std::string Do(const Change& change) {
    if (change.action == ChangeAction::kUpdate) {
      for (const auto& [name, value] : change.after) {
        objects[change.id].fields.insert_or_assign(name, value);
      }
      return change.id;
    }
    const std::string id = std::to_string(next_id++);
    Entity entity{change.level, id, change.parent_id, "", change.after};
    entity.fields["name"] = WithMarker(TextField(change.after, "name"), change.key);
    objects[id] = entity;
    return id;
  }
  int blind_ = 0;
  AccountInfo info_{kAccount, "Main", kEur, "Europe/Berlin", "active"};
  Capabilities capabilities_{Platform::kMeta,   {},     {},   {}, 28, "", Level::kCampaign,
                             MinorUnits::kMeta, 12'500, false};
};

class DoorTest : public testing::Test {
 protected:
  DoorTest() : door_(World()) {
    policy_.worst_day_cap = Eur(1000);
    EXPECT_TRUE(store_->SaveClient({"Alpenglow", kEur, "UTC"}));
    EXPECT_TRUE(
        store_->SaveAccount({"Alpenglow", {kAccount, "Main", kEur, "Europe/Berlin", "active"}}));
  }
  Door::World World() {
    Door::World world;
    world.store = store_.get();
    world.clock = &clock_;
    world.wait_clock = &clock_;
    world.connector = [this](const AccountId&) -> Result<std::shared_ptr<const Connector>> {
      return connector_;
    };
    world.facts_learnt_at = [this](const AccountId&) { return learnt_at_; };
    world.halted = [this] { return halted_; };
    return world;
  }
  static Change Create(const std::string& address, Level level, const std::string& parent) {
    Change change;
    change.action = ChangeAction::kCreate;
    change.account = kAccount;
    change.level = level;
    change.address = address;
    change.parent_address = parent;
    change.after = {{"name", address}, {"status", std::string(kPaused)}};
    if (level == Level::kCampaign) change.after["daily_budget"] = Eur(100);
    change.reason = Reason::kLaunch;
    return change;
  }
  static Plan Launch() {
    Plan plan;
    plan.client = "Alpenglow";
    plan.title = "launch";
    plan.created_by = "anna";
    plan.changes = {Create("spring", Level::kCampaign, ""),
                    Create("spring/core", Level::kAdGroup, "spring"),
                    Create("spring/core/v1", Level::kAd, "spring/core")};
    return plan;
  }
  std::string Approved(Plan draft) {
    const auto plan = door_.Propose(std::move(draft), &policy_);
    EXPECT_TRUE(plan) << plan.error().what;
    EXPECT_EQ(plan->status, PlanStatus::kGuarded)
        << (plan->findings.empty() ? "" : plan->findings[0].what);
    EXPECT_TRUE(door_.Approve(plan->id, "anna", ContentHash(*plan)));
    return plan->id;
  }
  std::string LaunchAll() {
    const std::string id = Approved(Launch());
    EXPECT_EQ(door_.Apply(id, &policy_)->status, PlanStatus::kVerified);
    return id;
  }
  Plan Budget(Money before, Money after, Reason reason) {
    Plan plan;
    plan.client = "Alpenglow";
    plan.title = "budget";
    Change change;
    change.account = kAccount;
    change.address = "spring";
    change.id = "100";
    change.before = {{"daily_budget", before}};
    change.after = {{"daily_budget", after}};
    change.reason = reason;
    plan.changes = {change};
    return plan;
  }

  VirtualClock clock_{Instant(std::chrono::seconds(1'790'000'000))};
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::shared_ptr<FakePlatform> fake_ = std::make_shared<FakePlatform>();
  std::shared_ptr<const Connector> connector_ =
      std::make_shared<Connector>(Connector{fake_, fake_});
  std::optional<Instant> learnt_at_ = clock_.Now();
  bool halted_ = false;
  Policy policy_{"Alpenglow", kEur, Money::Zero(kEur), {}, 2'000, 20, 36, {Reason::kReallocate}};
  Door door_;
};

TEST_F(DoorTest, CreatesATreePausedAndVerifiesIt) {
  const std::string id = Approved(Launch());
  const auto report = door_.Apply(id, &policy_);
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->status, PlanStatus::kVerified);
  EXPECT_EQ(report->sent, 3);
  EXPECT_EQ(fake_->objects.at("101").parent_id, "100");
  EXPECT_EQ(fake_->objects.at("102").parent_id, "101");
  for (const auto& [key, entity] : fake_->objects) {
    EXPECT_EQ(TextField(entity.fields, "status"), kPaused);
  }
  // Applied again it sends nothing.
  EXPECT_EQ(door_.Apply(id, &policy_)->sent, 0);
  EXPECT_EQ(fake_->writes, 3);
}

TEST_F(DoorTest, ALostAnswerIsFoundByItsMarkerAndNothingIsMadeTwice) {
  fake_->fates = {Fate::kDoneAnswerLost, Fate::kDoneAnswerLost, Fate::kDoneAnswerLost};
  const std::string id = Approved(Launch());
  const auto report = door_.Apply(id, &policy_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, PlanStatus::kVerified);
  EXPECT_EQ(report->sent, 3);
  EXPECT_EQ(fake_->objects.size(), 3u);
  EXPECT_NE(report->lines[0].how.find("found by its marker"), std::string::npos);
}

TEST_F(DoorTest, OneMissedReadBackDoesNotMakeASecondObject) {
  fake_->fates = {Fate::kDoneAnswerLost};
  fake_->blind_reads = 1;  // absent in the first list after the create, present in the second
  const auto report = door_.Apply(Approved(Launch()), &policy_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, PlanStatus::kVerified);
  EXPECT_EQ(fake_->objects.size(), 3u);
}

TEST_F(DoorTest, WhatNeverArrivedIsSentAgainAfterTwoLooks) {
  fake_->fates = {Fate::kLostBeforeArriving};
  const std::string id = Approved(Launch());
  const auto report = door_.Apply(id, &policy_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, PlanStatus::kVerified);
  EXPECT_EQ(report->sent, 4);
  EXPECT_EQ(fake_->objects.size(), 3u);
  bool looked = false;
  const auto journal = store_->Journal(id + "/1");
  for (const JournalEntry& line : *journal) {
    looked = looked || line.how.find("2 read-backs find no object") != std::string::npos;
  }
  EXPECT_TRUE(looked);
}

TEST_F(DoorTest, ADuplicateMadeByThePlatformIsNamedAndStopsTheChange) {
  fake_->fates = {Fate::kDoneTwice};
  const auto report = door_.Apply(Approved(Launch()), &policy_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, PlanStatus::kFailed);
  EXPECT_NE(report->lines[0].how.find("2 objects carry the marker"), std::string::npos);
  EXPECT_EQ(report->lines[1].state, ChangeState::kFailed);
  EXPECT_NE(report->lines[1].how.find("waits for spring"), std::string::npos);
}

TEST_F(DoorTest, AThrottledWriteIsSentAgainUpToTheLimit) {
  fake_->fates = std::vector<Fate>(5, Fate::kThrottled);
  const auto report = door_.Apply(Approved(Launch()), &policy_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, PlanStatus::kFailed);
  EXPECT_EQ(fake_->writes, 3);  // max_sends of the first change; its children wait
}

TEST_F(DoorTest, ARefusedChangeIsFailedAndResumesWhenItsCauseIsGone) {
  fake_->fates = {Fate::kDone, Fate::kRefused};
  const std::string id = Approved(Launch());
  EXPECT_EQ(door_.Apply(id, &policy_)->status, PlanStatus::kFailed);
  const auto again = door_.Apply(id, &policy_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, PlanStatus::kVerified);
  EXPECT_EQ(fake_->objects.size(), 3u);
}

TEST_F(DoorTest, NothingIsAppliedUnapprovedOrHalted) {
  const auto plan = door_.Propose(Launch(), &policy_);
  ASSERT_TRUE(plan);
  EXPECT_EQ(door_.Apply(plan->id, &policy_).error().code, Errc::kRefused);
  EXPECT_TRUE(door_.Approve(plan->id, "anna", ContentHash(*plan)));
  halted_ = true;
  EXPECT_EQ(door_.Apply(plan->id, &policy_)->status, PlanStatus::kFailed);
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

TEST_F(DoorTest, AutomaticStepsAreBoundedRestedAndNeedFreshFacts) {
  LaunchAll();
  EXPECT_EQ(door_.Propose(Budget(Eur(100), Eur(121), Reason::kReallocate), &policy_)->status,
            PlanStatus::kBlocked);
  const auto plan = door_.Propose(Budget(Eur(100), Eur(120), Reason::kReallocate), &policy_);
  ASSERT_EQ(plan->status, PlanStatus::kGuarded);
  EXPECT_TRUE(Door::MayApproveItself(*plan, policy_));
  ASSERT_TRUE(door_.Approve(plan->id, "policy", ContentHash(*plan)));
  ASSERT_EQ(door_.Apply(plan->id, &policy_)->status, PlanStatus::kVerified);
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

TEST_F(DoorTest, AChangeMadeByAPersonMeanwhileIsNotOverwritten) {
  LaunchAll();
  const std::string id = Approved(Budget(Eur(100), Eur(110), Reason::kManual));
  fake_->objects["100"].fields["daily_budget"] = Eur(80);
  const int writes = fake_->writes;
  const auto report = door_.Apply(id, &policy_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->status, PlanStatus::kFailed);
  EXPECT_NE(report->lines[0].how.find("changed by someone else"), std::string::npos);
  EXPECT_EQ(fake_->writes, writes);
}

TEST_F(DoorTest, UndoOfALaunchRemovesItsRootAndOfABudgetRestoresIt) {
  const std::string launch = LaunchAll();
  const std::string budget = Approved(Budget(Eur(100), Eur(110), Reason::kManual));
  ASSERT_EQ(door_.Apply(budget, &policy_)->status, PlanStatus::kVerified);
  const auto back = door_.Undo(budget, "anna", &policy_);
  ASSERT_TRUE(back) << back.error().what;
  ASSERT_TRUE(door_.Approve(back->id, "anna", ContentHash(*back)));
  ASSERT_EQ(door_.Apply(back->id, &policy_)->status, PlanStatus::kVerified);
  EXPECT_EQ(fake_->objects["100"].fields["daily_budget"], FieldValue(Eur(100)));
  const auto undo = door_.Undo(launch, "anna", &policy_);
  ASSERT_TRUE(undo);
  ASSERT_EQ(undo->changes.size(), 1u);
  ASSERT_TRUE(door_.Approve(undo->id, "anna", ContentHash(*undo)));
  ASSERT_EQ(door_.Apply(undo->id, &policy_)->status, PlanStatus::kVerified);
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
