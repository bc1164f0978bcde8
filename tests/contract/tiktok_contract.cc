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
    connection.settings = {{"identity_id", "6600"}};
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
