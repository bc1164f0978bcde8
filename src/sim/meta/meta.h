#pragma once
#include <cstdint>
#include <memory>

#include "clock/clock.h"
#include "sim/market/market.h"
#include "sim/server/server.h"

/// Meta's Marketing API (Graph API) over the market: campaigns, ad sets, ads, creatives, images,
/// insights with paging and async runs, batch, usage headers, audit trail; its error codes, its
/// minor units, and everything a string that is one there.
namespace maxopt::sim {

/// Calls that an ad account may make in a clock hour before it is refused with HTTP 400 and code
/// 80004 (management) or 80000 (insights) until the hour ends. The defaults are Meta's for full
/// access.
struct MetaLimits {
  std::int64_t management_calls_per_hour = 100'000;
  std::int64_t management_calls_per_active_ad = 40;
  std::int64_t insights_calls_per_hour = 190'000;
  std::int64_t insights_calls_per_active_ad = 400;
};

/// `market` and `clock` must outlive the server, which takes its accounts off the market when
/// destroyed.
///
/// options.versions: "v26.0" -> sunset; others are answered with code 2635.
/// options.secrets:
///   access_token   accepted, as bearer, query or body parameter; any other is code 190
///   expired_token  answered with code 190, subcode 463
///   app_secret     when set, every call needs appsecret_proof = HMAC-SHA256(app_secret, token)
///
/// What it does not do: Meta's own optimisation of placements and audiences (the market has its
/// own), region and dma breakdowns, cross products of device and placement, and spend caps, which
/// are stored and read back but do not stop delivery.
std::unique_ptr<PlatformServer> MakeMetaServer(Market& market, Clock& clock, ServerOptions options,
                                               MetaLimits limits = {});

}  // namespace maxopt::sim
