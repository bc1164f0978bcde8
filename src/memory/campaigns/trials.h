#pragma once
#include <string>
#include <vector>

#include "memory/campaigns/campaigns.h"

namespace maxopt {

/// A trial as it is kept: an experiment on the running account from its proposal to its reading.
/// The body belongs to its writer (stages/optimize/trials).
struct StoredTrial {
  std::string id;
  std::string client;
  std::string state;
  std::string body;  ///< JSON object
  Instant at{};      ///< of this state of it
};

/// Insert or replace, by id. kConflict: another client's trial has that id.
Result<> SaveTrial(CampaignStore& store, const StoredTrial& trial);
/// Of a client, by id; of one state when it is not empty.
Result<std::vector<StoredTrial>> StoredTrials(CampaignStore& store, const std::string& client,
                                              const std::string& state = "");
/// Forgets the client's trials in `state`: proposals that new ones replace.
Result<> DropTrials(CampaignStore& store, const std::string& client, const std::string& state);

}  // namespace maxopt
