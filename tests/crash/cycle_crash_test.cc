// A decision cycle of the real program is killed at what it keeps: before and after each half step,
// and within the applies that it makes. Whoever goes on with it, or runs it again, ends with the
// plans, the platform and the ledger that there would be without.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/demo/demo.h"
#include "app/home/home.h"
#include "program.h"
#include "small_campaign.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::days;

/// Each of the six steps is kept when it begins, has seen, and has decided; a new row once more.
constexpr int kHalfSteps = 18;

class CycleCrash : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / fmt::format("maxopt_cycle_crash_{}", ::getpid());
    fs::remove_all(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  static std::map<std::string, std::string> Environment(const sim::World& world) {
    return {{"MAXOPT_CLOCK", world.control_origin() + "/clock"}};
  }
  static void Point(const fs::path& home, sim::World& world) {
    fs::create_directories(home);
    const auto yaml = ConnectionsYaml(world);
    ASSERT_TRUE(yaml);
    WriteFile(home / "connections.yaml", *yaml);
  }

  struct Case {
    std::unique_ptr<sim::World> world;
    fs::path home;
    Ended Run(const std::vector<std::string>& arguments) const {
      return RunMaxopt(home, arguments, Environment(*world));
    }
    json List(std::vector<std::string> arguments) const {
      arguments.insert(arguments.begin(), "--json");
      const Ended ended = Run(arguments);
      EXPECT_EQ(ended.code, 0) << ended.all();
      return json::parse(ended.out, nullptr, false);
    }
  };
  Case Begin(std::unique_ptr<sim::World> world, const std::string& name) {
    Case c{std::move(world), root_ / name};
    fs::copy(root_ / "prepared", c.home, fs::copy_options::recursive);
    Point(c.home, *c.world);
    return c;
  }

  /// Runs it, killed there; then goes on: by its id where it was kept, every other time, else by
  /// running it again. False: the point was not passed so often.
  bool KilledAndGoneOn(const Case& c, const std::vector<std::string>& run, const std::string& at,
                       bool by_id, int code) {
    auto environment = Environment(*c.world);
    environment["MAXOPT_KILL_AT"] = at;
    const Ended first = RunMaxopt(c.home, run, environment);
    if (first.signal == 0) {
      EXPECT_EQ(first.code, code) << first.all();
      return false;
    }
    EXPECT_EQ(first.signal, SIGKILL) << first.all();
    const json cycles = c.List({"cycle", "list"});
    EXPECT_LE(cycles.size(), 1U);
    if (!cycles.empty() && cycles[0]["state"] == "done") return true;  // killed after its end
    const Ended second =
        by_id && !cycles.empty() ? c.Run({"cycle", "resume", cycles[0]["id"]}) : c.Run(run);
    EXPECT_EQ(second.code, code) << second.all();
    return true;
  }
  /// One cycle ended, none is left open, and every line of the ledger follows from the one before.
  static void ExpectWhole(const Case& c) {
    int done = 0;
    for (const json& cycle : c.List({"cycle", "list"})) {
      EXPECT_TRUE(cycle["state"] == "done" || cycle["state"] == "abandoned") << cycle;
      if (cycle["state"] != "done") continue;
      ++done;
      const Ended replay = c.Run({"cycle", "replay", cycle["id"]});
      EXPECT_EQ(replay.code, 0) << replay.all();
    }
    EXPECT_EQ(done, 1);
    const Ended ledger = c.Run({"ledger", "--check"});
    EXPECT_EQ(ledger.code, 0) << ledger.all();
  }

  fs::path root_;
};

class SetupCrash : public CycleCrash {
 protected:
  void SetUp() override {
    CycleCrash::SetUp();
    const auto world = MakeWorld();
    const fs::path home = root_ / "prepared";
    Point(home, *world);
    WriteFile(home / "policy.yaml", kPolicy);
    fs::create_directories(home / "documents");
    for (const auto& [name, text] :
         Documents(Platform::kMeta, world->account(Platform::kMeta).id)) {
      WriteFile(home / "documents" / name, text);
    }
    fs::copy_file(fs::path(MAXOPT_SOURCE_DIR) / "examples/alpenglow/creatives/night.png",
                  home / "documents" / "picture.png");
    const Ended connected = RunMaxopt(home, {"connect"}, Environment(*world));
    ASSERT_EQ(connected.code, 0) << connected.all();
  }
  /// The one plan, made real: exactly one of each object.
  static void ExpectOnePlan(const Case& c) {
    const json plans = c.List({"plans"})["plans"];
    ASSERT_EQ(plans.size(), 1U) << plans;
    EXPECT_EQ(plans[0]["status"], "guarded");
    const std::string plan = plans[0]["id"];
    EXPECT_EQ(c.Run({"approve", plan, "--by", "test"}).code, 0);
    const Ended applied = c.Run({"apply", plan});
    EXPECT_EQ(applied.code, 0) << applied.all();
    std::map<Level, int> counts;
    const AccountId account = c.world->account(Platform::kMeta);
    for (const auto& object : c.world->server(Platform::kMeta).Objects(account)) {
      ++counts[object.level];
    }
    for (const Level level : {Level::kCampaign, Level::kAdGroup, Level::kAd}) {
      EXPECT_EQ(counts[level], 1) << LevelName(level);
    }
  }
};

TEST_F(SetupCrash, KilledAtEachHalfStepThereIsOnePlan) {
  int killed = 0, from = 1;
  for (const char* point : {"cycle_keep", "cycle_kept"}) {
    int nth = from++;
    for (bool cut = true; cut; nth += kStep) {
      SCOPED_TRACE(fmt::format("{}:{}", point, nth));
      const Case c = Begin(MakeWorld(), fmt::format("{}_{}", point, nth));
      const std::vector<std::string> run{"cycle",     "run",         "setup",
                                         "Alpenglow", "--documents", c.home / "documents"};
      cut = KilledAndGoneOn(c, run, fmt::format("{}:{}", point, nth), nth % 2 == 0, 2);
      killed += cut ? 1 : 0;
      ExpectWhole(c);
      ExpectOnePlan(c);
      fs::remove_all(c.home);
      if (HasFailure()) return;
    }
    EXPECT_GT(nth, kHalfSteps);
  }
  fmt::print("crash of a cycle of setup: killed {} times\n", killed);
}

/// What was remembered for a plan, its campaign, and a report is there without anybody asking.
TEST_F(SetupCrash, WhatWasRememberedIsKeptWithCheckPlanAndReport) {
  const Case c = Begin(MakeWorld(), "remembered");
  const std::string documents = c.home / "documents";
  const Ended checked = c.Run({"check", documents});
  const json matrix = c.List({"memory", "show", "spring"});
  ASSERT_EQ(matrix.size(), 1U) << checked.all();
  EXPECT_EQ(matrix[0]["stage"], "setup");
  EXPECT_FALSE(matrix[0]["memory"]["parts"].empty());
  const Ended planned = c.Run({"plan", documents});
  EXPECT_EQ(planned.code, 2) << planned.all();
  const std::string plan = c.List({"plans"})["plans"][0]["id"];
  const json of_plan = c.List({"memory", "show", plan});
  ASSERT_EQ(of_plan.size(), 1U);
  EXPECT_EQ(of_plan[0]["stage"], "setup");
  // Of the campaign nothing new was remembered: in the world's standing time it is the same again.
  EXPECT_EQ(c.List({"memory", "show", "spring"}).size(), 1U);
  const json report = c.List({"report", "Alpenglow", "--form", "md"});
  const json of_report = c.List({"memory", "show", report["id"]});
  ASSERT_EQ(of_report.size(), 1U) << report;
  EXPECT_EQ(of_report[0]["stage"], "report");
  EXPECT_EQ(c.Run({"ledger", "--check"}).code, 0);
}

class OptimizeCrash : public CycleCrash {
 protected:
  static constexpr int kPast = 10;

  /// The same to the last bit whenever it is made.
  static std::unique_ptr<sim::World> MakePast() {
    sim::WorldOptions options;
    options.seed = 3;
    options.first_day = *ParseDay("2026-02-20") - days(kPast);
    auto world = sim::World::Make(options);
    EXPECT_TRUE(world) << world.error().what;
    const auto past = sim::LiveThroughHistory(**world, {.days = kPast});
    EXPECT_TRUE(past) << past.error().what;
    EXPECT_TRUE((*world)->Listen({}));
    (*world)->AdvanceTo((*world)->clock().Now() + std::chrono::hours(9));
    return std::move(*world);
  }
  void SetUp() override {
    CycleCrash::SetUp();
    const auto world = MakePast();
    const fs::path home = root_ / "prepared";
    Point(home, *world);
    WriteFile(home / "policy.yaml",
              "maxopt: policy/1\nclient: Alpenglow\ncurrency: EUR\nworst_day_cap: 20000\n"
              "step_max_percent: 15\nmode: act\nauto_approve: [rule]\n");
    WriteFile(home / "rules.yaml",
              "maxopt: rules/1\nclient: Alpenglow\ncurrency: EUR\n"
              "limits: {changes_per_day: 4, rest: 24h}\n"
              "rules:\n  - name: cut a little\n    on: campaign\n    where: {platform: [meta]}\n"
              "    if: spend 7d > 1 EUR\n    then: [{budget: -5%, min: 1 EUR}]\n");
    for (const char* command : {"connect", "monitor"}) {
      const Ended ended = RunMaxopt(home, {command}, Environment(*world));
      ASSERT_EQ(ended.code, 0) << ended.all();
    }
  }

  /// Every object of the account with all its fields, and every change that was made through the
  /// API since the past ended.
  static std::string Held(const Case& c) {
    std::string out;
    const std::shared_ptr<Clock> clock(std::shared_ptr<void>(), &c.world->clock());
    const auto home = Home::Open(c.home, clock);
    EXPECT_TRUE(home) << home.error().what;
    const AccountId account = c.world->account(Platform::kMeta);
    const auto trees = (*home)->ReadTrees({account});
    EXPECT_TRUE(trees) << trees.error().what;
    std::set<std::string> lines;
    for (const Entity& entity : trees->at(account).entities) {
      std::string line = fmt::format("{} {}", LevelName(entity.level), entity.id);
      for (const auto& [name, value] : entity.fields) line += " " + name + "=" + ShowValue(value);
      lines.insert(line);
    }
    for (const std::string& line : lines) out += line + "\n";
    const auto reader = (*home)->monitor_world().reader(account);
    EXPECT_TRUE(reader);
    const Instant now = clock->Now();
    const auto events = (*reader)->ReadHistory({account, now - std::chrono::hours(2), now},
                                               http::After(std::chrono::seconds(60)));
    EXPECT_TRUE(events) << events.error().what;
    int ours = 0;
    for (const HistoryEvent& event : *events) ours += event.ours ? 1 : 0;
    return out + fmt::format("changes through the API: {}\n", ours);
  }
  static std::string Plans(const Case& c) {
    std::string out;
    const json list = c.List({"plans"});
    for (const json& plan : list["plans"]) {
      out += fmt::format("{} {} {}\n", plan["title"].get<std::string>(),
                         plan["status"].get<std::string>(), plan["changes"].get<int>());
    }
    return out;
  }
  const std::vector<std::string> run_{"cycle", "run",     "optimize", "Alpenglow",
                                      "--act", "--lever", "devices"};
};

TEST_F(OptimizeCrash, KilledAnywhereWhatThePolicyLetsPassIsDoneOnce) {
  const Case whole = Begin(MakePast(), "whole");
  const std::string before = Held(whole);
  const Ended uncut = whole.Run(run_);
  ASSERT_TRUE(uncut.code == 0 || uncut.code == 2) << uncut.all();
  const std::string plans = Plans(whole), held = Held(whole);
  ASSERT_NE(plans.find("verified"), std::string::npos) << uncut.all();
  ASSERT_NE(held, before);
  ExpectWhole(whole);
  int killed = 0;
  const auto cut_at = [&](const std::string& point, int nth) {
    SCOPED_TRACE(fmt::format("{}:{}", point, nth));
    const Case c = Begin(MakePast(), fmt::format("{}_{}", point, nth));
    const bool cut =
        KilledAndGoneOn(c, run_, fmt::format("{}:{}", point, nth), nth % 2 == 0, uncut.code);
    killed += cut ? 1 : 0;
    ExpectWhole(c);
    EXPECT_EQ(Plans(c), plans);
    EXPECT_EQ(Held(c), held);
    fs::remove_all(c.home);
    return cut && !HasFailure();
  };
  int from = 2;
  for (const char* point : {"cycle_keep", "cycle_kept"}) {
    int nth = from++;
    while (cut_at(point, nth)) nth += kStep;
    if (HasFailure()) return;
    EXPECT_GT(nth, kHalfSteps);
  }
  for (const char* point : {"applying", "intent", "sent", "answered", "verified"}) {
    EXPECT_TRUE(cut_at(point, 1));
    if (HasFailure()) return;
  }
  fmt::print("crash of a cycle of optimize: killed {} times\n", killed);
}

}  // namespace
}  // namespace maxopt
