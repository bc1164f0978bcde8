#include "sim/market/market.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "sim/market/channel.h"
#include "sim/market/random.h"

namespace maxopt::sim {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::hours;

Day DayAt(std::string_view text) { return *ParseDay(text); }
Instant At(std::string_view text) { return *ParseInstant(text); }
Zone Berlin() { return *Zone::Find("Europe/Berlin"); }

/// An account whose campaigns a test sets by hand.
struct Source : DeliverySource {
  std::vector<BudgetUnit> units;
  std::function<void(Instant)> before;
  std::vector<BudgetUnit> Deliverable(Instant hour_begins) override {
    if (before) before(hour_begins);
    return units;
  }
};

Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }

BudgetUnit UnitOf(std::string campaign, Audience audience, Money daily) {
  BudgetUnit unit;
  unit.campaign_id = campaign;
  unit.daily_budget = daily;
  unit.audience = audience;
  unit.countries = {"DE", "AT"};
  unit.ads = {{campaign + "1", campaign + "0", "creative of " + campaign}};
  return unit;
}

const AccountId kGoogle{Platform::kGoogleAds, "1234567890"};
const AccountId kMetaAccount{Platform::kMeta, "777"};

struct World {
  explicit World(std::string_view start, double noise = 0, std::uint64_t seed = 1)
      : market(
            Market::Make({.seed = seed, .start = At(start), .brand_terms = {}, .noise = noise})) {
    market->Register({kGoogle, kEur, Berlin()}, &google);
    market->Register({kMetaAccount, kEur, Berlin()}, &meta);
  }
  std::vector<ReportRow> Rows(const AccountId& account, Day from, Day to,
                              Breakdown breakdown = Breakdown::kNone,
                              std::optional<Instant> as_of = {}) const {
    return market->Report({account, from, to, breakdown, as_of.value_or(market->now())});
  }
  Source google;
  Source meta;
  std::unique_ptr<Market> market;
};

std::int64_t Sum(const std::vector<ReportRow>& rows, std::int64_t ReportRow::*amount) {
  std::int64_t sum = 0;
  for (const auto& row : rows) sum += row.*amount;
  return sum;
}
std::int64_t Conversions(const std::vector<ReportRow>& rows) {
  return Sum(rows, &ReportRow::conversions_click) + Sum(rows, &ReportRow::conversions_view);
}

std::string Text(const std::vector<ReportRow>& rows) {
  std::string text;
  for (const auto& row : rows) {
    text +=
        fmt::format("{} {} {}/{}/{} {}: {} {} {} {} {} {} {} {}\n", PrintDay(row.day), row.hour,
                    row.campaign_id, row.ad_group_id, row.ad_id, row.segment, row.spend_micros,
                    row.impressions, row.eligible_impressions, row.clicks, row.conversions_click,
                    row.conversions_view, row.revenue_click_micros, row.revenue_view_micros);
  }
  return text;
}

constexpr std::int64_t ReportRow::*kAll[] = {
    &ReportRow::spend_micros,         &ReportRow::impressions,
    &ReportRow::eligible_impressions, &ReportRow::clicks,
    &ReportRow::conversions_click,    &ReportRow::conversions_view,
    &ReportRow::revenue_click_micros, &ReportRow::revenue_view_micros};

TEST(Market, WithoutNoiseADaySpendsItsBudget) {
  World world("2025-06-09T22:00:00Z");  // midnight in Berlin
  world.meta.units = {UnitOf("c", Audience::kProspecting, Eur(100))};
  world.market->AdvanceTo(At("2025-06-11T22:00:00Z"));
  const auto rows = world.Rows(kMetaAccount, DayAt("2025-06-10"), DayAt("2025-06-10"));
  ASSERT_EQ(rows.size(), 24u);
  EXPECT_EQ(Sum(rows, &ReportRow::spend_micros), 100'000'000);
  for (int hour = 0; hour < 24; ++hour) {
    const auto& row = rows[static_cast<std::size_t>(hour)];
    EXPECT_EQ(row.hour, hour);
    EXPECT_EQ(row.spend_micros % 10'000, 0);  // whole cents
    EXPECT_LE(row.clicks, row.impressions);
    EXPECT_LE(row.impressions, row.eligible_impressions);
  }
  // 20:00 has 1.80 of the weights that sum to 22.85: 7.88 EUR.
  EXPECT_NEAR(static_cast<double>(rows[20].spend_micros), 100e6 * 1.80 / 22.85, 10'000);
}

// Two days of generic search by hand: the stock carries over, and what a new campaign brings in its
// first 72 hours is 0.85 of the curve.
TEST(Market, TruthFollowsCurveAndCarryOver) {
  World world("2025-06-09T22:00:00Z");
  world.google.units = {UnitOf("c", Audience::kSearchGeneric, Eur(480))};
  world.market->AdvanceTo(At("2025-06-15T22:00:00Z"));
  const Conditions conditions(1, 0);
  const Channel channel = DrawChannel(1, Platform::kGoogleAds, Audience::kSearchGeneric, 1);
  ASSERT_GT(channel.decay, 0);
  double carried = 0;
  for (int i = 0; i < 6; ++i) {
    const Day day = DayAt("2025-06-10") + days(i);
    const auto truth = world.market->Truth(day, day);
    ASSERT_EQ(truth.size(), 1u);
    EXPECT_EQ(truth[0].spend_micros, 480'000'000);
    const double price = conditions.Price(day, Platform::kGoogleAds);
    const double stock = 480 / price + carried;
    const double curve = conditions.Response(day, Platform::kGoogleAds, Audience::kSearchGeneric) *
                         channel.curve(stock);
    if (i == 0) {
      EXPECT_NEAR(truth[0].revenue_incremental, 0.85 * curve, 1e-6 * curve);
    }
    if (i >= 4) {
      EXPECT_NEAR(truth[0].revenue_incremental, curve, 1e-6 * curve);
    }
    carried = channel.decay * stock;
  }
}

TEST(Market, WhatIsCarriedOverSellsWithoutSpend) {
  World world("2025-06-09T22:00:00Z");
  world.meta.units = {UnitOf("c", Audience::kProspecting, Eur(500))};
  world.market->AdvanceTo(At("2025-06-15T22:00:00Z"));
  world.meta.units.clear();
  world.market->AdvanceTo(At("2025-06-20T22:00:00Z"));
  const auto truth = world.market->Truth(DayAt("2025-06-15"), DayAt("2025-06-20"));
  ASSERT_EQ(truth.size(), 6u);
  EXPECT_EQ(truth[1].spend_micros, 0);
  EXPECT_GT(truth[1].revenue_incremental, 0);
  for (std::size_t i = 1; i < truth.size(); ++i) {
    EXPECT_LT(truth[i].revenue_incremental, truth[i - 1].revenue_incremental);
  }
}

TEST(Market, TwoCampaignsOfOneAudienceShareItsCurve) {
  World one("2025-06-09T22:00:00Z");
  one.google.units = {UnitOf("a", Audience::kSearchGeneric, Eur(480))};
  World two("2025-06-09T22:00:00Z");
  two.google.units = {UnitOf("a", Audience::kSearchGeneric, Eur(240)),
                      UnitOf("b", Audience::kSearchGeneric, Eur(240))};
  for (World* world : {&one, &two}) world->market->AdvanceTo(At("2025-06-10T22:00:00Z"));
  const Day day = DayAt("2025-06-10");
  EXPECT_NEAR(one.market->Truth(day, day)[0].revenue_incremental,
              two.market->Truth(day, day)[0].revenue_incremental, 1e-3);
}

TEST(Market, DaysOf23And25HoursSpendTheWholeBudget) {
  World spring("2025-03-29T23:00:00Z");
  spring.meta.units = {UnitOf("c", Audience::kProspecting, Eur(100))};
  spring.market->AdvanceTo(At("2025-03-31T22:00:00Z"));
  const auto short_day = spring.Rows(kMetaAccount, DayAt("2025-03-30"), DayAt("2025-03-30"));
  EXPECT_EQ(short_day.size(), 23u);
  EXPECT_EQ(Sum(short_day, &ReportRow::spend_micros), 100'000'000);
  for (const auto& row : short_day) EXPECT_NE(row.hour, 2);

  World autumn("2025-10-25T22:00:00Z");
  autumn.meta.units = {UnitOf("c", Audience::kProspecting, Eur(100))};
  autumn.market->AdvanceTo(At("2025-10-27T23:00:00Z"));
  const auto long_day = autumn.Rows(kMetaAccount, DayAt("2025-10-26"), DayAt("2025-10-26"));
  ASSERT_EQ(long_day.size(), 24u);  // both passes of hour 2 are one row
  EXPECT_EQ(Sum(long_day, &ReportRow::spend_micros), 100'000'000);
  EXPECT_NEAR(static_cast<double>(long_day[2].spend_micros),
              2 * static_cast<double>(long_day[3].spend_micros) * 0.20 / 0.15, 25'000);
}

TEST(Market, BudgetChangedAtNoonCountsForTheRest) {
  World world("2025-06-09T22:00:00Z");
  world.meta.units = {UnitOf("c", Audience::kProspecting, Eur(100))};
  world.market->AdvanceTo(At("2025-06-10T10:00:00Z"));
  const Money morning = world.market->SpentToday(kMetaAccount, "c", "");
  world.meta.units[0].daily_budget = Eur(200);
  world.market->AdvanceTo(At("2025-06-10T22:00:00Z"));
  const auto rows = world.Rows(kMetaAccount, DayAt("2025-06-10"), DayAt("2025-06-10"));
  const std::int64_t rest = Sum(rows, &ReportRow::spend_micros) - morning.micros();
  EXPECT_NEAR(static_cast<double>(rest), 2.0 * static_cast<double>(100'000'000 - morning.micros()),
              20'000);
  EXPECT_EQ(world.market->SpentToday(kMetaAccount, "c", ""), Money::Zero(kEur));  // a new day
}

TEST(Market, LifetimeBudgetLandsOnItsLastDay) {
  World world("2025-06-09T22:00:00Z", 1);
  BudgetUnit unit = UnitOf("c", Audience::kProspecting, Eur(1));
  unit.daily_budget.reset();
  unit.lifetime_budget = Eur(1000);
  unit.last_day = DayAt("2025-06-19");
  world.meta.units = {unit};
  world.market->AdvanceTo(At("2025-06-25T22:00:00Z"));
  const auto rows =
      world.Rows(kMetaAccount, DayAt("2025-06-10"), DayAt("2025-06-25"), Breakdown::kNone);
  EXPECT_LE(Sum(rows, &ReportRow::spend_micros), 1'000'000'000);
  EXPECT_GT(Sum(rows, &ReportRow::spend_micros), 900'000'000);
  EXPECT_EQ(rows.back().day, DayAt("2025-06-19"));
}

TEST(Market, DeliveryStaysWithinThePlatformsPromises) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    World world("2024-12-31T23:00:00Z", 1, seed);
    world.google.units = {UnitOf("g", Audience::kSearchGeneric, Eur(100))};
    world.meta.units = {UnitOf("m", Audience::kProspecting, Eur(100))};
    world.market->AdvanceTo(At("2025-06-30T22:00:00Z"));
    const auto spent_by = [&](const AccountId& account, auto key) {
      std::map<std::int64_t, std::int64_t> spent;
      for (Day day = DayAt("2025-01-01"); day <= DayAt("2025-06-30"); day += days(1)) {
        for (const auto& row : world.Rows(account, day, day, Breakdown::kNone)) {
          spent[key(day)] += row.spend_micros;
        }
      }
      return spent;
    };
    const auto by_day = [](Day day) { return day.time_since_epoch().count(); };
    for (const auto& [day, micros] : spent_by(kGoogle, by_day)) EXPECT_LE(micros, 200'000'000);
    for (const auto& [day, micros] : spent_by(kMetaAccount, by_day)) EXPECT_LE(micros, 125'000'000);
    const auto by_month = [](Day day) {
      return static_cast<std::int64_t>(
          static_cast<unsigned>(std::chrono::year_month_day(day).month()));
    };
    std::int64_t google = 0;
    for (const auto& [month, micros] : spent_by(kGoogle, by_month)) {
      EXPECT_LE(micros, 3'040'000'000);
      google += micros;
    }
    EXPECT_NEAR(static_cast<double>(google), 181 * 100e6, 0.04 * 181 * 100e6);
    const auto by_week = [](Day day) { return (day.time_since_epoch().count() + 4) / 7; };
    std::int64_t meta = 0;
    for (const auto& [week, micros] : spent_by(kMetaAccount, by_week)) {
      EXPECT_LE(micros, 700'000'000);
      meta += micros;
    }
    EXPECT_NEAR(static_cast<double>(meta), 181 * 100e6, 0.04 * 181 * 100e6);
  }
}

TEST(Market, AnAudienceAbsorbsOnlySoMuch) {
  World world("2025-06-09T22:00:00Z");
  world.google.units = {UnitOf("c", Audience::kSearchBrand, Eur(5000))};
  world.market->AdvanceTo(At("2025-06-10T22:00:00Z"));
  const auto rows = world.Rows(kGoogle, DayAt("2025-06-10"), DayAt("2025-06-10"));
  EXPECT_NEAR(static_cast<double>(Sum(rows, &ReportRow::spend_micros)), 240e6, 1e6);  // 2 x 120
}

TEST(Market, SegmentsSumToTheWhole) {
  World world("2025-06-09T22:00:00Z", 1);
  world.meta.units = {UnitOf("c", Audience::kProspecting, Eur(400))};
  world.market->AdvanceTo(At("2025-06-20T22:00:00Z"));
  const Day from = DayAt("2025-06-10");
  const auto whole = world.Rows(kMetaAccount, from, from + days(9));
  ASSERT_GT(Conversions(whole), 20);
  for (const Breakdown breakdown :
       {Breakdown::kDevice, Breakdown::kCountry, Breakdown::kPlacement, Breakdown::kAgeGender}) {
    const auto parts = world.Rows(kMetaAccount, from, from + days(9), breakdown);
    std::set<std::string> names;
    for (const auto& part : parts) {
      names.insert(part.segment);
      EXPECT_LE(part.clicks, part.impressions);
    }
    EXPECT_GE(names.size(), 2u) << BreakdownName(breakdown);
    for (const auto amount : kAll) EXPECT_EQ(Sum(parts, amount), Sum(whole, amount));
  }
  const auto countries = world.Rows(kMetaAccount, from, from, Breakdown::kCountry);
  EXPECT_EQ(countries[0].segment, "AT");  // ordered, and AT has half of DE
}

// Phones have 61 of 100 impressions, desktops 35, tablets 4. At half the bid phones weigh 30.5, and
// with tablets left out have 30.5 / 65.5 of the impressions and 15.25 / 50.25 of the spend.
TEST(Market, BidsMoveTheSharesOfTheirSegments) {
  World world("2025-06-09T22:00:00Z", 0);
  BudgetUnit unit = UnitOf("c", Audience::kSearchGeneric, Eur(400));
  world.google.units = {unit};
  world.market->AdvanceTo(At("2025-06-20T22:00:00Z"));
  const Day from = DayAt("2025-06-10");
  const auto told = Text(world.Rows(kGoogle, from, from + days(9), Breakdown::kDevice));

  World other("2025-06-09T22:00:00Z", 0);
  unit.bids = {{Breakdown::kDevice, "mobile", 5'000},
               {Breakdown::kDevice, "tablet", 0},
               {Breakdown::kDevice, "connected_tv", 20'000},
               {Breakdown::kCountry, "DE", 20'000}};
  other.google.units = {unit};
  other.market->AdvanceTo(At("2025-06-20T22:00:00Z"));
  const auto whole = other.Rows(kGoogle, from, from + days(9));
  EXPECT_EQ(Text(whole), Text(world.Rows(kGoogle, from, from + days(9))));
  const auto parts = other.Rows(kGoogle, from, from + days(9), Breakdown::kDevice);
  EXPECT_NE(Text(parts), told);
  const auto share = [&](const std::string& segment, auto amount) {
    std::int64_t own = 0;
    for (const auto& part : parts) own += part.segment == segment ? part.*amount : 0;
    return static_cast<double>(own) / static_cast<double>(Sum(whole, amount));
  };
  EXPECT_NEAR(share("mobile", &ReportRow::impressions), 30.5 / 65.5, 0.005);
  EXPECT_NEAR(share("mobile", &ReportRow::clicks), 30.5 / 65.5, 0.02);
  EXPECT_NEAR(share("mobile", &ReportRow::spend_micros), 15.25 / 50.25, 0.005);
  EXPECT_EQ(share("tablet", &ReportRow::spend_micros), 0);
  for (const auto amount : kAll) EXPECT_EQ(Sum(parts, amount), Sum(whole, amount));
  // Germany has twice Austria's weight, and now twice the bid: 4 to 1, and 8 to 1 of the spend.
  const auto countries = other.Rows(kGoogle, from, from + days(9), Breakdown::kCountry);
  std::map<std::string, double> spent, shown;
  for (const auto& row : countries) {
    spent[row.segment] += static_cast<double>(row.spend_micros);
    shown[row.segment] += static_cast<double>(row.impressions);
  }
  EXPECT_NEAR(shown["DE"] / shown["AT"], 4, 0.1);
  EXPECT_NEAR(spent["DE"] / spent["AT"], 8, 0.2);

  // Who is shown on no device does not deliver.
  World none("2025-06-09T22:00:00Z", 0);
  unit.bids = {{Breakdown::kDevice, "mobile", 0},
               {Breakdown::kDevice, "tablet", 0},
               {Breakdown::kDevice, "desktop", 0}};
  none.google.units = {unit};
  none.market->AdvanceTo(At("2025-06-12T22:00:00Z"));
  EXPECT_TRUE(none.Rows(kGoogle, from, from).empty());
}

TEST(Market, ReportsAreRestatedButThePastStaysAsItWasTold) {
  World world("2025-06-01T22:00:00Z", 1);
  world.google.units = {UnitOf("g", Audience::kSearchGeneric, Eur(500))};
  world.meta.units = {UnitOf("m", Audience::kProspecting, Eur(500))};
  const Day day = DayAt("2025-06-02");
  std::vector<std::string> told;
  std::vector<std::int64_t> conversions;
  std::vector<std::int64_t> spend;
  for (int i = 1; i <= 40; ++i) {
    world.market->AdvanceTo(At("2025-06-01T22:00:00Z") + days(i));
    const auto rows = world.Rows(kMetaAccount, day, day);
    told.push_back(Text(rows));
    conversions.push_back(Conversions(rows));
    spend.push_back(Sum(rows, &ReportRow::spend_micros));
  }
  for (int i = 1; i <= 40; ++i) {
    EXPECT_EQ(Text(world.Rows(kMetaAccount, day, day, Breakdown::kNone,
                              At("2025-06-01T22:00:00Z") + days(i))),
              told[static_cast<std::size_t>(i - 1)])
        << "day " << i;
  }
  EXPECT_GT(conversions[10], conversions[0]);  // late conversions
  EXPECT_LE(spend[3], spend[0]);               // credits come within three days
  for (std::size_t i = 4; i < spend.size(); ++i) EXPECT_EQ(spend[i], spend[3]);
  EXPECT_EQ(told[31], told[39]);  // nothing changes after 30 days
  EXPECT_EQ(Text(world.Rows(kMetaAccount, day, day, Breakdown::kNone, At("2025-06-01T00:00:00Z"))),
            "");  // nothing was known before
}

TEST(Market, SomeConversionsAreTakenBack) {
  World world("2025-06-01T22:00:00Z", 1);
  world.meta.units = {UnitOf("m", Audience::kProspecting, Eur(2000))};
  world.market->AdvanceTo(At("2025-07-30T22:00:00Z"));
  int down = 0;
  for (Day day = DayAt("2025-06-02"); day < DayAt("2025-06-12"); day += days(1)) {
    std::int64_t before = 0;
    for (int i = 1; i < 45; ++i) {
      const std::int64_t now = Conversions(
          world.Rows(kMetaAccount, day, day, Breakdown::kNone, Berlin().Begin(day) + days(i)));
      if (now < before) ++down;
      before = now;
    }
  }
  EXPECT_GT(down, 3);
}

std::string MonthOfReports(std::uint64_t seed, bool other_campaign) {
  World world("2025-06-01T22:00:00Z", 1, seed);
  world.google.units = {UnitOf("g", Audience::kSearchGeneric, Eur(300))};
  world.meta.units = {UnitOf("m", Audience::kProspecting, Eur(300))};
  if (other_campaign) {
    world.google.units.push_back(UnitOf("b", Audience::kSearchBrand, Eur(100)));
    world.meta.units.insert(world.meta.units.begin(),
                            UnitOf("a", Audience::kRetargeting, Eur(100)));
  }
  world.market->AdvanceTo(At("2025-07-01T22:00:00Z"));
  std::string text;
  for (const auto& account : {kGoogle, kMetaAccount}) {
    auto rows = world.Rows(account, DayAt("2025-06-02"), DayAt("2025-07-01"));
    std::erase_if(rows,
                  [](const auto& row) { return row.campaign_id == "a" || row.campaign_id == "b"; });
    text += Text(rows);
  }
  return text;
}

TEST(Market, SameSeedSameBytes) {
  EXPECT_EQ(MonthOfReports(5, false), MonthOfReports(5, false));
  EXPECT_NE(MonthOfReports(5, false), MonthOfReports(6, false));
}

TEST(Market, AnotherCampaignLeavesTheLuckOfTheRestAlone) {
  EXPECT_EQ(MonthOfReports(5, false), MonthOfReports(5, true));
}

TEST(Market, HowOneAdvancesDoesNotMatter) {
  World steps("2025-06-01T22:00:00Z", 1);
  World leap("2025-06-01T22:00:00Z", 1);
  for (World* world : {&steps, &leap}) {
    world->google.units = {UnitOf("g", Audience::kSearchGeneric, Eur(300))};
  }
  for (int i = 0; i <= 72 * 4; ++i) {
    steps.market->AdvanceTo(At("2025-06-01T22:00:00Z") + 15min * i);
  }
  leap.market->AdvanceTo(At("2025-06-04T22:10:00Z"));
  leap.market->AdvanceTo(At("2025-06-02T22:00:00Z"));  // earlier: ignored
  EXPECT_EQ(steps.market->now(), leap.market->now());
  EXPECT_EQ(Text(steps.Rows(kGoogle, DayAt("2025-06-01"), DayAt("2025-06-05"))),
            Text(leap.Rows(kGoogle, DayAt("2025-06-01"), DayAt("2025-06-05"))));
}

TEST(Market, PlatformsClaimMoreThanTheyCause) {
  World world("2025-01-01T00:00:00Z", 1);
  world.google.units = {UnitOf("b", Audience::kSearchBrand, Eur(120)),
                        UnitOf("g", Audience::kSearchGeneric, Eur(500))};
  world.meta.units = {UnitOf("p", Audience::kProspecting, Eur(500)),
                      UnitOf("r", Audience::kRetargeting, Eur(200))};
  world.market->AdvanceTo(At("2025-07-01T00:00:00Z"));
  const Day from = DayAt("2025-01-02");
  const Day to = DayAt("2025-05-31");
  std::map<Audience, double> caused;
  for (const auto& day : world.market->Truth(from, to)) {
    caused[day.audience] += day.revenue_incremental;
  }
  std::map<std::string, double> claimed;
  for (const auto& account : {kGoogle, kMetaAccount}) {
    for (const auto& row : world.Rows(account, from, to)) {
      claimed[row.campaign_id] +=
          static_cast<double>(row.revenue_click_micros + row.revenue_view_micros) / 1e6;
    }
  }
  EXPECT_GT(claimed["b"], 3 * caused[Audience::kSearchBrand]);
  EXPECT_GT(claimed["r"], 3 * caused[Audience::kRetargeting]);
  const double generic = claimed["g"] / caused[Audience::kSearchGeneric];
  EXPECT_GT(generic, 1.05);
  EXPECT_LT(generic, 1.45);
  const double prospecting = claimed["p"] / caused[Audience::kProspecting];
  EXPECT_GT(prospecting, 1.35);
  EXPECT_LT(prospecting, 2.2);
}

TEST(Market, ShopIsBaselineAndAllIncrementalOrders) {
  World quiet("2025-01-01T23:00:00Z", 0);
  World busy("2025-01-01T23:00:00Z", 0);
  busy.google.units = {UnitOf("g", Audience::kSearchGeneric, Eur(500))};
  for (World* world : {&quiet, &busy}) {
    world->market->AdvanceTo(At("2025-03-01T23:00:00Z"));
    // Late orders of the ads come in without new spend.
    world->google.units.clear();
    world->market->AdvanceTo(At("2025-04-15T22:00:00Z"));
  }
  const Day from = DayAt("2025-01-02");
  const Day to = DayAt("2025-04-15");
  const auto revenue = [&](const World& world) {
    double sum = 0;
    for (const auto& day : world.market->Shop(from, to)) {
      sum += static_cast<double>(day.revenue_micros) / 1e6;
    }
    return sum;
  };
  double caused = 0;
  for (const auto& day : busy.market->Truth(from, to)) caused += day.revenue_incremental;
  EXPECT_GT(caused, 20'000);
  EXPECT_NEAR(revenue(busy) - revenue(quiet), caused, 0.002 * caused);
  EXPECT_EQ(busy.market->Shop(from, to).size(), 104u);
}

TEST(Market, TrackingOutageHidesOrdersFromPlatformsOnly) {
  World well("2025-06-01T22:00:00Z", 1);
  World hurt("2025-06-01T22:00:00Z", 1);
  for (World* world : {&well, &hurt}) {
    world->meta.units = {UnitOf("m", Audience::kProspecting, Eur(500))};
    world->market->AdvanceTo(At("2025-06-10T22:00:00Z"));
  }
  const Day day = DayAt("2025-06-12");
  const auto before = Text(hurt.Rows(kMetaAccount, DayAt("2025-06-02"), DayAt("2025-06-10")));
  // Reaches into the past, which stays as it was told.
  hurt.market->AddTrackingOutage(At("2025-06-01T22:00:00Z"), At("2025-06-12T22:00:00Z"));
  EXPECT_EQ(Text(hurt.Rows(kMetaAccount, DayAt("2025-06-02"), DayAt("2025-06-10"))), before);
  for (World* world : {&well, &hurt}) world->market->AdvanceTo(At("2025-06-20T22:00:00Z"));
  const auto seen = well.Rows(kMetaAccount, day, day);
  const auto hidden = hurt.Rows(kMetaAccount, day, day);
  EXPECT_EQ(Sum(seen, &ReportRow::spend_micros), Sum(hidden, &ReportRow::spend_micros));
  EXPECT_LT(2 * Conversions(hidden), Conversions(seen) + 2);
  const auto shop_well = well.market->Shop(day, day);
  const auto shop_hurt = hurt.market->Shop(day, day);
  EXPECT_EQ(shop_well[0].orders, shop_hurt[0].orders);
}

TEST(Market, ShocksMakeMediaDearOrdersFewOrDeliveryStopAndPassWithoutTrace) {
  const Instant from = At("2025-06-03T22:00:00Z");
  const Instant to = At("2025-06-04T22:00:00Z");
  const Day day = DayAt("2025-06-04");
  const auto lived = [&](std::optional<Shock> shock) {
    auto world = std::make_unique<World>("2025-06-01T22:00:00Z", 0);
    world->meta.units = {UnitOf("m", Audience::kProspecting, Eur(500))};
    if (shock) world->market->AddShock(*shock);
    world->market->AdvanceTo(At("2025-06-08T22:00:00Z"));
    return world;
  };
  const auto well = lived(std::nullopt);
  const auto impressions = Sum(well->Rows(kMetaAccount, day, day), &ReportRow::impressions);

  const auto dear = lived(Shock{from, to, Platform::kMeta, 2, 1, 1});
  EXPECT_NEAR(static_cast<double>(Sum(dear->Rows(kMetaAccount, day, day), &ReportRow::impressions)),
              static_cast<double>(impressions) / 2, 0.02 * static_cast<double>(impressions));
  const auto other = lived(Shock{from, to, Platform::kTikTok, 2, 1, 1});
  EXPECT_EQ(Text(other->Rows(kMetaAccount, day, day)), Text(well->Rows(kMetaAccount, day, day)));

  const auto lost = lived(Shock{from, to, std::nullopt, 1, 1, 0});
  EXPECT_EQ(Sum(lost->Rows(kMetaAccount, day, day), &ReportRow::spend_micros), 0);
  EXPECT_GT(Sum(lost->Rows(kMetaAccount, day + std::chrono::days(1), day + std::chrono::days(1)),
                &ReportRow::spend_micros),
            0);

  const auto broken = lived(Shock{from, to, std::nullopt, 1, 0, 1});
  const auto shop = broken->market->Shop(day, day);
  EXPECT_LT(shop[0].orders, well->market->Shop(day, day)[0].orders / 2)
      << "only what was ordered before and comes late";
  EXPECT_EQ(Sum(broken->Rows(kMetaAccount, day, day), &ReportRow::spend_micros),
            Sum(well->Rows(kMetaAccount, day, day), &ReportRow::spend_micros));
}

TEST(Market, YenAccountSpendsWholeYenInTheEuroMarket) {
  World world("2025-06-09T15:00:00Z");  // midnight in Tokyo
  const AccountId tokyo{Platform::kTikTok, "88"};
  Source source;
  source.units = {UnitOf("t", Audience::kProspecting, Money::Micros(48'000'000'000, kJpy))};
  world.market->Register({tokyo, kJpy, *Zone::Find("Asia/Tokyo")}, &source);
  world.market->AdvanceTo(At("2025-06-11T15:00:00Z"));
  const auto rows = world.Rows(tokyo, DayAt("2025-06-10"), DayAt("2025-06-10"));
  EXPECT_EQ(Sum(rows, &ReportRow::spend_micros), 48'000'000'000);
  for (const auto& row : rows) {
    EXPECT_EQ(row.spend_micros % 1'000'000, 0);
    EXPECT_EQ(row.revenue_click_micros % 1'000'000, 0);
  }
  // 48,000 yen are 300 euros in the simulator's rates.
  double euros = 0;
  for (const auto& day : world.market->Truth(DayAt("2025-06-09"), DayAt("2025-06-12"))) {
    euros += static_cast<double>(day.spend_micros) / 1e6;
  }
  EXPECT_NEAR(euros, 600, 0.1);
  world.market->Unregister(tokyo);
}

TEST(Market, AccountsWithHalfHourOffsetsHaveWholeDays) {
  World world("2025-06-09T00:00:00Z");
  const AccountId delhi{Platform::kMeta, "91"};
  Source source;
  source.units = {UnitOf("t", Audience::kProspecting, Eur(100))};
  world.market->Register({delhi, kEur, *Zone::Find("Asia/Kolkata")}, &source);
  world.market->AdvanceTo(At("2025-06-13T00:00:00Z"));
  const auto rows = world.Rows(delhi, DayAt("2025-06-11"), DayAt("2025-06-11"));
  EXPECT_EQ(rows.size(), 24u);
  EXPECT_EQ(Sum(rows, &ReportRow::spend_micros), 100'000'000);
  world.market->Unregister(delhi);
}

TEST(Market, UnknownAccountsHaveNothing) {
  World world("2025-06-09T22:00:00Z");
  const AccountId unknown{Platform::kX, "1"};
  EXPECT_TRUE(world.Rows(unknown, DayAt("2025-06-10"), DayAt("2025-06-10")).empty());
  EXPECT_TRUE(world.market->SpentToday(unknown, "c", "").zero());
  world.market->Unregister(unknown);
  // Nonsense budgets and units without ads spend nothing.
  world.meta.units = {UnitOf("neg", Audience::kProspecting, Eur(-5)),
                      UnitOf("none", Audience::kProspecting, Eur(5))};
  world.meta.units[1].ads.clear();
  world.market->AdvanceTo(At("2025-06-11T22:00:00Z"));
  EXPECT_TRUE(world.Rows(kMetaAccount, DayAt("2025-06-10"), DayAt("2025-06-11")).empty());
}

TEST(Review, PendingThenApprovedOrRejected) {
  const Instant at = At("2025-06-10T08:00:00Z");
  EXPECT_EQ(ReviewOf("Summer jackets", at, at + 59min).status, "pending");
  EXPECT_EQ(ReviewOf("Summer jackets", at, at + 6h).status, "approved");
  const Review bad = ReviewOf("A Miracle CURE for cold feet", at, at + 6h);
  EXPECT_EQ(bad.status, "rejected");
  EXPECT_EQ(bad.reason, "MISLEADING_CONTENT");
  EXPECT_EQ(bad.evidence, "miracle cure");
  EXPECT_EQ(ReviewOf("miracle cure", at, at).status, "pending");
}

}  // namespace
}  // namespace maxopt::sim
