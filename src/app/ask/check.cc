#include "app/ask/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "app/ask/understand.h"
#include "domain/view.h"
#include "stages/report/cells/cells.h"
#include "stages/report/narrative/narrative.h"

namespace maxopt::asking {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::days;

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsWordByte(char c) {
  return IsAsciiLetter(c) || IsDigit(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

/// Columns that hold what somebody else named.
const std::set<std::string, std::less<>> kNameColumns = {
    "name",     "title",    "campaign", "ad_group",    "ad",        "client", "account",
    "audience", "creative", "keyword",  "search_term", "placement", "device", "country"};
/// Text columns in which the engine writes one number and its unit.
const std::set<std::string, std::less<>> kNumberTexts = {"actual", "expected", "before", "after"};

/// "12.34 EUR", "0.034", "17": the whole text.
std::optional<Fact> NumberText(const std::string& text) {
  const std::size_t space = text.find(' ');
  const std::string number = text.substr(0, space);
  double value = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (code != std::errc() || end != number.data() + number.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  Fact fact;
  fact.value = value;
  if (space != std::string::npos) {
    const std::string unit = text.substr(space + 1);
    const auto currency = FindCurrency(unit);
    if (currency) {
      fact.kind = Fact::Kind::kMoney;
      fact.currency = *currency;
    } else if (unit == "%") {
      fact.kind = Fact::Kind::kRatio;
      fact.value = value / 100;
    } else {
      return std::nullopt;
    }
  }
  return fact;
}

Fact MoneyFact(Money money) {
  Fact fact;
  fact.kind = Fact::Kind::kMoney;
  fact.value = static_cast<double>(money.micros()) / 1e6;
  fact.currency = money.currency();
  return fact;
}

// --- numbers of a text --------------------------------------------------------------------------

constexpr std::array<std::string_view, 12> kMonthNames = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
/// 1 to 12 for a month's name or its first three letters.
int MonthOf(std::string_view word) {
  const std::string lower = Lower(word);
  if (lower.size() < 3) return 0;
  for (std::size_t i = 0; i < kMonthNames.size(); ++i) {
    if (lower == kMonthNames[i] || (lower == kMonthNames[i].substr(0, 3)) ||
        (i == 8 && lower == "sept")) {
      return static_cast<int>(i) + 1;
    }
  }
  return 0;
}

const std::set<std::string> kNumberWords = {
    "two",        "three",     "four",     "five",     "six",      "seven",     "eight",
    "nine",       "ten",       "eleven",   "twelve",   "thirteen", "fourteen",  "fifteen",
    "sixteen",    "seventeen", "eighteen", "nineteen", "twenty",   "thirty",    "forty",
    "fifty",      "sixty",     "seventy",  "eighty",   "ninety",   "hundred",   "hundreds",
    "thousand",   "thousands", "million",  "millions", "billion",  "billions",  "half",
    "halved",     "halves",    "twice",    "double",   "doubled",  "doubles",   "doubling",
    "triple",     "tripled",   "thrice",   "quarter",  "quarters", "third",     "thirds",
    "dozen",      "dozens",    "percent",  "tenfold",  "twofold",  "threefold", "zero",
    "quadrupled", "fifth",     "tenth"};
int SmallNumber(const std::string& word) {
  static constexpr std::array<std::string_view, 11> kSmall = {
      "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"};
  const auto at = std::ranges::find(kSmall, std::string_view(word));
  return at == kSmall.end() ? 0 : static_cast<int>(at - kSmall.begin()) + 2;
}

/// A way to read the digits of a token.
struct Reading {
  double value = 0;
  int decimals = 0;
};
/// "1,234.5", "1.234,5", "1 234", "12,34", "0.5". Empty: no number.
std::vector<Reading> ReadingsOf(const std::string& digits) {
  std::vector<Reading> out;
  const auto read = [&](char decimal, const std::string& groups) {
    std::string plain;
    int decimals = -1;
    std::size_t since_group = 0;
    bool grouped = false, good = true;
    std::size_t lead = 0;
    for (const char c : digits) {
      if (IsDigit(c)) {
        plain += c;
        if (decimals >= 0) {
          ++decimals;
        } else if (grouped) {
          ++since_group;
        } else {
          ++lead;
        }
      } else if (c == decimal && decimals < 0) {
        if (grouped && since_group != 3) good = false;
        plain += '.';
        decimals = 0;
      } else if (groups.find(c) != std::string::npos && decimals < 0) {
        if (grouped ? since_group != 3 : (lead == 0 || lead > 3)) good = false;
        grouped = true;
        since_group = 0;
      } else {
        good = false;
      }
    }
    if (decimals < 0 && grouped && since_group != 3) good = false;
    if (!good || plain.empty() || decimals == 0 || plain.size() > 24) return;
    double value = 0;
    const auto [end, code] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
    if (code != std::errc() || end != plain.data() + plain.size()) return;
    const Reading reading{value, std::max(0, decimals)};
    for (const Reading& known : out) {
      if (known.value == reading.value && known.decimals == reading.decimals) return;
    }
    out.push_back(reading);
  };
  read('.', ",' ");
  read(',', ".' ");
  return out;
}

bool Near(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}
/// Whether `said` is `value` as one writes it: exact, or rounded at its last digit with at least
/// two significant digits left.
bool IsRounding(double value, const Reading& said) {
  value = std::abs(value);
  const double text = std::abs(said.value);
  if (Near(value, text)) return true;
  // Half away from zero and half to even both occur; half a unit of the last digit covers both.
  const double unit = std::pow(10.0, -said.decimals);
  const bool rounded = std::abs(value - text) <= 0.5 * unit * (1 + 1e-9);
  const double digits = text > 0 ? std::floor(std::log10(text)) + 1 + said.decimals : 0;
  if (rounded && digits >= 2) return true;
  // Whole numbers that end in zeros are rounded further up: 12,300 for 12,345.
  if (said.decimals > 0 || text == 0) return false;
  for (int zeros = 1; zeros <= 12; ++zeros) {
    const double step = std::pow(10.0, zeros);
    if (!Near(std::fmod(text, step), 0)) return false;
    if (text / step < 10) return false;  // one digit would be left
    if (std::abs(value - text) <= 0.5 * step) return true;
  }
  return false;
}

struct Token {
  std::size_t begin = 0, end = 0;
  std::vector<Reading> readings;
  double scale = 1;  ///< of k, m, bn
  bool percent = false;
  bool negative = false;
  std::optional<Currency> currency{};
  bool dollar = false;  ///< "$": of some country
  std::string unit{};   ///< "days", "weeks", "hours", ...
};

struct Symbol {
  std::string_view text, code;
};
constexpr Symbol kSymbols[] = {{"€", "EUR"}, {"£", "GBP"}, {"US$", "USD"}, {"¥", "JPY"}};

/// Words that go with a number and say what it counts in time.
constexpr std::string_view kUnits[] = {"day",  "days",  "week",  "weeks",
                                       "hour", "hours", "month", "months"};

std::size_t SkipSpaces(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (text[at] == ' ') {
      ++at;
    } else if (text.substr(at).starts_with("\u00a0")) {
      at += 2;
    } else if (text.substr(at).starts_with("\u202f")) {
      at += 3;
    } else {
      break;
    }
  }
  return at;
}
std::string WordAt(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && IsAsciiLetter(text[end])) ++end;
  return std::string(text.substr(at, end - at));
}

/// The number that begins at `at`, a digit.
Token ReadToken(std::string_view text, std::size_t at) {
  Token token;
  token.begin = at;
  std::string digits;
  while (at < text.size()) {
    if (IsDigit(text[at])) {
      digits += text[at++];
      continue;
    }
    // A separator stands between digits; a space, of any width, before exactly three of them.
    std::size_t width = 0;
    char mark = ' ';
    if (text[at] == ',' || text[at] == '.' || text[at] == '\'') {
      width = 1;
      mark = text[at];
    } else if (text.substr(at).starts_with("\u00a0")) {
      width = 2;
    } else if (text.substr(at).starts_with("\u202f") || text.substr(at).starts_with("\u2009")) {
      width = 3;
    } else if (text.substr(at).starts_with("’")) {
      width = 3;
      mark = '\'';
    }
    if (width == 0 || at + width >= text.size() || !IsDigit(text[at + width])) break;
    if (mark == ' ') {
      std::size_t three = at + width;
      while (three < text.size() && IsDigit(text[three])) ++three;
      if (three - at - width != 3) break;
    }
    digits += mark;
    at += width;
  }
  token.end = at;
  token.readings = ReadingsOf(digits);
  // What stands before: a sign, a currency.
  std::size_t before = token.begin;
  const auto behind = [&](std::string_view what) {
    return before >= what.size() && text.substr(before - what.size(), what.size()) == what;
  };
  const auto step_back = [&] {
    while (behind(" ") || behind("\u00a0") || behind("\u202f")) {
      before -= behind(" ") ? 1 : behind("\u00a0") ? 2 : 3;
    }
  };
  const auto sign = [&] {
    for (const std::string_view minus : {"-", "−", "–"}) {
      // A dash between two things is no sign.
      const std::size_t from = before >= minus.size() ? before - minus.size() : 0;
      if (behind(minus) && (from == 0 || text[from - 1] == ' ' || text[from - 1] == '(')) {
        token.negative = true;
        before = from;
        return;
      }
    }
  };
  sign();
  const std::size_t kept = before;
  step_back();
  bool found = false;
  for (const Symbol& symbol : kSymbols) {
    if (!found && behind(symbol.text)) {
      token.currency = FindCurrency(symbol.code).value();
      before -= symbol.text.size();
      found = true;
    }
  }
  if (!found && behind("$")) {
    before -= 1;
    found = token.dollar = true;
  }
  if (!found && before >= 3) {
    const auto code = FindCurrency(text.substr(before - 3, 3));
    if (code && (before == 3 || !IsWordByte(text[before - 4]))) {
      token.currency = *code;
      before -= 3;
      found = true;
    }
  }
  if (!found) before = kept;
  if (found) sign();
  token.begin = before;
  // What stands behind: a scale, a percent sign, a currency, a unit of time.
  const auto ahead = [&](std::size_t from, std::string_view what) {
    return text.substr(from).starts_with(what);
  };
  const std::string glued = Lower(WordAt(text, token.end));
  if (glued == "k" || glued == "m" || glued == "bn") {
    token.scale = glued == "k" ? 1e3 : glued == "m" ? 1e6 : 1e9;
    token.end += glued.size();
  } else if (glued.empty()) {
    const std::size_t next = SkipSpaces(text, token.end);
    const std::string word = Lower(WordAt(text, next));
    if (word == "thousand" || word == "million" || word == "billion") {
      token.scale = word == "thousand" ? 1e3 : word == "million" ? 1e6 : 1e9;
      token.end = next + word.size();
    }
  }
  const std::size_t next = SkipSpaces(text, token.end);
  const std::string word = WordAt(text, next);
  if (ahead(next, "%")) {
    token.percent = true;
    token.end = next + 1;
  } else if (Lower(word) == "percent") {
    token.percent = true;
    token.end = next + word.size();
  } else if (!found) {
    for (const Symbol& symbol : kSymbols) {
      if (!ahead(next, symbol.text)) continue;
      token.currency = FindCurrency(symbol.code).value();
      token.end = next + symbol.text.size();
      break;
    }
    if (const auto code = FindCurrency(word); code && word.size() == 3) {
      token.currency = *code;
      token.end = next + 3;
    }
  }
  for (const std::string_view unit : kUnits) {
    if (Lower(word) == unit) token.unit = unit;
  }
  if (ahead(token.end, "-day")) token.unit = "days";
  return token;
}

/// Whether a fact is what the token says.
bool Says(const Token& token, const Fact& fact) {
  if (token.currency && (fact.kind != Fact::Kind::kMoney || fact.currency != token.currency)) {
    return false;
  }
  if (token.dollar) {
    static constexpr std::string_view kDollars[] = {"USD", "CAD", "AUD", "NZD", "SGD", "HKD",
                                                    "TWD", "MXN", "CLP", "COP", "ARS"};
    if (!fact.currency ||
        std::ranges::find(kDollars, fact.currency->name()) == std::end(kDollars)) {
      return false;
    }
  }
  if (token.percent && fact.kind == Fact::Kind::kMoney) return false;
  // A sign that is written must be the number's; a loss may be told without one, by a word.
  if (token.negative && fact.value >= 0) return false;
  for (Reading reading : token.readings) {
    if (token.percent) {
      // "34 %" is 0.34; a number that is no ratio is never a percentage.
      if (fact.kind == Fact::Kind::kRatio || fact.kind == Fact::Kind::kNumber) {
        if (std::abs(fact.value) <= 50 && IsRounding(100 * fact.value, reading)) return true;
      }
      continue;
    }
    if (token.scale > 1) {
      if (IsRounding(fact.value / token.scale, reading)) return true;
      continue;
    }
    if (IsRounding(fact.value, reading)) return true;
  }
  return false;
}

/// "cpa_previous_change" -> "cpa"
std::string MetricOf(const std::string& column) {
  static const std::set<std::string> kKnown = {"spend",   "impressions", "clicks", "conversions",
                                               "revenue", "ctr",         "cpc",    "cpm",
                                               "cvr",     "cpa",         "roas"};
  const std::string base = column.substr(0, column.find('_'));
  return kKnown.contains(base) ? base : "";
}

struct Part {
  std::size_t begin = 0, end = 0;
};
/// Sentences of a line: a mark of the end, then a space or nothing.
std::vector<Part> SentencesOf(std::string_view line) {
  std::vector<Part> out;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const bool mark = line[at] == '.' || line[at] == '!' || line[at] == '?' || line[at] == ';';
    if (mark && (at + 1 == line.size() || line[at + 1] == ' ')) {
      out.push_back({begin, at + 1});
      begin = at + 1;
    }
  }
  if (begin < line.size()) out.push_back({begin, line.size()});
  return out;
}

bool HasMarkup(const std::string& text) {
  const std::string lower = Lower(text);
  for (const std::string_view bad : {"http:", "https:", "ftp:", "javascript:", "data:", "www.",
                                     "://", "](", "<script", "</", "![", "mailto:"}) {
    if (lower.find(bad) != std::string::npos) return true;
  }
  return false;
}

/// A line without the marks of Markdown that a model likes.
std::string Plain(std::string line) {
  line = report::PlainText(line);
  for (const std::string_view mark : {"**", "__", "`"}) {
    for (std::size_t at = line.find(mark); at != std::string::npos; at = line.find(mark)) {
      line.erase(at, mark.size());
    }
  }
  std::size_t from = line.find_first_not_of(" \t#");
  if (from == std::string::npos) return "";
  line.erase(0, from);
  for (const std::string_view bullet : {"- ", "* ", "• "}) {
    if (line.starts_with(bullet)) line.erase(0, bullet.size());
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace

// --- evidence -----------------------------------------------------------------------------------

void Evidence::AddName(const std::string& name) {
  if (!name.empty()) names_.insert(report::PlainText(name));
}

bool Evidence::Knows(Day day) const {
  if (days_.contains(day)) return true;
  return std::ranges::any_of(
      periods_, [&](const auto& period) { return day >= period.first && day <= period.second; });
}

bool Evidence::IsAnother(const std::string& id, const std::set<std::string>& names) const {
  const auto found = aliases_.find(id);
  return found != aliases_.end() &&
         std::ranges::any_of(found->second, [&](const auto& name) { return names.contains(name); });
}

void Evidence::Add(const std::string& tool, const Json& arguments, const Json& result) {
  if (result.is_object() && result.contains("columns") && result.contains("rows") &&
      result.contains("view")) {
    AddView(arguments, result.dump());
    return;
  }
  AddPlain(tool, result, "", "", {}, 0);
}

void Evidence::AddView(const Json& arguments, const std::string& json) {
  const auto view = report::ViewFromJson(json);
  if (!view) return;  // what is no view gives no facts: nothing can be said of it
  if (view->from && view->to) {
    periods_.emplace_back(*view->from, *view->to);
    lengths_.insert(static_cast<int>((*view->to - *view->from).count()) + 1);
  }
  days_.insert(Day(std::chrono::floor<days>(view->as_of).time_since_epoch()));
  std::set<std::string> asked;
  if (arguments.is_object() && arguments.contains("filters") && arguments["filters"].is_object()) {
    for (const auto& [dimension, values] : arguments["filters"].items()) {
      if (!values.is_array()) continue;
      for (const Json& value : values) {
        if (value.is_string()) asked.insert(value.get<std::string>());
      }
    }
  }
  const auto name_of = [&](const ViewRow& row) -> std::string {
    for (const char* column : {"name", "title"}) {
      const auto at = view->Find(column);
      if (!at) continue;
      if (const auto* text = std::get_if<std::string>(&row.cells[*at])) return *text;
    }
    return "";
  };
  std::map<std::string, const ViewRow*> by_key;
  for (const ViewRow& row : view->rows) by_key[row.key] = &row;
  // Days of the time before stand in the help of its columns, which is ours.
  for (const ViewColumn& column : view->columns) {
    if (column.group.empty()) continue;
    std::vector<Day> found;
    for (std::size_t at = 0; at + 10 <= column.help.size(); ++at) {
      if (const auto day = ParseDay(std::string_view(column.help).substr(at, 10))) {
        found.push_back(*day);
      }
    }
    if (found.size() == 2 && found[0] <= found[1]) {
      const std::pair<Day, Day> period(found[0], found[1]);
      if (std::ranges::find(periods_, period) == periods_.end()) periods_.push_back(period);
    }
  }
  const auto add_cells = [&](const std::vector<ViewCell>& cells, const ViewRow* row) {
    std::set<std::string> owners = asked;
    if (row == nullptr) owners.insert(report::PlainText(view->client));
    if (row != nullptr) {
      if (const auto id = view->Find("id")) {
        const auto* text = std::get_if<std::string>(&cells[*id]);
        if (text != nullptr) aliases_[*text].insert(report::PlainText(name_of(*row)));
      }
      for (const ViewRow* one = row; one != nullptr;) {
        if (const std::string name = name_of(*one); !name.empty()) {
          owners.insert(report::PlainText(name));
        }
        const auto above = by_key.find(one->parent);
        const ViewRow* next =
            above == by_key.end() || one->parent.empty() ? nullptr : above->second;
        one = next == one ? nullptr : next;
        if (owners.size() > 20) break;
      }
      for (std::size_t i = 0; i < view->columns.size(); ++i) {
        const auto* text = std::get_if<std::string>(&cells[i]);
        if (text == nullptr) continue;
        if (kNameColumns.contains(view->columns[i].name) || view->columns[i].name == "platform") {
          owners.insert(report::PlainText(*text));
        }
      }
      ids_.insert(row->key);
      for (const std::string& owner : owners) AddName(owner);
    }
    for (std::size_t i = 0; i < view->columns.size(); ++i) {
      const ViewColumn& column = view->columns[i];
      Fact base;
      base.column = column.name;
      base.owners = owners;
      base.where =
          fmt::format("{}[{}].{}", view->name, row == nullptr ? "@totals" : row->key, column.name);
      const std::string name = row == nullptr ? "" : name_of(*row);
      base.label =
          column.title +
          (name.empty() ? std::string() : ", " + report::Shortened(report::PlainText(name), 80));
      base.link = "view:" + view->name;
      if (view->from && view->to && view->name == "campaigns") {
        base.link += fmt::format("?from={}&to={}", PrintDay(*view->from), PrintDay(*view->to));
      }
      const auto add = [&](Fact::Kind kind, double value, std::optional<Currency> currency) {
        if (!std::isfinite(value)) return;
        Fact fact = base;
        fact.kind = kind;
        fact.value = value;
        fact.currency = currency;
        facts_.push_back(std::move(fact));
      };
      const ViewCell& cell = cells[i];
      if (const auto* money = std::get_if<Money>(&cell)) {
        const Fact fact = MoneyFact(*money);
        add(fact.kind, fact.value, fact.currency);
      } else if (const auto* count = std::get_if<std::int64_t>(&cell)) {
        add(Fact::Kind::kNumber, static_cast<double>(*count), std::nullopt);
      } else if (const auto* real = std::get_if<double>(&cell)) {
        add(column.kind == CellKind::kRatio ? Fact::Kind::kRatio : Fact::Kind::kNumber, *real,
            std::nullopt);
      } else if (const auto* estimate = std::get_if<Estimated>(&cell)) {
        for (const double value : {estimate->value, estimate->low, estimate->high}) {
          add(Fact::Kind::kNumber, value, std::nullopt);
        }
        add(Fact::Kind::kRatio, estimate->level, std::nullopt);
      } else if (const auto* day = std::get_if<Day>(&cell)) {
        days_.insert(*day);
      } else if (const auto* instant = std::get_if<Instant>(&cell)) {
        days_.insert(Day(std::chrono::floor<days>(*instant).time_since_epoch()));
      } else if (const auto* text = std::get_if<std::string>(&cell)) {
        if (kNumberTexts.contains(column.name)) {
          if (const auto fact = NumberText(*text)) add(fact->kind, fact->value, fact->currency);
        }
        if (const auto written = ParseDay(*text)) days_.insert(*written);
        if (text->starts_with("p-") || text->starts_with("a-")) ids_.insert(*text);
      }
    }
    if (row != nullptr && row->known) {
      Fact fact;
      fact.kind = Fact::Kind::kRatio;
      fact.value = *row->known;
      fact.owners = owners;
      fact.where = fmt::format("{}[{}].@known", view->name, row->key);
      fact.label = "Share of conversions known";
      fact.link = "view:" + view->name;
      facts_.push_back(std::move(fact));
    }
  };
  for (const ViewRow& row : view->rows) add_cells(row.cells, &row);
  if (view->totals) add_cells(*view->totals, nullptr);
  Fact rows;
  rows.value = static_cast<double>(view->rows.size());
  rows.where = fmt::format("{}[@view].rows", view->name);
  rows.label = "Rows of " + view->title;
  rows.link = "view:" + view->name;
  // A page that is not the last does not say how many there are.
  if (view->next.empty()) facts_.push_back(std::move(rows));
}

void Evidence::AddPlain(const std::string& tool, const Json& value, const std::string& where,
                        const std::string& key, const std::set<std::string>& owners, int depth) {
  if (depth > 32) return;
  const auto add = [&](Fact fact) {
    fact.column = key;
    fact.owners = owners;
    fact.where = tool + where;
    fact.label = key;
    facts_.push_back(std::move(fact));
  };
  if (value.is_object()) {
    const auto amount = value.find("amount"), currency = value.find("currency");
    if (amount != value.end() && currency != value.end() && amount->is_string() &&
        currency->is_string()) {
      const auto code = FindCurrency(currency->get<std::string>());
      if (code) {
        if (const auto money = ParseMoney(amount->get<std::string>(), *code)) {
          add(MoneyFact(*money));
        }
      }
      return;
    }
    std::set<std::string> inner = owners;
    for (const char* name : {"name", "title", "address", "id", "plan", "alert"}) {
      const auto found = value.find(name);
      if (found == value.end() || !found->is_string()) continue;
      const std::string text = found->get<std::string>();
      if (std::string_view(name) == "plan" || std::string_view(name) == "id" ||
          std::string_view(name) == "alert") {
        ids_.insert(text);
      } else if (depth > 0) {
        inner.insert(report::PlainText(text));
        AddName(text);
      }
    }
    for (const auto& [member, one] : value.items()) {
      AddPlain(tool, one, where + "/" + member, member, inner, depth + 1);
    }
    return;
  }
  if (value.is_array()) {
    std::size_t n = 0;
    for (const Json& one : value) {
      AddPlain(tool, one, fmt::format("{}/{}", where, n++), key, owners, depth + 1);
    }
    Fact rows;
    rows.value = static_cast<double>(value.size());
    add(std::move(rows));
    return;
  }
  if (value.is_number()) {
    Fact fact;
    fact.value = value.get<double>();
    if (std::isfinite(fact.value)) add(std::move(fact));
    return;
  }
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (const auto day = ParseDay(text)) days_.insert(*day);
    if (const auto at = ParseInstant(text)) {
      days_.insert(Day(std::chrono::floor<days>(*at).time_since_epoch()));
    }
    if (kNumberTexts.contains(key)) {
      if (auto fact = NumberText(text)) add(std::move(*fact));
    }
  }
}

// --- the check ----------------------------------------------------------------------------------

namespace {

class Checker {
 public:
  explicit Checker(const Evidence& evidence) : evidence_(evidence) {}

  Checked Run(std::string_view text) {
    if (text.size() > kAnswerMax) return Object("it is longer than an answer may be");
    if (HasMarkup(std::string(text))) return Object("it holds an address or markup");
    int number = 0;
    for (std::size_t from = 0; from <= text.size();) {
      const std::size_t end = std::min(text.find('\n', from), text.size());
      std::string line = Plain(std::string(text.substr(from, end - from)));
      from = end + 1;
      // The numbers of a list count its lines.
      const std::string next = std::to_string(number + 1);
      if (line.starts_with(next + ". ") || line.starts_with(next + ") ")) {
        ++number;
        line.erase(0, next.size() + 2);
      }
      if (line.empty()) continue;
      if (!Line(line)) return Object(objection_);
    }
    if (out_.lines.empty()) return Object("it is empty");
    return std::move(out_);
  }

 private:
  static Checked Object(std::string what) {
    Checked out;
    out.objection = std::move(what);
    return out;
  }
  bool Refuse(std::string what) {
    objection_ = std::move(what);
    return false;
  }

  bool Line(const std::string& line) {
    spans_.clear();
    const std::size_t at_line = out_.lines.size();
    MarkNames(line);
    MarkDays(line);
    if (!objection_.empty()) return false;
    for (const Part& part : SentencesOf(line)) {
      if (!Sentence(line, part, at_line)) return false;
    }
    // Whatever still looks like a number (digits of another script, fractions, "doubled") was not
    // accounted for.
    const std::string stray = report::StrayNumber(line, spans_, kNumberWords);
    if (!stray.empty()) return Refuse(fmt::format("\"{}\" is not found in the data", stray));
    out_.lines.push_back(line);
    return true;
  }

  bool Covered(std::size_t at) const {
    return std::ranges::any_of(spans_,
                               [&](const auto& span) { return at >= span.begin && at < span.end; });
  }
  void Mark(std::size_t begin, std::size_t end) { spans_.push_back({begin, end, "", true}); }

  /// Quoted names of the data, and ids of plans, alerts and rows that hold letters.
  void MarkNames(const std::string& line) {
    static constexpr std::pair<std::string_view, std::string_view> kQuotes[] = {
        {"\"", "\""}, {"“", "”"}, {"„", "“"}, {"«", "»"}, {"'", "'"}, {"‘", "’"}};
    for (const auto& [open, close] : kQuotes) {
      for (std::size_t at = line.find(open); at != std::string::npos;) {
        const std::size_t from = at + open.size();
        const std::size_t end = line.find(close, from);
        if (end == std::string::npos) break;
        if (evidence_.names().contains(line.substr(from, end - from))) {
          Mark(at, end + close.size());
          at = line.find(open, end + close.size());
        } else {
          at = line.find(open, from);
        }
      }
    }
    for (std::size_t at = 0; at < line.size();) {
      if (line[at] == ' ') {
        ++at;
        continue;
      }
      std::size_t end = std::min(line.find(' ', at), line.size());
      const std::size_t next = end;
      std::size_t begin = at;
      while (begin < end && std::string_view("(\"'[").find(line[begin]) != std::string_view::npos) {
        ++begin;
      }
      while (end > begin &&
             std::string_view(".,;:!?)\"']").find(line[end - 1]) != std::string_view::npos) {
        --end;
      }
      const std::string word = line.substr(begin, end - begin);
      const bool letter = std::ranges::any_of(word, IsAsciiLetter);
      if (letter && word.size() > 3 && evidence_.ids().contains(word)) Mark(begin, end);
      at = next;
    }
  }

  /// Days in figures and words; each must be one of the data.
  void MarkDays(const std::string& line) {
    const auto day_at = [&](std::size_t at, std::size_t& end) {
      int value = 0;
      end = at;
      while (end < line.size() && IsDigit(line[end]) && end - at < 3) {
        value = 10 * value + (line[end] - '0');
        ++end;
      }
      for (const std::string_view suffix : {"st", "nd", "rd", "th"}) {
        if (line.compare(end, 2, suffix) == 0) {
          end += 2;
          break;
        }
      }
      return value >= 1 && value <= 31 && end - at <= 4 ? value : 0;
    };
    const auto begins = [&](std::size_t at) {
      return IsDigit(line[at]) && !Covered(at) &&
             (at == 0 || (!IsWordByte(line[at - 1]) && line[at - 1] != '.' && line[at - 1] != ','));
    };
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (!begins(at)) continue;
      // 2026-11-03
      if (at + 10 <= line.size()) {
        if (const auto day = ParseDay(std::string_view(line).substr(at, 10))) {
          if (!Take(*day)) return;
          Mark(at, at + 10);
          at += 9;
          continue;
        }
      }
      // 3 November [2026]; 3-9 November; 3 to 9 November
      std::size_t end = at;
      const int first = day_at(at, end);
      if (first == 0) continue;
      int second = 0;
      std::size_t behind = SkipSpaces(line, end);
      for (const std::string_view to : {"-", "–", "—", "to ", "and ", "through ", "until "}) {
        if (line.compare(behind, to.size(), to) != 0) continue;
        std::size_t stop = 0;
        const std::size_t from = SkipSpaces(line, behind + to.size());
        second = from < line.size() && IsDigit(line[from]) ? day_at(from, stop) : 0;
        if (second > 0) behind = SkipSpaces(line, stop);
        break;
      }
      if (line.compare(behind, 3, "of ") == 0) behind += 3;
      const std::string word = WordAt(line, behind);
      const int month = MonthOf(word);
      if (month == 0) continue;
      std::size_t stop = behind + word.size();
      const std::optional<int> year = YearAt(line, stop);
      if (!TakeParts(first, month, year) || (second > 0 && !TakeParts(second, month, year))) return;
      Mark(at, stop);
      at = stop - 1;
    }
    // November 3[, 2026]; November 3-9; November 2026
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (!IsAsciiLetter(line[at]) || (at > 0 && IsWordByte(line[at - 1])) || Covered(at)) continue;
      const std::string word = WordAt(line, at);
      const int month = MonthOf(word);
      // "may" is more often a word than a month; a month is written with a capital.
      if (month == 0 || !(word[0] >= 'A' && word[0] <= 'Z')) {
        at += word.size() - 1;
        continue;
      }
      std::size_t from = SkipSpaces(line, at + word.size());
      if (from >= line.size() || !IsDigit(line[from])) continue;
      std::size_t end = from;
      const int first = day_at(from, end);
      std::size_t stop = at + word.size();
      if (first == 0 || (end < line.size() && IsDigit(line[end]))) {
        const std::optional<int> year = YearAt(line, stop);
        if (!year) continue;
        if (!TakeMonth(*year, month)) return;
        Mark(at, stop);
        continue;
      }
      stop = end;
      int second = 0;
      for (const std::string_view to : {"-", "–", "—", " to ", " and ", " – "}) {
        if (line.compare(end, to.size(), to) != 0) continue;
        std::size_t over = 0;
        second = end + to.size() < line.size() && IsDigit(line[end + to.size()])
                     ? day_at(end + to.size(), over)
                     : 0;
        if (second > 0) stop = over;
        break;
      }
      const std::optional<int> year = YearAt(line, stop);
      if (!TakeParts(first, month, year) || (second > 0 && !TakeParts(second, month, year))) return;
      Mark(at, stop);
      at = stop - 1;
    }
  }
  /// ", 2026" or " 2026" at `stop`, which is moved behind it.
  static std::optional<int> YearAt(const std::string& line, std::size_t& stop) {
    std::size_t at = stop;
    if (at < line.size() && line[at] == ',') ++at;
    at = SkipSpaces(line, at);
    int year = 0;
    std::size_t end = at;
    while (end < line.size() && IsDigit(line[end]) && end - at < 5) {
      year = 10 * year + (line[end] - '0');
      ++end;
    }
    if (end - at != 4 || year < 1990 || year > 2200) return std::nullopt;
    // "3 November, 2100 clicks" is no year.
    const std::string next = WordAt(line, SkipSpaces(line, end));
    if (line[stop] == ',' && !next.empty() && !MetricsIn(next).empty()) return std::nullopt;
    stop = end;
    return year;
  }
  bool Take(Day day) {
    if (evidence_.Knows(day)) return true;
    return Refuse(fmt::format("the day {} is in none of the data", PrintDay(day)));
  }
  bool TakeParts(int day, int month, std::optional<int> year) {
    if (year) {
      const std::chrono::year_month_day date{std::chrono::year{*year} /
                                             std::chrono::month{static_cast<unsigned>(month)} /
                                             std::chrono::day{static_cast<unsigned>(day)}};
      if (!date.ok()) return Refuse("a day in it does not exist");
      return Take(Day(std::chrono::local_days(date)));
    }
    // Without a year: any year in which the data know that day.
    for (int y = 1990; y <= 2200; ++y) {
      const std::chrono::year_month_day date{std::chrono::year{y} /
                                             std::chrono::month{static_cast<unsigned>(month)} /
                                             std::chrono::day{static_cast<unsigned>(day)}};
      if (date.ok() && evidence_.Knows(Day(std::chrono::local_days(date)))) return true;
    }
    return Refuse(fmt::format("the day {} of month {} is in none of the data", day, month));
  }
  bool TakeMonth(int year, int month) {
    for (int day = 1; day <= 31; ++day) {
      const std::chrono::year_month_day date{std::chrono::year{year} /
                                             std::chrono::month{static_cast<unsigned>(month)} /
                                             std::chrono::day{static_cast<unsigned>(day)}};
      if (date.ok() && evidence_.Knows(Day(std::chrono::local_days(date)))) return true;
    }
    return Refuse(fmt::format("the month {}-{:02} is in none of the data", year, month));
  }

  bool Sentence(const std::string& line, const Part& part, std::size_t at_line) {
    const std::string sentence = line.substr(part.begin, part.end - part.begin);
    const std::vector<std::string> metrics = MetricsIn(sentence);
    const int direction = DirectionIn(sentence);
    // Objects of the data that the sentence speaks of.
    const std::string lower = Lower(sentence);
    std::set<std::string> named;
    for (const std::string& name : evidence_.names()) {
      if (name.size() < 3) continue;
      if (Mentions(lower, Lower(name))) named.insert(name);
    }
    for (const auto& [platform, words] :
         {std::pair("google_ads", "google"), std::pair("meta", "facebook")}) {
      if (evidence_.names().contains(platform) && Mentions(lower, words)) named.insert(platform);
    }
    for (std::size_t at = part.begin; at < part.end;) {
      if (Covered(at) || !IsDigit(line[at])) {
        ++at;
        continue;
      }
      const Token token = ReadToken(line, at);
      const std::string said =
          line.substr(token.begin, std::max(token.end, token.begin + 1) - token.begin);
      const std::size_t next = std::max(token.end, at + 1);
      if (OfTime(token)) {
        spans_.push_back({token.begin, token.end, "", false});
        at = next;
        continue;
      }
      const Fact* fact = FindFact(token, metrics, named, direction);
      if (fact == nullptr) return Refuse(fmt::format("\"{}\" is not found in the data", said));
      spans_.push_back({token.begin, token.end, "", false});
      AddSource(at_line, said, *fact);
      at = next;
    }
    return Words(line, part, metrics, named, direction, at_line);
  }
  static bool Mentions(const std::string& lower, const std::string& name) {
    for (std::size_t at = lower.find(name); at != std::string::npos;
         at = lower.find(name, at + 1)) {
      const bool before = at == 0 || !IsWordByte(lower[at - 1]);
      const std::size_t end = at + name.size();
      const bool after = end == lower.size() || !IsWordByte(lower[end]);
      if (before && after) return true;
    }
    return false;
  }
  void AddSource(std::size_t line, const std::string& said, const Fact& fact) {
    out_.sources.push_back({line, said, fact.where, fact.label, fact.link});
  }
  /// The length of a period, in its words.
  bool OfTime(const Token& token) const {
    if (token.unit.empty() || token.readings.size() != 1 || token.readings[0].decimals > 0 ||
        token.percent || token.currency) {
      return false;
    }
    const double value = token.readings[0].value;
    return OfTime(value, token.unit);
  }
  bool OfTime(double value, const std::string& unit) const {
    for (const int length : evidence_.lengths()) {
      if ((unit == "day" || unit == "days") && value == length) return true;
      if ((unit == "week" || unit == "weeks") && value * 7 == length) return true;
    }
    return false;
  }

  const Fact* FindFact(const Token& token, const std::vector<std::string>& metrics,
                       const std::set<std::string>& named, int direction) const {
    for (const Fact& fact : evidence_.facts()) {
      if (!Says(token, fact)) continue;
      const std::string metric = MetricOf(fact.column);
      if (!metric.empty() && !metrics.empty() &&
          std::ranges::find(metrics, metric) == metrics.end()) {
        continue;
      }
      if (!named.empty() && !fact.owners.empty()) {
        const bool its = std::ranges::any_of(fact.owners, [&](const std::string& owner) {
          return named.contains(owner) || evidence_.IsAnother(owner, named);
        });
        if (!its) continue;
      }
      // What the data call a fall is no rise.
      if (fact.column.ends_with("_change") && direction != 0 && fact.value * direction < 0 &&
          !token.negative) {
        continue;
      }
      return &fact;
    }
    return nullptr;
  }

  /// Numbers in words, up to twelve: lengths of periods, and numbers of the data.
  bool Words(const std::string& line, const Part& part, const std::vector<std::string>& metrics,
             const std::set<std::string>& named, int direction, std::size_t at_line) {
    for (std::size_t at = part.begin; at < part.end;) {
      if (!IsAsciiLetter(line[at]) || Covered(at)) {
        ++at;
        continue;
      }
      const std::string word = WordAt(line, at);
      const int value = SmallNumber(Lower(word));
      if (value > 0) {
        const std::string unit = Lower(WordAt(line, SkipSpaces(line, at + word.size())));
        Token token;
        token.readings = {{static_cast<double>(value), 0}};
        const bool time = OfTime(value, unit);
        const Fact* fact = time ? nullptr : FindFact(token, metrics, named, direction);
        if (!time && fact == nullptr) {
          return Refuse(fmt::format("\"{}\" is not found in the data", word));
        }
        spans_.push_back({at, at + word.size(), "", false});
        if (fact != nullptr) AddSource(at_line, word, *fact);
      }
      at += word.size();
    }
    return true;
  }

  const Evidence& evidence_;
  Checked out_;
  std::vector<report::Sentence::Span> spans_;
  std::string objection_;
};

}  // namespace

Checked CheckAnswer(std::string_view text, const Evidence& evidence) {
  return Checker(evidence).Run(text);
}

}  // namespace maxopt::asking
