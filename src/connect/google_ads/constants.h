#pragma once
#include <optional>
#include <string>
#include <string_view>

/// Google's numeric names for countries and languages.
namespace maxopt::google_ads {

/// "DE" -> "geoTargetConstants/2276"; nullopt for what is no ISO 3166-1 alpha-2 code. Google
/// numbers countries 2000 + ISO 3166-1 numeric.
std::optional<std::string> GeoTargetOf(std::string_view country);
/// "geoTargetConstants/2276" or "2276" -> "DE"; anything else (a city, a country that ISO does not
/// list) is returned as it is, so that nothing gets lost.
std::string CountryOf(std::string_view geo_target);

/// "de" -> "languageConstants/1001"; "zh" is simplified Chinese.
std::optional<std::string> LanguageConstantOf(std::string_view language);
/// "languageConstants/1001" -> "de"; anything else is returned as it is.
std::string LanguageOf(std::string_view language_constant);

}  // namespace maxopt::google_ads
