#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "domain/entity.h"
#include "result/result.h"

namespace maxopt {

/// How much an alert may disturb: info is read when somebody looks, a warning is sent to a channel,
/// critical pages a person.
enum class AlertTier { kInfo, kWarning, kCritical };
std::string_view AlertTierName(AlertTier tier);  ///< "info", "warning", "critical"
Result<AlertTier> FindAlertTier(std::string_view name);

/// What a detector says is wrong now. A detector tells all its conditions every time it looks; one
/// that it no longer tells is over. Detectors know nothing of alerts.
struct Condition {
  std::string client;
  std::string detector;  ///< kpi | anomaly | trend | fatigue | zero_spend | delivery | runaway |
                         ///< pacing | review | tracking | data_quality | quota | sunset |
                         ///< credential | job
  std::optional<AccountId> account{};
  Level level = Level::kAccount;
  std::string object_id{};  ///< the platform's id; empty: the account, or the client
  std::string name{};       ///< of the object, for people
  std::string kpi{};        ///< "spend", "cpa", ...; empty where there is none
  std::string direction{};  ///< above | below | ""
  AlertTier tier = AlertTier::kWarning;
  std::string title;                    ///< one sentence: what, where, how much
  std::string actual{}, expected{};     ///< with unit: "0.00 EUR", "41.20 EUR"
  std::optional<double> deviation{};    ///< (actual - expected) / expected; absent without expected
  std::optional<Money> at_stake{};      ///< money a day that it concerns
  Instant since{};                      ///< first true, as far as the data tell
  std::vector<std::string> evidence{};  ///< sentences with numbers
  std::string proposal{};               ///< what Max would do; empty: nothing
};

/// What makes two conditions the same trouble: client, detector, account, level, object, KPI and
/// direction. Tier, numbers and words may change under it.
std::string Fingerprint(const Condition& condition);
/// "google_ads/123/campaign/77", "google_ads/123", or the client's name.
std::string SubjectOf(const Condition& condition);

/// Why a KPI moved, as far as the data tell. Shares are of the whole change and sum to 1 within
/// one list where all elements are listed.
struct Diagnosis {
  /// A factor of the KPI: volume, rate or price.
  struct Factor {
    std::string name;  ///< "impressions", "ctr", "cpc", ...
    std::optional<double> before, after;
    double share = 0;  ///< of the change of the KPI
  };
  /// A segment that explains part of the change.
  struct Segment {
    std::string dimension, element;
    double share = 0;
    double surprise = 0;  ///< >= 0: divergence between expected and actual share of the total
  };
  enum class Verdict { kLikely, kPossible, kRuledOut, kNotChecked };
  struct Cause {
    std::string what;
    Verdict verdict = Verdict::kPossible;
    std::string evidence;
  };
  std::vector<Factor> factors;
  std::vector<Segment> segments;
  std::vector<Cause> causes;  ///< most likely first
  std::string proposal;
};
std::string_view VerdictName(Diagnosis::Verdict verdict);  ///< "likely", ..., "not_checked"

/// A condition that was told, from its opening to its one resolution.
struct Alert {
  std::string id;                        ///< "a-20261122-0001", given by the store
  Condition condition;                   ///< as last seen
  AlertTier tier = AlertTier::kWarning;  ///< the highest it has had
  bool open = true;
  Instant opened_at{};
  Instant last_true_at{};
  std::optional<Instant> resolved_at{};
  int times_true = 1;  ///< looks at which it was true
  int reopened = 0;    ///< times it was over for less than the hold time (flapping)
  std::optional<Instant> notified_at{};  ///< newest notification
  int notifications = 0;
  AlertTier escalated = AlertTier::kInfo;  ///< highest tier that was told to a person
  std::optional<Diagnosis> diagnosis{};
};

/// Canonical JSON, as domain/json.h says of its own.
std::string ToJson(const Condition& condition);
Result<Condition> ConditionFromJson(std::string_view json);
std::string ToJson(const Diagnosis& diagnosis);
Result<Diagnosis> DiagnosisFromJson(std::string_view json);

/// How far a tracking signal can be trusted. `broken` freezes automated decisions of the client.
enum class SignalState { kOk, kDegraded, kBroken, kUnknown };
std::string_view SignalStateName(SignalState state);
Result<SignalState> FindSignalState(std::string_view name);
struct SignalHealth {
  std::string client;
  std::string name;  ///< "conversions meta/880011223344", "events shop", "canary shop"
  SignalState state = SignalState::kUnknown;
  Instant since{};  ///< of this state
  Instant seen_at{};
  std::string why;
  std::vector<std::string> evidence{};
  std::vector<AccountId> accounts{};  ///< that it concerns; empty: all of the client
};

}  // namespace maxopt
