#pragma once
#include <set>

#include "stages/optimize/trials/books.h"
#include "stages/optimize/trials/run.h"

/// Which objects of the accounts say where they deliver, and how a place is left out of them.
namespace maxopt::trials {

struct GeoObject {
  AccountId account;
  Level level = Level::kCampaign;
  std::string id, campaign_id, address, name;
  std::vector<std::string> countries;  ///< empty: it does not say
  std::vector<std::string> excluded;
};
/// Active objects that deliver, each at the level that states its places: campaigns, or their
/// active ad groups where the campaign states none. `campaigns` empty: all.
Result<std::vector<GeoObject>> GeoObjects(const TrialsWorld& world, LiveTrees& trees,
                                          const std::set<AccountId>& accounts,
                                          const std::set<std::string>& campaigns);

/// A place of two letters is a country; others need the platform's id.
bool IsCountryCode(const std::string& place);

/// Why `place` cannot be left out of the object; empty: it can, or the object is not there anyway.
std::string CannotLeaveOut(const GeoObject& object, const std::string& place,
                           const std::map<std::string, std::map<std::string, std::string>>& ids);

/// The move that lets `places` rest on the object, from what it is like without any resting;
/// nullopt: it delivers in none of them. Requires CannotLeaveOut to be empty for each.
/// The moves of `rested` (of the same object) are taken back first.
std::vector<TrialMove> RestMoves(
    const GeoObject& object, const std::set<std::string>& places,
    const std::map<std::string, std::map<std::string, std::string>>& ids,
    const std::vector<TrialMove>& rested);

/// "alpenglow/meta-social-prospecting": lower case letters, digits and single dashes, at most 60
/// characters; where that lost something, with four characters of the digest.
std::string Slug(const std::string& text);

}  // namespace maxopt::trials
