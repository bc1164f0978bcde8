#pragma once
#include <map>
#include <string>

#include "domain/fx.h"
#include "memory/facts/facts.h"

/// The client's own books in one currency.
namespace maxopt {

/// The newest rates of `day` or before it. Errors: our own memory's.
Result<FxRates> RatesOn(FactStore& facts, Day day);

struct Books {
  struct OnDay {
    std::int64_t orders = 0;
    double revenue = 0;  ///< units of the currency that was asked for
  };
  std::map<Day, OnDay> days;               ///< those that are known
  std::map<Currency, Exchange> exchanges;  ///< of what is booked in other currencies
};
/// What a shop books in other currencies is converted by the one rate of `rates`, every day by the
/// same, so that a day's revenue moves with sales and not with the market.
/// Errors: kRefused without a rate, saying which; our own memory's.
Result<Books> ReadBooks(FactStore& facts, const std::string& client, Currency currency, Day from,
                        Day to, const FxRates& rates);

}  // namespace maxopt
