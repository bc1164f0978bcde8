#include "connect/exports/tables.h"

#include <algorithm>

#include "sheet/sheet.h"

namespace maxopt::exports {
using sheet::Trim;
namespace {

using enum Role;
using enum TableKind;

const std::vector<Table>& Tables() {
  static const std::vector<Table> tables = {
      // Fivetran, Google Ads.
      {.title = "Fivetran google_ads account_history",
       .platform = Platform::kGoogleAds,
       .kind = kHistory,
       .must = {"id", "currency code", "descriptive name", "updated at"},
       .roles = {{"id", kAccountId},
                 {"descriptive name", kAccountName},
                 {"currency code", kCurrency},
                 {"time zone", kZone},
                 {"updated at", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kAccount},
      {.title = "Fivetran google_ads campaign_history",
       .platform = Platform::kGoogleAds,
       .kind = kHistory,
       .must = {"id", "name", "customer id", "advertising channel type", "updated at"},
       .roles = {{"id", kCampaignId},
                 {"name", kCampaignName},
                 {"customer id", kAccountId},
                 {"updated at", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kCampaign},
      {.title = "Fivetran google_ads ad_group_history",
       .platform = Platform::kGoogleAds,
       .kind = kHistory,
       .must = {"id", "name", "campaign id", "campaign name", "updated at"},
       .roles = {{"id", kAdGroupId},
                 {"name", kAdGroupName},
                 {"campaign id", kCampaignId},
                 {"campaign name", kCampaignName},
                 {"updated at", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kAdGroup},
      {.title = "Fivetran google_ads ad_history",
       .platform = Platform::kGoogleAds,
       .kind = kHistory,
       .must = {"id", "name", "ad group id", "final urls", "updated at"},
       .roles = {{"id", kAdId},
                 {"name", kAdName},
                 {"ad group id", kAdGroupId},
                 {"updated at", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kAd},
      {.title = "Fivetran google_ads ad_group_criterion_history",
       .platform = Platform::kGoogleAds,
       .kind = kHistory,
       .must = {"id", "ad group id", "keyword text", "updated at"},
       .roles = {{"id", kCriterion},
                 {"ad group id", kAdGroupId},
                 {"keyword text", kKeyword},
                 {"updated at", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kAdGroup},
      {.title = "Fivetran google_ads campaign_stats",
       .platform = Platform::kGoogleAds,
       .kind = kStats,
       .must = {"id", "base campaign", "customer id", "date", "cost micros"},
       .roles = {{"id", kCampaignId}},
       .plain = true},
      {.title = "Fivetran google_ads ad_group_stats",
       .platform = Platform::kGoogleAds,
       .kind = kStats,
       .must = {"id", "base ad group", "customer id", "date", "cost micros"},
       .roles = {{"id", kAdGroupId}},
       .plain = true},
      {.title = "Fivetran google_ads keyword_stats",
       .platform = Platform::kGoogleAds,
       .kind = kStats,
       .must = {"ad group criterion criterion id", "ad group id", "date", "cost micros"},
       .roles = {{"ad group criterion criterion id", kCriterion}},
       .plain = true,
       .partial = true},
      {.title = "Fivetran google_ads search_term_keyword_stats",
       .platform = Platform::kGoogleAds,
       .kind = kStats,
       .must = {"search term", "keyword ad group criterion", "date", "cost micros"},
       .roles = {},
       .plain = true,
       .partial = true},
      {.title = "Fivetran google_ads ad_stats",
       .platform = Platform::kGoogleAds,
       .kind = kStats,
       .must = {"ad id", "keyword ad group criterion", "date", "cost micros"},
       // Here "ad group" is a resource name; ad_group_id is often left empty.
       .roles = {{"ad group", kAdGroupId}},
       .plain = true},
      {.title = "Fivetran google_ads account_stats",
       .platform = Platform::kGoogleAds,
       .kind = kStats,
       .must = {"fivetran id", "customer id", "date", "cost micros", "device"},
       .must_not = {"id", "campaign id", "ad group id", "ad id"},
       .roles = {},
       .plain = true},
      // Fivetran, Facebook Ads.
      {.title = "Fivetran facebook_ads basic_ad",
       .platform = Platform::kMeta,
       .kind = kStats,
       .must = {"ad id", "account id", "date", "spend", "inline link clicks"},
       .roles = {},
       .plain = true},
      {.title = "Fivetran facebook_ads basic_ad_action_values",
       .platform = Platform::kMeta,
       .kind = kActionValues,
       .must = {"ad id", "date", "action type", "value"},
       .name_has = "action_values",
       .roles = {{"ad id", kAdId},
                 {"date", kDay},
                 {"action type", kActionType},
                 {"value", kActionValue}},
       .only_these_roles = true,
       .plain = true},
      {.title = "Fivetran facebook_ads basic_ad_actions",
       .platform = Platform::kMeta,
       .kind = kActions,
       .must = {"ad id", "date", "action type", "value"},
       .roles = {{"ad id", kAdId},
                 {"date", kDay},
                 {"action type", kActionType},
                 {"value", kActionValue}},
       .only_these_roles = true,
       .plain = true},
      {.title = "Fivetran facebook_ads demographics_country",
       .platform = Platform::kMeta,
       .kind = kStats,
       .must = {"account id", "country", "date", "spend", "inline link clicks"},
       .roles = {},
       .plain = true,
       .partial = true},
      {.title = "Fivetran facebook_ads demographics_region",
       .platform = Platform::kMeta,
       .kind = kUnused,
       .must = {"account id", "region", "date", "spend", "inline link clicks"},
       .note = "facts are not kept by region"},
      {.title = "Fivetran facebook_ads demographics actions",
       .platform = Platform::kMeta,
       .kind = kUnused,
       .must = {"account id", "action type", "date", "value"},
       .must_not = {"ad id"},
       .note = "its conversions carry neither ad nor campaign"},
      {.title = "Fivetran facebook_ads creative_history",
       .platform = Platform::kMeta,
       .kind = kUnused,
       .must = {"page link", "object story link data link"},
       .note = "creatives' texts and links are not facts"},
      {.title = "Fivetran facebook_ads ad_history",
       .platform = Platform::kMeta,
       .kind = kHistory,
       .must = {"id", "name", "account id", "ad set id", "campaign id", "updated time"},
       .roles = {{"id", kAdId},
                 {"name", kAdName},
                 {"account id", kAccountId},
                 {"ad set id", kAdGroupId},
                 {"campaign id", kCampaignId},
                 {"updated time", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kAd},
      {.title = "Fivetran facebook_ads ad_set_history",
       .platform = Platform::kMeta,
       .kind = kHistory,
       .must = {"id", "name", "account id", "campaign id", "updated time"},
       .roles = {{"id", kAdGroupId},
                 {"name", kAdGroupName},
                 {"account id", kAccountId},
                 {"campaign id", kCampaignId},
                 {"updated time", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kAdGroup},
      {.title = "Fivetran facebook_ads campaign_history",
       .platform = Platform::kMeta,
       .kind = kHistory,
       .must = {"id", "name", "account id", "updated time"},
       .roles = {{"id", kCampaignId},
                 {"name", kCampaignName},
                 {"account id", kAccountId},
                 {"updated time", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kCampaign},
      {.title = "Fivetran facebook_ads account_history",
       .platform = Platform::kMeta,
       .kind = kHistory,
       .must = {"id", "name", "fivetran synced"},
       .must_not = {"account id"},
       .name_has = "facebook_ads",
       .roles = {{"id", kAccountId},
                 {"name", kAccountName},
                 {"currency", kCurrency},
                 {"timezone name", kZone},
                 {"fivetran synced", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kAccount},
      // Fivetran, LinkedIn. Its campaign group is our campaign, its campaign our ad group, its
      // creative our ad, as in dbt_ad_reporting.
      {.title = "Fivetran linkedin_ads ad_account_history",
       .platform = Platform::kLinkedIn,
       .kind = kHistory,
       .must = {"id", "name", "currency", "last modified time"},
       .roles = {{"id", kAccountId},
                 {"name", kAccountName},
                 {"currency", kCurrency},
                 {"last modified time", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kAccount},
      {.title = "Fivetran linkedin_ads campaign_history",
       .platform = Platform::kLinkedIn,
       .kind = kHistory,
       .must = {"id", "name", "account id", "campaign group id", "last modified time"},
       .roles = {{"id", kAdGroupId},
                 {"name", kAdGroupName},
                 {"account id", kAccountId},
                 {"campaign group id", kCampaignId},
                 {"last modified time", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kAdGroup},
      {.title = "Fivetran linkedin_ads campaign_group_history",
       .platform = Platform::kLinkedIn,
       .kind = kHistory,
       .must = {"id", "name", "account id", "last modified time"},
       .roles = {{"id", kCampaignId},
                 {"name", kCampaignName},
                 {"account id", kAccountId},
                 {"last modified time", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kCampaign},
      {.title = "Fivetran linkedin_ads creative_history",
       .platform = Platform::kLinkedIn,
       .kind = kHistory,
       .must = {"id", "campaign id", "intended status"},
       .roles = {{"id", kAdId}, {"campaign id", kAdGroupId}, {"last modified at", kUpdatedAt}},
       .only_these_roles = true,
       .deepest = Level::kAd},
      {.title = "Fivetran linkedin_ads ad_analytics_by_campaign",
       .platform = Platform::kLinkedIn,
       .kind = kStats,
       .must = {"campaign id", "day", "cost in local currency"},
       .roles = {{"campaign id", kAdGroupId},
                 {"external website conversions", kConversions},
                 {"one click leads", kConversionsMore}},
       .plain = true,
       .note = "LinkedIn's campaign is kept as ad group, its campaign group as campaign"},
      {.title = "Fivetran linkedin_ads ad_analytics_by_creative",
       .platform = Platform::kLinkedIn,
       .kind = kStats,
       .must = {"creative id", "day", "cost in local currency"},
       .roles = {{"external website conversions", kConversions},
                 {"one click leads", kConversionsMore}},
       .plain = true,
       .note = "LinkedIn's campaign is kept as ad group, its campaign group as campaign"},
      {.title = "Fivetran linkedin_ads monthly analytics by member country",
       .platform = Platform::kLinkedIn,
       .kind = kUnused,
       .must = {"campaign id", "month", "member country"},
       .note = "its rows are whole months, and facts are kept by day"},
      {.title = "Fivetran linkedin_ads monthly analytics by member region",
       .platform = Platform::kLinkedIn,
       .kind = kUnused,
       .must = {"campaign id", "month", "member region"},
       .note = "its rows are whole months, and facts are kept by day"},
      {.title = "Fivetran linkedin_ads geo",
       .platform = Platform::kLinkedIn,
       .kind = kUnused,
       .must = {"id", "value", "fivetran synced"},
       .must_not = {"account id", "ad id", "campaign id", "name"},
       .note = "names of regions, for tables that are not kept"},
      // dbt_ad_reporting: account_report, campaign_report, ad_group_report, ad_report.
      {.title = "dbt_ad_reporting report",
       .platform = std::nullopt,
       .kind = kStats,
       .must = {"date day", "platform", "account id", "spend"},
       .must_not = {"keyword text", "search query", "base url"},
       .roles = {{"platform", kPlatform}},
       .plain = true},
      // Public data sets.
      {.title = "Facebook export of the public \"KAG conversion\" data set",
       .platform = Platform::kMeta,
       .kind = kStats,
       .must = {"ad id", "xyz campaign id", "fb campaign id", "spent", "approved conversion"},
       .roles = {{"xyz campaign id", kCampaignId},
                 {"fb campaign id", kAdGroupId},
                 {"approved conversion", kConversions}},
       .plain = true,
       .note = "conversions are the approved ones; fb_campaign_id, of which each belongs to one "
               "xyz_campaign_id, is kept as ad group"},
      {.title = "display campaigns by banner and placement",
       .platform = Platform::kOther,
       .kind = kStats,
       .must = {"month", "day", "campaign number", "banner", "displays", "cost"},
       .roles = {{"month", kMonth},
                 {"day", kDayOfMonth},
                 {"campaign number", kCampaignName},
                 {"displays", kImpressions},
                 {"post click conversions", kConversions}},
       .plain = true,
       .note = "a display is counted as an impression"},
      // The client's books.
      {.title = "orders and revenue by day",
       .platform = std::nullopt,
       .kind = kKpi,
       .must = {"orders", "revenue"},
       .must_not = {"spend", "cost", "amount spent", "impressions", "clicks", "campaign"},
       .roles = {{"day", kDay},
                 {"date", kDay},
                 {"orders", kOrders},
                 {"revenue", kRevenue},
                 {"currency", kCurrency},
                 {"client", kClient}},
       .only_these_roles = true},
      // Screens and APIs of the platforms: general meanings, told apart by words only they use.
      {.title = "Meta Ads Manager export",
       .platform = Platform::kMeta,
       .kind = kStats,
       .must = {"amount spent"}},
      {.title = "Meta Insights export",
       .platform = Platform::kMeta,
       .kind = kStats,
       .must = {"spend", "adset name"},
       .must_not = {"advertiser id", "stat time day"}},
      {.title = "Meta Insights export",
       .platform = Platform::kMeta,
       .kind = kStats,
       .must = {"spend", "date start", "date stop"}},
      {.title = "LinkedIn Campaign Manager export",
       .platform = Platform::kLinkedIn,
       .kind = kStats,
       .must = {"total spent", "campaign group name"},
       .roles = {{"campaign group name", kCampaignName},
                 {"campaign group id", kCampaignId},
                 {"campaign name", kAdGroupName},
                 {"campaign id", kAdGroupId}},
       .note = "LinkedIn's campaign is kept as ad group, its campaign group as campaign"},
      {.title = "LinkedIn Campaign Manager export",
       .platform = Platform::kLinkedIn,
       .kind = kStats,
       .must = {"total spent"},
       .roles = {{"campaign name", kAdGroupName}, {"campaign id", kAdGroupId}},
       .note = "LinkedIn's campaign is kept as ad group, its campaign group as campaign"},
      {.title = "TikTok report",
       .platform = Platform::kTikTok,
       .kind = kStats,
       .must = {"stat time day", "spend"}},
      {.title = "TikTok report",
       .platform = Platform::kTikTok,
       .kind = kStats,
       .must = {"advertiser id", "spend"}},
      {.title = "TikTok Ads Manager export",
       .platform = Platform::kTikTok,
       .kind = kStats,
       .must = {"cost", "cpc (destination)"}},
      {.title = "TikTok Ads Manager export",
       .platform = Platform::kTikTok,
       .kind = kStats,
       .must = {"cost", "clicks (destination)"}},
      {.title = "TikTok Ads Manager export",
       .platform = Platform::kTikTok,
       .kind = kStats,
       .must = {"cost", "by day"}},
      {.title = "Microsoft Advertising export",
       .platform = Platform::kMicrosoft,
       .kind = kStats,
       .must = {"spend", "gregorian date"}},
      {.title = "Microsoft Advertising report",
       .platform = Platform::kMicrosoft,
       .kind = kStats,
       .must = {"spend", "time period"}},
      {.title = "Microsoft Advertising export",
       .platform = Platform::kMicrosoft,
       .kind = kStats,
       .must = {"spend", "account number"}},
      {.title = "Google Ads API export",
       .platform = Platform::kGoogleAds,
       .kind = kStats,
       .must = {"cost micros"}},
      {.title = "Google Ads export",
       .platform = Platform::kGoogleAds,
       .kind = kStats,
       .must = {"cost", "impr"}},
      {.title = "Google Ads export",
       .platform = Platform::kGoogleAds,
       .kind = kStats,
       .must = {"cost", "currency code"}},
      // Anything with a spend: the platform comes from the person, the file's name, or is "other".
      {.title = "spend table", .platform = std::nullopt, .kind = kStats, .must = {"spend"}},
      {.title = "spend table", .platform = std::nullopt, .kind = kStats, .must = {"spent"}},
      {.title = "spend table", .platform = std::nullopt, .kind = kStats, .must = {"cost"}},
      {.title = "spend table", .platform = std::nullopt, .kind = kStats, .must = {"total cost"}},
  };
  return tables;
}

struct Alias {
  std::string_view header;
  Role role;
  int rank = 0;
};
constexpr Alias kAliases[] = {
    {"day", kDay},
    {"date", kDay, 1},
    {"date day", kDay},
    {"by day", kDay},
    {"stat time day", kDay},
    {"gregorian date", kDay},
    {"time period", kDay, 2},
    {"start date (in utc)", kDay},
    {"report date", kDay, 2},
    {"reporting starts", kRangeBegin},
    {"reporting ends", kRangeEnd},
    {"date start", kRangeBegin},
    {"date stop", kRangeEnd},
    {"account id", kAccountId},
    {"customer id", kAccountId},
    {"advertiser id", kAccountId},
    {"ad account id", kAccountId},
    {"account number", kAccountId, 2},
    {"account name", kAccountName},
    {"account", kAccountName, 1},
    {"customer descriptive name", kAccountName},
    {"advertiser name", kAccountName},
    {"currency", kCurrency},
    {"currency code", kCurrency},
    {"account currency", kCurrency},
    {"customer currency code", kCurrency},
    {"time zone", kZone},
    {"timezone", kZone},
    {"customer time zone", kZone},
    {"campaign id", kCampaignId},
    {"campaign name", kCampaignName},
    {"campaign", kCampaignName, 1},
    {"ad group id", kAdGroupId},
    {"adgroup id", kAdGroupId},
    {"ad set id", kAdGroupId},
    {"adset id", kAdGroupId},
    {"ad group name", kAdGroupName},
    {"ad group", kAdGroupName, 1},
    {"adgroup name", kAdGroupName},
    {"ad set name", kAdGroupName},
    {"adset name", kAdGroupName},
    {"ad id", kAdId},
    {"creative id", kAdId, 1},
    {"ad group ad ad id", kAdId},
    {"ad name", kAdName},
    {"ad", kAdName, 1},
    {"creative name", kAdName, 1},
    {"ad group ad ad name", kAdName},
    {"amount spent", kSpend},
    {"spend", kSpend},
    {"spent", kSpend},
    {"cost", kSpend, 1},
    {"total spent", kSpend},
    {"total cost", kSpend, 2},
    {"cost in local currency", kSpend},
    {"cost micros", kSpendMicros},
    {"spend micros", kSpendMicros},
    {"impressions", kImpressions},
    {"impr", kImpressions},
    {"clicks", kClicks, 1},
    {"link clicks", kClicks},
    {"inline link clicks", kClicks},
    {"clicks (all)", kClicks, 2},
    {"clicks (destination)", kClicks},
    {"conversions", kConversions},
    {"conversion", kConversions},
    {"total conversions", kConversions, 1},
    {"purchases", kConversions, 1},
    {"website purchases", kConversions, 2},
    {"results", kConversions, 3},
    {"leads", kConversions, 4},
    {"conversions value", kRevenue},
    {"conversion value", kRevenue},
    {"conv value", kRevenue},
    {"total conversion value", kRevenue, 1},
    {"purchases conversion value", kRevenue, 1},
    {"website purchases conversion value", kRevenue, 2},
    {"revenue", kRevenue, 2},
    {"conversion value in local currency", kRevenue},
    {"search impr share", kImpressionShare},
    {"search impression share", kImpressionShare},
    {"impression share", kImpressionShare, 1},
    {"device", kDevice},
    {"device type", kDevice, 1},
    {"impression device", kDevice, 1},
    {"country", kCountry},
    {"country/territory", kCountry},
    {"country/region", kCountry},
    {"placement", kPlacement},
    {"age", kAge},
    {"gender", kGender},
    {"keyword", kKeyword},
    {"search keyword", kKeyword},
    {"keyword text", kKeyword},
    {"search term", kSearchTerm},
    {"search query", kSearchTerm},
    {"attribution setting", kAttribution},
};

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

/// Position of " (EUR)" at the end, if that is a currency; npos otherwise.
std::size_t CurrencySuffix(std::string_view header) {
  const std::size_t open = header.rfind('(');
  if (open == std::string_view::npos || header.size() != open + 5 || !header.ends_with(')') ||
      !FindCurrency(header.substr(open + 1, 3))) {
    return std::string_view::npos;
  }
  return open;
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case kDay:
      return "day";
    case kMonth:
      return "month of the day";
    case kDayOfMonth:
      return "day of the month";
    case kRangeBegin:
      return "first day";
    case kRangeEnd:
      return "last day";
    case kPlatform:
      return "platform";
    case kAccountId:
      return "account id";
    case kAccountName:
      return "account name";
    case kCurrency:
      return "currency";
    case kZone:
      return "time zone";
    case kCampaignId:
      return "campaign id";
    case kCampaignName:
      return "campaign name";
    case kAdGroupId:
      return "ad group id";
    case kAdGroupName:
      return "ad group name";
    case kAdId:
      return "ad id";
    case kAdName:
      return "ad name";
    case kSpend:
      return "spend";
    case kSpendMicros:
      return "spend (micros)";
    case kImpressions:
      return "impressions";
    case kClicks:
      return "clicks";
    case kConversions:
      return "conversions";
    case kConversionsMore:
      return "conversions (added)";
    case kRevenue:
      return "revenue";
    case kImpressionShare:
      return "impression share";
    case kDevice:
      return "device";
    case kCountry:
      return "country";
    case kPlacement:
      return "placement";
    case kAge:
      return "age";
    case kGender:
      return "gender";
    case kKeyword:
      return "keyword";
    case kCriterion:
      return "keyword id";
    case kSearchTerm:
      return "search term";
    case kAttribution:
      return "attribution window";
    case kUpdatedAt:
      return "age of the row";
    case kActionType:
      return "action type";
    case kActionValue:
      return "action value";
    case kOrders:
      return "orders";
    case kClient:
      return "client";
  }
  Bug();
}

std::span<const Table> KnownTables() { return Tables(); }

std::string NormaliseHeader(std::string_view header) {
  header = Trim(header);
  if (const std::size_t suffix = CurrencySuffix(header); suffix != std::string_view::npos) {
    header = Trim(header.substr(0, suffix));
  }
  std::string out;
  for (std::size_t at = 0; at < header.size(); ++at) {
    char c = header[at];
    if (c == '_' || c == '.' || c == '-' || c == '\t' || c == '\n' || c == '\r' || c == ':') {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) == 0xC2 && at + 1 < header.size() &&
        static_cast<unsigned char>(header[at + 1]) == 0xA0) {
      ++at;
      c = ' ';
    }
    // CamelCase of the Microsoft API.
    if (IsUpper(c) && at > 0 && IsLower(header[at - 1])) out += ' ';
    if (IsUpper(c)) c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += c;
  }
  while (out.ends_with(' ')) out.pop_back();
  for (const std::string_view prefix : {"metrics ", "segments "}) {
    if (out.starts_with(prefix)) out.erase(0, prefix.size());
  }
  return out;
}

std::optional<Currency> CurrencyInHeader(std::string_view header) {
  header = Trim(header);
  const std::size_t suffix = CurrencySuffix(header);
  if (suffix == std::string_view::npos) return std::nullopt;
  return FindCurrency(header.substr(suffix + 1, 3)).value();
}

std::optional<Meaning> MeaningOf(std::string_view normalised) {
  const auto found = std::ranges::find(kAliases, normalised, &Alias::header);
  if (found == std::end(kAliases)) return std::nullopt;
  return Meaning{found->role, found->rank};
}

}  // namespace maxopt::exports
