#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "app/lab/files.h"
#include "app/lab/lab.h"
#include "measure/anomaly/anomaly.h"

namespace maxopt::lab {
namespace {

namespace fs = std::filesystem;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return text;
}

/// Reads `digits` digits; -1 when they are not.
int Digits(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

/// "2014-04-01", "2014-04-01 00:05", with seconds, decimals, "T", "Z" or an offset. A stamp without
/// an offset is read as it stands: only differences and the time of day matter here.
std::optional<Instant> ParseStamp(std::string_view text) {
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  const int day = Digits(text, 8, 2);
  if (year < 0 || month < 0 || day < 0 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  Instant at = std::chrono::sys_days(date);
  if (text.size() == 10) return at;
  if (text[10] != ' ' && text[10] != 'T') return std::nullopt;
  const int hour = Digits(text, 11, 2);
  const int minute = Digits(text, 14, 2);
  if (hour < 0 || minute < 0 || hour > 23 || minute > 59 || text[13] != ':') return std::nullopt;
  at += std::chrono::hours(hour) + std::chrono::minutes(minute);
  std::size_t next = 16;
  if (next < text.size() && text[next] == ':') {
    const int second = Digits(text, next + 1, 2);
    if (second < 0 || second > 60) return std::nullopt;
    at += std::chrono::seconds(second);
    next += 3;
    if (next < text.size() && text[next] == '.') {
      std::int64_t scale = 100'000;
      std::size_t digits = 0;
      for (++next; next < text.size() && text[next] >= '0' && text[next] <= '9'; ++next, ++digits) {
        at += std::chrono::microseconds((text[next] - '0') * scale);
        scale /= 10;
      }
      if (digits == 0) return std::nullopt;
    }
  }
  if (next == text.size()) return at;
  if (text[next] == 'Z' && next + 1 == text.size()) return at;
  if (text[next] != '+' && text[next] != '-') return std::nullopt;
  const int hours = Digits(text, next + 1, 2);
  const bool colon = next + 3 < text.size() && text[next + 3] == ':';
  const std::size_t minutes_at = next + 3 + (colon ? 1 : 0);
  const int minutes = minutes_at == text.size() ? 0 : Digits(text, minutes_at, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  if (minutes_at != text.size() && minutes_at + 2 != text.size()) return std::nullopt;
  const auto offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return text[next] == '+' ? at - offset : at + offset;
}

bool SameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x) == y; });
}

enum class Cell { kNumber, kMissing, kWrong };
Cell ParseValue(std::string_view text, double& value) {
  if (text.empty()) return Cell::kMissing;
  if (text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range && end == text.data() + text.size()) {
    // Too large or too small for a double: at the edge it is just as odd.
    const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos ||
                      text.find_first_of("eE") == text.npos;
    value = tiny ? 0.0 : (text.front() == '-' ? -1e300 : 1e300);
    return Cell::kNumber;
  }
  if (error == std::errc() && end == text.data() + text.size() && text.front() != '+') {
    return std::isfinite(value) ? Cell::kNumber : Cell::kMissing;
  }
  for (const std::string_view word : {"nan", "na", "n/a", "null", "none"}) {
    if (SameWord(text, word)) return Cell::kMissing;
  }
  return Cell::kWrong;
}

std::string Shown(std::string_view cell) {
  std::string shown = "\"";
  for (const char c : cell.substr(0, 40)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 32 || byte == 127) {
      shown += fmt::format("\\x{:02X}", static_cast<unsigned>(byte));
    } else {
      shown += c;
    }
  }
  return shown + (cell.size() > 40 ? "...\"" : "\"");
}

std::unexpected<Error> At(const fs::path& file, std::size_t line, std::string_view what) {
  return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file.string(), line, what));
}

/// The scored file.
Result<std::string> Score(const fs::path& path, std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::string out = "timestamp,value,anomaly_score,alert\n";
  out.reserve(text.size() + text.size() / 2 + out.size());
  Detector detector;
  std::optional<std::size_t> time_column;
  std::optional<std::size_t> value_column;
  std::size_t columns = 0;
  std::size_t line = 0;
  std::vector<std::string_view> cells;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view row = text.substr(0, end);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    ++line;
    if (row.ends_with('\r')) row.remove_suffix(1);
    if (Trimmed(row).empty()) continue;
    cells.clear();
    for (std::size_t from = 0;;) {
      const std::size_t comma = row.find(',', from);
      cells.push_back(row.substr(from, comma == row.npos ? comma : comma - from));
      if (comma == row.npos) break;
      from = comma + 1;
    }
    if (!time_column) {
      columns = cells.size();
      for (std::size_t i = 0; i < cells.size(); ++i) {
        if (SameWord(Trimmed(cells[i]), "timestamp")) time_column = i;
        if (SameWord(Trimmed(cells[i]), "value")) value_column = i;
      }
      if (!time_column || !value_column) {
        return At(path, line, "the first line must name the columns timestamp and value");
      }
      continue;
    }
    if (cells.size() != columns) {
      return At(path, line, fmt::format("{} cells where the header has {}", cells.size(), columns));
    }
    const auto at = ParseStamp(Trimmed(cells[*time_column]));
    if (!at) {
      return At(path, line,
                fmt::format("timestamp {} is not a date and time like "
                            "2014-04-01 00:05:00",
                            Shown(cells[*time_column])));
    }
    double value = 0;
    const Cell cell = ParseValue(Trimmed(cells[*value_column]), value);
    if (cell == Cell::kWrong) {
      return At(path, line, fmt::format("value {} is not a number", Shown(cells[*value_column])));
    }
    const auto verdict =
        detector.Step(*at, cell == Cell::kNumber ? std::optional<double>(value) : std::nullopt);
    if (!verdict) return At(path, line, "timestamp " + verdict.error().what);
    out += cells[*time_column];
    out += ',';
    out += cells[*value_column];
    out += ',';
    std::array<char, 32> digits;
    const auto printed = std::to_chars(digits.data(), digits.data() + digits.size(), verdict->score,
                                       std::chars_format::fixed, 6);
    out.append(digits.data(), printed.ptr);
    out += verdict->alert ? ",1\n" : ",0\n";
  }
  if (!time_column) return At(path, 1, "the file is empty; it needs the columns timestamp,value");
  return out;
}

}  // namespace

Result<int> Anomalies(const AnomaliesArguments& arguments) {
  const fs::path in(arguments.in);
  const fs::path out(arguments.out);
  std::error_code error;
  if (!fs::is_directory(in, error)) {
    return Fail(Errc::kInvalidArgument, fmt::format("--in {} is not a folder", arguments.in));
  }
  std::vector<fs::path> files;
  for (auto it = fs::recursive_directory_iterator(in, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->path().extension() == ".csv" && it->is_regular_file(error)) {
      files.push_back(it->path());
    }
  }
  if (error) {
    return Fail(Errc::kLocal, fmt::format("{}: {}", arguments.in, error.message()));
  }
  if (files.empty()) {
    return Fail(Errc::kInvalidArgument, fmt::format("no .csv file below {}", arguments.in));
  }
  std::sort(files.begin(), files.end());
  std::string wrong;
  for (const fs::path& file : files) {
    const fs::path target = out / file.lexically_relative(in);
    const auto text = ReadWhole(file.string());
    auto scored = text ? Score(file, *text) : Result<std::string>(std::unexpected(text.error()));
    if (!scored) {
      wrong += (wrong.empty() ? "" : "\n") + scored.error().what;
      continue;
    }
    fs::create_directories(target.parent_path(), error);
    if (error) {
      return Fail(Errc::kLocal, fmt::format("{} cannot be made: {}", target.parent_path().string(),
                                            error.message()));
    }
    MAXOPT_CHECK(WriteWhole(target.string(), *scored));
  }
  if (!wrong.empty()) return Fail(Errc::kInvalidArgument, wrong);
  return 0;
}

}  // namespace maxopt::lab
