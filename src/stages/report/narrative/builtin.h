#pragma once
#include <span>
#include <string_view>

/// The catalogues that were compiled in (catalogue/*.yaml). Inside of this folder only.
namespace maxopt::report {

struct BuiltInText {
  std::string_view language;  ///< the file's name: "en"
  std::string_view yaml;
};
std::span<const BuiltInText> BuiltInTexts();

}  // namespace maxopt::report
