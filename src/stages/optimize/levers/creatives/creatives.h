#pragma once
#include <span>
#include <string>
#include <vector>

#include "decide/bandit/bandit.h"
#include "memory/campaigns/ledger.h"
#include "stages/optimize/levers/levers.h"

namespace maxopt {

/// Ads of each ad group that is on (rotation.h judges them): those that lose or tire are paused,
/// two always stay; spares of ours that were never shown are switched on, one at a time. Platforms
/// share an ad group's impressions among its ads themselves; where each ad has an ad group and a
/// budget of its own (one ad an ad set), daily budgets of a campaign move between them instead, by
/// the policy's step at most and their sum never up. What tires and has no successor is asked for:
/// a message "creative_request" to lucas (schemas/creative_request.schema.json), once in two weeks
/// an ad.
///
/// An ad that converts is paused only with a second signal: its click rate, or, for one that tires,
/// its conversions. Every change's evidence has "rotation": the shares that were served and the
/// ones wanted, of all ads of its ad group.
Result<LeverReport> CreativeLever(const LeverWorld& world, const LeverState& state);

/// What was decided about the ads of one ad group, as the ledger tells it.
struct RotationDecision {
  Instant at{};
  std::string plan;
  AccountId account{};
  std::string ad_group;
  struct Arm {
    std::string ad;
    double target = 0;     ///< share that was wanted from then on
    double predicted = 0;  ///< conversions an impression, as believed then
  };
  std::vector<Arm> arms;
};
/// Of the "proposed" lines, one an ad group and plan, oldest first; lines without are left out.
std::vector<RotationDecision> RotationDecisions(std::span<const LedgerEntry> lines);

/// What decide/bandit's EvaluateOffPolicy asks for: from the day after each decision to the next
/// one about the ad group (or to the end of the judged days) what each ad was shown and brought.
/// The propensity is the share of these impressions that the platform gave it, the target the share
/// that was wanted. Only arms of decisions that were shown at all are in it, so the targets of a
/// decision may sum to less than 1. Errors: our own memory's.
Result<std::vector<LoggedChoice>> RotationLog(FactStore& facts, const LeverAccount& account,
                                              std::span<const RotationDecision> decisions);

}  // namespace maxopt
