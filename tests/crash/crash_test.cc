// Promise I1: whatever kills the program, and whatever answer is lost, there is exactly one of each
// object afterwards, and the journal says how that is known.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "app/demo/demo.h"
#include "sim/world/world.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;

/// One campaign with one ad group and one ad on one platform, as a person would write it.
std::string Document(Platform platform, const std::string& account) {
  const std::string head = fmt::format(
      "maxopt: campaign/1\nclient: Alpenglow\nname: Spring\ncurrency: EUR\nobjective: sales\n"
      "flight: {{start: 2026-03-10, end: 2026-03-19}}\nbudget: {{total: 1000.00}}\n"
      "landing_url: https://alpenglow.example/\n"
      "tracking: utm_source={{platform}}&utm_campaign={{campaign}}\n"
      "lines:\n  - channel: core\n    platform: {}\n    account: \"{}\"\n    daily_budget: 100.00\n"
      "    countries: [DE]\n",
      PlatformName(platform), account);
  switch (platform) {
    case Platform::kGoogleAds:
      return head +
             "    eu_political: false\n    ad_groups:\n      - name: Core\n        bid: 1.00\n"
             "        keywords: [\"phrase:trail shoes\"]\n        ads:\n          - name: V1\n"
             "            headlines: [One, Two, Three]\n"
             "            descriptions: [First text, Second text]\n"
             "            image_file: picture.png\n";
    case Platform::kMeta:
      return head +
             "    bid_strategy: lowest_cost\n    ad_groups:\n      - name: Core\n"
             "        optimization_goal: clicks\n        billing_event: impressions\n"
             "        ads:\n          - name: V1\n            headlines: [One]\n"
             "            descriptions: [First text]\n            page_id: \"110022003300\"\n"
             "            image_file: picture.png\n";
    default:
      return head +
             "    ad_groups:\n      - name: Core\n        optimization_goal: clicks\n"
             "        billing_event: clicks\n        ads:\n          - name: V1\n"
             "            descriptions: [First text]\n            page_id: \"7000000000009\"\n"
             "            image_file: picture.png\n";
  }
}

constexpr const char* kPolicy =
    "maxopt: policy/1\nclient: Alpenglow\ncurrency: EUR\nworst_day_cap: 1000.00\n";

struct Ended {
  int code = -1;    // exit code, or -1
  int signal = 0;   // that killed it
  std::string out;  // both streams
};

/// Runs maxopt with arguments and environment, as a shell would.
Ended RunMaxopt(const fs::path& home, const std::vector<std::string>& arguments,
                const std::map<std::string, std::string>& environment) {
  const fs::path log = home / "run.log";
  std::vector<std::string> words{MAXOPT_BINARY, "--home", home.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables;
  for (char** entry = environ; *entry; ++entry) variables.emplace_back(*entry);
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
  };
  // Spawned, not forked: the servers' threads may hold the allocator's lock at the moment of a
  // fork.
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t child = 0;
  const int spawned = ::posix_spawn(&child, MAXOPT_BINARY, &actions, nullptr,
                                    pointers(words).data(), pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(spawned, 0);
  if (spawned != 0) return {};
  int status = 0;
  ::waitpid(child, &status, 0);
  Ended ended;
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  std::ifstream in(log);
  std::ostringstream text;
  text << in.rdbuf();
  ended.out = text.str();
  return ended;
}

std::unique_ptr<sim::World> MakeWorld() {
  sim::WorldOptions options;
  options.first_day = *ParseDay("2026-03-01");
  auto world = sim::World::Make(options);
  EXPECT_TRUE(world) << world.error().what;
  const auto listening = (*world)->Listen({});
  EXPECT_TRUE(listening) << listening.error().what;
  return std::move(*world);
}

void WriteFile(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

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
    WriteFile(home / "campaign.yaml", Document(GetParam(), world->account(GetParam()).id));
    const fs::path picture = fs::path(MAXOPT_SOURCE_DIR) / "examples/alpenglow/creatives/night.png";
    fs::copy_file(picture, home / "picture.png");
    const auto environment = Environment(*world);
    const Ended connected = RunMaxopt(home, {"connect"}, environment);
    ASSERT_EQ(connected.code, 0) << connected.out;
    const Ended planned = RunMaxopt(home, {"plan", (home / "campaign.yaml").string()}, environment);
    ASSERT_EQ(planned.code, 2) << planned.out;
    const std::size_t at = planned.out.find("p-2026");
    ASSERT_NE(at, std::string::npos) << planned.out;
    plan_ = planned.out.substr(at, 15);
    const Ended approved = RunMaxopt(home, {"approve", plan_, "--by", "test"}, environment);
    ASSERT_EQ(approved.code, 0) << approved.out;
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
    for (std::size_t at = journal.out.find("  verified "); at != std::string::npos;
         at = journal.out.find("  verified ", at + 1)) {
      ++verified;
    }
    EXPECT_EQ(verified, 4u) << journal.out;
  }

  /// Kills at the nth passing of a point, for every n until the plan ends without being killed.
  int KillAtEvery(const std::string& point, const std::string& with = "KILL",
                  int signal = SIGKILL) {
    int killed = 0;
    for (int nth = 1; nth <= 60; ++nth) {
      SCOPED_TRACE(fmt::format("killed at {}:{}", point, nth));
      Case c = Begin(fmt::format("{}_{}", point, nth));
      auto environment = Environment(*c.world);
      environment["MAXOPT_KILL_AT"] = fmt::format("{}:{}", point, nth);
      environment["MAXOPT_KILL_WITH"] = with;
      const Ended first = RunMaxopt(c.home, {"apply", plan_}, environment);
      if (first.signal == 0) {
        EXPECT_EQ(first.code, 0) << first.out;
        ExpectOneOfEach(c);
        fs::remove_all(c.home);
        return killed;
      }
      EXPECT_EQ(first.signal, signal) << first.out;
      ++killed;
      const Ended second = RunMaxopt(c.home, {"apply", plan_}, Environment(*c.world));
      EXPECT_EQ(second.code, 0) << second.out;
      ExpectOneOfEach(c);
      fs::remove_all(c.home);
      if (HasFailure()) return killed;
    }
    ADD_FAILURE() << point << " is passed more than 60 times";
    return killed;
  }

  fs::path root_;
  std::string plan_;
};

TEST_P(Crash, AtEveryJournalState) {
  int killed = 0;
  for (const char* point : {"applying", "intent", "sent", "answered", "confirmed", "verified"}) {
    killed += KillAtEvery(point);
    if (HasFailure()) return;
  }
  fmt::print("crash {}: killed {} times at journal states\n", PlatformName(GetParam()), killed);
  EXPECT_GE(killed, 1 + 5 * 4);  // four changes pass five states each
}

/// F19: a person's Ctrl-C and a service manager's stop lose nothing either.
TEST_P(Crash, F19InterruptAndTerminateLoseNothing) {
  for (const char* point : {"sent", "answered"}) {
    EXPECT_GE(KillAtEvery(point, "INT", SIGINT), 4);
    EXPECT_GE(KillAtEvery(point, "TERM", SIGTERM), 4);
    if (HasFailure()) return;
  }
}

TEST_P(Crash, BeforeEveryCall) {
  const int killed = KillAtEvery("call");
  fmt::print("crash {}: killed before {} calls\n", PlatformName(GetParam()), killed);
  EXPECT_GE(killed, 8);
}

TEST_P(Crash, AfterEveryAnswerBeforeItWasRead) {
  const int killed = KillAtEvery("call_answered");
  fmt::print("crash {}: killed after {} answers\n", PlatformName(GetParam()), killed);
  EXPECT_GE(killed, 8);
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
      EXPECT_EQ(applied.code, 0) << applied.out;
      ExpectOneOfEach(c);
      fs::remove_all(c.home);
      if (c.world->faults(GetParam()).injected().empty()) break;
      ++injected;
      if (HasFailure()) return;
    }
    EXPECT_GE(injected, 4) << sim::FaultName(fault);
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
