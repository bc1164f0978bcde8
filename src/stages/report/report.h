#pragma once
#include <string>
#include <vector>

#include "memory/campaigns/campaigns.h"
#include "memory/facts/facts.h"

namespace maxopt {

struct ReportOptions {
  std::string client;
  Day from{};
  Day to{};       ///< inclusive
  Instant now{};  ///< when it is written; facts are read as of then
  Money planned =
      Money::Zero(kNoCurrency);    ///< spend planned for the period; none when kNoCurrency
  std::vector<std::string> extra;  ///< paragraphs to put under the summary (Markdown)
};

/// A report of one client and period, in two forms with the same numbers.
struct Report {
  std::string markdown;
  std::string html;  ///< one file, no scripts, no outside references
};

/// Numbers of the period: spend and delivery by platform and channel, what the platforms claim
/// (with their window), what the client's books say, ratios as sums divided; what was changed and
/// why; what a reader must know about the data. Nothing is estimated here. Absent is "–", never 0.
/// Names from platforms are escaped: they are data, never markup.
Result<Report> WriteReport(CampaignStore& store, FactStore& facts, const ReportOptions& options);

}  // namespace maxopt
