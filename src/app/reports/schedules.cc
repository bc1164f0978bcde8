#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/reports/config.h"
#include "app/reports/reports.h"
#include "stages/report/documents/documents.h"
#include "stages/report/report.h"

namespace maxopt {
namespace {

using nlohmann::json;

/// A schedule that is new is due from so long before its first look on: as long as the job's
/// interval, so that a time between two looks is not missed.
constexpr std::chrono::minutes kFirstLook{15};
constexpr std::chrono::seconds kMailTimeout{30};

/// The newest time of the schedule in (after, until].
std::optional<Instant> NewestIn(const Cron& cron, const Zone& zone, Instant after, Instant until) {
  std::optional<Instant> out;
  for (auto next = cron.Next(after, zone); next && *next <= until; next = cron.Next(*next, zone)) {
    out = next;
  }
  return out;
}

Result<Channel> MailChannel(const AlertConfig& config, const std::string& name) {
  const auto found = config.channels.find(name);
  if (found != config.channels.end() && found->second.kind == ChannelKind::kEmail) {
    return found->second;
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("alerts.yaml has no e-mail channel \"{}\"", name));
}

Result<> SendMail(Home& home, const ReportSchedule& schedule, const ReportEntry& entry,
                  const std::shared_ptr<Mailer>& mailer) {
  if (!mailer) return Fail(Errc::kUnavailable, "this process cannot send mail");
  MAXOPT_TRY(const AlertConfig config, home.Alerting());
  MAXOPT_TRY(const Channel channel, MailChannel(config, schedule.mail_channel));
  const std::vector<std::string>& to = schedule.mail_to.empty() ? channel.to : schedule.mail_to;
  MAXOPT_TRY(const std::string inputs,
             ReadWholeFile(home.PathOf("reports/" + entry.id + "/inputs.json")));
  MAXOPT_TRY(const report::Stored stored, report::ReadInputs(inputs));
  MAXOPT_TRY(const report::Document document, report::Compose(stored.settings, stored.inputs));
  std::string all;
  for (const std::string& each : to) all += (all.empty() ? "" : ",") + each;
  Mail mail;
  mail.url = channel.url;
  mail.user = channel.user;
  mail.password = channel.password;
  mail.from = channel.from;
  mail.ca_file = channel.ca_file;
  mail.plain = channel.plain_text_smtp;
  mail.to = to;
  mail.text = report::MailOf(document, {channel.from, all});
  return mailer->Send(mail, http::Deadline(std::chrono::steady_clock::now() + kMailTimeout));
}

}  // namespace

Result<> CheckReportsConfig(Home& home) {
  MAXOPT_TRY(const ReportsConfig config, ReadReportsConfig(home.folder()));
  MAXOPT_TRY(const AlertConfig alerting, home.Alerting());
  MAXOPT_TRY(const std::vector<Client> clients, home.store().Clients());
  for (const ReportSchedule& schedule : config.schedules) {
    const std::string where = fmt::format("reports.yaml: schedule {}", schedule.name);
    if (std::ranges::find(clients, schedule.client, &Client::name) == clients.end()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}: client \"{}\" is not known, so it never runs; maxopt connect "
                              "reads the clients of connections.yaml",
                              where, schedule.client));
    }
    if (schedule.mail_channel.empty()) continue;
    const auto channel = MailChannel(alerting, schedule.mail_channel);
    if (!channel) return FailWithin(where, channel.error());
  }
  return {};
}

Result<ScheduledReports> RunReportSchedules(Home& home, const std::string& client, Instant due,
                                            std::string& progress, const ReportMaker& make,
                                            const std::shared_ptr<Mailer>& mailer) {
  ScheduledReports out;
  MAXOPT_TRY(const ReportsConfig config, ReadReportsConfig(home.folder()));
  MAXOPT_TRY(const Client who, home.store().GetClient(client));
  MAXOPT_TRY(const Zone zone, Zone::Find(who.zone));
  const json kept = json::parse(progress, nullptr, false);
  json next = json::object();
  for (const ReportSchedule& schedule : config.schedules) {
    if (schedule.client != client) continue;
    Instant after = due - kFirstLook;
    if (kept.is_object() && kept.contains(schedule.name) && kept[schedule.name].is_string()) {
      const auto at = ParseInstant(kept[schedule.name].get<std::string>());
      if (at) after = *at;
    }
    next[schedule.name] = PrintInstant(std::max(after, due));
    const auto time = NewestIn(schedule.cron, zone, after, due);
    if (!time) continue;
    MAXOPT_TRY(const ReportDays period, DaysOfPeriod(schedule.period, zone.DayOf(*time)));
    ReportRequest request;
    request.client = client;
    request.kind = schedule.kind;
    request.audience = schedule.audience;
    request.language = schedule.language;
    request.template_name = schedule.template_name;
    request.from = period.from;
    request.to = period.to;
    // Known by its name and time, so that a run that was cut off makes none twice.
    request.by = fmt::format("schedule {} of {}", schedule.name, PrintInstant(*time));
    const auto made = make(request, schedule.tell);
    if (!made) {
      out.problems.push_back(fmt::format("{}: {}", schedule.name, made.error().what));
      next[schedule.name] = PrintInstant(after);  // tried again
      continue;
    }
    if (!*made) continue;
    const ReportEntry& entry = (*made)->entry;
    out.made.push_back(entry);
    out.messages += static_cast<int>((*made)->messages.size());
    for (const std::string& form : schedule.forms) {
      const auto rendered = RenderReport(home, entry.id, form);
      if (!rendered) {
        out.problems.push_back(fmt::format("{} as {}: {}", entry.id, form, rendered.error().what));
      }
    }
    if (!schedule.mail_channel.empty()) {
      const auto sent = SendMail(home, schedule, entry, mailer);
      if (sent) {
        ++out.mails;
      } else {
        out.problems.push_back(fmt::format("{} by mail: {}", entry.id, sent.error().what));
      }
    }
  }
  progress = next.dump();
  return out;
}

}  // namespace maxopt
