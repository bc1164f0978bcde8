#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sim/meta/graph.h"
#include "sim/meta/request.h"

namespace maxopt::sim::meta {

/// One condition of `filtering`, on lists and on insights.
struct Filter {
  std::string field;  ///< "campaign.id", "effective_status", "spend", ...
  std::string op;     ///< EQUAL, IN, GREATER_THAN, CONTAIN, ...
  std::vector<std::string> values;
};
/// `fields`: the names that may be filtered on, space-separated.
Graph<std::vector<Filter>> ReadFilters(const Params& params, std::string_view fields);
/// Orders compare as numbers; what is no number is in no order.
bool Matches(const Filter& filter, const std::string& text);

}  // namespace maxopt::sim::meta
