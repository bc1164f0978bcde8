#include "stages/optimize/levers/devices/devices.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "stages/optimize/levers/world_for_test.h"

namespace maxopt {
namespace {

using std::chrono::days;
using List = std::vector<std::string>;

class DevicesLever : public levers::LeverTest {
 protected:
  static constexpr int kDays = 70;

  /// A day of a device: a click costs 0.10 everywhere.
  struct Daily {
    int clicks;
    double conversions;
  };
  using Devices = std::map<std::string, Daily>;
  /// 5.8 conversions of 900 clicks: phones bring 0.003 a click, desktops 0.02, tablets 0.007.
  static Devices Planted() {
    return {{"desktop", {200, 4}}, {"mobile", {600, 1.8}}, {"tablet", {100, 0.7}}};
  }
  static Devices Alike() {
    return {{"desktop", {200, 2}}, {"mobile", {600, 6}}, {"tablet", {100, 1}}};
  }
  void LoadDays(Platform platform, unsigned seed, const List& campaigns, const Devices& devices) {
    std::mt19937_64 random(seed);
    std::vector<MetricRow> cut, whole;
    const Day from = kToday - days(kDays), to = kToday - days(1);
    for (Day day = from; day <= to; day += days(1)) {
      for (const std::string& campaign : campaigns) {
        double spend = 0, sum = 0;
        int clicks = 0;
        for (const auto& [device, daily] : devices) {
          const double luck = std::poisson_distribution<int>(daily.conversions)(random);
          const double cost = 0.1 * daily.clicks;
          spend += cost;
          sum += luck;
          clicks += daily.clicks;
          cut.push_back({day,
                         {},
                         campaign,
                         "",
                         "",
                         device,
                         Eur(cost),
                         50 * daily.clicks,
                         daily.clicks,
                         luck,
                         Eur(30 * luck),
                         {}});
        }
        whole.push_back({day,
                         {},
                         campaign,
                         "",
                         "",
                         "",
                         Eur(spend),
                         50 * clicks,
                         clicks,
                         sum,
                         Eur(30 * sum),
                         {}});
      }
    }
    Load(platform, Level::kCampaign, Grain::kDay, Breakdown::kNone, from, to, whole);
    Load(platform, Level::kCampaign, Grain::kDay, Breakdown::kDevice, from, to, cut);
  }
  /// Spends its 90 EUR a day.
  Entity Google(const std::string& id, Fields more = {}) {
    more["daily_budget"] = Eur(92);
    more.try_emplace("bid_strategy", std::string("manual_cpc"));
    return Campaign(id, std::move(more));
  }
  LeverReport Run() { return RunLever(DeviceLever, 84); }
};

// The whole brings 6.5 / 900 = 0.0072 a click: phones 0.42 of it, desktops 2.8. Both move a step.
TEST_F(DevicesLever, BidsByWhatAClickBrings) {
  Have(Platform::kGoogleAds, {Google("1")});
  LoadDays(Platform::kGoogleAds, 1, {"1"}, Planted());
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  const Opportunity& found = report.opportunities[0];
  EXPECT_EQ(found.change.reason, Reason::kBid);
  EXPECT_EQ(found.change.level, Level::kCampaign);
  EXPECT_EQ(found.change.before, (Fields{{"bid_modifiers", List{}}}));
  EXPECT_EQ(found.change.after,
            (Fields{{"bid_modifiers", List{"device:desktop 1.2", "device:mobile 0.8"}}}));
  const auto evidence = nlohmann::json::parse(found.change.evidence);
  EXPECT_NEAR(evidence["parts"]["mobile"]["ratio"].get<double>(), 0.42, 0.08);
  EXPECT_NEAR(evidence["parts"]["desktop"]["ratio"].get<double>(), 2.8, 0.3);
  EXPECT_EQ(evidence["parts"]["mobile"]["to"], "0.8");
  EXPECT_FALSE(evidence["parts"].contains("tablet"));
  EXPECT_TRUE(Has(evidence["beware"].get<std::string>(), "another"));
  EXPECT_GT(found.value_low90, 0);
  EXPECT_LT(found.value_low90, found.value);
  ASSERT_TRUE(found.change.prediction);
  EXPECT_EQ(found.change.prediction->kpi, "conversions");
  EXPECT_GT(found.change.prediction->low90, 0);
  EXPECT_EQ(found.learning_cost, 0);  // bids set by hand do not learn
  EXPECT_FALSE(found.needs_second_signal);
  EXPECT_TRUE(Has(found.change.why, "mobile 1 -> 0.8")) << found.change.why;
}

// Judged by revenue in an account of another currency: what is foretold is the client's money, and
// without a rate nothing is.
TEST_F(DevicesLever, RevenueIsForetoldInTheClientsCurrency) {
  Have(Platform::kGoogleAds, {Google("1")});
  LoadDays(Platform::kGoogleAds, 1, {"1"}, Planted());
  auto state = Read(84);
  ASSERT_TRUE(state) << state.error().what;
  const LeverAccount& account = state->accounts.at(0);
  state->targets[state->AddressOf(account, Google("1"))]["roas"] = 1.5;
  const auto foretold = [&] {
    const auto report = DeviceLever(World(), *state);
    EXPECT_TRUE(report && report->opportunities.size() == 1);
    return report && !report->opportunities.empty() ? report->opportunities[0].change.prediction
                                                    : std::nullopt;
  };
  const auto euros = foretold();
  ASSERT_TRUE(euros);
  EXPECT_EQ(euros->kpi, "revenue");
  const Currency usd = *FindCurrency("USD");
  state->client.currency = usd;
  EXPECT_FALSE(foretold());
  state->rates = FxRates({{kToday, kEur, usd, "1.25", "bank.csv"}}, kToday);
  const auto dollars = foretold();
  ASSERT_TRUE(dollars);
  EXPECT_NEAR(dollars->mean, 1.25 * euros->mean, 1e-9);
  EXPECT_NEAR(dollars->low90, 1.25 * euros->low90, 1e-9);
  EXPECT_NEAR(dollars->high90, 1.25 * euros->high90, 1e-9);
}

TEST_F(DevicesLever, WithoutAnEffectNothingIsProposed) {
  int proposed = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Have(Platform::kGoogleAds, {Google("1"), Google("2")});
    LoadDays(Platform::kGoogleAds, seed, {"1", "2"}, Alike());
    proposed += static_cast<int>(Run().opportunities.size());
  }
  EXPECT_LE(proposed, 1);
}

TEST_F(DevicesLever, MovesOnFromWhereItIs) {
  Have(Platform::kGoogleAds,
       {Google("1", {{"bid_modifiers",
                      List{"country:DE 1.1", "device:desktop 0", "device:mobile 0.45"}}})});
  LoadDays(Platform::kGoogleAds, 1, {"1"}, Planted());
  const LeverReport report = Run();
  // Phones are where they belong by less than a step, desktops were left out by somebody.
  EXPECT_TRUE(Has(Notes(report), "somebody decided")) << Notes(report);
  for (const Opportunity& found : report.opportunities) {
    const List after = ListField(found.change.after, "bid_modifiers");
    EXPECT_TRUE(std::find(after.begin(), after.end(), "country:DE 1.1") != after.end());
    EXPECT_TRUE(std::find(after.begin(), after.end(), "device:desktop 0") != after.end());
  }
}

TEST_F(DevicesLever, StrategiesThatSetEachBidAreLeft) {
  Have(Platform::kGoogleAds,
       {Google("1", {{"bid_strategy", std::string("maximize_conversions")}}),
        Google("2", {{"bid_strategy", std::string("target_cpa")}, {"target_cpa", Eur(15)}}),
        Campaign("3", {{"daily_budget", Eur(92)}})});
  LoadDays(Platform::kGoogleAds, 1, {"1", "2", "3"}, Planted());
  const LeverReport report = Run();
  EXPECT_TRUE(Has(Notes(report), "maximize_conversions, which ignores modifiers by device"))
      << Notes(report);
  EXPECT_TRUE(Has(Notes(report), "its bid strategy is not known"));
  // Google multiplies the target of a device; there money counts and the target learns anew.
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  EXPECT_EQ(report.opportunities[0].change.id, "2");
  EXPECT_EQ(nlohmann::json::parse(report.opportunities[0].change.evidence)["per"], "money");
  EXPECT_GT(report.opportunities[0].learning_cost, 0);
}

TEST_F(DevicesLever, WhereBidsAreNotMultipliedItSaysSo) {
  Have(Platform::kMeta, {Campaign("7", {{"daily_budget", Eur(92)}})});
  accounts_[Info(Platform::kMeta).account].first.bid_modifiers.why_not = "few accounts have them";
  LoadDays(Platform::kMeta, 1, {"7"}, Planted());
  const LeverReport report = Run();
  EXPECT_TRUE(report.opportunities.empty());
  EXPECT_TRUE(Has(Notes(report), "not multiplied by device: few accounts")) << Notes(report);
}

TEST_F(DevicesLever, UnknownDevicesHarvestsAndLocksAreLeft) {
  Devices devices = Planted();
  devices["other"] = devices["mobile"];
  devices.erase("mobile");
  Have(Platform::kGoogleAds,
       {Google("1"), Google("2", {{"name", std::string("Brand search")}}), Google("3")});
  Lock({Platform::kGoogleAds, "42"}, Level::kCampaign, "3", "other/test");
  LoadDays(Platform::kGoogleAds, 1, {"1", "2", "3"}, devices);
  const LeverReport report = Run();
  EXPECT_TRUE(Has(Notes(report), "other brings")) << Notes(report);
  EXPECT_TRUE(Has(Notes(report), "about to buy"));
  EXPECT_TRUE(Has(Notes(report), "keeps it still"));
  for (const Opportunity& found : report.opportunities) {
    EXPECT_EQ(found.change.id, "1");
    EXPECT_EQ(found.change.after, (Fields{{"bid_modifiers", List{"device:desktop 1.2"}}}));
  }
}

}  // namespace
}  // namespace maxopt
