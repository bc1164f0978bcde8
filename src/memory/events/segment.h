#pragma once
// Inside of the event store: the files of the log.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "result/result.h"

namespace maxopt::events {

inline constexpr std::size_t kSegmentHeaderBytes = 16;
inline constexpr std::size_t kFrameHeaderBytes = 16;

std::string SegmentName(const std::string& folder, std::uint32_t number);

/// An open file, closed at the end.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File();
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

/// Makes `path` of `bytes` zeros behind a segment's header, flushed with its folder. An error
/// leaves no file.
Result<File> MakeZeros(const std::string& folder, const std::string& path, std::size_t bytes);

/// Fills in the 16 bytes in front of a frame's records.
void PutFrameHeader(std::string& frame, std::uint32_t records);

/// A place in the log: the next frame stands there, or nothing yet.
struct Cursor {
  std::uint32_t segment = 1;
  std::uint32_t offset = kSegmentHeaderBytes;
};

/// What stopped a reading of frames.
enum class Tail {
  kEnd,   ///< nothing more was written
  kTorn,  ///< something stands there that is no whole frame
};

/// Calls `take` with each record (its size in front) and where it stands, from `at` to the end of
/// the log or to `until`; moves `at` behind what was taken, whole frames at a time. `after_frame`
/// is called with `at` behind each. kLocal: damage in front of later segments, or what `take` says.
Result<Tail> ReadFrames(
    const std::string& folder, Cursor& at, const Cursor* until,
    const std::function<Result<>(std::string_view record, const Cursor& place)>& take,
    const std::function<bool(const Cursor& behind)>& after_frame);

}  // namespace maxopt::events
