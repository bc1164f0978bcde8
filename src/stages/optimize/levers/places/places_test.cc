#include "stages/optimize/levers/places/places.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "stages/optimize/levers/world_for_test.h"

namespace maxopt {
namespace {

using std::chrono::days;
using List = std::vector<std::string>;

class PlacesLever : public levers::LeverTest {
 protected:
  static constexpr int kDays = 70;

  /// What each country costs and brings a day, by luck; the same in every campaign.
  using Countries = std::map<std::string, std::pair<double, double>>;
  static Countries Planted() { return {{"DE", {100, 5}}, {"AT", {40, 2}}, {"CH", {20, 0.2}}}; }
  void LoadDays(Platform platform, unsigned seed, const List& campaigns, const Countries& countries,
                bool shuffled = false, double young = 1) {
    std::mt19937_64 random(seed);
    std::vector<MetricRow> cut, whole;
    const Day from = kToday - days(kDays), to = kToday - days(1);
    for (Day day = from; day <= to; day += days(1)) {
      for (const std::string& campaign : campaigns) {
        double spend = 0, sum = 0;
        for (const auto& [country, numbers] : countries) {
          const double luck = std::poisson_distribution<int>(numbers.second)(random);
          const bool late = kToday - day < days(12) && country == "AT";
          const double conversions = late ? luck * young : luck;
          spend += numbers.first;
          sum += conversions;
          cut.push_back({day,
                         {},
                         campaign,
                         "",
                         "",
                         country,
                         Eur(numbers.first),
                         5'000,
                         clicks_per_euro_ == 0
                             ? 100
                             : static_cast<std::int64_t>(clicks_per_euro_ * numbers.first),
                         conversions,
                         Eur(30 * conversions),
                         {}});
        }
        whole.push_back(
            {day, {}, campaign, "", "", "", Eur(spend), 15'000, 300, sum, Eur(30 * sum), {}});
      }
    }
    if (shuffled) std::shuffle(cut.begin(), cut.end(), random);
    Load(platform, Level::kCampaign, Grain::kDay, Breakdown::kNone, from, to, whole);
    Load(platform, Level::kCampaign, Grain::kDay, Breakdown::kCountry, from, to, cut);
  }
  double clicks_per_euro_ = 0;  ///< 0: a hundred clicks a country, whatever they cost

  Entity Google(const std::string& id, Fields more = {}) {
    more["daily_budget"] = Eur(165);
    more.try_emplace("countries", List{"DE", "AT", "CH"});
    return Campaign(id, std::move(more));
  }
  LeverReport Run() { return RunLever(PlaceLever, 84); }
};

// 20 EUR a day in Switzerland bring 0.2 conversions; the rest pays 20 EUR for one.
TEST_F(PlacesLever, TakesOutTheCountryThatEarnsAFifth) {
  Have(Platform::kGoogleAds, {Google("1")});
  LoadDays(Platform::kGoogleAds, 1, {"1"}, Planted());
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  const Opportunity& found = report.opportunities[0];
  EXPECT_EQ(found.change.reason, Reason::kPlace);
  EXPECT_EQ(found.change.before, (Fields{{"countries", List{"DE", "AT", "CH"}}}));
  EXPECT_EQ(found.change.after, (Fields{{"countries", List{"DE", "AT"}}}));
  const auto evidence = nlohmann::json::parse(found.change.evidence);
  EXPECT_NEAR(evidence["spend_freed_a_day"].get<double>(), 20, 1e-9);
  EXPECT_NEAR(evidence["rate_of_the_rest"].get<double>(), 0.05, 0.005);
  EXPECT_TRUE(Has(evidence["beware"].get<std::string>(), "consent"));
  EXPECT_TRUE(Has(evidence["basis"].get<std::string>(), "claimed by the platform"));
  ASSERT_TRUE(found.change.prediction);
  // 20 EUR at three quarters of 0.05, less 0.2: 0.55 conversions a day.
  EXPECT_NEAR(found.change.prediction->mean, 0.55, 0.1);
  EXPECT_GT(found.change.prediction->low90, 0);
  EXPECT_EQ(found.learning_cost, 0);
  EXPECT_FALSE(found.needs_second_signal);
}

// Bids set by hand: 7.4 conversions of 800 clicks, in Switzerland 0.4 of 100, which is 0.43 of the
// whole's. That is worth a lower bid, by a step, and no end.
TEST_F(PlacesLever, BidsLessWhereAClickBringsLess) {
  clicks_per_euro_ = 5;
  const Fields manual{{"bid_strategy", std::string("manual_cpc")}};
  Have(Platform::kGoogleAds, {Google("1", manual)});
  LoadDays(Platform::kGoogleAds, 1, {"1"}, {{"DE", {100, 5}}, {"AT", {40, 2}}, {"CH", {20, 0.4}}});
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  const Opportunity& found = report.opportunities[0];
  EXPECT_EQ(found.change.reason, Reason::kPlace);
  EXPECT_EQ(found.change.before, (Fields{{"bid_modifiers", List{}}}));
  // The whole is dragged down by it, so that the others stand above it, a little.
  EXPECT_EQ(found.change.after,
            (Fields{{"bid_modifiers", List{"country:CH 0.8", "country:DE 1.12"}}}));
  const auto evidence = nlohmann::json::parse(found.change.evidence);
  EXPECT_NEAR(evidence["parts"]["CH"]["ratio"].get<double>(), 0.43, 0.12);
  EXPECT_TRUE(Has(evidence["beware"].get<std::string>(), "consent"));
  EXPECT_GT(found.value_low90, 0);

  // The same under a strategy that ignores modifiers: out it goes.
  Have(Platform::kGoogleAds, {Google("1", {{"bid_strategy", std::string("maximize_clicks")}})});
  const LeverReport other = Run();
  ASSERT_EQ(other.opportunities.size(), 1u) << Notes(other);
  EXPECT_EQ(other.opportunities[0].change.after, (Fields{{"countries", List{"DE", "AT"}}}));
}

// Worth less than a tenth of the whole: no modifier is low enough. Its own goes with it, and comes
// back with it when the change is undone.
TEST_F(PlacesLever, TakesOutWhatIsWorthNoBid) {
  clicks_per_euro_ = 5;
  Have(Platform::kGoogleAds,
       {Google("1", {{"bid_strategy", std::string("manual_cpc")},
                     {"bid_modifiers", List{"country:CH 0.8", "device:mobile 0.9"}}})});
  LoadDays(Platform::kGoogleAds, 1, {"1"}, {{"DE", {100, 5}}, {"AT", {40, 2}}, {"CH", {20, 0.01}}});
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  EXPECT_EQ(report.opportunities[0].change.before,
            (Fields{{"bid_modifiers", List{"country:CH 0.8", "device:mobile 0.9"}},
                    {"countries", List{"DE", "AT", "CH"}}}));
  EXPECT_EQ(
      report.opportunities[0].change.after,
      (Fields{{"bid_modifiers", List{"device:mobile 0.9"}}, {"countries", List{"DE", "AT"}}}));
}

TEST_F(PlacesLever, ModifiersWithoutAnEffectAreNotProposed) {
  clicks_per_euro_ = 5;
  int proposed = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const Fields manual{{"bid_strategy", std::string("manual_cpc")}};
    Have(Platform::kGoogleAds, {Google("1", manual), Google("2", manual)});
    LoadDays(Platform::kGoogleAds, seed, {"1", "2"},
             {{"DE", {100, 5}}, {"AT", {40, 2}}, {"CH", {20, 1}}});
    proposed += static_cast<int>(Run().opportunities.size());
  }
  EXPECT_LE(proposed, 1);
}

TEST_F(PlacesLever, WithoutAnEffectNothingIsProposed) {
  int proposed = 0;
  for (unsigned seed = 1; seed <= 8; ++seed) {
    Have(Platform::kGoogleAds, {Google("1"), Google("2")});
    LoadDays(Platform::kGoogleAds, seed, {"1", "2"},
             {{"DE", {100, 5}}, {"AT", {40, 2}}, {"CH", {20, 1}}});
    proposed += static_cast<int>(Run().opportunities.size());
  }
  EXPECT_EQ(proposed, 0);
}

TEST_F(PlacesLever, ImmatureDaysAreNotLookedAt) {
  Have(Platform::kGoogleAds, {Google("1")});
  // Of Austria's last days nothing is known yet.
  LoadDays(Platform::kGoogleAds, 3, {"1"}, {{"DE", {100, 5}}, {"AT", {20, 1}}, {"CH", {20, 1}}},
           false, 0);
  EXPECT_TRUE(Run().opportunities.empty());
}

TEST_F(PlacesLever, AdGroupsThatNameTheCountry) {
  Have(Platform::kMeta, {Campaign("1", {{"daily_budget", Eur(165)}}),
                         AdGroup("11", "1", {{"countries", List{"CH", "DE"}}}),
                         AdGroup("12", "1", {{"countries", List{"AT"}}}),
                         AdGroup("13", "1", {{"countries", List{"CH"}}}),
                         AdGroup("14", "1", {{"countries", List{"DE", "CH"}}})});
  Lock({Platform::kMeta, "42"}, Level::kAdGroup, "14", "other/test");
  LoadDays(Platform::kMeta, 1, {"1"}, Planted());
  // The campaign is locked with its ad group.
  EXPECT_TRUE(Run().opportunities.empty());
  accounts_.begin()->second.second.pop_back();
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  EXPECT_EQ(report.opportunities[0].change.id, "11");
  EXPECT_EQ(report.opportunities[0].change.after, (Fields{{"countries", List{"DE"}}}));
  EXPECT_GT(report.opportunities[0].learning_cost, 0);
  EXPECT_TRUE(Has(Notes(report), "without a country, which is a pause")) << Notes(report);
}

TEST_F(PlacesLever, WhatCannotBeTakenOutIsTold) {
  Have(Platform::kGoogleAds, {Google("1", {{"countries", List{}}}),
                              Google("2", {{"name", std::string("Retargeting | all")}})});
  LoadDays(Platform::kGoogleAds, 1, {"1", "2"}, Planted());
  Have(Platform::kMicrosoft, {Google("7")});
  LoadDays(Platform::kMicrosoft, 1, {"7"}, Planted());
  const LeverReport report = Run();
  EXPECT_TRUE(report.opportunities.empty());
  EXPECT_TRUE(Has(Notes(report), "does not name its countries")) << Notes(report);
  EXPECT_TRUE(Has(Notes(report), "about to buy"));
  EXPECT_TRUE(Has(Notes(report), "Max sets no places on microsoft"));
}

TEST_F(PlacesLever, AGeoExperimentKeepsAllPlaces) {
  Have(Platform::kGoogleAds, {Google("1")});
  LoadDays(Platform::kGoogleAds, 1, {"1"}, Planted());
  Experiment experiment;
  experiment.id = "spring/geo";
  experiment.client = "A";
  experiment.name = "geo holdout";
  experiment.variable = ExperimentVariable::kGeoHoldout;
  experiment.arms = {{"without", {}, {"CH"}, 1'000}, {"with", {}, {"DE", "AT"}, 9'000}};
  experiment.start = kToday - days(2);
  experiment.end = kToday + days(10);
  experiment.status = "running";
  const auto saved = store_->SaveExperiment(experiment);
  ASSERT_TRUE(saved) << saved.error().what;
  const LeverReport report = Run();
  EXPECT_TRUE(report.opportunities.empty());
  EXPECT_TRUE(Has(Notes(report), "\"geo holdout\" compares them")) << Notes(report);
  experiment.status = "ended";
  ASSERT_TRUE(store_->SaveExperiment(experiment));
  EXPECT_EQ(Run().opportunities.size(), 1u);
}

TEST_F(PlacesLever, TheOrderOfFactsDoesNotMatter) {
  Have(Platform::kGoogleAds, {Google("1")});
  LoadDays(Platform::kGoogleAds, 1, {"1"}, Planted());
  const LeverReport first = Run();
  facts_ = std::move(*FactStore::Open(":memory:"));
  Have(Platform::kGoogleAds, {Google("1")});
  LoadDays(Platform::kGoogleAds, 1, {"1"}, Planted(), true);
  const LeverReport second = Run();
  ASSERT_EQ(first.opportunities.size(), 1u);
  ASSERT_EQ(second.opportunities.size(), 1u);
  EXPECT_EQ(first.opportunities[0].change.evidence, second.opportunities[0].change.evidence);
}

}  // namespace
}  // namespace maxopt
