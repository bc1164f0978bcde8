#include "connect/exports/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "sheet/sheet.h"

namespace maxopt::exports {
using sheet::ShownCell;
using sheet::Trim;
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}
std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}
std::unexpected<std::string> Wrong(std::string why) { return std::unexpected(std::move(why)); }

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

/// Without currency sign or code at either end, and with one kind of space and minus.
std::string CleanNumber(std::string_view cell) {
  std::string text(Trim(cell));
  for (const std::string_view space : {"\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89"}) {
    ReplaceAll(text, space, " ");
  }
  ReplaceAll(text, "\xE2\x80\x99", "'");  // right single quote, Swiss thousands
  ReplaceAll(text, "\xE2\x88\x92", "-");  // minus sign
  const bool minus = text.starts_with('-');
  std::string_view rest = Trim(std::string_view(text).substr(minus ? 1 : 0));
  for (const std::string_view sign : {"US$", "€", "$", "£", "¥", "₹"}) {
    if (rest.starts_with(sign)) rest = Trim(rest.substr(sign.size()));
    if (rest.ends_with(sign)) rest = Trim(rest.substr(0, rest.size() - sign.size()));
  }
  if (rest.size() > 3 && FindCurrency(rest.substr(0, 3))) rest = Trim(rest.substr(3));
  if (rest.size() > 3 && FindCurrency(rest.substr(rest.size() - 3))) {
    rest = Trim(rest.substr(0, rest.size() - 3));
  }
  return (minus ? "-" : "") + std::string(rest);
}

/// Digits of "1.234.567" when the groups are right; nullopt otherwise.
std::optional<std::string> WithoutThousands(std::string_view text, char separator) {
  std::string digits;
  std::size_t groups = 0;
  while (true) {
    const std::size_t end = text.find(separator);
    const std::string_view group = text.substr(0, end);
    const bool last = end == std::string_view::npos;
    const bool only = last && groups == 0;
    if (!AllDigits(group)) return std::nullopt;
    if (!only && (groups == 0 ? group.size() > 3 : group.size() != 3)) return std::nullopt;
    digits += group;
    ++groups;
    if (last) return digits;
    text.remove_prefix(end + 1);
  }
}

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
/// 1..12 of a full or three-letter English name ("Sept" too), with or without a point.
std::optional<int> MonthOf(std::string_view word) {
  std::string name = Lower(word);
  if (name.ends_with('.')) name.pop_back();
  if (name == "sept") return 9;
  for (std::size_t month = 0; month < kMonths.size(); ++month) {
    if (name == kMonths[month] || (name.size() == 3 && kMonths[month].starts_with(name))) {
      return static_cast<int>(month) + 1;
    }
  }
  return std::nullopt;
}

std::optional<int> Number(std::string_view digits) {
  if (!AllDigits(digits) || digits.size() > 4) return std::nullopt;
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

Parsed<Day> MakeDay(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year < 1990 || year > 2100) return Wrong("is not a day of the calendar");
  return Day(date);
}

std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(separators);
    if (end != 0) parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

constexpr std::string_view kNotADay = "is not a day that can be read; write it like 2021-04-23";

/// Text without its time of day, if it ends in one.
std::string_view WithoutTime(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return text;
  const std::size_t between = text.find_last_of(" T", colon);
  return between == std::string_view::npos ? text : Trim(text.substr(0, between));
}

/// `decimals` places of a plain number as an integer, cut; the digits given are enough for both
/// uses. nullopt beyond what fits.
__extension__ using Wide = __int128;
constexpr int kScaledDecimals = 12;
std::optional<Wide> Scaled(std::string_view plain) {
  if (plain.starts_with('-')) plain.remove_prefix(1);
  Wide value = 0;
  int decimals = -1;
  std::size_t digits = 0;
  for (const char c : plain) {
    if (c == '.') {
      decimals = 0;
      continue;
    }
    if (decimals == kScaledDecimals) break;
    if (++digits > 30) return std::nullopt;
    value = value * 10 + (c - '0');
    if (decimals >= 0) ++decimals;
  }
  for (decimals = std::max(decimals, 0); decimals < kScaledDecimals; ++decimals) value *= 10;
  return value;
}
constexpr Wide kOneCent = 10'000'000'000;  // at twelve decimals

std::size_t DecimalsOf(std::string_view plain) {
  const std::size_t point = plain.find('.');
  return point == std::string_view::npos ? 0 : plain.size() - point - 1;
}

/// What ParseMoney has against it, without its advice.
Parsed<RoundedMoney> Money6(std::string_view plain, Currency currency) {
  const auto money = ParseMoneyRounding(plain, currency);
  if (!money) return Wrong("is beyond what an amount can be");
  return *money;
}

}  // namespace

bool IsAbsent(std::string_view cell) {
  const std::string text = Lower(Trim(cell));
  for (const std::string_view word : {"", "-", "--", "---", "\xE2\x80\x93", "\xE2\x80\x94", "n/a",
                                      "#n/a", "na", "null", "none", "(not set)", "\\n"}) {
    if (text == word) return true;
  }
  return false;
}

void DecimalVote::See(std::string_view cell, bool whole, std::size_t line) {
  const std::string text = CleanNumber(cell);
  const auto points = std::count(text.begin(), text.end(), '.');
  const auto commas = std::count(text.begin(), text.end(), ',');
  if (points + commas == 0) return;
  const auto witness = [&](std::optional<Witness>& list) {
    if (!list) list = Witness{std::string(Trim(cell)), line};
  };
  if (points > 0 && commas > 0) {
    return witness(text.find_last_of(".,") == text.rfind('.') ? for_point_ : for_comma_);
  }
  const bool is_point = points > 0;
  if (points + commas > 1) {
    // Several of one kind are for thousands; in wrong groups it is no number and speaks for nobody.
    const std::string_view digits = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
    if (WithoutThousands(digits, is_point ? '.' : ',')) witness(is_point ? for_comma_ : for_point_);
    return;
  }
  const std::size_t at = text.find_first_of(".,");
  const std::string_view before = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
  const std::size_t digits_before = at - (text.starts_with('-') ? 1 : 0);
  const std::size_t digits_after = text.size() - at - 1;
  const bool other_thousands = text.find_first_of(" '") != std::string::npos;
  if (digits_after != 3 || before.starts_with('0') || digits_before > 3 || digits_before == 0 ||
      other_thousands) {
    return witness(is_point ? for_point_ : for_comma_);
  }
  if (whole) return witness(is_point ? for_comma_ : for_point_);
  witness(ambiguous_);
}

Parsed<char> DecimalVote::Decide() const {
  if (for_point_ && for_comma_) {
    return Wrong(fmt::format(
        "line {} has {} and line {} has {}: the point is for decimals in one and for thousands in "
        "the other; make the file use one way",
        for_point_->line, ShownCell(for_point_->cell), for_comma_->line,
        ShownCell(for_comma_->cell)));
  }
  if (for_point_) return '.';
  if (for_comma_) return ',';
  if (ambiguous_) {
    return Wrong(
        fmt::format("line {} has {}, and nothing in the file tells whether that separator is for "
                    "thousands or for decimals; say which with the decimal mark",
                    ambiguous_->line, ShownCell(ambiguous_->cell)));
  }
  return '.';
}

Parsed<std::string> PlainNumber(std::string_view cell, char decimal_mark) {
  const std::string text = CleanNumber(cell);
  std::string_view rest = text;
  std::string plain;
  if (rest.starts_with('-')) {
    plain = "-";
    rest.remove_prefix(1);
  }
  const std::size_t mark = rest.find(decimal_mark);
  const std::string_view whole = rest.substr(0, mark);
  const char other = decimal_mark == '.' ? ',' : '.';
  std::optional<std::string> digits;
  for (const char separator : {other, ' ', '\''}) {
    if (!digits) digits = WithoutThousands(whole, separator);
  }
  if (!digits) return Wrong("is not a number");
  plain += *digits;
  if (mark != std::string_view::npos) {
    const std::string_view decimals = rest.substr(mark + 1);
    if (decimals.empty()) return plain;  // "144.", as some programs print whole amounts
    if (!AllDigits(decimals)) return Wrong("is not a number");
    plain += '.';
    plain += decimals;
  }
  return plain;
}

Parsed<std::int64_t> WholeNumber(std::string_view plain) {
  const std::size_t point = plain.find('.');
  if (point != std::string_view::npos &&
      plain.find_first_not_of('0', point + 1) != std::string_view::npos) {
    return Wrong("is not a whole number");
  }
  plain = plain.substr(0, point);
  if (plain.starts_with('-')) return Wrong("is below zero");
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (failed != std::errc() || end != plain.data() + plain.size()) return Wrong("is too large");
  return value;
}

Parsed<double> RealNumber(std::string_view plain) {
  double value = 0;
  const auto [end, failed] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (failed != std::errc() || end != plain.data() + plain.size() || !std::isfinite(value)) {
    return Wrong("is not a number that can be held");
  }
  if (value < 0) return Wrong("is below zero");
  return value;
}

Parsed<std::optional<double>> Share(std::string_view cell, char decimal_mark) {
  std::string_view text = Trim(cell);
  if (text.starts_with('<') || text.starts_with('>')) return std::optional<double>();
  const bool percent = text.ends_with('%');
  if (percent) text = Trim(text.substr(0, text.size() - 1));
  const auto plain = PlainNumber(text, decimal_mark);
  if (!plain) return Wrong(plain.error());
  const auto value = RealNumber(*plain);
  if (!value) return Wrong(value.error());
  const double share = percent ? *value / 100 : *value;
  if (share > 1) return Wrong("is not a share between 0 and 1");
  return std::optional<double>(share);
}

void FloatVote::See(std::string_view plain) {
  if (DecimalsOf(plain) <= 2) return;
  if (DecimalsOf(plain) > 6) long_decimals_ = true;
  const auto value = Scaled(plain);
  if (!value) {
    all_near_ = false;
    return;
  }
  const Wide over = *value % kOneCent;
  const Wide off = std::min(over, kOneCent - over);
  constexpr Wide kFloatPrecision = 10'000'000;
  if (off * kFloatPrecision > *value) all_near_ = false;
}

Parsed<RoundedMoney> Amount(std::string_view plain, Currency currency, bool floats_of_cents) {
  if (!floats_of_cents || DecimalsOf(plain) <= 2) return Money6(plain, currency);
  const auto value = Scaled(plain);
  if (!value) return Wrong("is beyond what an amount can be");
  // Near a whole cent by the vote, so never a tie.
  const Wide cents = (*value + kOneCent / 2) / kOneCent;
  const std::string text =
      fmt::format("{}{}.{:02}", plain.starts_with('-') ? "-" : "",
                  static_cast<std::int64_t>(cents / 100), static_cast<int>(cents % 100));
  auto money = Money6(text, currency);
  if (money) money->rounded = true;
  return money;
}

Parsed<RoundedMoney> AmountOfMicros(std::string_view plain, Currency currency) {
  // The same text with the point six places to the left: no number in between.
  const bool minus = plain.starts_with('-');
  if (minus) plain.remove_prefix(1);
  const std::size_t point = plain.find('.');
  std::string digits(plain.substr(0, point));
  if (digits.size() < 7) digits.insert(0, 7 - digits.size(), '0');
  std::string text = minus ? "-" : "";
  text += std::string_view(digits).substr(0, digits.size() - 6);
  text += '.';
  text += std::string_view(digits).substr(digits.size() - 6);
  if (point != std::string_view::npos) text += plain.substr(point + 1);
  return Money6(text, currency);
}

DayOrder SeeDayOrder(DayOrder so_far, std::string_view cell) {
  const auto parts = Split(WithoutTime(Trim(cell)), "/-");
  if (parts.size() != 3 || parts[2].size() != 4) return so_far;
  const auto first = Number(parts[0]);
  const auto second = Number(parts[1]);
  if (!first || !second) return so_far;
  DayOrder seen = DayOrder::kUnknown;
  if (*first > 12) seen = DayOrder::kDayFirst;
  if (*second > 12) seen = DayOrder::kMonthFirst;
  if (seen == DayOrder::kUnknown || seen == so_far) return so_far;
  return so_far == DayOrder::kUnknown ? seen : DayOrder::kContradictory;
}

Parsed<Day> ReadDay(std::string_view cell, DayOrder order, std::optional<int> year) {
  const std::string_view text = WithoutTime(Trim(cell));
  if (AllDigits(text) && text.size() == 8) {
    return MakeDay(*Number(text.substr(0, 4)), *Number(text.substr(4, 2)),
                   *Number(text.substr(6, 2)));
  }
  if (const auto parts = Split(text, "-/.");
      parts.size() == 3 && parts[0].size() + parts[1].size() + parts[2].size() + 2 == text.size()) {
    const auto first = Number(parts[0]);
    const auto second = Number(parts[1]);
    const auto third = Number(parts[2]);
    if (first && second && third) {
      if (parts[0].size() == 4) return MakeDay(*first, *second, *third);
      if (parts[2].size() != 4) return Wrong(std::string(kNotADay));
      if (text.find('.') != std::string_view::npos) return MakeDay(*third, *second, *first);
      switch (order) {
        case DayOrder::kDayFirst:
          return MakeDay(*third, *second, *first);
        case DayOrder::kMonthFirst:
          return MakeDay(*third, *first, *second);
        case DayOrder::kContradictory:
          return Wrong("is day/month in some rows and month/day in others");
        case DayOrder::kUnknown:
          if (*first == *second) return MakeDay(*third, *first, *second);
          return Wrong(
              "could be day/month or month/day, and no row tells; write days like 2021-04-23");
      }
    }
  }
  std::optional<int> month;
  std::vector<int> numbers;
  for (const std::string_view word : Split(text, " ,-")) {
    if (const auto named = MonthOf(word)) {
      if (month) return Wrong(std::string(kNotADay));
      month = named;
    } else if (const auto number = Number(word)) {
      numbers.push_back(*number);
    } else {
      const std::string day_name = Lower(word.substr(0, 3));
      const bool known = day_name == "mon" || day_name == "tue" || day_name == "wed" ||
                         day_name == "thu" || day_name == "fri" || day_name == "sat" ||
                         day_name == "sun";
      if (!known || !numbers.empty() || month) return Wrong(std::string(kNotADay));
    }
  }
  if (!month || numbers.empty() || numbers.size() > 2) return Wrong(std::string(kNotADay));
  if (numbers.size() == 2) return MakeDay(numbers[1], *month, numbers[0]);
  if (!year) return Wrong("has no year; give the year of this file");
  return MakeDay(*year, *month, numbers[0]);
}

Parsed<Day> ReadMonthAndDay(std::string_view month, std::string_view day, std::optional<int> year) {
  auto month_number = MonthOf(Trim(month));
  if (!month_number) month_number = Number(Trim(month));
  const auto day_number = Number(Trim(day));
  if (!month_number || !day_number) return Wrong("is not a month and a day of it");
  if (!year) return Wrong("has no year; give the year of this file");
  return MakeDay(*year, *month_number, *day_number);
}

}  // namespace maxopt::exports
