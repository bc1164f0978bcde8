// The rounds of the alert book.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "decide/alerting/alerting.h"
#include "decide/alerting/match.h"

namespace maxopt {
namespace {

using std::chrono::seconds;
using Key = std::pair<std::string, std::string>;

/// Detectors that say nothing about a campaign which does not run. Runaway spend is not among them:
/// a paused campaign that spends is news.
constexpr std::string_view kNeedDelivery = "zero_spend delivery pacing kpi anomaly trend fatigue";

bool Has(std::string_view words, std::string_view word) {
  if (word.empty()) return false;
  std::size_t at = 0;
  while ((at = words.find(word, at)) != std::string_view::npos) {
    const bool begins = at == 0 || words[at - 1] == ' ';
    const std::size_t end = at + word.size();
    if (begins && (end == words.size() || words[end] == ' ')) return true;
    at = end;
  }
  return false;
}

std::string CampaignOf(const Condition& condition, const AlertScopes& scopes) {
  if (!condition.account || condition.object_id.empty()) return "";
  const std::string subject = SubjectOf(condition);
  if (condition.level == Level::kCampaign) return subject;
  const auto found = scopes.campaign_of.find(subject);
  return found == scopes.campaign_of.end() ? "" : found->second;
}

std::string AccountGroup(const Condition& condition) {
  return condition.client + "|" + (condition.account ? PrintAccount(*condition.account) : "");
}

bool Covers(const Look& look, const Condition& condition) {
  return look.client == condition.client && look.detector == condition.detector &&
         (!look.account || look.account == condition.account);
}

bool Above(const AlertEntry& source, const AlertEntry& target) {
  const Condition& high = source.alert.condition;
  const Condition& low = target.alert.condition;
  if (high.client != low.client || SubjectOf(high) == SubjectOf(low)) return false;
  if (!high.account) return true;  // the client's own
  if (high.account != low.account) return false;
  if (high.object_id.empty()) return true;  // the account's own
  return high.level == Level::kCampaign && target.campaign == SubjectOf(high);
}

bool Explains(const InhibitionRule& rule, const AlertEntry& source, const AlertEntry& target) {
  const Condition& s = source.alert.condition;
  const Condition& t = target.alert.condition;
  if (source.alert.id == target.alert.id || s.client != t.client) return false;
  if (!Has(rule.source, s.detector) || !Has(rule.target, t.detector)) return false;
  if (source.alert.tier < rule.source_min) return false;
  if (!rule.kpis.empty() && !Has(rule.kpis, t.kpi)) return false;
  if (rule.relation == "client") return !s.account || s.account == t.account;
  if (rule.relation == "account") {
    return s.object_id.empty() && (!s.account || s.account == t.account) &&
           SubjectOf(s) != SubjectOf(t);
  }
  if (rule.relation == "object" || rule.relation == "object_kpi") {
    return s.account && SubjectOf(s) == SubjectOf(t) &&
           (rule.relation == "object" || s.kpi == t.kpi);
  }
  return s.detector == t.detector && s.kpi == t.kpi && s.direction == t.direction &&
         Above(source, target);
}

seconds RepeatOf(const AlertRoute& route, AlertTier tier) {
  return tier == AlertTier::kCritical ? route.repeat_critical : route.repeat_warning;
}

bool IsQuiet(const std::optional<QuietHours>& quiet, Instant now) {
  if (!quiet || quiet->from_minute == quiet->to_minute) return false;
  const LocalTime local = quiet->zone.LocalOf(now);
  const auto since_midnight = local - std::chrono::floor<std::chrono::days>(local);
  const auto minute =
      static_cast<int>(std::chrono::duration_cast<std::chrono::minutes>(since_midnight).count());
  if (quiet->from_minute < quiet->to_minute) {
    return minute >= quiet->from_minute && minute < quiet->to_minute;
  }
  return minute >= quiet->from_minute || minute < quiet->to_minute;
}

class Round {
 public:
  Round(const AlertPolicy& policy, AlertRoundInput input)
      : policy_(policy), in_(std::move(input)), now_(in_.now) {}

  AlertRoundOutput Run() {
    TakeConditions();
    UpdateEntries();
    OpenNew();
    Inhibit();
    Silence();
    Escalate();
    Tell();
    out_.entries = std::move(in_.entries);
    return std::move(out_);
  }

 private:
  /// Conditions by fingerprint, so that the order and repetition of what came in do not matter.
  void TakeConditions() {
    for (Condition& condition : in_.conditions) {
      const std::string campaign = CampaignOf(condition, in_.scopes);
      const auto idle = in_.scopes.idle.find(campaign);
      if (!campaign.empty() && idle != in_.scopes.idle.end() &&
          Has(kNeedDelivery, condition.detector)) {
        out_.notes.push_back(fmt::format("{} of {} is not raised: the campaign is {}",
                                         condition.detector, campaign, idle->second));
        continue;
      }
      const std::string fingerprint = Fingerprint(condition);
      const auto [at, is_new] = true_now_.try_emplace(fingerprint, condition);
      if (!is_new && condition.tier > at->second.tier) at->second = std::move(condition);
    }
  }

  void End(AlertEntry& entry) {
    entry.alert.open = false;
    entry.alert.resolved_at = now_;
    out_.resolved.push_back(entry.alert.id);
  }

  void UpdateEntries() {
    for (AlertEntry& entry : in_.entries) {
      Alert& alert = entry.alert;
      if (!alert.open) continue;
      const std::string fingerprint = Fingerprint(alert.condition);
      if (const auto found = true_now_.find(fingerprint); found != true_now_.end()) {
        if (entry.over_since) ++alert.reopened;
        entry.over_since.reset();
        if (found->second.tier > alert.tier) {
          alert.tier = found->second.tier;
          entry.acknowledged_at.reset();  // what was acknowledged was less
          entry.acknowledged_by.clear();
        }
        const Instant since = std::min(alert.condition.since, found->second.since);
        alert.condition = std::move(found->second);
        alert.condition.since = since;
        alert.last_true_at = now_;
        ++alert.times_true;
        true_now_.erase(found);
        continue;
      }
      const bool idle = !entry.campaign.empty() && in_.scopes.idle.contains(entry.campaign) &&
                        Has(kNeedDelivery, alert.condition.detector);
      if (idle) {
        End(entry);
        continue;
      }
      const bool looked = std::any_of(in_.looks.begin(), in_.looks.end(), [&](const Look& look) {
        return Covers(look, alert.condition);
      });
      if (looked && !entry.over_since) entry.over_since = now_;
      if (entry.over_since && now_ - *entry.over_since >= policy_.hold) End(entry);
    }
  }

  void OpenNew() {
    // Which campaigns have the same detector's trouble, the open and the new ones together.
    std::map<std::tuple<std::string, std::string>, std::set<std::string>> campaigns;
    const auto count = [&](const Condition& condition, const std::string& campaign) {
      if (!campaign.empty()) {
        campaigns[{AccountGroup(condition), condition.detector}].insert(campaign);
      }
    };
    for (const AlertEntry& entry : in_.entries) {
      if (entry.alert.open) count(entry.alert.condition, entry.campaign);
    }
    for (const auto& [fingerprint, condition] : true_now_) {
      count(condition, CampaignOf(condition, in_.scopes));
    }
    const std::string day = PrintDay(Zone::Utc().DayOf(now_));
    for (auto& [fingerprint, condition] : true_now_) {
      AlertEntry entry;
      entry.campaign = CampaignOf(condition, in_.scopes);
      const std::string account = AccountGroup(condition);
      const bool wide =
          std::ssize(campaigns[{account, condition.detector}]) >= policy_.account_wide_min;
      entry.group =
          entry.campaign.empty() || wide ? account : condition.client + "|" + entry.campaign;
      entry.alert.id = fmt::format("a-{}{}{}-{:04}", day.substr(0, 4), day.substr(5, 2),
                                   day.substr(8, 2), in_.next_number++);
      entry.alert.tier = condition.tier;
      entry.alert.opened_at = entry.alert.last_true_at = now_;
      entry.alert.condition = std::move(condition);
      out_.opened.push_back(entry.alert.id);
      in_.entries.push_back(std::move(entry));
    }
  }

  /// Only what stands above a target, beside it on the same object, or has a rule for the whole
  /// client can explain it, so only those are asked.
  void Inhibit() {
    const std::vector<InhibitionRule> rules = InhibitionTable();
    std::map<Key, std::vector<const AlertEntry*>> by_subject;
    std::map<std::string, std::vector<const AlertEntry*>> client_wide;
    for (const AlertEntry& entry : in_.entries) {
      if (!entry.alert.open) continue;
      const Condition& c = entry.alert.condition;
      by_subject[{c.client, SubjectOf(c)}].push_back(&entry);
      const bool wide = std::any_of(rules.begin(), rules.end(), [&](const InhibitionRule& rule) {
        return rule.relation == "client" && Has(rule.source, c.detector);
      });
      if (wide) client_wide[c.client].push_back(&entry);
    }
    for (AlertEntry& target : in_.entries) {
      target.inhibited_by.clear();
      if (!target.alert.open) continue;
      const Condition& c = target.alert.condition;
      std::vector<const AlertEntry*> candidates = client_wide[c.client];
      std::set<std::string> subjects{c.client, SubjectOf(c), target.campaign};
      if (c.account) subjects.insert(PrintAccount(*c.account));
      for (const std::string& subject : subjects) {
        const auto found = by_subject.find({c.client, subject});
        if (found == by_subject.end()) continue;
        candidates.insert(candidates.end(), found->second.begin(), found->second.end());
      }
      for (const AlertEntry* source : candidates) {
        const bool explains = std::any_of(
            rules.begin(), rules.end(),
            [&](const InhibitionRule& rule) { return Explains(rule, *source, target); });
        if (!explains) continue;
        target.inhibited_by = source->alert.id;
        break;
      }
    }
  }

  void Silence() {
    std::vector<std::pair<const maxopt::Silence*, AlertMatcher>> active;
    for (const maxopt::Silence& silence : in_.silences) {
      if (now_ < silence.from || now_ >= silence.until) continue;
      auto matcher = ParseMatcher(silence.matcher);
      if (!matcher) {
        out_.notes.push_back(
            fmt::format("silence {} is ignored: {}", silence.id, matcher.error().what));
        continue;
      }
      active.emplace_back(&silence, std::move(*matcher));
    }
    for (AlertEntry& entry : in_.entries) {
      entry.silenced_by = 0;
      if (!entry.alert.open) continue;
      for (const auto& [silence, matcher] : active) {
        const std::string& client = entry.alert.condition.client;
        if (!silence->client.empty() && silence->client != client) continue;
        if (!Matches(matcher, entry)) continue;
        entry.silenced_by = silence->id;
        break;
      }
    }
  }

  const AlertRoute* RouteOf(const AlertEntry& entry) const {
    for (const AlertRoute& route : policy_.routes) {
      if (entry.alert.tier >= route.tier_min && Matches(route.match, entry)) return &route;
    }
    return nullptr;
  }

  static bool Suppressed(const AlertEntry& entry) {
    return !entry.inhibited_by.empty() || entry.silenced_by != 0;
  }

  void Escalate() {
    for (AlertEntry& entry : in_.entries) {
      if (!entry.alert.open || entry.alert.tier != AlertTier::kCritical || Suppressed(entry) ||
          entry.acknowledged_at || entry.over_since || entry.told.empty()) {
        continue;
      }
      const AlertRoute* route = RouteOf(entry);
      if (route == nullptr) continue;
      // From when it was told as critical: a warning that became worse starts here.
      std::optional<Instant> first;
      for (const auto& [channel, told] : entry.told) {
        if (told.tier != AlertTier::kCritical) continue;
        first = first ? std::min(*first, told.first_at) : told.first_at;
      }
      if (!first) continue;
      while (entry.escalation_step < std::ssize(route->escalation) &&
             now_ - *first >=
                 route->escalation[static_cast<std::size_t>(entry.escalation_step)].after) {
        ++entry.escalation_step;
      }
    }
  }

  /// Channels that an open alert belongs to; those reached by escalation are marked.
  std::map<std::string, bool> ChannelsOf(const AlertEntry& entry) const {
    std::map<std::string, bool> channels;
    const AlertRoute* route = RouteOf(entry);
    if (route == nullptr) return channels;
    for (const std::string& channel : route->channels) channels.emplace(channel, false);
    for (int step = 0; step < entry.escalation_step && step < std::ssize(route->escalation);
         ++step) {
      for (const std::string& channel :
           route->escalation[static_cast<std::size_t>(step)].channels) {
        channels.emplace(channel, true);
      }
    }
    return channels;
  }

  /// What there is to say to one channel about one group.
  struct News {
    std::vector<AlertEntry*> first, worse, again, ended, taken;
    int others = 0;
    bool only_escalation = true;
    bool critical = false;
  };

  void Tell() {
    std::map<Key, News> news;
    for (AlertEntry& entry : in_.entries) {
      Gather(entry, news);
    }
    const seconds usual = std::max(policy_.group_interval, kGroupIntervalMin);
    for (auto& [key, what] : news) {
      const bool anything = !what.first.empty() || !what.worse.empty() || !what.again.empty() ||
                            !what.ended.empty() || !what.taken.empty();
      if (!anything) continue;
      const auto last = in_.group_told.find(key);
      const seconds gap = what.critical || !what.taken.empty() ? kGroupIntervalMin : usual;
      if (last != in_.group_told.end() && now_ - last->second < gap) continue;
      out_.notifications.push_back(Write(key, what));
    }
  }

  ChannelTraits TraitsOf(const std::string& channel) const {
    const auto found = policy_.channels.find(channel);
    return found == policy_.channels.end() ? ChannelTraits{} : found->second;
  }

  void Gather(AlertEntry& entry, std::map<Key, News>& news) {
    if (!entry.alert.open) {
      for (auto& [channel, told] : entry.told) {
        if (told.resolved) continue;
        const ChannelTraits traits = TraitsOf(channel);
        if (!traits.send_resolved) {
          told.resolved = true;
        } else if (!IsQuiet(traits.quiet, now_) || entry.alert.tier == AlertTier::kCritical) {
          news[{channel, entry.group}].ended.push_back(&entry);
        }
      }
      return;
    }
    if (Suppressed(entry)) return;
    const AlertRoute* route = RouteOf(entry);
    for (const auto& [channel, escalated] : ChannelsOf(entry)) {
      const ChannelTraits traits = TraitsOf(channel);
      const bool critical = entry.alert.tier == AlertTier::kCritical;
      const bool hushed = IsQuiet(traits.quiet, now_) && !critical;
      News& here = news[{channel, entry.group}];
      const auto told = entry.told.find(channel);
      const bool known = told != entry.told.end();
      if (entry.acknowledged_at) {
        if (known && traits.send_acknowledged && !told->second.acknowledged) {
          here.taken.push_back(&entry);
        }
        if (known) ++here.others;
        continue;
      }
      // What is over right now waits: it comes back within the hold time, or it is resolved.
      if (hushed || entry.over_since) {
        if (known) ++here.others;
        continue;
      }
      if (!known) {
        here.first.push_back(&entry);
        here.only_escalation = here.only_escalation && escalated;
        here.critical = here.critical || critical;
      } else if (told->second.tier < entry.alert.tier) {
        here.worse.push_back(&entry);
        here.only_escalation = false;
        here.critical = here.critical || critical;
      } else if (now_ - told->second.last_at >= RepeatOf(*route, entry.alert.tier)) {
        here.again.push_back(&entry);
      } else {
        ++here.others;
      }
    }
  }

  Notification Write(const Key& key, const News& what) {
    const auto& [channel, group] = key;
    Notification note;
    note.key = fmt::format("{}|{}|{}", channel, group, PrintInstant(now_));
    note.channel = channel;
    note.group = group;
    note.at = now_;
    note.others_open = what.others;
    note.tier = AlertTier::kInfo;
    const bool is_new = !what.first.empty() || !what.worse.empty();
    note.kind = is_new && what.only_escalation ? Notification::Kind::kEscalation
                : is_new                       ? Notification::Kind::kFiring
                : !what.again.empty()          ? Notification::Kind::kRepeat
                : !what.ended.empty()          ? Notification::Kind::kResolved
                                               : Notification::Kind::kAcknowledged;
    std::vector<AlertEntry*> firing = what.first;
    firing.insert(firing.end(), what.worse.begin(), what.worse.end());
    firing.insert(firing.end(), what.again.begin(), what.again.end());
    if (note.kind == Notification::Kind::kAcknowledged) firing = what.taken;
    std::sort(firing.begin(), firing.end(), [](const AlertEntry* a, const AlertEntry* b) {
      if (a->alert.tier != b->alert.tier) return a->alert.tier > b->alert.tier;
      return a->alert.id < b->alert.id;
    });
    for (AlertEntry* entry : firing) {
      note.firing.push_back(entry->alert.id);
      Mark(note, *entry);
      if (note.kind == Notification::Kind::kAcknowledged) {
        entry->told[channel].acknowledged = true;
        continue;
      }
      Told& told = entry->told.try_emplace(channel, Told{.first_at = now_}).first->second;
      if (told.tier < entry->alert.tier && entry->alert.tier == AlertTier::kCritical) {
        told.first_at = now_;  // escalation counts from here
      }
      told.last_at = now_;
      told.tier = entry->alert.tier;
      told.acknowledged = false;
      entry->alert.notified_at = now_;
      ++entry->alert.notifications;
      entry->alert.escalated = std::max(entry->alert.escalated, entry->alert.tier);
    }
    for (AlertEntry* entry : what.ended) {
      note.resolved.push_back(entry->alert.id);
      Mark(note, *entry);
      entry->told[channel].resolved = true;
    }
    std::sort(note.resolved.begin(), note.resolved.end());
    return note;
  }

  static void Mark(Notification& note, const AlertEntry& entry) {
    note.client = entry.alert.condition.client;
    note.tier = std::max(note.tier, entry.alert.tier);
  }

  const AlertPolicy& policy_;
  AlertRoundInput in_;
  const Instant now_;
  std::map<std::string, Condition> true_now_;
  AlertRoundOutput out_;
};

}  // namespace

std::optional<AlertTier> VarianceTier(double deviation, std::string_view direction,
                                      int warn_percent, int critical_percent) {
  if (!std::isfinite(deviation)) return std::nullopt;
  if (direction == "above" && deviation <= 0) return std::nullopt;
  if (direction == "below" && deviation >= 0) return std::nullopt;
  // A millionth of a percent of tolerance: 0.3 of 1.3 - 1 is not below 30 %.
  const double percent = std::abs(deviation) * 100 + 1e-6;
  if (critical_percent > 0 && percent >= critical_percent) return AlertTier::kCritical;
  if (warn_percent > 0 && percent >= warn_percent) return AlertTier::kWarning;
  return std::nullopt;
}

std::vector<InhibitionRule> InhibitionTable() {
  constexpr std::string_view kCounted =
      "conversions revenue cpa roas cvr cost_per_conversion conversion_rate aov value";
  return {
      {"tracking", "kpi anomaly trend fatigue", kCounted, "client", AlertTier::kWarning,
       "what is not counted cannot be judged"},
      {"credential quota", "data_quality job", "", "client", AlertTier::kWarning,
       "without access nothing can be read"},
      {"data_quality", "zero_spend delivery pacing kpi anomaly trend fatigue", "", "client",
       AlertTier::kWarning, "stale or incomplete numbers are no finding"},
      {"credential quota", "zero_spend delivery pacing kpi anomaly trend fatigue review", "",
       "client", AlertTier::kWarning, "without access the numbers are stale"},
      {"zero_spend delivery review credential",
       "zero_spend delivery pacing kpi anomaly trend fatigue", "", "account", AlertTier::kWarning,
       "the account itself does not run"},
      {"zero_spend", "delivery pacing kpi anomaly trend fatigue", "", "object", AlertTier::kWarning,
       "nothing runs, so nothing else can be right"},
      {"delivery", "pacing anomaly trend", "spend impressions clicks conversions revenue", "object",
       AlertTier::kWarning, "one collapse, told once"},
      {"runaway", "pacing anomaly trend kpi", "spend cpm cpc", "object", AlertTier::kWarning,
       "one overspend, told once"},
      {"pacing", "anomaly trend", "spend", "object", AlertTier::kWarning,
       "one deviation of spend, told once"},
      {"kpi", "anomaly trend", "", "object_kpi", AlertTier::kWarning,
       "one deviation of the KPI, told once"},
      {"zero_spend delivery kpi anomaly trend review fatigue pacing data_quality",
       "zero_spend delivery kpi anomaly trend review fatigue pacing data_quality", "", "below",
       AlertTier::kWarning, "the campaign has it, so its ads have it"},
  };
}

AlertRoundOutput DecideAlerts(const AlertPolicy& policy, AlertRoundInput input) {
  return Round(policy, std::move(input)).Run();
}

void Acknowledge(AlertEntry& entry, const std::string& by, Instant at) {
  if (!entry.alert.open || entry.acknowledged_at) return;
  entry.acknowledged_by = by;
  entry.acknowledged_at = at;
}

}  // namespace maxopt
