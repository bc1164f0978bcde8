// A share of the fault run in every test run, in slices that ctest runs side by side. All 2,000
// seeds: tools/fault_run.
#include <gtest/gtest.h>

#include <cstdlib>

#include "fault_run.h"

namespace maxopt::faults {
namespace {

constexpr int kSlices = 8;

int SeedsPerSlice() {
  const char* wanted = std::getenv("MAXOPT_FAULT_SEEDS");
  return (wanted ? std::atoi(wanted) : 80) / kSlices;
}

class FaultRun : public testing::TestWithParam<int> {};

TEST_P(FaultRun, EveryPromiseIsKept) {
  const int count = SeedsPerSlice();
  int injected = 0;
  for (int i = 0; i < count; ++i) {
    const auto seed = static_cast<std::uint64_t>(1 + GetParam() * count + i);
    const Outcome outcome = RunSeed(seed);
    injected += outcome.faults;
    for (const std::string& violation : outcome.violations) {
      ADD_FAILURE() << "seed " << seed << ": " << violation << " (again: fault_run --seed " << seed
                    << ")";
    }
  }
  EXPECT_GT(injected, 0);
}
INSTANTIATE_TEST_SUITE_P(Slices, FaultRun, testing::Range(0, kSlices));

TEST(FaultRun, TheSameSeedRunsTheSame) {
  const Outcome a = RunSeed(7);
  const Outcome b = RunSeed(7);
  EXPECT_EQ(a.requests, b.requests);
  EXPECT_EQ(a.faults, b.faults);
  EXPECT_EQ(a.crashes, b.crashes);
  EXPECT_EQ(a.violations, b.violations);
}

}  // namespace
}  // namespace maxopt::faults
