// serve.yaml.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "app/api/api.h"
#include "app/home/home.h"

namespace maxopt {
namespace {

constexpr std::size_t kConfigBytesMax = 1u << 20;

class Reader {
 public:
  Reader(YAML::Node node, const std::string& file) : node_(std::move(node)), file_(file) {}
  std::unexpected<Error> Bad(const YAML::Node& at, const std::string& what) const {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file_, at.Mark().line + 1, what));
  }
  Result<> OnlyKeys(const std::set<std::string>& known) const {
    if (!node_.IsMap()) return Bad(node_, "a mapping of names and values is expected here");
    std::set<std::string> seen;
    for (const auto& pair : node_) {
      const std::string key = pair.first.IsScalar() ? pair.first.Scalar() : "";
      if (!known.contains(key)) {
        return Bad(pair.first, fmt::format("\"{}\" is not known; known are {}", key.substr(0, 80),
                                           fmt::join(known, ", ")));
      }
      if (!seen.insert(key).second) return Bad(pair.first, fmt::format("{} stands twice", key));
    }
    return {};
  }
  Result<> Text(const char* key, std::string& to) const {
    const YAML::Node value = node_[key];
    if (!value.IsDefined()) return {};
    if (!value.IsScalar() || value.Scalar().empty()) {
      return Bad(value, fmt::format("{} must be a text", key));
    }
    to = value.Scalar();
    return {};
  }
  Result<> Texts(const char* key, std::vector<std::string>& to) const {
    const YAML::Node value = node_[key];
    if (!value.IsDefined()) return {};
    if (!value.IsSequence()) return Bad(value, fmt::format("{} must be a list", key));
    for (const YAML::Node& one : value) {
      if (!one.IsScalar() || one.Scalar().empty()) {
        return Bad(one, fmt::format("{} must be a list of texts", key));
      }
      to.push_back(one.Scalar());
    }
    return {};
  }
  Result<> Flag(const char* key, bool& to) const {
    const YAML::Node value = node_[key];
    if (!value.IsDefined()) return {};
    if (!value.IsScalar() || (value.Scalar() != "true" && value.Scalar() != "false")) {
      return Bad(value, fmt::format("{} must be true or false", key));
    }
    to = value.Scalar() == "true";
    return {};
  }
  Result<std::optional<int>> Count(const char* key, int low, int high) const {
    const YAML::Node value = node_[key];
    if (!value.IsDefined()) return std::nullopt;
    int count = 0;
    const std::string text = value.IsScalar() ? value.Scalar() : "";
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (code != std::errc() || end != text.data() + text.size() || count < low || count > high) {
      return Bad(value, fmt::format("{} must be a whole number from {} to {}", key, low, high));
    }
    return count;
  }

 private:
  YAML::Node node_;
  const std::string& file_;
};

bool IsLoopback(const std::string& address) {
  return address == "::1" || address.starts_with("127.");
}

}  // namespace

Result<ApiConfig> ParseApiConfig(const std::string& yaml, const std::string& file) {
  if (yaml.size() > kConfigBytesMax) {
    return Fail(Errc::kInvalidArgument, fmt::format("{} is larger than 1 MB", file));
  }
  try {
    const YAML::Node root = YAML::Load(yaml);
    const Reader reader(root, file);
    MAXOPT_CHECK(
        reader.OnlyKeys({"maxopt", "address", "port", "certificate", "key", "behind_proxy",
                         "trusted_proxies", "hosts", "mcp", "session_idle_minutes", "session_hours",
                         "user_per_second", "user_burst", "address_per_second", "address_burst"}));
    std::string version;
    MAXOPT_CHECK(reader.Text("maxopt", version));
    if (version != "serve/1") {
      return reader.Bad(root, "the file begins with maxopt: serve/1");
    }
    ApiConfig config;
    MAXOPT_CHECK(reader.Text("address", config.address));
    MAXOPT_CHECK(reader.Text("certificate", config.certificate));
    MAXOPT_CHECK(reader.Text("key", config.key));
    MAXOPT_CHECK(reader.Flag("behind_proxy", config.behind_proxy));
    MAXOPT_CHECK(reader.Texts("trusted_proxies", config.trusted_proxies));
    MAXOPT_CHECK(reader.Texts("hosts", config.hosts));
    for (std::string& host : config.hosts) {
      for (char& c : host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (const YAML::Node agents = root["mcp"]; agents.IsDefined()) {
      const Reader of_agents(agents, file);
      MAXOPT_CHECK(of_agents.OnlyKeys({"writes"}));
      MAXOPT_CHECK(of_agents.Flag("writes", config.agents_write));
    }
    if (config.certificate.empty() != config.key.empty()) {
      return reader.Bad(root, "certificate and key belong together: name both, or none");
    }
    const auto count = [&](const char* key, int low, int high, auto set) -> Result<> {
      MAXOPT_TRY(const std::optional<int> value, reader.Count(key, low, high));
      if (value) set(*value);
      return {};
    };
    MAXOPT_CHECK(count("port", 0, 65535, [&](int n) { config.port = n; }));
    MAXOPT_CHECK(count("session_idle_minutes", 1, 43'200,
                       [&](int n) { config.sessions.idle = std::chrono::minutes(n); }));
    MAXOPT_CHECK(count("session_hours", 1, 8'760,
                       [&](int n) { config.sessions.absolute = std::chrono::hours(n); }));
    MAXOPT_CHECK(
        count("user_per_second", 1, 1'000'000, [&](int n) { config.user_rate.per_second = n; }));
    MAXOPT_CHECK(count("user_burst", 1, 1'000'000, [&](int n) { config.user_rate.burst = n; }));
    MAXOPT_CHECK(
        count("address_per_second", 1, 1'000'000, [&](int n) { config.peer_rate.per_second = n; }));
    MAXOPT_CHECK(count("address_burst", 1, 1'000'000, [&](int n) { config.peer_rate.burst = n; }));
    return config;
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file, e.mark.line + 1, e.msg));
  }
}

Result<ApiConfig> ReadApiConfig(const std::string& home) {
  const std::string path = home + "/serve.yaml";
  if (!std::filesystem::exists(path)) return ApiConfig{};
  MAXOPT_TRY(const std::string yaml, ReadWholeFile(path));
  MAXOPT_TRY(ApiConfig config, ParseApiConfig(yaml, path));
  // Files are named as seen from the home.
  for (std::string* file : {&config.certificate, &config.key}) {
    if (!file->empty() && file->front() != '/') *file = home + "/" + *file;
  }
  return config;
}

std::string ApiConfigTemplate() {
  return R"(# How maxopt serve answers. Everything may be left out; what stands here is what is so then.
maxopt: serve/1
address: 127.0.0.1
port: 8787
# Beyond this machine: TLS, here or in a proxy, the names people use, and a user (maxopt users add).
# certificate: fullchain.pem      # PEM, seen from the home
# key: privkey.pem
# behind_proxy: true
# trusted_proxies: [127.0.0.1]    # whose X-Forwarded-For is believed
# hosts: [max.agency.example]
mcp: {writes: false}              # true: agents with a key of an operator may propose plans
session_idle_minutes: 480
session_hours: 168
user_per_second: 50               # requests of one user or key, and how many at once
user_burst: 200
address_per_second: 200           # of one address
address_burst: 800
)";
}

Result<> MayListen(const ApiConfig& config, UserStore& users) {
  if (IsLoopback(config.address)) return {};
  const auto refuse = [&](const std::string& what) {
    return Fail(Errc::kRefused,
                fmt::format("{} is seen from other machines: {}", config.address, what));
  };
  if (!config.tls() && !config.behind_proxy) {
    return refuse(
        "name certificate and key in serve.yaml, or say behind_proxy: true where a proxy "
        "does TLS");
  }
  if (config.hosts.empty()) {
    return refuse("say in serve.yaml by which names it is asked: hosts: [max.agency.example]");
  }
  MAXOPT_TRY(const std::vector<User> known, users.Users());
  const bool someone =
      std::any_of(known.begin(), known.end(), [](const User& user) { return user.has_password; });
  if (!someone) return refuse("nobody could log in; first maxopt users add NAME --role admin");
  return {};
}

}  // namespace maxopt
