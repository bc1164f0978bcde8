#include "agent/mcp/mcp.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "agent/mcp/seal.h"
#include "http/kept_stream_for_test.h"

namespace maxopt::mcp {
namespace {

const Principal kAnna{.name = "anna", .clients = {{"Alpenglow"}}, .may_propose = false};
const Principal kOperator{.name = "operator", .clients = std::nullopt, .may_propose = true};

/// A peer that keeps what it is told and answers what it is asked.
class FakePeer final : public Peer {
 public:
  void Notify(const Json& message) override { told.push_back(message); }
  Result<Json> Ask(const std::string& method, const Json& params) override {
    asked.push_back({{"method", method}, {"params", params}});
    return answer;
  }
  bool gone() const override { return is_gone; }
  std::vector<Json> told, asked;
  Json answer = {{"action", "accept"}, {"content", {{"name", "Ada"}}}};
  bool is_gone = false;
};

Json Meta(Json capabilities = Json::object()) {
  return {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
          {"io.modelcontextprotocol/clientCapabilities", std::move(capabilities)}};
}
Json Modern(const std::string& method, Json params = Json::object(),
            Json capabilities = Json::object()) {
  Json meta = Meta(std::move(capabilities));
  if (params.contains("_meta")) meta.update(params["_meta"]);
  params["_meta"] = std::move(meta);
  return {{"jsonrpc", "2.0"}, {"id", 7}, {"method", method}, {"params", std::move(params)}};
}
Json Legacy(const std::string& method, Json params = Json::object()) {
  return {{"jsonrpc", "2.0"}, {"id", "a"}, {"method", method}, {"params", std::move(params)}};
}

/// Adds two numbers; asks a name; lies about its answer; writes; says much.
Registry Tools() {
  Registry registry;
  registry.instructions = "fixed";
  const Json none = {{"type", "object"}, {"additionalProperties", false}};
  Tool add;
  add.name = "add";
  add.title = "Add";
  add.description = "adds";
  add.input_schema = {{"type", "object"},
                      {"properties", {{"a", {{"type", "integer"}}}, {"b", {{"type", "integer"}}}}},
                      {"required", {"a", "b"}},
                      {"additionalProperties", false}};
  add.output_schema = {{"type", "object"},
                       {"properties", {{"sum", {{"type", "integer"}}}}},
                       {"required", Json::array({"sum"})}};
  add.run = [](Call& call) -> Outcome<ToolResult> {
    call.Progress(1, 2, "half");
    call.Log(LogLevel::kDebug, "small");
    call.Log(LogLevel::kError, "large");
    ToolResult result;
    result.structured = {
        {"sum", call.arguments()["a"].get<int>() + call.arguments()["b"].get<int>()}};
    return result;
  };
  registry.tools.push_back(add);

  Tool greet;
  greet.name = "greet";
  greet.description = "asks who";
  greet.input_schema = none;
  greet.run = [](Call& call) -> Outcome<ToolResult> {
    const auto found = call.answers().find("who");
    if (found == call.answers().end() || call.state() != "asked") {
      return Needs{{{"who",
                     "elicitation/create",
                     {{"message", "Who?"}, {"requestedSchema", {{"type", "object"}}}}}},
                   "asked"};
    }
    ToolResult result;
    result.content.push_back(TextBlock("Hello " + (*found)["content"].value("name", "?")));
    return result;
  };
  registry.tools.push_back(greet);

  Tool liar;
  liar.name = "liar";
  liar.description = "breaks its promise";
  liar.input_schema = none;
  liar.output_schema = add.output_schema;
  liar.run = [](Call&) -> Outcome<ToolResult> {
    ToolResult result;
    result.structured = {{"sum", "three"}};
    return result;
  };
  registry.tools.push_back(liar);

  Tool failing;
  failing.name = "failing";
  failing.description = "fails";
  failing.input_schema = none;
  failing.output_schema = add.output_schema;
  failing.run = [](Call&) -> Outcome<ToolResult> {
    return Fail(Errc::kNotFound, "there is no client \"x\"");
  };
  registry.tools.push_back(failing);

  Tool writes;
  writes.name = "writes";
  writes.description = "writes";
  writes.input_schema = none;
  writes.read_only = false;
  writes.writes = true;
  writes.run = [](Call& call) -> Outcome<ToolResult> {
    ToolResult result;
    result.content.push_back(TextBlock("by " + call.principal().name));
    return result;
  };
  registry.tools.push_back(writes);

  Tool large;
  large.name = "large";
  large.description = "says much";
  large.input_schema = none;
  large.run = [](Call&) -> Outcome<ToolResult> {
    ToolResult result;
    result.content.push_back(TextBlock(std::string(5000, 'x')));
    return result;
  };
  registry.tools.push_back(large);

  ResourceSource source;
  source.list = [](const Principal& principal) -> Result<std::vector<Resource>> {
    std::vector<Resource> out;
    for (const char* client : {"Alpenglow", "Borealis"}) {
      if (principal.Sees(client)) {
        out.push_back({"max://" + std::string(client), client, client, "a client", "text/plain"});
      }
    }
    return out;
  };
  source.read = [](const std::string& uri, Call& call) -> Outcome<Json> {
    if (!uri.starts_with("max://") || !call.principal().Sees(uri.substr(6))) {
      return Fail(Errc::kNotFound, uri);
    }
    return Json::array({{{"uri", uri}, {"mimeType", "text/plain"}, {"text", "hello"}}});
  };
  registry.resources.push_back(source);
  registry.templates.push_back(
      {"max://{client}",
       "client",
       "Client",
       "one",
       "text/plain",
       {{"client", "whose", true, [](const Principal& principal, const std::string& typed) {
           std::vector<std::string> out;
           for (const char* one : {"Alpenglow", "Borealis"}) {
             if (principal.Sees(one) && std::string_view(one).starts_with(typed)) {
               out.emplace_back(one);
             }
           }
           return out;
         }}}});
  registry.prompts.push_back(
      {"day", "Day", "the day", {{"client", "whose", true}}, [](Call& call) -> Outcome<Json> {
         return Json::array(
             {{{"role", "user"},
               {"content", TextBlock("Day of " + call.arguments()["client"].get<std::string>())}}});
       }});
  registry.resources_change = true;
  return registry;
}

class McpTest : public testing::Test {
 protected:
  McpTest() : clock_(std::make_shared<VirtualClock>(*ParseInstant("2026-11-23T12:00:00Z"))) {
    ServerOptions options;
    options.max_answer_bytes = 2000;
    options.page_size = 2;
    options.secret = "secret";
    server_ = std::make_unique<Server>(Tools(), clock_, options);
  }
  Json Run(const Step& step) {
    if (step.answer) return *step.answer;
    const std::optional<Json> answer = step.work(peer_);
    return answer ? *answer : Json("cancelled");
  }
  Json Ask(const Json& request, const Principal& principal = kAnna) {
    return Run(server_->Take(request, principal));
  }
  Json AskLegacy(const Json& request, Session& session, const Principal& principal = kAnna) {
    return Run(server_->TakeLegacy(request, principal, session));
  }
  Json CallTool(const std::string& name, Json arguments = Json::object(),
                const Principal& principal = kAnna) {
    return Ask(Modern("tools/call", {{"name", name}, {"arguments", std::move(arguments)}}),
               principal);
  }

  std::shared_ptr<VirtualClock> clock_;
  std::unique_ptr<Server> server_;
  FakePeer peer_;
};

// --- the modern era -----------------------------------------------------------------------------

TEST_F(McpTest, DiscoverSaysWhatIsSpoken) {
  const Json answer = Ask(Modern("server/discover"));
  const Json& result = answer["result"];
  EXPECT_EQ(answer["id"], 7);
  EXPECT_EQ(result["resultType"], "complete");
  EXPECT_EQ(result["supportedVersions"], Json::array({"2026-07-28"}));
  EXPECT_EQ(result["capabilities"]["resources"]["subscribe"], true);
  EXPECT_FALSE(result["capabilities"]["tools"].contains("listChanged"));
  EXPECT_EQ(result["instructions"], "fixed");
  EXPECT_EQ(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "maxopt");
}

TEST_F(McpTest, EveryRequestSaysItsTerms) {
  struct Case {
    Json request;
    int code, status;
  };
  Json no_meta = Modern("tools/list");
  no_meta["params"].erase("_meta");
  Json no_capabilities = Modern("tools/list");
  no_capabilities["params"]["_meta"].erase("io.modelcontextprotocol/clientCapabilities");
  Json old = Modern("tools/list");
  old["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2025-11-25";
  Json no_id = Modern("tools/list");
  no_id.erase("id");
  Json null_id = Modern("tools/list");
  null_id["id"] = nullptr;
  const Case cases[] = {
      {no_meta, -32602, 400},
      {no_capabilities, -32602, 400},
      {old, -32022, 400},
      {no_id, -32600, 400},
      {null_id, -32600, 400},
      {Json::array(), -32600, 400},
      {Modern("ping"), -32601, 404},
      {Modern("initialize"), -32601, 404},
      {Modern("logging/setLevel", {{"level", "info"}}), -32601, 404},
      {Modern("no/such"), -32601, 404},
  };
  for (const Case& c : cases) {
    const Step step = server_->Take(c.request, kAnna);
    ASSERT_TRUE(step.answer.has_value()) << c.request;
    EXPECT_EQ((*step.answer)["error"]["code"], c.code) << c.request;
    EXPECT_EQ(step.http_status, c.status) << c.request;
  }
  const Step step = server_->Take(old, kAnna);
  EXPECT_EQ((*step.answer)["error"]["data"]["requested"], "2025-11-25");
  EXPECT_EQ((*step.answer)["error"]["data"]["supported"], Json::array({"2026-07-28"}));
}

TEST_F(McpTest, AToolAnswersWithStructureAndText) {
  const Json result = CallTool("add", {{"a", 2}, {"b", 3}})["result"];
  EXPECT_EQ(result["structuredContent"]["sum"], 5);
  EXPECT_EQ(result["content"][0]["text"], R"({"sum":5})");
  EXPECT_FALSE(result.contains("isError"));
  EXPECT_TRUE(peer_.told.empty()) << "neither progress nor a log was asked for";
}

TEST_F(McpTest, ProgressAndLogOnlyForWhoAsked) {
  Ask(Modern(
      "tools/call",
      {{"name", "add"},
       {"arguments", {{"a", 1}, {"b", 1}}},
       {"_meta", {{"progressToken", "t"}, {"io.modelcontextprotocol/logLevel", "warning"}}}}));
  ASSERT_EQ(peer_.told.size(), 2U);
  EXPECT_EQ(peer_.told[0]["method"], "notifications/progress");
  EXPECT_EQ(peer_.told[0]["params"]["progressToken"], "t");
  EXPECT_EQ(peer_.told[0]["params"]["progress"], 1);
  EXPECT_EQ(peer_.told[0]["params"]["total"], 2);
  EXPECT_EQ(peer_.told[1]["params"]["level"], "error");
}

TEST_F(McpTest, WrongArgumentsAreForTheModelToMend) {
  for (const Json& arguments : {Json{{"a", 1}}, Json{{"a", 1}, {"b", "2"}},
                                Json{{"a", 1}, {"b", 2}, {"c", 3}}, Json{{"a", 1.5}, {"b", 2}}}) {
    const Json result = CallTool("add", arguments)["result"];
    EXPECT_EQ(result["isError"], true) << arguments;
    EXPECT_NE(result["content"][0]["text"].get<std::string>().find("add"), std::string::npos);
  }
  const Json request = Modern("tools/call", {{"name", "add"}, {"arguments", Json::array()}});
  EXPECT_EQ(Ask(request)["error"]["code"], -32602);
  EXPECT_EQ(CallTool("subtract")["error"]["code"], -32602);
}

TEST_F(McpTest, AFailureIsAnAnswerAndABrokenPromiseIsNot) {
  const Json failed = CallTool("failing")["result"];
  EXPECT_EQ(failed["isError"], true);
  EXPECT_EQ(failed["content"][0]["text"], "there is no client \"x\"");
  EXPECT_EQ(CallTool("liar")["error"]["code"], -32603);
}

TEST_F(McpTest, WhatIsTooLongIsRefusedWithAdvice) {
  const Json result = CallTool("large")["result"];
  EXPECT_EQ(result["isError"], true);
  EXPECT_LT(result.dump().size(), 1000U);
}

TEST_F(McpTest, ToolsThatWriteAreNotThereForWhoMayNot) {
  EXPECT_EQ(CallTool("writes")["error"]["code"], -32602);
  EXPECT_EQ(CallTool("writes")["error"]["message"], "Unknown tool: writes");
  EXPECT_EQ(CallTool("writes", {}, kOperator)["result"]["content"][0]["text"], "by operator");
  std::string names;
  Json params = Json::object();
  for (;;) {
    const Json result = Ask(Modern("tools/list", params))["result"];
    for (const Json& tool : result["tools"]) names += tool["name"].get<std::string>() + " ";
    if (!result.contains("nextCursor")) break;
    params["cursor"] = result["nextCursor"];
  }
  EXPECT_EQ(names, "add greet liar failing large ");
}

TEST_F(McpTest, PagesAreOfOneList) {
  const Json first = Ask(Modern("tools/list"))["result"];
  EXPECT_EQ(first["tools"].size(), 2U);
  EXPECT_EQ(first["cacheScope"], "private");
  EXPECT_GE(first["ttlMs"].get<int>(), 0);
  const Json second = Ask(Modern("tools/list", {{"cursor", first["nextCursor"]}}))["result"];
  EXPECT_EQ(second["tools"][0]["name"], "liar");
  // The operator's list is another one: the cursor is none of it.
  for (const Json& cursor : {first["nextCursor"]}) {
    EXPECT_EQ(Ask(Modern("tools/list", {{"cursor", cursor}}), kOperator)["error"]["code"], -32602);
  }
  for (const char* cursor : {"", "x", "MTox", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OjE="}) {
    EXPECT_EQ(Ask(Modern("tools/list", {{"cursor", cursor}}))["error"]["code"], -32602) << cursor;
  }
  EXPECT_EQ(Ask(Modern("tools/list", {{"cursor", 3}}))["error"]["code"], -32602);
}

TEST_F(McpTest, ResourcesAreThoseOfWhoAsks) {
  const Json list = Ask(Modern("resources/list"))["result"]["resources"];
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0]["uri"], "max://Alpenglow");
  EXPECT_EQ(
      Ask(Modern("resources/read", {{"uri", "max://Alpenglow"}}))["result"]["contents"][0]["text"],
      "hello");
  for (const char* uri : {"max://Borealis", "max://", "file:///etc/passwd"}) {
    const Json error = Ask(Modern("resources/read", {{"uri", uri}}))["error"];
    EXPECT_EQ(error["code"], -32602) << uri;
    EXPECT_EQ(error["data"]["uri"], uri);
  }
  Session session;
  EXPECT_EQ(
      AskLegacy(Legacy("resources/read", {{"uri", "max://Borealis"}}), session)["error"]["code"],
      -32002);
}

TEST_F(McpTest, PromptsTakeStrings) {
  const Json result = Ask(
      Modern("prompts/get", {{"name", "day"}, {"arguments", {{"client", "Alpenglow"}}}}))["result"];
  EXPECT_EQ(result["messages"][0]["content"]["text"], "Day of Alpenglow");
  EXPECT_EQ(Ask(Modern("prompts/get", {{"name", "day"}}))["error"]["code"], -32602);
  EXPECT_EQ(Ask(Modern("prompts/get",
                       {{"name", "day"}, {"arguments", {{"client", 3}}}}))["error"]["code"],
            -32602);
  EXPECT_EQ(Ask(Modern("prompts/get", {{"name", "night"}}))["error"]["code"], -32602);
}

TEST_F(McpTest, CompletionKnowsOnlyWhatIsSeen) {
  const auto complete = [&](const Json& ref, const std::string& name, const std::string& typed,
                            const Principal& principal) {
    return Ask(Modern("completion/complete",
                      {{"ref", ref}, {"argument", {{"name", name}, {"value", typed}}}}),
               principal);
  };
  const Json ref = {{"type", "ref/resource"}, {"uri", "max://{client}"}};
  EXPECT_EQ(complete(ref, "client", "", kAnna)["result"]["completion"]["values"],
            Json::array({"Alpenglow"}));
  EXPECT_EQ(complete(ref, "client", "B", kOperator)["result"]["completion"]["values"],
            Json::array({"Borealis"}));
  EXPECT_EQ(complete(ref, "other", "", kAnna)["result"]["completion"]["total"], 0);
  EXPECT_EQ(complete({{"type", "ref/prompt"}, {"name", "x"}}, "a", "", kAnna)["error"]["code"],
            -32602);
  EXPECT_EQ(complete({{"type", "ref/moon"}}, "a", "", kAnna)["error"]["code"], -32602);
}

// --- rounds -------------------------------------------------------------------------------------

const Json kCanAnswer = {{"elicitation", Json::object()}};

TEST_F(McpTest, AToolThatAsksIsCalledAgain) {
  const Json first = Ask(Modern("tools/call", {{"name", "greet"}}, kCanAnswer))["result"];
  EXPECT_EQ(first["resultType"], "input_required");
  EXPECT_EQ(first["inputRequests"]["who"]["method"], "elicitation/create");
  const Json second = Ask(Modern("tools/call",
                                 {{"name", "greet"},
                                  {"requestState", first["requestState"]},
                                  {"inputResponses", {{"who", peer_.answer}}}},
                                 kCanAnswer))["result"];
  EXPECT_EQ(second["resultType"], "complete");
  EXPECT_EQ(second["content"][0]["text"], "Hello Ada");
}

TEST_F(McpTest, StateIsOursOfThisCallAndFresh) {
  const Json state =
      Ask(Modern("tools/call", {{"name", "greet"}}, kCanAnswer))["result"]["requestState"];
  const auto again = [&](Json params, const Principal& principal = kAnna) {
    params["name"] = params.value("name", "greet");
    params["inputResponses"] = {{"who", peer_.answer}};
    return Ask(Modern("tools/call", std::move(params), kCanAnswer), principal);
  };
  EXPECT_TRUE(again({{"requestState", state}}).contains("result"));
  EXPECT_EQ(again({{"requestState", state.get<std::string>() + "x"}})["error"]["code"], -32602);
  EXPECT_EQ(again({{"requestState", 5}})["error"]["code"], -32602);
  EXPECT_EQ(again({{"requestState", ""}})["error"]["code"], -32602);
  EXPECT_EQ(again({{"requestState", state}}, kOperator)["error"]["code"], -32602);
  EXPECT_EQ(again({{"requestState", state}, {"name", "large"}})["error"]["code"], -32602);
  clock_->AdvanceTo(clock_->Now() + std::chrono::minutes(16));
  EXPECT_EQ(again({{"requestState", state}})["error"]["code"], -32602);
}

TEST_F(McpTest, WhatTheClientCannotDoIsNotAskedOfIt) {
  const Json error = CallTool("greet")["error"];
  EXPECT_EQ(error["code"], -32021);
  EXPECT_TRUE(error["data"]["requiredCapabilities"]["elicitation"].is_object());
  for (const Json& bad : {Json(nullptr), Json(3), Json{{"who", 12345}}}) {
    EXPECT_EQ(Ask(Modern("tools/call", {{"name", "greet"}, {"inputResponses", bad}},
                         kCanAnswer))["error"]["code"],
              -32602);
  }
}

TEST_F(McpTest, AMinuteHasItsCalls) {
  ServerOptions options;
  options.max_tool_calls_per_minute = 2;
  server_ = std::make_unique<Server>(Tools(), clock_, options);
  const Json sum = {{"a", 1}, {"b", 1}};
  EXPECT_FALSE(CallTool("add", sum)["result"].contains("isError"));
  EXPECT_FALSE(CallTool("add", sum)["result"].contains("isError"));
  EXPECT_EQ(CallTool("add", sum)["result"]["isError"], true);
  EXPECT_FALSE(CallTool("add", sum, kOperator)["result"].contains("isError"));
  clock_->AdvanceTo(clock_->Now() + std::chrono::seconds(61));
  EXPECT_FALSE(CallTool("add", sum)["result"].contains("isError"));
}

TEST_F(McpTest, ACancelledCallAnswersNothing) {
  peer_.is_gone = true;
  EXPECT_EQ(CallTool("add", {{"a", 1}, {"b", 1}}), "cancelled");
}

// --- headers ------------------------------------------------------------------------------------

TEST_F(McpTest, HeadersMirrorTheBody) {
  const Json call = Modern("tools/call", {{"name", "add"}});
  const auto objection = [&](const http::Headers& headers) {
    const auto found = server_->HeaderObjection(call, headers);
    return found ? (*found)["error"]["code"].get<int>() : 0;
  };
  const std::pair<std::string, std::string> version{"MCP-Protocol-Version", "2026-07-28"},
      method{"Mcp-Method", "tools/call"}, name{"Mcp-Name", "add"};
  EXPECT_EQ(objection({version, method, name}), 0);
  EXPECT_EQ(objection({version, {"mcp-method", "  tools/call "}, {"MCP-NAME", "=?base64?YWRk?="}}),
            0);
  EXPECT_EQ(objection({method, name}), -32020);
  EXPECT_EQ(objection({version, name}), -32020);
  EXPECT_EQ(objection({version, method}), -32020);
  EXPECT_EQ(objection({version, {"Mcp-Method", "Tools/Call"}, name}), -32020);
  EXPECT_EQ(objection({version, method, {"Mcp-Name", "greet"}}), -32020);
  EXPECT_EQ(objection({version, method, {"Mcp-Name", "=?base64?YWR?="}}), -32020);
  EXPECT_EQ(objection({{"MCP-Protocol-Version", "2025-11-25"}, method, name}), -32020);
}

TEST_F(McpTest, DeepAndBrokenMessagesAreNoMessages) {
  EXPECT_TRUE(ParseMessage(R"({"a":[1]})").has_value());
  for (const std::string& text : {std::string("{"), std::string(100, '['), std::string(200000, '['),
                                  std::string("\"\xff\""), std::string("{} {}")}) {
    EXPECT_FALSE(ParseMessage(text).has_value()) << text.substr(0, 20);
  }
}

// --- the older era ------------------------------------------------------------------------------

TEST_F(McpTest, InitializeAgreesOnARevision) {
  const auto initialize = [&](const std::string& version) {
    return server_->Initialize(
        Legacy("initialize", {{"protocolVersion", version},
                              {"capabilities", kCanAnswer},
                              {"clientInfo", {{"name", "t"}, {"version", "1"}}}}));
  };
  for (const char* version : {"2025-03-26", "2025-06-18", "2025-11-25"}) {
    EXPECT_EQ(initialize(version).answer["result"]["protocolVersion"], version);
  }
  for (const char* version : {"2024-11-05", "2026-07-28", "1900-01-01", ""}) {
    EXPECT_EQ(initialize(version).answer["result"]["protocolVersion"], "2025-11-25") << version;
  }
  const auto wrong = server_->Initialize(Legacy("initialize"));
  EXPECT_FALSE(wrong.session.has_value());
  EXPECT_EQ(wrong.answer["error"]["code"], -32602);
}

TEST_F(McpTest, OlderAnswersHaveOnlyWhatTheirRevisionKnows) {
  Session session;
  session.revision = Revision::k2025_03_26;
  const Json call = Legacy("tools/call", {{"name", "add"}, {"arguments", {{"a", 1}, {"b", 2}}}});
  const Json oldest = AskLegacy(call, session)["result"];
  EXPECT_FALSE(oldest.contains("resultType"));
  EXPECT_FALSE(oldest.contains("structuredContent"));
  EXPECT_EQ(oldest["content"][0]["text"], R"({"sum":3})");
  EXPECT_FALSE(
      AskLegacy(Legacy("tools/list"), session)["result"]["tools"][0].contains("outputSchema"));
  // Arguments that break the schema were the protocol's own error then.
  const Json wrong = Legacy("tools/call", {{"name", "add"}});
  EXPECT_EQ(AskLegacy(wrong, session)["error"]["code"], -32602);
  session.revision = Revision::k2025_11_25;
  EXPECT_EQ(AskLegacy(call, session)["result"]["structuredContent"]["sum"], 3);
  EXPECT_EQ(AskLegacy(wrong, session)["result"]["isError"], true);
  EXPECT_FALSE(AskLegacy(Legacy("tools/list"), session)["result"].contains("ttlMs"));
}

TEST_F(McpTest, InTheOlderEraTheClientIsAskedMeanwhile) {
  Session session;
  session.client_capabilities = kCanAnswer;
  const Json call = Legacy("tools/call", {{"name", "greet"}});
  EXPECT_EQ(AskLegacy(call, session)["result"]["content"][0]["text"], "Hello Ada");
  ASSERT_EQ(peer_.asked.size(), 1U);
  EXPECT_EQ(peer_.asked[0]["method"], "elicitation/create");
  session.client_capabilities = Json::object();
  EXPECT_EQ(AskLegacy(call, session)["result"]["isError"], true);
}

TEST_F(McpTest, TheOlderErasOwnMethods) {
  Session session;
  EXPECT_EQ(AskLegacy(Legacy("ping"), session)["result"], Json::object());
  EXPECT_EQ(AskLegacy(Legacy("logging/setLevel", {{"level", "error"}}), session)["result"],
            Json::object());
  EXPECT_EQ(session.log_level, LogLevel::kError);
  EXPECT_EQ(AskLegacy(Legacy("logging/setLevel", {{"level", "loud"}}), session)["error"]["code"],
            -32602);
  AskLegacy(Legacy("resources/subscribe", {{"uri", "max://Alpenglow"}}), session);
  EXPECT_EQ(session.subscribed, std::vector<std::string>{"max://Alpenglow"});
  AskLegacy(Legacy("resources/unsubscribe", {{"uri", "max://Alpenglow"}}), session);
  EXPECT_TRUE(session.subscribed.empty());
  EXPECT_EQ(AskLegacy(Legacy("server/discover"), session)["error"]["code"], -32601);
}

// --- changes ------------------------------------------------------------------------------------

TEST_F(McpTest, ListenersHearWhatTheyAskedForAndWeTell) {
  const Json honoured = server_->Honoured({{"toolsListChanged", true},
                                           {"resourcesListChanged", true},
                                           {"resourceSubscriptions", {"max://a", 3}}});
  EXPECT_EQ(honoured, Json::parse(R"({"resourcesListChanged": true,
                                      "resourceSubscriptions": ["max://a"]})"));
  std::vector<std::string> heard;
  const int listener = server_->Listen(
      honoured, [&](const Json& one) { heard.push_back(one["method"].get<std::string>()); });
  server_->ToolsChanged();
  server_->PromptsChanged();
  server_->ResourceUpdated("max://b");
  EXPECT_TRUE(heard.empty());
  server_->ResourceUpdated("max://a");
  server_->ResourcesChanged();
  EXPECT_EQ(heard, (std::vector<std::string>{"notifications/resources/updated",
                                             "notifications/resources/list_changed"}));
  server_->Unlisten(listener);
  server_->ResourcesChanged();
  EXPECT_EQ(heard.size(), 2U);
}

// --- seals --------------------------------------------------------------------------------------

TEST(Seal, Base64IsTheStandardOne) {
  // RFC 4648 §10.
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64("foob"), "Zm9vYg==");
  EXPECT_EQ(FromBase64("Zm9vYg=="), "foob");
  EXPECT_EQ(FromBase64(""), "");
  EXPECT_FALSE(FromBase64("Zm9vYg=").has_value());
  EXPECT_FALSE(FromBase64("Zm9v!mFy").has_value());
}

TEST(Seal, OpensOnlyWhatItSealed) {
  const Instant now = *ParseInstant("2026-11-23T12:00:00Z");
  const std::string sealed = Seal({"anna", "call", {{"n", 1}}}, now, "key");
  EXPECT_EQ(*Open(sealed, "anna", "call", now, "key"), Json({{"n", 1}}));
  EXPECT_FALSE(Open(sealed, "anna", "call", now + std::chrono::seconds(2), "key"));
  EXPECT_FALSE(Open(sealed, "ben", "call", now, "key"));
  EXPECT_FALSE(Open(sealed, "anna", "other", now, "key"));
  EXPECT_FALSE(Open(sealed, "anna", "call", now, "yek"));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    // The last character of a base64 text has bits that say nothing; strict decoding refuses them.
    EXPECT_FALSE(Open(changed, "anna", "call", now, "key")) << i;
  }
}

// --- stdio --------------------------------------------------------------------------------------

/// Sends lines, closes, and gives back what came out.
std::vector<Json> OverStdio(Server& server, const std::vector<std::string>& lines) {
  int in[2], out[2];
  EXPECT_EQ(::pipe(in), 0);
  EXPECT_EQ(::pipe(out), 0);
  std::thread serving([&] {
    EXPECT_TRUE(ServeStdio(server, kAnna, in[0], out[1]).has_value());
    ::close(out[1]);
  });
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  EXPECT_EQ(::write(in[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(in[1]);
  std::string got;
  char chunk[4096];
  for (ssize_t n = 0; (n = ::read(out[0], chunk, sizeof chunk)) > 0;) {
    got.append(chunk, static_cast<std::size_t>(n));
  }
  serving.join();
  ::close(in[0]);
  ::close(out[0]);
  std::vector<Json> messages;
  for (std::size_t from = 0; from < got.size();) {
    const std::size_t end = got.find('\n', from);
    messages.push_back(Json::parse(got.substr(from, end - from)));
    from = end + 1;
  }
  return messages;
}

TEST_F(McpTest, StdioAnswersLineByLine) {
  const std::vector<Json> answers =
      OverStdio(*server_, {Modern("server/discover").dump(), "not json", "",
                           R"({"jsonrpc":"2.0","method":"notifications/cancelled"})",
                           Legacy("tools/list").dump(), Legacy("ping").dump()});
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_TRUE(answers[0]["result"].contains("supportedVersions"));
  EXPECT_EQ(answers[1]["error"]["code"], -32700);
  EXPECT_EQ(answers[2]["error"]["code"], -32600) << "before initialize";
  EXPECT_EQ(answers[3]["result"], Json::object());
}

TEST_F(McpTest, StdioFinishesWhatWasAsked) {
  const std::vector<Json> answers = OverStdio(
      *server_,
      {Modern("tools/call", {{"name", "add"}, {"arguments", {{"a", 20}, {"b", 22}}}}).dump()});
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0]["result"]["structuredContent"]["sum"], 42);
}

TEST_F(McpTest, BatchesAreOfTheOldestRevisionOnly) {
  const auto initialize = [](const char* version) {
    return Legacy("initialize", {{"protocolVersion", version},
                                 {"capabilities", Json::object()},
                                 {"clientInfo", Json::object()}})
        .dump();
  };
  Json other = Legacy("ping");
  other["id"] = "b";
  const std::string batch = Json::array({Legacy("ping"), other}).dump();
  const auto old = OverStdio(*server_, {initialize("2025-03-26"), batch});
  ASSERT_EQ(old.size(), 2U);
  EXPECT_EQ(old[1].size(), 2U);
  const auto newer = OverStdio(*server_, {initialize("2025-06-18"), batch});
  ASSERT_EQ(newer.size(), 2U);
  EXPECT_EQ(newer[1]["error"]["code"], -32600);
}

// --- HTTP ---------------------------------------------------------------------------------------

class HttpTest : public McpTest {
 protected:
  HttpTest() {
    endpoint_ = MakeHttpEndpoint(*server_, [](const http::Request& request) -> Result<Principal> {
      const auto key = http::FindHeader(request.headers, "Authorization");
      if (key == "Bearer anna") return kAnna;
      if (key == "Bearer operator") return kOperator;
      return Fail(Errc::kUnauthenticated, "send an API key as Authorization: Bearer");
    });
  }
  http::Response Send(const std::string& method, http::Headers headers, const std::string& body) {
    http::Headers all = {{"Host", "localhost:8787"},
                         {"Content-Type", "application/json"},
                         {"Authorization", "Bearer anna"},
                         {"Accept", "application/json, text/event-stream"}};
    for (auto& [name, value] : headers) {
      std::erase_if(all, [&](const auto& one) { return one.first == name; });
      if (!value.empty()) all.emplace_back(name, value);
    }
    // In process a stream is what it wrote before it returned, so calls are waited for here.
    http::Response response = http::Settle(
        endpoint_->Handle({.method = method, .url = "/mcp", .headers = all, .body = body}));
    if (!response.stream) return response;
    auto stream = std::make_shared<http::KeptForTest>();
    response.stream(stream);
    for (int i = 0; i < 2000 && !stream->closed(); ++i) ::usleep(1000);
    response.body = stream->Text();
    return response;
  }
  http::Response PostModern(const Json& message) {
    http::Headers headers = {{"MCP-Protocol-Version", "2026-07-28"},
                             {"Mcp-Method", message["method"].get<std::string>()}};
    if (message["params"].contains("name")) {
      headers.emplace_back("Mcp-Name", message["params"]["name"].get<std::string>());
    }
    return Send("POST", headers, message.dump());
  }
  std::string NewSession(const std::string& key = "Bearer anna") {
    const http::Response response = Send("POST", {{"Authorization", key}},
                                         Legacy("initialize", {{"protocolVersion", "2025-11-25"},
                                                               {"capabilities", kCanAnswer},
                                                               {"clientInfo", Json::object()}})
                                             .dump());
    EXPECT_EQ(response.status, 200);
    return std::string(http::FindHeader(response.headers, "Mcp-Session-Id").value_or(""));
  }

  std::unique_ptr<HttpEndpoint> endpoint_;
};

TEST_F(HttpTest, DoorsAreChecked) {
  const std::string list = Modern("tools/list").dump();
  EXPECT_EQ(Send("POST", {{"Origin", "https://evil.example"}}, list).status, 403);
  EXPECT_EQ(Send("POST", {{"Origin", "http://localhost.evil.example"}}, list).status, 403);
  EXPECT_EQ(Send("POST", {{"Host", "evil.example"}}, list).status, 403);
  const http::Response unknown = Send("POST", {{"Authorization", "Bearer x"}}, list);
  EXPECT_EQ(unknown.status, 401);
  EXPECT_TRUE(http::FindHeader(unknown.headers, "WWW-Authenticate").has_value());
  EXPECT_EQ(Send("POST", {{"Content-Type", "text/plain"}}, list).status, 415);
  EXPECT_EQ(Send("POST", {{"Accept", "text/html"}}, list).status, 406);
  EXPECT_EQ(Send("POST", {}, std::string(2u << 20, ' ')).status, 413);
  EXPECT_EQ(Send("POST", {}, "{").status, 400);
  EXPECT_EQ(Send("GET", {}, "").status, 405);
  EXPECT_EQ(Send("DELETE", {}, "").status, 405);
  EXPECT_EQ(Send("PUT", {}, list).status, 405);
}

TEST_F(HttpTest, ModernRequestsNeedNoSession) {
  const http::Response list = PostModern(Modern("tools/list"));
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(http::FindHeader(list.headers, "Content-Type"), "application/json");
  EXPECT_FALSE(http::FindHeader(list.headers, "Mcp-Session-Id").has_value());
  const http::Response call = PostModern(Modern(
      "tools/call",
      {{"name", "add"}, {"arguments", {{"a", 1}, {"b", 1}}}, {"_meta", {{"progressToken", 1}}}}));
  EXPECT_EQ(http::FindHeader(call.headers, "Content-Type"), "text/event-stream");
  const std::size_t progress = call.body.find("notifications/progress");
  const std::size_t result = call.body.find("structuredContent");
  EXPECT_LT(progress, result);
  EXPECT_NE(result, std::string::npos);
  EXPECT_EQ(call.body.find("id: "), std::string::npos) << "streams of this era cannot be resumed";
  EXPECT_EQ(PostModern(Modern("no/such")).status, 404);
  EXPECT_EQ(Send("POST", {{"MCP-Protocol-Version", "2026-07-28"}},
                 R"({"jsonrpc":"2.0","method":"notifications/x"})")
                .status,
            202);
}

TEST_F(HttpTest, SessionsAreOfWhoOpenedThem) {
  const std::string session = NewSession();
  EXPECT_EQ(session.size(), 32U);
  const std::string list = Legacy("tools/list").dump();
  EXPECT_EQ(Send("POST", {{"Mcp-Session-Id", session}}, list).status, 200);
  EXPECT_EQ(Send("POST", {}, list).status, 400);
  EXPECT_EQ(Send("POST", {{"Mcp-Session-Id", "0123"}}, list).status, 404);
  EXPECT_EQ(Send("POST", {{"Mcp-Session-Id", session}, {"Authorization", "Bearer operator"}}, list)
                .status,
            404);
  EXPECT_EQ(Send("POST", {{"Mcp-Session-Id", session}, {"MCP-Protocol-Version", "1"}}, list).status,
            400);
  EXPECT_EQ(Send("DELETE", {{"Mcp-Session-Id", session}}, "").status, 204);
  EXPECT_EQ(Send("POST", {{"Mcp-Session-Id", session}}, list).status, 404);
}

TEST_F(HttpTest, AnEndedStreamIsToldAgain) {
  const std::string session = NewSession();
  const http::Response call =
      Send("POST", {{"Mcp-Session-Id", session}},
           Legacy("tools/call", {{"name", "add"}, {"arguments", {{"a", 1}, {"b", 1}}}}).dump());
  ASSERT_TRUE(call.body.starts_with("id: s1/1\n")) << call.body;
  const http::Response again =
      Send("GET", {{"Mcp-Session-Id", session}, {"Last-Event-ID", "s1/1"}}, "");
  EXPECT_NE(again.body.find("structuredContent"), std::string::npos);
  EXPECT_EQ(Send("GET", {{"Mcp-Session-Id", session}, {"Last-Event-ID", "s9/1"}}, "").status, 404);
  EXPECT_EQ(Send("GET", {{"Mcp-Session-Id", session}, {"Last-Event-ID", "x"}}, "").status, 404);
}

TEST(Fixtures, AreAServer) {
  Registry registry;
  auto server = std::make_shared<Server*>(nullptr);
  AddConformanceFixtures(registry, server);
  const Server made(std::move(registry), std::make_shared<RealClock>());
  EXPECT_GT(made.registry().tools.size(), 20U);
}

}  // namespace
}  // namespace maxopt::mcp
