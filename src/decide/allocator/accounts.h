#pragma once
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "decide/allocator/budget.h"
#include "domain/fx.h"
#include "money/money.h"

namespace maxopt {

/// One budget over accounts that are kept in several currencies.
struct AccountsProblem {
  struct Channel {
    std::string id;       ///< unique; ties go by it
    ResponseCurve curve;  ///< of spend in `currency`, units; the response in one unit for all
    Currency currency;
    MinorUnits table = MinorUnits::kIso4217;
    std::optional<Money> min{}, max{};  ///< in `currency`, whole minor units
  };
  Money total = Money::Zero(kNoCurrency);  ///< the client's currency
  std::vector<Channel> channels;
  /// Rates into the client's currency, or out of it, whose inverse is then used.
  std::vector<FxRate> rates;
  Day day{};  ///< the newest rate of this day or before it is used ...
  int rate_age_days_max = kRateAgeMaxDays;        ///< ... if it is no older
  std::optional<BudgetProblem::Target> target{};  ///< response per unit of the client's currency
};

struct AccountsAnswer {
  struct Share {
    std::string id;
    Money budget;         ///< its own currency, whole minor units, within its bounds
    Money converted;      ///< the client's, rounded up to the micro
    double marginal = 0;  ///< of a further unit of the client's currency
    std::string binding{};
  };
  struct Sum {
    Money own;            ///< exact
    Money converted;      ///< the client's, sum of the shares'
    Exchange exchange{};  ///< what it was converted by
  };
  std::vector<Share> shares;  ///< in the order of the problem
  std::vector<Sum> sums;      ///< by currency, in the order of their codes
  Money spent;                ///< sum of `sums`' converted, never above the total
  /// Total less `spent`: less than the smallest unit that any channel below its maximum could still
  /// take, but for a target, which may leave more.
  Money remainder;
  double response = 0;
  double lambda = 0;  ///< of one more unit of the client's currency
  double gap = 0;     ///< no split is better by more than this part
};

/// SplitBudget in the client's currency, each curve and bound converted, then whole minor units of
/// each account's own currency (WholeUnits). Bounds hold exactly in the account's currency, sums
/// are exact in it, and what is converted is computed from decimal rates in integers. No rate is
/// ever taken to be 1: a currency other than the client's without a rate is an error. Pure,
/// deterministic, independent of the order of channels and rates. kInvalidArgument: as SplitBudget;
/// a rate that is missing, too old, no number, or there twice with different values for one day,
/// named; bounds of another currency or no whole minor units; bounds that cannot hold the total, by
/// how much.
Result<AccountsAnswer> SplitAccounts(const AccountsProblem& problem);

}  // namespace maxopt
