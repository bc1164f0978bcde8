#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/entity.h"
#include "money/money.h"

/// Which of the things worth doing are done today. Pure and thread-safe; the answer does not hang
/// on the order of the candidates.
namespace maxopt {

/// One thing worth doing. Values are a day, in one currency for all candidates, as doubles: they
/// are expectations, and nothing is booked by them.
struct PriorityCandidate {
  std::string key;  ///< unique; decides between equals
  AccountId account;
  std::string object;    ///< platform id of what is changed; empty: it is new
  std::string campaign;  ///< platform id of the campaign that it is or lies in
  double value = 0;      ///< expected gain a day
  double low90 = 0, high90 = 0;
  double learning_cost = 0;  ///< a day, while the platform's bidding learns anew
  int learning_days = 0;     ///< 0: it does not learn anew
  /// Worst day of the move, over-delivery included; absent: no money moves.
  std::optional<Money> worst_move{};
  bool stops_harm = false;  ///< only lowers spend: not held back for being small
};

/// What may still be changed today, as the client's policy has it; absent: no limit.
struct ChangeBudget {
  std::optional<int> changes{};
  std::optional<Money> money{};               ///< all accounts
  std::optional<Money> money_per_account{};   ///< each of them, what it moved before included
  std::map<AccountId, Money> moved_before{};  ///< of money_per_account, what is already used
  int horizon_days = 28;  ///< for which a change is judged to last: until it is looked at again
  double risk_aversion = 0.5;  ///< price of a standard deviation, as in reallocation
};

/// Over the budget's horizon: value less the price of its risk, less what learning anew costs.
double WorthOf(const PriorityCandidate& candidate, const ChangeBudget& budget);

struct Choice {
  std::size_t candidate;
  double worth;  ///< over the horizon: value less risk, less what learning costs
};
struct Deferred {
  std::size_t candidate;
  double worth;
  std::string why;  ///< one sentence
};
struct Priority {
  std::vector<Choice> chosen;      ///< most worth first
  std::vector<Deferred> deferred;  ///< likewise
};

/// Takes what is worth most until the day's budget is used up. Left for another day, each with its
/// reason: what is worth less than it costs; a second change of one object; a second change in one
/// campaign where one of the two makes its bidding learn anew (its effect could not be told from
/// the other's); what the budget does not hold.
/// Money in another currency than a limit's is deferred, never compared.
Priority Prioritize(const std::vector<PriorityCandidate>& candidates, const ChangeBudget& budget);

}  // namespace maxopt
