#include "stages/report/forms/forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "memory/facts/parquet.h"
#include "sheet/sheet.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;
using sheet::OutCell;

struct FormSpec {
  ViewForm form;
  std::string_view name, media_type;
};
constexpr FormSpec kForms[] = {
    {ViewForm::kCsv, "csv", "text/csv; charset=utf-8; header=present"},
    {ViewForm::kJsonLines, "jsonl", "application/x-ndjson"},
    {ViewForm::kXlsx, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {ViewForm::kParquet, "parquet", "application/vnd.apache.parquet"},
};
const FormSpec& SpecOf(ViewForm form) {
  for (const FormSpec& spec : kForms) {
    if (spec.form == form) return spec;
  }
  Bug();
}

/// Bytes that are no UTF-8 become U+FFFD.
std::string Utf8(std::string_view text) {
  std::string out;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char c = byte(i);
    const std::size_t length = c < 0x80       ? 1
                               : c >> 5 == 6  ? 2
                               : c >> 4 == 14 ? 3
                               : c >> 3 == 30 ? 4
                                              : 0;
    bool good = length > 0 && i + length <= text.size();
    std::uint32_t code = length == 1 ? c : length == 2 ? c & 31u : length == 3 ? c & 15u : c & 7u;
    for (std::size_t k = 1; good && k < length; ++k) {
      good = byte(i + k) >> 6 == 2;
      code = code << 6 | (byte(i + k) & 63u);
    }
    constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
    good = good && code >= kLeast[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    if (good) {
      out += text.substr(i, length);
      i += length;
    } else {
      out += "\xEF\xBF\xBD";
      ++i;
    }
  }
  return out;
}

/// A number's shortest text that reads back as it.
std::string Real(double value) { return fmt::format("{}", value); }

// --- CSV -----------------------------------------------------------------------------------------

/// What a spreadsheet would run when it opens the file, whatever blanks stand in front.
bool RunsInSpreadsheets(std::string_view text) {
  if (text.empty()) return false;
  if (text.front() == '\t' || text.front() == '\r' || text.front() == '\n') return true;
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return false;
  const std::string_view rest = text.substr(begin);
  if (std::string_view("=+-@").find(rest.front()) != std::string_view::npos) return true;
  for (const std::string_view wide : {"＝", "＋", "－", "＠"}) {
    if (rest.starts_with(wide)) return true;
  }
  return false;
}

void CsvText(std::string& out, std::string_view raw) {
  std::string text = Utf8(raw);
  std::erase(text, '\0');
  if (RunsInSpreadsheets(text)) text.insert(0, "'");
  if (text.find_first_of(",\"\r\n;\t") == std::string::npos && !text.starts_with(' ') &&
      !text.ends_with(' ')) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string CsvOf(const View& view) {
  std::string out;
  for (const ViewColumn& column : view.columns) {
    const std::string unit = column.unit.empty() ? "" : " (" + column.unit + ")";
    CsvText(out, column.name + unit);
    out += ',';
    if (column.kind == CellKind::kMoney) {
      CsvText(out, column.name + "_currency");
      out += ',';
    }
    if (column.kind == CellKind::kEstimate) {
      for (const char* part : {"_low", "_high"}) {
        CsvText(out, column.name + part + unit);
        out += ',';
      }
      CsvText(out, column.name + "_level");
      out += ',';
    }
  }
  out += "key,parent,known\r\n";
  for (const ViewRow& row : view.rows) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const ViewCell& cell = row.cells[i];
      if (const auto* text = std::get_if<std::string>(&cell)) {
        CsvText(out, *text);
      } else if (const auto* count = std::get_if<std::int64_t>(&cell)) {
        out += std::to_string(*count);
      } else if (const auto* real = std::get_if<double>(&cell)) {
        out += Real(*real);
      } else if (const auto* money = std::get_if<Money>(&cell)) {
        out += PrintDecimal(*money);
      } else if (const auto* estimate = std::get_if<Estimated>(&cell)) {
        out += Real(estimate->value);
      } else if (const auto* day = std::get_if<Day>(&cell)) {
        out += PrintDay(*day);
      } else if (const auto* at = std::get_if<Instant>(&cell)) {
        out += PrintInstant(*at);
      } else if (const auto* flag = std::get_if<bool>(&cell)) {
        out += *flag ? "true" : "false";
      }
      out += ',';
      if (view.columns[i].kind == CellKind::kMoney) {
        if (const auto* money = std::get_if<Money>(&cell)) out += money->currency().name();
        out += ',';
      }
      if (view.columns[i].kind == CellKind::kEstimate) {
        const auto* of = std::get_if<Estimated>(&cell);
        out += of != nullptr
                   ? fmt::format("{},{},{},", Real(of->low), Real(of->high), Real(of->level))
                   : ",,,";
      }
    }
    CsvText(out, row.key);
    out += ',';
    CsvText(out, row.parent);
    out += ',';
    if (row.known) out += Real(*row.known);
    out += "\r\n";
  }
  return out;
}

// --- JSON Lines ----------------------------------------------------------------------------------

std::string JsonLinesOf(const View& view) {
  // The API's own JSON is the one description of cells, so rows are taken from it.
  const ordered_json whole = ordered_json::parse(ToJson(view));
  std::string out;
  for (const ordered_json& row : whole.at("rows")) {
    ordered_json line = ordered_json::object();
    for (std::size_t i = 0; i < view.columns.size(); ++i) {
      line[view.columns[i].name] = row.at("cells").at(i);
    }
    for (const char* name : {"key", "parent", "known"}) {
      // A view may have a column of that name.
      line[line.contains(name) ? std::string("row_") + name : std::string(name)] = row.at(name);
    }
    out += line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  }
  return out;
}

// --- XLSX ----------------------------------------------------------------------------------------

/// XML 1.0 has no control characters, and a cell holds 32,767 characters.
OutCell XlsxText(std::string_view raw) {
  constexpr std::size_t kMost = 32'000;
  std::string text = Utf8(raw);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') c = ' ';
  }
  if (text.size() > kMost) {
    std::size_t end = kMost;
    while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    text += "…";
  }
  return {OutCell::Kind::kText, std::move(text)};
}

OutCell XlsxNumber(std::string text, std::string format) {
  return {OutCell::Kind::kNumber, std::move(text), std::move(format)};
}

std::string MoneyFormat(Currency currency) {
  const auto decimals = MinorUnitDecimals(currency, MinorUnits::kIso4217);
  const int count = decimals ? *decimals : 2;
  return fmt::format("#,##0{}{} \"{}\"", count > 0 ? "." : "",
                     std::string(static_cast<std::size_t>(count), '0'), currency.name());
}

void XlsxCells(std::vector<OutCell>& out, const ViewCell& cell, const ViewColumn& column) {
  constexpr const char* kReal = "#,##0.00##";
  if (column.kind == CellKind::kEstimate) {
    const auto* of = std::get_if<Estimated>(&cell);
    if (of == nullptr) {
      out.resize(out.size() + 3);
      return;
    }
    for (const double value : {of->value, of->low, of->high}) {
      out.push_back(XlsxNumber(Real(value), kReal));
    }
    return;
  }
  if (const auto* text = std::get_if<std::string>(&cell)) {
    out.push_back(XlsxText(*text));
  } else if (const auto* count = std::get_if<std::int64_t>(&cell)) {
    out.push_back(XlsxNumber(std::to_string(*count), "#,##0"));
  } else if (const auto* real = std::get_if<double>(&cell)) {
    out.push_back(XlsxNumber(Real(*real), column.kind == CellKind::kRatio ? "0.00%" : kReal));
  } else if (const auto* money = std::get_if<Money>(&cell)) {
    out.push_back(XlsxNumber(PrintDecimal(*money), MoneyFormat(money->currency())));
  } else if (const auto* day = std::get_if<Day>(&cell)) {
    out.push_back({OutCell::Kind::kDay, PrintDay(*day)});
  } else if (const auto* at = std::get_if<Instant>(&cell)) {
    out.push_back(XlsxText(PrintInstant(*at)));
  } else if (const auto* flag = std::get_if<bool>(&cell)) {
    out.push_back(XlsxText(*flag ? "yes" : "no"));
  } else {
    out.emplace_back();
  }
}

Result<std::string> XlsxOf(const View& view) {
  constexpr std::size_t kRowsMost = 1'048'575;
  if (view.rows.size() + (view.totals ? 1 : 0) > kRowsMost) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} rows are more than a sheet has ({}); export CSV or Parquet",
                            view.rows.size(), kRowsMost));
  }
  sheet::OutSheet rows{"Data", {}};
  std::vector<OutCell>& header = rows.rows.emplace_back();
  for (const ViewColumn& column : view.columns) {
    const std::string title =
        column.unit.empty() ? column.title : fmt::format("{} ({})", column.title, column.unit);
    header.push_back(XlsxText(title));
    if (column.kind != CellKind::kEstimate) continue;
    header.push_back(XlsxText(title + ", low"));
    header.push_back(XlsxText(title + ", high"));
  }
  const auto add = [&](const std::vector<ViewCell>& cells) {
    std::vector<OutCell>& line = rows.rows.emplace_back();
    for (std::size_t i = 0; i < cells.size(); ++i) XlsxCells(line, cells[i], view.columns[i]);
  };
  for (const ViewRow& row : view.rows) add(row.cells);
  if (view.totals) {
    add(*view.totals);
    if (!rows.rows.back().empty() && rows.rows.back().front().text.empty()) {
      rows.rows.back().front() = XlsxText("Total");
    }
  }

  sheet::OutSheet about{"About", {}};
  const auto say = [&](std::string_view what, std::string_view text) {
    about.rows.push_back({XlsxText(what), XlsxText(text)});
  };
  say("What", view.title);
  if (!view.client.empty()) say("Client", view.client);
  say("As of", PrintInstant(view.as_of));
  if (view.from && view.to) say("Days", PrintDay(*view.from) + " to " + PrintDay(*view.to));
  say("Rows", fmt::format("{}{}", view.rows.size(), view.next.empty() ? "" : ", and more"));
  for (const ViewColumn& column : view.columns) {
    if (column.help.empty() && column.truth == Truth::kNone) continue;
    say("Column " + column.title,
        column.help +
            (column.truth == Truth::kNone
                 ? ""
                 : fmt::format("{}({})", column.help.empty() ? "" : " ", TruthName(column.truth))));
  }
  for (const ViewFreshness& of : view.freshness) {
    say("Data of " + of.account,
        fmt::format("{}{}{}{}{}", of.state, of.learnt_at ? ", read " : "",
                    of.learnt_at ? PrintInstant(*of.learnt_at) : "",
                    of.complete_to ? ", complete to " + PrintDay(*of.complete_to) : "",
                    of.why.empty() ? "" : ". " + of.why));
  }
  for (const std::string& note : view.notes) say("Note", note);
  return sheet::WriteXlsx({rows, about});
}

// --- Parquet -------------------------------------------------------------------------------------

Result<std::string> ParquetOf(const View& view) {
  std::vector<ParquetColumn> columns;
  for (const ViewColumn& column : view.columns) {
    switch (column.kind) {
      case CellKind::kText:
        columns.push_back({column.name, ParquetType::kText});
        break;
      case CellKind::kCount:
        columns.push_back({column.name, ParquetType::kInteger});
        break;
      case CellKind::kReal:
      case CellKind::kRatio:
        columns.push_back({column.name, ParquetType::kReal});
        break;
      case CellKind::kMoney:
        columns.push_back({column.name, ParquetType::kAmount});
        columns.push_back({column.name + "_currency", ParquetType::kText});
        break;
      case CellKind::kEstimate:
        for (const char* part : {"", "_low", "_high", "_level"}) {
          columns.push_back({column.name + part, ParquetType::kReal});
        }
        break;
      case CellKind::kDay:
        columns.push_back({column.name, ParquetType::kDay});
        break;
      case CellKind::kInstant:
        columns.push_back({column.name, ParquetType::kInstant});
        break;
      case CellKind::kFlag:
        columns.push_back({column.name, ParquetType::kFlag});
        break;
    }
  }
  for (const char* name : {"key", "parent", "known"}) {
    const bool taken = std::ranges::any_of(columns, [&](const auto& c) { return c.name == name; });
    columns.push_back(
        {taken ? std::string("row_") + name : std::string(name),
         std::string_view(name) == "known" ? ParquetType::kReal : ParquetType::kText});
  }
  std::vector<std::vector<ParquetCell>> rows;
  rows.reserve(view.rows.size());
  for (const ViewRow& row : view.rows) {
    std::vector<ParquetCell>& out = rows.emplace_back();
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const ViewCell& cell = row.cells[i];
      if (view.columns[i].kind == CellKind::kEstimate) {
        const auto* of = std::get_if<Estimated>(&cell);
        for (const double* part : {of ? &of->value : nullptr, of ? &of->low : nullptr,
                                   of ? &of->high : nullptr, of ? &of->level : nullptr}) {
          out.push_back(part != nullptr ? ParquetCell(*part) : ParquetCell());
        }
        continue;
      }
      if (const auto* text = std::get_if<std::string>(&cell)) {
        out.emplace_back(Utf8(*text));
      } else if (const auto* count = std::get_if<std::int64_t>(&cell)) {
        out.emplace_back(*count);
      } else if (const auto* real = std::get_if<double>(&cell)) {
        out.emplace_back(*real);
      } else if (const auto* money = std::get_if<Money>(&cell)) {
        out.emplace_back(*money);
      } else if (const auto* day = std::get_if<Day>(&cell)) {
        out.emplace_back(*day);
      } else if (const auto* at = std::get_if<Instant>(&cell)) {
        out.emplace_back(*at);
      } else if (const auto* flag = std::get_if<bool>(&cell)) {
        out.emplace_back(*flag);
      } else {
        out.emplace_back();
      }
      if (view.columns[i].kind == CellKind::kMoney) {
        const auto* money = std::get_if<Money>(&cell);
        out.push_back(money != nullptr ? ParquetCell(std::string(money->currency().name()))
                                       : ParquetCell());
      }
    }
    out.emplace_back(Utf8(row.key));
    out.push_back(row.parent.empty() ? ParquetCell() : ParquetCell(Utf8(row.parent)));
    out.push_back(row.known ? ParquetCell(*row.known) : ParquetCell());
  }
  return WriteParquet(columns, rows);
}

}  // namespace

std::span<const ViewForm> AllViewForms() {
  static constexpr std::array kAll{ViewForm::kCsv, ViewForm::kJsonLines, ViewForm::kXlsx,
                                   ViewForm::kParquet};
  return kAll;
}
std::string_view ViewFormName(ViewForm form) { return SpecOf(form).name; }
std::string_view ViewFormMediaType(ViewForm form) { return SpecOf(form).media_type; }

Result<ViewForm> FindViewForm(std::string_view name) {
  std::string known;
  for (const FormSpec& spec : kForms) {
    if (spec.name == name) return spec.form;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", spec.name);
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("form \"{}\" is not known; known are {}", name, known));
}

std::string ViewFileName(const View& view, ViewForm form) {
  std::string name = view.name;
  if (!view.client.empty()) name += "_" + view.client;
  if (view.from) name += "_" + PrintDay(*view.from);
  if (view.to) name += "_" + PrintDay(*view.to);
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    if (!plain) c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (name.size() > 120) name.resize(120);
  return fmt::format("{}.{}", name, ViewFormName(form));
}

Result<std::string> FormOf(const View& view, ViewForm form) {
  switch (form) {
    case ViewForm::kCsv:
      return CsvOf(view);
    case ViewForm::kJsonLines:
      return JsonLinesOf(view);
    case ViewForm::kXlsx:
      return XlsxOf(view);
    case ViewForm::kParquet:
      return ParquetOf(view);
  }
  Bug();
}

}  // namespace maxopt
