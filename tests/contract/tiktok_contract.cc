#include <nlohmann/json.hpp>

#include "connect/tiktok/tiktok.h"
#include "contract.h"
#include "sim/tiktok/tiktok.h"

namespace maxopt::contract {
namespace {

using List = std::vector<std::string>;
std::string Word(const char* text) { return text; }

// A PNG of one grey pixel.
constexpr const char* kPixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";

// The first box of an MP4.
constexpr const char* kVideo = "AAAAGGZ0eXBpc29tAAAAAGlzb21tcDQy";

PlatformUnderTest TikTok() {
  PlatformUnderTest tiktok{};
  tiktok.name = "tiktok";
  tiktok.account = {Platform::kTikTok, "7001234567"};
  tiktok.origin = "http://tiktok.sim";
  tiktok.server = [](sim::Market& market, Clock& clock, sim::ServedAccount account) {
    return sim::MakeTikTokServer(market, clock,
                                 {.accounts = {std::move(account)},
                                  .versions = {{"v1.3", std::nullopt}},
                                  .secrets = {{"access_token", "contract-token"}}});
  };
  tiktok.connection = [](const AccountId& account, const std::string& origin) {
    Connection connection{};
    connection.account = account;
    connection.base_url = origin;
    connection.settings = {{"identity_id", "6600"}, {"music_id", "5500"}};
    connection.secrets = {{"access_token", "contract-token"}};
    connection.calls_per_second = 1000;
    return connection;
  };
  tiktok.connect = MakeTikTokConnector;
  tiktok.campaign = [](Currency) {
    return Fields{{"name", Word("Contract social")},
                  {"status", Word("paused")},
                  {"objective", Word("sales")},
                  {"channel_type", Word("social")},
                  {"special_categories", List{"housing"}}};
  };
  tiktok.ad_group = [pixel = sim::TikTokPixelIdOf(tiktok.account)](Currency currency) {
    return Fields{{"name", Word("Core")},
                  {"status", Word("paused")},
                  {"optimization_goal", Word("conversions")},
                  {"billing_event", Word("impressions")},
                  {"conversion_event", Word("purchase")},
                  {"pixel_id", pixel},
                  {"bid_strategy", Word("cost_cap")},
                  {"bid", Money::Micros(currency == kJpy ? 900'000'000 : 7'890'000, currency)},
                  {"start_at", Word("2026-09-01 00:00:00")},
                  {"end_at", Word("2026-12-31 23:59:59")},
                  {"countries", List{"DE", "AT"}},
                  {"languages", List{"en", "de"}},
                  {"age_min", std::int64_t{25}},
                  {"age_max", std::int64_t{54}},
                  {"genders", List{"female"}},
                  {"audiences", List{"880011"}},
                  {"excluded_audiences", List{"880022"}},
                  {"placements", List{"PLACEMENT_TIKTOK"}}};
  };
  tiktok.asset = {{"name", Word("Pixel")}, {"media", Word("image")}, {"content", Word(kPixel)}};
  tiktok.ad = [](const std::string& asset_id) {
    return Fields{{"name", Word("Ad one")},
                  {"status", Word("paused")},
                  {"descriptions", List{"Made to be mended."}},
                  {"landing_url", Word("https://shop.example/shoes")},
                  {"url_tags", Word("utm_source=tiktok&utm_content=__CID__")},
                  {"call_to_action", Word("shop_now")},
                  {"page_id", Word("6601")},
                  {"image", asset_id}};
  };
  tiktok.budgets = {Money::Micros(120'000'000, kEur), Money::Micros(50'010'000, kEur),
                    Money::Micros(79'990'000, kEur), Money::Micros(12'345'670'000, kEur),
                    Money::Micros(5'001'000'000, kJpy)};
  tiktok.conversion = {
      {"name", Word("Shop pixel")}, {"status", Word("active")}, {"kind", Word("pixel")}};
  tiktok.conversion_update = {{"name", Word("Renamed pixel")}};
  tiktok.conversion_removable = false;  // TikTok's API cannot delete a pixel
  tiktok.more_assets = {
      {"second", {{"name", Word("Two")}, {"media", Word("image")}, {"content", Word(kPixel)}}},
      {"third", {{"name", Word("Three")}, {"media", Word("image")}, {"content", Word(kPixel)}}},
      {"video", {{"name", Word("Film")}, {"media", Word("video")}, {"content", Word(kVideo)}}},
      {"video2", {{"name", Word("Film 2")}, {"media", Word("video")}, {"content", Word(kVideo)}}}};
  const std::set<std::string> by_conversions = {"conversion_event", "pixel_id", "bid",
                                                "bid_strategy"};
  const Fields reach = {{"objective", Word("awareness")}};
  tiktok.carried = {
      {"hours of a week and a faster pace",
       Level::kAdGroup,
       {.ad_group = {{"dayparts", List{"mon-fri 08:00-20:00", "sat 22:00-02:00"}},
                     {"pacing", Word("asap")},
                     {"daily_budget", Money::Micros(60'000'000, kEur)}},
        .without = {"daily_budget"}},
       {{{"dayparts", List{"sun 00:00-24:00"}}},
        {{"pacing", Word("even")}},
        {{"dayparts", List{}}}}},
      {"a cap of frequency",
       Level::kAdGroup,
       {.campaign = reach,
        .ad_group = {{"optimization_goal", Word("reach")},
                     {"frequency_cap", std::int64_t{3}},
                     {"frequency_days", std::int64_t{7}}},
        .without = by_conversions},
       {{{"frequency_cap", std::int64_t{2}}},
        {{"frequency_cap", std::int64_t{5}}, {"frequency_days", std::int64_t{30}}}}},
      {"regions beside countries",
       Level::kAdGroup,
       {.ad_group = {{"countries", List{"AT"}}, {"locations", List{"2951839", "2911297"}}}},
       {{{"locations", List{"2950157"}}},
        {{"countries", List{"CH", "FR"}}},
        {{"locations", List{}}},
        {{"age_min", std::int64_t{18}}},
        {{"genders", List{"male"}}},
        {{"genders", List{}}},
        {{"languages", List{"fr"}}},
        {{"audiences", List{"880033"}}, {"excluded_audiences", List{}}}}},
      {"windows of attribution",
       Level::kAdGroup,
       {.ad_group = {{"attribution_click_days", std::int64_t{28}},
                     {"attribution_view_days", std::int64_t{0}}}}},
      {"a pixel of its own",
       Level::kAdGroup,
       {.ad_group = {{"pixel_id", Word("@conversion")}, {"conversion_event", Word("sign_up")}}}},
      {"the highest value",
       Level::kAdGroup,
       {.ad_group = {{"optimization_goal", Word("value")}, {"bid_strategy", Word("lowest_cost")}},
        .without = {"bid"}},
       {{{"bid_strategy", Word("min_roas")}, {"target_roas_bp", std::int64_t{25'500}}}}},
      {"a wanted return",
       Level::kAdGroup,
       {.ad_group = {{"optimization_goal", Word("value")},
                     {"bid_strategy", Word("min_roas")},
                     {"target_roas_bp", std::int64_t{40'000}}},
        .without = {"bid"}},
       {{{"target_roas_bp", std::int64_t{100}}}, {{"bid_strategy", Word("lowest_cost")}}}},
      {"no bid, then one",
       Level::kAdGroup,
       {.ad_group = {{"bid_strategy", Word("lowest_cost")}}, .without = {"bid"}},
       {{{"bid_strategy", Word("cost_cap")}, {"bid", Money::Micros(3'210'000, kEur)}},
        {{"bid_strategy", Word("lowest_cost")}}}},
      {"a bid for clicks",
       Level::kAdGroup,
       {.campaign = {{"objective", Word("traffic")}},
        .ad_group = {{"optimization_goal", Word("clicks")},
                     {"billing_event", Word("clicks")},
                     {"bid_strategy", Word("bid_cap")},
                     {"bid", Money::Micros(450'000, kEur)}},
        .without = {"conversion_event"}},
       {{{"bid", Money::Micros(460'000, kEur)}}}},
      {"special categories",
       Level::kCampaign,
       {.campaign = {{"special_categories", List{"credit", "employment"}},
                     {"eu_political", false}}},
       {{{"special_categories", List{"credit"}}}, {{"special_categories", List{}}}}},
      {"a video and its thumbnail",
       Level::kAd,
       {.ad = {{"video", Word("@video")}, {"thumbnail", Word("@second")}}, .without = {"image"}},
       {{{"descriptions", List{"Made to last."}}},
        {{"landing_url", Word("https://shop.example/boots")}},
        {{"call_to_action", Word("learn_more")}}}},
      {"a video without one",
       Level::kAd,
       {.ad = {{"video", Word("@video2")}}, .without = {"image"}}},
      {"a carousel",
       Level::kAd,
       {.ad = {{"images", List{"@third", "@second", "@asset"}}}, .without = {"image"}},
       {{{"url_tags", Word("utm_source=tiktok&utm_medium=paid_social")}}}}};
  const auto group = [](Fields fields) { return PlatformUnderTest::Overlay{.ad_group = fields}; };
  const auto ad = [](Fields fields) { return PlatformUnderTest::Overlay{.ad = fields}; };
  tiktok.refused = {
      {"bid_modifiers",
       Level::kCampaign,
       {.campaign = {{"bid_modifiers", List{"device:mobile 0.9"}}}}},
      {"excluded_locations", Level::kAdGroup, group({{"excluded_locations", List{"2950157"}}})},
      {"negative_keywords", Level::kAdGroup, group({{"negative_keywords", List{"exact:x"}}})},
      {"keywords", Level::kAdGroup, group({{"keywords", List{"exact:x"}}})},
      {"locations", Level::kAdGroup, group({{"locations", List{"2921044"}}})},
      {"age_min", Level::kAdGroup, group({{"age_min", std::int64_t{21}}})},
      {"age_max", Level::kAdGroup, group({{"age_max", std::int64_t{60}}})},
      {"genders", Level::kAdGroup, group({{"genders", List{"female", "male"}}})},
      {"frequency_cap", Level::kAdGroup,
       group({{"frequency_cap", std::int64_t{3}}, {"frequency_days", std::int64_t{7}}})},
      {"frequency_days",
       Level::kAdGroup,
       {.campaign = reach,
        .ad_group = {{"optimization_goal", Word("reach")}, {"frequency_cap", std::int64_t{3}}},
        .without = by_conversions}},
      {"attribution_click_days", Level::kAdGroup,
       group({{"attribution_click_days", std::int64_t{30}}})},
      {"attribution_view_days", Level::kAdGroup,
       group({{"attribution_view_days", std::int64_t{14}}})},
      {"target_cpa", Level::kAdGroup, group({{"target_cpa", Money::Micros(9'000'000, kEur)}})},
      {"target_roas_bp", Level::kAdGroup, group({{"target_roas_bp", std::int64_t{40'000}}})},
      {"bid_strategy", Level::kAdGroup, group({{"bid_strategy", Word("min_roas")}})},
      {"pacing",
       Level::kAdGroup,
       {.ad_group = {{"pacing", Word("asap")}}, .without = {"bid", "bid_strategy"}}},
      {"dayparts", Level::kAdGroup, group({{"dayparts", List{"all 00:00-24:00"}}})},
      {"pacing", Level::kCampaign, {.campaign = {{"pacing", Word("even")}}}},
      {"locations", Level::kCampaign, {.campaign = {{"locations", List{"2950157"}}}}},
      {"eu_political", Level::kCampaign, {.campaign = {{"eu_political", true}}}},
      {"special_categories",
       Level::kCampaign,
       {.campaign = {{"special_categories", List{"politics"}}}}},
      {"headlines", Level::kAd, ad({{"headlines", List{"Shoes"}}})},
      {"descriptions", Level::kAd, ad({{"descriptions", List{std::string(101, 'x')}}})},
      {"images", Level::kAd, ad({{"images", List{"@second", "@third"}}})},
      {"thumbnail", Level::kAd, ad({{"thumbnail", Word("@second")}})}};
  tiktok.human_edits = {
      {Level::kAdGroup, {{"dayparts", List{"mon 08:00-20:00"}}}},
      {Level::kAdGroup, {{"genders", List{"male"}}}},
      {Level::kAdGroup, {{"countries", List{"CH"}}}},
      {Level::kAdGroup, {{"age_min", std::int64_t{18}}, {"age_max", std::int64_t{34}}}},
      {Level::kAdGroup,
       {{"pacing", Word("asap")}},
       "bob@client.example",
       {.ad_group = {{"daily_budget", Money::Micros(60'000'000, kEur)}},
        .without = {"daily_budget"}}},
      {Level::kAdGroup, {{"end_at", Word("2026-10-31 23:59:59")}}},
      {Level::kAd, {{"landing_url", Word("https://shop.example/sale")}}},
      {Level::kAd, {{"descriptions", List{"Now for less."}}}},
      {Level::kCampaign, {{"special_categories", List{"credit"}}}},
      {Level::kCampaign, {{"name", Word("Renamed by Ann")}}}};
  tiktok.write_path = "/create/";
  tiktok.read_path = "campaign/get/";
  // Every page is full of what page one had, and says that one more is to come.
  tiktok.make_endless = [](http::Response& response) {
    auto body = nlohmann::json::parse(response.body, nullptr, false);
    if (!body.is_object() || !body["data"].contains("page_info")) return;
    auto& info = body["data"]["page_info"];
    info["total_number"] = info["total_number"].get<int>() + 1;
    response.body = body.dump();
  };
  return tiktok;
}

INSTANTIATE_TEST_SUITE_P(TikTok, ConnectorContract, testing::Values(TikTok()), NameOf);

}  // namespace
}  // namespace maxopt::contract
