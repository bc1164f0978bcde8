#pragma once
#include <optional>
#include <string>
#include <vector>

#include "memory/campaigns/campaigns.h"

namespace maxopt {

/// A campaign as it was at the last look, and what was different before.
struct Sighting {
  AccountId account;
  std::string campaign_id;
  std::string name;
  std::string state;  ///< "delivers", "paused", "ended", "no ad may run", "removed", ...
  Instant since{};    ///< first look in this state
  std::string was;    ///< the state before; empty: none is known
  std::optional<Money> daily_budget{};
  Instant budget_since{};             ///< first look with this budget
  std::optional<Money> budget_was{};  ///< the budget before
  Instant first_at{};                 ///< first look of all
  Instant seen_at{};
};

/// Carries the sightings of one account on to what is seen now: `now` gives account, campaign,
/// name, state and budget of every campaign on the platform. Those no longer there become
/// "removed". Returns all of the account.
Result<std::vector<Sighting>> SeeCampaigns(CampaignStore& store, const AccountInfo& account,
                                           const std::vector<Sighting>& now, Instant at);
Result<std::vector<Sighting>> Sightings(CampaignStore& store, const AccountInfo& account);

}  // namespace maxopt
