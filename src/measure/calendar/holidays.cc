// The table of holidays. Sources, read 2026-11-22: the countries' laws and official lists as they
// are summed up in Wikipedia's "Public holidays in ..." pages; 5 U.S.C. 6103 (United States);
// Holidays Act R.S.C. 1985 c. H-5 (Canada); Banking and Financial Dealings Act 1971 (United
// Kingdom, England and Wales); Code du travail L3133-1 (France); Kokumin no shukujitsu ni kansuru
// horitsu (Japan; the equinoxes by its almanac's rule of thumb are left out). Black Friday is the
// day after the fourth Thursday of November, Cyber Monday three days later; retailers keep both in
// all of these countries (National Retail Federation; Eurostat's retail notes).
#include <algorithm>
#include <array>

#include "measure/calendar/calendar.h"

namespace maxopt {
namespace {

using std::chrono::days;

struct Rule {
  enum Kind {
    kFixed,   ///< month and day
    kEaster,  ///< days after Easter Sunday
    kNth,     ///< the nth weekday of a month; n < 0: from its end
    kFrom     ///< the first weekday on or after month and day
  };
  std::string_view countries;  ///< with blanks between; "*": all of the table
  std::string_view name;
  Kind kind;
  int month, day;   ///< kEaster: day only
  int weekday = 0;  ///< 0 Sunday ... 6 Saturday
  bool shopping = false;
  int plus = 0;  ///< days later
};

constexpr std::string_view kAll =
    "US CA GB IE DE AT CH FR BE NL LU IT ES PT SE NO DK FI PL CZ AU NZ JP BR MX";

constexpr Rule kRules[] = {
    {"*", "New Year's Day", Rule::kFixed, 1, 1},
    {"NZ", "Day after New Year's Day", Rule::kFixed, 1, 2},
    {"AT IT ES SE FI PL", "Epiphany", Rule::kFixed, 1, 6},
    {"US", "Martin Luther King Day", Rule::kNth, 1, 3, 1},
    {"AU", "Australia Day", Rule::kFixed, 1, 26},
    {"NZ", "Waitangi Day", Rule::kFixed, 2, 6},
    {"MX", "Constitution Day", Rule::kNth, 2, 1, 1},
    {"JP", "Foundation Day", Rule::kFixed, 2, 11},
    {"US", "Presidents' Day", Rule::kNth, 2, 3, 1},
    {"JP", "Emperor's Birthday", Rule::kFixed, 2, 23},
    {"MX", "Benito Juarez's Birthday", Rule::kNth, 3, 3, 1},
    {"IE", "Saint Patrick's Day", Rule::kFixed, 3, 17},
    {"BR", "Carnival", Rule::kEaster, 0, -47},
    {"ES NO DK", "Maundy Thursday", Rule::kEaster, 0, -3},
    {"CA GB DE CH ES PT SE NO DK FI CZ AU NZ BR", "Good Friday", Rule::kEaster, 0, -2},
    {"NO DK SE FI PL PT", "Easter Sunday", Rule::kEaster, 0, 0},
    {"GB IE DE AT CH FR BE NL LU IT SE NO DK FI PL CZ AU NZ", "Easter Monday", Rule::kEaster, 0, 1},
    {"BR", "Tiradentes", Rule::kFixed, 4, 21},
    {"IT PT", "Liberation Day", Rule::kFixed, 4, 25},
    {"AU NZ", "Anzac Day", Rule::kFixed, 4, 25},
    {"NL", "King's Day", Rule::kFixed, 4, 27},
    {"JP", "Showa Day", Rule::kFixed, 4, 29},
    {"DE AT FR BE LU IT ES PT SE NO FI PL CZ BR MX", "Labour Day", Rule::kFixed, 5, 1},
    {"GB", "Early May bank holiday", Rule::kNth, 5, 1, 1},
    {"IE", "May Day", Rule::kNth, 5, 1, 1},
    {"PL", "Constitution Day", Rule::kFixed, 5, 3},
    {"JP", "Constitution Day", Rule::kFixed, 5, 3},
    {"JP", "Greenery Day", Rule::kFixed, 5, 4},
    {"JP", "Children's Day", Rule::kFixed, 5, 5},
    {"FR CZ", "Victory Day", Rule::kFixed, 5, 8},
    {"NO", "Constitution Day", Rule::kFixed, 5, 17},
    {"CA", "Victoria Day", Rule::kFrom, 5, 18, 1},
    {"DE AT CH FR BE NL LU SE NO DK FI", "Ascension Day", Rule::kEaster, 0, 39},
    {"DE AT CH FR BE NL LU NO DK", "Whit Monday", Rule::kEaster, 0, 50},
    {"US", "Memorial Day", Rule::kNth, 5, -1, 1},
    {"GB", "Spring bank holiday", Rule::kNth, 5, -1, 1},
    {"AT PL PT BR", "Corpus Christi", Rule::kEaster, 0, 60},
    {"IT", "Republic Day", Rule::kFixed, 6, 2},
    {"IE", "June bank holiday", Rule::kNth, 6, 1, 1},
    {"NZ", "King's Birthday", Rule::kNth, 6, 1, 1},
    {"SE", "National Day", Rule::kFixed, 6, 6},
    {"PT", "Portugal Day", Rule::kFixed, 6, 10},
    {"US", "Juneteenth", Rule::kFixed, 6, 19},
    {"SE FI", "Midsummer", Rule::kFrom, 6, 20, 6},
    {"LU", "National Day", Rule::kFixed, 6, 23},
    {"CA", "Canada Day", Rule::kFixed, 7, 1},
    {"US", "Independence Day", Rule::kFixed, 7, 4},
    {"CZ", "Saints Cyril and Methodius", Rule::kFixed, 7, 5},
    {"CZ", "Jan Hus Day", Rule::kFixed, 7, 6},
    {"FR", "Bastille Day", Rule::kFixed, 7, 14},
    {"JP", "Marine Day", Rule::kNth, 7, 3, 1},
    {"BE", "National Day", Rule::kFixed, 7, 21},
    {"CH", "National Day", Rule::kFixed, 8, 1},
    {"IE", "August bank holiday", Rule::kNth, 8, 1, 1},
    {"JP", "Mountain Day", Rule::kFixed, 8, 11},
    {"AT FR BE LU IT ES PT PL", "Assumption", Rule::kFixed, 8, 15},
    {"GB", "Summer bank holiday", Rule::kNth, 8, -1, 1},
    {"US CA", "Labor Day", Rule::kNth, 9, 1, 1},
    {"BR", "Independence Day", Rule::kFixed, 9, 7},
    {"MX", "Independence Day", Rule::kFixed, 9, 16},
    {"JP", "Respect for the Aged Day", Rule::kNth, 9, 3, 1},
    {"CZ", "Statehood Day", Rule::kFixed, 9, 28},
    {"DE", "German Unity Day", Rule::kFixed, 10, 3},
    {"PT", "Republic Day", Rule::kFixed, 10, 5},
    {"CA", "Thanksgiving", Rule::kNth, 10, 2, 1},
    {"US", "Columbus Day", Rule::kNth, 10, 2, 1},
    {"JP", "Sports Day", Rule::kNth, 10, 2, 1},
    {"ES", "National Day", Rule::kFixed, 10, 12},
    {"BR", "Our Lady of Aparecida", Rule::kFixed, 10, 12},
    {"AT", "National Day", Rule::kFixed, 10, 26},
    {"NZ", "Labour Day", Rule::kNth, 10, 4, 1},
    {"CZ", "Independence Day", Rule::kFixed, 10, 28},
    {"IE", "October bank holiday", Rule::kNth, 10, -1, 1},
    {"AT FR BE LU IT ES PT PL", "All Saints' Day", Rule::kFixed, 11, 1},
    {"SE FI", "All Saints' Day", Rule::kFrom, 10, 31, 6},
    {"BR", "All Souls' Day", Rule::kFixed, 11, 2},
    {"JP", "Culture Day", Rule::kFixed, 11, 3},
    {"FR BE", "Armistice Day", Rule::kFixed, 11, 11},
    {"PL", "Independence Day", Rule::kFixed, 11, 11},
    {"US", "Veterans Day", Rule::kFixed, 11, 11},
    {"CA", "Remembrance Day", Rule::kFixed, 11, 11},
    {"BR", "Republic Day", Rule::kFixed, 11, 15},
    {"MX", "Revolution Day", Rule::kNth, 11, 3, 1},
    {"CZ", "Freedom and Democracy Day", Rule::kFixed, 11, 17},
    {"JP", "Labour Thanksgiving Day", Rule::kFixed, 11, 23},
    {"US", "Thanksgiving", Rule::kNth, 11, 4, 4},
    {"*", "Black Friday", Rule::kNth, 11, 4, 4, true, 1},
    {"*", "Cyber Monday", Rule::kNth, 11, 4, 4, true, 4},
    {"PT", "Restoration of Independence", Rule::kFixed, 12, 1},
    {"ES", "Constitution Day", Rule::kFixed, 12, 6},
    {"FI", "Independence Day", Rule::kFixed, 12, 6},
    {"AT IT ES PT", "Immaculate Conception", Rule::kFixed, 12, 8},
    {"SE NO DK FI CZ", "Christmas Eve", Rule::kFixed, 12, 24},
    {"US CA GB IE DE AT CH FR BE NL LU IT ES PT SE NO DK FI PL CZ AU NZ BR MX", "Christmas Day",
     Rule::kFixed, 12, 25},
    {"GB IE DE AT CH NL LU IT SE NO DK FI PL CZ AU NZ CA", "Boxing Day", Rule::kFixed, 12, 26},
    {"SE", "New Year's Eve", Rule::kFixed, 12, 31},
};

/// Zones of the countries of the table: those that advertising accounts are kept in.
struct ZoneOf {
  std::string_view country;
  std::string_view zones;
};
constexpr ZoneOf kZones[] = {
    {"US",
     "America/New_York America/Chicago America/Denver America/Los_Angeles America/Phoenix "
     "America/Anchorage America/Detroit America/Boise Pacific/Honolulu "
     "America/Indiana/Indianapolis US/Eastern US/Central US/Mountain US/Pacific"},
    {"CA",
     "America/Toronto America/Vancouver America/Edmonton America/Winnipeg America/Halifax "
     "America/Regina America/St_Johns America/Montreal"},
    {"GB", "Europe/London"},
    {"IE", "Europe/Dublin"},
    {"DE", "Europe/Berlin Europe/Busingen"},
    {"AT", "Europe/Vienna"},
    {"CH", "Europe/Zurich"},
    {"FR", "Europe/Paris"},
    {"BE", "Europe/Brussels"},
    {"NL", "Europe/Amsterdam"},
    {"LU", "Europe/Luxembourg"},
    {"IT", "Europe/Rome"},
    {"ES", "Europe/Madrid Atlantic/Canary"},
    {"PT", "Europe/Lisbon Atlantic/Madeira Atlantic/Azores"},
    {"SE", "Europe/Stockholm"},
    {"NO", "Europe/Oslo"},
    {"DK", "Europe/Copenhagen"},
    {"FI", "Europe/Helsinki"},
    {"PL", "Europe/Warsaw"},
    {"CZ", "Europe/Prague"},
    {"AU",
     "Australia/Sydney Australia/Melbourne Australia/Brisbane Australia/Perth Australia/Adelaide "
     "Australia/Hobart Australia/Darwin"},
    {"NZ", "Pacific/Auckland"},
    {"JP", "Asia/Tokyo"},
    {"BR", "America/Sao_Paulo America/Bahia America/Fortaleza America/Manaus America/Recife"},
    {"MX", "America/Mexico_City America/Monterrey America/Tijuana America/Cancun"},
};

/// `word` stands in `list`, which has blanks between its words.
bool HasWord(std::string_view list, std::string_view word) {
  while (!word.empty() && !list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

Day DayAt(int year, int month, int day) { return Day(std::chrono::year(year) / month / day); }

Day DayOfRule(const Rule& rule, int year) {
  const auto weekday = [](Day day) {
    return static_cast<int>(std::chrono::weekday(day).c_encoding());
  };
  switch (rule.kind) {
    case Rule::kFixed:
      return DayAt(year, rule.month, rule.day) + days(rule.plus);
    case Rule::kEaster:
      return EasterSunday(year) + days(rule.day + rule.plus);
    case Rule::kNth: {
      if (rule.day < 0) {
        const Day last =
            DayAt(rule.month == 12 ? year + 1 : year, rule.month % 12 + 1, 1) - days(1);
        return last - days((weekday(last) - rule.weekday + 7) % 7) + days(rule.plus);
      }
      const Day first = DayAt(year, rule.month, 1);
      return first + days((rule.weekday - weekday(first) + 7) % 7 + 7 * (rule.day - 1) + rule.plus);
    }
    case Rule::kFrom: {
      const Day first = DayAt(year, rule.month, rule.day);
      return first + days((rule.weekday - weekday(first) + 7) % 7 + rule.plus);
    }
  }
  return {};
}

}  // namespace

Day EasterSunday(int year) {
  const int a = year % 19, b = year / 100, c = year % 100;
  const int d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
  const int h = (19 * a + b - d - g + 15) % 30;
  const int i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
  const int m = (a + 11 * h + 22 * l) / 451;
  const int n = h + l - 7 * m + 114;
  return DayAt(year, n / 31, n % 31 + 1);
}

std::vector<std::string_view> HolidayCountries() {
  std::vector<std::string_view> countries;
  for (const ZoneOf& entry : kZones) countries.push_back(entry.country);
  return countries;
}

std::vector<Holiday> HolidaysOf(std::string_view country, Day from, Day to) {
  std::vector<Holiday> found;
  if (!HasWord(kAll, country) || to < from || to - from > days(400 * 366)) return found;
  const int first = static_cast<int>(std::chrono::year_month_day(from).year());
  const int last = static_cast<int>(std::chrono::year_month_day(to).year());
  for (int year = std::max(first, 1583); year <= std::min(last, 4099); ++year) {
    for (const Rule& rule : kRules) {
      if (rule.countries != "*" && !HasWord(rule.countries, country)) continue;
      const Day day = DayOfRule(rule, year);
      if (day >= from && day <= to) found.push_back({day, rule.name, rule.shopping});
    }
  }
  std::ranges::stable_sort(found, {}, &Holiday::day);
  return found;
}

std::optional<std::string_view> CountryOfZone(std::string_view zone) {
  for (const ZoneOf& entry : kZones) {
    if (HasWord(entry.zones, zone)) return entry.country;
  }
  return std::nullopt;
}

std::set<Day> DaysOff(std::string_view zone, Day from, Day to) {
  std::set<Day> off;
  if (const auto country = CountryOfZone(zone)) {
    for (const Holiday& holiday : HolidaysOf(*country, from, to)) {
      if (!holiday.shopping) off.insert(holiday.day);
    }
  }
  return off;
}

}  // namespace maxopt
