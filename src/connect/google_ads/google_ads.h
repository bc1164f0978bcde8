#pragma once
#include <memory>
#include <optional>

#include "clock/clock.h"
#include "connect/connection.h"
#include "connect/writer.h"
#include "http/http.h"
#include "result/result.h"

namespace maxopt {

/// Google Ads over REST (written for v25; the version is configuration).
///
/// Connection: account.id digits without dashes (may be empty when only ListAccounts is wanted);
///   base_url   default https://googleads.googleapis.com
///   token_url  default https://oauth2.googleapis.com/token
///   version    default v25
///   settings   login_customer_id: the manager through which the account is reached
///   secrets    client_id, client_secret, refresh_token, or a fixed access_token;
///              developer_token, sent only when set
/// kInvalidArgument names what is missing. `wire` is wrapped in the retrying transport here; give
/// it bare.
///
/// How the field catalogue maps:
///   campaign  one budget of its own (never a shared one), created together with the campaign and
///             its criteria in one atomic call. Search campaigns can be created; other channel
///             types can be read, renamed, paused, given budgets and dates.
///   ad group  search_standard; keywords "match:text" are created in the same atomic call.
///   ad        responsive search ad. Google gives such ads no name, so the name (with our marker
///             at its end) is kept in the URL custom parameter "mx", which nobody sees and which
///             no URL contains unless a template asks for {_mx}; Google cannot filter by it, so
///             finding an ad by its marker reads all responsive search ads. An image is linked to
///             the ad group (field type AD_IMAGE) in the same call and noted in "mximg".
///   asset     image. Google keeps one asset per picture: uploading it again returns the first
///             one, under its first name.
/// Sets (countries, languages, keywords) are read back sorted; a location that is not a country and
/// a language that has no ISO 639-1 code keep Google's resource name.
Result<Connector> MakeGoogleAdsConnector(const Connection& connection,
                                         std::shared_ptr<http::Transport> wire,
                                         std::shared_ptr<Clock> clock);

/// Google's reading of one answer: nullopt for success, else the error by what to do next. The
/// message names field path, trigger and code: "campaignBudgetError.MONEY_AMOUNT_TOO_LARGE at
/// operations[0].create.amount_micros (9)". Pure. Also reads the answers of the token endpoint.
std::optional<Error> ClassifyGoogleAds(const http::Request& request,
                                       const http::Response& response);

}  // namespace maxopt
