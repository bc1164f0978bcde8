// Agents over HTTP: the protocols at their paths, keys as who asks.
#include <fmt/format.h>

#include "agent/a2a/a2a.h"
#include "app/mcp/mcp.h"
#include "memory/campaigns/agent_tasks.h"

namespace maxopt {
namespace {

/// Long enough for a job of this process to let go between two of its steps.
constexpr std::chrono::seconds kHomePatience{20};

// --- tools as skills ----------------------------------------------------------------------------

using mcp::Json;

/// A task runs where nobody listens for progress and nobody can be asked.
class TaskPeer final : public mcp::Peer {
 public:
  explicit TaskPeer(const std::function<bool()>& cancelled) : cancelled_(cancelled) {}
  void Notify(const Json&) override {}
  Result<Json> Ask(const std::string& method, const Json&) override {
    return Fail(Errc::kUnavailable, method + " cannot be asked here");
  }
  bool gone() const override { return cancelled_(); }

 private:
  const std::function<bool()>& cancelled_;
};

/// Calls a tool as a client of the newest revision would, so that both protocols check, limit and
/// record the same.
Result<std::variant<Json, a2a::NeedsPerson>> CallTool(const mcp::Server& server,
                                                      const std::string& tool,
                                                      const a2a::Asker& asker,
                                                      const Json& arguments, bool answered,
                                                      const std::function<bool()>& cancelled) {
  Json params = {
      {"name", tool},
      {"arguments", arguments},
      {"_meta",
       {{"io.modelcontextprotocol/protocolVersion", mcp::RevisionName(mcp::Revision::k2026_07_28)},
        {"io.modelcontextprotocol/clientCapabilities",
         {{"elicitation", {{"url", Json::object()}}}}}}}};
  // The person says to have been there; whether something was approved is looked up, not believed.
  if (answered) params["inputResponses"] = {{"approval", {{"action", "accept"}}}};
  const mcp::Step step = server.Take(
      {{"jsonrpc", "2.0"}, {"id", 1}, {"method", "tools/call"}, {"params", std::move(params)}},
      {.name = asker.name, .clients = asker.clients, .may_propose = asker.may_propose});
  TaskPeer peer(cancelled);
  const std::optional<Json> answer = step.answer ? step.answer : step.work(peer);
  if (!answer) return Fail(Errc::kUnavailable, "cancelled");
  if (answer->contains("error")) {
    return Fail(Errc::kInvalidArgument, (*answer)["error"]["message"].get<std::string>());
  }
  const Json& result = (*answer)["result"];
  if (result["resultType"] == "input_required") {
    for (const auto& [key, question] : result["inputRequests"].items()) {
      const Json& asked = question["params"];
      return a2a::NeedsPerson{asked.value("message", ""), asked.value("url", "")};
    }
  }
  if (result.value("isError", false)) {
    const std::string what = result["content"][0].value("text", "the tool failed");
    return Fail(step.answer ? Errc::kInvalidArgument : Errc::kUnavailable, what);
  }
  return result.contains("structuredContent") ? result["structuredContent"] : result["content"];
}

std::vector<a2a::Skill> SkillsOf(const mcp::Server& server) {
  std::vector<a2a::Skill> skills;
  for (const mcp::Tool& tool : server.registry().tools) {
    a2a::Skill skill;
    skill.id = tool.name;
    skill.name = tool.title;
    skill.description = tool.description;
    skill.tags = {"paid-media", tool.writes ? "propose" : "read"};
    Json example = {{"skill", tool.name}, {"arguments", Json::object()}};
    if (tool.input_schema["properties"].contains("client")) {
      example["arguments"]["client"] = "NAME";
    }
    skill.examples = {example.dump()};
    skill.writes = tool.writes;
    skill.run = [&server, name = tool.name](const a2a::Asker& asker, const Json& arguments,
                                            bool answered, const std::function<bool()>& cancelled) {
      return CallTool(server, name, asker, arguments, answered, cancelled);
    };
    skills.push_back(std::move(skill));
  }
  return skills;
}

a2a::TaskRow RowOf(AgentTask task) {
  return {std::move(task.id),      std::move(task.context), std::move(task.asker),
          std::move(task.message), std::move(task.state),   task.created_at,
          task.updated_at,         std::move(task.body)};
}
AgentTask TaskOf(const a2a::TaskRow& row) {
  return {row.id,    row.context,    row.asker,      row.message,
          row.state, row.created_at, row.updated_at, row.body};
}

/// Tasks in the campaign memory.
a2a::TaskStore TasksIn(SharedHome& home) {
  a2a::TaskStore store;
  store.add = [&home](const a2a::TaskRow& row) -> Result<a2a::TaskStore::Added> {
    MAXOPT_TRY(const std::shared_ptr<Home> open, home.Use(kHomePatience));
    MAXOPT_TRY(KeptAgentTask kept, AddAgentTask(open->store(), TaskOf(row)));
    return a2a::TaskStore::Added{RowOf(std::move(kept.task)), kept.is_new};
  };
  store.move = [&home](const a2a::TaskRow& row, const std::string& from) -> Result<> {
    MAXOPT_TRY(const std::shared_ptr<Home> open, home.Use(kHomePatience));
    return MoveAgentTask(open->store(), TaskOf(row), from);
  };
  store.find = [&home](const std::string& id, const std::string& asker) -> Result<a2a::TaskRow> {
    MAXOPT_TRY(const std::shared_ptr<Home> open, home.Use(kHomePatience));
    MAXOPT_TRY(AgentTask task, FindAgentTask(open->store(), id, asker));
    return RowOf(std::move(task));
  };
  store.list = [&home](const a2a::TaskStore::Query& query) -> Result<a2a::TaskStore::List> {
    MAXOPT_TRY(const std::shared_ptr<Home> open, home.Use(kHomePatience));
    MAXOPT_TRY(AgentTaskList list, AgentTasks(open->store(), {.asker = query.asker,
                                                              .context = query.context,
                                                              .state = query.state,
                                                              .offset = query.offset,
                                                              .limit = query.limit}));
    a2a::TaskStore::List out;
    out.total = list.total;
    for (AgentTask& task : list.tasks) out.rows.push_back(RowOf(std::move(task)));
    return out;
  };
  return store;
}

class Service final : public AgentService {
 public:
  Service(SharedHome& home, UserStore& users, AgentServiceOptions options, std::string secret)
      : users_(users) {
    options.tools.audit = [this](const mcp::Principal& principal, const std::string& tool,
                                 const std::string& problem) {
      // What cannot be written down is no reason to undo what was done; the plan names its maker.
      AuditLine line;
      line.at = wall_->Now();
      line.user = principal.name;
      line.method = "MCP";
      line.path = "tools/call " + tool;
      line.status = problem.empty() ? 200 : 422;
      line.what = problem;
      (void)users_.Audit(line);
    };
    mcp::Registry registry = AgentTools([&home] { return home.Use(kHomePatience); }, options.tools);
    const auto server = std::make_shared<mcp::Server*>(nullptr);
    if (options.conformance_fixtures) mcp::AddConformanceFixtures(registry, server);
    mcp::ServerOptions of_server;
    of_server.secret = std::move(secret);
    server_ = std::make_unique<mcp::Server>(std::move(registry), wall_, of_server);
    *server = server_.get();
    mcp::HttpOptions of_http;
    of_http.hosts = options.hosts;
    for (const std::string& host : options.hosts) of_http.origins.push_back("https://" + host);
    endpoint_ = mcp::MakeHttpEndpoint(
        *server_, [this](const http::Request& request) { return Who(request); }, of_http);
    a2a::Options of_agent;
    of_agent.origin = options.tools.dashboard;
    agent_ = a2a::MakeAgent(
        SkillsOf(*server_), TasksIn(home),
        [this](const http::Request& request) -> Result<a2a::Asker> {
          MAXOPT_TRY(const mcp::Principal who, Who(request));
          return a2a::Asker{
              .name = who.name, .clients = who.clients, .may_propose = who.may_propose};
        },
        wall_, of_agent);
  }

  Result<int> Recover() { return agent_->Recover(); }

  std::optional<http::Response> Handle(const http::Request& request) override {
    const std::string_view path = std::string_view(request.url).substr(0, request.url.find('?'));
    if (path == "/mcp") return endpoint_->Handle(request);
    return agent_->Handle(request);
  }

 private:
  Result<mcp::Principal> Who(const http::Request& request) const {
    constexpr std::string_view kScheme = "Bearer ";
    const auto header = http::FindHeader(request.headers, "Authorization");
    if (!header || !header->starts_with(kScheme)) {
      return Fail(Errc::kUnauthenticated,
                  "send an API key as Authorization: Bearer mk_...; maxopt keys add makes one");
    }
    MAXOPT_TRY(const Identity who,
               users_.OfKey(std::string(header->substr(kScheme.size())), wall_->Now()));
    return mcp::Principal{.name = fmt::format("{} by {}", who.user, who.key),
                          .clients = who.clients,
                          .may_propose = who.role >= Role::kOperator};
  }

  UserStore& users_;
  const std::shared_ptr<const Clock> wall_ = std::make_shared<RealClock>();
  std::unique_ptr<mcp::Server> server_;
  std::unique_ptr<mcp::HttpEndpoint> endpoint_;
  std::unique_ptr<a2a::Agent> agent_;  // its skills call the server
};

}  // namespace

Result<std::unique_ptr<AgentService>> MakeAgentService(SharedHome& home, UserStore& users,
                                                       AgentServiceOptions options) {
  MAXOPT_TRY(std::string secret, users.Secret());
  auto service = std::make_unique<Service>(home, users, std::move(options), "mcp " + secret);
  MAXOPT_CHECK(service->Recover());
  return service;
}

}  // namespace maxopt
