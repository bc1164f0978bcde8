#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/google_ads/errors.h"
#include "sim/google_ads/schema.h"

/// proto3 JSON: what a request may look like, and the one canonical form that we keep and answer.
namespace maxopt::sim::google_ads {

/// The message in canonical form: camelCase names, int64 as decimal strings, enums by name, unset
/// and null fields absent, explicit defaults kept. Unknown names, wrong types and unknown enum
/// values each add a violation, in the words of Google's JSON parser.
nlohmann::json Decode(const MessageDef& message, const nlohmann::json& in, const std::string& at,
                      std::vector<Violation>& violations);
/// Parses text first; a text that is no JSON object is a violation. Empty text is {}.
nlohmann::json DecodeText(const MessageDef& message, std::string_view text,
                          std::vector<Violation>& violations);

/// int64 text of canonical JSON; nullopt when absent.
std::optional<std::int64_t> Int64At(const nlohmann::json& object, std::string_view key);
/// Text or enum of canonical JSON; "" when absent.
std::string TextAt(const nlohmann::json& object, std::string_view key);
bool BoolAt(const nlohmann::json& object, std::string_view key);

/// Whole decimal text within int64, with a sign; nullopt otherwise.
std::optional<std::int64_t> ParseInt64(std::string_view text);
/// Bytes of base64 (standard or URL alphabet); nullopt when it is none.
std::optional<std::string> DecodeBase64(std::string_view text);
/// A double as proto3 JSON prints it: 3 rather than 3.0.
nlohmann::json DoubleJson(double value);
/// Unicode code points of UTF-8, the unit of Google's length limits.
std::size_t CodePoints(std::string_view utf8);
/// Width in Google's ad texts: full-width characters (CJK and the like) count two.
std::size_t AdTextWidth(std::string_view utf8);
std::string LowerAscii(std::string_view text);

}  // namespace maxopt::sim::google_ads
