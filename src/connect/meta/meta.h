#pragma once
#include <memory>
#include <optional>

#include "clock/clock.h"
#include "connect/connection.h"
#include "connect/conversions.h"
#include "connect/writer.h"
#include "http/http.h"

/// Meta's Marketing API (Graph API). Its "ad set" is our ad group.
namespace maxopt {

/// connection:
///   account   of Platform::kMeta, digits without "act_"
///   base_url  default https://graph.facebook.com; version default v26.0
///   secrets   access_token (sent as a bearer header, never in a URL); app_secret: every call then
///             carries appsecret_proof
///   settings  page_id, pixel_id: for ads and ad sets that name none
///             conversion_action_type: the one action counted as a conversion; default: the first
///             of omni_purchase, purchase, offsite_conversion.fb_pixel_purchase that a report has
///             app_id: changes made by this app are ours
///             dsa_beneficiary, dsa_payor: who benefits from the ads and who pays for them; sent
///             with every ad set, and needed for those shown in the European Union unless the ad
///             account has defaults
/// `wire` is wrapped in a retrying transport of its own: one connector is one account's token
/// bucket. Errors: kInvalidArgument for a connection that cannot be right, kUnauthenticated without
/// a token.
///
/// A picture is uploaded by content, so sending it twice gives the same id. A video is not; it is
/// found by its marker, and an ad waits a while for Meta to process it, then is kUnavailable. A
/// video without a thumbnail of ours shows Meta's own still.
///
/// A conversion is a pixel: a name and an id. It counts every event that the site sends, from the
/// moment it exists, and cannot be deleted; conversion_event may be stated on it and says nothing
/// there, because which event counts is said by the ad set. An account has one (kConflict).
///
/// `locations` are keys of Meta's targeting search: "3847" a region, "city:777934" a city.
/// cost_cap goes with target_cpa, bid_cap with bid, min_roas with target_roas_bp. `countries` of a
/// campaign are those of its special categories.
///
/// An ad is two writes:
/// its creative, then the ad; when the second fails a creative without an ad stays behind, costs
/// nothing, and is found by its marker and used by the next try of the same change. Creatives
/// cannot be edited on Meta: another text is another ad. Targeting that this product has no words
/// for is kept as it is when the rest of it changes.
Result<Connector> MakeMetaConnector(const Connection& connection,
                                    std::shared_ptr<http::Transport> wire,
                                    std::shared_ptr<Clock> clock);

/// What an answer of the Graph API means for the caller; nullopt: it is a success. Pure. Meta
/// throttles with HTTP 400 and says in usage headers for how long. A write whose answer is a 5xx,
/// code 1 or 2, or no JSON is kUnknownOutcome; every other error code says that nothing was
/// written.
std::optional<Error> ClassifyMeta(const http::Request& request, const http::Response& response);

/// Conversions API of one pixel; the connection's token needs its permission. kInvalidArgument for
/// a pixel that is no id.
Result<std::shared_ptr<ConversionSender>> MakeMetaConversions(const Connection& connection,
                                                              const std::string& pixel,
                                                              std::shared_ptr<http::Transport> wire,
                                                              std::shared_ptr<Clock> clock);

}  // namespace maxopt
