// Reports of a client: made, listed, fetched in any form.
#include "app/reports/reports.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/api/route.h"
#include "app/cycle/cycle.h"

namespace maxopt::api {

Answer ListReports(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const std::vector<ReportEntry> entries, Reports(*home, call.client(), 500));
  ordered_json list = ordered_json::array();
  for (const ReportEntry& entry : entries) list.push_back(EntryJson(entry, "sha256"));
  return Json(200, {{"reports", list}});
}

Answer MakeOneReport(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  const auto text = [&call](const char* name) { return call.body.value(name, std::string()); };
  ReportRequest request;
  request.client = call.client();
  request.by = call.by();
  // The dashboard calls the kind of a report its template.
  for (const char* name : {"template", "kind"}) {
    if (!text(name).empty()) request.kind = text(name);
  }
  request.audience = text("audience");
  request.language = text("language");
  request.campaign_type = text("campaign_type");
  if (!text("from").empty()) {
    MAXOPT_TRY(request.from, ParseDay(text("from")));
  }
  if (!text("to").empty()) {
    MAXOPT_TRY(request.to, ParseDay(text("to")));
  }
  if (!text("as_of").empty()) {
    MAXOPT_TRY(request.as_of, ParseInstant(text("as_of")));
  }
  MAXOPT_TRY(const MadeReport made, MakeReportCycle(*home, request, false));
  return Json(201, EntryJson(made.entry, "sha256"));
}

Answer GetReportForm(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  const std::string& id = call.path.find("report")->second;
  const auto entry = GetReport(*home, id);
  if (!entry && entry.error().code != Errc::kNotFound) {
    return std::unexpected(ApiError(entry.error()));
  }
  if (!entry || entry->client != call.client()) {
    return Refuse(404, "not_found", fmt::format("{} has no report {}", call.client(), id),
                  "path report");
  }
  MAXOPT_TRY(RenderedReport report, RenderReport(*home, id, call.path.find("form")->second));
  const bool shown = report.media_type.starts_with("text/html");
  http::Response response;
  response.headers = {
      {"Content-Type", report.media_type},
      {"Content-Disposition",
       fmt::format("{}; filename=\"{}\"", shown ? "inline" : "attachment", report.name)},
      {"ETag", '"' + report.sha256.substr(0, 32) + '"'},
      // A report is a document: it runs nothing and asks nobody.
      {"Content-Security-Policy",
       "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"}};
  response.body = std::move(report.bytes);
  return response;
}

}  // namespace maxopt::api
