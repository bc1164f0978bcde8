#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/exports/exports.h"
#include "connect/exports/tables.h"
#include "connect/exports/values.h"
#include "sheet/sheet.h"

namespace maxopt::exports {
using sheet::CsvRecord;
using sheet::DecodeText;
using sheet::ParseCsv;
using sheet::ShownCell;
using sheet::Trim;

template <class T>
using Maybe = std::optional<T>;

constexpr std::size_t kRoles = static_cast<std::size_t>(Role::kClient) + 1;

/// One file, cut into its table.
struct Sheet {
  const ExportFile* file;
  const Table* table;
  Platform platform;
  std::vector<std::string> headers;
  std::vector<std::string> normalised;
  std::size_t header_line;
  std::vector<CsvRecord> rows;                           ///< data only
  std::array<std::vector<std::size_t>, kRoles> columns;  ///< of each role, best first
  char decimal_mark = '.';
  DayOrder day_order = DayOrder::kUnknown;
  ImportedFile told;

  bool Has(Role role) const { return !columns[static_cast<std::size_t>(role)].empty(); }
  std::size_t ColumnOf(Role role) const { return columns[static_cast<std::size_t>(role)].front(); }
  /// The cell of a role, trimmed, "" when absent; of several id columns the first that is filled.
  std::string_view Cell(const CsvRecord& row, Role role) const {
    for (const std::size_t column : columns[static_cast<std::size_t>(role)]) {
      const std::string_view cell = Trim(row.cells[column]);
      if (!IsAbsent(cell)) return cell;
    }
    return {};
  }
  void Note(std::string note) { told.notes.push_back(std::move(note)); }
};

/// Decodes, finds the table and its header, gives each column its role, cuts off titles and totals,
/// and decides what only the whole file can tell.
Result<Sheet> ReadSheet(const ExportFile& file, const ExportOptions& options);
Level LevelOf(const Sheet& sheet);

/// Errors of the file, of a row, of a cell: all end in "nothing was loaded".
std::unexpected<Error> FailFile(const std::string& name, std::string_view what);
std::unexpected<Error> FailRow(const Sheet& sheet, const CsvRecord& row, std::string_view what);
std::unexpected<Error> FailCell(const Sheet& sheet, const CsvRecord& row, Role role,
                                std::string_view what);

/// The cell of a role; nullopt when it, or its column, is absent.
Result<Maybe<std::string>> ReadNumber(const Sheet& sheet, const CsvRecord& row, Role role);
Result<Maybe<std::int64_t>> ReadCount(const Sheet& sheet, const CsvRecord& row, Role role);
Result<Maybe<double>> ReadReal(const Sheet& sheet, const CsvRecord& row, Role role);
/// "" when absent; without the platforms' decorations.
Result<std::string> ReadId(const Sheet& sheet, const CsvRecord& row, Role role);
/// kUndatedDay or the person's day when the file has none.
Result<Day> ReadRowDay(const Sheet& sheet, const CsvRecord& row, const ExportOptions& options);

/// Amounts of one column, which are floats of cents all together or not at all.
class AmountColumn {
 public:
  AmountColumn(Sheet& sheet, Role role);
  Result<Maybe<Money>> Read(const CsvRecord& row, Currency currency);
  /// Notes what was rounded.
  void Tell();

 private:
  Sheet& sheet_;
  Role role_;
  bool floats_of_cents_ = false;
  std::int64_t rounded_ = 0;
};

/// "dir/facebook_ads.csv" -> "facebook_ads": stands in for an account that nothing names.
std::string StemOf(std::string_view name);
/// Platforms' decorations off an id: Google's dashes, Meta's "act_", resource names and URNs.
std::string CleanId(std::string_view id);
/// ASCII letters in lower case.
std::string Lower(std::string_view text);

}  // namespace maxopt::exports
