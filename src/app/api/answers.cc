// Errors and answers as they are sent, and what is counted of them.
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <mutex>

#include "app/api/route.h"

namespace maxopt::api {
namespace {

int StatusOf(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return 400;
    case Errc::kNotFound:
      return 404;
    case Errc::kConflict:
      return 409;
    case Errc::kRefused:
      return 422;
    case Errc::kUnavailable:
      return 503;
    case Errc::kUnauthenticated:
    case Errc::kForbidden:
    case Errc::kRateLimited:
    case Errc::kUnknownOutcome:
    case Errc::kBadAnswer:
      return 502;
    case Errc::kLocal:
      return 500;
  }
  Bug();
}

std::string_view FixOf(Errc code) {
  switch (code) {
    case Errc::kUnavailable:
      return "nothing happened; the same may be sent again";
    case Errc::kConflict:
      return "something else changed it; read it again";
    case Errc::kUnauthenticated:
    case Errc::kForbidden:
      return "the platform says so: look at the account's connection";
    case Errc::kRateLimited:
      return "the platform asks to wait";
    case Errc::kUnknownOutcome:
      return "it may or may not have happened: look before anything else";
    case Errc::kInvalidArgument:
    case Errc::kNotFound:
    case Errc::kBadAnswer:
    case Errc::kRefused:
    case Errc::kLocal:
      return "";
  }
  Bug();
}

/// Upper ends in seconds: quick views to optimisations of minutes.
constexpr std::array kBuckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0};

}  // namespace

ApiError::ApiError(const Error& error)
    : status(StatusOf(error.code)),
      code(ErrcName(error.code)),
      what(error.what),
      fix(FixOf(error.code)),
      retry_after_s(error.retry_after_s) {
  if (!error.platform_code.empty()) what += " [" + error.platform_code + "]";
}

http::Response JsonText(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}};
  response.body = std::move(body);
  return response;
}

http::Response Json(int status, const ordered_json& body) {
  return JsonText(status, body.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

http::Response ErrorResponse(const ApiError& error) {
  http::Response response = Json(
      error.status,
      {{"error",
        {{"code", error.code}, {"what", error.what}, {"where", error.where}, {"fix", error.fix}}}});
  if (error.retry_after_s) {
    response.headers.emplace_back("Retry-After", std::to_string(*error.retry_after_s));
  }
  if (error.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

std::string Call::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return "";
}

Result<Home*> Call::home() {
  if (!held) {
    // A command of a person takes a second or two; who asks by HTTP asks again.
    MAXOPT_TRY(held, context.world.home->Use(std::chrono::seconds(5)));
  }
  return held.get();
}

// --- counters -----------------------------------------------------------------------------------

struct Counters::State {
  struct Series {
    std::map<int, std::int64_t> by_status;
    std::array<std::int64_t, kBuckets.size()> below{};
    std::int64_t count = 0;
    double sum = 0;
  };
  mutable std::mutex mutex;
  std::map<std::string, Series, std::less<>> routes;
};

Counters::Counters() : state_(std::make_unique<State>()) {}
Counters::~Counters() = default;

void Counters::Count(std::string_view route, int status, double seconds) {
  const std::lock_guard lock(state_->mutex);
  auto at = state_->routes.find(route);
  if (at == state_->routes.end())
    at = state_->routes.emplace(std::string(route), State::Series{}).first;
  State::Series& series = at->second;
  ++series.by_status[status];
  ++series.count;
  series.sum += seconds;
  for (std::size_t i = 0; i < kBuckets.size(); ++i) {
    if (seconds <= kBuckets[i]) ++series.below[i];
  }
}

std::string Counters::Text() const {
  const std::lock_guard lock(state_->mutex);
  std::string out =
      "# HELP maxopt_requests_total Requests answered, by route and status.\n"
      "# TYPE maxopt_requests_total counter\n";
  for (const auto& [route, series] : state_->routes) {
    for (const auto& [status, count] : series.by_status) {
      out += fmt::format("maxopt_requests_total{{route=\"{}\",status=\"{}\"}} {}\n", route, status,
                         count);
    }
  }
  out +=
      "# HELP maxopt_request_seconds Time to the answer.\n"
      "# TYPE maxopt_request_seconds histogram\n";
  for (const auto& [route, series] : state_->routes) {
    for (std::size_t i = 0; i < kBuckets.size(); ++i) {
      out += fmt::format("maxopt_request_seconds_bucket{{route=\"{}\",le=\"{}\"}} {}\n", route,
                         kBuckets[i], series.below[i]);
    }
    out += fmt::format("maxopt_request_seconds_bucket{{route=\"{}\",le=\"+Inf\"}} {}\n", route,
                       series.count);
    out += fmt::format("maxopt_request_seconds_sum{{route=\"{}\"}} {}\n", route, series.sum);
    out += fmt::format("maxopt_request_seconds_count{{route=\"{}\"}} {}\n", route, series.count);
  }
  return out;
}

}  // namespace maxopt::api
