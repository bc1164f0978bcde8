#pragma once
#include <optional>
#include <string>
#include <vector>

#include "domain/tactic.h"
#include "memory/campaigns/campaigns.h"

/// The rows of the tactics memory: tactics and what was measured of each. Every index over them is
/// derived (memory/tactics). The library that travels in the program has no rows here.
///
/// Whose data are whose: a measurement is its client's. Rows here are for the agency's own use;
/// what one client may see of another's is decided above (stages/tactics).
namespace maxopt {

/// Insert or replace, by id. kInvalidArgument: CheckTactic; kConflict: another client's tactic has
/// that id.
Result<> SaveTactic(CampaignStore& store, const Tactic& tactic);
/// kNotFound where no row has that id.
Result<Tactic> GetTactic(CampaignStore& store, const std::string& id);
/// Retired and expired ones too, by id. Of one client, or ("") the agency's; nullopt: all.
Result<std::vector<Tactic>> StoredTactics(CampaignStore& store,
                                          const std::optional<std::string>& client);

/// Keeps a measurement of a tactic. True: it was not known yet. The same source twice changes
/// nothing. kInvalidArgument: an effect that is not finite, an error not above 0, days in reverse;
/// kNotFound: no such tactic.
Result<bool> AddMeasurement(CampaignStore& store, const std::string& tactic,
                            const TacticMeasurement& measurement);
/// By client and first day.
Result<std::vector<TacticMeasurement>> MeasurementsOf(CampaignStore& store,
                                                      const std::string& tactic);
/// Takes the client's measurements out of the agency's tactics: its policy no longer shares them.
/// Returns how many. Its own tactics keep theirs.
Result<int> WithdrawMeasurements(CampaignStore& store, const std::string& client);

/// What was remembered for a decision (stages/working_memory): its content once by digest, and
/// what it was remembered for. With the decision's line in the ledger (event "remembered", body
/// {"digest","stage"}), in one transaction.
struct Recollection {
  std::string about;  ///< "p-20261122-0001", an alert's id, a campaign's address, a report's id
  std::string stage;  ///< setup | monitor | optimize | report
  std::string client;
  Instant at{};
  std::string digest;  ///< SHA-256 of `body`, hex
  std::string body;    ///< JSON object
};
/// `digest` is made here. The same content for the same decision again changes nothing.
Result<Recollection> SaveRecollection(CampaignStore& store, Recollection recollection);
/// Newest first; empty when nothing was remembered for it. `client` empty: whosever.
Result<std::vector<Recollection>> Recollections(CampaignStore& store, const std::string& about,
                                                const std::string& client, int limit);

}  // namespace maxopt
