#pragma once
#include <map>
#include <string>

#include "app/home/home.h"
#include "stages/optimize/scenario/what_if.h"

/// What-ifs as the command line and the API answer them, and the one that was chosen as a plan.
namespace maxopt {

/// The options of the client's policy, where it has one.
Result<WhatIfOptions> WhatIfOptionsOf(Home& home, const std::string& client);

/// {"client", "currency", "from", "to", "gross_margin", "revenue_per_order", "settle_days",
/// "scenarios": [...], "notes"}: docs/scenarios.md.
std::string ScenarioJson(const Client& client, const WhatIf& what_if, const ScenarioReport& report);

/// Proposes these daily budgets (by channel, in its currency, or with a named one: ReadAmount) as a
/// plan in a person's
/// name; channels that are not named keep theirs. A channel's campaigns share its move in
/// proportion to their live budgets. The prediction is the scenario's: what the change brings a
/// day, with its interval. Errors: kInvalidArgument for an unknown channel (the known ones are
/// listed), no whole minor units, or when nothing would change; kRefused for a channel that is kept
/// still; those of ReadWhatIf and of the door.
Result<Plan> ProposeBudgets(Home& home, const std::string& client,
                            const std::map<std::string, std::string>& budgets,
                            const std::string& by);

}  // namespace maxopt
