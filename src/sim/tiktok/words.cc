#include <fmt/format.h>

#include "sim/tiktok/state.h"

namespace maxopt::sim::tiktok {
namespace {

// The members of each body, from the official SDK's models. A member that is not among them is
// refused, which is stricter than the platform: what its SDK cannot say, nobody may need.
constexpr std::string_view kCampaignCreate =
    "advertiser_id app_id app_promotion_type bid_type budget budget_mode "
    "budget_optimize_on campaign_app_profile_page_state campaign_name "
    "campaign_product_source campaign_type catalog_enabled deep_bid_type "
    "disable_skan_campaign internal_channel is_advanced_dedicated_campaign "
    "is_search_campaign objective_type operation_status optimization_goal plugin_partner "
    "po_number postback_window_mode request_id rf_campaign_type roas_bid rta_bid_enabled "
    "rta_id rta_product_selection_enabled sales_destination special_industries "
    "virtual_objective_type";
constexpr std::string_view kCampaignUpdate =
    "advertiser_id budget campaign_id campaign_name po_number special_industries";
constexpr std::string_view kAdGroupCreate =
    "actions adgroup_app_profile_page_state adgroup_name advertiser_id age_groups "
    "app_config app_id attribution_event_count audience_ids audience_rule audience_type "
    "automated_keywords_enabled bid_display_mode bid_price bid_type billing_event "
    "blocked_pangle_app_ids brand_safety_partner brand_safety_type budget budget_mode "
    "campaign_id carrier_ids catalog_authorized_bc_id catalog_id category_exclusion_ids "
    "click_attribution_window comment_disabled contextual_tag_ids conversion_bid_price "
    "creative_material_mode custom_conversion_id dayparting deep_bid_type deep_cpa_bid "
    "deep_funnel_event_source deep_funnel_event_source_id deep_funnel_optimization_event "
    "deep_funnel_optimization_status device_model_ids device_price_ranges "
    "engaged_view_attribution_window excluded_audience_ids excluded_custom_actions "
    "excluded_pangle_audience_package_ids frequency frequency_schedule gender "
    "household_income identity_authorized_bc_id identity_id identity_type "
    "included_custom_actions included_pangle_audience_package_ids interest_category_ids "
    "interest_keyword_ids ios14_targeting is_hfss is_lhf_compliance isp_ids languages "
    "location_ids message_event_set_id messaging_app_account_id messaging_app_type "
    "min_android_version min_ios_version network_types next_day_retention "
    "operating_systems operation_status optimization_event optimization_goal pacing "
    "phone_number phone_region_calling_code phone_region_code pixel_id placement_type "
    "placements product_source promotion_target_type promotion_type "
    "promotion_website_type purchase_intention_keyword_ids request_id roas_bid "
    "saved_audience_id schedule_end_time schedule_start_time schedule_type "
    "search_keywords search_result_enabled secondary_optimization_event share_disabled "
    "shopping_ads_retargeting_actions_days "
    "shopping_ads_retargeting_custom_audience_relation shopping_ads_retargeting_type "
    "shopping_ads_type skip_learning_phase smart_audience_enabled "
    "smart_interest_behavior_enabled spending_power statistic_type "
    "store_authorized_bc_id store_id tiktok_subplacements vbo_window "
    "vertical_sensitivity_id video_download_disabled view_attribution_window zipcode_ids";
constexpr std::string_view kAdGroupUpdate =
    "actions adgroup_id adgroup_name advertiser_id age_groups audience_ids audience_rule "
    "audience_type auto_targeting_enabled automated_keywords_enabled bid_price bid_type "
    "blocked_pangle_app_ids brand_safety_type budget carrier_ids "
    "catalog_authorized_bc_id category_exclusion_ids comment_disabled contextual_tag_ids "
    "conversion_bid_price dayparting deep_bid_type deep_cpa_bid deep_funnel_event_source "
    "deep_funnel_event_source_id deep_funnel_optimization_event "
    "deep_funnel_optimization_status device_model_ids device_price_ranges "
    "exclude_age_under_eighteen excluded_audience_ids excluded_custom_actions "
    "excluded_pangle_audience_package_ids frequency frequency_schedule gender "
    "household_income included_custom_actions included_pangle_audience_package_ids "
    "interest_category_ids interest_keyword_ids ios14_targeting is_hfss "
    "is_lhf_compliance isp_ids languages location_ids min_android_version "
    "min_ios_version network_types next_day_retention operating_systems pacing "
    "purchase_intention_keyword_ids roas_bid saved_audience_id schedule_end_time "
    "schedule_start_time schedule_type search_keywords search_result_enabled "
    "secondary_optimization_event share_disabled shopping_ads_retargeting_actions_days "
    "shopping_ads_retargeting_custom_audience_relation shopping_ads_retargeting_type "
    "smart_audience_enabled smart_interest_behavior_enabled spending_power "
    "targeting_expansion vertical_sensitivity_id zipcode_ids";
constexpr std::string_view kCreativeCreate =
    "ad_format ad_name ad_text ad_texts aigc_disclosure_type app_name "
    "auto_disclaimer_types auto_message_id avatar_icon_web_uri "
    "brand_safety_postbid_partner brand_safety_vast_url call_to_action call_to_action_id "
    "card_id carousel_image_index catalog_id click_tracking_url cpp_url "
    "creative_authorized creative_type dark_post_status deeplink deeplink_format_type "
    "deeplink_type deeplink_utm_params disclaimer_clickable_texts disclaimer_text "
    "disclaimer_type display_name dynamic_destination dynamic_format end_card_cta "
    "fallback_type identity_authorized_bc_id identity_id identity_type image_ids "
    "impression_tracking_url instant_product_page_used item_duet_status item_group_ids "
    "item_stitch_status landing_page_url music_id operation_status page_id "
    "page_image_index phone_number phone_region_calling_code phone_region_code "
    "playable_url product_display_field_list product_set_id product_specific_type "
    "promotional_music_disabled schedule_id shopping_ads_deeplink_type "
    "shopping_ads_fallback_type shopping_ads_video_package_id showcase_products sku_ids "
    "tiktok_item_id tiktok_page_category tracking_app_id tracking_message_event_set_id "
    "tracking_offline_event_set_ids tracking_pixel_id utm_params vehicle_ids "
    "vertical_video_strategy video_id video_view_tracking_url "
    "viewability_postbid_partner viewability_vast_url";
constexpr std::string_view kCreativeUpdate =
    "ad_format ad_id ad_name ad_text ad_texts aigc_disclosure_type app_name "
    "avatar_icon_web_uri brand_safety_postbid_partner brand_safety_vast_url "
    "call_to_action call_to_action_id card_id carousel_image_index click_tracking_url "
    "cpp_url creative_authorized creative_type dark_post_status deeplink deeplink_type "
    "deeplink_utm_params disclaimer_clickable_texts disclaimer_text disclaimer_type "
    "display_name dynamic_destination dynamic_format end_card_cta fallback_type "
    "identity_authorized_bc_id identity_id identity_type image_ids "
    "impression_tracking_url instant_product_page_used item_duet_status item_group_ids "
    "item_stitch_status landing_page_url music_id page_id page_image_index playable_url "
    "product_set_id product_specific_type promotional_music_disabled "
    "shopping_ads_deeplink_type shopping_ads_fallback_type shopping_ads_video_package_id "
    "sku_ids tiktok_item_id tracking_app_id tracking_offline_event_set_ids "
    "tracking_pixel_id utm_params vast_moat_enabled vertical_video_strategy video_id "
    "video_view_tracking_url viewability_postbid_partner viewability_vast_url";

struct EnumEntry {
  std::string_view field;
  std::string_view words;
};
constexpr EnumEntry kEnums[] = {
    {"objective_type",
     "APP_PROMOTION WEB_CONVERSIONS APP_INSTALL CONVERSIONS REACH TRAFFIC VIDEO_VIEWS "
     "CATALOG_SALES "
     "PRODUCT_SALES ENGAGEMENT LEAD_GENERATION SHOP_PURCHASES RF_APP_INSTALL RF_ENGAGEMENT "
     "RF_REACH "
     "TOPVIEW_REACH RF_TRAFFIC RF_VIDEO_VIEW BRAND_CONSIDERATION"},
    {"budget_mode",
     "BUDGET_MODE_INFINITE BUDGET_MODE_TOTAL BUDGET_MODE_DAY BUDGET_MODE_DYNAMIC_DAILY_BUDGET"},
    {"operation_status", "ENABLE DISABLE"},
    {"billing_event", "CPC CPM CPV OCPC GD OCPM"},
    {"optimization_goal",
     "CLICK CONVERT INSTALL IN_APP_EVENT SHOW VIDEO_VIEW REACH LEAD_GENERATION CONVERSATION "
     "FOLLOWERS PROFILE_VIEWS PAGE_VISITS VALUE AUTOMATIC_VALUE_OPTIMIZATION GMV PURCHASES "
     "INITIATE_CHECKOUTS MT_LIVE_ROOM PRODUCT_CLICK_IN_LIVE ENGAGED_VIEW ENGAGED_VIEW_FIFTEEN "
     "TRAFFIC_LANDING_PAGE_VIEW CONVERSION_LEADS DESTINATION_VISIT PREFERRED_LEAD"},
    {"optimization_event",
     "SHOPPING ON_WEB_ORDER ON_WEB_CART INITIATE_ORDER ON_WEB_REGISTER FORM ON_WEB_DETAIL BUTTON "
     "CONSULT DOWNLOAD_START ON_WEB_SUBSCRIBE ON_WEB_SEARCH ON_WEB_ADD_TO_WISHLIST ADD_BILLING "
     "LANDING_PAGE_VIEW"},
    {"bid_type", "BID_TYPE_CUSTOM BID_TYPE_NO_BID"},
    {"deep_bid_type", "VO_MIN_ROAS VO_HIGHEST_VALUE"},
    {"pacing", "PACING_MODE_SMOOTH PACING_MODE_FAST"},
    {"schedule_type", "SCHEDULE_FROM_NOW SCHEDULE_START_END"},
    {"placement_type", "PLACEMENT_TYPE_AUTOMATIC PLACEMENT_TYPE_NORMAL"},
    {"placements", "PLACEMENT_TIKTOK PLACEMENT_PANGLE PLACEMENT_GLOBAL_APP_BUNDLE"},
    {"gender", "GENDER_UNLIMITED GENDER_MALE GENDER_FEMALE"},
    {"age_groups", "AGE_13_17 AGE_18_24 AGE_25_34 AGE_35_44 AGE_45_54 AGE_55_100"},
    {"click_attribution_window", "OFF ONE_DAY SEVEN_DAYS FOURTEEN_DAYS TWENTY_EIGHT_DAYS"},
    {"view_attribution_window", "OFF ONE_DAY SEVEN_DAYS"},
    {"engaged_view_attribution_window", "ONE_DAY SEVEN_DAYS"},
    {"ad_format", "SINGLE_VIDEO SINGLE_IMAGE CAROUSEL_ADS"},
    {"identity_type", "CUSTOMIZED_USER AUTH_CODE TT_USER BC_AUTH_TT"},
    {"call_to_action",
     "LEARN_MORE SHOP_NOW SIGN_UP DOWNLOAD_NOW CONTACT_US APPLY_NOW BOOK_NOW PLAY_GAME WATCH_NOW "
     "READ_MORE VIEW_NOW GET_QUOTE ORDER_NOW INSTALL_NOW GET_SHOWTIMES LISTEN_NOW INTERESTED "
     "SUBSCRIBE GET_TICKETS_NOW EXPERIENCE_NOW PREORDER_NOW VISIT_STORE"},
    {"special_industries", "HOUSING EMPLOYMENT CREDIT"},
    {"promotion_type",
     "WEBSITE APP_ANDROID APP_IOS LEAD_GENERATION WEBSITE_OR_DISPLAY "
     "LEAD_GEN_CLICK_TO_TT_DIRECT_MESSAGE TIKTOK_SHOP VIDEO_SHOPPING LIVE_SHOPPING PSA_PRODUCT"},
};

/// What an objective can be optimised for and how that is billed; the common part of the
/// platform's table.
struct GoalRow {
  std::string_view objective;
  std::string_view goals;
  std::string_view billing;
};
constexpr GoalRow kGoals[] = {
    {"REACH", "REACH SHOW", "CPM"},
    {"TRAFFIC", "CLICK", "CPC"},
    {"TRAFFIC", "TRAFFIC_LANDING_PAGE_VIEW DESTINATION_VISIT", "OCPM"},
    {"VIDEO_VIEWS", "VIDEO_VIEW ENGAGED_VIEW ENGAGED_VIEW_FIFTEEN", "CPV"},
    {"ENGAGEMENT", "FOLLOWERS PROFILE_VIEWS PAGE_VISITS", "OCPM"},
    {"APP_PROMOTION", "CLICK", "CPC"},
    {"APP_PROMOTION", "INSTALL IN_APP_EVENT VALUE", "OCPM"},
    {"LEAD_GENERATION", "CLICK", "CPC"},
    {"LEAD_GENERATION", "LEAD_GENERATION CONVERT CONVERSATION CONVERSION_LEADS PREFERRED_LEAD",
     "OCPM"},
    {"WEB_CONVERSIONS", "CLICK", "CPC"},
    {"WEB_CONVERSIONS", "CONVERT VALUE TRAFFIC_LANDING_PAGE_VIEW", "OCPM"},
    {"WEB_CONVERSIONS", "CONVERT", "OCPC"},
    {"PRODUCT_SALES", "CLICK", "CPC"},
    {"PRODUCT_SALES", "CONVERT VALUE GMV PURCHASES INITIATE_CHECKOUTS", "OCPM"},
};

struct LeastRow {
  std::string_view currency;
  std::int64_t campaign;
  std::int64_t ad_group;
};
/// Units of the currency a day; others as in USD.
constexpr LeastRow kLeast[] = {
    {"JPY", 5'000, 2'000},       {"KRW", 50'000, 20'000}, {"TWD", 1'500, 600},
    {"THB", 1'500, 600},         {"INR", 4'000, 1'600},   {"IDR", 500'000, 200'000},
    {"VND", 1'000'000, 400'000}, {"PHP", 2'500, 1'000},   {"RUB", 3'000, 1'200},
    {"HUF", 15'000, 6'000},      {"CZK", 1'000, 400},     {"SEK", 500, 200},
    {"NOK", 500, 200},           {"DKK", 350, 140},       {"MXN", 1'000, 400},
};

constexpr Region kRegions[] = {
    {"6252001", "US", "United States"},
    {"6251999", "CA", "Canada"},
    {"3996063", "MX", "Mexico"},
    {"3469034", "BR", "Brazil"},
    {"3865483", "AR", "Argentina"},
    {"2635167", "GB", "United Kingdom"},
    {"2963597", "IE", "Ireland"},
    {"2921044", "DE", "Germany"},
    {"2782113", "AT", "Austria"},
    {"2658434", "CH", "Switzerland"},
    {"3017382", "FR", "France"},
    {"2802361", "BE", "Belgium"},
    {"2750405", "NL", "Netherlands"},
    {"2960313", "LU", "Luxembourg"},
    {"3175395", "IT", "Italy"},
    {"2510769", "ES", "Spain"},
    {"2264397", "PT", "Portugal"},
    {"2661886", "SE", "Sweden"},
    {"3144096", "NO", "Norway"},
    {"2623032", "DK", "Denmark"},
    {"660013", "FI", "Finland"},
    {"798544", "PL", "Poland"},
    {"3077311", "CZ", "Czechia"},
    {"719819", "HU", "Hungary"},
    {"798549", "RO", "Romania"},
    {"390903", "GR", "Greece"},
    {"298795", "TR", "Turkey"},
    {"294640", "IL", "Israel"},
    {"290557", "AE", "United Arab Emirates"},
    {"102358", "SA", "Saudi Arabia"},
    {"357994", "EG", "Egypt"},
    {"953987", "ZA", "South Africa"},
    {"1861060", "JP", "Japan"},
    {"1835841", "KR", "South Korea"},
    {"1668284", "TW", "Taiwan"},
    {"1605651", "TH", "Thailand"},
    {"1562822", "VN", "Vietnam"},
    {"1643084", "ID", "Indonesia"},
    {"1733045", "MY", "Malaysia"},
    {"1880251", "SG", "Singapore"},
    {"1694008", "PH", "Philippines"},
    {"2077456", "AU", "Australia"},
    {"2186224", "NZ", "New Zealand"},
    {"5332921", "US", "California", "6252001"},
    {"5128638", "US", "New York", "6252001"},
    {"4736286", "US", "Texas", "6252001"},
    {"6269131", "GB", "England", "2635167"},
    {"2638360", "GB", "Scotland", "2635167"},
    {"2950157", "DE", "Berlin", "2921044"},
    {"2951839", "DE", "Bavaria", "2921044"},
    {"2911297", "DE", "Hamburg", "2921044"},
    {"2761367", "AT", "Vienna", "2782113"},
    {"3012874", "FR", "Ile-de-France", "3017382"},
};

}  // namespace

const std::string_view kAdPatchFields =
    "ad_id ad_name identity_id identity_type identity_authorized_bc_id video_id image_ids music_id "
    "tiktok_item_id ad_text";

bool IsOneOf(std::string_view words, std::string_view word) {
  if (word.empty() || word.find(' ') != std::string_view::npos) return false;
  std::size_t at = 0;
  while ((at = words.find(word, at)) != std::string_view::npos) {
    const bool begins = at == 0 || words[at - 1] == ' ';
    const std::size_t end = at + word.size();
    if (begins && (end == words.size() || words[end] == ' ')) return true;
    at = end;
  }
  return false;
}

std::string_view CreateFields(Level level) {
  switch (level) {
    case Level::kCampaign:
      return kCampaignCreate;
    case Level::kAdGroup:
      return kAdGroupCreate;
    case Level::kAd:
      return kCreativeCreate;
    case Level::kAccount:
    case Level::kConversion:
    case Level::kAsset:
      break;
  }
  Bug();
}

std::string_view UpdateFields(Level level) {
  switch (level) {
    case Level::kCampaign:
      return kCampaignUpdate;
    case Level::kAdGroup:
      return kAdGroupUpdate;
    case Level::kAd:
      return kCreativeUpdate;
    case Level::kAccount:
    case Level::kConversion:
    case Level::kAsset:
      break;
  }
  Bug();
}

std::string_view EnumWords(std::string_view field) {
  for (const auto& entry : kEnums) {
    if (entry.field == field) return entry.words;
  }
  return {};
}

Api<> CheckGoal(std::string_view objective, std::string_view goal, std::string_view billing) {
  bool objective_known = false;
  std::string possible;
  for (const auto& row : kGoals) {
    if (row.objective != objective) continue;
    objective_known = true;
    if (IsOneOf(row.goals, goal)) {
      if (row.billing == billing) return {};
      possible += fmt::format("{}{}", possible.empty() ? "" : ", ", row.billing);
    }
  }
  if (!objective_known) {
    return Refuse(kNotImplemented,
                  fmt::format("Ad groups of objective_type {} cannot be created here.", objective));
  }
  if (possible.empty()) {
    return Refuse(kBadParameter, fmt::format("optimization_goal: {} is not supported for the "
                                             "objective {}.",
                                             goal, objective));
  }
  return Refuse(
      kBadParameter,
      fmt::format("billing_event: {} does not go with optimization_goal {} of {}; use {}.", billing,
                  goal, objective, possible));
}

Money LeastBudget(Level level, Currency currency) {
  std::int64_t units = level == Level::kCampaign ? 50 : 20;
  for (const auto& row : kLeast) {
    if (row.currency == currency.name()) {
      units = level == Level::kCampaign ? row.campaign : row.ad_group;
    }
  }
  return Money::Micros(units * 1'000'000, currency);
}

std::span<const Region> Regions() { return kRegions; }

const Region* FindRegion(std::string_view location_id) {
  for (const Region& region : kRegions) {
    if (region.location_id == location_id) return &region;
  }
  return nullptr;
}

std::string IdField(Level level) {
  return level == Level::kCampaign  ? "campaign_id"
         : level == Level::kAdGroup ? "adgroup_id"
                                    : "ad_id";
}

std::string NameField(Level level) {
  return level == Level::kCampaign  ? "campaign_name"
         : level == Level::kAdGroup ? "adgroup_name"
                                    : "ad_name";
}

std::string_view LevelWord(Level level) {
  return level == Level::kCampaign ? "Campaign" : level == Level::kAdGroup ? "Ad group" : "Ad";
}

}  // namespace maxopt::sim::tiktok
