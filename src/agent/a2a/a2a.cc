#include "agent/a2a/a2a.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

namespace maxopt::a2a {
namespace {

constexpr int kDepthMax = 64;
constexpr int kPageMax = 100;
constexpr std::size_t kIdMax = 200;
constexpr std::size_t kHistoryMax = 100;

constexpr const char* kWorking = "TASK_STATE_WORKING";
constexpr const char* kCompleted = "TASK_STATE_COMPLETED";
constexpr const char* kFailed = "TASK_STATE_FAILED";
constexpr const char* kCanceled = "TASK_STATE_CANCELED";
constexpr const char* kInputRequired = "TASK_STATE_INPUT_REQUIRED";
constexpr const char* kRejected = "TASK_STATE_REJECTED";

bool IsFinal(const std::string& state) {
  return state == kCompleted || state == kFailed || state == kCanceled || state == kRejected;
}

std::string Dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}
const Json& At(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}
std::string Text(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

std::string RandomId() {
  if (sodium_init() < 0) Bug();
  unsigned char bytes[16];
  randombytes_buf(bytes, sizeof bytes);
  std::string out(2 * sizeof bytes + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), bytes, sizeof bytes);
  out.pop_back();
  return out;
}

/// An error of JSON-RPC or of A2A, which has its name in ErrorInfo.
struct Refused {
  int code;
  std::string what;
  std::string reason{};
};
const Refused kParse{-32700, "the body is not JSON"};
Refused InvalidRequest(std::string what) { return {-32600, std::move(what)}; }
Refused InvalidParams(std::string what) { return {-32602, std::move(what)}; }
Refused NoTask(const std::string& id) {
  return {-32001, fmt::format("there is no task \"{}\"", id), "TASK_NOT_FOUND"};
}
Refused Unsupported(std::string what) { return {-32004, std::move(what), "UNSUPPORTED_OPERATION"}; }

template <class T>
using Answer = std::expected<T, Refused>;
std::unexpected<Refused> Refuse(Refused refused) { return std::unexpected(std::move(refused)); }

Json ErrorMessage(const Json& id, const Refused& refused) {
  Json error = {{"code", refused.code}, {"message", refused.what}};
  if (!refused.reason.empty()) {
    error["data"] = Json::array({{{"@type", "type.googleapis.com/google.rpc.ErrorInfo"},
                                  {"reason", refused.reason},
                                  {"domain", "a2a-protocol.org"}}});
  }
  return {{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(error)}};
}
Json ResultMessage(const Json& id, Json result) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}
http::Response JsonAnswer(int status, const Json& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = Dump(body)};
}

// --- tasks --------------------------------------------------------------------------------------

/// A kept row, opened: {"skill", "arguments", "history", "artifacts", "status_message"}.
struct Opened {
  TaskRow row;
  Json body;
};
Opened Open(TaskRow row) {
  Json body = Json::parse(row.body, nullptr, false);
  if (!body.is_object()) body = Json::object();
  return {std::move(row), std::move(body)};
}

Json StatusJson(const Opened& task) {
  Json status = {{"state", task.row.state}};
  if (task.body.contains("status_message")) status["message"] = task.body["status_message"];
  status["timestamp"] = PrintInstant(task.row.updated_at);
  return status;
}
Json TaskJson(const Opened& task, std::optional<int> history, bool artifacts = true) {
  Json out = {{"id", task.row.id}, {"contextId", task.row.context}, {"status", StatusJson(task)}};
  if (artifacts && task.body.contains("artifacts")) out["artifacts"] = task.body["artifacts"];
  const Json& all = At(task.body, "history");
  if (all.is_array() && (!history || *history > 0)) {
    const std::size_t keep =
        history ? std::min(all.size(), static_cast<std::size_t>(*history)) : all.size();
    out["history"] = Json(all.end() - static_cast<std::ptrdiff_t>(keep), all.end());
  }
  return out;
}
Json StatusUpdate(const Opened& task) {
  return {
      {"statusUpdate",
       {{"taskId", task.row.id}, {"contextId", task.row.context}, {"status", StatusJson(task)}}}};
}

/// What waits for news of a task: a stream, or a call that answers when it is over.
struct Watcher {
  std::function<void(const Json& response, bool last)> tell;
};

class TheAgent final : public Agent {
 public:
  TheAgent(std::vector<Skill> skills, TaskStore store, Authorize authorize,
           std::shared_ptr<const Clock> clock, Options options)
      : skills_(std::move(skills)),
        store_(std::move(store)),
        authorize_(std::move(authorize)),
        clock_(std::move(clock)),
        options_(std::move(options)) {
    for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Work(); });
  }
  ~TheAgent() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  Result<int> Recover() override {
    int failed = 0;
    for (;;) {
      MAXOPT_TRY(const TaskStore::List list, store_.list({.state = kWorking, .limit = kPageMax}));
      if (list.rows.empty()) return failed;
      for (const TaskRow& row : list.rows) {
        Opened task = Open(row);
        Say(task, kFailed,
            "the server ended while it worked on this; whether it was done is not known. Look, "
            "then "
            "ask again with a new message");
        MAXOPT_CHECK(store_.move(task.row, kWorking));
        ++failed;
      }
    }
  }

  std::optional<http::Response> Handle(const http::Request& request) override {
    const std::string_view path = std::string_view(request.url).substr(0, request.url.find('?'));
    if (path == "/.well-known/agent-card.json") {
      if (request.method != "GET" && request.method != "HEAD") return http::Response{.status = 405};
      http::Response response = JsonAnswer(200, Card());
      response.headers[1].second = "public, max-age=300";
      return response;
    }
    if (path != "/a2a") return std::nullopt;
    return Post(request);
  }

 private:
  Json Card() const {
    Json skills = Json::array();
    for (const Skill& skill : skills_) {
      Json one = {{"id", skill.id},
                  {"name", skill.name},
                  {"description", skill.description},
                  {"tags", skill.tags}};
      if (!skill.examples.empty()) one["examples"] = skill.examples;
      skills.push_back(std::move(one));
    }
    return {{"name", options_.name},
            {"description", options_.description},
            {"version", options_.version},
            {"supportedInterfaces", Json::array({{{"url", options_.origin + "/a2a"},
                                                  {"protocolBinding", "JSONRPC"},
                                                  {"protocolVersion", "1.0"}}})},
            {"capabilities",
             {{"streaming", true}, {"pushNotifications", false}, {"extendedAgentCard", false}}},
            {"securitySchemes",
             {{"key",
               {{"httpAuthSecurityScheme",
                 {{"scheme", "Bearer"},
                  {"description", "an API key of this server: maxopt keys add"}}}}}}},
            {"securityRequirements",
             Json::array({{{"schemes", {{"key", {{"list", Json::array()}}}}}}})},
            {"defaultInputModes", Json::array({"application/json", "text/plain"})},
            {"defaultOutputModes", Json::array({"application/json", "text/plain"})},
            {"skills", std::move(skills)}};
  }

  http::Response Post(const http::Request& request) {
    if (request.method != "POST") {
      return {.status = 405, .headers = {{"Allow", "POST"}}};
    }
    const Result<Asker> asker = authorize_(request);
    if (!asker) {
      const bool unknown = asker.error().code == Errc::kUnauthenticated;
      http::Response response = JsonAnswer(
          unknown ? 401 : 403, ErrorMessage(nullptr, InvalidRequest(asker.error().what)));
      if (unknown) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"maxopt\"");
      return response;
    }
    if (request.body.size() > options_.max_body_bytes) {
      return JsonAnswer(413, ErrorMessage(nullptr, InvalidRequest("the body is too large")));
    }
    bool deep = false;
    const Json call = Json::parse(
        request.body,
        [&](int depth, Json::parse_event_t, Json&) {
          deep = deep || depth > kDepthMax;
          return !deep;
        },
        /*allow_exceptions=*/false);
    if (deep || call.is_discarded()) return JsonAnswer(200, ErrorMessage(nullptr, kParse));
    const Json& id = At(call, "id");
    if (Text(At(call, "jsonrpc")) != "2.0" || !At(call, "method").is_string() ||
        !(id.is_string() || id.is_number_integer())) {
      return JsonAnswer(200, ErrorMessage(nullptr, InvalidRequest("not a JSON-RPC 2.0 request")));
    }
    // A request without the header is of 0.3, which is not spoken here.
    const std::string version(http::FindHeader(request.headers, "A2A-Version").value_or("0.3"));
    if (version != "1.0") {
      return JsonAnswer(
          200, ErrorMessage(id, {-32009, "A2A-Version " + version + " is not spoken here; 1.0 is",
                                 "VERSION_NOT_SUPPORTED"}));
    }
    const Json params = At(call, "params").is_object() ? call["params"] : Json::object();
    const std::string method = call["method"].get<std::string>();
    if (method == "SendStreamingMessage" || method == "SubscribeToTask") {
      return Streaming(id, method, params, *asker);
    }
    // Everything asks the memory, so nothing is answered on the server's own threads.
    return {.later = [this, id, method, params,
                      asker = *asker](std::function<void(http::Response)> answer) {
      const bool taken = Do([this, id, method, params, asker, answer] {
        if (method == "SendMessage") {
          SendAndWait(id, params, asker, answer);
          return;
        }
        const Answer<Json> result = Plain(method, params, asker);
        answer(JsonAnswer(200,
                          result ? ResultMessage(id, *result) : ErrorMessage(id, result.error())));
      });
      if (!taken) answer(JsonAnswer(503, ErrorMessage(id, Busy())));
    }};
  }

  static Refused Busy() { return {-32603, "too many tasks wait already; try again later"}; }
  static Refused Internal(const Error& error) { return {-32603, error.what}; }

  // --- methods that answer at once ---

  Answer<Json> Plain(const std::string& method, const Json& params, const Asker& asker) {
    if (method == "GetTask") {
      auto task = FindTask(params, asker);
      if (!task) return Refuse(task.error());
      const auto history = Length(params, "historyLength");
      if (!history) return Refuse(history.error());
      return TaskJson(*task, *history);
    }
    if (method == "CancelTask") return Cancel(params, asker);
    if (method == "ListTasks") return List(params, asker);
    if (method.ends_with("TaskPushNotificationConfig") ||
        method.ends_with("TaskPushNotificationConfigs")) {
      return Refuse({-32003, "tasks are not pushed; subscribe to them, or ask again",
                     "PUSH_NOTIFICATION_NOT_SUPPORTED"});
    }
    if (method == "GetExtendedAgentCard") {
      return Refuse({-32007, "there is no further card", "EXTENDED_AGENT_CARD_NOT_CONFIGURED"});
    }
    return Refuse({-32601, "Method not found: " + method});
  }

  static Answer<std::optional<int>> Length(const Json& params, const char* key) {
    const Json& given = At(params, key);
    if (given.is_null()) return std::optional<int>{};
    if (!given.is_number_integer() || given < 0 || given > 1'000'000) {
      return Refuse(InvalidParams(std::string(key) + " must be 0 or more"));
    }
    return std::optional<int>{given.get<int>()};
  }

  Answer<Opened> FindTask(const Json& params, const Asker& asker) {
    const std::string id = Text(At(params, "id"));
    if (id.empty()) return Refuse(InvalidParams("params.id is missing"));
    Result<TaskRow> row = store_.find(id, asker.name);
    if (!row) {
      return Refuse(row.error().code == Errc::kNotFound ? NoTask(id) : Internal(row.error()));
    }
    return Open(*std::move(row));
  }

  Answer<Json> Cancel(const Json& params, const Asker& asker) {
    auto task = FindTask(params, asker);
    if (!task) return Refuse(task.error());
    const std::string from = task->row.state;
    const Refused over{-32002, fmt::format("task {} is over: {}", task->row.id, from),
                       "TASK_NOT_CANCELABLE"};
    if (IsFinal(from)) return Refuse(over);
    Say(*task, kCanceled, "cancelled by who asked");
    if (const Result<> moved = store_.move(task->row, from); !moved) {
      return Refuse(moved.error().code == Errc::kConflict ? over : Internal(moved.error()));
    }
    {
      std::lock_guard lock(mutex_);
      if (const auto running = running_.find(task->row.id); running != running_.end()) {
        *running->second = true;
      }
    }
    Tell(task->row.id, StatusUpdate(*task), true);
    return TaskJson(*task, std::nullopt);
  }

  Answer<Json> List(const Json& params, const Asker& asker) {
    const auto size = Length(params, "pageSize");
    if (!size) return Refuse(size.error());
    const auto history = Length(params, "historyLength");
    if (!history) return Refuse(history.error());
    TaskStore::Query query;
    query.asker = asker.name;
    query.context = Text(At(params, "contextId"));
    query.state = Text(At(params, "status"));
    if (query.state == "TASK_STATE_UNSPECIFIED") query.state.clear();
    query.limit = std::clamp(size->value_or(50), 1, kPageMax);
    if (const std::string token = Text(At(params, "pageToken")); !token.empty()) {
      if (token.size() > 8 || token.find_first_not_of("0123456789") != std::string::npos) {
        return Refuse(InvalidParams("pageToken is none of ours"));
      }
      query.offset = std::stoi(token);
    }
    const Result<TaskStore::List> list = store_.list(query);
    if (!list) return Refuse(Internal(list.error()));
    Json tasks = Json::array();
    const bool artifacts = At(params, "includeArtifacts") == true;
    for (const TaskRow& row : list->rows) tasks.push_back(TaskJson(Open(row), *history, artifacts));
    const int next = query.offset + static_cast<int>(list->rows.size());
    return Json{{"tasks", std::move(tasks)},
                {"nextPageToken", next < list->total ? std::to_string(next) : ""},
                {"pageSize", query.limit},
                {"totalSize", list->total}};
  }

  // --- messages ---

  /// What a message asks for.
  struct Wanted {
    std::string skill;
    Json arguments = Json::object();
  };
  static std::optional<Wanted> WantedBy(const Json& message) {
    for (const Json& part : message["parts"]) {
      if (const Json& data = At(part, "data"); data.is_object()) {
        Wanted wanted;
        wanted.skill = Text(At(data, "skill"));
        if (wanted.skill.empty()) continue;
        if (At(data, "arguments").is_object()) wanted.arguments = data["arguments"];
        return wanted;
      }
      const std::string text = Text(At(part, "text"));
      if (!text.empty() && text.size() <= 100 && text.find_first_of(" \n\t") == std::string::npos) {
        return Wanted{text};
      }
    }
    return std::nullopt;
  }

  const Skill* FindSkill(const std::string& id, const Asker& asker) const {
    for (const Skill& skill : skills_) {
      if (skill.id == id && (!skill.writes || asker.may_propose)) return &skill;
    }
    return nullptr;
  }

  static std::string MessageObjection(const Json& message) {
    if (!message.is_object()) return "params.message is missing";
    const std::string id = Text(At(message, "messageId"));
    if (id.empty() || id.size() > kIdMax) return "message.messageId must be 1 to 200 characters";
    if (Text(At(message, "role")) != "ROLE_USER") return "message.role must be ROLE_USER";
    const Json& parts = At(message, "parts");
    if (!parts.is_array() || parts.empty()) return "message.parts is empty";
    for (const char* key : {"taskId", "contextId"}) {
      if (Text(At(message, key)).size() > kIdMax) return std::string(key) + " is too long";
    }
    return "";
  }

  /// Takes a message: keeps its task and sees to it that it is worked on. `started` false: nothing
  /// more will happen to it for now.
  struct Taken {
    Opened task;
    bool started = false;
  };
  Answer<Taken> Take(const Json& params, const Asker& asker, std::optional<Watcher> watcher) {
    const Json& message = At(params, "message");
    if (const std::string objection = MessageObjection(message); !objection.empty()) {
      return Refuse(InvalidParams(objection));
    }
    const std::string task_id = Text(At(message, "taskId"));
    if (!task_id.empty()) return GoOn(message, task_id, asker, std::move(watcher));

    Opened task;
    task.row.id = RandomId();
    task.row.context = Text(At(message, "contextId"));
    if (task.row.context.empty()) task.row.context = RandomId();
    task.row.asker = asker.name;
    task.row.message = Text(message["messageId"]);
    task.row.created_at = task.row.updated_at = clock_->Now();
    task.body = {{"history", Json::array()}};
    AddToHistory(task, message);
    const bool works = Judge(task, message, asker);
    task.row.body = Dump(task.body);
    Result<TaskStore::Added> added = store_.add(task.row);
    if (!added) return Refuse(Internal(added.error()));
    if (!added->is_new) return Taken{Open(std::move(added->row)), false};
    if (works) Start(task, asker, false, std::move(watcher));
    return Taken{std::move(task), works};
  }

  /// A further message of a task that waits for one.
  Answer<Taken> GoOn(const Json& message, const std::string& task_id, const Asker& asker,
                     std::optional<Watcher> watcher) {
    auto task = FindTask({{"id", task_id}}, asker);
    if (!task) return Refuse(task.error());
    const std::string context = Text(At(message, "contextId"));
    if (!context.empty() && context != task->row.context) {
      return Refuse(InvalidParams("the task is of another context"));
    }
    for (const Json& known : At(task->body, "history")) {
      if (At(known, "messageId") == message["messageId"]) return Taken{*std::move(task), false};
    }
    if (task->row.state != kInputRequired) {
      return Refuse(
          Unsupported(fmt::format("task {} takes no messages: {}", task->row.id, task->row.state)));
    }
    const bool answered = task->body.contains("skill");
    AddToHistory(*task, message);
    bool works = true;
    if (answered) {
      Say(*task, kWorking, "");
    } else {
      works = Judge(*task, message, asker);
    }
    task->row.updated_at = clock_->Now();
    task->row.body = Dump(task->body);
    if (const Result<> moved = store_.move(task->row, kInputRequired); !moved) {
      return Refuse(moved.error().code == Errc::kConflict ? Unsupported(moved.error().what)
                                                          : Internal(moved.error()));
    }
    if (works) Start(*task, asker, answered, std::move(watcher));
    return Taken{*std::move(task), works};
  }

  /// Sets what is to be done, or why nothing is. True: there is work.
  bool Judge(Opened& task, const Json& message, const Asker& asker) {
    const std::optional<Wanted> wanted = WantedBy(message);
    const Skill* skill = wanted ? FindSkill(wanted->skill, asker) : nullptr;
    if (skill) {
      task.body["skill"] = skill->id;
      task.body["arguments"] = wanted->arguments;
      Say(task, kWorking, "");
      return true;
    }
    std::string known;
    for (const Skill& one : skills_) {
      if (one.writes && !asker.may_propose) continue;
      known += (known.empty() ? "" : ", ") + one.id;
    }
    Say(task, kInputRequired,
        "name a skill in a data part, {\"skill\": ..., \"arguments\": {...}}; known are " + known);
    return false;
  }

  static void AddToHistory(Opened& task, Json message) {
    message["taskId"] = task.row.id;
    message["contextId"] = task.row.context;
    Json& history = task.body["history"];
    history.push_back(std::move(message));
    while (history.size() > kHistoryMax) history.erase(history.begin());
  }

  /// A new state, and what is said of it (kept in the history as the agent's words).
  void Say(Opened& task, const char* state, const std::string& text, const std::string& url = "") {
    task.row.state = state;
    task.row.updated_at = clock_->Now();
    task.body.erase("status_message");
    if (!text.empty()) {
      Json parts = Json::array({{{"text", text}}});
      if (!url.empty()) parts.push_back({{"url", url}, {"mediaType", "text/html"}});
      task.body["status_message"] = {{"messageId", RandomId()},
                                     {"contextId", task.row.context},
                                     {"taskId", task.row.id},
                                     {"role", "ROLE_AGENT"},
                                     {"parts", std::move(parts)}};
    }
    task.row.body = Dump(task.body);
  }

  // --- work ---

  void Start(const Opened& task, const Asker& asker, bool answered,
             std::optional<Watcher> watcher) {
    const auto cancelled = std::make_shared<std::atomic<bool>>(false);
    {
      std::lock_guard lock(mutex_);
      running_[task.row.id] = cancelled;
      if (watcher) watchers_.emplace(task.row.id, *std::move(watcher));
    }
    const bool taken =
        Do([this, task, asker, answered, cancelled] { Run(task, asker, answered, *cancelled); });
    if (taken) return;
    Opened failed = task;
    Say(failed, kFailed, Busy().what);
    Finish(failed, kWorking);
  }

  void Run(Opened task, const Asker& asker, bool answered, const std::atomic<bool>& cancelled) {
    const Skill* skill = FindSkill(Text(task.body["skill"]), asker);
    if (!skill || cancelled) {
      if (!cancelled) Say(task, kRejected, "the skill is not there any more");
      Finish(task, kWorking);
      return;
    }
    const auto outcome = [&]() -> Result<std::variant<Json, NeedsPerson>> {
      try {
        return skill->run(asker, task.body["arguments"], answered,
                          [&] { return cancelled.load() || stopping_; });
      } catch (const std::exception& error) {
        return Fail(Errc::kLocal, error.what());
      }
    }();
    if (cancelled) {
      Finish(task, kWorking);
      return;
    }
    if (!outcome) {
      const Errc code = outcome.error().code;
      Say(task, code == Errc::kInvalidArgument || code == Errc::kNotFound ? kRejected : kFailed,
          outcome.error().what);
    } else if (const NeedsPerson* person = std::get_if<NeedsPerson>(&*outcome)) {
      Say(task, kInputRequired, person->text, person->url);
    } else {
      Json artifact = {
          {"artifactId", RandomId()},
          {"name", skill->id},
          {"parts",
           Json::array({{{"data", std::get<Json>(*outcome)}, {"mediaType", "application/json"}}})}};
      task.body["artifacts"] = Json::array({artifact});
      Tell(task.row.id,
           {{"artifactUpdate",
             {{"taskId", task.row.id},
              {"contextId", task.row.context},
              {"artifact", std::move(artifact)},
              {"lastChunk", true}}}},
           false);
      Say(task, kCompleted, "");
    }
    Finish(task, kWorking);
  }

  /// Keeps the end and tells who waits. A task that was cancelled meanwhile stays so.
  void Finish(const Opened& task, const char* from) {
    {
      std::lock_guard lock(mutex_);
      running_.erase(task.row.id);
    }
    if (task.row.state != from && store_.move(task.row, from)) {
      Tell(task.row.id, StatusUpdate(task), true);
      return;
    }
    const Result<TaskRow> now = store_.find(task.row.id, task.row.asker);
    Tell(task.row.id, StatusUpdate(now ? Open(*now) : task), true);
  }

  void Tell(const std::string& task, const Json& response, bool last) {
    std::vector<Watcher> told;
    {
      std::lock_guard lock(mutex_);
      const auto [from, to] = watchers_.equal_range(task);
      for (auto it = from; it != to; ++it) told.push_back(it->second);
      if (last) watchers_.erase(from, to);
    }
    for (const Watcher& watcher : told) watcher.tell(response, last);
  }

  // --- answers ---

  void SendAndWait(const Json& id, const Json& params, const Asker& asker,
                   const std::function<void(http::Response)>& answer) {
    const auto length = Length(At(params, "configuration"), "historyLength");
    if (!length) {
      answer(JsonAnswer(200, ErrorMessage(id, length.error())));
      return;
    }
    const bool at_once = At(At(params, "configuration"), "returnImmediately") == true;
    std::optional<Watcher> watcher;
    if (!at_once) {
      // Answers when the task is over or waits for somebody; from the thread that worked on it.
      watcher =
          Watcher{[this, id, asker, answer, length = *length](const Json& response, bool last) {
            if (!last) return;
            const Json& update = At(response, "statusUpdate");
            const Result<TaskRow> row = store_.find(Text(At(update, "taskId")), asker.name);
            answer(JsonAnswer(200, row ? ResultMessage(id, {{"task", TaskJson(Open(*row), length)}})
                                       : ErrorMessage(id, Internal(row.error()))));
          }};
    }
    const Answer<Taken> taken = Take(params, asker, std::move(watcher));
    if (!taken) {
      answer(JsonAnswer(200, ErrorMessage(id, taken.error())));
      return;
    }
    if (taken->started && !at_once) return;
    answer(JsonAnswer(200, ResultMessage(id, {{"task", TaskJson(taken->task, *length)}})));
  }

  http::Response Streaming(const Json& id, const std::string& method, const Json& params,
                           const Asker& asker) {
    http::Response response{.status = 200,
                            .headers = {{"Content-Type", "text/event-stream"},
                                        {"Cache-Control", "no-store"},
                                        {"X-Accel-Buffering", "no"}}};
    response.stream = [this, id, method, params, asker](std::shared_ptr<http::Stream> sink) {
      const auto write = [sink](const Json& message) {
        sink->Write("data: " + Dump(message) + "\n\n");
      };
      const bool taken = Do([this, id, method, params, asker, sink, write] {
        // News may come before the task itself was told: they wait for it.
        struct Order {
          std::mutex mutex;
          bool begun = false;
          std::vector<std::pair<Json, bool>> early;
        };
        const auto order = std::make_shared<Order>();
        const auto tell = [id, sink, write](const Json& update, bool last) {
          write(ResultMessage(id, update));
          if (last) sink->Close();
        };
        Watcher watcher{[order, tell](const Json& update, bool last) {
          std::lock_guard lock(order->mutex);
          if (order->begun) {
            tell(update, last);
          } else {
            order->early.emplace_back(update, last);
          }
        }};
        const auto begin = [&](const Opened& task, bool goes_on) {
          std::lock_guard lock(order->mutex);
          write(ResultMessage(id, {{"task", TaskJson(task, std::nullopt)}}));
          order->begun = true;
          for (const auto& [update, last] : order->early) tell(update, last);
          if (!goes_on) sink->Close();
        };
        if (method == "SendStreamingMessage") {
          const Answer<Taken> taken_task = Take(params, asker, watcher);
          if (!taken_task) {
            write(ErrorMessage(id, taken_task.error()));
            sink->Close();
            return;
          }
          begin(taken_task->task, taken_task->started);
          return;
        }
        const Answer<Opened> task = FindTask(params, asker);
        if (!task || IsFinal(task->row.state)) {
          write(ErrorMessage(id, task ? Unsupported("the task is over") : task.error()));
          sink->Close();
          return;
        }
        // Who watches before the task stops running is told how it ended, so only a task that does
        // not run has nothing more to come.
        bool runs = false;
        {
          std::lock_guard lock(mutex_);
          runs = running_.contains(task->row.id);
          if (runs) watchers_.emplace(task->row.id, watcher);
        }
        const Answer<Opened> now = FindTask(params, asker);
        begin(now ? *now : *task, runs);
      });
      if (!taken) {
        write(ErrorMessage(id, Busy()));
        sink->Close();
      }
    };
    return response;
  }

  // --- threads ---

  bool Do(std::function<void()> work) {
    {
      std::lock_guard lock(mutex_);
      if (stopping_ || waiting_.size() >= options_.max_waiting) return false;
      waiting_.push_back(std::move(work));
    }
    wake_.notify_one();
    return true;
  }
  void Work() {
    for (;;) {
      std::function<void()> work;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        work = std::move(waiting_.front());
        waiting_.pop_front();
      }
      work();
    }
  }

  const std::vector<Skill> skills_;
  const TaskStore store_;
  const Authorize authorize_;
  const std::shared_ptr<const Clock> clock_;
  const Options options_;
  std::mutex mutex_;  // of all below
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;
  std::map<std::string, std::shared_ptr<std::atomic<bool>>> running_;
  std::multimap<std::string, Watcher> watchers_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Agent> MakeAgent(std::vector<Skill> skills, TaskStore store, Authorize authorize,
                                 std::shared_ptr<const Clock> clock, Options options) {
  return std::make_unique<TheAgent>(std::move(skills), std::move(store), std::move(authorize),
                                    std::move(clock), std::move(options));
}

TaskStore MakeMemoryStore() {
  struct Memory {
    std::mutex mutex;
    std::vector<TaskRow> rows;
  };
  const auto memory = std::make_shared<Memory>();
  TaskStore store;
  store.add = [memory](const TaskRow& row) -> Result<TaskStore::Added> {
    std::lock_guard lock(memory->mutex);
    for (const TaskRow& one : memory->rows) {
      if (one.asker == row.asker && one.message == row.message) {
        return TaskStore::Added{one, false};
      }
    }
    memory->rows.push_back(row);
    return TaskStore::Added{row, true};
  };
  store.move = [memory](const TaskRow& row, const std::string& from) -> Result<> {
    std::lock_guard lock(memory->mutex);
    for (TaskRow& one : memory->rows) {
      if (one.id != row.id) continue;
      if (one.state != from) return Fail(Errc::kConflict, "it is " + one.state);
      one = row;
      return {};
    }
    return Fail(Errc::kNotFound, row.id);
  };
  store.find = [memory](const std::string& id, const std::string& asker) -> Result<TaskRow> {
    std::lock_guard lock(memory->mutex);
    for (const TaskRow& one : memory->rows) {
      if (one.id == id && one.asker == asker) return one;
    }
    return Fail(Errc::kNotFound, id);
  };
  store.list = [memory](const TaskStore::Query& query) -> Result<TaskStore::List> {
    std::lock_guard lock(memory->mutex);
    TaskStore::List out;
    for (auto it = memory->rows.rbegin(); it != memory->rows.rend(); ++it) {
      if ((!query.asker.empty() && it->asker != query.asker) ||
          (!query.context.empty() && it->context != query.context) ||
          (!query.state.empty() && it->state != query.state)) {
        continue;
      }
      if (out.total >= query.offset && static_cast<int>(out.rows.size()) < query.limit) {
        out.rows.push_back(*it);
      }
      ++out.total;
    }
    return out;
  };
  return store;
}

}  // namespace maxopt::a2a
