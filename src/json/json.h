#pragma once
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "money/money.h"
#include "result/result.h"

/// JSON whose numbers survive. A platform's budget of 19.99 must not pass through a double, so a
/// number that is not a 64-bit integer is kept as its own text: in the tree it is a `binary` value,
/// which no JSON text can produce, holding the token's characters.
namespace maxopt {

/// kBadAnswer, naming the place: not JSON, trailing text, an object with the same key twice, bad
/// UTF-8, more than 64 levels.
Result<nlohmann::json> ParseExactJson(std::string_view text);

/// Compact text; number tokens come out as they went in. Bad UTF-8 is replaced by U+FFFD.
std::string PrintExactJson(const nlohmann::json& value);

/// A number token from its text ("19.99"); the text must be a JSON number (else it is our bug).
nlohmann::json NumberToken(std::string_view text);
/// PrintDecimal(money) as a number token.
nlohmann::json MoneyToken(Money money);

/// Text of a number ("50", "19.990") or of a string that holds one; nullopt for anything else.
std::optional<std::string> NumberText(const nlohmann::json& value);
/// Money of a number or of a string that holds a decimal; kInvalidArgument says what it was
/// instead.
Result<Money> JsonMoney(const nlohmann::json& value, Currency currency);
/// For counts and ratios, never for money; nullopt when it is no number.
std::optional<double> JsonReal(const nlohmann::json& value);

}  // namespace maxopt
