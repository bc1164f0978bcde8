#include "sim/meta/checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/meta/fields.h"
#include "sim/meta/places.h"

namespace maxopt::sim::meta {
namespace {

/// Lowest daily budget in whole units of the currency; others: 1 unit.
struct MinimumUnits {
  std::string_view currency;
  std::int64_t units;
};
constexpr MinimumUnits kMinimums[] = {
    {"AED", 4},     {"AUD", 2},     {"BRL", 6},  {"CAD", 2},  {"CHF", 1},   {"CLP", 950},
    {"COP", 4000},  {"CZK", 23},    {"DKK", 7},  {"EUR", 1},  {"GBP", 1},   {"HKD", 8},
    {"HUF", 350},   {"IDR", 16000}, {"ILS", 4},  {"INR", 90}, {"ISK", 140}, {"JPY", 100},
    {"KRW", 1400},  {"MXN", 19},    {"NOK", 10}, {"NZD", 2},  {"PLN", 4},   {"RON", 5},
    {"SEK", 10},    {"SGD", 1},     {"THB", 35}, {"TRY", 41}, {"TWD", 33},  {"USD", 1},
    {"VND", 26000}, {"ZAR", 18},
};

constexpr std::string_view kCountries =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM "
    "ZW";

/// Which results an objective can be optimised for (the common part of Meta's table).
struct ObjectiveGoals {
  std::string_view objective;
  std::string_view goals;
};
constexpr ObjectiveGoals kGoals[] = {
    {"OUTCOME_AWARENESS", "REACH IMPRESSIONS AD_RECALL_LIFT THRUPLAY"},
    {"OUTCOME_TRAFFIC",
     "LINK_CLICKS LANDING_PAGE_VIEWS IMPRESSIONS REACH CONVERSATIONS QUALITY_CALL PROFILE_VISIT "
     "VISIT_INSTAGRAM_PROFILE"},
    {"OUTCOME_ENGAGEMENT",
     "POST_ENGAGEMENT THRUPLAY LINK_CLICKS LANDING_PAGE_VIEWS IMPRESSIONS REACH PAGE_LIKES "
     "EVENT_RESPONSES CONVERSATIONS OFFSITE_CONVERSIONS REMINDERS_SET QUALITY_CALL"},
    {"OUTCOME_LEADS",
     "LEAD_GENERATION QUALITY_LEAD OFFSITE_CONVERSIONS LINK_CLICKS LANDING_PAGE_VIEWS IMPRESSIONS "
     "REACH CONVERSATIONS QUALITY_CALL"},
    {"OUTCOME_APP_PROMOTION",
     "APP_INSTALLS APP_INSTALLS_AND_OFFSITE_CONVERSIONS OFFSITE_CONVERSIONS LINK_CLICKS VALUE "
     "IN_APP_VALUE"},
    {"OUTCOME_SALES",
     "OFFSITE_CONVERSIONS VALUE LINK_CLICKS LANDING_PAGE_VIEWS IMPRESSIONS REACH CONVERSATIONS "
     "QUALITY_CALL MESSAGING_PURCHASE_CONVERSION"},
};

/// The member states and the territories that belong to them: there ads must say who benefits and
/// who pays, and political ones are not taken.
constexpr std::string_view kEuropeanUnion =
    "AT BE BG CY CZ DE DK EE ES FI FR GF GP GR HR HU IE IT LT LU LV MF MQ MT NL PL PT RE RO SE SI "
    "SK YT";
/// Categories whose ads may not choose people by age or gender.
constexpr std::string_view kProtected = "CREDIT EMPLOYMENT FINANCIAL_PRODUCTS_SERVICES HOUSING";
constexpr std::size_t kNameMax = 400;
constexpr std::int64_t kFrequencyMax = 90;
/// Smallest picture of a link ad.
constexpr std::int64_t kPictureWidthMin = 254;
constexpr std::int64_t kPictureHeightMin = 133;
constexpr std::chrono::seconds kVideoProcessing{5};

constexpr std::string_view kConversionEvents =
    "ACHIEVEMENT_UNLOCKED ADD_PAYMENT_INFO ADD_TO_CART ADD_TO_WISHLIST COMPLETE_REGISTRATION "
    "CONTACT CONTENT_VIEW CUSTOMIZE_PRODUCT DONATE FIND_LOCATION INITIATED_CHECKOUT LEAD "
    "LEVEL_ACHIEVED LISTING_INTERACTION OTHER PURCHASE RATE SCHEDULE SEARCH "
    "SERVICE_BOOKING_REQUEST "
    "SPENT_CREDITS START_TRIAL SUBMIT_APPLICATION SUBSCRIBE TUTORIAL_COMPLETION";

std::string Member(const Json& object, std::string_view name) {
  if (!object.is_object()) return "";
  const auto it = object.find(name);
  if (it == object.end() || it->is_structured() || it->is_null()) return "";
  return ScalarText(*it);
}

const Json* Child(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(name);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

bool AllDigits(std::string_view text) {
  return !text.empty() && text.size() <= 20 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::unexpected<GraphError> Missing(std::string_view name) {
  return RefuseParam(fmt::format("The parameter {} is required", name));
}

Graph<> CheckStatusChange(const Object& object, const CheckContext& context) {
  if (context.create && object.gone()) {
    return RefuseParam(
        fmt::format("Param status must be one of {{ACTIVE, PAUSED}} when creating - got \"{}\".",
                    object.status()));
  }
  return {};
}

Graph<> CheckBudgets(const Object& object, const CheckContext& context, std::int64_t minimum) {
  const auto daily = object.integer("daily_budget");
  const auto lifetime = object.integer("lifetime_budget");
  if (daily && lifetime) {
    return RefuseFields(0, "Only One Budget",
                        "Set either a daily or a lifetime budget, and keep the kind it has.",
                        {"daily_budget", "lifetime_budget"});
  }
  const auto print = [&](std::int64_t minor) {
    return PrintMoney(context.account.FromMinor(minor));
  };
  if (daily && context.given.contains("daily_budget") && *daily < minimum) {
    return RefuseFields(1885272, "Budget is too low",
                        fmt::format("Your daily budget of {} is too low: it must be at least {}.",
                                    print(*daily), print(minimum)),
                        {"daily_budget"});
  }
  if (lifetime && context.given.contains("lifetime_budget")) {
    if (*lifetime < minimum) {
      return RefuseFields(1885272, "Budget is too low",
                          fmt::format("Your lifetime budget of {} is too low: at least {} a day.",
                                      print(*lifetime), print(minimum)),
                          {"lifetime_budget"});
    }
    if (const std::int64_t floor = context.spent_minor + (context.spent_minor + 9) / 10;
        *lifetime < floor) {
      return RefuseFields(1885272, "Budget is too low",
                          fmt::format("Your lifetime budget of {} must be at least 10% more than "
                                      "the {} already spent.",
                                      print(*lifetime), print(context.spent_minor)),
                          {"lifetime_budget"});
    }
  }
  return {};
}

Graph<> CheckFlight(const Object& object, std::string_view end_name, const CheckContext& context) {
  const auto start = object.time("start_time");
  const auto end = object.time(end_name);
  if (!end) return {};
  if (start && *end <= *start) {
    return RefuseFields(0, "End before start",
                        fmt::format("{} must be later than start_time.", end_name),
                        {std::string(end_name)});
  }
  if (context.given.contains(end_name) && *end <= context.now) {
    return RefuseFields(0, "End in the past", fmt::format("{} must be in the future.", end_name),
                        {std::string(end_name)});
  }
  return {};
}

/// {"key":"3847"}; what search knows as something else is not that.
Graph<> CheckPlaces(const Json& geo, std::string_view member) {
  for (const std::string_view kind : {"regions", "cities"}) {
    const Json* list = Child(geo, kind);
    if (list == nullptr) continue;
    for (const Json& place : *list) {
      const std::string key = Member(place, "key");
      const Place* known = FindPlace(key);
      const std::string_view type = kind == "regions" ? "region" : "city";
      if (!AllDigits(key) || (known != nullptr && known->type != type)) {
        return RefuseFields(1487851, "Location not known",
                            fmt::format("{} in targeting.{}.{} is not the key of a {}.",
                                        Dump(place), member, kind, type),
                            {"targeting", std::string(member)});
      }
      const Json* countries = Child(geo, "countries");
      if (known == nullptr || countries == nullptr || member != "geo_locations") continue;
      if (std::ranges::find(*countries, Json(known->country)) != countries->end()) {
        return RefuseFields(1487756, "Locations overlap",
                            fmt::format("{} is in {}, which is targeted as a whole. Take one of "
                                        "both away.",
                                        known->name, known->country),
                            {"targeting", "geo_locations"});
      }
    }
  }
  return {};
}

Graph<> CheckGeo(const Json& targeting) {
  const Json* geo = Child(targeting, "geo_locations");
  bool any = false;
  for (const std::string_view kind : {"countries", "country_groups", "regions", "cities", "zips",
                                      "geo_markets", "custom_locations", "places"}) {
    const Json* list = geo == nullptr ? nullptr : Child(*geo, kind);
    if (list == nullptr) continue;
    if (!list->is_array()) {
      return RefuseParam(fmt::format("targeting[geo_locations][{}] must be an array", kind));
    }
    any = any || !list->empty();
  }
  if (!any) {
    return RefuseFields(1885364, "Location missing",
                        "Your ad set needs at least one location: set targeting.geo_locations.",
                        {"targeting"});
  }
  if (auto ok = CheckPlaces(*geo, "geo_locations"); !ok) return ok;
  if (const Json* excluded = Child(targeting, "excluded_geo_locations")) {
    if (auto ok = CheckPlaces(*excluded, "excluded_geo_locations"); !ok) return ok;
  }
  if (const Json* countries = Child(*geo, "countries")) {
    for (const Json& country : *countries) {
      if (!country.is_string() || !HasWord(kCountries, country.get_ref<const std::string&>())) {
        return RefuseFields(
            1487079, "Country not known",
            fmt::format("{} is not an ISO 3166-1 alpha-2 country code.", Dump(country)),
            {"targeting"});
      }
    }
  }
  return {};
}

Graph<> CheckTargeting(const Json& targeting) {
  if (!targeting.is_object()) return RefuseParam("Param targeting must be an object");
  if (auto ok = CheckGeo(targeting); !ok) return ok;
  std::int64_t ages[2] = {18, 65};
  const std::string_view names[2] = {"age_min", "age_max"};
  for (int i = 0; i < 2; ++i) {
    const Json* age = Child(targeting, names[i]);
    if (age == nullptr) continue;
    if (!age->is_number_integer() || *age < 13 || *age > 65) {
      return RefuseFields(
          1487079, "Age out of range",
          fmt::format("targeting.{} must be 13 to 65, not {}.", names[i], Dump(*age)),
          {"targeting"});
    }
    ages[i] = age->get<std::int64_t>();
  }
  if (ages[0] > ages[1]) {
    return RefuseFields(1487079, "Age out of range",
                        "targeting.age_min must not be above targeting.age_max.", {"targeting"});
  }
  if (const Json* genders = Child(targeting, "genders")) {
    const bool right = genders->is_array() && std::ranges::all_of(*genders, [](const Json& g) {
                         return g.is_number_integer() && g >= 0 && g <= 2;
                       });
    if (!right) {
      return RefuseParam("targeting[genders] must be an array of 1 (male) and 2 (female)");
    }
  }
  const struct {
    std::string_view name;
    std::string_view words;
  } lists[] = {
      {"publisher_platforms", "facebook instagram audience_network messenger threads"},
      {"device_platforms", "mobile desktop connected_tv"},
  };
  for (const auto& [name, words] : lists) {
    const Json* list = Child(targeting, name);
    if (list == nullptr) continue;
    if (!list->is_array()) return RefuseParam(fmt::format("targeting[{}] must be an array", name));
    for (const Json& word : *list) {
      if (!word.is_string() || !HasWord(words, word.get_ref<const std::string&>())) {
        return RefuseParam(fmt::format("Param targeting[{}] must be one of {{{}}} - got {}.", name,
                                       ListWords(words), Dump(word)));
      }
    }
  }
  for (const std::string_view name : {"custom_audiences", "excluded_custom_audiences"}) {
    const Json* list = Child(targeting, name);
    if (list == nullptr) continue;
    const bool right =
        list->is_array() && std::ranges::all_of(*list, [](const Json& audience) {
          return AllDigits(audience.is_object() ? Member(audience, "id") : ScalarText(audience));
        });
    if (!right) return RefuseParam(fmt::format("targeting[{}] must list audience ids", name));
  }
  return {};
}

Graph<> CheckGoal(const Object& adset, const Object& campaign) {
  const std::string goal = adset.text("optimization_goal");
  const std::string billing = adset.text("billing_event");
  for (const auto& [objective, goals] : kGoals) {
    if (objective == campaign.text("objective") && !HasWord(goals, goal)) {
      return RefuseFields(2490408, "Performance goal isn't available",
                          fmt::format("{} can't be used with the objective {}; use one of {}.",
                                      goal, objective, ListWords(goals)),
                          {"optimization_goal"});
    }
  }
  // Everything can be billed by impression; an action only when it is also what is optimised for.
  if (billing != "IMPRESSIONS" && billing != goal) {
    return RefuseFields(2490408, "Billing event isn't available",
                        fmt::format("{} can't be billed by {}; use IMPRESSIONS.", goal, billing),
                        {"billing_event"});
  }
  return {};
}

Graph<> CheckPromotedObject(const Object& adset) {
  const std::string goal = adset.text("optimization_goal");
  const Json promoted = adset.fields.value("promoted_object", Json::object());
  const auto refuse = [&](std::string_view needed) {
    return RefuseFields(1815430, "Promoted object missing",
                        fmt::format("{} needs promoted_object with {}.", goal, needed),
                        {"promoted_object"});
  };
  if (goal == "OFFSITE_CONVERSIONS" || goal == "VALUE") {
    const bool by_app = AllDigits(Member(promoted, "application_id"));
    const bool by_conversion = AllDigits(Member(promoted, "custom_conversion_id"));
    const std::string event = Member(promoted, "custom_event_type");
    if (!by_app && !by_conversion && (!AllDigits(Member(promoted, "pixel_id")) || event.empty())) {
      return refuse("pixel_id and custom_event_type");
    }
    if (!event.empty() && !HasWord(kConversionEvents, event)) {
      return RefuseParam(fmt::format(
          "Param promoted_object[custom_event_type] must be one of {{{}}} - got \"{}\".",
          ListWords(kConversionEvents), event));
    }
  }
  if ((goal == "LEAD_GENERATION" || goal == "QUALITY_LEAD" || goal == "PAGE_LIKES") &&
      !AllDigits(Member(promoted, "page_id"))) {
    return refuse("page_id");
  }
  if (goal == "APP_INSTALLS" && !AllDigits(Member(promoted, "application_id"))) {
    return refuse("application_id and object_store_url");
  }
  return {};
}

Graph<> CheckBid(const Object& adset, const Object& campaign, bool campaign_budget) {
  std::string strategy = campaign_budget ? campaign.text("bid_strategy") : "";
  if (strategy.empty()) strategy = adset.text("bid_strategy");
  const std::int64_t bid = adset.integer("bid_amount").value_or(0);
  if ((strategy == "LOWEST_COST_WITH_BID_CAP" || strategy == "COST_CAP") && bid == 0) {
    return RefuseFields(1815857, "Bid amount required",
                        fmt::format("The bid strategy {} needs bid_amount.", strategy),
                        {"bid_amount"});
  }
  if (strategy == "LOWEST_COST_WITH_MIN_ROAS") {
    const Json constraints = adset.fields.value("bid_constraints", Json::object());
    const std::string floor = Member(constraints, "roas_average_floor");
    if (!AllDigits(floor) || floor.size() > 8 || std::stol(floor) < 100 ||
        std::stol(floor) > 10'000'000) {
      return RefuseFields(1815857, "Bid constraints required",
                          "LOWEST_COST_WITH_MIN_ROAS needs bid_constraints.roas_average_floor of "
                          "100 to 10000000.",
                          {"bid_constraints"});
    }
    if (adset.text("optimization_goal") != "VALUE") {
      return RefuseFields(1815857, "Bid strategy not available",
                          "LOWEST_COST_WITH_MIN_ROAS goes with the optimization goal VALUE only.",
                          {"bid_strategy"});
    }
  }
  if ((strategy.empty() || strategy == "LOWEST_COST_WITHOUT_CAP") && bid != 0) {
    return RefuseFields(1815857, "Bid amount not allowed",
                        "bid_amount goes with LOWEST_COST_WITH_BID_CAP or COST_CAP only.",
                        {"bid_amount", "bid_strategy"});
  }
  return {};
}

Graph<> CheckPacing(const Object& object) {
  const auto it = object.fields.find("pacing_type");
  if (it == object.fields.end()) return {};
  for (const Json& type : *it) {
    if (!HasWord("standard no_pacing day_parting", ScalarText(type))) {
      return RefuseParam(
          fmt::format("Param pacing_type must be one of {{standard, no_pacing, "
                      "day_parting}} - got {}.",
                      Dump(type)));
    }
  }
  return {};
}

Graph<> CheckSchedule(const Object& adset, bool lifetime) {
  const auto it = adset.fields.find("adset_schedule");
  const bool empty = it == adset.fields.end() || it->is_null() || it->empty();
  const Json pacing = adset.fields.value("pacing_type", Json::array());
  const bool parted = std::ranges::find(pacing, Json("day_parting")) != pacing.end();
  if (parted != !empty) {
    return RefuseFields(0, "Schedule and pacing differ",
                        "adset_schedule goes with the pacing_type day_parting, and neither without "
                        "the other.",
                        {"pacing_type"});
  }
  if (empty) return {};
  if (!lifetime) {
    return RefuseFields(0, "Schedule needs a lifetime budget",
                        "adset_schedule can be used only with lifetime_budget.",
                        {"adset_schedule"});
  }
  const bool right = it->is_array() && std::ranges::all_of(*it, [](const Json& part) {
                       const Json* from = Child(part, "start_minute");
                       const Json* to = Child(part, "end_minute");
                       const Json* days = Child(part, "days");
                       return from != nullptr && to != nullptr && days != nullptr &&
                              from->is_number_integer() && to->is_number_integer() && *from >= 0 &&
                              *to <= 1440 && *from < *to && from->get<std::int64_t>() % 60 == 0 &&
                              to->get<std::int64_t>() % 60 == 0 && days->is_array() &&
                              std::ranges::all_of(*days, [](const Json& day) {
                                return day.is_number_integer() && day >= 0 && day <= 6;
                              });
                     });
  if (!right) {
    return RefuseParam(
        "Param adset_schedule must list {start_minute, end_minute, days of 0 to 6}, whole hours");
  }
  return {};
}

Graph<> CheckFrequency(const Object& adset) {
  const auto it = adset.fields.find("frequency_control_specs");
  if (it == adset.fields.end() || it->empty()) return {};
  if (!HasWord("REACH IMPRESSIONS", adset.text("optimization_goal"))) {
    return RefuseFields(1885024, "Frequency cap not available",
                        "frequency_control_specs goes with the optimization goals REACH and "
                        "IMPRESSIONS only.",
                        {"frequency_control_specs"});
  }
  const auto in_range = [](const Json& spec, std::string_view name) {
    const Json* value = Child(spec, name);
    return value != nullptr && value->is_number_integer() && *value >= 1 && *value <= kFrequencyMax;
  };
  const Json spec = it->is_array() && it->size() == 1 ? it->front() : Json();
  if (Member(spec, "event") == "IMPRESSIONS" && in_range(spec, "interval_days") &&
      in_range(spec, "max_frequency")) {
    return {};
  }
  return RefuseParam(fmt::format(
      "Param frequency_control_specs must be one {{event: IMPRESSIONS, interval_days: 1 to {0}, "
      "max_frequency: 1 to {0}}}",
      kFrequencyMax));
}

Graph<> CheckAttribution(const Object& adset) {
  const auto it = adset.fields.find("attribution_spec");
  if (it == adset.fields.end() || it->is_null() || it->empty()) return {};
  const bool conversions = HasWord("OFFSITE_CONVERSIONS VALUE", adset.text("optimization_goal"));
  const bool right =
      it->is_array() && std::ranges::all_of(*it, [&](const Json& window) {
        const std::string event = Member(window, "event_type");
        const std::string days = Member(window, "window_days");
        if (event == "CLICK_THROUGH") return days == "1" || (conversions && days == "7");
        return conversions && days == "1" && HasWord("VIEW_THROUGH ENGAGED_VIDEO_VIEW", event);
      });
  if (right) return {};
  return RefuseFields(1815498, "Attribution window not available",
                      fmt::format("{} can't be used with the optimization goal {}.", Dump(*it),
                                  adset.text("optimization_goal")),
                      {"attribution_spec"});
}

/// What a campaign's special categories allow its ad sets.
Graph<> CheckSpecial(const Object& adset, const Object& campaign) {
  const Json categories = campaign.fields.value("special_ad_categories", Json::array());
  const bool is_protected = std::ranges::any_of(
      categories, [](const Json& category) { return HasWord(kProtected, ScalarText(category)); });
  const Json& targeting = adset.fields.at("targeting");
  const auto refuse = [](std::string why) {
    return RefuseFields(2909034, "Special Ad Category errors", std::move(why), {"targeting"});
  };
  if (is_protected) {
    const std::string from = Member(targeting, "age_min");
    const std::string to = Member(targeting, "age_max");
    const Json* genders = Child(targeting, "genders");
    if ((!from.empty() && from != "18") || (!to.empty() && to != "65") ||
        (genders != nullptr && genders->size() == 1)) {
      return refuse("Ads of this category reach people of 18 to 65+ and of all genders.");
    }
  }
  const Json allowed = campaign.fields.value("special_ad_category_country", Json::array());
  const Json* geo = Child(targeting, "geo_locations");
  const Json* countries = geo == nullptr ? nullptr : Child(*geo, "countries");
  if (categories.empty() || allowed.empty() || countries == nullptr) return {};
  for (const Json& country : *countries) {
    if (std::ranges::find(allowed, country) != allowed.end()) continue;
    return refuse(
        fmt::format("{} is not among the campaign's special_ad_category_country.", Dump(country)));
  }
  return {};
}

Graph<> CheckPolitics(const Object& campaign) {
  const Json categories = campaign.fields.value("special_ad_categories", Json::array());
  if (std::ranges::find(categories, Json("ISSUES_ELECTIONS_POLITICS")) == categories.end()) {
    return {};
  }
  const Json countries = campaign.fields.value("special_ad_category_country", Json::array());
  if (countries.empty()) {
    return RefuseFields(2909034, "Special Ad Category errors",
                        "ISSUES_ELECTIONS_POLITICS needs special_ad_category_country.",
                        {"special_ad_category_country"});
  }
  for (const Json& country : countries) {
    if (!HasWord(kEuropeanUnion, ScalarText(country))) continue;
    return RefuseFields(2909034, "Special Ad Category errors",
                        fmt::format("Ads about politics are not available in {}.", Dump(country)),
                        {"special_ad_categories"});
  }
  return {};
}

Graph<> CheckName(const Object& object) {
  if (object.text("name").size() <= kNameMax) return {};
  return RefuseFields(1487079, "Name is too long",
                      fmt::format("The name must have at most {} characters.", kNameMax), {"name"});
}

Graph<> CheckCallToAction(const Json& data) {
  const Json* action = Child(data, "call_to_action");
  if (action == nullptr) return {};
  const std::string type = Member(*action, "type");
  if (!HasWord(kCallToActions, type)) {
    return RefuseParam(fmt::format("Param call_to_action[type] must be one of {{{}}} - got \"{}\".",
                                   ListWords(kCallToActions), type));
  }
  const Json* value = Child(*action, "value");
  const std::string link = value == nullptr ? "" : Member(*value, "link");
  if (!link.empty() && !IsHttpsUrl(link)) {
    return RefuseFields(1487079, "Link invalid",
                        fmt::format("call_to_action.value.link \"{}\" is not an https URL.", link),
                        {"object_story_spec"});
  }
  return {};
}

Graph<> CheckLink(std::string_view place, const std::string& link) {
  if (IsHttpsUrl(link)) return {};
  return RefuseFields(1487079, "Link invalid",
                      fmt::format("{} \"{}\" is not an https URL.", place, link),
                      {"object_story_spec"});
}

Graph<> CheckImage(const std::string& hash, const Account& account) {
  if (const Object* image = account.Find(Kind::kImage, hash)) {
    if (image->integer("width").value_or(0) >= kPictureWidthMin &&
        image->integer("height").value_or(0) >= kPictureHeightMin) {
      return {};
    }
    return RefuseFields(1487472, "Image is too small",
                        fmt::format("The image must be at least {} x {} pixels.", kPictureWidthMin,
                                    kPictureHeightMin),
                        {"image_hash"});
  }
  return RefuseFields(1487411, "Image not found",
                      fmt::format("The image hash \"{}\" is not in this ad account: upload the "
                                  "image to adimages first.",
                                  hash),
                      {"image_hash"});
}

Graph<> CheckVideo(const std::string& id, const Account& account, Instant now) {
  if (const Object* video = account.Find(Kind::kVideo, id); video != nullptr && !video->gone()) {
    if (VideoStatus(*video, now) == "ready") return {};
    return RefuseFields(1885252, "Video not ready for use in an ad",
                        fmt::format("The video {} is still being processed, or could not be.", id),
                        {"video_id"});
  }
  return RefuseFields(1885204, "Video not found",
                      fmt::format("The video {} is not in this ad account.", id), {"video_id"});
}

Graph<> CheckCards(const Json& cards, const Account& account) {
  if (!cards.is_array() || cards.size() < 2 || cards.size() > 10) {
    return RefuseFields(1487079, "Carousel not possible",
                        "link_data.child_attachments must list 2 to 10 cards.",
                        {"child_attachments"});
  }
  for (const Json& card : cards) {
    if (auto ok = CheckLink("child_attachments.link", Member(card, "link")); !ok) return ok;
    if (auto ok = CheckImage(Member(card, "image_hash"), account); !ok) return ok;
    if (auto ok = CheckCallToAction(card); !ok) return ok;
  }
  return {};
}

Graph<> CheckStory(const Json& story, const Account& account, Instant now) {
  if (!story.is_object()) return RefuseParam("Param object_story_spec must be an object");
  if (!AllDigits(Member(story, "page_id"))) {
    return RefuseFields(1487079, "Page missing",
                        "object_story_spec.page_id must be the id of a Facebook page.",
                        {"object_story_spec"});
  }
  if (const Json* link = Child(story, "link_data")) {
    if (auto ok = CheckLink("link_data.link", Member(*link, "link")); !ok) return ok;
    if (const std::string hash = Member(*link, "image_hash"); !hash.empty()) {
      if (auto ok = CheckImage(hash, account); !ok) return ok;
    }
    if (const Json* cards = Child(*link, "child_attachments")) {
      if (auto ok = CheckCards(*cards, account); !ok) return ok;
    }
    return CheckCallToAction(*link);
  }
  if (const Json* video = Child(story, "video_data")) {
    if (auto ok = CheckVideo(Member(*video, "video_id"), account, now); !ok) return ok;
    const std::string hash = Member(*video, "image_hash");
    if (hash.empty() && Member(*video, "image_url").empty()) {
      return RefuseFields(1443226, "Thumbnail missing", "video_data needs image_hash or image_url.",
                          {"video_data"});
    }
    if (!hash.empty()) {
      if (auto ok = CheckImage(hash, account); !ok) return ok;
    }
    return CheckCallToAction(*video);
  }
  return {};
}

Graph<> CheckFeed(const Json& feed, const Account& account, Instant now) {
  if (!feed.is_object()) return RefuseParam("Param asset_feed_spec must be an object");
  const auto each = [&](std::string_view list_name, auto check) -> Graph<> {
    const Json* list = Child(feed, list_name);
    if (list == nullptr) return {};
    if (!list->is_array()) {
      return RefuseParam(fmt::format("asset_feed_spec[{}] must be an array", list_name));
    }
    for (const Json& item : *list) {
      if (auto ok = check(item); !ok) return ok;
    }
    return {};
  };
  if (auto ok =
          each("images", [&](const Json& i) { return CheckImage(Member(i, "hash"), account); });
      !ok) {
    return ok;
  }
  if (auto ok = each(
          "videos", [&](const Json& v) { return CheckVideo(Member(v, "video_id"), account, now); });
      !ok) {
    return ok;
  }
  if (auto ok = each("link_urls",
                     [&](const Json& u) {
                       return CheckLink("link_urls.website_url", Member(u, "website_url"));
                     });
      !ok) {
    return ok;
  }
  return each("call_to_action_types", [&](const Json& type) -> Graph<> {
    if (type.is_string() && HasWord(kCallToActions, type.get_ref<const std::string&>())) return {};
    return RefuseParam(
        fmt::format("Param asset_feed_spec[call_to_action_types] must be one of {{{}}} - got {}.",
                    ListWords(kCallToActions), Dump(type)));
  });
}

}  // namespace

MinimumBudgets MinimumsOf(Currency currency) {
  std::int64_t units = 1;
  for (const auto& [code, minimum] : kMinimums) {
    if (code == currency.name()) units = minimum;
  }
  const int decimals = MinorUnitDecimals(currency, MinorUnits::kMeta).value_or(2);
  std::int64_t minor = units;
  for (int i = 0; i < decimals; ++i) minor *= 10;
  return {minor, minor * 5, minor * 40, minor};
}

std::vector<Currency> ListedCurrencies() {
  std::vector<Currency> out;
  for (const auto& entry : kMinimums) {
    if (const auto currency = FindCurrency(entry.currency)) out.push_back(*currency);
  }
  return out;
}

Graph<> CheckCampaign(const Object& campaign, const CheckContext& context) {
  constexpr std::string_view kLiveObjectives =
      "OUTCOME_APP_PROMOTION OUTCOME_AWARENESS OUTCOME_ENGAGEMENT OUTCOME_LEADS OUTCOME_SALES "
      "OUTCOME_TRAFFIC";
  if (campaign.text("name").empty()) return Missing("name");
  if (campaign.text("objective").empty()) return Missing("objective");
  if (!HasWord(kLiveObjectives, campaign.text("objective"))) {
    return RefuseFields(0, "Objective not available",
                        fmt::format("Objective {} is invalid. Use one of: {}.",
                                    campaign.text("objective"), ListWords(kLiveObjectives)),
                        {"objective"});
  }
  if (!campaign.fields.contains("special_ad_categories")) return Missing("special_ad_categories");
  if (auto ok = CheckName(campaign); !ok) return ok;
  if (auto ok = CheckPolitics(campaign); !ok) return ok;
  if (auto ok = CheckPacing(campaign); !ok) return ok;
  if (auto ok = CheckStatusChange(campaign, context); !ok) return ok;
  const bool budget = campaign.integer("daily_budget") || campaign.integer("lifetime_budget");
  if (!budget && context.version_major >= 24 &&
      !campaign.fields.contains("is_adset_budget_sharing_enabled")) {
    return RefuseFields(4834011, "Must specify True or False",
                        "A campaign without its own budget must state "
                        "is_adset_budget_sharing_enabled.",
                        {"is_adset_budget_sharing_enabled"});
  }
  if (auto ok = CheckBudgets(campaign, context, MinimumsOf(context.account.currency()).impressions);
      !ok) {
    return ok;
  }
  if (budget && !context.create) {
    for (const auto& [id, adset] : context.account.of(Kind::kAdSet)) {
      if (adset.campaign != campaign.id || adset.gone()) continue;
      if (adset.integer("daily_budget") || adset.integer("lifetime_budget")) {
        return RefuseFields(1885621, "Can't set two budgets",
                            fmt::format("The ad set {} has a budget of its own.", id),
                            {"daily_budget", "lifetime_budget"});
      }
    }
  }
  return CheckFlight(campaign, "stop_time", context);
}

Graph<> CheckAdSet(const Object& adset, const CheckContext& context) {
  for (const std::string_view name :
       {"name", "campaign_id", "billing_event", "optimization_goal"}) {
    if (adset.text(name).empty()) return Missing(name);
  }
  const Object* campaign = context.account.Find(Kind::kCampaign, adset.campaign);
  if (campaign == nullptr || (context.create && campaign->gone())) {
    return RefuseFields(1487056, "Campaign not available",
                        fmt::format("The campaign {} does not exist in this account or is deleted.",
                                    adset.campaign),
                        {"campaign_id"});
  }
  if (auto ok = CheckStatusChange(adset, context); !ok) return ok;
  const auto targeting = adset.fields.find("targeting");
  if (targeting == adset.fields.end() || targeting->is_null()) return Missing("targeting");
  if (auto ok = CheckTargeting(*targeting); !ok) return ok;
  if (auto ok = CheckName(adset); !ok) return ok;
  if (auto ok = CheckSpecial(adset, *campaign); !ok) return ok;
  if (auto ok = CheckPacing(adset); !ok) return ok;
  if (auto ok = CheckFrequency(adset); !ok) return ok;
  if (auto ok = CheckAttribution(adset); !ok) return ok;
  for (const std::string_view name : {"dsa_beneficiary", "dsa_payor"}) {
    if (!InEuropeanUnion(adset) || !adset.text(name).empty()) continue;
    return RefuseFields(3858081, "Beneficiary and payer missing",
                        fmt::format("Ads shown in the European Union need {}, here or as the ad "
                                    "account's default.",
                                    name),
                        {std::string(name)});
  }
  if (auto ok = CheckGoal(adset, *campaign); !ok) return ok;
  if (auto ok = CheckPromotedObject(adset); !ok) return ok;

  const bool campaign_lifetime = campaign->integer("lifetime_budget").has_value();
  const bool campaign_budget = campaign_lifetime || campaign->integer("daily_budget");
  const bool own_lifetime = adset.integer("lifetime_budget").has_value();
  const bool own_budget = own_lifetime || adset.integer("daily_budget");
  if (campaign_budget && own_budget) {
    return RefuseFields(1885621, "Can't set two budgets",
                        "The campaign has a budget, so its ad sets can't have their own.",
                        {"daily_budget", "lifetime_budget"});
  }
  if (!campaign_budget && !own_budget) {
    return RefuseFields(0, "Budget required",
                        "Set daily_budget or lifetime_budget here or on the campaign.",
                        {"daily_budget"});
  }
  const MinimumBudgets minimums = MinimumsOf(context.account.currency());
  const bool by_impression = adset.text("billing_event") == "IMPRESSIONS";
  if (auto ok = CheckBudgets(adset, context,
                             by_impression ? minimums.impressions : minimums.high_frequency);
      !ok) {
    return ok;
  }
  const bool ends = adset.time("end_time") || (campaign_lifetime && campaign->time("stop_time"));
  if ((own_lifetime || campaign_lifetime) && !ends) {
    return RefuseFields(0, "End time required", "A lifetime budget needs end_time.", {"end_time"});
  }
  if (auto ok = CheckFlight(adset, "end_time", context); !ok) return ok;
  if (auto ok = CheckSchedule(adset, own_lifetime || campaign_lifetime); !ok) return ok;
  return CheckBid(adset, *campaign, campaign_budget);
}

Graph<> CheckCreative(const Object& creative, const Account& account, Instant now) {
  const Json* story = Child(creative.fields, "object_story_spec");
  const Json* feed = Child(creative.fields, "asset_feed_spec");
  if (story == nullptr) {
    return RefuseFields(1487079, "Creative empty",
                        "A creative needs object_story_spec with page_id.", {"object_story_spec"});
  }
  if (auto ok = CheckStory(*story, account, now); !ok) return ok;
  if (feed != nullptr) return CheckFeed(*feed, account, now);
  if (Child(*story, "link_data") == nullptr && Child(*story, "video_data") == nullptr) {
    return RefuseFields(1487079, "Creative empty",
                        "object_story_spec needs link_data or video_data, or asset_feed_spec "
                        "beside it.",
                        {"object_story_spec"});
  }
  return {};
}

std::string VideoStatus(const Object& video, Instant now) {
  if (now < video.created_at + kVideoProcessing) return "processing";
  return video.fields.value("broken", false) ? "error" : "ready";
}

bool InEuropeanUnion(const Object& adset) {
  const auto targeting = adset.fields.find("targeting");
  if (targeting == adset.fields.end()) return false;
  const Json* geo = Child(*targeting, "geo_locations");
  if (geo == nullptr) return false;
  if (const Json* countries = Child(*geo, "countries"); countries != nullptr) {
    for (const Json& country : *countries) {
      if (HasWord(kEuropeanUnion, ScalarText(country))) return true;
    }
  }
  for (const std::string_view kind : {"regions", "cities"}) {
    const Json* list = Child(*geo, kind);
    if (list == nullptr) continue;
    for (const Json& place : *list) {
      const Place* known = FindPlace(Member(place, "key"));
      if (known != nullptr && HasWord(kEuropeanUnion, known->country)) return true;
    }
  }
  return false;
}

void DeriveAdSet(Object* adset) {
  adset->countries.clear();
  adset->retargeting = false;
  const auto targeting = adset->fields.find("targeting");
  if (targeting == adset->fields.end()) return;
  if (!targeting->contains("age_min")) (*targeting)["age_min"] = 18;
  if (!targeting->contains("age_max")) (*targeting)["age_max"] = 65;
  if (const Json* geo = Child(*targeting, "geo_locations")) {
    if (const Json* countries = Child(*geo, "countries")) {
      for (const Json& country : *countries) adset->countries.push_back(ScalarText(country));
    }
  }
  const Json* audiences = Child(*targeting, "custom_audiences");
  adset->retargeting = audiences != nullptr && !audiences->empty();
}

void DeriveCreative(Object* creative) {
  std::string seen;  // pictures, which review does not read
  creative->review_text.clear();
  const auto read = [&](const std::string& text) {
    if (!text.empty()) creative->review_text += text + "\n";
  };
  if (const Json* story = Child(creative->fields, "object_story_spec")) {
    for (const std::string_view data : {"link_data", "video_data"}) {
      const Json* part = Child(*story, data);
      if (part == nullptr) continue;
      for (const std::string_view name :
           {"message", "name", "title", "description", "caption", "link_description"}) {
        read(Member(*part, name));
      }
      for (const std::string_view name : {"image_hash", "video_id", "picture", "image_url"}) {
        seen += Member(*part, name) + "|";
      }
      if (const Json* cards = Child(*part, "child_attachments"); cards != nullptr) {
        for (const Json& card : *cards) {
          read(Member(card, "name"));
          read(Member(card, "description"));
          seen += Member(card, "image_hash") + "|";
        }
      }
    }
  }
  if (const Json* feed = Child(creative->fields, "asset_feed_spec")) {
    for (const std::string_view list : {"titles", "bodies", "descriptions"}) {
      const Json* items = Child(*feed, list);
      if (items == nullptr) continue;
      for (const Json& item : *items) read(Member(item, "text"));
    }
    for (const std::string_view list : {"images", "videos"}) {
      if (const Json* items = Child(*feed, list)) seen += Dump(*items);
    }
  }
  creative->creative_key = Md5Hex(creative->review_text + "|" + seen);
}

bool IsHttpsUrl(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  if (!text.starts_with(kScheme) || text.size() > 2048) return false;
  const std::string_view rest = text.substr(kScheme.size());
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  return host.find('.') != std::string_view::npos && host.front() != '.' &&
         std::ranges::none_of(text, [](char c) { return c == ' ' || c == '\t' || c == '\n'; });
}

}  // namespace maxopt::sim::meta
