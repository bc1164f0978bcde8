// Keeps the house's layers: reads every #include "..." below src/ and checks it against the order
// of the folders. What may include what is data at the top of this file.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace maxopt {
namespace {

namespace fs = std::filesystem;

/// Low to high: a folder includes lower ones only. Equal ranks are neighbours.
const std::map<std::string, int, std::less<>> kRanks = {
    {"result", 0}, {"money", 1},  {"clock", 1},   {"json", 2},    {"sheet", 2},  {"media", 2},
    {"yaml", 2},   {"domain", 3}, {"http", 4},    {"measure", 5}, {"decide", 6}, {"connect", 7},
    {"memory", 8}, {"apply", 9},  {"stages", 10}, {"agent", 11},  {"app", 12},
};
/// The simulated world stands beside the product: it knows the domain and the wire, no more.
const std::set<std::string, std::less<>> kSimMayInclude = {"result", "money",  "clock",
                                                           "json",   "domain", "http"};
/// Pure folders: no network, no platform, no store, whatever their rank allows.
const std::set<std::string, std::less<>> kPure = {"domain", "measure", "decide"};
const std::set<std::string, std::less<>> kNeverInPure = {"http", "connect", "memory"};
/// Subfolders that their siblings share. Headers directly in the folder are shared as well.
const std::map<std::string, std::set<std::string>, std::less<>> kSharedSubfolders = {
    {"connect", {"retry", "http"}},
    {"decide", {"allocator"}},
    {"stages", {"tactics"}},
    {"sim", {"market", "server", "faults", "control"}},
    {"app", {"archive", "ask",         "attribution", "home",     "api",   "cli",      "demo",
             "canary",  "conversions", "cycle",       "insights", "lab",   "lookout",  "mcp",
             "model",   "render",      "optimize",    "reports",  "rules", "scenario", "serve",
             "tactics", "team",        "trials",      "views",    "worker"}},
};
/// Subfolders that wire their siblings together, as app does for the product.
const std::set<std::string, std::less<>> kWiring = {"sim/world"};
/// Folders whose one purpose is to gather their siblings into a list.
const std::set<std::string, std::less<>> kGatherers = {"connect/registry", "sim/world"};
/// The one door to a platform (law 1): who may include it, beside connect itself.
constexpr std::string_view kWriter = "connect/writer.h";

struct Exception {
  std::string_view file;
  std::string_view include;
  std::string_view reason;
};
constexpr Exception kExceptions[] = {
    {"app/home/home.cc", kWriter, "makes the connectors and hands their writers to apply"},
};

/// "connect/meta/meta.cc" -> {"connect", "meta", "meta.cc"}
std::vector<std::string> Parts(std::string_view path) {
  std::vector<std::string> parts;
  for (const auto& part : fs::path(path)) parts.push_back(part.string());
  return parts;
}
/// The subfolder below the top one; "" for a file directly in it.
std::string Subfolder(const std::vector<std::string>& parts) {
  return parts.size() > 2 ? parts[1] : "";
}

/// What is wrong with `file` including `include`, both as paths from src/; nullopt: nothing.
std::optional<std::string> Objection(std::string_view file, std::string_view include) {
  const auto from = Parts(file);
  const auto to = Parts(include);
  if (to.size() < 2) return "write the path from src/, so that the folder can be seen";
  const std::string& top = from[0];
  const std::string& target = to[0];
  if (top != "sim" && !kRanks.contains(top)) {
    return "folder " + top + " has no rank in tests/layers_test.cc";
  }
  if (target != "sim" && !kRanks.contains(target)) return "no folder " + target + " is known";
  for (const Exception& exception : kExceptions) {
    if (exception.file == file && exception.include == include) return std::nullopt;
  }
  if (include == kWriter && top != "apply" && top != "connect") {
    return "only apply may write to a platform";
  }
  if (top == target) {
    const std::string sub = Subfolder(to);
    if (sub == Subfolder(from) || sub.empty()) return std::nullopt;
    if (kWiring.contains(top + "/" + Subfolder(from))) return std::nullopt;
    if (kGatherers.contains(top + "/" + Subfolder(from))) return std::nullopt;
    const auto shared = kSharedSubfolders.find(top);
    if (shared != kSharedSubfolders.end() && shared->second.contains(sub)) return std::nullopt;
    return "neighbours do not include each other";
  }
  if (target == "sim") {
    if (top == "app") return std::nullopt;
    return "only app and tests may know the simulated world";
  }
  if (top == "sim") {
    if (kSimMayInclude.contains(target)) return std::nullopt;
    return "the simulated world does not know the product";
  }
  if (kPure.contains(top) && kNeverInPure.contains(target)) return "a pure folder does no I/O";
  if (kRanks.find(target)->second >= kRanks.find(top)->second) return "arrows only go down";
  return std::nullopt;
}

std::vector<std::string> QuotedIncludes(const fs::path& file) {
  std::vector<std::string> includes;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') continue;
    const std::size_t word = line.find_first_not_of(" \t", hash + 1);
    if (word == std::string::npos || !line.substr(word).starts_with("include")) continue;
    const std::size_t open = line.find('"', word);
    if (open == std::string::npos) continue;
    const std::size_t close = line.find('"', open + 1);
    if (close != std::string::npos) includes.push_back(line.substr(open + 1, close - open - 1));
  }
  return includes;
}

TEST(Layers, EveryIncludeGoesDown) {
  const fs::path src = fs::path(MAXOPT_SOURCE_DIR) / "src";
  int includes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(src)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".h" && extension != ".cc") continue;
    const std::string file = fs::relative(entry.path(), src).generic_string();
    // Tests may bring in whatever they need as the other side.
    if (file.ends_with("_test.cc") || file.ends_with("_for_test.h")) continue;
    for (const std::string& include : QuotedIncludes(entry.path())) {
      ++includes;
      const auto objection = Objection(file, include);
      EXPECT_FALSE(objection.has_value())
          << "src/" << file << " includes \"" << include << "\": " << objection.value_or("");
    }
  }
  EXPECT_GT(includes, 20) << "the sources were not found below " << src;
}

TEST(Layers, ExceptionsAreFewAndExplained) {
  EXPECT_LE(std::size(kExceptions), 3U);
  for (const Exception& exception : kExceptions) EXPECT_FALSE(exception.reason.empty());
}

TEST(Layers, TheRulesRefuseWhatTheyShould) {
  struct Case {
    std::string_view file;
    std::string_view include;
    bool allowed;
  };
  const Case cases[] = {
      {"money/money.cc", "result/result.h", true},
      {"money/money.cc", "clock/clock.h", false},
      {"result/result.h", "money/money.h", false},
      {"domain/entity.h", "money/money.h", true},
      {"domain/entity.h", "domain/change.h", true},
      {"http/http.h", "result/result.h", true},
      {"measure/lift/lift.cc", "domain/metric.h", true},
      {"measure/lift/lift.cc", "measure/series.h", true},
      {"measure/lift/lift.cc", "measure/anomaly/anomaly.h", false},
      {"measure/lift/lift.cc", "http/http.h", false},
      {"decide/rules.cc", "measure/lift/lift.h", true},
      {"decide/rules.cc", "memory/facts/facts.h", false},
      {"decide/rules.cc", "http/http.h", false},
      {"connect/meta/meta.cc", "connect/retry/retry.h", true},
      {"connect/meta/meta.cc", "connect/writer.h", true},
      {"connect/meta/meta.cc", "connect/tiktok/tiktok.h", false},
      {"connect/registry/registry.cc", "connect/meta/meta.h", true},
      {"connect/meta/meta.cc", "connect/registry/registry.h", false},
      {"connect/meta/meta.cc", "memory/facts/facts.h", false},
      {"connect/platform.h", "connect/meta/meta.h", false},
      {"memory/facts/facts.cc", "memory/campaigns/campaigns.h", false},
      {"memory/facts/facts.cc", "connect/writer.h", false},
      {"apply/apply.cc", "connect/writer.h", true},
      {"apply/apply.cc", "stages/setup/setup.h", false},
      {"stages/setup/setup.cc", "apply/apply.h", true},
      {"stages/setup/setup.cc", "connect/writer.h", false},
      {"stages/setup/setup.cc", "stages/report/report.h", false},
      {"agent/mcp.cc", "connect/writer.h", false},
      {"app/home/home.cc", "connect/writer.h", true},
      {"app/cli/cli.cc", "connect/writer.h", false},
      {"app/cli/cli.cc", "sim/market/market.h", true},
      {"sim/world/world.cc", "sim/meta/meta.h", true},
      {"sim/meta/meta.cc", "sim/world/world.h", false},
      {"stages/monitor/monitor.cc", "sim/market/market.h", false},
      {"sim/meta/meta.cc", "sim/server/server.h", true},
      {"sim/meta/meta.cc", "sim/tiktok/tiktok.h", false},
      {"sim/meta/meta.cc", "connect/platform.h", false},
      {"sim/meta/meta.cc", "domain/entity.h", true},
      {"misc/strings.cc", "result/result.h", false},
      {"money/money.cc", "misc/strings.h", false},
      {"money/money.cc", "money.h", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(!Objection(c.file, c.include).has_value(), c.allowed)
        << c.file << " includes " << c.include;
  }
}

}  // namespace
}  // namespace maxopt
