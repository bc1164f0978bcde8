#include <algorithm>
#include <map>

#include "memory/campaigns/campaigns.h"

namespace maxopt {

Result<std::vector<ExperimentLock>> ExperimentLocks(CampaignStore& store, const std::string& client,
                                                    Instant now) {
  MAXOPT_TRY(const std::vector<Experiment> experiments, store.Experiments(client));
  std::vector<ExperimentLock> locks;
  if (experiments.empty()) return locks;
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, store.Accounts());
  for (const ClientAccount& account : accounts) {
    if (account.client != client) continue;
    const Day today = Zone::Find(account.info.zone).value_or(Zone::Utc()).DayOf(now);
    std::map<std::string, OwnedObject> owned;
    MAXOPT_TRY(std::vector<OwnedObject> objects, store.Objects(account.info.account));
    for (OwnedObject& object : objects) owned.emplace(object.address, std::move(object));
    for (const Experiment& experiment : experiments) {
      const bool runs = experiment.status == "running" ||
                        (experiment.status == "planned" && experiment.start <= today);
      if (!runs || experiment.end < today) continue;
      for (const ExperimentArm& arm : experiment.arms) {
        for (const std::string& address : arm.addresses) {
          const auto at = owned.find(address);
          if (at == owned.end()) continue;
          locks.push_back(
              {account.info.account, at->second.id, address, experiment.id, experiment.end});
        }
      }
    }
  }
  return locks;
}

}  // namespace maxopt
