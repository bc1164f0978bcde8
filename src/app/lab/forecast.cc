// lab forecast: a series of any even grain, continued with intervals.
#include "measure/forecast/forecast.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <sstream>
#include <utility>

#include "app/lab/files.h"
#include "app/lab/lab.h"

namespace maxopt::lab {
namespace {

/// How the file writes its times; the answer is written the same way.
enum class Form { kInteger, kDay, kSpace, kSpaceMinutes, kT, kTZ };

struct Stamp {
  LocalTime time;
  Form form;
};

Result<Stamp> ParseStamp(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  if (const auto [at, error] = std::from_chars(text.data(), end, number);
      error == std::errc() && at == end && std::abs(number) < 1'000'000'000'000) {
    return Stamp{LocalTime(std::chrono::seconds(number)), Form::kInteger};
  }
  if (text.size() == 10) {
    MAXOPT_TRY(const Day day, ParseDay(text));
    return Stamp{LocalTime(day), Form::kDay};
  }
  std::string local = text;
  Form form = Form::kSpace;
  if (local.size() > 10 && local[10] == 'T') local[10] = ' ', form = Form::kT;
  if (!local.empty() && local.back() == 'Z') {
    local.pop_back();
    form = Form::kTZ;
  }
  if (local.size() == 16) {
    local += ":00";
    if (form == Form::kSpace) form = Form::kSpaceMinutes;
  }
  MAXOPT_TRY(const LocalTime time, ParseLocal(local));
  return Stamp{time, form};
}

std::string Print(LocalTime time, Form form) {
  if (form == Form::kInteger) return fmt::format("{}", time.time_since_epoch().count());
  std::string text = PrintLocal(time);
  switch (form) {
    case Form::kDay:
      // A step shorter than a day cannot come from days alone.
      return text.substr(0, 10);
    case Form::kSpaceMinutes:
      return text.substr(0, 16);
    case Form::kT:
      text[10] = 'T';
      return text;
    case Form::kTZ:
      text[10] = 'T';
      return text + "Z";
    case Form::kInteger:
    case Form::kSpace:
      return text;
  }
  Bug();
}

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r' || text.back() == '\t')) {
    text.pop_back();
  }
  const std::size_t first = text.find_first_not_of(" \t");
  text = first == std::string::npos ? std::string() : text.substr(first);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return text;
}

std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');) cells.push_back(Trimmed(cell));
  if (!line.empty() && line.back() == ',') cells.emplace_back();
  return cells;
}

}  // namespace

Result<int> ForecastFile(const ForecastArguments& arguments) {
  MAXOPT_TRY(std::string text, ReadWhole(arguments.series));
  std::istringstream in(std::move(text));
  std::string line;
  std::getline(in, line);
  if (line.starts_with("\xEF\xBB\xBF")) line = line.substr(3);
  const std::vector<std::string> header = Cells(line);
  std::size_t time_at = header.size(), value_at = header.size();
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i] == "timestamp") time_at = i;
    if (header[i] == "value") value_at = i;
  }
  if (time_at == header.size() || value_at == header.size()) {
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("{}, line 1: columns timestamp and value are needed", arguments.series));
  }
  std::vector<TimedValue> values;
  std::optional<Form> form;
  LocalTime newest{};
  for (std::size_t number = 2; std::getline(in, line); ++number) {
    if (Trimmed(line).empty()) continue;
    const auto wrong = [&](const std::string& what) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}, line {}: {}", arguments.series, number, what));
    };
    const std::vector<std::string> cells = Cells(line);
    if (cells.size() != header.size()) {
      return wrong(fmt::format("{} cells, the header has {}", cells.size(), header.size()));
    }
    const auto stamp = ParseStamp(cells[time_at]);
    if (!stamp) return wrong(stamp.error().what);
    if (form && *form != stamp->form &&
        (*form == Form::kInteger || stamp->form == Form::kInteger)) {
      return wrong("numbers and dates as timestamps in one file");
    }
    if (!form || *form == Form::kDay) form = stamp->form;
    newest = std::max(newest, stamp->time);
    const std::string& text = cells[value_at];
    if (text.empty()) continue;  // a gap
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
      return wrong(fmt::format("\"{}\" is not a number", text.substr(0, 40)));
    }
    values.push_back({stamp->time, value});
  }
  auto grid = MakeTimeGrid(std::move(values));
  if (!grid) return FailWithin(arguments.series, grid.error());
  // Gaps at the end count: what is forecast comes after the last line.
  while (grid->At(static_cast<std::int64_t>(grid->values.size())) <= newest) {
    grid->values.emplace_back(std::nullopt);
  }
  // A number says nothing of days and weeks.
  const std::vector<int> periods = form == Form::kInteger ? std::vector<int>{7} : grid->Periods();
  const auto forecast =
      ForecastSeries(grid->values, arguments.horizon, {.periods = periods, .seed = arguments.seed});
  if (!forecast) return FailWithin(arguments.series, forecast.error());
  std::string out = "timestamp,mean,low80,high80,low95,high95\n";
  for (std::size_t h = 0; h < forecast->points.size(); ++h) {
    const ForecastPoint& p = forecast->points[h];
    out += fmt::format("{},{:.10g},{:.10g},{:.10g},{:.10g},{:.10g}\n",
                       Print(grid->At(static_cast<std::int64_t>(grid->values.size() + h)), *form),
                       p.mean, p.low80, p.high80, p.low95, p.high95);
  }
  MAXOPT_CHECK(WriteWhole(arguments.out, out));
  return 0;
}

}  // namespace maxopt::lab
