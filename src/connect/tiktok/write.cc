#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <set>

#include "connect/tiktok/client.h"

namespace maxopt::tiktok {
namespace {

constexpr std::size_t kFileNameLengthMax = 100;

std::unexpected<Error> Cannot(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

bool Has(const Fields& fields, const char* name) { return fields.contains(name); }

std::vector<std::string> ListOf(const Fields& fields, const char* name) {
  const auto at = fields.find(name);
  if (at == fields.end()) return {};
  const auto* list = std::get_if<std::vector<std::string>>(&at->second);
  return list ? *list : std::vector<std::string>{};
}

std::string Setting(const Context& context, const char* name) {
  const auto at = context.settings.find(name);
  return at == context.settings.end() ? std::string() : at->second;
}

/// An amount as TikTok takes it: a decimal number of the account's currency, in its whole minor
/// units.
Result<Json> Decimal(const Context& context, const Fields& fields, const char* name) {
  const auto* money = std::get_if<Money>(&fields.at(name));
  if (money == nullptr) Bug();  // CheckFields saw to it
  if (money->currency() != context.info.currency) {
    return Cannot(
        fmt::format("{} is {}, but the account is in {}; state it in the account's "
                    "currency",
                    name, PrintMoney(*money), context.info.currency.name()));
  }
  MAXOPT_CHECK(ToMinor(*money, MinorUnits::kIso4217));
  return MoneyToken(*money);
}

/// Fields that TikTok has no place for at a level: refused, so that none is dropped silently.
Result<> Refuse(const Fields& fields,
                std::initializer_list<std::pair<const char*, const char*>> no) {
  for (const auto& [name, why] : no) {
    const auto at = fields.find(name);
    if (at == fields.end()) continue;
    const auto* list = std::get_if<std::vector<std::string>>(&at->second);
    if (list != nullptr && list->empty()) continue;
    return Cannot(fmt::format("{}: {}", name, why));
  }
  return {};
}

// --- campaigns -----------------------------------------------------------------------------------

Result<> PutCampaign(const Fields& fields, bool create, Json& body) {
  constexpr const char* kOnAdGroups = "TikTok keeps it on ad groups; state it there";
  MAXOPT_CHECK(Refuse(fields, {{"countries", kOnAdGroups},
                               {"languages", kOnAdGroups},
                               {"start_at", kOnAdGroups},
                               {"end_at", kOnAdGroups},
                               {"bid_strategy", kOnAdGroups}}));
  if (Has(fields, "channel_type") && TextField(fields, "channel_type") != "social") {
    return Cannot("channel_type: TikTok campaigns are \"social\"");
  }
  if (const auto at = fields.find("eu_political");
      at != fields.end() && std::get_if<bool>(&at->second) && std::get<bool>(at->second)) {
    return Cannot("eu_political: TikTok takes no political advertising");
  }
  std::vector<std::string> industries;
  for (const std::string& category : ListOf(fields, "special_categories")) {
    const auto word = Theirs(kIndustries, category);
    if (!word) {
      return Cannot(fmt::format("special_categories: TikTok has {}, not \"{}\"", Known(kIndustries),
                                category));
    }
    industries.push_back(*word);
  }
  if (Has(fields, "special_categories") && (!industries.empty() || !create)) {
    body["special_industries"] = industries;
  }
  if (create) {
    const auto objective = Theirs(kObjectives, TextField(fields, "objective"));
    if (!objective) {
      return Cannot(fmt::format("objective: TikTok has {}, not \"{}\"", Known(kObjectives),
                                TextField(fields, "objective")));
    }
    body["objective_type"] = *objective;
  } else if (Has(fields, "objective") || Has(fields, "channel_type")) {
    return Cannot("objective and channel_type cannot be changed after creation");
  }
  return {};
}

// --- ad groups -----------------------------------------------------------------------------------

/// What an ad group needs to know of its campaign; as read.
struct Parent {
  std::string objective_type;
  bool budget_optimized = false;
};

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

Result<> PutGoal(const Context& context, const Parent& parent, const Fields& fields, Json& body) {
  std::string goal(GoalOf(parent.objective_type));
  if (Has(fields, "optimization_goal")) {
    const std::string ours = TextField(fields, "optimization_goal");
    const auto word = Theirs(kGoals, ours);
    if (!word) {
      return Cannot(
          fmt::format("optimization_goal: TikTok has {}, not \"{}\"", Known(kGoals), ours));
    }
    // An app is optimised for by installs, everything else by its pixel.
    if (!(ours == "conversions" && goal == "INSTALL")) goal = *word;
  }
  const std::string billing(BillingOf(goal));
  if (Has(fields, "billing_event")) {
    const std::string wanted = TextField(fields, "billing_event");
    const std::string had = billing == "CPC" ? "clicks" : "impressions";
    if (wanted != had) {
      return Cannot(
          fmt::format("billing_event: TikTok bills {} by {}, not by \"{}\"", goal, had, wanted));
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
      return Cannot(
          fmt::format("conversion_event: TikTok has {}, not \"{}\"", Known(kEvents), event));
    }
    std::string pixel = TextField(fields, "pixel_id");
    if (pixel.empty()) pixel = Setting(context, "pixel_id");
    if (pixel.empty()) {
      return Cannot("pixel_id: conversions need a pixel; state pixel_id here or in the connection");
    }
    body["optimization_event"] = *word;
    body["pixel_id"] = pixel;
    // The window that our reports name.
    body["click_attribution_window"] = "SEVEN_DAYS";
    body["view_attribution_window"] = "ONE_DAY";
  } else {
    MAXOPT_CHECK(Refuse(fields, {{"conversion_event",
                                  "only ad groups optimised for conversions "
                                  "or value have one"}}));
    if (Has(fields, "pixel_id")) body["pixel_id"] = TextField(fields, "pixel_id");
  }
  return {};
}

Result<> PutBids(const Context& context, const Fields& fields, std::string_view billing,
                 bool create, Json& body) {
  const bool optimised = billing == "OCPM" || billing == "OCPC";
  const std::string_view custom = optimised ? "cost_cap" : "bid_cap";
  const std::string strategy = TextField(fields, "bid_strategy");
  if (!strategy.empty() && strategy != "lowest_cost" && strategy != custom) {
    return Cannot(
        fmt::format("bid_strategy: TikTok has lowest_cost and, billed by {}, {}; not "
                    "\"{}\"",
                    billing, custom, strategy));
  }
  if (strategy == "lowest_cost" && Has(fields, "bid")) {
    return Cannot("bid: lowest_cost has none; leave it out or state a bid_strategy");
  }
  if (!strategy.empty() && strategy != "lowest_cost" && create && !Has(fields, "bid")) {
    return Cannot(fmt::format("bid: {} needs one", strategy));
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

Result<> PutAges(const Fields& fields, Json& body) {
  if (!Has(fields, "age_min") && !Has(fields, "age_max")) return {};
  const auto number = [&](const char* name, std::int64_t otherwise) {
    const auto at = fields.find(name);
    return at == fields.end() ? otherwise : std::get<std::int64_t>(at->second);
  };
  const std::int64_t from = number("age_min", Ages().front().min);
  const std::int64_t to = number("age_max", Ages().back().max);
  std::vector<std::string> words;
  bool begins = false;
  bool ends = false;
  for (const Age& age : Ages()) {
    begins = begins || age.min == from;
    ends = ends || age.max == to;
    if (age.min >= from && age.max <= to) words.emplace_back(age.word);
  }
  if (!begins || !ends || words.empty()) {
    return Cannot(
        fmt::format("age_min {} and age_max {}: TikTok's brackets begin at 13, 18, 25, "
                    "35, 45, 55 and end at 17, 24, 34, 44, 54, 65 (and over)",
                    from, to));
  }
  body["age_groups"] = words;
  return {};
}

Result<> PutTargeting(const Context& context, const Fields& fields, bool create, Json& body,
                      http::Deadline deadline) {
  MAXOPT_CHECK(Refuse(fields, {{"keywords", "TikTok ad groups here have no keywords"}}));
  if (Has(fields, "countries")) {
    if (ListOf(fields, "countries").empty()) {
      return Cannot("countries: an empty list would mean the whole world; name them");
    }
    MAXOPT_TRY(const auto location_of, context.location_of_country(deadline));
    std::vector<std::string> ids;
    for (const std::string& country : ListOf(fields, "countries")) {
      const auto at = location_of.find(country);
      if (at == location_of.end()) {
        return Cannot(fmt::format("countries: TikTok cannot advertise in \"{}\"", country));
      }
      ids.push_back(at->second);
    }
    body["location_ids"] = ids;
  }
  if (Has(fields, "languages")) body["languages"] = ListOf(fields, "languages");
  MAXOPT_CHECK(PutAges(fields, body));
  if (Has(fields, "genders")) {
    const auto genders = ListOf(fields, "genders");
    for (const std::string& gender : genders) {
      if (gender != "female" && gender != "male") {
        return Cannot(fmt::format("genders: \"{}\" is neither female nor male", gender));
      }
    }
    const std::set<std::string> set(genders.begin(), genders.end());
    body["gender"] = set.size() != 1        ? "GENDER_UNLIMITED"
                     : set.contains("male") ? "GENDER_MALE"
                                            : "GENDER_FEMALE";
  }
  if (Has(fields, "audiences")) body["audience_ids"] = ListOf(fields, "audiences");
  if (Has(fields, "excluded_audiences")) {
    body["excluded_audience_ids"] = ListOf(fields, "excluded_audiences");
  }
  if (Has(fields, "placements")) {
    if (!create) return Cannot("placements cannot be changed after creation");
    body["placement_type"] = "PLACEMENT_TYPE_NORMAL";
    body["placements"] = ListOf(fields, "placements");
  } else if (create) {
    body["placement_type"] = "PLACEMENT_TYPE_AUTOMATIC";
  }
  return {};
}

Result<> PutTimes(const Context& context, const Fields& fields, Json& body) {
  if (Has(fields, "start_at")) {
    MAXOPT_TRY(body["schedule_start_time"],
               LocalToUtc(TextField(fields, "start_at"), context.zone));
  }
  if (Has(fields, "end_at")) {
    MAXOPT_TRY(body["schedule_end_time"], LocalToUtc(TextField(fields, "end_at"), context.zone));
    body["schedule_type"] = "SCHEDULE_START_END";
  }
  return {};
}

/// The budget of a new object: amount and kind.
Result<> PutNewBudget(const Context& context, const Fields& fields, Json& body) {
  const bool daily = Has(fields, "daily_budget");
  const bool lifetime = Has(fields, "lifetime_budget");
  if (daily && lifetime) return Cannot("daily_budget and lifetime_budget exclude each other");
  if (!daily && !lifetime) return {};
  MAXOPT_TRY(body["budget"], Decimal(context, fields, daily ? "daily_budget" : "lifetime_budget"));
  body["budget_mode"] = daily ? "BUDGET_MODE_DAY" : "BUDGET_MODE_TOTAL";
  return {};
}

Result<Json> AdGroupBody(const Context& context, const Change& change,
                         const std::optional<Parent>& parent, Instant now,
                         http::Deadline deadline) {
  const Fields& fields = change.after;
  Json body = Json::object();
  MAXOPT_CHECK(PutNewBudget(context, fields, body));
  if (parent) {
    MAXOPT_CHECK(PutGoal(context, *parent, fields, body));
    MAXOPT_CHECK(PutBids(context, fields, Text(body, "billing_event"), /*create=*/true, body));
    const bool own = body.contains("budget");
    if (parent->budget_optimized && own) {
      return Cannot("the campaign owns the budget; state it in one place");
    }
    if (!parent->budget_optimized && !own) {
      return Cannot("the campaign has no budget of its own, so the ad group needs one");
    }
  }
  MAXOPT_CHECK(PutTimes(context, fields, body));
  if (!body.contains("schedule_type")) body["schedule_type"] = "SCHEDULE_FROM_NOW";
  if (!body.contains("schedule_start_time")) {
    body["schedule_start_time"] =
        PrintLocal(LocalTime(std::chrono::ceil<std::chrono::seconds>(now.time_since_epoch())));
  }
  if (Text(body, "budget_mode") == "BUDGET_MODE_TOTAL" && !Has(fields, "end_at")) {
    return Cannot("lifetime_budget: TikTok needs end_at with it");
  }
  MAXOPT_CHECK(PutTargeting(context, fields, /*create=*/true, body, deadline));
  body["pacing"] = "PACING_MODE_SMOOTH";
  return body;
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
      return Cannot(fmt::format("url_tags: \"{}\" is not key=value", pair));
    }
    pairs.push_back({{"key", pair.substr(0, equals)}, {"value", pair.substr(equals + 1)}});
    at = end + 1;
  }
  return pairs;
}

/// Members of a creative that the fields state.
Result<> PutCreative(const Fields& fields, Json& creative) {
  MAXOPT_CHECK(Refuse(
      fields, {{"headlines", "TikTok ads have one text; state it as the only description"}}));
  if (Has(fields, "descriptions")) {
    const auto texts = ListOf(fields, "descriptions");
    if (texts.size() != 1) {
      return Cannot(fmt::format("descriptions: TikTok ads have one text, not {}", texts.size()));
    }
    creative["ad_text"] = texts.front();
  }
  if (Has(fields, "landing_url")) creative["landing_page_url"] = TextField(fields, "landing_url");
  if (Has(fields, "url_tags")) {
    MAXOPT_TRY(creative["utm_params"], UtmParams(TextField(fields, "url_tags")));
  }
  if (Has(fields, "call_to_action")) {
    const auto word = Theirs(kCallsToAction, TextField(fields, "call_to_action"));
    if (!word) {
      return Cannot(fmt::format("call_to_action: TikTok has {}, not \"{}\"", Known(kCallsToAction),
                                TextField(fields, "call_to_action")));
    }
    creative["call_to_action"] = *word;
  }
  if (Has(fields, "image")) creative["image_ids"] = Json::array({TextField(fields, "image")});
  if (Has(fields, "video")) creative["video_id"] = TextField(fields, "video");
  if (Has(fields, "page_id")) creative["identity_id"] = TextField(fields, "page_id");
  return {};
}

/// Cuts a text at a character, not inside one.
std::string FirstCharacters(const std::string& text, std::size_t most) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && count++ == most) {
      return text.substr(0, i);
    }
  }
  return text;
}

Result<Json> NewCreative(const Context& context, const Change& change) {
  constexpr std::size_t kDisplayNameMax = 40;
  Json creative{{"ad_name", WithMarker(TextField(change.after, "name"), change.key)},
                {"operation_status", "DISABLE"}};
  MAXOPT_CHECK(PutCreative(change.after, creative));
  if (!creative.contains("ad_text")) return Cannot("descriptions: TikTok ads need one text");
  if (creative.contains("video_id")) {
    creative["ad_format"] = "SINGLE_VIDEO";
  } else if (creative.contains("image_ids") || !change.links.empty()) {
    creative["ad_format"] = "SINGLE_IMAGE";
  } else {
    return Cannot("image: TikTok ads need a picture or a video");
  }
  std::string type = Setting(context, "identity_type");
  if (type.empty()) type = "CUSTOMIZED_USER";
  creative["identity_type"] = type;
  if (!creative.contains("identity_id")) {
    const std::string identity = Setting(context, "identity_id");
    if (identity.empty()) {
      return Cannot(
          "page_id: TikTok ads speak as an identity; state page_id here or identity_id "
          "in the connection");
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

// --- assets --------------------------------------------------------------------------------------

Result<std::string> Unbase64(const std::string& text) {
  if (text.empty() || text.size() % 4 != 0) return Cannot("content: it is not base64");
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return Cannot("content: it is not base64");
  std::size_t padding = 0;
  if (text.ends_with("==")) {
    padding = 2;
  } else if (text.ends_with("=")) {
    padding = 1;
  }
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

std::string Md5(const std::string& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

struct Upload {
  std::string kind;
  std::string name;
  std::string bytes;
};

Result<Upload> UploadOf(const Change& change) {
  if (change.action != ChangeAction::kCreate) {
    return Cannot("pictures and videos are uploaded anew, not changed");
  }
  Upload upload{.kind = TextField(change.after, "media"), .name = {}, .bytes = {}};
  if (upload.kind != "image" && upload.kind != "video") {
    return Cannot(fmt::format("media: \"{}\" is neither image nor video", upload.kind));
  }
  const std::string marker = MarkerOf(change.key);
  // The marker must survive; the name in front of it is cut when both are too long.
  upload.name = FirstCharacters(WithoutMarker(TextField(change.after, "name")),
                                kFileNameLengthMax - marker.size()) +
                marker;
  MAXOPT_TRY(upload.bytes, Unbase64(TextField(change.after, "content")));
  return upload;
}

Result<Applied> SendUpload(const Context& context, const Change& change, http::Deadline deadline) {
  MAXOPT_TRY(const Upload upload, UploadOf(change));
  const auto answer =
      context.client.PostParts(fmt::format("file/{}/ad/upload/", upload.kind),
                               {{.name = "advertiser_id", .body = context.info.account.id},
                                {.name = "upload_type", .body = "UPLOAD_BY_FILE"},
                                {.name = "file_name", .body = upload.name},
                                {.name = upload.kind + "_signature", .body = Md5(upload.bytes)},
                                {.name = upload.kind + "_file",
                                 .file_name = upload.kind == "image" ? "picture" : "video",
                                 .content_type = "application/octet-stream",
                                 .body = upload.bytes}},
                               deadline);
  if (!answer) {
    if (answer.error().platform_code != "40911") return std::unexpected(answer.error());
    // Our own name is taken: it was uploaded before, and its answer was lost.
    MAXOPT_TRY(const auto assets,
               FindAssets(context, {.marker = MarkerOf(change.key), .ids = {}}, deadline));
    if (assets.size() == 1) return Applied{assets.front().id, ""};
    return std::unexpected(answer.error());
  }
  const Json& data =
      answer->data.is_array() && !answer->data.empty() ? answer->data[0] : answer->data;
  std::string id = Text(data, upload.kind + "_id");
  if (id.empty()) {
    return Fail(Errc::kUnknownOutcome, "TikTok told no id of the upload; read back");
  }
  return Applied{std::move(id), answer->request_id};
}

// --- sending -------------------------------------------------------------------------------------

Result<Json> RawOf(const Context& context, Level level, const std::string& id,
                   http::Deadline deadline) {
  MAXOPT_TRY(std::vector<Json> found,
             ReadRaw(context, level, {.marker = {}, .ids = {id}}, deadline));
  if (found.size() != 1) {
    return Fail(Errc::kNotFound,
                fmt::format("TikTok has no {} {} in this account", Noun(level), id));
  }
  return std::move(found.front());
}

Result<Parent> ParentOf(const Context& context, const std::string& id, http::Deadline deadline) {
  MAXOPT_TRY(const Json raw, RawOf(context, Level::kCampaign, id, deadline));
  const Json optimized = raw.value("budget_optimize_on", Json(false));
  return Parent{Text(raw, "objective_type"), optimized.is_boolean() && optimized.get<bool>()};
}

Result<> CheckStatusOfNew(const Change& change) {
  const std::string status = TextField(change.after, "status");
  if (!status.empty() && status != kPaused) {
    return Cannot(fmt::format("status: everything is created paused, not \"{}\"", status));
  }
  if (TextField(change.after, "name").empty()) return Cannot("name: it must not be empty");
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

/// The answer of a create must tell the id; without it the outcome has to be read back.
Result<Applied> IdOf(Result<Client::Answer> answer, std::string_view member) {
  if (!answer) return std::unexpected(std::move(answer).error());
  std::string id = Text(answer->data, member);
  if (member == "ad_ids" && answer->data.is_object()) {
    const Json ids = answer->data.value("ad_ids", Json());
    if (ids.is_array() && ids.size() == 1 && ids[0].is_string()) id = ids[0].get<std::string>();
  }
  if (id.empty()) {
    return Fail(Errc::kUnknownOutcome,
                fmt::format("TikTok told no {} of what it made; read back", member));
  }
  return Applied{std::move(id), answer->request_id};
}

/// TikTok says that the request_id came before with another body (a start of "now" was another
/// moment): then what it made is looked for, because "nothing was written" would be wrong.
Result<Applied> Adopt(const Context& context, const Change& change, Error refusal,
                      http::Deadline deadline) {
  const auto found =
      ReadRaw(context, change.level, {.marker = MarkerOf(change.key), .ids = {}}, deadline);
  if (found && found->size() == 1) {
    MAXOPT_TRY(std::string id, Id(found->front(), IdField(change.level)));
    return Applied{std::move(id), ""};
  }
  refusal.code = Errc::kUnknownOutcome;
  return std::unexpected(std::move(refusal));
}

Result<Applied> Create(const Context& context, const Change& change, http::Deadline deadline) {
  MAXOPT_CHECK(CheckStatusOfNew(change));
  const std::string& account = context.info.account.id;
  if (change.level != Level::kCampaign && change.parent_id.empty()) {
    return Cannot(fmt::format("{} has no parent_id", change.address));
  }
  if (change.level == Level::kAd) {
    MAXOPT_TRY(const Json creative, NewCreative(context, change));
    return IdOf(context.client.Post("ad/create/",
                                    {{"advertiser_id", account},
                                     {"adgroup_id", change.parent_id},
                                     {"creatives", Json::array({creative})}},
                                    /*idempotent=*/false, deadline),
                "ad_ids");
  }
  Json body;
  if (change.level == Level::kCampaign) {
    MAXOPT_TRY(body, CampaignBody(context, change));
  } else {
    MAXOPT_TRY(const Parent parent, ParentOf(context, change.parent_id, deadline));
    MAXOPT_TRY(body, AdGroupBody(context, change, parent, context.now, deadline));
    body["campaign_id"] = change.parent_id;
  }
  body["advertiser_id"] = account;
  body["operation_status"] = "DISABLE";
  body["request_id"] = RequestIdOf(change.key);
  body[NameField(change.level)] = WithMarker(TextField(change.after, "name"), change.key);
  auto answer = context.client.Post(fmt::format("{}/create/", Noun(change.level)), body,
                                    /*idempotent=*/false, deadline);
  if (!answer && answer.error().platform_code == "40002" &&
      answer.error().what.find("request_id") != std::string::npos) {
    return Adopt(context, change, std::move(answer).error(), deadline);
  }
  return IdOf(std::move(answer), IdField(change.level));
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
      return Cannot(fmt::format("{}: {} {} has {}, which cannot be changed after creation", name,
                                Noun(change.level), change.id, mode.empty() ? "no budget" : mode));
    }
    MAXOPT_TRY(body["budget"], Decimal(context, change.after, name));
  }
  return {};
}

Result<> SendFields(const Context& context, const Change& change, http::Deadline deadline) {
  MAXOPT_TRY(const Json raw, RawOf(context, change.level, change.id, deadline));
  const std::string& account = context.info.account.id;
  Json body = Json::object();
  if (Has(change.after, "name")) body[NameField(change.level)] = TextField(change.after, "name");
  if (change.level == Level::kAd) {
    MAXOPT_CHECK(PutCreative(change.after, body));
    const bool patch = Patchable(body);
    Json creative = Json::object();
    if (!patch) {
      for (const std::string_view member : kCreativeMembers) {
        const auto at = raw.find(member);
        if (at != raw.end() && !at->is_null()) creative[std::string(member)] = *at;
      }
    }
    creative.update(body);
    creative["ad_id"] = change.id;
    Json whole{{"advertiser_id", account},
               {"adgroup_id", Text(raw, "adgroup_id")},
               {"creatives", Json::array({creative})}};
    if (patch) whole["patch_update"] = true;
    MAXOPT_CHECK(context.client.Post("ad/update/", whole, /*idempotent=*/false, deadline));
    return {};
  }
  MAXOPT_CHECK(PutChangedBudget(context, change, raw, body));
  if (change.level == Level::kCampaign) {
    MAXOPT_CHECK(PutCampaign(change.after, /*create=*/false, body));
  } else {
    for (const char* fixed :
         {"optimization_goal", "billing_event", "conversion_event", "pixel_id"}) {
      if (Has(change.after, fixed)) {
        return Cannot(fmt::format("{} cannot be changed after creation", fixed));
      }
    }
    MAXOPT_CHECK(
        PutBids(context, change.after, Text(raw, "billing_event"), /*create=*/false, body));
    MAXOPT_CHECK(PutTimes(context, change.after, body));
    MAXOPT_CHECK(PutTargeting(context, change.after, /*create=*/false, body, deadline));
  }
  body["advertiser_id"] = account;
  body[IdField(change.level)] = change.id;
  MAXOPT_CHECK(context.client.Post(fmt::format("{}/update/", Noun(change.level)), body,
                                   /*idempotent=*/false, deadline));
  return {};
}

Result<std::string> OperationOf(const std::string& status) {
  if (status == kActive) return "ENABLE";
  if (status == kPaused) return "DISABLE";
  if (status == kRemoved) return "DELETE";
  return Cannot(fmt::format("status: \"{}\" is not active, paused or removed", status));
}

Result<Applied> Update(const Context& context, const Change& change, http::Deadline deadline) {
  if (change.id.empty()) return Cannot(fmt::format("{} has no id to be changed", change.address));
  const bool status = Has(change.after, "status");
  std::string operation;
  if (status) {
    MAXOPT_TRY(operation, OperationOf(TextField(change.after, "status")));
  }
  const bool fields = change.after.size() > (status ? 1u : 0u);
  if (fields) MAXOPT_CHECK(SendFields(context, change, deadline));
  if (!status) return Applied{change.id, ""};
  auto sent = context.client.Post(fmt::format("{}/status/update/", Noun(change.level)),
                                  {{"advertiser_id", context.info.account.id},
                                   {IdField(change.level) + "s", Json::array({change.id})},
                                   {"operation_status", operation}},
                                  /*idempotent=*/false, deadline);
  if (!sent) {
    // Half of the change is made, so "nothing was written" would be wrong.
    if (fields) sent.error().code = Errc::kUnknownOutcome;
    return std::unexpected(std::move(sent).error());
  }
  return Applied{change.id, sent->request_id};
}

}  // namespace

Result<Applied> Write(const Context& context, const Change& change, http::Deadline deadline) {
  MAXOPT_CHECK(CheckFields(change.level, change.after));
  if (change.level == Level::kAccount) return Cannot("accounts are not written");
  if (change.after.empty()) return Cannot(fmt::format("{} changes nothing", change.address));
  if (change.level == Level::kAsset) return SendUpload(context, change, deadline);
  return change.action == ChangeAction::kCreate ? Create(context, change, deadline)
                                                : Update(context, change, deadline);
}

Result<> CheckWrite(const Context& context, const Change& change, http::Deadline deadline) {
  MAXOPT_CHECK(CheckFields(change.level, change.after));
  if (change.level == Level::kAccount) return Cannot("accounts are not written");
  if (change.after.empty()) return Cannot(fmt::format("{} changes nothing", change.address));
  if (change.level == Level::kAsset) {
    MAXOPT_CHECK(UploadOf(change));
    return {};
  }
  if (change.action == ChangeAction::kUpdate) {
    if (Has(change.after, "status")) {
      MAXOPT_CHECK(OperationOf(TextField(change.after, "status")));
    }
    return {};
  }
  MAXOPT_CHECK(CheckStatusOfNew(change));
  switch (change.level) {
    case Level::kCampaign:
      MAXOPT_CHECK(CampaignBody(context, change));
      return {};
    case Level::kAdGroup: {
      std::optional<Parent> parent;
      if (!change.parent_id.empty()) {
        MAXOPT_TRY(parent, ParentOf(context, change.parent_id, deadline));
      }
      MAXOPT_CHECK(AdGroupBody(context, change, parent, context.now, deadline));
      return {};
    }
    case Level::kAd:
      MAXOPT_CHECK(NewCreative(context, change));
      return {};
    case Level::kAccount:
    case Level::kConversion:
    case Level::kAsset:
      break;
  }
  Bug();
}

}  // namespace maxopt::tiktok
