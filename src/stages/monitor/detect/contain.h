#pragma once
#include <map>
#include <string>
#include <vector>

#include "apply/apply.h"
#include "domain/alert.h"
#include "domain/policy.h"

namespace maxopt {

/// Who made such a plan: Plan::created_by.
inline constexpr const char* kContainedBy = "monitor";

/// Pauses what runs away, through the door like every write: one plan an account, approved by the
/// policy's tripwire, undone like any other. Conditions of other detectors, or without a platform
/// object, are left alone. Each contained condition gets a sentence of evidence and its proposal
/// says what was done, or why it could not be. Without a policy, or with tripwire 0, nothing is
/// written and the condition says so. `addresses`: ours, by platform id, of the objects we own.
void Contain(Door& door, const Policy* policy, const std::map<std::string, std::string>& addresses,
             std::vector<Condition>& conditions);

}  // namespace maxopt
