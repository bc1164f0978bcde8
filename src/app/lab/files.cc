#include "app/lab/files.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

namespace maxopt::lab {

Result<std::string> ReadWhole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Fail(Errc::kLocal, fmt::format("{}: {}", path, std::strerror(errno)));
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (in.bad()) return Fail(Errc::kLocal, path + ": cannot be read");
  return text;
}

Result<> WriteWhole(const std::string& path, std::string_view text) {
  std::FILE* file = path.empty() ? stdout : std::fopen(path.c_str(), "wb");
  if (!file) return Fail(Errc::kLocal, fmt::format("{}: {}", path, std::strerror(errno)));
  bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  written = (file == stdout ? std::fflush(file) : std::fclose(file)) == 0 && written;
  if (!written) {
    return Fail(Errc::kLocal, fmt::format("{}: not all could be written; is the disk full?",
                                          path.empty() ? "standard output" : path));
  }
  return {};
}

}  // namespace maxopt::lab
