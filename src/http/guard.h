#pragma once
#include "http/http.h"

/// What holds on every way a message takes, over sockets or in process. Inside of this folder only.
namespace maxopt::http {

/// kInvalidArgument when the method is no word, or a header could smuggle in another one.
/// `where` names the request in the error.
Result<> CheckRequest(const Request& request, std::string_view where);

/// The handler's answer; a plain 500 when it throws, or answers what cannot be sent. kNoAnswer and
/// kNotReceived pass: the caller breaks the connection.
Response AnswerSafely(const Handler& handler, const Request& request);

/// The same judgement of an answer that came later.
Response MakeSendable(Response response);

/// GET and HEAD: what a server knows about a request it receives.
bool IsReadMethod(std::string_view method);

}  // namespace maxopt::http
