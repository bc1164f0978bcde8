#include "sim/google_ads/geo.h"

#include <algorithm>
#include <array>

namespace maxopt::sim::google_ads {
namespace {

// A country's constant is 2000 plus its number in ISO 3166-1.
constexpr auto kCountries = std::to_array<Country>({
    {2032, "AR", "Argentina"},      {2036, "AU", "Australia"},
    {2040, "AT", "Austria"},        {2056, "BE", "Belgium"},
    {2076, "BR", "Brazil"},         {2100, "BG", "Bulgaria"},
    {2124, "CA", "Canada"},         {2152, "CL", "Chile"},
    {2156, "CN", "China"},          {2170, "CO", "Colombia"},
    {2191, "HR", "Croatia"},        {2196, "CY", "Cyprus"},
    {2203, "CZ", "Czechia"},        {2208, "DK", "Denmark"},
    {2233, "EE", "Estonia"},        {2246, "FI", "Finland"},
    {2250, "FR", "France"},         {2276, "DE", "Germany"},
    {2300, "GR", "Greece"},         {2344, "HK", "Hong Kong"},
    {2348, "HU", "Hungary"},        {2352, "IS", "Iceland"},
    {2356, "IN", "India"},          {2360, "ID", "Indonesia"},
    {2372, "IE", "Ireland"},        {2376, "IL", "Israel"},
    {2380, "IT", "Italy"},          {2392, "JP", "Japan"},
    {2410, "KR", "South Korea"},    {2428, "LV", "Latvia"},
    {2440, "LT", "Lithuania"},      {2442, "LU", "Luxembourg"},
    {2458, "MY", "Malaysia"},       {2470, "MT", "Malta"},
    {2484, "MX", "Mexico"},         {2528, "NL", "Netherlands"},
    {2554, "NZ", "New Zealand"},    {2578, "NO", "Norway"},
    {2608, "PH", "Philippines"},    {2616, "PL", "Poland"},
    {2620, "PT", "Portugal"},       {2642, "RO", "Romania"},
    {2682, "SA", "Saudi Arabia"},   {2702, "SG", "Singapore"},
    {2703, "SK", "Slovakia"},       {2704, "VN", "Vietnam"},
    {2705, "SI", "Slovenia"},       {2710, "ZA", "South Africa"},
    {2724, "ES", "Spain"},          {2752, "SE", "Sweden"},
    {2756, "CH", "Switzerland"},    {2158, "TW", "Taiwan"},
    {2764, "TH", "Thailand"},       {2784, "AE", "United Arab Emirates"},
    {2792, "TR", "Turkiye"},        {2804, "UA", "Ukraine"},
    {2826, "GB", "United Kingdom"}, {2840, "US", "United States"},
});

constexpr auto kPlaces = std::to_array<Place>({
    {21137, "US", "California", "State"},
    {1003854, "DE", "Berlin", "City"},
    {1006094, "FR", "Paris", "City"},
    {1006886, "GB", "London", "City"},
    {1013962, "US", "Los Angeles", "City"},
    {1023191, "US", "New York", "City"},
});

constexpr auto kLanguages = std::to_array<Language>({
    {1000, "en", "English"},   {1001, "de", "German"},    {1002, "fr", "French"},
    {1003, "es", "Spanish"},   {1004, "it", "Italian"},   {1005, "ja", "Japanese"},
    {1009, "da", "Danish"},    {1010, "nl", "Dutch"},     {1011, "fi", "Finnish"},
    {1012, "ko", "Korean"},    {1013, "no", "Norwegian"}, {1014, "pt", "Portuguese"},
    {1015, "sv", "Swedish"},   {1021, "cs", "Czech"},     {1022, "el", "Greek"},
    {1024, "hu", "Hungarian"}, {1030, "pl", "Polish"},    {1032, "ro", "Romanian"},
    {1037, "tr", "Turkish"},
});

}  // namespace

std::span<const Country> Countries() { return kCountries; }

const Country* CountryById(int id) {
  const auto at = std::find_if(kCountries.begin(), kCountries.end(),
                               [&](const Country& c) { return c.id == id; });
  return at == kCountries.end() ? nullptr : &*at;
}

const Country* CountryByCode(std::string_view code) {
  const auto at = std::find_if(kCountries.begin(), kCountries.end(),
                               [&](const Country& c) { return c.code == code; });
  return at == kCountries.end() ? nullptr : &*at;
}

std::span<const Place> Places() { return kPlaces; }

const Place* PlaceById(int id) {
  const auto at =
      std::find_if(kPlaces.begin(), kPlaces.end(), [&](const Place& p) { return p.id == id; });
  return at == kPlaces.end() ? nullptr : &*at;
}

std::span<const Language> Languages() { return kLanguages; }

std::span<const Device> Devices() {
  static constexpr Device kDevices[] = {{"DESKTOP", "30000", "desktop"},
                                        {"MOBILE", "30001", "mobile"},
                                        {"TABLET", "30002", "tablet"},
                                        {"CONNECTED_TV", "30004", "connected_tv"}};
  return kDevices;
}

std::string_view DeviceId(std::string_view type) {
  for (const Device& device : Devices()) {
    if (device.type == type) return device.id;
  }
  return "";
}

}  // namespace maxopt::sim::google_ads
