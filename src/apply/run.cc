#include "apply/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "apply/fault_point.h"

namespace maxopt {
namespace {

constexpr auto kLongestThrottle = std::chrono::minutes(5);
constexpr std::size_t kIdsPerRead = 50;
constexpr std::size_t kValueShownMax = 200;

bool IsFinal(ChangeState state) { return state == ChangeState::kVerified; }
bool IsOpen(ChangeState state) {
  return state == ChangeState::kSent || state == ChangeState::kUnknown;
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

std::string Said(const Error& error) {
  return error.platform_code.empty() ? error.what : error.what + " [" + error.platform_code + "]";
}

/// The x of the first `field "x"` in a message.
std::string FieldNamedIn(std::string_view message) {
  constexpr std::string_view kBefore = "field \"";
  const std::size_t at = message.find(kBefore);
  if (at == std::string_view::npos) return {};
  const std::size_t end = message.find('"', at + kBefore.size());
  if (end == std::string_view::npos) return {};
  return std::string(message.substr(at + kBefore.size(), end - at - kBefore.size()));
}

std::string Cut(std::string text) {
  if (text.size() <= kValueShownMax) return text;
  std::size_t end = kValueShownMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string ValueIn(const Fields& fields, const std::string& name) {
  const auto at = fields.find(name);
  return at == fields.end() || name == "content" ? std::string() : Cut(ShowValue(at->second));
}

/// Waits between read-backs, each twice as long, that together reach `total`.
class Patience {
 public:
  Patience(std::chrono::seconds first, std::chrono::seconds total, int looks_min)
      : next_(first), total_(total), looks_min_(looks_min) {}
  bool Over(int look) const { return look >= looks_min_ && waited_ >= total_; }
  std::chrono::seconds Next() {
    // Still short of the looks that are needed although the time is over: wait as at first.
    const auto left = total_ > waited_ ? total_ - waited_ : next_;
    const auto wait = std::min(next_, left);
    waited_ += wait;
    next_ *= 2;
    return wait;
  }

 private:
  std::chrono::seconds next_;
  std::chrono::seconds total_;
  std::chrono::seconds waited_{0};
  int looks_min_;
};

}  // namespace

bool Door::Run::MayBeSent(const ChangeStatus& status) {
  return status.state == ChangeState::kPlanned || status.state == ChangeState::kIntent ||
         status.state == ChangeState::kFailed;
}

Result<ApplyReport> Door::Run::Go() {
  MAXOPT_TRY(statuses_, world_.store->Changes(plan_.id));
  MAXOPT_CHECK(ResolveOpen());
  if (hooks_.review && std::any_of(statuses_.begin(), statuses_.end(), MayBeSent)) {
    MAXOPT_TRY(hold_, hooks_.review(statuses_));
  }
  MAXOPT_CHECK(SendAll());
  MAXOPT_CHECK(VerifyAll());
  bool all_verified = true;
  bool unknown = false;
  for (const ChangeStatus& status : statuses_) {
    all_verified = all_verified && IsFinal(status.state);
    unknown = unknown || IsOpen(status.state);
    report_.lines.push_back({status.change.address, status.state, status.id, status.how});
  }
  report_.status = all_verified ? PlanStatus::kVerified
                   : unknown    ? PlanStatus::kApplying
                                : PlanStatus::kFailed;
  if (!stopped_.empty()) {
    report_.after_findings.push_back(
        {"breaker", true, stopped_,
         "remove the cause, then maxopt apply " + plan_.id + " goes on where it stopped"});
  }
  if (!hold_.empty()) {
    report_.after_findings.push_back(
        {"held", true, "nothing more was sent: " + hold_, "plan again from what is there now"});
  }
  return std::move(report_);
}

Result<> Door::Run::Connect(const ChangeStatus& status) {
  MAXOPT_TRY(connector_, world_.connector(status.change.account));
  return {};
}

Result<> Door::Run::Note(ChangeStatus& status, ChangeState state, std::string how) {
  FaultPoint("before_record");
  MAXOPT_CHECK(
      world_.store->Record({0, status.change.key, world_.clock->Now(), state, how, status.id}));
  status.state = state;
  status.how = std::move(how);
  if (state == ChangeState::kSent) ++status.attempts;
  FaultPoint(ChangeStateName(state));
  if (world_.progress && state != ChangeState::kIntent && state != ChangeState::kSent) {
    world_.progress({status.change.address, status.state, status.id, status.how});
  }
  return {};
}

bool Door::Run::Halted(const Change& change) const {
  return world_.halted && world_.halted() && !OnlyLowersSpend(change);
}

std::string Door::Run::Objection(const Change& change) const {
  if (!hold_.empty()) return hold_;
  if (!stopped_.empty()) return stopped_;
  if (!a_cut_failed_ || !hooks_.over_cap || OnlyLowersSpend(change)) return {};
  if (change.action == ChangeAction::kCreate) return {};  // paused: it cannot spend
  std::vector<Change> so_far = done_;
  so_far.push_back(change);
  if (!hooks_.over_cap(so_far)) return {};
  return "what should have lowered spend before it did not happen, so it would pass the cap";
}

/// In pieces, so that a halt ends a long wait early.
void Door::Run::Wait(std::chrono::seconds wait) {
  const auto piece = std::max(std::chrono::seconds(1), wait / 10);
  while (wait.count() > 0) {
    const auto now = std::min(piece, wait);
    world_.wait_clock->SleepUntil(world_.wait_clock->Now() + now);
    wait -= now;
    if (world_.halted && world_.halted()) return;
  }
}

// --- sending

Result<> Door::Run::ResolveOpen() {
  for (ChangeStatus& status : statuses_) {
    if (!IsOpen(status.state)) continue;
    if (const Result<> there = Connect(status); !there) {
      MAXOPT_CHECK(Note(status, ChangeState::kUnknown, there.error().what));
      continue;
    }
    MAXOPT_CHECK(Resolve(status));
  }
  return {};
}

Result<> Door::Run::SendAll() {
  for (std::size_t i = 0; i < statuses_.size();) {
    ChangeStatus& status = statuses_[i];
    if (!MayBeSent(status)) {
      if (IsOpen(status.state) && OnlyLowersSpend(status.change)) a_cut_failed_ = true;
      ++i;
      continue;
    }
    if (const Result<> there = Connect(status); !there) {
      MAXOPT_CHECK(Note(status, ChangeState::kFailed, there.error().what));
      ++i;
      continue;
    }
    const std::size_t count = BatchFrom(i);
    if (count > 1) {
      MAXOPT_CHECK(SendBatch(i, count));
    } else {
      MAXOPT_CHECK(SendUntilSettled(status, {true, std::chrono::seconds(0)}));
    }
    for (std::size_t k = i; k < i + count; ++k) {
      const bool happened = statuses_[k].state == ChangeState::kConfirmed;
      if (!happened && OnlyLowersSpend(statuses_[k].change)) a_cut_failed_ = true;
    }
    i += count;
  }
  return {};
}

/// How many changes from `first` on may go in one call: updates of one account and level, of
/// different objects, which lower spend all or none: a raise never leaves before the cuts that make
/// room for it have their answers.
std::size_t Door::Run::BatchFrom(std::size_t first) const {
  const auto most = static_cast<std::size_t>(std::max(1, connector_->writer->batch_max()));
  const Change& head = statuses_[first].change;
  if (head.action != ChangeAction::kUpdate || most == 1) return 1;
  if (world_.halted && world_.halted()) return 1;
  std::set<std::string> ids;
  std::size_t count = 0;
  while (first + count < statuses_.size() && count < most) {
    const ChangeStatus& next = statuses_[first + count];
    const bool fits = MayBeSent(next) && next.attempts < world_.options.max_sends &&
                      next.change.action == ChangeAction::kUpdate && next.change.links.empty() &&
                      next.change.account == head.account && next.change.level == head.level &&
                      OnlyLowersSpend(next.change) == OnlyLowersSpend(head) &&
                      Objection(next.change).empty() && ids.insert(next.change.id).second;
    if (!fits) break;
    ++count;
  }
  return std::max<std::size_t>(1, count);
}

Result<> Door::Run::SendBatch(std::size_t first, std::size_t count) {
  std::vector<ChangeStatus*> items;
  std::vector<Change> changes;
  for (std::size_t i = first; i < first + count; ++i) {
    Change change = statuses_[i].change;
    MAXOPT_TRY(const bool ready, Prepare(statuses_[i], change));
    if (!ready) continue;
    items.push_back(&statuses_[i]);
    changes.push_back(std::move(change));
  }
  if (items.empty()) return {};
  for (ChangeStatus* item : items) {
    MAXOPT_CHECK(Note(*item, ChangeState::kIntent,
                      fmt::format("send {} of at most {}, one of {} in a batch", item->attempts + 1,
                                  world_.options.max_sends, items.size())));
  }
  for (ChangeStatus* item : items) {
    MAXOPT_CHECK(Note(*item, ChangeState::kSent, "handed to the platform"));
  }
  if (world_.halted && world_.halted() && !OnlyLowersSpend(changes.front())) {
    for (ChangeStatus* item : items) {
      MAXOPT_CHECK(Note(*item, ChangeState::kFailed, "halted before the call: not sent"));
    }
    return {};
  }
  report_.sent += static_cast<int>(items.size());
  std::vector<Result<Applied>> answers = connector_->writer->ApplyBatch(changes, Timeout());
  FaultPoint("answered");
  if (answers.size() != items.size()) {
    const Error lost{
        Errc::kUnknownOutcome,
        fmt::format("the batch answered {} results for {} changes", answers.size(), items.size())};
    answers.assign(items.size(), std::unexpected(lost));
  }
  std::vector<Outcome> outcomes;
  std::chrono::seconds wait{0};
  for (std::size_t i = 0; i < items.size(); ++i) {
    MAXOPT_TRY(const Outcome outcome, Settle(*items[i], changes[i], answers[i]));
    outcomes.push_back(outcome);
    if (outcome.again) wait = std::max(wait, outcome.wait);
  }
  Wait(wait);
  for (std::size_t i = 0; i < items.size(); ++i) {
    MAXOPT_CHECK(SendUntilSettled(*items[i], {outcomes[i].again, std::chrono::seconds(0)}));
  }
  return {};
}

Result<> Door::Run::SendUntilSettled(ChangeStatus& status, Outcome outcome) {
  // A change that was shown not to have happened may be sent again, up to the limit.
  while (outcome.again && MayBeSent(status)) {
    Wait(outcome.wait);
    if (Halted(status.change)) {
      return Note(status, ChangeState::kFailed,
                  "halted: nothing but pauses and cuts is sent (maxopt halt)");
    }
    if (const std::string why = Objection(status.change); !why.empty()) {
      // Not tried, so nothing to journal: the state stays what it was.
      status.how = "not sent: " + why;
      return {};
    }
    if (status.attempts >= world_.options.max_sends) {
      return Note(status, ChangeState::kFailed,
                  fmt::format("given up after {} sends: {}", status.attempts, status.how));
    }
    MAXOPT_TRY(outcome, SendOnce(status));
  }
  return {};
}

/// Ids filled and base checked. False: not to be sent, and the journal says why.
Result<bool> Door::Run::Prepare(ChangeStatus& status, Change& change) {
  if (const Result<> ready = FillIds(change); !ready) {
    MAXOPT_CHECK(Note(status, ChangeState::kFailed, ready.error().what));
    return false;
  }
  if (change.action == ChangeAction::kUpdate) return CheckBase(status, change);
  return true;
}

Result<Door::Run::Outcome> Door::Run::SendOnce(ChangeStatus& status) {
  Change change = status.change;
  MAXOPT_TRY(const bool ready, Prepare(status, change));
  if (!ready) return Outcome{};
  MAXOPT_CHECK(
      Note(status, ChangeState::kIntent,
           fmt::format("send {} of at most {}", status.attempts + 1, world_.options.max_sends)));
  MAXOPT_CHECK(Note(status, ChangeState::kSent, "handed to the platform"));
  // The last look before the call: writing the journal and reading the base take time.
  if (Halted(change)) {
    MAXOPT_CHECK(Note(status, ChangeState::kFailed, "halted before the call: not sent"));
    return Outcome{};
  }
  ++report_.sent;
  const Result<Applied> answer = connector_->writer->Apply(change, Timeout());
  FaultPoint("answered");
  return Settle(status, change, answer);
}

Result<Door::Run::Outcome> Door::Run::Settle(ChangeStatus& status, const Change& sent,
                                             const Result<Applied>& answer) {
  touched_.insert(sent.id);
  const auto happened = [&]() -> Result<> {
    failing_.reset();
    failures_ = 0;
    done_.push_back(sent);
    return LearnSuccess(sent);
  };
  if (answer) {
    status.id = answer->id;
    MAXOPT_CHECK(Note(status, ChangeState::kConfirmed, "the platform answered with the id"));
    MAXOPT_CHECK(happened());
    return Outcome{};
  }
  const Error& error = answer.error();
  const std::string said = Said(error);
  switch (error.code) {
    case Errc::kUnknownOutcome:
    case Errc::kBadAnswer: {
      MAXOPT_CHECK(Note(status, ChangeState::kUnknown, said));
      MAXOPT_CHECK(Resolve(status));
      if (status.state == ChangeState::kConfirmed) {
        MAXOPT_CHECK(happened());
        return Outcome{};
      }
      CountFailure(error.code);
      return Outcome{status.state == ChangeState::kPlanned, std::chrono::seconds(0)};
    }
    case Errc::kRateLimited:
    case Errc::kUnavailable: {
      MAXOPT_CHECK(Note(status, ChangeState::kFailed, said));
      CountFailure(error.code);
      const auto wait =
          error.retry_after_s ? std::chrono::seconds(*error.retry_after_s) : world_.options.settle;
      const bool again = status.attempts < world_.options.max_sends && wait <= kLongestThrottle;
      return Outcome{again, wait};
    }
    case Errc::kConflict: {
      // "That name is taken" may be our own earlier write: look before believing it is not.
      if (sent.action == ChangeAction::kCreate) {
        MAXOPT_CHECK(Note(status, ChangeState::kUnknown, said));
        MAXOPT_CHECK(Resolve(status));
        if (status.state == ChangeState::kConfirmed) {
          MAXOPT_CHECK(happened());
          return Outcome{};
        }
        if (status.state == ChangeState::kPlanned) {
          MAXOPT_CHECK(Note(status, ChangeState::kFailed,
                            said + "; what has the name does not carry our marker: rename or "
                                   "remove it, or give ours another name, then plan again"));
        }
      } else {
        MAXOPT_CHECK(Note(status, ChangeState::kFailed, said));
      }
      CountFailure(error.code);
      return Outcome{};
    }
    case Errc::kInvalidArgument:
    case Errc::kForbidden:
    case Errc::kRefused:
      MAXOPT_CHECK(LearnRefusal(sent, error));
      [[fallthrough]];
    case Errc::kNotFound:
    case Errc::kUnauthenticated:
    case Errc::kLocal: {
      MAXOPT_CHECK(Note(status, ChangeState::kFailed, said));
      CountFailure(error.code);
      return Outcome{};
    }
  }
  Bug();
}

void Door::Run::CountFailure(Errc code) {
  failures_ = failing_ == code ? failures_ + 1 : 1;
  failing_ = code;
  if (failures_ >= world_.options.breaker && stopped_.empty()) {
    stopped_ = fmt::format("{} writes in a row failed the same way ({}), so the run was stopped",
                           failures_, ErrcName(code));
  }
}

/// Ids of the parent and of linked objects, which may have been made earlier in this plan.
Result<> Door::Run::FillIds(Change& change) {
  const auto id_of = [&](const std::string& address) -> Result<std::string> {
    MAXOPT_TRY(const std::optional<OwnedObject> object,
               world_.store->FindObject(change.account, address));
    if (!object) {
      return Fail(Errc::kNotFound, fmt::format("waits for {}, which does not exist yet", address));
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
Result<bool> Door::Run::CheckBase(ChangeStatus& status, const Change& change) {
  const Entity* known = nullptr;
  if (hooks_.live && !touched_.contains(change.id)) {
    known = hooks_.live->Find(change.account, change.level, change.id);
  }
  Fields fields;
  if (known != nullptr && Differences(change, change.before, known->fields).empty()) {
    fields = known->fields;
  } else {
    const auto live = FindById(change, change.id);
    if (!live) {
      MAXOPT_CHECK(Note(status, ChangeState::kFailed, "not sent: " + live.error().what));
      CountFailure(live.error().code);
      return false;
    }
    fields = live->fields;
  }
  if (Differences(change, change.after, fields).empty() && Untold(change, fields).empty()) {
    status.id = change.id;
    MAXOPT_CHECK(Note(status, ChangeState::kConfirmed, "it was so already; nothing was sent"));
    return false;
  }
  const auto drift = Differences(change, change.before, fields);
  if (!drift.empty()) {
    MAXOPT_CHECK(Note(status, ChangeState::kFailed,
                      fmt::format("not sent: changed by someone else since it was planned ({}); "
                                  "plan again",
                                  fmt::join(drift, "; "))));
    return false;
  }
  return true;
}

Result<Entity> Door::Run::FindById(const Change& change, const std::string& id) {
  MAXOPT_TRY(std::vector<Entity> found,
             connector_->reader->Find({change.account, change.level, "", {id}}, Timeout()));
  if (found.size() != 1) {
    return Fail(Errc::kNotFound,
                fmt::format("{} {} of {} cannot be read back", LevelName(change.level), id,
                            PrintAccount(change.account)));
  }
  return std::move(found.front());
}

// --- reading back

/// Reads back what became of a write whose answer is missing. Ends in kConfirmed, in kPlanned
/// (shown not to have happened; may be sent again), kFailed, or stays kUnknown. Only reads are
/// repeated: nothing counts as absent before reads must have caught up with writes.
Result<> Door::Run::Resolve(ChangeStatus& status) {
  Patience patience(world_.options.settle, world_.options.lag_max, world_.options.read_backs);
  for (int look = 1;; ++look) {
    MAXOPT_TRY(const bool settled, ReadBack(status, look, patience.Over(look)));
    if (settled) return {};
    const auto wait = patience.Next();
    world_.wait_clock->SleepUntil(world_.wait_clock->Now() + wait);
  }
}

Result<bool> Door::Run::ReadBack(ChangeStatus& status, int look, bool last) {
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
  if (create) {
    const auto first = std::min_element(
        found->begin(), found->end(), [](const Entity& a, const Entity& b) { return a.id < b.id; });
    if (first != found->end()) {
      // More than one is taken care of after the plan was read back (RemoveTwins).
      status.id = first->id;
      MAXOPT_CHECK(Note(status, ChangeState::kConfirmed,
                        fmt::format("found by its marker{} on read-back {}", query.marker, look)));
      return true;
    }
  }
  if (!create && found->size() == 1) {
    const Fields& live = found->front().fields;
    if (Differences(change, change.after, live).empty()) {
      status.id = change.id;
      MAXOPT_CHECK(Note(status, ChangeState::kConfirmed,
                        fmt::format("read-back {} shows the new values", look)));
      return true;
    }
    if (!last) return false;
    const auto drift = Differences(change, change.before, live);
    MAXOPT_CHECK(
        drift.empty()
            ? Note(status, ChangeState::kPlanned,
                   fmt::format("{} read-backs show the old values: it did not happen", look))
            : Note(status, ChangeState::kFailed,
                   fmt::format("read back as neither old nor new: {}", fmt::join(drift, "; "))));
    return true;
  }
  if (!last) return false;
  MAXOPT_CHECK(Note(status, ChangeState::kPlanned,
                    fmt::format("{} read-backs find no object with the marker{}: it did not happen",
                                look, query.marker)));
  return true;
}

std::map<std::string, Entity> Door::Run::ReadMany(const AccountId& account, Level level,
                                                  const std::vector<std::string>& ids,
                                                  std::string& failure) {
  std::map<std::string, Entity> out;
  for (std::size_t begin = 0; begin < ids.size(); begin += kIdsPerRead) {
    const std::size_t end = std::min(ids.size(), begin + kIdsPerRead);
    const std::vector<std::string> some(ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                        ids.begin() + static_cast<std::ptrdiff_t>(end));
    auto found = connector_->reader->Find({account, level, "", some}, Timeout());
    if (!found) {
      failure = found.error().what;
      return out;
    }
    for (Entity& entity : *found) out.insert_or_assign(entity.id, std::move(entity));
  }
  return out;
}

/// Reads everything that happened back, at every level, and compares it with what was approved.
Result<> Door::Run::VerifyAll() {
  std::map<std::pair<AccountId, Level>, std::vector<std::size_t>> pending;
  for (std::size_t i = 0; i < statuses_.size(); ++i) {
    ChangeStatus& status = statuses_[i];
    if (status.state != ChangeState::kConfirmed) continue;
    if (status.change.level == Level::kAsset) {
      MAXOPT_CHECK(
          Note(status, ChangeState::kVerified, "uploaded; the platform keeps it by its content"));
      continue;
    }
    pending[std::pair(status.change.account, status.change.level)].push_back(i);
  }
  Patience patience(world_.options.settle, world_.options.lag_max, world_.options.read_backs);
  std::map<std::size_t, std::string> wrong;
  for (int look = 1; !pending.empty(); ++look) {
    for (auto& [where, places] : pending) {
      std::vector<std::string> ids;
      for (const std::size_t i : places) ids.push_back(statuses_[i].id);
      std::string failure;
      std::map<std::string, Entity> live;
      if (const Result<> there = Connect(statuses_[places.front()]); there) {
        live = ReadMany(where.first, where.second, ids, failure);
      } else {
        failure = there.error().what;
      }
      std::vector<std::size_t> left;
      for (const std::size_t i : places) {
        ChangeStatus& status = statuses_[i];
        const auto at = live.find(status.id);
        std::vector<std::string> differences;
        if (at == live.end()) {
          differences = {failure.empty() ? fmt::format("{} {} of {} cannot be read back",
                                                       LevelName(where.second), status.id,
                                                       PrintAccount(where.first))
                                         : failure};
        } else {
          differences = Differences(status.change, status.change.after, at->second.fields);
          for (std::string& field : Untold(status.change, at->second.fields)) {
            differences.push_back(std::move(field));
          }
        }
        if (differences.empty()) {
          const std::string twins = RemoveTwins(status);
          MAXOPT_CHECK(
              Note(status, ChangeState::kVerified, status.how + "; read back as approved" + twins));
        } else {
          wrong[i] = fmt::format("{}", fmt::join(differences, "; "));
          left.push_back(i);
        }
      }
      places = std::move(left);
    }
    std::erase_if(pending, [](const auto& entry) { return entry.second.empty(); });
    if (pending.empty() || patience.Over(look)) break;
    const auto wait = patience.Next();
    world_.wait_clock->SleepUntil(world_.wait_clock->Now() + wait);
  }
  // It happened, so it stays confirmed; but it is not what was approved, and the plan says so.
  for (const auto& [where, places] : pending) {
    for (const std::size_t i : places) {
      MAXOPT_CHECK(Note(statuses_[i], ChangeState::kConfirmed,
                        "happened, but reads back different: " + wrong[i]));
    }
  }
  return {};
}

/// A proxy may send our one request twice, and the platform may act on both. What carries the mark
/// beside the object that we own was approved by nobody: it is taken away again, before the create
/// counts as verified, so that a run that is cut off here does it the next time. Removing is
/// idempotent: it is repeated until no twin is seen. Returns what to add to the journal.
std::string Door::Run::RemoveTwins(const ChangeStatus& status) {
  const Change& change = status.change;
  if (change.action != ChangeAction::kCreate || status.attempts == 0 || !Connect(status)) return {};
  std::vector<std::string> removed;
  Patience patience(world_.options.settle, world_.options.lag_max, world_.options.read_backs);
  for (int look = 1;; ++look) {
    const auto found = connector_->reader->Find(
        {change.account, change.level, MarkerOf(change.key), {}}, Timeout());
    // A list that does not even have the object we own is older than the create.
    bool knows_ours = false;
    bool clean = true;
    for (const Entity& twin : found ? *found : std::vector<Entity>{}) {
      const std::string now = TextField(twin.fields, "status");
      knows_ours = knows_ours || twin.id == status.id;
      if (twin.id == status.id || now == kRemoved) continue;
      clean = false;
      Change removal;
      removal.key = fmt::format("{}/twin/{}", change.key, twin.id);
      removal.account = change.account;
      removal.level = change.level;
      removal.address = change.address;
      removal.id = twin.id;
      removal.before = {{"status", now}};
      removal.after = {{"status", std::string(kRemoved)}};
      removal.reason = Reason::kPause;
      ++report_.sent;
      const Result<Applied> gone = connector_->writer->Apply(removal, Timeout());
      if (gone) removed.push_back(twin.id);
    }
    if ((clean && knows_ours) || patience.Over(look)) break;
    const auto wait = patience.Next();
    world_.wait_clock->SleepUntil(world_.wait_clock->Now() + wait);
  }
  if (removed.empty()) return {};
  return fmt::format("; the platform had made it twice: {} was removed again",
                     fmt::join(removed, ", "));
}

// --- learning

/// Only what a platform said, by its own code, is a requirement; our own checks are known already.
Result<> Door::Run::LearnRefusal(const Change& change, const Error& error) {
  if (error.platform_code.empty()) return {};
  const Instant now = world_.clock->Now();
  LearnedConstraint seen{};
  seen.platform = change.account.platform;
  seen.code = error.platform_code;
  seen.level = LevelName(change.level);
  seen.field = FieldNamedIn(error.what);
  seen.value = ValueIn(change.after, seen.field);
  seen.message = Cut(error.what);
  seen.first_at = seen.last_at = now;
  seen.expires_at = now + std::chrono::hours(24) * world_.options.refusal_days;
  refused_before_.reset();
  return world_.store->LearnConstraint(seen, false);
}

Result<> Door::Run::LearnSuccess(const Change& change) {
  if (!refused_before_) {
    MAXOPT_TRY(refused_before_, world_.store->Constraints(world_.clock->Now()));
  }
  for (const LearnedConstraint& known : *refused_before_) {
    if (known.platform != change.account.platform || known.level != LevelName(change.level)) {
      continue;
    }
    if (known.field.empty() || !change.after.contains(known.field)) continue;
    if (ValueIn(change.after, known.field) != known.value) continue;
    LearnedConstraint passed = known;  // its expiry stays: a success makes it no younger
    passed.last_at = world_.clock->Now();
    MAXOPT_CHECK(world_.store->LearnConstraint(passed, true));
  }
  return {};
}

}  // namespace maxopt
