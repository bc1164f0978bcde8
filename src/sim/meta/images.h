#pragma once
#include <cstdint>
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

}  // namespace maxopt::sim::meta
