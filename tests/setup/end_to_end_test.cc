// Four documents, as YAML, as CSV and as a workbook, become verified and activated campaigns on
// three platforms; undo brings the accounts back as they were, byte for byte of their live trees.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/demo/demo.h"
#include "connect/registry/registry.h"
#include "connect/writer.h"
#include "domain/json.h"
#include "program.h"
#include "sim/world/world.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::hours;

constexpr Platform kPlatforms[] = {Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok};

void WriteFile(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string Source(const char* path) { return std::string(MAXOPT_SOURCE_DIR) + "/" + path; }

class EndToEnd : public testing::Test {
 protected:
  void SetUp() override {
    home_ =
        fs::temp_directory_path() / fmt::format("maxopt_setup_{}_{}", ::getpid(),
                                                testing::UnitTest::GetInstance()->random_seed());
    fs::remove_all(home_);
    sim::WorldOptions options;
    options.first_day = *ParseDay("2026-02-20");
    auto world = sim::World::Make(options);
    ASSERT_TRUE(world) << world.error().what;
    world_ = std::move(*world);
    ASSERT_TRUE(world_->Listen({}));
    world_->AdvanceTo(world_->clock().Now() + hours(9));
    const auto yaml = ConnectionsYaml(*world_);
    ASSERT_TRUE(yaml);
    WriteFile(home_ / "connections.yaml", *yaml);
    fs::copy_file(Source("examples/alpenglow/policy.yaml"), home_ / "policy.yaml");
    Expect(0, {"connect"});
  }
  void TearDown() override { fs::remove_all(home_); }

  Ended Run(const std::vector<std::string>& arguments) {
    return RunMaxopt(home_, arguments, {{"MAXOPT_CLOCK", world_->control_origin() + "/clock"}});
  }
  /// Runs it and expects this exit code.
  Ended Expect(int code, const std::vector<std::string>& arguments) {
    Ended ended = Run(arguments);
    EXPECT_EQ(ended.code, code) << fmt::format("maxopt {}\n{}", fmt::join(arguments, " "),
                                               ended.all());
    return ended;
  }
  json ExpectJson(int code, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "--json");
    const Ended ended = Expect(code, arguments);
    json parsed = json::parse(ended.out, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << ended.all();
    return parsed;
  }
  /// Plans, approves and applies; returns the plan's id.
  std::string Pass(const std::vector<std::string>& planning) {
    const json plan = ExpectJson(2, planning);
    const std::string id = plan.value("id", "");
    EXPECT_FALSE(id.empty());
    Expect(0, {"approve", id, "--by", "anna"});
    Expect(0, {"apply", id});
    return id;
  }

  /// What the platforms have, read by fresh connectors: the live tree as canonical JSON.
  std::map<Platform, std::string> Trees() {
    std::map<Platform, std::string> out;
    const auto connections = ParseConnections(
        [&] {
          std::ifstream in(home_ / "connections.yaml");
          return std::string((std::istreambuf_iterator<char>(in)),
                             std::istreambuf_iterator<char>());
        }(),
        "connections.yaml");
    EXPECT_TRUE(connections);
    if (!connections) return out;
    const std::shared_ptr<Clock> clock(&world_->clock(), [](Clock*) {});
    for (const Connection& connection : *connections) {
      const auto connector = MakeConnector(connection, http::MakeCurlTransport(), clock);
      EXPECT_TRUE(connector);
      const auto tree =
          connector->reader->ReadAccount(connection.account, http::After(std::chrono::seconds(60)));
      EXPECT_TRUE(tree) << (tree ? "" : tree.error().what);
      if (!tree) continue;
      std::string& text = out[connection.account.platform];
      for (const Entity& entity : tree->entities) text += ToJson(entity) + "\n";
    }
    return out;
  }

  fs::path home_;
  std::unique_ptr<sim::World> world_;
};

class FromDocuments : public EndToEnd, public testing::WithParamInterface<const char*> {};

TEST_P(FromDocuments, ToLiveCampaignsAndBack) {
  const std::string documents = Source(GetParam());
  const auto before = Trees();
  ASSERT_EQ(before.size(), 3U);

  // The checklist lets it pass; the matrix tells all.
  const json checklist = ExpectJson(0, {"check", documents});
  EXPECT_GE(checklist["counts"].value("pass", 0), 100);
  EXPECT_EQ(checklist["counts"].value("fail", -1), 0);
  const json matrix = ExpectJson(0, {"matrix", documents});
  EXPECT_GT(matrix.size(), 100U);

  const std::string set_up = Pass({"plan", documents});
  for (const Platform platform : kPlatforms) {
    for (const auto& object : world_->server(platform).Objects(world_->account(platform))) {
      if (object.level == Level::kCampaign || object.level == Level::kAdGroup ||
          object.level == Level::kAd) {
        EXPECT_TRUE(object.status != "ENABLED" && object.status != "ACTIVE" &&
                    object.status != "ENABLE" && object.status != kActive)
            << object.name << " is " << object.status;
      }
    }
  }
  // Made once: the second plan is empty, and says so with its exit code.
  EXPECT_TRUE(ExpectJson(0, {"plan", documents})["changes"].empty());

  world_->AdvanceTo(world_->clock().Now() + hours(8));  // the platforms review ads
  const std::string activation = Pass({"activate", documents});
  EXPECT_TRUE(ExpectJson(0, {"activate", documents})["changes"].empty());
  EXPECT_TRUE(ExpectJson(0, {"plan", documents})["changes"].empty());

  // The checklists of the first hours, and the four outputs.
  ExpectJson(0, {"check", documents, "--phase", "hour_1"});
  Expect(0, {"handover", documents});
  const json outbox = ExpectJson(0, {"outbox"});
  std::set<std::string> recipients;
  for (const json& message : outbox) recipients.insert(message.value("to", ""));
  EXPECT_EQ(recipients, (std::set<std::string>{"carlos", "james", "lucas", "maya"}));
  bool told = false;
  for (const json& message : outbox) {  // newest first: an apply tells the teammates as well
    const std::string id = message.value("id", "");
    EXPECT_FALSE(Expect(0, {"outbox", id}).out.empty());
    if (message.value("kind", "") == "media_activation" && !told) {
      told = true;
      EXPECT_EQ(ExpectJson(0, {"outbox", id}).value("activated", false), true);
    }
  }
  EXPECT_TRUE(told);
  EXPECT_FALSE(ExpectJson(0, {"watches"}).empty());
  const json experiments = ExpectJson(0, {"experiments"});
  ASSERT_FALSE(experiments.empty());
  EXPECT_EQ(experiments[0].value("status", ""), "running");
  EXPECT_TRUE(ExpectJson(0, {"orphans"})["orphans"].empty());

  // And back.
  Pass({"undo", activation});
  Pass({"undo", set_up});
  const auto after = Trees();
  for (const Platform platform : kPlatforms) {
    EXPECT_EQ(after.at(platform), before.at(platform)) << PlatformName(platform);
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, FromDocuments,
                         testing::Values("examples/alpenglow", "examples/alpenglow-sheets",
                                         "examples/alpenglow-workbook"),
                         [](const auto& form) {
                           const std::string path = form.param;
                           return path.ends_with("workbook") ? "Workbook"
                                  : path.ends_with("sheets") ? "Csv"
                                                             : "Yaml";
                         });

TEST_F(EndToEnd, WhatAPersonChangedIsShownAndKeptUnlessForced) {
  const std::string documents = Source("examples/alpenglow");
  Pass({"plan", documents});
  const AccountId account = world_->account(Platform::kMeta);
  std::string id;
  for (const auto& object : world_->server(Platform::kMeta).Objects(account)) {
    if (object.level == Level::kCampaign && object.name.find("prospecting") != std::string::npos) {
      id = object.id;
    }
  }
  ASSERT_TRUE(world_->server(Platform::kMeta)
                  .HumanEdit(account, Level::kCampaign, id,
                             {{"daily_budget", Money::Micros(77'770'000, kEur)}},
                             "anna@agency.example"));
  world_->AdvanceTo(world_->clock().Now() + hours(1));
  const json drifted = ExpectJson(0, {"plan", documents});
  EXPECT_TRUE(drifted["changes"].empty());
  ASSERT_EQ(drifted["drift"].size(), 1U) << drifted.dump(2);
  EXPECT_EQ(drifted["drift"][0]["field"], "daily_budget");
  EXPECT_NE(drifted["drift"][0]["who"].get<std::string>().find("anna"), std::string::npos);

  const json forced =
      ExpectJson(2, {"plan", documents, "--force-field",
                     drifted["drift"][0]["address"].get<std::string>() + ".daily_budget"});
  ASSERT_EQ(forced["changes"].size(), 1U);
  EXPECT_EQ(forced["changes"][0]["forced"][0], "daily_budget");
}

TEST_F(EndToEnd, AnAdoptedAccountPlansToNothing) {
  // Campaigns that somebody else made: ours, with our memory of them lost.
  const std::string documents = Source("examples/alpenglow");
  Pass({"plan", documents});
  for (const char* file : {"maxopt.db", "maxopt.db-wal", "maxopt.db-shm", "facts.duckdb"}) {
    fs::remove(home_ / file);
  }
  Expect(0, {"connect"});
  const fs::path out = home_ / "adopted";
  Expect(0, {"adopt", "Alpenglow", "--campaign", "Legacy", "--out", out.string()});
  const json plan = ExpectJson(0, {"plan", out.string()});
  EXPECT_TRUE(plan["changes"].empty()) << plan.dump(2);
  // A second adoption finds nothing left.
  Expect(1, {"adopt", "Alpenglow", "--out", (home_ / "again").string()});
}

TEST_F(EndToEnd, WrongUseIsAnErrorAndNothingIsWritten) {
  const auto before = Trees();
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"plan", home_.string()},
        {"plan", (home_ / "nothing-here").string()},
        {"check", Source("README.md")},
        {"apply", "p-20260101-0001"},
        {"approve", "p-20260101-0001", "--by", "anna"},
        {"undo", "p-20260101-0001"},
        {"activate", Source("examples/alpenglow")},
        {"outbox", "m-1"},
        {"check", Source("examples/alpenglow"), "--phase", "never"}}) {
    const Ended ended = Run(arguments);
    EXPECT_EQ(ended.code, 1) << fmt::format("maxopt {}", fmt::join(arguments, " "));
    EXPECT_FALSE(ended.err.empty());
  }
  EXPECT_EQ(Trees(), before);
}

}  // namespace
}  // namespace maxopt
