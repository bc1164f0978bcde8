#pragma once
#include <string>

#include "app/home/home.h"
#include "stages/optimize/trials/trials.h"

/// Experiments of a home.
namespace maxopt {

/// Lives as long as the home.
TrialsWorld TrialsWorldOf(Home& home);

/// One round of the client's experiments, with its policy.
Result<TrialRound> AdvanceTrialsOf(Home& home, const std::string& client);

}  // namespace maxopt
