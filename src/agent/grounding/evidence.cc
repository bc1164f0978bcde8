#include "agent/grounding/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "domain/view.h"
#include "stages/report/cells/cells.h"
#include "stages/report/narrative/narrative.h"

namespace maxopt::grounding {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::days;

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

}  // namespace

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

}  // namespace maxopt::grounding
