#include "decide/allocator/accounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace maxopt {
namespace {

__extension__ using Wide = __int128;

/// One minor unit of a currency in micros of the client's: num / den.
struct Price {
  Wide num, den;
  double real() const { return static_cast<double>(num) / static_cast<double>(den); }
};
/// Rounded up; amounts are >= 0.
Wide Cost(Wide minor, const Price& price) {
  return (minor * price.num + price.den - 1) / price.den;
}

Result<Price> ParseRate(const DatedRate& rate) {
  const auto wrong = [&](std::string_view what) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("rate {} to {} of {}: \"{}\" {}", rate.from.name(), rate.to.name(),
                            PrintDay(rate.day), rate.rate, what));
  };
  Wide num = 0, den = 1;
  bool point = false, digit = false;
  int decimals = 0;
  for (const char c : rate.rate) {
    if (c == '.' && !point && digit) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') return wrong("is no decimal number");
    digit = true;
    if (point && ++decimals > 12) return wrong("has more than 12 decimals");
    num = num * 10 + (c - '0');
    if (point) den *= 10;
    if (num > static_cast<Wide>(1'000'000) * 1'000'000'000'000) return wrong("is above 1000000");
  }
  if (!digit || (point && decimals == 0)) return wrong("is no decimal number");
  if (num == 0) return wrong("must be above 0");
  if (num > 1'000'000 * den) return wrong("is above 1000000");
  return Price{num, den};
}

std::int64_t TenTo(int n) {
  std::int64_t out = 1;
  while (n-- > 0) out *= 10;
  return out;
}

class Accounts {
 public:
  explicit Accounts(const AccountsProblem& problem)
      : problem_(problem), client_(problem.total.currency()) {}

  Result<AccountsAnswer> Run() {
    MAXOPT_CHECK(Read());
    BudgetProblem budget;
    budget.decimals = 6;
    budget.budget = static_cast<double>(problem_.total.micros()) / 1e6;
    budget.target = problem_.target;
    for (std::size_t i = 0; i < n_; ++i) {
      const AccountsProblem::Channel& channel = problem_.channels[i];
      BudgetProblem::Channel& to = budget.channels.emplace_back();
      to.id = channel.id;
      // A micro of slack: the bounds are kept exactly afterwards, in the account's own currency.
      to.min = std::max(0.0, std::floor(static_cast<double>(low_[i]) * price_[i].real() - 1)) / 1e6;
      if (channel.max) {
        to.max = std::ceil(static_cast<double>(high_[i]) * price_[i].real() + 1) / 1e6;
      }
      // Units of the client's currency for one of the account's.
      const double rate = price_[i].real() * static_cast<double>(TenTo(decimals_[i])) / 1e6;
      to.curve = Rescaled(channel.curve, rate);
    }
    MAXOPT_TRY(const BudgetAnswer answer, SplitBudget(budget));
    const Wide limit = std::min<Wide>(problem_.total.micros(), answer.sum);
    Round(budget, answer, limit);
    return Describe(budget, answer);
  }

 private:
  Result<> Read() {
    n_ = problem_.channels.size();
    if (n_ == 0) return Fail(Errc::kInvalidArgument, "no channel to give money to");
    if (problem_.total.negative()) {
      return Fail(Errc::kInvalidArgument, fmt::format("the total is {}; it must not be below 0",
                                                      PrintMoney(problem_.total)));
    }
    Wide least = 0, most = 0;
    bool bounded = true;
    for (const AccountsProblem::Channel& channel : problem_.channels) {
      MAXOPT_TRY(const int decimals, MinorUnitDecimals(channel.currency, channel.table));
      MAXOPT_TRY(Price price, PriceOf(channel));
      price.num *= TenTo(6 - decimals);
      std::int64_t low = 0, high = std::numeric_limits<std::int64_t>::max() / 4;
      if (channel.min) {
        MAXOPT_TRY(low, Bound(channel, *channel.min, "min"));
      }
      if (channel.max) {
        MAXOPT_TRY(high, Bound(channel, *channel.max, "max"));
      }
      if (high < low) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("channel {}: bounds {} to {} hold nothing", channel.id,
                                PrintMoney(*channel.min), PrintMoney(*channel.max)));
      }
      if (static_cast<double>(low) * static_cast<double>(price.num) > 1e37) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("channel {}: min {} is beyond what can be converted", channel.id,
                                PrintMoney(*channel.min)));
      }
      // No more than the total pays for.
      const Wide paid = static_cast<Wide>(problem_.total.micros()) * price.den / price.num;
      bounded = bounded && channel.max && high <= paid;
      high = static_cast<std::int64_t>(std::min<Wide>(high, std::max<Wide>(paid, low)));
      least += Cost(low, price);
      most += Cost(high, price);
      decimals_.push_back(decimals);
      price_.push_back(price);
      low_.push_back(low);
      high_.push_back(high);
    }
    const Wide total = problem_.total.micros();
    if (least > total) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("infeasible: the minima come to {} after conversion, the total is {}: "
                      "{} too much",
                      Client(least), Client(total), Client(least - total)));
    }
    if (bounded && most < total && !problem_.target) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("infeasible: the maxima come to {} after conversion, the total is {}: "
                      "{} cannot be placed",
                      Client(most), Client(total), Client(total - most)));
    }
    return {};
  }

  std::string Client(Wide micros) const {
    return PrintMoney(Money::Micros(static_cast<std::int64_t>(micros), client_));
  }

  static Result<std::int64_t> Bound(const AccountsProblem::Channel& channel, Money money,
                                    std::string_view which) {
    const std::string what = fmt::format("channel {}: {}", channel.id, which);
    if (money.currency() != channel.currency) {
      return Fail(Errc::kInvalidArgument, fmt::format("{} is {}, its account is in {}", what,
                                                      PrintMoney(money), channel.currency.name()));
    }
    if (money.negative()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} is {}: below 0", what, PrintMoney(money)));
    }
    auto minor = ToMinor(money, channel.table);
    if (!minor) return FailWithin(what, minor.error());
    if (*minor > 1'000'000'000'000'000) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} is {}: beyond what can be counted", what, PrintMoney(money)));
    }
    return *minor;
  }

  /// One unit of the channel's currency in units of the client's.
  Result<Price> PriceOf(const AccountsProblem::Channel& channel) {
    if (channel.currency == client_) return Price{1, 1};
    if (const auto known = used_.find(channel.currency); known != used_.end()) {
      return known->second.price;
    }
    const DatedRate* best = nullptr;
    const DatedRate* other = nullptr;  // of the same day and direction, to be compared
    for (const DatedRate& rate : problem_.rates) {
      const bool direct = rate.from == channel.currency && rate.to == client_;
      const bool inverse = rate.to == channel.currency && rate.from == client_;
      if ((!direct && !inverse) || rate.day > problem_.day) continue;
      const bool best_direct = best && best->to == client_;
      if (!best || rate.day > best->day || (rate.day == best->day && direct && !best_direct)) {
        best = &rate;
        other = nullptr;
      } else if (rate.day == best->day && direct == best_direct && rate.rate != best->rate) {
        other = &rate;
      }
    }
    const std::string pair = fmt::format("from {} to {}", channel.currency.name(), client_.name());
    if (!best) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("channel {}: there is no rate {} of {} or before it; maxopt fx import "
                      "brings one",
                      channel.id, pair, PrintDay(problem_.day)));
    }
    if ((problem_.day - best->day).count() > problem_.rate_age_days_max) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("channel {}: the newest rate {} is of {}, {} days before {}; {} are "
                      "allowed",
                      channel.id, pair, PrintDay(best->day), (problem_.day - best->day).count(),
                      PrintDay(problem_.day), problem_.rate_age_days_max));
    }
    MAXOPT_TRY(Price price, ParseRate(*best));
    if (other) {
      MAXOPT_TRY(const Price second, ParseRate(*other));
      if (second.num * price.den != price.num * second.den) {
        return Fail(
            Errc::kInvalidArgument,
            fmt::format("there are two rates {} of {}: {} and {}", pair, PrintDay(best->day),
                        std::min(best->rate, other->rate), std::max(best->rate, other->rate)));
      }
    }
    const bool inverted = best->to != client_;
    if (inverted) std::swap(price.num, price.den);
    used_.emplace(channel.currency, Used{price, *best, inverted});
    return price;
  }

  /// The same response to the same money, counted in the client's currency.
  static ResponseCurve Rescaled(ResponseCurve curve, double rate) {
    if (curve.family == ResponseCurve::Family::kPower) {
      curve.c *= std::pow(rate, -curve.a);
      return curve;
    }
    curve.k *= rate;
    curve.carried *= rate;
    for (auto& [x, y] : curve.points) x *= rate;
    return curve;
  }

  Wide Spent() const {
    Wide out = 0;
    for (std::size_t i = 0; i < n_; ++i) out += Cost(minor_[i], price_[i]);
    return out;
  }

  void Round(const BudgetProblem& budget, const BudgetAnswer& answer, Wide limit) {
    for (std::size_t i = 0; i < n_; ++i) {
      const Wide down = static_cast<Wide>(answer.minor[i]) * price_[i].den / price_[i].num;
      minor_.push_back(static_cast<std::int64_t>(std::clamp<Wide>(down, low_[i], high_[i])));
    }
    std::vector<std::size_t> order(n_);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto sort = [&](bool up) {
      std::vector<double> worth(n_);
      for (std::size_t i = 0; i < n_; ++i) {
        const double at = static_cast<double>(minor_[i]) * price_[i].real() / 1e6;
        const double step = (up ? 1 : -1) * price_[i].real() / 1e6;
        const double next = std::max(0.0, at + step);
        const ResponseCurve& curve = budget.channels[i].curve;
        worth[i] = (curve.At(next) - curve.At(at)) / step;
      }
      std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        if (worth[a] != worth[b]) return up ? worth[a] > worth[b] : worth[a] < worth[b];
        return problem_.channels[a].id < problem_.channels[b].id;
      });
    };
    // Bounds that were rounded up may have cost a little too much.
    while (Spent() > limit) {
      sort(false);
      const auto taken = std::find_if(order.begin(), order.end(),
                                      [&](std::size_t i) { return minor_[i] > low_[i]; });
      if (taken == order.end()) break;
      --minor_[*taken];
    }
    Wide left = limit - Spent();
    const auto price_of = [&](std::size_t i, Wide more) {
      return Cost(minor_[i] + more, price_[i]) - Cost(minor_[i], price_[i]);
    };
    for (int round = 0; left > 0; ++round) {
      sort(true);
      bool given = false;
      for (const std::size_t i : order) {
        Wide more = 1;
        // One each at first; what then still fits is small change, and the best has it.
        if (round >= 3) more = std::max<Wide>(1, (left - 1) * price_[i].den / price_[i].num);
        more = std::min<Wide>(more, high_[i] - minor_[i]);
        if (more < 1 || price_of(i, more) > left) continue;
        left -= price_of(i, more);
        minor_[i] += static_cast<std::int64_t>(more);
        given = true;
      }
      if (!given) break;
    }
  }

  Result<AccountsAnswer> Describe(const BudgetProblem& budget, const BudgetAnswer& answer) {
    AccountsAnswer out{{}, {}, Money::Zero(client_), Money::Zero(client_)};
    std::map<Currency, AccountsAnswer::Sum> sums;
    for (std::size_t i = 0; i < n_; ++i) {
      const AccountsProblem::Channel& channel = problem_.channels[i];
      MAXOPT_TRY(const Money own, MoneyFromMinor(minor_[i], channel.currency, channel.table));
      const auto converted =
          Money::Micros(static_cast<std::int64_t>(Cost(minor_[i], price_[i])), client_);
      const double at = static_cast<double>(minor_[i]) * price_[i].real() / 1e6;
      const ResponseCurve& curve = budget.channels[i].curve;
      std::string binding = answer.binding[i];
      if (channel.min && minor_[i] == low_[i]) binding = "min";
      if (channel.max && minor_[i] == high_[i] && own == *channel.max) binding = "max";
      out.shares.push_back({channel.id, own, converted, curve.SlopeAfter(at), binding});
      auto [sum, first] =
          sums.emplace(channel.currency,
                       AccountsAnswer::Sum{Money::Zero(channel.currency), Money::Zero(client_)});
      if (const auto used = used_.find(channel.currency); first && used != used_.end()) {
        sum->second.rate = used->second.rate;
        sum->second.inverted = used->second.inverted;
      }
      sum->second.own += own;
      sum->second.converted += converted;
    }
    // Order of the sum of responses: by id.
    std::map<std::string, double> responses;
    for (std::size_t i = 0; i < n_; ++i) {
      responses[problem_.channels[i].id] =
          budget.channels[i].curve.At(static_cast<double>(minor_[i]) * price_[i].real() / 1e6);
    }
    for (const auto& [id, response] : responses) out.response += response;
    for (auto& [currency, sum] : sums) {
      out.spent += sum.converted;
      out.sums.push_back(sum);
    }
    out.remainder = problem_.total - out.spent;
    out.lambda = answer.lambda;
    const double bound = std::max(answer.bound, out.response);
    out.gap = bound != 0 ? (bound - out.response) / std::abs(bound) : 0;
    return out;
  }

  struct Used {
    Price price;
    DatedRate rate;
    bool inverted;
  };

  const AccountsProblem& problem_;
  Currency client_;
  std::size_t n_ = 0;
  std::vector<int> decimals_;
  std::vector<Price> price_;  // of one minor unit, micros of the client's
  std::vector<std::int64_t> low_, high_, minor_;
  std::map<Currency, Used> used_;
};

}  // namespace

Result<AccountsAnswer> SplitAccounts(const AccountsProblem& problem) {
  return Accounts(problem).Run();
}

}  // namespace maxopt
