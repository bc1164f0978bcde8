#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "app/reports/config.h"
#include "app/reports/reports.h"
#include "apply/fault_point.h"
#include "stages/report/documents/documents.h"
#include "stages/report/report.h"

namespace maxopt {
namespace {

using nlohmann::json;

/// A schedule that is new is due from so long before its first look on: as long as the job's
/// interval, so that a time between two looks is not missed.
constexpr std::chrono::minutes kFirstLook{15};
constexpr std::chrono::seconds kMailTimeout{30};
/// A mail server that is away is back by then, or somebody has read the problem.
constexpr std::chrono::hours kMailFor{72};

/// What is kept of a schedule between two runs.
struct ScheduleState {
  Instant after{};                  ///< looked at up to here
  std::vector<std::string> owed{};  ///< reports that are made and not yet mailed
};

/// Of a text that is not ours, nothing.
std::map<std::string, ScheduleState> ReadProgress(const std::string& text) {
  std::map<std::string, ScheduleState> out;
  const json kept = json::parse(text, nullptr, false);
  if (!kept.is_object()) return out;
  for (const auto& [name, value] : kept.items()) {
    // A text alone is what versions kept that owed no mail.
    const json* after = value.is_object() && value.contains("after") ? &value.at("after") : &value;
    const auto at = after->is_string() ? ParseInstant(after->get<std::string>())
                                       : Fail(Errc::kInvalidArgument, "no instant");
    if (!at) continue;
    ScheduleState& state = out[name];
    state.after = *at;
    if (!value.is_object() || !value.contains("owed") || !value.at("owed").is_array()) continue;
    for (const json& id : value.at("owed")) {
      if (id.is_string()) state.owed.push_back(id.get<std::string>());
    }
  }
  return out;
}

std::string PrintProgress(const std::map<std::string, ScheduleState>& states) {
  json out = json::object();
  for (const auto& [name, state] : states) {
    out[name] = {{"after", PrintInstant(state.after)}};
    if (!state.owed.empty()) out[name]["owed"] = state.owed;
  }
  return out.dump();
}

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

Result<ScheduledReports> RunReportSchedules(
    Home& home, const std::string& client, Instant due, const std::string& progress,
    const ReportMaker& make, const std::shared_ptr<Mailer>& mailer,
    const std::function<Result<>(const std::string& progress)>& keep) {
  ScheduledReports out;
  MAXOPT_TRY(const ReportsConfig config, ReadReportsConfig(home.folder()));
  MAXOPT_TRY(const Client who, home.store().GetClient(client));
  MAXOPT_TRY(const Zone zone, Zone::Find(who.zone));
  // What is no longer scheduled is forgotten.
  const auto kept = ReadProgress(progress);
  std::map<std::string, ScheduleState> states;
  for (const ReportSchedule& schedule : config.schedules) {
    if (schedule.client != client) continue;
    const auto known = kept.find(schedule.name);
    states[schedule.name] =
        known != kept.end() ? known->second : ScheduleState{.after = due - kFirstLook};
  }
  for (const ReportSchedule& schedule : config.schedules) {
    if (schedule.client != client) continue;
    ScheduleState& state = states.at(schedule.name);
    const auto time = NewestIn(schedule.cron, zone, state.after, due);
    if (time) {
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
      if (made) {
        const ReportEntry& entry = made->entry;
        if (!made->before) {
          out.made.push_back(entry);
          out.messages += static_cast<int>(made->messages.size());
        }
        for (const std::string& form : schedule.forms) {
          const auto rendered = RenderReport(home, entry.id, form);
          if (rendered) continue;
          out.problems.push_back(
              fmt::format("{} as {}: {}", entry.id, form, rendered.error().what));
        }
        // Also of one that a run made which was cut off: nothing says that it was mailed.
        if (!schedule.mail_channel.empty()) state.owed.push_back(entry.id);
        state.after = std::max(state.after, due);
        FaultPoint("report_made");
        MAXOPT_CHECK(keep(PrintProgress(states)));
        FaultPoint("report_owed");
      } else {  // tried again in the next run
        out.problems.push_back(fmt::format("{}: {}", schedule.name, made.error().what));
      }
    } else {
      state.after = std::max(state.after, due);
    }
    if (schedule.mail_channel.empty()) state.owed.clear();
    for (auto owed = state.owed.begin(); owed != state.owed.end();) {
      const std::string id = *owed;
      const auto entry = GetReport(home, id);
      const auto sent = entry ? SendMail(home, schedule, *entry, mailer) : Fail(entry.error());
      const bool given_up = !sent && (!entry || due - entry->made_at > kMailFor);
      if (sent) {
        ++out.mails;
        FaultPoint("report_mailed");
      } else {
        out.problems.push_back(
            fmt::format("{} by mail: {}; {}", id, sent.error().what,
                        given_up ? "given up after three days: maxopt reports render " + id +
                                       " --form eml writes the mail"
                                 : std::string("tried again in the next run")));
      }
      owed = sent || given_up ? state.owed.erase(owed) : owed + 1;
      if (sent) MAXOPT_CHECK(keep(PrintProgress(states)));
    }
  }
  MAXOPT_CHECK(keep(PrintProgress(states)));
  return out;
}

}  // namespace maxopt
