#include "clock/cron.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

Zone Z(std::string_view name) { return Zone::Find(name).value(); }
Instant At(std::string_view text) { return ParseInstant(text).value(); }
Cron C(std::string_view text) {
  const auto cron = Cron::Parse(text);
  EXPECT_TRUE(cron) << text << ": " << cron.error().what;
  return *cron;
}
std::string Next(std::string_view cron, std::string_view after, std::string_view zone = "UTC") {
  const auto next = C(cron).Next(At(after), Z(zone));
  return next ? PrintInstant(*next) : "never";
}

TEST(Cron, FieldsAsWrittenInManuals) {
  struct Case {
    std::string_view cron, after, next;
  };
  // 2026-11-22 is a Sunday.
  const Case cases[] = {
      {"* * * * *", "2026-11-22T15:04:05Z", "2026-11-22T15:05:00Z"},
      {"5 * * * *", "2026-11-22T15:05:00Z", "2026-11-22T16:05:00Z"},  // strictly after
      {"5 * * * *", "2026-11-22T15:04:59.999999Z", "2026-11-22T15:05:00Z"},
      {"*/15 * * * *", "2026-11-22T15:46:00Z", "2026-11-22T16:00:00Z"},
      {"10-20/5 8 * * *", "2026-11-22T08:10:00Z", "2026-11-22T08:15:00Z"},
      {"50/5 8 * * *", "2026-11-22T08:55:00Z", "2026-11-23T08:50:00Z"},
      {"0,30 6,18 * * *", "2026-11-22T06:30:00Z", "2026-11-22T18:00:00Z"},
      {"0 6 * * mon", "2026-11-22T06:30:00Z", "2026-11-23T06:00:00Z"},
      {"0 6 * * MON-Fri", "2026-11-27T06:00:00Z", "2026-11-30T06:00:00Z"},
      {"0 6 * * fri-sun", "2026-11-27T06:00:00Z", "2026-11-28T06:00:00Z"},
      {"0 6 * * 7", "2026-11-23T06:00:00Z", "2026-11-29T06:00:00Z"},
      {"0 6 * * 0", "2026-11-23T06:00:00Z", "2026-11-29T06:00:00Z"},
      {"0 6 1 jan *", "2026-11-23T06:00:00Z", "2027-01-01T06:00:00Z"},
      {"0 0 29 2 *", "2026-11-23T06:00:00Z", "2028-02-29T00:00:00Z"},
      {"0 0 29 2 *", "2096-11-23T06:00:00Z", "2104-02-29T00:00:00Z"},
      {"0 0 30 2 *", "2026-11-23T06:00:00Z", "never"},
      {"0 0 31 * *", "2026-11-22T00:00:00Z", "2026-12-31T00:00:00Z"},
      {"@hourly", "2026-11-22T15:04:05Z", "2026-11-22T16:00:00Z"},
      {"@Daily", "2026-11-22T15:04:05Z", "2026-11-23T00:00:00Z"},
      {"@weekly", "2026-11-22T15:04:05Z", "2026-11-29T00:00:00Z"},
      {"@monthly", "2026-11-22T15:04:05Z", "2026-12-01T00:00:00Z"},
      {"@yearly", "2026-11-22T15:04:05Z", "2027-01-01T00:00:00Z"},
      // Vixie: both days restricted, either will do; a field with a star asks for both.
      {"0 0 13 * fri", "2026-11-22T00:00:00Z", "2026-11-27T00:00:00Z"},
      {"0 0 24 * fri", "2026-11-22T00:00:00Z", "2026-11-24T00:00:00Z"},
      {"0 0 */2 * tue", "2026-11-22T00:00:00Z", "2026-12-01T00:00:00Z"},
      {"0 0 */2 * mon", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"},
  };
  for (const Case& c : cases) EXPECT_EQ(Next(c.cron, c.after), c.next) << c.cron;
  EXPECT_EQ(C("  5   *\t* * * ").text(), "5 * * * *");
  EXPECT_EQ(C("@daily").text(), "@daily");
}

TEST(Cron, NonsenseIsRefusedByItsField) {
  struct Case {
    std::string_view cron, names;
  };
  const Case cases[] = {
      {"", "five are needed"},
      {"* * * *", "4 fields"},
      {"* * * * * *", "6 fields"},
      {"60 * * * *", "minute"},
      {"* 24 * * *", "hour"},
      {"* * 0 * *", "day of month"},
      {"* * 32 * *", "day of month"},
      {"* * * 13 *", "month"},
      {"* * * foo *", "jan to dec"},
      {"* * * * 8", "day of week"},
      {"* * * * fri-mon", "ends before"},
      {"5-1 * * * *", "ends before"},
      {"*/0 * * * *", "step"},
      {"*/x * * * *", "step"},
      {"-1 * * * *", "minute"},
      {"1,,2 * * * *", "minute"},
      {"1- * * * *", "minute"},
      {"*1 * * * *", "minute"},
      {"99999999999 * * * *", "minute"},
      {"@fortnightly", "@hourly"},
      {"mon * * * *", "minute"},
      {"* * * * \xff\"", "day of week"},
  };
  for (const Case& c : cases) {
    const auto cron = Cron::Parse(c.cron);
    ASSERT_FALSE(cron) << c.cron;
    EXPECT_EQ(cron.error().code, Errc::kInvalidArgument);
    EXPECT_NE(cron.error().what.find(c.names), std::string::npos) << cron.error().what;
  }
}

TEST(Cron, TheTwoOddDays) {
  // Berlin 2026-03-29: 02:00 to 03:00 is missing, 01:00Z is 03:00.
  EXPECT_EQ(Next("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin"), "2026-03-29T01:00:00Z");
  EXPECT_EQ(Next("30 2 * * *", "2026-03-29T01:00:00Z", "Europe/Berlin"), "2026-03-30T00:30:00Z");
  EXPECT_EQ(Next("0,15,30,45 2 * * *", "2026-03-29T01:00:00Z", "Europe/Berlin"),
            "2026-03-30T00:00:00Z");  // all four of them fell on 03:00, once
  EXPECT_EQ(Next("5 * * * *", "2026-03-29T00:05:00Z", "Europe/Berlin"), "2026-03-29T01:05:00Z");
  // 2026-10-25: 02:00 to 03:00 comes twice.
  EXPECT_EQ(Next("30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Berlin"), "2026-10-25T00:30:00Z");
  EXPECT_EQ(Next("30 2 * * *", "2026-10-25T00:30:00Z", "Europe/Berlin"), "2026-10-26T01:30:00Z");
  EXPECT_EQ(Next("5 * * * *", "2026-10-25T00:05:00Z", "Europe/Berlin"), "2026-10-25T01:05:00Z");
  EXPECT_EQ(Next("5 * * * *", "2026-10-25T01:05:00Z", "Europe/Berlin"), "2026-10-25T02:05:00Z");
  // Where midnight is missing the day's first instant has it.
  EXPECT_EQ(Next("@daily", "2024-03-30T12:00:00Z", "Asia/Beirut"), "2024-03-30T22:00:00Z");
  EXPECT_EQ(Next("@daily", "2024-03-10T00:00:00Z", "America/Havana"), "2024-03-10T05:00:00Z");
  // Where it comes twice the first does, and the second does not.
  EXPECT_EQ(Next("@daily", "2024-11-02T12:00:00Z", "America/Havana"), "2024-11-03T04:00:00Z");
  EXPECT_EQ(Next("@daily", "2024-11-03T04:00:00Z", "America/Havana"), "2024-11-04T05:00:00Z");
  // Clocks that go back over midnight into the day before.
  EXPECT_EQ(Next("30 23 * * *", "2024-10-26T12:00:00Z", "Asia/Beirut"), "2024-10-26T20:30:00Z");
  EXPECT_EQ(Next("30 23 * * *", "2024-10-26T20:30:00Z", "Asia/Beirut"), "2024-10-27T21:30:00Z");
  // A whole day that never was has no midnight of its own.
  EXPECT_EQ(Next("0 12 * * *", "2011-12-29T23:00:00Z", "Pacific/Apia"), "2011-12-30T10:00:00Z");
  EXPECT_EQ(Next("0 12 * * *", "2011-12-30T10:00:00Z", "Pacific/Apia"), "2011-12-30T22:00:00Z");
}

/// Every day of five years has each named time exactly once, and hours follow real time.
TEST(Cron, NoDayIsLeftOutOrDoubled) {
  for (const std::string_view name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                                      "America/Havana", "Asia/Beirut"}) {
    const Zone zone = Z(name);
    const Day first = ParseDay("2024-01-01").value();
    const Day last = ParseDay("2028-12-31").value();
    const Instant begin = zone.Begin(first);
    const Instant end = zone.End(last);
    for (const std::string_view text :
         {"0 0 * * *", "30 0 * * *", "30 1 * * *", "0 2 * * *", "15 2 * * *", "45 23 * * *"}) {
      const Cron cron = C(text);
      Instant at = begin - std::chrono::microseconds(1);
      for (Day day = first; day <= last; day += days(1)) {
        const auto next = cron.Next(at, zone);
        ASSERT_TRUE(next);
        ASSERT_EQ(zone.DayOf(*next), day) << name << " " << text << " " << PrintInstant(*next);
        ASSERT_GT(*next, at);
        at = *next;
      }
      EXPECT_GE(*cron.Next(at, zone), end);
    }
    const auto count = [&](std::string_view text, minutes step) {
      const Cron cron = C(text);
      Instant at = begin - std::chrono::microseconds(1);
      int runs = 0;
      for (auto next = cron.Next(at, zone); *next < end; next = cron.Next(at, zone), ++runs) {
        if (runs > 0) {
          const auto gap = *next - at;
          const bool shift = name == std::string_view("Australia/Lord_Howe") && step == hours(1) &&
                             (gap == minutes(30) || gap == minutes(90));
          EXPECT_TRUE(gap == step || shift) << name << " " << PrintInstant(*next);
        }
        at = *next;
      }
      return runs;
    };
    EXPECT_EQ(count("*/30 * * * *", minutes(30)), (end - begin) / minutes(30)) << name;
    if (name != std::string_view("Australia/Lord_Howe")) {
      EXPECT_EQ(count("5 * * * *", hours(1)), (end - begin) / hours(1)) << name;
    } else {
      count("5 * * * *", hours(1));
    }
  }
}

TEST(Cron, NextIsAFunctionOfItsArgumentsOnly) {
  const Cron cron = C("*/7 3,4 * * mon");
  const Zone zone = Z("America/New_York");
  std::vector<Instant> once;
  Instant at = At("2026-01-01T00:00:00Z");
  for (int i = 0; i < 200; ++i) once.push_back(at = *cron.Next(at, zone));
  for (std::size_t i = 0; i + 1 < once.size(); ++i) {
    // From anywhere between two runs the next one is the same.
    const Instant between = once[i] + (once[i + 1] - once[i]) / 2;
    EXPECT_EQ(cron.Next(between, zone), once[i + 1]);
    EXPECT_EQ(cron.Next(once[i + 1] - std::chrono::microseconds(1), zone), once[i + 1]);
  }
}

}  // namespace
}  // namespace maxopt
