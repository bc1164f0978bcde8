#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>

#include "http/http.h"
#include "sim/tiktok/state.h"

namespace maxopt::sim::tiktok {
namespace {

constexpr std::size_t kFileNameLengthMax = 100;
constexpr std::size_t kImageBytesMax = 10u << 20;
constexpr std::size_t kVideoBytesMax = 500u << 20;
constexpr std::size_t kFileIdsMax = 100;

std::string Md5(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

int Byte(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

struct Picture {
  std::string format;
  int width = 0;
  int height = 0;
};

/// Format and size from the header of a PNG, JPEG or GIF.
std::optional<Picture> ReadPicture(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n") && bytes.size() >= 24) {
    const auto number = [&](std::size_t at) {
      return Byte(bytes, at) << 24 | Byte(bytes, at + 1) << 16 | Byte(bytes, at + 2) << 8 |
             Byte(bytes, at + 3);
    };
    return Picture{"png", number(16), number(20)};
  }
  if (bytes.starts_with("GIF8") && bytes.size() >= 10) {
    return Picture{"gif", Byte(bytes, 6) | Byte(bytes, 7) << 8,
                   Byte(bytes, 8) | Byte(bytes, 9) << 8};
  }
  if (bytes.starts_with("\xff\xd8\xff")) {
    // Walk the segments to the frame header, which has the size.
    std::size_t at = 2;
    while (at + 9 < bytes.size() && Byte(bytes, at) == 0xff) {
      const int marker = Byte(bytes, at + 1);
      const bool frame =
          marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
      if (frame) {
        return Picture{"jpeg", Byte(bytes, at + 7) << 8 | Byte(bytes, at + 8),
                       Byte(bytes, at + 5) << 8 | Byte(bytes, at + 6)};
      }
      at += 2 + static_cast<std::size_t>(Byte(bytes, at + 2) << 8 | Byte(bytes, at + 3));
    }
    return Picture{"jpeg", 0, 0};
  }
  return std::nullopt;
}

std::string Iso(Instant at) { return PrintInstant(std::chrono::floor<std::chrono::seconds>(at)); }

Json ShowImage(const File& file) {
  return {{"image_id", file.id},
          {"material_id", file.material_id},
          {"file_name", file.name},
          {"signature", file.signature},
          {"format", file.format},
          {"width", file.width},
          {"height", file.height},
          {"size", file.size_bytes},
          {"displayable", true},
          {"is_carousel_usable", true},
          {"image_url", "https://p16-ad-sim.example.com/" + file.id},
          {"url", "https://p16-ad-sim.example.com/" + file.id},
          {"create_time", Iso(file.created_at)},
          {"modify_time", Iso(file.created_at)}};
}

Json ShowVideo(const File& file) {
  return {{"video_id", file.id},
          {"material_id", file.material_id},
          {"file_name", file.name},
          {"signature", file.signature},
          {"format", file.format},
          {"width", file.width},
          {"height", file.height},
          {"size", file.size_bytes},
          {"displayable", true},
          {"duration", 15},
          {"bit_rate", 1'000'000},
          {"preview_url", "https://v16-ad-sim.example.com/" + file.id},
          {"video_cover_url", "https://p16-ad-sim.example.com/" + file.id},
          {"create_time", Iso(file.created_at)},
          {"modify_time", Iso(file.created_at)}};
}

struct Upload {
  std::string account_id;
  std::string name;
  std::string signature;
  std::string bytes;
};

/// The parts of an upload, from multipart or (for a URL or file id, which is all that JSON can
/// carry) from the JSON body.
Api<Upload> ReadUpload(const Call& call, const std::string& kind, std::size_t bytes_max) {
  std::map<std::string, http::Part> parts;
  if (call.content_type.starts_with("multipart/form-data")) {
    auto decoded = http::DecodeMultipart(call.content_type, call.raw_body);
    if (!decoded) return Refuse(kBadParameter, "The request body is not multipart/form-data.");
    for (http::Part& part : *decoded) {
      if (parts.contains(part.name)) {
        return Refuse(kBadParameter, fmt::format("{}: It is there twice.", part.name));
      }
      std::string name = part.name;
      parts.emplace(std::move(name), std::move(part));
    }
  } else {
    for (const auto& [name, value] : call.body.items()) {
      if (value.is_string()) parts[name] = {name, "", "", value.get<std::string>()};
    }
  }
  const auto text = [&](const std::string& name) {
    const auto at = parts.find(name);
    return at == parts.end() ? std::string() : at->second.body;
  };
  Upload upload{text("advertiser_id"), text("file_name"), text(kind + "_signature"), {}};
  if (upload.account_id.empty()) {
    return Refuse(kBadParameter, "advertiser_id: Missing data for required field.");
  }
  const std::string type = parts.contains("upload_type") ? text("upload_type") : "UPLOAD_BY_FILE";
  if (type == "UPLOAD_BY_URL") {
    if (text(kind + "_url").empty()) {
      return Refuse(kBadParameter, fmt::format("{}_url: Missing data for required field.", kind));
    }
    return Refuse(40902, "Unable to fetch the URL: the simulator has no network.");
  }
  if (type == "UPLOAD_BY_FILE_ID" || type == "UPLOAD_BY_VIDEO_ID") {
    return Refuse(40905, "The file does not exist.");
  }
  if (type != "UPLOAD_BY_FILE") {
    return Refuse(kBadParameter, fmt::format("upload_type: {} is not an upload type.", type));
  }
  const auto file = parts.find(kind + "_file");
  if (file == parts.end()) {
    return Refuse(kBadParameter, fmt::format("{}_file: Missing data for required field.", kind));
  }
  upload.bytes = file->second.body;
  if (upload.bytes.empty()) return Refuse(40906, "The file is empty.");
  if (upload.bytes.size() > bytes_max) return Refuse(40907, "The file is too large.");
  if (upload.signature.empty()) {
    return Refuse(kBadParameter,
                  fmt::format("{}_signature: Missing data for required field.", kind));
  }
  if (upload.signature != Md5(upload.bytes)) {
    return Refuse(40900, "The signature we calculated does not match the signature you provided.");
  }
  if (upload.name.empty()) upload.name = file->second.file_name;
  if (upload.name.empty()) upload.name = upload.signature;
  MAXOPT_CHECK(CheckName(upload.name, "file_name", kFileNameLengthMax));
  return upload;
}

bool NameTaken(const std::map<std::string, File>& files, const std::string& name) {
  return std::any_of(files.begin(), files.end(),
                     [&](const auto& entry) { return entry.second.name == name; });
}

Api<std::vector<std::string>> Ids(const Call& call, const std::string& name) {
  MAXOPT_TRY(const Json wanted, JsonParam(call, name, Json()));
  MAXOPT_TRY(std::vector<std::string> ids, TextList(wanted, name, kFileIdsMax));
  if (ids.empty()) {
    return Refuse(kBadParameter, fmt::format("{}: Missing data for required field.", name));
  }
  return ids;
}

Api<Json> Search(const Call& call, const std::map<std::string, File>& files,
                 const std::string& ids_name, Json (*show)(const File&)) {
  MAXOPT_TRY(const Page page, PageOf(call, 20));
  MAXOPT_TRY(const Json filtering, JsonParam(call, "filtering", Json::object()));
  if (!filtering.is_object()) return Refuse(kBadParameter, "filtering: Not a valid object.");
  std::vector<std::string> ids;
  std::vector<std::string> materials;
  for (const auto& [name, value] : filtering.items()) {
    if (name == ids_name) {
      MAXOPT_TRY(ids, TextList(value, name, kFileIdsMax));
    } else if (name == "material_ids") {
      MAXOPT_TRY(materials, TextList(value, name, 1000));
    } else if (name != "displayable") {
      return Refuse(kBadParameter, fmt::format("filtering: {} is not a filter here.", name));
    }
  }
  std::vector<const File*> found;
  for (const auto& [id, file] : files) {
    const auto in = [](const std::vector<std::string>& list, const std::string& text) {
      return list.empty() || std::find(list.begin(), list.end(), text) != list.end();
    };
    if (in(ids, file.id) && in(materials, file.material_id)) found.push_back(&file);
  }
  // Newest first; material ids are given in order.
  std::sort(found.begin(), found.end(),
            [](const File* a, const File* b) { return a->material_id > b->material_id; });
  Json list = Json::array();
  const auto first = static_cast<std::size_t>((page.page - 1) * page.page_size);
  for (std::size_t i = first;
       i < found.size() && i < first + static_cast<std::size_t>(page.page_size); ++i) {
    list.push_back(show(*found[i]));
  }
  return Json{{"list", list}, {"page_info", PageInfo(page, found.size())}};
}

}  // namespace

Api<Json> TikTokServer::ImageUpload(const Call& call) {
  MAXOPT_TRY(const Upload upload, ReadUpload(call, "image", kImageBytesMax));
  const auto picture = ReadPicture(upload.bytes);
  if (!picture) return Refuse(40908, "The file type is unsupported; use JPG, PNG or GIF.");
  const std::scoped_lock lock(mutex_);
  const auto at = accounts_.find(upload.account_id);
  if (at == accounts_.end()) {
    return Refuse(kNoPermission,
                  fmt::format("No permission to operate advertiser {}.", upload.account_id));
  }
  Account& account = *at->second;
  if (NameTaken(account.images, upload.name)) {
    return Refuse(40911, fmt::format("The material name {} has a duplicate.", upload.name));
  }
  const std::string material = NextId();
  const File file{.id = "ad-site-i18n-sg/" + upload.signature.substr(0, 12) + material,
                  .material_id = material,
                  .name = upload.name,
                  .signature = upload.signature,
                  .format = picture->format,
                  .video = false,
                  .width = picture->width,
                  .height = picture->height,
                  .size_bytes = upload.bytes.size(),
                  .created_at = clock_.Now()};
  account.images.emplace(file.id, file);
  return ShowImage(file);
}

Api<Json> TikTokServer::VideoUpload(const Call& call) {
  MAXOPT_TRY(const Upload upload, ReadUpload(call, "video", kVideoBytesMax));
  if (upload.bytes.size() < 12 || upload.bytes.compare(4, 4, "ftyp") != 0) {
    return Refuse(40908, "The file type is unsupported; use MP4 or MOV.");
  }
  const std::scoped_lock lock(mutex_);
  const auto at = accounts_.find(upload.account_id);
  if (at == accounts_.end()) {
    return Refuse(kNoPermission,
                  fmt::format("No permission to operate advertiser {}.", upload.account_id));
  }
  Account& account = *at->second;
  if (NameTaken(account.videos, upload.name)) {
    return Refuse(40911, fmt::format("The material name {} has a duplicate.", upload.name));
  }
  const std::string material = NextId();
  const File file{.id = "v10033g50000" + upload.signature.substr(0, 12) + material,
                  .material_id = material,
                  .name = upload.name,
                  .signature = upload.signature,
                  .format = "mp4",
                  .video = true,
                  .width = 720,
                  .height = 1280,
                  .size_bytes = upload.bytes.size(),
                  .created_at = clock_.Now()};
  account.videos.emplace(file.id, file);
  return Json::array({ShowVideo(file)});
}

Api<Json> TikTokServer::ImageInfo(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_TRY(const std::vector<std::string> ids, Ids(call, "image_ids"));
  Json list = Json::array();
  for (const std::string& id : ids) {
    const auto at = account->images.find(id);
    if (at != account->images.end()) list.push_back(ShowImage(at->second));
  }
  return Json{{"list", list}};
}

Api<Json> TikTokServer::VideoInfo(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_TRY(const std::vector<std::string> ids, Ids(call, "video_ids"));
  Json list = Json::array();
  for (const std::string& id : ids) {
    const auto at = account->videos.find(id);
    if (at != account->videos.end()) list.push_back(ShowVideo(at->second));
  }
  return Json{{"list", list}};
}

Api<Json> TikTokServer::ImageSearch(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  return Search(call, account->images, "image_ids", ShowImage);
}

Api<Json> TikTokServer::VideoSearch(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  return Search(call, account->videos, "video_ids", ShowVideo);
}

}  // namespace maxopt::sim::tiktok
