#include <nlohmann/json.hpp>

#include "connect/meta/meta.h"
#include "contract.h"
#include "sim/meta/meta.h"

namespace maxopt::contract {
namespace {

using List = std::vector<std::string>;
std::string Word(const char* text) { return text; }

// A PNG's header of 1200 x 628 pixels and nothing behind it.
constexpr const char* kPicture = "iVBORw0KGgoAAAANSUhEUgAABLAAAAJ0CAI=";

constexpr const char* kSquare = "iVBORw0KGgoAAAANSUhEUgAABDgAAAQ4CAI=";  // 1080 x 1080
// Boxes of an MP4 of 720 x 1280 and 15 seconds, without a picture in it.
constexpr const char* kFilm =
    "AAAAEGZ0eXBpc29tAAAAAAAAANhtb292AAAAbG12aGQAAAAAAAAAAAAAAAAAAAPoAAA6mAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAZHRyYWsAAABcdGtoZAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAC0AAABQAAAA==";

PlatformUnderTest Meta() {
  PlatformUnderTest meta{};
  meta.name = "meta";
  meta.account = {Platform::kMeta, "880011223344"};
  meta.origin = "http://meta.sim";
  meta.server = [](sim::Market& market, Clock& clock, sim::ServedAccount account) {
    return sim::MakeMetaServer(
        market, clock,
        {.accounts = {std::move(account)},
         .versions = {{"v26.0", std::nullopt}},
         .secrets = {{"access_token", "contract-token"}, {"app_secret", "contract-secret"}}});
  };
  meta.connection = [](const AccountId& account, const std::string& origin) {
    Connection connection{};
    connection.account = account;
    connection.base_url = origin;
    connection.settings = {{"page_id", "99"}, {"pixel_id", "777"}};
    connection.secrets = {{"access_token", "contract-token"}, {"app_secret", "contract-secret"}};
    connection.calls_per_second = 1000;
    return connection;
  };
  meta.connect = MakeMetaConnector;
  meta.campaign = [](Currency) {
    return Fields{{"name", Word("Contract social")},
                  {"status", Word("paused")},
                  {"objective", Word("sales")},
                  {"channel_type", Word("social")},
                  {"bid_strategy", Word("lowest_cost")},
                  {"special_categories", List{}},
                  {"eu_political", false}};
  };
  meta.ad_group = [](Currency) {
    return Fields{{"name", Word("Core")},
                  {"status", Word("paused")},
                  {"optimization_goal", Word("conversions")},
                  {"billing_event", Word("impressions")},
                  {"conversion_event", Word("purchase")},
                  {"pixel_id", Word("777")},
                  {"start_at", Word("2026-09-01 15:00:00")},
                  {"end_at", Word("2026-12-31 23:59:59")},
                  {"countries", List{"DE", "AT"}},
                  {"languages", List{"en", "de"}},
                  {"age_min", std::int64_t{25}},
                  {"age_max", std::int64_t{54}},
                  {"genders", List{"female"}},
                  {"placements", List{"instagram", "facebook:feed"}}};
  };
  meta.asset = {{"name", Word("Picture")}, {"media", Word("image")}, {"content", Word(kPicture)}};
  meta.ad = [](const std::string& asset_id) {
    return Fields{{"name", Word("Ad one")},
                  {"status", Word("paused")},
                  {"headlines", List{"New shoes", "Fresh shoes"}},
                  {"descriptions", List{"Made to be mended."}},
                  {"landing_url", Word("https://shop.example/shoes")},
                  {"url_tags", Word("utm_source=facebook&utm_content={{ad.id}}")},
                  {"call_to_action", Word("shop_now")},
                  {"image", asset_id},
                  {"page_id", Word("99")}};
  };
  meta.budgets = {Money::Micros(200'000'000, kEur), Money::Micros(50'010'000, kEur),
                  Money::Micros(19'990'000, kEur), Money::Micros(12'345'670'000, kEur),
                  Money::Micros(5'001'000'000, kJpy)};
  meta.conversion = {{"name", Word("Shop pixel")}, {"kind", Word("pixel")}};
  meta.conversion_update = {{"name", Word("Shop pixel, renamed")}};
  meta.conversion_removable = false;
  meta.more_assets = {
      {"second", {{"name", Word("Second")}, {"media", Word("image")}, {"content", Word(kSquare)}}},
      {"film", {{"name", Word("Film")}, {"media", Word("video")}, {"content", Word(kFilm)}}}};
  using Int = std::int64_t;
  const auto money = [](Int cents) { return Money::Micros(cents * 10'000, kEur); };
  // A budget of the ad set, for the whole flight.
  const Fields lifetime{{"lifetime_budget", money(900'000)}};
  const auto over = [](Fields fields, const Fields& more) {
    fields.insert(more.begin(), more.end());
    return fields;
  };
  const std::set<std::string> kNoBudget{"daily_budget", "bid_strategy"};
  const std::set<std::string> kNoConversion{"daily_budget", "bid_strategy", "conversion_event",
                                            "pixel_id"};
  meta.carried = {
      {"hours of the week",
       Level::kAdGroup,
       {.ad_group = over(lifetime, {{"dayparts", List{"mon-fri 08:00-20:00", "sat 10:00-24:00"}}}),
        .without = kNoBudget},
       {{{"dayparts", List{"sun 00:00-06:00"}}}, {{"dayparts", List{}}}}},
      {"pacing",
       Level::kAdGroup,
       {.ad_group = {{"daily_budget", money(5'000)}, {"pacing", Word("asap")}},
        .without = kNoBudget},
       {{{"pacing", Word("even")}}}},
      {"frequency",
       Level::kAdGroup,
       {.campaign = {{"objective", Word("awareness")}},
        .ad_group = {{"daily_budget", money(5'000)},
                     {"optimization_goal", Word("reach")},
                     {"frequency_cap", Int{3}},
                     {"frequency_days", Int{7}}},
        .without = kNoConversion},
       {{{"frequency_cap", Int{2}}}, {{"frequency_cap", Int{5}}, {"frequency_days", Int{14}}}}},
      {"places",
       Level::kAdGroup,
       {.ad_group = {{"locations", List{"3847", "city:777934"}},
                     {"excluded_locations", List{"city:573735"}}}},
       {{{"locations", List{"3886"}}}, {{"excluded_locations", List{}}}}},
      {"windows",
       Level::kAdGroup,
       {.ad_group = {{"attribution_click_days", Int{1}}, {"attribution_view_days", Int{0}}}},
       {{{"attribution_click_days", Int{7}}}, {{"attribution_view_days", Int{1}}}}},
      {"cost cap",
       Level::kAdGroup,
       {.ad_group = {{"daily_budget", money(5'000)},
                     {"bid_strategy", Word("cost_cap")},
                     {"target_cpa", money(1'250)}},
        .without = kNoBudget},
       {{{"target_cpa", money(1'399)}}}},
      {"bid cap",
       Level::kAdGroup,
       {.ad_group = {{"daily_budget", money(5'000)},
                     {"bid_strategy", Word("bid_cap")},
                     {"bid", money(99)}},
        .without = kNoBudget},
       {{{"bid", money(101)}}}},
      {"return on spend",
       Level::kAdGroup,
       {.ad_group = {{"daily_budget", money(5'000)},
                     {"optimization_goal", Word("value")},
                     {"bid_strategy", Word("min_roas")},
                     {"target_roas_bp", Int{40'000}}},
        .without = kNoBudget},
       {{{"target_roas_bp", Int{25'000}}}}},
      {"audiences",
       Level::kAdGroup,
       {.ad_group = {{"audiences", List{"901"}}, {"excluded_audiences", List{"902", "903"}}}},
       {{{"audiences", List{"904"}}}, {{"excluded_audiences", List{}}}}},
      {"a pixel of the plan",
       Level::kAdGroup,
       {.ad_group = {{"pixel_id", Word("@conversion")}, {"conversion_event", Word("sign_up")}}},
       {{{"conversion_event", Word("begin_checkout")}}}},
      {"special categories",
       Level::kCampaign,
       {.campaign = {{"special_categories", List{"housing"}}, {"countries", List{"US"}}}},
       {}},
      {"video",
       Level::kAd,
       {.ad = {{"video", Word("@film")}, {"thumbnail", Word("@second")}}, .without = {"image"}},
       {}},
      {"carousel",
       Level::kAd,
       {.ad = {{"images", List{"@asset", "@second"}}}, .without = {"image"}},
       {}},
  };
  meta.refused = {
      {"bid_modifiers",
       Level::kCampaign,
       {.campaign = {{"bid_modifiers", List{"device:mobile 0.9"}}}}},
      {"dayparts", Level::kAdGroup, {.ad_group = {{"dayparts", List{"mon 08:00-20:00"}}}}},
      {"frequency_cap",
       Level::kAdGroup,
       {.ad_group = {{"frequency_cap", Int{3}}, {"frequency_days", Int{7}}}}},
      {"attribution_click_days",
       Level::kAdGroup,
       {.ad_group = {{"attribution_click_days", Int{30}}}}},
      {"bid", Level::kAdGroup, {.ad_group = {{"bid", money(100)}}}},
      {"keywords", Level::kAdGroup, {.ad_group = {{"keywords", List{"exact:shoes"}}}}},
      {"languages", Level::kAdGroup, {.ad_group = {{"languages", List{"tlh"}}}}},
      {"conversion_event",
       Level::kAdGroup,
       {.ad_group = {{"conversion_event", Word("page_view")}}}},
      {"eu_political", Level::kCampaign, {.campaign = {{"eu_political", true}}}},
      {"countries", Level::kCampaign, {.campaign = {{"special_categories", List{"politics"}}}}},
      {"objective", Level::kCampaign, {.campaign = {{"objective", Word("fame")}}}},
      {"image", Level::kAd, {.without = {"image"}}},
      {"thumbnail", Level::kAd, {.ad = {{"thumbnail", Word("@second")}}}},
  };
  meta.human_edits = {
      {Level::kCampaign, {{"daily_budget", money(7'700)}}},
      {Level::kCampaign, {{"name", Word("Renamed by Ann")}}},
      {Level::kCampaign, {{"status", Word("active")}}, "platform"},
      {Level::kAdGroup, {{"countries", List{"CH"}}}},
      {Level::kAdGroup, {{"age_max", Int{40}}}},
      {Level::kAdGroup, {{"excluded_audiences", List{"5"}}}},
      {Level::kAdGroup, {{"pacing", Word("asap")}}, "platform"},
      {Level::kAd, {{"landing_url", Word("https://shop.example/other")}}},
  };
  meta.write_path = "/campaigns";
  meta.write_path_of = {
      {Level::kAdGroup, "/adsets"}, {Level::kAd, "/ads"}, {Level::kConversion, "/adspixels"}};
  meta.read_path = "act_";
  // The cursor leads back to the page it came from.
  meta.make_endless = [](http::Response& response) {
    auto body = nlohmann::json::parse(response.body, nullptr, false);
    if (!body.is_object() || !body.contains("data") || !body.contains("paging")) return;
    auto& paging = body["paging"];
    if (!paging["cursors"].contains("before")) return;
    paging["cursors"]["after"] = paging["cursors"]["before"];
    paging["next"] = "http://meta.sim/v26.0/act_880011223344/campaigns?after=again";
    response.body = body.dump();
  };
  return meta;
}

INSTANTIATE_TEST_SUITE_P(Meta, ConnectorContract, testing::Values(Meta()), NameOf);

}  // namespace
}  // namespace maxopt::contract
