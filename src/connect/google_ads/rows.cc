#include "connect/google_ads/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "json/json.h"

namespace maxopt::google_ads {
namespace {

using Json = nlohmann::json;

std::unexpected<Error> Wrong(std::string_view path, std::string_view wanted, const Json& value) {
  std::string shown = PrintExactJson(value);
  if (shown.size() > 60) shown = shown.substr(0, 60) + "...";
  return Fail(Errc::kBadAnswer,
              fmt::format("Google Ads answered {} = {}, which is not {}", path, shown, wanted));
}

}  // namespace

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

const Json* At(const Json& row, std::string_view path) {
  const Json* at = &row;
  while (true) {
    if (!at->is_object()) return nullptr;
    const std::size_t dot = path.find('.');
    const auto member = at->find(path.substr(0, dot));
    if (member == at->end() || member->is_null()) return nullptr;
    at = &*member;
    if (dot == std::string_view::npos) return at;
    path.remove_prefix(dot + 1);
  }
}

Result<std::string> Text(const Json& row, std::string_view path) {
  const Json* value = At(row, path);
  if (value == nullptr) return std::string();
  if (value->is_string()) return value->get<std::string>();
  if (auto number = NumberText(*value)) return *number;
  return Wrong(path, "a text", *value);
}

Result<std::string> Id(const Json& row, std::string_view path) {
  MAXOPT_TRY(std::string text, Text(row, path));
  if (!IsDigits(text)) {
    return Fail(Errc::kBadAnswer,
                fmt::format("Google Ads answered a row whose {} is \"{}\", not an id", path, text));
  }
  return text;
}

Result<bool> Flag(const Json& row, std::string_view path) {
  const Json* value = At(row, path);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  if (*value == "true") return true;
  if (*value == "false") return false;
  return Wrong(path, "true or false", *value);
}

Result<std::optional<std::int64_t>> Integer(const Json& row, std::string_view path) {
  const Json* value = At(row, path);
  if (value == nullptr) return std::nullopt;
  const auto text = NumberText(*value);
  std::int64_t number = 0;
  if (text) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error == std::errc() && end == text->data() + text->size()) return number;
  }
  return Wrong(path, "a whole number", *value);
}

Result<std::optional<double>> Real(const Json& row, std::string_view path) {
  const Json* value = At(row, path);
  if (value == nullptr) return std::nullopt;
  const auto number = JsonReal(*value);
  if (!number || !std::isfinite(*number)) return Wrong(path, "a number", *value);
  return *number;
}

Result<std::optional<Money>> Amount(const Json& row, std::string_view path, Currency currency) {
  const Json* value = At(row, path);
  if (value == nullptr) return std::nullopt;
  const auto text = NumberText(*value);
  const auto plain = text ? WithoutExponent(*text) : std::nullopt;
  if (!plain) return Wrong(path, "an amount", *value);
  const auto money = ParseMoneyRounding(*plain, currency);
  if (!money) return Wrong(path, "an amount", *value);
  return money->money;
}

Result<std::vector<std::string>> Texts(const Json& row, std::string_view path) {
  const Json* value = At(row, path);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (!value->is_array()) return Wrong(path, "a list", *value);
  for (const Json& member : *value) {
    if (!member.is_string()) return Wrong(path, "a list of texts", *value);
    texts.push_back(member.get<std::string>());
  }
  return texts;
}

std::optional<std::string> WithoutExponent(std::string_view number) {
  const std::size_t e = number.find_first_of("eE");
  if (e == std::string_view::npos) return std::string(number);
  std::string_view exponent_text = number.substr(e + 1);
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] =
      std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  if (error != std::errc() || end != exponent_text.data() + exponent_text.size()) {
    return std::nullopt;
  }
  if (exponent < -40 || exponent > 40) return std::nullopt;

  std::string_view mantissa = number.substr(0, e);
  const bool negative = mantissa.starts_with('-');
  if (negative) mantissa.remove_prefix(1);
  const std::size_t dot = std::min(mantissa.find('.'), mantissa.size());
  std::string digits(mantissa.substr(0, dot));
  if (dot < mantissa.size()) digits += mantissa.substr(dot + 1);
  // Where the point goes, counted from the first digit; zeros are put where digits are missing.
  int point = static_cast<int>(dot) + exponent;
  if (point <= 0) {
    digits.insert(0, static_cast<std::size_t>(1 - point), '0');
    point = 1;
  }
  const auto whole = static_cast<std::size_t>(point);
  if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  std::string plain = (negative ? "-" : "") + digits.substr(0, whole);
  if (digits.size() > whole) plain += "." + digits.substr(whole);
  return plain;
}

std::string LastId(std::string_view resource_name) {
  const std::size_t at = resource_name.find_last_of("/~");
  const std::string_view id =
      at == std::string_view::npos ? resource_name : resource_name.substr(at + 1);
  return IsDigits(id) ? std::string(id) : std::string();
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string LikeEscaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '[' || c == ']') {
      escaped += '[';
      escaped += c;
      escaped += ']';
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace maxopt::google_ads
