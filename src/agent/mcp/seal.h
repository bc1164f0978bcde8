#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "clock/clock.h"

namespace maxopt::mcp {

/// 32 random bytes.
std::string RandomSecret();
/// 128 random bits in hex.
std::string RandomId();

/// What travels through the client and must come back as it was: for one principal, one call, and
/// a while. HMAC-SHA-256 over the payload; the client can read it and not change it.
struct Sealed {
  std::string principal;
  std::string call;  ///< digest of method, name and arguments
  nlohmann::ordered_json state;
};
std::string Seal(const Sealed& sealed, Instant expires, std::string_view secret);
/// nullopt: not ours, changed, of someone else, of another call, or too old.
std::optional<nlohmann::ordered_json> Open(std::string_view text, const std::string& principal,
                                           const std::string& call, Instant now,
                                           std::string_view secret);

std::string Base64(std::string_view bytes);
/// Standard alphabet with padding; nullopt for anything else.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace maxopt::mcp
