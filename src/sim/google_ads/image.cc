#include "sim/google_ads/image.h"

namespace maxopt::sim::google_ads {
namespace {

std::uint32_t ByteAt(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}
std::uint32_t Big(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t n = 0;
  for (std::size_t i = 0; i < count; ++i) n = (n << 8U) | ByteAt(bytes, at + i);
  return n;
}

/// Walks the segments of a JPEG to its start-of-frame.
std::optional<ImageInfo> ReadJpeg(std::string_view bytes) {
  std::size_t at = 2;
  while (at + 9 <= bytes.size()) {
    if (ByteAt(bytes, at) != 0xFF) return std::nullopt;
    const std::uint32_t marker = ByteAt(bytes, at + 1);
    const bool frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) return ImageInfo{"IMAGE_JPEG", Big(bytes, at + 7, 2), Big(bytes, at + 5, 2)};
    at += 2 + Big(bytes, at + 2, 2);
  }
  return std::nullopt;
}

}  // namespace

std::optional<ImageInfo> ReadImage(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv) && bytes.size() >= 24) {
    return ImageInfo{"IMAGE_PNG", Big(bytes, 16, 4), Big(bytes, 20, 4)};
  }
  if ((bytes.starts_with("GIF87a"sv) || bytes.starts_with("GIF89a"sv)) && bytes.size() >= 10) {
    return ImageInfo{"IMAGE_GIF", ByteAt(bytes, 6) | (ByteAt(bytes, 7) << 8U),
                     ByteAt(bytes, 8) | (ByteAt(bytes, 9) << 8U)};
  }
  if (bytes.starts_with("\xFF\xD8\xFF"sv)) return ReadJpeg(bytes);
  return std::nullopt;
}

}  // namespace maxopt::sim::google_ads
