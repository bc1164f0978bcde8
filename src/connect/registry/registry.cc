#include "connect/registry/registry.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "connect/google_ads/google_ads.h"
#include "connect/meta/meta.h"
#include "connect/tiktok/tiktok.h"

namespace maxopt {
namespace {

using Make = Result<Connector> (*)(const Connection&, std::shared_ptr<http::Transport>,
                                   std::shared_ptr<Clock>);
struct Entry {
  Platform platform;
  Make make;
};
/// A new connector is one line here.
constexpr Entry kConnectors[] = {
    {Platform::kGoogleAds, MakeGoogleAdsConnector},
    {Platform::kMeta, MakeMetaConnector},
    {Platform::kTikTok, MakeTikTokConnector},
};

std::unexpected<Error> Bad(const std::string& file, const YAML::Node& node, std::string_view what) {
  return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file, node.Mark().line + 1, what));
}

Result<> OnlyKeys(const std::string& file, const YAML::Node& node,
                  std::initializer_list<std::string_view> known) {
  if (!node.IsMap()) return Bad(file, node, "a mapping (key: value) is needed here");
  for (const auto& pair : node) {
    const std::string key = pair.first.Scalar();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return Bad(
          file, pair.first,
          fmt::format("\"{}\" is not known here; known are {}", key, fmt::join(known, ", ")));
    }
  }
  return {};
}

Result<std::string> TextAt(const std::string& file, const YAML::Node& node,
                           const std::string& key) {
  const YAML::Node value = node[key];
  if (!value.IsDefined()) return Bad(file, node, fmt::format("\"{}\" is missing", key));
  if (!value.IsScalar() || value.Scalar().empty()) {
    return Bad(file, value, fmt::format("\"{}\" must be a text", key));
  }
  return value.Scalar();
}

Result<std::map<std::string, std::string>> MapAt(const std::string& file, const YAML::Node& node,
                                                 const std::string& key) {
  std::map<std::string, std::string> out;
  const YAML::Node map = node[key];
  if (!map.IsDefined() || map.IsNull()) return out;
  if (!map.IsMap()) return Bad(file, map, fmt::format("\"{}\" must be a mapping", key));
  for (const auto& pair : map) {
    if (!pair.second.IsScalar()) {
      return Bad(file, pair.first, fmt::format("{} must be a text", pair.first.Scalar()));
    }
    out[pair.first.Scalar()] = pair.second.Scalar();
  }
  return out;
}

/// The secret behind what is written; never part of an error.
Result<std::string> Secret(const std::string& file, const YAML::Node& node, const std::string& name,
                           const std::string& written) {
  if (written.starts_with("env:")) {
    const char* value = std::getenv(written.substr(4).c_str());
    if (!value || !*value) {
      return Bad(file, node,
                 fmt::format("secret {}: the environment has no {}", name, written.substr(4)));
    }
    return std::string(value);
  }
  if (written.starts_with("file:")) {
    const std::filesystem::path path =
        std::filesystem::path(file).parent_path() / written.substr(5);
    std::ifstream in(path, std::ios::binary);
    if (!in) {
      return Bad(file, node, fmt::format("secret {}: {} cannot be read", name, path.string()));
    }
    std::ostringstream out;
    out << in.rdbuf();
    std::string text = std::move(out).str();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
  }
  return written;
}

Result<Connection> ParseAccount(const std::string& file, const YAML::Node& node) {
  MAXOPT_CHECK(OnlyKeys(file, node,
                        {"client", "platform", "id", "base_url", "token_url", "version", "settings",
                         "secrets", "calls_per_second", "calls_per_day"}));
  Connection connection;
  MAXOPT_TRY(connection.client, TextAt(file, node, "client"));
  MAXOPT_TRY(const std::string platform, TextAt(file, node, "platform"));
  auto found = FindPlatform(platform);
  if (!found) return Bad(file, node["platform"], found.error().what);
  connection.account.platform = *found;
  MAXOPT_TRY(connection.account.id, TextAt(file, node, "id"));
  if (!std::all_of(connection.account.id.begin(), connection.account.id.end(),
                   [](unsigned char c) { return std::isdigit(c); })) {
    return Bad(file, node["id"],
               "\"id\" is the account's id in digits, without dashes and without act_");
  }
  const auto text_or_empty = [&](const char* key, std::string& into) -> Result<> {
    if (!node[key].IsDefined()) return {};
    MAXOPT_TRY(into, TextAt(file, node, key));
    return {};
  };
  MAXOPT_CHECK(text_or_empty("base_url", connection.base_url));
  MAXOPT_CHECK(text_or_empty("token_url", connection.token_url));
  MAXOPT_CHECK(text_or_empty("version", connection.version));
  MAXOPT_TRY(connection.settings, MapAt(file, node, "settings"));
  MAXOPT_TRY(connection.secrets, MapAt(file, node, "secrets"));
  for (auto& [name, value] : connection.secrets) {
    MAXOPT_TRY(value, Secret(file, node["secrets"], name, value));
  }
  if (const YAML::Node rate = node["calls_per_second"]; rate.IsDefined()) {
    const double value = rate.as<double>(0.0);
    if (!(value > 0 && value <= 1'000) || !std::isfinite(value)) {
      return Bad(file, rate, "calls_per_second must be above 0 and at most 1000");
    }
    connection.calls_per_second = value;
  }
  if (const YAML::Node rate = node["calls_per_day"]; rate.IsDefined()) {
    const std::int64_t value = rate.as<std::int64_t>(0);
    if (value < 1 || value > 1'000'000'000) {
      return Bad(file, rate, "calls_per_day must be a whole number from 1 to 1000000000");
    }
    connection.calls_per_day = value;
  }
  return connection;
}

}  // namespace

Result<Connector> MakeConnector(const Connection& connection, std::shared_ptr<http::Transport> wire,
                                std::shared_ptr<Clock> clock) {
  std::string known;
  for (const Entry& entry : kConnectors) {
    if (entry.platform == connection.account.platform) {
      return entry.make(connection, std::move(wire), std::move(clock));
    }
    known += (known.empty() ? "" : ", ") + std::string(PlatformName(entry.platform));
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("there is no connector for {}; there are for {}",
                          PlatformName(connection.account.platform), known));
}

Result<std::shared_ptr<ConversionSender>> MakeConversionSender(
    const Connection& connection, const std::string& to, std::shared_ptr<http::Transport> wire,
    std::shared_ptr<Clock> clock) {
  switch (connection.account.platform) {
    case Platform::kGoogleAds:
      return MakeGoogleConversions(connection, std::move(wire), std::move(clock));
    case Platform::kMeta:
      return MakeMetaConversions(connection, to, std::move(wire), std::move(clock));
    case Platform::kTikTok:
      return MakeTikTokConversions(connection, to, std::move(wire), std::move(clock));
    default:
      return Fail(Errc::kInvalidArgument,
                  fmt::format("conversions cannot be sent to {}; they can to google_ads, meta and "
                              "tiktok",
                              PlatformName(connection.account.platform)));
  }
}

Result<std::vector<Connection>> ParseConnections(std::string_view yaml, const std::string& file) {
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    MAXOPT_CHECK(OnlyKeys(file, root, {"maxopt", "accounts"}));
    MAXOPT_TRY(const std::string version, TextAt(file, root, "maxopt"));
    if (version != "connections/1") {
      return Bad(file, root["maxopt"], "\"maxopt: connections/1\" is needed here");
    }
    std::vector<Connection> connections;
    const YAML::Node accounts = root["accounts"];
    if (!accounts.IsDefined() || accounts.IsNull()) return connections;
    if (!accounts.IsSequence()) return Bad(file, accounts, "\"accounts\" must be a list");
    for (const auto& node : accounts) {
      MAXOPT_TRY(Connection connection, ParseAccount(file, node));
      for (const Connection& other : connections) {
        if (other.account == connection.account) {
          return Bad(file, node,
                     fmt::format("account {} is there twice: its numbers would be "
                                 "counted twice",
                                 PrintAccount(connection.account)));
        }
      }
      connections.push_back(std::move(connection));
    }
    return connections;
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file, e.mark.line + 1, e.msg));
  }
}

}  // namespace maxopt
