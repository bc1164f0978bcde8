#include "agent/grounding/numbers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace maxopt::grounding {
namespace {

constexpr std::array<std::string_view, 12> kMonthNames = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

struct Symbol {
  std::string_view text, code;
};
constexpr Symbol kSymbols[] = {{"€", "EUR"}, {"£", "GBP"}, {"US$", "USD"}, {"¥", "JPY"}};

/// Words that go with a number and say what it counts in time.
constexpr std::string_view kUnits[] = {"day",  "days",  "week",  "weeks",
                                       "hour", "hours", "month", "months"};

/// "1,234.5", "1.234,5", "1 234", "12,34", "0.5". Empty: no number.
std::vector<Reading> ReadingsOf(const std::string& digits) {
  std::vector<Reading> out;
  const auto read = [&](char decimal, const std::string& groups) {
    std::string plain;
    int decimals = -1;
    std::size_t since_group = 0;
    bool grouped = false, good = true;
    std::size_t lead = 0;
    for (const char c : digits) {
      if (IsDigit(c)) {
        plain += c;
        if (decimals >= 0) {
          ++decimals;
        } else if (grouped) {
          ++since_group;
        } else {
          ++lead;
        }
      } else if (c == decimal && decimals < 0) {
        if (grouped && since_group != 3) good = false;
        plain += '.';
        decimals = 0;
      } else if (groups.find(c) != std::string::npos && decimals < 0) {
        if (grouped ? since_group != 3 : (lead == 0 || lead > 3)) good = false;
        grouped = true;
        since_group = 0;
      } else {
        good = false;
      }
    }
    if (decimals < 0 && grouped && since_group != 3) good = false;
    if (!good || plain.empty() || decimals == 0 || plain.size() > 24) return;
    double value = 0;
    const auto [end, code] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
    if (code != std::errc() || end != plain.data() + plain.size()) return;
    const Reading reading{value, std::max(0, decimals)};
    for (const Reading& known : out) {
      if (known.value == reading.value && known.decimals == reading.decimals) return;
    }
    out.push_back(reading);
  };
  read('.', ",' ");
  read(',', ".' ");
  return out;
}

bool Near(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}
}  // namespace

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsWordByte(char c) {
  return IsAsciiLetter(c) || IsDigit(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

int MonthOf(std::string_view word) {
  const std::string lower = Lower(word);
  if (lower.size() < 3) return 0;
  for (std::size_t i = 0; i < kMonthNames.size(); ++i) {
    if (lower == kMonthNames[i] || (lower == kMonthNames[i].substr(0, 3)) ||
        (i == 8 && lower == "sept")) {
      return static_cast<int>(i) + 1;
    }
  }
  return 0;
}

const std::set<std::string>& NumberWords() {
  static const std::set<std::string> kWords = {
      "two",        "three",     "four",     "five",     "six",      "seven",     "eight",
      "nine",       "ten",       "eleven",   "twelve",   "thirteen", "fourteen",  "fifteen",
      "sixteen",    "seventeen", "eighteen", "nineteen", "twenty",   "thirty",    "forty",
      "fifty",      "sixty",     "seventy",  "eighty",   "ninety",   "hundred",   "hundreds",
      "thousand",   "thousands", "million",  "millions", "billion",  "billions",  "half",
      "halved",     "halves",    "twice",    "double",   "doubled",  "doubles",   "doubling",
      "triple",     "tripled",   "thrice",   "quarter",  "quarters", "third",     "thirds",
      "dozen",      "dozens",    "percent",  "tenfold",  "twofold",  "threefold", "zero",
      "quadrupled", "fifth",     "tenth"};
  return kWords;
}

int SmallNumber(const std::string& word) {
  static constexpr std::array<std::string_view, 11> kSmall = {
      "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"};
  const auto at = std::ranges::find(kSmall, std::string_view(word));
  return at == kSmall.end() ? 0 : static_cast<int>(at - kSmall.begin()) + 2;
}

bool IsRounding(double value, const Reading& said) {
  value = std::abs(value);
  const double text = std::abs(said.value);
  if (Near(value, text)) return true;
  // Half away from zero and half to even both occur; half a unit of the last digit covers both.
  const double unit = std::pow(10.0, -said.decimals);
  const bool rounded = std::abs(value - text) <= 0.5 * unit * (1 + 1e-9);
  const double digits = text > 0 ? std::floor(std::log10(text)) + 1 + said.decimals : 0;
  if (rounded && digits >= 2) return true;
  // Whole numbers that end in zeros are rounded further up: 12,300 for 12,345.
  if (said.decimals > 0 || text == 0) return false;
  for (int zeros = 1; zeros <= 12; ++zeros) {
    const double step = std::pow(10.0, zeros);
    if (!Near(std::fmod(text, step), 0)) return false;
    if (text / step < 10) return false;  // one digit would be left
    if (std::abs(value - text) <= 0.5 * step) return true;
  }
  return false;
}

std::size_t SkipSpaces(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (text[at] == ' ') {
      ++at;
    } else if (text.substr(at).starts_with("\u00a0")) {
      at += 2;
    } else if (text.substr(at).starts_with("\u202f")) {
      at += 3;
    } else {
      break;
    }
  }
  return at;
}
std::string WordAt(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && IsAsciiLetter(text[end])) ++end;
  return std::string(text.substr(at, end - at));
}

Token ReadToken(std::string_view text, std::size_t at) {
  Token token;
  token.begin = at;
  std::string digits;
  while (at < text.size()) {
    if (IsDigit(text[at])) {
      digits += text[at++];
      continue;
    }
    // A separator stands between digits; a space, of any width, before exactly three of them.
    std::size_t width = 0;
    char mark = ' ';
    if (text[at] == ',' || text[at] == '.' || text[at] == '\'') {
      width = 1;
      mark = text[at];
    } else if (text.substr(at).starts_with("\u00a0")) {
      width = 2;
    } else if (text.substr(at).starts_with("\u202f") || text.substr(at).starts_with("\u2009")) {
      width = 3;
    } else if (text.substr(at).starts_with("’")) {
      width = 3;
      mark = '\'';
    }
    if (width == 0 || at + width >= text.size() || !IsDigit(text[at + width])) break;
    if (mark == ' ') {
      std::size_t three = at + width;
      while (three < text.size() && IsDigit(text[three])) ++three;
      if (three - at - width != 3) break;
    }
    digits += mark;
    at += width;
  }
  token.end = at;
  token.readings = ReadingsOf(digits);
  // What stands before: a sign, a currency.
  std::size_t before = token.begin;
  const auto behind = [&](std::string_view what) {
    return before >= what.size() && text.substr(before - what.size(), what.size()) == what;
  };
  const auto step_back = [&] {
    while (behind(" ") || behind("\u00a0") || behind("\u202f")) {
      before -= behind(" ") ? 1 : behind("\u00a0") ? 2 : 3;
    }
  };
  const auto sign = [&] {
    for (const std::string_view minus : {"-", "−", "–"}) {
      // A dash between two things is no sign.
      const std::size_t from = before >= minus.size() ? before - minus.size() : 0;
      if (behind(minus) && (from == 0 || text[from - 1] == ' ' || text[from - 1] == '(')) {
        token.negative = true;
        before = from;
        return;
      }
    }
  };
  sign();
  const std::size_t kept = before;
  step_back();
  bool found = false;
  for (const Symbol& symbol : kSymbols) {
    if (!found && behind(symbol.text)) {
      token.currency = FindCurrency(symbol.code).value();
      before -= symbol.text.size();
      found = true;
    }
  }
  if (!found && behind("$")) {
    before -= 1;
    found = token.dollar = true;
  }
  if (!found && before >= 3) {
    const auto code = FindCurrency(text.substr(before - 3, 3));
    if (code && (before == 3 || !IsWordByte(text[before - 4]))) {
      token.currency = *code;
      before -= 3;
      found = true;
    }
  }
  if (!found) before = kept;
  if (found) sign();
  token.begin = before;
  // What stands behind: a scale, a percent sign, a currency, a unit of time.
  const auto ahead = [&](std::size_t from, std::string_view what) {
    return text.substr(from).starts_with(what);
  };
  const std::string glued = Lower(WordAt(text, token.end));
  if (glued == "k" || glued == "m" || glued == "bn") {
    token.scale = glued == "k" ? 1e3 : glued == "m" ? 1e6 : 1e9;
    token.end += glued.size();
  } else if (glued.empty()) {
    const std::size_t next = SkipSpaces(text, token.end);
    const std::string word = Lower(WordAt(text, next));
    if (word == "thousand" || word == "million" || word == "billion") {
      token.scale = word == "thousand" ? 1e3 : word == "million" ? 1e6 : 1e9;
      token.end = next + word.size();
    }
  }
  const std::size_t next = SkipSpaces(text, token.end);
  const std::string word = WordAt(text, next);
  if (ahead(next, "%")) {
    token.percent = true;
    token.end = next + 1;
  } else if (Lower(word) == "percent") {
    token.percent = true;
    token.end = next + word.size();
  } else if (!found) {
    for (const Symbol& symbol : kSymbols) {
      if (!ahead(next, symbol.text)) continue;
      token.currency = FindCurrency(symbol.code).value();
      token.end = next + symbol.text.size();
      break;
    }
    if (const auto code = FindCurrency(word); code && word.size() == 3) {
      token.currency = *code;
      token.end = next + 3;
    }
  }
  for (const std::string_view unit : kUnits) {
    if (Lower(word) == unit) token.unit = unit;
  }
  if (ahead(token.end, "-day")) token.unit = "days";
  return token;
}

}  // namespace maxopt::grounding
