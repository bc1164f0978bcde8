// maxopt init as a newcomer runs it: every file that it writes is read again without complaint, and
// what stands there already is kept.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "program.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string Text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Init, WritesFilesThatAreReadAndKeepsWhatIsThere) {
  const fs::path home = fs::temp_directory_path() / ("maxopt_init_" + std::to_string(::getpid()));
  fs::remove_all(home);
  const Ended first = RunMaxopt(home, {"init"}, {});
  ASSERT_EQ(first.code, 0) << first.all();
  for (const char* name :
       {"connections.yaml", "policy.yaml", "alerts.yaml", "monitoring.yaml", "reports.yaml"}) {
    ASSERT_TRUE(fs::exists(home / name)) << name;
    EXPECT_NE(first.out.find(name), std::string::npos) << first.out;
    // Secrets may stand in any of them.
    EXPECT_EQ(fs::status(home / name).permissions(), fs::perms::owner_read | fs::perms::owner_write)
        << name;
  }
  const Ended doctor = RunMaxopt(home, {"--json", "doctor"}, {});
  const json said = json::parse(doctor.out, nullptr, false);
  ASSERT_TRUE(said.is_object()) << doctor.all();
  for (const json& line : said["checks"]) EXPECT_EQ(line["ok"], true) << line;
  EXPECT_NE(doctor.out.find("\"reports.yaml\""), std::string::npos);

  const std::string own =
      "maxopt: reports/1\nschedules:\n  - {name: m, client: Nobody, cron: "
      "\"0 7 * * mon\"}\n";
  std::ofstream(home / "reports.yaml") << own;
  fs::remove(home / "alerts.yaml");
  const Ended again = RunMaxopt(home, {"--json", "init"}, {});
  ASSERT_EQ(again.code, 0) << again.all();
  const json written = json::parse(again.out, nullptr, false);
  EXPECT_EQ(written["written"], json::array({(home / "alerts.yaml").string()}));
  EXPECT_EQ(Text(home / "reports.yaml"), own);
  // A schedule that would never run is found before anybody waits for its report.
  const Ended ill = RunMaxopt(home, {"doctor"}, {});
  EXPECT_NE(ill.code, 0);
  EXPECT_NE(ill.all().find("client \"Nobody\" is not known"), std::string::npos) << ill.all();
  fs::remove_all(home);
}

}  // namespace
}  // namespace maxopt
