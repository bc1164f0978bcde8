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

Result<> SaveFixedBudgets(CampaignStore& store, const std::string& client,
                          const std::string& campaign, const std::set<std::string>& addresses,
                          Instant now) {
  std::string lines;
  for (const std::string& address : addresses) lines += address + "\n";
  return store.SaveDocument({client, "fixed_budgets", campaign, lines, now});
}

Result<std::set<std::string>> FixedBudgets(CampaignStore& store, const std::string& client) {
  MAXOPT_TRY(const std::vector<Document> documents, store.Documents(client, "fixed_budgets"));
  std::map<std::string, const Document*> newest;
  // Newest first: what was saved last is met first.
  for (const Document& document : documents) newest.try_emplace(document.name, &document);
  std::set<std::string> addresses;
  for (const auto& [campaign, document] : newest) {
    std::size_t from = 0;
    for (std::size_t end = document->content.find('\n'); end != std::string::npos;
         from = end + 1, end = document->content.find('\n', from)) {
      addresses.insert(document->content.substr(from, end - from));
    }
  }
  return addresses;
}

}  // namespace maxopt
