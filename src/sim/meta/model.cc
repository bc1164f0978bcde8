#include "sim/meta/model.h"

namespace maxopt::sim::meta {

std::string Object::text(std::string_view field) const {
  const auto it = fields.find(field);
  return it != fields.end() && it->is_string() ? it->get<std::string>() : "";
}

std::optional<std::int64_t> Object::integer(std::string_view field) const {
  const auto it = fields.find(field);
  if (it == fields.end() || !it->is_number_integer()) return std::nullopt;
  return it->get<std::int64_t>();
}

std::optional<Instant> Object::time(std::string_view field) const {
  const std::optional<std::int64_t> seconds = integer(field);
  if (!seconds) return std::nullopt;
  return Instant(std::chrono::seconds(*seconds));
}

const Object* Account::Find(Kind kind, const std::string& wanted) const {
  const auto& map = of(kind);
  const auto it = map.find(wanted);
  return it == map.end() ? nullptr : &it->second;
}

const Object* Account::FindAny(const std::string& wanted) const {
  for (const Kind kind :
       {Kind::kCampaign, Kind::kAdSet, Kind::kAd, Kind::kCreative, Kind::kVideo, Kind::kPixel}) {
    if (const Object* found = Find(kind, wanted)) return found;
  }
  return nullptr;
}

Money Account::FromMinor(std::int64_t minor) const {
  const Result<Money> money = MoneyFromMinor(minor, currency(), MinorUnits::kMeta);
  if (!money) Bug();  // every stored amount was checked when it was written
  return *money;
}

Level LevelOf(Kind kind) {
  if (kind == Kind::kCampaign) return Level::kCampaign;
  return kind == Kind::kAdSet ? Level::kAdGroup : Level::kAd;
}

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kCampaign:
      return "Campaign";
    case Kind::kAdSet:
      return "AdSet";
    case Kind::kAd:
      return "Ad";
    case Kind::kCreative:
      return "AdCreative";
    case Kind::kImage:
      return "AdImage";
    case Kind::kVideo:
      return "AdVideo";
    case Kind::kPixel:
      return "AdsPixel";
  }
  Bug();
}

}  // namespace maxopt::sim::meta
