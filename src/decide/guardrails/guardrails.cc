#include "decide/guardrails/guardrails.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "domain/bid_modifiers.h"

namespace maxopt {
namespace {

constexpr std::string_view kBudgetFields[] = {"daily_budget", "lifetime_budget"};

bool IsBudgetChange(const Change& change) {
  return std::any_of(std::begin(kBudgetFields), std::end(kBudgetFields),
                     [&](auto field) { return change.after.contains(std::string(field)); });
}

/// Budgets that could be spent, by object: what the exposure is summed over.
struct Spender {
  Platform platform;
  bool on;
  std::optional<Money> daily;
  std::optional<Money> lifetime;
};
struct State {
  // Key: account, then platform id (or the address of an object still to be created).
  std::map<std::string, Spender> spenders;
  std::map<std::string, std::string> parents;
};

std::string Key(const AccountId& account, const std::string& id) {
  return PrintAccount(account) + "/" + id;
}

void Overlay(Spender& spender, const Fields& fields) {
  if (const Money* daily = MoneyField(fields, "daily_budget")) spender.daily = *daily;
  if (const Money* lifetime = MoneyField(fields, "lifetime_budget")) spender.lifetime = *lifetime;
  if (const std::string status = TextField(fields, "status"); !status.empty()) {
    spender.on = status == kActive;
  }
}

State LiveState(std::span<const AccountTree> trees) {
  State state;
  for (const AccountTree& tree : trees) {
    for (const Entity& entity : tree.entities) {
      if (entity.level != Level::kCampaign && entity.level != Level::kAdGroup) continue;
      Spender spender{tree.info.account.platform, false, {}, {}};
      Overlay(spender, entity.fields);
      const std::string key = Key(tree.info.account, entity.id);
      state.spenders.insert_or_assign(key, spender);
      if (!entity.parent_id.empty()) {
        state.parents[key] = Key(tree.info.account, entity.parent_id);
      }
    }
  }
  return state;
}

void ApplyTo(State& state, const Change& change) {
  if (change.level != Level::kCampaign && change.level != Level::kAdGroup) return;
  const bool create = change.action == ChangeAction::kCreate;
  const std::string key = Key(change.account, create ? "+" + change.address : change.id);
  Spender& spender =
      state.spenders.try_emplace(key, Spender{change.account.platform, false, {}, {}})
          .first->second;
  Overlay(spender, change.after);
  if (!create) return;
  spender.on = true;  // counted as it will be once switched on: an approval must see that
  if (!change.parent_address.empty()) {
    state.parents[key] = Key(change.account, "+" + change.parent_address);
  }
}

std::vector<Exposure> Sum(const State& state, const GuardContext& context,
                          std::map<Platform, std::map<Currency, Money>>* by_platform) {
  std::map<Currency, Exposure> sums;
  for (const auto& [key, spender] : state.spenders) {
    if (!spender.on) continue;
    if (const auto parent = state.parents.find(key); parent != state.parents.end()) {
      const auto above = state.spenders.find(parent->second);
      // A parent that is off, or owns a budget itself, bounds its children.
      if (above != state.spenders.end() &&
          (!above->second.on || above->second.daily || above->second.lifetime)) {
        continue;
      }
    }
    const auto factor = context.overdelivery_bp.find(spender.platform);
    const auto add = [&](Money budget, int factor_bp) {
      const Money zero = Money::Zero(budget.currency());
      const Money worst = budget.TimesBp(factor_bp);
      auto& sum = sums.try_emplace(budget.currency(), Exposure{zero, zero}).first->second;
      sum.daily_budgets += budget;
      sum.worst_day += worst;
      if (by_platform) {
        (*by_platform)[spender.platform].try_emplace(budget.currency(), zero).first->second +=
            worst;
      }
    };
    if (spender.daily) {
      add(*spender.daily, factor == context.overdelivery_bp.end() ? 10'000 : factor->second);
    }
    // A lifetime budget has no daily bound that a platform promises, so all of it counts.
    if (spender.lifetime) add(*spender.lifetime, 10'000);
  }
  std::vector<Exposure> out;
  for (const auto& [currency, exposure] : sums) out.push_back(exposure);
  return out;
}

class Judge {
 public:
  Judge(const Plan& plan, const Policy* policy, const GuardContext& context)
      : plan_(plan), policy_(policy), context_(context) {}

  GuardVerdict Run() {
    State before = LiveState(context_.live);
    verdict_.before = Sum(before, context_, nullptr);
    State after = before;
    for (const Change& change : plan_.changes) ApplyTo(after, change);
    std::map<Platform, std::map<Currency, Money>> by_platform;
    verdict_.after = Sum(after, context_, &by_platform);

    ReadParents();
    for (const Change& change : plan_.changes) {
      CheckChange(change);
      CheckLock(change);
      CheckForced(change);
      CheckOperations(change);
    }
    CheckBudgetOwners(after);
    const bool only_lowers =
        std::all_of(plan_.changes.begin(), plan_.changes.end(), OnlyLowersSpend);
    if (policy_) {
      CheckMode(only_lowers);
      CheckEnvelope();
    }
    // Stopping is always allowed: a guard that keeps money running is no guard.
    if (only_lowers) {
      if (policy_) CheckRates();
      return std::move(verdict_);
    }
    if (!policy_) {
      Block("policy_missing", fmt::format("client \"{}\" has no policy file", plan_.client),
            "write policy.yaml in the home folder (maxopt init makes one to edit)");
      return std::move(verdict_);
    }
    for (const std::string& account : context_.unread_accounts) {
      Block("unread_account",
            fmt::format("account {} could not be read, so its exposure is unknown", account),
            "try again when the platform answers");
    }
    CheckCaps(by_platform);
    CheckRates();
    CheckFreshness();
    return std::move(verdict_);
  }

 private:
  void Block(std::string guard, std::string what, std::string fix) {
    verdict_.findings.push_back({std::move(guard), true, std::move(what), std::move(fix)});
  }
  void Note(std::string guard, std::string what, std::string fix) {
    verdict_.findings.push_back({std::move(guard), false, std::move(what), std::move(fix)});
  }

  void CheckChange(const Change& change) {
    const auto tree =
        std::find_if(context_.live.begin(), context_.live.end(),
                     [&](const AccountTree& t) { return t.info.account == change.account; });
    if (std::find(context_.foreign_accounts.begin(), context_.foreign_accounts.end(),
                  change.account) != context_.foreign_accounts.end()) {
      Block("account",
            fmt::format("{}: account {} is another client's, not one of \"{}\"", change.address,
                        PrintAccount(change.account), plan_.client),
            "plan for the client whose account it is");
    } else if (tree == context_.live.end()) {
      if (!OnlyLowersSpend(change)) {
        Block("account",
              fmt::format("{}: account {} is not one of client \"{}\" that can be read now",
                          change.address, PrintAccount(change.account), plan_.client),
              "connect the account for this client");
      }
    } else {
      for (const auto& [name, value] : change.after) {
        const auto* money = std::get_if<Money>(&value);
        if (money && money->currency() != tree->info.currency) {
          Block("currency",
                fmt::format("{}: {} is in {}, the account {} is in {}", change.address, name,
                            money->currency().name(), PrintAccount(change.account),
                            tree->info.currency.name()),
                "state the amount in the account's currency");
        }
      }
    }
    if (const Result<> fields = CheckFields(change.level, change.after); !fields) {
      Block("field", fmt::format("{}: {}", change.address, fields.error().what),
            "correct the document");
    }
    if (!context_.overdelivery_bp.contains(change.account.platform)) {
      Block("account",
            fmt::format("{}: no over-delivery factor is known for {}", change.address,
                        PlatformName(change.account.platform)),
            "connect the platform");
    }
    if (change.action == ChangeAction::kCreate) {
      // Files and conversions cannot spend.
      const bool spends = change.level != Level::kAsset && change.level != Level::kConversion;
      if (spends && TextField(change.after, "status") != kPaused) {
        Block("created_active", fmt::format("{} would not be created paused", change.address),
              "create paused, then activate");
      }
      return;
    }
    if (IsBudgetChange(change)) CheckStep(change);
  }

  /// Platform ids from an object to the top of its account, itself first.
  std::vector<std::string> Chain(const Change& change) const {
    std::vector<std::string> chain;
    std::string at = change.id.empty() ? change.parent_id : change.id;
    while (!at.empty() && chain.size() < 8) {
      chain.push_back(at);
      const auto above = parents_.find(Key(change.account, at));
      at = above == parents_.end() ? std::string() : above->second;
    }
    return chain;
  }
  void ReadParents() {
    for (const AccountTree& tree : context_.live) {
      for (const Entity& entity : tree.entities) {
        if (!entity.parent_id.empty()) {
          parents_[Key(tree.info.account, entity.id)] = entity.parent_id;
        }
      }
    }
  }

  Day TodayOf(const AccountId& account) const {
    for (const AccountTree& tree : context_.live) {
      if (tree.info.account != account) continue;
      if (const auto zone = Zone::Find(tree.info.zone)) return zone->DayOf(context_.now);
    }
    return Zone::Utc().DayOf(context_.now);
  }

  const ExperimentLock* FindLock(const Change& change) const {
    const Day today = TodayOf(change.account);
    const auto ids = Chain(change);
    for (const ExperimentLock& lock : context_.locks) {
      if (lock.account != change.account || lock.until < today) continue;
      const std::span<const ExperimentLock> one(&lock, 1);
      if (LockOn(one, change.account, "", change.address)) return &lock;
      for (const std::string& id : ids) {
        if (LockOn(one, change.account, id, "")) return &lock;
      }
      if (!IsAutomatic(change.reason)) continue;
      if (LockWithin(one, change.account, change.id, change.address)) return &lock;
      Change locked = change;
      locked.id = lock.id;
      for (const std::string& above : Chain(locked)) {
        if (!change.id.empty() && above == change.id) return &lock;
      }
    }
    return nullptr;
  }

  void CheckLock(const Change& change) {
    if (change.reason == Reason::kActivate) return;
    if (change.reason == Reason::kPause && OnlyLowersSpend(change)) return;
    const bool person = change.reason == Reason::kManual || change.reason == Reason::kUndo;
    const ExperimentLock* lock = FindLock(change);
    if (lock == nullptr) return;
    const std::string what = fmt::format(
        "{}: experiment \"{}\" keeps {} still until {}", change.address, lock->experiment,
        lock->address.empty() ? lock->id : lock->address, PrintDay(lock->until));
    // Stopping must always be possible; a person who raises or moves something has to force it.
    if (person && (!change.forced.empty() || OnlyLowersSpend(change))) {
      Note("experiment_lock", what, "the change ends the comparison: check that this is meant");
    } else {
      Block("experiment_lock", what,
            "wait for its last day, stop the experiment, or force the change as a person");
    }
  }

  void CheckForced(const Change& change) {
    for (const std::string& field : change.forced) {
      const auto shown = [&](const Fields& fields) {
        const auto at = fields.find(field);
        return at == fields.end() ? std::string("unknown") : ShowValue(at->second);
      };
      Note("forced",
           fmt::format("{}: {} belongs to someone else and would be overwritten: {} -> {}",
                       change.address, field, shown(change.before), shown(change.after)),
           "approve only when the other side knows");
    }
  }

  /// Two budgets, one inside the other, contradict: Meta refuses them, and on the others the
  /// smaller one silently wins.
  void CheckBudgetOwners(const State& after) {
    const auto owns = [](const Spender& s) { return s.daily || s.lifetime; };
    std::map<std::string, const Change*> touched;
    for (const Change& change : plan_.changes) {
      if (change.level != Level::kCampaign && change.level != Level::kAdGroup) continue;
      if (!MoneyField(change.after, "daily_budget") &&
          !MoneyField(change.after, "lifetime_budget")) {
        continue;
      }
      const bool create = change.action == ChangeAction::kCreate;
      touched.emplace(Key(change.account, create ? "+" + change.address : change.id), &change);
    }
    for (const auto& [child, parent] : after.parents) {
      const auto below = after.spenders.find(child);
      const auto above = after.spenders.find(parent);
      if (below == after.spenders.end() || above == after.spenders.end()) continue;
      if (!owns(below->second) || !owns(above->second)) continue;
      const auto by_child = touched.find(child);
      const auto by_parent = touched.find(parent);
      if (by_child == touched.end() && by_parent == touched.end()) continue;
      const Change& change = *(by_child != touched.end() ? by_child : by_parent)->second;
      const std::string what = fmt::format(
          "{}: a campaign and an ad group below it would both own a budget", change.address);
      const std::string fix = "state the budget at one level, the campaign's or the ad groups'";
      // A TikTok campaign may carry a ceiling over its ad groups' own budgets.
      if (below->second.platform == Platform::kTikTok) {
        Note("budget_owner", what, fix);
      } else {
        Block("budget_owner", what, fix);
      }
    }
  }

  void CheckStep(const Change& change) {
    if (!policy_) return;
    for (const std::string_view field : kBudgetFields) {
      const Money* to = MoneyField(change.after, field);
      if (!to) continue;
      const Money* from = MoneyField(change.before, field);
      if (!from || from->currency() != to->currency() || from->micros() <= 0) {
        Block("step", fmt::format("{}: the present {} is not known", change.address, field),
              "read the account, then plan again");
        continue;
      }
      const Money step = *to > *from ? *to - *from : *from - *to;
      if (step > from->TimesBp(policy_->step_max_bp)) {
        const auto say = fmt::format(
            "{}: {} {} -> {} is a step of {:.1f} %; the policy allows "
            "{:.1f} %",
            change.address, field, PrintDecimal(*from), PrintMoney(*to),
            100.0 * static_cast<double>(step.micros()) / static_cast<double>(from->micros()),
            policy_->step_max_bp / 100.0);
        // A person may undo or set a budget on purpose; they see the size of the step.
        if (IsAutomatic(change.reason)) {
          Block("step", say, "move in smaller steps, or raise step_max_percent");
        } else {
          Note("step", say, "check that the size of the step is meant");
        }
      }
    }
    const auto last = context_.last_budget_change.find(change.id);
    if (IsAutomatic(change.reason) && last != context_.last_budget_change.end() &&
        context_.now - last->second < std::chrono::hours(policy_->cooldown_hours)) {
      Block("cooldown",
            fmt::format("{}: its budget was changed at {}; the policy rests it {} h",
                        change.address, PrintInstant(last->second), policy_->cooldown_hours),
            "wait, or lower cooldown_hours");
    }
  }

  /// In the policy's currency; nullopt without a rate. `used_` keeps what was converted by.
  std::optional<Money> InPolicy(Money amount) {
    if (amount.currency() == policy_->currency) return amount;
    auto known = used_.find(amount.currency());
    if (known == used_.end()) {
      known =
          used_
              .emplace(amount.currency(), context_.rates.Find(amount.currency(), policy_->currency))
              .first;
    }
    if (!known->second) return std::nullopt;
    const auto converted = Convert(amount, *known->second);
    return converted ? std::optional(*converted) : std::nullopt;
  }
  /// " (with 50.00 CHF)": what of a sum was converted.
  std::string Converted(const std::map<Currency, Money>& amounts) const {
    std::string out;
    for (const auto& [currency, amount] : amounts) {
      if (currency == policy_->currency) continue;
      out += fmt::format("{}{}", out.empty() ? " (with " : ", ", PrintMoney(amount));
    }
    return out.empty() ? out : out + ")";
  }
  std::optional<Money> SumInPolicy(const std::map<Currency, Money>& amounts) {
    Money sum = Money::Zero(policy_->currency);
    for (const auto& [currency, amount] : amounts) {
      const auto converted = InPolicy(amount);
      if (!converted) return std::nullopt;
      sum += *converted;
    }
    return sum;
  }

  void CheckCaps(const std::map<Platform, std::map<Currency, Money>>& by_platform) {
    std::map<Currency, Money> all;
    for (const Exposure& exposure : verdict_.after) {
      all.emplace(exposure.worst_day.currency(), exposure.worst_day);
      if (InPolicy(exposure.worst_day)) continue;
      const auto why = used_.find(exposure.worst_day.currency());
      Block("currency",
            fmt::format("accounts spend in {}, the policy's caps are in {}: {}",
                        exposure.worst_day.currency().name(), policy_->currency.name(),
                        why != used_.end() && !why->second
                            ? why->second.error().what
                            : PrintMoney(exposure.worst_day) + " is beyond what can be counted"),
            "load the rate with maxopt fx import");
    }
    const auto sum = SumInPolicy(all);
    if (sum && *sum > policy_->worst_day_cap) {
      Block("daily_cap",
            fmt::format("worst day after the plan {}{} is over the cap {}", PrintMoney(*sum),
                        Converted(all), PrintMoney(policy_->worst_day_cap)),
            "lower budgets, or raise worst_day_cap in policy.yaml");
    }
    for (const auto& [platform, cap] : policy_->platform_caps) {
      const auto amounts = by_platform.find(platform);
      if (amounts == by_platform.end()) continue;
      const auto on_it = SumInPolicy(amounts->second);  // else the guard "currency" has said so
      if (on_it && *on_it > cap) {
        Block("platform_cap",
              fmt::format("worst day on {} after the plan {}{} is over its cap {}",
                          PlatformName(platform), PrintMoney(*on_it), Converted(amounts->second),
                          PrintMoney(cap)),
              "lower budgets, or raise the platform's cap in policy.yaml");
      }
    }
  }

  /// What the verdict was converted by, where it has aged.
  void CheckRates() {
    for (const auto& [currency, exchange] : used_) {
      if (!exchange || exchange->age_days <= policy_->rate_age_max_days) continue;
      Note(Automatic() ? "envelope" : "currency",
           ExchangeNote(*exchange, policy_->rate_age_max_days),
           Automatic() ? "a person approves, or a newer rate is loaded"
                       : "check that the rate still holds");
    }
  }

  bool Automatic() const {
    return std::any_of(plan_.changes.begin(), plan_.changes.end(),
                       [](const Change& c) { return IsAutomatic(c.reason); });
  }

  void CheckOperations(const Change& change) {
    if (!policy_) return;
    if (change.reason == Reason::kPause && OnlyLowersSpend(change)) return;
    for (const Operation operation : OperationsOf(change)) {
      const auto& blocked = policy_->blocked_operations;
      if (std::find(blocked.begin(), blocked.end(), operation) == blocked.end()) continue;
      Block("blocked_operation",
            fmt::format("{}: the policy blocks \"{}\"", change.address, OperationName(operation)),
            "change it by hand on the platform, or take it out of blocked_operations");
    }
  }

  void CheckMode(bool only_lowers) {
    if (!Automatic()) return;
    if (policy_->mode == PolicyMode::kObserve && !only_lowers) {
      Block("mode", "the policy only lets Max observe", "set mode to recommend or act");
    } else if (policy_->mode != PolicyMode::kAct) {
      Note("mode",
           fmt::format("the policy lets Max {}: a person approves", PolicyModeName(policy_->mode)),
           "approve, or reject");
    }
  }

  /// The smallest scale that any kind of change in the plan has earned.
  double EarnedScale() {
    double scale = 1;
    if (!policy_->earned_autonomy) return scale;
    std::set<Reason> kinds;
    for (const Change& change : plan_.changes) {
      if (IsAutomatic(change.reason)) kinds.insert(change.reason);
    }
    for (const Reason kind : kinds) {
      const auto earned = context_.autonomy.find(kind);
      if (earned == context_.autonomy.end()) continue;
      if (!earned->second.may_act) {
        Note("record", fmt::format("{}: {}", ReasonName(kind), earned->second.why),
             "a person approves until its predictions hold again");
      }
      scale = std::min(scale, std::clamp(earned->second.scale, 0.0, 1.0));
    }
    return scale;
  }

  void CheckEnvelope() {
    if (!Automatic()) return;
    const double scale = EarnedScale();
    const Envelope& envelope = policy_->envelope;
    const auto limit = [&](const Money& written) {
      return written.TimesBp(static_cast<std::int64_t>(10'000 * scale));
    };
    const auto tell = [&](std::string_view what, Money moved, Money written) {
      Note("envelope",
           fmt::format(
               "{} {} of daily budget (worst day); the envelope is {}{}", what, PrintMoney(moved),
               PrintMoney(limit(written)),
               scale < 1
                   ? fmt::format(", {:.0f} % of what the policy writes, by its record", 100 * scale)
                   : ""),
           "a person approves, or the envelope in policy.yaml is made larger");
    };
    Money day = Money::Zero(policy_->currency);
    std::map<AccountId, Money> accounts;
    std::set<Currency> unknown;
    const auto add = [&](const AccountId& account, Money move) -> std::optional<Money> {
      const auto converted = InPolicy(move);
      if (!converted) {
        unknown.insert(move.currency());
        return std::nullopt;
      }
      day += *converted;
      accounts.try_emplace(account, Money::Zero(policy_->currency)).first->second += *converted;
      return converted;
    };
    for (const GuardContext::Moved& moved : context_.moved_today)
      add(moved.account, moved.worst_day);
    int changes = context_.automatic_changes_today;
    for (const Change& change : plan_.changes) {
      if (!IsAutomatic(change.reason)) continue;
      ++changes;
      const std::optional<Money> move = WorstMove(change, context_.overdelivery_bp);
      const auto converted = move ? add(change.account, *move) : std::nullopt;
      if (converted && envelope.per_change && *converted > limit(*envelope.per_change)) {
        tell(change.address + " moves", *converted, *envelope.per_change);
      }
    }
    for (const Currency currency : unknown) {
      if (!envelope.per_change && !envelope.per_day && !envelope.per_account) break;
      Note("envelope",
           fmt::format("daily budgets in {} move; the envelope is in {} and no rate compares them",
                       currency.name(), policy_->currency.name()),
           "a person approves, or the rate is loaded with maxopt fx import");
    }
    if (envelope.per_day && day > limit(*envelope.per_day)) {
      tell("with this plan 24 hours move", day, *envelope.per_day);
    }
    for (const auto& [account, sum] : accounts) {
      if (envelope.per_account && sum > limit(*envelope.per_account)) {
        tell(fmt::format("with this plan 24 hours move, in {},", PrintAccount(account)), sum,
             *envelope.per_account);
      }
    }
    if (envelope.changes_per_day && changes > *envelope.changes_per_day) {
      Note("envelope",
           fmt::format("with this plan 24 hours have {} automatic changes; the envelope is {}",
                       changes, *envelope.changes_per_day),
           "a person approves, or the envelope in policy.yaml is made larger");
    }
  }

  void CheckFreshness() {
    if (!Automatic()) return;
    const auto limit = std::chrono::hours(policy_->data_age_max_hours);
    if (!context_.facts_learnt_at || context_.now - *context_.facts_learnt_at > limit) {
      Block("stale_data",
            context_.facts_learnt_at
                ? fmt::format("the newest facts were learnt at {}, more than {} h ago",
                              PrintInstant(*context_.facts_learnt_at), policy_->data_age_max_hours)
                : std::string("there are no facts about these accounts"),
            "run maxopt monitor");
    }
  }

  const Plan& plan_;
  const Policy* policy_;
  const GuardContext& context_;
  GuardVerdict verdict_;
  std::map<Currency, Result<Exchange>> used_;   // to the policy's currency
  std::map<std::string, std::string> parents_;  // account and id -> parent's id, all levels
};

}  // namespace

std::optional<Money> WorstDayIn(Currency currency, std::span<const Exposure> exposures,
                                const FxRates& rates) {
  Money sum = Money::Zero(currency);
  for (const Exposure& exposure : exposures) {
    const auto exchange = rates.Find(exposure.worst_day.currency(), currency);
    if (!exchange) return std::nullopt;
    const auto converted = Convert(exposure.worst_day, *exchange);
    if (!converted) return std::nullopt;
    sum += *converted;
  }
  return sum;
}

std::optional<Money> WorstMove(const Change& change,
                               const std::map<Platform, int>& overdelivery_bp) {
  const Money* to = MoneyField(change.after, "daily_budget");
  const Money* from = MoneyField(change.before, "daily_budget");
  if (!to || !from || to->currency() != from->currency()) return std::nullopt;
  const auto factor = overdelivery_bp.find(change.account.platform);
  if (factor == overdelivery_bp.end()) return std::nullopt;
  const Money move = *to > *from ? *to - *from : *from - *to;
  return move.TimesBp(std::max(10'000, factor->second));
}

bool WithinEnvelope(std::span<const GuardFinding> findings) {
  return std::none_of(findings.begin(), findings.end(), [](const GuardFinding& finding) {
    return finding.guard == "mode" || finding.guard == "envelope" || finding.guard == "record";
  });
}

bool GuardVerdict::blocked() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const GuardFinding& finding) { return finding.blocks; });
}

GuardVerdict JudgePlan(const Plan& plan, const Policy* policy, const GuardContext& context) {
  return Judge(plan, policy, context).Run();
}

namespace {

enum class Move { kNone, kDown, kUp };
/// A bid that is multiplied by more is a bid up. What cannot be read may be one.
Move MoveOfModifiers(const Change& change) {
  const auto before = ParseBidModifiers(ListField(change.before, "bid_modifiers"));
  const auto after = ParseBidModifiers(ListField(change.after, "bid_modifiers"));
  if (!before || !after) return Move::kUp;
  if (*before == *after) return Move::kNone;
  return LowersModifiers(*before, *after) ? Move::kDown : Move::kUp;
}

}  // namespace

bool OnlyLowersSpend(const Change& change) {
  if (change.action == ChangeAction::kCreate || change.after.empty()) return false;
  return std::all_of(change.after.begin(), change.after.end(), [&](const auto& field) {
    const auto& [name, value] = field;
    if (name == "status") {
      return value == FieldValue(std::string(kPaused)) ||
             value == FieldValue(std::string(kRemoved));
    }
    if (name == "bid_modifiers") return MoveOfModifiers(change) == Move::kDown;
    if (name != "daily_budget" && name != "lifetime_budget" && name != "bid") return false;
    const Money* to = std::get_if<Money>(&value);
    const Money* from = MoneyField(change.before, name);
    return to && from && to->currency() == from->currency() && *to <= *from;
  });
}

namespace {

/// When a change may be sent relative to the money it moves.
enum class Turn { kLowers, kNeutral, kRaises };

Turn TurnOf(const Change& change) {
  if (change.action == ChangeAction::kCreate) return Turn::kNeutral;  // paused: it cannot spend
  if (OnlyLowersSpend(change)) return Turn::kLowers;
  bool stops = false;
  bool lowers = false;
  bool raises = false;
  for (const auto& [name, value] : change.after) {
    if (name == "status") {
      if (value != FieldValue(std::string(kActive))) stops = true;
      if (value == FieldValue(std::string(kActive)) && TextField(change.before, name) != kActive) {
        raises = true;
      }
    } else if (name == "bid_modifiers") {
      const Move move = MoveOfModifiers(change);
      raises = raises || move == Move::kUp;
      lowers = lowers || move == Move::kDown;
    } else if (const Money* to = std::get_if<Money>(&value)) {
      const Money* from = MoneyField(change.before, name);
      const bool known = from && from->currency() == to->currency();
      if (!known || *to > *from) raises = true;
      if (known && *to < *from) lowers = true;
    }
  }
  if (stops) return Turn::kLowers;
  if (raises) return Turn::kRaises;
  return lowers ? Turn::kLowers : Turn::kNeutral;
}

}  // namespace

std::vector<Change> SafeOrder(std::vector<Change> changes) {
  const std::size_t count = changes.size();
  std::map<std::pair<AccountId, std::string>, std::size_t> makers;
  for (std::size_t i = 0; i < count; ++i) {
    if (changes[i].action == ChangeAction::kCreate) {
      makers.emplace(std::pair(changes[i].account, changes[i].address), i);
    }
  }
  std::vector<std::vector<std::size_t>> waiting(count);  // who waits for i
  std::vector<int> needs(count, 0);
  const auto after = [&](std::size_t later, std::size_t earlier) {
    if (later == earlier) return;
    waiting[earlier].push_back(later);
    ++needs[later];
  };
  std::map<std::pair<AccountId, std::string>, std::size_t> last_of;  // by platform id
  for (std::size_t i = 0; i < count; ++i) {
    const Change& change = changes[i];
    const auto need = [&](const std::string& address) {
      const auto maker = makers.find(std::pair(change.account, address));
      if (!address.empty() && maker != makers.end()) after(i, maker->second);
    };
    if (change.action == ChangeAction::kCreate) need(change.parent_address);
    for (const Link& link : change.links) need(link.address);
    if (change.action == ChangeAction::kUpdate && !change.id.empty()) {
      const auto [last, first] = last_of.try_emplace(std::pair(change.account, change.id), i);
      if (!first) {
        after(i, last->second);
        last->second = i;
      }
    }
  }
  std::set<std::pair<Turn, std::size_t>> ready;
  for (std::size_t i = 0; i < count; ++i) {
    if (needs[i] == 0) ready.emplace(TurnOf(changes[i]), i);
  }
  std::vector<Change> out;
  out.reserve(count);
  std::vector<bool> taken(count, false);
  while (!ready.empty()) {
    const std::size_t i = ready.begin()->second;
    ready.erase(ready.begin());
    taken[i] = true;
    for (const std::size_t later : waiting[i]) {
      if (--needs[later] == 0) ready.emplace(TurnOf(changes[later]), later);
    }
    out.push_back(std::move(changes[i]));
  }
  // Objects that wait for each other in a circle: kept at the end, where apply says what they wait
  // for instead of dropping them.
  for (std::size_t i = 0; i < count; ++i) {
    if (!taken[i]) out.push_back(std::move(changes[i]));
  }
  return out;
}

const ExperimentLock* LockOn(std::span<const ExperimentLock> locks, const AccountId& account,
                             std::string_view id, std::string_view address) {
  for (const ExperimentLock& lock : locks) {
    if (lock.account != account) continue;
    if (!id.empty() && lock.id == id) return &lock;
    if (lock.address.empty() || !address.starts_with(lock.address)) continue;
    if (address.size() == lock.address.size() || address[lock.address.size()] == '/') return &lock;
  }
  return nullptr;
}

const ExperimentLock* LockWithin(std::span<const ExperimentLock> locks, const AccountId& account,
                                 std::string_view id, std::string_view address) {
  if (const ExperimentLock* lock = LockOn(locks, account, id, address)) return lock;
  for (const ExperimentLock& lock : locks) {
    if (lock.account == account && !address.empty() && lock.address.size() > address.size() &&
        lock.address.starts_with(address) && lock.address[address.size()] == '/') {
      return &lock;
    }
  }
  return nullptr;
}

}  // namespace maxopt
