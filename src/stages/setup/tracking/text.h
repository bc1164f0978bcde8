#pragma once
#include <string>
#include <string_view>

/// Inside of this folder only.
namespace maxopt {

/// Lower case of Latin, Greek and Cyrillic letters; bytes that are no UTF-8 become U+FFFD.
std::string LowerText(std::string_view text);

}  // namespace maxopt
