#include <fmt/format.h>

#include <charconv>
#include <map>
#include <sstream>

#include "memory/campaigns/campaigns.h"

namespace maxopt {
namespace {

/// "campaign/123" -> "123"; empty: it is an address of ours.
std::string PlainId(const std::string& address) {
  for (const Level level : {Level::kCampaign, Level::kAdGroup, Level::kAd}) {
    const std::string prefix = std::string(LevelName(level)) + "/";
    if (!address.starts_with(prefix) || address.size() == prefix.size()) continue;
    if (address.find_first_not_of("0123456789", prefix.size()) != std::string::npos) continue;
    return address.substr(prefix.size());
  }
  return "";
}

}  // namespace

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
          if (at == owned.end()) {
            // What is not ours is named by level and platform id, which no other account shares.
            const std::string id = PlainId(address);
            if (!id.empty()) {
              locks.push_back({account.info.account, id, address, experiment.id, experiment.end});
            }
            continue;
          }
          locks.push_back(
              {account.info.account, at->second.id, address, experiment.id, experiment.end});
        }
      }
    }
  }
  return locks;
}

// One line each: the address, and where a flight is planned its days and its total, by tabs.
Result<> SaveFixedBudgets(CampaignStore& store, const std::string& client,
                          const std::string& campaign, const FixedBudgetMap& fixed, Instant now) {
  std::string lines;
  for (const auto& [address, flight] : fixed) {
    lines += address;
    if (flight) {
      lines += fmt::format("\t{}\t{}\t{}\t{}", PrintDay(flight->first), PrintDay(flight->last),
                           flight->total.micros(), flight->total.currency().name());
    }
    lines += '\n';
  }
  return store.SaveDocument({client, "fixed_budgets", campaign, lines, now});
}

Result<FixedBudgetMap> FixedBudgets(CampaignStore& store, const std::string& client) {
  MAXOPT_TRY(const std::vector<Document> documents, store.Documents(client, "fixed_budgets"));
  std::map<std::string, const Document*> newest;
  // Newest first: what was saved last is met first.
  for (const Document& document : documents) newest.try_emplace(document.name, &document);
  FixedBudgetMap fixed;
  for (const auto& [campaign, document] : newest) {
    std::istringstream lines(document->content);
    for (std::string line; std::getline(lines, line);) {
      std::vector<std::string> cells;
      std::istringstream row(line);
      for (std::string cell; std::getline(row, cell, '\t');) cells.push_back(std::move(cell));
      if (cells.empty()) continue;
      std::optional<PlannedFlight>& flight = fixed[cells[0]];
      if (cells.size() == 1) continue;
      std::int64_t micros = 0;
      const auto first = ParseDay(cells.size() == 5 ? cells[1] : "");
      const auto last = ParseDay(cells.size() == 5 ? cells[2] : "");
      const auto currency = FindCurrency(cells.size() == 5 ? cells[4] : "");
      if (!first || !last || !currency ||
          std::from_chars(cells[3].data(), cells[3].data() + cells[3].size(), micros).ptr !=
              cells[3].data() + cells[3].size()) {
        return Fail(Errc::kLocal, fmt::format("the fixed budgets kept of {} cannot be read: \"{}\"",
                                              campaign, line));
      }
      flight = PlannedFlight{*first, *last, Money::Micros(micros, *currency)};
    }
  }
  return fixed;
}

}  // namespace maxopt
