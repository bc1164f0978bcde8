#include "decide/tactics/tactics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace maxopt {
namespace {

using std::chrono::days;

const Day kToday = *ParseDay("2026-11-23");

/// A window of two weeks that begins `ago` days before today.
TacticMeasurement Window(int ago, double lift, double se, bool experiment = false,
                         std::string client = "alpenglow") {
  TacticMeasurement m;
  m.source = "test/" + std::to_string(ago) + client;
  m.client = std::move(client);
  m.first = kToday - days(ago);
  m.last = m.first + days(13);
  m.lift = lift, m.se = se, m.experiment = experiment;
  return m;
}

RetrievedTactic Prior(std::string id, double mean, double sd, double similarity) {
  RetrievedTactic out;
  out.tactic.id = std::move(id);
  out.tactic.effect =
      TacticEffect{mean, mean - 1.6448536269514722 * sd, mean + 1.6448536269514722 * sd};
  out.similarity = similarity;
  return out;
}

TEST(IndependentWindows, OverlappingDaysOfOneClientCountOnce) {
  const std::vector<TacticMeasurement> all{
      Window(40, 0.1, 0.05), Window(30, 0.2, 0.01),  // overlap: the sharper is kept
      Window(30, 0.3, 0.09, true, "nordlicht"),      // another client
      Window(35, 0.4, 0.02, false, "nordlicht"),     // loses to the experiment
      Window(100, 0.5, 0.02)};
  const auto kept = IndependentWindows(all);
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_EQ(kept[0].lift, 0.5);
  EXPECT_EQ(kept[1].lift, 0.2);
  EXPECT_EQ(kept[2].lift, 0.3);
}

TEST(JudgeTactic, ClimbsByIndependentWindowsOnly) {
  std::vector<TacticMeasurement> seen{Window(20, 0.2, 0.02)};
  EXPECT_EQ(JudgeTactic(seen, kToday).grade, TacticGrade::kObserving);
  // The same days again are no second window.
  seen.push_back(Window(22, 0.2, 0.02));
  EXPECT_EQ(JudgeTactic(seen, kToday).grade, TacticGrade::kObserving);
  seen.push_back(Window(60, 0.18, 0.02));
  EXPECT_EQ(JudgeTactic(seen, kToday).grade, TacticGrade::kCandidate);
  // Four comparisons of before with after, all clear: as good as an experiment among two.
  seen.push_back(Window(100, 0.22, 0.02));
  EXPECT_EQ(JudgeTactic(seen, kToday).grade, TacticGrade::kCandidate);
  seen.push_back(Window(140, 0.2, 0.02));
  const TacticVerdict verdict = JudgeTactic(seen, kToday);
  EXPECT_EQ(verdict.grade, TacticGrade::kValidated) << verdict.why;
  EXPECT_EQ(verdict.windows, 4);
  EXPECT_EQ(verdict.clients, 1);
  ASSERT_TRUE(verdict.effect);
  EXPECT_GT(verdict.effect->low90, 0);
  EXPECT_NEAR(verdict.effect->mean, 0.2, 0.005);
}

TEST(JudgeTactic, AnExperimentCountsMore) {
  // Three windows, clear of 0. One by experiment validates; none leaves a candidate.
  std::vector<TacticMeasurement> seen{Window(20, 0.3, 0.01), Window(60, 0.3, 0.01),
                                      Window(100, 0.3, 0.01)};
  EXPECT_EQ(JudgeTactic(seen, kToday).grade, TacticGrade::kCandidate);
  seen[0].experiment = true;
  EXPECT_EQ(JudgeTactic(seen, kToday).grade, TacticGrade::kValidated);
}

TEST(JudgeTactic, HarmIsContradictedAndNoiseIsNothing) {
  EXPECT_EQ(JudgeTactic(std::vector{Window(20, -0.2, 0.02), Window(60, -0.25, 0.02)}, kToday).grade,
            TacticGrade::kContradicted);
  EXPECT_EQ(JudgeTactic(std::vector{Window(20, 0.3, 0.2), Window(60, -0.25, 0.2)}, kToday).grade,
            TacticGrade::kObserving);
  const TacticVerdict nothing = JudgeTactic({}, kToday);
  EXPECT_EQ(nothing.windows, 0);
  EXPECT_FALSE(nothing.effect);
}

TEST(JudgeTactic, OldWindowsAndNonsenseDoNotCount) {
  TacticMeasurement nonsense = Window(60, 0.2, 0);
  const std::vector<TacticMeasurement> seen{Window(20, 0.2, 0.02), Window(800, 0.2, 0.02),
                                            nonsense};
  EXPECT_EQ(JudgeTactic(seen, kToday).windows, 1);
  // The last day of a window decides: 743 days ago it began, 730 ago it ended.
  EXPECT_EQ(JudgeTactic(std::vector{Window(743, 0.2, 0.02)}, kToday).windows, 1);
  EXPECT_EQ(JudgeTactic(std::vector{Window(744, 0.2, 0.02)}, kToday).windows, 0);
}

TEST(PoolTactics, TheLibraryIsOneVoiceHoweverManyEntriesAgree) {
  const auto one = PoolTactics(std::vector{Prior("a", 0.1, 0.1, 0.8)}, kToday);
  const auto five = PoolTactics(
      std::vector{Prior("a", 0.1, 0.1, 0.8), Prior("b", 0.1, 0.1, 0.8), Prior("c", 0.1, 0.1, 0.8),
                  Prior("d", 0.1, 0.1, 0.8), Prior("e", 0.1, 0.1, 0.8)},
      kToday);
  ASSERT_TRUE(one && five);
  EXPECT_NEAR(one->relative.mean, 0.1, 1e-12);
  EXPECT_NEAR(one->relative.sd, five->relative.sd, 1e-12);
  // One study of similarity 0.8: variance of the mean (0.01 + 0.0025) / 0.8, and 0.0025 between.
  EXPECT_NEAR(one->relative.sd, std::sqrt(0.0025 + 0.0125 / 0.8), 1e-12);
  EXPECT_EQ(one->measured, 0);
  EXPECT_NEAR(five->voices[0].weight, 0.2, 1e-12);
}

TEST(PoolTactics, TwoEntriesThatDisagreeAreAWiderOne) {
  // Mixture by hand: weights 0.75 and 0.25; mean 0.05; variance 0.01 + 0.75*0.05^2 + 0.25*0.15^2.
  const auto pooled =
      PoolTactics(std::vector{Prior("a", 0.1, 0.1, 0.9), Prior("b", -0.1, 0.1, 0.3)}, kToday);
  ASSERT_TRUE(pooled);
  EXPECT_NEAR(pooled->relative.mean, 0.05, 1e-12);
  const double variance = 0.01 + 0.75 * 0.0025 + 0.25 * 0.0225;
  EXPECT_NEAR(pooled->relative.sd, std::sqrt(0.0025 + (variance + 0.0025) / 0.9), 1e-12);
}

TEST(PoolTactics, MeasurementsOutweighTheLibrary) {
  RetrievedTactic measured;
  measured.tactic.id = "alpenglow/bid";
  measured.tactic.grade = TacticGrade::kCandidate;
  measured.similarity = 0.9;
  measured.measurements = {Window(20, -0.04, 0.01, true), Window(60, -0.05, 0.01, true)};
  const auto pooled = PoolTactics(std::vector{Prior("a", 0.2, 0.15, 0.9), measured}, kToday);
  ASSERT_TRUE(pooled);
  EXPECT_EQ(pooled->measured, 2);
  EXPECT_LT(pooled->relative.mean, 0);
  ASSERT_EQ(pooled->voices.size(), 2u);
  EXPECT_EQ(pooled->voices[0].id, "alpenglow/bid");
  EXPECT_NEAR(pooled->voices[0].weight + pooled->voices[1].weight, 1, 1e-12);
}

TEST(PoolTactics, NothingToSayIsNothing) {
  EXPECT_FALSE(PoolTactics({}, kToday));
  RetrievedTactic tracking = Prior("a", 0.1, 0.1, 0.9);
  tracking.tactic.effect.reset();
  EXPECT_FALSE(PoolTactics(std::vector{tracking}, kToday));
  EXPECT_FALSE(PoolTactics(std::vector{Prior("a", 0.1, 0.1, 0)}, kToday));
  // Measured once, too long ago.
  RetrievedTactic old;
  old.tactic.grade = TacticGrade::kObserving;
  old.similarity = 1;
  old.measurements = {Window(900, 0.5, 0.01)};
  EXPECT_FALSE(PoolTactics(std::vector{old}, kToday));
}

}  // namespace
}  // namespace maxopt
