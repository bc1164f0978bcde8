#include "memory/facts/facts.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <tuple>

namespace maxopt {
namespace {

using Kind = FactCell::Kind;
namespace fs = std::filesystem;

Day D(std::string_view text) { return ParseDay(text).value(); }
Instant T(std::string_view text) { return ParseInstant(text).value(); }
Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }

const AccountId kGoogle{Platform::kGoogleAds, "1234567890"};
const AccountId kMeta{Platform::kMeta, "42"};

/// A row at campaign level by day; the tests change what they are about.
MetricRow Row(Day day, std::string campaign, Money spend, std::int64_t impressions = 1000,
              std::int64_t clicks = 10) {
  MetricRow row{.day = day,
                .hour = std::nullopt,
                .campaign_id = std::move(campaign),
                .ad_group_id = "",
                .ad_id = "",
                .segment = "",
                .spend = spend,
                .impressions = impressions,
                .clicks = clicks,
                .conversions_claimed = std::nullopt,
                .revenue_claimed = std::nullopt,
                .impression_share = std::nullopt};
  return row;
}
MetricReport Report(const AccountId& account, Day from, Day to, std::vector<MetricRow> rows,
                    Level level = Level::kCampaign) {
  MetricReport report{.query = {.account = account,
                                .level = level,
                                .grain = Grain::kDay,
                                .breakdown = Breakdown::kNone,
                                .from = from,
                                .to = to},
                      .attribution_window = "30d_click",
                      .rows = std::move(rows),
                      .complete = true,
                      .incomplete_why = ""};
  return report;
}

std::string Print(const FactCell& cell) {
  switch (cell.kind) {
    case Kind::kAbsent:
      return "-";
    case Kind::kInteger:
      return std::to_string(cell.integer);
    case Kind::kReal: {
      std::string text = std::to_string(cell.real);
      return text;
    }
    case Kind::kMoney:
    case Kind::kText:
      return cell.text;
  }
  return "?";
}
/// One line per row, cells separated by a space.
std::vector<std::string> Lines(const FactTable& table) {
  std::vector<std::string> lines;
  for (const auto& row : table.rows) {
    std::string line;
    for (const auto& cell : row) line += (line.empty() ? "" : " ") + Print(cell);
    lines.push_back(line);
  }
  return lines;
}
using V = std::vector<std::string>;

class Facts : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = FactStore::Open(":memory:");
    ASSERT_TRUE(opened) << opened.error().what;
    store_ = *std::move(opened);
  }
  LoadSummary Load(const MetricReport& report, std::string_view at) {
    auto done = store_->Load(report, T(at), "test");
    EXPECT_TRUE(done) << (done ? "" : done.error().what);
    return done.value_or(LoadSummary{});
  }
  V Ask(const FactQuery& query) {
    auto table = store_->Query(query);
    if (!table) return {table.error().what};
    notes_ = table->notes;
    return Lines(*table);
  }
  std::string AskError(const FactQuery& query) {
    auto table = store_->Query(query);
    if (table) return "no error";
    EXPECT_EQ(table.error().code, Errc::kInvalidArgument);
    return table.error().what;
  }
  std::unique_ptr<FactStore> store_;
  V notes_;
};

FactQuery SpendByCampaign(std::optional<Instant> as_of = std::nullopt) {
  return {.measures = {"spend", "clicks"},
          .dimensions = {"campaign"},
          .filters = {},
          .from = std::nullopt,
          .to = std::nullopt,
          .grain = "none",
          .as_of = as_of,
          .level = std::nullopt};
}
FactQuery Of(V measures, V dimensions = {}) {
  FactQuery query;
  query.measures = std::move(measures);
  query.dimensions = std::move(dimensions);
  return query;
}

// ---- what was known when

TEST_F(Facts, RestatedUpDownAndToNothing) {
  const Day day = D("2026-03-01");
  const LoadSummary first =
      Load(Report(kGoogle, day, day, {Row(day, "7", Eur(10))}), "2026-03-02T00:00:00Z");
  EXPECT_EQ(first.rows, 1);
  EXPECT_EQ(first.slices_new, 1);
  const LoadSummary up =
      Load(Report(kGoogle, day, day, {Row(day, "7", Eur(12))}), "2026-03-03T00:00:00Z");
  EXPECT_EQ(up.slices_restated, 1);
  Load(Report(kGoogle, day, day, {Row(day, "7", Eur(9))}), "2026-03-04T00:00:00Z");
  Load(Report(kGoogle, day, day, {}), "2026-03-05T00:00:00Z");

  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-01T23:59:59Z"))), V{});  // before anything
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-02T00:00:00Z"))), V{"7 - EUR 10.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-02T23:59:59.999999Z"))), V{"7 - EUR 10.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-03T00:00:00Z"))), V{"7 - EUR 12.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-04T12:00:00Z"))), V{"7 - EUR 9.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign()), V{});  // restated to nothing: absent, not zero
  EXPECT_EQ(notes_, V{"nothing is known that answers this; that is not the same as zero"});
}

TEST_F(Facts, SlicesTellWhatHadBeenReadBySomeTime) {
  const Day day = D("2026-03-01");
  Load(Report(kGoogle, day, day, {Row(day, "7", Eur(10))}), "2026-03-02T00:00:00Z");
  Load(Report(kGoogle, day, day, {Row(day, "7", Eur(12))}), "2026-03-03T00:00:00Z");
  Load(Report(kGoogle, day, day, {Row(day, "7", Eur(12))}), "2026-03-04T00:00:00Z");
  const auto at = [&](const char* when) {
    return store_->Slices(kGoogle, day, day, true, T(when)).value();
  };
  EXPECT_TRUE(at("2026-03-01T23:59:59Z").empty());
  const auto first = at("2026-03-02T12:00:00Z");
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].read_at, T("2026-03-02T00:00:00Z"));
  EXPECT_EQ(first[0].spend.at("7"), 10'000'000);
  // Read again without news: later read, older content.
  const auto last = at("2026-03-04T00:00:00Z");
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].read_at, T("2026-03-04T00:00:00Z"));
  EXPECT_EQ(last[0].changed_at, T("2026-03-03T00:00:00Z"));
  EXPECT_EQ(last[0].spend.at("7"), 12'000'000);
}

TEST_F(Facts, UnchangedIsNotedNotStored) {
  const Day day = D("2026-03-01");
  const MetricRow a = Row(day, "7", Eur(10));
  const MetricRow b = Row(day, "8", Eur(5));
  Load(Report(kGoogle, day, day + std::chrono::days(1), {a, b}), "2026-03-02T00:00:00Z");
  // In another order: the same content.
  const LoadSummary again =
      Load(Report(kGoogle, day, day + std::chrono::days(1), {b, a}), "2026-03-03T00:00:00Z");
  EXPECT_EQ(again.rows, 0);
  EXPECT_EQ(again.slices_unchanged, 2);
  EXPECT_EQ(store_->Freshest().value()[0].learnt_at, T("2026-03-03T00:00:00Z"));
  EXPECT_EQ(store_->Freshest().value()[0].last_day, D("2026-03-02"));
  EXPECT_EQ(store_->Freshest().value()[0].account, kGoogle);
  // Another attribution window is another claim.
  MetricReport window = Report(kGoogle, day, day, {a, b});
  window.attribution_window = "7d_click";
  EXPECT_EQ(Load(window, "2026-03-04T00:00:00Z").slices_restated, 1);
  // One column among many is enough to be other content.
  MetricRow share = a;
  share.impression_share = 0.0;
  window.rows = {share, b};
  EXPECT_EQ(Load(window, "2026-03-05T00:00:00Z").slices_restated, 1);
}

TEST_F(Facts, OneAdDisappears) {
  const Day day = D("2026-03-01");
  Load(Report(kGoogle, day, day, {Row(day, "7", Eur(10)), Row(day, "8", Eur(5))}),
       "2026-03-02T00:00:00Z");
  Load(Report(kGoogle, day, day, {Row(day, "7", Eur(10))}), "2026-03-03T00:00:00Z");
  EXPECT_EQ(Ask(SpendByCampaign()), V{"7 - EUR 10.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-02T00:00:00Z"))),
            (V{"7 - EUR 10.00 10", "8 - EUR 5.00 10"}));
}

TEST_F(Facts, OlderNewsArrivesLater) {
  const Day day = D("2026-03-01");
  const auto load = [&](std::int64_t eur, std::string_view at) {
    return Load(Report(kGoogle, day, day, {Row(day, "7", Eur(eur))}), at);
  };
  load(10, "2026-03-10T00:00:00Z");
  load(10, "2026-03-30T00:00:00Z");  // seen again, the same
  EXPECT_EQ(load(20, "2026-03-20T00:00:00Z").slices_restated, 1);
  load(5, "2026-03-05T00:00:00Z");
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-04T00:00:00Z"))), V{});
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-05T00:00:00Z"))), V{"7 - EUR 5.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-10T00:00:00Z"))), V{"7 - EUR 10.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-25T00:00:00Z"))), V{"7 - EUR 20.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-30T00:00:00Z"))), V{"7 - EUR 10.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign()), V{"7 - EUR 10.00 10"});
  // At the same instant the later arrival wins.
  load(99, "2026-03-30T00:00:00Z");
  EXPECT_EQ(Ask(SpendByCampaign()), V{"7 - EUR 99.00 10"});
}

// ---- what a load refuses

TEST_F(Facts, LoadRefusesWhatIsNotAWholeReport) {
  const Day day = D("2026-03-01");
  const MetricReport good = Report(kGoogle, day, day, {Row(day, "7", Eur(10))});
  const auto refusal = [&](const MetricReport& report) -> std::string {
    auto done = store_->Load(report, T("2026-03-02T00:00:00Z"), "test");
    if (done) return "loaded";
    EXPECT_EQ(done.error().code, Errc::kInvalidArgument);
    return done.error().what;
  };
  using Change = void (*)(MetricReport&);
  const struct {
    Change change;
    const char* says;
  } cases[] = {
      {[](MetricReport& r) {
         r.complete = false;
         r.incomplete_why = "page 3 looped";
       },
       "page 3 looped"},
      {[](MetricReport& r) { r.rows[0].day += std::chrono::days(1); }, "outside the report's days"},
      {[](MetricReport& r) { r.rows[0].day = Day(std::chrono::days(9'000'000)); }, "no report"},
      {[](MetricReport& r) { r.query.to -= std::chrono::days(1); }, "not days"},
      {[](MetricReport& r) { r.rows[0].hour = 3; }, "an hour in a report by day"},
      {[](MetricReport& r) { r.query.grain = Grain::kHour; }, "no hour"},
      {[](MetricReport& r) {
         r.query.grain = Grain::kHour;
         r.rows[0].hour = 24;
       },
       "hour 24"},
      {[](MetricReport& r) { r.rows[0].campaign_id = ""; }, "no campaign id"},
      {[](MetricReport& r) { r.rows[0].campaign_id = "\xff"; }, "UTF-8"},
      {[](MetricReport& r) { r.rows[0].ad_id = "5"; }, "below the level"},
      {[](MetricReport& r) { r.rows[0].segment = "DE"; }, "segment \"DE\""},
      {[](MetricReport& r) { r.rows[0].revenue_claimed = Money::Micros(1, kUsd); },
       "currency USD after EUR"},
      {[](MetricReport& r) {
         r.rows.push_back(r.rows[0]);
         r.rows[1].spend = Money::Micros(1, kUsd);
       },
       "currency USD after EUR"},
      {[](MetricReport& r) { r.rows[0].clicks = -1; }, "below zero"},
      {[](MetricReport& r) { r.rows[0].conversions_claimed = std::nan(""); }, "not a number"},
      {[](MetricReport& r) { r.rows[0].impression_share = 1.01; }, "outside [0, 1]"},
      {[](MetricReport& r) { r.query.level = Level::kAsset; }, "assets"},
      {[](MetricReport& r) { r.query.account.id = ""; }, "account id"},
  };
  for (const auto& c : cases) {
    MetricReport report = good;
    c.change(report);
    EXPECT_NE(refusal(report).find(c.says), std::string::npos) << c.says << ": " << refusal(report);
  }
  EXPECT_EQ(store_->Freshest().value().size(), 0u);  // nothing by halves
  EXPECT_EQ(refusal(good), "loaded");
  // A second currency, in another load, is refused naming both; the first stays whole.
  MetricReport other = good;
  other.rows[0].spend = Money::Micros(1, kUsd);
  const std::string both = refusal(other);
  EXPECT_NE(both.find("EUR"), std::string::npos) << both;
  EXPECT_NE(both.find("USD"), std::string::npos) << both;
  EXPECT_EQ(Ask(SpendByCampaign()), V{"7 - EUR 10.00 10"});
  // And after a refusal the store goes on.
  EXPECT_EQ(Load(good, "2026-03-03T00:00:00Z").slices_unchanged, 1);
}

// ---- levels

TEST_F(Facts, CampaignLevelUnlessAnAccountHasOnlyDeeperOnes) {
  const Day day = D("2026-03-01");
  const Day next = D("2026-03-02");
  // Google: campaign level knows more than its ads (Performance Max has none); both are loaded.
  Load(Report(kGoogle, day, day, {Row(day, "7", Eur(10)), Row(day, "8", Eur(30))}),
       "2026-03-03T00:00:00Z");
  MetricRow ad = Row(day, "7", Eur(10));
  ad.ad_group_id = "70";
  ad.ad_id = "700";
  MetricRow later = ad;
  later.day = next;
  Load(Report(kGoogle, day, next, {ad, later}, Level::kAd), "2026-03-03T00:00:00Z");
  // Meta: ads only.
  ad.campaign_id = "1";
  ad.spend = Eur(3);
  MetricRow second = ad;
  second.ad_id = "701";
  Load(Report(kMeta, day, day, {ad, second}, Level::kAd), "2026-03-03T00:00:00Z");

  EXPECT_EQ(Ask(Of({"spend"}, {"platform"})), (V{"google_ads EUR 40.00", "meta EUR 6.00"}));
  EXPECT_EQ(notes_, V{"google_ads/1234567890: 1 day is known only at level ad and not in this "
                      "table, which counts level campaign"});
  EXPECT_EQ(Ask(Of({"spend"})), V{"EUR 46.00"});
  EXPECT_EQ(Ask(Of({"spend"}, {"platform", "campaign"})),
            (V{"google_ads 7 - EUR 10.00", "google_ads 8 - EUR 30.00", "meta 1 - EUR 6.00"}));
  EXPECT_EQ(Ask(Of({"spend"}, {"ad"})), (V{"700 - EUR 20.00", "700 - EUR 3.00", "701 - EUR 3.00"}));
  FactQuery query = Of({"spend"}, {"platform"});
  query.level = Level::kAd;
  EXPECT_EQ(Ask(query), (V{"google_ads EUR 20.00", "meta EUR 6.00"}));
  query.level = Level::kCampaign;
  EXPECT_EQ(Ask(query), V{"google_ads EUR 40.00"});
  EXPECT_EQ(notes_.size(), 2u);  // both the missing day and the missing account are told
  EXPECT_EQ(notes_[1], "meta/42: 1 day is known only at level ad and not in this table");
  query.dimensions = {"ad_group"};
  EXPECT_NE(AskError(query).find("level campaign does not know its ad_group"), std::string::npos);
  // The range decides: on its second day Google has only ads.
  query = Of({"spend"}, {"platform"});
  query.from = next;
  EXPECT_EQ(Ask(query), V{"google_ads EUR 10.00"});
  EXPECT_EQ(notes_, V{});
}

TEST_F(Facts, UnknownCampaignsOfTwoAccountsAreTwoRows) {
  // Ads whose file does not name the campaign: absent, and never two currencies in one row.
  const Day day = D("2026-03-01");
  MetricRow ad = Row(day, "", Eur(10));
  ad.ad_id = "700";
  Load(Report(kGoogle, day, day, {ad}, Level::kAd), "2026-03-03T00:00:00Z");
  ad.spend = Money::Micros(1, kUsd);
  MetricRow known = ad;
  known.campaign_id = "7";
  Load(Report(kMeta, day, day, {ad, known}, Level::kAd), "2026-03-03T00:00:00Z");
  EXPECT_EQ(Ask(Of({"spend"}, {"campaign"})),
            (V{"7 - USD 0.000001", "- - EUR 10.00", "- - USD 0.000001"}));
  EXPECT_EQ(Ask(Of({"clicks"}, {"campaign"})), (V{"7 - 10", "- - 10", "- - 10"}));
  EXPECT_EQ(Ask(Of({"clicks"}, {"platform", "ad_group", "ad"})),
            (V{"google_ads - - 700 - 10", "meta - - 700 - 20"}));
}

TEST_F(Facts, AccountLevelCountsOnlyWhereNothingDeeperIsKnown) {
  const Day day = D("2026-03-01");
  MetricRow whole = Row(day, "", Eur(8));
  Load(Report(kMeta, day, day, {whole}, Level::kAccount), "2026-03-02T00:00:00Z");
  EXPECT_EQ(Ask(Of({"spend"}, {"account"})), V{"42 - EUR 8.00"});
  EXPECT_EQ(Ask(Of({"spend"}, {"campaign"})), V{});
  EXPECT_EQ(notes_[0], "meta/42: 1 day is known only at level account and not in this table");
  Load(Report(kMeta, day, day, {Row(day, "1", Eur(7))}), "2026-03-02T00:00:00Z");
  EXPECT_EQ(Ask(Of({"spend"}, {"account"})), V{"42 - EUR 7.00"});
}

// ---- time

TEST_F(Facts, HoursOfDaysOf23And25HoursAndRollUps) {
  // Berlin: 2026-03-29 has no hour 2, 2026-10-25 has it twice; a platform reports the account's
  // clock, so that both passes are hour 2.
  MetricReport report = Report(kGoogle, D("2026-03-29"), D("2026-10-25"), {});
  report.query.grain = Grain::kHour;
  for (int hour = 0; hour < 24; ++hour) {
    if (hour != 2) {
      report.rows.push_back(Row(D("2026-03-29"), "7", Eur(1)));
      report.rows.back().hour = hour;
    }
    report.rows.push_back(Row(D("2026-10-25"), "7", Eur(1)));
    report.rows.back().hour = hour;
  }
  report.rows.push_back(report.rows.back());
  report.rows.back().hour = 2;
  Load(report, "2026-10-26T00:00:00Z");

  FactQuery query = Of({"spend"});
  query.grain = "day";
  EXPECT_EQ(Ask(query), (V{"2026-03-29 EUR 23.00", "2026-10-25 EUR 25.00"}));
  query.grain = "hour";
  const V hours = Ask(query);
  EXPECT_EQ(hours.size(), 23u + 24u);
  EXPECT_EQ(hours[1], "2026-03-29 01:00:00 EUR 1.00");
  EXPECT_EQ(hours[2], "2026-03-29 03:00:00 EUR 1.00");
  EXPECT_EQ(hours[23 + 2], "2026-10-25 02:00:00 EUR 2.00");
  query.grain = "week";  // Monday
  EXPECT_EQ(Ask(query), (V{"2026-03-23 EUR 23.00", "2026-10-19 EUR 25.00"}));
  query.grain = "month";
  EXPECT_EQ(Ask(query), (V{"2026-03-01 EUR 23.00", "2026-10-01 EUR 25.00"}));

  // Once the account has day slices, they alone count by day; the hours stay for hour grain.
  Load(Report(kGoogle, D("2026-03-29"), D("2026-03-29"), {Row(D("2026-03-29"), "7", Eur(100))}),
       "2026-10-26T00:00:00Z");
  query.grain = "day";
  EXPECT_EQ(Ask(query), V{"2026-03-29 EUR 100.00"});
  EXPECT_EQ(notes_[0],
            "google_ads/1234567890: 210 days are known only at level campaign by hour "
            "and not in this table, which counts level campaign");
  query.grain = "hour";
  EXPECT_EQ(Ask(query).size(), 47u);
}

TEST_F(Facts, WeeksBeginOnMondayOverNewYear) {
  // 2027-01-01 is a Friday, of the week that begins on Monday 2026-12-28.
  Load(Report(kGoogle, D("2026-12-27"), D("2027-01-04"),
              {Row(D("2026-12-27"), "7", Eur(1)), Row(D("2026-12-28"), "7", Eur(2)),
               Row(D("2027-01-01"), "7", Eur(4)), Row(D("2027-01-03"), "7", Eur(8)),
               Row(D("2027-01-04"), "7", Eur(16))}),
       "2027-01-05T00:00:00Z");
  FactQuery query = Of({"spend"});
  query.grain = "week";
  EXPECT_EQ(Ask(query), (V{"2026-12-21 EUR 1.00", "2026-12-28 EUR 14.00", "2027-01-04 EUR 16.00"}));
  query.from = D("2026-12-28");
  query.to = D("2027-01-03");
  query.grain = "none";
  EXPECT_EQ(Ask(query), V{"EUR 14.00"});
}

// ---- money, ratios, absence

TEST_F(Facts, F10CurrenciesAreNeverAdded) {
  const Day day = D("2026-03-01");
  Load(Report(kGoogle, day, day, {Row(day, "7", Eur(10))}), "2026-03-02T00:00:00Z");
  Load(Report(kMeta, day, day, {Row(day, "1", Money::Micros(5'000'000'000, kJpy))}),
       "2026-03-02T00:00:00Z");
  const AccountId file{Platform::kOther, "import"};
  Load(Report(file, day, day, {Row(day, "x", Money::Micros(1, kNoCurrency))}),
       "2026-03-02T00:00:00Z");
  EXPECT_EQ(Ask(Of({"spend"})), (V{"EUR 10.00", "JPY 5000", "XXX 0.000001"}));
  EXPECT_EQ(Ask(Of({"roas"})), (V{"EUR -", "JPY -", "XXX -"}));
  EXPECT_EQ(Ask(Of({"clicks"})), V{"30"});  // counts have no currency
  EXPECT_EQ(Ask(Of({"clicks"}, {"currency"})), (V{"EUR 10", "JPY 10", "XXX 10"}));
  FactQuery query = Of({"spend"}, {"currency"});
  query.filters = {{"currency", {"JPY"}, false}};
  EXPECT_EQ(Ask(query), V{"JPY 5000"});
}

TEST_F(Facts, RatiosAreSumsDividedAndAbsentWithoutDenominator) {
  const Day day = D("2026-03-01");
  MetricRow a = Row(day, "7", Eur(10), 1000, 10);
  a.conversions_claimed = 2.5;
  a.revenue_claimed = Eur(25);
  MetricRow b = Row(day, "7", Eur(30), 3000, 5);
  b.conversions_claimed = 0.5;
  b.revenue_claimed = Eur(15);
  MetricRow nothing = Row(day, "8", Eur(0), 0, 0);
  nothing.conversions_claimed = 0.0;
  MetricRow absent = Row(day, "9", Eur(1));
  absent.impressions.reset();
  absent.clicks.reset();
  Load(Report(kGoogle, day, day, {a, b, nothing, absent}), "2026-03-02T00:00:00Z");
  // ctr 15/4000, cpc 40/15, cpm 40/4000*1000, cvr 3/15, cpa 40/3, roas 40/40
  EXPECT_EQ(Ask(Of({"ctr", "cpc", "cpm", "cvr", "cpa", "roas"}, {"campaign"})),
            (V{"7 - EUR 0.003750 2.666667 10.00 0.200000 13.333333 1.000000", "8 - EUR - - - - - -",
               "9 - EUR - - - - - -"}));
  // Sums: nothing reported is absent, reported nothing is zero.
  EXPECT_EQ(Ask(Of({"spend", "impressions", "clicks", "conversions", "revenue"}, {"campaign"})),
            (V{"7 - EUR 40.00 4000 15 3.000000 40.00", "8 - EUR 0.00 0 0 0.000000 -",
               "9 - EUR 1.00 - - - -"}));
}

TEST_F(Facts, PricesRoundToTheMicroHalfAwayFromZero) {
  const Day day = D("2026-03-01");
  Load(Report(kGoogle, day, day,
              {Row(day, "1", Money::Micros(5, kEur), 2000, 2),
               Row(day, "2", Money::Micros(-5, kEur), 2000, 2),
               Row(day, "3", Money::Micros(4, kEur), 3000, 3)}),
       "2026-03-02T00:00:00Z");
  EXPECT_EQ(
      Ask(Of({"cpc", "cpm"}, {"campaign"})),
      (V{"1 - EUR 0.000003 0.000003", "2 - EUR -0.000003 -0.000003", "3 - EUR 0.000001 0.000001"}));
}

TEST_F(Facts, F6HugeAmountsAndIdsStayExact) {
  const Day day = D("2026-03-01");
  const std::int64_t max = std::numeric_limits<std::int64_t>::max();
  // 2^53 - 1, 2^53, 2^53 + 1 as ids, which no double tells apart; 2^31 and 2^53 + 1 as amounts.
  Load(Report(kGoogle, day, day,
              {Row(day, "9007199254740991", Money::Micros((1LL << 31) - 1, kEur)),
               Row(day, "9007199254740992", Money::Micros(1LL << 31, kEur)),
               Row(day, "9007199254740993", Money::Micros((1LL << 53) + 1, kEur))}),
       "2026-03-02T00:00:00Z");
  Load(Report(kMeta, day, day, {Row(day, "1", Money::Micros(max, kUsd), max, max)}),
       "2026-03-02T00:00:00Z");
  EXPECT_EQ(Ask(Of({"spend"}, {"campaign"})),
            (V{"1 - USD 9223372036854.775807", "9007199254740991 - EUR 2147.483647",
               "9007199254740992 - EUR 2147.483648", "9007199254740993 - EUR 9007199254.740993"}));
  EXPECT_EQ(Ask(Of({"spend"})), (V{"EUR 9007203549.708288", "USD 9223372036854.775807"}));
  // One more micro is beyond 64 bits: an error, not a wrapped or rounded number.
  Load(Report(kMeta, day, day,
              {Row(day, "1", Money::Micros(max, kUsd)), Row(day, "1", Money::Micros(1, kUsd))}),
       "2026-03-03T00:00:00Z");
  EXPECT_NE(AskError(Of({"spend"})).find("beyond 64 bits"), std::string::npos);
  EXPECT_EQ(Ask(Of({"clicks"}, {"platform"})), (V{"google_ads 30", "meta 20"}));
}

// ---- names, filters, breakdowns

Entity Named(Level level, std::string id, std::string parent, std::string name) {
  return {level, std::move(id), std::move(parent), "", {{"name", std::move(name)}}};
}
const AccountInfo kGoogleInfo{kGoogle, "Shop DE", kEur, "Europe/Berlin", "active"};

TEST_F(Facts, NamesAreWhatWasKnownThen) {
  const Day day = D("2026-03-01");
  Load(Report(kGoogle, day, day, {Row(day, "7", Eur(10))}), "2026-03-02T00:00:00Z");
  const auto name = [&](std::string text, std::string_view at) {
    auto done = store_->LoadEntities(kGoogleInfo,
                                     {Named(Level::kCampaign, "7", "", std::move(text))}, T(at));
    EXPECT_TRUE(done) << done.error().what;
  };
  name("Spring", "2026-03-03T00:00:00Z");
  name("Spring", "2026-03-06T00:00:00Z");
  name("Sale", "2026-03-09T00:00:00Z");
  name("Draft", "2026-03-04T00:00:00Z");  // arrives late; Spring was seen again after it
  EXPECT_EQ(Ask(SpendByCampaign()), V{"7 Sale EUR 10.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-02T00:00:00Z"))), V{"7 - EUR 10.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-03T00:00:00Z"))), V{"7 Spring EUR 10.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-05T00:00:00Z"))), V{"7 Draft EUR 10.00 10"});
  EXPECT_EQ(Ask(SpendByCampaign(T("2026-03-08T00:00:00Z"))), V{"7 Spring EUR 10.00 10"});
  EXPECT_EQ(Ask(Of({"clicks"}, {"account"})), V{"1234567890 Shop DE 10"});
  // An account has one currency, whoever says it.
  AccountInfo dollars = kGoogleInfo;
  dollars.currency = kUsd;
  EXPECT_EQ(store_->LoadEntities(dollars, {}, T("2026-03-10T00:00:00Z")).error().code,
            Errc::kInvalidArgument);
  EXPECT_FALSE(store_->LoadEntities(kGoogleInfo, {Named(Level::kAd, "", "", "x")},
                                    T("2026-03-10T00:00:00Z")));
}

TEST_F(Facts, FiltersByIdOrName) {
  const Day day = D("2026-03-01");
  Load(Report(kGoogle, day, day, {Row(day, "7", Eur(10)), Row(day, "8", Eur(20))}),
       "2026-03-02T00:00:00Z");
  Load(Report(kMeta, day, day, {Row(day, "1", Eur(3))}), "2026-03-02T00:00:00Z");
  ASSERT_TRUE(store_->LoadEntities(
      kGoogleInfo,
      {Named(Level::kCampaign, "7", "", "Spring"), Named(Level::kCampaign, "8", "", "Brand")},
      T("2026-03-02T00:00:00Z")));
  const auto filtered = [&](std::string dimension, V values, bool exclude = false) {
    FactQuery query = Of({"spend"}, {"campaign"});
    query.filters = {{std::move(dimension), std::move(values), exclude}};
    return Ask(query);
  };
  const std::string spring = "7 Spring EUR 10.00";
  const std::string brand = "8 Brand EUR 20.00";
  const std::string meta = "1 - EUR 3.00";
  EXPECT_EQ(filtered("campaign", {"Spring"}), V{spring});
  EXPECT_EQ(filtered("campaign", {"8", "1"}), (V{meta, brand}));
  EXPECT_EQ(filtered("campaign", {"Spring"}, true), (V{meta, brand}));
  EXPECT_EQ(filtered("platform", {"facebook_ads"}), V{meta});  // another word for meta
  EXPECT_EQ(filtered("platform", {"meta"}, true), (V{spring, brand}));
  EXPECT_EQ(filtered("account", {"Shop DE"}), (V{spring, brand}));
  EXPECT_EQ(filtered("account", {"meta/42"}), V{meta});
  EXPECT_EQ(filtered("account", {"42"}, true), (V{spring, brand}));
  EXPECT_EQ(filtered("campaign", {"Autumn"}), V{});
  EXPECT_NE(filtered("platform", {"myspace"})[0].find("google_ads"), std::string::npos);
  FactQuery both = Of({"clicks"});
  both.filters = {{"campaign", {"7", "1"}, false}, {"platform", {"google_ads"}, false}};
  EXPECT_EQ(Ask(both), V{"10"});
}

TEST_F(Facts, ABreakdownReadsItsOwnSlicesOnly) {
  const Day day = D("2026-03-01");
  Load(Report(kGoogle, day, day, {Row(day, "7", Eur(10))}), "2026-03-02T00:00:00Z");
  Load(Report(kMeta, day, day, {Row(day, "1", Eur(5))}), "2026-03-02T00:00:00Z");
  MetricReport devices = Report(kGoogle, day, day, {});
  devices.query.breakdown = Breakdown::kDevice;
  for (const auto& [segment, eur] : std::map<std::string, int>{{"mobile", 6}, {"desktop", 3}}) {
    devices.rows.push_back(Row(day, "7", Eur(eur)));
    devices.rows.back().segment = segment;
  }
  Load(devices, "2026-03-02T00:00:00Z");
  EXPECT_EQ(Ask(Of({"spend"}, {"device"})), (V{"desktop EUR 3.00", "mobile EUR 6.00"}));
  EXPECT_EQ(notes_, V{"meta/42: 1 day is known only without the breakdown device and not in this "
                      "table"});
  EXPECT_EQ(Ask(Of({"spend"})), V{"EUR 15.00"});
  FactQuery mobile = Of({"spend"}, {"campaign"});
  mobile.filters = {{"device", {"mobile"}, false}};
  EXPECT_EQ(Ask(mobile), V{"7 - EUR 6.00"});
  mobile.filters[0].exclude = true;
  EXPECT_EQ(Ask(mobile), V{"7 - EUR 3.00"});
  const std::string two = AskError(Of({"spend"}, {"device", "country"}));
  EXPECT_NE(two.find("device and country"), std::string::npos) << two;
  EXPECT_NE(two.find("age_gender"), std::string::npos) << two;
}

TEST_F(Facts, UnknownWordsListTheKnownOnes) {
  EXPECT_NE(AskError(Of({"spent"})).find("spend, impressions, clicks"), std::string::npos);
  EXPECT_NE(AskError(Of({})).find("spend"), std::string::npos);
  EXPECT_NE(AskError(Of({"spend"}, {"adset"})).find("ad_group"), std::string::npos);
  FactQuery query = Of({"spend"});
  query.grain = "year";
  EXPECT_NE(AskError(query).find("none, hour, day, week, month"), std::string::npos);
  query.grain = "day";
  query.filters = {{"colour", {"red"}, false}};
  EXPECT_NE(AskError(query).find("platform"), std::string::npos);
  query.filters = {{"campaign", {}, false}};
  EXPECT_NE(AskError(query).find("no values"), std::string::npos);
  query.filters = {};
  query.from = D("2026-03-02");
  query.to = D("2026-03-01");
  EXPECT_NE(AskError(query).find("are none"), std::string::npos);
  query.from.reset();
  query.to.reset();
  query.level = Level::kAsset;
  EXPECT_NE(AskError(query).find("assets"), std::string::npos);
}

TEST_F(Facts, HostileTextIsOnlyText) {
  const Day day = D("2026-03-01");
  const V hostile = {"'; DROP TABLE metrics; --",
                     "\" OR 1=1 --",
                     "$$; DELETE FROM slices; $$",
                     "back\\slash' \\'",
                     std::string("nul\0 '; x", 9),
                     "Grüße 漢字 \xF0\x9F\x98\x80 \xE2\x80\xAE",
                     "new\nline\r\t",
                     "=HYPERLINK(\"x\")",
                     "{}{0}%s%n",
                     "''",
                     " "};
  for (const std::string& text : hostile) {
    SCOPED_TRACE(text);
    const AccountId account{Platform::kOther, text};
    MetricReport report = Report(account, day, day, {Row(day, text, Eur(1))});
    report.attribution_window = text;
    auto loaded = store_->Load(report, T("2026-03-02T00:00:00Z"), text);
    ASSERT_TRUE(loaded) << loaded.error().what;
    report.query.breakdown = Breakdown::kSearchTerm;
    report.rows[0].segment = text;
    ASSERT_TRUE(store_->Load(report, T("2026-03-02T00:00:00Z"), text));
    const AccountInfo info{account, text, kEur, "Europe/Berlin", "active"};
    ASSERT_TRUE(store_->LoadEntities(info, {Named(Level::kCampaign, text, "", text)},
                                     T("2026-03-02T00:00:00Z")));
    ASSERT_TRUE(store_->LoadKpi({{text, day, kEur, 1, Eur(1)}}, T("2026-03-02T00:00:00Z"), text));
    EXPECT_EQ(store_->Kpi(text, day, day, std::nullopt).value().size(), 1u);
    FactQuery query = Of({"clicks"}, {"account", "campaign", "search_term"});
    for (const char* dimension : {"account", "campaign", "search_term"}) {
      query.filters = {{dimension, {text}, false}};
      const auto table = store_->Query(query);
      ASSERT_TRUE(table) << table.error().what;
      ASSERT_EQ(table->rows.size(), 1u);
      for (int column = 0; column < 5; ++column) {
        EXPECT_EQ(table->rows[0][static_cast<std::size_t>(column)].text, text);
      }
    }
    query.filters = {{"currency", {text}, false}};
    EXPECT_EQ(Ask(query), V{});
  }
  EXPECT_EQ(Ask(Of({"spend"})), V{"EUR " + std::to_string(hostile.size()) + ".00"});
  FactQuery query = Of({"clicks"});
  query.filters = {{"campaign", {"\xff\xfe"}, false}};
  EXPECT_NE(AskError(query).find("UTF-8"), std::string::npos);
}

// ---- the client's own books

TEST_F(Facts, KpiIsBitemporalByDay) {
  const Day one = D("2026-03-01");
  const Day two = D("2026-03-02");
  const auto load = [&](std::vector<KpiRow> rows, std::string_view at) {
    auto done = store_->LoadKpi(rows, T(at), "shop");
    EXPECT_TRUE(done) << (done ? "" : done.error().what);
    return done.value_or(LoadSummary{});
  };
  const auto revenue = [&](std::optional<std::string_view> at) {
    std::optional<Instant> as_of;
    if (at) as_of = T(*at);
    V lines;
    const auto rows = store_->Kpi("acme", one, two, as_of);
    for (const KpiRow& row : *rows) {
      lines.push_back(PrintDay(row.day) + " " + std::to_string(row.orders) + " " +
                      PrintMoney(row.revenue));
    }
    return lines;
  };
  EXPECT_EQ(load({{"acme", one, kEur, 3, Eur(30)}, {"acme", two, kEur, 4, Eur(40)}},
                 "2026-03-03T00:00:00Z")
                .slices_new,
            2);
  const LoadSummary next = load({{"acme", one, kEur, 2, Eur(20)}, {"acme", two, kEur, 4, Eur(40)}},
                                "2026-03-05T00:00:00Z");
  EXPECT_EQ(next.slices_restated, 1);
  EXPECT_EQ(next.slices_unchanged, 1);
  EXPECT_EQ(next.rows, 1);
  load({{"acme", two, kEur, 9, Eur(90)}, {"other", one, kUsd, 1, Money::Micros(1, kUsd)}},
       "2026-03-04T00:00:00Z");  // late news
  EXPECT_EQ(revenue("2026-03-02T00:00:00Z"), V{});
  EXPECT_EQ(revenue("2026-03-03T00:00:00Z"),
            (V{"2026-03-01 3 30.00 EUR", "2026-03-02 4 40.00 EUR"}));
  EXPECT_EQ(revenue("2026-03-04T12:00:00Z"),
            (V{"2026-03-01 3 30.00 EUR", "2026-03-02 9 90.00 EUR"}));
  EXPECT_EQ(revenue(std::nullopt), (V{"2026-03-01 2 20.00 EUR", "2026-03-02 4 40.00 EUR"}));
  // Back to what it was before: found again, and again restated.
  EXPECT_EQ(load({{"acme", one, kEur, 3, Eur(30)}}, "2026-03-06T00:00:00Z").slices_restated, 1);
  EXPECT_EQ(load({{"acme", one, kEur, 3, Eur(30)}}, "2026-03-07T00:00:00Z").slices_unchanged, 1);
  // A shop that sells in two currencies, and nonsense.
  load({{"acme", one, kEur, 3, Eur(30)}, {"acme", one, kUsd, 1, Money::Micros(5, kUsd)}},
       "2026-03-08T00:00:00Z");
  EXPECT_EQ(revenue(std::nullopt).size(), 3u);
  for (const std::vector<KpiRow>& bad : {
           std::vector<KpiRow>{{"", one, kEur, 3, Eur(30)}},
           std::vector<KpiRow>{{"acme", one, kUsd, 3, Eur(30)}},
           std::vector<KpiRow>{{"acme", one, kEur, 3, Eur(30)}, {"acme", one, kEur, 4, Eur(30)}},
       }) {
    EXPECT_EQ(store_->LoadKpi(bad, T("2026-03-09T00:00:00Z"), "shop").error().code,
              Errc::kInvalidArgument);
  }
  EXPECT_EQ(revenue(std::nullopt).size(), 3u);
}

// ---- the file

class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "facts_test_XXXXXX").string();
    dir_ = mkdtemp(name.data());
  }
  ~Scratch() { fs::remove_all(dir_); }
  fs::path dir() const { return dir_; }

 private:
  fs::path dir_;
};

TEST(FactsFile, ReopensWithWhatWasCommitted) {
  const Scratch scratch;
  const std::string path = (scratch.dir() / "facts.duckdb").string();
  const Day day = D("2026-03-01");
  {
    auto store = FactStore::Open(path).value();
    ASSERT_TRUE(store->Load(Report(kGoogle, day, day, {Row(day, "7", Eur(10))}),
                            T("2026-03-02T00:00:00Z"), "test"));
  }
  auto store = FactStore::Open(path).value();
  // The dictionaries are read back: the same ids get the same keys, so this is unchanged.
  EXPECT_EQ(store
                ->Load(Report(kGoogle, day, day, {Row(day, "7", Eur(10))}),
                       T("2026-03-03T00:00:00Z"), "test")
                ->slices_unchanged,
            1);
  EXPECT_EQ(Lines(store->Query(SpendByCampaign()).value()), V{"7 - EUR 10.00 10"});
}

TEST(FactsFile, ACopyTakenAtAnyTimeIsWhole) {
  // What a kill leaves behind is the file and its log as they are between two writes: copies taken
  // while loads run must open and hold exactly the first k loads.
  const Scratch scratch;
  const std::string path = (scratch.dir() / "facts.duckdb").string();
  auto store = FactStore::Open(path).value();
  const Day day = D("2026-03-01");
  for (int k = 1; k <= 6; ++k) {
    std::vector<MetricRow> rows;
    for (int i = 0; i < 3000; ++i) {
      rows.push_back(Row(day, std::to_string(i), Money::Micros(k, kEur)));
    }
    ASSERT_TRUE(store->Load(Report(kGoogle, day, day, std::move(rows)),
                            T("2026-03-02T00:00:00Z") + std::chrono::hours(k), "test"));
    const fs::path copy = scratch.dir() / ("copy" + std::to_string(k) + ".duckdb");
    fs::copy_file(path, copy);
    if (fs::exists(path + ".wal")) fs::copy_file(path + ".wal", copy.string() + ".wal");
    auto reopened = FactStore::Open(copy.string());
    ASSERT_TRUE(reopened) << reopened.error().what;
    const FactTable table = (*reopened)->Query(Of({"spend", "clicks"})).value();
    ASSERT_EQ(table.rows.size(), 1u);
    EXPECT_EQ(table.rows[0][1].integer, 3000 * k);
    EXPECT_EQ(table.rows[0][2].integer, 30'000);
  }
}

TEST(FactsFile, SaysWhyItCannotOpen) {
  const auto missing = FactStore::Open("/nonexistent/folder/facts.duckdb");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::kLocal);
  EXPECT_NE(missing.error().what.find("/nonexistent/folder"), std::string::npos);
}

TEST(FactsThreads, QueriesRunWhileLoadsRun) {
  auto store = FactStore::Open(":memory:").value();
  const Day day = D("2026-03-01");
  const int loads = 30;
  std::thread loader([&] {
    for (int k = 1; k <= loads; ++k) {
      std::vector<MetricRow> rows(100, Row(day, "7", Money::Micros(k, kEur)));
      EXPECT_TRUE(store->Load(Report(kGoogle, day, day, rows),
                              T("2026-03-02T00:00:00Z") + std::chrono::hours(k), "test"));
    }
  });
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      std::int64_t before = 0;
      while (before < 100 * loads) {
        const auto table = store->Query(Of({"spend"}));
        ASSERT_TRUE(table) << table.error().what;
        if (table->rows.empty()) continue;
        const std::int64_t now = table->rows[0][1].integer;
        ASSERT_EQ(now % 100, 0);  // never a part of a load
        ASSERT_GE(now, before);
        before = now;
      }
    });
  }
  loader.join();
  for (auto& reader : readers) reader.join();
}

// ---- against the simplest thing that could be right

TEST(FactsProperty, AgreesWithANaiveMemory) {
  // Random reports of two accounts, three levels' worth of overlapping day ranges, arriving in any
  // order and often the same again; then every sum at random instants must be what the naive model
  // says: of each slice the rows of the newest report learnt by then, ties to the later arrival.
  // timeline_test.cc does the same for the bookkeeping alone, thousands of times.
  for (unsigned seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    auto store = FactStore::Open(":memory:").value();
    const Day first = D("2026-03-01");
    const Instant begin = T("2026-04-01T00:00:00Z");
    using SliceKey = std::tuple<AccountId, Level, Day>;
    struct Known {
      int at;
      std::vector<MetricRow> rows;
    };
    std::map<SliceKey, std::vector<Known>> model;  // in order of arrival
    const int loads = 25;
    for (int k = 0; k < loads; ++k) {
      const AccountId& account = pick(2) ? kGoogle : kMeta;
      const Level level = pick(3) ? Level::kCampaign : Level::kAd;
      const int from = pick(4);
      const int to = from + pick(3);
      const int at = pick(20);
      MetricReport report = Report(account, first + std::chrono::days(from),
                                   first + std::chrono::days(to), {}, level);
      for (int d = from; d <= to; ++d) {
        // Few different values, so that equal and returning contents are frequent.
        for (int campaign = 0; campaign < 3; ++campaign) {
          if (pick(2)) continue;
          MetricRow row = Row(first + std::chrono::days(d), std::to_string(campaign),
                              Money::Micros(1 + pick(2), kEur), pick(2), 0);
          if (pick(3) == 0) row.clicks.reset();
          if (level == Level::kAd) row.ad_id = std::to_string(campaign * 10 + pick(2));
          report.rows.push_back(row);
        }
      }
      std::shuffle(report.rows.begin(), report.rows.end(), random);
      auto done = store->Load(report, begin + std::chrono::minutes(at), "test");
      ASSERT_TRUE(done) << done.error().what;
      ASSERT_EQ(done->slices_new + done->slices_restated + done->slices_unchanged, to - from + 1);
      for (int d = from; d <= to; ++d) {
        const Day day = first + std::chrono::days(d);
        std::vector<MetricRow> rows;
        for (const auto& row : report.rows) {
          if (row.day == day) rows.push_back(row);
        }
        model[{account, level, day}].push_back({at, rows});
      }
    }
    for (int at = pick(4) - 1; at <= 20; at = at < 20 ? std::min(20, at + 1 + pick(6)) : 21) {
      for (const Level level : {Level::kCampaign, Level::kAd}) {
        // day, platform, campaign -> spend, clicks (absent while none is reported)
        std::map<std::tuple<std::string, std::string, std::string>,
                 std::pair<std::int64_t, std::optional<std::int64_t>>>
            want;
        for (const auto& [key, versions] : model) {
          if (std::get<1>(key) != level) continue;
          const Known* newest = nullptr;
          for (const Known& version : versions) {
            if (version.at <= at && (!newest || version.at >= newest->at)) newest = &version;
          }
          if (!newest) continue;
          for (const MetricRow& row : newest->rows) {
            auto& [spend, clicks] =
                want[{PrintDay(row.day), std::string(PlatformName(std::get<0>(key).platform)),
                      row.campaign_id}];
            spend += row.spend.micros();
            if (row.clicks) clicks = clicks.value_or(0) + *row.clicks;
          }
        }
        FactQuery query = Of({"spend", "clicks"}, {"platform", "campaign"});
        query.grain = "day";
        query.level = level;
        query.as_of = begin + std::chrono::minutes(at);
        if (at == 20) query.as_of.reset();
        const auto table = store->Query(query);
        ASSERT_TRUE(table) << table.error().what;
        ASSERT_EQ(table->rows.size(), want.size());
        auto expected = want.begin();
        for (const auto& row : table->rows) {
          // period platform campaign_id campaign currency spend clicks
          ASSERT_EQ(std::tuple(row[0].text, row[1].text, row[2].text), expected->first);
          ASSERT_EQ(row[5].integer, expected->second.first);
          ASSERT_EQ(row[6].kind == Kind::kInteger, expected->second.second.has_value());
          ASSERT_EQ(row[6].integer, expected->second.second.value_or(0));
          ++expected;
        }
      }
    }
  }
}

}  // namespace
}  // namespace maxopt
