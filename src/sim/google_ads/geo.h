#pragma once
#include <span>
#include <string_view>

/// Google's constants for countries, some places in them, and languages: those of the markets that
/// people buy most.
namespace maxopt::sim::google_ads {

struct Country {
  int id;  ///< geo target constant
  std::string_view code;
  std::string_view name;
};
std::span<const Country> Countries();
const Country* CountryById(int id);
const Country* CountryByCode(std::string_view code);

/// A region or city below a country.
struct Place {
  int id;
  std::string_view country_code;
  std::string_view name;
  std::string_view type;  ///< "City", "State"
};
std::span<const Place> Places();
const Place* PlaceById(int id);

struct Language {
  int id;  ///< language constant
  std::string_view code;
  std::string_view name;
};
std::span<const Language> Languages();

/// A device that every campaign reaches from its creation on, as a criterion of its own.
struct Device {
  std::string_view type;     ///< MOBILE
  std::string_view id;       ///< of the criterion, the same in every campaign: "30001"
  std::string_view segment;  ///< in the market's words
};
std::span<const Device> Devices();
/// "" for what is no such device.
std::string_view DeviceId(std::string_view type);

}  // namespace maxopt::sim::google_ads
