#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "clock/clock.h"
#include "domain/entity.h"
#include "money/money.h"

/// What people see: a table of typed cells that know their unit, whose truth they tell, and how
/// far they can be trusted. Pages, exports and reports are made of these and of nothing else, so a
/// number has one meaning wherever it stands.
namespace maxopt {

/// Whose number it is. The three truths are never added to each other.
enum class Truth {
  kNone,         ///< not a measurement: names, settings, times
  kClaimed,      ///< the platform says so, under its attribution window
  kObserved,     ///< our own events or the client's books
  kIncremental,  ///< from an experiment or a model of what spend causes
  kPlanned,      ///< a plan, target or budget
};
std::string_view TruthName(Truth truth);  ///< "none", "claimed", "observed", "incremental", "plan"

enum class CellKind {
  kText,
  kCount,     ///< whole number
  kReal,      ///< number with `unit` of the column
  kRatio,     ///< 0.034, shown as 3.4 %
  kMoney,     ///< exact, with its currency
  kEstimate,  ///< a number with an interval, in `unit` of the column
  kDay,
  kInstant,
  kFlag,
};
std::string_view CellKindName(CellKind kind);  ///< "text", "count", ...

/// A number that is not known exactly. low <= value <= high hold with probability `level`.
struct Estimated {
  double value = 0, low = 0, high = 0;
  double level = 0.9;  ///< (0, 1)
  friend bool operator==(const Estimated&, const Estimated&) = default;
};

/// monostate: absent. Absent is "not known" or "no data", never 0.
using ViewCell = std::variant<std::monostate, std::string, std::int64_t, double, Money, Estimated,
                              Day, Instant, bool>;

struct ViewColumn {
  std::string name;   ///< stable, for programs: "spend", "cpa_target"
  std::string title;  ///< for people, English: "Spend", "CPA target"
  CellKind kind = CellKind::kText;
  Truth truth = Truth::kNone;
  std::string unit{};  ///< kReal, kEstimate: "EUR/day", "days"; else empty
  std::string help{};  ///< one sentence: what it counts, under which window
  int better = 0;      ///< +1: more is better, -1: less is, 0: neither
  /// A part of the table that belongs together: "previous" for a comparison; empty: the main one.
  std::string group{};
};

struct ViewRow {
  std::string key;              ///< stable among the rows of a view: an id, a path; never empty
  std::vector<ViewCell> cells;  ///< as many as columns
  /// Share of the period's final conversions that are known by now, (0, 1]; absent: not judged.
  std::optional<double> known{};
  std::string link{};    ///< where a click leads: "view:ads?campaign=123", "plan:p-2026...", ...
  std::string parent{};  ///< key of the row above it in a tree; empty: a root
  std::string tone{};    ///< "", "good", "watch", "bad": a judgement whose reason is in the cells
};

/// How fresh the accounts behind it are.
struct ViewFreshness {
  std::string account;  ///< "meta/880011223344"
  std::string name;
  std::optional<Instant> learnt_at;  ///< newest reading
  std::optional<Day> complete_to;    ///< newest day that is whole
  std::string state;                 ///< "fresh", "late", "failed", "never"
  std::string why;                   ///< a sentence where it is not fresh
};

struct View {
  std::string name;                 ///< "campaigns"
  std::string title;                ///< "Campaigns"
  std::string client;               ///< empty: of several
  Instant as_of{};                  ///< what was known then
  std::optional<Day> from{}, to{};  ///< inclusive, of the numbers' period
  std::vector<ViewColumn> columns;
  std::vector<ViewRow> rows;
  /// Of all rows, also of those on other pages; empty where columns do not add up.
  std::optional<std::vector<ViewCell>> totals{};
  std::vector<ViewFreshness> freshness{};
  std::vector<std::string> notes{};  ///< what a reader must know, each a sentence
  std::string next{};                ///< cursor of the next page; empty: this was the last
  /// Place of a column; nullopt where there is none.
  std::optional<std::size_t> Find(std::string_view column) const;
};

/// Nothing: every row has a cell for every column, each of its column's kind or absent, keys are
/// unique and not empty, numbers are finite, intervals hold their value. Else what is wrong, where.
std::string Objection(const View& view);

/// The JSON that the API answers; the same view gives the same bytes. Cells by kind: text "a",
/// count 12, real and ratio 0.034 (17 significant digits at most), money {"amount":"12.34",
/// "currency":"EUR"}, estimate {"value":1,"low":0.5,"high":2,"level":0.9}, day "2026-04-29",
/// instant "2026-04-29T10:00:00Z", flag true; absent null. Bytes that are not UTF-8 become U+FFFD.
/// Requires that Objection(view) is empty.
std::string ToJson(const View& view);

/// As a person reads it without a locale: "12.34 EUR", "3.4 %", "1.0 (0.5 to 2.0)", "–" for absent.
std::string PrintCell(const ViewCell& cell, const ViewColumn& column);

}  // namespace maxopt
