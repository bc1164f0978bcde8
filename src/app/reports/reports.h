#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/home/home.h"
#include "connect/notify/notify.h"
#include "domain/message.h"
#include "memory/campaigns/reports.h"

/// Reports of a home: made from its views, archived so that they never change, rendered in any
/// form, sent when their schedule says so. docs/reports.md.
namespace maxopt {

/// What is asked for. Empty means the template's choice (reports.yaml), then the kind's own.
struct ReportRequest {
  std::string client;
  std::string kind = "performance";  ///< performance channels creatives efficiency strategy
                                     ///< dashboard
  std::string audience{};            ///< executive client operator auditor
  std::string language{};            ///< en de
  std::string campaign_type{};       ///< awareness traffic leads sales app
  std::string template_name{};       ///< of reports.yaml; empty: the one that fits best
  std::optional<Day> from{}, to{};   ///< inclusive; absent: the 28 days up to yesterday, where the
                                     ///< client is
  std::optional<Instant> as_of{};    ///< what was known then; absent: now
  std::string by{};                  ///< who asks
};

/// A form in which a report can be had.
struct ReportForm {
  std::string_view name;        ///< "html"
  std::string_view media_type;  ///< "text/html; charset=utf-8"
  std::string_view extension;   ///< "html"; of csv: "zip"
  std::string_view what;
};
/// html, pdf, xlsx, csv, json, md, eml.
const std::vector<ReportForm>& ReportForms();

/// A report in a form.
struct RenderedReport {
  std::string name;        ///< a file name of ASCII letters, digits, "-", "_" and "."
  std::string media_type;  ///< for Content-Type
  std::string bytes;
  std::string sha256;
};

/// The request with every choice made: kind, audience, language, campaign type, template and days;
/// as_of stays absent where it is not asked for. Errors: as MakeReport.
Result<ReportRequest> SettleReport(Home& home, ReportRequest request);

/// Makes a report and archives it: reports/ID/ of the home has its inputs and its document, the
/// campaign memory its row. Messages to the team are not sent here (TellReport).
/// Errors: kInvalidArgument lists the known kinds, audiences, languages, types; kNotFound: the
/// client; kRefused: a number of the prose that does not resolve, or a file of the archive that
/// changed. Thread-safe as the home is.
Result<ReportEntry> MakeReport(Home& home, const ReportRequest& request);

/// The row as answers show it; its hash, which is of the inputs, under the name that the caller's
/// contract gives it ("sha256", "hash").
nlohmann::ordered_json EntryJson(const ReportEntry& entry, const char* hash);

/// Newest first; `client` empty: of all.
Result<std::vector<ReportEntry>> Reports(Home& home, const std::string& client, int limit);
/// kNotFound; kRefused when a file of the archive is not as it was written, naming it.
Result<ReportEntry> GetReport(Home& home, const std::string& id);
/// From the stored inputs: the same bytes each time. What was rendered once is kept; it is compared
/// with its hash whenever it is read. kInvalidArgument: an unknown form; kNotFound: no such report,
/// or (pdf) no Chromium on this machine, saying what to install.
Result<RenderedReport> RenderReport(Home& home, const std::string& id, const std::string& form);
/// Renders anew from the stored inputs, whatever is kept, and says whether the bytes are those kept
/// (true also where none were).
struct Replayed {
  RenderedReport report;
  bool same = true;
  std::string why;  ///< where not: which program made it then
};
Result<Replayed> ReplayReport(Home& home, const std::string& id, const std::string& form);

/// The document as JSON (schemas/report.schema.json): sentences with the cells behind every number,
/// tables, insights, derivations. What the dashboard shows.
Result<std::string> ReportJson(Home& home, const std::string& id);

/// Puts what the report has to say to its teammates into the outbox, each message once however
/// often it is called; returns them.
Result<std::vector<Message>> TellReport(Home& home, const std::string& id);

/// A report that was made, and what was told of it.
struct MadeReport {
  ReportEntry entry;
  std::vector<Message> messages{};
  bool before = false;  ///< it was there already: an earlier run made it
};
/// Makes the report and, where `tell`, tells the team; finds the one of this `by` that was made
/// before. Of a run that was cut off the next goes on where it stood.
using ReportMaker = std::function<Result<MadeReport>(const ReportRequest&, bool tell)>;

/// What came of the client's schedules.
struct ScheduledReports {
  std::vector<ReportEntry> made{};
  int messages = 0, mails = 0;
  std::vector<std::string> problems{};
};
/// Has made what reports.yaml wants between the last run and `due` (of several times that were
/// missed the newest), known to `make` by "schedule NAME of TIME", and mails it where the schedule
/// says so: at least once, and twice only if the process dies between a mail and `keep`. A mail
/// that cannot be sent is tried again in each run for three days. `progress` is the text that the
/// caller's `keep` got last ("" at first); `mailer` null: nothing can be mailed, and the schedule
/// that wants it is a problem. An error of `keep` ends the run.
Result<ScheduledReports> RunReportSchedules(
    Home& home, const std::string& client, Instant due, const std::string& progress,
    const ReportMaker& make, const std::shared_ptr<Mailer>& mailer,
    const std::function<Result<>(const std::string& progress)>& keep);

/// Whether reports.yaml can be read and every schedule of it can run: kInvalidArgument with file
/// and line, or naming the schedule whose client, or e-mail channel of alerts.yaml, is not there
/// (such a schedule would never be looked at, or never be mailed).
Result<> CheckReportsConfig(Home& home);
/// What `maxopt init` writes as reports.yaml, commented.
std::string ReportsTemplate();

}  // namespace maxopt
