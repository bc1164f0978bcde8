// What stands before every handler: host, limits, login, rights, the body, writes done once, the
// audit; and the dashboard's files.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "app/api/route.h"
#include "domain/digest.h"

namespace maxopt {

using namespace api;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::string_view kCookie = "maxopt_session";
constexpr std::size_t kUrlBytesMax = 8192;
constexpr std::size_t kParametersMax = 64;
constexpr std::size_t kQueueMax = 256;
constexpr int kQuickThreads = 3;  ///< two cores, and one that waits for the disk
constexpr int kSlowThreads = 2;   ///< of what takes minutes, two at a time

// --- threads ------------------------------------------------------------------------------------

/// Runs tasks on its own threads, in order of arrival.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
  }
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    change_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  /// False: too many wait.
  bool Do(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.size() >= kQueueMax) return false;
      tasks_.push_back(std::move(task));
    }
    change_.notify_one();
    return true;
  }
  bool idle() const {
    const std::lock_guard lock(mutex_);
    return tasks_.empty() && busy_ == 0;
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      change_.wait(lock, [this] { return stop_ || !tasks_.empty(); });
      if (tasks_.empty()) return;  // what waits is still answered
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      ++busy_;
      lock.unlock();
      task();
      lock.lock();
      --busy_;
    }
  }
  mutable std::mutex mutex_;
  std::condition_variable change_;
  std::deque<std::function<void()>> tasks_;
  int busy_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

// --- how often ----------------------------------------------------------------------------------

/// Token buckets by name. Holds a bounded number: full buckets are forgotten, as a new one is full.
class Limiter {
 public:
  explicit Limiter(ApiConfig::Rate rate) : rate_(rate) {}
  /// Seconds to wait; nullopt: go on.
  std::optional<int> Take(const std::string& who) {
    const std::lock_guard lock(mutex_);
    const auto now = Steady::now();
    if (buckets_.size() > kBucketsMax) {
      std::erase_if(buckets_,
                    [&](const auto& entry) { return Level(entry.second, now) >= rate_.burst; });
      // More addresses than that at once: all share what is left.
      if (buckets_.size() > kBucketsMax) buckets_.clear();
    }
    Bucket& bucket = buckets_.try_emplace(who, Bucket{rate_.burst, now}).first->second;
    bucket.level = Level(bucket, now);
    bucket.at = now;
    if (bucket.level >= 1) {
      bucket.level -= 1;
      return std::nullopt;
    }
    return std::max(1, static_cast<int>(std::ceil((1 - bucket.level) / rate_.per_second)));
  }

 private:
  static constexpr std::size_t kBucketsMax = 10'000;
  struct Bucket {
    double level;
    Steady::time_point at;
  };
  double Level(const Bucket& bucket, Steady::time_point now) const {
    const double passed = std::chrono::duration<double>(now - bucket.at).count();
    return std::min(rate_.burst, bucket.level + passed * rate_.per_second);
  }
  const ApiConfig::Rate rate_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

// --- headers ------------------------------------------------------------------------------------

std::string_view Header(const http::Request& request, std::string_view name) {
  return http::FindHeader(request.headers, name).value_or("");
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string Cookie(const http::Request& request, std::string_view name) {
  std::string_view rest = Header(request, "Cookie");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::string_view pair = Trim(rest.substr(0, end));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return std::string(pair.substr(equals + 1));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return "";
}

/// Without the port.
std::string HostName(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    host = host.substr(0, colon);
  }
  std::string out(host);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return out;
}
bool IsLoopbackName(std::string_view name) {
  return name == "127.0.0.1" || name == "localhost" || name == "[::1]";
}

bool Accepts(const http::Request& request, std::string_view coding) {
  std::string_view rest = Header(request, "Accept-Encoding");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view one = Trim(rest.substr(0, end));
    const std::size_t q = std::min(one.find(';'), one.size());
    if (Trim(one.substr(0, q)) == coding) {
      return one.substr(q).find("q=0") == std::string_view::npos ||
             one.substr(q).find("q=0.") != std::string_view::npos;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

std::string Gzip(const std::string& text) {
  z_stream z{};
  // Level 1: a fifth of the bytes for a few milliseconds a megabyte. 16: with gzip's header.
  if (::deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return "";
  std::string out(::deflateBound(&z, text.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const bool done = ::deflate(&z, Z_FINISH) == Z_STREAM_END;
  out.resize(z.total_out);
  ::deflateEnd(&z);
  return done ? out : "";
}

std::string Gunzip(std::string_view bytes) {
  z_stream z{};
  if (::inflateInit2(&z, 15 + 16) != Z_OK) return "";
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK) {
    char piece[65536];
    z.next_out = reinterpret_cast<Bytef*>(piece);
    z.avail_out = sizeof piece;
    state = ::inflate(&z, Z_NO_FLUSH);
    out.append(piece, sizeof piece - z.avail_out);
  }
  ::inflateEnd(&z);
  return state == Z_STREAM_END ? out : "";
}

constexpr std::string_view kNotBuiltIn =
    "<!doctype html><html lang=\"en\"><title>Max Optimizer</title>"
    "<p>The pages are not built into this maxopt; see docs/api.md. The API answers below /api/v1.";

class Gate final : public Api {
 public:
  Gate(ApiWorld world, ApiConfig config, std::string secret)
      : context_{std::move(world), std::move(config), std::move(secret), {}, {}},
        users_(context_.config.user_rate),
        peers_(context_.config.peer_rate),
        quick_(kQuickThreads),
        slow_(kSlowThreads) {
    for (const Page& page : context_.world.pages) {
      tags_.emplace(page.path, '"' + Sha256Hex(page.gzip).substr(0, 32) + '"');
    }
  }

  http::Response Handle(const http::Request& request) override {
    const auto began = Steady::now();
    if (stopped_) return Sealed(ErrorResponse(Stopping()), false);
    const auto refusal = Before(request);
    if (refusal) return Sealed(ErrorResponse(*refusal), false);
    const std::string path = request.url.substr(0, request.url.find_first_of("?#"));
    const bool api = path.starts_with("/api/") || path == "/api" || path == "/metrics" ||
                     path == "/openapi.json" || path == "/healthz";
    if (!api) return Sealed(PageOf(request, path), true);
    Match match = FindRoute(request.method, path);
    if (!match.route) {
      ApiError error(404, "not_found", "there is no such path", "path",
                     "/openapi.json lists what there is");
      if (!match.allow.empty()) {
        error = ApiError(405, "method_not_allowed", request.method + " is not for this path",
                         "method", "it answers " + match.allow);
      }
      http::Response response = ErrorResponse(error);
      if (!match.allow.empty()) response.headers.emplace_back("Allow", match.allow);
      context_.counters.Count("none", error.status, 0);
      return Sealed(std::move(response), false);
    }
    if (match.route->answer_type == "text/event-stream") {
      // A stream cannot come later; it is quick to begin.
      http::Response response = Do(request, match);
      context_.counters.Count(match.route->id, response.status, 0);
      return Sealed(std::move(response), false);
    }
    http::Response later;
    later.later = [this, request, began,
                   match = std::move(match)](std::function<void(http::Response)> answer) mutable {
      Pool& pool = match.route->slow ? slow_ : quick_;
      const Route& route = *match.route;
      const auto shared = std::make_shared<std::function<void(http::Response)>>(std::move(answer));
      const bool taken = pool.Do([this, request, began, match = std::move(match), shared] {
        http::Response response;
        try {
          response = Do(request, match);
        } catch (const std::exception& e) {
          response = ErrorResponse(ApiError(500, "internal", "our own error, written to the log",
                                            "", "tell whoever runs this maxopt"));
          fmt::print(stderr, "api: {} {}: {}\n", request.method, match.route->pattern, e.what());
        }
        const double took = std::chrono::duration<double>(Steady::now() - began).count();
        context_.counters.Count(match.route->id, response.status, took);
        (*shared)(Sealed(std::move(response), false));
      });
      if (!taken) {
        ApiError error(503, "unavailable", "too many requests wait", "", "ask again");
        error.retry_after_s = 2;
        context_.counters.Count(route.id, 503, 0);
        (*shared)(Sealed(ErrorResponse(error), false));
      }
    };
    return later;
  }

  bool Stop(std::chrono::milliseconds patience) override {
    stopped_ = true;
    const auto until = Steady::now() + patience;
    while (!(quick_.idle() && slow_.idle())) {
      if (Steady::now() >= until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }

 private:
  static ApiError Stopping() {
    ApiError error(503, "unavailable", "maxopt is stopping", "", "ask again in a while");
    error.retry_after_s = 5;
    return error;
  }

  /// The address that is counted and noted: behind proxies that are believed, the last that they
  /// did not add themselves.
  std::string PeerOf(const http::Request& request) const {
    const auto& trusted = context_.config.trusted_proxies;
    const auto believed = [&](std::string_view address) {
      return std::find(trusted.begin(), trusted.end(), address) != trusted.end();
    };
    if (!believed(request.peer)) return request.peer;
    std::string_view list = Header(request, "X-Forwarded-For");
    std::string found = request.peer;
    while (!list.empty()) {
      const std::size_t comma = list.rfind(',');
      const std::string_view one =
          Trim(comma == std::string_view::npos ? list : list.substr(comma + 1));
      if (one.empty() || one.size() > 45) break;
      found = one;
      if (!believed(one)) break;
      list = comma == std::string_view::npos ? "" : list.substr(0, comma);
    }
    return found;
  }

  /// What concerns every request, pages too.
  std::optional<ApiError> Before(const http::Request& request) {
    const std::string host = HostName(Header(request, "Host"));
    const auto& hosts = context_.config.hosts;
    const bool known =
        IsLoopbackName(host) || std::find(hosts.begin(), hosts.end(), host) != hosts.end();
    if (!known) {
      return ApiError(421, "wrong_host", "this maxopt is not asked by that name", "header Host",
                      "add the name to hosts in serve.yaml");
    }
    if (request.url.size() > kUrlBytesMax) {
      return ApiError(414, "invalid_argument",
                      fmt::format("the address has more than {} bytes", kUrlBytesMax), "path");
    }
    if (const auto wait = peers_.Take(PeerOf(request))) {
      ApiError error(429, "rate_limited", "too many requests from this address", "",
                     "wait, then send the same");
      error.retry_after_s = wait;
      return error;
    }
    return std::nullopt;
  }

  /// True unless another site's page sent it.
  static bool SameSite(const http::Request& request) {
    const std::string_view origin = Header(request, "Origin");
    if (!origin.empty()) {
      const std::size_t scheme = origin.find("://");
      return scheme != std::string_view::npos &&
             origin.substr(scheme + 3) == Header(request, "Host");
    }
    const std::string_view site = Header(request, "Sec-Fetch-Site");
    return site.empty() || site == "same-origin" || site == "none";
  }

  struct Asker {
    Identity who;
    std::string session;
  };
  std::expected<Asker, ApiError> Recognise(const http::Request& request) {
    const Instant now = context_.world.wall->Now();
    Result<Identity> who = Fail(Errc::kUnauthenticated, "you are not logged in");
    Asker out;
    if (const auto bearer = http::FindHeader(request.headers, "Authorization")) {
      constexpr std::string_view kScheme = "Bearer ";
      if (!bearer->starts_with(kScheme)) {
        return Refuse(401, "unauthenticated", "only API keys are taken here",
                      "header Authorization", "Authorization: Bearer mk_...");
      }
      who = context_.world.users->OfKey(std::string(bearer->substr(kScheme.size())), now);
    } else if (out.session = Cookie(request, kCookie); !out.session.empty()) {
      who = context_.world.users->OfSession(out.session, context_.config.sessions, now);
    }
    if (!who) {
      if (who.error().code != Errc::kUnauthenticated) return std::unexpected(ApiError(who.error()));
      return Refuse(401, "unauthenticated", who.error().what, "",
                    "log in with POST /api/v1/session, or send an API key");
    }
    out.who = std::move(*who);
    return out;
  }

  http::Response Do(const http::Request& request, const Match& match) {
    const Route& route = *match.route;
    Call call{.context = context_,
              .request = request,
              .path = match.path,
              .query = {},
              .body = {},
              .text = {},
              .who = {},
              .session = {},
              .peer = PeerOf(request)};
    std::string replay_note;
    Answer answer = Guarded(call, route, replay_note);
    http::Response response = answer ? std::move(*answer) : ErrorResponse(answer.error());
    if (route.writes()) {
      // A disk that is full loses the line; the write itself has its own record in the ledger.
      (void)context_.world.users->Audit({.at = context_.world.wall->Now(),
                                         .user = call.who.user,
                                         .key = call.who.key,
                                         .peer = call.peer,
                                         .method = request.method,
                                         .path = request.url.substr(0, request.url.find('?')),
                                         .status = response.status,
                                         .what = !answer ? answer.error().code : replay_note});
      if (answer && !route.login) context_.world.home->Touch();
    }
    if (answer && !route.writes()) Finish(call, route, response);
    return response;
  }

  Answer Guarded(Call& call, const Route& route, std::string& note) {
    const http::Request& request = call.request;
    const auto url = http::ParseUrl(request.url);
    if (!url) return std::unexpected(ApiError(url.error()));
    call.query = url->query;
    call.now = context_.world.clock->Now();
    if (route.writes() && !SameSite(request)) {
      return Refuse(403, "forbidden", "another site's page sent this", "header Origin");
    }
    if (route.role) {
      auto asker = Recognise(request);
      if (!asker) return std::unexpected(std::move(asker).error());
      call.who = std::move(asker->who);
      call.session = std::move(asker->session);
      if (const auto wait = users_.Take(call.who.key.empty() ? call.who.user : call.who.key)) {
        ApiError error(429, "rate_limited", "too many requests of yours", "",
                       "wait, then send the same");
        error.retry_after_s = wait;
        return std::unexpected(std::move(error));
      }
      if (route.writes() && !call.session.empty() &&
          !SameSecret(Header(request, "X-CSRF-Token"), CsrfToken(call.session))) {
        return Refuse(403, "forbidden", "the CSRF token is missing or not of this session",
                      "header X-CSRF-Token", "send what GET /api/v1/session calls csrf");
      }
      // What one may not see is not told from what is not there: before the role is looked at.
      if (route.of_client()) {
        if (auto there = ClientIsThere(call); !there) return std::unexpected(there.error());
      }
      if (call.who.role < *route.role || (route.all_clients && call.who.clients)) {
        return Refuse(403, "forbidden",
                      call.who.role < *route.role
                          ? fmt::format("this needs the role {}; you are {}", RoleName(*route.role),
                                        RoleName(call.who.role))
                          : "this tells of every client, and you may see some only",
                      "", "ask an admin");
      }
    }
    if (auto good = ReadRequest(call, route); !good) return std::unexpected(good.error());
    if (!route.writes() || route.login || route.is_signed) return route.handler(call);
    return Once(call, route, note);
  }

  std::expected<void, ApiError> ClientIsThere(Call& call) {
    const auto missing = [&] {
      return Refuse(404, "not_found",
                    fmt::format("there is no client \"{}\" that you may see", call.client()),
                    "path client", "GET /api/v1/clients lists them");
    };
    if (!Sees(call.who.clients, call.client())) return missing();
    const auto home = call.home();
    if (!home) return std::unexpected(ApiError(home.error()));
    const auto client = (*home)->store().GetClient(call.client());
    if (client) return {};
    if (client.error().code == Errc::kNotFound) return missing();
    return std::unexpected(ApiError(client.error()));
  }

  static std::expected<void, ApiError> ReadRequest(Call& call, const Route& route) {
    if (call.query.size() > kParametersMax) {
      return Refuse(400, "invalid_argument", fmt::format("more than {} parameters", kParametersMax),
                    "query");
    }
    for (std::size_t i = 0; i < call.query.size(); ++i) {
      const std::string& name = call.query[i].first;
      for (std::size_t j = 0; j < i; ++j) {
        if (call.query[j].first == name) {
          return Refuse(400, "invalid_argument",
                        fmt::format("the parameter \"{}\" is said twice", name), "query " + name);
        }
      }
      const bool known =
          route.free_query || std::any_of(route.query.begin(), route.query.end(),
                                          [&](const Parameter& p) { return p.name == name; });
      if (!known) {
        std::string names;
        for (const Parameter& p : route.query) {
          names += (names.empty() ? "" : ", ") + std::string(p.name);
        }
        return Refuse(400, "invalid_argument",
                      fmt::format("the parameter \"{}\" is not known", name), "query " + name,
                      names.empty() ? "this path takes none" : "known are " + names);
      }
    }
    const std::string_view type = Header(call.request, "Content-Type");
    switch (route.body) {
      case Body::kNone:
        if (!call.request.body.empty()) {
          return Refuse(400, "invalid_argument", "this path takes no body", "/");
        }
        return {};
      case Body::kJson: {
        if (!call.request.body.empty() && !type.starts_with("application/json")) {
          return Refuse(415, "invalid_argument", "the body must be JSON", "header Content-Type",
                        "Content-Type: application/json");
        }
        auto body = ReadBody(call.request.body, route.request);
        if (!body) return std::unexpected(std::move(body).error());
        call.body = std::move(*body);
        return {};
      }
      case Body::kText:
        if (!type.starts_with("text/plain") && !type.starts_with("text/yaml") &&
            !type.starts_with("application/yaml")) {
          return Refuse(415, "invalid_argument", "the body must be text", "header Content-Type",
                        "Content-Type: text/yaml");
        }
        call.text = call.request.body;
        return {};
      case Body::kMessage:
        if (!type.starts_with("application/json")) {
          return Refuse(415, "invalid_argument", "the body must be JSON", "header Content-Type",
                        "Content-Type: application/json");
        }
        call.text = call.request.body;
        return {};
    }
    Bug();
  }

  /// A write under its Idempotency-Key.
  Answer Once(Call& call, const Route& route, std::string& note) {
    const std::string key(Header(call.request, "Idempotency-Key"));
    const bool printable =
        std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (key.empty() || key.size() > 128 || !printable) {
      return Refuse(400, "invalid_argument",
                    "each write needs an Idempotency-Key of 1 to 128 visible characters",
                    "header Idempotency-Key",
                    "a random UUID for each thing that is to happen once");
    }
    UserStore& users = *context_.world.users;
    const std::string digest =
        Sha256Hex(call.request.method + "\n" + call.request.url + "\n" + call.request.body);
    const std::string whose = call.who.user + "\n" + call.who.key;
    auto known = users.BeginWrite(whose, key, digest, context_.world.wall->Now());
    if (!known) {
      ApiError error(known.error());
      if (known.error().code == Errc::kInvalidArgument) error.status = 422;
      if (known.error().code == Errc::kUnknownOutcome) error.status = 409;
      error.where = "header Idempotency-Key";
      return std::unexpected(std::move(error));
    }
    if (*known) {
      note = "replayed";
      http::Response response;
      response.status = (*known)->status;
      response.headers = {{"Content-Type", (*known)->content_type},
                          {"Idempotency-Replayed", "true"}};
      response.body = (*known)->body;
      return response;
    }
    Answer answer;
    try {
      answer = route.handler(call);
    } catch (...) {
      (void)users.AbandonWrite(whose, key);
      throw;
    }
    const http::Response response = answer ? *answer : ErrorResponse(answer.error());
    // "Nothing happened" leaves the key free for the same again.
    if (response.status == 503 || response.status == 429) {
      (void)users.AbandonWrite(whose, key);
    } else {
      (void)users.FinishWrite(
          whose, key,
          {response.status,
           std::string(http::FindHeader(response.headers, "Content-Type").value_or("")),
           WithoutSecret(response.body)});
    }
    return answer;
  }

  /// A new API key's secret is shown once and kept nowhere.
  static std::string WithoutSecret(const std::string& body) {
    if (body.find("\"secret\"") == std::string::npos) return body;
    auto json = ordered_json::parse(body, nullptr, false);
    if (!json.is_object() || !json.contains("secret")) return body;
    json["secret"] = nullptr;
    return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  }

  /// ETag and compression of what was read.
  void Finish(const Call& call, const Route& route, http::Response& response) {
    if (response.status != 200 || response.stream) return;
    if (!http::FindHeader(response.headers, "ETag") && route.role &&
        !http::FindHeader(response.headers, "Content-Disposition")) {
      // Weak: the same answer, whatever its coding; of this user, as another may see less. When it
      // was asked is no part of it.
      std::string_view body = response.body;
      std::string text = call.who.user + "\n" + call.who.key + "\n";
      constexpr std::string_view kAsOf = "\"as_of\":\"";
      const std::size_t at = body.substr(0, 400).find(kAsOf);
      if (at != std::string_view::npos) {
        text += body.substr(0, at);
        const std::size_t end = body.find('"', at + kAsOf.size());
        body = end == std::string_view::npos ? "" : body.substr(end);
      }
      text += body;
      response.headers.emplace_back("ETag", "W/\"" + Sha256Hex(text).substr(0, 32) + "\"");
    }
    if (const auto tag = http::FindHeader(response.headers, "ETag")) {
      const std::string_view wanted = Header(call.request, "If-None-Match");
      const std::string_view bare = tag->starts_with("W/") ? tag->substr(2) : *tag;
      if (!wanted.empty() && wanted.find(bare) != std::string_view::npos) {
        response.status = 304;
        response.body.clear();
        std::erase_if(response.headers, [](const auto& h) { return h.first == "Content-Type"; });
      }
    }
    // The session's answer holds a secret beside what others could choose: it stays as it is.
    const bool worth = response.body.size() > 1400 && route.id != "get_session" &&
                       route.answer_type == "application/json";
    if (worth && Accepts(call.request, "gzip")) {
      if (std::string packed = Gzip(response.body); !packed.empty()) {
        response.body = std::move(packed);
        response.headers.emplace_back("Content-Encoding", "gzip");
      }
    }
    if (!http::FindHeader(response.headers, "Cache-Control")) {
      response.headers.emplace_back("Cache-Control", "private, no-cache");
    }
    response.headers.emplace_back("Vary", "Accept-Encoding, Cookie, Authorization");
  }

  // --- the dashboard ---

  http::Response PageOf(const http::Request& request, const std::string& path) {
    if (request.method != "GET" && request.method != "HEAD") {
      http::Response response =
          ErrorResponse(ApiError(405, "method_not_allowed", "only GET is for this path", "method"));
      response.headers.emplace_back("Allow", "GET, HEAD");
      return response;
    }
    const auto pages = context_.world.pages;
    if (pages.empty()) {
      return {.status = 404,
              .headers = {{"Content-Type", "text/html; charset=utf-8"}},
              .body = std::string(kNotBuiltIn)};
    }
    const auto find = [&](std::string_view wanted) {
      return std::find_if(pages.begin(), pages.end(),
                          [&](const Page& page) { return page.path == wanted; });
    };
    auto page = find(path);
    // A path of the dashboard is a place in its one page; a file that is missing is missing.
    const std::string_view last = std::string_view(path).substr(path.rfind('/') + 1);
    if (page == pages.end() && last.find('.') == std::string_view::npos) page = find("/index.html");
    if (page == pages.end()) {
      return ErrorResponse(ApiError(404, "not_found", "there is no such file", "path"));
    }
    http::Response response;
    response.headers = {
        {"Content-Type", std::string(page->content_type)},
        {"Cache-Control", page->immutable ? "public, max-age=31536000, immutable" : "no-cache"},
        {"ETag", tags_.find(page->path)->second},
        {"Vary", "Accept-Encoding"}};
    if (Header(request, "If-None-Match").find(tags_.find(page->path)->second) !=
        std::string_view::npos) {
      response.status = 304;
      return response;
    }
    if (!page->brotli.empty() && Accepts(request, "br")) {
      response.body = page->brotli;
      response.headers.emplace_back("Content-Encoding", "br");
    } else if (Accepts(request, "gzip")) {
      response.body = page->gzip;
      response.headers.emplace_back("Content-Encoding", "gzip");
    } else {
      response.body = Gunzip(page->gzip);
    }
    return response;
  }

  /// What every answer carries.
  http::Response Sealed(http::Response response, bool page) const {
    const auto add = [&response](const char* name, const char* value) {
      if (!http::FindHeader(response.headers, name)) response.headers.emplace_back(name, value);
    };
    add("Cache-Control", "no-store");
    add("X-Content-Type-Options", "nosniff");
    add("Referrer-Policy", "no-referrer");
    add("Cross-Origin-Opener-Policy", "same-origin");
    add("Cross-Origin-Resource-Policy", "same-origin");
    add("X-Frame-Options", "DENY");
    add("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    // Charts place things by style attributes, which is all that is allowed beyond our own files.
    add("Content-Security-Policy",
        page ? "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr "
               "'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
               "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
               "frame-ancestors 'none'"
             : "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox");
    if (context_.config.tls() || context_.config.behind_proxy) {
      add("Strict-Transport-Security", "max-age=31536000");
    }
    return response;
  }

  Context context_;
  std::map<std::string_view, std::string> tags_;
  std::atomic<bool> stopped_{false};
  Limiter users_, peers_;
  Pool quick_, slow_;  // last: their threads use the others
};

}  // namespace

Result<std::unique_ptr<Api>> MakeApi(ApiWorld world, ApiConfig config) {
  MAXOPT_TRY(std::string secret, world.users->Secret());
  return std::make_unique<Gate>(std::move(world), std::move(config), std::move(secret));
}

}  // namespace maxopt
