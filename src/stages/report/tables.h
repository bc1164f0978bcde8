#pragma once
// Inside of this folder: tables and charts out of views.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/report/document.h"

namespace maxopt::report {

/// A section that is a table of one view.
struct TableSection {
  std::string_view section, input;
  std::vector<std::string_view> columns;  ///< those that the view has; none of them: its first ten
  std::size_t most = 20;
  bool heat = false;  ///< weekday by hour, as a heat map too
};
std::span<const TableSection> TableSections();

struct TableAsk {
  std::string input, caption;
  std::vector<std::string> columns;  ///< "@known" is the row's share known; others are left out
  std::vector<std::string> keys{};   ///< rows; empty: all
  std::size_t most = 0;              ///< rows; 0: all
};
Table MakeTable(const Book& book, const Catalogue& texts, const TableAsk& ask);
/// How fresh each account is, and which views a report rests on: tables that are of no one view
/// (`view` is empty, so nothing of them is checked as a cell).
Table FreshnessTable(const View& view, const Catalogue& texts);
Table ViewsTable(const Inputs& inputs, const Catalogue& texts);
Table MissingTable(const Settings& settings, const Catalogue& texts);
/// Paragraphs that a language model was to put into other words and that stayed as they were.
Table KeptWordsTable(const Wording& wording, const Catalogue& texts);

/// One metric by period.
Chart LineChart(const Book& book, const Catalogue& texts, const std::string& input,
                const std::string& metric, const std::string& caption);
/// Columns of rows beside each other.
Chart BarChart(const Book& book, const Catalogue& texts, const std::string& input,
               const std::vector<std::string>& columns, const std::string& caption,
               std::size_t most);
/// A metric by weekday and hour.
Chart HeatChart(const Book& book, const Catalogue& texts, const std::string& input,
                const std::string& metric, const std::string& caption);

/// kRefused, with the place, where what is shown is not what the cell says.
Result<> CheckTile(const Tile& tile, const Book& book, const Catalogue& texts);
Result<> CheckTable(const Table& table, const Book& book, const Catalogue& texts);
Result<> CheckChart(const Chart& chart, const Book& book, const Catalogue& texts);

}  // namespace maxopt::report
