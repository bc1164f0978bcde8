#include <fmt/format.h>

#include "stages/setup/compile/compile.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt {

std::string CampaignName(const CampaignNameParts& parts) {
  return fmt::format("{} | {} | {}", parts.client, parts.package, parts.campaign);
}

std::optional<CampaignNameParts> ParseCampaignName(std::string_view name) {
  const std::string plain = WithoutMarker(name);
  constexpr std::string_view kBar = " | ";
  const std::size_t first = plain.find(kBar);
  if (first == std::string::npos) return std::nullopt;
  const std::size_t second = plain.find(kBar, first + kBar.size());
  if (second == std::string::npos) return std::nullopt;
  CampaignNameParts parts{plain.substr(0, first),
                          plain.substr(first + kBar.size(), second - first - kBar.size()),
                          plain.substr(second + kBar.size())};
  // A fourth part would be read as belonging to the third and be lost when it is made again.
  if (parts.client.empty() || parts.package.empty() || parts.campaign.empty() ||
      parts.campaign.find(kBar) != std::string::npos) {
    return std::nullopt;
  }
  return parts;
}

std::string Slug(std::string_view text) {
  std::string slug = UtmSlug(text);
  return slug.empty() ? "unnamed" : slug;
}

}  // namespace maxopt
