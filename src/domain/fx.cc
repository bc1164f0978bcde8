#include "domain/fx.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace maxopt {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t kRateMost = 1'000'000;
constexpr int kRateDecimals = 12;
/// Sums of many converted amounts stay within what Money holds.
constexpr std::int64_t kConvertedMost = std::numeric_limits<std::int64_t>::max() / 64;

}  // namespace

Result<RateValue> ParseRate(const FxRate& rate) {
  const auto wrong = [&](std::string_view what) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("rate {} to {} of {}: \"{}\" {}", rate.from.name(), rate.to.name(),
                            PrintDay(rate.day), rate.rate.substr(0, 40), what));
  };
  Wide num = 0;
  std::int64_t den = 1;
  bool point = false, digit = false;
  int decimals = 0;
  for (const char c : rate.rate) {
    if (c == '.' && !point && digit) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') {
      return wrong("is no decimal number above 0, such as 1.05");
    }
    digit = true;
    if (point && ++decimals > kRateDecimals) return wrong("has more than 12 decimals");
    num = num * 10 + (c - '0');
    if (point) den *= 10;
    if (num > static_cast<Wide>(kRateMost) * den) return wrong("is above 1000000");
  }
  if (!digit || (point && decimals == 0)) {
    return wrong("is no decimal number above 0, such as 1.05");
  }
  if (num == 0) return wrong("must be above 0");
  return RateValue{static_cast<std::int64_t>(num), den};
}

Result<Money> Convert(Money money, const Exchange& exchange) {
  if (!exchange.rate && exchange.from == exchange.to &&
      (exchange.from == money.currency() || exchange.from == kNoCurrency)) {
    return money;
  }
  if (money.currency() != exchange.from) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is converted by a rate from {} to {}", PrintMoney(money),
                            exchange.from.name(), exchange.to.name()));
  }
  const Wide scaled = static_cast<Wide>(money.micros()) * exchange.num;
  Wide micros = scaled / exchange.den;  // towards zero, so negative amounts are rounded up
  if (scaled > 0 && scaled % exchange.den != 0) ++micros;
  if (micros > kConvertedMost || micros < -kConvertedMost) {
    return Fail(Errc::kInvalidArgument, fmt::format("{} in {} is beyond what can be counted",
                                                    PrintMoney(money), exchange.to.name()));
  }
  return Money::Micros(static_cast<std::int64_t>(micros), exchange.to);
}

std::string PrintExchange(const Exchange& exchange) {
  if (!exchange.rate) return fmt::format("{} is not converted", exchange.from.name());
  const FxRate& rate = *exchange.rate;
  return fmt::format("1 {} = {} {} (rate of {}{})", rate.from.name(), rate.rate, rate.to.name(),
                     PrintDay(rate.day), rate.source.empty() ? "" : ", " + rate.source);
}

std::string ExchangeNote(const Exchange& exchange, int age_max_days) {
  std::string out = fmt::format("amounts in {} are converted to {} at {}", exchange.from.name(),
                                exchange.to.name(), PrintExchange(exchange));
  if (exchange.age_days > age_max_days) {
    out += fmt::format(
        "; it is {} days old, more than the {} that are allowed: load a newer one "
        "with maxopt fx import",
        exchange.age_days, age_max_days);
  }
  return out;
}

FxRates::FxRates(std::vector<FxRate> rates, Day day) : rates_(std::move(rates)), day_(day) {
  std::erase_if(rates_, [&](const FxRate& rate) { return rate.day > day; });
  std::sort(rates_.begin(), rates_.end(), [](const FxRate& a, const FxRate& b) {
    return std::tie(a.from, a.to, b.day, a.rate) < std::tie(b.from, b.to, a.day, b.rate);
  });
  // Of each direction those of its newest day: more than one where they contradict each other.
  std::vector<FxRate> newest;
  for (FxRate& rate : rates_) {
    const auto same = [&](const FxRate& other) {
      return other.from == rate.from && other.to == rate.to;
    };
    if (!newest.empty() && same(newest.back()) && newest.back().day != rate.day) continue;
    newest.push_back(std::move(rate));
  }
  rates_ = std::move(newest);
}

Result<Exchange> FxRates::Find(Currency from, Currency to) const {
  if (from == to) return Exchange{from, to};
  if (from == kNoCurrency || to == kNoCurrency) {
    return Fail(Errc::kInvalidArgument, "amounts that name no currency are never converted");
  }
  const std::string pair = fmt::format("from {} to {}", from.name(), to.name());
  const FxRate* best = nullptr;
  bool inverted = false;
  for (const FxRate& rate : rates_) {
    const bool direct = rate.from == from && rate.to == to;
    if (!direct && !(rate.from == to && rate.to == from)) continue;
    if (best == nullptr || rate.day > best->day || (rate.day == best->day && direct && inverted)) {
      best = &rate;
      inverted = !direct;
    }
  }
  if (best == nullptr) {
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("there is no rate {} of {} or before it; write it into a CSV file with the "
                    "header day,from,to,rate and a line such as {},{},{},1.05 (where 1 {} is worth "
                    "1.05 {}), and load it with maxopt fx import FILE",
                    pair, PrintDay(day_), PrintDay(day_), from.name(), to.name(), from.name(),
                    to.name()));
  }
  MAXOPT_TRY(const RateValue value, ParseRate(*best));
  for (const FxRate& other : rates_) {
    if (other.day != best->day || other.from != best->from || other.to != best->to) continue;
    MAXOPT_TRY(const RateValue second, ParseRate(other));
    if (static_cast<Wide>(second.num) * value.den != static_cast<Wide>(value.num) * second.den) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("there are two rates {} of {}: {} and {}", pair, PrintDay(best->day),
                              std::min(best->rate, other.rate), std::max(best->rate, other.rate)));
    }
  }
  return Exchange{from,
                  to,
                  inverted ? value.den : value.num,
                  inverted ? value.num : value.den,
                  *best,
                  inverted,
                  static_cast<int>((day_ - best->day).count())};
}

}  // namespace maxopt
