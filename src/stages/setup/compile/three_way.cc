#include <fmt/format.h>

#include <algorithm>

#include "stages/setup/compile/compile.h"

namespace maxopt {
namespace {

const OwnedObject* FindOwned(const LiveState& live, const AccountId& account,
                             const std::string& address) {
  const auto objects = live.owned.find(account);
  if (objects == live.owned.end()) return nullptr;
  for (const OwnedObject& object : objects->second) {
    if (object.address == address) return &object;
  }
  return nullptr;
}

const Entity* FindLive(const LiveState& live, const AccountId& account, Level level,
                       const std::string& id) {
  const auto tree = live.trees.find(account);
  if (tree == live.trees.end()) return nullptr;
  for (const Entity& entity : tree->second.entities) {
    if (entity.level == level && entity.id == id) return &entity;
  }
  return nullptr;
}

const FieldValue* Find(const Fields& fields, const std::string& name) {
  const auto at = fields.find(name);
  return at == fields.end() ? nullptr : &at->second;
}

/// Fields that no platform lets be changed after creation.
bool IsFixed(const std::string& field) {
  return field == "objective" || field == "channel_type" || field == "special_categories" ||
         field == "eu_political" || field == "kind";
}

/// Uploaded bytes are compared by nobody: platforms do not give them back.
bool IsCompared(const std::string& field) {
  return field != "status" && field != "content" && field != "sha256";
}

/// Names carry our marker on the platform and none in the documents.
bool SameValue(const std::string& field, const FieldValue& a, const FieldValue& b) {
  if (field != "name") return SameField(field, a, b);
  const auto* left = std::get_if<std::string>(&a);
  const auto* right = std::get_if<std::string>(&b);
  return left && right && WithoutMarker(*left) == WithoutMarker(*right);
}

/// The newest change of an object's field that was not ours, from the platform's change history.
const HistoryEvent* WhoChanged(const LiveState& live, const AccountId& account,
                               const std::string& id, const std::string& field) {
  const auto events = live.history.find(account);
  if (events == live.history.end()) return nullptr;
  const HistoryEvent* found = nullptr;
  for (const HistoryEvent& event : events->second) {
    if (event.id != id || event.ours) continue;
    const bool names_it = event.changed_fields.empty() ||
                          std::find(event.changed_fields.begin(), event.changed_fields.end(),
                                    field) != event.changed_fields.end();
    if (names_it && (found == nullptr || event.at >= found->at)) found = &event;
  }
  return found;
}

/// Platforms change things by themselves: recommendations and automated rules.
bool IsPlatform(const HistoryEvent& event) {
  std::string word;
  for (const char c : event.client_type + " " + event.actor) {
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return word.find("recommendation") != std::string::npos ||
         word.find("automated") != std::string::npos || word.find("system") != std::string::npos ||
         word.find("platform") != std::string::npos;
}

class Comparer {
 public:
  Comparer(const Desired& desired, const LiveState& live, const std::set<std::string>& force)
      : desired_(desired), live_(live), force_(force) {}

  Result<ThreeWay> Run() {
    out_.plan.client = desired_.client;
    out_.plan.title = "set up " + desired_.campaign;
    out_.plan.matrix = desired_.matrix;
    for (const DesiredObject& want : desired_.objects) {
      wanted_.insert({want.account, want.address});
      const OwnedObject* owned = FindOwned(live_, want.account, want.address);
      if (owned == nullptr) {
        Create(want);
        continue;
      }
      if (want.level == Level::kAsset) continue;
      const Entity* now = FindLive(live_, want.account, want.level, owned->id);
      if (now == nullptr) {
        Gone(want, *owned);
        continue;
      }
      MAXOPT_CHECK(Update(want, *owned, *now));
    }
    NoLongerWanted();
    for (const std::string& name : force_) {
      if (!forced_.contains(name)) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("--force-field {}: that field did not drift; drifted are {}", name,
                                DriftedNames()));
      }
    }
    return std::move(out_);
  }

 private:
  std::string DriftedNames() const {
    std::string names;
    for (const Drift& drift : out_.drift) {
      names += fmt::format("{}{}.{}", names.empty() ? "" : ", ", drift.address, drift.field);
    }
    return names.empty() ? "none" : names;
  }

  void Create(const DesiredObject& want) {
    Change change;
    change.action = ChangeAction::kCreate;
    change.account = want.account;
    change.level = want.level;
    change.address = want.address;
    change.parent_address = want.parent_address;
    change.links = want.links;
    change.after = want.fields;
    change.reason = Reason::kLaunch;
    change.why = fmt::format("asked for at {}, not on the platform", PrintPlace(want.place));
    out_.plan.changes.push_back(std::move(change));
  }

  void Gone(const DesiredObject& want, const OwnedObject& owned) {
    const HistoryEvent* event = WhoChanged(live_, want.account, owned.id, "status");
    out_.plan.notes.push_back(fmt::format(
        "{}: {} {} is ours but no longer on the platform{}; it is left alone. Rename it in the "
        "documents to make a new one",
        want.address, LevelName(want.level), owned.id,
        event ? fmt::format(" (removed by {} on {})", event->actor, PrintInstant(event->at))
              : " (removed there?)"));
  }

  /// The wanted fields with the ids of what they link to. Links to what this plan makes first stay
  /// links: their ids are not known yet.
  Fields WithLinks(const DesiredObject& want, std::vector<Link>& open) const {
    Fields fields = want.fields;
    std::map<std::string, std::vector<std::string>> ids;
    std::set<std::string> unmade;
    for (const Link& link : want.links) {
      const OwnedObject* target = FindOwned(live_, want.account, link.address);
      if (target == nullptr) {
        unmade.insert(link.field);
      } else {
        ids[link.field].push_back(target->id);
      }
    }
    for (const Link& link : want.links) {
      if (unmade.contains(link.field)) open.push_back(link);
    }
    for (auto& [field, list] : ids) {
      if (unmade.contains(field)) continue;
      if (field == "images") {
        fields.insert_or_assign(field, std::move(list));
      } else {
        fields.insert_or_assign(field, list.front());
      }
    }
    return fields;
  }

  Drift DriftOf(const DesiredObject& want, const OwnedObject& owned, const std::string& field,
                const FieldValue& last, const FieldValue& live, const FieldValue& value) {
    Drift drift{want.account, want.address, field, last, live, value, "someone", "person", {}};
    if (const HistoryEvent* event = WhoChanged(live_, want.account, owned.id, field)) {
      drift.at = event->at;
      drift.owner = IsPlatform(*event) ? "platform" : "person";
      drift.who = fmt::format("{}{}", event->actor.empty() ? "someone" : event->actor,
                              event->client_type.empty() ? "" : " (" + event->client_type + ")");
    }
    return drift;
  }

  Result<> Update(const DesiredObject& want, const OwnedObject& owned, const Entity& now) {
    Change change;
    change.action = ChangeAction::kUpdate;
    change.account = want.account;
    change.level = want.level;
    change.address = want.address;
    change.id = owned.id;
    change.parent_address = want.parent_address;
    change.reason = Reason::kLaunch;
    StatusDrift(want, owned, now);
    for (const auto& [field, value] : WithLinks(want, change.links)) {
      if (!IsCompared(field)) continue;
      const FieldValue* live = Find(now.fields, field);
      const FieldValue* last = Find(owned.last_applied, field);
      if (live != nullptr ? SameValue(field, *live, value)
                          : last != nullptr && SameValue(field, *last, value)) {
        continue;  // as wanted, or as we wrote it and the platform does not tell it back
      }
      if (IsFixed(field) && live == nullptr) continue;  // set at the creation, told by nobody
      const bool ours = last == nullptr || live == nullptr || SameValue(field, *last, *live);
      if (!ours) {
        const std::string name = want.address + "." + field;
        out_.drift.push_back(DriftOf(want, owned, field, *last, *live, value));
        if (!force_.contains(name)) continue;
        forced_.insert(name);
        change.forced.push_back(field);
      }
      if (IsFixed(field)) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("{}: {} of {} is {} and cannot be changed once it exists; give the "
                                "package another name to make a new campaign",
                                PrintPlace(want.place), field, want.address, ShowValue(*live)));
      }
      change.after[field] =
          field == "name" && !owned.change_key.empty()
              ? FieldValue(WithMarker(std::get<std::string>(value), owned.change_key))
              : value;
      if (live != nullptr) change.before[field] = *live;
    }
    if (change.after.empty() && change.links.empty()) return {};
    for (const Link& link : change.links) {
      if (const FieldValue* live = Find(now.fields, link.field)) change.before[link.field] = *live;
    }
    change.why = fmt::format("{} says so", PrintPlace(want.place));
    if (!change.forced.empty()) {
      change.why += fmt::format("; {} overwritten by decision of whoever approves",
                                fmt::join(change.forced, ", "));
    }
    out_.plan.changes.push_back(std::move(change));
    return {};
  }

  /// Pausing by hand is a person's decision: shown, never undone by a set-up plan.
  void StatusDrift(const DesiredObject& want, const OwnedObject& owned, const Entity& now) {
    const FieldValue* last = Find(owned.last_applied, "status");
    const FieldValue* live = Find(now.fields, "status");
    if (last == nullptr || live == nullptr || *last == *live) return;
    out_.drift.push_back(DriftOf(want, owned, "status", *last, *live, *last));
  }

  /// What is ours, belongs to this campaign and is in no document any more: paused, top level only.
  void NoLongerWanted() {
    const std::string prefix = desired_.slug + "/";
    for (const auto& [account, objects] : live_.owned) {
      for (const OwnedObject& object : objects) {
        if (!object.address.starts_with(prefix) || wanted_.contains({account, object.address})) {
          continue;
        }
        if (!object.parent_address.empty() && !wanted_.contains({account, object.parent_address})) {
          continue;
        }
        const Entity* now = FindLive(live_, account, object.level, object.id);
        if (now == nullptr || TextField(now->fields, "status") != kActive) continue;
        Change change;
        change.account = account;
        change.level = object.level;
        change.address = object.address;
        change.id = object.id;
        change.before = {{"status", std::string(kActive)}};
        change.after = {{"status", std::string(kPaused)}};
        change.reason = Reason::kPause;
        change.why = "no longer in the documents";
        out_.plan.changes.push_back(std::move(change));
      }
    }
  }

  const Desired& desired_;
  const LiveState& live_;
  const std::set<std::string>& force_;
  ThreeWay out_;
  std::set<std::pair<AccountId, std::string>> wanted_;
  std::set<std::string> forced_;
};

}  // namespace

Result<ThreeWay> CompareThreeWay(const Desired& desired, const LiveState& live,
                                 const std::set<std::string>& force) {
  return Comparer(desired, live, force).Run();
}

Result<Plan> CompileActivation(const Desired& desired, const LiveState& live) {
  Plan plan;
  plan.client = desired.client;
  plan.title = "activate " + desired.campaign;
  bool found = false;
  for (const Level level : {Level::kAd, Level::kAdGroup, Level::kCampaign}) {
    for (const DesiredObject& want : desired.objects) {
      if (want.level != level) continue;
      const OwnedObject* owned = FindOwned(live, want.account, want.address);
      if (owned == nullptr) continue;
      const Entity* now = FindLive(live, want.account, level, owned->id);
      if (now == nullptr) continue;
      found = true;
      if (TextField(now->fields, "status") != kPaused) continue;
      if (TextField(now->fields, "review_status") == "rejected") {
        plan.notes.push_back(
            fmt::format("{}: rejected by the platform, stays paused: {}", want.address,
                        fmt::join(ListField(now->fields, "review_reasons"), "; ")));
        continue;
      }
      Change change;
      change.account = want.account;
      change.level = level;
      change.address = want.address;
      change.id = owned->id;
      change.before = {{"status", std::string(kPaused)}};
      change.after = {{"status", std::string(kActive)}};
      change.reason = Reason::kActivate;
      change.why = "launch of " + desired.campaign;
      plan.changes.push_back(std::move(change));
    }
  }
  if (!found) {
    return Fail(Errc::kNotFound,
                fmt::format("nothing of \"{}\" exists on the platforms yet; run maxopt plan, "
                            "approve and apply first",
                            desired.campaign));
  }
  return plan;
}

}  // namespace maxopt
