#pragma once
#include <string>
#include <string_view>

#include "result/result.h"

namespace maxopt::lab {

/// The whole file; kLocal with its name and the system's reason.
Result<std::string> ReadWhole(const std::string& path);
/// To the file, or to standard output where `path` is empty; kLocal where not all could be written.
Result<> WriteWhole(const std::string& path, std::string_view text);

}  // namespace maxopt::lab
