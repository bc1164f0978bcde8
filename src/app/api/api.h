#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/api/pages.h"
#include "app/home/shared_home.h"
#include "app/worker/worker.h"
#include "http/http.h"
#include "memory/campaigns/users.h"

/// The HTTP API and the dashboard's files: docs/api.md. Every route is a row of a table (route.h),
/// from which the router, the checks, /openapi.json and the tests are made. Errors are JSON:
/// {"error": {"code", "what", "where", "fix"}}.
namespace maxopt {

/// serve.yaml of a home.
struct ApiConfig {
  std::string address = "127.0.0.1";
  int port = 8787;
  std::string certificate{};  ///< file, PEM, the whole chain; with `key`: TLS
  std::string key{};
  /// A proxy in front does TLS. Cookies are then Secure.
  bool behind_proxy = false;
  /// Addresses whose X-Forwarded-For is believed.
  std::vector<std::string> trusted_proxies{};
  /// Names that this server is asked by, beside loopback ones: "max.agency.example". A request for
  /// another Host is refused, as a page of another site could have sent it (DNS rebinding).
  std::vector<std::string> hosts{};
  /// mcp: {writes: true}: agents get the tools that propose (docs/mcp.md).
  bool agents_write = false;
  SessionLimits sessions{};
  struct Rate {
    double per_second;
    double burst;
  };
  /// A page asks for about ten things when it opens; a dashboard on a wall for one each second.
  Rate user_rate{50, 200};
  /// Of one address: an office behind one.
  Rate peer_rate{200, 800};
  bool tls() const { return !certificate.empty(); }
};
/// kInvalidArgument with file and line; unknown keys are refused.
Result<ApiConfig> ParseApiConfig(const std::string& yaml, const std::string& file);
/// serve.yaml of a home; without one, what is so without it.
Result<ApiConfig> ReadApiConfig(const std::string& home);
std::string ApiConfigTemplate();
/// Fails closed: beyond loopback only with TLS (or behind_proxy: true), a host name and a user who
/// can log in. kRefused says what is missing.
Result<> MayListen(const ApiConfig& config, UserStore& users);

struct ApiWorld {
  SharedHome* home;
  UserStore* users;
  LiveApi* live;
  std::shared_ptr<Clock> clock;  ///< the product's time
  const Clock* wall;             ///< sessions, keys and limits are of the real world's time
  std::string folder;            ///< of the home
  std::string version;           ///< "0.1.0"
  std::span<const Page> pages{};
  /// After a plan was applied: tells the teammates. May be empty.
  std::function<void(Home& home, const Plan& plan)> after_apply{};
};

/// Thread-safe. Destroy it after the server: answers that are under way come before it ends.
class Api {
 public:
  virtual ~Api() = default;
  /// Answers everything: below /api/, /openapi.json, /metrics, /healthz and the dashboard. Most
  /// answers come later, from threads of its own.
  virtual http::Response Handle(const http::Request& request) = 0;
  /// Takes nothing new; true when all that was under way has ended within `patience`.
  virtual bool Stop(std::chrono::milliseconds patience) = 0;
};
/// `world`'s parts must outlive it.
Result<std::unique_ptr<Api>> MakeApi(ApiWorld world, ApiConfig config);

/// /openapi.json: OpenAPI 3.1, from the table of routes.
std::string OpenApiDocument(const std::string& version);

}  // namespace maxopt
