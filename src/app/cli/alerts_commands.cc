// What is wrong, who takes care of it, what stays quiet, and whether the channels work.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/families.h"
#include "app/cli/open.h"
#include "memory/campaigns/alerts.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

void Print(const ordered_json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

/// Names come from the platforms: nothing of them may steer the terminal.
std::string Shown(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
  return out;
}

std::string StateOf(const AlertEntry& entry) {
  if (!entry.alert.open) return "over";
  if (!entry.inhibited_by.empty()) return "explained by " + entry.inhibited_by;
  if (entry.silenced_by != 0) return fmt::format("silenced by {}", entry.silenced_by);
  if (entry.acknowledged_at) return "acknowledged by " + entry.acknowledged_by;
  return entry.over_since ? "over, if it stays so" : "open";
}

ordered_json EntryJson(const AlertEntry& entry) {
  ordered_json json = ordered_json::parse(ToJson(entry));
  json["state"] = StateOf(entry);
  json["subject"] = SubjectOf(entry.alert.condition);
  json["fingerprint"] = Fingerprint(entry.alert.condition);
  return json;
}

std::string PercentOf(double share) { return fmt::format("{:.0f} %", share * 100); }

void PrintDiagnosis(const Diagnosis& diagnosis) {
  if (!diagnosis.factors.empty()) fmt::print("\n  what moved\n");
  const auto number = [](std::optional<double> value) {
    return value ? fmt::format("{:.4g}", *value) : std::string("no data");
  };
  for (const auto& factor : diagnosis.factors) {
    fmt::print("    {:<12} {:>10} -> {:>10}  {:>6} of the change\n", factor.name,
               number(factor.before), number(factor.after), PercentOf(factor.share));
  }
  if (!diagnosis.segments.empty()) fmt::print("  where\n");
  for (const auto& segment : diagnosis.segments) {
    fmt::print("    {:<12} {:<24} {:>6} of the change, surprise {:.3f}\n", segment.dimension,
               Shown(segment.element), PercentOf(segment.share), segment.surprise);
  }
  if (!diagnosis.causes.empty()) fmt::print("  why\n");
  for (const auto& cause : diagnosis.causes) {
    fmt::print("    {:<12} {}{}{}\n", VerdictName(cause.verdict), Shown(cause.what),
               cause.evidence.empty() ? "" : ": ", Shown(cause.evidence));
  }
  if (!diagnosis.proposal.empty()) fmt::print("  Max proposes: {}\n", Shown(diagnosis.proposal));
}

}  // namespace

Result<int> AlertsCommand(const CommandContext& context, const AlertsArguments& arguments) {
  MAXOPT_TRY(const auto home, OpenHome(context));
  AlertQuery query;
  query.client = arguments.client;
  query.all = arguments.all;
  MAXOPT_TRY(const auto entries, Alerts(home->store(), query));
  NotificationQuery failures;
  failures.client = arguments.client;
  failures.state = "failed";
  MAXOPT_TRY(const auto failed, Notifications(home->store(), failures));
  bool open = false;
  ordered_json list = ordered_json::array();
  for (const AlertEntry& entry : entries) {
    open = open || entry.alert.open;
    list.push_back(EntryJson(entry));
    if (context.json) continue;
    const Condition& c = entry.alert.condition;
    fmt::print("{}  {:<8}  {}\n    {}, {}, since {}, {}\n", entry.alert.id,
               AlertTierName(entry.alert.tier), Shown(c.title), Shown(c.client),
               Shown(SubjectOf(c)), PrintInstant(c.since), Shown(StateOf(entry)));
  }
  if (context.json) {
    Print({{"alerts", list}, {"undelivered", failed.size()}});
  } else {
    if (entries.empty()) fmt::print("nothing is wrong that Max knows of\n");
    for (const QueuedNotification& queued : failed) {
      fmt::print("not delivered to {} at {}: {}\n", queued.notification.channel,
                 PrintInstant(queued.notification.at), Shown(queued.how));
    }
  }
  return open ? kExitPending : kExitOk;
}

Result<int> AlertShowCommand(const CommandContext& context, const std::string& id) {
  MAXOPT_TRY(const auto home, OpenHome(context));
  MAXOPT_TRY(const AlertEntry entry, GetAlert(home->store(), id));
  NotificationQuery query;
  query.alert = id;
  MAXOPT_TRY(const auto told, Notifications(home->store(), query));
  if (context.json) {
    ordered_json json = EntryJson(entry);
    json["notifications"] = ordered_json::array();
    for (const QueuedNotification& queued : told) {
      const Notification& n = queued.notification;
      json["notifications"].push_back({{"channel", n.channel},
                                       {"kind", NotificationKindName(n.kind)},
                                       {"at", PrintInstant(n.at)},
                                       {"state", queued.state},
                                       {"attempts", queued.attempts},
                                       {"how", queued.how}});
    }
    Print(json);
    return kExitOk;
  }
  const Alert& alert = entry.alert;
  const Condition& c = alert.condition;
  fmt::print("{}  {}  {}\n  {}\n", alert.id, AlertTierName(alert.tier), Shown(StateOf(entry)),
             Shown(c.title));
  fmt::print("  {}, {}, {}{}{}\n", Shown(c.client), Shown(SubjectOf(c)), c.detector,
             c.kpi.empty() ? "" : ", ", c.kpi);
  if (!c.actual.empty() || !c.expected.empty()) {
    fmt::print("  now {}, expected {}{}\n", c.actual.empty() ? "unknown" : c.actual,
               c.expected.empty() ? "unknown" : c.expected,
               c.at_stake ? ", at stake " + PrintMoney(*c.at_stake) + " a day" : "");
  }
  fmt::print("  since {}, opened {}, seen {} times, last {}{}{}\n", PrintInstant(c.since),
             PrintInstant(alert.opened_at), alert.times_true, PrintInstant(alert.last_true_at),
             alert.reopened > 0 ? fmt::format(", came back {} times", alert.reopened) : "",
             alert.resolved_at ? ", over " + PrintInstant(*alert.resolved_at) : "");
  for (const std::string& sentence : c.evidence) fmt::print("  - {}\n", Shown(sentence));
  if (!c.proposal.empty()) fmt::print("  Max proposes: {}\n", Shown(c.proposal));
  if (alert.diagnosis) PrintDiagnosis(*alert.diagnosis);
  if (!told.empty()) fmt::print("\n  told\n");
  for (const QueuedNotification& queued : told) {
    fmt::print("    {}  {:<12} {:<12} {}{}{}\n", PrintInstant(queued.notification.at),
               queued.notification.channel, NotificationKindName(queued.notification.kind),
               queued.state, queued.how.empty() ? "" : ": ", Shown(queued.how));
  }
  return kExitOk;
}

Result<int> AlertAckCommand(const CommandContext& context, const AlertsArguments& arguments) {
  MAXOPT_TRY(const auto home, OpenHome(context));
  const std::string by = Person(arguments.by);
  MAXOPT_CHECK(AcknowledgeAlert(home->store(), arguments.id, by, home->clock().Now()));
  if (context.json) {
    Print({{"id", arguments.id}, {"acknowledged_by", by}});
  } else {
    fmt::print("{} is {}'s now\n", arguments.id, by);
  }
  return kExitOk;
}

Result<int> AlertSilenceCommand(const CommandContext& context, const AlertsArguments& arguments) {
  if ((arguments.hours > 0) == !arguments.until.empty()) {
    return Fail(Errc::kInvalidArgument, "say either --hours or --until");
  }
  MAXOPT_TRY(const auto home, OpenHome(context));
  Silence silence;
  silence.client = arguments.client;
  silence.matcher = arguments.match;
  silence.by = Person(arguments.by);
  silence.why = arguments.why;
  silence.from = home->clock().Now();
  if (!arguments.from.empty()) {
    MAXOPT_TRY(silence.from, ParseInstant(arguments.from));
  }
  silence.until = silence.from + std::chrono::hours(arguments.hours);
  if (!arguments.until.empty()) {
    MAXOPT_TRY(silence.until, ParseInstant(arguments.until));
  }
  MAXOPT_TRY(silence, SaveSilence(home->store(), silence));
  if (context.json) {
    Print({{"id", silence.id}, {"until", PrintInstant(silence.until)}});
  } else {
    fmt::print("silence {} until {}; maxopt alerts unsilence {} ends it\n", silence.id,
               PrintInstant(silence.until), silence.id);
  }
  return kExitOk;
}

Result<int> AlertSilencesCommand(const CommandContext& context, bool all) {
  MAXOPT_TRY(const auto home, OpenHome(context));
  MAXOPT_TRY(const auto silences, Silences(home->store(), home->clock().Now(), all));
  ordered_json list = ordered_json::array();
  for (const Silence& silence : silences) {
    list.push_back({{"id", silence.id},
                    {"client", silence.client},
                    {"match", silence.matcher},
                    {"from", PrintInstant(silence.from)},
                    {"until", PrintInstant(silence.until)},
                    {"by", silence.by},
                    {"why", silence.why}});
    if (context.json) continue;
    fmt::print("{:>4}  {} to {}  {}{}{}\n      {}: {}\n", silence.id, PrintInstant(silence.from),
               PrintInstant(silence.until), Shown(silence.client),
               silence.client.empty() ? "" : " ",
               silence.matcher.empty() ? "everything" : Shown(silence.matcher), Shown(silence.by),
               Shown(silence.why));
  }
  if (context.json) {
    Print({{"silences", list}});
  } else if (silences.empty()) {
    fmt::print("nothing is silenced\n");
  }
  return kExitOk;
}

Result<int> AlertUnsilenceCommand(const CommandContext& context, long long id) {
  MAXOPT_TRY(const auto home, OpenHome(context));
  MAXOPT_CHECK(EndSilence(home->store(), id, home->clock().Now()));
  if (context.json) {
    Print({{"id", id}, {"ended", true}});
  } else {
    fmt::print("silence {} is over\n", id);
  }
  return kExitOk;
}

Result<int> AlertFeedbackCommand(const CommandContext& context, const AlertsArguments& arguments) {
  MAXOPT_TRY(const auto home, OpenHome(context));
  MAXOPT_CHECK(SaveAlertFeedback(home->store(), arguments.id, Person(arguments.by),
                                 arguments.useful, arguments.why, home->clock().Now()));
  if (context.json) {
    Print({{"id", arguments.id}, {"useful", arguments.useful}});
  } else {
    fmt::print("noted; it tunes how soon such an alert is raised\n");
  }
  return kExitOk;
}

Result<int> AlertTestCommand(const CommandContext& context, const std::string& channel) {
  MAXOPT_TRY(const auto home, OpenHome(context));
  MAXOPT_TRY(const AlertConfig config, home->Alerting());
  const NotifyWires wires = MakeNotifyWires();
  MAXOPT_TRY(const std::string how,
             TestChannel(home->alerting_world(config, wires), channel, home->clock().Now()));
  if (context.json) {
    Print({{"channel", channel}, {"sent", true}, {"how", how}});
  } else {
    fmt::print("{}: {}\n", channel, how);
  }
  return kExitOk;
}

void AddAlertsCommands(CLI::App& app, const CommandContext& context,
                       std::function<Result<int>()>& run) {
  struct Asked {
    AlertsArguments alerts;
    long long silence = 0;
    std::string verdict;
  };
  const auto asked = std::make_shared<Asked>();
  AlertsArguments& alerts = asked->alerts;
  auto* alerts_command = app.add_subcommand("alerts", "what is wrong now; 2 when something is");
  alerts_command->add_option("--client", alerts.client, "only this one");
  alerts_command->add_flag("--all", alerts.all, "what is over too");
  alerts_command->require_subcommand(0, 1);
  const auto alert_command = [&](const char* name, const char* help, bool with_id) {
    auto* sub = alerts_command->add_subcommand(name, help);
    if (with_id) sub->add_option("alert", alerts.id, "id of the alert")->required();
    return sub;
  };
  alert_command("show", "one alert: diagnosis, who was told", true)
      ->callback([&run, &context, asked] {
        run = [&context, asked] { return AlertShowCommand(context, asked->alerts.id); };
      });
  auto* ack_command = alert_command("ack", "take care of it: no repeats, no escalation", true);
  ack_command->add_option("--by", alerts.by, "who (default: the system's user)");
  ack_command->callback([&run, &context, asked] {
    run = [&context, asked] { return AlertAckCommand(context, asked->alerts); };
  });
  auto* silence_command = alert_command("silence", "keep quiet about some for a time", false);
  silence_command->add_option("match", alerts.match,
                              "which: detector=kpi,campaign=77,kpi!=ctr; empty: all");
  silence_command->add_option("--hours", alerts.hours, "for so long")->check(CLI::Range(1, 8784));
  silence_command->add_option("--from", alerts.from, "RFC 3339; default: now");
  silence_command->add_option("--until", alerts.until, "RFC 3339");
  silence_command->add_option("--by", alerts.by, "who (default: the system's user)");
  silence_command->add_option("--why", alerts.why, "said to whoever wonders")->required();
  silence_command->callback([&run, &context, asked] {
    run = [&context, asked] { return AlertSilenceCommand(context, asked->alerts); };
  });
  alert_command("silences", "the silences there are", false)->callback([&run, &context, asked] {
    run = [&context, asked] { return AlertSilencesCommand(context, asked->alerts.all); };
  });
  auto* unsilence_command = alert_command("unsilence", "end a silence now", false);
  unsilence_command->add_option("silence", asked->silence, "its number")->required();
  unsilence_command->callback([&run, &context, asked] {
    run = [&context, asked] { return AlertUnsilenceCommand(context, asked->silence); };
  });
  auto* feedback_command = alert_command("feedback", "say whether it was worth it; tunes", true);
  feedback_command->add_option("verdict", asked->verdict, "useful or not")
      ->required()
      ->check(CLI::IsMember({"useful", "not"}));
  feedback_command->add_option("--by", alerts.by, "who (default: the system's user)");
  feedback_command->add_option("--why", alerts.why, "in a few words");
  feedback_command->callback([&run, &context, asked] {
    asked->alerts.useful = asked->verdict == "useful";
    run = [&context, asked] { return AlertFeedbackCommand(context, asked->alerts); };
  });
  auto* channel_command = alert_command("test", "send a harmless message to a channel", false);
  channel_command->add_option("channel", alerts.id, "its name in alerts.yaml")->required();
  channel_command->callback([&run, &context, asked] {
    run = [&context, asked] { return AlertTestCommand(context, asked->alerts.id); };
  });
  alerts_command->callback([&run, &context, asked, alerts_command] {
    if (alerts_command->get_subcommands().empty()) {
      run = [&context, asked] { return AlertsCommand(context, asked->alerts); };
    }
  });
}

}  // namespace maxopt
