#include "sim/meta/edits.h"

#include <fmt/format.h>

#include <map>

#include "domain/dayparts.h"

namespace maxopt::sim::meta {
namespace {

using Texts = std::vector<std::string>;

struct Word {
  std::string_view ours;
  std::string_view metas;
};
constexpr Word kStrategies[] = {{"lowest_cost", "LOWEST_COST_WITHOUT_CAP"},
                                {"bid_cap", "LOWEST_COST_WITH_BID_CAP"},
                                {"cost_cap", "COST_CAP"},
                                {"min_roas", "LOWEST_COST_WITH_MIN_ROAS"}};
constexpr Word kStatuses[] = {{kActive, "ACTIVE"}, {kPaused, "PAUSED"}, {kRemoved, "DELETED"}};

std::string_view Find(std::span<const Word> words, std::string_view ours) {
  for (const Word& word : words) {
    if (word.ours == ours) return word.metas;
  }
  return {};
}

/// Meta's minutes and days (Sunday 0) of the hours of a week (Monday first).
Json Schedule(const WeekHours& hours) {
  Json out = Json::array();
  for (std::size_t day = 0; day < 7; ++day) {
    for (std::size_t from = 0; from < 24; ++from) {
      if (!hours.test(day * 24 + from)) continue;
      std::size_t to = from;
      while (to < 24 && hours.test(day * 24 + to)) ++to;
      out.push_back({{"start_minute", from * 60},
                     {"end_minute", to * 60},
                     {"days", {(day + 1) % 7}},
                     {"timezone_type", "ADVERTISER"}});
      from = to;
    }
  }
  return out;
}

/// One edit: what is stored, changed where the person changes it.
class Edit {
 public:
  Edit(const Object& object, const Account& account)
      : object_(object),
        account_(account),
        targeting_(object.fields.value("targeting", Json::object())),
        frequency_(First("frequency_control_specs")) {
    if (const Object* creative = account.Find(Kind::kCreative, object.creative)) {
      creative_ = creative->fields;
      creative_.erase("status");
    }
  }

  Result<> Set(const std::string& name, const FieldValue& value) {
    const auto* text = std::get_if<std::string>(&value);
    const auto* money = std::get_if<Money>(&value);
    const auto* number = std::get_if<std::int64_t>(&value);
    const auto* list = std::get_if<Texts>(&value);
    const bool adset = object_.kind == Kind::kAdSet;
    if (text != nullptr && SetText(name, *text)) return {};
    if (money != nullptr && (name == "daily_budget" || name == "lifetime_budget" || name == "bid" ||
                             name == "target_cpa")) {
      return SetMoney(name, *money);
    }
    if (number != nullptr && adset && SetNumber(name, *number)) return {};
    if (list != nullptr && adset && SetList(name, *list)) return {};
    if (list != nullptr && object_.kind == Kind::kAd && SetWords(name, *list)) return {};
    return Fail(Errc::kInvalidArgument,
                fmt::format("field {} cannot be set so by a person on Meta's {}", name,
                            KindName(object_.kind)));
  }

  Params Done() && {
    if (targeting_changed_) params_.Set("targeting", std::move(targeting_));
    if (frequency_changed_) {
      params_.Set("frequency_control_specs", Json::array({std::move(frequency_)}));
    }
    if (creative_changed_) params_.Set("creative", std::move(creative_));
    return std::move(params_);
  }

 private:
  Json First(std::string_view name) const {
    const auto it = object_.fields.find(name);
    if (it == object_.fields.end() || !it->is_array() || it->empty()) {
      return {{"event", "IMPRESSIONS"}};
    }
    return it->front();
  }

  bool SetText(const std::string& name, const std::string& text) {
    const bool campaign = object_.kind == Kind::kCampaign;
    const bool ad = object_.kind == Kind::kAd;
    if (name == "name") {
      params_.Set(name, text);
    } else if (name == "status" && !Find(kStatuses, text).empty()) {
      params_.Set(name, Find(kStatuses, text));
    } else if ((name == "start_at" || name == "end_at") && !ad) {
      params_.Set(name == "start_at" ? "start_time" : campaign ? "stop_time" : "end_time", text);
    } else if (name == "bid_strategy" && !ad && !Find(kStrategies, text).empty()) {
      params_.Set(name, Find(kStrategies, text));
    } else if (name == "pacing" && !ad && (text == "even" || text == "asap")) {
      params_.Set("pacing_type", Json::array({text == "asap" ? "no_pacing" : "standard"}));
    } else if (ad && (name == "url_tags" || name == "landing_url")) {
      creative_changed_ = true;
      if (name == "url_tags") {
        creative_[name] = text;
        return true;
      }
      Json& story = creative_["object_story_spec"];
      for (const std::string_view part : {"link_data", "video_data"}) {
        const auto data = story.find(part);
        if (data == story.end()) continue;
        if (part == "link_data") (*data)["link"] = text;
        if (data->contains("call_to_action")) (*data)["call_to_action"]["value"]["link"] = text;
      }
    } else {
      return false;
    }
    return true;
  }

  /// The text above the link ("descriptions") or its headline, of an ad with one of each.
  bool SetWords(const std::string& name, const Texts& list) {
    if (list.size() != 1 || (name != "descriptions" && name != "headlines")) return false;
    Json& story = creative_["object_story_spec"];
    for (const std::string_view part : {"link_data", "video_data"}) {
      const auto data = story.find(part);
      if (data == story.end()) continue;
      const bool video = part == "video_data";
      (*data)[name == "descriptions" ? "message" : video ? "title" : "name"] = list.front();
      creative_changed_ = true;
    }
    return creative_changed_;
  }

  Result<> SetMoney(const std::string& name, const Money& money) {
    if (money.currency() != account_.currency()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}: {} in an account of {}", name, PrintMoney(money),
                              account_.currency().name()));
    }
    const Result<std::int64_t> minor = ToMinor(money, MinorUnits::kMeta);
    if (!minor) return FailWithin(name, minor.error());
    params_.Set(name == "bid" || name == "target_cpa" ? "bid_amount" : name, *minor);
    return {};
  }

  bool SetNumber(const std::string& name, std::int64_t number) {
    if (name == "age_min" || name == "age_max") {
      targeting_[name] = number;
      targeting_changed_ = true;
    } else if (name == "frequency_cap" || name == "frequency_days") {
      frequency_[name == "frequency_cap" ? "max_frequency" : "interval_days"] = number;
      frequency_changed_ = true;
    } else if (name == "target_roas_bp") {
      params_.Set("bid_constraints", Json{{"roas_average_floor", number}});
    } else {
      return false;
    }
    return true;
  }

  bool SetList(const std::string& name, const Texts& list) {
    if (name == "dayparts") {
      const auto hours = ParseDayparts(list);
      if (!hours) return false;
      params_.Set("adset_schedule", Schedule(*hours));
      params_.Set("pacing_type", Json::array({hours->none() ? "standard" : "day_parting"}));
      return true;
    }
    targeting_changed_ = true;
    if (name == "countries") {
      targeting_["geo_locations"]["countries"] = list;
    } else if (name == "locations" || name == "excluded_locations") {
      Json& geo = targeting_[name == "locations" ? "geo_locations" : "excluded_geo_locations"];
      geo["regions"] = Json::array();
      geo["cities"] = Json::array();
      for (const std::string& place : list) {
        const bool city = place.starts_with("city:");
        geo[city ? "cities" : "regions"].push_back({{"key", city ? place.substr(5) : place}});
      }
    } else if (name == "genders") {
      targeting_[name] = Json::array();
      for (const std::string& gender : list) targeting_[name].push_back(gender == "male" ? 1 : 2);
    } else if (name == "audiences" || name == "excluded_audiences") {
      Json& audiences =
          targeting_[name == "audiences" ? "custom_audiences" : "excluded_custom_audiences"];
      audiences = Json::array();
      for (const std::string& id : list) audiences.push_back({{"id", id}});
    } else {
      targeting_changed_ = false;
      return false;
    }
    return true;
  }

  const Object& object_;
  const Account& account_;
  Params params_;
  Json targeting_;
  Json frequency_;
  Json creative_ = Json::object();
  bool targeting_changed_ = false;
  bool frequency_changed_ = false;
  bool creative_changed_ = false;
};

}  // namespace

Result<Params> EditOf(const Fields& changes, const Object& object, const Account& account) {
  Edit edit(object, account);
  for (const auto& [name, value] : changes) MAXOPT_CHECK(edit.Set(name, value));
  return std::move(edit).Done();
}

}  // namespace maxopt::sim::meta
