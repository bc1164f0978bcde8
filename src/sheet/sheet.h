#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "result/result.h"

/// Spreadsheets in and out: CSV and XLSX. Nothing in them is ever computed: a formula's last value
/// is read, a macro is not looked at, and what is written is text, numbers and days.
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

/// One cell of a workbook.
struct Cell {
  /// As a person would type it: a number in the shortest decimal text that is the same number, a
  /// day as 2026-03-01 (with " 08:00:00" when there is a time), TRUE and FALSE as true and false.
  std::string text;
  std::string wrong;  ///< when not empty, the cell cannot be taken, and this says why
};
struct Row {
  std::size_t line;  ///< the number that people see, from 1
  std::vector<Cell> cells;
};
struct Sheet {
  std::string name;
  std::vector<Row> rows;  ///< without those that are empty
};
/// Column 5 of line 3 -> "F3"; columns count from 0.
std::string CellName(std::size_t column, std::size_t line);

/// All sheets of an XLSX workbook, in order, hidden ones too. Cells that are covered by a merged
/// one hold its text. Errors (kInvalidArgument): no workbook, one that is encrypted, and one that
/// would unpack to more than a workbook of people has (zip bombs).
Result<std::vector<Sheet>> ReadXlsx(std::string_view bytes);

/// A cell to be written. A day is given as 2026-03-01; a number as its decimal text.
struct OutCell {
  enum class Kind { kText, kNumber, kDay } kind = Kind::kText;
  std::string text;
  /// Of a number in XLSX: how it is shown, in a spreadsheet's own grammar: "#,##0.00 \"EUR\"". With
  /// one, a number may be negative or have more digits than a spreadsheet keeps.
  std::string format{};
};
struct OutSheet {
  std::string name;
  std::vector<std::vector<OutCell>> rows;  ///< the first is the header
};
/// RFC 4180 with LF. A text that a spreadsheet program would take for a formula is written behind
/// an apostrophe; Unguarded() takes it away again.
std::string WriteCsv(const std::vector<std::vector<OutCell>>& rows);
std::string_view Unguarded(std::string_view cell);
/// Same sheets, same bytes. Texts never become formulas or links. kInvalidArgument: a cell or a
/// sheet's name that XLSX cannot hold; kLocal: no memory to write into.
Result<std::string> WriteXlsx(const std::vector<OutSheet>& sheets);

}  // namespace maxopt::sheet
