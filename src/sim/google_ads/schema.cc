#include "sim/google_ads/schema.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>
#include <sstream>

#include "result/result.h"

namespace maxopt::sim::google_ads {
namespace {

// One line a declaration. A field is "name type [out] [imm]": out fields are set by Google only,
// imm fields on creation only. A type that is no scalar is an enum or a message, whichever is
// declared under that name; [] makes a list; oneof:x groups fields that exclude each other. Names
// and values are those of the v25 protos.
constexpr std::string_view kDeclarations = R"(
enum AdGroupAdPrimaryStatus ELIGIBLE PAUSED REMOVED PENDING LIMITED NOT_ELIGIBLE
enum AdGroupAdPrimaryStatusReason CAMPAIGN_REMOVED CAMPAIGN_PAUSED CAMPAIGN_PENDING CAMPAIGN_ENDED AD_GROUP_PAUSED AD_GROUP_REMOVED AD_GROUP_AD_PAUSED AD_GROUP_AD_REMOVED AD_GROUP_AD_DISAPPROVED AD_GROUP_AD_UNDER_REVIEW AD_GROUP_AD_POOR_QUALITY AD_GROUP_AD_NO_ADS AD_GROUP_AD_APPROVED_LABELED AD_GROUP_AD_AREA_OF_INTEREST_ONLY AD_GROUP_AD_UNDER_APPEAL
enum AdGroupAdRotationMode OPTIMIZE ROTATE_FOREVER
enum AdGroupAdStatus ENABLED PAUSED REMOVED
enum AdGroupCriterionApprovalStatus APPROVED DISAPPROVED PENDING_REVIEW UNDER_REVIEW
enum AdGroupCriterionPrimaryStatus ELIGIBLE PAUSED REMOVED PENDING NOT_ELIGIBLE
enum AdGroupCriterionStatus ENABLED PAUSED REMOVED
enum AdGroupPrimaryStatus ELIGIBLE PAUSED REMOVED PENDING NOT_ELIGIBLE LIMITED
enum AdGroupPrimaryStatusReason CAMPAIGN_REMOVED CAMPAIGN_PAUSED CAMPAIGN_PENDING CAMPAIGN_ENDED AD_GROUP_PAUSED AD_GROUP_REMOVED AD_GROUP_INCOMPLETE KEYWORDS_PAUSED NO_KEYWORDS AD_GROUP_ADS_PAUSED NO_AD_GROUP_ADS HAS_ADS_DISAPPROVED HAS_ADS_LIMITED_BY_POLICY MOST_ADS_UNDER_REVIEW CAMPAIGN_DRAFT AD_GROUP_PAUSED_DUE_TO_LOW_ACTIVITY
enum AdGroupStatus ENABLED PAUSED REMOVED
enum AdGroupType SEARCH_STANDARD DISPLAY_STANDARD SHOPPING_PRODUCT_ADS HOTEL_ADS SHOPPING_SMART_ADS VIDEO_BUMPER VIDEO_TRUE_VIEW_IN_STREAM VIDEO_TRUE_VIEW_IN_DISPLAY VIDEO_NON_SKIPPABLE_IN_STREAM SEARCH_DYNAMIC_ADS SHOPPING_COMPARISON_LISTING_ADS PROMOTED_HOTEL_ADS VIDEO_RESPONSIVE VIDEO_EFFICIENT_REACH SMART_CAMPAIGN_ADS TRAVEL_ADS YOUTUBE_AUDIO
enum AdNetworkType SEARCH SEARCH_PARTNERS CONTENT MIXED YOUTUBE GOOGLE_TV GOOGLE_OWNED_CHANNELS GMAIL DISCOVER MAPS
enum AdType TEXT_AD EXPANDED_TEXT_AD EXPANDED_DYNAMIC_SEARCH_AD HOTEL_AD SHOPPING_SMART_AD SHOPPING_PRODUCT_AD VIDEO_AD IMAGE_AD RESPONSIVE_SEARCH_AD LEGACY_RESPONSIVE_DISPLAY_AD APP_AD LEGACY_APP_INSTALL_AD RESPONSIVE_DISPLAY_AD LOCAL_AD HTML5_UPLOAD_AD DYNAMIC_HTML5_AD APP_ENGAGEMENT_AD SHOPPING_COMPARISON_LISTING_AD VIDEO_BUMPER_AD VIDEO_NON_SKIPPABLE_IN_STREAM_AD VIDEO_TRUEVIEW_IN_STREAM_AD VIDEO_RESPONSIVE_AD SMART_CAMPAIGN_AD CALL_AD APP_PRE_REGISTRATION_AD IN_FEED_VIDEO_AD DEMAND_GEN_MULTI_ASSET_AD DEMAND_GEN_CAROUSEL_AD TRAVEL_AD DEMAND_GEN_VIDEO_RESPONSIVE_AD DEMAND_GEN_PRODUCT_AD YOUTUBE_AUDIO_AD
enum AdvertisingChannelSubType SEARCH_MOBILE_APP DISPLAY_MOBILE_APP SEARCH_EXPRESS DISPLAY_EXPRESS SHOPPING_SMART_ADS DISPLAY_GMAIL_AD DISPLAY_SMART_CAMPAIGN VIDEO_ACTION VIDEO_NON_SKIPPABLE APP_CAMPAIGN APP_CAMPAIGN_FOR_ENGAGEMENT LOCAL_CAMPAIGN SHOPPING_COMPARISON_LISTING_ADS SMART_CAMPAIGN VIDEO_SEQUENCE APP_CAMPAIGN_FOR_PRE_REGISTRATION VIDEO_REACH_TARGET_FREQUENCY TRAVEL_ACTIVITIES YOUTUBE_AUDIO
enum AdvertisingChannelType SEARCH DISPLAY SHOPPING HOTEL VIDEO MULTI_CHANNEL LOCAL SMART PERFORMANCE_MAX LOCAL_SERVICES TRAVEL DEMAND_GEN
enum AgeRangeType AGE_RANGE_18_24 AGE_RANGE_25_34 AGE_RANGE_35_44 AGE_RANGE_45_54 AGE_RANGE_55_64 AGE_RANGE_65_UP AGE_RANGE_UNDETERMINED
enum AssetFieldType HEADLINE DESCRIPTION MANDATORY_AD_TEXT MARKETING_IMAGE MEDIA_BUNDLE YOUTUBE_VIDEO BOOK_ON_GOOGLE LEAD_FORM PROMOTION CALLOUT STRUCTURED_SNIPPET SITELINK MOBILE_APP HOTEL_CALLOUT CALL PRICE LONG_HEADLINE BUSINESS_NAME SQUARE_MARKETING_IMAGE PORTRAIT_MARKETING_IMAGE LOGO LANDSCAPE_LOGO VIDEO CALL_TO_ACTION_SELECTION AD_IMAGE BUSINESS_LOGO HOTEL_PROPERTY DEMAND_GEN_CAROUSEL_CARD BUSINESS_MESSAGE TALL_PORTRAIT_MARKETING_IMAGE RELATED_YOUTUBE_VIDEOS LANDING_PAGE_PREVIEW LONG_DESCRIPTION CALL_TO_ACTION CLASSIC_DISPLAY_IMAGE TEXT_DISCLAIMER
enum AssetLinkPrimaryStatus ELIGIBLE PAUSED REMOVED PENDING LIMITED NOT_ELIGIBLE
enum AssetLinkStatus ENABLED REMOVED PAUSED
enum AssetSource ADVERTISER AUTOMATICALLY_CREATED
enum AssetType YOUTUBE_VIDEO MEDIA_BUNDLE IMAGE TEXT LEAD_FORM BOOK_ON_GOOGLE PROMOTION CALLOUT STRUCTURED_SNIPPET SITELINK PAGE_FEED DYNAMIC_EDUCATION MOBILE_APP HOTEL_CALLOUT CALL PRICE CALL_TO_ACTION DYNAMIC_REAL_ESTATE DYNAMIC_CUSTOM DYNAMIC_HOTELS_AND_RENTALS DYNAMIC_FLIGHTS DYNAMIC_TRAVEL DYNAMIC_LOCAL DYNAMIC_JOBS LOCATION HOTEL_PROPERTY DEMAND_GEN_CAROUSEL_CARD BUSINESS_MESSAGE APP_DEEP_LINK YOUTUBE_VIDEO_LIST
enum AttributionModel EXTERNAL GOOGLE_ADS_LAST_CLICK GOOGLE_SEARCH_ATTRIBUTION_FIRST_CLICK GOOGLE_SEARCH_ATTRIBUTION_LINEAR GOOGLE_SEARCH_ATTRIBUTION_TIME_DECAY GOOGLE_SEARCH_ATTRIBUTION_POSITION_BASED GOOGLE_SEARCH_ATTRIBUTION_DATA_DRIVEN
enum BiddingStrategyType COMMISSION ENHANCED_CPC FIXED_CPM FIXED_SHARE_OF_VOICE INVALID MANUAL_CPA MANUAL_CPC MANUAL_CPM MANUAL_CPV MAXIMIZE_CONVERSIONS MAXIMIZE_CONVERSION_VALUE PAGE_ONE_PROMOTED PERCENT_CPC TARGET_CPA TARGET_CPC TARGET_CPM TARGET_CPV TARGET_IMPRESSION_SHARE TARGET_OUTRANK_SHARE TARGET_ROAS TARGET_SPEND
enum BudgetDeliveryMethod STANDARD ACCELERATED
enum BudgetPeriod DAILY CUSTOM_PERIOD
enum BudgetStatus ENABLED REMOVED
enum BudgetType STANDARD FIXED_CPA SMART_CAMPAIGN LOCAL_SERVICES
enum CampaignCriterionStatus ENABLED PAUSED REMOVED
enum CampaignExperimentType BASE DRAFT EXPERIMENT
enum CampaignPrimaryStatus ELIGIBLE PAUSED REMOVED ENDED PENDING MISCONFIGURED LIMITED LEARNING NOT_ELIGIBLE
enum CampaignPrimaryStatusReason CAMPAIGN_REMOVED CAMPAIGN_PAUSED CAMPAIGN_PENDING CAMPAIGN_ENDED CAMPAIGN_DRAFT BIDDING_STRATEGY_MISCONFIGURED BIDDING_STRATEGY_LIMITED BIDDING_STRATEGY_LEARNING BIDDING_STRATEGY_CONSTRAINED BUDGET_CONSTRAINED BUDGET_MISCONFIGURED SEARCH_VOLUME_LIMITED AD_GROUPS_PAUSED NO_AD_GROUPS KEYWORDS_PAUSED NO_KEYWORDS AD_GROUP_ADS_PAUSED NO_AD_GROUP_ADS HAS_ADS_LIMITED_BY_POLICY HAS_ADS_DISAPPROVED MOST_ADS_UNDER_REVIEW NO_ASSET_GROUPS ASSET_GROUPS_PAUSED MISSING_LOCATION_TARGETING
enum CampaignServingStatus SERVING NONE ENDED PENDING SUSPENDED
enum CampaignStatus ENABLED PAUSED REMOVED
enum ChangeClientType GOOGLE_ADS_WEB_CLIENT GOOGLE_ADS_AUTOMATED_RULE GOOGLE_ADS_SCRIPTS GOOGLE_ADS_BULK_UPLOAD GOOGLE_ADS_API GOOGLE_ADS_EDITOR GOOGLE_ADS_MOBILE_APP GOOGLE_ADS_RECOMMENDATIONS SEARCH_ADS_360_SYNC SEARCH_ADS_360_POST INTERNAL_TOOL OTHER GOOGLE_ADS_RECOMMENDATIONS_SUBSCRIPTION
enum ChangeEventResourceType AD AD_GROUP AD_GROUP_CRITERION CAMPAIGN CAMPAIGN_BUDGET AD_GROUP_BID_MODIFIER CAMPAIGN_CRITERION FEED FEED_ITEM CAMPAIGN_FEED AD_GROUP_FEED AD_GROUP_AD ASSET CUSTOMER_ASSET CAMPAIGN_ASSET AD_GROUP_ASSET ASSET_SET ASSET_SET_ASSET CAMPAIGN_ASSET_SET
enum ChangeStatusOperation ADDED CHANGED REMOVED
enum ChangeStatusResourceType AD_GROUP AD_GROUP_AD AD_GROUP_CRITERION CAMPAIGN CAMPAIGN_CRITERION CAMPAIGN_BUDGET FEED FEED_ITEM AD_GROUP_FEED CAMPAIGN_FEED AD_GROUP_BID_MODIFIER SHARED_SET CAMPAIGN_SHARED_SET ASSET CUSTOMER_ASSET CAMPAIGN_ASSET AD_GROUP_ASSET COMBINED_AUDIENCE ASSET_GROUP ASSET_SET CAMPAIGN_ASSET_SET
enum ConversionActionCategory DEFAULT PAGE_VIEW PURCHASE SIGNUP DOWNLOAD ADD_TO_CART BEGIN_CHECKOUT SUBSCRIBE_PAID PHONE_CALL_LEAD IMPORTED_LEAD SUBMIT_LEAD_FORM BOOK_APPOINTMENT REQUEST_QUOTE GET_DIRECTIONS OUTBOUND_CLICK CONTACT ENGAGEMENT STORE_VISIT STORE_SALE QUALIFIED_LEAD CONVERTED_LEAD YOUTUBE_FOLLOW_ON_VIEWS
enum ConversionActionCountingType ONE_PER_CLICK MANY_PER_CLICK
enum ConversionActionStatus ENABLED REMOVED HIDDEN
enum ConversionActionType AD_CALL CLICK_TO_CALL UPLOAD_CALLS UPLOAD_CLICKS WEBPAGE WEBSITE_CALL STORE_SALES_DIRECT_UPLOAD STORE_SALES LEAD_FORM_SUBMIT
enum CriterionType KEYWORD PLACEMENT MOBILE_APP_CATEGORY MOBILE_APPLICATION DEVICE LOCATION LISTING_GROUP AD_SCHEDULE AGE_RANGE GENDER INCOME_RANGE PARENTAL_STATUS YOUTUBE_VIDEO YOUTUBE_CHANNEL USER_LIST PROXIMITY TOPIC LISTING_SCOPE LANGUAGE IP_BLOCK CONTENT_LABEL CARRIER USER_INTEREST WEBPAGE CUSTOM_AUDIENCE COMBINED_AUDIENCE AUDIENCE
enum CustomerStatus ENABLED CANCELED SUSPENDED CLOSED
enum DayOfWeek MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY
enum Device MOBILE TABLET DESKTOP CONNECTED_TV OTHER
enum EuPoliticalAdvertisingStatus CONTAINS_EU_POLITICAL_ADVERTISING DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING
enum FrequencyCapEventType IMPRESSION VIDEO_VIEW
enum FrequencyCapLevel AD_GROUP_AD AD_GROUP CAMPAIGN
enum FrequencyCapTimeUnit DAY WEEK MONTH
enum GenderType MALE FEMALE UNDETERMINED
enum GeoTargetConstantStatus ENABLED REMOVAL_PLANNED
enum GeoTargetingType AREA_OF_INTEREST LOCATION_OF_PRESENCE
enum KeywordMatchType EXACT PHRASE BROAD
enum MimeType IMAGE_JPEG IMAGE_GIF IMAGE_PNG
enum MinuteOfHour ZERO FIFTEEN THIRTY FORTY_FIVE
enum NegativeGeoTargetType PRESENCE_OR_INTEREST PRESENCE
enum PolicyApprovalStatus DISAPPROVED APPROVED_LIMITED APPROVED AREA_OF_INTEREST_ONLY
enum PolicyReviewStatus REVIEW_IN_PROGRESS REVIEWED UNDER_APPEAL ELIGIBLE_MAY_SERVE
enum PolicyTopicEntryType PROHIBITED LIMITED FULLY_LIMITED DESCRIPTIVE BROADENING AREA_OF_INTEREST_ONLY
enum PositiveGeoTargetType PRESENCE_OR_INTEREST SEARCH_INTEREST PRESENCE
enum ResourceChangeOperation CREATE UPDATE REMOVE
enum SearchTermMatchType BROAD EXACT PHRASE NEAR_EXACT NEAR_PHRASE AI_MAX PERFORMANCE_MAX
enum SearchTermTargetingStatus ADDED EXCLUDED ADDED_EXCLUDED NONE
enum ServedAssetFieldType HEADLINE_1 HEADLINE_2 HEADLINE_3 DESCRIPTION_1 DESCRIPTION_2
enum TargetImpressionShareLocation ANYWHERE_ON_PAGE TOP_OF_PAGE ABSOLUTE_TOP_OF_PAGE
enum TargetingDimension KEYWORD AUDIENCE TOPIC GENDER AGE_RANGE PLACEMENT PARENTAL_STATUS INCOME_RANGE
enum TrackingCodePageFormat HTML AMP
enum TrackingCodeType WEBPAGE WEBPAGE_ONCLICK CLICK_TO_CALL WEBSITE_CALL

message CustomParameter
  key string
  value string
message TargetRestriction
  targeting_dimension TargetingDimension
  bid_only bool
message TargetingSetting
  target_restrictions []TargetRestriction
message NetworkSettings
  target_google_search bool
  target_search_network bool
  target_content_network bool
  target_partner_search_network bool
  target_youtube bool
  target_google_tv_network bool
message GeoTargetTypeSetting
  positive_geo_target_type PositiveGeoTargetType
  negative_geo_target_type NegativeGeoTargetType
message ManualCpc
  enhanced_cpc_enabled bool
message ManualCpm
message ManualCpv
message MaximizeConversions
  cpc_bid_ceiling_micros int64
  cpc_bid_floor_micros int64
  target_cpa_micros int64
message MaximizeConversionValue
  target_roas double
  cpc_bid_ceiling_micros int64
  cpc_bid_floor_micros int64
message TargetCpa
  target_cpa_micros int64
  cpc_bid_ceiling_micros int64
  cpc_bid_floor_micros int64
message TargetRoas
  target_roas double
  cpc_bid_ceiling_micros int64
  cpc_bid_floor_micros int64
message TargetSpend
  target_spend_micros int64
  cpc_bid_ceiling_micros int64
message TargetImpressionShare
  location TargetImpressionShareLocation
  location_fraction_micros int64
  cpc_bid_ceiling_micros int64
message TargetCpm
message FrequencyCapKey
  level FrequencyCapLevel
  event_type FrequencyCapEventType
  time_unit FrequencyCapTimeUnit
  time_length int32
message FrequencyCapEntry
  key FrequencyCapKey
  cap int32
message Campaign
  resource_name string imm
  id int64 out
  name string
  primary_status CampaignPrimaryStatus out
  primary_status_reasons []CampaignPrimaryStatusReason out
  status CampaignStatus
  serving_status CampaignServingStatus out
  advertising_channel_type AdvertisingChannelType imm
  advertising_channel_sub_type AdvertisingChannelSubType imm
  tracking_url_template string
  url_custom_parameters []CustomParameter
  final_url_suffix string
  network_settings NetworkSettings
  geo_target_type_setting GeoTargetTypeSetting
  targeting_setting TargetingSetting
  labels []string out
  experiment_type CampaignExperimentType out
  campaign_budget string
  bidding_strategy_type BiddingStrategyType out
  start_date_time string
  end_date_time string
  frequency_caps []FrequencyCapEntry
  optimization_score double out
  contains_eu_political_advertising EuPoliticalAdvertisingStatus
  missing_eu_political_advertising_declaration bool out
  manual_cpc ManualCpc oneof:campaign_bidding_strategy
  manual_cpm ManualCpm oneof:campaign_bidding_strategy
  manual_cpv ManualCpv oneof:campaign_bidding_strategy
  maximize_conversions MaximizeConversions oneof:campaign_bidding_strategy
  maximize_conversion_value MaximizeConversionValue oneof:campaign_bidding_strategy
  target_cpa TargetCpa oneof:campaign_bidding_strategy
  target_impression_share TargetImpressionShare oneof:campaign_bidding_strategy
  target_roas TargetRoas oneof:campaign_bidding_strategy
  target_spend TargetSpend oneof:campaign_bidding_strategy
  target_cpm TargetCpm oneof:campaign_bidding_strategy
message CampaignBudget
  resource_name string imm
  id int64 out
  name string
  amount_micros int64
  total_amount_micros int64
  status BudgetStatus out
  delivery_method BudgetDeliveryMethod
  explicitly_shared bool
  reference_count int64 out
  has_recommended_budget bool out
  period BudgetPeriod imm
  type BudgetType imm
message AdGroup
  resource_name string imm
  id int64 out
  name string
  status AdGroupStatus
  type AdGroupType imm
  ad_rotation_mode AdGroupAdRotationMode
  tracking_url_template string
  url_custom_parameters []CustomParameter
  final_url_suffix string
  campaign string imm
  cpc_bid_micros int64
  effective_cpc_bid_micros int64 out
  cpm_bid_micros int64
  target_cpa_micros int64
  cpv_bid_micros int64
  target_roas double
  optimized_targeting_enabled bool
  targeting_setting TargetingSetting
  labels []string out
  primary_status AdGroupPrimaryStatus out
  primary_status_reasons []AdGroupPrimaryStatusReason out
message PolicyTextList
  texts []string
message PolicyTopicEvidence
  text_list PolicyTextList oneof:value
message PolicyTopicEntry
  topic string
  type PolicyTopicEntryType
  evidences []PolicyTopicEvidence
message PolicySummary
  policy_topic_entries []PolicyTopicEntry out
  review_status PolicyReviewStatus out
  approval_status PolicyApprovalStatus out
message PolicyViolationKey
  policy_name string
  violating_text string
message PolicyValidationParameter
  ignorable_policy_topics []string
  exempt_policy_violation_keys []PolicyViolationKey
message AdTextAsset
  text string
  pinned_field ServedAssetFieldType
message AdImageAsset
  asset string
message AdVideoAsset
  asset string
message AdCallToActionAsset
  asset string
message ResponsiveSearchAdInfo
  headlines []AdTextAsset
  descriptions []AdTextAsset
  path1 string
  path2 string
message ResponsiveDisplayAdInfo
  marketing_images []AdImageAsset
  square_marketing_images []AdImageAsset
  logo_images []AdImageAsset
  square_logo_images []AdImageAsset
  headlines []AdTextAsset
  long_headline AdTextAsset
  descriptions []AdTextAsset
  youtube_videos []AdVideoAsset
  business_name string
  call_to_action_text string
message DemandGenMultiAssetAdInfo
  marketing_images []AdImageAsset
  square_marketing_images []AdImageAsset
  portrait_marketing_images []AdImageAsset
  logo_images []AdImageAsset
  headlines []AdTextAsset
  descriptions []AdTextAsset
  business_name string
  call_to_action_text string
message DemandGenVideoResponsiveAdInfo
  headlines []AdTextAsset
  long_headlines []AdTextAsset
  descriptions []AdTextAsset
  videos []AdVideoAsset
  logo_images []AdImageAsset
  breadcrumb1 string
  breadcrumb2 string
  business_name AdTextAsset
  call_to_actions []AdCallToActionAsset
message Ad
  resource_name string imm
  id int64 out
  final_urls []string
  final_mobile_urls []string
  tracking_url_template string
  final_url_suffix string
  url_custom_parameters []CustomParameter
  display_url string
  type AdType out
  added_by_google_ads bool out
  name string imm
  responsive_search_ad ResponsiveSearchAdInfo oneof:ad_data
  responsive_display_ad ResponsiveDisplayAdInfo oneof:ad_data
  demand_gen_multi_asset_ad DemandGenMultiAssetAdInfo oneof:ad_data
  demand_gen_video_responsive_ad DemandGenVideoResponsiveAdInfo oneof:ad_data
message AdGroupAd
  resource_name string imm
  status AdGroupAdStatus
  ad_group string imm
  ad Ad imm
  policy_summary PolicySummary out
  labels []string out
  primary_status AdGroupAdPrimaryStatus out
  primary_status_reasons []AdGroupAdPrimaryStatusReason out
message KeywordInfo
  text string
  match_type KeywordMatchType
message PlacementInfo
  url string
message AgeRangeInfo
  type AgeRangeType
message GenderInfo
  type GenderType
message UserListInfo
  user_list string
message UserInterestInfo
  user_interest_category string
message CustomAudienceInfo
  custom_audience string
message CombinedAudienceInfo
  combined_audience string
message AudienceInfo
  audience string
message LocationInfo
  geo_target_constant string
message LanguageInfo
  language_constant string
message AdScheduleInfo
  start_minute MinuteOfHour
  end_minute MinuteOfHour
  start_hour int32
  end_hour int32
  day_of_week DayOfWeek
message DeviceInfo
  type Device
message AdGroupCriterion
  resource_name string imm
  criterion_id int64 out
  display_name string out
  status AdGroupCriterionStatus
  ad_group string imm
  type CriterionType out
  negative bool imm
  approval_status AdGroupCriterionApprovalStatus out
  bid_modifier double
  cpc_bid_micros int64
  effective_cpc_bid_micros int64 out
  final_urls []string
  final_url_suffix string
  tracking_url_template string
  primary_status AdGroupCriterionPrimaryStatus out
  keyword KeywordInfo imm oneof:criterion
  placement PlacementInfo imm oneof:criterion
  age_range AgeRangeInfo imm oneof:criterion
  gender GenderInfo imm oneof:criterion
  user_list UserListInfo imm oneof:criterion
  user_interest UserInterestInfo imm oneof:criterion
  custom_audience CustomAudienceInfo imm oneof:criterion
  combined_audience CombinedAudienceInfo imm oneof:criterion
  audience AudienceInfo imm oneof:criterion
message CampaignCriterion
  resource_name string imm
  campaign string imm
  criterion_id int64 out
  display_name string out
  bid_modifier double
  negative bool imm
  type CriterionType out
  status CampaignCriterionStatus
  keyword KeywordInfo imm oneof:criterion
  placement PlacementInfo imm oneof:criterion
  location LocationInfo imm oneof:criterion
  language LanguageInfo imm oneof:criterion
  device DeviceInfo imm oneof:criterion
  ad_schedule AdScheduleInfo imm oneof:criterion
  age_range AgeRangeInfo imm oneof:criterion
  gender GenderInfo imm oneof:criterion
  user_list UserListInfo imm oneof:criterion
  user_interest UserInterestInfo imm oneof:criterion
  custom_audience CustomAudienceInfo imm oneof:criterion
  combined_audience CombinedAudienceInfo imm oneof:criterion
message ImageDimension
  height_pixels int64
  width_pixels int64
  url string
message ImageAsset
  data bytes
  file_size int64
  mime_type MimeType
  full_size ImageDimension
message TextAsset
  text string
message YoutubeVideoAsset
  youtube_video_id string
  youtube_video_title string
message Asset
  resource_name string imm
  id int64 out
  name string
  type AssetType imm
  final_urls []string
  tracking_url_template string
  final_url_suffix string
  source AssetSource out
  image_asset ImageAsset imm oneof:asset_data
  text_asset TextAsset imm oneof:asset_data
  youtube_video_asset YoutubeVideoAsset imm oneof:asset_data
message AdGroupAsset
  resource_name string imm
  ad_group string imm
  asset string imm
  field_type AssetFieldType imm
  source AssetSource out
  status AssetLinkStatus
  primary_status AssetLinkPrimaryStatus out
message ValueSettings
  default_value double
  default_currency_code string
  always_use_default_value bool
message AttributionModelSettings
  attribution_model AttributionModel
message TagSnippet
  type TrackingCodeType
  page_format TrackingCodePageFormat
  global_site_tag string
  event_snippet string
message ConversionAction
  resource_name string imm
  id int64 out
  name string
  status ConversionActionStatus
  type ConversionActionType imm
  primary_for_goal bool
  category ConversionActionCategory
  owner_customer string out
  include_in_conversions_metric bool out
  click_through_lookback_window_days int64
  view_through_lookback_window_days int64
  value_settings ValueSettings
  counting_type ConversionActionCountingType
  attribution_model_settings AttributionModelSettings
  tag_snippets []TagSnippet out
message Customer
  resource_name string imm
  id int64 out
  descriptive_name string
  currency_code string imm
  time_zone string imm
  tracking_url_template string
  final_url_suffix string
  auto_tagging_enabled bool
  manager bool out
  test_account bool out
  status CustomerStatus out
message CustomerClient
  resource_name string out
  client_customer string out
  hidden bool out
  level int64 out
  time_zone string out
  test_account bool out
  manager bool out
  descriptive_name string out
  currency_code string out
  id int64 out
  status CustomerStatus out
message GeoTargetConstant
  resource_name string out
  id int64 out
  name string out
  country_code string out
  target_type string out
  status GeoTargetConstantStatus out
  canonical_name string out
message LanguageConstant
  resource_name string out
  id int64 out
  code string out
  name string out
  targetable bool out
message KeywordView
  resource_name string out
message SearchTermView
  resource_name string out
  search_term string out
  ad_group string out
  status SearchTermTargetingStatus out
message CampaignSearchTermView
  resource_name string out
  search_term string out
  campaign string out
message AdGroupAudienceView
  resource_name string out
message CampaignAudienceView
  resource_name string out
message GeographicView
  resource_name string out
  location_type GeoTargetingType out
  country_criterion_id int64 out
message ChangedResource
  ad_group AdGroup
  ad_group_ad AdGroupAd
  ad_group_criterion AdGroupCriterion
  campaign Campaign
  campaign_budget CampaignBudget
  campaign_criterion CampaignCriterion
  asset Asset
  ad_group_asset AdGroupAsset
message ChangeEvent
  resource_name string out
  change_date_time string out
  change_resource_type ChangeEventResourceType out
  change_resource_name string out
  client_type ChangeClientType out
  user_email string out
  old_resource ChangedResource out
  new_resource ChangedResource out
  resource_change_operation ResourceChangeOperation out
  changed_fields mask out
  campaign string out
  ad_group string out
  asset string out
message ChangeStatus
  resource_name string out
  last_change_date_time string out
  resource_type ChangeStatusResourceType out
  campaign string out
  ad_group string out
  resource_status ChangeStatusOperation out
  ad_group_ad string out
  ad_group_criterion string out
  campaign_criterion string out
  asset string out
  ad_group_asset string out
  campaign_budget string out
message Metrics
  impressions int64
  clicks int64
  interactions int64
  cost_micros int64
  ctr double
  interaction_rate double
  average_cost double
  average_cpc double
  average_cpm double
  conversions double
  conversions_value double
  conversions_from_interactions_rate double
  conversions_value_per_cost double
  value_per_conversion double
  cost_per_conversion double
  all_conversions double
  all_conversions_value double
  cost_per_all_conversions double
  view_through_conversions int64
  search_impression_share double
  search_budget_lost_impression_share double
  search_rank_lost_impression_share double
message Keyword
  ad_group_criterion string
  info KeywordInfo
message Segments
  date string
  hour int32
  day_of_week DayOfWeek
  week string
  month string
  quarter string
  year int32
  device Device
  ad_network_type AdNetworkType
  geo_target_country string
  keyword Keyword
  search_term_match_type SearchTermMatchType

resource customer Customer metrics
resource customer_client CustomerClient customer
resource campaign Campaign customer campaign_budget metrics
resource campaign_budget CampaignBudget customer
resource ad_group AdGroup customer campaign metrics
resource ad_group_ad AdGroupAd customer campaign ad_group metrics
resource ad_group_criterion AdGroupCriterion customer campaign ad_group
resource keyword_view KeywordView customer campaign ad_group ad_group_criterion metrics
resource search_term_view SearchTermView customer campaign ad_group metrics
resource campaign_search_term_view CampaignSearchTermView customer campaign metrics
resource ad_group_audience_view AdGroupAudienceView customer campaign ad_group ad_group_criterion metrics
resource campaign_audience_view CampaignAudienceView customer campaign campaign_criterion metrics
resource geographic_view GeographicView customer campaign ad_group metrics
resource campaign_criterion CampaignCriterion customer campaign
resource asset Asset customer
resource ad_group_asset AdGroupAsset customer campaign ad_group asset
resource conversion_action ConversionAction customer
resource change_event ChangeEvent customer campaign ad_group asset
resource change_status ChangeStatus customer campaign ad_group ad_group_ad ad_group_criterion campaign_criterion campaign_budget asset ad_group_asset
resource geo_target_constant GeoTargetConstant
resource language_constant LanguageConstant

message CampaignOperation
  update_mask mask
  create Campaign oneof:operation
  update Campaign oneof:operation
  remove string oneof:operation
message CampaignBudgetOperation
  update_mask mask
  create CampaignBudget oneof:operation
  update CampaignBudget oneof:operation
  remove string oneof:operation
message AdGroupOperation
  update_mask mask
  create AdGroup oneof:operation
  update AdGroup oneof:operation
  remove string oneof:operation
message AdGroupAdOperation
  update_mask mask
  policy_validation_parameter PolicyValidationParameter
  create AdGroupAd oneof:operation
  update AdGroupAd oneof:operation
  remove string oneof:operation
message AdGroupCriterionOperation
  update_mask mask
  exempt_policy_violation_keys []PolicyViolationKey
  create AdGroupCriterion oneof:operation
  update AdGroupCriterion oneof:operation
  remove string oneof:operation
message CampaignCriterionOperation
  update_mask mask
  create CampaignCriterion oneof:operation
  update CampaignCriterion oneof:operation
  remove string oneof:operation
message AssetOperation
  update_mask mask
  create Asset oneof:operation
  update Asset oneof:operation
message AdGroupAssetOperation
  update_mask mask
  create AdGroupAsset oneof:operation
  update AdGroupAsset oneof:operation
  remove string oneof:operation
message ConversionActionOperation
  update_mask mask
  create ConversionAction oneof:operation
  update ConversionAction oneof:operation
  remove string oneof:operation
message MutateOperation
  campaign_operation CampaignOperation oneof:operation
  campaign_budget_operation CampaignBudgetOperation oneof:operation
  ad_group_operation AdGroupOperation oneof:operation
  ad_group_ad_operation AdGroupAdOperation oneof:operation
  ad_group_criterion_operation AdGroupCriterionOperation oneof:operation
  campaign_criterion_operation CampaignCriterionOperation oneof:operation
  asset_operation AssetOperation oneof:operation
  ad_group_asset_operation AdGroupAssetOperation oneof:operation
  conversion_action_operation ConversionActionOperation oneof:operation
enum ResponseContentType RESOURCE_NAME_ONLY MUTABLE_RESOURCE
message SearchSettings
  omit_results bool
  return_summary_row bool
  return_total_results_count bool
message SearchGoogleAdsRequest
  customer_id string
  query string
  page_token string
  page_size int32
  validate_only bool
  search_settings SearchSettings
message SearchGoogleAdsStreamRequest
  customer_id string
  query string
  summary_row_setting SummaryRowSetting
enum SummaryRowSetting NO_SUMMARY_ROW SUMMARY_ROW_WITH_RESULTS SUMMARY_ROW_ONLY
message MutateGoogleAdsRequest
  customer_id string
  mutate_operations []MutateOperation
  partial_failure bool
  validate_only bool
  response_content_type ResponseContentType
message MutateCampaignsRequest
  customer_id string
  operations []CampaignOperation
  partial_failure bool
  validate_only bool
  response_content_type ResponseContentType
message MutateCampaignBudgetsRequest
  customer_id string
  operations []CampaignBudgetOperation
  partial_failure bool
  validate_only bool
  response_content_type ResponseContentType
message MutateAdGroupsRequest
  customer_id string
  operations []AdGroupOperation
  partial_failure bool
  validate_only bool
  response_content_type ResponseContentType
message MutateAdGroupAdsRequest
  customer_id string
  operations []AdGroupAdOperation
  partial_failure bool
  validate_only bool
  response_content_type ResponseContentType
message MutateAdGroupCriteriaRequest
  customer_id string
  operations []AdGroupCriterionOperation
  partial_failure bool
  validate_only bool
  response_content_type ResponseContentType
message MutateCampaignCriteriaRequest
  customer_id string
  operations []CampaignCriterionOperation
  partial_failure bool
  validate_only bool
  response_content_type ResponseContentType
message MutateAssetsRequest
  customer_id string
  operations []AssetOperation
  partial_failure bool
  validate_only bool
  response_content_type ResponseContentType
message MutateAdGroupAssetsRequest
  customer_id string
  operations []AdGroupAssetOperation
  partial_failure bool
  validate_only bool
  response_content_type ResponseContentType
message MutateConversionActionsRequest
  customer_id string
  operations []ConversionActionOperation
  partial_failure bool
  validate_only bool
  response_content_type ResponseContentType
)";

struct Schema {
  std::map<std::string, std::unique_ptr<EnumDef>, std::less<>> enums;
  std::map<std::string, std::unique_ptr<MessageDef>, std::less<>> messages;
  std::map<std::string, ResourceDef, std::less<>> resources;
};

// The table is ours, so what is wrong with it is our bug.
Schema Parse() {
  Schema schema;
  struct Unresolved {
    MessageDef* message;
    std::size_t field;
    std::string type;
  };
  std::vector<Unresolved> unresolved;
  MessageDef* message = nullptr;
  std::istringstream lines{std::string(kDeclarations)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    if (!(words >> first)) continue;
    if (line.front() != ' ') {
      std::string name;
      if (!(words >> name)) Bug();
      if (first == "enum") {
        auto made = std::make_unique<EnumDef>();
        made->name = name;
        for (std::string value; words >> value;) made->values.push_back(value);
        if (!schema.enums.emplace(name, std::move(made)).second) Bug();
      } else if (first == "message") {
        auto made = std::make_unique<MessageDef>();
        made->name = name;
        message = made.get();
        if (!schema.messages.emplace(name, std::move(made)).second) Bug();
      } else if (first == "resource") {
        ResourceDef made;
        made.name = name;
        made.json = CamelCase(name);
        std::string type;
        if (!(words >> type)) Bug();
        const auto at = schema.messages.find(type);
        if (at == schema.messages.end()) Bug();
        made.message = at->second.get();
        for (std::string other; words >> other;) {
          if (other == "metrics") {
            made.metrics = true;
          } else {
            made.attributed.push_back(other);
          }
        }
        schema.resources.emplace(name, std::move(made));
      } else {
        Bug();
      }
      continue;
    }
    FieldDef field;
    std::string type;
    if (message == nullptr || !(words >> type)) Bug();
    field.name = first;
    field.json = CamelCase(first);
    if (type.starts_with("[]")) {
      field.repeated = true;
      type.erase(0, 2);
    }
    for (std::string flag; words >> flag;) {
      if (flag == "out") {
        field.output_only = true;
      } else if (flag == "imm") {
        field.immutable = true;
      } else if (flag.starts_with("oneof:")) {
        field.oneof = flag.substr(6);
      } else {
        Bug();
      }
    }
    static const std::map<std::string, Kind, std::less<>> kScalars = {
        {"string", Kind::kString}, {"bool", Kind::kBool},     {"int32", Kind::kInt32},
        {"int64", Kind::kInt64},   {"double", Kind::kDouble}, {"bytes", Kind::kBytes},
        {"mask", Kind::kFieldMask}};
    if (const auto scalar = kScalars.find(type); scalar != kScalars.end()) {
      field.kind = scalar->second;
    } else {
      unresolved.push_back({message, message->fields.size(), type});
    }
    message->fields.push_back(std::move(field));
  }
  for (const auto& [owner, index, type] : unresolved) {
    FieldDef& field = owner->fields[index];
    if (const auto e = schema.enums.find(type); e != schema.enums.end()) {
      field.kind = Kind::kEnum;
      field.enumeration = e->second.get();
    } else if (const auto m = schema.messages.find(type); m != schema.messages.end()) {
      field.kind = Kind::kMessage;
      field.message = m->second.get();
    } else {
      Bug();
    }
  }
  return schema;
}

const Schema& TheSchema() {
  static const Schema schema = Parse();
  return schema;
}

}  // namespace

bool EnumDef::Has(std::string_view value) const {
  return std::find(values.begin(), values.end(), value) != values.end();
}

const FieldDef* MessageDef::Find(std::string_view wanted) const {
  const auto at = std::find_if(fields.begin(), fields.end(), [&](const FieldDef& field) {
    return field.name == wanted || field.json == wanted;
  });
  return at == fields.end() ? nullptr : &*at;
}

const MessageDef* FindMessage(std::string_view name) {
  const auto at = TheSchema().messages.find(name);
  return at == TheSchema().messages.end() ? nullptr : at->second.get();
}

const EnumDef* FindEnum(std::string_view name) {
  const auto at = TheSchema().enums.find(name);
  return at == TheSchema().enums.end() ? nullptr : at->second.get();
}

const ResourceDef* FindResource(std::string_view name) {
  const auto at = TheSchema().resources.find(name);
  return at == TheSchema().resources.end() ? nullptr : &at->second;
}

std::string CamelCase(std::string_view snake) {
  std::string camel;
  bool upper = false;
  for (const char c : snake) {
    if (c == '_') {
      upper = true;
      continue;
    }
    camel += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = false;
  }
  return camel;
}

std::string SnakeCase(std::string_view camel) {
  std::string snake;
  for (const char c : camel) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0) {
      if (!snake.empty() && snake.back() != '.') snake += '_';
      snake += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else {
      snake += c;
    }
  }
  return snake;
}

}  // namespace maxopt::sim::google_ads
