#include "sim/google_ads/errors.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;

struct RpcStatus {
  int http;
  std::string_view name;
  std::string_view message;
};

RpcStatus StatusOf(std::string_view family, std::string_view code) {
  if (family == "authenticationError") {
    return {401, "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
            "cookie or other valid authentication credential."};
  }
  if (family == "authorizationError") {
    return {403, "PERMISSION_DENIED", "The caller does not have permission"};
  }
  if (family == "quotaError") {
    return {429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."};
  }
  if (family == "databaseError" && code == "CONCURRENT_MODIFICATION") {
    return {409, "ABORTED", "The operation was aborted."};
  }
  if (family == "internalError") {
    return {500, "INTERNAL", "Internal error encountered."};
  }
  return {400, "INVALID_ARGUMENT", "Request contains an invalid argument."};
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

json FailureJson(const std::vector<AdsError>& errors, std::string_view version,
                 std::string_view request_id) {
  json list = json::array();
  for (const AdsError& error : errors) {
    json one = {{"errorCode", {{error.family, error.code}}}, {"message", error.message}};
    if (!error.trigger.empty()) one["trigger"] = {{"stringValue", error.trigger}};
    if (!error.path.empty()) {
      json elements = json::array();
      for (const PathElement& element : error.path) {
        json e = {{"fieldName", element.field}};
        if (element.index) e["index"] = *element.index;
        elements.push_back(std::move(e));
      }
      one["location"] = {{"fieldPathElements", std::move(elements)}};
    }
    if (!error.details.empty()) one["details"] = json::parse(error.details);
    list.push_back(std::move(one));
  }
  return {
      {"@type",
       fmt::format("type.googleapis.com/google.ads.googleads.{}.errors.GoogleAdsFailure", version)},
      {"errors", std::move(list)},
      {"requestId", request_id}};
}

http::Response FailureResponse(const std::vector<AdsError>& errors, std::string_view version,
                               std::string_view request_id) {
  const RpcStatus status = StatusOf(errors.front().family, errors.front().code);
  return JsonResponse(status.http,
                      {{"error",
                        {{"code", status.http},
                         {"message", status.message},
                         {"status", status.name},
                         {"details", json::array({FailureJson(errors, version, request_id)})}}}});
}

http::Response BadRequestResponse(const std::vector<Violation>& violations) {
  std::string message;
  json fields = json::array();
  for (const Violation& violation : violations) {
    if (!message.empty()) message += '\n';
    message += violation.description;
    json one = {{"description", violation.description}};
    if (!violation.field.empty()) one["field"] = violation.field;
    fields.push_back(std::move(one));
  }
  return JsonResponse(
      400, {{"error",
             {{"code", 400},
              {"message", message},
              {"status", "INVALID_ARGUMENT"},
              {"details", json::array({{{"@type", "type.googleapis.com/google.rpc.BadRequest"},
                                        {"fieldViolations", std::move(fields)}}})}}}});
}

http::Response RpcResponse(int status, std::string_view rpc_status, std::string_view message) {
  return JsonResponse(
      status, {{"error", {{"code", status}, {"message", message}, {"status", rpc_status}}}});
}

http::Response NotFoundPage(std::string_view path) {
  http::Response response;
  response.status = 404;
  response.headers.emplace_back("Content-Type", "text/html; charset=UTF-8");
  response.body = fmt::format(
      "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)</title>\n<p><b>404.</b> That "
      "is an error.\n<p>The requested URL <code>{}</code> was not found on this server.\n",
      EscapeHtml(path));
  return response;
}

http::Response JsonResponse(int status, const json& body) {
  http::Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "application/json; charset=UTF-8");
  // Names may hold any bytes that a client sent; what is not UTF-8 is shown as U+FFFD.
  response.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return response;
}

}  // namespace maxopt::sim::google_ads
