#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "connect/google_ads/read.h"
#include "connect/google_ads/rows.h"
#include "json/json.h"

namespace maxopt::google_ads {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kRowsMax = 10'000;  // Google's limit of one query
constexpr std::chrono::minutes kKept = std::chrono::hours(24 * 30);
constexpr std::chrono::minutes kMargin{10};  // the server's clock is not ours

struct Kind {
  std::string_view google;
  Level level;
  /// What names the object: the changed resource itself, or the one it belongs to.
  std::string_view id_of;
};
constexpr Kind kKinds[] = {
    {"CAMPAIGN", Level::kCampaign, "changeResourceName"},
    {"CAMPAIGN_BUDGET", Level::kCampaign, "campaign"},
    {"CAMPAIGN_CRITERION", Level::kCampaign, "campaign"},
    {"CAMPAIGN_ASSET", Level::kCampaign, "campaign"},
    {"AD_GROUP", Level::kAdGroup, "changeResourceName"},
    {"AD_GROUP_CRITERION", Level::kAdGroup, "adGroup"},
    {"AD_GROUP_BID_MODIFIER", Level::kAdGroup, "adGroup"},
    {"AD_GROUP_ASSET", Level::kAdGroup, "adGroup"},
    {"AD_GROUP_AD", Level::kAd, "changeResourceName"},
    {"AD", Level::kAd, "changeResourceName"},
    {"ASSET", Level::kAsset, "changeResourceName"},
};

/// Google's field -> the catalogue's, where it has one.
constexpr std::pair<std::string_view, std::string_view> kFieldWords[] = {
    {"amountMicros", "daily_budget"},
    {"amount_micros", "daily_budget"},
    {"totalAmountMicros", "lifetime_budget"},
    {"total_amount_micros", "lifetime_budget"},
    {"cpcBidMicros", "bid"},
    {"cpc_bid_micros", "bid"},
    {"startDateTime", "start_at"},
    {"start_date_time", "start_at"},
    {"endDateTime", "end_at"},
    {"end_date_time", "end_at"},
    {"deliveryMethod", "pacing"},
    {"delivery_method", "pacing"},
    {"targetCpaMicros", "target_cpa"},
    {"target_cpa_micros", "target_cpa"},
    {"targetRoas", "target_roas_bp"},
    {"target_roas", "target_roas_bp"},
    {"biddingStrategyType", "bid_strategy"},
    {"bidding_strategy_type", "bid_strategy"},
    {"frequencyCaps", "frequency_cap"},
    {"frequency_caps", "frequency_cap"},
    {"containsEuPoliticalAdvertising", "eu_political"},
    {"contains_eu_political_advertising", "eu_political"},
    {"bidModifier", "bid_modifiers"},
    {"bid_modifier", "bid_modifiers"},
    {"finalUrls", "landing_url"},
    {"final_urls", "landing_url"},
    {"finalUrlSuffix", "url_tags"},
    {"final_url_suffix", "url_tags"},
};
/// Messages of a campaign that are its way of bidding, one of them at a time.
constexpr std::string_view kBidding[] = {"manualCpc",
                                         "maximizeConversions",
                                         "maximizeConversionValue",
                                         "targetSpend",
                                         "targetCpa",
                                         "targetRoas",
                                         "manual_cpc",
                                         "maximize_conversions",
                                         "target_cpa",
                                         "target_roas",
                                         "target_spend",
                                         "maximize_conversion_value"};

constexpr std::string_view kOwnName = "changeResourceName";

bool IsMoneyOrPace(std::string_view field) {
  return field == "daily_budget" || field == "lifetime_budget" || field == "pacing";
}

/// A field mask ("amountMicros,status") as a list of the catalogue's names.
std::vector<std::string> FieldsOfMask(std::string_view mask) {
  std::vector<std::string> fields;
  while (!mask.empty()) {
    const std::size_t comma = std::min(mask.find(','), mask.size());
    std::string_view path = mask.substr(0, comma);
    mask.remove_prefix(std::min(comma + 1, mask.size()));
    const std::size_t dot = path.rfind('.');
    const std::string_view leaf = dot == std::string_view::npos ? path : path.substr(dot + 1);
    const std::string_view root = path.substr(0, path.find('.'));
    const bool bidding =
        std::find(std::begin(kBidding), std::end(kBidding), root) != std::end(kBidding);
    if (bidding && std::find(fields.begin(), fields.end(), "bid_strategy") == fields.end()) {
      fields.emplace_back("bid_strategy");
    }
    if (bidding && root == path) continue;
    for (const auto& [google, ours] : kFieldWords) {
      if (leaf == google) path = ours;
    }
    if (path == leaf || leaf == "status" || leaf == "name") {
      fields.emplace_back(path == leaf ? path : leaf);
    } else {
      fields.emplace_back(path);
    }
  }
  return fields;
}

/// The catalogue's lists that a changed criterion is a member of. Which one may stand in the state
/// before the change only (it was removed) or after it.
std::vector<std::string> FieldsOfCriterion(const Json& row, Level level) {
  const bool campaign = level == Level::kCampaign;
  const char* name = campaign ? "campaignCriterion" : "adGroupCriterion";
  for (const char* state : {"newResource", "oldResource"}) {
    const Json* resource = At(row, fmt::format("changeEvent.{}.{}", state, name));
    if (resource == nullptr) continue;
    // As a query would tell it; it is not asked who its parent is.
    Json told = {{name, *resource}};
    told[name].erase("status");
    told[campaign ? "campaign" : "adGroup"] = {{"id", "0"}};
    const auto criterion = CriterionOf(told, level, "0");
    if (!criterion || criterion->field.empty()) continue;
    if (criterion->field == "age_min") return {"age_min", "age_max"};
    return {criterion->field};
  }
  return {};
}

/// "2026-11-20 10:11:12.345678" on the account's clock.
Result<Instant> InstantOf(const std::string& text, const Zone& zone) {
  const auto local = ParseLocal(std::string_view(text).substr(0, 19));
  if (!local) {
    return Fail(Errc::kBadAnswer, fmt::format("Google Ads dated a change \"{}\"", text));
  }
  Instant at = zone.ToInstant(*local);
  if (text.size() > 20 && text[19] == '.') {
    std::string digits = text.substr(20, 6);
    digits.resize(6, '0');
    int micros = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), micros);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      return Fail(Errc::kBadAnswer, fmt::format("Google Ads dated a change \"{}\"", text));
    }
    at += std::chrono::microseconds(micros);
  }
  return at;
}

std::string LocalText(Instant at, const Zone& zone) { return PrintLocal(zone.LocalOf(at)); }

Result<HistoryEvent> EventOf(const Json& row, const Zone& zone) {
  HistoryEvent event{};
  event.level = Level::kAccount;
  MAXOPT_TRY(const std::string at, Text(row, "changeEvent.changeDateTime"));
  MAXOPT_TRY(event.at, InstantOf(at, zone));
  MAXOPT_TRY(const std::string type, Text(row, "changeEvent.changeResourceType"));
  MAXOPT_TRY(const std::string resource, Text(row, "changeEvent.changeResourceName"));
  event.id = resource;  // kept whole where no level of ours fits
  const auto* kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                  [&](const Kind& k) { return k.google == type; });
  if (kind != std::end(kKinds)) {
    MAXOPT_TRY(const std::string owner, Text(row, fmt::format("changeEvent.{}", kind->id_of)));
    if (const std::string id = LastId(owner); !id.empty()) {
      event.level = kind->level;
      event.id = id;
    }
  }
  MAXOPT_TRY(event.actor, Text(row, "changeEvent.userEmail"));
  MAXOPT_TRY(event.client_type, Text(row, "changeEvent.clientType"));
  event.ours = event.client_type == "GOOGLE_ADS_API";
  // Recommendations that apply themselves are nobody's doing, whatever name Google gives them.
  if (event.actor.empty() || event.client_type == "GOOGLE_ADS_RECOMMENDATIONS_SUBSCRIPTION") {
    event.actor = "platform";
  }
  MAXOPT_TRY(const std::string operation, Text(row, "changeEvent.resourceChangeOperation"));
  event.operation = Lower(operation);
  MAXOPT_TRY(const std::string mask, Text(row, "changeEvent.changedFields"));
  event.changed_fields = FieldsOfMask(mask);
  // The status of a keyword is not that of its ad group, nor a budget's name that of its campaign.
  const bool hangs_below = kind != std::end(kKinds) && kind->id_of != kOwnName;
  const auto criterion = type.ends_with("_CRITERION") ? FieldsOfCriterion(row, event.level)
                                                      : std::vector<std::string>();
  for (std::string& field : event.changed_fields) {
    const bool foreign = field == "name" || field == "status" || criterion.empty();
    const bool modifier = event.level == Level::kCampaign && field == "bid_modifiers";
    if (hangs_below && foreign && !IsMoneyOrPace(field) && !modifier) {
      field = Lower(type) + "." + field;
    }
  }
  if (!criterion.empty()) {
    const bool modified = event.level == Level::kCampaign &&
                          std::find(event.changed_fields.begin(), event.changed_fields.end(),
                                    "bid_modifiers") != event.changed_fields.end();
    event.changed_fields = criterion;
    if (modified && criterion.front() != "bid_modifiers") {
      // A place whose modifier alone was changed is where it was.
      if (event.operation == "update") event.changed_fields.clear();
      event.changed_fields.emplace_back("bid_modifiers");
    }
  }
  Json detail = Json::object();
  if (const Json* old = At(row, "changeEvent.oldResource")) detail["old"] = *old;
  if (const Json* now = At(row, "changeEvent.newResource")) detail["new"] = *now;
  event.detail = PrintExactJson(detail);
  return event;
}

/// Google does not say which campaign a changed budget belongs to.
Result<> PlaceBudgets(const Client& client, const std::string& customer,
                      std::vector<HistoryEvent>& events, http::Deadline deadline) {
  const std::string prefix = fmt::format("customers/{}/campaignBudgets/", customer);
  std::set<std::string> budgets;
  for (const HistoryEvent& event : events) {
    if (event.id.starts_with(prefix)) budgets.insert(event.id);
  }
  if (budgets.empty()) return {};
  MAXOPT_TRY(const auto rows,
             client.SearchAll(customer,
                              "SELECT campaign.id, campaign.campaign_budget FROM campaign "
                              "ORDER BY campaign.id",
                              deadline));
  std::map<std::string, std::string> campaign_of;
  for (const Json& row : rows) {
    MAXOPT_TRY(const std::string budget, Text(row, "campaign.campaignBudget"));
    MAXOPT_TRY(campaign_of[budget], Id(row, "campaign.id"));
  }
  for (HistoryEvent& event : events) {
    const auto owner = campaign_of.find(event.id);
    if (owner == campaign_of.end()) continue;
    event.level = Level::kCampaign;
    event.id = owner->second;
  }
  return {};
}

}  // namespace

Result<std::vector<HistoryEvent>> ReadHistory(const Client& client, const AccountInfo& account,
                                              Instant from, Instant to, Instant now,
                                              http::Deadline deadline) {
  if (to < from) {
    return Fail(Errc::kInvalidArgument, fmt::format("a history from {} to {} ends before it starts",
                                                    PrintInstant(from), PrintInstant(to)));
  }
  MAXOPT_TRY(const Zone zone, Zone::Find(account.zone));
  from = std::max(from, now - kKept + kMargin);
  std::vector<HistoryEvent> events;
  if (to < from) return events;
  std::string begin = LocalText(from, zone);
  const std::string end = LocalText(to, zone) + ".999999";
  std::set<std::string> seen;
  while (true) {
    MAXOPT_TRY(
        const auto page,
        client.Search(
            account.account.id,
            fmt::format("SELECT change_event.resource_name, change_event.change_date_time, "
                        "change_event.change_resource_type, change_event.change_resource_name, "
                        "change_event.client_type, change_event.user_email, "
                        "change_event.resource_change_operation, change_event.changed_fields, "
                        "change_event.old_resource, change_event.new_resource, "
                        "change_event.campaign, change_event.ad_group FROM change_event "
                        "WHERE change_event.change_date_time >= '{}' "
                        "AND change_event.change_date_time <= '{}' "
                        "ORDER BY change_event.change_date_time ASC LIMIT {}",
                        begin, end, kRowsMax),
            deadline, /*limited=*/true));
    if (!page.complete) {
      return Fail(Errc::kBadAnswer, "Google Ads' change history is incomplete: " + page.why);
    }
    std::string last = begin;
    for (const Json& row : page.rows) {
      MAXOPT_TRY(last, Text(row, "changeEvent.changeDateTime"));
      if (!seen.insert(PrintExactJson(row)).second) continue;
      MAXOPT_TRY(auto event, EventOf(row, zone));
      events.push_back(std::move(event));
    }
    if (page.rows.size() < kRowsMax) break;
    // Full: there may be more. Going on from the last instant repeats what that instant holds,
    // which `seen` knows.
    if (last == begin) {
      return Fail(Errc::kBadAnswer,
                  fmt::format("Google Ads has more than {} changes at {}; the history cannot be "
                              "read past them",
                              kRowsMax, last));
    }
    begin = last;
  }
  MAXOPT_CHECK(PlaceBudgets(client, account.account.id, events, deadline));
  std::stable_sort(events.begin(), events.end(),
                   [](const HistoryEvent& a, const HistoryEvent& b) { return a.at < b.at; });
  return events;
}

}  // namespace maxopt::google_ads
