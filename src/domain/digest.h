#pragma once
#include <string>
#include <string_view>

namespace maxopt {

/// SHA-256 in lower-case hex: what content is recognised by.
std::string Sha256Hex(std::string_view bytes);

}  // namespace maxopt
