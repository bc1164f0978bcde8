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
/// search_term_view and campaign_search_term_view cut each hour of a keyword into the searches that
/// it meets (terms.h): close variants for EXACT; words of people who buy and who never do, and a
/// long tail, for PHRASE and BROAD. What had fewer than ten impressions in an ad group and a day is
/// not listed, so terms sum to no more than the campaign. A negative keyword ends what it names
/// from then on. ad_group_audience_view and campaign_audience_view share the hours among the
/// audiences that are attached, all of them, or a fifth where targeting_setting only observes.
/// Neither kind takes segments.hour, and both agree with every other cut of the same question.
/// Places and devices take a bid modifier, 0.1 to 10, devices also 0. The criteria of a campaign's
/// devices are made with it, under Google's ids, as Google's own samples say; they are updated and
/// never removed. A create of one that has no modifier yet sets it: seen in public code, not
/// verified against a live account. Modifiers work where bids are set by hand, those of devices
/// also on a target cost, and 0 under every strategy.
///
/// Criteria may be user lists, user interests, custom, combined and other audiences, at the
/// campaign or at its ad groups, never at both.
///
/// `market` and `clock` must outlive the server.
std::unique_ptr<PlatformServer> MakeGoogleAdsServer(Market& market, Clock& clock,
                                                    ServerOptions options);

}  // namespace maxopt::sim
