#include "domain/dayparts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "connect/tiktok/client.h"

namespace maxopt::tiktok {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::size_t kSlotsPerDay = 48;
constexpr std::size_t kSlots = kSlotsPerDay * kDays.size();

/// Half hours since midnight of "HH:MM"; nullopt for any other text.
std::optional<std::size_t> SlotOf(std::string_view time) {
  const auto digit = [&](std::size_t at) { return time[at] >= '0' && time[at] <= '9'; };
  if (time.size() != 5 || time[2] != ':' || !digit(0) || !digit(1)) return std::nullopt;
  const std::string_view minutes = time.substr(3);
  if (minutes != "00" && minutes != "30") return std::nullopt;
  const auto hour = static_cast<std::size_t>((time[0] - '0') * 10 + (time[1] - '0'));
  const std::size_t slot = hour * 2 + (minutes == "30" ? 1 : 0);
  if (slot > kSlotsPerDay) return std::nullopt;
  return slot;
}

std::string TimeOf(std::size_t slot) {
  return fmt::format("{:02}:{}", slot / 2, slot % 2 == 1 ? "30" : "00");
}

}  // namespace

Result<std::string> DaypartingOf(const std::vector<std::string>& dayparts) {
  if (dayparts.empty()) return std::string(kSlots, '1');
  std::string week(kSlots, '0');
  std::vector<std::string> in_hours;
  for (const std::string& entry : dayparts) {
    // What TikTok tells of half hours is taken back as it was told.
    const std::string_view text = entry;
    const auto day = std::find(kDays.begin(), kDays.end(), text.substr(0, 3));
    const bool exact = day != kDays.end() && text.size() == 15 && text[3] == ' ' && text[9] == '-';
    const auto from = exact ? SlotOf(text.substr(4, 5)) : std::nullopt;
    const auto to = exact ? SlotOf(text.substr(10, 5)) : std::nullopt;
    if (!from || !to || *from >= *to || (*from % 2 == 0 && *to % 2 == 0)) {
      in_hours.push_back(entry);
      continue;
    }
    const auto first = static_cast<std::size_t>(day - kDays.begin()) * kSlotsPerDay;
    std::fill_n(week.begin() + static_cast<std::ptrdiff_t>(first + *from), *to - *from, '1');
  }
  MAXOPT_TRY(const WeekHours hours, ParseDayparts(in_hours));
  for (std::size_t hour = 0; hour < hours.size(); ++hour) {
    if (hours.test(hour)) week[hour * 2] = week[hour * 2 + 1] = '1';
  }
  if (week.find('0') == std::string::npos) {
    return Fail(Errc::kInvalidArgument,
                "dayparts: they are the whole week, which TikTok does not tell from always; leave "
                "them out");
  }
  return week;
}

Result<std::vector<std::string>> DaypartsOf(std::string_view dayparting) {
  if (!dayparting.empty() && (dayparting.size() != kSlots ||
                              dayparting.find_first_not_of("01") != std::string_view::npos)) {
    return Fail(Errc::kBadAnswer,
                fmt::format("TikTok's dayparting is not {} digits 0 and 1: \"{}\"", kSlots,
                            dayparting.substr(0, 20)));
  }
  std::vector<std::string> spans;
  if (dayparting.find('0') == std::string_view::npos ||
      dayparting.find('1') == std::string_view::npos) {
    return spans;
  }
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    const std::string_view hours = dayparting.substr(day * kSlotsPerDay, kSlotsPerDay);
    for (std::size_t slot = 0; slot < kSlotsPerDay; ++slot) {
      if (hours[slot] == '0') continue;
      const std::size_t end = std::min(hours.find('0', slot), kSlotsPerDay);
      spans.push_back(fmt::format("{} {}-{}", kDays[day], TimeOf(slot), TimeOf(end)));
      slot = end;
    }
  }
  return spans;
}

}  // namespace maxopt::tiktok
