#pragma once
#include <vector>

#include "domain/message.h"
#include "stages/report/report.h"

/// What reporting tells the team, for the outbox.
namespace maxopt::report {

/// The messages of a report's kind to its teammates: campaign_performance to carlos,
/// channel_performance to james, creative_performance to lucas, media_efficiency to zara,
/// strategic_insights to maya and simon, client_dashboard to front_office. Each as JSON
/// (schemas/<kind>.schema.json) and as Markdown made of the same document. Pure; the same report
/// gives the same bytes. `inputs` are those that the document was composed of.
Result<std::vector<Message>> ReportMessages(const Document& document, const Inputs& inputs);

}  // namespace maxopt::report
