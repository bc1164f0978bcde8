#include "sim/google_ads/store.h"

#include <fmt/format.h>

#include <algorithm>

#include "domain/digest.h"
#include "sim/google_ads/geo.h"
#include "sim/google_ads/wire.h"

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;

constexpr TypeInfo kInfos[] = {
    {Type::kCampaign, "campaign", "campaign", "Campaign", "campaigns", "CAMPAIGN", "campaignError"},
    {Type::kCampaignBudget, "campaign_budget", "campaignBudget", "CampaignBudget",
     "campaignBudgets", "CAMPAIGN_BUDGET", "campaignBudgetError"},
    {Type::kAdGroup, "ad_group", "adGroup", "AdGroup", "adGroups", "AD_GROUP", "adGroupError"},
    {Type::kAdGroupAd, "ad_group_ad", "adGroupAd", "AdGroupAd", "adGroupAds", "AD_GROUP_AD",
     "adGroupAdError"},
    {Type::kAdGroupCriterion, "ad_group_criterion", "adGroupCriterion", "AdGroupCriterion",
     "adGroupCriteria", "AD_GROUP_CRITERION", "adGroupCriterionError"},
    {Type::kCampaignCriterion, "campaign_criterion", "campaignCriterion", "CampaignCriterion",
     "campaignCriteria", "CAMPAIGN_CRITERION", "campaignCriterionError"},
    {Type::kAsset, "asset", "asset", "Asset", "assets", "ASSET", "assetError"},
    {Type::kAdGroupAsset, "ad_group_asset", "adGroupAsset", "AdGroupAsset", "adGroupAssets",
     "AD_GROUP_ASSET", "assetLinkError"},
    {Type::kConversionAction, "conversion_action", "conversionAction", "ConversionAction",
     "conversionActions", "", "conversionActionError"},
};

void AppendTexts(const json& value, std::string& out) {
  if (value.is_object()) {
    if (const auto text = value.find("text"); text != value.end() && text->is_string()) {
      out += text->get_ref<const std::string&>();
      out += '\n';
    }
    return;
  }
  if (value.is_array()) {
    for (const json& one : value) AppendTexts(one, out);
  }
}

bool Positive(const json& criterion) { return !BoolAt(criterion, "negative"); }

/// States of everything below a campaign or an ad group, for primary_status.
struct Below {
  bool any_group = false;
  bool group_on = false;
  bool any_ad = false;
  bool ad_on = false;
  bool ad_approved = false;
  bool ad_pending = false;
  bool ad_rejected = false;
  bool any_keyword = false;
  bool keyword_on = false;
};

void LookBelow(const Account& account, std::string_view group_key, Instant now, Below& below) {
  const std::string prefix = std::string(group_key) + "~";
  const auto& ads = account.All(Type::kAdGroupAd);
  for (auto at = ads.lower_bound(prefix); at != ads.end() && at->first.starts_with(prefix); ++at) {
    const std::string status = StatusOf(at->second);
    if (status == "REMOVED") continue;
    below.any_ad = true;
    if (status != "ENABLED") continue;
    below.ad_on = true;
    const std::string review = ReviewOfAd(at->second, now).status;
    below.ad_approved = below.ad_approved || review == "approved";
    below.ad_pending = below.ad_pending || review == "pending";
    below.ad_rejected = below.ad_rejected || review == "rejected";
  }
  const auto& criteria = account.All(Type::kAdGroupCriterion);
  for (auto at = criteria.lower_bound(prefix);
       at != criteria.end() && at->first.starts_with(prefix); ++at) {
    const std::string status = StatusOf(at->second);
    if (status == "REMOVED" || !Positive(at->second.body) || !at->second.body.contains("keyword")) {
      continue;
    }
    below.any_keyword = true;
    below.keyword_on = below.keyword_on || status == "ENABLED";
  }
}

struct Primary {
  std::string status;
  std::vector<std::string> reasons;
};

/// What an ad group, or all ad groups of a campaign, lack for serving. `search` needs keywords.
Primary Serveable(const Below& below, bool search) {
  if (!below.any_ad) return {"NOT_ELIGIBLE", {"NO_AD_GROUP_ADS"}};
  if (!below.ad_on) return {"NOT_ELIGIBLE", {"AD_GROUP_ADS_PAUSED"}};
  if (search && !below.any_keyword) return {"NOT_ELIGIBLE", {"NO_KEYWORDS"}};
  if (search && !below.keyword_on) return {"NOT_ELIGIBLE", {"KEYWORDS_PAUSED"}};
  if (below.ad_approved) {
    if (below.ad_rejected) return {"LIMITED", {"HAS_ADS_DISAPPROVED"}};
    return {"ELIGIBLE", {}};
  }
  if (below.ad_pending) return {"PENDING", {"MOST_ADS_UNDER_REVIEW"}};
  return {"NOT_ELIGIBLE", {"HAS_ADS_DISAPPROVED"}};
}

enum class Phase { kNotYet, kRunning, kOver };
Phase PhaseOf(const Account& account, const json& campaign, Instant now) {
  const Flight flight = FlightOf(account, campaign);
  if (flight.begins && now < *flight.begins) return Phase::kNotYet;
  if (flight.ends && now > *flight.ends) return Phase::kOver;
  return Phase::kRunning;
}

bool IsSearch(const json& campaign) {
  return TextAt(campaign, "advertisingChannelType") == "SEARCH";
}

Primary PrimaryOfCampaign(const Account& account, const std::string& key, const json& campaign,
                          Instant now) {
  const std::string status = TextAt(campaign, "status");
  if (status == "REMOVED") return {"REMOVED", {"CAMPAIGN_REMOVED"}};
  if (status == "PAUSED") return {"PAUSED", {"CAMPAIGN_PAUSED"}};
  switch (PhaseOf(account, campaign, now)) {
    case Phase::kNotYet:
      return {"PENDING", {"CAMPAIGN_PENDING"}};
    case Phase::kOver:
      return {"ENDED", {"CAMPAIGN_ENDED"}};
    case Phase::kRunning:
      break;
  }
  if (TextAt(campaign, "advertisingChannelType") == "PERFORMANCE_MAX") {
    return {"NOT_ELIGIBLE", {"NO_ASSET_GROUPS"}};
  }
  Below below;
  const std::string name = account.ResourceName(Type::kCampaign, key);
  for (const auto& [group_key, group] : account.All(Type::kAdGroup)) {
    if (TextAt(group.body, "campaign") != name || StatusOf(group) == "REMOVED") continue;
    below.any_group = true;
    if (StatusOf(group) != "ENABLED") continue;
    below.group_on = true;
    LookBelow(account, group_key, now, below);
  }
  if (!below.any_group) return {"NOT_ELIGIBLE", {"NO_AD_GROUPS"}};
  if (!below.group_on) return {"NOT_ELIGIBLE", {"AD_GROUPS_PAUSED"}};
  return Serveable(below, IsSearch(campaign));
}

/// What stands in the way above an ad group or ad; nullopt: nothing.
std::optional<Primary> Above(const Account& account, const json* campaign, const Object* group,
                             Instant now) {
  if (campaign != nullptr) {
    const std::string status = TextAt(*campaign, "status");
    if (status == "REMOVED") return Primary{"NOT_ELIGIBLE", {"CAMPAIGN_REMOVED"}};
    if (status == "PAUSED") return Primary{"NOT_ELIGIBLE", {"CAMPAIGN_PAUSED"}};
    const Phase phase = PhaseOf(account, *campaign, now);
    if (phase == Phase::kNotYet) return Primary{"PENDING", {"CAMPAIGN_PENDING"}};
    if (phase == Phase::kOver) return Primary{"NOT_ELIGIBLE", {"CAMPAIGN_ENDED"}};
  }
  if (group != nullptr) {
    if (StatusOf(*group) == "REMOVED") return Primary{"NOT_ELIGIBLE", {"AD_GROUP_REMOVED"}};
    if (StatusOf(*group) == "PAUSED") return Primary{"NOT_ELIGIBLE", {"AD_GROUP_PAUSED"}};
  }
  return std::nullopt;
}

void SetPrimary(json& shown, const Primary& primary) {
  shown["primaryStatus"] = primary.status;
  if (!primary.reasons.empty()) shown["primaryStatusReasons"] = primary.reasons;
}

std::string_view BiddingType(const json& campaign) {
  static constexpr std::pair<std::string_view, std::string_view> kTypesOfBidding[] = {
      {"manualCpc", "MANUAL_CPC"},
      {"manualCpm", "MANUAL_CPM"},
      {"manualCpv", "MANUAL_CPV"},
      {"maximizeConversions", "MAXIMIZE_CONVERSIONS"},
      {"maximizeConversionValue", "MAXIMIZE_CONVERSION_VALUE"},
      {"targetCpa", "TARGET_CPA"},
      {"targetRoas", "TARGET_ROAS"},
      {"targetSpend", "TARGET_SPEND"},
      {"targetImpressionShare", "TARGET_IMPRESSION_SHARE"},
      {"targetCpm", "TARGET_CPM"},
  };
  for (const auto& [field, type] : kTypesOfBidding) {
    if (campaign.contains(field)) return type;
  }
  return "";
}

json PolicySummaryOf(const Object& ad, Instant now) {
  const Review review = ReviewOfAd(ad, now);
  if (review.status == "pending") return {{"reviewStatus", "REVIEW_IN_PROGRESS"}};
  json summary = {{"reviewStatus", "REVIEWED"},
                  {"approvalStatus", review.status == "approved" ? "APPROVED" : "DISAPPROVED"}};
  if (review.status == "rejected") {
    summary["policyTopicEntries"] = json::array(
        {{{"topic", review.reason},
          {"type", "PROHIBITED"},
          {"evidences", json::array({{{"textList", {{"texts", {review.evidence}}}}}})}}});
  }
  return summary;
}

std::string_view CriterionTypeOf(const json& criterion) {
  static constexpr std::pair<std::string_view, std::string_view> kTypesOfCriteria[] = {
      {"keyword", "KEYWORD"},
      {"placement", "PLACEMENT"},
      {"location", "LOCATION"},
      {"language", "LANGUAGE"},
      {"device", "DEVICE"},
      {"ageRange", "AGE_RANGE"},
      {"gender", "GENDER"},
      {"userList", "USER_LIST"},
      {"adSchedule", "AD_SCHEDULE"},
      {"userInterest", "USER_INTEREST"},
      {"customAudience", "CUSTOM_AUDIENCE"},
      {"combinedAudience", "COMBINED_AUDIENCE"},
      {"audience", "AUDIENCE"},
  };
  for (const auto& [field, type] : kTypesOfCriteria) {
    if (criterion.contains(field)) return type;
  }
  return "";
}

std::string DisplayNameOf(const json& criterion) {
  if (const auto keyword = criterion.find("keyword"); keyword != criterion.end()) {
    return TextAt(*keyword, "text");
  }
  if (const auto location = criterion.find("location"); location != criterion.end()) {
    const std::string name = TextAt(*location, "geoTargetConstant");
    const auto id = ParseInt64(std::string_view(name).substr(name.rfind('/') + 1));
    const Country* country = id ? CountryById(static_cast<int>(*id)) : nullptr;
    if (country != nullptr) return std::string(country->name);
    const Place* place = id ? PlaceById(static_cast<int>(*id)) : nullptr;
    if (place != nullptr) return std::string(place->name);
  }
  return {};
}

/// What the website must carry: the account's tag, and the snippet of the action with its label.
json TagSnippets(const Account& account, const std::string& key) {
  const std::string tag = fmt::format("AW-{}", account.id());
  const std::string label = Sha256Hex("label of " + tag + "/" + key).substr(0, 19);
  return json::array(
      {{{"type", "WEBPAGE"},
        {"pageFormat", "HTML"},
        {"globalSiteTag",
         fmt::format("<script async src=\"https://www.googletagmanager.com/gtag/js?id={0}\">"
                     "</script>\n<script>\n  gtag('config', '{0}');\n</script>\n",
                     tag)},
        {"eventSnippet",
         fmt::format("<script>\n  gtag('event', 'conversion', {{'send_to': '{}/{}'}});\n"
                     "</script>\n",
                     tag, label)}}});
}

}  // namespace

const TypeInfo& InfoOf(Type type) { return kInfos[static_cast<std::size_t>(type)]; }

const TypeInfo* InfoOfCollection(std::string_view collection) {
  for (const TypeInfo& info : kInfos) {
    if (info.collection == collection) return &info;
  }
  return nullptr;
}

std::string Account::ResourceName(Type type, std::string_view key) const {
  return fmt::format("customers/{}/{}/{}", id(), InfoOf(type).collection, key);
}

const Object* Account::Find(Type type, std::string_view key) const {
  const Objects& all = All(type);
  const auto at = all.find(key);
  return at == all.end() ? nullptr : &at->second;
}

const Object* Account::FindByName(Type type, std::string_view resource_name) const {
  return Find(type, KeyOfName(resource_name, id(), InfoOf(type).collection));
}

void Account::Put(Type type, const std::string& key, Object object) {
  Objects& all = objects_[static_cast<std::size_t>(type)];
  const auto at = all.find(key);
  undo_.push_back({type, key, at == all.end() ? std::nullopt : std::optional<Object>(at->second)});
  all.insert_or_assign(key, std::move(object));
  ++revision_;
}

void Account::AddHistory(HistoryEntry entry) { history_.push_back(std::move(entry)); }

void Account::TakeBackTo(const Mark& mark) {
  while (undo_.size() > mark.undo) {
    Undo& undo = undo_.back();
    Objects& all = objects_[static_cast<std::size_t>(undo.type)];
    if (undo.before) {
      all.insert_or_assign(undo.key, *std::move(undo.before));
    } else {
      all.erase(undo.key);
    }
    undo_.pop_back();
  }
  history_.resize(mark.history);
  next_id_ = mark.next_id;
  ++revision_;
}

std::string KeyOfName(std::string_view resource_name, std::string_view customer_id,
                      std::string_view collection) {
  const std::string prefix = fmt::format("customers/{}/{}/", customer_id, collection);
  if (!resource_name.starts_with(prefix)) return {};
  const std::string_view key = resource_name.substr(prefix.size());
  if (key.find('/') != std::string_view::npos) return {};
  return std::string(key);
}

std::string_view ParentKey(std::string_view key) { return key.substr(0, key.find('~')); }

std::string AdTexts(const json& ad) {
  std::string out;
  for (const auto& [name, value] : ad.items()) {
    if (!value.is_object()) continue;
    for (const auto& [field, texts] : value.items()) AppendTexts(texts, out);
  }
  return out;
}

Review ReviewOfAd(const Object& ad_group_ad, Instant now) {
  const auto ad = ad_group_ad.body.find("ad");
  return ReviewOf(ad == ad_group_ad.body.end() ? std::string() : AdTexts(*ad),
                  ad_group_ad.submitted_at, now);
}

std::string StatusOf(const Object& object) {
  const std::string status = TextAt(object.body, "status");
  return status.empty() ? "ENABLED" : status;
}

Flight FlightOf(const Account& account, const json& campaign) {
  Flight flight;
  const Zone& zone = account.served().setup.zone;
  if (const auto begins = ParseLocal(TextAt(campaign, "startDateTime"))) {
    flight.begins = zone.ToInstant(*begins);
  }
  if (const auto ends = ParseLocal(TextAt(campaign, "endDateTime"))) {
    flight.ends = zone.ToInstant(*ends);
  }
  return flight;
}

json Shown(const Account& account, Type type, const std::string& key, const Object& object,
           Instant now, bool states) {
  json shown = object.body;
  shown["resourceName"] = account.ResourceName(type, key);
  switch (type) {
    case Type::kCampaign: {
      shown["id"] = key;
      shown["experimentType"] = "BASE";
      shown["biddingStrategyType"] = BiddingType(object.body);
      if (!states) break;
      const Primary primary = PrimaryOfCampaign(account, key, object.body, now);
      SetPrimary(shown, primary);
      const Phase phase = PhaseOf(account, object.body, now);
      shown["servingStatus"] = StatusOf(object) == "REMOVED"      ? "NONE"
                               : phase == Phase::kNotYet          ? "PENDING"
                               : phase == Phase::kOver            ? "ENDED"
                               : primary.status == "NOT_ELIGIBLE" ? "NONE"
                                                                  : "SERVING";
      break;
    }
    case Type::kCampaignBudget: {
      shown["id"] = key;
      if (!states) break;
      std::int64_t references = 0;
      const std::string name = account.ResourceName(type, key);
      for (const auto& [campaign_key, campaign] : account.All(Type::kCampaign)) {
        if (StatusOf(campaign) != "REMOVED" && TextAt(campaign.body, "campaignBudget") == name) {
          ++references;
        }
      }
      shown["referenceCount"] = std::to_string(references);
      shown["hasRecommendedBudget"] = false;
      break;
    }
    case Type::kAdGroup: {
      shown["id"] = key;
      if (object.body.contains("cpcBidMicros")) {
        shown["effectiveCpcBidMicros"] = object.body["cpcBidMicros"];
      }
      if (!states) break;
      const Object* campaign = account.FindByName(Type::kCampaign, TextAt(object.body, "campaign"));
      if (StatusOf(object) == "REMOVED") {
        SetPrimary(shown, {"REMOVED", {"AD_GROUP_REMOVED"}});
      } else if (StatusOf(object) == "PAUSED") {
        SetPrimary(shown, {"PAUSED", {"AD_GROUP_PAUSED"}});
      } else if (const auto above =
                     Above(account, campaign ? &campaign->body : nullptr, nullptr, now)) {
        SetPrimary(shown, *above);
      } else {
        Below below;
        LookBelow(account, key, now, below);
        SetPrimary(shown, Serveable(below, campaign != nullptr && IsSearch(campaign->body)));
      }
      break;
    }
    case Type::kAdGroupAd: {
      if (!states) break;
      shown["policySummary"] = PolicySummaryOf(object, now);
      const Object* group = account.FindByName(Type::kAdGroup, TextAt(object.body, "adGroup"));
      const Object* campaign =
          group ? account.FindByName(Type::kCampaign, TextAt(group->body, "campaign")) : nullptr;
      const std::string review = ReviewOfAd(object, now).status;
      if (StatusOf(object) == "REMOVED") {
        SetPrimary(shown, {"REMOVED", {"AD_GROUP_AD_REMOVED"}});
      } else if (StatusOf(object) == "PAUSED") {
        SetPrimary(shown, {"PAUSED", {"AD_GROUP_AD_PAUSED"}});
      } else if (const auto above =
                     Above(account, campaign ? &campaign->body : nullptr, group, now)) {
        SetPrimary(shown, *above);
      } else if (review == "pending") {
        SetPrimary(shown, {"PENDING", {"AD_GROUP_AD_UNDER_REVIEW"}});
      } else if (review == "rejected") {
        SetPrimary(shown, {"NOT_ELIGIBLE", {"AD_GROUP_AD_DISAPPROVED"}});
      } else {
        SetPrimary(shown, {"ELIGIBLE", {}});
      }
      break;
    }
    case Type::kAdGroupCriterion: {
      shown["criterionId"] = key.substr(key.find('~') + 1);
      shown["type"] = CriterionTypeOf(object.body);
      if (const std::string name = DisplayNameOf(object.body); !name.empty()) {
        shown["displayName"] = name;
      }
      if (!shown.contains("negative")) shown["negative"] = false;
      if (Positive(object.body)) {
        shown["approvalStatus"] = "APPROVED";
        const std::string status = StatusOf(object);
        shown["primaryStatus"] = status == "ENABLED" ? "ELIGIBLE" : status;
      }
      break;
    }
    case Type::kCampaignCriterion: {
      shown["criterionId"] = key.substr(key.find('~') + 1);
      shown["type"] = CriterionTypeOf(object.body);
      if (const std::string name = DisplayNameOf(object.body); !name.empty()) {
        shown["displayName"] = name;
      }
      if (!shown.contains("negative")) shown["negative"] = false;
      break;
    }
    case Type::kAsset:
      shown["id"] = key;
      shown["source"] = "ADVERTISER";
      break;
    case Type::kAdGroupAsset:
      shown["source"] = "ADVERTISER";
      shown["primaryStatus"] = StatusOf(object) == "ENABLED" ? "ELIGIBLE" : StatusOf(object);
      break;
    case Type::kConversionAction:
      shown["id"] = key;
      shown["ownerCustomer"] = account.CustomerName();
      shown["includeInConversionsMetric"] =
          object.body.contains("primaryForGoal") ? BoolAt(object.body, "primaryForGoal") : true;
      if (TextAt(object.body, "type") == "WEBPAGE")
        shown["tagSnippets"] = TagSnippets(account, key);
      break;
  }
  return shown;
}

}  // namespace maxopt::sim::google_ads
