#pragma once
#include <span>
#include <string_view>

namespace maxopt {

/// One file of specs/tactics as it was when the program was built.
struct TacticFile {
  std::string_view name;  ///< "specs/tactics/meta.yaml"
  std::string_view text;
};
/// By name. The file with the texts is made by cmake/embed.cmake.
std::span<const TacticFile> TacticFiles();

}  // namespace maxopt
