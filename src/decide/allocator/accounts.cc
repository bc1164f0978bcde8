#include "decide/allocator/accounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "decide/allocator/whole.h"

namespace maxopt {
namespace {

using Wide = UnitPrice::Wide;

std::int64_t TenTo(int n) {
  std::int64_t out = 1;
  while (n-- > 0) out *= 10;
  return out;
}

class Accounts {
 public:
  explicit Accounts(const AccountsProblem& problem)
      : problem_(problem), client_(problem.total.currency()), rates_(problem.rates, problem.day) {}

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
    const std::int64_t limit = std::min<std::int64_t>(problem_.total.micros(), answer.sum);
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
      MAXOPT_TRY(const Exchange exchange, ExchangeOf(channel));
      MAXOPT_TRY(const UnitPrice price, PriceOfUnit(exchange, channel.table));
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
      const Wide paid = price.Bought(problem_.total.micros());
      bounded = bounded && channel.max && high <= paid;
      high = static_cast<std::int64_t>(std::min<Wide>(high, std::max<Wide>(paid, low)));
      least += price.Cost(low);
      most += price.Cost(high);
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

  Result<Exchange> ExchangeOf(const AccountsProblem::Channel& channel) {
    if (const auto known = used_.find(channel.currency); known != used_.end()) {
      return known->second;
    }
    auto found = rates_.Find(channel.currency, client_);
    if (!found) return FailWithin("channel " + channel.id, found.error());
    if (found->age_days > problem_.rate_age_days_max) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("channel {}: the newest rate from {} to {} is of {}, {} days before {}; {} "
                      "are allowed",
                      channel.id, channel.currency.name(), client_.name(),
                      PrintDay(found->rate->day), found->age_days, PrintDay(problem_.day),
                      problem_.rate_age_days_max));
    }
    used_.emplace(channel.currency, *found);
    return *found;
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

  void Round(const BudgetProblem& budget, const BudgetAnswer& answer, std::int64_t limit) {
    std::vector<WholePart> parts;
    for (std::size_t i = 0; i < n_; ++i) {
      parts.push_back({problem_.channels[i].id, price_[i], low_[i], high_[i], answer.minor[i]});
    }
    minor_ = WholeUnits(parts, limit, [&](std::size_t i, double at, double step) {
      const ResponseCurve& curve = budget.channels[i].curve;
      return (curve.At(std::max(0.0, at + step)) - curve.At(at)) / step;
    });
  }

  Result<AccountsAnswer> Describe(const BudgetProblem& budget, const BudgetAnswer& answer) {
    AccountsAnswer out{{}, {}, Money::Zero(client_), Money::Zero(client_)};
    std::map<Currency, AccountsAnswer::Sum> sums;
    for (std::size_t i = 0; i < n_; ++i) {
      const AccountsProblem::Channel& channel = problem_.channels[i];
      MAXOPT_TRY(const Money own, MoneyFromMinor(minor_[i], channel.currency, channel.table));
      const auto converted =
          Money::Micros(static_cast<std::int64_t>(price_[i].Cost(minor_[i])), client_);
      const double at = static_cast<double>(minor_[i]) * price_[i].real() / 1e6;
      const ResponseCurve& curve = budget.channels[i].curve;
      std::string binding = answer.binding[i];
      if (channel.min && minor_[i] == low_[i]) binding = "min";
      if (channel.max && minor_[i] == high_[i] && own == *channel.max) binding = "max";
      out.shares.push_back({channel.id, own, converted, curve.SlopeAfter(at), binding});
      auto [sum, first] =
          sums.emplace(channel.currency,
                       AccountsAnswer::Sum{Money::Zero(channel.currency), Money::Zero(client_)});
      if (first) sum->second.exchange = used_.at(channel.currency);
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

  const AccountsProblem& problem_;
  Currency client_;
  std::size_t n_ = 0;
  std::vector<int> decimals_;
  std::vector<UnitPrice> price_;  // of one minor unit, micros of the client's
  std::vector<std::int64_t> low_, high_, minor_;
  FxRates rates_;
  std::map<Currency, Exchange> used_;
};

}  // namespace

Result<AccountsAnswer> SplitAccounts(const AccountsProblem& problem) {
  return Accounts(problem).Run();
}

}  // namespace maxopt
