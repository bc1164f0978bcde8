#include "sim/meta/images.h"

#include <algorithm>

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

/// Boxes of ISO base media, from which only sizes and the length are taken.
void WalkBoxes(std::string_view bytes, int depth, Film* film) {
  constexpr int kDepthMax = 4;
  while (bytes.size() >= 8 && depth < kDepthMax) {
    std::int64_t size = BigEndian(bytes, 0, 4);
    const std::string_view type = bytes.substr(4, 4);
    std::size_t header = 8;
    if (size == 1 && bytes.size() >= 16) {
      size = BigEndian(bytes, 8, 8);
      header = 16;
    }
    if (size == 0) size = static_cast<std::int64_t>(bytes.size());
    if (size < static_cast<std::int64_t>(header)) return;
    const std::size_t end = std::min(bytes.size(), static_cast<std::size_t>(size));
    const std::string_view body = bytes.substr(header, end - header);
    if (type == "moov" || type == "trak") WalkBoxes(body, depth + 1, film);
    const bool wide = !body.empty() && body[0] == 1;  // version 1: 64-bit times
    if (type == "tkhd" && body.size() >= (wide ? 96u : 84u)) {
      // 16.16 fixed point, the last two of the box.
      const std::int64_t width = BigEndian(body, wide ? 88 : 76, 4) >> 16;
      const std::int64_t height = BigEndian(body, wide ? 92 : 80, 4) >> 16;
      if (width * height > film->width * film->height) {
        film->width = width;
        film->height = height;
      }
    }
    if (type == "mvhd" && body.size() >= (wide ? 32u : 20u)) {
      const std::int64_t scale = BigEndian(body, wide ? 20 : 12, 4);
      const std::int64_t length = BigEndian(body, wide ? 24 : 16, wide ? 8 : 4);
      if (scale > 0) film->seconds = static_cast<double>(length) / static_cast<double>(scale);
    }
    bytes.remove_prefix(end);
  }
}

}  // namespace

std::optional<Film> ReadFilm(std::string_view bytes) {
  if (bytes.size() < 8) return std::nullopt;
  const std::string_view type = bytes.substr(4, 4);
  if (type != "ftyp" && type != "moov" && type != "mdat" && type != "wide") return std::nullopt;
  Film film;
  WalkBoxes(bytes, 0, &film);
  return film;
}

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
