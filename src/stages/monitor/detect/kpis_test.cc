#include "stages/monitor/detect/kpis.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

AccountView Account() {
  AccountView account;
  account.client = "Alpenglow";
  account.info = {{Platform::kMeta, "88"}, "m", kEur, "UTC", "active"};
  account.zone = Zone::Utc();
  return account;
}
CampaignView Campaign() {
  CampaignView campaign;
  campaign.id = "1";
  campaign.name = "social";
  return campaign;
}
Watch Cpa(int warn = 30, int critical = 75) {
  return {"Alpenglow", "spring/social", "cpa", "primary", "20", "above", 60, warn, critical};
}
/// 700 EUR over seven days.
KpiSums Week(double conversions) {
  return {*ParseDay("2026-11-01"),
          *ParseDay("2026-11-07"),
          700'000'000,
          100'000,
          2'000,
          conversions,
          2'000'000'000};
}

TEST(Kpi, OffTargetWithCountsThatBearItIsTold) {
  // On target 700 / 20 = 35 conversions. 20 cost 35 EUR each: +75 %; P(N <= 20 | 35) = 0.0043.
  const auto c = JudgeKpi(Cpa(), Account(), Campaign(), Week(20));
  ASSERT_TRUE(c);
  EXPECT_EQ(c->tier, AlertTier::kCritical);
  EXPECT_NEAR(*c->deviation, 0.75, 1e-12);
  EXPECT_EQ(c->title, "social: cpa is 35.00 EUR against a target of 20.00 EUR (+75 %) over 7 days");
  EXPECT_EQ(PrintMoney(*c->at_stake), "100.00 EUR");
  EXPECT_NE(c->evidence[0].find("chance 0.004"), std::string::npos) << c->evidence[0];

  // 22 conversions, 31.82 EUR: +59 %; P(N <= 22 | 35) = 0.0125: a warning.
  EXPECT_EQ(JudgeKpi(Cpa(), Account(), Campaign(), Week(22))->tier, AlertTier::kWarning);
}

TEST(Kpi, FewCountsAreNoNews) {
  // 40 EUR spent, on target 2 conversions; 1 makes the CPA twice the target, and is luck.
  KpiSums few = Week(1);
  few.spend_micros = 40'000'000;
  EXPECT_FALSE(JudgeKpi(Cpa(), Account(), Campaign(), few));
  // Nothing at all from 100 EUR: P(0 | 5) = 0.0067. The cost per result is "over" what was spent.
  few.spend_micros = 100'000'000;
  few.conversions = 0;
  const auto c = JudgeKpi(Cpa(), Account(), Campaign(), few);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->actual, "over 100.00 EUR");
  // Nor is a CTR on 40 impressions: none of 0.8 expected clicks.
  Watch ctr{"Alpenglow", "a", "ctr", "secondary", "0.02", "below", 60, 20, 40};
  KpiSums tiny = Week(0);
  tiny.impressions = 40;
  tiny.clicks = 0;
  EXPECT_FALSE(JudgeKpi(ctr, Account(), Campaign(), tiny));
  tiny.impressions = 40'000;  // 800 expected, none came
  const auto none = JudgeKpi(ctr, Account(), Campaign(), tiny);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->tier, AlertTier::kWarning) << "secondary never pages";
}

TEST(Kpi, TheGoodSideAndTheUnjudgeableAreSilent) {
  EXPECT_FALSE(JudgeKpi(Cpa(), Account(), Campaign(), Week(70)));  // 10 EUR each: cheaper is good
  Watch own_past = Cpa();
  own_past.target.clear();
  EXPECT_FALSE(JudgeKpi(own_past, Account(), Campaign(), Week(1)));
  Watch spend = Cpa();
  spend.kpi = "spend";
  EXPECT_FALSE(JudgeKpi(spend, Account(), Campaign(), Week(1)));
  Watch bad = Cpa();
  bad.target = "nonsense";
  EXPECT_FALSE(JudgeKpi(bad, Account(), Campaign(), Week(1)));
  KpiSums nothing = Week(0);
  nothing.spend_micros = 0;
  EXPECT_FALSE(JudgeKpi(Cpa(), Account(), Campaign(), nothing));
}

TEST(Kpi, RoasCountsItsOrders) {
  // Target 4; revenue 2000 of 700 EUR: 2.857, -29 %. With 120 orders on target there would be 168:
  // 48 fewer are 2.6 standard deviations of sqrt(2 * 168).
  Watch roas{"Alpenglow", "a", "roas", "primary", "4", "below", 60, 25, 50};
  EXPECT_TRUE(JudgeKpi(roas, Account(), Campaign(), Week(120)));
  EXPECT_FALSE(JudgeKpi(roas, Account(), Campaign(), Week(60)));  // 60 against 84 are 1.9 of them
}

}  // namespace
}  // namespace maxopt
