#include "apply/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "apply/fault_point.h"
#include "connect/writer.h"

namespace maxopt {
namespace {

/// Fields of `wanted` that the live object has with another value; those it does not tell are left
/// out: a platform that does not say is not a platform that disagrees.
std::vector<std::string> Differences(const Change& change, const Fields& wanted,
                                     const Fields& live) {
  std::vector<std::string> out;
  for (const auto& [name, value] : wanted) {
    if (name == "content") continue;
    const auto at = live.find(name);
    if (at == live.end()) continue;
    const bool same =
        name == "name" && change.action == ChangeAction::kCreate
            ? at->second == FieldValue(WithMarker(std::get<std::string>(value), change.key)) ||
                  at->second == value
            : SameField(name, at->second, value);
    if (!same) {
      out.push_back(
          fmt::format("{} is {}, wanted {}", name, ShowValue(at->second), ShowValue(value)));
    }
  }
  return out;
}

/// Money and status must be told back: without them a write cannot be called verified.
std::vector<std::string> Untold(const Change& change, const Fields& live) {
  std::vector<std::string> out;
  if (change.level == Level::kAsset) return out;
  for (const auto& [name, value] : change.after) {
    const bool vital = name == "status" || std::holds_alternative<Money>(value);
    if (vital && !live.contains(name)) out.push_back(name + " is not told back");
  }
  return out;
}

/// Lists (a carousel's pictures) grow by one, other fields are set.
void FillLink(Fields& fields, const std::string& field, const std::string& id) {
  const auto spec = std::find_if(FieldCatalogue().begin(), FieldCatalogue().end(),
                                 [&](const FieldSpec& f) { return f.name == field; });
  if (spec == FieldCatalogue().end() || spec->type != FieldType::kList) {
    fields.insert_or_assign(field, id);
    return;
  }
  auto& value = fields.try_emplace(field, std::vector<std::string>{}).first->second;
  std::get<std::vector<std::string>>(value).push_back(id);
}

bool IsFinal(ChangeState state) { return state == ChangeState::kVerified; }

}  // namespace

// --- guard
// ----------------------------------------------------------------------------------------

Result<GuardContext> Door::ReadContext(const Plan& plan, std::vector<AccountTree>& trees) {
  GuardContext context;
  context.now = world_.clock->Now();
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, world_.store->Accounts());
  std::set<AccountId> touched;
  for (const Change& change : plan.changes) touched.insert(change.account);
  std::optional<Instant> oldest;
  bool never = touched.empty();
  for (const ClientAccount& account : accounts) {
    if (account.client != plan.client) continue;
    const AccountId& id = account.info.account;
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
    trees.push_back(std::move(*tree));
    context.overdelivery_bp[id.platform] =
        (*connector)->reader->capabilities().daily_overdelivery_bp;
    if (!touched.contains(id)) continue;
    const std::optional<Instant> learnt = world_.facts_learnt_at(id);
    if (!learnt) never = true;
    if (learnt && (!oldest || *learnt < *oldest)) oldest = learnt;
  }
  if (!never) context.facts_learnt_at = oldest;
  context.live = trees;

  // When each budget was last moved by us, from the journal of recent plans.
  MAXOPT_TRY(const std::vector<Plan> recent, world_.store->Plans(std::nullopt, 50));
  for (const Plan& past : recent) {
    if (past.client != plan.client) continue;
    MAXOPT_TRY(const std::vector<ChangeStatus> statuses, world_.store->Changes(past.id));
    for (const ChangeStatus& status : statuses) {
      if (status.change.action != ChangeAction::kUpdate || status.attempts == 0) continue;
      if (!status.change.after.contains("daily_budget") &&
          !status.change.after.contains("lifetime_budget")) {
        continue;
      }
      MAXOPT_TRY(const std::vector<JournalEntry> lines, world_.store->Journal(status.change.key));
      if (lines.empty()) continue;
      Instant& last = context.last_budget_change[status.change.id];
      last = std::max(last, lines.back().at);
    }
  }
  return context;
}

Result<Plan> Door::Propose(Plan draft, const Policy* policy) {
  if (draft.changes.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("plan \"{}\" has no changes: nothing to do", draft.title));
  }
  draft.created_at = world_.clock->Now();
  draft.changes = SafeOrder(std::move(draft.changes));
  std::vector<AccountTree> trees;
  MAXOPT_TRY(const GuardContext context, ReadContext(draft, trees));
  GuardVerdict verdict = JudgePlan(draft, policy, context);
  draft.exposure_before = std::move(verdict.before);
  draft.exposure_after = std::move(verdict.after);
  draft.status = verdict.blocked() ? PlanStatus::kBlocked : PlanStatus::kGuarded;
  draft.findings = std::move(verdict.findings);
  return world_.store->SavePlan(std::move(draft));
}

bool Door::MayApproveItself(const Plan& plan, const Policy& policy) {
  return plan.status == PlanStatus::kGuarded &&
         std::all_of(plan.changes.begin(), plan.changes.end(), [&](const Change& change) {
           return change.action == ChangeAction::kUpdate &&
                  std::find(policy.auto_approve.begin(), policy.auto_approve.end(),
                            change.reason) != policy.auto_approve.end();
         });
}

Result<> Door::Approve(const std::string& plan_id, const std::string& by,
                       const std::string& content_hash) {
  if (by.empty()) return Fail(Errc::kInvalidArgument, "an approval names who gives it (--by)");
  const Instant now = world_.clock->Now();
  return world_.store->ApprovePlan(
      plan_id, {by, content_hash, now, now + std::chrono::hours(24), std::nullopt});
}

// --- apply
// ----------------------------------------------------------------------------------------

/// One run over one plan. Each change walks planned -> intent -> sent -> (unknown) -> confirmed ->
/// verified, and every step is in the journal before the next begins; so whatever kills the
/// process, the next run knows whether a call may have left.
class Door::Run {
 public:
  Run(World& world, Plan plan) : world_(world), plan_(std::move(plan)) {}

  Result<ApplyReport> Go() {
    MAXOPT_TRY(std::vector<ChangeStatus> statuses, world_.store->Changes(plan_.id));
    bool all_verified = true;
    bool unknown = false;
    for (ChangeStatus& status : statuses) {
      if (!IsFinal(status.state)) MAXOPT_CHECK(Advance(status));
      all_verified = all_verified && IsFinal(status.state);
      unknown =
          unknown || status.state == ChangeState::kUnknown || status.state == ChangeState::kSent;
      report_.lines.push_back({status.change.address, status.state, status.id, status.how});
      if (world_.progress) world_.progress(report_.lines.back());
    }
    report_.status = all_verified ? PlanStatus::kVerified
                     : unknown    ? PlanStatus::kApplying
                                  : PlanStatus::kFailed;
    return std::move(report_);
  }

 private:
  http::Deadline Timeout() const { return http::After(world_.options.call_timeout); }

  Result<> Note(ChangeStatus& status, ChangeState state, std::string how) {
    FaultPoint("before_record");
    MAXOPT_CHECK(
        world_.store->Record({0, status.change.key, world_.clock->Now(), state, how, status.id}));
    status.state = state;
    status.how = std::move(how);
    if (state == ChangeState::kSent) ++status.attempts;
    FaultPoint(ChangeStateName(state));
    return {};
  }

  /// Moves one change as far as it goes now. Errors are those of our own memory only: what a
  /// platform says ends in the change's state.
  Result<> Advance(ChangeStatus& status) {
    auto connector = world_.connector(status.change.account);
    if (!connector) return Note(status, Later(status), connector.error().what);
    connector_ = *connector;

    if (status.state == ChangeState::kSent || status.state == ChangeState::kUnknown) {
      MAXOPT_CHECK(Resolve(status));
    }
    // A change that was shown not to have happened may be sent again, up to the limit.
    while (status.state == ChangeState::kPlanned || status.state == ChangeState::kIntent ||
           status.state == ChangeState::kFailed) {
      if (halted(status.change)) {
        return Note(status, ChangeState::kFailed,
                    "halted: nothing but pauses is sent (maxopt halt)");
      }
      if (status.attempts >= world_.options.max_sends) {
        return Note(status, ChangeState::kFailed,
                    fmt::format("given up after {} sends: {}", status.attempts, status.how));
      }
      MAXOPT_TRY(const bool again, SendOnce(status));
      if (!again) break;
    }
    if (status.state == ChangeState::kConfirmed) return Verify(status);
    return {};
  }

  bool halted(const Change& change) const {
    return world_.halted && world_.halted() && !OnlyLowersSpend(change);
  }

  /// The state for "could not even try": an unknown stays unknown.
  static ChangeState Later(const ChangeStatus& status) {
    const bool open = status.state == ChangeState::kSent || status.state == ChangeState::kUnknown;
    return open ? ChangeState::kUnknown : ChangeState::kFailed;
  }

  /// Sends once, if it can be sent. True when the caller may try again (shown not to have
  /// happened).
  Result<bool> SendOnce(ChangeStatus& status) {
    Change change = status.change;
    if (const Result<> ready = FillIds(change); !ready) {
      MAXOPT_CHECK(Note(status, ChangeState::kFailed, ready.error().what));
      return false;
    }
    if (change.action == ChangeAction::kUpdate) {
      MAXOPT_TRY(const bool go_on, CheckBase(status, change));
      if (!go_on) return false;
    }
    MAXOPT_CHECK(
        Note(status, ChangeState::kIntent,
             fmt::format("send {} of at most {}", status.attempts + 1, world_.options.max_sends)));
    MAXOPT_CHECK(Note(status, ChangeState::kSent, "handed to the platform"));
    ++report_.sent;
    const Result<Applied> applied = connector_->writer->Apply(change, Timeout());
    FaultPoint("answered");
    if (applied) {
      status.id = applied->id;
      MAXOPT_CHECK(Note(status, ChangeState::kConfirmed, "the platform answered with the id"));
      return false;
    }
    const Error& error = applied.error();
    const std::string said = fmt::format(
        "{}{}", error.what, error.platform_code.empty() ? "" : " [" + error.platform_code + "]");
    switch (error.code) {
      case Errc::kUnknownOutcome:
      case Errc::kBadAnswer: {
        MAXOPT_CHECK(Note(status, ChangeState::kUnknown, said));
        MAXOPT_CHECK(Resolve(status));
        return status.state == ChangeState::kPlanned;
      }
      case Errc::kRateLimited:
      case Errc::kUnavailable: {
        MAXOPT_CHECK(Note(status, ChangeState::kFailed, said));
        if (status.attempts >= world_.options.max_sends) return false;
        const auto wait = std::chrono::seconds(
            error.retry_after_s.value_or(static_cast<int>(world_.options.settle.count())));
        if (wait > std::chrono::minutes(5)) return false;
        world_.wait_clock->SleepUntil(world_.wait_clock->Now() + wait);
        return true;
      }
      case Errc::kConflict: {
        // "That name is taken" may be our own earlier write: look before believing it is not.
        if (change.action == ChangeAction::kCreate) {
          MAXOPT_CHECK(Note(status, ChangeState::kUnknown, said));
          MAXOPT_CHECK(Resolve(status));
          if (status.state == ChangeState::kPlanned) {
            MAXOPT_CHECK(Note(status, ChangeState::kFailed,
                              said + "; what has the name does not carry our marker"));
          }
          return false;
        }
        MAXOPT_CHECK(Note(status, ChangeState::kFailed, said));
        return false;
      }
      case Errc::kInvalidArgument:
      case Errc::kNotFound:
      case Errc::kUnauthenticated:
      case Errc::kForbidden:
      case Errc::kRefused:
      case Errc::kLocal: {
        MAXOPT_CHECK(Note(status, ChangeState::kFailed, said));
        return false;
      }
    }
    Bug();
  }

  /// Ids of the parent and of the uploaded file, which may have been made earlier in this plan.
  Result<> FillIds(Change& change) {
    const auto id_of = [&](const std::string& address) -> Result<std::string> {
      MAXOPT_TRY(const std::optional<OwnedObject> object,
                 world_.store->FindObject(change.account, address));
      if (!object) {
        return Fail(Errc::kNotFound,
                    fmt::format("waits for {}, which does not exist yet", address));
      }
      return object->id;
    };
    if (change.action == ChangeAction::kCreate && !change.parent_address.empty()) {
      MAXOPT_TRY(change.parent_id, id_of(change.parent_address));
    }
    for (const Link& link : change.links) {
      MAXOPT_TRY(const std::string id, id_of(link.address));
      FillLink(change.after, link.field, id);
    }
    return {};
  }

  /// An update is sent only onto the state that was shown to the person who approved it.
  Result<bool> CheckBase(ChangeStatus& status, const Change& change) {
    const auto live = FindById(change);
    if (!live) {
      MAXOPT_CHECK(Note(status, ChangeState::kFailed, "not sent: " + live.error().what));
      return false;
    }
    if (Differences(change, change.after, live->fields).empty() &&
        Untold(change, live->fields).empty()) {
      status.id = change.id;
      MAXOPT_CHECK(Note(status, ChangeState::kConfirmed, "it was so already; nothing was sent"));
      return false;
    }
    const auto drift = Differences(change, change.before, live->fields);
    if (!drift.empty()) {
      MAXOPT_CHECK(Note(status, ChangeState::kFailed,
                        fmt::format("not sent: changed by someone else since it was planned ({}); "
                                    "plan again",
                                    fmt::join(drift, "; "))));
      return false;
    }
    return true;
  }

  Result<Entity> FindById(const Change& change) {
    MAXOPT_TRY(
        std::vector<Entity> found,
        connector_->reader->Find({change.account, change.level, "", {change.id}}, Timeout()));
    if (found.size() != 1) {
      return Fail(Errc::kNotFound,
                  fmt::format("{} {} of {} cannot be read back", LevelName(change.level), change.id,
                              PrintAccount(change.account)));
    }
    return std::move(found.front());
  }

  /// Reads back what became of a write whose answer is missing. Ends in kConfirmed, in kPlanned
  /// (shown not to have happened; may be sent again), kFailed, or stays kUnknown.
  Result<> Resolve(ChangeStatus& status) {
    for (int look = 1;; ++look) {
      MAXOPT_TRY(const bool settled, ReadBack(status, look));
      if (settled) return {};
      world_.wait_clock->SleepUntil(world_.wait_clock->Now() + world_.options.settle);
    }
  }

  Result<bool> ReadBack(ChangeStatus& status, int look) {
    const Change& change = status.change;
    const bool create = change.action == ChangeAction::kCreate;
    const FindQuery query{change.account, change.level, create ? MarkerOf(change.key) : "",
                          create ? std::vector<std::string>{} : std::vector{change.id}};
    const auto found = connector_->reader->Find(query, Timeout());
    if (!found) {
      MAXOPT_CHECK(Note(status, ChangeState::kUnknown,
                        "read-back failed, will be read again: " + found.error().what));
      return true;
    }
    if (found->size() > 1) {
      std::vector<std::string> ids;
      for (const Entity& entity : *found) ids.push_back(entity.id);
      MAXOPT_CHECK(Note(status, ChangeState::kFailed,
                        fmt::format("{} objects carry the marker{}: {}; remove all but one by hand",
                                    ids.size(), query.marker, fmt::join(ids, ", "))));
      return true;
    }
    if (create && found->size() == 1) {
      status.id = found->front().id;
      MAXOPT_CHECK(Note(status, ChangeState::kConfirmed,
                        fmt::format("found by its marker{} on read-back {}", query.marker, look)));
      return true;
    }
    if (!create && found->size() == 1) {
      const Fields& live = found->front().fields;
      if (Differences(change, change.after, live).empty()) {
        status.id = change.id;
        MAXOPT_CHECK(Note(status, ChangeState::kConfirmed,
                          fmt::format("read-back {} shows the new values", look)));
        return true;
      }
      if (look < world_.options.read_backs) return false;
      const auto drift = Differences(change, change.before, live);
      MAXOPT_CHECK(
          drift.empty()
              ? Note(status, ChangeState::kPlanned,
                     fmt::format("{} read-backs show the old values: it did not happen", look))
              : Note(status, ChangeState::kFailed,
                     fmt::format("read back as neither old nor new: {}", fmt::join(drift, "; "))));
      return true;
    }
    if (look < world_.options.read_backs) return false;
    MAXOPT_CHECK(
        Note(status, ChangeState::kPlanned,
             fmt::format("{} read-backs find no object with the marker{}: it did not happen", look,
                         query.marker)));
    return true;
  }

  /// Reads the object back and compares it with what was approved.
  Result<> Verify(ChangeStatus& status) {
    Change change = status.change;
    change.id = status.id;
    if (change.level == Level::kAsset) {
      return Note(status, ChangeState::kVerified, "uploaded; the platform keeps it by its content");
    }
    std::vector<std::string> differences;
    for (int look = 1; look <= world_.options.read_backs; ++look) {
      const auto live = FindById(change);
      if (live) {
        differences = Differences(change, change.after, live->fields);
        for (std::string& field : Untold(change, live->fields)) {
          differences.push_back(std::move(field));
        }
        if (differences.empty()) {
          return Note(status, ChangeState::kVerified, status.how + "; read back as approved");
        }
      } else {
        differences = {live.error().what};
      }
      if (look < world_.options.read_backs) {
        world_.wait_clock->SleepUntil(world_.wait_clock->Now() + world_.options.settle);
      }
    }
    // It happened, so it stays confirmed; but it is not what was approved, and the plan says so.
    status.how =
        fmt::format("happened, but reads back different: {}", fmt::join(differences, "; "));
    return Note(status, ChangeState::kConfirmed, status.how);
  }

  World& world_;
  Plan plan_;
  std::shared_ptr<const Connector> connector_;
  ApplyReport report_;
};

Result<ApplyReport> Door::Apply(const std::string& plan_id, const Policy* policy) {
  MAXOPT_TRY(Plan plan, world_.store->GetPlan(plan_id));
  switch (plan.status) {
    case PlanStatus::kApproved:
    case PlanStatus::kFailed:
      MAXOPT_CHECK(world_.store->MovePlan(plan_id, plan.status, PlanStatus::kApplying));
      break;
    case PlanStatus::kApplying:
      break;  // a run that was cut off: go on
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
  FaultPoint("applying");
  MAXOPT_TRY(ApplyReport report, Run(world_, plan).Go());

  // The guards look again at what is really there now.
  std::vector<AccountTree> trees;
  MAXOPT_TRY(const GuardContext context, ReadContext(plan, trees));
  Plan nothing = plan;
  nothing.changes.clear();
  const GuardVerdict now = JudgePlan(nothing, policy, context);
  if (policy) {
    for (const Exposure& exposure : now.before) {
      if (exposure.worst_day.currency() == policy->currency &&
          exposure.worst_day > policy->worst_day_cap) {
        report.after_findings.push_back(
            {"daily_cap", true,
             fmt::format("worst day is now {}, over the cap {}", PrintMoney(exposure.worst_day),
                         PrintMoney(policy->worst_day_cap)),
             "pause or lower budgets: maxopt undo " + plan_id});
      }
    }
  }
  if (report.status != PlanStatus::kApplying) {
    MAXOPT_CHECK(world_.store->MovePlan(plan_id, PlanStatus::kApplying, report.status));
  }
  return report;
}

Result<Plan> Door::Undo(const std::string& plan_id, const std::string& by, const Policy* policy) {
  MAXOPT_TRY(const Plan plan, world_.store->GetPlan(plan_id));
  MAXOPT_TRY(const std::vector<ChangeStatus> statuses, world_.store->Changes(plan_id));
  Plan undo;
  undo.client = plan.client;
  undo.title = "undo of " + plan_id + ": " + plan.title;
  undo.created_by = by;
  undo.undoes = plan_id;
  std::set<std::string> removed;
  for (const ChangeStatus& status : statuses) {
    if (status.state != ChangeState::kConfirmed && status.state != ChangeState::kVerified) {
      if (status.state == ChangeState::kSent || status.state == ChangeState::kUnknown) {
        return Fail(Errc::kConflict,
                    fmt::format("{}: its outcome is unknown; run maxopt apply {} first",
                                status.change.address, plan_id));
      }
      continue;
    }
    // Removing a campaign removes what is below it.
    const bool create = status.change.action == ChangeAction::kCreate;
    if (create && removed.contains(status.change.parent_address)) {
      removed.insert(status.change.address);
      continue;
    }
    auto inverse = InverseOf(status.change, status.id, "");
    if (!inverse) {
      undo.notes.push_back(inverse.error().what);
      continue;
    }
    if (create) {
      removed.insert(status.change.address);
      auto connector = world_.connector(status.change.account);
      if (!connector) return Fail(connector.error());
      // An object that was activated since is removed from the state it is in now.
      MAXOPT_TRY(const std::vector<Entity> live,
                 (*connector)
                     ->reader->Find({status.change.account, status.change.level, "", {status.id}},
                                    http::After(world_.options.call_timeout)));
      if (live.size() == 1) {
        const std::string now = TextField(live.front().fields, "status");
        if (now == kRemoved) continue;
        if (!now.empty()) inverse->before["status"] = now;
      }
    }
    undo.changes.push_back(std::move(*inverse));
  }
  std::reverse(undo.changes.begin(), undo.changes.end());
  if (undo.changes.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("plan {} did nothing that can be undone{}{}", plan_id,
                            undo.notes.empty() ? "" : ": ", fmt::join(undo.notes, "; ")));
  }
  return Propose(std::move(undo), policy);
}

}  // namespace maxopt
