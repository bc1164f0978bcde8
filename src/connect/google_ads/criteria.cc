#include "connect/google_ads/criteria.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "connect/google_ads/constants.h"
#include "connect/google_ads/rows.h"
#include "domain/dayparts.h"

namespace maxopt::google_ads {
namespace {

using Json = nlohmann::json;
using Strings = std::vector<std::string>;

constexpr std::string_view kOfCampaign[] = {"countries",    "locations", "excluded_locations",
                                            "languages",    "dayparts",  "negative_keywords",
                                            "bid_modifiers"};
constexpr std::string_view kOfAdGroup[] = {"keywords",  "negative_keywords",  "genders",
                                           "audiences", "excluded_audiences", "age_min",
                                           "age_max"};

struct Age {
  std::int64_t from;
  std::int64_t to;  ///< 65: and over
  std::string_view google;
};
constexpr std::array<Age, 6> kAges = {{{18, 24, "AGE_RANGE_18_24"},
                                       {25, 34, "AGE_RANGE_25_34"},
                                       {35, 44, "AGE_RANGE_35_44"},
                                       {45, 54, "AGE_RANGE_45_54"},
                                       {55, 64, "AGE_RANGE_55_64"},
                                       {65, 65, "AGE_RANGE_65_UP"}}};
constexpr std::string_view kAgeUnknown = "AGE_RANGE_UNDETERMINED";
constexpr std::string_view kGenderUnknown = "UNDETERMINED";

constexpr std::pair<std::string_view, std::string_view> kDays[] = {
    {"mon", "MONDAY"}, {"tue", "TUESDAY"},  {"wed", "WEDNESDAY"}, {"thu", "THURSDAY"},
    {"fri", "FRIDAY"}, {"sat", "SATURDAY"}, {"sun", "SUNDAY"}};
constexpr std::pair<std::string_view, int> kMinutes[] = {
    {"ZERO", 0}, {"FIFTEEN", 15}, {"THIRTY", 30}, {"FORTY_FIVE", 45}};

constexpr std::pair<std::string_view, std::string_view> kDevices[] = {
    {"connected_tv", "CONNECTED_TV"},
    {"desktop", "DESKTOP"},
    {"mobile", "MOBILE"},
    {"tablet", "TABLET"}};
// CampaignCriterion.bid_modifier: "must be in the range: 0.1 - 10.0", 0 "to opt out of a Device".
constexpr std::int64_t kModifierMinBp = 1'000;
constexpr std::int64_t kModifierMaxBp = 100'000;

constexpr std::string_view kGeoPrefix = "geoTargetConstants/";

std::unexpected<Error> Invalid(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

std::span<const std::string_view> FieldsOf(Level level) {
  if (level == Level::kCampaign) return kOfCampaign;
  if (level == Level::kAdGroup) return kOfAdGroup;
  return {};
}

bool IsCountry(std::string_view geo_target) { return CountryOf(geo_target) != geo_target; }

Result<std::string> ScheduleOf(const Json& row) {
  const std::string at = "campaignCriterion.adSchedule.";
  MAXOPT_TRY(const std::string day, Text(row, at + "dayOfWeek"));
  const auto* name = std::find_if(std::begin(kDays), std::end(kDays),
                                  [&](const auto& d) { return d.second == day; });
  if (name == std::end(kDays)) {
    return Fail(Errc::kBadAnswer, fmt::format("Google Ads answered the week day \"{}\"", day));
  }
  std::string out(name->first);
  out += ' ';
  for (const char* end : {"start", "end"}) {
    MAXOPT_TRY(const auto hour, Integer(row, fmt::format("{}{}Hour", at, end)));
    MAXOPT_TRY(const std::string minute, Text(row, fmt::format("{}{}Minute", at, end)));
    const auto* quarter = std::find_if(std::begin(kMinutes), std::end(kMinutes),
                                       [&](const auto& m) { return m.first == minute; });
    if (quarter == std::end(kMinutes) && !minute.empty()) {
      return Fail(Errc::kBadAnswer, fmt::format("Google Ads answered the minute \"{}\"", minute));
    }
    if (std::string_view(end) == "end") out += '-';
    // An hour of zero may be left out of the answer.
    out += fmt::format("{:02}:{:02}", hour.value_or(0),
                       quarter == std::end(kMinutes) ? 0 : quarter->second);
  }
  return out;
}

/// "exact:boots" -> {text, matchType}
Result<Json> KeywordOf(std::string_view field, const std::string& keyword) {
  const std::size_t colon = keyword.find(':');
  const std::string match = keyword.substr(0, colon);
  if (colon == std::string::npos || colon + 1 == keyword.size() ||
      (match != "exact" && match != "phrase" && match != "broad")) {
    return Invalid(fmt::format("{}: \"{}\" is not match:text with match exact, phrase or broad",
                               field, keyword));
  }
  const std::string word = match == "exact" ? "EXACT" : match == "phrase" ? "PHRASE" : "BROAD";
  return Json{{"text", keyword.substr(colon + 1)}, {"matchType", word}};
}

/// One member of a list field that is one criterion, without "negative".
Result<NewCriterion> MemberOf(const std::string& field, const std::string& member,
                              const std::string& customer) {
  NewCriterion made{field, member, Json::object()};
  if (field == "countries") {
    const auto constant = GeoTargetOf(member);
    if (!constant) {
      return Invalid(fmt::format("countries: \"{}\" is no ISO 3166-1 alpha-2 code", member));
    }
    made.body["location"] = {{"geoTargetConstant", *constant}};
  } else if (field == "locations" || field == "excluded_locations") {
    std::string id = member;
    if (id.starts_with(kGeoPrefix)) id.erase(0, kGeoPrefix.size());
    if (!IsDigits(id)) {
      return Invalid(fmt::format("{}: \"{}\" is no id of a geo target of Google's", field, member));
    }
    if (field == "locations" && IsCountry(id)) {
      return Invalid(fmt::format("locations: {} is the country {}; name it in \"countries\"", id,
                                 CountryOf(id)));
    }
    made.value = id;
    made.body["location"] = {{"geoTargetConstant", fmt::format("{}{}", kGeoPrefix, id)}};
  } else if (field == "languages") {
    const auto constant = LanguageConstantOf(member);
    if (!constant) {
      return Invalid(fmt::format("languages: Google Ads knows no language \"{}\"", member));
    }
    made.body["language"] = {{"languageConstant", *constant}};
  } else if (field == "audiences" || field == "excluded_audiences") {
    if (!IsDigits(member)) {
      return Invalid(fmt::format("{}: \"{}\" is no id of a user list", field, member));
    }
    made.body["userList"] = {
        {"userList", fmt::format("customers/{}/userLists/{}", customer, member)}};
  } else {
    MAXOPT_TRY(made.body["keyword"], KeywordOf(field, member));
  }
  return made;
}

Result<> AddDayparts(const Strings& dayparts, std::vector<NewCriterion>& out) {
  MAXOPT_TRY(const WeekHours hours, ParseDayparts(dayparts));
  for (const std::string& span : PrintDayparts(hours)) {
    const auto* day = std::find_if(std::begin(kDays), std::end(kDays),
                                   [&](const auto& d) { return span.starts_with(d.first); });
    out.push_back({"dayparts",
                   span,
                   {{"adSchedule",
                     {{"dayOfWeek", day->second},
                      {"startHour", std::stoi(span.substr(4, 2))},
                      {"startMinute", "ZERO"},
                      {"endHour", std::stoi(span.substr(10, 2))},
                      {"endMinute", "ZERO"}}}}});
  }
  return {};
}

/// Google leaves people out by what it believes of them; whom it knows nothing of is left out as
/// soon as anybody is.
Result<> AddGenders(const Strings& genders, std::vector<NewCriterion>& out) {
  std::set<std::string> wanted;
  for (const std::string& gender : genders) {
    if (gender != "female" && gender != "male") {
      return Invalid(fmt::format("genders: \"{}\" is not female or male", gender));
    }
    wanted.insert(gender);
  }
  if (wanted.empty()) return {};
  const auto leave_out = [&](std::string_view google) {
    out.push_back({"genders", std::string(google), {{"gender", {{"type", google}}}}});
  };
  if (!wanted.contains("female")) leave_out("FEMALE");
  if (!wanted.contains("male")) leave_out("MALE");
  leave_out(kGenderUnknown);
  return {};
}

Result<> AddAges(const Fields& fields, const Fields& live, std::vector<NewCriterion>& out) {
  const auto limit = [&](const char* name, std::int64_t otherwise) {
    for (const Fields* from : {&fields, &live}) {
      const auto at = from->find(name);
      if (at != from->end()) return std::get<std::int64_t>(at->second);
    }
    return otherwise;
  };
  const std::int64_t least = limit("age_min", 18);
  const std::int64_t most = limit("age_max", 65);
  const bool begins =
      std::any_of(kAges.begin(), kAges.end(), [&](const Age& age) { return age.from == least; });
  const bool ends =
      std::any_of(kAges.begin(), kAges.end(), [&](const Age& age) { return age.to == most; });
  if (!begins) {
    return Invalid(
        fmt::format("age_min: {} is not one of 18, 25, 35, 45, 55, 65, where Google's age ranges "
                    "begin",
                    least));
  }
  if (!ends) {
    return Invalid(fmt::format(
        "age_max: {} is not one of 24, 34, 44, 54, 64, 65 (and over), where Google's age ranges "
        "end",
        most));
  }
  if (least > most) return Invalid(fmt::format("age_min: {} is above age_max {}", least, most));
  const auto leave_out = [&](std::string_view google) {
    out.push_back({"age_min", std::string(google), {{"ageRange", {{"type", google}}}}});
  };
  bool any = false;
  for (const Age& age : kAges) {
    if (age.from >= least && age.to <= most) continue;
    leave_out(age.google);
    any = true;
  }
  if (any) leave_out(kAgeUnknown);
  return {};
}

void TellAges(const std::set<std::string>& left_out, Fields& fields) {
  std::optional<std::int64_t> least;
  std::optional<std::int64_t> most;
  bool ended = false;
  for (const Age& age : kAges) {
    if (left_out.contains(std::string(age.google))) {
      ended = ended || least.has_value();
      continue;
    }
    if (ended) return;  // a gap: no range says it
    if (!least) least = age.from;
    most = age.to;
  }
  if (!least) return;
  fields["age_min"] = *least;
  fields["age_max"] = *most;
}

void TellGenders(const std::set<std::string>& left_out, Fields& fields) {
  if (left_out.empty()) return;
  Strings genders;
  if (!left_out.contains("FEMALE")) genders.emplace_back("female");
  if (!left_out.contains("MALE")) genders.emplace_back("male");
  if (!genders.empty()) fields["genders"] = std::move(genders);
}

}  // namespace

std::string_view CriteriaSelect(Level level) {
  if (level == Level::kCampaign) {
    return "SELECT campaign.id, campaign_criterion.criterion_id, campaign_criterion.type, "
           "campaign_criterion.status, campaign_criterion.negative, "
           "campaign_criterion.location.geo_target_constant, "
           "campaign_criterion.language.language_constant, campaign_criterion.keyword.text, "
           "campaign_criterion.keyword.match_type, campaign_criterion.ad_schedule.day_of_week, "
           "campaign_criterion.ad_schedule.start_hour, "
           "campaign_criterion.ad_schedule.start_minute, campaign_criterion.ad_schedule.end_hour, "
           "campaign_criterion.ad_schedule.end_minute, campaign_criterion.device.type, "
           "campaign_criterion.bid_modifier FROM campaign_criterion";
  }
  return "SELECT ad_group.id, ad_group_criterion.criterion_id, ad_group_criterion.type, "
         "ad_group_criterion.status, ad_group_criterion.negative, "
         "ad_group_criterion.keyword.text, ad_group_criterion.keyword.match_type, "
         "ad_group_criterion.age_range.type, ad_group_criterion.gender.type, "
         "ad_group_criterion.user_list.user_list FROM ad_group_criterion";
}

Result<Criterion> CriterionOf(const Json& row, Level level, const std::string& customer) {
  const bool campaign = level == Level::kCampaign;
  const std::string at = campaign ? "campaignCriterion." : "adGroupCriterion.";
  Criterion out{};
  MAXOPT_TRY(const std::string parent, Id(row, campaign ? "campaign.id" : "adGroup.id"));
  MAXOPT_TRY(const std::string id, Text(row, at + "criterionId"));
  out.resource = fmt::format("customers/{}/{}/{}~{}", customer,
                             campaign ? "campaignCriteria" : "adGroupCriteria", parent, id);
  MAXOPT_TRY(const bool negative, Flag(row, at + "negative"));
  MAXOPT_TRY(const std::string status, Text(row, at + "status"));
  if (status == "REMOVED") return out;
  out.paused = status == "PAUSED";

  MAXOPT_TRY(const std::string keyword, Text(row, at + "keyword.text"));
  if (!keyword.empty()) {
    MAXOPT_TRY(const std::string match, Text(row, at + "keyword.matchType"));
    out.field = negative ? "negative_keywords" : "keywords";
    out.value = fmt::format("{}:{}", Lower(match), keyword);
    return out;
  }
  if (campaign) {
    MAXOPT_TRY(const std::string location, Text(row, at + "location.geoTargetConstant"));
    MAXOPT_TRY(const std::string language, Text(row, at + "language.languageConstant"));
    MAXOPT_TRY(const std::string device, Text(row, at + "device.type"));
    MAXOPT_TRY(const auto modifier, Real(row, at + "bidModifier"));
    const auto* ours = std::find_if(std::begin(kDevices), std::end(kDevices),
                                    [&](const auto& d) { return d.second == device; });
    // A float on the wire, so it is brought back to the decimal that it stands for. Only a device
    // can be at 0; anywhere else it says that there is none.
    if (modifier && (*modifier > 0 || !device.empty())) {
      out.modifier_bp = std::llround(*modifier * static_cast<double>(kNoModifierBp));
    }
    if (!location.empty()) {
      const bool country = !negative && IsCountry(location);
      out.field = negative ? "excluded_locations" : country ? "countries" : "locations";
      out.value = country ? CountryOf(location) : LastId(location);
      if (out.value.empty()) out.value = location;
    } else if (!language.empty()) {
      out.field = "languages";
      out.value = LanguageOf(language);
    } else if (At(row, at + "adSchedule") != nullptr) {
      out.field = "dayparts";
      MAXOPT_TRY(out.value, ScheduleOf(row));
    } else if (ours != std::end(kDevices)) {
      out.field = "bid_modifiers";
      out.value = ours->first;
    }
    return out;
  }
  MAXOPT_TRY(const std::string age, Text(row, at + "ageRange.type"));
  MAXOPT_TRY(const std::string gender, Text(row, at + "gender.type"));
  MAXOPT_TRY(const std::string list, Text(row, at + "userList.userList"));
  if (!age.empty() && negative) {
    out.field = "age_min";
    out.value = age;
  } else if (!gender.empty() && negative) {
    out.field = "genders";
    out.value = gender;
  } else if (!list.empty()) {
    out.field = negative ? "excluded_audiences" : "audiences";
    out.value = LastId(list).empty() ? list : LastId(list);
  }
  return out;
}

void AddCriteria(const std::vector<Criterion>& criteria, Level level, Fields& fields) {
  std::map<std::string, std::set<std::string>> sets;
  for (const Criterion& criterion : criteria) {
    if (criterion.field.empty() || criterion.paused) continue;
    sets[criterion.field].insert(criterion.value);
  }
  BidModifiers modifiers;
  for (const Criterion& criterion : criteria) {
    if (auto part = BidPartOf(criterion.field, criterion.value)) {
      modifiers.emplace(*std::move(part), criterion.modifier_bp);
    }
  }
  if (Strings told = PrintBidModifiers(modifiers); !told.empty()) {
    fields["bid_modifiers"] = std::move(told);
  }
  sets.erase("bid_modifiers");
  if (level == Level::kAdGroup) TellAges(sets["age_min"], fields);
  TellGenders(sets["genders"], fields);
  sets.erase("age_min");
  sets.erase("genders");
  for (const auto& [field, values] : sets) {
    if (values.empty()) continue;
    Strings list(values.begin(), values.end());
    if (field == "dayparts") {
      // Quarters of an hour, which people may set, are told as they are.
      if (const auto hours = ParseDayparts(list)) list = PrintDayparts(*hours);
    }
    fields[field] = std::move(list);
  }
}

std::optional<BidPart> BidPartOf(std::string_view field, const std::string& value) {
  if (field == "countries") return BidPart{"country", value};
  if (field == "locations") return BidPart{"location", value};
  if (field == "bid_modifiers") return BidPart{"device", value};
  return std::nullopt;
}

Result<BidModifiers> ModifiersFor(const Fields& fields) {
  MAXOPT_TRY(BidModifiers modifiers, ParseBidModifiers(ListField(fields, "bid_modifiers")));
  std::size_t devices_out = 0;
  for (const auto& [part, bp] : modifiers) {
    const bool device = part.dimension == "device";
    if (device && bp == 0) {
      ++devices_out;
    } else if (bp < kModifierMinBp || bp > kModifierMaxBp) {
      return Invalid(
          fmt::format("bid_modifiers: {}:{} {} is outside what Google Ads takes, 0.1 to 10{}",
                      part.dimension, part.value, PrintModifier(bp),
                      device    ? ", or 0 to leave the device out"
                      : bp == 0 ? "; to leave a place out, take it out of countries or locations"
                                : ""));
    }
  }
  if (devices_out == std::size(kDevices)) {
    return Invalid("bid_modifiers: every device is at 0, which is a pause; pause the campaign");
  }
  return modifiers;
}

Json DeviceBody(const std::string& device) {
  const auto* google = std::find_if(std::begin(kDevices), std::end(kDevices),
                                    [&](const auto& d) { return d.first == device; });
  if (google == std::end(kDevices)) Bug();
  Json body = Json::object();
  body["device"]["type"] = google->second;
  return body;
}

double ModifierNumber(std::int64_t bp) {
  return static_cast<double>(bp) / static_cast<double>(kNoModifierBp);
}

bool HasCriteria(Level level, const Fields& fields) {
  return !CriteriaFields(level, fields).empty();
}

std::vector<std::string> CriteriaFields(Level level, const Fields& fields) {
  std::vector<std::string> out;
  for (const std::string_view name : FieldsOf(level)) {
    if (!fields.contains(std::string(name))) continue;
    const std::string field(name == "age_max" ? "age_min" : name);
    if (out.empty() || out.back() != field) out.push_back(field);
  }
  return out;
}

Result<std::vector<NewCriterion>> CriteriaFor(Level level, const Fields& fields, const Fields& live,
                                              const std::string& customer) {
  std::vector<NewCriterion> out;
  for (const std::string& field : CriteriaFields(level, fields)) {
    if (field == "bid_modifiers") continue;  // of criteria that are there for something else
    if (field == "age_min") {
      const std::size_t first = out.size();
      MAXOPT_CHECK(AddAges(fields, live, out));
      for (std::size_t i = first; i < out.size(); ++i) out[i].body["negative"] = true;
      continue;
    }
    const auto& values = std::get<Strings>(fields.at(field));
    const std::size_t first = out.size();
    if (field == "dayparts") {
      MAXOPT_CHECK(AddDayparts(values, out));
    } else if (field == "genders") {
      MAXOPT_CHECK(AddGenders(values, out));
    } else {
      std::set<std::string> sent;  // one written twice would be refused as a duplicate
      for (const std::string& value : values) {
        MAXOPT_TRY(NewCriterion member, MemberOf(field, value, customer));
        if (sent.insert(member.value).second) out.push_back(std::move(member));
      }
    }
    const bool leaves_out =
        field.starts_with("excluded_") || field == "negative_keywords" || field == "genders";
    for (std::size_t i = first; leaves_out && i < out.size(); ++i) out[i].body["negative"] = true;
  }
  // Google would refuse the second with a code that says nothing.
  for (const auto& [here, there] : {std::pair{"locations", "excluded_locations"},
                                    {"audiences", "excluded_audiences"},
                                    {"keywords", "negative_keywords"}}) {
    for (const std::string& one : ListField(fields, here)) {
      const auto& others = ListField(fields, there);
      if (std::find(others.begin(), others.end(), one) != others.end()) {
        return Invalid(fmt::format("{}: \"{}\" is in \"{}\" too", here, one, there));
      }
    }
  }
  return out;
}

}  // namespace maxopt::google_ads
