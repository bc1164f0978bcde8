#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "memory/facts/duck.h"
#include "memory/facts/facts.h"

namespace maxopt {
namespace {

Day D(std::string_view text) { return ParseDay(text).value(); }
Instant T(std::string_view text) { return ParseInstant(text).value(); }
Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }
const Currency kUsDollar = *FindCurrency("USD");
const Currency kYen = *FindCurrency("JPY");

const AccountId kGoogle{Platform::kGoogleAds, "1234567890"};
const AccountId kMeta{Platform::kMeta, "42"};

MetricRow Row(Day day, std::string campaign, Money spend) {
  MetricRow row{day, {}, std::move(campaign), {}, {}, {}, spend, 1000, 10, {}, {}, {}};
  return row;
}
MetricReport Report(const AccountId& account, Level level, Day from, Day to,
                    std::vector<MetricRow> rows, Breakdown breakdown = Breakdown::kNone) {
  return {
      {account, level, Grain::kDay, breakdown, from, to}, "30d_click", std::move(rows), true, ""};
}
Entity Named(Level level, std::string id, std::string parent, std::string name) {
  Entity entity{level, std::move(id), std::move(parent), {}, {}};
  entity.fields["name"] = std::move(name);
  return entity;
}

/// A store in a file, which the tests read like a notebook does.
class Unified : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() /
             ("maxopt_unified_" + std::to_string(::getpid()) + ".duckdb"))
                .string();
    std::filesystem::remove(path_);
    auto opened = FactStore::Open(path_);
    ASSERT_TRUE(opened) << opened.error().what;
    store_ = *std::move(opened);
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove(path_);
    std::filesystem::remove(path_ + ".wal");
  }
  void Load(const MetricReport& report, std::string_view at = "2026-03-20T00:00:00Z") {
    const auto done = store_->Load(report, T(at), "test");
    ASSERT_TRUE(done) << done.error().what;
  }
  /// One line per row, cells separated by '|', absent as '-'.
  std::vector<std::string> Ask(const std::string& sql) {
    store_.reset();
    std::vector<std::string> lines;
    {
      auto database = facts::Database::Open(path_);
      EXPECT_TRUE(database) << database.error().what;
      auto connection = (*database)->Connect();
      auto rows = (*connection)->Ask("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (" + sql + ")");
      EXPECT_TRUE(rows) << rows.error().what;
      while (rows && rows->Next()) {
        std::string line;
        for (int i = 0; i < rows->columns(); ++i) {
          line += (i ? "|" : "") + (rows->IsNull(i) ? "-" : std::string(rows->Text(i)));
        }
        lines.push_back(line);
      }
    }
    store_ = *FactStore::Open(path_);
    return lines;
  }
  std::string path_;
  std::unique_ptr<FactStore> store_;
};
using Lines = std::vector<std::string>;

// The columns, order and types of fivetran/dbt_ad_reporting's nine reports.
TEST_F(Unified, NineReportsWithExactlyTheirColumns) {
  const std::string head = "source_relation VARCHAR,";
  const std::string account = "platform VARCHAR,account_id VARCHAR,account_name VARCHAR,";
  const std::string campaign = "campaign_id VARCHAR,campaign_name VARCHAR,";
  const std::string group = campaign + "ad_group_id VARCHAR,ad_group_name VARCHAR,";
  const std::string sums =
      "clicks BIGINT,impressions BIGINT,spend DOUBLE,conversions DOUBLE,conversions_value DOUBLE";
  const std::string day = head + "date_day DATE," + account;
  const std::string month = head + "date_month DATE," + account;
  const std::pair<std::string, std::string> reports[] = {
      {"account_report", day + sums},
      {"campaign_report", day + campaign + sums},
      {"ad_group_report", day + group + sums},
      {"ad_report", day + group + "ad_id VARCHAR,ad_name VARCHAR," + sums},
      {"keyword_report",
       day + group + "keyword_id VARCHAR,keyword_text VARCHAR,keyword_match_type VARCHAR," + sums},
      {"search_report", day + group +
                            "keyword_id VARCHAR,keyword_text VARCHAR,search_query VARCHAR,"
                            "search_match_type VARCHAR," +
                            sums},
      {"url_report", day + group +
                         "base_url VARCHAR,url_host VARCHAR,url_path VARCHAR,utm_source VARCHAR,"
                         "utm_medium VARCHAR,utm_campaign VARCHAR,utm_content VARCHAR,"
                         "utm_term VARCHAR," +
                         sums},
      {"monthly_campaign_country_report",
       month + campaign + "country VARCHAR,country_code VARCHAR,global_region VARCHAR," + sums},
      {"monthly_campaign_region_report", month + campaign + "region VARCHAR," + sums},
  };
  for (const auto& [name, columns] : reports) {
    const Lines got = Ask(
        "SELECT string_agg(column_name || ' ' || data_type, ',' ORDER BY ordinal_position) FROM "
        "information_schema.columns WHERE table_name = 'ad_reporting__" +
        name + "'");
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0], columns) << name;
    EXPECT_TRUE(Ask("SELECT * FROM ad_reporting__" + name).empty());
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM information_schema.tables WHERE table_name LIKE "
                "'ad\\_reporting\\_\\_%' ESCAPE '\\'"),
            Lines{"9"});
}

TEST_F(Unified, EachReportReadsItsOwnLevelOrTheNextDeeper) {
  const Day one = D("2026-03-01");
  const Day two = D("2026-03-02");
  // Day one: campaigns and ads, whose money is the same and must not be added. Day two: ads only.
  Load(Report(kGoogle, Level::kCampaign, one, one, {Row(one, "7", Eur(10))}));
  MetricRow ad = Row(one, "7", Eur(9));
  ad.ad_group_id = "70", ad.ad_id = "700";
  MetricRow later = ad;
  later.day = two;
  later.spend = Eur(5);
  later.conversions_claimed = 1.5;
  later.revenue_claimed = Eur(20);
  Load(Report(kGoogle, Level::kAd, one, two, {ad, later}));
  Entity shown = Named(Level::kAd, "700", "70", "Blue");
  shown.fields["landing_url"] = std::string("https://www.shop.example/a/b?x=1#top");
  shown.fields["url_tags"] = std::string("utm_source=google&utm_campaign={campaignid}");
  ASSERT_TRUE(store_->LoadEntities(
      {kGoogle, "Alpenglow", kEur, "Europe/Berlin", "active"},
      {Named(Level::kCampaign, "7", "", "Brand"), Named(Level::kAdGroup, "70", "7", "Core"), shown},
      T("2026-03-20T00:00:00Z")));
  EXPECT_EQ(Ask("SELECT * FROM ad_reporting__campaign_report ORDER BY date_day"),
            (Lines{"|2026-03-01|google_ads|1234567890|Alpenglow|7|Brand|10|1000|10.0|-|-",
                   "|2026-03-02|google_ads|1234567890|Alpenglow|7|Brand|10|1000|5.0|1.5|20.0"}));
  EXPECT_EQ(Ask("SELECT date_day, spend FROM ad_reporting__account_report ORDER BY 1"),
            (Lines{"2026-03-01|10.0", "2026-03-02|5.0"}));
  EXPECT_EQ(Ask("SELECT date_day, ad_name, spend FROM ad_reporting__ad_report ORDER BY 1"),
            (Lines{"2026-03-01|Blue|9.0", "2026-03-02|Blue|5.0"}));
  EXPECT_EQ(Ask("SELECT base_url, url_host, url_path, utm_source, utm_medium, utm_campaign, spend "
                "FROM ad_reporting__url_report WHERE date_day = '2026-03-02'"),
            Lines{"https://www.shop.example/a/b|www.shop.example|/a/b|google|-|{campaignid}|5.0"});
  EXPECT_EQ(Ask("SELECT currency, zone, attribution_window, spend_micros, conversions_value_micros "
                "FROM unified__campaign_report WHERE date_day = '2026-03-02'"),
            Lines{"EUR|Europe/Berlin|30d_click|5000000|20000000"});
}

TEST_F(Unified, CountriesByMonthAndKeywords) {
  const Day last = D("2026-03-31");
  MetricRow at = Row(D("2026-03-01"), "7", Eur(1));
  at.segment = "AT";
  MetricRow again = Row(last, "7", Eur(2));
  again.segment = "AT";
  MetricRow unknown = Row(last, "7", Eur(4));
  unknown.segment = "ZZ";
  Load(Report(kMeta, Level::kCampaign, D("2026-03-01"), last, {at, again, unknown},
              Breakdown::kCountry));
  EXPECT_EQ(Ask("SELECT date_month, platform, country, country_code, global_region, spend FROM "
                "ad_reporting__monthly_campaign_country_report ORDER BY 4"),
            (Lines{"2026-03-01|facebook_ads|Austria|AT|Western Europe|3.0",
                   "2026-03-01|facebook_ads|ZZ|ZZ|-|4.0"}));
  MetricRow exact = Row(last, "7", Eur(1));
  exact.segment = "exact:hiking: boots";
  MetricRow plain = Row(last, "7", Eur(2));
  plain.segment = "trail shoes";
  Load(Report(kGoogle, Level::kCampaign, last, last, {exact, plain}, Breakdown::kKeyword));
  EXPECT_EQ(Ask("SELECT keyword_id, keyword_text, keyword_match_type, spend FROM "
                "ad_reporting__keyword_report ORDER BY spend"),
            (Lines{"-|hiking: boots|EXACT|1.0", "-|trail shoes|-|2.0"}));
  // A breakdown never adds to the whole.
  EXPECT_TRUE(Ask("SELECT * FROM ad_reporting__campaign_report").empty());
}

class Fx : public Unified {
 protected:
  std::vector<std::string> Convert(Currency to, std::vector<std::string> by = {},
                                   std::vector<std::string> measures = {"spend"},
                                   std::string_view as_of = "") {
    FactQuery query;
    query.measures = std::move(measures);
    query.dimensions = std::move(by);
    query.convert_to = to;
    if (!as_of.empty()) query.as_of = T(as_of);
    const auto table = store_->Query(query);
    if (!table) return {table.error().what};
    std::vector<std::string> lines;
    for (const auto& row : table->rows) {
      std::string line;
      for (const FactCell& cell : row) {
        line += (line.empty() ? "" : "|") +
                (cell.kind == FactCell::Kind::kReal ? std::to_string(cell.real) : cell.text);
      }
      lines.push_back(line);
    }
    return lines;
  }
  void Rate(std::string_view day, Currency from, Currency to, std::string rate,
            std::string_view at = "2026-03-20T00:00:00Z") {
    const auto done = store_->LoadFx({{D(day), from, to, std::move(rate)}}, T(at), "test");
    ASSERT_TRUE(done) << done.error().what;
  }
};

TEST_F(Fx, EachDayAtItsRateRoundedOnce) {
  const Day one = D("2026-03-01");
  const Day two = D("2026-03-02");
  Load(Report(kGoogle, Level::kCampaign, one, one, {Row(one, "7", Eur(10))}));
  const auto dollars = [](std::int64_t micros) { return Money::Micros(micros, kUsDollar); };
  // Three amounts of one micro at a third each: rounded one by one they would be nothing.
  MetricRow a = Row(one, "1", dollars(1));
  MetricRow b = Row(one, "2", dollars(1));
  MetricRow c = Row(two, "1", dollars(100'000'000));
  a.revenue_claimed = dollars(2);
  Load(Report(kMeta, Level::kCampaign, one, two, {a, b, c}));
  Rate("2026-03-01", kUsDollar, kEur, "0.333333333333");
  Rate("2026-03-02", kUsDollar, kEur, "0.92");
  // 10 + 2 x 10^-6 / 3 (rounds up to one micro) + 92
  EXPECT_EQ(Convert(kEur), Lines{"EUR|102.000001"});
  EXPECT_EQ(Convert(kEur, {"platform"}), (Lines{"google_ads|EUR|10.00", "meta|EUR|92.000001"}));
  EXPECT_EQ(Convert(kEur, {"campaign"}), (Lines{"1||EUR|92.00", "2||EUR|0.00", "7||EUR|10.00"}));
  EXPECT_EQ(Convert(kEur, {"account"}, {"roas"}).size(), 2U);
  // Without converting the currencies stay apart.
  FactQuery apart;
  apart.measures = {"spend"};
  EXPECT_EQ(store_->Query(apart)->rows.size(), 2U);
}

TEST_F(Fx, TheInverseIsTakenWhereOnlyThatIsKnown) {
  const Day one = D("2026-03-01");
  Load(Report(kGoogle, Level::kCampaign, one, one, {Row(one, "7", Eur(100))}));
  Rate("2026-03-01", kUsDollar, kEur, "0.8");
  EXPECT_EQ(Convert(kUsDollar), Lines{"USD|125.00"});
  Rate("2026-03-01", kEur, kUsDollar, "1.2");
  EXPECT_EQ(Convert(kUsDollar), Lines{"USD|120.00"});
  Rate("2026-03-01", kEur, kYen, "161.25");
  EXPECT_EQ(Convert(kYen), Lines{"JPY|16125"});
}

TEST_F(Fx, AMissingRateIsAnErrorThatNamesDayAndPair) {
  const Day one = D("2026-03-01");
  const Day two = D("2026-03-02");
  Load(Report(kGoogle, Level::kCampaign, one, two, {Row(one, "7", Eur(1)), Row(two, "7", Eur(1))}));
  Rate("2026-03-02", kEur, kUsDollar, "1.1");
  const Lines answer = Convert(kUsDollar);
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_NE(answer[0].find("no rate EUR to USD of 2026-03-01"), std::string::npos) << answer[0];
  // A day without money needs none.
  Load(Report(kGoogle, Level::kCampaign, one, one, {}), "2026-03-21T00:00:00Z");
  EXPECT_EQ(Convert(kUsDollar), Lines{"USD|1.10"});
}

TEST_F(Fx, RatesAreBitemporal) {
  const Day one = D("2026-03-01");
  Load(Report(kGoogle, Level::kCampaign, one, one, {Row(one, "7", Eur(100))}),
       "2026-03-02T00:00:00Z");
  Rate("2026-03-01", kEur, kUsDollar, "1.1", "2026-03-03T00:00:00Z");
  Rate("2026-03-01", kEur, kUsDollar, "1.2", "2026-03-05T00:00:00Z");
  EXPECT_EQ(Convert(kUsDollar), Lines{"USD|120.00"});
  EXPECT_EQ(Convert(kUsDollar, {}, {"spend"}, "2026-03-04T00:00:00Z"), Lines{"USD|110.00"});
  EXPECT_NE(Convert(kUsDollar, {}, {"spend"}, "2026-03-02T12:00:00Z")[0].find("no rate"),
            std::string::npos);
  EXPECT_FALSE(store_->LoadFx({{one, kEur, kUsDollar, "1.3"}}, T("2026-03-04T00:00:00Z"), "late"));
  const auto same =
      store_->LoadFx({{one, kEur, kUsDollar, "1.20"}}, T("2026-03-06T00:00:00Z"), "again");
  ASSERT_TRUE(same);
  EXPECT_EQ(same->slices_unchanged, 1);
  const auto rates = store_->Fx(one, one, std::nullopt);
  ASSERT_TRUE(rates);
  ASSERT_EQ(rates->size(), 1U);
  EXPECT_EQ((*rates)[0].rate, "1.2");
}

TEST_F(Fx, RefusesWhatIsNoRate) {
  for (const char* text : {"", "0", "-1", "1,1", "1e3", ".5", "1.", "1.2.3", "nan", "1000001",
                           "0.0000000000001", "99999999999999999999", " 1"}) {
    EXPECT_FALSE(store_->LoadFx({{D("2026-03-01"), kEur, kUsDollar, text}},
                                T("2026-03-20T00:00:00Z"), "test"))
        << text;
  }
  EXPECT_FALSE(
      store_->LoadFx({{D("2026-03-01"), kEur, kEur, "1"}}, T("2026-03-20T00:00:00Z"), "test"));
  EXPECT_FALSE(store_->LoadFx(
      {{D("2026-03-01"), kEur, kUsDollar, "1.1"}, {D("2026-03-01"), kEur, kUsDollar, "1.2"}},
      T("2026-03-20T00:00:00Z"), "test"));
  EXPECT_TRUE(store_->Fx(D("2026-03-01"), D("2026-03-01"), std::nullopt)->empty());
}

}  // namespace
}  // namespace maxopt
