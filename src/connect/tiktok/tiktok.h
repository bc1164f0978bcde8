#pragma once
#include <memory>
#include <optional>

#include "clock/clock.h"
#include "connect/connection.h"
#include "connect/conversions.h"
#include "connect/writer.h"
#include "http/http.h"
#include "result/result.h"

namespace maxopt {

/// TikTok's Business API (written for v1.3; the version is configuration).
///
/// Connection: account.id the advertiser id
///   base_url   default https://business-api.tiktok.com
///   version    default v1.3
///   settings   pixel_id, music_id (what carousels play), identity_id, identity_type
///   (CUSTOMIZED_USER), display_name (the
///              account's name): what ads and ad groups that state none of their own use;
///              value_metric (total_complete_payment_rate, TikTok's name for the total value of
///              completed payments); page_size (1000)
///   secrets    access_token; app_id and secret when all accounts of the token are to be listed
/// kInvalidArgument names what is missing. `wire` is wrapped in the retrying transport here; give
/// it bare.
///
/// How the field catalogue maps:
///   campaign  a budget on the campaign means budget_optimize_on; without one it has
///             BUDGET_MODE_INFINITE and its ad groups own the budgets. The kind of budget is fixed
///             at creation. Targeting, times, bids, pacing and frequency live on ad groups and are
///             refused here; channel_type is always "social", eu_political always false.
///   ad group  goal and billing follow from the campaign's objective unless they are stated. Times
///             are UTC there and the account's clock here. Ages are TikTok's brackets: a bound that
///             is not one of them is refused with the nearest. countries and locations are one list
///             there: whole countries here, anything smaller there. bid_strategy lowest_cost, or a
///             `bid` with cost_cap (billed by OCPM) or bid_cap (CPC, CPM); optimised for value,
///             lowest_cost (the highest value) or min_roas with target_roas_bp. Goal, event, pixel,
///             attribution windows and placements are fixed at creation. The pixel must know the
///             event: ours (by its marker) is taught it, somebody else's is not touched.
///   ad        one text: the only description. Headlines are refused. url_tags are utm_params. One
///             of image, video (with a thumbnail or not) and images (a carousel), which is fixed at
///             creation. TikTok honours no request_id here: an ad whose answer was lost is found by
///             its marker.
///   asset     picture or video; the name with our marker is its file name, which TikTok keeps
///             unique, so an upload that was done before is found and, when its MD5 is the same,
///             adopted.
///   conversion  a pixel: it can be renamed, and neither paused nor deleted; `tag` is its code. It
///             has no change history.
/// Objects are created with operation_status DISABLE, whatever is asked. What TikTok refuses is
/// named by our field where its message names a member: `field "daily_budget": ...`.
Result<Connector> MakeTikTokConnector(const Connection& connection,
                                      std::shared_ptr<http::Transport> wire,
                                      std::shared_ptr<Clock> clock);

/// TikTok's reading of one answer: nullopt for success, else the error by what to do next. Knows
/// that HTTP 200 may hold a refusal, that 20001 is half a success, and that a task that is not
/// ready is to be asked again. Pure.
std::optional<Error> ClassifyTikTok(const http::Request& request, const http::Response& response);

/// Events API 2.0 of one pixel, by its code.
Result<std::shared_ptr<ConversionSender>> MakeTikTokConversions(
    const Connection& connection, const std::string& pixel_code,
    std::shared_ptr<http::Transport> wire, std::shared_ptr<Clock> clock);

}  // namespace maxopt
