#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "money/money.h"
#include "result/result.h"

/// Reading one row of an answer. A path is dotted, "campaign.advertisingChannelType". Absent and
/// null are the same; a number and a string that holds it are the same; what is neither is
/// kBadAnswer naming the path, never a default.
namespace maxopt::google_ads {

/// nullptr when absent or null.
const nlohmann::json* At(const nlohmann::json& row, std::string_view path);
/// "" when absent; a number gives its digits.
Result<std::string> Text(const nlohmann::json& row, std::string_view path);
/// Digits only; absent is kBadAnswer: a row without its id cannot be placed.
Result<std::string> Id(const nlohmann::json& row, std::string_view path);
Result<bool> Flag(const nlohmann::json& row, std::string_view path);  // absent: false
Result<std::optional<std::int64_t>> Integer(const nlohmann::json& row, std::string_view path);
/// Finite; absent is nullopt.
Result<std::optional<double>> Real(const nlohmann::json& row, std::string_view path);
/// A decimal amount in currency units that Google computed in floating point, rounded at the sixth
/// decimal from the number's own text.
Result<std::optional<Money>> Amount(const nlohmann::json& row, std::string_view path,
                                    Currency currency);
/// Members of an array that are strings; empty when absent.
Result<std::vector<std::string>> Texts(const nlohmann::json& row, std::string_view path);

/// "1.25E3" -> "1250", "5e-7" -> "0.0000005"; a number without exponent is returned as it is.
/// nullopt for exponents beyond +-40, which no amount has.
std::optional<std::string> WithoutExponent(std::string_view number);

/// "customers/1/adGroupAds/22~333" -> "333": what follows the last '/' or '~'. "" if that is not a
/// number.
std::string LastId(std::string_view resource_name);
/// "PERFORMANCE_MAX" -> "performance_max".
std::string Lower(std::string_view text);
/// Text in single quotes for GAQL.
std::string Quoted(std::string_view text);
/// Text for use inside LIKE: its wildcards % _ [ stand for themselves.
std::string LikeEscaped(std::string_view text);
bool IsDigits(std::string_view text);

}  // namespace maxopt::google_ads
