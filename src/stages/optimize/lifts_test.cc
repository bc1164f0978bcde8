#include "stages/optimize/lifts.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

TEST(LiftsWithin, TakesThoseOfTheHistoryAndOfChannelsThatSpent) {
  ClientHistory history;
  history.first = *ParseDay("2026-01-01");
  history.last = *ParseDay("2026-01-10");
  history.past["meta/a"].spend.assign(10, 5.0);
  history.past["meta/off"].spend.assign(10, 0.0);
  const Day day = history.first;
  using std::chrono::days;
  const auto lifts = LiftsWithin({{"t1", "A", "meta/a", day + days(2), day + days(9), 80, 9, 30.0},
                                  {"t2", "A", "meta/off", day, day, 1, 1},
                                  {"t3", "A", "gone", day, day, 1, 1},
                                  {"t4", "A", "meta/a", day - days(1), day, 1, 1},
                                  {"t5", "A", "meta/a", day, day + days(10), 1, 1}},
                                 history);
  ASSERT_EQ(lifts.size(), 1u);
  EXPECT_EQ(lifts[0].channel, "meta/a");
  EXPECT_EQ(lifts[0].first, 2u);
  EXPECT_EQ(lifts[0].last, 9u);
  EXPECT_EQ(lifts[0].revenue, 80);
  EXPECT_EQ(lifts[0].se, 9);
  EXPECT_EQ(lifts[0].spend, 30.0);
}

}  // namespace
}  // namespace maxopt
