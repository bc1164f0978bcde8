#include "domain/alert.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

Condition Example() {
  Condition c;
  c.client = "Alpenglow";
  c.detector = "zero_spend";
  c.account = AccountId{Platform::kGoogleAds, "4471189001"};
  c.level = Level::kCampaign;
  c.object_id = "77";
  c.name = "Alpenglow | search-brand";
  c.kpi = "spend";
  c.direction = "below";
  c.tier = AlertTier::kCritical;
  c.title = "Alpenglow | search-brand has spent nothing for 3 h; 41.20 EUR was expected";
  c.actual = "0.00 EUR";
  c.expected = "41.20 EUR";
  c.deviation = -1.0;
  c.at_stake = Money::Micros(329'600'000, kEur);
  c.since = *ParseInstant("2026-11-22T09:00:00Z");
  c.evidence = {
      "3 hours without an impression; the same hours had 12 to 20 EUR in each of 28 days"};
  c.proposal = "resume the campaign";
  return c;
}

TEST(Alert, FingerprintIsOfTheTroubleNotOfItsNumbers) {
  Condition a = Example();
  EXPECT_EQ(Fingerprint(a), "Alpenglow|zero_spend|google_ads/4471189001/campaign/77|spend|below");
  Condition later = a;
  later.tier = AlertTier::kWarning;
  later.title = "other words";
  later.actual = "1.00 EUR";
  EXPECT_EQ(Fingerprint(later), Fingerprint(a));
  later.direction = "above";
  EXPECT_NE(Fingerprint(later), Fingerprint(a));
  a.object_id.clear();
  EXPECT_EQ(SubjectOf(a), "google_ads/4471189001");
  a.account.reset();
  EXPECT_EQ(SubjectOf(a), "Alpenglow");
}

TEST(Alert, ConditionIsReadBackAsItWasWritten) {
  const auto back = ConditionFromJson(ToJson(Example()));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(ToJson(*back), ToJson(Example()));
  EXPECT_EQ(back->at_stake, Example().at_stake);
  EXPECT_EQ(back->since, Example().since);

  Condition bare;
  bare.client = "X";
  const auto bare_back = ConditionFromJson(ToJson(bare));
  ASSERT_TRUE(bare_back) << bare_back.error().what;
  EXPECT_FALSE(bare_back->account);
  EXPECT_FALSE(bare_back->deviation);
  EXPECT_FALSE(bare_back->at_stake);
}

TEST(Alert, DiagnosisIsReadBackAndNonsenseIsAnError) {
  Diagnosis d;
  d.factors = {{"ctr", 0.02, 0.01, 0.9}, {"cpc", std::nullopt, 1.5, 0.1}};
  d.segments = {{"device", "mobile", 0.8, 0.02}};
  d.causes = {{"a person paused it", Diagnosis::Verdict::kLikely, "change history, 09:02"}};
  d.proposal = "ask";
  const auto back = DiagnosisFromJson(ToJson(d));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(ToJson(*back), ToJson(d));
  EXPECT_FALSE(back->factors[1].before);

  for (const char* bad : {"", "[]", "{}", "{\"factors\":1}", "nonsense"}) {
    EXPECT_FALSE(DiagnosisFromJson(bad)) << bad;
    EXPECT_FALSE(ConditionFromJson(bad)) << bad;
  }
}

TEST(Alert, WordsAreKnownBothWays) {
  EXPECT_EQ(*FindAlertTier("critical"), AlertTier::kCritical);
  EXPECT_EQ(FindAlertTier("page").error().what,
            "\"page\" is no alert tier; known are info, warning, critical");
  EXPECT_EQ(*FindSignalState(SignalStateName(SignalState::kBroken)), SignalState::kBroken);
}

}  // namespace
}  // namespace maxopt
