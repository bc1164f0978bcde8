#include "app/optimize/optimize.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace maxopt {
namespace {

namespace fs = std::filesystem;

class WithdrawTest : public testing::Test {
 protected:
  WithdrawTest() {
    std::string name = (fs::temp_directory_path() / "maxopt-optimize-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    clock_ = std::make_shared<VirtualClock>(*ParseInstant("2026-02-20T12:00:00Z"));
    home_ = *Home::Open(folder_, clock_);
    for (const char* client : {"Alpenglow", "Borealis"}) {
      EXPECT_TRUE(home_->store().SaveClient({client, kEur, "Europe/Berlin"}));
    }
  }
  ~WithdrawTest() override {
    home_.reset();
    fs::remove_all(folder_);
  }

  /// A guarded plan of a change for each reason, all of one campaign's budget.
  std::string Keep(const std::string& client, const std::string& by, std::vector<Reason> reasons) {
    Plan plan;
    plan.client = client;
    plan.title = "t";
    plan.status = PlanStatus::kGuarded;
    plan.created_by = by;
    plan.created_at = clock_->Now();
    for (const Reason reason : reasons) {
      Change change;
      change.key = fmt::format("{}-{}-{}", client, by, ++keys_);
      change.account = {Platform::kMeta, "42"};
      change.level = Level::kCampaign;
      change.id = "10";
      change.reason = reason;
      plan.changes.push_back(std::move(change));
    }
    const auto saved = home_->store().SavePlan(std::move(plan));
    EXPECT_TRUE(saved) << saved.error().what;
    return saved->id;
  }
  PlanStatus StatusOf(const std::string& id) { return home_->store().GetPlan(id)->status; }

  int keys_ = 0;
  std::string folder_;
  std::shared_ptr<VirtualClock> clock_;
  std::unique_ptr<Home> home_;
};

TEST_F(WithdrawTest, OnlyOwnUndecidedPlansOfTheClientGo) {
  const std::string mine = Keep("Alpenglow", "optimizer", {Reason::kReallocate});
  const std::string persons = Keep("Alpenglow", "ines", {Reason::kReallocate});
  const std::string others = Keep("Borealis", "optimizer", {Reason::kReallocate});
  const auto said = WithdrawUndecided(*home_, "Alpenglow");
  ASSERT_TRUE(said) << said.error().what;
  EXPECT_EQ(*said, std::vector<std::string>{
                       mine + " of 2026-02-20T12:00:00Z was withdrawn: nobody decided on it"});
  EXPECT_EQ(StatusOf(mine), PlanStatus::kRejected);
  EXPECT_EQ(StatusOf(persons), PlanStatus::kGuarded);
  EXPECT_EQ(StatusOf(others), PlanStatus::kGuarded);
  const auto again = WithdrawUndecided(*home_, "Alpenglow");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->empty());
}

TEST_F(WithdrawTest, NewBudgetsLeaveProposalsOfOtherKindsAlone) {
  const std::string budgets = Keep("Alpenglow", "optimizer", {Reason::kReallocate});
  const std::string bids = Keep("Alpenglow", "optimizer", {Reason::kBid});
  const std::string mixed = Keep("Alpenglow", "optimizer", {Reason::kReallocate, Reason::kBid});
  const auto said = WithdrawUndecided(*home_, "Alpenglow", Reason::kReallocate);
  ASSERT_TRUE(said) << said.error().what;
  EXPECT_EQ(said->size(), 1u);
  EXPECT_EQ(StatusOf(budgets), PlanStatus::kRejected);
  EXPECT_EQ(StatusOf(bids), PlanStatus::kGuarded);
  EXPECT_EQ(StatusOf(mixed), PlanStatus::kGuarded);
}

}  // namespace
}  // namespace maxopt
