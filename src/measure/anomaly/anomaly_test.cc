#include "measure/anomaly/anomaly.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace maxopt {
namespace {

constexpr Instant kMonday{std::chrono::sys_days(std::chrono::year(2026) / 1 / 5)};
Instant Hour(int i) { return kMonday + std::chrono::hours(i); }
Instant Date(int i) { return kMonday + std::chrono::hours(24 * i); }

struct Scored {
  std::vector<double> scores;
  std::vector<int> alerts;  // where
  std::vector<Verdict> verdicts;
};
Scored Score(const std::vector<double>& values, int step_h = 1) {
  Detector detector;
  Scored run;
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto verdict = detector.Step(Hour(static_cast<int>(i) * step_h), values[i]);
    EXPECT_TRUE(verdict.has_value());
    run.scores.push_back(verdict->score);
    if (verdict->alert) run.alerts.push_back(static_cast<int>(i));
    run.verdicts.push_back(*verdict);
  }
  return run;
}
/// Hours of a day's curve with noise of standard deviation 5.
std::vector<double> Daily(int n, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise(0, 5);
  std::vector<double> values;
  for (int i = 0; i < n; ++i) {
    values.push_back(200 + 80 * std::sin(2 * M_PI * (i % 24) / 24) + noise(random));
  }
  return values;
}

TEST(Detector, ScoresAreInRangeAndAlertsAreAboveHalf) {
  auto values = Daily(24 * 40);
  values[600] = 900;
  values[800] = -4e5;
  const Scored run = Score(values);
  for (std::size_t i = 0; i < run.scores.size(); ++i) {
    EXPECT_GE(run.scores[i], 0) << i;
    EXPECT_LE(run.scores[i], 1) << i;
    if (run.verdicts[i].alert) {
      EXPECT_GE(run.scores[i], 0.5) << i;
    }
  }
}

TEST(Detector, SpikeAndDipAreFoundAtTheirHourWithTheirDirection) {
  auto values = Daily(24 * 40);
  values[600] += 120;
  values[800] -= 120;
  const Scored run = Score(values);
  ASSERT_EQ(run.alerts, (std::vector<int>{600, 800}));
  EXPECT_EQ(run.verdicts[600].kind, AnomalyKind::kSpike);
  EXPECT_EQ(run.verdicts[600].direction, Direction::kUp);
  EXPECT_EQ(run.verdicts[800].kind, AnomalyKind::kDip);
  EXPECT_EQ(run.verdicts[800].direction, Direction::kDown);
  ASSERT_TRUE(run.verdicts[600].expected.has_value());
  EXPECT_NEAR(*run.verdicts[600].expected, 200 + 80 * std::sin(0.0), 12);
}

TEST(Detector, AMissingHumpIsNewsThoughItsValuesAreOrdinary) {
  auto values = Daily(24 * 40);
  for (int i = 30 * 24; i < 31 * 24; ++i) values[static_cast<std::size_t>(i)] = 120 + i % 3;
  const Scored run = Score(values);
  ASSERT_FALSE(run.alerts.empty());
  EXPECT_GE(run.alerts[0], 30 * 24);
  EXPECT_LE(run.alerts[0], 30 * 24 + 8);
}

TEST(Detector, ALevelShiftIsToldOnceAndThenIsTheLevel) {
  auto values = Daily(24 * 60);
  for (std::size_t i = 24 * 30; i < values.size(); ++i) values[i] += 150;
  Scored run = Score(values);
  // Noise may raise its half alert a month; the shift itself is told once.
  const auto between = [&](int from, int to) {
    return std::count_if(run.alerts.begin(), run.alerts.end(),
                         [&](int i) { return i >= from && i < to; });
  };
  EXPECT_EQ(between(24 * 30, 24 * 30 + 1), 1);
  EXPECT_EQ(between(24 * 30, 24 * 40), 1);
  EXPECT_LE(between(0, 24 * 60), 2);
  EXPECT_FALSE(run.verdicts.back().in_incident);
  ASSERT_TRUE(run.verdicts.back().expected.has_value());
  EXPECT_NEAR(*run.verdicts.back().expected, 350 + 80 * std::sin(2 * M_PI * 23 / 24), 15);
  // The way back, weeks later, is news again.
  for (std::size_t i = 24 * 50; i < values.size(); ++i) values[i] -= 150;
  run = Score(values);
  EXPECT_EQ(between(24 * 50, 24 * 50 + 1), 1);
  EXPECT_EQ(between(24 * 50, 24 * 60), 1);
}

TEST(Detector, ANoiseThatStaysWiderIsAdoptedToo) {
  auto values = Daily(24 * 60);
  const auto wide = Daily(24 * 60, 9);
  for (std::size_t i = 24 * 30; i < values.size(); ++i) values[i] += 8 * (wide[i] - values[i]);
  const Scored run = Score(values);
  const auto after =
      std::find_if(run.alerts.begin(), run.alerts.end(), [](int i) { return i >= 24 * 30; });
  ASSERT_NE(after, run.alerts.end());
  EXPECT_LE(*after, 24 * 31);
  EXPECT_FALSE(run.verdicts.back().in_incident);
  // Once it is normal, a spike is news again.
  values[24 * 55] += 1000;
  const Scored spiked = Score(values);
  EXPECT_TRUE(spiked.verdicts[24 * 55].alert);
}

TEST(Detector, AfterRecoveryItAlertsOnceMore) {
  auto values = Daily(24 * 40);
  for (const int begin : {500, 620}) {
    for (int i = begin; i < begin + 4; ++i) values[static_cast<std::size_t>(i)] = 0;
  }
  EXPECT_EQ(Score(values).alerts, (std::vector<int>{500, 620}));
}

TEST(Detector, AnOutlierDoesNotPoisonTheModel) {
  auto values = Daily(24 * 40);
  const Scored clean = Score(values);
  values[500] = 1e9;
  const Scored run = Score(values);
  ASSERT_EQ(run.alerts, std::vector<int>{500});
  for (std::size_t i = 560; i < values.size(); ++i) {
    ASSERT_TRUE(run.verdicts[i].expected && clean.verdicts[i].expected);
    EXPECT_NEAR(*run.verdicts[i].expected, *clean.verdicts[i].expected, 15) << i;
  }
}

TEST(Detector, ConstantSeriesIsSilentAndAChangeOfItIsNot) {
  std::vector<double> values(24 * 20, 45.0);
  EXPECT_TRUE(Score(values).alerts.empty());
  for (std::size_t i = 24 * 15; i < values.size(); ++i) values[i] = 46;
  EXPECT_EQ(Score(values).alerts, std::vector<int>{24 * 15});
}

TEST(Detector, StandingStillIsFlat) {
  auto values = Daily(24 * 40);
  for (std::size_t i = 700; i < 740; ++i) values[i] = values[699];
  const Scored run = Score(values);
  ASSERT_FALSE(run.alerts.empty());
  EXPECT_GE(run.alerts[0], 700);
  EXPECT_LE(run.alerts[0], 708);
}

TEST(Detector, TheFutureNeverChangesThePast) {
  auto values = Daily(24 * 30);
  values[400] = 900;
  const Scored whole = Score(values);
  for (const std::size_t cut : {5UL, 17UL, 100UL, 401UL, 600UL}) {
    auto other = values;
    for (std::size_t i = cut; i < other.size(); ++i) other[i] = -1e6 * static_cast<double>(i);
    const Scored run = Score(other);
    for (std::size_t i = 0; i < cut; ++i) ASSERT_EQ(run.scores[i], whole.scores[i]) << cut;
  }
}

TEST(Detector, ScaleAndShiftDoNotMatter) {
  auto values = Daily(24 * 30);
  values[400] = 500;
  const Scored run = Score(values);
  auto scaled = values;
  for (double& x : scaled) x = 1024 * x;
  auto shifted = values;
  for (double& x : shifted) x += 1000;
  const Scored by_scale = Score(scaled);
  const Scored by_shift = Score(shifted);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(by_scale.scores[i], run.scores[i], 1e-9) << i;
    EXPECT_NEAR(by_shift.scores[i], run.scores[i], 1e-5) << i;
  }
  EXPECT_EQ(by_scale.alerts, run.alerts);
  EXPECT_EQ(by_shift.alerts, run.alerts);
}

TEST(Detector, NoiseOfManyShapesIsNearlySilent) {
  // 12 series of 60 days: at one a month each may raise two.
  int alerts = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    std::student_t_distribution<double> heavy(3);
    double carried = 0;
    std::vector<double> values;
    for (int i = 0; i < 24 * 60; ++i) {
      carried = 0.8 * carried + normal(random);
      values.push_back(seed % 3 == 0 ? normal(random) : seed % 3 == 1 ? heavy(random) : carried);
    }
    alerts += static_cast<int>(Score(values).alerts.size());
  }
  EXPECT_LE(alerts, 24);
}

TEST(Detector, MissingObservationsChangeNothing) {
  const auto values = Daily(24 * 20);
  Detector with;
  Detector without;
  for (int i = 0; i < 24 * 20; ++i) {
    const double x = values[static_cast<std::size_t>(i)];
    if (i % 7 == 3) {
      const auto blank = with.Step(Hour(i), i % 2 ? std::optional<double>() : std::nan(""));
      ASSERT_TRUE(blank.has_value());
      EXPECT_EQ(blank->score, 0);
      EXPECT_FALSE(blank->alert);
      continue;
    }
    const auto a = with.Step(Hour(i), x);
    const auto b = without.Step(Hour(i), x);
    ASSERT_TRUE(a && b);
    // Blank rows tell the grain, gaps do as well once most hours are there.
    EXPECT_EQ(a->score, b->score) << i;
  }
}

TEST(Detector, ShortSeriesAndDailyGrain) {
  EXPECT_TRUE(Score({1, 2, 3}).alerts.empty());
  EXPECT_TRUE(Score({}).alerts.empty());
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise(0, 3);
  std::vector<double> values;
  for (int i = 0; i < 120; ++i) values.push_back((i % 7 >= 5 ? 50 : 100) + noise(random));
  values[100] = 200;
  EXPECT_EQ(Score(values, 24).alerts, std::vector<int>{100});
}

TEST(Detector, ExtremeValuesStayFinite) {
  auto values = Daily(24 * 20);
  values[300] = std::numeric_limits<double>::max();
  values[310] = std::numeric_limits<double>::lowest();
  values[320] = std::numeric_limits<double>::denorm_min();
  values[330] = std::numeric_limits<double>::infinity();
  for (const double score : Score(values).scores) {
    ASSERT_TRUE(std::isfinite(score));
    ASSERT_GE(score, 0);
    ASSERT_LE(score, 1);
  }
}

TEST(Detector, TimesThatGoBackAreRefusedButAClockPutBackIsNot) {
  Detector detector;
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(detector.Step(Hour(i), i).has_value());
  const auto back = detector.Step(Hour(30), 1);
  ASSERT_FALSE(back.has_value());
  EXPECT_EQ(back.error().code, Errc::kInvalidArgument);
  EXPECT_NE(back.error().what.find("2026-01-06T06:00:00Z"), std::string::npos) << back.error().what;
  EXPECT_TRUE(detector.Step(Hour(49), 50).has_value()) << "the hour that comes twice";
  EXPECT_TRUE(detector.Step(Hour(50), 51).has_value());
  Detector days;
  ASSERT_TRUE(days.Step(Date(0), 1).has_value());
  ASSERT_TRUE(days.Step(Date(1), 1).has_value());
  EXPECT_FALSE(days.Step(Date(1), 1).has_value());
  Detector same;
  ASSERT_TRUE(same.Step(Date(0), 1).has_value());
  EXPECT_FALSE(same.Step(Date(0), 1).has_value());
}

TEST(Detector, AKnownHolidayIsNotNews) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise(0, 3);
  std::vector<double> values;
  for (int i = 0; i < 120; ++i) values.push_back((i % 7 == 6 ? 40 : 100) + noise(random));
  values[100] = 41;  // a Wednesday that is like a Sunday
  Detector told;
  Detector untold;
  bool alert_told = false;
  bool alert_untold = false;
  for (int i = 0; i < 120; ++i) {
    const double x = values[static_cast<std::size_t>(i)];
    alert_told |= told.Step(Date(i), x, i == 100)->alert;
    alert_untold |= untold.Step(Date(i), x)->alert;
  }
  EXPECT_FALSE(alert_told);
  EXPECT_TRUE(alert_untold);
}

// ---------------------------------------------------------------------------- series of ads

AdPoint Point(int day, double value, double denominator = 1) {
  AdPoint p;
  p.at = Date(day);
  p.weekday = day % 7;
  p.value = value;
  p.denominator = denominator;
  return p;
}
AdSeries Learnt(AdMeasure measure, int days, double value, double denominator = 1) {
  AdSeries series({.hourly = false, .measure = measure});
  for (int i = 0; i < days; ++i) {
    // A tenth up and down in turn.
    EXPECT_TRUE(series.Learn(Point(i, value * (i % 2 ? 1.1 : 0.9), denominator)).has_value());
  }
  return series;
}

TEST(AdSeries, ExpectsTheLevelAndCallsNothingZero) {
  const AdSeries series = Learnt(AdMeasure::kCount, 56, 100);
  const auto same = series.Judge(Point(56, 100));
  ASSERT_TRUE(same && same->judged);
  EXPECT_NEAR(same->expected, 100, 6);  // the last days weigh most, and they were high
  EXPECT_GT(same->p_value, 0.5);
  EXPECT_LT(same->low95, 90);
  EXPECT_GT(same->high95, 110);
  const auto none = series.Judge(Point(56, 0));
  ASSERT_TRUE(none && none->judged);
  EXPECT_EQ(none->kind, AnomalyKind::kZero);
  EXPECT_EQ(none->direction, Direction::kDown);
  EXPECT_LT(none->p_value, 1e-6);
  ASSERT_TRUE(none->deviation.has_value());
  EXPECT_DOUBLE_EQ(*none->deviation, -1);
  EXPECT_NEAR(none->magnitude, 100, 6);
}

TEST(AdSeries, ACtrOnFortyImpressionsIsNoNews) {
  const AdSeries series = Learnt(AdMeasure::kProportion, 56, 100, 10'000);
  // Three times the rate of 1 %, on 40 impressions and on 10,000.
  const auto few = series.Judge(Point(56, 1.2, 40));
  const auto many = series.Judge(Point(56, 300, 10'000));
  ASSERT_TRUE(few && few->judged && many && many->judged);
  EXPECT_NEAR(few->expected, 0.01, 0.001);
  EXPECT_GT(few->p_value, 0.3);
  EXPECT_LT(many->p_value, 1e-6);
  EXPECT_EQ(many->direction, Direction::kUp);
  // No click at 40 impressions: (1 - .01)^40 = .67 of all days.
  const auto none = series.Judge(Point(56, 0, 40));
  ASSERT_TRUE(none.has_value());
  EXPECT_GT(none->p_value, 0.99);
}

TEST(AdSeries, MaturityHalvesWhatIsExpected) {
  const AdSeries series = Learnt(AdMeasure::kCount, 56, 100);
  AdPoint young = Point(56, 50);
  young.maturity = 0.5;
  const auto judged = series.Judge(young);
  ASSERT_TRUE(judged && judged->judged);
  EXPECT_NEAR(judged->expected, 50, 3);
  EXPECT_GT(judged->p_value, 0.5);
  young.maturity = 1;
  const auto ripe = series.Judge(young);
  ASSERT_TRUE(ripe.has_value());
  EXPECT_LT(ripe->p_value, 0.01);
}

TEST(AdSeries, AMovedLevelIsFollowedAfterFourDays) {
  AdSeries series = Learnt(AdMeasure::kMoney, 56, 100);
  for (int i = 56; i < 60; ++i) {
    const auto judged = series.Judge(Point(i, 300));
    ASSERT_TRUE(judged.has_value());
    EXPECT_LT(judged->p_value, 0.01) << i;
    EXPECT_EQ(judged->kind, i < 58 ? AnomalyKind::kSpike : AnomalyKind::kLevelShift) << i;
    ASSERT_TRUE(series.Learn(Point(i, 300)).has_value());
  }
  const auto judged = series.Judge(Point(60, 300));
  ASSERT_TRUE(judged.has_value());
  EXPECT_NEAR(judged->expected, 300, 45);
  EXPECT_GT(judged->p_value, 0.2);
}

TEST(AdSeries, MoneyWhereThereNeverWasAnyIsOneInAsManyDays) {
  AdSeries series({.hourly = false, .measure = AdMeasure::kMoney});
  for (int i = 0; i < 28; ++i) ASSERT_TRUE(series.Learn(Point(i, 0)).has_value());
  const auto judged = series.Judge(Point(28, 10));
  ASSERT_TRUE(judged && judged->judged);
  EXPECT_DOUBLE_EQ(judged->p_value, 1.0 / 30);
  EXPECT_FALSE(judged->deviation.has_value());
}

TEST(AdSeries, WhatCannotBeIsNamed) {
  AdSeries series({.hourly = false, .measure = AdMeasure::kProportion});
  const auto fails = [&](AdPoint p, std::string_view field) {
    const auto judged = series.Judge(p);
    ASSERT_FALSE(judged.has_value()) << field;
    EXPECT_NE(judged.error().what.find(field), std::string::npos) << judged.error().what;
  };
  fails(Point(0, -1, 10), "value");
  fails(Point(0, std::nan(""), 10), "value");
  fails(Point(0, 11, 10), "denominator");
  fails(Point(0, 1, -1), "denominator");
  AdPoint p = Point(0, 1, 10);
  p.maturity = 0;
  fails(p, "maturity");
  p.maturity = 1, p.hour = 24;
  fails(p, "hour");
  p.hour = 0, p.weekday = 7;
  fails(p, "weekday");
  ASSERT_TRUE(series.Learn(Point(5, 1, 10)).has_value());
  EXPECT_FALSE(series.Learn(Point(5, 1, 10)).has_value()) << "the same day twice";
  AdPoint missing = Point(6, 0, 0);
  missing.missing = true;
  ASSERT_TRUE(series.Learn(missing).has_value());
  const auto judged = series.Judge(missing);
  ASSERT_TRUE(judged.has_value());
  EXPECT_FALSE(judged->judged);
}

TEST(AdSeries, ItsFalseAlarmsAreAsRareAsItsPValuesSay) {
  // 300 series of 90 days, Poisson counts of mean 20 in a week's season: of the last 60 days' tests
  // no more than 1.5 % may be below p = .01.
  int below = 0;
  int tests = 0;
  std::mt19937_64 random(5);
  for (int s = 0; s < 300; ++s) {
    AdSeries series({.hourly = false, .measure = AdMeasure::kCount});
    for (int i = 0; i < 90; ++i) {
      std::poisson_distribution<int> counts(i % 7 >= 5 ? 12.0 : 23.0);
      const AdPoint p = Point(i, counts(random));
      if (i >= 30) {
        const auto judged = series.Judge(p);
        ASSERT_TRUE(judged.has_value());
        below += judged->p_value < 0.01;
        ++tests;
      }
      ASSERT_TRUE(series.Learn(p).has_value());
    }
  }
  EXPECT_LT(below, 0.015 * tests);
}

// ---------------------------------------------------------------------------- families

Candidate Of(std::string_view key, double p, double deviation = 1) {
  Candidate c{key, {}};
  c.judgement.judged = true;
  c.judgement.p_value = p;
  c.judgement.deviation = deviation;
  return c;
}
constexpr ScanOptions kFivePercent = {
    .false_discovery_rate = 0.05, .false_scans_per_month = 1, .scans_per_month = 1};

TEST(ScanFamily, BenjaminiHochbergByHand) {
  // q: .5 * 4/4 = .5; .03 * 4/3 = .04; .02 * 4/2 = .04; .01 * 4/1 = .04.
  const Candidate c[] = {Of("d", 0.5), Of("b", 0.02), Of("a", 0.01), Of("c", 0.03)};
  const auto findings = ScanFamily(c, {}, kFivePercent);
  ASSERT_TRUE(findings.has_value());
  ASSERT_EQ(findings->size(), 3U);
  const std::size_t order[] = {2, 1, 3};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*findings)[i].candidate, order[i]);
    EXPECT_NEAR((*findings)[i].q_value, 0.04, 1e-12);
  }
  // Scanned every hour, with one false scan a month: .00137, and nothing is left.
  ScanOptions hourly = kFivePercent;
  hourly.scans_per_month = 730.5;
  const auto fewer = ScanFamily(c, {}, hourly);
  ASSERT_TRUE(fewer.has_value());
  EXPECT_TRUE(fewer->empty());
}

TEST(ScanFamily, SmallDeviationsCountAsTestsAndAreNotFound) {
  const Candidate c[] = {Of("a", 1e-9, 0.05), Of("b", 0.02, -0.5)};
  const auto findings = ScanFamily(c, {}, kFivePercent);
  ASSERT_TRUE(findings.has_value());
  ASSERT_EQ(findings->size(), 1U);  // .02 * 2 / 1
  EXPECT_EQ((*findings)[0].candidate, 1U);
  EXPECT_NEAR((*findings)[0].q_value, 0.04, 1e-12);
}

TEST(ScanFamily, FeedbackTunesWithinBounds) {
  Feedback feedback;
  feedback.Add("a", true);
  EXPECT_NEAR(feedback.Weight("a"), std::sqrt(2.0), 1e-12);
  for (int i = 0; i < 50; ++i) feedback.Add("a", true), feedback.Add("b", false);
  EXPECT_DOUBLE_EQ(feedback.Weight("a"), 4);
  EXPECT_DOUBLE_EQ(feedback.Weight("b"), 1.0 / 16);
  EXPECT_DOUBLE_EQ(feedback.Weight("c"), 1);
  EXPECT_EQ(Feedback::FromAnswers(feedback.answers()).answers(), feedback.answers());
  // Weights 4 and 1/16, average 65/32: a's p is .03 * 65/128 = .01523, q .03047; b's becomes
  // .02 * 32.5 = .65.
  const Candidate c[] = {Of("a", 0.03), Of("b", 0.02)};
  const auto findings = ScanFamily(c, feedback, kFivePercent);
  ASSERT_TRUE(findings.has_value());
  ASSERT_EQ(findings->size(), 1U);
  EXPECT_EQ((*findings)[0].candidate, 0U);
  EXPECT_NEAR((*findings)[0].q_value, 0.03 * 65 / 128 * 2, 1e-12);
}

TEST(ScanFamily, BadOptionsAreNamed) {
  ScanOptions bad;
  bad.false_discovery_rate = 0;
  EXPECT_FALSE(ScanFamily({}, {}, bad).has_value());
  bad = {};
  bad.scans_per_month = 0;
  EXPECT_FALSE(ScanFamily({}, {}, bad).has_value());
  const auto none = ScanFamily({}, {}, {});
  ASSERT_TRUE(none.has_value());
  EXPECT_TRUE(none->empty());
}

// ---------------------------------------------------------------------------- trends

TEST(DetectTrend, AStraightLineByHand) {
  // S = 45, var = 10 * 9 * 25 / 18 = 125, z = 44 / sqrt(125) = 3.9354, p = 8.3e-5.
  std::vector<std::optional<double>> values;
  for (int i = 1; i <= 10; ++i) values.emplace_back(i);
  const auto trend = DetectTrend(values, {.period = 1, .logarithm = false});
  ASSERT_TRUE(trend && trend->judged);
  EXPECT_TRUE(trend->found);
  EXPECT_EQ(trend->direction, Direction::kUp);
  EXPECT_NEAR(trend->slope, 1, 1e-12);
  EXPECT_NEAR(trend->change, 9, 1e-12);
  EXPECT_NEAR(trend->p_value, 8.305e-5, 2e-7);
}

TEST(DetectTrend, ARisingCpaIsFoundThroughItsWeek) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> noise(0, 0.05);
  std::vector<std::optional<double>> values;
  for (int i = 0; i < 28; ++i) {
    values.emplace_back(20 * std::pow(1.02, i) * (i % 7 >= 5 ? 1.4 : 1) * std::exp(noise(random)));
  }
  values[9] = std::nullopt;
  const auto trend = DetectTrend(values, {});
  ASSERT_TRUE(trend.has_value());
  EXPECT_TRUE(trend->found);
  EXPECT_NEAR(trend->slope, 0.02, 0.005);
  EXPECT_LE(trend->slope_low95, 0.02);
  EXPECT_GE(trend->slope_high95, 0.02);
}

TEST(DetectTrend, AutocorrelatedNoiseIsNoTrend) {
  // 400 windows of 28 days of noise with autocorrelation .5: at p <= .01 no more than 3 % found.
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal;
  int found = 0;
  for (int s = 0; s < 400; ++s) {
    double carried = normal(random);
    std::vector<std::optional<double>> values;
    for (int i = 0; i < 28; ++i) {
      carried = 0.5 * carried + std::sqrt(0.75) * normal(random);
      values.emplace_back(100 * std::exp(0.3 * carried));
    }
    const auto trend = DetectTrend(values, {.period = 1});
    ASSERT_TRUE(trend.has_value());
    found += trend->found;
  }
  EXPECT_LE(found, 12);
}

TEST(DetectTrend, NonsenseAndTooLittle) {
  std::vector<std::optional<double>> values(20, 5.0);
  auto trend = DetectTrend(values, {});
  ASSERT_TRUE(trend.has_value());
  EXPECT_FALSE(trend->judged) << "all equal";
  values.assign(20, std::nan(""));
  trend = DetectTrend(values, {});
  ASSERT_TRUE(trend.has_value());
  EXPECT_EQ(trend->points, 0);
  EXPECT_FALSE(DetectTrend(values, {.period = 0}).has_value());
  values.assign(2001, 1.0);
  EXPECT_FALSE(DetectTrend(values, {}).has_value());
}

// ---------------------------------------------------------------------------- fatigue

TEST(DetectFatigue, ARateThatLosesATenthPerDoubling) {
  std::vector<FatigueDay> days;
  double shown = 0;
  for (int i = 0; i < 14; ++i) {
    FatigueDay d;
    d.impressions = 10'000;
    const double doublings = std::log2((shown + 5'000) / 5'000);
    d.responses = 300 * std::pow(0.9, doublings);
    d.peers_impressions = 1e6, d.peers_responses = 20'000;
    shown += d.impressions;
    days.push_back(d);
  }
  const auto fatigue = DetectFatigue(days, {});
  ASSERT_TRUE(fatigue && fatigue->judged);
  EXPECT_TRUE(fatigue->found);
  EXPECT_NEAR(fatigue->per_doubling, -0.1, 1e-6);
  // From 5,000 to 135,000 shown: log2 27 = 4.755 doublings, .9^4.755 = .606.
  EXPECT_NEAR(fatigue->decline, 1 - std::pow(0.9, std::log2(27.0)), 1e-6);
  EXPECT_LT(fatigue->decline_low95, fatigue->decline);
  EXPECT_GT(fatigue->decline_high95, fatigue->decline);
  // When the whole ad group falls alike, it is not this ad.
  for (FatigueDay& d : days) d.peers_responses = 20'000 * d.responses / 300;
  const auto market = DetectFatigue(days, {});
  ASSERT_TRUE(market && market->judged);
  EXPECT_FALSE(market->found);
  EXPECT_NEAR(market->decline, 0, 0.02);
}

TEST(DetectFatigue, TooLittleEvidenceSaysWhich) {
  std::vector<FatigueDay> days(5, {.impressions = 100, .responses = 1});
  auto fatigue = DetectFatigue(days, {});
  ASSERT_TRUE(fatigue.has_value());
  EXPECT_FALSE(fatigue->judged);
  EXPECT_NE(fatigue->why.find("days"), std::string::npos);
  days.resize(10, {.impressions = 100, .responses = 1});
  fatigue = DetectFatigue(days, {});
  ASSERT_TRUE(fatigue.has_value());
  EXPECT_NE(fatigue->why.find("responses"), std::string::npos);
  days[3].responses = 101;
  EXPECT_FALSE(DetectFatigue(days, {}).has_value());
  days[3].responses = -1;
  EXPECT_FALSE(DetectFatigue(days, {}).has_value());
}

}  // namespace
}  // namespace maxopt
