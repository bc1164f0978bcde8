#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/entity.h"

namespace maxopt::documents {

/// What one field holds.
enum class Kind {
  kText,      ///< words for people; line breaks allowed
  kName,      ///< one line
  kKey,       ///< a-z, 0-9 and -
  kWord,      ///< one of `words`; any word when they end in "..."
  kMoney,     ///< exact decimal in the brief's currency, above zero
  kDecimal,   ///< exact decimal above zero, kept as text
  kDay,       ///< 2026-03-01
  kTime,      ///< 2026-03-01 08:00:00
  kInteger,   ///< `low` to `high`
  kReal,      ///< `low` to `high`
  kBool,      ///< true | false
  kCurrency,  ///< ISO 4217
  kZone,      ///< IANA time zone
  kPlatform,  ///< google_ads, meta, ...
  kDigits,    ///< an id
  kAccount,   ///< platform/digits
  kUrl,       ///< https://...
  kFile,      ///< a path below the document
  kSha256,    ///< 64 hex digits
  kTexts,     ///< a list; its items follow `items`
  kCounts,    ///< a mapping of words to whole numbers
  kObject,    ///< one `of`
  kObjects,   ///< a list of `of`, no two with the same first field
};

/// What each text of a list is.
enum class Items { kAny, kName, kWords, kCountry, kLanguage, kKeyword, kDaypart, kModifier };

struct Object;
/// One field of a document. Reading, the JSON Schema, the sheets and their templates come from it.
struct Field {
  std::string_view name;
  Kind kind = Kind::kText;
  bool required = false;
  std::string_view meaning{};
  std::string_view example{};
  std::string_view words{};  ///< "even | asap"
  Items items = Items::kAny;
  double low = 0;
  double high = 0;
  std::string_view header{};   ///< of its column; empty: the name with spaces
  std::string_view aliases{};  ///< other headers that people write: "start date; flight start"
  const Object* of = nullptr;
  bool catalogue = false;  ///< a field of domain/entity.h: goes into SaidFields
};
struct Object {
  std::string_view name;  ///< for people: "package"
  std::vector<Field> fields;
  const Field* Find(std::string_view field) const;
};

const Object& BriefTable();
const Object& MediaPlanTable();
const Object& CreativesTable();
const Object& BuysTable();

inline constexpr std::string_view kKinds[] = {"brief", "media_plan", "creatives", "buys"};
/// kInvalidArgument lists the known kinds.
Result<const Object*> TableOf(std::string_view kind);

/// "a | b | c" -> its words; a last "..." is left out and told.
struct Words {
  std::vector<std::string_view> words;
  bool open = false;
};
Words SplitWords(std::string_view text);

/// A place of the tables for people who look for a field: "package of media_plan".
std::vector<std::string> WhereKnown(std::string_view field);

}  // namespace maxopt::documents
