#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "connect/meta/graph.h"
#include "connect/meta/read.h"
#include "domain/metric.h"

/// Insights: what is asked and how its rows read. Pure. Inside of this folder only.
namespace maxopt::meta {

/// Of the conversions we read, and asked for by name: Meta's default window differs by ad set.
inline constexpr std::string_view kWindow = "7d_click+1d_view";

/// kInvalidArgument for what Meta does not report.
Result<Params> InsightsParams(const MetricQuery& query);

/// What tells rows of one report apart; "" when a row names no object or day.
std::string InsightsKey(const MetricQuery& query, const nlohmann::json& row);

/// All rows of one report, in order of day, ids, hour and segment. Conversions are those of exactly
/// one action: `action`, or when it is empty the first of omni_purchase, purchase and
/// offsite_conversion.fb_pixel_purchase that any row has; they overlap, so they are never added.
/// Meta leaves out actions that did not happen, so a row without it has 0; but when a cut by hour
/// or breakdown has it nowhere, Meta may have withheld it, and it is absent.
/// kBadAnswer names the row and what in it cannot be read.
Result<std::vector<MetricRow>> RowsFrom(const MetricQuery& query,
                                        const std::vector<nlohmann::json>& rows,
                                        const Ground& ground, std::string_view action);

}  // namespace maxopt::meta
