#include "decide/priority/priority.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace maxopt {
namespace {

/// Half the width of a central 90 % interval of a normal, in standard deviations.
constexpr double kHalf90 = 1.6448536269514722;

/// What is left of the day.
class Today {
 public:
  explicit Today(const ChangeBudget& budget) : budget_(budget), moved_by_(budget.moved_before) {}

  /// Why the candidate has to wait; empty: it need not.
  std::string Against(const PriorityCandidate& c) const {
    if (!c.object.empty() && objects_.contains({c.account, c.object})) {
      return "another change of the same object is worth more";
    }
    const auto campaign = campaigns_.find({c.account, c.campaign});
    if (campaign != campaigns_.end() && (campaign->second || c.learning_days > 0)) {
      return "another change in the same campaign is worth more, and bidding that learns anew "
             "would mix the effects of both";
    }
    if (budget_.changes && used_ >= *budget_.changes) {
      return fmt::format("the day's budget of changes, {}, is used up", *budget_.changes);
    }
    if (!c.worst_move) return "";
    std::string why = Over(budget_.money, Used(moved_, c.worst_move->currency()), *c.worst_move,
                           "the day's moves of budget");
    if (why.empty()) {
      why = Over(budget_.money_per_account, Used(moved_by_, c.account), *c.worst_move,
                 fmt::format("the day's moves of {}", PrintAccount(c.account)));
    }
    return why;
  }

  void Take(const PriorityCandidate& c) {
    if (!c.object.empty()) objects_.insert({c.account, c.object});
    campaigns_[{c.account, c.campaign}] |= c.learning_days > 0;
    ++used_;
    if (!c.worst_move) return;
    Add(moved_, c.worst_move->currency(), *c.worst_move);
    Add(moved_by_, c.account, *c.worst_move);
  }

 private:
  template <class Key>
  static void Add(std::map<Key, Money>& sums, const Key& key, Money more) {
    const auto [at, is_new] = sums.try_emplace(key, more);
    if (!is_new) at->second += more;
  }
  template <class Key>
  static std::optional<Money> Used(const std::map<Key, Money>& sums, const Key& key) {
    const auto at = sums.find(key);
    return at == sums.end() ? std::nullopt : std::optional(at->second);
  }

  static std::string Over(const std::optional<Money>& limit, const std::optional<Money>& used,
                          Money more, const std::string& what) {
    if (!limit) return "";
    if (limit->currency() != more.currency()) {
      return fmt::format("{} are limited in {}, this one is in {}", what, limit->currency().name(),
                         more.currency().name());
    }
    const Money sum = used ? *used + more : more;
    if (sum <= *limit) return "";
    return fmt::format("{} would be {} on the worst day, over {}", what, PrintMoney(sum),
                       PrintMoney(*limit));
  }

  const ChangeBudget& budget_;
  std::set<std::pair<AccountId, std::string>> objects_;
  std::map<std::pair<AccountId, std::string>, bool> campaigns_;  // does one of them learn anew?
  int used_ = 0;
  std::map<Currency, Money> moved_;
  std::map<AccountId, Money> moved_by_;
};

}  // namespace

double WorthOf(const PriorityCandidate& c, const ChangeBudget& budget) {
  const double sd = std::max(0.0, c.high90 - c.low90) / (2 * kHalf90);
  return (c.value - budget.risk_aversion * sd) * budget.horizon_days -
         c.learning_cost * std::min(c.learning_days, budget.horizon_days);
}

Priority Prioritize(const std::vector<PriorityCandidate>& candidates, const ChangeBudget& budget) {
  std::vector<Choice> by;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    by.push_back({i, WorthOf(candidates[i], budget)});
  }
  std::sort(by.begin(), by.end(), [&](const Choice& a, const Choice& b) {
    return a.worth != b.worth ? a.worth > b.worth
                              : candidates[a.candidate].key < candidates[b.candidate].key;
  });
  Priority out;
  Today day(budget);
  for (const Choice& choice : by) {
    const PriorityCandidate& c = candidates[choice.candidate];
    std::string why;
    if (choice.worth <= 0 && !(c.stops_harm && c.value > 0)) {
      why = fmt::format("over {} days it is worth less than its risk and learning cost ({:.2f})",
                        budget.horizon_days, choice.worth);
    } else {
      why = day.Against(c);
    }
    if (!why.empty()) {
      out.deferred.push_back({choice.candidate, choice.worth, std::move(why)});
      continue;
    }
    day.Take(c);
    out.chosen.push_back(choice);
  }
  return out;
}

}  // namespace maxopt
