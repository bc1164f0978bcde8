#pragma once
#include <optional>
#include <string>
#include <vector>

#include "memory/campaigns/campaigns.h"

namespace maxopt {

/// A report that was made: its row in the campaign memory. Its files stand in the home's
/// reports/<id>/; `hash` is over their list, so that a file that changed is found.
struct ReportEntry {
  std::string id;  ///< "r-20261122-0001"
  std::string client, kind, audience, language, title;
  Day from{}, to{};
  Instant as_of{}, made_at{};
  std::string by;             ///< who asked for it
  std::string template_name;  ///< of reports.yaml; empty: none
  std::string software;       ///< version that made it
  std::string hash;           ///< SHA-256 of the inputs, in hex
};

/// Gives the report its id. Rows are never changed or deleted (the database refuses).
Result<ReportEntry> SaveReport(CampaignStore& store, ReportEntry entry);
Result<ReportEntry> FindReport(CampaignStore& store, const std::string& id);
/// Newest first; of one client when given; at most `limit`.
Result<std::vector<ReportEntry>> ListReports(CampaignStore& store, const std::string& client,
                                             int limit);
/// The id that a report made at `now` would get: the first free number of the day.
Result<std::string> NextReportId(CampaignStore& store, Instant now);

/// Hash of a form when it was first rendered. A later one of the same report and form is kConflict
/// unless it is the same.
Result<> SaveReportForm(CampaignStore& store, const std::string& id, const std::string& form,
                        const std::string& sha256, const std::string& software);
struct ReportFormHash {
  std::string sha256, software;
};
Result<std::optional<ReportFormHash>> FindReportForm(CampaignStore& store, const std::string& id,
                                                     const std::string& form);

}  // namespace maxopt
