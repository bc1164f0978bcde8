#include "connect/meta/write.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connect/meta/values.h"
#include "json/json.h"

namespace maxopt::meta {
namespace {

using nlohmann::json;

/// Fields that Meta has on the ad set alone, whatever the budget is on.
constexpr std::string_view kAdSetsOnly[] = {"dayparts",   "locations",     "excluded_locations",
                                            "languages",  "frequency_cap", "frequency_days",
                                            "target_cpa", "target_roas_bp"};

Result<> AddCampaignField(const std::string& field, const FieldValue& value, const Change& change,
                          const Ground& ground, Params& params) {
  const auto add = [&](std::string_view name, std::string text) {
    params.emplace_back(name, std::move(text));
    return Result<>();
  };
  if (field == "daily_budget" || field == "lifetime_budget") {
    MAXOPT_TRY(std::string minor, MinorOf(field, std::get<Money>(value), ground));
    return add(field, std::move(minor));
  }
  if (field == "start_at" || field == "end_at") {
    MAXOPT_TRY(std::string time, TimeOf(field, AsText(value), ground));
    return add(field == "start_at" ? "start_time" : "stop_time", std::move(time));
  }
  if (field == "bid_strategy") {
    MAXOPT_TRY(std::string word, WordOf(field, BidStrategies(), AsText(value)));
    return add(field, std::move(word));
  }
  if (field == "pacing") {
    MAXOPT_TRY(std::string types, PacingOf(AsText(value)));
    return add("pacing_type", std::move(types));
  }
  if (field == "objective") {
    if (change.action == ChangeAction::kUpdate) {
      return Refuse(field, "it cannot change after the campaign was created");
    }
    MAXOPT_TRY(std::string word, WordOf(field, Objectives(), AsText(value)));
    return add(field, std::move(word));
  }
  if (field == "channel_type") {
    if (AsText(value) == "social") return {};
    return Refuse(field, fmt::format("\"{}\" cannot be bought here; it has social", AsText(value)));
  }
  if (field == "eu_political") {
    if (!std::get<bool>(value)) return {};
    return Refuse(field, "Meta takes no political advertising in the European Union");
  }
  if (field == "special_categories") {
    json list = json::array();
    for (const std::string& category : AsTexts(value)) {
      MAXOPT_TRY(std::string word, WordOf(field, SpecialCategories(), category));
      list.push_back(std::move(word));
    }
    return add("special_ad_categories", list.dump());
  }
  if (field == "countries") {
    // Where a special category applies; where ads are shown is the ad set's.
    const auto categories = change.after.find("special_categories");
    if (change.action == ChangeAction::kCreate &&
        (categories == change.after.end() || AsTexts(categories->second).empty())) {
      return Refuse(field,
                    "a campaign names countries only for its special_categories; where its ads are "
                    "shown is a field of the ad group");
    }
    for (const std::string& country : AsTexts(value)) {
      if (IsCountryCode(country)) continue;
      return Refuse(field, "a country has two letters in upper case, like DE");
    }
    return add("special_ad_category_country", json(AsTexts(value)).dump());
  }
  if (IsOneOf(field, kAdSetsOnly)) {
    return Refuse(field, "a campaign has none on Meta; set it on its ad groups");
  }
  return Refuse(field, "Meta has no such thing on a campaign");
}

Result<> CheckPolitics(const Change& change) {
  const Texts& categories = ListField(change.after, "special_categories");
  if (std::ranges::find(categories, "politics") == categories.end()) return {};
  const Texts& countries = ListField(change.after, "countries");
  if (countries.empty()) {
    return Refuse("countries",
                  "political advertising names the countries it is about, on the campaign");
  }
  const auto in_union = std::ranges::find_if(countries, InEuropeanUnion);
  if (in_union != countries.end()) {
    return Refuse("special_categories",
                  fmt::format("Meta takes no political advertising in the European Union, and {} "
                              "is among the countries",
                              *in_union));
  }
  return {};
}

Result<> CompleteCampaign(const Change& change, Params& params) {
  const Fields& after = change.after;
  if (!after.contains("objective")) return Refuse("objective", "a campaign needs one");
  params.emplace_back("buying_type", "AUCTION");
  // Meta insists on an answer, also when there are none.
  if (!after.contains("special_categories")) params.emplace_back("special_ad_categories", "[]");
  const bool budget = after.contains("daily_budget") || after.contains("lifetime_budget");
  if (!budget) params.emplace_back("is_adset_budget_sharing_enabled", "false");
  if (!budget && after.contains("pacing")) {
    return Refuse("pacing", "a campaign spreads only a budget of its own; set it on the ad groups");
  }
  return {};
}

/// A pixel has a name and an id, and counts every event that the site sends.
Result<> AddPixelField(const std::string& field, const FieldValue& value, const Change& change) {
  if (field == "kind") {
    if (AsText(value) == "pixel") return {};
    return Refuse(field,
                  fmt::format("\"{}\" is not what Meta counts with; it has pixel", AsText(value)));
  }
  if (field == "status") {
    if (AsText(value) == kActive) return {};
    return Refuse(field, AsText(value) == kRemoved
                             ? "a pixel cannot be deleted on Meta; in the Business settings a "
                               "person can take it from the ad account"
                             : "a pixel counts from the moment it exists; leave the status out");
  }
  // Which event counts is said by the ad set that is optimised for it.
  if (field == "conversion_event" && change.action == ChangeAction::kCreate) return {};
  if (field.starts_with("attribution_")) {
    return Refuse(field, "a pixel has no window; set it on the ad groups");
  }
  return Refuse(field, "a pixel has no such thing; Meta knows its name only");
}

}  // namespace

Result<std::string> WordOf(std::string_view field, std::span<const Word> words,
                           std::string_view ours) {
  const std::string_view metas = Metas(words, ours);
  if (metas.empty()) {
    return Refuse(field,
                  fmt::format("\"{}\" has no counterpart; it has {}", ours, ListOurs(words)));
  }
  return std::string(metas);
}

Result<std::string> MinorOf(std::string_view field, const Money& money, const Ground& ground) {
  if (money.currency() != ground.info.currency) {
    return Refuse(field, fmt::format("{} is not in the account's currency {}", PrintMoney(money),
                                     ground.info.currency.name()));
  }
  if (money.micros() <= 0) return Refuse(field, "an amount must be above zero");
  const auto minor = ToMinor(money, MinorUnits::kMeta);
  if (!minor) return Refuse(field, minor.error().what);
  return fmt::to_string(*minor);
}

Result<std::string> TimeOf(std::string_view field, const std::string& local, const Ground& ground) {
  const auto time = ParseLocal(local);
  if (!time) return Refuse(field, time.error().what);
  std::string text = PrintInstant(ground.zone.ToInstant(*time));
  text.pop_back();  // Z
  return text + "+0000";
}

Result<std::string> PacingOf(const std::string& pacing) {
  if (pacing == "even") return std::string(R"(["standard"])");
  if (pacing == "asap") return std::string(R"(["no_pacing"])");
  return Refuse("pacing", fmt::format("\"{}\" is not even or asap", pacing));
}

Result<std::string> StatusOf(const Change& change, const std::string& status) {
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

Result<Params> ParamsOf(const Change& change, const Ground& ground, const Connection& connection,
                        const json& present) {
  MAXOPT_CHECK(CheckFields(change.level, change.after));
  const bool create = change.action == ChangeAction::kCreate;
  Params params;
  Fields special;  // of the level
  for (const auto& [field, value] : change.after) {
    if (field == "name") {
      if (AsText(value).empty()) return Refuse("name", "it is needed");
      params.emplace_back(field, create ? WithMarker(AsText(value), change.key) : AsText(value));
    } else if (field == "status" && change.level != Level::kConversion) {
      MAXOPT_TRY(std::string word, StatusOf(change, AsText(value)));
      params.emplace_back(field, std::move(word));
    } else {
      special.emplace(field, value);
    }
  }
  if (create) {
    if (TextField(change.after, "name").empty()) return Refuse("name", "it is needed");
    if (!change.after.contains("status") && change.level != Level::kConversion) {
      params.emplace_back("status", "PAUSED");
    }
  } else if (change.after.empty()) {
    return Fail(Errc::kInvalidArgument, "Meta: the change changes nothing");
  }
  switch (change.level) {
    case Level::kCampaign:
      for (const auto& [field, value] : special) {
        MAXOPT_CHECK(AddCampaignField(field, value, change, ground, params));
      }
      MAXOPT_CHECK(CheckPolitics(change));
      if (create) MAXOPT_CHECK(CompleteCampaign(change, params));
      break;
    case Level::kAdGroup:
      MAXOPT_CHECK(AddAdSetFields(change, special, ground, connection, present, params));
      break;
    case Level::kConversion:
      for (const auto& [field, value] : special) {
        MAXOPT_CHECK(AddPixelField(field, value, change));
      }
      if (params.empty()) return Refuse("name", "of a pixel only the name can be changed");
      break;
    case Level::kAd:
      if (!special.empty()) {
        return Refuse(special.begin()->first,
                      "it cannot be changed on an ad: another text or picture is another ad");
      }
      break;
    case Level::kAsset:
    case Level::kAccount:
      Bug();
  }
  return params;
}

}  // namespace maxopt::meta
