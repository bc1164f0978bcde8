#include "sim/google_ads/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "domain/digest.h"
#include "money/money.h"
#include "sim/google_ads/geo.h"
#include "sim/google_ads/image.h"
#include "sim/google_ads/wire.h"

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;

constexpr std::string_view kBidding[] = {
    "manualCpc", "manualCpm",  "manualCpv",   "maximizeConversions",   "maximizeConversionValue",
    "targetCpa", "targetRoas", "targetSpend", "targetImpressionShare", "targetCpm"};

std::size_t ListSize(const json& body, std::string_view field) {
  const auto at = body.find(field);
  return at != body.end() && at->is_array() ? at->size() : 0;
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

/// Micros of the smallest amount that a currency has: EUR 10'000, JPY 1'000'000.
std::int64_t MinimumUnit(Currency currency) {
  std::int64_t unit = 1'000'000;
  const int decimals = MinorUnitDecimals(currency, MinorUnits::kIso4217).value_or(2);
  for (int i = 0; i < decimals; ++i) unit /= 10;
  return unit;
}

std::size_t Words(std::string_view text) {
  std::size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t';
    if (!space && !inside) ++words;
    inside = !space;
  }
  return words;
}

/// A positive whole number that stays the same for the same text, as criterion ids do across ad
/// groups.
std::string StableId(std::string_view text) {
  const std::string hex = Sha256Hex(text);
  return std::to_string(300'000'000'000 + std::stoll(hex.substr(0, 9), nullptr, 16));
}

std::string LastPart(std::string_view resource_name) {
  return std::string(resource_name.substr(resource_name.rfind('/') + 1));
}

}  // namespace

const Object* Rules::Parent(Type parent_type, const json& body, std::string_view json_field,
                            std::string_view snake_field) {
  const std::string name = TextAt(body, json_field);
  if (name.empty()) {
    Require(snake_field);
    return nullptr;
  }
  const Path at{{std::string(snake_field)}};
  const Object* parent = account_.FindByName(parent_type, name);
  if (parent == nullptr) {
    const bool foreign =
        name.starts_with("customers/") && !name.starts_with(account_.CustomerName() + "/");
    if (foreign) {
      Add("requestError", "CANNOT_MODIFY_FOREIGN_FIELD",
          "The resource belongs to another customer than the request.", at, name);
    } else {
      Add("mutateError", "RESOURCE_NOT_FOUND", "Resource was not found.", at, name);
    }
    return nullptr;
  }
  if (StatusOf(*parent) == "REMOVED") {
    Add("operationAccessDeniedError", "OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE",
        "The operation is not allowed for removed resources.", at, name);
    return nullptr;
  }
  return parent;
}

void Rules::DefaultStatus(json& body) {
  const std::string status = TextAt(body, "status");
  if (status.empty()) body["status"] = "ENABLED";
  if (status == "REMOVED") {
    Add("operationAccessDeniedError", "CREATE_AS_REMOVED_NOT_PERMITTED",
        "A resource cannot be created as removed.", {{"status"}}, "REMOVED");
  }
}

void Rules::CheckBid(const json& body, std::string_view json_field, std::string_view snake_field) {
  const auto micros = Int64At(body, json_field);
  if (!micros) return;
  const Path at{{std::string(snake_field)}};
  if (*micros < 0) {
    Add("biddingError", "BID_TOO_SMALL", "The bid is below the minimum.", at,
        std::to_string(*micros));
  } else if (*micros % MinimumUnit(account_.served().setup.currency) != 0) {
    Add("biddingError", "BID_TOO_MANY_FRACTIONAL_DIGITS",
        "The bid is no whole number of the currency's smallest unit.", at, std::to_string(*micros));
  } else if (*micros > 100'000'000'000) {
    Add("biddingError", "BID_TOO_BIG", "The bid is too high.", at, std::to_string(*micros));
  }
}

// --- campaigns ----------------------------------------------------------------------------------

void Rules::CheckCampaign(const std::string& key, const json* before, json& body) {
  const std::string name = TextAt(body, "name");
  if (name.empty()) {
    Require("name");
  } else if (HasControl(name) || CodePoints(name) > 255) {
    Add("campaignError", "INVALID_CAMPAIGN_NAME",
        "The campaign name may not hold control characters or exceed 255 characters.", {{"name"}},
        name);
  } else if (before == nullptr || LowerAscii(TextAt(*before, "name")) != LowerAscii(name)) {
    for (const auto& [other_key, other] : account_.All(Type::kCampaign)) {
      if (other_key != key && StatusOf(other) != "REMOVED" &&
          LowerAscii(TextAt(other.body, "name")) == LowerAscii(name)) {
        Add("campaignError", "DUPLICATE_CAMPAIGN_NAME",
            "The name is already being used by another campaign.", {{"name"}}, name);
        break;
      }
    }
  }
  const std::string channel = TextAt(body, "advertisingChannelType");
  if (channel.empty()) {
    Require("advertising_channel_type");
  } else if (channel == "VIDEO") {
    Add("mutateError", "MUTATE_NOT_ALLOWED", "Video campaigns can only be read by the API.",
        {{"advertising_channel_type"}}, channel);
  } else if (channel == "SHOPPING") {
    Add("campaignError", "MISSING_SHOPPING_SETTING", "The campaign needs a shopping setting.", {});
  } else if (channel != "SEARCH" && channel != "DISPLAY" && channel != "PERFORMANCE_MAX" &&
             channel != "DEMAND_GEN") {
    Add("campaignError", "ADVERTISING_CHANNEL_TYPE_NOT_AVAILABLE_FOR_ACCOUNT_TYPE",
        "The account cannot have campaigns of this channel.", {{"advertising_channel_type"}},
        channel);
  }
  if (TextAt(body, "containsEuPoliticalAdvertising").empty()) {
    Add("mutateError", "EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED",
        "The campaign must declare whether it contains EU political advertising.",
        {{"contains_eu_political_advertising"}});
  }
  CheckCampaignBidding(body);
  CheckFrequencyCaps(body);
  CheckCampaignNetworks(body);
  CheckCampaignBudgetLink(key, before, body);
  CheckCampaignFlight(before, body);
  CheckCustomParameters(body, {});
}

void Rules::CheckCampaignBidding(const json& body) {
  std::string_view chosen;
  for (const std::string_view bidding : kBidding) {
    if (body.contains(bidding)) chosen = bidding;
  }
  if (chosen.empty()) {
    Require("campaign_bidding_strategy");
    return;
  }
  const std::string channel = TextAt(body, "advertisingChannelType");
  const bool search_only = chosen == "targetImpressionShare";
  const bool display_only = chosen == "manualCpm" || chosen == "targetCpm";
  const bool maximize = chosen == "maximizeConversions" || chosen == "maximizeConversionValue";
  if ((channel == "PERFORMANCE_MAX" && !maximize) || (channel != "SEARCH" && search_only) ||
      (channel == "SEARCH" && display_only) || chosen == "manualCpv") {
    Add("biddingError", "INVALID_BIDDING_STRATEGY_TYPE",
        "The bidding strategy does not fit the campaign's channel.", {{SnakeCase(chosen)}});
  }
  CheckBid(body[std::string(chosen)], "targetCpaMicros", "target_cpa_micros");
  CheckBid(body[std::string(chosen)], "cpcBidCeilingMicros", "cpc_bid_ceiling_micros");
}

void Rules::CheckFrequencyCaps(const json& body) {
  const std::size_t count = ListSize(body, "frequencyCaps");
  if (count == 0) return;
  const std::string channel = TextAt(body, "advertisingChannelType");
  if (channel != "DISPLAY" && channel != "VIDEO") {
    Add("campaignError", "INCOMPATIBLE_CAMPAIGN_FIELD",
        "Campaigns of this channel have no frequency caps.", {{"frequency_caps"}}, channel);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const json& entry = body["frequencyCaps"][i];
    const json key = entry.value("key", json::object());
    const Path at{{"frequency_caps", i}};
    if (entry.value("cap", 0) < 1) {
      Add("campaignError", "MAX_IMPRESSIONS_NOT_IN_RANGE", "A cap is one impression at least.", at,
          std::to_string(entry.value("cap", 0)));
    }
    if (TextAt(key, "timeUnit").empty() || key.value("timeLength", 0) != 1) {
      Add("campaignError", "TIME_UNIT_NOT_SUPPORTED", "A cap counts over a day, week or month.",
          at);
    }
    if (TextAt(key, "level").empty() || TextAt(key, "eventType").empty()) {
      Add("fieldError", "REQUIRED", "The required field was not present.", at);
    }
  }
}

void Rules::CheckCampaignNetworks(json& body) {
  const std::string channel = TextAt(body, "advertisingChannelType");
  const auto networks = body.find("networkSettings");
  if (networks == body.end()) {
    if (channel == "SEARCH") {
      body["networkSettings"] = {{"targetGoogleSearch", true},
                                 {"targetSearchNetwork", true},
                                 {"targetContentNetwork", false},
                                 {"targetPartnerSearchNetwork", false}};
    } else if (channel == "DISPLAY") {
      body["networkSettings"] = {{"targetGoogleSearch", false},
                                 {"targetSearchNetwork", false},
                                 {"targetContentNetwork", true},
                                 {"targetPartnerSearchNetwork", false}};
    }
    return;
  }
  const bool google = BoolAt(*networks, "targetGoogleSearch");
  const bool partners = BoolAt(*networks, "targetSearchNetwork");
  const bool content = BoolAt(*networks, "targetContentNetwork");
  const auto at = [](std::string_view field) {
    return Path{{"network_settings"}, {std::string(field)}};
  };
  if (BoolAt(*networks, "targetPartnerSearchNetwork")) {
    Add("campaignError", "CANNOT_TARGET_PARTNER_SEARCH_NETWORK",
        "The partner search network is open to few accounts.", at("target_partner_search_network"));
  }
  if (partners && !google) {
    Add("campaignError", "CANNOT_TARGET_SEARCH_NETWORK_WITHOUT_GOOGLE_SEARCH",
        "The search network needs Google search.", at("target_search_network"));
  }
  if (channel == "DISPLAY" && google) {
    Add("campaignError", "CANNOT_TARGET_SEARCH_NETWORK",
        "A display campaign cannot target Google search.", at("target_google_search"));
  }
  if ((channel == "SEARCH" || channel == "DISPLAY") && !google && !content) {
    Add("campaignError", "CAMPAIGN_MUST_TARGET_AT_LEAST_ONE_NETWORK",
        "The campaign must target at least one network.", {{"network_settings"}});
  }
}

void Rules::CheckCampaignBudgetLink(const std::string& key, const json* before, const json& body) {
  const std::string name = TextAt(body, "campaignBudget");
  if (before != nullptr && TextAt(*before, "campaignBudget") == name) return;
  const Object* budget = account_.FindByName(Type::kCampaignBudget, name);
  if (budget != nullptr && StatusOf(*budget) == "REMOVED") {
    Add("campaignBudgetError", "CAMPAIGN_BUDGET_REMOVED", "The budget is removed.",
        {{"campaign_budget"}}, name);
    return;
  }
  budget = Parent(Type::kCampaignBudget, body, "campaignBudget", "campaign_budget");
  if (budget == nullptr) return;
  const bool shared = BoolAt(budget->body, "explicitlyShared");
  const std::string channel = TextAt(body, "advertisingChannelType");
  if (shared && (channel == "PERFORMANCE_MAX" || channel == "DEMAND_GEN")) {
    Add("campaignError", "CAMPAIGN_CANNOT_USE_SHARED_BUDGET",
        "Campaigns of this channel cannot use a shared budget.", {{"campaign_budget"}}, name);
  }
  if (!shared) {
    for (const auto& [other_key, other] : account_.All(Type::kCampaign)) {
      if (other_key != key && StatusOf(other) != "REMOVED" &&
          TextAt(other.body, "campaignBudget") == name) {
        Add("campaignBudgetError",
            "CANNOT_USE_IMPLICITLY_SHARED_CAMPAIGN_BUDGET_WITH_MULTIPLE_CAMPAIGNS",
            "The budget belongs to another campaign and is not shared.", {{"campaign_budget"}},
            name);
        break;
      }
    }
  }
  if (TextAt(budget->body, "period") == "CUSTOM_PERIOD" && TextAt(body, "endDateTime").empty()) {
    Add("campaignError", "END_DATE_TIME_REQUIRED_FOR_TOTAL_BUDGET",
        "A campaign with a total budget needs an end.", {{"end_date_time"}});
  }
  if (before != nullptr) {
    const Object* old =
        account_.FindByName(Type::kCampaignBudget, TextAt(*before, "campaignBudget"));
    if (old != nullptr && TextAt(old->body, "period") != TextAt(budget->body, "period")) {
      Add("campaignError", "CANNOT_CHANGE_BUDGET_PERIOD",
          "A campaign cannot move between daily and total budgets.", {{"campaign_budget"}}, name);
    }
  }
}

void Rules::CheckCampaignFlight(const json* before, json& body) {
  const Zone& zone = account_.served().setup.zone;
  const LocalTime today{zone.DayOf(now_)};
  const LocalTime local_now = zone.LocalOf(now_);
  if (before == nullptr && !body.contains("startDateTime")) {
    body["startDateTime"] = PrintLocal(today);
  }
  std::optional<LocalTime> times[2];
  const std::pair<std::string_view, std::string_view> fields[2] = {
      {"startDateTime", "start_date_time"}, {"endDateTime", "end_date_time"}};
  for (int i = 0; i < 2; ++i) {
    const std::string text = TextAt(body, fields[i].first);
    if (text.empty()) {
      body.erase(std::string(fields[i].first));
      continue;
    }
    const auto time = ParseLocal(text);
    if (!time) {
      Add("dateError", "INVALID_STRING_DATE_TIME_SECONDS",
          "The time must read yyyy-MM-dd HH:mm:ss.", {{std::string(fields[i].second)}}, text);
      return;
    }
    times[i] = *time;
    const bool same = before != nullptr && TextAt(*before, fields[i].first) == text;
    if (same) continue;
    const bool past = i == 0 ? *time < today : *time <= local_now;
    if (past) {
      Add("campaignError", "CANNOT_SET_DATE_TO_PAST", "The time lies in the past.",
          {{std::string(fields[i].second)}}, text);
    }
    if (i == 0 && before != nullptr) {
      const auto old = ParseLocal(TextAt(*before, "startDateTime"));
      if (old && *old <= local_now) {
        Add("campaignError", "CANNOT_MODIFY_START_DATE_IF_ALREADY_STARTED",
            "The campaign has started.", {{"start_date_time"}}, text);
      }
    }
  }
  if (times[0] && times[1] && *times[1] <= *times[0]) {
    Add("dateError", "DATE_RANGE_MINIMUM_DATE_LATER_THAN_MAXIMUM_DATE",
        "The campaign ends before it starts.", {{"end_date_time"}}, TextAt(body, "endDateTime"));
  }
}

// --- budgets ------------------------------------------------------------------------------------

void Rules::CheckBudgetAmount(std::int64_t micros, std::string_view snake_field) {
  const std::int64_t unit = MinimumUnit(account_.served().setup.currency);
  const Path at{{std::string(snake_field)}};
  const std::string trigger = std::to_string(micros);
  if (micros < 0) {
    Add("campaignBudgetError", "NEGATIVE_MONEY_AMOUNT", "The amount is below zero.", at, trigger);
  } else if (micros % unit != 0) {
    Add("campaignBudgetError", "NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT",
        "The amount is no whole number of the currency's smallest unit.", at, trigger);
  } else if (micros > 10'000'000'000'000) {
    Add("campaignBudgetError", "MONEY_AMOUNT_TOO_LARGE", "The amount is too large.", at, trigger);
  } else if (micros < 100 * unit) {
    const json details = {{"budgetPerDayMinimumErrorDetails",
                           {{"currencyCode", account_.served().setup.currency.name()},
                            {"budgetPerDayMinimumMicros", std::to_string(100 * unit)},
                            {snake_field == "amount_micros" ? "failedBudgetAmountMicros"
                                                            : "failedBudgetTotalAmountMicros",
                             trigger}}}};
    Add("campaignBudgetError", "BUDGET_BELOW_PER_DAY_MINIMUM",
        "The amount is below the minimum for a day.", at, trigger, details.dump());
  }
}

void Rules::CheckBudget(const std::string& key, const json* before, json& body) {
  if (before == nullptr) {
    if (!body.contains("explicitlyShared")) body["explicitlyShared"] = true;
    if (!body.contains("period")) body["period"] = "DAILY";
    if (!body.contains("deliveryMethod")) body["deliveryMethod"] = "STANDARD";
    if (!body.contains("type")) body["type"] = "STANDARD";
    body["status"] = "ENABLED";
  }
  const bool shared = BoolAt(body, "explicitlyShared");
  if (before != nullptr) {
    const bool was_shared = BoolAt(*before, "explicitlyShared");
    if (was_shared && !shared) {
      Add("campaignBudgetError", "CANNOT_UPDATE_CAMPAIGN_BUDGET_TO_IMPLICITLY_SHARED",
          "A shared budget cannot become one campaign's own.", {{"explicitly_shared"}});
    }
    if (!was_shared && !shared && TextAt(*before, "name") != TextAt(body, "name")) {
      Add("campaignBudgetError", "CANNOT_MODIFY_FIELD_OF_IMPLICITLY_SHARED_CAMPAIGN_BUDGET",
          "The name of a budget that is not shared cannot be changed.", {{"name"}});
    }
    if (!was_shared && shared && TextAt(body, "name").empty()) {
      Add("campaignBudgetError", "CANNOT_UPDATE_CAMPAIGN_BUDGET_TO_EXPLICITLY_SHARED_WITHOUT_NAME",
          "A shared budget needs a name.", {{"name"}});
    }
  }
  const std::string name = TextAt(body, "name");
  if (name.empty()) {
    if (shared && before == nullptr) Require("name");
  } else if (CodePoints(name) > 255) {
    Add("stringLengthError", "TOO_LONG", "The name is longer than 255 characters.", {{"name"}},
        name);
  } else if (before == nullptr || TextAt(*before, "name") != name) {
    for (const auto& [other_key, other] : account_.All(Type::kCampaignBudget)) {
      if (other_key != key && StatusOf(other) != "REMOVED" && TextAt(other.body, "name") == name) {
        Add("campaignBudgetError", "DUPLICATE_NAME",
            "The name is already being used by another budget.", {{"name"}}, name);
        break;
      }
    }
  }
  if (TextAt(body, "deliveryMethod") == "ACCELERATED") {
    Add("campaignBudgetError", "CANNOT_USE_ACCELERATED_DELIVERY_MODE",
        "Accelerated delivery is no longer available.", {{"delivery_method"}});
  }
  const auto amount = Int64At(body, "amountMicros");
  const auto total = Int64At(body, "totalAmountMicros");
  if (TextAt(body, "period") == "CUSTOM_PERIOD") {
    if (amount) {
      Add("campaignBudgetError", "BUDGET_AMOUNT_MUST_BE_UNSET_FOR_CUSTOM_BUDGET_PERIOD",
          "A total budget has no daily amount.", {{"amount_micros"}});
    }
    if (!total) {
      Require("total_amount_micros");
    } else {
      CheckBudgetAmount(*total, "total_amount_micros");
    }
    return;
  }
  if (total) {
    Add("campaignBudgetError", "TOTAL_BUDGET_AMOUNT_MUST_BE_UNSET_FOR_BUDGET_PERIOD_DAILY",
        "A daily budget has no total amount.", {{"total_amount_micros"}});
  }
  if (!amount) {
    Require("amount_micros");
  } else {
    CheckBudgetAmount(*amount, "amount_micros");
  }
}

// --- ad groups ----------------------------------------------------------------------------------

void Rules::CheckAdGroup(const std::string& key, const json* before, json& body) {
  const Object* campaign = nullptr;
  if (before == nullptr) {
    campaign = Parent(Type::kCampaign, body, "campaign", "campaign");
  } else {
    campaign = account_.FindByName(Type::kCampaign, TextAt(body, "campaign"));
  }
  const std::string name = TextAt(body, "name");
  if (name.empty()) {
    Require("name");
  } else if (HasControl(name) || CodePoints(name) > 255) {
    Add("adGroupError", "INVALID_ADGROUP_NAME",
        "The ad group name may not hold control characters or exceed 255 characters.", {{"name"}},
        name);
  } else {
    for (const auto& [other_key, other] : account_.All(Type::kAdGroup)) {
      if (other_key != key && StatusOf(other) != "REMOVED" &&
          TextAt(other.body, "campaign") == TextAt(body, "campaign") &&
          LowerAscii(TextAt(other.body, "name")) == LowerAscii(name)) {
        Add("adGroupError", "DUPLICATE_ADGROUP_NAME",
            "The name is already being used by another ad group of the campaign.", {{"name"}},
            name);
        break;
      }
    }
  }
  CheckBid(body, "cpcBidMicros", "cpc_bid_micros");
  CheckBid(body, "cpmBidMicros", "cpm_bid_micros");
  CheckBid(body, "targetCpaMicros", "target_cpa_micros");
  CheckCustomParameters(body, {});
  if (campaign == nullptr || before != nullptr) return;
  const std::string channel = TextAt(campaign->body, "advertisingChannelType");
  if (channel == "PERFORMANCE_MAX") {
    Add("adGroupError", "CANNOT_ADD_AD_GROUP_FOR_CAMPAIGN_TYPE",
        "Performance Max campaigns have asset groups, not ad groups.", {{"campaign"}});
    return;
  }
  const std::string_view fitting = channel == "SEARCH"    ? "SEARCH_STANDARD"
                                   : channel == "DISPLAY" ? "DISPLAY_STANDARD"
                                                          : "";
  const std::string type = TextAt(body, "type");
  if (type.empty() && !fitting.empty()) {
    body["type"] = fitting;
  } else if (!type.empty() && type != fitting &&
             !(channel == "SEARCH" && type == "SEARCH_DYNAMIC_ADS")) {
    Add("adGroupError", "AD_GROUP_TYPE_NOT_VALID_FOR_ADVERTISING_CHANNEL_TYPE",
        "The ad group type does not fit the campaign's channel.", {{"type"}}, type);
  }
}

// --- ads ----------------------------------------------------------------------------------------

void Rules::CheckFinalUrls(const json& ad) {
  if (ListSize(ad, "finalUrls") == 0) {
    Add("fieldError", "REQUIRED", "The required field was not present.", {{"ad"}, {"final_urls"}});
    return;
  }
  const json& urls = ad["finalUrls"];
  for (std::size_t i = 0; i < urls.size(); ++i) {
    const auto& url = urls[i].get_ref<const std::string&>();
    const Path at{{"ad"}, {"final_urls", i}};
    const std::size_t scheme = url.find("://");
    if (scheme == std::string::npos) {
      Add("adError", "URL_NO_SCHEME", "The URL needs http:// or https://.", at, url);
      continue;
    }
    const std::string word = LowerAscii(url.substr(0, scheme));
    if (word != "http" && word != "https") {
      Add("adError", "URL_INVALID_SCHEME", "The URL needs http:// or https://.", at, url);
      continue;
    }
    const std::size_t host = scheme + 3;
    const std::string_view name =
        std::string_view(url).substr(host, url.find_first_of("/?#", host) - host);
    if (name.empty()) {
      Add("adError", "URL_NO_HOST", "The URL has no host.", at, url);
    } else if (url.find_first_of(" \t\"<>") != std::string::npos) {
      Add("adError", "INVALID_CHARACTER_FOR_URL", "The URL holds a character that it may not.", at,
          url);
    } else if (name.find('.') == std::string_view::npos) {
      Add("adError", "URL_NO_TOP_LEVEL_DOMAIN", "The URL's host has no top level domain.", at, url);
    } else if (url.size() > 2048) {
      Add("stringLengthError", "TOO_LONG", "The URL is longer than 2048 characters.", at);
    }
  }
}

void Rules::CheckTexts(const json& ad_data, const Path& at, const TextLimit& limit) {
  Path list_at = at;
  list_at.push_back({std::string(limit.snake_field)});
  const auto list = ad_data.find(limit.json_field);
  const std::size_t count = list == ad_data.end() ? 0 : list->is_array() ? list->size() : 1;
  if (count == 0 && limit.min_count > 0) {
    Add("fieldError", "REQUIRED", "The required field was not present.", list_at);
    return;
  }
  if (count < limit.min_count || count > limit.max_count) {
    Add("collectionSizeError", count < limit.min_count ? "TOO_FEW" : "TOO_MANY",
        fmt::format("{} to {} are needed.", limit.min_count, limit.max_count), list_at,
        std::to_string(count));
  }
  std::set<std::string> seen;
  for (std::size_t i = 0; i < count; ++i) {
    const json& asset = list->is_array() ? (*list)[i] : *list;
    Path text_at = list_at;
    if (list->is_array()) text_at.back().index = i;
    text_at.push_back({"text"});
    const std::string text = TextAt(asset, "text");
    if (text.empty()) {
      Add("fieldError", "REQUIRED", "The required field was not present.", text_at);
    } else if (AdTextWidth(text) > limit.max_width) {
      Add("adError", "LINE_TOO_WIDE",
          fmt::format("The text is longer than {} characters.", limit.max_width), text_at, text);
    } else if (HasControl(text)) {
      Add("stringFormatError", "ILLEGAL_CHARS", "The text holds control characters.", text_at,
          text);
    } else if (!seen.insert(LowerAscii(text)).second) {
      Add("assetError", "DUPLICATE_ASSET", "The same text is given twice.", text_at, text);
    }
  }
}

void Rules::CheckImages(const json& ad_data, const Path& at, std::string_view json_field,
                        std::string_view snake_field, std::size_t min_count,
                        std::string_view type) {
  Path list_at = at;
  list_at.push_back({std::string(snake_field)});
  const std::size_t count = ListSize(ad_data, json_field);
  if (count < min_count) {
    Add("fieldError", "REQUIRED", "The required field was not present.", list_at);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    Path asset_at = list_at;
    asset_at.back().index = i;
    asset_at.push_back({"asset"});
    const std::string name = TextAt(ad_data[std::string(json_field)][i], "asset");
    const Object* asset = account_.FindByName(Type::kAsset, name);
    if (asset == nullptr) {
      Add("mutateError", "RESOURCE_NOT_FOUND", "Resource was not found.", asset_at, name);
    } else if (TextAt(asset->body, "type") != type) {
      Add("assetError", "FIELD_INCOMPATIBLE_WITH_ASSET_TYPE",
          "The asset is of another type than the field takes.", asset_at, name);
    }
  }
}

void Rules::CheckNewAd(json& body) {
  const Object* group = Parent(Type::kAdGroup, body, "adGroup", "ad_group");
  const auto ad = body.find("ad");
  if (ad == body.end()) {
    Require("ad");
    return;
  }
  CheckFinalUrls(*ad);
  CheckCustomParameters(*ad, {{"ad"}});
  if (ad->contains("name") &&
      (ad->contains("responsiveSearchAd") || ad->contains("responsiveDisplayAd"))) {
    Add("adError", "CANNOT_SET_FIELD", "Ads of this type have no name.", {{"ad"}, {"name"}},
        TextAt(*ad, "name"));
  }
  std::string_view channel_needed;
  if (const auto rsa = ad->find("responsiveSearchAd"); rsa != ad->end()) {
    const Path at{{"ad"}, {"responsive_search_ad"}};
    (*ad)["type"] = "RESPONSIVE_SEARCH_AD";
    channel_needed = "SEARCH";
    CheckTexts(*rsa, at, {"headlines", "headlines", 3, 15, 30});
    CheckTexts(*rsa, at, {"descriptions", "descriptions", 2, 4, 90});
    for (const std::string_view path : {"path1", "path2"}) {
      if (AdTextWidth(TextAt(*rsa, path)) > 15) {
        Add("adError", "LINE_TOO_WIDE", "The text is longer than 15 characters.",
            {{"ad"}, {"responsive_search_ad"}, {std::string(path)}}, TextAt(*rsa, path));
      }
    }
    if (TextAt(*rsa, "path1").empty() && !TextAt(*rsa, "path2").empty()) {
      Add("adError", "CANNOT_SET_PATH2_WITHOUT_PATH1", "path2 needs path1.",
          {{"ad"}, {"responsive_search_ad"}, {"path2"}});
    }
  } else if (const auto rda = ad->find("responsiveDisplayAd"); rda != ad->end()) {
    const Path at{{"ad"}, {"responsive_display_ad"}};
    (*ad)["type"] = "RESPONSIVE_DISPLAY_AD";
    channel_needed = "DISPLAY";
    CheckTexts(*rda, at, {"headlines", "headlines", 1, 5, 30});
    CheckTexts(*rda, at, {"longHeadline", "long_headline", 1, 1, 90});
    CheckTexts(*rda, at, {"descriptions", "descriptions", 1, 5, 90});
    CheckImages(*rda, at, "marketingImages", "marketing_images", 1, "IMAGE");
    CheckImages(*rda, at, "squareMarketingImages", "square_marketing_images", 1, "IMAGE");
    CheckImages(*rda, at, "logoImages", "logo_images", 0, "IMAGE");
    CheckImages(*rda, at, "squareLogoImages", "square_logo_images", 0, "IMAGE");
    CheckImages(*rda, at, "youtubeVideos", "youtube_videos", 0, "YOUTUBE_VIDEO");
    if (TextAt(*rda, "businessName").empty()) {
      Add("adError", "MISSING_BUSINESS_NAME", "The ad needs a business name.",
          {{"ad"}, {"responsive_display_ad"}, {"business_name"}});
    }
  } else if (const auto multi = ad->find("demandGenMultiAssetAd"); multi != ad->end()) {
    const Path at{{"ad"}, {"demand_gen_multi_asset_ad"}};
    (*ad)["type"] = "DEMAND_GEN_MULTI_ASSET_AD";
    channel_needed = "DEMAND_GEN";
    CheckTexts(*multi, at, {"headlines", "headlines", 1, 5, 40});
    CheckTexts(*multi, at, {"descriptions", "descriptions", 1, 5, 90});
    CheckImages(*multi, at, "logoImages", "logo_images", 1, "IMAGE");
    CheckImages(*multi, at, "marketingImages", "marketing_images", 0, "IMAGE");
    CheckImages(*multi, at, "squareMarketingImages", "square_marketing_images", 0, "IMAGE");
    CheckImages(*multi, at, "portraitMarketingImages", "portrait_marketing_images", 0, "IMAGE");
    if (ListSize(*multi, "marketingImages") + ListSize(*multi, "squareMarketingImages") +
            ListSize(*multi, "portraitMarketingImages") ==
        0) {
      Add("adError", "MISSING_IMAGE", "The ad needs an image.",
          {{"ad"}, {"demand_gen_multi_asset_ad"}});
    }
    if (TextAt(*multi, "businessName").empty()) {
      Add("adError", "MISSING_BUSINESS_NAME", "The ad needs a business name.",
          {{"ad"}, {"demand_gen_multi_asset_ad"}, {"business_name"}});
    }
  } else if (const auto video = ad->find("demandGenVideoResponsiveAd"); video != ad->end()) {
    const Path at{{"ad"}, {"demand_gen_video_responsive_ad"}};
    (*ad)["type"] = "DEMAND_GEN_VIDEO_RESPONSIVE_AD";
    channel_needed = "DEMAND_GEN";
    CheckTexts(*video, at, {"headlines", "headlines", 1, 5, 40});
    CheckTexts(*video, at, {"longHeadlines", "long_headlines", 1, 5, 90});
    CheckTexts(*video, at, {"descriptions", "descriptions", 1, 5, 90});
    CheckTexts(*video, at, {"businessName", "business_name", 1, 1, 25});
    CheckImages(*video, at, "videos", "videos", 1, "YOUTUBE_VIDEO");
    CheckImages(*video, at, "logoImages", "logo_images", 1, "IMAGE");
  } else {
    Add("fieldError", "REQUIRED", "The required field was not present.", {{"ad"}, {"ad_data"}});
    return;
  }
  if (group == nullptr) return;
  const Object* campaign = account_.FindByName(Type::kCampaign, TextAt(group->body, "campaign"));
  if (campaign != nullptr && TextAt(campaign->body, "advertisingChannelType") != channel_needed) {
    Add("adError", "INVALID_AD_TYPE", "The ad's type does not fit the campaign's channel.",
        {{"ad"}}, TextAt(*ad, "type"));
  }
}

// --- criteria -----------------------------------------------------------------------------------

void Rules::CheckKeyword(const json& keyword) {
  const std::string text = TextAt(keyword, "text");
  const Path at{{"keyword"}, {"text"}};
  if (text.empty() || Words(text) == 0) {
    Add("fieldError", "REQUIRED", "The required field was not present.", at);
  } else if (CodePoints(text) > 80) {
    Add("criterionError", "KEYWORD_TEXT_TOO_LONG", "The keyword is longer than 80 characters.", at,
        text);
  } else if (Words(text) > 10) {
    Add("criterionError", "KEYWORD_HAS_TOO_MANY_WORDS", "The keyword has more than 10 words.", at,
        text);
  } else if (text.find_first_of("!@%,*^=;~`<>?\\|(){}\n\t\r") != std::string::npos) {
    Add("criterionError", "KEYWORD_HAS_INVALID_CHARS",
        "The keyword holds a character that it may not.", at, text);
  }
  if (TextAt(keyword, "matchType").empty()) {
    Add("fieldError", "REQUIRED", "The required field was not present.",
        {{"keyword"}, {"match_type"}});
  }
}

void Rules::CheckUserList(const json& user_list) {
  const std::string name = TextAt(user_list, "userList");
  const std::string key = KeyOfName(name, account_.id(), "userLists");
  if (key.empty() || !ParseInt64(key)) {
    Add("criterionError", "INVALID_USER_LIST", "The user list is not known.",
        {{"user_list"}, {"user_list"}}, name);
  }
}

void Rules::CheckOneLevel(const json& body) {
  if (BoolAt(body, "negative")) return;
  static constexpr std::string_view kAudiences[] = {"userList", "userInterest", "customAudience",
                                                    "combinedAudience", "audience"};
  const auto reaches = [](const Object& criterion) {
    return StatusOf(criterion) != "REMOVED" && !BoolAt(criterion.body, "negative") &&
           std::any_of(std::begin(kAudiences), std::end(kAudiences),
                       [&](std::string_view kind) { return criterion.body.contains(kind); });
  };
  bool other = false;
  if (const std::string group = TextAt(body, "adGroup"); !group.empty()) {
    const Object* above = account_.FindByName(Type::kAdGroup, group);
    if (above == nullptr) return;  // told already
    const std::string campaign = TextAt(above->body, "campaign");
    for (const auto& [key, criterion] : account_.All(Type::kCampaignCriterion)) {
      other = other || (TextAt(criterion.body, "campaign") == campaign && reaches(criterion));
    }
  } else {
    for (const auto& [key, criterion] : account_.All(Type::kAdGroupCriterion)) {
      if (!reaches(criterion)) continue;
      const Object* above = account_.FindByName(Type::kAdGroup, TextAt(criterion.body, "adGroup"));
      other = other ||
              (above != nullptr && TextAt(above->body, "campaign") == TextAt(body, "campaign"));
    }
  }
  if (other) {
    Add("criterionError", "CANNOT_ATTACH_CRITERIA_AT_CAMPAIGN_AND_ADGROUP",
        "Audiences are attached to the campaign or to its ad groups, not to both.", {});
  }
}

bool Rules::CheckAudience(const json& body) {
  if (const auto list = body.find("userList"); list != body.end()) {
    CheckUserList(*list);
    CheckOneLevel(body);
    return true;
  }
  struct Audience {
    std::string_view criterion;
    std::string_view member;
    std::string_view collection;
    std::string_view error;
  };
  static constexpr Audience kAudiences[] = {
      {"userInterest", "userInterestCategory", "userInterests", "INVALID_USER_INTEREST"},
      {"customAudience", "customAudience", "customAudiences", "INVALID_CUSTOM_AUDIENCE"},
      {"combinedAudience", "combinedAudience", "combinedAudiences", "INVALID_COMBINED_AUDIENCE"},
      {"audience", "audience", "audiences", "INVALID_CRITERION_ID"}};
  for (const Audience& kind : kAudiences) {
    const auto at = body.find(kind.criterion);
    if (at == body.end()) continue;
    const std::string name = TextAt(*at, kind.member);
    if (!ParseInt64(KeyOfName(name, account_.id(), kind.collection))) {
      Add("criterionError", std::string(kind.error), "The audience is not known.",
          {{SnakeCase(kind.criterion)}, {SnakeCase(kind.member)}}, name);
    }
    CheckOneLevel(body);
    return true;
  }
  return false;
}

void Rules::CheckAdSchedule(const json& body) {
  const json& schedule = body["adSchedule"];
  const Path at{{"ad_schedule"}};
  const auto minutes = [&](const char* hour, const char* minute) {
    static constexpr std::string_view kQuarters[] = {"ZERO", "FIFTEEN", "THIRTY", "FORTY_FIVE"};
    const auto* quarter =
        std::find(std::begin(kQuarters), std::end(kQuarters), TextAt(schedule, minute));
    if (quarter == std::end(kQuarters) || !schedule.contains(hour)) return -1;
    return schedule[hour].get<int>() * 60 + 15 * static_cast<int>(quarter - std::begin(kQuarters));
  };
  const int begins = minutes("startHour", "startMinute");
  const int ends = minutes("endHour", "endMinute");
  const std::string day = TextAt(schedule, "dayOfWeek");
  if (begins < 0 || ends < 0 || day.empty()) {
    Add("fieldError", "REQUIRED", "The required field was not present.", at);
    return;
  }
  if (ends > 24 * 60 || ends <= begins) {
    Add("criterionError", "AD_SCHEDULE_INVALID_TIME_INTERVAL",
        "The interval must end after it begins, on the same day.", at);
    return;
  }
  if (BoolAt(body, "negative")) {
    Add("campaignCriterionError", "CANNOT_EXCLUDE_CRITERIA_TYPE", "Times cannot be excluded.",
        {{"negative"}});
  }
  std::size_t same_day = 1;
  for (const auto& [key, other] : account_.All(Type::kCampaignCriterion)) {
    if (StatusOf(other) == "REMOVED" || !other.body.contains("adSchedule") ||
        TextAt(other.body, "campaign") != TextAt(body, "campaign")) {
      continue;
    }
    const json& taken = other.body["adSchedule"];
    if (TextAt(taken, "dayOfWeek") != day) continue;
    ++same_day;
    if (schedule == taken) continue;  // told as a duplicate
    const int from = taken["startHour"].get<int>() * 60;
    const int to = taken["endHour"].get<int>() * 60;
    if (begins < to && from < ends) {
      Add("criterionError", "AD_SCHEDULE_TIME_INTERVALS_OVERLAP", "The intervals overlap.", at);
      return;
    }
  }
  if (same_day > 6) {
    Add("criterionError", "AD_SCHEDULE_EXCEEDED_INTERVALS_PER_DAY_LIMIT",
        "A day has six intervals at most.", at);
  }
}

void Rules::CheckAdGroupCriterion(json& body) {
  Parent(Type::kAdGroup, body, "adGroup", "ad_group");
  CheckBid(body, "cpcBidMicros", "cpc_bid_micros");
  if (const auto keyword = body.find("keyword"); keyword != body.end()) {
    CheckKeyword(*keyword);
    return;
  }
  if (CheckAudience(body)) return;
  for (const std::string_view kind : {"placement", "ageRange", "gender"}) {
    if (body.contains(kind)) return;
  }
  Add("adGroupCriterionError", "CONCRETE_TYPE_REQUIRED", "The criterion says not what it targets.",
      {});
}

void Rules::CheckBidModifier(const json& body) {
  const auto modifier = body.find("bidModifier");
  if (modifier == body.end()) return;
  const Path at{{"bid_modifier"}};
  if (BoolAt(body, "negative")) {
    Add("criterionError", "CANNOT_BID_MODIFY_NEGATIVE_CRITERION",
        "What is left out has no bids to modify.", at);
    return;
  }
  if (body.contains("language") || body.contains("keyword")) {
    Add("criterionError", "CANNOT_BID_MODIFY_CRITERION_TYPE",
        "Bids cannot be modified for criteria of this type.", at);
    return;
  }
  const double factor = modifier->get<double>();
  if (factor == 0 && body.contains("device")) return;  // opted out
  // A float on Google's side: 0.1 and 10 are in it as they are written.
  if (factor < 0.1 || factor > 10) {
    Add("rangeError", factor < 0.1 ? "TOO_LOW" : "TOO_HIGH",
        "The bid modifier must be from 0.1 to 10.", at, modifier->dump());
  }
}

void Rules::CheckCampaignCriterion(json& body) {
  Parent(Type::kCampaign, body, "campaign", "campaign");
  CheckBidModifier(body);
  const auto constant_exists = [](std::string_view name, std::string_view prefix, auto known) {
    const auto id = name.starts_with(prefix) ? ParseInt64(name.substr(prefix.size()))
                                             : std::optional<std::int64_t>();
    return id && known(*id);
  };
  if (const auto location = body.find("location"); location != body.end()) {
    const std::string name = TextAt(*location, "geoTargetConstant");
    if (!constant_exists(name, "geoTargetConstants/", [](std::int64_t id) {
          return id > 0 && id < INT32_MAX &&
                 (CountryById(static_cast<int>(id)) != nullptr ||
                  PlaceById(static_cast<int>(id)) != nullptr);
        })) {
      Add("criterionError", "INVALID_CRITERION_ID", "The location is not known.",
          {{"location"}, {"geo_target_constant"}}, name);
    }
    return;
  }
  if (const auto language = body.find("language"); language != body.end()) {
    const std::string name = TextAt(*language, "languageConstant");
    if (!constant_exists(name, "languageConstants/", [](std::int64_t id) {
          return std::any_of(Languages().begin(), Languages().end(),
                             [&](const Language& l) { return l.id == id; });
        })) {
      Add("criterionError", "INVALID_CRITERION_ID", "The language is not known.",
          {{"language"}, {"language_constant"}}, name);
    }
    if (BoolAt(body, "negative")) {
      Add("campaignCriterionError", "CANNOT_EXCLUDE_CRITERIA_TYPE", "Languages cannot be excluded.",
          {{"negative"}});
    }
    return;
  }
  if (const auto keyword = body.find("keyword"); keyword != body.end()) {
    CheckKeyword(*keyword);
    if (!BoolAt(body, "negative")) {
      Add("criterionError", "CANNOT_ADD_CRITERIA_TYPE", "A campaign's keywords are negative.",
          {{"negative"}});
    }
    return;
  }
  if (body.contains("adSchedule")) {
    CheckAdSchedule(body);
    return;
  }
  if (const auto device = body.find("device"); device != body.end()) {
    if (DeviceId(TextAt(*device, "type")).empty()) {
      Add("criterionError", "INVALID_CRITERION_ID", "The device is not known.",
          {{"device"}, {"type"}}, TextAt(*device, "type"));
    }
    if (BoolAt(body, "negative")) {
      Add("campaignCriterionError", "CANNOT_EXCLUDE_CRITERIA_TYPE", "Devices cannot be excluded.",
          {{"negative"}});
    }
    return;
  }
  if (CheckAudience(body)) return;
  for (const std::string_view kind : {"placement", "ageRange", "gender"}) {
    if (body.contains(kind)) return;
  }
  Add("campaignCriterionError", "CONCRETE_TYPE_REQUIRED", "The criterion says not what it targets.",
      {});
}

// --- assets and conversion actions --------------------------------------------------------------

std::optional<std::string> Rules::CheckAsset(json& body) {
  std::string type;
  if (const auto image = body.find("imageAsset"); image != body.end()) {
    type = "IMAGE";
    const std::string data = TextAt(*image, "data");
    const auto bytes = DecodeBase64(data);
    const Path at{{"image_asset"}, {"data"}};
    if (!bytes || bytes->empty()) {
      Add("assetError", "ASSET_DATA_IS_MISSING", "The image has no data.", at);
      return std::nullopt;
    }
    if (bytes->size() > 5u << 20) {
      Add("imageError", "FILE_TOO_LARGE", "The image is larger than 5 MB.", at);
      return std::nullopt;
    }
    const auto info = ReadImage(*bytes);
    if (!info) {
      Add("imageError", "INVALID_IMAGE", "The data is no PNG, JPEG or GIF.", at);
      return std::nullopt;
    }
    digest_ = Sha256Hex(*bytes);
    image->erase("data");
    (*image)["fileSize"] = std::to_string(bytes->size());
    (*image)["mimeType"] = info->mime_type;
    (*image)["fullSize"] = {{"widthPixels", std::to_string(info->width)},
                            {"heightPixels", std::to_string(info->height)}};
  } else if (const auto text = body.find("textAsset"); text != body.end()) {
    type = "TEXT";
    digest_ = TextAt(*text, "text");
    if (digest_.empty()) {
      Add("assetError", "ASSET_DATA_IS_MISSING", "The text is empty.", {{"text_asset"}, {"text"}});
    }
  } else if (const auto video = body.find("youtubeVideoAsset"); video != body.end()) {
    type = "YOUTUBE_VIDEO";
    digest_ = TextAt(*video, "youtubeVideoId");
    if (digest_.empty()) {
      Add("assetError", "ASSET_DATA_IS_MISSING", "The video has no id.",
          {{"youtube_video_asset"}, {"youtube_video_id"}});
    }
  } else {
    Add("assetError", "ASSET_DATA_IS_MISSING", "The asset has no data.", {});
    return std::nullopt;
  }
  if (const std::string given = TextAt(body, "type"); !given.empty() && given != type) {
    Add("assetError", "FIELD_INCOMPATIBLE_WITH_ASSET_TYPE",
        "The data is of another type than the asset says.", {{"type"}}, given);
    return std::nullopt;
  }
  body["type"] = type;
  for (const auto& [key, other] : account_.All(Type::kAsset)) {
    if (TextAt(other.body, "type") == type && other.digest == digest_) return key;
  }
  const std::string name = TextAt(body, "name");
  for (const auto& [key, other] : account_.All(Type::kAsset)) {
    if (!name.empty() && TextAt(other.body, "type") == type && TextAt(other.body, "name") == name) {
      Add("assetError", "DUPLICATE_ASSET_NAME", "The name is used by another asset.", {{"name"}},
          name);
      break;
    }
  }
  return std::nullopt;
}

void Rules::CheckAdGroupAsset(json& body) {
  Parent(Type::kAdGroup, body, "adGroup", "ad_group");
  const Object* asset = Parent(Type::kAsset, body, "asset", "asset");
  const std::string field = TextAt(body, "fieldType");
  if (field.empty()) {
    Require("field_type");
  } else if (field != "AD_IMAGE") {
    Add("assetLinkError", "UNSUPPORTED_FIELD_TYPE",
        "Assets of this field type cannot be linked to an ad group.", {{"field_type"}}, field);
  } else if (asset != nullptr && TextAt(asset->body, "type") != "IMAGE") {
    Add("assetLinkError", "FIELD_TYPE_INCOMPATIBLE_WITH_ASSET_TYPE",
        "The asset is of another type than the field takes.", {{"asset"}}, TextAt(body, "asset"));
  }
}

void Rules::CheckCustomParameters(const json& body, const Path& at) {
  const std::size_t count = ListSize(body, "urlCustomParameters");
  Path list_at = at;
  list_at.push_back({"url_custom_parameters"});
  if (count > 8) {
    Add("urlFieldError", "URL_CUSTOM_PARAMETERS_COUNT_EXCEEDS_LIMIT",
        "8 custom parameters are possible.", list_at, std::to_string(count));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const json& parameter = body["urlCustomParameters"][i];
    Path key_at = list_at;
    key_at.back().index = i;
    Path value_at = key_at;
    key_at.push_back({"key"});
    value_at.push_back({"value"});
    const std::string key = TextAt(parameter, "key");
    const bool plain = std::all_of(key.begin(), key.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    if (key.empty()) {
      Add("fieldError", "REQUIRED", "The required field was not present.", key_at);
    } else if (!plain) {
      Add("urlFieldError", "INVALID_CHARACTERS_IN_URL_CUSTOM_PARAMETER_KEY",
          "The key may hold letters and digits only.", key_at, key);
    } else if (key.size() > 16) {
      Add("stringLengthError", "TOO_LONG", "The key is longer than 16 bytes.", key_at, key);
    }
    if (TextAt(parameter, "value").size() > 250) {
      Add("stringLengthError", "TOO_LONG", "The value is longer than 250 bytes.", value_at);
    }
  }
}

void Rules::CheckConversionAction(const std::string& key, json& body) {
  const std::string name = TextAt(body, "name");
  if (name.empty()) Require("name");
  if (TextAt(body, "type").empty()) Require("type");
  for (const auto& [other_key, other] : account_.All(Type::kConversionAction)) {
    if (other_key != key && StatusOf(other) != "REMOVED" && TextAt(other.body, "name") == name) {
      Add("conversionActionError", "DUPLICATE_NAME",
          "The name is already being used by another conversion action.", {{"name"}}, name);
      break;
    }
  }
  if (!body.contains("category")) body["category"] = "DEFAULT";
  if (!body.contains("countingType")) body["countingType"] = "MANY_PER_CLICK";
  const auto window = [&](const char* json_field, const char* snake_field, int most,
                          const char* otherwise) {
    const auto days = Int64At(body, json_field);
    if (!days) {
      body[json_field] = otherwise;
    } else if (*days < 1 || *days > most) {
      Add("rangeError", *days < 1 ? "TOO_LOW" : "TOO_HIGH",
          fmt::format("1 to {} days are possible.", most), {{snake_field}}, std::to_string(*days));
    }
  };
  window("clickThroughLookbackWindowDays", "click_through_lookback_window_days", 90, "30");
  window("viewThroughLookbackWindowDays", "view_through_lookback_window_days", 30, "1");
  if (!body.contains("primaryForGoal")) body["primaryForGoal"] = true;
  json& model = body["attributionModelSettings"];
  if (!model.is_object() || TextAt(model, "attributionModel").empty()) {
    model = {{"attributionModel", "GOOGLE_SEARCH_ATTRIBUTION_DATA_DRIVEN"}};
  } else if (const std::string chosen = TextAt(model, "attributionModel");
             chosen != "GOOGLE_ADS_LAST_CLICK" &&
             chosen != "GOOGLE_SEARCH_ATTRIBUTION_DATA_DRIVEN") {
    Add("conversionActionError", "CANNOT_SET_RULE_BASED_ATTRIBUTION_MODELS",
        "Rule-based attribution models are gone.",
        {{"attribution_model_settings"}, {"attribution_model"}}, chosen);
  }
}

// --- doors --------------------------------------------------------------------------------------

std::optional<std::string> Rules::ForCreate(Type type, json& body) {
  switch (type) {
    case Type::kCampaign:
      DefaultStatus(body);
      CheckCampaign("", nullptr, body);
      break;
    case Type::kCampaignBudget:
      CheckBudget("", nullptr, body);
      break;
    case Type::kAdGroup:
      DefaultStatus(body);
      CheckAdGroup("", nullptr, body);
      break;
    case Type::kAdGroupAd:
      DefaultStatus(body);
      CheckNewAd(body);
      break;
    case Type::kAdGroupCriterion:
      DefaultStatus(body);
      CheckAdGroupCriterion(body);
      break;
    case Type::kCampaignCriterion:
      DefaultStatus(body);
      CheckCampaignCriterion(body);
      break;
    case Type::kAsset:
      return CheckAsset(body);
    case Type::kAdGroupAsset:
      DefaultStatus(body);
      CheckAdGroupAsset(body);
      break;
    case Type::kConversionAction:
      DefaultStatus(body);
      CheckConversionAction("", body);
      break;
  }
  return std::nullopt;
}

void Rules::ForUpdate(Type type, const std::string& key, const json& before, json& after) {
  if (before.contains("status") && !after.contains("status")) {
    Add("fieldError", "FIELD_CANNOT_BE_CLEARED", "The status cannot be cleared.", {{"status"}});
    return;
  }
  switch (type) {
    case Type::kCampaign:
      CheckCampaign(key, &before, after);
      break;
    case Type::kCampaignBudget:
      CheckBudget(key, &before, after);
      break;
    case Type::kAdGroup:
      CheckAdGroup(key, &before, after);
      break;
    case Type::kAdGroupCriterion:
      CheckBid(after, "cpcBidMicros", "cpc_bid_micros");
      if (BoolAt(after, "negative")) {
        Add("adGroupCriterionError", "CANT_UPDATE_NEGATIVE", "Negative criteria cannot be updated.",
            {});
      }
      break;
    case Type::kConversionAction:
      CheckConversionAction(key, after);
      break;
    case Type::kCampaignCriterion:
      if (BoolAt(after, "negative")) {
        Add("campaignCriterionError", "CANNOT_UPDATE_NEGATIVE_CRITERION",
            "Negative criteria cannot be updated.", {});
      }
      if (after.contains("device") && after["status"] != before["status"]) {
        Add("campaignCriterionError", "CANNOT_SET_STATUS_FOR_CRITERIA_TYPE",
            "The status of a device cannot be set.", {{"status"}});
      }
      CheckBidModifier(after);
      break;
    case Type::kAdGroupAd:
    case Type::kAsset:
    case Type::kAdGroupAsset:
      break;
  }
}

std::string Rules::KeyForCreate(Type type, json& body) {
  const auto criterion_id = [&]() -> std::string {
    if (const auto keyword = body.find("keyword"); keyword != body.end()) {
      return StableId(LowerAscii(TextAt(*keyword, "text")) + "\n" + TextAt(*keyword, "matchType") +
                      (BoolAt(body, "negative") ? "\nnegative" : ""));
    }
    if (const auto location = body.find("location"); location != body.end()) {
      return LastPart(TextAt(*location, "geoTargetConstant"));
    }
    if (const auto language = body.find("language"); language != body.end()) {
      return LastPart(TextAt(*language, "languageConstant"));
    }
    if (const auto device = body.find("device"); device != body.end()) {
      return std::string(DeviceId(TextAt(*device, "type")));
    }
    for (const std::string_view kind :
         {"placement", "ageRange", "gender", "userList", "userInterest", "customAudience",
          "combinedAudience", "audience", "adSchedule"}) {
      if (const auto at = body.find(kind); at != body.end()) {
        return StableId(std::string(kind) + at->dump());
      }
    }
    Bug();
  };
  switch (type) {
    case Type::kAdGroupAd: {
      const std::string id = account_.NextId();
      body["ad"]["id"] = id;
      body["ad"]["resourceName"] = fmt::format("{}/ads/{}", account_.CustomerName(), id);
      return fmt::format("{}~{}", LastPart(TextAt(body, "adGroup")), id);
    }
    case Type::kAdGroupCriterion:
      return fmt::format("{}~{}", LastPart(TextAt(body, "adGroup")), criterion_id());
    case Type::kCampaignCriterion:
      return fmt::format("{}~{}", LastPart(TextAt(body, "campaign")), criterion_id());
    case Type::kAdGroupAsset:
      return fmt::format("{}~{}~{}", LastPart(TextAt(body, "adGroup")),
                         LastPart(TextAt(body, "asset")), TextAt(body, "fieldType"));
    case Type::kCampaign:
    case Type::kCampaignBudget:
    case Type::kAdGroup:
    case Type::kAsset:
    case Type::kConversionAction:
      return account_.NextId();
  }
  Bug();
}

}  // namespace maxopt::sim::google_ads
