#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connect/connection.h"
#include "connect/meta/read.h"
#include "connect/meta/words.h"
#include "domain/change.h"

/// Our values as Meta's, one at a time, for what writes them. Inside of this folder only.
namespace maxopt::meta {

using Texts = std::vector<std::string>;

/// CheckFields has made sure of the types.
inline const std::string& AsText(const FieldValue& value) { return std::get<std::string>(value); }
inline const Texts& AsTexts(const FieldValue& value) { return std::get<Texts>(value); }
inline std::int64_t AsInteger(const FieldValue& value) { return std::get<std::int64_t>(value); }

inline bool IsOneOf(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}
inline bool AllDigits(std::string_view text) {
  return !text.empty() && text.size() <= 25 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}
inline bool IsCountryCode(std::string_view text) {
  return text.size() == 2 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}
inline std::string Setting(const Connection& connection, const std::string& name) {
  const auto at = connection.settings.find(name);
  return at == connection.settings.end() ? std::string() : at->second;
}
inline std::unexpected<Error> Refuse(std::string_view field, std::string_view why) {
  return Fail(Errc::kInvalidArgument, fmt::format("Meta: field \"{}\": {}", field, why));
}

/// Our word in Meta's; refused with the list of those that have one.
Result<std::string> WordOf(std::string_view field, std::span<const Word> words,
                           std::string_view ours);
/// Minor units as text, in the account's currency.
Result<std::string> MinorOf(std::string_view field, const Money& money, const Ground& ground);
/// "2026-09-01 00:00:00" on the account's clock as "2026-08-31T22:00:00+0000".
Result<std::string> TimeOf(std::string_view field, const std::string& local, const Ground& ground);
/// ["standard"] or ["no_pacing"].
Result<std::string> PacingOf(const std::string& pacing);
Result<std::string> StatusOf(const Change& change, const std::string& status);

}  // namespace maxopt::meta
