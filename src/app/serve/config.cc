// tracking.yaml.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "app/serve/serve.h"
#include "yaml/yaml.h"

namespace maxopt {
namespace {

constexpr std::size_t kSecretCharactersMin = 32;

constexpr int kRateMax = 1'000'000;

/// "https://host" or with a port, in lower case, nothing behind it.
Result<std::string> Origin(const YamlMap& of, const YAML::Node& value) {
  const std::string text = value.IsScalar() ? value.Scalar() : "";
  const auto url = http::ParseUrl(text + "/");
  const bool http = text.starts_with("http://") || text.starts_with("https://");
  if (!url || !http || url->origin != text || url->path != "/") {
    return of.Bad(value,
                  fmt::format("\"{}\" is no origin; write https://host in lower case, without "
                              "a path",
                              text.substr(0, 80)));
  }
  return text;
}

Result<TrackedSite> ReadSite(const YamlMap& reader) {
  MAXOPT_CHECK(reader.OnlyKeys({"site", "client", "origins", "secret", "events_per_second", "burst",
                                "address_events_per_second", "address_burst",
                                "page_views_per_minute", "canary"}));
  TrackedSite site;
  MAXOPT_TRY(site.site, reader.Text("site"));
  const bool word =
      site.site.size() <= 60 && std::ranges::all_of(site.site, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      });
  if (!word) return reader.Bad("site", "site must be a word of a-z, 0-9, - and _");
  MAXOPT_TRY(site.client, reader.Text("client"));
  const YAML::Node origins = reader.At("origins");
  if (!origins.IsDefined() || !origins.IsSequence() || origins.size() == 0) {
    return reader.Bad("origins must be a list of the site's origins");
  }
  for (const YAML::Node& origin : origins) {
    MAXOPT_TRY(std::string text, Origin(reader, origin));
    site.origins.push_back(std::move(text));
  }
  if (const YAML::Node pages = reader.At("canary"); pages.IsDefined()) {
    if (!pages.IsSequence()) return reader.Bad(pages, "canary must be a list of pages");
    for (const YAML::Node& page : pages) {
      const std::string text = page.IsScalar() ? page.Scalar() : "";
      const auto url = http::ParseUrl(text);
      if (!url || !text.starts_with("http")) {
        return reader.Bad(page,
                          "a page of canary is an address such as https://shop.example/trails");
      }
      site.canary.push_back(text);
    }
  }
  if (reader.Has("secret")) {
    MAXOPT_TRY(site.secret, reader.Text("secret"));
    if (site.secret.size() < kSecretCharactersMin) {
      return reader.Bad("secret", fmt::format("secret must have at least {} characters; "
                                              "openssl rand -hex 32 makes one",
                                              kSecretCharactersMin));
    }
  }
  MAXOPT_CHECK(reader.Count("events_per_second", 1, kRateMax, site.events_per_second));
  MAXOPT_CHECK(reader.Count("burst", 1, kRateMax, site.burst));
  MAXOPT_CHECK(
      reader.Count("address_events_per_second", 1, kRateMax, site.address_events_per_second));
  MAXOPT_CHECK(reader.Count("address_burst", 1, kRateMax, site.address_burst));
  MAXOPT_CHECK(reader.Count("page_views_per_minute", 1, kRateMax, site.page_views_per_minute));
  return site;
}

Result<ConversionRoute> ReadRoute(const YamlMap& reader) {
  MAXOPT_CHECK(reader.OnlyKeys({"client", "account", "to", "events", "test_code"}));
  ConversionRoute route;
  MAXOPT_TRY(route.client, reader.Text("client"));
  MAXOPT_TRY(const std::string account, reader.Text("account"));
  const std::size_t slash = account.find('/');
  const auto platform = FindPlatform(account.substr(0, slash));
  const std::string id = slash == std::string::npos ? "" : account.substr(slash + 1);
  if (!platform || id.empty() || id.find_first_not_of("0123456789") != std::string::npos) {
    return reader.Bad("account", "account must be like meta/880011223344");
  }
  route.account = {*platform, id};
  MAXOPT_CHECK(reader.Text("to", route.to));
  if (*platform != Platform::kGoogleAds && route.to.empty()) {
    return reader.Bad("to must say the pixel: its id at Meta, its code at TikTok");
  }
  MAXOPT_CHECK(reader.Text("test_code", route.test_code));
  const YAML::Node events = reader.At("events");
  if (!events.IsDefined() || !events.IsMap() || events.size() == 0) {
    return reader.Bad(
        "events must map our events to the platform's words: {purchase: "
        "Purchase}, or at Google to ids of conversion actions");
  }
  for (const auto& pair : events) {
    const std::string word = pair.second.IsScalar() ? pair.second.Scalar() : "";
    if (!pair.first.IsScalar() || word.empty()) {
      return reader.Bad(pair.first, "an event and the platform's word for it are expected");
    }
    if (*platform == Platform::kGoogleAds &&
        word.find_first_not_of("0123456789") != std::string::npos) {
      return reader.Bad(pair.second, "Google needs the id of a conversion action, in digits");
    }
    route.events[pair.first.Scalar()] = word;
  }
  return route;
}

Result<TrackingConfig> ReadTracking(const YamlMap& root) {
  TrackingConfig config;
  MAXOPT_CHECK(root.OnlyKeys({"maxopt", "sites", "origin_map", "allow_private", "collector",
                              "trusted_proxies", "send_conversions"}));
  MAXOPT_CHECK(root.Kind("tracking/1"));
  if (!root.Has("sites") || !root.At("sites").IsSequence()) {
    return root.Bad("sites must be a list");
  }
  MAXOPT_TRY(const std::vector<YamlMap> sites, root.Maps("sites"));
  std::set<std::string> names;
  for (const YamlMap& map : sites) {
    MAXOPT_TRY(TrackedSite site, ReadSite(map));
    if (!names.insert(site.site).second) {
      return map.Bad(fmt::format("site {} stands twice", site.site));
    }
    config.sites.push_back(std::move(site));
  }
  if (const YAML::Node map = root.At("origin_map"); map.IsDefined()) {
    if (!map.IsMap()) return root.Bad(map, "origin_map must map origins to origins");
    for (const auto& pair : map) {
      MAXOPT_TRY(const std::string from, Origin(root, pair.first));
      MAXOPT_TRY(config.origin_map[from], Origin(root, pair.second));
    }
  }
  MAXOPT_CHECK(root.Flag("allow_private", config.allow_private));
  MAXOPT_TRY(const std::vector<YamlMap> routes, root.Maps("send_conversions"));
  std::set<std::string> destinations;
  for (const YamlMap& map : routes) {
    MAXOPT_TRY(ConversionRoute route, ReadRoute(map));
    if (!destinations.insert(DestinationOf(route)).second) {
      return map.Bad(DestinationOf(route) + " stands twice");
    }
    config.send_conversions.push_back(std::move(route));
  }
  if (const YAML::Node proxies = root.At("trusted_proxies"); proxies.IsDefined()) {
    if (!proxies.IsSequence()) return root.Bad(proxies, "trusted_proxies must be a list");
    for (const YAML::Node& proxy : proxies) {
      const std::string text = proxy.IsScalar() ? proxy.Scalar() : "";
      const bool address = !text.empty() && text.size() <= 45 &&
                           text.find_first_not_of("0123456789abcdef.:") == std::string::npos;
      if (!address) return root.Bad(proxy, "a proxy is an IP address in lower case");
      config.trusted_proxies.push_back(text);
    }
  }
  if (const YAML::Node collector = root.At("collector"); collector.IsDefined()) {
    MAXOPT_TRY(config.collector, Origin(root, collector));
  }
  return config;
}

}  // namespace

Result<TrackingConfig> ParseTrackingConfig(const std::string& yaml, const std::string& file) {
  return ReadYaml(yaml, file, ReadTracking);
}

Result<TrackingConfig> ReadTrackingConfig(const std::string& home) {
  const std::string path = home + "/tracking.yaml";
  if (!std::filesystem::exists(path)) return TrackingConfig{};
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return Fail(Errc::kLocal, path + ": cannot be read");
  return ParseTrackingConfig(text.str(), path);
}

std::string TrackingConfigTemplate() {
  return R"yaml(# Which websites send events, and where landing pages are. See docs/tracking.md.
maxopt: tracking/1
# This collector as web pages see it; a name of the site's own domain keeps it first-party.
# collector: https://t.shop.example
sites: []
#  - site: shop                      # data-site of the tag
#    client: Alpenglow               # as in connections.yaml
#    origins: [https://shop.example] # whose pages may send events
#    secret: ...                     # of server-to-server events: openssl rand -hex 32
#    events_per_second: 100
#    burst: 1000
#    address_events_per_second: 10   # of one visitor's address
#    address_burst: 100
#    page_views_per_minute: 120      # of one browser; above it, it is taken for a machine
#    canary: [https://shop.example/trails]  # pages that are visited daily as an ad would
# Conversions told to the platforms. Without an entry nothing is sent; without consent never.
# send_conversions:
#  - client: Alpenglow
#    account: meta/880011223344
#    to: "998877"                    # pixel: id at Meta, code at TikTok; not at Google
#    test_code: TEST12345            # of the events manager: canaries rehearse with it
#    events: {purchase: Purchase}    # at Google: {purchase: "987654"}, ids of conversion actions
# trusted_proxies: [127.0.0.1]       # whose X-Forwarded-For says who the visitor is
# Where origins really are, for staging; landing checks then fetch them there.
# origin_map: {https://shop.example: "http://127.0.0.1:8085"}
# allow_private: false               # landing pages on private addresses
)yaml";
}

}  // namespace maxopt
