#pragma once
#include "connect/google_ads/client.h"
#include "domain/metric.h"

namespace maxopt::google_ads {

/// Google's conversions are booked on the click, within 30 days of it unless the account says
/// otherwise.
inline constexpr std::string_view kAttributionWindow = "30d_click";

/// kInvalidArgument for a level, grain and breakdown that Google does not report together.
Result<MetricReport> ReadMetrics(const Client& client, const AccountInfo& account,
                                 const MetricQuery& query, http::Deadline deadline);

}  // namespace maxopt::google_ads
