#pragma once
#include <span>
#include <string>
#include <string_view>

#include "domain/view.h"
#include "result/result.h"

/// Any view as a file. The same view is the same bytes in every form.
namespace maxopt {

enum class ViewForm { kCsv, kJsonLines, kXlsx, kParquet };
std::span<const ViewForm> AllViewForms();
std::string_view ViewFormName(ViewForm form);       ///< "csv", "jsonl", "xlsx", "parquet"
std::string_view ViewFormMediaType(ViewForm form);  ///< "text/csv; charset=utf-8; header=present"
/// kInvalidArgument lists the known names.
Result<ViewForm> FindViewForm(std::string_view name);
/// "campaigns_alpenglow_2026-04-01_2026-04-28.csv": of letters, digits, "-", "_" and "." only.
std::string ViewFileName(const View& view, ViewForm form);

/// One column of the view is one or several of the file, whatever the rows hold:
///   money     name, name_currency        estimate  name, name_low, name_high, name_level
///   others    name
/// and `key`, `parent` and `known` come last (in CSV, Parquet).
/// CSV      RFC 4180, UTF-8, CRLF, a header of names with their unit ("landing (EUR/day)"); absent
///          is empty; a text that a spreadsheet would take for a formula gets an apostrophe in
///          front. Notes and freshness are not in it.
/// JSONL    one object a row, members in the order of the columns, cells as in the API, then
///          "key", "parent", "known"
/// XLSX     a sheet of rows with the titles as header, numbers with the format of their kind (money
///          with its currency), totals last; a sheet "About": what it is, as of when, of which
///          days, how fresh, what to know. Texts are never formulas or links.
/// Parquet  typed columns; money DECIMAL(18,6) with its currency beside; absent is NULL
/// Requires that Objection(view) is empty. Errors: kInvalidArgument for an amount that Parquet's
/// DECIMAL(18,6) does not hold or more rows than a sheet has (1,048,575); kLocal.
Result<std::string> FormOf(const View& view, ViewForm form);

}  // namespace maxopt
