#include "memory/facts/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

namespace maxopt {
namespace {

using Kind = FactCell::Kind;

/// -?[0-9]+(\.[0-9]+)?: what a spreadsheet takes as a number and nothing more.
bool IsNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto digits = [&] {
    std::size_t n = 0;
    while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
    text.remove_prefix(n);
    return n > 0;
  };
  if (!digits()) return false;
  if (text.empty()) return true;
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return digits() && text.empty();
}

std::string CsvText(std::string_view text) {
  std::string field;
  if (!text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos &&
      !IsNumber(text)) {
    field = "'";
  }
  field += text;
  if (field.find_first_of("\",\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

/// Shortest text that reads back to the same number.
std::string PrintReal(double real) { return fmt::format("{}", real); }

Result<> CheckShape(const FactTable& table) {
  for (const auto& row : table.rows) {
    if (row.size() != table.columns.size()) {
      return Fail(Errc::kInvalidArgument, fmt::format("a row of {} cells under {} columns",
                                                      row.size(), table.columns.size()));
    }
  }
  return {};
}

}  // namespace

std::size_t FactTable::Column(std::string_view name) const {
  const auto at = std::find(columns.begin(), columns.end(), name);
  if (at == columns.end()) Bug();
  return static_cast<std::size_t>(at - columns.begin());
}

Result<std::string> ToCsv(const FactTable& table) {
  MAXOPT_CHECK(CheckShape(table));
  std::string csv;
  const auto line = [&](std::size_t cells, auto&& cell) {
    for (std::size_t i = 0; i < cells; ++i) csv += (i == 0 ? "" : ",") + cell(i);
    csv += "\r\n";
  };
  line(table.columns.size(), [&](std::size_t i) { return CsvText(table.columns[i]); });
  for (const auto& row : table.rows) {
    line(row.size(), [&](std::size_t i) -> std::string {
      const FactCell& cell = row[i];
      switch (cell.kind) {
        case Kind::kAbsent:
          return "";
        case Kind::kInteger:
          return std::to_string(cell.integer);
        case Kind::kReal:
          return std::isfinite(cell.real) ? PrintReal(cell.real) : "";
        case Kind::kMoney:
        case Kind::kText:
          return CsvText(cell.text);
      }
      Bug();
    });
  }
  return csv;
}

Result<std::string> ToJson(const FactTable& table) {
  MAXOPT_CHECK(CheckShape(table));
  using Json = nlohmann::ordered_json;
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    Json object = Json::object();
    for (std::size_t i = 0; i < row.size(); ++i) {
      Json& value = object[table.columns[i]];
      const FactCell& cell = row[i];
      switch (cell.kind) {
        case Kind::kAbsent:
          break;
        case Kind::kInteger:
          value = cell.integer;
          break;
        case Kind::kReal:
          if (std::isfinite(cell.real)) value = cell.real;
          break;
        case Kind::kMoney:
        case Kind::kText:
          value = cell.text;
          break;
      }
    }
    rows.push_back(std::move(object));
  }
  Json json = {{"columns", table.columns}, {"rows", std::move(rows)}, {"notes", table.notes}};
  try {
    return json.dump();
  } catch (const nlohmann::json::type_error& error) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the table holds text that is not UTF-8: {}", error.what()));
  }
}

}  // namespace maxopt
