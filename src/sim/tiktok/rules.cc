#include <fmt/format.h>

#include <algorithm>

#include "http/http.h"
#include "sim/tiktok/state.h"
#include "sim/tiktok/tiktok.h"

namespace maxopt::sim::tiktok {
namespace {

constexpr std::size_t kNameLengthMax = 512;
constexpr std::size_t kAdTextLengthMax = 100;
constexpr std::size_t kIdsMax = 1000;
constexpr std::int64_t kFrequencyMax = 1000;
constexpr std::int64_t kFrequencyDaysMax = 30;
/// A wanted return has two decimals, from 0.01 to 1000.
constexpr std::int64_t kRoasStepMicros = 10'000;
constexpr std::int64_t kRoasMaxMicros = 1'000'000'000;
/// Of what a running object has spent, its new budget must leave: 105 %.
constexpr std::int64_t kSpentMarginBp = 10'500;

constexpr std::string_view kNumbers =
    "budget bid_price conversion_bid_price deep_cpa_bid roas_bid frequency frequency_schedule "
    "carousel_image_index page_image_index next_day_retention adgroup_app_profile_page_state";
constexpr std::string_view kFlags =
    "budget_optimize_on comment_disabled share_disabled video_download_disabled catalog_enabled "
    "is_search_campaign is_hfss is_lhf_compliance search_result_enabled patch_update "
    "promotional_music_disabled creative_authorized smart_audience_enabled skip_learning_phase";
constexpr std::string_view kTexts =
    "advertiser_id campaign_id adgroup_id ad_id campaign_name adgroup_name ad_name objective_type "
    "budget_mode operation_status billing_event optimization_goal optimization_event bid_type "
    "pacing schedule_type schedule_start_time schedule_end_time placement_type gender pixel_id "
    "click_attribution_window view_attribution_window engaged_view_attribution_window dayparting "
    "ad_format ad_text identity_type identity_id display_name call_to_action landing_page_url "
    "video_id tiktok_item_id tracking_pixel_id promotion_type request_id po_number music_id "
    "saved_audience_id virtual_objective_type sales_destination deep_bid_type pixel_name";
constexpr std::string_view kTextLists =
    "location_ids age_groups languages audience_ids excluded_audience_ids interest_category_ids "
    "placements image_ids special_industries zipcode_ids operating_systems";

/// Characters, not bytes.
std::size_t Length(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool Has(const Json& object, std::string_view field) {
  const auto at = object.find(field);
  return at != object.end() && !at->is_null();
}

std::string Word(const Json& object, std::string_view field) { return TextOr(object, field, ""); }

Api<> Need(const Json& object, std::initializer_list<std::string_view> fields) {
  for (const auto field : fields) {
    if (!Has(object, field)) {
      return Refuse(kBadParameter, fmt::format("{}: Missing data for required field.", field));
    }
  }
  return {};
}

bool DigitsOnly(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Api<> CheckBudgetAmount(Level level, const std::string& mode, Money budget, std::int64_t days) {
  const Money least = LeastBudget(level, budget.currency()).Times(days);
  if (budget < least) {
    return Refuse(kBadParameter,
                  fmt::format("budget: The {} of {} with {} must be at least {}.",
                              mode == "BUDGET_MODE_TOTAL" ? "total budget" : "daily budget",
                              level == Level::kCampaign ? "a campaign" : "an ad group", mode,
                              PrintMoney(least)));
  }
  return {};
}

std::int64_t FlightDays(const Json& ad_group) {
  const auto start = UtcTime(ad_group.value("schedule_start_time", Json()), "start");
  const auto end = UtcTime(ad_group.value("schedule_end_time", Json()), "end");
  if (!start || !end || *end <= *start) return 1;
  return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::days>(*end - *start).count());
}

/// The bids of an ad group that is optimised for value, and of no other.
Api<> CheckValueBids(const Json& fields) {
  const std::string deep = Word(fields, "deep_bid_type");
  const bool roas = Has(fields, "roas_bid");
  if (Word(fields, "optimization_goal") != "VALUE") {
    if (deep.empty() && !roas) return {};
    return Refuse(kBadParameter, fmt::format("{}: It needs the optimization_goal VALUE.",
                                             deep.empty() ? "roas_bid" : "deep_bid_type"));
  }
  if (Word(fields, "bid_type") == "BID_TYPE_CUSTOM") {
    return Refuse(kBadParameter, "bid_type: optimization_goal VALUE needs BID_TYPE_NO_BID.");
  }
  if (deep.empty()) {
    return Refuse(kBadParameter,
                  "deep_bid_type: Missing data for required field with optimization_goal VALUE.");
  }
  if (roas != (deep == "VO_MIN_ROAS")) {
    return Refuse(kBadParameter, roas ? "roas_bid: It needs deep_bid_type VO_MIN_ROAS."
                                      : "roas_bid: Missing data for required field with "
                                        "deep_bid_type VO_MIN_ROAS.");
  }
  if (!roas) return {};
  const auto ratio = JsonMoney(fields.at("roas_bid"), kUsd);
  if (!ratio || ratio->micros() < kRoasStepMicros || ratio->micros() > kRoasMaxMicros ||
      ratio->micros() % kRoasStepMicros != 0) {
    return Refuse(kBadParameter, "roas_bid: It must be 0.01 to 1000 with at most 2 decimals.");
  }
  return {};
}

Api<> CheckBids(const Json& fields, Currency currency) {
  const bool custom = Word(fields, "bid_type") == "BID_TYPE_CUSTOM";
  const bool optimised = IsOneOf("OCPM OCPC", Word(fields, "billing_event"));
  const std::string_view wanted = optimised ? "conversion_bid_price" : "bid_price";
  for (const std::string_view field : {"bid_price", "conversion_bid_price", "deep_cpa_bid"}) {
    if (!Has(fields, field)) continue;
    MAXOPT_TRY(const Money bid, Amount(fields.at(std::string(field)), field, currency));
    if (bid.zero()) continue;
    if (!custom) {
      return Refuse(kBadParameter, fmt::format("{}: A bid needs bid_type BID_TYPE_CUSTOM.", field));
    }
    if (Has(fields, "budget")) {
      MAXOPT_TRY(const Money budget, Amount(fields.at("budget"), "budget", currency));
      if (!budget.zero() && bid > budget) {
        return Refuse(kBadParameter, fmt::format("{}: The bid {} is higher than the budget {}.",
                                                 field, PrintMoney(bid), PrintMoney(budget)));
      }
    }
  }
  if (custom && !Has(fields, wanted)) {
    return Refuse(kBadParameter, fmt::format("{}: Missing data for required field with bid_type "
                                             "BID_TYPE_CUSTOM.",
                                             wanted));
  }
  if (!custom && Word(fields, "pacing") == "PACING_MODE_FAST") {
    return Refuse(kBadParameter, "pacing: PACING_MODE_FAST needs bid_type BID_TYPE_CUSTOM.");
  }
  return CheckValueBids(fields);
}

Api<> CheckTargeting(const Account& account, const Json& fields) {
  if (Has(fields, "location_ids")) {
    const Json& ids = fields.at("location_ids");
    for (const auto& id : ids) {
      const auto& text = id.get_ref<const std::string&>();
      const Region* region = FindRegion(text);
      if (region == nullptr) {
        return Refuse(kBadParameter, fmt::format("location_ids: {} is not a location.", text));
      }
      if (std::any_of(ids.begin(), ids.end(),
                      [&](const Json& other) { return other == region->parent_id; })) {
        return Refuse(kBadParameter,
                      fmt::format("location_ids: {} overlaps {}; targeted locations must not "
                                  "overlap.",
                                  text, region->parent_id));
      }
    }
  }
  for (const std::string_view field : {"audience_ids", "excluded_audience_ids"}) {
    if (!Has(fields, field)) continue;
    for (const auto& id : fields.at(std::string(field))) {
      if (!DigitsOnly(id.get_ref<const std::string&>())) {
        return Refuse(kBadParameter, fmt::format("{}: {} is not an audience id.", field,
                                                 id.get_ref<const std::string&>()));
      }
    }
  }
  if (Has(fields, "languages")) {
    for (const auto& language : fields.at("languages")) {
      const auto& text = language.get_ref<const std::string&>();
      const bool two =
          text.size() == 2 && text[0] >= 'a' && text[0] <= 'z' && text[1] >= 'a' && text[1] <= 'z';
      if (!two && text != "zh-Hant") {
        return Refuse(kBadParameter, fmt::format("languages: {} is not a language code.", text));
      }
    }
  }
  const bool chosen = Word(fields, "placement_type") == "PLACEMENT_TYPE_NORMAL";
  if (chosen && (!Has(fields, "placements") || fields.at("placements").empty())) {
    return Refuse(kBadParameter,
                  "placements: Missing data for required field with PLACEMENT_TYPE_NORMAL.");
  }
  if (!chosen && Has(fields, "placements") && !fields.at("placements").empty() &&
      Word(fields, "placement_type") == "PLACEMENT_TYPE_AUTOMATIC") {
    return Refuse(kBadParameter, "placements: Not allowed with PLACEMENT_TYPE_AUTOMATIC.");
  }
  if (Has(fields, "dayparting")) {
    const std::string week = Word(fields, "dayparting");
    if (week.size() != 336 || week.find_first_not_of("01") != std::string::npos) {
      return Refuse(kBadParameter, "dayparting: It must be 336 characters of 0 and 1.");
    }
  }
  if (!Has(fields, "pixel_id")) return {};
  const Pixel* pixel = account.FindPixel(Word(fields, "pixel_id"));
  if (pixel == nullptr) {
    return Refuse(kBadParameter, fmt::format("pixel_id: The pixel {} does not exist in this "
                                             "account.",
                                             Word(fields, "pixel_id")));
  }
  const std::string event = Word(fields, "optimization_event");
  if (!event.empty() &&
      std::find(pixel->events.begin(), pixel->events.end(), event) == pixel->events.end()) {
    return Refuse(kBadParameter, fmt::format("optimization_event: The pixel {} has no event {}.",
                                             pixel->id, event));
  }
  return {};
}

/// How often one person may see the ads, for reach only.
Api<> CheckFrequency(const Object& campaign, const Json& fields) {
  const bool frequency = Has(fields, "frequency");
  if (!frequency && !Has(fields, "frequency_schedule")) return {};
  if (Word(campaign.fields, "objective_type") != "REACH") {
    return Refuse(kBadParameter, "frequency: It is supported for the objective REACH only.");
  }
  for (const auto& [field, most] : {std::pair{"frequency", kFrequencyMax},
                                    std::pair{"frequency_schedule", kFrequencyDaysMax}}) {
    const Json value = fields.value(field, Json());
    if (!value.is_number_integer() || value.get<std::int64_t>() < 1 ||
        value.get<std::int64_t>() > most) {
      return Refuse(kBadParameter, fmt::format("{}: It must be between 1 and {}.", field, most));
    }
  }
  return {};
}

}  // namespace

Api<std::string> NeedText(const Json& object, std::string_view field) {
  MAXOPT_CHECK(Need(object, {field}));
  const Json& value = object.at(std::string(field));
  if (!value.is_string()) {
    return Refuse(kBadParameter, fmt::format("{}: Not a valid string.", field));
  }
  if (value.get_ref<const std::string&>().empty()) {
    return Refuse(kBadParameter, fmt::format("{}: It must not be empty.", field));
  }
  return value.get<std::string>();
}

std::string TextOr(const Json& object, std::string_view field, std::string_view otherwise) {
  const auto at = object.find(field);
  if (at == object.end() || !at->is_string()) return std::string(otherwise);
  return at->get<std::string>();
}

Api<std::vector<std::string>> TextList(const Json& value, std::string_view field, std::size_t max) {
  if (!value.is_array()) {
    return Refuse(kBadParameter, fmt::format("{}: Not a valid list.", field));
  }
  if (value.size() > max) {
    return Refuse(kTooManyIds, fmt::format("{}: At most {} entries are allowed.", field, max));
  }
  std::vector<std::string> texts;
  for (const Json& entry : value) {
    if (!entry.is_string()) {
      return Refuse(kBadParameter, fmt::format("{}: Not a valid string.", field));
    }
    texts.push_back(entry.get<std::string>());
  }
  return texts;
}

Api<> CheckMembers(const Json& object, std::string_view known) {
  if (!object.is_object()) return Refuse(kBadParameter, "Not a valid object.");
  for (const auto& [field, value] : object.items()) {
    if (!IsOneOf(known, field)) {
      return Refuse(kBadParameter, fmt::format("{}: Unknown field.", field));
    }
    if (value.is_null()) continue;
    if (IsOneOf(kTexts, field) && !value.is_string()) {
      return Refuse(kBadParameter, fmt::format("{}: Not a valid string.", field));
    }
    if (IsOneOf(kNumbers, field) && !value.is_binary() && !value.is_number()) {
      return Refuse(kBadParameter, fmt::format("{}: Not a valid number.", field));
    }
    if (IsOneOf(kFlags, field) && !value.is_boolean()) {
      return Refuse(kBadParameter, fmt::format("{}: Not a valid boolean.", field));
    }
    if (IsOneOf(kTextLists, field)) MAXOPT_CHECK(TextList(value, field, kIdsMax));
    const std::string_view words = EnumWords(field);
    if (words.empty()) continue;
    const auto check = [&](const Json& word) -> Api<> {
      if (word.is_string() && IsOneOf(words, word.get_ref<const std::string&>())) return {};
      return Refuse(kBadParameter,
                    fmt::format("{}: {} is not one of {}.", field, PrintExactJson(word), words));
    };
    if (value.is_array()) {
      for (const Json& word : value) MAXOPT_CHECK(check(word));
    } else {
      MAXOPT_CHECK(check(value));
    }
  }
  return {};
}

Api<Money> Amount(const Json& value, std::string_view field, Currency currency) {
  if (!value.is_binary() && !value.is_number()) {
    return Refuse(kBadParameter, fmt::format("{}: Not a valid number.", field));
  }
  const auto money = JsonMoney(value, currency);
  if (!money) return Refuse(kBadParameter, fmt::format("{}: Not a valid amount.", field));
  if (money->negative()) {
    return Refuse(kBadParameter, fmt::format("{}: It must not be negative.", field));
  }
  const auto decimals = MinorUnitDecimals(currency, MinorUnits::kIso4217);
  const int shown = decimals ? std::min(*decimals, 2) : 2;
  std::int64_t unit = 1'000'000;
  for (int i = 0; i < shown; ++i) unit /= 10;
  if (money->micros() % unit != 0) {
    return Refuse(kBadParameter,
                  fmt::format("{}: At most {} decimals in {}.", field, shown, currency.name()));
  }
  return *money;
}

Api<Instant> UtcTime(const Json& value, std::string_view field) {
  if (!value.is_string()) {
    return Refuse(kBadParameter, fmt::format("{}: Missing data for required field.", field));
  }
  const auto time = ParseLocal(value.get_ref<const std::string&>());
  if (!time) {
    return Refuse(kBadParameter,
                  fmt::format("{}: Not a valid time; use yyyy-MM-dd HH:mm:ss in UTC.", field));
  }
  return Instant(time->time_since_epoch());
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string PrintUtc(Instant at) {
  return PrintLocal(LocalTime(std::chrono::floor<std::chrono::seconds>(at.time_since_epoch())));
}

Api<> CheckName(const std::string& name, std::string_view field, std::size_t length_max) {
  const std::size_t length = Length(name);
  if (length < 1 || length > length_max) {
    return Refuse(kBadParameter,
                  fmt::format("{}: Length must be between 1 and {}.", field, length_max));
  }
  return {};
}

Api<Json> JsonParam(const Call& call, const std::string& name, Json otherwise) {
  const auto at = call.query.find(name);
  if (at == call.query.end() || at->second.empty()) return otherwise;
  auto value = ParseExactJson(at->second);
  if (!value) return Refuse(kBadParameter, fmt::format("{}: Not valid JSON.", name));
  return std::move(*value);
}

Api<Page> PageOf(const Call& call, std::int64_t page_size_default, std::int64_t page_size_max) {
  Page page{1, page_size_default};
  const auto read = [&](const std::string& name, std::int64_t& into, std::int64_t max) -> Api<> {
    const auto at = call.query.find(name);
    if (at == call.query.end() || at->second.empty()) return {};
    if (!DigitsOnly(at->second) || at->second.size() > 9) {
      return Refuse(kBadParameter, fmt::format("{}: Not a valid integer.", name));
    }
    into = std::stoll(at->second);
    if (into < 1 || into > max) {
      return Refuse(kBadParameter, fmt::format("{}: Must be between 1 and {}.", name, max));
    }
    return {};
  };
  MAXOPT_CHECK(read("page", page.page, 1'000'000));
  MAXOPT_CHECK(read("page_size", page.page_size, page_size_max));
  return page;
}

Json PageInfo(const Page& page, std::size_t total) {
  const auto number = static_cast<std::int64_t>(total);
  return {{"page", page.page},
          {"page_size", page.page_size},
          {"total_number", number},
          {"total_page", (number + page.page_size - 1) / page.page_size}};
}

bool BudgetOptimized(const Object& campaign) {
  const auto at = campaign.fields.find("budget_optimize_on");
  return at != campaign.fields.end() && at->is_boolean() && at->get<bool>();
}

Api<> CheckSchedule(const Json& fields, Instant now) {
  MAXOPT_TRY(const Instant start,
             UtcTime(fields.value("schedule_start_time", Json()), "schedule_start_time"));
  const bool ends = Word(fields, "schedule_type") == "SCHEDULE_START_END";
  if (!ends) {
    if (Word(fields, "budget_mode") == "BUDGET_MODE_TOTAL") {
      return Refuse(kBadParameter, "schedule_type: BUDGET_MODE_TOTAL needs SCHEDULE_START_END.");
    }
    return {};
  }
  MAXOPT_TRY(const Instant end,
             UtcTime(fields.value("schedule_end_time", Json()), "schedule_end_time"));
  if (end <= start) {
    return Refuse(kBadParameter,
                  "schedule_end_time: The end time must be later than the start time.");
  }
  if (end <= now) {
    return Refuse(kBadParameter,
                  "schedule_end_time: The end time must be later than the current time (UTC).");
  }
  return {};
}

Api<> CheckCampaign(const Account& account, const Json& fields) {
  const Currency currency = account.served.setup.currency;
  MAXOPT_TRY(const std::string name, NeedText(fields, "campaign_name"));
  MAXOPT_CHECK(CheckName(name, "campaign_name", kNameLengthMax));
  MAXOPT_CHECK(NeedText(fields, "objective_type"));
  const std::string mode = TextOr(fields, "budget_mode", "BUDGET_MODE_INFINITE");
  const bool optimized = fields.value("budget_optimize_on", false);
  if (mode == "BUDGET_MODE_INFINITE") {
    if (optimized) {
      return Refuse(kBadParameter,
                    "budget_optimize_on: Campaign budget optimization needs a campaign budget.");
    }
    if (Has(fields, "budget")) {
      MAXOPT_TRY(const Money budget, Amount(fields.at("budget"), "budget", currency));
      if (!budget.zero()) {
        return Refuse(kBadParameter, "budget: Not allowed with BUDGET_MODE_INFINITE.");
      }
    }
    return {};
  }
  MAXOPT_CHECK(Need(fields, {"budget"}));
  MAXOPT_TRY(const Money budget, Amount(fields.at("budget"), "budget", currency));
  return CheckBudgetAmount(Level::kCampaign, mode, budget, 1);
}

Api<> CheckAdGroup(const Account& account, const Object& campaign, const Json& fields) {
  const Currency currency = account.served.setup.currency;
  MAXOPT_TRY(const std::string name, NeedText(fields, "adgroup_name"));
  MAXOPT_CHECK(CheckName(name, "adgroup_name", kNameLengthMax));
  MAXOPT_CHECK(Need(fields, {"billing_event", "optimization_goal", "pacing", "schedule_type",
                             "schedule_start_time"}));
  const bool optimized = BudgetOptimized(campaign);
  const std::string mode = Word(fields, "budget_mode");
  if (optimized) {
    // The campaign owns the money: a second amount here would be ignored, so it is not taken.
    bool zero = true;
    if (Has(fields, "budget")) {
      MAXOPT_TRY(const Money budget, Amount(fields.at("budget"), "budget", currency));
      zero = budget.zero();
    }
    if (!zero || (!mode.empty() && mode != "BUDGET_MODE_INFINITE")) {
      return Refuse(kBadParameter,
                    "budget: The campaign has budget_optimize_on; its ad groups have no budget.");
    }
  } else {
    MAXOPT_CHECK(Need(fields, {"budget", "budget_mode"}));
    if (mode == "BUDGET_MODE_INFINITE") {
      return Refuse(kBadParameter, "budget_mode: BUDGET_MODE_INFINITE is for campaigns only.");
    }
    MAXOPT_TRY(const Money budget, Amount(fields.at("budget"), "budget", currency));
    MAXOPT_CHECK(CheckBudgetAmount(Level::kAdGroup, mode, budget,
                                   mode == "BUDGET_MODE_TOTAL" ? FlightDays(fields) : 1));
  }
  const std::string goal = Word(fields, "optimization_goal");
  MAXOPT_CHECK(
      CheckGoal(Word(campaign.fields, "objective_type"), goal, Word(fields, "billing_event")));
  if (IsOneOf("CONVERT VALUE", goal) && IsOneOf("WEB_CONVERSIONS PRODUCT_SALES LEAD_GENERATION",
                                                Word(campaign.fields, "objective_type"))) {
    MAXOPT_CHECK(Need(fields, {"pixel_id", "optimization_event"}));
  }
  if (optimized && Word(fields, "pacing") == "PACING_MODE_FAST") {
    return Refuse(
        kBadParameter,
        "pacing: The campaign has budget_optimize_on; only PACING_MODE_SMOOTH is allowed.");
  }
  MAXOPT_CHECK(CheckFrequency(campaign, fields));
  MAXOPT_CHECK(CheckTargeting(account, fields));
  return CheckBids(fields, currency);
}

Api<> CheckCreative(const Account& account, const Object& ad_group, const Json& creative) {
  MAXOPT_TRY(const std::string name, NeedText(creative, "ad_name"));
  MAXOPT_CHECK(CheckName(name, "ad_name", kNameLengthMax));
  MAXOPT_TRY(const std::string format, NeedText(creative, "ad_format"));
  MAXOPT_CHECK(NeedText(creative, "identity_type"));
  MAXOPT_CHECK(NeedText(creative, "identity_id"));
  if (Word(creative, "identity_type") == "CUSTOMIZED_USER") {
    MAXOPT_TRY(const std::string shown, NeedText(creative, "display_name"));
    MAXOPT_CHECK(CheckName(shown, "display_name", 40));
  }
  MAXOPT_TRY(const std::string text, NeedText(creative, "ad_text"));
  MAXOPT_CHECK(CheckName(text, "ad_text", kAdTextLengthMax));
  const Json images = creative.value("image_ids", Json::array());
  if (format == "SINGLE_IMAGE" && images.size() != 1) {
    return Refuse(kBadParameter, "image_ids: SINGLE_IMAGE needs exactly one image.");
  }
  if (format == "CAROUSEL_ADS" && (images.size() < 2 || images.size() > 35)) {
    return Refuse(kBadParameter, "image_ids: CAROUSEL_ADS needs 2 to 35 images.");
  }
  for (const Json& image : images) {
    if (!account.images.contains(image.get<std::string>())) {
      return Refuse(kBadParameter, fmt::format("image_ids: The image {} does not exist in this "
                                               "account.",
                                               image.get<std::string>()));
    }
  }
  if (format == "CAROUSEL_ADS") {
    // The licensed music of a carousel is not known here; that it is named is.
    MAXOPT_CHECK(NeedText(creative, "music_id"));
  }
  if (format != "SINGLE_VIDEO" && Has(creative, "video_id")) {
    return Refuse(kBadParameter, fmt::format("video_id: Not supported with {}.", format));
  }
  if (format == "SINGLE_VIDEO") {
    if (images.size() > 1) {
      return Refuse(kBadParameter, "image_ids: SINGLE_VIDEO has at most one image, its cover.");
    }
    MAXOPT_TRY(const std::string video, NeedText(creative, "video_id"));
    if (!account.videos.contains(video)) {
      return Refuse(40053,
                    fmt::format("video_id: The video {} does not exist in this account.", video));
    }
  }
  const Object* campaign = account.Find(Level::kCampaign, ad_group.campaign_id);
  if (campaign != nullptr &&
      IsOneOf("TRAFFIC WEB_CONVERSIONS", Word(campaign->fields, "objective_type"))) {
    MAXOPT_CHECK(NeedText(creative, "landing_page_url"));
  }
  if (Has(creative, "landing_page_url")) {
    const std::string url = Word(creative, "landing_page_url");
    const auto parsed = http::ParseUrl(url);
    if (!parsed || !(url.starts_with("https://") || url.starts_with("http://"))) {
      return Refuse(kBadParameter, "landing_page_url: Not a valid URL.");
    }
  }
  if (Has(creative, "utm_params")) {
    const Json& pairs = creative.at("utm_params");
    if (!pairs.is_array()) return Refuse(kBadParameter, "utm_params: Not a valid list.");
    for (const Json& pair : pairs) {
      if (!pair.is_object() || !pair.value("key", Json()).is_string() ||
          !pair.value("value", Json()).is_string()) {
        return Refuse(kBadParameter, "utm_params: Each entry needs key and value.");
      }
    }
  }
  return {};
}

Api<> CheckNewBudget(const Account& account, const Object& object, const Object& campaign,
                     const Json& budget, Money spent) {
  const Currency currency = account.served.setup.currency;
  MAXOPT_TRY(const Money amount, Amount(budget, "budget", currency));
  if (object.level == Level::kAdGroup && BudgetOptimized(campaign)) {
    return Refuse(kBadParameter,
                  "budget: The campaign has budget_optimize_on; its ad groups have no budget.");
  }
  const std::string mode = Word(object.fields, "budget_mode");
  if (mode == "BUDGET_MODE_INFINITE") {
    return Refuse(kBadParameter,
                  "budget: The budget_mode is BUDGET_MODE_INFINITE and cannot be changed.");
  }
  const bool total = mode == "BUDGET_MODE_TOTAL";
  MAXOPT_CHECK(
      CheckBudgetAmount(object.level, mode, amount,
                        total && object.level == Level::kAdGroup ? FlightDays(object.fields) : 1));
  if (amount < spent.TimesBp(kSpentMarginBp)) {
    return Refuse(kBadParameter,
                  fmt::format("budget: It cannot be lower than 105% of the {} already spent{}.",
                              PrintMoney(spent), total ? "" : " today"));
  }
  return {};
}

}  // namespace maxopt::sim::tiktok
