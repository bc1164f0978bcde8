#include "sim/google_ads/oauth.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "domain/digest.h"
#include "sim/google_ads/errors.h"
#include "sim/google_ads/image.h"

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kLife{3599};

std::string SecretOf(const std::map<std::string, std::string>& secrets, const char* name) {
  const auto at = secrets.find(name);
  return at == secrets.end() ? std::string() : at->second;
}

http::Response Refuse(int status, std::string_view error, std::string_view description) {
  return JsonResponse(status, {{"error", error}, {"error_description", description}});
}

}  // namespace

TokenOffice::TokenOffice(const std::map<std::string, std::string>& secrets)
    : client_id_(SecretOf(secrets, "client_id")),
      client_secret_(SecretOf(secrets, "client_secret")),
      refresh_token_(SecretOf(secrets, "refresh_token")) {}

http::Response TokenOffice::Issue(std::string_view form, Instant now) {
  const auto pairs = http::DecodeForm(form);
  if (!pairs) return Refuse(400, "invalid_request", "The form cannot be read.");
  std::map<std::string, std::string> fields;
  for (const auto& [name, value] : *pairs) fields.insert_or_assign(name, value);
  if (fields["grant_type"].empty()) {
    return Refuse(400, "invalid_request", "Missing required parameter: grant_type");
  }
  if (fields["grant_type"] != "refresh_token") {
    return Refuse(400, "unsupported_grant_type",
                  fmt::format("Invalid grant_type: {}", fields["grant_type"]));
  }
  if (fields["refresh_token"].empty()) {
    return Refuse(400, "invalid_request", "Missing required parameter: refresh_token");
  }
  if (client_id_.empty() || fields["client_id"] != client_id_) {
    return Refuse(401, "invalid_client", "The OAuth client was not found.");
  }
  if (client_secret_.empty() || fields["client_secret"] != client_secret_) {
    return Refuse(401, "invalid_client", "Unauthorized");
  }
  if (refresh_token_.empty() || fields["refresh_token"] != refresh_token_) {
    return Refuse(400, "invalid_grant", "Token has been expired or revoked.");
  }
  const std::lock_guard lock(mutex_);
  const std::string token =
      "ya29.a0" + Sha256Hex(fmt::format("{}\n{}", refresh_token_, ++issued_)).substr(0, 48);
  // Long-expired ones are forgotten; they are then unknown rather than expired.
  std::erase_if(expires_at_, [&](const auto& one) { return one.second + 24 * kLife < now; });
  expires_at_.insert_or_assign(token, now + kLife);
  return JsonResponse(200, {{"access_token", token},
                            {"expires_in", kLife.count()},
                            {"scope", "https://www.googleapis.com/auth/adwords"},
                            {"token_type", "Bearer"}});
}

TokenOffice::Verdict TokenOffice::Judge(std::string_view access_token, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto at = expires_at_.find(access_token);
  if (at == expires_at_.end()) return Verdict::kUnknown;
  return now < at->second ? Verdict::kGood : Verdict::kExpired;
}

}  // namespace maxopt::sim::google_ads
