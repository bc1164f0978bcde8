#pragma once
#include <string>

#include "memory/facts/facts.h"
#include "result/result.h"

namespace maxopt {

/// RFC 4180 text, UTF-8, CRLF line ends, a header line of the columns; absent cells are empty.
/// Text that a spreadsheet would run as a formula (it begins with = + - @ TAB CR and is not a plain
/// number) gets an apostrophe in front. Notes are not in it.
/// kInvalidArgument for a table whose rows are not as wide as its header.
Result<std::string> ToCsv(const FactTable& table);

/// {"columns": [...], "rows": [{column: value}], "notes": [...]}: money and text as strings (money
/// exact decimal, ids are text), counts and ratios as numbers, absent as null. Members keep the
/// order of the columns.
/// kInvalidArgument for a table whose rows are not as wide as its header, or text that is not
/// UTF-8.
Result<std::string> ToJson(const FactTable& table);

}  // namespace maxopt
