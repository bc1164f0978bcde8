#include "connect/exports/exports.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>
#include <string_view>

namespace maxopt {
namespace {

namespace fs = std::filesystem;

ExportImport Read(const std::vector<ExportFile>& files, const ExportOptions& options = {}) {
  auto read = ReadExports(files, options);
  if (!read) {
    ADD_FAILURE() << read.error().what;
    return {};
  }
  return *std::move(read);
}
ExportImport Read(const std::string& content, const ExportOptions& options = {},
                  const std::string& name = "export.csv") {
  return Read(std::vector<ExportFile>{{name, content}}, options);
}
std::string Refusal(const std::string& content, const ExportOptions& options = {},
                    const std::string& name = "export.csv") {
  const std::vector<ExportFile> files = {{name, content}};
  const auto read = ReadExports(files, options);
  if (read) {
    ADD_FAILURE() << "was read: " << content;
    return "";
  }
  EXPECT_EQ(read.error().code, Errc::kInvalidArgument);
  return read.error().what;
}
bool Holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}
bool Noted(const ImportedFile& file, std::string_view part) {
  for (const std::string& note : file.notes) {
    if (Holds(note, part)) return true;
  }
  return false;
}
std::string MeaningOf(const ImportedFile& file, std::string_view header) {
  for (const ExportColumn& column : file.columns) {
    if (column.header == header) return column.meaning;
  }
  return "(no such column)";
}
Day D(std::string_view text) { return ParseDay(text).value(); }
Money Eur(std::string_view text) { return ParseMoney(text, kEur).value(); }

const MetricReport* Find(const ExportImport& import, Breakdown breakdown) {
  for (const MetricReport& report : import.reports) {
    if (report.query.breakdown == breakdown) return &report;
  }
  return nullptr;
}
/// Spend of all reports of one breakdown.
std::string Spend(const ExportImport& import, Breakdown breakdown = Breakdown::kNone) {
  std::optional<Money> sum;
  for (const MetricReport& report : import.reports) {
    if (report.query.breakdown != breakdown) continue;
    for (const MetricRow& row : report.rows) sum = sum ? *sum + row.spend : row.spend;
  }
  return sum ? PrintMoney(*sum) : "none";
}

// --- synthetic files ---------------------------------------------------------------------------

TEST(Exports, MetaAdsManager) {
  const ExportImport import = Read(
      "\xEF\xBB\xBFReporting starts,Reporting ends,Campaign name,Ad set name,Amount spent "
      "(EUR),Impressions,Clicks (all),Link clicks,Results,Attribution setting,Reach\r\n"
      "2026-04-01,2026-04-01,Spring,Women,\"1,234.56\",\"10,000\",120,100,7,7-day click,9000\r\n"
      "2026-04-02,2026-04-02,Spring,Women,10.5,900,9,8,,7-day click,800\r\n"
      "2026-04-01,2026-04-02,,,1245.06,10900,129,108,7,,9500\r\n",
      {.account_id = "act_42"});
  ASSERT_EQ(import.reports.size(), 1U);
  const MetricReport& report = import.reports.front();
  EXPECT_EQ(PrintAccount(report.query.account), "meta/42");
  EXPECT_EQ(report.query.level, Level::kAdGroup);
  EXPECT_EQ(report.query.from, D("2026-04-01"));
  EXPECT_EQ(report.query.to, D("2026-04-02"));
  EXPECT_EQ(report.attribution_window, "7-day click");
  ASSERT_EQ(report.rows.size(), 2U);
  const MetricRow& row = report.rows.front();
  EXPECT_EQ(row.campaign_id, "Spring");
  EXPECT_EQ(row.ad_group_id, "Spring/Women");
  EXPECT_EQ(row.spend, Eur("1234.56"));
  EXPECT_EQ(row.impressions, 10'000);
  EXPECT_EQ(row.clicks, 100);
  EXPECT_EQ(row.conversions_claimed, 7);
  EXPECT_EQ(report.rows[1].conversions_claimed, std::nullopt);  // absent, not zero
  const ImportedFile& file = import.files.front();
  EXPECT_EQ(file.recognised, "Meta Ads Manager export");
  EXPECT_EQ(file.rows, 2);
  EXPECT_TRUE(Noted(file, "line 4 is a line of totals")) << file.notes.size();
  EXPECT_EQ(MeaningOf(file, "Amount spent (EUR)"), "spend");
  EXPECT_EQ(MeaningOf(file, "Reach"), "not used");
  EXPECT_EQ(MeaningOf(file, "Clicks (all)"), "not used: clicks is taken from \"Link clicks\"");
  ASSERT_EQ(import.accounts.size(), 1U);
  EXPECT_EQ(import.accounts[0].info.currency, kEur);
  ASSERT_EQ(import.accounts[0].entities.size(), 2U);
  EXPECT_EQ(import.accounts[0].entities[0].level, Level::kCampaign);
  EXPECT_EQ(import.accounts[0].entities[1].parent_id, "Spring");
  EXPECT_EQ(TextField(import.accounts[0].entities[1].fields, "name"), "Women");
}

TEST(Exports, RowsOverSeveralDaysAreNoDays) {
  const std::string file =
      "Reporting starts,Reporting ends,Campaign name,Amount spent (EUR)\n"
      "2026-04-01,2026-04-30,Spring,300.00\n";
  EXPECT_TRUE(Holds(Refusal(file), "covers 2026-04-01 to 2026-04-30"));
  const ExportImport booked = Read(file, {.day = D("2026-04-30")});
  EXPECT_EQ(booked.reports.front().query.from, D("2026-04-30"));
}

TEST(Exports, GoogleAdsScreen) {
  // UTF-16 with TABs, title lines, "--", a percent sign, totals below.
  const std::string utf8 =
      "Campaign report\nApril 1, 2026 - April 2, 2026\n"
      "Day\tCampaign\tCurrency code\tCost\tImpr.\tClicks\tConversions\tSearch impr. share\n"
      "2026-04-01\tBrand ü\tEUR\t12.30\t1,000\t50\t2.50\t45.5%\n"
      "2026-04-02\tBrand ü\tEUR\t0.00\t10\t --\t --\t< 10%\n"
      "Total: Account\t --\tEUR\t12.30\t1,010\t50\t2.50\t --\n";
  std::string utf16 = "\xFF\xFE";
  for (std::size_t at = 0; at < utf8.size(); ++at) {
    auto code = static_cast<unsigned char>(utf8[at]);
    if (code == 0xC3) code = static_cast<unsigned char>(0xC0 | (utf8[++at] & 0x3F));
    utf16 += static_cast<char>(code);
    utf16 += '\0';
  }
  const ExportImport import = Read(utf16);
  ASSERT_EQ(import.reports.size(), 1U);
  const auto& rows = import.reports.front().rows;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(import.reports.front().query.account.platform, Platform::kGoogleAds);
  EXPECT_EQ(rows[0].campaign_id, "Brand ü");
  EXPECT_EQ(rows[0].impressions, 1'000);
  EXPECT_EQ(rows[0].conversions_claimed, 2.5);
  EXPECT_EQ(rows[0].impression_share, 0.455);
  EXPECT_EQ(rows[1].clicks, std::nullopt);
  EXPECT_EQ(rows[1].impression_share, std::nullopt);
  EXPECT_EQ(Spend(import), "12.30 EUR");
  EXPECT_TRUE(Noted(import.files[0], "above the columns"));
  EXPECT_TRUE(Noted(import.files[0], "line 6 is a line of totals"));
  EXPECT_TRUE(Noted(import.files[0], "kept as google_ads/export"));
}

TEST(Exports, GoogleAdsApiNamesAndMicros) {
  const ExportImport import = Read(
      "customer.id,customer.currency_code,segments.date,campaign.id,campaign.name,"
      "segments.device,metrics.cost_micros,metrics.impressions,metrics.clicks\n"
      "123-456-7890,EUR,2026-04-01,7,Brand,MOBILE,1230000,100,5\n"
      "123-456-7890,EUR,2026-04-01,7,Brand,DESKTOP,1,50,\n");
  const MetricReport* whole = Find(import, Breakdown::kNone);
  ASSERT_NE(whole, nullptr);
  EXPECT_EQ(PrintAccount(whole->query.account), "google_ads/1234567890");
  ASSERT_EQ(whole->rows.size(), 1U);
  EXPECT_EQ(whole->rows[0].spend, Money::Micros(1'230'001, kEur));
  EXPECT_EQ(whole->rows[0].impressions, 150);
  EXPECT_EQ(whole->rows[0].clicks, 5);
  const MetricReport* device = Find(import, Breakdown::kDevice);
  ASSERT_NE(device, nullptr);
  ASSERT_EQ(device->rows.size(), 2U);
  EXPECT_EQ(device->rows[0].segment, "desktop");
  EXPECT_EQ(device->rows[0].spend, Money::Micros(1, kEur));
  EXPECT_TRUE(Noted(import.files[0], "2 rows that share object and day were summed to 1"));
}

TEST(Exports, TikTok) {
  const ExportImport import = Read(
      "Campaign name,Ad group name,By Day,Cost,Impressions,Clicks (destination),Conversions,"
      "Currency\nSpring,Young,2026-04-01,20.00,3000,30,1,USD\nTotal of 1,,,20.00,3000,30,1,\n"
      "Total,-,-,20.00,3000,30,1,-\n");
  EXPECT_EQ(import.reports.front().query.account.platform, Platform::kTikTok);
  EXPECT_EQ(import.reports.front().rows.front().clicks, 30);
}

TEST(Exports, LinkedInAndMicrosoft) {
  const ExportImport linkedin = Read(
      "Campaign Performance Report\nReport Start: April 1, 2026\n"
      "Start Date (in UTC),Account Name,Currency,Campaign Group Name,Campaign Group ID,"
      "Campaign Name,Campaign ID,Total Spent,Impressions,Clicks\n"
      "4/13/2026,ACME,EUR,Group,g1,Camp,11,10.10,100,2\n4/3/2026,ACME,EUR,Group,g1,Camp,11,0.90,"
      "10,0\n");
  const MetricReport& report = linkedin.reports.front();
  EXPECT_EQ(PrintAccount(report.query.account), "linkedin/ACME");
  EXPECT_EQ(report.query.level, Level::kAdGroup);
  EXPECT_EQ(report.rows.front().day, D("2026-04-03"));
  EXPECT_EQ(report.rows.front().campaign_id, "g1");
  EXPECT_EQ(report.rows.front().ad_group_id, "11");
  EXPECT_EQ(linkedin.reports.size(), 2U);  // the days between are not covered

  const ExportImport microsoft = Read(
      "TimePeriod,AccountId,AccountName,CampaignId,CampaignName,CurrencyCode,DeviceType,"
      "Impressions,Clicks,Spend,Conversions,Revenue\n"
      "2026-04-01,77,ACME,5,Brand,USD,Computer,100,3,1.20,1,30.00\n"
      "\xC2\xA9"
      "2026 Microsoft Corporation. All rights reserved.\n");
  EXPECT_EQ(PrintAccount(microsoft.reports.front().query.account), "microsoft/77");
  EXPECT_EQ(microsoft.reports.front().rows.front().revenue_claimed, ParseMoney("30", kUsd).value());
  EXPECT_TRUE(Noted(microsoft.files[0], "closes the file"));
}

TEST(Exports, DbtReportsNameTheirPlatformInEachRow) {
  const ExportImport import = Read(
      "source_relation,date_day,platform,account_id,account_name,campaign_id,campaign_name,clicks,"
      "impressions,spend,conversions,conversions_value\n"
      ",2026-04-01,facebook_ads,1,A,10,Ten,1,100,2.50,0,0\n"
      ",2026-04-01,google_ads,2,B,20,Twenty,2,200,3.50,1,9.99\n");
  ASSERT_EQ(import.reports.size(), 2U);
  EXPECT_EQ(import.reports[0].query.account.platform, Platform::kGoogleAds);
  EXPECT_EQ(import.reports[1].query.account.platform, Platform::kMeta);
  EXPECT_EQ(import.files[0].totals.spend.at(kNoCurrency).micros(), 6'000'000);
  EXPECT_TRUE(Noted(import.files[0], "no currency is named"));
}

TEST(Exports, DecimalCommasAndSemicolons) {
  const ExportImport import = Read(
      "Day;Campaign;Cost (EUR);Impr.;Clicks\n"
      "01.04.2026;Frühling;1.234,56;10.000;5\n"
      "02.04.2026;Frühling;0,10 €;1.000;\n");
  EXPECT_EQ(Spend(import), "1234.66 EUR");
  EXPECT_EQ(import.files[0].totals.impressions, 11'000);
  EXPECT_TRUE(Noted(import.files[0], "read as 1.234,56"));
}

TEST(Exports, SeparatorsThatCouldBeBothAreRefusedUntilTold) {
  const std::string file = "Day;Campaign;Cost;Impr.\n2026-04-01;A;1,234;10\n";
  const std::string refusal = Refusal(file);
  EXPECT_TRUE(Holds(refusal, "line 2 has \"1,234\"")) << refusal;
  EXPECT_EQ(Spend(Read(file, {.decimal_mark = ','})), "1.234 XXX");
  EXPECT_EQ(Spend(Read(file, {.decimal_mark = '.'})), "1234.00 XXX");
  // A count decides it: nobody has 1.5 impressions.
  EXPECT_EQ(Spend(Read("Day;Campaign;Cost;Impr.\n2026-04-01;A;1,234;1,000\n")), "1234.00 XXX");
  const std::string both = Refusal(
      "Day;Campaign;Cost;Impr.\n2026-04-01;A;1,5;1\n"
      "2026-04-02;A;1.5;1\n");
  EXPECT_TRUE(Holds(both, "line 3") && Holds(both, "line 2")) << both;
}

TEST(Exports, QuotesMayHoldLinesAndSeparators) {
  const ExportImport import = Read(
      "Day,Campaign,Cost,Impr.\n2026-04-01,\"A, \"\"B\"\"\nand C\",1.5,10\n2026-04-02,D,2.25,20\n");
  EXPECT_EQ(import.reports.front().rows[0].campaign_id, "A, \"B\"\nand C");
  EXPECT_EQ(Spend(import), "3.75 XXX");
  EXPECT_TRUE(Holds(Refusal("Day,Campaign,Cost,Impr.\n2026-04-01,\"A\nB\",1.5,10\n"
                            "2026-04-01,C,x,1\n"),
                    "line 4, column \"Cost\": \"x\" is not a number"));
}

TEST(Exports, DaysInManyForms) {
  const auto day_of = [](const std::string& text, std::optional<int> year = {}) {
    ExportOptions options;
    options.year = year;
    const ExportImport import = Read("Day;Campaign;Cost;Impr.\n" + text + ";A;1.50;1\n", options);
    return import.reports.empty() ? "none" : PrintDay(import.reports[0].query.from);
  };
  for (const std::string text :
       {"2021-04-23", "2021-04-23 00:00:00", "2021-04-23T00:00:00Z", "20210423", "2021/04/23",
        "23.04.2021", "4/23/2021", "23/4/2021", "Apr 23, 2021", "April 23, 2021", "23 Apr 2021",
        "23-Apr-2021", "Friday, April 23, 2021"}) {
    EXPECT_EQ(day_of(text), "2021-04-23") << text;
  }
  EXPECT_EQ(day_of("Apr 23", 2021), "2021-04-23");
  EXPECT_EQ(day_of("04/04/2021"), "2021-04-04");
  const auto refused = [](const std::string& text) {
    return Refusal("Day;Campaign;Cost;Impr.\n" + text + ";A;1.50;1\n");
  };
  EXPECT_TRUE(Holds(refused("Apr 23"), "has no year"));
  EXPECT_TRUE(Holds(refused("4/5/2021"), "could be day/month or month/day"));
  EXPECT_TRUE(Holds(refused("2021-02-29"), "not a day of the calendar"));
  for (const std::string text : {"", "--", "yesterday", "2021", "2021-04", "April", "2021--04-23",
                                 "0021-04-23", "Apr 23 Apr 2021", "44309", "23.04.21"}) {
    EXPECT_TRUE(Holds(refused(text), "column \"Day\"")) << text;
  }
  EXPECT_TRUE(Holds(Refusal("Day;Campaign;Cost;Impr.\n13/4/2021;A;1.5;1\n4/13/2021;A;1.5;1\n"),
                    "month/day in others"));
}

TEST(Exports, FloatsOfCentsAreReadAsCentsOnlyAllTogether) {
  const std::string head = "Day,Campaign,Cost,Impr.\n";
  const ExportImport floats = Read(head +
                                   "2026-04-01,A,1.429999948,1\n2026-04-01,B,254.049996,1\n"
                                   "2026-04-01,C,0,1\n2026-04-01,D,2.5,1\n");
  EXPECT_EQ(Spend(floats), "257.98 XXX");
  EXPECT_TRUE(Noted(floats.files[0], "32-bit floats: 2 amounts"));
  // One value that no cent amount prints as: nothing is bent, only rounded at the sixth decimal.
  const ExportImport exact = Read(head + "2026-04-01,A,1.429999948,1\n2026-04-01,B,0.0015,1\n");
  EXPECT_EQ(Spend(exact), "1.4315 XXX");
  EXPECT_TRUE(Noted(exact.files[0], "rounded to six"));
  // No more than six decimals: exact micros, left alone.
  EXPECT_EQ(Spend(Read(head + "2026-04-01,A,254.049996,1\n")), "254.049996 XXX");
}

TEST(Exports, OneBadCellAndNothingIsLoaded) {
  const std::string head = "Day,Campaign ID,Campaign,Cost,Impr.,Clicks\n2026-04-01,1,A,1.50,10,1\n";
  struct Case {
    std::string row;
    std::string_view says;
  };
  const Case cases[] = {
      {"2026-04-02,1,A,NaN,10,1", "line 3, column \"Cost\": \"NaN\" is not a number"},
      {"2026-04-02,1,A,1e3,10,1", "column \"Cost\": \"1e3\""},
      {"2026-04-02,1,A,1E-05,10,1", "column \"Cost\": \"1E-05\""},
      {"2026-04-02,1,A,inf,10,1", "column \"Cost\""},
      {"2026-04-02,1,A,٥,10,1", "column \"Cost\": \"٥\""},
      {"2026-04-02,1,A,12.5%,10,1", "column \"Cost\""},
      {"2026-04-02,1,A,1.2.3,10,1", "column \"Cost\""},
      {"2026-04-02,1,A,.,10,1", "column \"Cost\": \".\" is not a number"},
      {"2026-04-02,1,A,99999999999999,10,1", "beyond what an amount can be"},
      {"2026-04-02,1,A,1.5,-1,1", "column \"Impr.\": \"-1\" is below zero"},
      {"2026-04-02,1,A,1.5,1.5,1", "column \"Impr.\": \"1.5\" is not a whole number"},
      {"2026-04-02,1,A,1.5,99999999999999999999,1", "column \"Impr.\""},
      {"2026-04-02,1,A,1.5,10,many", "column \"Clicks\": \"many\""},
      {"2026-04-02,1.23457E+17,A,1.5,10,1", "whose digits a spreadsheet has cut"},
      {"2026-04-02,1,A,1.5,10", "line 3: 5 cells under 6 columns"},
      {"2026-04-02,1,A,1.5,10,1,7", "line 3: 7 cells under 6 columns"},
      {"2026-04-02,,A,1.5,10,1", "it names no campaign"},
      {"2026-04-02,1,\"A,1.5,10,1", "a quote is opened and never closed"},
      {"2026-04-02,1,\"A\"b,1.5,10,1", "text after the closing quote"},
      {"2026-04-02,1,A\xff,1.5,10,1", "line 3: byte 0xff is not UTF-8"},
  };
  for (const Case& c : cases) {
    const std::string refusal = Refusal(head + c.row + "\n");
    EXPECT_TRUE(Holds(refusal, c.says)) << c.row << "\n" << refusal;
    EXPECT_TRUE(Holds(refusal, "export.csv") && Holds(refusal, "nothing was loaded")) << refusal;
  }
}

TEST(Exports, SumsThatDoNotFitAreRefusedNotWrapped) {
  EXPECT_TRUE(Holds(Refusal("Day,Campaign,Device,Cost,Impr.\n2026-04-01,A,x,9000000000000,1\n"
                            "2026-04-01,A,y,9000000000000,1\n"),
                    "too large"));
  EXPECT_TRUE(Holds(Refusal("Day,Campaign,Cost,Impr.\n2026-04-01,A,1,9000000000000000000\n"
                            "2026-04-02,A,1,9000000000000000000\n"),
                    "too large"));
}

TEST(Exports, UnknownColumnsAreNamed) {
  const std::string refusal = Refusal("Apples,Pears\n1,2\n");
  EXPECT_TRUE(Holds(refusal, "\"Apples\", \"Pears\"")) << refusal;
  EXPECT_TRUE(Holds(Refusal(""), "is empty"));
  EXPECT_TRUE(Holds(Refusal("Day,Cost,Cost,Impr.\n2026-04-01,1,2,3\n"), "two columns \"Cost\""));
  const std::vector<ExportFile> none;
  EXPECT_FALSE(ReadExports(none, {}).has_value());
}

TEST(Exports, TwoFilesOfTheSameDaysAreRefused) {
  const std::string file = "Day,Account ID,Campaign,Cost,Impr.\n2026-04-01,1,A,1.50,10\n";
  const std::vector<ExportFile> files = {{"a.csv", file}, {"b.csv", file}};
  const auto read = ReadExports(files, {});
  ASSERT_FALSE(read.has_value());
  EXPECT_TRUE(Holds(read.error().what, "b.csv line 2")) << read.error().what;
  EXPECT_TRUE(Holds(read.error().what, "a.csv line 2")) << read.error().what;
  // Other campaigns of the same days belong into the same report.
  const ExportImport both = Read(std::vector<ExportFile>{
      {"a.csv", file}, {"b.csv", "Day,Account ID,Campaign,Cost,Impr.\n2026-04-01,1,B,2.50,10\n"}});
  ASSERT_EQ(both.reports.size(), 1U);
  EXPECT_EQ(both.reports[0].rows.size(), 2U);
}

TEST(Exports, CurrencyComesFromTheFileThenFromThePerson) {
  const std::string row = "\n2026-04-01,1,A,1.50,10\n";
  const auto currency = [](const std::string& content, const ExportOptions& options) {
    return Read(content, options).accounts.at(0).info.currency;
  };
  EXPECT_EQ(currency("Day,Account ID,Campaign,Cost (EUR),Impr." + row, {.currency = kUsd}), kEur);
  EXPECT_EQ(currency("Day,Account ID,Campaign,Cost,Impr." + row, {.currency = kUsd}), kUsd);
  EXPECT_EQ(currency("Day,Account ID,Campaign,Cost,Impr." + row, {}), kNoCurrency);
  EXPECT_TRUE(Holds(Refusal("Day,Account ID,Campaign,Cost,Impr.,Currency\n2026-04-01,1,A,1,1,EUR\n"
                            "2026-04-01,1,B,1,1,USD\n"),
                    "an account has one currency"));
  EXPECT_TRUE(
      Holds(Refusal("Day,Account ID,Campaign,Cost,Impr.,Currency\n2026-04-01,1,A,1,1,euro\n"),
            "line 2, column \"Currency\": \"euro\""));
}

TEST(Exports, OrdersByDay) {
  const ExportImport import = Read(
      "Date;Orders;Revenue;Currency;Note\n2026-04-01;12;1.234,50;EUR;x\n2026-04-02;0;0,00;EUR;\n",
      {.client = "acme"});
  ASSERT_EQ(import.kpi.size(), 2U);
  EXPECT_EQ(import.kpi[0].client, "acme");
  EXPECT_EQ(import.kpi[0].day, D("2026-04-01"));
  EXPECT_EQ(import.kpi[0].orders, 12);
  EXPECT_EQ(import.kpi[0].revenue, Eur("1234.50"));
  EXPECT_EQ(MeaningOf(import.files[0], "Note"), "not used");
  EXPECT_TRUE(import.reports.empty());
  EXPECT_EQ(Read("day,orders,revenue\n2026-04-01,1,2\n", {.currency = kEur}).kpi[0].currency, kEur);
  EXPECT_TRUE(Holds(Refusal("day,orders,revenue\n2026-04-01,1,2\n2026-04-01,1,2\n"),
                    "orders in another row already"));
  EXPECT_TRUE(Holds(Refusal("day,orders,revenue\n2026-04-01,,2\n"), "is no number of orders"));
  EXPECT_TRUE(Holds(Refusal("orders,revenue\n1,2\n"), "need a column \"day\""));
}

TEST(Exports, HistoriesAndActionsCompleteTheFacts) {
  const std::vector<ExportFile> files = {
      {"facebook_ads_basic_ad_data.csv",
       "ad_id,date,account_id,impressions,inline_link_clicks,spend\n"
       "9,2026-04-01,1,100,5,2.50\n9,2026-04-02,1,100,5,2.50\n"},
      {"facebook_ads_basic_ad_actions_data.csv",
       "ad_id,date,index,action_type,value\n"
       "9,2026-04-01,0,offsite_conversion.fb_pixel_lead,2.0\n"
       "9,2026-04-01,1,offsite_conversion.fb_pixel_purchase,1\n9,2026-04-01,2,lead,2.0\n"
       "8,2026-04-01,0,offsite_conversion.fb_pixel_lead,2.0\n"},
      {"facebook_ads_basic_ad_action_values_data.csv",
       "ad_id,date,index,action_type,value\n"
       "9,2026-04-02,1,offsite_conversion.fb_pixel_purchase,19.90\n"},
      {"facebook_ads_ad_history_data.csv",
       "id,account_id,ad_set_id,campaign_id,creative_id,name,_fivetran_synced,updated_time\n"
       "9,1,8,7,6,old,x,2026-01-01T00:00:00\n9,1,8,7,6,new,x,2026-02-01T00:00:00\n"
       "9,1,8,7,6,older,x,2025-02-01 00:00:00\n"},
      {"facebook_ads_account_history_data.csv",
       "id,name,currency,timezone_name,_fivetran_synced\n1,ACME,EUR,Europe/Berlin,2026-01-01\n"}};
  const ExportImport import = Read(files);
  ASSERT_EQ(import.reports.size(), 1U);
  const auto& rows = import.reports[0].rows;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].campaign_id, "7");
  EXPECT_EQ(rows[0].ad_group_id, "8");
  EXPECT_EQ(rows[0].spend, Eur("2.50"));
  EXPECT_EQ(rows[0].conversions_claimed, 3);
  EXPECT_EQ(rows[0].revenue_claimed, std::nullopt);
  EXPECT_EQ(rows[1].conversions_claimed, std::nullopt);
  EXPECT_EQ(rows[1].revenue_claimed, Eur("19.90"));
  EXPECT_TRUE(Noted(import.files[1], "1 rows of other action types"));
  EXPECT_TRUE(Noted(import.files[1], "1 ads and days of it have no row"));
  ASSERT_EQ(import.accounts.size(), 1U);
  EXPECT_EQ(import.accounts[0].info.name, "ACME");
  EXPECT_EQ(import.accounts[0].info.zone, "Europe/Berlin");
  ASSERT_EQ(import.accounts[0].entities.size(), 1U);
  EXPECT_EQ(TextField(import.accounts[0].entities[0].fields, "name"), "new");
  EXPECT_EQ(import.accounts[0].entities[0].parent_id, "8");
}

TEST(Exports, KnownTablesWithoutFactsSayWhy) {
  const std::string monthly =
      "campaign_id,month,clicks,member_country,cost_in_local_currency\n"
      "1,2024-01,5,101,1.50\n";
  EXPECT_TRUE(Holds(Refusal(monthly), "whole months"));
  const ExportImport import = Read(std::vector<ExportFile>{
      {"m.csv", monthly}, {"g.csv", "Day,Campaign,Cost,Impr.\n2026-04-01,A,1.50,10\n"}});
  EXPECT_FALSE(import.files[0].used);
  EXPECT_TRUE(import.files[1].used);
}

/// Cut anywhere, or with any byte replaced, a file is read or refused, never worse.
TEST(Exports, DamagedFilesAreReadOrRefused) {
  const std::string good =
      "Day;Campaign;Cost (EUR);Impr.;Device\n\"01.04.2026\";\"A\";1.234,56;10.000;M\n"
      "02.04.2026;B;0,10;1.000;D\n";
  for (std::size_t at = 0; at < good.size(); ++at) {
    const std::vector<ExportFile> cut = {{"a.csv", good.substr(0, at)}};
    static_cast<void>(ReadExports(cut, {}));
    for (const char byte : {'"', ';', '\n', '9', '.', '\0', '\xc3'}) {
      std::vector<ExportFile> changed = {{"a.csv", good}};
      changed[0].content[at] = byte;
      static_cast<void>(ReadExports(changed, {}));
    }
  }
}

// --- real files --------------------------------------------------------------------------------

/// The folder of real data beside the repository; it is not part of it.
std::optional<fs::path> Shared() {
  const char* told = std::getenv("MAXOPT_SHARED");
  for (const fs::path& folder :
       {fs::path(told == nullptr ? "" : told), fs::path(MAXOPT_SOURCE_DIR) / ".." / "shared"}) {
    if (!folder.empty() && fs::exists(folder / "data" / "exports")) return folder / "data";
  }
  return std::nullopt;
}
ExportFile Load(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  return {path.filename().string(), content.str()};
}
class RealExports : public testing::Test {
 protected:
  void SetUp() override {
    if (!Shared()) GTEST_SKIP() << "no real data: ../shared/data is not there";
  }
  static ExportImport Import(std::initializer_list<std::string_view> names,
                             const ExportOptions& options = {}) {
    std::vector<ExportFile> files;
    for (const std::string_view name : names) files.push_back(Load(*Shared() / name));
    return Read(files, options);
  }
};

TEST_F(RealExports, FacebookKag) {
  const ExportImport import = Import({"exports/facebook_ads_kag.csv"});
  const ImportedFile& file = import.files.at(0);
  EXPECT_EQ(file.rows, 1'143);
  EXPECT_EQ(file.totals.objects.at(Level::kAd), 1'143);
  EXPECT_EQ(file.totals.objects.at(Level::kCampaign), 3);
  EXPECT_EQ(Spend(import), "58705.23 XXX");
  EXPECT_EQ(PrintMoney(file.totals.spend.at(kNoCurrency)), "58705.23 XXX");
  EXPECT_EQ(file.totals.clicks, 38'165);
  EXPECT_EQ(file.totals.impressions, 213'434'828);
  EXPECT_EQ(file.totals.conversions, 1'079);
  EXPECT_EQ(MeaningOf(file, "Spent"), "spend");
  EXPECT_EQ(MeaningOf(file, "interest"), "not used");
  EXPECT_EQ(MeaningOf(file, "Total_Conversion"), "not used");
  EXPECT_TRUE(Noted(file, "no currency is named"));
  EXPECT_TRUE(Noted(file, "1970-01-01"));
  const MetricReport* report = Find(import, Breakdown::kNone);
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(PrintAccount(report->query.account), "meta/facebook_ads_kag");
  EXPECT_EQ(report->query.level, Level::kAd);
  std::map<std::string, std::pair<int, double>> campaigns;
  for (const MetricRow& row : report->rows) {
    campaigns[row.campaign_id].first += 1;
    campaigns[row.campaign_id].second += *row.conversions_claimed;
  }
  EXPECT_EQ(campaigns["916"], std::make_pair(54, 24.0));
  EXPECT_EQ(campaigns["936"], std::make_pair(464, 183.0));
  EXPECT_EQ(campaigns["1178"], std::make_pair(625, 872.0));
  ASSERT_NE(Find(import, Breakdown::kAgeGender), nullptr);
  EXPECT_EQ(Find(import, Breakdown::kAgeGender)->rows.front().segment, "30-34/male");
  EXPECT_EQ(Spend(import, Breakdown::kAgeGender), "58705.23 XXX");

  const ExportImport told =
      Import({"exports/facebook_ads_kag.csv"},
             {.account_id = "act_1", .currency = kUsd, .day = D("2017-08-17")});
  EXPECT_EQ(Spend(told), "58705.23 USD");
  EXPECT_EQ(told.reports[0].query.from, D("2017-08-17"));
  EXPECT_EQ(PrintAccount(told.reports[0].query.account), "meta/1");
}

TEST_F(RealExports, DisplayCampaigns) {
  const std::vector<ExportFile> files = {Load(*Shared() / "exports/display_ads_april_may.csv")};
  const auto without_year = ReadExports(files, {});
  ASSERT_FALSE(without_year.has_value());
  EXPECT_TRUE(Holds(without_year.error().what, "has no year")) << without_year.error().what;
  const ExportImport import =
      Import({"exports/display_ads_april_may.csv"}, {.currency = kUsd, .year = 2020});
  const ImportedFile& file = import.files.at(0);
  EXPECT_EQ(file.rows, 10'972);
  EXPECT_EQ(Spend(import), "144397.181 USD");
  EXPECT_EQ(file.totals.clicks, 2'201'019);
  EXPECT_EQ(file.totals.impressions, 194'920'988);
  EXPECT_EQ(file.totals.conversions, 486'497);
  EXPECT_EQ(MeaningOf(file, "displays"), "impressions");
  EXPECT_EQ(MeaningOf(file, "post_click_sales_amount"), "not used");
  const MetricReport* whole = Find(import, Breakdown::kNone);
  ASSERT_NE(whole, nullptr);
  EXPECT_EQ(whole->query.from, D("2020-04-01"));
  const MetricReport* placement = Find(import, Breakdown::kPlacement);
  ASSERT_NE(placement, nullptr);
  bool blank = false;
  for (const MetricRow& row : placement->rows) blank = blank || row.segment.empty();
  EXPECT_TRUE(blank);
  EXPECT_EQ(Spend(import, Breakdown::kPlacement), "144397.181 USD");
}

TEST_F(RealExports, GoogleCampaignStats) {
  for (const bool with_history : {false, true}) {
    const ExportImport import =
        with_history ? Import({"connector_tables/google_ads_campaign_stats_data.csv",
                               "connector_tables/google_ads_account_history_data.csv",
                               "connector_tables/google_ads_campaign_history_data.csv"})
                     : Import({"connector_tables/google_ads_campaign_stats_data.csv"});
    const ImportedFile& file = import.files.at(0);
    EXPECT_EQ(file.rows, 16);
    EXPECT_EQ(file.level, Level::kCampaign);
    EXPECT_EQ(Spend(import), with_history ? "231.33 USD" : "231.33 XXX");
    EXPECT_EQ(file.totals.clicks, 280);
    EXPECT_EQ(file.totals.impressions, 1'854);
    ASSERT_EQ(import.accounts.size(), 1U);
    EXPECT_EQ(import.accounts[0].entities.size(), with_history ? 1U : 0U);
  }
}

TEST_F(RealExports, FacebookBasicAd) {
  const ExportImport import = Import({"connector_tables/facebook_ads_basic_ad_data.csv",
                                      "connector_tables/facebook_ads_ad_history_data.csv",
                                      "connector_tables/facebook_ads_campaign_history_data.csv"});
  const ImportedFile& file = import.files.at(0);
  EXPECT_EQ(file.rows, 10);
  EXPECT_EQ(Spend(import), "643.63 XXX");
  EXPECT_EQ(file.totals.clicks, 149);
  EXPECT_EQ(file.totals.impressions, 37'275);
  EXPECT_EQ(file.totals.conversions, std::nullopt);
  EXPECT_EQ(file.totals.objects.at(Level::kCampaign), 4);
}

TEST_F(RealExports, LinkedInByCampaign) {
  const ExportImport import =
      Import({"connector_tables/linkedin_ad_analytics_by_campaign_data.csv",
              "connector_tables/linkedin_ad_account_history_data.csv",
              "connector_tables/linkedin_ad_campaign_history_data.csv",
              "connector_tables/linkedin_ad_campaign_group_history_data.csv"});
  const ImportedFile& file = import.files.at(0);
  EXPECT_EQ(file.rows, 20);
  EXPECT_EQ(Spend(import), "530.62 USD");
  EXPECT_EQ(file.totals.clicks, 919);
  EXPECT_EQ(file.totals.impressions, 1'359);
  EXPECT_EQ(PrintAccount(import.reports.at(0).query.account), "linkedin/507515057");
  EXPECT_EQ(import.reports.at(0).rows.at(0).campaign_id, "600268686");
  // Alone it loads as well.
  EXPECT_EQ(Spend(Import({"connector_tables/linkedin_ad_analytics_by_campaign_data.csv"})),
            "530.62 XXX");
}

TEST_F(RealExports, AllConnectorTablesTogether) {
  std::vector<ExportFile> files;
  for (const auto& entry : fs::directory_iterator(*Shared() / "connector_tables")) {
    files.push_back(Load(entry.path()));
  }
  const ExportImport import = Read(files);
  ASSERT_EQ(import.files.size(), files.size());
  int unused = 0;
  for (const ImportedFile& file : import.files) {
    EXPECT_FALSE(file.recognised.empty());
    EXPECT_NE(file.recognised, "spend table") << file.name;
    if (!file.used) {
      ++unused;
      EXPECT_FALSE(file.notes.empty()) << file.name;
    }
  }
  EXPECT_EQ(unused, 9);
  for (const AccountTree& account : import.accounts) {
    EXPECT_NE(account.info.account.id, "");
    for (const Entity& entity : account.entities) EXPECT_NE(TextField(entity.fields, "name"), "");
  }
}

}  // namespace
}  // namespace maxopt
