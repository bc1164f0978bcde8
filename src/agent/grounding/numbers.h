#pragma once
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "money/money.h"

/// Numbers as people and models write them in a text. Pure.
namespace maxopt::grounding {

/// A way to read the digits of a token: "1.234" is 1234 or 1.234.
struct Reading {
  double value = 0;
  int decimals = 0;
};

/// A number with what stands around it: "-€1,234.50", "34 %", "12.3k", "7 days".
struct Token {
  std::size_t begin = 0, end = 0;
  std::vector<Reading> readings;  ///< empty: no number
  double scale = 1;               ///< of k, m, bn
  bool percent = false;
  bool negative = false;
  std::optional<Currency> currency{};
  bool dollar = false;  ///< "$": of some country
  std::string unit{};   ///< "days", "weeks", "hours", ...
};
/// The number that begins at `at`, a digit.
Token ReadToken(std::string_view text, std::size_t at);

/// Whether `said` is `value` as one writes it: exact, or rounded at its last digit with at least
/// two significant digits left.
bool IsRounding(double value, const Reading& said);

/// Words that say a number: "seven", "twice", "percent".
const std::set<std::string>& NumberWords();
/// 2 to 12 for "two" to "twelve"; 0: another word.
int SmallNumber(const std::string& word);
/// 1 to 12 for a month's name or its first three letters; 0: another word.
int MonthOf(std::string_view word);

/// Of ASCII letters only; others stay as they are.
std::string Lower(std::string_view text);
bool IsDigit(char c);
bool IsAsciiLetter(char c);
/// Letters of any script among them.
bool IsWordByte(char c);
/// Behind the spaces of any width that stand at `at`.
std::size_t SkipSpaces(std::string_view text, std::size_t at);
/// The ASCII letters that begin at `at`.
std::string WordAt(std::string_view text, std::size_t at);

}  // namespace maxopt::grounding
