#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "sim/meta/fields.h"
#include "sim/meta/images.h"
#include "sim/meta/meta_server.h"

namespace maxopt::sim::meta {
namespace {

constexpr std::size_t kBudgetChangesPerHour = 4;
constexpr std::size_t kImageBytesMax = 30u << 20;

/// execution_options; whether validate_only is among them.
Graph<bool> ValidateOnly(const Params& params, Kind kind) {
  const std::string_view words = kind == Kind::kAd
                                     ? "include_recommendations synchronous_ad_review validate_only"
                                     : "include_recommendations validate_only";
  const auto options = params.List("execution_options");
  if (!options) return Refuse(options.error());
  for (const std::string& option : *options) {
    if (!HasWord(words, option)) {
      return RefuseParam(fmt::format("Param execution_options must be one of {{{}}} - got \"{}\".",
                                     ListWords(words), option));
    }
  }
  const auto has = [&](std::string_view word) {
    return std::ranges::find(*options, word) != options->end();
  };
  if (has("include_recommendations") && !has("validate_only")) {
    return RefuseParam("include_recommendations goes with validate_only only");
  }
  return has("validate_only");
}

/// A copy of `base` with the written fields over it; null takes a field away.
Object Merged(const Object& base, const Json& given) {
  Object merged = base;
  for (const auto& [name, value] : given.items()) {
    const bool none = value.is_array() && value.empty() &&
                      (name == "adset_schedule" || name == "frequency_control_specs");
    if (value.is_null() || none) {
      merged.fields.erase(name);
    } else {
      merged.fields[name] = value;
    }
  }
  return merged;
}

/// What Meta fills in where a caller says nothing.
void FillAdSet(const Account& account, Object* adset, const Json& given) {
  Json& fields = adset->fields;
  if (!fields.contains("pacing_type")) fields["pacing_type"] = {"standard"};
  const std::string goal = adset->text("optimization_goal");
  if (!fields.contains("attribution_spec")) {
    if (goal == "OFFSITE_CONVERSIONS" || goal == "VALUE") {
      fields["attribution_spec"] = {{{"event_type", "CLICK_THROUGH"}, {"window_days", 7}},
                                    {{"event_type", "VIEW_THROUGH"}, {"window_days", 1}}};
    } else {
      fields["attribution_spec"] = {{{"event_type", "CLICK_THROUGH"}, {"window_days", 1}}};
    }
  }
  if (InEuropeanUnion(*adset)) {
    for (const auto& [name, text] : {std::pair{"dsa_beneficiary", &account.dsa_beneficiary},
                                     std::pair{"dsa_payor", &account.dsa_payor}}) {
      if (adset->text(name).empty() && !text->empty()) fields[name] = *text;
    }
  }
  // A strategy without a cap takes the cap away.
  if (given.value("bid_strategy", "") == "LOWEST_COST_WITHOUT_CAP") {
    if (!given.contains("bid_amount")) fields.erase("bid_amount");
    if (!given.contains("bid_constraints")) fields.erase("bid_constraints");
  }
  if (given.value("bid_strategy", "") == "LOWEST_COST_WITH_MIN_ROAS" &&
      !given.contains("bid_amount")) {
    fields.erase("bid_amount");
  }
}

bool BudgetMoved(const Object& before, const Object& after) {
  return before.integer("daily_budget") != after.integer("daily_budget") ||
         before.integer("lifetime_budget") != after.integer("lifetime_budget");
}

/// What makes an ad set learn again: whom it reaches, what it is after, its bid, or a budget moved
/// by a fifth or more.
bool SignificantEdit(const Object& before, const Object& after) {
  for (const std::string_view name : {"targeting", "optimization_goal", "bid_amount",
                                      "bid_strategy", "promoted_object", "billing_event"}) {
    if (before.fields.value(name, Json()) != after.fields.value(name, Json())) return true;
  }
  for (const std::string_view name : {"daily_budget", "lifetime_budget"}) {
    const std::int64_t old_minor = before.integer(name).value_or(0);
    const std::int64_t new_minor = after.integer(name).value_or(0);
    if (std::abs(new_minor - old_minor) * 5 >= std::max<std::int64_t>(old_minor, 1)) return true;
  }
  return false;
}

std::unexpected<GraphError> BadImage(std::string why) {
  return RefuseFields(1487411, "Image could not be read", std::move(why), {"bytes"});
}

}  // namespace

Graph<Json> MetaServer::CreateObject(const Call& call, Account& account, Kind kind) {
  const auto validate_only = ValidateOnly(call.params, kind);
  if (!validate_only) return Refuse(validate_only.error());
  const Instant now = Now();

  Object object;
  std::optional<Object> inline_creative;
  if (kind == Kind::kCreative) {
    auto creative = BuildCreative(call.params, account);
    if (!creative) return Refuse(creative.error());
    object = *std::move(creative);
  } else {
    auto fields = ReadFields(kind, call.params, account, /*update=*/false);
    if (!fields) return fields;
    object = Merged(Object{.kind = kind, .id = ""}, *fields);
    // A caller who does not say PAUSED gets an object that delivers.
    if (object.status().empty()) object.fields["status"] = "ACTIVE";
    const CheckContext context{account, now, VersionMajor(call.version), true, *fields, 0};
    if (kind == Kind::kCampaign) {
      if (!object.fields.contains("buying_type")) object.fields["buying_type"] = "AUCTION";
      if (auto ok = CheckCampaign(object, context); !ok) return Refuse(ok.error());
      if (object.integer("daily_budget") || object.integer("lifetime_budget")) {
        if (!object.fields.contains("bid_strategy")) {
          object.fields["bid_strategy"] = "LOWEST_COST_WITHOUT_CAP";
        }
      }
    }
    if (kind == Kind::kAdSet) {
      object.campaign = object.text("campaign_id");
      FillAdSet(account, &object, *fields);
      if (auto ok = CheckAdSet(object, context); !ok) return Refuse(ok.error());
      if (!object.fields.contains("start_time")) {
        object.fields["start_time"] =
            std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
      }
      DeriveAdSet(&object);
    }
    if (kind == Kind::kAd) {
      if (object.text("name").empty()) return RefuseParam("The parameter name is required");
      if (object.gone()) {
        return RefuseParam(
            fmt::format("Param status must be one of {{ACTIVE, PAUSED}} when "
                        "creating - got \"{}\".",
                        object.status()));
      }
      const Object* adset = account.Find(Kind::kAdSet, object.text("adset_id"));
      if (adset == nullptr || adset->gone()) {
        return RefuseFields(1487056, "Ad set not available",
                            fmt::format("The ad set {} does not exist in this account or is "
                                        "deleted.",
                                        object.text("adset_id")),
                            {"adset_id"});
      }
      object.adset = adset->id;
      object.campaign = adset->campaign;
      if (!call.params.Has("creative")) {
        return RefuseParam("The parameter creative is required");
      }
      auto creative = BuildCreative(call.params, account);
      if (!creative) return Refuse(creative.error());
      if (creative->id.empty()) {
        inline_creative = *std::move(creative);
      } else {
        object.creative = creative->id;
      }
    }
  }
  if (*validate_only) return Json{{"success", true}};

  const std::lock_guard lock(state_);
  object.created_at = now;
  object.updated_at = now;
  object.submitted_at = now;
  object.significant_edit_at = now;
  if (inline_creative) {
    inline_creative->id = NewId();
    inline_creative->created_at = now;
    inline_creative->updated_at = now;
    object.creative = inline_creative->id;
    account.of(Kind::kCreative).emplace(inline_creative->id, *inline_creative);
  }
  object.id = NewId();
  const std::string id = object.id;
  if (kind == Kind::kAd) {
    account.of(Kind::kAdSet).at(object.adset).significant_edit_at = now;
  }
  const Object& stored = account.of(kind).emplace(id, std::move(object)).first->second;
  constexpr std::string_view kEvents[] = {"create_campaign_group", "create_ad_set", "create_ad"};
  if (kind != Kind::kCreative) {
    constexpr std::string_view kCategories[] = {"CAMPAIGN", "AD_SET", "AD"};
    const auto index = static_cast<std::size_t>(kind);
    Record(account, stored, std::string(kEvents[index]), std::string(kCategories[index]), {},
           {{"run_status", stored.status()}});
  }
  return Json{{"id", id}};
}

Graph<Object> MetaServer::BuildCreative(const Params& params, Account& account) {
  // An ad brings its creative inside of one parameter, by id or written out.
  Params own = params;
  if (params.Has("creative")) {
    const auto spec = params.Structure("creative");
    if (!spec) return Refuse(spec.error());
    if (!spec->is_object()) return RefuseParam("Param creative must be an object");
    own = Params();
    for (const auto& [name, value] : spec->items()) own.Set(name, value);
    for (const std::string_view key : {"creative_id", "id"}) {
      const auto id = own.Text(key);
      if (!id) continue;
      const Object* found = account.Find(Kind::kCreative, *id);
      if (found == nullptr || found->gone()) {
        return RefuseFields(1487056, "Creative not available",
                            fmt::format("The creative {} does not exist in this account.", *id),
                            {"creative"});
      }
      return *found;
    }
  }
  auto fields = ReadFields(Kind::kCreative, own, account, /*update=*/false);
  if (!fields) return Refuse(fields.error());
  Object creative = Merged(Object{.kind = Kind::kCreative, .id = ""}, *fields);
  if (auto ok = CheckCreative(creative, account, Now()); !ok) return Refuse(ok.error());
  creative.fields["status"] = "ACTIVE";
  DeriveCreative(&creative);
  return creative;
}

Graph<> MetaServer::CheckBudgetRate(const Object& object, const Json& given) const {
  const bool moves = std::ranges::any_of(
      std::initializer_list<std::string_view>{"daily_budget", "lifetime_budget"},
      [&](std::string_view name) {
        const auto it = given.find(name);
        return it != given.end() && *it != object.fields.value(name, Json());
      });
  if (!moves) return {};
  const Instant hour_ago = Now() - std::chrono::hours(1);
  const auto recent =
      std::ranges::count_if(object.budget_changes, [&](Instant at) { return at > hour_ago; });
  if (static_cast<std::size_t>(recent) < kBudgetChangesPerHour) return {};
  return Refuse({.code = 613,
                 .subcode = 1487632,
                 .message = "(#613) Calls to this api have exceeded the rate limit.",
                 .title = "Budget changed too often",
                 .user_message = fmt::format("The budget of {} can be changed only {} times an "
                                             "hour. Wait before the next change.",
                                             object.id, kBudgetChangesPerHour)});
}

Graph<Json> MetaServer::UpdateObject(const Params& params, int version_major, Account& account,
                                     const Object& object, const Writer& writer) {
  const Kind kind = object.kind;
  const auto validate_only = ValidateOnly(params, kind);
  if (!validate_only) return Refuse(validate_only.error());
  const auto fields = ReadFields(kind, params, account, /*update=*/true);
  if (!fields) return Refuse(fields.error());
  const std::string wanted = fields->value("status", object.status());
  const bool only_delete = object.status() == "ARCHIVED" && wanted == "DELETED";
  if (object.gone() && !only_delete) {
    return RefuseFields(
        1487056, "Object can't be edited",
        fmt::format("{} {} is {} and can't be edited.", KindName(kind), object.id, object.status()),
        {"status"});
  }
  for (const auto& [own, other] : {std::pair{"daily_budget", "lifetime_budget"},
                                   std::pair{"lifetime_budget", "daily_budget"}}) {
    if (fields->contains(own) && object.integer(other)) {
      return RefuseFields(
          0, "Budget kind is fixed",
          fmt::format("{} has {}; it can't be changed to {}.", object.id, other, own), {own});
    }
  }

  Object merged = Merged(object, *fields);
  const Instant now = Now();
  if (kind == Kind::kCampaign || kind == Kind::kAdSet) {
    if (auto ok = CheckBudgetRate(object, *fields); !ok) return Refuse(ok.error());
    std::int64_t spent_minor = 0;
    if (fields->contains("lifetime_budget")) {
      const Money spent = Money::Micros(SpentMicros(object, account), account.currency());
      const auto floor = FloorToMinor(spent, MinorUnits::kMeta);
      spent_minor = floor ? ToMinor(*floor, MinorUnits::kMeta).value_or(0) + (*floor < spent) : 0;
    }
    if (kind == Kind::kAdSet) FillAdSet(account, &merged, *fields);
    const CheckContext context{account, now, version_major, false, *fields, spent_minor};
    const auto checked =
        kind == Kind::kCampaign ? CheckCampaign(merged, context) : CheckAdSet(merged, context);
    if (!checked) return Refuse(checked.error());
    if (kind == Kind::kAdSet) DeriveAdSet(&merged);
    if (BudgetMoved(object, merged)) merged.budget_changes.push_back(now);
    if (SignificantEdit(object, merged)) merged.significant_edit_at = now;
  }
  std::optional<Object> inline_creative;
  if (kind == Kind::kAd && params.Has("creative")) {
    auto creative = BuildCreative(params, account);
    if (!creative) return Refuse(creative.error());
    if (creative->id.empty()) {
      inline_creative = *std::move(creative);
    } else {
      merged.creative = creative->id;
    }
  }
  if (merged.text("name").empty() && fields->contains("name")) {
    return RefuseParam("Param name must not be empty");
  }
  if (*validate_only) return Json{{"success", true}};

  const std::lock_guard lock(state_);
  if (inline_creative) {
    inline_creative->id = NewId();
    inline_creative->created_at = now;
    inline_creative->updated_at = now;
    merged.creative = inline_creative->id;
    account.of(Kind::kCreative).emplace(inline_creative->id, *inline_creative);
  }
  if (merged.creative != object.creative) {
    merged.submitted_at = now;  // people see something else, so it is reviewed again
    account.of(Kind::kAdSet).at(merged.adset).significant_edit_at = now;
  }
  merged.updated_at = now;
  std::erase_if(merged.budget_changes,
                [&](Instant at) { return at <= now - std::chrono::hours(1); });
  RecordChanges(account, object, merged, writer);
  Object& stored = account.of(kind).at(object.id);
  const std::string status = merged.status();
  stored = std::move(merged);
  if (kind == Kind::kPixel) return Json{{"id", stored.id}};
  SetStatus(account, stored, status);
  return Json{{"success", true}};
}

void MetaServer::SetStatus(Account& account, Object& object, const std::string& status) {
  object.fields["status"] = status;
  if (!object.gone()) return;
  for (const Kind kind : {Kind::kAdSet, Kind::kAd}) {
    for (auto& [id, child] : account.of(kind)) {
      if (child.campaign != object.id && child.adset != object.id) continue;
      if (child.status() != "DELETED") child.fields["status"] = status;
    }
  }
}

Graph<Json> MetaServer::DeleteObject(Account& account, const Object& object, const Writer& writer) {
  if (object.status() == "DELETED" || object.kind == Kind::kPixel) {
    return RefuseObject("delete", object.id);
  }
  const std::lock_guard lock(state_);
  Object merged = object;
  merged.fields["status"] = "DELETED";
  merged.updated_at = Now();
  RecordChanges(account, object, merged, writer);
  Object& stored = account.of(object.kind).at(object.id);
  stored = std::move(merged);
  SetStatus(account, stored, "DELETED");
  return Json{{"success", true}};
}

Graph<Json> MetaServer::DeleteCampaigns(const Call& call, Account& account) {
  constexpr std::string_view kStrategies = "DELETE_ANY DELETE_ARCHIVED_BEFORE DELETE_OLDEST";
  const std::string strategy = call.params.Text("delete_strategy").value_or("");
  if (!HasWord(kStrategies, strategy)) {
    return RefuseParam(fmt::format("Param delete_strategy must be one of {{{}}} - got \"{}\".",
                                   ListWords(kStrategies), strategy));
  }
  const auto count = call.params.Integer("object_count");
  if (!count) return Refuse(count.error());
  std::optional<Instant> before;
  if (const Json* date = call.params.Find("before_date")) {
    const auto at = ParseMetaTime("before_date", *date, account.zone());
    if (!at) return Refuse(at.error());
    before = *at;
  }
  std::vector<std::string> ids;  // oldest first
  for (const auto& [id, campaign] : account.of(Kind::kCampaign)) {
    if (campaign.status() == "DELETED") continue;
    if (strategy == "DELETE_ARCHIVED_BEFORE" &&
        (campaign.status() != "ARCHIVED" || !before || campaign.created_at >= *before)) {
      continue;
    }
    if (count->has_value() && static_cast<std::int64_t>(ids.size()) >= **count) break;
    ids.push_back(id);
  }
  for (const std::string& id : ids) {
    auto done = DeleteObject(account, *account.Find(Kind::kCampaign, id), {});
    if (!done) return done;
  }
  return Json{{"objects_deleted_count", ids.size()}, {"objects_left_to_delete_count", 0}};
}

Graph<Json> MetaServer::UploadImages(const Call& call, Account& account) {
  struct Upload {
    std::string key;
    std::string name;
    std::string bytes;
  };
  std::vector<Upload> uploads;
  if (const auto text = call.params.Text("bytes")) {
    auto bytes = DecodeBase64(*text);
    if (!bytes) return BadImage("bytes is not base64.");
    uploads.push_back({"bytes", call.params.Text("name").value_or(""), *std::move(bytes)});
  }
  for (const http::Part& file : call.files) {
    uploads.push_back({file.file_name, file.file_name, file.body});
  }
  if (uploads.empty()) return RefuseParam("The parameter bytes is required");
  const Instant now = Now();
  Json images = Json::object();
  std::vector<Object> made;
  for (const Upload& upload : uploads) {
    if (upload.bytes.size() > kImageBytesMax) return BadImage("The image is above 30 MB.");
    const auto picture = ReadPicture(upload.bytes);
    if (!picture) return BadImage("The file is neither a PNG nor a JPEG, or it is cut off.");
    const std::string hash = Md5Hex(upload.bytes);
    const std::string url =
        fmt::format("https://scontent.example/{}/{}.{}", account.id(), hash, picture->extension);
    Object image{.kind = Kind::kImage, .id = account.id() + ":" + hash};
    image.created_at = now;
    image.updated_at = now;
    image.fields = {{"hash", hash},
                    {"name", upload.name.empty() ? hash : upload.name},
                    {"width", picture->width},
                    {"height", picture->height},
                    {"original_width", picture->width},
                    {"original_height", picture->height},
                    {"url", url},
                    {"url_128", url},
                    {"permalink_url", url},
                    {"status", "ACTIVE"}};
    images[upload.key] = {{"hash", hash},
                          {"url", url},
                          {"width", picture->width},
                          {"height", picture->height},
                          {"name", image.text("name")}};
    made.push_back(std::move(image));
  }
  const std::lock_guard lock(state_);
  for (Object& image : made) {
    // The same content is the same image, also after it was deleted.
    const std::string hash = image.text("hash");
    const auto [it, fresh] = account.of(Kind::kImage).try_emplace(hash, image);
    if (!fresh) it->second.fields["status"] = "ACTIVE";
    if (fresh) Record(account, it->second, "add_images", "ACCOUNT", {}, {{"hash", hash}});
  }
  return Json{{"images", std::move(images)}};
}

Graph<Json> MetaServer::DeleteImage(const Call& call, Account& account) {
  const std::string hash = call.params.Text("hash").value_or("");
  const Object* image = account.Find(Kind::kImage, hash);
  if (image == nullptr || image->gone()) {
    return RefuseFields(1487411, "Image not found",
                        fmt::format("The image hash \"{}\" is not in this ad account.", hash),
                        {"hash"});
  }
  const std::lock_guard lock(state_);
  account.of(Kind::kImage).at(hash).fields["status"] = "DELETED";
  Record(account, *image, "delete_images", "ACCOUNT", {}, {{"hash", hash}});
  return Json{{"success", true}};
}

Graph<Json> MetaServer::UploadVideo(const Call& call, Account& account) {
  auto fields = ReadFields(Kind::kVideo, call.params, account, /*update=*/false);
  if (!fields) return fields;
  const std::string url = call.params.Text("file_url").value_or("");
  if (!url.empty() && !IsHttpsUrl(url)) {
    return RefuseParam(fmt::format("Param file_url must be an https URL - got \"{}\"", url));
  }
  if (call.params.Has("upload_phase")) {
    return RefuseParam("upload_phase: uploads in parts are not served; send source or file_url");
  }
  std::string bytes = call.params.Text("source").value_or("");
  for (const http::Part& file : call.files) bytes = file.body;
  if (url.empty() && bytes.empty()) return RefuseParam("The parameter source is required");
  const auto film = ReadFilm(bytes);
  if (url.empty() && !film) {
    return Refuse({.code = 352,
                   .subcode = 1363024,
                   .message = "The video file you selected is in a format that we don't support.",
                   .title = "Unsupported video format",
                   .user_message = "The file is neither an MP4 nor a MOV."});
  }
  const std::lock_guard lock(state_);
  Object video{.kind = Kind::kVideo, .id = NewId(), .fields = *std::move(fields)};
  video.created_at = Now();
  video.updated_at = video.created_at;
  if (video.text("title").empty()) video.fields["title"] = video.text("name");
  video.fields["broken"] = film && film->width == 0;
  if (film && film->seconds > 0) video.fields["length"] = film->seconds;
  video.fields[url.empty() ? "source_md5" : "file_url"] = url.empty() ? Md5Hex(bytes) : url;
  const std::string id = video.id;
  account.of(Kind::kVideo).emplace(id, std::move(video));
  return Json{{"id", id}};
}

Graph<Json> MetaServer::CreatePixel(const Call& call, Account& account) {
  const auto fields = ReadFields(Kind::kPixel, call.params, account, /*update=*/false);
  if (!fields) return Refuse(fields.error());
  // A Business may have more; an account of its own has one.
  if (!account.of(Kind::kPixel).empty()) {
    return Refuse({.code = 6200,
                   .message = "(#6200) A pixel already exists for this account",
                   .title = "Pixel exists",
                   .user_message = "This ad account has a pixel already."});
  }
  const std::lock_guard lock(state_);
  Object pixel{.kind = Kind::kPixel, .id = NewId(), .fields = *fields};
  if (pixel.text("name").empty()) pixel.fields["name"] = account.served.name + "'s Pixel";
  pixel.created_at = Now();
  pixel.updated_at = pixel.created_at;
  const std::string id = pixel.id;
  account.of(Kind::kPixel).emplace(id, std::move(pixel));
  return Json{{"id", id}};
}

Graph<Json> MetaServer::UpdateAccount(const Call& call, Account& account) {
  const std::lock_guard lock(state_);
  if (const auto text = call.params.Text("default_dsa_beneficiary")) {
    account.dsa_beneficiary = *text;
  }
  if (const auto text = call.params.Text("default_dsa_payor")) account.dsa_payor = *text;
  return Json{{"success", true}};
}

}  // namespace maxopt::sim::meta
