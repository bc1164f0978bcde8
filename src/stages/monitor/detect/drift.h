#pragma once
#include <vector>

#include "domain/alert.h"
#include "stages/monitor/detect/views.h"

/// What changed on the platforms between two looks without us. Pure.
namespace maxopt {

/// A condition for each campaign that was switched off or on, removed, or given another daily
/// budget by somebody else, for `told_for` after it was seen. A change to what we last applied is
/// ours. Budgets that trip the tripwire are told by JudgeDelivery.
std::vector<Condition> JudgeDrift(const AccountView& account, Instant now,
                                  std::chrono::hours told_for = std::chrono::hours(24));

/// A note for each kind of campaign or goal that the platform has and this product has no name for
/// (F31), of campaigns that are not removed: detector "unknown_kind", one condition a word and
/// account, with the campaigns as evidence. Their spend is in every total.
std::vector<Condition> JudgeUnknown(const AccountView& account, Instant now);

}  // namespace maxopt
