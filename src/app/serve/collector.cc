#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "app/serve/serve.h"
#include "domain/digest.h"
#include "json/json.h"
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

/// A transparent picture of one pixel: GIF89a, two colours, the first one transparent.
constexpr std::string_view kPixel(
    "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    "\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00;",
    43);

// --- one event ----------------------------------------------------------------------------------

std::unexpected<Error> Bad(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

bool HasControl(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Text member, "" when absent; 1 to `max` bytes and no control characters.
Result<std::string> TextMember(const json& object, const char* name, std::size_t max) {
  const auto at = object.find(name);
  if (at == object.end()) return std::string();
  if (!at->is_string()) return Bad(fmt::format("{} must be a text", name));
  std::string text = at->get<std::string>();
  if (text.empty() || text.size() > max || HasControl(text)) {
    return Bad(fmt::format("{} must have 1 to {} bytes and no control characters", name, max));
  }
  return text;
}

/// A page's address without query and fragment, which may hold what nobody agreed to keep.
Result<std::string> PageMember(const json& object, const char* name) {
  MAXOPT_TRY(std::string text, TextMember(object, name, 2048));
  if (text.empty()) return text;
  if (!text.starts_with("https://") && !text.starts_with("http://")) {
    return Bad(fmt::format("{} must be an http or https URL", name));
  }
  return text.substr(0, text.find_first_of("?#"));
}

Result<std::map<std::string, std::string>> MapMember(const json& object, const char* name,
                                                     bool (*known)(std::string_view)) {
  std::map<std::string, std::string> map;
  const auto at = object.find(name);
  if (at == object.end()) return map;
  if (!at->is_object() || at->size() > 20) {
    return Bad(fmt::format("{} must be an object of at most 20 texts", name));
  }
  for (const auto& [key, value] : at->items()) {
    if (!known(key)) return Bad(fmt::format("{}: \"{}\" is not known", name, key.substr(0, 60)));
    auto text = TextMember(*at, key.c_str(), 512);
    if (!text) return FailWithin(name, text.error());
    map[key] = *std::move(text);
  }
  return map;
}

bool IsUtm(std::string_view name) {
  return name.starts_with("utm_") && name.size() > 4 && name.size() <= 34 &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

/// Trimmed and in lower case, as the platforms match it.
Result<std::string> EmailDigest(std::string text) {
  const auto from = text.find_first_not_of(' ');
  const auto to = text.find_last_not_of(' ');
  text = from == std::string::npos ? "" : text.substr(from, to - from + 1);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const std::size_t at = text.find('@');
  if (at == std::string::npos || at == 0 || at + 1 == text.size() ||
      text.find_first_of(" ,;<>", 0) != std::string::npos ||
      text.find('@', at + 1) != std::string::npos) {
    return Bad("email is no address");
  }
  return Sha256Hex(text);
}

/// Digits with the country's code. Google hashes them with the plus sign, Meta and TikTok's pixel
/// helpers without, so both are kept: a digest cannot be turned into the other later.
Result<std::string> PhoneDigits(std::string_view text) {
  std::string digits;
  bool plus = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (c == '+' && digits.empty() && !plus) {
      plus = true;
    } else if (std::string_view(" -.()/").find(c) == std::string_view::npos) {
      return Bad("phone is no number");
    }
  }
  if (!plus && digits.starts_with("00")) {
    plus = true;
    digits.erase(0, 2);
  }
  if (!plus || digits.size() < 8 || digits.size() > 15 || digits.front() == '0') {
    return Bad("phone must be international, with + and the country's code: +49 30 1234567");
  }
  return digits;
}

Result<TrackedEvent> ReadEvent(const json& object, const TrackedSite& site, std::string_view via,
                               Instant now) {
  if (!object.is_object()) return Bad("it is no object");
  static const std::set<std::string> kKnown = {
      "id",  "event",     "at",    "url",      "referrer", "visitor", "consent",
      "utm", "click_ids", "value", "currency", "email",    "phone"};
  std::string unknown;
  for (const auto& [key, value] : object.items()) {
    if (!kKnown.contains(key)) unknown += (unknown.empty() ? "" : ", ") + key.substr(0, 60);
  }
  if (!unknown.empty()) {
    return Bad(fmt::format("unknown members: {}; known are {}", unknown, fmt::join(kKnown, ", ")));
  }
  TrackedEvent event;
  event.site = site.site;
  event.client = site.client;
  event.via = via;
  event.received_at = now;
  MAXOPT_TRY(event.id, TextMember(object, "id", 100));
  if (event.id.empty()) return Bad("id is missing: without it the same event counts twice");
  MAXOPT_TRY(event.name, TextMember(object, "event", 50));
  const bool word = std::ranges::all_of(event.name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (event.name.empty() || !word) return Bad("event must be a word of a-z, 0-9 and _");
  MAXOPT_TRY(const std::string at, TextMember(object, "at", 40));
  if (!at.empty()) {
    const auto instant = ParseInstant(at);
    if (!instant) return FailWithin("at", instant.error());
    event.at = *instant;
  }
  MAXOPT_TRY(event.url, PageMember(object, "url"));
  MAXOPT_TRY(event.referrer, PageMember(object, "referrer"));
  MAXOPT_TRY(event.visitor, TextMember(object, "visitor", 64));
  MAXOPT_TRY(event.utm, MapMember(object, "utm", IsUtm));
  MAXOPT_TRY(event.click_ids, MapMember(object, "click_ids", IsClickId));

  MAXOPT_TRY(const std::string value, TextMember(object, "value", 30));
  MAXOPT_TRY(const std::string currency, TextMember(object, "currency", 3));
  if (value.empty() != currency.empty()) return Bad("value and currency go together");
  if (!value.empty()) {
    MAXOPT_TRY(const Currency code, FindCurrency(currency));
    MAXOPT_TRY(event.value, ParseMoney(value, code));
    // A refund is the shop's word, not a browser's.
    if (event.value->negative() && via != "s2s") return Bad("value is below zero");
  }

  MAXOPT_TRY(const std::string consent, TextMember(object, "consent", 10));
  if (consent != "granted" && consent != "denied") {
    return Bad("consent must be \"granted\" or \"denied\"");
  }
  event.consent = consent == "granted";
  MAXOPT_TRY(const std::string email, TextMember(object, "email", 320));
  MAXOPT_TRY(const std::string phone, TextMember(object, "phone", 40));
  if (!event.consent) {
    for (const char* name : {"visitor", "click_ids", "email", "phone"}) {
      if (object.contains(name)) {
        return Bad(fmt::format("consent is denied, so {} may not be sent", name));
      }
    }
  }
  if (!email.empty()) {
    MAXOPT_TRY(event.hashed["email"], EmailDigest(email));
  }
  if (!phone.empty()) {
    MAXOPT_TRY(const std::string digits, PhoneDigits(phone));
    event.hashed["phone_digits"] = Sha256Hex(digits);
    event.hashed["phone_e164"] = Sha256Hex("+" + digits);
  }
  event.probe = event.id.starts_with("probe-");
  return event;
}

// --- the collector ------------------------------------------------------------------------------

/// So many events at once, refilled by the second.
class TokenBucket {
 public:
  TokenBucket(int per_second, int burst, Instant now)
      : per_second_(per_second),
        burst_micro_(std::int64_t{burst} * 1'000'000),
        left_micro_(burst_micro_),
        filled_at_(now) {}
  bool Take(std::int64_t count, Instant now) {
    // Longer than this fills any bucket, and the product below stays small.
    const auto passed = std::clamp<std::int64_t>((now - filled_at_).count(), 0, 1'000'000'000'000);
    left_micro_ = passed >= burst_micro_ / per_second_
                      ? burst_micro_
                      : std::min(burst_micro_, left_micro_ + passed * per_second_);
    filled_at_ = std::max(filled_at_, now);
    // A batch larger than the bucket passes when it is full, and leaves it empty.
    const std::int64_t need = std::min(count * 1'000'000, burst_micro_);
    if (left_micro_ < need) return false;
    left_micro_ -= need;
    return true;
  }

 private:
  std::int64_t per_second_;
  std::int64_t burst_micro_;
  std::int64_t left_micro_;
  Instant filled_at_;
};

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
  // What is wrong with our disk is not a stranger's business.
  http::Response response =
      JsonAnswer(status, {{"error", status == 500 ? "the event could not be kept" : error.what}});
  if (status == 429) response.headers.emplace_back("Retry-After", "1");
  return response;
}

class Collector {
 public:
  Collector(TrackingConfig config, EventStore& store, const Clock& clock)
      : config_(std::move(config)), store_(store), clock_(clock) {
    for (const TrackedSite& site : config_.sites) {
      for (const char* via : {"tag", "s2s"}) {
        buckets_.emplace(std::pair(site.site, std::string(via)),
                         TokenBucket(site.events_per_second, site.burst, clock.Now()));
      }
    }
  }

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
    http::Response response;
    const auto taken = TakeBatch(request.body, kTagBodyBytesMax, kTagEventsMax, "tag",
                                 [&](const TrackedSite& site) -> Result<> {
                                   if (Allows(site, origin)) return {};
                                   return Fail(Errc::kForbidden,
                                               "this origin is not in tracking.yaml for the site");
                                 });
    response = taken ? Counted(*taken) : ErrorAnswer(taken.error());
    const bool known = std::ranges::any_of(
        config_.sites, [&](const TrackedSite& site) { return Allows(site, origin); });
    if (known) {
      // Beacons are sent with credentials, so the origin must be named.
      response.headers.emplace_back("Access-Control-Allow-Origin", origin);
      response.headers.emplace_back("Access-Control-Allow-Credentials", "true");
    }
    response.headers.emplace_back("Vary", "Origin");
    return response;
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
    const auto taken =
        TakeBatch(body, kTagBodyBytesMax, 1, "pixel", [&](const TrackedSite& site) -> Result<> {
          // Browsers may be told to send none; when there is one, it must be the site's.
          if (referrer.empty()) return {};
          const auto page = http::ParseUrl(referrer);
          if (page && Allows(site, page->origin)) return {};
          return Fail(Errc::kForbidden, "this page is not in tracking.yaml for the site");
        });
    if (!taken) return ErrorAnswer(taken.error());
    return {.headers = {{"Content-Type", "image/gif"},
                        {"Cache-Control", "no-store"},
                        {"X-Content-Type-Options", "nosniff"}},
            .body = std::string(kPixel)};
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
    const auto taken = TakeBatch(request.body, kSignedBodyBytesMax, kSignedEventsMax, "s2s",
                                 [&](const TrackedSite& told) -> Result<> {
                                   if (&told == site) return {};
                                   return Bad("site is not the one of X-Maxopt-Site");
                                 });
    return taken ? Counted(*taken) : ErrorAnswer(taken.error());
  }

  static http::Response Counted(const EventStore::Appended& appended) {
    return JsonAnswer(200, {{"stored", appended.stored}, {"duplicates", appended.duplicates}});
  }

  template <class MayTell>
  Result<EventStore::Appended> TakeBatch(const std::string& body, std::size_t bytes_max,
                                         std::size_t events_max, std::string_view via,
                                         const MayTell& may_tell) {
    if (body.size() > bytes_max) return Bad(fmt::format("more than {} bytes", bytes_max));
    const auto parsed = ParseExactJson(body);
    if (!parsed) return Bad(parsed.error().what);
    const json& batch = *parsed;
    if (!batch.is_object()) return Bad("{\"site\": ..., \"events\": [...]} is expected");
    for (const auto& [key, value] : batch.items()) {
      if (key != "site" && key != "events") {
        return Bad(fmt::format("unknown member: {}; known are site, events", key.substr(0, 60)));
      }
    }
    MAXOPT_TRY(const std::string name, TextMember(batch, "site", 60));
    const TrackedSite* site = FindSite(name);
    if (!site) return Bad(fmt::format("site \"{}\" is not in tracking.yaml", name));
    MAXOPT_CHECK(may_tell(*site));
    const auto events = batch.find("events");
    if (events == batch.end() || !events->is_array() || events->empty() ||
        events->size() > events_max) {
      return Bad(fmt::format("events must be a list of 1 to {} events", events_max));
    }
    const Instant now = clock_.Now();
    {
      const std::lock_guard lock(mutex_);
      const auto bucket = buckets_.find({site->site, via == "s2s" ? "s2s" : "tag"});
      if (bucket == buckets_.end()) Bug();
      if (!bucket->second.Take(static_cast<std::int64_t>(events->size()), now)) {
        return Fail(Errc::kRateLimited, fmt::format("more than {} events a second from site {}",
                                                    site->events_per_second, site->site));
      }
    }
    std::vector<TrackedEvent> read;
    for (std::size_t i = 0; i < events->size(); ++i) {
      auto event = ReadEvent((*events)[i], *site, via, now);
      if (!event) return FailWithin(fmt::format("events[{}]", i), event.error());
      read.push_back(*std::move(event));
    }
    return store_.Append(read);
  }

  const TrackingConfig config_;
  EventStore& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, TokenBucket> buckets_;  // guarded by mutex_
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
