#include "apply/live.h"

#include <fmt/format.h>

namespace maxopt {

std::vector<std::string> Differences(const Change& change, const Fields& wanted,
                                     const Fields& live) {
  std::vector<std::string> out;
  for (const auto& [name, value] : wanted) {
    if (name == "content") continue;
    const auto at = live.find(name);
    if (at == live.end()) continue;
    const bool named = name == "name" && std::holds_alternative<std::string>(value) &&
                       change.action == ChangeAction::kCreate;
    const bool same =
        (named && at->second == FieldValue(WithMarker(std::get<std::string>(value), change.key))) ||
        SameField(name, at->second, value);
    if (!same) {
      out.push_back(
          fmt::format("{} is {}, wanted {}", name, ShowValue(at->second), ShowValue(value)));
    }
  }
  return out;
}

std::vector<std::string> Untold(const Change& change, const Fields& live) {
  std::vector<std::string> out;
  if (change.level == Level::kAsset || change.level == Level::kConversion) return out;
  for (const auto& [name, value] : change.after) {
    const bool vital = name == "status" || std::holds_alternative<Money>(value);
    if (vital && !live.contains(name)) out.push_back(name + " is not told back");
  }
  return out;
}

LiveIndex::LiveIndex(std::span<const AccountTree> trees) {
  for (const AccountTree& tree : trees) {
    auto& ids = by_id_[tree.info.account];
    auto& parents = by_parent_[tree.info.account];
    for (const Entity& entity : tree.entities) {
      ids.emplace(std::pair(entity.level, entity.id), &entity);
      if (!entity.parent_id.empty()) parents.emplace(entity.parent_id, &entity);
    }
  }
}

bool LiveIndex::Has(const AccountId& account) const { return by_id_.contains(account); }

const Entity* LiveIndex::Find(const AccountId& account, Level level, const std::string& id) const {
  const auto ids = by_id_.find(account);
  if (ids == by_id_.end()) return nullptr;
  const auto at = ids->second.find(std::pair(level, id));
  return at == ids->second.end() ? nullptr : at->second;
}

std::vector<const Entity*> LiveIndex::Below(const AccountId& account, const std::string& id) const {
  std::vector<const Entity*> out;
  const auto parents = by_parent_.find(account);
  if (parents == by_parent_.end()) return out;
  const auto [begin, end] = parents->second.equal_range(id);
  for (auto at = begin; at != end; ++at) out.push_back(at->second);
  return out;
}

}  // namespace maxopt
