#include "clock/cron.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kWeekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr int kSearchDays = 50 * 366;

struct Field {
  std::string_view name;
  int from, to;
  std::span<const std::string_view> names;  // names[i] is from_of_names + i
  int first_named;
};
constexpr Field kFields[] = {{"minute", 0, 59, {}, 0},
                             {"hour", 0, 23, {}, 0},
                             {"day of month", 1, 31, {}, 0},
                             {"month", 1, 12, kMonths, 1},
                             {"day of week", 0, 7, kWeekdays, 0}};

struct Nickname {
  std::string_view name, fields;
};
constexpr Nickname kNicknames[] = {{"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},
                                   {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
                                   {"@monthly", "0 0 1 * *"},  {"@yearly", "0 0 1 1 *"},
                                   {"@annually", "0 0 1 1 *"}};

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Short, and plain ASCII whatever came in.
std::string Shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 60)) out += c >= ' ' && c <= '~' && c != '"' ? c : '?';
  return out;
}

std::unexpected<Error> Bad(const Field& field, std::string_view text, std::string_view what) {
  return Fail(
      Errc::kInvalidArgument,
      fmt::format("cron field {} \"{}\": {}; allowed are *, numbers {} to {}{}, lists (a,b), "
                  "ranges (a-b) and steps (*/n, a-b/n)",
                  field.name, Shown(text), what, field.from, field.to,
                  field.names.empty()
                      ? ""
                      : fmt::format(", {} to {}", field.names.front(), field.names.back())));
}

std::optional<int> Number(std::string_view text) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.size() > 4 || code != std::errc() || end != text.data() + text.size() ||
      value < 0) {
    return std::nullopt;
  }
  return value;
}

std::optional<int> Value(const Field& field, std::string_view text) {
  for (std::size_t i = 0; i < field.names.size(); ++i) {
    if (field.names[i] == text) return field.first_named + static_cast<int>(i);
  }
  const auto value = Number(text);
  return value && *value >= field.from && *value <= field.to ? value : std::nullopt;
}

template <std::size_t N>
Result<> ReadField(const Field& field, const std::string& text, std::bitset<N>& into) {
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    std::string_view part = rest.substr(0, comma);
    int step = 1;
    const std::size_t slash = part.find('/');
    if (slash != std::string_view::npos) {
      const auto read = Number(part.substr(slash + 1));
      if (!read || *read < 1 || *read > field.to) {
        return Bad(field, text, fmt::format("a step is a number from 1 to {}", field.to));
      }
      step = *read;
      part = part.substr(0, slash);
    }
    int from = field.from;
    int to = field.to;
    // A weekday's 7 is another name of 0, so "every day" ends with 6.
    if (part == "*") {
      to = std::min(to, static_cast<int>(field.names.data() == kWeekdays ? 6 : field.to));
    } else {
      const std::size_t dash = part.find('-');
      const auto first = Value(field, part.substr(0, dash));
      if (!first) return Bad(field, text, fmt::format("\"{}\" is not one of it", Shown(part)));
      from = *first;
      if (dash != std::string_view::npos) {
        const auto last = Value(field, part.substr(dash + 1));
        if (!last) return Bad(field, text, fmt::format("\"{}\" is not one of it", Shown(part)));
        // "fri-sun" ends with the seventh day.
        to = field.names.data() == kWeekdays && *last == 0 && from > 0 ? 7 : *last;
        if (to < from) return Bad(field, text, fmt::format("{} ends before it begins", part));
      } else if (slash == std::string_view::npos) {
        to = from;
      }
    }
    for (int value = from; value <= to; value += step) into.set(static_cast<std::size_t>(value));
    if (comma == std::string_view::npos) return {};
    rest = rest.substr(comma + 1);
  }
}

}  // namespace

Result<Cron> Cron::Parse(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (c == ' ' || c == '\t') {
      if (!word.empty()) words.push_back(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  Cron cron;
  cron.text_ = fmt::format("{}", fmt::join(words, " "));
  if (words.size() == 1 && words[0].starts_with('@')) {
    const std::string name = Lower(words[0]);
    const auto* nickname = std::find_if(std::begin(kNicknames), std::end(kNicknames),
                                        [&](const Nickname& known) { return known.name == name; });
    if (nickname == std::end(kNicknames)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("cron \"{}\" is not known; known are @hourly, @daily, @midnight, "
                              "@weekly, @monthly, @yearly, @annually and five fields",
                              Shown(words[0])));
    }
    MAXOPT_TRY(Cron read, Parse(nickname->fields));
    read.text_ = cron.text_;
    return read;
  }
  if (words.size() != std::size(kFields)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("cron \"{}\" has {} fields; five are needed: minute, hour, day of "
                            "month, month, day of week (\"5 * * * *\"), or @hourly, @daily, ...",
                            Shown(text), words.size()));
  }
  for (std::string& field : words) field = Lower(field);
  MAXOPT_CHECK(ReadField(kFields[0], words[0], cron.minutes_));
  MAXOPT_CHECK(ReadField(kFields[1], words[1], cron.hours_));
  MAXOPT_CHECK(ReadField(kFields[2], words[2], cron.days_));
  MAXOPT_CHECK(ReadField(kFields[3], words[3], cron.months_));
  MAXOPT_CHECK(ReadField(kFields[4], words[4], cron.weekdays_));
  if (cron.weekdays_[7]) cron.weekdays_.set(0).reset(7);
  cron.days_star_ = words[2].starts_with('*');
  cron.weekdays_star_ = words[4].starts_with('*');
  return cron;
}

bool Cron::Allows(Day day) const {
  const std::chrono::year_month_day date(day);
  if (!months_[static_cast<unsigned>(date.month())]) return false;
  const bool of_month = days_[static_cast<unsigned>(date.day())];
  const bool of_week = weekdays_[std::chrono::weekday(day).c_encoding()];
  return days_star_ || weekdays_star_ ? of_month && of_week : of_month || of_week;
}

std::optional<Instant> Cron::Next(Instant after, const Zone& zone) const {
  if (hourly()) {
    Day day = zone.DayOf(after);
    for (int searched = 0; searched < kSearchDays; ++searched, day += days(1)) {
      if (!Allows(day)) continue;
      const Instant end = zone.End(day);
      Instant at = zone.Begin(day);
      if (after >= at) at += floor<minutes>(after - at) + minutes(1);
      while (at < end) {
        const LocalTime shown = zone.LocalOf(at);
        const auto minute =
            static_cast<std::size_t>(floor<minutes>(shown - floor<hours>(shown)).count());
        if (minutes_[minute]) return at;
        // To the next minute that may match, or to the next quarter, where clocks may shift by
        // other than whole hours.
        std::size_t step = 1;
        while ((minute + step) % 15 != 0 && !minutes_[minute + step]) ++step;
        at += minutes(step);
      }
    }
    return std::nullopt;
  }
  // Times of the clock in their order are instants in their order, so the first later one is the
  // next one.
  Day day = floor<days>(zone.LocalOf(after));
  for (int searched = 0; searched < kSearchDays; ++searched, day += days(1)) {
    if (!Allows(day) || zone.End(day) <= after) continue;
    for (std::size_t hour = 0; hour < hours_.size(); ++hour) {
      if (!hours_[hour]) continue;
      for (std::size_t minute = 0; minute < minutes_.size(); ++minute) {
        if (!minutes_[minute]) continue;
        const Instant at = zone.ToInstant(LocalTime(day) + hours(hour) + minutes(minute));
        if (at > after) return at;
      }
    }
  }
  return std::nullopt;
}

}  // namespace maxopt
