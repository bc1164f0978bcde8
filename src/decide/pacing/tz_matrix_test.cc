// F37: every day of five years in the zones whose days are odd, whatever zone the host is in.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <map>

#include "decide/pacing/pacing.h"

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr const char* kAccountZones[] = {"America/New_York", "Europe/Berlin", "Australia/Lord_Howe",
                                         "America/Havana",   "Asia/Beirut",   "Asia/Kolkata",
                                         "Africa/Casablanca"};
constexpr const char* kHostZones[] = {"UTC", "America/Los_Angeles", "Australia/Lord_Howe",
                                      "Asia/Beirut", "Pacific/Kiritimati"};

/// The host's zone for as long as this lives.
class Host {
 public:
  explicit Host(const char* zone) {
    if (const char* old = std::getenv("TZ")) old_ = old;
    setenv("TZ", zone, 1);
    tzset();
  }
  ~Host() {
    if (old_.empty()) {
      unsetenv("TZ");
    } else {
      setenv("TZ", old_.c_str(), 1);
    }
    tzset();
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

 private:
  std::string old_;
};

const Day kFirst = *ParseDay("2024-01-01");
const Day kLast = *ParseDay("2028-12-31");

/// Rules of later years may still be changed by law, and are with each tzdata.
const Day kSettled = *ParseDay("2026-01-01");

/// Lengths in minutes that are not 24 h, with how many days before kSettled have them.
std::map<long, int> OddDays(const Zone& zone) {
  std::map<long, int> odd;
  for (Day day = kFirst; day < kSettled; day += days(1)) {
    const long length = std::chrono::duration_cast<minutes>(zone.Length(day)).count();
    if (length != 24 * 60) ++odd[length];
  }
  return odd;
}

TEST(TzMatrix, F37DaysPartitionTimeWhateverTheHostsZone) {
  for (const char* host : kHostZones) {
    const Host at(host);
    for (const char* name : kAccountZones) {
      const auto zone = Zone::Find(name);
      ASSERT_TRUE(zone);
      Instant end = zone->Begin(kFirst);
      for (Day day = kFirst; day <= kLast; day += days(1)) {
        ASSERT_EQ(zone->Begin(day), end) << name << " " << PrintDay(day) << " on " << host;
        end = zone->End(day);
        ASSERT_LT(zone->Begin(day), end);
        ASSERT_EQ(zone->Length(day), end - zone->Begin(day));
        // The first and the last instant are of the day, their neighbours are not.
        ASSERT_EQ(zone->DayOf(zone->Begin(day)), day) << name << " " << PrintDay(day);
        ASSERT_EQ(zone->DayOf(end - Instant::duration(1)), day) << name << " " << PrintDay(day);
        ASSERT_EQ(zone->DayOf(end), day + days(1)) << name << " " << PrintDay(day);
      }
    }
  }
}

TEST(TzMatrix, F37OddDaysAreThoseOfEachZone) {
  using Odd = std::map<long, int>;
  EXPECT_EQ(OddDays(*Zone::Find("Asia/Kolkata")), (Odd{}));
  EXPECT_EQ(OddDays(*Zone::Find("America/New_York")), (Odd{{23 * 60, 2}, {25 * 60, 2}}));
  EXPECT_EQ(OddDays(*Zone::Find("Europe/Berlin")), (Odd{{23 * 60, 2}, {25 * 60, 2}}));
  EXPECT_EQ(OddDays(*Zone::Find("Australia/Lord_Howe")),
            (Odd{{23 * 60 + 30, 2}, {24 * 60 + 30, 2}}));
  // Clocks go back for Ramadan, in spring, and forth after it.
  EXPECT_EQ(OddDays(*Zone::Find("Africa/Casablanca")), (Odd{{23 * 60, 2}, {25 * 60, 2}}));
  // Midnight itself is missing in spring: the day begins at one o'clock.
  EXPECT_EQ(OddDays(*Zone::Find("Asia/Beirut")), (Odd{{23 * 60, 2}, {25 * 60, 2}}));
  EXPECT_EQ(OddDays(*Zone::Find("America/Havana")), (Odd{{23 * 60, 2}, {25 * 60, 2}}));
  const Zone havana = *Zone::Find("America/Havana");
  EXPECT_EQ(PrintLocal(havana.LocalOf(havana.Begin(*ParseDay("2025-03-09")))),
            "2025-03-09 01:00:00");
}

TEST(TzMatrix, F37PacingUsesTheRealLengthOfTheDay) {
  const std::array<double, 24> flat = HourCurve({}, std::nullopt, Zone::Utc(), kFirst);
  for (const char* host : {"UTC", "America/Havana"}) {
    const Host at(host);
    for (const char* name : kAccountZones) {
      const Zone zone = *Zone::Find(name);
      for (Day day = kFirst; day <= kLast; day += days(1)) {
        const auto length = zone.Length(day);
        ASSERT_DOUBLE_EQ(RunningHours(std::nullopt, zone, day),
                         std::chrono::duration<double>(length).count() / 3'600);
        // With a flat curve half of the real day is half of its spend, on the odd days too.
        const Instant half = zone.Begin(day) + length / 2;
        ASSERT_NEAR(ShareElapsed(flat, std::nullopt, zone, day, half), 0.5, 1e-9)
            << name << " " << PrintDay(day);
        ASSERT_EQ(ShareElapsed(flat, std::nullopt, zone, day, zone.Begin(day)), 0);
        ASSERT_EQ(ShareElapsed(flat, std::nullopt, zone, day, zone.End(day)), 1);
        if (length == hours(24) && day.time_since_epoch().count() % 32 != 0) continue;
        double before = 0;
        for (Instant t = zone.Begin(day); t <= zone.End(day); t += minutes(90)) {
          const double share = ShareElapsed(flat, std::nullopt, zone, day, t);
          ASSERT_GE(share, before);
          before = share;
        }
      }
    }
  }
}

PaceInput FlightOver(const Zone& zone, Day odd, Instant now) {
  PaceInput in;
  in.zone = zone;
  in.first = odd - days(10);
  in.last = odd + days(10);
  in.budgets = {{zone.Begin(in.first), Money::Micros(100'000'000, kUsd)}};
  in.rules = {.day_bp = 20'000, .month_days = 30.4};
  in.now = now;
  for (Day day = in.first; day < odd; day += days(1)) {
    in.days.push_back({day, Money::Micros(100'000'000, kUsd)});
  }
  return in;
}

TEST(TzMatrix, F37AnOddDayCarriesTheFullCap) {
  for (const char* name : kAccountZones) {
    const Zone zone = *Zone::Find(name);
    for (Day day = kFirst; day <= kLast; day += days(1)) {
      if (zone.Length(day) == hours(24)) continue;
      PaceInput in = FlightOver(zone, day, zone.Begin(day) + zone.Length(day) / 2);
      in.days.push_back({day, Money::Micros(50'000'000, kUsd)});
      const auto verdict = JudgePace(in, {.draws = 200});
      ASSERT_TRUE(verdict) << verdict.error().what;
      EXPECT_EQ(verdict->state, PaceState::kOnPlan) << name << " " << PrintDay(day);
      // A budget is a day's, not an hour's: the plan is 21 budgets, the cap twice one.
      EXPECT_EQ(verdict->plan, Money::Micros(2'100'000'000, kUsd));
      EXPECT_EQ(verdict->today->cap, Money::Micros(200'000'000, kUsd));
      EXPECT_NEAR(verdict->today->share_elapsed, 0.5, 1e-9);
      EXPECT_NEAR(static_cast<double>(verdict->today->expected_day.micros()), 100e6, 5e6);
    }
  }
}

TEST(TzMatrix, F37HourReportsWithARepeatedAndAMissingHour) {
  const Zone zone = *Zone::Find("Europe/Berlin");
  const Day spring = *ParseDay("2026-03-29"), autumn = *ParseDay("2026-10-25");
  const auto flat_day = [](Day day, const std::vector<int>& labels) {
    std::vector<HourSpend> rows;
    for (const int hour : labels) rows.push_back({day, hour, Money::Micros(1'000'000, kEur)});
    return rows;
  };
  std::vector<int> no_two, two_twice, once;
  for (int h = 0; h < 24; ++h) {
    once.push_back(h);
    two_twice.push_back(h);
    if (h == 2) two_twice.push_back(h);
    if (h != 2) no_two.push_back(h);
  }
  // One euro in each real hour: the autumn's label 2 has two of them, in one row or in two, and
  // learns the same as any hour.
  const auto learnt = [&](std::vector<HourSpend> rows, Day before) {
    return HourCurve(rows, std::nullopt, zone, before);
  };
  const auto autumn_curve = learnt(flat_day(autumn, two_twice), autumn + days(1));
  for (const double share : autumn_curve) EXPECT_NEAR(share, 1.0 / 24, 1e-12);
  auto merged = flat_day(autumn, once);
  merged[2].spend = Money::Micros(2'000'000, kEur);
  EXPECT_EQ(learnt(merged, autumn + days(1)), autumn_curve);
  // In spring label 2 does not exist: three flat days of prior and a day that cannot have it.
  const auto spring_curve = learnt(flat_day(spring, no_two), spring + days(1));
  EXPECT_NEAR(spring_curve[2], 3.0 / 24 / 4, 1e-12);
  EXPECT_NEAR(spring_curve[3], (3.0 / 24 + 1.0 / 23) / 4, 1e-12);
  // At three o'clock summer time two real hours of 23 are over.
  EXPECT_NEAR(ShareElapsed(autumn_curve, std::nullopt, zone, spring,
                           zone.ToInstant(*ParseLocal("2026-03-29 03:00:00"))),
              2.0 / 23, 1e-12);
  // At three o'clock winter time four real hours of 25 are.
  EXPECT_NEAR(ShareElapsed(autumn_curve, std::nullopt, zone, autumn,
                           zone.ToInstant(*ParseLocal("2026-10-25 03:00:00"))),
              4.0 / 25, 1e-12);
}

}  // namespace
}  // namespace maxopt
