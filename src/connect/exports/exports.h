#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "domain/entity.h"
#include "domain/metric.h"
#include "result/result.h"

/// Import of what people have at hand: CSV exports of the platforms' own screens, tables of the
/// well-known connectors, and the client's orders by day. Pure: bytes in, typed rows out.
///
/// Recognised by the columns, whatever the file is called: Meta Ads Manager, Google Ads (screens
/// and API names), TikTok Ads Manager, LinkedIn Campaign Manager, Microsoft Advertising, the
/// Fivetran tables of Google Ads, Facebook Ads and LinkedIn Ads, the dbt_ad_reporting tables, two
/// public data sets, and day, orders, revenue[, currency].
///
/// Read: UTF-8 and UTF-16, CRLF, quotes, separators , ; and TAB, title lines and totals of screens'
/// exports, 1,234.56 and 1.234,56 (decided once for a file from all its cells), micros, percent
/// signs, "--" for nothing, many ways to write a day. A column of amounts that were printed through
/// 32-bit floats (1.429999948) is read as the amounts of two decimals that it stands for.
///
/// Nothing is loaded by halves: one cell that cannot be read is an error with file, line, column
/// and value, and there are no rows at all. What is not used is named, column by column.
namespace maxopt {

struct ExportFile {
  std::string name;  ///< as the person gave it; its stem is the account when nothing else says one
  std::string content;  ///< bytes
};

/// What files do not say. Only used where they do not.
struct ExportOptions {
  std::optional<Platform> platform{};
  std::string account_id{};
  std::optional<Currency> currency{};  ///< else kNoCurrency, with a note
  std::optional<Day> day{};            ///< of rows without one; else kUndatedDay, with a note
  std::optional<int> year{};           ///< of days written as "April 19"; needed for those
  std::optional<char> decimal_mark{};  ///< '.' or ',' where "1,234" could be both
  std::string client{};                ///< whose orders the KPI rows are
};

/// Rows that carry no day are booked here unless a day is given: in no real period, so they never
/// mix into one, look stale to everything that decides, and a second import replaces the first
/// instead of adding to it.
inline constexpr Day kUndatedDay{std::chrono::days(0)};  // 1970-01-01

struct ExportColumn {
  std::string header;   ///< as in the file
  std::string meaning;  ///< "spend", "campaign id", ...; "not used", with the reason where there is
};

/// Sums over one file; absent where no cell reported it.
struct ExportTotals {
  std::map<Currency, Money> spend;
  std::optional<std::int64_t> impressions;
  std::optional<std::int64_t> clicks;
  std::optional<double> conversions;
  std::map<Level, std::int64_t> objects;  ///< how many different ones have rows
};

/// What was made of one file, for the person who gave it.
struct ImportedFile {
  std::string name;
  std::string recognised;      ///< "Fivetran google_ads campaign_stats"
  std::optional<Level> level;  ///< of its facts
  std::int64_t rows = 0;       ///< data rows read; totals and titles are not among them
  bool used = true;            ///< false: known, but holds nothing that can be loaded
  std::vector<ExportColumn> columns;
  ExportTotals totals;
  std::vector<std::string> notes;  ///< sentences: assumptions, summed rows, skipped totals
};

/// A day of the client's own books.
struct ExportKpiDay {
  std::string client;
  Day day;
  Currency currency;
  std::int64_t orders;
  Money revenue;
};

struct ExportImport {
  std::vector<ImportedFile> files;
  /// Accounts with facts or names. zone is "" and currency kNoCurrency where nothing says them;
  /// entities are those whose name is known, parents first.
  std::vector<AccountTree> accounts;
  /// One per account, level, breakdown and run of days that have rows: a day without rows is not
  /// covered, so loading never wipes what the files are silent about.
  std::vector<MetricReport> reports;
  std::vector<ExportKpiDay> kpi;
};

/// Reads files that may complete each other: histories give names, parents, currency and zone,
/// action tables the conversions. kInvalidArgument names file, line, column and value, or says
/// which columns were not understood; then nothing was read.
Result<ExportImport> ReadExports(std::span<const ExportFile> files, const ExportOptions& options);

}  // namespace maxopt
