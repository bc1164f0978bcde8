#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"

/// Days on which people behave unlike on others of their weekday. Pure.
namespace maxopt {

/// Sunday of Easter in the Gregorian calendar; years 1583 to 4099.
/// Source: J. Meeus, Astronomical Algorithms (1991), chapter 8.
Day EasterSunday(int year);

struct Holiday {
  Day day{};
  std::string_view name;
  /// A day of shopping (Black Friday), on which shops are open and busy, not a day off.
  bool shopping = false;
};
/// Public holidays of a whole country and its days of shopping within [from, to], by day; empty for
/// a country that the table (holidays.cc) does not know. `country`: ISO 3166 alpha-2. At most 400
/// years are looked at. Holidays of parts of a country, those that follow the moon, and days off in
/// place of one that falls on a weekend are not in it.
std::vector<Holiday> HolidaysOf(std::string_view country, Day from, Day to);
/// The countries of the table.
std::vector<std::string_view> HolidayCountries();

/// Where the clock of a time zone hangs: "Europe/Berlin" -> "DE"; nullopt for zones of no country
/// of the table, and for those without a place (UTC).
std::optional<std::string_view> CountryOfZone(std::string_view zone);

/// Days off of the zone's country within [from, to]: what the anomaly detectors take as holidays.
std::set<Day> DaysOff(std::string_view zone, Day from, Day to);

}  // namespace maxopt
