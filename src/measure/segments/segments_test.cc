#include "measure/segments/segments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace maxopt {
namespace {

bool Found(const Segment& s) {
  return s.verdict == SegmentVerdict::kAbove || s.verdict == SegmentVerdict::kBelow;
}

// Ten devices at 2 % of 10,000 clicks, one at 4 %: it alone is found, shrunk a little, and worth
// about 200 conversions of 30 each.
TEST(Segments, OneThatStandsOut) {
  std::vector<SegmentRow> rows;
  for (int i = 0; i < 10; ++i) rows.push_back({{"d" + std::to_string(i)}, 10000, 200});
  rows.push_back({{"winner"}, 10000, 400});
  SegmentOptions options;
  options.cuts = {{0}};
  options.value = 30;
  const auto found = FindSegments(rows, options).value();
  ASSERT_EQ(found.size(), 11u);
  EXPECT_EQ(found[0].path, std::vector<std::string>{"winner"});
  EXPECT_EQ(found[0].verdict, SegmentVerdict::kAbove);
  EXPECT_NEAR(found[0].rate_raw, 0.04, 1e-12);
  EXPECT_GT(found[0].rate, 0.035);
  EXPECT_LT(found[0].rate, 0.04);
  EXPECT_NEAR(found[0].reference, 0.02, 1e-5);
  EXPECT_NEAR(found[0].stake, (found[0].rate - found[0].reference) * 10000 * 30, 1e-6);
  EXPECT_LT(found[0].stake_low, found[0].stake);
  EXPECT_EQ(std::count_if(found.begin(), found.end(), Found), 1);
  std::reverse(rows.begin(), rows.end());
  const auto again = FindSegments(rows, options).value();
  for (std::size_t i = 0; i < 11; ++i) EXPECT_EQ(again[i].stake, found[i].stake);
}

// Exact by hand: 3 of 3 conversions in half of the exposure has p = 2 (1/2)^3.
TEST(Segments, TheTestIsExact) {
  SegmentOptions options;
  options.cuts = {{0}};
  options.least_expected = 0;
  const std::vector<SegmentRow> rows = {{{"a"}, 100, 3}, {{"b"}, 100, 0}};
  const auto halves = FindSegments(rows, options).value();
  for (const Segment& s : halves) EXPECT_NEAR(s.p_value, 0.25, 1e-12);
}

TEST(Segments, TooLittleOnlyChildAndTarget) {
  SegmentOptions options;
  options.cuts = {{0, 1}};
  const std::vector<SegmentRow> rows = {
      {{"a", "one"}, 10000, 300}, {{"b", "x"}, 10000, 100}, {{"b", "y"}, 100, 9}};
  const auto by_parent = FindSegments(rows, options).value();
  for (const Segment& s : by_parent) {
    if (s.path.back() == "one") {
      EXPECT_EQ(s.verdict, SegmentVerdict::kOnlyChild);
    }
    if (s.path.back() == "y") {
      EXPECT_EQ(s.verdict, SegmentVerdict::kTooLittle);
    }
  }
  options.target = 0.03;
  const auto by_target = FindSegments(rows, options).value();
  for (const Segment& s : by_target) {
    EXPECT_NEAR(s.reference, 0.03, 1e-12);
    if (s.path == std::vector<std::string>{"b"}) {
      EXPECT_EQ(s.verdict, SegmentVerdict::kBelow);
    }
    if (s.path == std::vector<std::string>{"a"}) {
      EXPECT_EQ(s.verdict, SegmentVerdict::kNotTold);
    }
  }
}

// A tree of 20 campaigns with 10 ads each; a fifth of the ads differ, by a factor of e^+-0.4. A
// finding is false when the ad's true rate is not on that side of its siblings' true rate. Over 40
// worlds: false findings stay below the stated share, many of the ads that differ are found, and
// the shrunk rates are nearer to the truth than the raw ones.
TEST(Segments, FalseDiscoveriesAreHeldAndErrorsShrink) {
  std::mt19937_64 bits(3);
  std::normal_distribution<double> normal;
  double share_false = 0;
  int true_found = 0, there = 0;
  double raw_error = 0, error = 0;
  constexpr int kWorlds = 40;
  for (int world = 0; world < kWorlds; ++world) {
    std::vector<SegmentRow> rows;
    std::vector<std::pair<std::vector<std::string>, std::pair<double, double>>> truth;
    for (int c = 0; c < 20; ++c) {
      const double campaign = 0.02 * std::exp(0.3 * normal(bits));
      for (int a = 0; a < 10; ++a) {
        const bool differs = bits() % 5 == 0;
        const double sign = bits() % 2 ? 0.4 : -0.4;
        const double rate = campaign * std::exp(differs ? sign : 0);
        const double clicks = 2000 + static_cast<double>(bits() % 18000);
        std::poisson_distribution<int> conversions(clicks * rate);
        rows.push_back({{"c" + std::to_string(c), std::to_string(a)},
                        clicks,
                        static_cast<double>(conversions(bits))});
        truth.push_back({rows.back().keys, {rate, differs ? sign : 0}});
        there += differs;
      }
    }
    SegmentOptions options;
    options.cuts = {{0, 1}};
    int found = 0, wrong = 0;
    const auto all = FindSegments(rows, options).value();
    for (const Segment& s : all) {
      if (s.path.size() != 2) continue;
      const auto known = std::find_if(truth.begin(), truth.end(),
                                      [&](const auto& t) { return t.first == s.path; });
      const auto [rate, effect] = known->second;
      raw_error += (s.rate_raw - rate) * (s.rate_raw - rate);
      error += (s.rate - rate) * (s.rate - rate);
      if (!Found(s)) continue;
      ++found;
      double others = 0, clicks = 0;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].keys[0] != s.path[0] || rows[i].keys == s.path) continue;
        others += rows[i].denominator * truth[i].second.first;
        clicks += rows[i].denominator;
      }
      const bool above = s.verdict == SegmentVerdict::kAbove;
      wrong += above ? rate <= others / clicks : rate >= others / clicks;
      true_found += above ? effect > 0 : effect < 0;
    }
    share_false += found ? static_cast<double>(wrong) / found / kWorlds : 0;
  }
  EXPECT_LE(share_false, 0.1);
  EXPECT_GE(true_found, there / 3);
  EXPECT_LT(error, 0.85 * raw_error);
}

// Nothing differs: in 200 worlds of 60 segments any finding at all is rare.
TEST(Segments, NothingWhereNothingIs) {
  std::mt19937_64 bits(9);
  int worlds_with_findings = 0;
  for (int world = 0; world < 200; ++world) {
    std::vector<SegmentRow> rows;
    for (int i = 0; i < 60; ++i) {
      const double clicks = 500 + static_cast<double>(bits() % 5000);
      std::poisson_distribution<int> conversions(clicks * 0.03);
      rows.push_back({{std::to_string(i)}, clicks, static_cast<double>(conversions(bits))});
    }
    SegmentOptions options;
    options.cuts = {{0}};
    const auto all = FindSegments(rows, options).value();
    worlds_with_findings += std::any_of(all.begin(), all.end(), Found);
  }
  EXPECT_LE(worlds_with_findings, 28);  // 10 % and two standard errors
}

TEST(Segments, Nonsense) {
  SegmentOptions options;
  const std::vector<SegmentRow> good = {{{"a"}, 1, 1}};
  EXPECT_FALSE(FindSegments(good, options));  // no cut
  options.cuts = {{1}};
  EXPECT_FALSE(FindSegments(good, options));
  options.cuts = {{0}};
  EXPECT_TRUE(FindSegments(good, options));
  EXPECT_TRUE(FindSegments({}, options)->empty());
  for (const SegmentRow& bad : {SegmentRow{{"a"}, -1, 1}, SegmentRow{{"a"}, 1, -1},
                                SegmentRow{{"a"}, std::nan(""), 1}, SegmentRow{{"a", "b"}, 1, 1}}) {
    EXPECT_FALSE(FindSegments(std::vector<SegmentRow>{{{"a"}, 1, 1}, bad}, options));
  }
  EXPECT_TRUE(
      FindSegments(std::vector<SegmentRow>{{{"a"}, 0, 0}, {{"b"}, 0, 0}}, options)->empty());
  options.false_discoveries = 1;
  EXPECT_FALSE(FindSegments(good, options));
}

}  // namespace
}  // namespace maxopt
