#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "connect/connection.h"
#include "connect/meta/graph.h"
#include "connect/meta/read.h"
#include "domain/change.h"

/// Our changes in Meta's parameters. Pure. Inside of this folder only.
namespace maxopt::meta {

/// Parameters of a create or update of a campaign or ad set, and of an update of an ad.
/// kInvalidArgument, in one sentence with the field's name, for whatever Meta cannot express:
/// another currency, money that is no whole number of minor units, a word Meta does not have, a
/// create that is not paused, a field that cannot change later. `present` is the ad set as Meta has
/// it (targeting, promoted_object), for updates: Meta replaces both as a whole, so what we have no
/// words for is sent back as it is. It may be null for all else.
Result<Params> ParamsOf(const Change& change, const Ground& ground, const Connection& connection,
                        const nlohmann::json& present);

/// True when an update needs `present`.
bool NeedsPresent(const Change& change);

/// Creative of a new ad: object_story_spec, asset_feed_spec when there are several texts, url_tags.
Result<nlohmann::json> CreativeOf(const Change& change, const Connection& connection);
/// A JSON object as parameters: texts as they are, all else as JSON.
Params ParamsOfJson(const nlohmann::json& object);

/// Parameters of an upload. kInvalidArgument when the content is not base64, does not have the
/// digest in sha256, or is not a picture.
Result<Params> ImageOf(const Change& change);

}  // namespace maxopt::meta
