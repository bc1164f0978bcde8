#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/entity.h"
#include "result/result.h"

/// The facts of a client or of one campaign as Parquet files, and back: every level, cut and hour,
/// with when each was learnt, so that what was known at any time can be asked of the copy.
namespace maxopt {

struct FactArchiveScope {
  std::string client;               ///< whose books (KPI) go along
  std::vector<AccountId> accounts;  ///< of which accounts
  /// Only these campaigns of them ("meta/123", "77"); empty: everything, account level too.
  std::vector<std::pair<AccountId, std::string>> campaigns;
};
struct ArchivedTable {
  std::string table;  ///< "metrics"
  std::string file;   ///< "facts-metrics.parquet"
  std::int64_t rows = 0;
};

/// Writes a file of each table of the facts into `folder`, which must be there. `facts` is the file
/// of the facts; nobody may have it open for writing. The same facts give the same bytes.
Result<std::vector<ArchivedTable>> ArchiveFacts(const std::string& facts, const std::string& folder,
                                                const FactArchiveScope& scope);

/// Loads such files into facts that were just made and hold nothing yet: all of them or none.
/// kConflict where there are facts already; kInvalidArgument for a file that is none of these
/// tables, or of another shape.
Result<> RestoreFacts(const std::string& facts, const std::string& folder,
                      const std::vector<ArchivedTable>& tables);

/// The nine reports of dbt_ad_reporting ("ad_reporting__campaign_report", ...) as Parquet files in
/// `folder`, all accounts of `accounts`, with exactly dbt's columns. As ArchiveFacts.
Result<std::vector<ArchivedTable>> ExportReports(const std::string& facts,
                                                 const std::string& folder,
                                                 const std::vector<AccountId>& accounts);

/// One read-only statement over the facts, for analysts and BI tools: a SELECT (or WITH, DESCRIBE,
/// SHOW, SUMMARIZE) over the tables and views of docs/facts.md. It opens the file to be read,
/// without a copy; no other file, no network, no extension, no setting can be touched. Errors
/// kInvalidArgument: more than one statement, one that is no question, wrong SQL, an answer
///         of more than `rows` (add LIMIT); kUnavailable: it took longer than `seconds`; kLocal:
///         the file is not there, or a process has it open for writing
struct SqlLimits {
  std::int64_t rows = 100'000;
  int seconds = 30;
};
struct SqlAnswer {
  std::vector<std::string> columns;
  std::vector<std::string> types;                             ///< boolean, integer, number, text
  std::vector<std::vector<std::optional<std::string>>> rows;  ///< as DuckDB prints them
};
Result<SqlAnswer> AskFactsSql(const std::string& facts, const std::string& sql,
                              const SqlLimits& limits = {});

}  // namespace maxopt
