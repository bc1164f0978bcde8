#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "sim/meta/graph.h"

namespace maxopt::sim::meta {

/// Size of a PNG or JPEG, from its header.
struct Picture {
  std::int64_t width;
  std::int64_t height;
  std::string_view extension;  ///< "png" | "jpg"
};
/// nullopt for anything else, a file cut off before its size, or a side of 0 or above 30,000.
std::optional<Picture> ReadPicture(std::string_view bytes);

/// What the boxes of an MP4 or MOV say.
struct Film {
  std::int64_t width = 0;  ///< of the largest track; 0: no track with a picture
  std::int64_t height = 0;
  double seconds = 0;
};
/// nullopt when it is not in that format at all. A film without moov box has width 0.
std::optional<Film> ReadFilm(std::string_view bytes);

}  // namespace maxopt::sim::meta
