#pragma once
#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What every file of this folder speaks: JSON in the order it was asked for, and Meta's errors.
namespace maxopt::sim::meta {

using Json = nlohmann::ordered_json;

/// An error as the Graph API words it.
struct GraphError {
  int code = 100;
  int subcode = 0;  ///< 0: none
  std::string message{};
  int http_status = 400;
  std::string type = "OAuthException";
  bool transient = false;
  std::string title{};               ///< error_user_title, empty: none
  std::string user_message{};        ///< error_user_msg
  std::vector<std::string> blame{};  ///< error_data.blame_field_specs
};
template <class T = void>
using Graph = std::expected<T, GraphError>;

[[nodiscard]] inline std::unexpected<GraphError> Refuse(GraphError error) {
  return std::unexpected(std::move(error));
}
/// 100, with the parameter in words: "(#100) Param name must be ...".
[[nodiscard]] std::unexpected<GraphError> RefuseParam(std::string_view what);
/// 100 with a subcode, a title and a text for people, and the fields to blame.
[[nodiscard]] std::unexpected<GraphError> RefuseFields(int subcode, std::string title,
                                                       std::string user_message,
                                                       std::vector<std::string> blame);
/// 100/33: no such object, or not with this method.
[[nodiscard]] std::unexpected<GraphError> RefuseObject(std::string_view method,
                                                       std::string_view id);
/// 2500: no such edge of the object.
[[nodiscard]] std::unexpected<GraphError> RefusePath(std::string_view path);

/// {"error":{...}}
Json ErrorBody(const GraphError& error, const std::string& trace_id);
/// Deterministic stand-in for Meta's trace ids, one per answer.
std::string TraceId(std::uint64_t number);

/// Parses text from outside: valid UTF-8, at most 64 levels deep; nullopt otherwise.
std::optional<Json> ParseJson(std::string_view text);
/// Text of any JSON value; broken UTF-8 is replaced, so that it cannot throw.
std::string Dump(const Json& json);
/// Text of a scalar: a string is itself, numbers and booleans as JSON prints them.
std::string ScalarText(const Json& value);

std::string Base64(std::string_view bytes);
/// nullopt when it is not base64. White space inside is accepted, as Meta does.
std::optional<std::string> DecodeBase64(std::string_view text);
std::string Md5Hex(std::string_view bytes);
std::string HmacSha256Hex(std::string_view key, std::string_view message);

}  // namespace maxopt::sim::meta
