#include "clock/clock.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <exception>
#include <optional>
#include <thread>

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::year_month_day;

/// Eats fixed-width fields from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  bool empty() const { return rest_.empty(); }
  std::optional<int> Digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  /// Takes one character of `any`, if one is next.
  std::optional<char> Take(std::string_view any) {
    if (rest_.empty() || any.find(rest_.front()) == std::string_view::npos) return std::nullopt;
    const char taken = rest_.front();
    rest_.remove_prefix(1);
    return taken;
  }

 private:
  std::string_view rest_;
};

std::optional<Day> ReadDay(Reader& reader) {
  const auto year = reader.Digits(4);
  if (!year || !reader.Take("-")) return std::nullopt;
  const auto month = reader.Digits(2);
  if (!month || !reader.Take("-")) return std::nullopt;
  const auto day = reader.Digits(2);
  if (!day) return std::nullopt;
  const year_month_day date{std::chrono::year(*year),
                            std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Day(date);
}

std::optional<seconds> ReadTimeOfDay(Reader& reader) {
  const auto hour = reader.Digits(2);
  if (!hour || *hour > 23 || !reader.Take(":")) return std::nullopt;
  const auto minute = reader.Digits(2);
  if (!minute || *minute > 59 || !reader.Take(":")) return std::nullopt;
  const auto second = reader.Digits(2);
  if (!second || *second > 59) return std::nullopt;
  return hours(*hour) + minutes(*minute) + seconds(*second);
}

/// A date and a time of day, with the separator that people, RFC 3339 or platforms put between.
std::optional<LocalTime> ReadLocal(Reader& reader) {
  const auto day = ReadDay(reader);
  if (!day || !reader.Take("T t")) return std::nullopt;
  const auto time = ReadTimeOfDay(reader);
  if (!time) return std::nullopt;
  return *day + *time;
}

/// Fraction after the point, cut to microseconds.
std::optional<microseconds> ReadFraction(Reader& reader) {
  int micros = 0;
  int digits = 0;
  for (; const auto digit = reader.Take("0123456789"); ++digits) {
    if (digits < 6) micros = micros * 10 + (*digit - '0');
  }
  if (digits == 0 || digits > 9) return std::nullopt;
  for (; digits < 6; ++digits) micros *= 10;
  return microseconds(micros);
}

/// "Z", "+02:00" or, as Meta writes it, "+0200".
std::optional<seconds> ReadOffset(Reader& reader) {
  if (reader.Take("Zz")) return seconds(0);
  const auto sign = reader.Take("+-");
  if (!sign) return std::nullopt;
  const auto hour = reader.Digits(2);
  if (!hour || *hour > 23) return std::nullopt;
  reader.Take(":");
  const auto minute = reader.Digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  const seconds offset = hours(*hour) + minutes(*minute);
  return *sign == '-' ? -offset : offset;
}

std::optional<Instant> ReadInstant(Reader& reader) {
  const auto local = ReadLocal(reader);
  if (!local) return std::nullopt;
  microseconds fraction{0};
  if (reader.Take(".")) {
    const auto read = ReadFraction(reader);
    if (!read) return std::nullopt;
    fraction = *read;
  }
  const auto offset = ReadOffset(reader);
  if (!offset) return std::nullopt;
  return Instant(local->time_since_epoch() - *offset + fraction);
}

/// The text as it may stand in an error: short, and plain ASCII whatever came in.
std::string Shown(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string out;
  for (const char c : text.substr(0, kShown)) {
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (text.size() > kShown) out += "...";
  return out;
}

std::string PrintYmd(year_month_day date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

template <class Duration>
std::string PrintDayAndTime(std::chrono::local_time<Duration> time, char between) {
  const auto day = floor<days>(time);
  const auto second = floor<seconds>(time - day);
  const std::chrono::hh_mm_ss<seconds> clock(second);
  return fmt::format("{}{}{:02}:{:02}:{:02}", PrintYmd(year_month_day(day)), between,
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

/// nullptr stands for UTC, which needs no table and must work where no tzdb is installed.
const date::time_zone* Rules(const void* zone) { return static_cast<const date::time_zone*>(zone); }

seconds OffsetAt(const void* zone, Instant at) {
  if (zone == nullptr) return seconds(0);
  return Rules(zone)->get_info(date::sys_seconds(floor<seconds>(at).time_since_epoch())).offset;
}

Instant FirstInstantOf(const void* zone, LocalTime time) {
  const seconds wall = time.time_since_epoch();
  if (zone == nullptr) return Instant(wall);
  const date::local_info info = Rules(zone)->get_info(date::local_seconds(wall));
  if (info.result == date::local_info::nonexistent) {
    return Instant(info.first.end.time_since_epoch());
  }
  return Instant(wall - info.first.offset);
}

}  // namespace

Instant RealClock::Now() const { return floor<microseconds>(std::chrono::system_clock::now()); }
void RealClock::SleepUntil(Instant until) {
  while (Now() < until) std::this_thread::sleep_until(until);
}

Instant VirtualClock::Now() const {
  const std::scoped_lock lock(mutex_);
  return now_;
}
void VirtualClock::AdvanceTo(Instant to) {
  const std::scoped_lock lock(mutex_);
  if (to > now_) now_ = to;
}

std::string PrintInstant(Instant at) {
  const std::chrono::local_time<microseconds> utc(at.time_since_epoch());
  std::string text = PrintDayAndTime(utc, 'T');
  const auto micros = (utc - floor<seconds>(utc)).count();
  if (micros != 0) {
    std::string decimals = fmt::format(".{:06}", micros);
    while (decimals.back() == '0') decimals.pop_back();
    text += decimals;
  }
  return text + "Z";
}

Result<Instant> ParseInstant(std::string_view text) {
  Reader reader(text);
  const auto at = ReadInstant(reader);
  if (!at || !reader.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("\"{}\" is not an instant; write it like 2026-11-22T15:04:05Z or "
                            "2026-11-22T16:04:05+01:00",
                            Shown(text)));
  }
  return *at;
}

std::string PrintDay(Day day) { return PrintYmd(year_month_day(day)); }

Result<Day> ParseDay(std::string_view text) {
  Reader reader(text);
  const auto day = ReadDay(reader);
  if (!day || !reader.empty()) {
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("\"{}\" is not a day of the calendar; write it like 2026-11-22", Shown(text)));
  }
  return *day;
}

std::string PrintLocal(LocalTime time) { return PrintDayAndTime(time, ' '); }

Result<LocalTime> ParseLocal(std::string_view text) {
  Reader reader(text);
  const auto time = ReadLocal(reader);
  if (!time || !reader.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("\"{}\" is not a wall-clock time; write it like 2026-11-22 15:04:05",
                            Shown(text)));
  }
  return *time;
}

Result<Zone> Zone::Find(std::string_view iana_name) {
  if (iana_name == "UTC") return Utc();
  try {
    return Zone(date::locate_zone(std::string(iana_name)));
  } catch (const std::exception&) {
    // The library throws both for an unknown name and for a machine without tzdata.
    return Fail(Errc::kInvalidArgument,
                fmt::format("\"{}\" is not a time zone of this machine's tzdata; write an IANA "
                            "name like Europe/Berlin",
                            Shown(iana_name)));
  }
}

Zone Zone::Utc() { return Zone(nullptr); }

std::string Zone::name() const { return zone_ == nullptr ? "UTC" : Rules(zone_)->name(); }

LocalTime Zone::LocalOf(Instant at) const {
  return LocalTime(floor<seconds>(at).time_since_epoch() + OffsetAt(zone_, at));
}

Day Zone::DayOf(Instant at) const {
  Day day = floor<days>(LocalOf(at));
  // Where clocks went back over midnight (St. John's, 00:01 to 23:01) the wall clock shows the old
  // day again; the day that has begun stays begun, so that days keep partitioning time.
  while (Begin(day + days(1)) <= at) day += days(1);
  return day;
}

Instant Zone::Begin(Day day) const { return FirstInstantOf(zone_, LocalTime(day)); }

seconds Zone::Length(Day day) const { return floor<seconds>(End(day) - Begin(day)); }

Instant Zone::ToInstant(LocalTime time) const { return FirstInstantOf(zone_, time); }

}  // namespace maxopt
