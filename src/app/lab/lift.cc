// lab lift: what a test brought, one series against itself, and the design of a test.
#include "measure/lift/lift.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/lab/files.h"
#include "app/lab/lab.h"
#include "clock/clock.h"
#include "decide/experiments/experiments.h"
#include "sheet/sheet.h"

namespace maxopt::lab {
namespace {

using Json = nlohmann::json;

std::unexpected<Error> Wrong(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

std::string Lower(std::string_view text) {
  std::string out(sheet::Trim(text));
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// A CSV with a header; errors name file, line and column.
struct Table {
  std::string name;
  std::vector<std::string> header;  ///< as it is written
  std::vector<sheet::CsvRecord> rows;

  static Result<Table> Read(std::string_view text, const std::string& name) {
    auto decoded = sheet::DecodeText(text);
    if (!decoded) return FailWithin(name, decoded.error());
    auto records = sheet::ParseCsv(*decoded, ',');
    if (!records) return FailWithin(name, records.error());
    if (records->empty()) return Wrong(name + ": is empty; a header and rows are needed");
    Table out{name, {}, {}};
    std::set<std::string> seen;
    for (const std::string& cell : records->front().cells) {
      out.header.emplace_back(sheet::Trim(cell));
      if (!out.header.back().empty() && !seen.insert(Lower(cell)).second) {
        return Wrong(fmt::format("{}, line {}: column {} comes twice", name, records->front().line,
                                 sheet::ShownCell(cell)));
      }
    }
    out.rows.assign(std::make_move_iterator(records->begin() + 1),
                    std::make_move_iterator(records->end()));
    for (const sheet::CsvRecord& row : out.rows) {
      if (row.cells.size() != out.header.size()) {
        return Wrong(fmt::format("{}, line {}: {} cells, the header has {}", name, row.line,
                                 row.cells.size(), out.header.size()));
      }
    }
    if (out.rows.empty()) return Wrong(name + ": has a header but no rows");
    return out;
  }
  std::optional<std::size_t> Column(std::initializer_list<const char*> names) const {
    for (const char* wanted : names) {
      for (std::size_t i = 0; i < header.size(); ++i) {
        if (Lower(header[i]) == wanted) return i;
      }
    }
    return std::nullopt;
  }
  std::string_view Cell(const sheet::CsvRecord& row, std::size_t column) const {
    return sheet::Trim(row.cells[column]);
  }
  std::unexpected<Error> Bad(const sheet::CsvRecord& row, std::size_t column,
                             std::string_view what) const {
    return Wrong(fmt::format("{}, line {}, {}: {} {}", name, row.line, header[column],
                             sheet::ShownCell(row.cells[column]), what));
  }
  /// Absent where the cell is empty.
  Result<std::optional<double>> Number(const sheet::CsvRecord& row, std::size_t column) const {
    const std::string_view text = Cell(row, column);
    if (text.empty()) return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
      return Bad(row, column, "is not a number");
    }
    return value;
  }
};

struct When {
  std::int64_t day;
  bool number;
};
/// A date (a time of day behind it is not looked at) or a whole number.
Result<When> ReadDay(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() &&
      std::abs(number) < 1'000'000'000'000) {
    return When{number, true};
  }
  if (text.size() > 10 && (text[10] == 'T' || text[10] == ' ')) text = text.substr(0, 10);
  const auto day = ParseDay(text);
  if (!day) return Wrong("is neither a date (2026-03-01) nor a whole number");
  return When{day->time_since_epoch().count(), false};
}
Result<When> ReadDayFlag(const char* flag, std::string_view text) {
  auto when = ReadDay(text);
  if (!when) return Wrong(fmt::format("{} \"{}\" {}", flag, text, when.error().what));
  return when;
}

std::string Number(double value) {
  return std::isfinite(value) ? fmt::format("{:.12g}", value + 0.0) : "null";
}
std::string Number(const std::optional<double>& value) { return value ? Number(*value) : "null"; }
std::string Text(std::string_view text) {
  return Json(std::string(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}
std::string Numbers(const std::vector<std::pair<std::string, double>>& values) {
  std::string out;
  for (const auto& [name, value] : values) {
    out += fmt::format("{}\n    {}: {}", out.empty() ? "" : ",", Text(name), Number(value));
  }
  return out.empty() ? "{}" : "{" + out + "\n  }";
}
std::string PrintEstimates(const Estimate& att, const Estimate& lift, const Estimate& incremental,
                           double p_value) {
  return fmt::format(
      "  \"att\": {},\n  \"att_low\": {},\n  \"att_high\": {},\n  \"lift\": {},\n  \"lift_low\": "
      "{},\n  \"lift_high\": {},\n  \"incremental\": {},\n  \"incremental_low\": {},\n  "
      "\"incremental_high\": {},\n  \"p_value\": {},\n",
      Number(att.value), Number(att.low), Number(att.high), Number(lift.value), Number(lift.low),
      Number(lift.high), Number(incremental.value), Number(incremental.low),
      Number(incremental.high), Number(p_value));
}
std::string PrintPreFit(const LiftAnswer::PreFit& fit) {
  return fmt::format(
      "  \"pre_fit\": {{\"days\": {}, \"r_squared\": {}, \"rmse\": {}, \"mape\": {}, "
      "\"autocorrelation\": {}, \"weekday_pattern\": {}}},\n",
      fit.days, Number(fit.r_squared), Number(fit.rmse), Number(fit.mape),
      Number(fit.autocorrelation), fit.weekday_pattern);
}

/// The geos of a panel by name, with what the file says of groups and periods.
struct ReadPanel {
  GeoPanel panel;
  bool days_are_numbers = false;
  bool has_group = false, has_period = false;
};

Result<ReadPanel> ReadPanelFile(std::string_view text, const std::string& name) {
  MAXOPT_TRY(const Table table, Table::Read(text, name));
  const auto day = table.Column({"day", "date"}), geo = table.Column({"geo"});
  const auto sales = table.Column({"sales", "y"}), spend = table.Column({"spend"});
  const auto group = table.Column({"group"}), period = table.Column({"period"});
  const auto missing = [&](const char* what) {
    return Wrong(fmt::format("{}, line 1: a column {} is needed", name, what));
  };
  if (!day) return missing("day or date");
  if (!geo) return missing("geo");
  if (!sales) return missing("sales or y");
  struct Cell {
    std::optional<double> sales, spend;
    std::size_t line;
  };
  struct Geo {
    std::map<std::int64_t, Cell> cells;
    std::string group;
    std::size_t line = 0;
  };
  std::map<std::string, Geo, std::less<>> geos;
  struct Labelled {
    TestPeriod period;
    std::size_t line;
  };
  std::map<std::int64_t, Labelled> days;
  std::optional<bool> numbers;
  for (const sheet::CsvRecord& row : table.rows) {
    const std::string geo_name(table.Cell(row, *geo));
    if (geo_name.empty()) return table.Bad(row, *geo, "is no name of a geo");
    const auto when = ReadDay(table.Cell(row, *day));
    if (!when) return table.Bad(row, *day, when.error().what);
    if (numbers && *numbers != when->number) {
      return table.Bad(row, *day, "stands among days of another form");
    }
    numbers = when->number;
    Cell cell{std::nullopt, std::nullopt, row.line};
    MAXOPT_TRY(cell.sales, table.Number(row, *sales));
    if (spend) {
      MAXOPT_TRY(cell.spend, table.Number(row, *spend));
    }
    Geo& entry = geos[geo_name];
    if (const auto [at, added] = entry.cells.emplace(when->day, cell); !added) {
      return table.Bad(row, *geo, fmt::format("has this day in line {} already", at->second.line));
    }
    if (group) {
      const std::string label = Lower(table.Cell(row, *group));
      if (label != "treatment" && label != "control" && !label.empty()) {
        return table.Bad(row, *group, "must be treatment or control (empty: not in the test)");
      }
      if (entry.line != 0 && label != entry.group) {
        return table.Bad(row, *group,
                         fmt::format("is not what line {} says of this geo", entry.line));
      }
      entry.group = label;
    }
    if (entry.line == 0) entry.line = row.line;
    TestPeriod of_day = TestPeriod::kOutside;
    if (period) {
      const std::string label = Lower(table.Cell(row, *period));
      if (label == "pre")
        of_day = TestPeriod::kPre;
      else if (label == "test")
        of_day = TestPeriod::kTest;
      else if (label == "cooldown")
        of_day = TestPeriod::kCooldown;
      else if (!label.empty()) {
        return table.Bad(row, *period, "must be pre, test or cooldown (empty: not looked at)");
      }
    }
    const auto [at, added] = days.emplace(when->day, Labelled{of_day, row.line});
    if (!added && at->second.period != of_day) {
      return table.Bad(row, *period,
                       fmt::format("is not what line {} says of this day", at->second.line));
    }
  }
  ReadPanel out;
  out.days_are_numbers = *numbers;
  out.has_group = group.has_value(), out.has_period = period.has_value();
  for (const auto& [when, label] : days) {
    out.panel.days.push_back(when);
    out.panel.periods.push_back(label.period);
  }
  for (auto& [geo_name, entry] : geos) {
    if (group && entry.group.empty()) continue;
    GeoPanel::Geo& to = out.panel.geos.emplace_back();
    to.name = geo_name;
    to.treated = entry.group == "treatment";
    to.sales.reserve(days.size());
    for (const std::int64_t when : out.panel.days) {
      const auto at = entry.cells.find(when);
      to.sales.push_back(at == entry.cells.end() ? std::nullopt : at->second.sales);
      if (spend) to.spend.push_back(at == entry.cells.end() ? std::nullopt : at->second.spend);
    }
  }
  return out;
}

Result<std::string> AnswerPanel(const LiftArguments& arguments, std::string_view text,
                                const std::string& name) {
  LiftSetting setting;
  MAXOPT_TRY(setting.method, FindLiftMethod(arguments.method));
  setting.level = arguments.level;
  MAXOPT_TRY(ReadPanel read, ReadPanelFile(text, name));
  GeoPanel& panel = read.panel;
  if (!arguments.treated.empty()) {
    std::set<std::string, std::less<>> wanted;
    std::string_view left = arguments.treated;
    const auto known = [&](std::string_view geo) {
      return std::any_of(panel.geos.begin(), panel.geos.end(),
                         [&](const GeoPanel::Geo& g) { return g.name == geo; });
    };
    if (known(left)) {
      wanted.emplace(left);  // a name that has a comma in it
    } else {
      while (!left.empty()) {
        const std::size_t comma = left.find(',');
        const std::string_view one = sheet::Trim(left.substr(0, comma));
        left = comma == std::string_view::npos ? std::string_view() : left.substr(comma + 1);
        if (one.empty()) continue;
        if (!known(one)) {
          return Wrong(fmt::format("--treated: {} has no geo \"{}\"", name, one));
        }
        wanted.emplace(one);
      }
    }
    for (GeoPanel::Geo& geo : panel.geos) geo.treated = wanted.contains(geo.name);
  } else if (!read.has_group) {
    return Wrong(name + ": which geos are treated? --treated a,b or a column group is needed");
  }
  std::optional<std::int64_t> ends;
  if (!arguments.start.empty() || !arguments.end.empty()) {
    if (arguments.start.empty() || arguments.end.empty()) {
      return Wrong("--start and --end are needed together");
    }
    MAXOPT_TRY(const When start, ReadDayFlag("--start", arguments.start));
    MAXOPT_TRY(const When end, ReadDayFlag("--end", arguments.end));
    if (start.number != read.days_are_numbers || end.number != read.days_are_numbers) {
      return Wrong(fmt::format("--start and --end must be {} as the days of {} are",
                               read.days_are_numbers ? "whole numbers" : "dates", name));
    }
    if (end.day < start.day) return Wrong("--end lies before --start");
    ends = end.day;
    if (arguments.cooldown < 0) return Wrong("--cooldown must be 0 or more days");
    for (std::size_t i = 0; i < panel.days.size(); ++i) {
      const std::int64_t day = panel.days[i];
      panel.periods[i] = day < start.day                       ? TestPeriod::kPre
                         : day <= end.day                      ? TestPeriod::kTest
                         : day <= end.day + arguments.cooldown ? TestPeriod::kCooldown
                                                               : TestPeriod::kOutside;
    }
  } else if (!read.has_period) {
    return Wrong(name + ": when was the test? --start and --end or a column period is needed");
  }
  auto measured = MeasureLift(panel, setting);
  if (!measured) return FailWithin(name, measured.error());
  if (ends && *ends > panel.days.back()) {
    measured->notes.push_back(
        fmt::format("the test ends on {}, the data on {}: what is told is of the days until then",
                    arguments.end,
                    read.days_are_numbers ? std::to_string(panel.days.back())
                                          : PrintDay(Day(std::chrono::days(panel.days.back())))));
  }
  const LiftAnswer& a = *measured;
  std::string notes;
  for (const std::string& note : a.notes) {
    notes += fmt::format("{}{}", notes.empty() ? "" : ", ", Text(note));
  }
  return fmt::format(
      "{{\n{}  \"iroas\": {},\n  \"iroas_low\": {},\n  \"iroas_high\": {},\n  "
      "\"incremental_spend\": {},\n  \"method\": {},\n  \"variant\": {},\n  \"level\": {},\n  "
      "\"weights\": {},\n  \"weights_of\": {},\n{}  \"placebo\": {{\"geos\": {}, \"spread\": {}, "
      "\"p_space\": {}, \"windows\": {}, \"p_time\": {}, \"inflation\": {}}},\n  \"notes\": "
      "[{}]\n}}\n",
      PrintEstimates(a.att, a.lift, a.incremental, a.p_value),
      a.iroas ? Number(a.iroas->value) : "null", a.iroas ? Number(a.iroas->low) : "null",
      a.iroas ? Number(a.iroas->high) : "null", a.iroas ? Number(a.incremental_spend) : "null",
      Text(LiftMethodName(a.method)), Text(a.variant), Number(arguments.level), Numbers(a.weights),
      Text(a.weights_of), PrintPreFit(a.pre_fit), a.placebo.geos, Number(a.placebo.spread),
      Number(a.placebo.p_space), a.placebo.windows, Number(a.placebo.p_time),
      Number(a.placebo.inflation), notes);
}

Result<std::string> AnswerSeries(const LiftArguments& arguments, std::string_view text,
                                 const std::string& name) {
  MAXOPT_TRY(const Table table, Table::Read(text, name));
  const auto y = table.Column({"y"});
  if (!y) return Wrong(fmt::format("{}, line 1: a column y is needed", name));
  const auto time = table.Column({"day", "date", "week", "timestamp", "time"});
  // By time where there is one, else as the rows stand.
  std::vector<std::pair<std::int64_t, const sheet::CsvRecord*>> rows;
  std::optional<bool> numbers;
  for (const sheet::CsvRecord& row : table.rows) {
    std::int64_t at = static_cast<std::int64_t>(rows.size());
    if (time) {
      const auto when = ReadDay(table.Cell(row, *time));
      if (!when) return table.Bad(row, *time, when.error().what);
      if (numbers && *numbers != when->number) {
        return table.Bad(row, *time, "stands among days of another form");
      }
      numbers = when->number;
      at = when->day;
    }
    rows.emplace_back(at, &row);
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  LiftSeries series;
  std::vector<std::size_t> columns;
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    if (c == *y || (time && c == *time)) continue;
    columns.push_back(c);
  }
  // By name, so that the order of the columns changes nothing.
  std::sort(columns.begin(), columns.end(),
            [&](std::size_t a, std::size_t b) { return table.header[a] < table.header[b]; });
  for (const std::size_t c : columns) series.covariates.push_back({table.header[c], {}});
  std::int64_t step = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& [at, row] = rows[i];
    if (time && i > 0) {
      const std::int64_t now = at - rows[i - 1].first;
      if (now == 0) return table.Bad(*row, *time, "comes twice");
      if (step == 0) step = now;
      if (now != step) return table.Bad(*row, *time, "does not follow evenly on the one before");
    }
    MAXOPT_TRY(const auto value, table.Number(*row, *y));
    if (!value) return table.Bad(*row, *y, "is no number; the series may have no gaps");
    series.y.push_back(*value);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      MAXOPT_TRY(const auto covariate, table.Number(*row, columns[c]));
      if (!covariate)
        return table.Bad(*row, columns[c], "is no number; covariates may have no gaps");
      series.covariates[c].values.push_back(*covariate);
    }
  }
  // Without dates, or by day, a season of seven steps is tried; weeks have none.
  if (time && (step != 1 || Lower(table.header[*time]) == "week")) series.season = 0;
  MAXOPT_TRY(const When from, ReadDayFlag("--from", arguments.from));
  if (!time && !from.number)
    return Wrong("--from is a date, but " + name + " has no column of days");
  if (time && !from.number && *numbers) {
    return Wrong("--from is a date, but the days of " + name + " are whole numbers");
  }
  if (from.number && from.day < 0) return Wrong("--from must be 0 or more");
  if (time && from.number == *numbers) {
    while (series.from < rows.size() && rows[series.from].first < from.day) ++series.from;
  } else {
    series.from = static_cast<std::size_t>(from.day);
  }
  const auto measured = MeasureSeries(series, {.level = arguments.level, .seed = arguments.seed});
  if (!measured) return FailWithin(name, measured.error());
  const SeriesAnswer& a = *measured;
  std::string counterfactual;
  for (const Estimate& e : a.counterfactual) {
    counterfactual += fmt::format("{}\n    {{\"mean\": {}, \"low\": {}, \"high\": {}}}",
                                  counterfactual.empty() ? "" : ",", Number(e.value), Number(e.low),
                                  Number(e.high));
  }
  return fmt::format(
      "{{\n{}  \"iroas\": null,\n  \"iroas_low\": null,\n  \"iroas_high\": null,\n  \"method\": "
      "\"bsts\",\n  \"level\": {},\n  \"weights\": {},\n  \"inclusion\": {},\n  "
      "\"season_probability\": {},\n{}  \"placebo\": {{\"windows\": {}, \"outside\": {}}},\n  "
      "\"counterfactual\": [{}\n  ]\n}}\n",
      PrintEstimates(a.att, a.lift, a.incremental, a.p_value), Number(arguments.level),
      Numbers(a.slopes), Numbers(a.inclusion), Number(a.season_probability), PrintPreFit(a.pre_fit),
      a.placebo_windows, a.placebo_outside, counterfactual);
}

std::string PrintDesign(const GeoDesign& design) {
  std::string geos;
  for (const std::string& geo : design.geos) {
    geos += fmt::format("{}{}", geos.empty() ? "" : ", ", Text(geo));
  }
  return fmt::format(
      "{{\"geos\": [{}], \"sales_share\": {}, \"se\": {}, \"power\": {}, \"mde\": {}, \"cost\": "
      "{}, "
      "\"spend\": {}}}",
      geos, Number(design.sales_share), Number(design.se), Number(design.power), Number(design.mde),
      Number(design.cost), Number(design.spend));
}

Result<std::string> AnswerDesign(const LiftArguments& arguments, std::string_view text,
                                 const std::string& name) {
  if (arguments.test_days < 1) return Wrong("--design needs --test-days, 1 or more");
  if (!(arguments.effect != 0 && std::isfinite(arguments.effect))) {
    return Wrong("--design needs --effect, relative: .05 is 5 %");
  }
  MAXOPT_TRY(const ReadPanel read, ReadPanelFile(text, name));
  const auto designed = DesignGeoTest(
      read.panel,
      {.test_days = arguments.test_days, .effect = arguments.effect, .level = arguments.level});
  if (!designed) return FailWithin(name, designed.error());
  std::string options, left_out;
  for (const GeoDesign& option : designed->options) {
    options += fmt::format("{}\n    {}", options.empty() ? "" : ",", PrintDesign(option));
  }
  for (const std::string& geo : designed->left_out) {
    left_out += fmt::format("{}{}", left_out.empty() ? "" : ", ", Text(geo));
  }
  return fmt::format(
      "{{\n  \"holdout\": {},\n  \"enough\": {},\n  \"power\": {},\n  \"mde\": {},\n  "
      "\"cost\": {},\n  \"effect\": {},\n  \"test_days\": {},\n  \"windows\": {},\n  "
      "\"options\": [{}\n  ],\n  \"left_out\": [{}]\n}}\n",
      PrintDesign(designed->best), designed->enough, Number(designed->best.power),
      Number(designed->best.mde), Number(designed->best.cost), Number(arguments.effect),
      arguments.test_days, designed->windows, options, left_out);
}

}  // namespace

Result<std::string> AnswerLift(const LiftArguments& arguments, std::string_view text,
                               const std::string& name) {
  if (!(arguments.level >= 0.5 && arguments.level <= 0.999)) {
    return Wrong("--level must be between .5 and .999");
  }
  if (!arguments.panel.empty()) return AnswerPanel(arguments, text, name);
  if (!arguments.design.empty()) return AnswerDesign(arguments, text, name);
  if (arguments.from.empty()) return Wrong("--series needs --from, the first step of the test");
  return AnswerSeries(arguments, text, name);
}

Result<int> LiftFile(const LiftArguments& arguments) {
  const int forms = (arguments.panel.empty() ? 0 : 1) + (arguments.series.empty() ? 0 : 1) +
                    (arguments.design.empty() ? 0 : 1);
  if (forms != 1) return Wrong("one of --panel, --series and --design is needed");
  const std::string& name = !arguments.panel.empty()    ? arguments.panel
                            : !arguments.series.empty() ? arguments.series
                                                        : arguments.design;
  MAXOPT_TRY(const std::string text, ReadWhole(name));
  MAXOPT_TRY(const std::string answer, AnswerLift(arguments, text, name));
  MAXOPT_CHECK(WriteWhole(arguments.out, answer));
  return 0;
}

}  // namespace maxopt::lab
