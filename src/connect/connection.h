#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "domain/entity.h"

namespace maxopt {

/// Everything needed to reach one account: from the connections file, never from code. Empty
/// base_url and version mean the platform's production address and the version of the specs.
struct Connection {
  std::string client;  ///< whose account it is
  AccountId account;
  std::string base_url;  ///< "https://googleads.googleapis.com"; a simulator's origin works as well
  std::string token_url;  ///< Google's OAuth token endpoint
  std::string version;    ///< "v25", "v26.0", "v1.3": path segment, configuration and not code
  std::map<std::string, std::string> settings;  ///< login_customer_id, pixel_id, page_id, ...
  std::map<std::string, std::string> secrets;   ///< access_token, refresh_token, client_secret, ...
  double calls_per_second = 5;                  ///< token bucket of this account
  std::int64_t calls_per_day = 0;  ///< what scheduled jobs plan with; 0: the platform's default
};

}  // namespace maxopt
