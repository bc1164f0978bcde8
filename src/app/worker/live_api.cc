// The live cache over HTTP: a snapshot, and a stream of server-sent events that one thread feeds.
#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
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

/// Whether an asker sees an entry: by the client it names.
using Sees = std::function<bool(const std::string& client)>;
std::string ClientOf(const LiveEntry& entry) {
  const auto json = nlohmann::json::parse(entry.json, nullptr, false);
  return json.is_object() && json.contains("client") && json["client"].is_string()
             ? json["client"].get<std::string>()
             : std::string();
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

  std::optional<http::Response> Handle(const http::Request& request, Sees sees) override {
    const auto url = http::ParseUrl(request.url);
    if (!url) return std::nullopt;
    const bool known = url->path == "/api/v1/live" || url->path == "/api/v1/live/stream" ||
                       url->path == "/api/v1/status";
    if (!known) return std::nullopt;
    if (request.method != "GET" && request.method != "HEAD") {
      http::Response response = ErrorJson(405, {Errc::kInvalidArgument, "only GET is answered"});
      response.headers.emplace_back("Allow", "GET, HEAD");
      return response;
    }
    if (url->path == "/api/v1/live") return Snapshot(request, sees);
    if (url->path == "/api/v1/live/stream") return Stream(request, std::move(sees));
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
  http::Response Snapshot(const http::Request& request, const Sees& sees) {
    const auto snapshot = live_.Read();
    if (!snapshot) return ErrorJson(503, snapshot.error());
    auto entries = (*snapshot)->entries;
    if (sees) std::erase_if(entries, [&](const auto& entry) { return !sees(ClientOf(*entry)); });
    const std::string tag = '"' + PrintLiveVersion((*snapshot)->version) + '"';
    const auto has = http::FindHeader(request.headers, "If-None-Match");
    http::Response response;
    if (has && has->find(tag) != std::string_view::npos) {
      response.status = 304;
    } else {
      response = Json(200, fmt::format("{{\"version\":\"{}\",\"entries\":{}}}",
                                       PrintLiveVersion((*snapshot)->version), Object(entries)));
    }
    std::erase_if(response.headers, [](const auto& h) { return h.first == "Cache-Control"; });
    response.headers.emplace_back("Cache-Control", "no-cache");
    response.headers.emplace_back("ETag", tag);
    return response;
  }

  http::Response Stream(const http::Request& request, Sees sees) {
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
    // What an earlier stream told a reader who does not see everything is not known any more.
    if (sees) since.reset();
    response.stream = [this, since, sees = std::move(sees)](std::shared_ptr<http::Stream> stream) {
      stream->Write("retry: 2000\n\n");
      const std::lock_guard lock(mutex_);
      readers_.push_back({std::move(stream), since, Steady::now(), sees, {}});
      fresh_ = true;
      change_.notify_all();
    };
    return response;
  }

  struct Reader {
    std::shared_ptr<http::Stream> stream;
    std::optional<LiveVersion> at;  ///< what it knows; nullopt: nothing
    Steady::time_point written;
    Sees sees;                    ///< unset: everything
    std::set<std::string> shown;  ///< keys that it was told, where it does not see everything
  };

  /// What brings one who is `at` up to date, and to where; nothing when he is.
  struct News {
    std::string text;
    LiveVersion version;
  };
  /// For one who does not see everything: only his, and removals of what he was told only.
  Result<std::optional<News>> NewsFor(Reader& reader) {
    const auto mine = [&reader](std::vector<std::shared_ptr<const LiveEntry>> entries) {
      std::erase_if(entries,
                    [&reader](const auto& entry) { return !reader.sees(ClientOf(*entry)); });
      return entries;
    };
    std::string text;
    if (reader.at) {
      MAXOPT_TRY(LiveChanges changes, live_.ChangesSince(*reader.at));
      if (!changes.reload) {
        if (changes.version == *reader.at) return std::nullopt;
        changes.changed = mine(std::move(changes.changed));
        for (const auto& entry : changes.changed) reader.shown.insert(entry->key);
        std::erase_if(changes.removed,
                      [&reader](const std::string& key) { return reader.shown.erase(key) == 0; });
        if (changes.changed.empty() && changes.removed.empty()) {
          reader.at = changes.version;
          return std::nullopt;
        }
        return News{ChangeEvent(changes), changes.version};
      }
      text = Event("reload", std::nullopt, "{}");
    }
    MAXOPT_TRY(const auto snapshot, live_.Read());
    LiveSnapshot part{snapshot->version, mine(snapshot->entries)};
    reader.shown.clear();
    for (const auto& entry : part.entries) reader.shown.insert(entry->key);
    return News{text + SnapshotEvent(part), part.version};
  }
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
        Result<std::optional<News>> news = std::nullopt;
        if (reader.sees) {
          news = NewsFor(reader);
        } else {
          auto known = std::find_if(told.begin(), told.end(),
                                    [&](const auto& one) { return one.first == reader.at; });
          if (known == told.end()) {
            told.emplace_back(reader.at, NewsSince(reader.at));
            known = told.end() - 1;
          }
          news = known->second;
        }
        const bool quiet = Steady::now() - reader.written >= options_.heartbeat;
        if (!news) {
          // The cache cannot be reached: told as often as a heartbeat, tried again each time.
          if (quiet && reader.stream->Write(": the cache cannot be reached\n\n")) {
            reader.written = Steady::now();
          }
        } else if (*news) {
          if (reader.stream->Write((*news)->text)) {
            reader.at = (*news)->version;
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
