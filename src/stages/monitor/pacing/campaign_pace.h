#pragma once
#include <optional>
#include <string>
#include <vector>

#include "decide/pacing/pacing.h"
#include "domain/alert.h"
#include "domain/policy.h"
#include "stages/monitor/monitor.h"

/// The pace of every campaign of a client, from the live tree and the facts.
namespace maxopt {

struct CampaignPace {
  std::string client;
  AccountId account;
  std::string campaign_id, name;  ///< the name without our marker
  Day first{}, last{};            ///< of the flight that was judged
  /// The campaign has no end: the flight is the calendar month (from its start, where later).
  bool month = false;
  PaceVerdict verdict;
};

struct PacingReport {
  std::vector<CampaignPace> campaigns;
  std::vector<Condition> conditions;  ///< detector "pacing": over and under, nothing else
  std::vector<std::string> problems;  ///< what could not be judged, and why
};

/// A platform's rules of delivery: its day from its capabilities, Google's month of 30.4 days and
/// the week of seven days of Meta and TikTok from their documentation.
DeliveryRules RulesOf(const Capabilities& capabilities);

/// Judges every campaign of `client` (all clients when empty) that has a budget, its own or of its
/// running ad groups. One platform call an account. Budgets before the last change of ours or the
/// last that a look saw are taken from there. `policy`: step, where there is one.
/// Errors: only our own memory's.
Result<PacingReport> LookAtPace(const MonitorWorld& world, const std::string& client,
                                const std::optional<Policy>& policy);

}  // namespace maxopt
