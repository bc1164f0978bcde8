#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "result/result.h"

namespace maxopt {

/// ISO 4217 alphabetic code. Only Find() and the constants below make one, so every Currency is one
/// that the table in money.cc knows.
struct Currency {
  std::array<char, 3> code;
  constexpr std::string_view name() const { return {code.data(), code.size()}; }
  friend constexpr bool operator==(Currency, Currency) = default;
  friend constexpr auto operator<=>(Currency, Currency) = default;
};
inline constexpr Currency kEur{{'E', 'U', 'R'}};
inline constexpr Currency kUsd{{'U', 'S', 'D'}};
inline constexpr Currency kGbp{{'G', 'B', 'P'}};
inline constexpr Currency kJpy{{'J', 'P', 'Y'}};
inline constexpr Currency kTwd{{'T', 'W', 'D'}};
/// ISO 4217's own code for "no currency": imported rows whose file names none. They sum with
/// themselves, are shown as such, and are never decided on.
inline constexpr Currency kNoCurrency{{'X', 'X', 'X'}};

/// Exactly three capital letters of a currency in use; kInvalidArgument otherwise ("JPN", "eur").
/// "XXX" is refused too: kNoCurrency is only ever chosen on purpose.
Result<Currency> FindCurrency(std::string_view code);

/// Whose table says how many decimals the smallest unit of a currency has. A platform's exponents
/// are not ISO 4217's: Meta counts TWD, HUF, IDR, COP, CRC in whole units.
enum class MinorUnits { kIso4217, kMeta };

/// Decimals of the smallest unit: EUR 2, JPY 0, KWD 3; under kMeta TWD 0. 0..4.
/// kInvalidArgument for a currency that the platform's table does not know (fail closed).
Result<int> MinorUnitDecimals(Currency currency, MinorUnits table);

/// Exact amount of one currency; 1'000'000 micros = 1 unit. No double in or out.
/// Two currencies meeting here, and overflow, are our bug, so they stop the process: what comes
/// from outside is checked and converted by ParseMoney and MoneyFromMinor.
class Money {
 public:
  static constexpr Money Micros(std::int64_t micros, Currency c) { return Money(micros, c); }
  static constexpr Money Zero(Currency c) { return Money(0, c); }
  constexpr std::int64_t micros() const { return micros_; }
  constexpr Currency currency() const { return currency_; }

  friend constexpr Money operator+(Money a, Money b) {
    std::int64_t sum = 0;
    if (a.currency_ != b.currency_ || __builtin_add_overflow(a.micros_, b.micros_, &sum)) Bug();
    return Money(sum, a.currency_);
  }
  friend constexpr Money operator-(Money a, Money b) {
    std::int64_t difference = 0;
    if (a.currency_ != b.currency_ || __builtin_sub_overflow(a.micros_, b.micros_, &difference)) {
      Bug();
    }
    return Money(difference, a.currency_);
  }
  constexpr Money& operator+=(Money b) { return *this = *this + b; }
  constexpr Money& operator-=(Money b) { return *this = *this - b; }
  friend constexpr std::strong_ordering operator<=>(Money a, Money b) {
    if (a.currency_ != b.currency_) Bug();
    return a.micros_ <=> b.micros_;
  }
  /// Unlike <=>, unequal currencies are simply unequal, so that values can be compared for change.
  friend constexpr bool operator==(Money a, Money b) = default;

  constexpr bool negative() const { return micros_ < 0; }
  constexpr bool zero() const { return micros_ == 0; }

  /// Rounds toward zero, so n shares never exceed the whole. n >= 1.
  constexpr Money SplitEvenly(std::int64_t n) const {
    if (n < 1) Bug();
    return Money(micros_ / n, currency_);
  }
  /// Exact; overflow is a bug.
  constexpr Money Times(std::int64_t n) const {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(micros_, n, &product)) Bug();
    return Money(product, currency_);
  }
  /// Rounds toward zero. 10'000 basis points = 1.
  constexpr Money TimesBp(std::int64_t basis_points) const {
    __extension__ using Wide = __int128;
    const Wide scaled = static_cast<Wide>(micros_) * basis_points / 10'000;
    if (scaled > INT64_MAX || scaled < INT64_MIN) Bug();
    return Money(static_cast<std::int64_t>(scaled), currency_);
  }

 private:
  constexpr Money(std::int64_t micros, Currency c) : micros_(micros), currency_(c) {}
  std::int64_t micros_;
  Currency currency_;
};

/// "1234.56" -> exact. Grammar: -?[0-9]+(\.[0-9]{1,6})? in ASCII and nothing else: no sign +, no
/// exponent, no space, no separator, no "inf"/"nan", no other scripts' digits.
/// kInvalidArgument names the text and says what is wrong; out of int64 micros likewise.
Result<Money> ParseMoney(std::string_view decimal, Currency currency);

/// Like ParseMoney, for numbers that other programs printed through floating point
/// ("1.429999948"): further decimals are rounded half to even at the sixth. `rounded` says so.
struct RoundedMoney {
  Money money;
  bool rounded;
};
Result<RoundedMoney> ParseMoneyRounding(std::string_view decimal, Currency currency);

/// Decimal text with at least ISO 4217's decimals and as many more as are needed to be exact:
/// "58705.23", JPY "5000", micros 1 of EUR "0.000001". ParseMoney reads it back to the same value.
std::string PrintDecimal(Money money);
/// PrintDecimal and the code: "58705.23 EUR".
std::string PrintMoney(Money money);

/// Amount in the platform's smallest unit; kInvalidArgument when it is not a whole number of them
/// (a budget is never silently rounded) or the table does not know the currency.
Result<std::int64_t> ToMinor(Money money, MinorUnits table);
/// The inverse; kInvalidArgument on overflow or an unknown currency.
Result<Money> MoneyFromMinor(std::int64_t minor, Currency currency, MinorUnits table);
/// Largest amount <= money (towards zero) that is a whole number of minor units.
Result<Money> FloorToMinor(Money money, MinorUnits table);

}  // namespace maxopt
