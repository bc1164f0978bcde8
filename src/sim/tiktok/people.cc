// What people do in the platform's screens, in our words.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/tiktok/state.h"

namespace maxopt::sim::tiktok {
namespace {

constexpr std::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::unexpected<Error> CannotEdit(std::string_view name) {
  return Fail(Errc::kInvalidArgument,
              fmt::format("\"{}\" cannot be edited so in this simulator's screens", name));
}

struct Pair {
  std::string_view ours;
  std::string_view theirs;
};

std::string Word(std::initializer_list<Pair> pairs, std::string_view ours) {
  for (const Pair& pair : pairs) {
    if (pair.ours == ours) return std::string(pair.theirs);
  }
  return {};
}

/// "mon 08:00-20:00" as half hours of a week of 336 digits.
Result<std::string> WeekOf(const std::vector<std::string>& spans) {
  std::string week(336, spans.empty() ? '1' : '0');
  for (const std::string& span : spans) {
    int from = -1;
    int to = -1;
    const auto day = std::find(std::begin(kDays), std::end(kDays), span.substr(0, 3));
    if (span.size() != 15 || day == std::end(kDays)) return CannotEdit("dayparts");
    std::from_chars(span.data() + 4, span.data() + 6, from);
    std::from_chars(span.data() + 10, span.data() + 12, to);
    from = from * 2 + (span[7] == '3' ? 1 : 0);
    to = to * 2 + (span[13] == '3' ? 1 : 0);
    if (from < 0 || to > 48 || from >= to) return CannotEdit("dayparts");
    const auto first = static_cast<std::size_t>(day - std::begin(kDays)) * 48;
    for (int slot = from; slot < to; ++slot) week[first + static_cast<std::size_t>(slot)] = '1';
  }
  return week;
}

Result<Json> PlacesOf(const Json& object, const Fields& changes) {
  Json ids = Json::array();
  const auto keep = [&](bool countries) {
    for (const Json& id : object.value("location_ids", Json::array())) {
      const Region* region = FindRegion(id.get_ref<const std::string&>());
      if (region != nullptr && (region->parent_id == "0") == countries) ids.push_back(id);
    }
  };
  if (!changes.contains("countries")) keep(true);
  for (const std::string& code : ListField(changes, "countries")) {
    const auto at = std::find_if(Regions().begin(), Regions().end(), [&](const Region& region) {
      return region.parent_id == "0" && region.code == code;
    });
    if (at == Regions().end()) return CannotEdit("countries");
    ids.push_back(at->location_id);
  }
  if (!changes.contains("locations")) keep(false);
  for (const std::string& id : ListField(changes, "locations")) ids.push_back(id);
  return ids;
}

/// Members that need more than one of our fields, or the object as it is.
Result<> PutTogether(const Json& object, const Fields& changes, Json& wire) {
  if (changes.contains("countries") || changes.contains("locations")) {
    MAXOPT_TRY(wire["location_ids"], PlacesOf(object, changes));
  }
  if (!changes.contains("age_min") && !changes.contains("age_max")) return {};
  struct Bracket {
    std::string_view word;
    std::int64_t min;
    std::int64_t max;
  };
  const auto bound = [&](const char* name, std::int64_t otherwise) {
    const auto at = changes.find(name);
    const auto* number = at == changes.end() ? nullptr : std::get_if<std::int64_t>(&at->second);
    return number ? *number : otherwise;
  };
  Json groups = Json::array();
  for (const Bracket& bracket : {Bracket{"AGE_13_17", 13, 17}, Bracket{"AGE_18_24", 18, 24},
                                 Bracket{"AGE_25_34", 25, 34}, Bracket{"AGE_35_44", 35, 44},
                                 Bracket{"AGE_45_54", 45, 54}, Bracket{"AGE_55_100", 55, 65}}) {
    if (bracket.min >= bound("age_min", 13) && bracket.max <= bound("age_max", 65)) {
      groups.push_back(bracket.word);
    }
  }
  if (groups.empty()) return CannotEdit("age_min");
  wire["age_groups"] = std::move(groups);
  return {};
}

Result<> PutText(const std::string& name, const std::string& text, const Json& object,
                 const Zone& zone, Json& wire) {
  if (name == "start_at" || name == "end_at") {
    MAXOPT_TRY(const LocalTime local, ParseLocal(text));
    wire[name == "start_at" ? "schedule_start_time" : "schedule_end_time"] =
        PrintUtc(zone.ToInstant(local));
    if (name == "end_at") wire["schedule_type"] = "SCHEDULE_START_END";
    return {};
  }
  if (name == "pacing") {
    wire["pacing"] = Word({{"even", "PACING_MODE_SMOOTH"}, {"asap", "PACING_MODE_FAST"}}, text);
  } else if (name == "bid_strategy") {
    const bool value = TextOr(object, "optimization_goal", "") == "VALUE";
    wire["bid_type"] = value || text == "lowest_cost" ? "BID_TYPE_NO_BID" : "BID_TYPE_CUSTOM";
    if (value) wire["deep_bid_type"] = text == "min_roas" ? "VO_MIN_ROAS" : "VO_HIGHEST_VALUE";
  } else if (name == "landing_url") {
    wire["landing_page_url"] = text;
  } else if (name == "image" || name == "thumbnail") {
    wire["image_ids"] = Json::array({text});
  } else if (name == "video") {
    wire["video_id"] = text;
  } else if (name == "page_id") {
    wire["identity_id"] = text;
  } else if (name == "call_to_action") {
    std::string word = text;
    std::transform(word.begin(), word.end(), word.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    wire["call_to_action"] = word == "DOWNLOAD" ? "DOWNLOAD_NOW" : word;
  } else {
    return CannotEdit(name);
  }
  return {};
}

Result<> PutList(const std::string& name, const std::vector<std::string>& list, Json& wire) {
  if (name == "dayparts") {
    MAXOPT_TRY(wire["dayparting"], WeekOf(list));
  } else if (name == "languages") {
    wire["languages"] = list;
  } else if (name == "audiences") {
    wire["audience_ids"] = list;
  } else if (name == "excluded_audiences") {
    wire["excluded_audience_ids"] = list;
  } else if (name == "images") {
    wire["image_ids"] = list;
  } else if (name == "descriptions" && list.size() == 1) {
    wire["ad_text"] = list.front();
  } else if (name == "genders" && list.size() <= 1) {
    wire["gender"] = list.empty()             ? "GENDER_UNLIMITED"
                     : list.front() == "male" ? "GENDER_MALE"
                                              : "GENDER_FEMALE";
  } else if (name == "special_categories") {
    Json words = Json::array();
    for (const std::string& word : list) {
      words.push_back(
          Word({{"housing", "HOUSING"}, {"employment", "EMPLOYMENT"}, {"credit", "CREDIT"}}, word));
    }
    wire["special_industries"] = std::move(words);
  } else {
    return CannotEdit(name);
  }
  return {};
}

}  // namespace

Result<Edit> EditOf(Level level, const Json& object, const Fields& changes, const Zone& zone) {
  Edit edit;
  MAXOPT_CHECK(PutTogether(object, changes, edit.wire));
  for (const auto& [name, value] : changes) {
    if (IsOneOf("countries locations age_min age_max", name)) continue;
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
      MAXOPT_CHECK(PutList(name, *list, edit.wire));
      continue;
    }
    const auto* text = std::get_if<std::string>(&value);
    const auto* money = std::get_if<Money>(&value);
    const auto* number = std::get_if<std::int64_t>(&value);
    if (name == "name" && text) {
      edit.wire[NameField(level)] = *text;
    } else if (name == "status" && text) {
      edit.status = *text == kActive ? "ENABLE" : *text == kRemoved ? "DELETE" : "DISABLE";
    } else if ((name == "daily_budget" || name == "lifetime_budget") && money) {
      edit.wire["budget"] = MoneyToken(*money);
    } else if (name == "bid" && money) {
      edit.wire[IsOneOf("OCPM OCPC", TextOr(object, "billing_event", "")) ? "conversion_bid_price"
                                                                          : "bid_price"] =
          MoneyToken(*money);
      edit.wire["bid_type"] = "BID_TYPE_CUSTOM";
    } else if (name == "frequency_cap" && number) {
      edit.wire["frequency"] = *number;
    } else if (name == "frequency_days" && number) {
      edit.wire["frequency_schedule"] = *number;
    } else if (name == "target_roas_bp" && number) {
      edit.wire["roas_bid"] =
          NumberToken(fmt::format("{}.{:04}", *number / 10'000, *number % 10'000));
      edit.wire["deep_bid_type"] = "VO_MIN_ROAS";
    } else if (text) {
      MAXOPT_CHECK(PutText(name, *text, object, zone, edit.wire));
    } else {
      return CannotEdit(name);
    }
  }
  return edit;
}

}  // namespace maxopt::sim::tiktok
