#include "memory/events/segment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace maxopt::events {
namespace {

constexpr std::string_view kMagic = "MAXOPT EVENTS 1\n";
static_assert(kMagic.size() == kSegmentHeaderBytes);

std::uint32_t Crc(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

struct FrameHeader {
  std::uint32_t bytes;    ///< of the records
  std::uint32_t records;  ///< how many
  std::uint32_t crc;      ///< of the records
  std::uint32_t self;     ///< of the three before
};
static_assert(sizeof(FrameHeader) == kFrameHeaderBytes);
std::uint32_t SelfCrc(const FrameHeader& header) {
  return Crc({reinterpret_cast<const char*>(&header), 12});
}

std::unexpected<Error> Broken(const std::string& path) {
  return Fail(Errc::kLocal, fmt::format("{}: {}", path, std::strerror(errno)));
}

/// Fewer bytes at the end of the file.
Result<std::size_t> ReadAt(int fd, char* into, std::size_t bytes, std::uint64_t offset,
                           const std::string& path) {
  std::size_t got = 0;
  while (got < bytes) {
    const ssize_t n = ::pread(fd, into + got, bytes - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Broken(path);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

}  // namespace

std::string SegmentName(const std::string& folder, std::uint32_t number) {
  return fmt::format("{}/{:08}.log", folder, number);
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<File> MakeZeros(const std::string& folder, const std::string& path, std::size_t bytes) {
  File file(::open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600));
  if (file.fd() < 0) return Broken(path);
  const auto failed = [&]() -> std::unexpected<Error> {
    auto error = Broken(path);
    ::unlink(path.c_str());
    return error;
  };
  std::vector<char> zeros(1u << 20);
  std::copy(kMagic.begin(), kMagic.end(), zeros.begin());
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t n = ::write(file.fd(), zeros.data(), std::min(zeros.size(), bytes - done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failed();
    if (done == 0 && static_cast<std::size_t>(n) < kMagic.size()) {
      errno = ENOSPC;
      return failed();
    }
    if (done == 0) std::fill_n(zeros.begin(), kMagic.size(), '\0');
    done += static_cast<std::size_t>(n);
  }
  if (::fsync(file.fd()) != 0) return failed();
  const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd() < 0 || ::fsync(directory.fd()) != 0) return failed();
  return file;
}

void PutFrameHeader(std::string& frame, std::uint32_t records) {
  const std::string_view body = std::string_view(frame).substr(kFrameHeaderBytes);
  FrameHeader header{static_cast<std::uint32_t>(body.size()), records, Crc(body), 0};
  header.self = SelfCrc(header);
  std::memcpy(frame.data(), &header, sizeof(header));
}

Result<Tail> ReadFrames(
    const std::string& folder, Cursor& at, const Cursor* until,
    const std::function<Result<>(std::string_view record, const Cursor& place)>& take,
    const std::function<bool(const Cursor& behind)>& after_frame) {
  std::string records;
  for (;;) {
    const std::string path = SegmentName(folder, at.segment);
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.fd() < 0) {
      if (errno == ENOENT) return Tail::kEnd;
      return Broken(path);
    }
    // Asked before the frames are read: when the next segment is there, this one gets no more.
    const bool last = !std::filesystem::exists(SegmentName(folder, at.segment + 1));
    std::array<char, kSegmentHeaderBytes> magic{};
    MAXOPT_TRY(const std::size_t head, ReadAt(file.fd(), magic.data(), magic.size(), 0, path));
    if (head != magic.size() || std::string_view(magic.data(), magic.size()) != kMagic) {
      if (last) return Tail::kTorn;
      return Fail(Errc::kLocal, fmt::format("{} is no segment of events", path));
    }
    for (;;) {
      if (until && at.segment == until->segment && at.offset >= until->offset) return Tail::kEnd;
      FrameHeader header{};
      MAXOPT_TRY(const std::size_t got, ReadAt(file.fd(), reinterpret_cast<char*>(&header),
                                               sizeof(header), at.offset, path));
      const bool empty = got < sizeof(header) || (header.bytes == 0 && header.records == 0 &&
                                                  header.crc == 0 && header.self == 0);
      if (empty) break;
      bool whole = header.self == SelfCrc(header);
      if (whole) {
        records.resize(header.bytes);
        MAXOPT_TRY(const std::size_t body,
                   ReadAt(file.fd(), records.data(), records.size(),
                          std::uint64_t{at.offset} + kFrameHeaderBytes, path));
        whole = body == records.size() && header.crc == Crc(records);
      }
      if (!whole) {
        if (last) return Tail::kTorn;
        return Fail(Errc::kLocal,
                    fmt::format("{} is damaged at byte {}: put back a copy of it, or move it away "
                                "and lose its events",
                                path, at.offset));
      }
      std::string_view left = records;
      Cursor place{at.segment, at.offset + static_cast<std::uint32_t>(kFrameHeaderBytes)};
      while (!left.empty()) {
        std::uint32_t size = 0;
        if (left.size() >= 4) std::memcpy(&size, left.data(), 4);
        if (left.size() < 4 || left.size() - 4 < size) {
          return Fail(Errc::kLocal, fmt::format("{}: a frame at byte {} does not fit its records",
                                                path, at.offset));
        }
        MAXOPT_CHECK(take(left.substr(0, 4 + std::size_t{size}), place));
        left.remove_prefix(4 + std::size_t{size});
        place.offset += 4 + size;
      }
      at.offset = place.offset;
      if (!after_frame(at)) return Tail::kEnd;
    }
    if (last) return Tail::kEnd;
    at = {at.segment + 1, kSegmentHeaderBytes};
  }
}

}  // namespace maxopt::events
