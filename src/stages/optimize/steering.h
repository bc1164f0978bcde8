#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "memory/campaigns/campaigns.h"

namespace maxopt {

/// How Max has moved a client's budgets by marginal return so far, from the plans that were
/// applied.
struct Steering {
  std::optional<Day> first, last;  ///< days (the client's) of the first and newest such plan
  /// Daily budgets as they were before the first of them, by account and platform id.
  std::map<std::pair<AccountId, std::string>, Money> home;
};
/// Errors: our own memory's.
Result<Steering> ReadSteering(CampaignStore& store, const Client& client);

}  // namespace maxopt
