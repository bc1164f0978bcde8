#include "stages/optimize/round/round.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "decide/guardrails/guardrails.h"
#include "memory/campaigns/ledger.h"

namespace maxopt {
namespace {

const LeverAccount* AccountOf(const LeverState& state, const AccountId& id) {
  const auto at =
      std::find_if(state.accounts.begin(), state.accounts.end(),
                   [&](const LeverAccount& account) { return account.tree.info.account == id; });
  return at == state.accounts.end() ? nullptr : &*at;
}

std::map<Platform, int> OverDelivery(const LeverState& state) {
  std::map<Platform, int> out;
  for (const LeverAccount& account : state.accounts) {
    out[account.tree.info.account.platform] = account.can.daily_overdelivery_bp;
  }
  return out;
}

/// The campaign that a change is made in; the change's own address where it is in none that we
/// know.
std::string CampaignOf(const LeverAccount* account, const Change& change) {
  if (change.level == Level::kCampaign && !change.id.empty()) return change.id;
  const std::string& id = change.id.empty() ? change.parent_id : change.id;
  if (account != nullptr) {
    for (const Entity& entity : account->tree.entities) {
      if (entity.id != id) continue;
      return entity.campaign_id.empty() ? entity.id : entity.campaign_id;
    }
  }
  return change.address;
}

/// What `limit` still holds after `used`, of its currency; never below zero.
std::optional<Money> Left(const std::optional<Money>& limit, Money used) {
  if (!limit) return limit;
  return used < *limit ? *limit - used : Money::Zero(limit->currency());
}

std::string TitleOf(Reason reason, const std::vector<const Opportunity*>& of) {
  std::vector<std::string> where;
  for (const Opportunity* each : of) {
    if (where.size() == 3) {
      where.push_back(fmt::format("{} more", of.size() - 3));
      break;
    }
    where.push_back(each->change.address);
  }
  return fmt::format("{}: {}", ReasonName(reason), fmt::join(where, ", "));
}

/// The sum of what the changes promise, where all promise the same KPI; errors are taken as
/// independent.
std::optional<Prediction> Together(const std::vector<const Opportunity*>& of) {
  std::optional<Prediction> sum;
  double square = 0;
  for (const Opportunity* each : of) {
    const auto& one = each->change.prediction;
    if (!one || (sum && (sum->kpi != one->kpi || sum->currency != one->currency ||
                         sum->horizon_days != one->horizon_days))) {
      return std::nullopt;
    }
    if (!sum) sum = Prediction{one->kpi, 0, 0, 0, one->horizon_days, one->currency};
    sum->mean += one->mean;
    square += std::pow((one->high90 - one->low90) / 2, 2);
  }
  if (sum) sum->low90 = sum->mean - std::sqrt(square), sum->high90 = sum->mean + std::sqrt(square);
  return sum;
}

/// The currency that the day's moves are limited in.
Currency LimitCurrency(const RoundInput& input, const ChangeBudget& budget) {
  if (budget.money) return budget.money->currency();
  if (budget.money_per_account) return budget.money_per_account->currency();
  return input.currency;
}

/// What a change moves on the worst day, in `to`; absent: no money moves. Errors: no rate.
Result<std::optional<Money>> WorstMoveIn(Currency to, const Change& change,
                                         const std::map<Platform, int>& over,
                                         const FxRates& rates) {
  const auto move = WorstMove(change, over);
  if (!move) return std::optional<Money>();
  MAXOPT_TRY(const Exchange exchange, rates.Find(move->currency(), to));
  MAXOPT_TRY(const Money converted, Convert(*move, exchange));
  return std::optional(converted);
}

Currency CurrencyOf(const RoundInput& input, const AccountId& account) {
  const auto at = input.currencies.find(account);
  return at == input.currencies.end() ? input.currency : at->second;
}

/// `rate`: units of the client's currency for one of its account.
PriorityCandidate PriorityOf(const RoundCandidate& candidate, const RoundVerdict& verdict,
                             double rate) {
  const Opportunity& opportunity = candidate.opportunity;
  const Change& change = opportunity.change;
  PriorityCandidate c;
  // Same object, same fields: the same thing worth doing.
  std::vector<std::string> fields;
  for (const auto& [name, value] : change.after) fields.push_back(name);
  c.key = fmt::format("{} {} {} {}", PrintAccount(change.account), change.address,
                      ReasonName(change.reason), fmt::join(fields, ","));
  c.account = change.account;
  c.object = change.id;
  c.campaign = candidate.campaign;
  c.value = rate * opportunity.value;
  c.low90 = rate * opportunity.value_low90, c.high90 = rate * opportunity.value_high90;
  c.learning_cost = rate * opportunity.learning_cost;
  c.learning_days = opportunity.learning_days;
  c.worst_move = verdict.worst_move;
  c.stops_harm = OnlyLowersSpend(change);
  return c;
}

/// As the door reads it: such a change is never approved by a policy alone.
void NeedSecondSignal(Change& change) {
  auto evidence = nlohmann::json::parse(change.evidence, nullptr, false);
  if (!evidence.is_object()) evidence = nlohmann::json::object();
  evidence["needs_second_signal"] = true;
  change.evidence = evidence.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Result<ChangeBudget> BudgetOfToday(CampaignStore& store, const std::string& client,
                                   const Policy* policy, const LeverState& state) {
  return BudgetOfToday(store, client, policy, state.now, OverDelivery(state), state.rates);
}

Result<ChangeBudget> BudgetOfToday(CampaignStore& store, const std::string& client,
                                   const Policy* policy, Instant now,
                                   const std::map<Platform, int>& over, const FxRates& rates) {
  ChangeBudget budget;
  if (!policy) return budget;
  const Envelope& envelope = policy->envelope;
  MAXOPT_TRY(const std::vector<Change> sent,
             ChangesSentSince(store, client, now - std::chrono::hours(24)));
  int changes = 0;
  bool unknown = false;
  Money moved = Money::Zero(policy->currency);
  for (const Change& change : sent) {
    if (!IsAutomatic(change.reason)) continue;
    ++changes;
    const auto move = WorstMoveIn(policy->currency, change, over, rates);
    // What cannot be compared is taken for all there is.
    unknown = unknown || !move;
    if (move && *move) moved += **move;
    if (!envelope.per_account || (move && !*move)) continue;
    Money& of = budget.moved_before.try_emplace(change.account, Money::Zero(policy->currency))
                    .first->second;
    of += move ? **move : *envelope.per_account;
  }
  if (envelope.changes_per_day) budget.changes = std::max(0, *envelope.changes_per_day - changes);
  budget.money =
      unknown && envelope.per_day ? Money::Zero(policy->currency) : Left(envelope.per_day, moved);
  budget.money_per_account = envelope.per_account;
  return budget;
}

Result<double> ClientRate(const RoundInput& input, const RoundCandidate& candidate) {
  const auto currency = input.currencies.find(candidate.opportunity.change.account);
  if (currency == input.currencies.end()) return 1.0;
  MAXOPT_TRY(const Exchange exchange, input.rates.Find(currency->second, input.currency));
  return exchange.real();
}

RoundInput RoundInputOf(const LeverState& state, std::span<const LeverReport> reports,
                        std::vector<Plan> before) {
  RoundInput out;
  out.client = state.client.name;
  out.currency = state.client.currency;
  out.overdelivery_bp = OverDelivery(state);
  out.rates = state.rates;
  for (const LeverAccount& account : state.accounts) {
    out.currencies.insert_or_assign(account.tree.info.account, account.tree.info.currency);
  }
  for (const LeverReport& report : reports) {
    for (const Opportunity& opportunity : report.opportunities) {
      const LeverAccount* account = AccountOf(state, opportunity.change.account);
      out.candidates.push_back(
          {report.lever, opportunity, CampaignOf(account, opportunity.change)});
    }
  }
  out.before = std::move(before);
  return out;
}

std::vector<RoundVerdict> EvaluateRound(const RoundInput& input, const ChangeBudget& budget) {
  std::set<std::pair<AccountId, std::string>> taken;
  for (const Plan& plan : input.before) {
    for (const Change& change : plan.changes) {
      if (!change.id.empty()) taken.insert({change.account, change.id});
    }
  }
  std::vector<RoundVerdict> out;
  for (const RoundCandidate& candidate : input.candidates) {
    const Change& change = candidate.opportunity.change;
    RoundVerdict verdict;
    const auto rate = ClientRate(input, candidate);
    const auto move =
        WorstMoveIn(LimitCurrency(input, budget), change, input.overdelivery_bp, input.rates);
    if (!rate || !move) {
      verdict.wait =
          fmt::format("its account is in {}, the client in {}: {}",
                      CurrencyOf(input, candidate.opportunity.change.account).name(),
                      input.currency.name(), rate ? move.error().what : rate.error().what);
    } else {
      verdict.worst_move = *move;
      verdict.worth = WorthOf(PriorityOf(candidate, verdict, *rate), budget);
      if (change.reason == Reason::kModel && !change.prediction) {
        verdict.wait =
            "a language model proposed it, and nothing of ours foretells its effect: it is for a "
            "person to make or to leave";
      } else if (taken.contains({change.account, change.id})) {
        verdict.wait = "its budget is moved today, and two changes at once cannot be told apart";
      }
    }
    out.push_back(std::move(verdict));
  }
  return out;
}

Round SelectRound(const RoundInput& input, std::span<const RoundVerdict> verdicts,
                  const ChangeBudget& budget) {
  if (verdicts.size() != input.candidates.size()) Bug();
  Round out;
  std::vector<RoundItem> items;
  std::vector<PriorityCandidate> candidates;
  std::vector<std::size_t> item_of;  // by candidate
  ChangeBudget left = budget;
  for (const Plan& plan : input.before) {
    for (const Change& change : plan.changes) {
      if (left.changes) left.changes = std::max(0, *left.changes - 1);
      const auto move =
          WorstMoveIn(LimitCurrency(input, budget), change, input.overdelivery_bp, input.rates);
      if (!move && left.money) left.money = Money::Zero(left.money->currency());
      if (move && *move) left.money = Left(left.money, **move);
    }
  }
  for (std::size_t i = 0; i < input.candidates.size(); ++i) {
    const RoundCandidate& candidate = input.candidates[i];
    items.push_back({candidate.lever, candidate.opportunity, verdicts[i].worth, verdicts[i].wait,
                     CurrencyOf(input, candidate.opportunity.change.account)});
    const auto rate = ClientRate(input, candidate);
    if (!rate || !verdicts[i].wait.empty()) continue;
    candidates.push_back(PriorityOf(candidate, verdicts[i], *rate));
    item_of.push_back(i);
  }
  const Priority priority = Prioritize(candidates, left);
  // What no second signal confirms stands in plans of its own, which only a person approves.
  std::map<std::pair<Reason, bool>, std::vector<const Opportunity*>> by_plan;
  out.items.reserve(items.size());
  for (const Choice& choice : priority.chosen) {
    RoundItem& item = items[item_of[choice.candidate]];
    item.worth = choice.worth;
    out.items.push_back(item);
    const Opportunity& taken_up = out.items.back().opportunity;
    const bool unconfirmed = taken_up.needs_second_signal && taken_up.second_signal.empty();
    by_plan[{taken_up.change.reason, unconfirmed}].push_back(&taken_up);
  }
  for (const Deferred& deferred : priority.deferred) {
    RoundItem& item = items[item_of[deferred.candidate]];
    item.worth = deferred.worth;
    item.wait = deferred.why;
    out.items.push_back(item);
  }
  std::vector<RoundItem> never;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (std::find(item_of.begin(), item_of.end(), i) == item_of.end()) never.push_back(items[i]);
  }
  std::sort(never.begin(), never.end(), [](const RoundItem& a, const RoundItem& b) {
    return a.opportunity.change.address < b.opportunity.change.address;
  });
  out.items.insert(out.items.end(), never.begin(), never.end());
  for (const auto& [kind, of] : by_plan) {
    const auto& [reason, unconfirmed] = kind;
    Plan plan;
    plan.client = input.client;
    plan.created_by = "optimizer";
    plan.title = TitleOf(reason, of);
    for (const Opportunity* each : of) {
      plan.changes.push_back(each->change);
      if (unconfirmed) {
        NeedSecondSignal(plan.changes.back());
        plan.notes.push_back(each->change.address +
                             ": it converts, and nothing but the platform's claims says that it "
                             "loses; look at it before you approve");
      }
      if (reason == Reason::kModel) {
        plan.notes.push_back(each->change.address +
                             ": proposed by a language model; what it is expected to bring is "
                             "reckoned by our own means");
      }
      if (each->learning_days > 0) {
        plan.notes.push_back(
            fmt::format("{}: the platform's bidding learns anew for about {} days, at a cost of "
                        "about {:.2f} {} a day",
                        each->change.address, each->learning_days, each->learning_cost,
                        CurrencyOf(input, each->change.account).name()));
      }
      if (!each->second_signal.empty()) {
        plan.notes.push_back(each->change.address + ": " + each->second_signal);
      }
    }
    plan.prediction = Together(of);
    out.plans.push_back(std::move(plan));
  }
  return out;
}

Round ComposeRound(const LeverState& state, std::span<const LeverReport> reports,
                   const ChangeBudget& budget, const Plan* before) {
  std::vector<Plan> first;
  if (before != nullptr) first.push_back(*before);
  const RoundInput input = RoundInputOf(state, reports, std::move(first));
  return SelectRound(input, EvaluateRound(input, budget), budget);
}

}  // namespace maxopt
