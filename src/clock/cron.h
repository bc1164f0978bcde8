#pragma once
#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "clock/clock.h"

namespace maxopt {

/// A schedule as cron writes it: minute hour day-of-month month day-of-week, on the clock of a
/// zone. Pure and cheap to copy.
///
///   *        every one            a,b      a list             mon, jan   names, in any case
///   a-b      a range              */n a-b/n a/n  every n-th of it (a/n: from a on)
///   0 or 7   Sunday               @hourly @daily @midnight @weekly @monthly @yearly @annually
///
/// Days as in Vixie cron: where day-of-month and day-of-week are both restricted, a day that meets
/// either counts. A field that begins with * is not restricted ("*/2" is a step), so where one
/// does, both must be met. Ranges do not wrap: "fri-mon" is written "fri-sun,mon".
///
/// The two odd days of daylight saving. A schedule whose hour field allows every hour
/// ("5 * * * *", "*/15 0-23 * * *") follows real time: it runs in every real hour, in both where
/// the clock shows an hour twice and in none that it leaves out. Where the clock moves by half an
/// hour (Lord Howe) it keeps to the minutes shown, so one step of that day is half an hour shorter
/// or longer. Every other schedule names times of a day, and every day has each of them once: a
/// time that does not exist runs at the first instant after the gap, together with whatever else
/// falls there; a time that comes twice runs at the first.
class Cron {
 public:
  /// kInvalidArgument names the field, what stands there and what may.
  static Result<Cron> Parse(std::string_view text);

  /// The first time of the schedule strictly after `after`; nullopt when there is none within 50
  /// years ("0 0 30 2 *").
  std::optional<Instant> Next(Instant after, const Zone& zone) const;
  /// As it was written, with one space between fields.
  const std::string& text() const { return text_; }
  /// Follows real hours over a shift of the clock.
  bool hourly() const { return hours_.all(); }

 private:
  bool Allows(Day day) const;

  std::string text_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;     // 1..31
  std::bitset<13> months_;   // 1..12
  std::bitset<8> weekdays_;  // 0..6, 0 is Sunday
  bool days_star_ = false;   // day-of-month begins with *
  bool weekdays_star_ = false;
};

}  // namespace maxopt
