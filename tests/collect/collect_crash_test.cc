// Promise I9 while collecting: whatever kills the program, and whatever the disk refuses, nothing
// that was loaded is lost and nothing is counted twice; the next run completes.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

#include "app/demo/demo.h"
#include "program.h"
#include "sim/world/world.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;

class CollectCrash : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / fmt::format("maxopt_collect_{}", ::getpid());
    fs::remove_all(root_);
    sim::WorldOptions options;
    options.first_day = *ParseDay("2026-03-01");
    auto world = sim::World::Make(options);
    ASSERT_TRUE(world) << world.error().what;
    world_ = std::move(*world);
    const auto history = sim::LiveThroughHistory(*world_, {.days = 4});
    ASSERT_TRUE(history) << history.error().what;
    world_->AdvanceTo(world_->clock().Now() + std::chrono::hours(9));
    const auto listening = world_->Listen({});
    ASSERT_TRUE(listening) << listening.error().what;
    environment_ = {{"MAXOPT_CLOCK", world_->control_origin() + "/clock"}};
    Connect(root_ / "whole");
    const Ended whole = RunMaxopt(root_ / "whole", {"monitor"}, environment_);
    ASSERT_EQ(whole.code, 0) << whole.all();
    truth_ = Facts(root_ / "whole");
    ASSERT_NE(truth_.find("\n"), std::string::npos);
  }
  void TearDown() override { fs::remove_all(root_); }

  void Connect(const fs::path& home) {
    fs::create_directories(home);
    const auto yaml = ConnectionsYaml(*world_);
    ASSERT_TRUE(yaml);
    std::ofstream(home / "connections.yaml") << *yaml;
    const Ended connected = RunMaxopt(home, {"connect"}, environment_);
    ASSERT_EQ(connected.code, 0) << connected.all();
  }
  /// Everything that a store counts, by campaign, and by ad, and day.
  std::string Facts(const fs::path& home) {
    std::string all;
    for (const char* by : {"campaign", "ad"}) {
      const Ended queried =
          RunMaxopt(home,
                    {"query", "--measures", "spend,impressions,clicks,conversions", "--by", by,
                     "--grain", "day", "--csv"},
                    environment_);
      EXPECT_EQ(queried.code, 0) << queried.all();
      all += queried.out;
    }
    return all;
  }

  fs::path root_;
  std::unique_ptr<sim::World> world_;
  std::map<std::string, std::string> environment_;
  std::string truth_;
};

TEST_F(CollectCrash, F33KilledAnywhereItGoesOnWhereItStopped) {
  // Each point of a round, and places along it; the same home is killed again and again.
  const fs::path home = root_ / "killed";
  Connect(home);
  int killed = 0;
  for (const char* at : {"collect_before_call:1", "collect_after_call:1", "collect_before_load:1",
                         "collect_after_load:1", "collect_after_load:5", "collect_before_load:4",
                         "collect_after_call:9", "collect_after_load:7"}) {
    auto environment = environment_;
    environment["MAXOPT_KILL_AT"] = at;
    const Ended ended = RunMaxopt(home, {"monitor"}, environment);
    if (ended.signal == SIGKILL) ++killed;
    EXPECT_TRUE(ended.signal == SIGKILL || ended.code == 0) << at << ": " << ended.all();
  }
  EXPECT_GE(killed, 5);
  const Ended rest = RunMaxopt(home, {"monitor"}, environment_);
  EXPECT_EQ(rest.code, 0) << rest.all();
  EXPECT_EQ(Facts(home), truth_);
}

TEST_F(CollectCrash, AFullDiskIsSaidAndTheNextRunCompletes) {
  const fs::path home = root_ / "full";
  Connect(home);
  // No file may be written beyond this, which the log of the facts soon is: the write is refused
  // with an error, as on a full disk, since the signal that comes with it is ignored.
  constexpr rlim_t kRoom = 65'536;
  ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = kRoom;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const Ended full = RunMaxopt(home, {"monitor"}, environment_);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(full.signal, 0) << full.all();
  EXPECT_EQ(full.code, 1) << full.all();
  EXPECT_FALSE(full.all().empty());
  const Ended next = RunMaxopt(home, {"monitor"}, environment_);
  EXPECT_EQ(next.code, 0) << next.all();
  EXPECT_EQ(Facts(home), truth_);
}

}  // namespace
}  // namespace maxopt
