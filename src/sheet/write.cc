#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>

#include "sheet/sheet.h"

namespace maxopt::sheet {
namespace {

/// What spreadsheet programs take for the beginning of a formula.
bool LooksLikeFormula(std::string_view text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
}

/// Spreadsheets keep 15 digits of a number.
bool FitsNumber(std::string_view text) {
  const auto digits = std::count_if(text.begin(), text.end(), [](char c) { return c != '.'; });
  return !text.empty() && digits <= 15 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == '.';
  });
}

/// A file in memory that has a path.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("workbook", MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (fd_ >= 0) close(fd_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  bool open() const { return fd_ >= 0; }
  std::string path() const { return fmt::format("/proc/self/fd/{}", fd_); }
  std::string Content() const {
    std::string out;
    char buffer[65536];
    off_t at = 0;
    for (;;) {
      const ssize_t count = pread(fd_, buffer, sizeof buffer, at);
      if (count <= 0) break;
      out.append(buffer, static_cast<std::size_t>(count));
      at += count;
    }
    return out;
  }

 private:
  int fd_;
};

/// A workbook's number formats, each made once.
class Formats {
 public:
  explicit Formats(lxw_workbook* workbook) : workbook_(workbook) {}
  lxw_format* Of(const std::string& format) {
    lxw_format*& made = made_[format];
    if (made == nullptr) {
      made = workbook_add_format(workbook_);
      format_set_num_format(made, format.c_str());
    }
    return made;
  }

 private:
  lxw_workbook* workbook_;
  std::map<std::string, lxw_format*> made_;
};

lxw_error WriteCell(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column, const OutCell& cell,
                    lxw_format* text, lxw_format* day, Formats& formats) {
  if (cell.text.empty()) return LXW_NO_ERROR;
  int year = 0;
  int month = 0;
  int date = 0;
  if (cell.kind == OutCell::Kind::kDay && cell.text.size() == 10) {
    std::from_chars(cell.text.data(), cell.text.data() + 4, year);
    std::from_chars(cell.text.data() + 5, cell.text.data() + 7, month);
    std::from_chars(cell.text.data() + 8, cell.text.data() + 10, date);
    lxw_datetime at{year, month, date, 0, 0, 0};
    return worksheet_write_datetime(sheet, row, column, &at, day);
  }
  if (cell.kind == OutCell::Kind::kNumber && cell.format.empty() && FitsNumber(cell.text)) {
    double number = 0;
    std::from_chars(cell.text.data(), cell.text.data() + cell.text.size(), number);
    return worksheet_write_number(sheet, row, column, number, nullptr);
  }
  if (cell.kind == OutCell::Kind::kNumber && !cell.format.empty()) {
    double number = 0;
    const char* end = cell.text.data() + cell.text.size();
    const auto read = std::from_chars(cell.text.data(), end, number);
    if (read.ec == std::errc() && read.ptr == end && std::isfinite(number)) {
      return worksheet_write_number(sheet, row, column, number, formats.Of(cell.format));
    }
  }
  return worksheet_write_string(sheet, row, column, cell.text.c_str(), text);
}

}  // namespace

std::string WriteCsv(const std::vector<std::vector<OutCell>>& rows) {
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (column > 0) out += ',';
      std::string text = row[column].text;
      // A text that is like a guarded one is guarded as well, so that it reads back.
      if (LooksLikeFormula(text.substr(std::min(text.find_first_not_of('\''), text.size())))) {
        text.insert(0, "'");
      }
      if (text.find_first_of(",\"\n\r;\t") == std::string::npos && text == Trim(text)) {
        out += text;
        continue;
      }
      out += '"';
      for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
      }
      out += '"';
    }
    out += '\n';
  }
  return out;
}

std::string_view Unguarded(std::string_view cell) {
  if (cell.size() > 1 && cell.front() == '\'') {
    // As many apostrophes as there are, one is ours when a formula's mark comes behind them.
    const std::size_t mark = cell.find_first_not_of('\'');
    if (mark != std::string_view::npos && LooksLikeFormula(cell.substr(mark))) {
      return cell.substr(1);
    }
  }
  return cell;
}

Result<std::string> WriteXlsx(const std::vector<OutSheet>& sheets) {
  const MemoryFile file;
  if (!file.open()) return Fail(Errc::kLocal, "no memory to write a workbook into");
  const std::string path = file.path();
  lxw_workbook* workbook = workbook_new(path.c_str());
  if (workbook == nullptr) return Fail(Errc::kLocal, "no memory to write a workbook into");
  // A fixed time: the same sheets are the same bytes.
  lxw_doc_properties properties{};
  properties.created = 1'767'225'600;
  workbook_set_properties(workbook, &properties);
  lxw_format* header = workbook_add_format(workbook);
  format_set_bold(header);
  format_set_text_wrap(header);
  lxw_format* text = workbook_add_format(workbook);
  format_set_text_wrap(text);
  format_set_num_format(text, "@");
  lxw_format* day = workbook_add_format(workbook);
  format_set_num_format(day, "yyyy-mm-dd");
  Formats formats(workbook);

  std::string wrong;
  for (const OutSheet& out : sheets) {
    lxw_worksheet* sheet = workbook_add_worksheet(workbook, out.name.c_str());
    if (sheet == nullptr) {
      wrong = fmt::format("a sheet cannot be called {}", ShownCell(out.name));
      break;
    }
    worksheet_freeze_panes(sheet, 1, 0);
    std::size_t columns = 0;
    for (std::size_t row = 0; row < out.rows.size() && wrong.empty(); ++row) {
      columns = std::max(columns, out.rows[row].size());
      for (std::size_t column = 0; column < out.rows[row].size(); ++column) {
        const lxw_error error =
            WriteCell(sheet, static_cast<lxw_row_t>(row), static_cast<lxw_col_t>(column),
                      out.rows[row][column], row == 0 ? header : text, day, formats);
        if (error == LXW_NO_ERROR) continue;
        wrong = fmt::format("sheet {}, cell {}: {}", ShownCell(out.name), CellName(column, row + 1),
                            lxw_strerror(error));
        break;
      }
    }
    if (columns > 0) {
      worksheet_set_column(sheet, 0, static_cast<lxw_col_t>(columns - 1), 22, nullptr);
    }
  }
  const lxw_error closed = workbook_close(workbook);
  if (!wrong.empty()) return Fail(Errc::kInvalidArgument, wrong);
  if (closed != LXW_NO_ERROR) return Fail(Errc::kLocal, lxw_strerror(closed));
  return file.Content();
}

}  // namespace maxopt::sheet
