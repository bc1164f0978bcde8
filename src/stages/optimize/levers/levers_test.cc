#include "stages/optimize/levers/levers.h"

#include "stages/optimize/levers/world_for_test.h"

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;

class Levers : public levers::LeverTest {
 protected:
  Levers() {
    Have(Platform::kMeta, {Campaign("1", {}), Campaign("2", {{"status", std::string(kPaused)}}),
                           AdGroup("11", "1", {}), AdGroup("12", "1", {}), AdGroup("21", "2", {})});
  }
  void LoadDays(Day from, Day to) {
    std::vector<MetricRow> rows;
    for (Day day = from; day <= to; day += days(1)) {
      rows.push_back({day, {}, "1", "", "", "", Eur(100), 1'000, 50, 2.0, Eur(100), {}});
    }
    Load(Platform::kMeta, Level::kCampaign, Grain::kDay, Breakdown::kNone, from, to,
         std::move(rows));
  }
  std::string StillOf(Level level, const std::string& id) {
    const auto state = Read(60);
    if (!state) return state.error().what;
    const LeverAccount& account = state->accounts.at(0);
    return state->Still(account, *account.Find(level, id));
  }
  /// A plan of ours that changed the object's bid, sent `ago` before now; open: it still waits.
  void Touch(const std::string& id, std::optional<hours> ago) {
    Plan plan;
    plan.client = "A";
    plan.created_by = "test";
    plan.created_at = clock_.Now() - ago.value_or(hours(1));
    plan.status = ago ? PlanStatus::kVerified : PlanStatus::kGuarded;
    if (ago) {
      plan.approval = Approval{};
      plan.approval->by = "ann";
      plan.approval->at = plan.approval->used_at.emplace(plan.created_at);
    }
    Change change;
    change.account = kAccount_;
    change.level = Level::kAdGroup;
    change.address = "ad_group/" + id;
    change.id = id;
    change.before = {{"bid", Eur(1)}};
    change.after = {{"bid", Eur(1.1)}};
    plan.changes.push_back(std::move(change));
    const auto saved = store_->SavePlan(plan);
    ASSERT_TRUE(saved) << saved.error().what;
    if (!ago) return;
    JournalEntry entry;
    entry.change_key = saved->changes[0].key;
    entry.state = ChangeState::kConfirmed;
    entry.at = plan.created_at;
    entry.id = id;
    const auto recorded = store_->Record(entry);
    ASSERT_TRUE(recorded) << recorded.error().what;
  }
  const AccountId kAccount_{Platform::kMeta, "42"};
};

TEST_F(Levers, OnlyDaysThatAreKnownAndMatureAreJudged) {
  LoadDays(kToday - days(40), kToday - days(1));
  const auto state = Read(60);
  ASSERT_TRUE(state) << state.error().what;
  ASSERT_EQ(state->accounts.size(), 1u);
  const LeverAccount& account = state->accounts[0];
  EXPECT_EQ(account.hold, "");
  EXPECT_EQ(account.today, kToday);
  EXPECT_EQ(account.first, kToday - days(60));
  // Yesterday's conversions are mostly still to come; a month ago's are not.
  EXPECT_LT(account.last, kToday - days(1));
  EXPECT_GT(account.last, kToday - days(32));
  EXPECT_FALSE(account.Judged(kToday - days(1)));
  EXPECT_TRUE(account.Judged(kToday - days(35)));
  // Twenty days were never read.
  EXPECT_FALSE(account.Judged(kToday - days(50)));
  EXPECT_EQ(account.JudgedDays(), (account.last - (kToday - days(40))).count() + 1);
}

TEST_F(Levers, ThePolicySaysHowMuchOfADayMustBeKnown) {
  LoadDays(kToday - days(40), kToday - days(1));
  const auto careful = Read(60);
  policy_.known_least_bp = 6'000;
  const auto hasty = Read(60);
  ASSERT_TRUE(careful && hasty);
  EXPECT_LT(careful->accounts.at(0).last, hasty->accounts.at(0).last);
}

TEST_F(Levers, AnAccountWithoutDaysIsHeldAndOneThatDoesNotAnswerIsLeftOut) {
  const auto held = Read(60);
  ASSERT_TRUE(held);
  EXPECT_NE(held->accounts.at(0).hold.find("it was not read"), std::string::npos)
      << held->accounts[0].hold;
  EXPECT_EQ(held->accounts[0].JudgedDays(), 0);
  Have(Platform::kMeta, {});
  const auto silent = Read(60);
  ASSERT_TRUE(silent);
  EXPECT_TRUE(silent->accounts.empty());
  ASSERT_EQ(silent->notes.size(), 1u);
  EXPECT_NE(silent->notes[0].find("out of order"), std::string::npos);
}

TEST_F(Levers, ABrokenSignalHolds) {
  LoadDays(kToday - days(40), kToday - days(1));
  SignalHealth signal;
  signal.client = "A";
  signal.name = "conversions meta/42";
  signal.state = SignalState::kBroken;
  signal.since = signal.seen_at = clock_.Now();
  ASSERT_TRUE(SaveSignals(*store_, {signal}));
  const auto state = Read(60);
  ASSERT_TRUE(state);
  EXPECT_NE(state->accounts.at(0).hold.find("conversions meta/42"), std::string::npos);
}

TEST_F(Levers, StatusKeepsStill) {
  EXPECT_EQ(StillOf(Level::kCampaign, "1"), "");
  EXPECT_EQ(StillOf(Level::kAdGroup, "11"), "");
  EXPECT_EQ(StillOf(Level::kCampaign, "2"), "campaign \"Campaign 2\" is paused");
  EXPECT_EQ(StillOf(Level::kAdGroup, "21"), "campaign \"Campaign 2\" is paused");
}

TEST_F(Levers, AnExperimentKeepsItsObjectAndWhatItIsInStillButNotItsSiblings) {
  Lock(kAccount_, Level::kAdGroup, "11", "spring/social/test");
  EXPECT_NE(StillOf(Level::kAdGroup, "11").find("experiment \"spring/test\""), std::string::npos);
  EXPECT_NE(StillOf(Level::kCampaign, "1").find("experiment \"spring/test\""), std::string::npos);
  EXPECT_EQ(StillOf(Level::kAdGroup, "12"), "");
}

TEST_F(Levers, AnExperimentOnACampaignKeepsItsAdGroupsStill) {
  Lock(kAccount_, Level::kCampaign, "1", "spring/social");
  EXPECT_NE(StillOf(Level::kAdGroup, "12").find("experiment"), std::string::npos);
}

TEST_F(Levers, WhatWeChangedLatelyRestsAndWhatWaitsIsNotProposedTwice) {
  Touch("11", hours(19));
  Touch("12", hours(21));
  EXPECT_NE(StillOf(Level::kAdGroup, "11").find("it rests 20 h"), std::string::npos)
      << StillOf(Level::kAdGroup, "11");
  EXPECT_EQ(StillOf(Level::kAdGroup, "12"), "");
  const auto state = Read(60);
  ASSERT_TRUE(state);
  const Instant* at = state->LastChange(kAccount_, "12", "bid");
  ASSERT_NE(at, nullptr);
  EXPECT_EQ(*at, clock_.Now() - hours(21));
  EXPECT_EQ(state->LastChange(kAccount_, "12", "target_cpa"), nullptr);
  Touch("12", std::nullopt);
  EXPECT_NE(StillOf(Level::kAdGroup, "12").find("waits"), std::string::npos);
}

TEST_F(Levers, TargetsOfTheDocumentsAndAddresses) {
  ASSERT_TRUE(store_->SaveObject({"spring/social", kAccount_, Level::kCampaign, "1", "", "", {}}));
  Watch watch;
  watch.client = "A";
  watch.address = "spring/social";
  watch.importance = "primary";
  watch.direction = "above";
  watch.kpi = "cpa";
  watch.target = "12.50";
  const auto saved = store_->SaveWatches("A", "spring", {watch});
  ASSERT_TRUE(saved) << saved.error().what;
  const auto state = Read(60);
  ASSERT_TRUE(state) << state.error().what;
  EXPECT_EQ(state->targets.at("spring/social").at("cpa"), 12.5);
  const LeverAccount& account = state->accounts.at(0);
  EXPECT_EQ(state->AddressOf(account, *account.Find(Level::kCampaign, "1")), "spring/social");
  EXPECT_EQ(state->AddressOf(account, *account.Find(Level::kAdGroup, "11")), "ad_group/11");
}

TEST_F(Levers, Nonsense) {
  EXPECT_EQ(Read(0).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(ReadLeverState(World(), "B", nullptr, 28).error().code, Errc::kNotFound);
  const auto bare = ReadLeverState(World(), "A", nullptr, 28);
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->step_max_bp(), 2'000);
  EXPECT_EQ(bare->cooldown_hours(), 20);
}

}  // namespace
}  // namespace maxopt
