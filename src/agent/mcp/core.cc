// The protocol itself: one request in, what is to be done with it out.
#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "agent/mcp/mcp.h"
#include "agent/mcp/schema.h"
#include "agent/mcp/seal.h"
#include "domain/digest.h"

namespace maxopt::mcp {
namespace {

constexpr int kInvalidRequest = -32600;
constexpr int kMethodNotFound = -32601;
constexpr int kInvalidParams = -32602;
constexpr int kInternalError = -32603;
constexpr int kResourceNotFoundLegacy = -32002;
constexpr int kHeaderMismatch = -32020;
constexpr int kMissingCapability = -32021;
constexpr int kUnsupportedVersion = -32022;

constexpr const char* kMetaVersion = "io.modelcontextprotocol/protocolVersion";
constexpr const char* kMetaCapabilities = "io.modelcontextprotocol/clientCapabilities";
constexpr const char* kMetaLogLevel = "io.modelcontextprotocol/logLevel";
constexpr const char* kMetaServerInfo = "io.modelcontextprotocol/serverInfo";

/// A tool that asks the same again and again must end.
constexpr int kRoundsMax = 8;
constexpr int kDepthMax = 64;
constexpr std::size_t kCompletionsMax = 100;

constexpr std::string_view kLevels[] = {"debug", "info",     "notice", "warning",
                                        "error", "critical", "alert",  "emergency"};

std::optional<LogLevel> ParseLevel(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto found = std::find(std::begin(kLevels), std::end(kLevels), value.get<std::string>());
  if (found == std::end(kLevels)) return std::nullopt;
  return static_cast<LogLevel>(found - std::begin(kLevels));
}

const Json& At(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}
std::string Text(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

bool IsId(const Json& id) { return id.is_string() || id.is_number_integer(); }

std::string Dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The terms under which one request is answered.
struct Terms {
  Revision revision;
  Json client_capabilities;
  std::optional<LogLevel> log_level;  ///< nullopt: nothing is logged
  bool modern() const { return revision == Revision::k2026_07_28; }
};

/// Whether the capabilities that `needed` names are among those that the client has.
Json MissingCapabilities(const Json& needed, const Json& has) {
  Json missing = Json::object();
  for (const auto& [name, inner] : needed.items()) {
    const Json& own = At(has, name.c_str());
    if (!own.is_object()) {
      missing[name] = inner;
      continue;
    }
    for (const auto& [sub, value] : inner.items()) {
      if (!At(own, sub.c_str()).is_object()) missing[name][sub] = value;
    }
  }
  return missing;
}

/// What a client must be able to do to be asked this.
Json NeededFor(const Question& question) {
  if (question.method == "sampling/createMessage") {
    return {{"sampling", Json::object()}};
  }
  if (question.method == "roots/list") {
    return {{"roots", Json::object()}};
  }
  if (Text(At(question.params, "mode")) == "url") {
    return {{"elicitation", {{"url", Json::object()}}}};
  }
  return {{"elicitation", Json::object()}};
}

class RunningCall final : public Call {
 public:
  RunningCall(const Principal& principal, Terms terms, Json arguments, Json progress_token,
              Peer& peer)
      : principal_(principal),
        terms_(std::move(terms)),
        arguments_(std::move(arguments)),
        token_(std::move(progress_token)),
        peer_(peer) {}

  const Principal& principal() const override { return principal_; }
  const Json& arguments() const override { return arguments_; }
  const Json& client_capabilities() const override { return terms_.client_capabilities; }
  const Json& answers() const override { return answers_; }
  const Json& state() const override { return state_; }
  void Progress(double progress, std::optional<double> total, const std::string& message) override {
    if (token_.is_null() || peer_.gone()) return;
    Json params = {{"progressToken", token_}, {"progress", progress}};
    if (total) params["total"] = *total;
    // The field came with 2025-03-26, the oldest that is spoken here.
    if (!message.empty()) params["message"] = message;
    peer_.Notify(
        {{"jsonrpc", "2.0"}, {"method", "notifications/progress"}, {"params", std::move(params)}});
  }
  void Log(LogLevel level, const Json& data) override {
    if (!terms_.log_level || level < *terms_.log_level || peer_.gone()) return;
    peer_.Notify(
        {{"jsonrpc", "2.0"},
         {"method", "notifications/message"},
         {"params",
          {{"level", kLevels[static_cast<int>(level)]}, {"logger", "maxopt"}, {"data", data}}}});
  }
  bool cancelled() const override { return peer_.gone(); }
  void Detach() override { peer_.Detach(); }

  const Terms& terms() const { return terms_; }
  Peer& peer() { return peer_; }
  void Give(Json answers, Json state) {
    answers_ = std::move(answers);
    state_ = std::move(state);
  }

 private:
  const Principal principal_;
  const Terms terms_;
  const Json arguments_;
  const Json token_;
  Peer& peer_;
  Json answers_ = Json::object();
  Json state_;
};

Json InfoOf(const ServerOptions& options, Revision revision) {
  Json info = {{"name", options.name}};
  if (revision >= Revision::k2025_06_18) info["title"] = options.title;
  info["version"] = options.version;
  return info;
}

/// An answer whose text a client could take for an instruction is still data: it goes out as it is,
/// in JSON strings, and never into a description.
Json ResultMessage(const Json& id, Json result) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

/// Where in the schema's object a value must be mirrored in a header: path -> header.
void CollectHeaders(const Json& schema, const std::vector<std::string>& path,
                    std::vector<std::pair<std::vector<std::string>, std::string>>& out) {
  const Json& properties = At(schema, "properties");
  if (!properties.is_object()) return;
  for (const auto& [name, property] : properties.items()) {
    std::vector<std::string> inner = path;
    inner.push_back(name);
    if (const Json& header = At(property, "x-mcp-header"); header.is_string()) {
      out.emplace_back(inner, header.get<std::string>());
    }
    CollectHeaders(property, inner, out);
  }
}

}  // namespace

// --- words --------------------------------------------------------------------------------------

bool Principal::Sees(std::string_view client) const {
  return !clients || std::find(clients->begin(), clients->end(), client) != clients->end();
}

std::string_view RevisionName(Revision revision) {
  switch (revision) {
    case Revision::k2025_03_26:
      return "2025-03-26";
    case Revision::k2025_06_18:
      return "2025-06-18";
    case Revision::k2025_11_25:
      return "2025-11-25";
    case Revision::k2026_07_28:
      return "2026-07-28";
  }
  Bug();
}

std::optional<Revision> ParseRevision(std::string_view name) {
  for (const Revision revision : {Revision::k2025_03_26, Revision::k2025_06_18,
                                  Revision::k2025_11_25, Revision::k2026_07_28}) {
    if (RevisionName(revision) == name) return revision;
  }
  return std::nullopt;
}

Json TextBlock(const std::string& text) { return {{"type", "text"}, {"text", text}}; }

ToolResult ToolFailure(const std::string& what) {
  ToolResult result;
  result.content.push_back(TextBlock(what));
  result.is_error = true;
  return result;
}

Json ErrorMessage(const Json& id, int code, const std::string& message, const Json& data) {
  Json out = {{"jsonrpc", "2.0"}};
  if (!id.is_null()) out["id"] = id;
  Json error = {{"code", code}, {"message", message}};
  if (!data.is_null()) error["data"] = data;
  out["error"] = std::move(error);
  return out;
}

Result<Json> ParseMessage(std::string_view text) {
  bool too_deep = false;
  try {
    Json message = Json::parse(text, [&](int depth, Json::parse_event_t, Json&) {
      if (depth > kDepthMax) too_deep = true;
      return !too_deep;
    });
    if (too_deep) {
      return Fail(Errc::kInvalidArgument, fmt::format("deeper than {} levels", kDepthMax));
    }
    return message;
  } catch (const Json::exception& error) {
    return Fail(Errc::kInvalidArgument, error.what());
  }
}

// --- the server ---------------------------------------------------------------------------------

struct Server::Impl {
  Registry registry;
  std::shared_ptr<const Clock> clock;
  ServerOptions options;
  struct Compiled {
    std::unique_ptr<CompiledSchema> input, output;
    std::vector<std::pair<std::vector<std::string>, std::string>> headers;
  };
  std::vector<Compiled> compiled;  // beside registry.tools

  std::mutex listeners_mutex;
  struct Listener {
    Json filter;
    std::function<void(Json)> tell;
  };
  std::map<int, Listener> listeners;
  int next_listener = 1;

  std::mutex calls_mutex;
  std::map<std::string, std::deque<Instant>> calls;  // of the last minute, by principal

  const Tool* FindTool(const std::string& name, const Principal& principal,
                       std::size_t* place = nullptr) const {
    for (std::size_t i = 0; i < registry.tools.size(); ++i) {
      const Tool& tool = registry.tools[i];
      if (tool.name != name || (tool.writes && !principal.may_propose)) continue;
      if (place) *place = i;
      return &tool;
    }
    return nullptr;
  }

  /// True while the principal is within its calls of a minute.
  bool CountCall(const std::string& principal) {
    const Instant now = clock->Now();
    std::lock_guard lock(calls_mutex);
    std::deque<Instant>& own = calls[principal];
    while (!own.empty() && own.front() + std::chrono::minutes(1) < now) own.pop_front();
    if (own.size() >= options.max_tool_calls_per_minute) return false;
    own.push_back(now);
    return true;
  }

  Json Capabilities() const {
    Json out = Json::object();
    out["tools"] = registry.tools_change ? Json{{"listChanged", true}} : Json::object();
    out["prompts"] = registry.prompts_change ? Json{{"listChanged", true}} : Json::object();
    out["resources"] = registry.resources_change ? Json{{"listChanged", true}, {"subscribe", true}}
                                                 : Json::object();
    out["completions"] = Json::object();
    out["logging"] = Json::object();
    return out;
  }

  // --- answers ---

  Json Complete(const Terms& terms, Json result) const {
    if (!terms.modern()) return result;
    Json out = {{"resultType", "complete"}};
    for (auto& [key, value] : result.items()) out[key] = std::move(value);
    out["_meta"][kMetaServerInfo] = InfoOf(options, terms.revision);
    return out;
  }
  /// With how long it may be kept, and by whom: what is listed depends on who asks.
  Json Cacheable(const Terms& terms, Json result, std::chrono::milliseconds ttl) const {
    if (terms.modern()) {
      result["ttlMs"] = ttl.count();
      result["cacheScope"] = "private";
    }
    return Complete(terms, std::move(result));
  }

  /// One page of `items`. A cursor is the place and what the list was: one that changed meanwhile
  /// is an error, so that nothing is left out silently.
  Result<Json> Page(const Json& params, const char* key, const std::vector<Json>& items,
                    const std::vector<std::string>& names) const {
    std::string all;
    for (const std::string& name : names) all += name + '\n';
    const std::string digest = Sha256Hex(all).substr(0, 16);
    std::size_t from = 0;
    if (const Json& cursor = At(params, "cursor"); !cursor.is_null()) {
      const auto plain = FromBase64(Text(cursor));
      const std::size_t colon = plain ? plain->find(':') : std::string::npos;
      if (!plain || colon == std::string::npos || plain->substr(colon + 1) != digest ||
          plain->find_first_not_of("0123456789") != colon || colon > 9 ||
          (from = std::stoul(plain->substr(0, colon))) >= items.size()) {
        return Fail(Errc::kInvalidArgument,
                    "the cursor is not one of this list, or the list changed; begin again");
      }
    }
    Json out = {{key, Json::array()}};
    const std::size_t to = std::min(items.size(), from + options.page_size);
    for (std::size_t i = from; i < to; ++i) out[key].push_back(items[i]);
    if (to < items.size()) out["nextCursor"] = Base64(fmt::format("{}:{}", to, digest));
    return out;
  }

  Json ToolJson(const Tool& tool, Revision revision) const {
    Json out = {{"name", tool.name}};
    if (revision >= Revision::k2025_06_18 && !tool.title.empty()) out["title"] = tool.title;
    out["description"] = tool.description;
    out["inputSchema"] = tool.input_schema;
    if (revision >= Revision::k2025_06_18 && !tool.output_schema.is_null()) {
      out["outputSchema"] = tool.output_schema;
    }
    Json annotations = Json::object();
    if (!tool.title.empty()) annotations["title"] = tool.title;
    annotations["readOnlyHint"] = tool.read_only;
    annotations["destructiveHint"] = tool.destructive;
    annotations["idempotentHint"] = tool.idempotent;
    annotations["openWorldHint"] = tool.open_world;
    out["annotations"] = std::move(annotations);
    return out;
  }

  Json ToolAnswer(const Tool& tool, std::size_t place, const Terms& terms, ToolResult result,
                  const Json& id) const {
    if (!result.is_error && compiled[place].output) {
      if (result.structured.is_null()) {
        return ErrorMessage(id, kInternalError,
                            tool.name + " answered without the content that it promises");
      }
      const std::string objection = compiled[place].output->Objection(result.structured);
      if (!objection.empty()) {
        return ErrorMessage(id, kInternalError,
                            tool.name + " answered what it does not promise: " + objection);
      }
    }
    std::string text;
    if (!result.structured.is_null()) text = Dump(result.structured);
    if (text.size() + Dump(result.content).size() > options.max_answer_bytes) {
      result = ToolFailure(
          fmt::format("the answer has {} bytes and {} may be sent; ask for less: a shorter period, "
                      "fewer dimensions, a smaller limit",
                      text.size() + Dump(result.content).size(), options.max_answer_bytes));
      text.clear();
    }
    Json out = {{"content", std::move(result.content)}};
    if (!result.structured.is_null()) {
      out["content"].push_back(TextBlock(text));
      if (terms.revision >= Revision::k2025_06_18) {
        out["structuredContent"] = std::move(result.structured);
      }
    }
    // Absent is false; the older schemas know it too.
    if (result.is_error) out["isError"] = true;
    return ResultMessage(id, Complete(terms, std::move(out)));
  }

  /// Runs `once` until it has what it needs. In the modern era the client comes back with answers;
  /// in the older one it is asked meanwhile. nullopt: nobody waits any more.
  template <class T>
  std::optional<Json> Rounds(RunningCall& call, const Json& id, const std::string& digest,
                             const std::function<Outcome<T>(Call&)>& once,
                             const std::function<Json(T)>& done,
                             const std::function<Json(const Error&)>& failed) const {
    for (int round = 0; round < kRoundsMax; ++round) {
      Outcome<T> outcome = Fail(Errc::kLocal, "");
      try {
        outcome = once(call);
      } catch (const std::exception& error) {
        return ErrorMessage(id, kInternalError, std::string("internal error: ") + error.what());
      }
      if (call.cancelled()) return std::nullopt;
      if (!outcome) return failed(outcome.error());
      if (T* value = std::get_if<T>(&*outcome)) return done(std::move(*value));
      Needs& needs = std::get<Needs>(*outcome);
      for (const Question& question : needs.questions) {
        const Json missing = MissingCapabilities(NeededFor(question), call.client_capabilities());
        if (missing.empty()) continue;
        if (call.terms().modern()) {
          return ErrorMessage(id, kMissingCapability,
                              "this needs what the client did not declare that it can do",
                              {{"requiredCapabilities", missing}});
        }
        return failed(
            {Errc::kInvalidArgument, "this needs what the client cannot do: " + Dump(missing)});
      }
      if (call.terms().modern()) {
        Json out = {{"resultType", "input_required"}};
        if (!needs.questions.empty()) {
          Json requests = Json::object();
          for (const Question& question : needs.questions) {
            requests[question.key] = {{"method", question.method}, {"params", question.params}};
          }
          out["inputRequests"] = std::move(requests);
        }
        if (!needs.state.is_null() || needs.questions.empty()) {
          out["requestState"] = Seal({call.principal().name, digest, needs.state},
                                     clock->Now() + options.state_ttl, options.secret);
        }
        out["_meta"][kMetaServerInfo] = InfoOf(options, call.terms().revision);
        return ResultMessage(id, std::move(out));
      }
      Json answers = Json::object();
      for (const Question& question : needs.questions) {
        Result<Json> answer = call.peer().Ask(question.method, question.params);
        if (call.cancelled()) return std::nullopt;
        if (!answer) return failed(answer.error());
        answers[question.key] = *std::move(answer);
      }
      call.Give(std::move(answers), std::move(needs.state));
    }
    return failed({Errc::kUnavailable, "too many rounds of questions"});
  }

  /// Takes the answers and the state out of a modern request; what is wrong with them otherwise.
  std::string TakeAnswers(const Json& params, const Principal& principal, const std::string& digest,
                          Json& answers, Json& state) const {
    answers = Json::object();
    if (params.contains("inputResponses")) {
      const Json& given = params["inputResponses"];
      if (!given.is_object()) return "inputResponses must be an object";
      for (const auto& [key, value] : given.items()) {
        if (!value.is_object()) return fmt::format("inputResponses.{} must be an object", key);
      }
      answers = given;
    }
    if (params.contains("requestState")) {
      const Json& given = params["requestState"];
      if (!given.is_string()) return "requestState must be a string";
      auto opened =
          Open(given.get<std::string>(), principal.name, digest, clock->Now(), options.secret);
      if (!opened) return "requestState is not ours, not of this call, or too old; call again";
      state = *std::move(opened);
    }
    return "";
  }

  // --- methods ---

  Step TakeCall(const Json& id, const Json& params, const Principal& principal, Terms terms) {
    const auto wrong = [&](const std::string& what, const Json& data = nullptr) {
      return Step{.answer = ErrorMessage(id, kInvalidParams, what, data)};
    };
    if (!At(params, "name").is_string()) return wrong("params.name must be a string");
    const std::string name = params["name"].get<std::string>();
    std::size_t place = 0;
    const Tool* tool = FindTool(name, principal, &place);
    if (!tool) return wrong("Unknown tool: " + name);
    Json arguments = At(params, "arguments");
    if (arguments.is_null()) arguments = Json::object();
    if (!arguments.is_object()) return wrong("params.arguments must be an object");
    const Json missing = MissingCapabilities(tool->needs_capabilities, terms.client_capabilities);
    if (!missing.empty() && terms.modern()) {
      return {.answer = ErrorMessage(id, kMissingCapability,
                                     name + " needs what the client did not declare that it can do",
                                     {{"requiredCapabilities", missing}}),
              .http_status = 400};
    }
    const auto tell = [&](const std::string& what) {
      return Step{.answer = ToolAnswer(*tool, place, terms, ToolFailure(what), id)};
    };
    if (!missing.empty()) return tell(name + " needs what the client cannot do: " + Dump(missing));
    if (const std::string objection = compiled[place].input->Objection(arguments);
        !objection.empty()) {
      const std::string what = "the arguments of " + name + " are not right: " + objection;
      // From 2025-11-25 on a model is to see this and to try again.
      return terms.revision >= Revision::k2025_11_25 ? tell(what) : wrong(what);
    }
    const std::string digest = Sha256Hex("tools/call\n" + name + "\n" + Dump(arguments));
    Json answers, state;
    if (terms.modern()) {
      const std::string objection = TakeAnswers(params, principal, digest, answers, state);
      if (!objection.empty()) return wrong(objection);
    }
    if (!CountCall(principal.name)) {
      return tell(fmt::format("more than {} calls in a minute; wait a minute",
                              options.max_tool_calls_per_minute));
    }
    const Json token = At(At(params, "_meta"), "progressToken");
    Step step;
    step.streams = true;
    step.work = [this, id, principal, terms = std::move(terms), arguments = std::move(arguments),
                 token, answers = std::move(answers), state = std::move(state), digest, tool,
                 place](Peer& peer) -> std::optional<Json> {
      RunningCall call(principal, terms, arguments, token, peer);
      call.Give(answers.is_null() ? Json::object() : answers, state);
      return Rounds<ToolResult>(
          call, id, digest, tool->run,
          [&](ToolResult result) { return ToolAnswer(*tool, place, terms, std::move(result), id); },
          [&](const Error& error) {
            return ToolAnswer(*tool, place, terms, ToolFailure(error.what), id);
          });
    };
    return step;
  }

  Step TakeRead(const Json& id, const Json& params, const Principal& principal, Terms terms) {
    if (!At(params, "uri").is_string()) {
      return {.answer = ErrorMessage(id, kInvalidParams, "params.uri must be a string")};
    }
    const std::string uri = params["uri"].get<std::string>();
    const std::string digest = Sha256Hex("resources/read\n" + uri);
    Json answers = Json::object(), state;
    if (terms.modern()) {
      const std::string objection = TakeAnswers(params, principal, digest, answers, state);
      if (!objection.empty()) return {.answer = ErrorMessage(id, kInvalidParams, objection)};
    }
    Step step;
    step.work = [this, id, principal, terms = std::move(terms), uri, digest,
                 answers = std::move(answers),
                 state = std::move(state)](Peer& peer) -> std::optional<Json> {
      RunningCall call(principal, terms, Json::object(), nullptr, peer);
      call.Give(answers, state);
      const auto once = [&](Call& running) -> Outcome<Json> {
        for (const ResourceSource& source : registry.resources) {
          Outcome<Json> contents = source.read(uri, running);
          if (contents || contents.error().code != Errc::kNotFound) return contents;
        }
        return Fail(Errc::kNotFound, "Resource not found");
      };
      return Rounds<Json>(
          call, id, digest, once,
          [&](Json contents) {
            if (Dump(contents).size() > 4 * options.max_answer_bytes) {
              return ErrorMessage(id, kInternalError, "the resource is too large to be sent",
                                  {{"uri", uri}});
            }
            return ResultMessage(id, Cacheable(terms, {{"contents", std::move(contents)}},
                                               std::chrono::milliseconds(0)));
          },
          [&](const Error& error) {
            const bool none = error.code == Errc::kNotFound;
            const int code = !none            ? kInternalError
                             : terms.modern() ? kInvalidParams
                                              : kResourceNotFoundLegacy;
            return ErrorMessage(id, code, none ? "Resource not found" : error.what, {{"uri", uri}});
          });
    };
    return step;
  }

  Step TakePrompt(const Json& id, const Json& params, const Principal& principal, Terms terms) {
    const auto wrong = [&](const std::string& what) {
      return Step{.answer = ErrorMessage(id, kInvalidParams, what)};
    };
    if (!At(params, "name").is_string()) return wrong("params.name must be a string");
    const std::string name = params["name"].get<std::string>();
    const auto prompt = std::find_if(registry.prompts.begin(), registry.prompts.end(),
                                     [&](const Prompt& p) { return p.name == name; });
    if (prompt == registry.prompts.end()) return wrong("Unknown prompt: " + name);
    Json arguments = At(params, "arguments");
    if (arguments.is_null()) arguments = Json::object();
    if (!arguments.is_object()) return wrong("params.arguments must be an object");
    for (const auto& [key, value] : arguments.items()) {
      if (!value.is_string()) return wrong(fmt::format("argument {} must be a string", key));
    }
    for (const Argument& argument : prompt->arguments) {
      if (argument.required && !arguments.contains(argument.name)) {
        return wrong(fmt::format("argument {} is missing", argument.name));
      }
    }
    const std::string digest = Sha256Hex("prompts/get\n" + name + "\n" + Dump(arguments));
    Json answers = Json::object(), state;
    if (terms.modern()) {
      const std::string objection = TakeAnswers(params, principal, digest, answers, state);
      if (!objection.empty()) return wrong(objection);
    }
    Step step;
    step.streams = true;
    step.work = [this, id, principal, terms = std::move(terms), arguments = std::move(arguments),
                 digest, answers = std::move(answers), state = std::move(state),
                 &prompt = *prompt](Peer& peer) -> std::optional<Json> {
      RunningCall call(principal, terms, arguments, nullptr, peer);
      call.Give(answers, state);
      return Rounds<Json>(
          call, id, digest, prompt.get,
          [&](Json messages) {
            return ResultMessage(id, Complete(terms, {{"description", prompt.description},
                                                      {"messages", std::move(messages)}}));
          },
          [&](const Error& error) {
            const bool asker =
                error.code == Errc::kInvalidArgument || error.code == Errc::kNotFound;
            return ErrorMessage(id, asker ? kInvalidParams : kInternalError, error.what);
          });
    };
    return step;
  }

  Json CompleteArgument(const Json& id, const Json& params, const Principal& principal,
                        const Terms& terms) const {
    const Json& ref = At(params, "ref");
    const Json& argument = At(params, "argument");
    if (!At(argument, "name").is_string() || !At(argument, "value").is_string()) {
      return ErrorMessage(id, kInvalidParams, "params.argument needs name and value, both strings");
    }
    const std::vector<Argument>* arguments = nullptr;
    if (Text(At(ref, "type")) == "ref/prompt") {
      for (const Prompt& prompt : registry.prompts) {
        if (prompt.name == Text(At(ref, "name"))) arguments = &prompt.arguments;
      }
    } else if (Text(At(ref, "type")) == "ref/resource") {
      for (const ResourceTemplate& one : registry.templates) {
        if (one.uri_template == Text(At(ref, "uri"))) arguments = &one.arguments;
      }
    } else {
      return ErrorMessage(id, kInvalidParams, "params.ref.type is ref/prompt or ref/resource");
    }
    if (!arguments) return ErrorMessage(id, kInvalidParams, "params.ref names nothing known");
    const std::string name = Text(argument["name"]);
    const auto found = std::find_if(arguments->begin(), arguments->end(),
                                    [&](const Argument& a) { return a.name == name; });
    std::vector<std::string> values;
    if (found != arguments->end() && found->complete) {
      values = found->complete(principal, Text(argument["value"]));
    }
    const std::size_t total = values.size();
    if (total > kCompletionsMax) values.resize(kCompletionsMax);
    return ResultMessage(
        id,
        Complete(terms,
                 {{"completion",
                   {{"values", values}, {"total", total}, {"hasMore", total > kCompletionsMax}}}}));
  }

  /// What both eras know.
  std::optional<Step> TakeShared(const Json& id, const std::string& method, const Json& params,
                                 const Principal& principal, const Terms& terms) {
    const auto listed = [&](Result<Json> page) {
      if (!page) {
        return Step{.answer = ErrorMessage(id, kInvalidParams, page.error().what)};
      }
      return Step{.answer =
                      ResultMessage(id, Cacheable(terms, *std::move(page), options.list_ttl))};
    };
    std::vector<Json> items;
    std::vector<std::string> names;
    if (method == "tools/list") {
      for (const Tool& tool : registry.tools) {
        if (tool.writes && !principal.may_propose) continue;
        items.push_back(ToolJson(tool, terms.revision));
        names.push_back(tool.name);
      }
      return listed(Page(params, "tools", items, names));
    }
    if (method == "prompts/list") {
      for (const Prompt& prompt : registry.prompts) {
        Json out = {{"name", prompt.name}};
        if (terms.revision >= Revision::k2025_06_18) out["title"] = prompt.title;
        out["description"] = prompt.description;
        if (!prompt.arguments.empty()) out["arguments"] = Json::array();
        for (const Argument& argument : prompt.arguments) {
          out["arguments"].push_back({{"name", argument.name},
                                      {"description", argument.description},
                                      {"required", argument.required}});
        }
        items.push_back(std::move(out));
        names.push_back(prompt.name);
      }
      return listed(Page(params, "prompts", items, names));
    }
    if (method == "resources/templates/list") {
      for (const ResourceTemplate& one : registry.templates) {
        Json out = {{"uriTemplate", one.uri_template}, {"name", one.name}};
        if (terms.revision >= Revision::k2025_06_18) out["title"] = one.title;
        out["description"] = one.description;
        out["mimeType"] = one.mime_type;
        items.push_back(std::move(out));
        names.push_back(one.uri_template);
      }
      return listed(Page(params, "resourceTemplates", items, names));
    }
    if (method == "resources/list") {
      // Listing asks the memory, so it runs where calls run.
      Step step;
      step.work = [this, id, params, principal, terms](Peer& peer) -> std::optional<Json> {
        std::vector<Json> found;
        std::vector<std::string> uris;
        for (const ResourceSource& source : registry.resources) {
          Result<std::vector<Resource>> some = source.list(principal);
          if (!some) return ErrorMessage(id, kInternalError, some.error().what);
          for (const Resource& resource : *some) {
            Json out = {{"uri", resource.uri}, {"name", resource.name}};
            if (terms.revision >= Revision::k2025_06_18) out["title"] = resource.title;
            out["description"] = resource.description;
            out["mimeType"] = resource.mime_type;
            found.push_back(std::move(out));
            uris.push_back(resource.uri);
          }
        }
        if (peer.gone()) return std::nullopt;
        Result<Json> page = Page(params, "resources", found, uris);
        if (!page) return ErrorMessage(id, kInvalidParams, page.error().what);
        return ResultMessage(id, Cacheable(terms, *std::move(page), options.list_ttl));
      };
      return step;
    }
    if (method == "tools/call") return TakeCall(id, params, principal, terms);
    if (method == "resources/read") return TakeRead(id, params, principal, terms);
    if (method == "prompts/get") return TakePrompt(id, params, principal, terms);
    if (method == "completion/complete") {
      // Completers ask the memory as well.
      Step step;
      step.work = [this, id, params, principal, terms](Peer&) -> std::optional<Json> {
        return CompleteArgument(id, params, principal, terms);
      };
      return step;
    }
    return std::nullopt;
  }

  void Tell(const std::function<bool(const Json& filter)>& wants, const Json& notification) {
    // Under the lock, so that nobody is told after Unlisten.
    std::lock_guard lock(listeners_mutex);
    for (const auto& [number, listener] : listeners) {
      if (wants(listener.filter)) listener.tell(notification);
    }
  }
  void TellChanged(const char* flag, const char* method) {
    Tell([&](const Json& filter) { return At(filter, flag) == true; },
         {{"jsonrpc", "2.0"}, {"method", method}, {"params", Json::object()}});
  }
};

Server::Server(Registry registry, std::shared_ptr<const Clock> clock, ServerOptions options)
    : impl_(std::make_unique<Impl>()) {
  impl_->registry = std::move(registry);
  impl_->clock = std::move(clock);
  impl_->options = std::move(options);
  if (impl_->options.secret.empty()) impl_->options.secret = RandomSecret();
  std::set<std::string> names;
  for (const Tool& tool : impl_->registry.tools) {
    if (!names.insert(tool.name).second) Bug();
    Impl::Compiled compiled;
    compiled.input = std::make_unique<CompiledSchema>(tool.input_schema);
    if (!tool.output_schema.is_null()) {
      compiled.output = std::make_unique<CompiledSchema>(tool.output_schema);
    }
    CollectHeaders(tool.input_schema, {}, compiled.headers);
    impl_->compiled.push_back(std::move(compiled));
  }
}

Server::~Server() = default;

const Registry& Server::registry() const { return impl_->registry; }

bool Server::IsModern(const Json& message) {
  return At(At(message, "params"), "_meta").contains(kMetaVersion);
}

namespace {

/// An answer when the message is not a request that can be taken; its id otherwise.
std::optional<Step> RequestObjection(const Json& request) {
  if (!request.is_object() || Text(At(request, "jsonrpc")) != "2.0" ||
      !At(request, "method").is_string()) {
    const Json& id = At(request, "id");
    return Step{.answer = ErrorMessage(IsId(id) ? id : Json(), kInvalidRequest,
                                       "not a JSON-RPC 2.0 request"),
                .http_status = 400};
  }
  if (!IsId(At(request, "id"))) {
    return Step{.answer = ErrorMessage(nullptr, kInvalidRequest, "id must be a string or integer"),
                .http_status = 400};
  }
  const Json& params = At(request, "params");
  if (!params.is_null() && !params.is_object()) {
    return Step{.answer = ErrorMessage(request["id"], kInvalidParams, "params must be an object"),
                .http_status = 400};
  }
  return std::nullopt;
}

}  // namespace

Step Server::Take(const Json& request, const Principal& principal) const {
  if (auto objection = RequestObjection(request)) return *std::move(objection);
  const Json& id = request["id"];
  const Json& params = At(request, "params");
  const Json& meta = At(params, "_meta");
  const auto malformed = [&](const std::string& what) {
    return Step{.answer = ErrorMessage(id, kInvalidParams, what), .http_status = 400};
  };
  if (!At(meta, kMetaVersion).is_string()) {
    return malformed(fmt::format("params._meta[\"{}\"] is missing", kMetaVersion));
  }
  if (const auto revision = ParseRevision(Text(meta[kMetaVersion]));
      revision != Revision::k2026_07_28) {
    return {
        .answer = ErrorMessage(id, kUnsupportedVersion, "Unsupported protocol version",
                               {{"supported", Json::array({RevisionName(Revision::k2026_07_28)})},
                                {"requested", meta[kMetaVersion]}}),
        .http_status = 400};
  }
  if (!At(meta, kMetaCapabilities).is_object()) {
    return malformed(fmt::format("params._meta[\"{}\"] is missing", kMetaCapabilities));
  }
  Terms terms{Revision::k2026_07_28, meta[kMetaCapabilities], std::nullopt};
  if (const Json& level = At(meta, kMetaLogLevel); !level.is_null()) {
    terms.log_level = ParseLevel(level);
    if (!terms.log_level) return malformed(fmt::format("{} is no level", Dump(level)));
  }
  const std::string method = request["method"].get<std::string>();
  if (auto step = impl_->TakeShared(id, method, params, principal, terms)) {
    return *std::move(step);
  }
  if (method == "server/discover") {
    Json result = {{"supportedVersions", Json::array({RevisionName(Revision::k2026_07_28)})},
                   {"capabilities", impl_->Capabilities()}};
    if (!impl_->registry.instructions.empty()) {
      result["instructions"] = impl_->registry.instructions;
    }
    return {.answer = ResultMessage(
                id, impl_->Cacheable(terms, std::move(result), impl_->options.list_ttl))};
  }
  if (method == "subscriptions/listen") {
    const Json& filter = At(params, "notifications");
    if (!filter.is_object()) {
      return {.answer = ErrorMessage(id, kInvalidParams, "params.notifications must be an object")};
    }
    return {.listen = Honoured(filter)};
  }
  return {.answer = ErrorMessage(id, kMethodNotFound, "Method not found: " + method),
          .http_status = 404};
}

Step Server::TakeLegacy(const Json& request, const Principal& principal, Session& session) const {
  if (auto objection = RequestObjection(request)) return *std::move(objection);
  const Json& id = request["id"];
  const Json& params = At(request, "params");
  const Terms terms{session.revision, session.client_capabilities, session.log_level};
  const std::string method = request["method"].get<std::string>();
  if (auto step = impl_->TakeShared(id, method, params, principal, terms)) {
    return *std::move(step);
  }
  if (method == "ping") return {.answer = ResultMessage(id, Json::object())};
  if (method == "logging/setLevel") {
    const auto level = ParseLevel(At(params, "level"));
    if (!level) return {.answer = ErrorMessage(id, kInvalidParams, "params.level is no level")};
    session.log_level = *level;
    return {.answer = ResultMessage(id, Json::object())};
  }
  if (impl_->registry.resources_change &&
      (method == "resources/subscribe" || method == "resources/unsubscribe")) {
    if (!At(params, "uri").is_string()) {
      return {.answer = ErrorMessage(id, kInvalidParams, "params.uri must be a string")};
    }
    const std::string uri = params["uri"].get<std::string>();
    std::erase(session.subscribed, uri);
    constexpr std::size_t kSubscribedMax = 1000;
    if (method == "resources/subscribe") {
      if (session.subscribed.size() >= kSubscribedMax) {
        return {.answer = ErrorMessage(id, kInvalidParams, "too many subscriptions")};
      }
      session.subscribed.push_back(uri);
    }
    return {.answer = ResultMessage(id, Json::object())};
  }
  return {.answer = ErrorMessage(id, kMethodNotFound, "Method not found: " + method)};
}

Server::Agreed Server::Initialize(const Json& request) const {
  if (auto objection = RequestObjection(request)) return {*objection->answer, std::nullopt};
  const Json& id = request["id"];
  const Json& params = At(request, "params");
  if (!At(params, "protocolVersion").is_string() || !At(params, "capabilities").is_object() ||
      !At(params, "clientInfo").is_object()) {
    return {ErrorMessage(id, kInvalidParams,
                         "initialize needs protocolVersion, capabilities and clientInfo"),
            std::nullopt};
  }
  Session session;
  // A version that is not spoken in this era is answered with the newest that is.
  const auto wanted = ParseRevision(Text(params["protocolVersion"]));
  session.revision = wanted && *wanted != Revision::k2026_07_28 ? *wanted : Revision::k2025_11_25;
  session.client_capabilities = params["capabilities"];
  Json result = {{"protocolVersion", RevisionName(session.revision)},
                 {"capabilities", impl_->Capabilities()},
                 {"serverInfo", InfoOf(impl_->options, session.revision)}};
  if (!impl_->registry.instructions.empty()) {
    result["instructions"] = impl_->registry.instructions;
  }
  return {ResultMessage(id, std::move(result)), std::move(session)};
}

std::optional<Json> Server::HeaderObjection(const Json& request,
                                            const http::Headers& headers) const {
  const Json& id = At(request, "id");
  const auto mismatch = [&](const std::string& what) {
    return ErrorMessage(IsId(id) ? id : Json(), kHeaderMismatch, "Header mismatch: " + what);
  };
  const auto trimmed = [&](std::string_view name) -> std::optional<std::string> {
    const auto value = http::FindHeader(headers, name);
    if (!value) return std::nullopt;
    const std::size_t from = value->find_first_not_of(" \t");
    if (from == std::string_view::npos) return "";
    return std::string(value->substr(from, value->find_last_not_of(" \t") - from + 1));
  };
  /// The value that a header carries; nullopt when it is badly encoded.
  const auto decoded = [](const std::string& value) -> std::optional<std::string> {
    for (const char c : value) {
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') ||
          static_cast<unsigned char>(c) > 0x7E) {
        return std::nullopt;
      }
    }
    constexpr std::string_view kBegin = "=?base64?", kEnd = "?=";
    if (!value.starts_with(kBegin) || !value.ends_with(kEnd) ||
        value.size() < kBegin.size() + kEnd.size()) {
      return value;
    }
    return FromBase64(
        std::string_view(value).substr(kBegin.size(), value.size() - kBegin.size() - kEnd.size()));
  };
  const Json& params = At(request, "params");
  const std::string version = Text(At(At(params, "_meta"), kMetaVersion));
  const auto version_header = trimmed("MCP-Protocol-Version");
  if (!version_header) return mismatch("MCP-Protocol-Version is missing");
  if (!version.empty() && *version_header != version) {
    return mismatch(
        fmt::format("MCP-Protocol-Version is {} and the body says {}", *version_header, version));
  }
  // A version that is not ours is answered as such, whatever its other headers are.
  if (!version.empty() && version != RevisionName(Revision::k2026_07_28)) return std::nullopt;
  const std::string method = Text(At(request, "method"));
  const auto method_header = trimmed("Mcp-Method");
  if (!method_header) return mismatch("Mcp-Method is missing");
  if (*method_header != method) {
    return mismatch(fmt::format("Mcp-Method is {} and the body says {}", *method_header, method));
  }
  if (method == "tools/call" || method == "prompts/get" || method == "resources/read") {
    const std::string name = Text(At(params, method == "resources/read" ? "uri" : "name"));
    const auto name_header = trimmed("Mcp-Name");
    if (!name_header) return mismatch("Mcp-Name is missing");
    if (decoded(*name_header) != name) {
      return mismatch("Mcp-Name is not what the body says");
    }
  }
  if (method != "tools/call") return std::nullopt;
  const std::string tool = Text(At(params, "name"));
  for (std::size_t i = 0; i < impl_->registry.tools.size(); ++i) {
    if (impl_->registry.tools[i].name != tool) continue;
    for (const auto& [path, header] : impl_->compiled[i].headers) {
      const Json* value = &At(params, "arguments");
      for (const std::string& step : path) value = &At(*value, step.c_str());
      const auto given = trimmed("Mcp-Param-" + header);
      if (value->is_null()) {
        if (given) return mismatch("Mcp-Param-" + header + " is there and the body has no value");
        continue;
      }
      if (!given) return mismatch("Mcp-Param-" + header + " is missing");
      const auto plain = decoded(*given);
      if (!plain) return mismatch("Mcp-Param-" + header + " is badly encoded");
      bool same = *plain == (value->is_string() ? value->get<std::string>() : Dump(*value));
      if (!same && value->is_number_integer()) {
        const auto number = Json::parse(*plain, nullptr, false);
        same = number.is_number() && number == *value;
      }
      if (!same) return mismatch("Mcp-Param-" + header + " is not what the body says");
    }
  }
  return std::nullopt;
}

// --- changes ------------------------------------------------------------------------------------

Json Server::Honoured(const Json& filter) const {
  const Registry& registry = impl_->registry;
  Json out = Json::object();
  const auto keep = [&](const char* flag, bool told) {
    if (told && At(filter, flag) == true) out[flag] = true;
  };
  keep("toolsListChanged", registry.tools_change);
  keep("promptsListChanged", registry.prompts_change);
  keep("resourcesListChanged", registry.resources_change);
  const Json& uris = At(filter, "resourceSubscriptions");
  if (registry.resources_change && uris.is_array()) {
    out["resourceSubscriptions"] = Json::array();
    for (const Json& uri : uris) {
      if (uri.is_string() && out["resourceSubscriptions"].size() < 1000) {
        out["resourceSubscriptions"].push_back(uri);
      }
    }
  }
  return out;
}

int Server::Listen(const Json& honoured, std::function<void(Json)> tell) {
  std::lock_guard lock(impl_->listeners_mutex);
  impl_->listeners[impl_->next_listener] = {honoured, std::move(tell)};
  return impl_->next_listener++;
}

void Server::Unlisten(int listener) {
  std::lock_guard lock(impl_->listeners_mutex);
  impl_->listeners.erase(listener);
}

void Server::ToolsChanged() {
  impl_->TellChanged("toolsListChanged", "notifications/tools/list_changed");
}
void Server::PromptsChanged() {
  impl_->TellChanged("promptsListChanged", "notifications/prompts/list_changed");
}
void Server::ResourcesChanged() {
  impl_->TellChanged("resourcesListChanged", "notifications/resources/list_changed");
}
void Server::ResourceUpdated(const std::string& uri) {
  impl_->Tell(
      [&](const Json& filter) {
        const Json& uris = At(filter, "resourceSubscriptions");
        // `true` in place of a list: whatever the listener is subscribed to, it sorts out itself.
        return uris == true ||
               (uris.is_array() && std::find(uris.begin(), uris.end(), uri) != uris.end());
      },
      {{"jsonrpc", "2.0"},
       {"method", "notifications/resources/updated"},
       {"params", {{"uri", uri}}}});
}

}  // namespace maxopt::mcp
