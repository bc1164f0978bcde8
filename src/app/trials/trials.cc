#include "app/trials/trials.h"

namespace maxopt {

TrialsWorld TrialsWorldOf(Home& home) {
  const OptimizeWorld world = home.optimize_world();
  return {world.store,  world.facts,      world.clock, &home.door(),
          world.reader, world.channel_of, world.fit};
}

Result<TrialRound> AdvanceTrialsOf(Home& home, const std::string& client) {
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client));
  return AdvanceTrials(TrialsWorldOf(home), client, policy ? &*policy : nullptr);
}

}  // namespace maxopt
