#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>

#include "connect/meta/values.h"
#include "connect/meta/write.h"
#include "domain/dayparts.h"
#include "json/json.h"

namespace maxopt::meta {
namespace {

using nlohmann::json;

constexpr std::string_view kTargetingFields[] = {
    "countries", "locations", "excluded_locations", "languages",          "age_min",
    "age_max",   "genders",   "audiences",          "excluded_audiences", "placements"};
constexpr std::string_view kPromotedFields[] = {"pixel_id", "conversion_event"};
/// Fields whose wire form depends on another one, or is replaced as a whole.
constexpr std::string_view kJoinedFields[] = {
    "bid",          "target_cpa",      "target_roas_bp",         "bid_strategy",
    "pacing",       "dayparts",        "frequency_cap",          "frequency_days",
    "daily_budget", "lifetime_budget", "attribution_click_days", "attribution_view_days"};
/// Fields for which a new ad set must know the campaign above it.
constexpr std::string_view kCampaignDecides[] = {"bid", "target_cpa", "target_roas_bp", "dayparts"};

constexpr std::int64_t kFrequencyMax = 90;
/// Meta's scale of a return is ours: 10,000 is one for one.
constexpr std::int64_t kRoasMin = 100;
constexpr std::int64_t kRoasMax = 10'000'000;

Result<> SetPlacements(const Texts& placements, json& targeting) {
  // Positions of all platforms go: those that stay are written again.
  std::vector<std::string> old;
  for (const auto& [name, value] : targeting.items()) {
    if (name.ends_with("_positions") || name == "publisher_platforms") old.push_back(name);
  }
  for (const std::string& name : old) targeting.erase(name);
  if (placements.empty()) return {};  // automatic
  const auto word = [](std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
  };
  json platforms = json::array();
  std::map<std::string, bool> whole;  // platform -> without positions
  for (const std::string& placement : placements) {
    const auto colon = placement.find(':');
    const std::string platform = placement.substr(0, colon);
    const bool all = colon == std::string::npos;
    if (!word(platform) || (!all && !word(placement.substr(colon + 1)))) {
      return Refuse("placements",
                    fmt::format("\"{}\" is not of the form facebook or facebook:feed", placement));
    }
    const auto [at, fresh] = whole.emplace(platform, all);
    if (!fresh && at->second != all) {
      return Refuse("placements", fmt::format("{} is asked for as a whole and by position; "
                                              "one of both",
                                              platform));
    }
    if (fresh) platforms.push_back(platform);
    if (!all) targeting[platform + "_positions"].push_back(placement.substr(colon + 1));
  }
  targeting["publisher_platforms"] = std::move(platforms);
  return {};
}

/// "3847" is a region, "city:777934" a city: Meta's keys, from its targeting search.
Result<> SetPlaces(std::string_view field, const Texts& places, json& targeting) {
  const char* member = field == "locations" ? "geo_locations" : "excluded_geo_locations";
  json regions = json::array();
  json cities = json::array();
  for (const std::string& place : places) {
    const bool city = place.starts_with("city:");
    const std::string key = city ? place.substr(5) : place;
    if (!AllDigits(key)) {
      return Refuse(field, fmt::format("\"{}\" is neither the key of a region, like 3847, nor of a "
                                       "city, like city:777934",
                                       place));
    }
    (city ? cities : regions).push_back({{"key", key}});
  }
  json& geo = targeting[member];
  if (!geo.is_object()) geo = json::object();
  for (const auto& [name, list] : {std::pair{"regions", &regions}, std::pair{"cities", &cities}}) {
    geo.erase(name);
    if (!list->empty()) geo[name] = std::move(*list);
  }
  if (geo.empty()) targeting.erase(member);
  return {};
}

Result<> SetTargeting(std::string_view field, const FieldValue& value, json& targeting) {
  if (field == "countries") {
    // What a person narrowed or widened on Meta is not ours to drop.
    if (const json* geo = Member(targeting, "geo_locations")) {
      for (const auto& [kind, places] : geo->items()) {
        const bool ours = kind == "countries" || kind == "location_types" || kind == "regions" ||
                          kind == "cities";
        if (!ours && !places.empty()) {
          return Refuse(field, fmt::format("the ad set also targets \"{}\", which is set on Meta; "
                                           "remove it there first",
                                           kind));
        }
      }
    }
    if (AsTexts(value).empty()) return Refuse(field, "at least one country is needed");
    for (const std::string& country : AsTexts(value)) {
      if (!IsCountryCode(country))
        return Refuse(field, fmt::format("\"{}\" is no country like DE", country));
    }
    targeting["geo_locations"]["countries"] = AsTexts(value);
  } else if (field == "locations" || field == "excluded_locations") {
    return SetPlaces(field, AsTexts(value), targeting);
  } else if (field == "languages") {
    json locales = json::array();
    for (const std::string& language : AsTexts(value)) {
      const std::string_view locale = Metas(Locales(), language);
      if (locale.empty()) {
        return Refuse(field, fmt::format("\"{}\" is not among the languages whose Meta locale is "
                                         "known: {}",
                                         language, ListOurs(Locales())));
      }
      locales.push_back(std::stoi(std::string(locale)));
    }
    targeting["locales"] = std::move(locales);
  } else if (field == "age_min" || field == "age_max") {
    const std::int64_t years = AsInteger(value);
    if (years < 13 || years > 65) return Refuse(field, "Meta takes 13 to 65 years");
    targeting[std::string(field)] = years;
  } else if (field == "genders") {
    std::set<int> genders;
    for (const std::string& gender : AsTexts(value)) {
      if (gender != "male" && gender != "female") {
        return Refuse(field, fmt::format("\"{}\" is not female or male", gender));
      }
      genders.insert(gender == "male" ? 1 : 2);
    }
    if (genders.size() == 2) return Refuse(field, "both are all; leave the list empty");
    targeting["genders"] = genders;
  } else if (field == "audiences" || field == "excluded_audiences") {
    json list = json::array();
    for (const std::string& id : AsTexts(value)) {
      if (!AllDigits(id)) return Refuse(field, fmt::format("\"{}\" is no audience id", id));
      list.push_back({{"id", id}});
    }
    targeting[field == "audiences" ? "custom_audiences" : "excluded_custom_audiences"] =
        std::move(list);
  } else {
    return SetPlacements(AsTexts(value), targeting);
  }
  return {};
}

Result<> SetPromoted(std::string_view field, const FieldValue& value, json& promoted) {
  const std::string& text = AsText(value);
  if (field == "pixel_id") {
    if (!AllDigits(text)) return Refuse(field, "a pixel id has digits only");
    promoted["pixel_id"] = text;
    return {};
  }
  if (text == "page_view" || text == "app_install") {
    return Refuse(field,
                  text == "page_view"
                      ? "Meta optimises for content_view, not for every page view"
                      : "Meta optimises for installs of an app, for which there is no field");
  }
  std::string event(Metas(ConversionEvents(), text));
  if (event.empty()) event = UpperCase(text);
  const std::string_view ours = Ours(ConversionEvents(), event);
  if (!IsConversionEvent(event) || LowerCase(event) != LowerCase(text)) {
    if (ours != text) return Refuse(field, fmt::format("\"{}\" is no event of Meta", text));
  }
  if (!ours.empty() && ours != text) {
    return Refuse(field, fmt::format("\"{}\" is called {} here", text, ours));
  }
  if (ours.empty() && text != LowerCase(text)) {
    return Refuse(field, fmt::format("\"{}\" is written in lower case here", text));
  }
  promoted["custom_event_type"] = event;
  return {};
}

/// The hours of a week as Meta lists them: a window, and the days that have it.
Result<json> ScheduleOf(const Texts& dayparts) {
  const auto hours = ParseDayparts(dayparts);
  if (!hours) return Refuse("dayparts", hours.error().what);
  std::map<std::pair<int, int>, json> windows;
  for (int day = 0; day < 7; ++day) {
    const auto runs = [&](int hour) {
      return hour < 24 && hours->test(static_cast<std::size_t>(day * 24 + hour));
    };
    for (int from = 0; from < 24; ++from) {
      if (!runs(from)) continue;
      int to = from;
      while (runs(to)) ++to;
      windows[{from, to}].push_back((day + 1) % 7);  // Meta's week begins on Sunday
      from = to;
    }
  }
  json schedule = json::array();
  for (auto& [window, days] : windows) {
    schedule.push_back({{"start_minute", window.first * 60},
                        {"end_minute", window.second * 60},
                        {"days", std::move(days)},
                        {"timezone_type", "ADVERTISER"}});
  }
  return schedule;
}

bool HasAmount(const json& object, std::string_view name) {
  const std::string text = Text(object, name);
  return !text.empty() && text != "0";
}

/// One change of an ad set, seen against what there is.
class AdSetChange {
 public:
  AdSetChange(const Change& change, const Fields& fields, const Ground& ground,
              const Connection& connection, const json& present, Params& params)
      : change_(change),
        fields_(fields),
        ground_(ground),
        connection_(connection),
        present_(present),
        params_(params),
        create_(change.action == ChangeAction::kCreate) {}

  Result<> Run() {
    const auto copy = [&](std::string_view name) {
      const json* member = Member(present_, name);
      return member != nullptr && member->is_object() ? *member : json::object();
    };
    json targeting = copy("targeting");
    json promoted = copy("promoted_object");
    bool new_targeting = create_;
    bool new_promoted = false;
    for (const auto& [field, value] : fields_) {
      if (IsOneOf(field, kTargetingFields)) {
        MAXOPT_CHECK(SetTargeting(field, value, targeting));
        new_targeting = true;
      } else if (IsOneOf(field, kPromotedFields)) {
        MAXOPT_CHECK(SetPromoted(field, value, promoted));
        new_promoted = true;
      } else {
        MAXOPT_CHECK(AddPlain(field, value));
      }
    }
    if (create_) MAXOPT_CHECK(Complete(targeting, promoted));
    MAXOPT_CHECK(AddBids());
    MAXOPT_CHECK(AddPacing());
    MAXOPT_CHECK(AddFrequency());
    MAXOPT_CHECK(AddAttribution());
    if (new_targeting) {
      MAXOPT_CHECK(CheckPlaces(targeting));
      MAXOPT_CHECK(AddPayor(targeting));
      params_.emplace_back("targeting", PrintExactJson(targeting));
    }
    if (new_promoted || (create_ && !promoted.empty())) {
      params_.emplace_back("promoted_object", PrintExactJson(promoted));
    }
    return {};
  }

 private:
  const FieldValue* Stated(const char* field) const {
    const auto at = fields_.find(field);
    return at == fields_.end() ? nullptr : &at->second;
  }
  const json& Campaign() const {
    static const json kNone = json::object();
    const json* campaign = Member(present_, "campaign");
    return campaign == nullptr ? kNone : *campaign;
  }

  Result<> AddPlain(const std::string& field, const FieldValue& value) {
    const auto add = [&](std::string_view name, Result<std::string> text) -> Result<> {
      if (!text) return Fail(std::move(text).error());
      params_.emplace_back(name, *std::move(text));
      return {};
    };
    if (field == "daily_budget" || field == "lifetime_budget") {
      return add(field, MinorOf(field, std::get<Money>(value), ground_));
    }
    if (field == "start_at") return add("start_time", TimeOf(field, AsText(value), ground_));
    if (field == "end_at") return add("end_time", TimeOf(field, AsText(value), ground_));
    if (field == "bid_strategy") return add(field, WordOf(field, BidStrategies(), AsText(value)));
    if (field == "billing_event") return add(field, WordOf(field, BillingEvents(), AsText(value)));
    if (field == "optimization_goal") {
      if (AsText(value) == "leads") {
        return Refuse(field,
                      "leads in Meta's own forms need a form, for which there is no field; for "
                      "leads on the site use conversions with conversion_event lead");
      }
      return add(field, WordOf(field, OptimizationGoals(), AsText(value)));
    }
    if (IsOneOf(field, kJoinedFields)) return {};
    return Refuse(field, "Meta has no such thing on an ad set");
  }

  Result<> Complete(json& targeting, json& promoted) {
    if (change_.parent_id.empty()) {
      return Refuse("parent_id", "an ad set needs the id of its campaign");
    }
    params_.emplace_back("campaign_id", change_.parent_id);
    if (Stated("countries") == nullptr && ListField(fields_, "locations").empty()) {
      return Refuse("countries", "an ad set needs at least one, or a place in locations");
    }
    if (Stated("optimization_goal") == nullptr) {
      return Refuse("optimization_goal", "an ad set needs one");
    }
    if (Stated("billing_event") == nullptr) params_.emplace_back("billing_event", "IMPRESSIONS");
    // Unless told not to, Meta shows ads beyond the audience that was approved.
    targeting["targeting_automation"] = {{"advantage_audience", 0}};
    if (!ForConversions()) return {};
    const std::string pixel = Setting(connection_, "pixel_id");
    if (!promoted.contains("pixel_id") && !pixel.empty()) promoted["pixel_id"] = pixel;
    if (!promoted.contains("pixel_id")) {
      return Refuse("pixel_id",
                    "an ad set that is optimised for conversions needs one, here or in "
                    "the connection's settings");
    }
    if (!promoted.contains("custom_event_type")) promoted["custom_event_type"] = "PURCHASE";
    return {};
  }

  /// Our word of what the ad set is optimised for; "" when it is not known.
  std::string Goal() const {
    if (const FieldValue* goal = Stated("optimization_goal")) return AsText(*goal);
    return std::string(Ours(OptimizationGoals(), Text(present_, "optimization_goal")));
  }
  bool ForConversions() const { return Goal() == "conversions" || Goal() == "value"; }

  /// Our word of the strategy that decides, which is the campaign's where it has one; "" when it
  /// is not known.
  std::string Strategy() const {
    if (const std::string above = Text(Campaign(), "bid_strategy"); !above.empty()) {
      return std::string(Ours(BidStrategies(), above));
    }
    if (const FieldValue* own = Stated("bid_strategy")) return AsText(*own);
    if (const std::string own = Text(present_, "bid_strategy"); !own.empty()) {
      return std::string(Ours(BidStrategies(), own));
    }
    return present_.is_object() ? "lowest_cost" : "";
  }

  Result<> AddBids() {
    struct Kind {
      const char* field;
      std::string_view strategy;
    };
    constexpr Kind kKinds[] = {
        {"bid", "bid_cap"}, {"target_cpa", "cost_cap"}, {"target_roas_bp", "min_roas"}};
    std::string strategy = Strategy();
    // Alone in the world, what is stated tells which strategy the campaign must have.
    const FieldValue* own = Stated("bid_strategy");
    const bool moves = own != nullptr && (create_ || Metas(BidStrategies(), AsText(*own)) !=
                                                         Text(present_, "bid_strategy"));
    for (const auto& [field, wants] : kKinds) {
      const FieldValue* value = Stated(field);
      if (value == nullptr) {
        if (moves && AsText(*own) == wants) {
          return Refuse(field, fmt::format("the bid_strategy {} needs it", wants));
        }
        continue;
      }
      if (!strategy.empty() && strategy != wants) {
        return Refuse(field, fmt::format("it goes with the bid_strategy {}, and here it is {}",
                                         wants, strategy));
      }
      strategy = wants;  // a second one contradicts the first
      if (const Money* money = std::get_if<Money>(value)) {
        MAXOPT_TRY(std::string minor, MinorOf(field, *money, ground_));
        params_.emplace_back("bid_amount", std::move(minor));
        continue;
      }
      const std::int64_t floor = AsInteger(*value);
      if (floor < kRoasMin || floor > kRoasMax) {
        return Refuse(field,
                      fmt::format("Meta takes {} to {}, 0.01 to 1000 for one", kRoasMin, kRoasMax));
      }
      params_.emplace_back("bid_constraints", json({{"roas_average_floor", floor}}).dump());
    }
    if (strategy == "min_roas" && moves && !Goal().empty() && Goal() != "value") {
      return Refuse("bid_strategy", "min_roas goes with the optimization_goal value");
    }
    return {};
  }

  /// Whether the budget is for the whole flight, here or above; nullopt when it is not known.
  std::optional<bool> Lifetime() const {
    if (Stated("lifetime_budget") != nullptr) return true;
    if (Stated("daily_budget") != nullptr) return false;
    if (!present_.is_object()) return std::nullopt;
    return HasAmount(present_, "lifetime_budget") || HasAmount(Campaign(), "lifetime_budget");
  }

  Result<> AddPacing() {
    const FieldValue* pacing = Stated("pacing");
    const FieldValue* dayparts = Stated("dayparts");
    if (pacing == nullptr && dayparts == nullptr) return {};
    std::string types = R"(["standard"])";
    if (pacing != nullptr) {
      MAXOPT_TRY(types, PacingOf(AsText(*pacing)));
    }
    const json* schedule = Member(present_, "adset_schedule");
    const bool had = schedule != nullptr && !schedule->empty();
    const bool has = dayparts != nullptr ? !AsTexts(*dayparts).empty() : had;
    if (has && dayparts != nullptr && !Lifetime().value_or(true)) {
      return Refuse("dayparts",
                    "Meta keeps hours only for a lifetime_budget, on the ad set or its campaign");
    }
    const json* before = Member(present_, "pacing_type");
    const bool was_asap =
        before != nullptr && before->dump().find("no_pacing") != std::string::npos;
    const bool asap = pacing != nullptr ? AsText(*pacing) == "asap" : was_asap;
    if (has && asap) return Refuse("pacing", "asap does not go with dayparts; use even");
    params_.emplace_back("pacing_type", has    ? R"(["day_parting"])"
                                        : asap ? R"(["no_pacing"])"
                                               : types);
    if (dayparts != nullptr) {
      MAXOPT_TRY(const json list, ScheduleOf(AsTexts(*dayparts)));
      if (has || had) params_.emplace_back("adset_schedule", list.dump());
    }
    return {};
  }

  Result<> AddFrequency() {
    const FieldValue* cap = Stated("frequency_cap");
    const FieldValue* days = Stated("frequency_days");
    if (cap == nullptr && days == nullptr) return {};
    if (const std::string goal = Goal();
        !goal.empty() && goal != "reach" && goal != "impressions") {
      return Refuse(cap != nullptr ? "frequency_cap" : "frequency_days",
                    "Meta caps frequency only for the optimization_goal reach or impressions");
    }
    json spec = {{"event", "IMPRESSIONS"}};
    const json* specs = Member(present_, "frequency_control_specs");
    if (specs != nullptr && specs->is_array() && !specs->empty()) spec = specs->front();
    for (const auto& [field, member, value] :
         {std::tuple{"frequency_cap", "max_frequency", cap},
          std::tuple{"frequency_days", "interval_days", days}}) {
      if (value != nullptr) {
        const std::int64_t number = AsInteger(*value);
        if (number < 1 || number > kFrequencyMax) {
          return Refuse(field, fmt::format("Meta takes 1 to {}", kFrequencyMax));
        }
        spec[member] = number;
      } else if (Member(spec, member) == nullptr) {
        return Refuse(field, "a cap has a number of impressions and of days: state both");
      }
    }
    params_.emplace_back("frequency_control_specs", PrintExactJson(json::array({spec})));
    return {};
  }

  Result<> AddAttribution() {
    const FieldValue* click = Stated("attribution_click_days");
    const FieldValue* view = Stated("attribution_view_days");
    const bool for_conversions = ForConversions();
    if (click == nullptr && view == nullptr && !(create_ && for_conversions)) return {};
    // The window that our reports claim, unless another is stated.
    std::int64_t clicks = for_conversions ? 7 : 1;
    std::int64_t views = for_conversions ? 1 : 0;
    json others = json::array();  // engaged views, which have no field
    const json* windows = Member(present_, "attribution_spec");
    if (windows != nullptr && windows->is_array() && !windows->empty()) {
      views = 0;
      for (const json& window : *windows) {
        const std::string event = Text(window, "event_type");
        const json* length = Member(window, "window_days");
        const bool number = length != nullptr && length->is_number_integer();
        if (event == "CLICK_THROUGH" && number) {
          clicks = length->get<std::int64_t>();
        } else if (event == "VIEW_THROUGH" && number) {
          views = length->get<std::int64_t>();
        } else {
          others.push_back(window);
        }
      }
    }
    if (click != nullptr) clicks = AsInteger(*click);
    if (view != nullptr) views = AsInteger(*view);
    if (clicks != 1 && clicks != 7) {
      return Refuse("attribution_click_days",
                    fmt::format("Meta takes 1 or 7 days, not {}", clicks));
    }
    if (views != 0 && views != 1) {
      return Refuse("attribution_view_days", fmt::format("Meta takes 0 or 1 day, not {}", views));
    }
    if (!Goal().empty() && !for_conversions && (clicks != 1 || views != 0)) {
      return Refuse(click != nullptr ? "attribution_click_days" : "attribution_view_days",
                    fmt::format("for the optimization_goal {} Meta counts 1 day after a click and "
                                "none after a view; longer windows go with conversions or value",
                                Goal()));
    }
    json spec = json::array({{{"event_type", "CLICK_THROUGH"}, {"window_days", clicks}}});
    if (views > 0) spec.push_back({{"event_type", "VIEW_THROUGH"}, {"window_days", views}});
    for (json& other : others) spec.push_back(std::move(other));
    params_.emplace_back("attribution_spec", PrintExactJson(spec));
    return {};
  }

  static Result<> CheckPlaces(const json& targeting) {
    const json* geo = Member(targeting, "geo_locations");
    if (geo != nullptr) {
      for (const auto& [kind, list] : geo->items()) {
        if (kind != "location_types" && !list.empty()) return {};
      }
    }
    return Refuse("locations", "without countries an ad set needs at least one place");
  }

  /// The Digital Services Act wants to know who benefits from an ad and who pays for it.
  Result<> AddPayor(const json& targeting) {
    const json* geo = Member(targeting, "geo_locations");
    const json* countries = geo == nullptr ? nullptr : Member(*geo, "countries");
    bool in_union = false;
    if (countries != nullptr && countries->is_array()) {
      in_union = std::ranges::any_of(*countries, [](const json& country) {
        return country.is_string() && InEuropeanUnion(country.get_ref<const std::string&>());
      });
    }
    if (!create_ && !in_union) return {};
    for (const char* name : {"dsa_beneficiary", "dsa_payor"}) {
      if (Member(present_, name) != nullptr) continue;
      if (const std::string text = Setting(connection_, name); !text.empty()) {
        params_.emplace_back(name, text);
      } else if (in_union && !ground_.names_payor) {
        return Refuse("countries",
                      fmt::format("ads shown in the European Union must say who benefits and who "
                                  "pays: put {} into the connection's settings, or set both "
                                  "defaults on the ad account",
                                  name));
      }
    }
    return {};
  }

  const Change& change_;
  const Fields& fields_;
  const Ground& ground_;
  const Connection& connection_;
  const json& present_;
  Params& params_;
  const bool create_;
};

}  // namespace

Result<> AddAdSetFields(const Change& change, const Fields& fields, const Ground& ground,
                        const Connection& connection, const json& present, Params& params) {
  return AdSetChange(change, fields, ground, connection, present, params).Run();
}

bool NeedsPresent(const Change& change) {
  return change.action == ChangeAction::kUpdate && change.level == Level::kAdGroup &&
         std::ranges::any_of(change.after, [](const auto& field) {
           return IsOneOf(field.first, kTargetingFields) || IsOneOf(field.first, kPromotedFields) ||
                  (IsOneOf(field.first, kJoinedFields) && field.first != "daily_budget" &&
                   field.first != "lifetime_budget");
         });
}

bool NeedsCampaign(const Change& change) {
  if (change.action != ChangeAction::kCreate || change.level != Level::kAdGroup) return false;
  return std::ranges::any_of(
      change.after, [](const auto& field) { return IsOneOf(field.first, kCampaignDecides); });
}

}  // namespace maxopt::meta
