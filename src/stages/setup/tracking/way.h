#pragma once
#include <string>
#include <string_view>

#include "stages/setup/tracking/tracking.h"

/// Inside of this folder only.
namespace maxopt {

/// "https://shop.example:443/a" -> "https", "shop.example", "443" (the scheme's own when absent).
struct WebAddress {
  std::string scheme, host, port;
  std::string origin;  ///< lower case, without the scheme's own port
  std::string rest;    ///< path and query, never empty, no fragment
};
/// kInvalidArgument: not http(s), a user name in it, a host with characters that no host has.
Result<WebAddress> ReadWebAddress(std::string_view url);

/// Where the page of `address` is fetched: the mapped origin, or the address that was judged.
struct Way {
  std::string mapped_origin;  ///< empty: not mapped
  std::string ip;             ///< empty: mapped
};
/// kRefused: not a public address and not mapped. kUnavailable: cannot be resolved.
Result<Way> FindWay(const WebAddress& address, const std::map<std::string, std::string>& origin_map,
                    bool allow_private, const ResolveHost& resolve);

}  // namespace maxopt
