#include "clock/clock.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Zone Z(std::string_view name) {
  const auto zone = Zone::Find(name);
  EXPECT_TRUE(zone.has_value()) << name;
  return zone.value_or(Zone::Utc());
}
Day D(std::string_view text) { return ParseDay(text).value(); }
Instant At(std::string_view text) { return ParseInstant(text).value(); }

TEST(Zone, DaysOfKnownLength) {
  struct Case {
    std::string_view zone;
    std::string_view day;
    std::string_view begin;
    seconds length;
  };
  const Case cases[] = {
      {"America/New_York", "2024-03-10", "2024-03-10T05:00:00Z", hours(23)},
      {"America/New_York", "2024-11-03", "2024-11-03T04:00:00Z", hours(25)},
      {"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", hours(23)},
      {"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", hours(25)},
      {"Europe/Berlin", "2026-07-01", "2026-06-30T22:00:00Z", hours(24)},
      // Half an hour of summer time.
      {"Australia/Lord_Howe", "2024-10-06", "2024-10-05T13:30:00Z", hours(23) + minutes(30)},
      {"Australia/Lord_Howe", "2024-04-07", "2024-04-06T13:00:00Z", hours(24) + minutes(30)},
      // Midnight is missing: the day begins at 01:00.
      {"America/Havana", "2024-03-10", "2024-03-10T05:00:00Z", hours(23)},
      {"Asia/Beirut", "2024-03-31", "2024-03-30T22:00:00Z", hours(23)},
      // Midnight comes twice: the first one counts.
      {"America/Havana", "2024-11-03", "2024-11-03T04:00:00Z", hours(25)},
      // Clocks go back at midnight into the day before.
      {"Asia/Beirut", "2024-10-26", "2024-10-25T21:00:00Z", hours(25)},
      {"Asia/Kolkata", "2024-06-01", "2024-05-31T18:30:00Z", hours(24)},
      // Samoa crossed the date line and had no 30 December 2011.
      {"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", hours(24)},
      {"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", hours(0)},
      {"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", hours(24)},
      // From 00:01 back to 23:01: the second 23:01..24:00 belongs to the day that had begun.
      {"America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z", hours(25)},
      {"UTC", "2024-02-29", "2024-02-29T00:00:00Z", hours(24)},
  };
  for (const Case& c : cases) {
    const Zone zone = Z(c.zone);
    EXPECT_EQ(PrintInstant(zone.Begin(D(c.day))), c.begin) << c.zone << " " << c.day;
    EXPECT_EQ(zone.Length(D(c.day)), c.length) << c.zone << " " << c.day;
  }
}

TEST(Zone, WallClockTimesThatDoNotExistOrComeTwice) {
  const Zone berlin = Z("Europe/Berlin");
  const auto to = [&](std::string_view local) {
    return PrintInstant(berlin.ToInstant(ParseLocal(local).value()));
  };
  EXPECT_EQ(to("2026-03-29 01:59:59"), "2026-03-29T00:59:59Z");
  EXPECT_EQ(to("2026-03-29 02:30:00"), "2026-03-29T01:00:00Z");  // gap: its end
  EXPECT_EQ(to("2026-03-29 03:00:00"), "2026-03-29T01:00:00Z");
  EXPECT_EQ(to("2026-10-25 02:30:00"), "2026-10-25T00:30:00Z");  // twice: the earlier
  EXPECT_EQ(to("2026-10-25 03:00:00"), "2026-10-25T02:00:00Z");
  EXPECT_EQ(PrintLocal(berlin.LocalOf(At("2026-10-25T01:30:00Z"))), "2026-10-25 02:30:00");
}

}  // namespace
}  // namespace maxopt
