#include "stages/report/cells/cells.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace maxopt::report {
namespace {

__extension__ using Wide = __int128;

const Money* AsMoney(const ViewCell& cell) { return std::get_if<Money>(&cell); }

/// Counts and reals; nullopt for anything else.
std::optional<double> Real(const ViewCell& cell) {
  if (const auto* count = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*count);
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  if (const auto* of = std::get_if<Estimated>(&cell)) return of->value;
  return std::nullopt;
}

std::unexpected<Error> Bad(std::string_view op, std::string_view why) {
  return Fail(Errc::kInvalidArgument, fmt::format("\"{}\" {}", op, why));
}

Result<ViewCell> Add(std::string_view op, const ViewCell& a, const ViewCell& b, bool minus) {
  const auto* left = std::get_if<std::int64_t>(&a);
  const auto* right = std::get_if<std::int64_t>(&b);
  std::int64_t out = 0;
  if (left != nullptr && right != nullptr) {
    const bool over = minus ? __builtin_sub_overflow(*left, *right, &out)
                            : __builtin_add_overflow(*left, *right, &out);
    if (over) return Bad(op, "overflows");
    return ViewCell(out);
  }
  if (AsMoney(a) != nullptr && AsMoney(b) != nullptr) {
    if (AsMoney(a)->currency() != AsMoney(b)->currency()) return Bad(op, "has two currencies");
    const bool over =
        minus ? __builtin_sub_overflow(AsMoney(a)->micros(), AsMoney(b)->micros(), &out)
              : __builtin_add_overflow(AsMoney(a)->micros(), AsMoney(b)->micros(), &out);
    if (over) return Bad(op, "overflows");
    return ViewCell(Money::Micros(out, AsMoney(a)->currency()));
  }
  if (Real(a) && Real(b)) return ViewCell(minus ? *Real(a) - *Real(b) : *Real(a) + *Real(b));
  return Bad(op, "needs numbers of one kind");
}

/// Both as reals that may be divided: numbers, or money of one currency in micros.
Result<std::pair<double, double>> Pair(std::string_view op, const ViewCell& a, const ViewCell& b) {
  if (AsMoney(a) != nullptr && AsMoney(b) != nullptr) {
    if (AsMoney(a)->currency() != AsMoney(b)->currency()) return Bad(op, "has two currencies");
    return std::pair(static_cast<double>(AsMoney(a)->micros()),
                     static_cast<double>(AsMoney(b)->micros()));
  }
  if (Real(a) && Real(b)) return std::pair(*Real(a), *Real(b));
  return Bad(op, "needs two numbers, or money of one currency");
}

Result<ViewCell> Price(std::string_view op, const ViewCell& a, const ViewCell& b) {
  if (AsMoney(a) == nullptr || !Real(b)) return Bad(op, "needs money and a number");
  if (*Real(b) == 0) return ViewCell();
  if (const auto* count = std::get_if<std::int64_t>(&b)) {
    const Wide of = AsMoney(a)->micros(), n = *count;
    const Wide sign = (of < 0) != (n < 0) ? -1 : 1;
    const Wide up = of < 0 ? -of : of, down = n < 0 ? -n : n;
    const Wide out = sign * ((2 * up + down) / (2 * down));
    return ViewCell(Money::Micros(static_cast<std::int64_t>(out), AsMoney(a)->currency()));
  }
  const double out = std::round(static_cast<double>(AsMoney(a)->micros()) / *Real(b));
  if (!(std::abs(out) < 9e18)) return Bad(op, "overflows");
  return ViewCell(Money::Micros(static_cast<std::int64_t>(out), AsMoney(a)->currency()));
}

bool AnyAbsent(const std::vector<ViewCell>& of) {
  for (const ViewCell& cell : of) {
    if (std::holds_alternative<std::monostate>(cell)) return true;
  }
  return false;
}

/// How many operands an operation takes; nullopt: there is none of that name. 0: any number.
std::optional<std::size_t> Takes(std::string_view op) {
  static const std::map<std::string_view, std::size_t> kOps = {
      {"sum", 0},   {"difference", 2}, {"magnitude", 1},     {"ratio", 2},
      {"price", 2}, {"change", 2},     {"complement", 1},    {"count", 0},
      {"days", 2},  {"product", 2},    {"chance_of_none", 1}};
  const auto found = kOps.find(op);
  return found == kOps.end() ? std::nullopt : std::optional(found->second);
}

// --- views out of JSON --------------------------------------------------------------------------

using nlohmann::ordered_json;

class ViewReader {
 public:
  Result<View> Read(std::string_view text) {
    const ordered_json root = ordered_json::parse(text, nullptr, false);
    if (!root.is_object()) return Bad("", "is no JSON object");
    View view;
    MAXOPT_TRY(view.name, Text(root, "view"));
    MAXOPT_TRY(view.title, Text(root, "title"));
    MAXOPT_TRY(view.client, Text(root, "client"));
    MAXOPT_TRY(const std::string as_of, Text(root, "as_of"));
    MAXOPT_TRY(view.as_of, ParseInstant(as_of));
    MAXOPT_TRY(view.from, OptionalDay(root, "from"));
    MAXOPT_TRY(view.to, OptionalDay(root, "to"));
    MAXOPT_TRY(view.next, Text(root, "next"));
    for (const char* list : {"columns", "rows", "freshness", "notes"}) {
      if (!root.contains(list) || !root[list].is_array()) return Bad(list, "is no list");
    }
    for (const ordered_json& each : root["columns"]) {
      MAXOPT_TRY(ViewColumn column, Column(each));
      view.columns.push_back(std::move(column));
    }
    for (const ordered_json& each : root["rows"]) {
      MAXOPT_TRY(ViewRow row, Row(each, view.columns));
      view.rows.push_back(std::move(row));
    }
    if (root.contains("totals") && !root["totals"].is_null()) {
      MAXOPT_TRY(view.totals, Cells(root["totals"], view.columns));
    }
    for (const ordered_json& each : root["freshness"]) {
      MAXOPT_TRY(ViewFreshness fresh, Freshness(each));
      view.freshness.push_back(std::move(fresh));
    }
    for (const ordered_json& each : root["notes"]) {
      if (!each.is_string()) return Bad("notes", "holds something else than texts");
      view.notes.push_back(each.get<std::string>());
    }
    if (std::string wrong = Objection(view); !wrong.empty()) {
      return Fail(Errc::kInvalidArgument, std::move(wrong));
    }
    return view;
  }

 private:
  static std::unexpected<Error> Bad(std::string_view where, std::string_view what) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("a stored view{}{} {}", where.empty() ? "" : ", ", where, what));
  }
  static Result<std::string> Text(const ordered_json& of, const char* key) {
    if (!of.is_object() || !of.contains(key) || !of[key].is_string()) return Bad(key, "is no text");
    return of[key].get<std::string>();
  }
  static Result<std::optional<Day>> OptionalDay(const ordered_json& of, const char* key) {
    if (!of.contains(key) || of[key].is_null()) return std::optional<Day>();
    MAXOPT_TRY(const std::string text, Text(of, key));
    MAXOPT_TRY(const Day day, ParseDay(text));
    return std::optional(day);
  }
  static Result<ViewColumn> Column(const ordered_json& of) {
    ViewColumn column;
    MAXOPT_TRY(column.name, Text(of, "name"));
    MAXOPT_TRY(column.title, Text(of, "title"));
    MAXOPT_TRY(column.unit, Text(of, "unit"));
    MAXOPT_TRY(column.help, Text(of, "help"));
    MAXOPT_TRY(column.group, Text(of, "group"));
    MAXOPT_TRY(const std::string kind, Text(of, "kind"));
    MAXOPT_TRY(const std::string truth, Text(of, "truth"));
    bool found = false;
    for (const CellKind each :
         {CellKind::kText, CellKind::kCount, CellKind::kReal, CellKind::kRatio, CellKind::kMoney,
          CellKind::kEstimate, CellKind::kDay, CellKind::kInstant, CellKind::kFlag}) {
      if (CellKindName(each) == kind) column.kind = each, found = true;
    }
    if (!found)
      return Bad(column.name, fmt::format("has the kind \"{}\", which is not known", kind));
    found = false;
    for (const Truth each :
         {Truth::kNone, Truth::kClaimed, Truth::kObserved, Truth::kIncremental, Truth::kPlanned}) {
      if (TruthName(each) == truth) column.truth = each, found = true;
    }
    if (!found) {
      return Bad(column.name, fmt::format("has the truth \"{}\", which is not known", truth));
    }
    if (!of.contains("better") || !of["better"].is_number_integer()) {
      return Bad("better", "is no whole number");
    }
    column.better = of["better"].get<int>();
    return column;
  }
  static Result<ViewCell> OneCell(const ordered_json& of, const ViewColumn& column) {
    if (of.is_null()) return ViewCell();
    const auto bad = [&] { return Bad(column.name, "has a cell that is not of its kind"); };
    switch (column.kind) {
      case CellKind::kText:
        if (of.is_string()) return ViewCell(of.get<std::string>());
        return bad();
      case CellKind::kCount:
        if (of.is_number_integer()) return ViewCell(of.get<std::int64_t>());
        return bad();
      case CellKind::kReal:
      case CellKind::kRatio:
        if (of.is_number()) return ViewCell(of.get<double>());
        return bad();
      case CellKind::kMoney: {
        MAXOPT_TRY(const std::string amount, Text(of, "amount"));
        MAXOPT_TRY(const std::string code, Text(of, "currency"));
        Currency currency = kNoCurrency;
        if (code != kNoCurrency.name()) {
          MAXOPT_TRY(currency, FindCurrency(code));
        }
        MAXOPT_TRY(const Money money, ParseMoney(amount, currency));
        return ViewCell(money);
      }
      case CellKind::kEstimate: {
        Estimated out;
        for (const auto& [key, to] :
             {std::pair("value", &out.value), std::pair("low", &out.low),
              std::pair("high", &out.high), std::pair("level", &out.level)}) {
          if (!of.is_object() || !of.contains(key) || !of[key].is_number()) return bad();
          *to = of[key].get<double>();
        }
        return ViewCell(out);
      }
      case CellKind::kDay: {
        if (!of.is_string()) return bad();
        MAXOPT_TRY(const Day day, ParseDay(of.get<std::string>()));
        return ViewCell(day);
      }
      case CellKind::kInstant: {
        if (!of.is_string()) return bad();
        MAXOPT_TRY(const Instant at, ParseInstant(of.get<std::string>()));
        return ViewCell(at);
      }
      case CellKind::kFlag:
        if (of.is_boolean()) return ViewCell(of.get<bool>());
        return bad();
    }
    Bug();
  }
  static Result<std::vector<ViewCell>> Cells(const ordered_json& of,
                                             const std::vector<ViewColumn>& columns) {
    if (!of.is_array() || of.size() != columns.size()) {
      return Bad("cells", "are not as many as the columns");
    }
    std::vector<ViewCell> cells;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      MAXOPT_TRY(ViewCell cell, OneCell(of[i], columns[i]));
      cells.push_back(std::move(cell));
    }
    return cells;
  }
  static Result<ViewRow> Row(const ordered_json& of, const std::vector<ViewColumn>& columns) {
    ViewRow row;
    MAXOPT_TRY(row.key, Text(of, "key"));
    MAXOPT_TRY(row.link, Text(of, "link"));
    MAXOPT_TRY(row.parent, Text(of, "parent"));
    MAXOPT_TRY(row.tone, Text(of, "tone"));
    if (!of.contains("cells")) return Bad(row.key, "has no cells");
    MAXOPT_TRY(row.cells, Cells(of["cells"], columns));
    if (of.contains("known") && !of["known"].is_null()) {
      if (!of["known"].is_number()) return Bad(row.key, "has no number as its share known");
      row.known = of["known"].get<double>();
    }
    return row;
  }
  static Result<ViewFreshness> Freshness(const ordered_json& of) {
    ViewFreshness out;
    MAXOPT_TRY(out.account, Text(of, "account"));
    MAXOPT_TRY(out.name, Text(of, "name"));
    MAXOPT_TRY(out.state, Text(of, "state"));
    MAXOPT_TRY(out.why, Text(of, "why"));
    MAXOPT_TRY(out.complete_to, OptionalDay(of, "complete_to"));
    if (of.contains("learnt_at") && !of["learnt_at"].is_null()) {
      MAXOPT_TRY(const std::string at, Text(of, "learnt_at"));
      MAXOPT_TRY(out.learnt_at, ParseInstant(at));
    }
    return out;
  }
};

/// One code point of UTF-8 at `at`, which is moved behind it; U+FFFD for a byte that begins none.
char32_t NextPoint(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return byte(at++);
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  char32_t point = size == 4 ? lead & 0x07u : size == 3 ? lead & 0x0Fu : lead & 0x1Fu;
  bool good = lead >= 0xC2 && lead <= 0xF4 && at + size <= text.size();
  for (std::size_t i = 1; good && i < size; ++i) {
    good = (byte(at + i) & 0xC0u) == 0x80;
    point = (point << 6) | (byte(at + i) & 0x3Fu);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  good = good && point >= kLeast[size] && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
  at += good ? size : 1;
  return good ? point : U'\uFFFD';
}

bool Reorders(char32_t point) {
  return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) ||
         point == 0x200E || point == 0x200F || point == 0x061C;
}

}  // namespace

std::string Print(const CellRef& ref) {
  return fmt::format("{}[{}].{}{}{}", ref.view, ref.row, ref.column, ref.part.empty() ? "" : ".",
                     ref.part);
}

std::string Print(const Source& source) {
  return source.derived.empty() ? Print(source.cell) : source.derived;
}

Result<View> ViewFromJson(std::string_view json) { return ViewReader().Read(json); }

Result<ViewCell> Resolve(const Inputs& inputs, const CellRef& ref) {
  const auto missing = [&](std::string_view what) {
    return Fail(Errc::kNotFound, fmt::format("{}: there is no such {}", Print(ref), what));
  };
  const auto found = inputs.find(ref.view);
  if (found == inputs.end()) return missing("view");
  const View& view = found->second;
  if (ref.row == "@view") {
    if (ref.column == "from") return view.from ? ViewCell(*view.from) : ViewCell();
    if (ref.column == "to") return view.to ? ViewCell(*view.to) : ViewCell();
    if (ref.column == "as_of") return ViewCell(view.as_of);
    if (ref.column == "rows") return ViewCell(static_cast<std::int64_t>(view.rows.size()));
    return missing("column");
  }
  const std::vector<ViewCell>* cells = nullptr;
  if (ref.row == "@totals") {
    if (!view.totals) return missing("row");
    cells = &*view.totals;
  }
  for (const ViewRow& row : view.rows) {
    if (cells != nullptr || row.key != ref.row) continue;
    if (ref.column == "@known") return row.known ? ViewCell(*row.known) : ViewCell();
    if (ref.column == "@key") return ViewCell(row.key);
    cells = &row.cells;
  }
  if (cells == nullptr) return missing("row");
  const auto at = view.Find(ref.column);
  if (!at || *at >= cells->size()) return missing("column");
  const ViewCell& cell = (*cells)[*at];
  if (ref.part.empty() || std::holds_alternative<std::monostate>(cell)) return cell;
  const auto* of = std::get_if<Estimated>(&cell);
  if (of == nullptr) return missing("part");
  if (ref.part == "value") return ViewCell(of->value);
  if (ref.part == "low") return ViewCell(of->low);
  if (ref.part == "high") return ViewCell(of->high);
  if (ref.part == "level") return ViewCell(of->level);
  return missing("part");
}

Result<ViewCell> Compute(std::string_view op, const std::vector<ViewCell>& of) {
  const auto takes = Takes(op);
  if (!takes) return Bad(op, "is no operation");
  if (*takes != 0 && of.size() != *takes) return Bad(op, "has another number of operands");
  if (op == "count") return ViewCell(static_cast<std::int64_t>(of.size()));
  if (AnyAbsent(of) || of.empty()) return ViewCell();
  if (op == "sum") {
    ViewCell out = of[0];
    for (std::size_t i = 1; i < of.size(); ++i) {
      MAXOPT_TRY(out, Add(op, out, of[i], false));
    }
    return out;
  }
  if (op == "difference") return Add(op, of[0], of[1], true);
  if (op == "price") return Price(op, of[0], of[1]);
  if (op == "days") {
    const auto* from = std::get_if<Day>(&of[0]);
    const auto* to = std::get_if<Day>(&of[1]);
    if (from == nullptr || to == nullptr) return Bad(op, "needs two days");
    return ViewCell(static_cast<std::int64_t>((*to - *from).count() + 1));
  }
  if (op == "magnitude") {
    if (const auto* count = std::get_if<std::int64_t>(&of[0])) {
      if (*count == INT64_MIN) return Bad(op, "overflows");
      return ViewCell(std::abs(*count));
    }
    if (AsMoney(of[0]) != nullptr) {
      if (AsMoney(of[0])->micros() == INT64_MIN) return Bad(op, "overflows");
      return ViewCell(
          Money::Micros(std::abs(AsMoney(of[0])->micros()), AsMoney(of[0])->currency()));
    }
    if (!Real(of[0])) return Bad(op, "needs a number");
    return ViewCell(std::abs(*Real(of[0])));
  }
  if (op == "complement") {
    if (!Real(of[0])) return Bad(op, "needs a number");
    return ViewCell(1 - *Real(of[0]));
  }
  if (op == "product") {
    if (!Real(of[0]) || !Real(of[1])) return Bad(op, "needs numbers");
    return ViewCell(*Real(of[0]) * *Real(of[1]));
  }
  if (op == "chance_of_none") {
    if (!Real(of[0]) || *Real(of[0]) < 0) return Bad(op, "needs a number from 0 on");
    return ViewCell(std::exp(-*Real(of[0])));
  }
  MAXOPT_TRY(const auto pair, Pair(op, of[0], of[1]));
  if (pair.second == 0) return ViewCell();
  const double out =
      op == "ratio" ? pair.first / pair.second : (pair.first - pair.second) / std::abs(pair.second);
  return std::isfinite(out) ? ViewCell(out) : ViewCell();
}

Result<Book> Book::Of(const Inputs& inputs, const std::vector<Derivation>& derivations) {
  Book book(inputs);
  for (const Derivation& each : derivations) {
    for (const Source& source : each.of) {
      MAXOPT_CHECK(book.Check(source));
    }
    const std::string id = fmt::format("d{}", book.derivations_.size() + 1);
    if (each.id != id || !Takes(each.op)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("derivation {} is out of order or of no known operation", each.id));
    }
    book.known_[{each.op, each.of}] = id;
    book.derivations_.push_back(each);
  }
  return book;
}

const View* Book::Find(std::string_view view) const {
  const auto found = inputs_->find(std::string(view));
  return found == inputs_->end() ? nullptr : &found->second;
}

Source Book::Cell(std::string view, std::string row, std::string column, std::string part) const {
  return {{std::move(view), std::move(row), std::move(column), std::move(part)}, {}};
}

Source Book::Derive(std::string op, std::vector<Source> of) {
  const auto known = known_.find({op, of});
  if (known != known_.end()) return {{}, known->second};
  const std::string id = fmt::format("d{}", derivations_.size() + 1);
  known_[{op, of}] = id;
  derivations_.push_back({id, std::move(op), std::move(of)});
  return {{}, id};
}

Result<ViewCell> Book::Check(const Source& source) const {
  if (source.derived.empty()) return Resolve(*inputs_, source.cell);
  for (std::size_t i = 0; i < derivations_.size(); ++i) {
    if (derivations_[i].id != source.derived) continue;
    std::vector<ViewCell> values;
    for (const Source& of : derivations_[i].of) {
      MAXOPT_TRY(ViewCell value, Check(of));
      values.push_back(std::move(value));
    }
    return Compute(derivations_[i].op, values);
  }
  return Fail(Errc::kNotFound, fmt::format("{}: there is no such derivation", source.derived));
}

ViewCell Book::Get(const Source& source) const {
  if (source.derived.empty()) return Resolve(*inputs_, source.cell).value_or(ViewCell());
  for (const Derivation& each : derivations_) {
    if (each.id != source.derived) continue;
    std::vector<ViewCell> values;
    for (const Source& of : each.of) values.push_back(Get(of));
    return Compute(each.op, values).value_or(ViewCell());
  }
  return {};
}

const ViewColumn* Book::ColumnOf(const Source& source) const {
  if (!source.derived.empty()) return nullptr;
  const View* view = Find(source.cell.view);
  if (view == nullptr || source.cell.row == "@view") return nullptr;
  const auto at = view->Find(source.cell.column);
  return at ? &view->columns[*at] : nullptr;
}

std::optional<double> Number(const ViewCell& cell) {
  if (const auto* money = std::get_if<Money>(&cell)) {
    return static_cast<double>(money->micros()) / 1e6;
  }
  return Real(cell);
}

std::string PlainText(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t point = NextPoint(text, at);
    if (Reorders(point)) continue;
    if (point == U'\uFFFD') {
      out += "\uFFFD";
    } else if (point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 ||
               point == 0x2029) {
      out += ' ';
    } else {
      out += text.substr(begin, at - begin);
    }
  }
  return out;
}

std::string Shortened(std::string_view text, std::size_t length) {
  std::size_t points = 0, keep = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (points + 1 == length) keep = at;
    NextPoint(text, at);
    ++points;
  }
  return points <= length ? std::string(text) : std::string(text.substr(0, keep)) + "…";
}

}  // namespace maxopt::report
