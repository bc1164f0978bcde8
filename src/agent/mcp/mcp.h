#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "clock/clock.h"
#include "http/http.h"
#include "result/result.h"

/// The Model Context Protocol, served: tools, resources and prompts as data, the protocol over them
/// as messages in and messages out, and two transports around it (stdio, streamable HTTP).
///
/// Two eras are served side by side, told apart message by message. The modern one (revision
/// 2026-07-28) has no session: each request says in params._meta what it speaks. The older one
/// (2025-11-25, 2025-06-18, 2025-03-26) begins with `initialize`. A tool is written once, for the
/// modern era: when it lacks an answer from the person it ends with Needs, and is called again with
/// the answers. In the older era the transport asks meanwhile, and the tool does not notice.
///
/// Source: modelcontextprotocol.io/specification, schema/2026-07-28 and docs of that revision.
namespace maxopt::mcp {

using Json = nlohmann::ordered_json;

/// Who asks, as the transport knows it.
struct Principal {
  std::string name;  ///< for the records: "key reporting", "anna on this machine"
  /// Whom it may see; nullopt: every client there is.
  std::optional<std::vector<std::string>> clients{};
  bool may_propose = false;  ///< may call tools that write
  bool Sees(std::string_view client) const;
};

enum class Revision { k2025_03_26, k2025_06_18, k2025_11_25, k2026_07_28 };
std::string_view RevisionName(Revision revision);
std::optional<Revision> ParseRevision(std::string_view name);

/// RFC 5424's, least first.
enum class LogLevel { kDebug, kInfo, kNotice, kWarning, kError, kCritical, kAlert, kEmergency };

/// What runs a call: its input, and the way back while it runs. Lives for one call only.
class Call {
 public:
  virtual ~Call() = default;
  virtual const Principal& principal() const = 0;
  /// Checked against the tool's input schema. Of a prompt: its arguments. Else empty.
  virtual const Json& arguments() const = 0;
  /// What the client can do: {"elicitation": {}, "sampling": {}, ...}.
  virtual const Json& client_capabilities() const = 0;
  /// Answers to what an earlier round asked for, by key; an object. From the other end: unchecked.
  virtual const Json& answers() const = 0;
  /// What an earlier round kept for this one, proven to be ours; null in the first.
  virtual const Json& state() const = 0;
  /// Tells how far it is; nothing when the client did not ask. `progress` grows.
  virtual void Progress(double progress, std::optional<double> total,
                        const std::string& message) = 0;
  /// Tells the client's log; nothing below the level that the client wants.
  virtual void Log(LogLevel level, const Json& data) = 0;
  /// True: nobody waits any more; end soon, whatever is returned is dropped.
  virtual bool cancelled() const = 0;
  /// Closes the stream of the answer without ending the call: the client comes back for the rest.
  /// Nothing where that cannot be done.
  virtual void Detach() = 0;
};

/// A request to the person or the model at the other end.
struct Question {
  std::string key;     ///< unique in its round
  std::string method;  ///< elicitation/create, sampling/createMessage, roots/list
  Json params;
};
/// The call cannot go on without answers: it is made again with them, and with `state` as it is.
struct Needs {
  std::vector<Question> questions;
  Json state{};  ///< null: nothing to keep
};
/// What a tool answers. Structured content goes out as text as well.
struct ToolResult {
  Json structured{};             ///< null: none; must be there when the tool has an output schema
  Json content = Json::array();  ///< content blocks, before the structured one's text
  bool is_error = false;
};
/// A failure that a model can do something about: {"isError": true} with the sentence.
ToolResult ToolFailure(const std::string& what);
/// One block of text.
Json TextBlock(const std::string& text);

/// An Error of kind kNotFound is the protocol's own "no such"; others of a tool become ToolFailure.
template <class T>
using Outcome = Result<std::variant<T, Needs>>;

struct Tool {
  std::string name;  ///< [A-Za-z0-9_.-]{1,128}
  std::string title;
  std::string description;
  Json input_schema;     ///< JSON Schema 2020-12 of an object
  Json output_schema{};  ///< null: no structured content is promised
  bool read_only = true;
  bool destructive = false;
  bool idempotent = true;
  bool open_world = false;
  /// A tool that writes is listed and callable only for who may_propose.
  bool writes = false;
  /// Client capabilities without which a call is refused: {"sampling": {}}.
  Json needs_capabilities = Json::object();
  std::function<Outcome<ToolResult>(Call&)> run;
};

struct Argument {
  std::string name, description;
  bool required = false;
  /// Values that begin with what is typed so far, best first; unset: none are known.
  std::function<std::vector<std::string>(const Principal&, const std::string& typed)> complete{};
};
struct Prompt {
  std::string name, title, description;
  std::vector<Argument> arguments;
  /// [{"role": "user", "content": {...}}]
  std::function<Outcome<Json>(Call&)> get;
};
struct Resource {
  std::string uri, name, title, description, mime_type;
};
struct ResourceTemplate {
  std::string uri_template;  ///< RFC 6570, level 1
  std::string name, title, description, mime_type;
  std::vector<Argument> arguments{};  ///< for completion
};
/// Where resources come from.
struct ResourceSource {
  std::function<Result<std::vector<Resource>>(const Principal&)> list;
  /// [{"uri", "mimeType", "text" | "blob"}]; kNotFound: not one of its own, or not to be seen.
  std::function<Outcome<Json>(const std::string& uri, Call&)> read;
};

/// All that a server offers, in the order of the lists.
struct Registry {
  std::vector<Tool> tools;
  std::vector<Prompt> prompts;
  std::vector<ResourceTemplate> templates;
  std::vector<ResourceSource> resources;
  std::string instructions;  ///< how to work with all this, for a model; fixed text of ours
  /// What may change while the server runs, so that clients may listen for it.
  bool tools_change = false, prompts_change = false, resources_change = false;
};

/// The other end while one of its requests is worked on. Thread-safe.
class Peer {
 public:
  virtual ~Peer() = default;
  /// A whole JSON-RPC notification.
  virtual void Notify(const Json& message) = 0;
  /// A request of ours (older era). kUnavailable: cannot be asked, or nobody answered in time.
  virtual Result<Json> Ask(const std::string& method, const Json& params) = 0;
  virtual bool gone() const = 0;
  virtual void Detach() {}
};

/// What `initialize` agreed on, and what was set since. Guarded by whoever holds it.
struct Session {
  Revision revision = Revision::k2025_11_25;
  Json client_capabilities = Json::object();
  LogLevel log_level = LogLevel::kInfo;
  std::vector<std::string> subscribed{};  ///< uris
};

struct ServerOptions {
  std::string name = "maxopt";
  std::string title = "Max Optimizer";
  std::string version = "0.1.0";
  /// Seals what rounds keep for each other. Empty: a fresh random one.
  std::string secret{};
  std::chrono::seconds state_ttl{900};  ///< how long a person may take to answer
  std::size_t page_size = 100;
  /// Larger answers are refused with the advice to narrow them: a model's context is small.
  std::size_t max_answer_bytes = 400'000;
  std::chrono::milliseconds list_ttl{60'000};   ///< how long clients may keep lists
  std::size_t max_tool_calls_per_minute = 240;  ///< of one principal
};

/// What is to be done with one request.
struct Step {
  /// The whole JSON-RPC answer, when it is there already.
  std::optional<Json> answer{};
  /// Else makes it, on any thread; nullopt: it was cancelled, and nothing is to be sent.
  std::function<std::optional<Json>(Peer&)> work{};
  int http_status = 200;
  bool streams = false;  ///< may notify before the answer
  /// subscriptions/listen: what was asked for; the transport opens the stream.
  std::optional<Json> listen{};
};

/// The protocol. Knows no transport; the only I/O is that of the registry's functions. Thread-safe.
class Server {
 public:
  /// The registry's schemas must be valid: a tool whose schema is not is our bug.
  Server(Registry registry, std::shared_ptr<const Clock> clock, ServerOptions options = {});
  ~Server();
  const Registry& registry() const;

  /// Whether a request or notification is of the modern era.
  static bool IsModern(const Json& message);
  /// A request of the modern era.
  Step Take(const Json& request, const Principal& principal) const;
  /// A request of the older one, other than initialize. `session` is read at once, and changed by
  /// logging/setLevel and resources/(un)subscribe.
  Step TakeLegacy(const Json& request, const Principal& principal, Session& session) const;
  /// Answers initialize; the session when it was agreed.
  struct Agreed {
    Json answer;
    std::optional<Session> session;
  };
  Agreed Initialize(const Json& request) const;

  /// nullopt, or what in the headers of a modern request is against its body (HeaderMismatch).
  std::optional<Json> HeaderObjection(const Json& request, const http::Headers& headers) const;

  /// What a client listens to: {"toolsListChanged": true, "resourceSubscriptions": [uri], ...}
  /// reduced to what this server tells.
  Json Honoured(const Json& filter) const;
  /// `tell` gets whole notifications (without subscription id) until Unlisten; called on any
  /// thread, must return at once and must not call back.
  int Listen(const Json& honoured, std::function<void(Json notification)> tell);
  void Unlisten(int listener);
  void ToolsChanged();
  void PromptsChanged();
  void ResourcesChanged();
  void ResourceUpdated(const std::string& uri);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// {"jsonrpc": "2.0", "id": ..., "error": {...}}; a null id is left out.
Json ErrorMessage(const Json& id, int code, const std::string& message, const Json& data = nullptr);
/// kInvalidArgument: not JSON, deeper than 64, or not UTF-8.
Result<Json> ParseMessage(std::string_view text);

// --- transports ---------------------------------------------------------------------------------

/// Newline-delimited messages from `in` to `out` (file descriptors) until `in` ends; what runs then
/// is finished and answered. Nothing but protocol is written to `out`. kLocal when `out` breaks.
Result<> ServeStdio(Server& server, const Principal& principal, int in, int out);

struct HttpOptions {
  /// Origins of web pages that may call, besides those on this machine: "https://max.example".
  std::vector<std::string> origins{};
  /// Names by which it may be asked, besides this machine's: a request for another Host may come
  /// from a page whose name was bound to our address.
  std::vector<std::string> hosts{};
  std::size_t max_body_bytes = 1u << 20;
  std::size_t max_sessions = 256;
  std::chrono::minutes session_idle{60};
  int threads = 4;  ///< calls at one time
  std::size_t max_waiting = 64;
  std::chrono::seconds ask_timeout{300};
  std::chrono::milliseconds heartbeat{5000};
};
/// Who a request is from. kUnauthenticated answers 401, kForbidden 403.
using Authorize = std::function<Result<Principal>(const http::Request&)>;

/// The one path of streamable HTTP: POST, and GET and DELETE for the older era. Thread-safe. Stops
/// what runs and joins its threads when destroyed; the http::Server must be gone before.
class HttpEndpoint {
 public:
  virtual ~HttpEndpoint() = default;
  virtual http::Response Handle(const http::Request& request) = 0;
};
std::unique_ptr<HttpEndpoint> MakeHttpEndpoint(Server& server, Authorize authorize,
                                               HttpOptions options = {});

/// The tools, resources and prompts with fixed names that the official conformance suite calls.
/// They show nothing and change nothing of ours. `server` is filled in after the server is made:
/// some of them change the lists on purpose.
void AddConformanceFixtures(Registry& registry, std::shared_ptr<Server*> server);

}  // namespace maxopt::mcp
