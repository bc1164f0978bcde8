#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "connect/tiktok/bodies.h"

namespace maxopt::tiktok {
namespace {

constexpr std::size_t kFileNameLengthMax = 100;

// --- refusals ------------------------------------------------------------------------------------

/// TikTok's members and the field of ours that each is said by; the first that the change states.
struct Member {
  std::string_view theirs;
  std::array<const char*, 3> ours;  ///< filled up with nullptr
};
const Member kMembers[] = {
    {"budget", {"daily_budget", "lifetime_budget"}},
    {"bid_price", {"bid"}},
    {"conversion_bid_price", {"bid"}},
    {"bid_type", {"bid_strategy"}},
    {"deep_bid_type", {"bid_strategy"}},
    {"roas_bid", {"target_roas_bp"}},
    {"campaign_name", {"name"}},
    {"adgroup_name", {"name"}},
    {"ad_name", {"name"}},
    {"pixel_name", {"name"}},
    {"file_name", {"name"}},
    {"operation_status", {"status"}},
    {"objective_type", {"objective"}},
    {"special_industries", {"special_categories"}},
    {"budget_optimize_on", {"daily_budget", "lifetime_budget"}},
    {"optimization_goal", {"optimization_goal"}},
    {"billing_event", {"billing_event"}},
    {"optimization_event", {"conversion_event"}},
    {"pixel_id", {"pixel_id"}},
    {"click_attribution_window", {"attribution_click_days"}},
    {"view_attribution_window", {"attribution_view_days"}},
    {"schedule_start_time", {"start_at"}},
    {"schedule_end_time", {"end_at"}},
    {"dayparting", {"dayparts"}},
    {"pacing", {"pacing"}},
    {"frequency", {"frequency_cap"}},
    {"frequency_schedule", {"frequency_days"}},
    {"location_ids", {"countries", "locations"}},
    {"languages", {"languages"}},
    {"age_groups", {"age_min", "age_max"}},
    {"gender", {"genders"}},
    {"audience_ids", {"audiences"}},
    {"excluded_audience_ids", {"excluded_audiences"}},
    {"placements", {"placements"}},
    {"ad_text", {"descriptions"}},
    {"landing_page_url", {"landing_url"}},
    {"utm_params", {"url_tags"}},
    {"call_to_action", {"call_to_action"}},
    {"image_ids", {"image", "thumbnail", "images"}},
    {"video_id", {"video"}},
    {"identity_id", {"page_id"}},
    {"image_file", {"content"}},
    {"video_file", {"content"}},
    {"image_signature", {"content"}},
    {"video_signature", {"content"}},
};

bool WordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Where `word` stands alone in `text`; npos when it does not.
std::size_t FindWord(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const bool begins = at == 0 || !WordCharacter(text[at - 1]);
    const std::size_t end = at + word.size();
    if (begins && (end == text.size() || !WordCharacter(text[end]))) return at;
  }
  return std::string_view::npos;
}

/// What TikTok refused is named by our field, so that people and the constraints that are learnt
/// know it: the first member that its message names.
Error WithField(const Change& change, Error error) {
  if (error.platform_code.empty() || error.what.find("field \"") != std::string::npos) return error;
  // The message stands in quotes behind the code; what is in front of it is the address.
  const std::size_t begin = error.what.find('"');
  if (begin == std::string::npos) return error;
  const std::string_view message = std::string_view(error.what).substr(begin);
  const Member* first = nullptr;
  std::size_t first_at = std::string_view::npos;
  for (const Member& member : kMembers) {
    const std::size_t at = FindWord(message, member.theirs);
    if (at < first_at) {
      first = &member;
      first_at = at;
    }
  }
  const char* field = nullptr;
  if (first != nullptr) {
    field = first->ours.front();
    for (const char* ours : first->ours) {
      if (ours == nullptr || !States(change, ours)) continue;
      field = ours;
      break;
    }
  } else if (error.platform_code == "40911") {
    field = "name";
  } else if (error.platform_code == "40053") {
    field = "video";
  } else if (error.platform_code.starts_with("409") && change.level == Level::kAsset) {
    field = "content";
  }
  if (field != nullptr) error.what = fmt::format("field \"{}\": {}", field, error.what);
  return error;
}

// --- assets --------------------------------------------------------------------------------------

Result<std::string> Unbase64(const std::string& text) {
  if (text.empty() || text.size() % 4 != 0) return CannotField("content", "it is not base64");
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return CannotField("content", "it is not base64");
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
    return CannotField("media", fmt::format("\"{}\" is neither image nor video", upload.kind));
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
    MAXOPT_TRY(const auto files, ReadFiles(context, upload.kind,
                                           {.marker = MarkerOf(change.key), .ids = {}}, deadline));
    const std::string signature = Text(files.size() == 1 ? files.front() : Json(), "signature");
    if (files.size() == 1 && (signature.empty() || signature == Md5(upload.bytes))) {
      MAXOPT_TRY(std::string id, Id(files.front(), upload.kind + "_id"));
      return Applied{std::move(id), ""};
    }
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

/// The pixel of a new ad group must know the event that it is optimised for, or TikTok refuses the
/// ad group. A pixel of ours is taught it; somebody else's is not touched.
Result<> NeedEvent(const Context& context, const Json& body, bool teach, http::Deadline deadline) {
  const std::string pixel = Text(body, "pixel_id");
  const std::string event = Text(body, "optimization_event");
  if (pixel.empty() || event.empty()) return {};
  MAXOPT_TRY(const auto pixels, ReadPixels(context, {.marker = {}, .ids = {pixel}}, deadline));
  if (pixels.empty()) {
    return CannotField("pixel_id", fmt::format("TikTok has no pixel {} in this account", pixel));
  }
  const Json events = pixels.front().value("events", Json::array());
  for (const Json& known : events.is_array() ? events : Json::array()) {
    if (Text(known, "optimization_event") == event) return {};
  }
  const std::string ours = Ours(kEvents, event).value_or(event);
  const std::string name = Text(pixels.front(), "pixel_name");
  if (WithoutMarker(name) == name) {
    return CannotField("conversion_event",
                       fmt::format("the pixel {} \"{}\" has no event \"{}\" ({}); fire it once on "
                                   "the website, or define it in TikTok's Events Manager",
                                   pixel, name, ours, event));
  }
  if (!teach) return {};
  const auto taught = context.client.Post(
      "pixel/event/create/",
      {{"advertiser_id", context.info.account.id},
       {"pixel_id", pixel},
       {"pixel_events", Json::array({{{"event_type", event}, {"event_name", ours}}})}},
      /*idempotent=*/false, deadline);
  if (taught) return {};
  // Perhaps it was, and only the answer was lost: the event is looked for before anything else.
  Error error = taught.error();
  if (error.code != Errc::kUnknownOutcome) return std::unexpected(std::move(error));
  MAXOPT_TRY(const auto again, ReadPixels(context, {.marker = {}, .ids = {pixel}}, deadline));
  const Json known = again.empty() ? Json() : again.front().value("events", Json::array());
  for (const Json& entry : known.is_array() ? known : Json::array()) {
    if (Text(entry, "optimization_event") == event) return {};
  }
  // The ad group, which is what this change is of, was not sent.
  error.code = Errc::kUnavailable;
  return std::unexpected(std::move(error));
}

Result<Applied> Create(const Context& context, const Change& change, http::Deadline deadline) {
  MAXOPT_CHECK(CheckNew(change));
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
    MAXOPT_TRY(body, AdGroupBody(context, change, parent, deadline));
    MAXOPT_CHECK(NeedEvent(context, body, /*teach=*/true, deadline));
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

/// Body of an update of a campaign, an ad group or an ad, from what TikTok has now.
Result<Json> BodyOfUpdate(const Context& context, const Change& change, http::Deadline deadline) {
  MAXOPT_TRY(const Json raw, RawOf(context, change.level, change.id, deadline));
  if (change.level == Level::kCampaign) return ChangedCampaign(context, change, raw);
  if (change.level == Level::kAd) return ChangedAd(context, change, raw);
  std::optional<Parent> parent;
  if (Has(change.after, "frequency_cap") || Has(change.after, "frequency_days") ||
      Has(change.after, "pacing")) {
    MAXOPT_TRY(parent, ParentOf(context, Text(raw, "campaign_id"), deadline));
  }
  return ChangedAdGroup(context, change, raw, parent, deadline);
}

/// Members that say which object is meant and nothing of it.
bool SaysNothing(const Json& body) {
  for (const auto& [member, value] : body.items()) {
    if (member != "advertiser_id" && member != "campaign_id" && member != "adgroup_id")
      return false;
  }
  return true;
}

Result<std::string> OperationOf(const std::string& status) {
  if (status == kActive) return "ENABLE";
  if (status == kPaused) return "DISABLE";
  if (status == kRemoved) return "DELETE";
  return CannotField("status", fmt::format("\"{}\" is not active, paused or removed", status));
}

Result<Applied> Update(const Context& context, const Change& change, http::Deadline deadline) {
  if (change.id.empty()) return Cannot(fmt::format("{} has no id to be changed", change.address));
  const bool status = Has(change.after, "status");
  std::string operation;
  if (status) {
    MAXOPT_TRY(operation, OperationOf(TextField(change.after, "status")));
  }
  const bool fields = change.after.size() > (status ? 1u : 0u);
  if (fields) {
    MAXOPT_TRY(const Json body, BodyOfUpdate(context, change, deadline));
    // What is always so at TikTok ("social") needs no call.
    if (!SaysNothing(body)) {
      MAXOPT_CHECK(context.client.Post(fmt::format("{}/update/", Noun(change.level)), body,
                                       /*idempotent=*/false, deadline));
    }
  }
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

// --- pixels --------------------------------------------------------------------------------------

Result<> CheckPixel(const Change& change) {
  constexpr const char* kNone = "a TikTok pixel has none; ad groups state it";
  for (const auto& [name, value] : change.after) {
    if (name == "name" || name == "status") continue;
    if (name == "kind") {
      if (TextField(change.after, "kind") == "pixel") continue;
      return CannotField("kind", "TikTok counts by pixels; state \"pixel\"");
    }
    if (name == "tag" || name == "created_at") return CannotField(name, "TikTok sets it");
    return CannotField(name, kNone);
  }
  if (change.action == ChangeAction::kCreate) return CheckNew(change);
  const std::string status = TextField(change.after, "status");
  if (status == kRemoved) {
    return CannotField(
        "status",
        "TikTok's API cannot delete a pixel, so making one cannot be undone; it costs "
        "nothing, rename it or hide it in TikTok's Events Manager");
  }
  if (!status.empty() && status != kActive) {
    return CannotField("status", "a pixel is always active");
  }
  if (Has(change.after, "kind")) return CannotField("kind", "it cannot be changed");
  if (Has(change.after, "name") && TextField(change.after, "name").empty()) {
    return CannotField("name", "it must not be empty");
  }
  return {};
}

Result<Applied> WritePixel(const Context& context, const Change& change, http::Deadline deadline) {
  MAXOPT_CHECK(CheckPixel(change));
  const std::string& account = context.info.account.id;
  if (change.action == ChangeAction::kCreate) {
    // No request_id here either: a pixel whose answer was lost is found by its marker.
    return IdOf(context.client.Post(
                    "pixel/create/",
                    {{"advertiser_id", account},
                     {"pixel_name", WithMarker(TextField(change.after, "name"), change.key)}},
                    /*idempotent=*/false, deadline),
                "pixel_id");
  }
  if (change.id.empty()) return Cannot(fmt::format("{} has no id to be changed", change.address));
  if (!Has(change.after, "name")) return Applied{change.id, ""};
  auto sent = context.client.Post("pixel/update/",
                                  {{"advertiser_id", account},
                                   {"pixel_id", change.id},
                                   {"pixel_name", TextField(change.after, "name")}},
                                  /*idempotent=*/false, deadline);
  if (!sent) return std::unexpected(std::move(sent).error());
  return Applied{change.id, sent->request_id};
}

// --- the two doors -------------------------------------------------------------------------------

Result<> CheckAny(const Change& change) {
  MAXOPT_CHECK(CheckFields(change.level, change.after));
  if (change.level == Level::kAccount) return Cannot("accounts are not written");
  if (change.after.empty()) return Cannot(fmt::format("{} changes nothing", change.address));
  for (const FieldSpec& spec : FieldCatalogue()) {
    if (!spec.writable && change.after.contains(std::string(spec.name))) {
      return CannotField(spec.name, "TikTok sets it; it is not written");
    }
  }
  return {};
}

/// Links are filled by whoever sends the change; one that is not would be left out silently.
Result<> CheckLinks(const Change& change) {
  for (const Link& link : change.links) {
    const auto at = change.after.find(link.field);
    bool filled = at != change.after.end();
    if (filled) {
      if (const auto* list = std::get_if<std::vector<std::string>>(&at->second)) {
        const auto wanted = std::count_if(change.links.begin(), change.links.end(),
                                          [&](const Link& l) { return l.field == link.field; });
        filled = list->size() >= static_cast<std::size_t>(wanted);
      } else {
        filled = !TextField(change.after, link.field).empty();
      }
    }
    if (!filled) {
      return CannotField(link.field, fmt::format("{} has no id yet; make it first", link.address));
    }
  }
  return {};
}

Result<Applied> Send(const Context& context, const Change& change, http::Deadline deadline) {
  MAXOPT_CHECK(CheckAny(change));
  MAXOPT_CHECK(CheckLinks(change));
  if (change.level == Level::kAsset) return SendUpload(context, change, deadline);
  if (change.level == Level::kConversion) return WritePixel(context, change, deadline);
  return change.action == ChangeAction::kCreate ? Create(context, change, deadline)
                                                : Update(context, change, deadline);
}

Result<> CheckUpdate(const Context& context, const Change& change, http::Deadline deadline) {
  const bool status = Has(change.after, "status");
  if (status) MAXOPT_CHECK(OperationOf(TextField(change.after, "status")));
  // What is not made yet is looked at when it is.
  if (change.id.empty() || change.after.size() == (status ? 1u : 0u)) return {};
  MAXOPT_CHECK(BodyOfUpdate(context, change, deadline));
  return {};
}

Result<> Check(const Context& context, const Change& change, http::Deadline deadline) {
  MAXOPT_CHECK(CheckAny(change));
  if (change.level == Level::kConversion) return CheckPixel(change);
  if (change.level == Level::kAsset) {
    MAXOPT_CHECK(UploadOf(change));
    return {};
  }
  if (change.action == ChangeAction::kUpdate) return CheckUpdate(context, change, deadline);
  MAXOPT_CHECK(CheckNew(change));
  if (change.level == Level::kCampaign) {
    MAXOPT_CHECK(CampaignBody(context, change));
    return {};
  }
  if (change.level == Level::kAd) {
    MAXOPT_CHECK(NewCreative(context, change));
    return {};
  }
  std::optional<Parent> parent;
  if (!change.parent_id.empty()) {
    MAXOPT_TRY(parent, ParentOf(context, change.parent_id, deadline));
  }
  MAXOPT_TRY(const Json body, AdGroupBody(context, change, parent, deadline));
  return NeedEvent(context, body, /*teach=*/false, deadline);
}

}  // namespace

Result<Applied> Write(const Context& context, const Change& change, http::Deadline deadline) {
  auto sent = Send(context, change, deadline);
  if (!sent) return std::unexpected(WithField(change, std::move(sent).error()));
  return sent;
}

std::optional<std::string> StatusAlone(const Change& change) {
  const bool object = change.level == Level::kCampaign || change.level == Level::kAdGroup ||
                      change.level == Level::kAd;
  if (!object || change.action != ChangeAction::kUpdate || change.after.size() != 1 ||
      change.id.empty() || !Has(change.after, "status")) {
    return std::nullopt;
  }
  return TextField(change.after, "status");
}

std::vector<Result<Applied>> WriteStatuses(const Context& context, std::span<const Change> changes,
                                           http::Deadline deadline) {
  const auto all = [&](const Error& error) {
    std::vector<Result<Applied>> out;
    for (const Change& change : changes) {
      out.emplace_back(std::unexpected(WithField(change, error)));
    }
    return out;
  };
  const Level level = changes.front().level;
  const std::string status = TextField(changes.front().after, "status");
  const auto operation = OperationOf(status);
  if (!operation) return all(operation.error());
  std::vector<std::string> ids;
  for (const Change& change : changes) ids.push_back(change.id);
  const auto sent = context.client.Post(fmt::format("{}/status/update/", Noun(level)),
                                        {{"advertiser_id", context.info.account.id},
                                         {IdField(level) + "s", ids},
                                         {"operation_status", *operation}},
                                        /*idempotent=*/false, deadline);
  std::vector<Result<Applied>> out;
  if (sent) {
    for (const std::string& id : ids) out.emplace_back(Applied{id, sent->request_id});
    return out;
  }
  if (sent.error().platform_code != "20001") return all(sent.error());
  // Some were done. What is read as wanted was; the others may only not show it yet.
  const auto found = ReadEntities(context, level, {.marker = {}, .ids = ids}, deadline);
  if (!found) return all(sent.error());
  for (const Change& change : changes) {
    const bool done = std::any_of(found->begin(), found->end(), [&](const Entity& entity) {
      return entity.id == change.id && TextField(entity.fields, "status") == status;
    });
    if (done) {
      out.emplace_back(Applied{change.id, ""});
    } else {
      out.emplace_back(std::unexpected(sent.error()));
    }
  }
  return out;
}

Result<> CheckWrite(const Context& context, const Change& change, http::Deadline deadline) {
  auto checked = Check(context, change, deadline);
  if (!checked) return std::unexpected(WithField(change, std::move(checked).error()));
  return checked;
}

}  // namespace maxopt::tiktok
