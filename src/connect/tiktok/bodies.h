#pragma once
// Our fields as the bodies of TikTok's calls. What TikTok has no place for is refused by name, so
// that none is dropped silently, and so is what it would tell back as something else.
#include "connect/tiktok/client.h"

namespace maxopt::tiktok {

/// Why a field cannot be written: kInvalidArgument, `field "bid": why`.
std::unexpected<Error> CannotField(std::string_view field, std::string_view why);
std::unexpected<Error> Cannot(std::string what);

inline bool Has(const Fields& fields, const char* name) { return fields.contains(name); }
/// The change states `field`, or links it to an object that is made before.
bool States(const Change& change, const char* field);
std::string Setting(const Context& context, const char* name);
/// Cuts a text at a character, not inside one.
std::string FirstCharacters(const std::string& text, std::size_t most);
std::size_t CountCharacters(std::string_view text);

/// What an ad group needs to know of its campaign; as read.
struct Parent {
  std::string objective_type;
  bool budget_optimized = false;
};

/// A status that a new object cannot have, a name that is empty or too long with our marker.
Result<> CheckNew(const Change& change);

/// Members of creates, without ids, names and statuses.
Result<Json> CampaignBody(const Context& context, const Change& change);
/// Without a parent (it is not made yet) as far as can be told.
Result<Json> AdGroupBody(const Context& context, const Change& change,
                         const std::optional<Parent>& parent, http::Deadline deadline);
Result<Json> NewCreative(const Context& context, const Change& change);

/// Members of updates, with the object's id: `raw` is what TikTok has now.
Result<Json> ChangedCampaign(const Context& context, const Change& change, const Json& raw);
/// `parent`: needed when frequency or pacing change.
Result<Json> ChangedAdGroup(const Context& context, const Change& change, const Json& raw,
                            const std::optional<Parent>& parent, http::Deadline deadline);
/// The whole body of ad/update/.
Result<Json> ChangedAd(const Context& context, const Change& change, const Json& raw);

}  // namespace maxopt::tiktok
