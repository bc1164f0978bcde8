#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "result/result.h"

namespace maxopt::sheet {

/// One record of a CSV file.
struct CsvRecord {
  std::size_t line;  ///< where it begins, from 1
  std::vector<std::string> cells;
};

/// Bytes to UTF-8 without a byte order mark: UTF-8 as it is, UTF-16 by its mark. Errors: other
/// encodings, zero bytes.
Result<std::string> DecodeText(std::string_view bytes);

/// RFC 4180 with any separator; LF, CRLF or CR; quoted cells may hold separators, line ends and
/// doubled quotes. Blank lines are left out. Errors name the line.
Result<std::vector<CsvRecord>> ParseCsv(std::string_view text, char separator);

/// Without white space at both ends; the no-break spaces of spreadsheets count as white space.
std::string_view Trim(std::string_view text);

/// A cell as it may stand in an error: quoted and short, control characters as \xNN.
std::string ShownCell(std::string_view cell);

}  // namespace maxopt::sheet
