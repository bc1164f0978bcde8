// Promise I1: whatever kills the program, and whatever answer is lost, there is exactly one of each
// object afterwards, and the journal says how that is known.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "app/demo/demo.h"
#include "program.h"
#include "small_campaign.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;

class Crash : public testing::TestWithParam<Platform> {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() /
            fmt::format("maxopt_crash_{}_{}", ::getpid(), PlatformName(GetParam()));
    fs::remove_all(root_);
    Prepare();
  }
  void TearDown() override { fs::remove_all(root_); }

  /// A home with an approved plan, made once; every case begins with a copy of it.
  void Prepare() {
    const auto world = MakeWorld();
    const fs::path home = root_ / "approved";
    fs::create_directories(home);
    Point(home, *world);
    WriteFile(home / "policy.yaml", kPolicy);
    const fs::path documents = home / "documents";
    fs::create_directories(documents);
    for (const auto& [name, text] : Documents(GetParam(), world->account(GetParam()).id)) {
      WriteFile(documents / name, text);
    }
    changes_ = GetParam() == Platform::kGoogleAds ? 3 : 4;  // no picture in a search ad
    const fs::path picture = fs::path(MAXOPT_SOURCE_DIR) / "examples/alpenglow/creatives/night.png";
    fs::copy_file(picture, documents / "picture.png");
    const auto environment = Environment(*world);
    const Ended connected = RunMaxopt(home, {"connect"}, environment);
    ASSERT_EQ(connected.code, 0) << connected.all();
    const Ended planned = RunMaxopt(home, {"plan", documents.string()}, environment);
    ASSERT_EQ(planned.code, 2) << planned.all();
    const std::size_t at = planned.all().find("p-2026");
    ASSERT_NE(at, std::string::npos) << planned.all();
    plan_ = planned.all().substr(at, 15);
    const Ended approved = RunMaxopt(home, {"approve", plan_, "--by", "test"}, environment);
    ASSERT_EQ(approved.code, 0) << approved.all();
  }

  static void Point(const fs::path& home, sim::World& world) {
    const auto yaml = ConnectionsYaml(world);
    ASSERT_TRUE(yaml);
    WriteFile(home / "connections.yaml", *yaml);
  }
  static std::map<std::string, std::string> Environment(const sim::World& world) {
    return {{"MAXOPT_CLOCK", world.control_origin() + "/clock"}};
  }

  struct Case {
    std::unique_ptr<sim::World> world;
    fs::path home;
  };
  Case Begin(const std::string& name) {
    Case c{MakeWorld(), root_ / name};
    fs::copy(root_ / "approved", c.home, fs::copy_options::recursive);
    Point(c.home, *c.world);
    return c;
  }

  /// Exactly one of each object, all paused, and a journal that says how it is known.
  void ExpectOneOfEach(Case& c) {
    std::map<Level, int> counts;
    const AccountId account = c.world->account(GetParam());
    for (const auto& object : c.world->server(GetParam()).Objects(account)) {
      ++counts[object.level];
      if (object.level != Level::kAsset) {
        EXPECT_TRUE(object.status != "ENABLED" && object.status != "ACTIVE" &&
                    object.status != "ENABLE" && object.status != "active")
            << object.name << " is " << object.status;
      }
    }
    for (const Level level : {Level::kCampaign, Level::kAdGroup, Level::kAd}) {
      EXPECT_EQ(counts[level], 1) << LevelName(level);
    }
    EXPECT_LE(counts[Level::kAsset], 1);
    const Ended journal = RunMaxopt(c.home, {"show", plan_, "--journal"}, Environment(*c.world));
    EXPECT_EQ(journal.code, 0);
    std::size_t verified = 0;
    for (std::size_t at = journal.all().find("  verified "); at != std::string::npos;
         at = journal.all().find("  verified ", at + 1)) {
      ++verified;
    }
    EXPECT_EQ(verified, static_cast<std::size_t>(changes_)) << journal.all();
  }

  /// Kills at the nth passing of a point until the plan ends without being killed: every `step`th
  /// one from `from` on. Answers how often the point was passed, less than a step too low.
  int KillAtEvery(const std::string& point, int from = 1, const std::string& with = "KILL",
                  int signal = SIGKILL) {
    int passed = 0;
    for (int nth = from; nth <= 60; nth += kStep) {
      SCOPED_TRACE(fmt::format("killed at {}:{}", point, nth));
      Case c = Begin(fmt::format("{}_{}", point, nth));
      auto environment = Environment(*c.world);
      environment["MAXOPT_KILL_AT"] = fmt::format("{}:{}", point, nth);
      environment["MAXOPT_KILL_WITH"] = with;
      const Ended first = RunMaxopt(c.home, {"apply", plan_}, environment);
      if (first.signal == 0) {
        EXPECT_EQ(first.code, 0) << first.all();
        ExpectOneOfEach(c);
        fs::remove_all(c.home);
        return passed;
      }
      EXPECT_EQ(first.signal, signal) << first.all();
      passed = nth, ++killed_;
      const Ended second = RunMaxopt(c.home, {"apply", plan_}, Environment(*c.world));
      EXPECT_EQ(second.code, 0) << second.all();
      ExpectOneOfEach(c);
      fs::remove_all(c.home);
      if (HasFailure()) return passed;
    }
    ADD_FAILURE() << point << " is passed more than 60 times";
    return passed;
  }

  fs::path root_;
  std::string plan_;
  int changes_ = 0;
  int killed_ = 0;
};

TEST_P(Crash, AtEveryJournalState) {
  EXPECT_EQ(KillAtEvery("applying"), 1);
  int from = 0;
  for (const char* point : {"intent", "sent", "answered", "confirmed", "verified"}) {
    EXPECT_GT(KillAtEvery(point, 1 + from++ % kStep) + kStep, changes_) << point;
    if (HasFailure()) return;
  }
  fmt::print("crash {}: killed {} times at journal states\n", PlatformName(GetParam()), killed_);
}

/// F19: a person's Ctrl-C and a service manager's stop lose nothing either.
TEST_P(Crash, F19InterruptAndTerminateLoseNothing) {
  for (const char* point : {"sent", "answered"}) {
    EXPECT_GT(KillAtEvery(point, 1, "INT", SIGINT) + kStep, changes_);
    EXPECT_GT(KillAtEvery(point, 1 + 1 % kStep, "TERM", SIGTERM) + kStep, changes_);
    if (HasFailure()) return;
  }
}

TEST_P(Crash, BeforeEveryCall) {
  EXPECT_GT(KillAtEvery("call") + kStep, 8);
  fmt::print("crash {}: killed before {} calls\n", PlatformName(GetParam()), killed_);
}

TEST_P(Crash, AfterEveryAnswerBeforeItWasRead) {
  EXPECT_GT(KillAtEvery("call_answered", 1 + 2 % kStep) + kStep, 8);
  fmt::print("crash {}: killed after {} answers\n", PlatformName(GetParam()), killed_);
}

/// The platform acts, and its answer never comes: once for each write of the plan.
TEST_P(Crash, EveryAnswerToAWriteLost) {
  const std::string writes = GetParam() == Platform::kGoogleAds ? ":mutate" : "";
  for (const sim::Fault fault :
       {sim::Fault::kDropResponse, sim::Fault::kServerError, sim::Fault::kHtml}) {
    int injected = 0;
    for (int nth = 1; nth <= 20; ++nth) {
      SCOPED_TRACE(fmt::format("{} on write {}", sim::FaultName(fault), nth));
      Case c = Begin(fmt::format("lost_{}_{}", sim::FaultName(fault), nth));
      c.world->faults(GetParam()).Add({fault, "POST", writes, nth, 1});
      const Ended applied = RunMaxopt(c.home, {"apply", plan_}, Environment(*c.world));
      EXPECT_EQ(applied.code, 0) << applied.all();
      ExpectOneOfEach(c);
      fs::remove_all(c.home);
      if (c.world->faults(GetParam()).injected().empty()) break;
      ++injected;
      if (HasFailure()) return;
    }
    EXPECT_GE(injected, changes_) << sim::FaultName(fault);
    fmt::print("crash {}: {} answers lost by {}\n", PlatformName(GetParam()), injected,
               sim::FaultName(fault));
  }
}

INSTANTIATE_TEST_SUITE_P(Platforms, Crash,
                         testing::Values(Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok),
                         [](const auto& platform) {
                           return std::string(PlatformName(platform.param));
                         });

}  // namespace
}  // namespace maxopt
