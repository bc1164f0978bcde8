#include "stages/optimize/levers/bids/bids.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "stages/optimize/levers/world_for_test.h"

namespace maxopt {
namespace {

using std::chrono::days;

/// What a campaign does: spend follows demand and, week by week, a bid that was moved.
struct Behaviour {
  std::string campaign;
  double spend = 100, conversions = 10;  ///< a day, at the usual demand and bid
  double elasticity = 0.6;
  double lost_to_rank = 0.4, lost_to_budget = 0;
  std::string ad_group{};  ///< facts by ad group
};

class BidsLever : public levers::LeverTest {
 protected:
  static constexpr int kDays = 196;

  void LoadDays(Platform platform, unsigned seed, const std::vector<Behaviour>& all,
                bool shuffled = false) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    std::vector<MetricRow> campaigns, groups;
    const Day from = kToday - days(kDays), to = kToday - days(1);
    for (const Behaviour& b : all) {
      double bid = 1;
      for (Day day = from; day <= to; day += days(1)) {
        const auto back = (to - day).count();
        // The last six weeks the bid stands where it is judged.
        if (back % 7 == 6) bid = back < 42 ? 1 : std::exp(0.3 * normal(random));
        const double demand = std::exp(0.2 * normal(random));
        const double spend = b.spend * demand * bid;
        const double mean = b.conversions * demand * std::pow(bid, b.elasticity);
        const double conversions = std::poisson_distribution<int>(mean)(random);
        const double share = std::max(0.05, 1 - b.lost_to_rank - b.lost_to_budget);
        const double impressions = std::round(20'000 * demand * share);
        MetricRow row{day,
                      {},
                      b.campaign,
                      "",
                      "",
                      "",
                      Eur(spend),
                      static_cast<std::int64_t>(impressions),
                      static_cast<std::int64_t>(impressions / 50),
                      conversions,
                      Eur(30 * conversions),
                      share};
        row.lost_to_budget = b.lost_to_budget;
        row.lost_to_rank = b.lost_to_rank;
        campaigns.push_back(row);
        if (b.ad_group.empty()) continue;
        row.ad_group_id = b.ad_group;
        row.impression_share = row.lost_to_budget = row.lost_to_rank = std::nullopt;
        groups.push_back(row);
      }
    }
    if (shuffled) std::shuffle(campaigns.begin(), campaigns.end(), random);
    Load(platform, Level::kCampaign, Grain::kDay, Breakdown::kNone, from, to, campaigns);
    if (!groups.empty()) {
      Load(platform, Level::kAdGroup, Grain::kDay, Breakdown::kNone, from, to, groups);
    }
  }
  void Target(const std::string& kpi, const std::string& target,
              const std::vector<std::string>& campaigns) {
    std::vector<Watch> watches;
    for (const std::string& campaign : campaigns) {
      Watch watch;
      watch.client = "A";
      watch.address = "campaign/" + campaign;
      watch.importance = "primary";
      watch.direction = kpi == "cpa" ? "above" : "below";
      watch.kpi = kpi;
      watch.target = target;
      watches.push_back(watch);
    }
    const auto saved = store_->SaveWatches("A", "campaign", watches);
    ASSERT_TRUE(saved) << saved.error().what;
  }
  LeverReport Run() { return RunLever(BidLever, kDays); }
  Entity Cpa(const std::string& id, double target, double budget, Fields more = {}) {
    more["bid_strategy"] = std::string("target_cpa");
    more["target_cpa"] = Eur(target);
    more["daily_budget"] = Eur(budget);
    return Campaign(id, std::move(more));
  }
};

// A conversion costs 10 and is worth 25: on average money brings 2.5, at the margin three quarters
// of it. 40 % of the impressions are lost to rank, a tenth of the budget is spent.
TEST_F(BidsLever, LoosensWhereTheMarginIsWorthIt) {
  Have(Platform::kGoogleAds, {Cpa("1", 10, 1'000)});
  LoadDays(Platform::kGoogleAds, 1, {{"1", 100, 10, 0.75}});
  Target("cpa", "25", {"1"});
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  const Opportunity& found = report.opportunities[0];
  EXPECT_EQ(found.change.reason, Reason::kBid);
  EXPECT_EQ(found.change.before, (Fields{{"target_cpa", Eur(10)}}));
  EXPECT_EQ(found.change.after, (Fields{{"target_cpa", Eur(12)}}));  // the policy's step
  const auto evidence = nlohmann::json::parse(found.change.evidence);
  EXPECT_NEAR(evidence["elasticity"]["own"].get<double>(), 0.75, 0.1);
  EXPECT_NEAR(evidence["margin"]["mean"].get<double>(), 0.75 * 2.5, 0.3);
  EXPECT_TRUE(Has(evidence["basis"].get<std::string>(), "claimed by the platform"));
  ASSERT_TRUE(found.change.prediction);
  EXPECT_EQ(found.change.prediction->kpi, "conversions");
  EXPECT_GT(found.change.prediction->low90, 0);
  EXPECT_GT(found.value_low90, 0);
  // Until 50 conversions have come; 0.24 of their worth of 25 EUR, at even odds.
  const double a_day = evidence["value_a_day"].get<double>();
  EXPECT_EQ(found.learning_days, static_cast<int>(std::ceil(50 / a_day)));
  EXPECT_NEAR(found.learning_cost, 0.12 * 25 * a_day, 1e-9);
}

// The average of 12 is under the target of 15; the last conversion costs 24.
TEST_F(BidsLever, TightensAGoodAverageWithABadMargin) {
  Have(Platform::kGoogleAds, {Cpa("1", 12, 1'000)});
  LoadDays(Platform::kGoogleAds, 2, {{"1", 120, 10, 0.5}});
  Target("cpa", "15", {"1"});
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  const Change& change = report.opportunities[0].change;
  EXPECT_EQ(change.after, (Fields{{"target_cpa", Eur(9.6)}}));
  ASSERT_TRUE(change.prediction);
  EXPECT_LT(change.prediction->high90, 0);  // it costs conversions, and saves more
  EXPECT_GT(report.opportunities[0].value_low90, 0);
}

TEST_F(BidsLever, AReturnIsMovedTheOtherWay) {
  Entity campaign = Campaign("1", {{"bid_strategy", std::string("target_roas")},
                                   {"target_roas_bp", std::int64_t{30'000}},
                                   {"daily_budget", Eur(1'000)}});
  Have(Platform::kGoogleAds, {campaign});
  // 30 EUR an order for 10 EUR: 3.0, where 6.0 is wanted.
  LoadDays(Platform::kGoogleAds, 3, {{"1", 100, 10, 0.6}});
  Target("roas", "6", {"1"});
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  const Change& change = report.opportunities[0].change;
  // 3.0 / 0.8.
  EXPECT_EQ(change.after, (Fields{{"target_roas_bp", std::int64_t{37'500}}}));
  EXPECT_EQ(KpiText(*change.prediction), "revenue (EUR)");
}

TEST_F(BidsLever, WhatItsBudgetStopsBidsLess) {
  Have(Platform::kGoogleAds, {Cpa("1", 10, 100)});
  LoadDays(Platform::kGoogleAds, 4, {{"1", 100, 10, 0.6, 0.1, 0.5}});
  Target("cpa", "25", {"1"});
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  const Change& change = report.opportunities[0].change;
  const auto* after = std::get_if<Money>(&change.after.at("target_cpa"));
  ASSERT_NE(after, nullptr);
  EXPECT_LT(*after, Eur(10));
  EXPECT_GE(*after, Eur(8));
  EXPECT_TRUE(Has(change.why, "50 % of the impressions to be had are lost to it")) << change.why;
  EXPECT_GT(change.prediction->low90, 0);
}

// Returns diminish to just the worth of the money: nothing is to be won either way.
TEST_F(BidsLever, AtTheBestBidNothingIsProposed) {
  int proposed = 0;
  for (unsigned seed = 10; seed < 15; ++seed) {
    Have(Platform::kGoogleAds, {Cpa("1", 10, 1'000), Cpa("2", 10, 1'000)});
    LoadDays(Platform::kGoogleAds, seed, {{"1", 100, 10, 0.6}, {"2", 50, 5, 0.6}});
    Target("cpa", "16.67", {"1", "2"});
    const LeverReport report = Run();
    proposed += static_cast<int>(report.opportunities.size());
    EXPECT_TRUE(Has(Notes(report), "cannot tell")) << Notes(report);
  }
  EXPECT_EQ(proposed, 0);
}

TEST_F(BidsLever, LeavesAlone) {
  Have(Platform::kGoogleAds,
       {Cpa("1", 10, 1'000), Cpa("2", 10, 1'000, {{"name", std::string("Search brand")}}),
        Cpa("3", 10, 1'000), Cpa("4", 20, 1'000), Cpa("5", 10, 1'000),
        Campaign("6", {{"bid_strategy", std::string("maximize_clicks")}}),
        AdGroup("61", "6", {{"bid", Eur(1)}})});
  std::vector<Behaviour> all;
  for (const char* id : {"1", "2", "3", "4", "5", "6"}) all.push_back({id, 100, 10, 0.75});
  LoadDays(Platform::kGoogleAds, 5, all);
  Target("cpa", "25", {"1", "2", "4", "5", "6"});
  Lock({Platform::kGoogleAds, "42"}, Level::kCampaign, "1", "campaign/1");
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  EXPECT_EQ(report.opportunities[0].change.id, "5");
  const std::string notes = Notes(report);
  EXPECT_TRUE(Has(notes, "\"Campaign 1\": left alone: experiment")) << notes;
  EXPECT_TRUE(Has(notes, "about to buy"));
  EXPECT_TRUE(Has(notes, "\"Campaign 3\": no target")) << notes;
  // It pays half of what it may: the target is not what holds it.
  EXPECT_TRUE(Has(notes,
                  "\"Campaign 4\": more would be worth buying, but its target_cpa does not "
                  "hold it"))
      << notes;
  EXPECT_FALSE(Has(notes, "61"));  // a bid that the strategy ignores is none
}

TEST_F(BidsLever, WhatWasChangedLatelyHasToShowItsEffect) {
  Have(Platform::kGoogleAds, {Cpa("1", 10, 1'000)});
  LoadDays(Platform::kGoogleAds, 1, {{"1", 100, 10, 0.75}});
  Target("cpa", "25", {"1"});
  auto state = Read(kDays);
  ASSERT_TRUE(state);
  const Instant changed = At(kToday - days(22), 9);
  LeverTouch& touch = state->touched[{{Platform::kGoogleAds, "42"}, "1"}];
  touch.at = changed;
  touch.plan = "p-20260221-0001";
  touch.fields["target_cpa"] = changed;
  const auto report = BidLever(World(), *state);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->opportunities.empty());
  EXPECT_TRUE(Has(Notes(*report), "days since its target_cpa last changed")) << Notes(*report);
  // Another field's change says nothing of this one's days.
  touch.fields.clear();
  touch.fields["daily_budget"] = changed;
  EXPECT_EQ(BidLever(World(), *state)->opportunities.size(), 1u);
}

TEST_F(BidsLever, MetaBidsOfAdSetsBySmallestCoins) {
  Have(Platform::kMeta,
       {Campaign("1", {}),
        AdGroup("11", "1",
                {{"bid_strategy", std::string("cost_cap")},
                 {"target_cpa", Eur(10.03)},
                 {"daily_budget", Eur(100)}}),
        AdGroup("12", "1",
                {{"bid_strategy", std::string("lowest_cost")}, {"daily_budget", Eur(100)}}),
        AdGroup("13", "1",
                {{"bid_strategy", std::string("cost_cap")},
                 {"target_cpa", Eur(10)},
                 {"learning_status", std::string("learning")}})});
  LoadDays(Platform::kMeta, 6, {{"1", 100, 10, 0.6, 0, 0, "11"}});
  // A third of what a conversion costs: whatever the elasticity, the last one is not worth it.
  Target("cpa", "3.5", {"1"});
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  const Change& change = report.opportunities[0].change;
  EXPECT_EQ(change.id, "11");
  EXPECT_EQ(change.after, (Fields{{"target_cpa", Eur(8.03)}}));  // 8.024, and no step above 20 %
  EXPECT_TRUE(Has(change.evidence, "can tell")) << change.evidence;
  EXPECT_TRUE(Has(Notes(report), "still learning")) << Notes(report);
}

// What a campaign's budget stops, its ad groups cannot buy, whatever a further unit is worth.
TEST_F(BidsLever, AdGroupsShareTheirCampaignsBudget) {
  const auto ad_set = [](const std::string& id, const std::string& campaign) {
    return AdGroup(id, campaign,
                   {{"bid_strategy", std::string("cost_cap")}, {"target_cpa", Eur(10)}});
  };
  Have(Platform::kMeta, {Campaign("1", {{"daily_budget", Eur(105)}}), ad_set("11", "1"),
                         Campaign("2", {{"daily_budget", Eur(300)}}), ad_set("21", "2"),
                         Campaign("3", {{"lifetime_budget", Eur(9'000)}}), ad_set("31", "3")});
  LoadDays(Platform::kMeta, 8,
           {{"1", 100, 10, 0.6, 0.4, 0, "11"},
            {"2", 100, 10, 0.6, 0.4, 0, "21"},
            {"3", 100, 10, 0.6, 0.4, 0, "31"}});
  // Worth six times what it costs: even an elasticity of 0.17 is enough.
  Target("cpa", "60", {"1", "2", "3"});
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  EXPECT_EQ(report.opportunities[0].change.id, "21");
  EXPECT_TRUE(Has(Notes(report),
                  "\"Ad group 11\": a further unit of spend is worth it, but there "
                  "is no more to be had"))
      << Notes(report);
}

TEST_F(BidsLever, ImmatureDaysAreNotLookedAtAndTheOrderDoesNotMatter) {
  Have(Platform::kGoogleAds, {Cpa("1", 10, 1'000), Cpa("2", 10, 1'000)});
  const std::vector<Behaviour> all{{"1", 100, 10, 0.75}, {"2", 100, 10, 0.75}};
  LoadDays(Platform::kGoogleAds, 7, all);
  Target("cpa", "25", {"1", "2"});
  const LeverReport first = Run();
  ASSERT_EQ(first.opportunities.size(), 2u) << Notes(first);
  const auto evidence = nlohmann::json::parse(first.opportunities[0].change.evidence);
  EXPECT_LT(evidence["to"].get<std::string>(), PrintDay(kToday - days(5)));
  facts_ = std::move(*FactStore::Open(":memory:"));
  Have(Platform::kGoogleAds, {Cpa("2", 10, 1'000), Cpa("1", 10, 1'000)});
  LoadDays(Platform::kGoogleAds, 7, all, true);
  const LeverReport second = Run();
  ASSERT_EQ(second.opportunities.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(first.opportunities[i].change.evidence, second.opportunities[i].change.evidence);
    EXPECT_EQ(first.opportunities[i].change.after, second.opportunities[i].change.after);
  }
}

}  // namespace
}  // namespace maxopt
