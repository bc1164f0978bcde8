#pragma once
#include <string>
#include <string_view>

#include "money/money.h"
#include "result/result.h"
#include "stages/setup/documents/tables.h"

namespace maxopt::documents {

/// Whether `text` may stand in the field, whatever it becomes there; kInvalidArgument says what is
/// wrong and what would be right. Money is not judged here: it needs its currency.
Result<> CheckScalar(const Field& field, std::string_view text);
/// One entry of a list.
Result<> CheckItem(const Field& field, std::string_view text);
/// Above zero and a whole number of the currency's smallest unit; without a currency (the brief's
/// could not be read) only the grammar is judged.
Result<Money> ReadMoney(std::string_view text, const Currency* currency);
/// "4.50" -> "4.5", "4.0" -> "4": one text for one number.
std::string PlainDecimal(std::string_view text);

/// JSON Schema pattern of a kind's text, "" when any.
std::string_view PatternOf(const Field& field);
std::string_view PatternOfItems(const Field& field);

inline constexpr std::size_t kTextMax = 5'000;
inline constexpr std::size_t kNameMax = 500;
inline constexpr std::size_t kItemsMax = 5'000;

}  // namespace maxopt::documents
