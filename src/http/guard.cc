#include "http/guard.h"

#include <algorithm>
#include <exception>

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

Response AnswerSafely(const Handler& handler, const Request& request) {
  const Response failed{
      .status = 500, .headers = {{"Content-Type", "text/plain"}}, .body = "internal error\n"};
  try {
    Response response = handler(request);
    if (response.status == kNoAnswer || response.status == kNotReceived) return response;
    const bool sendable =
        response.status >= 200 && response.status <= 599 && AreSendable(response.headers);
    return sendable ? std::move(response) : failed;
  } catch (const std::exception&) {
    return failed;  // its text may hold what a stranger must not see
  }
}

bool IsReadMethod(std::string_view method) { return method == "GET" || method == "HEAD"; }

}  // namespace maxopt::http
