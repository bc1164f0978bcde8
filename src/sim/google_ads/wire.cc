#include "sim/google_ads/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;

std::string Join(const std::string& at, std::string_view name) {
  return at.empty() ? std::string(name) : fmt::format("{}.{}", at, name);
}

std::string TypeName(const FieldDef& field) {
  switch (field.kind) {
    case Kind::kString:
      return "TYPE_STRING";
    case Kind::kBool:
      return "TYPE_BOOL";
    case Kind::kInt32:
      return "TYPE_INT32";
    case Kind::kInt64:
      return "TYPE_INT64";
    case Kind::kDouble:
      return "TYPE_DOUBLE";
    case Kind::kBytes:
      return "TYPE_BYTES";
    case Kind::kFieldMask:
      return "type.googleapis.com/google.protobuf.FieldMask";
    case Kind::kEnum:
      return fmt::format("type.googleapis.com/google.ads.googleads.enums.{0}Enum.{0}",
                         field.enumeration->name);
    case Kind::kMessage:
      return fmt::format("type.googleapis.com/google.ads.googleads.{}", field.message->name);
  }
  Bug();
}

/// Whole number of a JSON number or string; proto3 JSON takes both, and 1.0 and 1e3 as numbers.
std::optional<std::int64_t> IntegerOf(const json& value) {
  if (value.is_number_unsigned()) {
    const auto n = value.get<std::uint64_t>();
    if (n > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<std::int64_t>(n);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_string()) return ParseInt64(value.get_ref<const std::string&>());
  if (value.is_number_float()) {
    const double d = value.get<double>();
    constexpr double kExact = 9007199254740992.0;  // 2^53
    if (std::abs(d) <= kExact && d == std::trunc(d)) return static_cast<std::int64_t>(d);
  }
  return std::nullopt;
}

std::string MaskText(std::string_view text) {
  std::string canonical;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    std::string_view path = text.substr(begin, comma - begin);
    while (!path.empty() && path.front() == ' ') path.remove_prefix(1);
    while (!path.empty() && path.back() == ' ') path.remove_suffix(1);
    if (!path.empty()) {
      if (!canonical.empty()) canonical += ',';
      canonical += CamelCase(path);
    }
    begin = comma + 1;
  }
  return canonical;
}

json DecodeValue(const FieldDef& field, const json& in, const std::string& at,
                 std::vector<Violation>& violations) {
  const auto wrong = [&]() -> json {
    violations.push_back(
        {at, fmt::format("Invalid value at '{}' ({}), {}", at, TypeName(field),
                         in.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 200))});
    return nullptr;
  };
  switch (field.kind) {
    case Kind::kString:
      if (!in.is_string()) return wrong();
      return in;
    case Kind::kBool:
      if (!in.is_boolean()) return wrong();
      return in;
    case Kind::kInt32: {
      const auto n = IntegerOf(in);
      if (!n || *n > INT32_MAX || *n < INT32_MIN) return wrong();
      return *n;
    }
    case Kind::kInt64: {
      const auto n = IntegerOf(in);
      if (!n) return wrong();
      return std::to_string(*n);
    }
    case Kind::kDouble:
      if (!in.is_number()) return wrong();
      return DoubleJson(in.get<double>());
    case Kind::kBytes:
      if (!in.is_string() || !DecodeBase64(in.get_ref<const std::string&>())) return wrong();
      return in;
    case Kind::kFieldMask:
      if (!in.is_string()) return wrong();
      return MaskText(in.get_ref<const std::string&>());
    case Kind::kEnum: {
      if (!in.is_string()) return wrong();
      const auto& name = in.get_ref<const std::string&>();
      if (name == "UNSPECIFIED") return nullptr;
      if (!field.enumeration->Has(name)) return wrong();
      return in;
    }
    case Kind::kMessage:
      return Decode(*field.message, in, at, violations);
  }
  Bug();
}

/// Deepest nesting of brackets. Recursion over a request is bounded by it.
int Depth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

json Decode(const MessageDef& message, const json& in, const std::string& at,
            std::vector<Violation>& violations) {
  json out = json::object();
  if (!in.is_object()) {
    violations.push_back(
        {at, fmt::format("Invalid value at '{}' (type.googleapis.com/google.ads.googleads.{}), {}",
                         at, message.name,
                         in.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 200))});
    return out;
  }
  for (const auto& [key, value] : in.items()) {
    const FieldDef* field = message.Find(key);
    if (field == nullptr) {
      violations.push_back(
          {at,
           at.empty()
               ? fmt::format(
                     "Invalid JSON payload received. Unknown name \"{}\": Cannot find field.", key)
               : fmt::format("Invalid JSON payload received. Unknown name \"{}\" at '{}': "
                             "Cannot find field.",
                             key, at)});
      continue;
    }
    if (value.is_null()) continue;
    if (out.contains(field->json)) {
      violations.push_back({at, fmt::format("Invalid value at '{}': field \"{}\" is given twice.",
                                            at, field->json)});
      continue;
    }
    if (!field->oneof.empty()) {
      const bool taken =
          std::any_of(message.fields.begin(), message.fields.end(), [&](const FieldDef& other) {
            return other.oneof == field->oneof && out.contains(other.json);
          });
      if (taken) {
        violations.push_back(
            {at, fmt::format("Invalid value at '{}' (oneof), oneof field '{}' is already set. "
                             "Cannot set '{}'",
                             at, field->oneof, field->json)});
        continue;
      }
    }
    const std::string here = Join(at, field->name);
    if (!field->repeated) {
      json decoded = DecodeValue(*field, value, here, violations);
      if (!decoded.is_null()) out[field->json] = std::move(decoded);
      continue;
    }
    if (!value.is_array()) {
      violations.push_back(
          {here, fmt::format("Invalid JSON payload received. Unknown name \"{}\" at '{}': Proto "
                             "field is repeating, but the value is no list.",
                             key, at)});
      continue;
    }
    json list = json::array();
    for (std::size_t i = 0; i < value.size(); ++i) {
      json decoded = DecodeValue(*field, value[i], fmt::format("{}[{}]", here, i), violations);
      list.push_back(std::move(decoded));
    }
    if (!list.empty()) out[field->json] = std::move(list);
  }
  return out;
}

json DecodeText(const MessageDef& message, std::string_view text,
                std::vector<Violation>& violations) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return json::object();
  constexpr int kDeepest = 100;
  if (Depth(text) > kDeepest) {
    violations.push_back({"", "Invalid JSON payload received. The message is nested too deeply."});
    return json::object();
  }
  const json parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded()) {
    violations.push_back({"", "Invalid JSON payload received. The body is not a JSON text."});
    return json::object();
  }
  if (!parsed.is_object()) {
    violations.push_back({"", "Invalid JSON payload received. Root element must be a message."});
    return json::object();
  }
  return Decode(message, parsed, "", violations);
}

std::optional<std::int64_t> Int64At(const json& object, std::string_view key) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) return std::nullopt;
  return ParseInt64(at->get_ref<const std::string&>());
}

std::string TextAt(const json& object, std::string_view key) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) return {};
  return at->get<std::string>();
}

bool BoolAt(const json& object, std::string_view key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_boolean() && at->get<bool>();
}

std::optional<std::int64_t> ParseInt64(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    std::uint32_t six = 0;
    if (c >= 'A' && c <= 'Z') {
      six = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      six = static_cast<std::uint32_t>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      six = static_cast<std::uint32_t>(c - '0') + 52;
    } else if (c == '+' || c == '-') {
      six = 62;
    } else if (c == '/' || c == '_') {
      six = 63;
    } else {
      return std::nullopt;
    }
    bits = (bits << 6U) | six;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes += static_cast<char>((bits >> static_cast<unsigned>(held)) & 0xFFU);
    }
  }
  if (held == 6) return std::nullopt;  // one lone character carries no byte
  return bytes;
}

json DoubleJson(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (std::abs(value) < kExact && value == std::trunc(value)) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

std::size_t CodePoints(std::string_view utf8) {
  std::size_t n = 0;
  for (const char c : utf8) n += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return n;
}

std::size_t AdTextWidth(std::string_view utf8) {
  std::size_t width = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) == 0x80U) continue;
    // Lead bytes E3..ED begin U+3000..U+DFFF: kana, ideographs, Hangul.
    width += byte >= 0xE3U && byte <= 0xEDU ? 2 : 1;
  }
  return width;
}

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

}  // namespace maxopt::sim::google_ads
