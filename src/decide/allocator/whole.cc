#include "decide/allocator/whole.h"

#include <algorithm>
#include <numeric>

namespace maxopt {

Result<UnitPrice> PriceOfUnit(const Exchange& exchange, MinorUnits table) {
  MAXOPT_TRY(const int decimals, MinorUnitDecimals(exchange.from, table));
  UnitPrice price{exchange.num, exchange.den};
  for (int i = decimals; i < 6; ++i) price.num *= 10;
  return price;
}

std::vector<std::int64_t> WholeUnits(
    const std::vector<WholePart>& parts, std::int64_t total,
    const std::function<double(std::size_t part, double at, double step)>& worth) {
  using Wide = UnitPrice::Wide;
  const std::size_t n = parts.size();
  std::vector<std::int64_t> minor(n);
  Wide spent = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const WholePart& part = parts[i];
    minor[i] = static_cast<std::int64_t>(
        std::clamp<Wide>(part.price.Bought(part.wanted), part.low, part.high));
    spent += part.price.Cost(minor[i]);
  }
  const auto price_of = [&](std::size_t i, Wide more) {
    return parts[i].price.Cost(minor[i] + more) - parts[i].price.Cost(minor[i]);
  };
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto sort = [&](bool up) {
    std::vector<double> worths(n);
    for (std::size_t i = 0; i < n; ++i) {
      const double price = parts[i].price.real() / 1e6;
      worths[i] = worth(i, static_cast<double>(minor[i]) * price, up ? price : -price);
    }
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      if (worths[a] != worths[b]) return up ? worths[a] > worths[b] : worths[a] < worths[b];
      return parts[a].id < parts[b].id;
    });
  };
  // Bounds that were rounded up may have cost a little too much.
  while (spent > total) {
    sort(false);
    const auto taken = std::find_if(order.begin(), order.end(),
                                    [&](std::size_t i) { return minor[i] > parts[i].low; });
    if (taken == order.end()) break;
    spent += price_of(*taken, -1);
    --minor[*taken];
  }
  Wide left = total - spent;
  for (int round = 0; left > 0; ++round) {
    sort(true);
    bool given = false;
    for (const std::size_t i : order) {
      Wide more = 1;
      // One each at first; what then still fits is small change, and the best has it.
      if (round >= 3) more = std::max<Wide>(1, parts[i].price.Bought(left - 1));
      more = std::min<Wide>(more, parts[i].high - minor[i]);
      if (more < 1 || price_of(i, more) > left) continue;
      left -= price_of(i, more);
      minor[i] += static_cast<std::int64_t>(more);
      given = true;
    }
    if (!given) break;
  }
  return minor;
}

}  // namespace maxopt
