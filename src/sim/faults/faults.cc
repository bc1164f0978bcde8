#include "sim/faults/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

namespace maxopt::sim {
namespace {

struct Known {
  Fault fault;
  std::string_view name;
  double usual_chance;  ///< per request, when a swarm has it
};
constexpr Known kKnown[] = {
    {Fault::kDropRequest, "drop_req", 0.01},
    {Fault::kDropResponse, "drop_resp", 0.02},
    {Fault::kSlow, "slow", 0.01},
    {Fault::kServerError, "5xx_applied", 0.01},
    {Fault::kServerErrorBefore, "5xx_not_applied", 0.01},
    {Fault::kHtml, "html", 0.005},
    {Fault::kEmptyBody, "empty_body", 0.005},
    {Fault::kTruncatedBody, "truncated_body", 0.005},
    {Fault::kThrottle, "throttle", 0.01},
    {Fault::kTokenExpired, "token_expire", 0.002},
    {Fault::kDuplicate, "dup_deliver", 0.002},
    {Fault::kShortPage, "short_page", 0},
    {Fault::kDupPage, "dup_page", 0},
    {Fault::kCursorLoop, "cursor_loop", 0},
    {Fault::kMissingNext, "missing_next", 0},
    {Fault::kNewEnum, "new_enum", 0},
    {Fault::kAsyncStuck, "async_stuck", 0},
    {Fault::kAsyncFailed, "async_failed", 0},
    {Fault::kErrorIn200, "200_error", 0},
    {Fault::kTruncatedGzip, "truncated_gzip", 0},
    {Fault::kThrottleLowHeader, "throttle_low_header", 0},
    {Fault::kGrantRefused, "invalid_grant", 0},
    {Fault::kVersionSunset, "version_sunset", 0},
};
/// Chances of a swarm over reports, per request.
constexpr std::pair<Fault, double> kOfReports[] = {
    {Fault::kDropRequest, 0.02},       {Fault::kServerError, 0.02},   {Fault::kHtml, 0.02},
    {Fault::kEmptyBody, 0.02},         {Fault::kTruncatedBody, 0.02}, {Fault::kShortPage, 0.05},
    {Fault::kDupPage, 0.05},           {Fault::kCursorLoop, 0.03},    {Fault::kMissingNext, 0.05},
    {Fault::kErrorIn200, 0.02},        {Fault::kTruncatedGzip, 0.02}, {Fault::kThrottle, 0.02},
    {Fault::kThrottleLowHeader, 0.02},
};

const Known& KnownOf(Fault fault) {
  for (const auto& known : kKnown) {
    if (known.fault == fault) return known;
  }
  Bug();
}

/// SplitMix64's finaliser: a number in [0, 1) from a seed and two counters.
double Chance(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = seed + 0x9E3779B97F4A7C15ull * (a * 64 + b + 1);
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1.0p-53;
}

http::Response Json(int status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json; charset=UTF-8"}},
          .body = std::move(body)};
}

/// "/v25/customers/..." -> "v25", for the type names in Google's errors.
std::string VersionOf(const std::string& url) {
  const auto end = url.find('/', 1);
  return url.starts_with("/v") && end != std::string::npos ? url.substr(1, end - 1) : "v25";
}

std::string GoogleFailure(const http::Request& request, int status, std::string_view word,
                          std::string_view message, std::string_view family, std::string_view code,
                          std::string_view details) {
  return fmt::format(
      R"({{"error":{{"code":{},"message":"{}","status":"{}","details":[)"
      R"({{"@type":"type.googleapis.com/google.ads.googleads.{}.errors.GoogleAdsFailure",)"
      R"("errors":[{{"errorCode":{{"{}":"{}"}},"message":"{}"{}}}],"requestId":"fault"}}]}}}})",
      status, message, word, VersionOf(request.url), family, code, message, details);
}

std::string MetaError(std::string_view message, std::string_view type, int code, int subcode,
                      bool is_transient) {
  return fmt::format(R"({{"error":{{"message":"{}","type":"{}","code":{},"error_subcode":{},)"
                     R"("is_transient":{},"fbtrace_id":"fault"}}}})",
                     message, type, code, subcode, is_transient);
}

std::string TikTokError(int code, std::string_view message) {
  return fmt::format(
      R"({{"code":{},"message":"{}","request_id":"20260101000000FAULT","data":{{}}}})", code,
      message);
}

http::Response ServerError(const http::Request& request, Platform dialect) {
  if (dialect == Platform::kGoogleAds) {
    return Json(500, GoogleFailure(request, 500, "INTERNAL", "Internal error encountered.",
                                   "internalError", "INTERNAL_ERROR", ""));
  }
  if (dialect == Platform::kMeta) {
    return Json(500, MetaError("An unknown error occurred", "OAuthException", 1, 99, true));
  }
  if (dialect == Platform::kTikTok) return Json(500, TikTokError(50000, "System error"));
  return {
      .status = 503, .headers = {{"Content-Type", "text/plain"}}, .body = "service unavailable\n"};
}

http::Response Throttled(const http::Request& request, Platform dialect) {
  if (dialect == Platform::kGoogleAds) {
    return Json(429, GoogleFailure(request, 429, "RESOURCE_EXHAUSTED",
                                   "Too many requests. Retry in 5 seconds.", "quotaError",
                                   "RESOURCE_TEMPORARILY_EXHAUSTED",
                                   R"(,"details":{"quotaErrorDetails":{"rateScope":"DEVELOPER",)"
                                   R"("rateName":"Requests per second","retryDelay":"5s"}})"));
  }
  if (dialect == Platform::kMeta) {
    // Changes are limited by business use case, reads by user; both come as 400 without a
    // Retry-After. The headers tell how long.
    const bool write = request.method != "GET";
    auto response = Json(
        400, write ? MetaError("There have been too many calls to this ad-account. Wait a bit "
                               "and try again.",
                               "OAuthException", 80004, 2446079, true)
                   : MetaError("User request limit reached", "OAuthException", 17, 2446079, true));
    response.headers.emplace_back(
        "X-Business-Use-Case-Usage",
        R"({"1000":[{"type":"ads_management","call_count":100,"total_cputime":25,"total_time":25,)"
        R"("estimated_time_to_regain_access":1,"ads_api_access_tier":"standard_access"}]})");
    response.headers.emplace_back("X-Ad-Account-Usage",
                                  R"({"acc_id_util_pct":100,"reset_time_duration":60,)"
                                  R"("ads_api_access_tier":"standard_access"})");
    return response;
  }
  if (dialect == Platform::kTikTok) {
    return Json(200, TikTokError(40100, "Too many requests. Please retry in some time."));
  }
  return {.status = 429, .headers = {{"Retry-After", "1"}}, .body = ""};
}

http::Response TokenExpired(const http::Request& request, Platform dialect) {
  if (dialect == Platform::kGoogleAds) {
    if (request.url.find("/token") != std::string::npos) {
      return Json(400, R"({"error":"invalid_grant","error_description":"Token has been expired or )"
                       R"(revoked."})");
    }
    return Json(401, GoogleFailure(request, 401, "UNAUTHENTICATED",
                                   "Request had invalid authentication credentials.",
                                   "authenticationError", "OAUTH_TOKEN_EXPIRED", ""));
  }
  if (dialect == Platform::kMeta) {
    return Json(400, MetaError("Error validating access token: Session has expired",
                               "OAuthException", 190, 463, false));
  }
  if (dialect == Platform::kTikTok) {
    return Json(200, TikTokError(40102, "Access token is expired."));
  }
  return {.status = 401, .headers = {}, .body = ""};
}

http::Response VersionEnded(const http::Request& request, Platform dialect) {
  if (dialect == Platform::kGoogleAds) {
    return Json(400, GoogleFailure(request, 400, "INVALID_ARGUMENT",
                                   "Version is deprecated. Requests to this version will be "
                                   "blocked.",
                                   "requestError", "UNSUPPORTED_VERSION", ""));
  }
  if (dialect == Platform::kMeta) {
    return Json(400, MetaError("(#2635) You are calling a deprecated version of the Ads API. "
                               "Please update to the latest version.",
                               "OAuthException", 2635, 0, false));
  }
  if (dialect == Platform::kTikTok) {
    return Json(200, TikTokError(40006, "The API version is no longer supported."));
  }
  return {.status = 410, .headers = {}, .body = ""};
}

/// Every header that tells of use says that there is plenty left.
http::Response WithLowHeaders(http::Response response) {
  for (auto& [name, value] : response.headers) {
    if (name == "X-Business-Use-Case-Usage") {
      value =
          R"({"1000":[{"type":"ads_management","call_count":1,"total_cputime":1,"total_time":1,)"
          R"("estimated_time_to_regain_access":0,"ads_api_access_tier":"standard_access"}]})";
    } else if (name == "X-Ad-Account-Usage") {
      value = R"({"acc_id_util_pct":0.01,"reset_time_duration":0,)"
              R"("ads_api_access_tier":"standard_access"})";
    }
  }
  return response;
}

bool IsRead(const http::Request& request) {
  return request.method == "GET" || request.url.find(":search") != std::string::npos;
}

std::string PathOf(const std::string& url) { return url.substr(0, url.find('?')); }

/// Sets a parameter of the URL when it is there.
std::string WithParam(std::string url, std::string_view name, std::string_view value) {
  for (const char before : {'?', '&'}) {
    const std::string key = fmt::format("{}{}=", before, name);
    const auto at = url.find(key);
    if (at == std::string::npos) continue;
    const auto begin = at + key.size();
    return url.replace(begin, std::min(url.find('&', begin), url.size()) - begin, value);
  }
  return url;
}

constexpr std::string_view kLoopToken = "again";

/// Asks with what a fault of paging makes of the question, and spoils the answer.
http::Response Spoil(const http::Handler& handler, const http::Request& request, Fault fault,
                     Platform dialect) {
  http::Request asked = request;
  if (dialect == Platform::kMeta && fault == Fault::kShortPage) {
    asked.url = WithParam(asked.url, "limit", "2");
  }
  if (dialect == Platform::kTikTok && fault == Fault::kCursorLoop) {
    asked.url = WithParam(asked.url, "page", "1");
  }
  http::Response response = handler(asked);
  auto body = nlohmann::json::parse(response.body, nullptr, false);
  if (response.status != 200 || !body.is_object()) return response;
  // Amounts and ids are texts in these bodies; numbers that are not come back as they were.
  nlohmann::json* rows = nullptr;
  if (dialect == Platform::kGoogleAds) {
    rows = body.contains("results") ? &body["results"] : nullptr;
  } else if (dialect == Platform::kMeta) {
    rows = body.contains("data") ? &body["data"] : nullptr;
  } else if (body.contains("data") && body["data"].is_object() && body["data"].contains("list")) {
    rows = &body["data"]["list"];
  }
  if (rows == nullptr || !rows->is_array()) return response;
  if (fault == Fault::kShortPage && dialect != Platform::kMeta && rows->size() > 1) {
    rows->erase(rows->begin() + static_cast<std::ptrdiff_t>(rows->size() / 2), rows->end());
  } else if (fault == Fault::kCursorLoop && dialect == Platform::kGoogleAds) {
    body["nextPageToken"] = kLoopToken;
  } else if (fault == Fault::kCursorLoop && dialect == Platform::kMeta) {
    body["paging"]["next"] = request.url;
  } else if (fault == Fault::kMissingNext && dialect == Platform::kGoogleAds) {
    body.erase("nextPageToken");
  } else if (fault == Fault::kMissingNext && dialect == Platform::kMeta) {
    if (body.contains("paging")) body["paging"].erase("next");
  } else if (fault == Fault::kMissingNext) {
    body["data"]["page_info"]["total_page"] = 1;
  }
  response.body = body.dump();
  return response;
}

/// The values of these members become words of tomorrow.
http::Response WithNewWords(http::Response response) {
  for (const std::string_view member :
       {R"("advertisingChannelType":")", R"("objective":")", R"("objective_type":")"}) {
    for (auto at = response.body.find(member); at != std::string::npos;
         at = response.body.find(member, at + 1)) {
      const auto begin = at + member.size();
      const auto end = response.body.find('"', begin);
      if (end == std::string::npos) break;
      response.body.replace(begin, end - begin, "HOLOGRAM");
    }
  }
  return response;
}

http::Response WithRunState(http::Response response, std::string_view status, int percent) {
  auto body = nlohmann::json::parse(response.body, nullptr, false);
  if (!body.is_object() || !body.contains("async_status")) return response;
  body["async_status"] = status;
  body["async_percent_completion"] = percent;
  response.body = body.dump();
  return response;
}

}  // namespace

std::string_view FaultName(Fault fault) { return KnownOf(fault).name; }

Result<Fault> FindFault(std::string_view name) {
  std::string known_names;
  for (const auto& known : kKnown) {
    if (known.name == name) return known.fault;
    known_names += known_names.empty() ? "" : ", ";
    known_names += known.name;
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("fault \"{}\" is not known; known are {}", name, known_names));
}

FaultChances Swarm(std::uint64_t seed) {
  FaultChances chances;
  for (std::uint64_t i = 0; i < std::size(kKnown); ++i) {
    if (kKnown[i].usual_chance == 0) continue;
    if (Chance(seed, ~0ull, i) < 0.5) chances[kKnown[i].fault] = kKnown[i].usual_chance;
  }
  return chances;
}

FaultChances ReportSwarm(std::uint64_t seed) {
  FaultChances chances;
  std::uint64_t i = 0;
  for (const auto& [fault, chance] : kOfReports) {
    if (Chance(seed, ~1ull, i++) < 0.5) chances[fault] = chance;
  }
  return chances;
}

void FaultPlan::Add(FaultRule rule) {
  const std::lock_guard lock(mutex_);
  rules_.push_back({std::move(rule)});
}

void FaultPlan::SetRandom(std::uint64_t seed, FaultChances chances) {
  const std::lock_guard lock(mutex_);
  seed_ = seed;
  chances_ = std::move(chances);
}

void FaultPlan::SetDelay(std::chrono::milliseconds delay) {
  const std::lock_guard lock(mutex_);
  delay_ = delay;
}

void FaultPlan::Clear() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
  chances_.clear();
}

std::vector<FaultPlan::Injected> FaultPlan::injected() const {
  const std::lock_guard lock(mutex_);
  return injected_;
}

std::chrono::milliseconds FaultPlan::delay() const {
  const std::lock_guard lock(mutex_);
  return delay_;
}

http::Response FaultPlan::Before(const http::Request& request, http::Response now) {
  const std::lock_guard lock(mutex_);
  const bool same = last_path_ == PathOf(request.url) && last_read_.status == 200;
  http::Response before = same ? last_read_ : now;
  last_path_ = PathOf(request.url);
  last_read_ = std::move(now);
  return before;
}

bool FaultPlan::keeps_pages() const {
  const std::lock_guard lock(mutex_);
  return chances_.contains(Fault::kDupPage) ||
         std::any_of(rules_.begin(), rules_.end(),
                     [](const Counted& one) { return one.rule.fault == Fault::kDupPage; });
}

std::optional<Fault> FaultPlan::Next(const http::Request& request) {
  const std::lock_guard lock(mutex_);
  std::optional<Fault> fault;
  for (auto& [rule, seen] : rules_) {
    const bool matches = (rule.method.empty() || rule.method == request.method) &&
                         request.url.find(rule.path) != std::string::npos;
    if (!matches) continue;
    ++seen;
    const bool hits = seen >= rule.nth && (rule.times == 0 || seen < rule.nth + rule.times);
    if (hits && !fault) fault = rule.fault;
  }
  const std::uint64_t number = requests_++;
  for (std::uint64_t i = 0; i < std::size(kKnown) && !fault; ++i) {
    const auto chance = chances_.find(kKnown[i].fault);
    if (chance != chances_.end() && Chance(seed_, number, i) < chance->second) {
      fault = kKnown[i].fault;
    }
  }
  if (fault) injected_.push_back({*fault, request.method, request.url});
  return fault;
}

http::Handler WithFaults(http::Handler handler, FaultPlan& plan) {
  return [handler = std::move(handler), &plan](const http::Request& request) -> http::Response {
    // A token of our own making is the first page again.
    if (request.body.find(fmt::format("\"{}\"", kLoopToken)) != std::string::npos &&
        plan.dialect() == Platform::kGoogleAds && IsRead(request)) {
      http::Request first = request;
      auto body = nlohmann::json::parse(first.body, nullptr, false);
      if (body.is_object() && body.value("pageToken", "") == kLoopToken) {
        body.erase("pageToken");
        first.body = body.dump();
        return Spoil(handler, first, Fault::kCursorLoop, plan.dialect());
      }
    }
    const auto fault = plan.Next(request);
    if (!fault) {
      auto response = handler(request);
      if (IsRead(request) && plan.keeps_pages()) plan.Before(request, response);
      return response;
    }
    switch (*fault) {
      case Fault::kDropRequest:
        return {.status = http::kNotReceived};
      case Fault::kDropResponse:
        handler(request);
        return {.status = http::kNoAnswer};
      case Fault::kSlow: {
        auto response = handler(request);
        std::this_thread::sleep_for(plan.delay());
        return response;
      }
      case Fault::kServerError:
        handler(request);
        return ServerError(request, plan.dialect());
      case Fault::kServerErrorBefore:
        return ServerError(request, plan.dialect());
      case Fault::kHtml:
        handler(request);
        return {.status = 200,
                .headers = {{"Content-Type", "text/html"}},
                .body =
                    "<html><head><title>Please sign in</title></head>"
                    "<body>The network wants a word with you.</body></html>"};
      case Fault::kEmptyBody: {
        auto response = handler(request);
        response.body.clear();
        return response;
      }
      case Fault::kTruncatedBody: {
        auto response = handler(request);
        response.body.resize(response.body.size() / 2);
        return response;
      }
      case Fault::kThrottle:
        return Throttled(request, plan.dialect());
      case Fault::kTokenExpired:
        return TokenExpired(request, plan.dialect());
      case Fault::kDuplicate:
        handler(request);
        return handler(request);
      case Fault::kShortPage:
      case Fault::kCursorLoop:
      case Fault::kMissingNext:
        if (!IsRead(request)) return handler(request);
        return Spoil(handler, request, *fault, plan.dialect());
      case Fault::kDupPage:
        if (!IsRead(request)) return handler(request);
        return plan.Before(request, handler(request));
      case Fault::kNewEnum:
        return IsRead(request) ? WithNewWords(handler(request)) : handler(request);
      case Fault::kAsyncStuck:
        return WithRunState(handler(request), "Job Running", 99);
      case Fault::kAsyncFailed:
        return WithRunState(handler(request), "Job Failed", 0);
      case Fault::kErrorIn200: {
        auto response = ServerError(request, plan.dialect());
        response.status = 200;
        return response;
      }
      case Fault::kTruncatedGzip: {
        auto response = handler(request);
        // A gzip header and a few bytes of a stream that ends there.
        response.body = std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x56", 12);
        return response;
      }
      case Fault::kThrottleLowHeader:
        return WithLowHeaders(Throttled(request, plan.dialect()));
      case Fault::kGrantRefused:
        if (request.url.find("/token") == std::string::npos) return handler(request);
        return TokenExpired(request, plan.dialect());
      case Fault::kVersionSunset:
        return VersionEnded(request, plan.dialect());
    }
    Bug();
  };
}

}  // namespace maxopt::sim
