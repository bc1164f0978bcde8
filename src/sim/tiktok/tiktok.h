#pragma once
#include <memory>
#include <string>

#include "clock/clock.h"
#include "sim/market/market.h"
#include "sim/server/server.h"

/// TikTok's Business API v1.3 over the simulated market: paths under /open_api/v1.3/ that end in a
/// slash, HTTP 200 envelopes with code, message, request_id and data.
///
/// secrets   access_token             header Access-Token (else 40104 empty, 40105 wrong)
///           access_token_expires_at  instant from which it is refused with 40102; optional
///           app_id, secret, auth_code  for oauth2/access_token/; optional
///           qps_app, qps_advertiser  calls a second before 40100 and 40133; 10000 and 5000
/// versions  empty: v1.3 alive. An unknown version is HTTP 404, a sunset one is code 40006.
///
/// Every account has from the start one pixel (TikTokPixelIdOf) that has seen every event; pixels
/// that are made know those that they are told of. It knows the identities and the music that its
/// ads name. Pixels have no change log. Audience ids are taken as they come. Learning phases,
/// balances and Smart+ are not simulated (code 40008).
namespace maxopt::sim {

/// The market and the clock must outlive the server.
std::unique_ptr<PlatformServer> MakeTikTokServer(Market& market, Clock& clock,
                                                 ServerOptions options);

/// The id of the pixel that an account of the simulator has.
std::string TikTokPixelIdOf(const AccountId& account);

}  // namespace maxopt::sim
