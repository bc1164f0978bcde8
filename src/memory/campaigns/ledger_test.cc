#include "memory/campaigns/ledger.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "memory/campaigns/database.h"

namespace maxopt {
namespace {

using nlohmann::json;

const AccountId kAccount{Platform::kMeta, "42"};

class LedgerTest : public testing::Test {
 protected:
  Plan Save() {
    Plan plan;
    plan.client = "A";
    plan.title = "move 10";
    plan.status = PlanStatus::kGuarded;
    plan.created_at = at_;
    plan.created_by = "optimizer";
    plan.prediction = Prediction{"revenue", 12, 3, 21, 7};
    Change change;
    change.account = kAccount;
    change.address = "spring/social";
    change.id = "7";
    change.reason = Reason::kReallocate;
    change.before = {{"daily_budget", Money::Micros(100'000'000, kEur)}};
    change.after = {{"daily_budget", Money::Micros(110'000'000, kEur)}};
    change.why = "a further EUR brings 1.40";
    plan.changes = {change};
    auto saved = store_->SavePlan(plan);
    EXPECT_TRUE(saved) << saved.error().what;
    return *saved;
  }
  std::vector<std::string> Events() {
    std::vector<std::string> out;
    const auto entries = Ledger(*store_, {});
    EXPECT_TRUE(entries) << entries.error().what;
    if (!entries) return out;
    for (const LedgerEntry& entry : *entries) out.push_back(entry.event);
    return out;
  }
  /// As somebody with the file could, past the store.
  void Tamper(const std::string& statement) {
    const auto done = store_->database().Do([&](soci::session& sql) -> Result<> {
      sql << "DROP TRIGGER IF EXISTS ledger_keeps_lines";
      sql << "DROP TRIGGER IF EXISTS ledger_loses_none";
      sql << statement;
      return {};
    });
    ASSERT_TRUE(done) << done.error().what;
  }
  const Instant at_ = *ParseInstant("2026-06-01T10:00:00Z");
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
};

TEST_F(LedgerTest, APlansWholeLifeIsWritten) {
  const Plan plan = Save();
  const Approval approval{"anna", ContentHash(plan), at_, at_ + std::chrono::hours(24), {}};
  ASSERT_TRUE(store_->ApprovePlan(plan.id, approval));
  ASSERT_TRUE(store_->UseApproval(plan.id, "ben", at_));
  const std::string key = plan.changes[0].key;
  for (const ChangeState state : {ChangeState::kIntent, ChangeState::kSent, ChangeState::kConfirmed,
                                  ChangeState::kVerified}) {
    ASSERT_TRUE(store_->Record({0, key, at_, state, "answer", "7"}));
  }
  ASSERT_TRUE(SaveOutcome(*store_, "A",
                          {plan.id, "reallocate", "revenue", "tbr", 12, 3, 21, 9, 4,
                           at_ + std::chrono::hours(24 * 10)}));
  EXPECT_EQ(Events(), (std::vector<std::string>{"proposed", "approved", "applying", "done", "done",
                                                "measured"}));
  const auto entries = Ledger(*store_, {.client = "A", .event = {}, .subject = plan.id});
  const json proposed = json::parse(entries->front().body);
  EXPECT_EQ(proposed["prediction"]["mean"], 12);
  EXPECT_EQ(proposed["changes"][0]["why"], "a further EUR brings 1.40");
  EXPECT_EQ(proposed["content_hash"], ContentHash(plan));
  EXPECT_EQ(store_->GetPlan(plan.id)->prediction->high90, 21);
  const auto outcomes = Outcomes(*store_, "A");
  ASSERT_TRUE(outcomes);
  ASSERT_EQ(outcomes->size(), 1u);
  EXPECT_EQ((*outcomes)[0].measured_sd, 4);
  EXPECT_EQ((*outcomes)[0].kind, "reallocate");
  const auto check = CheckLedger(*store_, entries->front().hash);
  ASSERT_TRUE(check);
  EXPECT_EQ(check->broken, "");
  EXPECT_EQ(check->entries, 6);
  EXPECT_EQ(check->head, entries->back().hash);
  // What was sent within a day.
  EXPECT_EQ(ChangesSentSince(*store_, "A", at_)->size(), 1u);
  EXPECT_TRUE(ChangesSentSince(*store_, "A", at_ + std::chrono::hours(1))->empty());
  EXPECT_TRUE(ChangesSentSince(*store_, "B", at_)->empty());
}

TEST_F(LedgerTest, ARefusedApprovalLeavesNoLine) {
  const Plan plan = Save();
  EXPECT_FALSE(store_->ApprovePlan(plan.id, {"anna", "another", at_, at_, {}}));
  EXPECT_FALSE(store_->UseApproval(plan.id, "ben", at_));
  EXPECT_EQ(Events(), std::vector<std::string>{"proposed"});
}

TEST_F(LedgerTest, TheDatabaseRefusesToChangeOrLoseALine) {
  Save();
  for (const char* statement : {"UPDATE ledger SET client = 'B'", "DELETE FROM ledger"}) {
    const auto done = store_->database().Do([&](soci::session& sql) -> Result<> {
      sql << statement;
      return {};
    });
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().what.find("append-only"), std::string::npos) << done.error().what;
  }
}

TEST_F(LedgerTest, FindsWhatWasChangedTakenOutOrCut) {
  Save();
  Save();
  Save();
  const std::string head = CheckLedger(*store_, "")->head;
  Tamper("UPDATE ledger SET body = replace(body, 'move 10', 'move 90') WHERE seq = 2");
  EXPECT_EQ(CheckLedger(*store_, "")->broken,
            "line 2 is not what was written: its digest is another");
  Tamper("DELETE FROM ledger WHERE seq = 2");
  EXPECT_EQ(CheckLedger(*store_, "")->broken, "line 2 is missing");
  // Renumbered, so that no number is missing.
  Tamper("UPDATE ledger SET seq = 2 WHERE seq = 3");
  EXPECT_EQ(CheckLedger(*store_, "")->broken, "line 2 does not follow the one before it");
  // Cut at the end, only somebody who noted the head can tell.
  Tamper("DELETE FROM ledger WHERE seq = 2");
  EXPECT_EQ(CheckLedger(*store_, "")->broken, "");
  EXPECT_NE(CheckLedger(*store_, head)->broken.find("was cut or made anew"), std::string::npos);
}

}  // namespace
}  // namespace maxopt
