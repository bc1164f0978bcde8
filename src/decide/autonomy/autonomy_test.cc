#include "decide/autonomy/autonomy.h"

#include <gtest/gtest.h>

#include <vector>

namespace maxopt {
namespace {

/// `count` predictions of 10 +- 4 (sd), of which `missed` were measured at `wrong`, sharply.
std::optional<Calibration> Record(int count, int missed, double wrong) {
  std::vector<ScoredPrediction> out;
  for (int i = 0; i < count; ++i) {
    out.push_back({10, 10 - 1.6449 * 4, 10 + 1.6449 * 4, i < missed ? wrong : 11, 0.1});
  }
  const auto calibration = Calibrate(out);
  return calibration ? std::optional(*calibration) : std::nullopt;
}

TEST(EarnedAutonomy, GrowsWithWhatWasMeasured) {
  EXPECT_DOUBLE_EQ(EarnedAutonomy(std::nullopt).scale, 0.25);
  double last = 0.25;
  for (const int count : {1, 5, 10, 19}) {
    const Autonomy earned = EarnedAutonomy(Record(count, 0, 0));
    EXPECT_TRUE(earned.may_act);
    EXPECT_GT(earned.scale, last) << count;
    last = earned.scale;
  }
  EXPECT_DOUBLE_EQ(EarnedAutonomy(Record(40, 0, 0)).scale, 1);
}

TEST(EarnedAutonomy, PoorMeasurementsProveLittle) {
  std::vector<ScoredPrediction> vague(40, {10, 9, 11, 12, 60});
  const auto calibration = Calibrate(vague);
  ASSERT_TRUE(calibration);
  EXPECT_LT(EarnedAutonomy(*calibration).scale, 0.27);
}

TEST(EarnedAutonomy, ShrinksWhenItErrs) {
  // 8 of 10 intervals held: under the floor, but not surely. 0.25 + 0.75 * 10 / 20 is 0.625.
  const Autonomy doubtful = EarnedAutonomy(Record(10, 2, 25));
  EXPECT_TRUE(doubtful.may_act);
  EXPECT_NEAR(doubtful.scale, 0.3125, 0.001);
  EXPECT_NE(doubtful.why.find("halved"), std::string::npos);
  // 10 of 20: surely.
  const Autonomy bold = EarnedAutonomy(Record(20, 10, 25));
  EXPECT_FALSE(bold.may_act);
  EXPECT_NE(bold.why.find("50 %"), std::string::npos) << bold.why;
  // The intervals are wide enough to hold it, but what comes is the opposite.
  std::vector<ScoredPrediction> harmful(30, {10, -30, 50, -8, 5});
  const auto record = Calibrate(harmful);
  ASSERT_TRUE(record);
  const Autonomy harm = EarnedAutonomy(*record);
  EXPECT_FALSE(harm.may_act);
  EXPECT_NE(harm.why.find("-80 %"), std::string::npos) << harm.why;
}

}  // namespace
}  // namespace maxopt
