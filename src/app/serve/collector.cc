#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "app/serve/read_event.h"
#include "app/serve/serve.h"
#include "app/serve/source.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt {

extern const std::string_view kTagJs;
std::string_view TagScript() { return kTagJs; }

namespace {

using nlohmann::json;

constexpr std::size_t kTagBodyBytesMax = 64u << 10;
constexpr std::size_t kSignedBodyBytesMax = 1u << 20;
constexpr std::size_t kTagEventsMax = 50;
constexpr std::size_t kSignedEventsMax = 500;
/// When a full disk is worth another try.
constexpr int kRetrySeconds = 5;

/// A transparent picture of one pixel: GIF89a, two colours, the first one transparent.
constexpr std::string_view kPixel(
    "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    "\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00;",
    43);

// --- the collector ------------------------------------------------------------------------------

std::unexpected<Error> Bad(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

http::Response JsonAnswer(int status, const json& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"},
                      {"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"}},
          .body = body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"};
}

http::Response ErrorAnswer(const Error& error) {
  int status = 500;
  if (error.code == Errc::kInvalidArgument) status = 400;
  if (error.code == Errc::kUnauthenticated) status = 401;
  if (error.code == Errc::kForbidden) status = 403;
  if (error.code == Errc::kRateLimited) status = 429;
  if (error.code == Errc::kLocal) status = 503;
  // What is wrong with our disk is not a stranger's business.
  const bool ours = status >= 500;
  http::Response response = JsonAnswer(
      status, {{"error", ours ? "the events could not be kept; send them again" : error.what}});
  if (status == 429 || status == 503) {
    response.headers.emplace_back("Retry-After",
                                  fmt::to_string(error.retry_after_s.value_or(kRetrySeconds)));
  }
  return response;
}

class Collector {
 public:
  Collector(TrackingConfig config, EventStore& store, const Clock& clock)
      : config_(std::move(config)), store_(store), clock_(clock) {}

  http::Response Handle(const http::Request& request) {
    const auto url = http::ParseUrl(request.url);
    if (!url) return ErrorAnswer(url.error());
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (url->path == "/tag.js" && get) {
      return {.headers = {{"Content-Type", "text/javascript; charset=utf-8"},
                          {"Cache-Control", "public, max-age=3600"},
                          {"X-Content-Type-Options", "nosniff"},
                          {"Cross-Origin-Resource-Policy", "cross-origin"}},
              .body = std::string(kTagJs)};
    }
    if (url->path == "/healthz" && get) return JsonAnswer(200, {{"status", "ok"}});
    if (url->path == "/c" && get) return Pixel(request, *url);
    if (url->path == "/e" && request.method == "OPTIONS") return Preflight(request);
    if (url->path == "/e" && request.method == "POST") return FromTag(request);
    if (url->path == "/s2s" && request.method == "POST") return FromServer(request);
    for (const char* path : {"/tag.js", "/healthz", "/c", "/e", "/s2s"}) {
      if (url->path == path) return JsonAnswer(405, {{"error", "not with this method"}});
    }
    return JsonAnswer(404, {{"error", "known are /tag.js /e /c /s2s /healthz"}});
  }

 private:
  const TrackedSite* FindSite(std::string_view name) const {
    const auto found = std::ranges::find(config_.sites, name, &TrackedSite::site);
    return found == config_.sites.end() ? nullptr : &*found;
  }
  static bool Allows(const TrackedSite& site, std::string_view origin) {
    return std::ranges::find(site.origins, origin) != site.origins.end();
  }

  http::Response Preflight(const http::Request& request) const {
    const std::string origin(http::FindHeader(request.headers, "origin").value_or(""));
    const bool known = std::ranges::any_of(
        config_.sites, [&](const TrackedSite& site) { return Allows(site, origin); });
    if (!known) return JsonAnswer(403, {{"error", "this origin is not in tracking.yaml"}});
    return {.status = 204,
            .headers = {{"Access-Control-Allow-Origin", origin},
                        {"Access-Control-Allow-Credentials", "true"},
                        {"Access-Control-Allow-Methods", "POST"},
                        {"Access-Control-Allow-Headers", "Content-Type"},
                        {"Access-Control-Max-Age", "86400"},
                        {"Vary", "Origin"}}};
  }

  http::Response FromTag(const http::Request& request) {
    const std::string origin(http::FindHeader(request.headers, "origin").value_or(""));
    auto events = TakeBatch(request, request.body, kTagBodyBytesMax, kTagEventsMax, "tag",
                            [&](const TrackedSite& site) -> Result<> {
                              if (Allows(site, origin)) return {};
                              return Fail(Errc::kForbidden,
                                          "this origin is not in tracking.yaml for the site");
                            });
    http::Headers more;
    const bool known = std::ranges::any_of(
        config_.sites, [&](const TrackedSite& site) { return Allows(site, origin); });
    if (known) {
      // Beacons are sent with credentials, so the origin must be named.
      more.emplace_back("Access-Control-Allow-Origin", origin);
      more.emplace_back("Access-Control-Allow-Credentials", "true");
    }
    more.emplace_back("Vary", "Origin");
    return Keep(std::move(events),
                [more](const EventStore::Appended* appended, http::Response failed) {
                  http::Response response = appended ? Counted(*appended) : std::move(failed);
                  response.headers.insert(response.headers.end(), more.begin(), more.end());
                  return response;
                });
  }

  http::Response Pixel(const http::Request& request, const http::Url& url) {
    std::string body;
    if (const auto whole = url.Param("d")) {
      if (url.query.size() != 1) {
        return ErrorAnswer({Errc::kInvalidArgument, "d stands alone"});
      }
      body = *whole;
    } else {
      const auto made = BodyOfPixel(url);
      if (!made) return ErrorAnswer(made.error());
      body = *made;
    }
    const std::string referrer(http::FindHeader(request.headers, "referer").value_or(""));
    auto events = TakeBatch(
        request, body, kTagBodyBytesMax, 1, "pixel", [&](const TrackedSite& site) -> Result<> {
          // Browsers may be told to send none; when there is one, it must be the site's.
          if (referrer.empty()) return {};
          const auto page = http::ParseUrl(referrer);
          if (page && Allows(site, page->origin)) return {};
          return Fail(Errc::kForbidden, "this page is not in tracking.yaml for the site");
        });
    return Keep(std::move(events), [](const EventStore::Appended* appended, http::Response failed) {
      if (!appended) return failed;
      return http::Response{.headers = {{"Content-Type", "image/gif"},
                                        {"Cache-Control", "no-store"},
                                        {"X-Content-Type-Options", "nosniff"}},
                            .body = std::string(kPixel)};
    });
  }

  /// ?site=shop&event=page_view&utm_source=... as the JSON that it stands for.
  static Result<std::string> BodyOfPixel(const http::Url& url) {
    json event = json::object();
    json site;
    std::set<std::string> seen;
    for (const auto& [name, value] : url.query) {
      if (!seen.insert(name).second) return Bad(fmt::format("{} stands twice", name.substr(0, 60)));
      if (name == "site") {
        site = value;
      } else if (IsUtm(name)) {
        event["utm"][name] = value;
      } else if (IsClickId(name)) {
        event["click_ids"][name] = value;
      } else if (name == "utm" || name == "click_ids" || name == "email" || name == "phone") {
        return Bad(fmt::format("{} cannot be sent in a URL", name));
      } else {
        event[name] = value;
      }
    }
    return json{{"site", site}, {"events", json::array({event})}}.dump(
        -1, ' ', false, json::error_handler_t::replace);
  }

  http::Response FromServer(const http::Request& request) {
    // One answer for a strange site, no secret and a wrong signature: it tells nothing about which.
    const Error refused{Errc::kUnauthenticated,
                        "X-Maxopt-Site, X-Maxopt-Timestamp and X-Maxopt-Signature do not fit this "
                        "body; see docs/tracking.md"};
    const auto header = [&](const char* name) {
      return std::string(http::FindHeader(request.headers, name).value_or(""));
    };
    const std::string name = header("x-maxopt-site");
    const std::string timestamp = header("x-maxopt-timestamp");
    const std::string signature = header("x-maxopt-signature");
    const TrackedSite* site = FindSite(name);
    if (request.body.size() > kSignedBodyBytesMax) {
      return ErrorAnswer({Errc::kInvalidArgument, "the body is longer than 1 MB"});
    }
    if (!site || site->secret.empty()) return ErrorAnswer(refused);
    const std::string expected = SignEvents(site->secret, timestamp, request.body);
    if (signature.size() != expected.size() ||
        CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) != 0) {
      return ErrorAnswer(refused);
    }
    std::int64_t seconds = 0;
    const auto [end, code] =
        std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), seconds);
    const Instant now = clock_.Now();
    const std::int64_t here =
        std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    // Compared as a range: a difference could overflow.
    if (code != std::errc() || end != timestamp.data() + timestamp.size() ||
        seconds < here - kReplayWindow.count() || seconds > here + kReplayWindow.count()) {
      return ErrorAnswer({Errc::kUnauthenticated,
                          fmt::format("X-Maxopt-Timestamp must be Unix seconds within {} s of our "
                                      "clock, which says {}",
                                      kReplayWindow.count(), here)});
    }
    auto events = TakeBatch(request, request.body, kSignedBodyBytesMax, kSignedEventsMax, "s2s",
                            [&](const TrackedSite& told) -> Result<> {
                              if (&told == site) return {};
                              return Bad("site is not the one of X-Maxopt-Site");
                            });
    return Keep(std::move(events), [](const EventStore::Appended* appended, http::Response failed) {
      return appended ? Counted(*appended) : std::move(failed);
    });
  }

  static http::Response Counted(const EventStore::Appended& appended) {
    return {.headers = {{"Content-Type", "application/json"},
                        {"Cache-Control", "no-store"},
                        {"X-Content-Type-Options", "nosniff"}},
            .body = fmt::format("{{\"duplicates\":{},\"stored\":{}}}\n", appended.duplicates,
                                appended.stored)};
  }

  /// The answer comes when the events are on disk. `answer` gets what was appended, or nullptr and
  /// what to say instead.
  template <class Answer>
  http::Response Keep(Result<std::vector<TrackedEvent>> events, Answer answer) {
    if (!events) return answer(nullptr, ErrorAnswer(events.error()));
    return {.later = [this, kept = *std::move(events),
                      answer](std::function<void(http::Response)> told) {
      store_.AppendLater(kept, [told = std::move(told),
                                answer](Result<EventStore::Appended> appended) {
        told(appended ? answer(&*appended, {}) : answer(nullptr, ErrorAnswer(appended.error())));
      });
    }};
  }

  std::unexpected<Error> TooMany(int seconds, const std::string& what) const {
    Error error{Errc::kRateLimited, what};
    error.retry_after_s = seconds;
    return std::unexpected(std::move(error));
  }

  template <class MayTell>
  Result<std::vector<TrackedEvent>> TakeBatch(const http::Request& request, const std::string& body,
                                              std::size_t bytes_max, std::size_t events_max,
                                              std::string_view via, const MayTell& may_tell) {
    if (body.size() > bytes_max) return Bad(fmt::format("more than {} bytes", bytes_max));
    MAXOPT_TRY(const BatchReader batch, BatchReader::Read(body));
    MAXOPT_TRY(const std::string name, batch.SiteName());
    const TrackedSite* site = FindSite(name);
    if (!site) return Bad(fmt::format("site \"{}\" is not in tracking.yaml", name));
    MAXOPT_CHECK(may_tell(*site));
    MAXOPT_TRY(const std::size_t count, batch.Count(events_max));
    const Instant now = clock_.Now();
    const bool is_server = via == "s2s";
    const std::string address =
        is_server ? std::string() : AddressOf(request, config_.trusted_proxies);
    const auto many = static_cast<std::int64_t>(count);
    if (!is_server) {
      const auto wait = addresses_.Take(site->site, address, many, site->address_events_per_second,
                                        site->address_burst, now);
      if (wait) return TooMany(*wait, "too many events from this address");
    }
    const auto wait = sites_.Take(site->site, is_server ? "s2s" : "tag", many,
                                  site->events_per_second, site->burst, now);
    if (wait) {
      return TooMany(*wait, fmt::format("more than {} events a second from site {}",
                                        site->events_per_second, site->site));
    }
    const std::string_view agent = http::FindHeader(request.headers, "user-agent").value_or("");
    MAXOPT_TRY(std::vector<TrackedEvent> events,
               batch.Events(*site, {.via = via, .now = now, .user_agent = agent}));
    if (!is_server) MarkBots(request.headers, address, agent, *site, events, now);
    return events;
  }

  /// The checks of our own landing pages come from a headless browser and are told apart already.
  void MarkBots(const http::Headers& headers, const std::string& address, std::string_view agent,
                const TrackedSite& site, std::vector<TrackedEvent>& events, Instant now) {
    std::string_view bot = BotOf(headers);
    if (bot.empty()) {
      const auto pages = std::ranges::count(events, "page_view", &TrackedEvent::name);
      const std::string& visitor = events.front().visitor;
      if (pages_.IsTooFast(address, visitor.empty() ? agent : std::string_view(visitor),
                           static_cast<int>(pages), site.page_views_per_minute, now)) {
        bot = "rate";
      }
    }
    if (bot.empty()) return;
    for (TrackedEvent& event : events) {
      if (!event.probe) event.bot = bot;
    }
  }

  const TrackingConfig config_;
  EventStore& store_;
  const Clock& clock_;
  SourceBuckets sites_, addresses_;
  PageRate pages_;
};

}  // namespace

std::string SignEvents(std::string_view secret, std::string_view timestamp, std::string_view body) {
  std::string text(timestamp);
  text += '.';
  text += body;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
           &size) == nullptr) {
    Bug();
  }
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

http::Handler MakeCollector(TrackingConfig config, EventStore& store, const Clock& clock) {
  auto collector = std::make_shared<Collector>(std::move(config), store, clock);
  return [collector](const http::Request& request) { return collector->Handle(request); };
}

}  // namespace maxopt
