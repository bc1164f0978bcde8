#pragma once
#include <string>

/// Small real media files of any dimensions, for tests and examples. Requires width and height from
/// 1 to 16383. Pictures decode to one grey or black area; a video's tables are whole, but its
/// samples are not pictures that a decoder would show.
namespace maxopt::samples {

std::string Png(int width, int height);
/// An animated PNG; each frame is shown for delay_ms.
std::string Apng(int width, int height, int frames, int delay_ms);
/// Baseline grey JPEG; orientation 1 to 8 goes into an EXIF segment, 0 writes none.
std::string Jpeg(int width, int height, int orientation = 0);
/// GIF89a; delay_cs in hundredths of a second.
std::string Gif(int width, int height, int frames = 1, int delay_cs = 10);
/// Lossless WebP; with more than one frame VP8X and ANMF.
std::string Webp(int width, int height, int frames = 1, int delay_ms = 100);

struct Mp4 {
  int width = 1080, height = 1920;
  int duration_ms = 15'000;
  int frames_per_second = 25;
  std::string video = "avc1";  ///< four letters of the sample entry; empty: sound only
  std::string audio = "mp4a";  ///< empty: no sound
  std::string brand = "isom";  ///< "qt  " for a MOV
  int rotation = 0;            ///< 0, 90, 180, 270 degrees in the track's matrix
  bool moov_last = false;
  bool wide_boxes = false;  ///< 64-bit sizes and version 1 headers
  bool fragmented = false;  ///< moov without durations, then moof
};
std::string MakeMp4(const Mp4& want);

}  // namespace maxopt::samples
