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

/// Google Ads over REST (written for v25; the version is configuration).
///
/// Connection: account.id digits without dashes (may be empty when only ListAccounts is wanted);
///   base_url   default https://googleads.googleapis.com
///   token_url  default https://oauth2.googleapis.com/token
///   version    default v25
///   settings   login_customer_id: the manager through which the account is reached
///              business_name: shown in display ads, up to 25 characters
///   secrets    client_id, client_secret, refresh_token, or a fixed access_token;
///              developer_token, sent only when set
/// kInvalidArgument names what is missing. `wire` is wrapped in the retrying transport here; give
/// it bare.
///
/// How the field catalogue maps (what is not named is refused, with the field's name):
///   campaign  search and display can be made; other channel types can be read, renamed, paused,
///             given budgets, dates and targeting (Google makes video campaigns in its own screens
///             only; performance_max has asset groups, which we do not make). One budget of its own
///             (never a shared one), always spread evenly ("asap" is gone at Google), made together
///             with the campaign and its criteria in one atomic call. target_cpa and target_roas
///             are options of Google's "maximise conversions (value)". A frequency cap is of
///             display, over 1, 7 or 30 days. Google takes no special category.
///   targeting countries, locations (geo targets that are no countries), excluded_locations,
///             languages, dayparts and negative_keywords are criteria of the campaign; keywords,
///             negative_keywords, ages, genders, audiences (user lists) of the ad group. An update
///             takes away and adds what differs, in one atomic call; what is as wanted already
///             sends nothing. Ages and genders are kept by leaving out the others, with those of
///             whom Google does not know; age_min 18 with age_max 65 is everybody and is told for
///             every ad group whose ages are a range.
///   ad        responsive search or display ad, as the campaign is. Google gives such ads no name,
///             so the name (with our marker at its end) is kept in the URL custom parameter "mx",
///             which nobody sees and which no URL contains unless a template asks for {_mx}; Google
///             cannot filter by it, so finding an ad by its marker reads all such ads. Search: the
///             image is linked to the ad group (field type AD_IMAGE) in the same call and noted in
///             "mximg". Display: pictures are sorted by their shape, and a landscape (1.91:1) and a
///             square one are needed; one headline may be longer than 30 characters and becomes the
///             long headline, without one the first is used again; the business name is the setting
///             business_name, or the account's name.
///   asset     image, or a video on YouTube by its id as "content". Google keeps one asset per
///             picture: uploading it again returns the first one, under its first name.
///   conversion  conversion action of a website (type WEBPAGE). It cannot spend, so it may be
///             created active; paused is HIDDEN, which counts nothing. "tag" is what the website's
///             snippet sends to, "AW-1/label". Google counts conversions after a view apart and
///             always: 1 to 30 days, not 0. Its change history does not know conversion actions.
/// Cuts by search term are search_term_view and, for Performance Max, campaign_search_term_view,
/// without keyword segments (they would leave out searches that no keyword met). Google hides what
/// few people typed: terms sum to no more than the campaign. Cuts by audience are
/// ad_group_audience_view and campaign_audience_view, of which an impression is in one; a segment
/// is the kind, the id and Google's name of it: "user_list:4001 Buyers". Sets (countries,
/// languages, keywords) are read back sorted; a language that has no ISO 639-1 code keeps Google's
/// resource name. Errors of a write name the fields: `field "daily_budget"`.
Result<Connector> MakeGoogleAdsConnector(const Connection& connection,
                                         std::shared_ptr<http::Transport> wire,
                                         std::shared_ptr<Clock> clock);

/// Google's reading of one answer: nullopt for success, else the error by what to do next. The
/// message names field path, trigger and code: "campaignBudgetError.MONEY_AMOUNT_TOO_LARGE at
/// operations[0].create.amount_micros (9)". Pure. Also reads the answers of the token endpoint.
std::optional<Error> ClassifyGoogleAds(const http::Request& request,
                                       const http::Response& response);

/// Data Manager API; Conversion::event is the conversion action's id. The sign-in needs the scope
/// https://www.googleapis.com/auth/datamanager. settings: data_manager_url (a simulator's origin
/// works as well), login_customer_id.
Result<std::shared_ptr<ConversionSender>> MakeGoogleConversions(
    const Connection& connection, std::shared_ptr<http::Transport> wire,
    std::shared_ptr<Clock> clock);

}  // namespace maxopt
