// serve.yaml.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/api/api.h"
#include "app/home/home.h"
#include "yaml/yaml.h"

namespace maxopt {
namespace {

bool IsLoopback(const std::string& address) {
  return address == "::1" || address.starts_with("127.");
}

Result<ApiConfig> ReadServe(const YamlMap& root) {
  MAXOPT_CHECK(
      root.OnlyKeys({"maxopt", "address", "port", "certificate", "key", "behind_proxy",
                     "trusted_proxies", "hosts", "mcp", "session_idle_minutes", "session_hours",
                     "user_per_second", "user_burst", "address_per_second", "address_burst"}));
  MAXOPT_CHECK(root.Kind("serve/1"));
  ApiConfig config;
  MAXOPT_CHECK(root.Text("address", config.address));
  MAXOPT_CHECK(root.Text("certificate", config.certificate));
  MAXOPT_CHECK(root.Text("key", config.key));
  MAXOPT_CHECK(root.Flag("behind_proxy", config.behind_proxy));
  MAXOPT_CHECK(root.Texts("trusted_proxies", config.trusted_proxies));
  MAXOPT_CHECK(root.Texts("hosts", config.hosts));
  for (std::string& host : config.hosts) {
    for (char& c : host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (root.Has("mcp")) {
    const YamlMap agents = root.Map("mcp");
    MAXOPT_CHECK(agents.OnlyKeys({"writes"}));
    MAXOPT_CHECK(agents.Flag("writes", config.agents_write));
  }
  if (config.certificate.empty() != config.key.empty()) {
    return root.Bad("certificate and key belong together: name both, or none");
  }
  auto idle = std::chrono::floor<std::chrono::minutes>(config.sessions.idle);
  auto absolute = std::chrono::floor<std::chrono::hours>(config.sessions.absolute);
  MAXOPT_CHECK(root.Count("port", 0, 65535, config.port));
  MAXOPT_CHECK(root.Count("session_idle_minutes", 1, 43'200, idle));
  MAXOPT_CHECK(root.Count("session_hours", 1, 8'760, absolute));
  MAXOPT_CHECK(root.Count("user_per_second", 1, 1'000'000, config.user_rate.per_second));
  MAXOPT_CHECK(root.Count("user_burst", 1, 1'000'000, config.user_rate.burst));
  MAXOPT_CHECK(root.Count("address_per_second", 1, 1'000'000, config.peer_rate.per_second));
  MAXOPT_CHECK(root.Count("address_burst", 1, 1'000'000, config.peer_rate.burst));
  config.sessions.idle = idle;
  config.sessions.absolute = absolute;
  return config;
}

}  // namespace

Result<ApiConfig> ParseApiConfig(const std::string& yaml, const std::string& file) {
  return ReadYaml(yaml, file, ReadServe);
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
