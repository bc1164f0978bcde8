#include "money/money.h"

#include <fmt/format.h>

#include <iterator>
#include <limits>

namespace maxopt {
namespace {

struct IsoEntry {
  std::string_view code;
  int decimals;
};

/// ISO 4217, list one: currencies and fund codes in use, with their minor units. Precious metals,
/// test codes and XXX have none and are left out. ANG and BGN are no longer legal tender, but
/// reports of past years still carry them.
constexpr IsoEntry kIso4217[] = {
    {"AED", 2}, {"AFN", 2}, {"ALL", 2}, {"AMD", 2}, {"ANG", 2}, {"AOA", 2}, {"ARS", 2}, {"AUD", 2},
    {"AWG", 2}, {"AZN", 2}, {"BAM", 2}, {"BBD", 2}, {"BDT", 2}, {"BGN", 2}, {"BHD", 3}, {"BIF", 0},
    {"BMD", 2}, {"BND", 2}, {"BOB", 2}, {"BOV", 2}, {"BRL", 2}, {"BSD", 2}, {"BTN", 2}, {"BWP", 2},
    {"BYN", 2}, {"BZD", 2}, {"CAD", 2}, {"CDF", 2}, {"CHE", 2}, {"CHF", 2}, {"CHW", 2}, {"CLF", 4},
    {"CLP", 0}, {"CNY", 2}, {"COP", 2}, {"COU", 2}, {"CRC", 2}, {"CUP", 2}, {"CVE", 2}, {"CZK", 2},
    {"DJF", 0}, {"DKK", 2}, {"DOP", 2}, {"DZD", 2}, {"EGP", 2}, {"ERN", 2}, {"ETB", 2}, {"EUR", 2},
    {"FJD", 2}, {"FKP", 2}, {"GBP", 2}, {"GEL", 2}, {"GHS", 2}, {"GIP", 2}, {"GMD", 2}, {"GNF", 0},
    {"GTQ", 2}, {"GYD", 2}, {"HKD", 2}, {"HNL", 2}, {"HTG", 2}, {"HUF", 2}, {"IDR", 2}, {"ILS", 2},
    {"INR", 2}, {"IQD", 3}, {"IRR", 2}, {"ISK", 0}, {"JMD", 2}, {"JOD", 3}, {"JPY", 0}, {"KES", 2},
    {"KGS", 2}, {"KHR", 2}, {"KMF", 0}, {"KPW", 2}, {"KRW", 0}, {"KWD", 3}, {"KYD", 2}, {"KZT", 2},
    {"LAK", 2}, {"LBP", 2}, {"LKR", 2}, {"LRD", 2}, {"LSL", 2}, {"LYD", 3}, {"MAD", 2}, {"MDL", 2},
    {"MGA", 2}, {"MKD", 2}, {"MMK", 2}, {"MNT", 2}, {"MOP", 2}, {"MRU", 2}, {"MUR", 2}, {"MVR", 2},
    {"MWK", 2}, {"MXN", 2}, {"MXV", 2}, {"MYR", 2}, {"MZN", 2}, {"NAD", 2}, {"NGN", 2}, {"NIO", 2},
    {"NOK", 2}, {"NPR", 2}, {"NZD", 2}, {"OMR", 3}, {"PAB", 2}, {"PEN", 2}, {"PGK", 2}, {"PHP", 2},
    {"PKR", 2}, {"PLN", 2}, {"PYG", 0}, {"QAR", 2}, {"RON", 2}, {"RSD", 2}, {"RUB", 2}, {"RWF", 0},
    {"SAR", 2}, {"SBD", 2}, {"SCR", 2}, {"SDG", 2}, {"SEK", 2}, {"SGD", 2}, {"SHP", 2}, {"SLE", 2},
    {"SOS", 2}, {"SRD", 2}, {"SSP", 2}, {"STN", 2}, {"SVC", 2}, {"SYP", 2}, {"SZL", 2}, {"THB", 2},
    {"TJS", 2}, {"TMT", 2}, {"TND", 3}, {"TOP", 2}, {"TRY", 2}, {"TTD", 2}, {"TWD", 2}, {"TZS", 2},
    {"UAH", 2}, {"UGX", 0}, {"USD", 2}, {"USN", 2}, {"UYI", 0}, {"UYU", 2}, {"UYW", 4}, {"UZS", 2},
    {"VED", 2}, {"VES", 2}, {"VND", 0}, {"VUV", 0}, {"WST", 2}, {"XAF", 0}, {"XCD", 2}, {"XCG", 2},
    {"XOF", 0}, {"XPF", 0}, {"YER", 2}, {"ZAR", 2}, {"ZMW", 2}, {"ZWG", 2},
};

/// Currencies that Meta bills in whole units (its "offset 1"), ...
constexpr std::string_view kMetaWhole[] = {"CLP", "COP", "CRC", "HUF", "IDR", "ISK",
                                           "JPY", "KRW", "PYG", "TWD", "VND"};
/// ... and in hundredths. A currency in neither list is refused: a budget off by a factor of 100
/// is worse than an account that cannot be managed.
constexpr std::string_view kMetaHundredths[] = {
    "AED", "ARS", "AUD", "BDT", "BGN", "BOB", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK",
    "DZD", "EGP", "EUR", "GBP", "GTQ", "HKD", "HNL", "ILS", "INR", "KES", "LKR", "MOP",
    "MXN", "MYR", "NGN", "NIO", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "QAR", "RON",
    "SAR", "SEK", "SGD", "THB", "TRY", "UAH", "USD", "UYU", "ZAR",
};

constexpr std::int8_t kUnknown = -1;
constexpr std::size_t kLetters = 26;
/// Decimals by code, so that a look-up is one array access: money is printed millions of times.
using DecimalsByCode = std::array<std::int8_t, kLetters * kLetters * kLetters>;

constexpr bool IsCode(std::string_view code) {
  if (code.size() != 3) return false;
  for (const char c : code) {
    if (c < 'A' || c > 'Z') return false;
  }
  return true;
}
constexpr std::size_t IndexOf(std::string_view code) {
  std::size_t index = 0;
  for (const char c : code) index = index * kLetters + static_cast<std::size_t>(c - 'A');
  return index;
}
constexpr DecimalsByCode MakeIso() {
  DecimalsByCode table{};
  for (std::int8_t& decimals : table) decimals = kUnknown;
  for (const IsoEntry& entry : kIso4217) {
    table[IndexOf(entry.code)] = static_cast<std::int8_t>(entry.decimals);
  }
  return table;
}
constexpr DecimalsByCode MakeMeta() {
  DecimalsByCode table{};
  for (std::int8_t& decimals : table) decimals = kUnknown;
  for (const std::string_view code : kMetaWhole) table[IndexOf(code)] = 0;
  for (const std::string_view code : kMetaHundredths) table[IndexOf(code)] = 2;
  return table;
}
constexpr DecimalsByCode kIsoDecimals = MakeIso();
constexpr DecimalsByCode kMetaDecimals = MakeMeta();

std::int8_t DecimalsOf(Currency currency, MinorUnits table) {
  if (!IsCode(currency.name())) return kUnknown;
  switch (table) {
    case MinorUnits::kIso4217:
      return kIsoDecimals[IndexOf(currency.name())];
    case MinorUnits::kMeta:
      return kMetaDecimals[IndexOf(currency.name())];
  }
  Bug();
}

constexpr int kMicroDecimals = 6;
constexpr std::int64_t kPowersOfTen[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000};
std::int64_t MicrosPerMinor(int decimals) {
  return kPowersOfTen[static_cast<std::size_t>(kMicroDecimals - decimals)];
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// The text as it may stand in an error: quoted, short, and plain ASCII whatever came in.
std::string Quoted(std::string_view text) {
  constexpr std::size_t kShown = 40;
  std::string out = "\"";
  for (const char c : text.substr(0, kShown)) {
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (text.size() > kShown) out += "...";
  return out + "\"";
}

std::string WhatIsWrong(std::string_view text) {
  if (text.empty()) return "it is empty";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return "only the ASCII digits 0-9 are taken";
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') return "there is white space in it";
    if (c == '+') return "a plus sign is not taken";
    if (c == ',') return "a comma is not taken, neither for thousands nor for decimals";
  }
  const std::string_view digits = text.front() == '-' ? text.substr(1) : text;
  if (digits.empty()) return "there are no digits";
  if (digits.front() == '.') return "there is no digit before the point";
  if (digits.back() == '.') return "there is no digit after the point";
  if (IsDigit(digits.front()) && digits.find_first_of("eE") != std::string_view::npos) {
    return "an exponent is not taken";
  }
  return "only digits with at most one point are taken";
}

std::unexpected<Error> NotMoney(std::string_view text, std::string_view why) {
  return Fail(
      Errc::kInvalidArgument,
      fmt::format("{} is not an amount of money: {}; write it like 1234.56", Quoted(text), why));
}
std::unexpected<Error> TooLarge(std::string_view text) {
  return NotMoney(text, "it is beyond 9223372036854.775807");
}
std::unexpected<Error> UnknownCurrency(Currency currency, MinorUnits table) {
  return Fail(
      Errc::kInvalidArgument,
      fmt::format("{} has no currency {}: its smallest unit is not known, so no amount is sent",
                  table == MinorUnits::kMeta ? "Meta's currency table" : "ISO 4217",
                  Quoted(currency.name())));
}

/// Appends a digit to a value kept at or below zero, so that INT64_MIN can be reached.
bool AppendDigit(std::int64_t& negative, char digit) {
  return !__builtin_mul_overflow(negative, 10, &negative) &&
         !__builtin_sub_overflow(negative, digit - '0', &negative);
}

enum class Surplus { kRefuse, kRoundHalfEven };

Result<RoundedMoney> Parse(std::string_view text, Currency currency, Surplus surplus) {
  const bool minus = !text.empty() && text.front() == '-';
  std::size_t at = minus ? 1 : 0;
  std::int64_t negative = 0;
  const std::size_t first_digit = at;
  bool fits = true;
  for (; at < text.size() && IsDigit(text[at]); ++at) {
    fits = fits && AppendDigit(negative, text[at]);
  }
  if (at == first_digit) return NotMoney(text, WhatIsWrong(text));
  int decimals = 0;
  bool rounded = false;
  bool away_from_zero = false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    const std::size_t point = at;
    for (; at < text.size() && IsDigit(text[at]) && decimals < kMicroDecimals; ++at, ++decimals) {
      fits = fits && AppendDigit(negative, text[at]);
    }
    if (at == point) return NotMoney(text, WhatIsWrong(text));
    if (at < text.size() && IsDigit(text[at])) {
      const char seventh = text[at];
      bool more = false;
      for (++at; at < text.size() && IsDigit(text[at]); ++at) more = more || text[at] != '0';
      if (at == text.size() && surplus == Surplus::kRefuse) {
        return NotMoney(text, "more than six decimals");
      }
      rounded = more || seventh != '0';
      const bool last_is_odd = negative % 2 != 0;
      away_from_zero = seventh > '5' || (seventh == '5' && (more || last_is_odd));
    }
  }
  if (at != text.size()) return NotMoney(text, WhatIsWrong(text));
  for (; decimals < kMicroDecimals; ++decimals) fits = fits && AppendDigit(negative, '0');
  if (away_from_zero) fits = fits && !__builtin_sub_overflow(negative, 1, &negative);
  if (!fits || (!minus && negative == std::numeric_limits<std::int64_t>::min())) {
    return TooLarge(text);
  }
  return RoundedMoney{Money::Micros(minus ? negative : -negative, currency), rounded};
}

}  // namespace

Result<Currency> FindCurrency(std::string_view code) {
  if (!IsCode(code) || kIsoDecimals[IndexOf(code)] == kUnknown) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is not a currency in use; write an ISO 4217 code in capitals, like "
                            "EUR, USD or JPY",
                            Quoted(code)));
  }
  return Currency{{code[0], code[1], code[2]}};
}

Result<int> MinorUnitDecimals(Currency currency, MinorUnits table) {
  const std::int8_t decimals = DecimalsOf(currency, table);
  if (decimals == kUnknown) return UnknownCurrency(currency, table);
  return decimals;
}

Result<Money> ParseMoney(std::string_view decimal, Currency currency) {
  MAXOPT_TRY(const RoundedMoney parsed, Parse(decimal, currency, Surplus::kRefuse));
  return parsed.money;
}

Result<RoundedMoney> ParseMoneyRounding(std::string_view decimal, Currency currency) {
  return Parse(decimal, currency, Surplus::kRoundHalfEven);
}

std::string PrintDecimal(Money money) {
  // kNoCurrency has no exponent of its own; two decimals are what people expect of money.
  constexpr int kUsualDecimals = 2;
  const std::int8_t known = DecimalsOf(money.currency(), MinorUnits::kIso4217);
  const int decimals_min = known == kUnknown ? kUsualDecimals : known;

  std::uint64_t rest = money.negative() ? 0 - static_cast<std::uint64_t>(money.micros())
                                        : static_cast<std::uint64_t>(money.micros());
  char buffer[24];  // the longest is "-9223372036854.775808", 21 characters
  char* const end = std::end(buffer);
  char* begin = end;
  bool wanted = false;
  for (int decimal = kMicroDecimals; decimal > 0; --decimal) {
    const char digit = static_cast<char>('0' + rest % 10);
    rest /= 10;
    wanted = wanted || digit != '0' || decimal <= decimals_min;
    if (wanted) *--begin = digit;
  }
  if (wanted) *--begin = '.';
  do {
    *--begin = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (money.negative()) *--begin = '-';
  return {begin, end};
}

std::string PrintMoney(Money money) {
  std::string text = PrintDecimal(money);
  text += ' ';
  text += money.currency().name();
  return text;
}

Result<std::int64_t> ToMinor(Money money, MinorUnits table) {
  MAXOPT_TRY(const int decimals, MinorUnitDecimals(money.currency(), table));
  const std::int64_t unit = MicrosPerMinor(decimals);
  if (money.micros() % unit != 0) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is not a whole number of the platform's smallest unit ({}); choose "
                            "an amount that is",
                            PrintMoney(money), PrintMoney(Money::Micros(unit, money.currency()))));
  }
  return money.micros() / unit;
}

Result<Money> MoneyFromMinor(std::int64_t minor, Currency currency, MinorUnits table) {
  MAXOPT_TRY(const int decimals, MinorUnitDecimals(currency, table));
  std::int64_t micros = 0;
  if (__builtin_mul_overflow(minor, MicrosPerMinor(decimals), &micros)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} smallest units of {} are beyond what money can hold", minor,
                            currency.name()));
  }
  return Money::Micros(micros, currency);
}

Result<Money> FloorToMinor(Money money, MinorUnits table) {
  MAXOPT_TRY(const int decimals, MinorUnitDecimals(money.currency(), table));
  return Money::Micros(money.micros() - money.micros() % MicrosPerMinor(decimals),
                       money.currency());
}

}  // namespace maxopt
