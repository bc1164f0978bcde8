#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace maxopt::sim::google_ads {

struct ImageInfo {
  std::string_view mime_type;  ///< IMAGE_PNG, IMAGE_JPEG, IMAGE_GIF
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};
/// Reads the header; nullopt when the bytes are no PNG, JPEG or GIF.
std::optional<ImageInfo> ReadImage(std::string_view bytes);

}  // namespace maxopt::sim::google_ads
