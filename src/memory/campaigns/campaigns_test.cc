#include "memory/campaigns/campaigns.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

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

TEST(CampaignStore, ApprovalIsBoundToWhatWasShown) {
  const auto store = Store();
  const Plan plan = *store->SavePlan(Launch());
  const Instant at = plan.created_at;
  EXPECT_EQ(store->ApprovePlan(plan.id, "anna", at, "another hash").error().code, Errc::kConflict);
  ASSERT_TRUE(store->ApprovePlan(plan.id, "anna", at, ContentHash(plan)));
  EXPECT_EQ(store->GetPlan(plan.id)->approval->by, "anna");
  EXPECT_EQ(store->ApprovePlan(plan.id, "anna", at, ContentHash(plan)).error().code,
            Errc::kConflict);
  EXPECT_EQ(store->MovePlan(plan.id, PlanStatus::kGuarded, PlanStatus::kApplying).error().code,
            Errc::kConflict);
  EXPECT_TRUE(store->MovePlan(plan.id, PlanStatus::kApproved, PlanStatus::kApplying));
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
    const auto second = CampaignStore::Open(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::kLocal);
  }
  auto again = CampaignStore::Open(path);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE((*again)->GetPlan(id));
  again->reset();
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(path + suffix);
}

}  // namespace
}  // namespace maxopt
