#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connect/tiktok/tiktok.h"
#include "json/json.h"

namespace maxopt {
namespace {

using Json = nlohmann::json;

/// What to do after a code; by the official table of return codes.
enum class Next {
  kFix,
  kMissing,
  kSignIn,
  kGrant,
  kWait,
  kAgain,      // nothing was done; the same may be sent again
  kUncertain,  // a read may be sent again, a write has to be read back
  kClash,
};
struct CodeRow {
  int code;
  Next next;
};
constexpr CodeRow kCodes[] = {
    {20001, Next::kUncertain},  // one of several; we never send several
    {40000, Next::kFix},       {40001, Next::kGrant},     {40002, Next::kFix},
    {40006, Next::kFix},       {40007, Next::kMissing},   {40008, Next::kFix},
    {40009, Next::kFix},       {40010, Next::kFix},       {40011, Next::kFix},
    {40013, Next::kMissing},   {40014, Next::kFix},       {40016, Next::kWait},
    {40050, Next::kUncertain},  // the one that it repeats may still be at work
    {40051, Next::kFix},       {40052, Next::kClash},     {40053, Next::kFix},
    {40065, Next::kFix},       {40100, Next::kWait},      {40101, Next::kSignIn},
    {40102, Next::kSignIn},    {40103, Next::kSignIn},    {40104, Next::kSignIn},
    {40105, Next::kSignIn},    {40106, Next::kSignIn},    {40107, Next::kSignIn},
    {40108, Next::kSignIn},    {40109, Next::kSignIn},    {40110, Next::kSignIn},
    {40112, Next::kSignIn},    {40113, Next::kSignIn},    {40115, Next::kSignIn},
    {40116, Next::kSignIn},    {40117, Next::kFix},       {40118, Next::kGrant},
    {40119, Next::kGrant},     {40121, Next::kGrant},     {40122, Next::kGrant},
    {40124, Next::kGrant},     {40125, Next::kGrant},     {40132, Next::kWait},
    {40133, Next::kWait},      {40200, Next::kAgain},     {40201, Next::kAgain},
    {40202, Next::kUncertain},  // the write it clashed with may be the same one, sent before
    {40300, Next::kMissing},   {40301, Next::kMissing},   {40502, Next::kFix},
    {40700, Next::kUncertain}, {40901, Next::kAgain},     {40911, Next::kClash},
    {41000, Next::kGrant},     {41001, Next::kFix},       {41002, Next::kFix},
    {50000, Next::kUncertain}, {50002, Next::kUncertain}, {51305, Next::kUncertain},
    {60001, Next::kAgain},
};

Next NextOf(std::int64_t code) {
  const auto row = std::find_if(std::begin(kCodes), std::end(kCodes),
                                [&](const CodeRow& r) { return r.code == code; });
  if (row != std::end(kCodes)) return row->next;
  if (code >= 40000 && code < 50000) return Next::kFix;
  if (code >= 60000 && code < 70000) return Next::kAgain;
  return Next::kUncertain;
}

Errc ErrcOf(Next next, bool read) {
  switch (next) {
    case Next::kFix:
      return Errc::kInvalidArgument;
    case Next::kMissing:
      return Errc::kNotFound;
    case Next::kSignIn:
      return Errc::kUnauthenticated;
    case Next::kGrant:
      return Errc::kForbidden;
    case Next::kWait:
      return Errc::kRateLimited;
    case Next::kAgain:
      return Errc::kUnavailable;
    case Next::kUncertain:
      return read ? Errc::kUnavailable : Errc::kUnknownOutcome;
    case Next::kClash:
      return Errc::kConflict;
  }
  Bug();
}

std::string_view Advice(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return "correct the request";
    case Errc::kNotFound:
      return "check the id and the account";
    case Errc::kUnauthenticated:
      return "connect the account again";
    case Errc::kForbidden:
      return "grant the app access to this account";
    case Errc::kRateLimited:
      return "wait and send the same again";
    case Errc::kUnavailable:
      return "nothing was done, send the same again";
    case Errc::kUnknownOutcome:
      return "read back whether it was done";
    case Errc::kConflict:
      return "read the object and plan again";
    case Errc::kBadAnswer:
    case Errc::kRefused:
    case Errc::kLocal:
      break;
  }
  return "look at the answer";
}

/// The path without the host, the version and the query, for people.
std::string Endpoint(const http::Request& request) {
  const auto url = http::ParseUrl(request.url);
  std::string path = url ? url->path : std::string("?");
  if (const auto at = path.find("/open_api/"); at != std::string::npos) {
    const auto slash = path.find('/', at + 10);
    if (slash != std::string::npos) path = path.substr(slash + 1);
  }
  return request.method + " " + path;
}

Error Unreadable(const http::Request& request, std::string why) {
  return {request.idempotent ? Errc::kBadAnswer : Errc::kUnknownOutcome,
          fmt::format(
              "TikTok's answer to {} cannot be read: {}; {}", Endpoint(request), why,
              request.idempotent ? "it is no data, read again" : "read back whether it was done")};
}

std::string Shorten(std::string text) {
  constexpr std::size_t kMost = 300;
  if (text.size() > kMost) text = text.substr(0, kMost) + "...";
  return text;
}

std::optional<Error> ByStatus(const http::Request& request, const http::Response& response) {
  if (response.status >= 200 && response.status < 300) return std::nullopt;
  Errc code = Errc::kInvalidArgument;
  std::string_view why = "it knows no such address; check the API version in the connection";
  if (response.status == 429) {
    code = Errc::kRateLimited;
    why = "too many calls; wait and send the same again";
  } else if (response.status == 401) {
    code = Errc::kUnauthenticated;
    why = "connect the account again";
  } else if (response.status == 403) {
    code = Errc::kForbidden;
    why = "grant the app access, or check the address the calls come from";
  } else if (response.status >= 500 || response.status == 408) {
    code = request.idempotent ? Errc::kUnavailable : Errc::kUnknownOutcome;
    why = request.idempotent ? "send the same again" : "read back whether it was done";
  } else if (response.status != 404) {
    why = "the request was refused";
  }
  Error error{
      code,
      fmt::format("TikTok answered {} with HTTP {}: {}", Endpoint(request), response.status, why),
      fmt::format("http_{}", response.status)};
  if (code == Errc::kRateLimited) {
    const auto wait = http::FindHeader(response.headers, "Retry-After");
    if (wait && !wait->empty() && wait->size() <= 5 &&
        wait->find_first_not_of("0123456789") == std::string_view::npos) {
      error.retry_after_s = std::stoi(std::string(*wait));
    }
  }
  return error;
}

}  // namespace

std::optional<Error> ClassifyTikTok(const http::Request& request, const http::Response& response) {
  if (auto error = ByStatus(request, response)) return error;
  if (response.body.empty()) return Unreadable(request, "it is empty");
  const auto json = ParseExactJson(response.body);
  if (!json) return Unreadable(request, json.error().what);
  if (!json->is_object()) return Unreadable(request, "it is not an object");
  const auto code = json->find("code");
  if (code == json->end() || !code->is_number_integer()) {
    return Unreadable(request, "it has no code");
  }
  const auto data = json->find("data");
  const std::int64_t number = code->get<std::int64_t>();
  if (number == 0) {
    if (data == json->end() || !(data->is_object() || data->is_array())) {
      return Unreadable(request, "it has no data");
    }
    // A task that is at work is asked about again, as one that says it is not ready.
    if (request.url.find("/task/check/") != std::string::npos && data->is_object()) {
      const Json status = data->value("status", Json());
      if (status == "QUEUING" || status == "PROCESSING") {
        return Error{Errc::kUnavailable,
                     fmt::format("TikTok is still working on the task that {} asks about",
                                 Endpoint(request)),
                     "40201"};
      }
    }
    return std::nullopt;
  }
  const Errc errc = ErrcOf(NextOf(number), request.idempotent);
  const Json message = json->value("message", Json(""));
  const Json id = json->value("request_id", Json(""));
  return Error{errc,
               fmt::format("TikTok refused {} with {} \"{}\" (request {}); {}", Endpoint(request),
                           number, Shorten(message.is_string() ? message.get<std::string>() : ""),
                           Shorten(id.is_string() ? id.get<std::string>() : ""), Advice(errc)),
               std::to_string(number)};
}

}  // namespace maxopt
