#include "connect/meta/write.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "connect/meta/words.h"
#include "domain/digest.h"
#include "json/json.h"

namespace maxopt::meta {
namespace {

using nlohmann::json;
using Texts = std::vector<std::string>;

constexpr std::string_view kTargetingFields[] = {
    "countries", "languages",          "age_min",   "age_max", "genders",
    "audiences", "excluded_audiences", "placements"};
constexpr std::string_view kPromotedFields[] = {"pixel_id", "conversion_event"};

bool IsOneOf(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

bool AllDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string Setting(const Connection& connection, const std::string& name) {
  const auto at = connection.settings.find(name);
  return at == connection.settings.end() ? std::string() : at->second;
}

std::unexpected<Error> Refuse(std::string_view field, std::string_view why) {
  return Fail(Errc::kInvalidArgument, fmt::format("Meta: field \"{}\": {}", field, why));
}

/// CheckFields has made sure of the types.
const std::string& AsText(const FieldValue& value) { return std::get<std::string>(value); }
const Texts& AsTexts(const FieldValue& value) { return std::get<Texts>(value); }

Result<std::string> Word(std::string_view field, std::span<const meta::Word> words,
                         std::string_view ours) {
  const std::string_view metas = Metas(words, ours);
  if (metas.empty()) {
    return Refuse(field,
                  fmt::format("\"{}\" has no counterpart; it has {}", ours, ListOurs(words)));
  }
  return std::string(metas);
}

Result<std::string> Minor(std::string_view field, const Money& money, const Ground& ground) {
  if (money.currency() != ground.info.currency) {
    return Refuse(field, fmt::format("{} is not in the account's currency {}", PrintMoney(money),
                                     ground.info.currency.name()));
  }
  if (money.micros() <= 0) return Refuse(field, "an amount must be above zero");
  const auto minor = ToMinor(money, MinorUnits::kMeta);
  if (!minor) return Refuse(field, minor.error().what);
  return fmt::to_string(*minor);
}

/// "2026-09-01 00:00:00" on the account's clock as "2026-08-31T22:00:00+0000".
Result<std::string> Time(std::string_view field, const std::string& local, const Ground& ground) {
  const auto time = ParseLocal(local);
  if (!time) return Refuse(field, time.error().what);
  std::string text = PrintInstant(ground.zone.ToInstant(*time));
  text.pop_back();  // Z
  return text + "+0000";
}

Result<std::string> StatusWord(const Change& change, const std::string& status) {
  if (change.action == ChangeAction::kCreate) {
    if (status != kPaused) {
      return Refuse("status", "what is created is created paused; activating it is its own change");
    }
    return std::string("PAUSED");
  }
  if (status == kActive) return std::string("ACTIVE");
  if (status == kPaused) return std::string("PAUSED");
  if (status == kRemoved) return std::string("DELETED");
  return Refuse("status", fmt::format("\"{}\" is not active, paused or removed", status));
}

Result<> SetPlacements(const Texts& placements, json& targeting) {
  // Positions of all platforms go: those that stay are written again.
  std::vector<std::string> old;
  for (const auto& [name, value] : targeting.items()) {
    if (name.ends_with("_positions") || name == "publisher_platforms") old.push_back(name);
  }
  for (const std::string& name : old) targeting.erase(name);
  if (placements.empty()) return {};  // automatic
  json platforms = json::array();
  for (const std::string& placement : placements) {
    const auto colon = placement.find(':');
    const std::string platform = placement.substr(0, colon);
    const bool word = !platform.empty() && std::ranges::all_of(platform, [](char c) {
      return (c >= 'a' && c <= 'z') || c == '_';
    });
    if (!word) {
      return Refuse("placements",
                    fmt::format("\"{}\" is not of the form facebook or facebook:feed", placement));
    }
    if (std::ranges::find(platforms, json(platform)) == platforms.end()) {
      platforms.push_back(platform);
    }
    if (colon != std::string::npos) {
      targeting[platform + "_positions"].push_back(placement.substr(colon + 1));
    }
  }
  targeting["publisher_platforms"] = std::move(platforms);
  return {};
}

Result<> SetTargeting(std::string_view field, const FieldValue& value, json& targeting) {
  if (field == "countries") {
    // Regions and cities would narrow or widen what the countries say; they are not ours to drop.
    if (const json* geo = Member(targeting, "geo_locations")) {
      for (const auto& [kind, places] : geo->items()) {
        if (kind != "countries" && kind != "location_types" && !places.empty()) {
          return Refuse(field, fmt::format("the ad set also targets \"{}\", which is set on Meta; "
                                           "remove it there first",
                                           kind));
        }
      }
    }
    if (AsTexts(value).empty()) return Refuse(field, "at least one country is needed");
    targeting["geo_locations"]["countries"] = AsTexts(value);
  } else if (field == "languages") {
    json locales = json::array();
    for (const std::string& language : AsTexts(value)) {
      const std::string_view locale = Metas(Locales(), language);
      if (locale.empty()) {
        return Refuse(field, fmt::format("\"{}\" is not among the languages whose Meta locale is "
                                         "known: {}",
                                         language, ListOurs(Locales())));
      }
      locales.push_back(std::stoi(std::string(locale)));
    }
    targeting["locales"] = std::move(locales);
  } else if (field == "age_min" || field == "age_max") {
    const std::int64_t years = std::get<std::int64_t>(value);
    if (years < 13 || years > 65) return Refuse(field, "Meta takes 13 to 65 years");
    targeting[std::string(field)] = years;
  } else if (field == "genders") {
    json genders = json::array();
    for (const std::string& gender : AsTexts(value)) {
      if (gender != "male" && gender != "female") {
        return Refuse(field, fmt::format("\"{}\" is not female or male", gender));
      }
      genders.push_back(gender == "male" ? 1 : 2);
    }
    targeting["genders"] = std::move(genders);
  } else if (field == "audiences" || field == "excluded_audiences") {
    json list = json::array();
    for (const std::string& id : AsTexts(value)) {
      if (!AllDigits(id)) return Refuse(field, fmt::format("\"{}\" is no audience id", id));
      list.push_back({{"id", id}});
    }
    targeting[field == "audiences" ? "custom_audiences" : "excluded_custom_audiences"] =
        std::move(list);
  } else {
    return SetPlacements(AsTexts(value), targeting);
  }
  return {};
}

Result<> SetPromoted(std::string_view field, const FieldValue& value, json& promoted) {
  if (field == "pixel_id") {
    if (!AllDigits(AsText(value))) return Refuse(field, "a pixel id has digits only");
    promoted["pixel_id"] = AsText(value);
  } else {
    promoted["custom_event_type"] = UpperCase(AsText(value));
  }
  return {};
}

/// Fields of one level that go into one parameter each.
Result<bool> AddPlain(const std::string& field, const FieldValue& value, const Change& change,
                      const Ground& ground, Params& params) {
  const bool create = change.action == ChangeAction::kCreate;
  const bool campaign = change.level == Level::kCampaign;
  const bool ad = change.level == Level::kAd;
  const auto add = [&](std::string_view name, std::string text) {
    params.emplace_back(name, std::move(text));
    return true;
  };
  if (field == "name") {
    return add("name", create ? WithMarker(AsText(value), change.key) : AsText(value));
  }
  if (field == "status") {
    MAXOPT_TRY(std::string word, StatusWord(change, AsText(value)));
    return add("status", std::move(word));
  }
  if (ad) return false;
  if (field == "daily_budget" || field == "lifetime_budget") {
    MAXOPT_TRY(std::string minor, Minor(field, std::get<Money>(value), ground));
    return add(field, std::move(minor));
  }
  if (field == "start_at" || field == "end_at") {
    MAXOPT_TRY(std::string time, Time(field, AsText(value), ground));
    return add(field == "start_at" ? "start_time"
               : campaign          ? "stop_time"
                                   : "end_time",
               std::move(time));
  }
  if (field == "bid_strategy") {
    MAXOPT_TRY(std::string word, Word(field, BidStrategies(), AsText(value)));
    return add("bid_strategy", std::move(word));
  }
  if (campaign) {
    if (field == "objective") {
      if (!create) return Refuse(field, "it cannot change after the campaign was created");
      MAXOPT_TRY(std::string word, Word(field, Objectives(), AsText(value)));
      return add("objective", std::move(word));
    }
    if (field == "channel_type") {
      if (AsText(value) != "social") {
        return Refuse(field,
                      fmt::format("\"{}\" cannot be bought here; it has social", AsText(value)));
      }
      return true;
    }
    if (field == "eu_political") {
      if (std::get<bool>(value)) {
        return Refuse(field, "Meta takes no political advertising in the European Union");
      }
      return true;
    }
    if (field == "special_categories") {
      json list = json::array();
      for (const std::string& category : AsTexts(value)) {
        MAXOPT_TRY(std::string word, Word(field, SpecialCategories(), category));
        list.push_back(std::move(word));
      }
      return add("special_ad_categories", list.dump());
    }
    return false;
  }
  if (field == "bid") {
    MAXOPT_TRY(std::string minor, Minor(field, std::get<Money>(value), ground));
    return add("bid_amount", std::move(minor));
  }
  if (field == "optimization_goal") {
    MAXOPT_TRY(std::string word, Word(field, OptimizationGoals(), AsText(value)));
    return add("optimization_goal", std::move(word));
  }
  if (field == "billing_event") {
    MAXOPT_TRY(std::string word, Word(field, BillingEvents(), AsText(value)));
    return add("billing_event", std::move(word));
  }
  return false;
}

Result<> CompleteCampaign(const Change& change, Params& params) {
  const Fields& after = change.after;
  if (!after.contains("objective")) return Refuse("objective", "a campaign needs one");
  params.emplace_back("buying_type", "AUCTION");
  // Meta insists on an answer, also when there are none.
  if (!after.contains("special_categories")) params.emplace_back("special_ad_categories", "[]");
  if (!after.contains("daily_budget") && !after.contains("lifetime_budget")) {
    params.emplace_back("is_adset_budget_sharing_enabled", "false");
  }
  return {};
}

Result<> CompleteAdSet(const Change& change, const Connection& connection, Params& params,
                       json& targeting, json& promoted) {
  const Fields& after = change.after;
  if (change.parent_id.empty()) {
    return Refuse("parent_id", "an ad set needs the id of its campaign");
  }
  params.emplace_back("campaign_id", change.parent_id);
  if (!after.contains("countries")) return Refuse("countries", "an ad set needs at least one");
  if (!after.contains("optimization_goal")) {
    return Refuse("optimization_goal", "an ad set needs one");
  }
  if (!after.contains("billing_event")) params.emplace_back("billing_event", "IMPRESSIONS");
  // Unless told not to, Meta shows ads beyond the audience that was approved.
  targeting["targeting_automation"] = {{"advantage_audience", 0}};
  const std::string goal = TextField(after, "optimization_goal");
  if (goal == "conversions" || goal == "value") {
    const std::string pixel = Setting(connection, "pixel_id");
    if (!promoted.contains("pixel_id") && !pixel.empty()) promoted["pixel_id"] = pixel;
    if (!promoted.contains("pixel_id")) {
      return Refuse("pixel_id",
                    "an ad set that is optimised for conversions needs one, here or in "
                    "the connection's settings");
    }
    if (!promoted.contains("custom_event_type")) promoted["custom_event_type"] = "PURCHASE";
    // The window that our reports claim.
    params.emplace_back("attribution_spec", R"([{"event_type":"CLICK_THROUGH","window_days":7},)"
                                            R"({"event_type":"VIEW_THROUGH","window_days":1}])");
  }
  for (const char* name : {"dsa_beneficiary", "dsa_payor"}) {
    if (const std::string text = Setting(connection, name); !text.empty()) {
      params.emplace_back(name, text);
    }
  }
  return {};
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (c != '\n' && c != '\r') clean += c;
  }
  if (clean.empty() || clean.size() % 4 != 0 || clean.size() > INT32_MAX) return std::nullopt;
  std::string bytes(clean.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(clean.data()),
                                   static_cast<int>(clean.size()));
  if (size < 0) return std::nullopt;
  const auto padding = static_cast<std::size_t>(std::ranges::count(clean, '='));
  if (padding > 2 || padding > static_cast<std::size_t>(size)) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

}  // namespace

bool NeedsPresent(const Change& change) {
  return change.action == ChangeAction::kUpdate && change.level == Level::kAdGroup &&
         std::ranges::any_of(change.after, [](const auto& field) {
           return IsOneOf(field.first, kTargetingFields) || IsOneOf(field.first, kPromotedFields);
         });
}

Result<Params> ParamsOf(const Change& change, const Ground& ground, const Connection& connection,
                        const json& present) {
  MAXOPT_CHECK(CheckFields(change.level, change.after));
  const bool create = change.action == ChangeAction::kCreate;
  const bool group = change.level == Level::kAdGroup;
  Params params;
  const auto copy = [&](std::string_view name) {
    const json* member = Member(present, name);
    return member != nullptr && member->is_object() ? *member : json::object();
  };
  json targeting = copy("targeting");
  json promoted = copy("promoted_object");
  bool new_targeting = create && group;
  bool new_promoted = false;
  for (const auto& [field, value] : change.after) {
    if (group && IsOneOf(field, kTargetingFields)) {
      MAXOPT_CHECK(SetTargeting(field, value, targeting));
      new_targeting = true;
      continue;
    }
    if (group && IsOneOf(field, kPromotedFields)) {
      MAXOPT_CHECK(SetPromoted(field, value, promoted));
      new_promoted = true;
      continue;
    }
    MAXOPT_TRY(const bool added, AddPlain(field, value, change, ground, params));
    if (!added) {
      return Refuse(field, fmt::format("it cannot be {} on a {} here", create ? "set" : "changed",
                                       LevelName(change.level)));
    }
  }
  if (create) {
    if (TextField(change.after, "name").empty()) return Refuse("name", "it is needed");
    if (!change.after.contains("status")) params.emplace_back("status", "PAUSED");
    if (group) {
      MAXOPT_CHECK(CompleteAdSet(change, connection, params, targeting, promoted));
    } else {
      MAXOPT_CHECK(CompleteCampaign(change, params));
    }
  } else if (change.after.empty()) {
    return Fail(Errc::kInvalidArgument, "Meta: the change changes nothing");
  }
  if (new_targeting) params.emplace_back("targeting", PrintExactJson(targeting));
  if (new_promoted || (create && !promoted.empty())) {
    params.emplace_back("promoted_object", PrintExactJson(promoted));
  }
  return params;
}

Result<json> CreativeOf(const Change& change, const Connection& connection) {
  MAXOPT_CHECK(CheckFields(Level::kAd, change.after));
  constexpr std::string_view kKnown[] = {
      "name",     "status",         "headlines", "descriptions", "landing_url",
      "url_tags", "call_to_action", "image",     "video",        "page_id"};
  for (const auto& [field, value] : change.after) {
    if (!IsOneOf(field, kKnown)) return Refuse(field, "it cannot be set on an ad here");
  }
  if (const auto at = change.after.find("status"); at != change.after.end()) {
    MAXOPT_CHECK(StatusWord(change, AsText(at->second)));
  }
  const auto list = [&](const char* field) {
    const auto at = change.after.find(field);
    return at == change.after.end() ? Texts{} : AsTexts(at->second);
  };
  if (TextField(change.after, "name").empty()) return Refuse("name", "it is needed");
  std::string page = TextField(change.after, "page_id");
  if (page.empty()) page = Setting(connection, "page_id");
  if (!AllDigits(page)) {
    return Refuse("page_id",
                  "an ad speaks as a Facebook page: give its id here or in the "
                  "connection's settings");
  }
  const std::string url = TextField(change.after, "landing_url");
  if (!url.starts_with("https://")) return Refuse("landing_url", "an https URL is needed");
  const std::string image = TextField(change.after, "image");
  const std::string video = TextField(change.after, "video");
  if (image.empty() && video.empty()) return Refuse("image", "an ad needs a picture or a video");
  if (!video.empty() && image.empty()) {
    return Refuse("image", "a video ad needs a picture as its thumbnail");
  }
  const Texts headlines = list("headlines");
  const Texts descriptions = list("descriptions");

  json data = json::object();
  if (video.empty()) {
    data["link"] = url;
    if (!headlines.empty()) data["name"] = headlines.front();
  } else {
    data["video_id"] = video;
    if (!headlines.empty()) data["title"] = headlines.front();
  }
  if (!descriptions.empty()) data["message"] = descriptions.front();
  data["image_hash"] = image;
  std::string action = UpperCase(TextField(change.after, "call_to_action"));
  // Only its button carries a video ad's link.
  if (action.empty() && !video.empty()) action = "LEARN_MORE";
  if (!action.empty()) data["call_to_action"] = {{"type", action}, {"value", {{"link", url}}}};

  json creative = {
      {"name", WithMarker(TextField(change.after, "name"), change.key)},
      {"object_story_spec",
       {{"page_id", page}, {video.empty() ? "link_data" : "video_data", std::move(data)}}},
  };
  if (headlines.size() > 1 || descriptions.size() > 1) {
    const auto texts = [](const Texts& from) {
      json to = json::array();
      for (const std::string& text : from) to.push_back({{"text", text}});
      return to;
    };
    json feed = {{"optimization_type", "DEGREES_OF_FREEDOM"}};
    if (!headlines.empty()) feed["titles"] = texts(headlines);
    if (!descriptions.empty()) feed["bodies"] = texts(descriptions);
    creative["asset_feed_spec"] = std::move(feed);
  }
  if (const std::string tags = TextField(change.after, "url_tags"); !tags.empty()) {
    creative["url_tags"] = tags;
  }
  return creative;
}

Params ParamsOfJson(const json& object) {
  Params params;
  for (const auto& [name, value] : object.items()) {
    params.emplace_back(name, value.is_string() ? value.get<std::string>() : PrintExactJson(value));
  }
  return params;
}

Result<Params> ImageOf(const Change& change) {
  MAXOPT_CHECK(CheckFields(Level::kAsset, change.after));
  if (TextField(change.after, "media") != "image") {
    return Refuse("media", "only pictures are uploaded here; give the id of a video that is there");
  }
  const std::string content = TextField(change.after, "content");
  const auto bytes = DecodeBase64(content);
  if (!bytes) return Refuse("content", "it is not base64");
  const std::string digest = LowerCase(TextField(change.after, "sha256"));
  if (!digest.empty() && digest != Sha256Hex(*bytes)) {
    return Refuse("content", fmt::format("its SHA-256 is {}, not {}", Sha256Hex(*bytes), digest));
  }
  if (TextField(change.after, "name").empty()) return Refuse("name", "it is needed");
  return Params{{"bytes", content},
                {"name", WithMarker(TextField(change.after, "name"), change.key)}};
}

}  // namespace maxopt::meta
