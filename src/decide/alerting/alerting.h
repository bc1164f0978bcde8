#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/alert.h"
#include "result/result.h"

/// The alert book: what is open, who has been told, and what is to be told now. Pure: the same
/// entries, conditions, policy and time give the same bytes. Nothing here knows a channel but by
/// its name.
namespace maxopt {

/// Tier of a KPI that is `deviation` = (actual - expected) / expected off, by a watch's two
/// percentages (0: that tier is off) on its bad side ("above", "below", "both"). A deviation of
/// exactly the percentage is in the tier. nullopt: no alert, or no finite number.
std::optional<AlertTier> VarianceTier(double deviation, std::string_view direction,
                                      int warn_percent, int critical_percent);

/// Which alerts a route or a silence is about: "detector=kpi|anomaly,campaign=77,kpi!=ctr". Terms
/// are joined by commas and must all hold; values by "|"; "*" at the end of a value takes any rest.
/// Keys: client, detector, kpi, direction, level, tier, account ("google_ads/123"), campaign and
/// object (the platform's ids; a campaign's ads are of the campaign), alert (the id). The empty
/// matcher takes everything.
struct AlertMatcher {
  struct Term {
    std::string key;
    bool negated = false;
    std::vector<std::string> values;
  };
  std::vector<Term> terms;
};
/// kInvalidArgument names the term and the known keys.
Result<AlertMatcher> ParseMatcher(std::string_view text);

struct Silence {
  long long id = 0;     ///< given by the store
  std::string client;   ///< empty: of all clients
  std::string matcher;  ///< as ParseMatcher reads it
  Instant from{}, until{};
  std::string by, why;
};

/// Wall-clock hours in which a channel is told critical alerts only; the rest waits for their end.
/// from > to spans midnight; from == to: never.
struct QuietHours {
  int from_minute = 0;  ///< of the day
  int to_minute = 0;
  Zone zone = Zone::Utc();
};

/// Where a person is asked next when nobody acknowledged.
struct EscalationStep {
  std::chrono::seconds after{};  ///< since the alert was first told
  std::vector<std::string> channels{};
};

/// Who is told about what. The first route that takes an alert has it; an alert that none takes is
/// open and told to nobody.
struct AlertRoute {
  AlertMatcher match{};
  AlertTier tier_min = AlertTier::kWarning;
  std::vector<std::string> channels{};
  std::chrono::seconds repeat_warning = std::chrono::hours(24);
  std::chrono::seconds repeat_critical = std::chrono::hours(4);
  std::vector<EscalationStep> escalation{};  ///< of critical alerts, in order of `after`
};

/// What the book must know of a channel.
struct ChannelTraits {
  bool send_resolved = true;
  bool send_acknowledged = false;  ///< PagerDuty: an acknowledgement is passed on
  std::optional<QuietHours> quiet{};
};

/// Two notifications of one group to one channel are at least so far apart, whatever the policy.
inline constexpr std::chrono::seconds kGroupIntervalMin{60};

/// Defaults: a group interval of 5 minutes and repeats after 4 and 24 hours are Alertmanager's
/// usual; 20 minutes of hold outlast a signal that flaps with a period of 600 s twice over.
struct AlertPolicy {
  std::vector<AlertRoute> routes;
  std::map<std::string, ChannelTraits> channels;
  std::chrono::seconds group_interval = std::chrono::minutes(5);
  /// An alert is resolved only when it has been over for so long: flapping is one alert.
  std::chrono::seconds hold = std::chrono::minutes(20);
  /// So many campaigns of an account with the same detector's trouble are the account's trouble:
  /// one group, one notification.
  int account_wide_min = 3;
};

/// What one channel was told of one alert.
struct Told {
  Instant first_at{};
  Instant last_at{};
  AlertTier tier = AlertTier::kInfo;
  bool resolved = false;      ///< its end was told (or the channel does not want to know)
  bool acknowledged = false;  ///< the acknowledgement was told
};

/// An alert with what the book remembers of it.
struct AlertEntry {
  Alert alert;
  /// "client|google_ads/123/campaign/77": alerts of one group share a notification. Fixed when the
  /// alert opens, so that a group's incident keeps its identity.
  std::string group;
  std::string campaign;                 ///< subject of the campaign that it is in; empty: above
  std::optional<Instant> over_since{};  ///< the first look that found it no longer true
  std::string inhibited_by{};           ///< id of the alert that explains it; empty: none
  long long silenced_by = 0;            ///< id of the silence; 0: none
  std::string acknowledged_by{};
  std::optional<Instant> acknowledged_at{};
  int escalation_step = 0;             ///< steps taken
  std::map<std::string, Told> told{};  ///< by channel
};

/// What was looked at in this round. A detector that could not look, or not at this account,
/// neither confirms nor resolves.
struct Look {
  std::string client;
  std::string detector;
  std::optional<AccountId> account{};  ///< nullopt: the client and all of its accounts
};

/// What is known of the objects besides.
struct AlertScopes {
  /// Subject of an ad group, ad or asset ("meta/42/ad/9") -> subject of its campaign.
  std::map<std::string, std::string> campaign_of;
  /// Subject of a campaign that does not run and should not -> why ("paused", "ended 2026-11-01",
  /// "starts 2026-12-01"). Delivery, pacing and KPI conditions of it are not raised, open ones end
  /// at once.
  std::map<std::string, std::string> idle;
};

/// What is to be told. `key` is unique and the same however often a round is decided again.
struct Notification {
  enum class Kind { kFiring, kRepeat, kEscalation, kResolved, kAcknowledged };
  std::string key;  ///< <channel>|<group>|<at>
  std::string channel;
  Kind kind = Kind::kFiring;
  std::string client;
  std::string group;
  AlertTier tier = AlertTier::kWarning;  ///< the highest among firing and resolved
  std::vector<std::string> firing;       ///< ids, worst first: new, worse, due again
  std::vector<std::string> resolved;     ///< ids
  int others_open = 0;                   ///< of the group, told before and not told again here
  Instant at{};
};
std::string_view NotificationKindName(Notification::Kind kind);  ///< "firing", "repeat", ...
Result<Notification::Kind> FindNotificationKind(std::string_view name);

struct AlertRoundInput {
  std::vector<AlertEntry> entries;  ///< open ones, and those whose end is still to be told
  std::vector<Condition> conditions;
  std::vector<Look> looks;  ///< empty: nobody looked, only time has passed
  AlertScopes scopes;
  std::vector<Silence> silences;
  /// Newest notification by channel and group, so that the group interval outlives the alerts.
  std::map<std::pair<std::string, std::string>, Instant> group_told;
  int next_number = 1;  ///< for the ids of new alerts: "a-<UTC day>-<number>"
  Instant now{};
};
struct AlertRoundOutput {
  std::vector<AlertEntry> entries;  ///< all that were given and the new ones, as they are now
  std::vector<std::string> opened, resolved;  ///< ids
  std::vector<Notification> notifications;    ///< by channel, then group
  std::vector<std::string> notes;             ///< conditions that were not taken up, and why
};

/// One round. What holds, whatever comes in:
///  - one open alert per fingerprint; a condition given twice counts once, at its higher tier
///  - a constant true condition is told once per repeat interval to each channel, never earlier,
///    whatever happens to other alerts of its group
///  - the end is told exactly once, to the channels that were told of the beginning
///  - per channel and group at most one notification in a group interval (60 s at least)
///  - an alert that is inhibited, silenced or acknowledged is not told again; when that is over and
///    it is still true, it is
///  - a higher tier is told at once; a lower one is not
/// Inhibition is the table in docs/alerts.md; InhibitionTable() is the same as data.
AlertRoundOutput DecideAlerts(const AlertPolicy& policy, AlertRoundInput input);

/// Whether `source`, open, explains `target`, so that only the source is told.
struct InhibitionRule {
  std::string_view source;    ///< detectors, "a b c"
  std::string_view target;    ///< detectors
  std::string_view kpis;      ///< of the target; empty: any
  std::string_view relation;  ///< client (same client, or account where the source has one) |
                              ///< account (source is of the account itself) | object (same object)
                              ///< | object_kpi (and same KPI) | below (source above the target in
                              ///< the tree: same detector, KPI and direction)
  AlertTier source_min;
  std::string_view why;
};
std::vector<InhibitionRule> InhibitionTable();

/// Marks an alert as taken care of: no repeats and no escalation until it is worse or over.
void Acknowledge(AlertEntry& entry, const std::string& by, Instant at);

/// Canonical JSON of an entry, for the store.
std::string ToJson(const AlertEntry& entry);
Result<AlertEntry> AlertEntryFromJson(std::string_view json);
std::string ToJson(const Notification& notification);
Result<Notification> NotificationFromJson(std::string_view json);

}  // namespace maxopt
