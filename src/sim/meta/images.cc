#include "sim/meta/images.h"

namespace maxopt::sim::meta {
namespace {

std::int64_t BigEndian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

std::optional<Picture> Sane(Picture picture) {
  constexpr std::int64_t kSideMax = 30'000;
  if (picture.width < 1 || picture.height < 1 || picture.width > kSideMax ||
      picture.height > kSideMax) {
    return std::nullopt;
  }
  return picture;
}

/// Walks the segments to the frame header (SOF), which holds height and width.
std::optional<Picture> ReadJpeg(std::string_view bytes) {
  std::size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (static_cast<unsigned char>(bytes[at]) != 0xff) return std::nullopt;
    const auto marker = static_cast<unsigned char>(bytes[at + 1]);
    if (marker == 0xff) {  // fill byte
      ++at;
      continue;
    }
    const bool frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    const std::int64_t length = BigEndian(bytes, at + 2, 2);
    if (length < 2) return std::nullopt;
    if (frame) {
      if (at + 9 > bytes.size()) return std::nullopt;
      return Sane({BigEndian(bytes, at + 7, 2), BigEndian(bytes, at + 5, 2), "jpg"});
    }
    at += 2 + static_cast<std::size_t>(length);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Picture> ReadPicture(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) {
    if (bytes.size() < 24 || bytes.substr(12, 4) != "IHDR") return std::nullopt;
    return Sane({BigEndian(bytes, 16, 4), BigEndian(bytes, 20, 4), "png"});
  }
  if (bytes.starts_with("\xff\xd8\xff"sv)) return ReadJpeg(bytes);
  return std::nullopt;
}

}  // namespace maxopt::sim::meta
