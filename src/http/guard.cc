#include "http/guard.h"

#include <algorithm>
#include <exception>
#include <future>

namespace maxopt::http {
namespace {

/// RFC 9110's token, as methods and header names are.
bool IsToken(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7f &&
           std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
}

bool BreaksLine(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool AreSendable(const Headers& headers) {
  return std::ranges::all_of(headers, [](const auto& header) {
    return IsToken(header.first) && !BreaksLine(header.second);
  });
}

Response Failed() {
  return {.status = 500, .headers = {{"Content-Type", "text/plain"}}, .body = "internal error\n"};
}

}  // namespace

Result<> CheckRequest(const Request& request, std::string_view where) {
  if (!IsToken(request.method)) {
    return Fail(Errc::kInvalidArgument, "the method of a request is not a word");
  }
  if (!AreSendable(request.headers)) {
    return Fail(
        Errc::kInvalidArgument,
        std::string(where) + ": a header has a name that is no word or a value with a line break");
  }
  return {};
}

Response MakeSendable(Response response) {
  if (response.later || response.status == kNoAnswer || response.status == kNotReceived) {
    return response;
  }
  const bool sendable =
      response.status >= 200 && response.status <= 599 && AreSendable(response.headers);
  return sendable ? std::move(response) : Failed();
}

Response AnswerSafely(const Handler& handler, const Request& request) {
  try {
    return MakeSendable(handler(request));
  } catch (const std::exception&) {
    return Failed();  // its text may hold what a stranger must not see
  }
}

Response Settle(Response response) {
  while (response.later) {
    std::promise<Response> told;
    std::future<Response> answer = told.get_future();
    response.later([&told](Response late) { told.set_value(std::move(late)); });
    response = answer.get();
  }
  return response;
}

bool IsReadMethod(std::string_view method) { return method == "GET" || method == "HEAD"; }

}  // namespace maxopt::http
