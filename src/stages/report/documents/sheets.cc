#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>
#include <zip.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <set>

#include "sheet/sheet.h"
#include "stages/report/documents/documents.h"
#include "stages/report/documents/escape.h"
#include "stages/report/documents/tablesheets.h"

namespace maxopt::report {
namespace {

using sheet::OutCell;

/// A cell for programs: exact decimals, days as ISO 8601.
OutCell RawCell(const ViewCell& cell) {
  struct Print {
    OutCell operator()(std::monostate) const { return {OutCell::Kind::kText, ""}; }
    OutCell operator()(const std::string& text) const { return {OutCell::Kind::kText, text}; }
    OutCell operator()(std::int64_t count) const {
      return {OutCell::Kind::kNumber, std::to_string(count)};
    }
    OutCell operator()(double real) const {
      return {OutCell::Kind::kNumber, fmt::format("{}", real)};
    }
    OutCell operator()(Money money) const { return {OutCell::Kind::kNumber, PrintDecimal(money)}; }
    OutCell operator()(const Estimated& of) const {
      return {OutCell::Kind::kText, fmt::format("{} ({} to {})", of.value, of.low, of.high)};
    }
    OutCell operator()(Day day) const { return {OutCell::Kind::kDay, PrintDay(day)}; }
    OutCell operator()(Instant at) const { return {OutCell::Kind::kText, PrintInstant(at)}; }
    OutCell operator()(bool flag) const { return {OutCell::Kind::kText, flag ? "true" : "false"}; }
  };
  return std::visit(Print{}, cell);
}

bool HasMoney(const Table& table, std::size_t column) {
  return std::ranges::any_of(table.rows, [&](const TableRow& row) {
    return std::holds_alternative<Money>(row.cells[column].raw);
  });
}

std::string TableCsv(const Table& table) {
  std::vector<std::vector<OutCell>> rows(1);
  std::vector<bool> money;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    money.push_back(HasMoney(table, i));
    rows[0].push_back({OutCell::Kind::kText, table.columns[i].name});
    if (money[i]) rows[0].push_back({OutCell::Kind::kText, table.columns[i].name + "_currency"});
  }
  for (const TableRow& row : table.rows) {
    std::vector<OutCell> cells;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      cells.push_back(RawCell(row.cells[i].raw));
      if (!money[i]) continue;
      const auto* of = std::get_if<Money>(&row.cells[i].raw);
      cells.push_back(
          {OutCell::Kind::kText, of != nullptr ? std::string(of->currency().name()) : ""});
    }
    rows.push_back(std::move(cells));
  }
  return sheet::WriteCsv(rows);
}

std::string NarrativeCsv(const Document& document) {
  std::vector<std::vector<OutCell>> rows{
      {{OutCell::Kind::kText, "section"}, {OutCell::Kind::kText, "text"}}};
  const auto add = [&](const Section& section, const Sentence& sentence) {
    rows.push_back({{OutCell::Kind::kText, section.title}, {OutCell::Kind::kText, sentence.text}});
  };
  for (const Section& section : document.sections) {
    for (const Block& block : section.blocks) {
      for (const Sentence& sentence : block.sentences) add(section, sentence);
      for (const auto& item : block.items) {
        for (const Sentence& sentence : item) add(section, sentence);
      }
    }
  }
  return sheet::WriteCsv(rows);
}

/// A file in memory that has a path, as libxlsxwriter wants one.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("report", MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  bool open() const { return fd_ >= 0; }
  std::string path() const { return fmt::format("/proc/self/fd/{}", fd_); }
  std::string Content() const {
    std::string out;
    char buffer[65536];
    for (off_t at = 0;;) {
      const ssize_t count = ::pread(fd_, buffer, sizeof buffer, at);
      if (count <= 0) return out;
      out.append(buffer, static_cast<std::size_t>(count));
      at += count;
    }
  }

 private:
  int fd_;
};

/// What XLSX holds in one cell.
constexpr std::size_t kCellMost = 32'000;

class Workbook {
 public:
  explicit Workbook(const Document& document)
      : document_(document), texts_(*Catalogue::BuiltIn(document.settings.language)) {}

  Result<std::string> Write() {
    const MemoryFile file;
    if (!file.open()) return Fail(Errc::kLocal, "no memory to write a workbook into");
    path_ = file.path();
    book_ = workbook_new(path_.c_str());
    if (book_ == nullptr) return Fail(Errc::kLocal, "no memory to write a workbook into");
    lxw_doc_properties properties{};
    std::string title = Printable(document_.title + ", " + document_.subtitle, 250);
    properties.title = title.data();
    properties.created =
        static_cast<time_t>(std::chrono::floor<std::chrono::seconds>(document_.settings.made_at)
                                .time_since_epoch()
                                .count());
    workbook_set_properties(book_, &properties);
    Formats();
    Text();
    for (const NamedTable& named : TablesOf(document_)) AddTable(named);
    const lxw_error closed = workbook_close(book_);
    if (failed_ != LXW_NO_ERROR) return Fail(Errc::kLocal, lxw_strerror(failed_));
    if (closed != LXW_NO_ERROR) return Fail(Errc::kLocal, lxw_strerror(closed));
    return file.Content();
  }

 private:
  void Formats() {
    title_ = workbook_add_format(book_);
    format_set_bold(title_);
    format_set_font_size(title_, 18);
    section_ = workbook_add_format(book_);
    format_set_bold(section_);
    format_set_font_size(section_, 13);
    header_ = workbook_add_format(book_);
    format_set_bold(header_);
    format_set_text_wrap(header_);
    format_set_bottom(header_, LXW_BORDER_THIN);
    text_ = workbook_add_format(book_);
    format_set_text_wrap(text_);
    format_set_align(text_, LXW_ALIGN_VERTICAL_TOP);
    format_set_num_format(text_, "@");
    for (auto& [format, pattern] :
         {std::pair(&count_, "#,##0"), std::pair(&real_, "#,##0.00"), std::pair(&percent_, "0.0%"),
          std::pair(&money_, "#,##0.00"), std::pair(&day_, "yyyy-mm-dd")}) {
      *format = workbook_add_format(book_);
      format_set_num_format(*format, pattern);
    }
  }
  static std::string Printable(std::string_view text, std::size_t most) {
    std::string out = Shortened(PlainText(text), most);
    // Noncharacters that no XML may hold.
    for (const char* bad : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
      for (std::size_t at; (at = out.find(bad)) != std::string::npos;) out.replace(at, 3, "\uFFFD");
    }
    return out;
  }
  void Note(lxw_error error) {
    if (error != LXW_NO_ERROR && failed_ == LXW_NO_ERROR) failed_ = error;
  }
  /// Always a string: never a formula, a number or a link.
  void String(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column, std::string_view text,
              lxw_format* format) {
    const std::string shown = Printable(text, kCellMost);
    if (shown.empty()) return;
    Note(worksheet_write_string(sheet, row, column, shown.c_str(), format));
  }
  /// At most 31 signs, none of []:*?/\, and no other sheet's name.
  lxw_worksheet* AddSheet(const std::string& wanted, std::string* name) {
    std::string base;
    for (const char c : Shortened(PlainText(wanted), 24)) {
      base += std::string_view("[]:*?/\\'").find(c) != std::string_view::npos ? ' ' : c;
    }
    if (base.find_first_not_of(' ') == std::string::npos) base = "Sheet";
    *name = base;
    for (int n = 2; !names_.insert(*name).second; ++n) *name = fmt::format("{} {}", base, n);
    lxw_worksheet* sheet = workbook_add_worksheet(book_, name->c_str());
    if (sheet == nullptr) Note(LXW_ERROR_MEMORY_MALLOC_FAILED);
    return sheet;
  }

  void Text() {
    std::string name;
    lxw_worksheet* sheet = AddSheet(texts_->Word("form.report"), &name);
    if (sheet == nullptr) return;
    worksheet_set_column(sheet, 0, 0, 34, nullptr);
    worksheet_set_column(sheet, 1, 1, 22, nullptr);
    worksheet_set_column(sheet, 2, 2, 70, nullptr);
    lxw_row_t row = 0;
    String(sheet, row++, 0, document_.title + ": " + document_.subtitle, title_);
    String(sheet, row++, 0, document_.period, nullptr);
    String(sheet, row++, 0,
           texts_->Word("form.as_of") + " " + texts_->InstantText(document_.settings.as_of),
           nullptr);
    for (const Section& section : document_.sections) {
      bool any = false;
      const auto head = [&] {
        if (!any) String(sheet, ++row, 0, section.title, section_), ++row;
        any = true;
      };
      const auto line = [&](const std::string& text) {
        head();
        Note(worksheet_merge_range(sheet, row, 0, row, 2, "", text_));
        String(sheet, row, 0, text, text_);
        // About as many signs as fit into the merged width.
        const double lines = std::ceil(static_cast<double>(text.size()) / 115);
        worksheet_set_row(sheet, row, 15 * std::max(1.0, lines), nullptr);
        ++row;
      };
      for (const Block& block : section.blocks) {
        for (const Tile& tile : block.tiles) {
          head();
          String(sheet, row, 0, tile.label, text_);
          String(sheet, row, 1, tile.value, text_);
          String(sheet, row, 2, tile.truth + (tile.note ? "; " + tile.note->text : ""), text_);
          ++row;
        }
        std::string paragraph;
        for (const Sentence& sentence : block.sentences) {
          paragraph += (paragraph.empty() ? "" : " ") + sentence.text;
        }
        if (!paragraph.empty()) line(paragraph);
        for (const auto& item : block.items) {
          std::string text = "•";
          for (const Sentence& sentence : item) text += " " + sentence.text;
          line(text);
        }
      }
    }
    worksheet_set_landscape(sheet);
    worksheet_fit_to_pages(sheet, 1, 0);
  }

  void Cell(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column, const TableCell& cell,
            const TableColumn& head) {
    const bool ratio = head.number && cell.text.find('%') != std::string::npos;
    if (const auto* day = std::get_if<Day>(&cell.raw)) {
      const std::chrono::year_month_day date{*day};
      lxw_datetime at{static_cast<int>(date.year()),
                      static_cast<int>(static_cast<unsigned>(date.month())),
                      static_cast<int>(static_cast<unsigned>(date.day())),
                      0,
                      0,
                      0};
      Note(worksheet_write_datetime(sheet, row, column, &at, day_));
    } else if (const auto number = Number(cell.raw);
               number && !std::holds_alternative<Estimated>(cell.raw)) {
      lxw_format* format = ratio                                            ? percent_
                           : std::holds_alternative<Money>(cell.raw)        ? money_
                           : std::holds_alternative<std::int64_t>(cell.raw) ? count_
                                                                            : real_;
      Note(worksheet_write_number(sheet, row, column, *number, format));
    } else {
      String(sheet, row, column, cell.text, text_);
    }
  }

  void AddTable(const NamedTable& named) {
    std::string name;
    const Table& table = *named.table;
    lxw_worksheet* sheet = AddSheet(table.caption, &name);
    if (sheet == nullptr) return;
    String(sheet, 0, 0, table.caption, section_);
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      std::string title = PlainText(table.columns[i].title);
      for (const TableRow& row : table.rows) {
        if (const auto* money = std::get_if<Money>(&row.cells[i].raw)) {
          title += fmt::format(" ({})", money->currency().name());
          break;
        }
      }
      String(sheet, 2, static_cast<lxw_col_t>(i), title, header_);
      worksheet_set_column(sheet, static_cast<lxw_col_t>(i), static_cast<lxw_col_t>(i),
                           i == 0                    ? 34
                           : table.columns[i].number ? 14
                                                     : 22,
                           nullptr);
    }
    worksheet_freeze_panes(sheet, 3, 1);
    lxw_row_t row = 3;
    for (const TableRow& each : table.rows) {
      for (std::size_t i = 0; i < each.cells.size(); ++i) {
        Cell(sheet, row, static_cast<lxw_col_t>(i), each.cells[i], table.columns[i]);
      }
      ++row;
    }
    const lxw_row_t last = row;
    if (table.total) {
      for (std::size_t i = 0; i < table.total->cells.size(); ++i) {
        Cell(sheet, row, static_cast<lxw_col_t>(i), table.total->cells[i], table.columns[i]);
      }
    }
    if (named.chart != nullptr && last > 3) AddChart(sheet, name, *named.chart, table, last - 1);
  }

  /// A native chart over the sheet's own cells.
  void AddChart(lxw_worksheet* sheet, const std::string& name, const Chart& of, const Table& table,
                lxw_row_t last) {
    if (of.kind == Chart::Kind::kHeat) return;  // XLSX has no such chart; the table is there
    lxw_chart* chart =
        workbook_add_chart(book_, of.kind == Chart::Kind::kLine ? LXW_CHART_LINE : LXW_CHART_BAR);
    if (chart == nullptr) return Note(LXW_ERROR_MEMORY_MALLOC_FAILED);
    for (std::size_t i = 1; i < table.columns.size(); ++i) {
      const bool drawn = std::ranges::any_of(
          of.series, [&](const Series& series) { return series.name == table.columns[i].title; });
      if (!drawn) continue;
      lxw_chart_series* series = chart_add_series(chart, nullptr, nullptr);
      const auto column = static_cast<lxw_col_t>(i);
      chart_series_set_categories(series, name.c_str(), 3, 0, last, 0);
      chart_series_set_values(series, name.c_str(), 3, column, last, column);
      chart_series_set_name_range(series, name.c_str(), 2, column);
    }
    const std::string title = Printable(of.caption, 200);
    chart_title_set_name(chart, title.c_str());
    if (of.kind == Chart::Kind::kBars) chart_axis_set_reverse(chart->y_axis);
    chart_legend_set_position(chart, LXW_CHART_LEGEND_BOTTOM);
    lxw_chart_options options{};
    options.x_scale = 1.6;
    options.y_scale = 1.3;
    Note(worksheet_insert_chart_opt(sheet, 2, static_cast<lxw_col_t>(table.columns.size() + 1),
                                    chart, &options));
  }

  const Document& document_;
  std::shared_ptr<const Catalogue> texts_;
  std::string path_;
  lxw_workbook* book_ = nullptr;
  lxw_format *title_ = nullptr, *section_ = nullptr, *header_ = nullptr, *text_ = nullptr,
             *count_ = nullptr, *real_ = nullptr, *percent_ = nullptr, *money_ = nullptr,
             *day_ = nullptr;
  std::set<std::string> names_;
  lxw_error failed_ = LXW_NO_ERROR;
};

}  // namespace

std::vector<NamedTable> TablesOf(const Document& document) {
  std::vector<NamedTable> out;
  for (const Section& section : document.sections) {
    for (const Block& block : section.blocks) {
      if (block.table) out.push_back({section.key, &*block.table, nullptr});
      if (block.chart) out.push_back({section.key, &block.chart->table, &*block.chart});
    }
  }
  return out;
}

Result<std::string> WorkbookOf(const Document& document) { return Workbook(document).Write(); }

Result<std::string> CsvZipOf(const Document& document) {
  std::vector<std::pair<std::string, std::string>> files{{"narrative.csv", NarrativeCsv(document)}};
  for (const NamedTable& named : TablesOf(document)) {
    const std::string of = named.table->view.empty() ? named.section : named.table->view;
    files.emplace_back(
        fmt::format("{:02}_{}_{}.csv", files.size(), FileStem(named.section), FileStem(of)),
        TableCsv(*named.table));
  }
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  if (target == nullptr) return Fail(Errc::kLocal, "no memory to write a zip into");
  zip_t* archive = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  if (archive == nullptr) {
    zip_source_free(target);
    return Fail(Errc::kLocal, "no memory to write a zip into");
  }
  zip_source_keep(target);
  std::string wrong;
  for (const auto& [name, content] : files) {
    zip_source_t* source = zip_source_buffer(archive, content.data(), content.size(), 0);
    const zip_int64_t at = zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (at < 0) {
      zip_source_free(source);
      wrong = zip_strerror(archive);
      break;
    }
    // A fixed time (1 January 1980, the first that a zip can name), so that bytes are the same.
    zip_file_set_dostime(archive, static_cast<zip_uint64_t>(at), 0, 0x21, 0);
  }
  if (!wrong.empty() || zip_close(archive) != 0) {
    if (wrong.empty()) wrong = zip_strerror(archive);
    zip_discard(archive);
    zip_source_free(target);
    return Fail(Errc::kLocal, "the zip cannot be written: " + wrong);
  }
  std::string out;
  if (zip_source_open(target) == 0) {
    char buffer[65536];
    for (zip_int64_t count; (count = zip_source_read(target, buffer, sizeof buffer)) > 0;) {
      out.append(buffer, static_cast<std::size_t>(count));
    }
    zip_source_close(target);
  }
  zip_source_free(target);
  if (out.empty()) return Fail(Errc::kLocal, "the zip cannot be read back");
  return out;
}

}  // namespace maxopt::report
