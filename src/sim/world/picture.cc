#include "sim/world/picture.h"

#include <zlib.h>

#include <cstdint>

#include "result/result.h"

namespace maxopt::sim {
namespace {

void AppendNumber(std::string& to, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(number >> shift & 0xff);
}

/// A PNG chunk: length, type, data, CRC of type and data.
void AppendChunk(std::string& to, const std::string& type, const std::string& data) {
  AppendNumber(to, static_cast<std::uint32_t>(data.size()));
  const std::string body = type + data;
  to += body;
  AppendNumber(to, static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(body.data()),
                                                    static_cast<uInt>(body.size()))));
}

}  // namespace

std::string GreyPng(int width, int height, unsigned char grey) {
  std::string header;
  AppendNumber(header, static_cast<std::uint32_t>(width));
  AppendNumber(header, static_cast<std::uint32_t>(height));
  header += std::string("\x08\x00\x00\x00\x00", 5);  // 8 bits of grey, no interlace
  std::string rows;
  for (int y = 0; y < height; ++y) {
    rows += '\0';  // no filter
    rows.append(static_cast<std::size_t>(width), static_cast<char>(grey));
  }
  uLongf size = compressBound(rows.size());
  std::string packed(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                reinterpret_cast<const Bytef*>(rows.data()), rows.size(), 6) != Z_OK) {
    Bug();
  }
  packed.resize(size);
  std::string png("\x89PNG\r\n\x1a\n", 8);
  AppendChunk(png, "IHDR", header);
  AppendChunk(png, "IDAT", packed);
  AppendChunk(png, "IEND", "");
  return png;
}

}  // namespace maxopt::sim
