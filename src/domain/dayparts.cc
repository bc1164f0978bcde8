#include "domain/dayparts.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string_view>

namespace maxopt {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::size_t kHours = 24;

std::optional<std::size_t> DayOf(std::string_view word) {
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    if (kDays[day] == word) return day;
  }
  return std::nullopt;
}

/// 8 of "08:00"; 24 of "24:00".
std::optional<std::size_t> HourOf(std::string_view time) {
  if (time.size() != 5 || time.substr(2) != ":00") return std::nullopt;
  if (time[0] < '0' || time[0] > '2' || time[1] < '0' || time[1] > '9') return std::nullopt;
  const auto hour = static_cast<std::size_t>((time[0] - '0') * 10 + (time[1] - '0'));
  return hour <= kHours ? std::optional(hour) : std::nullopt;
}

}  // namespace

Result<WeekHours> ParseDayparts(const std::vector<std::string>& dayparts) {
  WeekHours week;
  for (const std::string& entry : dayparts) {
    const auto wrong = [&](std::string_view why) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("dayparts: \"{}\" {}; write it like \"mon 08:00-20:00\", in whole "
                              "hours on the account's clock",
                              entry, why));
    };
    const std::string_view text = entry;
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return wrong("has no day and hours");
    const std::string_view days = text.substr(0, space);
    const std::string_view hours = text.substr(space + 1);

    std::size_t first = 0;
    std::size_t last = kDays.size() - 1;
    if (days != "all") {
      const std::size_t dash = days.find('-');
      const auto from = DayOf(days.substr(0, dash));
      const auto to = dash == std::string_view::npos ? from : DayOf(days.substr(dash + 1));
      if (!from || !to) return wrong("names no day (mon, tue, wed, thu, fri, sat, sun, all)");
      first = *from;
      last = *to;
    }
    const std::size_t dash = hours.find('-');
    const auto begin = HourOf(hours.substr(0, dash));
    const auto end = dash == std::string_view::npos ? std::nullopt : HourOf(hours.substr(dash + 1));
    if (!begin || !end || *begin == kHours) return wrong("has no whole hours from 00:00 to 24:00");
    if (*begin == *end) return wrong("begins and ends in the same hour");

    const std::size_t length = (*end + kHours - *begin - 1) % kHours + 1;
    // A span of days may go over the week's end: "sat-mon".
    const std::size_t count = (last + kDays.size() - first) % kDays.size() + 1;
    for (std::size_t day = 0; day < count; ++day) {
      for (std::size_t hour = 0; hour < length; ++hour) {
        week.set(((first + day) * kHours + *begin + hour) % week.size());
      }
    }
  }
  return week;
}

std::vector<std::string> PrintDayparts(const WeekHours& hours) {
  std::vector<std::string> out;
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    for (std::size_t begin = 0; begin < kHours; ++begin) {
      if (!hours.test(day * kHours + begin)) continue;
      std::size_t end = begin;
      while (end < kHours && hours.test(day * kHours + end)) ++end;
      out.push_back(fmt::format("{} {:02}:00-{:02}:00", kDays[day], begin, end));
      begin = end;
    }
  }
  return out;
}

}  // namespace maxopt
