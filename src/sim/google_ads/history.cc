#include "sim/google_ads/history.h"

#include <fmt/format.h>

#include "sim/google_ads/wire.h"

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;

void CollectLeaves(const json& body, const std::string& at, std::vector<std::string>& out) {
  for (const auto& [key, value] : body.items()) {
    const std::string path = at.empty() ? key : fmt::format("{}.{}", at, key);
    if (value.is_object() && !value.empty()) {
      CollectLeaves(value, path, out);
    } else {
      out.push_back(path);
    }
  }
}

void CollectDifferences(const json& before, const json& after, const std::string& at,
                        std::vector<std::string>& paths, json& olds, json& news) {
  json keys = before;
  keys.update(after);
  for (const auto& [key, ignored] : keys.items()) {
    const auto was = before.find(key);
    const auto is = after.find(key);
    const bool had = was != before.end();
    const bool has = is != after.end();
    if (had && has && *was == *is) continue;
    const std::string path = at.empty() ? key : fmt::format("{}.{}", at, key);
    if ((had && was->is_object()) || (has && is->is_object())) {
      json old_child = json::object();
      json new_child = json::object();
      const std::size_t before_paths = paths.size();
      CollectDifferences(had ? *was : json::object(), has ? *is : json::object(), path, paths,
                         old_child, new_child);
      if (had) olds[key] = std::move(old_child);
      if (has) news[key] = std::move(new_child);
      if (paths.size() == before_paths) paths.push_back(path);
      continue;
    }
    paths.push_back(path);
    if (had) olds[key] = *was;
    if (has) news[key] = *is;
  }
}

}  // namespace

std::vector<std::string> LeafPaths(const json& body) {
  std::vector<std::string> paths;
  CollectLeaves(body, "", paths);
  return paths;
}

Edit Difference(Type type, const std::string& key, const json& old_body, const json& new_body) {
  Edit edit{type, key, "UPDATE", json::object(), json::object(), {}};
  CollectDifferences(old_body, new_body, "", edit.changed, edit.old_body, edit.new_body);
  return edit;
}

void Record(Account& account, const Edit& edit, Instant now, const Author& author) {
  const TypeInfo& info = InfoOf(edit.type);
  if (info.history.empty()) return;
  const std::string name = account.ResourceName(edit.type, edit.key);
  json event = {
      {"resourceName", fmt::format("{}/changeEvents/{}~{}~0", account.CustomerName(),
                                   now.time_since_epoch().count(), account.history().size() + 1)},
      {"changeDateTime", PrintMicros(account.served().setup.zone, now)},
      {"changeResourceType", info.history},
      {"changeResourceName", name},
      {"clientType", author.client_type},
      {"userEmail", author.email},
      {"resourceChangeOperation", edit.operation},
  };
  if (!edit.changed.empty())
    event["changedFields"] = fmt::format("{}", fmt::join(edit.changed, ","));
  const auto with_name = [&](json body) {
    body["resourceName"] = name;
    return json{{info.json, std::move(body)}};
  };
  if (edit.operation != "CREATE") event["oldResource"] = with_name(edit.old_body);
  if (edit.operation != "REMOVE") event["newResource"] = with_name(edit.new_body);

  // Where in the tree the object hangs.
  const Object* object = account.Find(edit.type, edit.key);
  std::string group;
  std::string campaign;
  switch (edit.type) {
    case Type::kCampaign:
      campaign = name;
      break;
    case Type::kAdGroup:
      group = name;
      break;
    case Type::kAdGroupAd:
    case Type::kAdGroupCriterion:
      group = TextAt(object->body, "adGroup");
      break;
    case Type::kAdGroupAsset:
      group = TextAt(object->body, "adGroup");
      event["asset"] = TextAt(object->body, "asset");
      break;
    case Type::kCampaignCriterion:
      campaign = TextAt(object->body, "campaign");
      break;
    case Type::kAsset:
      event["asset"] = name;
      break;
    case Type::kCampaignBudget:
    case Type::kConversionAction:
      break;
  }
  if (!group.empty()) {
    event["adGroup"] = group;
    const Object* parent = account.FindByName(Type::kAdGroup, group);
    if (parent != nullptr) campaign = TextAt(parent->body, "campaign");
  }
  if (!campaign.empty()) event["campaign"] = campaign;
  account.AddHistory({now, std::move(event)});
}

std::string PrintMicros(const Zone& zone, Instant at) {
  const auto micros = at.time_since_epoch().count() % 1'000'000;
  return fmt::format("{}.{:06}", PrintLocal(zone.LocalOf(at)),
                     micros < 0 ? micros + 1'000'000 : micros);
}

}  // namespace maxopt::sim::google_ads
