// serve: dashboard, API, jobs and collector in one process.
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/api/api.h"
#include "app/cli/access.h"
#include "app/cli/background.h"
#include "app/cli/launch.h"
#include "app/cli/open.h"
#include "app/home/shared_home.h"
#include "app/mcp/mcp.h"
#include "app/serve/serve.h"
#include "http/tls.h"
#include "memory/events/events.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

volatile std::sig_atomic_t stopped = 0;
void OnSignal(int) { stopped = 1; }

/// The collector, where tracking.yaml names sites.
struct Collector {
  std::unique_ptr<EventStore> store;
  http::Handler handler;
  std::size_t sites = 0;
};

/// Pages of every site call it by its own names, so its paths are judged by it alone.
bool IsCollectors(const std::string& path) {
  return path == "/tag.js" || path == "/e" || path == "/c" || path == "/s2s";
}

Result<Collector> StartCollector(const CommandContext& context, const Clock& clock) {
  Collector out;
  const std::string path = context.home + "/tracking.yaml";
  if (!std::filesystem::exists(path)) {
    MAXOPT_CHECK(WriteWholeFile(path, TrackingConfigTemplate()));
    ::chmod(path.c_str(), 0600);
  }
  MAXOPT_TRY(const std::string yaml, ReadWholeFile(path));
  MAXOPT_TRY(TrackingConfig config, ParseTrackingConfig(yaml, path));
  out.sites = config.sites.size();
  if (config.sites.empty()) return out;
  MAXOPT_TRY(out.store, EventStore::Open(EventStore::PathIn(context.home)));
  out.handler = MakeCollector(std::move(config), *out.store, clock);
  return out;
}

}  // namespace

Result<int> OpenApiCommand() {
  fmt::print("{}\n", OpenApiDocument("0.1.0"));
  return kExitOk;
}

Result<int> ServeCommand(const CommandContext& context, const ServeArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<UserStore> users, OpenUsers(context));
  MAXOPT_TRY(ApiConfig config, ReadApiConfig(context.home));
  if (arguments.address) config.address = *arguments.address;
  if (arguments.port) config.port = *arguments.port;
  MAXOPT_CHECK(MayListen(config, *users));
  MAXOPT_TRY(const std::shared_ptr<Clock> clock, ProductClock());
  const RealClock wall;
  MAXOPT_TRY(Collector collector, StartCollector(context, wall));
  SharedHome home({.folder = context.home, .clock = clock});
  MAXOPT_TRY(std::unique_ptr<Background> background, Background::Start(context, clock, home));
  const auto after_apply = [quiet = CommandContext{context.home, true}](
                               Home& used, const Plan& plan) { AfterApply(quiet, used, plan); };
  MAXOPT_TRY(std::unique_ptr<Api> api, MakeApi({.home = &home,
                                                .users = users.get(),
                                                .live = &background->api(),
                                                .clock = clock,
                                                .wall = &wall,
                                                .folder = context.home,
                                                .version = "0.1.0",
                                                .pages = BuiltPages(),
                                                .after_apply = after_apply},
                                               config));
  AgentServiceOptions of_agents;
  of_agents.tools.writes = config.agents_write;
  of_agents.tools.dashboard = config.hosts.empty()
                                  ? fmt::format("http://{}:{}", config.address, config.port)
                                  : "https://" + config.hosts.front();
  of_agents.hosts = config.hosts;
  MAXOPT_TRY(std::unique_ptr<AgentService> agents, MakeAgentService(home, *users, of_agents));
  http::ServerOptions options;
  options.address = config.address;
  options.port = config.port;
  options.threads = 2;  // nobody waits for the disk in them
  options.max_body_bytes = 2u << 20;
  options.read_timeout = std::chrono::seconds(15);
  const auto handler = [&collector, &api = *api, &agents = *agents](const http::Request& request) {
    const std::string path = request.url.substr(0, request.url.find('?'));
    if (collector.handler && IsCollectors(path)) return collector.handler(request);
    if (auto response = agents.Handle(request)) return *std::move(response);
    return api.Handle(request);
  };
  MAXOPT_TRY(std::unique_ptr<http::Server> server,
             config.tls() ? http::ServeTls(handler, options, {config.certificate, config.key})
                          : http::Serve(handler, options));
  // A limit on file sizes is then an error of the write, as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
  const bool loopback = config.address.starts_with("127.") || config.address == "::1";
  std::string link;
  if (loopback) {
    MAXOPT_TRY(link, LoginLink(*users, server->origin(), ""));
  }
  if (context.json) {
    fmt::print(
        "{}\n",
        ordered_json{{"origin", server->origin()}, {"sites", collector.sites}, {"link", link}}
            .dump());
  } else {
    fmt::print("dashboard and API at {}\n", server->origin());
    if (!link.empty()) fmt::print("log in once, within 15 minutes: {}\n", link);
    if (collector.sites > 0) {
      fmt::print("collecting events of {} site{}\n", collector.sites,
                 collector.sites == 1 ? "" : "s");
    } else {
      fmt::print("collecting no events: {}/tracking.yaml names no site\n", context.home);
    }
  }
  std::fflush(stdout);
  while (!stopped) ::usleep(100'000);
  home.StopCalls();
  const auto patience = std::chrono::milliseconds(1500);
  const bool answered = api->Stop(patience);
  const bool ended = background->Stop(patience);
  if (!ended || !answered) {
    // A platform that takes its time to answer keeps nobody waiting: everything that is done is on
    // disk, and the job goes on at the next start.
    std::fflush(nullptr);
    std::_Exit(kExitOk);
  }
  server.reset();
  agents.reset();
  api.reset();
  background.reset();
  collector.handler = nullptr;
  collector.store.reset();
  return kExitOk;
}

}  // namespace maxopt
