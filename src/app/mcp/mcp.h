#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/mcp/mcp.h"
#include "app/home/home.h"
#include "app/home/shared_home.h"
#include "memory/campaigns/users.h"

/// What Max offers to agents: tools, resources and prompts over a home. docs/mcp.md.
namespace maxopt {

struct AgentToolsOptions {
  /// With the tools that write: they make plans and notes, and never apply anything.
  bool writes = false;
  /// Where people open the dashboard, for links to a plan that waits for them.
  std::string dashboard = "http://127.0.0.1:8787";
  /// Told of each call of a tool that writes, with how it ended: "" or what went wrong. May be
  /// empty; thread-safe.
  std::function<void(const mcp::Principal&, const std::string& tool, const std::string& problem)>
      audit{};
};

/// Every tool, resource and prompt. A principal sees its own clients only, as far as a client that
/// it may not see is answered as one that there is not. Names and texts of platforms and people are
/// in answers only, never in descriptions or prompts. Nothing here calls Door::Apply.
/// `options.writes` false: the tools that write are not there, whoever asks.
mcp::Registry AgentTools(UseHome use, const AgentToolsOptions& options);

/// The list of tools as docs/mcp.md has it, in Markdown: from the registry.
std::string AgentToolsTable(const mcp::Registry& registry);

/// What agents reach over HTTP in `maxopt serve`.
struct AgentServiceOptions {
  AgentToolsOptions tools{};
  std::vector<std::string> hosts{};  ///< as ApiConfig::hosts
  bool conformance_fixtures = false;
};
/// Thread-safe. Destroy it after the http::Server.
class AgentService {
 public:
  virtual ~AgentService() = default;
  /// nullopt: not a path of agents: /mcp, /a2a, /.well-known/agent-card.json.
  virtual std::optional<http::Response> Handle(const http::Request& request) = 0;
};
/// Every request needs an API key of `users` (Authorization: Bearer mk_...): it sees the key's
/// clients, and may propose from the role of operator on. Calls of tools that write are in the
/// audit of `users`. `home` and `users` must outlive it.
Result<std::unique_ptr<AgentService>> MakeAgentService(SharedHome& home, UserStore& users,
                                                       AgentServiceOptions options);

}  // namespace maxopt
