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

}  // namespace maxopt
