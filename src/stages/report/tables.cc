#include "stages/report/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace maxopt::report {
namespace {

const TableSection kTables[] = {
    {"creatives",
     "creatives",
     {"name", "platform", "campaign", "spend", "impressions", "ctr", "conversions", "cpa", "roas",
      "fatigue", "@known"},
     20,
     false},
    {"audiences",
     "audiences",
     {"age_gender", "audience", "name", "platform", "spend", "clicks", "ctr", "conversions", "cpa",
      "roas"},
     20,
     false},
    {"geo",
     "geo",
     {"country", "name", "platform", "spend", "clicks", "ctr", "conversions", "cpa", "roas"},
     20,
     false},
    {"devices",
     "devices",
     {"device", "placement", "name", "platform", "spend", "clicks", "ctr", "conversions", "cpa",
      "roas"},
     20,
     false},
    {"hours", "hours", {"weekday", "hour", "spend", "clicks", "conversions", "cpa"}, 24, true},
    {"marginals",
     "marginals",
     {"name", "budget", "spend", "roas", "marginal", "binding"},
     20,
     false},
    {"truths",
     "attribution",
     {"name", "platform", "spend", "claimed_conversions", "observed_conversions", "claimed_roas",
      "observed_roas", "incremental_roas"},
     20,
     false},
    {"truths", "overlap", {"name", "orders", "value", "share"}, 20, false},
    {"experiments",
     "experiments",
     {"name", "state", "kpi", "start", "end", "expected", "measured", "grade", "conclusion"},
     20,
     false},
    {"actions",
     "plans",
     {"title", "status", "created_at", "reasons", "changes", "daily_budgets_before",
      "daily_budgets_after", "predicted", "approved_by"},
     20,
     false},
    {"actions",
     "outcomes",
     {"plan", "kind", "kpi", "method", "predicted", "measured", "within"},
     20,
     false},
    {"actions",
     "calibration",
     {"kind", "count", "realised", "cover90", "may_act", "why"},
     20,
     false},
};

/// Names that people gave: shown as they are in every language.
bool IsName(std::string_view column) {
  static const std::set<std::string_view> kNames = {
      "name", "campaign", "ad_group", "ad",  "account", "id",      "client",   "creative",
      "plan", "by",       "segment",  "key", "keyword", "country", "audience", "search_term"};
  return kNames.contains(column);
}

bool IsNumber(CellKind kind) {
  switch (kind) {
    case CellKind::kCount:
    case CellKind::kReal:
    case CellKind::kRatio:
    case CellKind::kMoney:
    case CellKind::kEstimate:
      return true;
    case CellKind::kText:
    case CellKind::kDay:
    case CellKind::kInstant:
    case CellKind::kFlag:
      return false;
  }
  Bug();
}

/// "spend_previous_change" in the report's language; the view's own title where it has no word.
std::string TitleOf(const ViewColumn& column, const Catalogue& texts) {
  for (const std::string_view group : {"previous", "year", "plan"}) {
    const std::string then = fmt::format("_{}", group), change = fmt::format("_{}_change", group);
    for (const auto& [suffix, word] : {std::pair(change, std::string("group.change")),
                                       std::pair(then, "group." + std::string(group))}) {
      if (!column.name.ends_with(suffix)) continue;
      const std::string base = column.name.substr(0, column.name.size() - suffix.size());
      if (!texts.Has("column." + base)) continue;
      return fmt::format("{}, {}", texts.Word("column." + base), texts.Word(word));
    }
  }
  return texts.WordOr("column." + column.name, column.title);
}

/// What a cell shows: a platform's name is written as people write it.
std::string ShownText(const ViewCell& cell, const ViewColumn& column, bool platforms,
                      const Catalogue& texts) {
  if (const auto* text = std::get_if<std::string>(&cell)) {
    if (column.name == "platform" || (platforms && column.name == "name")) {
      return texts.WordOr("platform." + *text, PlainText(*text));
    }
    if (column.name == "weekday") return texts.WordOr("weekday." + *text, PlainText(*text));
    if (column.name == "status") return texts.WordOr("status." + *text, PlainText(*text));
  }
  if (column.name.ends_with("_change")) {
    if (const auto* real = std::get_if<double>(&cell); real != nullptr && *real > 0) {
      return "+" + texts.Cell(cell, column);
    }
  }
  return texts.Cell(cell, column);
}

const ViewColumn& KnownColumn() {
  static const ViewColumn kKnown = [] {
    ViewColumn column;
    column.name = "@known";
    column.title = "Known";
    column.kind = CellKind::kRatio;
    return column;
  }();
  return kKnown;
}

struct Picked {
  std::vector<const ViewColumn*> columns;
  std::vector<std::optional<std::size_t>> at;  ///< absent: the share known
};

Picked Pick(const View& view, const std::vector<std::string>& names) {
  Picked out;
  for (const std::string& name : names) {
    if (name == "@known") {
      const bool any =
          std::ranges::any_of(view.rows, [](const ViewRow& row) { return row.known.has_value(); });
      if (any) out.columns.push_back(&KnownColumn()), out.at.emplace_back();
      continue;
    }
    if (const auto at = view.Find(name))
      out.columns.push_back(&view.columns[*at]), out.at.push_back(at);
  }
  if (out.columns.empty() && names.empty()) {
    constexpr std::size_t kColumnsMost = 10;
    for (std::size_t i = 0; i < view.columns.size() && i < kColumnsMost; ++i) {
      out.columns.push_back(&view.columns[i]);
      out.at.emplace_back(i);
    }
  }
  return out;
}

TableColumn HeadOf(const ViewColumn& column, const Catalogue& texts) {
  TableColumn out;
  out.name = column.name;
  out.title = TitleOf(column, texts);
  out.help = column.help;
  out.number = IsNumber(column.kind);
  out.truth = column.truth;
  out.foreign = column.kind == CellKind::kText && !IsName(column.name) &&
                column.name != "platform" && column.name != "weekday" && column.name != "status" &&
                texts.language() != "en";
  return out;
}

TableRow Plain(std::string key, const std::vector<std::string>& texts) {
  TableRow row;
  row.key = std::move(key);
  for (const std::string& text : texts) row.cells.push_back({PlainText(text), PlainText(text)});
  return row;
}
TableColumn PlainHead(const std::string& name, const Catalogue& texts, bool foreign = false) {
  TableColumn out;
  out.name = name;
  out.title = texts.Word("column." + name);
  out.foreign = foreign && texts.language() != "en";
  return out;
}

std::unexpected<Error> Refused(const std::string& where, const std::string& shown,
                               const std::string& is) {
  return Fail(
      Errc::kRefused,
      fmt::format("the report is refused: {} shows \"{}\", the data say \"{}\"", where, shown, is));
}

}  // namespace

std::span<const TableSection> TableSections() { return kTables; }

Table MakeTable(const Book& book, const Catalogue& texts, const TableAsk& ask) {
  Table out;
  out.view = ask.input;
  out.caption = ask.caption;
  const View* view = book.Find(ask.input);
  if (view == nullptr) return out;
  const Picked picked = Pick(*view, ask.columns);
  for (const ViewColumn* column : picked.columns) out.columns.push_back(HeadOf(*column, texts));
  const bool platforms = ask.input == "platforms";
  const auto cells_of = [&](const std::vector<ViewCell>& cells,
                            const std::optional<double>& known) {
    std::vector<TableCell> shown;
    for (std::size_t i = 0; i < picked.columns.size(); ++i) {
      const ViewCell raw = picked.at[i] ? cells[*picked.at[i]]
                           : known      ? ViewCell(*known)
                                        : ViewCell();
      shown.push_back({ShownText(raw, *picked.columns[i], platforms, texts), raw});
    }
    return shown;
  };
  const std::set<std::string> wanted(ask.keys.begin(), ask.keys.end());
  for (const ViewRow& row : view->rows) {
    if (!wanted.empty() && !wanted.contains(row.key)) continue;
    if (ask.most > 0 && out.rows.size() >= ask.most) {
      ++out.left_out;
      continue;
    }
    out.rows.push_back({row.key, cells_of(row.cells, row.known), row.tone, row.known});
  }
  // A sum under rows of which some are not shown would not be their sum.
  if (view->totals && wanted.empty() && out.left_out == 0 && view->next.empty() &&
      out.rows.size() > 1) {
    TableRow total{"@totals", cells_of(*view->totals, std::nullopt)};
    if (!total.cells.empty() && std::holds_alternative<std::monostate>(total.cells[0].raw)) {
      total.cells[0].text = texts.Word("total");
    }
    out.total = std::move(total);
  }
  return out;
}

Table FreshnessTable(const View& view, const Catalogue& texts) {
  Table out;
  out.caption = texts.Word("table.freshness");
  out.columns = {PlainHead("account", texts), PlainHead("complete_to", texts),
                 PlainHead("learnt_at", texts), PlainHead("state", texts),
                 PlainHead("why", texts, true)};
  for (const ViewFreshness& each : view.freshness) {
    TableRow row = Plain(each.account, {each.name.empty() ? each.account : each.name,
                                        each.complete_to ? texts.DayText(*each.complete_to) : "–",
                                        each.learnt_at ? texts.InstantText(*each.learnt_at) : "–",
                                        texts.WordOr("state." + each.state, each.state), each.why});
    row.tone = each.state == "fresh" ? "good" : each.state == "late" ? "watch" : "bad";
    out.rows.push_back(std::move(row));
  }
  return out;
}

Table ViewsTable(const Inputs& inputs, const Catalogue& texts) {
  Table out;
  out.caption = texts.Word("table.views");
  out.columns = {PlainHead("view", texts), PlainHead("period", texts), PlainHead("rows", texts),
                 PlainHead("notes", texts, true)};
  for (const auto& [name, view] : inputs) {
    std::string notes;
    for (const std::string& note : view.notes) notes += (notes.empty() ? "" : " ") + note;
    out.rows.push_back(Plain(
        name,
        {name,
         view.from && view.to ? texts.DayText(*view.from) + " – " + texts.DayText(*view.to) : "–",
         texts.Count(static_cast<std::int64_t>(view.rows.size())), notes}));
  }
  return out;
}

Table MissingTable(const Settings& settings, const Catalogue& texts) {
  Table out;
  out.caption = texts.Word("table.missing");
  out.columns = {PlainHead("view", texts), PlainHead("why", texts, true)};
  for (const Settings::Missing& each : settings.missing) {
    out.rows.push_back(Plain(each.view, {each.view, each.why}));
  }
  return out;
}

Table KeptWordsTable(const Wording& wording, const Catalogue& texts) {
  Table out;
  out.caption = texts.Word("table.kept_words");
  out.columns = {PlainHead("paragraph", texts), PlainHead("why", texts, true)};
  for (const Wording::Kept& each : wording.kept) {
    out.rows.push_back(
        Plain(each.place, {each.place.empty() ? texts.Word("total") : each.place, each.why}));
  }
  return out;
}

namespace {

/// Series out of the columns of a table, labelled by its first column.
void FillSeries(Chart& chart, const std::vector<std::string>& columns) {
  for (const std::string& name : columns) {
    for (std::size_t c = 1; c < chart.table.columns.size(); ++c) {
      if (chart.table.columns[c].name != name) continue;
      Series series{chart.table.columns[c].title, {}, {}};
      bool any = false;
      for (const TableRow& row : chart.table.rows) {
        const auto value = Number(row.cells[c].raw);
        any = any || value.has_value();
        series.values.push_back(value);
        series.texts.push_back(row.cells[c].text);
        if (const auto* money = std::get_if<Money>(&row.cells[c].raw)) {
          chart.unit = std::string(money->currency().name());
        }
      }
      if (any) chart.series.push_back(std::move(series));
    }
  }
}

}  // namespace

Chart LineChart(const Book& book, const Catalogue& texts, const std::string& input,
                const std::string& metric, const std::string& caption) {
  Chart chart;
  chart.kind = Chart::Kind::kLine;
  chart.caption = caption;
  const std::vector<std::string> columns = {metric, metric + "_previous"};
  chart.table = MakeTable(book, texts, {input, caption, {"period", metric, metric + "_previous"}});
  if (chart.table.columns.size() < 2) return chart;
  for (const TableRow& row : chart.table.rows) {
    const auto* day = std::get_if<Day>(&row.cells[0].raw);
    chart.labels.push_back(day != nullptr ? texts.ShortDay(*day) : row.cells[0].text);
  }
  FillSeries(chart, columns);
  return chart;
}

Chart BarChart(const Book& book, const Catalogue& texts, const std::string& input,
               const std::vector<std::string>& columns, const std::string& caption,
               std::size_t most) {
  Chart chart;
  chart.kind = Chart::Kind::kBars;
  chart.caption = caption;
  std::vector<std::string> wanted = {"name"};
  wanted.insert(wanted.end(), columns.begin(), columns.end());
  chart.table = MakeTable(book, texts, {input, caption, wanted, {}, most});
  if (chart.table.columns.size() < 2) return chart;
  for (const TableRow& row : chart.table.rows) chart.labels.push_back(row.cells[0].text);
  FillSeries(chart, columns);
  if (chart.series.empty()) chart.labels.clear();
  return chart;
}

Chart HeatChart(const Book& book, const Catalogue& texts, const std::string& input,
                const std::string& metric, const std::string& caption) {
  Chart chart;
  chart.kind = Chart::Kind::kHeat;
  chart.caption = caption;
  chart.table = MakeTable(book, texts, {input, caption, {"weekday", "hour", metric}});
  if (chart.table.columns.size() < 3) return chart;
  std::map<std::string, std::size_t> days;
  for (int hour = 0; hour < 24; ++hour) chart.labels.push_back(std::to_string(hour));
  for (const TableRow& row : chart.table.rows) {
    const auto hour = Number(row.cells[1].raw);
    if (!hour || *hour < 0 || *hour > 23) continue;
    const auto [at, fresh] = days.emplace(row.cells[0].text, chart.series.size());
    if (fresh) {
      chart.series.push_back({row.cells[0].text, std::vector<std::optional<double>>(24),
                              std::vector<std::string>(24, "–")});
    }
    Series& series = chart.series[at->second];
    series.values[static_cast<std::size_t>(*hour)] = Number(row.cells[2].raw);
    series.texts[static_cast<std::size_t>(*hour)] = row.cells[2].text;
  }
  return chart;
}

Result<> CheckTile(const Tile& tile, const Book& book, const Catalogue& texts) {
  if (tile.note) MAXOPT_CHECK(texts.Check(*tile.note, book));
  const ViewCell value = book.Get(tile.source);
  const std::string is = std::holds_alternative<std::monostate>(value)
                             ? "–"
                             : texts.Value(value, book.ColumnOf(tile.source), "");
  if (is != tile.value) return Refused("tile " + tile.label, tile.value, is);
  return {};
}

Result<> CheckTable(const Table& table, const Book& book, const Catalogue& texts) {
  if (table.view.empty()) return {};
  const View* view = book.Find(table.view);
  if (view == nullptr) return Refused("table " + table.caption, table.view, "no such view");
  std::map<std::string_view, const ViewRow*> rows;
  for (const ViewRow& row : view->rows) rows[row.key] = &row;
  const auto check = [&](const TableRow& row, const std::vector<ViewCell>& cells,
                         const std::optional<double>& known) -> Result<> {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const std::string& name = table.columns[i].name;
      const auto at = view->Find(name);
      if (!at && name != "@known") return Refused("table " + table.caption, name, "no such column");
      const ViewColumn& column = at ? view->columns[*at] : KnownColumn();
      const ViewCell value = at ? cells[*at] : known ? ViewCell(*known) : ViewCell();
      const std::string is = ShownText(value, column, table.view == "platforms", texts);
      const bool total_name =
          row.key == "@totals" && i == 0 && row.cells[i].text == texts.Word("total");
      if (row.cells.size() != table.columns.size() || row.cells[i].raw != value ||
          (row.cells[i].text != is && !total_name)) {
        return Refused(fmt::format("table {}, {}, {}", table.caption, row.key, name),
                       row.cells[i].text, is);
      }
    }
    return {};
  };
  for (const TableRow& row : table.rows) {
    const auto found = rows.find(row.key);
    if (found == rows.end()) return Refused("table " + table.caption, row.key, "no such row");
    MAXOPT_CHECK(check(row, found->second->cells, found->second->known));
  }
  if (table.total) {
    if (!view->totals) return Refused("table " + table.caption, "a total", "none");
    MAXOPT_CHECK(check(*table.total, *view->totals, std::nullopt));
  }
  return {};
}

Result<> CheckChart(const Chart& chart, const Book& book, const Catalogue& texts) {
  MAXOPT_CHECK(CheckTable(chart.table, book, texts));
  std::set<std::pair<std::string, std::optional<double>>> cells{{"–", std::nullopt}};
  for (const TableRow& row : chart.table.rows) {
    for (const TableCell& cell : row.cells) cells.emplace(cell.text, Number(cell.raw));
  }
  for (const Series& series : chart.series) {
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      if (cells.contains({series.texts[i], series.values[i]})) continue;
      return Refused(fmt::format("chart {}, {}", chart.caption, series.name), series.texts[i],
                     "no such cell");
    }
  }
  return {};
}

}  // namespace maxopt::report
