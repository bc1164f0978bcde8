#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "result/result.h"

/// Where a host is, and whether a URL from outside may lead there.
namespace maxopt {

/// Addresses of a host name, as text. Passed in, so that tests need no resolver.
using ResolveHost = std::function<Result<std::vector<std::string>>(const std::string& host)>;
/// The system's resolver. Numbers in any of the forms that it takes ("127.1", "0x7f000001",
/// "2130706433") come back as the addresses that they are.
Result<std::vector<std::string>> SystemResolve(const std::string& host);
/// Whether an address is on the public internet: not loopback, private, link-local (cloud metadata
/// among them), carrier, multicast, documentation or reserved, nor one of these inside of an IPv6
/// address (mapped, NAT64, 6to4, Teredo). What is no address is not public.
bool IsPublicAddress(std::string_view address);

}  // namespace maxopt
