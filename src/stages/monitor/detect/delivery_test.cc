#include "stages/monitor/detect/delivery.h"

#include <gtest/gtest.h>

#include "stages/monitor/detect/drift.h"

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;

Money Eur(double units) { return Money::Micros(static_cast<std::int64_t>(units * 1e6), kEur); }

/// 29 days of one campaign that spends 2 EUR on 100 impressions an hour, looked at at 10:00 UTC on
/// the last day.
AccountView Steady() {
  AccountView account;
  account.client = "Alpenglow";
  account.info = {{Platform::kMeta, "88"}, "m", kEur, "UTC", "active"};
  account.zone = Zone::Utc();
  account.overdelivery_bp = 12'500;
  account.first_day = *ParseDay("2026-11-01");
  account.days = 29;
  account.hours_known = 28 * 24 + 10;
  account.learnt_at = *ParseInstant("2026-11-29T10:00:00Z");
  CampaignView campaign;
  campaign.id = "1";
  campaign.name = "search";
  campaign.delivers = true;
  campaign.daily_budget = Eur(48);
  campaign.hours.assign(29 * 24, HourSum{});
  for (int h = 0; h < account.hours_known; ++h) {
    campaign.hours[static_cast<std::size_t>(h)] = {true, 2'000'000, 100, 5, 0.5, 10'000'000};
  }
  account.campaigns.push_back(campaign);
  return account;
}

void Silence(CampaignView& campaign, int from, int to) {
  for (int h = from; h < to; ++h) campaign.hours[static_cast<std::size_t>(h)] = HourSum{};
}

TEST(Delivery, SteadyDeliveryIsSilent) { EXPECT_TRUE(JudgeDelivery(Steady(), {}).empty()); }

TEST(Delivery, ZeroSpendIsSeenAfterOneSilentHour) {
  AccountView account = Steady();
  Silence(account.campaigns[0], account.hours_known - 1, account.hours_known);
  const auto found = JudgeDelivery(account, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].detector, "zero_spend");
  EXPECT_EQ(found[0].tier, AlertTier::kCritical);
  EXPECT_EQ(found[0].expected, "2.00 EUR");
  EXPECT_EQ(found[0].at_stake, Eur(48));
  EXPECT_EQ(PrintInstant(found[0].since), "2026-11-29T09:00:00Z");
}

TEST(Delivery, AnHourOfZeroIsNoNewsForASmallCampaign) {
  // 3 impressions an hour: exp(-3) = 5 % of its hours are empty; 6 h of them have exp(-18).
  AccountView account = Steady();
  for (HourSum& hour : account.campaigns[0].hours) {
    if (hour.any) hour = {true, 60'000, 3, 0, 0, 0};
  }
  AccountView one = account;
  Silence(one.campaigns[0], one.hours_known - 1, one.hours_known);
  EXPECT_TRUE(JudgeDelivery(one, {}).empty());
  Silence(account.campaigns[0], account.hours_known - 6, account.hours_known);
  const auto found = JudgeDelivery(account, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(PrintInstant(found[0].since), "2026-11-29T04:00:00Z");
}

TEST(Delivery, AWeekThatIsUsedUpRests) {
  // Saturday's last three hours: 42 of the day's 48 EUR are spent, and 330 of the week's 336.
  AccountView account = Steady();
  account.hours_known = 28 * 24;
  Silence(account.campaigns[0], account.hours_known - 3, account.hours_known);
  EXPECT_EQ(JudgeDelivery(account, {}).size(), 1u);
  account.delivery.week_days = 7;
  EXPECT_TRUE(JudgeDelivery(account, {}).empty());
  // Of a week from Monday on only six days have passed.
  account.delivery.week_from_sunday = false;
  EXPECT_EQ(JudgeDelivery(account, {}).size(), 1u);
}

TEST(Delivery, PausedTooNewJustResumedAndUsedUpAreSilent) {
  AccountView paused = Steady();
  paused.campaigns[0].delivers = false;
  Silence(paused.campaigns[0], paused.hours_known - 5, paused.hours_known);
  EXPECT_TRUE(JudgeDelivery(paused, {}).empty());

  AccountView fresh = Steady();  // five days old
  Silence(fresh.campaigns[0], 0, 23 * 24);
  Silence(fresh.campaigns[0], fresh.hours_known - 2, fresh.hours_known);
  EXPECT_TRUE(JudgeDelivery(fresh, {}).empty());

  AccountView resumed = Steady();
  Silence(resumed.campaigns[0], resumed.hours_known - 8, resumed.hours_known);
  resumed.campaigns[0].since = *ParseInstant("2026-11-29T09:30:00Z");
  EXPECT_TRUE(JudgeDelivery(resumed, {}).empty());

  AccountView used_up = Steady();
  used_up.campaigns[0].hours[28 * 24] = {true, 47'000'000, 2000, 9, 1, 0};
  Silence(used_up.campaigns[0], used_up.hours_known - 4, used_up.hours_known);
  EXPECT_TRUE(JudgeDelivery(used_up, {}).empty());
}

TEST(Delivery, CollapseIsAFractionOfTheLowestComparableWindow) {
  AccountView account = Steady();
  // Lowest comparable window of 3 h: 300 impressions; 0.4 of it is 120.
  for (int h = account.hours_known - 3; h < account.hours_known; ++h) {
    account.campaigns[0].hours[static_cast<std::size_t>(h)].impressions = 39;
  }
  const auto found = JudgeDelivery(account, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].detector, "delivery");
  EXPECT_EQ(found[0].actual, "117 impressions");
  EXPECT_NEAR(*found[0].deviation, -0.61, 1e-9);
  for (int h = account.hours_known - 3; h < account.hours_known; ++h) {
    account.campaigns[0].hours[static_cast<std::size_t>(h)].impressions = 41;
  }
  EXPECT_TRUE(JudgeDelivery(account, {}).empty());
}

TEST(Delivery, RunawayBudgetIsSeenBeforeItIsSpent) {
  AccountView account = Steady();
  account.campaigns[0].planned_daily = Eur(48);
  account.campaigns[0].daily_budget = Eur(480);
  const auto found = JudgeDelivery(account, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].detector, "runaway");
  EXPECT_EQ(found[0].proposal, "pause the campaign");
  EXPECT_EQ(
      found[0].title,
      "search: its daily budget is 480.00 EUR, 10.0 times the 48.00 EUR that was last applied "
      "by us");
  account.campaigns[0].daily_budget = Eur(144);  // three times is not more than three times
  EXPECT_TRUE(JudgeDelivery(account, {}).empty());
  account.campaigns[0].planned_daily.reset();  // not ours: against what it was
  account.campaigns[0].daily_budget = Eur(480);
  EXPECT_TRUE(JudgeDelivery(account, {}).empty());
  account.campaigns[0].budget_was = Eur(48);
  EXPECT_EQ(JudgeDelivery(account, {}).size(), 1u);
}

TEST(Delivery, F1FirstHourOfANewCampaignThatRunsAway) {
  AccountView account = Steady();
  account.campaigns[0].planned_daily = Eur(48);
  Silence(account.campaigns[0], 0, account.hours_known);
  // Plan: 48 EUR a day, 2 an hour. By 10:00 it is to have spent 20; the first hour alone took 61.
  account.campaigns[0].hours[static_cast<std::size_t>(account.hours_known - 1)] = {
      true, 61'000'000, 3000, 40, 0, 0};
  auto found = JudgeDelivery(account, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].detector, "runaway");
  EXPECT_EQ(found[0].expected, "20.00 EUR");
  account.campaigns[0].hours[static_cast<std::size_t>(account.hours_known - 1)].spend_micros =
      59'000'000;
  EXPECT_TRUE(JudgeDelivery(account, {}).empty());
}

TEST(Delivery, AnAccountThatCouldNotBeReadIsSilent) {
  AccountView account = Steady();
  account.problem = "down";
  account.hours_known = 0;
  EXPECT_TRUE(JudgeDelivery(account, {}).empty());
}

TEST(Drift, TellsWhatOthersDidAndNotWhatWeDid) {
  const Instant now = *ParseInstant("2026-11-29T10:00:00Z");
  AccountView account = Steady();
  CampaignView& campaign = account.campaigns[0];
  EXPECT_TRUE(JudgeDrift(account, now).empty());

  campaign.delivers = false;
  campaign.why_not = "paused";
  campaign.was = "delivers";
  campaign.since = now - hours(1);
  auto found = JudgeDrift(account, now);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].title, "search: \"delivers\" before, now \"paused\", not by Max");
  EXPECT_TRUE(JudgeDrift(account, now + days(1)).empty()) << "told for a day";

  OwnedObject owned;
  owned.last_applied["status"] = std::string(kPaused);
  account.owned["campaign/1"] = owned;
  EXPECT_TRUE(JudgeDrift(account, now).empty()) << "paused by us";

  campaign = Steady().campaigns[0];
  campaign.budget_was = Eur(48);
  campaign.daily_budget = Eur(60);
  campaign.budget_since = now - hours(1);
  found = JudgeDrift(account, now);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kpi, "daily_budget");
  EXPECT_DOUBLE_EQ(*found[0].deviation, 0.25);
  campaign.planned_daily = Eur(60);
  EXPECT_TRUE(JudgeDrift(account, now).empty()) << "our own change";

  Sighting gone;
  gone.campaign_id = "9";
  gone.name = "old";
  gone.state = "removed";
  gone.was = "delivers";
  gone.since = now - hours(2);
  account.removed.push_back(gone);
  found = JudgeDrift(account, now);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].title, "old was removed, not by Max");
}

// F31: a kind of campaign that has no name here is told once and counted.
TEST(Drift, F31KindsWithoutANameAreNotedOncePerWord) {
  AccountView account = Steady();
  const auto campaign = [&](const char* id, const char* type, const char* status) {
    Entity entity;
    entity.level = Level::kCampaign;
    entity.id = id;
    entity.fields = {{"name", std::string("C") + id},
                     {"channel_type", std::string(type)},
                     {"objective", std::string("sales")},
                     {"status", std::string(status)}};
    account.tree.entities.push_back(std::move(entity));
  };
  campaign("1", "search", "active");
  EXPECT_TRUE(JudgeUnknown(account, *account.learnt_at).empty());
  campaign("2", "hologram", "active");
  campaign("3", "hologram", "paused");
  campaign("4", "hologram", "removed");
  const auto found = JudgeUnknown(account, *account.learnt_at);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].detector, "unknown_kind");
  EXPECT_EQ(found[0].kpi, "channel_type hologram");
  EXPECT_EQ(found[0].tier, AlertTier::kInfo);
  EXPECT_EQ(found[0].evidence, (std::vector<std::string>{"C2 (2)", "C3 (3)"}));
  account.tree.entities.back().fields["objective"] = std::string("fame");
  account.tree.entities.back().fields["status"] = std::string("active");
  EXPECT_EQ(JudgeUnknown(account, *account.learnt_at).size(), 2u);
}

}  // namespace
}  // namespace maxopt
