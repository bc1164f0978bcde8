// Collection against a platform in memory whose truth can be changed behind our back.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "memory/facts/quality.h"
#include "stages/monitor/monitor.h"
#include "stages/monitor/slices.h"

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

const AccountId kMeta{Platform::kMeta, "2"};
const AccountInfo kInfo{kMeta, "m", kEur, "Europe/Berlin", "active"};

Day On(const char* text) { return *ParseDay(text); }

struct Cell {
  std::int64_t cents = 0;
  double conversions = 0;
};

/// The platform's truth by day, campaign and ad, and what its reports make of it.
class Truth final : public PlatformReader {
 public:
  std::map<Day, std::map<std::pair<std::string, std::string>, Cell>> truth;
  std::set<std::string> hidden;  ///< campaigns that only the account's report counts
  std::set<std::string> cut;     ///< ads that reports by device leave out
  int calls = 0;
  int throttled_from = 1 << 30;  ///< the call from which on all are refused
  int down_for = 0;              ///< calls that fail as if the platform were down
  bool incomplete = false;
  int days_max = 1 << 30;  ///< more at once is too much data
  std::vector<MetricQuery> asked;
  std::vector<Entity> entities;

  Truth() {
    capabilities_.platform = Platform::kMeta;
    capabilities_.restatement_days = 30;
    capabilities_.metric_levels = {Level::kAccount, Level::kCampaign, Level::kAd};
    capabilities_.hour_levels = {Level::kCampaign};
    capabilities_.breakdowns = {Breakdown::kDevice};
  }
  const Capabilities& capabilities() const override { return capabilities_; }
  void SetRestatementDays(int count) { capabilities_.restatement_days = count; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector<AccountInfo>{};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override {
    return AccountTree{kInfo, entities};
  }
  Result<MetricReport> ReadMetrics(const MetricQuery& query, http::Deadline) override {
    ++calls;
    asked.push_back(query);
    if (calls >= throttled_from) {
      return Fail(Error{.code = Errc::kRateLimited, .what = "too many calls"});
    }
    if (down_for > 0) {
      --down_for;
      return Fail(Error{.code = Errc::kUnavailable, .what = "502"});
    }
    if ((query.to - query.from).count() >= days_max) {
      return Fail(Error{.code = Errc::kInvalidArgument,
                        .what = "ask for less data",
                        .platform_code = "100/1504018"});
    }
    MetricReport report{query, "7d_click", {}, !incomplete, incomplete ? "page 2 is missing" : ""};
    for (Day day = query.from; day <= query.to; day += days(1)) {
      std::map<std::tuple<std::string, std::string, std::string>, Cell> sums;
      for (const auto& [key, cell] : truth[day]) {
        const auto& [campaign, ad] = key;
        if (query.level != Level::kAccount && hidden.contains(campaign)) continue;
        if (query.breakdown == Breakdown::kDevice && cut.contains(ad)) continue;
        Cell& sum = sums[{query.level == Level::kAccount ? "" : campaign,
                          query.level == Level::kAd ? ad : "",
                          query.breakdown == Breakdown::kDevice ? "mobile" : ""}];
        sum.cents += cell.cents;
        sum.conversions += cell.conversions;
      }
      for (const auto& [key, cell] : sums) {
        const auto& [campaign, ad, segment] = key;
        MetricRow row{day,
                      {},
                      campaign,
                      ad.empty() ? "" : "g",
                      ad,
                      segment,
                      Money::Micros(cell.cents * 10'000, kEur),
                      100,
                      10,
                      cell.conversions,
                      {},
                      {}};
        if (query.grain == Grain::kHour) row.hour = 3;
        report.rows.push_back(row);
      }
    }
    return report;
  }
  Result<std::vector<Entity>> Find(const FindQuery&, http::Deadline) override {
    return std::vector<Entity>{};
  }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) override {
    return std::vector<HistoryEvent>{};
  }

 private:
  Capabilities capabilities_{};
};

class Collect : public testing::Test {
 protected:
  Collect() {
    EXPECT_TRUE(store_->SaveClient({"A", kEur, "Europe/Berlin"}));
    EXPECT_TRUE(store_->SaveAccount({"A", kInfo}));
    // Two campaigns of two ads: 10.00, 6.00, 3.00 and 1.00 EUR a day, 20.00 in all.
    for (Day day = On("2026-02-01"); day <= On("2026-05-31"); day += days(1)) {
      platform_->truth[day] = {{{"1", "11"}, {1000, 4}},
                               {{"1", "12"}, {600, 2}},
                               {{"2", "21"}, {300, 1}},
                               {{"2", "22"}, {100, 1}}};
    }
  }
  AccountPull Round(MonitorDepth depth = MonitorDepth::kDay) {
    const auto report = Monitor(world_, "A", {.depth = depth});
    EXPECT_TRUE(report) << report.error().what;
    return report->accounts.at(0);
  }
  std::string Spend(Day from, Day to, std::optional<Instant> as_of = {}) {
    FactQuery query;
    query.measures = {"spend"};
    query.from = from;
    query.to = to;
    query.as_of = as_of;
    const auto table = facts_->Query(query);
    return table && !table->rows.empty() ? table->rows[0].back().text : "none";
  }
  DayQuality Judged(Day day) {
    const auto judged =
        DataQuality(*facts_, kInfo, On("2026-02-20"), zone_.DayOf(clock_.Now()), clock_.Now());
    EXPECT_TRUE(judged);
    for (const DayQuality& one : *judged) {
      if (one.day == day) return one;
    }
    ADD_FAILURE() << "not judged";
    return {};
  }

  VirtualClock clock_{*ParseInstant("2026-03-31T10:00:00Z")};
  const Zone zone_ = *Zone::Find("Europe/Berlin");
  std::shared_ptr<Truth> platform_ = std::make_shared<Truth>();
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
  MonitorWorld world_{
      store_.get(), facts_.get(), &clock_,
      [this](const AccountId&) -> Result<std::shared_ptr<PlatformReader>> { return platform_; }};
};

TEST_F(Collect, F27WhatIsRestatedUpTo30DaysBackIsTaken) {
  Round();
  const Instant before = clock_.Now();
  EXPECT_EQ(Spend(On("2026-03-01"), On("2026-03-31")), "620.00");  // 31 days of 20.00

  // Thirty days back upwards; downwards; to nothing; one ad's row gone; a whole day gone.
  platform_->truth[On("2026-03-02")][{"1", "11"}].cents = 5000;
  platform_->truth[On("2026-03-10")][{"1", "11"}].cents = 100;
  platform_->truth[On("2026-03-20")][{"2", "21"}] = {0, 0};
  platform_->truth[On("2026-03-25")].erase({"1", "12"});
  platform_->truth[On("2026-03-28")].clear();
  clock_.AdvanceTo(*ParseInstant("2026-04-01T09:00:00Z"));
  const AccountPull round = Round();
  EXPECT_TRUE(round.problems.empty()) << round.problems[0];
  EXPECT_EQ(Spend(On("2026-03-02"), On("2026-03-02")), "60.00");
  EXPECT_EQ(Spend(On("2026-03-10"), On("2026-03-10")), "11.00");
  EXPECT_EQ(Spend(On("2026-03-20"), On("2026-03-20")), "17.00");
  EXPECT_EQ(Spend(On("2026-03-25"), On("2026-03-25")), "14.00");
  EXPECT_EQ(Spend(On("2026-03-28"), On("2026-03-28")), "none");  // a day without delivery
  // What was known then can still be asked.
  EXPECT_EQ(Spend(On("2026-03-28"), On("2026-03-28"), before), "20.00");
  // Their cuts were read again as well, so everything agrees.
  for (const char* day : {"2026-03-02", "2026-03-10", "2026-03-20", "2026-03-25"}) {
    EXPECT_EQ(Judged(On(day)).reconciliation.state, QualityState::kOk) << day;
  }
}

TEST_F(Collect, F29DeletedObjectsSpendIsARowOfItsOwn) {
  platform_->hidden = {"2"};  // deleted: its report rows are gone, the account's total has them
  const AccountPull round = Round();
  ASSERT_FALSE(round.problems.empty());
  EXPECT_NE(round.problems[0].find("4.00 EUR of the account's 20.00 EUR"), std::string::npos)
      << round.problems[0];
  EXPECT_EQ(Spend(On("2026-03-05"), On("2026-03-05")), "20.00");  // the total is whole
  FactQuery by_campaign;
  by_campaign.measures = {"spend"};
  by_campaign.dimensions = {"campaign"};
  by_campaign.from = by_campaign.to = On("2026-03-05");
  const auto table = facts_->Query(by_campaign);
  ASSERT_TRUE(table);
  ASSERT_EQ(table->rows.size(), 2u);
  EXPECT_EQ(table->rows[0][0].text, kUnattributed);
  EXPECT_EQ(table->rows[0].back().text, "4.00");
  EXPECT_EQ(table->rows[1].back().text, "16.00");
  const DayQuality day = Judged(On("2026-03-05"));
  EXPECT_EQ(day.reconciliation.state, QualityState::kBad);
  EXPECT_EQ(day.unattributed_micros, 4'000'000);
  // Within a thousandth it is rounding: 20.00 against 19.99.
  platform_->hidden.clear();
  for (auto& [at, cells] : platform_->truth) cells[{"3", "31"}] = {1, 0};
  platform_->hidden = {"3"};
  clock_.AdvanceTo(clock_.Now() + hours(24));
  Round();
  EXPECT_EQ(Judged(On("2026-03-05")).reconciliation.state, QualityState::kOk);
}

TEST_F(Collect, F30ABreakdownThatLeavesAdsOutIsSeenAndHoldsDecisions) {
  Round();
  const DecisionUse use{On("2026-03-20"), On("2026-03-30"), false, {}};
  auto hold = DecisionHold(*facts_, {kInfo}, use, clock_.Now());
  ASSERT_TRUE(hold);
  EXPECT_FALSE(hold->held()) << hold->reasons[0];
  // Ads with 6.00 of 20.00 EUR are missing from the cut by device.
  platform_->cut = {"12"};
  for (Day day = On("2026-03-20"); day <= On("2026-03-30"); day += days(1)) {
    platform_->truth[day][{"1", "11"}].conversions += 1;  // restated, so the cut is read again
  }
  clock_.AdvanceTo(clock_.Now() + hours(24));
  Round();
  EXPECT_EQ(Judged(On("2026-03-25")).reconciliation.state, QualityState::kBad);
  EXPECT_NE(Judged(On("2026-03-25")).reconciliation.why.find("20.00 EUR against 14.00 EUR"),
            std::string::npos);
  hold = DecisionHold(*facts_, {kInfo}, use, clock_.Now());
  ASSERT_TRUE(hold);
  ASSERT_EQ(hold->reasons.size(), 1u);
  EXPECT_NE(hold->reasons[0].find("unreconciled on 2026-03-30 and 10 more days"), std::string::npos)
      << hold->reasons[0];
}

TEST_F(Collect, F31AnUnknownKindOfCampaignIsCountedAndToldOnce) {
  platform_->entities = {
      {Level::kCampaign,
       "1",
       "",
       "",
       {{"name", std::string("New")}, {"channel_type", std::string("hologram")}}},
      {Level::kCampaign,
       "2",
       "",
       "",
       {{"name", std::string("Old")}, {"channel_type", std::string("social")}}}};
  const AccountPull first = Round();
  ASSERT_EQ(first.notices.size(), 1u);
  EXPECT_EQ(first.notices[0],
            "campaign \"New\" (1) has channel_type unknown (hologram): kept as the platform says "
            "it; its spend is in every total");
  EXPECT_EQ(Spend(On("2026-03-05"), On("2026-03-05")), "20.00");
  clock_.AdvanceTo(clock_.Now() + hours(24));
  EXPECT_TRUE(Round().notices.empty());
}

TEST_F(Collect, F33AThrottleEndsTheRoundAndTheNextGoesOnWhereItStopped) {
  // Bands of (today, yesterday), the week and the rest, and the hours of four weeks: 5 + 4 + 4 + 1
  // reports.
  platform_->throttled_from = 6;
  AccountPull cut_off = Round();
  EXPECT_EQ(cut_off.reports, 5);
  EXPECT_EQ(platform_->calls, 6);  // the one that was refused, and none after it
  EXPECT_EQ(cut_off.problems.size(), 1u);
  EXPECT_EQ(cut_off.postponed.size(), 8u);
  // Told where it is asked for.
  EXPECT_EQ(Judged(On("2026-03-26")).completeness.state, QualityState::kBad);
  EXPECT_NE(Judged(On("2026-03-26")).completeness.why.find("throttles"), std::string::npos);
  // Still throttled: one call finds out.
  clock_.AdvanceTo(clock_.Now() + minutes(3));
  Round();
  // Today's five are asked for again as they are three minutes old, the first of them throttled.
  EXPECT_EQ(platform_->calls, 7);
  platform_->throttled_from = 1 << 30;
  clock_.AdvanceTo(clock_.Now() + minutes(3));
  platform_->asked.clear();
  const AccountPull rest = Round();
  EXPECT_TRUE(rest.problems.empty());
  EXPECT_TRUE(rest.postponed.empty());
  EXPECT_EQ(rest.reports, 13);  // today's four, and the nine that were left
  for (const MetricQuery& query : platform_->asked) {
    if (query.from >= On("2026-03-30")) {
      EXPECT_EQ(query.from, On("2026-03-31")) << "yesterday was known";
    }
  }
  EXPECT_EQ(Spend(On("2026-03-01"), On("2026-03-31")), "620.00");
}

TEST_F(Collect, CreativesAreCountedAcrossAdsAndWhole) {
  // Two ads of two campaigns show the same video and text; one shows a picture; one is gone.
  const auto ad = [](const char* id, Fields fields) {
    fields["name"] = std::string("ad ") + id;
    return Entity{Level::kAd, id, "g", "", std::move(fields)};
  };
  const std::vector<std::string> run{"Run free"};
  platform_->entities = {ad("11", {{"video", std::string("77")}, {"headlines", run}}),
                         ad("21", {{"video", std::string("77")}, {"headlines", run}}),
                         ad("12", {{"image", std::string("88")}, {"headlines", run}})};
  Round();
  FactQuery query;
  query.measures = {"spend"};
  query.dimensions = {"creative"};
  query.from = query.to = On("2026-03-05");
  const auto table = facts_->Query(query);
  ASSERT_TRUE(table) << table.error().what;
  ASSERT_EQ(table->rows.size(), 3u);
  EXPECT_EQ(table->rows[0][0].text, "(of an ad that is gone)");
  EXPECT_EQ(table->rows[0].back().text, "1.00");
  EXPECT_TRUE(table->rows[1][0].text.starts_with("image 88 Run free [")) << table->rows[1][0].text;
  EXPECT_EQ(table->rows[1].back().text, "6.00");
  EXPECT_TRUE(table->rows[2][0].text.starts_with("video 77 Run free ["));
  EXPECT_EQ(table->rows[2].back().text, "13.00");
}

TEST_F(Collect, TheBudgetOfCallsPutsSlicesOff) {
  int left = 4;
  world_.may_call = [&](const AccountId&) -> Result<> {
    if (left-- > 0) return {};
    return Fail(Errc::kRefused, "4 of 4 calls of this hour are used");
  };
  const AccountPull round = Round();
  EXPECT_EQ(round.calls, 4);  // the tree and three reports
  EXPECT_EQ(round.reports, 3);
  ASSERT_EQ(round.postponed.size(), 11u);
  EXPECT_TRUE(round.postponed.front().ends_with("4 of 4 calls of this hour are used"))
      << round.postponed.front();
  EXPECT_TRUE(round.problems.empty());
  world_.may_call = nullptr;
  EXPECT_EQ(Round().postponed.size(), 0u);
  EXPECT_EQ(Spend(On("2026-03-01"), On("2026-03-31")), "620.00");
}

TEST_F(Collect, TooMuchDataIsHalvedAndAnOutageIsLeftAlone) {
  platform_->days_max = 8;
  const AccountPull round = Round();
  EXPECT_TRUE(round.problems.empty());
  EXPECT_EQ(Spend(On("2026-03-01"), On("2026-03-31")), "620.00");
  clock_.AdvanceTo(clock_.Now() + hours(24));
  platform_->calls = 0;
  platform_->down_for = 100;
  const AccountPull down = Round();
  EXPECT_EQ(platform_->calls, 3);
  EXPECT_EQ(down.problems.size(), 3u);
  EXPECT_FALSE(down.postponed.empty());
  EXPECT_EQ(Spend(On("2026-03-01"), On("2026-03-31")), "620.00");
}

TEST_F(Collect, QualityOfADayByHand) {
  Round();
  // Noon of 31 March: yesterday is whole, today is not.
  const DayQuality today = Judged(On("2026-03-31"));
  EXPECT_EQ(today.completeness.state, QualityState::kPending);
  EXPECT_EQ(today.freshness.state, QualityState::kOk);
  EXPECT_EQ(today.maturity.state, QualityState::kPending);
  const DayQuality yesterday = Judged(On("2026-03-30"));
  EXPECT_EQ(yesterday.completeness.state, QualityState::kOk);
  EXPECT_EQ(yesterday.reconciliation.state, QualityState::kOk);
  EXPECT_EQ(yesterday.maturity.state, QualityState::kPending);
  ASSERT_TRUE(yesterday.share_known);
  // Half a day after its end: between 0.425 and 0.5 of what comes in time, which is 0.975 of all.
  EXPECT_NEAR(*yesterday.share_known, 0.4625 / 0.9748, 0.002);
  EXPECT_EQ(Judged(On("2026-03-01")).maturity.state, QualityState::kOk);
  // Claimed conversions are not for decisions yet, spend is.
  DecisionUse use{On("2026-03-24"), On("2026-03-30"), true, {}};
  EXPECT_EQ(DecisionHold(*facts_, {kInfo}, use, clock_.Now())->reasons.size(), 1u);
  use.claimed_conversions = false;
  EXPECT_FALSE(DecisionHold(*facts_, {kInfo}, use, clock_.Now())->held());
  // Two currencies, and an account that nobody has read.
  AccountInfo dollars = kInfo;
  dollars.account.id = "3";
  dollars.currency = kUsd;
  const auto hold = DecisionHold(*facts_, {kInfo, dollars}, use, clock_.Now());
  ASSERT_EQ(hold->reasons.size(), 2u);
  EXPECT_NE(hold->reasons[0].find("EUR, USD"), std::string::npos);
  EXPECT_NE(hold->reasons[1].find("incomplete"), std::string::npos);
  // Three days without a round.
  clock_.AdvanceTo(clock_.Now() + hours(72));
  EXPECT_EQ(Judged(On("2026-03-30")).freshness.state, QualityState::kBad);
  EXPECT_EQ(Judged(On("2026-03-31")).freshness.state, QualityState::kBad);
  const auto kept = facts_->Quality(kMeta, On("2026-03-30"), On("2026-03-31"));
  ASSERT_EQ(kept->size(), 2u);
  EXPECT_EQ(kept->front().freshness.state, QualityState::kOk);  // as it was judged then
}

TEST_F(Collect, MaturityIsLearntFromTheAccountsOwnGrowth) {
  // A platform that restates for three days. Half of a day's conversions are known when it is read
  // first, all of them a day later; the hundreds of them outweigh the prior's 50.
  platform_->SetRestatementDays(3);
  for (Day today = On("2026-04-01"); today <= On("2026-04-08"); today += days(1)) {
    clock_.AdvanceTo(zone_.Begin(today) + hours(10));
    for (auto& [day, cells] : platform_->truth) {
      cells[{"1", "11"}].conversions = day >= today - days(1) ? 400 : 800;
    }
    Round();
  }
  const auto judged = DataQuality(*facts_, kInfo, On("2026-04-05"), On("2026-04-07"), clock_.Now(),
                                  {.restatement_days = 3});
  ASSERT_TRUE(judged);
  ASSERT_TRUE(judged->back().share_known);
  EXPECT_NEAR(*judged->back().share_known, 0.5, 0.02);
  EXPECT_EQ(judged->back().maturity.state, QualityState::kPending);
  EXPECT_NE(judged->back().maturity.why.find("of this account's past days"), std::string::npos);
  EXPECT_EQ(judged->front().maturity.state, QualityState::kOk);
}

TEST(Slices, TheOrderIsTodayThenYoungThenOld) {
  Truth platform;
  const Zone zone = *Zone::Find("Europe/Berlin");
  const Instant now = *ParseInstant("2026-03-31T10:00:00Z");
  const auto plan = PlanChunks(platform.capabilities(),
                               {.depth = MonitorDepth::kYear, .backfill_days = 40}, zone, now, {});
  ASSERT_EQ(plan.chunks.size(), 19u);
  EXPECT_EQ(plan.chunks[0], (Chunk{Level::kAccount, Grain::kDay, Breakdown::kNone, On("2026-03-30"),
                                   On("2026-03-31")}));
  EXPECT_EQ(plan.chunks[4], (Chunk{Level::kCampaign, Grain::kDay, Breakdown::kDevice,
                                   On("2026-03-30"), On("2026-03-30")}));
  EXPECT_EQ(plan.chunks[5], (Chunk{Level::kAccount, Grain::kDay, Breakdown::kNone, On("2026-03-24"),
                                   On("2026-03-29")}));
  EXPECT_EQ(plan.chunks[13], (Chunk{Level::kCampaign, Grain::kHour, Breakdown::kNone,
                                    On("2026-03-03"), On("2026-03-29")}));
  EXPECT_EQ(plan.chunks[15], (Chunk{Level::kCampaign, Grain::kDay, Breakdown::kNone,
                                    On("2026-02-19"), On("2026-02-28")}));
  // Ads and breakdowns as far back as what is decided on them.
  EXPECT_EQ(plan.chunks[16],
            (Chunk{Level::kAd, Grain::kDay, Breakdown::kNone, On("2026-02-19"), On("2026-02-28")}));
  EXPECT_EQ(plan.chunks[17], (Chunk{Level::kCampaign, Grain::kDay, Breakdown::kDevice,
                                    On("2026-02-19"), On("2026-02-28")}));
  EXPECT_EQ(plan.chunks[18], (Chunk{Level::kCampaign, Grain::kHour, Breakdown::kNone,
                                    On("2026-02-19"), On("2026-03-02")}));
}

// Each day's hours were read the morning after; those three weeks old are read once more.
TEST(Slices, HoursAreReadAgainWhenTheirConversionsAreKnown) {
  Truth platform;
  const Zone zone = *Zone::Find("Europe/Berlin");
  const Instant now = *ParseInstant("2026-03-31T10:00:00Z");
  std::vector<SliceInfo> known;
  const auto hours_read = [&](const std::vector<SliceInfo>& slices) {
    std::vector<Chunk> out;
    const auto plan = PlanChunks(platform.capabilities(), {}, zone, now, slices);
    for (const Chunk& chunk : plan.chunks) {
      if (chunk.grain == Grain::kHour && chunk.to < On("2026-03-29")) out.push_back(chunk);
    }
    return out;
  };
  for (Day day = On("2026-03-03"); day <= On("2026-03-31"); day += days(1)) {
    SliceInfo slice;
    slice.grain = Grain::kHour;
    slice.day = day;
    slice.read_at = std::min(now, zone.End(day) + std::chrono::hours(10));
    known.push_back(slice);
  }
  const Chunk ripe{Level::kCampaign, Grain::kHour, Breakdown::kNone, On("2026-03-03"),
                   On("2026-03-09")};
  EXPECT_EQ(hours_read(known), std::vector<Chunk>{ripe});
  for (SliceInfo& slice : known) {
    if (slice.day <= On("2026-03-09")) slice.read_at = now - std::chrono::hours(1);
  }
  EXPECT_TRUE(hours_read(known).empty());
}

}  // namespace
}  // namespace maxopt
