#include "sim/faults/faults.h"

#include <fmt/format.h>

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
    if (Chance(seed, ~0ull, i) < 0.5) chances[kKnown[i].fault] = kKnown[i].usual_chance;
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
    const auto fault = plan.Next(request);
    if (!fault) return handler(request);
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
    }
    Bug();
  };
}

}  // namespace maxopt::sim
