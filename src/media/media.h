#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "result/result.h"

namespace maxopt {

/// What the headers of a picture or a video say. Nothing here comes from a file's name.
struct MediaInfo {
  std::string format;  ///< png | jpeg | gif | webp | mp4 | mov
  bool video = false;  ///< mp4 and mov; an animated GIF, PNG or WebP is a picture
  /// As people see it: after the EXIF orientation of a JPEG, after the rotation of a video track.
  int width = 0, height = 0;
  bool animated = false;      ///< a picture of several frames
  std::optional<int> frames;  ///< of pictures
  /// Of videos and animated pictures. Absent when the file does not tell (fragmented MP4).
  std::optional<std::chrono::milliseconds> duration;
  std::string brand;        ///< of mp4 and mov: "isom", "qt"
  std::string video_codec;  ///< h264 | hevc | vp9 | av1 | ..., or the file's own four letters
  std::string audio_codec;  ///< aac | mp3 | ...; empty: no sound
  std::optional<double> frames_per_second;  ///< mean, of videos whose sample table tells
};

/// Reads real headers of PNG and APNG, JPEG (SOF, EXIF), GIF, WebP (VP8, VP8L, VP8X), MP4 and MOV
/// (ISO base media: ftyp, moov in front or at the end, 64-bit boxes, fragments).
///
/// Pure; time is linear in the file, memory constant. Bytes are hostile: every length is checked
/// against what is there. kInvalidArgument says what is wrong and at which byte: not one of these
/// formats, cut off ("PNG header is cut at 17 bytes"), contradicting itself, without any picture.
Result<MediaInfo> ProbeMedia(std::string_view bytes);

/// "1080 x 1920 mp4, h264, 14.5 s": for evidence and reports.
std::string DescribeMedia(const MediaInfo& info);

}  // namespace maxopt
