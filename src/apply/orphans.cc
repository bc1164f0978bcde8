// What does not fit between the platforms and what we know.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "apply/apply.h"
#include "apply/live.h"
#include "connect/writer.h"

namespace maxopt {
namespace {

/// " ~0123456789" at the end of a name; "" when there is none.
std::string MarkIn(const std::string& name) { return name.substr(WithoutMarker(name).size()); }

/// True when the object, or one above it, was last made to be removed by us.
bool RemovedByUs(const std::map<std::string, OwnedObject>& owned, std::string address) {
  for (int depth = 0; depth < 8 && !address.empty(); ++depth) {
    const auto at = owned.find(address);
    if (at == owned.end()) return false;
    if (TextField(at->second.last_applied, "status") == kRemoved) return true;
    address = at->second.parent_address;
  }
  return false;
}

}  // namespace

std::string_view OrphanKindName(Orphan::Kind kind) {
  switch (kind) {
    case Orphan::Kind::kForeignMarker:
      return "foreign_marker";
    case Orphan::Kind::kNotInState:
      return "not_in_state";
    case Orphan::Kind::kGone:
      return "gone";
  }
  Bug();
}

Result<std::vector<Orphan>> Door::Orphans(const std::string& client) {
  MAXOPT_TRY(const std::vector<std::string> keys, world_.store->ChangeKeys());
  std::map<std::string, std::string> key_of;  // by mark
  for (const std::string& key : keys) key_of.emplace(MarkerOf(key), key);
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, world_.store->Accounts());
  std::vector<Orphan> out;
  for (const ClientAccount& account : accounts) {
    if (account.client != client) continue;
    const AccountId& id = account.info.account;
    MAXOPT_TRY(const auto connector, world_.connector(id));
    auto tree = connector->reader->ReadAccount(id, http::After(world_.options.call_timeout));
    if (!tree) return FailWithin("account " + PrintAccount(id), tree.error());
    MAXOPT_TRY(const std::vector<OwnedObject> objects, world_.store->Objects(id));
    std::map<std::string, OwnedObject> owned;
    std::set<std::pair<Level, std::string>> known;
    for (const OwnedObject& object : objects) {
      owned.emplace(object.address, object);
      known.emplace(object.level, object.id);
    }
    std::set<std::pair<Level, std::string>> live;
    for (const Entity& entity : tree->entities) {
      live.emplace(entity.level, entity.id);
      const std::string name = TextField(entity.fields, "name");
      const std::string mark = MarkIn(name);
      if (mark.empty() || known.contains(std::pair(entity.level, entity.id))) continue;
      const auto key = key_of.find(mark);
      Orphan orphan{Orphan::Kind::kForeignMarker, id, entity.level, entity.id, name, "", ""};
      if (key == key_of.end()) {
        orphan.what =
            "carries a mark like ours, but of no change of this home: another installation's, or a "
            "copy made by hand; remove it there or adopt it";
      } else {
        orphan.kind = Orphan::Kind::kNotInState;
        const std::string plan = key->second.substr(0, key->second.rfind('/'));
        orphan.what = fmt::format(
            "was made by our change {} but is not recorded as ours: a duplicate, or a write that "
            "was cut off; run maxopt apply {}, which reads it back, or remove it by hand",
            key->second, plan);
      }
      out.push_back(std::move(orphan));
    }
    for (const OwnedObject& object : objects) {
      // Assets and conversions are not part of the account's tree.
      if (object.level == Level::kAsset || object.level == Level::kConversion) continue;
      if (live.contains(std::pair(object.level, object.id))) continue;
      if (RemovedByUs(owned, object.address)) continue;
      out.push_back({Orphan::Kind::kGone, id, object.level, object.id, object.address,
                     object.address,
                     "is recorded as ours but no longer on the platform: someone removed it there; "
                     "plan again to make it anew"});
    }
  }
  return out;
}

}  // namespace maxopt
