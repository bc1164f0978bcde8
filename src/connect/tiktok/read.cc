#include <fmt/format.h>

#include <algorithm>

#include "connect/tiktok/client.h"

namespace maxopt::tiktok {
namespace {

/// Ids that one filter or call may have.
constexpr std::size_t kIdsPerCall = 100;

/// The objects of a list that are asked for by a filter.
Query Filtered(const Context& context, const Json& filtering) {
  return {{"advertiser_id", context.info.account.id}, {"filtering", PrintExactJson(filtering)}};
}

template <Level level>
Result<std::string> KeyOf(const Json& entry) {
  return Id(entry, level == Level::kCampaign  ? "campaign_id"
                   : level == Level::kAdGroup ? "adgroup_id"
                                              : "ad_id");
}

Client::KeyOf KeyOfLevel(Level level) {
  return level == Level::kCampaign  ? KeyOf<Level::kCampaign>
         : level == Level::kAdGroup ? KeyOf<Level::kAdGroup>
                                    : KeyOf<Level::kAd>;
}

std::vector<std::vector<std::string>> Batches(const std::vector<std::string>& ids) {
  std::vector<std::vector<std::string>> batches;
  for (std::size_t i = 0; i < ids.size(); i += kIdsPerCall) {
    batches.emplace_back(
        ids.begin() + static_cast<std::ptrdiff_t>(i),
        ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), i + kIdsPerCall)));
  }
  return batches;
}

/// Money of a member; nothing when it is absent or zero, which TikTok shows for "none".
Result<std::optional<Money>> Amount(const Json& raw, std::string_view member, Currency currency) {
  const auto at = raw.find(member);
  if (at == raw.end() || at->is_null()) return std::nullopt;
  auto money = JsonMoney(*at, currency);
  if (!money) {
    return Fail(Errc::kBadAnswer,
                fmt::format("TikTok's {} of {} cannot be read: {}", member,
                            Text(raw, "adgroup_id").empty() ? Text(raw, "campaign_id")
                                                            : Text(raw, "adgroup_id"),
                            money.error().what));
  }
  if (money->zero()) return std::nullopt;
  return *money;
}

void PutText(Fields& fields, std::string name, std::string text) {
  if (!text.empty()) fields[std::move(name)] = std::move(text);
}
void PutText(Fields& fields, std::string name, std::optional<std::string> text) {
  if (text && !text->empty()) fields[std::move(name)] = *std::move(text);
}
void PutList(Fields& fields, std::string name, std::vector<std::string> list) {
  if (!list.empty()) fields[std::move(name)] = std::move(list);
}

Result<> PutBudget(const Json& raw, Currency currency, Fields& fields) {
  MAXOPT_TRY(const auto budget, Amount(raw, "budget", currency));
  if (!budget) return {};
  const std::string mode = Text(raw, "budget_mode");
  if (mode == "BUDGET_MODE_TOTAL") {
    fields["lifetime_budget"] = *budget;
  } else if (mode == "BUDGET_MODE_DAY" || mode == "BUDGET_MODE_DYNAMIC_DAILY_BUDGET") {
    fields["daily_budget"] = *budget;
  } else if (mode != "BUDGET_MODE_INFINITE") {
    return Fail(Errc::kBadAnswer,
                fmt::format("TikTok tells a budget of {} in the mode \"{}\", which is not known; "
                            "it is not guessed at",
                            PrintMoney(*budget), mode));
  }
  return {};
}

void PutAges(const Json& raw, Fields& fields) {
  const std::vector<std::string> words = Texts(raw, "age_groups");
  if (words.empty()) return;
  // Only brackets without a hole between them are two bounds.
  std::optional<std::size_t> first;
  std::optional<std::size_t> last;
  std::size_t count = 0;
  for (std::size_t i = 0; i < Ages().size(); ++i) {
    if (std::find(words.begin(), words.end(), Ages()[i].word) == words.end()) continue;
    if (!first) first = i;
    last = i;
    ++count;
  }
  if (!first || count != words.size() || *last - *first + 1 != count) return;
  fields["age_min"] = Ages()[*first].min;
  fields["age_max"] = Ages()[*last].max;
}

Result<> PutSchedule(const Json& raw, const Zone& zone, Fields& fields) {
  const auto put = [&](const char* theirs, const char* ours) -> Result<> {
    const std::string utc = Text(raw, theirs);
    if (utc.empty()) return {};
    auto local = UtcToLocal(utc, zone);
    if (!local) {
      return Fail(Errc::kBadAnswer,
                  fmt::format("TikTok's {} is \"{}\": {}", theirs, utc, local.error().what));
    }
    fields[ours] = *std::move(local);
    return {};
  };
  MAXOPT_CHECK(put("schedule_start_time", "start_at"));
  // Without an end TikTok shows one that is ten years away.
  if (Text(raw, "schedule_type") == "SCHEDULE_START_END") {
    MAXOPT_CHECK(put("schedule_end_time", "end_at"));
  }
  return {};
}

void PutWindow(const Json& raw, std::string_view member, std::span<const Window> windows,
               const char* field, Fields& fields) {
  const std::string word = Text(raw, member);
  for (const Window& window : windows) {
    if (window.word == word) fields[field] = window.days;
  }
}

/// Nothing where TikTok tells 0, its word for no cap.
void PutFrequency(const Json& raw, Fields& fields) {
  for (const auto& [member, field] : {std::pair{"frequency", "frequency_cap"},
                                      std::pair{"frequency_schedule", "frequency_days"}}) {
    const auto at = raw.find(member);
    if (at == raw.end() || !at->is_number_integer()) continue;
    if (const auto number = at->get<std::int64_t>(); number > 0) fields[field] = number;
  }
}

/// A ratio is a decimal number too: read as exactly as an amount is.
Result<> PutRoas(const Json& raw, Fields& fields) {
  constexpr std::int64_t kMicrosPerBp = 100;
  const auto at = raw.find("roas_bid");
  const auto ratio =
      at == raw.end() ? Fail(Errc::kBadAnswer, "it is absent") : JsonMoney(*at, kUsd);
  if (!ratio || ratio->micros() % kMicrosPerBp != 0) {
    return Fail(Errc::kBadAnswer,
                fmt::format("TikTok's roas_bid of {} cannot be read{}", Text(raw, "adgroup_id"),
                            ratio ? std::string() : ": " + ratio.error().what));
  }
  if (!ratio->zero()) fields["target_roas_bp"] = ratio->micros() / kMicrosPerBp;
  return {};
}

Result<> PutAdGroup(const Context& context, const Json& raw, Fields& fields,
                    http::Deadline deadline) {
  const Currency currency = context.info.currency;
  MAXOPT_CHECK(PutBudget(raw, currency, fields));
  MAXOPT_CHECK(PutSchedule(raw, context.zone, fields));
  const std::string billing = Text(raw, "billing_event");
  const bool per_click = billing == "CPC" || billing == "OCPC";
  if (per_click || billing == "CPM" || billing == "OCPM") {
    fields["billing_event"] = std::string(per_click ? "clicks" : "impressions");
  }
  PutText(fields, "optimization_goal", Ours(kGoals, Text(raw, "optimization_goal")));
  const bool optimised = billing == "OCPM" || billing == "OCPC";
  MAXOPT_TRY(const auto bid,
             Amount(raw, optimised ? "conversion_bid_price" : "bid_price", currency));
  const std::string bid_type = Text(raw, "bid_type");
  if (bid_type == "BID_TYPE_NO_BID") fields["bid_strategy"] = std::string("lowest_cost");
  if (bid_type == "BID_TYPE_CUSTOM") {
    fields["bid_strategy"] = std::string(optimised ? "cost_cap" : "bid_cap");
    if (bid) fields["bid"] = *bid;
  }
  if (Text(raw, "deep_bid_type") == "VO_MIN_ROAS") {
    fields["bid_strategy"] = std::string("min_roas");
    MAXOPT_CHECK(PutRoas(raw, fields));
  }
  PutText(fields, "pacing", Ours(kPacings, Text(raw, "pacing")));
  PutFrequency(raw, fields);
  MAXOPT_TRY(auto dayparts, DaypartsOf(Text(raw, "dayparting")));
  PutList(fields, "dayparts", std::move(dayparts));
  PutWindow(raw, "click_attribution_window", ClickWindows(), "attribution_click_days", fields);
  PutWindow(raw, "view_attribution_window", ViewWindows(), "attribution_view_days", fields);
  PutText(fields, "conversion_event", Ours(kEvents, Text(raw, "optimization_event")));
  PutText(fields, "pixel_id", Text(raw, "pixel_id"));
  PutAges(raw, fields);
  const std::string gender = Text(raw, "gender");
  if (gender == "GENDER_FEMALE") fields["genders"] = std::vector<std::string>{"female"};
  if (gender == "GENDER_MALE") fields["genders"] = std::vector<std::string>{"male"};
  PutList(fields, "languages", Texts(raw, "languages"));
  PutList(fields, "audiences", Texts(raw, "audience_ids"));
  PutList(fields, "excluded_audiences", Texts(raw, "excluded_audience_ids"));
  if (Text(raw, "placement_type") == "PLACEMENT_TYPE_NORMAL") {
    PutList(fields, "placements", Texts(raw, "placements"));
  }
  const std::vector<std::string> locations = Texts(raw, "location_ids");
  if (locations.empty()) return {};
  MAXOPT_TRY(const auto location_of, context.location_of_country(deadline));
  std::vector<std::string> countries;
  std::vector<std::string> smaller;
  for (const std::string& location : locations) {
    const auto at = std::find_if(location_of.begin(), location_of.end(),
                                 [&](const auto& entry) { return entry.second == location; });
    if (at == location_of.end()) {
      smaller.push_back(location);
    } else {
      countries.push_back(at->first);
    }
  }
  PutList(fields, "countries", std::move(countries));
  PutList(fields, "locations", std::move(smaller));
  return {};
}

void PutAd(const Json& raw, Fields& fields) {
  const std::string text = Text(raw, "ad_text");
  if (!text.empty()) fields["descriptions"] = std::vector<std::string>{text};
  PutText(fields, "landing_url", Text(raw, "landing_page_url"));
  PutText(fields, "call_to_action", Ours(kCallsToAction, Text(raw, "call_to_action")));
  PutText(fields, "page_id", Text(raw, "identity_id"));
  // The pictures of an ad are by its format a carousel, the face of a video, or the ad.
  const std::string format = Text(raw, "ad_format");
  auto images = Texts(raw, "image_ids");
  PutText(fields, "video", Text(raw, "video_id"));
  if (format == "CAROUSEL_ADS") {
    PutList(fields, "images", std::move(images));
  } else if (images.size() == 1) {
    fields[format == "SINGLE_VIDEO" ? "thumbnail" : "image"] = images.front();
  }
  std::string tags;
  if (const auto at = raw.find("utm_params"); at != raw.end() && at->is_array()) {
    for (const Json& pair : *at) {
      tags +=
          fmt::format("{}{}={}", tags.empty() ? "" : "&", Text(pair, "key"), Text(pair, "value"));
    }
  }
  PutText(fields, "url_tags", std::move(tags));
}

void PutCampaign(const Json& raw, Fields& fields) {
  fields["channel_type"] = std::string("social");
  // A word without one of ours is kept as TikTok says it.
  const std::string objective = Text(raw, "objective_type");
  if (!objective.empty()) fields["objective"] = Ours(kObjectives, objective).value_or(objective);
  std::vector<std::string> categories;
  for (const std::string& word : Texts(raw, "special_industries")) {
    categories.push_back(Ours(kIndustries, word).value_or(word));
  }
  PutList(fields, "special_categories", std::move(categories));
  // TikTok takes no political advertising, so none of its campaigns has any.
  fields["eu_political"] = false;
}

Result<Entity> ToEntity(const Context& context, Level level, const Json& raw,
                        http::Deadline deadline) {
  Entity entity{.level = level, .id = {}, .parent_id = {}, .campaign_id = {}, .fields = {}};
  MAXOPT_TRY(entity.id, Id(raw, IdField(level)));
  if (level != Level::kCampaign) {
    MAXOPT_TRY(entity.campaign_id, Id(raw, "campaign_id"));
    entity.parent_id = entity.campaign_id;
  }
  if (level == Level::kAd) {
    MAXOPT_TRY(entity.parent_id, Id(raw, "adgroup_id"));
  }
  Fields& fields = entity.fields;
  fields["name"] = Text(raw, NameField(level));
  const std::string secondary = Text(raw, "secondary_status");
  const std::string operation = Text(raw, "operation_status");
  const std::string effective = EffectiveStatus(secondary);
  if (effective == "removed" || operation == "DELETE") {
    fields["status"] = std::string(kRemoved);
  } else if (operation == "ENABLE" || operation == "DISABLE") {
    fields["status"] = std::string(operation == "ENABLE" ? kActive : kPaused);
  } else {
    return Fail(Errc::kBadAnswer,
                fmt::format("TikTok tells {} {} with the operation_status \"{}\", which is not "
                            "known",
                            Noun(level), entity.id, operation));
  }
  PutText(fields, "effective_status", effective);
  PutText(fields, "platform_status", secondary);
  if (const auto made = ParseLocal(Text(raw, "create_time"))) {
    fields["created_at"] = PrintInstant(Instant(made->time_since_epoch()));
  }
  if (level == Level::kCampaign) {
    PutCampaign(raw, fields);
    MAXOPT_CHECK(PutBudget(raw, context.info.currency, fields));
  } else if (level == Level::kAdGroup) {
    MAXOPT_CHECK(PutAdGroup(context, raw, fields, deadline));
  } else {
    PutAd(raw, fields);
    PutText(fields, "review_status", ReviewStatus(secondary));
  }
  return entity;
}

/// Review state and reasons where the status of the ad does not tell them.
Result<> PutReviews(const Context& context, std::vector<Entity>& ads, http::Deadline deadline) {
  std::vector<std::string> asked;
  for (const Entity& ad : ads) {
    const std::string review = TextField(ad.fields, "review_status");
    if (TextField(ad.fields, "status") != kRemoved && (review.empty() || review == "rejected")) {
      asked.push_back(ad.id);
    }
  }
  for (const auto& batch : Batches(asked)) {
    MAXOPT_TRY(const Client::Answer answer,
               context.client.Get(
                   "ad/review_info/",
                   {{"advertiser_id", context.info.account.id}, {"ad_ids", Json(batch).dump()}},
                   deadline));
    const Json map = answer.data.is_object() ? answer.data.value("ad_review_map", Json()) : Json();
    if (!map.is_object()) continue;  // untold, not approved
    for (Entity& ad : ads) {
      const auto at = map.find(ad.id);
      if (at == map.end() || !at->is_object()) continue;
      const std::string word = Text(*at, "review_status");
      if (TextField(ad.fields, "review_status").empty()) {
        ad.fields["review_status"] = std::string(word == "ALL_AVAILABLE"    ? "approved"
                                                 : word == "PART_AVAILABLE" ? "limited"
                                                 : word == "UNAVAILABLE"    ? "rejected"
                                                                            : "pending");
      }
      std::vector<std::string> reasons;
      const Json rejected = at->value("reject_info", Json::array());
      for (const Json& info : rejected.is_array() ? rejected : Json::array()) {
        if (!info.is_object()) continue;
        for (std::string& reason : Texts(info, "reasons")) reasons.push_back(std::move(reason));
        const std::string suggestion = Text(info, "suggestion");
        if (!suggestion.empty()) reasons.push_back(suggestion);
      }
      PutList(ad.fields, "review_reasons", std::move(reasons));
    }
  }
  return {};
}

Result<std::string> ImageKey(const Json& entry) { return Id(entry, "image_id"); }
Result<std::string> VideoKey(const Json& entry) { return Id(entry, "video_id"); }

Result<std::string> PixelKey(const Json& entry) { return Id(entry, "pixel_id"); }

}  // namespace

std::vector<std::string> Texts(const Json& raw, std::string_view member) {
  std::vector<std::string> texts;
  if (!raw.is_object()) return texts;
  const auto at = raw.find(member);
  if (at == raw.end() || !at->is_array()) return texts;
  for (const Json& entry : *at) {
    if (entry.is_string()) texts.push_back(entry.get<std::string>());
  }
  return texts;
}

Result<std::vector<Json>> ReadRaw(const Context& context, Level level, const Wanted& wanted,
                                  http::Deadline deadline) {
  const std::string path = fmt::format("{}/get/", Noun(level));
  if (!wanted.marker.empty()) {
    // The filter is fuzzy: it finds names that hold the text, so the end is looked at here.
    const std::string core = wanted.marker.substr(wanted.marker.find_first_not_of(' '));
    MAXOPT_TRY(
        std::vector<Json> found,
        context.client.ListAll(
            path, Filtered(context, {{NameField(level), core}, {"primary_status", "STATUS_ALL"}}),
            KeyOfLevel(level), deadline));
    std::erase_if(found, [&](const Json& entry) {
      return !Text(entry, NameField(level)).ends_with(wanted.marker);
    });
    return found;
  }
  if (wanted.ids.empty()) {
    return context.client.ListAll(path,
                                  Filtered(context, {{"primary_status", "STATUS_NOT_DELETE"}}),
                                  KeyOfLevel(level), deadline);
  }
  std::vector<Json> found;
  for (const auto& batch : Batches(wanted.ids)) {
    MAXOPT_TRY(std::vector<Json> part,
               context.client.ListAll(path,
                                      Filtered(context, {{IdField(level) + "s", batch},
                                                         {"primary_status", "STATUS_ALL"}}),
                                      KeyOfLevel(level), deadline));
    for (Json& entry : part) {
      // What was not asked for is not taken for what was.
      if (std::find(batch.begin(), batch.end(), Text(entry, IdField(level))) != batch.end()) {
        found.push_back(std::move(entry));
      }
    }
  }
  return found;
}

Result<std::vector<Entity>> ReadEntities(const Context& context, Level level, const Wanted& wanted,
                                         http::Deadline deadline) {
  MAXOPT_TRY(const std::vector<Json> found, ReadRaw(context, level, wanted, deadline));
  std::vector<Entity> entities;
  for (const Json& raw : found) {
    MAXOPT_TRY(Entity entity, ToEntity(context, level, raw, deadline));
    entities.push_back(std::move(entity));
  }
  if (level == Level::kAd) MAXOPT_CHECK(PutReviews(context, entities, deadline));
  std::sort(entities.begin(), entities.end(), [](const Entity& a, const Entity& b) {
    return std::pair(a.id.size(), a.id) < std::pair(b.id.size(), b.id);
  });
  return entities;
}

Result<std::vector<Json>> ReadFiles(const Context& context, const std::string& kind,
                                    const Wanted& wanted, http::Deadline deadline) {
  const Query account{{"advertiser_id", context.info.account.id}};
  std::vector<Json> files;
  if (!wanted.marker.empty()) {
    // There is no filter by name: all files are looked through.
    MAXOPT_TRY(files, context.client.ListAll(fmt::format("file/{}/ad/search/", kind), account,
                                             kind == "image" ? ImageKey : VideoKey, deadline));
    std::erase_if(
        files, [&](const Json& file) { return !Text(file, "file_name").ends_with(wanted.marker); });
    return files;
  }
  for (const auto& batch : Batches(wanted.ids)) {
    Query query = account;
    query.emplace_back(kind + "_ids", Json(batch).dump());
    MAXOPT_TRY(const Client::Answer answer,
               context.client.Get(fmt::format("file/{}/ad/info/", kind), query, deadline));
    const Json list = answer.data.is_object() ? answer.data.value("list", Json()) : Json();
    if (!list.is_array()) {
      return Fail(Errc::kBadAnswer, "TikTok's file info has no list; read again");
    }
    for (const Json& file : list) files.push_back(file);
  }
  return files;
}

Result<std::vector<Entity>> FindAssets(const Context& context, const Wanted& wanted,
                                       http::Deadline deadline) {
  std::vector<Entity> assets;
  for (const std::string kind : {"image", "video"}) {
    MAXOPT_TRY(const std::vector<Json> files, ReadFiles(context, kind, wanted, deadline));
    for (const Json& file : files) {
      MAXOPT_TRY(std::string id, Id(file, kind + "_id"));
      assets.push_back({.level = Level::kAsset,
                        .id = std::move(id),
                        .parent_id = {},
                        .campaign_id = {},
                        .fields = {{"name", Text(file, "file_name")}, {"media", kind}}});
    }
  }
  return assets;
}

Result<std::vector<Json>> ReadPixels(const Context& context, const Wanted& wanted,
                                     http::Deadline deadline) {
  constexpr std::int64_t kPixelsPerPage = 20;
  const Client::Shape shape{.member = "pixels", .page_size_max = kPixelsPerPage};
  Query query{{"advertiser_id", context.info.account.id}};
  if (!wanted.ids.empty()) {
    std::vector<Json> pixels;
    for (const std::string& id : wanted.ids) {
      Query one = query;
      one.emplace_back("pixel_id", id);
      MAXOPT_TRY(auto found, context.client.ListAll("pixel/list/", one, PixelKey, deadline, shape));
      for (Json& pixel : found) {
        if (Text(pixel, "pixel_id") == id) pixels.push_back(std::move(pixel));
      }
    }
    return pixels;
  }
  if (!wanted.marker.empty()) {
    // Fuzzy, as the names of lists are: the end is looked at here.
    query.emplace_back("name", wanted.marker.substr(wanted.marker.find_first_not_of(' ')));
  }
  MAXOPT_TRY(auto pixels, context.client.ListAll("pixel/list/", query, PixelKey, deadline, shape));
  if (!wanted.marker.empty()) {
    std::erase_if(pixels, [&](const Json& pixel) {
      return !Text(pixel, "pixel_name").ends_with(wanted.marker);
    });
  }
  return pixels;
}

Result<std::vector<Entity>> FindPixels(const Context& context, const Wanted& wanted,
                                       http::Deadline deadline) {
  MAXOPT_TRY(const std::vector<Json> pixels, ReadPixels(context, wanted, deadline));
  std::vector<Entity> found;
  for (const Json& pixel : pixels) {
    MAXOPT_TRY(std::string id, Id(pixel, "pixel_id"));
    Fields fields{{"name", Text(pixel, "pixel_name")},
                  {"status", std::string(kActive)},  // a pixel can be neither paused nor deleted
                  {"kind", std::string("pixel")}};
    PutText(fields, "tag", Text(pixel, "pixel_code"));
    if (const auto made = ParseLocal(Text(pixel, "create_time"))) {
      fields["created_at"] = PrintInstant(Instant(made->time_since_epoch()));
    }
    found.push_back({.level = Level::kConversion,
                     .id = std::move(id),
                     .parent_id = {},
                     .campaign_id = {},
                     .fields = std::move(fields)});
  }
  std::sort(found.begin(), found.end(), [](const Entity& a, const Entity& b) {
    return std::pair(a.id.size(), a.id) < std::pair(b.id.size(), b.id);
  });
  return found;
}

Result<std::vector<AccountInfo>> ReadInfos(const Client& client,
                                           const std::vector<std::string>& ids,
                                           http::Deadline deadline) {
  std::vector<AccountInfo> infos;
  for (const auto& batch : Batches(ids)) {
    MAXOPT_TRY(const Client::Answer answer,
               client.Get("advertiser/info/", {{"advertiser_ids", Json(batch).dump()}}, deadline));
    const Json list = answer.data.is_object() ? answer.data.value("list", Json()) : Json();
    if (!list.is_array()) {
      return Fail(Errc::kBadAnswer, "TikTok's advertiser info has no list; read again");
    }
    for (const Json& entry : list) {
      MAXOPT_TRY(std::string id, Id(entry, "advertiser_id"));
      const auto currency = FindCurrency(Text(entry, "currency"));
      if (!currency) {
        return FailWithin(fmt::format("tiktok/{}", id), {Errc::kBadAnswer, currency.error().what});
      }
      std::string zone = Text(entry, "display_timezone");
      if (zone.empty()) zone = Text(entry, "timezone");
      if (const auto known = Zone::Find(zone); !known) {
        return FailWithin(fmt::format("tiktok/{}", id), {Errc::kBadAnswer, known.error().what});
      }
      std::string status = Text(entry, "status");
      if (status == "STATUS_ENABLE") status = "ACTIVE";
      std::transform(status.begin(), status.end(), status.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      infos.push_back({.account = {Platform::kTikTok, std::move(id)},
                       .name = Text(entry, "name"),
                       .currency = *currency,
                       .zone = std::move(zone),
                       .status = std::move(status)});
    }
  }
  return infos;
}

Result<AccountInfo> ReadInfo(const Client& client, const std::string& id, http::Deadline deadline) {
  MAXOPT_TRY(std::vector<AccountInfo> infos, ReadInfos(client, {id}, deadline));
  for (AccountInfo& info : infos) {
    if (info.account.id == id) return std::move(info);
  }
  return Fail(Errc::kNotFound,
              fmt::format("TikTok does not tell of the account {}; check its id", id));
}

Result<std::map<std::string, std::string>> ReadCountries(const Client& client,
                                                         const std::string& account,
                                                         http::Deadline deadline) {
  MAXOPT_TRY(const Client::Answer answer, client.Get("tool/region/",
                                                     {{"advertiser_id", account},
                                                      {"placements", R"(["PLACEMENT_TIKTOK"])"},
                                                      {"objective_type", "TRAFFIC"},
                                                      {"level_range", "TO_COUNTRY"}},
                                                     deadline));
  const Json list = answer.data.is_object() ? answer.data.value("region_info", Json()) : Json();
  if (!list.is_array()) {
    return Fail(Errc::kBadAnswer, "TikTok's list of locations has no region_info; read again");
  }
  std::map<std::string, std::string> location_of;
  for (const Json& region : list) {
    if (Text(region, "level") != "COUNTRY") continue;
    MAXOPT_TRY(std::string id, Id(region, "location_id"));
    location_of[Text(region, "region_code")] = std::move(id);
  }
  return location_of;
}

}  // namespace maxopt::tiktok
