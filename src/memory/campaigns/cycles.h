#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "memory/campaigns/campaigns.h"

/// Decision cycles (agent/cycle), kept after every half step, so that each can be shown, gone on
/// with after a cut, and decided again. Thread-safe as the store is.
namespace maxopt {

struct StoredCycle {
  std::string id;  ///< "c-20261122-0001"
  std::string client;
  std::string stage;  ///< setup | monitor | optimize | report
  std::string state;  ///< running | stopped | done | abandoned
  Instant began_at{}, updated_at{};
  int revision = 0;  ///< counts the writes
  std::string body;  ///< JSON object, its writer's
};

/// Keeps a new cycle under the first free number of the day. `body_of` is told the id.
Result<StoredCycle> AddCycle(CampaignStore& store, StoredCycle cycle,
                             const std::function<std::string(const std::string& id)>& body_of);
/// State, body and updated_at, where the revision is still the one that was read; counts it up.
/// `line`: JSON object of a ledger line (event "cycle", the id being its subject) that is written
/// in the same transaction; empty: none. kConflict: somebody else goes on with it, or it has ended
/// (done, abandoned); kNotFound.
Result<> KeepCycle(CampaignStore& store, StoredCycle& cycle, const std::string& line = "");
/// kNotFound.
Result<StoredCycle> FindCycle(CampaignStore& store, const std::string& id);
struct CycleQuery {
  std::string client{}, stage{}, state{};  ///< empty: any
  int limit = 50;
  bool bodies = true;  ///< false: each body is left empty, for lists
};
/// Newest first.
Result<std::vector<StoredCycle>> Cycles(CampaignStore& store, const CycleQuery& query);
/// Lets go those that are done or abandoned and were last written before `before`; how many there
/// were. The line of their end stays in the ledger.
Result<int> ForgetCycles(CampaignStore& store, Instant before);

}  // namespace maxopt
