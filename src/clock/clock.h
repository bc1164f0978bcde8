#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "result/result.h"

namespace maxopt {

/// A UTC instant. In names: `_at`.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;
/// A calendar day as the account's clock shows it. In names: `day`.
using Day = std::chrono::local_days;
/// A wall-clock time in the account's zone, without its offset.
using LocalTime = std::chrono::local_time<std::chrono::seconds>;

/// The world's time, passed in. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant Now() const = 0;
  /// Returns at or after `until`. A virtual clock moves itself there at once.
  virtual void SleepUntil(Instant until) = 0;
};

class RealClock final : public Clock {
 public:
  Instant Now() const override;
  void SleepUntil(Instant until) override;
};

/// Time that stands still until told to move. Never goes back: an earlier time is ignored.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Instant start) : now_(start) {}
  Instant Now() const override;
  void SleepUntil(Instant until) override { AdvanceTo(until); }
  void AdvanceTo(Instant to);

 private:
  mutable std::mutex mutex_;
  Instant now_;
};

/// "2026-11-22T15:04:05.123456Z"; fewer decimals when the rest is zero.
std::string PrintInstant(Instant at);
/// RFC 3339 with "Z" or a numeric offset; date alone is refused.
Result<Instant> ParseInstant(std::string_view text);
/// "2026-11-22"
std::string PrintDay(Day day);
Result<Day> ParseDay(std::string_view text);
/// "2026-11-22 15:04:05", a wall-clock time.
std::string PrintLocal(LocalTime time);
Result<LocalTime> ParseLocal(std::string_view text);

/// An IANA time zone: the account's reporting days. Cheap to copy, thread-safe; the rules come from
/// the system's tzdb, read once.
class Zone {
 public:
  /// "Europe/Berlin"; kInvalidArgument for a name the tzdb does not know.
  static Result<Zone> Find(std::string_view iana_name);
  static Zone Utc();
  std::string name() const;

  Day DayOf(Instant at) const;
  LocalTime LocalOf(Instant at) const;
  /// First instant of the day. Where midnight is missing (Beirut, Havana in spring) the day begins
  /// at the first wall-clock time that exists; where midnight comes twice, at the first one.
  /// End(day) == Begin(day + 1), so days partition time without gap or overlap.
  Instant Begin(Day day) const;
  Instant End(Day day) const { return Begin(day + std::chrono::days(1)); }
  /// Real length: 23, 24, 25 h mostly; 23.5/24.5 on Lord Howe. 0 for a day the zone skipped.
  std::chrono::seconds Length(Day day) const;
  /// UTC instant of a wall-clock time. A time that does not exist maps to the first instant after
  /// the gap; a time that comes twice maps to the earlier one.
  Instant ToInstant(LocalTime time) const;

 private:
  explicit Zone(const void* zone) : zone_(zone) {}
  const void* zone_;  // date::time_zone, owned by the date library for the life of the process
};

}  // namespace maxopt
