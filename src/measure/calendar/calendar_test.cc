#include "measure/calendar/calendar.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace maxopt {
namespace {

Day At(const char* text) { return ParseDay(text).value(); }

std::string On(std::string_view country, const char* day) {
  std::string names;
  for (const Holiday& holiday : HolidaysOf(country, At(day), At(day))) {
    names += (names.empty() ? "" : ", ") + std::string(holiday.name);
  }
  return names;
}

// Published dates: Meeus gives 1991, 1992, 1993, 1954, 2000 and 1818 (the earliest possible); 2038
// is the latest possible.
TEST(Calendar, EasterAsPublished) {
  EXPECT_EQ(EasterSunday(1991), At("1991-03-31"));
  EXPECT_EQ(EasterSunday(1992), At("1992-04-19"));
  EXPECT_EQ(EasterSunday(1993), At("1993-04-11"));
  EXPECT_EQ(EasterSunday(1954), At("1954-04-18"));
  EXPECT_EQ(EasterSunday(2000), At("2000-04-23"));
  EXPECT_EQ(EasterSunday(1818), At("1818-03-22"));
  EXPECT_EQ(EasterSunday(2026), At("2026-04-05"));
  EXPECT_EQ(EasterSunday(2038), At("2038-04-25"));
  for (int year = 1583; year <= 4099; ++year) {
    EXPECT_EQ(std::chrono::weekday(EasterSunday(year)), std::chrono::Sunday) << year;
  }
}

TEST(Calendar, DaysOfEachKindOfRule) {
  EXPECT_EQ(On("DE", "2026-10-03"), "German Unity Day");
  EXPECT_EQ(On("DE", "2026-04-06"), "Easter Monday");
  EXPECT_EQ(On("DE", "2026-05-14"), "Ascension Day");
  EXPECT_EQ(On("AT", "2026-06-04"), "Corpus Christi");
  EXPECT_EQ(On("US", "2026-11-26"), "Thanksgiving");
  EXPECT_EQ(On("US", "2026-05-25"), "Memorial Day");
  EXPECT_EQ(On("GB", "2026-08-31"), "Summer bank holiday");
  EXPECT_EQ(On("CA", "2026-05-18"), "Victoria Day");  // the Monday before the 25th
  EXPECT_EQ(On("CA", "2025-05-19"), "Victoria Day");
  EXPECT_EQ(On("SE", "2026-06-20"), "Midsummer");
  EXPECT_EQ(On("BR", "2026-02-17"), "Carnival");
  EXPECT_EQ(On("DE", "2026-11-27"), "Black Friday");
  EXPECT_EQ(On("DE", "2026-11-30"), "Cyber Monday");
  EXPECT_EQ(On("DE", "2024-11-29"), "Black Friday");
  EXPECT_EQ(On("JP", "2026-12-25"), "");
  EXPECT_EQ(On("FR", "2026-04-03"), "");  // Good Friday is one in Alsace and Moselle only
}

TEST(Calendar, RangesAndNonsense) {
  const auto both = HolidaysOf("DE", At("2025-12-25"), At("2026-01-01"));
  ASSERT_EQ(both.size(), 3U);
  EXPECT_EQ(both.front().name, "Christmas Day");
  EXPECT_EQ(both.back().day, At("2026-01-01"));
  EXPECT_TRUE(HolidaysOf("DE", At("2026-01-02"), At("2026-01-01")).empty());
  EXPECT_TRUE(HolidaysOf("ZZ", At("2026-01-01"), At("2026-12-31")).empty());
  EXPECT_TRUE(HolidaysOf("", At("2026-01-01"), At("2026-12-31")).empty());
  EXPECT_TRUE(HolidaysOf("DE", At("1000-01-01"), At("2026-12-31")).empty());
}

TEST(Calendar, EveryCountryHasHolidaysAndZones) {
  for (const std::string_view country : HolidayCountries()) {
    const auto year = HolidaysOf(country, At("2026-01-01"), At("2026-12-31"));
    const auto off = std::ranges::count(year, false, &Holiday::shopping);
    EXPECT_GE(off, 7) << country;
    EXPECT_LE(off, 18) << country;
    EXPECT_TRUE(std::ranges::is_sorted(year, {}, &Holiday::day)) << country;
  }
  EXPECT_EQ(CountryOfZone("Europe/Berlin"), "DE");
  EXPECT_EQ(CountryOfZone("America/Los_Angeles"), "US");
  EXPECT_EQ(CountryOfZone("UTC"), std::nullopt);
  EXPECT_EQ(CountryOfZone(""), std::nullopt);
  EXPECT_EQ(CountryOfZone("Europe"), std::nullopt);
  const auto off = DaysOff("Europe/Berlin", At("2026-11-01"), At("2026-12-31"));
  EXPECT_EQ(off, (std::set<Day>{At("2026-12-25"), At("2026-12-26")}));  // no day of shopping
  EXPECT_TRUE(DaysOff("UTC", At("2026-11-01"), At("2026-12-31")).empty());
}

}  // namespace
}  // namespace maxopt
