#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "app/serve/serve.h"

namespace maxopt {
namespace {

constexpr std::size_t kConfigBytesMax = 1u << 20;
constexpr std::size_t kSecretCharactersMin = 32;

/// A mapping of the file, with its place for errors.
class Reader {
 public:
  Reader(YAML::Node node, std::string file) : node_(std::move(node)), file_(std::move(file)) {}

  std::unexpected<Error> Bad(const YAML::Node& at, const std::string& what) const {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file_, at.Mark().line + 1, what));
  }
  Result<> OnlyKeys(const std::set<std::string>& known) const {
    if (!node_.IsMap()) return Bad(node_, "a mapping of names and values is expected here");
    std::set<std::string> seen;
    for (const auto& pair : node_) {
      if (!pair.first.IsScalar()) return Bad(pair.first, "a name is expected here");
      const std::string key = pair.first.Scalar();
      if (!known.contains(key)) {
        return Bad(pair.first, fmt::format("\"{}\" is not known; known are {}", key.substr(0, 80),
                                           fmt::join(known, ", ")));
      }
      if (!seen.insert(key).second) return Bad(pair.first, fmt::format("{} stands twice", key));
    }
    return {};
  }
  YAML::Node At(const char* key) const { return node_[key]; }
  bool Has(const char* key) const { return node_[key].IsDefined(); }
  Result<std::string> Text(const char* key) const {
    const YAML::Node value = node_[key];
    if (!value.IsDefined()) return Bad(node_, fmt::format("{} is missing", key));
    if (!value.IsScalar() || value.Scalar().empty()) {
      return Bad(value, fmt::format("{} must be a text", key));
    }
    return value.Scalar();
  }
  Result<int> Count(const char* key, int otherwise) const {
    const YAML::Node value = node_[key];
    if (!value.IsDefined()) return otherwise;
    int count = 0;
    const std::string text = value.IsScalar() ? value.Scalar() : "";
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (code != std::errc() || end != text.data() + text.size() || count < 1 || count > 1'000'000) {
      return Bad(value, fmt::format("{} must be a whole number from 1 to 1000000", key));
    }
    return count;
  }
  /// "https://host" or with a port, in lower case, nothing behind it.
  Result<std::string> Origin(const YAML::Node& value) const {
    const std::string text = value.IsScalar() ? value.Scalar() : "";
    const auto url = http::ParseUrl(text + "/");
    const bool http = text.starts_with("http://") || text.starts_with("https://");
    if (!url || !http || url->origin != text || url->path != "/") {
      return Bad(value,
                 fmt::format("\"{}\" is no origin; write https://host in lower case, without "
                             "a path",
                             text.substr(0, 80)));
    }
    return text;
  }

 private:
  YAML::Node node_;
  std::string file_;
};

Result<TrackedSite> ReadSite(const YAML::Node& node, const std::string& file) {
  const Reader reader(node, file);
  MAXOPT_CHECK(reader.OnlyKeys({"site", "client", "origins", "secret", "events_per_second", "burst",
                                "address_events_per_second", "address_burst",
                                "page_views_per_minute", "canary"}));
  TrackedSite site;
  MAXOPT_TRY(site.site, reader.Text("site"));
  const bool word =
      site.site.size() <= 60 && std::ranges::all_of(site.site, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      });
  if (!word) return reader.Bad(reader.At("site"), "site must be a word of a-z, 0-9, - and _");
  MAXOPT_TRY(site.client, reader.Text("client"));
  const YAML::Node origins = reader.At("origins");
  if (!origins.IsDefined() || !origins.IsSequence() || origins.size() == 0) {
    return reader.Bad(node, "origins must be a list of the site's origins");
  }
  for (const YAML::Node& origin : origins) {
    MAXOPT_TRY(std::string text, reader.Origin(origin));
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
      return reader.Bad(reader.At("secret"), fmt::format("secret must have at least {} characters; "
                                                         "openssl rand -hex 32 makes one",
                                                         kSecretCharactersMin));
    }
  }
  MAXOPT_TRY(site.events_per_second, reader.Count("events_per_second", site.events_per_second));
  MAXOPT_TRY(site.burst, reader.Count("burst", site.burst));
  MAXOPT_TRY(site.address_events_per_second,
             reader.Count("address_events_per_second", site.address_events_per_second));
  MAXOPT_TRY(site.address_burst, reader.Count("address_burst", site.address_burst));
  MAXOPT_TRY(site.page_views_per_minute,
             reader.Count("page_views_per_minute", site.page_views_per_minute));
  return site;
}

Result<ConversionRoute> ReadRoute(const YAML::Node& node, const std::string& file) {
  const Reader reader(node, file);
  MAXOPT_CHECK(reader.OnlyKeys({"client", "account", "to", "events", "test_code"}));
  ConversionRoute route;
  MAXOPT_TRY(route.client, reader.Text("client"));
  MAXOPT_TRY(const std::string account, reader.Text("account"));
  const std::size_t slash = account.find('/');
  const auto platform = FindPlatform(account.substr(0, slash));
  const std::string id = slash == std::string::npos ? "" : account.substr(slash + 1);
  if (!platform || id.empty() || id.find_first_not_of("0123456789") != std::string::npos) {
    return reader.Bad(reader.At("account"), "account must be like meta/880011223344");
  }
  route.account = {*platform, id};
  if (reader.Has("to")) {
    MAXOPT_TRY(route.to, reader.Text("to"));
  }
  if (*platform != Platform::kGoogleAds && route.to.empty()) {
    return reader.Bad(node, "to must say the pixel: its id at Meta, its code at TikTok");
  }
  if (reader.Has("test_code")) {
    MAXOPT_TRY(route.test_code, reader.Text("test_code"));
  }
  const YAML::Node events = reader.At("events");
  if (!events.IsDefined() || !events.IsMap() || events.size() == 0) {
    return reader.Bad(node,
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

}  // namespace

Result<TrackingConfig> ParseTrackingConfig(const std::string& yaml, const std::string& file) {
  if (yaml.size() > kConfigBytesMax || yaml.find('&') != std::string::npos) {
    // Anchors are not needed here, and aliases of aliases are how small files grow huge.
    return Fail(Errc::kInvalidArgument,
                file + ": too long, or with anchors (&), which are not read");
  }
  TrackingConfig config;
  try {
    const YAML::Node root = YAML::Load(yaml);
    const Reader reader(root, file);
    MAXOPT_CHECK(reader.OnlyKeys({"maxopt", "sites", "origin_map", "allow_private", "collector",
                                  "trusted_proxies", "send_conversions"}));
    MAXOPT_TRY(const std::string kind, reader.Text("maxopt"));
    if (kind != "tracking/1") return reader.Bad(root["maxopt"], "maxopt must be tracking/1");
    const YAML::Node sites = root["sites"];
    if (!sites.IsDefined() || !sites.IsSequence()) return reader.Bad(root, "sites must be a list");
    std::set<std::string> names;
    for (const YAML::Node& node : sites) {
      MAXOPT_TRY(TrackedSite site, ReadSite(node, file));
      if (!names.insert(site.site).second) {
        return reader.Bad(node, fmt::format("site {} stands twice", site.site));
      }
      config.sites.push_back(std::move(site));
    }
    if (const YAML::Node map = root["origin_map"]; map.IsDefined()) {
      if (!map.IsMap()) return reader.Bad(map, "origin_map must map origins to origins");
      for (const auto& pair : map) {
        MAXOPT_TRY(const std::string from, reader.Origin(pair.first));
        MAXOPT_TRY(config.origin_map[from], reader.Origin(pair.second));
      }
    }
    if (const YAML::Node open = root["allow_private"]; open.IsDefined()) {
      const std::string word = open.IsScalar() ? open.Scalar() : "";
      if (word != "true" && word != "false") {
        return reader.Bad(open, "allow_private must be true or false");
      }
      config.allow_private = word == "true";
    }
    if (const YAML::Node routes = root["send_conversions"]; routes.IsDefined()) {
      if (!routes.IsSequence()) return reader.Bad(routes, "send_conversions must be a list");
      std::set<std::string> destinations;
      for (const YAML::Node& node : routes) {
        MAXOPT_TRY(ConversionRoute route, ReadRoute(node, file));
        if (!destinations.insert(DestinationOf(route)).second) {
          return reader.Bad(node, DestinationOf(route) + " stands twice");
        }
        config.send_conversions.push_back(std::move(route));
      }
    }
    if (const YAML::Node proxies = root["trusted_proxies"]; proxies.IsDefined()) {
      if (!proxies.IsSequence()) return reader.Bad(proxies, "trusted_proxies must be a list");
      for (const YAML::Node& proxy : proxies) {
        const std::string text = proxy.IsScalar() ? proxy.Scalar() : "";
        const bool address = !text.empty() && text.size() <= 45 &&
                             text.find_first_not_of("0123456789abcdef.:") == std::string::npos;
        if (!address) return reader.Bad(proxy, "a proxy is an IP address in lower case");
        config.trusted_proxies.push_back(text);
      }
    }
    if (const YAML::Node collector = root["collector"]; collector.IsDefined()) {
      MAXOPT_TRY(config.collector, reader.Origin(collector));
    }
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file, e.mark.line + 1, e.msg));
  }
  return config;
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
