// The inverse of what a plan did: selective, and never over what someone changed since.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "apply/apply.h"
#include "apply/live.h"
#include "connect/writer.h"

namespace maxopt {
namespace {

/// "spring/social#daily_budget" -> address and field.
struct Selected {
  std::string address;
  std::string field;  // empty: all
  bool met = false;
};

bool AtOrBelow(const std::string& address, const std::string& above) {
  return address == above || address.starts_with(above + "/");
}

/// What an undo has found out about one change of the plan.
struct Inverse {
  const ChangeStatus* status;
  Change change;
  std::vector<std::string> conflicts;  // what someone changed since
};

class Undoing {
 public:
  Undoing(const Plan& plan, const std::vector<ChangeStatus>& statuses, const UndoOptions& options,
          std::map<AccountId, std::map<std::string, OwnedObject>> owned,
          std::span<const AccountTree> trees,
          std::function<Result<std::vector<Entity>>(const FindQuery&)> find)
      : plan_(plan),
        statuses_(statuses),
        options_(options),
        owned_(std::move(owned)),
        live_(trees),
        find_(std::move(find)) {
    for (const std::string& only : options.only) {
      const std::size_t hash = only.rfind('#');
      selected_.push_back(hash == std::string::npos
                              ? Selected{only, "", false}
                              : Selected{only.substr(0, hash), only.substr(hash + 1), false});
    }
  }

  Result<std::vector<Change>> Go(std::vector<std::string>& notes) {
    for (const ChangeStatus& status : statuses_) {
      const bool open = status.state == ChangeState::kSent || status.state == ChangeState::kUnknown;
      if (open) {
        return Fail(Errc::kConflict,
                    fmt::format("{}: its outcome is unknown; run maxopt apply {} first",
                                status.change.address, plan_.id));
      }
      const bool done =
          status.state == ChangeState::kConfirmed || status.state == ChangeState::kVerified;
      if (!done) continue;
      MAXOPT_CHECK(status.change.action == ChangeAction::kCreate ? Create(status, notes)
                                                                 : Update(status, notes));
    }
    for (const Selected& only : selected_) {
      if (!only.met) {
        return Fail(Errc::kNotFound,
                    fmt::format("plan {} did nothing to \"{}{}{}\"", plan_.id, only.address,
                                only.field.empty() ? "" : "#", only.field));
      }
    }
    KeepWhatIsAboveConflicts();
    std::vector<Change> out;
    std::vector<std::pair<AccountId, std::string>> removed;
    for (Inverse& inverse : inverses_) {
      if (!inverse.conflicts.empty() && !options_.force) {
        notes.push_back(fmt::format("{} is not undone: changed since ({}); --force overwrites it",
                                    inverse.change.address, fmt::join(inverse.conflicts, "; ")));
        continue;
      }
      // Removing a campaign removes what is below it.
      const AccountId& account = inverse.change.account;
      const bool goes = std::any_of(removed.begin(), removed.end(), [&](const auto& gone) {
        return gone.first == account && IsBelow(account, inverse.change.address, gone.second);
      });
      if (goes) continue;
      if (inverse.status->change.action == ChangeAction::kCreate &&
          inverse.change.level != Level::kConversion) {
        removed.emplace_back(account, inverse.change.address);
      }
      if (options_.force) {
        for (const auto& [name, value] : inverse.change.after)
          inverse.change.forced.push_back(name);
      }
      out.push_back(std::move(inverse.change));
    }
    std::reverse(out.begin(), out.end());
    return out;
  }

 private:
  bool Wanted(const std::string& address, const std::string& field) {
    if (selected_.empty()) return true;
    bool wanted = false;
    for (Selected& only : selected_) {
      const bool names = field.empty() || only.field.empty()
                             ? AtOrBelow(address, only.address) && only.field.empty()
                             : address == only.address && field == only.field;
      if (!names) continue;
      only.met = true;
      wanted = true;
    }
    return wanted;
  }

  const OwnedObject* Owned(const AccountId& account, const std::string& address) const {
    const auto objects = owned_.find(account);
    if (objects == owned_.end()) return nullptr;
    const auto at = objects->second.find(address);
    return at == objects->second.end() ? nullptr : &at->second;
  }

  /// By the parents we recorded: addresses need not be spelt as paths.
  bool IsBelow(const AccountId& account, std::string address, const std::string& above) const {
    for (int depth = 0; depth < 8 && !address.empty(); ++depth) {
      if (address == above) return true;
      const OwnedObject* object = Owned(account, address);
      if (object == nullptr) return false;
      address = object->parent_address;
    }
    return false;
  }

  /// The object as it is now; nullopt: it is gone.
  Result<std::optional<Entity>> Now(const Change& change, const std::string& id) const {
    if (const Entity* entity = live_.Find(change.account, change.level, id)) return *entity;
    MAXOPT_TRY(std::vector<Entity> found, find_({change.account, change.level, "", {id}}));
    if (found.size() != 1) return std::optional<Entity>();
    if (TextField(found.front().fields, "status") == kRemoved) return std::optional<Entity>();
    return std::optional<Entity>(std::move(found.front()));
  }

  Result<> Create(const ChangeStatus& status, std::vector<std::string>& notes) {
    const Change& made = status.change;
    if (!Wanted(made.address, "")) return {};
    if (made.level == Level::kConversion && TextField(made.after, "kind") != "action") {
      notes.push_back(fmt::format("{}: a pixel cannot be removed; it stays in {} as {}",
                                  made.address, PrintAccount(made.account), status.id));
      return {};
    }
    auto inverse = InverseOf(made, status.id, "");
    if (!inverse) {
      notes.push_back(fmt::format("{} (it is {})", inverse.error().what, status.id));
      return {};
    }
    MAXOPT_TRY(const std::optional<Entity> now, Now(made, status.id));
    // What is below something that is gone is gone with it, whatever its own status says.
    const bool below = std::any_of(gone_.begin(), gone_.end(), [&](const auto& above) {
      return above.first == made.account && IsBelow(made.account, made.address, above.second);
    });
    if (!now || below) {
      gone_.emplace_back(made.account, made.address);
      return {};
    }
    Inverse found{&status, std::move(*inverse), {}};
    if (const std::string is = TextField(now->fields, "status"); !is.empty()) {
      found.change.before["status"] = is;
    }
    // What we last wrote covers our own later plans, such as its activation.
    Change last = made;
    if (const OwnedObject* object = Owned(made.account, made.address)) {
      last.after = object->last_applied;
    }
    found.conflicts = Differences(last, last.after, now->fields);
    for (const Entity* child : live_.Below(made.account, status.id)) {
      if (child->level == made.level || IsOurs(made.account, child->id, child->level)) continue;
      found.conflicts.push_back(fmt::format("{} {} \"{}\" below it is not ours",
                                            LevelName(child->level), child->id,
                                            TextField(child->fields, "name")));
    }
    inverses_.push_back(std::move(found));
    return {};
  }

  bool IsOurs(const AccountId& account, const std::string& id, Level level) const {
    const auto objects = owned_.find(account);
    if (objects == owned_.end()) return false;
    return std::any_of(objects->second.begin(), objects->second.end(), [&](const auto& entry) {
      return entry.second.id == id && entry.second.level == level;
    });
  }

  Result<> Update(const ChangeStatus& status, std::vector<std::string>& notes) {
    Change made = status.change;
    std::erase_if(made.after, [&](const auto& f) { return !Wanted(made.address, f.first); });
    std::erase_if(made.before, [&](const auto& f) { return !made.after.contains(f.first); });
    if (made.after.empty()) return {};
    auto inverse = InverseOf(made, status.id, "");
    if (!inverse) {
      notes.push_back(inverse.error().what);
      return {};
    }
    MAXOPT_TRY(const std::optional<Entity> now, Now(made, made.id));
    if (!now) {
      notes.push_back(fmt::format("{} is not undone: it is gone from the platform", made.address));
      return {};
    }
    Inverse found{&status, std::move(*inverse), {}};
    // Each field for itself: one that someone changed does not keep the others.
    for (const auto& [name, value] : made.after) {
      const auto is = now->fields.find(name);
      if (is == now->fields.end() || SameField(name, is->second, value)) continue;
      if (SameField(name, is->second, found.change.after.at(name))) {
        found.change.after.erase(name);  // it is as it was before already
        found.change.before.erase(name);
        continue;
      }
      if (options_.force) {
        found.change.before.insert_or_assign(name, is->second);
        continue;
      }
      notes.push_back(
          fmt::format("{}: {} is not undone: changed since, {} is {}, the plan set {}; "
                      "--force overwrites it",
                      made.address, name, name, ShowValue(is->second), ShowValue(value)));
      found.change.after.erase(name);
      found.change.before.erase(name);
    }
    if (!found.change.after.empty()) inverses_.push_back(std::move(found));
    return {};
  }

  /// Removing what holds a changed object would undo that change too.
  void KeepWhatIsAboveConflicts() {
    for (Inverse& above : inverses_) {
      if (above.status->change.action != ChangeAction::kCreate) continue;
      for (const Inverse& below : inverses_) {
        if (&above == &below || below.conflicts.empty()) continue;
        if (below.change.account != above.change.account) continue;
        if (!IsBelow(above.change.account, below.change.address, above.change.address)) continue;
        if (below.status->change.action != ChangeAction::kCreate) continue;
        above.conflicts.push_back(fmt::format("{} below it was changed", below.change.address));
      }
    }
  }

  const Plan& plan_;
  const std::vector<ChangeStatus>& statuses_;
  const UndoOptions& options_;
  std::map<AccountId, std::map<std::string, OwnedObject>> owned_;
  LiveIndex live_;
  std::function<Result<std::vector<Entity>>(const FindQuery&)> find_;
  std::vector<Selected> selected_;
  std::vector<Inverse> inverses_;
  std::vector<std::pair<AccountId, std::string>> gone_;  // made by the plan, no longer there
};

}  // namespace

Result<Plan> Door::Undo(const std::string& plan_id, const std::string& by, const Policy* policy,
                        const UndoOptions& options) {
  MAXOPT_TRY(const Plan plan, world_.store->GetPlan(plan_id));
  MAXOPT_TRY(const std::vector<ChangeStatus> statuses, world_.store->Changes(plan_id));
  std::set<AccountId> accounts;
  for (const Change& change : plan.changes) accounts.insert(change.account);
  std::map<AccountId, std::map<std::string, OwnedObject>> owned;
  std::vector<AccountTree> trees;
  for (const AccountId& account : accounts) {
    MAXOPT_TRY(std::vector<OwnedObject> objects, world_.store->Objects(account));
    for (OwnedObject& object : objects) {
      const std::string address = object.address;
      owned[account].emplace(address, std::move(object));
    }
    MAXOPT_TRY(const auto connector, world_.connector(account));
    MAXOPT_TRY(AccountTree tree,
               connector->reader->ReadAccount(account, http::After(world_.options.call_timeout)));
    trees.push_back(std::move(tree));
  }
  const auto find = [this](const FindQuery& query) -> Result<std::vector<Entity>> {
    MAXOPT_TRY(const auto connector, world_.connector(query.account));
    return connector->reader->Find(query, http::After(world_.options.call_timeout));
  };
  Plan undo;
  undo.client = plan.client;
  undo.title = "undo of " + plan_id + ": " + plan.title;
  undo.created_by = by;
  undo.undoes = plan_id;
  MAXOPT_TRY(undo.changes,
             Undoing(plan, statuses, options, std::move(owned), trees, find).Go(undo.notes));
  if (undo.changes.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("plan {} has nothing left that can be undone{}{}", plan_id,
                            undo.notes.empty() ? "" : ": ", fmt::join(undo.notes, "; ")));
  }
  return Propose(std::move(undo), policy);
}

}  // namespace maxopt
