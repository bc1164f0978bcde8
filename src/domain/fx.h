#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "money/money.h"
#include "result/result.h"

/// Rates of exchange. They are given by a person (maxopt fx import) and never guessed: a pair
/// without a rate is an error and never 1.
namespace maxopt {

/// One unit of `from` was worth `rate` units of `to` on `day`.
struct FxRate {
  Day day;
  Currency from;
  Currency to;
  std::string rate;      ///< decimal text, above 0, at most 1000000, at most 12 decimals: "1.0873"
  std::string source{};  ///< where it comes from; empty on loading: the load's
  friend bool operator==(const FxRate&, const FxRate&) = default;
};

/// Days after which a rate has been missed: markets are closed for weekends and holidays of up to
/// four days in a row.
inline constexpr int kRateAgeMaxDays = 7;

/// How amounts of one currency become amounts of another: one unit of `from` is num / den units of
/// `to`, exactly.
struct Exchange {
  Currency from = kNoCurrency, to = kNoCurrency;
  std::int64_t num = 1, den = 1;  ///< above 0
  std::optional<FxRate> rate{};   ///< as it was given; absent: one currency, nothing is converted
  bool inverted = false;          ///< `rate` is of the other direction
  int age_days = 0;               ///< of the rate on the day that was asked for
  double real() const { return static_cast<double>(num) / static_cast<double>(den); }
  friend bool operator==(const Exchange&, const Exchange&) = default;
};

/// Computed from the decimal text in integers, rounded up to the micro: what is held against a
/// limit is never told too small. kInvalidArgument: an amount that is not of `exchange.from`, or
/// beyond what can be counted.
Result<Money> Convert(Money money, const Exchange& exchange);

/// "1 CHF = 1.05 EUR (rate of 2026-02-27, import rates.csv)"; of an inverse "1 EUR = 0.95 CHF
/// (...)", as it was given.
std::string PrintExchange(const Exchange& exchange);

/// The same, and what to do where the rate is older than `age_max_days`.
std::string ExchangeNote(const Exchange& exchange, int age_max_days);

/// What `rate` says, as a fraction. kInvalidArgument: no such decimal text, named.
struct RateValue {
  std::int64_t num, den;  ///< num at most 10^18, den a power of ten up to 10^12
};
Result<RateValue> ParseRate(const FxRate& rate);

/// The rates that are known on a day.
class FxRates {
 public:
  FxRates() = default;  ///< none
  /// Of each direction of each pair the newest of `day` or before it.
  FxRates(std::vector<FxRate> rates, Day day);

  /// By the newest rate of either direction; of one day the direct one goes first, and where only
  /// the opposite is known its inverse is used, exactly. kInvalidArgument: no rate of the day or
  /// before it (which pair, where to write it, an example), a rate that is no rate, or two that
  /// differ for one day.
  Result<Exchange> Find(Currency from, Currency to) const;

  const std::vector<FxRate>& all() const { return rates_; }
  Day day() const { return day_; }
  friend bool operator==(const FxRates&, const FxRates&) = default;

 private:
  std::vector<FxRate> rates_;
  Day day_{};
};

}  // namespace maxopt
