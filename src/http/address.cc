#include "http/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace maxopt {
namespace {

struct Range4 {
  std::uint32_t network;
  int bits;
};
/// IANA's special-purpose registry: everything that is not globally reachable.
constexpr Range4 kNotPublic4[] = {
    {0x00000000, 8},   // this network
    {0x0A000000, 8},   // private
    {0x64400000, 10},  // carriers' shared space
    {0x7F000000, 8},   // loopback
    {0xA9FE0000, 16},  // link-local, cloud metadata among it
    {0xAC100000, 12},  // private
    {0xC0000000, 24},  // protocol assignments
    {0xC0000200, 24},  // documentation
    {0xC0586300, 24},  // old 6to4 relays
    {0xC0A80000, 16},  // private
    {0xC6120000, 15},  // benchmarks
    {0xC6336400, 24},  // documentation
    {0xCB007100, 24},  // documentation
    {0xE0000000, 4},   // multicast
    {0xF0000000, 4},   // reserved, broadcast
};

bool IsPublic4(std::uint32_t address) {
  return std::ranges::none_of(kNotPublic4, [&](const Range4& range) {
    return (address >> (32 - range.bits)) == (range.network >> (32 - range.bits));
  });
}

using Bytes6 = std::array<std::uint8_t, 16>;

std::uint32_t Embedded(const Bytes6& bytes, std::size_t at) {
  return (static_cast<std::uint32_t>(bytes[at]) << 24) |
         (static_cast<std::uint32_t>(bytes[at + 1]) << 16) |
         (static_cast<std::uint32_t>(bytes[at + 2]) << 8) | bytes[at + 3];
}

bool BeginsWith(const Bytes6& bytes, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool IsPublic6(const Bytes6& b) {
  if (BeginsWith(b, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF})) return IsPublic4(Embedded(b, 12));
  // NAT64's well-known prefix ends at an IPv4 address, 6to4 begins with one.
  if (BeginsWith(b, {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return IsPublic4(Embedded(b, 12));
  }
  if (BeginsWith(b, {0x20, 0x02})) return IsPublic4(Embedded(b, 2));
  if ((b[0] & 0xE0) != 0x20) return false;                       // only 2000::/3 is given out
  if (BeginsWith(b, {0x20, 0x01}) && b[2] < 2) return false;     // 2001::/23: Teredo, ORCHID, ...
  if (BeginsWith(b, {0x20, 0x01, 0x0D, 0xB8})) return false;     // documentation
  if (BeginsWith(b, {0x3F, 0xFF}) && b[2] < 0x10) return false;  // documentation
  return true;
}

}  // namespace

bool IsPublicAddress(std::string_view address) {
  const std::string text(address);
  in_addr four{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return IsPublic4(ntohl(four.s_addr));
  in6_addr six{};
  if (::inet_pton(AF_INET6, text.c_str(), &six) != 1) return false;
  Bytes6 bytes{};
  std::memcpy(bytes.data(), &six, bytes.size());
  return IsPublic6(bytes);
}

Result<std::vector<std::string>> SystemResolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (code != 0) {
    return Fail(Errc::kUnavailable,
                fmt::format("the host {} is not known: {}", host, ::gai_strerror(code)));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0 &&
        std::ranges::find(addresses, std::string(text.data())) == addresses.end()) {
      addresses.emplace_back(text.data());
    }
  }
  ::freeaddrinfo(list);
  return addresses;
}

}  // namespace maxopt
