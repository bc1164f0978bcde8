#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <pugixml.hpp>

#include "sheet/sheet.h"

namespace maxopt::sheet {
namespace {

constexpr std::size_t kFileMax = 16u << 20;
constexpr std::size_t kEntriesMax = 1'000;
constexpr std::size_t kPartMax = 24u << 20;
constexpr std::size_t kInflatedMax = 64u << 20;
constexpr std::size_t kRatioMax = 200;
constexpr std::size_t kTagsMax = 1'500'000;
constexpr std::size_t kColumnsMax = 500;
constexpr std::size_t kRowsMax = 50'000;
constexpr std::size_t kCellsMax = 500'000;
constexpr std::size_t kMergedMax = 100'000;
constexpr std::size_t kSheetsMax = 50;

std::unexpected<Error> Wrong(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

struct CloseZip {
  void operator()(zip_t* zip) const { zip_discard(zip); }
};
struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

/// The parts of the package, unpacked one by one and never beyond the limits.
class Package {
 public:
  static Result<Package> Open(std::string_view bytes) {
    if (bytes.size() > kFileMax) return Wrong("is larger than 16 MiB; is it the right file?");
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    zip_t* zip = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
    if (zip == nullptr) {
      if (source != nullptr) zip_source_free(source);
      zip_error_fini(&error);
      return Wrong("is not an XLSX workbook (no readable zip archive); save it as .xlsx again");
    }
    zip_error_fini(&error);
    Package package;
    package.zip_.reset(zip);
    const auto entries = zip_get_num_entries(zip, 0);
    if (entries < 0 || static_cast<std::size_t>(entries) > kEntriesMax) {
      return Wrong(
          fmt::format("has {} parts; a workbook of people has at most {}", entries, kEntriesMax));
    }
    return package;
  }

  bool Has(const std::string& name) const {
    return zip_name_locate(zip_.get(), name.c_str(), 0) >= 0;
  }

  Result<std::string> Read(const std::string& name) {
    zip_stat_t stat;
    if (zip_stat(zip_.get(), name.c_str(), 0, &stat) != 0) {
      return Wrong(fmt::format("has no part {}; save it as .xlsx again", ShownCell(name)));
    }
    const bool sized = (stat.valid & ZIP_STAT_SIZE) != 0 && (stat.valid & ZIP_STAT_COMP_SIZE) != 0;
    if (!sized || stat.size > kPartMax || inflated_ + stat.size > kInflatedMax ||
        stat.size > (stat.comp_size + 1'000) * kRatioMax) {
      return Wrong(
          fmt::format("its part {} would unpack to far more than a workbook of people has; "
                      "it is not opened",
                      ShownCell(name)));
    }
    const std::unique_ptr<zip_file_t, CloseFile> file(zip_fopen(zip_.get(), name.c_str(), 0));
    if (file == nullptr) {
      return Wrong(
          fmt::format("its part {} cannot be unpacked; is the workbook protected by a "
                      "password?",
                      ShownCell(name)));
    }
    std::string out;
    char buffer[65536];
    for (;;) {
      const auto read = zip_fread(file.get(), buffer, sizeof buffer);
      if (read < 0) return Wrong(fmt::format("its part {} is damaged", ShownCell(name)));
      if (read == 0) break;
      out.append(buffer, static_cast<std::size_t>(read));
      // What the directory says about sizes need not be true.
      if (out.size() > stat.size) {
        return Wrong(fmt::format("its part {} is larger than it says", ShownCell(name)));
      }
    }
    inflated_ += out.size();
    return out;
  }

  Result<std::unique_ptr<pugi::xml_document>> ReadXml(const std::string& name) {
    MAXOPT_TRY(const std::string raw, Read(name));
    auto text = DecodeText(raw);
    if (!text) return FailWithin("its part " + ShownCell(name), text.error());
    if (text->find("<!DOCTYPE") != std::string::npos ||
        text->find("<!ENTITY") != std::string::npos) {
      return Wrong(
          fmt::format("its part {} declares entities, which no workbook needs", ShownCell(name)));
    }
    if (static_cast<std::size_t>(std::count(text->begin(), text->end(), '<')) > kTagsMax) {
      return Wrong(fmt::format("its part {} holds more cells than a workbook of people has",
                               ShownCell(name)));
    }
    auto document = std::make_unique<pugi::xml_document>();
    const auto parsed = document->load_buffer(text->data(), text->size(),
                                              pugi::parse_default | pugi::parse_ws_pcdata_single,
                                              pugi::encoding_utf8);
    if (!parsed) {
      return Wrong(
          fmt::format("its part {} is damaged: {}", ShownCell(name), parsed.description()));
    }
    return document;
  }

 private:
  std::unique_ptr<zip_t, CloseZip> zip_;
  std::size_t inflated_ = 0;
};

/// "x:row" -> "row": some programs write a prefix before every element.
std::string_view Local(const char* name) {
  const std::string_view text(name);
  const std::size_t colon = text.find(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}
pugi::xml_node Child(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_node& child : node.children()) {
    if (Local(child.name()) == name) return child;
  }
  return {};
}
std::string_view Attribute(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_attribute& attribute : node.attributes()) {
    if (Local(attribute.name()) == name) return attribute.value();
  }
  return {};
}

std::optional<std::size_t> Number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// XLSX writes what XML cannot hold as _x000D_.
std::string Unescaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    unsigned code = 0;
    if (text.substr(at).starts_with("_x") && at + 7 <= text.size() && text[at + 6] == '_') {
      const auto [end, error] =
          std::from_chars(text.data() + at + 2, text.data() + at + 6, code, 16);
      if (error == std::errc() && end == text.data() + at + 6 && code < 0x80) {
        out += static_cast<char>(code);
        at += 7;
        continue;
      }
    }
    out += text[at++];
  }
  for (std::size_t at = 0; (at = out.find("\r\n", at)) != std::string::npos;) out.erase(at, 1);
  return out;
}

/// Text of <si> or <is>: plain, or in runs of different look; what is only read aloud is left out.
std::string RichText(const pugi::xml_node& item) {
  std::string out;
  for (const pugi::xml_node& child : item.children()) {
    const std::string_view name = Local(child.name());
    if (name == "t") out += child.text().get();
    if (name == "r") out += Child(child, "t").text().get();
  }
  return Unescaped(out);
}

enum class Look { kPlain, kDay, kPercent };

Look LookOf(std::string_view code) {
  bool quoted = false;
  bool bracket = false;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const char c = code[at];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\\' || c == '_' || c == '*') {
      ++at;
      continue;
    }
    if (c == '[') bracket = true;
    if (c == ']') bracket = false;
    if (bracket) continue;
    if (c == '%') return Look::kPercent;
    if (c == 'y' || c == 'Y' || c == 'd' || c == 'D' || c == 'm' || c == 'M' || c == 'h' ||
        c == 'H' || c == 's' || c == 'S') {
      return code.starts_with("General") ? Look::kPlain : Look::kDay;
    }
    if (c == ';') break;  // the look of negative numbers and texts does not matter
  }
  return Look::kPlain;
}

struct Book {
  std::vector<std::string> strings;
  std::vector<Look> looks;  ///< by the index that cells name
  bool from_1904 = false;
};

std::vector<Look> ReadLooks(const pugi::xml_node& sheet) {
  std::map<std::size_t, Look> formats;
  for (const std::size_t id : std::initializer_list<std::size_t>{
           14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 32, 33,
           34, 35, 36, 45, 46, 47, 50, 51, 52, 53, 54, 55, 56, 57, 58}) {
    formats[id] = Look::kDay;
  }
  formats[9] = formats[10] = Look::kPercent;
  for (const pugi::xml_node& format : Child(sheet, "numFmts").children()) {
    if (const auto id = Number(Attribute(format, "numFmtId"))) {
      formats[*id] = LookOf(Attribute(format, "formatCode"));
    }
  }
  std::vector<Look> looks;
  for (const pugi::xml_node& style : Child(sheet, "cellXfs").children()) {
    const auto id = Number(Attribute(style, "numFmtId"));
    const auto at = formats.find(id.value_or(0));
    looks.push_back(at == formats.end() ? Look::kPlain : at->second);
  }
  return looks;
}

/// A number as a person would type it.
Cell NumberCell(std::string_view text, Look look, bool from_1904) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return {{}, fmt::format("holds {}, which is not a number", ShownCell(text))};
  }
  if (std::fabs(value) >= 1e15) {
    return {
        {},
        fmt::format("holds the number {}, of which spreadsheets keep 15 digits only; format the "
                    "column as text and write it again",
                    ShownCell(text))};
  }
  if (look == Look::kDay) {
    // Day 60 is the 29th of February 1900, which was not; nobody plans for before it.
    const double serial = from_1904 ? value + 1462 : value;
    if (serial < 61 || serial > 100'000) {
      return {{},
              fmt::format("holds {}, shown as a day or time that cannot be meant; write the "
                          "day as 2026-03-01",
                          ShownCell(text))};
    }
    const auto whole = static_cast<int>(std::floor(serial));
    const auto seconds = static_cast<int>(std::lround((serial - whole) * 86'400));
    const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::year(1899) / 12 / 30) +
                                          std::chrono::days(whole + seconds / 86'400)};
    std::string out =
        fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                    static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
    if (const int rest = seconds % 86'400; rest != 0) {
      out += fmt::format(" {:02}:{:02}:{:02}", rest / 3'600, rest / 60 % 60, rest % 60);
    }
    return {out, {}};
  }
  if (look == Look::kPercent) {
    return {{},
            fmt::format("is formatted as a percentage ({}); format it as a plain number and "
                        "write 50 for 50 %",
                        ShownCell(text))};
  }
  char buffer[400];
  const auto printed = std::to_chars(buffer, buffer + sizeof buffer, value == 0 ? 0.0 : value,
                                     std::chars_format::fixed);
  return {std::string(buffer, printed.ptr), {}};
}

Cell ReadCell(const pugi::xml_node& node, const Book& book) {
  const std::string_view type = Attribute(node, "t");
  if (type == "inlineStr") return {RichText(Child(node, "is")), {}};
  const pugi::xml_node value = Child(node, "v");
  if (!value) {
    if (Child(node, "f")) {
      return {{},
              "holds a formula without its value; open the workbook in a spreadsheet program, "
              "save it, or write the value"};
    }
    return {};
  }
  const std::string_view text = value.text().get();
  if (type == "s") {
    const auto index = Number(text);
    if (!index || *index >= book.strings.size()) {
      return {{}, "names a text that the workbook does not have; save it again"};
    }
    return {book.strings[*index], {}};
  }
  if (type == "str") return {Unescaped(text), {}};
  if (type == "b") return {text == "1" ? "true" : "false", {}};
  if (type == "e")
    return {{}, fmt::format("holds the error {}; mend its formula", ShownCell(text))};
  if (type == "d") return {std::string(text.substr(0, text.find('T'))), {}};
  const auto style = Number(Attribute(node, "s")).value_or(0);
  return NumberCell(text, style < book.looks.size() ? book.looks[style] : Look::kPlain,
                    book.from_1904);
}

struct Corner {
  std::size_t column;
  std::size_t line;
};
/// "F3"
std::optional<Corner> ParseCorner(std::string_view text) {
  std::size_t column = 0;
  std::size_t at = 0;
  while (at < text.size() && text[at] >= 'A' && text[at] <= 'Z' && at < 4) {
    column = column * 26 + static_cast<std::size_t>(text[at++] - 'A') + 1;
  }
  const auto line = Number(text.substr(at));
  if (column == 0 || !line || *line == 0 || *line > 1'048'576) return std::nullopt;
  return Corner{column - 1, *line};
}

Result<Sheet> ReadSheet(std::string name, const pugi::xml_node& root, const Book& book) {
  Sheet sheet{std::move(name), {}};
  std::size_t line = 0;
  std::size_t cells = 0;
  for (const pugi::xml_node& row_node : Child(root, "sheetData").children()) {
    if (Local(row_node.name()) != "row") continue;
    const std::size_t number = Number(Attribute(row_node, "r")).value_or(line + 1);
    if (number <= line || number > 1'048'576) {
      return Wrong(fmt::format("sheet {}: its rows are out of order after row {}",
                               ShownCell(sheet.name), line));
    }
    line = number;
    Row row{line, {}};
    std::size_t next = 0;
    bool empty = true;
    for (const pugi::xml_node& node : row_node.children()) {
      if (Local(node.name()) != "c") continue;
      const std::string_view reference = Attribute(node, "r");
      const auto corner = reference.empty() ? Corner{next, line} : ParseCorner(reference);
      if (!corner || corner->line != line) {
        return Wrong(fmt::format("sheet {}: row {} holds a cell called {}", ShownCell(sheet.name),
                                 line, ShownCell(reference)));
      }
      next = corner->column + 1;
      Cell cell = ReadCell(node, book);
      if (cell.text.empty() && cell.wrong.empty()) continue;
      if (corner->column >= kColumnsMax || ++cells > kCellsMax) {
        return Wrong(
            fmt::format("sheet {} has more than {} columns or {} cells; is it the right "
                        "file?",
                        ShownCell(sheet.name), kColumnsMax, kCellsMax));
      }
      if (row.cells.size() <= corner->column) row.cells.resize(corner->column + 1);
      row.cells[corner->column] = std::move(cell);
      empty = false;
    }
    if (empty) continue;
    if (sheet.rows.size() >= kRowsMax) {
      return Wrong(fmt::format("sheet {} has more than {} rows; is it the right file?",
                               ShownCell(sheet.name), kRowsMax));
    }
    sheet.rows.push_back(std::move(row));
  }

  std::size_t covered = 0;
  for (const pugi::xml_node& merged : Child(root, "mergeCells").children()) {
    const std::string_view range = Attribute(merged, "ref");
    const std::size_t colon = range.find(':');
    if (colon == std::string_view::npos) continue;
    const auto first = ParseCorner(range.substr(0, colon));
    const auto last = ParseCorner(range.substr(colon + 1));
    if (!first || !last || last->column < first->column || last->line < first->line ||
        last->column >= kColumnsMax) {
      return Wrong(fmt::format("sheet {} merges cells as {}, which is no range",
                               ShownCell(sheet.name), ShownCell(range)));
    }
    const auto at_line = [&](std::size_t wanted) {
      return std::lower_bound(sheet.rows.begin(), sheet.rows.end(), wanted,
                              [](const Row& row, std::size_t l) { return row.line < l; });
    };
    const auto top = at_line(first->line);
    if (top == sheet.rows.end() || top->line != first->line || top->cells.size() <= first->column) {
      continue;
    }
    const Cell cell = top->cells[first->column];
    for (auto row = top; row != sheet.rows.end() && row->line <= last->line; ++row) {
      covered += last->column - first->column + 1;
      if (covered > kMergedMax) {
        return Wrong(
            fmt::format("sheet {} merges more than {} cells", ShownCell(sheet.name), kMergedMax));
      }
      if (row->cells.size() <= last->column) row->cells.resize(last->column + 1);
      for (std::size_t column = first->column; column <= last->column; ++column) {
        row->cells[column] = cell;
      }
    }
  }
  return sheet;
}

/// "worksheets/sheet1.xml" or "/xl/worksheets/sheet1.xml" -> the part's name.
std::string PartName(std::string_view target) {
  if (target.starts_with('/')) return std::string(target.substr(1));
  return "xl/" + std::string(target);
}

}  // namespace

std::string CellName(std::size_t column, std::size_t line) {
  std::string letters;
  for (std::size_t left = column + 1; left > 0; left = (left - 1) / 26) {
    letters.insert(letters.begin(), static_cast<char>('A' + (left - 1) % 26));
  }
  return letters + std::to_string(line);
}

Result<std::vector<Sheet>> ReadXlsx(std::string_view bytes) {
  if (bytes.empty()) return Wrong("is empty");
  MAXOPT_TRY(Package package, Package::Open(bytes));
  if (!package.Has("xl/workbook.xml")) {
    return Wrong("is a zip archive, but not an XLSX workbook; save it as .xlsx again");
  }
  MAXOPT_TRY(const auto workbook, package.ReadXml("xl/workbook.xml"));
  MAXOPT_TRY(const auto relations, package.ReadXml("xl/_rels/workbook.xml.rels"));
  std::map<std::string, std::string, std::less<>> targets;
  for (const pugi::xml_node& relation : Child(*relations, "Relationships").children()) {
    if (Attribute(relation, "TargetMode") == "External") continue;
    targets.emplace(Attribute(relation, "Id"), Attribute(relation, "Target"));
  }
  Book book;
  if (package.Has("xl/sharedStrings.xml")) {
    MAXOPT_TRY(const auto strings, package.ReadXml("xl/sharedStrings.xml"));
    for (const pugi::xml_node& item : Child(*strings, "sst").children()) {
      if (Local(item.name()) == "si") book.strings.push_back(RichText(item));
    }
  }
  if (package.Has("xl/styles.xml")) {
    MAXOPT_TRY(const auto styles, package.ReadXml("xl/styles.xml"));
    book.looks = ReadLooks(Child(*styles, "styleSheet"));
  }
  const pugi::xml_node root = Child(*workbook, "workbook");
  const std::string_view date1904 = Attribute(Child(root, "workbookPr"), "date1904");
  book.from_1904 = date1904 == "1" || date1904 == "true";

  std::vector<Sheet> sheets;
  for (const pugi::xml_node& node : Child(root, "sheets").children()) {
    if (sheets.size() >= kSheetsMax) {
      return Wrong(fmt::format("has more than {} sheets", kSheetsMax));
    }
    std::string name(Attribute(node, "name"));
    const auto target = targets.find(Attribute(node, "id"));
    if (target == targets.end() || target->second.find("..") != std::string::npos) {
      return Wrong(fmt::format("does not say where its sheet {} is; save it as .xlsx again",
                               ShownCell(name)));
    }
    if (target->second.find("worksheets/") == std::string::npos) continue;  // a chart
    MAXOPT_TRY(const auto sheet, package.ReadXml(PartName(target->second)));
    MAXOPT_TRY(Sheet read, ReadSheet(std::move(name), Child(*sheet, "worksheet"), book));
    sheets.push_back(std::move(read));
  }
  if (sheets.empty()) return Wrong("has no sheets");
  return sheets;
}

}  // namespace maxopt::sheet
