#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "connect/connection.h"
#include "connect/meta/graph.h"
#include "connect/meta/read.h"
#include "domain/change.h"

/// Our changes in Meta's parameters. Pure. Inside of this folder only.
namespace maxopt::meta {

/// Parameters of a create or update of a campaign, ad set or pixel, and of an update of an ad.
/// kInvalidArgument, in one sentence with the field's name, for whatever Meta cannot express:
/// another currency, money that is no whole number of minor units, a word Meta does not have, a
/// create that is not paused, a field that cannot change later. `present` is the ad set as Meta has
/// it (kPresentFields), for updates that need it: Meta replaces targeting, schedules and windows as
/// a whole, so what we have no words for is sent back as it is. For a new ad set it is
/// {"campaign":{...}} when that is known. It is null for all else.
Result<Params> ParamsOf(const Change& change, const Ground& ground, const Connection& connection,
                        const nlohmann::json& present);

inline constexpr std::string_view kCampaignOfAdSetFields =
    "id,bid_strategy,daily_budget,lifetime_budget";
inline constexpr std::string_view kPresentFields =
    "id,targeting,promoted_object,optimization_goal,bid_strategy,bid_amount,daily_budget,"
    "lifetime_budget,adset_schedule,pacing_type,frequency_control_specs,attribution_spec,"
    "dsa_beneficiary,dsa_payor,campaign{id,bid_strategy,daily_budget,lifetime_budget}";
/// True when an update needs `present`.
bool NeedsPresent(const Change& change);
/// True when a new ad set needs to know the campaign above it.
bool NeedsCampaign(const Change& change);

/// The part of ParamsOf that is an ad set's: `fields` are all but name and status.
Result<> AddAdSetFields(const Change& change, const Fields& fields, const Ground& ground,
                        const Connection& connection, const nlohmann::json& present,
                        Params& params);

/// Creative of a new ad: a picture, a video with its thumbnail, or a carousel; asset_feed_spec when
/// there are several texts; url_tags. `video_picture` is Meta's own still of the video, for an ad
/// that names no thumbnail.
Result<nlohmann::json> CreativeOf(const Change& change, const Connection& connection,
                                  const std::string& video_picture);
/// The change as it will be once what it links to exists: placeholders for what is not there yet.
/// True when there is any.
bool FillPending(Change& change);
/// A JSON object as parameters: texts as they are, all else as JSON.
Params ParamsOfJson(const nlohmann::json& object);

/// Parameters of a picture's upload. kInvalidArgument when the content is not base64, does not have
/// the digest in sha256, or there is no name.
Result<Params> ImageOf(const Change& change);
/// The same for a video: its fields, and the file itself as the last part.
Result<std::vector<http::Part>> VideoOf(const Change& change);

}  // namespace maxopt::meta
