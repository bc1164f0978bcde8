#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "memory/campaigns/campaigns.h"

namespace maxopt {

/// Whose rows: of one client, or of one of its campaigns as set up ("spring-trails").
struct RowArchiveScope {
  std::string client;
  std::vector<AccountId> accounts;
  std::string campaign{};                   ///< slug; empty: everything of the client
  std::vector<std::string> campaign_ids{};  ///< the platforms' ids of it, with a campaign
};
struct ArchivedRows {
  std::string table;
  std::int64_t rows = 0;
  std::string jsonl;  ///< one object a row, columns as members
};
/// Every table that knows of the scope, in an order in which they can be loaded. What is the
/// client's and not one campaign's (its accounts, alerts, experiments, signals) goes along with a
/// campaign. Users, keys, jobs and tactics of the agency are nobody's archive and not in it.
Result<std::vector<ArchivedRows>> ArchiveRows(CampaignStore& store, const RowArchiveScope& scope);

/// Loads them into a memory that knows no client: all or nothing. kConflict where there is one;
/// kInvalidArgument for a table or a column that is not known, with the file's name.
Result<> RestoreRows(CampaignStore& store, const std::vector<ArchivedRows>& tables);

}  // namespace maxopt
