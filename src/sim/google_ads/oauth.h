#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "clock/clock.h"
#include "http/http.h"

namespace maxopt::sim::google_ads {

/// The token endpoint: trades the refresh token for access tokens of 3599 seconds. Thread-safe.
class TokenOffice {
 public:
  /// Uses client_id, client_secret and refresh_token; without all three every request is refused.
  explicit TokenOffice(const std::map<std::string, std::string>& secrets);

  /// Answers POST /token: JSON of RFC 6749, with Google's texts.
  http::Response Issue(std::string_view form, Instant now);

  enum class Verdict { kGood, kExpired, kUnknown };
  Verdict Judge(std::string_view access_token, Instant now);

 private:
  const std::string client_id_;
  const std::string client_secret_;
  const std::string refresh_token_;
  std::mutex mutex_;
  std::uint64_t issued_ = 0;
  std::map<std::string, Instant, std::less<>> expires_at_;
};

}  // namespace maxopt::sim::google_ads
