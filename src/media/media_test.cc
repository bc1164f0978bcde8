#include "media/media.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "media/samples.h"

namespace maxopt {
namespace {

using std::chrono::milliseconds;

std::string WhatOf(std::string_view bytes) {
  const auto info = ProbeMedia(bytes);
  return info ? "no error" : info.error().what;
}

TEST(Media, PicturesTellTheirSize) {
  struct Case {
    std::string bytes;
    std::string want;
  };
  const Case cases[] = {
      {samples::Png(1200, 628), "1200 x 628 png"},
      {samples::Apng(300, 250, 4, 250), "300 x 250 png, 4 frames, 1.0 s"},
      {samples::Jpeg(1080, 1350), "1080 x 1350 jpeg"},
      {samples::Jpeg(17, 9), "17 x 9 jpeg"},
      {samples::Jpeg(4000, 3000, 1), "4000 x 3000 jpeg"},
      {samples::Jpeg(4000, 3000, 3), "4000 x 3000 jpeg"},
      {samples::Jpeg(4000, 3000, 6), "3000 x 4000 jpeg"},  // held upright, stored lying
      {samples::Jpeg(4000, 3000, 8), "3000 x 4000 jpeg"},
      {samples::Gif(300, 250), "300 x 250 gif"},
      {samples::Gif(728, 90, 3, 50), "728 x 90 gif, 3 frames, 1.5 s"},
      {samples::Webp(1080, 1080), "1080 x 1080 webp"},
      {samples::Webp(1080, 1920, 5, 200), "1080 x 1920 webp, 5 frames, 1.0 s"},
  };
  for (const Case& c : cases) {
    const auto info = ProbeMedia(c.bytes);
    ASSERT_TRUE(info.has_value()) << c.want << ": " << info.error().what;
    EXPECT_EQ(DescribeMedia(*info), c.want);
    EXPECT_FALSE(info->video);
  }
}

TEST(Media, LossyWebpAndCanvas) {
  // A key frame header: 3 bytes of tag, start code, 14-bit width 550 and height 368.
  const std::string vp8("RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0\x30\x01\0\x9d\x01\x2a\x26\x02\x70\x01",
                        30);
  const auto info = ProbeMedia(vp8);
  ASSERT_TRUE(info.has_value()) << info.error().what;
  EXPECT_EQ(DescribeMedia(*info), "550 x 368 webp");
  std::string broken = vp8;
  broken[23] = 'x';
  EXPECT_EQ(WhatOf(broken), "WebP chunk VP8 at byte 12 does not begin with a key frame");
}

TEST(Media, MoviesTellSizeCodecAndTime) {
  struct Case {
    samples::Mp4 want;
    std::string says;
  };
  const Case cases[] = {
      {{}, "1080 x 1920 mp4, h264, 15.0 s, aac"},
      {{.moov_last = true}, "1080 x 1920 mp4, h264, 15.0 s, aac"},
      {{.wide_boxes = true}, "1080 x 1920 mp4, h264, 15.0 s, aac"},
      {{.width = 1920, .height = 1080, .rotation = 90}, "1080 x 1920 mp4, h264, 15.0 s, aac"},
      {{.width = 1920, .height = 1080, .rotation = 180}, "1920 x 1080 mp4, h264, 15.0 s, aac"},
      {{.width = 1920, .height = 1080, .rotation = 270}, "1080 x 1920 mp4, h264, 15.0 s, aac"},
      {{.video = "hvc1", .brand = "qt  "}, "1080 x 1920 mov, hevc, 15.0 s, aac"},
      {{.duration_ms = 6'040, .video = "vp09", .audio = "Opus"},
       "1080 x 1920 mp4, vp9, 6.0 s, opus"},
      {{.video = "av01", .audio = ""}, "1080 x 1920 mp4, av1, 15.0 s, no sound"},
      {{.video = "zzzz"}, "1080 x 1920 mp4, zzzz, 15.0 s, aac"},
      {{.fragmented = true}, "1080 x 1920 mp4, h264, aac"},
  };
  for (const Case& c : cases) {
    const auto info = ProbeMedia(samples::MakeMp4(c.want));
    ASSERT_TRUE(info.has_value()) << c.says << ": " << info.error().what;
    EXPECT_EQ(DescribeMedia(*info), c.says);
    EXPECT_TRUE(info->video);
    EXPECT_EQ(info->duration.has_value(), !c.want.fragmented);
    EXPECT_EQ(info->frames_per_second.has_value(), !c.want.fragmented);
    EXPECT_DOUBLE_EQ(info->frames_per_second.value_or(25), 25);
  }
  EXPECT_EQ(ProbeMedia(samples::MakeMp4({.duration_ms = 6'040}))->duration, milliseconds(6'040));
}

TEST(Media, ErrorsSayWhatIsWrong) {
  const std::string png = samples::Png(4, 4);
  std::string no_size = png;
  no_size.replace(16, 4, std::string(4, '\0'));
  std::string huge_chunk = png;
  huge_chunk.replace(33, 4, "\xff\xff\xff\xff");
  std::string tiny_box = samples::MakeMp4({});
  tiny_box.replace(0, 4, std::string("\0\0\0\x07", 4));
  std::string wide_lie(
      "\0\0\0\x01"
      "ftyp\xff\xff\xff\xff\xff\xff\xff\xff",
      16);
  const std::string mp4 = samples::MakeMp4({});
  struct Case {
    std::string bytes;
    std::string want;
  };
  const Case cases[] = {
      {"", "the file is empty"},
      {"%PDF-1.7 and more",
       "not a PNG, JPEG, GIF, WebP, MP4 or MOV: it begins with 25 50 44 46 2d 31 2e 37"},
      {png.substr(0, 17), "PNG header is cut at 17 bytes"},
      {no_size, "PNG says it is 0 x 4 pixels: there is no picture in it"},
      {huge_chunk, "PNG is cut: chunk IDAT at byte 33 says 4294967295 bytes, the file ends at " +
                       std::to_string(png.size())},
      {png.substr(0, png.size() - 12),
       "PNG is cut: it ends at byte " + std::to_string(png.size() - 12) + " without its end chunk"},
      {"\xff\xd8\xff", "JPEG header is cut at 3 bytes"},
      {"\xff\xd8\xff\xd9", "JPEG ends before its picture begins"},
      {"GIF89a\x01", "GIF header is cut at 7 bytes"},
      {samples::Gif(8, 8).substr(0, 30), "GIF is cut: it ends at byte 30 without its end mark"},
      {samples::Webp(9, 9).substr(0, 24), "WebP header is cut at 24 bytes"},
      {tiny_box, "MP4 box ftyp at byte 0 says it has 7 bytes, less than its header"},
      {wide_lie, "MP4 is cut: box ftyp at byte 0 says 18446744073709551615 bytes, 16 are left"},
      {mp4.substr(0, 20), "MP4 has no moov box in its 20 bytes: it is cut or was not finished"},
      {mp4.substr(0, mp4.size() - 10), "MP4 is cut: box mdat at byte " +
                                           std::to_string(mp4.size() - 72) +
                                           " says 72 bytes, 62 are left"},
      {samples::MakeMp4({.video = ""}), "MP4 has no video track, only sound"},
  };
  for (const Case& c : cases) EXPECT_EQ(WhatOf(c.bytes), c.want);
}

TEST(Media, EveryPrefixIsAnErrorAndNoPrefixCrashes) {
  const std::string whole[] = {samples::Png(40, 30),
                               samples::Apng(8, 8, 3, 100),
                               samples::Jpeg(40, 30, 6),
                               samples::Gif(40, 30, 2, 10),
                               samples::Webp(40, 30, 2, 50),
                               samples::Webp(40, 30),
                               samples::MakeMp4({}),
                               samples::MakeMp4({.moov_last = true}),
                               samples::MakeMp4({.wide_boxes = true})};
  for (const std::string& bytes : whole) {
    ASSERT_TRUE(ProbeMedia(bytes).has_value());
    int accepted = 0;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      // A copy of exactly that size, so that the sanitizer sees one byte too far.
      const std::string cut(bytes.data(), size);
      if (ProbeMedia(cut)) ++accepted;
    }
    // An MP4 that is cut exactly between two boxes could not be told from a whole one; none here.
    EXPECT_EQ(accepted, 0) << bytes.substr(0, 4);
  }
}

TEST(Media, MutatedFilesEndInAnAnswer) {
  std::mt19937 random(20261122);
  const std::string whole[] = {samples::Png(40, 30),
                               samples::Apng(8, 8, 3, 100),
                               samples::Jpeg(40, 30, 6),
                               samples::Gif(40, 30, 2, 10),
                               samples::Webp(40, 30, 2, 50),
                               samples::MakeMp4({}),
                               samples::MakeMp4({.wide_boxes = true})};
  int answers = 0, errors = 0;
  for (int round = 0; round < 4'000; ++round) {
    std::string bytes = whole[static_cast<std::size_t>(round) % std::size(whole)];
    const int hits = 1 + static_cast<int>(random() % 6);
    for (int i = 0; i < hits; ++i) {
      const char values[] = {'\0', '\x01', '\x7f', '\x80', '\xff', static_cast<char>(random())};
      bytes[random() % bytes.size()] = values[random() % std::size(values)];
    }
    const auto info = ProbeMedia(bytes);
    if (info) {
      EXPECT_GT(info->width, 0);
      EXPECT_GT(info->height, 0);
    } else {
      EXPECT_FALSE(info.error().what.empty());
      ++errors;
    }
    ++answers;
  }
  EXPECT_EQ(answers, 4'000);
  EXPECT_GT(errors, 400);
}

TEST(Media, DeepAndEndlessBoxesAreRefused) {
  std::string deep;
  for (int i = 0; i < 40; ++i) {
    const auto size = static_cast<std::uint32_t>(deep.size() + 8);
    const char head[] = {static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                         static_cast<char>(size >> 8), static_cast<char>(size)};
    deep = std::string(head, 4) + (i == 39 ? "moov" : i == 38 ? "trak" : "mdia") + deep;
  }
  EXPECT_EQ(WhatOf(deep), "MP4 boxes are nested too deeply");
  std::string many;
  for (int i = 0; i < 200'001; ++i) many += std::string("\0\0\0\x08", 4) + "free";
  EXPECT_EQ(WhatOf(many), "MP4 has more than 200000 boxes");
}

}  // namespace
}  // namespace maxopt
