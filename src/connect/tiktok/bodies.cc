#include "connect/tiktok/bodies.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace maxopt::tiktok {
namespace {

constexpr std::size_t kNameMax = 512;
constexpr std::size_t kPixelNameMax = 40;
constexpr std::size_t kAdTextMax = 100;
constexpr std::size_t kDisplayNameMax = 40;
constexpr std::size_t kCarouselMin = 2;
constexpr std::size_t kCarouselMax = 35;
constexpr std::int64_t kFrequencyMax = 1000;
constexpr std::int64_t kFrequencyDaysMax = 30;
/// TikTok's wanted return has two decimals: from 0.01 to 1000.
constexpr std::int64_t kRoasStepBp = 100;
constexpr std::int64_t kRoasMaxBp = 10'000'000;

using Reasons = std::initializer_list<std::pair<const char*, const char*>>;
/// Fields that TikTok has no place for at a level. An empty list asks for nothing.
Result<> Refuse(const Fields& fields, Reasons no) {
  for (const auto& [name, why] : no) {
    const auto at = fields.find(name);
    if (at == fields.end()) continue;
    const auto* list = std::get_if<std::vector<std::string>>(&at->second);
    if (list != nullptr && list->empty()) continue;
    return CannotField(name, why);
  }
  return {};
}

/// An amount as TikTok takes it: a decimal number of the account's currency, in its whole minor
/// units.
Result<Json> Decimal(const Context& context, const Fields& fields, const char* name) {
  const auto* money = std::get_if<Money>(&fields.at(name));
  if (money == nullptr) Bug();  // CheckFields saw to it
  if (money->currency() != context.info.currency) {
    return CannotField(name, fmt::format("it is {}, but the account is in {}; state it in the "
                                         "account's currency",
                                         PrintMoney(*money), context.info.currency.name()));
  }
  if (const auto whole = ToMinor(*money, MinorUnits::kIso4217); !whole) {
    return CannotField(name, whole.error().what);
  }
  return MoneyToken(*money);
}

std::int64_t Number(const Fields& fields, const char* name) {
  return std::get<std::int64_t>(fields.at(name));
}

/// A whole number of a raw member; nullopt when it is absent or another thing.
std::optional<std::int64_t> WholeOf(const Json& raw, std::string_view member) {
  const auto at = raw.find(member);
  if (at == raw.end() || !at->is_number_integer()) return std::nullopt;
  return at->get<std::int64_t>();
}

Result<> PutWord(const Fields& fields, const char* field, std::span<const Words> words,
                 const char* member, Json& body) {
  if (!Has(fields, field)) return {};
  const auto word = Theirs(words, TextField(fields, field));
  if (!word) {
    return CannotField(
        field, fmt::format("TikTok has {}, not \"{}\"", Known(words), TextField(fields, field)));
  }
  body[member] = *word;
  return {};
}

// --- campaigns -----------------------------------------------------------------------------------

Result<> PutCampaign(const Fields& fields, bool create, Json& body) {
  constexpr const char* kOnAdGroups = "TikTok keeps it on ad groups; state it there";
  constexpr const char* kNone = "TikTok has no such thing; leave it out";
  MAXOPT_CHECK(Refuse(fields, {{"countries", kOnAdGroups},
                               {"locations", kOnAdGroups},
                               {"languages", kOnAdGroups},
                               {"start_at", kOnAdGroups},
                               {"end_at", kOnAdGroups},
                               {"bid_strategy", kOnAdGroups},
                               {"target_roas_bp", kOnAdGroups},
                               {"pacing", kOnAdGroups},
                               {"frequency_cap", kOnAdGroups},
                               {"frequency_days", kOnAdGroups},
                               {"dayparts", kOnAdGroups},
                               {"bid_modifiers", kNone},
                               {"target_cpa", kNone},
                               {"excluded_locations", kNone},
                               {"negative_keywords", kNone}}));
  if (Has(fields, "channel_type") && TextField(fields, "channel_type") != "social") {
    return CannotField("channel_type", "TikTok campaigns are \"social\"");
  }
  if (const auto at = fields.find("eu_political");
      at != fields.end() && std::get<bool>(at->second)) {
    return CannotField("eu_political", "TikTok takes no political advertising");
  }
  std::vector<std::string> industries;
  for (const std::string& category : ListField(fields, "special_categories")) {
    const auto word = Theirs(kIndustries, category);
    if (!word) {
      return CannotField(
          "special_categories",
          category == "politics"
              ? std::string("TikTok takes no political advertising")
              : fmt::format("TikTok has {}, not \"{}\"", Known(kIndustries), category));
    }
    industries.push_back(*word);
  }
  if (Has(fields, "special_categories") && (!industries.empty() || !create)) {
    body["special_industries"] = industries;
  }
  if (create) {
    const std::string objective = TextField(fields, "objective");
    const auto word = Theirs(kObjectives, objective);
    if (!word) {
      return CannotField("objective",
                         fmt::format("TikTok has {}, not \"{}\"", Known(kObjectives), objective));
    }
    body["objective_type"] = *word;
    return {};
  }
  return Refuse(fields, {{"objective", "it cannot be changed after creation"}});
}

/// The budget of a new object: amount and kind.
Result<> PutNewBudget(const Context& context, const Fields& fields, Json& body) {
  const bool daily = Has(fields, "daily_budget");
  const bool lifetime = Has(fields, "lifetime_budget");
  if (daily && lifetime) {
    return CannotField("lifetime_budget", "it and daily_budget exclude each other");
  }
  if (!daily && !lifetime) return {};
  MAXOPT_TRY(body["budget"], Decimal(context, fields, daily ? "daily_budget" : "lifetime_budget"));
  body["budget_mode"] = daily ? "BUDGET_MODE_DAY" : "BUDGET_MODE_TOTAL";
  return {};
}

/// The amount of an update goes to the budget that there is: TikTok has one amount and a kind that
/// cannot change, so a lifetime budget put on a daily one would be spent every day.
Result<> PutChangedBudget(const Context& context, const Change& change, const Json& raw,
                          Json& body) {
  for (const char* name : {"daily_budget", "lifetime_budget"}) {
    if (!Has(change.after, name)) continue;
    const std::string mode = Text(raw, "budget_mode");
    const bool fits = std::string_view(name) == "lifetime_budget"
                          ? mode == "BUDGET_MODE_TOTAL"
                          : mode == "BUDGET_MODE_DAY" || mode == "BUDGET_MODE_DYNAMIC_DAILY_BUDGET";
    if (!fits) {
      return CannotField(
          name, fmt::format("{} {} has {}, which cannot be changed after creation",
                            Noun(change.level), change.id, mode.empty() ? "no budget" : mode));
    }
    MAXOPT_TRY(body["budget"], Decimal(context, change.after, name));
  }
  return {};
}

// --- ad groups -----------------------------------------------------------------------------------

std::string_view GoalOf(std::string_view objective_type) {
  if (objective_type == "REACH") return "REACH";
  if (objective_type == "TRAFFIC") return "CLICK";
  if (objective_type == "VIDEO_VIEWS") return "ENGAGED_VIEW";
  if (objective_type == "ENGAGEMENT") return "FOLLOWERS";
  if (objective_type == "APP_PROMOTION") return "INSTALL";
  return "CONVERT";
}

std::string_view BillingOf(std::string_view goal) {
  if (goal == "SHOW" || goal == "REACH") return "CPM";
  if (goal == "CLICK") return "CPC";
  if (goal == "ENGAGED_VIEW") return "CPV";
  return "OCPM";
}

Result<> PutWindow(const Fields& fields, const char* field, std::span<const Window> windows,
                   std::int64_t otherwise, const char* member, Json& body) {
  const std::int64_t days = Has(fields, field) ? Number(fields, field) : otherwise;
  std::vector<std::int64_t> known;
  for (const Window& window : windows) {
    if (window.days == days) body[member] = window.word;
    known.push_back(window.days);
  }
  if (!body.contains(member)) {
    return CannotField(field,
                       fmt::format("TikTok has {} days, not {}", fmt::join(known, ", "), days));
  }
  return {};
}

Result<> PutGoal(const Context& context, const Parent& parent, const Change& change, Json& body) {
  const Fields& fields = change.after;
  std::string goal(GoalOf(parent.objective_type));
  if (Has(fields, "optimization_goal")) {
    const std::string ours = TextField(fields, "optimization_goal");
    const auto word = Theirs(kGoals, ours);
    if (!word) {
      return CannotField("optimization_goal",
                         fmt::format("TikTok has {}, not \"{}\"", Known(kGoals), ours));
    }
    // An app is optimised for by installs, everything else by its pixel.
    if (!(ours == "conversions" && goal == "INSTALL")) goal = *word;
  }
  const std::string billing(BillingOf(goal));
  if (Has(fields, "billing_event")) {
    const std::string wanted = TextField(fields, "billing_event");
    const std::string had = billing == "CPC" ? "clicks" : "impressions";
    if (wanted != had) {
      return CannotField("billing_event",
                         fmt::format("TikTok bills {} by {}, not by \"{}\"", goal, had, wanted));
    }
  }
  body["optimization_goal"] = goal;
  body["billing_event"] = billing;
  if (parent.objective_type == "TRAFFIC" || parent.objective_type == "WEB_CONVERSIONS" ||
      parent.objective_type == "LEAD_GENERATION") {
    body["promotion_type"] = "WEBSITE";
  }
  if (goal == "CONVERT" || goal == "VALUE") {
    std::string event = TextField(fields, "conversion_event");
    if (event.empty()) event = parent.objective_type == "LEAD_GENERATION" ? "lead" : "purchase";
    const auto word = Theirs(kEvents, event);
    if (!word) {
      return CannotField("conversion_event",
                         fmt::format("TikTok has {}, not \"{}\"", Known(kEvents), event));
    }
    std::string pixel = TextField(fields, "pixel_id");
    if (pixel.empty() && !States(change, "pixel_id")) pixel = Setting(context, "pixel_id");
    if (pixel.empty() && !States(change, "pixel_id")) {
      return CannotField("pixel_id",
                         "conversions need a pixel; state it here or in the connection");
    }
    body["optimization_event"] = *word;
    body["pixel_id"] = pixel;
    // What is stated nowhere is the window that our reports name.
    MAXOPT_CHECK(PutWindow(fields, "attribution_click_days", ClickWindows(), 7,
                           "click_attribution_window", body));
    MAXOPT_CHECK(PutWindow(fields, "attribution_view_days", ViewWindows(), 1,
                           "view_attribution_window", body));
    if (body.at("click_attribution_window") == "OFF" &&
        body.at("view_attribution_window") == "OFF") {
      return CannotField("attribution_click_days",
                         "with both windows off no conversion would be counted");
    }
    return {};
  }
  constexpr const char* kOnlyConversions =
      "only ad groups optimised for conversions or value have it";
  MAXOPT_CHECK(Refuse(fields, {{"conversion_event", kOnlyConversions},
                               {"attribution_click_days", kOnlyConversions},
                               {"attribution_view_days", kOnlyConversions}}));
  if (Has(fields, "pixel_id")) body["pixel_id"] = TextField(fields, "pixel_id");
  return {};
}

Result<> PutRoas(const Fields& fields, Json& body) {
  const std::int64_t bp = Number(fields, "target_roas_bp");
  if (bp < kRoasStepBp || bp > kRoasMaxBp || bp % kRoasStepBp != 0) {
    return CannotField("target_roas_bp",
                       fmt::format("TikTok takes 0.01 to 1000 with two decimals ({} to {} in steps "
                                   "of {}), not {}",
                                   kRoasStepBp, kRoasMaxBp, kRoasStepBp, bp));
  }
  body["roas_bid"] = NumberToken(fmt::format("{}.{:02}", bp / 10'000, bp % 10'000 / kRoasStepBp));
  return {};
}

/// Bids of an ad group that is optimised for value: TikTok has the highest value, and the highest
/// value above a wanted return.
Result<> PutValueBids(const Fields& fields, bool create, Json& body) {
  const std::string strategy = TextField(fields, "bid_strategy");
  MAXOPT_CHECK(Refuse(fields, {{"bid", "ad groups optimised for value have none; use min_roas"}}));
  if (!strategy.empty() && strategy != "lowest_cost" && strategy != "min_roas") {
    return CannotField("bid_strategy",
                       fmt::format("optimised for value, TikTok has lowest_cost (the highest "
                                   "value) and min_roas; not \"{}\"",
                                   strategy));
  }
  const bool target = Has(fields, "target_roas_bp");
  if (target && strategy == "lowest_cost") {
    return CannotField("target_roas_bp", "lowest_cost has none; state min_roas or leave it out");
  }
  if (strategy == "min_roas" && !target) {
    return CannotField("target_roas_bp", "min_roas needs one");
  }
  if (target) MAXOPT_CHECK(PutRoas(fields, body));
  if (target || !strategy.empty() || create) {
    body["bid_type"] = "BID_TYPE_NO_BID";
    body["deep_bid_type"] = target ? "VO_MIN_ROAS" : "VO_HIGHEST_VALUE";
  }
  return {};
}

Result<> PutBids(const Context& context, const Fields& fields, std::string_view goal,
                 std::string_view billing, bool create, Json& body) {
  MAXOPT_CHECK(Refuse(
      fields, {{"target_cpa", "TikTok's wanted cost is the bid of cost_cap; state bid instead"}}));
  if (goal == "VALUE") return PutValueBids(fields, create, body);
  MAXOPT_CHECK(Refuse(
      fields,
      {{"target_roas_bp", "only ad groups optimised for value (optimization_goal) have it"}}));
  const bool optimised = billing == "OCPM" || billing == "OCPC";
  const std::string_view custom = optimised ? "cost_cap" : "bid_cap";
  const std::string strategy = TextField(fields, "bid_strategy");
  if (!strategy.empty() && strategy != "lowest_cost" && strategy != custom) {
    return CannotField("bid_strategy",
                       fmt::format("TikTok has lowest_cost and, billed by {}, {}; not \"{}\"",
                                   billing, custom, strategy));
  }
  if (strategy == "lowest_cost" && Has(fields, "bid")) {
    return CannotField("bid", "lowest_cost has none; leave it out or state a bid_strategy");
  }
  if (!strategy.empty() && strategy != "lowest_cost" && create && !Has(fields, "bid")) {
    return CannotField("bid", fmt::format("{} needs one", strategy));
  }
  if (Has(fields, "bid")) {
    MAXOPT_TRY(body[optimised ? "conversion_bid_price" : "bid_price"],
               Decimal(context, fields, "bid"));
    body["bid_type"] = "BID_TYPE_CUSTOM";
  } else if (create || !strategy.empty()) {
    body["bid_type"] =
        strategy.empty() || strategy == "lowest_cost" ? "BID_TYPE_NO_BID" : "BID_TYPE_CUSTOM";
  }
  return {};
}

/// `now`: the brackets that the ad group has, for an update of one bound.
Result<> PutAges(const Fields& fields, const std::vector<std::string>& now, Json& body) {
  if (!Has(fields, "age_min") && !Has(fields, "age_max")) return {};
  std::int64_t from = Ages().front().min;
  std::int64_t to = Ages().back().max;
  if (!now.empty()) {
    std::swap(from, to);
    for (const Age& age : Ages()) {
      if (std::find(now.begin(), now.end(), age.word) == now.end()) continue;
      from = std::min(from, age.min);
      to = std::max(to, age.max);
    }
  }
  if (Has(fields, "age_min")) from = Number(fields, "age_min");
  if (Has(fields, "age_max")) to = Number(fields, "age_max");
  const auto nearest = [](std::int64_t wanted, std::int64_t Age::*bound) {
    std::int64_t best = Ages().front().*bound;
    for (const Age& age : Ages()) {
      if (std::abs(age.*bound - wanted) < std::abs(best - wanted)) best = age.*bound;
    }
    return best;
  };
  if (const std::int64_t near = nearest(from, &Age::min); near != from) {
    return CannotField("age_min", fmt::format("TikTok's brackets begin at 13, 18, 25, 35, 45 and "
                                              "55, not at {}; the nearest is {}",
                                              from, near));
  }
  if (const std::int64_t near = nearest(to, &Age::max); near != to) {
    return CannotField("age_max", fmt::format("TikTok's brackets end at 17, 24, 34, 44, 54 and 65 "
                                              "(and over), not at {}; the nearest is {}",
                                              to, near));
  }
  if (from > to) return CannotField("age_min", fmt::format("{} is above age_max {}", from, to));
  std::vector<std::string> words;
  for (const Age& age : Ages()) {
    if (age.min >= from && age.max <= to) words.emplace_back(age.word);
  }
  body["age_groups"] = words;
  return {};
}

/// Countries and smaller places are one list at TikTok: what the change does not name stays.
Result<> PutPlaces(const Context& context, const Fields& fields, const Json& raw, Json& body,
                   http::Deadline deadline) {
  const bool countries = Has(fields, "countries");
  const bool locations = Has(fields, "locations");
  if (!countries && !locations) return {};
  MAXOPT_TRY(const auto location_of, context.location_of_country(deadline));
  const auto country_of = [&](const std::string& id) -> std::string {
    for (const auto& [code, location] : location_of) {
      if (location == id) return code;
    }
    return {};
  };
  std::vector<std::string> ids;
  for (const std::string& country : ListField(fields, "countries")) {
    const auto at = location_of.find(country);
    if (at == location_of.end()) {
      return CannotField("countries", fmt::format("TikTok cannot advertise in \"{}\"", country));
    }
    ids.push_back(at->second);
  }
  for (const std::string& id : ListField(fields, "locations")) {
    if (const std::string country = country_of(id); !country.empty()) {
      return CannotField(
          "locations",
          fmt::format("{} is a whole country; state \"{}\" in countries", id, country));
    }
    ids.push_back(id);
  }
  for (const std::string& id : Texts(raw, "location_ids")) {
    if (country_of(id).empty() ? !locations : !countries) ids.push_back(id);
  }
  if (ids.empty()) {
    return CannotField(countries ? "countries" : "locations",
                       "an empty list would mean the whole world; name the places");
  }
  body["location_ids"] = ids;
  return {};
}

Result<> PutTargeting(const Context& context, const Fields& fields, const Json* raw, Json& body,
                      http::Deadline deadline) {
  const bool create = raw == nullptr;
  const Json none = Json::object();
  MAXOPT_CHECK(Refuse(fields, {{"keywords", "TikTok ad groups here have no keywords"},
                               {"negative_keywords", "TikTok ad groups here have no keywords"},
                               {"excluded_locations",
                                "TikTok cannot leave places out; state the ones to include in "
                                "locations"}}));
  MAXOPT_CHECK(PutPlaces(context, fields, create ? none : *raw, body, deadline));
  if (Has(fields, "languages")) body["languages"] = ListField(fields, "languages");
  MAXOPT_CHECK(
      PutAges(fields, create ? std::vector<std::string>() : Texts(*raw, "age_groups"), body));
  if (Has(fields, "genders")) {
    const auto& genders = ListField(fields, "genders");
    for (const std::string& gender : genders) {
      if (gender != "female" && gender != "male") {
        return CannotField("genders", fmt::format("\"{}\" is neither female nor male", gender));
      }
    }
    const std::set<std::string> set(genders.begin(), genders.end());
    if (set.size() > 1) {
      return CannotField("genders", "both are all, which TikTok tells as none; leave it out");
    }
    body["gender"] = set.empty()            ? "GENDER_UNLIMITED"
                     : set.contains("male") ? "GENDER_MALE"
                                            : "GENDER_FEMALE";
  }
  if (Has(fields, "audiences")) body["audience_ids"] = ListField(fields, "audiences");
  if (Has(fields, "excluded_audiences")) {
    body["excluded_audience_ids"] = ListField(fields, "excluded_audiences");
  }
  for (const std::string& id : ListField(fields, "excluded_audiences")) {
    const auto& included = ListField(fields, "audiences");
    if (std::find(included.begin(), included.end(), id) != included.end()) {
      return CannotField("excluded_audiences", fmt::format("{} is in audiences too", id));
    }
  }
  if (Has(fields, "placements") && !ListField(fields, "placements").empty()) {
    if (!create) return CannotField("placements", "they cannot be changed after creation");
    body["placement_type"] = "PLACEMENT_TYPE_NORMAL";
    body["placements"] = ListField(fields, "placements");
  } else if (create) {
    body["placement_type"] = "PLACEMENT_TYPE_AUTOMATIC";
  }
  if (Has(fields, "dayparts") && !(create && ListField(fields, "dayparts").empty())) {
    auto week = DaypartingOf(ListField(fields, "dayparts"));
    if (!week) return CannotField("dayparts", week.error().what);
    body["dayparting"] = *week;
  }
  return {};
}

/// A cap is how often and in how many days; TikTok has one for reach only.
Result<> PutFrequency(const std::string& objective_type, const Fields& fields, const Json& raw,
                      Json& body) {
  const bool cap = Has(fields, "frequency_cap");
  const bool days = Has(fields, "frequency_days");
  if (!cap && !days) return {};
  const char* first = cap ? "frequency_cap" : "frequency_days";
  if (!objective_type.empty() && objective_type != "REACH") {
    return CannotField(first, fmt::format("TikTok caps the frequency of campaigns for awareness "
                                          "(REACH) only, not of {}",
                                          objective_type));
  }
  const auto times = cap ? Number(fields, "frequency_cap") : WholeOf(raw, "frequency").value_or(0);
  const auto over =
      days ? Number(fields, "frequency_days") : WholeOf(raw, "frequency_schedule").value_or(0);
  if (times < 1 || times > kFrequencyMax) {
    return CannotField(
        "frequency_cap",
        fmt::format("TikTok takes 1 to {} in frequency_days, not {}", kFrequencyMax, times));
  }
  if (over < 1 || over > kFrequencyDaysMax) {
    return CannotField(
        "frequency_days",
        fmt::format("TikTok takes 1 to {} with frequency_cap, not {}", kFrequencyDaysMax, over));
  }
  body["frequency"] = times;
  body["frequency_schedule"] = over;
  return {};
}

/// `bid_type` and `budget_optimized`: as they will be; "" when that is not known.
Result<> PutPacing(const Fields& fields, std::string_view bid_type, bool budget_optimized,
                   Json& body) {
  MAXOPT_CHECK(PutWord(fields, "pacing", kPacings, "pacing", body));
  if (TextField(fields, "pacing") != "asap") return {};
  if (budget_optimized) {
    return CannotField("pacing",
                       "TikTok spreads a budget of the campaign evenly; state even, or "
                       "put the budget on the ad groups");
  }
  if (bid_type == "BID_TYPE_NO_BID") {
    return CannotField("pacing", "TikTok spends asap with a bid only; state a bid or even");
  }
  return {};
}

Result<> PutTimes(const Context& context, const Fields& fields, Json& body) {
  for (const auto& [field, member] :
       {std::pair{"start_at", "schedule_start_time"}, std::pair{"end_at", "schedule_end_time"}}) {
    if (!Has(fields, field)) continue;
    auto utc = LocalToUtc(TextField(fields, field), context.zone);
    if (!utc) return CannotField(field, utc.error().what);
    // An hour that a clock skips or has twice comes back as another one.
    if (const auto local = UtcToLocal(*utc, context.zone);
        !local || *local != TextField(fields, field)) {
      return CannotField(field, fmt::format("{} is no time on the clock of {}",
                                            TextField(fields, field), context.info.zone));
    }
    body[member] = *utc;
  }
  if (Has(fields, "end_at")) {
    body["schedule_type"] = "SCHEDULE_START_END";
    const std::string end = Text(body, "schedule_end_time");
    // Both are "yyyy-MM-dd HH:mm:ss", so texts compare as times.
    if (body.contains("schedule_start_time") && end <= Text(body, "schedule_start_time")) {
      return CannotField("end_at", "it is not after start_at");
    }
  }
  return {};
}

// --- ads -----------------------------------------------------------------------------------------

Result<Json> UtmParams(const std::string& tags) {
  Json pairs = Json::array();
  std::size_t at = 0;
  while (at <= tags.size() && !tags.empty()) {
    const std::size_t end = std::min(tags.find('&', at), tags.size());
    const std::string pair = tags.substr(at, end - at);
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return CannotField("url_tags", fmt::format("\"{}\" is not key=value", pair));
    }
    pairs.push_back({{"key", pair.substr(0, equals)}, {"value", pair.substr(equals + 1)}});
    at = end + 1;
  }
  return pairs;
}

/// The one format that the stated pictures and videos make: "" when none is stated.
Result<std::string> FormatOf(const Change& change) {
  const bool carousel = States(change, "images");
  const bool video = States(change, "video");
  const bool image = States(change, "image");
  if (carousel && (video || image || States(change, "thumbnail"))) {
    return CannotField("images", "a carousel has no other picture and no video");
  }
  if (video && image) {
    return CannotField("image", "the picture of a video is its thumbnail; state it there");
  }
  if (image && States(change, "thumbnail")) {
    return CannotField("thumbnail", "only a video has one");
  }
  return std::string(carousel                               ? "CAROUSEL_ADS"
                     : video || States(change, "thumbnail") ? "SINGLE_VIDEO"
                     : image                                ? "SINGLE_IMAGE"
                                                            : "");
}

/// Members of a creative that the fields state.
Result<> PutCreative(const Change& change, Json& creative) {
  const Fields& fields = change.after;
  MAXOPT_CHECK(Refuse(
      fields, {{"headlines", "TikTok ads have one text; state it as the only description"}}));
  if (Has(fields, "descriptions")) {
    const auto& texts = ListField(fields, "descriptions");
    if (texts.size() != 1) {
      return CannotField("descriptions",
                         fmt::format("TikTok ads have one text, not {}", texts.size()));
    }
    const std::size_t length = CountCharacters(texts.front());
    if (length < 1 || length > kAdTextMax) {
      return CannotField("descriptions", fmt::format("TikTok takes 1 to {} characters, not {}",
                                                     kAdTextMax, length));
    }
    creative["ad_text"] = texts.front();
  }
  if (Has(fields, "landing_url")) creative["landing_page_url"] = TextField(fields, "landing_url");
  if (Has(fields, "url_tags")) {
    MAXOPT_TRY(creative["utm_params"], UtmParams(TextField(fields, "url_tags")));
  }
  MAXOPT_CHECK(PutWord(fields, "call_to_action", kCallsToAction, "call_to_action", creative));
  MAXOPT_CHECK(FormatOf(change));
  for (const char* one : {"image", "thumbnail"}) {
    if (Has(fields, one)) creative["image_ids"] = Json::array({TextField(fields, one)});
  }
  if (Has(fields, "images")) {
    const auto& images = ListField(fields, "images");
    if (images.size() < kCarouselMin || images.size() > kCarouselMax) {
      return CannotField("images", fmt::format("a carousel of TikTok has {} to {} pictures, not {}",
                                               kCarouselMin, kCarouselMax, images.size()));
    }
    creative["image_ids"] = images;
  }
  if (Has(fields, "video")) creative["video_id"] = TextField(fields, "video");
  if (Has(fields, "page_id")) creative["identity_id"] = TextField(fields, "page_id");
  return {};
}

/// What TikTok changes in an ad alone; for anything else it wants the creative whole again.
bool Patchable(const Json& changes) {
  const std::set<std::string> kPatch = {"ad_name", "identity_id", "video_id", "image_ids",
                                        "ad_text"};
  for (const auto& [name, value] : changes.items()) {
    if (!kPatch.contains(name)) return false;
  }
  return true;
}

/// Members that an ad is told with and ad/update/ takes.
constexpr std::string_view kCreativeMembers[] = {"ad_name",
                                                 "ad_format",
                                                 "ad_text",
                                                 "ad_texts",
                                                 "identity_type",
                                                 "identity_id",
                                                 "display_name",
                                                 "identity_authorized_bc_id",
                                                 "call_to_action",
                                                 "call_to_action_id",
                                                 "landing_page_url",
                                                 "utm_params",
                                                 "image_ids",
                                                 "video_id",
                                                 "tiktok_item_id",
                                                 "music_id",
                                                 "deeplink",
                                                 "deeplink_type",
                                                 "app_name",
                                                 "page_id",
                                                 "card_id",
                                                 "playable_url",
                                                 "creative_type",
                                                 "tracking_pixel_id",
                                                 "tracking_app_id",
                                                 "click_tracking_url",
                                                 "impression_tracking_url",
                                                 "dark_post_status",
                                                 "avatar_icon_web_uri",
                                                 "disclaimer_type",
                                                 "disclaimer_text",
                                                 "fallback_type",
                                                 "dynamic_format",
                                                 "product_specific_type",
                                                 "item_group_ids",
                                                 "product_set_id",
                                                 "promotional_music_disabled",
                                                 "item_duet_status",
                                                 "item_stitch_status",
                                                 "aigc_disclosure_type"};

}  // namespace

std::unexpected<Error> Cannot(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

std::unexpected<Error> CannotField(std::string_view field, std::string_view why) {
  // What is said already of the field is not said twice.
  if (why.starts_with(fmt::format("{}: ", field))) why.remove_prefix(field.size() + 2);
  return Cannot(fmt::format("field \"{}\": {}", field, why));
}

bool States(const Change& change, const char* field) {
  return change.after.contains(field) ||
         std::any_of(change.links.begin(), change.links.end(),
                     [&](const Link& link) { return link.field == field; });
}

std::string Setting(const Context& context, const char* name) {
  const auto at = context.settings.find(name);
  return at == context.settings.end() ? std::string() : at->second;
}

std::string FirstCharacters(const std::string& text, std::size_t most) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && count++ == most) {
      return text.substr(0, i);
    }
  }
  return text;
}

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

Result<> CheckNew(const Change& change) {
  const std::string status = TextField(change.after, "status");
  const bool pixel = change.level == Level::kConversion;
  if (!status.empty() && status != (pixel ? kActive : kPaused)) {
    return CannotField(
        "status",
        fmt::format("{}, not \"{}\"",
                    pixel ? "a pixel is always active" : "everything is created paused", status));
  }
  const std::string name = TextField(change.after, "name");
  if (name.empty()) return CannotField("name", "it must not be empty");
  const std::size_t most = pixel ? kPixelNameMax : kNameMax;
  const std::size_t length = CountCharacters(WithMarker(name, change.key));
  if (length > most) {
    return CannotField("name",
                       fmt::format("with our mark it has {} characters; TikTok takes {}, so "
                                   "shorten it by {}",
                                   length, most, length - most));
  }
  return {};
}

Result<Json> CampaignBody(const Context& context, const Change& change) {
  Json body = Json::object();
  MAXOPT_CHECK(PutCampaign(change.after, /*create=*/true, body));
  MAXOPT_CHECK(PutNewBudget(context, change.after, body));
  const bool owns = body.contains("budget");
  if (!owns) body["budget_mode"] = "BUDGET_MODE_INFINITE";
  body["budget_optimize_on"] = owns;
  return body;
}

Result<Json> AdGroupBody(const Context& context, const Change& change,
                         const std::optional<Parent>& parent, http::Deadline deadline) {
  const Fields& fields = change.after;
  Json body = Json::object();
  MAXOPT_CHECK(PutNewBudget(context, fields, body));
  std::string bid_type;
  if (parent) {
    MAXOPT_CHECK(PutGoal(context, *parent, change, body));
    MAXOPT_CHECK(PutBids(context, fields, Text(body, "optimization_goal"),
                         Text(body, "billing_event"), /*create=*/true, body));
    bid_type = Text(body, "bid_type");
    const bool own = body.contains("budget");
    if (parent->budget_optimized && own) {
      return CannotField(Has(fields, "daily_budget") ? "daily_budget" : "lifetime_budget",
                         "the campaign owns the budget; state it in one place");
    }
    if (!parent->budget_optimized && !own) {
      return CannotField("daily_budget",
                         "the campaign has no budget of its own, so the ad group needs one");
    }
  }
  MAXOPT_CHECK(PutTimes(context, fields, body));
  if (!body.contains("schedule_type")) body["schedule_type"] = "SCHEDULE_FROM_NOW";
  if (!body.contains("schedule_start_time")) {
    body["schedule_start_time"] = PrintLocal(
        LocalTime(std::chrono::ceil<std::chrono::seconds>(context.now.time_since_epoch())));
  }
  if (Text(body, "budget_mode") == "BUDGET_MODE_TOTAL" && !Has(fields, "end_at")) {
    return CannotField("lifetime_budget", "TikTok needs end_at with it");
  }
  MAXOPT_CHECK(PutTargeting(context, fields, nullptr, body, deadline));
  MAXOPT_CHECK(PutFrequency(parent ? parent->objective_type : "", fields, Json::object(), body));
  body["pacing"] = "PACING_MODE_SMOOTH";
  MAXOPT_CHECK(PutPacing(fields, bid_type, parent && parent->budget_optimized, body));
  return body;
}

Result<Json> NewCreative(const Context& context, const Change& change) {
  Json creative{{"ad_name", WithMarker(TextField(change.after, "name"), change.key)},
                {"operation_status", "DISABLE"}};
  MAXOPT_CHECK(PutCreative(change, creative));
  if (!creative.contains("ad_text")) {
    return CannotField("descriptions", "TikTok ads need one text");
  }
  MAXOPT_TRY(const std::string format, FormatOf(change));
  if (format.empty()) return CannotField("image", "TikTok ads need a picture or a video");
  if (format == "SINGLE_VIDEO" && !States(change, "video")) {
    return CannotField("video", "a thumbnail needs a video behind it");
  }
  creative["ad_format"] = format;
  if (format == "CAROUSEL_ADS") {
    const std::string music = Setting(context, "music_id");
    if (music.empty()) {
      return CannotField("images",
                         "TikTok plays music to a carousel; state music_id in the connection's "
                         "settings");
    }
    creative["music_id"] = music;
  }
  std::string type = Setting(context, "identity_type");
  if (type.empty()) type = "CUSTOMIZED_USER";
  creative["identity_type"] = type;
  if (!creative.contains("identity_id")) {
    const std::string identity = Setting(context, "identity_id");
    if (identity.empty()) {
      return CannotField(
          "page_id",
          "TikTok ads speak as an identity; state page_id here or identity_id in the "
          "connection");
    }
    creative["identity_id"] = identity;
  }
  if (type == "CUSTOMIZED_USER") {
    std::string shown = Setting(context, "display_name");
    if (shown.empty()) shown = context.info.name;
    creative["display_name"] = FirstCharacters(shown, kDisplayNameMax);
  }
  return creative;
}

Result<Json> ChangedCampaign(const Context& context, const Change& change, const Json& raw) {
  Json body{{"advertiser_id", context.info.account.id}, {IdField(change.level), change.id}};
  if (Has(change.after, "name")) body["campaign_name"] = TextField(change.after, "name");
  MAXOPT_CHECK(PutChangedBudget(context, change, raw, body));
  MAXOPT_CHECK(PutCampaign(change.after, /*create=*/false, body));
  return body;
}

Result<Json> ChangedAdGroup(const Context& context, const Change& change, const Json& raw,
                            const std::optional<Parent>& parent, http::Deadline deadline) {
  const Fields& fields = change.after;
  Json body{{"advertiser_id", context.info.account.id}, {IdField(change.level), change.id}};
  if (Has(fields, "name")) body["adgroup_name"] = TextField(fields, "name");
  constexpr const char* kFixed = "it cannot be changed after creation";
  MAXOPT_CHECK(Refuse(fields, {{"optimization_goal", kFixed},
                               {"billing_event", kFixed},
                               {"conversion_event", kFixed},
                               {"pixel_id", kFixed},
                               {"attribution_click_days", kFixed},
                               {"attribution_view_days", kFixed}}));
  MAXOPT_CHECK(PutChangedBudget(context, change, raw, body));
  MAXOPT_CHECK(PutBids(context, fields, Text(raw, "optimization_goal"), Text(raw, "billing_event"),
                       /*create=*/false, body));
  // A bid that there is stays when only the strategy is named again; there must be one.
  if (Text(body, "bid_type") == "BID_TYPE_CUSTOM" && !Has(fields, "bid") &&
      Text(raw, "bid_type") != "BID_TYPE_CUSTOM") {
    return CannotField("bid", fmt::format("{} needs one", TextField(fields, "bid_strategy")));
  }
  MAXOPT_CHECK(PutTimes(context, fields, body));
  MAXOPT_CHECK(PutTargeting(context, fields, &raw, body, deadline));
  MAXOPT_CHECK(PutFrequency(parent ? parent->objective_type : "", fields, raw, body));
  MAXOPT_CHECK(PutPacing(fields,
                         body.contains("bid_type") ? Text(body, "bid_type") : Text(raw, "bid_type"),
                         parent && parent->budget_optimized, body));
  return body;
}

Result<Json> ChangedAd(const Context& context, const Change& change, const Json& raw) {
  Json changes = Json::object();
  if (Has(change.after, "name")) changes["ad_name"] = TextField(change.after, "name");
  MAXOPT_CHECK(PutCreative(change, changes));
  MAXOPT_TRY(const std::string format, FormatOf(change));
  if (!format.empty() && format != Text(raw, "ad_format")) {
    return CannotField(
        format == "CAROUSEL_ADS"   ? "images"
        : format == "SINGLE_VIDEO" ? "video"
                                   : "image",
        fmt::format("ad {} is {}, which cannot be changed after creation; make a new "
                    "ad",
                    change.id, Text(raw, "ad_format")));
  }
  const bool patch = Patchable(changes);
  Json creative = Json::object();
  if (!patch) {
    for (const std::string_view member : kCreativeMembers) {
      const auto at = raw.find(member);
      if (at != raw.end() && !at->is_null()) creative[std::string(member)] = *at;
    }
  }
  creative.update(changes);
  creative["ad_id"] = change.id;
  Json whole{{"advertiser_id", context.info.account.id},
             {"adgroup_id", Text(raw, "adgroup_id")},
             {"creatives", Json::array({creative})}};
  if (patch) whole["patch_update"] = true;
  return whole;
}

}  // namespace maxopt::tiktok
