#include "stages/optimize/trials/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "decide/guardrails/guardrails.h"
#include "domain/json.h"
#include "domain/message_text.h"
#include "stages/optimize/trials/books.h"
#include "stages/optimize/trials/read.h"
#include "stages/optimize/trials/record.h"

namespace maxopt {
namespace trials {

using nlohmann::ordered_json;
using std::chrono::days;
using std::chrono::hours;

namespace {

constexpr double kZ95 = 1.959963984540054;
/// How long a started trial waits for its first plan: objects are locked meanwhile.
constexpr int kStartWaitDays = 7;
/// A blocked or rejected plan of a running trial is proposed again after this.
constexpr hours kRetry{20};
/// After the last day, for orders that are booked or cancelled late: as stages/optimize/score.
constexpr int kSettleDays = 2;

std::string TitleOf(const Trial& trial, const std::string& step) {
  return fmt::format("experiment {}: {}", trial.id, step);
}

bool Open(PlanStatus status) {
  return status == PlanStatus::kGuarded || status == PlanStatus::kApproved;
}
bool Through(PlanStatus status) {
  return status == PlanStatus::kApplied || status == PlanStatus::kVerified ||
         status == PlanStatus::kScored;
}

/// The plan of the step that was proposed already, by what the trial remembers or, where it was cut
/// off before it could, by the title.
Result<std::optional<Plan>> Known(const TrialsWorld& world, const Trial& trial,
                                  const std::string& step) {
  if (!trial.plan.empty() && trial.step == step) {
    MAXOPT_TRY(Plan plan, world.store->GetPlan(trial.plan));
    return std::optional(std::move(plan));
  }
  MAXOPT_TRY(std::vector<Plan> plans, world.store->Plans(std::nullopt, kAllPlans));
  const std::string title = TitleOf(trial, step);
  for (Plan& plan : plans) {
    if (plan.client == trial.client && plan.created_by == kCreatedBy && plan.title == title &&
        plan.created_at >= trial.proposed_at) {
      return std::optional(std::move(plan));
    }
  }
  return std::optional<Plan>();
}

std::string Blocked(const Plan& plan) {
  std::vector<std::string> out;
  for (const GuardFinding& finding : plan.findings) {
    if (finding.blocks) out.push_back(fmt::format("[{}] {}", finding.guard, finding.what));
  }
  return fmt::format("{}", fmt::join(out, "; "));
}

std::string_view SideName(Side side) {
  switch (side) {
    case Side::kBase:
      return "base";
    case Side::kOn:
      return "on";
    case Side::kOff:
      return "off";
  }
  Bug();
}
const FieldValue& ValueOn(const TrialMove& move, Side side) {
  switch (side) {
    case Side::kBase:
      return move.base;
    case Side::kOn:
      return move.on;
    case Side::kOff:
      return move.off;
  }
  Bug();
}

}  // namespace

Result<const AccountTree*> LiveTrees::Of(const AccountId& account) {
  const auto known = trees_.find(account);
  if (known != trees_.end()) return &known->second;
  MAXOPT_TRY(const std::shared_ptr<PlatformReader> reader, world_.reader(account));
  auto tree = reader->ReadAccount(account, http::After(std::chrono::seconds(120)));
  if (!tree) return FailWithin("account " + PrintAccount(account), tree.error());
  return &trees_.emplace(account, std::move(*tree)).first->second;
}

std::optional<FieldValue> LiveValue(const Entity& entity, const std::string& field) {
  const auto at = entity.fields.find(field);
  if (at != entity.fields.end()) return at->second;
  if (field == "excluded_locations") return FieldValue(std::vector<std::string>{});
  return std::nullopt;
}

Result<std::vector<Change>> ChangesTo(LiveTrees& trees, const Trial& trial, Side side,
                                      const std::string& step,
                                      std::vector<std::string>& disturbed) {
  std::vector<Change> out;
  std::map<std::pair<AccountId, std::string>, std::size_t> of;  // SafeOrder wants one each
  for (const TrialMove& move : trial.moves) {
    MAXOPT_TRY(const AccountTree* tree, trees.Of(move.account));
    const auto entity =
        std::find_if(tree->entities.begin(), tree->entities.end(),
                     [&](const Entity& e) { return e.level == move.level && e.id == move.id; });
    if (entity == tree->entities.end()) {
      disturbed.push_back(fmt::format("{} \"{}\" is gone", LevelName(move.level), move.name));
      continue;
    }
    const std::optional<FieldValue> live = LiveValue(*entity, move.field);
    const FieldValue& want = ValueOn(move, side);
    const auto is = [&](const FieldValue& value) {
      return live && SameField(move.field, *live, value);
    };
    if (is(want)) continue;
    if (!is(move.base) && !is(move.on) && !is(move.off)) {
      disturbed.push_back(fmt::format("{} of {} \"{}\" was set to {} by someone else", move.field,
                                      LevelName(move.level), move.name,
                                      live ? ShowValue(*live) : "nothing"));
      continue;
    }
    const auto [at, first] = of.try_emplace({move.account, move.id}, out.size());
    if (first) {
      Change change;
      change.account = move.account;
      change.level = move.level;
      change.address = move.address;
      change.id = move.id;
      change.reason = Reason::kExperiment;
      change.why = fmt::format("{}: {}", trial.title, step);
      change.evidence = ordered_json{{"experiment", trial.id},
                                     {"step", step},
                                     {"side", SideName(side)},
                                     {"worth", trial.design.worth},
                                     {"cost", trial.design.cost}}
                            .dump(-1, ' ', false, ordered_json::error_handler_t::replace);
      out.push_back(std::move(change));
    }
    Change& change = out[at->second];
    if (entity->fields.contains(move.field)) change.before[move.field] = *live;
    change.after[move.field] = want;
  }
  return out;
}

Result<> RejectOpen(const TrialsWorld& world, const Trial& trial) {
  if (trial.plan.empty()) return {};
  MAXOPT_TRY(const Plan plan, world.store->GetPlan(trial.plan));
  if (!Open(plan.status)) return {};
  return world.store->MovePlan(plan.id, plan.status, PlanStatus::kRejected);
}

Result<Passage> Pass(const TrialsWorld& world, Trial& trial, const std::string& step,
                     std::vector<Change> changes, const Policy* policy) {
  const Instant now = world.clock->Now();
  MAXOPT_TRY(std::optional<Plan> plan, Known(world, trial, step));
  if (plan && !Through(plan->status) && plan->status != PlanStatus::kApplying &&
      plan->status != PlanStatus::kFailed) {
    // A plan that was blocked, rejected or left lying is tried anew after a rest.
    const bool expired = plan->status == PlanStatus::kApproved && plan->approval &&
                         plan->approval->expires_at <= now;
    if ((!Open(plan->status) || expired) && now - plan->created_at >= kRetry) {
      if (expired) {
        MAXOPT_CHECK(world.store->MovePlan(plan->id, plan->status, PlanStatus::kRejected));
      }
      plan.reset();
    }
  }
  if (!plan) {
    if (trial.step != step) MAXOPT_CHECK(RejectOpen(world, trial));
    if (changes.empty()) return Passage{Passage::State::kThrough, now, "", "nothing to change"};
    Plan draft;
    draft.client = trial.client;
    draft.created_by = kCreatedBy;
    draft.title = TitleOf(trial, step);
    draft.changes = std::move(changes);
    auto proposed = world.door->Propose(std::move(draft), policy);
    if (!proposed) return FailWithin(TitleOf(trial, step), proposed.error());
    plan = std::move(*proposed);
  }
  if (trial.plan != plan->id || trial.step != step) {
    trial.plan = plan->id;
    trial.step = step;
    MAXOPT_CHECK(Keep(*world.store, trial, now));
  }
  Passage out;
  out.plan = plan->id;
  if (plan->status == PlanStatus::kGuarded && policy && Door::MayApproveItself(*plan, *policy)) {
    MAXOPT_CHECK(
        world.door->Approve(plan->id, std::string(Door::kByPolicy), ContentHash(*plan), policy));
    plan->status = PlanStatus::kApproved;
  }
  switch (plan->status) {
    case PlanStatus::kDraft:
    case PlanStatus::kBlocked:
      out.state = Passage::State::kProblem;
      out.say = fmt::format("plan {} is blocked: {}", plan->id, Blocked(*plan));
      return out;
    case PlanStatus::kGuarded:
      out.say = fmt::format("plan {} waits for a person: maxopt approve {} --by NAME", plan->id,
                            plan->id);
      return out;
    case PlanStatus::kRejected:
      out.state = Passage::State::kRejected;
      out.say = fmt::format("plan {} was rejected", plan->id);
      return out;
    case PlanStatus::kApproved:
    case PlanStatus::kApplying:
    case PlanStatus::kFailed: {
      const auto report = world.door->Apply(plan->id, std::string(kCreatedBy), policy);
      if (!report) {
        out.state = Passage::State::kProblem;
        out.say = fmt::format("plan {}: {}", plan->id, report.error().what);
        return out;
      }
      MAXOPT_TRY(plan, world.store->GetPlan(plan->id));
      if (!Through(plan->status)) {
        out.state = Passage::State::kProblem;
        out.say = fmt::format("plan {} is {}: {}", plan->id, PlanStatusName(plan->status),
                              report->lines.empty() ? "" : report->lines.back().how);
        return out;
      }
      break;
    }
    case PlanStatus::kApplied:
    case PlanStatus::kVerified:
    case PlanStatus::kScored:
      break;
  }
  out.state = Passage::State::kThrough;
  out.at = plan->approval && plan->approval->used_at ? *plan->approval->used_at : now;
  out.say = fmt::format("plan {} is applied", plan->id);
  return out;
}

Result<> Lock(const TrialsWorld& world, const Trial& trial, const std::string& status, Day first,
              Day last) {
  Experiment experiment;
  experiment.id = trial.id;
  experiment.client = trial.client;
  experiment.name = trial.title;
  experiment.hypothesis = trial.why;
  experiment.variable = trial.kind == TrialKind::kSwitchback ? ExperimentVariable::kSwitchback
                                                             : ExperimentVariable::kGeoHoldout;
  experiment.kpi = "revenue";
  ExperimentArm arm;
  arm.name = trial.kind == TrialKind::kSwitchback ? "switched" : "resting";
  arm.places = trial.places;
  arm.share_bp = 10'000;
  for (const TrialMove& move : trial.moves) {
    if (std::find(arm.addresses.begin(), arm.addresses.end(), move.address) ==
        arm.addresses.end()) {
      arm.addresses.push_back(move.address);
    }
  }
  experiment.arms.push_back(std::move(arm));
  experiment.start = first;
  experiment.end = last;
  experiment.status = status;
  return world.store->SaveExperiment(experiment);
}

Result<> Finish(const TrialsWorld& world, Trial& trial, TrialReading reading) {
  const Instant now = reading.at;
  MAXOPT_CHECK(Tell(*world.store, trial, "experiment_measured", PrintDay(reading.first),
                    ReadingJson(reading), now));
  const bool bears = reading.grade >= EvidenceGrade::kModerate && reading.kpi == "revenue" &&
                     reading.total && !trial.channel.empty();
  if (bears) {
    const double se = (reading.total->high - reading.total->low) / (2 * kZ95);
    if (std::isfinite(se) && se > 0 && std::isfinite(reading.total->value)) {
      MAXOPT_CHECK(SaveLift(*world.store, {trial.id, trial.client, trial.channel, reading.first,
                                           reading.last, reading.total->value, se, reading.spend}));
    }
  }
  std::erase_if(trial.readings,
                [&](const TrialReading& known) { return known.first == reading.first; });
  trial.readings.push_back(reading);
  MAXOPT_CHECK(Keep(*world.store, trial, now));
  for (Message& message : ResultMessages(trial, reading, now)) {
    MAXOPT_CHECK(world.store->SaveMessage(std::move(message)));
  }
  return {};
}

namespace {

/// The side that the schedule wants on a day of the test.
Side Wanted(const Trial& trial, Day today) {
  const auto index = std::max<std::int64_t>(0, (today - trial.start).count());
  const auto block = static_cast<std::size_t>(index / std::max(1, trial.block_days));
  const bool on = trial.schedule[std::min(block, trial.schedule.size() - 1)];
  return on ? Side::kOn : Side::kOff;
}

int BlockOf(const Trial& trial, Day today) {
  const auto index = std::max<std::int64_t>(0, (today - trial.start).count());
  return static_cast<int>(index) / std::max(1, trial.block_days) + 1;
}

/// The side on which the trial left the account last; as found is `on` where nothing is raised.
bool IsOn(const Trial& trial) { return trial.switches.empty() || trial.switches.back().on; }

bool BaseIsOn(const Trial& trial) {
  return std::all_of(trial.moves.begin(), trial.moves.end(), [](const TrialMove& move) {
    return SameField(move.field, move.base, move.on);
  });
}

class Stepper {
 public:
  Stepper(const TrialsWorld& world, const Client& client, Trial& trial, const Policy* policy,
          TrialRound& round)
      : world_(world),
        client_(client),
        trial_(trial),
        policy_(policy),
        round_(round),
        trees_(world),
        now_(world.clock->Now()) {}

  Result<> Run() {
    MAXOPT_TRY(zone_, Zone::Find(client_.zone));
    today_ = zone_->DayOf(now_);
    if (trial_.schedule.empty() || trial_.moves.empty()) {
      return Fail(Errc::kLocal, fmt::format("experiment {} has no schedule", trial_.id));
    }
    // Each state hands over to the next within one round where nothing is waited for.
    for (int i = 0; i < 5; ++i) {
      const TrialState before = trial_.state;
      MAXOPT_CHECK(Step());
      if (trial_.state == before) break;
    }
    return {};
  }

 private:
  Result<> Step() {
    switch (trial_.state) {
      case TrialState::kStarting:
        return Start();
      case TrialState::kRunning:
        return Go();
      case TrialState::kEnding:
        return End();
      case TrialState::kSettling:
        return Settle();
      case TrialState::kProposed:
      case TrialState::kMeasured:
      case TrialState::kStopped:
        return {};
    }
    Bug();
  }
  void Say(std::vector<std::string>& into, const std::string& what) {
    into.push_back(fmt::format("{}: {}", trial_.id, what));
  }
  Result<> Become(TrialState state) {
    trial_.state = state;
    return Keep(*world_.store, trial_, now_);
  }
  void Note(const std::string& what) {
    if (std::find(trial_.notes.begin(), trial_.notes.end(), what) == trial_.notes.end()) {
      trial_.notes.push_back(what);
    }
  }
  Result<Passage> To(Side side, const std::string& step, std::vector<std::string>& disturbed) {
    MAXOPT_TRY(std::vector<Change> changes, ChangesTo(trees_, trial_, side, step, disturbed));
    return Pass(world_, trial_, step, std::move(changes), policy_);
  }
  bool Take(const Passage& passage) {
    switch (passage.state) {
      case Passage::State::kThrough:
        return true;
      case Passage::State::kWaiting:
        Say(round_.waiting, passage.say);
        return false;
      case Passage::State::kRejected:
      case Passage::State::kProblem:
        Say(round_.problems, passage.say);
        return false;
    }
    Bug();
  }

  Result<> Start() {
    // The lock first: what a plan is about to move must not be moved by another meanwhile.
    MAXOPT_CHECK(Lock(world_, trial_, "planned", today_, today_ + days(kStartWaitDays)));
    std::vector<std::string> disturbed;
    MAXOPT_TRY(const Passage passage, To(Wanted(trial_, trial_.start), "start", disturbed));
    if (passage.state == Passage::State::kThrough && disturbed.empty()) {
      trial_.switches.push_back({passage.at, trial_.schedule.front(), passage.plan});
      trial_.start = zone_->DayOf(passage.at) + days(1);
      trial_.end = trial_.start + days(trial_.design.days - 1);
      MAXOPT_CHECK(Lock(world_, trial_, "running", zone_->DayOf(passage.at), trial_.end));
      MAXOPT_CHECK(Tell(*world_.store, trial_, "experiment_started", "", StartJson(), now_));
      Say(round_.done, fmt::format("began; it is measured from {} to {}", PrintDay(trial_.start),
                                   PrintDay(trial_.end)));
      return Become(TrialState::kRunning);
    }
    const bool late = now_ - trial_.proposed_at >= days(kStartWaitDays);
    if (!disturbed.empty() || passage.state == Passage::State::kRejected || late) {
      Note(!disturbed.empty()
               ? fmt::format("given up before it began: {}", fmt::join(disturbed, "; "))
           : late ? fmt::format("given up: its first plan was not through within {} days",
                                kStartWaitDays)
                  : "given up: " + passage.say);
      Say(round_.done, trial_.notes.back());
      trial_.stopping = true;
      MAXOPT_CHECK(RejectOpen(world_, trial_));
      return Become(TrialState::kEnding);
    }
    Take(passage);
    return {};
  }

  std::string StartJson() const {
    const TrialDesign& d = trial_.design;
    return ordered_json{
        {"start", PrintDay(trial_.start)},
        {"end", PrintDay(trial_.end)},
        {"by", trial_.started_by},
        {"predicted", {{"mean", d.effect}, {"low90", d.effect_low90}, {"high90", d.effect_high90}}},
        {"mde", std::isfinite(d.mde) ? ordered_json(d.mde) : ordered_json(nullptr)},
        {"power", d.power},
        {"cost", d.cost},
        {"worth", d.worth}}
        .dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  }

  Result<> Go() {
    if (today_ > trial_.end || trial_.stopping) return Become(TrialState::kEnding);
    if (today_ < trial_.start) return {};
    const Side side = Wanted(trial_, today_);
    const bool on = side == Side::kOn;
    if (on == IsOn(trial_)) {
      // Somebody who moves what is measured ends it.
      std::vector<std::string> disturbed;
      MAXOPT_TRY(const auto changes, ChangesTo(trees_, trial_, side, "look", disturbed));
      if (disturbed.empty() && changes.empty()) return {};
      if (disturbed.empty()) {
        disturbed.push_back(
            fmt::format("{} was switched back by someone else", changes.front().address));
      }
      return Disturbed(disturbed);
    }
    std::vector<std::string> disturbed;
    const std::string step = fmt::format("block {} of {}, {}", BlockOf(trial_, today_),
                                         trial_.schedule.size(), on ? "on" : "held back");
    MAXOPT_TRY(const Passage passage, To(side, step, disturbed));
    if (!disturbed.empty()) return Disturbed(disturbed);
    if (!Take(passage)) return {};
    trial_.switches.push_back({passage.at, on, passage.plan});
    Say(round_.done, fmt::format("{} ({})", step, passage.say));
    return Keep(*world_.store, trial_, now_);
  }

  Result<> Disturbed(const std::vector<std::string>& disturbed) {
    Note(fmt::format("ended early on {}: {}", PrintDay(today_), fmt::join(disturbed, "; ")));
    Say(round_.done, trial_.notes.back());
    trial_.stopping = true;
    MAXOPT_CHECK(RejectOpen(world_, trial_));
    return Become(TrialState::kEnding);
  }

  Result<> End() {
    if (trial_.stopping) trial_.end = std::min(trial_.end, today_ - days(1));
    // Until it is put back nobody else moves it.
    MAXOPT_CHECK(Lock(world_, trial_, "running", std::min(trial_.start, today_), today_));
    std::vector<std::string> disturbed;
    MAXOPT_TRY(const Passage passage, To(Side::kBase, "put back", disturbed));
    for (const std::string& one : disturbed) Note("left as it is: " + one);
    if (passage.state == Passage::State::kRejected) {
      Note("a person rejected putting it back: it stays as it is");
    } else if (!Take(passage)) {
      return Keep(*world_.store, trial_, now_);
    }
    const bool began = !trial_.switches.empty();
    if (began && IsOn(trial_) != BaseIsOn(trial_)) {
      trial_.switches.push_back({passage.at, BaseIsOn(trial_), passage.plan});
    }
    MAXOPT_CHECK(Lock(world_, trial_, trial_.stopping ? "stopped" : "ended", trial_.start,
                      std::max(trial_.start, trial_.end)));
    if (trial_.stopping) {
      MAXOPT_CHECK(Tell(*world_.store, trial_, "experiment_stopped", "",
                        ordered_json{{"notes", trial_.notes}}.dump(
                            -1, ' ', false, ordered_json::error_handler_t::replace),
                        now_));
    }
    Say(round_.done,
        passage.plan.empty() ? "everything is as it was found" : "put back: " + passage.say);
    return Become(began && trial_.end >= trial_.start ? TrialState::kSettling
                                                      : TrialState::kStopped);
  }

  Result<> Settle() {
    const Day due = trial_.end + days(kSettleDays + 1);
    if (today_ < due) {
      Say(round_.waiting, fmt::format("is read from {} on", PrintDay(due)));
      return {};
    }
    MAXOPT_TRY(const auto books, RevenueByDay(world_, client_, trial_.start, trial_.end));
    const auto whole = static_cast<std::size_t>((trial_.end - trial_.start).count() + 1);
    if (trial_.kind == TrialKind::kSwitchback && books.size() < whole &&
        today_ < trial_.end + days(kBooksWaitDays)) {
      Say(round_.waiting,
          fmt::format("the client's books have {} of its {} days", books.size(), whole));
      return {};
    }
    if (trial_.kind == TrialKind::kGeoHoldout) {
      MAXOPT_TRY(const std::string wait,
                 PlacesWait(world_, client_, {trial_.places.begin(), trial_.places.end()},
                            trial_.start, trial_.end, today_));
      if (!wait.empty()) {
        Say(round_.waiting, wait);
        return {};
      }
    }
    MAXOPT_TRY(TrialReading reading, ReadTrial(world_, client_, trial_, trial_.end, now_));
    for (const std::string& note : trial_.notes) reading.notes.push_back(note);
    const bool read = reading.daily.has_value();
    Say(round_.done, reading.conclusion);
    trial_.state = read ? TrialState::kMeasured : TrialState::kStopped;
    return Finish(world_, trial_, std::move(reading));
  }

  const TrialsWorld& world_;
  const Client& client_;
  Trial& trial_;
  const Policy* policy_;
  TrialRound& round_;
  LiveTrees trees_;
  const Instant now_;
  std::optional<Zone> zone_;
  Day today_{};
};

}  // namespace

Result<> Advance(const TrialsWorld& world, const Client& client, Trial& trial, const Policy* policy,
                 TrialRound& round) {
  return Stepper(world, client, trial, policy, round).Run();
}

}  // namespace trials

using std::chrono::days;

Result<Trial> StartTrial(const TrialsWorld& world, const std::string& client, const std::string& id,
                         const std::string& by, const Policy* policy) {
  constexpr int kProposalDays = 14;  // later the account is another one
  MAXOPT_TRY(const Client who, world.store->GetClient(client));
  MAXOPT_TRY(Trial trial, trials::Find(*world.store, client, id));
  if (by.empty()) return Fail(Errc::kInvalidArgument, "who starts it? (--by)");
  if (!policy) {
    return Fail(Errc::kRefused,
                fmt::format("client \"{}\" has no policy file, so nothing is started", client));
  }
  const Instant now = world.clock->Now();
  if (trial.state != TrialState::kProposed && trial.state != TrialState::kStarting) {
    return Fail(Errc::kConflict,
                fmt::format("experiment \"{}\" is {}", id, TrialStateName(trial.state)));
  }
  if (trial.state == TrialState::kProposed) {
    if (now - trial.proposed_at > days(kProposalDays)) {
      return Fail(
          Errc::kRefused,
          fmt::format("\"{}\" was proposed at {}, more than {} days ago; maxopt experiments "
                      "propose designs it anew",
                      id, PrintInstant(trial.proposed_at), kProposalDays));
    }
    MAXOPT_TRY(const std::vector<ExperimentLock> locks, ExperimentLocks(*world.store, client, now));
    for (const TrialMove& move : trial.moves) {
      const ExperimentLock* lock = LockWithin(locks, move.account, move.id, move.address);
      if (lock == nullptr) lock = LockOn(locks, move.account, move.campaign_id, "");
      if (lock == nullptr) continue;
      return Fail(Errc::kConflict, fmt::format("\"{}\" is kept still by experiment \"{}\" until {}",
                                               move.name, lock->experiment, PrintDay(lock->until)));
    }
    trial.state = TrialState::kStarting;
    trial.started_by = by;
    trial.proposed_at = now;
    MAXOPT_CHECK(trials::Keep(*world.store, trial, now));
  }
  TrialRound round;
  MAXOPT_CHECK(trials::Advance(world, who, trial, policy, round));
  for (const auto* said : {&round.waiting, &round.problems}) {
    for (const std::string& one : *said) trial.notes.push_back(one);
  }
  return trial;
}

Result<Trial> StopTrial(const TrialsWorld& world, const std::string& client, const std::string& id,
                        const std::string& by, const Policy* policy) {
  MAXOPT_TRY(const Client who, world.store->GetClient(client));
  MAXOPT_TRY(Trial trial, trials::Find(*world.store, client, id));
  if (by.empty()) return Fail(Errc::kInvalidArgument, "who stops it? (--by)");
  const bool goes = trial.state == TrialState::kStarting || trial.state == TrialState::kRunning;
  if (!goes && !(trial.state == TrialState::kEnding && !trial.stopping)) {
    return Fail(Errc::kConflict, fmt::format("experiment \"{}\" is {}; there is nothing to stop",
                                             id, TrialStateName(trial.state)));
  }
  if (trial.kind == TrialKind::kRotatingHoldout || trial.kind == TrialKind::kComparison) {
    return Fail(Errc::kInvalidArgument,
                trial.kind == TrialKind::kComparison
                    ? "a comparison of the documents ends with its last day; take it out of the "
                      "brief to end it now"
                    : "the rotating holdout is the policy's: take \"holdout\" out of policy.yaml");
  }
  const Instant now = world.clock->Now();
  MAXOPT_CHECK(trials::RejectOpen(world, trial));
  trial.stopping = true;
  trial.state = TrialState::kEnding;
  trial.notes.push_back(fmt::format("stopped by {} at {}", by, PrintInstant(now)));
  MAXOPT_CHECK(trials::Keep(*world.store, trial, now));
  TrialRound round;
  MAXOPT_CHECK(trials::Advance(world, who, trial, policy, round));
  for (const auto* said : {&round.waiting, &round.problems}) {
    for (const std::string& one : *said) trial.notes.push_back(one);
  }
  return trial;
}

Result<TrialRound> AdvanceTrials(const TrialsWorld& world, const std::string& client,
                                 const Policy* policy) {
  MAXOPT_TRY(const Client who, world.store->GetClient(client));
  TrialRound round;
  MAXOPT_TRY(std::vector<Trial> all, TrialsOf(*world.store, client));
  for (Trial& trial : all) {
    const bool mine = trial.kind == TrialKind::kSwitchback || trial.kind == TrialKind::kGeoHoldout;
    if (!mine || !trial.open()) continue;
    const Result<> done = trials::Advance(world, who, trial, policy, round);
    // One that cannot go on does not hold the others.
    if (!done) round.problems.push_back(fmt::format("{}: {}", trial.id, done.error().what));
  }
  if (const Result<> done = trials::AdvanceRotation(world, who, policy, round); !done) {
    round.problems.push_back("rotating holdout: " + done.error().what);
  }
  if (const Result<> done = trials::AdvanceComparisons(world, who, policy, round); !done) {
    round.problems.push_back("comparisons: " + done.error().what);
  }
  return round;
}

}  // namespace maxopt
