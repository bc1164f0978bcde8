#include "stages/monitor/alerting/alerting.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "domain/digest.h"
#include "stages/monitor/diagnose/diagnose.h"

namespace maxopt {
namespace {

using std::chrono::seconds;

constexpr seconds kLease{120};  ///< far beyond the deadline of one try
constexpr seconds kTryTimeout{20};
constexpr seconds kFirstWait{30};  ///< doubles with every try
constexpr seconds kLongestWait{1800};
/// A receiver that cannot recognise a message it has had is not asked for ever.
constexpr int kUncertainTriesMax = 3;
constexpr int kDiagnosesMax = 25;  ///< of one round: a broken account opens many at once
constexpr int kBatch = 50;

std::vector<std::string> Sentences(const Diagnosis& diagnosis) {
  std::vector<std::string> out;
  std::string factors;
  for (const Diagnosis::Factor& factor : diagnosis.factors) {
    if (!factor.before || !factor.after || std::abs(factor.share) < 0.05) continue;
    factors +=
        fmt::format("{}{} {:.4g} -> {:.4g} ({:.0f} % of the change)", factors.empty() ? "" : ", ",
                    factor.name, *factor.before, *factor.after, factor.share * 100);
  }
  if (!factors.empty()) out.push_back("What moved: " + factors);
  std::string segments;
  for (const Diagnosis::Segment& segment : diagnosis.segments) {
    segments += fmt::format("{}{} {} ({:.0f} %)", segments.empty() ? "" : ", ", segment.dimension,
                            segment.element, segment.share * 100);
  }
  if (!segments.empty()) out.push_back("Where: " + segments);
  for (const Diagnosis::Cause& cause : diagnosis.causes) {
    if (cause.verdict != Diagnosis::Verdict::kLikely &&
        cause.verdict != Diagnosis::Verdict::kPossible) {
      continue;
    }
    out.push_back(fmt::format("{}: {}{}{}",
                              cause.verdict == Diagnosis::Verdict::kLikely ? "Likely" : "Possible",
                              cause.what, cause.evidence.empty() ? "" : ": ", cause.evidence));
  }
  return out;
}

AlertLine LineOf(const AlertEntry& entry) {
  const Condition& c = entry.alert.condition;
  AlertLine line;
  line.id = entry.alert.id;
  line.title = c.title;
  line.subject = SubjectOf(c);
  line.detector = c.detector;
  line.kpi = c.kpi;
  line.actual = c.actual;
  line.expected = c.expected;
  line.proposal = c.proposal;
  line.tier = entry.alert.tier;
  line.since = c.since;
  line.resolved_at = entry.alert.resolved_at;
  if (c.at_stake) line.at_stake = PrintMoney(*c.at_stake) + " a day";
  line.evidence = c.evidence;
  if (entry.alert.diagnosis) {
    line.diagnosis = Sentences(*entry.alert.diagnosis);
    if (line.proposal.empty()) line.proposal = entry.alert.diagnosis->proposal;
  }
  return line;
}

AlertMessage MessageOf(const Notification& note, const std::vector<AlertEntry>& entries) {
  AlertMessage message;
  message.id = note.key;
  message.incident = "maxopt/" + Sha256Hex(note.channel + "|" + note.group).substr(0, 40);
  message.client = note.client;
  message.kind = NotificationKindName(note.kind);
  message.tier = note.tier;
  message.others_open = note.others_open;
  message.at = note.at;
  const auto add = [&](const std::vector<std::string>& ids, std::vector<AlertLine>& lines) {
    for (const std::string& id : ids) {
      const auto entry = std::find_if(entries.begin(), entries.end(),
                                      [&](const AlertEntry& e) { return e.alert.id == id; });
      if (entry == entries.end()) Bug();
      lines.push_back(LineOf(*entry));
      if (note.kind == Notification::Kind::kAcknowledged) message.by = entry->acknowledged_by;
    }
  };
  add(note.firing, message.firing);
  add(note.resolved, message.resolved);
  const AlertLine& first =
      message.firing.empty() ? message.resolved.front() : message.firing.front();
  const std::size_t count = message.firing.size() + message.resolved.size();
  message.headline =
      count == 1 ? first.title : fmt::format("{} (and {} more)", first.title, count - 1);
  return message;
}

/// The campaigns of ads and ad groups that the scopes do not know, from the facts.
Result<> FillCampaigns(FactStore& facts, const std::vector<Condition>& conditions,
                       AlertScopes& scopes) {
  std::map<AccountId, std::vector<const Condition*>> unknown;
  for (const Condition& condition : conditions) {
    const bool below = condition.level == Level::kAdGroup || condition.level == Level::kAd;
    if (condition.account && !condition.object_id.empty() && below &&
        !scopes.campaign_of.contains(SubjectOf(condition))) {
      unknown[*condition.account].push_back(&condition);
    }
  }
  for (const auto& [account, list] : unknown) {
    FactQuery query;
    query.measures = {"impressions"};
    query.dimensions = {"campaign", "ad_group", "ad"};
    query.filters = {{"account", {PrintAccount(account)}}};
    MAXOPT_TRY(const FactTable table, facts.Query(query));
    std::map<std::string, std::size_t> at;
    for (std::size_t i = 0; i < table.columns.size(); ++i) at[table.columns[i]] = i;
    if (!at.contains("campaign_id") || !at.contains("ad_group_id") || !at.contains("ad_id")) {
      continue;
    }
    for (const auto& row : table.rows) {
      const std::string campaign = row[at["campaign_id"]].text;
      if (campaign.empty()) continue;
      const std::string subject = PrintAccount(account) + "/campaign/" + campaign;
      scopes.campaign_of.emplace(PrintAccount(account) + "/ad_group/" + row[at["ad_group_id"]].text,
                                 subject);
      scopes.campaign_of.emplace(PrintAccount(account) + "/ad/" + row[at["ad_id"]].text, subject);
    }
  }
  return {};
}

seconds WaitAfter(int attempts, const Error& error) {
  if (error.retry_after_s) return seconds(std::max(1, *error.retry_after_s));
  seconds wait = kFirstWait;
  for (int i = 1; i < attempts && wait < kLongestWait; ++i) wait *= 2;
  return std::min(wait, kLongestWait);
}

Result<> Deliver(const AlertingWorld& world, const QueuedNotification& queued, Instant now,
                 AlertRound& round) {
  const Notification& note = queued.notification;
  const auto settle = [&](const std::string& state, const std::string& how, Instant next) {
    return SettleNotification(*world.store, note.key, state, how, next);
  };
  const auto fail = [&](const std::string& why) {
    ++round.failed;
    round.notes.push_back(fmt::format("given up: {}", why));
    return settle("failed", why, now);
  };
  const auto channel = world.config->channels.find(note.channel);
  if (channel == world.config->channels.end()) {
    return fail(fmt::format("alerts.yaml has no channel {} any more", note.channel));
  }
  const auto message = AlertMessageFromJson(queued.content);
  if (!message) return fail(message.error().what);
  const bool keyed = HasDedupKey(channel->second.kind);
  const auto sent = Notify(channel->second, *message, queued.uncertain && !keyed, *world.wires, now,
                           http::After(kTryTimeout));
  if (sent) {
    ++round.sent;
    return settle("sent", *sent, now);
  }
  const Error& error = sent.error();
  const bool uncertain = error.code == Errc::kUnknownOutcome || error.code == Errc::kBadAnswer;
  if (uncertain && !keyed && queued.attempts >= kUncertainTriesMax) {
    return fail(error.what + "; it may have arrived, and this channel could not tell a repeat");
  }
  if (now - note.at >= world.config->give_up) return fail(error.what);
  ++round.waiting;
  round.notes.push_back(error.what);
  return settle(uncertain ? "unknown" : "pending", error.what,
                now + WaitAfter(queued.attempts, error));
}

Result<> DeliverAll(const AlertingWorld& world, Instant now, AlertRound& round) {
  while (true) {
    MAXOPT_TRY(const auto due, ClaimNotifications(*world.store, now, kLease, kBatch));
    if (due.empty()) return {};
    for (const QueuedNotification& queued : due) {
      MAXOPT_CHECK(Deliver(world, queued, now, round));
    }
  }
}

}  // namespace

Result<AlertRound> RaiseAlerts(const AlertingWorld& world, std::vector<Condition> conditions,
                               std::vector<Look> looks, AlertScopes scopes, Instant now) {
  AlertRoundInput input;
  MAXOPT_CHECK(FillCampaigns(*world.facts, conditions, scopes));
  MAXOPT_TRY(input.entries, LiveAlerts(*world.store));
  MAXOPT_TRY(input.silences, Silences(*world.store, now, false));
  const seconds reach = std::max(world.config->policy.group_interval, kGroupIntervalMin);
  MAXOPT_TRY(input.group_told, GroupsTold(*world.store, now - reach));
  MAXOPT_TRY(input.next_number, NextAlertNumber(*world.store, now));
  input.conditions = std::move(conditions);
  input.looks = std::move(looks);
  input.scopes = std::move(scopes);
  input.now = now;
  AlertRoundOutput decided = DecideAlerts(world.config->policy, std::move(input));

  AlertRound round;
  round.notes = std::move(decided.notes);
  std::map<AccountId, std::optional<std::vector<HistoryEvent>>> histories;
  const DiagnoseWorld diagnosing{world.store, world.facts, world.reader, &histories};
  int diagnoses = 0;
  for (AlertEntry& entry : decided.entries) {
    const bool wanted = entry.alert.open && !entry.alert.diagnosis && !entry.over_since &&
                        entry.inhibited_by.empty() && entry.silenced_by == 0;
    if (!wanted || diagnoses >= kDiagnosesMax) continue;
    auto diagnosis = DiagnoseCondition(diagnosing, entry.alert.condition, now);
    if (!diagnosis) {
      // A diagnosis that fails delays no alert.
      round.notes.push_back(
          fmt::format("{} is not diagnosed: {}", entry.alert.id, diagnosis.error().what));
      ++diagnoses;
    } else if (*diagnosis) {
      entry.alert.diagnosis = std::move(**diagnosis);
      ++diagnoses;
    }
  }
  std::vector<QueuedNotification> queued;
  for (const Notification& note : decided.notifications) {
    QueuedNotification next;
    next.notification = note;
    next.content = ToJson(MessageOf(note, decided.entries));
    next.next_at = now;
    queued.push_back(std::move(next));
  }
  MAXOPT_CHECK(SaveAlertRound(*world.store, decided.entries, queued));
  round.notifications = static_cast<int>(queued.size());
  round.opened = std::move(decided.opened);
  round.resolved = std::move(decided.resolved);
  MAXOPT_CHECK(DeliverAll(world, now, round));
  for (AlertEntry& entry : decided.entries) {
    if (entry.alert.open) round.open.push_back(std::move(entry));
  }
  return round;
}

Result<AlertRound> DeliverDue(const AlertingWorld& world, Instant now) {
  AlertRound round;
  MAXOPT_CHECK(DeliverAll(world, now, round));
  MAXOPT_TRY(round.open, Alerts(*world.store, {}));
  return round;
}

Result<std::string> TestChannel(const AlertingWorld& world, const std::string& channel,
                                Instant now) {
  const auto found = world.config->channels.find(channel);
  if (found == world.config->channels.end()) {
    std::string known;
    for (const auto& [name, value] : world.config->channels) {
      known += (known.empty() ? "" : ", ") + name;
    }
    return Fail(Errc::kNotFound,
                fmt::format("alerts.yaml has no channel \"{}\"; it has {}", channel.substr(0, 80),
                            known.empty() ? "none" : known));
  }
  AlertMessage message;
  message.id = "test|" + channel + "|" + PrintInstant(now);
  message.incident = "maxopt/test/" + Sha256Hex(message.id).substr(0, 32);
  message.client = "Max Optimizer";
  message.kind = "test";
  message.tier = AlertTier::kInfo;
  message.headline = "This channel works. Nothing is wrong.";
  message.at = now;
  return Notify(found->second, message, false, *world.wires, now, http::After(kTryTimeout));
}

}  // namespace maxopt
