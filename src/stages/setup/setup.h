#pragma once
#include <map>
#include <string>
#include <vector>

#include "domain/plan.h"
#include "memory/campaigns/campaigns.h"
#include "stages/setup/documents.h"

namespace maxopt {

enum class Severity { kFail, kWarn, kNote };
std::string_view SeverityName(Severity severity);

/// What a check found: where, what, and what to do about it.
struct Finding {
  std::string check;  ///< "budget.sum", "creative.headline_length", ...
  Severity severity;
  Place place;
  std::string what;
  std::string fix;
};

/// Completeness and consistency of the document against itself, the client's accounts and the
/// platforms' common limits. Pure. kFail findings keep a plan from being made.
std::vector<Finding> CheckCampaign(const CampaignDocument& document,
                                   const std::vector<ClientAccount>& accounts, Day today);

/// What is there now: trees of the accounts in the document, and what we own in them.
struct LiveState {
  std::map<AccountId, AccountTree> trees;
  std::map<AccountId, std::vector<OwnedObject>> owned;
};

/// The changes that bring the accounts to the document: what is missing is created paused, what
/// differs is updated, what is ours and no longer in the document is paused (never removed). No
/// change, no plan: then `changes` is empty. `notes` says every translation. Pure.
/// kInvalidArgument: a difference that the platform cannot change in place.
Result<Plan> CompilePlan(const CampaignDocument& document, const LiveState& live, Day today);

/// Switches on what the document's campaigns created: ads and ad groups first, campaigns last.
/// kNotFound when nothing of it exists. Ads that are rejected stay paused and are named in notes.
Result<Plan> CompileActivation(const CampaignDocument& document, const LiveState& live);

/// "Alpenglow | search-generic | Spring trails": the naming grammar, both ways. ChannelOf returns
/// the middle part without a marker, or "" when the name is not of the grammar.
std::string CampaignName(std::string_view client, std::string_view channel, std::string_view name);
std::string ChannelOf(std::string_view campaign_name);

/// "Spring trails" -> "spring-trails": first part of the addresses of a campaign's objects.
std::string Slug(std::string_view text);

}  // namespace maxopt
