// Streamable HTTP: one path, both eras.
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "agent/mcp/asking.h"
#include "agent/mcp/mcp.h"
#include "agent/mcp/pool.h"
#include "agent/mcp/seal.h"

namespace maxopt::mcp {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kKeptEventsMax = 512;
constexpr std::size_t kKeptBytesMax = 2u << 20;
constexpr std::size_t kStreamsMax = 32;  // of a session
constexpr int kRetryMs = 500;            // when a client whose stream was closed comes back

std::string Dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// An answer of server-sent events. In the older era it outlives its connection: a client that
/// comes back with the id of the last event it saw gets the rest.
class EventStream {
 public:
  /// `id` empty: events have no ids and nothing is kept.
  explicit EventStream(std::string id) : id_(std::move(id)) {}

  const std::string& id() const { return id_; }

  /// Empty data with an id, so that the client can come back from the very first moment.
  void Prime() {
    std::lock_guard lock(mutex_);
    Put(fmt::format("id: {}\nretry: {}\ndata: \n\n", NextId(), kRetryMs));
  }
  void Send(const Json& message) {
    std::lock_guard lock(mutex_);
    std::string event;
    if (!id_.empty()) event += "id: " + NextId() + "\n";
    Put(event + "event: message\ndata: " + Dump(message) + "\n\n");
  }
  void Heartbeat() {
    std::lock_guard lock(mutex_);
    if (sink_ && !sink_->closed()) sink_->Write(":\n\n");
  }
  /// The answer is whole.
  void End() {
    std::lock_guard lock(mutex_);
    ended_ = true;
    if (sink_) sink_->Close();
    sink_.reset();
  }
  /// Ends the connection only.
  void Detach() {
    std::lock_guard lock(mutex_);
    if (id_.empty()) return;
    if (sink_) sink_->Close();
    sink_.reset();
  }
  /// Goes on to `sink`, after event number `after`.
  void Attach(std::shared_ptr<http::Stream> sink, int after) {
    std::lock_guard lock(mutex_);
    if (sink_) sink_->Close();
    sink_ = std::move(sink);
    for (const auto& [number, event] : kept_) {
      if (number > after) sink_->Write(event);
    }
    if (!ended_) return;
    sink_->Close();
    sink_.reset();
  }
  /// Nobody reads it and nobody may come back.
  bool gone() const {
    std::lock_guard lock(mutex_);
    return id_.empty() && (!sink_ || sink_->closed());
  }
  bool ended() const {
    std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  std::string NextId() { return fmt::format("{}/{}", id_, ++last_); }
  void Put(std::string event) {
    if (sink_ && !sink_->closed()) sink_->Write(event);
    if (id_.empty()) return;
    kept_bytes_ += event.size();
    kept_.emplace_back(last_, std::move(event));
    while (kept_.size() > kKeptEventsMax || kept_bytes_ > kKeptBytesMax) {
      kept_bytes_ -= kept_.front().second.size();
      kept_.pop_front();
    }
  }

  const std::string id_;
  mutable std::mutex mutex_;
  std::shared_ptr<http::Stream> sink_;
  std::deque<std::pair<int, std::string>> kept_;
  std::size_t kept_bytes_ = 0;
  int last_ = 0;
  bool ended_ = false;
};

struct HttpSession {
  std::string id, principal;
  std::mutex mutex;  // of all below
  Session terms;
  std::map<std::string, std::shared_ptr<std::atomic<bool>>> running;  // by request id, as JSON
  std::deque<std::shared_ptr<EventStream>> streams;
  std::shared_ptr<EventStream> standing;  // of GET: what no request asked for
  int last_stream = 0;
  SteadyTime used = std::chrono::steady_clock::now();
  Asking asking;  // has a lock of its own
};

/// For answers that are one JSON object: there is no way to say anything before.
class SilentPeer final : public Peer {
 public:
  void Notify(const Json&) override {}
  Result<Json> Ask(const std::string& method, const Json&) override {
    return Fail(Errc::kUnavailable,
                method + " cannot be asked: the client does not accept text/event-stream");
  }
  bool gone() const override { return false; }
};

class StreamPeer final : public Peer {
 public:
  StreamPeer(std::shared_ptr<EventStream> stream, std::shared_ptr<HttpSession> session,
             std::shared_ptr<std::atomic<bool>> cancelled, const std::atomic<bool>& stopping,
             std::chrono::milliseconds patience)
      : stream_(std::move(stream)),
        session_(std::move(session)),
        cancelled_(std::move(cancelled)),
        stopping_(stopping),
        patience_(patience) {}
  void Notify(const Json& message) override { stream_->Send(message); }
  Result<Json> Ask(const std::string& method, const Json& params) override {
    if (!session_) return Fail(Errc::kUnavailable, "this revision has no requests of servers");
    return session_->asking.Ask(
        method, params, [this](const Json& message) { stream_->Send(message); },
        [this] { return gone(); }, patience_);
  }
  bool gone() const override { return *cancelled_ || stopping_ || stream_->gone(); }
  void Detach() override { stream_->Detach(); }

 private:
  const std::shared_ptr<EventStream> stream_;
  const std::shared_ptr<HttpSession> session_;
  const std::shared_ptr<std::atomic<bool>> cancelled_;
  const std::atomic<bool>& stopping_;
  const std::chrono::milliseconds patience_;
};

http::Response JsonAnswer(int status, const Json& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = Dump(body)};
}
http::Response Refusal(int status, const Json& id, int code, const std::string& what) {
  return JsonAnswer(status, ErrorMessage(id, code, what));
}

bool IsLoopbackHost(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end != std::string_view::npos && host.substr(0, end + 1) == "[::1]";
  }
  host = host.substr(0, host.find(':'));
  return host == "localhost" || host == "127.0.0.1";
}

std::string_view Header(const http::Request& request, std::string_view name) {
  return http::FindHeader(request.headers, name).value_or("");
}

bool Accepts(const http::Request& request, std::string_view type) {
  const std::string_view accept = Header(request, "Accept");
  return accept.empty() || accept.find(type) != std::string_view::npos ||
         accept.find("*/*") != std::string_view::npos;
}

class Endpoint final : public HttpEndpoint {
 public:
  Endpoint(Server& server, Authorize authorize, HttpOptions options)
      : server_(server), authorize_(std::move(authorize)), options_(std::move(options)) {
    listener_ = server_.Listen({{"toolsListChanged", true},
                                {"promptsListChanged", true},
                                {"resourcesListChanged", true},
                                {"resourceSubscriptions", true}},
                               [this](const Json& notification) { TellSessions(notification); });
    pool_ = std::make_unique<Pool>(options_.threads, options_.max_waiting);
    keeper_ = std::thread([this] { Keep(); });
  }
  ~Endpoint() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      for (const auto& [id, session] : sessions_) session->asking.End();
    }
    wake_.notify_all();
    keeper_.join();
    pool_.reset();
    server_.Unlisten(listener_);
    for (const auto& [stream, listener] : listens_) server_.Unlisten(listener);
  }

  http::Response Handle(const http::Request& request) override {
    const std::string_view origin = Header(request, "Origin");
    if (!origin.empty() && !OriginIsOurs(origin)) {
      return Refusal(403, nullptr, -32600, "this origin may not call");
    }
    if (!HostIsOurs(Header(request, "Host"))) {
      return Refusal(403, nullptr, -32600, "this server is not asked by that name");
    }
    const Result<Principal> principal = authorize_(request);
    if (!principal) {
      const bool unknown = principal.error().code == Errc::kUnauthenticated;
      http::Response response =
          Refusal(unknown ? 401 : 403, nullptr, -32600, principal.error().what);
      if (unknown) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"maxopt\"");
      return response;
    }
    if (request.method == "POST") return Post(request, *principal);
    // Both are of the older era, in a session.
    if (!Header(request, "Mcp-Session-Id").empty()) {
      if (request.method == "GET") return Get(request, *principal);
      if (request.method == "DELETE") return Delete(request, *principal);
    }
    http::Response response = Refusal(405, nullptr, -32600, "POST only");
    response.headers.emplace_back("Allow", "POST");
    return response;
  }

 private:
  bool OriginIsOurs(std::string_view origin) const {
    if (std::find(options_.origins.begin(), options_.origins.end(), origin) !=
        options_.origins.end()) {
      return true;
    }
    for (const std::string_view scheme : {"http://", "https://"}) {
      if (origin.starts_with(scheme)) return IsLoopbackHost(origin.substr(scheme.size()));
    }
    return false;
  }

  bool HostIsOurs(std::string_view host) const {
    if (IsLoopbackHost(host)) return true;
    const std::string_view name = host.substr(0, host.rfind(':'));
    return std::find(options_.hosts.begin(), options_.hosts.end(), name) != options_.hosts.end();
  }

  http::Response Post(const http::Request& request, const Principal& principal) {
    const std::string_view type = Header(request, "Content-Type");
    if (!type.starts_with("application/json")) {
      return Refusal(415, nullptr, -32600, "Content-Type must be application/json");
    }
    if (!Accepts(request, "application/json") && !Accepts(request, "text/event-stream")) {
      return Refusal(406, nullptr, -32600,
                     "Accept must name application/json and text/event-stream");
    }
    if (request.body.size() > options_.max_body_bytes) {
      return Refusal(413, nullptr, -32600, "the message is too large");
    }
    const Result<Json> message = ParseMessage(request.body);
    if (!message) {
      return Refusal(400, nullptr, -32700, "Parse error: " + message.error().what);
    }
    const auto version = ParseRevision(Header(request, "MCP-Protocol-Version"));
    const bool in_session = !Header(request, "Mcp-Session-Id").empty();
    const bool modern = Server::IsModern(*message) ||
                        (version == Revision::k2026_07_28 && !in_session) ||
                        (message->is_object() && message->contains("method") &&
                         (*message)["method"] == "server/discover");
    return modern ? PostModern(request, *message, principal)
                  : PostLegacy(request, *message, principal);
  }

  // --- modern ---

  http::Response PostModern(const http::Request& request, const Json& message,
                            const Principal& principal) {
    if (!message.is_object()) {
      return Refusal(400, nullptr, -32600, "not a JSON-RPC 2.0 request");
    }
    // No notification of a client is known in this revision; they change nothing.
    if (message.contains("method") && !message.contains("id")) return {.status = 202};
    if (!message.contains("method")) {
      return Refusal(400, nullptr, -32600, "clients send no responses in this revision");
    }
    // What is wrong with the body is told first: headers only mirror it.
    if (Server::IsModern(message)) {
      if (const auto objection = server_.HeaderObjection(message, request.headers)) {
        return JsonAnswer(400, *objection);
      }
    }
    Step step = server_.Take(message, principal);
    if (step.answer) return JsonAnswer(step.http_status, *step.answer);
    if (step.listen) {
      if (!Accepts(request, "text/event-stream")) {
        return Refusal(406, message["id"], -32600, "Accept must name text/event-stream");
      }
      return Listen(message["id"], *step.listen);
    }
    if (step.streams && Accepts(request, "text/event-stream")) {
      return Stream(std::make_shared<EventStream>(""), nullptr, message["id"],
                    std::move(step.work));
    }
    return Later(message["id"], std::move(step.work));
  }

  http::Response Listen(const Json& id, const Json& honoured) {
    auto stream = std::make_shared<EventStream>("");
    http::Response response = StreamResponse();
    response.stream = [this, stream, id, honoured](std::shared_ptr<http::Stream> sink) {
      stream->Attach(std::move(sink), 0);
      stream->Send({{"jsonrpc", "2.0"},
                    {"method", "notifications/subscriptions/acknowledged"},
                    {"params",
                     {{"_meta", {{"io.modelcontextprotocol/subscriptionId", id}}},
                      {"notifications", honoured}}}});
      const int listener = server_.Listen(honoured, [stream, id](Json notification) {
        notification["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] = id;
        stream->Send(notification);
      });
      std::lock_guard lock(mutex_);
      listens_.emplace_back(stream, listener);
    };
    return response;
  }

  // --- the older era ---

  std::shared_ptr<HttpSession> FindSession(const http::Request& request,
                                           const Principal& principal) {
    std::lock_guard lock(mutex_);
    const auto found = sessions_.find(std::string(Header(request, "Mcp-Session-Id")));
    // Someone else's is answered as one that there is not.
    if (found == sessions_.end() || found->second->principal != principal.name) return nullptr;
    std::lock_guard inner(found->second->mutex);
    found->second->used = std::chrono::steady_clock::now();
    return found->second;
  }

  http::Response PostLegacy(const http::Request& request, const Json& message,
                            const Principal& principal) {
    const std::string_view version = Header(request, "MCP-Protocol-Version");
    if (!version.empty() && !ParseRevision(version)) {
      return Refusal(400, nullptr, -32600, "MCP-Protocol-Version is not one that is spoken here");
    }
    if (message.is_object() && message.contains("method") && message["method"] == "initialize" &&
        message.contains("id")) {
      return Initialize(message, principal);
    }
    if (Header(request, "Mcp-Session-Id").empty()) {
      return Refusal(400, nullptr, -32600,
                     "begin with initialize and send its Mcp-Session-Id, or say the protocol "
                     "version in params._meta");
    }
    const std::shared_ptr<HttpSession> session = FindSession(request, principal);
    if (!session) return Refusal(404, nullptr, -32600, "there is no such session; initialize");
    if (message.is_array()) return Batch(message, principal, session);
    if (!message.is_object()) {
      return Refusal(400, nullptr, -32600, "not a JSON-RPC 2.0 message");
    }
    if (!message.contains("method")) {
      session->asking.Answer(message);
      return {.status = 202};
    }
    if (!message.contains("id")) {
      TakeNotification(*session, message);
      return {.status = 202};
    }
    Step step;
    Revision revision;
    {
      std::lock_guard lock(session->mutex);
      step = server_.TakeLegacy(message, principal, session->terms);
      revision = session->terms.revision;
    }
    if (step.answer) return JsonAnswer(step.http_status, *step.answer);
    if (!step.streams || !Accepts(request, "text/event-stream")) {
      return Later(message["id"], std::move(step.work));
    }
    std::shared_ptr<EventStream> stream;
    {
      std::lock_guard lock(session->mutex);
      stream = std::make_shared<EventStream>(fmt::format("s{}", ++session->last_stream));
      KeepStream(*session, stream);
    }
    // Older clients take every event's data for a message.
    if (revision >= Revision::k2025_11_25) stream->Prime();
    return Stream(stream, session, message["id"], std::move(step.work));
  }

  static void KeepStream(HttpSession& session, const std::shared_ptr<EventStream>& stream) {
    session.streams.push_back(stream);
    while (session.streams.size() > kStreamsMax) session.streams.pop_front();
  }

  http::Response Initialize(const Json& message, const Principal& principal) {
    Server::Agreed agreed = server_.Initialize(message);
    if (!agreed.session) return JsonAnswer(200, agreed.answer);
    auto session = std::make_shared<HttpSession>();
    session->id = RandomId();
    session->principal = principal.name;
    session->terms = *std::move(agreed.session);
    {
      std::lock_guard lock(mutex_);
      if (sessions_.size() >= options_.max_sessions) {
        return Refusal(503, message["id"], -32603, "too many sessions are open; try again later");
      }
      sessions_[session->id] = session;
    }
    http::Response response = JsonAnswer(200, agreed.answer);
    response.headers.emplace_back("Mcp-Session-Id", session->id);
    return response;
  }

  /// Of 2025-03-26 only: the answers come together, as one array.
  http::Response Batch(const Json& batch, const Principal& principal,
                       const std::shared_ptr<HttpSession>& session) {
    constexpr std::size_t kBatchMax = 100;
    std::vector<Step> steps;
    {
      std::lock_guard lock(session->mutex);
      if (session->terms.revision != Revision::k2025_03_26 || batch.empty() ||
          batch.size() > kBatchMax) {
        return Refusal(400, nullptr, -32600, "batches are not of this revision, or it is too long");
      }
    }
    for (const Json& message : batch) {
      if (!message.is_object() || !message.contains("method")) {
        session->asking.Answer(message);
      } else if (!message.contains("id")) {
        TakeNotification(*session, message);
      } else {
        std::lock_guard lock(session->mutex);
        steps.push_back(server_.TakeLegacy(message, principal, session->terms));
      }
    }
    if (steps.empty()) return {.status = 202};
    return Later(nullptr, [steps = std::move(steps)](Peer& peer) -> std::optional<Json> {
      Json answers = Json::array();
      for (const Step& step : steps) {
        std::optional<Json> answer = step.answer ? step.answer : step.work(peer);
        if (answer) answers.push_back(*std::move(answer));
      }
      return answers;
    });
  }

  static void TakeNotification(HttpSession& session, const Json& message) {
    if (message["method"] != "notifications/cancelled") return;
    const Json params = message.value("params", Json::object());
    if (!params.is_object() || !params.contains("requestId")) return;
    std::lock_guard lock(session.mutex);
    const auto found = session.running.find(params["requestId"].dump());
    if (found != session.running.end()) *found->second = true;
  }

  http::Response Get(const http::Request& request, const Principal& principal) {
    const std::shared_ptr<HttpSession> session = FindSession(request, principal);
    if (!session) return Refusal(404, nullptr, -32600, "there is no such session; initialize");
    if (!Accepts(request, "text/event-stream")) {
      return Refusal(406, nullptr, -32600, "Accept must name text/event-stream");
    }
    std::shared_ptr<EventStream> stream;
    int after = 0;
    const std::string_view last = Header(request, "Last-Event-ID");
    std::lock_guard lock(session->mutex);
    if (last.empty()) {
      // The newer connection is the one that is told: the older may be dead without our knowing.
      if (session->standing) session->standing->End();
      stream = std::make_shared<EventStream>(fmt::format("s{}", ++session->last_stream));
      session->standing = stream;
      KeepStream(*session, stream);
    } else {
      const std::size_t slash = last.find('/');
      for (const auto& one : session->streams) {
        if (one->id() == last.substr(0, slash)) stream = one;
      }
      const std::string_view number = slash == std::string_view::npos ? "" : last.substr(slash + 1);
      const auto parsed = std::from_chars(number.data(), number.data() + number.size(), after);
      if (!stream || number.empty() || parsed.ec != std::errc() ||
          parsed.ptr != number.data() + number.size()) {
        return Refusal(404, nullptr, -32600, "Last-Event-ID is of no stream that is kept");
      }
    }
    http::Response response = StreamResponse();
    response.stream = [this, stream, after](std::shared_ptr<http::Stream> sink) {
      sink->Write(":\n\n");
      stream->Attach(std::move(sink), after);
      Watch(stream);
    };
    return response;
  }

  http::Response Delete(const http::Request& request, const Principal& principal) {
    const std::shared_ptr<HttpSession> session = FindSession(request, principal);
    if (!session) return Refusal(404, nullptr, -32600, "there is no such session");
    {
      std::lock_guard lock(mutex_);
      sessions_.erase(session->id);
    }
    EndSession(*session);
    return {.status = 204};
  }

  static void EndSession(HttpSession& session) {
    session.asking.End();
    std::lock_guard lock(session.mutex);
    for (const auto& [id, cancelled] : session.running) *cancelled = true;
    for (const auto& stream : session.streams) stream->End();
  }

  void TellSessions(const Json& notification) {
    std::vector<std::shared_ptr<HttpSession>> sessions;
    {
      std::lock_guard lock(mutex_);
      for (const auto& [id, session] : sessions_) sessions.push_back(session);
    }
    for (const auto& session : sessions) {
      std::lock_guard lock(session->mutex);
      if (!session->standing) continue;
      if (notification["method"] == "notifications/resources/updated") {
        const auto& subscribed = session->terms.subscribed;
        if (std::find(subscribed.begin(), subscribed.end(),
                      notification["params"]["uri"].get<std::string>()) == subscribed.end()) {
          continue;
        }
      }
      session->standing->Send(notification);
    }
  }

  // --- answers ---

  static http::Response StreamResponse() {
    return {.status = 200,
            .headers = {{"Content-Type", "text/event-stream"},
                        {"Cache-Control", "no-store"},
                        {"X-Accel-Buffering", "no"}}};
  }

  using Work = std::function<std::optional<Json>(Peer&)>;

  http::Response Stream(std::shared_ptr<EventStream> stream, std::shared_ptr<HttpSession> session,
                        const Json& id, Work work) {
    auto cancelled = std::make_shared<std::atomic<bool>>(false);
    if (session) {
      std::lock_guard lock(session->mutex);
      session->running[id.dump()] = cancelled;
    }
    http::Response response = StreamResponse();
    response.stream = [this, stream = std::move(stream), session = std::move(session), id,
                       work = std::move(work),
                       cancelled = std::move(cancelled)](std::shared_ptr<http::Stream> sink) {
      stream->Attach(std::move(sink), 0);
      Watch(stream);
      const bool taken = pool_->Add([this, stream, session, id, work, cancelled] {
        StreamPeer peer(stream, session, cancelled, stopping_, options_.ask_timeout);
        const std::optional<Json> answer = work(peer);
        if (answer && !*cancelled) stream->Send(*answer);
        stream->End();
        if (!session) return;
        std::lock_guard lock(session->mutex);
        session->running.erase(id.dump());
      });
      if (taken) return;
      stream->Send(ErrorMessage(id, -32603, "too many calls wait already; try again later"));
      stream->End();
    };
    return response;
  }

  http::Response Later(const Json& id, Work work) {
    return {
        .later = [this, id, work = std::move(work)](std::function<void(http::Response)> answer) {
          const bool taken = pool_->Add([id, work, answer] {
            SilentPeer peer;
            const std::optional<Json> result = work(peer);
            if (!result) {
              answer(Refusal(500, id, -32603, "cancelled"));
              return;
            }
            answer(JsonAnswer(200, *result));
          });
          if (!taken) {
            answer(Refusal(503, id, -32603, "too many calls wait already; try again later"));
          }
        }};
  }

  // --- housekeeping ---

  /// Is written to now and then, so that a reader who has gone is noticed.
  void Watch(const std::shared_ptr<EventStream>& stream) {
    std::lock_guard lock(mutex_);
    watched_.push_back(stream);
  }

  void Keep() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      wake_.wait_for(lock, options_.heartbeat, [this] { return stopping_.load(); });
      if (stopping_) return;
      std::vector<std::shared_ptr<EventStream>> alive;
      std::erase_if(watched_, [&](const std::weak_ptr<EventStream>& weak) {
        const auto stream = weak.lock();
        if (!stream || stream->ended()) return true;
        alive.push_back(stream);
        return false;
      });
      std::vector<std::shared_ptr<HttpSession>> idle;
      const auto now = std::chrono::steady_clock::now();
      for (auto it = sessions_.begin(); it != sessions_.end();) {
        std::unique_lock inner(it->second->mutex);
        if (it->second->running.empty() && now - it->second->used > options_.session_idle) {
          idle.push_back(it->second);
          inner.unlock();
          it = sessions_.erase(it);
        } else {
          ++it;
        }
      }
      std::vector<int> left;
      std::vector<std::shared_ptr<EventStream>> listening;
      for (const auto& [stream, listener] : listens_) listening.push_back(stream);
      lock.unlock();
      for (const auto& stream : alive) stream->Heartbeat();
      for (const auto& stream : listening) stream->Heartbeat();
      for (const auto& session : idle) EndSession(*session);
      lock.lock();
      std::erase_if(listens_, [&](const auto& one) {
        if (!one.first->gone()) return false;
        left.push_back(one.second);
        return true;
      });
      lock.unlock();
      for (const int listener : left) server_.Unlisten(listener);
      lock.lock();
    }
  }

  Server& server_;
  const Authorize authorize_;
  const HttpOptions options_;
  int listener_ = 0;
  /// Taken before a session's; never held while the server's listeners are changed.
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, std::shared_ptr<HttpSession>> sessions_;
  std::vector<std::weak_ptr<EventStream>> watched_;
  std::vector<std::pair<std::shared_ptr<EventStream>, int>> listens_;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<Pool> pool_;
  std::thread keeper_;
};

}  // namespace

std::unique_ptr<HttpEndpoint> MakeHttpEndpoint(Server& server, Authorize authorize,
                                               HttpOptions options) {
  return std::make_unique<Endpoint>(server, std::move(authorize), std::move(options));
}

}  // namespace maxopt::mcp
