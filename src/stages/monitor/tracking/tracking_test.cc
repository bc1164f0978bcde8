#include "stages/monitor/tracking/tracking.h"

#include <gtest/gtest.h>

#include <cmath>

namespace maxopt {
namespace {

const AccountId kMetaAccount{Platform::kMeta, "42"};
const AccountId kGoogleAccount{Platform::kGoogleAds, "7"};

SignalHealth Signal() {
  SignalHealth signal;
  signal.client = "Alpenglow";
  signal.name = "conversions meta/42";
  signal.accounts = {kMetaAccount};
  return signal;
}
Beside Of(const char* name, double before, std::int64_t seen_before, double now,
          std::int64_t seen_now) {
  return {name, before, seen_before, now, seen_now};
}

TEST(ChanceTest, WorkedByHand) {
  // None on a hundredth of the exposure that gave 1000: (1/1.01)^1000.5 = e^(-1000.5 ln 1.01).
  EXPECT_NEAR(ChanceOfSoFew(0, 500, 1000, 50'000), std::exp(-1000.5 * std::log(1.01)), 1e-12);
  // Two at most, shape 2.5, p = 1/2: (1/2)^2.5 (1 + 2.5/2 + 2.5*3.5/8).
  EXPECT_NEAR(ChanceOfSoFew(2, 100, 2, 100), std::pow(0.5, 2.5) * (1 + 1.25 + 1.09375), 1e-12);
  // With much history it is Poisson: P(X <= 3 | 10) = e^-10 (1 + 10 + 50 + 1000/6).
  EXPECT_NEAR(ChanceOfSoFew(3, 1e3, 10'000'000, 1e9), std::exp(-10) * (61 + 1000.0 / 6), 1e-5);
  // A variance four times Poisson's leaves a quarter of the evidence.
  EXPECT_NEAR(ChanceOfSoFew(0, 500, 1000, 50'000, 4), std::exp(-250.5 * std::log(1.01)), 1e-12);
}

TEST(ChanceTest, EdgeAndNonsense) {
  EXPECT_EQ(ChanceOfSoFew(0, 0, 10, 100), 1);
  EXPECT_EQ(ChanceOfSoFew(0, 10, 0, 0), 1);
  EXPECT_EQ(ChanceOfSoFew(0, NAN, 10, 100), 1);
  EXPECT_EQ(ChanceOfSoFew(-1, 10, 10, 100), 1);
  EXPECT_GT(ChanceOfSoFew(0, 10, 0, 100), 0.9);  // nothing was seen before either
  EXPECT_LE(ChanceOfSoFew(1'000, 10, 10, 100), 1);
}

struct Case {
  const char* what;
  std::vector<Beside> campaigns;
  std::optional<Beside> orders;
  SignalState want;
  const char* why;
};

// F35: no conversions while people click is an outage unless something else says otherwise.
TEST(ConversionsJudgedTest, F35OutageIsToldFromBadPerformance) {
  const Case cases[] = {
      {"all as ever", {Of("a", 10'000, 300, 1'000, 28)}, std::nullopt, SignalState::kOk, "expect"},
      {"all campaigns to zero, clicks go on",
       {Of("a", 10'000, 300, 1'000, 0), Of("b", 5'000, 100, 500, 0)},
       std::nullopt,
       SignalState::kBroken,
       "every campaign"},
      {"to zero, the shop sells on",
       {Of("a", 10'000, 300, 1'000, 0)},
       Of("shop", 10'000, 400, 1'000, 41),
       SignalState::kBroken,
       "not counted"},
      {"to zero, and the shop sells nothing",
       {Of("a", 10'000, 300, 1'000, 0)},
       Of("shop", 10'000, 400, 1'000, 1),
       SignalState::kOk,
       "business"},
      {"one of two to zero: that campaign",
       {Of("a", 10'000, 300, 1'000, 0), Of("b", 10'000, 30, 1'000, 3),
        Of("c", 10'000, 100, 1'000, 10)},
       std::nullopt,
       SignalState::kOk,
       "did not"},
      {"a third is left, and orders are well",
       {Of("a", 10'000, 300, 1'000, 8)},
       Of("shop", 10'000, 400, 1'000, 39),
       SignalState::kDegraded,
       "not counted"},
      {"a third is left, and of the orders as well",
       {Of("a", 10'000, 300, 1'000, 8)},
       Of("shop", 10'000, 400, 1'000, 22),
       SignalState::kDegraded,
       "not counted"},
      {"a third is left, nothing beside it",
       {Of("a", 10'000, 300, 1'000, 8)},
       std::nullopt,
       SignalState::kDegraded,
       "no orders"},
      {"too few to tell", {Of("a", 1'000, 10, 100, 0)}, std::nullopt, SignalState::kUnknown, "few"},
      {"no clicks: nothing is expected",
       {Of("a", 10'000, 300, 0, 0)},
       std::nullopt,
       SignalState::kUnknown,
       "few"},
      {"nothing at all", {}, std::nullopt, SignalState::kUnknown, "few"},
  };
  for (const Case& c : cases) {
    const SignalHealth judged = JudgeConversions(Signal(), c.campaigns, c.orders, 1);
    EXPECT_EQ(judged.state, c.want) << c.what << ": " << judged.why;
    EXPECT_NE(judged.why.find(c.why), std::string::npos) << c.what << ": " << judged.why;
  }
  // Days that vary a lot make the same drop no news.
  const std::vector<Beside> wild = {Of("a", 10'000, 300, 400, 0)};
  EXPECT_EQ(JudgeConversions(Signal(), wild, std::nullopt, 1).state, SignalState::kBroken);
  EXPECT_EQ(JudgeConversions(Signal(), wild, std::nullopt, 3).state, SignalState::kOk);
}

TEST(VisitsTest, SpendWithoutVisits) {
  EXPECT_EQ(JudgeVisits(Signal(), {Of("a", 1'000, 800, 100, 78)}).state, SignalState::kOk);
  const SignalHealth silent =
      JudgeVisits(Signal(), {Of("a", 1'000, 800, 100, 0), Of("b", 1'000, 800, 100, 80)});
  EXPECT_EQ(silent.state, SignalState::kBroken);
  EXPECT_NE(silent.why.find("a"), std::string::npos);
  EXPECT_EQ(JudgeVisits(Signal(), {Of("a", 1'000, 800, 100, 30)}).state, SignalState::kDegraded);
  const SignalHealth never = JudgeVisits(Signal(), {Of("a", 1'000, 0, 100, 0)});
  EXPECT_EQ(never.state, SignalState::kDegraded);
  EXPECT_NE(never.why.find("ever"), std::string::npos);
  EXPECT_EQ(JudgeVisits(Signal(), {Of("a", 1'000, 800, 3, 0)}).state, SignalState::kUnknown);
}

TEST(UtmTest, VisitsWithoutCampaignAndDrift) {
  EXPECT_EQ(JudgeUtm(Signal(), {{"google", "cpc", "spring", true, 100, 90}}).state,
            SignalState::kOk);
  EXPECT_EQ(JudgeUtm(Signal(), {{"google", "cpc", "spring", true, 100, 10}}).state,
            SignalState::kUnknown);
  const std::vector<std::pair<UtmSeen, const char*>> wrong = {
      {{"google", "cpc", "sprnig", false, 0, 30}, "30 name no known campaign"},
      {{"google", "cpc", "{campaignid}", false, 0, 30}, "30 have values"},
      {{"facebook", "paid_social", "__CAMPAIGN_NAME__", true, 0, 30}, "30 have values"},
      {{"Google", "cpc", "spring", true, 0, 30}, "30 have values"},
      {{"google", "ppc", "spring", true, 0, 30}, "30 a new source"}};
  for (const auto& [one, why] : wrong) {
    const SignalHealth judged =
        JudgeUtm(Signal(), {{"google", "cpc", "spring", true, 100, 70}, one});
    EXPECT_EQ(judged.state, SignalState::kDegraded) << one.campaign;
    EXPECT_NE(judged.why.find(why), std::string::npos) << judged.why;
  }
}

TEST(MatchTest, BrowserAndServerMeet) {
  EXPECT_EQ(JudgeMatch(Signal(), {10, 10, 80}, {5, 5, 40}).state, SignalState::kOk);
  EXPECT_EQ(JudgeMatch(Signal(), {10, 10, 80}, {0, 50, 0}).state, SignalState::kDegraded);
  EXPECT_EQ(JudgeMatch(Signal(), {10, 10, 80}, {50, 0, 0}).state, SignalState::kDegraded);
  const SignalHealth apart = JudgeMatch(Signal(), {10, 10, 80}, {40, 40, 10});
  EXPECT_EQ(apart.state, SignalState::kDegraded);
  EXPECT_NE(apart.why.find("11 % of the purchases, 80 % before"), std::string::npos) << apart.why;
  EXPECT_EQ(JudgeMatch(Signal(), {100, 0, 0}, {50, 0, 0}).state, SignalState::kOk);
  EXPECT_EQ(JudgeMatch(Signal(), {}, {}).state, SignalState::kUnknown);
}

TEST(CanaryTest, TheFirstStepThatFailsIsNamed) {
  EXPECT_EQ(JudgeCanary(Signal(), {{"landing", true, ""}, {"tag", true, ""}}, std::nullopt).state,
            SignalState::kOk);
  const std::vector<CanaryStep> steps = {
      {"landing", true, ""}, {"parameters", false, "gclid lost"}, {"tag", false, ""}};
  const SignalHealth first = JudgeCanary(Signal(), steps, std::nullopt);
  EXPECT_EQ(first.state, SignalState::kDegraded);  // which freezes nothing
  EXPECT_NE(first.why.find("parameters: gclid lost"), std::string::npos);
  EXPECT_EQ(first.evidence.size(), 3U);
  const SignalHealth second = JudgeCanary(Signal(), steps, first);
  EXPECT_EQ(second.state, SignalState::kBroken);
  EXPECT_NE(second.why.find("twice in a row"), std::string::npos);
  EXPECT_EQ(JudgeCanary(Signal(), steps, second).state, SignalState::kBroken);
  EXPECT_EQ(JudgeCanary(Signal(), {{"landing", true, ""}}, second).state, SignalState::kOk);
  SignalHealth well = Signal();
  well.state = SignalState::kOk;
  EXPECT_EQ(JudgeCanary(Signal(), steps, well).state, SignalState::kDegraded);
  EXPECT_EQ(JudgeCanary(Signal(), {{"tag", std::nullopt, "no browser"}}, first).state,
            SignalState::kUnknown);
}

TEST(FrozenTest, ABrokenSignalFreezesWhatItConcerns) {
  SignalHealth signal = Signal();
  signal.state = SignalState::kBroken;
  signal.why = "none is left";
  EXPECT_NE(FrozenBy({signal}, {kMetaAccount})->find("none is left"), std::string::npos);
  EXPECT_FALSE(FrozenBy({signal}, {kGoogleAccount}));
  EXPECT_TRUE(FrozenBy({signal}, {kGoogleAccount, kMetaAccount}));
  signal.accounts.clear();
  EXPECT_TRUE(FrozenBy({signal}, {kGoogleAccount}));
  signal.state = SignalState::kDegraded;
  EXPECT_FALSE(FrozenBy({signal}, {kGoogleAccount}));
}

}  // namespace
}  // namespace maxopt
