#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/tiktok/state.h"

namespace maxopt::sim::tiktok {
namespace {

constexpr std::size_t kFilterIdsMax = 100;

bool Contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// The filters that a list knows, by level.
std::string_view Filters(Level level) {
  switch (level) {
    case Level::kCampaign:
      return "campaign_ids campaign_name primary_status secondary_status objective_type "
             "creation_filter_start_time creation_filter_end_time buying_types campaign_type";
    case Level::kAdGroup:
      return "campaign_ids adgroup_ids adgroup_name primary_status secondary_status objective_type "
             "creation_filter_start_time creation_filter_end_time buying_types optimization_goal "
             "billing_events promotion_type";
    case Level::kAd:
      return "campaign_ids adgroup_ids ad_ids ad_name primary_status secondary_status "
             "objective_type creation_filter_start_time creation_filter_end_time buying_types "
             "optimization_goal modified_after";
    case Level::kAccount:
    case Level::kConversion:
    case Level::kAsset:
      break;
  }
  Bug();
}

struct Filter {
  std::vector<std::string> campaign_ids;
  std::vector<std::string> adgroup_ids;
  std::vector<std::string> ad_ids;
  bool by_campaign = false;
  bool by_ad_group = false;
  bool by_ad = false;
  std::string name;
  std::string primary = "STATUS_NOT_DELETE";
  std::string secondary;
  std::map<std::string, std::string> same;  ///< member -> word
  std::optional<Instant> created_from;
  std::optional<Instant> created_to;
  std::optional<Instant> modified_after;
};

constexpr std::string_view kPrimary =
    "STATUS_DELETE STATUS_DELIVERY_OK STATUS_DISABLE STATUS_NOT_DELIVERY STATUS_TIME_DONE "
    "STATUS_RF_CLOSED STATUS_FROZEN STATUS_ALL STATUS_NOT_DELETE STATUS_DELIVERY_PARTIAL "
    "STATUS_DELIVERY_CATALOG";

Api<Filter> ReadFilter(const Json& filtering, Level level) {
  Filter filter;
  if (!filtering.is_object()) return Refuse(kBadParameter, "filtering: Not a valid object.");
  for (const auto& [name, value] : filtering.items()) {
    if (!IsOneOf(Filters(level), name)) {
      return Refuse(kBadParameter, fmt::format("filtering: {} is not a filter here.", name));
    }
    if (name.ends_with("_ids") || name == "buying_types" || name == "billing_events") {
      MAXOPT_TRY(auto ids, TextList(value, "filtering." + name, kFilterIdsMax));
      if (name == "campaign_ids") {
        filter.campaign_ids = std::move(ids);
        filter.by_campaign = true;
      } else if (name == "adgroup_ids") {
        filter.adgroup_ids = std::move(ids);
        filter.by_ad_group = true;
      } else if (name == "ad_ids") {
        filter.ad_ids = std::move(ids);
        filter.by_ad = true;
      }
      continue;
    }
    if (!value.is_string()) {
      return Refuse(kBadParameter, fmt::format("filtering.{}: Not a valid string.", name));
    }
    const std::string word = value.get<std::string>();
    if (name == NameField(level)) {
      filter.name = word;
    } else if (name == "primary_status") {
      if (!IsOneOf(kPrimary, word)) {
        return Refuse(kBadParameter,
                      fmt::format("filtering.primary_status: {} is not a status.", word));
      }
      filter.primary = word;
    } else if (name == "secondary_status") {
      filter.secondary = word;
    } else if (name == "creation_filter_start_time") {
      MAXOPT_TRY(filter.created_from, UtcTime(value, "filtering." + name));
    } else if (name == "creation_filter_end_time") {
      MAXOPT_TRY(filter.created_to, UtcTime(value, "filtering." + name));
    } else if (name == "modified_after") {
      MAXOPT_TRY(filter.modified_after, UtcTime(value, "filtering." + name));
    } else {
      filter.same[name] = word;
    }
  }
  return filter;
}

bool Passes(const Filter& filter, const Object& object, const Json& shown) {
  const std::string campaign = object.level == Level::kCampaign ? object.id : object.campaign_id;
  const std::string group = object.level == Level::kAdGroup ? object.id : object.parent_id;
  if (filter.by_campaign && !Contains(filter.campaign_ids, campaign)) return false;
  if (filter.by_ad_group && !Contains(filter.adgroup_ids, group)) return false;
  if (filter.by_ad && !Contains(filter.ad_ids, object.id)) return false;
  if (!filter.name.empty() &&
      Lower(TextOr(shown, NameField(object.level), "")).find(Lower(filter.name)) ==
          std::string::npos) {
    return false;
  }
  const std::string secondary = shown.at("secondary_status").get<std::string>();
  const std::string primary = PrimaryStatus(secondary);
  if (filter.primary == "STATUS_NOT_DELETE") {
    if (primary == "STATUS_DELETE") return false;
  } else if (filter.primary != "STATUS_ALL" && primary != filter.primary) {
    return false;
  }
  if (!filter.secondary.empty() && !filter.secondary.ends_with("_STATUS_ALL") &&
      secondary != filter.secondary) {
    return false;
  }
  for (const auto& [name, word] : filter.same) {
    if (TextOr(shown, name, "") != word) return false;
  }
  if (filter.created_from && object.created_at < *filter.created_from) return false;
  if (filter.created_to && object.created_at > *filter.created_to) return false;
  if (filter.modified_after && object.modified_at <= *filter.modified_after) return false;
  return true;
}

}  // namespace

Review ReviewOfAd(const Object& ad, Instant now) {
  return ReviewOf(TextOr(ad.fields, "ad_text", "") + "\n" + TextOr(ad.fields, "display_name", ""),
                  ad.submitted_at, now);
}

std::string SecondaryStatus(const Account& account, const Object& object, Instant now) {
  const Object* campaign = object.level == Level::kCampaign
                               ? &object
                               : account.Find(Level::kCampaign, object.campaign_id);
  if (object.level == Level::kCampaign) {
    if (object.status == "DELETE") return "CAMPAIGN_STATUS_DELETE";
    return object.status == "ENABLE" ? "CAMPAIGN_STATUS_ENABLE" : "CAMPAIGN_STATUS_DISABLE";
  }
  const Object* group =
      object.level == Level::kAdGroup ? &object : account.Find(Level::kAdGroup, object.parent_id);
  const auto start = UtcTime(group->fields.value("schedule_start_time", Json()), "");
  const auto end = UtcTime(group->fields.value("schedule_end_time", Json()), "");
  const bool ends = TextOr(group->fields, "schedule_type", "") == "SCHEDULE_START_END";
  const bool done = ends && end && now >= *end;
  const bool early = start && now < *start;
  if (object.level == Level::kAdGroup) {
    if (object.status == "DELETE") return "ADGROUP_STATUS_DELETE";
    if (campaign->status == "DELETE") return "ADGROUP_STATUS_CAMPAIGN_DELETE";
    if (object.status != "ENABLE") return "ADGROUP_STATUS_DISABLE";
    if (done) return "ADGROUP_STATUS_TIME_DONE";
    if (campaign->status != "ENABLE") return "ADGROUP_STATUS_CAMPAIGN_DISABLE";
    bool any = false;
    bool approved = false;
    bool pending = false;
    for (const auto& [id, ad] : account.ads) {
      if (ad.parent_id != object.id || ad.status == "DELETE") continue;
      any = true;
      const std::string review = ReviewOfAd(ad, now).status;
      approved = approved || review == "approved";
      pending = pending || review == "pending";
    }
    if (!any) return "ADGROUP_STATUS_CREATE";
    if (!approved) return pending ? "ADGROUP_STATUS_AUDIT" : "ADGROUP_STATUS_AUDIT_DENY";
    if (early) return "ADGROUP_STATUS_NOT_START";
    return "ADGROUP_STATUS_DELIVERY_OK";
  }
  if (object.status == "DELETE") return "AD_STATUS_DELETE";
  if (group->status == "DELETE") return "AD_STATUS_ADGROUP_DELETE";
  if (campaign->status == "DELETE") return "AD_STATUS_CAMPAIGN_DELETE";
  const std::string review = ReviewOfAd(object, now).status;
  if (review == "rejected") return "AD_STATUS_AUDIT_DENY";
  if (review == "pending") return object.resubmitted ? "AD_STATUS_REAUDIT" : "AD_STATUS_AUDIT";
  if (object.status != "ENABLE") return "AD_STATUS_DISABLE";
  if (done) return "AD_STATUS_DONE";
  if (group->status != "ENABLE") return "AD_STATUS_ADGROUP_DISABLE";
  if (campaign->status != "ENABLE") return "AD_STATUS_CAMPAIGN_DISABLE";
  if (early) return "AD_STATUS_NOT_START";
  return "AD_STATUS_DELIVERY_OK";
}

std::string PrimaryStatus(const std::string& secondary) {
  if (secondary.ends_with("_DELETE")) return "STATUS_DELETE";
  if (secondary.ends_with("_DELIVERY_OK") || secondary == "CAMPAIGN_STATUS_ENABLE") {
    return "STATUS_DELIVERY_OK";
  }
  if (secondary.ends_with("_DISABLE")) return "STATUS_DISABLE";
  if (secondary.ends_with("_DONE")) return "STATUS_TIME_DONE";
  return "STATUS_NOT_DELIVERY";
}

Json Show(const Account& account, const Object& object, Instant now) {
  Json shown = object.fields;
  shown["advertiser_id"] = account.id();
  shown["operation_status"] = object.status;
  shown["secondary_status"] = SecondaryStatus(account, object, now);
  shown["create_time"] = PrintUtc(object.created_at);
  shown["modify_time"] = PrintUtc(object.modified_at);
  shown["is_new_structure"] = true;
  shown[IdField(object.level)] = object.id;
  if (object.level == Level::kCampaign) {
    shown["campaign_type"] = TextOr(object.fields, "campaign_type", "REGULAR_CAMPAIGN");
    shown["is_smart_performance_campaign"] = false;
    return shown;
  }
  const Object* campaign = account.Find(Level::kCampaign, object.campaign_id);
  shown["campaign_id"] = object.campaign_id;
  shown["campaign_name"] = campaign->fields.at("campaign_name");
  shown["is_smart_performance_campaign"] = false;
  if (object.level == Level::kAd) {
    const Object* group = account.Find(Level::kAdGroup, object.parent_id);
    shown["adgroup_id"] = object.parent_id;
    shown["adgroup_name"] = group->fields.at("adgroup_name");
    shown["is_aco"] = false;
  }
  return shown;
}

Api<Json> TikTokServer::List(const Call& call, Level level) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_TRY(const Json filtering, JsonParam(call, "filtering", Json::object()));
  MAXOPT_TRY(const Filter filter, ReadFilter(filtering, level));
  MAXOPT_TRY(const Json wanted, JsonParam(call, "fields", Json::array()));
  MAXOPT_TRY(const std::vector<std::string> fields, TextList(wanted, "fields", kFilterIdsMax));
  MAXOPT_TRY(const Page page, PageOf(call, 10));
  for (const std::string& field : fields) {
    constexpr std::string_view kShownOnly =
        "advertiser_id secondary_status create_time modify_time is_new_structure campaign_type "
        "campaign_name adgroup_name adgroup_id campaign_id ad_id is_aco "
        "is_smart_performance_campaign operation_status";
    if (!IsOneOf(CreateFields(level), field) && !IsOneOf(kShownOnly, field)) {
      return Refuse(kBadParameter, fmt::format("fields: {} is not a field here.", field));
    }
  }
  const Instant now = clock_.Now();
  std::vector<Json> found;
  // Newest first, as the platform does.
  const auto& objects = account->Of(level);
  for (auto it = objects.rbegin(); it != objects.rend(); ++it) {
    Json shown = Show(*account, it->second, now);
    if (Passes(filter, it->second, shown)) found.push_back(std::move(shown));
  }
  Json list = Json::array();
  const auto first = static_cast<std::size_t>((page.page - 1) * page.page_size);
  for (std::size_t i = first;
       i < found.size() && i < first + static_cast<std::size_t>(page.page_size); ++i) {
    if (fields.empty()) {
      list.push_back(std::move(found[i]));
      continue;
    }
    Json cut = Json::object();
    for (const std::string& field : fields) {
      if (found[i].contains(field)) cut[field] = found[i].at(field);
    }
    cut[IdField(level)] = found[i].at(IdField(level));
    list.push_back(std::move(cut));
  }
  return Json{{"list", list}, {"page_info", PageInfo(page, found.size())}};
}

Api<Json> TikTokServer::ReviewInfo(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_TRY(const Json wanted, JsonParam(call, "ad_ids", Json()));
  MAXOPT_TRY(const std::vector<std::string> ids, TextList(wanted, "ad_ids", kFilterIdsMax));
  if (ids.empty()) return Refuse(kBadParameter, "ad_ids: Missing data for required field.");
  const Instant now = clock_.Now();
  Json map = Json::object();
  for (const std::string& id : ids) {
    const Object* ad = account->Find(Level::kAd, id);
    if (ad == nullptr) continue;
    const Review review = ReviewOfAd(*ad, now);
    Json info{{"id", id},
              {"is_approved", review.status == "approved"},
              {"review_status", review.status == "approved"   ? "ALL_AVAILABLE"
                                : review.status == "rejected" ? "UNAVAILABLE"
                                                              : "IN_REVIEW"},
              {"appeal_status", "NOT_APPEALED"},
              {"reject_info", Json::array()}};
    if (review.status == "rejected") {
      info["reject_info"].push_back(
          {{"reasons", Json::array({review.reason})},
           {"suggestion", fmt::format("Remove \"{}\" from the ad text.", review.evidence)},
           {"affect_placements", Json::array({"PLACEMENT_TIKTOK"})}});
    }
    map[id] = std::move(info);
  }
  return Json{{"ad_review_map", map}};
}

}  // namespace maxopt::sim::tiktok
