#include "connect/registry/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "connect/google_ads/google_ads.h"
#include "connect/meta/meta.h"
#include "connect/tiktok/tiktok.h"
#include "yaml/yaml.h"

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

/// Texts by name; a text may be empty.
Result<std::map<std::string, std::string>> TextsByName(const YamlMap& of, const char* key) {
  std::map<std::string, std::string> out;
  const YAML::Node map = of.At(key);
  if (!map.IsDefined() || map.IsNull()) return out;
  if (!map.IsMap()) return of.Bad(map, fmt::format("{} must be a mapping", key));
  for (const auto& pair : map) {
    if (!pair.second.IsScalar()) {
      return of.Bad(pair.first, fmt::format("{} must be a text", pair.first.Scalar()));
    }
    out[pair.first.Scalar()] = pair.second.Scalar();
  }
  return out;
}

Result<Connection> ReadAccount(const YamlMap& of) {
  MAXOPT_CHECK(of.OnlyKeys({"client", "platform", "id", "base_url", "token_url", "version",
                            "settings", "secrets", "calls_per_second", "calls_per_day"}));
  Connection connection;
  MAXOPT_TRY(connection.client, of.Text("client"));
  MAXOPT_TRY(const std::string platform, of.Text("platform"));
  auto found = FindPlatform(platform);
  if (!found) return of.Bad("platform", found.error().what);
  connection.account.platform = *found;
  MAXOPT_TRY(connection.account.id, of.Text("id"));
  if (!std::all_of(connection.account.id.begin(), connection.account.id.end(),
                   [](unsigned char c) { return std::isdigit(c); })) {
    return of.Bad("id", "id is the account's id in digits, without dashes and without act_");
  }
  MAXOPT_CHECK(of.Text("base_url", connection.base_url));
  MAXOPT_CHECK(of.Text("token_url", connection.token_url));
  MAXOPT_CHECK(of.Text("version", connection.version));
  MAXOPT_TRY(connection.settings, TextsByName(of, "settings"));
  MAXOPT_TRY(connection.secrets, TextsByName(of, "secrets"));
  for (auto& [name, value] : connection.secrets) {
    if (value.empty()) continue;
    MAXOPT_TRY(value, of.Map("secrets").Secret(name.c_str()));
  }
  if (const YAML::Node rate = of.At("calls_per_second"); rate.IsDefined()) {
    const double value = rate.as<double>(0.0);
    if (!(value > 0 && value <= 1'000) || !std::isfinite(value)) {
      return of.Bad(rate, "calls_per_second must be above 0 and at most 1000");
    }
    connection.calls_per_second = value;
  }
  MAXOPT_CHECK(of.Count("calls_per_day", 1, 1'000'000'000, connection.calls_per_day));
  return connection;
}

Result<std::vector<Connection>> ReadConnections(const YamlMap& root) {
  MAXOPT_CHECK(root.OnlyKeys({"maxopt", "accounts"}));
  MAXOPT_CHECK(root.Kind("connections/1"));
  std::vector<Connection> connections;
  MAXOPT_TRY(const std::vector<YamlMap> accounts, root.Maps("accounts"));
  for (const YamlMap& map : accounts) {
    MAXOPT_TRY(Connection connection, ReadAccount(map));
    for (const Connection& other : connections) {
      if (other.account == connection.account) {
        return map.Bad(fmt::format("account {} is there twice: its numbers would be counted twice",
                                   PrintAccount(connection.account)));
      }
    }
    connections.push_back(std::move(connection));
  }
  return connections;
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
  // Not by ReadYaml: accounts of one app may share their secrets by an anchor.
  try {
    return ReadConnections(YamlMap(YAML::Load(std::string(yaml)), file));
  } catch (const YAML::Exception& thrown) {
    return YamlError(file, thrown);
  }
}

}  // namespace maxopt
