#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

#include "result/result.h"

/// The `lab` commands: a pure piece of measure or decide on plain files. One .cc a command; none
/// reads or writes anything but what its arguments name. The number is the exit code.
namespace maxopt::lab {

struct AnomaliesArguments {
  std::string in;   ///< folder; every *.csv below it is read
  std::string out;  ///< folder; made when it is not there
};
/// Columns timestamp,value in; timestamp,value,anomaly_score,alert out, under the same relative
/// path, with the text of the first two as it was. A file that cannot be read is named with its
/// line and written nowhere; the others are written all the same, and the answer is the error.
Result<int> Anomalies(const AnomaliesArguments& arguments);

struct ForecastArguments {
  std::string series;      ///< CSV timestamp,value of any even grain
  int horizon = 0;         ///< steps, >= 1
  std::string out;         ///< file; empty: standard output
  std::uint64_t seed = 1;  ///< of the simulated futures behind the intervals
};
/// Columns timestamp,mean,low80,high80,low95,high95, timestamps in the form of the file's. An empty
/// value is a gap. Errors name file and line.
Result<int> ForecastFile(const ForecastArguments& arguments);

struct AttributionArguments {
  std::string paths;     ///< CSV: path,conversions,conversion_value,null_conversions
  std::string model;     ///< a name that FindAttributionModel knows
  double half_life = 1;  ///< of time_decay, in touches
  std::string out;       ///< file; empty: standard output
};
/// JSON: [{"channel", "conversions", "value"}], by name of the channel; the totals are the input's.
/// The file is read once where it lies; memory follows the number of distinct steps between states.
Result<int> Attribute(const AttributionArguments& arguments);

struct TestsArguments {
  std::string in;   ///< JSON: an array of cases {"id", "method", ...}
  std::string out;  ///< file; empty: standard output
};
/// One answer a case, in order, with 12 significant digits; a case that cannot be answered gets
/// "error", which names the field. docs/significance.md lists methods and fields.
Result<int> Tests(const TestsArguments& arguments);
/// The same on text.
Result<std::string> AnswerTests(std::string_view text);

struct AllocateArguments {
  std::string problem;  ///< JSON: budget, channels with curves and bounds, groups, target
  std::string out;      ///< file; empty: standard output
};
/// The split and its certificate: see decide/allocator/budget.h. Money is whole minor units of
/// "currency", of a cent without. Errors name the place in the file, and of bounds that cannot hold
/// the budget which and by how much. With "periods" in the file: decide/periods/periods.h.
Result<int> AllocateFile(const AllocateArguments& arguments);
/// The same on text.
Result<std::string> AnswerAllocation(std::string_view text);

struct BanditArguments {
  std::string in;                   ///< file of JSON lines; empty: standard input
  std::string out;                  ///< file; empty: standard output
  std::string policy = "thompson";  ///< a name that FindBanditPolicy knows
  double floor = 0, cap = 1;        ///< of an available arm's share
};
/// A header line, then a line out for each line in, written before the next is read. An error names
/// the line; what was answered before it stands.
Result<int> RunBandit(const BanditArguments& arguments);
/// The same on streams; `name` is what errors call the input. `notes` is told from which period on
/// floor or cap cannot be kept.
Result<int> RunBandit(const BanditArguments& arguments, const std::string& name, std::istream& in,
                      std::ostream& out, std::ostream& notes);

struct LiftArguments {
  std::string panel;       ///< CSV: day|date, geo, sales|y [, spend] [, group, period]
  std::string treated;     ///< geos, separated by commas; needless with a group column
  std::string start, end;  ///< first and last day of the test; needless with a period column
  std::string method = "auto";
  int cooldown = 0;  ///< days after the end in which late effects are still counted
  double level = 0.95;
  std::string series;  ///< CSV: y and covariates
  std::string from;    ///< first step of the test
  std::string design;  ///< CSV: a panel without a test
  int test_days = 0;   ///< of the design
  double effect = 0;   ///< of the design: relative, .05 is 5 %
  std::string out;     ///< file; empty: standard output
  std::uint64_t seed = 1;
};
/// One of three: the lift of a panel, of a series, or the design of a test. JSON with 12
/// significant digits, independent of the order of rows; docs/lift.md has the members. Errors name
/// file, line and field.
Result<int> LiftFile(const LiftArguments& arguments);
/// The same on the text of the file, `name` being what errors call it.
Result<std::string> AnswerLift(const LiftArguments& arguments, std::string_view text,
                               const std::string& name);

struct ResponseArguments {
  std::string campaigns;    ///< CSV day,campaign,spend[,platform_revenue,...]
  std::string kpi;          ///< CSV day,revenue[, further numbers: controls]
  std::string experiments;  ///< CSV campaign,start,end,lift_revenue,se[,spend]; may be empty
  std::string window;       ///< "A:B", first and last day; empty: all
  std::string out;          ///< file; empty: standard output
  std::uint64_t seed = 1;
};
/// JSON of each campaign's return with intervals; docs/response.md has the fields. Errors name
/// file, line and field.
Result<int> Response(const ResponseArguments& arguments);

struct ReallocateArguments {
  std::string campaigns;
  std::string kpi;
  std::string context;  ///< JSON: totals, horizon, current budgets
  std::string out;      ///< CSV campaign,budget
  std::uint64_t seed = 1;
};
/// Budgets of the next step into `out`, the reasons as JSON to standard output;
/// docs/reallocation.md has the fields.
Result<int> ReallocateFile(const ReallocateArguments& arguments);

}  // namespace maxopt::lab
