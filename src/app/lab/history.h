#pragma once
#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "measure/response/response.h"
#include "result/result.h"

/// campaigns.csv, kpi.csv and experiments.csv as `lab response` and `lab reallocate` read them.
namespace maxopt::lab {

/// A time as the files write it: a number, or a date (counted in days since 1970).
struct TimeValue {
  std::int64_t number = 0;
  bool date = false;
};
/// "365", "2026-03-01", "2026-03-01 00:00:00", "2026-03-01T00:00:00Z".
Result<TimeValue> ParseTime(const std::string& text);

struct History {
  ResponseData data;
  bool dates = false;
  std::int64_t first = 0;          ///< time of the first row
  std::int64_t step = 1;           ///< from row to row, in the unit of the time column
  std::vector<std::string> notes;  ///< what was left out, and why
  std::size_t rows() const { return data.revenue.size(); }
  /// Row that a time falls into; may be before 0 or past the end.
  std::int64_t RowOf(std::int64_t time) const;
  std::string Print(std::int64_t time) const;
};

struct HistoryFiles {
  std::string campaigns;    ///< day|week|date, campaign|channel, spend[, platform_revenue, ...]
  std::string kpi;          ///< day|week|date, revenue[, orders, further numbers: controls]
  std::string experiments;  ///< may be empty
  std::string kpi_column = "revenue";
};
/// Rows of one campaign and day add up; a campaign without a row spent nothing. A day that kpi.csv
/// leaves out is an error, since a missing day is not a day without sales. Errors name file, line
/// and field.
Result<History> ReadHistory(const HistoryFiles& files);

/// The same number with 12 significant digits.
double Digits12(double value);
nlohmann::ordered_json IntervalJson(const Interval& interval);

}  // namespace maxopt::lab
