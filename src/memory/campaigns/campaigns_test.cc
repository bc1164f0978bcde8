#include "memory/campaigns/campaigns.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <thread>

namespace maxopt {
namespace {

const AccountId kAccount{Platform::kMeta, "42"};

Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }

std::unique_ptr<CampaignStore> Store() {
  auto store = CampaignStore::Open(":memory:");
  EXPECT_TRUE(store) << store.error().what;
  EXPECT_TRUE((*store)->SaveClient({"Alpenglow", kEur, "Europe/Berlin"}));
  return std::move(*store);
}

Plan Launch() {
  Plan plan;
  plan.client = "Alpenglow";
  plan.title = "it's a \"launch\"; DROP TABLE plan";
  plan.created_at = Instant(std::chrono::seconds(1'790'000'000));
  plan.created_by = "anna";
  plan.status = PlanStatus::kGuarded;
  plan.exposure_after = {{Eur(100), Eur(125)}};
  plan.findings = {{"step", false, "large", "look"}};
  plan.notes = {"note 1"};
  Change create;
  create.action = ChangeAction::kCreate;
  create.account = kAccount;
  create.address = "spring/social";
  create.after = {{"name", std::string("Alpenglow | social | Spring")},
                  {"status", std::string(kPaused)},
                  {"daily_budget", Eur(100)}};
  create.reason = Reason::kLaunch;
  Change update;
  update.account = kAccount;
  update.address = "old/social";
  update.id = "9";
  update.before = {{"daily_budget", Eur(10)}};
  update.after = {{"daily_budget", Eur(12)}};
  plan.changes = {create, update};
  return plan;
}

TEST(CampaignStore, KeepsAPlanToTheLetter) {
  const auto store = Store();
  const auto saved = store->SavePlan(Launch());
  ASSERT_TRUE(saved) << saved.error().what;
  EXPECT_EQ(saved->id, "p-20260921-0001");
  EXPECT_EQ(saved->changes[1].key, "p-20260921-0001/2");
  const auto read = store->GetPlan(saved->id);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->title, Launch().title);
  EXPECT_EQ(read->created_at, Launch().created_at);
  EXPECT_EQ(read->exposure_after, Launch().exposure_after);
  ASSERT_EQ(read->findings.size(), 1u);
  EXPECT_EQ(read->findings[0].fix, "look");
  EXPECT_EQ(read->changes[0].after, saved->changes[0].after);
  EXPECT_EQ(ContentHash(*read), ContentHash(*saved));
  EXPECT_EQ(store->SavePlan(Launch())->id, "p-20260921-0002");
  EXPECT_EQ(store->Plans(PlanStatus::kGuarded, 10)->size(), 2u);
  EXPECT_EQ(store->Plans(PlanStatus::kDraft, 10)->size(), 0u);
  EXPECT_EQ(store->GetPlan("p-none").error().code, Errc::kNotFound);
}

Approval By(const std::string& by, const Plan& plan, Instant at) {
  return {by, ContentHash(plan), at, at + std::chrono::hours(24), std::nullopt};
}

TEST(CampaignStore, F6AmountsAndIdsOf64BitsComeBack) {
  for (const std::int64_t n :
       {(std::int64_t{1} << 31) - 1, (std::int64_t{1} << 31) + 1, (std::int64_t{1} << 53) - 1,
        (std::int64_t{1} << 53) + 1, std::numeric_limits<std::int64_t>::max()}) {
    const auto store = Store();
    Plan plan = Launch();
    const Money money = Money::Micros(n, kEur);
    plan.exposure_after = {{money, money}};
    plan.changes[1].id = std::to_string(n);
    plan.changes[1].before = {{"daily_budget", money}};
    plan.changes[1].after = {{"daily_budget", Money::Micros(n - 1, kEur)}, {"frequency_cap", n}};
    const auto saved = store->SavePlan(plan);
    ASSERT_TRUE(saved) << saved.error().what;
    const Plan read = store->GetPlan(saved->id).value();
    EXPECT_EQ(read.exposure_after, plan.exposure_after);
    EXPECT_EQ(read.changes[1].id, std::to_string(n));
    EXPECT_EQ(read.changes[1].before, plan.changes[1].before);
    EXPECT_EQ(read.changes[1].after, plan.changes[1].after);
  }
}

TEST(CampaignStore, ApprovalIsBoundToWhatWasShown) {
  const auto store = Store();
  const Plan plan = *store->SavePlan(Launch());
  const Instant at = plan.created_at;
  Approval wrong = By("anna", plan, at);
  wrong.content_hash = "another hash";
  EXPECT_EQ(store->ApprovePlan(plan.id, wrong).error().code, Errc::kConflict);
  ASSERT_TRUE(store->ApprovePlan(plan.id, By("anna", plan, at)));
  const Plan approved = *store->GetPlan(plan.id);
  EXPECT_EQ(approved.approval->by, "anna");
  EXPECT_EQ(approved.approval->content_hash, ContentHash(plan));
  EXPECT_EQ(approved.approval->expires_at, at + std::chrono::hours(24));
  EXPECT_FALSE(approved.approval->used_at);
  EXPECT_EQ(store->ApprovePlan(plan.id, By("anna", plan, at)).error().code, Errc::kConflict);
  EXPECT_EQ(store->MovePlan(plan.id, PlanStatus::kGuarded, PlanStatus::kApplying).error().code,
            Errc::kConflict);
}

TEST(CampaignStore, AnApprovalIsUsedOnceAndBeforeItExpires) {
  const auto store = Store();
  const Plan plan = *store->SavePlan(Launch());
  const Instant at = plan.created_at;
  EXPECT_EQ(store->UseApproval(plan.id, "ben", at).error().code, Errc::kRefused);
  ASSERT_TRUE(store->ApprovePlan(plan.id, By("anna", plan, at)));
  const Instant late = at + std::chrono::hours(24);
  const auto expired = store->UseApproval(plan.id, "ben", late);
  ASSERT_FALSE(expired);
  EXPECT_EQ(expired.error().code, Errc::kRefused);
  EXPECT_NE(expired.error().what.find("expired at 2026-09-22T"), std::string::npos)
      << expired.error().what;
  // What lapsed unused may be approved again.
  ASSERT_TRUE(store->ApprovePlan(plan.id, By("cleo", plan, late)));
  ASSERT_TRUE(store->UseApproval(plan.id, "ben", late + std::chrono::hours(1)));
  const Plan used = *store->GetPlan(plan.id);
  EXPECT_EQ(used.status, PlanStatus::kApplying);
  EXPECT_EQ(used.executed_by, "ben");
  EXPECT_EQ(used.approval->used_at, late + std::chrono::hours(1));
  const auto twice = store->UseApproval(plan.id, "dora", late);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Errc::kRefused);
  EXPECT_NE(twice.error().what.find("used by ben"), std::string::npos) << twice.error().what;
}

TEST(CampaignStore, KeepsTheMatrix) {
  const auto store = Store();
  Plan plan = Launch();
  plan.matrix = {{"media_plan", "packages.brand.pacing", "plan.xlsx, cell F3", "even", "brand",
                  Outcome::kTranslated, "the platform spends evenly by itself"}};
  const Plan saved = *store->SavePlan(plan);
  const Plan read = *store->GetPlan(saved.id);
  ASSERT_EQ(read.matrix.size(), 1u);
  EXPECT_EQ(read.matrix[0].field, "packages.brand.pacing");
  EXPECT_EQ(read.matrix[0].outcome, Outcome::kTranslated);
  EXPECT_EQ(read.matrix[0].how, "the platform spends evenly by itself");
}

TEST(CampaignStore, KnowsWhenEachBudgetWasLastMoved) {
  const auto store = Store();
  const Plan plan = *store->SavePlan(Launch());
  const std::string& key = plan.changes[1].key;  // the update of object 9
  EXPECT_TRUE(store->LastBudgetChanges("Alpenglow")->empty());
  const Instant at = plan.created_at;
  ASSERT_TRUE(store->Record({0, key, at, ChangeState::kSent, "", ""}));
  const Instant again = at + std::chrono::milliseconds(100);  // ".1Z" sorts before "Z" as text
  ASSERT_TRUE(store->Record({0, key, again, ChangeState::kSent, "", ""}));
  ASSERT_TRUE(store->Record({0, key, again, ChangeState::kConfirmed, "", "9"}));
  const auto moved = store->LastBudgetChanges("Alpenglow");
  ASSERT_TRUE(moved) << moved.error().what;
  EXPECT_EQ(*moved, (std::map<std::string, Instant>{{"9", again}}));
  EXPECT_TRUE(store->LastBudgetChanges("another")->empty());
  // What did not happen moved nothing.
  ASSERT_TRUE(store->Record({0, key, again, ChangeState::kFailed, "refused", ""}));
  EXPECT_TRUE(store->LastBudgetChanges("Alpenglow")->empty());
}

TEST(CampaignStore, TakesObjectsOverAndListsItsKeys) {
  const auto store = Store();
  const Plan plan = *store->SavePlan(Launch());
  EXPECT_EQ(*store->ChangeKeys(), (std::vector<std::string>{plan.id + "/1", plan.id + "/2"}));
  const OwnedObject old{
      "spring/old", kAccount, Level::kCampaign, "5", "", "", {{"status", std::string(kActive)}}};
  ASSERT_TRUE(store->SaveObject(old));
  OwnedObject moved = old;
  moved.id = "6";
  ASSERT_TRUE(store->SaveObject(moved));
  const auto objects = store->Objects(kAccount);
  ASSERT_EQ(objects->size(), 1u);
  EXPECT_EQ((*objects)[0].id, "6");
  EXPECT_EQ((*objects)[0].last_applied, old.last_applied);
}

TEST(CampaignStore, KeepsMessagesChecklistsAndWatches) {
  const auto store = Store();
  const Instant at(std::chrono::seconds(1'790'000'000));
  Message message{"", "Alpenglow", "lucas", "creative_deployment", "t", "spring", "{}", "# t", at};
  EXPECT_EQ(store->SaveMessage(message)->id, "m-20260921-0001");
  message.to = "carlos";
  EXPECT_EQ(store->SaveMessage(message)->id, "m-20260921-0002");
  EXPECT_EQ(store->Messages("", 10)->front().id, "m-20260921-0002");
  ASSERT_EQ(store->Messages("lucas", 10)->size(), 1u);
  EXPECT_EQ(store->Messages("lucas", 10)->front().markdown, "# t");

  ASSERT_TRUE(store->SaveChecklist({"Alpenglow", "spring", "before_launch", at, 93, "[]"}));
  ASSERT_TRUE(store->SaveChecklist({"Alpenglow", "spring", "hour_1", at, std::nullopt, "[1]"}));
  const auto runs = store->Checklists("Alpenglow", "spring");
  ASSERT_EQ(runs->size(), 2u);
  EXPECT_EQ((*runs)[0].phase, "hour_1");
  EXPECT_EQ((*runs)[0].score, std::nullopt);
  EXPECT_EQ((*runs)[1].score, 93);

  Watch watch{"Alpenglow", "spring/search", "cpa", "primary", "20", "above", 60, 15, 40};
  ASSERT_TRUE(store->SaveWatches("Alpenglow", "spring", {watch, watch}));
  watch.address = "spring_2/search";  // "_" is a wildcard of LIKE and stays a letter here
  ASSERT_TRUE(store->SaveWatches("Alpenglow", "spring_2", {watch}));
  watch.address = "spring/social";
  ASSERT_TRUE(store->SaveWatches("Alpenglow", "spring", {watch}));
  const auto watches = store->Watches("Alpenglow");
  ASSERT_EQ(watches->size(), 2u);
  EXPECT_EQ((*watches)[1].address, "spring/social");
  EXPECT_EQ((*watches)[1].critical_percent, 40);
  EXPECT_EQ(store->SaveWatches("Alpenglow", "autumn", {watch}).error().code,
            Errc::kInvalidArgument);
}

TEST(CampaignStore, KeepsExperiments) {
  const auto store = Store();
  Experiment e;
  e.id = "spring/headline";
  e.client = "Alpenglow";
  e.name = "headline";
  e.hypothesis = "shorter is better";
  e.variable = ExperimentVariable::kAudience;
  e.kpi = "ctr";
  e.arms = {{"a", {"spring/social/a"}, {}, 5'000}, {"b", {"spring/social/b"}, {"DE"}, 5'000}};
  e.start = *ParseDay("2026-03-01");
  e.end = *ParseDay("2026-03-21");
  e.baseline = 0.012;
  e.mde_relative = 0.1;
  e.sample_per_arm = 123'456'789'012;
  ASSERT_TRUE(store->SaveExperiment(e));
  e.status = "running";
  ASSERT_TRUE(store->SaveExperiment(e));
  const auto read = store->Experiments("Alpenglow");
  ASSERT_TRUE(read) << read.error().what;
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ((*read)[0].status, "running");
  EXPECT_EQ((*read)[0].variable, ExperimentVariable::kAudience);
  EXPECT_EQ((*read)[0].arms[1].places, std::vector<std::string>{"DE"});
  EXPECT_EQ((*read)[0].end, e.end);
  EXPECT_EQ((*read)[0].sample_per_arm, 123'456'789'012);
  EXPECT_DOUBLE_EQ((*read)[0].baseline, 0.012);
}

TEST(CampaignStore, ConstraintsAreCountedAndForgotten) {
  const auto store = Store();
  const Instant at(std::chrono::seconds(1'790'000'000));
  const auto day = std::chrono::hours(24);
  LearnedConstraint seen{
      Platform::kMeta, "100/1885272", "ad_group", "bid", "0.01", "too low", 0, 0, at, at,
      at + 90 * day};
  ASSERT_TRUE(store->LearnConstraint(seen, true));  // nothing to pass yet
  EXPECT_TRUE(store->Constraints(at)->empty());
  ASSERT_TRUE(store->LearnConstraint(seen, false));
  seen.last_at = at + day;
  seen.expires_at = at + 91 * day;
  ASSERT_TRUE(store->LearnConstraint(seen, false));
  ASSERT_TRUE(store->LearnConstraint(seen, true));
  auto known = store->Constraints(at);
  ASSERT_EQ(known->size(), 1u);
  EXPECT_EQ((*known)[0].seen, 2);
  EXPECT_EQ((*known)[0].passed, 1);
  EXPECT_EQ((*known)[0].first_at, at);
  EXPECT_DOUBLE_EQ((*known)[0].confidence(), 0.5);
  EXPECT_TRUE(store->Constraints(at + 91 * day)->empty());
  seen.last_at = at + 100 * day;
  seen.expires_at = at + 190 * day;
  ASSERT_TRUE(store->LearnConstraint(seen, false));
  known = store->Constraints(at + 100 * day);
  ASSERT_EQ(known->size(), 1u);
  EXPECT_EQ((*known)[0].seen, 1);
  EXPECT_EQ((*known)[0].passed, 0);
}

TEST(CampaignStore, JournalIsAppendedAndConfirmedObjectsAreOwned) {
  const auto store = Store();
  const Plan plan = *store->SavePlan(Launch());
  const std::string& key = plan.changes[0].key;
  const Instant at = plan.created_at;
  for (const ChangeState state :
       {ChangeState::kIntent, ChangeState::kSent, ChangeState::kUnknown}) {
    ASSERT_TRUE(store->Record({0, key, at, state, "step", ""}));
  }
  EXPECT_FALSE(*store->FindObject(kAccount, "spring/social"));
  ASSERT_TRUE(store->Record({0, key, at, ChangeState::kConfirmed, "found by marker", "77"}));
  const auto status = store->Changes(plan.id);
  ASSERT_TRUE(status);
  EXPECT_EQ((*status)[0].state, ChangeState::kConfirmed);
  EXPECT_EQ((*status)[0].id, "77");
  EXPECT_EQ((*status)[0].attempts, 1);
  EXPECT_EQ((*status)[1].state, ChangeState::kPlanned);
  EXPECT_EQ(store->Journal(key)->size(), 4u);
  const auto object = store->FindObject(kAccount, "spring/social");
  ASSERT_TRUE(object && *object);
  EXPECT_EQ((*object)->id, "77");
  EXPECT_EQ((*object)->change_key, key);
  EXPECT_EQ((*object)->last_applied.at("daily_budget"), FieldValue(Eur(100)));
  EXPECT_EQ(store->Record({0, "nobody/1", at, ChangeState::kSent, "", ""}).error().code,
            Errc::kNotFound);
}

TEST(CampaignStore, AnAccountHasOneClient) {
  const auto store = Store();
  ASSERT_TRUE(store->SaveClient({"Other", kUsd, "UTC"}));
  const AccountInfo info{kAccount, "Main", kEur, "Europe/Berlin", "active"};
  ASSERT_TRUE(store->SaveAccount({"Alpenglow", info}));
  ASSERT_TRUE(store->SaveAccount({"Alpenglow", info}));
  EXPECT_EQ(store->SaveAccount({"Other", info}).error().code, Errc::kConflict);
  EXPECT_EQ(store->Accounts()->size(), 1u);
  EXPECT_EQ(store->GetClient("Nobody").error().code, Errc::kNotFound);
}

TEST(CampaignStore, SurvivesAndKeepsOthersOut) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("maxopt_store_" + std::to_string(::getpid())))
          .string();
  std::string id;
  {
    auto store = CampaignStore::Open(path);
    ASSERT_TRUE(store) << store.error().what;
    ASSERT_TRUE((*store)->SaveClient({"Alpenglow", kEur, "UTC"}));
    id = (*store)->SavePlan(Launch())->id;
    ::setenv("MAXOPT_LOCK_WAIT", "0", 1);
    const auto second = CampaignStore::Open(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::kLocal);
    EXPECT_NE(second.error().what.find("process " + std::to_string(::getpid())), std::string::npos)
        << second.error().what;
    // One that waits gets it as soon as the first lets go.
    ::setenv("MAXOPT_LOCK_WAIT", "30", 1);
    std::thread first([store = std::move(*store)]() mutable {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      store.reset();
    });
    const auto third = CampaignStore::Open(path);
    first.join();
    EXPECT_TRUE(third) << third.error().what;
    ::unsetenv("MAXOPT_LOCK_WAIT");
  }
  auto again = CampaignStore::Open(path);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE((*again)->GetPlan(id));
  again->reset();
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(path + suffix);
}

}  // namespace
}  // namespace maxopt
