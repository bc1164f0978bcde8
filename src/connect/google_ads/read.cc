#include "connect/google_ads/read.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "connect/google_ads/constants.h"
#include "connect/google_ads/rows.h"
#include "connect/google_ads/words.h"
#include "json/json.h"

namespace maxopt::google_ads {
namespace {

using Json = nlohmann::json;

/// Google takes 20,000 values in a list; queries of a readable length are kept anyway.
constexpr std::size_t kIdsAtOnce = 1000;

Result<AccountInfo> InfoOf(const Json& row, std::string_view resource) {
  const auto path = [&](std::string_view field) { return fmt::format("{}.{}", resource, field); };
  AccountInfo info{{Platform::kGoogleAds, ""}, "", kNoCurrency, "", ""};
  MAXOPT_TRY(info.account.id, Id(row, path("id")));
  MAXOPT_TRY(info.name, Text(row, path("descriptiveName")));
  MAXOPT_TRY(const std::string currency, Text(row, path("currencyCode")));
  const auto found = FindCurrency(currency);
  if (!found) {
    return Fail(Errc::kBadAnswer, fmt::format("account {} has the currency \"{}\": {}",
                                              info.account.id, currency, found.error().what));
  }
  info.currency = *found;
  MAXOPT_TRY(info.zone, Text(row, path("timeZone")));
  MAXOPT_TRY(const std::string status, Text(row, path("status")));
  info.status = status == "ENABLED" ? "active" : Lower(status);
  return info;
}

/// "ENABLED" -> "active"; a word that is new to us is kept, in lower case.
std::string StatusWord(const std::string& google) {
  return google == "ENABLED" ? std::string(kActive) : Lower(google);
}

bool AnyOf(const std::vector<std::string>& reasons, std::string_view part) {
  return std::any_of(reasons.begin(), reasons.end(), [&](const std::string& reason) {
    return reason.find(part) != std::string::npos;
  });
}

/// status, effective_status and platform_status of a resource. `own` is the resource's word in the
/// reasons ("CAMPAIGN"): being paused for another reason means that a parent is.
Result<> AddStatus(const Json& row, const std::string& resource, std::string_view own,
                   Fields& fields) {
  MAXOPT_TRY(const std::string status, Text(row, resource + ".status"));
  if (status.empty()) {
    return Fail(Errc::kBadAnswer, fmt::format("Google Ads answered a {} without status", resource));
  }
  fields["status"] = StatusWord(status);
  MAXOPT_TRY(const std::string primary, Text(row, resource + ".primaryStatus"));
  if (primary.empty()) return {};
  MAXOPT_TRY(const auto reasons, Texts(row, resource + ".primaryStatusReasons"));
  fields["platform_status"] =
      reasons.empty() ? primary : fmt::format("{}: {}", primary, fmt::join(reasons, ", "));

  std::string_view effective = "other";
  const bool parent_paused =
      (own != "CAMPAIGN" && AnyOf(reasons, "CAMPAIGN_PAUSED")) ||
      (own == "AD_GROUP_AD" &&
       std::find(reasons.begin(), reasons.end(), "AD_GROUP_PAUSED") != reasons.end());
  if (status == "PAUSED") {
    effective = kPaused;
  } else if (status == "REMOVED") {
    effective = kRemoved;
  } else if (primary == "ENDED" || AnyOf(reasons, "CAMPAIGN_ENDED")) {
    effective = "ended";
  } else if (parent_paused) {
    effective = "parent_paused";
  } else if (primary == "ELIGIBLE" || primary == "LEARNING") {
    effective = kActive;
  } else if (primary == "LIMITED") {
    effective = "limited";
  } else if (AnyOf(reasons, "DISAPPROVED")) {
    effective = "rejected";
  } else if (AnyOf(reasons, "UNDER_REVIEW")) {
    effective = "in_review";
  }
  fields["effective_status"] = std::string(effective);
  return {};
}

/// bid_strategy and its target. Google has the target as an option of two strategies, and as
/// strategies of their own on campaigns from before that.
Result<> AddBidding(const Json& row, Currency currency, Fields& fields) {
  MAXOPT_TRY(const std::string strategy, Text(row, "campaign.biddingStrategyType"));
  if (strategy.empty()) return {};
  MAXOPT_TRY(const auto cpa, Integer(row, "campaign.maximizeConversions.targetCpaMicros"));
  MAXOPT_TRY(const auto old_cpa, Integer(row, "campaign.targetCpa.targetCpaMicros"));
  MAXOPT_TRY(const auto roas, Real(row, "campaign.maximizeConversionValue.targetRoas"));
  MAXOPT_TRY(const auto old_roas, Real(row, "campaign.targetRoas.targetRoas"));
  const std::int64_t micros = std::max(cpa.value_or(0), old_cpa.value_or(0));
  const double ratio = std::max(roas.value_or(0), old_roas.value_or(0));
  std::string word = Lower(strategy);
  if (strategy == "TARGET_SPEND") word = "maximize_clicks";
  if (strategy == "MAXIMIZE_CONVERSIONS" && micros > 0) word = "target_cpa";
  if (strategy == "MAXIMIZE_CONVERSION_VALUE") word = ratio > 0 ? "target_roas" : "maximize_value";
  if (word == "target_cpa" && micros > 0) fields["target_cpa"] = Money::Micros(micros, currency);
  if (word == "target_roas" && ratio > 0 && ratio < 1e9) {
    fields["target_roas_bp"] = static_cast<std::int64_t>(std::llround(ratio * 10'000));
  }
  fields["bid_strategy"] = std::move(word);
  return {};
}

/// The cap on the whole campaign; caps on ads or ad groups and on views have no field.
Result<> AddFrequency(const Json& row, Fields& fields) {
  const Json* caps = At(row, "campaign.frequencyCaps");
  if (caps == nullptr) return {};
  if (!caps->is_array()) {
    return Fail(Errc::kBadAnswer, "Google Ads answered frequencyCaps that are no list");
  }
  for (const Json& entry : *caps) {
    MAXOPT_TRY(const std::string level, Text(entry, "key.level"));
    MAXOPT_TRY(const std::string event, Text(entry, "key.eventType"));
    MAXOPT_TRY(const std::string unit, Text(entry, "key.timeUnit"));
    MAXOPT_TRY(const auto length, Integer(entry, "key.timeLength"));
    MAXOPT_TRY(const auto cap, Integer(entry, "cap"));
    if (level != "CAMPAIGN" || event != "IMPRESSION" || !cap) continue;
    const std::int64_t days = unit == "DAY" ? 1 : unit == "WEEK" ? 7 : unit == "MONTH" ? 30 : 0;
    const std::int64_t units = length.value_or(1);
    if (days == 0 || units < 1 || units > 366) continue;
    fields["frequency_cap"] = *cap;
    fields["frequency_days"] = days * units;
  }
  return {};
}

Result<Entity> CampaignOf(const Json& row, const AccountInfo& account) {
  Entity entity{};
  entity.level = Level::kCampaign;
  MAXOPT_TRY(entity.id, Id(row, "campaign.id"));
  MAXOPT_TRY(entity.fields["name"], Text(row, "campaign.name"));
  MAXOPT_CHECK(AddStatus(row, "campaign", "CAMPAIGN", entity.fields));
  MAXOPT_TRY(const std::string channel, Text(row, "campaign.advertisingChannelType"));
  if (!channel.empty()) entity.fields["channel_type"] = Lower(channel);
  MAXOPT_CHECK(AddBidding(row, account.currency, entity.fields));
  MAXOPT_CHECK(AddFrequency(row, entity.fields));

  MAXOPT_TRY(const std::string start, Text(row, "campaign.startDateTime"));
  if (!start.empty()) entity.fields["start_at"] = start;
  MAXOPT_TRY(const std::string end, Text(row, "campaign.endDateTime"));
  // Google's way to say "no end".
  if (!end.empty() && !end.starts_with("2037-12-30")) entity.fields["end_at"] = end;

  MAXOPT_TRY(const std::string political, Text(row, "campaign.containsEuPoliticalAdvertising"));
  if (political == "CONTAINS_EU_POLITICAL_ADVERTISING") entity.fields["eu_political"] = true;
  if (political == "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING") {
    entity.fields["eu_political"] = false;
  }

  MAXOPT_TRY(const std::string budget, Text(row, "campaignBudget.id"));
  if (!budget.empty()) entity.fields["budget_id"] = budget;
  MAXOPT_TRY(const std::string delivery, Text(row, "campaignBudget.deliveryMethod"));
  if (delivery == "STANDARD") entity.fields["pacing"] = std::string("even");
  if (delivery == "ACCELERATED") entity.fields["pacing"] = std::string("asap");
  MAXOPT_TRY(const auto daily, Integer(row, "campaignBudget.amountMicros"));
  if (daily && *daily > 0) entity.fields["daily_budget"] = Money::Micros(*daily, account.currency);
  MAXOPT_TRY(const auto total, Integer(row, "campaignBudget.totalAmountMicros"));
  if (total && *total > 0) {
    entity.fields["lifetime_budget"] = Money::Micros(*total, account.currency);
  }
  return entity;
}

Result<Entity> AdGroupOf(const Json& row, const AccountInfo& account) {
  Entity entity{};
  entity.level = Level::kAdGroup;
  MAXOPT_TRY(entity.id, Id(row, "adGroup.id"));
  MAXOPT_TRY(entity.campaign_id, Id(row, "campaign.id"));
  entity.parent_id = entity.campaign_id;
  MAXOPT_TRY(entity.fields["name"], Text(row, "adGroup.name"));
  MAXOPT_CHECK(AddStatus(row, "adGroup", "AD_GROUP", entity.fields));
  MAXOPT_TRY(const auto bid, Integer(row, "adGroup.cpcBidMicros"));
  if (bid && *bid > 0) entity.fields["bid"] = Money::Micros(*bid, account.currency);
  return entity;
}

/// key -> value of ad.urlCustomParameters
Result<std::map<std::string, std::string>> CustomParameters(const Json& row) {
  std::map<std::string, std::string> parameters;
  const Json* listed = At(row, "adGroupAd.ad.urlCustomParameters");
  if (listed == nullptr) return parameters;
  if (!listed->is_array()) {
    return Fail(Errc::kBadAnswer, "Google Ads answered urlCustomParameters that are no list");
  }
  for (const Json& parameter : *listed) {
    MAXOPT_TRY(const std::string key, Text(parameter, "key"));
    MAXOPT_TRY(parameters[key], Text(parameter, "value"));
  }
  return parameters;
}

/// Ids of a list of {"asset": name}.
Result<std::vector<std::string>> AssetIds(const Json& row, std::string_view path) {
  std::vector<std::string> ids;
  const Json* listed = At(row, path);
  if (listed == nullptr) return ids;
  if (!listed->is_array()) {
    return Fail(Errc::kBadAnswer, fmt::format("Google Ads answered {} that is no list", path));
  }
  for (const Json& asset : *listed) {
    MAXOPT_TRY(const std::string name, Text(asset, "asset"));
    ids.push_back(LastId(name));
  }
  return ids;
}

Result<std::vector<std::string>> TextAssets(const Json& row, std::string_view path) {
  std::vector<std::string> texts;
  const Json* listed = At(row, path);
  if (listed == nullptr) return texts;
  if (!listed->is_array()) {
    return Fail(Errc::kBadAnswer, fmt::format("Google Ads answered {} that is no list", path));
  }
  for (const Json& asset : *listed) {
    MAXOPT_TRY(std::string text, Text(asset, "text"));
    texts.push_back(std::move(text));
  }
  return texts;
}

using Parameters = std::map<std::string, std::string>;

/// What only a responsive display ad has. The order of headlines and pictures, and which picture is
/// "image", are Google's to lose: they are in the ad's custom parameters.
Result<> AddDisplay(const Json& row, const Parameters& parameters, Fields& fields) {
  const std::string at = "adGroupAd.ad.responsiveDisplayAd";
  if (At(row, at) == nullptr) return {};
  MAXOPT_TRY(auto headlines, TextAssets(row, at + ".headlines"));
  MAXOPT_TRY(auto descriptions, TextAssets(row, at + ".descriptions"));
  MAXOPT_TRY(const std::string long_headline, Text(row, at + ".longHeadline.text"));
  const auto place = parameters.find(std::string(kLongHeadlineParameter));
  if (place != parameters.end() && IsDigits(place->second) && place->second.size() < 3) {
    const auto index = std::min<std::size_t>(std::stoul(place->second), headlines.size());
    headlines.insert(headlines.begin() + static_cast<std::ptrdiff_t>(index), long_headline);
  } else if (!long_headline.empty() &&
             std::find(headlines.begin(), headlines.end(), long_headline) == headlines.end()) {
    headlines.push_back(long_headline);
  }
  if (!headlines.empty()) fields["headlines"] = std::move(headlines);
  if (!descriptions.empty()) fields["descriptions"] = std::move(descriptions);
  MAXOPT_TRY(const std::string call, Text(row, at + ".callToActionText"));
  if (!call.empty()) fields["call_to_action"] = CallToActionWord(call);
  MAXOPT_TRY(const auto videos, AssetIds(row, at + ".youtubeVideos"));
  if (!videos.empty()) fields["video"] = videos.front();

  std::vector<std::string> shown;
  for (const char* list : {".marketingImages", ".squareMarketingImages", ".logoImages"}) {
    MAXOPT_TRY(const auto ids, AssetIds(row, at + list));
    shown.insert(shown.end(), ids.begin(), ids.end());
  }
  const auto is_shown = [&](const std::string& id) {
    return std::find(shown.begin(), shown.end(), id) != shown.end();
  };
  const auto image = parameters.find(std::string(kImageParameter));
  const auto images = parameters.find(std::string(kImagesParameter));
  if (image != parameters.end() && is_shown(image->second)) fields["image"] = image->second;
  if (images == parameters.end()) {
    if (!fields.contains("image") && !shown.empty()) fields["images"] = std::move(shown);
    return {};
  }
  std::vector<std::string> ours;
  for (std::string_view rest = images->second; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (std::string id(rest.substr(0, comma)); is_shown(id)) ours.push_back(std::move(id));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  if (!ours.empty()) fields["images"] = std::move(ours);
  return {};
}

Result<> AddReview(const Json& row, Fields& fields) {
  MAXOPT_TRY(const std::string review, Text(row, "adGroupAd.policySummary.reviewStatus"));
  MAXOPT_TRY(const std::string approval, Text(row, "adGroupAd.policySummary.approvalStatus"));
  if (review.empty() && approval.empty()) return {};
  std::string_view word = "pending";
  if (approval == "DISAPPROVED") {
    word = "rejected";
  } else if (review == "REVIEW_IN_PROGRESS" || review == "UNDER_APPEAL") {
    word = "pending";
  } else if (approval == "APPROVED_LIMITED" || approval == "AREA_OF_INTEREST_ONLY") {
    word = "limited";
  } else if (approval == "APPROVED") {
    word = "approved";
  }
  fields["review_status"] = std::string(word);

  std::vector<std::string> reasons;
  if (const Json* topics = At(row, "adGroupAd.policySummary.policyTopicEntries");
      topics != nullptr && topics->is_array()) {
    for (const Json& topic : *topics) {
      MAXOPT_TRY(const std::string name, Text(topic, "topic"));
      MAXOPT_TRY(const std::string type, Text(topic, "type"));
      std::string reason = type.empty() ? name : fmt::format("{} ({})", name, Lower(type));
      std::vector<std::string> found;
      if (const Json* evidences = At(topic, "evidences");
          evidences != nullptr && evidences->is_array()) {
        for (const Json& evidence : *evidences) {
          MAXOPT_TRY(const auto texts, Texts(evidence, "textList.texts"));
          found.insert(found.end(), texts.begin(), texts.end());
        }
      }
      if (!found.empty()) reason += fmt::format(": \"{}\"", fmt::join(found, "\", \""));
      reasons.push_back(std::move(reason));
    }
  }
  if (!reasons.empty()) fields["review_reasons"] = std::move(reasons);
  return {};
}

Result<Entity> AdOf(const Json& row) {
  Entity entity{};
  entity.level = Level::kAd;
  MAXOPT_TRY(entity.id, Id(row, "adGroupAd.ad.id"));
  MAXOPT_TRY(entity.parent_id, Id(row, "adGroup.id"));
  MAXOPT_TRY(entity.campaign_id, Id(row, "campaign.id"));
  MAXOPT_CHECK(AddStatus(row, "adGroupAd", "AD_GROUP_AD", entity.fields));
  MAXOPT_TRY(auto headlines, TextAssets(row, "adGroupAd.ad.responsiveSearchAd.headlines"));
  MAXOPT_TRY(auto descriptions, TextAssets(row, "adGroupAd.ad.responsiveSearchAd.descriptions"));
  MAXOPT_TRY(auto parameters, CustomParameters(row));

  MAXOPT_CHECK(AddDisplay(row, parameters, entity.fields));
  if (headlines.empty()) headlines = ListField(entity.fields, "headlines");

  MAXOPT_TRY(std::string name, Text(row, "adGroupAd.ad.name"));
  if (const auto ours = parameters.find(std::string(kNameParameter)); ours != parameters.end()) {
    name = ours->second;
  }
  if (name.empty()) name = headlines.empty() ? "ad " + entity.id : headlines.front();
  entity.fields["name"] = std::move(name);
  if (!headlines.empty()) entity.fields["headlines"] = std::move(headlines);
  if (!descriptions.empty()) entity.fields["descriptions"] = std::move(descriptions);
  MAXOPT_TRY(auto urls, Texts(row, "adGroupAd.ad.finalUrls"));
  if (!urls.empty()) entity.fields["landing_url"] = std::move(urls.front());
  MAXOPT_TRY(const std::string tags, Text(row, "adGroupAd.ad.finalUrlSuffix"));
  if (!tags.empty()) entity.fields["url_tags"] = tags;
  const bool search = At(row, "adGroupAd.ad.responsiveSearchAd") != nullptr;
  if (const auto image = parameters.find(std::string(kImageParameter));
      search && image != parameters.end()) {
    entity.fields["image"] = image->second;
  }
  MAXOPT_CHECK(AddReview(row, entity.fields));
  return entity;
}

Result<Entity> AssetOf(const Json& row) {
  Entity entity{};
  entity.level = Level::kAsset;
  MAXOPT_TRY(entity.id, Id(row, "asset.id"));
  MAXOPT_TRY(entity.fields["name"], Text(row, "asset.name"));
  MAXOPT_TRY(const std::string type, Text(row, "asset.type"));
  entity.fields["media"] = type == "YOUTUBE_VIDEO" ? std::string("video") : Lower(type);
  return entity;
}

/// "AW-123/AbC" of the snippet that a website runs when it counts: 'send_to': 'AW-123/AbC'.
std::string TagOf(std::string_view snippet) {
  const std::size_t key = snippet.find("send_to");
  const std::size_t begin = key == std::string_view::npos ? key : snippet.find("AW-", key);
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = snippet.substr(begin);
  return std::string(rest.substr(0, rest.find_first_of("'\" \\")));
}

Result<Entity> ConversionOf(const Json& row) {
  Entity entity{};
  entity.level = Level::kConversion;
  Fields& fields = entity.fields;
  const std::string at = "conversionAction.";
  MAXOPT_TRY(entity.id, Id(row, at + "id"));
  MAXOPT_TRY(fields["name"], Text(row, at + "name"));
  MAXOPT_TRY(const std::string status, Text(row, at + "status"));
  if (status.empty()) {
    return Fail(Errc::kBadAnswer, "Google Ads answered a conversion action without status");
  }
  // A hidden action counts nothing until it is shown again.
  fields["status"] = status == "HIDDEN" ? std::string(kPaused) : StatusWord(status);
  fields["kind"] = std::string("action");
  MAXOPT_TRY(const std::string category, Text(row, at + "category"));
  if (!category.empty()) fields["conversion_event"] = EventOf(category);
  MAXOPT_TRY(const std::string counting, Text(row, at + "countingType"));
  if (counting == "ONE_PER_CLICK") fields["counting"] = std::string("one");
  if (counting == "MANY_PER_CLICK") fields["counting"] = std::string("every");
  MAXOPT_TRY(const auto click, Integer(row, at + "clickThroughLookbackWindowDays"));
  if (click && *click > 0) fields["attribution_click_days"] = *click;
  MAXOPT_TRY(const auto view, Integer(row, at + "viewThroughLookbackWindowDays"));
  if (view && *view > 0) fields["attribution_view_days"] = *view;
  MAXOPT_TRY(const std::string model, Text(row, at + "attributionModelSettings.attributionModel"));
  if (model == "GOOGLE_ADS_LAST_CLICK") {
    fields["attribution_model"] = std::string("last_click");
  } else if (model == "GOOGLE_SEARCH_ATTRIBUTION_DATA_DRIVEN") {
    fields["attribution_model"] = std::string("data_driven");
  } else if (!model.empty()) {
    fields["attribution_model"] = Lower(model);
  }
  MAXOPT_TRY(fields["primary"], Flag(row, at + "primaryForGoal"));
  if (const Json* snippets = At(row, at + "tagSnippets");
      snippets != nullptr && snippets->is_array()) {
    for (const Json& snippet : *snippets) {
      MAXOPT_TRY(const std::string event, Text(snippet, "eventSnippet"));
      if (const std::string tag = TagOf(event); !tag.empty()) {
        fields["tag"] = tag;
        break;
      }
    }
  }
  return entity;
}

constexpr std::string_view kCampaignSelect =
    "SELECT campaign.id, campaign.name, campaign.status, campaign.primary_status, "
    "campaign.primary_status_reasons, campaign.advertising_channel_type, "
    "campaign.bidding_strategy_type, campaign.start_date_time, campaign.end_date_time, "
    "campaign.contains_eu_political_advertising, campaign.frequency_caps, "
    "campaign.maximize_conversions.target_cpa_micros, campaign.target_cpa.target_cpa_micros, "
    "campaign.maximize_conversion_value.target_roas, campaign.target_roas.target_roas, "
    "campaign_budget.id, campaign_budget.delivery_method, campaign_budget.amount_micros, "
    "campaign_budget.total_amount_micros FROM campaign";
constexpr std::string_view kAdGroupSelect =
    "SELECT ad_group.id, ad_group.name, ad_group.status, ad_group.primary_status, "
    "ad_group.primary_status_reasons, ad_group.cpc_bid_micros, campaign.id FROM ad_group";
constexpr std::string_view kAdSelect =
    "SELECT ad_group_ad.ad.id, ad_group_ad.ad.name, ad_group_ad.ad.final_urls, "
    "ad_group_ad.ad.final_url_suffix, ad_group_ad.ad.url_custom_parameters, "
    "ad_group_ad.ad.responsive_search_ad.headlines, "
    "ad_group_ad.ad.responsive_search_ad.descriptions, "
    "ad_group_ad.ad.responsive_display_ad.headlines, "
    "ad_group_ad.ad.responsive_display_ad.long_headline, "
    "ad_group_ad.ad.responsive_display_ad.descriptions, "
    "ad_group_ad.ad.responsive_display_ad.marketing_images, "
    "ad_group_ad.ad.responsive_display_ad.square_marketing_images, "
    "ad_group_ad.ad.responsive_display_ad.logo_images, "
    "ad_group_ad.ad.responsive_display_ad.youtube_videos, "
    "ad_group_ad.ad.responsive_display_ad.call_to_action_text, ad_group_ad.status, "
    "ad_group_ad.primary_status, ad_group_ad.primary_status_reasons, "
    "ad_group_ad.policy_summary.review_status, ad_group_ad.policy_summary.approval_status, "
    "ad_group_ad.policy_summary.policy_topic_entries, ad_group.id, campaign.id FROM ad_group_ad";
constexpr std::string_view kAssetSelect = "SELECT asset.id, asset.name, asset.type FROM asset";
constexpr std::string_view kConversionSelect =
    "SELECT conversion_action.id, conversion_action.name, conversion_action.status, "
    "conversion_action.category, conversion_action.counting_type, "
    "conversion_action.click_through_lookback_window_days, "
    "conversion_action.view_through_lookback_window_days, "
    "conversion_action.attribution_model_settings.attribution_model, "
    "conversion_action.primary_for_goal, conversion_action.tag_snippets FROM conversion_action";

/// Runs `select` once, or once for every kIdsAtOnce ids.
Result<std::vector<Json>> Select(const Client& client, const std::string& customer,
                                 std::string_view select,
                                 const std::vector<std::string>& conditions,
                                 std::string_view id_field, const std::vector<std::string>* ids,
                                 std::string_view order, http::Deadline deadline) {
  std::vector<Json> rows;
  for (std::size_t from = 0; ids == nullptr || from < ids->size(); from += kIdsAtOnce) {
    auto all = conditions;
    if (ids != nullptr) {
      const auto first = ids->begin() + static_cast<std::ptrdiff_t>(from);
      const auto last =
          ids->begin() + static_cast<std::ptrdiff_t>(std::min(from + kIdsAtOnce, ids->size()));
      all.push_back(fmt::format("{} IN ({})", id_field, fmt::join(first, last, ", ")));
    }
    std::string query(select);
    if (!all.empty()) query += fmt::format(" WHERE {}", fmt::join(all, " AND "));
    query += fmt::format(" ORDER BY {}", order);
    MAXOPT_TRY(auto part, client.SearchAll(customer, query, deadline));
    std::move(part.begin(), part.end(), std::back_inserter(rows));
    if (ids == nullptr) break;
  }
  return rows;
}

std::vector<std::string> IdsOf(const std::vector<Entity>& entities) {
  std::vector<std::string> ids;
  ids.reserve(entities.size());
  for (const Entity& entity : entities) ids.push_back(entity.id);
  return ids;
}

constexpr std::string_view kCriteriaTypes[] = {
    "campaign_criterion.type IN ('LOCATION', 'LANGUAGE', 'KEYWORD', 'AD_SCHEDULE', "
    "'DEVICE')",
    "ad_group_criterion.type IN ('KEYWORD', 'AGE_RANGE', 'GENDER', 'USER_LIST')"};

/// Adds what Google keeps as criteria, as sorted sets.
Result<> AddTargeting(const Client& client, const std::string& customer, Level level,
                      const Wanted& wanted, std::vector<Entity>& entities,
                      http::Deadline deadline) {
  if (entities.empty()) return {};
  const bool campaign = level == Level::kCampaign;
  std::vector<std::string> conditions = {std::string(kCriteriaTypes[campaign ? 0 : 1])};
  const std::vector<std::string> ids = IdsOf(entities);
  const bool all = wanted.by == Wanted::By::kNotRemoved;
  if (all) conditions.emplace_back("campaign.status != 'REMOVED'");
  if (all && !campaign) conditions.emplace_back("ad_group.status != 'REMOVED'");
  MAXOPT_TRY(const auto rows, Select(client, customer, CriteriaSelect(level), conditions,
                                     campaign ? "campaign.id" : "ad_group.id", all ? nullptr : &ids,
                                     campaign ? "campaign.id, campaign_criterion.criterion_id"
                                              : "ad_group.id, ad_group_criterion.criterion_id",
                                     deadline));
  std::map<std::string, std::vector<Criterion>> by_owner;
  for (const Json& row : rows) {
    MAXOPT_TRY(const std::string owner, Id(row, campaign ? "campaign.id" : "adGroup.id"));
    MAXOPT_TRY(auto criterion, CriterionOf(row, level, customer));
    by_owner[owner].push_back(std::move(criterion));
  }
  for (Entity& entity : entities) AddCriteria(by_owner[entity.id], level, entity.fields);
  return {};
}

/// Keeps the image of a search ad only where the link of its ad group still exists.
Result<> CheckImages(const Client& client, const std::string& customer,
                     const std::set<std::string>& search_ads, std::vector<Entity>& ads,
                     http::Deadline deadline) {
  std::set<std::string> with_image;
  for (const Entity& ad : ads) {
    if (ad.fields.contains("image") && search_ads.contains(ad.id)) with_image.insert(ad.parent_id);
  }
  if (with_image.empty()) return {};
  const std::vector<std::string> ad_groups(with_image.begin(), with_image.end());
  MAXOPT_TRY(const auto rows,
             Select(client, customer,
                    "SELECT ad_group.id, ad_group_asset.asset, ad_group_asset.status "
                    "FROM ad_group_asset",
                    {"ad_group_asset.field_type = 'AD_IMAGE'"}, "ad_group.id", &ad_groups,
                    "ad_group.id", deadline));
  std::set<std::pair<std::string, std::string>> linked;
  for (const Json& row : rows) {
    MAXOPT_TRY(const std::string ad_group, Id(row, "adGroup.id"));
    MAXOPT_TRY(const std::string asset, Text(row, "adGroupAsset.asset"));
    MAXOPT_TRY(const std::string status, Text(row, "adGroupAsset.status"));
    if (status != "REMOVED") linked.emplace(ad_group, LastId(asset));
  }
  for (Entity& ad : ads) {
    if (!search_ads.contains(ad.id)) continue;
    if (!linked.contains({ad.parent_id, TextField(ad.fields, "image")})) ad.fields.erase("image");
  }
  return {};
}

}  // namespace

Result<AccountInfo> ReadInfo(const Client& client, const std::string& customer,
                             http::Deadline deadline) {
  MAXOPT_TRY(const auto rows,
             client.SearchAll(customer,
                              "SELECT customer.id, customer.descriptive_name, "
                              "customer.currency_code, customer.time_zone, customer.status "
                              "FROM customer",
                              deadline));
  if (rows.size() != 1) {
    return Fail(Errc::kBadAnswer, fmt::format("Google Ads answered {} rows for the one account {}",
                                              rows.size(), customer));
  }
  MAXOPT_TRY(AccountInfo info, InfoOf(rows.front(), "customer"));
  if (info.account.id != customer) {
    return Fail(Errc::kBadAnswer, fmt::format("Google Ads was asked for the account {} and "
                                              "answered for {}; nothing of it is used",
                                              customer, info.account.id));
  }
  return info;
}

Result<std::vector<AccountInfo>> ListAccounts(const Client& client,
                                              const std::string& login_customer_id,
                                              http::Deadline deadline) {
  std::vector<std::string> seeds;
  if (login_customer_id.empty()) {
    MAXOPT_TRY(const auto answer, client.Get("customers:listAccessibleCustomers", deadline));
    MAXOPT_TRY(const auto names, Texts(answer.body, "resourceNames"));
    for (const std::string& name : names) {
      const std::string id = LastId(name);
      if (id.empty()) {
        return Fail(Errc::kBadAnswer, fmt::format("Google Ads named the account \"{}\"", name));
      }
      seeds.push_back(id);
    }
  } else {
    seeds.push_back(login_customer_id);
  }
  std::map<std::string, AccountInfo> accounts;
  for (const std::string& seed : seeds) {
    auto rows = client.SearchAll(seed,
                                 "SELECT customer_client.id, customer_client.descriptive_name, "
                                 "customer_client.currency_code, customer_client.time_zone, "
                                 "customer_client.status, customer_client.manager "
                                 "FROM customer_client",
                                 deadline);
    if (!rows && rows.error().code == Errc::kForbidden) {
      // Cancelled accounts stay in the list of those that the person once had.
      accounts.emplace(
          seed, AccountInfo{{Platform::kGoogleAds, seed}, "", kNoCurrency, "", "not accessible"});
      continue;
    }
    if (!rows) return FailWithin("account " + seed, rows.error());
    for (const Json& row : *rows) {
      MAXOPT_TRY(const bool manager, Flag(row, "customerClient.manager"));
      if (manager) continue;  // holds no campaigns
      MAXOPT_TRY(AccountInfo info, InfoOf(row, "customerClient"));
      std::string id = info.account.id;
      accounts.insert_or_assign(std::move(id), std::move(info));
    }
  }
  std::vector<AccountInfo> list;
  list.reserve(accounts.size());
  for (auto& [id, info] : accounts) list.push_back(std::move(info));
  return list;
}

Result<std::vector<Entity>> ReadEntities(const Client& client, const AccountInfo& account,
                                         Level level, const Wanted& wanted,
                                         http::Deadline deadline) {
  const std::string& customer = account.account.id;
  std::string_view select;
  std::string id_field;
  std::string name_field;
  std::vector<std::string> conditions;
  const bool not_removed = wanted.by == Wanted::By::kNotRemoved;
  switch (level) {
    case Level::kCampaign:
      select = kCampaignSelect;
      id_field = "campaign.id";
      name_field = "campaign.name";
      if (not_removed) conditions = {"campaign.status != 'REMOVED'"};
      break;
    case Level::kAdGroup:
      select = kAdGroupSelect;
      id_field = "ad_group.id";
      name_field = "ad_group.name";
      if (not_removed)
        conditions = {"campaign.status != 'REMOVED'", "ad_group.status != 'REMOVED'"};
      break;
    case Level::kAd:
      select = kAdSelect;
      id_field = "ad_group_ad.ad.id";
      if (not_removed) {
        conditions = {"campaign.status != 'REMOVED'", "ad_group.status != 'REMOVED'",
                      "ad_group_ad.status != 'REMOVED'"};
      }
      break;
    case Level::kConversion:
      select = kConversionSelect;
      id_field = "conversion_action.id";
      name_field = "conversion_action.name";
      if (not_removed) conditions = {"conversion_action.status != 'REMOVED'"};
      break;
    case Level::kAsset:
      select = kAssetSelect;
      id_field = "asset.id";
      name_field = "asset.name";
      break;
    case Level::kAccount:
      return Fail(Errc::kInvalidArgument, "an account is no object of an account tree");
  }
  if (wanted.by == Wanted::By::kMarker) {
    if (level == Level::kAd) {
      conditions.emplace_back(
          "ad_group_ad.ad.type IN ('RESPONSIVE_SEARCH_AD', 'RESPONSIVE_DISPLAY_AD')");
    } else {
      conditions.push_back(
          fmt::format("{} LIKE {}", name_field, Quoted("%" + LikeEscaped(wanted.marker))));
    }
  }
  if (wanted.by == Wanted::By::kIds) {
    if (wanted.ids.empty()) return std::vector<Entity>();
    for (const std::string& id : wanted.ids) {
      if (!IsDigits(id)) {
        return Fail(Errc::kInvalidArgument, fmt::format("\"{}\" is no id of Google Ads", id));
      }
    }
  }
  MAXOPT_TRY(const auto rows,
             Select(client, customer, select, conditions, id_field,
                    wanted.by == Wanted::By::kIds ? &wanted.ids : nullptr, id_field, deadline));
  std::vector<Entity> entities;
  std::set<std::string> search_ads;
  for (const Json& row : rows) {
    auto entity = level == Level::kCampaign     ? CampaignOf(row, account)
                  : level == Level::kAdGroup    ? AdGroupOf(row, account)
                  : level == Level::kAd         ? AdOf(row)
                  : level == Level::kConversion ? ConversionOf(row)
                                                : AssetOf(row);
    if (!entity) return Fail(entity.error());
    if (At(row, "adGroupAd.ad.responsiveSearchAd") != nullptr) search_ads.insert(entity->id);
    // LIKE ignores case and a custom parameter cannot be filtered by, so the name decides.
    if (wanted.by == Wanted::By::kMarker &&
        !TextField(entity->fields, "name").ends_with(wanted.marker)) {
      continue;
    }
    entities.push_back(*std::move(entity));
  }
  if (level == Level::kCampaign || level == Level::kAdGroup) {
    MAXOPT_CHECK(AddTargeting(client, customer, level, wanted, entities, deadline));
  } else if (level == Level::kAd) {
    MAXOPT_CHECK(CheckImages(client, customer, search_ads, entities, deadline));
  }
  return entities;
}

Result<std::vector<Criterion>> ReadCriteria(const Client& client, const std::string& customer,
                                            Level level, const std::string& id,
                                            http::Deadline deadline) {
  const bool campaign = level == Level::kCampaign;
  const std::vector<std::string> ids = {id};
  MAXOPT_TRY(const auto rows, Select(client, customer, CriteriaSelect(level),
                                     {std::string(kCriteriaTypes[campaign ? 0 : 1])},
                                     campaign ? "campaign.id" : "ad_group.id", &ids,
                                     campaign ? "campaign_criterion.criterion_id"
                                              : "ad_group_criterion.criterion_id",
                                     deadline));
  std::vector<Criterion> criteria;
  for (const Json& row : rows) {
    MAXOPT_TRY(auto criterion, CriterionOf(row, level, customer));
    criteria.push_back(std::move(criterion));
  }
  return criteria;
}

}  // namespace maxopt::google_ads
