// From a method and a path to a route, and from bytes to a checked body.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "app/api/route.h"

namespace maxopt::api {
namespace {

constexpr int kDepthMax = 32;

bool IsUtf8(std::string_view text) {
  try {
    (void)nlohmann::json(std::string(text)).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

/// nullopt: something in it is not ours to answer.
std::optional<std::vector<std::string>> Segments(std::string_view path) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  path.remove_prefix(1);
  std::vector<std::string> out;
  while (true) {
    const std::size_t end = std::min(path.find('/'), path.size());
    auto segment = http::PercentDecode(path.substr(0, end), false);
    if (!segment || segment->empty() || *segment == "." || *segment == "..") return std::nullopt;
    for (const char c : *segment) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    }
    if (!IsUtf8(*segment)) return std::nullopt;
    out.push_back(std::move(*segment));
    if (end == path.size()) return out;
    path.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> PatternSegments(std::string_view pattern) {
  std::vector<std::string_view> out;
  pattern.remove_prefix(1);
  while (true) {
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    out.push_back(pattern.substr(0, end));
    if (end == pattern.size()) return out;
    pattern.remove_prefix(end + 1);
  }
}

/// The tree, and a key that one object says twice.
struct Read {
  nlohmann::json value;
  std::optional<std::string> twice;
};
Read Parse(std::string_view text) {
  Read out;
  std::vector<std::set<std::string>> keys;
  out.value = nlohmann::json::parse(
      text,
      [&](int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
        using E = nlohmann::json::parse_event_t;
        if (event == E::object_start) keys.emplace_back();
        if (event == E::object_end && !keys.empty()) keys.pop_back();
        if (event == E::key && !keys.empty() &&
            !keys.back().insert(parsed.get<std::string>()).second) {
          out.twice = parsed.get<std::string>();
        }
        return true;
      },
      false);
  return out;
}

/// valijson's steps ("<root>", "[name]") as a JSON Pointer.
std::string Pointer(const std::vector<std::string>& context) {
  std::string out;
  for (const std::string& step : context) {
    if (step.size() > 2 && step.front() == '[' && step.back() == ']') {
      out += "/" + step.substr(1, step.size() - 2);
    }
  }
  return out.empty() ? "/" : out;
}

/// The place of the deepest problem: the one that says most.
struct Problem {
  std::string where, what;
};
std::optional<Problem> Against(const nlohmann::json& schema_json, const nlohmann::json& value) {
  valijson::Schema schema;
  valijson::SchemaParser parser;
  const valijson::adapters::NlohmannJsonAdapter adapter(schema_json);
  parser.populateSchema(adapter, schema);
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(value), &results)) {
    return std::nullopt;
  }
  std::optional<Problem> out;
  std::size_t depth = 0;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    if (!out || error.context.size() > depth) {
      depth = error.context.size();
      out = Problem{Pointer(error.context), error.description};
    }
  }
  return out ? out : Problem{"/", "the body does not fit"};
}

}  // namespace

Match FindRoute(std::string_view method, std::string_view path) {
  Match out;
  const auto segments = Segments(path);
  if (!segments) return out;
  if (method == "HEAD") method = "GET";
  std::size_t plain_best = 0;
  for (const Route& route : Routes()) {
    const auto pattern = PatternSegments(route.pattern);
    // "{name*}" takes the rest, of one segment or more.
    const bool rest = pattern.back().ends_with("*}");
    if (rest ? pattern.size() > segments->size() : pattern.size() != segments->size()) continue;
    std::map<std::string, std::string, std::less<>> values;
    std::size_t plain = 1;
    bool fits = true;
    for (std::size_t i = 0; i < pattern.size() && fits; ++i) {
      if (pattern[i].ends_with("*}")) {
        std::string tail;
        for (std::size_t j = i; j < segments->size(); ++j) {
          tail += (tail.empty() ? "" : "/") + (*segments)[j];
        }
        values.emplace(pattern[i].substr(1, pattern[i].size() - 3), std::move(tail));
      } else if (pattern[i].front() == '{') {
        values.emplace(pattern[i].substr(1, pattern[i].size() - 2), (*segments)[i]);
      } else {
        fits = pattern[i] == (*segments)[i];
        ++plain;
      }
    }
    if (!fits) continue;
    if (route.method != method) {
      out.allow += (out.allow.empty() ? "" : ", ") + std::string(route.method);
      if (route.method == "GET") out.allow += ", HEAD";
      continue;
    }
    // "/scenarios/plan" before "/scenarios/{name}".
    if (plain > plain_best) {
      plain_best = plain;
      out.route = &route;
      out.path = std::move(values);
    }
  }
  return out;
}

std::expected<nlohmann::json, ApiError> ReadBody(std::string_view text, std::string_view schema) {
  const auto broken = [](std::string what, std::string where, std::string fix = "") {
    return std::unexpected(
        ApiError(400, "invalid_argument", std::move(what), std::move(where), std::move(fix)));
  };
  // A write without anything to say may say nothing.
  if (text.empty()) text = "{}";
  // Brackets are counted before anything is built.
  int depth = 0, deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  if (deepest > kDepthMax) {
    return broken(fmt::format("the body has more than {} levels", kDepthMax), "/");
  }
  Read read = Parse(text);
  if (read.value.is_discarded()) {
    return broken("the body is not JSON", "/", "send one JSON object in UTF-8");
  }
  if (read.twice) {
    return broken(fmt::format("the field \"{}\" is said twice", *read.twice), "/");
  }
  if (!read.value.is_object()) return broken("the body is JSON, but no object", "/");
  const auto schema_json = nlohmann::json::parse(schema);
  // Said in plain words first, as it is the commonest.
  if (schema_json.contains("properties")) {
    for (const auto& [name, value] : read.value.items()) {
      if (schema_json["properties"].contains(name)) continue;
      std::string known;
      for (const auto& [field, of] : schema_json["properties"].items()) {
        known += (known.empty() ? "" : ", ") + field;
      }
      return broken(fmt::format("the field \"{}\" is not known", name), "/" + name,
                    known.empty() ? "send {}" : "known are " + known);
    }
  }
  if (schema_json.contains("required")) {
    for (const auto& name : schema_json["required"]) {
      if (read.value.contains(name.get<std::string>())) continue;
      return broken(fmt::format("the field \"{}\" is missing", name.get<std::string>()),
                    "/" + name.get<std::string>());
    }
  }
  if (const auto problem = Against(schema_json, read.value)) {
    return broken(problem->what, problem->where);
  }
  return std::move(read.value);
}

}  // namespace maxopt::api
