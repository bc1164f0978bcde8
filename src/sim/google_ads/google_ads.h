#pragma once
#include <memory>

#include "sim/server/server.h"

namespace maxopt::sim {

/// Google Ads over its REST protocol, with its OAuth token endpoint, for the accounts of `options`.
///
/// options.secrets: client_id, client_secret, refresh_token (what POST /token accepts; nothing is
/// accepted while one is missing) and, optionally, manager_id: a manager account above all
/// accounts, for login-customer-id. options.versions: "v25" and so on, as in the URL.
///
/// Served: googleAds:search, :searchStream, :mutate; campaigns, campaignBudgets, adGroups,
/// adGroupAds, adGroupCriteria, campaignCriteria, assets, adGroupAssets, conversionActions with
/// :mutate; customers:listAccessibleCustomers. Fields and enums that it knows are in schema.cc;
/// every other field is refused as unknown rather than ignored. Performance Max campaigns can be
/// created but have no asset groups, so they never deliver; keywords share their ad group's traffic
/// by the hour.
///
/// `market` and `clock` must outlive the server.
std::unique_ptr<PlatformServer> MakeGoogleAdsServer(Market& market, Clock& clock,
                                                    ServerOptions options);

}  // namespace maxopt::sim
