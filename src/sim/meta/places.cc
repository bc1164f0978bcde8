#include "sim/meta/places.h"

#include <algorithm>

namespace maxopt::sim::meta {
namespace {

constexpr Place kPlaces[] = {
    {"AT", "Austria", "country", "AT"},     {"BE", "Belgium", "country", "BE"},
    {"BR", "Brazil", "country", "BR"},      {"CA", "Canada", "country", "CA"},
    {"CH", "Switzerland", "country", "CH"}, {"CZ", "Czechia", "country", "CZ"},
    {"DE", "Germany", "country", "DE"},     {"DK", "Denmark", "country", "DK"},
    {"ES", "Spain", "country", "ES"},       {"FI", "Finland", "country", "FI"},
    {"FR", "France", "country", "FR"},      {"GB", "United Kingdom", "country", "GB"},
    {"IE", "Ireland", "country", "IE"},     {"IN", "India", "country", "IN"},
    {"IT", "Italy", "country", "IT"},       {"JP", "Japan", "country", "JP"},
    {"MX", "Mexico", "country", "MX"},      {"NL", "Netherlands", "country", "NL"},
    {"NO", "Norway", "country", "NO"},      {"PL", "Poland", "country", "PL"},
    {"PT", "Portugal", "country", "PT"},    {"SE", "Sweden", "country", "SE"},
    {"TW", "Taiwan", "country", "TW"},      {"US", "United States", "country", "US"},
    {"3847", "California", "region", "US"}, {"3886", "Texas", "region", "US"},
    {"1290", "Bavaria", "region", "DE"},    {"1291", "Berlin", "region", "DE"},
    {"777934", "Denver", "city", "US"},     {"561228", "Hamburg", "city", "DE"},
    {"573735", "Munich", "city", "DE"},
};

}  // namespace

std::span<const Place> Places() { return kPlaces; }

const Place* FindPlace(std::string_view key) {
  const auto at = std::ranges::find_if(
      kPlaces, [&](const Place& place) { return place.type != "country" && place.key == key; });
  return at == std::end(kPlaces) ? nullptr : &*at;
}

}  // namespace maxopt::sim::meta
