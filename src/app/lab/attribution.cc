#include "measure/attribution/attribution.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "app/lab/files.h"
#include "app/lab/lab.h"

namespace maxopt::lab {
namespace {

/// The bytes of a file: mapped where it is one, read where it is a pipe.
class Bytes {
 public:
  static Result<Bytes> Of(const std::string& path) {
    const auto broken = [&] {
      return Fail(Errc::kLocal, fmt::format("{}: {}", path, std::strerror(errno)));
    };
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return broken();
    const std::unique_ptr<const int, void (*)(const int*)> closer(
        &fd, [](const int* f) { ::close(*f); });
    struct stat info {};
    if (::fstat(fd, &info) != 0) return broken();
    if (S_ISDIR(info.st_mode)) return Fail(Errc::kLocal, path + " is a folder, not a file");
    Bytes bytes;
    if (S_ISREG(info.st_mode) && info.st_size > 0) {
      bytes.size_ = static_cast<std::size_t>(info.st_size);
      void* map = ::mmap(nullptr, bytes.size_, PROT_READ, MAP_PRIVATE, fd, 0);
      if (map == MAP_FAILED) return broken();
      bytes.map_ = map;
      ::madvise(map, bytes.size_, MADV_SEQUENTIAL);
      return bytes;
    }
    char part[1 << 16];
    for (;;) {
      const ssize_t n = ::read(fd, part, sizeof part);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return broken();
      if (n == 0) return bytes;
      bytes.read_.append(part, static_cast<std::size_t>(n));
    }
  }
  Bytes(Bytes&& other) noexcept
      : map_(std::exchange(other.map_, nullptr)),
        size_(other.size_),
        read_(std::move(other.read_)) {}
  Bytes& operator=(Bytes&&) = delete;
  ~Bytes() {
    if (map_) ::munmap(map_, size_);
  }
  std::string_view text() const {
    return map_ ? std::string_view(static_cast<const char*>(map_), size_) : read_;
  }

 private:
  Bytes() = default;
  void* map_ = nullptr;
  std::size_t size_ = 0;
  std::string read_;
};

}  // namespace

Result<int> Attribute(const AttributionArguments& arguments) {
  MAXOPT_TRY(AttributionModel model, FindAttributionModel(arguments.model));
  model.half_life = arguments.half_life;
  MAXOPT_TRY(const Bytes bytes, Bytes::Of(arguments.paths));
  Attribution attribution(model);
  if (auto read = ReadPathsCsv(bytes.text(), attribution); !read) {
    return FailWithin(arguments.paths, read.error());
  }
  auto credits = attribution.Credits();
  if (!credits) return FailWithin(arguments.paths, credits.error());
  std::string out = "[";
  for (const ChannelCredit& credit : *credits) {
    out += out.size() == 1 ? "\n  " : ",\n  ";
    out += nlohmann::ordered_json{{"channel", credit.channel},
                                  {"conversions", credit.conversions},
                                  {"value", credit.value}}
               .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  out += credits->empty() ? "]\n" : "\n]\n";
  MAXOPT_CHECK(WriteWhole(arguments.out, out));
  return 0;
}

}  // namespace maxopt::lab
