#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "clock/clock.h"
#include "http/http.h"
#include "result/result.h"

/// Agent2Agent 1.0 (specification/a2a.proto of a2aproject/A2A), JSON-RPC binding: an agent card,
/// and tasks that other agents give us. A task calls one skill with arguments; it is kept before it
/// is worked on, and the same message again is the same task.
///
///   GET  /.well-known/agent-card.json   public
///   POST /a2a                           SendMessage, SendStreamingMessage, GetTask, ListTasks,
///                                       CancelTask, SubscribeToTask
///
/// A message names the skill in a data part, {"skill": "get_pacing", "arguments": {...}}; a text
/// that is the name of a skill calls it without arguments. Anything else is answered with
/// TASK_STATE_INPUT_REQUIRED and what can be asked. There is no language model in here.
namespace maxopt::a2a {

using Json = nlohmann::ordered_json;

/// Who asks.
struct Asker {
  std::string name;
  std::optional<std::vector<std::string>> clients{};  ///< nullopt: all
  bool may_propose = false;
};

/// A skill cannot go on without a person: what to say, and where the person goes.
struct NeedsPerson {
  std::string text;
  std::string url;
};
struct Skill {
  std::string id, name, description;
  std::vector<std::string> tags{}, examples{};
  bool writes = false;  ///< for who may propose only
  /// `answered`: the asker came back after NeedsPerson. kInvalidArgument and kNotFound: the task is
  /// rejected; other errors: it failed.
  std::function<Result<std::variant<Json, NeedsPerson>>(
      const Asker&, const Json& arguments, bool answered, const std::function<bool()>& cancelled)>
      run;
};

/// A task as it is kept. `body` is a JSON object of this folder's own.
struct TaskRow {
  std::string id, context, asker, message, state;
  Instant created_at{}, updated_at{};
  std::string body;
};
/// Where tasks are kept: durably, before a call returns. Thread-safe.
struct TaskStore {
  /// The kept task: the same asker's of the same message, if there was one (then `is_new` false).
  struct Added {
    TaskRow row;
    bool is_new = true;
  };
  std::function<Result<Added>(const TaskRow&)> add;
  /// kConflict when the state is not `from` any more.
  std::function<Result<>(const TaskRow&, const std::string& from)> move;
  /// kNotFound for another asker's as well.
  std::function<Result<TaskRow>(const std::string& id, const std::string& asker)> find;
  struct Query {
    std::string asker{}, context{}, state{};  ///< empty: any
    int offset = 0, limit = 50;
  };
  struct List {
    std::vector<TaskRow> rows;
    int total = 0;
  };
  std::function<Result<List>(const Query&)> list;
};

struct Options {
  std::string name = "Max Optimizer";
  std::string description =
      "Campaign manager for paid media: watches, explains, proposes. What it proposes waits for a "
      "person's approval.";
  std::string version = "0.1.0";
  std::string origin = "http://127.0.0.1:8787";  ///< of the card's address
  std::size_t max_body_bytes = 1u << 20;
  int threads = 2;
  std::size_t max_waiting = 64;
};

using Authorize = std::function<Result<Asker>(const http::Request&)>;

/// Thread-safe. Destroy it after the http::Server: what runs is finished first.
class Agent {
 public:
  virtual ~Agent() = default;
  /// nullopt: not one of its paths.
  virtual std::optional<http::Response> Handle(const http::Request& request) = 0;
  /// Tasks that an earlier process was working on when it ended are failed, since what they did is
  /// not known. Once, before anything is served.
  virtual Result<int> Recover() = 0;
};
std::unique_ptr<Agent> MakeAgent(std::vector<Skill> skills, TaskStore store, Authorize authorize,
                                 std::shared_ptr<const Clock> clock, Options options = {});

/// Tasks in memory, for tests.
TaskStore MakeMemoryStore();

}  // namespace maxopt::a2a
