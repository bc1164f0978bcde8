#include "sim/meta/fields.h"

#include <fmt/format.h>

#include <charconv>

namespace maxopt::sim::meta {
namespace {

using enum FieldType;

constexpr std::string_view kObjectives =
    "APP_INSTALLS BRAND_AWARENESS CONVERSIONS EVENT_RESPONSES LEAD_GENERATION LINK_CLICKS "
    "LOCAL_AWARENESS MESSAGES OFFER_CLAIMS OUTCOME_APP_PROMOTION OUTCOME_AWARENESS "
    "OUTCOME_ENGAGEMENT OUTCOME_LEADS OUTCOME_SALES OUTCOME_TRAFFIC PAGE_LIKES POST_ENGAGEMENT "
    "PRODUCT_CATALOG_SALES REACH STORE_VISITS VIDEO_VIEWS";
constexpr std::string_view kStatuses = "ACTIVE PAUSED DELETED ARCHIVED";
constexpr std::string_view kBidStrategies =
    "COST_CAP LOWEST_COST_WITHOUT_CAP LOWEST_COST_WITH_BID_CAP LOWEST_COST_WITH_MIN_ROAS";
constexpr std::string_view kBillingEvents =
    "APP_INSTALLS CLICKS IMPRESSIONS LINK_CLICKS LISTING_INTERACTION NONE OFFER_CLAIMS PAGE_LIKES "
    "POST_ENGAGEMENT PURCHASE THRUPLAY";
constexpr std::string_view kOptimizationGoals =
    "ADVERTISER_SILOED_VALUE AD_RECALL_LIFT APP_INSTALLS APP_INSTALLS_AND_OFFSITE_CONVERSIONS "
    "AUTOMATIC_OBJECTIVE CONVERSATIONS DERIVED_EVENTS ENGAGED_PAGE_VIEWS ENGAGED_USERS "
    "EVENT_RESPONSES IMPRESSIONS IN_APP_VALUE LANDING_PAGE_VIEWS LEAD_GENERATION LINK_CLICKS "
    "MEANINGFUL_CALL_ATTEMPT MESSAGING_APPOINTMENT_CONVERSION MESSAGING_PURCHASE_CONVERSION NONE "
    "OFFSITE_CONVERSIONS PAGE_LIKES POST_ENGAGEMENT PROFILE_AND_PAGE_ENGAGEMENT PROFILE_VISIT "
    "QUALITY_CALL QUALITY_LEAD REACH REMINDERS_SET SUBSCRIBERS THRUPLAY VALUE "
    "VISIT_INSTAGRAM_PROFILE";
constexpr std::string_view kDestinations =
    "APP APPLINKS_AUTOMATIC FACEBOOK FACEBOOK_LIVE FACEBOOK_PAGE IMAGINE INSTAGRAM_DIRECT "
    "INSTAGRAM_LIVE INSTAGRAM_PROFILE INSTAGRAM_PROFILE_AND_FACEBOOK_PAGE "
    "MESSAGING_INSTAGRAM_DIRECT_MESSENGER MESSAGING_INSTAGRAM_DIRECT_MESSENGER_WHATSAPP "
    "MESSAGING_INSTAGRAM_DIRECT_WHATSAPP MESSAGING_MESSENGER_WHATSAPP MESSENGER ON_AD ON_EVENT "
    "ON_PAGE ON_POST ON_VIDEO SHOP_AUTOMATIC WEBSITE WHATSAPP";
constexpr std::string_view kSpecialCategories =
    "CREDIT EMPLOYMENT FINANCIAL_PRODUCTS_SERVICES HOUSING ISSUES_ELECTIONS_POLITICS NONE "
    "ONLINE_GAMBLING_AND_GAMING";

constexpr FieldRule kRules[] = {
    {"name", "csarvp", kText, true, {}},
    {"status", "csar", kWord, true, kStatuses},
    {"adlabels", "csar", kStructure, true, {}},
    // budgets and flights
    {"daily_budget", "cs", kMinor, true, {}},
    {"lifetime_budget", "cs", kMinor, true, {}},
    {"bid_strategy", "cs", kWord, true, kBidStrategies},
    {"start_time", "cs", kTime, true, {}},
    {"pacing_type", "cs", kTexts, true, {}},
    {"promoted_object", "cs", kStructure, true, {}},
    {"is_budget_schedule_enabled", "cs", kBool, true, {}},
    // campaign
    {"objective", "c", kWord, true, kObjectives},
    {"buying_type", "c", kWord, false, "AUCTION RESERVED"},
    {"special_ad_categories", "c", kWords, true, kSpecialCategories},
    {"special_ad_category_country", "c", kTexts, true, {}},
    {"spend_cap", "c", kMinor, true, {}},
    {"stop_time", "c", kTime, true, {}},
    {"is_adset_budget_sharing_enabled", "c", kBool, true, {}},
    {"is_skadnetwork_attribution", "c", kBool, true, {}},
    {"source_campaign_id", "c", kText, false, {}},
    {"topline_id", "c", kText, false, {}},
    // ad set
    {"campaign_id", "s", kText, false, {}},
    {"billing_event", "s", kWord, true, kBillingEvents},
    {"optimization_goal", "s", kWord, true, kOptimizationGoals},
    {"bid_amount", "sa", kInteger, true, {}},
    {"bid_constraints", "s", kStructure, true, {}},
    {"targeting", "s", kStructure, true, {}},
    {"attribution_spec", "s", kStructure, true, {}},
    {"destination_type", "s", kWord, false, kDestinations},
    {"end_time", "s", kTime, true, {}},
    {"adset_schedule", "s", kStructure, true, {}},
    {"daily_min_spend_target", "s", kMinor, true, {}},
    {"daily_spend_cap", "s", kMinor, true, {}},
    {"lifetime_min_spend_target", "s", kMinor, true, {}},
    {"lifetime_spend_cap", "s", kMinor, true, {}},
    {"frequency_control_specs", "s", kStructure, true, {}},
    {"is_dynamic_creative", "s", kBool, false, {}},
    {"dsa_beneficiary", "s", kText, true, {}},
    {"dsa_payor", "s", kText, true, {}},
    {"regional_regulated_categories", "s", kTexts, true, {}},
    {"is_incremental_attribution_enabled", "s", kBool, true, {}},
    {"value_rule_set_id", "s", kText, true, {}},
    // ad
    {"adset_id", "a", kText, false, {}},
    {"tracking_specs", "a", kStructure, true, {}},
    {"conversion_domain", "a", kText, true, {}},
    // creative
    {"object_story_spec", "r", kStructure, false, {}},
    {"asset_feed_spec", "r", kStructure, false, {}},
    {"degrees_of_freedom_spec", "r", kStructure, false, {}},
    {"url_tags", "r", kText, false, {}},
    {"instagram_user_id", "r", kText, false, {}},
    {"product_set_id", "r", kText, false, {}},
    // video
    {"title", "v", kText, true, {}},
    {"description", "v", kText, true, {}},
};

char Letter(Kind kind) {
  switch (kind) {
    case Kind::kCampaign:
      return 'c';
    case Kind::kAdSet:
      return 's';
    case Kind::kAd:
      return 'a';
    case Kind::kCreative:
      return 'r';
    case Kind::kVideo:
      return 'v';
    case Kind::kPixel:
      return 'p';
    case Kind::kImage:
      return '-';
  }
  Bug();
}

const FieldRule* FindRule(Kind kind, std::string_view name) {
  for (const FieldRule& rule : kRules) {
    if (rule.name == name && rule.kinds.find(Letter(kind)) != std::string_view::npos) return &rule;
  }
  return nullptr;
}

/// Digits only: "50.5", "1e3", "-1" and "5 EUR" are not amounts here.
std::optional<std::int64_t> Digits(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || value < 0 ||
      text.front() == '-') {
    return std::nullopt;
  }
  return value;
}

bool IsUtf8(const std::string& text) {
  // The JSON library checks UTF-8 when it prints; nothing here needs the printed text.
  try {
    (void)Json(text).dump();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

Graph<Json> ReadWord(const FieldRule& rule, const std::string& text) {
  if (HasWord(rule.words, text)) return Json(text);
  return RefuseParam(fmt::format("Param {} must be one of {{{}}} - got \"{}\".", rule.name,
                                 ListWords(rule.words), text));
}

Graph<Json> ReadField(const FieldRule& rule, const Params& params, const Account& account) {
  const Json& value = *params.Find(rule.name);
  const std::optional<std::string> text = params.Text(rule.name);
  const auto wrong = [&](std::string_view wanted) {
    return RefuseParam(fmt::format("Param {} must be {} - got {}", rule.name, wanted, Dump(value)));
  };
  switch (rule.type) {
    case kText:
      if (!text || !IsUtf8(*text)) return wrong("a UTF-8 text");
      return Json(*text);
    case kMinor: {
      if (value.is_number_float()) return wrong("an integer");
      const auto minor = text ? Digits(*text) : std::nullopt;
      if (!minor) return wrong("an integer");
      if (!MoneyFromMinor(*minor, account.currency(), MinorUnits::kMeta)) {
        return wrong("an amount that can be counted");
      }
      return Json(*minor);
    }
    case kInteger: {
      const auto number = text && !value.is_number_float() ? Digits(*text) : std::nullopt;
      if (!number) return wrong("an integer");
      return Json(*number);
    }
    case kBool:
      if (text && (*text == "true" || *text == "1")) return Json(true);
      if (text && (*text == "false" || *text == "0")) return Json(false);
      return wrong("a boolean");
    case kWord:
      if (!text) return wrong("a text");
      return ReadWord(rule, *text);
    case kWords: {
      auto list = params.List(rule.name);
      if (!list) return Refuse(list.error());
      Json words = Json::array();
      for (const std::string& item : *list) {
        auto word = ReadWord(rule, item);
        if (!word) return word;
        words.push_back(*std::move(word));
      }
      return words;
    }
    case kTexts: {
      auto list = params.List(rule.name);
      if (!list) return Refuse(list.error());
      return Json(*list);
    }
    case kTime: {
      if (text == "0") return Json(nullptr);  // "no end"
      const auto at = ParseMetaTime(rule.name, value, account.zone());
      if (!at) return Refuse(at.error());
      return Json(std::chrono::floor<std::chrono::seconds>(*at).time_since_epoch().count());
    }
    case kStructure:
      return params.Structure(rule.name);
  }
  Bug();
}

// What each object has on Meta besides the rules: derived here, or never set.
constexpr std::string_view kEveryField = "id account_id created_time updated_time adlabels";
constexpr std::string_view kCampaignFields =
    "advantage_state_info boosted_object_id brand_lift_studies budget_rebalance_flag "
    "budget_remaining campaign_group_active_time can_create_brand_lift_study can_use_spend_cap "
    "configured_status effective_status has_secondary_skadnetwork_reporting "
    "is_direct_send_campaign "
    "is_message_campaign issues_info last_budget_toggling_time primary_attribution recommendations "
    "smart_promotion_type source_campaign source_recommendation_type special_ad_category adsets "
    "ads";
constexpr std::string_view kAdSetFields =
    "anchor_event_attribution_window_days asset_feed_id attribution_count_type "
    "automatic_manual_state bid_adjustments bid_info brand_safety_config budget_remaining campaign "
    "campaign_active_time campaign_attribution configured_status creative_sequence "
    "effective_status full_funnel_exploration_mode instagram_user_id is_ba_skip_delayed_eligible "
    "issues_info learning_stage_info lifetime_imps max_budget_spend_percentage "
    "min_budget_spend_percentage multi_optimization_goal_weight optimization_sub_event "
    "placement_soft_opt_out recommendations recurring_budget_semantics "
    "regional_regulation_identities review_feedback rf_prediction_id source_adset source_adset_id "
    "special_ad_categories targeting_optimization_types use_new_app_click value_rules_applied ads";
constexpr std::string_view kAdFields =
    "ad_active_time ad_review_feedback ad_schedule_end_time ad_schedule_start_time adset bid_info "
    "bid_type campaign campaign_id configured_status conversion_specs creative "
    "creative_asset_groups_spec demolink_hash display_sequence effective_status "
    "engagement_audience failed_delivery_checks issues_info last_updated_by_app_id placement "
    "preview_shareable_link priority recommendations source_ad source_ad_id special_ad_categories "
    "targeting tracking_and_conversion_with_defaults";
constexpr std::string_view kCreativeFields =
    "actor_id body call_to_action call_to_action_type effective_object_story_id image_hash "
    "image_url instagram_permalink_url link_url object_id object_story_id object_type "
    "object_url template_url thumbnail_url title video_id branded_content contextual_multi_ads "
    "effective_instagram_media_id link_destination_display_url platform_customizations";
constexpr std::string_view kImageFields =
    "creatives hash height is_associated_creatives_in_adgroups name original_height "
    "original_width owner_business permalink_url status url url_128 width";
constexpr std::string_view kVideoFields = "length picture source status file_url permalink_url";
constexpr std::string_view kPixelFields =
    "id name automatic_matching_fields can_proxy code creation_time creator data_use_setting "
    "enable_automatic_matching first_party_cookie_status is_created_by_business is_crm "
    "is_unavailable last_fired_time owner_ad_account owner_business";
constexpr std::string_view kAccountFields =
    "id account_id account_status age amount_spent balance business business_city "
    "business_country_code business_name business_street capabilities created_time currency "
    "default_dsa_beneficiary default_dsa_payor disable_reason end_advertiser end_advertiser_name "
    "fb_entity funding_source funding_source_details has_migrated_permissions io_number "
    "is_notifications_enabled is_personal is_prepay_account is_tax_id_required media_agency "
    "min_campaign_group_spend_cap min_daily_budget name offsite_pixels_tos_accepted owner partner "
    "spend_cap tax_id tax_id_status timezone_id timezone_name timezone_offset_hours_utc "
    "tos_accepted user_tasks user_tos_accepted campaigns adsets ads";

}  // namespace

std::span<const FieldRule> FieldRules() { return kRules; }

Graph<Json> ReadFields(Kind kind, const Params& params, const Account& account, bool update) {
  Json fields = Json::object();
  for (const FieldRule& rule : kRules) {
    if (rule.kinds.find(Letter(kind)) == std::string_view::npos || !params.Has(rule.name)) continue;
    if (update && !rule.on_update) continue;
    auto value = ReadField(rule, params, account);
    if (!value) return value;
    fields[std::string(rule.name)] = *std::move(value);
  }
  return fields;
}

Json PrintField(const Object& object, std::string_view name, const Account& account) {
  const FieldRule* rule = FindRule(object.kind, name);
  const auto it = object.fields.find(name);
  if (rule == nullptr || it == object.fields.end() || it->is_null()) return {};
  switch (rule->type) {
    case kMinor:
      return fmt::to_string(it->get<std::int64_t>());
    case kTime:
      return PrintMetaTime(Instant(std::chrono::seconds(it->get<std::int64_t>())), account.zone());
    case kText:
    case kInteger:
    case kBool:
    case kWord:
    case kWords:
    case kTexts:
    case kStructure:
      return *it;
  }
  Bug();
}

bool IsField(Kind kind, std::string_view name) {
  if (kind == Kind::kPixel) return HasWord(kPixelFields, name);
  if (FindRule(kind, name) != nullptr || HasWord(kEveryField, name)) return true;
  switch (kind) {
    case Kind::kCampaign:
      return HasWord(kCampaignFields, name);
    case Kind::kAdSet:
      return HasWord(kAdSetFields, name);
    case Kind::kAd:
      return HasWord(kAdFields, name);
    case Kind::kCreative:
      return HasWord(kCreativeFields, name);
    case Kind::kImage:
      return HasWord(kImageFields, name);
    case Kind::kVideo:
      return HasWord(kVideoFields, name);
    case Kind::kPixel:
      return HasWord(kPixelFields, name);
  }
  Bug();
}

bool IsAccountField(std::string_view name) { return HasWord(kAccountFields, name); }

std::string ListWords(std::string_view words) {
  std::string out;
  for (const char c : words) {
    if (c == ' ') {
      out += ", ";
    } else {
      out += c;
    }
  }
  return out;
}

bool HasWord(std::string_view words, std::string_view word) {
  if (word.empty() || word.find(' ') != std::string_view::npos) return false;
  std::size_t at = words.find(word);
  while (at != std::string_view::npos) {
    const std::size_t end = at + word.size();
    if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' '))
      return true;
    at = words.find(word, at + 1);
  }
  return false;
}

}  // namespace maxopt::sim::meta
