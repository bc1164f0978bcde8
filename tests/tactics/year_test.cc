#include "tactics/year.h"

#include <gtest/gtest.h>

namespace maxopt::year {
namespace {

TEST(YearOfTactics, TheSameSeedIsTheSameYear) {
  const auto a = Live({.seed = 7, .weeks = 14}), b = Live({.seed = 7, .weeks = 14}),
             c = Live({.seed = 8, .weeks = 14});
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(a->decisions, 70);
  EXPECT_EQ(a->gain, b->gain);
  EXPECT_EQ(a->weeks_to_good, b->weeks_to_good);
  EXPECT_NE(a->gain, c->gain);
}

TEST(YearOfTactics, BeforeAnythingIsMeasuredBothDecideAlike) {
  const auto with = Live({.seed = 3, .knowledge = true, .weeks = 8});
  const auto without = Live({.seed = 3, .knowledge = false, .weeks = 8});
  ASSERT_TRUE(with && without);
  EXPECT_EQ(with->gain, without->gain);
  EXPECT_EQ(with->good, without->good);
}

TEST(YearOfTactics, WhoKnowsTheTruthNeedsNoMemory) {
  const auto with = Live({.seed = 2, .knowledge = true, .weeks = 16, .own_se = 0.001});
  const auto without = Live({.seed = 2, .knowledge = false, .weeks = 16, .own_se = 0.001});
  ASSERT_TRUE(with && without);
  EXPECT_GT(without->gain, 0);
  EXPECT_NEAR(with->gain, without->gain, 0.01 * without->gain);
}

TEST(YearOfTactics, NobodyBeatsTheBestByMoreThanEachTimesLuck) {
  const auto year = Live({.seed = 5, .weeks = 16});
  ASSERT_TRUE(year);
  EXPECT_LT(year->gain, year->best + 0.05);
  EXPECT_GE(year->good, 0);
  EXPECT_LE(year->good, 1);
}

}  // namespace
}  // namespace maxopt::year
