#include "connect/meta/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "connect/meta/graph.h"
#include "connect/meta/words.h"
#include "domain/dayparts.h"
#include "json/json.h"

namespace maxopt::meta {
namespace {

using nlohmann::json;
using Texts = std::vector<std::string>;

std::optional<std::int64_t> Integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Fills one entity; remembers the first thing that could not be read.
class Reader {
 public:
  Reader(const json& object, const Ground& ground, Entity& entity)
      : object_(object), ground_(ground), entity_(entity) {}

  void Put(std::string_view field, FieldValue value) {
    entity_.fields.insert_or_assign(std::string(field), std::move(value));
  }
  void PutText(std::string_view field, std::string text) {
    if (!text.empty()) Put(field, std::move(text));
  }
  void PutTexts(std::string_view field, Texts texts) {
    if (!texts.empty()) Put(field, std::move(texts));
  }

  /// Budgets and bids: minor units as text or number; 0 is how Meta says "none".
  void Amount(std::string_view from, std::string_view field) {
    const json* member = Member(object_, from);
    if (member == nullptr) return;
    const auto minor = Integer(Text(object_, from));
    if (!minor || *minor < 0) return Wrong(from, "is no whole number of minor units");
    if (*minor == 0) return;
    const auto money = MoneyFromMinor(*minor, ground_.info.currency, MinorUnits::kMeta);
    if (!money) return Wrong(from, money.error().what);
    Put(field, *money);
  }
  void Local(std::string_view from, std::string_view field) {
    const std::string text = Text(object_, from);
    if (text.empty()) return;
    const auto at = ParseMetaTime(text);
    if (!at) return Wrong(from, at.error().what);
    if (at->time_since_epoch().count() <= 0) return;  // "no end" is written as 1970
    Put(field, PrintLocal(ground_.zone.LocalOf(*at)));
  }
  void Created(std::string_view from) {
    const std::string text = Text(object_, from);
    if (text.empty()) return;
    const auto at = ParseMetaTime(text);
    if (!at) return Wrong(from, at.error().what);
    Put("created_at", PrintInstant(*at));
  }
  void Translated(std::string_view from, std::string_view field, std::span<const Word> words) {
    const std::string text = Text(object_, from);
    if (text.empty()) return;
    const std::string_view ours = Ours(words, text);
    Put(field, ours.empty() ? LowerCase(text) : std::string(ours));
  }
  void Status() {
    const std::string status = Text(object_, "status");
    const std::string effective = Text(object_, "effective_status");
    if (status == "ACTIVE") {
      Put("status", std::string(kActive));
    } else if (status == "PAUSED") {
      Put("status", std::string(kPaused));
    } else if (status == "DELETED" || status == "ARCHIVED") {
      Put("status", std::string(kRemoved));
    } else if (status.empty()) {
      return Wrong("status", "is missing");
    } else {
      Put("status", std::string(kActive));  // a word that is new to us: it may be spending
    }
    const bool known =
        status == "ACTIVE" || status == "PAUSED" || status == "DELETED" || status == "ARCHIVED";
    PutText("platform_status", effective.empty() || !known ? status : effective);
    if (effective.empty()) return;
    const std::string_view ours = Ours(EffectiveStatuses(), effective);
    Put("effective_status", std::string(ours.empty() ? "other" : ours));
  }

  void Wrong(std::string_view member, std::string_view what) {
    if (wrong_.empty()) wrong_ = fmt::format("{} {}", member, what);
  }
  const std::string& wrong() const { return wrong_; }

 private:
  const json& object_;
  const Ground& ground_;
  Entity& entity_;
  std::string wrong_;
};

Texts TextsOf(const json& object, std::string_view name) {
  Texts texts;
  const json* list = Member(object, name);
  if (list == nullptr || !list->is_array()) return texts;
  for (const json& item : *list) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
    if (item.is_number_integer()) texts.push_back(item.dump());
  }
  return texts;
}

/// [{"text":"a"},{"text":"b"}] -> a, b
Texts MembersOf(const json& object, std::string_view list_name, std::string_view member) {
  Texts texts;
  const json* list = Member(object, list_name);
  if (list == nullptr || !list->is_array()) return texts;
  for (const json& item : *list) {
    std::string text = item.is_object()           ? Text(item, member)
                       : item.is_string()         ? item.get<std::string>()
                       : item.is_number_integer() ? item.dump()
                                                  : std::string();
    if (!text.empty()) texts.push_back(std::move(text));
  }
  return texts;
}

void ReadPlacements(const json& targeting, Reader& reader) {
  Texts placements;
  for (const std::string& platform : TextsOf(targeting, "publisher_platforms")) {
    const Texts positions = TextsOf(targeting, platform + "_positions");
    if (positions.empty()) placements.push_back(platform);
    for (const std::string& position : positions) placements.push_back(platform + ":" + position);
  }
  reader.Put("placements", std::move(placements));
}

/// Regions by their key, cities as "city:KEY". What else a person chose on Meta has no word here.
Texts PlacesOf(const json* geo) {
  Texts places;
  if (geo == nullptr) return places;
  for (std::string& key : MembersOf(*geo, "regions", "key")) places.push_back(std::move(key));
  for (const std::string& key : MembersOf(*geo, "cities", "key")) places.push_back("city:" + key);
  return places;
}

/// When an ad set may run. Not told when it follows the clock of each viewer, or has minutes, for
/// which there is no word.
void ReadSchedule(const json& object, Reader& reader) {
  const json* schedule = Member(object, "adset_schedule");
  WeekHours hours;
  if (schedule != nullptr && schedule->is_array()) {
    for (const json& item : *schedule) {
      const auto from = Integer(Text(item, "start_minute"));
      const auto to = Integer(Text(item, "end_minute"));
      const bool whole = from && to && *from % 60 == 0 && *to % 60 == 0 && *from >= 0 &&
                         *from < *to && *to <= 24 * 60;
      if (!whole || Text(item, "timezone_type") != "ADVERTISER") return;
      for (const std::string& text : TextsOf(item, "days")) {
        const auto day = Integer(text);
        if (!day || *day < 0 || *day > 6) return;
        const std::int64_t begins = (*day + 6) % 7 * 24;  // Meta's week begins on Sunday
        for (std::int64_t hour = *from / 60; hour < *to / 60; ++hour) {
          hours.set(static_cast<std::size_t>(begins + hour));
        }
      }
    }
  }
  reader.Put("dayparts", PrintDayparts(hours));
}

void ReadPacing(const json& object, Reader& reader) {
  const Texts types = TextsOf(object, "pacing_type");
  if (types.empty()) return;
  const bool asap = std::ranges::find(types, "no_pacing") != types.end();
  reader.Put("pacing", std::string(asap ? "asap" : "even"));
}

void ReadFrequency(const json& object, Reader& reader) {
  const json* specs = Member(object, "frequency_control_specs");
  if (specs == nullptr || !specs->is_array()) return;
  for (const json& spec : *specs) {
    const auto cap = Integer(Text(spec, "max_frequency"));
    const auto days = Integer(Text(spec, "interval_days"));
    if (Text(spec, "event") != "IMPRESSIONS" || !cap || !days) continue;
    reader.Put("frequency_cap", *cap);
    reader.Put("frequency_days", *days);
  }
}

void ReadAttribution(const json& object, Reader& reader) {
  const json* windows = Member(object, "attribution_spec");
  if (windows == nullptr || !windows->is_array() || windows->empty()) return;
  std::int64_t click = 0;
  std::int64_t view = 0;
  for (const json& window : *windows) {
    const std::string event = Text(window, "event_type");
    const std::int64_t days = Integer(Text(window, "window_days")).value_or(0);
    if (event == "CLICK_THROUGH") click = days;
    if (event == "VIEW_THROUGH") view = days;
  }
  reader.Put("attribution_click_days", click);
  reader.Put("attribution_view_days", view);
}

/// Meta has one number for all bids; what it means is the strategy's, which under a campaign's
/// budget is the campaign's.
void ReadBid(const json& object, Reader& reader) {
  std::string strategy = Text(object, "bid_strategy");
  if (const json* campaign = Member(object, "campaign")) {
    if (const std::string above = Text(*campaign, "bid_strategy"); !above.empty()) strategy = above;
  }
  reader.Amount("bid_amount", strategy == "COST_CAP" ? "target_cpa" : "bid");
  if (const json* constraints = Member(object, "bid_constraints")) {
    if (const auto floor = Integer(Text(*constraints, "roas_average_floor"))) {
      reader.Put("target_roas_bp", *floor);
    }
  }
}

void ReadTargeting(const json& targeting, Reader& reader) {
  if (const json* geo = Member(targeting, "geo_locations")) {
    reader.PutTexts("countries", TextsOf(*geo, "countries"));
  }
  reader.Put("locations", PlacesOf(Member(targeting, "geo_locations")));
  reader.Put("excluded_locations", PlacesOf(Member(targeting, "excluded_geo_locations")));
  for (const std::string_view age : {"age_min", "age_max"}) {
    if (const auto years = Integer(Text(targeting, age))) reader.Put(age, *years);
  }
  Texts genders;
  for (const std::string& gender : TextsOf(targeting, "genders")) {
    if (gender == "1") genders.emplace_back("male");
    if (gender == "2") genders.emplace_back("female");
  }
  std::ranges::sort(genders);
  if (genders.size() != 1) genders.clear();  // both: all
  reader.Put("genders", std::move(genders));
  Texts languages;
  bool all_known = true;
  for (const std::string& locale : TextsOf(targeting, "locales")) {
    const std::string_view language = Ours(Locales(), locale);
    all_known = all_known && !language.empty();
    if (std::ranges::find(languages, language) == languages.end()) languages.emplace_back(language);
  }
  // Half a list would say that the others are not targeted.
  if (all_known) reader.Put("languages", std::move(languages));
  reader.Put("audiences", MembersOf(targeting, "custom_audiences", "id"));
  reader.Put("excluded_audiences", MembersOf(targeting, "excluded_custom_audiences", "id"));
  ReadPlacements(targeting, reader);
}

void ReadCreative(const json& creative, Reader& reader) {
  reader.PutText("creative_id", Text(creative, "id"));
  reader.PutText("url_tags", Text(creative, "url_tags"));
  static const json kNone = json::object();
  const json* story = Member(creative, "object_story_spec");
  const json* link = story == nullptr ? nullptr : Member(*story, "link_data");
  const json* video = story == nullptr ? nullptr : Member(*story, "video_data");
  const json& data = link != nullptr ? *link : video != nullptr ? *video : kNone;
  const json* feed_or_none = Member(creative, "asset_feed_spec");
  const json& feed = feed_or_none != nullptr ? *feed_or_none : kNone;
  if (story != nullptr) reader.PutText("page_id", Text(*story, "page_id"));

  Texts headlines = MembersOf(feed, "titles", "text");
  Texts descriptions = MembersOf(feed, "bodies", "text");
  std::string url = Text(data, "link");
  std::string image = Text(data, "image_hash");
  std::string video_id = Text(data, "video_id");
  std::string action;
  if (const json* call = Member(data, "call_to_action")) {
    action = Text(*call, "type");
    const json* value = Member(*call, "value");
    if (url.empty() && value != nullptr) url = Text(*value, "link");
  }
  const auto first = [](const Texts& texts) { return texts.empty() ? "" : texts.front(); };
  if (headlines.empty()) {
    // A link ad's headline is its "name", a video ad's its "title".
    std::string text = Text(data, link != nullptr ? "name" : "title");
    if (text.empty()) text = Text(creative, "title");
    if (!text.empty()) headlines.push_back(std::move(text));
  }
  if (descriptions.empty()) {
    std::string text = Text(data, "message");
    if (text.empty()) text = Text(creative, "body");
    if (!text.empty()) descriptions.push_back(std::move(text));
  }
  if (url.empty()) url = first(MembersOf(feed, "link_urls", "website_url"));
  if (url.empty()) url = Text(creative, "link_url");
  Texts cards = link != nullptr ? MembersOf(*link, "child_attachments", "image_hash") : Texts{};
  if (!cards.empty()) {
    // One text for all cards is said once.
    headlines = MembersOf(*link, "child_attachments", "name");
    const bool same = std::ranges::all_of(
        headlines, [&](const std::string& text) { return text == headlines.front(); });
    if (same && !headlines.empty()) headlines.resize(1);
  }
  if (image.empty()) image = first(MembersOf(feed, "images", "hash"));
  if (image.empty()) image = Text(creative, "image_hash");
  if (video_id.empty()) video_id = first(MembersOf(feed, "videos", "video_id"));
  if (video_id.empty()) video_id = Text(creative, "video_id");
  if (action.empty()) action = first(TextsOf(feed, "call_to_action_types"));
  if (action.empty()) action = Text(creative, "call_to_action_type");

  reader.PutTexts("headlines", std::move(headlines));
  reader.PutTexts("descriptions", std::move(descriptions));
  reader.PutText("landing_url", std::move(url));
  reader.PutTexts("images", std::move(cards));
  // A picture beside a video is what is shown before it plays.
  reader.PutText(video_id.empty() ? "image" : "thumbnail", std::move(image));
  reader.PutText("video", std::move(video_id));
  reader.PutText("call_to_action", LowerCase(action));
}

void ReadReview(const json& ad, Reader& reader) {
  Texts reasons;
  if (const json* feedback = Member(ad, "ad_review_feedback")) {
    const json* global = Member(*feedback, "global");
    if (global != nullptr && global->is_object()) {
      for (const auto& [policy, text] : global->items()) {
        reasons.push_back(policy + ": " + (text.is_string() ? text.get<std::string>() : ""));
      }
    }
    const json* places = Member(*feedback, "placement_specific");
    if (places != nullptr && places->is_object()) {
      for (const auto& [place, policies] : places->items()) {
        if (!policies.is_object()) continue;
        for (const auto& [policy, text] : policies.items()) {
          reasons.push_back(place + ": " + policy + ": " +
                            (text.is_string() ? text.get<std::string>() : ""));
        }
      }
    }
  }
  const bool feedback = !reasons.empty();
  if (const json* issues = Member(ad, "issues_info"); issues != nullptr && issues->is_array()) {
    for (const json& issue : *issues) {
      const std::string summary = Text(issue, "error_summary");
      const std::string message = Text(issue, "error_message");
      std::string text =
          summary.empty() || message.empty() ? summary + message : summary + ": " + message;
      if (!text.empty()) reasons.push_back(std::move(text));
    }
  }
  reader.PutTexts("review_reasons", std::move(reasons));

  const std::string status = Text(ad, "effective_status");
  if (status == "DISAPPROVED") {
    reader.Put("review_status", std::string("rejected"));
  } else if (status == "PENDING_REVIEW" || status == "IN_PROCESS") {
    reader.Put("review_status", std::string("pending"));
  } else if (feedback || status == "WITH_ISSUES") {
    reader.Put("review_status", std::string("limited"));
  } else if (!status.empty() && status != "DELETED" && status != "ARCHIVED") {
    reader.Put("review_status", std::string("approved"));
  }
}

void ReadCampaign(const json& object, Reader& reader) {
  reader.Translated("objective", "objective", Objectives());
  reader.Put("channel_type", std::string("social"));
  reader.Amount("daily_budget", "daily_budget");
  reader.Amount("lifetime_budget", "lifetime_budget");
  reader.Translated("bid_strategy", "bid_strategy", BidStrategies());
  reader.Local("start_time", "start_at");
  reader.Local("stop_time", "end_at");
  ReadPacing(object, reader);
  Texts countries = TextsOf(object, "special_ad_category_country");
  const bool in_union = countries.empty() || std::ranges::any_of(countries, InEuropeanUnion);
  reader.PutTexts("countries", std::move(countries));
  if (Member(object, "special_ad_categories") == nullptr) return;
  Texts categories;
  for (const std::string& category : TextsOf(object, "special_ad_categories")) {
    if (category == "NONE") continue;
    const std::string_view ours = Ours(SpecialCategories(), category);
    categories.push_back(ours.empty() ? LowerCase(category) : std::string(ours));
  }
  // Political advertising is declared by its category, and only by it.
  reader.Put("eu_political",
             in_union && std::ranges::find(categories, "politics") != categories.end());
  reader.Put("special_categories", std::move(categories));
}

void ReadAdSet(const json& object, Reader& reader) {
  reader.Amount("daily_budget", "daily_budget");
  reader.Amount("lifetime_budget", "lifetime_budget");
  ReadBid(object, reader);
  ReadPacing(object, reader);
  ReadSchedule(object, reader);
  ReadFrequency(object, reader);
  ReadAttribution(object, reader);
  reader.Translated("bid_strategy", "bid_strategy", BidStrategies());
  reader.Translated("optimization_goal", "optimization_goal", OptimizationGoals());
  reader.Translated("billing_event", "billing_event", BillingEvents());
  reader.Local("start_time", "start_at");
  reader.Local("end_time", "end_at");
  if (const json* promoted = Member(object, "promoted_object")) {
    reader.PutText("pixel_id", Text(*promoted, "pixel_id"));
    const std::string event = Text(*promoted, "custom_event_type");
    const std::string_view ours = Ours(ConversionEvents(), event);
    reader.PutText("conversion_event", ours.empty() ? LowerCase(event) : std::string(ours));
  }
  if (const json* targeting = Member(object, "targeting")) ReadTargeting(*targeting, reader);
  if (const json* stage = Member(object, "learning_stage_info")) {
    const std::string status = Text(*stage, "status");
    const std::string_view ours = Ours(LearningStatuses(), status);
    if (!status.empty()) {
      reader.Put("learning_status", ours.empty() ? LowerCase(status) : std::string(ours));
    }
  }
}

std::string AccountStatusWord(std::string_view number) {
  constexpr Word kWords[] = {
      {"1", "active"},
      {"2", "disabled"},
      {"3", "unsettled"},
      {"7", "pending_risk_review"},
      {"8", "pending_settlement"},
      {"9", "in_grace_period"},
      {"100", "pending_closure"},
      {"101", "closed"},
      {"201", "any_active"},
      {"202", "any_closed"},
  };
  const std::string_view word = Ours(kWords, number);
  return word.empty() ? fmt::format("status_{}", number) : std::string(word);
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Level of an event: by what Meta calls the object, else by the word of the event.
Level LevelOf(std::string_view object_type, std::string_view event) {
  if (object_type == "AD_SET" || object_type == "ADSET") return Level::kAdGroup;
  if (object_type == "AD" || object_type == "ADGROUP") return Level::kAd;
  if (object_type == "CAMPAIGN_GROUP") return Level::kCampaign;
  if (object_type == "ACCOUNT" || object_type == "AD_ACCOUNT") return Level::kAccount;
  if (Contains(event, "ad_account") || Contains(event, "adaccount")) return Level::kAccount;
  if (Contains(event, "ad_set")) return Level::kAdGroup;
  if (Contains(event, "campaign")) return Level::kCampaign;
  if (Contains(event, "images")) return Level::kAsset;
  if (Contains(event, "_ad_") || event.starts_with("ad_") || event.ends_with("_ad") ||
      Contains(event, "adgroup")) {
    return Level::kAd;
  }
  return Level::kAccount;
}

/// What is under one heading of a targeting that Meta describes for people.
json UnderHeading(const json& described, std::string_view heading) {
  if (!described.is_array()) return {};
  for (const json& part : described) {
    if (LowerCase(Text(part, "content")).starts_with(heading)) {
      const json* children = Member(part, "children");
      return children == nullptr ? json() : *children;
    }
  }
  return {};
}

/// Fields of a targeting of which the description changed; all of them when Meta does not describe
/// both, or describes a difference that has no heading here.
Texts ChangedTargeting(const json& detail) {
  struct Heading {
    std::string_view text;
    std::vector<std::string_view> fields;
  };
  static const Heading kHeadings[] = {
      {"location", {"countries", "locations"}},
      {"excluded location", {"excluded_locations"}},
      {"age", {"age_min", "age_max"}},
      {"gender", {"genders"}},
      {"language", {"languages"}},
      {"custom audience", {"audiences"}},
      {"excluded custom audience", {"excluded_audiences"}},
      {"placements", {"placements"}},
  };
  const json* before = Member(detail, "old_value");
  const json* after = Member(detail, "new_value");
  const bool described =
      before != nullptr && after != nullptr && before->is_array() && after->is_array();
  Texts changed;
  Texts all;
  for (const Heading& heading : kHeadings) {
    const bool differs =
        described && UnderHeading(*before, heading.text) != UnderHeading(*after, heading.text);
    for (const std::string_view field : heading.fields) {
      all.emplace_back(field);
      if (differs) changed.emplace_back(field);
    }
  }
  return changed.empty() ? all : changed;
}

/// Our fields of what an event is about: all that it may be, where Meta has one event for several.
Texts ChangedFields(std::string_view event, std::string_view text) {
  const auto parsed = ParseExactJson(text);
  const json detail = parsed ? *parsed : json();
  if (Contains(event, "budget") && !Contains(event, "optimization_toggling")) {
    // Meta has one event for both kinds and does not always say which.
    const std::string words = LowerCase(text);
    if (Contains(words, "lifetime")) return {"lifetime_budget"};
    if (Contains(words, "daily") || Contains(words, "per day")) return {"daily_budget"};
    return {"daily_budget", "lifetime_budget"};
  }
  if (Contains(event, "run_status")) return {"status"};
  if (Contains(event, "name")) return {"name"};
  if (Contains(event, "bid_strategy") || Contains(event, "bid_type") ||
      Contains(event, "optimization_toggling")) {
    return {"bid_strategy"};
  }
  if (Contains(event, "bid")) return {"bid", "target_cpa", "target_roas_bp"};
  if (Contains(event, "optimization_goal")) return {"optimization_goal"};
  if (Contains(event, "conversion_event") || Contains(event, "conversion_goal")) {
    return {"conversion_event", "pixel_id"};
  }
  if (Contains(event, "target")) return ChangedTargeting(detail);
  if (Contains(event, "ad_scheduling")) return {"dayparts"};
  if (Contains(event, "delivery_type")) return {"pacing"};
  if (Contains(event, "duration") || event == "update_campaign_schedule") {
    return {"start_at", "end_at"};
  }
  if (Contains(event, "creative")) {
    return {"creative_id", "headlines", "descriptions", "landing_url", "url_tags", "call_to_action",
            "image",       "images",    "video",        "thumbnail",   "page_id"};
  }
  return {};
}

}  // namespace

std::string_view FieldsOf(Level level) {
  switch (level) {
    case Level::kCampaign:
      return "id,account_id,name,objective,status,effective_status,daily_budget,lifetime_budget,"
             "bid_strategy,start_time,stop_time,special_ad_categories,special_ad_category_country,"
             "pacing_type,created_time";
    case Level::kAdGroup:
      return "id,account_id,name,campaign_id,status,effective_status,daily_budget,lifetime_budget,"
             "bid_amount,bid_strategy,bid_constraints,optimization_goal,billing_event,promoted_"
             "object,"
             "targeting,start_time,end_time,created_time,learning_stage_info,adset_schedule,"
             "pacing_type,frequency_control_specs,attribution_spec,campaign{id,bid_strategy}";
    case Level::kAd:
      return "id,account_id,name,campaign_id,adset_id,status,effective_status,created_time,"
             "ad_review_feedback,issues_info,creative{id,name,object_story_spec,asset_feed_spec,"
             "url_tags,title,body,image_hash,video_id,link_url,call_to_action_type}";
    case Level::kConversion:
      return "id,name,creation_time,is_unavailable";
    case Level::kAsset:
      return kImageFields;
    case Level::kAccount:
      return kAccountFields;
  }
  Bug();
}

Result<Instant> ParseMetaTime(std::string_view text) {
  if (const auto seconds = Integer(text)) {
    constexpr std::int64_t kYear3000 = 32'503'680'000;
    if (*seconds < 0 || *seconds > kYear3000) {
      return Fail(Errc::kBadAnswer, fmt::format("time \"{}\" is out of range", text));
    }
    return Instant(std::chrono::seconds(*seconds));
  }
  std::string full(text);
  const auto sign = full.find_last_of("+-");
  // "+0200" -> "+02:00"
  if (sign != std::string::npos && sign > 10 && full.size() == sign + 5) full.insert(sign + 3, ":");
  auto at = ParseInstant(full);
  if (!at) return Fail(Errc::kBadAnswer, fmt::format("\"{}\" is no time", text));
  return at;
}

Result<Ground> GroundFrom(const json& account) {
  const std::string id = Text(account, "account_id");
  const auto bad = [&](std::string_view what) {
    return Fail(Errc::kBadAnswer, fmt::format("Meta's ad account {}: {}", id, what));
  };
  if (id.empty()) return bad("it has no account_id");
  const auto currency = FindCurrency(Text(account, "currency"));
  if (!currency) return bad(currency.error().what);
  if (const auto known = MinorUnitDecimals(*currency, MinorUnits::kMeta); !known) {
    return bad(known.error().what);
  }
  const auto zone = Zone::Find(Text(account, "timezone_name"));
  if (!zone) return bad(zone.error().what);
  return Ground{.info = {.account = {Platform::kMeta, id},
                         .name = Text(account, "name"),
                         .currency = *currency,
                         .zone = zone->name(),
                         .status = AccountStatusWord(Text(account, "account_status"))},
                .zone = *zone,
                .names_payor = !Text(account, "default_dsa_beneficiary").empty() &&
                               !Text(account, "default_dsa_payor").empty()};
}

Result<Entity> EntityFrom(Level level, const json& object, const Ground& ground) {
  Entity entity{.level = level, .id = {}, .parent_id = {}, .campaign_id = {}, .fields = {}};
  Reader reader(object, ground, entity);
  // A picture is known by its hash, a video by its id, which a picture has as well.
  const bool video = level == Level::kAsset && Member(object, "hash") == nullptr;
  entity.id = Text(object, level == Level::kAsset && !video ? "hash" : "id");
  reader.Put("name", Text(object, video ? "title" : "name"));
  reader.Created(level == Level::kConversion ? "creation_time" : "created_time");
  switch (level) {
    case Level::kCampaign:
      reader.Status();
      ReadCampaign(object, reader);
      break;
    case Level::kAdGroup:
      reader.Status();
      entity.campaign_id = entity.parent_id = Text(object, "campaign_id");
      ReadAdSet(object, reader);
      break;
    case Level::kAd:
      reader.Status();
      entity.parent_id = Text(object, "adset_id");
      entity.campaign_id = Text(object, "campaign_id");
      if (const json* creative = Member(object, "creative")) ReadCreative(*creative, reader);
      ReadReview(object, reader);
      break;
    case Level::kConversion:
      // A pixel has no status: it counts from the moment it exists.
      reader.Put("status", std::string(kActive));
      reader.Put("kind", std::string("pixel"));
      reader.PutText("tag", entity.id);
      break;
    case Level::kAsset:
      reader.Put("media", std::string(video ? "video" : "image"));
      break;
    case Level::kAccount:
      Bug();
  }
  const bool no_parent = (level == Level::kAdGroup || level == Level::kAd) &&
                         (entity.parent_id.empty() || entity.campaign_id.empty());
  if (entity.id.empty()) reader.Wrong("id", "is missing");
  if (no_parent) reader.Wrong("its parent", "is missing");
  if (!reader.wrong().empty()) {
    return Fail(Errc::kBadAnswer, fmt::format("Meta's {} {} \"{}\": {}", LevelName(level),
                                              entity.id, Text(object, "name"), reader.wrong()));
  }
  return entity;
}

Result<HistoryEvent> EventFrom(const json& activity, std::string_view our_app_id) {
  const std::string event = Text(activity, "event_type");
  const auto at = ParseMetaTime(Text(activity, "event_time"));
  if (event.empty() || !at) {
    return Fail(Errc::kBadAnswer, "Meta's change history has an entry without type or time");
  }
  const std::string app = Text(activity, "application_id");
  std::string detail = Text(activity, "extra_data");
  if (!ParseExactJson(detail)) detail.clear();
  std::string client = Text(activity, "application_name");
  std::string actor = Text(activity, "actor_name");
  if (actor.empty()) actor = Text(activity, "actor_id");
  // Its review and its automated rules act in its own name.
  const bool by_meta = actor == "Meta" || actor == "Facebook" || client == "Automated Rules";
  if (by_meta) actor = "platform";
  const bool create = event.starts_with("create_") || event.starts_with("add_");
  const bool remove = event.starts_with("delete_") || event.starts_with("remove_");
  return HistoryEvent{
      .at = *at,
      .level = LevelOf(Text(activity, "object_type"), event),
      .id = Text(activity, "object_id"),
      .actor = std::move(actor),
      .ours = !by_meta && !app.empty() && (our_app_id.empty() || app == our_app_id),
      .client_type = client.empty() ? event : client,
      .operation = create   ? "create"
                   : remove ? "remove"
                            : "update",
      .changed_fields = create || remove ? Texts{} : ChangedFields(event, detail),
      .detail = std::move(detail),
  };
}

}  // namespace maxopt::meta
