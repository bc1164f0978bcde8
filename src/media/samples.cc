#include "media/samples.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "result/result.h"

namespace maxopt::samples {
namespace {

void CheckSize(int width, int height) {
  if (width < 1 || width > 16383 || height < 1 || height > 16383) Bug();
}

std::string Big(std::uint64_t value, int count) {
  std::string text;
  for (int i = count - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}
std::string Big(int value, int count) { return Big(static_cast<std::uint64_t>(value), count); }
std::string Little(int value, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}
std::string Zeros(std::size_t count) { return std::string(count, '\0'); }

/// Bits into bytes, lowest first (GIF and WebP).
class BitWriter {
 public:
  void Put(std::uint32_t value, int bits) {
    for (int i = 0; i < bits; ++i) {
      if (used_ == 0) bytes_ += '\0';
      if ((value >> i & 1) != 0) {
        bytes_.back() = static_cast<char>(static_cast<unsigned char>(bytes_.back()) | 1U << used_);
      }
      used_ = (used_ + 1) % 8;
    }
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  int used_ = 0;
};

std::string Chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return Big(static_cast<std::uint64_t>(data.size()), 4) + body +
         Big(static_cast<std::uint64_t>(crc), 4);
}

/// Deflated rows of grey, one filter byte each.
std::string GreyRows(int width, int height) {
  std::string rows;
  for (int y = 0; y < height; ++y) {
    rows += '\0';
    rows.append(static_cast<std::size_t>(width), '\x80');
  }
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  std::string packed(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                reinterpret_cast<const Bytef*>(rows.data()), static_cast<uLong>(rows.size()),
                6) != Z_OK) {
    Bug();
  }
  packed.resize(size);
  return packed;
}

std::string PngHead(int width, int height) {
  using namespace std::string_view_literals;
  return std::string("\x89PNG\r\n\x1a\n", 8) +
         Chunk("IHDR", Big(width, 4) + Big(height, 4) + std::string("\x08\x00\x00\x00\x00"sv));
}

/// The lossless bits of one black picture: five prefix codes of one symbol each, so that a pixel
/// takes no bit at all.
std::string LosslessChunk(int width, int height) {
  BitWriter bits;
  bits.Put(static_cast<std::uint32_t>(width - 1), 14);
  bits.Put(static_cast<std::uint32_t>(height - 1), 14);
  bits.Put(0, 1);                                            // alpha is not used
  bits.Put(0, 3);                                            // version
  bits.Put(0, 1);                                            // no transform
  bits.Put(0, 1);                                            // no colour cache
  bits.Put(0, 1);                                            // one group of codes
  for (int code = 0; code < 5; ++code) bits.Put(0b0001, 4);  // simple, one symbol, of 1 bit: 0
  std::string data = "\x2f" + bits.bytes();
  const int length = static_cast<int>(data.size());
  if (length % 2 == 1) data += '\0';
  return "VP8L" + Little(length, 4) + data;
}

std::string MakeBox(std::string_view type, const std::string& body, bool wide = false) {
  if (wide) {
    return Big(1, 4) + std::string(type) + Big(static_cast<std::uint64_t>(body.size() + 16), 8) +
           body;
  }
  return Big(static_cast<std::uint64_t>(body.size() + 8), 4) + std::string(type) + body;
}
/// A box whose body begins with version and flags.
std::string FullBox(std::string_view type, int version, const std::string& body) {
  return MakeBox(type, Big(version, 1) + Zeros(3) + body);
}

std::string Matrix(int rotation) {
  const int one = 0x10000;
  int a = one, b = 0, c = 0, d = one;
  if (rotation == 90) a = 0, b = one, c = -one, d = 0;
  if (rotation == 180) a = -one, d = -one;
  if (rotation == 270) a = 0, b = -one, c = one, d = 0;
  const auto fixed = [](int value) { return Big(value, 4); };
  return fixed(a) + fixed(b) + Zeros(4) + fixed(c) + fixed(d) + Zeros(12) + fixed(0x40000000);
}

/// Times and duration of mvhd, tkhd and mdhd: both versions.
std::string Times(bool wide, std::uint64_t timescale_or_id, std::uint64_t duration, bool track) {
  const int size = wide ? 8 : 4;
  return Zeros(static_cast<std::size_t>(2 * size)) + Big(timescale_or_id, 4) +
         (track ? Zeros(4) : "") + Big(duration, size);
}

}  // namespace

std::string Png(int width, int height) {
  CheckSize(width, height);
  return PngHead(width, height) + Chunk("IDAT", GreyRows(width, height)) + Chunk("IEND", "");
}

std::string Apng(int width, int height, int frames, int delay_ms) {
  CheckSize(width, height);
  std::string png = PngHead(width, height) + Chunk("acTL", Big(frames, 4) + Zeros(4));
  const std::string rows = GreyRows(width, height);
  int sequence = 0;
  for (int frame = 0; frame < frames; ++frame) {
    png += Chunk("fcTL", Big(sequence++, 4) + Big(width, 4) + Big(height, 4) + Zeros(8) +
                             Big(delay_ms, 2) + Big(1000, 2) + Zeros(2));
    png += frame == 0 ? Chunk("IDAT", rows) : Chunk("fdAT", Big(sequence++, 4) + rows);
  }
  return png + Chunk("IEND", "");
}

std::string Jpeg(int width, int height, int orientation) {
  CheckSize(width, height);
  const auto segment = [](int marker, const std::string& body) {
    return "\xff" + Big(marker, 1) + Big(static_cast<std::uint64_t>(body.size() + 2), 2) + body;
  };
  std::string jpeg = "\xff\xd8";
  if (orientation != 0) {
    // TIFF, big-endian, one entry: tag 0x0112, type SHORT, count 1.
    jpeg += segment(0xe1, "Exif" + Zeros(2) + "MM" + Big(42, 2) + Big(8, 4) + Big(1, 2) +
                              Big(0x0112, 2) + Big(3, 2) + Big(1, 4) + Big(orientation, 2) +
                              Zeros(2) + Zeros(4));
  }
  jpeg += segment(0xdb, Zeros(1) + std::string(64, '\x01'));
  jpeg += segment(0xc0, Big(8, 1) + Big(height, 2) + Big(width, 2) + Big(1, 1) + Big(1, 1) +
                            Big(0x11, 1) + Big(0, 1));
  // One code of one bit in each table: "no difference" and "end of block".
  const std::string lengths = Big(1, 1) + Zeros(15);
  jpeg += segment(0xc4, Big(0x00, 1) + lengths + Big(0, 1));
  jpeg += segment(0xc4, Big(0x10, 1) + lengths + Big(0, 1));
  jpeg += segment(0xda, Big(1, 1) + Big(1, 1) + Big(0, 1) + Big(0, 1) + Big(63, 1) + Big(0, 1));
  const int blocks = ((width + 7) / 8) * ((height + 7) / 8);
  jpeg += Zeros(static_cast<std::size_t>(blocks / 4));
  if (blocks % 4 != 0) jpeg += static_cast<char>(0xff >> (2 * (blocks % 4)));
  return jpeg + "\xff\xd9";
}

std::string Gif(int width, int height, int frames, int delay_cs) {
  CheckSize(width, height);
  std::string gif = "GIF89a" + Little(width, 2) + Little(height, 2) + Big(0x80, 1) + Zeros(2);
  gif += Zeros(3) + std::string(3, '\xff');  // two colours
  for (int frame = 0; frame < frames; ++frame) {
    gif += "\x21\xf9\x04" + Zeros(1) + Little(delay_cs, 2) + Zeros(2);
    gif += "\x2c" + Zeros(4) + Little(width, 2) + Little(height, 2) + Zeros(1);
    // LZW of one colour: every code stands for one pixel more than the one before it (1, 2, 3 ...),
    // so the table runs full after some eight million pixels and is then begun anew.
    BitWriter bits;
    constexpr std::uint32_t kClear = 4, kEnd = 5;
    std::int64_t left = std::int64_t{width} * height;
    std::uint32_t next = 6;  // the code that the reader's table gets next
    int length = 0;          // pixels of the newest code
    bits.Put(kClear, 3);
    const auto bits_now = [&] { return std::clamp(static_cast<int>(std::bit_width(next)), 3, 12); };
    while (left > 0) {
      if (next == 4095) {
        bits.Put(kClear, 12);
        next = 6;
        length = 0;
      }
      const std::int64_t take = std::min<std::int64_t>(left, length + 1);
      const std::uint32_t code = take == 1 ? 0 : static_cast<std::uint32_t>(take + 4);
      bits.Put(code, length == 0 ? 3 : bits_now());
      if (length != 0) ++next;
      length = static_cast<int>(take);
      left -= take;
    }
    bits.Put(kEnd, bits_now());
    gif += "\x02";
    const std::string& data = bits.bytes();
    for (std::size_t at = 0; at < data.size(); at += 255) {
      const std::string block = data.substr(at, 255);
      gif += static_cast<char>(block.size()) + block;
    }
    gif += Zeros(1);
  }
  return gif + "\x3b";
}

std::string Webp(int width, int height, int frames, int delay_ms) {
  CheckSize(width, height);
  std::string body = "WEBP";
  if (frames == 1) {
    body += LosslessChunk(width, height);
  } else {
    body += "VP8X" + Little(10, 4) + Little(0x02, 4) + Little(width - 1, 3) + Little(height - 1, 3);
    body += "ANIM" + Little(6, 4) + Zeros(6);
    for (int frame = 0; frame < frames; ++frame) {
      const std::string data = Zeros(6) + Little(width - 1, 3) + Little(height - 1, 3) +
                               Little(delay_ms, 3) + Zeros(1) + LosslessChunk(width, height);
      body += "ANMF" + Little(static_cast<int>(data.size()), 4) + data;
    }
  }
  return "RIFF" + Little(static_cast<int>(body.size()), 4) + body;
}

std::string MakeMp4(const Mp4& want) {
  CheckSize(want.width, want.height);
  const bool wide = want.wide_boxes;
  const int version = wide ? 1 : 0;
  const auto duration = static_cast<std::uint64_t>(want.fragmented ? 0 : want.duration_ms);
  const int frames = want.duration_ms * want.frames_per_second / 1000;
  const auto track = [&](bool video) {
    std::string entry;
    if (video) {
      entry =
          MakeBox(want.video, Zeros(6) + Big(1, 2) + Zeros(16) + Big(want.width, 2) +
                                  Big(want.height, 2) + Big(0x480000, 4) + Big(0x480000, 4) +
                                  Zeros(4) + Big(1, 2) + Zeros(32) + Big(24, 2) + Big(0xffff, 2));
    } else {
      entry = MakeBox(want.audio, Zeros(6) + Big(1, 2) + Zeros(8) + Big(2, 2) + Big(16, 2) +
                                      Zeros(4) + Big(48'000, 2) + Zeros(2));
    }
    // The video track counts 1000 x frames_per_second ticks a second: a frame is 1000 of them.
    const int timescale = video ? 1000 * want.frames_per_second : 48'000;
    const int samples = want.fragmented ? 0 : video ? frames : want.duration_ms * 48 / 1024;
    const std::string stts =
        samples == 0 ? Big(0, 4) : Big(1, 4) + Big(samples, 4) + Big(video ? 1000 : 1024, 4);
    const std::string table =
        MakeBox("stbl", FullBox("stsd", 0, Big(1, 4) + entry) + FullBox("stts", 0, stts) +
                            FullBox("stsc", 0, Zeros(4)) + FullBox("stsz", 0, Zeros(8)) +
                            FullBox("stco", 0, Zeros(4)));
    const std::string media =
        FullBox("mdhd", version,
                Times(wide, static_cast<std::uint64_t>(timescale),
                      duration * static_cast<std::uint64_t>(timescale) / 1000, false) +
                    Big(0x55c4, 2) + Zeros(2)) +
        FullBox("hdlr", 0, Zeros(4) + (video ? "vide" : "soun") + Zeros(13)) +
        MakeBox("minf",
                (video ? FullBox("vmhd", 0, Zeros(8)) : FullBox("smhd", 0, Zeros(4))) + table);
    return MakeBox("trak",
                   FullBox("tkhd", version,
                           Times(wide, video ? 1 : 2, duration, true) + Zeros(16) +
                               Matrix(video ? want.rotation : 0) + Big(video ? want.width : 0, 2) +
                               Zeros(2) + Big(video ? want.height : 0, 2) + Zeros(2)) +
                       MakeBox("mdia", media));
  };
  std::string movie = FullBox("mvhd", version,
                              Times(wide, 1000, duration, false) + Big(0x10000, 4) + Big(0x100, 2) +
                                  Zeros(10) + Matrix(0) + Zeros(24) + Big(3, 4));
  if (!want.video.empty()) movie += track(true);
  if (!want.audio.empty()) movie += track(false);
  if (want.fragmented) {
    movie += MakeBox("mvex", FullBox("trex", 0, Big(1, 4) + Big(1, 4) + Zeros(12)));
  }
  const std::string ftyp = MakeBox("ftyp", want.brand + Big(0x200, 4) + want.brand);
  const std::string moov = MakeBox("moov", movie, wide);
  std::string data = MakeBox("mdat", Zeros(64), wide);
  if (want.fragmented) data = MakeBox("moof", FullBox("mfhd", 0, Big(1, 4))) + data;
  return want.moov_last ? ftyp + data + moov : ftyp + moov + data;
}

}  // namespace maxopt::samples
