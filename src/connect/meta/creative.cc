#include <openssl/evp.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "connect/meta/values.h"
#include "connect/meta/write.h"
#include "domain/digest.h"
#include "json/json.h"

namespace maxopt::meta {
namespace {

using nlohmann::json;

constexpr std::size_t kCardsMin = 2;
constexpr std::size_t kCardsMax = 10;

std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (c != '\n' && c != '\r') clean += c;
  }
  if (clean.empty() || clean.size() % 4 != 0 || clean.size() > INT32_MAX) return std::nullopt;
  std::string bytes(clean.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(clean.data()),
                                   static_cast<int>(clean.size()));
  if (size < 0) return std::nullopt;
  const auto padding = static_cast<std::size_t>(std::ranges::count(clean, '='));
  if (padding > 2 || padding > static_cast<std::size_t>(size)) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

/// What an upload needs whatever it is: a name, and the bytes that were checked.
Result<std::string> BytesOf(const Change& change) {
  if (TextField(change.after, "name").empty()) return Refuse("name", "it is needed");
  auto bytes = DecodeBase64(TextField(change.after, "content"));
  if (!bytes) return Refuse("content", "it is not base64");
  const std::string digest = LowerCase(TextField(change.after, "sha256"));
  if (!digest.empty() && digest != Sha256Hex(*bytes)) {
    return Refuse("content", fmt::format("its SHA-256 is {}, not {}", Sha256Hex(*bytes), digest));
  }
  return *std::move(bytes);
}

std::string At(const Texts& texts, std::size_t index) {
  if (texts.empty()) return {};
  return texts.size() == 1 ? texts.front() : texts[index];
}

/// The button of an ad. Only a video's button carries its link.
json ActionOf(const Change& change, bool needed, const std::string& url) {
  std::string action = UpperCase(TextField(change.after, "call_to_action"));
  if (action.empty() && needed) action = "LEARN_MORE";
  if (action.empty()) return {};
  return {{"type", action}, {"value", {{"link", url}}}};
}

Result<json> CarouselOf(const Change& change, const Texts& pictures, const std::string& url) {
  const Texts& headlines = ListField(change.after, "headlines");
  const Texts& descriptions = ListField(change.after, "descriptions");
  if (pictures.size() < kCardsMin || pictures.size() > kCardsMax) {
    return Refuse("images", fmt::format("a carousel has {} to {} pictures, not {}", kCardsMin,
                                        kCardsMax, pictures.size()));
  }
  if (headlines.size() > 1 && headlines.size() != pictures.size()) {
    return Refuse("headlines", fmt::format("{} for {} pictures; state one for all, or one each",
                                           headlines.size(), pictures.size()));
  }
  if (headlines.size() > 1 &&
      std::set<std::string>(headlines.begin(), headlines.end()).size() == 1) {
    return Refuse("headlines", "all are the same; state it once");
  }
  if (descriptions.size() > 1) return Refuse("descriptions", "a carousel has one text above it");
  const json action = ActionOf(change, false, url);
  json cards = json::array();
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    json card = {{"link", url}, {"image_hash", pictures[i]}};
    if (const std::string name = At(headlines, i); !name.empty()) card["name"] = name;
    if (!action.is_null()) card["call_to_action"] = action;
    cards.push_back(std::move(card));
  }
  // The order is the one that was approved, and no card of Meta's own follows.
  json data = {{"link", url},
               {"child_attachments", std::move(cards)},
               {"multi_share_optimized", false},
               {"multi_share_end_card", false}};
  if (!descriptions.empty()) data["message"] = descriptions.front();
  if (!action.is_null()) data["call_to_action"] = action;
  return data;
}

/// What the ad shows: exactly one of a picture, a video, several pictures.
Result<> CheckMedia(const Fields& after) {
  const bool image = !TextField(after, "image").empty();
  const bool video = !TextField(after, "video").empty();
  const bool images = !ListField(after, "images").empty();
  if (!image && !video && !images) {
    return Refuse("image", "an ad needs a picture, a video or the pictures of a carousel");
  }
  if (image + video + images > 1) {
    return Refuse(images ? "images" : "image",
                  "an ad shows one of image, video and images; the picture before a video is its "
                  "thumbnail");
  }
  if (!video && !TextField(after, "thumbnail").empty()) {
    return Refuse("thumbnail", "it goes with a video");
  }
  if (video && !AllDigits(TextField(after, "video"))) {
    return Refuse("video", "the id of a video has digits only");
  }
  return {};
}

}  // namespace

Result<json> CreativeOf(const Change& change, const Connection& connection,
                        const std::string& video_picture) {
  MAXOPT_CHECK(CheckFields(Level::kAd, change.after));
  constexpr std::string_view kKnown[] = {
      "name",           "status", "headlines", "descriptions", "landing_url", "url_tags",
      "call_to_action", "image",  "thumbnail", "images",       "video",       "page_id"};
  for (const auto& [field, value] : change.after) {
    if (!IsOneOf(field, kKnown)) return Refuse(field, "it cannot be set on an ad here");
  }
  if (const auto at = change.after.find("status"); at != change.after.end()) {
    MAXOPT_CHECK(StatusOf(change, AsText(at->second)));
  }
  if (TextField(change.after, "name").empty()) return Refuse("name", "it is needed");
  std::string page = TextField(change.after, "page_id");
  if (page.empty()) page = Setting(connection, "page_id");
  if (!AllDigits(page)) {
    return Refuse("page_id",
                  "an ad speaks as a Facebook page: give its id here or in the "
                  "connection's settings");
  }
  const std::string url = TextField(change.after, "landing_url");
  if (!url.starts_with("https://")) return Refuse("landing_url", "an https URL is needed");
  if (const std::string action = TextField(change.after, "call_to_action");
      action != LowerCase(action)) {
    return Refuse("call_to_action", fmt::format("\"{}\" is written in lower case here", action));
  }
  MAXOPT_CHECK(CheckMedia(change.after));
  const std::string video = TextField(change.after, "video");
  const Texts& pictures = ListField(change.after, "images");
  const Texts& headlines = ListField(change.after, "headlines");
  const Texts& descriptions = ListField(change.after, "descriptions");
  for (const auto& [field, texts] :
       {std::pair{"headlines", &headlines}, std::pair{"descriptions", &descriptions}}) {
    if (std::ranges::find(*texts, std::string()) != texts->end()) {
      return Refuse(field, "an empty text would not be shown; leave it out");
    }
  }

  json data = json::object();
  if (!pictures.empty()) {
    MAXOPT_TRY(data, CarouselOf(change, pictures, url));
  } else if (video.empty()) {
    data["link"] = url;
    if (!headlines.empty()) data["name"] = headlines.front();
    data["image_hash"] = TextField(change.after, "image");
  } else {
    data["video_id"] = video;
    if (!headlines.empty()) data["title"] = headlines.front();
    const std::string thumbnail = TextField(change.after, "thumbnail");
    if (thumbnail.empty()) {
      data["image_url"] = video_picture;
    } else {
      data["image_hash"] = thumbnail;
    }
  }
  if (pictures.empty()) {
    if (!descriptions.empty()) data["message"] = descriptions.front();
    if (json action = ActionOf(change, !video.empty(), url); !action.is_null()) {
      data["call_to_action"] = std::move(action);
    }
  }
  json creative = {
      {"name", WithMarker(TextField(change.after, "name"), change.key)},
      {"object_story_spec",
       {{"page_id", page}, {video.empty() ? "link_data" : "video_data", std::move(data)}}},
  };
  if (pictures.empty() && (headlines.size() > 1 || descriptions.size() > 1)) {
    const auto texts = [](const Texts& from) {
      json to = json::array();
      for (const std::string& text : from) to.push_back({{"text", text}});
      return to;
    };
    json feed = {{"optimization_type", "DEGREES_OF_FREEDOM"}};
    if (!headlines.empty()) feed["titles"] = texts(headlines);
    if (!descriptions.empty()) feed["bodies"] = texts(descriptions);
    creative["asset_feed_spec"] = std::move(feed);
  }
  if (const std::string tags = TextField(change.after, "url_tags"); !tags.empty()) {
    creative["url_tags"] = tags;
  }
  return creative;
}

bool FillPending(Change& change) {
  std::map<std::string, std::size_t> pictures;
  bool waits = false;
  for (const Link& link : change.links) {
    if (link.field == "images") {
      const std::size_t wanted = ++pictures[link.field];
      auto& value = change.after.try_emplace(link.field, Texts{}).first->second;
      auto* list = std::get_if<Texts>(&value);
      if (list == nullptr || list->size() >= wanted) continue;
      list->push_back("pending");
      waits = true;
    } else if (TextField(change.after, link.field).empty()) {
      // Ids have digits only; hashes are not looked into.
      change.after.insert_or_assign(link.field, std::string("0"));
      waits = true;
    }
  }
  return waits;
}

Params ParamsOfJson(const json& object) {
  Params params;
  for (const auto& [name, value] : object.items()) {
    params.emplace_back(name, value.is_string() ? value.get<std::string>() : PrintExactJson(value));
  }
  return params;
}

Result<Params> ImageOf(const Change& change) {
  MAXOPT_CHECK(CheckFields(Level::kAsset, change.after));
  if (TextField(change.after, "media") != "image") {
    return Refuse("media", "it is image or video");
  }
  MAXOPT_CHECK(BytesOf(change));
  return Params{{"bytes", TextField(change.after, "content")},
                {"name", WithMarker(TextField(change.after, "name"), change.key)}};
}

Result<std::vector<http::Part>> VideoOf(const Change& change) {
  MAXOPT_CHECK(CheckFields(Level::kAsset, change.after));
  MAXOPT_TRY(std::string bytes, BytesOf(change));
  const std::string name = WithMarker(TextField(change.after, "name"), change.key);
  std::vector<http::Part> parts;
  parts.push_back({.name = "name", .body = name});
  parts.push_back({.name = "title", .body = name});
  parts.push_back({.name = "source",
                   .file_name = Sha256Hex(bytes) + ".mp4",
                   .content_type = "application/octet-stream",
                   .body = std::move(bytes)});
  return parts;
}

}  // namespace maxopt::meta
