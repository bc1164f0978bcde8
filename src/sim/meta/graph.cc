#include "sim/meta/graph.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace maxopt::sim::meta {
namespace {

constexpr int kDepthMax = 64;

std::string Hex(const unsigned char* bytes, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i)
    fmt::format_to(std::back_inserter(out), "{:02x}", bytes[i]);
  return out;
}

bool TooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDepthMax) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

std::unexpected<GraphError> RefuseParam(std::string_view what) {
  return Refuse({.message = fmt::format("(#100) {}", what)});
}

std::unexpected<GraphError> RefuseFields(int subcode, std::string title, std::string user_message,
                                         std::vector<std::string> blame) {
  return Refuse({.subcode = subcode,
                 .message = "Invalid parameter",
                 .title = std::move(title),
                 .user_message = std::move(user_message),
                 .blame = std::move(blame)});
}

std::unexpected<GraphError> RefuseObject(std::string_view method, std::string_view id) {
  std::string verb(method);
  for (char& c : verb) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return Refuse(
      {.subcode = 33,
       .message = fmt::format("Unsupported {} request. Object with ID '{}' does not exist, cannot "
                              "be loaded due to missing permissions, or does not support this "
                              "operation",
                              verb, id),
       .type = "GraphMethodException"});
}

std::unexpected<GraphError> RefusePath(std::string_view path) {
  return Refuse({.code = 2500, .message = fmt::format("Unknown path components: /{}", path)});
}

Json ErrorBody(const GraphError& error, const std::string& trace_id) {
  Json body = {{"message", error.message}, {"type", error.type}, {"code", error.code}};
  if (!error.blame.empty()) {
    Json specs = Json::array();
    for (const std::string& field : error.blame) specs.push_back(Json::array({field}));
    body["error_data"] = {{"blame_field_specs", specs}};
  }
  if (error.subcode != 0) body["error_subcode"] = error.subcode;
  body["is_transient"] = error.transient;
  if (!error.title.empty()) body["error_user_title"] = error.title;
  if (!error.user_message.empty()) body["error_user_msg"] = error.user_message;
  body["fbtrace_id"] = trace_id;
  return {{"error", body}};
}

std::string TraceId(std::uint64_t number) {
  const std::string digest = Md5Hex(fmt::format("trace {}", number));
  return "A" + digest.substr(0, 22);
}

std::optional<Json> ParseJson(std::string_view text) {
  if (TooDeep(text)) return std::nullopt;
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ScalarText(const Json& value) {
  return value.is_string() ? value.get<std::string>() : Dump(value);
}

std::string Base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                      reinterpret_cast<const unsigned char*>(bytes.data()),
                                      static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(written));
  return out;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int held = 0;     // bits waiting in `bits`
  int padding = 0;  // '=' seen
  std::size_t symbols = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    ++symbols;
    if (c == '=') {
      ++padding;
      continue;
    }
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos || padding > 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<char>((bits >> held) & 0xff));
    }
  }
  const std::size_t rest = (symbols - static_cast<std::size_t>(padding)) % 4;
  if (padding > 2 || rest == 1 || (padding > 0 && symbols % 4 != 0)) return std::nullopt;
  return out;
}

std::string Md5Hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr);
  return Hex(digest.data(), size);
}

std::string HmacSha256Hex(std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(),
       &size);
  return Hex(digest.data(), size);
}

}  // namespace maxopt::sim::meta
