#include "app/lab/files.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace maxopt::lab {

Result<std::string> ReadWhole(const std::string& path) {
  // Not by a stream: a folder opens as one, and its iterators throw.
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  const auto failed = [&] {
    return Fail(Errc::kLocal, fmt::format("{}: {}", path, std::strerror(errno)));
  };
  if (!file) return failed();
  std::string text;
  std::size_t read = 0;
  do {
    const std::size_t kept = text.size();
    text.resize(kept + (1U << 16U));
    read = std::fread(text.data() + kept, 1, text.size() - kept, file.get());
    text.resize(kept + read);
  } while (read > 0);
  if (std::ferror(file.get()) != 0) return failed();
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
