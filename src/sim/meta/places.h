#pragma once
#include <span>
#include <string_view>

namespace maxopt::sim::meta {

/// A place that search knows. Other keys are taken as they are: the world is larger.
struct Place {
  std::string_view key;  ///< of a country its code
  std::string_view name;
  std::string_view type;  ///< country | region | city
  std::string_view country;
};
std::span<const Place> Places();
/// A region or city with the key; null when none is known.
const Place* FindPlace(std::string_view key);

}  // namespace maxopt::sim::meta
