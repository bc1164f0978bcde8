#include "decide/parts/parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace maxopt {
namespace {

PartsReport One(const PartsOf& campaign, const PartsOptions& options = {}) {
  const auto got = JudgeParts(std::vector{campaign}, options);
  EXPECT_TRUE(got) << got.error().what;
  return got ? got->at(0) : PartsReport{};
}

/// `days` days of parts that cost and bring the same every day.
PartsOf Steady(int days, const std::vector<std::pair<double, double>>& parts) {
  PartsOf out;
  out.parts = parts.size();
  for (int day = 0; day < days; ++day) {
    for (std::size_t part = 0; part < parts.size(); ++part) {
      out.rows.push_back({part, day, parts[part].first, parts[part].second});
    }
  }
  return out;
}

/// Four weeks, the same cost every hour, Poisson conversions at `rate(hour of the week)` a hour.
template <class Rate>
PartsOf Week(unsigned seed, int days, const Rate& rate) {
  std::mt19937_64 random(seed);
  PartsOf out;
  out.parts = kHoursOfWeek;
  out.hours = true;
  for (int day = 0; day < days; ++day) {
    for (int hour = 0; hour < 24; ++hour) {
      const auto part = static_cast<std::size_t>(24 * (day % 7) + hour);
      std::poisson_distribution<int> draw(rate(part));
      out.rows.push_back({part, day, 10, static_cast<double>(draw(random))});
    }
  }
  return out;
}

// 25 days: 90 conversions for 900 in one country, none for 100 in the other. That a country as good
// as three quarters of the other brings none of 90: each conversion falls there with a chance of
// 75 / 975 = 1 / 13, so (12/13)^90 = 0.000743. The other is not tested: next to one that brings
// nothing it cannot lose.
TEST(Parts, OneCountryThatBringsNothing) {
  const PartsReport r = One(Steady(25, {{36, 3.6}, {4, 0}}));
  EXPECT_EQ(r.days, 25);
  EXPECT_EQ(r.dispersion, 1);  // the same every day strays less than luck
  ASSERT_TRUE(r.any) << r.why_not;
  EXPECT_NEAR(r.parts[1].p_adjusted, std::pow(12.0 / 13, 90), 1e-9);
  EXPECT_EQ(r.parts[1].verdict, PartVerdict::kStop);
  EXPECT_EQ(r.parts[0].verdict, PartVerdict::kKeep);
  EXPECT_NEAR(r.rest_rate, 0.1, 1e-12);
  EXPECT_NEAR(r.bound, 0.075, 1e-12);
  EXPECT_NEAR(r.cost_freed, 4, 1e-12);
  EXPECT_EQ(r.claimed_share, 0);
  // Without doubt it would have brought 0.4 in the rest, three quarters of it at the margin.
  EXPECT_LT(r.gain.mean, 4 * 0.075);
  EXPECT_GT(r.gain.mean, 0.8 * 4 * 0.075);
  EXPECT_GT(r.gain.low90, 0);
  EXPECT_GT(r.gain.high90, r.gain.mean);
  // Shrunk: not as bad as its own numbers.
  EXPECT_GT(r.parts[1].rate, 0);
  EXPECT_GT(r.parts[1].high, r.parts[1].rate);
}

// Money that is saved counts at its worth: 10 conversions are expected of 100 at a CPA of 10, none
// came: e^-10, twice.
TEST(Parts, SavedMoneyIsMeasuredAgainstItsWorth) {
  PartsOf campaign = Steady(25, {{36, 3.6}, {4, 0}});
  campaign.refills = false;
  campaign.worth = 0.1;
  const PartsReport r = One(campaign);
  ASSERT_TRUE(r.any) << r.why_not;
  EXPECT_NEAR(r.parts[1].p_adjusted, 2 * std::exp(-10.0), 1e-9);
  EXPECT_NEAR(r.gain.mean, 4 * 0.1 - r.value_lost, 1e-12);
  // At a worth that all of it falls short of, a fifth of the cost is the most that is stopped.
  campaign.worth = 1;
  const PartsReport strict = One(campaign);
  ASSERT_TRUE(strict.any);
  EXPECT_EQ(strict.parts[1].verdict, PartVerdict::kStop);
  EXPECT_EQ(strict.parts[0].verdict, PartVerdict::kLater);
}

TEST(Parts, NothingToTell) {
  EXPECT_EQ(One(Steady(20, {{36, 3.6}, {4, 0}})).why_not, "20 days that count; 21 are needed");
  EXPECT_EQ(One(Steady(25, {{36, 0}, {4, 0}})).why_not, "it brought nothing that was counted");
  EXPECT_EQ(One(Steady(25, {{0, 0}})).why_not, "it cost nothing");
  EXPECT_NE(One(Steady(25, {{1, 0.1}})).why_not.find("too little"), std::string::npos);
  EXPECT_EQ(One(Steady(25, {{10, 1}, {10, 1}})).why_not, "no part of it loses beyond doubt");
  // Two of three thirds lose nothing against each other; the one that loses is more than a step.
  EXPECT_NE(One(Steady(25, {{10, 2}, {10, 2}, {10, 0.2}})).why_not.find("more than 20 %"),
            std::string::npos);
}

TEST(Parts, NightsThatEarnAFifthAreFound) {
  int found = 0;
  for (unsigned seed = 1; seed <= 10; ++seed) {
    const PartsReport r =
        One(Week(seed, 28, [](std::size_t part) { return part % 24 < 4 ? 0.4 : 2.0; }));
    if (!r.any) continue;
    ++found;
    double night = 0, stopped = 0;
    for (const PartView& view : r.parts) {
      if (view.verdict != PartVerdict::kStop) continue;
      ++stopped;
      if (view.part % 24 < 4) ++night;
    }
    EXPECT_GE(stopped, 20) << seed;
    EXPECT_GE(night, stopped - 1) << seed;  // of 28 hours of night, nearly all and hardly another
    // 40 a day, 28 days: 4 of 24 hours cost 40 a day, and would bring 0.06 each in the rest.
    EXPECT_LE(r.cost_freed, 40 + 1e-9);
    EXPECT_LT(r.claimed_share, 0.1);
    EXPECT_GT(r.gain.low90, 0);
  }
  EXPECT_EQ(found, 10);
}

TEST(Parts, WithoutAnEffectHardlyAnythingIsTold) {
  int told = 0;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    // Days of the week and hours that differ a little, as they do, but never by a quarter.
    told += One(Week(seed, 28, [](std::size_t part) {
              return 0.5 * (1 + 0.08 * std::sin(static_cast<double>(part % 24) / 24 * 6.28));
            })).any;
  }
  EXPECT_LE(told, 1);
}

// Conversions come in tens: the luck of ten counts for one.
TEST(Parts, ClumpsAreNoEvidence) {
  int told = 0;
  double dispersion = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    PartsOf campaign = Week(seed, 28, [](std::size_t) { return 0.05; });
    for (PartRow& row : campaign.rows) row.value *= 10;
    const PartsReport r = One(campaign);
    told += r.any;
    dispersion += r.dispersion / 20;
  }
  EXPECT_LE(told, 1);  // the stated 5 % of 20
  EXPECT_NEAR(dispersion, 10, 1);
}

TEST(Parts, ManyCampaignsShareOneErrorRate) {
  std::vector<PartsOf> campaigns;
  for (unsigned seed = 1; seed <= 30; ++seed) {
    campaigns.push_back(Week(seed, 28, [](std::size_t) { return 0.5; }));
  }
  campaigns.push_back(Week(99, 28, [](std::size_t part) { return part % 24 < 4 ? 0.05 : 0.8; }));
  const auto got = JudgeParts(campaigns);
  ASSERT_TRUE(got);
  int told = 0;
  for (std::size_t i = 0; i < 30; ++i) told += (*got)[i].any;
  EXPECT_EQ(told, 0);
  EXPECT_TRUE((*got)[30].any) << (*got)[30].why_not;
}

TEST(Parts, OrderAndScaleDoNotMatter) {
  PartsOf campaign = Week(7, 28, [](std::size_t part) { return part % 24 < 4 ? 0.16 : 0.8; });
  const PartsReport first = One(campaign);
  std::mt19937_64 random(3);
  std::shuffle(campaign.rows.begin(), campaign.rows.end(), random);
  const PartsReport shuffled = One(campaign);
  EXPECT_EQ(first.gain.mean, shuffled.gain.mean);
  EXPECT_EQ(first.gain.low90, shuffled.gain.low90);
  for (PartRow& row : campaign.rows) row.cost *= 100;
  const PartsReport scaled = One(campaign);
  EXPECT_NEAR(first.gain.mean, scaled.gain.mean, 1e-9);
  for (std::size_t p = 0; p < kHoursOfWeek; ++p) {
    EXPECT_EQ(first.parts[p].verdict, shuffled.parts[p].verdict);
    EXPECT_EQ(first.parts[p].verdict, scaled.parts[p].verdict);
  }
}

TEST(Parts, Nonsense) {
  const auto refused = [](PartsOf campaign, PartsOptions options = {}) {
    const auto got = JudgeParts(std::vector{campaign}, options);
    return got ? std::string("accepted") : got.error().what;
  };
  PartsOf ok = Steady(25, {{10, 1}, {10, 1}});
  EXPECT_EQ(refused(ok), "accepted");
  PartsOf wrong = ok;
  wrong.hours = true;
  EXPECT_NE(refused(wrong).find("168 hours"), std::string::npos);
  wrong = ok;
  wrong.rows[0].part = 2;
  EXPECT_NE(refused(wrong).find("part 2 of 2"), std::string::npos);
  wrong = ok;
  wrong.rows[0].value = -1;
  EXPECT_NE(refused(wrong), "accepted");
  wrong.rows[0].value = std::nan("");
  EXPECT_NE(refused(wrong), "accepted");
  wrong = ok;
  wrong.refills = false;
  EXPECT_NE(refused(wrong).find("worth"), std::string::npos);
  wrong = ok;
  wrong.unit = 0;
  EXPECT_NE(refused(wrong), "accepted");
  EXPECT_NE(refused(PartsOf{}), "accepted");
  EXPECT_NE(refused(ok, {.false_discoveries = 0}), "accepted");
  EXPECT_NE(refused(ok, {.cost_share_max = 2}), "accepted");
  const auto none = JudgeParts({});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

// 25 days: 100 of 1000 clicks buy here, 20 of 1000 there. The whole brings 0.06 a click.
TEST(Weights, BothSidesOfTheWhole) {
  const auto got = WeighParts(std::vector{Steady(25, {{40, 4}, {40, 0.8}})});
  ASSERT_TRUE(got) << got.error().what;
  const WeightsReport& r = got->at(0);
  EXPECT_NEAR(r.rate, 0.06, 1e-12);
  ASSERT_TRUE(r.parts[0].differs && r.parts[1].differs) << r.why_not;
  EXPECT_NEAR(r.parts[0].ratio, 100.0 / 60, 0.1);
  EXPECT_NEAR(r.parts[1].ratio, 20.0 / 60, 0.1);
  EXPECT_GT(r.parts[0].low, 1);
  EXPECT_LT(r.parts[1].high, 1);
  // The same clicks: each of 120 falls into either with even odds; 20 or fewer, or 100 or more.
  double tail = 0, binomial = 1;
  for (int k = 0; k <= 20; ++k) {
    tail += binomial;
    binomial *= (120.0 - k) / (k + 1);
  }
  EXPECT_NEAR(r.parts[1].p_adjusted / (2 * tail * std::pow(0.5, 120)), 1, 0.05);
}

TEST(Weights, AlikeAreNotTold) {
  std::mt19937_64 random(1);
  int told = 0;
  for (int run = 0; run < 200; ++run) {
    PartsOf campaign;
    campaign.parts = 3;
    for (int day = 0; day < 28; ++day) {
      for (std::size_t part = 0; part < 3; ++part) {
        const double clicks = part == 0 ? 600 : 150;
        std::poisson_distribution<int> draw(0.01 * clicks);
        campaign.rows.push_back({part, day, clicks, static_cast<double>(draw(random))});
      }
    }
    const auto got = WeighParts(std::vector{campaign});
    ASSERT_TRUE(got);
    told += std::any_of(got->at(0).parts.begin(), got->at(0).parts.end(),
                        [](const PartWeight& weight) { return weight.differs; });
  }
  EXPECT_LE(told, 12);  // 5 % of 200, and luck
}

TEST(Weights, NonsenseIsRefused) {
  PartsOf week;
  week.parts = kHoursOfWeek;
  week.hours = true;
  EXPECT_FALSE(WeighParts(std::vector{week}));
  EXPECT_FALSE(WeighParts(std::vector{Steady(25, {{-1, 4}, {40, 0.8}})}));
  EXPECT_EQ(WeighParts(std::vector{Steady(25, {{40, 0}, {40, 0}})})->at(0).why_not,
            "it brought nothing that was counted");
  EXPECT_NE(WeighParts(std::vector{Steady(5, {{40, 4}, {40, 1}})})->at(0).why_not.find("5 days"),
            std::string::npos);
}

}  // namespace
}  // namespace maxopt
