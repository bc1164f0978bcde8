#include "memory/facts/books.h"

#include <fmt/format.h>

namespace maxopt {

Result<FxRates> RatesOn(FactStore& facts, Day day) {
  MAXOPT_TRY(std::vector<FxRate> rates, facts.Fx(Day{}, day, std::nullopt));
  return FxRates(std::move(rates), day);
}

Result<Books> ReadBooks(FactStore& facts, const std::string& client, Currency currency, Day from,
                        Day to, const FxRates& rates) {
  MAXOPT_TRY(const std::vector<KpiRow> rows, facts.Kpi(client, from, to, std::nullopt));
  Books out;
  for (const KpiRow& row : rows) {
    double rate = 1;
    if (row.currency != currency) {
      auto at = out.exchanges.find(row.currency);
      if (at == out.exchanges.end()) {
        auto found = rates.Find(row.currency, currency);
        if (!found) {
          return Fail(Errc::kRefused, fmt::format("orders are in {}, client \"{}\" is in {}: {}",
                                                  row.currency.name(), client, currency.name(),
                                                  found.error().what));
        }
        at = out.exchanges.emplace(row.currency, std::move(*found)).first;
      }
      rate = at->second.real();
    }
    Books::OnDay& day = out.days[row.day];
    day.orders += row.orders;
    day.revenue += rate * static_cast<double>(row.revenue.micros()) / 1e6;
  }
  return out;
}

}  // namespace maxopt
