#include "media/media.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace maxopt {
namespace {

std::unexpected<Error> Wrong(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

/// Bytes with every access checked. A read past the end gives 0 and sets cut(), so that a parser
/// may read a whole header and ask once.
class Bytes {
 public:
  explicit Bytes(std::string_view data) : data_(data) {}
  std::size_t size() const { return data_.size(); }
  bool cut() const { return cut_; }

  std::uint64_t Big(std::size_t at, int count) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 8 | Byte(at + static_cast<std::size_t>(i));
    return value;
  }
  std::uint64_t Little(std::size_t at, int count) {
    std::uint64_t value = 0;
    for (int i = count - 1; i >= 0; --i) {
      value = value << 8 | Byte(at + static_cast<std::size_t>(i));
    }
    return value;
  }
  std::uint32_t Big32(std::size_t at) { return static_cast<std::uint32_t>(Big(at, 4)); }
  std::uint32_t Big16(std::size_t at) { return static_cast<std::uint32_t>(Big(at, 2)); }
  std::uint8_t Byte(std::size_t at) {
    if (at >= data_.size()) {
      cut_ = true;
      return 0;
    }
    return static_cast<std::uint8_t>(data_[at]);
  }
  /// `count` bytes at `at`, or fewer where the data ends.
  std::string_view Slice(std::size_t at, std::size_t count) const {
    return at >= data_.size() ? std::string_view() : data_.substr(at, count);
  }
  bool Is(std::size_t at, std::string_view what) const { return Slice(at, what.size()) == what; }

 private:
  std::string_view data_;
  bool cut_ = false;
};

/// Four letters for people; bytes that are no letters as dots.
std::string Letters(std::string_view four) {
  std::string text;
  for (const char c : four) text += c >= 0x20 && c < 0x7f ? c : '.';
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

Result<> CheckDimensions(std::string_view format, std::uint64_t width, std::uint64_t height) {
  if (width == 0 || height == 0) {
    return Wrong(fmt::format("{} says it is {} x {} pixels: there is no picture in it", format,
                             width, height));
  }
  if (width > INT32_MAX || height > INT32_MAX) {
    return Wrong(
        fmt::format("{} says it is {} x {} pixels, which no picture is", format, width, height));
  }
  return {};
}

std::chrono::milliseconds Milliseconds(std::uint64_t count) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(count, kMost)));
}

// --- PNG ---------------------------------------------------------------------------------------

constexpr std::string_view kPngMark("\x89PNG\r\n\x1a\n", 8);

Result<MediaInfo> ProbePng(Bytes in) {
  if (in.size() < 33) return Wrong(fmt::format("PNG header is cut at {} bytes", in.size()));
  if (in.Big32(8) != 13 || !in.Is(12, "IHDR")) {
    return Wrong(fmt::format("PNG begins with chunk {} instead of IHDR", Letters(in.Slice(12, 4))));
  }
  MediaInfo info;
  info.format = "png";
  const std::uint32_t width = in.Big32(16), height = in.Big32(20);
  MAXOPT_CHECK(CheckDimensions("PNG", width, height));
  info.width = static_cast<int>(width);
  info.height = static_cast<int>(height);
  bool has_data = false;
  std::uint32_t frames = 1;
  std::uint64_t shown_us = 0;
  for (std::size_t at = 33; at < in.size();) {
    const std::string_view type = in.Slice(at + 4, 4);
    const std::uint64_t length = in.Big32(at);
    const std::size_t left = in.size() - at;
    if (left < 12 || length > left - 12) {
      return Wrong(fmt::format("PNG is cut: chunk {} at byte {} says {} bytes, the file ends at {}",
                               Letters(type), at, length, in.size()));
    }
    if (type == "IEND") {
      if (!has_data) return Wrong("PNG has no picture data (no IDAT chunk)");
      info.frames = static_cast<int>(frames);
      if (info.animated) info.duration = Milliseconds(shown_us / 1000);
      return info;
    }
    if (type == "IDAT") has_data = true;
    if (type == "acTL" && !has_data && length == 8) {
      frames = in.Big32(at + 8);
      if (frames == 0 || frames > INT32_MAX) {
        return Wrong(fmt::format("PNG says it is an animation of {} frames", frames));
      }
      info.animated = frames > 1;
    }
    if (type == "fcTL" && length == 26) {
      const std::uint64_t numerator = in.Big16(at + 8 + 20);
      const std::uint64_t denominator = in.Big16(at + 8 + 22);
      shown_us += numerator * 1'000'000 / (denominator == 0 ? 100 : denominator);
    }
    at += 12 + length;
  }
  return Wrong(fmt::format("PNG is cut: it ends at byte {} without its end chunk", in.size()));
}

// --- JPEG --------------------------------------------------------------------------------------

/// The orientation of an EXIF segment's TIFF; 1 when it states none.
int ExifOrientation(std::string_view segment) {
  if (!segment.starts_with(std::string_view("Exif\0\0", 6))) return 1;
  Bytes tiff(segment.substr(6));
  const bool little = tiff.Is(0, "II");
  if (!little && !tiff.Is(0, "MM")) return 1;
  const auto number = [&](std::size_t at, int count) {
    return little ? tiff.Little(at, count) : tiff.Big(at, count);
  };
  if (number(2, 2) != 42) return 1;
  const std::uint64_t table = number(4, 4);
  if (table >= tiff.size()) return 1;
  const std::uint64_t entries = number(table, 2);
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::size_t at = table + 2 + 12 * i;
    if (at + 12 > tiff.size()) return 1;
    if (number(at, 2) != 0x0112) continue;
    const std::uint64_t value = number(at + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Result<MediaInfo> ProbeJpeg(Bytes in) {
  MediaInfo info;
  info.format = "jpeg";
  info.frames = 1;
  int orientation = 1;
  for (std::size_t at = 2;;) {
    if (in.Byte(at) != 0xff) {
      if (in.cut()) break;
      return Wrong(
          fmt::format("JPEG has byte {:02x} at {}, where a marker is due", in.Byte(at), at));
    }
    while (in.Byte(at) == 0xff) ++at;  // fill bytes; ends with the data, where Byte gives 0
    if (in.cut()) break;
    const std::uint8_t marker = in.Byte(at++);
    if (marker == 0xd9) return Wrong("JPEG ends before its picture begins");
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue;  // stand alone
    const std::uint32_t length = in.Big16(at);
    if (in.cut()) break;
    if (length < 2) {
      return Wrong(fmt::format("JPEG segment {:02x} at byte {} says {} bytes", marker, at, length));
    }
    if (length > in.size() - at) {
      return Wrong(fmt::format("JPEG is cut: segment {:02x} at byte {} says {} bytes, {} are left",
                               marker, at, length, in.size() - at));
    }
    const bool frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (marker == 0xe1) {
      const int found = ExifOrientation(in.Slice(at + 2, length - 2));
      if (found != 1) orientation = found;
    } else if (frame) {
      if (length < 8) return Wrong(fmt::format("JPEG frame header at byte {} is too short", at));
      const std::uint32_t height = in.Big16(at + 3), width = in.Big16(at + 5);
      MAXOPT_CHECK(CheckDimensions("JPEG", width, height));
      info.width = static_cast<int>(width);
      info.height = static_cast<int>(height);
    } else if (marker == 0xda) {
      if (info.width == 0) return Wrong("JPEG has picture data before its frame header");
      const auto rest = in.Slice(at + length, in.size());
      if (rest.find("\xff\xd9") == std::string_view::npos) {
        return Wrong(
            fmt::format("JPEG is cut: its picture data has no end mark up to byte {}", in.size()));
      }
      if (orientation >= 5) std::swap(info.width, info.height);
      return info;
    }
    at += length;
  }
  return Wrong(fmt::format("JPEG header is cut at {} bytes", in.size()));
}

// --- GIF ---------------------------------------------------------------------------------------

Result<MediaInfo> ProbeGif(Bytes in) {
  if (in.size() < 13) return Wrong(fmt::format("GIF header is cut at {} bytes", in.size()));
  MediaInfo info;
  info.format = "gif";
  const std::uint64_t width = in.Little(6, 2), height = in.Little(8, 2);
  MAXOPT_CHECK(CheckDimensions("GIF", width, height));
  info.width = static_cast<int>(width);
  info.height = static_cast<int>(height);
  const auto table_size = [](std::uint8_t flags) {
    return (flags & 0x80) != 0 ? std::size_t{3} << ((flags & 7) + 1) : std::size_t{0};
  };
  std::size_t at = 13 + table_size(in.Byte(10));
  std::uint64_t shown_cs = 0;
  int frames = 0;
  const auto skip_blocks = [&] {
    while (const std::size_t block = in.Byte(at)) {
      at += 1 + block;
    }
    ++at;
  };
  while (!in.cut()) {
    const std::uint8_t kind = in.Byte(at++);
    if (in.cut()) break;
    if (kind == 0x3b) {
      if (frames == 0) return Wrong("GIF has no picture in it");
      info.frames = frames;
      info.animated = frames > 1;
      if (info.animated) info.duration = Milliseconds(shown_cs * 10);
      return info;
    }
    if (kind == 0x21) {
      const std::uint8_t label = in.Byte(at++);
      if (label == 0xf9 && in.Byte(at) == 4) shown_cs += in.Little(at + 2, 2);
      skip_blocks();
    } else if (kind == 0x2c) {
      ++frames;
      at += 9 + table_size(in.Byte(at + 8)) + 1;
      skip_blocks();
    } else {
      return Wrong(fmt::format("GIF has byte {:02x} at {}, where a block is due", kind, at - 1));
    }
  }
  return Wrong(fmt::format("GIF is cut: it ends at byte {} without its end mark", in.size()));
}

// --- WebP --------------------------------------------------------------------------------------

Result<MediaInfo> ProbeWebp(Bytes in) {
  if (in.size() < 25) return Wrong(fmt::format("WebP header is cut at {} bytes", in.size()));
  const std::uint64_t riff = in.Little(4, 4);
  if (riff > in.size() - 8) {
    return Wrong(fmt::format("WebP is cut: it says {} bytes, {} are there", riff + 8, in.size()));
  }
  const std::size_t end = 8 + static_cast<std::size_t>(riff);
  MediaInfo info;
  info.format = "webp";
  bool extended = false;
  int frames = 0;
  bool picture = false;
  std::uint64_t shown_ms = 0;
  for (std::size_t at = 12; at + 8 <= end;) {
    const std::string_view type = in.Slice(at, 4);
    const std::uint64_t length = in.Little(at + 4, 4);
    const std::size_t body = at + 8;
    if (length > end - body) {
      return Wrong(fmt::format("WebP chunk {} at byte {} says {} bytes, {} are left", Letters(type),
                               at, length, end - body));
    }
    std::uint64_t width = 0, height = 0;
    if (type == "VP8X" && at == 12) {
      if (length < 10) return Wrong("WebP header VP8X is too short");
      extended = true;
      info.animated = (in.Byte(body) & 0x02) != 0;
      width = in.Little(body + 4, 3) + 1;
      height = in.Little(body + 7, 3) + 1;
    } else if (type == "VP8 ") {
      if (length < 10 || !in.Is(body + 3, "\x9d\x01\x2a")) {
        return Wrong(fmt::format("WebP chunk VP8 at byte {} does not begin with a key frame", at));
      }
      picture = true;
      width = in.Little(body + 6, 2) & 0x3fff;
      height = in.Little(body + 8, 2) & 0x3fff;
    } else if (type == "VP8L") {
      if (length < 5 || in.Byte(body) != 0x2f) {
        return Wrong(fmt::format("WebP chunk VP8L at byte {} has no signature", at));
      }
      picture = true;
      const std::uint64_t bits = in.Little(body + 1, 4);
      width = (bits & 0x3fff) + 1;
      height = (bits >> 14 & 0x3fff) + 1;
    } else if (type == "ANMF") {
      if (length < 16) return Wrong(fmt::format("WebP frame at byte {} is too short", at));
      ++frames;
      shown_ms += in.Little(body + 12, 3);
    }
    if (width != 0 || type == "VP8 ") {
      // The canvas of VP8X is what is shown; a picture inside of it does not change it.
      if (!extended || type == "VP8X") {
        MAXOPT_CHECK(CheckDimensions("WebP", width, height));
        info.width = static_cast<int>(width);
        info.height = static_cast<int>(height);
      }
    }
    at = body + static_cast<std::size_t>(length) + (length & 1);
  }
  if (!picture && frames == 0) return Wrong("WebP has no picture in it");
  MAXOPT_CHECK(CheckDimensions("WebP", static_cast<std::uint64_t>(info.width),
                               static_cast<std::uint64_t>(info.height)));
  info.animated = info.animated && frames > 1;
  info.frames = std::max(frames, 1);
  if (info.animated) info.duration = Milliseconds(shown_ms);
  return info;
}

// --- MP4 and MOV -------------------------------------------------------------------------------

struct Track {
  std::string handler;  ///< vide | soun | ...
  std::uint64_t width = 0, height = 0;
  bool turned = false;  ///< by a quarter: width and height are exchanged on the screen
  std::uint64_t entry_width = 0, entry_height = 0;
  std::string codec;
  std::uint64_t timescale = 0;
  std::uint64_t samples = 0, sample_time = 0;
};

struct Movie {
  bool header = false;
  bool fragmented = false;
  std::uint64_t timescale = 0;
  std::optional<std::uint64_t> duration;
  std::uint64_t fragment_duration = 0;
  std::vector<Track> tracks;
};

/// A file of some thousand boxes is a hostile one: real ones have some dozen, and two a fragment.
constexpr int kBoxesMax = 200'000;
constexpr int kDepthMax = 8;
constexpr std::size_t kTracksMax = 64;

struct Box {
  std::string_view type;
  std::size_t body, end;
};

class MovieReader {
 public:
  explicit MovieReader(Bytes in) : in_(in) {}

  /// The box at `at` inside of something that ends at `end`.
  Result<Box> Next(std::size_t at, std::size_t end) {
    if (++boxes_ > kBoxesMax) return Wrong(fmt::format("MP4 has more than {} boxes", kBoxesMax));
    if (end - at < 8) {
      return Wrong(fmt::format("MP4 is cut: {} bytes at byte {} where a box is due", end - at, at));
    }
    std::uint64_t size = in_.Big32(at);
    const std::string_view type = in_.Slice(at + 4, 4);
    std::size_t head = 8;
    if (size == 1) {
      if (end - at < 16)
        return Wrong(
            fmt::format("MP4 is cut in the header of box {} at byte {}", Letters(type), at));
      size = in_.Big(at + 8, 8);
      head = 16;
    } else if (size == 0) {
      size = end - at;  // up to the end
    }
    if (size < head) {
      return Wrong(fmt::format("MP4 box {} at byte {} says it has {} bytes, less than its header",
                               Letters(type), at, size));
    }
    if (size > end - at) {
      return Wrong(fmt::format("MP4 is cut: box {} at byte {} says {} bytes, {} are left",
                               Letters(type), at, size, end - at));
    }
    return Box{type, at + head, at + static_cast<std::size_t>(size)};
  }

  /// Reads the children of a box into the movie; descends only where something is to be learnt.
  Result<> Walk(std::size_t at, std::size_t end, int depth, Movie& movie) {
    if (depth > kDepthMax) return Wrong("MP4 boxes are nested too deeply");
    while (at < end) {
      // QuickTime ends some containers with four zero bytes.
      if (end - at < 8 &&
          in_.Slice(at, end - at).find_first_not_of('\0') == std::string_view::npos) {
        return {};
      }
      MAXOPT_TRY(const Box box, Next(at, end));
      MAXOPT_CHECK(Read(box, depth, movie));
      at = box.end;
    }
    return {};
  }

 private:
  Result<> Short(const Box& box) {
    return Wrong(fmt::format("MP4 box {} at byte {} is too short", Letters(box.type), box.body));
  }

  Result<> Read(const Box& box, int depth, Movie& movie) {
    const std::string_view type = box.type;
    if (type == "trak") {
      if (movie.tracks.size() == kTracksMax) {
        return Wrong(fmt::format("MP4 has more than {} tracks", kTracksMax));
      }
      movie.tracks.emplace_back();
      return Walk(box.body, box.end, depth + 1, movie);
    }
    if (type == "mvex") movie.fragmented = true;
    if (type == "mdia" || type == "minf" || type == "stbl" || type == "mvex") {
      return Walk(box.body, box.end, depth + 1, movie);
    }
    const std::size_t size = box.end - box.body;
    const int version = size == 0 ? 0 : in_.Byte(box.body);
    if (type == "mvhd") {
      if (size < (version == 1 ? 32U : 20U)) return Short(box);
      movie.header = true;
      const std::size_t at = box.body + (version == 1 ? 20 : 12);
      movie.timescale = in_.Big32(at);
      movie.duration = Duration(at + 4, version);
    } else if (type == "mehd") {
      if (size < (version == 1 ? 12U : 8U)) return Short(box);
      movie.fragment_duration = Duration(box.body + 4, version).value_or(0);
    } else if (movie.tracks.empty()) {
      return {};
    } else if (type == "tkhd") {
      const std::size_t matrix = box.body + (version == 1 ? 52 : 40);
      if (size < (version == 1 ? 96U : 84U)) return Short(box);
      Track& track = movie.tracks.back();
      track.turned = in_.Big32(matrix) == 0 && in_.Big32(matrix + 16) == 0 &&
                     in_.Big32(matrix + 4) != 0 && in_.Big32(matrix + 12) != 0;
      track.width = in_.Big32(matrix + 36) >> 16;
      track.height = in_.Big32(matrix + 40) >> 16;
    } else if (type == "mdhd") {
      if (size < (version == 1 ? 32U : 20U)) return Short(box);
      movie.tracks.back().timescale = in_.Big32(box.body + (version == 1 ? 20 : 12));
    } else if (type == "hdlr") {
      if (size < 12) return Short(box);
      // QuickTime has a second hdlr below minf, for the data; the first is the track's.
      if (movie.tracks.back().handler.empty()) {
        movie.tracks.back().handler = in_.Slice(box.body + 8, 4);
      }
    } else if (type == "stsd") {
      if (size < 16) return Short(box);
      MAXOPT_TRY(const Box entry, Next(box.body + 8, box.end));
      Track& track = movie.tracks.back();
      track.codec = entry.type;
      if (entry.end - entry.body >= 28) {
        track.entry_width = in_.Big16(entry.body + 24);
        track.entry_height = in_.Big16(entry.body + 26);
      }
    } else if (type == "stts") {
      if (size < 8) return Short(box);
      const std::uint64_t entries = in_.Big32(box.body + 4);
      if (entries > (size - 8) / 8) {
        return Wrong(fmt::format("MP4 box stts at byte {} says {} entries, room is for {}",
                                 box.body, entries, (size - 8) / 8));
      }
      Track& track = movie.tracks.back();
      for (std::uint64_t i = 0; i < entries; ++i) {
        const std::uint64_t count = in_.Big32(box.body + 8 + 8 * i);
        const std::uint64_t each = in_.Big32(box.body + 12 + 8 * i);
        // Beyond 2^62 nothing is a video any more; stopping there keeps the sums exact.
        if (track.sample_time > (std::uint64_t{1} << 62)) break;
        track.samples += count;
        track.sample_time += std::min(count * each, std::uint64_t{1} << 62);
      }
    }
    return {};
  }

  /// All ones means "not known".
  std::optional<std::uint64_t> Duration(std::size_t at, int version) {
    const std::uint64_t value = in_.Big(at, version == 1 ? 8 : 4);
    if (value == (version == 1 ? UINT64_MAX : std::uint64_t{UINT32_MAX})) return std::nullopt;
    return value;
  }

  Bytes in_;
  int boxes_ = 0;
};

std::string VideoCodec(std::string_view entry) {
  if (entry == "avc1" || entry == "avc3") return "h264";
  if (entry == "hvc1" || entry == "hev1" || entry == "dvh1" || entry == "dvhe") return "hevc";
  if (entry == "vp09") return "vp9";
  if (entry == "vp08") return "vp8";
  if (entry == "av01") return "av1";
  if (entry == "mp4v") return "mpeg4";
  if (entry.starts_with("ap") && entry.size() == 4) return "prores";
  if (entry == "encv") return "encrypted";
  return Letters(entry);
}

std::string AudioCodec(std::string_view entry) {
  if (entry == "mp4a") return "aac";
  if (entry == ".mp3") return "mp3";
  if (entry == "Opus") return "opus";
  if (entry == "ac-3" || entry == "ec-3") return "ac3";
  if (entry == "sowt" || entry == "twos" || entry == "lpcm") return "pcm";
  if (entry == "enca") return "encrypted";
  return Letters(entry);
}

Result<MediaInfo> ProbeMovie(Bytes in) {
  MediaInfo info;
  info.video = true;
  info.format = "mov";  // the oldest QuickTime files have no ftyp
  MovieReader reader(in);
  Movie movie;
  bool has_moov = false, has_data = false;
  for (std::size_t at = 0; at < in.size();) {
    MAXOPT_TRY(const Box box, reader.Next(at, in.size()));
    if (box.type == "ftyp") {
      if (box.end - box.body < 8) return Wrong("MP4 box ftyp is too short");
      info.brand = Letters(in.Slice(box.body, 4));
      info.format = info.brand == "qt" ? "mov" : "mp4";
    } else if (box.type == "moov" && !has_moov) {
      has_moov = true;
      MAXOPT_CHECK(reader.Walk(box.body, box.end, 1, movie));
    } else if (box.type == "mdat") {
      has_data = true;
    } else if (box.type == "moof") {
      movie.fragmented = true;
    }
    at = box.end;
  }
  const std::string_view name = info.format == "mov" ? "MOV" : "MP4";
  if (!has_moov) {
    return Wrong(fmt::format("{} has no moov box in its {} bytes: it is cut or was not finished",
                             name, in.size()));
  }
  if (!movie.header) return Wrong(fmt::format("{} has no movie header (mvhd)", name));
  const Track* picture = nullptr;
  for (const Track& track : movie.tracks) {
    if (track.handler == "vide" && picture == nullptr) picture = &track;
    if (track.handler == "soun" && info.audio_codec.empty()) {
      info.audio_codec = track.codec.empty() ? "unknown" : AudioCodec(track.codec);
    }
  }
  if (picture == nullptr) {
    return Wrong(fmt::format("{} has no video track{}", name,
                             info.audio_codec.empty() ? "" : ", only sound"));
  }
  if (!has_data) return Wrong(fmt::format("{} has no media data (mdat)", name));
  const bool stated = picture->width != 0 && picture->height != 0;
  std::uint64_t width = stated ? picture->width : picture->entry_width;
  std::uint64_t height = stated ? picture->height : picture->entry_height;
  if (picture->turned) std::swap(width, height);
  MAXOPT_CHECK(CheckDimensions(name, width, height));
  info.width = static_cast<int>(width);
  info.height = static_cast<int>(height);
  info.video_codec = picture->codec.empty() ? "unknown" : VideoCodec(picture->codec);
  std::optional<std::uint64_t> duration = movie.duration;
  if (movie.fragmented && duration.value_or(0) == 0) {
    duration = movie.fragment_duration != 0 ? std::optional(movie.fragment_duration) : std::nullopt;
  }
  if (duration.has_value() && movie.timescale == 0) {
    return Wrong(fmt::format("{} has a time scale of 0", name));
  }
  if (duration.has_value()) {
    __extension__ using Wide = unsigned __int128;
    const Wide ms = static_cast<Wide>(*duration) * 1000 / movie.timescale;
    info.duration = Milliseconds(ms > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(ms));
  }
  if (picture->samples != 0 && picture->sample_time != 0 && picture->timescale != 0) {
    info.frames_per_second = static_cast<double>(picture->samples) *
                             static_cast<double>(picture->timescale) /
                             static_cast<double>(picture->sample_time);
  }
  return info;
}

bool LooksLikeMovie(const Bytes& in) {
  const std::string_view type = in.Slice(4, 4);
  return type == "ftyp" || type == "moov" || type == "mdat" || type == "wide" || type == "free" ||
         type == "skip";
}

}  // namespace

Result<MediaInfo> ProbeMedia(std::string_view bytes) {
  const Bytes in(bytes);
  if (bytes.empty()) return Wrong("the file is empty");
  if (in.Is(0, kPngMark)) return ProbePng(in);
  if (in.Is(0, "\xff\xd8\xff")) return ProbeJpeg(in);
  if (in.Is(0, "GIF87a") || in.Is(0, "GIF89a")) return ProbeGif(in);
  if (in.Is(0, "RIFF") && in.Is(8, "WEBP")) return ProbeWebp(in);
  if (LooksLikeMovie(in)) return ProbeMovie(in);
  std::string begin;
  for (const char c : bytes.substr(0, 8)) {
    begin += fmt::format("{}{:02x}", begin.empty() ? "" : " ", static_cast<unsigned char>(c));
  }
  return Wrong(fmt::format("not a PNG, JPEG, GIF, WebP, MP4 or MOV: it begins with {}", begin));
}

std::string DescribeMedia(const MediaInfo& info) {
  std::string text = fmt::format("{} x {} {}", info.width, info.height, info.format);
  if (!info.video_codec.empty()) text += ", " + info.video_codec;
  if (info.animated) text += fmt::format(", {} frames", info.frames.value_or(0));
  if (info.duration) {
    text += fmt::format(", {:.1f} s", static_cast<double>(info.duration->count()) / 1000);
  }
  if (info.video) text += info.audio_codec.empty() ? ", no sound" : ", " + info.audio_codec;
  return text;
}

}  // namespace maxopt
