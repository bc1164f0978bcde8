#include "domain/view.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

namespace maxopt {
namespace {

using nlohmann::ordered_json;

/// The kind a value is of; absent is of every kind.
bool IsOfKind(const ViewCell& cell, CellKind kind) {
  if (std::holds_alternative<std::monostate>(cell)) return true;
  switch (kind) {
    case CellKind::kText:
      return std::holds_alternative<std::string>(cell);
    case CellKind::kCount:
      return std::holds_alternative<std::int64_t>(cell);
    case CellKind::kReal:
    case CellKind::kRatio:
      return std::holds_alternative<double>(cell);
    case CellKind::kMoney:
      return std::holds_alternative<Money>(cell);
    case CellKind::kEstimate:
      return std::holds_alternative<Estimated>(cell);
    case CellKind::kDay:
      return std::holds_alternative<Day>(cell);
    case CellKind::kInstant:
      return std::holds_alternative<Instant>(cell);
    case CellKind::kFlag:
      return std::holds_alternative<bool>(cell);
  }
  Bug();
}

std::string ObjectionTo(const ViewCell& cell, const ViewColumn& column) {
  if (!IsOfKind(cell, column.kind)) {
    return fmt::format("is not of the column's kind, {}", CellKindName(column.kind));
  }
  if (const double* real = std::get_if<double>(&cell); real != nullptr && !std::isfinite(*real)) {
    return "is not a finite number";
  }
  if (const Estimated* of = std::get_if<Estimated>(&cell)) {
    if (!std::isfinite(of->low) || !std::isfinite(of->high)) return "is not a finite interval";
    if (!(of->low <= of->value && of->value <= of->high)) return "lies outside its own interval";
    if (!(of->level > 0 && of->level < 1)) return "has a level outside (0, 1)";
  }
  return "";
}

struct CellToJson {
  ordered_json operator()(std::monostate) const { return nullptr; }
  ordered_json operator()(const std::string& text) const { return text; }
  ordered_json operator()(std::int64_t count) const { return count; }
  ordered_json operator()(double real) const { return real; }
  ordered_json operator()(Money money) const {
    return {{"amount", PrintDecimal(money)}, {"currency", money.currency().name()}};
  }
  ordered_json operator()(const Estimated& of) const {
    return {{"value", of.value}, {"low", of.low}, {"high", of.high}, {"level", of.level}};
  }
  ordered_json operator()(Day day) const { return PrintDay(day); }
  ordered_json operator()(Instant at) const { return PrintInstant(at); }
  ordered_json operator()(bool flag) const { return flag; }
};

ordered_json CellsJson(const std::vector<ViewCell>& cells) {
  ordered_json out = ordered_json::array();
  for (const ViewCell& cell : cells) out.push_back(std::visit(CellToJson{}, cell));
  return out;
}

template <class T, class Print>
ordered_json Optional(const std::optional<T>& value, Print print) {
  return value ? ordered_json(print(*value)) : ordered_json(nullptr);
}

}  // namespace

std::string_view TruthName(Truth truth) {
  switch (truth) {
    case Truth::kNone:
      return "none";
    case Truth::kClaimed:
      return "claimed";
    case Truth::kObserved:
      return "observed";
    case Truth::kIncremental:
      return "incremental";
    case Truth::kPlanned:
      return "plan";
  }
  Bug();
}

std::string_view CellKindName(CellKind kind) {
  switch (kind) {
    case CellKind::kText:
      return "text";
    case CellKind::kCount:
      return "count";
    case CellKind::kReal:
      return "real";
    case CellKind::kRatio:
      return "ratio";
    case CellKind::kMoney:
      return "money";
    case CellKind::kEstimate:
      return "estimate";
    case CellKind::kDay:
      return "day";
    case CellKind::kInstant:
      return "instant";
    case CellKind::kFlag:
      return "flag";
  }
  Bug();
}

std::optional<std::size_t> View::Find(std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column) return i;
  }
  return std::nullopt;
}

std::string Objection(const View& view) {
  std::set<std::string_view> names, keys;
  for (const ViewColumn& column : view.columns) {
    if (column.name.empty() || !names.insert(column.name).second) {
      return fmt::format("view {}: column \"{}\" is there twice or has no name", view.name,
                         column.name);
    }
  }
  const auto check = [&](const std::vector<ViewCell>& cells, std::string_view where) {
    if (cells.size() != view.columns.size()) {
      return fmt::format("view {}, {}: {} cells for {} columns", view.name, where, cells.size(),
                         view.columns.size());
    }
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string wrong = ObjectionTo(cells[i], view.columns[i]);
      if (!wrong.empty()) {
        return fmt::format("view {}, {}: {} {}", view.name, where, view.columns[i].name, wrong);
      }
    }
    return std::string();
  };
  for (const ViewRow& row : view.rows) {
    if (row.key.empty() || !keys.insert(row.key).second) {
      return fmt::format("view {}: row key \"{}\" is there twice or empty", view.name, row.key);
    }
    std::string wrong = check(row.cells, "row " + row.key);
    if (wrong.empty() && row.known && !(*row.known > 0 && *row.known <= 1)) {
      wrong = fmt::format("view {}, row {}: known is not in (0, 1]", view.name, row.key);
    }
    if (!wrong.empty()) return wrong;
  }
  return view.totals ? check(*view.totals, "totals") : "";
}

std::string ToJson(const View& view) {
  ordered_json columns = ordered_json::array(), rows = ordered_json::array(),
               freshness = ordered_json::array();
  for (const ViewColumn& column : view.columns) {
    columns.push_back({{"name", column.name},
                       {"title", column.title},
                       {"kind", CellKindName(column.kind)},
                       {"truth", TruthName(column.truth)},
                       {"unit", column.unit},
                       {"help", column.help},
                       {"better", column.better},
                       {"group", column.group}});
  }
  for (const ViewRow& row : view.rows) {
    rows.push_back({{"key", row.key},
                    {"cells", CellsJson(row.cells)},
                    {"known", row.known ? ordered_json(*row.known) : ordered_json(nullptr)},
                    {"link", row.link},
                    {"parent", row.parent},
                    {"tone", row.tone}});
  }
  for (const ViewFreshness& of : view.freshness) {
    freshness.push_back({{"account", of.account},
                         {"name", of.name},
                         {"learnt_at", Optional(of.learnt_at, PrintInstant)},
                         {"complete_to", Optional(of.complete_to, PrintDay)},
                         {"state", of.state},
                         {"why", of.why}});
  }
  const ordered_json out = {
      {"view", view.name},
      {"title", view.title},
      {"client", view.client},
      {"as_of", PrintInstant(view.as_of)},
      {"from", Optional(view.from, PrintDay)},
      {"to", Optional(view.to, PrintDay)},
      {"columns", std::move(columns)},
      {"rows", std::move(rows)},
      {"totals", view.totals ? CellsJson(*view.totals) : ordered_json(nullptr)},
      {"freshness", std::move(freshness)},
      {"notes", view.notes},
      {"next", view.next}};
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string PrintCell(const ViewCell& cell, const ViewColumn& column) {
  struct Print {
    const ViewColumn& column;
    std::string operator()(std::monostate) const { return "–"; }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(std::int64_t count) const { return fmt::format("{}", count); }
    std::string operator()(double real) const {
      if (column.kind == CellKind::kRatio) return fmt::format("{:.1f} %", 100 * real);
      return WithUnit(fmt::format("{:.2f}", real));
    }
    std::string operator()(Money money) const { return PrintMoney(money); }
    std::string operator()(const Estimated& of) const {
      return WithUnit(fmt::format("{:.2f} ({:.2f} to {:.2f})", of.value, of.low, of.high));
    }
    std::string operator()(Day day) const { return PrintDay(day); }
    std::string operator()(Instant at) const { return PrintInstant(at); }
    std::string operator()(bool flag) const { return flag ? "yes" : "no"; }
    std::string WithUnit(std::string number) const {
      return column.unit.empty() ? number : number + " " + column.unit;
    }
  };
  return std::visit(Print{column}, cell);
}

}  // namespace maxopt
