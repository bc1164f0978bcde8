#include "stages/optimize/levers/searches/searches.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "domain/json.h"
#include "stages/optimize/levers/world_for_test.h"

namespace maxopt {
namespace {

using std::chrono::days;
using Words = std::vector<std::string>;

class SearchLeverTest : public levers::LeverTest {
 protected:
  SearchLeverTest() { HaveGoogle({}); }
  void HaveGoogle(Fields campaign) {
    campaign.try_emplace("channel_type", std::string("search"));
    campaign.try_emplace("daily_budget", Eur(500));
    Have(Platform::kGoogleAds,
         {Campaign("1", campaign),
          AdGroup("11", "1", {{"keywords", Words{"phrase:hiking boots", "broad:leather boots"}}}),
          AdGroup("12", "1",
                  {{"keywords", Words{"exact:rain coat"}}, {"status", std::string(kPaused)}}),
          Campaign("2", {{"channel_type", std::string("search")}}),
          AdGroup("21", "2", {{"keywords", Words{"exact:acme boots sale"}}})});
  }
  struct Search {
    std::string term;
    double spend, conversions;  ///< a day
  };
  /// 60 days of campaign 1, whole and by search; the same every day but for `odd`, whose
  /// conversions fall on every n-th day.
  void LoadSearches(const std::vector<Search>& searches, Day from, Day to, int every = 1) {
    std::vector<MetricRow> whole, cut;
    for (Day day = from; day <= to; day += days(1)) {
      const bool on = (day - from).count() % every == 0;
      double spend = 50, conversions = 5;  // of searches that are not told
      for (const Search& s : searches) {
        const double converted = on ? s.conversions * every : 0;
        cut.push_back({day, {}, "1", "", "", s.term, Eur(s.spend), 100, 20, converted, {}, {}});
        spend += s.spend;
        conversions += converted;
      }
      cut.push_back({day, {}, "1", "", "", std::string(kNoneTold), Eur(50), 100, 20, 5.0, {}, {}});
      whole.push_back({day, {}, "1", "", "", "", Eur(spend), 1'000, 200, conversions, {}, {}});
    }
    Load(Platform::kGoogleAds, Level::kCampaign, Grain::kDay, Breakdown::kNone, from, to, whole);
    Load(Platform::kGoogleAds, Level::kCampaign, Grain::kDay, Breakdown::kSearchTerm, from, to,
         cut);
  }
  const std::vector<Search> kUsual_{
      {"hiking boots", 100, 10}, {"leather boots", 60, 6}, {"boots for women", 40, 4}};
  LeverReport Run() { return RunLever(SearchLever, 60); }
  static std::string Print(const LeverReport& report) {
    std::string out;
    for (const Opportunity& o : report.opportunities) {
      out += ToJson(o.change) + fmt(o.value) + fmt(o.value_low90) + fmt(o.value_high90) + "\n";
    }
    return out + Notes(report);
  }
  static std::string fmt(double x) { return std::to_string(x) + " "; }
  const Day from_ = kToday - days(60), to_ = kToday - days(1);
};

TEST_F(SearchLeverTest, LeavesOutWhatOnlyCosts) {
  std::vector<Search> searches = kUsual_;
  searches.push_back({"hiking boots drawing", 5, 0});
  for (const char* term : {"free hiking boots", "free boots", "boots free"}) {
    searches.push_back({term, 1, 0});
  }
  LoadSearches(searches, from_, to_);
  const LeverReport report = Run();
  EXPECT_EQ(report.lever, "searches");
  ASSERT_EQ(report.opportunities.size(), 1u);
  const Opportunity& found = report.opportunities[0];
  const Change& change = found.change;
  EXPECT_EQ(change.level, Level::kCampaign);
  EXPECT_EQ(change.id, "1");
  EXPECT_EQ(change.address, "campaign/1");
  EXPECT_EQ(change.reason, Reason::kKeyword);
  EXPECT_TRUE(CheckFields(change.level, change.after));
  EXPECT_EQ(ListField(change.before, "negative_keywords"), Words{});
  EXPECT_EQ(ListField(change.after, "negative_keywords"),
            (Words{"exact:hiking boots drawing", "phrase:free"}));
  // 8 a day are saved, less what their shrunk rates still promise at 10 a conversion.
  EXPECT_GT(found.value, 5);
  EXPECT_LT(found.value, 8);
  EXPECT_LT(found.value_low90, found.value);
  EXPECT_GT(found.value_high90, found.value);
  EXPECT_FALSE(found.needs_second_signal);
  ASSERT_TRUE(change.prediction);
  EXPECT_EQ(change.prediction->kpi, "conversions");
  // It spends half of its budget: what is freed is saved.
  EXPECT_LT(change.prediction->mean, 0);
  EXPECT_LE(change.prediction->high90, 0);
  const auto evidence = nlohmann::json::parse(change.evidence);
  EXPECT_EQ(evidence["words"].size(), 2u);
  EXPECT_EQ(evidence["words"][1]["searches"], 3);
  EXPECT_NE(change.why.find("\"exact:hiking boots drawing\", \"phrase:free\""), std::string::npos)
      << change.why;

  // Held back by its budget it buys other searches for it.
  HaveGoogle({{"daily_budget", Eur(260)}});
  const LeverReport limited = Run();
  ASSERT_EQ(limited.opportunities.size(), 1u);
  EXPECT_GT(limited.opportunities[0].change.prediction->mean, 0);
}

TEST_F(SearchLeverTest, BuysWhatConvertsWell) {
  std::vector<Search> searches = kUsual_;
  searches.push_back({"waterproof hiking boots", 5, 2});
  LoadSearches(searches, from_, to_);
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u);
  const Change& change = report.opportunities[0].change;
  EXPECT_EQ(change.level, Level::kAdGroup);
  EXPECT_EQ(change.id, "11");
  EXPECT_EQ(ListField(change.after, "keywords"),
            (Words{"phrase:hiking boots", "broad:leather boots", "exact:waterproof hiking boots"}));
  // 2 a day where its like would have had half of one: a tenth of the rest, at 10 each or less.
  ASSERT_TRUE(change.prediction);
  EXPECT_NEAR(change.prediction->mean, 0.15, 0.02);
  EXPECT_GT(report.opportunities[0].value, 1);
  EXPECT_LT(report.opportunities[0].value, 1.6);
}

TEST_F(SearchLeverTest, NothingWhereNothingDiffers) {
  int found = 0;
  for (unsigned seed = 1; seed <= 8; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<MetricRow> whole, cut;
    for (Day day = from_; day <= to_; day += days(1)) {
      double spend = 0, conversions = 0;
      for (int i = 0; i < 25; ++i) {
        const double spent = 2 + i;
        const double converted = std::poisson_distribution<int>(spent / 12)(random);
        cut.push_back({day,
                       {},
                       "1",
                       "",
                       "",
                       "boots w" + std::to_string(i),
                       Eur(spent),
                       100,
                       20,
                       converted,
                       {},
                       {}});
        spend += spent;
        conversions += converted;
      }
      whole.push_back({day, {}, "1", "", "", "", Eur(spend), 1'000, 200, conversions, {}, {}});
    }
    Load(Platform::kGoogleAds, Level::kCampaign, Grain::kDay, Breakdown::kNone, from_, to_, whole);
    Load(Platform::kGoogleAds, Level::kCampaign, Grain::kDay, Breakdown::kSearchTerm, from_, to_,
         cut);
    found += static_cast<int>(Run().opportunities.size());
  }
  EXPECT_EQ(found, 0);
}

TEST_F(SearchLeverTest, DaysThatAreStillComingInAreNotLookedAt) {
  // It lost on the young days only: they are no evidence.
  LoadSearches(kUsual_, from_, kToday - days(8));
  std::vector<Search> late = kUsual_;
  late.push_back({"hiking boots drawing", 100, 0});
  LoadSearches(late, kToday - days(7), to_);
  EXPECT_TRUE(Run().opportunities.empty());
}

TEST_F(SearchLeverTest, WhatIsHeldIsLeft) {
  std::vector<Search> searches = kUsual_;
  searches.push_back({"hiking boots drawing", 5, 0});
  searches.push_back({"waterproof hiking boots", 5, 2});
  LoadSearches(searches, from_, to_);
  EXPECT_EQ(Run().opportunities.size(), 2u);
  Lock(Info(Platform::kGoogleAds).account, Level::kAdGroup, "11", "spring/search/boots");
  const LeverReport report = Run();
  EXPECT_TRUE(report.opportunities.empty());
  ASSERT_FALSE(report.notes.empty());
  EXPECT_NE(report.notes[0].find("experiment"), std::string::npos) << report.notes[0];
}

TEST_F(SearchLeverTest, OtherKindsOfCampaignsAndPausedOnesAreLeft) {
  std::vector<Search> searches = kUsual_;
  searches.push_back({"hiking boots drawing", 5, 0});
  LoadSearches(searches, from_, to_);
  HaveGoogle({{"channel_type", std::string("performance_max")}});
  EXPECT_TRUE(Run().opportunities.empty());
  HaveGoogle({{"status", std::string(kPaused)}});
  EXPECT_TRUE(Run().opportunities.empty());
  HaveGoogle({});
  EXPECT_EQ(Run().opportunities.size(), 1u);
}

TEST_F(SearchLeverTest, ATermThatStillConvertsWaitsForAPerson) {
  std::vector<Search> searches = kUsual_;
  searches.push_back({"boots cheapest", 20, 0.25});
  LoadSearches(searches, from_, to_);
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u);
  EXPECT_TRUE(report.opportunities[0].needs_second_signal);
  EXPECT_EQ(report.opportunities[0].second_signal, "");
}

TEST_F(SearchLeverTest, HostileNamesAndOrder) {
  std::vector<Search> searches = kUsual_;
  searches.push_back({"hiking boots drawing", 5, 0});
  for (const std::string& term : {std::string("=cmd|'/c calc'!A1"), std::string(300, 'x'),
                                  std::string("boots \xF0\x9F\x91\xA2"), std::string("\"; drop"),
                                  std::string("נעליים \xE2\x80\xAE")}) {
    searches.push_back({term, 6, 0});
  }
  HaveGoogle({{"name", std::string("<b>\"R|D\" 👢")}});
  LoadSearches(searches, from_, to_);
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u);
  EXPECT_EQ(ListField(report.opportunities[0].change.after, "negative_keywords"),
            Words{"exact:hiking boots drawing"});
  EXPECT_EQ(report.notes.size(), 5u);
  EXPECT_TRUE(ChangeFromJson(ToJson(report.opportunities[0].change)));
  const std::string first = Print(report);
  std::reverse(searches.begin(), searches.end());
  LoadSearches(searches, from_, to_);
  EXPECT_EQ(Print(Run()), first);
}

TEST_F(SearchLeverTest, PlatformsWithoutSearchesSaySo) {
  Have(Platform::kMeta, {Campaign("9", {})});
  accounts_[Info(Platform::kMeta).account].first.not_offered = {
      {Breakdown::kSearchTerm, "Meta's ads are shown by no searches"}};
  const LeverReport report = Run();
  EXPECT_TRUE(report.opportunities.empty());
  EXPECT_NE(std::find(report.notes.begin(), report.notes.end(),
                      "meta/42: no searches: Meta's ads are shown by no searches"),
            report.notes.end());
}

}  // namespace
}  // namespace maxopt
