// The Grafana dashboard asks for metrics that the server exports, and for no others.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace maxopt {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

/// What the server declares: "# TYPE <name> <kind>" in its source; a histogram has three series.
std::set<std::string> Exported() {
  std::set<std::string> names;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(MAXOPT_SOURCE_DIR) / "src" / "app" / "api")) {
    if (entry.path().extension() != ".cc") continue;
    const std::string source = Read(entry.path());
    static const std::regex type("# TYPE (maxopt_[a-z_]+) ([a-z]+)");
    for (std::sregex_iterator at(source.begin(), source.end(), type), end; at != end; ++at) {
      const std::string name = (*at)[1];
      if ((*at)[2] == "histogram") {
        for (const char* part : {"_bucket", "_sum", "_count"}) names.insert(name + part);
      } else {
        names.insert(name);
      }
    }
  }
  return names;
}

TEST(Grafana, EveryMetricOfTheDashboardIsExported) {
  const std::set<std::string> exported = Exported();
  ASSERT_GE(exported.size(), 5u);
  const auto dashboard = nlohmann::json::parse(
      Read(fs::path(MAXOPT_SOURCE_DIR) / "examples" / "grafana" / "maxopt.json"));
  std::set<std::string> asked;
  std::set<int> ids;
  for (const auto& panel : dashboard.at("panels")) {
    EXPECT_TRUE(ids.insert(panel.at("id").get<int>()).second);
    ASSERT_FALSE(panel.at("targets").empty()) << panel.at("title");
    for (const auto& target : panel.at("targets")) {
      const std::string expression = target.at("expr");
      static const std::regex metric("maxopt_[a-z_]+");
      for (std::sregex_iterator at(expression.begin(), expression.end(), metric), end; at != end;
           ++at) {
        asked.insert(at->str());
        EXPECT_TRUE(exported.contains(at->str()))
            << panel.at("title") << " asks for " << at->str() << ", which nobody exports";
      }
    }
  }
  // And what is exported is looked at.
  for (const std::string& name : exported) {
    EXPECT_TRUE(asked.contains(name)) << name << " is on no panel";
  }
}

}  // namespace
}  // namespace maxopt
