#include "stages/optimize/levers/levers.h"

#include <fmt/format.h>

#include <algorithm>

#include "decide/guardrails/guardrails.h"
#include "memory/facts/books.h"
#include "stages/optimize/rules/view.h"

namespace maxopt {
namespace {

using std::chrono::days;

/// One tree, as everywhere.
constexpr std::chrono::seconds kReadTime{120};
/// Where there is no policy its defaults hold: drafts are made all the same.
Policy NoPolicy() {
  return {.client = "",
          .currency = kNoCurrency,
          .worst_day_cap = Money::Zero(kNoCurrency),
          .platform_caps = {},
          .auto_approve = {}};
}

/// Which days of the account may be decided on, from how far each of them is known.
void JudgeDaysOf(const RuleAccount& known, double known_least, LeverAccount& account) {
  account.today = known.today;
  account.first = known.first;
  account.last = known.first - days(1);
  std::string newest_why;
  for (std::size_t i = 0; i < known.days.size(); ++i) {
    const Day day = known.first + days(static_cast<int>(i));
    const RuleAccountDay& state = known.days[i];
    const bool mature = !state.share_known || *state.share_known >= known_least;
    if (state.known && mature) {
      account.last = day;
      continue;
    }
    account.left_out.insert(day);
    newest_why = !state.known ? state.why
                              : fmt::format("about {:.0f} % of its conversions are known",
                                            100 * *state.share_known);
  }
  std::erase_if(account.left_out, [&](Day day) { return day > account.last; });
  if (account.last < account.first) {
    account.hold = fmt::format("hold: no day since {} can be decided on; of {}: {}",
                               PrintDay(account.first), PrintDay(account.today - days(1)),
                               newest_why.empty() ? "nothing is known" : newest_why);
  }
}

void AddTouches(std::vector<rules::KnownChange> changes, LeverState& state) {
  // Oldest first: the newest is kept.
  for (rules::KnownChange& change : changes) {
    LeverTouch& touch = state.touched[{change.account, change.id}];
    if (change.open) touch.waiting = change.plan;
    // A create is no change of what was: only its switching on, later, is.
    if (!change.done || change.create) continue;
    touch.at = change.at;
    touch.plan = change.plan;
    touch.fields[change.field] = change.at;
  }
}

/// The lock on something below the object by the platform's tree, whatever the addresses are.
const ExperimentLock* LockBelow(const std::vector<ExperimentLock>& locks,
                                const LeverAccount& account, const Entity& entity) {
  for (const ExperimentLock& lock : locks) {
    if (lock.account != account.tree.info.account || lock.id.empty()) continue;
    const auto places = account.by_id.find(lock.id);
    if (places == account.by_id.end()) continue;
    const bool below =
        std::any_of(places->second.begin(), places->second.end(), [&](std::size_t i) {
          const Entity& other = account.tree.entities[i];
          return other.parent_id == entity.id || other.campaign_id == entity.id;
        });
    if (below) return &lock;
  }
  return nullptr;
}

}  // namespace

int LeverAccount::JudgedDays() const {
  if (last < first) return 0;
  return static_cast<int>((last - first).count()) + 1 - static_cast<int>(left_out.size());
}

void LeverAccount::Index() {
  by_id.clear();
  by_parent.clear();
  owned_by_id.clear();
  for (std::size_t i = 0; i < tree.entities.size(); ++i) {
    by_id[tree.entities[i].id].push_back(i);
    if (!tree.entities[i].parent_id.empty()) by_parent[tree.entities[i].parent_id].push_back(i);
  }
  for (std::size_t i = 0; i < owned.size(); ++i) owned_by_id[owned[i].id].push_back(i);
}

const Entity* LeverAccount::Find(Level level, const std::string& id) const {
  const auto places = by_id.find(id);
  if (places == by_id.end()) return nullptr;
  for (const std::size_t i : places->second) {
    if (tree.entities[i].level == level) return &tree.entities[i];
  }
  return nullptr;
}

std::vector<const Entity*> LeverAccount::Below(const Entity& entity) const {
  std::vector<const Entity*> out;
  const auto places = by_parent.find(entity.id);
  if (places == by_parent.end()) return out;
  for (const std::size_t i : places->second) out.push_back(&tree.entities[i]);
  return out;
}

int LeverState::step_max_bp() const { return (policy ? *policy : NoPolicy()).step_max_bp; }

int LeverState::cooldown_hours() const { return (policy ? *policy : NoPolicy()).cooldown_hours; }

double LeverState::known_least() const {
  return (policy ? *policy : NoPolicy()).known_least_bp / 1e4;
}

const Instant* LeverState::LastChange(const AccountId& account, const std::string& id,
                                      const std::string& field) const {
  const auto touch = touched.find({account, id});
  if (touch == touched.end()) return nullptr;
  const auto at = touch->second.fields.find(field);
  return at == touch->second.fields.end() ? nullptr : &at->second;
}

std::optional<Prediction> LeverState::InClients(const LeverAccount& account,
                                                Prediction prediction) const {
  const auto exchange = rates.Find(account.tree.info.currency, client.currency);
  if (!exchange) return std::nullopt;
  for (double* value : {&prediction.mean, &prediction.low90, &prediction.high90}) {
    *value *= exchange->real();
  }
  prediction.currency = client.currency;
  return prediction;
}

std::string LeverState::AddressOf(const LeverAccount& account, const Entity& entity) const {
  if (const auto places = account.owned_by_id.find(entity.id);
      places != account.owned_by_id.end()) {
    for (const std::size_t i : places->second) {
      if (account.owned[i].level == entity.level) return account.owned[i].address;
    }
  }
  return fmt::format("{}/{}", LevelName(entity.level), entity.id);
}

std::string LeverState::Still(const LeverAccount& account, const Entity& entity) const {
  const AccountId& id = account.tree.info.account;
  // Itself and what it is in.
  std::vector<const Entity*> chain{&entity};
  if (entity.level == Level::kAd) {
    if (const Entity* group = account.Find(Level::kAdGroup, entity.parent_id)) {
      chain.push_back(group);
    }
  }
  if (entity.level != Level::kCampaign) {
    if (const Entity* campaign = account.Find(Level::kCampaign, entity.campaign_id)) {
      chain.push_back(campaign);
    }
  }
  for (const Entity* one : chain) {
    if (const std::string status = TextField(one->fields, "status"); status != kActive) {
      return fmt::format("{} \"{}\" is {}", LevelName(one->level),
                         WithoutMarker(TextField(one->fields, "name")),
                         status.empty() ? "of no known status" : status);
    }
  }
  for (const Entity* one : chain) {
    const std::string address = AddressOf(account, *one);
    // What is in it counts for the object itself; its siblings do not.
    const ExperimentLock* lock = one == &entity ? LockWithin(locks, id, one->id, address)
                                                : LockOn(locks, id, one->id, address);
    if (lock == nullptr && one == &entity) lock = LockBelow(locks, account, entity);
    if (lock != nullptr) {
      return fmt::format("experiment \"{}\" keeps it still until {}", lock->experiment,
                         PrintDay(lock->until));
    }
  }
  const auto touch = touched.find({id, entity.id});
  if (touch == touched.end()) return {};
  if (!touch->second.waiting.empty()) {
    return fmt::format("plan {} would change it and waits: approve or reject it",
                       touch->second.waiting);
  }
  if (!touch->second.plan.empty() &&
      now - touch->second.at < std::chrono::hours(cooldown_hours())) {
    return fmt::format("plan {} changed it at {}; it rests {} h", touch->second.plan,
                       PrintInstant(touch->second.at), cooldown_hours());
  }
  return {};
}

Result<LeverState> ReadLeverState(const LeverWorld& world, const std::string& client,
                                  const Policy* policy, int days) {
  if (days < 1) {
    return Fail(Errc::kInvalidArgument, fmt::format("levers look back {} days; at least 1", days));
  }
  LeverState state;
  MAXOPT_TRY(state.client, world.store->GetClient(client));
  state.policy = policy;
  state.now = world.clock->Now();
  MAXOPT_TRY(const Zone zone, Zone::Find(state.client.zone));
  MAXOPT_TRY(state.rates, RatesOn(*world.facts, zone.DayOf(state.now)));
  MAXOPT_TRY(std::vector<AccountInfo> infos, rules::AccountsOf(*world.store, client));
  std::sort(infos.begin(), infos.end(),
            [](const AccountInfo& a, const AccountInfo& b) { return a.account < b.account; });
  MAXOPT_TRY(const auto holds, rules::ConversionHolds(*world.store, client, infos));
  MAXOPT_TRY(const auto targets, rules::Targets(*world.store, client));
  for (const auto& [address, kpis] : targets) {
    for (const auto& [kpi, target] : kpis) {
      state.targets[address][std::string(RuleMetricName(kpi))] = target;
    }
  }
  MAXOPT_TRY(state.locks, ExperimentLocks(*world.store, client, state.now));
  MAXOPT_TRY(state.fixed, FixedBudgets(*world.store, client));
  MAXOPT_TRY(std::vector<rules::KnownChange> changes, rules::KnownChanges(*world.store, client));
  AddTouches(std::move(changes), state);
  for (const AccountInfo& info : infos) {
    LeverAccount account;
    const auto read = [&]() -> Result<AccountTree> {
      MAXOPT_TRY(const std::shared_ptr<PlatformReader> reader, world.reader(info.account));
      account.can = reader->capabilities();
      return reader->ReadAccount(info.account, http::After(kReadTime));
    };
    Result<AccountTree> tree = read();
    if (!tree) {
      state.notes.push_back(fmt::format("account {} cannot be read and is left alone: {}",
                                        PrintAccount(info.account), tree.error().what));
      continue;
    }
    account.tree = std::move(*tree);
    MAXOPT_TRY(account.owned, world.store->Objects(info.account));
    MAXOPT_TRY(const RuleAccount known, rules::AccountAt(*world.facts, info, days, state.now));
    JudgeDaysOf(known, state.known_least(), account);
    if (const auto hold = holds.find(info.account); hold != holds.end()) {
      account.hold = hold->second;
    }
    account.Index();
    state.accounts.push_back(std::move(account));
  }
  return state;
}

}  // namespace maxopt
