#pragma once
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/http.h"

/// Answers in Google's shapes, good and bad.
namespace maxopt::sim::google_ads {

struct PathElement {
  std::string field;  ///< snake_case, as Google names them here
  std::optional<std::size_t> index{};
};
using Path = std::vector<PathElement>;

/// One GoogleAdsError.
struct AdsError {
  std::string family;  ///< "campaignError", the key of errorCode
  std::string code;    ///< "DUPLICATE_CAMPAIGN_NAME"
  std::string message;
  std::string trigger{};  ///< the value that was wrong; empty: none
  Path path{};            ///< where in the request
  std::string details{};  ///< JSON text of ErrorDetails; empty: none
};

/// {"errors":[...],"requestId":...} with its "@type" for the version.
nlohmann::json FailureJson(const std::vector<AdsError>& errors, std::string_view version,
                           std::string_view request_id);
/// HTTP status and {"error":{...}}; the status follows from the family of the first error.
http::Response FailureResponse(const std::vector<AdsError>& errors, std::string_view version,
                               std::string_view request_id);

/// One violation of google.rpc.BadRequest: JSON that does not fit the proto.
struct Violation {
  std::string field;  ///< "operations[0].create"
  std::string description;
};
/// 400 INVALID_ARGUMENT as Google's front end answers before any service sees the request.
http::Response BadRequestResponse(const std::vector<Violation>& violations);
/// A google.rpc error without details: 404 and the like.
http::Response RpcResponse(int status, std::string_view rpc_status, std::string_view message);
/// The HTML page for a URL that no service owns.
http::Response NotFoundPage(std::string_view path);

http::Response JsonResponse(int status, const nlohmann::json& body);

}  // namespace maxopt::sim::google_ads
