// What `maxopt ledger` answers to a question that nothing answers to.
#include <gtest/gtest.h>
#include <unistd.h>

#include "program.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;

TEST(LedgerProgram, NothingFoundIsNotNothingDecided) {
  const fs::path home = fs::temp_directory_path() / ("maxopt_ledger_" + std::to_string(::getpid()));
  fs::remove_all(home);
  ASSERT_EQ(RunMaxopt(home, {"init"}, {}).code, 0);
  EXPECT_EQ(RunMaxopt(home, {"ledger"}, {}).out, "nothing was decided yet\n");
  const Ended none = RunMaxopt(home, {"ledger", "--event", "dreamt", "--plan", "p-9"}, {});
  EXPECT_EQ(none.code, 0);
  EXPECT_EQ(none.out,
            "no line is of event \"dreamt\", plan \"p-9\"; without these, maxopt ledger shows the "
            "newest of all\n");
  const Ended stranger = RunMaxopt(home, {"ledger", "--client", "nobody"}, {});
  EXPECT_EQ(stranger.code, 1);
  EXPECT_NE(stranger.err.find("nobody"), std::string::npos) << stranger.err;
  fs::remove_all(home);
}

}  // namespace
}  // namespace maxopt
