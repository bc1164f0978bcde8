#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "clock/clock.h"
#include "money/money.h"

namespace maxopt::exports {

/// A value, or what is wrong with the cell: the end of a sentence that begins with the cell.
template <class T>
using Parsed = std::expected<T, std::string>;

/// "", "--", "n/a", "#N/A", "null" and the like: not reported.
bool IsAbsent(std::string_view cell);

/// Finds out whether a file writes 1,234.56 or 1.234,56, from all its numbers together.
class DecimalVote {
 public:
  /// `whole`: a count, where a single separator before three digits can only be for thousands.
  void See(std::string_view cell, bool whole, std::size_t line);
  /// '.' or ','; '.' when nothing speaks for either. Wrong when two cells contradict each other, or
  /// when the only separators seen could be both.
  Parsed<char> Decide() const;

 private:
  struct Witness {
    std::string cell;
    std::size_t line;
  };
  std::optional<Witness> for_point_;
  std::optional<Witness> for_comma_;
  std::optional<Witness> ambiguous_;
};

/// Plain decimal text ("-1234.56") of a cell, without thousands separators and currency signs.
Parsed<std::string> PlainNumber(std::string_view cell, char decimal_mark);
Parsed<std::int64_t> WholeNumber(std::string_view plain);
/// Finite.
Parsed<double> RealNumber(std::string_view plain);
/// "12.5" or "12.5%" -> 12.5 or 0.125; "< 10%" and "> 90%" are bounds, not values: nullopt.
Parsed<std::optional<double>> Share(std::string_view cell, char decimal_mark);

/// Finds amounts of two decimals that were printed through 32-bit floats. Such a column has values
/// with more than six decimals, and every value lies within a float's relative precision (1e-7) of
/// an amount of two decimals; a column where one does not is left as it is.
class FloatVote {
 public:
  void See(std::string_view plain);
  bool FloatsOfCents() const { return long_decimals_ && all_near_; }

 private:
  bool long_decimals_ = false;
  bool all_near_ = true;
};
/// Rounded half to even, at the cent when the column is floats of cents, else at the sixth decimal.
/// `rounded` tells whether anything was lost.
Parsed<RoundedMoney> Amount(std::string_view plain, Currency currency, bool floats_of_cents);
/// Whole micros; a fraction of one is rounded half to even.
Parsed<RoundedMoney> AmountOfMicros(std::string_view plain, Currency currency);

/// Whether 4/5/2026 is in April or in May, from all days of a column together.
enum class DayOrder { kUnknown, kDayFirst, kMonthFirst, kContradictory };
DayOrder SeeDayOrder(DayOrder so_far, std::string_view cell);
/// 2021-04-23, with a time of day (ignored), 20210423, 2021/04/23, 23.04.2021, 4/23/2021,
/// "Apr 23, 2021", "23 April 2021", "Friday, April 23, 2021"; "Apr 23" with `year`.
Parsed<Day> ReadDay(std::string_view cell, DayOrder order, std::optional<int> year);
/// "April", "Apr", "4" and a day of the month.
Parsed<Day> ReadMonthAndDay(std::string_view month, std::string_view day, std::optional<int> year);

}  // namespace maxopt::exports
