// The live cache over HTTP: a snapshot, and a stream of server-sent events that one thread feeds.
#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/worker/worker.h"

namespace maxopt {
namespace {

using Steady = std::chrono::steady_clock;

http::Response Json(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"},
                      {"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"}};
  response.body = std::move(body);
  return response;
}

http::Response ErrorJson(int status, const Error& error) {
  return Json(
      status,
      nlohmann::ordered_json{{"error", {{"code", ErrcName(error.code)}, {"what", error.what}}}}
          .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// Entries are JSON already, so they are put together as text.
std::string Object(const std::vector<std::shared_ptr<const LiveEntry>>& entries) {
  std::string out = "{";
  for (const auto& entry : entries) {
    if (out.size() > 1) out += ',';
    out +=
        nlohmann::json(entry->key).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out += ':';
    out += entry->json;
  }
  return out + "}";
}

std::string Event(const char* name, const std::optional<LiveVersion>& id, const std::string& data) {
  return fmt::format("{}event: {}\ndata: {}\n\n",
                     id ? fmt::format("id: {}\n", PrintLiveVersion(*id)) : "", name, data);
}

std::string SnapshotEvent(const LiveSnapshot& snapshot) {
  return Event("snapshot", snapshot.version, Object(snapshot.entries));
}

std::string ChangeEvent(const LiveChanges& changes) {
  return Event("change", changes.version,
               fmt::format("{{\"changed\":{},\"removed\":{}}}", Object(changes.changed),
                           nlohmann::json(changes.removed)
                               .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
}

/// A page of another site, whose name was made to resolve to this machine, sends its own name.
bool IsLoopbackHost(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    host = host.substr(0, colon);
  }
  return host == "127.0.0.1" || host == "localhost" || host == "[::1]";
}
bool IsLoopbackPeer(std::string_view peer) {
  return peer.empty() || peer == "::1" || peer.starts_with("127.") ||
         peer.starts_with("::ffff:127.");
}

class Api final : public LiveApi {
 public:
  Api(LiveCache& live, LiveApiOptions options)
      : live_(live), options_(options), thread_([this] { Feed(); }) {}
  ~Api() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    change_.notify_all();
    thread_.join();
  }

  std::optional<http::Response> Handle(const http::Request& request) override {
    const auto url = http::ParseUrl(request.url);
    if (!url || !url->path.starts_with("/api/")) return std::nullopt;
    const auto host = http::FindHeader(request.headers, "Host");
    if (!IsLoopbackPeer(request.peer) || !host || !IsLoopbackHost(*host)) {
      return ErrorJson(
          403, {Errc::kForbidden, "the API answers on this machine only: ask http://127.0.0.1"});
    }
    const bool known = url->path == "/api/v1/live" || url->path == "/api/v1/live/stream" ||
                       url->path == "/api/v1/status";
    if (!known) return ErrorJson(404, {Errc::kNotFound, "there is no " + url->path});
    if (request.method != "GET" && request.method != "HEAD") {
      http::Response response = ErrorJson(405, {Errc::kInvalidArgument, "only GET is answered"});
      response.headers.emplace_back("Allow", "GET, HEAD");
      return response;
    }
    if (url->path == "/api/v1/live") return Snapshot(request);
    if (url->path == "/api/v1/live/stream") return Stream(request);
    const std::lock_guard lock(mutex_);
    if (status_.empty()) {
      return ErrorJson(503, {Errc::kUnavailable, "the worker has not looked yet; ask again"});
    }
    return Json(200, status_);
  }

  void SetStatus(std::string json) override {
    const std::lock_guard lock(mutex_);
    status_ = std::move(json);
  }

 private:
  http::Response Snapshot(const http::Request& request) {
    const auto snapshot = live_.Read();
    if (!snapshot) return ErrorJson(503, snapshot.error());
    const std::string tag = '"' + PrintLiveVersion((*snapshot)->version) + '"';
    const auto has = http::FindHeader(request.headers, "If-None-Match");
    http::Response response;
    if (has && has->find(tag) != std::string_view::npos) {
      response.status = 304;
    } else {
      response = Json(
          200, fmt::format("{{\"version\":\"{}\",\"entries\":{}}}",
                           PrintLiveVersion((*snapshot)->version), Object((*snapshot)->entries)));
    }
    std::erase_if(response.headers, [](const auto& h) { return h.first == "Cache-Control"; });
    response.headers.emplace_back("Cache-Control", "no-cache");
    response.headers.emplace_back("ETag", tag);
    return response;
  }

  http::Response Stream(const http::Request& request) {
    std::optional<LiveVersion> since;
    const auto id = http::FindHeader(request.headers, "Last-Event-ID");
    if (id) since = ParseLiveVersion(*id).value_or(LiveVersion{});
    {
      const std::lock_guard lock(mutex_);
      if (readers_.size() + busy_ >= static_cast<std::size_t>(options_.max_streams)) {
        http::Response response =
            ErrorJson(503, {Errc::kUnavailable, "too many streams are open; try again later"});
        response.headers.emplace_back("Retry-After", "30");
        return response;
      }
    }
    http::Response response;
    response.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
    response.stream = [this, since](std::shared_ptr<http::Stream> stream) {
      stream->Write("retry: 2000\n\n");
      const std::lock_guard lock(mutex_);
      readers_.push_back({std::move(stream), since, Steady::now()});
      fresh_ = true;
      change_.notify_all();
    };
    return response;
  }

  struct Reader {
    std::shared_ptr<http::Stream> stream;
    std::optional<LiveVersion> at;  ///< what it knows; nullopt: nothing
    Steady::time_point written;
  };

  /// What brings one who is `at` up to date, and to where; nothing when he is.
  struct News {
    std::string text;
    LiveVersion version;
  };
  Result<std::optional<News>> NewsSince(const std::optional<LiveVersion>& at) {
    std::string text;
    if (at) {
      MAXOPT_TRY(const LiveChanges changes, live_.ChangesSince(*at));
      if (!changes.reload) {
        if (changes.version == *at) return std::nullopt;
        return News{ChangeEvent(changes), changes.version};
      }
      text = Event("reload", std::nullopt, "{}");
    }
    MAXOPT_TRY(const auto snapshot, live_.Read());
    return News{text + SnapshotEvent(*snapshot), snapshot->version};
  }

  void Feed() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      change_.wait_for(lock, options_.poll, [this] { return stop_ || fresh_; });
      fresh_ = false;
      if (stop_) break;
      std::vector<Reader> readers = std::move(readers_);
      readers_.clear();
      busy_ = readers.size();
      lock.unlock();
      // Most readers are at the same place, so what is told is made once.
      std::vector<std::pair<std::optional<LiveVersion>, Result<std::optional<News>>>> told;
      for (Reader& reader : readers) {
        // A slow reader is left alone until he has taken what was sent: then he gets the newest of
        // everything at once.
        if (reader.stream->closed() || reader.stream->unsent_bytes() > 0) continue;
        auto news = std::find_if(told.begin(), told.end(),
                                 [&](const auto& known) { return known.first == reader.at; });
        if (news == told.end()) {
          told.emplace_back(reader.at, NewsSince(reader.at));
          news = told.end() - 1;
        }
        const bool quiet = Steady::now() - reader.written >= options_.heartbeat;
        if (!news->second) {
          // The cache cannot be reached: told as often as a heartbeat, tried again each time.
          if (quiet && reader.stream->Write(": the cache cannot be reached\n\n")) {
            reader.written = Steady::now();
          }
        } else if (*news->second) {
          if (reader.stream->Write((*news->second)->text)) {
            reader.at = (*news->second)->version;
            reader.written = Steady::now();
          } else {
            reader.stream->Close();  // more than a stream may hold: he comes back and goes on
          }
        } else if (quiet && reader.stream->Write(":\n\n")) {
          reader.written = Steady::now();
        }
      }
      std::erase_if(readers, [](const Reader& reader) { return reader.stream->closed(); });
      lock.lock();
      // Those who came meanwhile stand behind.
      readers.insert(readers.end(), std::make_move_iterator(readers_.begin()),
                     std::make_move_iterator(readers_.end()));
      readers_ = std::move(readers);
      busy_ = 0;
    }
    for (const Reader& reader : readers_) reader.stream->Close();
  }

  LiveCache& live_;
  const LiveApiOptions options_;
  std::mutex mutex_;
  std::condition_variable change_;
  bool stop_ = false;     // guarded by mutex_, as all below
  bool fresh_ = false;    // somebody came
  std::size_t busy_ = 0;  // readers that the feeding thread has in hand
  std::vector<Reader> readers_;
  std::string status_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace

std::unique_ptr<LiveApi> MakeLiveApi(LiveCache& live, LiveApiOptions options) {
  return std::make_unique<Api>(live, options);
}

}  // namespace maxopt
