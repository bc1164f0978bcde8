#pragma once
#include <bitset>
#include <string>
#include <vector>

#include "result/result.h"

namespace maxopt {

/// The hours of a week in which something may run, on the account's clock: bit 24 * day + hour,
/// Monday 0. The same hours can be written in many ways ("fri 22:00-02:00", or two entries split at
/// midnight), and platforms tell them back in theirs, so hours are compared and not texts.
using WeekHours = std::bitset<7 * 24>;

/// Entries of the field "dayparts": "mon 08:00-20:00"; also "mon-fri 08:00-20:00", "all
/// 08:00-20:00" and a span over midnight, "fri 22:00-02:00". "24:00" is the end of a day,
/// "00:00-24:00" the whole of it. kInvalidArgument names the entry and what is wrong: another word,
/// minutes that are not zero, an empty span. No entries: no hours.
Result<WeekHours> ParseDayparts(const std::vector<std::string>& dayparts);

/// One entry per unbroken span of one day, Monday first: "fri 22:00-24:00", "sat 00:00-02:00".
/// All hours of the week are an entry for each day.
std::vector<std::string> PrintDayparts(const WeekHours& hours);

}  // namespace maxopt
