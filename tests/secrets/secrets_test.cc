// No secret comes out of the program: not on the terminal, not in a file, not written another way.
// failures.md F40: tokens in a log by a second call-site, in an address, in a debug parameter.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/demo/demo.h"
#include "http/http.h"
#include "program.h"
#include "sim/world/world.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

std::string Base64(std::string_view text) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    unsigned bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (i + j < text.size() ? static_cast<unsigned char>(text[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      if (i + j <= text.size()) out += kLetters[bits >> (18 - 6 * j) & 63];
    }
  }
  return out;
}

std::string Hex(std::string_view text) {
  std::string out;
  for (const char c : text) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

/// The ways in which a secret may be written. Of base 64 what is the same wherever in a longer text
/// it begins: the three shifts, without what their neighbours decide.
std::vector<std::string> Writings(const std::string& secret) {
  std::vector<std::string> out{secret, http::PercentEncode(secret), Hex(secret)};
  for (std::size_t shift = 0; shift < 3; ++shift) {
    const std::string coded = Base64(std::string(shift, 'x') + secret);
    const std::size_t skip = shift == 0 ? 0 : shift + 1;
    out.push_back(coded.substr(skip, (shift + secret.size()) / 3 * 4 - skip));
  }
  return out;
}

class SecretsTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = fs::temp_directory_path() / fmt::format("maxopt_secrets_{}", ::getpid());
    fs::remove_all(home_);
    fs::create_directories(home_);
    sim::WorldOptions options;
    options.first_day = *ParseDay("2026-02-01");
    auto world = sim::World::Make(options);
    ASSERT_TRUE(world) << world.error().what;
    world_ = std::move(*world);
    sim::HistoryOptions history;
    history.days = 10;
    ASSERT_TRUE(sim::LiveThroughHistory(*world_, history));
    ASSERT_TRUE(world_->Listen({}));
    world_->AdvanceTo(world_->clock().Now() + hours(9));
  }
  void TearDown() override { fs::remove_all(home_); }

  void Connections(const std::string& yaml) {
    std::ofstream(home_ / "connections.yaml") << yaml;
    std::ofstream(home_ / "policy.yaml")
        << "maxopt: policy/1\nclient: Alpenglow\ncurrency: EUR\nworst_day_cap: 10000.00\n";
  }
  /// Runs a command; what it said is kept for the search.
  Ended Run(const std::vector<std::string>& arguments) {
    std::map<std::string, std::string> environment = environment_;
    environment["MAXOPT_CLOCK"] = world_->control_origin() + "/clock";
    Ended ended = RunMaxopt(home_, arguments, environment);
    said_.emplace_back(fmt::format("maxopt {}", fmt::join(arguments, " ")), ended.all());
    return ended;
  }
  /// Where a secret stands, in all that was said and in every file but connections.yaml.
  std::vector<std::string> Places(const std::string& secret) const {
    std::vector<std::string> out;
    const auto search = [&](const std::string& where, const std::string& text) {
      for (const std::string& writing : Writings(secret)) {
        if (text.find(writing) != std::string::npos) out.push_back(where + ": " + writing);
      }
    };
    for (const auto& [command, text] : said_) search(command, text);
    for (const auto& entry : fs::recursive_directory_iterator(home_)) {
      if (!entry.is_regular_file() || entry.path().filename() == "connections.yaml") continue;
      std::ifstream file(entry.path(), std::ios::binary);
      search(entry.path().filename(), {std::istreambuf_iterator<char>(file), {}});
    }
    return out;
  }
  void LiveADay() {
    Run({"connect"});
    Run({"doctor"});
    Run({"--json", "doctor"});
    Run({"monitor", "--depth", "hour"});
    Run({"status"});
    Run({"--json", "status"});
    Run({"quality"});
    Run({"look"});
    Run({"jobs"});
    Run({"worker", "--once"});
    Run({"jobs", "--history"});
    Run({"plan", std::string(MAXOPT_SOURCE_DIR) + "/examples/alpenglow"});
    Run({"outbox"});
    Run({"ledger"});
    Run({"report", "--client", "Alpenglow"});
  }

  fs::path home_;
  std::unique_ptr<sim::World> world_;
  std::map<std::string, std::string> environment_;
  std::vector<std::pair<std::string, std::string>> said_;
};

TEST_F(SecretsTest, F40ASecretThatWorksIsWrittenNowhere) {
  Connections(ConnectionsYaml(*world_).value());
  ASSERT_EQ(Run({"connect"}).code, 0) << said_.back().second;
  LiveADay();
  for (const std::string secret :
       {"sim-client-secret", "sim-refresh-token", "sim-meta-token", "sim-tiktok-token"}) {
    EXPECT_EQ(Places(secret), std::vector<std::string>()) << secret;
  }
}

// Refused by every platform, with the letters that break addresses, quotes and lines.
TEST_F(SecretsTest, F40ASecretThatIsRefusedIsWrittenNowhere) {
  const std::string canary = "cAn4ry+/=&?#\"' %s{}<T0ken>";
  environment_["CANARY"] = canary;
  std::string yaml = ConnectionsYaml(*world_).value();
  for (const std::string secret :
       {"sim-client-secret", "sim-refresh-token", "sim-meta-token", "sim-tiktok-token"}) {
    yaml.replace(yaml.find('"' + secret + '"'), secret.size() + 2, "\"env:CANARY\"");
  }
  Connections(yaml);
  EXPECT_NE(Run({"connect"}).code, 0);
  LiveADay();
  EXPECT_EQ(Places(canary), std::vector<std::string>());
}

// A platform that cannot be reached is where addresses get printed.
TEST_F(SecretsTest, F40ASecretOfAnUnreachablePlatformIsWrittenNowhere) {
  const std::string canary = "canary-0f-n0body";
  environment_["CANARY"] = canary;
  std::string yaml = ConnectionsYaml(*world_).value();
  for (const std::string secret :
       {"sim-client-secret", "sim-refresh-token", "sim-meta-token", "sim-tiktok-token"}) {
    yaml.replace(yaml.find('"' + secret + '"'), secret.size() + 2, "\"env:CANARY\"");
  }
  for (auto at = yaml.find("http://127.0.0.1:"); at != std::string::npos;
       at = yaml.find("http://127.0.0.1:", at + 1)) {
    yaml.replace(at, yaml.find('\n', at) - at, "http://127.0.0.1:9");
  }
  Connections(yaml);
  EXPECT_NE(Run({"connect"}).code, 0);
  LiveADay();
  EXPECT_EQ(Places(canary), std::vector<std::string>());
}

TEST(Writings, AreFoundWhereverTheyStand) {
  // RFC 4648: "foobar" is Zm9vYmFy; one and two letters before it shift the groups of three.
  EXPECT_EQ(Writings("foobar"), (std::vector<std::string>{"foobar", "foobar", "666f6f626172",
                                                          "Zm9vYmFy", "Zvb2Jh", "mb29i"}));
}

}  // namespace
}  // namespace maxopt
