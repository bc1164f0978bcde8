#include "connect/google_ads/read.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "connect/google_ads/constants.h"
#include "connect/google_ads/rows.h"
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

std::string BidStrategyWord(const std::string& google) {
  return google == "TARGET_SPEND" ? "maximize_clicks" : Lower(google);
}

Result<Entity> CampaignOf(const Json& row, const AccountInfo& account) {
  Entity entity{};
  entity.level = Level::kCampaign;
  MAXOPT_TRY(entity.id, Id(row, "campaign.id"));
  MAXOPT_TRY(entity.fields["name"], Text(row, "campaign.name"));
  MAXOPT_CHECK(AddStatus(row, "campaign", "CAMPAIGN", entity.fields));
  MAXOPT_TRY(const std::string channel, Text(row, "campaign.advertisingChannelType"));
  if (!channel.empty()) entity.fields["channel_type"] = Lower(channel);
  MAXOPT_TRY(const std::string strategy, Text(row, "campaign.biddingStrategyType"));
  if (!strategy.empty()) entity.fields["bid_strategy"] = BidStrategyWord(strategy);

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
  if (const auto image = parameters.find(std::string(kImageParameter)); image != parameters.end()) {
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

constexpr std::string_view kCampaignSelect =
    "SELECT campaign.id, campaign.name, campaign.status, campaign.primary_status, "
    "campaign.primary_status_reasons, campaign.advertising_channel_type, "
    "campaign.bidding_strategy_type, campaign.start_date_time, campaign.end_date_time, "
    "campaign.contains_eu_political_advertising, campaign_budget.id, "
    "campaign_budget.amount_micros, campaign_budget.total_amount_micros FROM campaign";
constexpr std::string_view kAdGroupSelect =
    "SELECT ad_group.id, ad_group.name, ad_group.status, ad_group.primary_status, "
    "ad_group.primary_status_reasons, ad_group.cpc_bid_micros, campaign.id FROM ad_group";
constexpr std::string_view kAdSelect =
    "SELECT ad_group_ad.ad.id, ad_group_ad.ad.name, ad_group_ad.ad.final_urls, "
    "ad_group_ad.ad.final_url_suffix, ad_group_ad.ad.url_custom_parameters, "
    "ad_group_ad.ad.responsive_search_ad.headlines, "
    "ad_group_ad.ad.responsive_search_ad.descriptions, ad_group_ad.status, "
    "ad_group_ad.primary_status, ad_group_ad.primary_status_reasons, "
    "ad_group_ad.policy_summary.review_status, ad_group_ad.policy_summary.approval_status, "
    "ad_group_ad.policy_summary.policy_topic_entries, ad_group.id, campaign.id FROM ad_group_ad";
constexpr std::string_view kAssetSelect = "SELECT asset.id, asset.name, asset.type FROM asset";

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

/// Adds list fields that are objects of their own at Google, as sorted sets.
using Sets = std::map<std::string, std::map<std::string, std::set<std::string>>>;  // id, field
void AddSets(const Sets& sets, std::vector<Entity>& entities) {
  for (Entity& entity : entities) {
    const auto own = sets.find(entity.id);
    if (own == sets.end()) continue;
    for (const auto& [field, values] : own->second) {
      entity.fields[field] = std::vector<std::string>(values.begin(), values.end());
    }
  }
}

Result<> AddCampaignCriteria(const Client& client, const std::string& customer,
                             const Wanted& wanted, std::vector<Entity>& campaigns,
                             http::Deadline deadline) {
  if (campaigns.empty()) return {};
  std::vector<std::string> conditions = {"campaign_criterion.type IN ('LOCATION', 'LANGUAGE')"};
  std::vector<std::string> ids = IdsOf(campaigns);
  const bool all = wanted.by == Wanted::By::kNotRemoved;
  if (all) conditions.emplace_back("campaign.status != 'REMOVED'");
  MAXOPT_TRY(const auto rows,
             Select(client, customer,
                    "SELECT campaign.id, campaign_criterion.criterion_id, campaign_criterion.type, "
                    "campaign_criterion.status, campaign_criterion.negative, "
                    "campaign_criterion.location.geo_target_constant, "
                    "campaign_criterion.language.language_constant FROM campaign_criterion",
                    conditions, "campaign.id", all ? nullptr : &ids,
                    "campaign.id, campaign_criterion.criterion_id", deadline));
  Sets sets;
  for (const Json& row : rows) {
    MAXOPT_TRY(const std::string campaign, Id(row, "campaign.id"));
    MAXOPT_TRY(const bool negative, Flag(row, "campaignCriterion.negative"));
    MAXOPT_TRY(const std::string status, Text(row, "campaignCriterion.status"));
    // What is left out of the targeting has no field in the catalogue.
    if (negative || status == "REMOVED") continue;
    MAXOPT_TRY(const std::string location,
               Text(row, "campaignCriterion.location.geoTargetConstant"));
    MAXOPT_TRY(const std::string language,
               Text(row, "campaignCriterion.language.languageConstant"));
    if (!location.empty()) sets[campaign]["countries"].insert(CountryOf(location));
    if (!language.empty()) sets[campaign]["languages"].insert(LanguageOf(language));
  }
  AddSets(sets, campaigns);
  return {};
}

Result<> AddKeywords(const Client& client, const std::string& customer, const Wanted& wanted,
                     std::vector<Entity>& ad_groups, http::Deadline deadline) {
  if (ad_groups.empty()) return {};
  std::vector<std::string> conditions = {"ad_group_criterion.type = 'KEYWORD'"};
  std::vector<std::string> ids = IdsOf(ad_groups);
  const bool all = wanted.by == Wanted::By::kNotRemoved;
  if (all) {
    conditions.emplace_back("campaign.status != 'REMOVED'");
    conditions.emplace_back("ad_group.status != 'REMOVED'");
  }
  MAXOPT_TRY(const auto rows,
             Select(client, customer,
                    "SELECT ad_group.id, ad_group_criterion.criterion_id, "
                    "ad_group_criterion.status, ad_group_criterion.negative, "
                    "ad_group_criterion.keyword.text, ad_group_criterion.keyword.match_type "
                    "FROM ad_group_criterion",
                    conditions, "ad_group.id", all ? nullptr : &ids,
                    "ad_group.id, ad_group_criterion.criterion_id", deadline));
  Sets sets;
  for (const Json& row : rows) {
    MAXOPT_TRY(const std::string ad_group, Id(row, "adGroup.id"));
    MAXOPT_TRY(const bool negative, Flag(row, "adGroupCriterion.negative"));
    MAXOPT_TRY(const std::string status, Text(row, "adGroupCriterion.status"));
    // A keyword that somebody paused does not reach anyone.
    if (negative || status != "ENABLED") continue;
    MAXOPT_TRY(const std::string text, Text(row, "adGroupCriterion.keyword.text"));
    MAXOPT_TRY(const std::string match, Text(row, "adGroupCriterion.keyword.matchType"));
    sets[ad_group]["keywords"].insert(fmt::format("{}:{}", Lower(match), text));
  }
  AddSets(sets, ad_groups);
  return {};
}

/// Keeps the image of an ad only where the link of its ad group still exists.
Result<> CheckImages(const Client& client, const std::string& customer, std::vector<Entity>& ads,
                     http::Deadline deadline) {
  std::set<std::string> with_image;
  for (const Entity& ad : ads) {
    if (ad.fields.contains("image")) with_image.insert(ad.parent_id);
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
      conditions.emplace_back("ad_group_ad.ad.type = 'RESPONSIVE_SEARCH_AD'");
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
  for (const Json& row : rows) {
    auto entity = level == Level::kCampaign  ? CampaignOf(row, account)
                  : level == Level::kAdGroup ? AdGroupOf(row, account)
                  : level == Level::kAd      ? AdOf(row)
                                             : AssetOf(row);
    if (!entity) return Fail(entity.error());
    // LIKE ignores case and a custom parameter cannot be filtered by, so the name decides.
    if (wanted.by == Wanted::By::kMarker &&
        !TextField(entity->fields, "name").ends_with(wanted.marker)) {
      continue;
    }
    entities.push_back(*std::move(entity));
  }
  if (level == Level::kCampaign) {
    MAXOPT_CHECK(AddCampaignCriteria(client, customer, wanted, entities, deadline));
  } else if (level == Level::kAdGroup) {
    MAXOPT_CHECK(AddKeywords(client, customer, wanted, entities, deadline));
  } else if (level == Level::kAd) {
    MAXOPT_CHECK(CheckImages(client, customer, entities, deadline));
  }
  return entities;
}

}  // namespace maxopt::google_ads
