#include "stages/optimize/levers/hours/hours.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "domain/dayparts.h"
#include "stages/optimize/levers/world_for_test.h"

namespace maxopt {
namespace {

using std::chrono::days;

class HoursLever : public levers::LeverTest {
 protected:
  static constexpr int kDays = 70;

  /// Ten weeks of hours: 10 EUR an hour in each campaign, conversions by luck at `rate(hour)`.
  void LoadHours(Platform platform, unsigned seed, const std::vector<std::string>& campaigns,
                 const std::function<double(int hour)>& rate, bool shuffled = false) {
    std::mt19937_64 random(seed);
    std::vector<MetricRow> hours, whole;
    const Day from = kToday - days(kDays), to = kToday - days(1);
    for (Day day = from; day <= to; day += days(1)) {
      for (const std::string& campaign : campaigns) {
        double sum = 0;
        for (int hour = 0; hour < 24; ++hour) {
          const double conversions = std::poisson_distribution<int>(rate(hour))(random);
          sum += conversions;
          hours.push_back({day,
                           hour,
                           campaign,
                           "",
                           "",
                           "",
                           Eur(10),
                           1'000,
                           20,
                           conversions,
                           Eur(40 * conversions),
                           {}});
        }
        whole.push_back(
            {day, {}, campaign, "", "", "", Eur(240), 24'000, 480, sum, Eur(40 * sum), {}});
      }
    }
    if (shuffled) std::shuffle(hours.begin(), hours.end(), random);
    Load(platform, Level::kCampaign, Grain::kDay, Breakdown::kNone, from, to, whole);
    Load(platform, Level::kCampaign, Grain::kHour, Breakdown::kNone, from, to, hours);
  }
  LeverReport Run() { return RunLever(HourLever, 84); }
  static double Nights(int hour) { return hour < 4 ? 0.1 : 0.5; }
  Entity Google(const std::string& id, Fields more = {}) {
    more["daily_budget"] = Eur(250);
    return Campaign(id, std::move(more));
  }
};

TEST_F(HoursLever, TakesOutNightsThatEarnAFifth) {
  Have(Platform::kGoogleAds, {Google("1")});
  LoadHours(Platform::kGoogleAds, 1, {"1"}, Nights);
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  const Opportunity& found = report.opportunities[0];
  const Change& change = found.change;
  EXPECT_EQ(change.reason, Reason::kDaypart);
  EXPECT_EQ(change.level, Level::kCampaign);
  EXPECT_EQ(change.id, "1");
  EXPECT_EQ(change.before, (Fields{{"dayparts", std::vector<std::string>{}}}));
  const auto left = ParseDayparts(ListField(change.after, "dayparts"));
  ASSERT_TRUE(left) << left.error().what;
  int nights_off = 0, others_off = 0;
  for (std::size_t hour = 0; hour < left->size(); ++hour) {
    if (!left->test(hour)) ++(hour % 24 < 4 ? nights_off : others_off);
  }
  EXPECT_GE(nights_off, 14);  // of 28
  EXPECT_EQ(others_off, 0);
  // The night costs 40 EUR a day, and 0.01 conversions an EUR against 0.05.
  const auto evidence = nlohmann::json::parse(change.evidence);
  EXPECT_NEAR(evidence["rate_of_the_rest"].get<double>(), 0.05, 0.005);
  EXPECT_NEAR(evidence["spend_freed_a_day"].get<double>(), nights_off * 10.0 / 7, 1e-6);
  EXPECT_TRUE(Has(evidence["basis"].get<std::string>(), "claimed by the platform"));
  EXPECT_LT(evidence["to"].get<std::string>(), PrintDay(kToday - days(5)));
  ASSERT_TRUE(change.prediction);
  EXPECT_EQ(change.prediction->kpi, "conversions");
  EXPECT_GT(change.prediction->low90, 0);
  // At 40 EUR a conversion.
  EXPECT_NEAR(found.value, 40 * change.prediction->mean, 1e-6);
  EXPECT_FALSE(found.needs_second_signal);
  EXPECT_TRUE(Has(change.why, "on the account's clock (UTC)")) << change.why;
}

TEST_F(HoursLever, WithoutAnEffectNothingIsProposed) {
  int proposed = 0;
  for (unsigned seed = 1; seed <= 6; ++seed) {
    Have(Platform::kGoogleAds, {Google("1"), Google("2")});
    LoadHours(Platform::kGoogleAds, seed, {"1", "2"}, [](int) { return 0.4; });
    proposed += static_cast<int>(Run().opportunities.size());
  }
  EXPECT_EQ(proposed, 0);
}

// The last days' nights look like nothing because nothing of them is known yet.
TEST_F(HoursLever, ImmatureDaysAreNotLookedAt) {
  Have(Platform::kGoogleAds, {Google("1")});
  std::mt19937_64 random(5);
  std::vector<MetricRow> hours, whole;
  const Day from = kToday - days(kDays), to = kToday - days(1);
  for (Day day = from; day <= to; day += days(1)) {
    for (int hour = 0; hour < 24; ++hour) {
      const bool young = kToday - day < days(12);
      const double conversions =
          young && hour < 6 ? 0 : std::poisson_distribution<int>(3.0)(random);
      hours.push_back({day, hour, "1", "", "", "", Eur(10), 1'000, 20, conversions, {}, {}});
    }
    whole.push_back({day, {}, "1", "", "", "", Eur(240), 24'000, 480, 72.0, {}, {}});
  }
  Load(Platform::kGoogleAds, Level::kCampaign, Grain::kDay, Breakdown::kNone, from, to, whole);
  Load(Platform::kGoogleAds, Level::kCampaign, Grain::kHour, Breakdown::kNone, from, to, hours);
  const LeverReport report = Run();
  EXPECT_TRUE(report.opportunities.empty()) << report.opportunities[0].change.why;
  EXPECT_TRUE(Has(Notes(report), "no part of it loses beyond doubt")) << Notes(report);
}

TEST_F(HoursLever, ExperimentsHarvestAndHoldsAreLeftAlone) {
  Have(Platform::kGoogleAds,
       {Google("1"), Google("2", {{"name", std::string("Shop | Search Brand")}}), Google("3")});
  Lock({Platform::kGoogleAds, "42"}, Level::kCampaign, "1", "spring/search");
  LoadHours(Platform::kGoogleAds, 1, {"1", "2", "3"}, Nights);
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  EXPECT_EQ(report.opportunities[0].change.id, "3");
  EXPECT_TRUE(Has(Notes(report), "experiment \"spring/test\" keeps it still")) << Notes(report);
  EXPECT_TRUE(Has(Notes(report), "about to buy"));
  SignalHealth signal;
  signal.client = "A";
  signal.name = "conversions google_ads/42";
  signal.state = SignalState::kBroken;
  signal.since = signal.seen_at = clock_.Now();
  ASSERT_TRUE(SaveSignals(*store_, {signal}));
  const LeverReport held = Run();
  EXPECT_TRUE(held.opportunities.empty());
  EXPECT_TRUE(Has(Notes(held), "is broken")) << Notes(held);
}

TEST_F(HoursLever, MetaTakesHoursOnlyWithALifetimeBudget) {
  Have(Platform::kMeta,
       {Google("1"), AdGroup("11", "1", {}), Campaign("2", {{"lifetime_budget", Eur(9'000)}}),
        AdGroup("21", "2", {}), AdGroup("22", "2", {{"pacing", std::string("asap")}}),
        AdGroup("23", "2", {{"status", std::string(kPaused)}})});
  LoadHours(Platform::kMeta, 1, {"1", "2"}, Nights);
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  EXPECT_EQ(report.opportunities[0].change.id, "21");
  EXPECT_EQ(report.opportunities[0].change.level, Level::kAdGroup);
  EXPECT_TRUE(Has(Notes(report), "ad_group \"Ad group 11\" loses in")) << Notes(report);
  EXPECT_TRUE(Has(Notes(report), "Meta keeps hours only for a lifetime_budget"));
  EXPECT_TRUE(Has(Notes(report), "do not go with pacing asap"));
}

TEST_F(HoursLever, TikTokAdGroupsAlikeAndOtherPlatformsAreTold) {
  Have(Platform::kTikTok, {Google("1"), AdGroup("11", "1", {}), AdGroup("12", "1", {})});
  LoadHours(Platform::kTikTok, 1, {"1"}, Nights);
  Have(Platform::kMicrosoft, {Google("7")});
  LoadHours(Platform::kMicrosoft, 1, {"7"}, Nights);
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 2u) << Notes(report);
  const Opportunity& first = report.opportunities[0];
  const Opportunity& second = report.opportunities[1];
  EXPECT_EQ(first.change.id, "11");
  EXPECT_EQ(second.change.id, "12");
  EXPECT_EQ(first.change.after, second.change.after);
  EXPECT_EQ(first.value, second.value);  // halves: nothing tells their spend apart
  EXPECT_TRUE(Has(Notes(report), "Max sets no hours on microsoft")) << Notes(report);
}

TEST_F(HoursLever, OnlyHoursThatRunAreTakenOut) {
  const std::vector<std::string> running{"all 06:00-24:00"};
  Have(Platform::kGoogleAds, {Google("1", {{"dayparts", running}})});
  LoadHours(Platform::kGoogleAds, 1, {"1"}, [](int hour) { return hour < 4 ? 0.05 : 1.0; });
  EXPECT_TRUE(Run().opportunities.empty());
  Have(Platform::kGoogleAds,
       {Google("1", {{"dayparts", std::vector<std::string>{"all 02:00-24:00"}}})});
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  const auto left = ParseDayparts(ListField(report.opportunities[0].change.after, "dayparts"));
  ASSERT_TRUE(left);
  for (std::size_t hour = 0; hour < left->size(); ++hour) {
    EXPECT_TRUE(hour % 24 >= 2 || !left->test(hour)) << hour;
  }
}

TEST_F(HoursLever, MoneyThatIsSavedNeedsATarget) {
  Have(Platform::kGoogleAds, {Campaign("1", {{"daily_budget", Eur(1'000)}})});
  LoadHours(Platform::kGoogleAds, 1, {"1"}, Nights);
  const LeverReport untold = Run();
  EXPECT_TRUE(untold.opportunities.empty());
  EXPECT_TRUE(Has(Notes(untold), "without a target")) << Notes(untold);
  Watch watch;
  watch.client = "A";
  watch.address = "campaign/1";
  watch.importance = "primary";
  watch.direction = "above";
  watch.kpi = "cpa";
  watch.target = "25";
  // A campaign that is not ours has the platform's address.
  const auto saved = store_->SaveWatches("A", "campaign", {watch});
  ASSERT_TRUE(saved) << saved.error().what;
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << Notes(report);
  const Opportunity& found = report.opportunities[0];
  // A night's conversion costs 100 EUR and is worth 25: three quarters of the money is won.
  const double freed =
      nlohmann::json::parse(found.change.evidence)["spend_freed_a_day"].get<double>();
  EXPECT_GT(found.value, 0.4 * freed);
  EXPECT_LT(found.value, 0.9 * freed);
  ASSERT_TRUE(found.change.prediction);
  EXPECT_LT(found.change.prediction->mean, 0);  // some conversions are lost
  EXPECT_LE(found.change.prediction->high90, 0);
}

TEST_F(HoursLever, TheOrderOfFactsDoesNotMatter) {
  Have(Platform::kGoogleAds, {Google("1"), Google("2")});
  LoadHours(Platform::kGoogleAds, 3, {"1", "2"}, Nights);
  const LeverReport first = Run();
  facts_ = std::move(*FactStore::Open(":memory:"));
  Have(Platform::kGoogleAds, {Google("2"), Google("1")});
  LoadHours(Platform::kGoogleAds, 3, {"1", "2"}, Nights, true);
  const LeverReport second = Run();
  ASSERT_EQ(first.opportunities.size(), 2u) << Notes(first);
  ASSERT_EQ(second.opportunities.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(first.opportunities[i].change.evidence, second.opportunities[i].change.evidence);
    EXPECT_EQ(first.opportunities[i].change.after, second.opportunities[i].change.after);
  }
}

TEST_F(HoursLever, TooFewDaysAreTold) {
  Have(Platform::kGoogleAds, {Google("1")});
  const LeverReport none = Run();
  EXPECT_TRUE(none.opportunities.empty());
  EXPECT_TRUE(Has(Notes(none), "it was not read")) << Notes(none);
}

}  // namespace
}  // namespace maxopt
