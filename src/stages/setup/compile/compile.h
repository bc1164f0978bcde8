#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "domain/experiment.h"
#include "domain/metric.h"
#include "domain/plan.h"
#include "domain/watch.h"
#include "memory/campaigns/campaigns.h"
#include "memory/platforms/platforms.h"
#include "stages/setup/documents/documents.h"

namespace maxopt {

/// One object as the documents want it.
struct DesiredObject {
  AccountId account;
  Level level = Level::kCampaign;
  std::string address;         ///< "spring-trails/search-brand/brand/brand-v1"
  std::string parent_address;  ///< empty for campaigns, assets, conversions
  std::string package;         ///< empty for what several packages share
  std::vector<Link> links;
  Fields fields;  ///< all that is wanted, status "paused"
  Place place;    ///< where it was asked for
};

/// Media plan x brief x creatives x buys: the wanted tree, what became of every field of every
/// document, and what set-up configures beside the platforms.
struct Desired {
  std::string client, campaign;  ///< as written
  std::string slug;              ///< "spring-trails": first part of all addresses
  Currency currency{};
  Day start{}, end{};
  std::vector<DesiredObject> objects;  ///< parents before children; assets, conversions first
  std::vector<MatrixRow> matrix;
  std::vector<Experiment> experiments;
  std::vector<Watch> watches;
};

/// What the compiler knows besides the documents.
struct CompileWorld {
  const PlatformSpecs* specs;
  std::vector<ClientAccount> accounts;
  std::vector<LearnedConstraint> learned;
  Day today{};
};

/// Pure. Errors (kInvalidArgument) are contradictions that leave nothing to compile; everything
/// else is in the matrix and in the checks' findings.
Result<Desired> Realise(const CampaignDocuments& documents, const CompileWorld& world);

/// What is there now: trees of the accounts concerned, what we own in them and who owns its fields.
struct LiveState {
  std::map<AccountId, AccountTree> trees;
  std::map<AccountId, std::vector<OwnedObject>> owned;
  std::map<AccountId, std::vector<HistoryEvent>> history;  ///< newest changes; says who drifted it
};

/// A field that is neither as we last wrote it nor as the documents want it.
struct Drift {
  AccountId account;
  std::string address;
  std::string field;
  FieldValue last_applied, live, desired;
  std::string who;  ///< from the change history: "anna@..., in the platform's screens"; "platform"
  std::string owner;  ///< person | platform
  std::optional<Instant> at;
};

struct ThreeWay {
  Plan plan;                 ///< what would be written
  std::vector<Drift> drift;  ///< what someone else owns; in `plan` only when forced
};

/// desired / last applied / live. What is missing is created paused; what differs and is ours is
/// updated; what someone else changed since is shown as drift and left alone unless its
/// "address.field" is in `force`; what is ours and no longer wanted is paused, never removed.
/// No change: plan.changes is empty. Pure. kInvalidArgument: a difference that no platform can
/// change in place; `force` names something that did not drift.
Result<ThreeWay> CompareThreeWay(const Desired& desired, const LiveState& live,
                                 const std::set<std::string>& force);

/// Switches on what the documents created: ads and ad groups first, campaigns last. kNotFound when
/// nothing of it exists. Ads that are rejected stay paused and are named in notes.
Result<Plan> CompileActivation(const Desired& desired, const LiveState& live);

/// Documents that describe what is live, and the objects to be owned under their addresses; after
/// both are kept, plan is empty. `notes` names what has no place in the documents.
struct Adoption {
  CampaignDocuments documents;
  std::vector<OwnedObject> objects;
  std::vector<std::string> notes;
};
Result<Adoption> Adopt(const std::vector<AccountTree>& trees, const std::string& client,
                       const std::string& campaign, Day today);

/// The naming grammar, both ways: "Alpenglow | search-brand | Spring trails".
struct CampaignNameParts {
  std::string client, package, campaign;
};
std::string CampaignName(const CampaignNameParts& parts);
/// nullopt when the name (without its marker) is not of the grammar.
std::optional<CampaignNameParts> ParseCampaignName(std::string_view name);

/// "Spring trails" -> "spring-trails": first part of the addresses of a campaign's objects.
std::string Slug(std::string_view text);

}  // namespace maxopt
