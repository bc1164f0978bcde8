#include "measure/diagnosis/diagnosis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace maxopt {
namespace {

using Verdict = Diagnosis::Verdict;

TEST(Decompose, SharesAreLogarithmsAndSumToOne) {
  // Impressions halve, cpm doubles less: 100k at 5 EUR -> 50k at 6 EUR; spend 500 -> 300.
  const DiagnosisSums before{500, 100'000, 2'000, 50, 2'500};
  const DiagnosisSums after{300, 50'000, 1'500, 30, 1'500};
  const auto spend = DecomposeKpi("spend", before, after);
  ASSERT_TRUE(spend) << spend.error().what;
  ASSERT_EQ(spend->size(), 2u);
  EXPECT_NEAR((*spend)[0].share, std::log(0.5) / std::log(0.6), 1e-12);  // 1.357
  EXPECT_NEAR((*spend)[1].share, std::log(1.2) / std::log(0.6), 1e-12);  // -0.357
  EXPECT_NEAR((*spend)[0].share + (*spend)[1].share, 1, 1e-12);
  for (const char* kpi : {"clicks", "conversions", "revenue", "cpc", "cpa", "roas"}) {
    const auto factors = DecomposeKpi(kpi, before, after);
    ASSERT_TRUE(factors) << kpi;
    double sum = 0;
    for (const auto& factor : *factors) sum += factor.share;
    const bool moved = *KpiOf(kpi, before) != *KpiOf(kpi, after);
    EXPECT_NEAR(sum, moved ? 1 : 0, 1e-9) << kpi;
  }
}

TEST(Decompose, FromAndToNothingTheFirstFactorCarriesIt) {
  const DiagnosisSums before{500, 100'000, 2'000, 50, 2'500};
  DiagnosisSums no_conversions = before;
  no_conversions.conversions = no_conversions.revenue = 0;
  auto factors = DecomposeKpi("conversions", before, no_conversions);
  ASSERT_TRUE(factors);
  EXPECT_EQ((*factors)[2].name, "cvr");
  EXPECT_DOUBLE_EQ((*factors)[2].share, 1);
  factors = DecomposeKpi("revenue", before, {});
  EXPECT_EQ((*factors)[0].name, "impressions");
  EXPECT_DOUBLE_EQ((*factors)[0].share, 1);
  factors = DecomposeKpi("cpa", before, no_conversions);  // no value any more
  EXPECT_DOUBLE_EQ((*factors)[2].share, 1);
  factors = DecomposeKpi("ctr", {}, before);
  EXPECT_DOUBLE_EQ((*factors)[0].share, 1);
  factors = DecomposeKpi("cpa", before, before);
  for (const auto& factor : *factors) EXPECT_EQ(factor.share, 0);
}

TEST(Decompose, NonsenseIsRefusedByName) {
  EXPECT_NE(DecomposeKpi("reach", {}, {}).error().what.find("\"reach\" cannot be diagnosed"),
            std::string::npos);
  DiagnosisSums bad;
  bad.clicks = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(DecomposeKpi("ctr", bad, {}));
  bad.clicks = -1;
  EXPECT_EQ(DecomposeKpi("ctr", {}, bad).error().what,
            "clicks of the newer period is -1; it must be 0 or more");
}

DiagnosisSegment Revenue(const char* dimension, const char* element, double before, double after) {
  DiagnosisSegment segment{dimension, element, {}, {}};
  segment.before.revenue = before;
  segment.after.revenue = after;
  return segment;
}

TEST(Explain, TheWorkedExampleOfThePaper) {
  // NSDI 2014, table 2: revenue 100 -> 50. Data centre: X 94 -> 47, Y 6 -> 3. Advertiser: A1 50 ->
  // 24, A2 20 -> 21, A3 20 -> 4, A4 10 -> 1. Device: PC 50 -> 49, mobile 25 -> 1, tablet 25 -> 0.
  // Root cause: mobile and tablet, each explaining about half.
  const auto named = ExplainBySegments(
      "revenue", {Revenue("data centre", "X", 94, 47), Revenue("data centre", "Y", 6, 3),
                  Revenue("advertiser", "A1", 50, 24), Revenue("advertiser", "A2", 20, 21),
                  Revenue("advertiser", "A3", 20, 4), Revenue("advertiser", "A4", 10, 1),
                  Revenue("device", "PC", 50, 49), Revenue("device", "mobile", 25, 1),
                  Revenue("device", "tablet", 25, 0)});
  ASSERT_TRUE(named) << named.error().what;
  ASSERT_GE(named->size(), 2u);
  EXPECT_EQ((*named)[0].dimension, "device");
  EXPECT_EQ((*named)[1].dimension, "device");
  EXPECT_NEAR((*named)[0].share, 0.5, 1e-12);   // tablet: 25 of 50
  EXPECT_NEAR((*named)[1].share, 0.48, 1e-12);  // mobile: 24 of 50
}

TEST(Explain, ARatioByWhatEachElementWouldHaveMovedAlone) {
  // CTR 2 % on both devices; mobile falls to 1 % at the same impressions: all of the change.
  DiagnosisSegment mobile{"device", "mobile", {}, {}};
  mobile.before = {0, 10'000, 200, 0, 0};
  mobile.after = {0, 10'000, 100, 0, 0};
  DiagnosisSegment desktop = mobile;
  desktop.element = "desktop";
  desktop.after = desktop.before;
  const auto named = ExplainBySegments("ctr", {mobile, desktop});
  ASSERT_TRUE(named) << named.error().what;
  ASSERT_EQ(named->size(), 1u);
  EXPECT_EQ((*named)[0].element, "mobile");
  EXPECT_NEAR((*named)[0].share, 1, 1e-12);
}

TEST(Explain, AChangeEverywhereIsOfNoPlace) {
  EXPECT_TRUE(
      ExplainBySegments("revenue", {Revenue("device", "a", 50, 25), Revenue("device", "b", 50, 25)})
          ->empty());
  EXPECT_TRUE(ExplainBySegments("revenue", {})->empty());
  EXPECT_TRUE(ExplainBySegments("revenue", {Revenue("device", "all", 50, 25)})->empty());
}

TEST(Causes, EvidenceDecidesAndWhatWasNotLookedAtIsSaid) {
  const DiagnosisSums before{500, 100'000, 2'000, 50, 2'500};
  const DiagnosisSums after{500, 60'000, 1'200, 12, 600};  // cpm 5 -> 8.33
  DiagnosisEvidence evidence;
  evidence.edits.emplace();
  evidence.rejections.emplace();
  evidence.broken_signals = {"events shop: no purchase for 6 h"};
  evidence.maturity = 0.9;
  evidence.share_before = 0.6;
  evidence.share_after = 0.4;
  evidence.others_change = 0.02;
  const auto causes = WeighCauses("conversions", before, after, evidence);
  const auto verdict = [&](std::string_view word) {
    for (const auto& cause : causes) {
      if (cause.what.find(word) != std::string::npos) return cause.verdict;
    }
    ADD_FAILURE() << word;
    return Verdict::kPossible;
  };
  EXPECT_EQ(verdict("somebody changed"), Verdict::kRuledOut);
  EXPECT_EQ(verdict("not counted"), Verdict::kLikely);
  EXPECT_EQ(verdict("not all known"), Verdict::kPossible);
  EXPECT_EQ(verdict("dearer"), Verdict::kLikely);
  EXPECT_EQ(verdict("season"), Verdict::kNotChecked);
  EXPECT_EQ(verdict("every platform"), Verdict::kRuledOut);
  EXPECT_EQ(causes.front().verdict, Verdict::kLikely);
  EXPECT_EQ(causes.back().verdict, Verdict::kNotChecked);

  const auto spend = WeighCauses("spend", before, before, {});
  for (const auto& cause : spend) {
    EXPECT_EQ(cause.what.find("tracking"), std::string::npos) << "spend needs no tracking";
  }
}

/// cpm 5 -> 6 (+20 %), impression share 0.6 -> 0.5 (-17 %), cvr 2.5 % -> 2 % (-20 %).
TEST(Causes, ARivalsMoveIsHeldAgainstWhatIsMeasured) {
  using Rival = DiagnosisEvidence::Rival;
  using Shows = Rival::Shows;
  const DiagnosisSums before{500, 100'000, 2'000, 50, 2'500};
  const DiagnosisSums after{600, 100'000, 2'000, 40, 2'000};
  const auto cause = [&](const DiagnosisEvidence& evidence, const DiagnosisSums& now) {
    for (const auto& each : WeighCauses("cpa", before, now, evidence)) {
      if (each.what == "a competitor moved") return each;
    }
    ADD_FAILURE();
    return Diagnosis::Cause{};
  };
  const auto verdict = [&](const Rival& rival, bool shares, const DiagnosisSums& now) {
    DiagnosisEvidence evidence;
    evidence.rivals = {rival};
    if (shares) {
      evidence.share_before = 0.6;
      evidence.share_after = 0.5;
    }
    return cause(evidence, now).verdict;
  };
  DiagnosisEvidence evidence;
  EXPECT_EQ(cause(evidence, after).verdict, Verdict::kNotChecked);
  EXPECT_EQ(cause(evidence, after).evidence, "nobody has sent competitive intelligence");
  evidence.rivals.emplace();
  EXPECT_EQ(cause(evidence, after).verdict, Verdict::kNotChecked);
  const Rival raised{"2026-11-01: Ridgeline, auction up", Shows::kAuction, true, true};
  EXPECT_EQ(verdict(raised, true, after), Verdict::kLikely);
  // The report alone, a guess, or one measure alone make nothing likely.
  EXPECT_EQ(verdict(raised, false, after), Verdict::kPossible);
  EXPECT_EQ(verdict({"guess", Shows::kAuction, true, false}, true, after), Verdict::kPossible);
  EXPECT_EQ(verdict(raised, false, before), Verdict::kRuledOut);
  EXPECT_EQ(verdict({"gave way", Shows::kAuction, false, true}, true, after), Verdict::kRuledOut);
  EXPECT_EQ(verdict({"offer", Shows::kClicks, true, true}, true, after), Verdict::kPossible);
  EXPECT_EQ(verdict({"offer", Shows::kClicks, true, true}, true, before), Verdict::kRuledOut);
  EXPECT_EQ(verdict({"rumour", Shows::kNowhere, true, true}, true, after), Verdict::kNotChecked);
  // The most telling first, each with what was measured beside it.
  evidence.rivals = {{"rumour", Shows::kNowhere, true, true}, raised};
  evidence.share_before = 0.6;
  evidence.share_after = 0.5;
  const auto both = cause(evidence, after);
  EXPECT_EQ(both.verdict, Verdict::kLikely);
  EXPECT_EQ(both.evidence,
            "2026-11-01: Ridgeline, auction up; here cpm +20 %, impression share -17 %; "
            "rumour; here nothing measured shows it");
}

TEST(Diagnosis, NamesWhatToLookAtFirst) {
  const DiagnosisSums before{500, 100'000, 2'000, 50, 2'500};
  DiagnosisEvidence evidence;
  evidence.edits = {{*ParseInstant("2026-11-22T09:02:00Z"), "ben@client.example",
                     "status of Search: active -> paused"}};
  const auto diagnosis = DiagnoseKpi("spend", before, {}, {}, evidence);
  ASSERT_TRUE(diagnosis) << diagnosis.error().what;
  EXPECT_EQ(diagnosis->proposal,
            "look first at this: somebody changed the campaign (status of Search: active -> paused "
            "by ben@client.example at 2026-11-22T09:02:00Z)");
}

}  // namespace
}  // namespace maxopt
