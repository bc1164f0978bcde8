// mcp: Max's tools for agents, on standard input and output or over HTTP on this machine.
#include <fmt/core.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "app/cli/open.h"
#include "app/home/shared_home.h"
#include "app/mcp/mcp.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

volatile std::sig_atomic_t mcp_stopped = 0;
void OnMcpSignal(int) { mcp_stopped = 1; }

/// A person's own command may be at work in the home for a while.
constexpr std::chrono::seconds kPatience{30};

Result<> ServeOverHttp(const CommandContext& context, mcp::Server& server,
                       const mcp::Principal& principal, int port) {
  // Whoever reaches a port of this machine is taken for its user, so only this machine is answered:
  // the address is loopback, and so must be Host and Origin. For others there is maxopt serve.
  const auto endpoint = mcp::MakeHttpEndpoint(
      server, [&principal](const http::Request&) -> Result<mcp::Principal> { return principal; });
  http::ServerOptions options;
  options.port = port;
  MAXOPT_TRY(std::unique_ptr<http::Server> listening,
             http::Serve(
                 [&endpoint](const http::Request& request) -> http::Response {
                   const std::string path = request.url.substr(0, request.url.find('?'));
                   if (path == "/mcp") return endpoint->Handle(request);
                   return {.status = 404, .body = "POST /mcp\n"};
                 },
                 options));
  std::signal(SIGINT, OnMcpSignal);
  std::signal(SIGTERM, OnMcpSignal);
  const std::string url = listening->origin() + "/mcp";
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"url", url}}.dump());
  } else {
    fmt::print("{}\n", url);
  }
  std::fflush(stdout);
  while (!mcp_stopped) ::usleep(50'000);
  listening.reset();
  return {};
}

}  // namespace

Result<int> McpCommand(const CommandContext& context, const McpArguments& arguments) {
  MAXOPT_TRY(const std::shared_ptr<Clock> clock, ProductClock());
  SharedHome home({.folder = context.home, .clock = clock});
  AgentToolsOptions options;
  options.writes = arguments.writes;
  if (!arguments.dashboard.empty()) options.dashboard = arguments.dashboard;
  mcp::Registry registry = AgentTools([&home] { return home.Use(kPatience); }, options);
  if (arguments.list) {
    fmt::print("{}", AgentToolsTable(registry));
    return kExitOk;
  }
  const auto pointer = std::make_shared<mcp::Server*>(nullptr);
  mcp::ServerOptions of_server;
  if (arguments.fixtures) {
    mcp::AddConformanceFixtures(registry, pointer);
    of_server.max_tool_calls_per_minute = 100'000;  // the suite calls faster than anybody works
  }
  mcp::Server server(std::move(registry), std::make_shared<RealClock>(), of_server);
  *pointer = &server;
  mcp::Principal principal;
  principal.name = Person("");
  if (!arguments.clients.empty()) principal.clients = arguments.clients;
  principal.may_propose = arguments.writes;
  if (arguments.port) {
    MAXOPT_CHECK(ServeOverHttp(context, server, principal, *arguments.port));
  } else {
    // A client that has gone is found by writing to it.
    std::signal(SIGPIPE, SIG_IGN);
    // Nothing but the protocol may stand on standard output: what else is printed goes beside it.
    const int out = ::dup(STDOUT_FILENO);
    if (out < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
      return Fail(Errc::kLocal, "standard output is not open");
    }
    MAXOPT_CHECK(mcp::ServeStdio(server, principal, STDIN_FILENO, out));
  }
  return kExitOk;
}

}  // namespace maxopt
