// One message a line, over two file descriptors.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>

#include "agent/mcp/asking.h"
#include "agent/mcp/mcp.h"
#include "agent/mcp/pool.h"

namespace maxopt::mcp {
namespace {

constexpr std::size_t kLineMax = 4u << 20;
constexpr int kThreads = 4;
constexpr std::size_t kWaitingMax = 256;
constexpr std::chrono::minutes kAskPatience{10};

class Out {
 public:
  explicit Out(int out) : out_(out) {}
  void Send(const Json& message) {
    const std::string line = message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    std::lock_guard lock(mutex_);
    std::size_t sent = 0;
    while (sent < line.size() && !broken_) {
      const ssize_t n = ::write(out_, line.data() + sent, line.size() - sent);
      if (n > 0) {
        sent += static_cast<std::size_t>(n);
      } else if (errno != EINTR) {
        broken_ = true;
      }
    }
  }
  bool broken() const { return broken_; }

 private:
  const int out_;
  std::mutex mutex_;
  std::atomic<bool> broken_{false};
};

class StdioPeer final : public Peer {
 public:
  StdioPeer(Out& out, Asking& asking, std::shared_ptr<std::atomic<bool>> gone)
      : out_(out), asking_(asking), gone_(std::move(gone)) {}
  void Notify(const Json& message) override { out_.Send(message); }
  Result<Json> Ask(const std::string& method, const Json& params) override {
    return asking_.Ask(
        method, params, [this](const Json& message) { out_.Send(message); },
        [this] { return gone(); }, kAskPatience);
  }
  bool gone() const override { return *gone_ || out_.broken(); }

 private:
  Out& out_;
  Asking& asking_;
  const std::shared_ptr<std::atomic<bool>> gone_;
};

/// The conversation over one pair of descriptors.
class Conversation {
 public:
  Conversation(Server& server, const Principal& principal, Out& out)
      : server_(server), principal_(principal), out_(out) {
    // The older era's client hears of changes without asking; each one is sorted out then.
    legacy_listener_ =
        server_.Listen({{"toolsListChanged", true},
                        {"promptsListChanged", true},
                        {"resourcesListChanged", true},
                        {"resourceSubscriptions", true}},
                       [this](Json notification) { TellLegacy(std::move(notification)); });
  }
  ~Conversation() {
    asking_.End();
    pool_.reset();
    server_.Unlisten(legacy_listener_);
    for (const auto& [id, listener] : listeners_) server_.Unlisten(listener);
  }

  void Take(const std::string& line) {
    Result<Json> message = ParseMessage(line);
    if (!message) {
      out_.Send(ErrorMessage(nullptr, -32700, "Parse error: " + message.error().what));
      return;
    }
    if (message->is_array()) {
      TakeBatch(*message);
      return;
    }
    TakeOne(*message, [this](const Json& answer) { out_.Send(answer); });
  }

 private:
  using Send = std::function<void(const Json&)>;

  /// Batches are of 2025-03-26 only. Their answers come together.
  void TakeBatch(const Json& batch) {
    bool allowed = false;
    {
      std::lock_guard lock(mutex_);
      allowed = session_ && session_->revision == Revision::k2025_03_26;
    }
    if (!allowed || batch.empty() || batch.size() > 100) {
      out_.Send(ErrorMessage(nullptr, -32600, "batches are not of this revision"));
      return;
    }
    struct Together {
      std::mutex mutex;
      Json answers = Json::array();
      std::size_t open = 0;
    };
    const auto together = std::make_shared<Together>();
    for (const Json& message : batch) {
      if (message.is_object() && message.contains("id") && message.contains("method")) {
        ++together->open;
      }
    }
    for (const Json& message : batch) {
      TakeOne(message, [this, together](const Json& answer) {
        std::lock_guard lock(together->mutex);
        together->answers.push_back(answer);
        if (together->answers.size() == together->open) out_.Send(together->answers);
      });
    }
  }

  void TakeOne(const Json& message, const Send& send) {
    if (!message.is_object()) {
      send(ErrorMessage(nullptr, -32600, "not a JSON-RPC 2.0 request"));
      return;
    }
    if (!message.contains("method")) {  // an answer to one of ours
      asking_.Answer(message);
      return;
    }
    if (!message.contains("id")) {
      TakeNotification(message);
      return;
    }
    const Json id = message["id"];
    const Json& method = message["method"];
    Step step;
    if (Server::IsModern(message) || method == "server/discover") {
      step = server_.Take(message, principal_);
    } else if (method == "initialize") {
      Server::Agreed agreed = server_.Initialize(message);
      if (agreed.session) {
        std::lock_guard lock(mutex_);
        session_ = std::move(agreed.session);
      }
      send(agreed.answer);
      return;
    } else {
      std::lock_guard lock(mutex_);
      if (!session_) {
        if (method == "ping") {
          send({{"jsonrpc", "2.0"}, {"id", id}, {"result", Json::object()}});
          return;
        }
        send(ErrorMessage(id, -32600,
                          "begin with initialize, or say the protocol version in params._meta"));
        return;
      }
      step = server_.TakeLegacy(message, principal_, *session_);
    }
    if (step.answer) {
      send(*step.answer);
      return;
    }
    if (step.listen) {
      Listen(id, *step.listen);
      return;
    }
    auto gone = std::make_shared<std::atomic<bool>>(false);
    {
      std::lock_guard lock(mutex_);
      if (running_.contains(id.dump())) {
        send(ErrorMessage(id, -32600, "a request with this id is running"));
        return;
      }
      running_[id.dump()] = gone;
    }
    const bool taken = pool_->Add([this, id, gone, send, work = std::move(step.work)] {
      StdioPeer peer(out_, asking_, gone);
      const std::optional<Json> answer = work(peer);
      {
        std::lock_guard lock(mutex_);
        running_.erase(id.dump());
      }
      if (answer && !*gone) send(*answer);
    });
    if (!taken) {
      {
        std::lock_guard lock(mutex_);
        running_.erase(id.dump());
      }
      send(ErrorMessage(id, -32603, "too many calls wait already"));
    }
  }

  void TakeNotification(const Json& message) {
    if (message["method"] != "notifications/cancelled") return;  // others change nothing here
    const Json params = message.value("params", Json::object());
    if (!params.is_object() || !params.contains("requestId")) return;
    const std::string id = params["requestId"].dump();
    {
      std::lock_guard lock(mutex_);
      if (const auto found = running_.find(id); found != running_.end()) *found->second = true;
    }
    if (const auto found = listeners_.find(id); found != listeners_.end()) {
      server_.Unlisten(found->second);
      listeners_.erase(found);
    }
  }

  void Listen(const Json& id, const Json& honoured) {
    constexpr std::size_t kListenersMax = 64;
    if (listeners_.size() >= kListenersMax || listeners_.contains(id.dump())) {
      out_.Send(ErrorMessage(id, -32600, "too many subscriptions, or one with this id is open"));
      return;
    }
    out_.Send({{"jsonrpc", "2.0"},
               {"method", "notifications/subscriptions/acknowledged"},
               {"params",
                {{"_meta", {{"io.modelcontextprotocol/subscriptionId", id}}},
                 {"notifications", honoured}}}});
    listeners_[id.dump()] = server_.Listen(honoured, [this, id](Json notification) {
      notification["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] = id;
      out_.Send(notification);
    });
  }

  void TellLegacy(Json notification) {
    {
      std::lock_guard lock(mutex_);
      if (!session_) return;
      if (notification["method"] == "notifications/resources/updated") {
        const std::string uri = notification["params"]["uri"].get<std::string>();
        if (std::find(session_->subscribed.begin(), session_->subscribed.end(), uri) ==
            session_->subscribed.end()) {
          return;
        }
      }
    }
    out_.Send(notification);
  }

  Server& server_;
  const Principal principal_;
  Out& out_;
  Asking asking_;
  int legacy_listener_ = 0;
  std::map<std::string, int> listeners_;  // by id, as JSON; of the reading thread only
  /// Never held while the server's listeners are changed: it tells them under a lock of its own.
  std::mutex mutex_;
  std::optional<Session> session_;
  std::map<std::string, std::shared_ptr<std::atomic<bool>>> running_;  // by id, as JSON
  std::unique_ptr<Pool> pool_ = std::make_unique<Pool>(kThreads, kWaitingMax);
};

}  // namespace

Result<> ServeStdio(Server& server, const Principal& principal, int in, int out_fd) {
  Out out(out_fd);
  Conversation conversation(server, principal, out);
  std::string buffer;
  char chunk[65536];
  bool skipping = false;  // the rest of a line that is too long
  while (!out.broken()) {
    const ssize_t n = ::read(in, chunk, sizeof chunk);
    if (n == 0) break;
    if (n < 0) {
      if (errno == EINTR) continue;
      return Fail(Errc::kLocal, fmt::format("standard input: {}", std::strerror(errno)));
    }
    buffer.append(chunk, static_cast<std::size_t>(n));
    for (std::size_t end = 0; (end = buffer.find('\n')) != std::string::npos;) {
      std::string line = buffer.substr(0, end);
      buffer.erase(0, end + 1);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (!skipping && !line.empty()) conversation.Take(line);
      skipping = false;
    }
    if (buffer.size() > kLineMax) {
      if (!skipping) {
        out.Send(ErrorMessage(nullptr, -32600, fmt::format("longer than {} bytes", kLineMax)));
      }
      skipping = true;
      buffer.clear();
    }
  }
  if (out.broken()) return Fail(Errc::kLocal, "standard output is closed");
  return {};
}

}  // namespace maxopt::mcp
