#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/entity.h"
#include "http/address.h"
#include "http/http.h"
#include "result/result.h"

/// Tracking at set-up: the parameters that ads carry, and the proof that landing pages keep them.
namespace maxopt {

// --- UTM grammar --------------------------------------------------------------------------------
//
// A template is a query string with placeholders in braces:
//
//   utm_source={source}&utm_medium={medium}&utm_campaign={campaign}&utm_content={package}.{ad}
//
// Known when the ad is made: {platform} our word for it ("google_ads"), {source} and {medium} as
// GA4's default channel groups recognise them, {client} {campaign} {package} (or {channel})
// {ad_group} {ad}, each as its UtmSlug. Known when the ad is clicked: {campaign_id} {ad_group_id}
// {ad_id} {placement} {keyword} ..., which become the platform's own macros.

/// What is known of an ad when it is made. Empty: not known, and a template that needs it is
/// refused.
struct UtmValues {
  std::string client{}, campaign{}, package{}, ad_group{}, ad{};
  std::string channel_type{};  ///< of the catalogue; decides {source} and {medium}
};
/// Ours ("campaign_id") -> the platform's macro ("{campaignid}"); PlatformSpec::macros.
using TrackingMacros = std::map<std::string, std::string>;

struct UrlTags {
  std::string text;                ///< "utm_source=google&...": the catalogue's url_tags
  std::vector<std::string> notes;  ///< parameters left out, and why
  std::string channel_group;       ///< where GA4 will show the visits: "Paid Search", ...
};

/// The template filled in for one ad. Names and values come out in lower case and percent-encoded;
/// macros stay as the platform writes them. A parameter with a placeholder that this platform has
/// no macro for is left out with a note. kInvalidArgument, saying what to do:
///   an unknown placeholder (the known ones are named), a name twice, a name that is not
///   [a-z0-9_]+, a click id set by hand, a value that is not known or has no letter or digit, two
///   placeholders that could not be told apart again, no utm_source, utm_medium or utm_campaign,
///   a source and medium that GA4 would not recognise as paid, more than kUrlTagsBytesMax.
/// Pure.
Result<UrlTags> MakeUrlTags(std::string_view utm_template, Platform platform,
                            const UtmValues& values, const TrackingMacros& macros);
inline constexpr std::size_t kUrlTagsBytesMax = 1024;
inline constexpr std::size_t kUrlWithTagsBytesMax = 2048;

/// The template used when a brief has none, for a channel_type ("" and unknown ones: the general).
std::string DefaultUtmTemplate(std::string_view channel_type);

/// What {source} and {medium} become.
struct SourceMedium {
  std::string_view source, medium;
};
SourceMedium SourceAndMedium(Platform platform, std::string_view channel_type);

/// GA4's default channel group of a manually tagged visit, for the paid ones: "Paid Search", "Paid
/// Social", "Paid Video", "Paid Shopping", "Cross-network", "Display", "Paid Other"; "" for what it
/// would not show as paid. Lower case expected. Note that a campaign with "shop" in its name counts
/// as Paid Shopping there, whatever its source.
std::string Ga4ChannelGroup(std::string_view source, std::string_view medium,
                            std::string_view campaign);

/// A name as it stands in a parameter: lower case, letters and digits kept (of any script), each
/// run of anything else one '-', none at the ends. Two names may share a slug: ask before launch.
std::string UtmSlug(std::string_view name);

/// The landing page's URL with the tags added before its fragment. kInvalidArgument: not http(s),
/// the landing URL already has one of the parameters or a click id, too long.
Result<std::string> UrlWithTags(std::string_view landing_url, const UrlTags& tags);

/// The same as a visitor's browser sends it: macros filled with test values, click id added.
/// For CheckLanding.
Result<std::string> ExampleVisit(std::string_view landing_url, const UrlTags& tags,
                                 const TrackingMacros& macros, std::string_view click_id_name);

/// Parameters that platforms add to tell their own clicks: gclid, fbclid, ttclid, ...
bool IsClickId(std::string_view parameter);

/// What a visited URL says about where it came from.
struct VisitSource {
  std::map<std::string, std::string> utm;        ///< "utm_source" -> value
  std::map<std::string, std::string> click_ids;  ///< "gclid" -> value
  std::map<std::string, std::string> others;     ///< further parameters
  /// Placeholders of the template -> what stood there: campaign, package, ad as slugs; campaign_id
  /// and the like as the platform filled them in. Empty when the URL does not follow the template.
  std::map<std::string, std::string> parts;
  std::optional<Platform> platform;  ///< from {platform}, the source, or the click id
};
/// Reads a visited URL back by the template its ad was made with (empty: the default one).
/// kInvalidArgument for what is no URL or no template.
Result<VisitSource> ParseUrlTags(std::string_view url, std::string_view utm_template = {});

// --- Landing pages ------------------------------------------------------------------------------

/// What was seen at a landing page.
struct LandingEvidence {
  std::string url;  ///< with its parameters, as an ad would send people there
  bool answered = false;
  int status = 0;
  std::vector<std::string> hops;  ///< every URL on the way
  bool parameters_survive = false;
  bool click_id_survives = false;
  bool soft_error = false;
  std::optional<bool> tag_present;  ///< the first-party tag is in the page
  std::optional<bool> tag_fires;    ///< a browser loaded the page and the event arrived
  std::string what;                 ///< one sentence
};

struct LandingOptions {
  /// "https://alpenglow.example" -> "http://127.0.0.1:8085": where an origin really is, for
  /// simulators and staging. The page is told the origin by Host and X-Forwarded-Proto. A mapped
  /// origin may be anywhere; an unmapped one must be public.
  std::map<std::string, std::string> origin_map{};
  bool allow_private = false;  ///< unmapped hosts may be private too
  int redirects_max = 10;
  std::chrono::milliseconds timeout{15'000};  ///< for the whole way of one URL
  ResolveHost resolve = SystemResolve;
};

/// Follows a URL as an ad would send people there, with redirects, and looks at where it ends. Each
/// host is resolved once, judged, and connected to at that very address. A page that cannot be
/// reached is evidence too, so there is no error. Client-side redirects are not followed.
///
/// The parameters survive when every utm_ parameter of `url` stands at the end with the same value;
/// without any, nothing is proved and it is false. The same for click ids.
///
/// A soft error is an answer of 200 that says otherwise: the title or the first heading is, or
/// begins with, words like "404", "page not found", "access denied", "under maintenance" (English,
/// German, French, Spanish, Italian); a page without any text or script; a page other than the
/// front page that redirects to the front page. Words in the running text do not count.
LandingEvidence CheckLanding(const std::string& url, http::Transport& transport,
                             const LandingOptions& options);
/// Each distinct URL once, in order.
std::vector<LandingEvidence> CheckLandings(const std::vector<std::string>& urls,
                                           http::Transport& transport,
                                           const LandingOptions& options);
/// A transport for it: pages up to 4 MB, its own name as user agent.
std::shared_ptr<http::Transport> MakeLandingTransport();

struct BrowserOptions {
  std::map<std::string, std::string> origin_map{};  ///< as LandingOptions
  bool allow_private = false;                       ///< as LandingOptions
  std::chrono::milliseconds timeout{30'000};
  std::string program{};           ///< empty: chromium or google-chrome from the PATH
  std::string collector_origin{};  ///< where tag.js comes from and sends to, as the page writes it
  ResolveHost resolve = SystemResolve;
};
/// Loads the page in a headless browser and asks `arrived` for the event of this probe until it is
/// there, the page has settled without it, or the time is up. The browser has a profile of its own
/// in a temporary folder, reaches no host but the page's and the collector's, and is killed with
/// all its children at the end. nullopt: no browser is installed, so not checked. kInvalidArgument
/// or kRefused for a URL that CheckLanding would refuse.
Result<std::optional<bool>> FireInBrowser(const std::string& url, const std::string& probe,
                                          const std::function<Result<bool>()>& arrived,
                                          const BrowserOptions& options);
/// The parameter by which a page view is recognised as a probe: the tag uses its value in place of
/// a random event id.
inline constexpr std::string_view kProbeParameter = "maxopt_probe";

}  // namespace maxopt
