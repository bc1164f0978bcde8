#pragma once
#include <span>
#include <string_view>

namespace maxopt {

/// One requirements file as it was when the program was built.
struct BuiltInFile {
  std::string_view name;  ///< "specs/meta.yaml"
  std::string_view text;
};
/// By name. The file with the texts is made by cmake/embed.cmake.
std::span<const BuiltInFile> BuiltInFiles();

}  // namespace maxopt
