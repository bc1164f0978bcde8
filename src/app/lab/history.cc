#include "app/lab/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "app/lab/files.h"
#include "clock/clock.h"
#include "domain/harvest.h"
#include "sheet/sheet.h"

namespace maxopt::lab {
namespace {

struct Table {
  std::string file;
  std::vector<std::string> header;
  std::vector<sheet::CsvRecord> rows;

  std::optional<std::size_t> Find(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names) {
      for (std::size_t i = 0; i < header.size(); ++i) {
        if (header[i] == name) return i;
      }
    }
    return std::nullopt;
  }
  Result<std::size_t> Need(std::initializer_list<std::string_view> names,
                           std::string_view what) const {
    if (const auto at = Find(names)) return *at;
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}, line 1: there is no column {}; the header has {}", file, what,
                            fmt::join(header, ", ")));
  }
  std::unexpected<Error> Wrong(const sheet::CsvRecord& row, std::size_t column,
                               std::string_view why) const {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}, line {}, {}: {} {}", file, row.line, header[column],
                            sheet::ShownCell(row.cells[column]), why));
  }
};

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

Result<Table> ReadTable(const std::string& path) {
  MAXOPT_TRY(const std::string bytes, ReadWhole(path));
  auto text = sheet::DecodeText(bytes);
  if (!text) return FailWithin(path, text.error());
  auto rows = sheet::ParseCsv(*text, ',');
  if (!rows) return FailWithin(path, rows.error());
  if (rows->empty()) return Fail(Errc::kInvalidArgument, path + " is empty");
  Table table{path, {}, {}};
  for (const std::string& cell : rows->front().cells) {
    table.header.push_back(Lower(sheet::Trim(cell)));
  }
  rows->erase(rows->begin());
  for (const auto& row : *rows) {
    if (row.cells.size() == table.header.size()) continue;
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}, line {}: {} cells, the header has {}", path, row.line,
                            row.cells.size(), table.header.size()));
  }
  if (rows->empty()) {
    return Fail(Errc::kInvalidArgument, path + " has a header and no rows");
  }
  table.rows = *std::move(rows);
  return table;
}

std::optional<double> Number(std::string_view cell) {
  cell = sheet::Trim(cell);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}
/// Numbers, and yes or no as 1 and 0.
std::optional<double> Indicator(std::string_view cell) {
  if (const auto number = Number(cell)) return number;
  const std::string word = Lower(sheet::Trim(cell));
  if (word == "true" || word == "yes") return 1;
  if (word == "false" || word == "no") return 0;
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(const HistoryFiles& files) : files_(files) {}

  Result<History> Run() {
    MAXOPT_CHECK(ReadKpi());
    MAXOPT_CHECK(ReadCampaigns());
    if (!files_.experiments.empty()) MAXOPT_CHECK(ReadExperiments());
    return std::move(out_);
  }

 private:
  Result<> ReadKpi() {
    MAXOPT_TRY(const Table table, ReadTable(files_.kpi));
    MAXOPT_TRY(const std::size_t time_at, table.Need({"day", "week", "date"}, "day, week or date"));
    MAXOPT_TRY(const std::size_t revenue_at,
               table.Need({Lower(files_.kpi_column)}, files_.kpi_column));
    std::map<std::int64_t, const sheet::CsvRecord*> by_time;
    for (const auto& row : table.rows) {
      const auto time = ParseTime(row.cells[time_at]);
      if (!time) return table.Wrong(row, time_at, time.error().what);
      if (by_time.empty()) out_.dates = time->date;
      if (time->date != out_.dates) return table.Wrong(row, time_at, "mixes numbers and dates");
      if (!by_time.emplace(time->number, &row).second) {
        return table.Wrong(row, time_at, "comes twice");
      }
    }
    out_.first = by_time.begin()->first;
    out_.step = 1;
    if (by_time.size() > 1) {
      // The usual distance between rows; anything else is a gap.
      std::map<std::int64_t, int> distances;
      for (auto at = std::next(by_time.begin()); at != by_time.end(); ++at) {
        ++distances[at->first - std::prev(at)->first];
      }
      out_.step = std::max_element(distances.begin(), distances.end(), [](auto& a, auto& b) {
                    return a.second < b.second;
                  })->first;
    }
    const bool week_column = table.header[time_at] == "week";
    if (out_.step != 1 && out_.step != 7) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}: rows are {} apart; days (1) or weeks (7) are understood",
                              table.file, out_.step));
    }
    // Weeks that are counted 1, 2, 3.
    out_.data.period_days = out_.step == 7 || (week_column && !out_.dates) ? 7 : 1;
    if (out_.dates) {
      out_.data.first_day = std::chrono::sys_days(std::chrono::days(out_.first));
    }
    std::int64_t expected = out_.first;
    for (const auto& [time, row] : by_time) {
      if (time != expected) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("{}, line {}, {}: {} is missing before {}; a missing row is not "
                                "one without sales",
                                table.file, row->line, table.header[time_at], out_.Print(expected),
                                out_.Print(time)));
      }
      expected += out_.step;
      const auto revenue = Number(row->cells[revenue_at]);
      if (!revenue) return table.Wrong(*row, revenue_at, "is not a number");
      out_.data.revenue.push_back(*revenue);
    }
    for (std::size_t column = 0; column < table.header.size(); ++column) {
      if (column == time_at || column == revenue_at) continue;
      ResponseData::Control control{table.header[column], {}};
      std::string wrong;
      for (const auto& [time, row] : by_time) {
        const auto value = Indicator(row->cells[column]);
        if (!value) {
          wrong = fmt::format("line {}: {} is not a number", row->line,
                              sheet::ShownCell(row->cells[column]));
          break;
        }
        control.values.push_back(*value);
      }
      if (control.name == "orders" && wrong.empty()) orders_ = control.values;
      if (wrong.empty()) {
        out_.data.controls.push_back(std::move(control));
      } else {
        out_.notes.push_back(fmt::format("column {} of {} is not used: {}", table.header[column],
                                         table.file, wrong));
      }
    }
    return {};
  }

  Result<> ReadCampaigns() {
    MAXOPT_TRY(const Table table, ReadTable(files_.campaigns));
    MAXOPT_TRY(const std::size_t time_at, table.Need({"day", "week", "date"}, "day, week or date"));
    MAXOPT_TRY(const std::size_t id_at, table.Need({"campaign", "channel"}, "campaign or channel"));
    MAXOPT_TRY(const std::size_t spend_at, table.Need({"spend"}, "spend"));
    const auto revenue_at = table.Find({"platform_revenue"});
    const auto conversions_at = table.Find({"platform_conversions"});
    const auto claim_at = revenue_at ? revenue_at : conversions_at;
    struct Series {
      std::vector<double> spend, claimed;
    };
    std::map<std::string, Series> all;
    std::size_t outside = 0;
    double claims = 0;
    for (const auto& row : table.rows) {
      const auto time = ParseTime(row.cells[time_at]);
      if (!time) return table.Wrong(row, time_at, time.error().what);
      if (time->date != out_.dates) {
        return table.Wrong(row, time_at,
                           fmt::format("and the times of {} are of two kinds", files_.kpi));
      }
      const std::string id(sheet::Trim(row.cells[id_at]));
      if (id.empty()) return table.Wrong(row, id_at, "is no name");
      const auto spend = Number(row.cells[spend_at]);
      if (!spend || *spend < 0) return table.Wrong(row, spend_at, "is not an amount of 0 or more");
      Series& series = all[id];
      if (series.spend.empty()) {
        series.spend.assign(out_.rows(), 0.0);
        if (claim_at) series.claimed.assign(out_.rows(), std::nan(""));
      }
      const std::int64_t at = out_.RowOf(time->number);
      std::optional<double> claimed;
      if (claim_at && !sheet::Trim(row.cells[*claim_at]).empty()) {
        claimed = Number(row.cells[*claim_at]);
        if (!claimed || *claimed < 0) {
          return table.Wrong(row, *claim_at, "is not a number of 0 or more");
        }
      }
      if (at < 0 || at >= static_cast<std::int64_t>(out_.rows())) {
        ++outside;
        continue;
      }
      const auto t = static_cast<std::size_t>(at);
      series.spend[t] += *spend;
      if (claimed) {
        series.claimed[t] = (std::isnan(series.claimed[t]) ? 0 : series.claimed[t]) + *claimed;
        claims += *claimed;
      }
    }
    if (outside > 0) {
      out_.notes.push_back(fmt::format("{} rows of {} lie outside the times of {}", outside,
                                       files_.campaigns, files_.kpi));
    }
    // Claimed conversions alone are worth a mean order; without orders, all of them together are
    // taken for six tenths of revenue, so that only their differences speak.
    double value = 1;
    if (!revenue_at && conversions_at) {
      const double revenue =
          std::accumulate(out_.data.revenue.begin(), out_.data.revenue.end(), 0.0);
      const double orders = std::accumulate(orders_.begin(), orders_.end(), 0.0);
      value = orders > 0 ? revenue / orders : claims > 0 ? 0.6 * revenue / claims : 1;
      value = std::max(value, 0.0);
    }
    for (auto& [id, series] : all) {
      for (std::size_t t = 0; t < series.claimed.size(); ++t) {
        // No row, no spend: nothing is claimed either.
        if (std::isnan(series.claimed[t]) && series.spend[t] <= 0) series.claimed[t] = 0;
        series.claimed[t] *= value;
      }
      out_.data.channels.push_back(
          {id, std::move(series.spend), std::move(series.claimed), Harvests(id)});
    }
    return {};
  }

  Result<> ReadExperiments() {
    MAXOPT_TRY(const Table table, ReadTable(files_.experiments));
    MAXOPT_TRY(const std::size_t id_at, table.Need({"campaign", "channel"}, "campaign or channel"));
    MAXOPT_TRY(const std::size_t start_at, table.Need({"start"}, "start"));
    MAXOPT_TRY(const std::size_t end_at, table.Need({"end"}, "end"));
    MAXOPT_TRY(const std::size_t lift_at, table.Need({"lift_revenue"}, "lift_revenue"));
    MAXOPT_TRY(const std::size_t se_at, table.Need({"se"}, "se"));
    const auto spend_at = table.Find({"spend"});
    for (const auto& row : table.rows) {
      ResponseData::Lift lift;
      lift.channel = std::string(sheet::Trim(row.cells[id_at]));
      const auto known = std::find_if(out_.data.channels.begin(), out_.data.channels.end(),
                                      [&](const auto& c) { return c.id == lift.channel; });
      if (known == out_.data.channels.end()) {
        return table.Wrong(row, id_at, "is no campaign of " + files_.campaigns);
      }
      std::int64_t rows[2];
      for (const bool end : {false, true}) {
        const std::size_t at = end ? end_at : start_at;
        const auto time = ParseTime(row.cells[at]);
        if (!time) return table.Wrong(row, at, time.error().what);
        if (time->date != out_.dates) return table.Wrong(row, at, "is a time of another kind");
        rows[end ? 1 : 0] = out_.RowOf(time->number);
      }
      if (rows[0] > rows[1]) return table.Wrong(row, end_at, "lies before the start");
      const auto revenue = Number(row.cells[lift_at]);
      if (!revenue) return table.Wrong(row, lift_at, "is not a number");
      const auto se = Number(row.cells[se_at]);
      if (!se || *se <= 0) return table.Wrong(row, se_at, "is not a number above 0");
      lift.revenue = *revenue;
      lift.se = *se;
      if (spend_at && !sheet::Trim(row.cells[*spend_at]).empty()) {
        const auto spend = Number(row.cells[*spend_at]);
        if (!spend || *spend <= 0) return table.Wrong(row, *spend_at, "is not an amount above 0");
        lift.spend = *spend;
      }
      if (rows[0] < 0 || rows[1] >= static_cast<std::int64_t>(out_.rows())) {
        out_.notes.push_back(fmt::format(
            "the experiment of {}, line {}, is not used: it lies outside the times of {}",
            table.file, row.line, files_.kpi));
        continue;
      }
      lift.first = static_cast<std::size_t>(rows[0]);
      lift.last = static_cast<std::size_t>(rows[1]);
      out_.data.lifts.push_back(std::move(lift));
    }
    return {};
  }

  const HistoryFiles& files_;
  History out_;
  std::vector<double> orders_;
};

}  // namespace

Result<TimeValue> ParseTime(const std::string& text) {
  const std::string_view cell = sheet::Trim(text);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  if (error == std::errc() && end == cell.data() + cell.size()) {
    if (std::abs(number) > 100'000'000) {
      return Fail(Errc::kInvalidArgument, "is no day; a number of days or a date is");
    }
    return TimeValue{number, false};
  }
  if (cell.size() >= 10 && (cell.size() == 10 || cell[10] == ' ' || cell[10] == 'T')) {
    if (const auto day = ParseDay(std::string(cell.substr(0, 10)))) {
      return TimeValue{day->time_since_epoch().count(), true};
    }
  }
  return Fail(Errc::kInvalidArgument, "is neither a whole number nor a date such as 2026-03-01");
}

std::int64_t History::RowOf(std::int64_t time) const {
  const std::int64_t off = time - first;
  return off >= 0 ? off / step : -((-off + step - 1) / step);
}

std::string History::Print(std::int64_t time) const {
  return dates ? PrintDay(Day(std::chrono::days(time))) : fmt::format("{}", time);
}

Result<History> ReadHistory(const HistoryFiles& files) { return Reader(files).Run(); }

double Digits12(double value) {
  const std::string text = fmt::format("{:.12g}", value);
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

nlohmann::ordered_json IntervalJson(const Interval& i) {
  return {{"mean", Digits12(i.mean)},
          {"low50", Digits12(i.low50)},
          {"high50", Digits12(i.high50)},
          {"low90", Digits12(i.low90)},
          {"high90", Digits12(i.high90)}};
}

}  // namespace maxopt::lab
