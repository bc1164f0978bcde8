#pragma once
#include <string>
#include <vector>

#include "app/cli/commands.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt {

/// Looks at landing pages with the home's tracking.yaml (where origins really are, whether private
/// ones may be), and with `browser` whether the tag fires there. `visits` carry their parameters.
Result<std::vector<LandingEvidence>> LookAtLandings(const CommandContext& context,
                                                    const std::vector<std::string>& visits,
                                                    bool browser);

}  // namespace maxopt
