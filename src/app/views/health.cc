// jobs, tokens, sunsets, reports: whether Max itself is well, and what it has written.
#include <fmt/format.h>

#include <algorithm>

#include "app/views/sources.h"
#include "app/views/themes.h"
#include "app/worker/worker.h"
#include "memory/campaigns/alerts.h"
#include "memory/campaigns/reports.h"
#include "memory/platforms/platforms.h"

namespace maxopt::views {
namespace {

/// Ends within so many days is worth a look: as maxopt doctor warns of versions.
constexpr int kSoonDays = 90;

}  // namespace

Result<View> JobsView(Frame& frame) {
  View& view = frame.view;
  view.columns = {Text("name", "Job"),
                  Text("kind", "Kind"),
                  Text("client", "Client"),
                  Text("account", "Account"),
                  Text("state", "State", "running, stale, failing, postponed, due, waiting"),
                  Text("schedule", "Schedule", "cron"),
                  Text("zone", "Time zone"),
                  Text("importance", "Importance"),
                  Of(CellKind::kInstant, "runs_at", "Next"),
                  Of(CellKind::kInstant, "started_at", "Began"),
                  Of(CellKind::kInstant, "ended_at", "Ended"),
                  Of(CellKind::kInstant, "succeeded_at", "Succeeded"),
                  Text("outcome", "Outcome"),
                  Of(CellKind::kCount, "failures", "Failures in a row", "", Truth::kNone, -1),
                  Text("detail", "Detail")};
  MAXOPT_TRY(const std::vector<Job> jobs, Jobs(frame.home.store()));
  for (const JobView& one : ViewJobs(jobs, frame.now)) {
    const Job& job = one.job;
    // A job of the whole home is nobody's client, and shown to who may see all.
    if (job.spec.client.empty() ? frame.query.clients.has_value() || !frame.query.client.empty()
                                : !frame.Sees(job.spec.client)) {
      continue;
    }
    ViewRow row;
    row.key = job.spec.key;
    row.tone = one.state == "stale" || one.state == "failing"     ? "bad"
               : one.state == "postponed"                         ? "watch"
               : one.state == "waiting" || one.state == "running" ? "good"
                                                                  : "";
    row.cells = {TextCell(job.spec.key),
                 TextCell(job.spec.kind),
                 TextCell(job.spec.client),
                 TextCell(job.spec.account),
                 one.state,
                 TextCell(job.spec.schedule),
                 TextCell(job.spec.zone),
                 std::string(JobImportanceName(job.spec.importance)),
                 job.runs_at(),
                 Maybe(job.started_at),
                 Maybe(job.ended_at),
                 Maybe(job.succeeded_at),
                 TextCell(job.outcome),
                 static_cast<std::int64_t>(job.failures),
                 TextCell(job.detail)};
    view.rows.push_back(std::move(row));
  }
  if (view.rows.empty()) frame.Note("There are no jobs yet; maxopt serve or worker makes them.");
  return view;
}

Result<View> TokensView(Frame& frame) {
  View& view = frame.view;
  view.columns = {
      Text("name", "Account"),
      Text("client", "Client"),
      Text("platform", "Platform"),
      Text("account", "Account, name"),
      Text("state", "Access", "What an open alert says of its credentials; else well."),
      Of(CellKind::kDay, "expires_on", "Token ends", "As connections.yaml says."),
      Of(CellKind::kCount, "days_left", "Days left"),
      Text("version", "API version"),
      Text("version_state", "Version", "Whether it can be worked with."),
      Of(CellKind::kCount, "calls_today", "Calls today"),
      Of(CellKind::kCount, "calls_per_day", "Calls a day, at most"),
      Of(CellKind::kRatio, "day_used", "Of the day's used", "", Truth::kNone, -1),
      Of(CellKind::kCount, "calls_this_hour", "Calls this hour"),
      Of(CellKind::kCount, "calls_per_hour", "Calls an hour, at most"),
      Of(CellKind::kRatio, "hour_used", "Of the hour's used", "", Truth::kNone, -1),
  };
  const auto connections = frame.home.Connections();
  if (!connections) {
    frame.Note("Connections cannot be read: " + connections.error().what);
    return view;
  }
  AlertQuery query;
  query.client = frame.query.client;
  MAXOPT_TRY(const std::vector<AlertEntry> alerts, Alerts(frame.home.store(), query));
  for (const Connection& connection : *connections) {
    if (!frame.Sees(connection.client)) continue;
    const std::string key = PrintAccount(connection.account);
    const ClientAccount* account = frame.Account(connection.account);
    std::string state = "well";
    for (const AlertEntry& entry : alerts) {
      const Condition& c = entry.alert.condition;
      if (entry.alert.open && c.detector == "credential" && c.account == connection.account) {
        state = c.title;
      }
    }
    std::optional<Day> expires;
    if (const auto at = connection.settings.find("token_expires_on");
        at != connection.settings.end()) {
      if (const auto day = ParseDay(at->second)) expires = *day;
    }
    const auto version = PlatformSpecs::BuiltIn().CheckVersion(connection.account.platform,
                                                               connection.version, frame.today);
    std::string version_state = "well";
    if (version && !version->problem.empty()) version_state = version->problem;
    if (version && version->problem.empty() && !version->warning.empty()) {
      version_state = version->warning;
    }
    MAXOPT_TRY(const CallsUsed used, CallsOf(frame.home.store(), key, frame.now));
    const CallLimit limit = CallLimitOf(connection, *connections);
    const auto share = [](std::int64_t part, std::int64_t whole) -> ViewCell {
      return whole > 0 ? ViewCell(static_cast<double>(part) / static_cast<double>(whole))
                       : ViewCell();
    };
    const std::optional<std::int64_t> left =
        expires ? std::optional((*expires - frame.today).count()) : std::nullopt;
    ViewRow row;
    row.key = key;
    const bool bad =
        state != "well" || (left && *left < 0) || (version && !version->problem.empty());
    const bool watch = (left && *left <= kSoonDays) || (version && !version->warning.empty());
    row.tone = bad ? "bad" : watch ? "watch" : "good";
    row.cells = {key,
                 connection.client,
                 std::string(PlatformName(connection.account.platform)),
                 account != nullptr ? TextCell(account->info.name) : ViewCell(),
                 state,
                 Maybe(expires),
                 Maybe(left),
                 TextCell(connection.version),
                 version_state,
                 used.today,
                 limit.per_day,
                 share(used.today, limit.per_day),
                 used.this_hour,
                 limit.per_hour,
                 share(used.this_hour, limit.per_hour)};
    view.rows.push_back(std::move(row));
  }
  return view;
}

Result<View> SunsetsView(Frame& frame) {
  View& view = frame.view;
  view.columns = {Text("name", "What ends"),
                  Text("platform", "Platform"),
                  Text("kind", "Kind", "api_version or feature"),
                  Of(CellKind::kDay, "day", "Ends"),
                  Of(CellKind::kCount, "days_left", "Days left"),
                  Of(CellKind::kFlag, "in_use", "In use", "A connection names it."),
                  Text("what", "What to know")};
  const auto connections = frame.home.Connections();
  const PlatformSpecs& specs = PlatformSpecs::BuiltIn();
  for (const PlatformSpec& spec : specs.all()) {
    for (const ApiVersion& version : spec.api_versions) {
      if (!version.sunset) continue;
      const std::int64_t left = (*version.sunset - frame.today).count();
      bool used = false;
      if (connections) {
        used = std::ranges::any_of(*connections, [&](const Connection& connection) {
          return connection.account.platform == spec.platform &&
                 connection.version == version.version && frame.Sees(connection.client);
        });
      }
      // What ended long ago and nobody uses is history.
      if (left < -kSoonDays && !used) continue;
      ViewRow row;
      row.key = fmt::format("{}/{}", PlatformName(spec.platform), version.version);
      row.tone = used && left < 0 ? "bad" : used && left <= kSoonDays ? "watch" : "";
      row.cells = {fmt::format("{} API {}", PlatformName(spec.platform), version.version),
                   std::string(PlatformName(spec.platform)),
                   std::string("api_version"),
                   *version.sunset,
                   left,
                   used,
                   ViewCell()};
      view.rows.push_back(std::move(row));
    }
  }
  // Features that end are conditions of the detector "sunset".
  AlertQuery query;
  query.client = frame.query.client;
  MAXOPT_TRY(const std::vector<AlertEntry> alerts, Alerts(frame.home.store(), query));
  for (const AlertEntry& entry : alerts) {
    const Condition& c = entry.alert.condition;
    if (!entry.alert.open || c.detector != "sunset" || !frame.Sees(c.client)) continue;
    ViewRow row;
    row.key = "alert/" + entry.alert.id;
    row.link = "view:alert?id=" + Encode(entry.alert.id);
    row.tone = "watch";
    row.cells = {TextCell(c.title),
                 c.account ? ViewCell(std::string(PlatformName(c.account->platform))) : ViewCell(),
                 std::string("feature"),
                 ViewCell(),
                 ViewCell(),
                 true,
                 TextCell(c.proposal)};
    view.rows.push_back(std::move(row));
  }
  std::ranges::stable_sort(view.rows, [](const ViewRow& a, const ViewRow& b) {
    const auto* x = std::get_if<Day>(&a.cells[3]);
    const auto* y = std::get_if<Day>(&b.cells[3]);
    if (x == nullptr || y == nullptr) return x != nullptr && y == nullptr;
    return *x < *y;
  });
  return view;
}

Result<View> ReportsView(Frame& frame) {
  View& view = frame.view;
  view.columns = {Text("title", "Report"),
                  Text("client", "Client"),
                  Text("kind", "Kind"),
                  Text("audience", "For"),
                  Text("language", "Language"),
                  Of(CellKind::kDay, "from", "First day"),
                  Of(CellKind::kDay, "to", "Last day"),
                  Of(CellKind::kInstant, "as_of", "As of"),
                  Of(CellKind::kInstant, "made_at", "Made"),
                  Text("by", "By"),
                  Text("template", "Template"),
                  Text("software", "Version", "That made it."),
                  Text("hash", "Digest", "Of its inputs.")};
  MAXOPT_TRY(const std::vector<ReportEntry> reports,
             ListReports(frame.home.store(), frame.query.client, kAllRows));
  for (const ReportEntry& report : reports) {
    if (!frame.Sees(report.client) || report.made_at > frame.now) continue;
    ViewRow row;
    row.key = report.id;
    row.link = "report:" + report.id;
    row.cells = {TextCell(report.title),
                 TextCell(report.client),
                 TextCell(report.kind),
                 TextCell(report.audience),
                 TextCell(report.language),
                 report.from,
                 report.to,
                 report.as_of,
                 report.made_at,
                 TextCell(report.by),
                 TextCell(report.template_name),
                 TextCell(report.software),
                 TextCell(report.hash)};
    view.rows.push_back(std::move(row));
  }
  return view;
}

}  // namespace maxopt::views
