#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/google_ads/errors.h"

/// The Google Ads Query Language, syntax only: no field is known here.
///
///   SELECT f, .. FROM r [WHERE c AND ..] [ORDER BY f [ASC|DESC], ..] [LIMIT n]
///     [PARAMETERS name = value, ..]
///
/// Keywords are case-insensitive. Strings stand in single or double quotes with backslash escapes.
namespace maxopt::sim::google_ads {

enum class Operator {
  kEquals,
  kNotEquals,
  kGreater,
  kGreaterEquals,
  kLess,
  kLessEquals,
  kIn,
  kNotIn,
  kLike,
  kNotLike,
  kContainsAny,
  kContainsAll,
  kContainsNone,
  kIsNull,
  kIsNotNull,
  kDuring,
  kBetween,
  kRegexpMatch,
  kNotRegexpMatch,
};

/// A name with the place of its first character in the query, counted from 1 in bytes.
struct Name {
  std::string text;
  std::size_t position = 0;
};
struct Value {
  std::string text;     ///< without quotes and escapes
  bool quoted = false;  ///< 'x' or "x"; false: a number, an enum constant, a date range
  std::size_t position = 0;
};
struct Condition {
  Name field;
  Operator op = Operator::kEquals;
  std::vector<Value> values;  ///< 0 for IS NULL, 2 for BETWEEN, 1 or more for lists, 1 otherwise
};
struct Ordering {
  Name field;
  bool descending = false;
};
struct Query {
  std::vector<Name> select;
  Name from;
  std::vector<Condition> where;
  std::vector<Ordering> order_by;
  std::optional<std::int64_t> limit;
  std::vector<std::pair<Name, Value>> parameters;
};

/// Errors are of family queryError and tell the position in the query.
std::expected<Query, AdsError> ParseGaql(std::string_view text);

/// LIKE of GAQL: % any run, _ any one character, [c] the character itself; without case.
bool LikeMatches(std::string_view text, std::string_view pattern);

/// A queryError at a position (0: none).
AdsError QueryError(std::string_view code, std::string_view message, std::size_t position = 0);

}  // namespace maxopt::sim::google_ads
