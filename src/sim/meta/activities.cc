#include <fmt/format.h>

#include <algorithm>

#include "sim/meta/fields.h"
#include "sim/meta/meta_server.h"

namespace maxopt::sim::meta {
namespace {

constexpr std::string_view kApplication = "Max Optimizer";
constexpr std::string_view kApplicationId = "200000000000001";
constexpr std::chrono::days kDefaultHistory{7};
/// An actor that is Meta: its review, its automated rules.
constexpr std::string_view kMetaItself = "platform";

/// The event that a changed field is booked as.
struct FieldEvent {
  std::string_view field;
  std::string_view campaign;
  std::string_view adset;
  std::string_view ad;
  std::string_view category;
};
constexpr FieldEvent kFieldEvents[] = {
    {"name", "update_campaign_name", "update_ad_set_name", "update_ad_friendly_name", "AD_SET"},
    {"status", "update_campaign_run_status", "update_ad_set_run_status", "update_ad_run_status",
     "STATUS"},
    {"daily_budget", "update_campaign_budget", "update_ad_set_budget", "", "BUDGET"},
    {"lifetime_budget", "update_campaign_budget", "update_ad_set_budget", "", "BUDGET"},
    {"spend_cap", "update_campaign_group_spend_cap", "", "", "BUDGET"},
    {"daily_spend_cap", "", "update_ad_set_spend_cap", "", "BUDGET"},
    {"daily_min_spend_target", "", "update_ad_set_min_spend_target", "", "BUDGET"},
    {"start_time", "update_campaign_schedule", "update_ad_set_duration", "", "DATE"},
    {"stop_time", "update_campaign_schedule", "", "", "DATE"},
    {"end_time", "", "update_ad_set_duration", "", "DATE"},
    {"adset_schedule", "", "update_campaign_ad_scheduling", "", "DATE"},
    {"pacing_type", "update_campaign_delivery_type", "update_campaign_delivery_type", "", "BUDGET"},
    {"bid_constraints", "", "update_ad_set_bidding", "", "BID"},
    // Meta's list of events has no word for these.
    {"frequency_control_specs", "", "unknown", "", "AD_SET"},
    {"attribution_spec", "", "unknown", "", "AD_SET"},
    {"special_ad_categories", "unknown", "", "", "CAMPAIGN"},
    {"special_ad_category_country", "unknown", "", "", "CAMPAIGN"},
    {"targeting", "", "update_ad_set_target_spec", "", "TARGETING"},
    {"bid_amount", "", "update_ad_set_bidding", "update_ad_bid_info", "BID"},
    {"bid_strategy", "update_campaign_budget_optimization_toggling_status",
     "update_ad_set_bid_strategy", "", "BID"},
    {"optimization_goal", "", "update_ad_set_optimization_goal", "", "AD_SET"},
    {"promoted_object", "update_campaign_conversion_goal", "conversion_event_updated", "",
     "AD_SET"},
};

std::string_view TypeWord(Kind kind) {
  switch (kind) {
    case Kind::kCampaign:
      return "CAMPAIGN";
    case Kind::kAdSet:
      return "AD_SET";
    case Kind::kAd:
      return "AD";
    case Kind::kCreative:
    case Kind::kImage:
    case Kind::kVideo:
    case Kind::kPixel:
      return "ACCOUNT";
  }
  Bug();
}

/// "update_ad_set_budget" -> "Update ad set budget".
std::string Translated(std::string text) {
  std::ranges::replace(text, '_', ' ');
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  }
  return text;
}

/// Targeting as the audit trail shows it: a heading, and what is under it in words for people.
Json DescribeTargeting(const Json& targeting) {
  Json out = Json::array();
  const auto add = [&](std::string_view heading, Json children) {
    if (!children.empty()) out.push_back({{"content", heading}, {"children", std::move(children)}});
  };
  const auto inside = [](const Json& from, std::string_view name) {
    return from.is_object() ? from.value(name, Json()) : Json();
  };
  for (const auto& [member, heading] :
       {std::pair{"geo_locations", "Location:"},
        std::pair{"excluded_geo_locations", "Excluded location:"}}) {
    Json places = Json::array();
    const Json geo = inside(targeting, member);
    for (const std::string_view kind : {"countries", "regions", "cities"}) {
      for (const Json& place : inside(geo, kind)) {
        places.push_back(place.is_object() ? inside(place, "key") : place);
      }
    }
    add(heading, std::move(places));
  }
  const Json from = inside(targeting, "age_min");
  const Json to = inside(targeting, "age_max");
  if (!from.is_null() || !to.is_null()) {
    add("Age:", Json::array({fmt::format("{} - {}", Dump(from), Dump(to))}));
  }
  for (const auto& [member, heading] :
       {std::pair{"genders", "Gender:"}, std::pair{"locales", "Language:"},
        std::pair{"custom_audiences", "Custom audience:"},
        std::pair{"excluded_custom_audiences", "Excluded custom audience:"},
        std::pair{"publisher_platforms", "Placements:"}}) {
    Json items = Json::array();
    for (const Json& item : inside(targeting, member)) items.push_back(Dump(item));
    add(heading, std::move(items));
  }
  return out;
}

}  // namespace

void MetaServer::Record(Account& account, const Object& object, std::string event_type,
                        std::string category, const Writer& writer, const Json& extra) {
  account.activities.push_back({.at = Now(),
                                .event_type = std::move(event_type),
                                .object_id = object.id,
                                .object_name = object.text("name"),
                                .object_type = std::string(TypeWord(object.kind)),
                                .category = std::move(category),
                                .actor = writer.person,
                                .extra_data = Dump(extra)});
}

void MetaServer::RecordChanges(Account& account, const Object& before, const Object& after,
                               const Writer& writer) {
  for (const FieldEvent& entry : kFieldEvents) {
    const Json old_value = before.fields.value(entry.field, Json());
    const Json new_value = after.fields.value(entry.field, Json());
    if (old_value == new_value) continue;
    const std::string_view event = before.kind == Kind::kCampaign ? entry.campaign
                                   : before.kind == Kind::kAdSet  ? entry.adset
                                   : before.kind == Kind::kAd     ? entry.ad
                                                                  : "";
    if (event.empty()) continue;
    Json extra = {{"old_value", old_value}, {"new_value", new_value}};
    if (old_value.is_number_integer() || new_value.is_number_integer()) {
      if (entry.category == "BUDGET" || entry.category == "BID") {
        extra = {{"type", "payment_amount"},
                 {"currency", std::string(account.currency().name())},
                 {"old_value", old_value},
                 {"new_value", new_value}};
      }
      if (entry.field == "daily_budget") extra["additional_value"] = "Per day";
      if (entry.field == "lifetime_budget") extra["additional_value"] = "Lifetime";
    } else if (entry.field == "targeting") {
      extra = {{"type", "targets_spec"},
               {"old_value", DescribeTargeting(old_value)},
               {"new_value", DescribeTargeting(new_value)}};
    } else if (entry.field == "status") {
      extra["type"] = "run_status";
    }
    const std::string category(entry.field == "name" ? TypeWord(before.kind) : entry.category);
    Record(account, after, std::string(event), category, writer, extra);
  }
  if (before.creative != after.creative) {
    Record(account, after, "update_ad_creative", "AD", writer,
           {{"old_value", before.creative}, {"new_value", after.creative}});
  }
}

Graph<Json> MetaServer::ListActivities(const Call& call, Account& account) const {
  constexpr std::string_view kCategories =
      "ACCOUNT AD AD_KEYWORDS AD_SET AUDIENCE BID BUDGET CAMPAIGN DATE STATUS TARGETING";
  constexpr std::string_view kFields =
      "actor_id actor_name application_id application_name date_time_in_timezone event_time "
      "event_type extra_data object_id object_name object_type translated_event_type";
  const Instant now = Now();
  Instant since = now - kDefaultHistory;
  Instant until = now;
  for (const auto& [name, at] : {std::pair{"since", &since}, std::pair{"until", &until}}) {
    const Json* value = call.params.Find(name);
    if (value == nullptr) continue;
    const auto parsed = ParseMetaTime(name, *value, account.zone());
    if (!parsed) return Refuse(parsed.error());
    *at = *parsed;
    // A date as the end means all of that day.
    if (name == std::string_view("until") && value->is_string() &&
        value->get_ref<const std::string&>().size() == 10 &&
        value->get_ref<const std::string&>()[4] == '-') {
      *at = account.zone().End(account.zone().DayOf(*parsed)) - std::chrono::microseconds(1);
    }
  }
  const std::string category = call.params.Text("category").value_or("");
  if (!category.empty() && !HasWord(kCategories, category)) {
    return RefuseParam(fmt::format("Param category must be one of {{{}}} - got \"{}\".",
                                   ListWords(kCategories), category));
  }
  const std::string oid = call.params.Text("oid").value_or("");
  const auto fields = FieldsOf(call.params);
  if (!fields) return Refuse(fields.error());
  std::vector<std::string> names;
  for (const FieldNode& field : *fields) {
    if (!HasWord(kFields, field.name)) {
      return RefuseParam(fmt::format(
          "Tried accessing nonexisting field ({}) on node type (AdActivity)", field.name));
    }
    names.push_back(field.name);
  }
  if (names.empty()) names = {"actor_name", "event_time", "event_type", "object_id"};

  // What people and applications did, and what review decided about the ads as they are now.
  std::vector<Activity> all = account.activities;
  for (const auto& [id, ad] : account.of(Kind::kAd)) {
    const auto decided = ReviewDecidedAt(ad, account, now);
    if (!decided) continue;
    const bool approved = ReviewOfAd(ad, account, now).status == "approved";
    all.push_back({.at = *decided,
                   .event_type = approved ? "ad_review_approved" : "ad_review_declined",
                   .object_id = id,
                   .object_name = ad.text("name"),
                   .object_type = "AD",
                   .category = "AD",
                   .actor = std::string(kMetaItself),
                   .extra_data = "{}"});
  }
  std::ranges::stable_sort(all, std::greater<>(), &Activity::at);  // newest first
  std::erase_if(all, [&](const Activity& a) {
    return a.at < since || a.at > until || (!category.empty() && a.category != category) ||
           (!oid.empty() && a.object_id != oid);
  });
  std::vector<Json> items;
  std::vector<std::string> keys;
  for (const Activity& activity : all) {
    const bool api = activity.actor.empty();
    const bool by_meta = activity.actor == kMetaItself;
    const Json every = {{"actor_id", api       ? "100000000000001"
                                     : by_meta ? "0"
                                               : Md5Hex(activity.actor).substr(0, 15)},
                        {"actor_name", api       ? std::string(kApplication)
                                       : by_meta ? "Meta"
                                                 : activity.actor},
                        {"application_id", api ? std::string(kApplicationId) : ""},
                        {"application_name", api ? std::string(kApplication) : ""},
                        {"date_time_in_timezone", PrintMetaTime(activity.at, account.zone())},
                        {"event_time", PrintMetaTime(activity.at, account.zone())},
                        {"event_type", activity.event_type},
                        {"extra_data", activity.extra_data},
                        {"object_id", activity.object_id},
                        {"object_name", activity.object_name},
                        {"object_type", activity.object_type},
                        {"translated_event_type", Translated(activity.event_type)}};
    Json item = Json::object();
    for (const std::string& name : names) item[name] = every.at(name);
    items.push_back(std::move(item));
    keys.push_back(fmt::format("activity{:08}", keys.size()));
  }
  const auto window = PageWindow(call.params, keys);
  if (!window) return Refuse(window.error());
  return PageOf(call, std::move(items), keys, *window);
}

}  // namespace maxopt::sim::meta
