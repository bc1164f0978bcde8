// One run of the rules on the accounts as they are now.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "decide/guardrails/guardrails.h"
#include "memory/campaigns/alerts.h"
#include "stages/optimize/rules/view.h"

namespace maxopt {

using nlohmann::ordered_json;

namespace {

constexpr std::string_view kDetector = "rule";
constexpr std::string_view kCreatedBy = "rules";

template <class T>
std::optional<T> FieldOf(const Fields& fields, std::string_view name) {
  const auto at = fields.find(std::string(name));
  if (at == fields.end()) return std::nullopt;
  const T* value = std::get_if<T>(&at->second);
  return value ? std::optional<T>(*value) : std::nullopt;
}

std::string SubjectOf(const AccountId& account, Level level, const std::string& id) {
  if (level == Level::kAccount) return PrintAccount(account);
  return fmt::format("{}/{}/{}", PrintAccount(account), LevelName(level), id);
}

class Runner {
 public:
  Runner(const RulesWorld& world, const RuleSet& set, const Policy* policy)
      : world_(world), set_(set), policy_(policy), now_(world.clock->Now()) {}

  Result<RulesRun> Run() {
    MAXOPT_TRY(const Client client, world_.store->GetClient(set_.client));
    client_ = &client;
    run_.facts.now = now_;
    MAXOPT_TRY(run_.facts.zone, Zone::Find(client.zone));
    if (policy_) {
      run_.facts.step_max_bp = policy_->step_max_bp;
      run_.facts.policy_cooldown_hours = policy_->cooldown_hours;
    }
    MAXOPT_TRY(const std::vector<AccountInfo> accounts,
               rules::AccountsOf(*world_.store, client.name));
    MAXOPT_TRY(holds_, rules::ConversionHolds(*world_.store, client.name, accounts));
    MAXOPT_TRY(targets_, rules::Targets(*world_.store, client.name));
    MAXOPT_TRY(locks_, ExperimentLocks(*world_.store, client.name, now_));
    MAXOPT_TRY(fixed_, FixedBudgets(*world_.store, client.name));
    MAXOPT_TRY(budget_changes_, world_.store->LastBudgetChanges(client.name));
    for (const AccountInfo& account : accounts) MAXOPT_CHECK(ReadAccount(account));
    MAXOPT_TRY(const std::vector<rules::KnownChange> known,
               rules::KnownChanges(*world_.store, client.name));
    for (const rules::KnownChange& change : known) {
      if (change.create) continue;
      RulePast past;
      past.at = change.at;
      past.by_rule = !change.rule.empty();
      past.rule = past.by_rule ? change.rule : change.by;
      past.account = change.account;
      past.id = change.id;
      past.field = change.field;
      past.before = change.before;
      past.after = change.after;
      past.plan = change.plan;
      past.open = change.open;
      past.done = change.done;
      run_.facts.past.push_back(std::move(past));
    }
    run_.verdict = JudgeRules(set_, run_.facts);
    MakePlans();
    MAXOPT_CHECK(MakeConditions());
    return std::move(run_);
  }

 private:
  Result<> ReadAccount(const AccountInfo& info) {
    MAXOPT_TRY(RuleAccount account,
               rules::AccountAt(*world_.facts, info, set_.days_needed(), now_));
    MAXOPT_TRY(rules::SeriesMap series,
               rules::SeriesAt(*world_.facts, info, set_, account.first,
                               account.today - std::chrono::days(1), std::nullopt, run_.notes));
    if (const auto hold = holds_.find(info.account); hold != holds_.end()) {
      account.conversions_hold = hold->second;
    }
    const auto read = [&]() -> Result<AccountTree> {
      MAXOPT_TRY(const std::shared_ptr<PlatformReader> reader, world_.reader(info.account));
      account.minor_units = reader->capabilities().minor_units;
      return reader->ReadAccount(info.account, http::After(std::chrono::seconds(120)));
    };
    Result<AccountTree> tree = read();
    if (!tree) {
      account.hold = fmt::format("account {} cannot be read: {}", PrintAccount(info.account),
                                 tree.error().what);
      run_.notes.push_back(account.hold);
      // What is known of it is shown as held, not left out.
      tree = AccountTree{info, {}};
    }
    MAXOPT_TRY(const std::vector<OwnedObject> owned, world_.store->Objects(info.account));
    const rules::Added added = rules::AddAccount(run_.facts, std::move(account), series);
    for (const Level level : {Level::kCampaign, Level::kAdGroup, Level::kAd}) {
      if (!set_.needs_level(level) && level != Level::kAdGroup) continue;
      for (const Entity& entity : tree->entities) {
        if (entity.level == level) AddObject(*tree, entity, owned, added, series);
      }
    }
    return {};
  }

  void AddObject(const AccountTree& tree, const Entity& entity,
                 const std::vector<OwnedObject>& owned, const rules::Added& added,
                 rules::SeriesMap& series) {
    const AccountId& id = tree.info.account;
    RuleObject object;
    object.account = added.account;
    object.level = entity.level;
    object.id = entity.id;
    object.name = WithoutMarker(TextField(entity.fields, "name"));
    object.status = TextField(entity.fields, "status");
    object.daily_budget = FieldOf<Money>(entity.fields, "daily_budget");
    object.bid = FieldOf<Money>(entity.fields, "bid");
    object.target_cpa = FieldOf<Money>(entity.fields, "target_cpa");
    object.target_roas_bp = FieldOf<std::int64_t>(entity.fields, "target_roas_bp");
    const auto ours = std::find_if(owned.begin(), owned.end(), [&](const OwnedObject& o) {
      return o.level == entity.level && o.id == entity.id;
    });
    object.address = ours == owned.end() ? fmt::format("{}/{}", LevelName(entity.level), entity.id)
                                         : ours->address;
    const auto place = [&](Level level, const std::string& of) -> std::optional<std::size_t> {
      const auto found = places_.find({id, level, of});
      return found == places_.end() ? std::nullopt : std::optional(found->second);
    };
    if (entity.level == Level::kCampaign) {
      object.parent = added.object;
      object.campaign_id = entity.id;
      object.campaign_name = object.name;
      object.objective = TextField(entity.fields, "objective");
    } else {
      object.parent =
          place(entity.level == Level::kAd ? Level::kAdGroup : Level::kCampaign, entity.parent_id);
      object.campaign_id = entity.campaign_id;
      if (const auto campaign = place(Level::kCampaign, entity.campaign_id)) {
        const RuleObject& above = run_.facts.objects[*campaign];
        object.campaign_name = above.campaign_name;
        object.objective = above.objective;
        object.targets = above.targets;
      }
    }
    // What an object aims at itself is nearer than the campaign's watch; the watch nearer than
    // nothing.
    if (object.target_cpa) {
      object.targets.try_emplace(RuleMetric::kCpa,
                                 static_cast<double>(object.target_cpa->micros()) / 1e6);
    }
    if (object.target_roas_bp) {
      object.targets.try_emplace(RuleMetric::kRoas,
                                 static_cast<double>(*object.target_roas_bp) / 1e4);
    }
    if (const auto watched = targets_.find(object.address); watched != targets_.end()) {
      for (const auto& [metric, target] : watched->second) object.targets[metric] = target;
    }
    SetLocks(id, entity, object);
    if (const auto changed = budget_changes_.find(entity.id); changed != budget_changes_.end()) {
      object.budget_changed_at = changed->second;
    }
    if (const auto told = series.find({entity.level, entity.id}); told != series.end()) {
      object.series = std::move(told->second.days);
    }
    places_[{id, entity.level, entity.id}] = run_.facts.objects.size();
    run_.facts.objects.push_back(std::move(object));
  }

  void SetLocks(const AccountId& account, const Entity& entity, RuleObject& object) const {
    const ExperimentLock* lock = LockWithin(locks_, account, entity.id, object.address);
    if (lock == nullptr && !entity.parent_id.empty()) {
      lock = LockOn(locks_, account, entity.parent_id, "");
    }
    if (lock == nullptr && !entity.campaign_id.empty()) {
      lock = LockOn(locks_, account, entity.campaign_id, "");
    }
    if (lock != nullptr) {
      object.locked = fmt::format("experiment \"{}\" keeps it still until {}", lock->experiment,
                                  PrintDay(lock->until));
    }
    const bool fixed = std::any_of(fixed_.begin(), fixed_.end(), [&](const auto& campaign) {
      return object.address == campaign.first || object.address.starts_with(campaign.first + "/");
    });
    if (fixed) object.budget_fixed = "the media plan fixes its budget";
  }

  void MakePlans() {
    for (const bool second_signal : {false, true}) {
      Plan plan;
      plan.client = client_->name;
      plan.created_by = kCreatedBy;
      std::set<std::string> names;
      std::map<std::size_t, std::size_t> change_of;  // by object: SafeOrder wants one each
      for (const RuleProposal& proposal : run_.verdict.changes) {
        if (proposal.needs_second_signal != second_signal) continue;
        const RuleObject& object = run_.facts.objects[proposal.object];
        names.insert(set_.rules[proposal.rule].name);
        const auto [at, first] = change_of.try_emplace(proposal.object, plan.changes.size());
        if (first) {
          Change change;
          change.account = run_.facts.accounts[object.account].id;
          change.level = object.level;
          change.address = object.address;
          change.id = object.id;
          change.reason = Reason::kRule;
          change.why = proposal.why;
          change.evidence = rules::EvidenceJson(set_, proposal);
          plan.changes.push_back(std::move(change));
        }
        Change& change = plan.changes[at->second];
        change.before[proposal.field] = proposal.before;
        change.after[proposal.field] = proposal.after;
        if (second_signal) {
          plan.notes.push_back(fmt::format(
              "{} \"{}\": {}. Pausing what converts needs a second, independent signal: compare "
              "the shop's orders or the observed conversions before approving",
              LevelName(object.level), object.name, proposal.second_signal_why));
        }
      }
      if (plan.changes.empty()) continue;
      plan.title =
          fmt::format("{}{} change{} by rule{} {}", second_signal ? "to be confirmed: " : "",
                      plan.changes.size(), plan.changes.size() == 1 ? "" : "s",
                      names.size() == 1 ? "" : "s", fmt::join(names, ", "));
      run_.plans.push_back(std::move(plan));
    }
  }

  Result<> MakeConditions() {
    run_.looks.push_back({client_->name, std::string(kDetector), std::nullopt});
    std::set<std::pair<std::string, std::string>> told;  // rule and subject
    for (const RuleNotice& notice : run_.verdict.notices) {
      const RuleObject& object = run_.facts.objects[notice.object];
      const RuleAccount& account = run_.facts.accounts[object.account];
      Condition c;
      c.client = client_->name;
      c.detector = kDetector;
      c.account = account.id;
      c.level = object.level;
      if (object.level != Level::kAccount) c.object_id = object.id;
      c.name = object.name;
      c.kpi = set_.rules[notice.rule].name;
      c.tier = notice.tier;
      c.title = fmt::format("{}: {}", object.name, notice.text);
      c.since = now_;
      for (const RuleEvidence& e : notice.evidence) {
        c.evidence.push_back(fmt::format("{}{}: {} against {}", e.holds ? "" : "not ", e.condition,
                                         e.value, e.reference));
      }
      told.emplace(c.kpi, SubjectOf(account.id, object.level, object.id));
      AddScope(account.id, object);
      run_.conditions.push_back(std::move(c));
    }
    // What is open and could not be judged now is not over.
    std::set<std::pair<std::string, std::string>> open_questions;
    for (const RuleUndecided& undecided : run_.verdict.undecided) {
      for (const std::size_t o : undecided.objects) {
        const RuleObject& object = run_.facts.objects[o];
        open_questions.emplace(
            set_.rules[undecided.rule].name,
            SubjectOf(run_.facts.accounts[object.account].id, object.level, object.id));
      }
    }
    AlertQuery query;
    query.client = client_->name;
    query.limit = 10'000;
    MAXOPT_TRY(const std::vector<AlertEntry> alerts, Alerts(*world_.store, query));
    for (const AlertEntry& entry : alerts) {
      const Condition& c = entry.alert.condition;
      if (c.detector != kDetector || !c.account) continue;
      const std::pair key(
          c.kpi, SubjectOf(*c.account, c.level, c.object_id.empty() ? c.account->id : c.object_id));
      const bool held =
          std::any_of(run_.facts.accounts.begin(), run_.facts.accounts.end(),
                      [&](const RuleAccount& a) { return a.id == *c.account && !a.hold.empty(); });
      if ((held || open_questions.contains(key)) && told.insert(key).second) {
        run_.conditions.push_back(c);
      }
    }
    return {};
  }

  void AddScope(const AccountId& account, const RuleObject& object) {
    if (object.level != Level::kAdGroup && object.level != Level::kAd) return;
    run_.scopes.campaign_of[SubjectOf(account, object.level, object.id)] =
        SubjectOf(account, Level::kCampaign, object.campaign_id);
  }

  const RulesWorld& world_;
  const RuleSet& set_;
  const Policy* policy_;
  const Instant now_;
  const Client* client_ = nullptr;
  std::map<AccountId, std::string> holds_;
  std::map<std::string, std::map<RuleMetric, double>> targets_;
  std::vector<ExperimentLock> locks_;
  FixedBudgetMap fixed_;
  std::map<std::string, Instant> budget_changes_;
  std::map<std::tuple<AccountId, Level, std::string>, std::size_t> places_;
  RulesRun run_;
};

std::string NameOf(const RulesRun& run, std::size_t o) {
  const RuleObject& object = run.facts.objects[o];
  return fmt::format("{} {} \"{}\"", PrintAccount(run.facts.accounts[object.account].id),
                     object.level == Level::kAccount
                         ? std::string(LevelName(object.level))
                         : fmt::format("{} {}", LevelName(object.level), object.id),
                     object.name);
}

}  // namespace

Result<RulesRun> RunRules(const RulesWorld& world, const RuleSet& set, const Policy* policy) {
  const RuleSet under_policy = rules::UnderPolicy(set, policy);
  return Runner(world, under_policy, policy).Run();
}

std::string RulesText(const RuleSet& set, const RulesRun& run) {
  const RuleVerdict& v = run.verdict;
  std::string out = fmt::format(
      "{} rules on {} objects: {} judged, {} fired; {} changes, {} notices, {} suppressed\n",
      set.rules.size(), run.facts.objects.size(), v.judged, v.fired, v.changes.size(),
      v.notices.size(), v.suppressed.size());
  for (const RuleProposal& p : v.changes) {
    out += fmt::format("\n{}  {}\n  {}\n", NameOf(run, p.object), rules::Describe(p), p.why);
    if (p.needs_second_signal) {
      out += fmt::format("  needs a second signal: {}\n", p.second_signal_why);
    }
  }
  for (const RuleNotice& n : v.notices) {
    out += fmt::format("\n{}  {}: {}\n", NameOf(run, n.object), AlertTierName(n.tier), n.text);
    for (const RuleEvidence& e : n.evidence) {
      out += fmt::format("  {}{}: {} against {}\n", e.holds ? "" : "not ", e.condition, e.value,
                         e.reference);
    }
  }
  if (!v.suppressed.empty()) out += "\nnot done:\n";
  for (const RuleSuppressed& s : v.suppressed) {
    out += fmt::format("  {}  rule \"{}\": {}: {}\n", NameOf(run, s.object), set.rules[s.rule].name,
                       s.what, s.why);
  }
  if (!v.undecided.empty()) out += "\nnot decided:\n";
  for (const RuleUndecided& u : v.undecided) {
    out += fmt::format("  rule \"{}\", {} object{} ({}{}): {}\n", set.rules[u.rule].name,
                       u.objects.size(), u.objects.size() == 1 ? "" : "s",
                       NameOf(run, u.objects.front()), u.objects.size() == 1 ? "" : ", ...", u.why);
  }
  for (const std::string& note : run.notes) out += "note: " + note + "\n";
  return out;
}

std::string RulesJson(const RuleSet& set, const RulesRun& run) {
  const auto object_of = [&](std::size_t o) {
    const RuleObject& object = run.facts.objects[o];
    return ordered_json{{"account", PrintAccount(run.facts.accounts[object.account].id)},
                        {"level", LevelName(object.level)},
                        {"id", object.id},
                        {"name", object.name}};
  };
  const auto evidence_of = [](const std::vector<RuleEvidence>& evidence) {
    ordered_json out = ordered_json::array();
    for (const RuleEvidence& e : evidence) {
      out.push_back({{"condition", e.condition},
                     {"value", e.value},
                     {"against", e.reference},
                     {"holds", e.holds}});
    }
    return out;
  };
  ordered_json changes = ordered_json::array(), notices = changes, suppressed = changes,
               undecided = changes;
  for (const RuleProposal& p : run.verdict.changes) {
    ordered_json one{{"rule", set.rules[p.rule].name},
                     {"object", object_of(p.object)},
                     {"change", rules::Describe(p)},
                     {"lowers_spend", p.lowers_spend},
                     {"why", p.why},
                     {"evidence", evidence_of(p.evidence)}};
    if (p.needs_second_signal) one["needs_second_signal"] = p.second_signal_why;
    changes.push_back(std::move(one));
  }
  for (const RuleNotice& n : run.verdict.notices) {
    notices.push_back({{"rule", set.rules[n.rule].name},
                       {"object", object_of(n.object)},
                       {"tier", AlertTierName(n.tier)},
                       {"text", n.text},
                       {"evidence", evidence_of(n.evidence)}});
  }
  for (const RuleSuppressed& s : run.verdict.suppressed) {
    suppressed.push_back({{"rule", set.rules[s.rule].name},
                          {"object", object_of(s.object)},
                          {"what", s.what},
                          {"why", s.why}});
  }
  for (const RuleUndecided& u : run.verdict.undecided) {
    undecided.push_back({{"rule", set.rules[u.rule].name},
                         {"why", u.why},
                         {"objects", u.objects.size()},
                         {"first", object_of(u.objects.front())}});
  }
  ordered_json plans = ordered_json::array();
  for (const Plan& plan : run.plans) {
    plans.push_back({{"id", plan.id},
                     {"title", plan.title},
                     {"status", PlanStatusName(plan.status)},
                     {"changes", plan.changes.size()}});
  }
  return ordered_json{{"client", set.client},       {"judged", run.verdict.judged},
                      {"fired", run.verdict.fired}, {"changes", changes},
                      {"notices", notices},         {"suppressed", suppressed},
                      {"undecided", undecided},     {"plans", plans},
                      {"notes", run.notes}}
      .dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace maxopt
