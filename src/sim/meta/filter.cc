#include "sim/meta/filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/meta/fields.h"

namespace maxopt::sim::meta {

Graph<std::vector<Filter>> ReadFilters(const Params& params, std::string_view fields) {
  constexpr std::string_view kOperators =
      "EQUAL NOT_EQUAL GREATER_THAN GREATER_THAN_OR_EQUAL LESS_THAN LESS_THAN_OR_EQUAL IN NOT_IN "
      "CONTAIN NOT_CONTAIN";
  std::vector<Filter> filters;
  const auto list = params.Structure("filtering");
  if (!list) return Refuse(list.error());
  if (list->is_null()) return filters;
  if (!list->is_array()) return RefuseParam("Param filtering must be an array");
  for (const Json& item : *list) {
    if (!item.is_object()) return RefuseParam("Param filtering must be an array of objects");
    Filter filter;
    filter.field = ScalarText(item.value("field", Json("")));
    filter.op = ScalarText(item.value("operator", Json("")));
    if (!HasWord(fields, filter.field)) {
      return RefuseParam(fmt::format("Filtering field {} is invalid; use one of {}", filter.field,
                                     ListWords(fields)));
    }
    if (!HasWord(kOperators, filter.op)) {
      return RefuseParam(fmt::format("Filtering operator must be one of {{{}}} - got \"{}\".",
                                     ListWords(kOperators), filter.op));
    }
    const Json value = item.value("value", Json());
    if (value.is_array()) {
      for (const Json& one : value) filter.values.push_back(ScalarText(one));
    } else if (!value.is_null()) {
      filter.values.push_back(ScalarText(value));
    }
    if (filter.values.empty()) return RefuseParam("Filtering needs a value");
    filters.push_back(std::move(filter));
  }
  return filters;
}

bool Matches(const Filter& filter, const std::string& text) {
  const auto number = [](const std::string& of) -> std::optional<double> {
    double value = 0;
    const auto [end, error] = std::from_chars(of.data(), of.data() + of.size(), value);
    if (error != std::errc() || end != of.data() + of.size()) return std::nullopt;
    return value;
  };
  const std::string& wanted = filter.values.front();
  const bool in = std::ranges::find(filter.values, text) != filter.values.end();
  if (filter.op == "EQUAL" || filter.op == "IN") return in;
  if (filter.op == "NOT_EQUAL" || filter.op == "NOT_IN") return !in;
  if (filter.op == "CONTAIN") return text.find(wanted) != std::string::npos;
  if (filter.op == "NOT_CONTAIN") return text.find(wanted) == std::string::npos;
  const auto have = number(text);
  const auto bound = number(wanted);
  if (!have || !bound) return false;
  if (filter.op == "GREATER_THAN") return *have > *bound;
  if (filter.op == "GREATER_THAN_OR_EQUAL") return *have >= *bound;
  if (filter.op == "LESS_THAN") return *have < *bound;
  return *have <= *bound;
}

}  // namespace maxopt::sim::meta
