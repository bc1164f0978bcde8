#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "stages/report/report.h"

/// A report in its forms. The same document gives the same bytes. Names in it may be hostile: they
/// are escaped for each form, never markup, a formula, a path or a header.
namespace maxopt::report {

/// One file: no scripts, nothing from outside (a policy in its head forbids both), charts as inline
/// SVG with the table behind each, light and dark, for print as well.
std::string HtmlOf(const Document& document);

/// CommonMark with tables.
std::string MarkdownOf(const Document& document);

/// {"maxopt": "report/1", ...}, schemas/report.schema.json: sentences with the cell or derivation
/// behind every number, tiles, tables with raw cells, charts, insights, derivations.
std::string JsonOf(const Document& document);

/// A zip of one CSV a table, and narrative.csv. Texts that a spreadsheet would run as a formula
/// stand behind an apostrophe; money is its exact amount beside a column of the currency.
Result<std::string> CsvZipOf(const Document& document);

/// A workbook: the sentences, then one sheet a table with the sheet's chart beside it. Texts never
/// become formulas or links; numbers are numbers.
Result<std::string> WorkbookOf(const Document& document);

struct MailHead {
  std::string from, to;  ///< addresses; empty: the header is left out, for a file
};
/// RFC 5322, multipart/alternative: plain text, and HTML with charts drawn as table cells, which
/// every mail program shows. Dated when the report was made, so it is the same at every try.
std::string MailOf(const Document& document, const MailHead& head);

struct PdfOptions {
  std::string program{};  ///< empty: chromium or google-chrome on PATH
  std::chrono::seconds timeout{60};
};
/// Printed by a headless Chromium that gets the page over a pipe: no network, no scripts, no file
/// of this machine; in its own sandbox unless we run as root, where Chromium has none. The times in
/// the file are `at`'s. kNotFound: no Chromium, saying what to install; kUnavailable: it did not
/// answer.
Result<std::string> PdfOf(const std::string& html, Instant at, const PdfOptions& options);
/// Dates and ids of a PDF set to `at`'s, in place.
void NormalisePdf(std::string& pdf, Instant at);

}  // namespace maxopt::report
