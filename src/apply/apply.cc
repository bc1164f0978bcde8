#include "apply/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "apply/fault_point.h"
#include "apply/live.h"
#include "apply/run.h"
#include "connect/writer.h"
#include "decide/autonomy/autonomy.h"
#include "memory/campaigns/ledger.h"

namespace maxopt {
namespace {

/// Whether two names are one person's: the API writes "anna (api)" for anna.
bool SamePerson(std::string_view a, std::string_view b) {
  const auto bare = [](std::string_view name) {
    constexpr std::string_view kVia = " (api)";
    if (name.ends_with(kVia)) name.remove_suffix(kVia.size());
    return name;
  };
  return bare(a) == bare(b);
}

constexpr int kApprovalHoursWithoutPolicy = 24;

/// Whoever proposed the change said that its own evidence is not enough: a pause of what converts.
bool NeedsSecondSignal(const Change& change) {
  const auto evidence = nlohmann::json::parse(change.evidence, nullptr, false);
  return evidence.is_object() && evidence.contains("needs_second_signal") &&
         evidence["needs_second_signal"] != false;
}

/// All of it is a step of that experiment.
bool IsOfExperiment(const Plan& plan, const std::string& experiment) {
  return std::all_of(plan.changes.begin(), plan.changes.end(), [&](const Change& change) {
    if (change.reason != Reason::kExperiment) return false;
    const auto evidence = nlohmann::json::parse(change.evidence, nullptr, false);
    return evidence.is_object() && evidence.contains("experiment") &&
           evidence["experiment"] == experiment;
  });
}

bool AllOnlyLower(const Plan& plan) {
  return std::all_of(plan.changes.begin(), plan.changes.end(), OnlyLowersSpend);
}

std::string Blocking(const GuardVerdict& verdict) {
  std::vector<std::string> out;
  for (const GuardFinding& finding : verdict.findings) {
    if (finding.blocks) out.push_back(fmt::format("[{}] {}", finding.guard, finding.what));
  }
  return fmt::format("{}", fmt::join(out, "; "));
}

bool IsCap(const GuardFinding& finding) {
  return finding.blocks && (finding.guard == "daily_cap" || finding.guard == "platform_cap" ||
                            finding.guard == "unread_account" || finding.guard == "currency" ||
                            finding.guard == "policy_missing");
}

/// The worst day that was shown against the one the same plan leads to now.
std::string DriftOf(const std::vector<Exposure>& shown, const std::vector<Exposure>& now,
                    int max_bp) {
  std::map<Currency, Money> before;
  for (const Exposure& e : shown) before.emplace(e.worst_day.currency(), e.worst_day);
  std::map<Currency, Money> after;
  for (const Exposure& e : now) after.emplace(e.worst_day.currency(), e.worst_day);
  for (const auto& [currency, amount] : before) after.try_emplace(currency, Money::Zero(currency));
  for (const auto& [currency, amount] : after) {
    const auto at = before.try_emplace(currency, Money::Zero(currency)).first;
    const Money was = at->second;
    const Money moved = amount > was ? amount - was : was - amount;
    if (moved > was.TimesBp(max_bp)) {
      return fmt::format("the worst day after the plan was shown as {} and would be {} now",
                         PrintMoney(was), PrintMoney(amount));
    }
  }
  return {};
}

/// What was done by an earlier run counts as switched on, as it did when the plan was judged.
Plan AsIfOn(Plan plan, const std::vector<ChangeStatus>& statuses) {
  std::vector<Change> changes;
  for (const ChangeStatus& status : statuses) {
    Change change = status.change;
    const bool done =
        status.state == ChangeState::kConfirmed || status.state == ChangeState::kVerified;
    if (done && change.action == ChangeAction::kUpdate) continue;  // live already
    if (done) {
      change.action = ChangeAction::kUpdate;
      change.id = status.id;
      if (change.level == Level::kCampaign || change.level == Level::kAdGroup) {
        change.after["status"] = std::string(kActive);
      }
    }
    changes.push_back(std::move(change));
  }
  plan.changes = std::move(changes);
  return plan;
}

}  // namespace

// --- what is there now

struct Door::Snapshot {
  std::vector<AccountTree> trees;
  GuardContext context;  // its `live` looks at `trees`
};

Result<Door::Snapshot> Door::ReadSnapshot(const Plan& plan) {
  Snapshot snapshot;
  GuardContext& context = snapshot.context;
  context.now = world_.clock->Now();
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, world_.store->Accounts());
  std::set<AccountId> touched;
  for (const Change& change : plan.changes) touched.insert(change.account);
  std::optional<Instant> oldest;
  bool never = touched.empty();
  for (const ClientAccount& account : accounts) {
    const AccountId& id = account.info.account;
    if (account.client != plan.client) {
      if (touched.contains(id)) context.foreign_accounts.push_back(id);
      continue;
    }
    auto connector = world_.connector(id);
    if (!connector) {
      context.unread_accounts.push_back(PrintAccount(id) + " (" + connector.error().what + ")");
      continue;
    }
    auto tree = (*connector)->reader->ReadAccount(id, http::After(world_.options.call_timeout));
    if (!tree) {
      context.unread_accounts.push_back(PrintAccount(id) + " (" + tree.error().what + ")");
      continue;
    }
    snapshot.trees.push_back(std::move(*tree));
    context.overdelivery_bp[id.platform] =
        (*connector)->reader->capabilities().daily_overdelivery_bp;
    if (!touched.contains(id)) continue;
    const std::optional<Instant> learnt = world_.facts_learnt_at(id);
    if (!learnt) never = true;
    if (learnt && (!oldest || *learnt < *oldest)) oldest = learnt;
  }
  if (!never) context.facts_learnt_at = oldest;
  context.live = snapshot.trees;
  MAXOPT_TRY(context.last_budget_change, world_.store->LastBudgetChanges(plan.client));
  MAXOPT_TRY(context.locks, ExperimentLocks(*world_.store, plan.client, context.now));
  // An experiment moves what it keeps still.
  std::erase_if(context.locks,
                [&](const ExperimentLock& lock) { return IsOfExperiment(plan, lock.experiment); });
  // Rates that cannot be read are not known, and what needs them is blocked; stopping needs none.
  const Day today = Zone::Utc().DayOf(context.now);
  auto rates = world_.rates ? world_.rates(today) : Result<FxRates>(FxRates({}, today));
  context.rates = rates ? std::move(*rates) : FxRates({}, today);
  MAXOPT_CHECK(AddRecord(plan, context));
  return snapshot;
}

/// What automatic changes moved within 24 hours, and how well their kinds predicted.
Result<> Door::AddRecord(const Plan& plan, GuardContext& context) const {
  MAXOPT_TRY(const std::vector<Change> sent,
             ChangesSentSince(*world_.store, plan.client, context.now - std::chrono::hours(24)));
  for (const Change& change : sent) {
    if (!IsAutomatic(change.reason)) continue;
    // An apply that goes on does not count its own changes twice.
    if (change.key.starts_with(plan.id + "/")) continue;
    ++context.automatic_changes_today;
    const auto move = WorstMove(change, context.overdelivery_bp);
    if (move) context.moved_today.push_back({change.account, *move});
  }
  MAXOPT_TRY(const std::vector<ScoredOutcome> outcomes, Outcomes(*world_.store, plan.client));
  std::map<Reason, std::vector<ScoredPrediction>> records;
  for (const Change& change : plan.changes) {
    const Reason reason = change.reason;
    if (!IsAutomatic(reason) || !records.try_emplace(reason).second) continue;
    for (const ScoredOutcome& o : outcomes) {
      if (o.kind != ReasonName(reason)) continue;
      records[reason].push_back({o.predicted, o.low90, o.high90, o.measured, o.measured_sd});
    }
  }
  for (const auto& [reason, record] : records) {
    const auto calibration = Calibrate(record);
    context.autonomy[reason] =
        EarnedAutonomy(calibration ? std::optional(*calibration) : std::nullopt);
  }
  return {};
}

// --- propose and approve

Result<Plan> Door::Propose(Plan draft, const Policy* policy) {
  if (draft.changes.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("plan \"{}\" has no changes: nothing to do", draft.title));
  }
  draft.created_at = world_.clock->Now();
  draft.changes = SafeOrder(std::move(draft.changes));
  MAXOPT_TRY(const Snapshot snapshot, ReadSnapshot(draft));
  GuardVerdict verdict = JudgePlan(draft, policy, snapshot.context);
  draft.exposure_before = std::move(verdict.before);
  draft.exposure_after = std::move(verdict.after);
  draft.findings = std::move(verdict.findings);
  const auto blocked = [&draft] {
    return std::any_of(draft.findings.begin(), draft.findings.end(),
                       [](const GuardFinding& f) { return f.blocks; });
  };
  // A plan that our own guards refuse is not worth a platform's time.
  if (!blocked()) CheckWithPlatforms(draft);
  draft.status = blocked() ? PlanStatus::kBlocked : PlanStatus::kGuarded;
  return world_.store->SavePlan(std::move(draft));
}

/// Asks the platforms about each change that they can judge alone: what hangs below something that
/// does not exist yet is judged when it is sent. Stopping is never held up by a check.
void Door::CheckWithPlatforms(Plan& draft) {
  int asked = 0;
  int later = 0;
  int beyond = 0;
  for (const Change& planned : draft.changes) {
    if (OnlyLowersSpend(planned)) continue;
    Change change = planned;
    bool ready = true;
    const auto id_of = [&](const std::string& address) -> std::string {
      const auto object = world_.store->FindObject(change.account, address);
      if (object && *object) return (*object)->id;
      ready = false;
      return {};
    };
    if (change.action == ChangeAction::kCreate && !change.parent_address.empty()) {
      change.parent_id = id_of(change.parent_address);
    }
    ready = ready && change.links.empty();
    if (!ready) {
      ++later;
      continue;
    }
    if (asked >= world_.options.checks_max) {
      ++beyond;
      continue;
    }
    auto connector = world_.connector(change.account);
    if (!connector) continue;  // the guard "account" has said so
    ++asked;
    // The marker goes into the name; before the plan is stored there is no key to make it from.
    if (change.key.empty()) change.key = "check/" + change.address;
    const Result<> valid =
        (*connector)->writer->Validate(change, http::After(world_.options.call_timeout));
    if (valid) continue;
    const Error& error = valid.error();
    const bool refused = error.code == Errc::kInvalidArgument || error.code == Errc::kRefused ||
                         error.code == Errc::kForbidden || error.code == Errc::kConflict ||
                         error.code == Errc::kNotFound;
    const std::string code = error.platform_code.empty() ? "" : " [" + error.platform_code + "]";
    draft.findings.push_back(
        {"platform_check", refused,
         refused ? fmt::format("{}: {} would refuse it: {}{}", change.address,
                               PlatformName(change.account.platform), error.what, code)
                 : fmt::format("{}: could not be checked with {}: {}{}", change.address,
                               PlatformName(change.account.platform), error.what, code),
         refused ? "correct the document, then plan again"
                 : "it is judged when it is sent; nothing depends on this check"});
  }
  if (later + beyond > 0) {
    draft.findings.push_back(
        {"platform_check", false,
         fmt::format("{} changes were checked with the platforms; {} hang below or link to what "
                     "does not exist yet, {} are beyond the limit of {} checks",
                     asked, later, beyond, world_.options.checks_max),
         "they are judged by the platform when they are sent, paused"});
  }
}

bool Door::MayApproveItself(const Plan& plan, const Policy& policy) {
  return plan.status == PlanStatus::kGuarded && policy.mode == PolicyMode::kAct &&
         WithinEnvelope(plan.findings) &&
         std::all_of(plan.changes.begin(), plan.changes.end(), [&](const Change& change) {
           return change.action == ChangeAction::kUpdate && change.forced.empty() &&
                  !NeedsSecondSignal(change) && MayPassAlone(change.reason) &&
                  std::find(policy.auto_approve.begin(), policy.auto_approve.end(),
                            change.reason) != policy.auto_approve.end();
         });
}

Result<> Door::Approve(const std::string& plan_id, const std::string& by,
                       const std::string& content_hash, const Policy* policy) {
  if (by.empty()) return Fail(Errc::kInvalidArgument, "an approval names who gives it (--by)");
  MAXOPT_TRY(const Plan plan, world_.store->GetPlan(plan_id));
  if (by == kByPolicy && (!policy || !MayApproveItself(plan, *policy))) {
    return Fail(
        Errc::kRefused,
        fmt::format("plan {} needs a person: the policy does not approve it by itself", plan_id));
  }
  if (policy && policy->two_people && SamePerson(by, plan.created_by)) {
    return Fail(Errc::kRefused,
                fmt::format("{} made plan {}, and the policy asks for two people: somebody else "
                            "approves it",
                            by, plan_id));
  }
  const int hours = policy ? policy->approval_hours : kApprovalHoursWithoutPolicy;
  const Instant now = world_.clock->Now();
  return world_.store->ApprovePlan(
      plan_id, {by, content_hash, now, now + std::chrono::hours(hours), std::nullopt});
}

// --- apply

/// Holds a plan and its accounts while they are worked on.
class Door::Busy {
 public:
  static Result<Busy> Take(Door& door, const Plan& plan) {
    Busy busy(door);
    std::set<std::string> names{plan.id};
    for (const Change& change : plan.changes) names.insert(PrintAccount(change.account));
    const std::lock_guard guard(door.mutex_);
    for (const std::string& name : names) {
      if (door.busy_.contains(name)) {
        return Fail(Errc::kConflict,
                    fmt::format("{} is being worked on by another apply; wait until it has ended",
                                name == plan.id ? "plan " + name : "account " + name));
      }
    }
    door.busy_.insert(names.begin(), names.end());
    busy.names_ = std::move(names);
    return busy;
  }
  Busy(Busy&& other) noexcept : door_(other.door_), names_(std::move(other.names_)) {
    other.names_.clear();
  }
  Busy& operator=(Busy&&) = delete;
  ~Busy() {
    const std::lock_guard guard(door_->mutex_);
    for (const std::string& name : names_) door_->busy_.erase(name);
  }

 private:
  explicit Busy(Door& door) : door_(&door) {}
  Door* door_;
  std::set<std::string> names_;
};

namespace {

/// Values that updates rest on and that are other now. `look` reads one object again, because the
/// tree may be older than our own last write.
std::vector<std::string> StaleBases(
    const std::vector<Change>& changes, const LiveIndex& live,
    const std::function<std::optional<Fields>(const Change&)>& look) {
  std::vector<std::string> out;
  std::set<std::pair<std::string, std::string>> set_before;  // id and field, by this plan itself
  for (const Change& change : changes) {
    if (change.action != ChangeAction::kUpdate) continue;
    Change base = change;
    std::erase_if(base.before, [&](const auto& field) {
      return set_before.contains(std::pair(change.id, field.first));
    });
    for (const auto& [name, value] : change.after) set_before.emplace(change.id, name);
    const auto drift = [&](const Fields& fields) {
      if (Differences(change, change.after, fields).empty() && Untold(change, fields).empty()) {
        return std::vector<std::string>{};  // it is so already
      }
      return Differences(base, base.before, fields);
    };
    const Entity* entity = live.Find(change.account, change.level, change.id);
    if (entity != nullptr && drift(entity->fields).empty()) continue;
    const std::optional<Fields> again = look(change);
    if (!again) {
      if (!OnlyLowersSpend(change)) {
        out.push_back(fmt::format("{} ({} {}) cannot be found any more", change.address,
                                  LevelName(change.level), change.id));
      }
      continue;
    }
    if (const auto differences = drift(*again); !differences.empty()) {
      out.push_back(fmt::format("{}: {}", change.address, fmt::join(differences, ", ")));
    }
  }
  return out;
}

}  // namespace

Result<> Door::CheckBeforeFirstSend(const Plan& plan, const Policy* policy,
                                    const Snapshot& snapshot) {
  const GuardVerdict now = JudgePlan(plan, policy, snapshot.context);
  if (now.blocked()) {
    return Fail(Errc::kRefused, fmt::format("plan {} was approved, but its guards block it now: {}",
                                            plan.id, Blocking(now)));
  }
  const bool stops =
      std::all_of(plan.changes.begin(), plan.changes.end(), [](const Change& change) {
        return change.reason == Reason::kPause && OnlyLowersSpend(change);
      });
  if (plan.approval && plan.approval->by == kByPolicy && !stops) {
    // Another plan may have used the envelope up since.
    for (const GuardFinding& finding : now.findings) {
      if (WithinEnvelope(std::span(&finding, 1))) continue;
      return Fail(Errc::kRefused,
                  fmt::format("plan {} needs a person by now: {}", plan.id, finding.what));
    }
  }
  // Stopping is always allowed, however far the rest has moved.
  if (!AllOnlyLower(plan) && policy) {
    const std::string drift =
        DriftOf(plan.exposure_after, now.after, policy->exposure_drift_max_bp);
    if (!drift.empty()) {
      return Fail(Errc::kRefused,
                  fmt::format("plan {} needs a new approval: {}; the policy allows a move of "
                              "{:.1f} %; plan again",
                              plan.id, drift, policy->exposure_drift_max_bp / 100.0));
    }
  }
  const LiveIndex live(snapshot.trees);
  const auto look = [this](const Change& change) -> std::optional<Fields> {
    auto connector = world_.connector(change.account);
    if (!connector) return std::nullopt;
    auto found = (*connector)
                     ->reader->Find({change.account, change.level, "", {change.id}},
                                    http::After(world_.options.call_timeout));
    if (!found || found->size() != 1) return std::nullopt;
    return std::move(found->front().fields);
  };
  const std::vector<std::string> stale = StaleBases(plan.changes, live, look);
  if (!stale.empty()) {
    return Fail(Errc::kRefused,
                fmt::format("plan {} is stale and nothing was sent: changed by someone else since "
                            "it was planned:\n  {}\nplan again",
                            plan.id, fmt::join(stale, "\n  ")));
  }
  return {};
}

Result<ApplyReport> Door::Apply(const std::string& plan_id, const std::string& executed_by,
                                const Policy* policy) {
  if (executed_by.empty()) {
    return Fail(Errc::kInvalidArgument, "an apply names who runs it (--by)");
  }
  MAXOPT_TRY(Plan plan, world_.store->GetPlan(plan_id));
  MAXOPT_TRY(const Busy busy, Busy::Take(*this, plan));
  MAXOPT_TRY(plan, world_.store->GetPlan(plan_id));  // as it is now that it is ours
  switch (plan.status) {
    case PlanStatus::kApproved:
    case PlanStatus::kFailed:
    case PlanStatus::kApplying:
      break;
    case PlanStatus::kVerified:
    case PlanStatus::kScored:
    case PlanStatus::kApplied: {
      ApplyReport done;
      done.status = plan.status;
      MAXOPT_TRY(const std::vector<ChangeStatus> statuses, world_.store->Changes(plan_id));
      for (const ChangeStatus& s : statuses) {
        done.lines.push_back({s.change.address, s.state, s.id, s.how});
      }
      return done;
    }
    case PlanStatus::kDraft:
    case PlanStatus::kBlocked:
    case PlanStatus::kGuarded:
    case PlanStatus::kRejected:
      return Fail(Errc::kRefused,
                  fmt::format("plan {} is {}; only an approved plan is applied (maxopt approve {})",
                              plan_id, PlanStatusName(plan.status), plan_id));
  }
  if (!plan.approval || plan.approval->content_hash != ContentHash(plan)) {
    return Fail(Errc::kRefused,
                fmt::format("plan {} is not what was approved: its content has changed since; "
                            "nothing was sent; plan again",
                            plan_id));
  }
  const Approval& approval = *plan.approval;
  if (policy && policy->two_people &&
      (SamePerson(approval.by, executed_by) || SamePerson(approval.by, plan.created_by))) {
    return Fail(Errc::kRefused,
                fmt::format("{} approved plan {}, and the policy asks for two people: somebody "
                            "else {} it",
                            approval.by, plan_id,
                            SamePerson(approval.by, executed_by) ? "applies" : "must have made"));
  }

  const bool fresh = plan.status == PlanStatus::kApproved;
  Snapshot snapshot;
  if (fresh) {
    const bool some_lower = std::any_of(plan.changes.begin(), plan.changes.end(), OnlyLowersSpend);
    if (world_.halted && world_.halted() && !some_lower) {
      return Fail(Errc::kRefused,
                  fmt::format("halted: nothing but pauses and cuts is sent; plan {} stays approved "
                              "(maxopt halt --off)",
                              plan_id));
    }
    if (approval.expires_at <= world_.clock->Now()) {
      return Fail(Errc::kRefused,
                  fmt::format("the approval of plan {} by {} expired at {}; approve it again",
                              plan_id, approval.by, PrintInstant(approval.expires_at)));
    }
    MAXOPT_TRY(snapshot, ReadSnapshot(plan));
    MAXOPT_CHECK(CheckBeforeFirstSend(plan, policy, snapshot));
    MAXOPT_CHECK(world_.store->UseApproval(plan_id, executed_by, world_.clock->Now()));
  } else if (plan.status == PlanStatus::kFailed) {
    MAXOPT_CHECK(world_.store->MovePlan(plan_id, PlanStatus::kFailed, PlanStatus::kApplying));
  }
  FaultPoint("applying");

  // Read when it is first needed: a plan of which nothing remains to be sent needs none.
  std::optional<LiveIndex> live;
  if (fresh) live.emplace(snapshot.trees);
  Run::Hooks hooks;
  if (live) hooks.live = &*live;
  hooks.over_cap = [&](const std::vector<Change>& changes) {
    Plan part = plan;
    part.changes = changes;
    const GuardVerdict verdict = JudgePlan(part, policy, snapshot.context);
    if (!policy) return false;
    const FxRates& rates = snapshot.context.rates;
    const auto before = WorstDayIn(policy->currency, verdict.before, rates);
    const auto after = WorstDayIn(policy->currency, verdict.after, rates);
    // Without a rate the cap cannot be told to hold.
    if (!before || !after) return !std::all_of(changes.begin(), changes.end(), OnlyLowersSpend);
    return *after > policy->worst_day_cap && *after > *before;
  };
  if (!fresh) {
    hooks.review = [&](const std::vector<ChangeStatus>& statuses) -> Result<std::string> {
      if (approval.expires_at <= world_.clock->Now()) {
        return fmt::format("the approval by {} expired at {}", approval.by,
                           PrintInstant(approval.expires_at));
      }
      MAXOPT_TRY(snapshot, ReadSnapshot(plan));
      live.emplace(snapshot.trees);
      std::vector<Change> remaining;
      for (const ChangeStatus& status : statuses) {
        if (Run::MayBeSent(status)) remaining.push_back(status.change);
      }
      const bool stopping = std::all_of(remaining.begin(), remaining.end(), OnlyLowersSpend);
      if (!stopping) {
        const GuardVerdict now = JudgePlan(AsIfOn(plan, statuses), policy, snapshot.context);
        for (const GuardFinding& finding : now.findings) {
          if (IsCap(finding)) return finding.what;
        }
      }
      const auto look = [this](const Change& change) -> std::optional<Fields> {
        auto connector = world_.connector(change.account);
        if (!connector) return std::nullopt;
        auto found = (*connector)
                         ->reader->Find({change.account, change.level, "", {change.id}},
                                        http::After(world_.options.call_timeout));
        if (!found || found->size() != 1) return std::nullopt;
        return std::move(found->front().fields);
      };
      const auto stale = StaleBases(remaining, *live, look);
      if (!stale.empty()) {
        return fmt::format("changed by someone else since it was planned: {}",
                           fmt::join(stale, "; "));
      }
      return std::string();
    };
  }
  MAXOPT_TRY(ApplyReport report, Run(world_, plan, std::move(hooks)).Go());

  // The guards look again at what is really there now.
  if (report.sent > 0) {
    MAXOPT_TRY(snapshot, ReadSnapshot(plan));
  }
  if (policy && (fresh || report.sent > 0)) {
    Plan nothing = plan;
    nothing.changes.clear();
    const GuardVerdict now = JudgePlan(nothing, policy, snapshot.context);
    const auto worst = WorstDayIn(policy->currency, now.before, snapshot.context.rates);
    if (!worst) {
      report.after_findings.push_back(
          {"currency", false,
           fmt::format("accounts spend in other currencies than {} without a rate, so whether the "
                       "cap holds is not known",
                       policy->currency.name()),
           "load the rate with maxopt fx import"});
    } else if (*worst > policy->worst_day_cap) {
      report.after_findings.push_back(
          {"daily_cap", true,
           fmt::format("worst day is now {}, over the cap {}", PrintMoney(*worst),
                       PrintMoney(policy->worst_day_cap)),
           "pause or lower budgets: maxopt undo " + plan_id});
    }
    for (const std::string& account : snapshot.context.unread_accounts) {
      report.after_findings.push_back(
          {"unread_account", false,
           fmt::format("account {} could not be read after the plan", account),
           "run maxopt monitor when the platform answers"});
    }
  }
  if (report.status != PlanStatus::kApplying) {
    MAXOPT_CHECK(world_.store->MovePlan(plan_id, PlanStatus::kApplying, report.status));
  }
  return report;
}

// --- a person's word on what cannot be read

Result<ChangeStatus> Door::Resolve(const std::string& plan_id, const std::string& change_name,
                                   const std::string& by,
                                   const std::optional<std::string>& found_id) {
  if (by.empty()) return Fail(Errc::kInvalidArgument, "a resolution names who gives it (--by)");
  MAXOPT_TRY(const Plan plan, world_.store->GetPlan(plan_id));
  MAXOPT_TRY(const Busy busy, Busy::Take(*this, plan));
  MAXOPT_TRY(std::vector<ChangeStatus> statuses, world_.store->Changes(plan_id));
  int number = 0;
  const auto [end, error] =
      std::from_chars(change_name.data(), change_name.data() + change_name.size(), number);
  const bool is_number = error == std::errc() && end == change_name.data() + change_name.size();
  const auto at = std::find_if(statuses.begin(), statuses.end(), [&](const ChangeStatus& s) {
    if (is_number) return &s - statuses.data() == number - 1;
    return s.change.key == change_name || s.change.address == change_name;
  });
  if (at == statuses.end()) {
    return Fail(Errc::kNotFound,
                fmt::format("plan {} has no change \"{}\"; name it by number (1 to {}), key or "
                            "address",
                            plan_id, change_name, statuses.size()));
  }
  ChangeStatus& status = *at;
  const Change& change = status.change;
  if (status.state != ChangeState::kUnknown && status.state != ChangeState::kSent) {
    return Fail(Errc::kConflict, fmt::format("{} is {}, not unknown: there is nothing to resolve",
                                             change.address, ChangeStateName(status.state)));
  }
  const bool create = change.action == ChangeAction::kCreate;
  if (found_id && (found_id->empty() || (!create && *found_id != change.id))) {
    return Fail(Errc::kInvalidArgument, create ? "--found needs the platform's id of the object"
                                               : fmt::format("{} is object {}, not {}",
                                                             change.address, change.id, *found_id));
  }
  // Where the platform answers, it has the last word.
  std::string checked = "the platform could not be asked";
  if (auto connector = world_.connector(change.account)) {
    const FindQuery query{change.account, change.level,
                          create && !found_id ? MarkerOf(change.key) : "",
                          create && !found_id ? std::vector<std::string>{}
                                              : std::vector{found_id ? *found_id : change.id}};
    const auto found = (*connector)->reader->Find(query, http::After(world_.options.call_timeout));
    if (found) {
      const bool there =
          !found->empty() &&
          (create || Differences(change, change.after, found->front().fields).empty());
      if (found_id && !there) {
        return Fail(Errc::kConflict,
                    fmt::format("{} does not show {} as {}: {}",
                                PlatformName(change.account.platform), change.address, *found_id,
                                found->empty() ? "there is no such object"
                                               : "its values are not the new ones"));
      }
      if (!found_id && there) {
        return Fail(Errc::kConflict, fmt::format("{} shows it as {}; resolve it with --found {}",
                                                 PlatformName(change.account.platform),
                                                 found->front().id, found->front().id));
      }
      checked = "the platform agrees";
    }
  }
  status.id = found_id.value_or("");
  status.state = found_id ? ChangeState::kConfirmed : ChangeState::kFailed;
  status.how = found_id ? fmt::format("resolved by {}: found as {} ({})", by, *found_id, checked)
                        : fmt::format("resolved by {}: it did not happen ({})", by, checked);
  MAXOPT_CHECK(world_.store->Record(
      {0, change.key, world_.clock->Now(), status.state, status.how, status.id}));
  const bool open = std::any_of(statuses.begin(), statuses.end(), [](const ChangeStatus& s) {
    return s.state == ChangeState::kUnknown || s.state == ChangeState::kSent;
  });
  if (!open && plan.status == PlanStatus::kApplying) {
    MAXOPT_CHECK(world_.store->MovePlan(plan_id, PlanStatus::kApplying, PlanStatus::kFailed));
  }
  return status;
}

}  // namespace maxopt
