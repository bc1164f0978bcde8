#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "domain/view.h"
#include "result/result.h"

/// The data of a report, and how its prose points into them: every number that is said is a cell of
/// a view, or is derived from cells by an operation that is written down beside it.
namespace maxopt::report {

/// Views by the name under which the report knows them ("campaigns", "ads", "days"); the same kind
/// of view may be there twice.
using Inputs = std::map<std::string, View>;

/// Reads what ToJson(View) wrote, to an equal value whose JSON is the same bytes. kInvalidArgument
/// names the place: unknown kinds, cells of another kind than their column's, Objection().
Result<View> ViewFromJson(std::string_view json);

/// A cell, by name. `row` is a row's key, or "@totals", or "@view" with the columns "from", "to",
/// "as_of" and "rows" (how many). Column "@known" is the row's share of conversions known, "@key"
/// its key. `part` of an estimate: "" or "value", "low", "high", "level".
struct CellRef {
  std::string view, row, column, part{};
  friend auto operator<=>(const CellRef&, const CellRef&) = default;
};
std::string Print(const CellRef& ref);  ///< "campaigns[meta/1/11].spend"

/// What stands there; absent is monostate. kNotFound: no such view, row, column or part.
Result<ViewCell> Resolve(const Inputs& inputs, const CellRef& ref);

/// Where a number comes from: a cell, or a derivation by its id ("d7").
struct Source {
  CellRef cell{};
  std::string derived{};  ///< not empty: the derivation's id, and `cell` says nothing
  friend auto operator<=>(const Source&, const Source&) = default;
};
std::string Print(const Source& source);

/// A number made of others, in the open.
///   sum         a + b + ...        of one kind and currency
///   difference  a - b              of one kind and currency
///   magnitude   |a|
///   ratio       a / b              numbers, or money of one currency; a real
///   price       a / b              money by a number; money, rounded half away from zero (micro)
///   change      (a - b) / |b|      as ratio
///   complement  1 - a
///   count       how many there are, whatever they are
///   days        b - a + 1          of days, both inclusive
///   product     a * b              numbers
///   chance_of_none  exp(-a)        where a are expected: Poisson's chance that none comes
/// Any absent operand makes it absent (except of count), and so does a division by zero.
struct Derivation {
  std::string id, op;
  std::vector<Source> of;
};
/// kInvalidArgument: an unknown operation, operands of kinds that it cannot take, overflow.
Result<ViewCell> Compute(std::string_view op, const std::vector<ViewCell>& of);

/// The cells and derivations that one report uses. What is asked for twice is there once. Not
/// thread-safe. `inputs` outlives it.
class Book {
 public:
  explicit Book(const Inputs& inputs) : inputs_(&inputs) {}
  /// With derivations that were stored; they may only point to earlier ones.
  static Result<Book> Of(const Inputs& inputs, const std::vector<Derivation>& derivations);

  const Inputs& inputs() const { return *inputs_; }
  const View* Find(std::string_view view) const;
  /// A source that can be resolved, or absent: of a view, row or column that is not there too, so
  /// that callers ask for what may be missing.
  Source Cell(std::string view, std::string row, std::string column, std::string part = {}) const;
  Source Derive(std::string op, std::vector<Source> of);
  /// monostate where it is absent, or where nothing is there.
  ViewCell Get(const Source& source) const;
  /// As Get, but what does not resolve is kNotFound or kInvalidArgument.
  Result<ViewCell> Check(const Source& source) const;
  /// The column behind a cell; nullptr for derivations and @-columns.
  const ViewColumn* ColumnOf(const Source& source) const;
  const std::vector<Derivation>& derivations() const { return derivations_; }

 private:
  const Inputs* inputs_;
  std::vector<Derivation> derivations_;
  std::map<std::pair<std::string, std::vector<Source>>, std::string> known_;
};

/// A number of a cell for comparisons: counts, reals, money in units, an estimate's value.
std::optional<double> Number(const ViewCell& cell);

/// Text of others, made harmless without changing what a person reads: control characters and line
/// ends become spaces, marks that reorder text (U+202A..U+202E, U+2066..U+2069, U+200E, U+200F,
/// U+061C) are left out, bytes that are no UTF-8 become U+FFFD.
std::string PlainText(std::string_view text);
/// At most `length` code points, the last one being "…" where it was longer.
std::string Shortened(std::string_view text, std::size_t length);

}  // namespace maxopt::report
