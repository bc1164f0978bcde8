#include "stages/optimize/trials/places.h"

#include <fmt/format.h>

#include <algorithm>

#include "domain/digest.h"

namespace maxopt::trials {
namespace {

std::vector<std::string> Without(const std::vector<std::string>& from,
                                 const std::vector<std::string>& what) {
  std::vector<std::string> out;
  for (const std::string& one : from) {
    if (std::find(what.begin(), what.end(), one) == what.end()) out.push_back(one);
  }
  return out;
}
std::vector<std::string> With(std::vector<std::string> to, const std::vector<std::string>& what) {
  for (const std::string& one : what) {
    if (std::find(to.begin(), to.end(), one) == to.end()) to.push_back(one);
  }
  return to;
}
const std::vector<std::string>& ListOf(const FieldValue& value) {
  static const std::vector<std::string> none;
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  return list ? *list : none;
}

}  // namespace

bool IsCountryCode(const std::string& place) {
  return place.size() == 2 &&
         std::all_of(place.begin(), place.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string Slug(const std::string& text) {
  std::string out;
  bool lost = false;
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      out += c;
    } else if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      lost = lost || (c != ' ' && c != '-' && c != '/');
      if (!out.empty() && out.back() != '-') out += '-';
    }
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  if (out.size() > 60) {
    out.resize(60);
    lost = true;
  }
  if (lost || out.empty()) out += (out.empty() ? "" : "-") + Sha256Hex(text).substr(0, 4);
  return out;
}

Result<std::vector<GeoObject>> GeoObjects(const TrialsWorld& world, LiveTrees& trees,
                                          const std::set<AccountId>& accounts,
                                          const std::set<std::string>& campaigns) {
  std::vector<GeoObject> out;
  for (const AccountId& account : accounts) {
    MAXOPT_TRY(const AccountTree* tree, trees.Of(account));
    MAXOPT_TRY(const std::vector<OwnedObject> owned, world.store->Objects(account));
    const auto add = [&](const Entity& entity, const std::string& campaign) {
      const auto ours = std::find_if(owned.begin(), owned.end(), [&](const OwnedObject& o) {
        return o.level == entity.level && o.id == entity.id;
      });
      out.push_back({account, entity.level, entity.id, campaign,
                     ours == owned.end() ? fmt::format("{}/{}", LevelName(entity.level), entity.id)
                                         : ours->address,
                     WithoutMarker(TextField(entity.fields, "name")),
                     ListField(entity.fields, "countries"),
                     ListField(entity.fields, "excluded_locations")});
    };
    for (const Entity& campaign : tree->entities) {
      if (campaign.level != Level::kCampaign || TextField(campaign.fields, "status") != kActive ||
          (!campaigns.empty() && !campaigns.contains(campaign.id))) {
        continue;
      }
      std::vector<const Entity*> groups;
      for (const Entity& group : tree->entities) {
        if (group.level == Level::kAdGroup && group.parent_id == campaign.id &&
            TextField(group.fields, "status") == kActive &&
            !ListField(group.fields, "countries").empty()) {
          groups.push_back(&group);
        }
      }
      if (!ListField(campaign.fields, "countries").empty() || groups.empty()) {
        add(campaign, campaign.id);
      } else {
        for (const Entity* group : groups) add(*group, campaign.id);
      }
    }
  }
  return out;
}

std::string CannotLeaveOut(const GeoObject& object, const std::string& place,
                           const std::map<std::string, std::map<std::string, std::string>>& ids) {
  const auto known = ids.find(place);
  if (known != ids.end() &&
      known->second.contains(std::string(PlatformName(object.account.platform)))) {
    return "";
  }
  if (!IsCountryCode(place)) {
    return fmt::format("the {} id of \"{}\" is not known", PlatformName(object.account.platform),
                       place);
  }
  if (object.countries.empty()) {
    return fmt::format("{} \"{}\" does not say in which countries it delivers",
                       LevelName(object.level), object.name);
  }
  const bool there =
      std::find(object.countries.begin(), object.countries.end(), place) != object.countries.end();
  if (there && object.countries.size() == 1) {
    return fmt::format("{} \"{}\" delivers in {} only", LevelName(object.level), object.name,
                       place);
  }
  return "";
}

std::vector<TrialMove> RestMoves(
    const GeoObject& object, const std::set<std::string>& places,
    const std::map<std::string, std::map<std::string, std::string>>& ids,
    const std::vector<TrialMove>& rested) {
  // As the object would be if nothing rested now: what people changed since stays changed.
  std::vector<std::string> countries = object.countries;
  std::vector<std::string> excluded = object.excluded;
  for (const TrialMove& move : rested) {
    if (move.account != object.account || move.id != object.id) continue;
    if (move.field == "countries") {
      countries = With(countries, Without(ListOf(move.base), ListOf(move.off)));
    } else if (move.field == "excluded_locations") {
      excluded = Without(excluded, Without(ListOf(move.off), ListOf(move.base)));
    }
  }
  std::vector<std::string> less, more;
  const std::string platform(PlatformName(object.account.platform));
  for (const std::string& place : places) {
    const auto known = ids.find(place);
    if (known != ids.end() && known->second.contains(platform)) {
      more.push_back(known->second.at(platform));
    } else {
      less.push_back(place);
    }
  }
  const auto move = [&](const char* field, const std::vector<std::string>& base,
                        std::vector<std::string> off) {
    TrialMove out{object.account,
                  object.level,
                  object.id,
                  object.campaign_id,
                  object.address,
                  object.name,
                  field,
                  FieldValue(base),
                  FieldValue(base),
                  FieldValue(std::move(off))};
    return out;
  };
  std::vector<TrialMove> out;
  const std::vector<std::string> kept = Without(countries, less);
  if (kept.size() != countries.size() && !kept.empty())
    out.push_back(move("countries", countries, kept));
  const std::vector<std::string> shut = With(excluded, more);
  if (shut.size() != excluded.size()) out.push_back(move("excluded_locations", excluded, shut));
  return out;
}

}  // namespace maxopt::trials
